//! What went wrong and what to do next, in both languages.

use std::io;
use std::path::{Path, PathBuf};

use sekisho_ipc::{AgentError, Bar, ClientError, ConnectionError, PinFrameError, Verdict};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::phrases::{next_of, what_of};
use crate::{exit, output};

/// What the agent says of a card or reader that does not work.
const BROKEN: [&str; 2] = [VerdictCode::CardProblem.name(), VerdictCode::PinUnanswered.name()];

/// A command could not do its work. (A refusal is no failure.)
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing listens on the agent's socket, or we may not open it.
    NoAgent { socket: PathBuf, cause: io::Error },
    /// The agent was asked and gave no answer.
    Asking(ClientError),
    /// What was typed is no PIN.
    Pin(PinFrameError),
    /// The two new PINs differ.
    PinsDiffer,
    /// The person gave up.
    GivenUp,
    /// There is no terminal to ask for the PIN on.
    NoTerminal { cause: io::Error },
    /// `--pin-stdin` with a keyboard on standard input, where the PIN would be shown.
    StdinIsTerminal,
    /// A PIN on standard input, where it is typed on the reader.
    PinOnReader,
    /// The terminal cannot be used for the panel.
    Screen { cause: io::Error },
    /// Standard output failed.
    Output { cause: io::Error },
    /// Whoever read our output went away.
    ReaderGone,
    /// The program cannot be started or waited for.
    Program { name: String, cause: io::Error },
    /// The list of programs cannot be read.
    Programs { file: PathBuf, cause: String },
}

impl Failure {
    pub(crate) fn asking(socket: &Path, error: ClientError) -> Self {
        match error {
            ClientError::Connection(ConnectionError::Io { cause }) => {
                Self::NoAgent { socket: socket.to_owned(), cause }
            }
            ClientError::Pin(error) => Self::Pin(error),
            other @ (ClientError::Connection(_) | ClientError::Agent(_) | ClientError::Foreign { .. }) => {
                Self::Asking(other)
            }
        }
    }

    /// Whether the agent said nothing at all, as against something that we have to tell.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, Self::NoAgent { .. } | Self::Asking(ClientError::Connection(_)))
    }

    /// Whether the PIN has to be changed before anything else.
    pub(crate) fn says_expired(&self) -> bool {
        matches!(self, Self::Asking(ClientError::Agent(AgentError::CardProblem { verdict, .. }))
            if verdict.code == VerdictCode::PinExpired.name())
    }

    /// A card that says no (wrong PIN, revoked, unknown) refuses; a card or reader that does not work is a failure.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Asking(ClientError::Agent(AgentError::CardProblem { verdict, .. }))
                if !BROKEN.contains(&verdict.code.as_str()) =>
            {
                exit::REFUSED
            }
            Self::NoAgent { .. }
            | Self::Asking(_)
            | Self::Pin(_)
            | Self::PinsDiffer
            | Self::GivenUp
            | Self::NoTerminal { .. }
            | Self::StdinIsTerminal
            | Self::PinOnReader
            | Self::Screen { .. }
            | Self::Output { .. }
            | Self::ReaderGone
            | Self::Program { .. }
            | Self::Programs { .. } => exit::ERROR,
        }
    }

    /// Says it on standard error: what happened, then what to do.
    pub(crate) fn report(&self, language: Language) {
        if matches!(self, Self::ReaderGone) {
            return;
        }
        output::remark(&format!("sekisho: {}", self.what(language)));
        let next = self.next(language);
        if !next.is_empty() {
            output::remark(&format!("  {next}"));
        }
    }

    pub(crate) fn what(&self, language: Language) -> String {
        let say = |japanese: &str, english: &str| language.pick(japanese, english).to_owned();
        let with = |japanese: &str, english: &str, cause: &dyn std::fmt::Display| {
            format!("{}: {cause}", language.pick(japanese, english))
        };
        match self {
            Self::NoAgent { socket, cause } => {
                let path = socket.display();
                with(
                    &format!("エージェントに接続できません ({path})"),
                    &format!("cannot reach the agent at {path}"),
                    cause,
                )
            }
            Self::Asking(error) => what_of_client(error, language),
            Self::Pin(error) => what_of_pin(*error, language),
            Self::PinsDiffer => say("新しい暗証番号が一致しません", "the two new PINs differ"),
            Self::GivenUp => say("入力を取り消しました", "given up, no PIN was sent"),
            Self::NoTerminal { cause } => {
                with("暗証番号を入力する端末がありません", "no terminal to type the PIN on", cause)
            }
            Self::StdinIsTerminal => say(
                "--pin-stdin では暗証番号が画面に表示されます",
                "with --pin-stdin the PIN would show on this terminal",
            ),
            Self::PinOnReader => say(
                "この端末では暗証番号をカードリーダーのキーパッドで入力します。標準入力の暗証番号は使いません",
                "at this terminal the PIN is typed on the reader's keypad; none was read",
            ),
            Self::Screen { cause } => with("画面を使えません", "cannot use the terminal for the panel", cause),
            Self::Output { cause } => with("出力できません", "cannot write the output", cause),
            Self::ReaderGone => String::new(),
            Self::Program { name, cause } => {
                with(&format!("プログラム '{name}' を実行できません"), &format!("cannot run '{name}'"), cause)
            }
            Self::Programs { file, cause } => {
                let file = file.display();
                with(
                    &format!("プログラムの一覧 {file} に誤りがあります"),
                    &format!("the list of programs {file} is wrong"),
                    cause,
                )
            }
        }
    }

    pub(crate) fn next(&self, language: Language) -> String {
        let (japanese, english) = match self {
            Self::NoAgent { .. } => (
                "エージェント(sekisho-agent run)が動いているか確認してください。",
                "See whether the agent (sekisho-agent run) runs.",
            ),
            Self::Asking(error) => return next_of_client(error, language),
            Self::Pin(PinFrameError::Closed) => ("もう一度実行してください。", "Try again."),
            Self::Pin(_) => (
                "暗証番号は6～8文字の英数字です。カードには送られていません。",
                "A PIN has 6 to 8 letters or digits. Nothing was sent to the card.",
            ),
            Self::PinsDiffer => {
                ("もう一度実行してください。カードは変更されていません。", "Try again. The card is unchanged.")
            }
            Self::GivenUp | Self::Output { .. } | Self::ReaderGone => ("", ""),
            Self::NoTerminal { .. } => (
                "端末から実行するか、--pin-stdin で標準入力から渡してください。",
                "Run this on a terminal, or pass the PIN on standard input with --pin-stdin.",
            ),
            Self::StdinIsTerminal => ("--pin-stdin を付けずに実行してください。", "Run it without --pin-stdin."),
            Self::PinOnReader => (
                "カードリーダーの取消キーを押し、--pin-stdin を付けずに実行してください。",
                "Press the reader's cancel key, and run it without --pin-stdin.",
            ),
            Self::Screen { .. } => ("端末から実行してください。", "Run the panel on a terminal."),
            Self::Program { .. } => {
                ("プログラム名とその権限を確認してください。", "Check the program's name and permissions.")
            }
            Self::Programs { .. } => (
                "システム管理者に連絡してください。書き方は `man sekisho-programs.toml` にあります。",
                "Call the system manager; `man sekisho-programs.toml` says what stands in it.",
            ),
        };
        language.pick(japanese, english).to_owned()
    }
}

