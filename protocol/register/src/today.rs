//! 本日の要処理 (§R11.6): what waits for somebody, as register and casebook say it, and beside it what only the ledger's machine knows (silent terminals, backups,
//! disk).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sekisho_wire::id::{CardGuid, Code, Hash};

use crate::calendar::{DAY_MS, local_day, moment};
use crate::casebook::Casebook;
use crate::cases::{Duty, Whose};
use crate::change::{CaseId, OperatorState, TerminalUse, Value};
use crate::fold::Register;
use crate::forms::{Form, checks};
use crate::organisation::Seats;
use crate::role::{Class, Role};
use crate::stock::Count;

mod cards;
mod told;
mod watched;
mod words;

pub use watched::{Watched, WatchedWords};
pub use words::Telling;

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What.
    pub what: Waits,
    /// Whose it is.
    pub whose: Whose,
    /// Since when it waits.
    pub since: u64,
    /// Until when it is to be done.
    pub due: Option<u64>,
}

/// What waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A proposal waits for the approval of its next stage.
    Approval {
        /// The proposal.
        proposal: Hash,
    },
    /// A proposal that nobody can approve any more, since its route was shortened, waits for its proposer to withdraw it.
    Stranded {
        /// The proposal.
        proposal: Hash,
    },
    /// A step of a case.
    Step(Duty),
    /// What a deputy decided waits for the post's holder to look at it (後閲).
    Review {
        /// The act.
        act: Hash,
        /// The post.
        post: Code,
        /// Who decided: not his to look at.
        deputy: Code,
    },
    /// The connection was stopped, and no record of it was begun: nobody was told (S1 14(4)).
    StopUnrecorded,
    /// Nobody confirmed the result of that day, of which the policy asks it (S0 3).
    Unconfirmed {
        /// What, as [`checks::CONFIRMED`] numbers it.
        what: u8,
        /// The day.
        day: u32,
    },
    /// A terminal without anybody who is responsible (S0 7, S3 18(3)).
    NobodyResponsible(Code),
    /// A card is still with somebody whose duty has ended (S1 12(3)).
    Unreturned {
        /// The card.
        card: CardGuid,
        /// With whom it is.
        operator: Code,
    },
    /// A card's own time runs out, or has run out, and it is needed longer: it is a spare or emergency card, or its holder's duty goes on.
    CardEnds {
        /// The card.
        card: CardGuid,
        /// Whose it is; nobody's where it is made for whoever needs it.
        operator: Option<Code>,
        /// When it ends.
        ends: u64,
    },
    /// A designation runs out, or has run out, and was not renewed (S4 7).
    Unrenewed {
        /// The person.
        operator: Code,
        /// When it ends.
        ends: u64,
    },
    /// Nobody wrote down within a year that the person took part in a training (S1 19).
    Untrained(Code),
    /// A card or a permission was changed, and nobody wrote down that its holder was told (S4 11(4)).
    NotTold {
        /// The person.
        operator: Code,
        /// Index of the act.
        index: u64,
    },
    /// Somebody has not acknowledged a version of the rules of work that is to be known (S4 10(1)(5)(6)).
    Unacknowledged {
        /// The person.
        operator: Code,
        /// The version's case.
        rules: CaseId,
    },
    /// System staff were designated, or ceased to be, and nobody wrote down that the data protection manager was told (S3 10).
    Unreported {
        /// The person.
        operator: Code,
        /// Index of the act.
        index: u64,
    },
    /// Somebody has a card for which the office asks for a qualification, and his runs out or is not there (S4 10(1)(1)).
    Unqualified {
        /// The person.
        operator: Code,
        /// When it ends, or ended; nothing where there never was one.
        ends: Option<u64>,
    },
    /// Cases were kept as long as they had to be, and their texts are still there.
    TextsDue {
        /// How many.
        cases: usize,
    },
    /// A card was blocked because it was reported, and no form about it was begun (S1 12(2)).
    LossUnwritten {
        /// The card.
        card: CardGuid,
        /// Index of the act.
        index: u64,
    },
    /// The last count of blank cards found another number than there should be (S4 10(1)(2)).
    StockDiffers(Count),
    /// What the ledger sees: it is in no log, and the ledger says it beside them.
    Watched(Watched),
}

