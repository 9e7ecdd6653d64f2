//! Logins, lockers and sudo through the PAM module: the right card and PIN, and nothing else.

use std::process::Command;
use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, wait_state, wait_tries};
use sekisho_tests::login::{Attempt, Stanzas};
use sekisho_tests::said::run;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;

/// Accounts of every Debian machine, for want of people: the clerk of the residents' section, and nobody's.
const CLERK: &str = "games";
const STRANGER: &str = "news";

/// A town whose clerk (10023) has the account [`CLERK`].
fn town(story: &str) -> (Scene, Stanzas) {
    let scene = Scene::new(story);
    let stanzas = Stanzas::new(&scene.scratch.folder("pam.d"), &scene.terminal);
    let accounts = scene.scratch.path().join("accounts");
    std::fs::write(&accounts, format!("# of this story\n10023 {CLERK}\n")).unwrap();
    let personal = format!("account=personal accounts={}", accounts.display());
    let personal = ("account=personal", personal.as_str());
    stanzas.example("login", "login", &[personal]);
    stanzas.example("swaylock", "swaylock", &[personal, ("wait=5", "wait=0")]);
    stanzas.example("sudo", "sudo", &[personal, ("terminal.admin", "inkan.register")]);
    stanzas.example("greetd", "kiosk", &[("shared:kiosk", &format!("shared:{CLERK}"))]);
    (scene, stanzas)
}

/// Goes through the steps with this typed; gives whether they went well, and what was said.
fn go(stanzas: &Stanzas, service: &str, user: &str, steps: &[&str], typed: &str) -> (bool, String) {
    let (ended, said) = run("pamtester", &mut stanzas.steps(service, user, steps), &format!("{typed}\n"));
    (ended.success(), said)
}

/// What the book says of logins without a card, oldest first.
fn without_card(scene: &Scene) -> Vec<String> {
    wait_sealed(&scene.terminal);
    let mut rows = scene.search(&["--terminal", "jumin-1", "--kind", "break_glass"]);
    rows.reverse();
    rows.iter().map(|row| row["what"].as_str().unwrap().to_owned()).collect()
}

fn kinds(scene: &Scene) -> Vec<String> {
    wait_sealed(&scene.terminal);
    let mut rows = scene.search(&["--terminal", "jumin-1"]);
    rows.reverse();
    rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_card_and_its_pin_let_in_and_logging_out_ends_the_session() {
    let (mut scene, stanzas) = town("pamlogin");
    let pin = scene.clerk.pin();
    let mut attempt = Attempt::begin(stanzas.steps("login", CLERK, &["authenticate", "acct_mgmt"]));
    attempt.wait_said("Insert your operator card.");
    insert(&scene.terminal, &mut scene.clerk);
    attempt.wait_said("PIN: ");
    let (code, said) = attempt.finish(&pin);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("田中 さくら") && said.contains("5 tries left") && !said.contains(&pin), "{said}");
    wait_state(&scene.terminal, SessionState::Open);
    let session = |scene: &Scene| scene.terminal.client().status().unwrap().session.map(|session| session.id);
    let opened = session(&scene);

    // Whoever comes to an open session proves himself: it is locked, and the PIN opens it again.
    let wrong = go(&stanzas, "swaylock", CLERK, &["authenticate"], "#Wrong#1");
    assert!(!wrong.0 && wrong.1.contains("tries left: 4"), "{}", wrong.1);
    wait_state(&scene.terminal, SessionState::Locked);
    assert!(!go(&stanzas, "login", CLERK, &["acct_mgmt"], "").0, "a locked session is not enough");
    let right = go(&stanzas, "swaylock", CLERK, &["authenticate"], &pin);
    assert!(right.0, "{}", right.1);
    assert_eq!(session(&scene), opened);

    let steps = ["authenticate", "acct_mgmt", "open_session", "close_session"];
    let whole = go(&stanzas, "login", CLERK, &steps, &pin);
    assert!(whole.0, "{}", whole.1);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    let after_clerk = kinds(&scene);
    let told: Vec<&str> = after_clerk
        .iter()
        .map(String::as_str)
        .filter(|kind| kind.contains("ock") || kind.contains("session"))
        .collect();
    let expected = ["session_opened", "locked", "session_unlocked", "locked", "session_unlocked", "session_closed"];
    assert_eq!(told, expected);
}

