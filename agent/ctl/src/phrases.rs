//! What the command line and the panel both say about a state.

use sekisho_ipc::{Card, LinkState, OpenPrompt, PromptFor, ScreenState, SessionState, State, Verdict, Waiting};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

/// From so many ms before its end on a person is told to change her PIN: two weeks, with a holiday in them.
const PIN_WARNING: u64 = 14 * 24 * 60 * 60 * 1000;

/// What happened.
pub(crate) fn what_of(verdict: &Verdict, language: Language) -> &str {
    language.pick(&verdict.what_ja, &verdict.what)
}

/// What to do next.
pub(crate) fn next_of(verdict: &Verdict, language: Language) -> &str {
    language.pick(&verdict.next_ja, &verdict.next)
}

/// `function_not_in_scope`, for people: what happened, and what to do next when something is to be done.
pub(crate) fn sentence(verdict: &Verdict, language: Language) -> String {
    match next_of(verdict, language) {
        "" => what_of(verdict, language).to_owned(),
        next => format!("{}{}{next}", what_of(verdict, language), language.pick("。", ". ")),
    }
}

/// How many wrong PINs the card still bears.
pub(crate) fn tries(left: u32, language: Language) -> String {
    match (language, left) {
        (Language::Japanese, 0) => "暗証番号は閉塞しています。アクセス管理責任者に連絡してください。".into(),
        (Language::Japanese, 1) => "暗証番号の入力は残り1回です。もう一度間違えるとカードが使えなくなります。".into(),
        (Language::Japanese, _) => format!("暗証番号の入力は残り{left}回です。"),
        (Language::English, 0) => "The PIN is blocked. Call the access manager.".into(),
        (Language::English, 1) => "1 try left: one more wrong PIN blocks the card.".into(),
        (Language::English, _) => format!("{left} tries left."),
    }
}

/// Where the PIN is to be typed.
pub(crate) const fn type_on_reader(language: Language) -> &'static str {
    language.pick(
        "カードリーダーのキーパッドで暗証番号を入力し、確定キーを押してください",
        "Type your PIN on the reader's keypad, then press its OK key",
    )
}

/// What is said while the reader waits: whoever reads this is asked to type only for his own prompt.
pub(crate) fn reader_waits(state: &State, language: Language) -> (ForWhom, String) {
    match &state.prompt {
        Some(prompt) if prompt.yours => (ForWhom::You, type_on_reader(language).to_owned()),
        Some(prompt) => {
            let who = prompt.user.clone().unwrap_or_else(|| format!("uid {}", prompt.uid));
            let program = prompt.application.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
            let what = purpose(prompt, language);
            let said = match language {
                Language::Japanese => format!(
                    "ほかの利用者 {who}{program} がカードリーダーで暗証番号を求めています({what})。心当たりがなければ入力せず、カードリーダーの取消キーを押すかカードを抜いてください。"
                ),
                Language::English => format!(
                    "Another user, {who}{program}, asks for the PIN on the reader ({what}). Unless you know why, type nothing: press the reader's cancel key, or take the card out."
                ),
            };
            (ForWhom::Another, said)
        }
        None => {
            let (japanese, english) = (
                "カードリーダーはまだ暗証番号を待っていますが、求めた側が取りやめました。入力せず、取消キーを押してください。",
                "The reader still waits for a PIN that nobody wants any more. Type nothing: press its cancel key.",
            );
            (ForWhom::Another, language.pick(japanese, english).to_owned())
        }
    }
}

/// Whose a prompt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ForWhom {
    /// His who reads this.
    You,
    /// Somebody else's, or nobody's.
    Another,
}

/// What a PIN is asked for, in a few words.
pub(crate) fn purpose(prompt: &OpenPrompt, language: Language) -> String {
    let what = match prompt.what {
        PromptFor::Login => language.pick("利用開始", "to log in"),
        PromptFor::Unlock => language.pick("ロック解除", "to open the lock"),
        PromptFor::Function => language.pick("処理", "for a function"),
        PromptFor::ChangePin => language.pick("暗証番号の変更", "to change the PIN"),
        PromptFor::Act => language.pick("処分への署名", "to sign an act"),
    };
    prompt.function.as_ref().map_or_else(|| what.to_owned(), |function| format!("{what}: {function}"))
}

/// The state in one word.
pub(crate) const fn state_name(state: SessionState, language: Language) -> &'static str {
    match state {
        SessionState::NoCard => language.pick("カードなし", "no card"),
        SessionState::AwaitPin => language.pick("暗証番号待ち", "waiting for the PIN"),
        SessionState::Open => language.pick("利用中", "open"),
        SessionState::Locked => language.pick("ロック中", "locked"),
    }
}

