//! What every answer of the console wears: headers that let a browser do nothing with it but show it, and words for people where a program would get a code.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use sekisho_register::wareki::moment_text;
use sekisho_wire::words::Language;
use serde_json::Value;

use super::guests::Use;
use super::html::{Block, Cell, Content, Kind, Reader, Section, page, say};
use super::visit::{Brought, Trouble, View};
use super::{SESSION, cookie, hashed, is_console, language_of_tag};
use crate::http::{Hall, blocking};

/// Dresses an answer, if it is one of the console's.
pub(crate) async fn dressed(State(hall): State<Hall>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if !is_console(&path) {
        return next.run(request).await;
    }
    let (headers, query) = (request.headers().clone(), request.uri().query().map(str::to_owned));
    let brought = Brought::default();
    request.extensions_mut().insert(brought.clone());
    let mut answer = next.run(request).await;
    // A page that says itself why something is refused stays as it is.
    let is_page = answer.headers().get(CONTENT_TYPE).is_some_and(|said| said.as_bytes().starts_with(b"text/html"));
    if !is_page && (answer.status().is_client_error() || answer.status().is_server_error()) {
        answer = in_words(&hall, answer, &brought, (&headers, query.as_deref())).await;
    }
    let dress = answer.headers_mut();
    for (name, value) in DRESS {
        // A print says of itself what it may do.
        dress.entry(name.clone()).or_insert(HeaderValue::from_static(value));
    }
    dress.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// The language that somebody without a session is spoken to in: as the address says, else as his browser does, else Japanese.
pub(super) fn asked_language(headers: &HeaderMap, query: Option<&str>) -> Language {
    let asked = query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("lang="));
    let accepted = headers.get("accept-language").and_then(|value| value.to_str().ok());
    let accepted = accepted.and_then(|tags| tags.split([',', ';', '-']).next());
    asked.and_then(language_of_tag).or_else(|| accepted.and_then(language_of_tag)).unwrap_or(Language::Japanese)
}

/// The same refusal as a page.
async fn in_words(
    hall: &Hall,
    answer: Response,
    brought: &Brought,
    (headers, query): (&HeaderMap, Option<&str>),
) -> Response {
    let (mut head, body) = answer.into_parts();
    let cookie = cookie(headers, SESSION).map(hashed);
    let now = hall.ledger.clock.now();
    let guest = cookie.and_then(|cookie| hall.ledger.console.guests().guest(&cookie, Use::ByItself, now));
    let language = guest.as_ref().map_or_else(|| asked_language(headers, query), |guest| guest.language);
    let trouble = head.extensions.get::<Trouble>().copied();
    let words = match trouble {
        Some(trouble) => of_trouble(trouble, language),
        None if head.status == StatusCode::UNAUTHORIZED => no_session(language),
        None => {
            let problem = to_bytes(body, PROBLEM_MAX).await.ok();
            let problem = problem.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()).unwrap_or_default();
            let word = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (what, next) = say(language, ("detail", "next_step"), ("detail_ja", "next_step_ja"));
            [title_of(head.status, language), word(what), word(next)]
        }
    };
    let reader: Option<Reader> = match guest {
        None => None,
        Some(guest) => {
            let ledger = std::sync::Arc::clone(&hall.ledger);
            let read = move || Ok(View::of(&ledger, &guest.visitor, &guest)?.reader());
            blocking(read).await.ok()
        }
    };
    let [title, what, next] = words;
    let blocks = [(Kind::Warning, what), (Kind::Plain, next)];
    let blocks = blocks.into_iter().filter(|(_, text)| !text.is_empty());
    let blocks = blocks.map(|(kind, text)| match kind {
        Kind::Plain => Block::Text(text),
        Kind::Alarm | Kind::Warning | Kind::Good => Block::Note(kind, text),
    });
    let mut sections = vec![Section::lead(blocks.collect())];
    sections.extend(given_back(brought, language));
    let content = Content { title, place: "", refresh: None, sections };
    let page = page(head.status, &content, reader.as_ref(), language, ("/console", moment_text(now, language)));
    let (worn, body) = page.into_parts();
    for (name, value) in &worn.headers {
        head.headers.insert(name, value.clone());
    }
    head.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(head, body)
}

