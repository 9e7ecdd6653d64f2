//! The file that `apply` and `found` read: a list of changes, in the office's words (README, "The file of changes").

#[cfg(test)]
mod everyday;
mod tables;

use std::path::{Path, PathBuf};

use sekisho_register::calendar::{Date, day_of_date, fiscal_year, moment};
use sekisho_register::change::{
    ActivateCard, Change, Designate, Disposal, EndPermit, EndQualification, GivePermit, GiveProfile, HoldPost,
    LeavePost, OpenSpan, PersonClass, Qualify, SectionState, SetCalendar, SetCardState, SetFunction, SetHours,
    SetOperatorState, SetPolicy, SetPost, SetPurpose, SetRoute, SetSection, SetTerminal, SetTerminalState,
    SetWitnesses, StateReason, UseState, WithdrawProfile,
};
use sekisho_register::incidents::OwnKind;
use sekisho_register::{NameHash, Policy, Register};
use sekisho_wire::decision::Level;
use sekisho_wire::id::Salt;

pub(crate) use self::tables::{AdministratorTable, ChangesFile, OfficeTable, RecoveryTable};
use self::tables::{HoursTable, IncidentKindTable, PolicyTable, TerminalTable};
use crate::config_text::{Dated, MAX_FILE, Minute, parse, plain};
use crate::dates::Edge;
use crate::error::{AdminError, Said, Thing};
use crate::name::{Name, is_a_name};
use crate::random;

impl PolicyTable {
    fn over(&self, mut policy: Policy) -> Policy {
        fn set<T: Copy>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut policy.idle_seconds, self.idle_seconds);
        set(&mut policy.session_seconds, self.session_seconds);
        set(&mut policy.freshness_seconds, self.freshness_seconds);
        set(&mut policy.pin_tries, self.pin_tries);
        set(&mut policy.pin.alphabet, self.pin_alphabet.as_ref().map(|text| text.0));
        set(&mut policy.pin.minimum, self.pin_minimum);
        set(&mut policy.pin.history, self.pin_history);
        set(&mut policy.pin.first_use, self.pin_first_use.as_ref().map(|text| text.0));
        set(&mut policy.pin_lasts, self.pin_lasts.as_ref().map(|text| text.0.0));
        set(&mut policy.hours_enforced, self.hours_enforced);
        set(&mut policy.rest_after_seconds, self.rest_after_seconds);
        set(&mut policy.rest_seconds, self.rest_seconds);
        set(&mut policy.daily_seconds, self.daily_seconds);
        set(&mut policy.keep_sealed_days, self.keep_sealed_days);
        set(&mut policy.recovery_wait_seconds, self.recovery_wait_seconds);
        set(&mut policy.hear_percent, self.hear_percent);
        set(&mut policy.two_terminals, self.two_terminals.as_ref().map(|text| text.0));
        set(&mut policy.retention_years.access, self.retention_access_years);
        set(&mut policy.retention_years.operation, self.retention_operation_years);
        set(&mut policy.retention_years.administration, self.retention_administration_years);
        if let Some(kinds) = &self.out_of_hours_kinds {
            policy.out_of_hours_kinds = sorted(plain(kinds));
        }
        if let Some(kinds) = &self.qualified_kinds {
            policy.qualified_kinds = sorted(plain(kinds));
        }
        if let Some(classes) = &self.permitted_classes {
            policy.permitted_classes = sorted(plain(classes));
        }
        if let Some(kinds) = &self.incident_kinds {
            policy.incident_kinds = own_kinds(kinds);
        }
        if let Some(what) = &self.confirmations {
            policy.confirmations = sorted(what.iter().map(|what| what.0.0).collect());
        }
        if let Some(templates) = &self.templates {
            policy.templates = templates.0.0;
        }
        policy
    }
}

fn own_kinds(tables: &[IncidentKindTable]) -> Vec<OwnKind> {
    let kind = |table: &IncidentKindTable| OwnKind {
        code: table.kind.0.clone(),
        title: table.title.0.clone(),
        severity: table.severity.0,
    };
    let mut kinds: Vec<OwnKind> = tables.iter().map(kind).collect();
    kinds.sort_by(|a, b| a.code.cmp(&b.code));
    kinds
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}

/// Makes changes: knows the time, the register as it stands, and collects the names that travel beside the act.
#[derive(Debug)]
pub(crate) struct Drafter<'a> {
    register: &'a Register,
    now: u64,
    /// Names behind the hashes in the changes.
    pub names: Vec<Name>,
}

