//! Names beside a proposal: whoever may read the casebook reads whom she is to approve.

use sekisho_register::change::{Change, Designate, Log, PersonClass};
use sekisho_register::{Act, NameHash};
use sekisho_wire::id::Hash;
use sekisho_wire::reason::Query;
use sekisho_wire::record::{Body, Record};
use serde_json::json;

use crate::served::{Served, bytes};
use crate::town::{NOON, blank_act, code, person, sign_act};

#[test]
fn an_approver_is_told_the_names_beside_a_proposal_and_that_is_written_down() {
    let served = Served::new();
    let town = &served.town;
    let name = person("新田 次郎");
    let designate = Designate {
        operator: code("10040"),
        name: NameHash::of(&name.salt, &name.text),
        class: PersonClass::Operator,
        section: code("jumin"),
        from: NOON,
        to: NOON * 2,
        terminals: Vec::new(),
        sections: Vec::new(),
    };
    let register = town.ledger.office(&town.office).unwrap().register();
    let proposal = Act {
        office: town.office,
        log: Log::Casebook,
        seen_size: register.size(),
        seen_root: register.root(),
        post: Some(code("managers")),
        ..blank_act(NOON, vec![Change::Designate(Box::new(designate))])
    };
    let proposal = sign_act(&proposal, &town.mayor);
    let id = Hash(sekisho_ledger::people::id_of(&proposal).unwrap().0);
    town.ledger.submit(&town.office, proposal, vec![name]).unwrap();

    let before = town.records();
    let (anybody, path) = (served.anybody(), served.at(&format!("acts/{id}/names")));
    assert_eq!(anybody.get(&path).problem(), (401, "token_needed".into()));
    assert_eq!(town.records(), before);
    let approver = served.prove(&town.deputy).ok()["token"].as_str().unwrap().to_owned();
    let told = anybody.get_as(&path, &approver).ok();
    assert_eq!(told["names"].as_array().unwrap().len(), 1);
    assert_eq!((&told["names"][0]["text"], bytes(&told["names"][0]["salt"])), (&json!("新田 次郎"), vec![9; 16]));
    let read = Record::decode(&town.ledger.record_bytes(&town.office, before).unwrap()).unwrap().body;
    let Body::Read(read) = read else { panic!("{read:?}") };
    assert_eq!((read.operator, read.query, read.count), (code("deputy"), Query::Entries, 1));

    let unknown = served.at(&format!("acts/{}/names", Hash([7; 32])));
    assert_eq!(anybody.get_as(&unknown, &approver).problem(), (404, "not_found".into()));
    // An act without names: nothing is shown of a person.
    let (read, act) = (town.records(), town.act(vec![]));
    let act = Hash(sekisho_ledger::people::id_of(&act).unwrap().0);
    assert_eq!(
        anybody.get_as(&served.at(&format!("acts/{act}/names")), &approver).problem(),
        (404, "not_found".into())
    );
    assert_eq!(town.records(), read);
}
