//! Somebody in the console asks for a page: cookie, card and posts first, then the page, and what it showed of persons is on the disk before it leaves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sekisho_register::wareki::moment_text;
use sekisho_register::{Register, Role, Sentences, Sight};
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use super::blanks::PREFIX;
use super::guests::{Guest, Hashed, Use};
use super::html::{Content, Reader, page};
use super::names::Names;
use super::{SESSION, cookie, hashed};
use crate::clock::Millis;
use crate::http::content::Content as Body;
use crate::http::problem::Inside;
use crate::http::visit::Shown;
use crate::http::{Hall, blocking};
use crate::ledger::Ledger;
use crate::locks::lock;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::visitors::{ANY_ROLE, Visitor};

/// Somebody whose cookie is that of a session.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    pub(crate) cookie: Hashed,
    pub(crate) guest: Guest,
    /// Whether somebody pressed something.
    pub(crate) how: Use,
    /// The address that was asked for.
    here: String,
}

/// What went wrong where no route of programs could go wrong so.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// A form that no page of this session sent.
    Form,
    /// A link that is used, too old, or none.
    Link,
    /// As much is wished for as may be.
    Wishes,
    /// More was typed than a form takes.
    Long,
}

/// A page that cannot be shown.
#[derive(Debug)]
pub(crate) enum Barred {
    /// As a program would be told.
    Refused(Refusal),
    /// As only people are.
    Trouble(Trouble),
}

impl From<Refusal> for Barred {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Trouble> for Barred {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl IntoResponse for Barred {
    /// Bare; it is dressed on its way out.
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => Inside(refusal).into_response(),
            Self::Trouble(trouble) => {
                let status = match trouble {
                    Trouble::Form => StatusCode::FORBIDDEN,
                    Trouble::Link => StatusCode::NOT_FOUND,
                    Trouble::Wishes => StatusCode::TOO_MANY_REQUESTS,
                    Trouble::Long => StatusCode::PAYLOAD_TOO_LARGE,
                };
                let mut answer = status.into_response();
                answer.extensions_mut().insert(trouble);
                answer
            }
        }
    }
}

/// What a page is made of.
pub(crate) struct View<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) office: Arc<Office>,
    pub(crate) register: Arc<Register>,
    pub(crate) visitor: &'a Visitor,
    pub(crate) guest: &'a Guest,
    pub(crate) roles: Vec<Role>,
    /// Whom this person sees (register §R12).
    pub(crate) sight: Sight,
    pub(crate) language: Language,
    pub(crate) now: Millis,
    pub(crate) names: Names<'a>,
}

impl View<'_> {
    /// In the reader's language.
    pub(crate) fn say(&self, english: impl Into<String>, japanese: impl Into<String>) -> String {
        match self.language {
            Language::English => english.into(),
            Language::Japanese => japanese.into(),
        }
    }

    /// A moment.
    pub(crate) fn moment(&self, at: Millis) -> String {
        moment_text(at, self.language)
    }

    /// A person: name and code; the code alone of whoever is another section's.
    pub(crate) fn person(&self, operator: &Code) -> String {
        if !self.sight.may_name(&self.register, operator) {
            return operator.to_string();
        }
        self.names.person(&self.register, operator, self.language)
    }

    /// Whether one of these roles is held.
    pub(crate) fn holds(&self, any_of: &[Role]) -> bool {
        self.roles.iter().any(|role| any_of.contains(role))
    }

    /// Records in sentences.
    pub(crate) fn tell<T>(&self, tell: impl FnOnce(&Sentences<'_>) -> T) -> T {
        let person = |operator: &Code| self.person(operator);
        tell(&Sentences { register: &self.register, person: &person, language: self.language })
    }
}

impl<'a> View<'a> {
    /// What a page for this person is made of, now.
    pub(crate) fn of(ledger: &'a Ledger, visitor: &'a Visitor, guest: &'a Guest) -> Result<Self, Refusal> {
        let office = ledger.office(&visitor.office)?;
        let (register, now) = (office.register(), ledger.clock.now());
        let roles = register.roles_of(&visitor.operator, now).into_iter().map(|(_, role)| role).collect();
        let names = Names::of(ledger, visitor.office);
        let sight = register.sight(&visitor.operator, now);
        Ok(Self { ledger, office, register, visitor, guest, roles, sight, language: guest.language, now, names })
    }

    /// Head and foot of the page.
    pub(crate) fn reader(&self) -> Reader {
        let (office, person) = (self.register.title().to_owned(), self.person(&self.visitor.operator));
        Reader { office, person, form: self.guest.form().to_owned() }
    }
}

