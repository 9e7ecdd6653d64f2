//! A card reader with a keypad: the story's end of a serial line on which the real pcscd, with libccid's serial driver, has a GemPC PinPad
//! (CCID 1.1 in frames of its own). Behind it lies one of our cards, in front of it stands a person.
//!
//! Each command is echoed before it is answered, as this reader does; one long escape as an empty frame, because libccid 1.5.2 loses step
//! otherwise.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use sekisho_card::{Disposition, Transaction as _, Transport as _};

use crate::bare_reader::{BareCard, BareReader};
use crate::virtual_card::VirtualCard;
use crate::wait;

/// The answer to reset of a card that speaks T=0: this reader passes commands on as they are.
const ATR: &[u8] = b"\x3B\x07sekisho";
/// Messages to the reader (CCID 6.1).
const SET_PARAMETERS: u8 = 0x61;
const POWER_ON: u8 = 0x62;
const POWER_OFF: u8 = 0x63;
const SLOT_STATUS: u8 = 0x65;
const SECURE: u8 = 0x69;
const ESCAPE: u8 = 0x6B;
const GET_PARAMETERS: u8 = 0x6C;
const RESET_PARAMETERS: u8 = 0x6D;
const TRANSMIT: u8 = 0x6F;
/// Messages from it (CCID 6.2).
const DATA: u8 = 0x80;
const STATUS: u8 = 0x81;
const PARAMETERS: u8 = 0x82;
const ESCAPED: u8 = 0x83;
/// Why it did not do it (CCID 6.2.6).
const MUTE: u8 = 0xFE;
const CANCELLED: u8 = 0xEF;
const TIMED_OUT: u8 = 0xF0;
const NOT_SUPPORTED: u8 = 0x00;
/// The header of a message.
const HEADER: usize = 10;
/// Longer escapes than this are echoed empty.
const ECHOED: usize = 60;
/// Where the template of a command begins in the question for a PIN, and for a change: header, operation, then PC/SC part 10 without its second
/// timeout and length.
const VERIFY_TEMPLATE: usize = HEADER + 15;
const MODIFY_TEMPLATE: usize = HEADER + 20;

/// What the person in front of it does when she is asked for a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Types this; for a change the present PIN, the new one, and that once more.
    Types(Vec<String>),
    /// Presses the key to cancel.
    Cancels,
    /// Looks on until the reader has waited long enough.
    Waits,
}

/// What the reader was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How many seconds it waits.
    pub seconds: u8,
    /// The fewest digits, and the most.
    pub digits: (u8, u8),
    /// The command that the PIN goes into.
    pub template: Vec<u8>,
}

#[derive(Default)]
struct State {
    card: Option<BareCard>,
    powered: bool,
    /// How often the host has seen it empty since this was last set to 0.
    seen_empty: u32,
    defect: bool,
    mute: bool,
    asked: Option<Asked>,
    moves: VecDeque<Move>,
    /// Every byte that came from the host, and every one that went to it.
    heard: Vec<u8>,
    told: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reader.
pub struct PinPadReader {
    device: PathBuf,
    slot: BareReader,
    shared: Arc<Shared>,
    /// Open, so that the line does not break while pcscd is away.
    _line: OwnedFd,
}

impl PinPadReader {
    /// One on a line of its own.
    ///
    /// # Panics
    /// When the kernel gives no pseudo-terminal.
    #[must_use]
    pub fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).expect("a pseudo-terminal of ours");
        unlockpt(&master).expect("a pseudo-terminal of ours");
        let device = ptsname(&master, Vec::new()).expect("it has a name").into_string().expect("an ASCII name");
        // The story gets no terminal of its own by it.
        let line = open(&device, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("the line");
        let mut raw = tcgetattr(&line).expect("a terminal");
        raw.make_raw();
        tcsetattr(&line, OptionalActions::Now, &raw).expect("a terminal");
        let shared = Arc::new(Shared::default());
        let served = Arc::clone(&shared);
        // It ends with this process: nobody hangs a line up that we hold open ourselves.
        std::thread::spawn(move || serve(File::from(master), &served));
        Self { device: device.into(), slot: BareReader::listen(), shared, _line: line }
    }

