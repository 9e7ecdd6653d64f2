//! Every report that still counts for something, and how far each has come. A card that was reported stays refused here until the verified
//! register itself has a word about it that is newer: what forwarder and ledger answer ends nothing.

use std::collections::{HashMap, VecDeque};

use sekisho_ipc::RecordRef;
use sekisho_register::calendar::local_day;
use sekisho_register::cards::Card;
use sekisho_register::change::CardState;
use sekisho_register::{Register, SignedAct};
use sekisho_wire::id::{CardGuid, Code, Numbered, Salt};
use sekisho_wire::reason::{CardTrouble, IncidentClass};

use super::guesses::Guesses;

/// So many cards that were in here last are known by their GUIDs.
const SEEN: usize = 256;

/// Every report that still counts for something.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    pub(super) all: Vec<Report>,
    /// As they lie in the file.
    kept: Vec<Report>,
    /// What was said since the start of cards that opened nothing already.
    said: HashMap<(CardGuid, u8), RecordRef>,
    pub(super) guesses: Guesses,
    seen: VecDeque<CardGuid>,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// The salt of the act, and the name of the report in records.
    pub(super) id: Salt,
    /// Trusted time.
    pub(super) at: u64,
    /// Size of the register that did not know of it yet.
    pub(super) size: u64,
    pub(super) what: What,
    pub(super) stand: Stand,
}

/// What was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Card { card: CardGuid, reason: CardTrouble },
    Incident { class: IncidentClass, kind: Code, card: Option<CardGuid> },
}

/// How far a report has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// The ledger is not known to have it. The act that was signed last is sent until it is answered.
    Waiting(Option<Vec<u8>>),
    /// The ledger says that it has it. An incident has its number then, and that is all. A card's act lies at this index, it says: once the
    /// register goes beyond that and does not have it, the act is sent again.
    Told { index: u64, number: Option<Numbered>, act: Option<Vec<u8>> },
    /// The ledger will not have it, by this rule.
    Refused(String),
    /// The register has the say about the card.
    Settled,
}

impl Report {
    pub(super) fn card_blocked(&self) -> Option<CardGuid> {
        match self.what {
            What::Card { card, .. } => Some(card),
            What::Incident { .. } => None,
        }
    }

    /// The register may have the say by now.
    fn settle(&mut self, register: &Register) {
        let Some(guid) = self.card_blocked() else { return };
        if register.card(&guid).is_some_and(|card| self.is_said(register, card)) {
            self.stand = Stand::Settled;
        } else if let Stand::Told { index, act, .. } = &mut self.stand
            && *index < register.size()
        {
            log::error!("the ledger said that it had a report, and its register does not; it is sent again");
            self.stand = Stand::Waiting(act.take());
        }
    }

    /// Whether the register says of the card what makes the report needless: that it opens nothing; or our own act; or somebody's act that is
    /// younger than the report, for what others have lifted must not be undone here. What was signed before the report knew nothing of it.
    fn is_said(&self, register: &Register, card: &Card) -> bool {
        let in_force = self.at..=register.newest_made();
        let newer = |index, effective| index >= self.size && in_force.contains(&effective);
        !is_active(register, card)
            || card.states().iter().any(|said| newer(said.index, said.effective))
            || self.act().is_some_and(|act| register.act_index(&act.id()).is_some())
    }

    /// The act that was signed last and was not refused.
    fn act(&self) -> Option<SignedAct> {
        match &self.stand {
            Stand::Waiting(act) | Stand::Told { act, .. } => SignedAct::decode(act.as_ref()?).ok(),
            Stand::Refused(_) | Stand::Settled => None,
        }
    }

    /// Whether it keeps its card from opening anything.
    const fn stands(&self) -> bool {
        matches!(self.what, What::Card { .. }) && !matches!(self.stand, Stand::Settled)
    }

    /// Whether the ledger is not known to have it, but may.
    pub(super) const fn waits(&self) -> bool {
        match self.stand {
            Stand::Waiting(_) => true,
            Stand::Told { .. } => matches!(self.what, What::Card { .. }),
            Stand::Refused(_) | Stand::Settled => false,
        }
    }
}

/// Whether somebody may give it back.
pub(super) fn is_suspended(register: &Register, card: &Card) -> bool {
    card.state(register.newest_made()) == CardState::Suspended
}

pub(super) fn is_active(register: &Register, card: &Card) -> bool {
    card.state(register.newest_made()) == CardState::Active
}

impl Reports {
    /// Whether a report that stands says so of a card.
    pub(super) fn is_reported(&self, card: CardGuid, reason: CardTrouble) -> bool {
        let what = What::Card { card, reason };
        self.all.iter().any(|report| report.what == what && report.stands())
    }

    /// The record that says so since the start, of a card that opened nothing already.
    pub(super) fn said_in(&self, card: CardGuid, reason: CardTrouble) -> Option<RecordRef> {
        self.said.get(&(card, reason as u8)).copied()
    }

    pub(super) fn say(&mut self, card: CardGuid, reason: CardTrouble, record: RecordRef) {
        self.said.insert((card, reason as u8), record);
    }

    /// These lie in the file.
    pub(super) fn are_kept(&mut self, kept: Vec<Report>) {
        self.kept = kept;
    }

    /// Whether the file says what is so.
    pub(super) fn is_kept(&self) -> bool {
        self.all == self.kept
    }

    /// The report that stands against a card and that the register does not say yet.
    pub(crate) fn against(&self, card: Option<&CardGuid>) -> Option<Salt> {
        let of_card = |report: &&Report| card.is_some() && report.card_blocked().as_ref() == card;
        self.all.iter().filter(of_card).find(|report| report.stands()).map(|report| report.id)
    }

    /// How many the ledger is not known to have.
    pub(crate) fn waiting(&self) -> u32 {
        count(self.all.iter().filter(|report| report.waits()))
    }

    /// How many of cards the ledger will not have: those are blocked here alone.
    pub(crate) fn refused(&self) -> u32 {
        let refused = |report: &&Report| report.stands() && matches!(report.stand, Stand::Refused(_));
        count(self.all.iter().filter(refused))
    }

    /// A newer register decides from here on.
    pub(crate) fn settle(&mut self, register: &Register) {
        self.all.iter_mut().for_each(|report| report.settle(register));
        // Of a card that was given back it is news again.
        self.said.retain(|(card, _), _| register.card(card).is_some_and(|card| !is_active(register, card)));
    }

    /// A card is in: its GUID is no secret here.
    pub(crate) fn see(&mut self, card: CardGuid) {
        self.seen.retain(|seen| *seen != card);
        self.seen.push_back(card);
        if self.seen.len() > SEEN {
            self.seen.pop_front();
        }
    }

    pub(super) fn has_seen(&self, card: &CardGuid) -> bool {
        self.seen.contains(card)
    }

    /// What is over stays for its day, to be counted.
    pub(super) fn forget(&mut self, today: u32) {
        self.all.retain(|report| report.stands() || report.waits() || local_day(report.at) >= today);
    }

    pub(super) fn on_day(&self, day: u32, is_one: impl Fn(&What) -> bool) -> usize {
        self.all.iter().filter(|report| is_one(&report.what) && local_day(report.at) == day).count()
    }

    pub(super) fn find(&mut self, id: &Salt) -> Option<&mut Report> {
        self.all.iter_mut().find(|report| report.id == *id)
    }
}

fn count<'a>(reports: impl Iterator<Item = &'a Report>) -> u32 {
    u32::try_from(reports.count()).unwrap_or(u32::MAX)
}
