//! What a person is told, in her language. What the agent says comes in both already; here is what it cannot say.

use sekisho_ipc::{AgentError, Bar, ClientError, PinFrameError, Prompt, Verdict};

use crate::application::Application;

/// A language that we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Japanese,
    English,
}

impl Language {
    /// The stanza's, else the locale's, else Japanese. The Linux console has no Japanese characters.
    pub(crate) fn of(asked: Option<Self>, application: &dyn Application) -> Self {
        let value = |name: &&str| {
            application.variable(name).or_else(|| application.inherited(name)).filter(|value| !value.is_empty())
        };
        let locale = || ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(value);
        asked.unwrap_or_else(|| {
            let on_console = value(&"TERM").is_some_and(|term| term == "linux");
            let english = on_console || locale().is_some_and(|locale| !locale.starts_with("ja"));
            if english { Self::English } else { Self::Japanese }
        })
    }

    const fn pick<'a>(self, japanese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Japanese => japanese,
            Self::English => english,
        }
    }
}

/// What we say ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saying {
    InsertCard,
    NoCardCame,
    NotThisCard,
    NoCardForAccount,
    UnknownUser,
    FromAfar,
    NotYourAccount,
    BadStanza,
    NoSession,
    AgentSilent,
    RecordedLater,
    PinsDiffer,
}

impl Saying {
    pub(crate) const fn in_words(self, language: Language) -> &'static str {
        match self {
            Self::InsertCard => language.pick("操作者カードを挿入してください。", "Insert your operator card."),
            Self::NoCardCame => language.pick(
                "カードが挿入されませんでした。\nカードを挿入してからもう一度実行してください。",
                "no card was put in\nInsert your operator card, then try again.",
            ),
            Self::NotThisCard => language.pick(
                "このカードではこのアカウントを利用できません。暗証番号は送られていません。\nこのアカウントの操作者のカードを挿入してください。",
                "this card does not open this account; no PIN was sent\nInsert the card of the operator whose account this is.",
            ),
            Self::NoCardForAccount => language.pick(
                "このアカウントはカードでは利用できません。\nシステム管理者に、アカウントの対応表への登録を依頼してください。",
                "no card opens this account\nAsk the system manager to name its operator in the list of accounts.",
            ),
            Self::UnknownUser => language.pick(
                "このユーザー名は登録されていません。\nユーザー名を確認してください。",
                "there is no such user\nCheck the user's name.",
            ),
            Self::FromAfar => language.pick(
                "カードによる認証は、この端末の前でのみ行えます。",
                "a card proves who sits at this terminal, not who comes over the network\nLog in at the terminal.",
            ),
            Self::NotYourAccount => language.pick(
                "カードで他の利用者に切り替えることはできません。\nその利用者でログインしてください。",
                "a card does not turn one logged-in account into another\nLog in as that account.",
            ),
            Self::BadStanza => language.pick(
                "この端末のPAM設定に誤りがあります。\nシステム管理者に連絡してください(詳細はシステムログにあります)。",
                "the PAM setting for sekisho on this terminal is wrong\nCall the system manager; the system's log says what is wrong.",
            ),
            Self::NoSession => language.pick(
                "操作者カードでの利用が開始されていません。\nカードを挿入し、暗証番号を入力してください。",
                "no session of yours is open\nInsert your operator card and type the PIN.",
            ),
            Self::AgentSilent => language.pick(
                "エージェントが応答しないため、カードを確認できません。\nしばらくしてからもう一度実行し、続くようならシステム管理者に連絡してください。",
                "the agent does not answer, so no card can be checked\nTry again in a moment; if it goes on, call the system manager.",
            ),
            Self::PinsDiffer => language.pick(
                "新しい暗証番号が一致しません。暗証番号は変更されていません。\nもう一度実行してください。",
                "the two new PINs differ; the PIN was not changed\nTry again.",
            ),
            Self::RecordedLater => language.pick(
                "カードなしのログインです。今は記録できないため、エージェントの次の起動時に記録されます。",
                "a login without a card; it cannot be recorded now, and will be when the agent starts next",
            ),
        }
    }
}

/// What is asked: whose card it is comes before the PIN, so that nobody types it for another's.
pub(crate) fn question(prompt: &Prompt, language: Language) -> String {
    format!("{}{}", whose_card(prompt, language), language.pick("暗証番号: ", "PIN: "))
}

/// Where the PIN is to be typed, if not here.
pub(crate) fn type_on_reader(prompt: &Prompt, language: Language) -> String {
    let ask = language.pick(
        "カードリーダーのキーパッドで暗証番号を入力し、確定キーを押してください。",
        "Type your PIN on the reader's keypad, then press its OK key.",
    );
    format!("{}{ask}", whose_card(prompt, language))
}

