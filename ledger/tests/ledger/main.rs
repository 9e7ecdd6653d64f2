//! The ledger's public face, end to end: real acts, real batches, real TLS, real files.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so by panicking")]

mod client;
mod fsck;
mod https;
mod ingest;
mod town;
