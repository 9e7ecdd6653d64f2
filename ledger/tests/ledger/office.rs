//! Offices: founding, acts, names, and what a failing disk leaves.

use std::sync::Arc;
use std::time::Duration;

use sekisho_ledger::acts::Name;
use sekisho_ledger::code::{Code as LedgerCode, CodeSecret};
use sekisho_ledger::command;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::refusal::{CodeFault, Refusal};
use sekisho_ledger::store::{LogName, SqliteStore, Store};
use sekisho_register::Act;
use sekisho_register::NameHash;
use sekisho_register::Title;
use sekisho_register::change::{Change, Designate, EpochReason, Log, OpenEpoch, PersonClass, SectionState, SetSection};
use sekisho_wire::id::Code;

use crate::faulty::{FaultyStore, Next};
use crate::town::{
    NOON, TestClock, Town, blank_act, code, empty_ledger, empty_ledger_with, founding_act, opened, person, sign_act,
};

pub(crate) fn faulty_town() -> (Town, Arc<FaultyStore>) {
    faulty_town_at(None)
}

/// The same with its book on a server, where one is named.
pub(crate) fn faulty_town_at(postgres: Option<String>) -> (Town, Arc<FaultyStore>) {
    let mut kept = None;
    let town = Town::founded(empty_ledger_with(postgres, None), |data| {
        let store = Arc::new(FaultyStore::over(opened(data)));
        kept = Some(Arc::clone(&store));
        store
    });
    (town, kept.unwrap())
}

fn epoch(number: u32) -> Vec<Change> {
    vec![Change::OpenEpoch(OpenEpoch { terminal: code("jumin-1"), epoch: number, reason: EpochReason::Other })]
}

#[test]
fn an_older_register_is_folded_for_those_alone_who_may_propose_and_then_kept() {
    let (town, store) = faulty_town();
    let register = town.ledger.office(&town.office).unwrap().register();
    let section = |name: &str| {
        let title = Title::new("戸籍課").unwrap();
        vec![Change::Section(SetSection { section: code(name), title, state: SectionState::Open, effective: 0 })]
    };
    let proposal = || Act {
        office: town.office,
        log: Log::Casebook,
        seen_size: register.size(),
        seen_root: register.root(),
        post: Some(code("managers")),
        ..blank_act(NOON, section("koseki"))
    };
    // The register goes on: what was drafted over it is judged by an older one from now on.
    town.submit(section("zei")).unwrap();
    town.submit(section("ido")).unwrap();
    let before = store.register_reads();
    let mut forged = sign_act(&proposal(), &town.mayor);
    *forged.last_mut().unwrap() ^= 1;
    for _ in 0..3 {
        assert!(town.ledger.submit(&town.office, forged.clone(), vec![]).is_err());
    }
    assert_eq!(store.register_reads(), before, "nothing was folded for a stranger");
    town.ledger.submit(&town.office, sign_act(&proposal(), &town.mayor), vec![]).unwrap();
    let folded = store.register_reads();
    assert!(folded > before);
    town.ledger.submit(&town.office, sign_act(&proposal(), &town.mayor), vec![]).unwrap();
    assert_eq!(store.register_reads(), folded, "the same register judges again");
}

#[test]
fn a_founding_code_works_once_until_it_expires_and_only_for_its_keys() {
    let (root, data) = empty_ledger();
    let clock = Arc::new(TestClock::default());
    let give =
        || LedgerCode::from_line(&command::founding_code(&root, Duration::from_secs(60), &*clock).unwrap()).unwrap();
    let (first, second) = (give(), give());
    let store = Arc::new(SqliteStore::open_existing(&data.database()).unwrap());
    let ledger = Ledger::open_with(&data, clock.clone(), store, None).unwrap();
    let town = Town::new();
    let names = || vec![person("関守 花子"), person("山田 太郎")];
    let secret = |code: &LedgerCode| CodeSecret::from_base64(&code.secret).unwrap();
    let act = founding_act(&first, &town.mayor, &town.deputy);

    let other_keys = ledger.found(secret(&second), act.clone(), names());
    assert!(matches!(other_keys, Err(Refusal::OtherKeys)), "{other_keys:?}");
    let nameless = ledger.found(secret(&first), act.clone(), vec![person("関守 花子")]);
    assert!(matches!(nameless, Err(Refusal::NameWrong)));
    let unknown = ledger.found(CodeSecret::generate(), act.clone(), names());
    assert!(matches!(unknown, Err(Refusal::CodeRefused(CodeFault::Unknown))));
    let (office, size) = ledger.found(secret(&first), act.clone(), names()).unwrap();
    assert_eq!(size, 1);
    assert_eq!(ledger.found(secret(&first), act, names()).unwrap(), (office, 1), "a lost answer is given again");
    let again = ledger.found(secret(&first), founding_act(&first, &town.deputy, &town.mayor), names());
    assert!(matches!(again, Err(Refusal::CodeRefused(CodeFault::Used))));
    clock.advance(61_000);
    let late = ledger.found(secret(&second), founding_act(&second, &town.mayor, &town.deputy), names());
    assert!(matches!(late, Err(Refusal::CodeRefused(CodeFault::Expired))));
}

