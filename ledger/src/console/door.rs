//! The door: who a link would let in, in, and out again.

use axum::extract::{Request, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sekisho_register::wareki::numbered;
use sekisho_wire::words::Language;

use super::dressed::asked_language;
use super::guests::{Guest, Hashed, Keys};
use super::html::{Block, Cell, Content, Field, Form, Method, Section, page};
use super::visit::{Barred, Posted, Trouble, View, fields};
use super::{DOOR, SESSION, cookie, hashed, language_of_tag, language_tag, secret};
use crate::http::{Hall, Named, blocking};
use crate::ledger::Ledger;
use crate::visitors::ANY_ROLE;

/// Whom the link would let in. Looking at it uses nothing up: a browser that fetches ahead logs nobody in.
pub(crate) async fn shown(
    State(hall): State<Hall>,
    Named(link): Named<String>,
    request: Request,
) -> Result<Response, Barred> {
    let mut guest = invited(&hall.ledger, &hashed(&link))?;
    let language = asked_language(request.headers(), request.uri().query());
    let (door, address) = (secret(), format!("/console/enter/{link}"));
    let form = word(&door, &link);
    let answer = blocking(move || {
        let visitor = hall.ledger.still(guest.visitor.clone(), ANY_ROLE)?;
        guest.language = language;
        let view = View::of(&hall.ledger, &visitor, &guest)?;
        let content = invitation(&view, address, form);
        Ok(page(StatusCode::OK, &content, None, language, ("", view.moment(view.now))))
    });
    Ok(with_cookie(answer.await?, &format!("{DOOR}={door}; {ATTRIBUTES}")))
}

fn invitation(view: &View<'_>, address: String, form: String) -> Content {
    let (register, visitor) = (&view.register, view.visitor);
    let posts =
        register.posts().filter(|post| post.holders(view.now).any(|holder| holder.operator == visitor.operator));
    let posts: Vec<String> = posts.map(|post| post.version().title.to_string()).collect();
    let number = register.card(&visitor.card).map(|card| numbered(card.number(), view.language));
    let facts = vec![
        (view.say("Office", "団体"), Cell::text(register.title())),
        (view.say("Name and code", "氏名・照合ID"), Cell::text(view.person(&visitor.operator))),
        (view.say("Posts", "職"), Cell::Lines(posts)),
        (view.say("Card", "カード番号"), Cell::text(number.unwrap_or_default())),
    ];
    let hidden = |name, value| Field::Hidden { name, value };
    let tag = language_tag(view.language);
    let form = Form {
        action: address,
        method: Method::Post,
        fields: vec![hidden("form", form), hidden("lang", tag.to_owned())],
        button: view.say("That is me: begin", "本人です。利用を開始する"),
    };
    Content {
        title: view.say("Begin a session of the console", "管理画面の利用開始"),
        place: "",
        refresh: None,
        sections: vec![Section::lead(vec![
            Block::Text(view.say(
                "This link was asked for with the card below. It works once, and for a minute.",
                "下記のカードで発行されたリンクです。1回限り、発行から1分間有効です。",
            )),
            Block::Facts(facts),
            Block::Form(form),
            Block::Text(view.say(
                "If this is not you, close the page and tell whoever is responsible for the system.",
                "心当たりがない場合は、開始せずに画面を閉じ、システム管理者に連絡してください。",
            )),
        ])],
    }
}

/// Uses the link: the page that was shown to this browser sent it.
pub(crate) async fn entered(
    State(hall): State<Hall>,
    Named(link): Named<String>,
    request: Request,
) -> Result<Response, Barred> {
    let door = cookie(request.headers(), DOOR).map(str::to_owned).ok_or(Trouble::Form)?;
    let fields = fields(request, &hall).await?;
    if fields.get("form").map(|form| hashed(form)) != Some(hashed(&word(&door, &link))) {
        return Err(Trouble::Form.into());
    }
    let (ledger, link) = (&hall.ledger, hashed(&link));
    let guest = invited(ledger, &link)?;
    ledger.still(guest.visitor, ANY_ROLE)?;
    let language = fields.get("lang").and_then(|tag| language_of_tag(tag)).unwrap_or(Language::Japanese);
    let session = secret();
    let keys = Keys { cookie: hashed(&session), form: secret() };
    let now = ledger.clock.now();
    let visitor = ledger.console.guests().enter(&link, keys, language, now).ok_or(Trouble::Link)?;
    ledger.console.changed();
    log::info!("a session of the console began in office {}", visitor.office);
    let answer = with_cookie(see("/console"), &format!("{SESSION}={session}; {ATTRIBUTES}"));
    Ok(with_cookie(answer, &format!("{DOOR}=; Max-Age=0; {ATTRIBUTES}")))
}

/// Ends the session.
pub(crate) async fn left(State(hall): State<Hall>, posted: Posted) -> Response {
    let console = &hall.ledger.console;
    console.guests().leave(&posted.entered.cookie);
    console.changed();
    let language = posted.entered.guest.language;
    let say = |english: &str, japanese: &str| super::html::say(language, english, japanese).to_owned();
    let content = Content {
        title: say("You are signed out", "利用を終了しました"),
        place: "",
        refresh: None,
        sections: vec![Section::lead(vec![Block::Text(say(
            "The session has ended, and its cookie opens nothing any more. Begin again with 'sekisho-admin console'.",
            "この利用は終了し、再び開くことはできません。再開するには「sekisho-admin console」を実行してください。",
        ))])],
    };
    let now = sekisho_register::wareki::moment_text(hall.ledger.clock.now(), language);
    let answer = page(StatusCode::OK, &content, None, language, ("", now));
    with_cookie(answer, &format!("{SESSION}=; Max-Age=0; {ATTRIBUTES}"))
}

/// Goes on in another language, on the same page.
pub(crate) async fn language(State(hall): State<Hall>, posted: Posted) -> Response {
    let Posted { entered, fields } = posted;
    if let Some(language) = fields.get("to").and_then(|tag| language_of_tag(tag)) {
        hall.ledger.console.guests().speak(&entered.cookie, language, hall.ledger.clock.now());
    }
    // Nowhere but here, whatever a form says.
    let back = fields.get("back").filter(|back| back.starts_with("/console") && !back.contains("//"));
    see(back.map_or("/console", String::as_str))
}

fn invited(ledger: &Ledger, link: &Hashed) -> Result<Guest, Barred> {
    ledger.console.guests().invited(link, ledger.clock.now()).ok_or_else(|| Trouble::Link.into())
}

/// What the form on the page of a link has to bring: only the browser to which it was shown has the cookie.
fn word(door: &str, link: &str) -> String {
    sekisho_wire::id::Hash(hashed(&format!("sekisho console door v1\0{door}\0{link}"))).to_string()
}

/// Somewhere else in the console, to be fetched.
pub(crate) fn see(place: &str) -> Response {
    let place = HeaderValue::from_str(place).unwrap_or_else(|_| HeaderValue::from_static("/console"));
    (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response()
}

fn with_cookie(mut answer: Response, cookie: &str) -> Response {
    let headers: &mut HeaderMap = answer.headers_mut();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        headers.append(SET_COOKIE, cookie);
    }
    answer
}

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
