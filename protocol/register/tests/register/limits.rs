//! What no single person can do, whoever it is (§R3.11, §R4.2): a leaver, one administrator; what keeps the office able to decide.

use sekisho_register::change::*;
use sekisho_register::*;

use crate::office::*;

const MINUTE: u64 = 60 * 1000;
const DAY: u64 = 24 * 60 * MINUTE;

pub(crate) fn code_of<T>(result: Result<T, FoldRefusal>) -> Result<(), &'static str> {
    result.map(drop).map_err(|refusal| refusal.code())
}

/// Eto, who may decide with card 4, for as long as the others.
pub(crate) fn third_administrator(office: &mut Office) {
    third_administrator_until(office, at(2030, 4, 1, 0));
}

/// As [`third_administrator`], until then.
pub(crate) fn third_administrator_until(office: &mut Office, until: u64) {
    let hold = HoldPost { post: code("vice"), operator: code("eto"), from: office.now, to: None, deputy: false };
    let card = IssueCard { to: until, ..issue_signing(4, "eto") };
    let eto = Designate { to: until, ..designation("eto") };
    let changes = vec![Change::Designate(Box::new(eto)), Change::IssueCard(Box::new(card)), Change::HoldPost(hold)];
    office.approved(changes).unwrap();
}

#[test]
fn one_person_alone_does_not_end_the_offices_ability_to_decide() {
    let base = Office::furnished();
    let now = base.now;
    let ends = |state| {
        let operator = code("baba");
        Change::OperatorState(SetOperatorState { operator, state, effective: now + DAY, reason: StateReason::LeftDuty })
    };
    let leave = Change::LeavePost(LeavePost { post: code("vice"), operator: code("baba"), effective: now + DAY });
    let short = Change::Designate(Box::new(Designate { from: now, to: now + DAY, ..designation("baba") }));
    let takings = [
        card_state(2, CardState::Revoked, now),
        card_state(2, CardState::Returned, now + DAY),
        ends(OperatorState::Ended),
        leave,
        short,
    ];
    for taking in &takings {
        assert_eq!(code_of(base.clone().act(vec![taking.clone()])), Err("last_signers"), "{taking:?}");
        // Two persons may, and one may where two others are left.
        assert_eq!(code_of(base.clone().approved(vec![taking.clone()])), Ok(()), "{taking:?}");
        let mut larger = base.clone();
        third_administrator(&mut larger);
        assert_eq!(code_of(larger.act(vec![taking.clone()])), Ok(()), "{taking:?}");
    }
}

#[test]
fn two_acts_of_different_dates_do_not_end_it_on_a_third() {
    let mut base = Office::furnished();
    third_administrator(&mut base);
    let now = base.now;
    let revoked = |card, days: u64| card_state(card, CardState::Revoked, now + days * DAY);
    let leave = Change::LeavePost(LeavePost { post: code("vice"), operator: code("eto"), effective: now + DAY });
    let short = Designate { from: now, to: now + 3 * DAY, ..designation("eto") };
    let pairs = [
        (revoked(2, 2), leave, now + 2 * DAY),
        (revoked(2, 2), revoked(4, 1), now + 2 * DAY),
        (Change::Designate(Box::new(short)), revoked(2, 1), now + 3 * DAY),
    ];
    for (first, second, from) in pairs {
        let mut office = base.clone();
        assert_eq!(code_of(office.act(vec![first])), Ok(()));
        assert_eq!(office.clone().act(vec![second.clone()]), Err(FoldRefusal::LastSigners { from }), "{second:?}");
        assert_eq!(code_of(office.approved(vec![second])), Ok(()));
    }
    // Nor do two suspensions leave nobody who could lift them.
    let mut office = Office::furnished();
    assert_eq!(code_of(office.act(vec![card_state(1, CardState::Suspended, now + 2 * DAY)])), Ok(()));
    let refused = office.act(vec![card_state(2, CardState::Suspended, now + DAY)]);
    assert_eq!(refused, Err(FoldRefusal::LastSigners { from: now + 2 * DAY }));
}