/// The kind of a session; a kind that this program does not know stands as it came.
pub(crate) fn session_kind(kind: &str, language: Language) -> &str {
    match kind {
        "ordinary" => language.pick("通常", "ordinary"),
        "maintenance" => language.pick("保守", "maintenance"),
        "training" => language.pick("研修", "training"),
        other => other,
    }
}

/// Why a session was locked; a reason that this program does not know stands as it came.
pub(crate) fn lock_reason(reason: &str, language: Language) -> &str {
    let (japanese, english) = match reason {
        "idle" => ("操作がなかったため", "nobody worked for a while"),
        "card_removed" => ("カードが抜かれたため", "the card was pulled"),
        "asked" => ("操作者がロックしたため", "you locked it"),
        "reader_lost" => ("カードリーダーが外されたため", "the reader went away"),
        "card_service_lost" => ("カードサービスが停止したため", "the card service stopped"),
        "worker_lost" => ("カード処理が停止したため", "the card worker stopped"),
        "session_too_long" => ("連続利用時間の上限に達したため", "the session lasted as long as it may"),
        "register_changed" => ("権限が変更されたため", "your rights were changed"),
        "register_stale" => ("登録簿が古いため", "the register is too old"),
        "clock_impossible" => ("時計が正しくないため", "the clock cannot be believed"),
        "suspend" => ("端末が休止したため", "the machine went to sleep"),
        "agent_stopping" => ("エージェントが停止したため", "the agent stopped"),
        "agent_died" => ("エージェントが異常終了したため", "the agent died"),
        "journal_failed" => ("記録を書き込めないため", "the records cannot be written"),
        "other_card" => ("別のカードが挿入されたため", "another card is in the reader"),
        "connection_stopped" => ("結合が停止されたため", "the connection was stopped"),
        "card_reported" => ("カードの紛失等の届出があったため", "the card was reported lost, stolen or damaged"),
        "rest_due" => ("休憩の時間になったため", "a rest was due"),
        "daily_limit" => ("本日の操作時間の上限に達したため", "today's time at terminals was used up"),
        "open_elsewhere" => ("別の端末機で利用中のため", "you had a session open at another terminal"),
        "pin_expired" => ("暗証番号の有効期限が切れたため", "your PIN expired"),
        "end_of_hours" => ("運用時間が終了したため", "the office's hours ended"),
        other => return other,
    };
    language.pick(japanese, english)
}

/// Whose card it is, as far as is known: name, else operator, else the card's own id.
pub(crate) fn holder(card: &Card) -> &str {
    card.name.as_deref().or(card.operator.as_deref()).unwrap_or(&card.guid)
}

/// What stands in the way of work beside the session: the way to the ledger, an old register.
pub(crate) fn warnings(state: &State, language: Language) -> Vec<String> {
    let mut warnings = Vec::new();
    let lines = [state.link, state.register_link];
    if lines.contains(&LinkState::HeldBack) {
        warnings.push(match language {
            Language::Japanese => {
                format!("この端末から記録を送信できません({}件)。システム管理者に連絡してください。", state.unsent)
            }
            Language::English => {
                format!("This terminal cannot send its records ({}). Call the system manager.", state.unsent)
            }
        });
    }
    if lines.contains(&LinkState::Refused) && state.office.is_some() {
        warnings.push(match language {
            Language::Japanese => {
                format!(
                    "台帳がこの端末を拒んでいます。システム管理者に連絡してください。未送信の記録: {}件",
                    state.unsent
                )
            }
            Language::English => {
                format!(
                    "The ledger refuses this terminal. Call the system manager. Records not yet sent: {}",
                    state.unsent
                )
            }
        });
    } else if lines.contains(&LinkState::Down) && state.office.is_some() {
        warnings.push(match language {
            Language::Japanese => format!("台帳に接続できません。業務は続けられます。未送信の記録: {}件", state.unsent),
            Language::English => {
                format!("The ledger cannot be reached. Work goes on. Records not yet sent: {}", state.unsent)
            }
        });
    }
    if let Some(until) = state.unsent_until.filter(|until| *until > state.time) {
        let left = crate::time_text::age(until - state.time, language);
        warnings.push(match language {
            Language::Japanese => {
                format!("あと{left}以内に記録が台帳に届かないと業務が止まります。システム管理者に連絡してください。")
            }
            Language::English => {
                format!("Work stops here in {left} unless the records reach the ledger. Call the system manager.")
            }
        });
    }
    if state.reports_waiting > 0 {
        let count = state.reports_waiting;
        warnings.push(match language {
            Language::Japanese => {
                format!("台帳が確認していない届出: {count}件。アクセス管理責任者に電話してください。")
            }
            Language::English => {
                format!("Reports not confirmed by the ledger: {count}. Telephone the access manager.")
            }
        });
    }
    if let Some(due) = state.recovery_due {
        warnings.push(recovery(due, state.time, language));
    }
    if state.reports_refused > 0 {
        warnings.push(only_here(state.reports_refused, language));
    }
    warnings.extend(pin_ends(state, language));
    if let Some(waiting) = &state.waiting {
        let (who, what) = (waiting.who(), waiting.what());
        warnings.push(match language {
            Language::Japanese => format!("{who} が「{what}」の暗証番号を待っています(パネル: p)。"),
            Language::English => format!("{who} waits for your PIN: {what} (panel: p)."),
        });
    }
    if matches!(state.screen, ScreenState::Failed | ScreenState::Unreachable) {
        let (japanese, english) = (
            "画面をロックできません。席を離れず、システム管理者に連絡してください。",
            "The screen cannot be locked. Do not leave it; call the system manager.",
        );
        warnings.push(language.pick(japanese, english).into());
    }
    if state.register_stale {
        let age = state.register_age.map(|age| crate::time_text::age(age, language));
        warnings.push(match (language, age) {
            (Language::Japanese, Some(age)) => {
                format!("登録簿が古くなっています(最終更新: {age}前)。必須の機能だけが使えます。")
            }
            (Language::Japanese, None) => "登録簿が確認されていません。必須の機能だけが使えます。".into(),
            (Language::English, Some(age)) => {
                format!("The register is too old (last heard {age} ago). Only essential functions work.")
            }
            (Language::English, None) => "The register was never confirmed. Only essential functions work.".into(),
        });
    }
    // Without another card that works it is the advice already.
    if let Some(problem) = state.card_problem.as_ref().filter(|_| state.card.is_some()) {
        warnings.push(sentence(problem, language));
    }
    if state.session.is_some() && state.card.as_ref().is_some_and(|card| card.by_grant) {
        let (japanese, english) = (
            "カードが端末の登録簿より新しいため、カード上の貸与記録により利用中です。",
            "This card is newer than the register here. It works by the grant on it.",
        );
        warnings.push(language.pick(japanese, english).into());
    }
    warnings
}

