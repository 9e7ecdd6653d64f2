//! A ledger that goes on with less than it had: filled again, or by an act.

use sekisho_register::Change;
use sekisho_register::change::{Log, SucceedLog};

use super::*;
use crate::testing::Office;
use crate::uplink::position::Head;

#[test]
fn a_ledger_restored_from_a_backup_is_filled_again() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    bench.log_in();
    for _ in 0..3 {
        let _ = run(&mut uplink, &bench, &ledger).unwrap();
    }
    {
        let mut state = ledger.state.lock().unwrap();
        state.records.truncate(1);
        state.chain = chain_next(
            &chain_start(&state.office, &code("mado-1"), 0),
            &Hash(leaf_hash(&state.records.first().unwrap().clone()).0),
        );
    }
    bench.worker.pull();
    crate::testing::until(|| bench.agent.lock().machine.card().is_none());
    // It is sent from where the cursor was, the ledger names the gap, and after a pause all follows.
    assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Again);
    let _ = run(&mut uplink, &bench, &ledger);
    assert_exactly_once(&bench, &ledger);
}

/// The ledger, and whether it shows what is asked for besides.
struct Showing<'a>(&'a Ledger, bool);

impl Carrier for Showing<'_> {
    fn go(&self, errand: &Errand) -> Option<Brought> {
        let brought = self.0.go(errand);
        match (brought, errand) {
            (Some(Brought::Answer { mut body }), Errand::Seal { before: Some(before), .. }) if self.1 => {
                let tree = &self.0.state.lock().unwrap().tree;
                let proof = consistency_proof(tree, *before, tree.size()).unwrap();
                body["before"] = json!(proof.iter().map(TreeHash::to_base64).collect::<Vec<_>>());
                Some(Brought::Answer { body })
            }
            (brought, _) => brought,
        }
    }
}

#[test]
fn what_goes_on_by_an_act_has_to_hold_what_the_act_keeps_and_what_was_seen() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    let _ = run(&mut uplink, &bench, &ledger).unwrap();
    let seen = Head { size: at(&bench).seen_size, root: at(&bench).seen_root };
    // More is stored, and sealed for nobody.
    insert(&bench);
    assert_eq!(uplink.round(&bench.agent, &ledger).unwrap(), Round::Forward);
    let (kept_size, kept_root) = {
        let tree = &ledger.state.lock().unwrap().tree;
        (tree.size(), Hash(tree.root().0))
    };
    assert!(seen.size > 0 && seen.size < kept_size);
    let mut office = Office::new(&[4; 65]);
    let lost = SucceedLog { log: Log::Records, kept_size, kept_root, signed_size: kept_size + 1 };
    office.act_of_two(vec![Change::SucceedLog(lost)]);
    assert!(bench.agent.position().follow(&office.register));
    let followed = at(&bench);
    assert_eq!((followed.seen_size, &followed.seen_root), (kept_size, &kept_root.to_string()));
    assert_eq!(followed.before, Some(seen.clone()));

    // One that does not show it is believed nothing.
    let hides = run(&mut uplink, &bench, &Showing(&ledger, false));
    assert!(matches!(hides, Err(Trouble::Malformed)), "{hides:?}");
    assert_eq!(at(&bench), followed);
    // Nor one that kept what the act says, and not what was seen.
    bench.agent.position().cursor.before = Some(Head { root: kept_root.to_string(), ..seen });
    let other = run(&mut uplink, &bench, &Showing(&ledger, true));
    assert!(matches!(other, Err(Trouble::Proof(_))), "{other:?}");
    assert_eq!(at(&bench).sealed, followed.sealed);
    bench.agent.position().cursor = followed.clone();
    assert_eq!(run(&mut uplink, &bench, &Showing(&ledger, true)).unwrap(), Round::Rest);
    assert!(at(&bench).before.is_none() && at(&bench).sealed > followed.sealed);
}
