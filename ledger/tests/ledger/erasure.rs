//! The names of who left are erased: from the book, out of copies, out of what terminals keep and bring; everything that was signed stays and
//! verifies. `SEKISHO_STORE=postgres` tells the stories that break writes with the book on a server.

use std::path::Path;
use std::sync::Arc;

use sekisho_ledger::acts::Name;
use sekisho_ledger::backup::backup;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::command;
use sekisho_ledger::fsck::Fault;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::media::restore::restore;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{LogName, Store, StoredName};
use sekisho_register::act::Proposal;
use sekisho_register::change::{Change, Designate, Destroy, EraseNames, Log, PersonClass};
use sekisho_register::{Act, FoldRefusal, NameHash, retention};
use sekisho_wire::id::Salt;
use zeroize::Zeroizing;

use crate::faulty::{FaultyStore, Next};
use crate::media::{self, Stick};
use crate::office::faulty_town_at;
use crate::town::{NOON, Town, blank_act, code, opened, scratch, sign_act};

const DAY: u64 = 86_400_000;
/// From June 2026 past June 2034.
const EIGHT_YEARS_LATER: u64 = 2_960 * DAY;

fn name(text: &str, salt: u8) -> Name {
    Name { salt: Salt([salt; 16]), text: Zeroizing::new(text.to_owned()) }
}

fn hash(name: &Name) -> [u8; 32] {
    NameHash::of(&name.salt, &name.text).0
}

/// His own, the one that he took, and one that was proposed for him and never approved.
fn his() -> [Name; 3] {
    [name("土井 三郎", 1), name("遠藤 三郎", 2), name("土肥 三郎", 3)]
}

/// Somebody who stays.
fn other() -> Name {
    name("千葉 四郎", 4)
}

fn designate(operator: &str, name: &Name, to: u64) -> Change {
    Change::Designate(Box::new(Designate {
        operator: code(operator),
        name: NameHash(hash(name)),
        class: PersonClass::Operator,
        section: code("jumin"),
        from: NOON,
        to,
        terminals: vec![],
        sections: vec![],
    }))
}

impl Town {
    fn decides(&self, changes: Vec<Change>, names: Vec<Name>) -> Result<(), Refusal> {
        self.ledger.submit(&self.office, self.act(changes), names).map(drop)
    }

    /// He is designated, marries, and leaves within the year; a proposal about him is never approved.
    fn is_staffed(&self) {
        let [own, married, third] = his();
        let year = NOON + 300 * DAY;
        self.decides(vec![designate("doi", &own, year), designate("chiba", &other(), NOON * 2)], vec![own, other()])
            .unwrap();
        self.decides(vec![designate("doi", &married, year)], vec![married]).unwrap();
        self.proposed(vec![designate("doi", &third, year)], vec![third.clone()]);
        self.publish();
    }

    fn proposed(&self, changes: Vec<Change>, names: Vec<Name>) -> Vec<u8> {
        let act = self.drafted(Log::Casebook, changes, None);
        let proposal = sign_act(&act, &self.mayor);
        self.ledger.submit(&self.office, proposal.clone(), names).unwrap();
        proposal
    }

    pub(crate) fn drafted(&self, log: Log, changes: Vec<Change>, proposal: Option<Proposal>) -> Act {
        let register = self.ledger.office(&self.office).unwrap().register();
        let (seen_size, seen_root) = (register.size(), register.root());
        let post = Some(code("managers"));
        let act = blank_act(self.clock.now(), changes);
        Act { office: self.office, log, seen_size, seen_root, post, proposal, ..act }
    }

    /// Everything of the year that may mention him is destroyed, and what follows it.
    fn destroys_the_year(&self) {
        let destroy = |class| {
            let (from, to) = ("2026-06".parse().unwrap(), "2027-07".parse().unwrap());
            Change::Destroy(Destroy { class, from, to })
        };
        self.decide_together(retention::CLASSES.map(destroy).to_vec()).unwrap();
    }

    fn erases(&self) -> Result<(), Refusal> {
        self.decide_together(vec![Change::EraseNames(EraseNames { operators: vec![code("doi")] })])
    }

    fn names(&self) -> Vec<StoredName> {
        let store = opened(&self.data);
        let of = |log| store.names(&self.office, log, 0, 1_000).unwrap();
        [LogName::Register, LogName::Casebook].into_iter().flat_map(of).collect()
    }

    /// How many rows there are with names of his.
    fn rows_of_his(&self) -> usize {
        let hashes = his().map(|name| hash(&name));
        self.names().iter().filter(|row| hashes.contains(&row.hash)).count()
    }

