//! The keys that do something now: first those of this screen, then the function keys in their order, which are the same on every screen.

use sekisho_ipc::{PinEntry, SessionState, State};

use super::{Dialog, Panel, Reporting};
use crate::panel::model::Deciding;

pub(super) fn keys_shown(panel: &Panel) -> String {
    let language = panel.language;
    let keys =
        keys(panel).into_iter().map(|(key, japanese, english)| format!("{key} {}", language.pick(japanese, english)));
    keys.collect::<Vec<_>>().join("  ")
}

/// A key, and what it does, in both languages.
type KeyAndLabel = (&'static str, &'static str, &'static str);

const BACK: KeyAndLabel = ("Esc", "戻る", "back");
const SEND: KeyAndLabel = ("Enter", "確定", "send");
const QUIT: KeyAndLabel = ("F10", "閉じる", "quit");

fn keys(panel: &Panel) -> Vec<KeyAndLabel> {
    match &panel.dialog {
        Dialog::Program { .. }
        | Dialog::Purpose { .. }
        | Dialog::Report(Reporting::What { .. })
        | Dialog::Decide(Deciding::What { .. }) => {
            vec![("Enter", "選択", "choose"), BACK]
        }
        Dialog::Report(Reporting::Sure { .. }) => {
            vec![("Enter", "届け出る", "report"), ("Esc", "やめる", "leave it")]
        }
        Dialog::Decide(Deciding::Sign { .. }) => {
            vec![("Enter", "署名", "sign"), ("Esc", "やめる", "leave it")]
        }
        Dialog::ForProgram { over: true, .. } => vec![("Enter", "戻る", "back")],
        Dialog::ForProgram { over: false, .. } => vec![SEND, ("Esc", "断る", "decline")],
        Dialog::Case { .. }
        | Dialog::Pin { .. }
        | Dialog::ChangePin { .. }
        | Dialog::Decide(Deciding::Value { .. })
        | Dialog::Report(Reporting::Card { .. }) => vec![SEND, BACK],
        Dialog::Waiting => vec![QUIT],
        Dialog::None => on_the_ground(panel),
    }
}

/// Without a dialog.
fn on_the_ground(panel: &Panel) -> Vec<KeyAndLabel> {
    // Another's open session is none of ours.
    let ours = panel.state().filter(|state| state.session.is_some() || state.state != SessionState::Open);
    let is = |wanted| ours.is_some_and(|state| state.state == wanted);
    let open = is(SessionState::Open);
    let rests = ours.is_some_and(|state| state.advice.code == "rest_needed");
    let may_type = (is(SessionState::AwaitPin) || is(SessionState::Locked)) && !rests;
    let expired = panel.must_change();
    let with_card = may_type && matches!(panel.pin_entry(), PinEntry::Keyboard | PinEntry::Reader);
    let waits = open && panel.state().is_some_and(|state| state.waiting.is_some());
    [
        open.then_some(("a", "実行確認", "ask")),
        (open && !panel.startable().is_empty()).then_some(("s", "起動", "start")),
        waits.then_some(("p", "暗証番号", "PIN")),
        (with_card && expired).then_some(("Enter", "変更", "change")),
        (with_card && !expired && panel.pin_entry() == PinEntry::Reader).then_some(("Enter", "開始", "begin")),
        (with_card && !expired && panel.pin_entry() == PinEntry::Keyboard).then_some(SEND),
        (with_card && !expired && panel.pin_entry() == PinEntry::Keyboard).then_some(("Esc", "消去", "clear")),
        Some(("F2", "EN", "日本語")),
        // There is room for one of p and F4.
        ((open && !waits) || with_card).then_some(("F4", "暗証変更", "change PIN")),
        (panel.may_decide() && ours.is_some()).then_some(("F6", "決定", "decide")),
        open.then_some(("F5", "ロック", "lock")),
        panel.state().is_some_and(is_enrolled).then_some(("F7", "届出", "report")),
        ours.is_some_and(|state| state.session.is_some()).then_some(("F8", "終了", "end")),
        Some(QUIT),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const fn is_enrolled(state: &State) -> bool {
    state.office.is_some()
}
