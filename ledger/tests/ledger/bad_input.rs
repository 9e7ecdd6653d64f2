//! What comes that should not, over real TLS, and a disk or a server that is not there: each has its answer, and costs no record. `tests/README.md` has
//! the table.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_ledger::code::{Code as LedgerCode, CodeSecret};
use sekisho_ledger::command;
use sekisho_ledger::config::Config;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::error::LedgerError;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::store::{PostgresStore, Server, Store};
use sekisho_register::change::{Change, SectionState, SetSection};
use sekisho_register::{Act, Title};
use sekisho_wire::id::OfficeId;
use sekisho_wire::reason::AlarmKind;
use serde_json::json;

use crate::client::{Answer, Client};
use crate::served::{Served, bytes, until};
use crate::small_disk::SmallDisk;
use crate::town::{
    NOON, Slot, TestBatch, TestCard, TestTerminal, Town, blank_act, code, founding_act, opened, person, scratch,
    sign_act,
};

const OCTETS: [(&str, &str); 1] = [("Content-Type", "application/octet-stream")];

impl Served {
    fn brings(&self, client: &Client, batch: &TestBatch) -> Answer {
        client.request("POST", "/v1/terminal/batches", &OCTETS, &batch.envelope(&self.town.terminal))
    }

    /// Ends it in order, and holds the book against itself.
    fn ends_sound(self) {
        let root = self.town.root.to_path_buf();
        self.town.publish();
        assert_eq!(command::fsck(&root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings, []);
    }
}

/// What the other side says of a handshake that it does not like.
fn turned_away(client: &Client) -> String {
    let refused = client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    refused.err().expect("it is let in").to_string()
}

/// How the numbers call a connection that was closed for this reason.
fn refused(why: &str) -> String {
    format!("connections_refused_total{{why=\"{why}\"}}")
}

/// The same of a request that came to nothing.
fn cut(why: &str) -> String {
    format!("requests_cut_total{{why=\"{why}\"}}")
}

/// The same of a code by which answers refused.
fn refusals(code: &str) -> String {
    format!("refusals_total{{code=\"{code}\"}}")
}

const DAYS: u64 = 24 * 3_600_000;

#[test]
fn an_expired_certificate_is_turned_away_in_the_handshake_and_a_new_code_lets_its_terminal_in_again() {
    let served = Served::new();
    // Made forty days ago, for thirty.
    served.town.clock.set_machine_back(40 * DAYS);
    let late = served.terminal();
    served.town.clock.advance_machine(40 * DAYS);
    assert!(turned_away(&late).contains("CertificateExpired"), "{}", turned_away(&late));
    served.counts(&refused("certificate_expired"), 1);
    let (batch, _) = served.town.terminal.batch(3);
    assert_eq!(served.brings(&served.terminal(), &batch).ok()["stored"], json!(3));
    served.ends_sound();
}

#[test]
fn a_certificate_from_before_its_time_is_turned_away_in_the_handshake() {
    let served = Served::new();
    served.town.clock.advance_machine(4000 * DAYS);
    let early = served.terminal();
    // TLS has one word for "has ended" and "has not begun".
    assert!(turned_away(&early).contains("CertificateExpired"), "{}", turned_away(&early));
    served.counts(&refused("certificate_early"), 1);
}

#[test]
fn a_certificate_of_another_ledger_is_turned_away_in_the_handshake() {
    let (served, other) = (Served::new(), Served::new());
    // It names the same terminal.
    let foreign = Client::new(served.address, &served.town.authority, Some(other.enrol()));
    let said = turned_away(&foreign);
    assert!(said.contains("UnknownCA") || said.contains("DecryptError"), "{said}");
    assert_eq!(served.town.records(), 0);
    served.counts(&refused("certificate_foreign"), 1);
}

/// Founds a second office in the same ledger.
fn neighbour(town: &Town) -> (OfficeId, TestTerminal) {
    let given = command::founding_code(&town.root, Duration::from_secs(60), &*town.clock).unwrap();
    let founding = LedgerCode::from_line(&given).unwrap();
    let (mayor, deputy) = (TestCard::new(5, "mayor"), TestCard::new(6, "deputy"));
    let names = vec![person("関守 花子"), person("山田 太郎")];
    let secret = CodeSecret::from_base64(&founding.secret).unwrap();
    let (office, _) = town.ledger.found(secret, founding_act(&founding, &mayor, &deputy), names).unwrap();
    let terminal = TestTerminal::new(office, "jumin-1", [7; 32], town.terminal.envelope.clone());
    let (section, title) = (code("jumin"), Title::new("住民課").unwrap());
    let section = SetSection { section, title, state: SectionState::Open, effective: 0 };
    let register = town.ledger.office(&office).unwrap().register();
    let act = Act {
        office,
        seen_size: register.size(),
        seen_root: register.root(),
        post: Some(code("managers")),
        ..blank_act(NOON, vec![Change::Section(section), Change::Terminal(Box::new(terminal.registration()))])
    };
    town.ledger.submit(&office, sign_act(&act, &mayor), Vec::new()).unwrap();
    (office, terminal)
}

#[test]
fn a_certificate_of_one_office_opens_nothing_of_another_in_the_same_ledger() {
    let served = Served::new();
    let (office, theirs) = neighbour(&served.town);
    let ours = served.terminal();
    let (batch, _) = theirs.batch(2);
    // Sealed for the other office, it does not even open.
    let answer = ours.request("POST", "/v1/terminal/batches", &OCTETS, &batch.envelope(&theirs));
    assert_eq!(answer.problem(), (400, "malformed".into()));
    // Sealed as ours, it names somebody else.
    let answer =
        ours.request("POST", "/v1/terminal/batches", &OCTETS, &served.town.terminal.seal(&batch.signed(&theirs)));
    assert_eq!(answer.problem(), (403, "not_you".into()));
    for code in ["malformed", "not_you"] {
        served.counts(&refusals(code), 1);
    }
    // What it is given is of its own office.
    let register = ours.get("/v1/terminal/register?from=0&wait=0").ok();
    assert!(register["checkpoint"].as_str().unwrap().contains(&served.town.office.to_string()));
    let token = served.token();
    for path in ["behind", "enrolments", "register?from=0", "search?limit=5"] {
        let answer = served.anybody().get_as(&format!("/v1/{office}/{path}"), &token);
        assert_eq!(answer.problem(), (401, "token_needed".into()), "{path}");
    }
    // Nor does a card of one office prove anything at the other.
    let challenge = served.anybody().post(&format!("/v1/{office}/challenge"), &json!({})).ok();
    let challenge: [u8; 32] = bytes(&challenge["challenge"]).try_into().unwrap();
    let digest = sekisho_wire::record::token_digest(&office, &sekisho_wire::id::Hash(challenge));
    let mayor = &served.town.mayor;
    let proof = json!({"card": mayor.guid.to_string(), "challenge": STANDARD.encode(challenge),
        "signature": STANDARD.encode(mayor.sign(Slot::Authentication, &digest))});
    let answer = served.anybody().post(&format!("/v1/{office}/token"), &proof);
    assert_eq!(answer.problem(), (403, "proof_refused".into()));
    assert_eq!(
        served.town.ledger.office(&office).unwrap().log(sekisho_ledger::store::LogName::Records).committed_size(),
        0
    );
}

#[test]
fn a_clock_that_is_years_off_is_an_alarm_and_costs_no_record() {
    let served = Served::new();
    let terminal = served.terminal();
    let mut at = served.town.terminal.clone();
    for sent in [0, 1, NOON - 30 * 365 * DAYS, NOON + 70 * 365 * DAYS, 1 << 52] {
        let (mut batch, after) = at.batch(2);
        batch.header.sent = sent;
        assert_eq!(served.brings(&terminal, &batch).ok()["stored"], json!(2), "{sent}");
        at = after;
    }
    assert_eq!(served.town.alarms(), [AlarmKind::ClockFarOff], "once on one day");
    served.counts("alarms_total{kind=\"clock_far_off\"}", 1);
    // The ledger's own clock goes astray, and comes back: what terminals bring is taken by either.
    served.town.clock.advance(50 * 365 * DAYS);
    let act = |served: &Served, made| {
        let register = served.town.ledger.office(&served.town.office).unwrap().register();
        let office = served.town.office;
        let (section, title) = (code("zei"), Title::new("税務課").unwrap());
        let section = SetSection { section, title, state: SectionState::Open, effective: 0 };
        let (seen_size, seen_root, post) = (register.size(), register.root(), Some(code("managers")));
        let act = Act { office, seen_size, seen_root, post, ..blank_act(made, vec![Change::Section(section)]) };
        let body = json!({"act": STANDARD.encode(sign_act(&act, &served.town.mayor)), "names": []});
        served.anybody().post(&served.at("acts"), &body)
    };
    let (batch, after) = at.batch(2);
    assert_eq!(served.brings(&terminal, &batch).ok()["stored"], json!(2));
    let refused = act(&served, NOON);
    assert_eq!((refused.problem(), &refused.json()["reason"]), ((409, "refused".into()), &json!("expired")));
    served.town.clock.set_back(50 * 365 * DAYS);
    at = after;
    let (batch, _) = at.batch(2);
    assert_eq!(served.brings(&terminal, &batch).ok()["stored"], json!(2));
    act(&served, NOON).ok();
    served.town.publish();
    let found =
        command::fsck(&served.town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings;
    let about_times = |finding: &sekisho_ledger::fsck::Finding| {
        matches!(finding.fault, sekisho_ledger::fsck::Fault::BatchTime { .. })
    };
    assert!(
        !found.is_empty() && found.iter().all(about_times),
        "fsck says when the clock was wrong, and nothing else: {found:?}"
    );
}

/// A connection that has only begun: its handshake, or a request.
fn begun(served: &Served, request: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(served.address).unwrap();
    socket.write_all(request).unwrap();
    socket
}

#[test]
fn whoever_sends_byte_by_byte_keeps_nobody_out() {
    let served = Served::new();
    let terminal = served.terminal();
    // The beginning of a handshake, and no more: as many as come.
    let slow: Vec<TcpStream> = (0..300).map(|_| begun(&served, &[0x16, 0x03])).collect();
    let anybody = served.anybody();
    let half: Vec<_> = (0..40).filter_map(|_| anybody.begin(b"POST /v1/enrol HTTP/1.1\r\nHost: loc").ok()).collect();
    let (batch, _) = served.town.terminal.batch(3);
    assert_eq!(served.brings(&terminal, &batch).ok()["stored"], json!(3));
    drop((slow, half));
    // Those who went before the end of a handshake, or of a request, and those whose time was over before.
    let counted = |why: &&str| served.number(&refused(why)).unwrap();
    until(|| ["handshake_broken", "handshake_slow"].iter().map(counted).sum::<u64>() >= 100);
    served.counts(&cut("gone"), 1);
    served.ends_sound();
}

#[test]
#[ignore = "waits for half a minute"]
fn a_request_that_does_not_come_to_its_end_is_answered_or_cut_after_half_a_minute() {
    let served = Served::new();
    let mut head = served.anybody().begin(b"POST /v1/enrol HTTP/1.1\r\nHost: loc").unwrap();
    let mut body =
        served.anybody().begin(b"POST /v1/enrol HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{").unwrap();
    let mut said = String::new();
    let _ = body.read_to_string(&mut said);
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("malformed"), "{said}");
    let mut said = Vec::new();
    let _ = head.read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said);
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    served.counts(&cut("body_slow"), 1);
    served.counts(&cut("head_slow"), 1);
    // One that asks and asks, and reads nothing.
    let mut deaf = served.anybody().begin(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    deaf.sock.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    while deaf.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n").is_ok() {}
    std::thread::sleep(Duration::from_secs(30));
    served.counts(&cut("unread"), 1);
    drop(deaf);
    // A connection that nobody uses any more ends in the same way, and is no mistake of anybody's.
    let mut idle = served.anybody().begin(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let _ = idle.read_to_end(&mut Vec::new());
    assert_eq!(served.number(&cut("head_slow")), Some(1));
}

/// What is answered to these bytes, if anything.
fn said_to(served: &Served, bytes: &[u8]) -> String {
    let mut said = Vec::new();
    if let Ok(mut stream) = served.anybody().begin(bytes) {
        let _ = stream.read_to_end(&mut said);
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn what_is_no_request_and_who_is_here_too_often_is_counted() {
    let served = Served::new();
    let said = said_to(&served, b"\x00\x01\x02 not HTTP\r\n\r\n");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
    served.counts(&cut("head_wrong"), 1);
    let long = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(32 << 10));
    let said = said_to(&served, long.as_bytes());
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    served.counts(&cut("head_long"), 1);
    // No TLS at all, and a handshake that never goes on: ten seconds are enough for an honest one.
    let mut plain = begun(&served, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let _ = plain.read_to_end(&mut Vec::new());
    served.counts(&refused("handshake_broken"), 1);
    let mut slow = begun(&served, &[0x16, 0x03]);
    let _ = slow.read_to_end(&mut Vec::new());
    served.counts(&refused("handshake_slow"), 1);
    // One certificate on more connections than a terminal has.
    let terminal = served.terminal();
    let open: Vec<_> = (0..40).filter_map(|_| terminal.begin(b"GET /healthz HT").ok()).collect();
    served.counts(&refused("terminal"), 8);
    drop(open);
    let without = served.anybody().get("/v1/terminal/cursor?epoch=0");
    assert_eq!(without.problem(), (403, "not_you".into()));
    served.counts(&refusals("not_you"), 1);
    let large = served.anybody().request("POST", "/v1/enrol", &[], &vec![b' '; (2 << 20) + 1]);
    assert_eq!(large.problem(), (413, "too_large".into()));
    served.counts(&refusals("too_large"), 1);
    // What did not come about is there as nothing.
    assert_eq!([refused("full"), refused("machine"), cut("late")].map(|name| served.number(&name)), [Some(0); 3]);
}

#[test]
fn whoever_closes_half_of_a_connection_gets_no_answer_and_nothing_is_lost() {
    let served = Served::new();
    let terminal = served.terminal();
    let (batch, _) = served.town.terminal.batch(3);
    let envelope = batch.envelope(&served.town.terminal);
    let head = format!(
        "POST /v1/terminal/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        envelope.len()
    );
    // A body that breaks off is no request: nothing of it is taken.
    let said = terminal.half_close(&[head.as_bytes(), &envelope[..envelope.len() - 1]].concat());
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
    until(|| [cut("body_broken"), cut("gone")].iter().any(|name| served.number(name) != Some(0)));
    assert_eq!(served.town.ledger.cursor(&served.town.terminal.peer, 0).unwrap().expected, 0);
    // A whole one may be taken, though whoever has closed his half counts as gone: the connection is closed.
    let said = terminal.half_close(&[head.as_bytes(), &envelope].concat());
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 200"), "{said}");
    let receipt = served.brings(&terminal, &batch).ok();
    assert_eq!(receipt["stored"].as_u64().unwrap() + receipt["repeated"].as_u64().unwrap(), 3);
    assert_eq!(receipt["next"], json!(3));
    served.ends_sound();
}

/// A town whose folder lies on a disk of its own.
fn on_small_disk(kib: u32) -> (Served, SmallDisk) {
    let mut town = Town::new();
    let root = scratch();
    let other = Town::new();
    town.ledger = Arc::clone(&other.ledger);
    std::thread::sleep(Duration::from_millis(300));
    let copied = Command::new("cp").arg("-a").arg(&*town.root).arg(&*root).status().unwrap();
    assert!(copied.success());
    let disk = SmallDisk::under(&root, kib);
    town.data = DataDir::new(&root);
    town.root = root;
    town.reopen();
    (Served::of(town), disk)
}

#[test]
fn a_full_disk_takes_nothing_says_so_and_goes_on_with_room() {
    let (served, disk) = on_small_disk(2048);
    let terminal = served.terminal();
    let (first, after) = served.town.terminal.batch(3);
    assert_eq!(served.brings(&terminal, &first).ok()["stored"], json!(3));
    disk.fill();
    let mut at = after;
    // What a page or two still takes is taken.
    let refused = (0..50).find_map(|_| {
        let (batch, after) = at.batch(300);
        let answer = served.brings(&terminal, &batch);
        if answer.status == 200 {
            at = after;
            return None;
        }
        Some((answer.problem(), batch))
    });
    let (problem, batch) = refused.expect("the disk is full");
    assert_eq!(problem, (503, "unavailable".into()));
    let ready = served.anybody().get("/readyz");
    assert_eq!(ready.status, 503, "{}", String::from_utf8_lossy(&ready.body));
    assert_eq!(served.anybody().get("/healthz").status, 200);
    disk.free();
    assert_eq!(served.brings(&terminal, &batch).ok()["stored"], json!(300), "nothing of it had stayed");
    served.ends_sound();
}

#[test]
fn a_disk_that_has_become_read_only_is_said_to_be_one_and_serves_again_when_it_is_not() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    town.waits_for_nobody();
    let place = scratch();
    sekisho_ledger::backup::backup(&town.root, &place).unwrap();
    for key in ["master.key", "payload.key", "envelope.key", "authority.key", "authority.der"] {
        std::fs::copy(town.root.join(key), place.join(key)).unwrap();
    }
    let disk = SmallDisk::under(&place, 8192);
    let remount = |how: &str| {
        let done = Command::new("mount").args(["-o", how]).arg(&*place).status().unwrap();
        assert!(done.success());
    };
    let data = DataDir::new(&place);
    remount("remount,ro");
    let refused = Ledger::open(&data, town.clock.clone()).expect_err("it writes where nothing can be written");
    assert!(refused.to_string().contains("Read-only file system"), "{refused}");
    assert!(!refused.next_step().0.is_empty() && !refused.next_step().1.is_empty());
    // Looking is possible.
    assert_eq!(command::fsck(&place, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings, []);
    remount("remount,rw");
    town.data = data;
    town.reopen();
    town.send(3);
    assert_eq!(town.records(), 6);
    drop(disk);
}

#[test]
fn the_database_of_another_ledger_is_not_served() {
    let (town, other) = (Town::new(), Town::new());
    let foreign = scratch();
    sekisho_ledger::backup::backup(&other.root, &foreign).unwrap();
    let place = scratch();
    assert!(Command::new("cp").arg("-a").arg(&*town.root).arg(&*place).status().unwrap().success());
    let data = DataDir::new(&place);
    for name in ["ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(place.join(name));
    }
    std::fs::copy(foreign.join("ledger.db"), data.database()).unwrap();
    let before = std::fs::read(data.database()).unwrap();
    let refused = Ledger::open(&data, town.clock.clone()).expect_err("another town's book is served");
    assert!(matches!(refused, LedgerError::OfficeGone { office, .. } if office == town.office), "{refused}");
    assert!(!refused.next_step().0.is_empty() && !refused.next_step().1.is_empty());
    // Without the checkpoints that tell on it, the keys do.
    std::fs::remove_dir_all(data.checkpoints()).unwrap();
    std::fs::create_dir(data.checkpoints()).unwrap();
    assert!(Command::new("chmod").arg("700").arg(data.checkpoints()).status().unwrap().success());
    let refused = Ledger::open(&data, town.clock.clone()).expect_err("another town's book is served");
    assert!(!refused.next_step().0.is_empty(), "{refused}");
    assert_eq!(std::fs::read(data.database()).unwrap(), before, "it was written to");
}

#[test]
fn a_configuration_that_was_cut_short_serves_no_other_book() {
    for town in [Town::new(), Town::on_server()] {
        let whole = std::fs::read_to_string(town.data.config()).unwrap();
        let book = |config: &Config| config.postgres.clone();
        let ours = book(&Config::parse(&town.data.config(), &whole).unwrap());
        for end in 0..whole.len() {
            std::fs::write(town.data.config(), &whole[..end]).unwrap();
            match Config::read(&town.data.config()) {
                Ok(config) if book(&config) == ours => {}
                // It names another book, or none: there is none.
                Ok(_) => assert!(Ledger::open(&town.data, town.clock.clone()).is_err(), "{:?}", &whole[..end]),
                Err(refused) => {
                    assert!(refused.to_string().contains("ledger.toml"), "{refused}");
                    assert!(!refused.next_step().0.is_empty());
                }
            }
        }
        std::fs::write(town.data.config(), whole).unwrap();
    }
}

#[test]
fn records_that_come_while_the_database_server_is_away_are_refused_and_come_when_it_is_back() {
    let mut server = crate::postgres::Own::start();
    let place = server.database();
    let town = Town::founded(crate::town::empty_ledger_with(Some(place), None), opened);
    let served = Served::of(town);
    let terminal = served.terminal();
    let (first, after) = served.town.terminal.batch(3);
    assert_eq!(served.brings(&terminal, &first).ok()["stored"], json!(3));
    server.stop();
    let (batch, after) = after.batch(5);
    let refused = served.brings(&terminal, &batch);
    assert_eq!(refused.problem(), (503, "unavailable".into()));
    assert!(refused.head.to_lowercase().contains("retry-after"), "{}", refused.head);
    assert_eq!(served.anybody().get("/readyz").status, 503);
    server.start_again();
    assert_eq!(comes_at_last(&served, &terminal, &batch), 5);
    // And now while somebody sends all the time.
    let ended = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let (mut at, mut sent) = (after.clone(), 0);
            while !ended.load(Ordering::SeqCst) {
                let (batch, after) = at.batch(7);
                sent += comes_at_last(&served, &terminal, &batch);
                at = after;
            }
            sent
        });
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(300));
            server.stop();
            std::thread::sleep(Duration::from_millis(200));
            server.start_again();
        }
        std::thread::sleep(Duration::from_millis(300));
        ended.store(true, Ordering::SeqCst);
        sending.join().unwrap()
    });
    assert!(sent > 0);
    let log = |served: &Served| {
        let office = served.town.ledger.office(&served.town.office).unwrap();
        office.log(sekisho_ledger::store::LogName::Records).committed_size()
    };
    // Codes and certificates are records of the ledger's own.
    let own = served.town.ledger.cursor(&served.town.terminal.peer, 0).unwrap().expected;
    assert_eq!(own, 8 + sent, "each once");
    assert!(log(&served) >= 8 + sent);
    served.ends_sound();
}

#[test]
fn a_database_server_that_came_back_costs_one_read_and_not_one_for_each_connection() {
    let mut server = crate::postgres::Own::start();
    let place = Server::at(&server.database(), None).unwrap();
    drop(PostgresStore::create(place.clone()).unwrap());
    let store = PostgresStore::open_existing(place).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| (0..50).for_each(|_| drop(store.offices().unwrap())));
        }
    });
    server.stop();
    server.start_again();
    assert!(store.offices().is_err(), "what was connected is not");
    assert_eq!(store.offices().unwrap(), []);
}

/// Sends until it is taken, as a terminal does: how many of the batch are in the book then.
fn comes_at_last(served: &Served, terminal: &Client, batch: &TestBatch) -> u64 {
    for _ in 0..600 {
        let answer = served.brings(terminal, batch);
        if answer.status == 200 {
            let answer = answer.ok();
            return answer["stored"].as_u64().unwrap() + answer["repeated"].as_u64().unwrap();
        }
        assert_eq!(answer.problem(), (503, "unavailable".into()));
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came");
}