impl<'a> Drafter<'a> {
    /// For acts over this register, made now.
    #[must_use]
    pub(crate) const fn new(register: &'a Register, now: u64) -> Self {
        Self { register, now, names: Vec::new() }
    }

    /// From this date on; without one from now on.
    #[must_use]
    pub(crate) fn from(&self, date: Option<Dated>) -> u64 {
        date.map_or(self.now, |date| date.0.moment(Edge::From))
    }

    /// From this date until that one has passed; without an end until the fiscal year has in which it begins.
    #[must_use]
    pub(crate) fn period(&self, from: Option<Dated>, to: Option<Dated>) -> (u64, u64) {
        let from = self.from(from);
        (from, to.map_or_else(|| end_of_fiscal_year(from, 0), |date| date.0.moment(Edge::Until)))
    }

    /// The hash of a name, salted; the name itself goes beside the act.
    ///
    /// # Errors
    /// When the name would not show as it is written; when there are no random bytes.
    pub(crate) fn name(&mut self, text: &str) -> Result<NameHash, AdminError> {
        if !is_a_name(text) {
            let value = text.escape_default().to_string();
            let rule = Said::new(
                "1 to 64 characters, no blank at either end, nothing that does not show",
                "1〜64文字で、前後に空白がなく、見えない文字を含まないこと",
            );
            return Err(AdminError::Argument { name: "name", value, rule });
        }
        let salt = Salt(random::bytes()?);
        self.names.push(Name { salt, text: text.to_owned() });
        Ok(NameHash::of(&salt, text))
    }
}

/// The end of the fiscal year of `now`, or of so many years later: 1 April, 0:00.
pub(crate) fn end_of_fiscal_year(now: u64, later: u16) -> u64 {
    moment(day_of_date(Date { year: fiscal_year(now) + 1 + later, month: 4, day: 1 }), 0)
}

/// Reads a file of changes; gives its text too.
///
/// # Errors
/// When it cannot be read, or a [`crate::error::ConfigError`] with line and key.
pub(crate) fn read(path: &Path) -> Result<(ChangesFile, String), AdminError> {
    let fail = |cause| AdminError::File { path: path.to_owned(), cause };
    let size = std::fs::metadata(path).map_err(fail)?.len();
    if size > MAX_FILE {
        return Err(AdminError::TooLarge);
    }
    let text = std::fs::read_to_string(path).map_err(fail)?;
    Ok((parse(path, &text)?, text))
}

impl ChangesFile {
    /// The policy that the file asks for.
    #[must_use]
    pub(crate) fn whole_policy(&self) -> Policy {
        self.policy.as_ref().map_or_else(Policy::default, |table| table.over(Policy::default()))
    }

    /// The policy to begin with: what is set up with the founding is there before anybody can grant a permit.
    #[must_use]
    pub(crate) fn founding_policy(&self) -> Policy {
        Policy { permitted_classes: Vec::new(), ..self.whole_policy() }
    }

    /// What ends the setting up: from then on acts name their permits, where the file asks for that.
    #[must_use]
    pub(crate) fn permits_from_here(&self) -> Option<Change> {
        let policy = self.whole_policy();
        (!policy.permitted_classes.is_empty()).then_some(Change::Policy(SetPolicy { policy }))
    }

    /// Refuses what only the founding file holds.
    ///
    /// # Errors
    /// [`AdminError::Argument`].
    pub(crate) fn expect_no_founding(&self, path: &Path) -> Result<(), AdminError> {
        if self.office.is_none() && self.administrator.is_empty() {
            return Ok(());
        }
        Err(AdminError::Argument {
            name: "file",
            value: PathBuf::from(path).display().to_string(),
            rule: Said::new(
                "it holds 'office' or 'administrator', which only 'found' can use",
                "「found」だけが使える office か administrator が含まれています",
            ),
        })
    }

    /// The changes in an order in which each finds what it needs: sections before posts, functions before profiles, and so on.
    ///
    /// # Errors
    /// [`AdminError::Unknown`] for a terminal that is not registered.
    pub(crate) fn changes(&self, with_policy: PolicyUse, drafter: &mut Drafter<'_>) -> Result<Vec<Change>, AdminError> {
        let mut changes = self.organisation(drafter);
        changes.extend(self.functions());
        changes.extend(self.people(drafter)?);
        changes.extend(self.cards(drafter));
        changes.extend(self.places(drafter)?);
        changes.extend(self.times(drafter));
        if let (PolicyUse::Change, Some(table)) = (with_policy, &self.policy) {
            changes.push(Change::Policy(SetPolicy { policy: table.over(drafter.register.policy().clone()) }));
        }
        changes.extend(self.route.iter().map(|table| {
            Change::Route(SetRoute {
                class: table.class.0,
                proposers: sorted(plain(&table.proposers)),
                stages: table.approvers.iter().map(|stage| stage.0.0.clone()).collect(),
                distinct: table.distinct,
            })
        }));
        changes.extend(self.witnesses.iter().map(|table| {
            let mut witnesses = plain(&table.keys);
            witnesses.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
            Change::Witnesses(SetWitnesses { witnesses, needed: table.needed })
        }));
        Ok(changes)
    }

