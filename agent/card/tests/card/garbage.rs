//! Whatever a card answers, the host neither panics nor loops, sends no PIN twice, and believes no signature by chance.

use proptest::prelude::*;
use sekisho_card::{Disposition, Lengths, OperatorCard, Transaction, Transport, TransportError};
use sekisho_wire::piv::Slot;
use sekisho_wire::secret::Pin;

use crate::script::unhex;

/// Answers with what it was given, over and over.
struct Babbler {
    answers: Vec<Vec<u8>>,
    next: usize,
    verifies: usize,
}

impl Transport for Babbler {
    type Transaction<'card> = &'card mut Babbler;

    fn reader_name(&self) -> &str {
        "babbler"
    }

    fn lengths(&self) -> Lengths {
        if self.answers.len().is_multiple_of(2) { Lengths::Short } else { Lengths::Extended }
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
        self.verifies += usize::from(command.starts_with(&[0x00, 0x20, 0x00, 0x80, 0x08]));
        reply.clear();
        if let Some(answer) = self.answers.get(self.next % self.answers.len().max(1)) {
            reply.extend_from_slice(answer);
        }
        self.next += 1;
        Ok(())
    }

    fn end(self, _: Disposition) -> Result<(), TransportError> {
        Ok(())
    }
}

/// Half noise, half answers that come close to right ones.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let tail = prop_oneof![
        Just(vec![0x90, 0x00]),
        Just(vec![0x61, 0x00]),
        Just(vec![0x63, 0xC2]),
        any::<u8>().prop_map(|low| vec![0x6C, low]),
        proptest::collection::vec(any::<u8>(), 0..3),
    ];
    let chuid = unhex("531C34100102030405060708090A0B0C0D0E0F1035083230333030333331");
    let head = prop_oneof![
        Just(vec![]),
        Just(chuid),
        Just(unhex("7C0A82083006020101020102")),
        Just(unhex("53057003AABBCC")),
        proptest::collection::vec(any::<u8>(), 0..300),
        proptest::collection::vec(prop_oneof![Just(0x53), Just(0x82), Just(0x7C), Just(0xFF), Just(0x02)], 0..20),
    ];
    (head, tail).prop_map(|(head, tail)| [head, tail].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_makes_the_host_panic_or_send_a_pin_twice(answers in proptest::collection::vec(answer(), 0..12)) {
        let opening = [vec![0x90, 0x00], unhex("531C34100102030405060708090A0B0C0D0E0F10350832303330303333319000")];
        for known in [&opening[..], &[]] {
            let answers = [known, &answers].concat();
            let Ok(mut card) = OperatorCard::open(Babbler { answers, next: 0, verifies: 0 }) else { continue };
            let pin = Pin::parse(b"493716").unwrap();
            let _ = card.tries_left();
            let _ = card.login(&pin, &[1; 32]);
            prop_assert!(card.transport().verifies <= 1);
            let _ = card.sign_act(&pin, &[1; 32]);
            prop_assert!(card.transport().verifies <= 2);
            let _ = card.prove_presence(&[1; 32]);
            let _ = card.read_certificate(Slot::Authentication);
            let _ = card.read_grant();
            let _ = card.reset();
        }
    }
}
