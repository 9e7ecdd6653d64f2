//! The name of somebody who left goes once no record may mention him, and not before (§R3.18).

use sekisho_register::act::Proposal;
use sekisho_register::calendar::Month;
use sekisho_register::change::*;
use sekisho_register::policy::RetentionYears;
use sekisho_register::*;
use sekisho_wire::id::*;
use sekisho_wire::record::Retention;
use sekisho_wire::words::Language;

use crate::office::*;
use crate::partners::{GUEST, admitted, partner};
use crate::recovery::{announce, end, new_keys};

fn code_of(result: Result<Folded, FoldRefusal>) -> Result<(), &'static str> {
    result.map(drop).map_err(|refusal| refusal.code())
}

fn erase(operators: &[&str]) -> Vec<Change> {
    vec![Change::EraseNames(EraseNames { operators: codes(operators) })]
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// Those months of every class.
fn destroyed(office: &mut Office, from: &str, to: &str) {
    let destroy = |class| Change::Destroy(Destroy { class, from: month(from), to: month(to) });
    office.approved(retention::CLASSES.map(destroy).to_vec()).unwrap();
}

fn named(operator: &str, salt: u8) -> NameHash {
    NameHash::of(&Salt([salt; 16]), operator)
}

fn working(operator: &str) -> Designate {
    Designate { from: at(2026, 12, 1, 0), ..designation(operator) }
}

/// Keeps everything for a year; from December on doi works there, with card 11, to the end of March.
fn staffed() -> Office {
    let mut office = Office::furnished();
    let retention_years = RetentionYears { access: 1, operation: 1, administration: 1 };
    office.act(vec![Change::Policy(SetPolicy { policy: Policy { retention_years, ..Policy::default() } })]).unwrap();
    office.now = at(2026, 12, 1, 0);
    let card = IssueCard { from: at(2026, 12, 1, 0), ..issue(11, Some("doi")) };
    office.act(vec![Change::Designate(Box::new(working("doi"))), Change::IssueCard(Box::new(card))]).unwrap();
    office
}

/// The same, on the first day on which every month up to May that follows is over.
fn left() -> Office {
    let mut office = staffed();
    office.now = at(2027, 4, 2, 10);
    office.act(vec![card_state(11, CardState::Returned, office.now)]).unwrap();
    office.now = at(2028, 6, 1, 0);
    office
}

#[test]
fn a_name_goes_once_every_month_that_may_mention_him_was_destroyed() {
    let mut office = left();
    let name = named("doi", 9);
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_mentioned"));
    destroyed(&mut office, "2026-12", "2027-05");
    // His card came back in April.
    let refusal = office.approved(erase(&["doi"])).unwrap_err();
    let still =
        FoldRefusal::StillMentioned { operator: code("doi"), class: Retention::Access, month: month("2027-05") };
    assert_eq!(refusal, still);
    assert!(office.register.may_erase(&codes(&["doi"]), office.now).is_err());
    assert!(office.register.name_erased(&name).is_none());
    destroyed(&mut office, "2027-05", "2027-06");
    assert_eq!(office.register.may_erase(&codes(&["doi"]), office.now), Ok(()));
    assert_eq!(code_of(office.act(erase(&["doi"]))), Err("approval_needed"));
    let index = office.approved(erase(&["doi"])).unwrap().index;
    assert_eq!(office.register.name_erased(&name), Some(index));
    assert_eq!(office.register.erased(&code("doi")).map(|erased| erased.index), Some(index));
    assert_eq!(office.register.erased_names().collect::<Vec<_>>(), [(&name, index)]);
    assert!(office.register.erased(&code("chiba")).is_none());
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("name_erased"));
    // What stands in the log stays.
    assert_eq!(office.register.name_hash(&code("doi")), Some(&name));
}

#[test]
fn a_card_is_out_of_his_hands_since_it_came_back_whatever_becomes_of_it_later() {
    let mut office = left();
    // It is disposed of by the office, more than a year after he brought it.
    office.act(vec![card_state(11, CardState::Disposed, office.now)]).unwrap();
    destroyed(&mut office, "2026-12", "2027-06");
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Ok(()));
}

