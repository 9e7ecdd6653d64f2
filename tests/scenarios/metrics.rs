//! The ledger's numbers, read as Prometheus reads them: by a parser that is not ours.

use std::process::Command;
use std::time::Duration;

use sekisho_ledger::store::LogName;
use sekisho_tests::binaries::checkout;
use sekisho_tests::clerk::{insert, login};
use sekisho_tests::history::flip_checkpoint;
use sekisho_tests::scene::{Scene, wait_fresh};
use sekisho_tests::wait;

use crate::stranger::{Stranger, work};

/// Says each value with its name and labels, and fails where a name has no meaning or no kind.
const SCRIPT: &str = r#"
import json, sys, urllib.request
from prometheus_client.parser import text_string_to_metric_families
with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1]) as answer:
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    page = answer.read().decode()
values, names = [], set()
for family in text_string_to_metric_families(page):
    assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
    assert family.name not in names, family.name
    names.add(family.name)
    values += [[sample.name, sample.labels, sample.value] for sample in family.samples]
print(json.dumps(values))
"#;

/// A page of numbers.
struct Page {
    text: String,
    values: serde_json::Value,
}

impl Page {
    fn read(url: &str) -> Self {
        let python = checkout().join("target/python/bin/python");
        let output = Command::new(python).args(["-c", SCRIPT, url]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        Self { values: serde_json::from_str(&text).unwrap(), text }
    }

    /// The value of a name with these labels; nothing when there is none.
    fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let name = format!("sekisho_ledger_{name}");
        let fits = |row: &&serde_json::Value| {
            row[0] == name.as_str() && labels.iter().all(|(label, value)| row[1][label] == *value)
        };
        self.values.as_array().unwrap().iter().find(fits).and_then(|row| row[2].as_f64())
    }

    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels).unwrap_or_else(|| panic!("no {name} {labels:?} in {}", self.text))
    }
}

#[test]
fn numbers_are_what_prometheus_reads_and_move_with_what_happens() {
    let mut scene = Scene::new("numbers");
    scene.ledger.stop();
    let url = scene.ledger.show_numbers();
    scene.ledger.serve();
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    work(&scene, 1);
    let records = [("log", "records")];
    let batches = [("route", "/v1/terminal/batches"), ("status", "200")];
    let before = Page::read(&url);
    work(&scene, 5);
    let after = Page::read(&url);
    let grown = |name: &str, labels: &[(&str, &str)]| after.value(name, labels) - before.value(name, labels);
    assert!(grown("log_entries", &records) >= 5.0, "{}", after.text);
    assert!(grown("log_signed_entries", &records) >= 5.0, "{}", after.text);
    assert!(grown("http_answers_total", &batches) >= 1.0, "{}", after.text);
    assert!(grown("writer_group_jobs_count", &[]) >= 1.0 && grown("writer_commit_seconds_sum", &[]) > 0.0);
    for (name, value) in [("ready", 1.0), ("store_errors_total", 0.0), ("writer_waiting", 0.0)] {
        assert_eq!(after.find(name, &[]), Some(value), "{name}");
    }
    for log in ["records", "register", "casebook"] {
        assert_eq!(
            (after.value("log_halted", &[("log", log)]), after.value("log_lacking_entries", &[("log", log)])),
            (0.0, 0.0)
        );
        assert!(after.value("log_unsealed_seconds", &[("log", log)]) < 5.0);
    }
    assert_eq!(after.value("hearing_awaited_terminals", &[]), 0.0);
    assert!(after.value("disk_free_bytes", &[]) > 0.0);
    let terminal = [("terminal", "jumin-1")];
    assert_eq!(after.value("terminal_heard_timestamp_seconds", &terminal) % 300.0, 0.0);
    assert_eq!(after.value("terminal_behind", &terminal), 0.0);
    // Nobody is in it: neither clerk nor administrator, nor their cards.
    for person in ["10023", "20001"] {
        let card = scene.desk.guid_of(person);
        assert!(!after.text.contains(&format!("\"{person}\"")) && !after.text.contains(&card), "{}", after.text);
    }

    // A refusal, a terminal that is silent, a log that has stopped.
    let folder = scene.scratch.path().join("none");
    assert!(!Stranger::of(&scene).audit(&scene.ledger, "records", &folder, "none", None).well);
    scene.terminal.stop();
    scene.clock.pass(Duration::from_secs(11 * 60));
    let later = Page::read(&url);
    assert_eq!(later.value("refusals_total", &[("code", "token_needed")]), 1.0, "{}", later.text);
    let refused = [("route", "/{office}/{log}/tile/{*rest}"), ("status", "401")];
    assert_eq!(later.value("http_answers_total", &refused), 1.0, "{}", later.text);
    assert_eq!(later.value("terminal_behind", &terminal), 1.0);
    scene.ledger.stop();
    flip_checkpoint(&scene.ledger, LogName::Records);
    scene.ledger.serve();
    wait::until("the numbers", || (Page::read(&url).value("log_halted", &records) == 1.0).then_some(()));
    assert_eq!(Page::read(&url).value("log_halted", &[("log", "register")]), 0.0);
}
