//! The arrows between crates are those of the README: checked against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use sekisho_tests::binaries::checkout;

/// Who may depend on whom. Dependencies for tests alone are free.
const ARROWS: &[(&str, &[&str])] = &[
    ("sekisho-wire", &[]),
    ("sekisho-tlog", &[]),
    ("sekisho-register", &["sekisho-wire", "sekisho-tlog"]),
    ("sekisho-card-app", &["sekisho-wire"]),
    ("sekisho-card", &["sekisho-wire"]),
    ("sekisho-issuer", &["sekisho-card", "sekisho-wire"]),
    ("sekisho-token", &["sekisho-card-app"]),
    ("sekisho-entropy", &[]),
    ("sekisho-simulator", &["sekisho-card-app", "sekisho-token", "sekisho-card", "sekisho-wire"]),
    ("sekisho-ipc", &[]),
    ("sekisho-link", &[]),
    ("sekisho-paper", &["sekisho-register", "sekisho-wire"]),
    (
        "sekisho-agent",
        &["sekisho-card", "sekisho-ipc", "sekisho-link", "sekisho-register", "sekisho-tlog", "sekisho-wire"],
    ),
    ("sekisho-seat", &["sekisho-ipc", "sekisho-wire"]),
    ("sekisho", &["sekisho-ipc", "sekisho-wire"]),
    ("pam_sekisho", &["sekisho-ipc"]),
    ("sekisho-gate", &["sekisho-ipc", "sekisho-wire"]),
    (
        "sekisho-admin",
        &[
            "sekisho-issuer",
            "sekisho-card",
            "sekisho-ipc",
            "sekisho-link",
            "sekisho-paper",
            "sekisho-register",
            "sekisho-tlog",
            "sekisho-wire",
        ],
    ),
    ("sekisho-ledger", &["sekisho-paper", "sekisho-register", "sekisho-tlog", "sekisho-wire"]),
    // Reads command lines, and runs on no machine of the office.
    (
        "sekisho-manual",
        &[
            "sekisho",
            "sekisho-admin",
            "sekisho-agent",
            "sekisho-gate",
            "sekisho-ledger",
            "sekisho-seat",
            "sekisho-wire",
        ],
    ),
];

/// These may depend on everybody, and nobody but each other on them.
const FOR_TESTS: &[&str] = &["sekisho-tests", "sekisho-fuzzed"];

/// The crates that hold a meaning and no means: no I/O may come in through a dependency.
const PURE: &[&str] = &[
    "sekisho-wire",
    "sekisho-tlog",
    "sekisho-register",
    "sekisho-card-app",
    "sekisho-token",
    "sekisho-entropy",
    "sekisho-paper",
];

/// What would bring I/O, a clock or randomness of its own into a pure crate.
const MEANS: &[&str] = &["libc", "rustix", "tokio", "getrandom", "rusqlite", "pcsc", "ureq", "std"];

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .current_dir(checkout())
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Each workspace crate with the names of its ordinary dependencies.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let members: BTreeSet<&str> =
        metadata["workspace_members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .filter(|package| members.contains(package["id"].as_str().unwrap()))
        .map(|package| {
            let ordinary = package["dependencies"].as_array().unwrap().iter();
            let ordinary = ordinary.filter(|dependency| dependency["kind"].as_str() != Some("dev"));
            let names = ordinary.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

#[test]
fn every_arrow_between_crates_is_allowed() {
    let dependencies = dependencies();
    let ours: BTreeSet<&String> = dependencies.keys().collect();
    for (name, theirs) in &dependencies {
        if FOR_TESTS.contains(&name.as_str()) {
            continue;
        }
        let (_, allowed) =
            ARROWS.iter().find(|(from, _)| from == name).unwrap_or_else(|| panic!("no arrows for {name}"));
        for other in theirs.iter().filter(|other| ours.contains(other)) {
            assert!(allowed.contains(&other.as_str()), "{name} must not depend on {other}");
        }
    }
}

#[test]
fn pure_crates_have_no_means() {
    let dependencies = dependencies();
    for name in PURE {
        let found = dependencies[*name].iter().find(|other| MEANS.contains(&other.as_str()));
        assert!(found.is_none(), "{name} must not depend on {}", found.unwrap());
    }
}

#[test]
fn no_feature_gives_the_wire_or_the_card_an_allocator() {
    for member in ["sekisho-wire", "sekisho-card-app"] {
        let output = Command::new(env!("CARGO"))
            .current_dir(checkout())
            .args(["tree", "--locked", "--offline", "--package", member])
            .args(["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}: {f}"])
            .output()
            .unwrap();
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && tree.contains("minicbor"), "{tree}");
        for line in tree.lines() {
            let (_, features) = line.rsplit_once(": ").unwrap_or((line, ""));
            let given = features.split([',', ' ']).find(|feature| matches!(*feature, "alloc" | "std"));
            assert_eq!(given, None, "{member} takes {line}");
        }
    }
}

#[test]
fn the_user_s_crates_each_have_their_place() {
    let dependencies = dependencies();
    let places = [
        ("pcsc", "sekisho-card"),
        ("rusb", "sekisho-card"),
        ("aes-gcm", "sekisho-agent"),
        ("aes-gcm", "sekisho-ledger"),
        ("serde", "sekisho-ipc"),
        ("heapless", "sekisho-wire"),
        ("log", "sekisho-agent"),
        ("zeroize", "sekisho-wire"),
        ("cryptoki", "sekisho-issuer"),
    ];
    for (package, place) in places {
        assert!(dependencies[place].contains(package), "{package} belongs into {place}");
    }
    for (only, place) in [("pcsc", "sekisho-card"), ("rusb", "sekisho-card"), ("cryptoki", "sekisho-issuer")] {
        let others = dependencies
            .iter()
            .filter(|(name, theirs)| theirs.contains(only) && ![place, "sekisho-tests"].contains(&name.as_str()));
        assert_eq!(others.count(), 0, "only {place} speaks to {only}");
    }
}
