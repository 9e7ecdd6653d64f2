//! The casebook: proposals that wait for approval, what was said of them, and cases. Never sent to terminals.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use sekisho_tlog::{Frontier, leaf_hash};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Code, Hash, Numbered};

use crate::act::SignedAct;
use crate::calendar::{fiscal_year, local_day};
use crate::cases::{Case, Taken, Written};
use crate::change::{Answer, CaseId, Change, ConnectionState, Field, Log};
use crate::fold::{Register, TERMINAL_ACTS_A_DAY, check_clock, check_recent, decode};
use crate::forms::{Form, people};
use crate::organisation::ByDeputy;
use crate::permission::Asked;
use crate::recovery::is_for_recovery_keys;
use crate::refusal::FoldRefusal;
use crate::role::Role;
use crate::shelved::Shelved;
use crate::state::Trust;
use crate::succession::Successions;
use crate::values::NameHash;

mod admitted;
mod afterwards;
mod filled_in;
mod keeping;
mod rehearsed;
mod standing;

pub(crate) use self::admitted::opening_concerns;

pub use keeping::Keeping;
use rehearsed::would_apply;
use standing::stands_on;

/// What all accepted acts of the casebook together say.
#[derive(Clone, Debug, Default)]
pub struct Casebook {
    frontier: Frontier,
    proposals: Shelved<Hash, Arc<Proposed>>,
    cases: Shelved<CaseId, Arc<Case>>,
    filed: Shelved<Hash, u64>,
    /// Acts of this log that deputies signed, and those of both logs that were looked at since (後閲).
    by_deputy: Shelved<Hash, ByDeputy>,
    reviewed: Shelved<Hash, ()>,
    /// Reports that terminals signed, by terminal and legal day (§R3.9).
    reports: BTreeMap<(Code, u32), u32>,
    /// The largest register that the signer of an accepted entry had seen.
    seen_size: u64,
    /// The newest `made` of an accepted entry that no terminal signed: the casebook's own idea of how late it is at least.
    newest_made: u64,
    successions: Successions,
}

/// A proposal in the casebook.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// Its place in the casebook.
    pub index: u64,
    /// The person who proposed it.
    pub operator: Option<Code>,
    /// The signed proposal: what the approval of the first stage carries whole.
    pub act: SignedAct,
    /// The stages that have approved it, the last one aside, which stands in the register log.
    pub approvals: Vec<ApprovedStage>,
    /// What was said of it that ends it.
    pub answer: Option<Answered>,
}

/// One stage's approval.
#[derive(Clone, Debug)]
pub struct ApprovedStage {
    /// Its place in the casebook.
    pub index: u64,
    /// The person who approved it.
    pub operator: Option<Code>,
    /// The signed approval: what that of the next stage carries whole.
    pub act: SignedAct,
}

/// How a proposal ended without taking effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The place of the answer in the casebook.
    pub index: u64,
    /// Refused or withdrawn.
    pub answer: Answer,
    /// By whom.
    pub operator: Option<Code>,
    /// When.
    pub made: u64,
    /// Why, behind its hash.
    pub reason: Option<NameHash>,
}

