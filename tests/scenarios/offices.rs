//! Two offices on one ledger: a trustee's administrator acts in the client's register on request, and a clerk works there with the card from home.

use std::process::Command;

use sekisho_ipc::SessionState;
use sekisho_tests::binaries::program;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::clock::live_by;
use sekisho_tests::desk::{Desk, Issued};
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{Scene, wait_sealed};
use serde_json::Value;

use crate::exported::{CSV, OCSF, python};

const FUNCTION: &str = "juminhyo.issue";
const AGREEMENT: [&str; 2] = ["--agreement", "K-2026-1"];

/// The other office: its desk, its clerk, and what it says of itself and of two of its people.
struct Elsewhere {
    desk: Desk,
    clerk: Issued,
    introduction: String,
    fingerprint: String,
}

impl Elsewhere {
    /// Founded on the same ledger, with the same codes for everything: nothing but the office tells them apart.
    fn founded(scene: &Scene) -> Self {
        let _ = std::fs::remove_file(scene.ledger.data().with_file_name("founding.code"));
        let mut desk = Desk::new(&scene.scratch.folder("e"));
        desk.follow(&scene.clock);
        desk.found(&scene.ledger, "town.toml");
        let (clerk, _) = desk.issue("10023", &["--operator", "10023"]);
        let introduction = desk.file("introduction").to_str().unwrap().to_owned();
        let said = desk.run(&["partner", "introduce", &introduction, "--operator", "20001", "--operator", "10023"]);
        let fingerprint = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().to_owned();
        Self { desk, clerk, introduction, fingerprint }
    }

    /// What a call needs to believe it.
    fn introduced(&self) -> [&str; 3] {
        [&self.introduction, "--fingerprint", &self.fingerprint]
    }

    /// A call of its administrator in a home of the client's office: his card, his reader, his PIN.
    fn in_client(&self, scene: &Scene, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("sekisho-admin"));
        command.env("PCSCLITE_CSOCK_NAME", self.desk.pcscd.socket()).env("RUST_LOG", "warn");
        command.args(["--lang", "en", "--yes", "--wait", "30", "--home"]).arg(self.desk.file("client"));
        command
            .args(["--signer-reader", &self.desk.pcscd.reader(0), "--pin-file"])
            .arg(self.desk.file("pins/20001.pin"));
        live_by(scene.clock.file(), &mut command);
        command.args(arguments);
        command
    }

    fn acts(&self, scene: &Scene, arguments: &[&str]) -> String {
        let output = self.in_client(scene, arguments).output().unwrap();
        succeeded("sekisho-admin", &output);
        scene.wait_current();
        both(&output)
    }

    fn refused(&self, scene: &Scene, arguments: &[&str]) -> String {
        let output = self.in_client(scene, arguments).output().unwrap();
        assert!(!output.status.success(), "it went through:\n{}", both(&output));
        both(&output)
    }
}

/// One administrator of the client proposes, the other approves, and the terminal goes by it.
fn by_two(scene: &mut Scene, arguments: &[&str]) {
    scene.desk.run(&[&["--propose"], arguments].concat());
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    scene.desk.sign_as(1);
    scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    scene.desk.sign_as(1);
}

/// The same at a desk beside which no terminal of the scene stands.
fn both_sign(desk: &mut Desk, arguments: &[&str]) {
    desk.run(&[&["--propose"], arguments].concat());
    let [proposal] = desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    desk.sign_as(1);
    desk.run(&["approve", proposal["id"].as_str().unwrap()]);
    desk.sign_as(1);
}

