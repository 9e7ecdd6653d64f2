//! A reader with a keypad of its own (PC/SC part 10): the person types there, the reader puts the PIN into the command, and the host hears no
//! more than what the card says to it. Pure: what is asked of the reader, and what its answers mean.

use std::time::Duration;

use sekisho_wire::piv::{Instruction, Reference};
use sekisho_wire::secret::{PIN_MAX, PIN_MIN};
use sekisho_wire::status::Status;

use crate::conversation::Asked;

/// Features of a reader (PC/SC part 10, 2.2): each is a tag, the length 4, and a control code, the first byte the most significant.
const VERIFY_PIN_DIRECT: u8 = 0x06;
const MODIFY_PIN_DIRECT: u8 = 0x07;
/// `bmFormatString` (part 10, 2.5.2): counted in bytes, the PIN begins with the first byte of the data field, from the left, in ASCII.
const FORMAT: u8 = 0x82;
/// `bmPINBlockString`: no length is inserted, the PIN has a field of 8 bytes.
const BLOCK: u8 = 0x08;
/// `bEntryValidationCondition`: the PIN has ended when the person presses the key for it.
const UNTIL_THE_KEY: u8 = 0x02;
/// `bConfirmPIN`: the present PIN first, then the new one twice.
const PRESENT_AND_TWICE: u8 = 0x03;
/// `wLangId`: the reader's own words, where it has a display and knows them, are Japanese (USB language 0411).
const LANGUAGE: [u8; 2] = 0x0411_u16.to_le_bytes();
/// What fills a PIN's field up (SP 800-73-4 part 2, 2.4.3): the reader writes the PIN over its beginning.
const PAD: u8 = 0xFF;
const FIELD: u8 = PIN_MAX as u8;

/// A keypad, and the control codes for what can be done on it: they are the driver's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinPad {
    verify: u32,
    modify: Option<u32>,
}

impl PinPad {
    /// Reads the answer to `CM_IOCTL_GET_FEATURE_REQUEST`. `None` where no PIN can be typed on the reader, or the answer is not one.
    #[must_use]
    pub fn of_features(features: &[u8]) -> Option<Self> {
        let code = |wanted| {
            features.chunks_exact(6).find_map(|feature| match feature {
                [tag, 4, code @ ..] if *tag == wanted => code.try_into().ok().map(u32::from_be_bytes),
                _ => None,
            })
        };
        Some(Self { verify: code(VERIFY_PIN_DIRECT)?, modify: code(MODIFY_PIN_DIRECT) })
    }

    /// What can be done on it.
    #[must_use]
    pub const fn keypad(&self) -> Keypad {
        match self.modify {
            Some(_) => Keypad::VerifiesAndChanges,
            None => Keypad::Verifies,
        }
    }

    /// What lets a PIN be typed and checked. The person has `patience`, rounded down to seconds.
    pub(crate) fn verification(&self, patience: Duration) -> PadQuestion {
        let [longest, shortest] = extra_digits();
        let mut data = vec![seconds(patience), 0, FORMAT, BLOCK, 0, longest, shortest, UNTIL_THE_KEY, 1];
        data.extend(LANGUAGE);
        // bMsgIndex, bTeoPrologue.
        data.extend([0; 4]);
        push_command(&mut data, Instruction::Verify, 1);
        PadQuestion { asked: Asked::VerifyOnPad, code: self.verify, data }
    }

    /// What lets the PIN be changed; `None` where the keypad cannot.
    pub(crate) fn change(&self, patience: Duration) -> Option<PadQuestion> {
        let code = self.modify?;
        let [longest, shortest] = extra_digits();
        let mut data = vec![seconds(patience), 0, FORMAT, BLOCK, 0];
        // Where the present and the new PIN begin in the data field.
        data.extend([0, FIELD]);
        data.extend([longest, shortest, PRESENT_AND_TWICE, UNTIL_THE_KEY, 3]);
        data.extend(LANGUAGE);
        // bMsgIndex1 to 3: present PIN, new PIN, once more; bTeoPrologue.
        data.extend([0, 1, 2, 0, 0, 0]);
        push_command(&mut data, Instruction::ChangeReferenceData, 2);
        Some(PadQuestion { asked: Asked::ChangeOnPad, code, data })
    }
}

/// What is asked of the reader. There is no PIN in it: the reader puts one in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PadQuestion {
    pub(crate) asked: Asked,
    pub(crate) code: u32,
    pub(crate) data: Vec<u8>,
}

/// `wPINMaxExtraDigit`, as its bytes lie: the longest PIN, then the shortest. Those of PIV, not the office's: a PIN that was chosen under other
/// rules can be typed, and changed; the card itself keeps the office's rules for new ones (CARD.md §C23).
const fn extra_digits() -> [u8; 2] {
    [PIN_MAX as u8, PIN_MIN as u8]
}

