//! What was kept as long as it had to be is destroyed by two persons, and what somebody asked to preserve is not (§R3.14, §R3.15).

use sekisho_register::calendar::Month;
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::record::Retention;
use sekisho_wire::words::Language;

use crate::office::*;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn destroy(class: Retention, from: &str, to: &str) -> Change {
    Change::Destroy(Destroy { class, from: month(from), to: month(to) })
}

fn order(name: &str, months: Option<(&str, &str)>) -> Preserve {
    let (from, to) = months.unzip();
    Preserve {
        order: code(name),
        state: OrderState::Holds,
        classes: vec![],
        from: from.map(month),
        to: to.map(month),
        incident: None,
    }
}

fn lift(name: &str) -> Change {
    Change::Preserve(Box::new(Preserve { state: OrderState::Lifted, ..order(name, None) }))
}

fn keep(name: &str, months: Option<(&str, &str)>) -> Change {
    Change::Preserve(Box::new(order(name, months)))
}

fn code_of(result: Result<Folded, FoldRefusal>) -> Result<(), &'static str> {
    result.map(drop).map_err(|refusal| refusal.code())
}

/// The office on a later day; administrators' cards of the tests run to April 2030.
fn office_at(year: u16, month: u8, day: u8) -> Office {
    let mut office = Office::founded();
    office.now = at(year, month, day, 0);
    office
}

fn years(change: impl FnOnce(&mut policy::RetentionYears)) -> Change {
    let mut policy = Policy::default();
    change(&mut policy.retention_years);
    Change::Policy(SetPolicy { policy })
}

#[test]
fn a_month_goes_when_the_period_of_its_last_day_has_ended_and_not_a_moment_sooner() {
    // One year for the class operation.
    for (which, first) in [
        ("2026-11", (2027, 12, 1)),
        ("2026-12", (2028, 1, 1)),
        // 28 February 2027 is kept through 28 February 2028, and so is 29 February kept no shorter.
        ("2027-02", (2028, 3, 1)),
        // 29 February 2028 is kept through 28 February 2029.
        ("2028-02", (2029, 3, 1)),
    ] {
        let (year, next, day) = first;
        let mut office = office_at(year, next, day);
        let to = Month(month(which).0 + 1).to_string();
        let change = || vec![destroy(Retention::Operation, which, &to)];
        office.now -= 1;
        assert_eq!(code_of(office.approved(change())), Err("still_kept"), "{which}");
        office.now += 1;
        assert_eq!(code_of(office.approved(change())), Ok(()), "{which}");
        assert!(office.register.destroyed(Retention::Operation, month(which)).is_some());
        assert!(office.register.destroyed(Retention::Operation, month(&to)).is_none());
        assert!(office.register.destroyed(Retention::Access, month(which)).is_none());
    }
}

#[test]
fn a_policy_that_keeps_longer_counts_for_what_is_there_and_one_that_keeps_shorter_does_not() {
    let changed = |from: u8, to: u8| {
        let mut office = office_at(2026, 11, 25);
        office.act(vec![years(|years| years.operation = from)]).unwrap();
        office.now = at(2027, 1, 15, 0);
        office.act(vec![years(|years| years.operation = to)]).unwrap();
        let ends = |text| office.register.kept_until(Retention::Operation, month(text), at(2029, 1, 1, 0));
        (ends("2026-12"), ends("2027-01"), ends("2027-02"))
    };
    let until = |year, month| at(year, month, 1, 0);
    assert_eq!(changed(1, 3), (until(2030, 1), until(2030, 2), until(2030, 3)));
    // Half of January was made under three years.
    assert_eq!(changed(3, 1), (until(2030, 1), until(2030, 2), until(2028, 3)));
}

#[test]
fn a_policy_that_is_only_announced_changes_nothing_yet() {
    let mut office = office_at(2026, 11, 25);
    let mut act = office.draft(vec![years(|years| years.operation = 9)]);
    act.effective = Some(at(2027, 6, 1, 0));
    office.take(&sign_card(&act, 1)).unwrap();
    let ends = |now| office.register.kept_until(Retention::Operation, month("2026-12"), now);
    assert_eq!(ends(at(2027, 5, 31, 23)), at(2028, 1, 1, 0));
    assert_eq!(ends(at(2027, 6, 1, 0)), at(2036, 1, 1, 0));
}

