//! What visitors are told, what of it is written down, and what a terminal that knows too much sets off.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::command;
use sekisho_ledger::index::Question;
use sekisho_ledger::keys::Keys;
use sekisho_ledger::log_keys::log_key;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{LogName, Store};
use sekisho_register::change::{
    ActivateCard, CardKind, Change, EpochReason, IssueCard, OpenEpoch, OperatorState, SetOperatorState, StateReason,
};
use sekisho_tlog::{Checkpoint, SigningKey};
use sekisho_wire::batch::SEEN_NOTE_MAX;
use sekisho_wire::id::Hash;
use sekisho_wire::reason::{AlarmKind, EnrolmentEvent, Query};
use sekisho_wire::record::{About, Alarm, Body, Record, RefusedAct, token_digest};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::served::{Served, bytes, until};
use crate::town::{NOON, Slot, TestCard, Town, code};

/// Bodies of all records, oldest first.
fn records(served: &Served) -> Vec<Body> {
    let indexes = 0..served.town.records();
    let bytes = indexes.map(|index| served.town.ledger.record_bytes(&served.town.office, index).unwrap());
    bytes.map(|bytes| Record::decode(&bytes).unwrap().body).collect()
}

fn alarms(served: &Served) -> Vec<Alarm> {
    let alarm = |body| if let Body::Alarm(alarm) = body { Some(alarm) } else { None };
    records(served).into_iter().filter_map(alarm).collect()
}

fn halt(served: &Served, log: LogName) -> Option<Halt> {
    served.town.ledger.office(&served.town.office).unwrap().log(log).halted()
}

#[test]
fn a_terminal_that_knows_more_than_there_is_is_refused_and_alarmed_once() {
    let served = Served::new();
    let terminal = served.terminal();
    let alarm =
        |_| Alarm { kind: AlarmKind::SeenUnproved, terminal: Some(code("jumin-1")), epoch: None, seq: None, act: None };
    for (path, alarmed) in [("register?from=9", 1), ("seal?epoch=0&from=0&seen=900", 2)] {
        for _ in 0..2 {
            let refused = terminal.get(&format!("/v1/terminal/{path}"));
            assert_eq!(refused.problem(), (409, "seen_unproved".into()), "{path}");
            assert_eq!(alarms(&served), (0..alarmed).map(alarm).collect::<Vec<_>>(), "{path}");
        }
    }
    // A bare claim stops nothing for anybody.
    assert_eq!((halt(&served, LogName::Register), halt(&served, LogName::Records)), (None, None));
    terminal.get("/v1/terminal/register?from=0").ok();
    let person = served.anybody().get_as(&served.at("register?from=9"), &served.token());
    assert_eq!(person.problem(), (409, "seen_unproved".into()));
    assert_eq!(alarms(&served)[2].terminal, None);
}

#[test]
fn a_register_checkpoint_of_ours_that_does_not_fit_stops_the_register_log() {
    let served = Served::new();
    let terminal = served.terminal();
    let office = served.town.ledger.office(&served.town.office).unwrap();
    let log = office.log(LogName::Register);
    let ask = |note: &str| terminal.get(&format!("/v1/terminal/register?from=0&seen={}", URL_SAFE_NO_PAD.encode(note)));
    ask(&log.published().unwrap().text).ok();
    let seen =
        Checkpoint { origin: log.origin().into(), size: 7, root: sekisho_tlog::Hash([3; 32]), extensions: Vec::new() };
    ask(&seen.sign(&SigningKey::from_seed(log.origin(), &[5; 32]).unwrap())).ok();
    assert_eq!(ask(&"x".repeat(SEEN_NOTE_MAX + 1)).problem(), (400, "malformed".into()));
    assert_eq!(halt(&served, LogName::Register), None, "somebody else's signature stops nothing");

    let master = Keys::read(&served.town.data).unwrap().wrapping.master;
    let seeds = &served.town.stored().offices().unwrap()[0].seeds;
    let key = log_key(&master, seeds, "ledger.test", &served.town.office, LogName::Register, 1).unwrap();
    let path = |note: &str| format!("register?from=0&seen={}", URL_SAFE_NO_PAD.encode(note));
    let token = served.token();
    let person = |note: &str| served.anybody().get_as(&served.at(&path(note)), &token);
    person(&log.published().unwrap().text).ok();
    assert_eq!(person(&seen.sign(&key)).problem(), (503, "halted".into()), "people's programs verify it too");
    assert_eq!(ask(&seen.sign(&key)).problem(), (503, "halted".into()));
    assert_eq!(halt(&served, LogName::Register), Some(Halt::Outrun { seen: 7, stored: 2 }));
    assert_eq!(terminal.get("/v1/terminal/register?from=2").problem(), (503, "halted".into()));
}

