//! Proposals wait in the casebook; incidents are numbered there.

use sekisho_register::change::*;
use sekisho_register::forms::Form;
use sekisho_register::*;
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Hash, Numbered, OfficeId};

use crate::fold::{incident, incident_by_a_person};
use crate::office::*;

fn route() -> Change {
    Change::Route(set_route())
}

fn set_route() -> SetRoute {
    SetRoute { class: Class::Cards, proposers: vec![Role::SystemManager], stages: vec![], distinct: false }
}

#[test]
fn a_proposal_is_open_until_it_is_approved_or_expires() {
    let mut office = Office::furnished();
    let entry = office.proposal(vec![route()]);
    let id = SignedAct::decode(&entry).unwrap().id();
    let asked = office.would_file(&entry);
    let filed = office.file(&entry);
    assert_eq!((asked, filed), (Ok(Filed::Proposal { id, index: 0 }), Ok(Filed::Proposal { id, index: 0 })));
    let open = |office: &Office, now| office.casebook.open_proposals(&office.register, now).count();
    assert_eq!(open(&office, office.now), 1);
    assert_eq!(open(&office, office.now + 24 * 60 * 60 * 1000), 0);
    let approval = office.approval(&entry, "vice", 2);
    office.take(&approval).unwrap();
    assert_eq!(open(&office, office.now), 0);
    assert_eq!(office.file(&entry).unwrap_err().code(), "repeated");

    // A holder that starts again asks the same register, whatever has happened since.
    let mut again = Casebook::new();
    let judge = office.register_at(again.judged_by(&entry));
    assert_eq!(again.fold(&judge, &entry), Ok(Filed::Proposal { id, index: 0 }));
    let mut forged = entry.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(Casebook::new().fold(&judge, &forged).unwrap_err().code(), "signature_wrong");
    let (needed, given) = (judge.size(), office.register.size());
    assert_eq!(Casebook::new().fold(&office.register, &entry), Err(FoldRefusal::RegisterSize { needed, given }));
    assert_eq!(again.proposal(&id).unwrap().operator, Some(code("aoki")));
    assert_eq!(office.casebook.proposal(&id).unwrap().operator, Some(code("aoki")));
}

#[test]
fn a_strangers_entry_is_refused_before_an_old_register_is_folded_for_it() {
    let mut office = Office::furnished();
    let mut act = office.draft(vec![route()]);
    act.log = Log::Casebook;
    let entry = sign_card(&act, 1);
    office.act(vec![section("koseki", "戸籍課", SectionState::Open)]).unwrap();
    let look = |entry: &[u8]| {
        let looked = office.casebook.look(&office.register, entry, office.now);
        looked.map(|unopposed| unopposed.judged_by()).map_err(|refusal| refusal.code())
    };
    assert_eq!(look(&entry), Ok(act.seen_size), "older than the one in force");
    let mut forged = entry;
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(look(&forged), Err("signature_wrong"));
    assert_eq!(look(&sign_card(&Act { office: OfficeId([9; 16]), ..act.clone() }, 1)), Err("other_office"));
    assert_eq!(look(&sign_card(&Act { seen_root: Hash([7; 32]), ..act.clone() }, 1)), Err("other_history"));
    assert_eq!(look(&sign_card(&act, 10)), Err("post_not_held"), "a clerk's card");
}

#[test]
fn a_terminals_key_has_no_old_register_folded_for_what_is_refused_anyway() {
    let mut office = Office::furnished();
    let (registered, before) = (office.register.size(), office.clone());
    let report = |office: &mut Office, change: &dyn Fn(&mut Act)| {
        let mut act = office.draft(vec![Change::Open(Box::new(incident("mado-1")))]);
        (act.post, act.log) = (None, Log::Casebook);
        (act.seen_size, act.seen_root) = (registered, before.register.root());
        change(&mut act);
        sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)
    };
    let judged = |office: &Office, entry: &[u8]| {
        let looked = office.casebook.look(&office.register, entry, office.now);
        looked.map(|unopposed| unopposed.judged_by()).map_err(|refusal| refusal.code())
    };
    office.act(vec![section("koseki", "戸籍課", SectionState::Open)]).unwrap();
    office.now += 60 * 60 * 1000;
    let good = report(&mut office, &|_| {});
    assert_eq!(judged(&office, &good), Ok(registered), "older than the one in force");
    let level = |act: &mut Act| {
        let Change::Open(report) = &mut act.changes[0] else { unreachable!("it reports") };
        report.fields[1].value = Value::Choice(4);
    };
    let root = office.register.root_at(1).unwrap();
    type Altered<'a> = &'a dyn Fn(&mut Act);
    let cases: [(Altered<'_>, _); 6] = [
        (&|act| act.made -= 11 * 60 * 1000, "made_too_early"),
        (&|act| (act.made, act.expires) = (act.made - 2, act.made - 1), "expired"),
        (&|act| act.made += 3 * 60 * 1000, "made_in_future"),
        (&|act| act.changes.push(route()), "not_a_proposal"),
        (&level, "signer_not_allowed"),
        // The register of that size does not know the terminal yet.
        (&|act| (act.seen_size, act.seen_root) = (1, root), "changed_since"),
    ];
    for (change, refused) in cases {
        let entry = report(&mut office, change);
        assert_eq!(judged(&office, &entry), Err(refused));
    }
    office.file(&good).unwrap();
    assert_eq!(judged(&office, &good), Err("repeated"));
    for _ in 0..4 {
        let entry = report(&mut office, &|_| {});
        office.file(&entry).unwrap();
    }
    let sixth = report(&mut office, &|_| {});
    assert_eq!(judged(&office, &sixth), Err("terminal_limit"));
}

