//! The card on a chip that QEMU plays: the board `mps2`, whose UART is a socket of ours and whose flash is the card's file.
//!
//! QEMU is started when the card goes in and ended when it is pulled: that is its power. QEMU that somebody kills is a card whose
//! power was cut; it falls out of the reader, and goes in again.

use std::fmt;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::apdu_log::ApduLog;
use crate::contacts::{Contacts, Power};
use crate::frame::{self, GET_ATR};
use crate::memory::{Memory, MemoryError};

/// The machine that stands for the board: a Cortex-M4, which runs what is for a Cortex-M3, too.
const MACHINE: &str = "mps2-an386";
/// How long QEMU may take to start, and the chip to answer one command.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// A card that is a program for a chip.
pub struct Chip {
    image: PathBuf,
    state: PathBuf,
    log: ApduLog,
    powered: Option<Powered>,
    /// Held for its lock: nobody else may use the flash.
    _state: Memory,
}

struct Powered {
    qemu: Child,
    uart: TcpStream,
}

impl Powered {
    fn say(&mut self, content: &[u8]) -> io::Result<()> {
        frame::send(&mut self.uart, content)
    }

    fn ask(&mut self, content: &[u8]) -> io::Result<Vec<u8>> {
        self.say(content)?;
        frame::receive(&mut self.uart)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Drop for Powered {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

impl fmt::Debug for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chip({})", self.image.display())
    }
}

impl Chip {
    /// The chip that runs this image on this flash.
    ///
    /// # Errors
    /// When the flash cannot be used.
    pub fn new(image: &Path, state: &Path, log: ApduLog) -> Result<Self, MemoryError> {
        let lock = Memory::open(state)?;
        Ok(Self { image: image.to_owned(), state: state.to_owned(), log, powered: None, _state: lock })
    }

    fn start(&mut self) -> io::Result<Powered> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let mut arguments = std::ffi::OsString::from("enable=on,target=native,arg=sekisho,arg=");
        arguments.push(&self.state);
        // setpriv ends QEMU with this process, however this process ends: the power must not outlive the reader.
        let mut qemu = Command::new("setpriv")
            .args([
                "--pdeathsig",
                "KILL",
                "--",
                "qemu-system-arm",
                "-M",
                MACHINE,
                "-display",
                "none",
                "-monitor",
                "none",
            ])
            .arg("-semihosting-config")
            .arg(arguments)
            .arg("-chardev")
            .arg(format!("socket,id=uart0,host=127.0.0.1,port={port},nodelay=on"))
            .args(["-serial", "chardev:uart0", "-kernel"])
            .arg(&self.image)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        match accept(&listener, &mut qemu) {
            Ok(uart) => {
                self.log.event(&format!("chip started, process {}", qemu.id()));
                Ok(Powered { qemu, uart })
            }
            Err(error) => {
                drop(qemu.kill());
                drop(qemu.wait());
                Err(error)
            }
        }
    }

    fn powered(&mut self) -> io::Result<&mut Powered> {
        self.powered.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

fn accept(listener: &TcpListener, qemu: &mut Child) -> io::Result<TcpStream> {
    let started = now();
    loop {
        match listener.accept() {
            Ok((uart, _)) => {
                uart.set_nonblocking(false)?;
                uart.set_nodelay(true)?;
                uart.set_read_timeout(Some(PATIENCE))?;
                return Ok(uart);
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(_) => {}
        }
        if let Some(status) = qemu.try_wait()? {
            return Err(io::Error::other(format!("qemu-system-arm ended: {status}")));
        }
        if started.elapsed() > PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(LOOK);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator stands for a thing that has no clock; this one is for its own patience"
)]
fn now() -> Instant {
    Instant::now()
}

impl Contacts for Chip {
    fn insert(&mut self) -> io::Result<()> {
        if self.powered.is_none() {
            self.powered = Some(self.start()?);
        }
        Ok(())
    }

    fn pull(&mut self) {
        self.powered = None;
        self.log.event("power off");
    }

    fn power(&mut self, power: Power) -> io::Result<()> {
        self.log.event(match power {
            Power::Off => "power off",
            Power::On => "power on",
            Power::Reset => "reset",
        });
        self.powered()?.say(&[power.code()])
    }

    fn answer_to_reset(&mut self) -> io::Result<Vec<u8>> {
        self.powered()?.ask(&[GET_ATR])
    }

    fn transmit(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        let answer = self.powered()?.ask(command)?;
        self.log.exchange(command, &answer);
        Ok(answer)
    }
}
