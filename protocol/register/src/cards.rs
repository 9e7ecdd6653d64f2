//! Cards: what was issued, in which state it is, whose it is now.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sekisho_wire::id::{CardGuid, Code, Numbered};

use crate::calendar::{DAY_MS, fiscal_year, local_day};
use crate::change::{ActivateCard, CardState, Disposal, IssueCard, PinChanged, ResetPin, SetCardState, StateReason};
use crate::fold::Register;
use crate::refusal::{FoldRefusal, WrongValue};
use crate::state::{Counted, Draft, Position, Trust};
use crate::thing::Thing;
use crate::timeline::{Dated, Timeline};

/// A card in the register.
#[derive(Clone, Debug)]
pub struct Card {
    issued: IssueCard,
    number: Numbered,
    index: u64,
    /// From when it can be used: what it was issued for, but not before its act.
    begins: u64,
    states: Timeline<(CardState, StateReason)>,
    disposal: Option<Disposal>,
    activations: Timeline<ActivateCard>,
    /// From when it has had its PINs: that of its making, those of resets, those that its holder chose.
    pins: Timeline<NewPin>,
}

/// Whose a card is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardHolder<'a> {
    /// The person.
    pub operator: &'a Code,
    /// Which of the person's profiles work with it; empty: all.
    pub profiles: &'a [Code],
}

impl Card {
    /// The card's GUID.
    #[must_use]
    pub const fn guid(&self) -> &CardGuid {
        &self.issued.card
    }

    /// As it was issued: kind, keys, dates.
    #[must_use]
    pub const fn issued(&self) -> &IssueCard {
        &self.issued
    }

    /// Its number: 令和8年度第12号.
    #[must_use]
    pub const fn number(&self) -> Numbered {
        self.number
    }

    /// Index of the act that issued it.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How it was destroyed, once it was.
    #[must_use]
    pub const fn disposal(&self) -> Option<&Disposal> {
        self.disposal.as_ref()
    }

    /// Its state at `t`.
    #[must_use]
    pub fn state(&self, t: u64) -> CardState {
        self.state_said(t).map_or(CardState::Active, |said| said.value.0)
    }

    /// What its state at `t` stands on: state and reason, from when, by which act; nothing for a card of which nothing was said by then. A final
    /// state in force by then beats every other, whatever stands later in the log (§R4.4).
    #[must_use]
    pub fn state_said(&self, t: u64) -> Option<&Dated<(CardState, StateReason)>> {
        let mut in_force = self.states.iter().rev().filter(|said| said.effective <= t);
        let last_final = in_force.find(|said| said.value.0.is_final());
        let strictness = |state: &(CardState, StateReason)| usize::from(state.0 != CardState::Active);
        last_final.or_else(|| self.states.strictest_dated_at(t, strictness))
    }

    /// Every state with its reason.
    #[must_use]
    pub const fn states(&self) -> &Timeline<(CardState, StateReason)> {
        &self.states
    }

    /// Every activation of a dormant card.
    #[must_use]
    pub const fn activations(&self) -> &Timeline<ActivateCard> {
        &self.activations
    }

    /// When it was issued: the moment of its act.
    #[must_use]
    pub fn issued_at(&self) -> u64 {
        self.pins.iter().map(|said| said.effective).next().unwrap_or(self.begins)
    }

    /// Since when, at `t`, it has had its PIN, as far as the register was told: a change that no terminal of the office saw is not known.
    #[must_use]
    pub fn pin_since(&self, t: u64) -> Option<u64> {
        self.pins.dated_at(t).map(|pin| pin.effective)
    }

