//! The host's side of the card before a card that answers anything.

use std::cell::Cell;

use sekisho_card::{Disposition, Lengths, OperatorCard, Transaction, Transport, TransportError};
use sekisho_wire::piv::Slot;
use sekisho_wire::secret::Pin;

use crate::script::Script;

/// More APDUs than any one question may take: two long objects in pieces.
const PATIENCE: usize = 600;
/// How many questions one card is asked.
const QUESTIONS: usize = 16;

/// A card that reads its answers from the input, and says only "yes" when that ends.
struct Babbler {
    answers: Vec<u8>,
    lengths: Lengths,
    /// APDUs since the last question.
    apdus: Cell<usize>,
    /// Those of them that carry a PIN.
    pins: Cell<usize>,
}

impl Babbler {
    fn answer(&mut self) -> Vec<u8> {
        let mut script = Script(&self.answers);
        let answer = match script.byte() {
            Some(0) => [script.piece().unwrap_or_default(), &[0x90, 0x00]].concat(),
            Some(1) => script.piece().unwrap_or_default().to_vec(),
            Some(2) => [&[0x5A; 250][..], script.piece().unwrap_or_default(), &[0x61, 0x00]].concat(),
            Some(tries) => vec![0x63, 0xC0 | (tries & 0x0F)],
            None => vec![0x90, 0x00],
        };
        let read = self.answers.len() - script.0.len();
        self.answers.drain(..read);
        answer
    }
}

impl Transport for Babbler {
    type Transaction<'card> = &'card mut Babbler;

    fn reader_name(&self) -> &str {
        "babbler"
    }

    fn lengths(&self) -> Lengths {
        self.lengths
    }

    fn begin(&mut self) -> Result<&mut Babbler, TransportError> {
        Ok(self)
    }

    fn close(self, _: Disposition) -> Result<(), TransportError> {
        Ok(())
    }
}

impl Transaction for &mut Babbler {
    fn transmit(&mut self, command: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        self.apdus.set(self.apdus.get() + 1);
        assert!(self.apdus.get() <= PATIENCE, "the host goes on asking");
        let carries_a_pin = command.starts_with(&[0x00, 0x20, 0x00, 0x80, 0x08]) || command.starts_with(&[0x00, 0x24]);
        self.pins.set(self.pins.get() + usize::from(carries_a_pin));
        *reply = self.answer();
        Ok(())
    }

    fn end(self, _: Disposition) -> Result<(), TransportError> {
        Ok(())
    }
}

/// Whatever a card answers, the host neither panics nor asks for ever, nor shows a PIN twice, nor one that nobody has typed.
pub fn host(bytes: &[u8]) {
    let mut script = Script(bytes);
    let Some(lengths) = script.one_of(&[Lengths::Short, Lengths::Extended]) else { return };
    let Some(questions) = script.piece() else { return };
    let babbler = Babbler { answers: script.0.to_vec(), lengths, apdus: Cell::new(0), pins: Cell::new(0) };
    let Ok(mut card) = OperatorCard::open(babbler) else { return };
    for question in questions.iter().take(QUESTIONS) {
        card.transport().apdus.set(0);
        card.transport().pins.set(0);
        let typed = ask(&mut card, question % 8);
        assert!(card.transport().pins.get() <= typed, "a PIN was shown more often than typed");
    }
}

/// One question; how many PINs were typed for it.
fn ask(card: &mut OperatorCard<Babbler>, question: u8) -> usize {
    let (pin, new) = (Pin::parse(b"493716").expect("a PIN"), Pin::parse(b"805294").expect("a PIN"));
    match question {
        0 => drop(card.login(&pin, &[1; 32])),
        1 => drop(card.sign_act(&pin, &[1; 32])),
        2 => drop(card.change_pin(&pin, &new)),
        3 => assert!(card.tries_left().unwrap_or(0) <= 15),
        4 => drop(card.prove_presence(&[1; 32])),
        5 => drop(card.read_certificate(Slot::Signature)),
        6 => drop(card.read_grant()),
        _ => drop(card.reset()),
    }
    usize::from(question < 3)
}