#[test]
fn strangers_hear_that_a_log_has_stopped_and_not_why() {
    let served = Served::new();
    let (terminal, token) = (served.terminal(), served.token());
    let office = served.town.ledger.office(&served.town.office).unwrap();
    LogName::ALL.iter().for_each(|log| office.log(*log).halt(Halt::Outrun { seen: 4711, stored: 1 }, ""));
    let log = format!("/{}/records", served.town.office);
    let told = |answer: crate::client::Answer| {
        let text = String::from_utf8(answer.body).unwrap();
        assert!(answer.status == 503 && text.contains("stopped"), "{text}");
        text.contains("4711") || text.contains(&served.town.office.to_string())
    };
    let act = served.town.act(vec![]);
    let act = json!({"act": base64::engine::general_purpose::STANDARD.encode(act), "names": []});
    let anybody = served.anybody();
    for answer in [
        anybody.get("/readyz"),
        anybody.get(&format!("{log}/checkpoint")),
        anybody.get(&format!("{log}/tile/0/000.p/1")),
        anybody.post(&served.at("acts"), &act),
    ] {
        assert!(!told(answer));
    }
    for answer in [
        terminal.get("/readyz"),
        terminal.get("/v1/terminal/register?from=0"),
        terminal.get("/v1/terminal/seal?epoch=0&from=0&seen=0"),
        anybody.get_as(&served.at("register?from=0"), &token),
        anybody.get_as(&format!("{log}/tile/entries/000.p/1"), &token),
    ] {
        assert!(told(answer));
    }
}

#[test]
fn a_reading_while_the_log_stands_still_enters_it_although_the_ledger_fell_while_it_wrote() {
    let served = Served::new();
    let office = served.town.ledger.office(&served.town.office).unwrap();
    let token = served.token();
    served.town.publish();
    office.log(LogName::Records).halt(Halt::Outrun { seen: 4711, stored: 1 }, "");
    assert_eq!(served.anybody().get_as(&served.at("register?from=0"), &token).status, 200);
    let mut town = served.into_town();
    command::resume(&town.root, &town.office, LogName::Records, town.clock.clone()).unwrap();
    let owed = town.root.join("checkpoints").join(town.office.to_string()).join("owed");
    // It fell after the file got its other name.
    std::fs::rename(&owed, owed.with_extension("taken")).unwrap();
    town.reopen();
    let readings = |town: &Town| {
        let record = |index| town.ledger.record_bytes(&town.office, index).unwrap();
        let records = (0..town.records()).map(|index| Record::decode(&record(index)).unwrap().body);
        records.filter(|body| matches!(body, Body::Read(read) if read.query == Query::Register)).count()
    };
    assert_eq!(readings(&town), 0);
    let served = Served::of(town);
    until(|| !owed.with_extension("taken").exists());
    assert_eq!(readings(&served.town), 1);
    assert!(!owed.exists());
}

