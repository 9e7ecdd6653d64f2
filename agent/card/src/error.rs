//! What can go wrong with a card: who is at fault, and what a person does next.

use std::fmt;

use sekisho_wire::id::CardGuid;
use sekisho_wire::piv::CertificateError;
use sekisho_wire::secret::PinRefused;
use sekisho_wire::status::Status;
use sekisho_wire::tlv::TlvError;
use sekisho_wire::words::Language;

use crate::conversation::Asked;
use crate::exchange::ExchangeError;
use crate::pin_pad::NotTyped;
use crate::transport::{Cause, Doing, TransportError};

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The card, or the way it lies in the reader.
    Card,
    /// The reader or its cable.
    Reader,
    /// The operator.
    Operator,
    /// The terminal: its smart card service, its permissions, another program on it.
    Terminal,
    /// This program.
    Us,
}

/// The card did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardError {
    /// What was asked.
    pub asked: Asked,
    /// Why it was not done.
    pub cause: CardCause,
}

/// Why the card did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardCause {
    /// No whole answer came.
    Exchange(ExchangeError),
    /// The card refused.
    Status(Status),
    /// The card has no PIV application.
    NotPiv,
    /// The card has no GUID: nobody has personalised it.
    Blank,
    /// Bytes of the card are not what they should be.
    Object(TlvError),
    /// A certificate cannot be read.
    Certificate(CertificateError),
    /// What came is no ECDSA signature.
    NoSignature,
    /// The card goes on holding the PIN verified after a logout.
    StaysVerified,
    /// Another card is in the reader.
    OtherCard {
        /// The card that was opened.
        expected: CardGuid,
        /// The card that answers now.
        found: CardGuid,
    },
}

impl CardError {
    pub(crate) const fn transport(asked: Asked, error: TransportError) -> Self {
        Self { asked, cause: CardCause::Exchange(ExchangeError::Transport(error)) }
    }

    /// The transport's error, where that was the cause: nothing is known of the card then.
    #[must_use]
    pub const fn transport_error(&self) -> Option<&TransportError> {
        match &self.cause {
            CardCause::Exchange(ExchangeError::Transport(error)) => Some(error),
            CardCause::Exchange(_)
            | CardCause::Status(_)
            | CardCause::NotPiv
            | CardCause::Blank
            | CardCause::Object(_)
            | CardCause::Certificate(_)
            | CardCause::NoSignature
            | CardCause::StaysVerified
            | CardCause::OtherCard { .. } => None,
        }
    }

    /// Who has to act.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match &self.cause {
            CardCause::Exchange(ExchangeError::Transport(error)) => error.fault(),
            CardCause::Exchange(ExchangeError::Command(_)) => Fault::Us,
            CardCause::Exchange(ExchangeError::NoStatus { .. } | ExchangeError::Endless { .. })
            | CardCause::Status(_)
            | CardCause::Object(_)
            | CardCause::Certificate(_)
            | CardCause::NoSignature
            | CardCause::StaysVerified => Fault::Card,
            CardCause::NotPiv | CardCause::Blank | CardCause::OtherCard { .. } => Fault::Operator,
        }
    }

    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self, language: Language) -> &'static str {
        match (&self.cause, language) {
            (CardCause::Exchange(ExchangeError::Transport(error)), _) => error.next_step(language),
            (CardCause::NotPiv | CardCause::Blank, Language::Japanese) => {
                "操作者カードではありません。操作者カードを挿入してください。"
            }
            (CardCause::NotPiv | CardCause::Blank, Language::English) => {
                "This is not an operator card. Insert your operator card."
            }
            (CardCause::OtherCard { .. }, Language::Japanese) => "元の操作者カードに戻すか、操作をやり直してください。",
            (CardCause::OtherCard { .. }, Language::English) => {
                "Put the first card back, or start again with this one."
            }
            (CardCause::Exchange(ExchangeError::Command(_)), Language::Japanese) => {
                "ソフトウェアの不具合です。システム管理者に連絡してください。"
            }
            (CardCause::Exchange(ExchangeError::Command(_)), Language::English) => {
                "This is a fault of the software. Call the system manager."
            }
            (
                CardCause::Exchange(ExchangeError::NoStatus { .. } | ExchangeError::Endless { .. })
                | CardCause::Status(_)
                | CardCause::Object(_)
                | CardCause::Certificate(_)
                | CardCause::NoSignature
                | CardCause::StaysVerified,
                Language::Japanese,
            ) => "カードを挿し直してください。続く場合はカードの再発行を依頼してください。",
            (
                CardCause::Exchange(ExchangeError::NoStatus { .. } | ExchangeError::Endless { .. })
                | CardCause::Status(_)
                | CardCause::Object(_)
                | CardCause::Certificate(_)
                | CardCause::NoSignature
                | CardCause::StaysVerified,
                Language::English,
            ) => "Take the card out and insert it again. If it happens again, ask for another card.",
        }
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.transport_error() {
            // One act, one place, one cause: what the transport was doing adds nothing to what was asked.
            Some(TransportError { reader: Some(reader), cause, .. }) => {
                write!(f, "cannot {} in '{reader}': {cause}", self.asked)
            }
            Some(_) | None => write!(f, "cannot {}: {}", self.asked, self.cause),
        }
    }
}

