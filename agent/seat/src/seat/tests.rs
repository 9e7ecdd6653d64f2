use sekisho_ipc::{Card, Keypad, LinkState, Recent};
use sekisho_wire::words::Language;

use super::*;

const WISHES: Wishes = Wishes { ask: true, lock: true };
const MINUTE: u64 = 60_000;

fn verdict(code: VerdictCode) -> Verdict {
    let (what, next, what_ja, next_ja) = ("what".into(), "next".into(), "何が".into(), "次に".into());
    Verdict { granted: code == VerdictCode::Granted, code: code.name().into(), number: 0, what, next, what_ja, next_ja }
}

fn no_card() -> State {
    State {
        office: None,
        title: None,
        terminal: None,
        state: SessionState::NoCard,
        reader: None,
        card: None,
        card_problem: None,
        session: None,
        last_lock_reason: None,
        functions: Vec::new(),
        recent: Vec::new(),
        prompt: None,
        waiting: None,
        act: None,
        lease: None,
        register_size: 0,
        register_age: None,
        register_stale: false,
        screen: ScreenState::Ready,
        link: LinkState::Up,
        register_link: LinkState::Up,
        certificate_ends: None,
        unsent: 0,
        unsealed: 0,
        unsent_until: None,
        reports_waiting: 0,
        reports_refused: 0,
        recovery_due: None,
        time: 0,
        advice: verdict(VerdictCode::NoCard),
    }
}

fn card(guid: &str) -> Option<Card> {
    let (kind, operator, name) = (None, Some("0012".into()), Some("田中 一郎".into()));
    Some(Card {
        guid: guid.into(),
        kind,
        operator,
        name,
        tries_left: Some(5),
        profiles: Vec::new(),
        by_grant: false,
        pin_entry: PinEntry::Keyboard,
        keypad: Keypad::None,
        pin_ends: None,
        signs_acts: false,
    })
}

fn await_pin(guid: &str) -> State {
    State { state: SessionState::AwaitPin, card: card(guid), advice: verdict(VerdictCode::PinNeeded), ..no_card() }
}

/// A session with so long until its lock and its end, ms.
fn open(idle_lock_in: u64, ends_in: u64) -> State {
    let text = String::new;
    let session = Session {
        id: "1".into(),
        operator: "0012".into(),
        name: None,
        profile: text(),
        section: text(),
        section_title: text(),
        kind: text(),
        opened: 0,
        idle_lock_in,
        ends_in,
        ends_by: SessionEnd::Hours,
    };
    let advice = verdict(VerdictCode::Granted);
    State { state: SessionState::Open, card: card("a"), session: Some(session), advice, ..no_card() }
}

fn locked() -> State {
    State { state: SessionState::Locked, advice: verdict(VerdictCode::Locked), ..open(0, 600 * MINUTE) }
}

fn seat() -> Seat {
    let mut seat = Seat::new(WISHES);
    seat.looked_after = true;
    assert_eq!(step(&mut seat, Event::Screen(Screen::Shown)), []);
    seat
}

fn step(seat: &mut Seat, event: Event) -> Vec<Action> {
    seat.step(Duration::ZERO, event)
}

fn told(seat: &mut Seat, state: State) -> Vec<Action> {
    step(seat, Event::Agent(Box::new(state)))
}

/// The asking that these actions begin.
fn asked(actions: &[Action]) -> Option<(Asking, Question)> {
    let found = actions.iter().find(|action| matches!(action, Action::Ask(..)))?;
    let Action::Ask(asking, question) = found else { return None };
    Some((*asking, question.clone()))
}

fn begin(seat: &mut Seat, state: State) -> Asking {
    asked(&told(seat, state)).unwrap().0
}

