//! The fold (§R4): entries of the register log in order, each checked, each accepted whole or not at all.

use alloc::vec::Vec;

use sekisho_tlog::{MemoryTree, leaf_hash};
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::NamedGrant;
use sekisho_wire::id::{CardGuid, Code, Hash, Numbered};

use crate::act::{Act, NO_OFFICE, SignedAct, office_of};
use crate::authority::{Authority, Link, check_p256};
use crate::calendar::local_day;
use crate::cards::lent_for_a_while;
use crate::change::{Administrator, CardState, Change, Found, Log};
use crate::concluded::Concluded;
use crate::decide::RULES_VERSION;
use crate::newer::unread;
use crate::organisation::ByDeputy;
use crate::recovery::{RECOVERY_MAX, completes_a_recovery, is_of_recovery};
use crate::refusal::{FoldRefusal, WrongValue};
use crate::role::Class;
use crate::routes::default_route;
use crate::signers::Reach;
use crate::state::{About, Dates, Draft, Position, State, Trust};
use crate::thing::Thing;

/// How far an act's time may lie before the newest one folded (§R4.2).
pub const MADE_BEHIND_MS: u64 = 10 * 60 * 1000;
/// How far a signer's clock may be ahead of the ledger's (§R4.2).
pub const MADE_AHEAD_MS: u64 = 2 * 60 * 1000;
/// How far ahead an act may take effect (§R1).
pub const EFFECTIVE_AHEAD_MS: u64 = 400 * 24 * 60 * 60 * 1000;
/// Most acts that one terminal signs on one legal day (§R3.9).
pub const TERMINAL_ACTS_A_DAY: u32 = 5;
/// Most acts of one terminal on one legal day that say that a PIN was changed at it (§R3.9): on 1 April a whole counter does.
pub const PIN_ACTS_A_DAY: u32 = 100;
/// Longest life of an act (§R1).
pub const LIFETIME_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// The register: what all accepted acts together say.
#[derive(Clone, Debug)]
pub struct Register {
    pub(crate) state: State,
    /// Gives the root at each size, so that an act signed over another history is recognised.
    tree: MemoryTree,
    newest_made: u64,
    /// The newest `made` at each size at which it moved: what a signer saw of it.
    newest_made_from: Vec<(u64, u64)>,
    /// The first entry that only a newer program understands.
    not_understood: Option<u64>,
    /// The act beyond this log that was taken over it, for one card (§R9).
    pub(crate) grant: Option<NamedGrant>,
}

/// What an accepted act did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// Its place in the log.
    pub index: u64,
    /// Its id.
    pub id: Hash,
    /// When it was made.
    pub made: u64,
    /// Who signed it.
    pub signer: Signer,
    /// The person who signed it; none for terminals and recovery keys.
    pub operator: Option<Code>,
    /// What it approved.
    pub approved: Option<Approved>,
    /// What changed.
    pub changes: Vec<Change>,
    /// The numbers that were given, in the order of the changes.
    pub given: Vec<Given>,
}

/// What an approval approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The proposal.
    pub proposal: Hash,
    /// What the approval carries: the proposal itself, or the approval of the stage before.
    pub tip: Hash,
}

/// A number given by the fold (§R3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// To a card.
    Card(CardGuid, Numbered),
    /// To a permit.
    Permit(Numbered),
}

impl Default for Register {
    fn default() -> Self {
        Self::new()
    }
}

