//! The web console over HTTPS: who comes in and how long he stays, what each page says and wears, and what of it is written down.

mod accessible;
mod cases;
mod changes;
mod pages;
mod paging;
mod registers;
pub(crate) mod wishes;

use std::collections::BTreeMap;

use sekisho_register::change::{CardState, Change, SetCardState, StateReason};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::served::Served;
use crate::town::TestCard;

/// A browser: it keeps cookies, and says from where it sends a form.
pub(crate) struct Browser {
    client: Client,
    origin: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn of(served: &Served) -> Self {
        let client = served.anybody().of_another();
        Self { client, origin: "https://localhost".into(), cookies: BTreeMap::new() }
    }

    fn cookies(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in headers(answer, "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => drop(self.cookies.remove(name)),
                false => drop(self.cookies.insert(name.into(), value.into())),
            }
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let answer = self.client.request("GET", path, &[("Cookie", &self.cookies())], b"");
        self.keep(&answer);
        answer
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let more = [("Origin", self.origin.clone()), ("Sec-Fetch-Site", "same-origin".into())];
        self.post_saying(path, fields, &more)
    }

    fn post_saying(&mut self, path: &str, fields: &[(&str, &str)], more: &[(&str, String)]) -> Answer {
        let cookies = self.cookies();
        let mut said = vec![("Cookie", cookies.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        said.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
        let spell = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", spell(value))).collect();
        let answer = self.client.request("POST", path, &said, body.join("&").as_bytes());
        self.keep(&answer);
        answer
    }

    /// A page that must be there.
    pub(crate) fn page(&mut self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", text(&answer));
        text(&answer)
    }

    /// Opens the link and begins, with the form that it shows.
    fn begin(&mut self, link: &str) -> Answer {
        let shown = self.page(link);
        let (form, lang) = (field(&shown, "form"), field(&shown, "lang"));
        self.post(link, &[("form", &form), ("lang", &lang)])
    }
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn headers(answer: &Answer, name: &str) -> Vec<String> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
}

pub(crate) fn header(answer: &Answer, name: &str) -> String {
    headers(answer, name).into_iter().next().unwrap_or_default()
}

/// What a hidden field of a page's first form holds.
pub(crate) fn field(page: &str, name: &str) -> String {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// A token, and the link that it asks for.
pub(crate) fn link(served: &Served, card: &TestCard, language: &str) -> (String, String) {
    let token = served.prove(card).ok()["token"].as_str().unwrap().to_owned();
    let given: Value =
        served.anybody().post_as(&served.at("console/links"), &token, &json!({"language": language})).ok();
    (token, given["path"].as_str().unwrap().to_owned())
}

/// Somebody who is in, with his companion's token. The story's clock stands, so nobody misses the companion.
pub(crate) fn entered(served: &Served, card: &TestCard) -> (Browser, String) {
    let (token, link) = link(served, card, "ja");
    let mut browser = Browser::of(served);
    assert_eq!(browser.begin(&link).status, 303);
    (browser, token)
}

#[test]
fn a_link_shows_whose_session_it_begins_and_begins_it_once() {
    let served = Served::new();
    let (_, link) = link(&served, &served.town.mayor, "ja");
    let mut browser = Browser::of(&served);
    for _ in 0..2 {
        let shown = browser.page(&link);
        assert!(["関守 花子 (mayor)", "令和8年度第1号", "本人です"].iter().all(|part| shown.contains(part)), "{shown}");
    }
    let answer = browser.begin(&link);
    assert_eq!((answer.status, header(&answer, "location").as_str()), (303, "/console"));
    assert!(browser.page("/console").contains("関守 花子 (mayor)"));
    let mut again = Browser::of(&served);
    assert_eq!(again.get(&link).status, 404, "it is used");
    assert!(text(&again.get(&link)).contains("リンクは無効です"));
}

#[test]
fn cookies_are_for_this_host_alone_and_no_script_reads_them() {
    let served = Served::new();
    let (_, link) = link(&served, &served.town.mayor, "ja");
    let mut browser = Browser::of(&served);
    let door = browser.get(&link);
    let begun = browser.begin(&link);
    for cookie in headers(&door, "set-cookie").into_iter().chain(headers(&begun, "set-cookie")) {
        assert!(cookie.starts_with("__Host-sekisho"), "{cookie}");
        for flag in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
            assert!(cookie.contains(flag), "{flag} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[test]
fn a_link_is_no_good_after_a_minute_and_for_a_stranger_to_the_form() {
    let served = Served::new();
    let (_, late) = link(&served, &served.town.mayor, "ja");
    let mut browser = Browser::of(&served);
    let form = field(&browser.page(&late), "form");
    // Another browser has not been shown the page; a form of another page is none.
    let mut stranger = Browser::of(&served);
    assert_eq!(stranger.post(&late, &[("form", &form)]).status, 403);
    stranger.page(&late);
    assert_eq!(stranger.post(&late, &[("form", &form)]).status, 403);
    for said in [
        vec![("Origin", "https://elsewhere.example".to_owned()), ("Sec-Fetch-Site", "cross-site".to_owned())],
        vec![("Origin", "https://elsewhere.example".to_owned())],
        vec![],
    ] {
        assert_eq!(browser.post_saying(&late, &[("form", &form)], &said).status, 403, "{said:?}");
    }
    served.town.clock.advance(60_000);
    assert_eq!(browser.post(&late, &[("form", &form)]).status, 404);
    assert_eq!(browser.get("/console").status, 401);
}

#[test]
fn links_are_given_for_a_token_alone_and_a_person_of_another_office_gets_none() {
    let served = Served::new();
    let body = json!({});
    assert_eq!(served.anybody().post(&served.at("console/links"), &body).problem(), (401, "token_needed".into()));
    let token = served.token();
    let of =
        |language: &str| served.anybody().post_as(&served.at("console/links"), &token, &json!({"language": language}));
    assert_eq!(of("fr").problem(), (400, "malformed".into()));
    assert!(of("en").ok()["path"].as_str().unwrap().ends_with("?lang=en"));
    let unknown = served.anybody().get_as(&served.at("console/wishes"), "nobody's");
    assert_eq!(unknown.problem(), (401, "token_needed".into()));
}

#[test]
fn a_session_ends_with_the_button_and_its_cookie_opens_nothing() {
    let served = Served::new();
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let form = field(&browser.page("/console"), "form");
    let cookie = browser.cookies.clone();
    assert_eq!(browser.post("/console/leave", &[("form", "another")]).status, 403);
    assert_eq!(browser.get("/console").status, 200, "nothing was done");
    assert_eq!(browser.post("/console/leave", &[("form", &form)]).status, 200);
    assert!(browser.cookies.is_empty());
    browser.cookies = cookie;
    assert_eq!(browser.get("/console").status, 401);
    let wishes = served.anybody().get_as(&served.at("console/wishes"), &token);
    assert_eq!(wishes.problem(), (401, "token_needed".into()), "the companion hears of it");
}

#[test]
fn a_session_ends_with_the_right_of_its_card() {
    let served = Served::new();
    let (mut browser, _) = entered(&served, &served.town.deputy);
    browser.page("/console/acts");
    let blocked = SetCardState {
        card: served.town.deputy.guid,
        state: CardState::Suspended,
        effective: 0,
        reason: StateReason::Other,
        disposal: None,
    };
    served.town.submit(vec![Change::CardState(blocked)]).unwrap();
    let answer = browser.get("/console/acts");
    assert_eq!(answer.status, 401);
    assert!(text(&answer).contains("sekisho-admin console"), "it says the next step");
}

#[test]
fn a_session_ends_without_use_and_with_its_companion() {
    let served = Served::new();
    let wait = || served.town.clock.advance(14 * 60_000);
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let poll = || served.anybody().get_as(&served.at("console/wishes?wait=0"), &token);
    // A companion that comes again keeps it; a page that refreshes by itself does not.
    let stays = |browser: &mut Browser| {
        (0..56).for_each(|_| {
            served.town.clock.advance(15_000);
            poll().ok();
            browser.page("/console/help?auto=1");
        });
    };
    stays(&mut browser);
    browser.page("/console/help");
    stays(&mut browser);
    served.town.clock.advance(59_000);
    assert_eq!(poll().status, 401, "a minute later nobody had used it for fifteen");
    assert_eq!(browser.get("/console/help").status, 401);
    let (mut browser, _) = entered(&served, &served.town.mayor);
    wait();
    assert_eq!(browser.get("/console/help").status, 401, "nobody asks for wishes any more");
}

#[test]
fn a_restart_ends_every_session() {
    let served = Served::new();
    let (browser, _) = entered(&served, &served.town.mayor);
    let cookies = browser.cookies.clone();
    let mut town = served.into_town();
    town.reopen();
    let served = Served::of(town);
    let mut browser = Browser { cookies, ..Browser::of(&served) };
    assert_eq!(browser.get("/console").status, 401);
}

#[test]
fn the_language_is_switched_by_a_form_and_leads_back_to_the_page() {
    let served = Served::new();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let page = browser.page("/console/acts?before=1");
    assert!(page.contains("<html lang=\"ja\">"));
    let (form, back) = (field(&page, "form"), field(&page, "back"));
    let answer = browser.post("/console/language", &[("form", &form), ("to", "en"), ("back", &back)]);
    assert_eq!((answer.status, header(&answer, "location").as_str()), (303, "/console/acts?before=1"));
    assert!(browser.page("/console/acts").contains("<html lang=\"en\">"));
    let answer = browser.post("/console/language", &[("form", &form), ("to", "ja"), ("back", "https://elsewhere")]);
    assert_eq!(header(&answer, "location"), "/console", "nowhere but here");
}