#[test]
fn who_has_changed_since_signs_again_over_the_newer_register() {
    let office = Office::furnished();
    let hold = HoldPost { post: code("vice"), operator: code("chiba"), from: office.now, to: None, deputy: false };
    let changed = [
        card_state(2, CardState::Active, office.now),
        designate("baba"),
        Change::HoldPost(hold),
        Change::Route(SetRoute { class: Class::Founding, ..set_route() }),
    ];
    for change in changed {
        let mut office = office.clone();
        let mut act = office.draft(vec![route()]);
        (act.log, act.post) = (Log::Casebook, Some(code("vice")));
        let early = sign_card(&act, 2);
        assert!(office.would_file(&early).is_ok());
        office.approved(vec![change.clone()]).unwrap();
        assert_eq!(office.would_file(&early).map_err(|refusal| refusal.code()), Err("changed_since"), "{change:?}");
        (act.seen_size, act.seen_root) = (office.register.size(), office.register.root());
        assert!(office.would_file(&sign_card(&act, 2)).is_ok());
    }
}

#[test]
fn a_right_that_begins_between_signing_and_sending_does_not_count_yet() {
    let mut office = Office::furnished();
    let from = office.now + 5 * 60_000;
    let hold = HoldPost { post: code("vice"), operator: code("chiba"), from, to: None, deputy: false };
    office.approved(vec![Change::HoldPost(hold)]).unwrap();
    let mut proposed = |made| {
        office.now = made;
        let mut act = office.draft(vec![route()]);
        (act.log, act.post) = (Log::Casebook, Some(code("vice")));
        office.now = from + 60_000;
        office.would_file(&sign_card(&act, 10)).map(drop).map_err(|refusal| refusal.code())
    };
    assert_eq!((proposed(from - 1), proposed(from)), (Err("post_not_held"), Ok(())));
}

#[test]
fn the_casebook_comes_out_the_same_from_its_bytes_whatever_the_register_has_become() {
    let mut office = Office::furnished();
    let mut entries = Vec::new();
    let mut proposed = |office: &mut Office, post: &str, card| {
        let mut act = office.draft(vec![route()]);
        (act.log, act.post) = (Log::Casebook, Some(code(post)));
        let entry = sign_card(&act, card);
        let filed = office.file(&entry).map_err(|refusal| refusal.code());
        entries.push(entry);
        filed.map(drop)
    };
    let before = office.clone();
    assert_eq!(proposed(&mut office, "vice", 2), Ok(()));
    office.now += 60_000;
    office.approved(vec![card_state(2, CardState::Revoked, office.now)]).unwrap();
    assert_eq!(proposed(&mut office, "chief", 1), Ok(()));
    // Who was revoked has seen less than the one before him, and that does not help.
    let mut stale = before.clone();
    let mut act = stale.draft(vec![route()]);
    (act.log, act.post, act.salt) = (Log::Casebook, Some(code("vice")), sekisho_wire::id::Salt([77; 16]));
    let entry = sign_card(&act, 2);
    assert_eq!(office.file(&entry).unwrap_err().code(), "signer_not_current");
    entries.push(entry);

    let mut again = Casebook::new();
    let folded: Vec<bool> = entries
        .iter()
        .map(|entry| {
            let judge = office.register_at(again.judged_by(entry));
            again.fold(&judge, entry).is_ok()
        })
        .collect();
    assert_eq!(folded, [true, true, false]);
    assert_eq!((again.size(), again.root()), (office.casebook.size(), office.casebook.root()));
}

#[test]
fn an_act_that_saw_more_than_there_is_is_refused() {
    let mut office = Office::furnished();
    let mut act = office.draft(vec![route()]);
    (act.log, act.seen_size) = (Log::Casebook, office.register.size() + 1);
    assert_eq!(office.file(&sign_card(&act, 1)).unwrap_err().code(), "seen_ahead");
    // It was not taken, so it does not move the register that judges those after it.
    let entry = office.proposal(vec![route()]);
    assert_eq!(office.casebook.judged_by(&entry), office.register.size());
    assert!(office.file(&entry).is_ok());
}

