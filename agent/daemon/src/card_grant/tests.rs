use sekisho_ipc::{AgentError, AwaitAnswer, PinFrame, PromptRequest};
use sekisho_register::change::{CardKind, Change, Designate, PersonClass, SectionState, SetSection};
use sekisho_register::{NameHash, Title};
use sekisho_tlog::{Checkpoint, MemoryTree, SigningKey, inclusion_proof};
use sekisho_wire::id::{CardGuid, OfficeId, Salt};
use sekisho_wire::reason::{FalseSlot, Reason};
use sekisho_wire::record::{Body, CardFalse};

use super::*;
use crate::testing::*;

/// The grant of the act at `index`, as the administrator's tool writes it.
fn grant(office: &Office, index: usize, key: &SigningKey) -> Vec<u8> {
    let tree: MemoryTree = office.entries.iter().map(|entry| leaf_hash(entry)).collect();
    let proof = inclusion_proof(&tree, index as u64, tree.size()).unwrap();
    let (origin, size, root) = (key.name().to_owned(), tree.size(), tree.root());
    let checkpoint = Checkpoint { origin, size, root, extensions: Vec::new() }.sign(key);
    let proof = proof.iter().map(|hash| Hash(hash.0)).collect();
    let mut bytes = Vec::new();
    Grant { act: &office.entries[index], index: index as u64, proof, checkpoint: &checkpoint }
        .write(&mut bytes)
        .unwrap();
    bytes
}

fn register_key(office: &Office) -> SigningKey {
    log_key("register", &office.register.office().unwrap(), REGISTER_SEED)
}

fn section(name: &str) -> Change {
    let title = Title::new("企画課").unwrap();
    Change::Section(SetSection { section: code(name), title, state: SectionState::Open, effective: tuesday_ten() })
}

fn issued(operator: &str) -> Change {
    Change::IssueCard(Box::new(issue(NEWER, operator, CardKind::Business)))
}

/// A terminal that has heard nothing since, and the card that was issued then.
fn cut_off(changes: Vec<Change>) -> Bench {
    let mut bench = Bench::new();
    bench.office.act(vec![section("kikaku")]);
    bench.office.act(changes);
    let last = bench.office.entries.len() - 1;
    bench.worker.carries(Some(grant(&bench.office, last, &register_key(&bench.office))));
    bench
}

fn said(outcome: Result<AwaitAnswer, AgentError>) -> String {
    match outcome {
        Ok(answer) => answer.verdict.code,
        Err(AgentError::CardProblem { verdict, .. }) => verdict.code,
        Err(error) => error.name().to_owned(),
    }
}

fn log_in(bench: &Bench) -> String {
    bench.insert(NEWER);
    said(bench.prompt(&PromptRequest::login(), RIGHT_PIN))
}

fn false_grants(bench: &Bench) -> usize {
    let is_one = |body: &Body| matches!(body, Body::CardFalse(CardFalse { slot: FalseSlot::Grant, .. }));
    bench.records().iter().filter(|record| is_one(&record.body)).count()
}

/// Whether each decision so far rests on a grant.
fn by_grant(bench: &Bench) -> Vec<bool> {
    bench.records().iter().filter_map(|record| Some(record.body.input()?.grant.is_some())).collect()
}

fn shown_by_grant(bench: &Bench) -> bool {
    bench.agent.state(&panel()).0.card.unwrap().by_grant
}

