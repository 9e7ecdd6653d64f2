//! What came of a grant: completion, the same request twice, a program that runs under a grant.

use sekisho_ipc::{CompleteRequest, Outcome};
use sekisho_tests::clerk::{authorize, insert, login, pull, request};
use sekisho_tests::process::Process;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::wait;

const FUNCTION: &str = "juminhyo.issue";

fn logged_in(story: &str) -> Scene {
    let mut scene = Scene::new(story);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene
}

#[test]
fn a_completion_names_the_decision_it_completes() {
    let scene = logged_in("complete");
    let granted = authorize(&scene.terminal, FUNCTION).record.unwrap();
    let refused = authorize(&scene.terminal, "zei.certificate").record.unwrap();
    let mut client = scene.terminal.client();
    let mut complete = |record| client.complete(&CompleteRequest { record, items: 3, outcome: Outcome::Done });
    let completed = complete(granted).unwrap();
    assert!(completed.seq > granted.seq);
    assert!(complete(refused).is_err(), "what was refused cannot be completed");
    wait_sealed(&scene.terminal);
    let rows = scene.search(&["--kind", "completed"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let what = rows[0]["what"].as_str().unwrap();
    assert!(what.contains(&format!("what record {} permitted was done: 3 items", granted.seq)), "{what}");
}

#[test]
fn the_same_request_gets_the_same_answer_and_no_second_record() {
    let scene = logged_in("same");
    let mut question = request(FUNCTION);
    question.request = Some("0123456789abcdef0123456789abcdef".to_owned());
    question.case = Some("R8-0099".to_owned());
    let mut client = scene.terminal.client();
    let first = client.authorize(&question).unwrap();
    assert!(first.verdict.granted);
    assert_eq!(client.authorize(&question).unwrap().record, first.record);
    let other = scene.terminal.client().authorize(&question).unwrap();
    assert_eq!(other.record, first.record, "over another connection too");
    wait_sealed(&scene.terminal);
    assert_eq!(scene.search(&["--case", "R8-0099"]).len(), 1);
}

#[test]
fn a_program_under_a_grant_ends_when_the_card_is_pulled() {
    let mut scene = logged_in("run");
    let sign = scene.scratch.path().join("started");
    let script = format!("echo $$ > {0}.new && mv {0}.new {0} && exec sleep 1000", sign.display());
    let arguments = ["run", "--function", FUNCTION, "--", "sh", "-c", &script];
    let log = scene.scratch.path().join("run.log");
    let mut run = Process::start("sekisho run", &mut scene.terminal.sekisho(&arguments), &log);
    let program = run.wait_ready("the program", || std::fs::read_to_string(&sign).ok());
    let alive = || std::path::Path::new("/proc").join(program.trim()).exists();
    assert!(alive());
    pull(&scene.terminal, &mut scene.clerk);
    let ended = wait::until("the end of sekisho run", || run.ended());
    assert_eq!(ended.code(), Some(4), "{}", run.said());
    assert!(!alive(), "the program has ended");
    assert!(run.said().contains("the program was ended"), "{}", run.said());
    wait_sealed(&scene.terminal);
    let rows = scene.search(&["--kind", "completed"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0]["what"].as_str().unwrap().contains("given up: 0 items"), "{rows:?}");
}
