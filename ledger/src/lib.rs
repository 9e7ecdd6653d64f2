//! The central ledger: ingest, sealing, register delivery, search, fsck.
#![forbid(unsafe_code)]

pub mod acts;
pub mod arguments;
pub mod authority;
pub mod backup;
pub mod checkpoint;
pub mod clock;
pub mod code;
pub mod command;
mod complaints;
pub mod config;
pub mod cosignatures;
pub mod data;
mod doors;
pub mod enrol;
pub mod error;
pub mod fsck;
mod heard;
pub mod hearing;
pub mod http;
pub mod index;
pub mod ingest;
pub mod keepsake;
pub mod keys;
pub mod ledger;
pub mod move_book;
pub mod office;
pub mod payload;
pub mod people;
pub mod random;
pub mod refill;
pub mod refusal;
pub mod search;
pub mod secret;
pub mod server;
pub mod signed_log;
pub mod stage;
pub mod store;
pub mod terminals;
#[cfg(test)]
mod testing;
pub mod vault;
pub mod visitors;
pub mod witness;
pub mod witnesses;
pub mod world;
pub mod writer;
