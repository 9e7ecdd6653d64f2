//! Whatever a card answers, the issuer neither panics nor calls it personalised.

use proptest::prelude::*;
use sekisho_card::{Disposition, Transaction, Transport, TransportError};
use sekisho_issuer::{Issuer, Personalisation, PinChoice};

use crate::rig::{ca, order, secret};
use sekisho_wire::pin_policy::PinPolicy;

/// Answers with what it was given, over and over.
struct Babbler {
    answers: Vec<Vec<u8>>,
    next: usize,
}

impl Transport for Babbler {
    type Transaction<'card> = &'card mut Babbler;

    fn reader_name(&self) -> &str {
        "babbler"
    }

    fn begin(&mut self) -> Result<&mut Babbler, TransportError> {
        Ok(self)
    }

    fn close(self, _: Disposition) -> Result<(), TransportError> {
        Ok(())
    }
}

impl Transaction for &mut Babbler {
    fn transmit(&mut self, _: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        reply.clear();
        reply.extend_from_slice(&self.answers[self.next % self.answers.len()]);
        self.next += 1;
        Ok(())
    }

    fn end(self, _: Disposition) -> Result<(), TransportError> {
        Ok(())
    }
}

/// Noise, and answers that come close to right ones: a witness, a response, a point that is on no curve.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![
        Just(vec![]),
        any::<[u8; 16]>().prop_map(|witness| [&[0x7C, 0x12, 0x80, 0x10][..], &witness].concat()),
        any::<[u8; 16]>().prop_map(|response| [&[0x7C, 0x12, 0x82, 0x10][..], &response].concat()),
        any::<[u8; 32]>().prop_map(|x| [&[0x7F, 0x49, 0x43, 0x86, 0x41, 0x04][..], &x, &x].concat()),
        proptest::collection::vec(any::<u8>(), 0..80),
    ];
    let tail = prop_oneof![4 => Just([0x90, 0x00]), 1 => Just([0x63, 0xC1]), 1 => any::<[u8; 2]>()];
    (head, tail).prop_map(|(head, tail)| [head, tail.to_vec()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_makes_the_issuer_panic_or_believe(answers in proptest::collection::vec(answer(), 1..10)) {
        let secret = secret();
        let answers = [vec![vec![0x90, 0x00]], answers].concat();
        let Ok(mut issuer) = Issuer::open(Babbler { answers, next: 0 }, &secret) else { return Ok(()) };
        prop_assert!(matches!(issuer.inspect(), Err(_) | Ok(Personalisation::Foreign)), "no proof, no belief");
        prop_assert!(issuer.personalise(order(PinChoice::Random), &ca()).is_err());
        prop_assert!(issuer.update_grant(b"grant").is_err());
        prop_assert!(issuer.dangerous_wipe().is_err());
        let _ = issuer.reset_pin(PinChoice::Random, &PinPolicy::DEFAULT);
        let _ = issuer.set_puk();
    }
}
