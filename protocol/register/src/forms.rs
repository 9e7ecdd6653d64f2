//! Forms (様式, §R11.2): what each asks for, which steps follow, who takes them, and when they are due. Data: what is done with it stands in `cases`.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Encode};
use sekisho_wire::id::Numbered;
use sekisho_wire::words::Language;

use crate::change::CaseId;
use crate::role::Role;
use crate::wareki::numbered;

pub mod cards;
pub mod checks;
pub mod dealings;
pub mod incident;
pub mod people;
pub mod spans;
pub mod stop;

/// A form. The numbers are our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Form {
    /// 事故報告書 (S3 27).
    #[n(1)]
    Incident,
    /// 緊急時通報受付票.
    #[n(2)]
    EmergencyCall,
    /// 結合停止等記録 (S1 14–16).
    #[n(3)]
    Disconnection,
    /// ICカード貸与申出書.
    #[n(10)]
    CardRequest,
    /// 紛失等届兼再交付申請書 (S1 12(2)).
    #[n(11)]
    CardLoss,
    /// 暗証番号再設定申請書.
    #[n(12)]
    PinReset,
    /// 変更通知 (S4 11(4)).
    #[n(13)]
    Notice,
    /// 在庫の受払.
    #[n(14)]
    CardStock,
    /// 検査(監査)報告書 (S3 34, S4 4(4)).
    #[n(20)]
    Inspection,
    /// アクセスログ確認: the question about one entry, its answer and the verdict.
    #[n(21)]
    LogReview,
    /// 報告の求め (S0 6(1), S2 12(2)).
    #[n(22)]
    ReportRequest,
    /// バックアップ・副本の処理結果の確認 (S0 3(1)(2)).
    #[n(23)]
    Confirmation,
    /// 媒体管理簿 (S3 23).
    #[n(24)]
    Medium,
    /// 退庁時点検表.
    #[n(25)]
    LeavingCheck,
    /// アクセスログ確認表: that a period was looked through, by whom, and what was found.
    #[n(26)]
    LogCheck,
    /// 操作管理簿: visitors and maintenance, with an attendant.
    #[n(30)]
    Visitor,
    /// サーバ設置室入退室管理簿 (S1 9(3)).
    #[n(31)]
    RoomEntry,
    /// 研修計画・受講記録 (S1 19).
    #[n(32)]
    Training,
    /// 執務基準書等の版 (S4 10(1)(5)(6)).
    #[n(33)]
    Rules,
    /// 緊急時連絡網.
    #[n(34)]
    Contact,
    /// 端末機使用簿.
    #[n(35)]
    TerminalUse,
    /// データ(履歴)使用許可申請書・許可証, 受払記録簿 (S4 21, S3 33).
    #[n(40)]
    ExportRequest,
    /// 情報連絡システム利用申請書・許可書 (S2 6).
    #[n(41)]
    SystemUse,
}

/// What a form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Which.
    pub form: Form,
    /// Its name in programs.
    pub name: &'static str,
    /// Its name for people: Japanese, English.
    pub title: Words,
    /// Who may open one.
    pub opened_by: &'static [Role],
    /// What has to be filled in to open one, by key, ascending.
    pub fields: &'static [Blank],
    /// What may or has to follow, by key, ascending.
    pub steps: &'static [Step],
}

/// A field to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blank {
    /// Its key.
    pub key: u8,
    /// Its name in programs.
    pub name: &'static str,
    /// Its name for people.
    pub title: Words,
    /// What may stand in it.
    pub kind: Kind,
    /// Whether it may stay empty.
    pub need: Need,
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Free text.
    Text,
    /// A code of the office's own, of nothing that the register knows.
    Code,
    /// A person.
    Operator,
    /// A section.
    Section,
    /// A post.
    Post,
    /// A terminal.
    Terminal,
    /// A function.
    Function,
    /// Another office.
    Partner,
    /// A card.
    Card,
    /// A moment that has been, when it is written down.
    Past,
    /// A moment.
    Moment,
    /// A day that has been, when it is written down.
    PastDay,
    /// A day.
    Day,
    /// A number.
    Number,
    /// One of these words: number, name in programs, for people.
    Choice(&'static [Choice]),
    /// The number of a document.
    Document,
    /// A case of this form.
    Case(Form),
    /// An act.
    Act,
    /// A record.
    Record,
    /// Roles.
    Roles,
    /// A preservation order that is in force.
    Order,
    /// A kind of incidents: of every office, or of its own ([`crate::incidents`]).
    IncidentKind,
}

