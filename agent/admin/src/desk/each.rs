//! Changes that one person is asked about together, and that become acts one after the other.

use sekisho_register::Change;
use sekisho_register::change::Log;

use super::{Desk, show};
use crate::error::AdminError;

impl Desk {
    /// Shows changes together and asks once, for an act of each: into the register, or the casebook where one person may not decide them.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn ask_for_each(&mut self, changes: Vec<Change>, alone: bool) -> Result<Each, AdminError> {
        self.log_in()?;
        let log = if alone && !self.signing.propose { Log::Register } else { Log::Casebook };
        let count = changes.len();
        let all = self.act(log, changes, None)?;
        show(&self.screen, &all, &self.cache, &[]);
        self.screen.confirm(
            &format!("sign {count} acts, one for each of these changes, each when its turn comes?"),
            &format!("以上の変更を1件ずつの処分({count}件)として順に署名しますか?"),
        )?;
        Ok(Each { log, rest: all.changes.into_iter() })
    }
}

/// Changes that were shown together and wanted, and become acts one after the other, each dated when it is signed.
#[derive(Debug)]
pub(crate) struct Each {
    log: Log,
    rest: std::vec::IntoIter<Change>,
}

impl Each {
    /// Signs and sends the next one.
    ///
    /// # Errors
    /// As [`Desk::decide`]; [`AdminError::NothingToDo`] after the last.
    pub(crate) fn sign_next(&mut self, desk: &mut Desk) -> Result<(), AdminError> {
        let change = self.rest.next().ok_or(AdminError::NothingToDo)?;
        desk.log_in()?;
        let act = desk.act(self.log, vec![change], None)?;
        desk.send_confirmed(act, &[]).map(drop)
    }
}