    /// The names that the ledger tells, of both logs.
    fn told(&self) -> Vec<String> {
        let beside = |log| self.ledger.names_beside(&self.office, log, 0..1_000).unwrap();
        let names = [LogName::Register, LogName::Casebook].into_iter().flat_map(beside);
        names.map(|name| name.text.to_string()).collect()
    }

    fn tells_of_him(&self) -> bool {
        let his = his();
        self.told().iter().any(|told| his.iter().any(|name| *name.text == *told))
    }
}

fn findings(root: &Path) -> Vec<Fault> {
    command::fsck(root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {})
        .unwrap()
        .findings
        .into_iter()
        .map(|finding| finding.fault)
        .collect()
}

fn both_stores() -> [Town; 2] {
    [Town::new(), Town::on_server()]
}

#[test]
fn the_names_of_who_left_are_erased_and_no_others() {
    for mut town in both_stores() {
        town.is_staffed();
        assert_eq!((town.rows_of_his(), town.told().len()), (3, 6));
        let early = town.erases();
        assert!(matches!(early, Err(Refusal::Act(FoldRefusal::StillDesignated(_)))), "{early:?}");
        town.clock.advance(EIGHT_YEARS_LATER);
        let early = town.erases();
        assert!(matches!(early, Err(Refusal::Act(FoldRefusal::StillMentioned { .. }))), "{early:?}");
        let keys = std::fs::read(town.data.payload_key()).unwrap();
        town.destroys_the_year();
        town.carries_out();
        assert!(town.tells_of_him());
        town.erases().unwrap();
        town.carries_out();
        assert_ne!(std::fs::read(town.data.payload_key()).unwrap(), keys);
        assert_eq!((town.rows_of_his(), town.told().len()), (0, 3), "also what was proposed");
        town.publish();
        assert_eq!(findings(&town.root), []);
        // What was signed stands where it stood; it is no name any more.
        let [own, married, _] = his();
        for name in [own, married] {
            let again = town.decides(vec![designate("eto", &name, NOON * 2)], vec![name]);
            assert!(matches!(again, Err(Refusal::Act(FoldRefusal::NameErased { .. }))), "{again:?}");
        }
        town.reopen();
        town.carries_out();
        assert_eq!((town.rows_of_his(), town.told().len()), (0, 3));
        let newer = name("土井 三郎", 8);
        let year = town.clock.now() + 300 * DAY;
        town.decides(vec![designate("doi", &newer, year)], vec![newer]).unwrap();
        assert_eq!(town.told().len(), 4, "he comes back under his code, with his name given anew");
        town.publish();
        assert_eq!(findings(&town.root), []);
    }
}

#[test]
fn a_copy_from_before_shows_no_name_and_with_the_keys_of_then_only_until_the_act_is_there() {
    let mut town = Town::new();
    town.is_staffed();
    town.clock.advance(EIGHT_YEARS_LATER);
    town.destroys_the_year();
    town.carries_out();
    let (copy, keys) = (scratch(), std::fs::read(town.data.payload_key()).unwrap());
    town.publish();
    backup(&town.root, &copy).unwrap();
    let erase = vec![Change::EraseNames(EraseNames { operators: vec![code("doi")] })];
    let proposal = town.proposed(erase, vec![]);
    let approval = town.drafted(Log::Register, vec![], Some(Proposal(proposal.clone())));
    let approval = sign_act(&approval, &town.deputy);
    town.ledger.submit(&town.office, approval.clone(), vec![]).unwrap();
    town.carries_out();
    // The copy, under the keys of today.
    town.waits_for_nobody();
    town.put_back(&copy);
    town.reopen();
    assert_eq!((town.rows_of_his(), town.tells_of_him(), town.told().len()), (3, false, 3));
    assert_eq!(findings(&town.root), [const { Fault::NameErasedWithoutAct }; 3]);
    // And under those of then, until it is told what was decided.
    std::fs::write(town.data.payload_key(), &keys).unwrap();
    town.reopen();
    assert!(town.tells_of_him(), "that is what a copy of the keys is worth");
    town.ledger.submit(&town.office, proposal, vec![]).unwrap();
    town.ledger.submit(&town.office, approval, vec![]).unwrap();
    town.carries_out();
    assert_eq!((town.rows_of_his(), town.tells_of_him()), (0, false));
    town.publish();
    assert_eq!(findings(&town.root), []);
    // The keys of then come back alone, under a book that has the act.
    std::fs::write(town.data.payload_key(), &keys).unwrap();
    assert!(matches!(findings(&town.root)[..], [Fault::NameRemains { .. }, ..]));
    town.reopen();
    assert_eq!(findings(&town.root), [], "gone at the start, before anybody can ask");
}

