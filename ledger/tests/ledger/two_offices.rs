//! Two offices on one ledger: whoever belongs to one, with its terminal's certificate and its administrator's token, is told nothing of the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::code::Code as LedgerCode;
use sekisho_ledger::people::id_of;
use sekisho_ledger::store::LogName;
use sekisho_register::change::{Change, EpochReason, OpenEpoch};
use sekisho_wire::words::Language;
use serde_json::{Value, json};

use crate::client::{Answer, Client, Identity};
use crate::https::certificate_request;
use crate::served::{Served, until};
use crate::town::{TestCard, TestTerminal, Town, code, found, founding_act_of, person, scratch};

const TEXT: &str = include_str!("../../../protocol/openapi.json");

/// What is open to everybody who knows an office's id, and why nobody of the office is wronged by it.
const OPEN: [&str; 5] = [
    // What a card is to sign: random bytes.
    "POST /v1/{office}/challenge",
    // Terminals and their public keys, for whoever reads signed decisions.
    "GET /v1/{office}/keys",
    // Sizes and hashes, for witnesses and auditors.
    "GET /{office}/{log}/checkpoint",
    // An act is its own proof, whoever brings it; asked here is one that an administrator of the other office signed.
    "POST /v1/{office}/acts",
    // The machine, not an office.
    "GET /openapi.json",
];

impl Town {
    /// Another office on the same ledger. All that it calls anything is called the same here, so that nothing but the office tells them apart.
    pub(crate) fn neighbour(&self) -> Self {
        let (data, clock) = (sekisho_ledger::data::DataDir::new(&self.root), Arc::clone(&self.clock));
        let founding =
            sekisho_ledger::command::founding_code(&self.root, std::time::Duration::from_secs(60), &*clock).unwrap();
        let founding = LedgerCode::from_line(&founding).unwrap();
        let (mayor, deputy) = (TestCard::new(5, "mayor"), TestCard::new(6, "deputy"));
        let act = founding_act_of(&founding, "隣町", [(&mayor, "北 一郎"), (&deputy, "南 二郎")]);
        let names = vec![person("北 一郎"), person("南 二郎")];
        let ledger = Arc::clone(&self.ledger);
        let (office, terminal, authority) = found(&ledger, &founding, act, names, [4; 32]);
        let town = Self { data, clock, ledger, office, mayor, deputy, terminal, authority, root: scratch() };
        town.register_terminal(&town.terminal);
        town
    }
}

/// One office of the two, with everything that opens its doors.
struct Side<'t> {
    town: &'t Town,
    identity: Identity,
    token: String,
    /// The id of an act of its register.
    act: String,
    /// What a terminal of it has verified.
    notes: [String; 3],
    /// What brings records of it.
    envelope: Vec<u8>,
}

/// A question, as somebody who has everything of an office would ask it about that office.
struct Asking {
    route: &'static str,
    path: String,
    body: Option<Vec<u8>>,
}

/// Who asks.
struct Caller {
    client: Client,
    token: Option<String>,
}

impl Caller {
    fn ask(&self, asking: &Asking) -> Answer {
        let method = asking.route.split(' ').next().unwrap();
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let octets = asking.path.ends_with("batches") || asking.path.contains("refill/records");
        let mut headers: Vec<(&str, &str)> = Vec::new();
        headers.extend(octets.then_some(("Content-Type", "application/octet-stream")));
        headers.extend(bearer.as_ref().map(|bearer| ("Authorization", bearer.as_str())));
        self.client.request(method, &asking.path, &headers, asking.body.as_deref().unwrap_or_default())
    }
}

impl<'t> Side<'t> {
    fn of(served: &Served, town: &'t Town, envelope: Vec<u8>) -> Self {
        let office = town.office;
        let proof = served.proof(&office, &town.mayor);
        let answer = served.anybody().post(&format!("/v1/{office}/token"), &proof).ok();
        let token = answer["token"].as_str().unwrap().to_owned();
        let invitation = json!({"terminal": "jumin-1"});
        let line = served.anybody().post_as(&format!("/v1/{office}/invitations"), &token, &invitation).ok();
        let invited = LedgerCode::from_line(line["code"].as_str().unwrap()).unwrap();
        let (request, key) = served.request(&invited.secret, &town.terminal);
        let certificate = served.anybody().post("/v1/enrol", &request).ok();
        let identity = (STANDARD.decode(certificate["certificate"].as_str().unwrap()).unwrap(), key);
        let epoch = OpenEpoch { terminal: code("jumin-1"), epoch: 1, reason: EpochReason::Other };
        let act = town.act(vec![Change::OpenEpoch(epoch)]);
        let id = sekisho_wire::id::Hash(id_of(&act).unwrap().0).to_string();
        town.ledger.submit(&office, act, Vec::new()).unwrap();
        town.publish();
        let office = town.ledger.office(&office).unwrap();
        let notes = LogName::ALL.map(|log| URL_SAFE_NO_PAD.encode(&office.log(log).published().unwrap().text));
        Self { town, identity, token, act: id, notes, envelope }
    }

