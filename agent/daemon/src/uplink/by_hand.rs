//! Records that a person carries to the ledger, and its proof brought back (STICK.md).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_ipc::{AgentError, Bar, ExportRecordsAnswer};
use sekisho_wire::batch::BATCH_RECORDS_MAX;

use super::position::SealAnswer;
use super::trouble::Trouble;
use crate::agent::Agent;
use crate::function::Caller;

impl Agent {
    /// A batch of records from this seq on, or from the first that is not known to be sealed.
    ///
    /// # Errors
    /// [`AgentError::NotPermitted`] for everybody but root; [`AgentError::RecordsHeldBack`].
    pub(crate) fn export_records(&self, caller: &Caller, from: Option<u64>) -> Result<ExportRecordsAnswer, AgentError> {
        only_root(caller)?;
        let position = self.position();
        let next = self.journal.durable();
        let first = from.unwrap_or_else(|| position.acknowledged().sealed);
        if first > next {
            let rule = format!("at most {next}, the record that comes next");
            return Err(AgentError::InvalidArgument { field: "from".into(), rule });
        }
        let batch = if first == next { None } else { Some(position.batch(self, first, BATCH_RECORDS_MAX)) };
        let batch = batch.transpose().map_err(|trouble| AgentError::RecordsHeldBack { cause: trouble.to_string() })?;
        Ok(ExportRecordsAnswer {
            office: self.identity.office.to_string(),
            terminal: self.identity.terminal.to_string(),
            epoch: position.epoch(),
            seen: position.cursor.seen_size,
            next,
            first,
            count: batch.as_ref().map_or(0, |(run, _)| run.records.len() as u64),
            envelope: batch.map(|(_, envelope)| STANDARD.encode(envelope)),
        })
    }

    /// Moves on by a seal; returns below which seq all is sealed. One that does not fit is no alarm: whoever holds a stick can bring anything.
    ///
    /// # Errors
    /// [`AgentError::NotPermitted`] for everybody but root; [`AgentError::SealRefused`]; [`AgentError::RecordsHeldBack`].
    pub(crate) fn take_seal(&self, caller: &Caller, seal: serde_json::Value) -> Result<u64, AgentError> {
        only_root(caller)?;
        let answer: SealAnswer = serde_json::from_value(seal)
            .map_err(|error| AgentError::InvalidArgument { field: "seal".into(), rule: error.to_string() })?;
        if !self.journal.has_settled() {
            let cause = "what was carried into this epoch is not on disk yet".to_owned();
            return Err(AgentError::RecordsHeldBack { cause });
        }
        let register = Arc::clone(&self.lock().register);
        let taken = self.position().take_seal(self, &register, &answer);
        taken.map_err(|trouble| {
            let cause = trouble.to_string();
            match trouble {
                Trouble::Journal { .. } | Trouble::CannotSeal(_) | Trouble::Disk(_) => {
                    AgentError::RecordsHeldBack { cause }
                }
                Trouble::Proof(_) | Trouble::Malformed | Trouble::Rollback { .. } | Trouble::OtherChain { .. } => {
                    AgentError::SealRefused { cause }
                }
            }
        })?;
        Ok(self.acknowledge().sealed)
    }
}

fn only_root(caller: &Caller) -> Result<(), AgentError> {
    if caller.uid == 0 { Ok(()) } else { Err(AgentError::NotPermitted { reason: Bar::OnlyRoot }) }
}
