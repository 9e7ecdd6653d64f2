//! A report from the panel: what, about which card, and whether that is meant. It needs no card and no session.

use super::edit::{edit, write_into};
use super::{Action, Dialog, Key, Panel, moved};
use crate::failure::Failure;
use crate::report::{Answer, What};

/// The longest name of a card: its GUID, or a number in Japanese.
const CARD_MAX: usize = 40;

/// How far a person has come with a report.
#[derive(Debug)]
pub(in crate::panel) enum Reporting {
    /// Chooses what.
    What { choice: usize },
    /// Types about which card.
    Card { what: What, text: String },
    /// Looks at it once more.
    Sure { what: What, text: String },
}

impl Panel {
    /// Amid something that the agent is at work on, the key does nothing; a PIN that was begun is forgotten.
    pub(super) fn begin_report(&mut self) {
        let enrolled = self.state().is_some_and(|state| state.office.is_some());
        if enrolled && !matches!(self.dialog, Dialog::Waiting) {
            self.forget_input();
            self.notice = None;
            self.dialog = Dialog::Report(Reporting::What { choice: 0 });
        }
    }

    pub(super) fn key_in_report(&mut self, key: Key, reporting: Reporting) -> Option<Action> {
        let next = match (reporting, key) {
            (Reporting::What { choice }, Key::Enter) => {
                Reporting::Card { what: *What::ALL.get(choice)?, text: String::new() }
            }
            (Reporting::What { choice }, key) => Reporting::What { choice: moved(key, choice, What::ALL.len()) },
            (Reporting::Card { what, text }, Key::Enter) => Reporting::Sure { what, text },
            (Reporting::Card { what, mut text }, key) => {
                let allowed = |c: char| !c.is_control() && !c.is_whitespace();
                write_into(&mut text, edit(key, allowed), CARD_MAX);
                Reporting::Card { what, text }
            }
            (Reporting::Sure { what, text }, Key::Enter) => {
                self.dialog = Dialog::Waiting;
                return Some(Action::Report(what.request(Some(&text))));
            }
            (sure @ Reporting::Sure { .. }, _) => sure,
        };
        self.dialog = Dialog::Report(next);
        None
    }

    /// What came of it stays to be read until the next key.
    pub(super) fn reported(&mut self, answer: Result<Answer, Failure>) {
        self.forget_input();
        match answer {
            Ok(answer) => self.notice(answer.is_done(), answer.sentence(self.language)),
            Err(failure) => self.failed(&failure),
        }
    }
}