    /// The host's end of the line.
    #[must_use]
    pub fn device(&self) -> &Path {
        &self.device
    }

    /// Puts a card in, once pcscd has seen that none is in: it looks every 0.4 s, and a card that is exchanged in between is to it the one before,
    /// and gone.
    pub fn insert(&self, card: &mut VirtualCard) {
        // Who ends a transaction looks, too, and tells the thread that watches nothing of it.
        self.shared.lock().seen_empty = 0;
        wait::until("pcscd to see an empty reader", || (self.shared.lock().seen_empty >= 3).then_some(()));
        card.join(&self.slot.address());
        self.shared.lock().card = Some(self.slot.card());
    }

    /// Pulls it out, whatever is going on.
    pub fn pull(&self, card: &mut VirtualCard) {
        // A card that only lost its reader would look for it again.
        card.pull();
        let mut state = self.shared.lock();
        (state.card, state.powered) = (None, false);
        self.shared.changed.notify_all();
    }

    /// From now on what is put in does not answer when it gets power, as a card that is upside down, or does again.
    pub fn be_mute(&self, mute: bool) {
        self.shared.lock().mute = mute;
    }

    /// From now on it refuses to ask for a PIN, or does again.
    pub fn be_defective(&self, defect: bool) {
        self.shared.lock().defect = defect;
    }

    /// Waits until it asks for a PIN; says how it was asked to.
    #[must_use]
    pub fn wait_asked(&self) -> Asked {
        wait::until("the reader to be asked for a PIN", || self.shared.lock().asked.clone())
    }

    /// Whether it asks for a PIN now.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.shared.lock().asked.is_some()
    }

    /// The person does this, now or as soon as she is asked.
    pub fn person(&self, does: Move) {
        self.shared.lock().moves.push_back(does);
        self.shared.changed.notify_all();
    }

    /// The person types a PIN.
    pub fn types(&self, pin: &str) {
        self.person(Move::Types(vec![pin.to_owned()]));
    }

    /// Every byte that went over the line so far, to the reader and from it.
    #[must_use]
    pub fn traffic(&self) -> [Vec<u8>; 2] {
        let state = self.shared.lock();
        [state.heard.clone(), state.told.clone()]
    }
}

impl Default for PinPadReader {
    fn default() -> Self {
        Self::new()
    }
}

fn serve(mut line: File, shared: &Shared) {
    let mut pending = Vec::new();
    let mut read = [0; 4096];
    while let Ok(length) = line.read(&mut read) {
        let came = &read[..length];
        shared.lock().heard.extend(came);
        pending.extend(came);
        while let Some(message) = next_message(&mut pending) {
            let echo = if message[0] == ESCAPE && message.len() > ECHOED {
                [&[ESCAPE, 0, 0, 0, 0], &message[5..HEADER]].concat()
            } else {
                message.clone()
            };
            let _ = line.write_all(&frame(&echo));
            let answer = frame(&answer(&message, shared));
            shared.lock().told.extend(&answer);
            let _ = line.write_all(&answer);
        }
    }
}

/// Takes a whole frame off the line: 03 06, the message, and the exclusive or of all.
fn next_message(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    while pending.first().is_some_and(|byte| *byte != 0x03) {
        pending.remove(0);
    }
    let length = pending.get(3..7)?.try_into().map(u32::from_le_bytes).expect("four bytes");
    let end = 2 + HEADER + length as usize;
    let _check = pending.get(end)?;
    let frame: Vec<u8> = pending.drain(..=end).collect();
    Some(frame[2..end].to_vec())
}

fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = [&[0x03, 0x06], message].concat();
    frame.push(frame.iter().fold(0, |check, byte| check ^ byte));
    frame
}

