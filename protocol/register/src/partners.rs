//! Other offices (§R10): whom this one entrusts with acts, whose people it lets in, and what it decides together with them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sekisho_tlog::{Checkpoint, KeyKind, VerifyingKey, leaf_hash, verify_inclusion};
use sekisho_wire::id::{CardGuid, Code, Hash, OfficeId};

use crate::act::{Act, SignedAct};
use crate::cards::Card;
use crate::change::{Admit, CardKind, Change, EndTrust, Entrust, IssueCard, Log, SetPartner, SharePolicy, ShowShared};
use crate::fold::{Given, Register};
use crate::people::Home;
use crate::refusal::{FoldRefusal, WrongValue};
use crate::role::Class;
use crate::state::{Draft, Position, Trust};
use crate::thing::Thing;
use crate::timeline::Timeline;

/// Another office.
#[derive(Clone, Debug)]
pub struct Partner {
    said: Timeline<SetPartner>,
    trust: Timeline<Option<Entrust>>,
    decided: Option<SharePolicy>,
    /// The acts of that office that were shown.
    shown: BTreeSet<Hash>,
}

impl Partner {
    /// What was last said of it.
    #[must_use]
    pub fn said(&self) -> &SetPartner {
        self.said.last().expect("a partner is made with what is said of it")
    }

    /// What it is entrusted with at `t`.
    #[must_use]
    pub fn trust(&self, t: u64) -> Option<&Entrust> {
        self.trust.period_at(t, |trust| trust.as_ref().map(|trust| (trust.from, trust.to)))?.as_ref()
    }

    /// Every word of what it is entrusted with; nothing is the end of it.
    #[must_use]
    pub const fn trusts(&self) -> &Timeline<Option<Entrust>> {
        &self.trust
    }

    /// The policy that this office has decided, and that nobody has shown yet to be decided there as well.
    #[must_use]
    pub const fn decided(&self) -> Option<&SharePolicy> {
        self.decided.as_ref()
    }
}

/// What can be entrusted. The rest is what makes an office: its signers, routes, terminals, policy, and what becomes of its records.
pub const ENTRUSTABLE: [Class; 8] = [
    Class::Functions,
    Class::Operators,
    Class::Cards,
    Class::Block,
    Class::Hours,
    Class::Stop,
    Class::Report,
    Class::Activation,
];

impl Register {
    /// Another office, by what it is called here.
    #[must_use]
    pub fn partner(&self, partner: &Code) -> Option<&Partner> {
        self.state.partners.get(partner)
    }

    /// Every other office that this one knows, by code.
    pub fn partners(&self) -> impl Iterator<Item = &Partner> {
        self.state.partners.values()
    }

    /// The home office of whoever has this card, where it is another one: then it lent the card.
    #[must_use]
    pub fn lender(&self, card: &Card) -> Option<&Partner> {
        self.partner(&self.operator(card.issued().operator.as_ref()?)?.home()?.partner)
    }

    /// The office with which the policy in force at `t` is shared.
    #[must_use]
    pub fn policy_shared_with(&self, t: u64) -> Option<OfficeId> {
        self.state.office.as_ref()?.shared.at(t).copied().flatten()
    }

    /// Whether another office has to be told what happens here (S0 6(2)): it is entrusted with something at `t`, or shares the policy.
    #[must_use]
    pub fn is_related(&self, partner: &Code, t: u64) -> bool {
        let shared = self.policy_shared_with(t);
        self.partner(partner).is_some_and(|partner| partner.trust(t).is_some() || shared == Some(partner.said().office))
    }

    /// Whether a trustee may make this change by such an act.
    pub(crate) fn check_entrusted(
        &self,
        act: &Act,
        partner: &Code,
        change: &Change,
        t: u64,
    ) -> Result<(), FoldRefusal> {
        let class = change.class();
        let trust = self.partner(partner).and_then(|partner| partner.trust(t));
        let trust = trust.filter(|trust| trust.classes.contains(&class) && !belongs_to_the_office(change));
        let trust = trust.ok_or_else(|| FoldRefusal::NotEntrusted { partner: partner.clone(), class })?;
        if act.request.is_none() || act.agreement.as_ref() != Some(&trust.agreement) {
            return Err(FoldRefusal::RequestMissing { agreement: trust.agreement.clone() });
        }
        Ok(())
    }
}

