//! The central ledger: ingest, sealing, register delivery, search, fsck.
#![forbid(unsafe_code)]

pub mod authority;
pub mod clock;
pub mod code;
pub mod config;
pub mod data;
pub mod error;
pub mod keys;
pub mod random;
pub mod secret;
pub mod store;
#[cfg(test)]
mod testing;
