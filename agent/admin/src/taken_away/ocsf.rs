//! Events of the Open Cybersecurity Schema Framework, one JSON object a line. What opens a session is Authorize Session, a decision about a
//! function is API Activity, everything else a Base Event.

use sekisho_wire::id::OfficeId;
use sekisho_wire::record::{Body, Decision, Record};
use serde_json::{Map, Value, json};

use super::{Row, text};
use crate::lacks::Lack;

/// The version of the schema that the names are of.
const VERSION: &str = "1.8.0";

/// Where the records come from.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// The office.
    pub office: OfficeId,
    /// The origin of its records log.
    pub origin: &'a str,
    /// Under which number they are taken away.
    pub permission: &'a str,
}

/// What OCSF calls an event: class, its category, activity and its name.
struct Class {
    uid: u32,
    category: u32,
    activity: u32,
    activity_name: String,
}

const SEVERITY_INFORMATIONAL: u32 = 1;
const SEVERITY_LOW: u32 = 2;
const SEVERITY_HIGH: u32 = 4;

/// One record, as a line.
#[must_use]
pub(crate) fn ocsf_line(row: &Row, source: &Source<'_>) -> String {
    let (class, more) = of_class(row);
    let record = row.record.as_ref();
    let mut event = json!({
        "class_uid": class.uid,
        "category_uid": class.category,
        "activity_id": class.activity,
        "activity_name": class.activity_name,
        "type_uid": class.uid * 100 + class.activity,
        "severity_id": severity(row),
        "time": record.map_or(0, |record| record.trusted),
        "timezone_offset": 9 * 60,
        "message": row.what,
        "metadata": metadata(row, source),
        "unmapped": unmapped(row, source),
    });
    if let Value::Object(event) = &mut event {
        event.extend(more);
        if let Some(verdict) = row.verdict() {
            let status = if verdict.is_granted() { (1, "Success") } else { (2, "Failure") };
            event.insert("status_id".into(), json!(status.0));
            event.insert("status".into(), json!(status.1));
            event.insert("status_code".into(), json!(verdict.name()));
        }
    }
    format!("{event}\n")
}

/// What is missing, as a Base Event of this moment.
#[must_use]
pub(crate) fn ocsf_lack(lack: &Lack, source: &Source<'_>, now: u64) -> String {
    let facts = [
        ("permission", Some(source.permission.to_owned())),
        ("terminal", lack.terminal.clone()),
        ("epoch", lack.epoch.map(|epoch| epoch.to_string())),
        ("seq", lack.seq.map(|seq| seq.to_string())),
    ];
    let unmapped: Map<String, Value> =
        facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), Value::from(fact?)))).collect();
    let event = json!({
        "class_uid": 0,
        "category_uid": 0,
        "activity_id": 99,
        "activity_name": lack.kind,
        "type_uid": 99,
        "severity_id": SEVERITY_LOW,
        "time": now,
        "timezone_offset": 9 * 60,
        "message": lack.what,
        "metadata": {
            "version": VERSION,
            "product": product(),
            "log_name": source.origin,
            "tenant_uid": source.office.to_string(),
            "event_code": lack.kind,
        },
        "unmapped": unmapped,
    });
    format!("{event}\n")
}

fn product() -> Value {
    json!({"name": "Sekisho", "vendor_name": "Sekisho", "version": env!("CARGO_PKG_VERSION")})
}

fn of_class(row: &Row) -> (Class, Map<String, Value>) {
    let opens = |body: &Body| matches!(body, Body::SessionOpened(_) | Body::SessionUnlocked(_));
    match &row.record {
        Some(Record { body: Body::Decision(decision), .. }) => api_activity(row, decision),
        Some(record) if opens(&record.body) => authorize_session(row),
        Some(_) | None => {
            let activity_name = row.kind().to_owned();
            (Class { uid: 0, category: 0, activity: 99, activity_name }, Map::new())
        }
    }
}

