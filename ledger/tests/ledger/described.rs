//! The OpenAPI description is what the ledger does: every request of these tests and every answer is held against it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use boon::{Compiler, Schemas};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::code::Code as LedgerCode;
use sekisho_ledger::store::LogName;
use sekisho_ledger::{command, http};
use sekisho_register::change::{Change, EpochReason, OpenEpoch};
use serde_json::{Map, Value, json};

use crate::client::{Answer, Client};
use crate::https::certificate_request;
use crate::refill::a_day_later;
use crate::served::{Served, until};
use crate::town::{TestTerminal, code, founding_act};

const TEXT: &str = include_str!("../../../protocol/openapi.json");
const PLACE: &str = "mem:///openapi.json";

/// The description. A client passes over fields that it does not know; here none may be there that is not described.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::from_str(TEXT).unwrap();
    close(&mut document);
    document
});

thread_local! {
    /// Schemas as they are asked for; the compiler belongs to one thread.
    static COMPILED: RefCell<(Compiler, Schemas)> = RefCell::new({
        let mut compiler = Compiler::new();
        compiler.add_resource(PLACE, DOCUMENT.clone()).unwrap();
        (compiler, Schemas::new())
    });
    /// What this test has seen: operation, and `200`, another status that is described, or `default`.
    static SEEN: RefCell<BTreeSet<(String, String)>> = RefCell::default();
}

