use std::sync::Arc;

use sekisho_register::change::{Change, SetWitnesses, Witness};
use sekisho_register::{Ed25519Key, Title};
use sekisho_tlog::{CosigningKey, VerifyingKey};

use super::*;

fn cosigner(seed: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("w{seed}"), &[seed; 32]).unwrap()
}

/// A checkpoint with the lines of these witnesses.
pub(super) fn cosigned(checkpoint: String, log: &VerifyingKey, seeds: &[u8]) -> String {
    let log = std::slice::from_ref(log);
    let cosign = |note: String, seed: &u8| Checkpoint::cosign(&note, log, &cosigner(*seed), 5).unwrap();
    seeds.iter().fold(checkpoint, cosign)
}

/// Two persons name these witnesses; the terminal has folded it.
fn decide(bench: &mut Bench, seeds: &[u8], needed: u8) {
    let witness = |seed: &u8| Witness {
        name: Title::new(&format!("w{seed}")).unwrap(),
        key: Ed25519Key(cosigner(*seed).verifying_key().to_bytes()),
    };
    let witnesses = seeds.iter().map(witness).collect();
    bench.office.act_of_two(vec![Change::Witnesses(SetWitnesses { witnesses, needed })]);
    bench.agent.lock().register = Arc::new(bench.office.register.clone());
}

#[test]
fn records_are_sealed_under_as_many_cosignatures_as_the_register_asks_for() {
    let (mut bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    let cosign = |seeds: &[u8]| ledger.state.lock().unwrap().cosigners = seeds.to_vec();
    insert(&bench);
    let _ = run(&mut uplink, &bench, &ledger).unwrap();
    let _ = run(&mut uplink, &bench, &ledger).unwrap();
    let before = at(&bench).sealed;
    assert!(before > 0, "none are asked for yet");

    decide(&mut bench, &[51, 52, 53], 2);
    insert(&bench);
    for (seeds, sealed) in [
        (&[][..], false),
        (&[51], false),
        // Another's line beside it, and one line twice, are no second witness.
        (&[51, 54], false),
        (&[51, 51], false),
        (&[53, 51], true),
    ] {
        cosign(seeds);
        assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Rest, "{seeds:?}");
        let Cursor { sealed: now, stored, seen_note, .. } = at(&bench);
        assert_eq!((now > before, now == stored), (sealed, sealed), "{seeds:?}");
        // What the ledger is shown of it is its own word alone.
        assert_eq!(seen_note.unwrap().matches('\u{2014}').count(), 1);
    }
    // The key of the second was replaced: its old line counts for nothing. What was sealed stays so.
    let sealed = at(&bench).sealed;
    decide(&mut bench, &[51, 55], 2);
    cosign(&[51, 52, 53]);
    insert(&bench);
    let _ = run(&mut uplink, &bench, &ledger).unwrap();
    assert_eq!(at(&bench).sealed, sealed);
    cosign(&[51, 55]);
    let _ = run(&mut uplink, &bench, &ledger).unwrap();
    assert!(at(&bench).sealed > sealed);
}

#[test]
fn a_cosignature_that_does_not_verify_is_not_believed() {
    let (mut bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    decide(&mut bench, &[51], 1);
    ledger.state.lock().unwrap().cosigners = vec![51];
    ledger.fault(Fault::ForgedSeal);
    insert(&bench);
    assert!(matches!(run(&mut uplink, &bench, &ledger), Err(Trouble::Proof(_))));
    assert_eq!(at(&bench).sealed, 0);
}