impl Register {
    /// The register of no entries.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::default(),
            tree: MemoryTree::new(),
            newest_made: 0,
            newest_made_from: Vec::new(),
            not_understood: None,
            grant: None,
        }
    }

    /// Takes the next entry of the log. Size and root advance whatever comes of it (§R4.1).
    ///
    /// # Errors
    /// [`FoldRefusal`]; then nothing but size and root has changed.
    pub fn fold(&mut self, entry: &[u8]) -> Result<Folded, FoldRefusal> {
        self.fold_with(entry, Trust::Verify)
    }

    /// Takes an entry that this holder folded before and has stored since where nobody else writes, with what it concluded then
    /// (§R4.10): an accepted one without looking again at signatures, curve points, roots seen and who is left to decide, a refused one for size and root
    /// alone. Auditors
    /// use [`Self::fold`].
    ///
    /// # Errors
    /// [`FoldRefusal`]; for what was refused before, [`FoldRefusal::RefusedBefore`].
    pub fn fold_stored(&mut self, entry: &[u8], concluded: Concluded) -> Result<Folded, FoldRefusal> {
        match concluded {
            Concluded::Accepted => self.fold_with(entry, Trust::Stored),
            Concluded::Refused => {
                self.advance(entry);
                Err(FoldRefusal::RefusedBefore)
            }
            // This program may be the newer one that understands it: then it is an entry like any other.
            Concluded::NotUnderstood => self.fold(entry),
        }
    }

    /// As [`Self::fold`], for an act that nobody has signed yet: signatures, curve points and roots seen are not looked at, everything else is.
    /// For rehearsals, on a copy.
    ///
    /// # Errors
    /// [`FoldRefusal`].
    pub fn fold_unsigned(&mut self, entry: &[u8]) -> Result<Folded, FoldRefusal> {
        self.fold_with(entry, Trust::Unsigned)
    }

    /// As [`Self::would_accept`], of an act that nobody has signed yet: a person is told before she signs it.
    ///
    /// # Errors
    /// As [`Self::would_accept`].
    pub fn would_take(&self, entry: &[u8], now: u64) -> Result<Folded, FoldRefusal> {
        let (_, folded) = self.examine(entry, self.size(), Trust::Unsigned)?;
        let signed = SignedAct::decode(entry).map_err(FoldRefusal::Malformed)?;
        check_clock(signed.act(), now).map(|()| folded)
    }

    /// Says what [`Self::fold`] would, at the clock `now`, and changes nothing. The ledger asks before it appends.
    ///
    /// # Errors
    /// [`FoldRefusal`]: also for an act made more than two minutes ahead of `now`, or expired by `now`.
    pub fn would_accept(&self, entry: &[u8], now: u64) -> Result<Folded, FoldRefusal> {
        let (_, folded) = self.examine(entry, self.size(), Trust::Verify)?;
        let signed = SignedAct::decode(entry).map_err(FoldRefusal::Malformed)?;
        check_clock(signed.act(), now)?;
        if folded.changes.iter().flat_map(Change::brings).any(too_new) {
            return Err(FoldRefusal::ValueWrong(WrongValue::Version));
        }
        // The founding act names its own signers, and its code is used once.
        if self.office().is_some() {
            self.stands_now(&signed, now)?;
        }
        Ok(folded)
    }

    /// Entries folded, refused ones included.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Root of the log at [`Self::size`].
    #[must_use]
    pub fn root(&self) -> Hash {
        Hash(self.tree.root().0)
    }

    /// Root of the log at an earlier size.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        let root = (size <= self.size()).then(|| sekisho_tlog::root_at(&self.tree, size))?;
        root.ok().map(|root| Hash(root.0))
    }

    /// Time of the newest accepted act: the register's own idea of how late it is at least.
    #[must_use]
    pub const fn newest_made(&self) -> u64 {
        self.newest_made
    }

    /// Index of the first act that only a newer program understands: from there on nothing is decided (§R4.11).
    #[must_use]
    pub const fn not_understood(&self) -> Option<u64> {
        self.not_understood
    }

    /// Time of the newest accepted act among the first `size` entries.
    fn newest_made_at(&self, size: u64) -> u64 {
        let moved = self.newest_made_from.partition_point(|(from, _)| *from <= size);
        self.newest_made_from[..moved].last().map_or(0, |(_, made)| *made)
    }

    fn advance(&mut self, entry: &[u8]) {
        self.tree.append(leaf_hash(entry));
    }

    fn fold_with(&mut self, entry: &[u8], trust: Trust) -> Result<Folded, FoldRefusal> {
        let index = self.size();
        let examined = self.examine(entry, index, trust);
        self.advance(entry);
        if examined.as_ref().is_err_and(FoldRefusal::is_not_understood) {
            self.not_understood.get_or_insert(index);
        }
        let (over, folded) = examined?;
        self.take_over(over, &folded);
        Ok(folded)
    }

    /// From here on what an accepted act says holds.
    pub(crate) fn take_over(&mut self, over: State, folded: &Folded) {
        self.state.take_over(over);
        // A terminal's clock is nobody's word: else one key could put every later act into the past.
        if !matches!(folded.signer, Signer::Terminal(_)) && folded.made > self.newest_made {
            self.newest_made = folded.made;
            self.newest_made_from.push((folded.index + 1, folded.made));
        }
    }

    /// Whether it would still be taken if it were made now: an old date brings back neither a right nor a proposal.
    fn stands_now(&self, signed: &SignedAct, now: u64) -> Result<(), FoldRefusal> {
        check_recent(signed, now)?;
        let t = now.max(self.counting(signed));
        let chain = self.chain(signed.clone(), t, Trust::Stored)?;
        let source = chain.last().map(|(source, _)| source.act().changes.as_slice());
        self.admit(&chain, source.unwrap_or_default(), t)
    }

    /// The moment at which an act is judged: backdating must not help, who lost a right by an act that is folded already has lost it.
    /// Recovery keys lose no rights, and must work where an act from the future stands in the log.
    pub(crate) fn counting(&self, signed: &SignedAct) -> u64 {
        self.counting_at(signed, self.size())
    }

    /// As [`Self::counting`], by the register of the first `size` entries.
    pub(crate) fn counting_at(&self, signed: &SignedAct, size: u64) -> u64 {
        let made = signed.act().made;
        if is_recovery(signed) { made } else { made.max(self.newest_made_at(size)) }
    }

    /// Whether the register of the first `size` entries says of a thing what this one says.
    pub(crate) fn check_unchanged(&self, thing: Thing, size: u64) -> Result<(), FoldRefusal> {
        match self.state.touched.get(&thing).copied().filter(|index| *index >= size) {
            Some(index) => Err(FoldRefusal::ChangedSince { thing, index }),
            None => Ok(()),
        }
    }

    /// Everything but taking it over. `index` is its place in the log: the next one, or for a grant one further on (§R9).
    pub(crate) fn examine(&self, entry: &[u8], index: u64, trust: Trust) -> Result<(State, Folded), FoldRefusal> {
        let signed = SignedAct::decode(entry).map_err(|malformed| self.unread(entry, malformed))?;
        self.check_envelope(&signed, Log::Register)?;
        if let [Change::Found(found)] = signed.act().changes.as_slice() {
            return self.examine_founding(&signed, found, trust);
        }
        self.check_made(&signed)?;
        let counting = self.counting(&signed);
        let chain = self.chain(signed, counting, trust)?;
        self.check_seen(chain.iter().map(|(link, _)| link.act()), index, trust)?;
        let ([(signed, authority), ..], [.., (source, _)]) = (chain.as_slice(), chain.as_slice()) else {
            return Err(FoldRefusal::NotAProposal);
        };
        let changes = &source.act().changes;
        self.admit(&chain, changes, counting)?;
        // Recovery keys hold no permit, and must work where nobody could grant one.
        if matches!(authority, Authority::Person { .. } | Authority::Trustee { .. }) {
            self.need_permit(source.act(), changes, counting)?;
        }

        let seen = chain.iter().map(|(link, _)| link.act().seen_size).min().unwrap_or(0);
        let seen_size = if completes_a_recovery(changes) { u64::MAX } else { seen };
        let at = self.position(signed, source.act(), index, seen_size, trust);
        let mut draft = Draft::over(&self.state);
        if let Some((_, Authority::Trustee { partner, .. })) = chain.last() {
            changes.iter().try_for_each(|change| draft.trustee_may_touch(partner, change, at.now))?;
        }
        if let Authority::Terminal(terminal) = authority {
            self.check_terminal_act(&mut draft, terminal, changes, at)?;
        }
        // Whoever approves his own has still decided alone.
        if chain.iter().all(|(_, signs)| signs.operator() == authority.operator()) {
            changes.iter().try_for_each(|change| {
                let Change::ActivateCard(lent) = change else { return Ok(()) };
                lent_for_a_while(lent, self.card(&lent.card), at.now)
            })?;
        }
        let changes = &draft.in_effect(changes);
        let given =
            changes.iter().filter_map(|change| draft.apply(change, at).transpose()).collect::<Result<_, _>>()?;
        // Not asked again of what was accepted: it costs a look at every card that signs, on every date.
        let alone = matches!(chain.as_slice(), [(_, Authority::Person { .. })]);
        if alone && trust != Trust::Stored {
            draft.somebody_can_decide(changes, at)?;
        }
        if is_of_recovery(&source.act().changes) && changes.len() > 1 {
            draft.can_be_decided_about(at)?;
        }
        if trust != Trust::Stored {
            draft.lets_the_announced_be(changes, at)?;
        }
        draft.new_entries().folded.extend(chain.iter().map(|(link, _)| (link.id(), at.index)));
        let by_deputy = chain
            .iter()
            .filter_map(|(link, authority)| Some((link.id(), ByDeputy::of(link.act(), authority.operator())?)));
        draft.new_entries().by_deputy.extend(by_deputy);
        let operator = authority.operator().cloned();
        let approved = chain.get(1).map(|(tip, _)| Approved { proposal: source.id(), tip: tip.id() });
        Ok((draft.finish(), folded(signed, at, operator, approved, changes, given)))
    }

    fn examine_founding(
        &self,
        signed: &SignedAct,
        found: &Found,
        trust: Trust,
    ) -> Result<(State, Folded), FoldRefusal> {
        let unknown = || FoldRefusal::SignerUnknown(signed.signer().clone());
        let Signer::Card(guid) = signed.signer() else { return Err(unknown()) };
        let own =
            found.administrators.iter().find(|administrator| administrator.card.card == *guid).ok_or_else(unknown)?;
        check_p256(signed, own.card.signature.as_ref().ok_or_else(unknown)?, trust)?;
        self.check_seen([signed.act()].into_iter(), self.size(), trust)?;

        let at = self.position(signed, signed.act(), self.size(), self.size(), trust);
        let mut draft = Draft::over(&self.state);
        draft.apply_found(found, office_of(signed), at)?;
        // Nobody qualifies yet who could be asked to: the founding act itself says whose cards these are.
        let issue = |card| draft.add_card(card, at).map(|number| Given::Card(card.card, number));
        let given = found
            .administrators
            .iter()
            .map(|administrator| &administrator.card)
            .map(issue)
            .collect::<Result<_, _>>()?;
        let current = |administrator: &Administrator| {
            draft.card(&administrator.card.card).is_some_and(|card| card.is_current(at.now))
        };
        let all_current = found.administrators.iter().all(current);
        if !all_current || !draft.can_be_taken(&default_route(Class::Founding), Reach::Office, at.now) {
            return Err(FoldRefusal::ValueWrong(WrongValue::AdministratorCard));
        }
        draft.new_entries().folded.insert(signed.id(), at.index);
        let operator = Some(own.operator.clone());
        Ok((draft.finish(), folded(signed, at, operator, None, &signed.act().changes, given)))
    }

    /// Where `signed` stands, and when what `source` says takes effect.
    pub(crate) fn position(
        &self,
        signed: &SignedAct,
        source: &Act,
        index: u64,
        seen_size: u64,
        trust: Trust,
    ) -> Position {
        let made = signed.act().made;
        let (now, dates) = match signed.signer() {
            Signer::Terminal(_) => (self.newest_made, Dates::PlaceCounts),
            Signer::Card(_) | Signer::Recovery(_) => (made.max(self.newest_made), Dates::Count),
        };
        let effective = source.effective.map_or(now, |effective| effective.max(now));
        let (act, recovers) = (signed.id(), is_recovery(signed));
        Position { act, index, made, now, dates, effective, kind: 0, takes_away: false, recovers, seen_size, trust }
    }

    /// A terminal's key lies on a disk: few acts a day, about cards in use, never against those without whom nobody could decide (§R3.9).
    fn check_terminal_act(
        &self,
        draft: &mut Draft<'_>,
        terminal: &Code,
        changes: &[Change],
        at: Position,
    ) -> Result<(), FoldRefusal> {
        let tells_of_pins = changes.iter().all(|change| matches!(change, Change::PinChanged(_)));
        let (about, most) =
            if tells_of_pins { (About::Pins, PIN_ACTS_A_DAY) } else { (About::Cards, TERMINAL_ACTS_A_DAY) };
        if draft.count_terminal_act(terminal, about, local_day(at.made)) > most {
            return Err(FoldRefusal::TerminalLimit(terminal.clone()));
        }
        for change in changes {
            let Change::CardState(change) = change else { continue };
            let card = self.card(&change.card).ok_or(FoldRefusal::Unknown(Thing::Card(change.card)))?;
            if card.state(at.now) != CardState::Active {
                return Err(FoldRefusal::CardNotActive(change.card));
            }
            if card.issued().signature.is_some() {
                let mut after = Draft::over(&self.state);
                after.apply_card_state(change, at)?;
                let takes_part = after.founding_cards(at.now) < draft.founding_cards(at.now);
                let can = |draft: &Draft<'_>| {
                    draft.can_be_taken(&draft.route_at(Class::Founding, at.now), Reach::Office, at.now)
                };
                // Where nobody could decide before, a stolen card is worth more to the thief than to the office: but not while sheets that may be
                // stolen have announced something, for then it may be the last that objects.
                let matters = can(draft) || self.announced_recovery(at.now).is_some();
                if takes_part && matters && !can(&after) {
                    return Err(FoldRefusal::TooFewSigners);
                }
            }
        }
        Ok(())
    }

    /// Version, office, log, not seen before, lifetime.
    pub(crate) fn check_envelope(&self, signed: &SignedAct, log: Log) -> Result<(), FoldRefusal> {
        let act = signed.act();
        let founds = act.changes.iter().any(|change| matches!(change, Change::Found(_)));
        match (&self.state.office, founds) {
            (Some(_), true) => return Err(FoldRefusal::AlreadyFounded),
            (None, false) => return Err(FoldRefusal::NotFounded),
            (None, true) if act.changes.len() != 1 || act.proposal.is_some() => {
                return Err(FoldRefusal::ValueWrong(WrongValue::FoundingAct));
            }
            (None, true) if act.office != NO_OFFICE => return Err(FoldRefusal::OtherOffice),
            (Some(office), false) if act.office != office.id => return Err(FoldRefusal::OtherOffice),
            (Some(office), false) if office.required_version > RULES_VERSION => {
                return Err(FoldRefusal::RulesTooOld { needed: office.required_version });
            }
            (Some(_), false) | (None, true) => {}
        }
        if act.log != log {
            return Err(FoldRefusal::OtherLog);
        }
        // Only a card signs in the name of a post. Anywhere else it would be shown to readers and mean nothing.
        let in_a_post = !founds && matches!(signed.signer(), Signer::Card(_));
        if !in_a_post && (act.post.is_some() || act.as_deputy || act.paper.is_some()) {
            return Err(FoldRefusal::ValueWrong(WrongValue::PostNamed));
        }
        if let Some(index) = self.act_index(&signed.id()) {
            return Err(FoldRefusal::Repeated { index });
        }
        // An approval goes by the proposal's date: one of its own would be shown to its signer and mean nothing. What recovery keys announce takes
        // effect when it is completed, and not on another date that nobody waited for.
        let means_nothing = act.proposal.is_some() || is_recovery(signed);
        let wrong = |at: &u64| *at < act.made || *at - act.made > EFFECTIVE_AHEAD_MS || means_nothing;
        if let Some(effective) = act.effective.filter(wrong) {
            return Err(FoldRefusal::EffectiveWrong { made: act.made, effective });
        }
        let lives = act.made < act.expires && act.expires - act.made <= LIFETIME_MS;
        if lives { Ok(()) } else { Err(FoldRefusal::Lifetime { made: act.made, expires: act.expires }) }
    }

    /// Where the log that holders of recovery keys saw was itself ahead of their clocks, its time says nothing. Else an old date would shorten the
    /// time in which somebody can object.
    fn check_made(&self, signed: &SignedAct) -> Result<(), FoldRefusal> {
        let act = signed.act();
        let seen_ahead = is_recovery(signed) && self.newest_made_at(act.seen_size) > act.made;
        if act.made.saturating_add(MADE_BEHIND_MS) < self.newest_made && !seen_ahead {
            return Err(FoldRefusal::MadeTooEarly { made: act.made, newest: self.newest_made });
        }
        if act.expires <= self.newest_made && !seen_ahead {
            return Err(FoldRefusal::Expired { expires: act.expires, now: self.newest_made });
        }
        Ok(())
    }

    /// What signers saw must be a beginning of this very log, which has `index` entries before the act. Like a signature, a root that was compared
    /// once need not be again: it follows from the entries before it, and they from the root of the whole. What lies beyond this register cannot
    /// be compared here.
    pub(crate) fn check_seen<'a>(
        &self,
        acts: impl Iterator<Item = &'a Act>,
        index: u64,
        trust: Trust,
    ) -> Result<(), FoldRefusal> {
        for act in acts {
            if act.seen_size > index {
                return Err(FoldRefusal::SeenAhead { seen: act.seen_size, size: index });
            }
            let compared = trust == Trust::Verify && act.seen_size <= self.size();
            if compared && self.root_at(act.seen_size) != Some(act.seen_root) {
                return Err(FoldRefusal::OtherHistory { seen: act.seen_size });
            }
        }
        Ok(())
    }

    /// The act, the proposal it approves, and so on: each with its signature verified and its signer current at `now`.
    pub(crate) fn chain(&self, signed: SignedAct, now: u64, trust: Trust) -> Result<Vec<Link>, FoldRefusal> {
        let mut chain = Vec::new();
        let mut next = Some(signed);
        while let Some(link) = next {
            if chain.len() >= RECOVERY_MAX || link.act().proposal.is_some() != link.act().changes.is_empty() {
                return Err(FoldRefusal::NotAProposal);
            }
            let authority = self.authority(&link, now, trust)?;
            if matches!(authority, Authority::Terminal(_)) && link.act().proposal.is_some() {
                return Err(FoldRefusal::SignerNotAllowed(link.signer().clone()));
            }
            next = match &link.act().proposal {
                Some(proposal) => Some(self.proposal(&proposal.0, now)?),
                None => None,
            };
            chain.push((link, authority));
        }
        Ok(chain)
    }

    /// A proposal is an act for the casebook, still alive when it is approved, and not approved before.
    fn proposal(&self, entry: &[u8], now: u64) -> Result<SignedAct, FoldRefusal> {
        let proposal = decode(entry)?;
        self.check_envelope(&proposal, Log::Casebook)?;
        let act = proposal.act();
        if act.expires <= now {
            return Err(FoldRefusal::Expired { expires: act.expires, now });
        }
        if act.made > now.saturating_add(MADE_BEHIND_MS) {
            return Err(FoldRefusal::MadeInFuture { made: act.made, now });
        }
        Ok(proposal)
    }
}

