//! Inspections.

use std::time::Duration;

use sekisho_tests::scene::Scene;

use crate::cases::{day, open, shown, step, waits};

#[test]
fn s3_34_an_inspection_has_scope_and_findings_with_dates_and_what_is_late_is_listed() {
    let scene = Scene::new("kensa");
    let (from, to, due) = (day(&scene, 0), day(&scene, 1), day(&scene, 30));
    let fields = [format!("from={from}"), format!("to={to}"), format!("due={due}")];
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let case = open(&scene, "inspection", &[&fields[..], &["scope=住民課の端末機", "items=カードの保管"]].concat());
    let corrected = format!("due={}", day(&scene, 5));
    step(&scene, &case, "finding", &["finding=予備カードの封が切れている", &corrected]);
    step(&scene, &case, "result", &["result=指摘1件", &format!("on={from}")]);
    let late =
        |scene: &Scene| waits(scene, "put right").iter().filter(|row| row.to_string().contains("overdue")).count();
    assert_eq!((waits(&scene, "put right").len(), late(&scene)), (1, 0));
    assert!(scene.refused(&["case", "step", &case, "close"]).contains("comes first"));
    scene.clock.pass(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(late(&scene), 1, "{:?}", scene.desk.list(&["today"]));
    step(&scene, &case, "corrected", &["finding=1", "result=封をし直した", &format!("on={}", day(&scene, 0))]);
    assert_eq!(waits(&scene, "put right").len(), 0);
    step(&scene, &case, "close", &[]);
    let said = shown(&scene, &case);
    for word in ["住民課の端末機", "カードの保管", "予備カードの封が切れている", "封をし直した", "指摘1件"]
    {
        assert!(said.contains(word), "'{word}' is missing: {said}");
    }
}