    /// Whose it is at `t`; nobody's while it is dormant.
    #[must_use]
    pub fn holder(&self, t: u64) -> Option<CardHolder<'_>> {
        if !self.issued.dormant {
            let operator = self.issued.operator.as_ref()?;
            return Some(CardHolder { operator, profiles: &self.issued.profiles });
        }
        let activation = self.activations.period_at(t, |activation| Some((activation.from, activation.to)))?;
        Some(CardHolder { operator: &activation.operator, profiles: &activation.profiles })
    }

    /// With whom it is or was last at `t`, and until when it was to be: a personal card for good. Nobody's for a dormant one that was never woken.
    fn lent(&self, t: u64) -> Option<(&Code, u64)> {
        if !self.issued.dormant {
            return self.issued.operator.as_ref().map(|operator| (operator, u64::MAX));
        }
        let lent = self.activations.iter().rfind(|said| said.effective <= t)?;
        Some((&lent.value.operator, lent.value.to))
    }

    /// Whether the office had it in its hands between `since` and `t`: it gave it another PIN.
    fn was_reset(&self, since: u64, t: u64) -> bool {
        self.pins.iter().any(|pin| pin.value == NewPin::Office && (since..=t).contains(&pin.effective))
    }

    /// Since when it is in use at `t` by whoever has it.
    pub(crate) fn lent_since(&self, t: u64) -> u64 {
        let lent = self.activations.iter().rfind(|said| said.effective <= t);
        lent.map_or(self.begins, |lent| lent.effective.max(self.begins))
    }

    /// Whose it is at some moment of that time.
    pub(crate) fn holders_within(&self, from: u64, to: u64) -> impl Iterator<Item = &Code> {
        let moments = self.activations.iter().flat_map(|said| [said.effective, said.value.to]);
        let moments = moments.filter(move |t| from < *t && *t < to).chain([from]);
        moments.filter_map(|t| Some(self.holder(t)?.operator))
    }

    /// Active, awake and within its dates at `t`.
    #[must_use]
    pub fn is_current(&self, t: u64) -> bool {
        self.state(t) == CardState::Active && self.is_within_dates(t) && self.holder(t).is_some()
    }

    /// Whether it is current at `t`, and one that a person works with: what opens no session opens no ledger either.
    #[must_use]
    pub fn lets_in(&self, t: u64) -> bool {
        self.is_current(t) && self.issued.kind.opens_sessions()
    }

    /// What is lent by another office can be used for all that its holder was ever admitted for, in whatever order that was decided. It is he who
    /// is admitted: between two admissions he is designated for nothing, and the card opens nothing.
    pub(crate) fn admit(&mut self, begins: u64, to: u64) {
        self.begins = self.begins.min(begins);
        self.issued.from = self.issued.from.min(begins);
        self.issued.to = self.issued.to.max(to);
    }

    /// From when it can be used.
    pub(crate) const fn begins(&self) -> u64 {
        self.begins
    }

    /// Within the dates it was issued for, and not before its act.
    #[must_use]
    pub const fn is_within_dates(&self, t: u64) -> bool {
        self.begins <= t && t < self.issued.to
    }
}

impl Register {
    /// With whom a card still is at `t`, though its own time, that for which it was lent, or his duty is over, and since when (S1 12(3)). Revoked, returned or
    /// disposed of it is with nobody, and one from home stays with whoever brought it. A spare or emergency card is back once the office has given it another
    /// PIN: whoever had it knows the one before.
    #[must_use]
    pub fn unreturned<'r>(&self, card: &'r Card, t: u64) -> Option<(&'r Code, u64)> {
        if card.state(t).is_final() || self.lender(card).is_some() {
            return None;
        }
        let (operator, until) = card.lent(t)?;
        let left = self.operator(operator).and_then(|person| person.left(t)).map_or(u64::MAX, |left| left.at);
        let since = until.min(card.issued.to).min(left);
        let is_back = card.issued.dormant && card.was_reset(since, t);
        (since <= t && !is_back).then_some((operator, since))
    }
}

/// Who gave a card the PIN that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NewPin {
    /// The office, which had the card in its hands.
    Office,
    /// Whoever has the card.
    Holder,
}

/// What one person alone lends is back within a month (§R3.23): who has a card for longer has one that was issued for him. `card` is the one that is lent,
/// where it is not issued by the same act.
pub(crate) fn lent_for_a_while(lent: &ActivateCard, card: Option<&Card>, now: u64) -> Result<(), FoldRefusal> {
    if card.is_some_and(|card| card.is_had_already(lent, now)) {
        return Ok(());
    }
    let month = LENT_ALONE_DAYS * DAY_MS;
    let (from, to) = card.map_or((lent.from.max(now), lent.to), |card| card.had_with(lent, now));
    let too_long = lent.to.saturating_sub(now) > month || to.saturating_sub(from) > month;
    if too_long { Err(FoldRefusal::LoanTooLong { card: lent.card, most: LENT_ALONE_DAYS }) } else { Ok(()) }
}