/// What was typed and came to nothing, to be copied.
fn given_back(brought: &Brought, language: Language) -> Option<Section> {
    let typed = brought.typed();
    let (title, text) = say(
        language,
        ("What you filled in", "It was not kept. Copy it from here before you go on."),
        ("記入した内容", "保存されていません。必要に応じて、移動する前にここから書き写してください。"),
    );
    let facts = typed.into_iter().map(|(name, text)| (name, Cell::Lines(text.lines().map(str::to_owned).collect())));
    let facts: Vec<_> = facts.collect();
    let blocks = vec![Block::Text(text.to_owned()), Block::Facts(facts.clone())];
    (!facts.is_empty()).then(|| Section::new(title, blocks))
}

fn title_of(status: StatusCode, language: Language) -> String {
    let (english, japanese) = match status.as_u16() {
        403 => ("Not permitted", "許可されていません"),
        404 | 410 => ("Not there", "見つかりません"),
        429 | 503 => ("Not now", "現在ご利用になれません"),
        _ => ("That did not work", "処理できませんでした"),
    };
    say(language, english, japanese).to_owned()
}

fn no_session(language: Language) -> [String; 3] {
    let words = say(
        language,
        [
            "Sign in",
            "There is no session: none was begun, it was not used for 15 minutes, its companion was ended, or the card's right has ended.",
            "Run 'sekisho-admin console' at your desk, with your card in the reader, and open the link that it shows.",
        ],
        [
            "利用を開始してください",
            "有効な利用がありません。開始前であるか、15分間操作がなかったか、付き添いのプログラムが終了したか、カードの権限が失われています。",
            "カードをリーダーに挿入した管理者の端末で「sekisho-admin console」を実行し、表示されたリンクを開いてください。",
        ],
    );
    words.map(str::to_owned)
}

fn of_trouble(trouble: Trouble, language: Language) -> [String; 3] {
    let words = match trouble {
        Trouble::Form => say(
            language,
            [
                "The form was not accepted",
                "It did not come from a page of this session. Nothing was done.",
                "Open the page again and press the button there. If you did not press anything, another page tried to: tell whoever is responsible for the system.",
            ],
            [
                "受け付けられませんでした",
                "この利用中の画面から送信されたものではありません。何も実行していません。",
                "画面を開き直して、そこにあるボタンを押してください。押した覚えがない場合は、別のページによる操作の可能性があります。システム管理者に連絡してください。",
            ],
        ),
        Trouble::Link => say(
            language,
            [
                "The link is not good any more",
                "A link works once, and for a minute.",
                "Run 'sekisho-admin console' again and open the new link.",
            ],
            [
                "リンクは無効です",
                "リンクは1回限り、発行から1分間有効です。",
                "「sekisho-admin console」をもう一度実行し、新しいリンクを開いてください。",
            ],
        ),
        Trouble::Long => say(
            language,
            [
                "Too long",
                "A text of a form has at most 4,000 bytes, about 1,300 characters. Nothing was done.",
                "Go back and shorten it, or write the rest into a document and give its number.",
            ],
            [
                "長すぎます",
                "一つの欄に記入できるのは4,000バイト（約1,300文字）までです。何も実行していません。",
                "前の画面に戻って短くするか、残りを文書に記載してその文書番号を記入してください。",
            ],
        ),
        Trouble::Wishes => say(
            language,
            [
                "Too much waits already",
                "Three requests of yours wait for your card.",
                "Sign or decline them in the window of sekisho-admin first.",
            ],
            [
                "署名待ちが多すぎます",
                "カードでの署名を待っている依頼が3件あります。",
                "先に sekisho-admin の画面で署名するか、取りやめてください。",
            ],
        ),
    };
    words.map(str::to_owned)
}

/// A browser may show the page, its stylesheet and pictures from here, and send forms here; nothing else, and not inside anybody else's page.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const DRESS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), usb=()"),
];
/// Problems are some lines.
const PROBLEM_MAX: usize = 64 * 1024;
