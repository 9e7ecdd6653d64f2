//! Signed acts whose answer is missing: kept from before they are sent until they are seen where they belong.

use sekisho_wire::id::Hash;
use serde::{Deserialize, Serialize};

use crate::error::AdminError;
use crate::home::Home;
use crate::name::Name;

/// A signed act, and the names beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The signed act.
    pub act: Vec<u8>,
    /// The names.
    pub names: Vec<Name>,
}

impl Kept {
    /// Replaces a file by this.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, home: &Home, file: &str) -> Result<(), AdminError> {
        home.write(file, &serde_json::to_vec(self).expect("numbers and strings are JSON"))
    }

    /// Reads a file back; nothing when there is none.
    ///
    /// # Errors
    /// When it is damaged.
    pub(crate) fn read(home: &Home, file: &str) -> Result<Option<Self>, AdminError> {
        let Some(json) = home.read(file)? else { return Ok(None) };
        serde_json::from_slice(&json).map(Some).map_err(|_| AdminError::Damaged(home.path(file)))
    }
}

fn file(id: &Hash) -> String {
    format!("outbox/{id}.act")
}

/// Keeps an act that is about to be sent.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn keep(home: &Home, id: &Hash, kept: &Kept) -> Result<(), AdminError> {
    kept.write(home, &file(id))
}

/// An act that is kept.
///
/// # Errors
/// When the file is damaged.
pub(crate) fn find(home: &Home, id: &Hash) -> Result<Option<Kept>, AdminError> {
    Kept::read(home, &file(id))
}

/// The act has been seen where it belongs, or is refused for good.
///
/// # Errors
/// When the file stays.
pub(crate) fn forget(home: &Home, id: &Hash) -> Result<(), AdminError> {
    home.remove(&file(id))
}

/// The acts whose answer is missing.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn list(home: &Home) -> Result<Vec<Hash>, AdminError> {
    let names = home.list("outbox")?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".act")?.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;
    use sekisho_wire::id::Salt;

    #[test]
    fn an_act_waits_until_its_answer_is_known() {
        let home = TempHome::new();
        let id = Hash([7; 32]);
        let kept = Kept { act: vec![1, 2], names: vec![Name { salt: Salt([3; 16]), text: "佐藤".to_owned() }] };
        keep(&home.0, &id, &kept).unwrap();
        assert_eq!(list(&home.0).unwrap(), [id]);
        assert_eq!(find(&home.0, &id).unwrap(), Some(kept));
        forget(&home.0, &id).unwrap();
        assert_eq!((list(&home.0).unwrap(), find(&home.0, &id).unwrap()), (Vec::new(), None));
        home.0.write(&file(&id), b"{").unwrap();
        assert!(matches!(find(&home.0, &id), Err(AdminError::Damaged(_))));
    }
}
