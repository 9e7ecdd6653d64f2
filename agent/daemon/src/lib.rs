//! The agent of a clerk terminal: agent, card worker, forwarder. The README tells the life of a session and of a request.
#![forbid(unsafe_code)]

mod card_desk;
pub mod card_worker;
pub mod clock;
pub mod config;
pub mod files;
pub mod journal;
mod pin_intake;
pub mod session;
pub mod trusted;
pub mod watchdog;
pub mod worker_link;