    fn organisation(&self, drafter: &Drafter<'_>) -> Vec<Change> {
        let sections = self.section.iter().map(|table| {
            Change::Section(SetSection {
                section: table.section.0.clone(),
                title: table.title.0.clone(),
                state: table.state.as_ref().map_or(SectionState::Open, |state| state.0),
                effective: drafter.from(table.from),
            })
        });
        let posts = self.post.iter().map(|table| {
            Change::Post(SetPost {
                post: table.post.0.clone(),
                title: table.title.0.clone(),
                roles: sorted(plain(&table.roles)),
                section: table.section.as_ref().map(|section| section.0.clone()),
                keeper: table.keeper.as_ref().map(|keeper| keeper.0.clone()),
            })
        });
        sections.chain(posts).collect()
    }

    fn functions(&self) -> Vec<Change> {
        let functions = self.function.iter().map(|table| {
            Change::Function(SetFunction {
                function: table.function.0.clone(),
                title: table.title.0.clone(),
                level: table.level.as_ref().map_or(Level::Session, |level| level.0),
                purpose_required: table.purpose_required,
                essential: table.essential,
                terminal_kind: table.terminal_kind.as_ref().map(|kind| kind.0),
                applications: plain(&table.applications),
                state: table.state.as_ref().map_or(UseState::InUse, |state| state.0),
                management: table.management,
            })
        });
        let purposes = self.purpose.iter().map(|table| {
            Change::Purpose(SetPurpose {
                purpose: table.purpose.0.clone(),
                title: table.title.0.clone(),
                functions: plain(&table.functions),
                state: table.state.as_ref().map_or(UseState::InUse, |state| state.0),
            })
        });
        functions.chain(purposes).collect()
    }

    fn people(&self, drafter: &mut Drafter<'_>) -> Result<Vec<Change>, AdminError> {
        let mut changes = Vec::new();
        for table in &self.operator {
            let (from, to) = drafter.period(table.from, table.to);
            changes.push(Change::Designate(Box::new(Designate {
                operator: table.operator.0.clone(),
                name: drafter.name(&table.name)?,
                class: table.class.as_ref().map_or(PersonClass::Operator, |class| class.0),
                section: table.section.0.clone(),
                from,
                to,
                terminals: plain(&table.terminals),
                sections: plain(&table.sections),
            })));
        }
        changes.extend(self.operator_state.iter().map(|table| {
            Change::OperatorState(SetOperatorState {
                operator: table.operator.0.clone(),
                state: table.state.0,
                effective: drafter.from(table.from),
                reason: table.reason.as_ref().map_or(StateReason::None, |reason| reason.0),
            })
        }));
        changes.extend(self.profile.iter().map(|table| {
            let (from, to) = drafter.period(table.from, table.to);
            Change::Profile(GiveProfile {
                operator: table.operator.0.clone(),
                profile: table.profile.0.clone(),
                functions: plain(&table.functions),
                from,
                to,
            })
        }));
        changes.extend(self.withdraw_profile.iter().map(|table| {
            Change::WithdrawProfile(WithdrawProfile {
                operator: table.operator.0.clone(),
                profile: table.profile.0.clone(),
                effective: drafter.from(table.from),
            })
        }));
        changes.extend(self.qualification.iter().map(|table| {
            let (from, to) = drafter.period(table.from, table.to);
            Change::Qualify(Box::new(Qualify {
                operator: table.operator.0.clone(),
                kinds: sorted(plain(&table.kinds)),
                ground: table.by.0.clone(),
                from,
                to,
            }))
        }));
        changes.extend(self.end_qualification.iter().map(|table| {
            Change::EndQualification(EndQualification {
                operator: table.operator.0.clone(),
                effective: drafter.from(table.from),
            })
        }));
        changes.extend(self.hold_post.iter().map(|table| {
            Change::HoldPost(HoldPost {
                post: table.post.0.clone(),
                operator: table.operator.0.clone(),
                from: drafter.from(table.from),
                to: table.to.map(|date| date.0.moment(Edge::Until)),
                deputy: table.deputy,
            })
        }));
        changes.extend(self.leave_post.iter().map(|table| {
            Change::LeavePost(LeavePost {
                post: table.post.0.clone(),
                operator: table.operator.0.clone(),
                effective: drafter.from(table.from),
            })
        }));
        Ok(changes)
    }

