//! Acts: drafted, shown, tried, signed, sent.

use sekisho_register::act::Proposal;
use sekisho_register::casebook::Proposed;
use sekisho_register::change::Log;
use sekisho_register::organisation::Capacity;
use sekisho_register::{Act, Casebook, Change, FoldRefusal, NameHash, SignedAct, are_texts};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Code, Hash};

use super::Desk;
use crate::act_draft::{draft, parts, whole_parts};
use crate::after_some::each;
use crate::clock;
use crate::error::AdminError;
use crate::name::Name;
use crate::persons;
use crate::register_cache::RegisterCache;
use crate::screen::Screen;

/// What became of changes that were submitted.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// They are in force.
    Decided,
    /// They wait for approval.
    Proposed,
}

impl Desk {
    /// Whether the command line says that changes are to be proposed.
    #[must_use]
    pub(crate) const fn proposes(&self) -> bool {
        self.signing.propose
    }

    /// Decides changes, or proposes them when the command line says so.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn submit(&mut self, changes: Vec<Change>, names: &[Name]) -> Result<Submitted, AdminError> {
        if self.signing.propose {
            return self.propose(changes, names);
        }
        self.decide(changes, names)?;
        Ok(Submitted::Decided)
    }

    /// Shows changes as text, has them signed once, and sends them: one act, or as many as the size of acts asks for.
    ///
    /// # Errors
    /// [`AdminError::Declined`]; card, PIN; what the fold refuses.
    pub(crate) fn decide(&mut self, changes: Vec<Change>, names: &[Name]) -> Result<(), AdminError> {
        let parts = parts(changes)?;
        self.log_in()?;
        each(parts, |part| self.decide_part(part, names))
    }

    /// Decides or proposes groups of changes of which none is cut, in as many acts as their size asks for.
    ///
    /// # Errors
    /// As [`Self::decide`]; [`AdminError::AfterSome`].
    pub(crate) fn submit_whole(&mut self, groups: Vec<Vec<Change>>, names: &[Name]) -> Result<(), AdminError> {
        let parts = whole_parts(groups)?;
        self.log_in()?;
        each(parts, |part| {
            if self.signing.propose { self.propose(part, names).map(drop) } else { self.decide_part(part, names) }
        })
    }

    /// One act of changes that fit one.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn decide_part(&mut self, part: Vec<Change>, names: &[Name]) -> Result<(), AdminError> {
        self.log_in()?;
        let act = self.act(Log::Register, part, None)?;
        self.sign_and_send(act, names).map(drop)
    }

    /// Puts changes into the casebook for somebody else to approve.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn propose(&mut self, changes: Vec<Change>, names: &[Name]) -> Result<Submitted, AdminError> {
        let (id, _) = self.file(changes, names)?;
        self.screen.note(
            &format!("proposed: somebody else approves it with 'sekisho-admin approve {id}'"),
            &format!("申請しました。承認は「sekisho-admin approve {id}」で行います"),
        );
        Ok(Submitted::Proposed)
    }

    /// As [`Self::propose`]; the proposal's id, and the proposal as an approval carries it.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn file(&mut self, changes: Vec<Change>, names: &[Name]) -> Result<(Hash, Vec<u8>), AdminError> {
        let [changes]: [Vec<Change>; 1] = parts(changes)?.try_into().map_err(|_| AdminError::ProposalTooLarge)?;
        self.log_in()?;
        let act = self.act(Log::Casebook, changes, None)?;
        self.sign_and_send(act, names)
    }

    /// Signs a proposal that goes to its approver by hand, for the casebook stands still. What can be said against it is said here, as the ledger would.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn sign_proposal(&mut self, change: Change) -> Result<Vec<u8>, AdminError> {
        self.log_in()?;
        let act = self.act(Log::Casebook, vec![change], None)?;
        show(&self.screen, &act, &self.cache, &[]);
        self.screen.confirm("sign this act?", "この処分に署名しますか?")?;
        let (_, entry) = self.sign(&act)?;
        let looked = Casebook::new().look(self.cache.register(), &entry, clock::now());
        looked.map(|_| entry).map_err(AdminError::Fold)
    }

    /// Approves a proposal. Whoever it speaks of must be among `names`: nobody approves a hash.
    ///
    /// # Errors
    /// As [`Self::decide`]; [`AdminError::NameNotShown`].
    pub(crate) fn approve(&mut self, proposal: Vec<u8>, names: &[Name]) -> Result<(), AdminError> {
        self.log_in()?;
        let (source, approvals) = SignedAct::decode(&proposal)?.source()?;
        let changes = &source.act().changes;
        if let Some(operator) = persons::nameless(changes, names) {
            return Err(AdminError::NameNotShown(operator.clone()));
        }
        // Only the last stage's approval takes effect, and brings the names along.
        let last = approvals + 1 >= self.cache.register().stages(changes, clock::now());
        let log = if last { Log::Register } else { Log::Casebook };
        let act = self.act(log, Vec::new(), Some(Proposal(proposal)))?;
        self.sign_and_send(act, names)?;
        if !last {
            self.screen.note(
                "approved for this stage; it takes effect when the last stage approves it ('sekisho-admin proposals')",
                "この段階の承認を記録しました。最後の段階の承認で効力を生じます(sekisho-admin proposals)",
            );
        }
        Ok(())
    }

    /// Writes into the casebook what takes effect there: forms, steps, answers; with the texts beside it.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn write(&mut self, changes: Vec<Change>, texts: &[Name]) -> Result<(), AdminError> {
        self.log_in()?;
        let act = self.act(Log::Casebook, changes, None)?;
        self.sign_and_send(act, texts).map(drop)
    }

    /// Asks the fold what it would say to this change, signed by the card at hand, without signing anything.
    ///
    /// # Errors
    /// [`AdminError::Fold`].
    pub(crate) fn rehearse(&mut self, change: Change) -> Result<(), AdminError> {
        self.log_in()?;
        let act = self.act(Log::Register, vec![change], None)?;
        self.try_unsigned(&act)
    }

    pub(super) fn act(
        &mut self,
        log: Log,
        changes: Vec<Change>,
        proposal: Option<Proposal>,
    ) -> Result<Act, AdminError> {
        let made = clock::now();
        // An approval goes by its proposal's date.
        let effective = if proposal.is_some() { None } else { self.signing.effective_at(made)? };
        Ok(Act {
            post: Some(self.post(made)?),
            as_deputy: self.signing.capacity == Capacity::Deputy,
            request: self.signing.request.clone(),
            agreement: self.signing.agreement.clone(),
            permit: self
                .signing
                .permit
                .filter(|_| proposal.is_none() && changes.iter().any(|change| !change.is_of_the_casebook())),
            changes,
            proposal,
            effective,
            paper: self.signing.paper.clone(),
            ..draft(self.cache.register(), log, made)?
        })
    }

    /// The post to sign for: the one named, or the only one that the card's holder holds.
    fn post(&mut self, now: u64) -> Result<Code, AdminError> {
        if let Some(post) = &self.signing.post {
            return Ok(post.clone());
        }
        let (_, guid) = self.signer.as_ref().ok_or(AdminError::NoReader)?;
        let register = self.cache.register();
        let holder = register.card(guid).and_then(|card| card.holder(now)).ok_or(AdminError::NotASigner(*guid))?;
        let capacity = self.signing.capacity;
        let held: Vec<&Code> = register
            .posts()
            .filter(|post| post.is_held_by(holder.operator, capacity, now))
            .map(|post| post.code())
            .collect();
        match held.as_slice() {
            [only] => Ok((*only).clone()),
            several => Err(AdminError::WhichPost(several.iter().map(ToString::to_string).collect())),
        }
    }

    /// Shows, asks, signs with 9C, checks what the fold would say, sends.
    fn sign_and_send(&mut self, act: Act, names: &[Name]) -> Result<(Hash, Vec<u8>), AdminError> {
        if let Some(settled) = self.settled.iter().find(|settled| settled.is_decided_by(&act, names)) {
            return Err(AdminError::SettledNow(settled.id));
        }
        show(&self.screen, &act, &self.cache, names);
        // Nobody is asked to sign what would be refused.
        if act.log == Log::Register {
            self.try_unsigned(&act)?;
        }
        self.screen.confirm("sign this act?", "この処分に署名しますか?")?;
        self.send_confirmed(act, names)
    }

    /// Asks the fold what it would say to this act, were it signed by the card at hand. Whose clock is right, the ledger says.
    fn try_unsigned(&self, act: &Act) -> Result<(), AdminError> {
        let (_, guid) = self.signer.as_ref().ok_or(AdminError::NoReader)?;
        let entry = act.to_be_signed(&Signer::Card(*guid)).finish([0; 64]);
        let mut register = self.cache.register().clone();
        match register.fold_unsigned(&entry) {
            Ok(_) | Err(FoldRefusal::MadeInFuture { .. } | FoldRefusal::Expired { .. }) => Ok(()),
            Err(refusal) => Err(AdminError::Fold(refusal)),
        }
    }

    /// Asks the fold whether whoever holds the card at hand may approve a proposal next.
    ///
    /// # Errors
    /// [`AdminError::Fold`].
    pub(crate) fn try_approval(&mut self, proposed: &Proposed) -> Result<(), AdminError> {
        self.log_in()?;
        let (_, guid) = self.signer.as_ref().ok_or(AdminError::NoReader)?;
        let (register, now) = (self.cache.register(), clock::now());
        let holder = register.card(guid).and_then(|card| card.holder(now)).ok_or(AdminError::NotASigner(*guid))?;
        register.may_approve_next(proposed, holder.operator, now).map_err(AdminError::Fold)
    }

    /// Of an act that was shown, and that the person wants.
    pub(super) fn send_confirmed(&mut self, act: Act, names: &[Name]) -> Result<(Hash, Vec<u8>), AdminError> {
        let log = act.log;
        let (id, entry) = self.sign(&act)?;
        if log == Log::Register {
            match self.cache.register().would_accept(&entry, clock::now()) {
                // Whose clock is right, the ledger says.
                Ok(_) | Err(FoldRefusal::MadeInFuture { .. } | FoldRefusal::Expired { .. }) => {}
                Err(refusal) => return Err(AdminError::Fold(refusal)),
            }
        }
        let index = self.send(log, &id, entry.clone(), names)?;
        self.screen.note(&format!("act {id}: entry {index}"), &format!("処分 {id}: 登録順{index}"));
        Ok((id, entry))
    }

    /// With 9C of the card at hand: the act's id, and the entry.
    fn sign(&mut self, act: &Act) -> Result<(Hash, Vec<u8>), AdminError> {
        let (mut card, guid) = self.signer_card()?;
        self.need_pin(&mut card)?;
        self.is_still_wished()?;
        let to_be_signed = act.to_be_signed(&Signer::Card(guid));
        let id = to_be_signed.id();
        let signature = card.sign_act(self.pin.as_ref().expect("need_pin left one"), &to_be_signed.digest)?;
        Ok((id, to_be_signed.finish(signature)))
    }
}

/// The text that is signed, and the names that travel beside it.
pub(crate) fn show(screen: &Screen, act: &Act, cache: &RegisterCache, names: &[Name]) {
    let text = sekisho_register::render(act, cache.register(), screen.language);
    screen.note(&text, &text);
    let proposed = act.proposal.as_ref().and_then(|proposal| SignedAct::decode(&proposal.0).ok()?.source().ok());
    let changes = proposed.as_ref().map_or(&act.changes, |(proposed, _)| &proposed.act().changes);
    if are_texts(changes) {
        for Name { salt, text } in names {
            let line = sekisho_paper::written::marked(&format!("[{}] {text}", NameHash::of(salt, text)), "  ");
            screen.note(&line, &line);
        }
        return;
    }
    let lines = persons::lines(changes, names, screen.language).into_iter();
    for line in lines.chain(persons::erased_lines(changes, cache, screen.language)) {
        screen.note(&line, &line);
    }
}