impl fmt::Display for CardCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(error) => error.fmt(f),
            Self::Status(status) => write!(f, "the card answers {status}"),
            Self::NotPiv => write!(f, "the card has no PIV application"),
            Self::Blank => write!(f, "the card has not been personalised"),
            Self::Object(error) => error.fmt(f),
            Self::Certificate(error) => error.fmt(f),
            Self::NoSignature => write!(f, "the card answered something else than a signature"),
            Self::StaysVerified => write!(f, "the card does not log out"),
            Self::OtherCard { expected, found } => write!(f, "card {found} is in the reader instead of {expected}"),
        }
    }
}

impl std::error::Error for CardError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            CardCause::Exchange(error) => Some(error),
            CardCause::Object(error) => Some(error),
            CardCause::Certificate(error) => Some(error),
            CardCause::Status(_)
            | CardCause::NotPiv
            | CardCause::Blank
            | CardCause::NoSignature
            | CardCause::StaysVerified
            | CardCause::OtherCard { .. } => None,
        }
    }
}

/// What an interrupted attempt did to the count of tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// The PIN never left us: the count is what it was.
    Untouched,
    /// The PIN was on its way: it may have cost a try or not. Reconnect and ask with
    /// [`crate::OperatorCard::tries_left`]; nothing asks for you, and nothing sends the PIN again.
    Unknown,
    /// The card had accepted the PIN: the count is full.
    Full,
}

/// A PIN, or what was to be done with it, was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// The card says that the PIN is wrong.
    WrongPin {
        /// So many tries are left, at least one.
        tries_left: u8,
    },
    /// The card says that no try is left.
    Blocked,
    /// The PIN breaks a rule that we know; it was not sent.
    PinPolicy(PinRefused),
    /// The PIN is right, and good for nothing but its change: somebody handed it over (CARD.md §C23).
    MustChange,
    /// The card does not take such a PIN (6A80). Our card spends no try on that, others may: read the count.
    RefusedByCard,
    /// None was typed on the reader.
    NotTyped(NotTyped),
    /// The reader has no keypad, or none for this.
    NoPad,
    /// The card was taken out.
    CardRemoved {
        /// What that did to the tries.
        tries: Tries,
    },
    /// The transport failed in another way.
    Transport {
        /// How.
        error: TransportError,
        /// What that did to the tries.
        tries: Tries,
    },
    /// The card accepted the PIN and would not use the key all the same (6982).
    SecurityStatus {
        /// What was asked of it.
        asked: Asked,
    },
    /// The card answered something that is not about the PIN.
    Card {
        /// What.
        error: CardError,
        /// What that did to the tries.
        tries: Tries,
    },
}

/// What a person does whose choice of a PIN breaks a rule.
#[must_use]
pub const fn another_pin(refused: PinRefused, language: Language) -> &'static str {
    let [japanese, english] = match refused {
        PinRefused::TooShort => {
            ["もっと長い暗証番号を入力してください(上限8文字)。", "Type a longer PIN, of at most 8 characters."]
        }
        PinRefused::TooLong => ["8文字までの暗証番号を入力してください。", "Type a PIN of at most 8 characters."],
        PinRefused::NotAscii => {
            ["半角の英数字・記号で入力してください。", "Type letters, digits and signs of ASCII alone, no spaces."]
        }
        PinRefused::NotDigits => ["数字だけの暗証番号を入力してください。", "Type digits alone."],
        PinRefused::NotMixed => [
            "英大文字・英小文字・数字・記号のうち3種類以上を使ってください。",
            "Mix at least three of: capital letters, small letters, digits, signs.",
        ],
        PinRefused::Repeat => {
            ["同じ文字の繰り返しでない暗証番号を入力してください。", "Type a PIN that is not one character repeated."]
        }
        PinRefused::Run => ["連番でない暗証番号を入力してください。", "Type a PIN that is not characters in a row."],
    };
    match language {
        Language::Japanese => japanese,
        Language::English => english,
    }
}

