//! Every way an administrator's command can fail.

mod filled_in;
mod steps;
mod words;

use std::fmt;
use std::io;
use std::path::PathBuf;

use sekisho_card::{CardError, Cause, ExchangeError, Fault, LoginError, TransportError};
use sekisho_ipc::AgentError;
use sekisho_issuer::{CaError, IssuerCause, IssuerError, TokenError};
use sekisho_link::{CodeError, EvidenceError, LinkError, StickError};
use sekisho_paper::TemplateError;
use sekisho_register::FoldRefusal;
use sekisho_tlog::TlogError;
use sekisho_wire::canonical::Malformed;
use sekisho_wire::id::{CardGuid, Code, Hash};
use sekisho_wire::secret::PinRefused;
use sekisho_wire::words::Language;

pub(crate) use self::filled_in::WrongArgument;
use crate::broken_log::BrokenLog;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum AdminError {
    /// A file of ours cannot be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file in the home directory is not what this program wrote.
    Damaged(PathBuf),
    /// Others may read the home directory.
    HomeOpenToOthers(PathBuf),
    /// The home directory belongs to another user.
    HomeOfSomebodyElse(PathBuf),
    /// Another run works in the home directory.
    HomeBusy(PathBuf),
    /// The home directory belongs to no office yet.
    NoOffice,
    /// The home directory belongs to an office already.
    OfficeExists,
    /// This home does not hold the card-management secret.
    NoCardSecret(PathBuf),
    /// The token with the card-management secret does not do what it is asked.
    Token(TokenError),
    /// A secret is to be made or taken where there is one.
    SecretExists,
    /// The secret lies in a token already, another one or under another label.
    SecretInToken,
    /// A renewal of the secret is under way.
    RenewalUnderWay,
    /// No renewal of the secret is under way.
    NoRenewal,
    /// The former secret is lost: no card can be re-keyed.
    FormerLost,
    /// So many cards whose issue was begun here are not finished.
    CardsBegun(usize),
    /// So many cards in use hold keys of the former secret.
    CardsMissing(usize),
    /// Somebody holds that post at that time.
    PostHeld {
        /// The post.
        post: Code,
        /// Who.
        by: String,
    },
    /// Whoever is to get a card has one of that kind, and it was not ended.
    HasACard(String),
    /// The card holds keys of the former secret, which is still kept.
    HoldsFormer(CardGuid),
    /// The card holds keys of a former secret that this home does not have.
    HoldsLost(CardGuid),
    /// The card holds keys of the new secret already.
    RekeyedBefore(CardGuid),
    /// A file or argument the administrator wrote is wrong.
    Config(ConfigError),
    /// An argument is wrong.
    Argument {
        /// Which.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it should look like.
        rule: Said,
    },
    /// What was filled in into a form: all that is wrong with it.
    FilledIn(Vec<WrongArgument>),
    /// The ledger's code cannot be read.
    Code(CodeError),
    /// A file on a stick cannot be used.
    Stick(StickError),
    /// A file is no evidence that can be read.
    Evidence(PathBuf, EvidenceError),
    /// A template of the office's cannot be used.
    Template(TemplateError),
    /// So many things are wrong with the templates in a folder.
    TemplatesWrong(usize),
    /// It holds records of another office's terminal.
    RecordsOfOtherOffice(PathBuf),
    /// The ledger lacks records of a terminal that stand before those in a file.
    RecordsBefore {
        /// Whose.
        terminal: Code,
        /// The first that it lacks.
        expected: u64,
    },
    /// The ledger has records, and does not seal them.
    NotSealed,
    /// The code is past its time.
    CodeExpired,
    /// The code is for something else.
    CodeKind,
    /// The ledger made a code that leads a terminal elsewhere: this field is not as this office has it.
    ForeignCode(&'static str),
    /// The ledger did not do what was asked.
    Link(LinkError),
    /// The ledger shows another register than the one that was verified before.
    Cache(BrokenLog),
    /// The fold refuses the act; it was not sent.
    Fold(FoldRefusal),
    /// The ledger took the act, and the verified log does not hold it.
    NotInForce(Hash),
    /// The act was sent, and no answer came.
    Unanswered(Hash),
    /// This desk has announced a recovery by this act, and the ledger has it.
    AnnouncedBefore(Hash),
    /// An act of an earlier run that decides the same, whose answer was lost, turned out to be in force.
    SettledNow(Hash),
    /// The card's issue is proposed, and the other person has not approved it.
    NotApprovedYet(Hash),
    /// A proposal speaks of this operator by the hash of a name, and the ledger does not show the name.
    NameNotShown(Code),
    /// What another desk handed over is not an office's file.
    NotAnOffice(PathBuf),
    /// A file holds no proposal that another casebook goes on.
    NotASuccession(PathBuf),
    /// What a proposal keeps of a log is not what is left of it.
    OtherThanLeft {
        /// Entries that it keeps.
        kept: u64,
        /// Entries that are left.
        left: u64,
    },
    /// More of a log was signed than a proposal to give it up says.
    MoreWasSigned {
        /// Entries, as the proposal says.
        said: u64,
        /// Entries, as is known here.
        known: u64,
    },
    /// The register is not that of the office in the file.
    OtherOffice,
    /// What came is to be trusted, and nobody has compared it.
    FingerprintNeeded(String),
    /// A checkpoint, a proof or a key does not hold.
    Tlog(TlogError),
    /// The ledger's answer holds bytes that are not what they should be.
    Malformed(Malformed),
    /// The answer is well-formed and wrong.
    Ledger(&'static str),
    /// A card in use failed.
    Card(CardError),
    /// The PIN was not accepted.
    Login(LoginError),
    /// A card could not be changed.
    Issuer(IssuerError),
    /// The reader or its service failed.
    Transport(TransportError),
    /// The certificate authority of cards cannot be used.
    Ca(CaError),
    /// What was typed is no PIN.
    PinShape(PinRefused),
    /// There is no terminal to type a PIN at.
    NoTerminalForPin,
    /// There is no terminal to show a first PIN at.
    NoTerminalForFirstPin,
    /// The agent of this machine does not lend its readers.
    NotLent(Box<AgentError>),
    /// There is no reader.
    NoReader,
    /// Several readers, and none was named, or several are called so.
    WhichReader(Vec<String>),
    /// No reader is called so.
    NoReaderCalled {
        /// What was asked for.
        wanted: String,
        /// What there is.
        readers: Vec<String>,
    },
    /// No card came into the reader in time.
    NoCardInTime(String),
    /// The card that is done was not taken out in time.
    CardStays(String),
    /// The card in the reader signs no acts of this office.
    NotASigner(CardGuid),
    /// The card in the reader is not the one that is needed.
    OtherCard {
        /// Needed.
        expected: CardGuid,
        /// Found.
        found: CardGuid,
    },
    /// The signer holds no post, or several.
    WhichPost(Vec<String>),
    /// The card belongs to another office, or another secret manages it.
    ForeignCard,
    /// The card has no GUID: nobody made it yet.
    CardBlank,
    /// The card is issued already.
    CardIssued(CardGuid),
    /// The register has not ended the card.
    CardInUse(CardGuid),
    /// A card whose personalisation was interrupted, and nobody asked to go on.
    CardUnfinished,
    /// The card waits at another desk for the approval of this proposal.
    CardProposed(Hash),
    /// The card in the reader is not one whose issue was interrupted.
    NothingToResume,
    /// The card in the reader is none of the batch whose grant is missing.
    NotInBatch(CardGuid),
    /// The card was made, no register names it, and nobody began it here.
    NotBegunHere(CardGuid),
    /// Everybody in the file has a card.
    NobodyLeft,
    /// So many cards of a batch would be refused.
    BatchRefused(usize),
    /// So many cards of a batch are not done.
    BatchUnfinished(usize),
    /// What came is not what the fingerprint was given for.
    FingerprintWrong {
        /// As given.
        given: String,
        /// As what came has it.
        found: String,
    },
    /// Nothing has this name.
    Unknown {
        /// What kind of thing.
        what: Thing,
        /// Its code.
        code: String,
    },
    /// Nothing to do.
    NothingToDo,
    /// One change alone is larger than an act may be.
    TooLarge,
    /// The changes do not fit one proposal.
    ProposalTooLarge,
    /// No grant fits the card: the act that issued it is too large.
    GrantTooLarge,
    /// Verification found a record that does not hold.
    RecordsDoNotHold(usize),
    /// So much is wrong with logs that were taken away that nothing in them is said to hold.
    ExportDoesNotHold(usize),
    /// All records at hand hold, and some are missing, cannot be read, or cannot be judged.
    RecordsMissing {
        /// Ranges of records that never came.
        ranges: usize,
        /// Records that cannot be read or judged.
        unclear: usize,
    },
    /// The person said no.
    Declined,
    /// What was wished for in the browser is not open any more.
    WishOver,
    /// The first so many of several things were done, each for good; then something failed.
    AfterSome {
        /// How many were done.
        done: usize,
        /// Of how many.
        of: usize,
        /// What failed.
        cause: Box<AdminError>,
    },
    /// A question, but nobody at the keyboard.
    NobodyToAsk,
    /// Standard input cannot be read.
    Input(io::Error),
    /// Standard output cannot be written.
    Output(io::Error),
    /// No random bytes.
    NoRandom(getrandom::Error),
}

/// What a code can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    /// A terminal.
    Terminal,
    /// A terminal that waits for its act.
    WaitingTerminal,
    /// An operator.
    Operator,
    /// A card.
    Card,
    /// A card whose issue was begun at this desk.
    BegunCard,
    /// An act.
    Act,
    /// A proposal that nobody has decided.
    OpenProposal,
    /// A log of the ledger that has stopped.
    StoppedLog,
    /// Something reported at a terminal.
    Report,
    /// A permission of an operator.
    Profile,
    /// Another office.
    Partner,
    /// A case.
    Case,
    /// What a deputy decided and nobody has looked at yet.
    Unreviewed,
}

impl Thing {
    /// For people.
    const fn name(self, language: Language) -> &'static str {
        let (english, japanese) = match self {
            Self::Terminal => ("terminal", "端末機"),
            Self::WaitingTerminal => ("waiting terminal", "登録待ちの端末機"),
            Self::Operator => ("operator", "操作者"),
            Self::Card => ("card", "カード"),
            Self::BegunCard => ("card begun here", "ここで発行中のカード"),
            Self::Act => ("act", "処分"),
            Self::Report => ("report", "届出"),
            Self::OpenProposal => ("open proposal", "承認待ちの申請"),
            Self::Case => ("case", "事案"),
            Self::Unreviewed => ("act of a deputy that waits to be looked at", "後閲を待つ代決"),
            Self::StoppedLog => ("stopped log", "停止しているログ"),
            Self::Profile => ("profile", "操作権限"),
            Self::Partner => ("partner office", "関係団体"),
        };
        match language {
            Language::English => english,
            Language::Japanese => japanese,
        }
    }
}

