//! Acts that must not be: each is refused in words that say why and what to do, and the register, the proposals and the cards are as they were.

use std::process::{Child, Stdio};
use std::time::Duration;

use sekisho_tests::clock::StoryClock;
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_fresh};

use crate::desks::{again_with, export, hers, run};

/// What an act changes, if it changes anything.
fn state(scene: &Scene) -> (String, String) {
    (scene.desk.run(&["acts"]), scene.desk.run(&["proposals"]))
}

/// Refused in these words, and nothing is half done.
fn nothing_done(scene: &Scene, arguments: &[&str], words: &[&str]) {
    let before = state(scene);
    let said = scene.refused(arguments);
    for word in words {
        assert!(said.contains(word), "'{word}' is missing after {arguments:?}: {said}");
    }
    assert_eq!(state(scene), before, "{arguments:?} left something behind: {said}");
}

/// The one proposal that is open.
fn open(scene: &Scene) -> String {
    let [proposal] =
        scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("one proposal, not {all:?}"));
    proposal["id"].as_str().unwrap().to_owned()
}

const DESIGNATE: [&str; 8] = ["--propose", "operator", "designate", "10040", "--name", "山本 新", "--section", "jumin"];

/// Designations take the head of the section, then the data protection manager.
fn two_stages(scene: &mut Scene) {
    scene.appoint("20003", "課 長", "jumin-head", &["data_handling_manager"]);
    scene.apply_by_two(
        "[[post]]\npost = \"jumin-head\"\ntitle = \"住民課長\"\nroles = [\"data_handling_manager\"]\nsection = \"jumin\"\n\
         [[route]]\nclass = \"operators\"\nproposers = [\"terminal_manager\"]\n\
         approvers = [\"data_handling_manager\", \"data_protection_manager\"]\n",
    );
}

#[test]
fn nobody_approves_twice_for_himself_or_with_a_card_that_was_blocked_between_the_stages() {
    let mut scene = Scene::new("approvers");
    two_stages(&mut scene);
    scene.desk.run(&DESIGNATE);
    let proposal = open(&scene);
    let approve = ["approve", proposal.as_str()];
    nothing_done(&scene, &approve, &["different persons"]);
    scene.desk.sign_by("20002");
    nothing_done(&scene, &approve, &["the stage before this one has not approved yet"]);

    scene.desk.sign_by("20003");
    scene.desk.run(&approve);
    nothing_done(&scene, &approve, &["person"]);
    let people = scene.desk.list(&["operator", "list"]).len();

    // Her card is blocked, and everything that she approved with it waits for somebody who may.
    scene.desk.sign_by("20001");
    let card = scene.desk.guid_of("20003");
    let block = ["card", "revoke", &card, "--reason", "lost"];
    scene.desk.run(&block);
    scene.desk.sign_by("20003");
    assert!(scene.refused(&approve).contains("signs no acts"), "a blocked card does not even begin");
    scene.desk.sign_by("20002");
    nothing_done(&scene, &approve, &["may not act now", "withdrawn and made again"]);
    assert_eq!(scene.desk.list(&["operator", "list"]).len(), people);

    // What is left is to take it back, and to begin again.
    nothing_done(&scene, &["withdraw", &proposal, "--reason", "課長のカード失効"], &["whoever proposed"]);
    scene.desk.sign_by("20001");
    scene.decide(&["withdraw", &proposal, "--reason", "課長のカード失効"]);
    scene.desk.sign_by("20002");
    nothing_done(&scene, &approve, &["withdrawn"]);
}

#[test]
fn the_proposer_approves_nothing_and_nobody_approves_what_is_decided() {
    let mut scene = Scene::new("same");
    // Whoever could set posts alone could do everything alone.
    scene.desk.run(&["--propose", "post", "set", "zei-kacho", "税務課長", "--role", "data_handling_manager"]);
    let proposal = open(&scene);
    let approve = ["approve", proposal.as_str()];
    nothing_done(&scene, &approve, &["different persons", "Let another person approve"]);
    scene.desk.sign_by("20002");
    scene.decide(&approve);
    nothing_done(&scene, &approve, &["open proposal", "sekisho-admin proposals"]);
    scene.desk.sign_by("20001");
    nothing_done(&scene, &approve, &["open proposal", "sekisho-admin proposals"]);
}