/// `bTimerOut`: 0 would be the reader's own default.
fn seconds(patience: Duration) -> u8 {
    u8::try_from(patience.as_secs()).unwrap_or(u8::MAX).max(1)
}

/// `ulDataLength` and `abData`: the command with so many empty fields for a PIN.
fn push_command(data: &mut Vec<u8>, instruction: Instruction, fields: u8) {
    let length = FIELD * fields;
    let header = [0x00, instruction.byte(), 0x00, Reference::Pin.byte(), length];
    data.extend((header.len() as u32 + u32::from(length)).to_le_bytes());
    data.extend(header);
    data.extend(std::iter::repeat_n(PAD, length.into()));
}

/// What can be done on a reader's keypad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keypad {
    /// Nothing: the reader has none.
    #[default]
    None,
    /// A PIN can be typed.
    Verifies,
    /// A PIN can be typed, and changed.
    VerifiesAndChanges,
}

/// Why no PIN went from the keypad to the card (PC/SC part 10, 2.5.2.3; CCID 6.2.6): the reader says so, and it has cost no try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTyped {
    /// Nobody typed it in time.
    TimedOut,
    /// The person pressed the reader's key to cancel.
    Cancelled,
    /// The new PIN was typed differently the second time.
    Differs,
    /// It has fewer or more digits than a PIN can have.
    Length,
}

impl NotTyped {
    /// What the reader says in a card's stead.
    pub(crate) const fn of(status: Status) -> Option<Self> {
        match status.word() {
            0x6400 => Some(Self::TimedOut),
            0x6401 => Some(Self::Cancelled),
            0x6402 => Some(Self::Differs),
            0x6403 => Some(Self::Length),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libccid says of a GemPC PinPad: verify, modify, properties.
    const GEMPC: [u8; 24] = [
        0x06, 4, 0x42, 0x33, 0x00, 0x06, 0x07, 4, 0x42, 0x33, 0x00, 0x07, 0x0A, 4, 0x42, 0x33, 0x00, 0x0A, 0x12, 4,
        0x42, 0x33, 0x00, 0x12,
    ];

    #[test]
    fn the_features_say_what_a_keypad_can_do() {
        let pad = PinPad::of_features(&GEMPC).unwrap();
        assert_eq!((pad.verify, pad.keypad()), (0x4233_0006, Keypad::VerifiesAndChanges));
        let pad = PinPad::of_features(&GEMPC[..6]).unwrap();
        assert_eq!(pad.keypad(), Keypad::Verifies);
        assert_eq!(pad.change(Duration::from_secs(30)), None);
        for nothing in [&GEMPC[12..], &[], &GEMPC[..5], &[0x06, 3, 1, 2, 3, 4]] {
            assert_eq!(PinPad::of_features(nothing), None, "{nothing:02x?}");
        }
    }

    #[test]
    fn the_questions_are_those_of_part_10() {
        let pad = PinPad::of_features(&GEMPC).unwrap();
        let PadQuestion { code, data: verify, .. } = pad.verification(Duration::from_secs(30));
        assert_eq!(code, 0x4233_0006);
        // bTimerOut bTimerOut2 bmFormatString bmPINBlockString bmPINLengthFormat wPINMaxExtraDigit bEntryValidationCondition
        // bNumberMessage wLangId bMsgIndex bTeoPrologue ulDataLength abData
        let command = [0x00, 0x20, 0x00, 0x80, 8, 255, 255, 255, 255, 255, 255, 255, 255];
        let head = [30, 0, 0x82, 0x08, 0, 8, 6, 2, 1, 0x11, 4, 0, 0, 0, 0, 13, 0, 0, 0];
        assert_eq!(verify, [&head[..], &command].concat());
        let PadQuestion { code, data: change, .. } = pad.change(Duration::from_secs(999)).unwrap();
        assert_eq!(code, 0x4233_0007);
        let head = [255, 0, 0x82, 0x08, 0, 0, 8, 8, 6, 3, 2, 3, 0x11, 4, 0, 1, 2, 0, 0, 0, 21, 0, 0, 0];
        assert_eq!(change, [&head[..], &[0x00, 0x24, 0x00, 0x80, 16], &[255; 16]].concat());
    }

    #[test]
    fn what_the_reader_says_is_told_from_what_the_card_says() {
        let of = |[sw1, sw2]: [u8; 2]| NotTyped::of(Status::from_bytes(sw1, sw2));
        assert_eq!(of([0x64, 0x00]), Some(NotTyped::TimedOut));
        assert_eq!(of([0x64, 0x01]), Some(NotTyped::Cancelled));
        assert_eq!(of([0x64, 0x02]), Some(NotTyped::Differs));
        assert_eq!(of([0x64, 0x03]), Some(NotTyped::Length));
        for card in [[0x90, 0x00], [0x63, 0xC2], [0x69, 0x83], [0x6A, 0x80], [0x64, 0x04]] {
            assert_eq!(of(card), None);
        }
    }
}
