//! Every state that the panel can show, drawn in both languages and compared with the pictures in `tests/panel.*.txt`.
//! `SEKISHO_WRITE_PANELS=1 cargo test -p sekisho` draws the pictures anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sekisho_ipc::{
    AgentError, AuthorizeRequest, Card, ClientError, Function, Keypad, LinkState, PinEntry, Purpose, Recent,
    ScreenState, Session, SessionEnd, SessionState, State, Verdict,
};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;
use unicode_width::UnicodeWidthStr;

mod reporting;

use super::draw::draw;
use super::model::{Action, Dialog, Event, Key, Panel};
use crate::failure::Failure;
use crate::programs::{End, Program};
use sekisho_ipc::TypedPin;

mod deciding;
mod expired;
mod for_program;
mod lent;
pub(crate) use lent::lent;
mod on_reader;
mod warnings;

/// 22 November 2026, 10:15:00 in Japan.
const NOW: u64 = 1_795_310_100_000;

fn verdict(code: VerdictCode) -> Verdict {
    let (english, japanese) = (code.words(Language::English), code.words(Language::Japanese));
    Verdict {
        granted: code.is_granted(),
        code: code.name().into(),
        number: code.number(),
        what: english.what.into(),
        next: english.next.into(),
        what_ja: japanese.what.into(),
        next_ja: japanese.next.into(),
    }
}

fn function(name: &str, title: &str, level: &str, code: VerdictCode) -> Function {
    let purposes = vec![
        Purpose { purpose: "madoguchi".into(), title: "窓口での請求".into() },
        Purpose { purpose: "yubin".into(), title: "郵送での請求".into() },
    ];
    Function {
        function: name.into(),
        title: title.into(),
        level: level.into(),
        purpose_required: name == "juminhyo.issue",
        purposes: if name == "juminhyo.issue" { purposes } else { Vec::new() },
        verdict: verdict(code),
    }
}

pub(crate) fn no_card() -> State {
    State {
        office: Some("5f0c".into()),
        title: Some("あおば市".into()),
        terminal: Some("madoguchi-01".into()),
        state: SessionState::NoCard,
        reader: Some("usb:04e6:5116:21120".into()),
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
        register_size: 48,
        register_age: Some(60_000),
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
        time: NOW,
        advice: verdict(VerdictCode::NoCard),
    }
}

fn await_pin(tries_left: u32) -> State {
    let card = Card {
        guid: "9b1d".into(),
        kind: Some("business".into()),
        operator: Some("0012".into()),
        name: Some("田中 一郎".into()),
        tries_left: Some(tries_left),
        profiles: vec!["jumin-1".into(), "jumin-2".into()],
        by_grant: false,
        pin_entry: PinEntry::Keyboard,
        keypad: Keypad::None,
        pin_ends: None,
        signs_acts: false,
    };
    let advice = verdict(VerdictCode::PinNeeded);
    State { state: SessionState::AwaitPin, card: Some(card), advice, ..no_card() }
}

fn open() -> State {
    let session = Session {
        id: "c27e".into(),
        operator: "0012".into(),
        name: Some("田中 一郎".into()),
        profile: "jumin-1".into(),
        section: "jumin".into(),
        section_title: "住民課".into(),
        kind: "ordinary".into(),
        opened: NOW - 3_600_000,
        idle_lock_in: 300_000,
        ends_in: 32_400_000,
        ends_by: SessionEnd::Length,
    };
    let granted = VerdictCode::Granted;
    State {
        state: SessionState::Open,
        session: Some(session),
        functions: vec![
            function("juminhyo.issue", "住民票の写しの交付", "session", granted),
            function("juminhyo.query", "住民票の照会", "session", granted),
            function("ido.register", "異動の届出", "card", granted),
            function("shogai.delete", "記録の消除", "pin", granted),
            function("zei.query", "税情報の照会", "session", VerdictCode::FunctionNotInScope),
            function("koseki.issue", "戸籍証明の交付", "session", VerdictCode::FunctionNotForTerminal),
        ],
        recent: vec![
            Recent {
                time: NOW - 60_000,
                function: Some("zei.query".into()),
                verdict: verdict(VerdictCode::FunctionNotInScope),
            },
            Recent { time: NOW - 120_000, function: Some("juminhyo.issue".into()), verdict: verdict(granted) },
        ],
        advice: verdict(granted),
        ..await_pin(5)
    }
}

