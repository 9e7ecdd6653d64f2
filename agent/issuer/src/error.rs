//! What can go wrong while a card is personalised, and what an administrator does next.

use std::fmt;

use sekisho_card::{CardError, ExchangeError, Fault, TransportError, another_pin};
use sekisho_wire::piv::Slot;
use sekisho_wire::secret::PinRefused;
use sekisho_wire::status::Status;
use sekisho_wire::tlv::TlvError;
use sekisho_wire::words::Language;

use crate::lack::Lack;
use crate::office_ca::CaError;
use crate::random::NoRandom;
use crate::token_error::TokenError;

/// A step of personalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looking at the card.
    Look,
    /// Showing the card that we hold its management key.
    Authenticate,
    /// Writing the CHUID with the card's GUID.
    Identity,
    /// Writing the card capability container.
    Capability,
    /// Making the key of a slot on the card, and its certificate.
    Key(Slot),
    /// Telling the card what is asked of its PINs.
    PinRules,
    /// Setting the PUK.
    Puk,
    /// Setting the PIN.
    Pin,
    /// Trying what the keys of another maker's card do and do not without a PIN.
    TryOut,
    /// Replacing the management key of the factory.
    ManagementKey,
    /// Giving the card the keys of the office's new secret.
    Rekey,
    /// Writing the grant.
    Grant,
    /// Making the card blank again.
    Wipe,
    /// Ending the card for good.
    Terminate,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Look => write!(f, "look at the card"),
            Self::Authenticate => write!(f, "authenticate to the card"),
            Self::Identity => write!(f, "give the card its GUID"),
            Self::Capability => write!(f, "write the card's capability container"),
            Self::Key(slot) => write!(f, "make key {:02X} of the card", slot.byte()),
            Self::PinRules => write!(f, "tell the card the rules for its PIN"),
            Self::Puk => write!(f, "set the PUK of the card"),
            Self::Pin => write!(f, "set the PIN of the card"),
            Self::TryOut => write!(f, "try the card's keys"),
            Self::ManagementKey => write!(f, "replace the management key of the card"),
            Self::Rekey => write!(f, "give the card the keys of the new secret"),
            Self::Grant => write!(f, "write the grant to the card"),
            Self::Wipe => write!(f, "make the card blank"),
            Self::Terminate => write!(f, "end the card for good"),
        }
    }
}

impl Step {
    /// In Japanese: what could not be done.
    fn japanese(self) -> String {
        let text = match self {
            Self::Look => "カードの確認",
            Self::Authenticate => "カードに対する管理鍵の認証",
            Self::Identity => "カードGUIDの書込み",
            Self::Capability => "カード能力情報の書込み",
            Self::Key(slot) => return format!("カードの鍵({:02X})の生成", slot.byte()),
            Self::PinRules => "暗証番号の規則の書込み",
            Self::Puk => "PUKの設定",
            Self::Pin => "暗証番号の設定",
            Self::TryOut => "カードの鍵の試用",
            Self::ManagementKey => "カード管理鍵の設定",
            Self::Rekey => "新しいカード管理鍵への更新",
            Self::Grant => "貸与の処分のカードへの書込み",
            Self::Wipe => "カードの初期化",
            Self::Terminate => "カードの使用終了",
        };
        text.to_owned()
    }
}

/// A step was not done.
#[derive(Debug, PartialEq, Eq)]
pub struct IssuerError {
    /// Which.
    pub step: Step,
    /// Why.
    pub cause: IssuerCause,
}

/// Why a step was not done.
#[derive(Debug, PartialEq, Eq)]
pub enum IssuerCause {
    /// The card could not be spoken to, or did not do what any operator card does.
    Card(CardError),
    /// No whole answer came.
    Exchange(ExchangeError),
    /// The transaction could not begin or end.
    Transport(TransportError),
    /// The card refused.
    Status(Status),
    /// The card's management key is neither the factory's nor made of our secret: another office's card, or another
    /// secret.
    ForeignManagementKey,
    /// The card lacks what an operator card must be able to do.
    Unfit(Lack),
    /// The card did not show that it holds the management key.
    NotGenuine,
    /// It says a card's GUID, and does not hold that card's presence key.
    AnotherCard,
    /// What the card sent is not what it should be.
    Object(TlvError),
    /// What the card sent is no public key of curve P-256.
    NoPublicKey,
    /// The card has no GUID yet.
    NoIdentity,
    /// The card is somebody's already. Wipe it first.
    AlreadyPersonalised,
    /// The card's PUK is not the one made of our secret.
    WrongPuk {
        /// So many tries are left, where the card says so.
        tries_left: Option<u8>,
    },
    /// The card's PUK is blocked: nobody can set its PIN any more.
    PukBlocked,
    /// The PIN breaks a rule.
    PinPolicy(PinRefused),
    /// The card does not take such a PIN (6A80); it has the one that it had.
    PinNotGiven,
    /// The card does not take the PIN that its holder chose (6A80), and has one that nobody was told.
    PinRefusedByCard,
    /// No certificate could be made.
    Certificate(CaError),
    /// There were no random bytes.
    NoRandom(NoRandom),
    /// The token that keeps the office's secret does not compute with it.
    Token(TokenError),
    /// What is to be written is larger than a card takes.
    TooLarge {
        /// How many bytes it has.
        length: usize,
        /// How many fit.
        most: usize,
    },
}

