//! An evidence file: written at a desk, checked where there is no card, no ledger and no home.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho_ipc::AuthorizeRequest;
use sekisho_tests::binaries::program;
use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::witness::Witness;
use serde_json::Value;

use crate::offline_audit::{export, list_anew, verify_offline};
use crate::witnessed::{add_to_configuration, decide_witnesses};

/// As an auditor runs it: no home, no card service, nothing of the desk.
fn check(language: &str, file: &Path, trusted: &[&str]) -> Output {
    let mut command = Command::new(program("sekisho-admin"));
    command.env_clear().args(["--lang", language, "verify-evidence"]).arg(file).args(trusted);
    command.output().unwrap()
}

fn index_of(scene: &Scene, arguments: &[&str]) -> String {
    scene.search(arguments)[0]["index"].as_str().unwrap().to_owned()
}

/// The lines of a file, to be altered.
fn lines(file: &Path) -> Vec<Value> {
    std::fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn write(file: &Path, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(file, text).unwrap();
}

/// Ends with 3, and says all of that.
fn does_not_hold(output: &Output, words: &[&str]) {
    let said = both(output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("DOES NOT HOLD") && !said.contains("records hold, 0 do not"), "{said}");
    for words in words {
        assert!(said.contains(words), "'{words}' is not said:\n{said}");
    }
}

struct Taken {
    office: PathBuf,
    later: PathBuf,
    file: PathBuf,
    id: String,
}

impl Taken {
    fn text(path: &Path) -> &str {
        path.to_str().unwrap()
    }
}

/// A clerk is granted one thing and refused another; her card is suspended; evidence of both is taken.
fn taken(scene: &mut Scene) -> Taken {
    let path = |name: &str| scene.scratch.path().join(name);
    let (office, later, file) = (path("office.toml"), path("later.toml"), path("case.evidence"));
    let id = scene.desk.office().to_string();
    scene.desk.run(&["office", "export", Taken::text(&office)]);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    let asked = AuthorizeRequest { case: Some("R8-77".into()), ..request("juminhyo.issue") };
    assert!(client.authorize(&asked).unwrap().verdict.granted);
    assert!(!client.authorize(&request("zei.certificate")).unwrap().verdict.granted);
    wait_sealed(&scene.terminal);
    let (granted, refused) =
        (index_of(scene, &["--verdict", "granted", "--kind", "decision"]), index_of(scene, &["--verdict", "refused"]));
    let cards = scene.desk.list(&["card", "list"]);
    let hers =
        cards.iter().find(|card| card.to_string().contains("10023")).unwrap()["guid"].as_str().unwrap().to_owned();
    scene.decide(&["card", "suspend", &hers, "--reason", "lost"]);
    scene.desk.run(&["office", "export", Taken::text(&later)]);
    let permission = scene.desk.permit_export("jumin");
    let out = ["--permission", &permission, "--out", Taken::text(&file)];
    let command = [&["records", "evidence", &refused, &granted, &granted], &out[..]].concat();
    let said = scene.desk.run(&command);
    assert!(said.contains("evidence of 2 records written") && said.contains("2 records hold, 0 do not"), "{said}");
    // No file is written over, and half of one has no name.
    let whole = std::fs::read(&file).unwrap();
    let again = scene.desk.try_run(&command);
    assert!(again.status.code() == Some(1) && both(&again).contains("case.evidence"), "{}", both(&again));
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    assert!(!path("case.evidence.part").exists());
    // What is found, and not only what has a number.
    let found = path("found.evidence");
    let of = |question: [&'static str; 4]| {
        [&["records", "evidence"], &question[..], &["--permission", &permission, "--out", Taken::text(&found)]].concat()
    };
    let said = scene.desk.run(&of(["--verdict", "granted", "--kind", "decision"]));
    assert!(said.contains("evidence of 1 records written") && said.contains("1 records hold, 0 do not"), "{said}");
    std::fs::remove_file(&found).unwrap();
    let nothing = scene.desk.try_run(&of(["--terminal", "jumin-1", "--since", "2099-01-01"]));
    assert!(nothing.status.code() == Some(1) && both(&nothing).contains("no record was found"), "{}", both(&nothing));
    let online = scene.desk.run(&["records", "verify", &granted]);
    let offline = both(&check("en", &file, &["--office", Taken::text(&later)]));
    let reasons = |said: &str| said.lines().find(|line| line.contains("permitted by the register")).unwrap().to_owned();
    assert_eq!(reasons(&online), reasons(&offline), "the ledger and the file are judged alike");
    // The ledger wrote down that it was taken, and under which number.
    let read = scene.search(&["--kind", "read", "--limit", "100"]);
    let under = |row: &&Value| {
        row["what"].as_str().unwrap().contains("fetched evidence") && row.to_string().contains("export-request-")
    };
    assert!(read.iter().filter(under).count() >= 3, "two records, and the opening of their session: {read:?}");
    Taken { office, later, file, id }
}

#[test]
fn evidence_is_checked_without_card_ledger_or_home_and_nothing_altered_in_it_holds() {
    let mut scene = Scene::new("evidence-file");
    let taken = taken(&mut scene);
    scene.terminal.stop();
    scene.ledger.stop();
    std::fs::rename(scene.desk.file("home"), scene.scratch.path().join("moved")).unwrap();
    let (file, later) = (&taken.file, Taken::text(&taken.later));
    let by_office = ["--office", later];

    for trusted in [&["--office", Taken::text(&taken.office)], &by_office, &["--office-id", taken.id.as_str()]] {
        let output = check("en", file, trusted);
        let said = both(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        for words in [
            "written at",
            "under export-request-",
            "terminal jumin-1  田中",
            "(10023)",
            "case R8-77: granted",
            "who: 田中",
            "card number",
            "permitted by the register of",
            "permission jumin-a covers juminhyo.issue (act",
            "hours are not enforced",
            "by 佐藤 一郎 (20001))",
            "refused (82:",
            "refused by the same rule when decided again",
            "signed by its terminal in this place",
            "2 records hold, 0 do not",
        ] {
            assert!(said.contains(words), "'{words}' is not said:\n{said}");
        }
    }
    let said = both(&check("ja", file, &by_office));
    for words in [
        "誰が: 田中",
        "案件 R8-77",
        "許可された",
        "拒否された(82:",
        "により許可",
        "操作者ID jumin-a",
        "2件が検証に合格、0件が不合格",
    ] {
        assert!(said.contains(words), "「{words}」がない:\n{said}");
    }

    let altered = scene.scratch.path().join("altered.evidence");
    // Of each line the beginning, the end and what lies between: nothing holds, wherever a byte is another.
    let whole = std::fs::read(file).unwrap();
    let mut from = 0;
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        for at in [3, line.len() / 3, line.len() / 2, line.len() - 4] {
            let mut bytes = whole.clone();
            bytes[from + at] ^= 1;
            std::fs::write(&altered, &bytes).unwrap();
            let output = check("en", &altered, &by_office);
            let (said, code) = (both(&output), output.status.code());
            assert!(matches!(code, Some(1 | 3)), "byte {at} of {}: {said}", String::from_utf8_lossy(line));
            assert!(!said.contains("permitted by") && !said.contains("decided again"), "{said}");
        }
        from += line.len();
    }
    std::fs::write(&altered, &whole[..whole.len() - 50]).unwrap();
    let torn = check("en", &altered, &by_office);
    assert!(torn.status.code() == Some(1) && both(&torn).contains("ends before its signature"), "{}", both(&torn));

    does_not_hold(&check("en", file, &["--office-id", &"9".repeat(32)]), &["another office"]);
    let of = |name: &str, lines: &[Value]| lines.iter().position(|line| line.get(name).is_some()).unwrap();
    let all = lines(file);
    let alter = |words: &[&str], alter: &dyn Fn(&mut Vec<Value>)| {
        let mut lines = all.clone();
        alter(&mut lines);
        write(&altered, &lines);
        does_not_hold(&check("en", &altered, &by_office), words);
    };
    alter(&["not what its writer's card signed"], &|lines| lines[0]["permission"] = "R8-0013".into());
    let record = of("record", &all);
    alter(&["not what its writer's card signed", ": DOES NOT HOLD: "], &|lines| {
        let other = lines[record + 1]["record"]["proof"].clone();
        lines[record + 2]["record"]["proof"] = other;
    });
    alter(&["the register in the file is not the office's", "incomplete"], &|lines| drop(lines.remove(5)));
    let last = all.iter().rposition(|line| line.get("act").is_some()).unwrap();
    alter(&["incomplete"], &|lines| drop(lines.remove(last)));
    alter(&["the checkpoint of the records log cannot be trusted"], &|lines| {
        let at = of("records", lines);
        let note = lines[at]["records"]["checkpoint"].as_str().unwrap().to_owned();
        let size = note.lines().nth(1).unwrap();
        lines[at]["records"]["checkpoint"] = note.replacen(size, &format!("{size}1"), 1).into();
    });
    // A true checkpoint of before, and no word of the suspension: who knows of it by the office's file is not deceived.
    let before: String = std::fs::read_to_string(&taken.office).unwrap();
    let seen = before.split("\"\"\"").nth(1).unwrap_or_else(|| panic!("{before}")).trim_start().to_owned();
    let size: usize = seen.lines().nth(1).unwrap().parse().unwrap();
    alter(&["acts are left out, or the office's file is newer"], &|lines| {
        let first = of("act", lines);
        lines[of("register", &all)]["register"] = seen.clone().into();
        lines.drain(first + size..=last);
    });
}

#[test]
fn evidence_that_no_witness_has_cosigned_does_not_hold_where_the_office_asks_for_one() {
    let mut scene = Scene::new("evidence-witnessed");
    scene.ledger.stop();
    let witness = Witness::of(&scene.ledger, &scene.scratch.folder("w1"), "w1.example");
    add_to_configuration(&scene.ledger, &format!("hear_witnesses = 1\n{}", witness.block()));
    scene.ledger.serve();
    decide_witnesses(&mut scene, &[witness.key()]);
    let taken = taken(&mut scene);
    let later = Taken::text(&taken.later);
    let said = both(&check("en", &taken.file, &["--office", later]));
    assert!(said.contains("cosignatures of witnesses: 1 (1 asked for)"), "{said}");
    let mut all = lines(&taken.file);
    let at = all.iter().position(|line| line.get("records").is_some()).unwrap();
    let note = all[at]["records"]["checkpoint"].as_str().unwrap().to_owned();
    let without: String =
        note.lines().filter(|line| !line.contains("w1.example")).map(|line| format!("{line}\n")).collect();
    assert_ne!(without, note);
    all[at]["records"]["checkpoint"] = without.into();
    write(&taken.file, &all);
    let output = check("en", &taken.file, &["--office", later]);
    does_not_hold(&output, &["0 witnesses have cosigned the checkpoint of the records log, and 1 must have"]);
    // The same of exported logs.
    let (logs, permission) = (scene.scratch.path().join("logs"), scene.desk.permit_whole_export("jumin"));
    export(&scene, &logs, &permission, &[]);
    let said = both(&verify_offline("en", &logs, &["--office", later]));
    assert!(said.contains("records: checkpoint of") && said.contains("witnesses: 1 (1 asked for)"), "{said}");
    let file = logs.join("records/checkpoint");
    let note = std::fs::read_to_string(&file).unwrap();
    let without: String =
        note.lines().filter(|line| !line.contains("w1.example")).map(|line| format!("{line}\n")).collect();
    assert_ne!(without, note);
    std::fs::write(&file, without).unwrap();
    let output = verify_offline("en", &logs, &["--office", later]);
    does_not_hold(&output, &["records/checkpoint is not as it was written"]);
    list_anew(&logs);
    let output = verify_offline("en", &logs, &["--office", later]);
    does_not_hold(&output, &["0 witnesses have cosigned the checkpoint of the records log, and 1 must have"]);
}