/// What is wrong in a file that the administrator wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigError {
    /// Which file.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// The key, dotted from the top; empty when the file is no TOML there.
    pub key: String,
    /// What is wrong with it.
    pub what: Said,
}

/// One thing in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    english: String,
    japanese: String,
}

impl Said {
    /// The same in English and Japanese.
    #[must_use]
    pub(crate) fn new(english: impl Into<String>, japanese: impl Into<String>) -> Self {
        Self { english: english.into(), japanese: japanese.into() }
    }

    /// In this language.
    #[must_use]
    pub(crate) fn in_words(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Japanese => &self.japanese,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use {}, line {}", self.file.display(), self.line)?;
        if !self.key.is_empty() {
            write!(f, ", key '{}'", self.key)?;
        }
        write!(f, ": {}", self.what.in_words(Language::English))
    }
}

/// Whether a connection failed by its card, or by a card that left; not by the reader's cable or the service behind it.
const fn is_of_a_card(error: &TransportError) -> bool {
    matches!(
        error.cause,
        Cause::CardRemoved
            | Cause::NoCard
            | Cause::CardReset
            | Cause::CardMute
            | Cause::CardUnsupported
            | Cause::ReaderFault
    )
}

const fn is_at_fault(error: &CardError) -> bool {
    match error.transport_error() {
        Some(error) => is_of_a_card(error),
        None => !matches!(error.fault(), Fault::Us | Fault::Terminal),
    }
}

