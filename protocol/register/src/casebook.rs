//! The casebook: proposals that wait for approval, and incidents. Never sent to terminals.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use sekisho_tlog::{Frontier, leaf_hash};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Code, Hash, Numbered};

use crate::act::SignedAct;
use crate::authority::Authority;
use crate::calendar::{fiscal_year, local_day};
use crate::change::{Change, Log, ReportIncident};
use crate::fold::{Register, TERMINAL_ACTS_A_DAY, check_clock, check_recent, decode};
use crate::recovery::is_for_recovery_keys;
use crate::refusal::{FoldRefusal, WrongValue};
use crate::state::{Draft, Trust};
use crate::succession::Successions;
use crate::thing::Thing;

/// What all accepted acts of the casebook together say.
#[derive(Clone, Debug, Default)]
pub struct Casebook {
    frontier: Frontier,
    proposals: BTreeMap<Hash, Proposed>,
    incidents: BTreeMap<Numbered, Incident>,
    filed: BTreeMap<Hash, u64>,
    /// Reports that terminals signed, by terminal and legal day (§R3.9).
    reports: BTreeMap<(Code, u32), u32>,
    /// The largest register that the signer of an accepted entry had seen.
    seen_size: u64,
    successions: Successions,
}

/// A proposal in the casebook.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// Its place in the casebook.
    pub index: u64,
    /// The person who proposed it.
    pub operator: Option<Code>,
    /// The signed proposal: what an approval carries whole.
    pub act: SignedAct,
}

/// A reported incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number: 令和8年度第3号.
    pub number: Numbered,
    /// Its place in the casebook.
    pub index: u64,
    /// When it was reported.
    pub made: u64,
    /// Who reported it.
    pub signer: Signer,
    /// What was reported.
    pub report: ReportIncident,
}

/// What an accepted casebook act is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filed {
    /// A proposal with that id.
    Proposal {
        /// Its id.
        id: Hash,
        /// Its place in the casebook.
        index: u64,
    },
    /// Incidents with the first of their consecutive numbers.
    Incidents {
        /// The first number.
        first: Numbered,
        /// How many.
        count: u32,
        /// Its place in the casebook.
        index: u64,
    },
}

/// An entry that nothing was found against ([`Casebook::look`]). What is left is the word of the register that judges it.
#[must_use]
#[derive(Clone, Debug)]
pub struct Unopposed {
    signed: SignedAct,
    judged_by: u64,
}

impl Unopposed {
    /// The act in it.
    #[must_use]
    pub const fn act(&self) -> &SignedAct {
        &self.signed
    }

    /// The size of that register.
    #[must_use]
    pub const fn judged_by(&self) -> u64 {
        self.judged_by
    }
}

impl Casebook {
    /// The casebook of no entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The casebook of no entries, which went on in place of one that had lost something as often as this register says (§R4.14). Whoever holds the
    /// whole log folds it so: the numbers of incidents go by it.
    #[must_use]
    pub fn of(register: &Register) -> Self {
        let mut casebook = Self { successions: Successions::of(register.successors(Log::Casebook)), ..Self::default() };
        casebook.reach();
        casebook
    }

    /// The size of the register that judges `entry` when it comes next (§R4.9): the largest that its signer, or the signer of an accepted
    /// entry before it, had seen. It stands in the bytes, so everybody who folds the casebook asks the same register, whenever he does; and it never
    /// goes back, so nobody brings a right back by having seen less than those before him.
    #[must_use]
    pub fn judged_by(&self, entry: &[u8]) -> u64 {
        SignedAct::decode(entry).map_or(self.seen_size, |signed| self.seen_size.max(signed.act().seen_size))
    }

    /// Takes the next entry, judged by `register`: signatures, current signers, held posts and routes are its. It must have the size that
    /// [`Self::judged_by`] gives; where the log is shorter than that, the whole log.
    ///
    /// # Errors
    /// [`FoldRefusal`]; then nothing but size and root has changed.
    pub fn fold(&mut self, register: &Register, entry: &[u8]) -> Result<Filed, FoldRefusal> {
        let examined = decode(entry).and_then(|signed| Ok((self.examine(register, &signed)?, signed)));
        let index = self.size();
        self.frontier.append(leaf_hash(entry));
        let filed = examined.map(|(operator, signed)| {
            let filed = self.filed_at(&signed, index);
            self.file(signed, operator, &filed, index);
            filed
        });
        self.reach();
        filed
    }

