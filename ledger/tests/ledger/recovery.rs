//! Recovery at the ledger: its clock keeps the wait, its alarms tell everybody, and the names of whom it speaks lie beside the announcement.

use ed25519_dalek::Signer as _;
use sekisho_ledger::acts::Name;
use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::command;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::LogName;
use sekisho_register::change::{
    AnnounceRecovery, Change, Designate, EndRecovery, Log, PersonClass, Recovery, RecoveryEnd, SetLogKey, SucceedLog,
};
use sekisho_register::{Act, Ed25519Key, FoldRefusal, NameHash};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::Hash;
use sekisho_wire::reason::AlarmKind;

use crate::town::{RECOVERY_SEED, Town, blank_act, code, person};

const HOUR: u64 = 3_600_000;
const WAIT: u64 = 72 * HOUR;

fn recovery_key(seed: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[seed; 32])
}

fn new_keys() -> Change {
    let keys = vec![Ed25519Key(recovery_key(RECOVERY_SEED + 1).verifying_key().to_bytes())];
    Change::RecoveryKeys(Recovery { k: 1, keys })
}

fn announce(changes: Vec<Change>) -> Change {
    Change::AnnounceRecovery(AnnounceRecovery { changes })
}

fn end(announced: Hash, how: RecoveryEnd) -> Change {
    Change::EndRecovery(EndRecovery { announced, how })
}

fn designated(operator: &str, somebody: &Name, from: u64) -> Change {
    Change::Designate(Box::new(Designate {
        operator: code(operator),
        name: NameHash::of(&somebody.salt, &somebody.text),
        class: PersonClass::Operator,
        section: code("jumin"),
        from,
        to: from + 1000 * HOUR,
        terminals: Vec::new(),
        sections: vec![code("jumin")],
    }))
}

impl Town {
    /// An act of the one recovery key of this town, made at `made`.
    fn recovers_at(&self, change: Change, made: u64, names: Vec<Name>) -> Result<(Hash, u64), Refusal> {
        let register = self.ledger.office(&self.office).unwrap().register();
        let (seen_size, seen_root) = (register.size(), register.root());
        let (blank, expires) = (blank_act(made, vec![change]), made + 24 * HOUR);
        let act = Act { office: self.office, log: Log::Register, seen_size, seen_root, expires, ..blank };
        let key = recovery_key(RECOVERY_SEED);
        let to_sign = act.to_be_signed(&Signer::Recovery(key.verifying_key().to_bytes()));
        let signature = key.sign(&to_sign.signed_bytes()).to_bytes();
        let entry = to_sign.finish(signature);
        self.ledger.submit(&self.office, entry, names).map(|(placed, _)| (Hash(placed.id.0), placed.index))
    }

    fn recovers(&self, change: Change) -> Result<(Hash, u64), Refusal> {
        self.recovers_at(change, self.clock.now(), Vec::new())
    }
}

fn refused(result: Result<(Hash, u64), Refusal>) -> &'static str {
    match result {
        Err(Refusal::Act(refusal)) => refusal.code(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was taken"),
    }
}

#[test]
fn a_recovery_alarms_and_waits_by_the_ledgers_clock() {
    let town = Town::new();
    let (id, _) = town.recovers(announce(vec![new_keys()])).unwrap();
    assert_eq!(town.alarms(), [AlarmKind::RecoveryAnnounced]);
    // Before its time, and out of a future that the ledger's clock does not know.
    let complete = || end(id, RecoveryEnd::Completed);
    town.clock.advance(WAIT - 60_000);
    assert_eq!(refused(town.recovers(complete())), "recovery_too_early");
    assert_eq!(refused(town.recovers_at(complete(), town.clock.now() + HOUR, Vec::new())), "made_in_future");
    town.clock.advance(60_000);
    town.recovers(complete()).unwrap();
    let alarms = town.alarms();
    assert_eq!(
        (alarms.first(), alarms.last()),
        (Some(&AlarmKind::RecoveryAnnounced), Some(&AlarmKind::RecoveryCompleted))
    );
    assert_eq!(refused(town.recovers(announce(vec![new_keys()]))), "recovery_key_replaced");
    town.publish();
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}

#[test]
fn nobody_announces_into_the_past() {
    let town = Town::new();
    town.clock.advance(WAIT);
    let old = town.recovers_at(announce(vec![new_keys()]), town.clock.now() - HOUR, Vec::new());
    assert_eq!(refused(old), "made_too_early");
    assert!(town.recovers(announce(vec![new_keys()])).is_ok());
}

