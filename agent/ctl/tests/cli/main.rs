//! The program itself against an agent that follows a script: exit codes, texts in both languages, and no PIN anywhere.
#![expect(clippy::unwrap_used, reason = "a test whose surroundings fail has failed")]

mod fake_agent;
mod terminal;

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use fake_agent::{Answer, FakeAgent, granted, refused, state, verdict};
use sekisho_wire::verdict::VerdictCode;
use serde_json::{Value, json};

const PIN: &str = "Qx7-41Kz";

fn sekisho(agent: &FakeAgent, language: &str, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.env_clear().env("SEKISHO_SOCKET", agent.path()).args(["--lang", language]).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(agent: &FakeAgent, language: &str, words: &[&str]) -> Output {
    sekisho(agent, language, words).output().unwrap()
}

/// Runs with lines on standard input.
fn run_with(agent: &FakeAgent, words: &[&str], input: &str) -> Output {
    let mut child = sekisho(agent, "en", words).stdin(Stdio::piped()).spawn().unwrap();
    // A program that ends without reading is heard by its answer, not by our pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn status_speaks_both_languages_and_json() {
    let agent = FakeAgent::start(|_| Answer::Reply(json!({ "state": state("open") })));
    let japanese = text(&run(&agent, "ja", &["status"]).stdout);
    assert!(japanese.contains("利用中") && japanese.contains("否  zei.query"), "{japanese}");
    let english = text(&run(&agent, "en", &["status"]).stdout);
    assert!(english.contains("state           open") && english.contains("no  zei.query"), "{english}");
    assert!(english.contains("outside your scope"), "{english}");
    let parsed: Value = serde_json::from_slice(&run(&agent, "ja", &["status", "--json"]).stdout).unwrap();
    assert_eq!((&parsed["state"], &parsed["session"]["operator"]), (&json!("open"), &json!("0012")));
}

#[test]
fn the_locale_chooses_the_language_and_japanese_is_the_default() {
    let agent = FakeAgent::start(|_| Answer::Reply(json!({ "state": state("no_card") })));
    for (name, value, expected) in
        [("LANG", "en_US.UTF-8", "no card"), ("LC_ALL", "ja_JP.UTF-8", "カードなし"), ("X", "", "カードなし")]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        let output = command.env_clear().env("SEKISHO_SOCKET", agent.path()).env(name, value).arg("status").output();
        let said = text(&output.unwrap().stdout);
        assert!(said.contains(expected), "{name}={value}: {said}");
    }
}

#[test]
fn authorize_ends_with_0_3_or_1() {
    let agent = FakeAgent::start(|call| match call["parameters"]["function"].as_str() {
        Some("juminhyo.issue") => Answer::Reply(granted(57)),
        Some("zei.query") => Answer::Reply(refused(VerdictCode::FunctionNotInScope)),
        _ => Answer::Error("io.sekisho.InvalidArgument", json!({ "field": "function", "rule": "1 to 32 of a-z" })),
    });
    let yes = run(&agent, "en", &["authorize", "juminhyo.issue", "--purpose", "madoguchi", "--case", "R8-1"]);
    assert_eq!((yes.status.code(), text(&yes.stdout).as_str()), (Some(0), "granted\nrecord 1:57\n"));
    let sent = agent.calls().pop().unwrap();
    assert_eq!(
        sent["parameters"],
        json!({ "function": "juminhyo.issue", "purpose": "madoguchi", "case": "R8-1", "request": null, "recipient": null })
    );

    let no = run(&agent, "ja", &["authorize", "zei.query"]);
    assert_eq!(no.status.code(), Some(3));
    assert!(text(&no.stdout).contains("この機能は取扱範囲外です。業務に必要な場合は"), "{}", text(&no.stdout));
    let no = run(&agent, "en", &["authorize", "zei.query", "--json"]);
    let parsed: Value = serde_json::from_slice(&no.stdout).unwrap();
    assert_eq!((no.status.code(), &parsed["verdict"]["code"]), (Some(3), &json!("function_not_in_scope")));

    let bad = run(&agent, "en", &["authorize", "Tanaka"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad.stderr).contains("cannot accept 'function': 1 to 32 of a-z"), "{}", text(&bad.stderr));
}