#[test]
fn nobody_is_revoked_alone_who_will_be_missed_when_a_card_runs_out() {
    let mut office = Office::furnished();
    let until = at(2027, 4, 1, 0);
    third_administrator_until(&mut office, until);
    let now = office.now;
    let refused = office.clone().act(vec![card_state(2, CardState::Revoked, now)]);
    assert_eq!(refused, Err(FoldRefusal::LastSigners { from: until }));
    assert_eq!(code_of(office.clone().act(vec![card_state(4, CardState::Revoked, now)])), Ok(()));
    // A suspension can be lifted, by aoki too: one of baba's waits for nobody. One of both could not once eto's card has run out.
    let suspended = |card| card_state(card, CardState::Suspended, now);
    let by_eto = |office: &mut Office, changes| from_vice(office, changes, 4);
    assert_eq!(
        by_eto(&mut office.clone(), vec![suspended(1), suspended(2)]),
        Err(FoldRefusal::LastSigners { from: until })
    );
    assert_eq!(code_of(by_eto(&mut office, vec![suspended(2)])), Ok(()));
    assert_eq!(by_eto(&mut office, vec![suspended(1)]), Err(FoldRefusal::LastSigners { from: until }));
}

/// As [`Office::act`], by the holder of another card.
fn from_vice(office: &mut Office, changes: Vec<Change>, card: u8) -> Result<Folded, FoldRefusal> {
    let mut act = office.draft(changes);
    act.post = Some(code("vice"));
    office.take(&sign_card(&act, card))
}

#[test]
fn nobody_suspends_all_others_and_runs_out_before_them() {
    let mut base = Office::furnished();
    third_administrator(&mut base);
    let until = base.now + 31 * DAY;
    let suspended = |card| card_state(card, CardState::Suspended, base.now);
    let short = Change::Designate(Box::new(Designate { from: base.now, to: until, ..designation("aoki") }));
    for order in [[short.clone(), suspended(2), suspended(4)], [suspended(2), suspended(4), short]] {
        let mut office = base.clone();
        let [first, second, third] = order;
        assert_eq!((code_of(office.act(vec![first])), code_of(office.act(vec![second]))), (Ok(()), Ok(())));
        assert_eq!(office.clone().act(vec![third.clone()]), Err(FoldRefusal::LastSigners { from: until }), "{third:?}");
        // Whoever is suspended is let back first.
        office.act(vec![card_state(2, CardState::Active, base.now)]).unwrap();
        assert_eq!(code_of(office.act(vec![third])), Ok(()));
    }
}

#[test]
fn nobody_runs_out_who_suspended_the_only_one_that_could_lift_after_him() {
    let mut office = Office::furnished();
    // Baba decides and lifts no suspension; chiba lifts, and decides about nothing; aoki does both.
    let (role, until) = (
        |post: &str, role| {
            Change::Post(SetPost {
                post: code(post),
                title: title("職"),
                roles: vec![role],
                section: None,
                keeper: None,
            })
        },
        office.now + 31 * DAY,
    );
    let hold = HoldPost { post: code("am"), operator: code("chiba"), from: office.now, to: None, deputy: false };
    let roles = vec![role("vice", Role::ChiefSecurityOfficer), role("am", Role::AccessManager), Change::HoldPost(hold)];
    office.approved(roles).unwrap();
    let chiba = Designate { from: office.now, to: until, ..designation("chiba") };
    let by_chiba = |office: &mut Office, change| {
        let mut act = office.draft(vec![change]);
        act.post = Some(code("am"));
        office.take(&sign_card(&act, 10))
    };
    assert_eq!(code_of(by_chiba(&mut office, Change::Designate(Box::new(chiba)))), Ok(()));
    let aoki = card_state(1, CardState::Suspended, office.now);
    assert_eq!(by_chiba(&mut office, aoki), Err(FoldRefusal::LastSigners { from: until }));
}

#[test]
fn who_leaves_or_runs_out_soon_can_still_suspend_a_card_that_is_with_a_thief() {
    let base = Office::furnished();
    let (now, spring) = (base.now, base.now + 25 * DAY);
    let leave = Change::LeavePost(LeavePost { post: code("chief"), operator: code("aoki"), effective: now + 60 * DAY });
    let short = Designate { from: now, to: spring, ..designation("aoki") };
    for ends in [leave, Change::Designate(Box::new(short))] {
        let mut office = base.clone();
        office.approved(vec![ends.clone()]).unwrap();
        office.now += DAY;
        let stolen = card_state(2, CardState::Suspended, office.now);
        assert_eq!(code_of(office.act(vec![stolen])), Ok(()), "{ends:?}");
        // Until he goes, he can lift it: so his own stays, and baba's is not revoked by him alone.
        for ending in [card_state(1, CardState::Suspended, office.now), card_state(2, CardState::Revoked, office.now)] {
            let refused = office.clone().act(vec![ending]);
            assert_eq!(refused, Err(FoldRefusal::LastSigners { from: office.now }));
        }
        assert_eq!(code_of(office.act(vec![card_state(2, CardState::Active, office.now)])), Ok(()));
    }
}

