//! Over real TLS on loopback: who is let in, what is answered, and that an answer can be verified by whoever gets it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use sekisho_ledger::authority::Caller;
use sekisho_ledger::clock::DAY;
use sekisho_ledger::code::Code as LedgerCode;
use sekisho_ledger::index::Question;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::store::LogName;
use sekisho_register::Ed25519Key;
use sekisho_register::change::{
    CardKind, Change, EpochReason, IssueCard, OpenEpoch, SetTerminal, SetTerminalState, TerminalUse,
};
use sekisho_tlog::tile::decode_bundle;
use sekisho_tlog::{Freshness, Hash, RangeProof, leaf_hash, verify_consistency, verify_inclusion, verify_range};
use sekisho_wire::batch::{BatchHeader, chain_next};
use sekisho_wire::cose::Sign1;
use sekisho_wire::id::Hash as WireHash;
use sekisho_wire::record::{Body, Record, token_digest};
use serde_json::{Value, json};

use crate::client::{Client, Identity};
use crate::served::{Served, bytes, hashes, open, until};
use crate::town::{Slot, TestCard, TestTerminal, code};

#[test]
fn a_terminal_enrols_sends_and_verifies_that_its_records_are_sealed() {
    let served = Served::new();
    let terminal = served.terminal();
    let (batch, after) = served.town.terminal.batch(300);
    let envelope = batch.envelope(&served.town.terminal);
    let octets = [("Content-Type", "application/octet-stream")];
    let receipt = terminal.request("POST", "/v1/terminal/batches", &octets, &envelope).ok();
    assert_eq!((&receipt["stored"], &receipt["next"], &receipt["repeated"]), (&json!(300), &json!(300), &json!(0)));
    assert_eq!(bytes(&receipt["chain"]), after.chain.0);
    let cursor = terminal.get("/v1/terminal/cursor?epoch=0").ok();
    assert_eq!((&cursor["next"], &cursor["chain"]), (&receipt["next"], &receipt["chain"]));

    let seal = || terminal.get("/v1/terminal/seal?epoch=0&from=5&seen=0").ok();
    until(|| !seal()["ranges"].as_array().unwrap().is_empty());
    let answer = seal();
    let checkpoint = open(&served, LogName::Records, &answer["checkpoint"]);
    let range = &answer["ranges"][0];
    assert_eq!((&range["first"], &range["count"]), (&json!(5), &json!(295)));
    let proof = RangeProof { left: hashes(&range["left"]), right: hashes(&range["right"]) };
    let leaves: Vec<Hash> = batch.records[5..].iter().map(|record| leaf_hash(record)).collect();
    verify_range(range["index"].as_u64().unwrap(), &leaves, checkpoint.size, &proof, &checkpoint.root).unwrap();

    let again = terminal.request("POST", "/v1/terminal/batches", &octets, &envelope).ok();
    assert_eq!((&again["stored"], &again["repeated"]), (&json!(0), &json!(300)));
    let (more, _) = after.batch(1);
    terminal.request("POST", "/v1/terminal/batches", &octets, &more.envelope(&served.town.terminal)).ok();
    let later = || terminal.get(&format!("/v1/terminal/seal?epoch=0&from=300&seen={}", checkpoint.size)).ok();
    until(|| !later()["ranges"].as_array().unwrap().is_empty());
    let answer = later();
    let newer = open(&served, LogName::Records, &answer["checkpoint"]);
    let consistency = hashes(&answer["consistency"]);
    verify_consistency(checkpoint.size, &checkpoint.root, newer.size, &newer.root, &consistency).unwrap();
}

#[test]
fn the_register_comes_with_checkpoint_freshness_and_names() {
    let served = Served::new();
    let terminal = served.terminal();
    let answer = terminal.get("/v1/terminal/register?from=0&wait=0").ok();
    let checkpoint = open(&served, LogName::Register, &answer["checkpoint"]);
    let entries: Vec<Vec<u8>> = answer["entries"].as_array().unwrap().iter().map(bytes).collect();
    let mut register = sekisho_register::Register::new();
    entries.iter().for_each(|entry| drop(register.fold(entry).unwrap()));
    assert_eq!((register.size(), register.root().0), (checkpoint.size, checkpoint.root.0));
    let key = served.town.ledger.office(&served.town.office).unwrap().log(LogName::Register).keys().newest().clone();
    let note = Freshness::open(answer["freshness"].as_str().unwrap(), &key).unwrap();
    assert_eq!((note.size, note.root), (checkpoint.size, checkpoint.root));
    assert_eq!(note.valid_until_ms - note.time_ms, 72 * 3_600_000);
    let names: Vec<&str> =
        answer["names"].as_array().unwrap().iter().map(|name| name["text"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"関守 花子") && names.contains(&"山田 太郎"));
}