/// What an old register leaves: here the administrators call one function essential.
fn essential_alone() -> Vec<Function> {
    let stale = |function: Function| match function.function.as_str() {
        "juminhyo.issue" => function,
        _ => Function { verdict: verdict(VerdictCode::RegisterStale), ..function },
    };
    open().functions.into_iter().map(stale).collect()
}

fn locked() -> State {
    let advice = verdict(VerdictCode::Locked);
    State {
        state: SessionState::Locked,
        last_lock_reason: Some("idle".into()),
        functions: Vec::new(),
        recent: Vec::new(),
        advice,
        ..open()
    }
}

fn showing(language: Language, state: State) -> Panel {
    let mut panel = Panel::new(language, Vec::new());
    let _ = panel.take(Event::State(Box::new(state)));
    panel
}

fn typing(panel: &mut Panel, text: &str) -> Vec<Action> {
    text.chars().flat_map(|character| panel.take(Event::Key(Key::Character(character)))).collect()
}

/// Every state with its name.
fn every(language: Language) -> Vec<(&'static str, Panel)> {
    let show = |state| showing(language, state);
    let with = |mut panel: Panel, change: fn(&mut Panel)| {
        change(&mut panel);
        panel
    };
    let nowhere = || Failure::NoAgent {
        socket: sekisho_ipc::SOCKET.into(),
        cause: std::io::Error::new(std::io::ErrorKind::NotFound, "No such file or directory"),
    };
    let mut all = vec![
        ("no card", show(no_card())),
        ("reader lost", show(State { reader: None, last_lock_reason: Some("reader_lost".into()), ..no_card() })),
        ("PIN awaited", show(await_pin(5))),
        ("last try", show(await_pin(1))),
        ("open", show(open())),
        (
            "about to lock, ledger away",
            show(State {
                session: open().session.map(|session| Session { idle_lock_in: 20_000, ..session }),
                link: LinkState::Down,
                register_link: LinkState::Down,
                unsent: 12,
                register_age: Some(73 * 3_600_000),
                register_stale: true,
                functions: essential_alone(),
                ..open()
            }),
        ),
        (
            "the hours end soon",
            show(State {
                session: open().session.map(|session| Session {
                    ends_in: 540_000,
                    ends_by: SessionEnd::Hours,
                    ..session
                }),
                ..open()
            }),
        ),
        (
            "a card newer than the register",
            show(State {
                card: await_pin(5).card.map(|card| Card { by_grant: true, name: None, ..card }),
                session: open().session.map(|session| Session { name: None, ..session }),
                link: LinkState::Down,
                register_link: LinkState::Down,
                register_age: Some(7_200_000),
                unsent: 12,
                ..open()
            }),
        ),
        ("a program to start", with(show(open()), |panel| panel.programs = vec![program("住民記録システム")])),
        (
            "which program",
            with(show(open()), |panel| {
                panel.programs = vec![program("住民記録システム"), program("住民記録システム(照会専用)")];
                drop(typing(panel, "s"));
                let _ = panel.take(Event::Key(Key::Down));
            }),
        ),
        (
            "a program was ended",
            with(show(locked()), |panel| {
                let _ = panel.take(Event::Ended(program("住民記録システム"), End::Locked));
            }),
        ),
        (
            "PIN for a function",
            with(show(open()), |panel| {
                panel.dialog = Dialog::Pin { request: request("shogai.delete"), typed: TypedPin::default() };
                drop(typing(panel, "2468"));
            }),
        ),
        (
            "change of PIN",
            with(show(await_pin(5)), |panel| {
                let _ = panel.take(Event::Key(Key::ChangePin));
                drop(typing(panel, "246813"));
                let _ = panel.take(Event::Key(Key::Enter));
                drop(typing(panel, "7531"));
            }),
        ),
        ("the card at work", with(show(open()), |panel| panel.dialog = Dialog::Waiting)),
        ("locked", show(locked())),
        (
            "a rest",
            show(State {
                last_lock_reason: Some("rest_due".into()),
                advice: Verdict {
                    next: "Come back at 14:05.".into(),
                    next_ja: "14:05 以降に再開してください。".into(),
                    ..verdict(VerdictCode::RestNeeded)
                },
                ..locked()
            }),
        ),
        (
            "not enrolled",
            show(State {
                office: None,
                title: None,
                terminal: None,
                link: LinkState::Down,
                register_link: LinkState::Down,
                advice: verdict(VerdictCode::NotEnrolled),
                ..no_card()
            }),
        ),
        ("not enrolled, the agent says so", {
            let mut panel = show(no_card());
            let _ = panel.take(Event::Lost(Failure::Asking(ClientError::Agent(AgentError::NotEnrolled))));
            panel
        }),
        ("in use elsewhere", show(State { card: None, session: None, functions: Vec::new(), ..open() })),
        ("agent not reachable", {
            let mut panel = show(open());
            let _ = panel.take(Event::Lost(nowhere()));
            panel
        }),
    ];
    all.extend(reporting::every(language));
    all.extend(on_reader::every(language));
    all.extend(lent::every(language));
    all.extend(for_program::every(language));
    all.extend(expired::every(language));
    all.extend(deciding::every(language));
    all
}