impl LoginError {
    /// Sorts an error that came while the tries were in this state.
    pub(crate) fn of(error: CardError, tries: Tries) -> Self {
        match error.transport_error() {
            Some(TransportError { cause: Cause::CardRemoved | Cause::NoCard, .. }) => Self::CardRemoved { tries },
            Some(transport) => Self::Transport { error: transport.clone(), tries },
            None => match (&error.cause, tries) {
                (CardCause::Status(Status::SECURITY_STATUS_NOT_SATISFIED), Tries::Full) => {
                    Self::SecurityStatus { asked: error.asked }
                }
                _ => Self::Card { error, tries },
            },
        }
    }

    /// What is known of the tries now.
    #[must_use]
    pub const fn tries(&self) -> Tries {
        match self {
            Self::WrongPin { .. } | Self::Blocked | Self::RefusedByCard => Tries::Unknown,
            Self::PinPolicy(_) | Self::NotTyped(_) | Self::NoPad => Tries::Untouched,
            Self::CardRemoved { tries } | Self::Transport { tries, .. } | Self::Card { tries, .. } => *tries,
            Self::SecurityStatus { .. } | Self::MustChange => Tries::Full,
        }
    }

    /// Who has to act.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::WrongPin { .. }
            | Self::Blocked
            | Self::PinPolicy(_)
            | Self::MustChange
            | Self::RefusedByCard
            | Self::NotTyped(_)
            | Self::CardRemoved { .. } => Fault::Operator,
            Self::NoPad => Fault::Reader,
            Self::Transport { error, .. } => error.fault(),
            Self::SecurityStatus { .. } => Fault::Card,
            Self::Card { error, .. } => error.fault(),
        }
    }

    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self, language: Language) -> &'static str {
        match (self, language) {
            (Self::WrongPin { tries_left: 1 }, Language::Japanese) => {
                "あと1回でカードが閉塞します。確かでなければ入力せず、アクセス管理責任者に連絡してください。"
            }
            (Self::WrongPin { tries_left: 1 }, Language::English) => {
                "One more wrong PIN blocks the card. Unless you are sure, call the access manager first."
            }
            (Self::WrongPin { .. }, Language::Japanese) => "暗証番号を確かめて、もう一度入力してください。",
            (Self::WrongPin { .. }, Language::English) => "Check the PIN and type it again.",
            (Self::Blocked, Language::Japanese) => "カードが閉塞しています。アクセス管理責任者に閉塞解除を依頼してください。",
            (Self::Blocked, Language::English) => "The card is blocked. Call the access manager to unblock it.",
            (Self::PinPolicy(refused), _) => another_pin(*refused, language),
            (Self::MustChange, Language::Japanese) => {
                "自分で決めた暗証番号に変更してから(F4 または sekisho change-pin)、ログインしてください。"
            }
            (Self::MustChange, Language::English) => {
                "Change it to a PIN of your own first (F4, or 'sekisho change-pin'), then log in with that one."
            }
            (Self::RefusedByCard, Language::Japanese) => {
                "最近使っていない、同じ文字の繰り返しや連番でない暗証番号を入力してください(数字だけのカードもあります)。"
            }
            (Self::RefusedByCard, Language::English) => {
                "Type another PIN: none of the last ones, not one character repeated and not characters in a row. Some cards take digits alone."
            }
            (Self::NotTyped(why), _) => why.next_step(language),
            (Self::NoPad, Language::Japanese) => "システム管理者に連絡してください。",
            (Self::NoPad, Language::English) => "Call the system manager.",
            (Self::CardRemoved { .. }, Language::Japanese) => "カードを挿入して、もう一度やり直してください。",
            (Self::CardRemoved { .. }, Language::English) => "Insert the card and start again.",
            (Self::Transport { error, .. }, _) => error.next_step(language),
            (Self::SecurityStatus { .. }, Language::Japanese) => "カードの再発行を依頼してください。",
            (Self::SecurityStatus { .. }, Language::English) => "Ask for another card.",
            (Self::Card { error, .. }, _) => error.next_step(language),
        }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongPin { tries_left: 1 } => write!(f, "cannot log in to the card: wrong PIN, 1 try left"),
            Self::WrongPin { tries_left } => write!(f, "cannot log in to the card: wrong PIN, {tries_left} tries left"),
            Self::Blocked => write!(f, "cannot log in to the card: PIN blocked"),
            Self::PinPolicy(refused) => refused.fmt(f),
            Self::MustChange => write!(f, "cannot log in to the card: this PIN is only for handing the card over"),
            Self::RefusedByCard => write!(f, "cannot log in to the card: the card takes no such PIN"),
            Self::NotTyped(why) => why.fmt(f),
            Self::NoPad => write!(f, "cannot ask for the PIN on the reader: its keypad does not do this"),
            Self::CardRemoved { tries } => write!(f, "cannot log in to the card: card removed{tries}"),
            Self::Transport { error, tries } => write!(f, "{error}{tries}"),
            Self::SecurityStatus { asked } => write!(f, "cannot {asked}: the card accepted the PIN and refuses"),
            Self::Card { error, tries } => write!(f, "{error}{tries}"),
        }
    }
}

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untouched => " (PIN not sent)",
            Self::Unknown => " (a PIN try may be spent)",
            Self::Full => " (the PIN was right)",
        })
    }
}

