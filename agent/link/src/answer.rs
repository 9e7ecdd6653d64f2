//! A success of the ledger.

use serde::de::DeserializeOwned;

use crate::error::LinkError;

/// An answer with status 200 to 299.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What was asked, for messages.
    pub path: String,
    /// The body, within the limit that was set.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON of this shape.
    ///
    /// # Errors
    /// [`LinkError::Malformed`] when it is not.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, LinkError> {
        serde_json::from_slice(&self.body)
            .map_err(|cause| LinkError::Malformed { path: self.path.clone(), cause: cause.to_string() })
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`LinkError::Malformed`] when it is not UTF-8.
    pub fn text(&self) -> Result<&str, LinkError> {
        std::str::from_utf8(&self.body)
            .map_err(|cause| LinkError::Malformed { path: self.path.clone(), cause: cause.to_string() })
    }
}
