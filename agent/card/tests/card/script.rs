//! A card that follows a script: one line per APDU, `command -> answer`, both in hexadecimal.
//!
//! `!removed` and `!fault` stand for a transport that fails instead; `*` for a command that is not looked at. `pad question -> answer` is what a
//! reader with a keypad is asked: control code and data.

use std::cell::RefCell;
use std::rc::Rc;

use sekisho_card::{Cause, Disposition, Doing, Lengths, PinPad, Sharing, Transaction, Transport, TransportError};

/// SELECT and GET DATA of the CHUID of card 0102…10.
pub(crate) const OPENING: &str = "
    00A4040009A0000003080000100000 -> 9000
    00CB3FFF055C035FC10200 -> 531C34100102030405060708090A0B0C0D0E0F10350832303330303333319000";

#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    /// Every command that reached the card.
    pub(crate) sent: Vec<String>,
    /// How each transaction ended; dropping one counts as leaving.
    pub(crate) ends: Vec<Disposition>,
}

pub(crate) struct Script {
    lines: std::vec::IntoIter<(String, String)>,
    tape: Rc<RefCell<Tape>>,
    lengths: Lengths,
    sharing: Sharing,
    pad: Option<PinPad>,
}

impl Script {
    pub(crate) fn new(parts: &[&str]) -> Self {
        let lines: Vec<_> = parts
            .iter()
            .flat_map(|part| part.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| line.split_once("->").expect("a line is 'command -> answer'"))
            .map(|(command, answer)| (command.trim().to_owned(), answer.trim().to_owned()))
            .collect();
        let (lengths, sharing) = (Lengths::Short, Sharing::Exclusive);
        Self { lines: lines.into_iter(), tape: Rc::default(), lengths, sharing, pad: None }
    }

    pub(crate) fn extended(mut self) -> Self {
        self.lengths = Lengths::Extended;
        self
    }

    pub(crate) fn shared(mut self) -> Self {
        self.sharing = Sharing::Shared;
        self
    }

    pub(crate) fn with_features(mut self, features: &[u8]) -> Self {
        self.pad = PinPad::of_features(features);
        self
    }

    pub(crate) fn tape(&self) -> Rc<RefCell<Tape>> {
        Rc::clone(&self.tape)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.lines.next(), None, "the script was not played to its end");
        }
    }
}

pub(crate) struct Scene<'card>(&'card mut Script);

impl Transport for Script {
    type Transaction<'card> = Scene<'card>;

    fn reader_name(&self) -> &str {
        "script"
    }

    fn sharing(&self) -> Sharing {
        self.sharing
    }

    fn lengths(&self) -> Lengths {
        self.lengths
    }

    fn pin_pad(&self) -> Result<Option<PinPad>, Cause> {
        Ok(self.pad)
    }

    fn begin(&mut self) -> Result<Scene<'_>, TransportError> {
        Ok(Scene(self))
    }

    fn close(self, _: Disposition) -> Result<(), TransportError> {
        Ok(())
    }
}

impl Transaction for Scene<'_> {
    fn transmit(&mut self, command: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        self.answer(Doing::Transmit, hex(command), reply)
    }

    fn ask_reader(&mut self, code: u32, question: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        self.answer(Doing::AskReader, format!("pad {code:08X} {}", hex(question)), reply)
    }

    fn end(self, disposition: Disposition) -> Result<(), TransportError> {
        self.0.tape.borrow_mut().ends.push(disposition);
        Ok(())
    }
}

impl Scene<'_> {
    fn answer(&mut self, doing: Doing, sent: String, reply: &mut Vec<u8>) -> Result<(), TransportError> {
        self.0.tape.borrow_mut().sent.push(sent.clone());
        let (expected, answer) = self.0.lines.next().unwrap_or_else(|| panic!("nobody expected {sent}"));
        assert!(expected == "*" || expected == sent, "expected {expected}, got {sent}");
        reply.clear();
        match answer.as_str() {
            "!removed" => Err(TransportError::new(doing, "script", Cause::CardRemoved)),
            "!fault" => Err(TransportError::new(doing, "script", Cause::ReaderFault)),
            answer => {
                reply.extend(unhex(answer));
                Ok(())
            }
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal")).collect()
}