/// A month (ours).
const LENT_ALONE_DAYS: u64 = 31;
/// A card that is lent to the same person again within a day was not given back (ours).
const GIVEN_BACK: u64 = DAY_MS;

impl Card {
    /// Whether that gives nobody anything: at each moment of it he has been lent the card already, with the same profiles. So it only ends what he has.
    pub(crate) fn is_had_already(&self, lent: &ActivateCard, now: u64) -> bool {
        let from = lent.from.max(now);
        let had = |t: u64| {
            self.holder(t).is_some_and(|had| *had.operator == lent.operator && had.profiles == lent.profiles.as_slice())
        };
        let moments = self.passes().into_iter().filter(|t| from < *t && *t < lent.to);
        self.issued.dormant && moments.chain([from]).all(had)
    }

    /// From when until when he has it, with what he was lent before and is to be lent after it, unless he gives it back between.
    fn had_with(&self, lent: &ActivateCard, now: u64) -> (u64, u64) {
        let (mut from, mut to) = (lent.from.max(now), lent.to);
        let his = |t: u64| self.holder(t).is_some_and(|had| *had.operator == lent.operator);
        let passes: Vec<u64> = self.passes().into_iter().collect();
        let spans: Vec<(u64, u64)> = passes.iter().copied().zip(passes.iter().copied().skip(1)).collect();
        for (begins, ends) in spans.iter().rev().filter(|(begins, _)| his(*begins)) {
            if *begins < from && from.saturating_sub(*ends) < GIVEN_BACK {
                from = *begins;
            }
        }
        for (begins, ends) in spans.iter().filter(|(begins, _)| his(*begins)) {
            if *ends > to && begins.saturating_sub(to) < GIVEN_BACK {
                to = *ends;
            }
        }
        (from, to)
    }

    /// The moments at which it may pass from one to another.
    fn passes(&self) -> BTreeSet<u64> {
        self.activations.iter().flat_map(|said| [said.effective, said.value.to]).collect()
    }
}