#[test]
fn names_are_kept_beside_the_act_and_only_those_it_hashes() {
    let town = Town::new();
    let name = person("関 一郎");
    let act = town.act(vec![Change::Designate(Box::new(designation(code("ichiro"), &name)))]);
    let submit = |names| town.ledger.submit(&town.office, act.clone(), names);
    assert!(matches!(submit(vec![]), Err(Refusal::NameWrong)));
    assert!(matches!(submit(vec![person("関 二郎")]), Err(Refusal::NameWrong)));
    assert!(matches!(submit(vec![name.clone(), person("関 二郎")]), Err(Refusal::NameWrong)));
    submit(vec![name]).unwrap();
    let office = town.ledger.office(&town.office).unwrap();
    let part = town.ledger.register_part(&office, 2, None, None).unwrap();
    assert_eq!(part.names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>(), ["関 一郎"]);
    let bytes = std::fs::read(town.data.database()).unwrap();
    let bare = "関 一郎".as_bytes();
    assert!(!bytes.windows(bare.len()).any(|window| window == bare), "names are sealed at rest");
}

#[test]
fn a_name_is_short_and_holds_nothing_unseen() {
    let town = Town::new();
    let submit = |text: &str| {
        let name = person(text);
        let operator = code(&format!("o{}", text.len()));
        let act = town.act(vec![Change::Designate(Box::new(designation(operator, &name)))]);
        town.ledger.submit(&town.office, act, vec![name]).map(drop)
    };
    for text in ["", &"関".repeat(67), "関\n一郎", "関\u{202e}一郎", "関\u{200b}一郎", "関\u{ad}一郎", "関\u{2800}"]
    {
        assert!(matches!(submit(text), Err(Refusal::NameWrong)), "{text:?}");
    }
    // A variant of a character, as family registers have them.
    submit("辻\u{e0100} 一郎").unwrap();
    submit(&"関".repeat(66)).unwrap();
}

#[test]
fn names_take_their_room_in_a_page_of_the_register() {
    let town = Town::new();
    let names: Vec<Name> = (0..200).map(|number| person(&format!("{number:03}{}", "関".repeat(65)))).collect();
    for part in 0..24 {
        let designate = |(number, name)| {
            let operator = code(&format!("p-{part}-{number}"));
            Change::Designate(Box::new(designation(operator, name)))
        };
        let act = town.act(names.iter().enumerate().map(designate).collect());
        town.ledger.submit(&town.office, act, names.clone()).unwrap();
    }
    let office = town.ledger.office(&town.office).unwrap();
    let (mut next, mut pages) = (0, 0);
    while next < 26 {
        let part = town.ledger.register_part(&office, next, None, None).unwrap();
        let entries: usize = part.entries.iter().map(Vec::len).sum();
        let texts: usize = part.names.iter().map(|name| name.text.len()).sum();
        assert!(entries + texts <= 1 << 20, "{entries} and {texts} bytes in one page");
        (next, pages) = (next + part.entries.len() as u64, pages + 1);
    }
    assert!(pages > 1);
}

fn designation(operator: Code, name: &Name) -> Designate {
    Designate {
        operator,
        name: NameHash::of(&name.salt, &name.text),
        class: PersonClass::Operator,
        section: code("jumin"),
        from: 0,
        to: u64::MAX >> 1,
        terminals: vec![code("jumin-1")],
        sections: Vec::new(),
    }
}

#[test]
fn a_page_of_the_register_ends_at_a_mebibyte_and_the_next_goes_on() {
    let town = Town::new();
    let section = |number: u64, part: u64| {
        let (section, title) = (code(&format!("s-{number}-{part}")), Title::new(&"課".repeat(60)).unwrap());
        Change::Section(SetSection { section, title, state: SectionState::Open, effective: 0 })
    };
    for number in 0..30 {
        town.submit((0..250).map(|part| section(number, part)).collect()).unwrap();
    }
    let office = town.ledger.office(&town.office).unwrap();
    let (mut all, mut pages) = (0, 0);
    loop {
        let part = town.ledger.register_part(&office, all, None, None).unwrap();
        if part.entries.is_empty() {
            break;
        }
        assert!(part.entries.iter().map(Vec::len).sum::<usize>() <= 1 << 20);
        (all, pages) = (all + part.entries.len() as u64, pages + 1);
    }
    assert_eq!((all, pages), (32, 2));
}