    /// Whoever has a terminal of this office and a token of its administrator.
    fn caller(&self, served: &Served) -> Caller {
        Caller {
            client: Client::new(served.address, &self.town.authority, Some(self.identity.clone())),
            token: Some(self.token.clone()),
        }
    }

    /// Every route, asked about this office. What is brought is signed and invited by `by`.
    fn askings(&self, served: &Served, by: &Self) -> BTreeMap<&'static str, Asking> {
        let (office, act) = (self.town.office, &self.act);
        let [records, register, casebook] = &self.notes;
        let hearing = format!("seen={register}&records={records}&casebook={casebook}");
        let invited = by.town.ledger.invite(&by.town.office, &code("jumin-8"), &code("mayor")).unwrap().0;
        let secret = LedgerCode::from_line(&invited).unwrap().secret.clone();
        let newcomer = TestTerminal::new(office, "jumin-8", [8; 32], self.town.terminal.envelope.clone());
        let (enrol, _) = served.request(&secret, &newcomer);
        let signed = by.town.act(vec![Change::OpenEpoch(OpenEpoch {
            terminal: code("jumin-1"),
            epoch: 2,
            reason: EpochReason::Other,
        })]);
        let acts = json!({"act": STANDARD.encode(signed), "names": []});
        let proof = served.proof(&office, &by.town.mayor);
        let kept = json!({"kept": [{"log": "records", "index": 0, "sealed": STANDARD.encode([1; 64])}]});
        let refill = json!({"from": 0, "entries": [STANDARD.encode([1; 64])], "names": []});
        let founding = json!({"secret": secret, "act": acts["act"], "names": []});
        let get = |route, path: String| Asking { route, path, body: None };
        let post =
            |route, path: String, body: &Value| Asking { route, path, body: Some(body.to_string().into_bytes()) };
        let bring = |route, path: String| Asking { route, path, body: Some(self.envelope.clone()) };
        let of = |path: &str| format!("/v1/{office}/{path}");
        let askings = [
            get("GET /healthz", "/healthz".into()),
            get("GET /readyz", "/readyz".into()),
            get("GET /openapi.json", "/openapi.json".into()),
            post("POST /v1/enrol", "/v1/enrol".into(), &enrol),
            post("POST /v1/offices", "/v1/offices".into(), &founding),
            get("GET /v1/terminal/register", format!("/v1/terminal/register?from=0&kept=0.0&{hearing}")),
            bring("POST /v1/terminal/batches", "/v1/terminal/batches".into()),
            get("GET /v1/terminal/seal", "/v1/terminal/seal?epoch=0&from=0&seen=0".into()),
            get("GET /v1/terminal/cursor", "/v1/terminal/cursor?epoch=0".into()),
            post(
                "POST /v1/terminal/certificate",
                "/v1/terminal/certificate".into(),
                &certificate_request(&self.identity),
            ),
            get("GET /v1/terminal/refill", "/v1/terminal/refill".into()),
            bring("POST /v1/terminal/refill/records", "/v1/terminal/refill/records?index=0".into()),
            post("POST /v1/terminal/refill/register", "/v1/terminal/refill/register".into(), &refill),
            post("POST /v1/terminal/refill/kept", "/v1/terminal/refill/kept".into(), &kept),
            get("GET /v1/{office}/keys", of("keys")),
            post("POST /v1/{office}/challenge", of("challenge"), &json!({})),
            post("POST /v1/{office}/token", of("token"), &proof),
            get("GET /v1/{office}/register", of("register?from=0")),
            post("POST /v1/{office}/acts", of("acts"), &acts),
            get("GET /v1/{office}/acts/{id}", of(&format!("acts/{act}"))),
            get("GET /v1/{office}/acts/{id}/names", of(&format!("acts/{act}/names"))),
            get("GET /v1/{office}/texts", of("texts?from=0")),
            post("POST /v1/{office}/invitations", of("invitations"), &json!({"terminal": "jumin-9"})),
            post("POST /v1/{office}/console/links", of("console/links"), &json!({})),
            get("GET /v1/{office}/console/wishes", of("console/wishes?wait=0")),
            post("POST /v1/{office}/console/wishes/{number}", of("console/wishes/1"), &json!({"outcome": "done"})),
            get("GET /v1/{office}/enrolments", of("enrolments")),
            get("GET /v1/{office}/lost", of("lost")),
            get("GET /v1/{office}/search", of("search?terminal=jumin-1")),
            get("GET /v1/{office}/evidence/{index}", of("evidence/0")),
            get("GET /v1/{office}/batches", of("batches?from=0")),
            get("GET /v1/{office}/behind", of("behind")),
            get("GET /v1/{office}/watched", of("watched")),
            get("GET /v1/{office}/retention", of("retention")),
            get("GET /v1/{office}/media", of("media")),
            bring("POST /v1/{office}/terminals/{terminal}/batches", of("terminals/jumin-1/batches")),
            get("GET /v1/{office}/terminals/{terminal}/seal", of("terminals/jumin-1/seal?epoch=0&from=0&seen=0")),
            get("GET /{office}/{log}/checkpoint", format!("/{office}/register/checkpoint")),
            get("GET /{office}/{log}/tile/{rest}", format!("/{office}/register/tile/entries/000.p/1")),
        ];
        askings.into_iter().map(|asking| (asking.route, asking)).collect()
    }
}