/// One of the words that a field offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its number.
    pub number: u8,
    /// Its name in programs.
    pub name: &'static str,
    /// For people.
    pub title: Words,
}

/// Whether a field may stay empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It has to be filled in.
    Must,
    /// It may be left empty.
    May,
}

/// What follows on a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its key.
    pub key: u8,
    /// Its name in programs.
    pub name: &'static str,
    /// Its name for people.
    pub title: Words,
    /// Who may take it; empty: whoever is asked ([`Asked`]).
    pub by: &'static [Role],
    /// Who may where no post of the office holds one of those roles; empty: nobody else.
    pub otherwise: &'static [Role],
    /// Steps that another person has to have taken: who took one of them, for whomever, does not take this. [`OPENING`] is the opening.
    pub distinct: &'static [u8],
    /// Who is asked to take it.
    pub asked: Asked,
    /// What has to be filled in, by key, ascending.
    pub fields: &'static [Blank],
    /// The steps before which it cannot be taken, as far as they were asked for.
    pub after: &'static [u8],
    /// When it is due.
    pub due: Due,
    /// How often.
    pub times: Times,
}

/// Who has to take a step before the case can be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody has to.
    Nobody,
    /// Whoever may.
    WhoMay,
    /// Each of those whom the case has to tell, by role (§R11.4): it acknowledges by card, or from paper by the keeper.
    EachRole,
    /// Whoever may, for each of those whom the case has to tell, by role, once this step was taken: the field of that name says which of them were told (S1 14(4)).
    EachTold(u8, u8),
    /// Whoever may, for each other office that has to hear of it: somebody here writes down when they were told.
    EachPartner,
    /// Whoever may, where the incident is serious (§R11.4).
    WhereSerious,
    /// Whoever may, where this field of the opening holds this word.
    Where(u8, u8),
    /// For each taken step with this key: a finding is put right, a lent thing comes back.
    EachOf(u8),
    /// Whoever holds the post, or a post of the section, that this field of the opening names; nobody where it is empty.
    Field(u8),
    /// Closes the case: whoever may, once everything else that had to be done is.
    Closing,
    /// Nobody; whoever opened it, or may, ends it with a reason as long as none of these steps was taken.
    Withdrawal(&'static [u8]),
}

/// When a step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nobody says.
    Open,
    /// So many minutes after the case was opened.
    Minutes(u32),
    /// On the day that this field of the opening names.
    Field(u8),
    /// On the day that this field of the step names that it is about ([`Asked::EachOf`]).
    StepField(u8),
}

/// How often a step may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Once.
    Once,
    /// Once after each time that this step was taken: what was said before it does not count any more.
    OnceAfter(u8),
    /// As often as needed.
    Many,
    /// As often as needed; what was said before this step was taken last does not count any more.
    ManyAfter(u8),
}

/// The key of what is no step: the opening of the case.
pub const OPENING: u8 = 0;
/// The key of the step that withdraws a case, on every form that has one.
pub const WITHDRAWN: u8 = 60;

/// A name in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(pub &'static str, pub &'static str);

impl Words {
    /// The one in this language.
    #[must_use]
    pub const fn text(self, language: Language) -> &'static str {
        match language {
            Language::Japanese => self.0,
            Language::English => self.1,
        }
    }
}

impl Form {
    /// Every form, by number.
    pub const ALL: [Self; 23] = [
        Self::Incident,
        Self::EmergencyCall,
        Self::Disconnection,
        Self::CardRequest,
        Self::CardLoss,
        Self::PinReset,
        Self::Notice,
        Self::CardStock,
        Self::Inspection,
        Self::LogReview,
        Self::ReportRequest,
        Self::Confirmation,
        Self::Medium,
        Self::LeavingCheck,
        Self::LogCheck,
        Self::Visitor,
        Self::RoomEntry,
        Self::Training,
        Self::Rules,
        Self::Contact,
        Self::TerminalUse,
        Self::ExportRequest,
        Self::SystemUse,
    ];

