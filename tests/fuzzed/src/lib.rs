//! What reads strange bytes, fed with strange bytes: one function per target, each says what must not come of it.
#![forbid(unsafe_code)]

mod card;
mod carried;
#[path = "../../../firmware/token/src/ccid.rs"]
mod ccid;
mod evidence;
mod host;
mod ledger;
#[path = "../../../firmware/token/src/message.rs"]
mod message;
mod parsers;
#[path = "../../src/postgres.rs"]
#[allow(dead_code, unreachable_pub, reason = "the town of the ledger's tests may lie on a server; this one does not")]
mod postgres;
#[path = "../../../firmware/app/tests/card/powered.rs"]
#[allow(dead_code, reason = "the card's own tests use more of it")]
mod powered;
mod proofs;
mod script;
mod token;
#[path = "../../../ledger/tests/ledger/town.rs"]
#[allow(dead_code, reason = "the ledger's own tests use more of it")]
mod town;
mod witness;

pub use card::card;
pub use carried::carried;
pub use evidence::evidence;
pub use host::host;
pub use ledger::{ledger, unfed};
pub use parsers::{act, note, object, record};
pub use proofs::proofs;
pub use token::token;
pub use witness::{cosigned, witness};