#[test]
fn a_proposal_that_could_not_take_effect_is_refused_when_it_is_made() {
    let mut office = Office::furnished();
    let entry = office.proposal(vec![card_state(77, CardState::Suspended, tuesday_ten())]);
    assert_eq!(office.would_file(&entry).unwrap_err().code(), "unknown");
    // The approval of the last stage takes effect, and that is for the register log; and nobody approves what was not proposed.
    let inner = office.proposal(vec![route()]);
    let mut wrapped = office.draft(vec![]);
    (wrapped.log, wrapped.post, wrapped.proposal) =
        (Log::Casebook, Some(code("vice")), Some(act::Proposal(inner.clone())));
    let entry = sign_card(&wrapped, 2);
    assert_eq!(office.file(&entry).unwrap_err().code(), "not_a_proposal");
    office.file(&inner).unwrap();
    assert_eq!(office.file(&entry).unwrap_err().code(), "other_log");
}

#[test]
fn s3_27_any_panel_reports_what_happened_at_it_and_numbers_follow() {
    let mut office = Office::furnished();
    let mut report = |changes: Vec<Change>| {
        let mut act = office.draft(changes);
        (act.post, act.log) = (None, Log::Casebook);
        let entry = sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED);
        office.file(&entry).map_err(|refusal| refusal.code())
    };
    let number = |number| CaseId { form: Form::Incident, number: Numbered { fiscal_year: 2026, number } };
    let opened =
        |first: u32, last: u32, index| Ok(Filed::Written { opened: (first..=last).map(number).collect(), index });
    let here = || Change::Open(Box::new(incident("mado-1")));
    assert_eq!(report(vec![here(), here()]), Err("signer_not_allowed"));
    assert_eq!(report(vec![here()]), opened(1, 1, 1));
    assert_eq!(report(vec![Change::Open(Box::new(incident("mado-2")))]), Err("signer_not_allowed"));
    assert_eq!(report(vec![designate("doi")]), Err("signer_not_allowed"));
    assert_eq!(report(vec![here(), designate("doi")]), Err("not_a_proposal"));
    let mut judged = incident("mado-1");
    judged.fields[1].value = Value::Choice(3);
    assert_eq!(report(vec![Change::Open(Box::new(judged))]), Err("signer_not_allowed"), "how grave it is people say");
    assert_eq!(report(vec![here()]), opened(2, 2, 6));
    // A person reports several at once.
    let said = || Change::Open(Box::new(incident_by_a_person("mado-1")));
    let mut act = office.draft(vec![said(), said()]);
    act.log = Log::Casebook;
    let filed = office.file(&sign_card(&act, 1)).map_err(|refusal| refusal.code());
    assert_eq!(filed, opened(3, 4, 7));
    assert_eq!(office.casebook.cases().map(|case| case.id).collect::<Vec<_>>(), [1, 2, 3, 4].map(number));
}

#[test]
fn what_was_kept_back_is_not_filed_when_its_time_is_over() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let mut office = Office::furnished();
    let kept_back = office.proposal(vec![route()]);
    let (mut by_acts, mut by_reports) = (office.clone(), office.clone());
    office.now += DAY;
    let next = office.proposal(vec![route()]);
    // As long as nothing later was taken, the bytes do not say how late it is.
    assert!(office.clone().file(&kept_back).is_ok());
    office.file(&next).unwrap();
    let refused = |office: &mut Office, entry: &[u8]| office.file(entry).map(drop).map_err(|refusal| refusal.code());
    assert_eq!(refused(&mut office, &kept_back), Err("expired"));
    // An approval that is dated back does not help what it approves.
    office.now -= DAY;
    let mut act = office.draft(vec![]);
    (act.log, act.post, act.proposal) = (Log::Casebook, Some(code("vice")), Some(act::Proposal(kept_back.clone())));
    act.expires = act.made + 10 * DAY;
    assert_eq!(refused(&mut office, &sign_card(&act, 2)), Err("expired"));

    // The register that judges knows how late it is as well: the signer of an accepted entry saw it.
    by_acts.now += DAY;
    by_acts.act(vec![section("koseki", "戸籍課", SectionState::Open)]).unwrap();
    let mut act = by_acts.draft(vec![route()]);
    (act.log, act.made, act.expires) = (Log::Casebook, act.made - DAY, act.made + DAY);
    by_acts.file(&sign_card(&act, 1)).unwrap();
    assert_eq!(refused(&mut by_acts, &kept_back), Err("expired"));

    // A terminal's clock is nobody's word.
    by_reports.now += 10 * DAY;
    let mut act = by_reports.draft(vec![Change::Open(Box::new(incident("mado-1")))]);
    (act.post, act.log) = (None, Log::Casebook);
    by_reports.file(&sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)).unwrap();
    assert_eq!(refused(&mut by_reports, &kept_back), Ok(()));
}
