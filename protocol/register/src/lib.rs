//! Acts, the fold that turns acts into a register, and decide().
//!
//! Pure: no I/O, no clock, no randomness. The clauses stand in this folder's `README.md`; the code cites them as `§R4.2`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod act;
mod admission;
mod apply;
mod authority;
pub mod calendar;
pub mod cards;
pub mod casebook;
pub mod cases;
pub mod change;
mod concern;
pub mod concluded;
pub mod connection;
pub mod dates;
pub mod decide;
mod describe;
pub mod erasure;
pub mod fold;
pub mod forms;
pub mod functions;
mod grant;
pub mod hours;
pub mod jwk;
mod log_keys;
pub mod names;
mod newer;
mod office;
pub mod organisation;
pub mod partners;
mod past;
pub mod people;
pub mod permission;
pub mod places;
pub mod policy;
pub mod qualification;
mod queries;
pub mod recovery;
pub mod refusal;
pub mod render;
pub mod replay;
mod responsible;
pub mod retention;
pub mod review;
pub mod role;
pub mod routes;
pub mod rules;
pub mod sentences;
pub mod session;
pub mod sight;
mod signers;
mod state;
mod succession;
pub mod taking;
pub mod thing;
pub mod timeline;
pub mod today;
pub mod values;
pub mod wareki;
mod witnesses;

pub use act::{Act, NO_OFFICE, Paper, SignedAct, ToBeSigned, office_of};
pub use casebook::{Casebook, Filed, Unopposed};
pub use change::Change;
pub use concluded::Concluded;
pub use decide::{RULES_VERSION, Verdict, decide};
pub use describe::field_text;
pub use fold::{Approved, Folded, Given, Register};
pub use grant::{GrantRefusal, grant_of};
pub use log_keys::LogKeys;
pub use names::{are_texts, names_of};
pub use past::Past;
pub use policy::Policy;
pub use refusal::{FoldRefusal, WrongValue};
pub use render::render;
pub use replay::{Mismatch, register_of, replay, replay_in_session};
pub use role::{Class, Role};
pub use sentences::Sentences;
pub use session::{Session, gives_in_session};
pub use sight::Sight;
pub use succession::Succession;
pub use values::{Ed25519Key, NameHash, P256Key, PublicKeyBytes, Title};
pub use witnesses::Cosignatures;
