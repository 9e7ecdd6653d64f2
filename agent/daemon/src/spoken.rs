//! Verdicts as the socket tells them, for people and programs.

use sekisho_ipc::{AgentError, Verdict};
use sekisho_register::calendar;
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

/// As [`verdict`], of a rest that is over then.
pub(crate) fn rest_needed(over: u64) -> Verdict {
    // The minute that has begun by then.
    let minute = calendar::local_minute(over.saturating_add(59_999));
    let (hour, minute) = (minute / 60, minute % 60);
    let next = format!("Come back at {hour}:{minute:02}.");
    let next_ja = format!("{hour}:{minute:02} 以降に再開してください。");
    Verdict { next, next_ja, ..verdict(VerdictCode::RestNeeded) }
}

fn card_problem(verdict: Verdict, tries_left: Option<u8>) -> AgentError {
    AgentError::CardProblem { verdict: Box::new(verdict), tries_left: tries_left.map(u32::from) }
}

/// A refusal before a PIN, in these words.
pub(crate) fn refused_with(verdict: Verdict, tries_left: Option<u8>) -> AgentError {
    card_problem(verdict, tries_left)
}

/// A refusal: by `decide` before or after a PIN, or by what became of the PIN.
pub(crate) fn refused(code: VerdictCode, tries_left: Option<u8>) -> AgentError {
    card_problem(verdict(code), tries_left)
}

/// The card said that the PIN is wrong.
pub(crate) fn wrong_pin(tries_left: u8) -> AgentError {
    if tries_left == 0 {
        return refused(VerdictCode::PinBlocked, Some(0));
    }
    let plain = verdict(VerdictCode::WrongPin);
    let what = format!("{}; tries left: {tries_left}", plain.what);
    let what_ja = format!("{}(残り{tries_left}回)", plain.what_ja);
    card_problem(Verdict { what, what_ja, ..plain }, Some(tries_left))
}

/// Card or reader did not do it.
pub(crate) fn problem(problem: &Problem, tries_left: Option<u8>) -> AgentError {
    card_problem(problem_verdict(problem), tries_left)
}

/// As [`problem`], for the state.
pub(crate) fn problem_verdict(problem: &Problem) -> Verdict {
    let Problem { what, what_ja, next, next_ja } = problem.clone();
    Verdict { what, what_ja, next, next_ja, ..verdict(VerdictCode::CardProblem) }
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
        Reason::RestDue => "rest_due",
        Reason::DailyLimit => "daily_limit",
        Reason::OpenElsewhere => "open_elsewhere",
        Reason::PinExpired => "pin_expired",
        Reason::CardReported => "card_reported",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_problem_says_its_cause_in_both_languages() {
        let said = problem_verdict(&crate::card_desk::mute());
        assert!(said.what.contains("does not answer") && said.what_ja.contains("応答しません"), "{said:?}");
    }
}
