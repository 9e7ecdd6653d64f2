//! The peer of the card: an image that can do nothing but sign, with the arithmetic that the card uses. Says what a signature costs.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use sekisho_mps2::{Meter, finish, stop};

#[entry]
fn main() -> ! {
    let mut meter = Meter::start();
    let Ok(key) = SigningKey::from_slice(&[0x42; 32]) else { stop("no number for a key") };
    let signed: Result<Signature, _> = meter.measure("sign", || key.sign_prehash(&[0x11; 32]));
    if signed.is_err() {
        stop("no signature");
    }
    finish()
}
