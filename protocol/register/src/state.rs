//! What the fold knows, and a draft over it: an act changes a draft, and only an accepted act's draft is taken over.

use alloc::collections::{BTreeMap, BTreeSet};

use sekisho_wire::id::{CardGuid, Code, Hash, Numbered};

use crate::cards::Card;
use crate::functions::{Function, Purpose};
use crate::hours::{Hours, Permit};
use crate::office::Office;
use crate::organisation::{ByDeputy, Post, Section};
use crate::partners::Partner;
use crate::people::Operator;
use crate::places::Terminal;
use crate::refusal::FoldRefusal;
use crate::role::Class;
use crate::routes::{Route, default_route};
use crate::thing::Thing;
use crate::values::{Ed25519Key, NameHash, P256Key};

/// Everything in force or ever in force, by its id.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) office: Option<Office>,
    pub(crate) sections: BTreeMap<Code, Section>,
    pub(crate) posts: BTreeMap<Code, Post>,
    pub(crate) operators: BTreeMap<Code, Operator>,
    pub(crate) functions: BTreeMap<Code, Function>,
    pub(crate) purposes: BTreeMap<Code, Purpose>,
    pub(crate) cards: BTreeMap<CardGuid, Card>,
    pub(crate) terminals: BTreeMap<Code, Terminal>,
    pub(crate) hours: BTreeMap<Option<Code>, Hours>,
    pub(crate) permits: BTreeMap<Numbered, Permit>,
    pub(crate) partners: BTreeMap<Code, Partner>,
    /// Last number given, by what is counted and fiscal year.
    pub(crate) counters: BTreeMap<(Counted, u16), u32>,
    pub(crate) cards_by_number: BTreeMap<Numbered, CardGuid>,
    /// Keys of cards, ever: never used for a second one (§R4.4).
    pub(crate) card_keys: BTreeMap<P256Key, CardGuid>,
    /// Keys of terminals, ever.
    pub(crate) terminal_keys: BTreeMap<Ed25519Key, Code>,
    /// Names that were erased, and by which entry (§R3.18).
    pub(crate) erased_names: BTreeMap<NameHash, u64>,
    /// Names in recoveries that were announced, by whose they are: they lie beside the announcement, whatever became of it.
    pub(crate) announced_names: BTreeMap<Code, BTreeSet<NameHash>>,
    /// Log index of the last change of each thing (§R4.3).
    pub(crate) touched: BTreeMap<Thing, u64>,
    /// Acts that terminals signed, by terminal, what they are about, and legal day (§R3.9).
    pub(crate) terminal_acts: BTreeMap<(Code, About, u32), u32>,
    /// Ids of acts, and of the proposals inside approvals, that took effect.
    pub(crate) folded: BTreeMap<Hash, u64>,
    /// Acts that deputies signed (代決): the holder of the post looks at them later (後閲).
    pub(crate) by_deputy: BTreeMap<Hash, ByDeputy>,
}

/// What the fold counts per fiscal year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counted {
    Cards,
    Permits,
}

/// What a terminal's act is about: each has a limit a day of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// Cards that it blocks.
    Cards,
    /// PINs that were changed at it.
    Pins,
}

/// What every change is told about the act it stands in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The id of the act.
    pub(crate) act: Hash,
    /// Index in the log.
    pub(crate) index: u64,
    /// The act's own time: numbers are given by its fiscal year.
    pub(crate) made: u64,
    /// The later of that and the newest folded before: nothing takes effect earlier. For what a terminal signed the newest folded before.
    pub(crate) now: u64,
    /// Whether the dates that stand in changes count.
    pub(crate) dates: Dates,
    /// When changes without a date of their own take effect.
    pub(crate) effective: u64,
    /// Number of the kind of change.
    pub(crate) kind: u16,
    /// Whether the change only takes rights away: then it never loses a race.
    pub(crate) takes_away: bool,
    /// Whether recovery keys signed it.
    pub(crate) recovers: bool,
    /// Size of the register that its signers had seen.
    pub(crate) seen_size: u64,
    /// Whether keys have to be looked at, or were when the entry was first folded.
    pub(crate) trust: Trust,
}