#[test]
fn nobody_destroys_alone_and_the_approver_is_a_security_officer() {
    let mut office = office_at(2028, 6, 1);
    let change = destroy(Retention::Operation, "2026-04", "2027-04");
    assert_eq!(code_of(office.act(vec![change.clone()])), Err("approval_needed"));
    let proposal = office.proposal(vec![change.clone()]);
    let alone = office.approval(&proposal, "chief", 1);
    assert_eq!(code_of(office.take(&alone)), Err("same_person"));
    let post = |roles: &[Role]| {
        Change::Post(SetPost {
            post: code("vice"),
            title: title("vice"),
            roles: roles.to_vec(),
            section: None,
            keeper: None,
        })
    };
    // The second administrator without the roles that approve, and with one of them alone.
    let mut without = office.clone();
    without.approved(vec![post(&[Role::SystemManager, Role::DataProtectionManager])]).unwrap();
    assert_eq!(code_of(without.approved(vec![change.clone()])), Err("no_route"));
    office.approved(vec![post(&[Role::SecurityManager])]).unwrap();
    assert_eq!(code_of(office.approved(vec![change])), Ok(()));
}

#[test]
fn no_route_lets_one_person_destroy() {
    let mut office = office_at(2028, 6, 1);
    let route = |stages: Vec<Vec<Role>>, distinct| {
        let proposers = vec![Role::SystemManager];
        vec![Change::Route(SetRoute { class: Class::Destruction, proposers, stages, distinct })]
    };
    let approvers = || vec![vec![Role::DataProtectionManager]];
    assert_eq!(code_of(office.approved(route(vec![], true))), Err("value_wrong"));
    assert_eq!(code_of(office.approved(route(approvers(), false))), Err("value_wrong"));
    assert_eq!(code_of(office.approved(route(approvers(), true))), Ok(()));
}

#[test]
fn what_is_destroyed_is_destroyed_once() {
    let mut office = office_at(2029, 6, 1);
    office.approved(vec![destroy(Retention::Operation, "2026-04", "2026-07")]).unwrap();
    for (from, to) in [("2026-04", "2026-05"), ("2026-06", "2026-09"), ("2026-01", "2026-12")] {
        assert_eq!(code_of(office.approved(vec![destroy(Retention::Operation, from, to)])), Err("destroyed"));
    }
    assert_eq!(code_of(office.approved(vec![destroy(Retention::Operation, "2026-07", "2026-09")])), Ok(()));
    assert_eq!(office.register.all_destroyed().len(), 2);
    for (from, to) in [("2026-04", "2026-04"), ("2026-05", "2026-04"), ("2000-01", "2010-02")] {
        assert_eq!(code_of(office.approved(vec![destroy(Retention::Operation, from, to)])), Err("value_wrong"));
    }
    let twice =
        vec![destroy(Retention::Access, "2000-01", "2000-02"), destroy(Retention::Access, "2000-02", "2000-03")];
    assert_eq!(code_of(office.approved(twice)), Err("changed_twice"));
}

#[test]
fn a_preservation_order_holds_what_it_names_until_two_persons_lift_it() {
    let mut office = office_at(2029, 6, 1);
    // One person gives it, at once, whatever he has seen.
    office.act(vec![keep("r11-1", Some(("2026-06", "2026-08")))]).unwrap();
    let go = |from, to| vec![destroy(Retention::Operation, from, to)];
    assert_eq!(code_of(office.approved(go("2026-04", "2026-07"))), Err("preserved"));
    assert_eq!(code_of(office.approved(go("2026-04", "2026-06"))), Ok(()));
    assert_eq!(code_of(office.approved(go("2026-08", "2026-09"))), Ok(()));
    assert_eq!(code_of(office.act(vec![lift("r11-1")])), Err("approval_needed"));
    office.approved(vec![lift("r11-1")]).unwrap();
    assert_eq!(code_of(office.approved(go("2026-06", "2026-08"))), Ok(()));
    assert_eq!(code_of(office.approved(vec![lift("r11-1")])), Err("ended"));
    assert_eq!(code_of(office.approved(vec![lift("r11-2")])), Err("unknown"));
    assert_eq!(code_of(office.act(vec![keep("r11-1", None)])), Err("value_wrong"), "a code is used once");
}

