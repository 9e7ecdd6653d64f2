//! What only the ledger's machine sees (LEDGER §L4): it stands beside what register and casebook say, at the console, at the desk and in a mail.

use alloc::format;
use alloc::string::{String, ToString};

use sekisho_wire::id::{CardGuid, Code};
use sekisho_wire::words::Language;

use crate::cases::Whose;
use crate::change::Log;
use crate::fold::Register;
use crate::role::Role;
use crate::today::{CARD_MANAGERS, Task, Telling, Waits};
use crate::wareki::moment_text;

/// What the ledger sees, and who looks after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The ledger's program says nothing any more.
    LedgerSilent,
    /// A log has stopped: nothing enters it.
    LogStopped(Log),
    /// No backup was verified in time.
    BackupOverdue,
    /// The disk has less room than it should.
    DiskLow {
        /// What is free, in MiB.
        free: u64,
    },
    /// Nothing is heard of a terminal, and it did not say that it was switched off.
    TerminalSilent {
        /// The terminal.
        terminal: Code,
        /// When it was heard last; nothing for never.
        heard: Option<u64>,
    },
    /// A terminal has records that are not here.
    RecordsMissing(Code),
    /// A terminal's certificate ends, for it was not renewed; or it has ended.
    CertificateEnds {
        /// The terminal.
        terminal: Code,
        /// When.
        ends: u64,
    },
    /// A card that somebody has was not used for two weeks (ours).
    CardUnused {
        /// The card.
        card: CardGuid,
        /// Whose it is.
        operator: Code,
        /// When it was used last; nothing for never since it was given.
        used: Option<u64>,
    },
}

/// The same in words and numbers, as it crosses a wire: what is not said of its kind is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchedWords {
    /// Its kind, by name.
    pub what: String,
    /// The terminal.
    pub terminal: Option<String>,
    /// The log, by name.
    pub log: Option<String>,
    /// The card.
    pub card: Option<String>,
    /// Whose it is.
    pub operator: Option<String>,
    /// When a terminal was heard or a card used last, or a certificate ends.
    pub at: Option<u64>,
    /// Free, in MiB.
    pub free: Option<u64>,
}

impl Watched {
    /// Which terminal it is about.
    #[must_use]
    pub const fn terminal(&self) -> Option<&Code> {
        match self {
            Self::TerminalSilent { terminal, .. }
            | Self::RecordsMissing(terminal)
            | Self::CertificateEnds { terminal, .. } => Some(terminal),
            Self::LedgerSilent
            | Self::LogStopped(_)
            | Self::BackupOverdue
            | Self::DiskLow { .. }
            | Self::CardUnused { .. } => None,
        }
    }

    /// Which card it is about, and whose that is.
    #[must_use]
    pub const fn card(&self) -> Option<(&CardGuid, &Code)> {
        if let Self::CardUnused { card, operator, .. } = self { Some((card, operator)) } else { None }
    }

    /// Whether the whole office is in danger of it, and not one terminal or card.
    #[must_use]
    pub const fn endangers_the_office(&self) -> bool {
        self.terminal().is_none() && self.card().is_none()
    }

    /// By what the same thing is known again, whatever its numbers are by then.
    #[must_use]
    pub fn key(&self) -> String {
        let WatchedWords { what, terminal, log, card, .. } = self.to_words();
        let about = terminal.or(log).or(card).unwrap_or_default();
        format!("{what} {about}")
    }

    /// In words and numbers.
    #[must_use]
    pub fn to_words(&self) -> WatchedWords {
        let (what, log, at, free) = match self {
            Self::LedgerSilent => ("ledger_silent", None, None, None),
            Self::LogStopped(log) => ("log_stopped", Some(log.name(Language::English).to_string()), None, None),
            Self::BackupOverdue => ("backup_overdue", None, None, None),
            Self::DiskLow { free } => ("disk_low", None, None, Some(*free)),
            Self::TerminalSilent { heard, .. } => ("terminal_silent", None, *heard, None),
            Self::RecordsMissing(_) => ("records_missing", None, None, None),
            Self::CertificateEnds { ends, .. } => ("certificate_ends", None, Some(*ends), None),
            Self::CardUnused { used, .. } => ("card_unused", None, *used, None),
        };
        let terminal = self.terminal().map(ToString::to_string);
        let (card, operator) = self.card().map(|(card, operator)| (card.to_string(), operator.to_string())).unzip();
        WatchedWords { what: what.to_string(), terminal, log, card, operator, at, free }
    }

    /// From words and numbers; nothing for what a newer ledger sees, or what is none.
    #[must_use]
    pub fn of_words(words: &WatchedWords) -> Option<Self> {
        let terminal = || Code::new(words.terminal.as_deref()?).ok();
        let called = |log: &Log| Some(log.name(Language::English)) == words.log.as_deref();
        let log = || [Log::Records, Log::Register, Log::Casebook].into_iter().find(called);
        Some(match words.what.as_str() {
            "ledger_silent" => Self::LedgerSilent,
            "log_stopped" => Self::LogStopped(log()?),
            "backup_overdue" => Self::BackupOverdue,
            "disk_low" => Self::DiskLow { free: words.free? },
            "terminal_silent" => Self::TerminalSilent { terminal: terminal()?, heard: words.at },
            "records_missing" => Self::RecordsMissing(terminal()?),
            "certificate_ends" => Self::CertificateEnds { terminal: terminal()?, ends: words.at? },
            "card_unused" => Self::CardUnused {
                card: words.card.as_deref()?.parse().ok()?,
                operator: Code::new(words.operator.as_deref()?).ok()?,
                used: words.at,
            },
            _ => return None,
        })
    }

