//! The operator card, personalised: keys, PINs, grants. Only the administrator's tool and tests depend on this crate, so
//! that nothing that runs at a clerk's terminal can change what a card is.
//!
//! [`Issuer`] works on one card, [`OfficeCa`] gives it certificates. The README tells the life of a card.
#![forbid(unsafe_code)]

mod authenticate;
mod day;
mod error;
mod inspect;
mod issuer;
mod lack;
mod management_key;
mod office_ca;
mod personalise;
mod pin_rules;
mod pins;
mod random;
mod rekey;
mod secret;
mod survey;
mod token;
mod token_error;
mod try_out;
mod wipe;

pub use day::{Day, Validity};
pub use error::{IssuerCause, IssuerError, Step};
pub use inspect::Personalisation;
pub use issuer::{GrantOnCard, Issuer};
pub use lack::Lack;
pub use management_key::KeyAlgorithm;
pub use office_ca::{CaError, OfficeCa};
pub use personalise::{CardKeys, Order, Personalised};
pub use pin_rules::{PinRules, Unenforced};
pub use pins::PinChoice;
pub use rekey::Rekeyed;
pub use secret::CardManagementSecret;
pub use survey::{Ability, Survey};
pub use token::{OpenToken, PinTries, SecretInToken, Token, TokenPlace};
pub use token_error::{TokenAct, TokenError};
pub use wipe::{Ended, Wiped};