fn request(function: &str) -> AuthorizeRequest {
    AuthorizeRequest { function: function.into(), ..AuthorizeRequest::default() }
}

fn program(title: &str) -> Program {
    Program { title: title.into(), function: "juminhyo.issue".into(), command: vec!["kiroku".into()] }
}

/// The screen as text: a character of two columns stands for both.
fn drawn(panel: &Panel, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, panel)).unwrap();
    let mut text = String::new();
    for line in terminal.backend().buffer().content().chunks(columns.into()) {
        let mut hidden = 0;
        let mut row = String::new();
        for cell in line {
            if hidden == 0 {
                row.push_str(cell.symbol());
            }
            hidden = hidden.max(cell.symbol().width()).saturating_sub(1);
        }
        writeln!(text, "{}", row.trim_end()).unwrap();
    }
    text
}

fn pictures(language: Language) -> String {
    let mut all = String::new();
    for (name, panel) in every(language) {
        writeln!(all, "=== {name}\n{}", drawn(&panel, 80, 24)).unwrap();
    }
    all
}

fn compare(language: Language, file: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
    let drawn = pictures(language);
    if std::env::var_os("SEKISHO_WRITE_PANELS").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    for (drawn, kept) in drawn.split("=== ").zip(kept.split("=== ")) {
        assert_eq!(drawn, kept, "{file}");
    }
    assert_eq!(drawn.len(), kept.len(), "{file}");
}

#[test]
fn every_state_looks_as_in_the_japanese_pictures() {
    compare(Language::Japanese, "panel.ja.txt");
}

#[test]
fn every_state_looks_as_in_the_english_pictures() {
    compare(Language::English, "panel.en.txt");
}

/// Runs of empty lines as one, indented as Markdown wants it.
fn in_markdown(picture: &str) -> String {
    let mut lines: Vec<&str> = picture.trim_end().lines().skip(1).collect();
    lines.dedup_by(|one, other| one.is_empty() && other.is_empty());
    lines.iter().map(|line| if line.is_empty() { "\n".into() } else { format!("    {line}\n") }).collect()
}

#[test]
fn the_readme_shows_the_panel_as_it_is() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    for language in [Language::Japanese, Language::English] {
        for picture in pictures(language).split("=== ").skip(1) {
            let name = picture.lines().next().unwrap_or_default();
            assert!(readme.contains(&in_markdown(picture)), "{name} {language:?}:\n{}", in_markdown(picture));
        }
    }
}

#[test]
fn a_ledger_that_refuses_the_terminal_is_not_said_to_be_away() {
    for (language, refuses, away) in [
        (Language::Japanese, "台帳がこの端末を拒んでいます", "接続できません"),
        (Language::English, "refuses this terminal", "cannot be reached"),
    ] {
        let state = State { register_link: LinkState::Refused, link: LinkState::Down, ..open() };
        let text = drawn(&showing(language, state), 80, 24);
        assert!(text.contains(refuses) && !text.contains(away), "{text}");
    }
}

#[test]
fn every_key_stands_whole_in_the_foot() {
    for language in [Language::Japanese, Language::English] {
        for (name, panel) in every(language) {
            let picture = drawn(&panel, 80, 24);
            let foot = picture.lines().last().unwrap_or_default();
            assert!(!foot.contains(".."), "{name}: {foot}");
        }
    }
}

#[test]
fn every_size_can_be_drawn() {
    for language in [Language::Japanese, Language::English] {
        for (columns, rows) in [(1, 1), (20, 5), (40, 10), (81, 25), (200, 60)] {
            for (_, panel) in every(language) {
                assert_eq!(drawn(&panel, columns, rows).lines().count(), usize::from(rows));
            }
        }
    }
}

