//! Cards: what was issued, in which state it is, whose it is now.

use alloc::vec::Vec;

use sekisho_wire::id::{CardGuid, Code, Numbered};

use crate::calendar::{DAY_MS, fiscal_year, local_day};
use crate::change::{
    ActivateCard, CardState, Change, Disposal, IssueCard, PinChanged, ResetPin, SetCardState, StateReason,
};
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
    pins: Timeline<()>,
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

/// What one person alone lends is back within a month (§R3.23): who has a card for longer has one that was issued for him.
pub(crate) fn lent_for_a_while(change: &Change, at: Position) -> Result<(), FoldRefusal> {
    let Change::ActivateCard(lent) = change else { return Ok(()) };
    let too_long = lent.to.saturating_sub(at.from(lent.from)) > LENT_ALONE_DAYS * DAY_MS;
    if too_long { Err(FoldRefusal::LoanTooLong { card: lent.card, most: LENT_ALONE_DAYS }) } else { Ok(()) }
}

/// A month (ours).
const LENT_ALONE_DAYS: u64 = 31;

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
        pins.push(at.index, at.now, ());
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
        self.need_operator(&change.operator, at)?;
        self.need_own_operator(&change.operator)?;
        self.touch(thing.clone(), at)?;
        let kind = self.card(&change.card).map(|card| card.issued.kind);
        let kind = kind.ok_or_else(|| FoldRefusal::Unknown(thing.clone()))?;
        self.need_qualification(&change.operator, kind, at.from(change.from), at)?;
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
        self.new_pin(change.card, at.now, at)
    }

    /// That its holder has another PIN meets no other word about the card, and loses no race with one.
    pub(crate) fn apply_pin_changed(&mut self, change: PinChanged, at: Position) -> Result<(), FoldRefusal> {
        self.new_pin(change.card, change.at, at)
    }

    fn new_pin(&mut self, guid: CardGuid, since: u64, at: Position) -> Result<(), FoldRefusal> {
        self.say_once(&Thing::Card(guid), at)?;
        let card = self.card_mut(&guid).ok_or(FoldRefusal::Unknown(Thing::Card(guid)))?;
        let state = card.state(at.now);
        if state.is_final() {
            return Err(FoldRefusal::CardFinal { card: guid, state });
        }
        card.pins.push(at.index, since, ());
        Ok(())
    }
}
