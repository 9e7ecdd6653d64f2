//! The ledger's public face, end to end: real acts, real batches, real TLS, real files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod backup;
mod bad_input;
mod broken;
mod carried;
mod casebook;
mod checkpoints;
mod client;
mod cold;
mod commands;
mod console;
mod crowd;
mod described;
mod destroy;
mod erased_texts;
mod erasure;
mod faulty;
mod fsck;
mod hearing;
mod holes;
mod https;
mod ingest;
mod media;
mod missing;
mod moved;
mod names;
mod numbers;
mod office;
#[expect(unreachable_pub, dead_code, reason = "the stories have the same file, and use more of it")]
#[path = "../../../tests/src/postgres.rs"]
mod postgres;
mod ready;
mod recovery;
mod refill;
mod rekey;
mod replay;
mod served;
mod sheet;
#[expect(unreachable_pub, reason = "the stories have the same file")]
#[path = "../../../tests/src/small_disk.rs"]
mod small_disk;
mod sound;
mod store_alone;
mod store_conformance;
mod successor;
mod tls_to_postgres;
mod torture;
mod town;
mod trustee;
mod two_offices;
mod visits;
mod watched;
mod witness;
mod witnesses;
mod writer;
