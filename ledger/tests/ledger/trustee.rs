//! A trustee (受託町): an administrator of another office acts in this one's register on request, and reads nothing but that.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::refusal::Refusal;
use sekisho_register::change::{
    Admit, CardState, Change, EndTrust, Entrust, HoldPost, Log, OpenEpoch, SetCardState, SetPartner, SetPost,
    StateReason,
};
use sekisho_register::{Act, Class, Role, Title};
use sekisho_wire::id::CaseReference;
use serde_json::{Value, json};

use crate::served::Served;
use crate::town::people::designate;
use crate::town::{NOON, Town, blank_act, code, person, sign_act};

/// Lets the neighbour's mayor in, with the key that signs, and entrusts his office with operators and cards.
fn entrust(town: &Town, neighbour: &Town) {
    let theirs = neighbour.ledger.office(&neighbour.office).unwrap().register();
    let key = *theirs.log_key(Log::Register).unwrap();
    let partner = code("tonari");
    let said = SetPartner {
        partner: partner.clone(),
        office: neighbour.office,
        title: Title::new("隣町").unwrap(),
        ledger: Title::new("ledger.test").unwrap(),
        key,
    };
    let agreement = CaseReference::new("K-1").unwrap();
    let classes = vec![Class::Operators, Class::Cards];
    let trust = Entrust { partner: partner.clone(), agreement, classes, from: NOON, to: NOON * 2 };
    let (card, name) = (neighbour.mayor.issue(), person("北 一郎"));
    let admit = Admit {
        designation: designate("kita", "jumin", &name),
        partner,
        home: code("mayor"),
        card: card.card,
        authentication: card.authentication,
        signature: card.signature,
        presence: card.presence,
    };
    let post = SetPost {
        post: code("jutaku"),
        title: Title::new("受託管理者").unwrap(),
        roles: vec![Role::TrusteeAdmin],
        section: None,
        keeper: None,
    };
    let holds = HoldPost { post: code("jutaku"), operator: code("kita"), from: NOON, to: None, deputy: false };
    let changes = vec![
        Change::Partner(Box::new(said)),
        Change::Entrust(trust),
        Change::Admit(Box::new(admit)),
        Change::Post(post),
        Change::HoldPost(holds),
    ];
    // The name of a person who is admitted travels beside the act like any other.
    let nameless = town.decide_together(changes.clone());
    assert!(matches!(nameless, Err(Refusal::NameWrong)), "{nameless:?}");
    town.decide_with_names(changes, vec![name]).unwrap();
}

/// An act of the trustee, with or without what it answers.
fn by_trustee(town: &Town, neighbour: &Town, changes: Vec<Change>, request: Option<&str>) -> Vec<u8> {
    let register = town.ledger.office(&town.office).unwrap().register();
    let act = Act {
        office: town.office,
        seen_size: register.size(),
        seen_root: register.root(),
        post: Some(code("jutaku")),
        request: request.map(|request| CaseReference::new(request).unwrap()),
        agreement: Some(CaseReference::new("K-1").unwrap()),
        ..blank_act(town.clock.now(), changes)
    };
    sign_act(&act, &neighbour.mayor)
}

fn a_trustee_acts_on_request_and_sees_the_register_alone(mut town: Town) {
    let neighbour = town.neighbour();
    entrust(&town, &neighbour);
    town.send(3);
    let served = Served::of(town);
    let town = &served.town;
    let token = served.prove(&neighbour.mayor).ok();
    assert_eq!((&token["operator"], &token["roles"]), (&json!("kita"), &json!(["trustee_admin"])));
    let token = token["token"].as_str().unwrap();

    let anybody = served.anybody();
    let bring = |act: Vec<u8>, names: Value| {
        anybody.post(&served.at("acts"), &json!({"act": STANDARD.encode(act), "names": names}))
    };
    let name = person("新田 次郎");
    let names = || json!([{"salt": STANDARD.encode(name.salt.0), "text": name.text.as_str()}]);
    let designation = || vec![Change::Designate(Box::new(designate("nitta", "jumin", &name)))];
    let refused = bring(by_trustee(town, &neighbour, designation(), None), names());
    assert_eq!((refused.status, &refused.json()["reason"]), (409, &json!("request_missing")));
    bring(by_trustee(town, &neighbour, designation(), Some("IRAI-8")), names()).ok();
    assert!(town.ledger.office(&town.office).unwrap().register().operator(&code("nitta")).is_some());
    let terminal = Change::Terminal(Box::new(town.terminal.registration()));
    let refused = bring(by_trustee(town, &neighbour, vec![terminal], Some("IRAI-8")), json!([]));
    assert_eq!((refused.status, &refused.json()["reason"]), (409, &json!("not_entrusted")));

    let asked = |path: &str| anybody.get_as(&served.at(path), token);
    let entries = asked("register?from=0").ok();
    assert!(entries["entries"].as_array().unwrap().len() > 3);
    for path in ["search", "evidence/0"] {
        assert_eq!(asked(path).problem(), (403, "role_missing".into()), "{path}");
    }
    let casebook = format!("/{}/casebook/tile/entries/000.p/1", town.office);
    assert_eq!(anybody.get_as(&casebook, token).problem(), (403, "role_missing".into()));
    let invited = anybody.post_as(&served.at("invitations"), token, &json!({"terminal": "jumin-2"}));
    assert_eq!(invited.problem(), (403, "role_missing".into()));
    // At home he is what he was, and his token here is none there.
    let home = format!("/v1/{}/register?from=0", neighbour.office);
    assert_eq!(anybody.get_as(&home, token).problem(), (401, "token_needed".into()));

    // One officer takes it back.
    let end = EndTrust { partner: code("tonari"), effective: town.clock.now() };
    town.submit(vec![Change::EndTrust(end)]).unwrap();
    let again = vec![Change::Designate(Box::new(designate("nitta", "jumin", &name)))];
    let refused = bring(by_trustee(town, &neighbour, again, Some("IRAI-9")), names());
    assert_eq!((refused.status, &refused.json()["reason"]), (409, &json!("not_entrusted")));
    // He reads no more either, with the token that he has.
    assert_eq!(asked("register?from=0").problem(), (403, "role_missing".into()));
    let state = SetCardState {
        card: neighbour.mayor.guid,
        state: CardState::Suspended,
        reason: StateReason::Other,
        effective: town.clock.now(),
        disposal: None,
    };
    town.submit(vec![Change::CardState(state)]).unwrap();
    assert_eq!(asked("register?from=0").problem(), (401, "token_needed".into()));

    // Whoever opens the book again comes to the same.
    let mut town = served.into_town();
    let before = town.ledger.office(&town.office).unwrap().register();
    drop(neighbour);
    town.waits_for_nobody();
    town.reopen();
    let after = town.ledger.office(&town.office).unwrap().register();
    assert_eq!((after.size(), after.root()), (before.size(), before.root()));
    assert!(
        after.operator(&code("kita")).unwrap().home().is_some()
            && after.partner(&code("tonari")).unwrap().trust(NOON).is_none()
    );
    let epoch = OpenEpoch { terminal: code("jumin-1"), epoch: 1, reason: sekisho_register::change::EpochReason::Other };
    town.submit(vec![Change::OpenEpoch(epoch)]).unwrap();
}

#[test]
fn s0_3_a_trustee_acts_on_request_and_sees_the_register_and_nothing_else() {
    a_trustee_acts_on_request_and_sees_the_register_alone(Town::new());
}

#[test]
fn so_it_does_where_the_book_lies_on_a_server() {
    a_trustee_acts_on_request_and_sees_the_register_alone(Town::on_server());
}