fn what_of_client(error: &ClientError, language: Language) -> String {
    match (language, error) {
        (_, ClientError::Agent(AgentError::CardProblem { verdict, .. })) => what_of(verdict, language).to_owned(),
        (Language::English, _) => error.to_string(),
        (Language::Japanese, ClientError::Connection(error)) => format!("エージェントから応答がありません: {error}"),
        (Language::Japanese, ClientError::Pin(error)) => what_of_pin(*error, language),
        (Language::Japanese, ClientError::Foreign { name }) => format!("エージェントの応答が不明です: {name}"),
        (Language::Japanese, ClientError::Agent(error)) => match error {
            AgentError::InvalidArgument { field, rule } => format!("'{field}' の値が正しくありません: {rule}"),
            AgentError::NotPermitted { reason } => bar(*reason, language).0.into(),
            AgentError::NoSuchPrompt => "暗証番号の入力受付は終了しています".into(),
            AgentError::NoSuchDraft => "署名を待つ処分がありません".into(),
            AgentError::PromptCancelled => "暗証番号の入力が中止されました".into(),
            AgentError::CardProblem { verdict, .. } => verdict.what_ja.clone(),
            AgentError::AlreadyCompleted => "この実行の結果は既に記録されています".into(),
            AgentError::NotRecorded => "実行の結果を記録できませんでした".into(),
            AgentError::NotEnrolled => "この端末はまだ登録手続きが済んでいません".into(),
            AgentError::TooLarge { limit } => format!("要求が長すぎます ({limit} バイトまで)"),
            AgentError::RecordsHeldBack { cause } => format!("この端末の記録を扱えません: {cause}"),
            AgentError::SealRefused { cause } => format!("台帳の封印を受け取れません: {cause}"),
        },
    }
}

fn next_of_client(error: &ClientError, language: Language) -> String {
    let (japanese, english) = match error {
        ClientError::Agent(AgentError::CardProblem { verdict, tries_left }) => {
            return with_tries(verdict, *tries_left, language);
        }
        ClientError::Agent(AgentError::InvalidArgument { .. } | AgentError::TooLarge { .. }) => {
            ("入力を直してもう一度実行してください。", "Correct it and try again.")
        }
        ClientError::Agent(AgentError::NotPermitted { reason }) => return bar(*reason, language).1.to_owned(),
        ClientError::Agent(AgentError::NotRecorded) => {
            return VerdictCode::NotRecorded.words(language).next.to_owned();
        }
        ClientError::Agent(AgentError::NoSuchPrompt | AgentError::NoSuchDraft | AgentError::PromptCancelled) => {
            ("カードを確認してもう一度実行してください。", "Check the card and try again.")
        }
        ClientError::Agent(AgentError::RecordsHeldBack { .. } | AgentError::SealRefused { .. }) => {
            ("システム管理者に連絡してください。", "Call the system manager.")
        }
        ClientError::Agent(AgentError::AlreadyCompleted) => ("何もする必要はありません。", "Nothing is left to do."),
        ClientError::Agent(AgentError::NotEnrolled) => {
            let [japanese, english] =
                [Language::Japanese, Language::English].map(|tongue| VerdictCode::NotEnrolled.words(tongue).next);
            (japanese, english)
        }
        ClientError::Connection(_) => (
            "しばらくしてからもう一度実行し、続くようならシステム管理者に連絡してください。",
            "Try again in a moment; if it goes on, call the system manager.",
        ),
        ClientError::Foreign { .. } => (
            "sekisho とエージェントの版が合っているか、システム管理者に確認してください。",
            "Ask the system manager whether sekisho and the agent are of the same version.",
        ),
        ClientError::Pin(_) => ("もう一度実行してください。", "Try again."),
    };
    language.pick(japanese, english).to_owned()
}