    /// As something that waits since then: of the machine for whoever keeps the system, of a terminal for whoever is responsible for it, of a card for whoever
    /// takes cards back.
    #[must_use]
    pub fn task(self, since: u64, register: &Register) -> Task {
        let section = self.terminal().and_then(|terminal| Some(register.terminal(terminal)?.version().section.clone()));
        let whose = match section {
            Some(section) => Whose::Section([Role::SystemManager, Role::TerminalManager].into(), section),
            None if self.card().is_some() => Whose::Roles(CARD_MANAGERS.to_vec()),
            None => Whose::Roles([Role::SystemManager, Role::SystemStaff].into()),
        };
        let due = match &self {
            Self::CertificateEnds { ends, .. } => Some(*ends),
            Self::LedgerSilent | Self::LogStopped(_) | Self::BackupOverdue => Some(since),
            Self::DiskLow { .. } | Self::TerminalSilent { .. } | Self::RecordsMissing(_) | Self::CardUnused { .. } => {
                None
            }
        };
        Task { what: Waits::Watched(self), whose, since, due }
    }

    /// In a sentence.
    #[must_use]
    pub(super) fn text(&self, telling: &Telling<'_>) -> String {
        let language = telling.language;
        let say = |japanese: String, english: String| match language {
            Language::Japanese => japanese,
            Language::English => english,
        };
        match self {
            Self::LedgerSilent => say("台帳が動作していません".to_string(), "the ledger does not run".to_string()),
            Self::LogStopped(log) => say(
                format!("「{}」のログが停止しています", log.name(Language::Japanese)),
                format!("the log of {} has stopped", log.name(Language::English)),
            ),
            Self::BackupOverdue => say(
                "台帳の検証済みバックアップが期限までに作成されていません".to_string(),
                "no backup of the ledger was verified in time".to_string(),
            ),
            Self::DiskLow { free } => say(
                format!("台帳のディスクの空きが少なくなっています(残り{free} MiB)"),
                format!("the ledger's disk is nearly full: {free} MiB are free"),
            ),
            Self::TerminalSilent { terminal, heard: None } => say(
                format!("端末機 {terminal} からの通信がまだありません"),
                format!("terminal {terminal} has never been heard"),
            ),
            Self::TerminalSilent { terminal, heard: Some(at) } => {
                let at = moment_text(*at, language);
                say(
                    format!("端末機 {terminal} からの最後の通信は {at} です"),
                    format!("terminal {terminal} was last heard at {at}"),
                )
            }
            Self::RecordsMissing(terminal) => say(
                format!("端末機 {terminal} の記録に未着・欠落があります"),
                format!("records of terminal {terminal} are missing"),
            ),
            Self::CertificateEnds { terminal, ends } => {
                let at = moment_text(*ends, language);
                say(
                    format!("端末機 {terminal} の証明書が更新されていません(有効期限 {at})"),
                    format!("the certificate of terminal {terminal} ends {at} and was not renewed"),
                )
            }
            Self::CardUnused { card, operator, used } => {
                let (number, who) = (telling.card(card), (telling.person)(operator));
                match used.map(|at| moment_text(at, language)) {
                    Some(at) => say(
                        format!("カード {number}({who})は2週間以上使用されていません(最後の使用 {at})"),
                        format!("card {number} of {who} was not used for two weeks, last {at}"),
                    ),
                    None => say(
                        format!("カード {number}({who})は2週間以上使用されていません(使用の記録なし)"),
                        format!("card {number} of {who} was not used for two weeks, nor since it was given"),
                    ),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn each_comes_back_from_its_words_and_what_is_new_is_passed_over() {
        let terminal = || Code::new("jumin-1").unwrap();
        let all: Vec<Watched> = [
            Watched::LedgerSilent,
            Watched::LogStopped(Log::Casebook),
            Watched::BackupOverdue,
            Watched::DiskLow { free: 7 },
            Watched::TerminalSilent { terminal: terminal(), heard: None },
            Watched::TerminalSilent { terminal: terminal(), heard: Some(9) },
            Watched::RecordsMissing(terminal()),
            Watched::CertificateEnds { terminal: terminal(), ends: 9 },
            Watched::CardUnused { card: CardGuid([7; 16]), operator: terminal(), used: None },
            Watched::CardUnused { card: CardGuid([7; 16]), operator: terminal(), used: Some(9) },
        ]
        .into();
        for watched in all {
            assert_eq!(Watched::of_words(&watched.to_words()), Some(watched));
        }
        let strange = WatchedWords { what: "fan_stopped".to_string(), ..WatchedWords::default() };
        assert_eq!(Watched::of_words(&strange), None);
        let nameless = WatchedWords { what: "records_missing".to_string(), ..WatchedWords::default() };
        assert_eq!(Watched::of_words(&nameless), None);
    }
}
