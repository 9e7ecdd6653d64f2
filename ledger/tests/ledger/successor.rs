//! A log that has lost something for good: another goes on in its place, by an act, and only by one that names what is left.

use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::sheet::check::{Fit, Sheet};
use sekisho_ledger::store::LogName;
use sekisho_register::change::{Change, Log, SucceedLog};
use sekisho_wire::id::Hash;

use crate::town::Town;

impl Town {
    fn records_log(&self) -> (Option<Halt>, u32, String) {
        self.log(LogName::Records)
    }

    pub(crate) fn log(&self, name: LogName) -> (Option<Halt>, u32, String) {
        let office = self.ledger.office(&self.office).unwrap();
        let log = office.log(name);
        (log.halted(), log.generation(), log.origin().rsplit_once('/').unwrap().1.to_owned())
    }
}

#[test]
fn another_log_goes_on_from_what_is_left_and_whoever_verified_the_lost_one_does_not_stop_it() {
    let mut town = Town::new();
    let copy = town.copied();
    let kept_note = town.shown().records.unwrap();
    let lost = town.terminal.batch(3).0;
    town.deliver(&lost).unwrap();
    town.publish();
    let shown = town.shown();
    town.put_back(&copy);
    town.reopen();
    let successor = |town: &Town, kept_size| {
        let office = town.ledger.office(&town.office).unwrap();
        let root = office.log(LogName::Records).left().map_or([0; 32], |(_, root, _)| root.0);
        vec![Change::SucceedLog(SucceedLog { log: Log::Records, kept_size, kept_root: Hash(root), signed_size: 8 })]
    };
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.records_log(), (Some(Halt::Outrun { seen: 8, stored: 5 }), 1, "records".into()));
    // What is not what is left is refused; one administrator alone is.
    assert!(matches!(town.decide_together(successor(&town, 4)), Err(Refusal::LogNotLost)));
    assert!(town.submit(successor(&town, 5)).is_err());
    town.decide_together(successor(&town, 5)).unwrap();
    // From then on nothing fills it any more.
    assert_eq!(town.records_log(), (Some(Halt::Succeeded), 1, "records".into()));
    town.ledger.refill_records(&town.terminal.peer, 5, &lost.envelope(&town.terminal)).unwrap();
    assert_eq!(town.ledger.wanted(&town.office).unwrap(), []);

    town.reopen();
    assert_eq!(town.records_log(), (None, 2, "records-2".into()));
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.records_log().0, None, "what is shown is of another log");
    town.deliver(&lost).unwrap();
    town.send(4);
    town.publish();
    let file = |name: &str| {
        let text = std::fs::read_to_string(town.data.checkpoints().join(town.office.to_string()).join(name)).unwrap();
        text.lines().nth(1).unwrap().parse::<u64>().unwrap()
    };
    assert_eq!((file("records"), file("records-2")), (5, 9), "the lost one is as it was");
    // Sheets from before are held against the log as far as it goes on in the new one.
    let sheet = |note: &str| Sheet::read(note).unwrap().check(&town.root).unwrap();
    let lost_note = shown.records.clone().unwrap();
    assert_eq!(sheet(&lost_note), Fit::GivenUp { sheet: 8, kept: 5 });
    assert_eq!(sheet(&kept_note), Fit::Fits { sheet: 5, log: 9 });
    // It may lose something, too.
    assert!(matches!(town.decide_together(successor(&town, 9)), Err(Refusal::LogNotLost)), "it goes on");
    town.ledger.office(&town.office).unwrap().log(LogName::Records).halt(Halt::Contradicted { size: 9 }, "");
    town.decide_together(successor(&town, 9)).unwrap();
    town.reopen();
    assert_eq!(town.records_log(), (None, 3, "records-3".into()));
    town.ledger.hear(&town.terminal.peer, &town.shown()).unwrap();
    town.send(1);
    town.publish();
    let report =
        sekisho_ledger::command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
    let real = report
        .findings
        .iter()
        .filter(|finding| !finding.text(sekisho_wire::words::Language::English).contains("stopped"));
    assert_eq!(real.collect::<Vec<_>>(), Vec::<&sekisho_ledger::fsck::Finding>::new());
}

#[test]
fn a_log_that_an_act_has_given_up_takes_nothing_any_more_however_it_came_to_know_of_the_act() {
    let mut town = Town::new();
    let copy = town.copied();
    let log = |town: &Town| town.ledger.office(&town.office).unwrap().log(LogName::Records).left();
    town.ledger.office(&town.office).unwrap().log(LogName::Records).halt(Halt::Contradicted { size: 5 }, "");
    let (kept_size, root, _) = log(&town).unwrap();
    let act = SucceedLog { log: Log::Records, kept_size, kept_root: Hash(root.0), signed_size: 5 };
    town.decide_together(vec![Change::SucceedLog(act)]).unwrap();
    let shown = town.shown();
    let office = town.ledger.office(&town.office).unwrap();
    let part = town.ledger.register_part(&office, 0, None, None).unwrap();
    let kept = town.ledger.hand_out(&town.terminal.peer, [0, 0]).map(|handed| handed.keepsakes).unwrap_or_default();
    drop(office);
    // A copy from before the act is put back, and learns of it from a terminal.
    town.put_back(&copy);
    town.reopen();
    let shown = sekisho_ledger::terminals::Shown { records: None, ..shown };
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    let from = town.ledger.office(&town.office).unwrap().log(LogName::Register).committed_size();
    let acts = part.entries[from as usize..].to_vec();
    town.ledger.refill_register(&town.terminal.peer, from, acts, &part.names).unwrap();
    town.ledger.refill_kept(&town.office, &kept).unwrap();
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert!(town.ledger.office(&town.office).unwrap().awaited().is_none(), "it waits for nobody for ever");
    let refused = town.deliver(&town.terminal.batch(1).0);
    assert!(matches!(refused, Err(Refusal::Halted { .. })), "{refused:?}");
    town.reopen();
    assert_eq!(town.records_log(), (None, 2, "records-2".into()));
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    town.send(1);
}
