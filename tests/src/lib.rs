//! The harness of the whole-system stories: real pcscd, real processes, real TLS, one temporary folder per story.
//!
//! A story owns an [`scene::Scene`]: a private pcscd with virtual cards, a ledger, an administrator's desk and terminals, each a process that can
//! be killed, and one simulated clock for all of them.

pub mod binaries;
pub mod clock;
pub mod pcscd;
pub mod process;
pub mod scratch;
pub mod virtual_card;
pub mod wait;