#[test]
fn another_person_s_card_or_account_or_place_is_refused_before_the_pin() {
    let (mut scene, stanzas) = town("pamother");
    insert(&scene.terminal, &mut scene.other);
    let before = scene.other.card.apdus();
    let pin = scene.other.pin();
    for (service, user, part) in [
        ("login", CLERK, "does not open this account"),
        ("login", STRANGER, "no card opens this account"),
        ("greetd", "root", "no card opens this account"),
        ("greetd", "nobody-of-this-name", "no such user"),
    ] {
        let (let_in, said) = go(&stanzas, service, user, &["authenticate"], &pin);
        assert!(!let_in && said.contains(part) && !said.contains("PIN: "), "{service} {user}: {said}");
    }
    let mut from_afar = stanzas.steps_with(&["-I", "rhost=192.0.2.1"], "greetd", CLERK, &["authenticate"]);
    let (ended, said) = run("pamtester", &mut from_afar, &pin);
    assert!(!ended.success() && said.contains("over the network"), "{said}");
    assert_eq!(scene.other.card.verifications_from(before), 0);
    // Any operator's card opens the account that all share.
    let (let_in, said) = go(&stanzas, "greetd", CLERK, &["authenticate", "acct_mgmt"], &pin);
    assert!(let_in, "{said}");
}

#[test]
fn wrong_pins_are_told_in_japanese_and_never_tried_twice() {
    let (mut scene, stanzas) = town("pamwrong");
    insert(&scene.terminal, &mut scene.clerk);
    let before = scene.clerk.card.apdus();
    let tell = |pin: &str| {
        let mut steps = stanzas.steps("login", CLERK, &["authenticate"]);
        run("pamtester", steps.env("LC_ALL", "ja_JP.UTF-8"), &format!("{pin}\n")).1
    };
    assert!(tell("12345").contains("カードには送られていません"), "no PIN at all");
    for left in [4, 3, 2] {
        let said = tell("#Wrong#1");
        assert!(said.contains("暗証番号: ") && said.contains(&format!("残り{left}回)")), "{said}");
    }
    assert_eq!(scene.clerk.card.verifications_from(before), 3);
    let (_, said) = go(&stanzas, "login", CLERK, &["authenticate"], &scene.clerk.pin());
    assert!(said.contains("maximum number of retries") && !said.contains("PIN: "), "{said}");
    assert_eq!(scene.clerk.card.verifications_from(before), 3, "a fourth is not sent in this insertion");
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.clerk);
    assert!(tell("#Wrong#1").contains("残り1回)"));
    let blocked = tell("#Wrong#1");
    assert!(blocked.contains("閉塞しています") && blocked.contains("maximum number of retries"), "{blocked}");
}

#[test]
fn sudo_asks_for_the_pin_each_time_and_leaves_a_decision() {
    let (mut scene, stanzas) = town("pamsudo");
    insert(&scene.terminal, &mut scene.clerk);
    let pin = scene.clerk.pin();
    let (let_in, said) = go(&stanzas, "sudo", CLERK, &["authenticate"], &pin);
    assert!(!let_in && !said.contains("PIN: "), "without a session there is nothing to authorize: {said}");
    login(&scene.terminal, &scene.clerk);
    for (typed, goes_well) in [(pin.as_str(), true), ("#Wrong#1", false), (pin.as_str(), true)] {
        let (let_in, said) =
            go(&stanzas, "sudo", CLERK, &["authenticate", "acct_mgmt", "open_session", "close_session"], typed);
        assert_eq!(let_in, goes_well, "{said}");
        assert!(said.contains("PIN: "), "{said}");
        wait_state(&scene.terminal, SessionState::Open);
    }
    wait_sealed(&scene.terminal);
    let decided = scene.search(&["--terminal", "jumin-1", "--kind", "decision", "--function", "inkan.register"]);
    let granted = decided.iter().filter(|row| row["what"].as_str().unwrap_or_default().contains("granted")).count();
    assert_eq!(granted, 2, "{decided:?}");
    wait_tries(&scene.terminal, 5);
}

