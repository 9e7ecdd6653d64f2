//! The ledger's routes before whoever comes: a stranger, a terminal, an administrator with a token. What they bring is anything, or nearly what it
//! should be.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::Signer as _;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use sekisho_ledger::authority::{Caller, TlsKey};
use sekisho_ledger::code::{Code, CodeSecret};
use sekisho_ledger::console;
use sekisho_ledger::enrol::Applicant;
use sekisho_ledger::http::{Hall, addresses, routes};
use sekisho_ledger::keys::Keys;
use sekisho_ledger::log_keys::log_key;
use sekisho_ledger::store::{LogName, SqliteStore, Store};
use sekisho_tlog::{Checkpoint, Hash};
use sekisho_wire::batch::enrol_digest;
use sekisho_wire::id::Hash as WireHash;
use sekisho_wire::record::token_digest;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::script::{Script, spoilt};
use crate::town::{Slot, Town, code};

/// How many requests one input makes.
const REQUESTS: usize = 6;

/// What is asked, and the fields of its body.
const ROUTES: [(&str, &str, &[&str]); 40] = [
    ("POST", "/v1/enrol", &["secret", "office", "terminal", "key", "csr", "proof"]),
    ("GET", "/v1/terminal/register", &[]),
    ("POST", "/v1/terminal/batches", &[]),
    ("GET", "/v1/terminal/seal", &[]),
    ("GET", "/v1/terminal/cursor", &[]),
    ("POST", "/v1/terminal/certificate", &["csr"]),
    ("GET", "/v1/terminal/refill", &[]),
    ("POST", "/v1/terminal/refill/records", &[]),
    ("POST", "/v1/terminal/refill/register", &["from", "entries", "names"]),
    ("POST", "/v1/terminal/refill/kept", &["kept"]),
    ("POST", "/v1/offices", &["secret", "act", "names"]),
    ("GET", "/v1/{o}/keys", &[]),
    ("POST", "/v1/{o}/challenge", &[]),
    ("POST", "/v1/{o}/token", &["card", "challenge", "signature"]),
    ("GET", "/v1/{o}/register", &[]),
    ("POST", "/v1/{o}/acts", &["act", "names"]),
    ("GET", "/v1/{o}/acts/{p}", &[]),
    ("GET", "/v1/{o}/acts/{p}/names", &[]),
    ("GET", "/v1/{o}/texts", &[]),
    ("POST", "/v1/{o}/invitations", &["terminal"]),
    ("POST", "/v1/{o}/console/links", &["language"]),
    ("GET", "/v1/{o}/console/wishes", &[]),
    ("POST", "/v1/{o}/console/wishes/{p}", &["outcome", "said"]),
    ("GET", "/v1/{o}/enrolments", &[]),
    ("GET", "/v1/{o}/search", &[]),
    ("GET", "/v1/{o}/evidence/{p}", &[]),
    ("GET", "/v1/{o}/batches", &[]),
    ("GET", "/v1/{o}/behind", &[]),
    ("GET", "/v1/{o}/watched", &[]),
    ("GET", "/v1/{o}/lost", &[]),
    ("GET", "/v1/{o}/retention", &[]),
    ("GET", "/v1/{o}/media", &[]),
    ("POST", "/v1/{o}/terminals/jumin-1/batches", &[]),
    ("GET", "/v1/{o}/terminals/{p}/seal", &[]),
    ("GET", "/{o}/records/checkpoint", &[]),
    ("GET", "/{o}/{p}/tile/{p}", &[]),
    ("GET", "/healthz", &[]),
    ("GET", "/readyz", &[]),
    ("GET", "/openapi.json", &[]),
    ("GET", "/{p}", &[]),
];

/// In whose name something is to be signed.
const HAND: &[&str] = &["for", "paper-of", "paper-number", "paper-date"];

