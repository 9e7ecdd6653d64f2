//! Bad input: each with its own clear message, and nothing lost.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use sekisho_tests::clerk::{authorize, insert, login};
use sekisho_tests::ledger::{Ledger, both};
use sekisho_tests::scene::{FUNCTIONS, Scene, enrol, wait_sealed};
use sekisho_tests::terminal::Terminal;

fn run(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), both(&output))
}

#[test]
fn a_malformed_configuration_names_file_line_and_key() {
    let scratch = sekisho_tests::scratch::Scratch::new("config");
    let clock = sekisho_tests::clock::StoryClock::new(scratch.path());
    let terminal = Terminal::new(&scratch.folder("t"), &clock);
    for (text, line, key) in [
        ("state = \"/tmp/x\"\nruntime = \"relative\"\n", "line 2,", "runtime"),
        ("stat = \"/tmp/x\"\n", "line 1,", "stat"),
        ("[card]\ndeadline_seconds = 0\n", "line 2,", "deadline_seconds"),
        ("state = \n", "line 1,", "state"),
    ] {
        terminal.configure(text);
        let (code, said) = run(&mut terminal.agent("check"));
        assert_ne!(code, Some(0), "{text}");
        let file = terminal.configuration().display().to_string();
        for part in [file.as_str(), line, key] {
            assert!(said.contains(part), "'{part}' is missing for {text:?}: {said}");
        }
    }
}

#[test]
fn the_ledger_s_configuration_names_file_line_and_key() {
    let scratch = sekisho_tests::scratch::Scratch::new("lconf");
    let clock = sekisho_tests::clock::StoryClock::new(scratch.path());
    let ledger = Ledger::init(&scratch.folder("l"), &clock);
    let file = ledger.data().join("ledger.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines = text.lines().count();
    std::fs::write(&file, format!("{text}tick = 5\n")).unwrap();
    let (code, said) = run(&mut ledger.command("serve"));
    assert_ne!(code, Some(0));
    for part in ["ledger.toml", &format!("line {},", lines + 1), "'tick'"] {
        assert!(said.contains(part), "'{part}' is missing: {said}");
    }
}

#[test]
fn an_expired_and_a_used_enrolment_code_are_refused_with_a_reason() {
    let scene = Scene::new("codes");
    let late = Terminal::new(&scene.scratch.folder("u"), &scene.clock);
    let enrol = |file: &std::path::Path| {
        let (code, said) = run(late.agent("enrol").arg(file));
        assert_ne!(code, Some(0), "{said}");
        said
    };
    // Before time passes: it is refused because it was used, and not for its age.
    let said = enrol(&scene.desk.file("jumin-1.code"));
    assert!(said.contains("was used already"), "{said}");
    let file = scene.desk.file("late.code");
    scene.desk.run(&["terminal", "invite", "jumin-2", "--out", file.to_str().unwrap()]);
    scene.clock.pass(Duration::from_secs(8 * 24 * 3600));
    let said = enrol(&file);
    assert!(said.contains("expired"), "{said}");
    let said = enrol(scene.clock.file());
    assert!(said.contains("does not begin with 'sekisho-code-1.'"), "{said}");
}

#[test]
fn an_unreachable_ledger_stops_no_work_and_loses_nothing() {
    let mut scene = Scene::new("away");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.ledger.kill();
    for _ in 0..20 {
        assert!(authorize(&scene.terminal, "juminhyo.issue").verdict.granted);
    }
    let (_, said) = run(&mut scene.desk.command(&["records", "search"]));
    assert!(said.contains(&scene.ledger.port().to_string()), "the port is named: {said}");
    scene.ledger.serve();
    wait_sealed(&scene.terminal);
}

#[test]
fn a_ledger_with_another_certificate_is_not_spoken_to() {
    let mut scene = Scene::new("cert");
    let port = scene.ledger.port();
    scene.ledger.kill();
    let mut impostor = Ledger::init_at(&scene.scratch.folder("impostor"), &scene.clock, port);
    impostor.serve();
    let (code, said) = run(&mut scene.desk.command(&["records", "search"]));
    assert_ne!(code, Some(0));
    assert!(said.contains("certificate"), "{said}");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert!(authorize(&scene.terminal, "juminhyo.issue").verdict.granted);
    impostor.kill();
    scene.ledger.serve();
    wait_sealed(&scene.terminal);
}

#[test]
fn oversized_and_malformed_messages_are_answered_and_harm_nobody() {
    let mut scene = Scene::new("socket");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let answer = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(scene.terminal.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The agent may close before all is written.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    };
    let oversized =
        [br#"{"method":"io.sekisho.Status","parameters":{"x":""#.as_slice(), &vec![b'a'; 1 << 20], b"\"}}\0"].concat();
    assert!(answer(&oversized).contains("TooLarge"));
    assert!(answer(b"not json\0").contains("error"));
    assert!(answer(b"{\"method\":\"io.sekisho.Nonsense\"}\0").contains("MethodNotFound"));
    assert!(answer(b"{\"method\":\"io.sekisho.Authorize\",\"parameters\":{\"function\":7}}\0").contains("error"));
    assert!(authorize(&scene.terminal, "juminhyo.issue").verdict.granted, "the session went on");
}

#[test]
fn a_terminal_that_no_act_names_gets_no_session() {
    let scene = Scene::new("unnamed");
    let mut second = Terminal::new(&scene.scratch.folder("u"), &scene.clock);
    let file = scene.desk.file("jumin-2.code");
    scene.desk.run(&["terminal", "invite", "jumin-2", "--out", file.to_str().unwrap()]);
    second.enrol(&file);
    second.start();
    let mut clerk = scene.clerk;
    clerk.card.insert(&second.pcscd, 0);
    sekisho_tests::clerk::wait_card(&second, true);
    sekisho_tests::wait::until("a register at the second terminal", || {
        (second.client().status().ok()?.register_size > 0).then_some(())
    });
    let answer = authorize(&second, "juminhyo.issue");
    assert!(!answer.verdict.granted);
    let prompt = second.client().prompt(&sekisho_ipc::PromptRequest::login());
    assert!(prompt.is_err(), "no prompt at a terminal that is not registered");
}

#[test]
fn a_second_terminal_of_another_purpose_refuses_what_the_first_grants() {
    let scene = Scene::new("second");
    let mut second = Terminal::new(&scene.scratch.folder("u"), &scene.clock);
    enrol(&scene.desk, &second, "jumin-2", &FUNCTIONS[..1]);
    second.start();
    sekisho_tests::scene::wait_fresh(&second);
    let mut clerk = scene.clerk;
    insert(&second, &mut clerk);
    login(&second, &clerk);
    assert!(authorize(&second, "juminhyo.issue").verdict.granted);
    assert_eq!(authorize(&second, "koseki.issue").verdict.code, "function_not_for_terminal");
}
