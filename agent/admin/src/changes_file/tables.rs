//! The tables of a file of changes, as TOML writes them (README, "The file of changes").

use sekisho_register::Title;
use sekisho_register::change::{
    CardKind, CardState, OperatorState, PersonClass, SectionState, StateReason, TerminalKind, TerminalUse, UseState,
    Witness,
};
use sekisho_register::incidents::Severity;
use sekisho_register::policy::TwoTerminals;
use sekisho_register::role::{Class, Role};
use sekisho_wire::decision::Level;
use sekisho_wire::id::{CardGuid, Code, Numbered, ReaderIdentity};
use sekisho_wire::pin_policy::{Alphabet, FirstUse};
use serde::Deserialize;

use crate::config_text::{Confirmation, Dated, Minute, PinTime, Stage, TemplateSet, Text};

/// Everything such a file can hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ChangesFile {
    /// Only in the file that founds an office.
    pub(crate) office: Option<OfficeTable>,
    /// Only in the file that founds an office.
    pub(crate) administrator: Vec<AdministratorTable>,
    pub(super) section: Vec<SectionTable>,
    pub(super) post: Vec<PostTable>,
    pub(super) hold_post: Vec<HoldPostTable>,
    pub(super) leave_post: Vec<LeavePostTable>,
    pub(super) function: Vec<FunctionTable>,
    pub(super) purpose: Vec<PurposeTable>,
    pub(super) operator: Vec<OperatorTable>,
    pub(super) operator_state: Vec<OperatorStateTable>,
    pub(super) profile: Vec<ProfileTable>,
    pub(super) withdraw_profile: Vec<WithdrawProfileTable>,
    pub(super) qualification: Vec<QualificationTable>,
    pub(super) end_qualification: Vec<EndQualificationTable>,
    pub(super) card_state: Vec<CardStateTable>,
    pub(super) activate_card: Vec<ActivateCardTable>,
    pub(super) terminal: Vec<TerminalTable>,
    pub(super) terminal_state: Vec<TerminalStateTable>,
    pub(super) hours: Vec<HoursTable>,
    pub(super) calendar: Option<CalendarTable>,
    pub(super) permit: Vec<PermitTable>,
    pub(super) end_permit: Vec<EndPermitTable>,
    pub(super) route: Vec<RouteTable>,
    pub(super) policy: Option<PolicyTable>,
    pub(super) witnesses: Option<WitnessesTable>,
}

/// The office to be founded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfficeTable {
    /// Its name.
    pub(crate) title: Text<Title>,
    /// 全国地方公共団体コード.
    pub(crate) jurisdiction: Text<Code>,
    /// Keys on paper for the safe.
    pub(crate) recovery: RecoveryTable,
}

/// How many recovery keys there are, and how many of them together may act.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoveryTable {
    /// How many are needed.
    pub(crate) needed: u8,
    /// How many are made.
    pub(crate) keys: u8,
}

