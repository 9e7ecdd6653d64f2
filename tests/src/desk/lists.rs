//! What a desk is asked: lists, and what stands in its home.

use sekisho_wire::id::OfficeId;

use super::{Desk, run};

impl Desk {
    /// The GUID of an operator's newest card, as the register prints it.
    ///
    /// # Panics
    /// When the operator has none.
    #[must_use]
    pub fn guid_of(&self, operator: &str) -> String {
        let cards = self.list(&["card", "list"]);
        let cards = cards.iter().filter(|card| card["operator"] == operator);
        let mut guids = cards.filter_map(|card| card["guid"].as_str());
        guids.next_back().unwrap_or_else(|| panic!("{operator} has no card")).to_owned()
    }

    /// What a call lists.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn list(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        self.list_in("en", arguments)
    }

    /// As [`Self::list`], with titles and numbers in the language asked for.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn list_in(&self, language: &str, arguments: &[&str]) -> Vec<serde_json::Value> {
        let what = format!("sekisho-admin {}", arguments.join(" "));
        let said = run(&what, self.command_in(language, &["--json"]).args(arguments));
        let list = said.lines().find(|line| line.starts_with('[')).unwrap_or_else(|| panic!("{what}: {said}"));
        serde_json::from_str(list).expect("a JSON list")
    }

    /// The office that this desk administers.
    ///
    /// # Panics
    /// When it administers none.
    #[must_use]
    pub fn office(&self) -> OfficeId {
        let text = std::fs::read_to_string(self.file("home/office.toml")).expect("an office");
        let id = text.lines().find_map(|line| line.strip_prefix("office = ")).expect("its id");
        id.trim_matches('"').parse().expect("an id")
    }
}
