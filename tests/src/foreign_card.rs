//! A card of somebody else's office: personalised in full, registered nowhere here.

use std::path::Path;

use sekisho_card::{Disposition, OperatorCard};
use sekisho_issuer::{CardManagementSecret, Day, Issuer, OfficeCa, Order, PinChoice, PinRules, Validity};
use sekisho_simulator::{Memory, SharedCard, SimulatedCard};
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::secret::{Pin, SecretBytes};

/// The PIN of every foreign card.
pub const FOREIGN_PIN: &str = "482915";

/// Personalises the blank card in this file under another office's secret, in this process, before it goes into a reader.
///
/// # Panics
/// When the card cannot be made.
pub fn personalise(state: &Path) {
    let card = SimulatedCard::new(Memory::open(state).expect("a blank card's memory"));
    let card = SharedCard::inserted(card);
    let secret = CardManagementSecret::new(SecretBytes::new([0x0F; 32]));
    let transport = card.connect("another office's desk").expect("the card is in");
    let mut issuer = Issuer::open(transport, &secret).expect("a blank card can be personalised");
    let day = |year| Day::new(year, 4, 1).expect("1 April exists");
    let validity = Validity { from: day(2026), until: day(2031) };
    let authority = OfficeCa::create("another office", validity).expect("an authority");
    let pin = Pin::parse(FOREIGN_PIN.as_bytes()).expect("a PIN");
    let rules = PinRules { tries: 5, policy: PinPolicy::DEFAULT };
    let order = Order { number: "令和8年度第1号", validity, rules, pin: PinChoice::Chosen(pin) };
    issuer.personalise(order, &authority).expect("personalised");
    issuer.close(Disposition::Reset).expect("closed");
    let opened = OperatorCard::open(card.connect("another office's desk").expect("the card is in"));
    opened.map(|_| ()).expect("the foreign card opens as an operator card");
}