const fn is_unmanageable(error: &IssuerError) -> bool {
    if let IssuerCause::Card(error) = &error.cause {
        return is_at_fault(error);
    }
    if let IssuerCause::Transport(error) | IssuerCause::Exchange(ExchangeError::Transport(error)) = &error.cause {
        return is_of_a_card(error);
    }
    let not_computed = matches!(error.cause, IssuerCause::Token(_));
    !not_computed && !matches!(error.fault(), Fault::Us | Fault::Terminal)
}

impl AdminError {
    /// Whether another card may do better: this one, not the command, cannot be worked on.
    #[must_use]
    pub(crate) const fn is_of_the_card(&self) -> bool {
        if let Self::Transport(error) = self {
            return is_of_a_card(error);
        }
        if let Self::Card(error) = self {
            return is_at_fault(error);
        }
        if let Self::Issuer(error) = self {
            return is_unmanageable(error);
        }
        matches!(
            self,
            Self::CardIssued(_)
                | Self::CardUnfinished
                | Self::CardProposed(_)
                | Self::NotBegunHere(_)
                | Self::ForeignCard
                | Self::CardBlank
                | Self::HoldsFormer(_)
                | Self::HoldsLost(_)
        )
    }

    /// The ledger's code, when it is the ledger who refused.
    #[must_use]
    pub(crate) fn code(&self) -> Option<&str> {
        if let Self::Link(LinkError::Refused(problem)) = self { Some(&problem.code) } else { None }
    }