impl IssuerError {
    /// Who has to act.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match &self.cause {
            IssuerCause::Card(error) => error.fault(),
            IssuerCause::Exchange(ExchangeError::Transport(error)) | IssuerCause::Transport(error) => error.fault(),
            IssuerCause::Exchange(ExchangeError::NoStatus { .. } | ExchangeError::Endless { .. })
            | IssuerCause::Status(_)
            | IssuerCause::Unfit(_)
            | IssuerCause::NotGenuine
            | IssuerCause::Object(_)
            | IssuerCause::NoPublicKey
            | IssuerCause::PukBlocked => Fault::Card,
            IssuerCause::ForeignManagementKey
            | IssuerCause::AnotherCard
            | IssuerCause::NoIdentity
            | IssuerCause::AlreadyPersonalised
            | IssuerCause::WrongPuk { .. }
            | IssuerCause::PinPolicy(_)
            | IssuerCause::PinNotGiven
            | IssuerCause::PinRefusedByCard
            | IssuerCause::Token(_) => Fault::Operator,
            IssuerCause::Exchange(ExchangeError::Command(_))
            | IssuerCause::Certificate(_)
            | IssuerCause::NoRandom(_)
            | IssuerCause::TooLarge { .. } => Fault::Us,
        }
    }

    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::Japanese => format!("{}ができません: {}", self.step.japanese(), self.cause.japanese()),
        }
    }

    /// What the administrator does next.
    #[must_use]
    pub const fn next_step(&self, language: Language) -> &'static str {
        let [japanese, english] = match &self.cause {
            IssuerCause::Card(error) => return error.next_step(language),
            IssuerCause::Exchange(ExchangeError::Transport(error)) | IssuerCause::Transport(error) => {
                return error.next_step(language);
            }
            IssuerCause::ForeignManagementKey | IssuerCause::WrongPuk { .. } => [
                "このカードは当団体のカード管理鍵で管理されていません。カードと管理鍵を確かめてください。",
                "This card is not managed with this office's secret. Check card and secret.",
            ],
            IssuerCause::AnotherCard => [
                "登録簿のカードではありません。偽造のおそれがあるため、保全してセキュリティ責任者に連絡してください。",
                "This is not the card in the register, and somebody may have built it. Keep it, and tell the security officer.",
            ],
            IssuerCause::NoIdentity => ["先にカードを発行してください。", "Personalise the card first."],
            IssuerCause::AlreadyPersonalised => [
                "発行済みのカードです。使い直す場合は、先に初期化してください。",
                "The card has been issued. To use it again, wipe it first.",
            ],
            IssuerCause::PukBlocked => [
                "PUKが閉塞しています。カードを廃棄し、新しいカードを発行してください。",
                "The PUK is blocked. Destroy the card and issue another.",
            ],
            IssuerCause::PinPolicy(refused) => return another_pin(*refused, language),
            IssuerCause::PinNotGiven => [
                "別の暗証番号でもう一度実行してください。カードの暗証番号は変わっていません。",
                "Run it again with another PIN. The card's PIN is what it was.",
            ],
            IssuerCause::Token(error) => return error.next_step(language),
            IssuerCause::PinRefusedByCard => [
                "最近使った暗証番号は使えません(他社製カードには数字しか使えないものがあります)。別の番号でもう一度実行してください。それまで、このカードの暗証番号は誰にも分かりません。",
                "None of the last PINs will do, and some other makers' cards take digits alone. Run it again with another one: until then nobody knows the PIN of this card.",
            ],
            IssuerCause::Unfit(_) => [
                "このカードは操作者カードにできません。別のカードを使ってください(sekisho-admin card show で内容を確認)。",
                "This card can be no operator card: take another one. 'sekisho-admin card show' says what it can do.",
            ],
            IssuerCause::Exchange(ExchangeError::NoStatus { .. } | ExchangeError::Endless { .. })
            | IssuerCause::Status(_)
            | IssuerCause::NotGenuine
            | IssuerCause::Object(_)
            | IssuerCause::NoPublicKey => [
                "カードを挿し直し、同じ操作をもう一度行ってください。続く場合は別のカードを使ってください。",
                "Insert the card again and repeat the step. If it fails again, take another card.",
            ],
            IssuerCause::Exchange(ExchangeError::Command(_))
            | IssuerCause::Certificate(_)
            | IssuerCause::NoRandom(_)
            | IssuerCause::TooLarge { .. } => ["システム管理者に連絡してください。", "Call the system manager."],
        };
        match language {
            Language::Japanese => japanese,
            Language::English => english,
        }
    }
}

impl fmt::Display for IssuerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.step, self.cause)
    }
}

