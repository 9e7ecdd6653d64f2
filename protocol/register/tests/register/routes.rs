//! Proposal and approval, by two persons where the route says so (S4 10(2), 11(1)); recovery keys together.

use sekisho_register::change::*;
use sekisho_register::*;

use crate::office::*;

fn needs_approval(class: Class) -> Change {
    Change::Route(SetRoute {
        class,
        proposers: vec![Role::SystemManager],
        stages: vec![vec![Role::DataProtectionManager]],
        distinct: true,
    })
}

fn code_of(result: Result<Folded, FoldRefusal>) -> Result<(), &'static str> {
    result.map(drop).map_err(|refusal| refusal.code())
}

#[test]
fn nobody_changes_routes_log_keys_or_versions_alone() {
    let mut office = Office::furnished();
    let key = Change::LogKey(SetLogKey { log: Log::Records, key: edwards_public(50) });
    for change in [needs_approval(Class::Cards), key, Change::RequireVersion(RequireVersion { version: 1 })] {
        assert_eq!(code_of(office.act(vec![change.clone()])), Err("approval_needed"));
        assert_eq!(code_of(office.approved(vec![change])), Ok(()));
    }
    assert_eq!(office.register.log_key(Log::Records), Some(&edwards_public(50)));
    assert_eq!(office.register.log_keys(Log::Records).len(), 2);
}

#[test]
fn s4_11_1_where_the_route_says_so_chooser_and_approver_are_two_persons() {
    let mut office = Office::furnished();
    office.approved(vec![needs_approval(Class::Operators)]).unwrap();
    assert_eq!(code_of(office.act(vec![designate("doi")])), Err("approval_needed"));

    let proposal = office.proposal(vec![designate("doi")]);
    let alone = office.approval(&proposal, "chief", 1);
    assert_eq!(code_of(office.take(&alone)), Err("same_person"));
    assert!(office.register.operator(&code("doi")).is_none());

    let together = office.approval(&proposal, "vice", 2);
    let folded = office.take(&together).unwrap();
    let id = SignedAct::decode(&proposal).unwrap().id();
    assert_eq!(folded.approved, Some(Approved { proposal: id, tip: id }));
    assert_eq!(folded.operator, Some(code("baba")));
    assert!(office.register.operator(&code("doi")).is_some());

    let again = office.approval(&proposal, "vice", 2);
    assert_eq!(code_of(office.take(&again)), Err("repeated"));
}

#[test]
fn a_deputy_who_is_the_proposer_is_still_one_person() {
    let mut office = Office::furnished();
    let hold = HoldPost { post: code("vice"), operator: code("aoki"), from: office.now, to: None, deputy: true };
    office.approved(vec![Change::HoldPost(hold)]).unwrap();
    let proposal = office.proposal(vec![needs_approval(Class::Cards)]);
    let mut act = office.draft(vec![]);
    act.proposal = Some(act::Proposal(proposal));
    (act.post, act.as_deputy) = (Some(code("vice")), true);
    assert_eq!(code_of(office.take(&sign_card(&act, 1))), Err("same_person"));
}

#[test]
fn a_proposal_is_judged_again_when_it_is_approved() {
    let mut office = Office::furnished();
    let proposal = office.proposal(vec![needs_approval(Class::Cards)]);
    let (mut late, mut overtaken, mut left) = (office.clone(), office.clone(), office.clone());

    late.now += 24 * 60 * 60 * 1000;
    let entry = late.approval(&proposal, "vice", 2);
    assert_eq!(code_of(late.take(&entry)), Err("expired"));

    overtaken.approved(vec![needs_approval(Class::Cards)]).unwrap();
    let entry = overtaken.approval(&proposal, "vice", 2);
    assert_eq!(code_of(overtaken.take(&entry)), Err("changed_since"));

    left.approved(vec![Change::LeavePost(LeavePost {
        post: code("chief"),
        operator: code("aoki"),
        effective: left.now,
    })])
    .unwrap();
    let entry = left.approval(&proposal, "vice", 2);
    assert_eq!(code_of(left.take(&entry)), Err("post_not_held"));

    // What stands in the register log is no proposal, nor is noise.
    let act = office.entries.last().unwrap().clone();
    let entry = office.approval(&act, "vice", 2);
    assert_eq!(code_of(office.take(&entry)), Err("other_log"));
    let entry = office.approval(b"noise", "vice", 2);
    assert_eq!(code_of(office.take(&entry)), Err("malformed"));
}