#[test]
fn without_the_agent_nobody_is_let_in_and_nothing_hangs_or_dies() {
    let (mut scene, stanzas) = town("pamdead");
    insert(&scene.terminal, &mut scene.clerk);
    let pin = scene.clerk.pin();
    // It dies while the PIN is being typed: a login program must not be killed by our pipe.
    let mut attempt = Attempt::begin(stanzas.steps("login", CLERK, &["authenticate"]));
    attempt.wait_said("PIN: ");
    scene.terminal.kill(Part::Agent);
    let (code, said) = attempt.finish(&pin);
    assert_eq!(code, Some(1), "{said}");
    let (let_in, said) = go(&stanzas, "login", CLERK, &["authenticate"], &pin);
    assert!(!let_in && said.contains("the agent does not answer"), "{said}");
    scene.terminal.start_part(Part::Agent);
    sekisho_tests::scene::wait_fresh(&scene.terminal);
    sekisho_tests::clerk::wait_card(&scene.terminal, true);
    // Who gives up spends no try, and holds no place.
    let (let_in, said) = run("pamtester", &mut stanzas.steps("login", CLERK, &["authenticate"]), "");
    assert!(!let_in.success() && said.contains("PIN: "), "{said}");
    let (let_in, said) = go(&stanzas, "login", CLERK, &["authenticate", "acct_mgmt"], &pin);
    assert!(let_in, "{said}");
    scene.clock.pass(Duration::from_secs(301));
    wait_state(&scene.terminal, SessionState::Locked);
}

#[test]
fn a_login_without_a_card_is_recorded_and_so_is_one_that_no_agent_saw() {
    let (mut scene, stanzas) = town("pamglass");
    let wtmp = scene.scratch.path().join("wtmp");
    let configuration = std::fs::read_to_string(scene.terminal.configuration()).unwrap();
    scene.terminal.configure(&format!("wtmp = {wtmp:?}\n{configuration}"));
    // What the password is matters to pam_unix alone.
    stanzas.example("glass", "login", &[("pam_unix.so", "pam_permit.so")]);
    let steps = ["authenticate", "acct_mgmt", "open_session", "close_session"];
    let (let_in, said) = go(&stanzas, "glass", "root", &steps, "");
    assert!(let_in && !said.contains("WITHOUT") && !said.contains("PIN: "), "{said}");
    let told = without_card(&scene);
    assert!(told.len() == 1 && told[0].contains("root logged in WITHOUT a card"), "{told:?}");

    scene.terminal.kill(Part::Agent);
    let (let_in, said) = go(&stanzas, "glass", "root", &steps, "");
    assert!(let_in && said.contains("will be when the agent starts next"), "{said}");
    assert!(!go(&stanzas, "glass", CLERK, &steps, "").0, "who is not behind the glass needs the agent");
    // Root mends a terminal whose agent is dead.
    stanzas.example("mend", "sudo", &[("pam_unix.so", "pam_permit.so")]);
    assert!(go(&stanzas, "mend", "root", &["authenticate", "acct_mgmt", "open_session"], "").0);
    assert!(!go(&stanzas, "mend", CLERK, &["authenticate"], "").0);
    assert!(!go(&stanzas, "mend", CLERK, &["acct_mgmt"], "").0);
    // The machine's own tool writes its list: one login before the last record, two after it, one of whom no password lets in.
    let entry = |user: &str, at: &str| {
        format!("[7] [00042] [1   ] [{user}] [tty1        ] [  ] [0.0.0.0        ] [{at}+00:00]\n")
    };
    let now = String::from_utf8(Command::new("date").args(["-u", "+%FT%T,%6N"]).output().unwrap().stdout).unwrap();
    let entries: String = [("root", "2026-01-05T09:00:00,000000"), ("root", now.trim()), (CLERK, now.trim())]
        .map(|(user, at)| entry(user, at))
        .concat();
    let mut dump = Command::new("sh");
    dump.args(["-c", "utmpdump -r > \"$0\""]).arg(&wtmp);
    assert!(run("utmpdump", &mut dump, &entries).0.success());
    scene.terminal.start_part(Part::Agent);
    let found = without_card(&scene);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].contains("root logged in WITHOUT a card") && found[1].contains("while no agent ran"), "{found:?}");

    // A card opened this one: it is on record as what it is.
    insert(&scene.terminal, &mut scene.clerk);
    sekisho_tests::scene::wait_fresh(&scene.terminal);
    let (let_in, said) = go(&stanzas, "login", CLERK, &steps, &scene.clerk.pin());
    assert!(let_in, "{said}");
    assert_eq!(without_card(&scene).len(), 2);

    // Who is behind the glass gets in past a card that is in, whether it can be used or not; and it is on record.
    let (let_in, said) = go(&stanzas, "glass", "root", &steps, "");
    assert!(let_in && !said.contains("PIN: "), "{said}");
    assert_eq!(without_card(&scene).len(), 3);
    pull(&scene.terminal, &mut scene.clerk);
    scene.clerk.card.be_difficult(Some("mute"));
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.terminal.pcscd.wait_slot(0, true);
    assert!(go(&stanzas, "glass", "root", &steps, "").0);
    assert_eq!(without_card(&scene).len(), 4);
}
