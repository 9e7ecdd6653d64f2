//! Programs that the panel starts: which, under which grant, and how they ended.

use sekisho_ipc::RecordRef;

use super::{Action, Dialog, Key, Panel, moved};
use crate::programs::{End, Program};

impl Panel {
    /// The programs of the marked function.
    pub(in crate::panel) fn startable(&self) -> Vec<Program> {
        let Some(function) = self.function() else { return Vec::new() };
        self.programs.iter().filter(|program| program.function == function.function).cloned().collect()
    }

    /// One program is started at once, of several one is chosen first.
    pub(super) fn choose_program(&mut self) {
        match self.startable().as_slice() {
            [] => {}
            [program] => self.begin(Some(program.clone())),
            [_, _, ..] => self.dialog = Dialog::Program { choices: self.startable(), choice: 0 },
        }
    }

    pub(super) fn key_in_programs(&mut self, key: Key, choices: Vec<Program>, choice: usize) -> Option<Action> {
        let choice = moved(key, choice, choices.len());
        if key == Key::Enter {
            self.begin(choices.into_iter().nth(choice));
        } else {
            self.dialog = Dialog::Program { choices, choice };
        }
        None
    }

    /// What was to be started, if this is the function that it waits for: an answer may come after another thing was begun.
    pub(super) fn starting_under(&mut self, function: Option<&str>) -> Option<Program> {
        self.starting.take().filter(|program| Some(program.function.as_str()) == function)
    }

    pub(super) fn start(&mut self, starting: Option<Program>, record: Option<RecordRef>) -> Vec<Action> {
        let (Some(program), Some(record)) = (starting, record) else { return Vec::new() };
        self.notice(true, format!("{}: {}", program.title, self.language.pick("起動しました", "started")));
        vec![Action::Start(record, program)]
    }

    pub(super) fn ended(&mut self, program: &Program, end: End) {
        let pick = |japanese: &str, english: &str| self.language.pick(japanese, english).to_owned();
        let (good, what) = match end {
            End::Well => (true, pick("終了しました", "ended")),
            End::Badly(code) => (false, format!("{} ({code})", pick("異常終了しました", "ended with an error"))),
            End::Locked => {
                (false, pick("ロックまたは終了のため終了させました", "ended, because the session was locked or ended"))
            }
            End::NotStarted => (
                false,
                pick("起動できません。システム管理者に連絡してください。", "cannot be started. Call the system manager."),
            ),
        };
        self.notice(good, format!("{}: {what}", program.title));
    }
}