/// Decodes an entry; tells what we do not know from damage.
pub(crate) fn decode(entry: &[u8]) -> Result<SignedAct, FoldRefusal> {
    SignedAct::decode(entry).map_err(|malformed| unread(entry, malformed))
}

fn is_recovery(signed: &SignedAct) -> bool {
    matches!(signed.signer(), Signer::Recovery(_))
}

/// Rules that this program does not know: a ledger takes no act that it could not go by itself.
fn too_new(change: &Change) -> bool {
    matches!(change, Change::RequireVersion(change) if change.version > RULES_VERSION)
}

/// An act is sent when it is made.
pub(crate) fn check_recent(signed: &SignedAct, now: u64) -> Result<(), FoldRefusal> {
    let made = signed.act().made;
    let recent = made.saturating_add(MADE_BEHIND_MS) >= now;
    if recent { Ok(()) } else { Err(FoldRefusal::MadeTooEarly { made, newest: now }) }
}

/// What only the ledger can check: its own clock.
pub(crate) const fn check_clock(act: &Act, now: u64) -> Result<(), FoldRefusal> {
    if act.made > now.saturating_add(MADE_AHEAD_MS) {
        return Err(FoldRefusal::MadeInFuture { made: act.made, now });
    }
    if act.expires <= now {
        return Err(FoldRefusal::Expired { expires: act.expires, now });
    }
    Ok(())
}

fn folded(
    signed: &SignedAct,
    at: Position,
    operator: Option<Code>,
    approved: Option<Approved>,
    changes: &[Change],
    given: Vec<Given>,
) -> Folded {
    let signer = signed.signer().clone();
    Folded {
        index: at.index,
        id: signed.id(),
        made: at.made,
        signer,
        operator,
        approved,
        changes: changes.to_vec(),
        given,
    }
}
