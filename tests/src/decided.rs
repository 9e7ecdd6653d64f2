//! What several people of a story's office decide together, and who else may.

use crate::desk::{Desk, Issued};
use crate::ledger::both;
use crate::scene::Scene;

/// The administrators who found the office.
const FOUNDERS: [&str; 2] = ["20001", "20002"];

impl Scene {
    /// Whoever signs now proposes, another founder approves, and the terminal goes by it.
    ///
    /// # Panics
    /// When either is refused.
    pub fn by_two(&mut self, arguments: &[&str]) -> String {
        let said = by_two(&mut self.desk, arguments);
        self.wait_current();
        said
    }

    /// As [`Self::by_two`], with a file of changes.
    ///
    /// # Panics
    /// When either is refused.
    pub fn apply_by_two(&mut self, changes: &str) -> String {
        let file = self.desk.file("changes.toml");
        std::fs::write(&file, changes).expect("cannot write a file of changes");
        self.by_two(&["apply", file.to_str().expect("a scratch path is text")])
    }

    /// Runs an administrator's call that must be refused; gives what was said.
    ///
    /// # Panics
    /// When it goes through.
    #[must_use]
    pub fn refused(&self, arguments: &[&str]) -> String {
        // Whose card signs nothing is asked for another one, and nobody brings it.
        let output = self.desk.try_run(&[&["--wait", "2"], arguments].concat());
        let said = both(&output);
        assert!(!output.status.success(), "{arguments:?} went through:\n{said}");
        said
    }

    /// A third person with a card that signs, in a post of her own with these roles. She signs as [`Desk::sign_by`] says; those who signed before go on.
    ///
    /// # Panics
    /// When a step fails.
    pub fn appoint(&mut self, operator: &str, name: &str, post: &str, roles: &[&str]) {
        let roles: Vec<String> = roles.iter().map(|role| format!("{role:?}")).collect();
        self.apply_by_two(&format!(
            "[[operator]]\noperator = {operator:?}\nname = {name:?}\nsection = \"jumin\"\nto = \"2056-03-31\"\n\
             [[post]]\npost = {post:?}\ntitle = \"職 {post}\"\nroles = [{}]\n\
             [[hold_post]]\npost = {post:?}\noperator = {operator:?}\n",
            roles.join(", ")
        ));
        let card = self.signing_card(operator);
        let former = self.desk.signer();
        self.desk.sign_with(card);
        self.desk.sign_by(&former);
    }

    /// A card that signs, for somebody who is designated: proposed, approved, finished.
    ///
    /// # Panics
    /// When a step fails.
    pub fn signing_card(&mut self, operator: &str) -> Issued {
        let (mut card, _) = self.desk.issue(operator, &["--operator", operator, "--signing", "--to", "2056-03-31"]);
        approve(&mut self.desk);
        self.desk.lay_in(&mut card);
        self.desk.run(&["card", "issue", "--resume"]);
        self.desk.take_out(&mut card);
        self.wait_current();
        card
    }

    /// The one proposal that waits is approved by another founder.
    ///
    /// # Panics
    /// When there is another number of them, or it is refused.
    pub fn approve(&mut self) -> String {
        let said = approve(&mut self.desk);
        self.wait_current();
        said
    }
}

/// What [`Scene::by_two`] does, at a desk beside which no terminal of the scene stands.
///
/// # Panics
/// When either is refused.
pub fn by_two(desk: &mut Desk, arguments: &[&str]) -> String {
    desk.run(&[&["--propose"], arguments].concat());
    approve(desk)
}

pub(crate) fn other_founder(one: &str) -> &'static str {
    FOUNDERS.into_iter().find(|founder| *founder != one).expect("two founders")
}

fn approve(desk: &mut Desk) -> String {
    let [proposal] = desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("one proposal, not {all:?}"));
    let former = desk.signer();
    desk.sign_by(other_founder(&former));
    let said = desk.run(&["approve", proposal["id"].as_str().expect("an id")]);
    desk.sign_by(&former);
    said
}