#[test]
fn the_last_one_may_suspend_a_card_that_is_with_a_thief_and_not_his_own_as_well() {
    let mut office = Office::furnished();
    let now = office.now;
    let suspended = |card| card_state(card, CardState::Suspended, now);
    let both = vec![suspended(1), suspended(2)];
    assert_eq!(code_of(office.act(both)), Err("last_signers"));
    assert_eq!(code_of(office.act(vec![suspended(2)])), Ok(()));
    for own in [suspended(1), card_state(1, CardState::Revoked, now), card_state(2, CardState::Revoked, now)] {
        assert_eq!(code_of(office.clone().act(vec![own])), Err("last_signers"));
    }
    assert_eq!(code_of(office.act(vec![card_state(2, CardState::Active, now)])), Ok(()));
}

#[test]
fn what_recovery_keys_signed_cannot_be_kept_back() {
    let mut office = Office::furnished();
    let changes = crate::recovery::announce(vec![crate::recovery::new_keys([33, 34, 35])]);
    let kept_back = office.recovery_act(vec![changes], &[30, 31]);
    office.now += 2 * DAY;
    office.act(vec![designate("eto")]).unwrap();
    assert_eq!(code_of(office.register.clone().fold(&kept_back)), Err("made_too_early"));
    assert_eq!(code_of(office.take(&kept_back)), Err("made_too_early"));
}

#[test]
fn recovery_works_where_an_act_from_the_future_stands_in_the_log() {
    let mut office = Office::furnished();
    let mut future = office.draft(vec![designate("doi")]);
    (future.made, future.expires) = (at(2026, 12, 24, 10), at(2026, 12, 25, 10));
    office.register.fold(&sign_card(&future, 1)).unwrap();
    assert_eq!(code_of(office.act(vec![designate("eto")])), Err("made_too_early"));
    let changes = crate::recovery::announce(vec![crate::recovery::new_keys([33, 34, 35])]);
    let announced = office.recovery_act(vec![changes], &[30, 31]);
    let id = office.take(&announced).unwrap().id;
    // The wait is between the two acts, whatever the log says of the time.
    office.now += 3 * DAY;
    let end = crate::recovery::end(id, sekisho_register::change::RecoveryEnd::Completed);
    let completed = office.recovery_act(vec![end], &[30, 31]);
    assert_eq!(code_of(office.take(&completed)), Ok(()));
}

#[test]
fn the_ledger_takes_no_old_act_and_judges_its_signer_as_of_now() {
    let mut office = Office::furnished();
    let until = office.now + 5 * MINUTE;
    let post =
        SetPost { post: code("am"), title: title("AM"), roles: vec![Role::AccessManager], section: None, keeper: None };
    let hold = HoldPost { post: code("am"), operator: code("chiba"), from: office.now, to: Some(until), deputy: false };
    office.approved(vec![Change::Post(post), Change::HoldPost(hold)]).unwrap();
    let mut act = office.draft(vec![designate("doi")]);
    act.post = Some(code("am"));
    let entry = sign_card(&act, 10);
    let asked = |now| code_of(office.register.would_accept(&entry, now));
    assert_eq!(asked(office.now), Ok(()));
    assert_eq!(asked(until - 1), Ok(()));
    assert_eq!(asked(until), Err("post_not_held"));
    let sent_late = sign_card(&office.clone().draft(vec![designate("doi")]), 1);
    let asked = |age| code_of(office.register.would_accept(&sent_late, office.now + age));
    assert_eq!(asked(10 * MINUTE), Ok(()));
    assert_eq!(asked(10 * MINUTE + 1), Err("made_too_early"));
}

#[test]
fn the_ledger_files_no_proposal_of_a_card_that_was_revoked_since() {
    let mut office = Office::furnished();
    let mut old = office.draft(vec![designate("doi")]);
    (old.log, old.post) = (Log::Casebook, Some(code("vice")));
    let entry = sign_card(&old, 2);
    let ask = |office: &Office| code_of(office.would_file(&entry));
    assert_eq!(ask(&office), Ok(()));
    office.now += MINUTE;
    office.approved(vec![card_state(2, CardState::Revoked, office.now)]).unwrap();
    assert_eq!(ask(&office), Err("signer_not_current"));
    office.now += 10 * DAY;
    assert_eq!(ask(&office), Err("expired"));
}

