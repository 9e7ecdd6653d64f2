//! The list of articles: what each asks, and, where a scenario shows that it is met, by what and where people find it.

use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use sekisho_tests::binaries::{checkout, program};
use serde::Deserialize;

/// A regulation and its rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Regulation {
    /// Whose it is and what it is called.
    pub name: String,
    /// The same in English.
    pub english: String,
    /// In the order of its articles.
    pub row: Vec<Row>,
}

/// What one article asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// Regulation and article: the name of its scenario begins with it.
    pub id: String,
    /// The article as the regulation numbers it.
    pub article: String,
    /// What a machine can do about it: ENFORCE, RECORD, and HUMAN beside one of them.
    pub class: String,
    /// A short name.
    pub ja: String,
    /// What has to be so.
    pub asks: String,
    /// By what it is met.
    #[serde(flatten)]
    pub met: Option<Met>,
}

/// How an article is met.
#[derive(Deserialize)]
pub(crate) struct Met {
    /// What does it.
    pub feature: String,
    /// The same in English.
    pub feature_en: String,
    /// Commands and pages where people find it.
    pub r#where: String,
    /// The story that shows it.
    pub scenario: String,
}

/// How many rows of each regulation ask something of a machine.
const ROWS: [(&str, usize); 5] = [("s0", 17), ("s1", 23), ("s2", 21), ("s3", 20), ("s4", 26)];

fn folder() -> PathBuf {
    checkout().join("tests/articles")
}

/// All five, each with its short name.
pub(crate) fn regulations() -> Vec<(&'static str, Regulation)> {
    let read = |name: &str| {
        let text = read_to_string(folder().join(format!("{name}.toml"))).unwrap();
        toml::from_str(&text).unwrap_or_else(|fault| panic!("{name}.toml: {fault}"))
    };
    ROWS.iter().map(|(name, _)| (*name, read(name))).collect()
}

/// The rows that no scenario shows yet, with what is missing.
pub(crate) fn not_yet() -> BTreeMap<String, String> {
    toml::from_str(&read_to_string(folder().join("not_yet.toml")).unwrap()).unwrap()
}

/// Every scenario of an article in the sources beside this one.
fn scenarios(below: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                return scenarios(&path);
            }
            let text = read_to_string(&path).unwrap();
            let tests = text.lines().zip(text.lines().skip(1)).filter(|(above, _)| above.trim() == "#[test]");
            let names = tests.filter_map(|(_, line)| line.strip_prefix("fn ")?.split('(').next());
            names
                .filter(|name| ROWS.iter().any(|(regulation, _)| name.starts_with(&format!("{regulation}_"))))
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

#[test]
fn the_list_has_every_article_once() {
    let mut ids = Vec::new();
    for ((_, expected), (name, regulation)) in ROWS.iter().zip(regulations()) {
        let asked = regulation.row.iter().filter(|row| row.class.contains("ENFORCE") || row.class.contains("RECORD"));
        assert_eq!(asked.count(), *expected, "{name}");
        for row in &regulation.row {
            assert!(row.id.starts_with(&format!("{name}_")), "{} stands in {name}.toml", row.id);
            ids.push(row.id.clone());
        }
    }
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
}

#[test]
fn every_article_has_a_scenario_or_stands_among_those_not_yet_met() {
    let mut lacking = not_yet();
    for (_, regulation) in regulations() {
        for row in regulation.row {
            let lacks = lacking.remove(&row.id);
            match (row.met, lacks) {
                (Some(met), None) => {
                    assert!(met.scenario.starts_with(&format!("{}_", row.id)), "{} of {}", met.scenario, row.id);
                }
                (None, Some(lacks)) => assert!(!lacks.is_empty(), "{}: says what is missing", row.id),
                (Some(_), Some(_)) => panic!("{} has a scenario, and stands in not_yet.toml", row.id),
                (None, None) => panic!("{} has no scenario, and does not stand in not_yet.toml", row.id),
            }
        }
    }
    assert!(lacking.is_empty(), "no rows of the list: {lacking:?}");
}

#[test]
fn every_scenario_is_that_of_one_row() {
    let mut named: Vec<String> = Vec::new();
    for (_, regulation) in regulations() {
        named.extend(regulation.row.into_iter().filter_map(|row| Some(row.met?.scenario)));
    }
    let mut there = scenarios(&folder());
    named.sort_unstable();
    there.sort_unstable();
    let missing = |of: &[String], among: &[String]| of.iter().filter(|name| !among.contains(name)).cloned().collect();
    let (no_row, no_test): (Vec<String>, Vec<String>) = (missing(&there, &named), missing(&named, &there));
    assert!(no_row.is_empty() && no_test.is_empty(), "named by no row: {no_row:?}; not there: {no_test:?}");
    assert_eq!(named, there, "a scenario is one row's");
}

#[test]
fn every_command_that_the_list_names_is_there() {
    let mut seen = 0;
    for (_, regulation) in regulations() {
        for met in regulation.row.iter().filter_map(|row| row.met.as_ref()) {
            for command in met.r#where.split('`').skip(1).step_by(2).filter(|named| named.starts_with("sekisho")) {
                let mut words = command.split(' ').take_while(|word| !word.starts_with('-'));
                let output = std::process::Command::new(program(words.next().unwrap()))
                    .args(words)
                    .arg("--help")
                    .output()
                    .unwrap();
                let said = sekisho_tests::ledger::both(&output);
                let options = command.split(' ').filter(|word| word.starts_with("--"));
                assert!(output.status.success(), "{command}: {said}");
                for option in options {
                    assert!(said.contains(option), "{command}: no {option} in\n{said}");
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}