impl Entered {
    /// The page at this address, as far as this person may see it.
    pub(crate) async fn show(
        self,
        hall: Hall,
        any_of: &'static [Role],
        work: impl FnOnce(&View<'_>) -> Result<(Content, Vec<Shown>), Refusal> + Send + 'static,
    ) -> Result<Response, Barred> {
        self.show_or_refuse(hall, any_of, |view| work(view).map(|(content, shown)| (StatusCode::OK, content, shown)))
            .await
    }

    /// The same, of one that says itself why something is refused, and whom to ask.
    pub(crate) async fn show_or_refuse(
        self,
        hall: Hall,
        any_of: &'static [Role],
        work: impl FnOnce(&View<'_>) -> Result<(StatusCode, Content, Vec<Shown>), Refusal> + Send + 'static,
    ) -> Result<Response, Barred> {
        let here = self.here.clone();
        self.answer(hall, any_of, move |view| {
            let (status, content, shown) = work(view)?;
            let made = view.moment(view.now);
            Ok((page(status, &content, Some(&view.reader()), view.language, (&here, made)), shown))
        })
        .await
    }

    /// Whatever is not a page.
    pub(crate) async fn answer<T: Send + 'static>(
        self,
        hall: Hall,
        any_of: &'static [Role],
        work: impl FnOnce(&View<'_>) -> Result<(T, Vec<Shown>), Refusal> + Send + 'static,
    ) -> Result<T, Barred> {
        let room = hall.rooms.for_visit(self.guest.visitor.office)?;
        let answered = blocking(move || {
            let _room = room;
            let visitor = hall.ledger.still(self.guest.visitor.clone(), any_of)?;
            let (answer, shown) = work(&View::of(&hall.ledger, &visitor, &self.guest)?)?;
            for shown in shown {
                if let Shown::Rows(query, count, about) = shown {
                    hall.ledger.note_read(&visitor, query, count, *about)?;
                }
            }
            Ok(answer)
        });
        Ok(answered.await?)
    }
}

impl FromRequestParts<Hall> for Entered {
    type Rejection = Barred;

    /// Whoever has lost card or posts since has lost the session with them.
    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Barred> {
        let cookie = cookie(&parts.headers, SESSION).map(hashed).ok_or(Refusal::TokenNeeded)?;
        let by_itself = parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair == BY_ITSELF));
        let how = if by_itself { Use::ByItself } else { Use::Person };
        let (ledger, now) = (&hall.ledger, hall.ledger.clock.now());
        let guest = ledger.console.guests().guest(&cookie, how, now).ok_or(Refusal::TokenNeeded)?;
        if let Err(gone) = ledger.still(guest.visitor.clone(), ANY_ROLE) {
            ledger.console.guests().leave(&cookie);
            ledger.console.changed();
            return Err(gone.into());
        }
        let here = parts.uri.path_and_query().map_or("/console", |here| here.as_str()).to_owned();
        Ok(Self { cookie, guest, how, here })
    }
}

/// What a form of a session's page brought.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) entered: Entered,
    pub(crate) fields: Fields,
}

/// Fields of a form.
pub(crate) type Fields = BTreeMap<String, String>;

impl FromRequest<Hall> for Posted {
    type Rejection = Barred;

    async fn from_request(request: Request, hall: &Hall) -> Result<Self, Barred> {
        let (mut parts, body) = request.into_parts();
        let entered = Entered::from_request_parts(&mut parts, hall).await;
        // Read also where nobody is in any more: what was typed is given back.
        let fields = fields(Request::from_parts(parts, body), hall).await;
        let (entered, fields) = (entered?, fields?);
        let brought = fields.get("form").map(|form| hashed(form));
        if brought != Some(hashed(entered.guest.form())) {
            return Err(Trouble::Form.into());
        }
        Ok(Self { entered, fields })
    }
}

/// What a form of ours brought, kept beside the request until it is answered: what comes to nothing is shown once more.
#[derive(Clone, Debug, Default)]
pub(super) struct Brought(Arc<Mutex<Fields>>);

impl Brought {
    /// What was typed: name and text.
    pub(super) fn typed(&self) -> Vec<(String, String)> {
        let brought = std::mem::take(&mut *lock(&self.0));
        let is_typed = |name: &str, text: &str| !OWN.contains(&name) && !text.trim().is_empty();
        let typed = brought.into_iter().filter(|(name, text)| is_typed(name, text));
        typed.map(|(name, text)| (name.strip_prefix(PREFIX).unwrap_or(&name).to_owned(), text)).collect()
    }
}

/// Fields of our pages that nobody types into.
const OWN: [&str; 4] = ["form", "lang", "to", "back"];

/// The fields of a form that a page of ours sent.
pub(crate) async fn fields(request: Request, hall: &Hall) -> Result<Fields, Barred> {
    if !is_from_here(request.headers()) {
        return Err(Trouble::Form.into());
    }
    let brought = request.extensions().get::<Brought>().cloned();
    let content = Body::from_request(request, hall).await?;
    let fields: Fields = serde_urlencoded::from_bytes(content.bytes()).map_err(|_| Refusal::Malformed("form"))?;
    if let Some(brought) = brought {
        lock(&brought.0).clone_from(&fields);
    }
    Ok(fields)
}

/// Whether a page of this very origin sent it. Browsers say so in a header that no page can set; those that do not know it say from where. With our own
/// referrer policy they leave out the latter ("null"), so one of the two has to speak for us, and none against.
fn is_from_here(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let own = said(HOST.as_str()).map(|host| format!("https://{host}"));
    let origin = said(ORIGIN.as_str()).filter(|origin| *origin != "null");
    let site = said("sec-fetch-site");
    let is_own = |origin: &str| Some(origin) == own.as_deref();
    let speaks = site == Some("same-origin") || site.is_none() && origin.is_some_and(is_own);
    speaks && origin.is_none_or(is_own)
}

/// In the address of a page that refreshes by itself: nobody is at the keyboard for that.
pub(crate) const BY_ITSELF: &str = "auto=1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_from_our_own_page_or_is_refused() {
        let cases: [(&[(&str, &str)], bool); 9] = [
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://l:1")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("origin", "https://l:1")], true),
            (&[("origin", "null")], false),
            (&[], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://l:1")], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://l:2")], false),
            (&[("origin", "http://l:1")], false),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("host", "l:1".parse().unwrap());
            for (name, value) in given {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(is_from_here(&headers), expected, "{given:?}");
        }
    }
}
