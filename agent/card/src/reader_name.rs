//! The name under which the smart card service knows a reader.

use std::ffi::{CStr, CString};
use std::fmt;

/// A reader's name: bytes without meaning, possibly not UTF-8. Numbers in it move when readers are plugged, so it
/// names a reader only until the next [`crate::ReaderEvent::ReaderRemoved`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderName(CString);

impl ReaderName {
    /// From the bytes of a name; `None` when they hold a zero.
    #[must_use]
    pub fn new(name: impl Into<Vec<u8>>) -> Option<Self> {
        CString::new(name).ok().map(Self)
    }

    /// As the C library takes it.
    #[must_use]
    pub fn as_c_str(&self) -> &CStr {
        &self.0
    }
}

impl From<&CStr> for ReaderName {
    fn from(name: &CStr) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for ReaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string_lossy())
    }
}

impl fmt::Debug for ReaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{self}'")
    }
}