#[test]
fn whoever_was_ended_after_he_was_designated_anew_worked_until_then() {
    let mut office = staffed();
    let until = |to| Designate { to, ..working("doi") };
    office.act(vec![Change::Designate(Box::new(until(at(2036, 4, 1, 0))))]).unwrap();
    office.now = at(2027, 1, 15, 10);
    office.act(vec![card_state(11, CardState::Returned, office.now)]).unwrap();
    office.now = at(2027, 2, 1, 10);
    let anew = Designate { from: office.now, ..until(at(2036, 4, 1, 0)) };
    office.act(vec![Change::Designate(Box::new(anew))]).unwrap();
    office.now = at(2027, 12, 10, 10);
    let ended = SetOperatorState {
        operator: code("doi"),
        state: OperatorState::Ended,
        effective: office.now,
        reason: StateReason::LeftDuty,
    };
    office.act(vec![Change::OperatorState(ended)]).unwrap();
    office.now = at(2029, 6, 1, 0);
    destroyed(&mut office, "2026-12", "2027-04");
    let refusal = office.approved(erase(&["doi"])).unwrap_err();
    assert!(matches!(refusal, FoldRefusal::StillMentioned { month: of, .. } if of == month("2027-04")), "{refusal:?}");
    destroyed(&mut office, "2027-04", "2028-02");
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Ok(()));
}

#[test]
fn what_is_kept_or_preserved_keeps_the_name() {
    let mut office = left();
    office.now -= 1;
    destroyed(&mut office, "2026-12", "2027-05");
    // April's last day is over, May's is not.
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_kept"));
    office.now += 1;
    let order = Preserve {
        order: code("hozen-1"),
        state: OrderState::Holds,
        classes: vec![Retention::Operation],
        from: None,
        to: None,
        incident: None,
    };
    office.act(vec![Change::Preserve(Box::new(order))]).unwrap();
    let one = |class| Change::Destroy(Destroy { class, from: month("2027-05"), to: month("2027-06") });
    office.approved(vec![one(Retention::Access), one(Retention::Administration)]).unwrap();
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("preserved"));
}

#[test]
fn whoever_is_designated_or_has_a_card_keeps_his_name() {
    let mut office = staffed();
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_designated"));
    assert_eq!(code_of(office.approved(erase(&["nobody"]))), Err("unknown"));
    // Who signs is designated.
    assert_eq!(code_of(office.approved(erase(&["aoki"]))), Err("still_designated"));
    let later = Designate { from: at(2029, 4, 1, 0), to: at(2030, 4, 1, 0), ..designation("doi") };
    office.act(vec![Change::Designate(Box::new(later))]).unwrap();
    office.now = at(2028, 6, 1, 0);
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_designated"), "it is to come");
    let ended = SetOperatorState {
        operator: code("doi"),
        state: OperatorState::Suspended,
        effective: office.now,
        reason: StateReason::LeftDuty,
    };
    office.act(vec![Change::OperatorState(ended.clone())]).unwrap();
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_designated"), "a block is not an end");
    office.act(vec![Change::OperatorState(SetOperatorState { state: OperatorState::Ended, ..ended })]).unwrap();
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("card_out"), "it expired, and nobody brought it back");
    office.act(vec![card_state(11, CardState::Revoked, office.now)]).unwrap();
    // What never began does not count, the card's end does.
    destroyed(&mut office, "2026-12", "2027-06");
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_kept"));
}

#[test]
fn a_spare_card_is_back_when_its_time_is_over() {
    let mut office = left();
    let mut lent = staffed();
    let spare =
        IssueCard { kind: CardKind::Spare, dormant: true, operator: None, to: at(2030, 4, 1, 0), ..issue(12, None) };
    for office in [&mut office, &mut lent] {
        let activate = ActivateCard {
            card: guid(12),
            operator: code("doi"),
            profiles: vec![],
            from: office.now,
            to: office.now + 3_600_000,
            reason: code("wasure"),
        };
        let changes = vec![Change::IssueCard(Box::new(spare.clone())), Change::ActivateCard(Box::new(activate))];
        office.act(changes).unwrap();
    }
    destroyed(&mut office, "2026-12", "2027-06");
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("card_out"));
    office.now += 3_600_000;
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_kept"), "he worked with it until now");
    lent.act(vec![card_state(11, CardState::Returned, lent.now + 5_000_000)]).unwrap();
    lent.now = at(2028, 6, 1, 0);
    destroyed(&mut lent, "2026-12", "2027-05");
    assert_eq!(code_of(lent.approved(erase(&["doi"]))), Ok(()));
}

#[test]
fn all_his_names_go_and_one_that_went_is_nobody_s_any_more() {
    let mut office = staffed();
    let married = Designate { name: named("endo", 7), ..working("doi") };
    office.act(vec![Change::Designate(Box::new(married.clone()))]).unwrap();
    office.act(vec![card_state(11, CardState::Returned, office.now)]).unwrap();
    office.now = at(2028, 6, 1, 0);
    destroyed(&mut office, "2026-12", "2027-06");
    office.approved(erase(&["doi"])).unwrap();
    assert!([named("doi", 9), named("endo", 7)].iter().all(|name| office.register.name_erased(name).is_some()));
    // Under the same code he comes back with his name given anew.
    let again = |name| Designate { name, from: office.now, to: at(2029, 4, 1, 0), ..working("doi") };
    let (same, other) = (again(named("endo", 7)), again(named("endo", 8)));
    let somebody = Designate { operator: code("fujita"), ..same.clone() };
    for designate in [same, somebody] {
        assert_eq!(code_of(office.act(vec![Change::Designate(Box::new(designate))])), Err("name_erased"));
    }
    office.act(vec![Change::Designate(Box::new(other))]).unwrap();
    assert!(office.register.name_erased(office.register.name_hash(&code("doi")).unwrap()).is_none());
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_designated"));
}