/// What the reader does with a message.
fn answer(message: &[u8], shared: &Shared) -> Vec<u8> {
    let (slot, seq, data) = (message[5], message[6], &message[HEADER..]);
    let (kind, done) = match message[0] {
        POWER_ON => (DATA, power_on(shared)),
        POWER_OFF => {
            shared.lock().powered = false;
            (STATUS, Ok(Vec::new()))
        }
        SLOT_STATUS => {
            let mut state = shared.lock();
            state.seen_empty += u32::from(state.card.is_none());
            (STATUS, Ok(Vec::new()))
        }
        TRANSMIT => (DATA, transmit(&mut shared.lock(), data)),
        SECURE => (DATA, secure(message, shared)),
        // The protocol is T=0, whatever is asked for.
        SET_PARAMETERS | GET_PARAMETERS | RESET_PARAMETERS => (PARAMETERS, Ok(vec![0x11, 0, 0, 10, 0])),
        ESCAPE if data == [2] => (ESCAPED, Ok(b"GemTwin-V2.00-sekisho".to_vec())),
        ESCAPE => (ESCAPED, Ok(Vec::new())),
        _ => (STATUS, Err(NOT_SUPPORTED)),
    };
    let state = shared.lock();
    let present = match (&state.card, state.powered) {
        (None, _) => 2,
        (Some(_), false) => 1,
        (Some(_), true) => 0,
    };
    let (data, failed, why) = match done {
        Ok(data) => (data, 0, 0),
        Err(why) => (Vec::new(), 0x40, why),
    };
    let length = u32::try_from(data.len()).expect("an answer is short").to_le_bytes();
    [&[kind], &length[..], &[slot, seq, present | failed, why, 0], &data].concat()
}

fn power_on(shared: &Shared) -> Result<Vec<u8>, u8> {
    let mut state = shared.lock();
    if state.mute {
        return Err(MUTE);
    }
    let card = state.card.as_mut().ok_or(MUTE)?;
    card.begin().and_then(|card| card.end(Disposition::Reset)).map_err(|_| MUTE)?;
    state.powered = true;
    Ok(ATR.to_vec())
}

fn transmit(state: &mut State, command: &[u8]) -> Result<Vec<u8>, u8> {
    state.card.as_mut().ok_or(MUTE)?.transmit(command).map_err(|_| MUTE)
}

/// Asks the person, puts what she types into the command, and gives it to the card.
fn secure(message: &[u8], shared: &Shared) -> Result<Vec<u8>, u8> {
    let mut state = shared.lock();
    if state.defect {
        return Err(NOT_SUPPORTED);
    }
    let changes = message[HEADER] == 1;
    // Behind operation, time, format, block and length, a change has two bytes for where the PINs go.
    let digits = HEADER + if changes { 7 } else { 5 };
    let template = message[if changes { MODIFY_TEMPLATE } else { VERIFY_TEMPLATE }..].to_vec();
    let asked = Asked { seconds: message[HEADER + 1], digits: (message[digits + 1], message[digits]), template };
    state.asked = Some(asked.clone());
    shared.changed.notify_all();
    let waits = |state: &mut State| state.moves.is_empty() && state.card.is_some();
    let mut state = shared.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
    state.asked = None;
    match state.moves.pop_front() {
        _ if state.card.is_none() => Err(MUTE),
        None | Some(Move::Waits) => Err(TIMED_OUT),
        Some(Move::Cancels) => Err(CANCELLED),
        Some(Move::Types(pins)) => match typed(&asked, &pins, changes) {
            Ok(command) => transmit(&mut state, &command),
            Err(said) => Ok(said.to_vec()),
        },
    }
}

/// The command with the PINs in it, or what the reader says instead (PC/SC part 10, 2.5.2.3).
fn typed(asked: &Asked, pins: &[String], changes: bool) -> Result<Vec<u8>, [u8; 2]> {
    let (least, most) = (usize::from(asked.digits.0), usize::from(asked.digits.1));
    if pins.iter().any(|pin| !(least..=most).contains(&pin.len())) {
        return Err([0x64, 0x03]);
    }
    if changes && pins[1] != pins[2] {
        return Err([0x64, 0x02]);
    }
    let mut command = asked.template.clone();
    for (pin, field) in pins.iter().zip(command[5..].chunks_mut(8)) {
        field[..pin.len()].copy_from_slice(pin.as_bytes());
    }
    Ok(command)
}