impl Position {
    /// The date from which a change with its own date takes effect: no act reaches back.
    pub(crate) fn from(self, date: u64) -> u64 {
        match self.dates {
            Dates::Count => date.max(self.now),
            Dates::PlaceCounts => self.now,
        }
    }
}

/// Whose word it is from when a change counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    /// A person's or a recovery key's: the dates in the act.
    Count,
    /// Nobody's: a terminal's clock does not move the newest `made`, so what it blocked would not hold for whoever is judged at a moment
    /// before that clock. It counts from its place in the log (§R3.9).
    PlaceCounts,
}

/// Whether an entry still has to prove itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Signatures, keys, the roots that signers saw and who is left to decide are verified.
    Verify,
    /// Nobody has signed it yet: a draft, to hear what would be said of it.
    Unsigned,
    /// The holder verified and stored this entry before.
    Stored,
}

/// Changes not yet taken over. Reads see the draft first, then what lies under it.
pub(crate) struct Draft<'a> {
    base: &'a State,
    over: State,
    /// What this act has spoken of, by the kind of change.
    said: BTreeSet<(u16, Thing)>,
}

/// Reading one map through the draft.
macro_rules! read {
    ($map:ident, $key:ty, $value:ty, $read:ident) => {
        pub(crate) fn $read(&self, key: &$key) -> Option<&$value> {
            self.over.$map.get(key).or_else(|| self.base.$map.get(key))
        }
    };
}

/// Writing one map: the entry is copied into the draft first.
macro_rules! write {
    ($map:ident, $key:ty, $value:ty, $write:ident) => {
        pub(crate) fn $write(&mut self, key: &$key) -> Option<&mut $value> {
            if !self.over.$map.contains_key(key) {
                let copy = self.base.$map.get(key)?.clone();
                self.over.$map.insert(key.clone(), copy);
            }
            self.over.$map.get_mut(key)
        }
    };
}

impl<'a> Draft<'a> {
    pub(crate) fn over(base: &'a State) -> Self {
        Self { base, over: State::default(), said: BTreeSet::new() }
    }

