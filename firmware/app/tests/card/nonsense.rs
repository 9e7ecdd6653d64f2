//! Bytes that nobody would send: small and the same each time. `tests/fuzz` goes on where this ends.

use sekisho_card_app::Platform;
use sekisho_wire::apdu::{Answer, Command};
use sekisho_wire::piv::Instruction;

use crate::powered::Powered;
use crate::session::Session;

/// How many commands one card hears.
const COMMANDS: usize = 20_000;
/// What makes a header look as if it meant something.
const PARAMETERS: [u8; 10] = [0x00, 0x04, 0x0C, 0x11, 0x3F, 0x80, 0x81, 0x9A, 0x9B, 0xFF];

#[test]
fn no_bytes_make_the_card_panic_answer_too_much_or_open() {
    let mut dice = Powered::erased();
    let mut roll = move |out: &mut [u8]| dice.random(out).unwrap();
    let mut card = Session::blank();
    for _ in 0..COMMANDS {
        let mut bytes = vec![0; 64];
        roll(&mut bytes);
        let mut length = [0; 4];
        roll(&mut length);
        bytes.truncate(usize::from(length[0] % 64));
        if let [class, instruction, p1, p2, lc, tag, ..] = bytes.as_mut_slice() {
            *class &= 0x10;
            *instruction = Instruction::ALL[usize::from(*instruction) % Instruction::ALL.len()].byte();
            *p1 = PARAMETERS[usize::from(*p1) % PARAMETERS.len()];
            *p2 = PARAMETERS[usize::from(*p2) % PARAMETERS.len()];
            *tag = [0x5C, 0x7C, 0xAC, *tag][usize::from(length[1] % 4)];
            *lc = (length[0] % 64).saturating_sub(5 + length[2] % 2);
        }
        let mut reply = heapless::Vec::<u8, 40>::new();
        card.0.handle(&bytes, &mut reply);
        let answer = Answer::parse(&reply).unwrap();
        if let Ok(command) = Command::parse(&bytes) {
            assert!(answer.data.len() <= command.accepted_length());
        }
    }
    assert!(!card.is_managed());
}
