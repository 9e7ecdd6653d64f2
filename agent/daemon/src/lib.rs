//! The agent of a clerk terminal: agent, card worker, forwarder. The README tells the life of a session and of a request.
#![forbid(unsafe_code)]

pub mod agent;
pub mod aside;
pub mod batch;
mod card_desk;
pub mod card_worker;
mod carrier;
mod certificate;
pub mod clock;
pub mod config;
mod deciding;
mod doubt;
pub mod ending;
pub mod enrol;
mod false_card;
pub mod files;
pub mod forwarder;
mod forwarder_link;
pub mod function;
pub mod identity;
pub mod journal;
mod keeper;
mod pin_intake;
mod pin_typed;
mod pins_sent;
mod places;
mod prompt;
mod rate;
mod register_entries;
pub mod run;
mod server;
pub mod session;
mod sockets;
mod spoken;
mod status;
#[cfg(test)]
mod testing;
pub mod trusted;
mod uplink;
pub mod watchdog;
mod worker_door;
mod worker_link;