#[test]
fn what_a_person_is_shown_of_persons_is_written_down_and_nothing_else() {
    let mut served = Served::new();
    served.town.send(3);
    served.town.publish();
    let token = served.token();
    let get = |path: &str| served.anybody().get_as(path, &token);
    let act = served.town.act(vec![Change::OpenEpoch(OpenEpoch {
        terminal: code("jumin-1"),
        epoch: 1,
        reason: EpochReason::Other,
    })]);
    let id = sekisho_ledger::people::id_of(&act).unwrap();
    served.town.ledger.submit(&served.town.office, act, Vec::new()).unwrap();
    let tile = |log: &str, tile: &str| format!("/{}/{log}/tile/{tile}", served.town.office);
    let cases = [
        (served.at("search?limit=5"), Some(Query::Search)),
        (served.at("evidence/1"), Some(Query::Proof)),
        (served.at("behind"), Some(Query::Search)),
        (served.at("watched"), None),
        (served.at("register?from=0"), Some(Query::Register)),
        (served.at("register?from=3"), None),
        (tile("register", "entries/000.p/2"), Some(Query::Register)),
        (tile("records", "entries/000.p/2"), Some(Query::Entries)),
        (tile("records", "0/000.p/2"), None),
        (format!("/{}/register/checkpoint", served.town.office), None),
        (served.at("enrolments"), None),
        (served.at(&format!("acts/{}", Hash(id.0))), None),
    ];
    for (path, expected) in cases {
        let before = served.town.records();
        assert_eq!(get(&path).status, 200, "{path}");
        let read = |body: &Body| if let Body::Read(read) = body { Some(read.query) } else { None };
        let written: Vec<Option<Query>> =
            records(&served).iter().skip(usize::try_from(before).unwrap()).map(read).collect();
        assert_eq!(written, expected.map(Some).into_iter().collect::<Vec<_>>(), "{path}");
    }
}

#[test]
fn a_read_says_about_whom_or_what_was_asked() {
    let mut served = Served::new();
    served.town.send(3);
    served.town.publish();
    let token = served.token();
    let card = served.town.mayor.guid;
    let of_first = |first| About { first: Some(first), ..About::default() };
    let asked =
        About { operator: Some(code("mayor")), card: Some(card), terminal: Some(code("jumin-1")), ..About::default() };
    let search = format!("search?operator=mayor&card={card}&terminal=jumin-1");
    let cases = [
        (served.at(&search), asked),
        (served.at("search?operator=No+such+code"), About::default()),
        (served.at("evidence/1"), of_first(1)),
        (served.at("register?from=0"), of_first(0)),
        (format!("/{}/records/tile/entries/000.p/2", served.town.office), of_first(0)),
    ];
    for (path, about) in cases {
        assert_eq!(served.anybody().get_as(&path, &token).status, 200, "{path}");
        let read = |body: &Body| if let Body::Read(read) = body { Some(read.about.clone()) } else { None };
        assert_eq!(records(&served).iter().rev().find_map(read), Some(about), "{path}");
    }
    let before = served.town.records();
    // Under a number that nobody has permitted nothing is taken away; a permitted one is in the scenario of exports.
    for path in [format!("{search}&permission=R8-0012"), "evidence/1?permission=export-request-2026-1".into()] {
        let refused = served.anybody().get_as(&served.at(&path), &token);
        assert_eq!(refused.problem(), (403, "not_permitted".into()), "{path}");
    }
    let named = served.anybody().get_as(&served.at("search?permission=Yamada"), &token);
    assert_eq!(named.problem(), (400, "malformed".into()), "a number that could be a name");
    assert_eq!(served.town.records(), before);
}

#[test]
fn a_refused_act_is_written_down_with_its_id_its_rule_and_whom_it_names() {
    let served = Served::new();
    let open = |epoch| Change::OpenEpoch(OpenEpoch { terminal: code("jumin-1"), epoch, reason: EpochReason::Other });
    let act = served.town.act(vec![open(7)]);
    let id = Hash(sekisho_ledger::people::id_of(&act).unwrap().0);
    assert!(served.town.ledger.submit(&served.town.office, act, Vec::new()).is_err());
    assert!(served.town.ledger.submit(&served.town.office, b"x".to_vec(), Vec::new()).is_err());
    let told: Vec<_> = alarms(&served).into_iter().map(|alarm| alarm.act.unwrap()).collect();
    let card = Some(served.town.mayor.guid);
    let refused = RefusedAct { id, rule: code("epoch_not_new"), card, operator: Some(code("mayor")) };
    let digest = Hash(Sha256::digest(b"x").into());
    let nothing = RefusedAct { id: digest, rule: code("malformed"), card: None, operator: None };
    assert_eq!(told, [refused, nothing]);
}

