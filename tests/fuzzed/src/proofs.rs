//! Proofs as they come from whoever says that something lies in a log.

use sekisho_tlog::{Hash, RangeProof, verify_consistency, verify_inclusion, verify_range};

use crate::script::Script;

/// Every check ends without a panic, and a proof of another length than its sizes ask for is none.
pub fn proofs(bytes: &[u8]) {
    let mut script = Script(bytes);
    let _ = prove(&mut script);
}

fn prove(script: &mut Script<'_>) -> Option<()> {
    let (old, new, index) = (number(script)?, number(script)?, number(script)?);
    let (left, right, leaves) = (hashes(script)?, hashes(script)?, hashes(script)?);
    let (one, other) = (hash(script)?, hash(script)?);
    let longer: Vec<Hash> = left.iter().copied().chain([one]).collect();
    let held = [
        (verify_inclusion(&one, index, new, &left, &other), verify_inclusion(&one, index, new, &longer, &other)),
        (verify_consistency(old, &one, new, &other, &left), verify_consistency(old, &one, new, &other, &longer)),
    ];
    for (held, with_more) in held {
        assert!(held.is_err() || with_more.is_err(), "a proof of two lengths");
    }
    let _ = verify_range(index, &leaves, new, &RangeProof { left, right }, &other);
    Some(())
}

/// Small, or at the edge of what there is.
fn number(script: &mut Script<'_>) -> Option<u64> {
    let small = u64::try_from(script.number()?).ok()?;
    Some(match script.byte()? % 4 {
        0 => u64::MAX - small,
        1 => small << 40,
        _ => small,
    })
}

fn hashes(script: &mut Script<'_>) -> Option<Vec<Hash>> {
    let count = script.byte()? % 70;
    (0..count).map(|_| hash(script)).collect()
}

/// Few differ: equal ones are what proofs are about.
fn hash(script: &mut Script<'_>) -> Option<Hash> {
    Some(Hash([script.byte()? % 4; 32]))
}