    /// Why the register's fold refuses an act, when the ledger says so.
    #[must_use]
    pub(crate) fn refusal(&self) -> Option<&str> {
        let Self::Link(LinkError::Refused(problem)) = self else { return None };
        problem.facts.get("reason").filter(|_| problem.code == "refused")?.as_str()
    }

    /// The act that destroyed a record, when the ledger refuses it for that.
    #[must_use]
    pub(crate) fn destroyed_by(&self) -> Option<u64> {
        let Self::Link(LinkError::Refused(problem)) = self else { return None };
        problem.facts.get("act").filter(|_| problem.code == "destroyed")?.as_u64()
    }

    /// What the program ends with (README, "How it ends").
    #[must_use]
    pub(crate) const fn exit_code(&self) -> u8 {
        if let Self::RecordsDoNotHold(_) | Self::ExportDoesNotHold(_) = self {
            3
        } else if let Self::RecordsMissing { .. } = self {
            4
        } else {
            1
        }
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

impl std::error::Error for AdminError {}

/// Errors that keep their words on the way up.
macro_rules! from {
    ($($variant:ident($cause:ty)),+ $(,)?) => {
        $(impl From<$cause> for AdminError {
            fn from(cause: $cause) -> Self {
                Self::$variant(cause)
            }
        })+
    };
}

from!(
    Config(ConfigError),
    Code(CodeError),
    Stick(StickError),
    Template(TemplateError),
    Link(LinkError),
    Cache(BrokenLog),
    Tlog(TlogError),
    Malformed(Malformed),
    Card(CardError),
    Login(LoginError),
    Issuer(IssuerError),
    Token(TokenError),
    Transport(TransportError),
);