#[test]
fn an_enrolment_says_who_invited_and_which_key_came() {
    let served = Served::new();
    served.enrol();
    let of = |body| if let Body::Enrolment(step) = body { Some((step.event, step.by, step.key)) } else { None };
    let steps: Vec<_> = records(&served).into_iter().filter_map(of).collect();
    let key = served.town.terminal.key.verifying_key().to_bytes();
    let key = Some(Hash(Sha256::digest(key).into()));
    let expected = [
        (EnrolmentEvent::Invited, Some(code("mayor")), None),
        (EnrolmentEvent::Requested, None, key),
        (EnrolmentEvent::CertificateGiven, None, key),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn a_person_whose_rights_end_while_he_waits_is_shown_nothing() {
    let served = Served::new();
    let token = served.prove(&served.town.deputy).ok()["token"].as_str().unwrap().to_owned();
    let answer = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| served.anybody().get_as(&served.at("register?from=2&wait=55"), &token).problem());
        std::thread::sleep(std::time::Duration::from_millis(300));
        let suspended = SetOperatorState {
            operator: code("deputy"),
            state: OperatorState::Suspended,
            effective: 0,
            reason: StateReason::None,
        };
        served.town.submit(vec![Change::OperatorState(suspended)]).unwrap();
        waiting.join().unwrap()
    });
    assert_eq!(answer, (403, "role_missing".into()));
}

#[test]
fn whatever_an_address_or_method_gets_wrong_is_a_problem_with_a_code() {
    let served = Served::new();
    let token = served.token();
    let anybody = served.anybody();
    let wrong = anybody.request("DELETE", &served.at("behind"), &[], b"");
    assert!(wrong.head.to_lowercase().contains("allow: get"), "{}", wrong.head);
    assert_eq!(wrong.problem(), (405, "method_wrong".into()));
    assert_eq!(anybody.get("/v1/enrol").problem(), (405, "method_wrong".into()));
    for path in ["/v1/%ff/behind".to_owned(), served.at("evidence/first"), served.at("acts/x"), "/a/b/tile/x".into()] {
        assert_eq!(anybody.get_as(&path, &token).problem(), (404, "not_found".into()), "{path}");
    }
    let terminal = served.terminal();
    for path in ["register", "register?from=-1", "seal?epoch=0", "cursor?epoch=a", "cursor?epoch=0&more=1"] {
        assert_eq!(terminal.get(&format!("/v1/terminal/{path}")).problem(), (400, "malformed".into()), "{path}");
    }
    let json = [("Content-Type", "application/json")];
    let wrong = terminal.request("POST", "/v1/terminal/batches", &json, b"{}");
    assert_eq!(wrong.problem(), (400, "malformed".into()));
}

#[test]
fn evidence_of_a_terminals_record_without_the_terminals_word_is_none() {
    let mut served = Served::new();
    served.town.send(3);
    served.town.publish();
    let token = served.token();
    let evidence = |index: u64| served.anybody().get_as(&served.at(&format!("evidence/{index}")), &token);
    assert!(!bytes(&evidence(1).ok()["batch"]).is_empty());
    let connection = rusqlite::Connection::open(served.town.data.database()).unwrap();
    connection.execute("DELETE FROM batches", []).unwrap();
    assert_eq!(evidence(1).problem(), (503, "unavailable".into()));
    until(|| evidence(3).status == 200);
    assert_eq!(evidence(3).ok()["batch"], serde_json::Value::Null, "the ledger's own records have no batch");
}

#[test]
fn a_clock_that_was_set_back_revives_no_token_and_no_proof() {
    let served = Served::new();
    let (ledger, town) = (&served.town.ledger, &served.town);
    // Cards hold from noon on.
    town.clock.advance(10_000);
    let prove = |challenge: [u8; 32]| {
        let digest = token_digest(&town.office, &Hash(challenge));
        let signature = town.mayor.sign(Slot::Authentication, &digest);
        ledger.admit(&town.office, &town.mayor.guid, &challenge, &signature)
    };
    let (challenge, _) = ledger.challenge(&town.office).unwrap();
    let token = prove(challenge).unwrap().token;
    let holds = |token: &str| ledger.visitor(&town.office, Some(token), &[]).is_ok();
    assert!(holds(&token));
    town.clock.set_back(1_000);
    assert!(holds(&token), "a second is what keeping time does");
    town.clock.advance(3_600_000);
    // Somebody else's proof lets what has ended be forgotten.
    let later = prove(ledger.challenge(&town.office).unwrap().0).unwrap().token;
    town.clock.set_back(3_600_000);
    assert!(!holds(&token) && !holds(&later));
    assert!(matches!(prove(challenge), Err(Refusal::ProofRefused)));
    assert!(holds(&prove(ledger.challenge(&town.office).unwrap().0).unwrap().token));
}

