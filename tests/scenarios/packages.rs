//! The Debian packages: what is in them, and how they stand in a Debian that boots.

use sekisho_tests::binaries::checkout;
use sekisho_tests::guest::{Luggage, exposure, has_said};
use sekisho_tests::packages::{NAMES, dpkg_deb, file, newer};
use sekisho_tests::ports::free_port;
use sekisho_tests::scene::{FUNCTIONS, Scene, fingerprint_in};

/// Every file of every package, with its mode and owner; dependencies; what dpkg asks before it overwrites. When it is meant to change, run with `UPDATE_PACKAGES=1`.
#[test]
fn each_package_holds_what_was_agreed() {
    let mut text = String::new();
    for name in NAMES {
        text += &format!("{name}\n");
        for line in dpkg_deb("--info", name).lines().map(str::trim).filter(|line| is_relation(line)) {
            text += &format!("  {line}\n");
        }
        let mut files: Vec<String> = dpkg_deb("--contents", name).lines().filter_map(listed).collect();
        files.sort();
        files.iter().for_each(|file| text += &format!("    {file}\n"));
    }
    let path = checkout().join("tests/packages.txt");
    if std::env::var_os("UPDATE_PACKAGES").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let agreed = std::fs::read_to_string(&path).unwrap();
    assert!(text == agreed, "the packages changed; look at it with UPDATE_PACKAGES=1 and git diff:\n{text}");
}

fn is_relation(line: &str) -> bool {
    ["Depends:", "Recommends:", "Suggests:", "Conflicts:"].iter().any(|kind| line.starts_with(kind))
}

/// Mode, owner, name and what it leads to; no folders.
fn listed(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [mode, owner, _, _, _, name, rest @ ..] = words.as_slice() else { panic!("not a listing: {line}") };
    (!mode.starts_with('d')).then(|| [&[*mode, *owner, *name], rest].concat().join(" "))
}

/// On a Debian that boots, with systemd, logind and polkit; cards, ledger and administrator are out here.
#[test]
#[ignore = "takes long: tests/long.sh"]
fn a_terminal_is_installed_enrolled_used_upgraded_killed_and_purged() {
    let mut scene = Scene::new("debian");
    scene.clerk.card.pull();
    let invitation = scene.desk.file("jumin-9.code");
    let code = invitation.to_str().expect("a scratch path is text");
    scene.desk.run(&["terminal", "invite", "jumin-9", "--out", code]);

    let luggage = Luggage::new(&scene.scratch.folder("guest"));
    for name in NAMES {
        luggage.add_as(&file(name), &format!("/packages/{name}.deb"));
        luggage.add_as(&newer(name, &scene.scratch.folder("newer")), &format!("/newer/{name}.deb"));
    }
    luggage.add_as(&invitation, "/invitation");
    for name in ["desk", "clerk-pinentry"] {
        luggage.add_as(&checkout().join("tests/guest").join(name), &format!("/{name}"));
    }
    scene.apply("[[function]]\nfunction = \"juminhyo.search\"\ntitle = \"住民票の検索\"\npurpose_required = true\napplications = [\"jumin-web\"]\n");
    let pin = scene.clerk.pin();
    let readers = free_port();
    let script = format!("ledger={} pin='{pin}'\n. /desk\n", scene.ledger.port());
    let mut guest = luggage.boot_debian(&script, &[readers], &[]);

    guest.wait_said("waits for enrolment");
    guest.wait_said("enrolled");
    let fingerprint = fingerprint_in(&guest.said());
    let mut arguments = vec!["terminal", "enrol", "jumin-9", "--section", "jumin", "--fingerprint", &fingerprint];
    arguments.extend(FUNCTIONS.iter().flat_map(|function| ["--function", *function]));
    scene.desk.run(&arguments);
    guest.wait_said("fresh");
    scene.clerk.card.join(&format!("127.0.0.1:{readers}"));
    guest.wait_said("granted");
    guest.wait_said("sealed");
    let records = scene.search(&["--terminal", "jumin-9", "--kind", "decision"]);
    assert!(!records.is_empty(), "nothing was sealed of what was decided");

    let said = guest.wait_end();
    for expected in [
        "the doctor finds nothing wrong",
        "the desktop logged in",
        "the session outlives an upgrade",
        "granted by the old agent",
        "the new agent runs",
        "granted by the new agent",
        "granted to the service that the function is for",
        "refused to another service of that user",
        "refused to what is no application",
        "locked when the agent was killed",
        "open again after the agent was killed",
        "the doctor saw it",
        "locked when the agent hung",
        "works with keys in credentials",
        "ledger is ready",
        "the PAM profile is there",
        "the PAM profile is gone",
        "nothing but data is left",
    ] {
        assert!(has_said(&said, expected), "{expected}:\n{said}");
    }
    for unit in ["sekisho-agent", "sekisho-card-worker", "sekisho-forwarder", "sekisho-gate", "sekisho-ledger"] {
        let exposure = exposure(&said, unit).unwrap();
        assert!(exposure < 2.0, "{unit}: {exposure}");
    }
}
