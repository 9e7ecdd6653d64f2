//! The life of a card, on the card application itself: blank, personalised, used, unblocked, wiped.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod certificates;
mod garbage;
mod interrupted;
mod makes;
mod other_key;
mod personalised;
mod rekeyed;
mod rig;
mod used;
