//! The line between a terminal and the ledger is dead for days: records go on a stick, and the ledger's proof comes back (STICK.md).

use std::path::Path;
use std::time::Duration;

use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of};
use sekisho_tests::history;
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::wait;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn records(terminal: &Terminal, act: &str, arguments: &[&Path]) -> std::process::Output {
    terminal.agent("records").arg(act).args(arguments).output().expect("cannot start sekisho-agent")
}

/// How many records the ledger has of the terminal.
fn at_ledger(scene: &Scene) -> i64 {
    history::stored(&scene.ledger, "jumin-1")
}

#[test]
fn records_go_by_hand_where_the_line_is_dead_and_what_is_proved_lets_work_go_on() {
    let mut scene = Scene::new("by-hand");
    let kept = std::fs::read_to_string(scene.terminal.configuration()).unwrap();
    scene.terminal.configure(&format!("{kept}\n[journal]\ndays_unsent = 1\n"));
    scene.terminal.stop();
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    wait_sealed(&scene.terminal);
    let file = scene.desk.file("jumin-1.records");
    let seals = scene.desk.file("jumin-1.records.seals");
    let nothing = records(&scene.terminal, "export", &[&file]);
    assert!(!nothing.status.success() && both(&nothing).contains("all records are sealed"), "{}", both(&nothing));

    scene.terminal.stop_part(Part::Forwarder);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    for _ in 0..20 {
        assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    }
    scene.clock.pass(DAY + Duration::from_secs(60 * 60));
    let mut client = scene.terminal.client();
    wait::until("the end of the session", || client.status().ok()?.session.is_none().then_some(()));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "unsent_too_long");

    let before = at_ledger(&scene);
    succeeded("records export", &records(&scene.terminal, "export", &[&file]));
    let carried = std::fs::read_to_string(&file).unwrap();
    assert!(!carried.contains("juminhyo") && !carried.contains(&scene.clerk.pin()), "nothing is readable on the stick");
    // Refused as a whole: nobody's file is overwritten, and the wrong way round is told.
    let again = records(&scene.terminal, "export", &[&file]);
    assert!(!again.status.success() && both(&again).contains("there is a file of that name"), "{}", both(&again));
    let wrong = records(&scene.terminal, "import", &[&file]);
    assert!(!wrong.status.success() && both(&wrong).contains("on their way to the ledger"), "{}", both(&wrong));
    assert_eq!(at_ledger(&scene), before);

    let said = scene.desk.run(&["records", "carry", file.to_str().unwrap()]);
    assert!(said.contains("records import"), "{said}");
    let carried = at_ledger(&scene);
    assert!(carried >= before + 22, "{before} {carried}: opening, twenty grants, the end");
    let log = scene.search(&["--function", "juminhyo.issue", "--verdict", "granted"]);
    assert_eq!(log.len(), 20, "they can be searched before the terminal knows");
    // Nothing at the terminal believes it yet.
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "unsent_too_long");
    let unsealed = client.status().unwrap().unsealed;
    succeeded("records import", &records(&scene.terminal, "import", &[&seals]));
    let state = client.status().unwrap();
    assert!(state.unsealed + 20 < unsealed && state.unsent == state.unsealed, "{state:?}");
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    let old = records(&scene.terminal, "import", &[&seals]);
    assert!(!old.status.success(), "{}", both(&old));

    // The line comes back: exactly once all the same.
    pull(&scene.terminal, &mut scene.clerk);
    scene.terminal.start_part(Part::Forwarder);
    wait_sealed(&scene.terminal);
    let _ = history::assert_once_each(&scene.ledger);
    scene.ledger.assert_sound();
    scene.desk.assert_verified();
}

#[test]
fn what_a_stick_lost_or_somebody_altered_is_told_and_what_is_whole_arrives() {
    let mut scene = Scene::new("stick");
    wait_sealed(&scene.terminal);
    scene.terminal.stop_part(Part::Forwarder);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let (file, torn) = (scene.desk.file("a.records"), scene.desk.file("torn.records"));
    succeeded("records export", &records(&scene.terminal, "export", &[&file]));
    let text = std::fs::read_to_string(&file).unwrap();
    let whole = text.trim_end().rsplit_once('\n').unwrap().0;
    std::fs::write(&torn, format!("{whole}\n")).unwrap();
    let carry = |file: &Path| scene.desk.try_run(&["records", "carry", file.to_str().unwrap()]);

    // One bit of an envelope.
    let forged = scene.desk.file("forged.records");
    let at = whole.rfind("\"}").unwrap() - 20;
    let mut bytes = text.clone().into_bytes();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&forged, bytes).unwrap();
    let before = at_ledger(&scene);
    let said = carry(&forged);
    assert!(!said.status.success(), "{}", both(&said));
    assert_eq!(at_ledger(&scene), before, "nothing of it is stored");

    let said = carry(&torn);
    assert!(!said.status.success() && both(&said).contains("ends too early"), "{}", both(&said));
    assert!(at_ledger(&scene) > before, "what is whole has arrived");
    let seals = scene.desk.file("torn.records.seals");
    let proof = std::fs::read_to_string(&seals).unwrap();

    // A proof that somebody altered, and one for another terminal.
    let bad = scene.desk.file("bad.seals");
    for (from, to, told) in [
        ("\"count\":", "\"count\":1", "cannot take the seal"),
        ("\"terminal\":\"jumin-1\"", "\"terminal\":\"jumin-2\"", "those of terminal jumin-2"),
    ] {
        assert!(proof.contains(from));
        std::fs::write(&bad, proof.replace(from, to)).unwrap();
        let said = records(&scene.terminal, "import", &[&bad]);
        assert!(!said.status.success() && both(&said).contains(told), "{}", both(&said));
    }
    succeeded("records import", &records(&scene.terminal, "import", &[&seals]));
    // Carried twice, stored once.
    let again = scene.desk.file("again.seals");
    scene.desk.run(&["records", "carry", file.to_str().unwrap(), "--seals", again.to_str().unwrap()]);
    scene.terminal.start_part(Part::Forwarder);
    wait_sealed(&scene.terminal);
    let _ = history::assert_once_each(&scene.ledger);
    let alarms = scene.search(&["--kind", "alarm"]);
    assert!(alarms.is_empty(), "a bad stick is no alarm: {alarms:?}");
}