    /// What it is.
    #[must_use]
    pub const fn definition(self) -> &'static Definition {
        match self {
            Self::Incident => &incident::INCIDENT,
            Self::EmergencyCall => &incident::EMERGENCY_CALL,
            Self::Disconnection => &stop::DISCONNECTION,
            Self::CardRequest => &cards::CARD_REQUEST,
            Self::CardLoss => &cards::CARD_LOSS,
            Self::PinReset => &cards::PIN_RESET,
            Self::Notice => &cards::NOTICE,
            Self::CardStock => &cards::CARD_STOCK,
            Self::Inspection => &checks::INSPECTION,
            Self::LogReview => &checks::LOG_REVIEW,
            Self::ReportRequest => &checks::REPORT_REQUEST,
            Self::Confirmation => &checks::CONFIRMATION,
            Self::Medium => &checks::MEDIUM,
            Self::LeavingCheck => &checks::LEAVING_CHECK,
            Self::LogCheck => &checks::LOG_CHECK,
            Self::Visitor => &people::VISITOR,
            Self::RoomEntry => &people::ROOM_ENTRY,
            Self::Training => &people::TRAINING,
            Self::Rules => &people::RULES,
            Self::Contact => &people::CONTACT,
            Self::TerminalUse => &people::TERMINAL_USE,
            Self::ExportRequest => &dealings::EXPORT_REQUEST,
            Self::SystemUse => &dealings::SYSTEM_USE,
        }
    }

    /// Its name in programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.definition().name
    }

    /// Its name for people.
    #[must_use]
    pub const fn title(self, language: Language) -> &'static str {
        self.definition().title.text(language)
    }

    /// What a step is called for people, by its name in programs.
    #[must_use]
    pub fn step_title(self, step: &str, language: Language) -> &'static str {
        let steps = self.definition().steps.iter();
        steps.clone().find(|known| known.name == step).map_or("", |step| step.title.text(language))
    }

    /// What a field of the form or of one of its steps is called for people, by its name in programs.
    #[must_use]
    pub fn field_title(self, field: &str, language: Language) -> &'static str {
        let definition = self.definition();
        let mut all = definition.fields.iter().chain(definition.steps.iter().flat_map(|step| step.fields));
        all.find(|known| known.name == field).map_or("", |field| field.title.text(language))
    }

    /// The form of that [`Form::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

impl CaseId {
    /// The form and the number, for people: 事故報告書 令和8年度第3号; incident report 2026-3.
    #[must_use]
    pub fn text(self, language: Language) -> String {
        format!("{} {}", self.form.title(language), numbered(self.number, language))
    }
}

/// The name of the form and the number, as programs and command lines write them: `incident-2026-3`.
impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.form.name(), self.number.fiscal_year, self.number.number)
    }
}

impl FromStr for CaseId {
    type Err = NoCase;

    fn from_str(text: &str) -> Result<Self, NoCase> {
        let mut parts = text.rsplitn(3, '-');
        let (number, year, form) = (parts.next(), parts.next(), parts.next());
        let number = number.and_then(|number| number.parse().ok()).filter(|number| *number > 0);
        let year = year.and_then(|year| year.parse().ok());
        match (form.and_then(Form::from_name), year, number) {
            (Some(form), Some(fiscal_year), Some(number)) => {
                Ok(Self { form, number: Numbered { fiscal_year, number } })
            }
            _ => Err(NoCase),
        }
    }
}

/// A text that is no case's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCase;

impl fmt::Display for NoCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a case: form, fiscal year and number, as in incident-2026-3")
    }
}

impl core::error::Error for NoCase {}

impl Definition {
    /// The step with this key.
    #[must_use]
    pub fn step(&self, key: u8) -> Option<&'static Step> {
        self.steps.iter().find(|step| step.key == key)
    }

    /// The step that closes a case, if one does.
    #[must_use]
    pub fn closing(&self) -> Option<&'static Step> {
        self.steps.iter().find(|step| step.asked == Asked::Closing)
    }
}

/// A field that has to be filled in.
pub(crate) const fn must(key: u8, name: &'static str, title: Words, kind: Kind) -> Blank {
    Blank { key, name, title, kind, need: Need::Must }
}

/// A field that may be left empty.
pub(crate) const fn may(key: u8, name: &'static str, title: Words, kind: Kind) -> Blank {
    Blank { key, name, title, kind, need: Need::May }
}

/// A step that may be taken as often as needed, at any time.
pub(crate) const fn step(
    key: u8,
    name: &'static str,
    title: Words,
    by: &'static [Role],
    asked: Asked,
    fields: &'static [Blank],
) -> Step {
    let (otherwise, distinct, after) = (&[], &[], &[]);
    Step { key, name, title, by, otherwise, distinct, asked, fields, after, due: Due::Open, times: Times::Many }
}

/// A step that is taken once.
pub(crate) const fn once(step: Step) -> Step {
    Step { times: Times::Once, ..step }
}

/// A step that is taken once after each time that this one was.
pub(crate) const fn once_after(key: u8, step: Step) -> Step {
    Step { times: Times::OnceAfter(key), ..step }
}