    fn cards(&self, drafter: &Drafter<'_>) -> Vec<Change> {
        let states = self.card_state.iter().map(|table| {
            Change::CardState(SetCardState {
                card: table.card.0,
                state: table.state.0,
                reason: table.reason.as_ref().map_or(StateReason::None, |reason| reason.0),
                effective: drafter.from(table.from),
                disposal: table.disposal.as_ref().map(|disposal| Disposal {
                    on: disposal.on.0.day,
                    method: disposal.method.0.clone(),
                    person: disposal.by.0.clone(),
                    witness: disposal.witness.as_ref().map(|witness| witness.0.clone()),
                }),
            })
        });
        let activations = self.activate_card.iter().map(|table| {
            Change::ActivateCard(Box::new(ActivateCard {
                card: table.card.0,
                operator: table.operator.0.clone(),
                profiles: plain(&table.profiles),
                from: drafter.from(table.from),
                to: table.to.0.moment(Edge::Until),
                reason: table.reason.0.clone(),
            }))
        });
        states.chain(activations).collect()
    }

    fn places(&self, drafter: &Drafter<'_>) -> Result<Vec<Change>, AdminError> {
        let mut changes = Vec::new();
        for table in &self.terminal {
            let unknown = || AdminError::Unknown { what: Thing::Terminal, code: table.terminal.0.to_string() };
            let now = drafter.register.terminal(&table.terminal.0).ok_or_else(unknown)?.version();
            changes.push(Change::Terminal(Box::new(table.over(now))));
        }
        changes.extend(self.terminal_state.iter().map(|table| {
            Change::TerminalState(SetTerminalState {
                terminal: table.terminal.0.clone(),
                state: table.state.0,
                effective: drafter.from(table.from),
            })
        }));
        Ok(changes)
    }

    fn times(&self, drafter: &Drafter<'_>) -> Vec<Change> {
        let mut changes: Vec<Change> = self.hours.iter().map(|table| Change::Hours(table.hours())).collect();
        changes.extend(self.calendar.as_ref().map(|table| {
            let days = |dates: &[Dated]| sorted(dates.iter().map(|date| date.0.day).collect());
            Change::Calendar(SetCalendar { closed: days(&table.closed), open: days(&table.open) })
        }));
        changes.extend(self.permit.iter().map(|table| {
            Change::Permit(Box::new(GivePermit {
                operators: plain(&table.operators),
                terminals: plain(&table.terminals),
                functions: plain(&table.functions),
                from: table.from.0.moment(Edge::From),
                to: table.to.0.moment(Edge::Until),
                reason: table.reason.0.clone(),
            }))
        }));
        changes.extend(
            self.end_permit.iter().map(|table| {
                Change::EndPermit(EndPermit { permit: table.permit.0, effective: drafter.from(table.from) })
            }),
        );
        changes
    }
}

/// Whether a policy in the file becomes a change; at founding it stands in the founding act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyUse {
    /// It becomes a change.
    Change,
    /// It is in force already.
    Founded,
}

impl TerminalTable {
    fn over(&self, now: &SetTerminal) -> SetTerminal {
        SetTerminal {
            terminal: now.terminal.clone(),
            kind: self.kind.as_ref().map_or(now.kind, |kind| kind.0),
            section: self.section.as_ref().map_or_else(|| now.section.clone(), |section| section.0.clone()),
            responsible: self.responsible.as_ref().map(|post| post.0.clone()).or_else(|| now.responsible.clone()),
            functions: self.functions.as_ref().map_or_else(|| now.functions.clone(), |functions| plain(functions)),
            readers: self.readers.as_ref().map_or_else(|| now.readers.clone(), |readers| plain(readers)),
            key: now.key,
        }
    }
}