impl Proposed {
    /// What the next approval approves, and carries whole: the proposal, or the newest stage's approval of it.
    #[must_use]
    pub fn tip(&self) -> &SignedAct {
        self.approvals.last().map_or(&self.act, |approved| &approved.act)
    }
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
    /// A stage's approval of a proposal.
    Approval {
        /// The proposal.
        proposal: Hash,
        /// Its place in the casebook.
        index: u64,
    },
    /// What opens or takes on cases, or answers to acts.
    Written {
        /// Cases that were opened, in the order of the changes.
        opened: Vec<CaseId>,
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

/// Who signed an entry, and for which roles.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Admitted {
    operator: Option<Code>,
    roles: Vec<Role>,
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
        let filed = examined.map(|(admitted, signed)| {
            let filed = self.filed_at(&signed, index);
            self.file(signed, admitted, &filed, index);
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
        self.check_alive(register, &signed)?;
        let act = signed.act();
        check_clock(act, now)?;
        check_recent(&signed, now)?;
        self.check_terminal(&signed)?;
        register.check_seen([act].into_iter(), register.size(), Trust::Verify)?;
        // An old date brings no right back.
        self.admit(register, &signed, now.max(register.counting(&signed)), Trust::Verify)?;
        let judged_by = self.seen_size.max(act.seen_size);
        stands_on(register, &signed, judged_by)?;
        self.admit(register, &signed, register.counting_at(&signed, judged_by), Trust::Stored)?;
        would_apply(register, &signed, Trust::Verify)?;
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
        self.proposals.get(id).map(Arc::as_ref)
    }

    /// Every proposal, by id, whatever came of it.
    pub fn proposals(&self) -> impl Iterator<Item = (&Hash, &Proposed)> {
        self.proposals.iter().map(|(id, proposed)| (id, proposed.as_ref()))
    }

    /// Proposals that are neither approved in `register`, refused or withdrawn, nor expired at `now`, by id.
    pub fn open_proposals(&self, register: &Register, now: u64) -> impl Iterator<Item = (&Hash, &Proposed)> {
        self.proposals().filter(move |(id, proposed)| {
            register.act_index(id).is_none() && proposed.answer.is_none() && now < proposed.act.act().expires
        })
    }

    /// Whether an act of the register log that approves `tip` approves what stands here of the proposal: its newest stage, and nothing that was
    /// refused or withdrawn. The ledger asks; nobody else who folds the register has the casebook.
    ///
    /// # Errors
    /// [`FoldRefusal::NotAProposal`], [`FoldRefusal::ProposalOver`], [`FoldRefusal::StageTaken`].
    pub fn may_be_approved(&self, proposal: &Hash, tip: &Hash) -> Result<(), FoldRefusal> {
        let proposed = self.proposal(proposal).ok_or(FoldRefusal::NotAProposal)?;
        if let Some(answered) = &proposed.answer {
            return Err(FoldRefusal::ProposalOver { answer: answered.answer, index: answered.index });
        }
        match proposed.approvals.last() {
            _ if proposed.tip().id() == *tip => Ok(()),
            Some(newest) => Err(FoldRefusal::StageTaken { index: newest.index }),
            None => Err(FoldRefusal::NotAProposal),
        }
    }

    /// Whether these changes restore no connection whose stop is not recorded, or not resolved and confirmed since (S1 16): each act that stopped
    /// something that `register` says is stopped still has its open record, and both keys were turned after the newest stop in it. The ledger asks it
    /// of acts of the register log as well, which nobody folds with the casebook. What recovery keys announced and complete waits for no record.
    ///
    /// # Errors
    /// [`FoldRefusal::StopUnrecorded`], [`FoldRefusal::StepMissing`].
    pub fn may_reconnect(&self, register: &Register, changes: &[Change]) -> Result<(), FoldRefusal> {
        let restores =
            |change: &Change| matches!(change, Change::Connection(set) if set.state == ConnectionState::Connected);
        // What was announced holds whatever was written meanwhile (§R3.17): a record that is opened in the wait is no objection.
        if !changes.iter().any(restores) || changes.iter().any(is_for_recovery_keys) {
            return Ok(());
        }
        for stop in register.open_stops() {
            let mut records = self.records_of_stop(register, stop).peekable();
            if records.peek().is_none() {
                return Err(FoldRefusal::StopUnrecorded { stop });
            }
            let mut missing = records.filter_map(|case| Some((case.id, case.missing_for_reconnection()?)));
            if let Some((case, step)) = missing.next() {
                return Err(FoldRefusal::StepMissing { case, step });
            }
        }
        Ok(())
    }

    /// What only the casebook can say of an act for the register log, or of a proposal of one, at `t`: that it restores no connection whose stop is not recorded and
    /// resolved, that its permit was granted, and that the texts that it erases may go. The ledger asks it of each act before it takes it.
    ///
    /// # Errors
    /// [`Self::may_reconnect`], [`Self::permits`], [`Self::may_erase`].
    pub fn may_take(&self, register: &Register, signed: &SignedAct, t: u64) -> Result<(), FoldRefusal> {
        let (source, _) = signed.source().map_err(FoldRefusal::Malformed)?;
        self.may_reconnect(register, &source.act().changes)?;
        register.set_up(signed).map_or(Ok(()), |set_up| self.permits(&set_up, Asked::Before))?;
        self.may_erase(register, &source.act().changes, t)
    }

    /// Open records of a disconnection that name the act at `stop`.
    pub(crate) fn records_of_stop<'c>(
        &'c self,
        register: &'c Register,
        stop: u64,
    ) -> impl Iterator<Item = &'c Case> + 'c {
        let open = self.cases_on(Form::Disconnection).filter(|case| !case.is_closed());
        open.filter(move |case| case.stops(register).any(|named| named == stop))
    }

    /// Every case, by form and number.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().map(|(_, case)| case.as_ref())
    }

