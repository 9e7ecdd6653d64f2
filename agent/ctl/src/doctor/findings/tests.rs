use super::*;
use crate::panel::samples;

const HOUR: u64 = 3_600_000;

/// What is changed, and what is found then.
type Case<T> = (fn(&mut T), &'static [(&'static str, Grade)]);

fn unit() -> Unit {
    Unit { name: "sekisho-agent", state: "active".into(), restarts: 0, wrong_user: None, watched: true }
}

/// A terminal where nothing is wrong.
fn sound() -> (State, Machine) {
    let state = State {
        register_age: Some(60_000),
        register_stale: false,
        certificate_ends: Some(samples::no_card().time + 720 * HOUR),
        ..samples::no_card()
    };
    let machine = Machine {
        units: vec![unit()],
        card_service: true,
        usb_readers: Some(1),
        free: Some(50),
        wall: state.time,
        ..Machine::default()
    };
    (state, machine)
}

fn not_sound(state: State, machine: &Machine) -> Vec<(&'static str, Grade)> {
    let found = findings(&Ok(state), machine, Language::English);
    let japanese = findings(&Ok(sound().0), machine, Language::Japanese);
    assert!(japanese.iter().all(|finding| !finding.what.is_empty()));
    for finding in &found {
        assert_eq!(finding.next.is_empty(), finding.grade == Grade::Sound, "{finding:?}");
    }
    found.iter().filter(|found| found.grade != Grade::Sound).map(|found| (found.code, found.grade)).collect()
}

#[test]
fn each_thing_that_is_wrong_is_found_and_nothing_else() {
    let (state, machine) = sound();
    assert_eq!(not_sound(state, &machine), []);
    let of_state: [Case<State>; 16] = [
        (|state| state.recovery_due = Some(state.time + HOUR), &[("recovery", Grade::Doubtful)]),
        (|state| state.lease = samples::lent().lease, &[("reader", Grade::Doubtful)]),
        (|state| state.reports_waiting = 1, &[("reports", Grade::Doubtful)]),
        (|state| state.reports_refused = 1, &[("reports", Grade::Wrong)]),
        (|state| state.link = LinkState::Down, &[("ledger", Grade::Doubtful)]),
        (|state| state.register_link = LinkState::Refused, &[("ledger", Grade::Wrong)]),
        (|state| state.link = LinkState::HeldBack, &[("ledger", Grade::Wrong)]),
        (|state| state.register_age = None, &[("register", Grade::Wrong)]),
        (|state| state.register_age = Some(5 * HOUR), &[("register", Grade::Doubtful)]),
        (|state| state.certificate_ends = Some(state.time + HOUR), &[("certificate", Grade::Doubtful)]),
        (|state| state.unsent_until = Some(state.time + HOUR), &[("waiting", Grade::Doubtful)]),
        (|state| state.unsent_until = Some(state.time), &[("waiting", Grade::Wrong)]),
        (|state| state.screen = ScreenState::Failed, &[("screen", Grade::Wrong)]),
        (|state| state.screen = ScreenState::Unreachable, &[("screen", Grade::Wrong)]),
        (|state| state.office = None, &[("enrolled", Grade::Wrong)]),
        (|state| state.card_problem = Some(state.advice.clone()), &[("card", Grade::Doubtful)]),
    ];
    for (change, expected) in of_state {
        let (mut state, machine) = sound();
        change(&mut state);
        assert_eq!(not_sound(state, &machine), expected);
    }
    let of_machine: [Case<Machine>; 10] = [
        (|machine| machine.units[0].state = "failed".into(), &[("unit", Grade::Wrong)]),
        (|machine| machine.units[0].restarts = 3, &[("restarts", Grade::Doubtful)]),
        (|machine| machine.units[0].wrong_user = Some("root".into()), &[("unit_user", Grade::Wrong)]),
        (|machine| machine.units[0].watched = false, &[("watchdog", Grade::Doubtful)]),
        (|machine| machine.strange.push(("/var/lib/sekisho".into(), "sekisho-agent")), &[("owner", Grade::Wrong)]),
        (|machine| machine.card_service = false, &[("card_service", Grade::Wrong)]),
        (|machine| machine.others.extend(["gsd-smartcard".to_owned()]), &[("other_programs", Grade::Doubtful)]),
        (|machine| machine.free = Some(4), &[("disk", Grade::Doubtful)]),
        (|machine| machine.wall += HOUR, &[("clock", Grade::Doubtful)]),
        (|machine| machine.units.clear(), &[]),
    ];
    for (change, expected) in of_machine {
        let (state, mut machine) = sound();
        change(&mut machine);
        assert_eq!(not_sound(state, &machine), expected);
    }
}

#[test]
fn no_reader_is_told_where_there_is_none_and_not_where_nobody_could_look() {
    for (plugged, expected) in [(Some(0), &[("reader", Grade::Doubtful)][..]), (Some(1), &[]), (None, &[])] {
        let (state, machine) = sound();
        let state = State { reader: None, card: None, ..state };
        assert_eq!(not_sound(state, &Machine { usb_readers: plugged, ..machine }), expected);
    }
}

#[test]
fn an_agent_that_is_silent_is_told_by_why() {
    let (_, machine) = sound();
    for (kind, word) in [
        (io::ErrorKind::NotFound, "enable --now sekisho-agent"),
        (io::ErrorKind::PermissionDenied, "as root"),
        (io::ErrorKind::ConnectionRefused, "restart sekisho-agent"),
    ] {
        let failure = Failure::NoAgent { socket: "/run/sekisho/agent.sock".into(), cause: kind.into() };
        let found = findings(&Err(failure), &machine, Language::English);
        let silent = found.iter().find(|finding| finding.code == "agent").unwrap();
        assert!(silent.grade == Grade::Wrong && silent.next.contains(word), "{silent:?}");
    }
}
