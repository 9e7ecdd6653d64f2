//! The way back after a stop (S1 16): its record, and the two keys, each turned by another person.

use crate::scene::Scene;

impl Scene {
    /// The id of the newest act.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn newest_act(&self) -> String {
        self.desk.list(&["acts", "--last", "1"])[0]["id"].as_str().expect("an act has an id").to_owned()
    }

    /// Begins the record of these stops, in an office that has neither committee nor mayor: what happened, the acts, the report by whoever signs now
    /// and the confirmation by the other founder. Gives the case.
    ///
    /// # Panics
    /// When a step is refused.
    pub fn turn_both_keys(&mut self, stops: &[String]) -> String {
        let newest = |scene: &Self, form: &str| {
            let cases = scene.desk.list(&["case", "list", "--form", form]);
            cases.last().expect("it was opened")["case"].as_str().expect("a case has a number").to_owned()
        };
        let what = ["class=failure", "level=1", "kind=failure", "circumstances=回線の異常"];
        self.desk.run(&[&["case", "open", "incident"], &what[..]].concat());
        let incident = format!("incident={}", newest(self, "incident"));
        self.desk.run(&["case", "open", "disconnection", "door=immediate", &incident, "reason=回線の異常"]);
        let case = newest(self, "disconnection");
        for stop in stops {
            self.desk.run(&["case", "step", &case, "stop", &format!("act={stop}")]);
        }
        let on = format!("on={}", &self.clock.minute_in(std::time::Duration::ZERO)[..10]);
        self.desk.run(&["case", "step", &case, "resolve", "reporter=情報課長", "cause=回線の修理", &on]);
        let former = self.desk.signer();
        self.desk.sign_by(crate::decided::other_founder(&former));
        self.desk.run(&["case", "step", &case, "confirm", "safety=確認した"]);
        self.desk.sign_by(&former);
        case
    }
}