/// What stands in the way, and what to do about it.
const fn bar(reason: Bar, language: Language) -> (&'static str, &'static str) {
    match (reason, language) {
        (Bar::NotAPromptPeer, Language::Japanese) => (
            "このユーザーは暗証番号の入力を求めることができません",
            "システム管理者に、agent.toml の [peers] の prompt へこのユーザーの名前か uid を追加するよう依頼してください。",
        ),
        (Bar::NotAPromptPeer, Language::English) => (
            "this user may not ask for a PIN",
            "Ask the system manager to add this user's name or uid to 'prompt' under [peers] in agent.toml.",
        ),
        (Bar::SessionOpen, Language::Japanese) => ("すでに利用中です", "先にロックするか、利用を終了してください。"),
        (Bar::SessionOpen, Language::English) => ("a session is open", "Lock or end it first."),
        (Bar::NotYourSession, Language::Japanese) => {
            ("他のユーザーが利用中です", "ログインした画面から実行してください。")
        }
        (Bar::NotYourSession, Language::English) => ("this is another user's session", "Run this where you logged in."),
        (Bar::OnlyRoot, Language::Japanese) => {
            ("この操作はシステム管理者だけが行えます", "システム管理者に依頼してください。")
        }
        (Bar::NotAReporter, Language::Japanese) => (
            "このユーザーは届出ができません",
            "別の端末から届け出るか、アクセス管理責任者に電話してください。届出には agent.toml の [peers] の prompt への登録が必要です。",
        ),
        (Bar::NotAReporter, Language::English) => (
            "this user may not report from this terminal",
            "Report at another terminal or telephone the access manager; 'prompt' under [peers] in agent.toml lets a user report.",
        ),
        (Bar::NotABorrower, Language::Japanese) => (
            "このユーザーはカードリーダーを借りられません",
            "システム管理者に依頼してください。借りるには agent.toml の [peers] の borrow への登録が必要です。",
        ),
        (Bar::NotABorrower, Language::English) => (
            "this user may not borrow the card readers",
            "Ask the system manager; 'borrow' under [peers] in agent.toml lets a user borrow them.",
        ),
        (Bar::OnlyRoot, Language::English) => ("only root may ask that", "Ask the system manager."),
    }
}

fn what_of_pin(error: PinFrameError, language: Language) -> String {
    let japanese = match error {
        PinFrameError::Length => "暗証番号は6～8文字です",
        PinFrameError::NotAscii => "暗証番号に使えない文字があります",
        PinFrameError::Malformed => "暗証番号を渡せません",
        PinFrameError::Closed => "暗証番号の入力受付は終了しています",
        PinFrameError::Io(errno) => {
            return format!("{}: {errno}", language.pick("暗証番号を渡せません", "cannot pass the PIN on"));
        }
    };
    match language {
        Language::Japanese => japanese.into(),
        Language::English => error.to_string(),
    }
}

/// What to do next, and how many wrong PINs the card still bears where that is known.
fn with_tries(verdict: &Verdict, tries_left: Option<u32>, language: Language) -> String {
    let next = next_of(verdict, language);
    match tries_left {
        None => next.to_owned(),
        // Its words say how many are left.
        Some(2..) if verdict.code == VerdictCode::WrongPin.name() => next.to_owned(),
        Some(tries) => format!("{next} {}", crate::phrases::tries(tries, language)).trim_start().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bars_a_peer_has_its_own_next_step_in_one_language() {
        for (reason, part) in [
            (Bar::NotAPromptPeer, "[peers]"),
            (Bar::SessionOpen, "Lock or end"),
            (Bar::NotYourSession, "where you logged in"),
            (Bar::OnlyRoot, "system manager"),
            (Bar::NotAReporter, "another terminal"),
            (Bar::NotABorrower, "'borrow' under [peers]"),
        ] {
            let failure = Failure::Asking(ClientError::Agent(AgentError::NotPermitted { reason }));
            assert!(failure.next(Language::English).contains(part), "{reason:?}");
            let said = failure.what(Language::Japanese);
            assert!(!said.chars().any(|sign| sign.is_ascii_alphabetic()), "{said}");
        }
    }
}
