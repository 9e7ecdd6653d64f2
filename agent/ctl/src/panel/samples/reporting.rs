//! A report, step by step, and what came of it.

use sekisho_ipc::{CardTrouble, LinkState, Numbered, ReportCardAnswer, ReportCardRequest, State};
use sekisho_wire::words::Language;

use super::{await_pin, drawn, locked, no_card, open, showing, typing};
use crate::panel::model::{Action, Dialog, Event, Key, Panel, Reporting};
use crate::report::{Answer, Request};

fn begun(language: Language, state: State, keys: &[Key]) -> Panel {
    let mut panel = showing(language, state);
    keys.iter().for_each(|key| drop(panel.take(Event::Key(*key))));
    panel
}

fn blocked(reached: bool) -> Answer {
    let number = Numbered { number: "2026-12".into(), number_ja: "令和8年度第12号".into() };
    Answer::Card(ReportCardAnswer {
        cards: vec![number],
        already: vec![],
        not_blocked: vec![],
        reached,
        refused: false,
    })
}

/// The pictures of it.
pub(super) fn every(language: Language) -> Vec<(&'static str, Panel)> {
    let typed = |mut panel: Panel, text: &str| {
        drop(typing(&mut panel, text));
        panel
    };
    let which = begun(language, no_card(), &[Key::Report, Key::Enter]);
    let mut sure = typed(begun(language, no_card(), &[Key::Report, Key::Enter]), "0012");
    drop(sure.take(Event::Key(Key::Enter)));
    let away = State { link: LinkState::Down, register_link: LinkState::Down, reports_waiting: 1, ..no_card() };
    let mut told = showing(language, away);
    drop(told.take(Event::Reported(Ok(blocked(false)))));
    vec![
        ("what is reported", begun(language, no_card(), &[Key::Report])),
        ("which card", typed(which, "0012")),
        ("before it is reported", sure),
        ("reported, ledger away", told),
    ]
}

#[test]
fn a_card_is_reported_from_every_state_and_only_after_it_was_looked_at_once_more() {
    for state in [no_card(), await_pin(5), open(), locked()] {
        let mut panel = showing(Language::English, state);
        drop(typing(&mut panel, "24"));
        for key in [Key::Report, Key::Down, Key::Enter] {
            assert!(!panel.take(Event::Key(key)).iter().any(|action| matches!(action, Action::Report(_))), "{key:?}");
        }
        drop(typing(&mut panel, "r8-12"));
        assert!(panel.typed.is_empty(), "nothing of it is taken for a PIN");
        assert!(!panel.take(Event::Key(Key::Enter)).iter().any(|action| matches!(action, Action::Report(_))));
        let actions = panel.take(Event::Key(Key::Enter));
        let Some(Action::Report(Request::Card(request))) = actions.last() else { panic!("reports: {actions:?}") };
        let meant = ReportCardRequest { card: Some("r8-12".into()), reason: CardTrouble::Stolen };
        assert_eq!(*request, meant);
        drop(panel.take(Event::Reported(Ok(blocked(true)))));
        assert!(matches!(panel.dialog, Dialog::None));
        assert!(panel.notice.as_ref().unwrap().good, "{:?}", panel.notice);
    }
}

#[test]
fn a_report_is_left_with_escape_and_not_begun_amid_the_cards_work() {
    let mut panel = showing(Language::English, no_card());
    for keys in [&[Key::Report][..], &[Key::Report, Key::Enter], &[Key::Report, Key::Enter, Key::Enter]] {
        keys.iter().for_each(|key| drop(panel.take(Event::Key(*key))));
        assert!(matches!(panel.dialog, Dialog::Report(_)));
        assert!(panel.take(Event::Key(Key::Escape)).is_empty());
        assert!(matches!(panel.dialog, Dialog::None));
    }
    panel.dialog = Dialog::Waiting;
    drop(panel.take(Event::Key(Key::Report)));
    assert!(matches!(panel.dialog, Dialog::Waiting));
    let mut stranger = showing(Language::English, State { office: None, ..no_card() });
    drop(stranger.take(Event::Key(Key::Report)));
    assert!(matches!(stranger.dialog, Dialog::None), "of no office");
}

#[test]
fn an_incident_needs_no_card_and_no_name_is_shown() {
    let mut panel = begun(Language::English, await_pin(5), &[Key::Report]);
    for _ in 0..7 {
        drop(panel.take(Event::Key(Key::Down)));
    }
    drop(panel.take(Event::Key(Key::Enter)));
    assert!(matches!(&panel.dialog, Dialog::Report(Reporting::Card { .. })));
    drop(panel.take(Event::Key(Key::Enter)));
    assert!(!drawn(&panel, 80, 24).contains("田中"), "whoever stands there");
    let actions = panel.take(Event::Key(Key::Enter));
    let Some(Action::Report(Request::Incident(request))) = actions.last() else { panic!("reports: {actions:?}") };
    assert_eq!((request.kind.as_str(), request.card.as_deref()), ("leak", None));
}
