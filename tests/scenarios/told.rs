//! What waits is told by a program of the office's own: once, again when nobody answered, again when it is overdue, and by then the deputy, and no more when it is done.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use sekisho_tests::binaries::checkout;
use sekisho_tests::browser::Browser;
use sekisho_tests::clock::live_by;
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::ports::free_port;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;

use crate::console::{Companion, authority, begins, ends};

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

    // One of two is acknowledged within the hour that there is for it.
    scene.decide(&["case", "open", "incident", "class=failure", "level=3", "kind=failure", "circumstances=停電"]);
    told();
    scene.decide(&["case", "step", &format!("incident-{}-1", scene.clock.fiscal_year()), "acknowledge"]);
    scene.clock.pass(Duration::from_secs(3600));
    let said = told();
    assert!(said.contains("overdue|data_protection_manager|"), "an hour is the time for it: {said}");
    let late: Vec<&str> = said.lines().filter(|line| line.contains("受領")).collect();
    let of = |number: &str| late.iter().any(|line| line.contains(number));
    assert!(of("第2号") && !of("第1号"), "who has acknowledged hears no more: {said}");
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

/// Whom the messages with these words were for.
fn told_to(heard: &str, words: &str) -> Vec<String> {
    let (mut of, mut to) = (String::new(), Vec::new());
    for line in heard.lines() {
        if let [_, whom, subject] = line.splitn(3, '|').collect::<Vec<_>>()[..]
            && subject.starts_with("[関所]")
        {
            whom.clone_into(&mut of);
        }
        if line.contains(words) {
            to.push(of.clone());
        }
    }
    to
}

/// What stands on the first page of the console about these words, for whoever signs now.
fn at_the_console(scene: &Scene, browser: &mut Browser, words: &str, log: &str) -> String {
    let companion = Companion::start(scene, log, &[]);
    begins(browser, &companion.link);
    let rows = format!(
        "[...document.querySelectorAll('tbody tr')].map(row => row.innerText).filter(text => text.includes('{words}')).join('\\n')"
    );
    let said = browser.look(&rows).as_str().unwrap().to_owned();
    ends(browser, companion);
    said
}

#[test]
fn after_an_hour_it_goes_to_the_deputy_by_mail_at_the_desk_and_at_the_console() {
    let mut scene = Scene::new("told-deputy");
    scene.apply_by_two(
        "[[operator]]\noperator = \"20003\"\nname = \"代理 一\"\nsection = \"jumin\"\nto = \"2056-03-31\"\n\
         [[hold_post]]\npost = \"joho-kacho\"\noperator = \"20003\"\ndeputy = true\n",
    );
    let card = scene.signing_card("20003");
    let former = scene.desk.signer();
    scene.desk.sign_with(card);
    scene.desk.sign_by(&former);
    let (program, heard) = program(&scene);
    let call = ["--", program.to_str().unwrap()];
    let told = |scene: &Scene| {
        std::fs::write(&heard, "").unwrap();
        succeeded("sekisho-ledger tell", &tell(scene, &call));
        std::fs::read_to_string(&heard).unwrap()
    };
    told(&scene);
    scene.decide(&["case", "open", "incident", "class=failure", "level=3", "kind=failure", "circumstances=停電"]);
    let at_once = told_to(&told(&scene), "受領");
    assert!(at_once.iter().any(|to| to == "data_protection_manager"), "at once: {at_once:?}");
    assert!(at_once.iter().all(|to| !to.contains("deputy:")), "{at_once:?}");
    let at_the_desk = |scene: &Scene| {
        let rows = scene.desk.list_in("ja", &["today", "--mine"]);
        rows.iter().any(|row| row["what"].as_str().unwrap().contains("受領"))
    };
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));
    assert!(at_the_desk(&scene), "the holder's at once");
    scene.desk.sign_by("20003");
    assert!(!at_the_desk(&scene), "not the deputy's yet");
    let shown = at_the_console(&scene, &mut browser, "受領", "before.log");
    assert!(shown.contains("データ保護管理者") && !shown.contains("あなた"), "{shown}");

    // The hour in which it is to be done is over at the same moment: it is overdue, and the deputy's all the same.
    scene.clock.pass(Duration::from_secs(3600));
    sekisho_tests::scene::wait_fresh(&scene.terminal);
    let later = told_to(&told(&scene), "受領");
    assert!(later.iter().any(|to| to == "data_protection_manager deputy:data_protection_manager"), "{later:?}");
    assert_eq!(told_to(&told(&scene), "受領"), [""; 0], "once");
    assert!(at_the_desk(&scene), "the deputy's by now");
    let shown = at_the_console(&scene, &mut browser, "受領", "after.log");
    assert!(shown.contains("あなた"), "{shown}");
}

/// Waits until a ledger that was started has looked around once: what was silent before that, it missed itself.
fn has_looked_around(scene: &Scene) {
    let written = || std::fs::metadata(scene.ledger.data().join("watched.json")).and_then(|file| file.modified()).ok();
    for what in ["the first look", "the second look"] {
        let before = written();
        sekisho_tests::wait::until(what, || written().filter(|now| Some(*now) != before));
    }
}

#[test]
fn what_the_ledger_sees_stands_at_the_desk_and_is_told() {
    let mut scene = Scene::new("watched");
    // A disk on which nothing is free enough.
    scene.ledger.stop();
    let config = scene.ledger.data().join("ledger.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("disk_free_mib = 2048", "disk_free_mib = 1000000000");
    std::fs::write(&config, text).unwrap();
    scene.ledger.serve();
    sekisho_tests::scene::wait_fresh(&scene.terminal);
    has_looked_around(&scene);
    scene.terminal.kill(Part::Forwarder);
    scene.clock.pass(Duration::from_secs(15 * 60));
    let row = |words: &str| {
        sekisho_tests::wait::until(words, || {
            let rows = scene.desk.list(&["today"]);
            rows.into_iter().find(|row| row["what"].as_str().unwrap().contains(words))
        })
    };
    let silent = row("terminal jumin-1 was last heard at");
    assert_eq!((silent["do"].as_str(), silent["mine"].as_str()), (Some("sekisho-admin terminal behind"), Some("yes")));
    let disk = row("the ledger's disk is nearly full");
    assert_eq!(disk["do"], "sekisho-ledger status");
    sekisho_tests::wait::until("both in a message", || {
        let said = both(&tell(&scene, &[]));
        ["端末機 jumin-1 からの最後の通信", "台帳のディスクの空き"]
            .iter()
            .all(|words| said.contains(words))
            .then_some(())
    });

    // Two weeks later nobody has used a card but who looks now.
    scene.clock.pass(Duration::from_secs(15 * 24 * 3600));
    scene.desk.run(&["card", "list"]);
    let unused = sekisho_tests::wait::until("cards that nobody used", || {
        let rows = scene.desk.list(&["card", "list", "--unused"]);
        Some(rows).filter(|rows| !rows.iter().any(|row| row.to_string().contains("20001")))
    });
    assert!(unused.iter().any(|row| row.to_string().contains("10023")), "{unused:?}");
    let todo = row("was not used for two weeks");
    assert_eq!(todo["do"], "sekisho-admin card list --unused");
}
