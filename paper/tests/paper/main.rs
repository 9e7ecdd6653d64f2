//! Prints of a small office, as an office would see them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;
mod committee;
mod golden;
mod media;
mod office;
mod records;
mod registers;
