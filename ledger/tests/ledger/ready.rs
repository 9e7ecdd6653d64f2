//! `/readyz`: whether what comes is taken and signed.

use sekisho_register::change::{SectionState, SetSection};
use sekisho_register::{Change, Title};

use crate::faulty::Next;
use crate::office::faulty_town;
use crate::served::{Served, until};
use crate::town::code;

#[test]
fn a_ledger_whose_disk_does_not_come_back_is_not_ready() {
    let (town, store) = faulty_town();
    let mut served = Served::of(town);
    let ready = |served: &Served| served.anybody().get("/readyz");
    store.order(Next::Hangs);
    std::thread::scope(|scope| {
        scope.spawn(|| served.town.ledger.invite(&served.town.office, &code("jumin-2"), &code("10001")));
        until(|| ready(&served).status == 503);
        assert_eq!(ready(&served).body, b"not ready: a commit does not come back\n");
        store.order(Next::Works);
    });
    until(|| ready(&served).status == 200);
    // The database works, and where a checkpoint is written first lies something else (as soon as the one that
    // waited for the commit is through).
    let office = served.town.data.checkpoints().join(served.town.office.to_string());
    let in_the_way = office.join("records.new");
    until(|| std::fs::create_dir(&in_the_way).is_ok());
    served.town.send(1);
    until(|| ready(&served).status == 503);
    assert_eq!(ready(&served).body, b"not ready: what was written gets no checkpoint\n");
    std::fs::remove_dir(&in_the_way).unwrap();
    until(|| ready(&served).status == 200);
    // An act that is there and cannot be signed: nobody is told that what is signed is the newest.
    let is_fresh = || {
        let office = served.town.ledger.office(&served.town.office).unwrap();
        served.town.ledger.register_part(&office, 0, None, None).unwrap().freshness.is_some()
    };
    assert!(is_fresh());
    let in_the_way = office.join("register.new");
    until(|| std::fs::create_dir(&in_the_way).is_ok());
    let section = SetSection {
        section: code("zeimu"),
        title: Title::new("税務課").unwrap(),
        state: SectionState::Open,
        effective: 0,
    };
    served.town.submit(vec![Change::Section(section)]).unwrap_err();
    until(|| !is_fresh());
    std::fs::remove_dir(&in_the_way).unwrap();
    until(is_fresh);
}

#[test]
fn a_ledger_that_cannot_write_is_not_ready() {
    let (town, store) = faulty_town();
    let served = Served::of(town);
    let invite = || served.town.ledger.invite(&served.town.office, &code("jumin-2"), &code("10001"));
    assert_eq!(served.anybody().get("/readyz").status, 200);
    store.order(Next::FailsFromNowOn);
    assert!(invite().is_err());
    // Each question tries to write again; what is written for nobody is no sign of a disk that works.
    for _ in 0..2 {
        let answer = served.anybody().get("/readyz");
        assert_eq!((answer.status, answer.body.as_slice()), (503, b"not ready: the last commit failed\n".as_slice()));
    }
    // Nobody brings anything, and it is seen all the same that the disk is well again.
    store.order(Next::Works);
    until(|| served.anybody().get("/readyz").status == 200);
    invite().unwrap();
    store.order(Next::Panics);
    assert!(invite().is_err());
    until(|| served.anybody().get("/readyz").status == 503);
    let body = served.anybody().get("/readyz").body;
    assert_eq!(body, b"not ready: the writer has ended\n");
}
