//! What the five regulations ask of the system, an article a story: each does what the row of the list beside it says, on real parts.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;
mod document;
mod list;
mod printed;
mod s0;
mod s1;
mod s2;
mod s3;
mod s4;
mod screen;
mod transfer;
