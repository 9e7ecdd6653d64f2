//! Whole-system stories, one file each.
#![allow(clippy::unwrap_used, reason = "tests")]

mod aside;
mod auditor;
mod bad_input;
mod batch;
mod card_secret;
mod cards;
mod chip;
mod clients;
mod complete;
mod connection;
mod conversations;
mod days;
mod demo;
mod desks;
mod difficult;
mod disk_full;
mod doctor;
mod evidence;
mod first_pin;
mod fuzz;
mod gate;
mod grant;
mod hours;
mod ingest;
mod keys;
mod killed;
mod language;
mod layers;
mod login;
mod lost;
mod other_make;
mod packages;
mod pam;
mod prompt;
mod rig;
mod routes;
mod screen;
mod seat;
mod soak;
#[path = "../../firmware/app/tests/card/talk.rs"]
mod talk;
mod unanswered;
mod units;
mod usb;
mod varlink;