impl Task {
    /// Whether it should be done by now.
    #[must_use]
    pub fn is_overdue(&self, now: u64) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Whether it is this person's, by his posts at `now`: a holder's at once, a deputy's (代決者) once it has waited for an hour or where nobody holds the post.
    /// What a deputy decided, no deputy looks at, and no other one who decided it: the holder does, or whoever keeps the post's papers from one; and of a proposal nobody approves what he signed before.
    #[must_use]
    pub fn is_for(&self, operator: &Code, register: &Register, casebook: &Casebook, now: u64) -> bool {
        let of_a_holder = |who: &Code| self.whose.is_in(who, Seats::Holders, register, now);
        let may = match &self.what {
            Waits::Approval { proposal } => {
                let proposed = casebook.proposal(proposal);
                proposed.is_some_and(|proposed| register.may_approve_next(proposed, operator, now).is_ok())
            }
            Waits::Review { deputy, .. } => return deputy != operator && of_a_holder(operator),
            Waits::Stranded { .. }
            | Waits::Step(_)
            | Waits::StopUnrecorded
            | Waits::Unconfirmed { .. }
            | Waits::NobodyResponsible(_)
            | Waits::Unreturned { .. }
            | Waits::CardEnds { .. }
            | Waits::Unrenewed { .. }
            | Waits::Untrained(_)
            | Waits::NotTold { .. }
            | Waits::Unacknowledged { .. }
            | Waits::Unreported { .. }
            | Waits::Unqualified { .. }
            | Waits::TextsDue { .. }
            | Waits::LossUnwritten { .. }
            | Waits::StockDiffers(_)
            | Waits::Watched(_) => self.whose.is(operator, register, now),
        };
        may && (of_a_holder(operator) || self.asks_deputies(register, now))
    }

    /// Whether it is deputies' too: it has waited for an hour, or nobody holds the post. What a deputy decided never is.
    #[must_use]
    pub fn asks_deputies(&self, register: &Register, now: u64) -> bool {
        let of_a_holder = |who: &Code| self.whose.is_in(who, Seats::Holders, register, now);
        let mut holders = register.posts().flat_map(|post| post.holders(now)).map(|who| &who.operator);
        let alone = matches!(self.what, Waits::Review { .. });
        !alone && (now >= self.since.saturating_add(ANSWER_MS) || !holders.any(of_a_holder))
    }
}

impl Whose {
    /// Whether anybody can do it in a holder's place now.
    #[must_use]
    pub fn has_deputies(&self, register: &Register, now: u64) -> bool {
        let mut seated = register.posts().flat_map(|post| post.holders(now)).map(|who| &who.operator);
        seated.any(|who| self.is(who, register, now) && !self.is_in(who, Seats::Holders, register, now))
    }

    /// Whether this person is one of those, as holder or deputy, by his posts at `now`, or keeps the papers of one.
    #[must_use]
    pub fn is(&self, operator: &Code, register: &Register, now: u64) -> bool {
        self.is_in(operator, Seats::All, register, now)
    }

    fn is_in(&self, operator: &Code, seats: Seats, register: &Register, now: u64) -> bool {
        let roles = register.roles_in(operator, seats, now);
        let keeps = |post: &Code| {
            let mut held = roles.iter().map(|(held, _)| held);
            held.any(|held| held == post || register.post(post).is_some_and(|post| post.is_kept_by(held, now)))
        };
        // Also for a post whose papers he keeps.
        let any = |asked: &[Role], section: Option<&Code>| {
            roles.iter().any(|(post, role)| asked.contains(role) && reaches(register, post, *role, section, now))
                || register.posts().any(|post| {
                    let counts =
                        |role: &Role| asked.contains(role) && reaches(register, post.code(), *role, section, now);
                    post.roles_at(now).iter().any(counts) && keeps(post.code())
                })
        };
        match self {
            Self::Roles(asked) | Self::Partner(asked, _) => any(asked, None),
            Self::Section(asked, section) => any(asked, Some(section)),
            Self::Post(post) => keeps(post),
            Self::Writer(writer, asked) => writer == operator || any(asked, None),
        }
    }
}

