//! Whole-system stories, one file each.
#![allow(clippy::unwrap_used, reason = "tests")]

mod bad_input;
mod cards;
mod connection;
mod demo;
mod hours;
mod killed;
mod layers;
mod login;
mod rig;
mod routes;
mod varlink;
