use std::collections::{HashSet, VecDeque};

use super::*;

const LIMITS: Limits = Limits { idle: 300_000, session: 36_000_000 };
const START: Now = Now { trusted: 1_000_000_000, boottime: 1_000 };

fn card(insertion: u64, guid: u8) -> InsertedCard {
    InsertedCard { insertion: Insertion(insertion), card: CardGuid([guid; 16]), reader: None, tries_left: Some(5) }
}

fn session(id: u8) -> Session {
    let code = |text| Code::new(text).unwrap();
    let (operator, profile, section) = (code("e10023"), code("jumin-a"), Some(code("jumin")));
    Session { id: SessionId([id; 16]), operator, profile, section, kind: SessionKind::Ordinary, opened: START.trusted }
}

fn after(events: impl IntoIterator<Item = Event>) -> (Machine, Vec<Action>) {
    let mut machine = Machine::default();
    let mut last = Vec::new();
    for event in events {
        last = machine.step(START, &LIMITS, event);
    }
    (machine, last)
}

fn opened() -> Vec<Event> {
    vec![Event::CardInserted(card(1, 1)), Event::Opened { insertion: Insertion(1), session: session(1) }]
}

fn locked() -> Vec<Event> {
    [opened(), vec![Event::LockAsked]].concat()
}

#[test]
fn pulling_the_card_locks_from_every_state() {
    let inserted = vec![Event::CardInserted(card(1, 1))];
    for (name, way) in [("await_pin", inserted), ("open", opened()), ("locked", locked())] {
        let (machine, actions) = after(way.into_iter().chain([Event::CardRemoved(Insertion(1))]));
        assert_eq!(machine.state(), &State::NoCard, "{name}");
        assert!(actions.contains(&Action::CancelPrompts(Insertion(1))), "{name}");
        assert!(machine.still_open(SessionId([1; 16])).is_err(), "{name}");
    }
}

#[test]
fn every_event_that_ends_a_session_says_why() {
    for (event, reason) in [
        (Event::CardRemoved(Insertion(1)), Reason::CardRemoved),
        (Event::ReaderLost(Insertion(1)), Reason::ReaderLost),
        (Event::CardServiceLost, Reason::CardServiceLost),
        (Event::WorkerLost, Reason::WorkerLost),
        (Event::CardInserted(card(2, 2)), Reason::OtherCard),
        (Event::EndAsked, Reason::Asked),
        (Event::RightGone(Reason::RegisterChanged), Reason::RegisterChanged),
        (Event::RightGone(Reason::RegisterStale), Reason::RegisterStale),
        (Event::JournalFailed, Reason::JournalFailed),
        (Event::Stopping, Reason::AgentStopping),
    ] {
        for way in [opened(), locked()] {
            let (machine, actions) = after(way.into_iter().chain([event.clone()]));
            assert!(actions.contains(&Action::WriteClosed(SessionId([1; 16]), reason)), "{event:?}: {actions:?}");
            assert!(actions.contains(&Action::LockScreen), "{event:?}");
            assert_eq!(machine.still_open(SessionId([1; 16])), Err(reason));
            assert!(machine.session().is_none());
        }
    }
}

#[test]
fn every_lock_keeps_the_session_and_the_pin_opens_it_again() {
    let idle = Now { boottime: START.boottime + LIMITS.idle, ..START };
    for (event, now, reason) in [(Event::LockAsked, START, Reason::Asked), (Event::Tick, idle, Reason::Idle)] {
        let (mut machine, _) = after(opened());
        let actions = machine.step(now, &LIMITS, event);
        assert!(actions.contains(&Action::WriteLocked(SessionId([1; 16]), reason)));
        assert_eq!(machine.still_open(SessionId([1; 16])), Err(reason));
        let id = SessionId([1; 16]);
        let _ = machine.step(START, &LIMITS, Event::Unlocked { insertion: Insertion(1), session: id });
        assert_eq!(machine.still_open(id), Ok(()));
    }
}

#[test]
fn idling_locks_and_activity_puts_it_off() {
    let (mut machine, _) = after(opened());
    let later = |ms| Now { trusted: START.trusted + ms, boottime: START.boottime + ms };
    assert!(machine.step(later(299_999), &LIMITS, Event::Tick).is_empty());
    let _ = machine.step(later(299_999), &LIMITS, Event::Active);
    assert!(machine.step(later(300_000), &LIMITS, Event::Tick).is_empty());
    assert!(machine.step(later(599_999), &LIMITS, Event::Tick).contains(&Action::LockScreen));
    assert_eq!(machine.terminal_state(), TerminalState::Locked);
}

#[test]
fn activity_cannot_lengthen_a_session() {
    let (mut machine, _) = after(opened());
    let end = Now { trusted: START.trusted + LIMITS.session, boottime: START.boottime };
    let _ = machine.step(end, &LIMITS, Event::Active);
    let actions = machine.step(end, &LIMITS, Event::Tick);
    assert!(actions.contains(&Action::WriteClosed(SessionId([1; 16]), Reason::SessionTooLong)));
}