/// Whether a role in this post is one for that section, where one is asked for.
fn reaches(register: &Register, post: &Code, role: Role, section: Option<&Code>, now: u64) -> bool {
    let own = register.post(post).and_then(|post| post.versions().at(now)?.section.as_ref());
    !role.is_of_a_section() || section.is_none_or(|section| own.is_none_or(|own| own == section))
}

/// Everything that waits at `now`, what is due first at the top.
#[must_use]
pub fn today(register: &Register, casebook: &Casebook, now: u64) -> Vec<Task> {
    let mut tasks = Vec::new();
    tasks.extend(approvals(register, casebook, now));
    let steps = casebook.cases().flat_map(|case| case.duties(register, now));
    tasks.extend(steps.map(|duty| Task {
        whose: duty.whose.clone(),
        since: duty.since,
        due: duty.due,
        what: Waits::Step(duty),
    }));
    tasks.extend(reviews(register, casebook));
    tasks.extend(unrecorded_stop(register, casebook));
    tasks.extend(unconfirmed(register, casebook, now));
    tasks.extend(nobody_responsible(register, now));
    tasks.extend(cards::unreturned(register, now));
    tasks.extend(cards::ending(register, now));
    tasks.extend(unrenewed(register, now));
    tasks.extend(told::untrained(register, casebook, now));
    tasks.extend(told::unacknowledged(register, casebook, now));
    tasks.extend(told::not_told(register, casebook, now));
    tasks.extend(told::unreported(register, casebook, now));
    tasks.extend(cards::unqualified(register, now));
    tasks.extend(texts_due(register, casebook, now));
    tasks.extend(cards::unwritten_losses(register, casebook, now));
    tasks.extend(cards::stock_differs(register, casebook, now));
    tasks.sort_by_key(|task| (task.due.unwrap_or(u64::MAX), task.since));
    tasks
}

fn approvals<'a>(register: &'a Register, casebook: &'a Casebook, now: u64) -> impl Iterator<Item = Task> + 'a {
    casebook.open_proposals(register, now).map(move |(id, proposed)| {
        let (since, due) = (proposed.tip().act().made, Some(proposed.act.act().expires));
        // What nobody can approve any more its proposer withdraws.
        let stranded = proposed.act.act().post.clone().filter(|_| register.is_stranded(proposed, now));
        let (what, whose) = match stranded {
            Some(post) => (Waits::Stranded { proposal: *id }, Whose::Post(post)),
            None => (Waits::Approval { proposal: *id }, Whose::Roles(register.next_approvers(proposed, now))),
        };
        Task { what, whose, since, due }
    })
}

fn reviews<'a>(register: &'a Register, casebook: &'a Casebook) -> impl Iterator<Item = Task> + 'a {
    casebook.unreviewed(register).map(|(act, decided)| Task {
        what: Waits::Review { act: *act, post: decided.post.clone(), deputy: decided.operator.clone() },
        whose: Whose::Post(decided.post.clone()),
        since: decided.made,
        due: None,
    })
}

/// Stops that no open record of a disconnection speaks of.
fn unrecorded_stop(register: &Register, casebook: &Casebook) -> Option<Task> {
    let (_, since) = register.stopped_by()?;
    let recorded = |stop: &u64| casebook.records_of_stop(register, *stop).next().is_some();
    let recorded = register.open_stops().iter().all(recorded);
    let whose = Whose::Roles(Form::Disconnection.definition().opened_by.to_vec());
    (!recorded).then_some(Task { what: Waits::StopUnrecorded, whose, since, due: Some(since) })
}