#[test]
fn a_card_that_waits_for_its_pin_is_asked_for_once() {
    let mut seat = seat();
    let (asking, question) = asked(&told(&mut seat, await_pin("a"))).unwrap();
    assert_eq!((question.holder.as_str(), question.tries_left, question.trouble), ("田中 一郎", Some(5), None));
    assert_eq!(told(&mut seat, await_pin("a")), []);
    // Another card is another question.
    let actions = told(&mut seat, await_pin("b"));
    assert_eq!(actions[0], Action::StopAsking);
    assert_eq!(asked(&actions).unwrap().1.card, "b");
    assert_eq!(step(&mut seat, Event::Pin(asking, Came::GivenUp)), [], "an earlier one");
    assert_eq!(told(&mut seat, no_card()), [Action::StopAsking]);
}

#[test]
fn who_cancels_is_asked_again_when_the_card_was_out_or_when_she_wants() {
    let mut seat = seat();
    let asking = begin(&mut seat, await_pin("a"));
    let awaited = Action::Show(Topic::Pin, Note::PinAwaited { holder: "田中 一郎".into(), waiting: None });
    assert_eq!(step(&mut seat, Event::Pin(asking, Came::GivenUp)), [awaited]);
    assert_eq!(told(&mut seat, await_pin("a")), []);
    let actions = step(&mut seat, Event::PinWanted);
    assert!(asked(&actions).is_some() && actions.contains(&Action::Withdraw(Topic::Pin)), "{actions:?}");

    let (asking, _) = asked(&actions).unwrap();
    step(&mut seat, Event::Pin(asking, Came::Failed));
    assert_eq!(told(&mut seat, no_card()), [Action::Withdraw(Topic::Pin)]);
    assert!(asked(&told(&mut seat, await_pin("a"))).is_some());
}

#[test]
fn a_wrong_pin_is_asked_for_again_and_a_refused_card_is_not() {
    let mut seat = seat();
    let asking = begin(&mut seat, await_pin("a"));
    let wrong = verdict(VerdictCode::WrongPin);
    let came = Came::Refused { verdict: wrong.clone(), tries_left: Some(4) };
    let (asking, question) = asked(&step(&mut seat, Event::Pin(asking, came))).unwrap();
    assert_eq!((question.tries_left, question.trouble), (Some(4), Some(Trouble::Wrong(wrong))));
    let came = Came::NotAPin(PinFrameError::Length);
    let (asking, question) = asked(&step(&mut seat, Event::Pin(asking, came))).unwrap();
    assert_eq!(question.trouble, Some(Trouble::NotAPin(PinFrameError::Length)));
    let not_sent = verdict(VerdictCode::PinNotSent);
    let came = Came::Refused { verdict: not_sent.clone(), tries_left: None };
    let actions = step(&mut seat, Event::Pin(asking, came));
    let why = Action::Show(Topic::Refusal, Note::Refused { function: None, verdict: not_sent, time: 0 });
    assert!(asked(&actions).is_none() && actions.contains(&why), "{actions:?}");
    assert!(told(&mut seat, no_card()).contains(&Action::Withdraw(Topic::Refusal)));
}

fn on_reader(guid: &str, pin_entry: PinEntry) -> State {
    let card = card(guid).map(|card| Card { pin_entry, keypad: Keypad::Verifies, ..card });
    State { card, ..await_pin(guid) }
}

fn on_the_reader(wrong: Option<Verdict>) -> Action {
    Action::Show(
        Topic::Pin,
        Note::PinOnReader { holder: "田中 一郎".into(), waiting: None, tries_left: Some(5), wrong },
    )
}