    /// Looks at an entry that is to come next, at the clock `now`, with all that can be said against it without the register that judges it
    /// ([`Self::judged_by`]): what it holds, its office, what it has seen, its signer's key and right by the `register` in force, and whether a
    /// proposal could take effect on that one, so that its proposer hears so at once, not its approver. The register that judges may have to be folded
    /// for the purpose, and nobody must be able to have that done for nothing: whoever's right has changed since that register signs again over a newer one.
    ///
    /// # Errors
    /// [`FoldRefusal`].
    pub fn look(&self, register: &Register, entry: &[u8], now: u64) -> Result<Unopposed, FoldRefusal> {
        let signed = decode(entry)?;
        self.check_content(register, &signed)?;
        let act = signed.act();
        check_clock(act, now)?;
        check_recent(&signed, now)?;
        self.check_terminal(&signed)?;
        register.check_seen([act].into_iter(), register.size(), Trust::Verify)?;
        // An old date brings no right back.
        let operator = admit(register, &signed, now.max(register.counting(&signed)), Trust::Verify)?;
        let judged_by = self.seen_size.max(act.seen_size);
        for thing in stands_on(register, &signed, operator.as_ref()) {
            register.check_unchanged(thing, judged_by)?;
        }
        admit(register, &signed, register.counting_at(&signed, judged_by), Trust::Stored)?;
        let at = register.position(&signed, act, register.size(), act.seen_size, Trust::Verify);
        let mut draft = Draft::over(&register.state);
        if let Some(home) = operator.as_ref().and_then(|operator| register.operator(operator)?.home()) {
            act.changes.iter().try_for_each(|change| draft.trustee_may_touch(&home.partner, change, at.now))?;
        }
        for change in act.changes.iter().filter(|change| !matches!(change, Change::Incident(_))) {
            draft.apply(change, at)?;
        }
        Ok(Unopposed { signed, judged_by })
    }

    /// Says what [`Self::fold`] would with the register `judge`, and changes nothing.
    ///
    /// # Errors
    /// [`FoldRefusal`].
    pub fn would_accept(&self, judge: &Register, entry: &Unopposed) -> Result<Filed, FoldRefusal> {
        self.examine(judge, &entry.signed)?;
        Ok(self.filed_at(&entry.signed, self.size()))
    }

    /// Entries folded, refused ones included.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root of the casebook's log.
    #[must_use]
    pub fn root(&self) -> Hash {
        Hash(self.frontier.root().0)
    }

    /// A proposal by its id, whatever came of it.
    #[must_use]
    pub fn proposal(&self, id: &Hash) -> Option<&Proposed> {
        self.proposals.get(id)
    }

    /// Proposals that are neither approved in `register` nor expired at `now`, by id.
    pub fn open_proposals(&self, register: &Register, now: u64) -> impl Iterator<Item = (&Hash, &Proposed)> {
        self.proposals
            .iter()
            .filter(move |(id, proposed)| register.act_index(id).is_none() && now < proposed.act.act().expires)
    }

    /// Every incident, by number.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values()
    }

    /// Index of the act with that id.
    #[must_use]
    pub fn act_index(&self, id: &Hash) -> Option<u64> {
        self.filed.get(id).copied()
    }

    /// Who proposes or reports that, if he may.
    fn examine(&self, register: &Register, signed: &SignedAct) -> Result<Option<Code>, FoldRefusal> {
        let (needed, given) = (self.seen_size.max(signed.act().seen_size), register.size());
        if given != needed && signed.act().seen_size <= given {
            return Err(FoldRefusal::RegisterSize { needed, given });
        }
        self.check_content(register, signed)?;
        register.check_seen([signed.act()].into_iter(), register.size(), Trust::Verify)?;
        let operator = admit(register, signed, register.counting(signed), Trust::Verify)?;
        self.check_terminal(signed)?;
        Ok(operator)
    }

    /// For this office and this log, new, and either incidents or a proposal.
    fn check_content(&self, register: &Register, signed: &SignedAct) -> Result<(), FoldRefusal> {
        register.check_envelope(signed, Log::Casebook)?;
        if let Some(index) = self.act_index(&signed.id()) {
            return Err(FoldRefusal::Repeated { index });
        }
        let reports = |change: &Change| matches!(change, Change::Incident(_));
        let changes = &signed.act().changes;
        if changes.iter().any(reports) && !changes.iter().all(reports) {
            return Err(FoldRefusal::NotAProposal);
        }
        let wrong_level = |change: &Change| matches!(change, Change::Incident(report) if report.level > 3);
        if changes.iter().any(wrong_level) {
            return Err(FoldRefusal::ValueWrong(WrongValue::ThreatLevel));
        }
        Ok(())
    }

    /// A terminal's key lies on a disk: it must not be able to fill a log.
    fn check_terminal(&self, signed: &SignedAct) -> Result<(), FoldRefusal> {
        let Signer::Terminal(terminal) = signed.signer() else { return Ok(()) };
        let day = (terminal.clone(), local_day(signed.act().made));
        let most = self.reports.get(&day).is_some_and(|reports| *reports >= TERMINAL_ACTS_A_DAY);
        if most { Err(FoldRefusal::TerminalLimit(terminal.clone())) } else { Ok(()) }
    }

    fn filed_at(&self, signed: &SignedAct, index: u64) -> Filed {
        if !matches!(signed.act().changes.first(), Some(Change::Incident(_))) {
            return Filed::Proposal { id: signed.id(), index };
        }
        let fiscal_year = fiscal_year(signed.act().made);
        let last = last_number(&self.incidents, fiscal_year).max(self.successions.left_out(fiscal_year));
        let number = last.saturating_add(1);
        let count = u32::try_from(signed.act().changes.len()).unwrap_or(u32::MAX);
        Filed::Incidents { first: Numbered { fiscal_year, number }, count, index }
    }

    fn reach(&mut self) {
        let size = self.size();
        let Self { successions, incidents, .. } = self;
        successions.reach(size, |year| last_number(incidents, year));
    }

    fn file(&mut self, signed: SignedAct, operator: Option<Code>, filed: &Filed, index: u64) {
        self.filed.insert(signed.id(), index);
        self.seen_size = self.seen_size.max(signed.act().seen_size);
        if let Signer::Terminal(terminal) = signed.signer() {
            *self.reports.entry((terminal.clone(), local_day(signed.act().made))).or_default() += 1;
        }
        match filed {
            Filed::Proposal { id, .. } => {
                self.proposals.insert(*id, Proposed { index, operator, act: signed });
            }
            Filed::Incidents { first, .. } => {
                let act = signed.act();
                let mut number = *first;
                for change in &act.changes {
                    if let Change::Incident(report) = change {
                        let (made, signer, report) = (act.made, signed.signer().clone(), report.clone());
                        self.incidents.insert(number, Incident { number, index, made, signer, report });
                        number.number = number.number.saturating_add(1);
                    }
                }
            }
        }
    }
}