#[test]
fn a_card_newer_than_the_register_works_by_its_grant_until_the_register_has_it() {
    let mut bench = cut_off(vec![issued("chiba")]);
    assert_eq!(log_in(&bench), "granted");
    assert!(shown_by_grant(&bench));
    let functions = bench.agent.state(&panel()).0.functions;
    assert!(functions.iter().any(|function| function.verdict.granted), "{functions:?}");
    for function in ["juminhyo", "koseki"] {
        assert!(bench.agent.authorize(&panel(), &ask(function)).unwrap().verdict.granted, "{function}");
    }
    assert_eq!(said(bench.prompt(&PromptRequest::authorize(ask("inkan")), RIGHT_PIN)), "granted");
    assert_eq!(said(bench.prompt(&PromptRequest::change_pin(), RIGHT_PIN)), "granted");
    assert_eq!(by_grant(&bench), [true; 4]);
    bench.assert_replays();

    // The register comes, and has the say.
    bench.advance();
    assert!(!shown_by_grant(&bench));
    assert!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.granted);
    assert_eq!(by_grant(&bench), [true, true, true, true, false]);
    bench.office.revoke(NEWER);
    bench.advance();
    assert_eq!(bench.agent.lock().machine.last_reason(), Some(Reason::RegisterChanged));
    assert_eq!(said(bench.prompt(&PromptRequest::login(), RIGHT_PIN)), "card_revoked");
    bench.assert_replays();
    assert_eq!(bench.worker.grants_read(), 1);
}

#[test]
fn a_card_that_the_register_knows_is_not_asked_for_its_grant() {
    let bench = cut_off(vec![issued("chiba")]);
    bench.log_in();
    assert_eq!(bench.worker.grants_read(), 0);
    assert!(!shown_by_grant(&bench));
}

fn asks_elsewhere(bench: &Bench) -> std::thread::JoinHandle<String> {
    let agent = Arc::clone(&bench.agent);
    std::thread::spawn(move || {
        let opened = agent.prompt(&panel(), &PromptRequest::login());
        said(opened.and_then(|(answer, client)| {
            PinFrame::new(RIGHT_PIN).unwrap().send(&client).unwrap();
            agent.await_prompt(&panel(), &answer.prompt)
        }))
    })
}

#[test]
fn whoever_asks_before_the_grant_is_read_waits_for_it() {
    let bench = cut_off(vec![issued("chiba")]);
    bench.worker.hold();
    bench.insert(NEWER);
    assert_eq!(bench.agent.state(&panel()).0.advice.code, "pin_needed");
    let asking = asks_elsewhere(&bench);
    bench.worker.go_on();
    assert_eq!(asking.join().unwrap(), "granted");
    // Nor does anybody wait for a card that is gone.
    bench.worker.pull();
    until(|| bench.agent.lock().machine.card().is_none());
    bench.worker.hold();
    bench.insert(NEWER);
    let asking = asks_elsewhere(&bench);
    bench.worker.die();
    assert_eq!(asking.join().unwrap(), "no_card");
    bench.worker.go_on();
}

#[test]
fn a_grant_that_does_not_hold_is_recorded_and_no_pin_is_asked_for() {
    let office = cut_off(vec![issued("chiba")]).office;
    let whole = grant(&office, 3, &register_key(&office));
    let altered = |part: &[u8], change: fn(&mut u8)| {
        let mut bytes = whole.clone();
        let at = bytes.windows(part.len()).position(|window| window == part).unwrap();
        change(&mut bytes[at + part.len() - 1]);
        bytes
    };
    let other_key = log_key("register", &office.register.office().unwrap(), REGISTER_SEED + 1);
    let place = Grant::decode(&whole).unwrap();
    let forged = [
        ("another key", grant(&office, 3, &other_key)),
        ("another act", altered(&office.entries[3], |byte| *byte ^= 1)),
        ("another proof", altered(&place.proof[0].0, |byte| *byte ^= 1)),
        ("another size", altered(b"/register\n4", |byte| *byte = b'5')),
    ];
    for (what, forged) in forged {
        let bench = cut_off(vec![issued("chiba")]);
        bench.worker.carries(Some(forged));
        assert_eq!(log_in(&bench), "grant_false", "{what}");
        assert_eq!(said(bench.prompt(&PromptRequest::change_pin(), RIGHT_PIN)), "grant_false", "{what}");
        assert_eq!(bench.agent.state(&panel()).0.advice.code, "grant_false", "{what}");
        assert_eq!((false_grants(&bench), bench.worker.verified()), (1, 0), "{what}");
        // What decide says of it is that nobody knows the card.
        assert_eq!(by_grant(&bench), [false, false], "{what}");
        bench.assert_replays();
    }
}