/// Days up to yesterday of which the policy asked for a confirmation, and that have none: a month of them at most.
fn unconfirmed(register: &Register, casebook: &Casebook, now: u64) -> Vec<Task> {
    let today = local_day(now);
    let mut tasks = Vec::new();
    let first = register.policy_since().map_or(today, local_day).max(today.saturating_sub(UNCONFIRMED_DAYS));
    let confirmed: BTreeSet<(u8, u32)> = casebook
        .cases_on(Form::Confirmation)
        .filter_map(|case| {
            let (what, day) = (case.opened.field(checks::CONFIRMED_WHAT)?, case.opened.field(checks::CONFIRMED_DAY)?);
            if let (Value::Choice(what), Value::Day(day)) = (what, day) { Some((*what, *day)) } else { None }
        })
        .collect();
    for day in first..today {
        // Whoever asks from noon on asks of that day.
        let end = moment(day, 0) + DAY_MS;
        let asked = register.policy_at(end - 1).confirmations.iter();
        tasks.extend(asked.filter(|what| !confirmed.contains(&(**what, day))).map(|what| Task {
            what: Waits::Unconfirmed { what: *what, day },
            whose: Whose::Roles([Role::SystemManager, Role::DataProtectionManager, Role::SystemStaff].into()),
            since: end,
            due: Some(end + DAY_MS),
        }));
    }
    tasks
}

fn nobody_responsible(register: &Register, now: u64) -> impl Iterator<Item = Task> + '_ {
    let used = register.terminals().filter(move |terminal| terminal.state(now) != TerminalUse::Retired);
    used.filter_map(move |terminal| {
        let version = terminal.version_at(now)?;
        let since = register.nobody_responsible_since(terminal, now)?;
        let whose = Whose::Section([Role::SystemManager, Role::TerminalManager].into(), version.section.clone());
        let what = Waits::NobodyResponsible(terminal.code().clone());
        Some(Task { what, whose, since, due: None })
    })
}

/// Who works here and has no later designation, from six weeks before the end of the newest to as many after it.
fn unrenewed(register: &Register, now: u64) -> impl Iterator<Item = Task> + '_ {
    register.operators().filter_map(move |operator| {
        let ends = operator.designations().iter().map(|said| said.value.to).max()?;
        let near = ends != u64::MAX && ends <= now + RENEWAL_AHEAD && now < ends.saturating_add(RENEWAL_AHEAD);
        let dismissed = operator.states().iter().any(|said| said.value.0 == OperatorState::Ended);
        let what = Waits::Unrenewed { operator: operator.code().clone(), ends };
        let (whose, since) = (Whose::Roles(CARD_MANAGERS.to_vec()), ends.saturating_sub(RENEWAL_AHEAD));
        (near && !dismissed).then_some(Task { what, whose, since, due: Some(ends) })
    })
}

/// All of them are one task: nobody erases them one by one.
fn texts_due(register: &Register, casebook: &Casebook, now: u64) -> Option<Task> {
    let keeping = casebook.keeping(register, now);
    let due: Vec<u64> =
        keeping.cases().filter(|case| keeping.may_go(case).is_ok()).filter_map(|case| keeping.until(case)).collect();
    let since = *due.iter().min()?;
    let whose = Whose::Roles(register.route_at(Class::Destruction, now).proposers);
    Some(Task { what: Waits::TextsDue { cases: due.len() }, whose, since, due: None })
}

/// The form and number of the case that a task is about.
#[must_use]
pub const fn case_of(task: &Task) -> Option<CaseId> {
    if let Waits::Step(duty) = &task.what { Some(duty.case) } else { None }
}

const CARD_MANAGERS: &[Role] = &[Role::SystemManager, Role::DataProtectionManager, Role::AccessManager];
/// How long what is asked of a holder waits for him alone (ours).
pub const ANSWER_MS: u64 = 60 * 60 * 1000;
/// A month of confirmations that are missing (ours).
const UNCONFIRMED_DAYS: u32 = 31;
/// Six weeks before the end of a designation, and after it (ours): a renewal on 1 April is prepared in February.
const RENEWAL_AHEAD: u64 = 45 * DAY_MS;
/// What lies longer ago nobody is told any more (ours).
const NOTICE_TIME: u64 = 60 * DAY_MS;