#[test]
fn a_proposal_that_expired_meanwhile_is_not_approved_by_an_act_of_before() {
    let mut office = Office::furnished();
    let mut proposal = office.draft(vec![designate("doi")]);
    (proposal.log, proposal.expires) = (Log::Casebook, office.now + MINUTE);
    let proposal = sign_card(&proposal, 1);
    let approval = office.approval(&proposal, "vice", 2);
    let asked = |age| code_of(office.register.would_accept(&approval, office.now + age));
    assert_eq!((asked(MINUTE - 1), asked(MINUTE)), (Ok(()), Err("expired")));
}

#[test]
fn an_act_says_one_thing_about_a_thing() {
    let mut office = Office::furnished();
    let twice = |change: &Change| vec![change.clone(), change.clone()];
    let block = card_state(10, CardState::Suspended, office.now);
    assert_eq!(code_of(office.act(twice(&block))), Err("changed_twice"));
    assert_eq!(code_of(office.act(twice(&profile("chiba", "p1", &[])))), Err("changed_twice"));
    let hold = |deputy| {
        let (post, operator) = (code("vice"), code("chiba"));
        Change::HoldPost(HoldPost { post, operator, from: tuesday_ten(), to: None, deputy })
    };
    assert_eq!(code_of(office.approved(vec![hold(false), hold(true)])), Err("changed_twice"));
    // Two persons may come to one post in one act, and a card be issued and woken.
    let other = HoldPost { post: code("vice"), operator: code("aoki"), from: office.now, to: None, deputy: true };
    assert_eq!(code_of(office.approved(vec![hold(false), Change::HoldPost(other)])), Ok(()));
}

#[test]
fn what_shrinks_a_right_never_loses_a_race() {
    let mut office = Office::furnished();
    third_administrator(&mut office);
    let (operator, profile_code, effective) = (code("chiba"), code("p1"), office.now);
    let withdraw = WithdrawProfile { operator: operator.clone(), profile: profile_code, effective };
    let ends = SetOperatorState { operator, state: OperatorState::Ended, effective, reason: StateReason::LeftDuty };
    let returned = card_state(10, CardState::Returned, effective);
    let leave = LeavePost { post: code("vice"), operator: code("baba"), effective };
    let stale = office.draft(vec![
        Change::WithdrawProfile(withdraw),
        Change::OperatorState(ends),
        returned,
        Change::LeavePost(leave),
    ]);
    let hold = HoldPost { post: code("vice"), operator: code("chiba"), from: office.now, to: None, deputy: true };
    let changes = vec![
        profile("chiba", "p1", &["juminhyo", "inkan"]),
        designate("chiba"),
        card_state(10, CardState::Active, office.now),
        Change::HoldPost(hold),
    ];
    office.approved(changes).unwrap();
    assert_eq!(code_of(office.take(&sign_card(&stale, 1))), Ok(()));
}

#[test]
fn a_route_that_nobody_could_take_is_refused() {
    let mut office = Office::furnished();
    let route = |proposers, approvers, distinct| {
        Change::Route(SetRoute { class: Class::Founding, proposers, stages: vec![approvers], distinct })
    };
    let trustee = vec![Role::TrusteeAdmin];
    let manager = vec![Role::SystemManager];
    for dead in [route(trustee.clone(), trustee.clone(), true), route(manager.clone(), trustee, true)] {
        assert_eq!(code_of(office.approved(vec![dead])), Err("value_wrong"));
    }
    assert_eq!(code_of(office.approved(vec![route(manager.clone(), manager, true)])), Ok(()));
}