/// 6003, where what is done with the records is not said: whatever the function does.
fn api_activity(row: &Row, decision: &Decision) -> (Class, Map<String, Value>) {
    let input = &decision.input;
    let function = input.function.as_ref().map_or("unknown", |function| function.as_str());
    let application = input.application.as_ref().map_or("unknown", |application| application.as_str());
    let mut actor = json!({"app_uid": application, "user": user(row)});
    if let (Value::Object(actor), Some(session)) = (&mut actor, input.session) {
        actor.insert("session".into(), json!({"uid": session.to_string()}));
    }
    let api = json!({
        "operation": function,
        "request": {"uid": decision.request.to_string()},
        "response": {"code": decision.verdict.number(), "message": decision.verdict.name()},
    });
    let mut more = Map::new();
    more.insert("actor".into(), actor);
    more.insert("api".into(), api);
    more.insert("src_endpoint".into(), endpoint(row));
    if let Some(case) = &input.case {
        more.insert("resources".into(), json!([{"uid": case.as_str(), "type": "case"}]));
    }
    (Class { uid: 6003, category: 6, activity: 99, activity_name: function.to_owned() }, more)
}

/// 3003: the permission (操作者ID) that the session has.
fn authorize_session(row: &Row) -> (Class, Map<String, Value>) {
    let input = row.input();
    let privilege = input.and_then(|input| input.profile.as_ref()).map_or("unknown", |profile| profile.as_str());
    let mut more = Map::new();
    more.insert("user".into(), user(row));
    more.insert("privileges".into(), json!([privilege]));
    more.insert("src_endpoint".into(), endpoint(row));
    if let Some(session) = input.and_then(|input| input.session) {
        more.insert("session".into(), json!({"uid": session.to_string()}));
    }
    (Class { uid: 3003, category: 3, activity: 1, activity_name: "Assign Privileges".into() }, more)
}

/// The person by the code in the office's register, with the card in whose hand he was; and the office that he comes from, where that is another.
fn user(row: &Row) -> Value {
    let (operator, card) = row.who();
    let mut user = json!({"uid": operator.map_or("unknown", |operator| operator.as_str())});
    if let (Value::Object(user), Some(card)) = (&mut user, card) {
        user.insert("credential_uid".into(), json!(card.to_string()));
    }
    if let (Value::Object(user), Some(home)) = (&mut user, row.home()) {
        user.insert("org".into(), json!({"uid": home.to_string()}));
    }
    user
}

fn endpoint(row: &Row) -> Value {
    let terminal = text(row.terminal());
    json!({"uid": terminal, "name": terminal})
}

fn metadata(row: &Row, source: &Source<'_>) -> Value {
    let mut metadata = json!({
        "version": VERSION,
        "product": product(),
        "log_name": source.origin,
        "tenant_uid": source.office.to_string(),
        "event_code": row.kind(),
        // One of its own in the world: the log's name, and where in it.
        "uid": format!("{}/{}", source.origin, row.index),
    });
    if let (Value::Object(metadata), Some(record)) = (&mut metadata, &row.record) {
        metadata.insert("sequence".into(), json!(record.seq));
        metadata.insert("original_time".into(), json!(record.wall.to_string()));
    }
    metadata
}

fn unmapped(row: &Row, source: &Source<'_>) -> Value {
    let input = row.input();
    let terminal = text(row.terminal());
    let facts = [
        ("index", Some(row.index.to_string())),
        ("leaf", Some(row.leaf.clone())),
        ("permission", Some(source.permission.to_owned())),
        ("terminal", Some(terminal).filter(|terminal| !terminal.is_empty())),
        ("epoch", row.record.as_ref().map(|record| record.epoch.to_string())),
        ("carried_to_epoch", row.carried.map(|to| to.epoch.to_string())),
        ("carried_to_seq", row.carried.map(|to| to.seq.to_string())),
        ("operator", row.who().0.map(ToString::to_string)),
        ("card", row.who().1.map(|card| card.to_string())),
        ("profile", input.and_then(|input| input.profile.as_ref()).map(ToString::to_string)),
        ("purpose", input.and_then(|input| input.purpose.as_ref()).map(ToString::to_string)),
        ("register", input.map(|input| input.register.to_string())),
    ];
    facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), Value::from(fact?)))).collect()
}

fn severity(row: &Row) -> u32 {
    match row.kind() {
        "alarm" | "card_false" | "break_glass" => SEVERITY_HIGH,
        "pin_failed" => SEVERITY_LOW,
        _ if row.verdict().is_some_and(|verdict| !verdict.is_granted()) => SEVERITY_LOW,
        _ => SEVERITY_INFORMATIONAL,
    }
}
