//! Terminals: left alone, unknown, and what they tell of themselves.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use sekisho_ipc::{PromptRequest, SessionState};
use sekisho_tests::clerk::{insert, login, pull, verdict_of, wait_state};
use sekisho_tests::said;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Terminal;

use crate::screen::Shown;

#[test]
fn s2_8_who_leaves_the_seat_leaves_a_hidden_screen_and_a_locked_session() {
    let mut shown = Shown::working("riseki");
    let scene = &mut shown.room.scene;
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    // Nobody at work for longer than policy says.
    scene.clock.pass(Duration::from_secs(301));
    wait_state(&scene.terminal, SessionState::Locked);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "locked");
    shown.assert_hidden();
    shown.open_screen();
    let scene = &mut shown.room.scene;
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "locked", "an open screen is no open session");
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");

    // The card is taken along.
    pull(&scene.terminal, &mut scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "no_card");
    shown.assert_hidden();
    let scene = &mut shown.room.scene;
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "pin_needed");
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
}

#[test]
fn s2_11_3_a_machine_that_was_not_registered_gets_no_session() {
    let mut scene = Scene::new("mitouroku");
    // It has the program, and an invitation; nobody has signed for it.
    let mut stranger = Terminal::new(&scene.scratch.folder("t2"), &scene.clock);
    let code = scene.desk.file("x.code");
    scene.desk.run(&["terminal", "invite", "jumin-2", "--out", code.to_str().unwrap()]);
    stranger.enrol(&code);
    stranger.start();
    insert(&stranger, &mut scene.clerk);
    let asked = stranger.client().prompt(&PromptRequest::login());
    let opened = asked.is_ok_and(|_| sekisho_tests::clerk::try_login(&stranger, &scene.clerk) == "granted");
    assert!(!opened);
    assert_ne!(verdict_of_any(&stranger), "granted");
    pull(&stranger, &mut scene.clerk);

    // One that was registered, and is not any more.
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.desk.run(&["terminal", "retire", "jumin-1"]);
    sekisho_tests::wait::until("the end of it", || {
        (!matches!(verdict_of_any(&scene.terminal).as_str(), "granted")).then_some(())
    });
}

/// The verdict, or the error that stands in its place.
fn verdict_of_any(terminal: &Terminal) -> String {
    match terminal.client().authorize(&sekisho_tests::clerk::request("juminhyo.issue")) {
        Ok(answer) => answer.verdict.code,
        Err(error) => error.to_string(),
    }
}

/// A call by an account that is nobody's.
fn as_nobody(program: &std::path::Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(program).args(arguments);
    let (status, said) = said::run("setpriv", &mut command, "");
    (status.success(), said)
}

#[test]
fn s2_13_an_account_without_privilege_reads_no_state_of_the_system() {
    let mut scene = Scene::new("joutai");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    std::fs::set_permissions(scene.scratch.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let program = scene.scratch.path().join("sekisho");
    std::fs::copy(sekisho_tests::binaries::program("sekisho"), &program).unwrap();
    let socket = scene.terminal.socket();
    let (_, said) = as_nobody(&program, &["--lang", "en", "--socket", socket.to_str().unwrap(), "status", "--json"]);
    for secret in ["10023", "田中", "jumin-1", "白樺町", "juminhyo"] {
        assert!(!said.contains(secret), "'{secret}' is told to nobody: {said}");
    }
    assert!(both_own(&scene).contains("10023"), "and to whom it belongs it is");
    // Nor of the ledger: its files, its numbers, its registers.
    for place in [scene.ledger.data().to_owned(), scene.terminal.state(), scene.desk.file("home")] {
        let (read, said) = as_nobody("/bin/ls".as_ref(), &[place.to_str().unwrap()]);
        assert!(!read && said.contains("Permission denied"), "{}: {said}", place.display());
    }
    for route in ["/v1/register/entries", "/v1/search", "/v1/records/0/evidence", "/v1/terminals"] {
        let url = format!("https://127.0.0.1:{}{route}", scene.ledger.port());
        let ask = "import ssl, sys, urllib.request, urllib.error\n\
            context = ssl._create_unverified_context()\n\
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))\n\
            try: print(opener.open(sys.argv[1]).status)\n\
            except urllib.error.HTTPError as error: print(error.code)\n";
        let (_, said) = as_nobody("/usr/bin/python3".as_ref(), &["-c", ask, &url]);
        assert!(["401", "403", "404", "405"].contains(&said.trim()), "{route}: {said}");
    }
}

fn both_own(scene: &Scene) -> String {
    sekisho_tests::ledger::both(&scene.terminal.sekisho(&["status", "--json"]).output().unwrap())
}