#[test]
fn a_waiting_terminal_hears_of_an_act_at_once() {
    let served = Served::new();
    let terminal = served.terminal();
    // The poll would last 55 seconds, the client gives up after 20.
    let entries = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| terminal.get("/v1/terminal/register?from=2&wait=55").ok());
        std::thread::sleep(Duration::from_millis(300));
        let epoch = OpenEpoch { terminal: code("jumin-1"), epoch: 1, reason: EpochReason::Other };
        let act = served.town.act(vec![Change::OpenEpoch(epoch)]);
        let body = json!({"act": STANDARD.encode(&act), "names": []});
        let placed = served.anybody().post(&served.at("acts"), &body).ok();
        assert_eq!((&placed["log"], &placed["index"], &placed["size"]), (&json!("register"), &json!(2), &json!(3)));
        let again = served.anybody().post(&served.at("acts"), &body).ok();
        assert_eq!((&again["index"], &again["id"]), (&placed["index"], &placed["id"]), "a lost answer is given again");

        let proof = served
            .anybody()
            .get_as(&served.at(&format!("acts/{}", placed["id"].as_str().unwrap())), &served.token())
            .ok();
        let checkpoint = open(&served, LogName::Register, &proof["checkpoint"]);
        verify_inclusion(&leaf_hash(&act), 2, checkpoint.size, &hashes(&proof["proof"]), &checkpoint.root).unwrap();
        waiting.join().unwrap()["entries"].as_array().unwrap().len()
    });
    assert_eq!(entries, 1);
}

#[test]
fn a_terminal_that_waits_comes_for_what_it_is_to_keep() {
    let served = Served::new();
    let terminal = served.terminal();
    let size = |log| served.town.ledger.office(&served.town.office).unwrap().log(log).signed_size();
    let ask = |kept: &str| terminal.get(&format!("/v1/terminal/register?from=2&wait=55&kept={kept}")).ok();
    until(|| size(LogName::Register) == 2 && terminal.get("/v1/terminal/register?from=2&wait=0").status == 200);
    let given = |answer: &Value| answer["kept"]["to"][0].as_u64().unwrap();
    let before = given(&terminal.get("/v1/terminal/register?from=2&wait=0&kept=0.0").ok());
    let answer = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ask(&format!("{before}.0")));
        // The poll would last 55 seconds, the client gives up after 20.
        served.town.ledger.note_resumed(&served.town.office, LogName::Casebook);
        waiting.join().unwrap()
    });
    assert!(given(&answer) > before && !answer["kept"]["entries"].as_array().unwrap().is_empty(), "{answer}");
    served.town.ledger.note_resumed(&served.town.office, LogName::Casebook);
    until(|| size(LogName::Records) > given(&answer));
    let again = ask(&format!("{}.0", given(&answer)));
    assert!(given(&again) > given(&answer), "what was signed before it came back is not forgotten: {again}");
}

#[test]
fn an_act_that_the_fold_refuses_says_why() {
    let served = Served::new();
    let epoch = OpenEpoch { terminal: code("nowhere"), epoch: 1, reason: EpochReason::Other };
    let act = served.town.act(vec![Change::OpenEpoch(epoch)]);
    let refused = served.anybody().post(&served.at("acts"), &json!({"act": STANDARD.encode(act), "names": []}));
    assert_eq!(refused.problem(), (409, "refused".into()));
    assert_eq!(refused.json()["reason"], json!("unknown"));
    let malformed = served.anybody().post(&served.at("acts"), &json!({"act": STANDARD.encode(b"x"), "names": []}));
    assert_eq!(malformed.json()["reason"], json!("malformed"));
}

