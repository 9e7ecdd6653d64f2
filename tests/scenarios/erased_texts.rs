//! A visitor and a maintenance man stood in the casebook. Once that was kept long enough two persons erase the texts of the one's case, and they are nowhere any
//! more: not at the ledger, not in a backup, not at the desk. That somebody came, when, and who stood beside him, stays, and verifies.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sekisho_ledger::clock::MachineClock;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::store::LogName;
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{Scene, wait_fresh};
use sekisho_tests::wait;

const NAME: &str = "阿部 公房";
const FROM: &str = "砂丘保守株式会社";
const OTHER: &str = "別府 次郎";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longer than a year from the end of the month in which he left.
const LONG: Duration = Duration::from_secs(400 * 24 * 3600);

fn visit(scene: &Scene, name: &str, from: &str) -> String {
    let at = format!("at={}", scene.clock.minute_in(Duration::ZERO));
    let [name, from] = [format!("name={name}"), format!("from={from}")];
    let fixed = ["case", "open", "visitor", "purpose=空調の点検", "permitted=20001", "attendant=10023"];
    scene.desk.run(&[&fixed[..], &[&name, &from, &at]].concat());
    let cases = scene.desk.list(&["case", "list", "--form", "visitor"]);
    cases.last().unwrap()["case"].as_str().unwrap().to_owned()
}

fn leaves(scene: &Scene, case: &str) {
    let at = format!("at={}", scene.clock.minute_in(Duration::ZERO));
    scene.desk.run(&["case", "step", case, "left", &at]);
}

/// What is said of a case whose texts are there.
fn standing(scene: &Scene, case: &str, arguments: &[&str]) -> Option<String> {
    let rows = scene.desk.list(&[&["retention", "texts"], arguments].concat());
    let row = rows.iter().find(|row| row["case"] == case)?;
    Some(row["standing"].as_str().unwrap().to_owned())
}

fn waits_for_erasing(scene: &Scene) -> bool {
    let said = |row: &serde_json::Value| row["what"].as_str().unwrap().contains("were kept long enough");
    scene.desk.list(&["today"]).iter().any(said)
}

/// Whether a file below holds one of his texts.
fn holds_him(place: &Path) -> bool {
    std::fs::read_dir(place).unwrap().flatten().any(|entry| {
        let path = entry.path();
        let holds =
            |bytes: Vec<u8>| [NAME, FROM].iter().any(|text| bytes.windows(text.len()).any(|it| it == text.as_bytes()));
        if path.is_dir() { holds_him(&path) } else { std::fs::read(&path).is_ok_and(holds) }
    })
}

fn passes(scene: &mut Scene, mut enough: impl FnMut(&Scene) -> bool) {
    scene.terminal.stop();
    while !enough(scene) {
        scene.clock.pass(DAY);
    }
    scene.terminal.start();
    wait_fresh(&scene.terminal);
}

#[test]
fn the_texts_of_a_case_are_erased_once_it_was_kept_long_enough_and_are_nowhere_any_more() {
    let mut scene = Scene::new("erased-texts");
    scene.apply("[policy]\nretention_access_years = 1\nretention_administration_years = 1\n");
    // What this month promised is kept as long as it was promised.
    let month = |scene: &Scene| scene.clock.minute_in(Duration::ZERO)[..7].to_owned();
    let first = month(&scene);
    passes(&mut scene, |scene| month(scene) != first);
    let case = visit(&scene, NAME, FROM);
    let other = visit(&scene, OTHER, "別の会社");
    assert_eq!(standing(&scene, &case, &[]).as_deref(), Some("it is not over"));
    leaves(&scene, &case);
    assert!(scene.refused(&["retention", "erase-texts", &case]).contains("they are kept until"));
    let kept_in = month(&scene);
    let older = scene.scratch.folder("older").join("data");
    succeeded("sekisho-ledger backup", &scene.ledger.command("backup").arg("--to").arg(&older).output().unwrap());

    assert!(!waits_for_erasing(&scene));
    let left = u128::from(scene.clock.now_ms()) + LONG.as_millis();
    passes(&mut scene, |scene| u128::from(scene.clock.now_ms()) >= left);
    assert_eq!(standing(&scene, &case, &["--due"]).as_deref(), Some("may be erased"));
    assert_eq!(standing(&scene, &other, &[]).as_deref(), Some("it is not over"));
    assert!(waits_for_erasing(&scene));
    // Somebody asks for what was written that month.
    scene.desk.run(&["retention", "preserve", "hozen-1", "--from", &kept_in, "--to", &kept_in]);
    assert!(scene.refused(&["retention", "erase-texts", &case]).contains("preservation order hozen-1 keeps them"));
    assert!(!waits_for_erasing(&scene));
    scene.by_two(&["retention", "lift", "hozen-1"]);

    let (keys, desk) = (scene.ledger.data().join("payload.key"), scene.desk.file("home"));
    let before = std::fs::read(&keys).unwrap();
    assert!(scene.desk.run(&["case", "show", &case]).contains(NAME));
    let said = scene.desk.run(&["retention", "erase-texts", "--due"]);
    assert!(said.contains("erase every text of these cases") && said.contains(&format!("case show {case}")), "{said}");
    let approved = scene.approve();
    assert!(approved.contains("this is final") && approved.contains(&format!("case show {case}")), "{approved}");
    wait::until("the keys of the texts to be gone", || (std::fs::read(&keys).unwrap() != before).then_some(()));
    scene.wait_current();
    assert!(!holds_him(&desk) && !holds_him(scene.ledger.data()));

    // What is left says so; the other one keeps his.
    let shown = scene.desk.run(&["case", "show", &case]);
    assert!(shown.contains("(erased by the act at entry ") && !shown.contains(NAME), "{shown}");
    let output = scene.desk.command_in("ja", &["case", "show", &case]).output().unwrap();
    assert!(both(&output).contains("(消去済み: 登録順"), "{}", both(&output));
    assert!(scene.desk.run(&["case", "show", &other]).contains(OTHER));
    assert_eq!((standing(&scene, &case, &[]), waits_for_erasing(&scene)), (None, false));
    assert!(scene.refused(&["retention", "erase-texts", &case]).contains("they were erased by the act at entry"));
    assert!(scene.refused(&["case", "step", &case, "left", "at=2026-12-01 10:00"]).contains("is closed"));
    assert!(scene.desk.run(&["acts"]).contains("erase every text of these cases"));
    scene.desk.assert_verified();

    // An auditor verifies what is left without the ledger.
    let permission = scene.desk.permit_whole_export("jumin");
    let folder = scene.scratch.path().join("logs");
    let folder = folder.to_str().unwrap();
    scene.desk.run(&["log", "export", folder, "--permission", &permission]);
    assert!(!holds_him(Path::new(folder)));
    scene.desk.run(&["verify-logs", folder, "--office-id", &scene.desk.office().to_string()]);

    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
    let restored = scene.ledger.back_with_keys_of_today(&older, &scene.clock);
    let (code, said) = restored.fsck();
    assert!(code == Some(1) && said.contains("the key of a name or text is gone, and no act here says so"), "{said}");
    let ledger = sekisho_ledger::ledger::Ledger::open(&DataDir::new(restored.data()), Arc::new(MachineClock)).unwrap();
    let office = ledger.offices()[0].id;
    let texts = ledger.names_beside(&office, LogName::Casebook, 0..1_000).unwrap();
    let texts: Vec<String> = texts.iter().map(|text| text.text.to_string()).collect();
    assert!(texts.iter().any(|text| text == OTHER));
    assert!(!texts.iter().any(|text| text == NAME || text == FROM), "{texts:?}");
}
