//! What a card must be able to do to become an operator card, and a card of another maker may not.

use std::fmt;

use sekisho_wire::piv::Slot;
use sekisho_wire::words::Language;

/// Why a card can be no operator card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Its management key has no algorithm that we know.
    KeyAlgorithm,
    /// It has no keys on curve P-256.
    P256,
    /// It makes no keys (GENERATE ASYMMETRIC KEY PAIR).
    MakingKeys,
    /// It takes no objects (PUT DATA).
    Writing,
    /// Its PUK stays what it is (CHANGE REFERENCE DATA).
    OwnPuk,
    /// Its PIN cannot be set by PUK (RESET RETRY COUNTER): nobody could unblock it.
    Unblocking,
    /// Its management key stays the factory's (Yubico's SET MANAGEMENT KEY).
    OwnKey,
    /// It signs with this key before anybody has shown a PIN.
    AskingForPin(Slot),
    /// What it signs is not signed with the key that it said it had made.
    RightSignature(Slot),
}

impl Lack {
    /// As a whole sentence without its end.
    #[must_use]
    pub fn in_words(self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::Japanese => self.japanese(),
        }
    }

    fn japanese(self) -> String {
        let text = match self {
            Self::KeyAlgorithm => "管理鍵の方式が3DES・AESのいずれでもありません",
            Self::P256 => "P-256の鍵を扱えません",
            Self::MakingKeys => "カード内で鍵を生成できません",
            Self::Writing => "データを書き込めません",
            Self::OwnPuk => "PUKを変更できません",
            Self::Unblocking => "PUKによる暗証番号の再設定ができません",
            Self::OwnKey => "管理鍵を変更できません",
            Self::AskingForPin(slot) => return format!("鍵{:02X}を暗証番号なしで使えてしまいます", slot.byte()),
            Self::RightSignature(slot) => return format!("鍵{:02X}の署名が公開鍵と一致しません", slot.byte()),
        };
        text.to_owned()
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyAlgorithm => write!(f, "its management key is neither 3DES nor AES"),
            Self::P256 => write!(f, "it has no keys on curve P-256"),
            Self::MakingKeys => write!(f, "it makes no keys"),
            Self::Writing => write!(f, "it takes no objects"),
            Self::OwnPuk => write!(f, "its PUK cannot be changed"),
            Self::Unblocking => write!(f, "its PIN cannot be set with the PUK"),
            Self::OwnKey => write!(f, "its management key cannot be changed"),
            Self::AskingForPin(slot) => write!(f, "its key {:02X} signs without a PIN", slot.byte()),
            Self::RightSignature(slot) => {
                write!(f, "its key {:02X} does not sign what its public key verifies", slot.byte())
            }
        }
    }
}
