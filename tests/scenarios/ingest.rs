//! What comes to the ledger over the wire: repeats, gaps, forks, foreign hands. Nothing wrong is stored, nothing right is lost.

use sekisho_agent::journal::Run;
use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, verdict_of, wait_state};
use sekisho_tests::history::{assert_once_each, stored};
use sekisho_tests::peer::{Peer, Said, after, journal};
use sekisho_tests::scene::{FUNCTIONS, Scene, enrol, wait_sealed};
use sekisho_tests::terminal::Terminal;
use sekisho_wire::id::{Hash, OfficeId};

/// A second terminal that is enrolled and whose agent never runs.
fn second(scene: &Scene) -> (Terminal, Peer) {
    let terminal = Terminal::new(&scene.scratch.folder("u"), &scene.clock);
    enrol(&scene.desk, &terminal, "jumin-2", FUNCTIONS);
    let peer = Peer::of(&terminal.state());
    (terminal, peer)
}

#[test]
fn a_repeat_is_absorbed_and_a_partial_repeat_stores_only_what_is_new() {
    let mut scene = Scene::new("repeat");
    let (_terminal, peer) = second(&scene);
    let run = Run { records: peer.records(0, 5, 1), ..peer.beginning() };
    assert_eq!(peer.send(&run), Said::Took { stored: 5, repeated: 0, next: 5 });
    assert_eq!(peer.send(&run), Said::Took { stored: 0, repeated: 5, next: 5 });
    let longer = Run { records: peer.records(0, 8, 1), ..peer.beginning() };
    assert_eq!(peer.send(&longer), Said::Took { stored: 3, repeated: 5, next: 8 });
    let rest = Run { records: peer.records(8, 1, 1), ..after(&longer) };
    assert_eq!(peer.send(&rest), Said::Took { stored: 1, repeated: 0, next: 9 });
    assert_eq!(stored(&scene.ledger, "jumin-2"), 9);
    scene.ledger.stop();
    let _ = assert_once_each(&scene.ledger);
    scene.ledger.assert_sound();
}

#[test]
fn what_is_wrong_is_refused_and_the_real_agent_goes_on_as_if_nothing_had_been() {
    let mut scene = Scene::new("wrong");
    let (_terminal, foreigner) = second(&scene);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_sealed(&scene.terminal);
    scene.terminal.stop();

    let peer = Peer::of(&scene.terminal.state());
    let own = journal(&scene.terminal.state());
    let history = Run { records: own.clone(), ..peer.beginning() };
    let sealed = u64::try_from(stored(&scene.ledger, "jumin-1")).unwrap();
    // What the agent wrote while it was stopping may not have left yet: sending it is what the agent would do.
    let count = own.len() as u64;
    assert_eq!(peer.send(&history), Said::Took { stored: count - sealed, repeated: sealed, next: count });
    let end = after(&history);
    let next = |records| Run { records, ..after(&history) };

    let gap = Run { first: end.first + 3, records: peer.records(end.first + 3, 2, 1), ..after(&history) };
    assert_eq!(peer.send(&gap), Said::Expects("gap".to_owned(), count));
    let fork = Run { records: peer.records(0, 4, 9), ..peer.beginning() };
    assert_eq!(peer.send(&fork), Said::Expects("fork".to_owned(), count));
    let elsewhere = Run { chain: Hash([7; 32]), ..next(peer.records(count, 2, 1)) };
    assert_eq!(peer.send(&elsewhere), Said::Expects("wrong_chain".to_owned(), count));

    let own_envelope = peer.envelope(&next(peer.records(count, 1, 1)));
    let relayed = foreigner.post(&own_envelope);
    assert!(matches!(&relayed, Said::Refused(400, code) if code == "malformed"), "{relayed:?}");
    for garbage in [&b""[..], b"garbage", &own_envelope[..own_envelope.len() / 2], &vec![0; 1 << 20]] {
        let answer = peer.post(garbage);
        assert!(matches!(&answer, Said::Refused(400, code) if code == "malformed"), "{answer:?}");
    }
    let mut other_office = Peer::of(&scene.terminal.state());
    other_office.identity.office = OfficeId([9; 16]);
    let astray = other_office.send(&Run { records: other_office.records(0, 1, 1), ..other_office.beginning() });
    assert!(matches!(&astray, Said::Refused(400 | 403, _)), "{astray:?}");
    assert_eq!(u64::try_from(stored(&scene.ledger, "jumin-1")).unwrap(), count, "nothing of this was stored");

    scene.terminal.start();
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_sealed(&scene.terminal);
    let alarms = scene.search(&["--kind", "alarm"]);
    let mut alarms: Vec<&str> = alarms
        .iter()
        .filter_map(|alarm| alarm["what"].as_str()?.split_once("ALARM "))
        .map(|(_, alarm)| alarm)
        .collect();
    alarms.sort_unstable();
    // The peer's records are of a day long gone, which is worth an alarm too.
    let expected =
        ["a terminal's chain does not fit", "a terminal's clock is far off", "two histories of one terminal"];
    assert_eq!(alarms, expected.map(|alarm| format!("(jumin-1): {alarm}")));
    scene.desk.run(&["records", "verify", "--all"]);
    scene.terminal.stop();
    scene.ledger.stop();
    let _ = assert_once_each(&scene.ledger);
    scene.ledger.assert_sound();
}
