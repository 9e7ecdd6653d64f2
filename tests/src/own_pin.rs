//! Another PIN on a card of the town, set by whoever holds the office's secret, in this process.

use std::path::Path;

use sekisho_card::Disposition;
use sekisho_issuer::{CardManagementSecret, Issuer, PinChoice};
use sekisho_simulator::{Memory, SharedCard, SimulatedCard};
use sekisho_wire::secret::{Pin, SecretBytes};

/// Sets the PIN of the card in this file.
///
/// # Panics
/// When the card is not the secret's, or refuses the PIN.
pub fn set_pin(state: &Path, secret: &[u8], pin: &str) {
    let card = SharedCard::inserted(SimulatedCard::new(Memory::open(state).expect("a card's memory")));
    let secret = CardManagementSecret::new(SecretBytes::from_slice(secret).expect("32 bytes"));
    let mut issuer =
        Issuer::open(card.connect("the town").expect("the card is in"), &secret).expect("a card of the office");
    let pin = Pin::parse(pin.as_bytes()).expect("a PIN");
    issuer.reset_pin(PinChoice::Chosen(pin)).expect("the card takes the PIN");
    issuer.close(Disposition::Reset).expect("closed");
}