    /// Every case on this form, by number.
    pub fn cases_on(&self, form: Form) -> impl Iterator<Item = &Case> {
        let of = |fiscal_year, number| CaseId { form, number: Numbered { fiscal_year, number } };
        self.cases.range(of(0, 0)..=of(u16::MAX, u32::MAX)).map(|(_, case)| case.as_ref())
    }

    /// Whom to call (form 34) while an incident, a call or a disconnection is not over: entries that nobody took out.
    pub fn contacts_beside<'c>(&'c self, case: &Case) -> impl Iterator<Item = &'c Case> + use<'c> {
        let asks =
            matches!(case.id.form, Form::Incident | Form::EmergencyCall | Form::Disconnection) && !case.is_closed();
        self.cases_on(Form::Contact)
            .filter(move |contact| asks && contact.taken(people::CONTACT_ENDED).next().is_none())
    }

    /// A case.
    #[must_use]
    pub fn case(&self, id: &CaseId) -> Option<&Case> {
        self.cases.get(id).map(Arc::as_ref)
    }

    /// Whether what a deputy decided was looked at since by the post's holder (後閲).
    #[must_use]
    pub fn was_reviewed(&self, act: &Hash) -> bool {
        self.reviewed.contains_key(act)
    }

    /// Acts of both logs that deputies signed and the post's holder has not looked at yet.
    pub fn unreviewed<'c>(&'c self, register: &'c Register) -> impl Iterator<Item = (&'c Hash, &'c ByDeputy)> {
        let took_effect = &register.state.by_deputy;
        // A proposal of a deputy that was approved stands in both.
        let here = self.by_deputy.iter().filter(|(act, _)| !took_effect.contains_key(*act));
        took_effect.iter().chain(here).filter(|(act, _)| !self.was_reviewed(act))
    }

    /// Index of the act with that id.
    #[must_use]
    pub fn act_index(&self, id: &Hash) -> Option<u64> {
        self.filed.get(id).copied()
    }

    /// Who proposes, approves or writes that, if he may.
    fn examine(&self, register: &Register, signed: &SignedAct) -> Result<Admitted, FoldRefusal> {
        let (needed, given) = (self.seen_size.max(signed.act().seen_size), register.size());
        if given != needed && signed.act().seen_size <= given {
            return Err(FoldRefusal::RegisterSize { needed, given });
        }
        self.check_content(register, signed)?;
        self.check_alive(register, signed)?;
        register.check_seen([signed.act()].into_iter(), register.size(), Trust::Verify)?;
        let admitted = self.admit(register, signed, register.counting(signed), Trust::Verify)?;
        self.check_terminal(signed)?;
        Ok(admitted)
    }

    /// For this office and this log, new, and either a proposal or what takes effect here.
    fn check_content(&self, register: &Register, signed: &SignedAct) -> Result<(), FoldRefusal> {
        register.check_envelope(signed, Log::Casebook)?;
        if let Some(index) = self.act_index(&signed.id()) {
            return Err(FoldRefusal::Repeated { index });
        }
        let changes = &signed.act().changes;
        let here = changes.iter().filter(|change| change.is_of_the_casebook()).count();
        if here > 0 && here < changes.len() { Err(FoldRefusal::NotAProposal) } else { Ok(()) }
    }

    /// The clock of whoever takes an entry stands in no bytes; what was accepted before it does. Else a server could keep what it refused, and
    /// bring it when its time is long over.
    fn check_alive(&self, register: &Register, signed: &SignedAct) -> Result<(), FoldRefusal> {
        let now = self.newest_made.max(register.newest_made());
        let mut next = Some(signed.clone());
        while let Some(link) = next {
            let expires = link.act().expires;
            if expires <= now {
                return Err(FoldRefusal::Expired { expires, now });
            }
            next = link.proposal().map_err(FoldRefusal::Malformed)?;
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
        if signed.act().proposal.is_some() {
            let proposal = signed.source().map_or_else(|_| signed.id(), |(source, _)| source.id());
            return Filed::Approval { proposal, index };
        }
        if !signed.act().changes.iter().any(Change::is_of_the_casebook) {
            return Filed::Proposal { id: signed.id(), index };
        }
        let year = fiscal_year(signed.act().made);
        let mut opened: Vec<CaseId> = Vec::new();
        for change in &signed.act().changes {
            let Change::Open(case) = change else { continue };
            let here = opened.iter().rev().find(|id| id.form == case.form).map(|id| id.number.number);
            let last = here.unwrap_or_else(|| self.last_number(case.form, year).max(self.successions.left_out(year)));
            let number = Numbered { fiscal_year: year, number: last.saturating_add(1) };
            opened.push(CaseId { form: case.form, number });
        }
        Filed::Written { opened, index }
    }

    fn reach(&mut self) {
        let size = self.size();
        let Self { successions, cases, .. } = self;
        let last = |year| Form::ALL.into_iter().map(|form| last_number(cases, form, year)).max().unwrap_or(0);
        successions.reach(size, last);
    }

    /// The last number of a case on this form in that fiscal year; 0 where there is none.
    fn last_number(&self, form: Form, fiscal_year: u16) -> u32 {
        last_number(&self.cases, form, fiscal_year)
    }

    fn file(&mut self, signed: SignedAct, admitted: Admitted, filed: &Filed, index: u64) {
        self.filed.insert(signed.id(), index);
        self.seen_size = self.seen_size.max(signed.act().seen_size);
        if let Signer::Terminal(terminal) = signed.signer() {
            *self.reports.entry((terminal.clone(), local_day(signed.act().made))).or_default() += 1;
        } else {
            self.newest_made = self.newest_made.max(signed.act().made);
        }
        if let Some(decided) = ByDeputy::of(signed.act(), admitted.operator.as_ref()) {
            self.by_deputy.insert(signed.id(), decided);
        }
        match filed {
            Filed::Proposal { id, .. } => {
                let proposed =
                    Proposed { index, operator: admitted.operator, act: signed, approvals: Vec::new(), answer: None };
                self.proposals.insert(*id, Arc::new(proposed));
            }
            Filed::Approval { proposal, .. } => {
                if let Some(proposed) = self.proposals.get_mut(proposal) {
                    Arc::make_mut(proposed).approvals.push(ApprovedStage {
                        index,
                        operator: admitted.operator,
                        act: signed,
                    });
                }
            }
            Filed::Written { opened, .. } => self.write(&signed, &admitted, opened, index),
        }
    }

    fn write(&mut self, signed: &SignedAct, admitted: &Admitted, opened: &[CaseId], index: u64) {
        let written = |fields: &[Field]| Written {
            index,
            act: signed.id(),
            made: signed.act().made,
            signer: signed.signer().clone(),
            operator: admitted.operator.clone(),
            post: signed.act().post.clone(),
            as_deputy: signed.act().as_deputy,
            paper: signed.act().paper.clone(),
            roles: admitted.roles.clone(),
            fields: fields.to_vec(),
        };
        let mut opened = opened.iter();
        for change in &signed.act().changes {
            if let Change::Open(open) = change
                && let Some(id) = opened.next()
            {
                let case = Case { id: *id, opened: written(&open.fields), steps: Vec::new() };
                self.cases.insert(*id, Arc::new(case));
            }
            if let Change::Step(step) = change
                && let Some(case) = self.cases.get_mut(&step.case)
            {
                Arc::make_mut(case).steps.push(Taken { step: step.step, written: written(&step.fields) });
            }
            let Change::Answer(answer) = change else { continue };
            if answer.answer == Answer::Reviewed {
                self.reviewed.insert(answer.act, ());
            } else if let Some(proposed) = self.proposals.get_mut(&answer.act) {
                let (operator, made) = (admitted.operator.clone(), signed.act().made);
                Arc::make_mut(proposed).answer =
                    Some(Answered { index, answer: answer.answer, operator, made, reason: answer.reason });
            }
        }
    }
}

fn last_number(cases: &Shelved<CaseId, Arc<Case>>, form: Form, fiscal_year: u16) -> u32 {
    let of = |number| CaseId { form, number: Numbered { fiscal_year, number } };
    cases.range(of(0)..=of(u32::MAX)).next_back().map_or(0, |(id, _)| id.number.number)
}
