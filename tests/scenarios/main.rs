//! Whole-system stories, one file each.
#![allow(clippy::unwrap_used, reason = "tests")]

mod bad_input;
mod demo;
mod killed;
mod layers;
mod login;
mod rig;
mod varlink;
