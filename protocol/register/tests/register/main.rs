//! The crate's public face: acts folded, decisions made and replayed, texts rendered, in a small office with real keys.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like the test itself")]

mod asked;
mod case_steps;
mod case_texts;
mod casebook;
mod cases;
mod dates;
mod decide;
mod erasure;
mod fold;
mod golden;
mod grant;
mod limits;
mod newer;
mod office;
mod panel;
mod partners;
mod periods;
mod pins;
mod properties;
mod recovery;
mod render;
mod replay;
mod retention;
mod review;
mod routes;
mod shared;
mod sight;
mod stages;
mod strategies;
mod succession;
mod taking;
mod today;
mod witnesses;
