//! Whole-system stories, one file each.
#![allow(clippy::unwrap_used, reason = "tests")]

mod layers;
mod rig;
