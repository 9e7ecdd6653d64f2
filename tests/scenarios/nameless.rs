//! The ledger's log file goes to whoever looks after machines: it names offices and terminals, and no person.

use sekisho_ledger::store::LogName;
use sekisho_tests::clerk::{insert, login, pull, request, try_login_with, type_pin};
use sekisho_tests::history::{Bytes, flip};
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::Part;

const CASE: &str = "R8-0099";

/// Whether it stands in the text as a word of its own: a code may be a part of a digest by chance.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let around = (line[..at].chars().next_back(), line[at + word.len()..].chars().next());
        ![around.0, around.1].into_iter().flatten().any(|beside| beside.is_ascii_alphanumeric())
    })
}

#[test]
fn the_ledgers_log_names_no_person_no_card_and_no_case_whatever_happens() {
    let mut scene = Scene::new("nameless");
    let guids = ["10023", "10031", "20001", "20002"].map(|operator| scene.desk.guid_of(operator));

    // A day's work: a wrong PIN, grants with a case, refusals.
    insert(&scene.terminal, &mut scene.clerk);
    let wrong = sekisho_ipc::PromptRequest::login();
    let _ = type_pin(&mut scene.terminal.client(), &wrong, "493999");
    login(&scene.terminal, &scene.clerk);
    let mut question = request("juminhyo.issue");
    question.case = Some(CASE.to_owned());
    let mut client = scene.terminal.client();
    assert!(client.authorize(&question).unwrap().verdict.granted);
    question.function = "no.such".to_owned();
    assert!(!client.authorize(&question).unwrap().verdict.granted);
    wait_sealed(&scene.terminal);

    // Records that go by hand, brought by a person.
    scene.terminal.stop_part(Part::Forwarder);
    question.function = "juminhyo.issue".to_owned();
    assert!(client.authorize(&question).unwrap().verdict.granted);
    let file = scene.desk.file("jumin-1.records");
    succeeded("records export", &scene.terminal.agent("records").arg("export").arg(&file).output().unwrap());
    scene.desk.run(&["records", "carry", file.to_str().unwrap()]);
    assert!(!scene.search(&["--kind", "read"]).is_empty());
    scene.terminal.start_part(Part::Forwarder);
    wait_sealed(&scene.terminal);

    // Questions about persons, cards and cases; an act, one that is refused, a card that is blocked and its holder who comes all the same.
    for question in [["--operator", "10023"], ["--card", &guids[0]], ["--case", CASE], ["--terminal", "jumin-1"]] {
        assert!(!scene.search(&question).is_empty(), "{question:?}");
    }
    succeeded("sekisho report", &scene.terminal.sekisho(&["report", "lost", "10031"]).output().unwrap());
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.other);
    assert_eq!(try_login_with(&scene.terminal, "zei-a", &scene.other), "card_suspended");
    pull(&scene.terminal, &mut scene.other);
    scene.desk.run(&["card", "revoke", &guids[1]]);
    let lifted = scene.desk.try_run(&["card", "lift", &guids[1]]);
    assert!(!lifted.status.success(), "{}", both(&lifted));
    wait_sealed(&scene.terminal);

    // Damage, a start over it, and somebody who asks for it.
    scene.terminal.stop();
    scene.ledger.stop();
    flip(&scene.ledger, Bytes::Payload(LogName::Records, 8), Some(40));
    scene.ledger.serve();
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    let _ = scene.desk.try_run(&["records", "search", "--terminal", "jumin-1"]);
    scene.ledger.kill();
    scene.ledger.serve();

    let log = scene.ledger.log();
    assert!(log.contains("were brought by hand") && log.contains("jumin-1"), "{log}");
    let people = ["10023", "10031", "20001", "20002", "田中", "さくら", "高橋", "佐藤", "鈴木", CASE];
    let words = people.iter().copied().map(str::to_owned).chain(guids);
    for word in words {
        for line in log.lines() {
            assert!(!names(&line.to_lowercase(), &word.to_lowercase()), "'{word}' stands in the ledger's log: {line}");
        }
    }
}