#[test]
fn wrong_arguments_end_with_2_and_help_documents_the_exit_codes() {
    let agent = FakeAgent::start(|_| panic!("nothing is to be asked"));
    assert_eq!(run(&agent, "en", &["authorize"]).status.code(), Some(2));
    assert_eq!(run(&agent, "en", &["complete", "1-57", "--items", "1"]).status.code(), Some(2));
    assert!(text(&run(&agent, "en", &["--help"]).stdout).contains("3  refused"));
    let japanese = text(&run(&agent, "ja", &["--help"]).stdout);
    assert!(japanese.contains("終了コード") && japanese.contains("使い方: sekisho"), "{japanese}");
    let japanese = text(&run(&agent, "ja", &["login", "--help"]).stdout);
    assert!(japanese.contains("暗証番号を端末ではなく標準入力から読む"), "{japanese}");
}

#[test]
fn an_agent_that_is_not_there_is_named_with_what_to_do() {
    let agent = FakeAgent::start(|_| panic!("nothing is to be asked"));
    let nowhere = agent.path().with_file_name("nowhere.sock");
    for (language, what, next) in [
        ("en", "cannot reach the agent at", "sekisho-agent run"),
        ("ja", "エージェントに接続できません", "動いているか確認してください"),
    ] {
        let output = run(&agent, language, &["--socket", nowhere.to_str().unwrap(), "status"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(what) && said.contains(next) && said.contains("nowhere.sock"), "{said}");
    }
}

#[test]
fn login_passes_the_pin_on_the_descriptor_and_shows_it_nowhere() {
    let agent = FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Prompt") => {
            Answer::Prompt(json!({ "prompt": "p1", "tries_left": 5, "operator": "0012", "name": "田中 一郎" }))
        }
        _ => Answer::Reply(
            json!({ "verdict": verdict(VerdictCode::Granted), "session": state("open")["session"], "record": null, "tries_left": 5 }),
        ),
    });
    let output =
        run_with(&agent, &["login", "--profile", "jumin-1", "--kind", "training", "--pin-stdin"], &format!("{PIN}\n"));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(agent.pins(), [PIN]);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("0012") && !said.contains(PIN), "{said}");
    let calls = agent.calls();
    assert_eq!(calls[0]["parameters"]["profile"], "jumin-1");
    assert_eq!(calls[0]["parameters"]["kind"], "training");
    assert!(calls.iter().all(|call| !call.to_string().contains(PIN)), "no message holds the PIN");
}

#[test]
fn a_piped_pin_names_its_card_in_every_prompt_and_another_card_never_hears_it() {
    let card = "0a".repeat(16);
    let agent = FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Authorize") => {
            Answer::Reply(json!({ "verdict": verdict(VerdictCode::PinProofNeeded), "record": null }))
        }
        _ => Answer::Error(
            "io.sekisho.CardProblem",
            json!({ "verdict": verdict(VerdictCode::CardOther), "tries_left": null }),
        ),
    });
    for (arguments, pins) in [
        (&["login"][..], "246813\n"),
        (&["change-pin"], "246813\n135792\n"),
        (&["authorize", "shogai.delete"], "246813\n"),
    ] {
        let arguments = [arguments, &["--pin-stdin", "--card", &card]].concat();
        assert_eq!(run_with(&agent, &arguments, pins).status.code(), Some(3), "{arguments:?}");
        let asked = agent.calls().pop().unwrap();
        assert_eq!((&asked["method"], &asked["parameters"]["card"]), (&json!("io.sekisho.Prompt"), &json!(card)));
    }
    assert!(agent.pins().is_empty());
}

#[test]
fn a_wrong_pin_is_refused_with_the_tries_that_are_left() {
    let agent = FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Prompt") => Answer::Prompt(json!({ "prompt": "p1", "tries_left": 2 })),
        _ => Answer::Reply(json!({ "verdict": verdict(VerdictCode::PinNeeded), "tries_left": 1 })),
    });
    let output = run_with(&agent, &["login", "--pin-stdin"], "13572468");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stdout).contains("1 try left"), "{}", text(&output.stdout));
}

