//! Records are taken away as CSV and OCSF: read by programs that are not ours, and written down under the number of the permission.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sekisho_ipc::AuthorizeRequest;
use sekisho_tests::binaries::checkout;
use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_sealed};
use serde_json::Value;

/// Reads CSV as Python does: every row as long as the first, and no cell that a spreadsheet takes for a formula.
pub(crate) const CSV: &str = r#"
import csv, json, sys
with open(sys.argv[1], newline="", encoding="utf-8-sig") as file:
    rows = list(csv.reader(file, strict=True))
assert all(len(row) == len(rows[0]) for row in rows)
assert not any(cell[:1] in "=+-@\t\r\n" for row in rows for cell in row if cell)
print(json.dumps(rows))
"#;

/// Holds each event against the published schema of its class.
pub(crate) const OCSF: &str = r#"
import json, sys
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
published = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
classes = {0: "base_event", 3003: "authorize_session", 6003: "api_activity"}
judges = {uid: Draft202012Validator(published.get_class_schema(name)) for uid, name in classes.items()}
events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
for event in events:
    assert event["metadata"]["version"] == "1.8.0"
    judges[event["class_uid"]].validate(event)
print(json.dumps(events))
"#;

pub(crate) fn python(script: &str, file: &Path) -> Vec<Value> {
    let output = Command::new(checkout().join("target/python/bin/python")).args(["-c", script]).arg(file).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// More than a page.
const TIMES: usize = 510;

#[test]
fn what_a_search_finds_is_taken_away_under_a_permission_and_others_read_it() {
    let mut scene = Scene::new("exported");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    // A case number that a spreadsheet would calculate.
    let risky = AuthorizeRequest { case: Some("-1".into()), ..request("juminhyo.issue") };
    assert!(client.authorize(&risky).unwrap().verdict.granted);
    for _ in 1..TIMES {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    assert!(!client.authorize(&request("zei.certificate")).unwrap().verdict.granted);
    wait_sealed(&scene.terminal);

    let permission = scene.desk.permit_whole_export("jumin");
    let file = |name: &str| scene.scratch.path().join(name);
    let export = |language: &str, name: &str, more: &[&str]| {
        let fixed = ["records", "export", "--permission", &permission, "--out", file(name).to_str().unwrap()]
            .map(str::to_owned);
        let mut arguments: Vec<&str> = fixed.iter().map(String::as_str).collect();
        arguments.extend(more);
        let output = scene.desk.command_in(language, &arguments).output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
        both(&output)
    };
    let said = export("en", "decisions.csv", &["--format", "csv", "--kind", "decision"]);
    assert!(said.contains(&format!("{} records written", TIMES + 1)) && said.contains(&permission), "{said}");
    assert!(!said.contains("not complete"), "{said}");
    let path = file("decisions.csv");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!file("decisions.csv.part").exists());
    let bytes = std::fs::read_to_string(&path).unwrap();
    assert_eq!(bytes.matches("\r\n").count(), bytes.matches('\n').count());
    let rows = python(CSV, &path);
    assert_eq!(rows.len(), TIMES + 2);
    let column = |title: &str| rows[0].as_array().unwrap().iter().position(|of| of == title).unwrap();
    let cell = |row: &Value, title: &str| row[column(title)].as_str().unwrap().to_owned();
    let (newest, oldest) = (&rows[1], &rows[TIMES + 1]);
    assert_eq!(
        (cell(newest, "function"), cell(newest, "reason")),
        ("zei.certificate".into(), "function_not_for_terminal".into())
    );
    assert_eq!((cell(oldest, "case"), cell(oldest, "operator")), ("'-1".into(), "10023".into()));
    let mut indexes: Vec<u64> = rows[1..].iter().map(|row| cell(row, "index").parse().unwrap()).collect();
    assert!(indexes.is_sorted_by(|one, other| one > other), "newest first, each once");
    indexes.dedup();
    assert_eq!(indexes.len(), TIMES + 1);

    export("ja", "all.csv", &["--format", "csv", "--bom"]);
    let japanese = python(CSV, &file("all.csv"));
    assert!(std::fs::read(file("all.csv")).unwrap().starts_with(&[0xEF, 0xBB, 0xBF]));
    assert_eq!((&japanese[0][0], &japanese[0][8]), (&"番号".into(), &"所属団体".into()));

    export("en", "all.json", &["--format", "ocsf"]);
    let events = python(OCSF, &file("all.json"));
    let of_class = |uid: u64| events.iter().filter(|event| event["class_uid"] == uid).count();
    assert_eq!((of_class(6003), of_class(3003)), (TIMES + 1, 1));
    assert!(of_class(0) > 0);
    let refused = events.iter().find(|event| event["api"]["operation"] == "zei.certificate").unwrap();
    assert_eq!((&refused["status_id"], &refused["actor"]["user"]["uid"]), (&2.into(), &"10023".into()));
    // The leaf that is named is the one in the log.
    let leaf = |index: &Value| {
        events.iter().find(|event| event["unmapped"]["index"] == *index).unwrap()["unmapped"]["leaf"].clone()
    };
    assert_eq!(leaf(&cell(oldest, "index").into()), cell(oldest, "leaf"));

    // Each page stands in the records, under the number.
    let read = scene.search(&["--kind", "read", "--limit", "100"]);
    let under = |count: &str| {
        let said = |row: &Value| {
            row["what"].as_str().unwrap().contains(&format!("to take it away under {permission}"))
                && row["what"].as_str().unwrap().contains(count)
        };
        read.iter().filter(|row| said(row)).count()
    };
    assert!(under("(500 shown)") >= 3 && under(&format!("({} shown)", TIMES + 1 - 500)) == 1, "{read:?}");

    // What is there is not written over, and nothing is taken away without a number.
    let again = ["records", "export", "--permission", &permission, "--format", "csv", "--out", path.to_str().unwrap()];
    let output = scene.desk.try_run(&again);
    assert!(!output.status.success() && both(&output).contains("decisions.csv"), "{}", both(&output));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), bytes);
    for none in [vec![], vec!["--permission", "山田"]] {
        let output = scene.desk.try_run(&[&["records", "export", "--format", "csv", "--out", "x"], &none[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", both(&output));
    }
    // Under one of a section its records alone: who read what is nobody's section's.
    for (section, is_its_own) in [("jumin", true), ("zeimu", false)] {
        let (number, taken) = (scene.desk.permit_export(section), file(section));
        let export =
            ["records", "export", "--permission", &number, "--format", "csv", "--out", taken.to_str().unwrap()];
        scene.desk.run(&export);
        let rows = python(CSV, &taken);
        assert_eq!((rows.len() > TIMES, rows.len() == 1), (is_its_own, !is_its_own), "{section}: {}", rows.len());
        assert!(rows[1..].iter().all(|row| cell(row, "kind") != "read"), "{section}");
        let output = scene.desk.try_run(&["log", "export", "logs-of-a-section", "--permission", &number]);
        assert!(!output.status.success() && both(&output).contains("extent=office"), "{}", both(&output));
        let other = scene.desk.try_run(&[&export[..5], &["csv", "--out", "y", "--terminal", "jumin-1"]].concat());
        assert_eq!(both(&other).contains("another section"), !is_its_own, "{}", both(&other));
        let _ = std::fs::remove_file("y");
    }
    // Nor under one that nobody has permitted.
    let request = ["section=jumin", "purpose=監査", "content=操作履歴", "provided=電子データ", "managed=施錠保管"];
    let request = [&request[..], &["from=2020-01-01", "to=2099-12-31"]].concat();
    scene.desk.run(&[&["case", "open", "export-request"], &request[..]].concat());
    let waiting = scene.desk.list(&["case", "list", "--form", "export-request"]);
    let waiting = waiting.last().unwrap()["case"].as_str().unwrap().to_owned();
    for number in [waiting.as_str(), "R8-0012", "export-request-2026-99"] {
        let taken = ["records", "export", "--format", "csv", "--out", "x", "--permission", number];
        let output = scene.desk.try_run(&taken);
        assert!(!output.status.success() && both(&output).contains("not_permitted"), "{number}: {}", both(&output));
    }
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}
