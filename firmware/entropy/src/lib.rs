//! Random bytes out of a chip's noise: the noise is tested all the time (NIST SP 800-90B, 4.4), and what comes out is made by a generator
//! that gets fresh noise for every request (NIST SP 800-90A, HMAC_DRBG with SHA-256 and prediction resistance).
//!
//! A board gives the noise, byte by byte. Nothing here knows where it comes from.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod generator;
mod health;

pub use generator::{Generator, NoiseFailed};

/// A source of noise. One byte has at least four bits of entropy: the claim that the tests hold it to, and half of what a source with
/// bias correction is taken for.
pub trait Noise {
    /// The next byte, never one that was given before. `None` when the source does not answer.
    fn byte(&mut self) -> Option<u8>;
}