#[test]
fn a_post_signs_only_what_its_roles_admit() {
    let mut office = Office::furnished();
    let post = SetPost {
        post: code("kakaricho"),
        title: title("住民係長"),
        roles: vec![Role::TerminalManager],
        section: None,
        keeper: None,
    };
    let hold = HoldPost { post: code("kakaricho"), operator: code("chiba"), from: office.now, to: None, deputy: false };
    office.approved(vec![Change::Post(post), Change::HoldPost(hold)]).unwrap();
    let mut sign = |change: Change| {
        let mut act = office.draft(vec![change]);
        act.post = Some(code("kakaricho"));
        code_of(office.take(&sign_card(&act, 10)))
    };
    assert_eq!(sign(designate("doi")), Err("no_route"));
    assert_eq!(sign(card_state(2, CardState::Active, tuesday_ten())), Err("no_route"));
    assert_eq!(sign(terminal()), Ok(()));
    assert_eq!(sign(card_state(2, CardState::Suspended, tuesday_ten())), Ok(()));
}

#[test]
fn nobody_makes_signers_alone() {
    let mut office = Office::furnished();
    let post =
        SetPost { post: code("am"), title: title("AM"), roles: vec![Role::AccessManager], section: None, keeper: None };
    let hold = HoldPost { post: code("am"), operator: code("chiba"), from: office.now, to: None, deputy: false };
    let (post, hold) = (Change::Post(post), Change::HoldPost(hold));
    let spare = IssueCard { kind: CardKind::Spare, operator: None, dormant: true, ..issue_signing(63, "aoki") };
    let room = IssueCard { kind: CardKind::RoomEntry, ..issue_signing(64, "chiba") };
    let card = |card| Change::IssueCard(Box::new(card));
    let deputy = HoldPost { post: code("vice"), operator: code("aoki"), from: office.now, to: None, deputy: true };
    for change in [post.clone(), hold.clone(), Change::HoldPost(deputy), card(issue_signing(61, "aoki"))] {
        assert_eq!(code_of(office.act(vec![change])), Err("approval_needed"));
    }
    // Not by the ones who issue clerks' cards either; those they issue alone.
    office.approved(vec![post, hold]).unwrap();
    let mut as_manager = |change: Change| {
        let mut act = office.draft(vec![change]);
        act.post = Some(code("am"));
        code_of(office.take(&sign_card(&act, 10)))
    };
    assert_eq!(as_manager(card(issue_signing(61, "aoki"))), Err("no_route"));
    assert_eq!(as_manager(card(issue(61, Some("chiba")))), Ok(()));
    // And no card that sleeps or opens doors signs, whoever agrees.
    assert_eq!(code_of(office.approved(vec![card(spare)])), Err("value_wrong"));
    assert_eq!(code_of(office.approved(vec![card(room)])), Err("value_wrong"));
}

#[test]
fn what_only_takes_away_can_be_given_no_approval_stage() {
    let mut office = Office::furnished();
    assert_eq!(code_of(office.approved(vec![needs_approval(Class::Block)])), Err("value_wrong"));
    assert_eq!(code_of(office.approved(vec![needs_approval(Class::Stop)])), Err("value_wrong"));
}

#[test]
fn a_route_has_stages_that_somebody_can_take_and_none_that_is_empty() {
    let mut office = Office::furnished();
    let (proposers, manager) = (vec![Role::SystemManager], vec![Role::DataProtectionManager]);
    let mut set = |stages, distinct| {
        let route = SetRoute { class: Class::Cards, proposers: proposers.clone(), stages, distinct };
        office.approved(vec![Change::Route(route)]).map(drop)
    };
    let wrong = |what| Err(FoldRefusal::ValueWrong(what));
    let two = || vec![manager.clone(), manager.clone()];
    assert_eq!(set(two(), true), wrong(WrongValue::DeadRoute), "three persons, where there are two");
    assert_eq!(set(two(), false), Ok(()));
    assert_eq!(set(vec![manager.clone(); 8], false), wrong(WrongValue::RouteStages));
    assert_eq!(set(vec![vec![]], true), wrong(WrongValue::RouteRoles));
    assert_eq!(set(vec![manager.clone(), vec![]], false), wrong(WrongValue::RouteRoles));
    assert_eq!(set(vec![manager], true), Ok(()));
    assert_eq!(set(vec![], true), Ok(()));
}