#[test]
fn a_trustee_acts_on_request_alone_and_a_clerk_of_another_office_works_with_the_card_from_home() {
    let mut scene = Scene::new("offices");
    let mut elsewhere = Elsewhere::founded(&scene);
    let introduced = elsewhere.introduced().map(ToOwned::to_owned);
    let introduced: Vec<&str> = introduced.iter().map(String::as_str).collect();

    // Nobody of the other office is anybody here, though all codes are the same.
    insert(&scene.terminal, &mut elsewhere.clerk);
    let stranger = try_login(&scene.terminal, &elsewhere.clerk);
    assert!(["card_unknown", "grant_false", "grant_refused"].contains(&stranger.as_str()), "{stranger}");
    pull(&scene.terminal, &mut elsewhere.clerk);

    by_two(&mut scene, &[&["partner", "set", "tonari"], &introduced[..]].concat());
    let entrust = ["partner", "entrust", "tonari", "--class", "operators", "--class", "cards", "--class", "block"];
    by_two(&mut scene, &[&AGREEMENT[..], &entrust[..]].concat());
    let place = ["--section", "jumin", "--at-section", "jumin"];
    let trustee = ["partner", "admit", "tonari-kanri", "--home-operator", "20001", "--signs"];
    by_two(&mut scene, &[&trustee[..], &introduced[..], &place[..]].concat());
    by_two(&mut scene, &["post", "set", "jutaku", "受託管理者", "--role", "trustee_admin"]);
    by_two(&mut scene, &["post", "hold", "jutaku", "tonari-kanri"]);

    // The trustee's administrator has a home for the client's office, beside the one for his own.
    let export = scene.desk.file("office.export").to_str().unwrap().to_owned();
    let said = scene.desk.run(&["office", "export", &export]);
    let print = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap();
    let output = elsewhere.in_client(&scene, &["join", &export, "--fingerprint", print]).output().unwrap();
    succeeded("sekisho-admin join", &output);
    let designate =
        ["operator", "designate", "10040", "--name", "山本 新", "--section", "jumin", "--at-section", "jumin"];
    let said = elsewhere.refused(&scene, &designate);
    assert!(said.contains("request") && said.contains("K-2026-1"), "{said}");
    let on_request = [&AGREEMENT[..], &["--request", "IRAI-8"]].concat();
    let said = elsewhere.acts(&scene, &[&on_request[..], &designate].concat());
    assert!(said.contains("IRAI-8"), "what is signed shows the request: {said}");
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("tonari-kanri") && acts.contains("IRAI-8") && acts.contains("designate 10040"), "{acts}");

    // He neither enrols nor retires a terminal, nor gives himself more, nor sees what was done at it.
    let code = elsewhere.desk.file("x.code").to_str().unwrap().to_owned();
    let said = elsewhere.refused(&scene, &["terminal", "invite", "jumin-2", "--out", &code]);
    assert!(said.contains("role") || said.contains("may not"), "{said}");
    for arguments in [
        &["terminal", "retire", "jumin-1"][..],
        &["operator", "designate", "tonari-kanri", "--name", "x", "--section", "jumin"],
    ] {
        let said = elsewhere.refused(&scene, &[&on_request[..], arguments].concat());
        assert!(said.contains("not entrusted"), "{said}");
    }
    elsewhere.refused(&scene, &["records", "search"]);

    // A clerk of the other office, with the card from there, at the terminal here.
    let guest = [
        "partner",
        "admit",
        "tonari-10023",
        "--home-operator",
        "10023",
        "--profile",
        "jumin-a",
        "--function",
        FUNCTION,
    ];
    by_two(&mut scene, &[&guest[..], &introduced[..], &place[..]].concat());
    insert(&scene.terminal, &mut elsewhere.clerk);
    login(&scene.terminal, &elsewhere.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    assert_ne!(verdict_of(&scene.terminal, "koseki.issue"), "granted", "what he may do is decided here");
    wait_sealed(&scene.terminal);
    let [opened] = scene.search(&["--kind", "session_opened"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let verified = scene.desk.run(&["records", "verify", opened["index"].as_str().unwrap()]);
    assert!(verified.contains("tonari-10023") && verified.contains("of 白樺町"), "{verified}");
    // Taken away, each record of his says where he comes from; those of our own people do not.
    let home = elsewhere.desk.office().to_string();
    let permission = scene.desk.permit_export("jumin");
    let taken = ["csv", "ocsf"].map(|format| {
        let file = scene.scratch.path().join(format);
        let out = file.to_str().unwrap();
        scene.desk.run(&["records", "export", "--permission", &permission, "--format", format, "--out", out]);
        python(if format == "csv" { CSV } else { OCSF }, &file)
    });
    let [rows, events] = taken;
    let column = |title: &str| rows[0].as_array().unwrap().iter().position(|of| of == title).unwrap();
    let of_him = rows.iter().filter(|row| row[column("home")] == home.as_str());
    assert!(of_him.clone().count() >= 3 && of_him.clone().all(|row| row[column("operator")] == "tonari-10023"));
    let user = |event: &Value| [&event["user"], &event["actor"]["user"]].into_iter().find(|it| !it.is_null()).cloned();
    let users: Vec<_> = events.iter().filter_map(user).filter(|user| user["uid"] == "tonari-10023").collect();
    assert!(users.len() >= 3 && users.iter().all(|user| user["org"]["uid"] == home.as_str()), "{users:?}");
    scene.desk.assert_verified();

    // The home office reports the card itself: it was entrusted with blocks. The session ends within seconds.
    let card = elsewhere.desk.guid_of("10023");
    let suspend = ["card", "suspend", &card, "--reason", "lost"];
    elsewhere.acts(&scene, &[&on_request[..], &suspend].concat());
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &elsewhere.clerk), "card_suspended");
    // And the client takes it all back by one person's act.
    scene.decide(&["partner", "end-trust", "tonari"]);
    let said = elsewhere.refused(&scene, &[&on_request[..], &["operator", "suspend", "10040"]].concat());
    // He does not even read the register any more.
    assert!(said.contains("role") || said.contains("none of your posts permits this"), "{said}");

    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

#[test]
fn a_policy_is_shared_once_both_offices_have_decided_it() {
    let mut scene = Scene::new("policy");
    let elsewhere = Elsewhere::founded(&scene);
    let ours = scene.desk.file("introduction").to_str().unwrap().to_owned();
    let said = scene.desk.run(&["partner", "introduce", &ours]);
    let print = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().to_owned();
    let introduced = elsewhere.introduced().map(ToOwned::to_owned);
    let introduced: Vec<&str> = introduced.iter().map(String::as_str).collect();
    by_two(&mut scene, &[&["partner", "set", "tonari"], &introduced[..]].concat());
    let mut there = elsewhere.desk;
    both_sign(&mut there, &["partner", "set", "shirakaba", &ours, "--fingerprint", &print]);

    let policy = scene.desk.file("policy.toml").to_str().unwrap().to_owned();
    std::fs::write(&policy, "[policy]\nhours_enforced = false\nidle_seconds = 120\n").unwrap();
    // The same day in both offices; it has come, so that it holds as soon as both have decided.
    let shared = ["--policy", &policy, "--from", "2026-04-01"];
    let share = |partner| [&["partner", "share-policy", partner], &shared[..]].concat();
    let refused = scene.desk.try_run(&share("tonari"));
    assert!(both(&refused).contains("agreement"), "{}", both(&refused));
    scene.desk.run(&[&AGREEMENT[..], &share("tonari")].concat());
    there.run(&[&AGREEMENT[..], &share("shirakaba")].concat());
    assert_eq!(scene.desk.list(&["partner", "list"])[0]["policy"], "decided here, not shown there yet");
    let (theirs, of_ours) = (scene.desk.file("theirs.proof"), scene.desk.file("ours.proof"));
    let (theirs, of_ours) = (theirs.to_str().unwrap(), of_ours.to_str().unwrap());
    there.run(&["partner", "prove-policy", "shirakaba", theirs]);
    scene.desk.run(&["partner", "prove-policy", "tonari", of_ours]);
    let refused = scene.desk.try_run(&["--propose", "partner", "show-policy", of_ours]);
    assert!(!refused.status.success(), "our own decision is not theirs");
    by_two(&mut scene, &["partner", "show-policy", theirs]);
    both_sign(&mut there, &["partner", "show-policy", of_ours]);
    for desk in [&scene.desk, &there] {
        let [partner] = desk.list(&["partner", "list"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
        assert_eq!(partner["policy"], "shared");
        let changes = desk.file("alone.toml");
        std::fs::write(&changes, "[policy]\nidle_seconds = 600\n").unwrap();
        let refused = desk.try_run(&["apply", changes.to_str().unwrap()]);
        assert!(!refused.status.success() && both(&refused).contains("shared with office"), "{}", both(&refused));
    }
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}