#[test]
fn a_pin_on_the_reader_is_asked_for_there_and_the_screen_says_so() {
    let mut seat = seat();
    let actions = told(&mut seat, on_reader("a", PinEntry::Reader));
    let (asking, question) = asked(&actions).unwrap();
    assert!(question.entry.is_on_reader() && actions.contains(&on_the_reader(None)), "{actions:?}");
    assert_eq!(told(&mut seat, on_reader("a", PinEntry::ReaderNow)), [], "it is ours");
    let wrong = verdict(VerdictCode::WrongPin);
    let came = Came::Refused { verdict: wrong.clone(), tries_left: None };
    let actions = step(&mut seat, Event::Pin(asking, came));
    assert!(asked(&actions).is_some() && actions.contains(&on_the_reader(Some(wrong))), "{actions:?}");
    let (asking, _) = asked(&actions).unwrap();
    told(&mut seat, on_reader("a", PinEntry::Reader));
    let late = verdict(VerdictCode::CardProblem);
    let actions = step(&mut seat, Event::Pin(asking, Came::Refused { verdict: late, tries_left: None }));
    assert!(asked(&actions).is_none(), "who lets it pass is not asked again: {actions:?}");
    assert!(
        actions.contains(&Action::Show(Topic::Pin, Note::PinAwaited { holder: "田中 一郎".into(), waiting: None }))
    );
}

#[test]
fn a_reader_that_somebody_else_asked_is_left_alone() {
    let mut seat = seat();
    let prompt = |yours| sekisho_ipc::OpenPrompt {
        uid: 1002,
        user: Some("guest".into()),
        application: None,
        yours,
        what: sekisho_ipc::PromptFor::Login,
        function: None,
        waiting: None,
        on_reader: true,
    };
    let asked_by = |prompt: Option<sekisho_ipc::OpenPrompt>| State { prompt, ..on_reader("a", PinEntry::ReaderNow) };
    for strange in [Some(prompt(false)), None] {
        let warned = Action::Show(Topic::Pin, Note::PinOfAnother { prompt: strange.clone() });
        assert_eq!(told(&mut seat, asked_by(strange)), [warned], "nobody is urged to type for it");
    }
    assert_eq!(told(&mut seat, asked_by(Some(prompt(true)))), [on_the_reader(None)], "another program of hers");
    assert!(asked(&told(&mut seat, on_reader("a", PinEntry::Reader))).is_some(), "and asked when it is free");
}

#[test]
fn who_has_the_readers_is_told_as_long_as_he_has_them() {
    let mut seat = seat();
    told(&mut seat, no_card());
    let lease = sekisho_ipc::Lent { program: "sekisho-admin".into(), uid: 0, user: None, since: 1, until: 2 };
    let advice = verdict(VerdictCode::CardProblem);
    let lent = State { lease: Some(lease), advice: advice.clone(), ..no_card() };
    assert_eq!(told(&mut seat, lent), [Action::Show(Topic::Lease, Note::Lent { verdict: advice })]);
    assert_eq!(told(&mut seat, no_card()), [Action::Withdraw(Topic::Lease)]);
}

#[test]
fn nobody_is_asked_where_she_does_not_look() {
    for screen in [Screen::Unknown, Screen::Locked, Screen::Away] {
        let mut seat = seat();
        begin(&mut seat, await_pin("a"));
        assert_eq!(step(&mut seat, Event::Screen(screen)), [Action::StopAsking], "{screen:?}");
        assert_eq!(told(&mut seat, await_pin("a")), []);
        assert!(asked(&step(&mut seat, Event::Screen(Screen::Shown))).is_some());
    }
    let mut seat = Seat::new(Wishes { ask: false, ..WISHES });
    seat.looked_after = true;
    step(&mut seat, Event::Screen(Screen::Shown));
    assert_eq!(told(&mut seat, await_pin("a")), []);
}

#[test]
fn a_card_that_cannot_log_in_is_told_and_not_asked_for() {
    let mut seat = seat();
    let revoked = verdict(VerdictCode::CardUnknown);
    let actions = told(&mut seat, State { advice: revoked.clone(), ..await_pin("a") });
    assert_eq!(actions, [Action::Show(Topic::Refusal, Note::Refused { function: None, verdict: revoked, time: 0 })]);
    assert_eq!(told(&mut seat, no_card()), [Action::Withdraw(Topic::Refusal)]);
}

