//! Forms filled in at a desk, decisions on paper, and what waits.

use std::time::Duration;

use sekisho_tests::scene::Scene;
use serde_json::Value;

/// A mayor and a committee have posts and no cards: the second founder keeps the mayor's papers, the first the committee's. `more` is decided in the same act.
pub(crate) fn with_papers(story: &str, more: &str) -> Scene {
    let mut scene = Scene::new(story);
    scene.apply_by_two(&format!(
        "[[post]]\npost = \"mayor\"\ntitle = \"市長\"\nroles = [\"executive\"]\nkeeper = \"jumin-kacho\"\n\
         [[post]]\npost = \"board\"\ntitle = \"セキュリティ対策委員会\"\nroles = [\"security_committee\"]\n\
         keeper = \"joho-kacho\"\n{more}"
    ));
    scene
}

/// This minute, as people write it on a form.
pub(crate) fn now(scene: &Scene) -> String {
    scene.clock.minute_in(Duration::ZERO)
}

/// The day in so many days.
pub(crate) fn day(scene: &Scene, days: u32) -> String {
    scene.clock.minute_in(Duration::from_secs(24 * 3600) * days)[..10].to_owned()
}

/// A call by which its keeper records what this post decided on paper.
pub(crate) fn paper<'a>(of: &'a str, today: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--paper-of", of, "--paper-number", "白総第12号", "--paper-date", today], arguments].concat()
}

/// What this post decided on paper is recorded by its keeper.
pub(crate) fn on_paper(scene: &mut Scene, of: &str, arguments: &[&str]) -> String {
    let today = day(scene, 0);
    scene.desk.sign_by(if of == "mayor" { "20002" } else { "20001" });
    let said = scene.desk.run(&paper(of, &today, arguments));
    scene.desk.sign_by("20001");
    said
}

/// Fills in a form; gives the case.
pub(crate) fn open(scene: &Scene, form: &str, fields: &[&str]) -> String {
    scene.desk.run(&[&["case", "open", form], fields].concat());
    let cases = scene.desk.list(&["case", "list", "--form", form]);
    cases.last().unwrap()["case"].as_str().unwrap().to_owned()
}

/// Takes a case a step on.
pub(crate) fn step(scene: &Scene, case: &str, step: &str, fields: &[&str]) -> String {
    scene.desk.run(&[&["case", "step", case, step], fields].concat())
}

/// All that stands in a case.
pub(crate) fn shown(scene: &Scene, case: &str) -> String {
    scene.desk.run(&["case", "show", case])
}

/// What waits today and says this.
pub(crate) fn waits(scene: &Scene, words: &str) -> Vec<Value> {
    scene.desk.list(&["today"]).into_iter().filter(|row| row.to_string().contains(words)).collect()
}

/// What an incident's report has to say.
pub(crate) const REPORT: [&str; 4] = ["circumstances=確認不足", "cause=照合の省略", "measures=回収", "damage=1名"];