#[test]
fn routes_of_terminals_insist_on_a_certificate() {
    let served = Served::new();
    for path in ["register?from=0", "cursor?epoch=0", "seal?epoch=0&from=0&seen=0"] {
        let refused = served.anybody().get(&format!("/v1/terminal/{path}"));
        assert_eq!(refused.problem(), (403, "not_you".into()), "{path}");
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let own = CertificateParams::default().self_signed(&key).unwrap();
    let stranger = Client::new(served.address, &served.town.authority, Some((own.der().to_vec(), key.serialize_der())));
    assert!(stranger.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_err());
}

#[test]
fn codes_work_once_until_they_expire_and_misuse_is_written_down() {
    let served = Served::new();
    let invite = || {
        let code =
            served.anybody().post_as(&served.at("invitations"), &served.token(), &json!({"terminal": "jumin-1"})).ok();
        LedgerCode::from_line(code["code"].as_str().unwrap()).unwrap().secret.clone()
    };
    let secret = invite();
    let (request, _) = served.request(&secret, &served.town.terminal);
    served.anybody().post("/v1/enrol", &request).ok();
    served.anybody().post("/v1/enrol", &request).ok();
    let other = TestTerminal { key: ed25519_dalek::SigningKey::from_bytes(&[77; 32]), ..served.town.terminal.clone() };
    let used = served.anybody().post("/v1/enrol", &served.request(&secret, &other).0);
    assert_eq!(used.problem(), (403, "code_used".into()));
    let unknown = served.anybody().post("/v1/enrol", &served.request(&STANDARD.encode([1; 16]), &other).0);
    assert_eq!(unknown.problem(), (403, "code_unknown".into()));
    let mut elsewhere = other.clone();
    elsewhere.peer.terminal = code("jumin-2");
    let wrong = served.anybody().post("/v1/enrol", &served.request(&invite(), &elsewhere).0);
    assert_eq!(wrong.problem(), (403, "code_other".into()));
    let late = invite();
    served.town.clock.advance(25 * 3_600_000);
    let expired = served.anybody().post("/v1/enrol", &served.request(&late, &other).0);
    assert_eq!(expired.problem(), (403, "code_expired".into()));

    let all =
        (0..served.town.records()).map(|index| served.town.ledger.record_bytes(&served.town.office, index).unwrap());
    let refused = |bytes: Vec<u8>| {
        matches!(Record::decode(&bytes).unwrap().body,
            Body::Enrolment(enrolment) if enrolment.event == sekisho_wire::reason::EnrolmentEvent::CodeRefused)
    };
    assert_eq!(all.filter(|bytes| refused(bytes.clone())).count(), 4);
}

#[test]
fn an_enrolment_waits_until_an_act_names_its_key() {
    let served = Served::new();
    let waiting = || served.anybody().get_as(&served.at("enrolments"), &served.token()).ok();
    served.enrol();
    assert_eq!(waiting(), json!([]), "the town's register names this key already");
    let code =
        served.anybody().post_as(&served.at("invitations"), &served.token(), &json!({"terminal": "jumin-9"})).ok();
    let secret = LedgerCode::from_line(code["code"].as_str().unwrap()).unwrap().secret.clone();
    let newcomer = TestTerminal::new(served.town.office, "jumin-9", [9; 32], served.town.terminal.envelope.clone());
    let (request, key) = served.request(&secret, &newcomer);
    let certificate = bytes(&served.anybody().post("/v1/enrol", &request).ok()["certificate"]);
    let rows = waiting();
    assert_eq!(rows[0]["terminal"], json!("jumin-9"));
    assert_eq!(rows[0]["key"], request["key"]);

    let client = Client::new(served.address, &served.town.authority, Some((certificate, key)));
    let send = || {
        let envelope = newcomer.batch(1).0.envelope(&newcomer);
        client.request("POST", "/v1/terminal/batches", &[("Content-Type", "application/octet-stream")], &envelope)
    };
    assert_eq!(send().problem(), (403, "not_enrolled".into()));
    served.town.submit(vec![Change::Terminal(Box::new(newcomer.registration()))]).unwrap();
    assert_eq!(send().ok()["stored"], json!(1));
    assert_eq!(waiting(), json!([]));
}

#[test]
fn tokens_are_for_cards_that_sign_and_challenges_work_once() {
    let served = Served::new();
    let admitted = served.prove(&served.town.deputy).ok();
    assert_eq!(admitted["operator"], json!("deputy"));
    assert!(admitted["roles"].as_array().unwrap().contains(&json!("system_manager")));

    let challenge = served.anybody().post(&served.at("challenge"), &json!({})).ok()["challenge"].clone();
    let digest = token_digest(&served.town.office, &WireHash(bytes(&challenge).try_into().unwrap()));
    let wrong_slot = STANDARD.encode(served.town.mayor.sign(Slot::Signature, &digest));
    let right = STANDARD.encode(served.town.mayor.sign(Slot::Authentication, &digest));
    let prove = |signature: &str| {
        let proof = json!({"card": served.town.mayor.guid.to_string(), "challenge": challenge, "signature": signature});
        served.anybody().post(&served.at("token"), &proof)
    };
    assert_eq!(prove(&wrong_slot).problem(), (403, "proof_refused".into()));
    prove(&right).ok();
    assert_eq!(prove(&right).problem(), (403, "proof_refused".into()), "a proof that was overheard is worth nothing");
    // A card for rooms opens no ledger, whoever it is given to.
    let room = TestCard::new(7, "deputy");
    let issued = IssueCard { kind: CardKind::RoomEntry, signature: None, ..room.issue() };
    served.town.submit(vec![Change::IssueCard(Box::new(issued))]).unwrap();
    assert_eq!(served.prove(&room).problem(), (403, "proof_refused".into()));
    // A challenge that the ledger did not give, one of another office, and one that is too old.
    let own = [7; 32];
    let signature = served.town.mayor.sign(Slot::Authentication, &token_digest(&served.town.office, &WireHash(own)));
    let admitted = served.town.ledger.admit(&served.town.office, &served.town.mayor.guid, &own, &signature);
    assert!(matches!(admitted, Err(sekisho_ledger::refusal::Refusal::ProofRefused)));
    let (old, _) = served.town.ledger.challenge(&served.town.office).unwrap();
    let signature = served.town.mayor.sign(Slot::Authentication, &token_digest(&served.town.office, &WireHash(old)));
    served.town.clock.advance(2 * 60_000);
    let admitted = served.town.ledger.admit(&served.town.office, &served.town.mayor.guid, &old, &signature);
    assert!(matches!(admitted, Err(sekisho_ledger::refusal::Refusal::ProofRefused)));
    // Whoever asks for challenges and never answers takes nothing from anybody.
    for _ in 0..20_000 {
        served.town.ledger.challenge(&served.town.office).unwrap();
    }
    let token = served.token();
    served.anybody().get_as(&served.at("behind"), &token).ok();
    assert_eq!(served.anybody().get(&served.at("behind")).problem(), (401, "token_needed".into()));
    served.town.clock.advance(16 * 60_000);
    assert_eq!(served.anybody().get_as(&served.at("behind"), &token).problem(), (401, "token_needed".into()));
}

#[test]
fn a_search_finds_proves_and_is_itself_written_down() {
    let mut served = Served::new();
    served.town.send(20);
    let token = served.token();
    let search = |query: &str| served.anybody().get_as(&served.at(&format!("search?{query}")), &token).ok();
    until(|| search("terminal=jumin-1&limit=3")["rows"].as_array().unwrap().len() == 3);
    let page = search("terminal=jumin-1&limit=3&before=18");
    let indexes: Vec<u64> = page["rows"].as_array().unwrap().iter().map(|row| row["index"].as_u64().unwrap()).collect();
    assert_eq!((indexes, &page["next"]), (vec![17, 16, 15], &json!(15)));
    assert_eq!(bytes(&page["rows"][0]["record"]), served.town.ledger.record_bytes(&served.town.office, 17).unwrap());
    assert_eq!(page["behind"], json!([]));
    until(|| !search("kind=read&operator=mayor")["rows"].as_array().unwrap().is_empty());
    assert_eq!(search("kind=decision")["rows"], json!([]));
    served.town.clock.advance(11 * 60_000);
    assert_eq!(search("verdict=refused")["behind"][0]["terminal"], json!("jumin-1"));
    let wrong = served.anybody().get_as(&served.at("search?colour=red"), &token);
    assert_eq!(wrong.problem(), (400, "malformed".into()));

    let evidence = served.anybody().get_as(&served.at("evidence/4"), &token).ok();
    let checkpoint = open(&served, LogName::Records, &evidence["checkpoint"]);
    let leaf = leaf_hash(&bytes(&evidence["record"]));
    verify_inclusion(&leaf, 4, checkpoint.size, &hashes(&evidence["proof"]), &checkpoint.root).unwrap();
    // The terminal's own word (wire §7.6), by nothing but the answer and the terminal's key.
    let batch = bytes(&evidence["batch"]);
    let sign1 = Sign1::decode(&batch).unwrap();
    assert!(sekisho_ledger::ingest::is_signed(&sign1, &served.town.terminal.key.verifying_key()));
    let header: BatchHeader = minicbor::decode(sign1.payload).unwrap();
    let leaves = hashes(&evidence["leaves"]);
    assert_eq!((leaves.len(), header.count, leaves[4]), (20, 20, leaf));
    let after = leaves.iter().fold(header.before, |chain, leaf| chain_next(&chain, &WireHash(leaf.0)));
    assert_eq!(after, header.after);
    // The same of all batches at once: where it lies in the log, its leaves stand there.
    let batches = served.anybody().get_as(&served.at("batches?from=0"), &token).ok();
    let of_it = batches["batches"].as_array().unwrap().iter().find(|batch| batch["batch"] == evidence["batch"]);
    let of_it = of_it.unwrap();
    assert_eq!((&of_it["index"], &of_it["count"], &of_it["repeated"]), (&json!(0), &json!(20), &json!([])));
    let unpermitted = served.anybody().get_as(&served.at("batches?from=0&permission=R8-1"), &token);
    assert_eq!(unpermitted.problem(), (403, "not_permitted".into()));
    let tile = format!("/{}/records/tile/entries/000.p/1?permission=R8-1", served.town.office);
    assert_eq!(served.anybody().get_as(&tile, &token).problem(), (403, "not_permitted".into()));
    let own = search("kind=read&limit=1")["rows"][0]["index"].as_u64().unwrap();
    served.town.publish();
    let own = served.anybody().get_as(&served.at(&format!("evidence/{own}")), &token).ok();
    assert_eq!((&own["batch"], &own["leaves"]), (&Value::Null, &Value::Null), "the ledger's own records have no batch");
}

#[test]
fn evidence_has_all_leaves_of_a_batch_that_repeated_some() {
    let mut served = Served::new();
    let beginning = served.town.terminal.clone();
    served.town.send(5);
    let (longer, after) = beginning.batch(9);
    served.town.deliver(&longer).unwrap();
    served.town.terminal = after;
    served.town.publish();
    let evidence = served.anybody().get_as(&served.at("evidence/7"), &served.token()).ok();
    let expected: Vec<Hash> = longer.records.iter().map(|record| leaf_hash(record)).collect();
    assert_eq!(hashes(&evidence["leaves"]), expected);
}

#[test]
fn a_damaged_payload_is_shown_as_one_and_hides_no_other() {
    let mut served = Served::new();
    served.town.send(5);
    served.town.publish();
    let office = served.town.ledger.office(&served.town.office).unwrap();
    until(|| {
        served.town.ledger.follow_office(&office).unwrap();
        served.town.ledger.index.followed(&served.town.office).unwrap().is_some_and(|followed| followed.next >= 5)
    });
    let connection = rusqlite::Connection::open(served.town.data.database()).unwrap();
    connection.execute("UPDATE records_1 SET payload = zeroblob(80) WHERE idx = 2", []).unwrap();
    let found = served.anybody().get_as(&served.at("search?terminal=jumin-1"), &served.token()).ok();
    let rows = found["rows"].as_array().unwrap();
    let damaged: Vec<&Value> = rows.iter().filter(|row| row["damaged"] == json!(true)).collect();
    assert_eq!((rows.len(), damaged.len(), &damaged[0]["index"]), (5, 1, &json!(2)));
}

#[test]
fn the_index_believes_no_record_about_who_wrote_it() {
    let mut served = Served::new();
    let terminal = &served.town.terminal;
    let mut forged = Record::decode(&terminal.record(0, Body::Link(sekisho_wire::reason::LinkState::Up))).unwrap();
    forged.emitter = sekisho_wire::record::Emitter::Terminal(code("jumin-2"));
    let (batch, after) = terminal.batch_of(vec![forged.encode().unwrap().to_vec()]);
    served.town.deliver(&batch).unwrap();
    served.town.terminal = after;
    served.town.send(1);
    let token = served.token();
    let search = |query: &str| served.anybody().get_as(&served.at(&format!("search?{query}")), &token).ok();
    until(|| !search("terminal=jumin-1&kind=link")["rows"].as_array().unwrap().is_empty());
    assert_eq!(search("terminal=jumin-2")["rows"], json!([]));
    let unknown = served.anybody().get_as(&served.at("search?kind=nonsense"), &token);
    assert_eq!(unknown.problem(), (400, "malformed".into()));
}

#[test]
fn a_gap_that_a_terminal_has_shown_is_told() {
    let mut served = Served::new();
    served.town.send(2);
    let (_, skipped) = served.town.terminal.batch(3);
    assert!(served.town.deliver(&skipped.batch(1).0).is_err());
    let token = served.token();
    let behind = |served: &Served| served.anybody().get_as(&served.at("behind"), &token).ok();
    assert_eq!(behind(&served)[0]["gap"], json!({"from": 2, "to": 4}));
    let gap = json!([{"terminal": "jumin-1", "epoch": 0, "from": 2, "to": 4}]);
    served.town.publish();
    for path in ["search?limit=0", "evidence/1"] {
        assert_eq!(served.anybody().get_as(&served.at(path), &token).ok()["missing"], gap, "{path}");
    }
    assert_eq!(behind(&served)[0]["missing"], gap);
    served.town.send(4);
    assert_eq!(behind(&served)[0]["gap"], Value::Null);
}

#[test]
fn hash_tiles_are_open_and_entries_are_not() {
    let mut served = Served::new();
    served.town.send(520);
    served.town.publish();
    let log = format!("/{}/records", served.town.office);
    let checkpoint = served.anybody().get(&format!("{log}/checkpoint"));
    let text = String::from_utf8(checkpoint.body).unwrap();
    assert!(text.starts_with(&format!("ledger.test/{}/records\n", served.town.office)), "{text}");
    let leaves = served.anybody().get(&format!("{log}/tile/0/001")).body;
    assert_eq!(leaves.len(), 256 * 32);
    let upper = served.anybody().get(&format!("{log}/tile/1/000.p/2")).body;
    let tree: sekisho_tlog::MemoryTree = leaves.chunks(32).map(|leaf| Hash::from_slice(leaf).unwrap()).collect();
    assert_eq!(upper[32..64], tree.root().0);
    assert_eq!(served.anybody().get(&format!("{log}/tile/1/000")).problem(), (404, "not_found".into()));
    assert_eq!(served.anybody().get(&format!("{log}/tile/entries/001")).problem(), (401, "token_needed".into()));
    let bundle = served.anybody().get_as(&format!("{log}/tile/entries/001"), &served.token());
    assert_eq!(bundle.status, 200);
    let entries = decode_bundle(&bundle.body).unwrap();
    assert_eq!(leaf_hash(entries[255]).0, leaves[255 * 32..]);
}

#[test]
fn bad_requests_get_a_problem_in_two_languages() {
    let served = Served::new();
    let anybody = served.anybody();
    assert_eq!(anybody.get("/nowhere").problem(), (404, "not_found".into()));
    assert_eq!(anybody.post("/v1/enrol", &json!({"secret": 3})).problem(), (400, "malformed".into()));
    let huge = vec![b'x'; (2 << 20) + 1];
    let too_large = anybody.request("POST", "/v1/offices", &[], &huge);
    assert_eq!(too_large.problem(), (413, "too_large".into()));
    let terminal = served.terminal();
    let octets = [("Content-Type", "application/octet-stream")];
    let malformed = terminal.request("POST", "/v1/terminal/batches", &octets, b"not an envelope");
    assert_eq!(malformed.problem(), (400, "malformed".into()));
    let (_, ahead) = served.town.terminal.batch(5);
    let (gap, _) = ahead.batch(1);
    let refused = terminal.request("POST", "/v1/terminal/batches", &octets, &gap.envelope(&served.town.terminal));
    assert_eq!(refused.problem(), (409, "gap".into()));
    assert_eq!((&refused.json()["expected"], &refused.json()["epoch"]), (&json!(0), &json!(0)));
}

pub(crate) fn certificate_request(identity: &Identity) -> Value {
    let key = KeyPair::try_from(identity.1.as_slice()).unwrap();
    json!({"csr": STANDARD.encode(CertificateParams::default().serialize_request(&key).unwrap().der())})
}

#[test]
fn a_certificate_is_renewed_over_the_same_key_once_a_day_and_a_lost_answer_is_given_again() {
    let served = Served::new();
    let identity = served.enrol();
    let terminal = Client::new(served.address, &served.town.authority, Some(identity.clone()));
    let other = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let other = (identity.0.clone(), other.serialize_der());
    let refused = terminal.post("/v1/terminal/certificate", &certificate_request(&other));
    assert_eq!(refused.problem(), (400, "request_refused".into()));
    let renew =
        || bytes(&terminal.post("/v1/terminal/certificate", &certificate_request(&identity)).ok()["certificate"]);
    let before = served.town.records();
    assert!(renew() == identity.0 && served.town.records() == before, "the one of today is given again");
    served.town.clock.advance_machine(DAY);
    let renewed = renew();
    assert_ne!(renewed, identity.0);
    assert_eq!(renew(), renewed);
    assert_eq!(served.town.records(), before + 1);
    // A clock that was wrong for a while keeps nobody from his certificate.
    let caller = Caller::of(&identity.0.as_slice().into()).unwrap();
    let request = bytes(&certificate_request(&identity)["csr"]);
    served.town.clock.advance_machine(400 * DAY);
    let future = served.town.ledger.renew(&caller, &request).unwrap();
    served.town.clock.set_machine_back(400 * DAY);
    let sound = served.town.ledger.renew(&caller, &request).unwrap();
    assert!(sound != future && served.town.records() == before + 3);
    // The other one still runs: with nothing left to sign neither of them writes.
    served.town.publish();
    let restarted =
        Ledger::open_with(&served.town.data, served.town.clock.clone(), Arc::new(served.town.stored()), None).unwrap();
    assert_eq!(restarted.renew(&caller, &request).unwrap(), sound, "also after a restart");
    assert_eq!(served.town.records(), before + 3);
}

#[test]
fn a_retired_terminal_brings_its_records_hears_of_it_and_gets_no_names() {
    let served = Served::new();
    let identity = served.enrol();
    let terminal = Client::new(served.address, &served.town.authority, Some(identity.clone()));
    assert_ne!(terminal.get("/v1/terminal/register?from=0").ok()["names"], json!([]));
    let retired = SetTerminalState { terminal: code("jumin-1"), state: TerminalUse::Retired, effective: 0 };
    served.town.submit(vec![Change::TerminalState(retired)]).unwrap();
    let register = terminal.get("/v1/terminal/register?from=0").ok();
    assert_eq!((register["entries"].as_array().unwrap().len(), &register["names"]), (3, &json!([])));
    let envelope = served.town.terminal.batch(2).0.envelope(&served.town.terminal);
    let octets = [("Content-Type", "application/octet-stream")];
    assert_eq!(terminal.request("POST", "/v1/terminal/batches", &octets, &envelope).ok()["stored"], json!(2));
    assert_eq!(terminal.get("/v1/terminal/cursor?epoch=0").ok()["next"], json!(2));
    terminal.get("/v1/terminal/seal?epoch=0&from=0&seen=0").ok();
    let refused = terminal.post("/v1/terminal/certificate", &certificate_request(&identity));
    assert_eq!(refused.problem(), (403, "not_enrolled".into()), "and no certificate after this one");
    served.counts("alarms_total{kind=\"retired_heard\"}", 1);
}

#[test]
fn a_terminal_that_says_that_it_owes_nothing_is_not_behind() {
    let mut served = Served::new();
    let terminal = served.terminal();
    served.town.send(2);
    served.town.clock.advance(11 * 60_000);
    let question = Question { limit: 1, ..Question::default() };
    let late = |served: &Served| served.town.ledger.search(&served.town.office, &question).unwrap().behind.len();
    assert_eq!(late(&served), 1);
    // It asks, and says nothing of itself; it says that it has one more; and that all it has is here.
    let asks = |written: &str| terminal.get(&format!("/v1/terminal/register?from=0{written}")).ok();
    let holds = |served: &Served| served.town.ledger.behind(&served.town.office).unwrap()[0].holds;
    asks("");
    assert_eq!((late(&served), holds(&served)), (1, 0));
    asks("&written=0.3");
    assert_eq!((late(&served), holds(&served)), (1, 1));
    asks("&written=0.2");
    assert_eq!((late(&served), holds(&served)), (0, 0));
    // Whoever has a key that no act names yet says nothing of it, also where a code let him in under its name.
    asks("&written=0.3");
    let (replacement, key) = (TestTerminal::new(served.town.office, "jumin-1", [9; 32], Vec::new()), served.token());
    let code = served.anybody().post_as(&served.at("invitations"), &key, &json!({"terminal": "jumin-1"})).ok();
    let code = LedgerCode::from_line(code["code"].as_str().unwrap()).unwrap();
    let (request, key) = served.request(&code.secret, &replacement);
    let certificate = bytes(&served.anybody().post("/v1/enrol", &request).ok()["certificate"]);
    let newcomer = Client::new(served.address, &served.town.authority, Some((certificate, key)));
    newcomer.get("/v1/terminal/register?from=0&written=0.0").ok();
    assert_eq!((late(&served), holds(&served)), (1, 1));
    // What it said stands until it says something else.
    asks("&written=0.5");
    served.town.send(2);
    served.town.clock.advance(11 * 60_000);
    assert_eq!((late(&served), holds(&served)), (1, 1));
    assert_eq!(terminal.get("/v1/terminal/register?from=0&written=many").problem(), (400, "malformed".into()));
}

#[test]
fn a_replaced_terminal_is_shown_nothing_whatever_its_certificate_says() {
    let served = Served::new();
    let identity = served.enrol();
    let terminal = Client::new(served.address, &served.town.authority, Some(identity.clone()));
    let paths = ["register?from=0", "cursor?epoch=0", "seal?epoch=0&from=0&seen=0"];
    paths.iter().for_each(|path| drop(terminal.get(&format!("/v1/terminal/{path}")).ok()));
    let replaced = SetTerminal {
        key: Ed25519Key(ed25519_dalek::SigningKey::from_bytes(&[55; 32]).verifying_key().to_bytes()),
        ..served.town.terminal.registration()
    };
    served.town.submit(vec![Change::Terminal(Box::new(replaced))]).unwrap();
    for path in paths {
        let refused = terminal.get(&format!("/v1/terminal/{path}"));
        assert_eq!(refused.problem(), (403, "not_enrolled".into()), "{path}");
    }
    let before = served.town.records();
    let refused = terminal.post("/v1/terminal/certificate", &certificate_request(&identity));
    assert_eq!(refused.problem(), (403, "not_enrolled".into()));
    assert_eq!(served.town.records(), before);
}

#[test]
fn a_newcomer_knocks_while_his_invitation_holds_and_no_longer() {
    let served = Served::new();
    let code =
        served.anybody().post_as(&served.at("invitations"), &served.token(), &json!({"terminal": "jumin-9"})).ok();
    let secret = LedgerCode::from_line(code["code"].as_str().unwrap()).unwrap().secret.clone();
    let newcomer = TestTerminal::new(served.town.office, "jumin-9", [9; 32], Vec::new());
    let (request, key) = served.request(&secret, &newcomer);
    let certificate = bytes(&served.anybody().post("/v1/enrol", &request).ok()["certificate"]);
    let client = Client::new(served.address, &served.town.authority, Some((certificate, key)));
    client.get("/v1/terminal/register?from=0").ok();
    served.town.clock.advance(25 * 3_600_000);
    assert_eq!(client.get("/v1/terminal/register?from=0").problem(), (403, "not_enrolled".into()));
}

#[test]
fn a_code_alone_enrols_no_key_and_again_means_the_same_two_keys() {
    let served = Served::new();
    let code =
        served.anybody().post_as(&served.at("invitations"), &served.token(), &json!({"terminal": "jumin-1"})).ok();
    let secret = LedgerCode::from_line(code["code"].as_str().unwrap()).unwrap().secret.clone();
    let terminal = &served.town.terminal;
    let thief = TestTerminal { key: ed25519_dalek::SigningKey::from_bytes(&[8; 32]), ..terminal.clone() };
    let tls_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    // The thief knows code and public key, and signs with his own.
    let mut stolen = served.request_for(&secret, &thief, &tls_key);
    stolen["key"] = json!(STANDARD.encode(terminal.key.verifying_key().to_bytes()));
    assert_eq!(served.anybody().post("/v1/enrol", &stolen).problem(), (403, "key_unproved".into()));
    let request = served.request_for(&secret, terminal, &tls_key);
    served.anybody().post("/v1/enrol", &request).ok();
    let before = served.town.records();
    served.anybody().post("/v1/enrol", &request).ok();
    assert_eq!(served.town.records(), before, "the certificate that was given is given again");
    let other_tls_key = served.request(&secret, terminal).0;
    assert_eq!(served.anybody().post("/v1/enrol", &other_tls_key).problem(), (403, "code_used".into()));
}