#[test]
fn a_batch_whose_commit_failed_can_be_sent_again() {
    let (mut town, store) = faulty_town();
    town.send(3);
    for (next, repeated) in [(Next::Fails, 0), (Next::FailsButLands, 5)] {
        let (batch, after) = town.terminal.batch(5);
        store.order(next);
        assert!(matches!(town.deliver(&batch), Err(Refusal::Unavailable { .. })), "{next:?}");
        let receipt = town.deliver(&batch).unwrap();
        assert_eq!((receipt.repeated, receipt.stored), (repeated, 5 - repeated), "{next:?}");
        town.terminal = after;
    }
    town.send(1);
    assert_eq!(town.records(), 14);
    town.publish();
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}

#[test]
fn an_act_whose_commit_failed_leaves_the_register_as_the_store_has_it() {
    let (mut town, store) = faulty_town();
    let act = town.act(epoch(1));
    store.order(Next::Fails);
    assert!(matches!(town.ledger.submit(&town.office, act.clone(), vec![]), Err(Refusal::Unavailable { .. })));
    assert_eq!(town.ledger.submit(&town.office, act.clone(), vec![]).unwrap().0.index, 2);

    let act = town.act(epoch(2));
    store.order(Next::FailsButLands);
    assert!(matches!(town.ledger.submit(&town.office, act.clone(), vec![]), Err(Refusal::Unavailable { .. })));
    assert_eq!(
        town.ledger.submit(&town.office, act, vec![]).unwrap().0.index,
        3,
        "the same act is found where it landed"
    );
    let register = |town: &Town| town.ledger.office(&town.office).unwrap().register();
    assert_eq!(register(&town).terminal(&code("jumin-1")).unwrap().epoch(), 2, "what landed is in force");
    town.submit(epoch(3)).unwrap();
    town.reopen();
    assert_eq!(register(&town).size(), 5);
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}

#[test]
fn a_founding_or_an_enrolment_whose_commit_failed_but_landed_is_found_again() {
    let (root, data) = empty_ledger();
    let clock = Arc::new(TestClock::default());
    let given = command::founding_code(&root, Duration::from_secs(60), &*clock).unwrap();
    let founding = LedgerCode::from_line(&given).unwrap();
    let store = Arc::new(FaultyStore::new(SqliteStore::open_existing(&data.database()).unwrap()));
    let ledger = Ledger::open_with(&data, clock, store.clone(), None).unwrap();
    let town = Town::new();
    let act = founding_act(&founding, &town.mayor, &town.deputy);
    let found = || {
        let secret = CodeSecret::from_base64(&founding.secret).unwrap();
        ledger.found(secret, act.clone(), vec![person("関守 花子"), person("山田 太郎")])
    };
    store.order(Next::FailsButLands);
    assert!(matches!(found(), Err(Refusal::Unavailable { .. })));
    let (office, _) = found().unwrap();
    // The first record of the month makes a payload key in the same commit.
    store.order(Next::FailsButLands);
    assert!(matches!(ledger.invite(&office, &code("jumin-1"), &code("10001")), Err(Refusal::Unavailable { .. })));
    ledger.invite(&office, &code("jumin-1"), &code("10001")).unwrap();
    assert_eq!(store.keys(&office).unwrap().len(), 1);
    for log in LogName::ALL {
        ledger.publish(&ledger.office(&office).unwrap(), log).unwrap();
    }
    assert_eq!(command::fsck(&root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings, []);
}

#[test]
fn everything_is_there_after_a_restart() {
    let mut town = Town::new();
    town.send(300);
    town.reopen();
    town.send(7);
    town.reopen();
    town.publish();
    assert_eq!(town.records(), 307);
    let stored = town.stored();
    assert_eq!(stored.frontier(&town.office, LogName::Register).unwrap().size(), 2);
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}

#[test]
fn one_process_serves_a_directory() {
    let town = Town::new();
    let _first = town.data.lock().unwrap();
    let second = Ledger::open(&town.data, town.clock.clone());
    assert!(second.is_err_and(|error| error.to_string().contains("another process")));
}
