//! PAM module: asks the agent, decides nothing. `README.md` says how to set it up.
//!
//! It lives in other people's processes: no thread, no output, no variable of its own outlives a call; no panic leaves it.

mod accounts;
mod application;
mod authenticate;
mod libpam;
mod options;
mod outcome;
mod session;
mod words;

/// The variable of a login that names its session at the agent.
const SESSION_VARIABLE: &str = "SEKISHO_SESSION";
/// The variable of a login that says a card opened it.
const CARD_VARIABLE: &str = "SEKISHO_CARD";
