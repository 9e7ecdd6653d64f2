use super::*;

const LIMITS: Limits = Limits { idle: 300_000, session: 36_000_000 };
const START: Now = Now { trusted: 1_000_000_000, boottime: 1_000 };

fn card(insertion: u64, guid: u8) -> InsertedCard {
    let (insertion, card) = (Insertion(insertion), CardGuid([guid; 16]));
    InsertedCard { insertion, card, reader: None, tries_left: Some(5), keypad: Keypad::None }
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
    vec![
        Event::CardInserted(card(1, 1)),
        Event::Opened { insertion: Insertion(1), waking: Waking::default(), session: session(1) },
    ]
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
        (Event::Suspending, Reason::Suspend),
        (Event::Stopping, Reason::AgentStopping),
    ] {
        for way in [opened(), locked()] {
            let (machine, actions) = after(way.into_iter().chain([event.clone()]));
            assert!(actions.contains(&Action::WriteClosed(SessionId([1; 16]), reason)), "{event:?}: {actions:?}");
            assert!(actions.contains(&Action::LockScreen(Some(SessionId([1; 16])))), "{event:?}");
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
    assert!(machine.step(later(599_999), &LIMITS, Event::Tick).contains(&Action::LockScreen(Some(SessionId([1; 16])))));
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
        Event::Opened { insertion: Insertion(1), waking: Waking::default(), session: session(1) },
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

#[test]
fn what_was_typed_before_a_sleep_opens_nothing_after_it() {
    let before = Waking::default();
    let (mut machine, actions) = after([Event::CardInserted(card(1, 1)), Event::Suspending]);
    // Nobody has a session, and the screen is locked all the same.
    let it = Insertion(1);
    assert_eq!(actions, [Action::LockScreen(None), Action::LogOutCard(it), Action::CancelPrompts(it)]);
    let late = Event::Opened { insertion: it, waking: before, session: session(1) };
    let actions = machine.step(START, &LIMITS, late);
    assert_eq!(actions, [Action::WriteClosed(SessionId([1; 16]), Reason::Suspend)]);
    let anew = Event::Opened { insertion: it, waking: machine.waking(), session: session(2) };
    assert!(machine.step(START, &LIMITS, anew).is_empty());
    assert_eq!(machine.still_open(SessionId([2; 16])), Ok(()));
}
