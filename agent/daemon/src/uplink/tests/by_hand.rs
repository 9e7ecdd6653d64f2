use sekisho_ipc::{AgentError, Bar};

use super::*;
use crate::function::Caller;

/// Carries all that is not known to be sealed into the ledger; gives the seqs that each batch began with.
fn carry(bench: &Bench, ledger: &Ledger) -> Vec<u64> {
    let _ = bench.records();
    let (mut from, mut firsts) = (None, Vec::new());
    loop {
        let batch = bench.agent.export_records(&panel(), from).unwrap();
        let Some(envelope) = batch.envelope else { return firsts };
        firsts.push(batch.first);
        from = Some(batch.first + batch.count);
        let key = bench.agent.identity.key.verifying_key();
        let mut state = ledger.state.lock().unwrap();
        let batch = ledger.open(&envelope, state.office);
        assert!(matches!(state.take(&batch, &key), Brought::Answer { .. }));
    }
}

fn seal(bench: &Bench, ledger: &Ledger) -> Value {
    let Cursor { sealed, seen_size, .. } = at(bench);
    ledger.state.lock().unwrap().show_seal(sealed, seen_size)
}

#[test]
fn what_is_carried_by_hand_and_proved_is_stored_and_sealed_and_the_line_goes_on_from_there() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    let _ = run(&mut uplink, &bench, &ledger).unwrap();
    ledger.fault(Fault::Unreachable);
    insert_again(&bench);
    let before = at(&bench);
    assert_eq!(carry(&bench, &ledger), [before.sealed]);
    assert_eq!(at(&bench), before, "nothing is believed before it is proved");
    let all = bench.records().len() as u64;
    let early = seal(&bench, &ledger);
    assert_eq!(bench.agent.take_seal(&panel(), early.clone()).unwrap(), all);
    let Cursor { stored, sealed, seen_size, .. } = at(&bench);
    assert_eq!((stored, sealed, seen_size), (all, all, all));
    assert_eq!(bench.agent.state(&panel()).0.unsealed, 0);
    assert_eq!(bench.agent.export_records(&panel(), None).unwrap().envelope, None);

    // Carried again from the beginning: the same bytes, stored once.
    let again = bench.agent.export_records(&panel(), Some(0)).unwrap();
    assert_eq!((again.first, again.count), (0, all));
    let opened = ledger.open(&again.envelope.unwrap(), bench.agent.identity.office);
    let mut state = ledger.state.lock().unwrap();
    let _ = state.take(&opened, &bench.agent.identity.key.verifying_key());
    assert_eq!(state.records.len() as u64, all);
    drop(state);

    insert_again(&bench);
    ledger.fault(Fault::None);
    for _ in 0..4 {
        let _ = run(&mut uplink, &bench, &ledger);
    }
    assert_exactly_once(&bench, &ledger);
    assert_eq!(at(&bench).sealed, bench.records().len() as u64);
    // A stick that was forgotten in a drawer.
    let now = at(&bench);
    assert!(matches!(bench.agent.take_seal(&panel(), early), Err(AgentError::SealRefused { .. })));
    assert_eq!((at(&bench), alarms(&bench)), (now, vec![]));
}

fn insert_again(bench: &Bench) {
    bench.worker.pull();
    crate::testing::until(|| bench.agent.lock().machine.card().is_none());
    insert(bench);
}

#[test]
fn a_seal_that_somebody_made_or_altered_moves_nothing_and_is_no_alarm() {
    for fault in [Fault::ForgedSeal, Fault::ForgedProof, Fault::OtherLog, Fault::OtherTree, Fault::Rollback] {
        let (bench, ledger) = ledger_bench();
        let mut uplink = uplink(&bench);
        insert(&bench);
        let _ = run(&mut uplink, &bench, &ledger).unwrap();
        insert_again(&bench);
        let _ = carry(&bench, &ledger);
        let before = at(&bench);
        ledger.fault(fault);
        let shown = seal(&bench, &ledger);
        assert!(matches!(bench.agent.take_seal(&panel(), shown), Err(AgentError::SealRefused { .. })), "{fault:?}");
        assert_eq!((at(&bench), alarms(&bench)), (before, vec![]), "{fault:?}");
        ledger.fault(Fault::None);
        assert!(bench.agent.take_seal(&panel(), seal(&bench, &ledger)).is_ok(), "{fault:?}");
    }
}

#[test]
fn only_root_carries_and_nothing_is_exported_from_behind_the_end() {
    let (bench, ledger) = ledger_bench();
    insert(&bench);
    let _ = bench.records();
    let clerk = Caller { uid: 1000, application: None, trusted: false, may_prompt: true };
    let refused = AgentError::NotPermitted { reason: Bar::OnlyRoot };
    assert_eq!(bench.agent.export_records(&clerk, None), Err(refused.clone()));
    assert_eq!(bench.agent.take_seal(&clerk, seal(&bench, &ledger)), Err(refused));
    let behind = bench.agent.export_records(&panel(), Some(1_000));
    assert!(matches!(behind, Err(AgentError::InvalidArgument { field, .. }) if field == "from"));
    let garbage = bench.agent.take_seal(&panel(), json!({"ranges": 3}));
    assert!(matches!(garbage, Err(AgentError::InvalidArgument { field, .. }) if field == "seal"));
}