#[test]
fn a_card_problem_is_told_in_the_verdicts_words() {
    let agent = FakeAgent::start(|_| {
        Answer::Error(
            "io.sekisho.CardProblem",
            json!({ "verdict": verdict(VerdictCode::CardRevoked), "tries_left": null }),
        )
    });
    let output = run(&agent, "ja", &["login", "--pin-stdin"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("このカードは失効しています"), "{}", text(&output.stderr));
}

#[test]
fn what_is_no_pin_never_reaches_the_card() {
    let agent = FakeAgent::start(|_| Answer::Prompt(json!({ "prompt": "p1", "tries_left": 5 })));
    let output = run_with(&agent, &["login", "--pin-stdin"], "1234\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("Nothing was sent to the card"), "{}", text(&output.stderr));
    assert!(agent.pins().is_empty());
}

#[test]
fn without_a_terminal_and_without_pin_stdin_it_says_so() {
    let agent = FakeAgent::start(|_| Answer::Prompt(json!({ "prompt": "p1" })));
    // A session of its own has no terminal, whoever runs the tests.
    let mut command = Command::new("setsid");
    command.arg(env!("CARGO_BIN_EXE_sekisho")).env("SEKISHO_SOCKET", agent.path()).args(["--lang", "en", "login"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("--pin-stdin"), "{}", text(&output.stderr));
}

#[test]
fn change_pin_sends_the_old_then_the_new() {
    let agent = FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Prompt") => Answer::Prompt(json!({ "prompt": "p1", "tries_left": 5 })),
        _ => Answer::Reply(json!({ "verdict": verdict(VerdictCode::Granted) })),
    });
    assert_eq!(run_with(&agent, &["change-pin", "--pin-stdin"], "246813\n135792\n").status.code(), Some(0));
    assert_eq!(agent.pins(), ["246813", "135792"]);
}

#[test]
fn a_function_that_wants_the_pin_is_proved_and_then_granted() {
    let agent = FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Authorize") => Answer::Reply(refused(VerdictCode::PinProofNeeded)),
        Some("io.sekisho.Prompt") => Answer::Prompt(json!({ "prompt": "p1", "tries_left": 5 })),
        _ => Answer::Reply(granted(60)),
    });
    let output = run_with(&agent, &["authorize", "shogai.delete", "--case", "R8-9", "--pin-stdin"], "246813\n");
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "granted\nrecord 1:60\n"));
    let prompt = &agent.calls()[1]["parameters"];
    assert_eq!(
        (&prompt["what"], &prompt["function"], &prompt["case"]),
        (&json!("authorize"), &json!("shogai.delete"), &json!("R8-9"))
    );
}

#[test]
fn lock_end_and_complete_send_what_was_asked() {
    let agent = FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Lock") => Answer::Reply(json!({})),
        _ => Answer::Reply(json!({ "record": { "epoch": 1, "seq": 58 } })),
    });
    assert_eq!(text(&run(&agent, "ja", &["lock"]).stdout), "ロックしました\n");
    assert_eq!(text(&run(&agent, "en", &["lock", "--end"]).stdout), "session ended\n");
    let done = run(&agent, "en", &["complete", "1:57", "--items", "2", "--outcome", "failed"]);
    assert_eq!(text(&done.stdout), "completion recorded 1:58\n");
    let parameters: Vec<Value> = agent.calls().into_iter().map(|call| call["parameters"].clone()).collect();
    let completed = json!({ "record": { "epoch": 1, "seq": 57 }, "items": 2, "outcome": "failed" });
    assert_eq!(parameters, [json!({ "end": false }), json!({ "end": true }), completed]);
}