#[test]
fn a_locked_session_is_asked_for_when_its_screen_is_shown_and_one_that_was_ended_is_not() {
    let mut seat = seat();
    told(&mut seat, open(5 * MINUTE, 600 * MINUTE));
    assert_eq!(step(&mut seat, Event::LockAsked), [Action::StartLocker]);
    assert_eq!(told(&mut seat, locked()), [Action::EndPrograms]);
    assert_eq!(step(&mut seat, Event::Locker(Locker::Locked)), [Action::TellLocked(true)]);
    assert_eq!(step(&mut seat, Event::Screen(Screen::Locked)), []);
    assert_eq!(step(&mut seat, Event::Locker(Locker::Unlocked)), [Action::TellLocked(false)]);
    let (asking, _) = asked(&step(&mut seat, Event::Screen(Screen::Shown))).unwrap();
    step(&mut seat, Event::Pin(asking, Came::Proved));
    assert_eq!(told(&mut seat, open(5 * MINUTE, 600 * MINUTE)), []);

    let ended = State { last_lock_reason: Some("asked".into()), ..await_pin("a") };
    let actions = told(&mut seat, ended);
    assert!(asked(&actions).is_none(), "{actions:?}");
    told(&mut seat, no_card());
    assert!(asked(&told(&mut seat, await_pin("a"))).is_some());
}

#[test]
fn a_question_makes_room_for_a_locker_and_one_that_fails_is_started_again() {
    let mut seat = seat();
    begin(&mut seat, await_pin("a"));
    assert_eq!(step(&mut seat, Event::LockAsked), [Action::StopAsking, Action::StartLocker]);
    assert_eq!(step(&mut seat, Event::LockAsked), [], "it runs");
    let again = [Action::TellLocked(false), Action::StartLocker];
    assert_eq!(step(&mut seat, Event::Locker(Locker::Failed)), again);
    assert_eq!(step(&mut seat, Event::Locker(Locker::Failed)), again);
    assert_eq!(step(&mut seat, Event::Locker(Locker::Failed)), [Action::TellLocked(false)], "the agent sees to it");
    assert_eq!(step(&mut seat, Event::LockAsked), [Action::StartLocker]);
    step(&mut seat, Event::Locker(Locker::Locked));
    assert_eq!(step(&mut seat, Event::Locker(Locker::Failed)), again, "it hid the screen before");
}

#[test]
fn a_lock_that_logind_only_remembers_is_none() {
    let mut seat = seat();
    step(&mut seat, Event::Screen(Screen::Locked));
    assert_eq!(step(&mut seat, Event::LockAsked), [Action::TellLocked(false), Action::StartLocker]);
}

#[test]
fn nobody_is_asked_over_a_screen_that_is_about_to_be_locked() {
    let mut seat = Seat::new(Wishes { lock: false, ..WISHES });
    step(&mut seat, Event::Screen(Screen::Shown));
    told(&mut seat, open(5 * MINUTE, 600 * MINUTE));
    // As it comes: the agent first, then logind, then a look at a desktop that has not locked yet.
    let locking = State { screen: ScreenState::Locking, ..locked() };
    assert_eq!(told(&mut seat, locking), [Action::EndPrograms]);
    assert_eq!(step(&mut seat, Event::LockAsked), []);
    assert_eq!(step(&mut seat, Event::Screen(Screen::Shown)), []);
    assert_eq!(step(&mut seat, Event::Screen(Screen::Locked)), []);
    assert_eq!(told(&mut seat, State { screen: ScreenState::Locked, ..locked() }), []);
    assert!(asked(&step(&mut seat, Event::Screen(Screen::Shown))).is_some());
}