#[test]
fn one_administrator_objects_and_the_ledger_says_so() {
    let town = Town::new();
    let (id, _) = town.recovers(announce(vec![new_keys()])).unwrap();
    let index = town.submit(vec![end(id, RecoveryEnd::Objected)]).unwrap();
    assert_eq!(town.alarms(), [AlarmKind::RecoveryAnnounced, AlarmKind::RecoveryObjected]);
    town.clock.advance(WAIT);
    let over = town.recovers(end(id, RecoveryEnd::Completed));
    assert!(matches!(over, Err(Refusal::Act(FoldRefusal::RecoveryOver { index: by, .. })) if by == index));
}

#[test]
fn an_objection_hides_no_name_of_what_stands_beside_it() {
    let town = Town::new();
    let (id, _) = town.recovers(announce(vec![new_keys()])).unwrap();
    let somebody = person("鈴木 花");
    let changes = || vec![end(id, RecoveryEnd::Objected), designated("10055", &somebody, town.clock.now())];
    assert!(matches!(town.submit(changes()), Err(Refusal::NameWrong)));
    assert_eq!(town.ledger.office(&town.office).unwrap().register().recovery_end(&id), None);
    let act = town.act(changes());
    town.ledger.submit(&town.office, act, vec![somebody]).unwrap();
    town.publish();
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}

#[test]
fn a_ledger_that_is_started_meanwhile_alarms_again() {
    let mut town = Town::new();
    town.recovers(announce(vec![new_keys()])).unwrap();
    town.reopen();
    let threads = town.ledger.start().unwrap();
    for _ in 0..500 {
        if town.alarms().len() == 2 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(town.alarms(), [AlarmKind::RecoveryAnnounced; 2]);
    town.ledger.stop(threads);
}

#[test]
fn an_announcement_brings_the_names_of_whom_it_speaks_and_takes_no_log_key_of_a_stranger() {
    let town = Town::new();
    let somebody = person("鈴木 花");
    let designate = designated("10055", &somebody, town.clock.now());
    let change = || announce(vec![designate.clone(), new_keys()]);
    assert!(matches!(town.recovers(change()), Err(Refusal::NameWrong)));
    let key =
        Change::LogKey(SetLogKey { log: Log::Records, key: Ed25519Key(recovery_key(9).verifying_key().to_bytes()) });
    assert!(matches!(town.recovers(announce(vec![key, new_keys()])), Err(Refusal::LogKeyUnknown)));
    let of_what_is_there =
        Change::SucceedLog(SucceedLog { log: Log::Records, kept_size: 0, kept_root: Hash([0; 32]), signed_size: 0 });
    assert!(matches!(town.recovers(announce(vec![of_what_is_there, new_keys()])), Err(Refusal::LogNotLost)));
    let (id, index) = town.recovers_at(change(), town.clock.now(), vec![somebody]).unwrap();
    assert_eq!(
        town.ledger
            .names_beside(&town.office, sekisho_ledger::store::LogName::Register, index..index + 1)
            .unwrap()
            .len(),
        1
    );
    town.clock.advance(WAIT);
    town.recovers(end(id, RecoveryEnd::Completed)).unwrap();
    let register = town.ledger.office(&town.office).unwrap().register();
    assert!(register.operator(&code("10055")).is_some());
}

#[test]
fn recovery_keys_have_another_casebook_go_on_and_who_objects_needs_none() {
    let mut town = Town::new();
    town.reports().unwrap();
    town.publish();
    town.ledger.office(&town.office).unwrap().log(LogName::Casebook).halt(Halt::Contradicted { size: 1 }, "");
    let successor = town.another_casebook(1, 1);
    // Administrators who are back can decide the other casebook afterwards; or the keys do so themselves.
    let (id, _) = town.recovers(announce(vec![new_keys()])).unwrap();
    town.submit(vec![end(id, RecoveryEnd::Objected)]).unwrap();
    let (id, _) = town.recovers(announce(vec![successor.clone(), new_keys()])).unwrap();
    town.submit(vec![end(id, RecoveryEnd::Objected)]).unwrap();
    let (id, _) = town.recovers(announce(vec![successor, new_keys()])).unwrap();
    town.clock.advance(WAIT);
    town.recovers(end(id, RecoveryEnd::Completed)).unwrap();
    town.reopen();
    assert_eq!(town.log(LogName::Casebook), (None, 2, "casebook-2".into()));
}
