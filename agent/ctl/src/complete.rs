//! `sekisho complete`: what came of a granted function.

use std::process::ExitCode;

use sekisho_ipc::{CompleteRequest, RecordRef};

use crate::arguments::{OutcomeArgument, Record};
use crate::failure::Failure;
use crate::{Surroundings, exit, output};

pub(crate) fn run(
    surroundings: &Surroundings,
    Record { epoch, seq }: Record,
    items: u32,
    outcome: OutcomeArgument,
) -> Result<ExitCode, Failure> {
    let request = CompleteRequest { record: RecordRef { epoch, seq }, items, outcome: outcome.into() };
    let record = surroundings.connect()?.complete(&request).map_err(|error| surroundings.asking(error))?;
    let label = surroundings.language.pick("完了を記録しました", "completion recorded");
    output::line(&format!("{label} {}:{}", record.epoch, record.seq))?;
    Ok(exit::DONE.into())
}
