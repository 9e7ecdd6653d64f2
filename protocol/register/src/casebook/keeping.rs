//! Which cases have been kept as long as they have to be, so that their texts may be erased (§R3.25).
//!
//! Terminals have no casebook, so no fold of the register log asks this: whoever folds the casebook asks it of a proposal and each stage, the ledger of the act
//! before it takes it, and `fsck` of all of them afterwards.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use sekisho_wire::id::Numbered;
use sekisho_wire::record::Retention;

use super::Casebook;
use crate::calendar::{DAY_MS, Month, moment};
use crate::cases::{Case, Written};
use crate::change::{CaseId, CaseTexts, Change, Value, texts};
use crate::fold::Register;
use crate::forms::{Form, checks, dealings, people};
use crate::refusal::{FoldRefusal, Stays};
use crate::retention::Order;
use crate::values::NameHash;

/// The cases of a casebook, with what keeps them at some moment.
#[derive(Debug)]
pub struct Keeping<'c> {
    casebook: &'c Casebook,
    register: &'c Register,
    now: u64,
    /// Cases that are not over.
    open: BTreeSet<CaseId>,
    /// What these name.
    named: BTreeMap<CaseId, CaseId>,
    /// Times of which an inspection that is not over looks at everything, or of which a disconnection keeps everything: from, to (included), which.
    times: Vec<(u64, u64, CaseId)>,
    /// Versions of the rules, each with the first moment from which another holds in its place.
    replaced: BTreeMap<CaseId, u64>,
}

impl Case {
    /// The hash of each text in it, ascending.
    #[must_use]
    pub fn texts(&self) -> Vec<NameHash> {
        let all: BTreeSet<NameHash> = self.written().flat_map(|written| texts(&written.fields)).collect();
        all.into_iter().collect()
    }

    /// When somebody wrote in it last.
    #[must_use]
    pub fn last_written(&self) -> u64 {
        self.written().map(|written| written.made).max().unwrap_or(self.opened.made)
    }

    fn written(&self) -> impl Iterator<Item = &Written> {
        [&self.opened].into_iter().chain(self.steps.iter().map(|taken| &taken.written))
    }

    /// The cases that it names.
    fn names(&self) -> impl Iterator<Item = CaseId> + '_ {
        let fields = self.written().flat_map(|written| &written.fields);
        fields.filter_map(|field| if let Value::Case(case) = field.value { Some(case) } else { None })
    }
}

impl Casebook {
    /// What keeps cases at `now`, by this register.
    #[must_use]
    pub fn keeping<'c>(&'c self, register: &'c Register, now: u64) -> Keeping<'c> {
        let mut keeping = Keeping {
            casebook: self,
            register,
            now,
            open: BTreeSet::new(),
            named: BTreeMap::new(),
            times: Vec::new(),
            replaced: self.replaced_rules(),
        };
        for case in self.cases() {
            if keeping.over_since(case).is_none() {
                keeping.open.insert(case.id);
                keeping.named.extend(case.names().map(|named| (named, case.id)));
            }
        }
        let inspections = self.cases_on(Form::Inspection).filter(|case| keeping.open.contains(&case.id));
        let times = inspections.filter_map(|case| {
            let (from, to) = (case.day(checks::INSPECTED_FROM)?, case.day(checks::INSPECTED_TO)?);
            Some((moment(from, 0), moment(to, 0).saturating_add(DAY_MS - 1), case.id))
        });
        keeping.times = times.collect();
        keeping
    }

    /// Whether the texts that these changes erase may go at `now`, and are all that stand in their cases.
    ///
    /// # Errors
    /// [`FoldRefusal::CaseUnknown`], [`FoldRefusal::TextsStay`].
    pub fn may_erase(&self, register: &Register, changes: &[Change], now: u64) -> Result<(), FoldRefusal> {
        let mut erased: Vec<&CaseTexts> = Vec::new();
        for change in changes {
            if let Change::EraseTexts(erase) = change {
                erased.extend(&erase.cases);
            }
        }
        if erased.is_empty() {
            return Ok(());
        }
        let keeping = self.keeping(register, now);
        for CaseTexts { case: id, texts } in &erased {
            let case = self.case(id).ok_or(FoldRefusal::CaseUnknown(*id))?;
            let stays = |why| FoldRefusal::TextsStay { case: *id, why };
            keeping.may_go(case).map_err(stays)?;
            if case.texts() != *texts {
                return Err(stays(Stays::OtherTexts));
            }
        }
        self.stand_nowhere_else(&erased)
    }

    /// A text that was written into two cases under one salt goes with both, or stays.
    fn stand_nowhere_else(&self, erased: &[&CaseTexts]) -> Result<(), FoldRefusal> {
        let cases: BTreeSet<CaseId> = erased.iter().map(|one| one.case).collect();
        let gone: BTreeMap<NameHash, CaseId> =
            erased.iter().flat_map(|one| one.texts.iter().map(|text| (*text, one.case))).collect();
        let others = self.cases().filter(|case| !cases.contains(&case.id));
        let shared = others.flat_map(Case::texts).find_map(|text| gone.get(&text).copied());
        shared.map_or(Ok(()), |case| Err(FoldRefusal::TextsStay { case, why: Stays::OtherTexts }))
    }