#[test]
fn the_end_is_warned_of_in_steps_and_a_warning_goes_when_it_is_not_true_any_more() {
    let mut seat = seat();
    assert_eq!(told(&mut seat, open(61_000, 11 * MINUTE)), []);
    let idle = Action::Show(Topic::Idle, Note::IdleSoon);
    assert_eq!(seat.step(Duration::from_secs(2), Event::Tick), [Action::Look, idle]);
    let ends = |minutes| Action::Show(Topic::End, Note::EndsSoon { by: SessionEnd::Hours, minutes });
    assert_eq!(told(&mut seat, open(5 * MINUTE, 10 * MINUTE)), [Action::Withdraw(Topic::Idle), ends(10)]);
    assert_eq!(told(&mut seat, open(5 * MINUTE, 9 * MINUTE)), []);
    assert_eq!(told(&mut seat, open(5 * MINUTE, 5 * MINUTE)), [ends(5)]);
    assert_eq!(told(&mut seat, open(5 * MINUTE, 1)), [ends(1)]);
    assert_eq!(step(&mut seat, Event::AgentLost), [Action::EndPrograms, Action::Withdraw(Topic::End)]);
    assert!(!seat.counts());
}

#[test]
fn a_refusal_is_told_until_something_else_is_decided_and_old_ones_are_not() {
    let recent = |time, code| Recent { time, function: Some("zei.query".into()), verdict: verdict(code) };
    let with = |recent: Vec<Recent>| State { recent, ..open(5 * MINUTE, 600 * MINUTE) };
    let mut seat = seat();
    let refused = VerdictCode::FunctionNotInScope;
    assert_eq!(told(&mut seat, with(vec![recent(1, refused)])), [], "before our eyes were open");
    let note = |time| Note::Refused { function: Some("zei.query".into()), verdict: verdict(refused), time };
    let show = |time| Action::Show(Topic::Refusal, note(time));
    assert_eq!(told(&mut seat, with(vec![recent(2, refused), recent(1, refused)])), [show(2)]);
    assert_eq!(told(&mut seat, with(vec![recent(3, refused)])), [show(3)]);
    assert_eq!(told(&mut seat, with(vec![recent(4, VerdictCode::Granted)])), [Action::Withdraw(Topic::Refusal)]);
}

#[test]
fn another_users_session_is_none_of_ours() {
    let mut seat = seat();
    told(&mut seat, State { session: None, card: None, ..open(0, 0) });
    assert!(!seat.counts());
    assert_eq!(step(&mut seat, Event::Tick), []);
}

/// An open session in which this request waits.
fn asking_for(id: &str) -> State {
    let waiting = Waiting {
        id: id.into(),
        uid: 2002,
        user: None,
        application: Some("counter".into()),
        function: "inkan.register".into(),
        title: "印鑑登録".into(),
        purpose: None,
        case: Some("R8-1".into()),
    };
    State { waiting: Some(waiting), ..open(10 * MINUTE, 600 * MINUTE) }
}

/// She clicks the notification of a request that waits.
fn wanted(seat: &mut Seat, id: &str) -> (Asking, Question) {
    let actions = told(seat, asking_for(id));
    let shown = |action: &Action| matches!(action, Action::Show(Topic::Pin, Note::PinAwaited { waiting: Some(_), .. }));
    assert!(actions.iter().any(shown) && asked(&actions).is_none(), "{actions:?}");
    asked(&step(seat, Event::PinWanted)).unwrap()
}

