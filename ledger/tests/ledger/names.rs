//! Names beside a proposal: whoever may read the casebook reads whom she is to approve.

use sekisho_register::change::{
    Change, GivePermit, HoldPost, Log, SectionState, SetPost, SetRoute, SetSection, SetTerminal, TerminalKind,
};
use sekisho_register::{Act, Class, Ed25519Key, Role, Title};
use sekisho_wire::id::Hash;
use sekisho_wire::reason::Query;
use sekisho_wire::record::{Body, Record};
use serde_json::json;

use crate::console::entered;
use crate::served::{Served, bytes};
use crate::town::people::designate;
use crate::town::{NOON, TestCard, blank_act, code, person, sign_act};

fn designated(operator: &str, section: &str, name: &str) -> Change {
    let name = person(name);
    Change::Designate(Box::new(designate(operator, section, &name)))
}

/// A head of the residents' section, and a tax section with a terminal.
fn with_a_head(served: &Served) -> TestCard {
    let head = TestCard::new(12, "kacho");
    let title = |text: &str| Title::new(text).unwrap();
    let section =
        SetSection { section: code("zeimu"), title: title("税務課"), state: SectionState::Open, effective: 0 };
    let terminal = SetTerminal {
        terminal: code("zei-1"),
        kind: TerminalKind::Business,
        section: code("zeimu"),
        responsible: None,
        functions: Vec::new(),
        readers: Vec::new(),
        key: Ed25519Key(ed25519_dalek::SigningKey::from_bytes(&[55; 32]).verifying_key().to_bytes()),
    };
    let (roles, section_of) = (vec![Role::DataHandlingManager], Some(code("jumin")));
    let post = SetPost { post: code("kacho"), title: title("住民課長"), roles, section: section_of, keeper: None };
    let hold = HoldPost { post: code("kacho"), operator: code("kacho"), from: NOON, to: None, deputy: false };
    let route = SetRoute {
        class: Class::Hours,
        proposers: vec![Role::SystemManager, Role::DataHandlingManager],
        stages: Vec::new(),
        distinct: false,
    };
    let changes = vec![
        Change::Section(section),
        Change::Terminal(Box::new(terminal)),
        designated("kacho", "jumin", "住 長"),
        Change::Post(post),
        Change::HoldPost(hold),
        Change::IssueCard(Box::new(head.issue())),
        Change::Route(route),
    ];
    served.town.decide_with_names(changes, vec![person("住 長")]).unwrap();
    head
}

#[test]
fn s4_5_6_the_head_of_a_section_reads_beside_an_act_of_many_the_names_of_his_own_people() {
    let served = Served::new();
    let (town, head) = (&served.town, with_a_head(&served));
    let token = served.prove(&head).ok()["token"].as_str().unwrap().to_owned();
    let office = |token: &str, path: &str, of: &str| {
        let answer = served.anybody().get_as(&served.at(path), token).ok();
        let names = answer[of].as_array().unwrap().iter();
        names.map(|name| name["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let id_of = |entry: &[u8]| Hash(sekisho_ledger::people::id_of(entry).unwrap().0);
    // The yearly renewal: one act for all sections.
    let both = vec![designated("10041", "jumin", "住 民"), designated("10051", "zeimu", "税 務")];
    let proposal = town.proposes(both);
    town.ledger.submit(&town.office, proposal.clone(), vec![person("住 民"), person("税 務")]).unwrap();
    let beside = format!("acts/{}/names", id_of(&proposal));
    assert_eq!(office(&token, &beside, "names"), ["住 民"], "while it waits for others");
    town.approves(&proposal, &town.deputy).unwrap();
    assert_eq!(office(&token, &beside, "names"), ["住 民"]);
    let newest = town.ledger.office(&town.office).unwrap().register().size() - 1;
    let mut all = office(&served.token(), &beside, "names");
    all.sort();
    assert_eq!(all, ["住 民", "税 務"], "who acts for the office reads all of them");
    for (path, of) in [("register?from=0".to_owned(), "names"), ("texts?from=0".to_owned(), "texts")] {
        let told = office(&token, &path, of);
        assert!(told.contains(&"住 民".to_owned()) && !told.contains(&"税 務".to_owned()), "{path}: {told:?}");
    }
    let other = town.proposes(vec![designated("10052", "zeimu", "税 二")]);
    town.ledger.submit(&town.office, other.clone(), vec![person("税 二")]).unwrap();
    let refused = served.anybody().get_as(&served.at(&format!("acts/{}/names", id_of(&other))), &token);
    assert_eq!(refused.problem(), (403, "other_section".into()));

    // The console shows what the line gives, of the act and of the proposal; and it offers no permit of another section to end.
    let permit = |operator: &str, terminal: &str| {
        Change::Permit(Box::new(GivePermit {
            operators: vec![code(operator)],
            terminals: vec![code(terminal)],
            functions: Vec::new(),
            from: NOON,
            to: NOON * 2,
            reason: code("zangyo"),
        }))
    };
    for change in [permit("10041", "jumin-1"), permit("10051", "zei-1")] {
        town.ledger.submit(&town.office, town.act(vec![change]), Vec::new()).unwrap();
    }
    let (mut his, _) = entered(&served, &head);
    let (mut offices, _) = entered(&served, &town.mayor);
    for path in [format!("/console/acts/{newest}"), format!("/console/proposals/{}", id_of(&proposal))] {
        let (page, whole) = (his.page(&path), offices.page(&path));
        assert!(page.contains("住 民") && !page.contains("税 務"), "{page}");
        assert!(whole.contains("住 民") && whole.contains("税 務"), "{whole}");
    }
    let (page, whole) = (his.page("/console/changes/end_permit"), offices.page("/console/changes/end_permit"));
    assert!(page.contains("\"2026-1\"") && !page.contains("\"2026-2\""), "{page}");
    assert!(whole.contains("\"2026-1\"") && whole.contains("\"2026-2\""), "{whole}");
}

#[test]
fn an_approver_is_told_the_names_beside_a_proposal_and_that_is_written_down() {
    let served = Served::new();
    let town = &served.town;
    let name = person("新田 次郎");
    let designation = designate("10040", "jumin", &name);
    let register = town.ledger.office(&town.office).unwrap().register();
    let proposal = Act {
        office: town.office,
        log: Log::Casebook,
        seen_size: register.size(),
        seen_root: register.root(),
        post: Some(code("managers")),
        ..blank_act(NOON, vec![Change::Designate(Box::new(designation))])
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