#[test]
fn no_picture_shows_a_character_of_a_pin() {
    let pin = "Zq7#Xw";
    for state in [await_pin(5), locked()] {
        let mut panel = showing(Language::English, state);
        assert!(typing(&mut panel, pin).is_empty(), "letters are no commands here");
        let text = drawn(&panel, 80, 24);
        assert!(text.contains("[ ****** "), "{text}");
        assert!(!pin.chars().any(|character| "7#".contains(character) && text.contains(&format!("[ {character}"))));
        assert!(!format!("{panel:?}").contains(pin));
    }
}

#[test]
fn enter_sends_the_typed_pin_with_the_chosen_profile() {
    let mut panel = showing(Language::English, await_pin(5));
    drop(panel.take(Event::Key(Key::Tab)));
    drop(typing(&mut panel, "246813"));
    let actions = panel.take(Event::Key(Key::Enter));
    let [Action::Login { card, profile, pin }] = &actions[..] else { panic!("one login") };
    assert_eq!(card.as_deref(), Some("9b1d"), "the PIN is for the card that was shown");
    assert_eq!((profile.as_deref(), pin.expose()), (Some("jumin-2"), &b"246813"[..]));
    assert!(panel.typed.is_empty());
}

#[test]
fn a_program_is_started_when_its_function_is_granted_and_not_before() {
    let record = sekisho_ipc::RecordRef { epoch: 1, seq: 57 };
    let answer = |code, record| sekisho_ipc::AuthorizeAnswer { verdict: verdict(code), record, decision: None };
    let asked = |panel: &mut Panel| {
        let mut actions = typing(panel, "s");
        actions.extend([Key::Enter, Key::Enter].into_iter().flat_map(|key| panel.take(Event::Key(key))));
        actions.retain(|action| !matches!(action, Action::Activity));
        match actions.pop() {
            Some(Action::Authorize(request)) if actions.is_empty() => request,
            other => panic!("one question: {other:?}"),
        }
    };
    let mut panel = showing(Language::English, open());
    assert!(!typing(&mut panel, "s").iter().any(|action| matches!(action, Action::Start(..))), "nothing to start");
    panel.programs = vec![program("kiroku")];
    let request = asked(&mut panel);
    let refused = Ok(answer(VerdictCode::OutOfHours, Some(record)));
    assert!(panel.take(Event::Authorized { request, answer: refused }).is_empty());

    let request = asked(&mut panel);
    let wants_pin = Ok(answer(VerdictCode::PinProofNeeded, None));
    assert!(panel.take(Event::Authorized { request: request.clone(), answer: wants_pin }).is_empty());
    // Given up at the PIN: what is granted next starts nothing.
    drop(panel.take(Event::Key(Key::Escape)));
    let granted = || Ok(answer(VerdictCode::Granted, Some(record)));
    assert!(panel.take(Event::Authorized { request, answer: granted() }).is_empty());

    let request = asked(&mut panel);
    let actions = panel.take(Event::Authorized { request, answer: granted() });
    assert!(matches!(&actions[..], [Action::Start(of, started)] if *of == record && started.title == "kiroku"));
}

#[test]
fn a_short_pin_is_not_sent() {
    let mut panel = showing(Language::English, await_pin(5));
    drop(typing(&mut panel, "1234"));
    assert!(panel.take(Event::Key(Key::Enter)).is_empty());
    assert!(!panel.notice.as_ref().unwrap().good);
}

#[test]
fn a_pin_typed_for_one_card_is_forgotten_when_another_comes() {
    let mut panel = showing(Language::English, await_pin(5));
    drop(typing(&mut panel, "246813"));
    let mut other = await_pin(5);
    other.card.as_mut().unwrap().guid = "77aa".into();
    drop(panel.take(Event::State(Box::new(other))));
    assert!(panel.typed.is_empty());
}

#[test]
fn key_presses_count_as_work_once_a_second_and_only_while_open() {
    let mut panel = showing(Language::English, open());
    let press = |panel: &mut Panel, now| {
        panel.set_now(now);
        panel.take(Event::Key(Key::Down)).into_iter().filter(|action| matches!(action, Action::Activity)).count()
    };
    assert_eq!([0, 10, 999, 1000, 1500, 2100].map(|now| press(&mut panel, now)), [1, 0, 0, 1, 0, 1]);
    let mut panel = showing(Language::English, locked());
    assert_eq!(press(&mut panel, 0), 0);
}