/// That the PIN has expired, and what comes now: `on_reader` is the prompt whose PINs the reader asks for.
pub(crate) fn expired_pin(expired: &Verdict, on_reader: Option<&Prompt>, language: Language) -> String {
    let what = language.pick(&expired.what_ja, &expired.what);
    let next = match on_reader {
        None => language.pick("新しい暗証番号に変更します。", "Choose another one now.").to_owned(),
        Some(prompt) => format!(
            "{}{}",
            whose_card(prompt, language),
            language.pick(
                "カードリーダーのキーパッドで、現在の暗証番号、新しい暗証番号、新しい暗証番号(確認)の順に入力してください。",
                "On the reader's keypad, type the present PIN, then the new one twice.",
            )
        ),
    };
    format!("{what}\n{next}")
}

/// What is asked for a change of PIN: the present one, a new one, and that again.
pub(crate) fn change_questions(prompt: &Prompt, language: Language) -> [String; 3] {
    [
        format!("{}{}", whose_card(prompt, language), language.pick("現在の暗証番号: ", "Present PIN: ")),
        language.pick("新しい暗証番号: ", "New PIN: ").to_owned(),
        language.pick("新しい暗証番号(確認): ", "New PIN again: ").to_owned(),
    ]
}

fn whose_card(prompt: &Prompt, language: Language) -> String {
    let holder = [prompt.name.as_deref(), prompt.operator.as_deref().filter(|_| prompt.name.is_none())];
    let holder = holder.into_iter().flatten().next().map(|holder| match language {
        Language::Japanese => format!("カード: {holder}\n"),
        Language::English => format!("card: {holder}\n"),
    });
    let left = prompt.tries_left.map(|left| match (language, left) {
        (Language::Japanese, _) => format!("残り{left}回です。\n"),
        (Language::English, 1) => "1 try left.\n".to_owned(),
        (Language::English, _) => format!("{left} tries left.\n"),
    });
    format!("{}{}", holder.unwrap_or_default(), left.unwrap_or_default())
}

/// What happened, and on a second line what to do.
pub(crate) fn of_verdict(verdict: &Verdict, language: Language) -> String {
    let (what, next) = match language {
        Language::Japanese => (&verdict.what_ja, &verdict.next_ja),
        Language::English => (&verdict.what, &verdict.next),
    };
    if next.is_empty() { what.clone() } else { format!("{what}\n{next}") }
}

/// Why there is no answer.
pub(crate) fn of_error(error: &ClientError, language: Language) -> String {
    let said = match error {
        ClientError::Agent(AgentError::CardProblem { verdict, .. }) => return of_verdict(verdict, language),
        ClientError::Connection(_) | ClientError::Foreign { .. } => return Saying::AgentSilent.in_words(language).into(),
        ClientError::Pin(PinFrameError::Closed) | ClientError::Agent(AgentError::PromptCancelled | AgentError::NoSuchPrompt | AgentError::NoSuchDraft) => {
            language.pick(
                "暗証番号の入力が中止されました。\nカードを確認してもう一度実行してください。",
                "the prompt has ended\nCheck the card and try again.",
            )
        }
        ClientError::Pin(_) => language.pick(
            "暗証番号は6～8文字の英数字です。カードには送られていません。\nもう一度実行してください。",
            "a PIN has 6 to 8 letters or digits; nothing was sent to the card\nTry again.",
        ),
        ClientError::Agent(AgentError::NotEnrolled) => language.pick(
            "この端末はまだ登録手続きが済んでいません。\nシステム管理者に連絡してください。",
            "this terminal is not enrolled\nCall the system manager.",
        ),
        ClientError::Agent(AgentError::NotPermitted { reason: Bar::NotYourSession | Bar::SessionOpen }) => language.pick(
            "この端末は他のユーザーが利用中です。\nそのユーザーが利用を終了するか、カードを抜いてからもう一度実行してください。",
            "another user's session is open at this terminal\nEnd it, or pull its card, then try again.",
        ),
        ClientError::Agent(AgentError::NotPermitted { reason: Bar::NotAPromptPeer | Bar::OnlyRoot | Bar::NotAReporter | Bar::NotABorrower }) => language.pick(
            "このプログラムは暗証番号の入力を求めることができません。\nシステム管理者に、agent.toml の [peers] の prompt を確認するよう依頼してください。",
            "this program may not ask for a PIN\nAsk the system manager to look at 'prompt' under [peers] in agent.toml.",
        ),
        ClientError::Agent(
            AgentError::InvalidArgument { .. }
            | AgentError::AlreadyCompleted
            | AgentError::NotRecorded
            | AgentError::TooLarge { .. }
            | AgentError::RecordsHeldBack { .. }
            | AgentError::SealRefused { .. },
        ) => return Saying::BadStanza.in_words(language).into(),
    };
    said.into()
}