#[test]
fn operators_are_ascending_and_go_with_everybody_who_has_the_same_name_in_the_register() {
    let mut office = staffed();
    let second = Designate { operator: code("endo"), ..working("doi") };
    office.act(vec![Change::Designate(Box::new(second))]).unwrap();
    office.act(vec![card_state(11, CardState::Returned, office.now)]).unwrap();
    office.now = at(2028, 6, 1, 0);
    destroyed(&mut office, "2026-12", "2027-05");
    for wrong in [&[][..], &["endo", "doi"], &["doi", "doi"], &["doi"]] {
        assert_eq!(code_of(office.approved(erase(wrong))), Err("value_wrong"), "{wrong:?}");
    }
    assert_eq!(code_of(office.approved(erase(&["doi", "endo"]))), Ok(()));
}

#[test]
fn who_came_from_another_office_took_his_card_along() {
    let mut office = staffed();
    office.approved(vec![Change::Partner(Box::new(partner())), admitted(GUEST, "guest")]).unwrap();
    office.now = at(2028, 6, 1, 0);
    destroyed(&mut office, "2026-12", "2027-05");
    // He was there in December, by the dates of his admission in no later month than March.
    assert_eq!(code_of(office.approved(erase(&["guest"]))), Ok(()));
}

#[test]
fn what_waited_for_approval_brings_no_name_back() {
    let mut office = left();
    destroyed(&mut office, "2026-12", "2027-06");
    let back = Designate { name: named("doi", 3), from: office.now, to: at(2029, 4, 1, 0), ..working("doi") };
    let proposal = office.proposal(vec![Change::Designate(Box::new(back))]);
    office.approved(erase(&["doi"])).unwrap();
    let approval = office.approval(&proposal, "vice", 2);
    assert_eq!(code_of(office.take(&approval)), Err("changed_since"));
}

#[test]
fn who_is_announced_keeps_his_name_and_one_that_was_announced_goes_with_the_others() {
    let mut office = left();
    destroyed(&mut office, "2026-12", "2027-06");
    let back = Designate { name: named("doi", 3), from: office.now, to: at(2029, 4, 1, 0), ..working("doi") };
    let announcement = announce(vec![Change::Designate(Box::new(back)), new_keys([33, 34, 35])]);
    let entry = office.recovery_act(vec![announcement], &[30, 31]);
    let announced = office.take(&entry).unwrap().id;
    assert_eq!(code_of(office.approved(erase(&["doi"]))), Err("still_designated"));
    office.act(vec![end(announced, RecoveryEnd::Objected)]).unwrap();
    office.approved(erase(&["doi"])).unwrap();
    assert!(office.register.name_erased(&named("doi", 3)).is_some());
}

#[test]
fn nobody_erases_by_a_proposal_of_a_clerk_and_a_stored_register_says_the_same() {
    let mut office = left();
    destroyed(&mut office, "2026-12", "2027-06");
    let mut act = office.draft(vec![]);
    act.proposal = Some(Proposal(office.proposal(erase(&["doi"]))));
    assert_eq!(code_of(office.take(&sign_card(&act, 1))), Err("same_person"));
    office.approved(erase(&["doi"])).unwrap();
    let mut stored = Register::new();
    for entry in &office.entries {
        let concluded = Concluded::of(&stored.clone().fold(entry));
        let _ = stored.fold_stored(entry, concluded);
    }
    assert!(stored.erased_names().eq(office.register.erased_names()));
    assert_eq!(stored.all_erased(), office.register.all_erased());
}

#[test]
fn a_signer_reads_that_it_is_final() {
    let mut office = left();
    let act = office.draft(erase(&["chiba", "doi"]));
    let said = |language| render(&act, &office.register, language);
    assert!(
        said(Language::Japanese).contains("操作者 chiba、doi の氏名をすべて消去する。元に戻せません"),
        "{}",
        said(Language::Japanese)
    );
    assert!(said(Language::English).contains("erase every name of operators chiba, doi; this is final"));
    for language in [Language::Japanese, Language::English] {
        let refusal = office.register.may_erase(&codes(&["doi"]), office.now).unwrap_err();
        assert!(refusal.text(language).contains("doi") && !refusal.next_step(language).is_empty());
    }
}
