//! HMAC_DRBG (SP 800-90A, 10.1.2), made anew out of fresh noise for every request.

use core::fmt;

use rfc6979::HmacDrbg;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::Noise;
use crate::health::{Health, Verdict};

/// Samples that are tested and thrown away before the first request (SP 800-90B, 4.3: at least 1,024).
const FIRST: usize = 1024;
/// Samples of a request: at four bits each, 256 bits for the seed and 128 for the nonce (SP 800-90A, 8.6.7).
const SEED: usize = 96;
/// What one request leaves to the next, beside its noise.
const KEPT: usize = 32;
const PERSONALIZATION: &[u8] = b"sekisho-entropy 1";

/// The noise is not what it should be, or there is none. It stays so until the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseFailed;

impl fmt::Display for NoiseFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot make random bytes: the noise source failed its tests")
    }
}

impl core::error::Error for NoiseFailed {}

/// Random bytes out of a source of noise.
pub struct Generator<N> {
    noise: N,
    health: Health,
    kept: Zeroizing<[u8; KEPT]>,
}

impl<N> fmt::Debug for Generator<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Generator({:?})", self.health)
    }
}

impl<N: Noise> Generator<N> {
    /// Tests the source before anything is made of it. With one that fails, every request fails.
    #[must_use]
    pub fn new(noise: N) -> Self {
        let mut generator = Self { noise, health: Health::new(), kept: Zeroizing::default() };
        for _ in 0..FIRST {
            if generator.sample().is_err() {
                break;
            }
        }
        generator
    }

    /// Fills `out` with bytes that nobody can guess, whoever knows what came before or comes after.
    ///
    /// # Errors
    /// When the source fails, or has failed. `out` is then zeros.
    pub fn fill(&mut self, out: &mut [u8]) -> Result<(), NoiseFailed> {
        out.zeroize();
        let mut seed = Zeroizing::new([0; SEED]);
        for byte in seed.iter_mut() {
            *byte = self.sample()?;
        }
        // RFC 6979 contains HMAC_DRBG: this is its instantiation with entropy input, nonce and personalization string.
        let mut drbg = HmacDrbg::<Sha256>::new(seed.as_slice(), self.kept.as_slice(), PERSONALIZATION);
        drbg.fill_bytes(out);
        drbg.fill_bytes(self.kept.as_mut_slice());
        Ok(())
    }

    fn sample(&mut self) -> Result<u8, NoiseFailed> {
        let Some(sample) = self.noise.byte() else {
            self.health.fail();
            return Err(NoiseFailed);
        };
        match self.health.judge(sample) {
            Verdict::Sound => Ok(sample),
            Verdict::Failed => Err(NoiseFailed),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::collections::BTreeSet;

    /// Noise that is the same in every run (splitmix64), until it changes its manner.
    struct Dice {
        state: u64,
        given: usize,
        good: usize,
        then: fn(usize) -> Option<u8>,
    }

    fn dice(good: usize, then: fn(usize) -> Option<u8>) -> Dice {
        Dice { state: 1, given: 0, good, then }
    }

    impl Noise for Dice {
        fn byte(&mut self) -> Option<u8> {
            self.given += 1;
            if self.given > self.good {
                return (self.then)(self.given);
            }
            self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            Some(((mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 56) as u8)
        }
    }

    #[test]
    fn every_request_costs_its_noise_and_gives_other_bytes() {
        let mut generator = Generator::new(dice(usize::MAX, |_| None));
        assert_eq!(generator.noise.given, FIRST);
        let mut seen = BTreeSet::new();
        for round in 1..=200 {
            let mut out = [0; 32];
            generator.fill(&mut out).unwrap();
            assert!(seen.insert(out));
            assert_eq!(generator.noise.given, FIRST + round * SEED);
        }
    }

    /// What one request kept goes into the next: the same noise does not give the same bytes twice.
    #[test]
    fn noise_that_repeats_itself_does_not_repeat_the_bytes() {
        let mut generator = Generator::new(dice(FIRST, |given| Some((given % SEED) as u8)));
        let mut outs = [[0; 32]; 2];
        outs.iter_mut().for_each(|out| generator.fill(out).unwrap());
        assert_ne!(outs[0], outs[1]);
    }

    #[test]
    fn a_source_that_is_bad_from_the_start_gives_nothing() {
        for then in [|_| None, |_| Some(0), |given| Some((given / 9) as u8)] as [fn(usize) -> Option<u8>; 3] {
            assert_eq!(Generator::new(dice(0, then)).fill(&mut [0; 4]), Err(NoiseFailed));
        }
    }

    #[test]
    fn a_source_that_fails_later_gives_nothing_from_then_on() {
        let one_gap = |given| (given != FIRST + SEED + 3).then_some((given * 7) as u8);
        let mut generator = Generator::new(dice(FIRST + SEED, one_gap));
        let mut out = [1; 16];
        generator.fill(&mut out).unwrap();
        assert_eq!(generator.fill(&mut out), Err(NoiseFailed));
        assert_eq!(out, [0; 16]);
        assert_eq!(generator.fill(&mut out), Err(NoiseFailed), "although the source answers again");
    }
}