    /// This draft and whatever another act would say over it; to be thrown away.
    pub(crate) fn rehearsal(&self) -> Draft<'a> {
        Draft { base: self.base, over: self.over.clone(), said: BTreeSet::new() }
    }

    read!(sections, Code, Section, section);
    write!(sections, Code, Section, section_mut);
    read!(posts, Code, Post, post);
    write!(posts, Code, Post, post_mut);
    read!(operators, Code, Operator, operator);
    write!(operators, Code, Operator, operator_mut);
    read!(functions, Code, Function, function);
    write!(functions, Code, Function, function_mut);
    read!(cards, CardGuid, Card, card);
    write!(cards, CardGuid, Card, card_mut);
    read!(terminals, Code, Terminal, terminal);
    write!(terminals, Code, Terminal, terminal_mut);
    read!(card_keys, P256Key, CardGuid, card_key);
    read!(terminal_keys, Ed25519Key, Code, terminal_key);
    read!(erased_names, NameHash, u64, erased_name);
    read!(announced_names, Code, BTreeSet<NameHash>, names_announced);
    write!(announced_names, Code, BTreeSet<NameHash>, names_announced_mut);
    read!(counters, (Counted, u16), u32, counter);
    write!(purposes, Code, Purpose, purpose_mut);
    write!(hours, Option<Code>, Hours, hours_mut);
    read!(partners, Code, Partner, partner);
    write!(partners, Code, Partner, partner_mut);
    write!(permits, Numbered, Permit, permit_mut);

    /// The new entries; insert here what did not exist.
    pub(crate) fn new_entries(&mut self) -> &mut State {
        &mut self.over
    }

    /// The office, to change it.
    pub(crate) fn office_mut(&mut self) -> Result<&mut Office, FoldRefusal> {
        if self.over.office.is_none() {
            self.over.office = self.base.office.clone();
        }
        self.over.office.as_mut().ok_or(FoldRefusal::NotFounded)
    }

    /// Notes that `thing` changes here, for the first time in this act; refuses when it changed since the signers looked (§R4.3).
    pub(crate) fn touch(&mut self, thing: Thing, position: Position) -> Result<(), FoldRefusal> {
        self.say_once(&thing, position)?;
        self.mark(thing, position)
    }

    /// An act says one thing about a thing: two changes of one kind would leave it to their order what was meant.
    pub(crate) fn say_once(&mut self, thing: &Thing, position: Position) -> Result<(), FoldRefusal> {
        let first = self.said.insert((position.kind, thing.clone()));
        if first { Ok(()) } else { Err(FoldRefusal::ChangedTwice(thing.clone())) }
    }

    /// As [`Self::touch`], for a thing that an act may speak of more than once: a post and the persons in it.
    pub(crate) fn mark(&mut self, thing: Thing, position: Position) -> Result<(), FoldRefusal> {
        // Only what lies under the draft counts.
        let last = self.base.touched.get(&thing).copied();
        if let Some(index) = last.filter(|index| *index >= position.seen_size && !position.takes_away) {
            return Err(FoldRefusal::ChangedSince { thing, index });
        }
        self.over.touched.insert(thing, position.index);
        Ok(())
    }

    /// The next number of this fiscal year.
    pub(crate) fn next_number(&mut self, counted: Counted, fiscal_year: u16) -> Numbered {
        let key = (counted, fiscal_year);
        let number = self.counter(&key).copied().unwrap_or(0).saturating_add(1);
        self.over.counters.insert(key, number);
        Numbered { fiscal_year, number }
    }

    /// What lies under, and what lies over it.
    pub(crate) fn layers(&self) -> (&State, &State) {
        (self.base, &self.over)
    }

    /// The office; none before it is founded.
    pub(crate) fn office(&self) -> Option<&Office> {
        self.over.office.as_ref().or(self.base.office.as_ref())
    }

    /// The route of a class at `t`.
    pub(crate) fn route_at(&self, class: Class, t: u64) -> Route {
        self.office().map_or_else(|| default_route(class), |office| office.route_at(class, t))
    }

    /// One more act that this terminal signed on this legal day; how many there are then.
    pub(crate) fn count_terminal_act(&mut self, terminal: &Code, about: About, day: u32) -> u32 {
        let key = (terminal.clone(), about, day);
        let count = self.base.terminal_acts.get(&key).copied().unwrap_or(0).saturating_add(1);
        self.over.terminal_acts.insert(key, count);
        count
    }

    /// What has to be taken over.
    pub(crate) fn finish(self) -> State {
        self.over
    }
}

impl State {
    /// Takes over an accepted draft.
    pub(crate) fn take_over(&mut self, over: Self) {
        if over.office.is_some() {
            self.office = over.office;
        }
        self.sections.extend(over.sections);
        self.posts.extend(over.posts);
        self.operators.extend(over.operators);
        self.functions.extend(over.functions);
        self.purposes.extend(over.purposes);
        self.cards.extend(over.cards);
        self.terminals.extend(over.terminals);
        self.hours.extend(over.hours);
        self.permits.extend(over.permits);
        self.partners.extend(over.partners);
        self.counters.extend(over.counters);
        self.cards_by_number.extend(over.cards_by_number);
        self.card_keys.extend(over.card_keys);
        self.terminal_keys.extend(over.terminal_keys);
        self.erased_names.extend(over.erased_names);
        self.announced_names.extend(over.announced_names);
        self.touched.extend(over.touched);
        self.terminal_acts.extend(over.terminal_acts);
        self.folded.extend(over.folded);
        self.by_deputy.extend(over.by_deputy);
    }
}
