//! Records: of every session and terminal, at hand at any time, unaltered, destroyed by an approval alone.

use std::time::Duration;

use sekisho_ipc::{CompleteRequest, Outcome};
use sekisho_ledger::data::DataDir;
use sekisho_ledger::store::LogName;
use sekisho_tests::clerk::{authorize, insert, login, pull, request, verdict_of};
use sekisho_tests::clock::live_by;
use sekisho_tests::history::{Bytes, assert_once_each, flip};
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::small_disk::SmallDisk;
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

#[test]
fn s4_10_1_4_each_session_and_each_terminal_is_on_record_from_start_to_end() {
    let mut scene = Scene::new("riyou");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let session = scene.terminal.client().status().unwrap().session.unwrap().id;
    let record = authorize(&scene.terminal, "juminhyo.issue").record.unwrap();
    scene.terminal.client().complete(&CompleteRequest { record, items: 3, outcome: Outcome::Done }).unwrap();
    assert_eq!(verdict_of(&scene.terminal, "zei.certificate"), "function_not_for_terminal");
    pull(&scene.terminal, &mut scene.clerk);
    wait_sealed(&scene.terminal);
    let of = |scene: &Scene, kind: &str| scene.search(&["--operator", "10023", "--kind", kind]);
    for kind in ["session_opened", "session_closed", "completed"] {
        let rows = of(&scene, kind);
        assert_eq!(rows.len(), 1, "{kind}: {rows:?}");
    }
    let what = |kind: &str| of(&scene, kind).iter().map(|row| row["what"].to_string()).collect::<String>();
    assert!(what("completed").contains("3 items"), "{}", what("completed"));
    let decisions = what("decision");
    assert!(decisions.contains("juminhyo.issue") && decisions.contains("zei.certificate"), "{decisions}");
    let opened = of(&scene, "session_opened")[0]["index"].as_str().unwrap().to_owned();
    assert!(scene.desk.run(&["records", "show", &opened]).contains(&session), "by the session's id");
    scene.terminal.stop();
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    wait_sealed(&scene.terminal);
    let terminal = |kind: &str| scene.search(&["--terminal", "jumin-1", "--kind", kind]).len();
    assert_eq!((terminal("terminal_up"), terminal("terminal_down")), (2, 1));
}

#[test]
fn s4_10_3_any_slice_is_told_by_one_command_also_while_terminals_are_cut_off() {
    let mut scene = Scene::new("haaku");
    let mut other = scene.another_terminal("t2", "jumin-2");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_sealed(&scene.terminal);
    wait_sealed(&other);
    let today = scene.clock.minute_in(Duration::ZERO)[..10].to_owned();
    let day = ["--since", &today, "--until", &today];
    let slice = |scene: &Scene, more: &[&str]| scene.search(&[&day[..], more].concat()).len();
    let (hers, his) = (slice(&scene, &["--operator", "10023"]), slice(&scene, &["--operator", "10031"]));
    assert!(hers >= 2 && his == 0);
    assert!(slice(&scene, &["--operator", "10023", "--terminal", "jumin-1"]) == hers);
    assert_eq!(slice(&scene, &["--operator", "10023", "--terminal", "jumin-2"]), 0);
    assert_eq!(scene.search(&["--operator", "10023", "--since", "2020-01-01", "--until", "2020-01-02"]).len(), 0);

    // One is cut off, and works on: the answer comes all the same, and says whose records may be missing.
    other.kill(Part::Forwarder);
    insert(&other, &mut scene.other);
    login(&other, &scene.other);
    scene.clock.pass(Duration::from_secs(15 * 60));
    let found = both(&scene.desk.try_run(&[&["records", "search", "--operator", "10023"], &day[..]].concat()));
    assert!(found.contains("juminhyo.issue"), "what is there is told: {found}");
    let gap = found.lines().find(|line| line.contains("jumin-2")).unwrap_or_else(|| panic!("no gap: {found}"));
    assert!(gap.contains("was last heard at") && gap.contains("may have records that have not arrived"), "{gap}");
    assert!(!found.contains("terminal jumin-1 was last heard"), "the other one is heard: {found}");
    other.start_part(Part::Forwarder);
    wait_sealed(&other);
    wait::until("his record", || (slice(&scene, &["--operator", "10031"]) > 0).then_some(()));
}

