//! What waits is told by a program of the office's own: once, again when nobody answered, again when it is overdue, and no more when it is done.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use sekisho_tests::binaries::checkout;
use sekisho_tests::clock::live_by;
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::ports::free_port;
use sekisho_tests::scene::Scene;

/// A program that writes down what it is told, and ends as the file beside it says.
fn program(scene: &Scene) -> (PathBuf, PathBuf) {
    let folder = scene.scratch.folder("tell");
    let (program, heard) = (folder.join("tell"), folder.join("heard"));
    let text = format!(
        "#!/bin/sh\n[ ! -e {0}/broken ] || exit 3\n{{ echo \"$SEKISHO_STAGE|$SEKISHO_TO|$SEKISHO_SUBJECT\"; cat; }} >> {0}/heard\n",
        folder.display()
    );
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(&heard, "").unwrap();
    (program, heard)
}

fn tell(scene: &Scene, more: &[&str]) -> Output {
    let mut command: Command = scene.ledger.command("tell");
    live_by(scene.clock.file(), &mut command);
    command.args(more).output().unwrap()
}

#[test]
fn what_waits_is_told_once_and_again_when_nobody_answers() {
    let scene = Scene::new("told");
    let (program, heard) = program(&scene);
    let call = ["--", program.to_str().unwrap()];
    let told = || {
        std::fs::write(&heard, "").unwrap();
        succeeded("sekisho-ledger tell", &tell(&scene, &call));
        std::fs::read_to_string(&heard).unwrap()
    };
    told();
    assert_eq!(told(), "", "nothing is told twice");
    scene.decide(&["case", "open", "incident", "class=failure", "level=3", "kind=failure", "circumstances=停電"]);
    // Only said, not told.
    let shown = both(&tell(&scene, &[]));
    assert!(shown.contains("[関所] 白樺町") && shown.contains("data_protection_manager"), "{shown}");
    assert_eq!(std::fs::read_to_string(&heard).unwrap(), "", "without a program nobody is told");

    // A program that fails is asked again.
    let broken = program.with_file_name("broken");
    std::fs::write(&broken, "").unwrap();
    let output = tell(&scene, &call);
    assert_eq!(output.status.code(), Some(1), "{}", both(&output));
    assert!(both(&output).contains("exit status: 3") && both(&output).contains("tried again"), "{}", both(&output));
    std::fs::remove_file(&broken).unwrap();
    let said = told();
    assert!(said.contains("waits|") && said.contains("data_protection_manager"), "{said}");
    assert!(!said.contains("鈴木") && !said.contains("停電"), "neither names nor what is written by hand: {said}");
    assert_eq!(told(), "");

    scene.clock.pass(Duration::from_secs(3600));
    let said = told();
    assert!(said.contains("overdue|data_protection_manager|"), "an hour is the time for it: {said}");
    sekisho_tests::scene::wait_fresh(&scene.terminal);
    scene.decide(&["case", "step", &format!("incident-{}-1", scene.clock.fiscal_year()), "acknowledge"]);
    scene.clock.pass(Duration::from_secs(3600));
    let said = told();
    assert!(!said.contains("受領"), "who has acknowledged hears no more: {said}");
}

#[test]
fn the_example_sends_a_mail_to_whom_the_role_belongs() {
    let scene = Scene::new("mailed");
    scene.decide(&["case", "open", "incident", "class=failure", "level=3", "kind=failure", "circumstances=停電"]);
    let etc = scene.scratch.folder("etc");
    let port = free_port();
    let inbox = scene.scratch.path().join("mail");
    let server = r"
import socket, sys
s = socket.create_server(('127.0.0.1', int(sys.argv[1])))
while True:
    c, _ = s.accept(); f = c.makefile('rwb', 0)
    f.write(b'220 x\r\n'); body = False; lines = []
    for line in f:
        lines.append(line)
        if body:
            if line == b'.\r\n': body = False; f.write(b'250 ok\r\n')
        elif line.upper().startswith(b'DATA'): body = True; f.write(b'354 go\r\n')
        elif line.upper().startswith(b'QUIT'): f.write(b'221 bye\r\n'); break
        else: f.write(b'250 ok\r\n')
    open(sys.argv[2], 'ab').writelines(lines); c.close()
";
    let mut server = Command::new("python3").args(["-c", server, &port.to_string()]).arg(&inbox).spawn().unwrap();
    std::fs::write(etc.join("mail"), format!("smtp://127.0.0.1:{port}\nsekisho@town.example.lg.jp\n")).unwrap();
    std::fs::write(
        etc.join("addresses"),
        "data_protection_manager hogo@town.example.lg.jp\n* soumu@town.example.lg.jp\n",
    )
    .unwrap();
    let example = checkout().join("ledger/examples/tell-by-mail");
    let mut command = scene.ledger.command("tell");
    live_by(scene.clock.file(), &mut command);
    command.env("SEKISHO_TELL_ETC", &etc).arg("--").arg(&example);
    sekisho_tests::wait::until("the mail server", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    let output = command.output().unwrap();
    let sent = std::fs::read_to_string(&inbox).unwrap_or_default();
    server.kill().unwrap();
    server.wait().unwrap();
    succeeded("sekisho-ledger tell", &output);
    for word in ["RCPT TO:<hogo@town.example.lg.jp>", "RCPT TO:<soumu@town.example.lg.jp>", "Subject: =?utf-8?B?"] {
        assert!(sent.contains(word), "{word}: {sent}");
    }
}