#[test]
fn what_is_no_grant_of_this_log_leaves_the_card_unknown() {
    let office = cut_off(vec![issued("chiba")]).office;
    let whole = grant(&office, 3, &register_key(&office));
    let elsewhere = log_key("register", &OfficeId([9; 16]), REGISTER_SEED);
    let none = [None, Some(b"no grant".to_vec()), Some(whole[..100].to_vec()), Some(grant(&office, 3, &elsewhere))];
    for carried in none {
        let bench = cut_off(vec![issued("chiba")]);
        bench.worker.carries(carried);
        assert_eq!(log_in(&bench), "card_unknown");
        assert_eq!((false_grants(&bench), bench.worker.verified()), (0, 0));
    }
    // A grant of another card, and one whose act the register has long had.
    let bench = cut_off(vec![issued("chiba")]);
    bench.insert(99);
    assert_eq!(said(bench.prompt(&PromptRequest::login(), RIGHT_PIN)), "card_unknown");
    bench.worker.carries(Some(grant(&bench.office, 1, &register_key(&bench.office))));
    assert_eq!(log_in(&bench), "card_unknown");
    assert_eq!(by_grant(&bench), [true, false]);
    bench.assert_replays();
}

#[test]
fn what_the_register_does_not_take_or_is_too_old_for_is_refused_with_words_of_its_own() {
    // Designated in an act that this terminal has not got.
    let mut bench = Bench::new();
    bench.office.act(vec![Change::Designate(Box::new(Designate {
        operator: code("doi"),
        name: NameHash::of(&Salt([8; 16]), "doi"),
        class: PersonClass::Operator,
        section: code("jumin"),
        from: tuesday_ten(),
        to: tuesday_ten() + 1,
        terminals: vec![],
        sections: vec![code("jumin")],
    }))]);
    bench.office.act(vec![issued("doi")]);
    bench.worker.carries(Some(grant(&bench.office, 3, &register_key(&bench.office))));
    assert_eq!(log_in(&bench), "grant_refused");
    assert!(!shown_by_grant(&bench));
    bench.assert_replays();

    // The note holds 72 hours, and policy says the same.
    let bench = cut_off(vec![issued("chiba")]);
    assert_eq!(log_in(&bench), "granted");
    bench.clock.forward(72 * 3_600_000);
    bench.agent.tick();
    // The session is too long by then as well; whoever comes anew hears of the register.
    assert!(bench.agent.lock().machine.session().is_none());
    assert_eq!(said(bench.prompt(&PromptRequest::login(), RIGHT_PIN)), "grant_stale");
    bench.assert_replays();
}

#[test]
fn a_session_ends_when_the_register_that_comes_has_not_taken_the_act() {
    let bench = cut_off(vec![issued("chiba")]);
    assert_eq!(log_in(&bench), "granted");
    // One act further: the grant still lies beyond.
    let mut core = bench.agent.lock();
    let mut register = Register::clone(&core.register);
    let _ = register.fold(&bench.office.entries[2]);
    core.take_register(Arc::new(register.clone()));
    bench.agent.recheck(&mut core);
    assert!(core.is_by_grant() && core.machine.session().is_some());
    // The ledger's log holds there what the fold refuses.
    let _ = register.fold(b"refused");
    core.take_register(Arc::new(register));
    bench.agent.recheck(&mut core);
    assert_eq!((core.machine.last_reason(), core.named_grant()), (Some(Reason::RegisterChanged), None));
    assert!(core.machine.card().is_some_and(|card| card.card == CardGuid([NEWER; 16])));
}