/// Pages of the console, and the fields of their forms.
const PAGES: [(&str, &str, &[&str]); 43] = [
    ("GET", "/console", &[]),
    ("GET", "/console/style.css", &[]),
    ("GET", "/console/enter/{p}", &[]),
    ("POST", "/console/enter/{p}", &["form", "lang"]),
    ("POST", "/console/leave", &[]),
    ("POST", "/console/language", &["to", "back"]),
    ("GET", "/console/terminals", &[]),
    ("GET", "/console/records", &[]),
    ("GET", "/console/records/{p}", &[]),
    ("GET", "/console/records/{p}/evidence.json", &[]),
    ("POST", "/console/records/{p}/wish", &["permission"]),
    ("GET", "/console/registers", &[]),
    ("GET", "/console/registers/{p}", &[]),
    ("GET", "/console/registers/cards", &[]),
    ("GET", "/console/acts", &[]),
    ("GET", "/console/acts/{p}", &[]),
    ("GET", "/console/proposals", &[]),
    ("GET", "/console/proposals/{p}", &[]),
    ("POST", "/console/proposals/{p}/wish", HAND),
    ("POST", "/console/proposals/{p}/refuse", &["reason", "for"]),
    ("POST", "/console/proposals/{p}/withdraw", HAND),
    ("POST", "/console/reviews/{p}", HAND),
    ("GET", "/console/cases", &[]),
    ("GET", "/console/cases/{p}", &[]),
    ("GET", "/console/cases/{p}/{p}", &[]),
    ("POST", "/console/cases/{p}/{p}", &["f-remark", "f-act", "paper-of"]),
    ("POST", "/console/cases/incident-2026-1/instruct", &["f-instruction", "for"]),
    ("GET", "/console/forms", &[]),
    ("GET", "/console/forms/incident", &[]),
    ("POST", "/console/forms/incident", &["f-class", "f-circumstances", "f-recipients.executive", "paper-date"]),
    ("GET", "/console/changes", &[]),
    ("GET", "/console/changes/card_state", &[]),
    ("POST", "/console/changes/card_state", &["f-card", "f-state", "f-from", "for"]),
    ("POST", "/console/changes/preserve", &["f-order", "f-from", "f-to", "f-incident", "f-classes.access"]),
    ("POST", "/console/changes/{p}", &["f-operators", "f-to", "paper-of"]),
    ("GET", "/console/wishes/{p}", &[]),
    ("GET", "/console/incidents", &[]),
    ("GET", "/console/connection", &[]),
    ("GET", "/console/connection/{p}", &[]),
    ("POST", "/console/connection/stop", &["function.juminhyo", "incident", "for"]),
    ("GET", "/console/retention", &[]),
    ("GET", "/console/usage", &[]),
    ("GET", "/console/help", &[]),
];

/// What pages are asked for besides.
const ASKED_OF_PAGES: [&str; 10] = ["go", "date", "days", "auto", "lang", "before", "form", "state", "again", "f-kind"];

/// Everything that may stand behind a question mark.
const ASKED: [&str; 22] = [
    "from",
    "seen",
    "records",
    "casebook",
    "kept",
    "epoch",
    "index",
    "operator",
    "card",
    "terminal",
    "function",
    "case",
    "verdict",
    "kind",
    "since",
    "until",
    "before",
    "limit",
    "wait",
    "written",
    "permission",
    "other",
];

/// Routes of the ledger that this target never asks, and parameters of its description that it never gives: none, or something was added there and
/// forgotten here.
#[must_use]
pub fn unfed(openapi: &Value) -> Vec<String> {
    let fed = |route: &(&str, &str)| ROUTES.iter().chain(&PAGES).any(|(method, path, _)| is_fed(route, method, path));
    let routes = addresses().into_iter().chain(console::addresses()).filter(|route| !fed(route));
    let routes = routes.map(|(method, address)| format!("{method} {address}"));
    let of_paths = openapi["paths"].as_object().into_iter().flat_map(Map::values).filter_map(Value::as_object);
    let operations =
        of_paths.flat_map(Map::values).chain(openapi["components"].as_object().into_iter().flat_map(Map::values));
    let listed = operations.flat_map(|operation| match operation["parameters"].as_array() {
        Some(listed) => listed.iter().collect(),
        None => operation.as_object().into_iter().flat_map(Map::values).collect::<Vec<_>>(),
    });
    let asked =
        listed.filter(|parameter| parameter["in"] == "query").filter_map(|parameter| parameter["name"].as_str());
    let unasked = asked.filter(|name| !ASKED.contains(name)).map(|name| format!("?{name}"));
    routes.chain(unasked).collect()
}

/// Whether a request to this path may come to that route.
fn is_fed((method, address): &(&str, &str), asked: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (address.split('/'), path.split('/'));
    let fits = |wanted: &str, given: &str| wanted == given || wanted.starts_with('{');
    let same = wanted.by_ref().zip(given.by_ref()).all(|(wanted, given)| fits(wanted, given));
    same && wanted.next().is_none() && given.next().is_none() && method.eq_ignore_ascii_case(asked)
}