#[test]
fn a_route_is_looked_at_in_no_time_however_many_could_take_it() {
    let mut office = Office::furnished();
    for card in 100..140 {
        let name = format!("sono-{card}");
        let hold = HoldPost { post: code("vice"), operator: code(&name), from: office.now, to: None, deputy: false };
        let issued = Change::IssueCard(Box::new(issue_signing(card, &name)));
        office.approved(vec![designate(&name), issued, Change::HoldPost(hold)]).unwrap();
    }
    // Whoever tried all orders of the first six would try thousands of millions before he saw that nobody holds the last.
    let mut set = |last| {
        let all = vec![Role::ChiefSecurityOfficer, Role::SystemManager, Role::DataProtectionManager];
        let mut stages = vec![all.clone(); 6];
        stages.push(vec![last]);
        let route = SetRoute { class: Class::Founding, proposers: all, stages, distinct: true };
        office.approved(vec![Change::Route(route)]).map(drop)
    };
    assert_eq!(set(Role::Executive), Err(FoldRefusal::ValueWrong(WrongValue::DeadRoute)));
    assert_eq!(set(Role::SecurityManager), Ok(()));
    // Nor is somebody who goes.
    let stopped = office.act(vec![card_state(100, CardState::Suspended, office.now)]);
    assert_eq!(code_of(stopped), Ok(()));
}

#[test]
fn an_office_is_founded_with_good_keys_and_a_way_back() {
    let found = |change: fn(&mut Found)| {
        let mut office = Office::empty();
        let mut found = founding();
        change(&mut found);
        let mut act = office.draft(vec![Change::Found(Box::new(found))]);
        act.post = None;
        code_of(office.take(&sign_card(&act, 1)))
    };
    assert_eq!(found(|_| {}), Ok(()));
    assert_eq!(found(|found| found.recovery = Recovery { k: 0, keys: vec![] }), Err("value_wrong"));
    assert_eq!(found(|found| found.recovery.k = 0), Err("value_wrong"));
    assert_eq!(found(|found| found.recovery.keys[1] = edwards_public(30)), Err("value_wrong"));
    assert_eq!(found(|found| found.recovery.keys[1] = Ed25519Key([0xff; 32])), Err("value_wrong"));
    // The identity: a point, and a signature by it fits everything.
    let weak = |found: &mut Found| {
        found.recovery.keys[1] = Ed25519Key([0; 32]);
        found.recovery.keys[1].0[0] = 1;
    };
    assert_eq!(found(weak), Err("value_wrong"));
    assert_eq!(found(|found| found.keys.register = Ed25519Key([0xff; 32])), Err("key_malformed"));
    assert_eq!(found(|found| found.ledger = title("my ledger+1")), Err("value_wrong"));
    assert_eq!(found(|found| found.policy.daily_seconds = 1), Err("value_wrong"));
}

#[test]
fn an_office_is_founded_with_cards_that_can_decide_at_once() {
    let found = |change: fn(&mut Found), retell: fn(&mut Act)| {
        let mut office = Office::empty();
        let mut found = founding();
        change(&mut found);
        let mut act = office.draft(vec![Change::Found(Box::new(found))]);
        act.post = None;
        retell(&mut act);
        code_of(office.take(&sign_card(&act, 1)))
    };
    assert_eq!(found(|found| found.administrators[1].card.to = at(2026, 4, 2, 0), |_| {}), Err("value_wrong"));
    assert_eq!(found(|found| found.administrators[1].card.from = at(2027, 4, 2, 0), |_| {}), Err("value_wrong"));
    assert_eq!(found(|_| {}, |act| act.effective = Some(act.made + DAY)), Err("value_wrong"));
    let paper = |act: &mut Act| {
        act.paper = Some(Paper { post: code("chief"), document: title("白総第12号"), decided: 20_000 });
    };
    assert_eq!(found(|_| {}, paper), Err("value_wrong"));
    assert_eq!(found(|_| {}, |_| {}), Ok(()));
}

#[test]
fn an_approval_has_no_date_of_its_own() {
    let mut office = Office::furnished();
    let proposal = office.proposal(vec![designate("doi")]);
    let mut act = office.draft(vec![]);
    (act.proposal, act.post) = (Some(act::Proposal(proposal)), Some(code("vice")));
    act.effective = Some(act.made + DAY);
    assert_eq!(code_of(office.take(&sign_card(&act, 2))), Err("effective_wrong"));
}

#[test]
fn epochs_follow_each_other_one_by_one() {
    let mut office = Office::furnished();
    let mut open = |epoch| {
        let (terminal, reason) = (code("mado-1"), EpochReason::Replaced);
        code_of(office.act(vec![Change::OpenEpoch(OpenEpoch { terminal, epoch, reason })]))
    };
    assert_eq!((open(u32::MAX), open(2), open(1)), (Err("epoch_not_new"), Err("epoch_not_new"), Ok(())));
    assert_eq!((open(1), open(2)), (Err("epoch_not_new"), Ok(())));
}