/// A place in the log where nothing is.
const AWAY: i64 = 1 << 60;

#[test]
fn s4_17_what_is_altered_is_found_and_nothing_is_lost_on_the_way() {
    let mut scene = Scene::new("hogo");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    let mut granted = 0;
    // The line drops in the middle of it, and the ledger with it.
    for round in 0..3 {
        for _ in 0..20 {
            granted += i64::from(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
        }
        scene.terminal.kill(Part::Forwarder);
        if round == 1 {
            scene.ledger.kill();
            scene.ledger.serve();
        }
        scene.terminal.start_part(Part::Forwarder);
    }
    wait_sealed(&scene.terminal);
    let decisions = scene.search(&["--kind", "decision", "--verdict", "granted", "--limit", "500"]);
    assert_eq!(i64::try_from(decisions.len()).unwrap(), granted, "each once");
    let middle = decisions[30]["index"].as_str().unwrap().parse::<i64>().unwrap();
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
    assert!(assert_once_each(&scene.ledger) > granted);

    // One is changed, one is taken out, two change places.
    let copy = |name: &str| scene.ledger.copy_to(&scene.scratch.path().join(name), &scene.clock);
    let changed = copy("changed");
    flip(&changed, Bytes::Payload(LogName::Records, u64::try_from(middle).unwrap()), Some(40));
    let removed = copy("removed");
    let database = |ledger: &sekisho_tests::ledger::Ledger| {
        rusqlite::Connection::open(DataDir::new(ledger.data()).database()).unwrap()
    };
    let rows = database(&removed).execute("DELETE FROM records_1 WHERE idx = ?1", [middle]).unwrap();
    assert_eq!(rows, 1);
    let moved = copy("moved");
    let connection = database(&moved);
    for (from, to) in [(middle, AWAY), (middle + 1, middle), (AWAY, middle + 1)] {
        assert_eq!(connection.execute("UPDATE records_1 SET idx = ?2 WHERE idx = ?1", [from, to]).unwrap(), 1);
    }
    drop(connection);
    let entry = format!("log records, entry {middle}");
    let chain = "the chain is not the one that the terminal signed";
    for (ledger, what, told) in
        [(changed, "changed", &entry[..]), (removed, "removed", &entry), (moved, "moved", chain)]
    {
        let (code, said) = ledger.fsck();
        assert_eq!(code, Some(1), "{what}: {said}");
        assert!(said.contains(told), "{what}: '{told}' is not said: {said}");
    }
}

#[test]
fn s4_19_4_one_command_says_what_is_kept_since_when_where_and_until_when() {
    let mut scene = Scene::new("hokan");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    let mount = scene.scratch.folder("m");
    let _disk = SmallDisk::under(&mount, 64 * 1024);
    let ledger = |words: &[&str], more: &[&str]| {
        let mut command = scene.ledger.program();
        command.args(words).arg("--data").arg(scene.ledger.data()).args(more);
        if words != ["medium", "keep"] {
            live_by(scene.clock.file(), &mut command);
        }
        let output = command.output().unwrap();
        succeeded("sekisho-ledger", &output);
        both(&output)
    };
    ledger(&["medium", "add"], &["--at", mount.to_str().unwrap(), "--name", "A-1"]);
    ledger(&["medium", "keep"], &["--name", "A-1", "--place", "耐火金庫"]);
    ledger(&["backup"], &[]);
    let said = ledger(&["status"], &[]);
    let month = &scene.clock.minute_in(Duration::ZERO)[..7];
    let until = scene.desk.list(&["retention", "list"]);
    for (class, years) in [("access", 7), ("operation", 1), ("administration", 7)] {
        let row = until.iter().find(|row| row["class"] == class).unwrap_or_else(|| panic!("{until:?}"));
        let line = format!("{class}: {month} to ");
        let line = said.lines().find(|said| said.trim_start().starts_with(&line)).unwrap_or_else(|| panic!("{said}"));
        let goes = row["kept_until"].as_str().unwrap();
        assert!(line.contains(&format!("the first may go from {goes}")), "{class}, {years} years: {line}");
        let year: u64 = goes[..4].parse().unwrap();
        assert!((years..=years + 1).contains(&(year - month[..4].parse::<u64>().unwrap())), "{class}: {goes}");
    }
    // And in writing, at the desk, with the media of the sections.
    let medium = ["label=tape-1", "made=2026-01-05", "place=情報課 書庫"];
    scene.desk.run(&[&["case", "open", "medium"][..], &medium].concat());
    let file = scene.scratch.path().join("custody.html");
    let output =
        scene.desk.command_in("ja", &["report", "custody", "--html", file.to_str().unwrap()]).output().unwrap();
    succeeded("sekisho-admin", &output);
    let print = std::fs::read_to_string(&file).unwrap();
    for word in [
        "保管中のデータ",
        "検証済みの最新のバックアップ",
        "A-1",
        "耐火金庫",
        "検証済み",
        "tape-1",
        "情報課 書庫",
        "未検証",
    ] {
        assert!(print.contains(word), "'{word}' is missing: {print}");
    }
    let media = scene.desk.list(&["report", "media"]);
    let row = media.iter().find(|row| row["label"] == "A-1").unwrap_or_else(|| panic!("{media:?}"));
    assert_eq!((&row["place"], &row["state"]), (&"耐火金庫".into(), &"verified".into()), "{row}");
    let database = DataDir::new(scene.ledger.data()).database();
    for word in [database.to_str().unwrap(), "records: ", "耐火金庫", " verified, of "] {
        assert!(said.contains(word), "'{word}' is missing: {said}");
    }
}

#[test]
fn s4_20_what_is_due_is_destroyed_by_an_approval_alone_and_on_record() {
    let mut scene = Scene::new("haiki");
    let month = scene.clock.minute_in(Duration::ZERO)[..7].to_owned();
    wait_sealed(&scene.terminal);
    let up = scene.search(&["--kind", "terminal_up"])[0]["index"].as_str().unwrap().to_owned();
    scene.terminal.stop();
    scene.clock.pass(Duration::from_secs(400 * 24 * 3600));
    let standing = |scene: &Scene| {
        let rows = scene.desk.list(&["retention", "list"]);
        let row =
            rows.iter().find(|row| row["class"] == "operation" && row["month"] == month.as_str()).unwrap().clone();
        row["standing"].as_str().unwrap().to_owned()
    };
    assert_eq!(standing(&scene), "due");
    scene.desk.run(&["records", "show", &up]);
    scene.desk.run(&["retention", "propose", "--class", "operation", "--from", &month, "--to", &month]);
    assert_eq!(standing(&scene), "due", "a proposal is no permission");
    scene.desk.run(&["records", "show", &up]);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let approve = ["approve", proposal["id"].as_str().unwrap()];
    assert!(scene.refused(&approve).contains("person"), "nor does one person permit himself");
    scene.desk.sign_by("20002");
    scene.desk.run(&approve);
    scene.desk.sign_by("20001");
    wait::until("the month to be erased", || (standing(&scene) == "destroyed").then_some(()));
    assert!(scene.refused(&["records", "show", &up]).contains("was destroyed"), "by which act is said");
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("destroy") && acts.contains("approved by 鈴木 花子"), "{acts}");
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

#[test]
fn s4_21_no_export_without_the_number_of_its_permission() {
    let mut scene = Scene::new("ukebarai");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    let file = scene.scratch.path().join("out.json");
    let out = ["--format", "ocsf", "--out", file.to_str().unwrap()];
    for none in [&[][..], &["--permission", ""], &["--permission", "山田"]] {
        let said = scene.refused(&[&["records", "export"], &out[..], none].concat());
        assert!(said.contains("--permission"), "{said}");
        assert!(!file.exists());
    }
    let invented = scene.refused(&[&["records", "export", "--permission", "R8-21"], &out[..]].concat());
    assert!(invented.contains("not_permitted") && !file.exists(), "{invented}");
    let permission = scene.desk.permit_export("jumin");
    let said = scene.desk.run(&[&["records", "export", "--permission", &permission], &out[..]].concat());
    assert!(said.contains(&permission) && file.exists(), "{said}");
    // The register of what was handed out: who took what, under which number, when.
    let register = scene.search(&["--kind", "read"]);
    let words = format!("to take it away under {permission}");
    let taken = register.iter().filter(|row| row["what"].as_str().unwrap().contains(&words));
    let lines: Vec<_> = taken.map(|row| row["what"].as_str().unwrap()).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("佐藤 一郎")), "{register:?}");
}