/// Terminals are each office's own responsibility (S0 9), and so is whom it lets sign and lets in, in whatever class that stands.
const fn belongs_to_the_office(change: &Change) -> bool {
    match change {
        // Those of all terminals are the office's calendar; those of one are a matter of that terminal.
        Change::Hours(hours) => hours.terminal.is_some(),
        Change::Terminal(_)
        | Change::TerminalState(_)
        | Change::OpenEpoch(_)
        | Change::RecoveryKeys(_)
        | Change::AnnounceRecovery(_)
        | Change::EndRecovery(_)
        | Change::Partner(_)
        | Change::Entrust(_)
        | Change::EndTrust(_)
        | Change::Admit(_)
        | Change::SharePolicy(_)
        | Change::ShowShared(_) => true,
        Change::Found(_)
        | Change::RequireVersion(_)
        | Change::Section(_)
        | Change::Post(_)
        | Change::HoldPost(_)
        | Change::LeavePost(_)
        | Change::Function(_)
        | Change::Purpose(_)
        | Change::Designate(_)
        | Change::OperatorState(_)
        | Change::Profile(_)
        | Change::WithdrawProfile(_)
        | Change::Qualify(_)
        | Change::EndQualification(_)
        | Change::IssueCard(_)
        | Change::CardState(_)
        | Change::ActivateCard(_)
        | Change::ResetPin(_)
        | Change::PinChanged(_)
        | Change::Calendar(_)
        | Change::Permit(_)
        | Change::EndPermit(_)
        | Change::Connection(_)
        | Change::Policy(_)
        | Change::Route(_)
        | Change::LogKey(_)
        | Change::SucceedLog(_)
        | Change::Destroy(_)
        | Change::Preserve(_)
        | Change::EraseNames(_)
        | Change::EraseTexts(_)
        | Change::Witnesses(_)
        | Change::Open(_)
        | Change::Answer(_)
        | Change::Step(_) => false,
    }
}

