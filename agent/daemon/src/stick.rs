//! The administrator's two commands for a terminal without a line: records onto a stick, seals off it (STICK.md).

use std::fmt;
use std::path::Path;

use sekisho_ipc::{AgentError, Client, ClientError, ExportRecordsAnswer};
use sekisho_link::{CarriedBatch, Language, StickError, StickHeader, StickKind, StickReader, StickWriter};

use crate::config::Config;

/// Records cannot be carried.
#[derive(Debug)]
pub enum ByHandError {
    /// The file.
    Stick(StickError),
    /// The agent.
    Agent(ClientError),
    /// Everything is at the ledger, and proved to be.
    Nothing,
    /// It is another terminal's, or of another epoch.
    Other(StickHeader),
    /// Nothing in it goes on where this terminal is.
    NothingNew(u64),
}

impl ByHandError {
    /// What a person does next.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Stick(error) => error.next_step(Language::English),
            Self::Agent(ClientError::Agent(AgentError::NotPermitted { .. })) => "Run this as root.",
            Self::Agent(ClientError::Agent(AgentError::RecordsHeldBack { .. })) => {
                "Look at the agent's log, and at the journal: sekisho-agent journal show"
            }
            Self::Agent(ClientError::Agent(AgentError::SealRefused { .. })) => {
                "What was taken before stays. Export once more, and have that file carried: sekisho-agent records export FILE"
            }
            Self::Agent(ClientError::Agent(AgentError::InvalidArgument { .. })) => "Correct it and try again.",
            Self::Agent(_) => "The agent has to run: systemctl start sekisho-agent",
            Self::Nothing => "Nothing is to be carried.",
            Self::Other(_) => "Take this file to the terminal that it names.",
            Self::NothingNew(_) => "Export once more, and have that file carried: sekisho-agent records export FILE",
        }
    }
}

impl fmt::Display for ByHandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stick(error) => write!(f, "{error}"),
            Self::Agent(error) => write!(f, "{error}"),
            Self::Nothing => f.write_str("all records are sealed at the ledger"),
            Self::Other(header) => {
                write!(
                    f,
                    "cannot take the seals: they are those of terminal {}, epoch {}",
                    header.terminal, header.epoch
                )
            }
            Self::NothingNew(sealed) => write!(f, "nothing new: all before record {sealed} were known to be sealed"),
        }
    }
}

impl std::error::Error for ByHandError {}

impl From<StickError> for ByHandError {
    fn from(error: StickError) -> Self {
        Self::Stick(error)
    }
}

impl From<ClientError> for ByHandError {
    fn from(error: ClientError) -> Self {
        Self::Agent(error)
    }
}

/// What was written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Seq of the first record.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// Writes all that the ledger is not known to have sealed, or all from this seq on, up to what there was when it began: what is recorded meanwhile
/// comes with the next file. Tells as it goes.
///
/// # Errors
/// [`ByHandError`]; there is no file then, at most its draft.
pub fn export(
    config: &Config,
    file: &Path,
    from: Option<u64>,
    mut tell: impl FnMut(Exported),
) -> Result<Exported, ByHandError> {
    let mut client = Client::connect(&config.agent_socket())?;
    let mut batch = client.export_records(from)?;
    if batch.count == 0 {
        return Err(ByHandError::Nothing);
    }
    let mut exported = Exported { first: batch.first, count: 0 };
    let end = batch.next;
    let header = StickHeader::records(batch.office.clone(), batch.terminal.clone(), batch.epoch, batch.seen);
    let mut writer = StickWriter::create(file, &header)?;
    while let ExportRecordsAnswer { first, count, envelope: Some(envelope), .. } = batch {
        writer.add(&CarriedBatch { first, count, envelope })?;
        exported.count += count;
        tell(exported);
        if first + count >= end {
            break;
        }
        batch = client.export_records(Some(first + count))?;
    }
    writer.finish()?;
    Ok(exported)
}

/// Gives the agent what the ledger has proved; returns below which seq all is sealed.
///
/// # Errors
/// [`ByHandError`]; what was taken before stays.
pub fn import(config: &Config, file: &Path) -> Result<u64, ByHandError> {
    let mut reader = StickReader::open(file, StickKind::Seals)?;
    let mut client = Client::connect(&config.agent_socket())?;
    let here = client.export_records(None)?;
    let header = reader.header();
    if (&header.office, &header.terminal, header.epoch) != (&here.office, &here.terminal, here.epoch) {
        return Err(ByHandError::Other(header.clone()));
    }
    let mut sealed = here.first;
    while let Some(seal) = reader.next_line()? {
        sealed = client.take_seal(seal)?;
    }
    if sealed > here.first { Ok(sealed) } else { Err(ByHandError::NothingNew(sealed)) }
}
