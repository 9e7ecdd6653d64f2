//! The operator card: a PIV card edge that knows no board.
//!
//! A board gives [`Card`] a [`Platform`] (memory that keeps, randomness) and carries APDUs to [`Card::handle`]. The clauses
//! §C1… are those of `protocol/wire/CARD.md`.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod authenticate;
mod card;
mod command;
mod curve;
mod data;
mod dispatch;
mod exchange;
mod generate;
mod life;
mod management;
mod persistent;
mod pin;
pub mod platform;
mod select;
mod store;
mod vendor;
mod volatile;

pub use card::{ANSWER_MAX, ATR, COMMAND_MAX, Card};
pub use command::KeySlot;
pub use data::OBJECT_MAX;
pub use persistent::{FACTORY_MANAGEMENT_KEY, FACTORY_PIN, FACTORY_PUK, FACTORY_TRIES, ManufactureError};
pub use platform::Platform;
