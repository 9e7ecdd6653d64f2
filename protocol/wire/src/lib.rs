//! Bytes that cross a wire: APDUs, PIV objects, ids, records, acts, secrets.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

pub mod apdu;
pub mod pin_policy;
pub mod piv;
pub mod secret;
pub mod status;
pub mod tlv;

pub mod batch;
pub mod canonical;
pub mod cose;
pub mod decision;
pub mod grant;
pub mod id;
pub mod reason;
pub mod record;
pub mod verdict;
mod verdict_words;
pub mod words;