#[test]
fn nobody_is_seated_by_mistake_where_somebody_sits_or_for_no_time() {
    let mut scene = Scene::new("posts");
    scene.by_two(&["post", "set", "zei-kacho", "税務課長", "--role", "data_handling_manager"]);
    scene.by_two(&["post", "hold", "zei-kacho", "10031", "--to", "2030-03-31"]);
    let hold = ["--propose", "post", "hold", "zei-kacho", "10023"];
    nothing_done(&scene, &hold, &["10031", "--beside"]);
    nothing_done(&scene, &[&hold[..], &["--from", "2030-03-31"]].concat(), &["10031", "--beside"]);
    let backwards = ["--from", "2031-04-01", "--to", "2031-03-30"];
    nothing_done(&scene, &[&hold[..], &backwards].concat(), &["end before they begin"]);
    scene.by_two(&[&hold[1..], &["--from", "2030-04-01"]].concat());
}

#[test]
fn acts_of_yesterday_of_tomorrow_and_of_no_day_change_nothing() {
    let mut scene = Scene::new("days");
    // A desk whose clock is wrong.
    let wrong = StoryClock::new(&scene.scratch.folder("wrong"));
    let set = ["function", "set", "nenkin.inquire", "年金照会"];
    let hours = Duration::from_secs(3 * 3600);
    scene.clock.pass(2 * hours);
    wait_fresh(&scene.terminal);
    scene.decide(&["section", "set", "nenkin", "年金係"]);
    for ahead in [1, 3] {
        wrong.pass(ahead * hours);
        scene.desk.follow(&wrong);
        let said = scene.refused(&set);
        scene.desk.follow(&scene.clock);
        assert!(said.contains("made") && said.contains("clock"), "{ahead}: {said}");
        assert!(!scene.desk.run(&["acts"]).contains("nenkin.inquire"), "{said}");
    }
    // A proposal that nobody approved in time.
    scene.desk.run(&[&["--propose"], &set[..]].concat());
    let proposal = open(&scene);
    scene.clock.pass(Duration::from_secs(15 * 24 * 3600));
    scene.desk.sign_by("20002");
    nothing_done(&scene, &["approve", &proposal], &["open proposal", "sekisho-admin proposals"]);
    scene.desk.sign_by("20001");
    // Days of the wrong era, days that are none, ends before beginnings.
    let permit = ["permit", "grant", "--operator", "10023", "--terminal", "jumin-1", "--reason", "zangyo", "--from"];
    for (day, words) in [
        ("平成38年4月1日", "令和8年4月1日"),
        ("昭和101年4月1日", "令和8年4月1日"),
        ("令和元年4月30日", "began on 令和元年5月1日"),
        ("令和9年2月29日", "no such day"),
        ("明治150年1月1日", "not a date"),
        ("R9.13.1", "not a date"),
    ] {
        nothing_done(&scene, &[&permit[..], &[day, "--to", "R9.3.31"]].concat(), &[words]);
    }
    let now = scene.clock.minute_in(Duration::ZERO);
    nothing_done(&scene, &[&permit[..], &[&now, "--to", "2020-01-01"]].concat(), &["2020"]);
}

/// Starts a call, whose words come later.
fn start(mut command: std::process::Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn of_two_administrators_at_once_one_decides_and_the_other_is_told() {
    let mut scene = Scene::new("atonce");
    let (file, print) = export(&scene);
    scene.desk.sign_by("20002");
    run(hers(&scene, &["join", &file, "--fingerprint", &print]));
    scene.desk.sign_by("20001");
    // Each at her own desk, with a reader of her own.
    let mut second = scene.desk.leaves("20002");
    scene.desk.lay_in(&mut second);
    let at_the_other_reader = |scene: &Scene, call: &[&str]| {
        again_with(hers(scene, call), &[("--signer-reader", scene.desk.pcscd.reader(1))])
    };
    let profile = |functions: &[&'static str]| {
        let mut call = vec!["operator", "profile", "10023", "jumin-a"];
        functions.iter().for_each(|function| call.extend(["--function", function]));
        call
    };
    let (one, other) = (profile(&["juminhyo.issue"]), profile(&["juminhyo.search"]));
    let before = scene.desk.list(&["acts"]).len();
    let both_calls = [start(scene.desk.command(&one)), start(at_the_other_reader(&scene, &other))];
    let ended = both_calls.map(|child| child.wait_with_output().unwrap());
    let won = ended.iter().filter(|output| output.status.success()).count();
    let said: Vec<_> = ended.iter().map(both).collect();
    assert!(won >= 1, "somebody decides: {said:?}");
    let acts = scene.desk.list(&["acts"]).len();
    assert_eq!(acts - before, won, "each that went through stands in the log, and no other:\n{said:?}");
    for output in ended.iter().filter(|output| !output.status.success()) {
        assert!(both(output).contains("changed"), "{}", both(output));
    }
    assert!(scene.desk.list(&["proposals"]).is_empty());
}
