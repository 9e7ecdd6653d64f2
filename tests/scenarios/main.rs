//! Whole-system stories, one file each.
#![allow(clippy::unwrap_used, reason = "tests")]

mod aside;
mod auditor;
mod bad_input;
mod card_secret;
mod cards;
mod chip;
mod clients;
mod complete;
mod connection;
mod conversations;
mod demo;
mod desks;
mod difficult;
mod evidence;
mod first_pin;
mod fuzz;
mod hours;
mod ingest;
mod killed;
mod language;
mod layers;
mod login;
mod lost;
mod other_make;
mod prompt;
mod rig;
mod routes;
mod soak;
#[path = "../../firmware/app/tests/card/talk.rs"]
mod talk;
mod unanswered;
mod usb;
mod varlink;
