//! What this program says to people, in both languages.

use sekisho_ipc::{OpenPrompt, PinFrameError, PromptFor, SessionEnd, Verdict, Waiting};
use sekisho_wire::words::Language;

use crate::seat::{Note, Question, Trouble};

/// Headline and text of a notification.
pub(crate) fn of_note(note: &Note, language: Language) -> (String, String) {
    let both = |headline: (&str, &str), text: (&str, &str)| {
        (language.pick(headline.0, headline.1).to_owned(), language.pick(text.0, text.1).to_owned())
    };
    match note {
        Note::IdleSoon => both(
            ("まもなくロックします", "Locking soon"),
            (
                "操作がないため、1分以内にロックします。続けるにはキーボードかマウスを操作してください。",
                "Nobody works here: the session is locked within a minute. Touch keyboard or mouse to go on.",
            ),
        ),
        Note::EndsSoon { by, minutes } => ends_soon(*by, *minutes, language),
        Note::Refused { function, verdict, .. } => {
            let headline = language.pick("許可されませんでした", "Refused");
            let headline = match function {
                Some(function) => format!("{headline}: {function}"),
                None => headline.to_owned(),
            };
            (headline, sentence(verdict, language))
        }
        Note::Lent { verdict } => {
            (language.pick("カードリーダー貸出中", "Card readers are lent").to_owned(), sentence(verdict, language))
        }
        Note::PinOfAnother { prompt } => of_another(prompt.as_ref(), language),
        Note::PinOnReader { holder, waiting, tries_left, wrong } => {
            let (headline, ask) = both(
                ("カードリーダーで暗証番号を入力", "Type the PIN on the reader"),
                (
                    "カードリーダーのキーパッドで暗証番号を入力し、確定キーを押してください。",
                    "Type your PIN on the reader's keypad, then press its OK key.",
                ),
            );
            let wrong = wrong.as_ref().map(|verdict| language.pick(&verdict.what_ja, &verdict.what).to_owned());
            let left = tries_left.map(|left| tries(left, language));
            let request = waiting.iter().flat_map(|waiting| of_request(waiting, language));
            let lines = [Some(card(holder, language)), wrong, left, Some(ask)].into_iter().flatten();
            (headline, request.chain(lines).collect::<Vec<_>>().join("\n"))
        }
        Note::PinAwaited { holder, waiting } => {
            let (headline, text) = both(
                ("暗証番号を待っています", "Waiting for the PIN"),
                ("この通知を押すと暗証番号を入力できます。", "Click here to type it."),
            );
            let request = waiting.iter().flat_map(|waiting| of_request(waiting, language));
            let lines = request.chain([card(holder, language), text]);
            (headline, lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// A PIN was typed, and the agent knows of no request for it.
pub(crate) fn waits_no_more() -> Verdict {
    Verdict {
        granted: false,
        code: "prompt_cancelled".into(),
        number: 0,
        what: "the program does not wait any more".into(),
        next: "Your PIN was not sent. Start again in the program.".into(),
        what_ja: "プログラムの依頼は取り下げられました".into(),
        next_ja: "暗証番号は送られていません。必要ならプログラムからやり直してください。".into(),
    }
}

/// Who asks on the reader, and what to do about it.
fn of_another(prompt: Option<&OpenPrompt>, language: Language) -> (String, String) {
    let headline = language.pick("ほかの利用者の暗証番号入力です", "This PIN is not asked for by you").to_owned();
    let cancel = language.pick(
        "心当たりがなければ入力せず、カードリーダーの取消キーを押すかカードを抜いてください。",
        "Unless you know why, type nothing: press the reader's cancel key, or take the card out.",
    );
    let Some(prompt) = prompt else {
        let given_up = language.pick("求めた側が取りやめました。", "Whoever asked for it has given up.");
        return (headline, format!("{given_up}\n{cancel}"));
    };
    let who = prompt.user.clone().unwrap_or_else(|| format!("uid {}", prompt.uid));
    let who = [Some(who), prompt.application.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let what = match prompt.what {
        PromptFor::Login => language.pick("利用開始", "to log in"),
        PromptFor::Unlock => language.pick("ロック解除", "to open the lock"),
        PromptFor::Function => language.pick("処理", "for a function"),
        PromptFor::ChangePin => language.pick("暗証番号の変更", "to change the PIN"),
        PromptFor::Act => language.pick("処分への署名", "to sign an act"),
    };
    let what = prompt.function.as_ref().map_or_else(|| what.to_owned(), |function| format!("{what}: {function}"));
    (headline, format!("{who} ({what})\n{cancel}"))
}

/// Who wants what, and what is known of it, a line each.
fn of_request(waiting: &Waiting, language: Language) -> Vec<String> {
    let (who, what) = (waiting.who(), waiting.what());
    let ask = match language {
        Language::Japanese => format!("{who} が「{what}」の実行を求めています。心当たりがなければ取り消してください。"),
        Language::English => format!("{who} asks to run: {what}. Unless you know why, cancel."),
    };
    let named = |label: (&str, &str), text: &Option<String>| {
        text.as_ref().map(|text| format!("{}: {text}", language.pick(label.0, label.1)))
    };
    let details = [named(("事由", "purpose"), &waiting.purpose), named(("案件番号", "case"), &waiting.case)];
    std::iter::once(ask).chain(details.into_iter().flatten()).collect()
}

/// What the button of [`Note::PinAwaited`] says.
pub(crate) const fn type_pin(language: Language) -> &'static str {
    language.pick("暗証番号を入力", "Type the PIN")
}

/// What the button says by which she declines.
pub(crate) const fn deny(language: Language) -> &'static str {
    language.pick("断る", "Decline")
}

fn ends_soon(by: SessionEnd, minutes: u64, language: Language) -> (String, String) {
    let why = match by {
        SessionEnd::Hours => language.pick("運用時間が終わるため", "The operating hours end"),
        SessionEnd::Length => language.pick("連続利用時間の上限になるため", "The session has lasted as long as it may"),
        SessionEnd::Rest => language.pick("休憩の時間になるため", "A rest is due"),
        SessionEnd::Day => language.pick("本日の操作時間の上限になるため", "Today's time at terminals is used up"),
    };
    let (ends, ends_japanese) = match by {
        SessionEnd::Rest => ("is locked", "ロックされます"),
        SessionEnd::Hours | SessionEnd::Length | SessionEnd::Day => ("ends", "終わります"),
    };
    match language {
        Language::Japanese => (
            format!("あと{minutes}分以内に利用が{ends_japanese}"),
            format!("{why}、自動的に{ends_japanese}。作業を保存してください。"),
        ),
        Language::English => {
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            (format!("The session {ends} within {minutes} {unit}"), format!("{why}. Save your work."))
        }
    }
}

fn card(holder: &str, language: Language) -> String {
    format!("{}: {holder}", language.pick("カード", "card"))
}

/// What happened, and what to do next when something is to be done.
fn sentence(verdict: &Verdict, language: Language) -> String {
    let what = language.pick(&verdict.what_ja, &verdict.what);
    match language.pick(&verdict.next_ja, &verdict.next) {
        "" => what.to_owned(),
        next => format!("{what}{}{next}", language.pick("。", ". ")),
    }
}

/// The texts of a question for a PIN.
pub(crate) struct Asked {
    /// The window's title.
    pub(crate) title: &'static str,
    /// Whose card, and how many tries.
    pub(crate) description: String,
    /// What stands before the field, of each PIN that is typed, one after the other.
    pub(crate) prompts: &'static [&'static str],
    /// What became of the last PIN.
    pub(crate) error: Option<String>,
    /// The buttons.
    pub(crate) send: &'static str,
    pub(crate) cancel: &'static str,
}

/// Words a question.
pub(crate) fn of_question(question: &Question, language: Language) -> Asked {
    let left = question.tries_left.map(|left| tries(left, language));
    let request = question.waiting.iter().flat_map(|waiting| of_request(waiting, language));
    let expired = question.expired.iter().map(|verdict| expired(verdict, language));
    let lines = expired.chain(request).chain(std::iter::once(card(&question.holder, language))).chain(left);
    let error = question.trouble.as_ref().map(|trouble| match trouble {
        Trouble::Wrong(verdict) => language.pick(&verdict.what_ja, &verdict.what).to_owned(),
        Trouble::NotAPin(error) => no_pin(*error, language).to_owned(),
        Trouble::Differs => {
            let differ = (
                "新しい暗証番号が一致しません。カードには送られていません。",
                "The two new PINs differ. Nothing was sent to the card.",
            );
            language.pick(differ.0, differ.1).to_owned()
        }
    });
    let prompts: &[&str] = match (language, &question.expired) {
        (Language::Japanese, None) => &["暗証番号:"],
        (Language::English, None) => &["PIN:"],
        (Language::Japanese, Some(_)) => &["現在の暗証番号:", "新しい暗証番号:", "新しい暗証番号(確認):"],
        (Language::English, Some(_)) => &["Present PIN:", "New PIN:", "New PIN again:"],
    };
    Asked {
        title: language.pick("関所", "Sekisho"),
        description: lines.collect::<Vec<_>>().join("\n"),
        prompts,
        error,
        send: language.pick("確定", "_OK"),
        cancel: language.pick("取消", "_Cancel"),
    }
}

/// The next step that the agent names is for whoever has no question before her.
fn expired(verdict: &Verdict, language: Language) -> String {
    let what = language.pick(&verdict.what_ja, &verdict.what);
    let next = language.pick("新しい暗証番号に変更してください。", "Choose another one.");
    format!("{what}{}{next}", language.pick("。", ". "))
}

fn tries(left: u32, language: Language) -> String {
    match (language, left) {
        (Language::Japanese, 1) => "残り1回です。もう一度間違えるとカードが使えなくなります。".into(),
        (Language::Japanese, _) => format!("残り{left}回です。"),
        (Language::English, 1) => "1 try left: one more wrong PIN blocks the card.".into(),
        (Language::English, _) => format!("{left} tries left."),
    }
}

const fn no_pin(error: PinFrameError, language: Language) -> &'static str {
    match error {
        PinFrameError::NotAscii => language.pick(
            "暗証番号に使えない文字があります。カードには送られていません。",
            "A PIN has no such character. Nothing was sent to the card.",
        ),
        PinFrameError::Length | PinFrameError::Malformed | PinFrameError::Closed | PinFrameError::Io(_) => language
            .pick(
                "暗証番号は6～8文字です。カードには送られていません。",
                "A PIN has 6 to 8 characters. Nothing was sent to the card.",
            ),
    }
}