#[test]
fn a_row_that_was_left_is_reported_and_goes_with_the_next_start() {
    let (mut town, store) = faulty_town_at(None);
    town.is_staffed();
    town.clock.advance(EIGHT_YEARS_LATER);
    town.destroys_the_year();
    town.carries_out();
    town.erases().unwrap();
    // The keys go; the rows cannot.
    store.order(Next::Fails);
    let office = town.ledger.office(&town.office).unwrap();
    assert!(town.ledger.destroy_some(&office).is_err());
    drop(office);
    assert_eq!((town.rows_of_his(), town.tells_of_him()), (3, false));
    town.publish();
    let left = findings(&town.root);
    assert!(left.len() == 3 && left.iter().all(|fault| matches!(fault, Fault::NameRemains { .. })), "{left:?}");
    town.reopen();
    assert_eq!((town.rows_of_his(), findings(&town.root)), (0, vec![]));
}

#[test]
fn every_write_of_an_erasure_may_fail_or_fail_and_land() {
    let place =
        || std::env::var_os("SEKISHO_STORE").is_some_and(|store| store == "postgres").then(crate::postgres::database);
    for (next, restarts) in
        [(Next::Fails, false), (Next::FailsButLands, false), (Next::Fails, true), (Next::FailsButLands, true)]
    {
        let (mut town, _) = faulty_town_at(place());
        town.is_staffed();
        town.clock.advance(EIGHT_YEARS_LATER);
        town.destroys_the_year();
        town.carries_out();
        town.erases().unwrap();
        let store = Arc::new(FaultyStore::over(opened(&town.data)));
        store.order(next);
        // Before anybody can ask: so a start may meet it.
        let started = || Ledger::open_with(&town.data, town.clock.clone(), Arc::clone(&store) as Arc<dyn Store>, None);
        if restarts {
            assert!(started().is_err() || !store.is_spoiled());
        }
        let ledger = started().or_else(|_| started()).unwrap();
        assert!(!store.is_spoiled());
        town.ledger = ledger;
        town.carries_out();
        assert_eq!((town.rows_of_his(), town.told().len()), (0, 3), "{next:?}");
        town.publish();
        assert_eq!(findings(&town.root), [], "{next:?}");
    }
}

#[test]
fn what_terminals_keep_and_bring_brings_no_erased_name_back() {
    let mut town = Town::new();
    let copy = town.copied();
    town.is_staffed();
    let part = {
        let office = town.ledger.office(&town.office).unwrap();
        town.ledger.register_part(&office, 0, None, None).unwrap()
    };
    // Sealed when the names were there.
    let kept = town.all_keepsakes();
    town.clock.advance(EIGHT_YEARS_LATER);
    town.destroys_the_year();
    town.erases().unwrap();
    town.carries_out();
    town.publish();
    let (later, shown) = (town.all_keepsakes(), town.shown());
    let acts = {
        let office = town.ledger.office(&town.office).unwrap();
        town.ledger.register_part(&office, 0, None, None).unwrap().entries
    };
    assert!(part.names.iter().any(|name| his().contains(name)));
    town.put_back(&copy);
    town.reopen();
    town.shows(&shown);
    let from = town.sizes()[1];
    town.ledger.refill_register(&town.terminal.peer, from, acts[from as usize..].to_vec(), &part.names).unwrap();
    town.ledger.refill_kept(&town.office, &kept).unwrap();
    town.ledger.refill_kept(&town.office, &later).unwrap();
    assert!(town.ledger.wanted(&town.office).unwrap().iter().all(|(log, _)| *log == LogName::Records));
    assert_eq!((town.rows_of_his(), town.told().len()), (0, 3), "who stays is there again, he is not");
}

#[test]
fn a_backup_from_before_is_put_back_with_the_keys_of_today_and_says_what_it_lacks() {
    let town = Town::new();
    town.is_staffed();
    let stick = Stick::new();
    media::add(&town, &stick, "A");
    media::night(&town, 1);
    town.clock.advance(EIGHT_YEARS_LATER);
    town.destroys_the_year();
    town.erases().unwrap();
    town.carries_out();
    let root = scratch();
    let restored = restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap();
    let said: Vec<_> = restored.told.iter().map(|(english, _)| english.as_str()).collect();
    assert_eq!(said.iter().filter(|said| said.contains("the key of a name or text is gone")).count(), 3, "{said:?}");
}
