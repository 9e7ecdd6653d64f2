//! Verdicts as the socket tells them, for people and programs.

use sekisho_ipc::{AgentError, Verdict};
use sekisho_wire::reason::Reason;
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::worker_link::Problem;

/// The verdict of a code.
pub(crate) fn verdict(code: VerdictCode) -> Verdict {
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

/// Numbers of what a card says; like all from 200, they stand in no record.
const WRONG_PIN: u16 = 240;
const PIN_BLOCKED: u16 = 241;
const PIN_NOT_SENT: u16 = 242;
const CARD_PROBLEM: u16 = 243;
const CARD_FALSE: u16 = 244;

fn refusal(code: &str, number: u16, english: (String, &str), japanese: (String, &str)) -> Verdict {
    let ((what, next), (what_ja, next_ja)) = (english, japanese);
    let (next, next_ja) = (next.to_owned(), next_ja.to_owned());
    Verdict { granted: false, code: code.into(), number, what, next, what_ja, next_ja }
}

fn card_problem(verdict: Verdict, tries_left: Option<u8>) -> AgentError {
    AgentError::CardProblem { verdict: Box::new(verdict), tries_left: tries_left.map(u32::from) }
}

/// A refusal by `decide` before or after a PIN.
pub(crate) fn refused(code: VerdictCode, tries_left: Option<u8>) -> AgentError {
    card_problem(verdict(code), tries_left)
}

/// The card said that the PIN is wrong.
pub(crate) fn wrong_pin(tries_left: u8) -> AgentError {
    let spoken = match tries_left {
        0 => refusal(
            "pin_blocked",
            PIN_BLOCKED,
            ("the PIN of this card is blocked".into(), "Ask an administrator to unblock the card."),
            ("カードの暗証番号が閉塞しています".into(), "管理者に閉塞解除を依頼してください。"),
        ),
        left => refusal(
            "wrong_pin",
            WRONG_PIN,
            (
                format!("the PIN is wrong; tries left: {left}"),
                "Check the PIN and type it again; unless sure, ask an administrator.",
            ),
            (
                format!("暗証番号が違います(残り{left}回)"),
                "確かめてもう一度入力してください。確かでなければ管理者に相談してください。",
            ),
        ),
    };
    card_problem(spoken, Some(tries_left))
}

/// Enough PINs went to the card since it was inserted.
pub(crate) fn too_many_pins(tries_left: Option<u8>) -> AgentError {
    let spoken = refusal(
        "pin_not_sent",
        PIN_NOT_SENT,
        (
            "too many wrong PINs since the card was inserted; none was sent".into(),
            "Take the card out and insert it again, when you are sure of the PIN.",
        ),
        (
            "カード挿入後の誤入力が多いため、送信しませんでした".into(),
            "暗証番号を確かめてから、カードを挿し直してください。",
        ),
    );
    card_problem(spoken, tries_left)
}

/// Card or reader did not do it.
pub(crate) fn problem(problem: &Problem, tries_left: Option<u8>) -> AgentError {
    card_problem(problem_verdict(problem), tries_left)
}

/// As [`problem`], for the state.
pub(crate) fn problem_verdict(problem: &Problem) -> Verdict {
    let japanese = ("カードを使用できませんでした".to_owned(), problem.next_ja.as_str());
    refusal("card_problem", CARD_PROBLEM, (problem.what.clone(), &problem.next), japanese)
}

/// The card's signature is not by the key that the register knows.
pub(crate) fn false_card() -> AgentError {
    let spoken = refusal(
        "card_false",
        CARD_FALSE,
        ("this is not the card that it says it is".into(), "Keep the card and call the system manager."),
        ("カードの署名が登録と一致しません".into(), "カードを保管し、システム管理者に連絡してください。"),
    );
    card_problem(spoken, None)
}

/// The name of a reason, as the state tells it.
pub(crate) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Idle => "idle",
        Reason::CardRemoved => "card_removed",
        Reason::Asked => "asked",
        Reason::ReaderLost => "reader_lost",
        Reason::CardServiceLost => "card_service_lost",
        Reason::WorkerLost => "worker_lost",
        Reason::SessionTooLong => "session_too_long",
        Reason::RegisterChanged => "register_changed",
        Reason::RegisterStale => "register_stale",
        Reason::ClockImpossible => "clock_impossible",
        Reason::Suspend => "suspend",
        Reason::AgentStopping => "agent_stopping",
        Reason::JournalFailed => "journal_failed",
        Reason::OtherCard => "other_card",
        Reason::ConnectionStopped => "connection_stopped",
        Reason::AgentDied => "agent_died",
        Reason::EndOfHours => "end_of_hours",
    }
}