impl Draft<'_> {
    pub(crate) fn apply_partner(&mut self, change: &SetPartner, at: Position) -> Result<(), FoldRefusal> {
        let wrong = Err(FoldRefusal::ValueWrong(WrongValue::Partner));
        if self.office().is_some_and(|office| office.id == change.office) {
            return wrong;
        }
        // One office is one code: else what ends under the one would go on under the other.
        let known = self.partner_of(&change.office).map(|partner| partner.said().partner.clone());
        if known.is_some_and(|known| known != change.partner) {
            return wrong;
        }
        if self.partner(&change.partner).is_some_and(|partner| partner.said().office != change.office) {
            return wrong;
        }
        if change.ledger.as_str().contains(|c: char| c.is_whitespace() || c == '+') {
            return Err(FoldRefusal::ValueWrong(WrongValue::LedgerName));
        }
        if !change.key.is_sound() {
            return Err(FoldRefusal::KeyMalformed);
        }
        self.touch(Thing::Partner(change.partner.clone()), at)?;
        if self.partner(&change.partner).is_none() {
            let (said, trust) = (Timeline::default(), Timeline::default());
            let partner = Partner { said, trust, decided: None, shown: BTreeSet::new() };
            self.new_entries().partners.insert(change.partner.clone(), partner);
        }
        let partner = self.known_partner(&change.partner)?;
        partner.said.push(at.index, at.effective, change.clone());
        Ok(())
    }

    pub(crate) fn apply_entrust(&mut self, change: &Entrust, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Trust(change.partner.clone());
        if change.to <= change.from {
            return Err(FoldRefusal::DatesWrong(thing));
        }
        let sound = !change.classes.is_empty() && change.classes.is_sorted_by(|a, b| a < b);
        if !sound || !change.classes.iter().all(|class| ENTRUSTABLE.contains(class)) {
            return Err(FoldRefusal::ValueWrong(WrongValue::EntrustedClasses));
        }
        self.touch(thing, at)?;
        let partner = self.known_partner(&change.partner)?;
        partner.trust.push(at.index, at.from(change.from), Some(change.clone()));
        Ok(())
    }

    pub(crate) fn apply_end_trust(&mut self, change: &EndTrust, at: Position) -> Result<(), FoldRefusal> {
        self.touch(Thing::Trust(change.partner.clone()), at)?;
        let partner = self.known_partner(&change.partner)?;
        if partner.trust.is_empty() {
            return Err(FoldRefusal::Unknown(Thing::Trust(change.partner.clone())));
        }
        partner.trust.push(at.index, at.from(change.effective), None);
        Ok(())
    }

    pub(crate) fn apply_admit(&mut self, change: &Admit, at: Position) -> Result<Option<Given>, FoldRefusal> {
        let said = self.known_partner(&change.partner)?.said();
        let home = Home { partner: said.partner.clone(), office: said.office, operator: change.home.clone() };
        let person = &change.designation.operator;
        // A person of this office does not become another's, nor one of another office somebody else there.
        if self.operator(person).is_some_and(|known| known.home() != Some(&home)) {
            return Err(FoldRefusal::ValueWrong(WrongValue::Home));
        }
        self.apply_designate(&change.designation, at)?;
        if let Some(operator) = self.operator_mut(person) {
            operator.comes_from(home);
        }
        let issued = card_from_elsewhere(change);
        let Some(known) = self.card(&change.card) else {
            return self.add_card(&issued, at).map(|number| Some(Given::Card(change.card, number)));
        };
        let keys = |card: &IssueCard| (card.operator.clone(), card.authentication, card.signature, card.presence);
        if keys(known.issued()) != keys(&issued) {
            return Err(FoldRefusal::CardUsed(change.card));
        }
        let state = known.state(at.now);
        if state.is_final() {
            return Err(FoldRefusal::CardFinal { card: change.card, state });
        }
        let thing = Thing::Card(change.card);
        self.touch(thing.clone(), at)?;
        let (begins, to) = (at.from(change.designation.from), change.designation.to);
        self.card_mut(&change.card).ok_or(FoldRefusal::Unknown(thing))?.admit(begins, to);
        Ok(None)
    }

    pub(crate) fn apply_share_policy(&mut self, change: &SharePolicy, at: Position) -> Result<(), FoldRefusal> {
        if change.policy.as_ref().is_some_and(|policy| !policy.is_sound()) {
            return Err(FoldRefusal::ValueWrong(WrongValue::Policy));
        }
        self.check_shared_with_nobody_else(change.office, at.from(change.from))?;
        let code = self.partner_code(change.office)?;
        self.touch(Thing::Shared(change.office), at)?;
        self.known_partner(&code)?.decided = Some(change.clone());
        Ok(())
    }

    pub(crate) fn apply_show_shared(&mut self, change: &ShowShared, at: Position) -> Result<(), FoldRefusal> {
        let not_shown = || FoldRefusal::NotShown(change.office);
        let own = self.office().map(|office| office.id).ok_or(FoldRefusal::NotFounded)?;
        let code = self.partner_code(change.office)?;
        self.touch(Thing::Shared(change.office), at)?;
        let partner = self.known_partner(&code)?;
        let decided = partner.decided.take().ok_or_else(not_shown)?;
        let shown = shown_decision(change).filter(|(_, shown)| {
            shown.office == own
                && (&shown.agreement, &shown.policy, shown.from) == (&decided.agreement, &decided.policy, decided.from)
        });
        let lies_there = at.trust == Trust::Stored || lies_in_its_log(change, partner.said());
        let (id, _) = shown.filter(|_| lies_there).ok_or_else(not_shown)?;
        // What they decided once says nothing of a second time: the pair may have ended since.
        if !partner.shown.insert(id) {
            return Err(not_shown());
        }
        let from = at.from(decided.from);
        self.check_shared_with_nobody_else(change.office, from)?;
        let office = self.office_mut()?;
        share_from(&mut office.shared, at.index, from, decided.policy.as_ref().map(|_| change.office));
        let Some(policy) = decided.policy else { return Ok(()) };
        // Also where something else was announced for a later date: neither office decides alone from then on.
        let announced: Vec<u64> = office.policy.dates().filter(|date| *date > from).collect();
        [from].into_iter().chain(announced).for_each(|date| office.policy.push(at.index, date, policy.clone()));
        Ok(())
    }

    /// Between three nobody could say any more whose word it takes: on no date from then on, also where an end of it is announced for a later one.
    fn check_shared_with_nobody_else(&self, with: OfficeId, from: u64) -> Result<(), FoldRefusal> {
        let Some(office) = self.office() else { return Ok(()) };
        let dates = [from].into_iter().chain(office.shared.dates().filter(|date| *date > from));
        let other = dates.filter_map(|date| office.shared.at(date).copied().flatten()).find(|other| *other != with);
        other.map_or(Ok(()), |other| Err(FoldRefusal::Shared(other)))
    }

    /// What one office alone says of its policy counts where it shares none. Whoever recovers it shares none from then on: the other office may be no
    /// more, and nobody left to decide a pair with.
    pub(crate) fn check_own_policy(&mut self, at: Position) -> Result<(), FoldRefusal> {
        let office = self.office_mut()?;
        match office.shared.at(at.effective).copied().flatten() {
            Some(_) if at.recovers => {
                share_from(&mut office.shared, at.index, at.effective, None);
                Ok(())
            }
            Some(other) => Err(FoldRefusal::Shared(other)),
            None => Ok(()),
        }
    }

    /// Who comes from another office gets no card of this one (§R10).
    pub(crate) fn need_own_operator(&self, operator: &Code) -> Result<(), FoldRefusal> {
        let elsewhere = self.operator(operator).is_some_and(|person| person.home().is_some());
        if elsewhere { Err(FoldRefusal::ValueWrong(WrongValue::Home)) } else { Ok(()) }
    }

    /// Whether the card is another office's.
    pub(crate) fn comes_from_elsewhere(&self, card: &Card) -> bool {
        self.home_of_card(card).is_some()
    }

    /// A trustee leaves those alone who decide in this office, and of people who come from other offices it only blocks its own.
    pub(crate) fn trustee_may_touch(&self, partner: &Code, change: &Change, now: u64) -> Result<(), FoldRefusal> {
        let refused = || FoldRefusal::NotEntrusted { partner: partner.clone(), class: change.class() };
        let (persons, card) = self.named_in(change, now);
        let homes = persons.iter().filter_map(|person| self.operator(person)?.home());
        let homes: Vec<&Home> = homes.chain(card.and_then(|card| self.home_of_card(card))).collect();
        let only_blocks_its_own = change.only_takes_away() && homes.iter().all(|home| home.partner == *partner);
        let decides =
            persons.iter().any(|person| self.ever_in_a_post(person)) || card.is_some_and(|card| self.signs_here(card));
        if decides || !(homes.is_empty() || only_blocks_its_own) { Err(refused()) } else { Ok(()) }
    }

    fn home_of_card(&self, card: &Card) -> Option<&Home> {
        self.operator(card.issued().operator.as_ref()?)?.home()
    }

    /// Whose standing a change alters.
    fn named_in<'c>(&'c self, change: &'c Change, now: u64) -> (Vec<&'c Code>, Option<&'c Card>) {
        let whose = |card: &CardGuid| self.card(card).map_or_else(Vec::new, |card| whose_it_is(card, now));

        match change {
            Change::Designate(change) => (Vec::from([&change.operator]), None),
            Change::OperatorState(change) => (Vec::from([&change.operator]), None),
            Change::Profile(change) => (Vec::from([&change.operator]), None),
            Change::LeavePost(change) => (Vec::from([&change.operator]), None),
            Change::HoldPost(change) => (Vec::from([&change.operator]), None),
            Change::WithdrawProfile(change) => (Vec::from([&change.operator]), None),
            Change::Qualify(change) => (Vec::from([&change.operator]), None),
            Change::EndQualification(change) => (Vec::from([&change.operator]), None),
            // Who has a card of somebody's can work as him.
            Change::IssueCard(change) => (change.operator.iter().collect(), None),
            // Whom it is for from now on, and from whom it goes.
            Change::ActivateCard(change) => (whose(&change.card).into_iter().chain([&change.operator]).collect(), None),
            Change::Permit(change) => (change.operators.iter().collect(), None),
            Change::CardState(change) => (whose(&change.card), self.card(&change.card)),
            Change::ResetPin(change) => (whose(&change.card), self.card(&change.card)),
            Change::PinChanged(change) => (whose(&change.card), self.card(&change.card)),
            Change::Found(_)
            | Change::RequireVersion(_)
            | Change::RecoveryKeys(_)
            | Change::AnnounceRecovery(_)
            | Change::EndRecovery(_)
            | Change::Section(_)
            | Change::Post(_)
            | Change::Function(_)
            | Change::Purpose(_)
            | Change::Terminal(_)
            | Change::TerminalState(_)
            | Change::OpenEpoch(_)
            | Change::Hours(_)
            | Change::Calendar(_)
            | Change::EndPermit(_)
            | Change::Connection(_)
            | Change::Policy(_)
            | Change::Route(_)
            | Change::LogKey(_)
            | Change::SucceedLog(_)
            | Change::Destroy(_)
            | Change::Preserve(_)
            | Change::EraseNames(_)
            | Change::EraseTexts(_)
            | Change::Witnesses(_)
            | Change::Open(_)
            | Change::Answer(_)
            | Change::Step(_)
            | Change::Partner(_)
            | Change::Entrust(_)
            | Change::EndTrust(_)
            | Change::Admit(_)
            | Change::SharePolicy(_)
            | Change::ShowShared(_) => (Vec::new(), None),
        }
    }

    fn known_partner(&mut self, partner: &Code) -> Result<&mut Partner, FoldRefusal> {
        self.partner_mut(partner).ok_or_else(|| FoldRefusal::Unknown(Thing::Partner(partner.clone())))
    }

    fn partner_code(&self, office: OfficeId) -> Result<Code, FoldRefusal> {
        let partner = self.partner_of(&office).map(|partner| partner.said().partner.clone());
        partner.ok_or(FoldRefusal::Unknown(Thing::Shared(office)))
    }

    fn partner_of(&self, office: &OfficeId) -> Option<&Partner> {
        let (base, over) = self.layers();
        over.partners.values().chain(base.partners.values()).find(|partner| partner.said().office == *office)
    }
}