/// The PIN has to be changed within days.
fn pin_ends(state: &State, language: Language) -> Option<String> {
    let ends = state.card.as_ref()?.pin_ends?;
    let left = ends.checked_sub(state.time).filter(|left| *left > 0 && *left <= PIN_WARNING)?;
    let left = crate::time_text::age(left, language);
    Some(match language {
        Language::Japanese => format!("あと{left}で暗証番号の有効期限が切れます。変更してください(F4)。"),
        Language::English => format!("Your PIN expires in {left}. Change it (F4)."),
    })
}

/// Whether the PIN opens nothing but the way to another one.
pub(crate) fn is_expired(verdict: &Verdict) -> bool {
    verdict.code == VerdictCode::PinExpired.name()
}

/// Who wants what, and what is known of it, a line each.
pub(crate) fn wanted(waiting: &Waiting, language: Language) -> Vec<String> {
    let (who, what) = (waiting.who(), waiting.what());
    let ask = match language {
        Language::Japanese => format!("{who} が「{what}」の実行を求めています。"),
        Language::English => format!("{who} asks to run: {what}"),
    };
    let named = |label: (&str, &str), text: &Option<String>| {
        text.as_ref().map(|text| format!("{}: {text}", language.pick(label.0, label.1)))
    };
    let details = [named(("事由", "purpose"), &waiting.purpose), named(("案件番号", "case"), &waiting.case)];
    std::iter::once(ask).chain(details.into_iter().flatten()).collect()
}

/// Said to everybody: who stole recovery sheets counts on nobody hearing of it.
fn recovery(due: u64, now: u64, language: Language) -> String {
    let left = due.saturating_sub(now);
    let within = crate::time_text::age(left, language);
    match (language, left) {
        (Language::Japanese, 0) => {
            "復旧鍵による復旧が予告され、いつでも実施できます。心当たりがなければ、システム管理者に連絡してください。".into()
        }
        (Language::English, 0) => {
            "A recovery by the recovery keys is announced and can be carried out any time. Ask the system manager about it.".into()
        }
        (Language::Japanese, _) => {
            format!("復旧鍵による復旧が予告されています。異議の期限まで{within}。システム管理者に確かめてください。")
        }
        (Language::English, _) => {
            format!("A recovery by the recovery keys is announced; {within} left to object. Ask the system manager.")
        }
    }
}

/// What the ledger will not have of what was reported here.
pub(crate) fn only_here(count: u32, language: Language) -> String {
    match language {
        Language::Japanese => {
            format!("台帳が受け付けない届出: {count}件(この端末でのみ停止)。責任者に電話してください。")
        }
        Language::English => {
            format!("Reports the ledger refused: {count}; blocked here alone. Call the access manager.")
        }
    }
}