impl IssuerCause {
    fn japanese(&self) -> String {
        let text = match self {
            Self::Card(error) => return error.in_words(Language::Japanese),
            Self::Exchange(error) => return error.in_words(Language::Japanese),
            Self::Transport(error) => return error.in_words(Language::Japanese),
            Self::Status(status) => return format!("カードが拒否しました({status})"),
            Self::ForeignManagementKey => "当団体のカード管理鍵で管理されているカードではありません",
            Self::Unfit(lack) => return lack.in_words(Language::Japanese),
            Self::AnotherCard => "同じGUIDを名乗る別のカードです",
            Self::NotGenuine => "カードが管理鍵を持つことを証明しませんでした",
            Self::Object(error) => return format!("カードの内容を読めません({error})"),
            Self::NoPublicKey => "カードの応答がP-256公開鍵ではありません",
            Self::NoIdentity => "カードGUIDがまだありません",
            Self::AlreadyPersonalised => "カードは作成済みです",
            Self::WrongPuk { tries_left: Some(tries) } => return format!("PUKが違います(残り{tries}回)"),
            Self::WrongPuk { tries_left: None } => "PUKが違います",
            Self::PukBlocked => "PUKが閉塞しています",
            Self::PinPolicy(_) => "その暗証番号は使えません",
            Self::PinNotGiven | Self::PinRefusedByCard => "カードがその暗証番号を受け付けません",
            Self::Certificate(error) => return format!("証明書を作成できません({error})"),
            Self::NoRandom(error) => return format!("乱数を得られません({error})"),
            Self::Token(error) => return error.in_words(Language::Japanese),
            Self::TooLarge { length, most } => return format!("{length}バイトは大きすぎます(上限{most}バイト)"),
        };
        text.to_owned()
    }
}

impl fmt::Display for IssuerCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(error) => error.fmt(f),
            Self::Exchange(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Status(status) => write!(f, "the card answers {status}"),
            Self::ForeignManagementKey => write!(f, "its management key is not this office's"),
            Self::Unfit(lack) => lack.fmt(f),
            Self::AnotherCard => write!(f, "it says the GUID of another card, whose presence key it does not hold"),
            Self::NotGenuine => write!(f, "the card does not show that it holds the management key"),
            Self::Object(error) => error.fmt(f),
            Self::NoPublicKey => write!(f, "the card answered something else than a P-256 public key"),
            Self::NoIdentity => write!(f, "the card has no GUID yet"),
            Self::AlreadyPersonalised => write!(f, "the card is already personalised"),
            Self::WrongPuk { tries_left: Some(tries) } => write!(f, "wrong PUK, {tries} tries left"),
            Self::WrongPuk { tries_left: None } => write!(f, "wrong PUK"),
            Self::PukBlocked => write!(f, "PUK blocked"),
            Self::PinPolicy(refused) => refused.fmt(f),
            Self::PinNotGiven | Self::PinRefusedByCard => write!(f, "the card takes no such PIN"),
            Self::Certificate(error) => error.fmt(f),
            Self::NoRandom(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
            Self::TooLarge { length, most } => write!(f, "{length} bytes are too many, {most} fit"),
        }
    }
}

impl std::error::Error for IssuerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            IssuerCause::Card(error) => Some(error),
            IssuerCause::Exchange(error) => Some(error),
            IssuerCause::Transport(error) => Some(error),
            IssuerCause::Object(error) => Some(error),
            IssuerCause::PinPolicy(refused) => Some(refused),
            IssuerCause::Certificate(error) => Some(error),
            IssuerCause::Token(error) => Some(error),
            IssuerCause::Status(_)
            | IssuerCause::ForeignManagementKey
            | IssuerCause::Unfit(_)
            | IssuerCause::NotGenuine
            | IssuerCause::AnotherCard
            | IssuerCause::NoPublicKey
            | IssuerCause::NoIdentity
            | IssuerCause::AlreadyPersonalised
            | IssuerCause::WrongPuk { .. }
            | IssuerCause::PukBlocked
            | IssuerCause::PinNotGiven
            | IssuerCause::PinRefusedByCard
            | IssuerCause::NoRandom(_)
            | IssuerCause::TooLarge { .. } => None,
        }
    }
}

impl From<CardError> for IssuerCause {
    fn from(error: CardError) -> Self {
        Self::Card(error)
    }
}

impl From<ExchangeError> for IssuerCause {
    fn from(error: ExchangeError) -> Self {
        Self::Exchange(error)
    }
}

impl From<TransportError> for IssuerCause {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<Status> for IssuerCause {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<TlvError> for IssuerCause {
    fn from(error: TlvError) -> Self {
        Self::Object(error)
    }
}

impl From<CaError> for IssuerCause {
    fn from(error: CaError) -> Self {
        Self::Certificate(error)
    }
}

impl From<TokenError> for IssuerCause {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<NoRandom> for IssuerCause {
    fn from(error: NoRandom) -> Self {
        Self::NoRandom(error)
    }
}