    fn replaced_rules(&self) -> BTreeMap<CaseId, u64> {
        let mut replaced = BTreeMap::new();
        for newer in self.cases_on(Form::Rules).filter(|rules| !rules.is_withdrawn()) {
            let (Some(Value::Case(old)), Some(from)) =
                (newer.opened.field(people::RULES_REPLACED), newer.day(people::RULES_FROM))
            else {
                continue;
            };
            let from = moment(from, 0);
            replaced.entry(*old).and_modify(|first: &mut u64| *first = from.min(*first)).or_insert(from);
        }
        replaced
    }
}

impl Keeping<'_> {
    /// Every case that has texts which no act has erased, by form and number.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.casebook.cases().filter(|case| self.register.texts_erased(&case.id).is_none() && !case.texts().is_empty())
    }

    /// The cases whose texts may be erased by now, with these texts.
    #[must_use]
    pub fn due(&self) -> Vec<CaseTexts> {
        let due = self.cases().filter(|case| self.may_go(case).is_ok());
        due.map(|case| CaseTexts { case: case.id, texts: case.texts() }).collect()
    }

    /// From when the texts of a case may go, if nothing else keeps them; nothing while it is not over.
    #[must_use]
    pub fn until(&self, case: &Case) -> Option<u64> {
        let over = self.over_since(case)?;
        Some(self.register.kept_until(Retention::Administration, Month::of(over), self.now))
    }

    /// Whether the texts of a case may go.
    ///
    /// # Errors
    /// Why they stay.
    pub fn may_go(&self, case: &Case) -> Result<(), Stays> {
        if let Some(index) = self.register.texts_erased(&case.id) {
            return Err(Stays::Erased(index));
        }
        let last = self.own_time(case)?;
        let first = case.opened.made;
        if let Some(order) = self.order(case, last) {
            return Err(Stays::Ordered(order.given.order.clone()));
        }
        let open = case.names().find(|named| self.open.contains(named));
        if let Some(by) = open.or_else(|| self.named.get(&case.id).copied()) {
            return Err(Stays::Needed(by));
        }
        let meant = |(from, to, by): &&(u64, u64, CaseId)| *by != case.id && *from <= last && first <= *to;
        self.times.iter().find(meant).map_or(Ok(()), |(_, _, by)| Err(Stays::Needed(*by)))
    }

    /// When it was over, if it was kept long enough since then.
    fn own_time(&self, case: &Case) -> Result<u64, Stays> {
        let over = self.over_since(case).ok_or(Stays::Open)?;
        let until = self.register.kept_until(Retention::Administration, Month::of(over), self.now);
        if self.now < until { Err(Stays::Until(until)) } else { Ok(over) }
    }

    /// Since when nothing can or has to follow in a case.
    fn over_since(&self, case: &Case) -> Option<u64> {
        let last = case.last_written();
        if case.is_closed() {
            return Some(last);
        }
        if case.id.form.definition().closing().is_some() || !case.duties(self.register, self.now).is_empty() {
            return None;
        }
        // What holds for a while is over when it holds no more, whatever still waits.
        let ended = match case.id.form {
            Form::Medium => case.stands(checks::MEDIUM_DISPOSED).then_some(last)?,
            Form::Contact => case.stands(people::CONTACT_ENDED).then_some(last)?,
            Form::Rules => *self.replaced.get(&case.id)?,
            Form::SystemUse if case.stands(dealings::USE_ENDED) => last,
            Form::SystemUse => {
                let granted = case.taken(dealings::USE_PERMITTED).next_back()?;
                moment(granted.written.day(dealings::USE_UNTIL)?, 0).saturating_add(DAY_MS)
            }
            Form::Incident
            | Form::EmergencyCall
            | Form::Disconnection
            | Form::CardRequest
            | Form::CardLoss
            | Form::PinReset
            | Form::Notice
            | Form::CardStock
            | Form::Inspection
            | Form::LogReview
            | Form::ReportRequest
            | Form::Confirmation
            | Form::LeavingCheck
            | Form::LogCheck
            | Form::Visitor
            | Form::RoomEntry
            | Form::Training
            | Form::TerminalUse
            | Form::ExportRequest => last,
        };
        Some(ended.max(last)).filter(|ended| *ended <= self.now)
    }

    /// An order that keeps what the administration wrote in the months of the case, or that was given for an incident which it is, or names.
    fn order(&self, case: &Case, last: u64) -> Option<&Order> {
        let incident = |number: Numbered| CaseId { form: Form::Incident, number };
        let months = Month::of(case.opened.made).0..=Month::of(last).0;
        self.register.orders().find(|order| {
            let about = order.given.incident.map(incident);
            let its_own = about.is_some_and(|about| about == case.id || case.names().any(|named| named == about));
            let keeps = |month| order.keeps(Retention::Administration, Month(month));
            (order.lifted.is_none() && its_own) || months.clone().any(keeps)
        })
    }
}