#[test]
fn a_countdown_begins_anew_and_brings_no_older_state_back() {
    let mut panel = showing(Language::English, open());
    let session = |idle_lock_in| Session { idle_lock_in, ..open().session.unwrap() };
    panel.set_now(2000);
    drop(panel.take(Event::Counted { time: NOW + 2000, session: session(299_000) }));
    assert_eq!(panel.state().unwrap().session, Some(session(299_000)));
    let other = Session { id: "0000".into(), ..session(1) };
    drop(panel.take(Event::Counted { time: NOW + 2000, session: other }));
    assert_eq!(panel.state().unwrap().session, Some(session(299_000)), "another session's");
    drop(panel.take(Event::State(Box::new(locked()))));
    drop(panel.take(Event::Counted { time: NOW + 2000, session: session(1) }));
    assert_eq!(panel.state(), Some(&locked()), "it was asked before the lock");
}

#[test]
fn a_function_is_asked_for_with_purpose_and_case() {
    let mut panel = showing(Language::English, open());
    drop(typing(&mut panel, "a"));
    drop(panel.take(Event::Key(Key::Down)));
    drop(panel.take(Event::Key(Key::Enter)));
    drop(typing(&mut panel, "R8 田-1"));
    let actions = panel.take(Event::Key(Key::Enter));
    let Some(Action::Authorize(request)) = actions.last() else { panic!("asks") };
    assert_eq!(request.function, "juminhyo.issue");
    assert_eq!((request.purpose.as_deref(), request.case.as_deref()), (Some("yubin"), Some("R8-1")));
}

#[test]
fn a_function_that_wants_the_pin_gets_a_prompt_and_then_the_proof() {
    let mut panel = showing(Language::English, open());
    let answer =
        sekisho_ipc::AuthorizeAnswer { verdict: verdict(VerdictCode::PinProofNeeded), record: None, decision: None };
    drop(panel.take(Event::Authorized { request: request("shogai.delete"), answer: Ok(answer) }));
    drop(typing(&mut panel, "246813"));
    let actions = panel.take(Event::Key(Key::Enter));
    let Some(Action::Prove { request, pin }) = actions.last() else { panic!("proves") };
    assert_eq!(request.card.as_deref(), Some("9b1d"));
    assert_eq!((request.function.as_deref(), pin.expose()), (Some("shogai.delete"), &b"246813"[..]));
}

#[test]
fn a_pin_is_changed_by_whoever_types_the_new_one_twice_alike() {
    let change = |again: &str| {
        let mut panel = showing(Language::English, await_pin(5));
        drop(panel.take(Event::Key(Key::ChangePin)));
        let mut actions = Vec::new();
        for pin in ["246813", "753197", again] {
            drop(typing(&mut panel, pin));
            actions = panel.take(Event::Key(Key::Enter));
        }
        (actions, panel)
    };
    let (actions, panel) = change("753197");
    let [Action::ChangePin { card, pins: [old, new] }] = actions.as_slice() else { panic!("changes: {actions:?}") };
    assert_eq!(card.as_deref(), Some("9b1d"));
    assert_eq!((old.expose(), new.expose()), (&b"246813"[..], &b"753197"[..]));
    assert!(matches!(panel.dialog, Dialog::Waiting));

    let (actions, panel) = change("753198");
    assert!(actions.is_empty() && panel.notice.unwrap().text.contains("differ"));
    let (actions, panel) = change("753");
    assert!(actions.is_empty() && panel.notice.is_some());
    // Escape leaves it; without a card there is nothing to change.
    let mut panel = showing(Language::English, await_pin(5));
    drop(panel.take(Event::Key(Key::ChangePin)));
    drop(panel.take(Event::Key(Key::Escape)));
    assert!(matches!(panel.dialog, Dialog::None));
    let mut panel = showing(Language::English, no_card());
    drop(panel.take(Event::Key(Key::ChangePin)));
    assert!(matches!(panel.dialog, Dialog::None));
}

#[test]
fn commands_do_what_the_foot_line_says() {
    let mut panel = showing(Language::English, open());
    assert!(matches!(typing(&mut panel, "k").last(), Some(Action::Lock)));
    assert!(matches!(typing(&mut panel, "e").last(), Some(Action::End)));
    assert!(matches!(typing(&mut panel, "q").last(), Some(Action::Quit)));
    drop(typing(&mut panel, "l"));
    assert_eq!(panel.language, Language::Japanese);
    drop(panel.take(Event::Key(Key::Language)));
    assert_eq!(panel.language, Language::English);
}
