//! The card from outside: commands in, answers out.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod conversations;
mod images;
mod keys;
mod long;
mod management;
mod nonsense;
mod pin;
mod power_cuts;
mod powered;
mod session;
mod sweep;
mod talk;
