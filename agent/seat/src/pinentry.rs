//! Asks for a PIN through `pinentry` (Assuan, as GnuPG does), and sends it to the agent. What is typed is read byte by byte into a place that
//! is wiped: no buffer keeps it.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use sekisho_ipc::{AgentError, AwaitAnswer, Client, ClientError, PinFrame, PinFrameError, PromptRequest, TypedPin};
use sekisho_wire::words::Language;
use zeroize::{Zeroize, Zeroizing};

use crate::configuration::Pin;
use crate::seat::{Asking, Came, Event, Question};
use crate::words;

/// The longest line of the protocol, without its end (Assuan, "Client requests").
const LINE: usize = 1000;
/// What the card may take, with a PIN that is on its way.
pub(crate) const PROVED: Duration = Duration::from_secs(60);
/// Codes of libgpg-error, whose upper bits name who says it: timeout; cancelled, fully cancelled.
const GIVEN_UP: u32 = 62;
const CANCELLED: [u32; 2] = [99, 114];

/// A question that stands on the screen.
pub(crate) struct Standing {
    child: Arc<Mutex<Child>>,
}

impl Standing {
    /// Takes it away. What comes of it is told all the same.
    pub(crate) fn stop(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // Not reaped, so the number is still its own.
        if matches!(child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        }
    }
}

/// Asks, on a thread of its own.
///
/// # Errors
/// There is no such program.
pub(crate) fn ask(
    pin: &Pin,
    language: Language,
    socket: &Path,
    (asking, question): (Asking, Question),
    events: &Sender<Event>,
) -> io::Result<Standing> {
    let (program, arguments) = pin.program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let ends = (child.stdin.take(), child.stdout.take());
    let child = Arc::new(Mutex::new(child));
    let standing = Standing { child: Arc::clone(&child) };
    let (seconds, socket, events) = (pin.seconds, socket.to_owned(), events.clone());
    std::thread::spawn(move || {
        let typed = match ends {
            (Some(to), Some(from)) => Dialog { to, from }.hold(&question, seconds, language),
            (None, _) | (_, None) => Err(Trouble::Gone),
        };
        // It ends by itself: both its pipes are closed.
        reap(&child);
        let came = match typed.map(|pins| framed(&pins)) {
            Ok(Ok(frames)) => prove(&socket, &question.prompt(), &frames),
            Ok(Err(Unsent::NotAPin(error))) => Came::NotAPin(error),
            Ok(Err(Unsent::Differs)) => Came::Differs,
            Err(Trouble::Cancelled) => Came::Cancelled,
            Err(Trouble::GivenUp | Trouble::Gone) => Came::GivenUp,
            Err(error @ (Trouble::Refused(_) | Trouble::Strange | Trouble::Io(_))) => {
                log::error!("cannot ask for the PIN: {error}");
                Came::Failed
            }
        };
        let _ = events.send(Event::Pin(asking, came));
    });
    Ok(standing)
}

/// Waits for its end, and lets [`Standing::stop`] in meanwhile.
fn reap(child: &Mutex<Child>) {
    while matches!(child.lock().unwrap_or_else(PoisonError::into_inner).try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Why nothing is sent of what was typed.
#[derive(Debug)]
enum Unsent {
    NotAPin(PinFrameError),
    Differs,
}

/// The frames of what was typed: one PIN; or the present one, and a new one that was typed twice. All are framed before any is sent: a new PIN that
/// is none must not cost a try of the present one.
fn framed(pins: &[TypedPin]) -> Result<Vec<PinFrame>, Unsent> {
    let sent = match pins {
        [present, new, again] if new.same_as(again) => vec![present, new],
        [_, _, _] => return Err(Unsent::Differs),
        pins => pins.iter().collect(),
    };
    sent.into_iter().map(TypedPin::frame).collect::<Result<_, _>>().map_err(Unsent::NotAPin)
}

/// The PIN was typed before the prompt opens: the agent is not held while a person thinks. It names the card that she was shown.
fn prove(socket: &Path, request: &PromptRequest, pins: &[PinFrame]) -> Came {
    let attempt = || {
        let mut client = Client::connect(socket)?;
        let prompt = client.prompt(request)?;
        pins.iter().try_for_each(|pin| prompt.send_pin(pin))?;
        client.wait_at_most(&prompt, PROVED)
    };
    came(attempt())
}

/// What the agent made of it.
pub(crate) fn came(attempt: Result<AwaitAnswer, ClientError>) -> Came {
    match attempt {
        Ok(answer) if answer.verdict.granted => Came::Proved,
        Ok(answer) => Came::Refused { verdict: answer.verdict, tries_left: answer.tries_left },
        Err(ClientError::Agent(AgentError::CardProblem { verdict, tries_left })) => {
            Came::Refused { verdict: *verdict, tries_left }
        }
        Err(error) => {
            log::error!("the PIN was not used: {error}");
            Came::Failed
        }
    }
}

/// No PIN was typed.
#[derive(Debug)]
enum Trouble {
    Cancelled,
    GivenUp,
    /// It ended without an answer.
    Gone,
    /// It cannot: no screen, no terminal.
    Refused(u32),
    /// What it says is no Assuan.
    Strange,
    Io(Errno),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the clerk cancelled it"),
            Self::GivenUp => f.write_str("the clerk let it stand"),
            Self::Gone => f.write_str("pinentry ended"),
            Self::Refused(code) => write!(f, "pinentry says ERR {code}; see that it can show itself here"),
            Self::Strange => f.write_str("pinentry says what is no Assuan"),
            Self::Io(errno) => write!(f, "pinentry cannot be read: {errno}"),
        }
    }
}

