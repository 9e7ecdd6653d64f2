//! What the board decides without touching the chip: how its flash serves the card, and what it is called. Tested where it is built.
#![no_std]
#![forbid(unsafe_code)]

pub mod flash;
pub mod serial;
