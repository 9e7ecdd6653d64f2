//! What a holder concluded about an entry when it folded it first, and keeps beside it (§R4.10).

use crate::fold::Folded;
use crate::refusal::FoldRefusal;

/// One of three words about an entry; one byte on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concluded {
    /// The fold took it.
    Accepted,
    /// The fold refused it.
    Refused,
    /// The program that folded it was too old to judge it: it could not read it, or the rules are newer. It is folded as if it
    /// came now; whoever finds it taken then folds everything after it anew, which was judged without it.
    NotUnderstood,
}

impl Concluded {
    /// The word about an entry that was just folded.
    #[must_use]
    pub const fn of(folded: &Result<Folded, FoldRefusal>) -> Self {
        match folded {
            Ok(_) => Self::Accepted,
            Err(refusal) if refusal.is_too_new() => Self::NotUnderstood,
            Err(_) => Self::Refused,
        }
    }

    /// As a byte beside the entry.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Accepted => 1,
            Self::Refused => 2,
            Self::NotUnderstood => 3,
        }
    }

    /// From its byte.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Accepted),
            2 => Some(Self::Refused),
            3 => Some(Self::NotUnderstood),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_from_its_byte_and_no_other_byte_is_one() {
        let words: alloc::vec::Vec<_> = (0..=u8::MAX).filter_map(Concluded::from_byte).collect();
        assert_eq!(words, [Concluded::Accepted, Concluded::Refused, Concluded::NotUnderstood]);
        assert!(words.iter().all(|word| Concluded::from_byte(word.byte()) == Some(*word)));
    }
}
