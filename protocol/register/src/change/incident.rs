//! What is reported into the casebook.

use minicbor::{Decode, Encode};
use sekisho_wire::id::{CardGuid, Code};
pub use sekisho_wire::reason::IncidentClass;

/// Kind 60.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReportIncident {
    /// Failure or misuse.
    #[n(0)]
    pub class: IncidentClass,
    /// 脅威度 1 to 3; 0 where nobody has judged it yet.
    #[n(1)]
    pub level: u8,
    /// What kind, as the office codes it.
    #[n(2)]
    pub kind: Code,
    /// At which terminal.
    #[n(3)]
    pub terminal: Option<Code>,
    /// With which card.
    #[n(4)]
    pub card: Option<CardGuid>,
}