#[test]
fn watch_prints_a_line_at_each_change_and_says_why_it_ended() {
    let agent = FakeAgent::start(|_| {
        Answer::States(vec![
            (Duration::ZERO, state("no_card")),
            (Duration::ZERO, state("no_card")),
            (Duration::ZERO, state("open")),
        ])
    });
    let output = run(&agent, "en", &["watch"]);
    let said = text(&output.stdout);
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.lines().nth(1).unwrap().contains("open | 田中 一郎"), "{said}");
    assert_eq!(output.status.code(), Some(1), "the agent went away");
    let output = run(&agent, "en", &["watch", "--json"]);
    assert!(text(&output.stdout).lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

/// An agent that grants, shows an open session, and locks it after a while, or goes away.
fn running(lock_after: Option<Duration>) -> FakeAgent {
    FakeAgent::start(move |call| match call["method"].as_str() {
        Some("io.sekisho.Authorize") => Answer::Reply(granted(57)),
        Some("io.sekisho.Complete") => Answer::Reply(json!({ "record": { "epoch": 1, "seq": 58 } })),
        _ => {
            let second = lock_after.map_or((Duration::from_secs(60), state("open")), |after| (after, state("locked")));
            Answer::States(vec![(Duration::ZERO, state("open")), second])
        }
    })
}

fn completed(agent: &FakeAgent) -> Value {
    let calls = agent.calls();
    calls.into_iter().find(|call| call["method"] == "io.sekisho.Complete").expect("completed")["parameters"].clone()
}

#[test]
fn run_ends_as_the_program_does_and_reports_what_came_of_it() {
    for (script, code, items, outcome) in
        [("exit 0", 0, 4, "done"), ("exit 7", 7, 0, "failed"), ("kill -9 $$", 137, 0, "failed")]
    {
        let agent = running(None);
        let output = run(&agent, "en", &["run", "--function", "f", "--items", "4", "--", "sh", "-c", script]);
        assert_eq!(output.status.code(), Some(code), "{script}: {}", text(&output.stderr));
        let expected = json!({ "record": { "epoch": 1, "seq": 57 }, "items": items, "outcome": outcome });
        assert_eq!(completed(&agent), expected, "{script}");
    }
}

#[test]
fn run_under_a_record_asks_nothing_and_reports_what_came_of_it() {
    let agent = running(None);
    let output = run(&agent, "en", &["run", "--function", "f", "--under", "3:41", "--", "true"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let calls = agent.calls();
    assert!(!calls.iter().any(|call| call["method"] == "io.sekisho.Authorize"), "{calls:?}");
    assert_eq!(completed(&agent), json!({ "record": { "epoch": 3, "seq": 41 }, "items": 1, "outcome": "done" }));
}

#[test]
fn run_ends_the_program_and_its_children_when_the_session_locks() {
    let agent = running(Some(Duration::from_millis(200)));
    let output = run(&agent, "en", &["run", "--function", "f", "--", "sh", "-c", "sleep 1000 & echo $!; wait"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the session was locked or ended"));
    assert_eq!(completed(&agent)["outcome"], "cancelled");
    let child = text(&output.stdout).trim().to_owned();
    // An orphan that was killed stays for a moment until it is reaped.
    let gone = || std::fs::read_to_string(format!("/proc/{child}/stat")).map_or(true, |stat| stat.contains(") Z"));
    assert!(
        (0..100).any(|_| gone() || {
            thread::sleep(Duration::from_millis(20));
            false
        }),
        "process {child} is left"
    );
}

#[test]
fn run_kills_what_does_not_heed_the_first_signal() {
    let agent = running(Some(Duration::from_millis(200)));
    let output =
        run(&agent, "en", &["run", "--function", "f", "--", "sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
}

#[test]
fn run_starts_nothing_without_a_grant_and_nothing_that_is_not_there() {
    let agent = FakeAgent::start(|_| Answer::Reply(refused(VerdictCode::PurposeMissing)));
    let output = run(&agent, "en", &["run", "--function", "f", "--", "echo", "started"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(3), ""));
    let agent = running(None);
    let output = run(&agent, "en", &["run", "--function", "f", "--", "/nonexistent/program"]);
    assert_eq!(output.status.code(), Some(127));
    assert_eq!(completed(&agent)["outcome"], "failed");
}

#[test]
fn the_panel_without_a_terminal_says_so() {
    let agent = FakeAgent::start(|_| Answer::States(vec![]));
    let output = Command::new("setsid")
        .arg(env!("CARGO_BIN_EXE_sekisho"))
        .args(["--lang", "en", "panel"])
        .env("SEKISHO_SOCKET", agent.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("Run the panel on a terminal"), "{}", text(&output.stderr));
}
