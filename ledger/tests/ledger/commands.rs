//! The binary itself: what it prints, how it exits, and that it can be killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use sekisho_ledger::code::Code as LedgerCode;

use crate::client::Client;
use crate::town::{Town, empty_ledger, scratch};

fn ledger(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho-ledger")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn serve(root: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho-ledger"));
    let mut child = command.arg("serve").arg("--data").arg(root).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("listens on")), "it never listened");
    child
}

#[test]
fn init_and_founding_code_speak_two_languages_and_keep_secrets_private() {
    use std::os::unix::fs::PermissionsExt;
    let root = scratch();
    let data = root.to_str().unwrap();
    let made =
        ledger(&["init", "--data", data, "--name", "ledger.test", "--listen", "127.0.0.1:9", "--host", "localhost"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("作成しました"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root), 0o700);
    for file in ["master.key", "payload.key", "envelope.key", "authority.key", "ledger.toml"] {
        assert_eq!(mode(&root.join(file)), 0o600, "{file}");
    }
    let out = root.join("founding.txt");
    let given = ledger(&["founding-code", "--data", data, "--valid", "2h", "--out", out.to_str().unwrap()]);
    assert!(given.status.success() && given.stdout.is_empty());
    assert_eq!(mode(&out), 0o600);
    assert!(LedgerCode::from_line(&std::fs::read_to_string(&out).unwrap()).is_some());
    let again =
        ledger(&["init", "--data", data, "--name", "ledger.test", "--listen", "127.0.0.1:9", "--host", "localhost"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("there is one already") && text(&again.stderr).contains("別のディレクトリ"));
}

#[test]
fn a_wrong_configuration_names_file_line_and_key() {
    let (root, data) = empty_ledger();
    let config = std::fs::read_to_string(data.config()).unwrap().replace("tick_ms", "tick_seconds");
    std::fs::write(data.config(), config).unwrap();
    let refused = ledger(&["serve", "--data", root.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("ledger.toml, line 4, key 'tick_seconds'") && said.contains("修正"), "{said}");
}

#[test]
fn fsck_says_by_its_exit_whether_the_book_is_sound() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    let data = town.root.to_str().unwrap().to_owned();
    let sound = ledger(&["fsck", "--data", &data]);
    assert_eq!(sound.status.code(), Some(0), "{}", text(&sound.stdout));
    assert!(text(&sound.stdout).contains("異常なし"));
    let other = ledger(&["fsck", "--data", &data, "--office", &"00".repeat(16)]);
    assert_eq!(other.status.code(), Some(2));
    let connection = rusqlite::Connection::open(town.data.database()).unwrap();
    connection.execute("UPDATE records_1 SET payload = zeroblob(90) WHERE idx = 2", []).unwrap();
    let wrong = ledger(&["fsck", "--data", &data, "--office", &town.office.to_string()]);
    assert_eq!(wrong.status.code(), Some(1));
    let said = text(&wrong.stdout);
    assert!(said.contains("entry 2 (jumin-1, epoch 0, seq 2)") && said.contains("2 番"), "{said}");
    let gone = ledger(&["fsck", "--data", "/nowhere"]);
    assert_eq!(gone.status.code(), Some(2));
    let status = ledger(&["status", "--data", &data]);
    assert!(text(&status.stdout).contains("records: 3 entries, 3 signed"), "{}", text(&status.stdout));
}

#[test]
fn a_person_who_waits_for_fsck_sees_how_far_it_is_and_a_file_is_not_filled_with_it() {
    let mut town = Town::new();
    town.send(30);
    town.publish();
    let data = town.root.to_str().unwrap().to_owned();
    // A terminal of its own, which `script` makes: both outputs are on it.
    let line = format!("{} fsck --data {data}", env!("CARGO_BIN_EXE_sekisho-ledger"));
    let shown = Command::new("script").args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output().unwrap();
    let shown = text(&shown.stdout);
    // Thirty records, and the two acts that made the office and its terminal.
    assert!(shown.starts_with("\r\x1b[Kchecking entries（検査中）: 0 / 32, 0 %"), "{shown:?}");
    let (_, found) = shown.rsplit_once("\r\x1b[K").unwrap();
    assert!(found.starts_with("sound: "), "what was found stands on a line of its own: {shown:?}");
    let quiet = ledger(&["fsck", "--data", &data]);
    assert_eq!(text(&quiet.stderr), "", "so short a check says nothing in between");
}

#[test]
fn a_served_ledger_answers_stops_in_order_and_can_be_killed() {
    let (root, data) = empty_ledger();
    let config = sekisho_ledger::config::Config::read(&data.config()).unwrap();
    let authority = std::fs::read(data.authority_certificate()).unwrap();
    for kill in [false, true] {
        let mut child = serve(&root);
        let client = Client::new(config.listen, &authority, None);
        assert_eq!(client.get("/healthz").body, b"ok\n");
        assert_eq!(client.get("/readyz").status, 200);
        let second = ledger(&["serve", "--data", root.to_str().unwrap()]);
        assert!(text(&second.stderr).contains("another process"), "{}", text(&second.stderr));
        if kill {
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            let pid = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            assert!(child.wait().unwrap().success());
        }
    }
    let mut child = serve(&root);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_operator_who_knows_that_nothing_was_put_back_ends_the_wait() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    let (data, office) = (town.root.to_str().unwrap().to_owned(), town.office.to_string());
    let go_on = || ledger(&["go-on", "--data", &data, "--office", &office, "--i-have-checked"]);
    let config = sekisho_ledger::config::Config::read(&town.data.config()).unwrap();
    let Town { ledger: served, root, authority, .. } = town;
    drop(served);
    let idle = go_on();
    assert_eq!(idle.status.code(), Some(2));
    assert!(text(&idle.stderr).contains("the ledger is not running"), "{}", text(&idle.stderr));
    let mut child = serve(&root);
    let ready = || Client::new(config.listen, &authority, None).get("/readyz");
    assert_eq!(ready().body, b"ready; it hears others before it writes\n");
    let status = || text(&ledger(&["status", "--data", &data]).stdout);
    crate::served::until(|| status().contains("waits: 0 of 1 terminals"));
    let ended = go_on();
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    crate::served::until(|| ready().body == b"ready\n");
    assert!(!status().contains("waits") && text(&go_on().stderr).contains("waits for nobody"));
    child.kill().unwrap();
    child.wait().unwrap();
}
