//! `witness.toml`: what a witness is called and where it listens.

use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::{from_toml, url_of};
use crate::error::LedgerError;

/// The whole file. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// The name of its key: what stands in its lines, so it never changes.
    pub name: String,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Host names and addresses that the server's certificate is for; ledgers are pointed at the first.
    pub hosts: Vec<String>,
}

impl WitnessConfig {
    /// Reads the file.
    ///
    /// # Errors
    /// With file, line and key.
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let text = std::fs::read_to_string(path).map_err(LedgerError::file("read", path))?;
        from_toml(path, &text)
    }

    /// Where ledgers reach it.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(&self.hosts, self.listen)
    }
}