/// No object has other fields than those it names.
fn close(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            let named = fields.get("type") == Some(&json!("object")) && fields.contains_key("properties");
            if named {
                fields.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where something of the description stands, as a JSON pointer; references are followed.
fn resolve(pointer: String) -> String {
    let of = DOCUMENT.pointer(&pointer).and_then(|value| value.get("$ref")).and_then(Value::as_str);
    of.map_or(pointer, |of| of.trim_start_matches('#').to_owned())
}

fn at(pointer: &str) -> Option<&'static Value> {
    DOCUMENT.pointer(pointer)
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Fails unless the value is what the schema at this place says.
fn judge(pointer: &str, value: &Value, what: &str) {
    COMPILED.with_borrow_mut(|(compiler, schemas)| {
        let schema = compiler.compile(&format!("{PLACE}#{pointer}"), schemas).unwrap();
        let judged = schemas.validate(value, schema);
        assert!(judged.is_ok(), "{what} is not as described: {}\n{value}", judged.unwrap_err());
    });
}

/// The path as it is described, of all that fit the one with the most words of its own.
fn template(path: &str) -> Option<String> {
    let asked: Vec<&str> = path.split('/').collect();
    let is_variable = |word: &str| word.starts_with('{');
    let fits = |template: &&String| {
        let words: Vec<&str> = template.split('/').collect();
        // What a tile is called has slashes of its own.
        let open = words.last() == Some(&"{rest}");
        (words.len() == asked.len() || open && words.len() <= asked.len())
            && words.iter().zip(&asked).all(|(word, asked)| is_variable(word) && !asked.is_empty() || word == asked)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap().keys();
    paths.filter(fits).max_by_key(|template| template.split('/').filter(|word| !is_variable(word)).count()).cloned()
}

/// Holds a request and its answer against the description.
pub(crate) fn hold(method: &str, path: &str, body: &[u8], answer: &Answer) {
    let (address, query) = path.split_once('?').unwrap_or((path, ""));
    let what = format!("{method} {address} {}", answer.status);
    let Some(template) = template(address) else {
        assert_eq!(answer.problem(), (404, "not_found".into()), "{what} is not described");
        return judge("/components/schemas/Problem", &answer.json(), &what);
    };
    let item = format!("/paths/{}", escaped(&template));
    let operation = format!("{item}/{}", method.to_lowercase());
    if at(&operation).is_none() {
        assert_eq!(answer.problem(), (405, "method_wrong".into()), "{what} is not described");
        return judge("/components/schemas/Problem", &answer.json(), &what);
    }
    let described = format!("{operation}/responses/{}", answer.status);
    let (response, which) = match at(&described) {
        Some(_) => (described, answer.status.to_string()),
        None => (format!("{operation}/responses/default"), "default".into()),
    };
    let response = resolve(response);
    let media = header(answer, "content-type");
    let content = format!("{response}/content/{}", escaped(&media));
    assert!(at(&content).is_some(), "{what} answers {media}, which is not described");
    if at(&format!("{content}/schema")).is_some() {
        let value = if media.contains("json") { answer.json() } else { json!(String::from_utf8_lossy(&answer.body)) };
        judge(&format!("{content}/schema"), &value, &what);
    }
    if answer.status == 200 {
        hold_request(&item, &operation, query, body, &what);
    }
    let id = at(&operation).unwrap()["operationId"].as_str().unwrap().to_owned();
    SEEN.with_borrow_mut(|seen| seen.insert((id, which)));
}

/// What the ledger took is described, too.
fn hold_request(item: &str, operation: &str, query: &str, body: &[u8], what: &str) {
    let places = [format!("{item}/parameters"), format!("{operation}/parameters")];
    let count = |place: &String| at(place).and_then(Value::as_array).map_or(0, Vec::len);
    let parameters: Vec<&Value> = places
        .iter()
        .flat_map(|place| (0..count(place)).map(move |number| resolve(format!("{place}/{number}"))))
        .map(|place| at(&place).unwrap())
        .collect();
    let of_query = |parameter: &&&Value| parameter["in"] == "query";
    let asked: Vec<&str> = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name).collect();
    let described = |name: &str| parameters.iter().filter(of_query).any(|parameter| parameter["name"] == name);
    asked.iter().for_each(|name| assert!(described(name), "{what}: '{name}' is not described"));
    for parameter in parameters.iter().filter(of_query).filter(|parameter| parameter["required"] == true) {
        let name = parameter["name"].as_str().unwrap();
        assert!(asked.contains(&name), "{what}: '{name}' is not needed");
    }
    let schema = resolve(format!("{operation}/requestBody")) + "/content/application~1json/schema";
    if at(&schema).is_some() {
        judge(&schema, &serde_json::from_slice(body).unwrap(), &format!("the body of {what}"));
    }
}

fn header(answer: &Answer, name: &str) -> String {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.filter(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next();
    found.unwrap_or_default()
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let methods = |(path, item): (&String, &Value)| -> Vec<(String, String)> {
        let operations: &Map<String, Value> = item.as_object().unwrap();
        let methods = operations.keys().filter(|key| *key != "parameters");
        methods.map(|method| (method.clone(), path.clone())).collect()
    };
    let described: BTreeSet<(String, String)> =
        DOCUMENT["paths"].as_object().unwrap().iter().flat_map(methods).collect();
    let plain = |(method, path): (&str, &str)| (method.to_owned(), path.replace("{*", "{"));
    let routes: BTreeSet<(String, String)> = http::addresses().into_iter().map(plain).collect();
    assert_eq!(described, routes);
}

const OCTETS: [(&str, &str); 1] = [("Content-Type", "application/octet-stream")];

/// Asks every route so that it does what it is for.
fn ask_all(served: &mut Served) {
    let identity = served.enrol();
    let (anybody, terminal) =
        (served.anybody(), Client::new(served.address, &served.town.authority, Some(identity.clone())));
    ["/healthz", "/readyz", "/openapi.json"].iter().for_each(|path| assert_eq!(anybody.get(path).status, 200));
    let found = command::founding_code(&served.town.root, std::time::Duration::from_secs(60), &*served.town.clock);
    let found = LedgerCode::from_line(&found.unwrap()).unwrap();
    let act = STANDARD.encode(founding_act(&found, &served.town.mayor, &served.town.deputy));
    let names = [("関守 花子"), ("山田 太郎")].map(|text| json!({"salt": STANDARD.encode([9; 16]), "text": text}));
    anybody.post("/v1/offices", &json!({"secret": found.secret, "act": act, "names": names})).ok();

    let (batch, after) = served.town.terminal.batch(3);
    let envelope = batch.envelope(&served.town.terminal);
    terminal.request("POST", "/v1/terminal/batches", &OCTETS, &envelope).ok();
    served.town.terminal = after;
    served.town.publish();
    terminal.get("/v1/terminal/register?from=0&wait=0&kept=0.0&written=0.0").ok();
    until(|| terminal.get("/v1/terminal/seal?epoch=0&from=0&seen=0").ok()["ranges"] != json!([]));
    terminal.get("/v1/terminal/cursor?epoch=0").ok();
    terminal.post("/v1/terminal/certificate", &certificate_request(&identity)).ok();

    let token = served.token();
    let get = |path: &str| anybody.get_as(&served.at(path), &token).ok();
    get("register?from=0");
    let epoch = OpenEpoch { terminal: code("jumin-1"), epoch: 1, reason: EpochReason::Other };
    let act = json!({"act": STANDARD.encode(served.town.act(vec![Change::OpenEpoch(epoch)])), "names": []});
    let id = anybody.post(&served.at("acts"), &act).ok()["id"].as_str().unwrap().to_owned();
    get(&format!("acts/{id}"));
    get(&format!("acts/{id}/names"));
    get("texts?from=0");
    // Somebody who waits for an act, and is behind from his first day on.
    let invited = anybody.post_as(&served.at("invitations"), &token, &json!({"terminal": "jumin-9"})).ok();
    let secret = LedgerCode::from_line(invited["code"].as_str().unwrap()).unwrap().secret.clone();
    let newcomer = TestTerminal::new(served.town.office, "jumin-9", [9; 32], served.town.terminal.envelope.clone());
    anybody.post("/v1/enrol", &served.request(&secret, &newcomer).0).ok();
    assert_ne!(get("enrolments"), json!([]));
    served.town.submit(vec![Change::Terminal(Box::new(newcomer.registration()))]).unwrap();
    until(|| get("search?terminal=jumin-1&limit=2")["next"].is_number());
    assert_ne!(get("search?limit=1")["behind"], json!([]));
    get("evidence/0");
    assert!(get("batches?from=0&limit=1")["next"].is_number());
    get("behind");
    assert_ne!(get("watched"), json!([]), "one has never come");
    get("lost");
    get("retention");
    get("media");
    let bearer = format!("Bearer {token}");
    let headers = [OCTETS[0], ("Authorization", bearer.as_str())];
    let envelope = newcomer.batch(1).0.envelope(&newcomer);
    anybody.request("POST", &served.at("terminals/jumin-9/batches"), &headers, &envelope).ok();
    get("terminals/jumin-9/seal?epoch=0&from=0&seen=0");
    let link = anybody.post_as(&served.at("console/links"), &token, &json!({"language": "ja"})).ok();
    assert!(link["path"].is_string());
    get("console/wishes?wait=0");
    crate::console::wishes::settled_once(served);
    let keys = anybody.get(&served.at("keys")).ok();
    assert_ne!(keys["keys"], json!([]));
    let log = |path: &str| format!("/{}/records/{path}", served.town.office);
    for path in ["checkpoint", "tile/0/000.p/1"] {
        assert_eq!(anybody.get(&log(path)).status, 200);
    }
    assert_eq!(anybody.get_as(&log("tile/entries/000.p/1"), &token).status, 200);
}

/// Asks every route so that it refuses.
fn ask_wrongly(served: &Served) {
    let (anybody, token) = (served.anybody(), served.token());
    for path in ["register?from=0", "seal?epoch=0&from=0&seen=0", "cursor?epoch=0", "refill"] {
        anybody.get(&format!("/v1/terminal/{path}"));
    }
    for path in ["batches", "certificate", "refill/records?index=0", "refill/register", "refill/kept"] {
        anybody.post(&format!("/v1/terminal/{path}"), &json!({}));
    }
    ["/v1/enrol", "/v1/offices"].iter().for_each(|path| drop(anybody.post(path, &json!({}))));
    for path in ["token", "acts", "invitations", "terminals/jumin-1/batches", "console/links", "console/wishes/1"] {
        anybody.post(&served.at(path), &json!({}));
    }
    anybody.post("/v1/0/challenge", &json!({}));
    let hash = "ab".repeat(32);
    let seal = "terminals/jumin-1/seal?epoch=0&from=0&seen=0";
    let wishes = "console/wishes";
    for path in [
        "register?from=0",
        "texts?from=0",
        "enrolments",
        "search",
        "evidence/0",
        "batches?from=0",
        "behind",
        "watched",
        "lost",
        "retention",
        "media",
        seal,
        wishes,
    ] {
        anybody.get(&served.at(path));
    }
    for path in [format!("acts/{hash}"), format!("acts/{hash}/names")] {
        anybody.get_as(&served.at(&path), &token);
    }
    anybody.get("/v1/0/keys");
    ["checkpoint", "tile/0/000"].iter().for_each(|path| drop(anybody.get(&format!("/0/records/{path}"))));
    // And what no route takes.
    anybody.get("/nowhere");
    anybody.post("/healthz", &json!({}));
    let office = served.town.ledger.office(&served.town.office).unwrap();
    office.log(LogName::Casebook).halt(Halt::Outrun { seen: 9, stored: 1 }, "");
    assert_eq!(anybody.get("/readyz").status, 503);
}

/// Fills a log again that was put back.
fn ask_refilled() {
    let (mut town, copy, held) = a_day_later();
    town.put_back(&copy);
    town.reopen();
    town.shows(&held.shown);
    let from = town.sizes();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    let (peer, now) = (&town.terminal.peer, town.ledger.clock.machine());
    let certificate = town.ledger.authority.terminal(peer, request.der(), now).unwrap();
    let served = Served::of(town);
    let terminal = Client::new(served.address, &served.town.authority, Some((certificate, key.serialize_der())));
    let wanted = terminal.get("/v1/terminal/refill").ok();
    assert!(wanted["records"].is_object() && wanted["register"].is_object(), "{wanted}");
    let entries: Vec<String> = held.acts[from[1] as usize..].iter().map(|act| STANDARD.encode(act)).collect();
    let name =
        |name: &sekisho_ledger::acts::Name| json!({"salt": STANDARD.encode(name.salt.0), "text": name.text.as_str()});
    let names: Vec<Value> = held.names.iter().map(name).collect();
    terminal.post("/v1/terminal/refill/register", &json!({"from": from[1], "entries": entries, "names": names})).ok();
    let kept = held
        .kept
        .iter()
        .map(|kept| json!({"log": kept.log.as_str(), "index": kept.index, "sealed": STANDARD.encode(&kept.sealed)}));
    terminal.post("/v1/terminal/refill/kept", &json!({"kept": kept.collect::<Vec<_>>()})).ok();
    let (index, batch) = &held.batches[0];
    let envelope = batch.envelope(&served.town.terminal);
    terminal.request("POST", &format!("/v1/terminal/refill/records?index={index}"), &OCTETS, &envelope).ok();
}

#[test]
fn every_route_does_and_refuses_as_it_is_described() {
    let mut served = Served::new();
    ask_all(&mut served);
    ask_wrongly(&served);
    ask_refilled();
    let of_path = |item: &Value| -> Vec<(String, String)> {
        let operations = item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters");
        let answers = |operation: &Value| -> Vec<(String, String)> {
            let id = operation["operationId"].as_str().unwrap();
            operation["responses"].as_object().unwrap().keys().map(|status| (id.to_owned(), status.clone())).collect()
        };
        operations.flat_map(|(_, operation)| answers(operation)).collect()
    };
    let described: BTreeSet<_> = DOCUMENT["paths"].as_object().unwrap().values().flat_map(of_path).collect();
    // Those that only say that they are there refuse when the machine gives out, which no test brings about.
    let plain = ["healthz", "readyz", "openapi"];
    let unseen: Vec<_> = SEEN.with_borrow(|seen| described.difference(seen).cloned().collect());
    let unseen: Vec<_> =
        unseen.iter().filter(|(id, status)| !(plain.contains(&id.as_str()) && status == "default")).collect();
    assert!(unseen.is_empty(), "described and never seen: {unseen:?}");
}

#[test]
fn what_is_not_described_is_noticed() {
    let answer = |status, kind: &str, body: &Value| Answer {
        status,
        head: format!("HTTP/1.1 {status}\r\nContent-Type: {kind}"),
        body: body.to_string().into_bytes(),
    };
    let id = "ab".repeat(16);
    let path = format!("/v1/{id}/challenge");
    let held = |method: &str, path: &str, answer: Answer| {
        let method = method.to_owned();
        std::panic::catch_unwind(move || hold(&method, path, b"{}", &answer)).is_ok()
    };
    let good = json!({"challenge": STANDARD.encode([1; 32]), "expires": 1});
    assert!(held("POST", &path, answer(200, "application/json", &good)));
    let mut more = good.clone();
    more["colour"] = json!("red");
    let less = json!({"expires": 1});
    let other = json!({"challenge": "short", "expires": 1});
    for body in [more, less, other] {
        assert!(!held("POST", &path, answer(200, "application/json", &body)), "{body}");
    }
    assert!(!held("POST", &path, answer(200, "text/plain", &good)));
    assert!(!held("POST", &path, answer(404, "application/problem+json", &json!({"code": "nonsense"}))));
    assert!(!held("GET", &path, answer(200, "application/json", &good)));
    assert!(!held("GET", "/v1/new/thing", answer(200, "application/json", &good)));
    assert!(!held("POST", &format!("{path}?colour=red"), answer(200, "application/json", &good)));
}
