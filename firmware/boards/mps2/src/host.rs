//! What the host lends to the board through semihosting: files, and the end.

#![allow(unsafe_code, reason = "semihosting calls take the addresses of their arguments")]

use core::ffi::CStr;

use cortex_m_semihosting::{debug, nr, syscall};
use sekisho_card_app::platform::RandomFailed;

/// Semihosting's "read and write, binary" (Arm semihosting specification, SYS_OPEN).
const READ_WRITE: usize = 3;
/// "Read, binary".
const READ: usize = 1;

/// An open file of the host.
#[derive(Debug)]
pub(crate) struct HostFile(usize);

impl HostFile {
    fn open(name: &CStr, mode: usize) -> Option<Self> {
        // SAFETY: SYS_OPEN reads the name, which is as long as said and ends in zero.
        let handle = unsafe { syscall!(OPEN, name.as_ptr(), mode, name.count_bytes()) };
        (handle != usize::MAX).then_some(Self(handle))
    }

    /// Fills `out` from where the file stands.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Option<()> {
        // SAFETY: SYS_READ writes at most `out.len()` bytes to `out`, which is borrowed mutably until it returns.
        let left = unsafe { syscall!(READ, self.0, out.as_mut_ptr(), out.len()) };
        (left == 0).then_some(())
    }

    /// Writes at a place of the file. When this returns, the file has it whatever becomes of the board.
    pub(crate) fn write_at(&mut self, at: usize, bytes: &[u8]) -> Option<()> {
        // SAFETY: SYS_SEEK takes two numbers.
        let sought = unsafe { syscall!(SEEK, self.0, at) };
        if sought != 0 {
            return None;
        }
        // SAFETY: SYS_WRITE reads `bytes.len()` bytes from `bytes`.
        let left = unsafe { syscall!(WRITE, self.0, bytes.as_ptr(), bytes.len()) };
        (left == 0).then_some(())
    }
}

/// The file that the command line names: its last word.
pub(crate) fn named_file() -> Option<HostFile> {
    let mut line = [0u8; 256];
    let mut block = [line.as_mut_ptr() as usize, line.len() - 1];
    // SAFETY: SYS_GET_CMDLINE writes at most as many bytes as the block says to where it says, and the length back into the block.
    let failed = unsafe { cortex_m_semihosting::syscall1(nr::GET_CMDLINE, block.as_mut_ptr() as usize) };
    if failed != 0 {
        return None;
    }
    let line = CStr::from_bytes_until_nul(&line).ok()?.to_bytes_with_nul();
    let start = line.iter().rposition(|byte| *byte == b' ')? + 1;
    HostFile::open(CStr::from_bytes_with_nul(line.get(start..)?).ok()?, READ_WRITE)
}

/// The host's random numbers.
#[derive(Debug)]
pub(crate) struct HostRandom(HostFile);

impl HostRandom {
    pub(crate) fn open() -> Option<Self> {
        HostFile::open(c"/dev/urandom", READ).map(Self)
    }

    pub(crate) fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        self.0.read(out).ok_or(RandomFailed)
    }
}

/// Says why on the host's console, and ends QEMU.
pub fn stop(why: &str) -> ! {
    print(format_args!("sekisho-mps2: {why}"));
    end(debug::EXIT_FAILURE)
}

/// Ends QEMU: all went well.
pub fn finish() -> ! {
    end(debug::EXIT_SUCCESS)
}

fn end(status: debug::ExitStatus) -> ! {
    debug::exit(status);
    loop {
        cortex_m::asm::wfi();
    }
}

/// A line on the host's console.
pub fn print(line: core::fmt::Arguments<'_>) {
    cortex_m_semihosting::hprintln!("{}", line);
}