impl Draft<'_> {
    pub(crate) fn apply_issue(&mut self, change: &IssueCard, at: Position) -> Result<Numbered, FoldRefusal> {
        change.operator.as_ref().map_or(Ok(()), |operator| self.need_own_operator(operator))?;
        self.need_qualified_holder(change, at)?;
        self.add_card(change, at)
    }

    /// A card that is not known yet.
    pub(crate) fn add_card(&mut self, change: &IssueCard, at: Position) -> Result<Numbered, FoldRefusal> {
        let thing = Thing::Card(change.card);
        if change.to <= change.from {
            return Err(FoldRefusal::DatesWrong(thing));
        }
        if self.card(&change.card).is_some() {
            return Err(FoldRefusal::CardUsed(change.card));
        }
        match &change.operator {
            Some(operator) => self.need_operator(operator, at)?,
            None if change.dormant => {}
            None => return Err(FoldRefusal::ValueWrong(WrongValue::CardHolder)),
        }
        if change.signature.is_some() && (change.dormant || !change.kind.opens_sessions()) {
            return Err(FoldRefusal::ValueWrong(WrongValue::CardSigns));
        }
        self.use_card_keys(change, at)?;
        self.touch(thing, at)?;
        let number = self.next_number(Counted::Cards, fiscal_year(at.made));
        let (states, activations) = (Timeline::default(), Timeline::default());
        let mut pins = Timeline::default();
        pins.push(at.index, at.now, NewPin::Office);
        let begins = at.from(change.from);
        let card =
            Card { issued: change.clone(), number, index: at.index, begins, states, disposal: None, activations, pins };
        self.new_entries().cards.insert(change.card, card);
        self.new_entries().cards_by_number.insert(number, change.card);
        Ok(number)
    }

    /// The three keys must be points of the curve, and used for no card before, nor twice on this one (§R4.4).
    fn use_card_keys(&mut self, change: &IssueCard, at: Position) -> Result<(), FoldRefusal> {
        let keys: Vec<_> =
            [Some(change.authentication), change.signature, Some(change.presence)].into_iter().flatten().collect();
        for key in keys {
            if self.card_key(&key).is_some() {
                return Err(FoldRefusal::KeyUsed);
            }
            if at.trust == Trust::Verify && !key.is_sound() {
                return Err(FoldRefusal::KeyMalformed);
            }
            self.new_entries().card_keys.insert(key, change.card);
        }
        Ok(())
    }

    pub(crate) fn apply_card_state(&mut self, change: &SetCardState, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Card(change.card);
        if let Some(disposal) = &change.disposal {
            [Some(&disposal.person), disposal.witness.as_ref()].into_iter().flatten().try_for_each(|who| {
                self.operator(who).map(drop).ok_or_else(|| FoldRefusal::Unknown(Thing::Operator(who.clone())))
            })?;
            // Beside himself nobody witnesses anything, and no day to come has been.
            if disposal.witness.as_ref() == Some(&disposal.person) || disposal.on > local_day(at.now) {
                return Err(FoldRefusal::ValueWrong(WrongValue::Disposal));
            }
        }
        self.touch(thing.clone(), at)?;
        let card = self.card_mut(&change.card).ok_or(FoldRefusal::Unknown(thing))?;
        let before = card.state(at.from(change.effective));
        if before.is_final() && change.state == CardState::Active {
            return Err(FoldRefusal::CardFinal { card: change.card, state: before });
        }
        // A block never loses a race: of a card that is gone already it takes nothing, and the other cards of its act are blocked.
        if (change.state == CardState::Disposed) != change.disposal.is_some() {
            return Err(FoldRefusal::ValueWrong(WrongValue::Disposal));
        }
        if before == CardState::Disposed || (before.is_final() && !change.state.is_final()) {
            return Ok(());
        }
        card.states.push(at.index, at.from(change.effective), (change.state, change.reason));
        // What is revoked until then is disposed of all the same.
        if change.disposal.is_some() {
            card.disposal.clone_from(&change.disposal);
        }
        Ok(())
    }

    pub(crate) fn apply_activate(&mut self, change: &ActivateCard, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Card(change.card);
        if change.to <= change.from {
            return Err(FoldRefusal::DatesWrong(thing));
        }
        let known = self.card(&change.card).map(|card| (card.issued.kind, card.is_had_already(change, at.now)));
        // What only ends a loan asks for nothing, and loses no race: it has to be ended most where he may not have it.
        let only_ends = known.is_some_and(|(_, had)| had);
        if !only_ends {
            self.need_operator(&change.operator, at)?;
            self.need_own_operator(&change.operator)?;
        }
        self.touch(thing.clone(), Position { takes_away: only_ends, ..at })?;
        let (kind, _) = known.ok_or_else(|| FoldRefusal::Unknown(thing.clone()))?;
        if !only_ends {
            self.need_qualification(&change.operator, kind, at.from(change.from), at)?;
        }
        let card = self.card_mut(&change.card).ok_or(FoldRefusal::Unknown(thing))?;
        if !card.issued.dormant {
            return Err(FoldRefusal::ValueWrong(WrongValue::NotDormant));
        }
        let state = card.state(at.from(change.from));
        if state.is_final() {
            return Err(FoldRefusal::CardFinal { card: change.card, state });
        }
        card.activations.push(at.index, at.from(change.from), change.clone());
        Ok(())
    }

    /// Nothing but since when its PIN is in use.
    pub(crate) fn apply_reset_pin(&mut self, change: ResetPin, at: Position) -> Result<(), FoldRefusal> {
        self.new_pin(change.card, at.now, NewPin::Office, at)
    }

    /// That its holder has another PIN meets no other word about the card, and loses no race with one.
    pub(crate) fn apply_pin_changed(&mut self, change: PinChanged, at: Position) -> Result<(), FoldRefusal> {
        self.new_pin(change.card, change.at, NewPin::Holder, at)
    }

    fn new_pin(&mut self, guid: CardGuid, since: u64, whose: NewPin, at: Position) -> Result<(), FoldRefusal> {
        self.say_once(&Thing::Card(guid), at)?;
        let card = self.card_mut(&guid).ok_or(FoldRefusal::Unknown(Thing::Card(guid)))?;
        let state = card.state(at.now);
        if state.is_final() {
            return Err(FoldRefusal::CardFinal { card: guid, state });
        }
        card.pins.push(at.index, since, whose);
        Ok(())
    }
}
