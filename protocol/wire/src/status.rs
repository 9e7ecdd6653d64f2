//! Status words: the two bytes that end every answer of a card (ISO/IEC 7816-4, 5.6; SP 800-73-4 part 2, table 6).
//!
//! This is the only file where their numbers are written.

use core::fmt;

/// SW1 and SW2 as one number, SW1 in the high byte (CARD.md §C6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct Status(u16);

impl Status {
    /// Done.
    pub const OK: Self = Self(0x9000);
    /// The application was selected, and its life has ended.
    pub const TERMINATED: Self = Self(0x6285);
    /// The command chain ended where it must not.
    pub const LAST_COMMAND_EXPECTED: Self = Self(0x6883);
    /// What was shown was wrong; how many tries are left is not said (ISO/IEC 7816-4, 5.6). Our card always says it.
    pub const AUTHENTICATION_FAILED: Self = Self(0x6300);
    /// The card could not write what it had to write. Nobody typed a wrong PIN.
    pub const MEMORY_FAILURE: Self = Self(0x6581);
    /// The length of the command does not fit.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// Secure messaging is not for this card.
    pub const SECURE_MESSAGING_UNSUPPORTED: Self = Self(0x6882);
    /// PIN, PUK or management key is missing.
    pub const SECURITY_STATUS_NOT_SATISFIED: Self = Self(0x6982);
    /// PIN or PUK is blocked.
    pub const AUTHENTICATION_BLOCKED: Self = Self(0x6983);
    /// The command does not fit the state of the card, for example a slot without a key.
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    /// The data field is not what the command takes.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// The card does not do this.
    pub const FUNCTION_NOT_SUPPORTED: Self = Self(0x6A81);
    /// There is no such application or object.
    pub const NOT_FOUND: Self = Self(0x6A82);
    /// The object does not fit into the card.
    pub const NOT_ENOUGH_MEMORY: Self = Self(0x6A84);
    /// P1 and P2 name nothing that the card knows.
    pub const WRONG_PARAMETERS: Self = Self(0x6A86);
    /// The reference in P2 names no key that the card has.
    pub const REFERENCE_NOT_FOUND: Self = Self(0x6A88);
    /// The card does not know the instruction.
    pub const INSTRUCTION_NOT_SUPPORTED: Self = Self(0x6D00);
    /// The card does not know the class.
    pub const CLASS_NOT_SUPPORTED: Self = Self(0x6E00);
    /// The card noticed that it is broken.
    pub const NO_PRECISE_DIAGNOSIS: Self = Self(0x6F00);

    /// From the two bytes as they stand at the end of an answer.
    pub const fn from_bytes(sw1: u8, sw2: u8) -> Self {
        Self(u16::from_be_bytes([sw1, sw2]))
    }

    /// The PIN, PUK or key was wrong and so many tries are left; 15 stands for "15 or more".
    pub const fn wrong_tries_left(tries: u8) -> Self {
        let shown = if tries > 0x0F { 0x0F } else { tries };
        Self(u16::from_be_bytes([0x63, 0xC0 | shown]))
    }

    /// So many bytes wait for GET RESPONSE; `None` stands for "256 or more".
    pub const fn more(waiting: Option<u8>) -> Self {
        Self(u16::from_be_bytes([
            0x61,
            match waiting {
                Some(count) => count,
                None => 0,
            },
        ]))
    }

    /// The number, SW1 in the high byte.
    #[must_use]
    pub const fn word(self) -> u16 {
        self.0
    }

    /// SW1 and SW2.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// Whether the command was done.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        self.0 == Self::OK.0
    }

    /// What VERIFY and its kin say of the tries: 63Cx → x, blocked → 0, anything else → `None`, which is *not* a
    /// statement about a PIN (CARD.md §C12).
    #[must_use]
    pub const fn pin_tries_left(self) -> Option<u8> {
        match self.to_bytes() {
            [0x63, low] if low & 0xF0 == 0xC0 => Some(low & 0x0F),
            [0x69, 0x83] => Some(0),
            _ => None,
        }
    }

    /// 61xx: how many bytes to ask for with GET RESPONSE (1 to 256).
    #[must_use]
    pub const fn bytes_waiting(self) -> Option<u16> {
        match self.to_bytes() {
            [0x61, 0] => Some(256),
            [0x61, count] => Some(count as u16),
            _ => None,
        }
    }

    /// 6Cxx: the Le with which the command should be sent again (1 to 256).
    #[must_use]
    pub const fn exact_length(self) -> Option<u16> {
        match self.to_bytes() {
            [0x6C, 0] => Some(256),
            [0x6C, count] => Some(count as u16),
            _ => None,
        }
    }

    const fn meaning(self) -> &'static str {
        if self.pin_tries_left().is_some() && self.0 != Self::AUTHENTICATION_BLOCKED.0 {
            return "wrong PIN, PUK or key";
        }
        match self {
            Self::OK => "done",
            Self::TERMINATED => "card terminated",
            Self::AUTHENTICATION_FAILED => "wrong PIN, PUK or key",
            Self::LAST_COMMAND_EXPECTED => "command chain broken",
            Self::MEMORY_FAILURE => "card could not write its memory",
            Self::WRONG_LENGTH => "wrong length",
            Self::SECURE_MESSAGING_UNSUPPORTED => "secure messaging not supported",
            Self::SECURITY_STATUS_NOT_SATISFIED => "PIN or key required",
            Self::AUTHENTICATION_BLOCKED => "blocked",
            Self::CONDITIONS_NOT_SATISFIED => "conditions of use not satisfied",
            Self::WRONG_DATA => "wrong data",
            Self::FUNCTION_NOT_SUPPORTED => "function not supported",
            Self::NOT_FOUND => "application or object not found",
            Self::NOT_ENOUGH_MEMORY => "card memory full",
            Self::WRONG_PARAMETERS => "wrong parameters",
            Self::REFERENCE_NOT_FOUND => "key reference not found",
            Self::INSTRUCTION_NOT_SUPPORTED => "instruction not supported",
            Self::CLASS_NOT_SUPPORTED => "class not supported",
            Self::NO_PRECISE_DIAGNOSIS => "card reports an internal fault",
            _ => match self.to_bytes() {
                [0x61, _] => "more data waits",
                [0x6C, _] => "wrong expected length",
                _ => "unknown status",
            },
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.meaning())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({:04X})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn only_63cx_and_6983_speak_of_tries() {
        for word in 0..=u16::MAX {
            let [sw1, sw2] = word.to_be_bytes();
            let expected = match word {
                0x63C0..=0x63CF => Some(sw2 & 0x0F),
                0x6983 => Some(0),
                _ => None,
            };
            assert_eq!(Status::from_bytes(sw1, sw2).pin_tries_left(), expected, "{word:04X}");
        }
    }

    #[test]
    fn a_count_of_waiting_bytes_comes_back() {
        assert_eq!(Status::more(Some(12)).bytes_waiting(), Some(12));
        assert_eq!(Status::more(None).bytes_waiting(), Some(256));
        assert_eq!(Status::wrong_tries_left(200).pin_tries_left(), Some(15));
    }
}