/// Whose a card is, or is going to be: also one that only opens is somebody's.
fn whose_it_is(card: &Card, now: u64) -> Vec<&Code> {
    let activated = card.activations().iter().map(|said| &said.value).filter(|activation| now < activation.to);
    card.issued().operator.iter().chain(activated.map(|activation| &activation.operator)).collect()
}

/// The card as one of this register: it signs and opens as its keys say, and is used by this person alone.
fn card_from_elsewhere(change: &Admit) -> IssueCard {
    let designation = &change.designation;
    IssueCard {
        card: change.card,
        kind: CardKind::Business,
        operator: Some(designation.operator.clone()),
        profiles: Vec::new(),
        authentication: change.authentication,
        signature: change.signature,
        presence: change.presence,
        from: designation.from,
        to: designation.to,
        dormant: false,
    }
}

/// From then on, also where something else was said of a later date.
fn share_from(shared: &mut Timeline<Option<OfficeId>>, index: u64, from: u64, with: Option<OfficeId>) {
    let later: Vec<u64> = shared.dates().filter(|date| *date > from).collect();
    [from].into_iter().chain(later).for_each(|date| shared.push(index, date, with));
}

/// What the other office decided by the entry shown: it, or the proposal that it approves; with the act's id.
fn shown_decision(change: &ShowShared) -> Option<(Hash, SharePolicy)> {
    let entry = SignedAct::decode(&change.entry.0).ok()?;
    if entry.act().office != change.office || entry.act().log != Log::Register {
        return None;
    }
    let proposal = entry.proposal().ok()?;
    let changes = &proposal.as_ref().unwrap_or(&entry).act().changes;
    let decided = |change: &Change| {
        if let Change::SharePolicy(shared) = change { Some((entry.id(), (**shared).clone())) } else { None }
    };
    changes.iter().find_map(decided)
}

/// Whether the entry shown lies in the register log of that office, by the key that this office knows of it.
fn lies_in_its_log(change: &ShowShared, partner: &SetPartner) -> bool {
    let origin = alloc::format!("{}/{}/{}", partner.ledger, partner.office, Log::Register.name_of(1));
    let Ok(key) = VerifyingKey::from_bytes(&origin, KeyKind::Ed25519, &partner.key.0) else { return false };
    let Ok(checkpoint) = Checkpoint::open(&change.checkpoint, &key) else { return false };
    let proof: Vec<sekisho_tlog::Hash> = change.proof.iter().map(|hash| sekisho_tlog::Hash(hash.0)).collect();
    verify_inclusion(&leaf_hash(&change.entry.0), change.index, checkpoint.size, &proof, &checkpoint.root).is_ok()
}
