//! The public face of the crate, spoken to by cards that are scripts: what is sent, how often, and what is made of answers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod exchanges;
mod garbage;
mod pads;
mod pins;
mod script;
