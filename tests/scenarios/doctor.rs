//! `sekisho doctor` on a terminal where nothing is wrong, and where one thing after another is.

use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

/// What it says of each thing that is not sound, by code; the rest is left out. The clock is: the story's is not this machine's.
fn not_sound(scene: &Scene) -> Vec<(String, String)> {
    let mut command = scene.terminal.sekisho(&["doctor", "--json"]);
    let output = command.env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket()).output().unwrap();
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let wrong = found.iter().any(|finding| finding["grade"] == "wrong");
    assert_eq!(output.status.code(), Some(i32::from(wrong)));
    let text = |finding: &serde_json::Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let found = found.iter().map(|finding| (text(finding, "code"), text(finding, "grade")));
    // This machine's own affairs: whether it has units, a disk that is full, other programs with cards.
    let told = ["agent", "card_service", "enrolled", "ledger", "reader", "register", "certificate"];
    found.filter(|(code, grade)| told.contains(&code.as_str()) && grade != "sound").collect()
}

fn is(code: &str, grade: &str) -> Vec<(String, String)> {
    vec![(code.into(), grade.into())]
}

#[test]
fn the_doctor_finds_what_is_wrong_and_says_nothing_of_a_sound_terminal() {
    let mut scene = Scene::new("doctor");
    sekisho_tests::clerk::insert(&scene.terminal, &mut scene.clerk);
    scene.wait_current();
    wait::until("a terminal that is sound", || not_sound(&scene).is_empty().then_some(()));
    scene.ledger.kill();
    wait::until("the ledger to be missed", || (not_sound(&scene) == is("ledger", "doubtful")).then_some(()));
    scene.terminal.kill(Part::Agent);
    assert_eq!(not_sound(&scene), is("agent", "wrong"));
    scene.terminal.pcscd.kill();
    assert_eq!(not_sound(&scene), [is("card_service", "wrong"), is("agent", "wrong")].concat());
}