/// A line that was read, without its end. Wiped on drop: it may hold a PIN.
struct Line {
    bytes: Box<[u8; LINE]>,
    length: usize,
}

impl Line {
    fn text(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

struct Dialog {
    to: ChildStdin,
    from: ChildStdout,
}

impl Dialog {
    fn hold(mut self, question: &Question, seconds: u32, language: Language) -> Result<Vec<TypedPin>, Trouble> {
        self.answer()?;
        let asked = words::of_question(question, language);
        // Its own words, its terminal; and a keyboard that a locker can take.
        for option in options() {
            self.say(&format!("OPTION {option}"))?;
            // Each kind of pinentry knows some.
            let _ = self.answer()?;
        }
        let error = asked.error.map(|error| format!("SETERROR {}", encoded(&error)));
        let texts = [
            format!("SETTIMEOUT {seconds}"),
            format!("SETTITLE {}", encoded(asked.title)),
            format!("SETDESC {}", encoded(&asked.description)),
            format!("SETOK {}", encoded(asked.send)),
            format!("SETCANCEL {}", encoded(asked.cancel)),
        ];
        for text in texts.iter().chain(&error) {
            self.say(text)?;
            let _ = self.answer()?;
        }
        asked.prompts.iter().map(|prompt| self.pin(prompt)).collect()
    }

    fn pin(&mut self, prompt: &str) -> Result<TypedPin, Trouble> {
        self.say(&format!("SETPROMPT {}", encoded(prompt)))?;
        let _ = self.answer()?;
        self.say("GETPIN")?;
        let (pin, code) = self.answer()?;
        match code {
            None => Ok(pin),
            Some(code) if CANCELLED.contains(&(code & 0xFFFF)) => Err(Trouble::Cancelled),
            Some(code) if code & 0xFFFF == GIVEN_UP => Err(Trouble::GivenUp),
            Some(code) => Err(Trouble::Refused(code)),
        }
    }

    fn say(&mut self, line: &str) -> Result<(), Trouble> {
        // One that has ended is heard by its silence.
        writeln!(self.to, "{line}").and_then(|()| self.to.flush()).map_err(|_| Trouble::Gone)
    }

    /// Reads up to the end of an answer: the data, and the code of an error.
    fn answer(&mut self) -> Result<(TypedPin, Option<u32>), Trouble> {
        let mut pin = TypedPin::default();
        loop {
            let line = self.line()?;
            match line.text() {
                [b'D', b' ', data @ ..] => decoded(data, &mut pin)?,
                [b'O', b'K', ..] => return Ok((pin, None)),
                [b'E', b'R', b'R', b' ', rest @ ..] => {
                    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
                    let code =
                        digits.fold(0_u32, |code, digit| code.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
                    return Ok((pin, Some(code)));
                }
                [b'S' | b'#', ..] => {}
                _ => return Err(Trouble::Strange),
            }
        }
    }

    fn line(&mut self) -> Result<Line, Trouble> {
        let mut line = Line { bytes: Box::new([0; LINE]), length: 0 };
        loop {
            let mut byte = Zeroizing::new([0; 1]);
            match rustix::io::read(&self.from, byte.as_mut()) {
                Ok(0) => return Err(Trouble::Gone),
                Ok(_) if *byte == [b'\n'] => return Ok(line),
                Ok(_) => {
                    *line.bytes.get_mut(line.length).ok_or(Trouble::Strange)? = byte[0];
                    line.length += 1;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Trouble::Io(errno)),
            }
        }
    }
}

/// What each kind of pinentry may want to know of the screen; nothing about caches, so that none keeps the PIN.
fn options() -> Vec<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(name)).unwrap_or_else(|| "C.UTF-8".into());
    let terminal = set("GPG_TTY").map(|tty| format!("ttyname={tty}"));
    let kind = set("GPG_TTY").and(set("TERM")).map(|kind| format!("ttytype={kind}"));
    let known = ["no-grab".to_owned(), format!("lc-ctype={locale}"), format!("lc-messages={locale}")];
    known.into_iter().chain(terminal).chain(kind).collect()
}

/// Assuan: `%`, carriage return and newline are written as hexadecimal.
fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn decoded(data: &[u8], pin: &mut TypedPin) -> Result<(), Trouble> {
    let mut rest = data;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).ok_or(Trouble::Strange);
                let value = digit(high)? * 16 + digit(low)?;
                (u8::try_from(value).map_err(|_| Trouble::Strange)?, after)
            }
            (b'%', _) => return Err(Trouble::Strange),
            (byte, after) => (*byte, after),
        };
        pin.push(byte);
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
#[path = "pinentry/tests.rs"]
mod tests;