impl std::error::Error for LoginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::PinPolicy(refused) => Some(refused),
            Self::Transport { error, .. } => Some(error),
            Self::Card { error, .. } => Some(error),
            Self::WrongPin { .. }
            | Self::Blocked
            | Self::MustChange
            | Self::RefusedByCard
            | Self::NotTyped(_)
            | Self::NoPad
            | Self::CardRemoved { .. }
            | Self::SecurityStatus { .. } => None,
        }
    }
}

impl NotTyped {
    const fn next_step(self, language: Language) -> &'static str {
        let [japanese, english] = match self {
            Self::TimedOut | Self::Cancelled => [
                "もう一度始めて、カードリーダーのキーパッドで暗証番号を入力し、確定キーを押してください。",
                "Start again, type the PIN on the reader's keypad, and press its OK key.",
            ],
            Self::Differs => [
                "もう一度始めて、新しい暗証番号を2回とも同じに入力してください。",
                "Start again, and type the new PIN twice the same.",
            ],
            Self::Length => [
                "もう一度始めて、6～8桁の暗証番号を入力してください。",
                "Start again, and type a PIN of 6 to 8 digits.",
            ],
        };
        language.pick(japanese, english)
    }
}

impl fmt::Display for NotTyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "nobody typed the PIN on the reader in time",
            Self::Cancelled => "the PIN was cancelled on the reader",
            Self::Differs => "the new PIN was not typed twice the same",
            Self::Length => "no PIN has so many digits",
        })
    }
}

impl TransportError {
    /// Who has to act.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self.cause {
            Cause::CardRemoved | Cause::NoCard => Fault::Operator,
            Cause::CardMute | Cause::CardUnsupported => Fault::Card,
            Cause::ReaderGone | Cause::ReaderFault => Fault::Reader,
            Cause::CardReset | Cause::ReaderBusy | Cause::ServiceLost | Cause::AccessDenied | Cause::TimedOut => {
                Fault::Terminal
            }
            Cause::Cancelled | Cause::Unexpected { .. } => Fault::Us,
        }
    }

    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self, language: Language) -> &'static str {
        let [japanese, english] = match self.cause {
            Cause::CardRemoved | Cause::NoCard => ["カードを挿入してください。", "Insert the card."],
            Cause::CardMute => [
                "カードの向きと汚れを確かめて、挿し直してください。",
                "Check that the card is clean and the right way up, and insert it again.",
            ],
            Cause::CardUnsupported => ["操作者カードを挿入してください。", "Insert an operator card."],
            Cause::ReaderGone => ["カードリーダーを接続してください。", "Connect the card reader."],
            Cause::ReaderFault | Cause::Unexpected { .. } if matches!(self.doing, Doing::AskReader) => [
                "もう一度やり直してください。続く場合はシステム管理者に、このカードリーダーのキーパッドが使えないことを伝えてください(agent.toml の card.pin_pad)。",
                "Try again. If it happens again, call the system manager: this reader's keypad cannot be used (card.pin_pad in agent.toml).",
            ],
            Cause::ReaderFault => [
                "カードを挿し直してください。続く場合はカードリーダーの接続を確かめてください。",
                "Insert the card again. If it happens again, check the cable of the card reader.",
            ],
            Cause::CardReset | Cause::ReaderBusy => [
                "カードを使う他のプログラムを終了して、挿し直してください。",
                "Close other programs that use the card, and insert it again.",
            ],
            Cause::ServiceLost => [
                "カードサービス(pcscd)の復旧を待ってください。続く場合はシステム管理者に連絡してください。",
                "Wait for the smart card service (pcscd). If it does not come back, call the system manager.",
            ],
            Cause::AccessDenied => [
                "システム管理者に、pcscd の polkit の設定を確かめるよう依頼してください。",
                "Ask the system manager to check the polkit rules of pcscd.",
            ],
            Cause::TimedOut | Cause::Cancelled => ["もう一度やり直してください。", "Try again."],
            Cause::Unexpected { .. } => ["システム管理者に連絡してください。", "Call the system manager."],
        };
        match language {
            Language::Japanese => japanese,
            Language::English => english,
        }
    }
}
