//! What may never be. Each is looked at in every state that the search reaches, and after every answer that leaves.

use super::*;

/// An invariant: its name, and whether it holds in this world, this answer having left.
pub(super) struct Invariant {
    pub(super) name: &'static str,
    pub(super) holds: fn(&World, Option<Answer>) -> bool,
}

macro_rules! invariants {
    ($($name:ident),* $(,)?) => {
        /// All of them. Where one move breaks several, the first is the one that is named.
        pub(super) const INVARIANTS: &[Invariant] = &[$(Invariant { name: stringify!($name), holds: $name }),*];
    };
}

invariants![
    a_grant_goes_to_an_open_session,
    a_grant_is_on_the_disk,
    a_refusal_after_the_record_is_on_record,
    a_session_keeps_its_operator,
    a_session_has_its_card_in,
    an_open_session_was_proved_by_its_pin,
    an_open_session_is_on_the_disk,
    nothing_is_open_over_a_sleep,
    an_act_in_force_is_kept_to,
    there_is_one_session_at_a_time,
    every_end_is_recorded_once,
    every_lock_is_reachable,
    nothing_gets_stuck,
];

/// What is granted is granted to a session that is open when the answer leaves, by the insertion that proved the request.
fn a_grant_goes_to_an_open_session(world: &World, answer: Option<Answer>) -> bool {
    let Some(answer) = answer.filter(|answer| answer.granted) else { return true };
    let proved = world.cards.iter().any(|(it, _)| *it == answer.insertion);
    proved && world.machine.still_open(SessionId([answer.session; 16])).is_ok()
}

/// What is granted is durable on record.
fn a_grant_is_on_the_disk(_: &World, answer: Option<Answer>) -> bool {
    answer.is_none_or(|answer| !answer.granted || answer.durable)
}

/// A decision that has its record and is refused all the same is taken back on record; one that is granted never is.
fn a_refusal_after_the_record_is_on_record(_: &World, answer: Option<Answer>) -> bool {
    answer.is_none_or(|answer| answer.granted != answer.taken_back)
}

/// A session is of the card and the operator that its record of opening names, as long as it lives.
fn a_session_keeps_its_operator(world: &World, _: Option<Answer>) -> bool {
    let Some((session, card)) = world.machine.session().zip(world.machine.card()) else { return true };
    let known = world.known.iter().find(|known| known.id == id_of(session));
    known.is_some_and(|known| known.card.operator() == session.operator && known.card.guid() == card.card)
}

/// A session, open or locked, is there only while the card that opened it is in, by the very insertion.
fn a_session_has_its_card_in(world: &World, _: Option<Answer>) -> bool {
    let Some(card) = world.machine.session().and(world.machine.card()) else { return true };
    world.cards.iter().any(|(it, guid)| insertion(*it) == card.insertion && guid.guid() == card.card)
}

/// A session is open only after the PIN was proved in its insertion, since it was locked last.
fn an_open_session_was_proved_by_its_pin(world: &World, _: Option<Answer>) -> bool {
    let State::Open(open) = &world.machine.state else { return true };
    let known = world.known.iter().find(|known| known.id == id_of(&open.session));
    known.is_some_and(|known| known.right != Right::None && insertion(known.insertion) == open.card.insertion)
}

/// A session is open only when the record that opened it, or opened it again, is on the disk.
fn an_open_session_is_on_the_disk(world: &World, _: Option<Answer>) -> bool {
    let State::Open(open) = &world.machine.state else { return true };
    let known = world.known.iter().find(|known| known.id == id_of(&open.session));
    known.is_none_or(|known| !matches!(known.right, Right::Proved | Right::Appended))
}

/// A session is there only while the machine has not slept since its PIN was asked for.
fn nothing_is_open_over_a_sleep(world: &World, _: Option<Answer>) -> bool {
    let Some(session) = world.machine.session() else { return true };
    world.known.iter().any(|known| known.id == id_of(session) && !known.slept)
}

/// A card that an act suspends has no session, from the moment at which the act is here.
fn an_act_in_force_is_kept_to(world: &World, _: Option<Answer>) -> bool {
    let of_a = world.machine.card().is_some_and(|card| card.card == Card::A.guid());
    !(world.suspended && of_a && world.machine.session().is_some())
}

/// The book never has two sessions open at once.
fn there_is_one_session_at_a_time(world: &World, _: Option<Answer>) -> bool {
    world.known.iter().filter(|known| world.is_on_book(known) && world.ends_of(known.id) == 0).count() <= 1
}

/// A session that was recorded and is neither there nor about to open has one record of its end, every other has none; and nothing is
/// recorded of it afterwards.
fn every_end_is_recorded_once(world: &World, _: Option<Answer>) -> bool {
    let as_it_should = |known: &Known| {
        let there = world.machine.session().is_some_and(|session| id_of(session) == known.id);
        let ends = world.ends_of(known.id);
        // At a stop the end is recorded before the thread that opens it has heard of it.
        let opening = world.is_opening(known.id) && !world.ended;
        ends == u8::from(world.is_on_book(known) && !there && !opening)
    };
    !world.after_end && world.known.iter().all(as_it_should)
}

/// From every open session each of these leads to one that is not, at once: the operator, idling, length, the end of hours, the journal, the
/// stop. (Of cards, acts and sleep the invariants above speak.)
fn every_lock_is_reachable(world: &World, _: Option<Answer>) -> bool {
    let State::Open(_) = &world.machine.state else { return true };
    let ways: [&[Move]; 7] = [
        &[Move::Lock],
        &[Move::End],
        &[Move::Pass, Move::Tick],
        &[Move::Pass, Move::Pass, Move::Pass, Move::Active, Move::Tick],
        if world.hours_over { &[Move::Tick] } else { &[Move::Hours, Move::Tick] },
        &[Move::FailSync, Move::JournalFailed],
        &[Move::Stop],
    ];
    ways.iter().all(|way| {
        let mut world = world.clone();
        for this in *way {
            world.go(*this);
        }
        !matches!(world.machine.state, State::Open(_))
    })
}

/// From everywhere pulling the cards leads to an empty terminal, and a card and its PIN to an open session again, once every thread has run
/// and what was taken away is given back.
fn nothing_gets_stuck(world: &World, _: Option<Answer>) -> bool {
    let mut world = world.clone();
    for (it, _) in world.cards.clone() {
        world.go(Move::Pull(it));
    }
    if world.machine.state != State::NoCard {
        return false;
    }
    for _ in 0..4 {
        world.go(Move::Sync);
        for place in (0..world.prompts.len()).rev() {
            world.go(Move::Run(Who::Prompt(place)));
            world.go(Move::Fail(Who::Prompt(place)));
        }
        world.go(Move::Run(Who::Program));
        world.go(Move::Fail(Who::Program));
    }
    if world.ended {
        world.go(Move::Die(world.pending.len()));
    }
    (world.suspended, world.hours_over) = (false, false);
    let who = Who::Prompt(0);
    for this in [
        Move::Insert(Card::A),
        Move::Prompt(What::Login),
        Move::Type(0),
        Move::Run(who),
        Move::Sign(who),
        Move::Run(who),
        Move::Sync,
        Move::Run(who),
    ] {
        world.go(this);
    }
    matches!(world.machine.state, State::Open(_))
}