/// A ledger that is asked.
struct Place {
    town: Town,
    routes: Router,
    caller: Caller,
    token: String,
    /// What is right somewhere, to be spoilt.
    right: Vec<Vec<u8>>,
    /// A batch, not yet sealed.
    batch: Vec<u8>,
    /// The cookie of somebody in the console, and the word of his forms.
    session: (String, String),
    runtime: Runtime,
    _stop: watch::Sender<bool>,
}

thread_local! {
    /// One that goes, and one whose logs stand still because somebody has seen more of them.
    static PLACES: [Place; 2] = [Place::new(false), Place::new(true)];
}

/// Whatever comes, in whatever order: every refusal is a problem with a code, and none says that we failed.
pub fn ledger(bytes: &[u8]) {
    PLACES.with(|places| {
        let mut script = Script(bytes);
        let Some(which) = script.byte() else { return };
        for _ in 0..REQUESTS {
            if places[usize::from(which & 1)].is_asked(&mut script).is_none() {
                break;
            }
        }
    });
}

impl Place {
    fn new(lacks: bool) -> Self {
        let mut town = Town::new();
        let (batch, after) = town.terminal.batch(3);
        town.deliver(&batch).expect("it is the first");
        town.terminal = after;
        let caller = enrolled(&town);
        town.publish();
        let token = token(&town);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let request = CertificateParams::default().serialize_request(&key).expect("a request");
        let mut right = vec![request.der().to_vec(), town.act(vec![]), batch.envelope(&town.terminal)];
        right.extend(
            town.ledger.hand_out(&caller.peer, [0, 0]).expect("it goes").keepsakes.into_iter().map(|kept| kept.sealed),
        );
        for log in LogName::ALL {
            let note = note(&town, log, 40);
            right.push(note.clone().into_bytes());
            if lacks {
                let shown = sekisho_ledger::terminals::Shown::default();
                let shown = match log {
                    LogName::Records => sekisho_ledger::terminals::Shown { records: Some(note), ..shown },
                    LogName::Register => sekisho_ledger::terminals::Shown { register: Some(note), ..shown },
                    LogName::Casebook => sekisho_ledger::terminals::Shown { casebook: Some(note), ..shown },
                };
                town.ledger.hear(&caller.peer, &shown).expect("it listens");
            }
        }
        let (stop, stopping) = watch::channel(false);
        let routes = routes(Hall { ledger: Arc::clone(&town.ledger), stopping, rooms: Default::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let batch = town.terminal.batch(2).0.signed(&town.terminal);
        let session = session(&runtime, &routes, &town, &token);
        Self { town, routes, caller, token, right, batch, session, runtime, _stop: stop }
    }

    fn is_asked(&self, script: &mut Script<'_>) -> Option<()> {
        let which = usize::from(script.byte()?) % (ROUTES.len() + PAGES.len());
        let page = which.checked_sub(ROUTES.len());
        let (method, path, fields) = page.map_or_else(|| ROUTES[which], |page| PAGES[page]);
        let mut path = path.replace("{o}", &self.town.office.to_string());
        while path.contains("{p}") {
            path = path.replacen("{p}", &plain(&self.text(script)?), 1);
        }
        let mut mark = '?';
        for _ in 0..script.byte()? % 5 {
            let asked = if page.is_some() && script.byte()? % 2 == 0 {
                script.one_of(&ASKED_OF_PAGES)?
            } else {
                script.one_of(&ASKED)?
            };
            // Nobody waits here.
            let value = if asked == "wait" { "0".into() } else { plain(&self.text(script)?) };
            path += &format!("{mark}{asked}={value}");
            mark = '&';
        }
        let mut request = Request::builder().method(method).uri(&path);
        let who = script.byte()?;
        if who & 1 != 0 {
            request = request.header("Authorization", format!("Bearer {}", self.token));
        }
        let (content, body) = match page {
            Some(_) => {
                if who & 4 != 0 {
                    request = request.header("Cookie", &self.session.0);
                }
                request = request.header("Host", "localhost").header("Sec-Fetch-Site", "same-origin");
                ("application/x-www-form-urlencoded", self.form(script, fields)?)
            }
            None => self.body(script, fields)?,
        };
        let Ok(mut request) = request.header("Content-Type", content).body(Body::from(body)) else { return Some(()) };
        if who & 2 != 0 {
            request.extensions_mut().insert(self.caller.clone());
        }
        let answered = self.runtime.block_on(async {
            let answer = self.routes.clone().oneshot(request).await.expect("a router always answers");
            let (head, body) = answer.into_parts();
            (head, to_bytes(body, 64 << 20).await.expect("a body of ours"))
        });
        check(&path, answered.0, &answered.1);
        Some(())
    }

    /// The fields of a form, mostly with the word that it has to bring. Nobody leaves: the next request comes from somebody who is in.
    fn form(&self, script: &mut Script<'_>, fields: &[&str]) -> Option<Vec<u8>> {
        let mut pairs = Vec::new();
        if script.byte()? % 8 != 0 && !fields.is_empty() {
            pairs.push(format!("form={}", self.session.1));
        }
        for field in fields {
            pairs.push(format!("{field}={}", plain(&self.text(script)?)));
        }
        if script.byte()? % 8 == 0 { Some(script.piece()?.to_vec()) } else { Some(pairs.join("&").into_bytes()) }
    }

    fn body(&self, script: &mut Script<'_>, fields: &[&str]) -> Option<(&'static str, Vec<u8>)> {
        let (octets, json) = ("application/octet-stream", "application/json");
        Some(match script.byte()? % 8 {
            0 => (octets, script.piece()?.to_vec()),
            1 => (json, script.piece()?.to_vec()),
            2 => (octets, self.nearly_right(script)?),
            3 => (octets, self.town.terminal.seal(&spoilt(&self.batch, script)?)),
            4 => (octets, self.town.terminal.seal(script.piece()?)),
            _ => {
                let mut body = Map::new();
                for field in fields {
                    body.insert((*field).into(), self.value(script, 2)?);
                }
                (json, Value::Object(body).to_string().into_bytes())
            }
        })
    }

    fn value(&self, script: &mut Script<'_>, deep: u8) -> Option<Value> {
        Some(match script.byte()? % 8 {
            0 => script.number()?.into(),
            1 => (u64::MAX - u64::from(script.byte()?)).into(),
            2 if deep > 0 => {
                let many = usize::from(script.byte()? % 4);
                (0..many).map_while(|_| self.value(script, deep - 1)).collect()
            }
            3 if deep > 0 => json!([{"salt": STANDARD.encode([9; 16]), "text": self.text(script)?}]),
            4 if deep > 0 => {
                let log = LogName::ALL[usize::from(script.byte()?) % 3];
                json!([{"log": log.as_str(), "index": script.byte()?, "sealed": STANDARD.encode(self.nearly_right(script)?)}])
            }
            5 => Value::Null,
            _ => self.text(script)?.into(),
        })
    }

    fn text(&self, script: &mut Script<'_>) -> Option<String> {
        Some(match script.byte()? % 8 {
            0 => script.number()?.to_string(),
            1 => (u64::MAX - u64::from(script.byte()?)).to_string(),
            2 => STANDARD.encode(script.piece()?),
            3 => STANDARD.encode(self.nearly_right(script)?),
            4 => URL_SAFE_NO_PAD.encode(self.nearly_right(script)?),
            5 => script
                .one_of(&["jumin-1", "entries", "records", "granted", "alarm", "mayor", "0.0", "ffffffffffffffff"])?
                .into(),
            6 => self.town.office.to_string(),
            _ => String::from_utf8_lossy(script.piece()?).into_owned(),
        })
    }

    fn nearly_right(&self, script: &mut Script<'_>) -> Option<Vec<u8>> {
        let at = usize::from(script.byte()?) % self.right.len();
        spoilt(&self.right[at], script)
    }
}

/// As it may stand in an address.
fn plain(text: &str) -> String {
    let spell = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(spell).collect()
}

fn check(path: &str, head: axum::http::response::Parts, body: &[u8]) {
    let status = head.status.as_u16();
    if path.starts_with("/healthz") || path.starts_with("/readyz") {
        return;
    }
    let is_page = path.starts_with("/console");
    assert!(matches!(status, 200 | 400..=499 | 503) || is_page && status == 303, "{path}: {status}");
    if is_page {
        let policy = head.headers.get("content-security-policy").expect("every page has one");
        assert!(policy.to_str().expect("text").starts_with("default-src 'none'"), "{path}");
        let text = String::from_utf8_lossy(body);
        assert!(status < 400 || text.contains("<main"), "{path}: {status} {text}");
        // A log may have stopped; that we failed is never so.
        assert!(!text.contains("書き込めません"), "{path}: {text}");
        return;
    }
    if status == 200 {
        return;
    }
    let problem: Value = serde_json::from_slice(body).expect("a problem is JSON");
    let said = |key: &str| problem[key].as_str().is_some_and(|text| !text.is_empty());
    assert!(["code", "detail", "detail_ja", "next_step", "next_step_ja"].into_iter().all(said), "{path}: {problem}");
    assert_ne!(problem["code"], "unavailable", "{path}");
}

/// Somebody in the console, as a browser gets there.
fn session(runtime: &Runtime, routes: &Router, town: &Town, token: &str) -> (String, String) {
    let ask = |request: axum::http::request::Builder, body: String| {
        let request = request.header("Host", "localhost").header("Sec-Fetch-Site", "same-origin");
        let request = request.body(Body::from(body)).expect("a request");
        runtime.block_on(async {
            let (head, body) = routes.clone().oneshot(request).await.expect("a router always answers").into_parts();
            let body = to_bytes(body, 1 << 20).await.expect("a body of ours");
            (head, String::from_utf8_lossy(&body).into_owned())
        })
    };
    let links =
        Request::post(format!("/v1/{}/console/links", town.office)).header("Authorization", format!("Bearer {token}"));
    let link: Value = serde_json::from_str(&ask(links, "{}".into()).1).expect("a link");
    let link = link["path"].as_str().expect("a link").to_owned();
    let cookie = |head: &axum::http::response::Parts| {
        let set = head.headers.get("set-cookie").expect("a cookie").to_str().expect("text");
        set.split(';').next().expect("a pair").to_owned()
    };
    let word = |page: &str| {
        let (_, rest) = page.split_once("name=\"form\" value=\"").expect("a form");
        rest.split('"').next().expect("its word").to_owned()
    };
    let (head, page) = ask(Request::get(&link), String::new());
    let (head, _) = ask(Request::post(&link).header("Cookie", cookie(&head)), format!("form={}&lang=ja", word(&page)));
    let cookie = cookie(&head);
    let (_, page) = ask(Request::get("/console/help").header("Cookie", &cookie), String::new());
    (cookie, word(&page))
}

fn note(town: &Town, log: LogName, size: u64) -> String {
    let store = SqliteStore::open_existing(&town.data.database()).expect("its book");
    let stored = store.offices().expect("its offices").remove(0);
    let master = Keys::read(&town.data).expect("its keys").wrapping.master;
    let key = log_key(&master, &stored.seeds, "ledger.test", &town.office, log, 1).expect("its key");
    Checkpoint { origin: key.name().into(), size, root: Hash([7; 32]), extensions: Vec::new() }.sign(&key)
}

fn enrolled(town: &Town) -> Caller {
    let (line, _) = town.ledger.invite(&town.office, &code("jumin-1"), &code("mayor")).expect("an invitation");
    let given = Code::from_line(&line).expect("its own code");
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let request = CertificateParams::default().serialize_request(&key).expect("a request").der().to_vec();
    let shared: [u8; 16] = STANDARD.decode(&given.secret).expect("base64").try_into().expect("16 bytes");
    let applicant = Applicant {
        peer: town.terminal.peer.clone(),
        secret: CodeSecret::from_base64(&given.secret).expect("its own secret"),
        key: town.terminal.key.verifying_key().to_bytes(),
        proof: town.terminal.key.sign(&enrol_digest(&shared, &request)).to_bytes(),
        request,
    };
    let certificate = town.ledger.enrol(applicant).expect("a certificate");
    Caller { peer: town.terminal.peer.clone(), tls_key: TlsKey::of_certificate(&certificate).expect("its key") }
}

fn token(town: &Town) -> String {
    let (challenge, _) = town.ledger.challenge(&town.office).expect("a challenge");
    let signature = town.mayor.sign(Slot::Authentication, &token_digest(&town.office, &WireHash(challenge)));
    let admitted = town.ledger.admit(&town.office, &town.mayor.guid, &challenge, &signature).expect("the mayor");
    admitted.token
}
