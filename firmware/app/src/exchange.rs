//! Long commands come in blocks, long answers leave in pieces (§C4, §C5).

use heapless::{Vec, VecView};
use sekisho_wire::apdu::{CLASS_CHAINING, Command};
use sekisho_wire::status::Status;
use zeroize::Zeroize;

use crate::card::{ANSWER_MAX, COMMAND_MAX};

/// CLA bits of secure messaging (ISO/IEC 7816-4, 5.4.1).
const CLASS_SECURE_MESSAGING: u8 = 0x0C;
/// Room that a status word takes at the end of every answer.
const STATUS_LENGTH: usize = 2;

/// Blocks that have come, and pieces that have not yet left.
#[derive(Default)]
pub(crate) struct Exchange {
    /// INS, P1, P2 of the chain that is under way.
    chain: Option<(u8, u8, u8)>,
    inbox: Vec<u8, COMMAND_MAX>,
    outbox: Vec<u8, ANSWER_MAX>,
    /// How much of the outbox has left.
    sent: usize,
}

impl core::fmt::Debug for Exchange {
    /// Lengths, never bytes: PINs pass through here.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Exchange(in={} out={} sent={})", self.inbox.len(), self.outbox.len(), self.sent)
    }
}

/// What a block made of the command.
pub(crate) enum Incoming<'a> {
    /// More blocks follow.
    Partial,
    /// The whole command, and where its answer goes.
    Complete { command: Command<'a>, answer: &'a mut VecView<u8> },
}

impl Exchange {
    /// Takes one block. A header that does not continue the chain ends it without effect.
    pub(crate) fn collect<'a>(&'a mut self, block: Command<'a>) -> Result<Incoming<'a>, Status> {
        self.forget_answer();
        check_class(block.class).inspect_err(|_| self.forget_chain())?;
        let header = (block.instruction, block.p1, block.p2);
        if self.chain.is_some_and(|chain| chain != header) {
            self.forget_chain();
        }
        if self.chain.is_none() && !block.is_chained() {
            return Ok(Incoming::Complete { command: block, answer: &mut self.outbox });
        }
        if self.inbox.extend_from_slice(block.data).is_err() {
            self.forget_chain();
            return Err(Status::NOT_ENOUGH_MEMORY);
        }
        if block.is_chained() {
            self.chain = Some(header);
            return Ok(Incoming::Partial);
        }
        self.chain = None;
        Ok(Incoming::Complete { command: block.with_data(&self.inbox), answer: &mut self.outbox })
    }

    /// The command was carried out: its data is wiped, its answer begins to leave.
    pub(crate) fn finish(&mut self, outcome: Result<(), Status>, accepted: usize, reply: &mut VecView<u8>) -> Status {
        self.forget_chain();
        match outcome {
            Ok(()) => self.deliver(accepted, reply),
            Err(status) => {
                self.forget_answer();
                status
            }
        }
    }

    /// GET RESPONSE. A chain that is under way ends with it, as with any other header.
    pub(crate) fn deliver_rest(&mut self, command: Command<'_>, reply: &mut VecView<u8>) -> Status {
        self.forget_chain();
        if let Err(status) = check_class(command.class) {
            self.forget_answer();
            return status;
        }
        if self.sent >= self.outbox.len() {
            return Status::CONDITIONS_NOT_SATISFIED;
        }
        self.deliver(command.accepted_length(), reply)
    }

    /// Never more than Le: clients have been overrun by cards that knew better.
    fn deliver(&mut self, accepted: usize, reply: &mut VecView<u8>) -> Status {
        let room = reply.capacity().saturating_sub(STATUS_LENGTH);
        let waiting = self.outbox.get(self.sent..).unwrap_or_default();
        let length = waiting.len().min(accepted).min(room);
        let (piece, rest) = waiting.split_at_checked(length).unwrap_or_default();
        if reply.extend_from_slice(piece).is_err() {
            return Status::NO_PRECISE_DIAGNOSIS;
        }
        if rest.is_empty() {
            self.forget_answer();
            return Status::OK;
        }
        let status = Status::more(u8::try_from(rest.len()).ok());
        self.sent = self.sent.saturating_add(length);
        status
    }

    /// Nothing is under way any more.
    pub(crate) fn forget(&mut self) {
        self.forget_chain();
        self.forget_answer();
    }

    fn forget_chain(&mut self) {
        self.chain = None;
        self.inbox.as_mut_slice().zeroize();
        self.inbox.clear();
    }

    fn forget_answer(&mut self) {
        self.sent = 0;
        self.outbox.as_mut_slice().zeroize();
        self.outbox.clear();
    }
}

/// The card knows the inter-industry class, channel 0, without secure messaging.
fn check_class(class: u8) -> Result<(), Status> {
    match class & !CLASS_CHAINING {
        0 => Ok(()),
        other if other & !CLASS_SECURE_MESSAGING == 0 => Err(Status::SECURE_MESSAGING_UNSUPPORTED),
        _ => Err(Status::CLASS_NOT_SUPPORTED),
    }
}