impl HoursTable {
    fn hours(&self) -> SetHours {
        let days = [self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday];
        let span = |day: Option<[Minute; 2]>| match day {
            Some([open, close]) => OpenSpan { open: open.0, close: close.0 },
            None => OpenSpan { open: 0, close: 0 },
        };
        SetHours { terminal: self.terminal.as_ref().map(|terminal| terminal.0.clone()), week: days.map(span) }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_register::role::Class;
    use sekisho_wire::words::Language;

    use super::*;

    fn changes_of(text: &str) -> Vec<Change> {
        let file: ChangesFile = parse(Path::new("office.toml"), text).unwrap();
        let register = Register::new();
        let mut drafter = Drafter::new(&register, 1_795_000_000_000);
        file.changes(PolicyUse::Change, &mut drafter).unwrap()
    }

    #[test]
    fn each_change_finds_what_it_needs_before_it() {
        let changes = changes_of(
            r#"
            [[profile]]
            operator = "0012"
            profile = "juki"
            functions = ["juminhyo"]
            [[operator]]
            operator = "0012"
            name = "関守 花子"
            section = "jumin"
            sections = ["jumin"]
            from = 2026-04-01
            to = "令和9年3月31日"
            [[function]]
            function = "juminhyo"
            title = "住民票の写しの交付"
            level = "card"
            purpose_required = true
            [[section]]
            section = "jumin"
            title = "住民課"
            [policy]
            idle_seconds = 60
            [[hours]]
            monday = ["08:30", "17:15"]
            "#,
        );
        let kinds: Vec<Class> = changes.iter().map(Change::class).collect();
        let expected =
            [Class::Organisation, Class::Functions, Class::Operators, Class::Operators, Class::Hours, Class::Policy];
        assert_eq!(kinds, expected);
        let Change::Designate(designation) = &changes[2] else { panic!("{changes:?}") };
        assert_eq!(designation.to - designation.from, 365 * 24 * 60 * 60 * 1000);
        let Change::Hours(hours) = &changes[4] else { panic!("{changes:?}") };
        assert_eq!(hours.week[0], OpenSpan { open: 510, close: 1035 });
        assert_eq!(hours.week[6], OpenSpan { open: 0, close: 0 });
        let Change::Policy(policy) = &changes[5] else { panic!("{changes:?}") };
        assert_eq!((policy.policy.idle_seconds, policy.policy.pin_tries), (60, 5));
    }

    #[test]
    fn what_has_no_end_ends_with_the_fiscal_year() {
        let changes = changes_of("[[profile]]\noperator = 'a'\nprofile = 'p'\nfunctions = []\n");
        let Change::Profile(profile) = &changes[0] else { panic!("{changes:?}") };
        assert_eq!(profile.to, crate::dates::When::parse("2027-03-31").unwrap().moment(Edge::Until));
    }

    #[test]
    fn mistakes_are_named_by_line_and_key() {
        let cases = [
            ("[[section]]\nsection = 'Jumin'\ntitle = 'x'\n", 2, "section.section", "not a code"),
            ("[[section]]\nsection = 'jumin'\ntitle = ''\n", 3, "section.title", "not a title"),
            ("[[section]]\nsection = 'jumin'\n", 1, "section.title", "missing field `title`"),
            (
                "\n[[function]]\nfunction = 'a'\ntitle = 'x'\nlevel = 'pim'\n",
                5,
                "function.level",
                "one of session card pin",
            ),
            ("[[post]]\npost = 'a'\ntitle = 'x'\nroles = ['system_manager', 'king']\n", 4, "post.roles", "not a role"),
            (
                "[[permit]]\noperators = []\nterminals = []\nfrom = 2026-02-30\nto = 2026-03-01\nreason = 'a'\n",
                4,
                "",
                "",
            ),
            (
                "[[permit]]\noperators = []\nterminals = []\nfrom = 'soon'\nto = 2026-03-01\nreason = 'a'\n",
                4,
                "permit.from",
                "not a date",
            ),
            ("[[end_permit]]\npermit = '12'\n", 2, "end_permit.permit", "as in 2026-12"),
            ("[[hours]]\nmonday = ['8 o clock', '17:15']\n", 2, "hours.monday", "not a time of day"),
            ("[policy]\nidle_seconds = 'long'\n", 2, "policy.idle_seconds", "invalid type"),
            ("[policy]\nidle = 3\n", 2, "policy.idle", "unknown field `idle`"),
            ("[[section]\n", 1, "", ""),
            ("[[card_state]]\ncard = 'abc'\nstate = 'revoked'\n", 2, "card_state.card", "hexadecimal"),
        ];
        for (text, line, key, what) in cases {
            let error = parse::<ChangesFile>(Path::new("x.toml"), text).unwrap_err();
            assert_eq!((error.line, error.key.as_str()), (line, key), "{text}: {error}");
            assert!(error.what.in_words(Language::English).contains(what), "{text}: {error}");
            let japanese = error.what.in_words(Language::Japanese);
            assert!(!japanese.is_ascii() && !japanese.contains('\u{1f}'), "{text}: {japanese}");
            assert!(what != "not a date" || !japanese.contains(what), "{text}: {japanese}");
        }
    }
}