#[test]
fn attempts_of_strangers_are_written_down_also_after_the_clock_was_set_back() {
    let served = Served::new();
    let try_it = || drop(served.anybody().post(&served.at("acts"), &json!({"act": "eA==", "names": []})));
    let written = || alarms(&served).len();
    (0..11).for_each(|_| try_it());
    assert_eq!(written(), 10);
    served.town.clock.set_back(3_600_000);
    try_it();
    assert_eq!(written(), 11);
}

#[test]
fn a_search_index_that_is_damaged_or_of_a_longer_log_is_made_again() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let found = |town: &Town| {
        let office = town.ledger.office(&town.office).unwrap();
        town.ledger.follow_office(&office).unwrap();
        let question = Question { terminal: Some("jumin-1".into()), limit: 9, ..Question::default() };
        let rows = town.ledger.search(&town.office, &question).unwrap().rows;
        rows.iter().filter(|(_, record)| record.is_some()).count()
    };
    assert_eq!(found(&town), 5);
    let connection = rusqlite::Connection::open(town.data.index()).unwrap();
    connection.execute("UPDATE followed SET next = 900", []).unwrap();
    connection.execute("UPDATE records SET idx = idx + 800", []).unwrap();
    town.reopen();
    assert_eq!(found(&town), 5);
    // As long, and of another history.
    connection.execute("UPDATE followed SET root = zeroblob(32)", []).unwrap();
    connection.execute("UPDATE records SET terminal = 'jumin-2'", []).unwrap();
    town.reopen();
    assert_eq!(found(&town), 5);
    connection.execute("UPDATE records SET terminal = 'jumin-1', kind = 4 WHERE idx = 3", []).unwrap();
    let question = Question { kind: Some(4), limit: 9, ..Question::default() };
    assert_eq!(town.ledger.search(&town.office, &question).unwrap().rows.len(), 0, "the record itself says otherwise");
    drop(connection);
    std::fs::write(town.data.index(), "this is no database, and was one yesterday").unwrap();
    for suffix in ["db-wal", "db-shm"] {
        std::fs::remove_file(town.data.index().with_extension(suffix)).unwrap();
    }
    town.reopen();
    assert_eq!(found(&town), 5);
    town.ledger.reindex().unwrap();
    assert_eq!(found(&town), 5);
}

#[test]
fn a_token_ends_when_its_card_gets_another_holder() {
    let served = Served::new();
    let spare = TestCard::new(6, "nobody");
    let issue = IssueCard { kind: CardKind::Spare, operator: None, signature: None, dormant: true, ..spare.issue() };
    served.town.submit(vec![Change::IssueCard(Box::new(issue))]).unwrap();
    let activate = |operator: &str, from: u64, to: u64| {
        let change = ActivateCard {
            card: spare.guid,
            operator: code(operator),
            profiles: Vec::new(),
            from: NOON + from,
            to: NOON + to,
            reason: code("forgotten"),
        };
        served.town.submit(vec![Change::ActivateCard(Box::new(change))]).unwrap();
    };
    activate("mayor", 0, 60_000);
    let token = served.prove(&spare).ok()["token"].as_str().unwrap().to_owned();
    let behind = || served.anybody().get_as(&served.at("behind"), &token);
    behind().ok();
    served.town.clock.advance(61_000);
    activate("deputy", 60_000, 120_000);
    assert_eq!(served.prove(&spare).ok()["operator"], json!("deputy"));
    assert_eq!(behind().problem(), (401, "token_needed".into()));
}
