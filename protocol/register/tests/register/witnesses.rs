//! Who cosigns the logs, and how many must have (§R3.16).

use sekisho_register::change::*;
use sekisho_register::*;

use crate::office::*;

fn witness(name: &str, seed: u8) -> Witness {
    Witness { name: title(name), key: edwards_public(seed) }
}

fn set(witnesses: Vec<Witness>, needed: u8) -> Vec<Change> {
    vec![Change::Witnesses(SetWitnesses { witnesses, needed })]
}

#[test]
fn two_persons_name_the_witnesses_and_replace_one_whose_key_is_lost() {
    let mut office = Office::furnished();
    assert_eq!(office.register.witnesses(), None, "before the first act none are needed");
    let both = || vec![witness("w1.example", 51), witness("w2.example", 52)];
    assert_eq!(office.act(set(both(), 1)).map_err(|refusal| refusal.code()).err(), Some("approval_needed"));
    office.approved(set(both(), 1)).unwrap();
    let named = office.register.witnesses().unwrap();
    assert_eq!((named.witnesses.len(), named.needed), (2, 1));
    // The first was put back from a copy and has a new key.
    office.approved(set(vec![witness("w1.example", 53), witness("w2.example", 52)], 2)).unwrap();
    let named = office.register.witnesses().unwrap();
    assert_eq!((named.witnesses[0].key, named.needed), (edwards_public(53), 2));
    office.approved(set(Vec::new(), 0)).unwrap();
    assert_eq!(office.register.witnesses(), Some(&SetWitnesses::default()));
}

#[test]
fn witnesses_that_cannot_be_told_apart_or_asked_are_refused() {
    let mut office = Office::furnished();
    let log_key = office.register.log_key(Log::Casebook).copied().unwrap();
    let named = |name: &str, key| Witness { name: title(name), key };
    let nine = (0..9).map(|number| witness(&format!("w{number}"), 60 + number)).collect();
    let mut weak = [0; 32];
    weak[0] = 1;
    for (what, changes, code) in [
        ("more needed than there are", set(vec![witness("w1", 51)], 2), "value_wrong"),
        ("needed and none", set(Vec::new(), 1), "value_wrong"),
        ("nine", set(nine, 1), "value_wrong"),
        ("not ascending", set(vec![witness("w2", 51), witness("w1", 52)], 1), "value_wrong"),
        ("one name twice", set(vec![witness("w1", 51), witness("w1", 52)], 1), "value_wrong"),
        ("no key name", set(vec![witness("w1+x", 51)], 1), "value_wrong"),
        ("a blank in it", set(vec![witness("w 1", 51)], 1), "value_wrong"),
        ("one key twice", set(vec![witness("w1", 51), witness("w2", 51)], 1), "key_used"),
        ("a log is its own witness", set(vec![named("w1", log_key)], 1), "key_used"),
        ("a key that verifies anything", set(vec![named("w1", Ed25519Key(weak))], 1), "key_malformed"),
    ] {
        let refused = office.approved(changes).map(drop).map_err(|refusal| refusal.code());
        assert_eq!(refused, Err(code), "{what}");
    }
    assert_eq!(office.register.witnesses(), None);
}