/// An administrator named by the founding act.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdministratorTable {
    /// The person.
    pub(crate) operator: Text<Code>,
    /// The person's name.
    pub(crate) name: String,
    /// The post.
    pub(crate) post: Text<Code>,
    /// What kind of card; a business card unless said otherwise.
    pub(crate) kind: Option<Text<CardKind>>,
    /// Until when the card holds; the end of the fiscal year after this one unless said otherwise.
    pub(crate) to: Option<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SectionTable {
    pub(super) section: Text<Code>,
    pub(super) title: Text<Title>,
    pub(super) state: Option<Text<SectionState>>,
    pub(super) from: Option<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PostTable {
    pub(super) post: Text<Code>,
    pub(super) title: Text<Title>,
    pub(super) roles: Vec<Text<Role>>,
    pub(super) section: Option<Text<Code>>,
    pub(super) keeper: Option<Text<Code>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldPostTable {
    pub(super) post: Text<Code>,
    pub(super) operator: Text<Code>,
    pub(super) from: Option<Dated>,
    pub(super) to: Option<Dated>,
    #[serde(default)]
    pub(super) deputy: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeavePostTable {
    pub(super) post: Text<Code>,
    pub(super) operator: Text<Code>,
    pub(super) from: Option<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionTable {
    pub(super) function: Text<Code>,
    pub(super) title: Text<Title>,
    pub(super) level: Option<Text<Level>>,
    #[serde(default)]
    pub(super) purpose_required: bool,
    #[serde(default)]
    pub(super) essential: bool,
    pub(super) terminal_kind: Option<Text<TerminalKind>>,
    #[serde(default)]
    pub(super) applications: Vec<Text<Code>>,
    pub(super) state: Option<Text<UseState>>,
    #[serde(default)]
    pub(super) management: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurposeTable {
    pub(super) purpose: Text<Code>,
    pub(super) title: Text<Title>,
    #[serde(default)]
    pub(super) functions: Vec<Text<Code>>,
    pub(super) state: Option<Text<UseState>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorTable {
    pub(super) operator: Text<Code>,
    pub(super) name: String,
    pub(super) class: Option<Text<PersonClass>>,
    pub(super) section: Text<Code>,
    pub(super) from: Option<Dated>,
    pub(super) to: Option<Dated>,
    #[serde(default)]
    pub(super) terminals: Vec<Text<Code>>,
    #[serde(default)]
    pub(super) sections: Vec<Text<Code>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorStateTable {
    pub(super) operator: Text<Code>,
    pub(super) state: Text<OperatorState>,
    pub(super) reason: Option<Text<StateReason>>,
    pub(super) from: Option<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileTable {
    pub(super) operator: Text<Code>,
    pub(super) profile: Text<Code>,
    pub(super) functions: Vec<Text<Code>>,
    pub(super) from: Option<Dated>,
    pub(super) to: Option<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawProfileTable {
    pub(super) operator: Text<Code>,
    pub(super) profile: Text<Code>,
    pub(super) from: Option<Dated>,
}

/// That a person qualifies for cards: `kinds = ["business"]`, `by = "研修 令和8年度"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QualificationTable {
    pub(super) operator: Text<Code>,
    pub(super) kinds: Vec<Text<CardKind>>,
    pub(super) by: Text<Title>,
    pub(super) from: Option<Dated>,
    pub(super) to: Option<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndQualificationTable {
    pub(super) operator: Text<Code>,
    pub(super) from: Option<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardStateTable {
    pub(super) card: Text<CardGuid>,
    pub(super) state: Text<CardState>,
    pub(super) reason: Option<Text<StateReason>>,
    pub(super) from: Option<Dated>,
    pub(super) disposal: Option<DisposalTable>,
}

/// How a card was destroyed: `disposal = { on = 2026-12-01, method = "裁断", by = "20001", witness = "20002" }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DisposalTable {
    pub(super) on: Dated,
    pub(super) method: Text<Title>,
    pub(super) by: Text<Code>,
    pub(super) witness: Option<Text<Code>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivateCardTable {
    pub(super) card: Text<CardGuid>,
    pub(super) operator: Text<Code>,
    #[serde(default)]
    pub(super) profiles: Vec<Text<Code>>,
    pub(super) from: Option<Dated>,
    pub(super) to: Dated,
    pub(super) reason: Text<Code>,
}

/// What is left out stays as it is: a key cannot be given here, so the terminal must be registered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TerminalTable {
    pub(super) terminal: Text<Code>,
    pub(super) kind: Option<Text<TerminalKind>>,
    pub(super) section: Option<Text<Code>>,
    pub(super) responsible: Option<Text<Code>>,
    pub(super) functions: Option<Vec<Text<Code>>>,
    pub(super) readers: Option<Vec<Text<ReaderIdentity>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TerminalStateTable {
    pub(super) terminal: Text<Code>,
    pub(super) state: Text<TerminalUse>,
    pub(super) from: Option<Dated>,
}

/// Days that are not named are closed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoursTable {
    pub(super) terminal: Option<Text<Code>>,
    pub(super) monday: Option<[Minute; 2]>,
    pub(super) tuesday: Option<[Minute; 2]>,
    pub(super) wednesday: Option<[Minute; 2]>,
    pub(super) thursday: Option<[Minute; 2]>,
    pub(super) friday: Option<[Minute; 2]>,
    pub(super) saturday: Option<[Minute; 2]>,
    pub(super) sunday: Option<[Minute; 2]>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct CalendarTable {
    pub(super) closed: Vec<Dated>,
    pub(super) open: Vec<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PermitTable {
    pub(super) operators: Vec<Text<Code>>,
    pub(super) terminals: Vec<Text<Code>>,
    #[serde(default)]
    pub(super) functions: Vec<Text<Code>>,
    pub(super) from: Dated,
    pub(super) to: Dated,
    pub(super) reason: Text<Code>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndPermitTable {
    pub(super) permit: Text<Numbered>,
    pub(super) from: Option<Dated>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteTable {
    pub(super) class: Text<Class>,
    pub(super) proposers: Vec<Text<Role>>,
    #[serde(default)]
    pub(super) approvers: Vec<Text<Stage>>,
    #[serde(default = "yes")]
    pub(super) distinct: bool,
}

/// All witnesses from now on: verifier keys, as `sekisho-ledger witness key` prints them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WitnessesTable {
    pub(super) keys: Vec<Text<Witness>>,
    pub(super) needed: u8,
}

const fn yes() -> bool {
    true
}

/// A kind of incidents of the office's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentKindTable {
    pub(super) kind: Text<Code>,
    pub(super) title: Text<Title>,
    pub(super) severity: Text<Severity>,
}

/// What is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PolicyTable {
    pub(super) idle_seconds: Option<u32>,
    pub(super) session_seconds: Option<u32>,
    pub(super) freshness_seconds: Option<u32>,
    pub(super) pin_tries: Option<u8>,
    pub(super) pin_alphabet: Option<Text<Alphabet>>,
    pub(super) pin_minimum: Option<u8>,
    pub(super) pin_history: Option<u8>,
    pub(super) pin_first_use: Option<Text<FirstUse>>,
    pub(super) pin_lasts: Option<Text<PinTime>>,
    pub(super) hours_enforced: Option<bool>,
    pub(super) out_of_hours_kinds: Option<Vec<Text<CardKind>>>,
    pub(super) rest_after_seconds: Option<u32>,
    pub(super) rest_seconds: Option<u32>,
    pub(super) daily_seconds: Option<u32>,
    pub(super) keep_sealed_days: Option<u16>,
    pub(super) recovery_wait_seconds: Option<u32>,
    pub(super) hear_percent: Option<u8>,
    pub(super) qualified_kinds: Option<Vec<Text<CardKind>>>,
    pub(super) permitted_classes: Option<Vec<Text<Class>>>,
    pub(super) incident_kinds: Option<Vec<IncidentKindTable>>,
    pub(super) confirmations: Option<Vec<Text<Confirmation>>>,
    pub(super) templates: Option<Text<TemplateSet>>,
    pub(super) two_terminals: Option<Text<TwoTerminals>>,
    pub(super) retention_access_years: Option<u8>,
    pub(super) retention_operation_years: Option<u8>,
    pub(super) retention_administration_years: Option<u8>,
}