/// The last number of an incident in that fiscal year; 0 where there is none.
fn last_number(incidents: &BTreeMap<Numbered, Incident>, fiscal_year: u16) -> u32 {
    let last = incidents.keys().rev().find(|number| number.fiscal_year == fiscal_year);
    last.map_or(0, |number| number.number)
}

/// What the signer's right to propose or report that stands on.
fn stands_on(register: &Register, signed: &SignedAct, operator: Option<&Code>) -> Vec<Thing> {
    match signed.signer() {
        Signer::Card(card) => {
            let post = signed.act().post.clone().map(Thing::Post);
            let routes = signed.act().changes.iter().map(|change| Thing::Route(change.class()));
            let person = operator.cloned().map(Thing::Operator);
            let trust = operator.and_then(|operator| register.operator(operator)?.home());
            let trust = trust.map(|home| Thing::Trust(home.partner.clone()));
            [Thing::Card(*card)].into_iter().chain(person).chain(trust).chain(post).chain(routes).collect()
        }
        Signer::Terminal(terminal) => vec![Thing::Terminal(terminal.clone())],
        // They file nothing.
        Signer::Recovery(_) => Vec::new(),
    }
}

/// Whether the signer may propose or report that.
fn admit(register: &Register, signed: &SignedAct, t: u64, trust: Trust) -> Result<Option<Code>, FoldRefusal> {
    let chain = register.chain(signed.clone(), t, trust)?;
    let Some((_, authority)) = chain.first() else { return Err(FoldRefusal::NotAProposal) };
    match authority {
        // A person approves in the register log.
        Authority::Person { .. } if signed.act().proposal.is_some() => Err(FoldRefusal::NotAProposal),
        // What nobody could approve is no proposal.
        Authority::Person { .. } if signed.act().changes.iter().any(is_for_recovery_keys) => {
            Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()))
        }
        Authority::Person { operator, roles } => {
            for change in &signed.act().changes {
                let class = change.class();
                if !register.route_at(class, t).admits_proposer(roles) {
                    return Err(FoldRefusal::NoRoute(class));
                }
            }
            Ok(Some(operator.clone()))
        }
        Authority::Trustee { .. } if signed.act().proposal.is_some() => Err(FoldRefusal::NotAProposal),
        Authority::Trustee { operator, partner } => {
            let act = signed.act();
            act.changes.iter().try_for_each(|change| register.check_entrusted(act, partner, change, t))?;
            Ok(Some(operator.clone()))
        }
        Authority::Terminal(_) => {
            let reports = signed.act().changes.iter().all(|change| matches!(change, Change::Incident(_)));
            if !reports {
                return Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()));
            }
            register.admit(&chain, &signed.act().changes, t).map(|()| None)
        }
        // They wrap each other's acts where the sheets are. One of them alone, out of its safe, must not be able to fill a log.
        Authority::Recovery(_) => Err(FoldRefusal::SignerNotAllowed(signed.signer().clone())),
    }
}