#[test]
fn an_order_without_classes_and_months_keeps_everything_and_one_with_them_exactly_that() {
    let mut office = office_at(2029, 6, 1);
    let some = Preserve { classes: vec![Retention::Access], ..order("r11-1", Some(("2026-06", "2026-07"))) };
    office.act(vec![Change::Preserve(Box::new(some))]).unwrap();
    let keeps = |office: &Office, class, text| office.register.preserved(class, month(text)).is_some();
    assert!(keeps(&office, Retention::Access, "2026-06"));
    assert!(!keeps(&office, Retention::Access, "2026-05") && !keeps(&office, Retention::Access, "2026-07"));
    assert!(!keeps(&office, Retention::Operation, "2026-06"));
    office.act(vec![keep("r11-2", None)]).unwrap();
    for class in retention::CLASSES {
        assert!(keeps(&office, class, "1999-01") && keeps(&office, class, "2040-12"));
    }
    let wrong = [
        Preserve { classes: vec![Retention::Operation, Retention::Access], ..order("r11-3", None) },
        Preserve { classes: vec![Retention::Access; 2], ..order("r11-3", None) },
        order("r11-3", Some(("2026-07", "2026-07"))),
    ];
    for order in wrong {
        assert_eq!(code_of(office.act(vec![Change::Preserve(Box::new(order))])), Err("value_wrong"));
    }
    let lifts_more = Preserve { state: OrderState::Lifted, ..order("r11-2", Some(("2026-06", "2026-07"))) };
    assert_eq!(code_of(office.approved(vec![Change::Preserve(Box::new(lifts_more))])), Err("value_wrong"));
}

#[test]
fn an_order_beats_a_proposal_that_was_waiting() {
    let mut office = office_at(2029, 6, 1);
    let proposal = office.proposal(vec![destroy(Retention::Operation, "2026-04", "2026-07")]);
    office.act(vec![keep("r11-1", Some(("2026-05", "2026-06")))]).unwrap();
    let approval = office.approval(&proposal, "vice", 2);
    assert_eq!(code_of(office.take(&approval)), Err("preserved"));
    assert!(office.register.all_destroyed().is_empty());
}

#[test]
fn a_signer_reads_what_is_destroyed_and_preserved_in_words() {
    let mut office = office_at(2029, 6, 1);
    let said = |office: &mut Office, change: Change, language| {
        let act = office.draft(vec![change]);
        render(&act, &office.register, language)
    };
    let change = || destroy(Retention::Operation, "2026-04", "2027-04");
    let japanese = said(&mut office, change(), Language::Japanese);
    assert!(
        japanese.contains("稼働状況の記録の内容を廃棄する(令和8年4月分から令和9年3月分まで)。元に戻せません"),
        "{japanese}"
    );
    let english = said(&mut office, change(), Language::English);
    assert!(
        english.contains("destroy the contents of the records of class operation, 2026-04 to 2027-03; this is final"),
        "{english}"
    );
    let one = said(&mut office, destroy(Retention::Access, "2026-04", "2026-05"), Language::Japanese);
    assert!(one.contains("(令和8年4月分)"), "{one}");
    let all = said(&mut office, keep("r11-1", None), Language::Japanese);
    assert!(all.contains("保全命令 r11-1: すべての区分の記録を保全する(すべての月)"), "{all}");
    let lifted = said(&mut office, lift("r11-1"), Language::English);
    assert!(lifted.contains("lift preservation order r11-1"), "{lifted}");
}
