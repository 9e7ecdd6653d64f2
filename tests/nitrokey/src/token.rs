//! The token from its contacts: what the firmware's dispatcher does around the application.

use std::io;

use heapless::Vec as Fixed;
use iso7816::{Command, Instruction, Status};
use piv_authenticator::{Authenticator, Options};
use sekisho_simulator::{ApduLog, Contacts, Power};

use crate::device::Client;

/// As long as the firmware's buffers (apdu-dispatch).
const MESSAGE_MAX: usize = 7609;
/// What the token says when it gets power: T=1, "Nitrokey".
const ATR: [u8; 20] = *b"\x3B\x8F\x01\x80\x5D\x4E\x69\x74\x72\x6F\x6B\x65\x79\x00\x00\x00\x00\x00\x6A\x00";

/// A Nitrokey 3 in a reader.
pub(crate) struct Token<'a> {
    piv: Authenticator<Client<'a>>,
    /// Blocks of a chained command, until its last one comes.
    chained: Option<Command<MESSAGE_MAX>>,
    /// What waits to be fetched.
    held: Vec<u8>,
    log: ApduLog,
}

impl<'a> Token<'a> {
    pub(crate) fn new(client: Client<'a>, log: ApduLog) -> Self {
        Self { piv: Authenticator::new(client, Options::new()), chained: None, held: Vec::new(), log }
    }

    /// Has it make what lies on it when it is new.
    pub(crate) fn awake(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let tries = self.answer(&[0x00, 0x20, 0x00, 0x80]);
        if tries == [0x63, 0xC3] { Ok(()) } else { Err(format!("the new token answers {tries:02x?}").into()) }
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let (data, status) = match Command::<MESSAGE_MAX>::try_from(command) {
            Ok(command) => self.whole(command),
            Err(_) => (Vec::new(), Status::WrongLength),
        };
        let status: [u8; 2] = status.into();
        [data, status.to_vec()].concat()
    }

    fn whole(&mut self, command: Command<MESSAGE_MAX>) -> (Vec<u8>, Status) {
        if command.instruction() == Instruction::GetResponse {
            return self.fetch(command.expected());
        }
        let is_last = command.class().chain().last_or_only();
        let (asked, command) = (
            command.expected(),
            match self.chained.take() {
                Some(mut begun) => match begun.extend_from_command(&command) {
                    Ok(()) => begun,
                    Err(_) => return (Vec::new(), Status::NotEnoughMemory),
                },
                None => command,
            },
        );
        if !is_last {
            self.chained = Some(command);
            return (Vec::new(), Status::Success);
        }
        self.held.clear();
        let mut answer = Fixed::<u8, MESSAGE_MAX>::new();
        match self.piv.respond(command.as_view(), &mut answer) {
            Ok(()) => {
                self.held = answer.to_vec();
                self.fetch(asked)
            }
            Err(status) => (Vec::new(), status),
        }
    }

    /// As many bytes as are asked for, and how many are left. A command that asks for none is told that there are some.
    fn fetch(&mut self, asked: usize) -> (Vec<u8>, Status) {
        let piece: Vec<u8> = self.held.drain(..asked.min(self.held.len())).collect();
        let left = u8::try_from(self.held.len()).unwrap_or(u8::MAX);
        let status = if self.held.is_empty() { Status::Success } else { Status::MoreAvailable(left) };
        (piece, status)
    }
}

impl Contacts for Token<'_> {
    fn insert(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn pull(&mut self) {}

    /// The reader is in the token: what it does with the power resets nothing in it. What was verified stays so.
    fn power(&mut self, _: Power) -> io::Result<()> {
        self.chained = None;
        self.held.clear();
        self.piv.deselect();
        Ok(())
    }

    fn answer_to_reset(&mut self) -> io::Result<Vec<u8>> {
        Ok(ATR[..19].to_vec())
    }

    fn transmit(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        let answer = self.answer(command);
        self.log.exchange(command, &answer);
        Ok(answer)
    }
}