#[test]
fn a_card_that_left_before_its_record_was_durable_opens_nothing() {
    let (machine, actions) = after([
        Event::CardInserted(card(1, 1)),
        Event::CardRemoved(Insertion(1)),
        Event::CardInserted(card(2, 1)),
        Event::Opened { insertion: Insertion(1), session: session(1) },
    ]);
    assert_eq!(actions, [Action::WriteClosed(SessionId([1; 16]), Reason::CardRemoved)]);
    assert_eq!(machine.terminal_state(), TerminalState::AwaitPin);
    assert_eq!(machine.still_open(SessionId([1; 16])), Err(Reason::CardRemoved));
}

#[test]
fn the_first_card_counts_again_when_the_second_leaves() {
    let (machine, _) =
        after([Event::CardInserted(card(1, 1)), Event::CardInserted(card(2, 2)), Event::CardRemoved(Insertion(2))]);
    assert_eq!(machine.card().unwrap().insertion, Insertion(1));
}

#[test]
fn what_a_card_says_of_its_tries_counts_although_another_one_came_after_it() {
    let (machine, _) = after([
        Event::CardInserted(card(1, 1)),
        Event::CardInserted(card(2, 2)),
        Event::TriesLeft(Insertion(1), 3),
        Event::CardRemoved(Insertion(2)),
    ]);
    assert_eq!(machine.card().unwrap().tries_left, Some(3));
}

/// What stands outside the machine and must agree with it: which insertions are in readers, and which sessions have a durable
/// record of opening that a PIN for an insertion made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    present: Vec<u64>,
    inserted: u64,
    proved: Vec<(u8, u64)>,
    sessions: u8,
    last_lock: bool,
}

/// Walks every state that eight events can reach, and asks in each whether a grant could leave.
#[test]
fn no_way_leads_to_an_open_session_without_card_pin_and_record() {
    let mut queue = VecDeque::from([(Machine::default(), World::default(), 0)]);
    let mut seen = HashSet::new();
    let mut open_states = 0;
    while let Some((machine, world, depth)) = queue.pop_front() {
        if let State::Open(open) = machine.state() {
            let insertion = open.card.insertion.0;
            assert!(world.present.contains(&insertion), "open without its card: {machine:?}");
            let id = open.session.id.0[0];
            assert!(world.proved.contains(&(id, insertion)), "open without PIN and record: {machine:?}");
            open_states += 1;
        }
        if depth == 8 || !seen.insert(format!("{:?}{world:?}", machine.state())) {
            continue;
        }
        for (event, next) in moves(&machine, &world) {
            let mut machine = machine.clone();
            let ends = matches!(event, Event::EndAsked | Event::WorkerLost | Event::CardServiceLost);
            let actions = machine.step(START, &LIMITS, event.clone());
            if ends {
                assert!(machine.session().is_none(), "{event:?} left {machine:?}");
            }
            for action in actions {
                if let Action::WriteClosed(id, _) | Action::WriteLocked(id, _) = action {
                    assert!(machine.still_open(id).is_err(), "{event:?} left {machine:?}");
                }
            }
            queue.push_back((machine, next, depth + 1));
        }
    }
    assert!(open_states > 10, "the search must reach open sessions");
}

fn moves(machine: &Machine, world: &World) -> Vec<(Event, World)> {
    let mut moves: Vec<(Event, World)> = [
        Event::Active,
        Event::Tick,
        Event::LockAsked,
        Event::EndAsked,
        Event::RightGone(Reason::RegisterChanged),
        Event::JournalFailed,
    ]
    .into_iter()
    .map(|event| (event, world.clone()))
    .collect();
    for event in [Event::WorkerLost, Event::CardServiceLost] {
        moves.push((event, World { present: Vec::new(), ..world.clone() }));
    }
    if world.inserted < 3 {
        let number = world.inserted + 1;
        let mut next = World { inserted: number, ..world.clone() };
        next.present.push(number);
        moves.push((Event::CardInserted(card(number, u8::try_from(number % 2).unwrap())), next));
    }
    for insertion in &world.present {
        let present = world.present.iter().copied().filter(|other| other != insertion).collect();
        moves.push((Event::CardRemoved(Insertion(*insertion)), World { present, ..world.clone() }));
    }
    // A durable record can arrive for any insertion that ever was: the card may have left meanwhile.
    if world.sessions < 2 {
        for insertion in 1..=world.inserted {
            let id = world.sessions + 1;
            let mut next = World { sessions: id, ..world.clone() };
            next.proved.push((id, insertion));
            moves.push((Event::Opened { insertion: Insertion(insertion), session: session(id) }, next));
        }
    }
    if let State::Locked(locked) = machine.state() {
        for insertion in 1..=world.inserted {
            let id = locked.session.id;
            let mut next = world.clone();
            next.proved.push((id.0[0], insertion));
            moves.push((Event::Unlocked { insertion: Insertion(insertion), session: id }, next));
        }
    }
    moves
}
