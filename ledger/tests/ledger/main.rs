//! The ledger's public face, end to end: real acts, real batches, real TLS, real files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod backup;
mod checkpoints;
mod client;
mod commands;
mod faulty;
mod fsck;
mod holes;
mod https;
mod ingest;
mod names;
mod office;
mod postgres;
mod replay;
mod served;
mod store_conformance;
mod town;
mod visits;
mod writer;
