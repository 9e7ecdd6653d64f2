//! What reads strange bytes, fed with strange bytes: one function per target, each says what must not come of it.
#![forbid(unsafe_code)]

mod card;
#[path = "../../../firmware/token/src/ccid.rs"]
mod ccid;
mod host;
#[path = "../../../firmware/token/src/message.rs"]
mod message;
mod parsers;
#[path = "../../../firmware/app/tests/card/powered.rs"]
#[allow(dead_code, reason = "the card's own tests use more of it")]
mod powered;
mod script;
mod token;

pub use card::card;
pub use host::host;
pub use parsers::{act, note, object, record};
pub use token::token;
