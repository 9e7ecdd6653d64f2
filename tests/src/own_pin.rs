//! Another PIN, key or grant on a card of the town, by whoever holds the office's secret, in this process.

use std::path::Path;

use sekisho_card::{Disposition, OperatorCard};
use sekisho_issuer::{CardManagementSecret, GrantOnCard, Issuer, PinChoice};
use sekisho_simulator::{InProcess, Memory, SharedCard, SimulatedCard};
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::piv::Slot;
use sekisho_wire::secret::{Pin, SecretBytes};

/// Sets the PIN of the card in this file.
///
/// # Panics
/// When the card is not the secret's, or refuses the PIN.
pub fn set_pin(state: &Path, secret: &[u8], pin: &str) {
    with_issuer(state, secret, |issuer| {
        let pin = Pin::parse(pin.as_bytes()).expect("a PIN");
        issuer.reset_pin(PinChoice::Chosen(pin), &PinPolicy::DEFAULT).expect("the card takes the PIN");
    });
}

/// Makes the card in this file another one that says the same GUID: it gets a login key of its own.
///
/// # Panics
/// When the card is not the secret's.
pub fn other_login_key(state: &Path, secret: &[u8]) {
    with_issuer(state, secret, |issuer| {
        issuer.generate_key(Slot::Authentication).expect("the card makes a key");
    });
}

/// Alters one byte of the grant on the card in this file, where `place` says.
///
/// # Panics
/// When the card is not the secret's, or carries no grant.
pub fn alter_grant(state: &Path, secret: &[u8], place: impl Fn(&[u8]) -> usize) {
    let card = SharedCard::inserted(SimulatedCard::new(Memory::open(state).expect("a card's memory")));
    let mut opened = OperatorCard::open(card.connect("the forger").expect("the card is in")).expect("an operator card");
    let mut grant = opened.read_grant().expect("the grant can be read").expect("a grant");
    opened.close(Disposition::Reset).expect("closed");
    let place = place(&grant);
    grant[place] ^= 1;
    drop(card);
    with_issuer(state, secret, |issuer| {
        let written = issuer.update_grant(&grant).expect("the card takes any bytes");
        assert!(matches!(written, GrantOnCard::Written), "a card of ours has a place for it");
    });
}

fn with_issuer(state: &Path, secret: &[u8], work: impl FnOnce(&mut Issuer<'_, InProcess<Memory>>)) {
    let card = SharedCard::inserted(SimulatedCard::new(Memory::open(state).expect("a card's memory")));
    let secret = CardManagementSecret::new(SecretBytes::from_slice(secret).expect("32 bytes"));
    let mut issuer =
        Issuer::open(card.connect("the town").expect("the card is in"), &secret).expect("a card of the office");
    work(&mut issuer);
    issuer.close(Disposition::Reset).expect("closed");
}