/// Every route that is described.
fn described() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(TEXT).unwrap();
    let of_path = |(path, item): (&String, &Value)| -> Vec<String> {
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect()
    };
    document["paths"].as_object().unwrap().iter().flat_map(of_path).collect()
}

/// Whatever in an answer is long enough to be nobody else's by chance: texts of its JSON, or the whole of it.
fn said(answer: &Answer) -> BTreeSet<String> {
    fn texts(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::String(text) if text.chars().count() >= 12 => drop(into.insert(text.clone())),
            Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
            Value::Object(fields) => fields.values().for_each(|item| texts(item, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut said = BTreeSet::new();
    match serde_json::from_slice(&answer.body) {
        Ok(value) => texts(&value, &mut said),
        Err(_) => drop(said.insert(String::from_utf8_lossy(&answer.body).into_owned())),
    }
    said
}

/// What is refused is refused in the same words, whatever the other office holds: an answer to a stranger tells nothing by how it is told.
fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
}

fn of_one_nothing_is_seen_of_the_other(mut town: Town) {
    let mut neighbour = town.neighbour();
    let mut envelopes = Vec::new();
    for town in [&mut town, &mut neighbour] {
        town.send(3);
        let (batch, _) = town.terminal.batch(1);
        envelopes.push(batch.envelope(&town.terminal));
        town.publish();
    }
    let served = Served::of(town);
    let (theirs, ours) = (envelopes.pop().unwrap(), envelopes.pop().unwrap());
    let ours = Side::of(&served, &served.town, ours);
    let theirs = Side::of(&served, &neighbour, theirs);
    // What is there is indexed, so that a search finds something that could leak.
    until(|| {
        let found = theirs.caller(&served).ask(&theirs.askings(&served, &theirs)["GET /v1/{office}/search"]);
        found.ok()["rows"].as_array().unwrap().len() > 2
    });

    let strange = theirs.askings(&served, &ours);
    let missing: Vec<_> = described().into_iter().filter(|route| !strange.contains_key(route.as_str())).collect();
    assert!(missing.is_empty(), "a route whose answers to another office nobody has looked at: {missing:?}");

    // Strangers first: what they are told must not depend on what came of the questions of those who may ask.
    let us = ours.caller(&served);
    let callers = [
        Caller { client: served.anybody(), token: None },
        Caller { client: ours.caller(&served).client, token: None },
        Caller { client: served.anybody(), token: us.token.clone() },
        us,
    ];
    let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (route, asking) in &strange {
        let answers: Vec<Answer> = callers.iter().map(|caller| caller.ask(asking)).collect();
        if route.contains("{office}") && !OPEN.contains(route) {
            for answer in &answers {
                assert!([401, 403].contains(&answer.status), "{route}: {:?}", refusal(answer));
            }
        }
        answers.iter().for_each(|answer| told.entry(*route).or_default().extend(said(answer)));
    }

    // What the other office is told itself, without what is told in our own and what is open: that is the other's alone.
    let mut own: BTreeSet<String> =
        ours.askings(&served, &ours).values().flat_map(|asking| said(&ours.caller(&served).ask(asking))).collect();
    let open = strange.values().filter(|asking| OPEN.contains(&asking.route));
    own.extend(open.flat_map(|asking| said(&callers[0].ask(asking))));
    let mut seen = 0;
    for (route, asking) in theirs.askings(&served, &theirs) {
        let answer = theirs.caller(&served).ask(&asking);
        let secret: BTreeSet<String> = said(&answer).difference(&own).cloned().collect();
        if answer.status == 200 && !OPEN.contains(&route) {
            seen += usize::from(!secret.is_empty());
            for (asked, told) in &told {
                let leaked: Vec<_> =
                    secret.iter().filter(|secret| told.iter().any(|told| told.contains(*secret))).collect();
                assert!(leaked.is_empty(), "{asked} told a stranger what {route} tells the office: {leaked:?}");
            }
        }
    }
    assert!(seen >= 10, "only {seen} routes tell the office anything of its own: the test looks at nothing");
    // Whatever was shown and brought stopped nothing of either.
    for side in [&ours, &theirs] {
        let office = side.town.ledger.office(&side.town.office).unwrap();
        LogName::ALL.iter().for_each(|log| assert_eq!(office.log(*log).halted(), None));
    }
}

#[test]
fn whoever_belongs_to_one_office_is_told_nothing_of_another() {
    of_one_nothing_is_seen_of_the_other(Town::new());
}

#[test]
fn nor_where_the_book_lies_on_a_server() {
    of_one_nothing_is_seen_of_the_other(Town::on_server());
}

#[test]
fn what_a_terminal_brings_of_another_office_is_refused_and_moves_nothing() {
    let mut town = Town::new();
    let mut neighbour = town.neighbour();
    town.send(2);
    neighbour.send(5);
    let served = Served::of(town);
    let (batch, _) = neighbour.terminal.batch(1);
    let ours = served.terminal();
    let cursor = |office, terminal: &TestTerminal| {
        assert_eq!(terminal.peer.office, office);
        served.town.ledger.cursor(&terminal.peer, 0).unwrap().expected
    };
    let octets = [("Content-Type", "application/octet-stream")];
    // As it is, and sealed anew by us for our own office.
    let resealed = served.town.terminal.seal(&batch.signed(&neighbour.terminal));
    for envelope in [batch.envelope(&neighbour.terminal), resealed] {
        let refused = ours.request("POST", "/v1/terminal/batches", &octets, &envelope);
        assert!((400..500).contains(&refused.status), "{:?}", refusal(&refused));
    }
    assert_eq!(cursor(served.town.office, &served.town.terminal), 2);
    assert_eq!(cursor(neighbour.office, &neighbour.terminal), 5);
}

#[test]
fn a_log_that_stopped_in_one_office_is_no_trouble_of_another() {
    let mut town = Town::new();
    let neighbour = town.neighbour();
    town.send(1);
    let served = Served::of(town);
    let ours = Side::of(&served, &served.town, Vec::new());
    let theirs = Side::of(&served, &neighbour, Vec::new());
    let ready = |side: &Side| side.caller(&served).client.get("/readyz");
    // Where the other's checkpoint is written first lies something else.
    let in_the_way = served.town.data.checkpoints().join(neighbour.office.to_string()).join("records.new");
    until(|| std::fs::create_dir(&in_the_way).is_ok());
    neighbour.ledger.invite(&neighbour.office, &code("jumin-2"), &code("10001")).unwrap();
    until(|| ready(&theirs).status == 503);
    assert_eq!((ready(&ours).status, served.anybody().get("/readyz").status), (200, 503));
    std::fs::remove_dir(&in_the_way).unwrap();
    until(|| ready(&theirs).status == 200);
    let halted = neighbour.ledger.office(&neighbour.office).unwrap();
    halted.log(LogName::Casebook).halt(Halt::Outrun { seen: 9, stored: 1 }, "");
    assert_eq!(ready(&ours).status, 200, "our own logs go on");
    let told = ready(&theirs);
    assert_eq!(told.status, 503);
    assert!(String::from_utf8_lossy(&told.body).contains(&neighbour.office.to_string()));
    let told = served.anybody().get("/readyz");
    assert_eq!((told.status, told.body.as_slice()), (503, b"a log has stopped\n".as_slice()));
    // And acts of ours are taken.
    let epoch = OpenEpoch { terminal: code("jumin-1"), epoch: 2, reason: EpochReason::Other };
    served.town.submit(vec![Change::OpenEpoch(epoch)]).unwrap();
}

#[test]
fn what_is_damaged_in_one_office_is_said_and_the_other_is_told_what_waits() {
    let town = Town::new();
    let neighbour = town.neighbour();
    let said = || {
        let told = sekisho_ledger::tell::tell(&town.root, None, &[], Language::Japanese, &*town.clock).unwrap();
        (told.messages.join("\n"), told.failures.join("\n"))
    };
    let (messages, failures) = said();
    assert!(messages.contains("関所町") && messages.contains("隣町") && failures.is_empty(), "{messages} {failures}");
    crate::fsck::alter(&town, "UPDATE register_2 SET payload = zeroblob(90) WHERE idx = 1");
    let (messages, failures) = said();
    assert!(messages.contains("関所町") && !messages.contains("隣町"), "{messages}");
    assert!(failures.contains(&neighbour.office.to_string()), "{failures}");
}