/// A step that is taken as often as needed after each time that this one was.
pub(crate) const fn many_after(key: u8, step: Step) -> Step {
    Step { times: Times::ManyAfter(key), ..step }
}

/// A step that these take where no post of the office holds a role that may.
pub(crate) const fn otherwise(otherwise: &'static [Role], step: Step) -> Step {
    Step { otherwise, ..step }
}

/// A step that is not for a person who took one of these.
pub(crate) const fn distinct(distinct: &'static [u8], step: Step) -> Step {
    Step { distinct, ..step }
}

/// 取下げ: what was opened by mistake, or is no longer asked for, ends with a reason, until one of these steps was taken.
pub(crate) const fn withdrawal(until: &'static [u8]) -> Step {
    const REASON: &[Blank] = &[must(1, "reason", Words("理由", "reason"), Kind::Text)];
    step(WITHDRAWN, "withdraw", Words("取下げ", "withdrawn"), MANAGERS, Asked::Withdrawal(until), REASON)
}

/// A step that is due then.
pub(crate) const fn due(due: Due, step: Step) -> Step {
    Step { due, ..step }
}

/// A step that cannot be taken before these were, as far as they were asked for.
pub(crate) const fn after(after: &'static [u8], step: Step) -> Step {
    Step { after, ..step }
}

/// One of the words of a field.
pub(crate) const fn word(number: u8, name: &'static str, title: Words) -> Choice {
    Choice { number, name, title }
}

/// Whoever answers for the office's security, where it has neither committee nor executive of its own.
pub(crate) const OFFICERS: &[Role] =
    &[Role::ChiefSecurityOfficer, Role::SystemManager, Role::DataProtectionManager, Role::SecurityManager];
/// Whoever answers for the office's data or system.
pub(crate) const MANAGERS: &[Role] = &[
    Role::ChiefSecurityOfficer,
    Role::SystemManager,
    Role::DataProtectionManager,
    Role::AccessManager,
    Role::SecurityManager,
];
/// They, and heads of sections.
pub(crate) const HEADS: &[Role] = &[
    Role::ChiefSecurityOfficer,
    Role::SystemManager,
    Role::DataProtectionManager,
    Role::AccessManager,
    Role::SecurityManager,
    Role::TerminalManager,
    Role::DataHandlingManager,
];
/// Everybody who signs acts of this office.
pub(crate) const ANYBODY: &[Role] = &Role::ALL;
/// What may be written on every form.
pub(crate) const REMARK: Words = Words("備考", "remark");

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(blanks: &[Blank]) -> bool {
        blanks.is_sorted_by(|a, b| a.key < b.key)
    }

    #[test]
    fn every_form_can_be_filled_in_and_closed() {
        for form in Form::ALL {
            let definition = form.definition();
            assert_eq!(definition.form, form);
            assert_eq!(Form::from_name(form.name()), Some(form));
            assert!(ascending(definition.fields) && definition.steps.is_sorted_by(|a, b| a.key < b.key), "{form:?}");
            assert!(!definition.opened_by.is_empty() && definition.opened_by.is_sorted(), "{form:?}");
            for step in definition.steps {
                assert!(ascending(step.fields), "{form:?} {}", step.name);
                assert!(step.after.iter().all(|key| definition.step(*key).is_some()), "{form:?} {}", step.name);
                let known = |key: &u8| *key == OPENING || definition.step(*key).is_some();
                assert!(step.distinct.iter().all(known), "{form:?} {}", step.name);
                match step.asked {
                    Asked::EachOf(key) => assert!(definition.step(key).is_some(), "{form:?} {}", step.name),
                    Asked::EachTold(key, roles) => {
                        assert!(definition.step(key).is_some() && step.fields.iter().any(|blank| blank.key == roles));
                    }
                    Asked::Field(key) => {
                        assert!(definition.fields.iter().any(|blank| blank.key == key), "{form:?} {}", step.name);
                    }
                    Asked::EachRole => assert!(step.by.is_empty(), "{form:?} {}", step.name),
                    Asked::Withdrawal(until) => {
                        assert!(step.key == WITHDRAWN && until.iter().all(|key| definition.step(*key).is_some()));
                    }
                    Asked::Nobody
                    | Asked::WhoMay
                    | Asked::EachPartner
                    | Asked::WhereSerious
                    | Asked::Where(..)
                    | Asked::Closing => {
                        assert!(!step.by.is_empty(), "{form:?} {}", step.name);
                    }
                }
            }
        }
    }
}