#[test]
fn a_request_that_waits_is_told_of_and_asked_for_when_she_wants_to_type() {
    let mut seat = seat();
    assert!(asked(&told(&mut seat, open(10 * MINUTE, 600 * MINUTE))).is_none());
    let (asking, question) = wanted(&mut seat, "w1");
    assert_eq!(question.prompt(), PromptRequest { card: Some("a".into()), ..PromptRequest::waiting("w1".into()) });
    for (language, what) in [(Language::Japanese, "「印鑑登録」の実行"), (Language::English, "asks to run: 印鑑登録")]
    {
        let note = Note::PinAwaited { holder: "田中 一郎".into(), waiting: question.waiting.clone() };
        let texts =
            [crate::words::of_question(&question, language).description, crate::words::of_note(&note, language).1];
        for (text, part) in
            texts.iter().flat_map(|text| ["counter", what, "R8-1", "田中 一郎"].map(|part| (text, part)))
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert!(asked(&told(&mut seat, asking_for("w1"))).is_none(), "it is asked for");
    // A wrong PIN is asked for again, a right one is enough; the next request is another question.
    let verdict = verdict(VerdictCode::WrongPin);
    let actions = step(&mut seat, Event::Pin(asking, Came::Refused { verdict, tries_left: Some(4) }));
    let (asking, question) = asked(&actions).unwrap();
    assert!(question.waiting.is_some() && question.tries_left == Some(4));
    assert_eq!(step(&mut seat, Event::Pin(asking, Came::Proved)), []);
    assert_eq!(told(&mut seat, asking_for("w1")), [], "the agent has not told yet");
    assert!(asked(&told(&mut seat, open(10 * MINUTE, 600 * MINUTE))).is_none());
    wanted(&mut seat, "w2");
}

#[test]
fn who_cancels_declines_the_request_and_who_lets_it_stand_does_not() {
    let mut seat = seat();
    let (asking, _) = wanted(&mut seat, "w1");
    let actions = step(&mut seat, Event::Pin(asking, Came::Cancelled));
    assert!(actions.contains(&Action::Decline("w1".into())), "{actions:?}");
    assert!(asked(&told(&mut seat, asking_for("w1"))).is_none(), "not a second time");
    let (asking, _) = wanted(&mut seat, "w2");
    for came in [Came::GivenUp, Came::Failed] {
        let actions = step(&mut seat, Event::Pin(asking, came));
        assert!(!actions.iter().any(|action| matches!(action, Action::Decline(_))), "{actions:?}");
    }
    // The notification has a button for it.
    let actions = step(&mut seat, Event::PinDenied("w2".into()));
    assert!(actions.contains(&Action::Decline("w2".into())), "{actions:?}");
    // A lock takes the question away, and asks for the one that opens it.
    wanted(&mut seat, "w3");
    let actions = told(&mut seat, State { waiting: None, ..locked() });
    assert!(actions.contains(&Action::StopAsking));
    assert!(asked(&actions).is_some_and(|(_, question)| question.waiting.is_none()));
}

#[test]
fn who_types_for_a_request_that_waits_no_more_is_let_finish_and_told() {
    let mut seat = seat();
    let (asking, _) = wanted(&mut seat, "w1");
    // The rest of her PIN must not go to the window below.
    for state in [open(10 * MINUTE, 600 * MINUTE), asking_for("w2")] {
        assert!(!told(&mut seat, state).contains(&Action::StopAsking));
    }
    let actions = step(&mut seat, Event::Pin(asking, Came::Failed));
    let says = |action: &Action| matches!(action, Action::Show(Topic::Refusal, Note::Refused { verdict, .. }) if verdict.what.contains("does not wait"));
    assert!(actions.iter().any(says), "{actions:?}");
    let actions = told(&mut seat, open(9 * MINUTE, 600 * MINUTE));
    assert!(!actions.contains(&Action::Withdraw(Topic::Refusal)), "it is not gone with the next word of the agent");
    // The next one is told of then.
    wanted(&mut seat, "w2");
    assert!(told(&mut seat, locked()).contains(&Action::StopAsking), "a lock does not wait for her");
}

#[test]
fn the_screen_says_what_a_pin_on_the_reader_is_for_and_warns_of_another_s_in_an_open_session_too() {
    let on_reader =
        |state: State| State { card: state.card.map(|card| Card { pin_entry: PinEntry::ReaderNow, ..card }), ..state };
    let prompt = |yours, waiting: Option<&str>| sekisho_ipc::OpenPrompt {
        uid: 1001,
        user: None,
        application: None,
        yours,
        what: sekisho_ipc::PromptFor::Function,
        function: None,
        waiting: waiting.map(Into::into),
        on_reader: true,
    };
    let named = |waiting: Option<&str>| {
        let mut seat = seat();
        let actions = told(&mut seat, on_reader(State { prompt: Some(prompt(true, waiting)), ..asking_for("w1") }));
        let note = actions.into_iter().find_map(|action| {
            let Action::Show(Topic::Pin, Note::PinOnReader { waiting, .. }) = action else { return None };
            Some(waiting.map(|waiting| waiting.id))
        });
        note.unwrap()
    };
    assert_eq!(named(Some("w1")).as_deref(), Some("w1"));
    assert_eq!(named(None), None, "she is asked for something else");
    for strange in [None, Some(prompt(false, None))] {
        let mut seat = seat();
        let actions = told(&mut seat, on_reader(State { prompt: strange.clone(), ..open(10 * MINUTE, 600 * MINUTE) }));
        assert!(actions.contains(&Action::Show(Topic::Pin, Note::PinOfAnother { prompt: strange })), "{actions:?}");
    }
}

#[test]
fn what_may_run_in_an_open_session_alone_ends_with_it() {
    let session = || open(10 * MINUTE, 600 * MINUTE);
    let of_another = || {
        let another = session().session.map(|session| Session { id: "2".into(), ..session });
        State { session: another, ..session() }
    };
    let ends = |then: Event| {
        let mut seat = seat();
        assert!(!told(&mut seat, session()).contains(&Action::EndPrograms));
        assert!(!told(&mut seat, session()).contains(&Action::EndPrograms));
        step(&mut seat, then).contains(&Action::EndPrograms)
    };
    for state in [locked(), no_card(), await_pin("a"), of_another()] {
        assert!(ends(Event::Agent(Box::new(state.clone()))), "{state:?}");
    }
    assert!(ends(Event::AgentLost));
    assert!(!ends(Event::Tick));
    let mut seat = seat();
    assert!(!told(&mut seat, locked()).contains(&Action::EndPrograms), "it was locked before");
    let mut seat = Seat::new(WISHES);
    assert!(told(&mut seat, locked()).contains(&Action::EndPrograms), "nobody looked after them before us");
    assert!(!told(&mut seat, no_card()).contains(&Action::EndPrograms), "once");
}

#[test]
fn an_expired_pin_is_asked_for_with_another_one_and_then_the_new_one_opens_the_session() {
    let mut seat = seat();
    let expired = || State { advice: verdict(VerdictCode::PinExpired), ..await_pin("a") };
    let (asking, question) = asked(&told(&mut seat, expired())).unwrap();
    assert_eq!(question.expired, Some(verdict(VerdictCode::PinExpired)));
    assert_eq!(question.prompt(), PromptRequest { card: Some("a".into()), ..PromptRequest::change_pin() });
    // The two new ones differ, or the card does not take it: she is asked again, and told why.
    let (asking, question) = asked(&step(&mut seat, Event::Pin(asking, Came::Differs))).unwrap();
    assert_eq!(question.trouble, Some(Trouble::Differs));
    let refused = Came::Refused { verdict: verdict(VerdictCode::CardProblem), tries_left: Some(5) };
    let (asking, question) = asked(&step(&mut seat, Event::Pin(asking, refused))).unwrap();
    assert_eq!(question.trouble, Some(Trouble::Wrong(verdict(VerdictCode::CardProblem))));
    // Changed: it is not asked for another time while the agent says the old state, and the login follows.
    assert!(asked(&step(&mut seat, Event::Pin(asking, Came::Proved))).is_none());
    assert!(asked(&told(&mut seat, expired())).is_none());
    let (_, question) = asked(&told(&mut seat, await_pin("a"))).unwrap();
    assert_eq!((question.expired.clone(), question.prompt().what), (None, PromptRequest::login().what));
}
