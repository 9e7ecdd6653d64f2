//! Approval in stages (§R3.2), heads of sections (§R3.19), decisions on paper (§R3.20), and what ends a proposal (§R4.9).

use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::id::Code;

use crate::office::*;

/// An office in which operators take two stages: the head of the section, then whoever answers for data. Chiba is head of the residents' section.
fn two_stages() -> Office {
    let mut office = Office::furnished();
    let head = SetPost {
        post: code("jumin-kacho"),
        title: title("住民課長"),
        roles: vec![Role::DataHandlingManager],
        section: Some(code("jumin")),
        keeper: None,
    };
    let hold =
        HoldPost { post: code("jumin-kacho"), operator: code("chiba"), from: office.now, to: None, deputy: false };
    office.approved(vec![Change::Post(head), Change::HoldPost(hold)]).unwrap();
    let route = SetRoute {
        class: Class::Operators,
        proposers: vec![Role::SystemManager],
        stages: vec![vec![Role::DataHandlingManager], vec![Role::DataProtectionManager]],
        distinct: true,
    };
    office.approved(vec![Change::Route(route)]).unwrap();
    office
}

impl Office {
    /// An approval of what lies in `approved`, for the register or, as a stage that is not the last, for the casebook.
    fn stage(&mut self, approved: &[u8], (post, card): (&str, u8), log: Log) -> Vec<u8> {
        let mut act = self.draft(vec![]);
        (act.log, act.post) = (log, Some(code(post)));
        act.proposal = Some(act::Proposal(approved.to_vec()));
        sign_card(&act, card)
    }

    fn says(&mut self, change: Change, (post, card): (&str, u8)) -> Result<Filed, &'static str> {
        let mut act = self.draft(vec![change]);
        (act.log, act.post) = (Log::Casebook, Some(code(post)));
        self.file(&sign_card(&act, card)).map_err(|refusal| refusal.code())
    }
}

const CHIEF: (&str, u8) = ("chief", 1);
const VICE: (&str, u8) = ("vice", 2);
const HEAD: (&str, u8) = ("jumin-kacho", 10);

fn id_of(entry: &[u8]) -> sekisho_wire::id::Hash {
    SignedAct::decode(entry).unwrap().id()
}

#[test]
fn each_stage_approves_in_its_turn_and_the_last_one_takes_effect() {
    let mut office = two_stages();
    let proposal = office.proposal(vec![designate("doi")]);
    office.file(&proposal).unwrap();
    let refused = |office: &mut Office, entry: &[u8]| office.take(entry).unwrap_err().code();
    let early = office.stage(&proposal, VICE, Log::Register);
    assert_eq!(refused(&mut office, &early), "stage_before");
    let early = office.stage(&proposal, VICE, Log::Casebook);
    assert_eq!(office.file(&early).unwrap_err().code(), "stage_before");
    let alone = office.stage(&proposal, HEAD, Log::Register);
    assert_eq!(refused(&mut office, &alone), "approval_needed", "one of two stages");

    let first = office.stage(&proposal, HEAD, Log::Casebook);
    assert_eq!(office.would_file(&first).unwrap(), office.file(&first).unwrap());
    assert_eq!(office.casebook.proposal(&id_of(&proposal)).unwrap().approvals.len(), 1);
    let again = office.stage(&proposal, HEAD, Log::Casebook);
    assert_eq!(office.file(&again).unwrap_err().code(), "stage_taken");
    let same = office.stage(&first, CHIEF, Log::Register);
    assert_eq!(refused(&mut office, &same), "same_person", "the proposer approves no stage");
    let over = office.stage(&first, VICE, Log::Casebook);
    assert_eq!(office.file(&over).unwrap_err().code(), "other_log", "the last stage's is no entry of the casebook");

    let last = office.stage(&first, VICE, Log::Register);
    assert_eq!(office.casebook.may_be_approved(&id_of(&proposal), &id_of(&first)), Ok(()));
    let folded = office.take(&last).unwrap();
    assert_eq!(folded.approved, Some(Approved { proposal: id_of(&proposal), tip: id_of(&first) }));
    assert!(office.register.operator(&code("doi")).is_some());
    let twice = office.stage(&first, VICE, Log::Register);
    assert_eq!(refused(&mut office, &twice), "repeated");
    let text =
        render(SignedAct::decode(&last).unwrap().act(), &office.register, sekisho_wire::words::Language::English);
    assert!(text.contains("--- the approval of the stage before") && text.contains("doi"), "{text}");
}

#[test]
fn who_lost_his_right_between_the_stages_has_approved_nothing() {
    let mut office = two_stages();
    let proposal = office.proposal(vec![designate("doi")]);
    office.file(&proposal).unwrap();
    let first = office.stage(&proposal, HEAD, Log::Casebook);
    office.file(&first).unwrap();
    let effective = office.now;
    office.act(vec![card_state(10, CardState::Suspended, effective)]).unwrap();
    let last = office.stage(&first, VICE, Log::Register);
    assert_eq!(office.take(&last).unwrap_err().code(), "signer_not_current");
    assert!(office.register.operator(&code("doi")).is_none());
}

#[test]
fn s4_6_the_head_of_a_section_acts_for_his_own_alone() {
    let mut office = two_stages();
    let in_zeimu = |operator: &str| {
        let Change::Designate(mut said) = designate(operator) else { unreachable!("it designates") };
        (said.section, said.sections) = (code("zeimu"), vec![code("zeimu")]);
        Change::Designate(said)
    };
    let elsewhere = office.proposal(vec![in_zeimu("endo")]);
    office.file(&elsewhere).unwrap();
    let stage = office.stage(&elsewhere, HEAD, Log::Casebook);
    assert_eq!(office.file(&stage).unwrap_err().code(), "no_route");
    // Nor does he let somebody of another section work here, or one of his own elsewhere, by himself.
    let Change::Designate(mut both) = designate("fuji") else { unreachable!("it designates") };
    both.sections = vec![code("jumin"), code("zeimu")];
    let both = office.proposal(vec![Change::Designate(both)]);
    office.file(&both).unwrap();
    let stage = office.stage(&both, HEAD, Log::Casebook);
    assert_eq!(office.file(&stage).unwrap_err().code(), "no_route");
}

/// A mayor, whose papers the vice keeps, and who alone restores the connection.
fn with_a_mayor() -> Office {
    let mut office = Office::furnished();
    let mayor = SetPost {
        post: code("mayor"),
        title: title("町長"),
        roles: vec![Role::Executive],
        section: None,
        keeper: Some(code("vice")),
    };
    office.approved(vec![Change::Post(mayor)]).unwrap();
    let route = SetRoute {
        class: Class::Connection,
        proposers: vec![Role::SystemManager],
        stages: vec![vec![Role::Executive]],
        distinct: true,
    };
    office.approved(vec![Change::Route(route)]).unwrap();
    office
}

fn paper(office: &Office, days_ago: u32) -> Option<Paper> {
    let decided = calendar::local_day(office.now) - days_ago;
    Some(Paper { post: code("mayor"), document: title("白総第12号"), decided })
}

fn restore() -> Change {
    Change::Connection(SetConnection { state: ConnectionState::Connected, functions: Vec::new(), incident: None })
}

#[test]
fn what_the_mayor_decides_on_paper_the_keeper_of_it_records() {
    let mut office = with_a_mayor();
    let proposal = office.proposal(vec![restore()]);
    office.file(&proposal).unwrap();
    let mut recorded = |by: (&str, u8), paper: Option<Paper>| {
        let mut act = office.draft(vec![]);
        (act.post, act.paper) = (Some(code(by.0)), paper);
        act.proposal = Some(act::Proposal(proposal.clone()));
        office.take(&sign_card(&act, by.1)).map(drop).map_err(|refusal| refusal.code())
    };
    let office_now = with_a_mayor();
    let of = |days_ago| paper(&office_now, days_ago);
    assert_eq!(recorded(VICE, None), Err("no_route"), "in his own name he may not");
    assert_eq!(recorded(CHIEF, of(0)), Err("not_its_keeper"));
    assert_eq!(recorded(VICE, of(31)), Err("value_wrong"), "too old a paper");
    let tomorrow = of(0).map(|paper| Paper { decided: paper.decided + 1, ..paper });
    assert_eq!(recorded(VICE, tomorrow), Err("value_wrong"), "a paper of tomorrow");
    let unknown = of(0).map(|paper| Paper { post: code("governor"), ..paper });
    assert_eq!(recorded(VICE, unknown), Err("unknown"));
    assert_eq!(recorded(VICE, of(2)), Ok(()));
}

#[test]
fn a_post_does_not_keep_its_own_papers() {
    let mut office = Office::furnished();
    let post = |keeper: &str| {
        let roles = vec![Role::Executive];
        Change::Post(SetPost {
            post: code("mayor"),
            title: title("町長"),
            roles,
            section: None,
            keeper: Some(code(keeper)),
        })
    };
    assert_eq!(office.approved(vec![post("mayor")]).unwrap_err().code(), "unknown");
    office.approved(vec![post("vice")]).unwrap();
    assert_eq!(office.approved(vec![post("mayor")]).unwrap_err().code(), "value_wrong");
}

#[test]
fn a_proposal_that_was_refused_or_withdrawn_is_over() {
    let mut office = two_stages();
    let answer = |act, answer, reason: bool| {
        Change::Answer(AnswerAct { act, answer, reason: reason.then_some(NameHash([4; 32])) })
    };
    for (said, by) in [(Answer::Refused, HEAD), (Answer::Withdrawn, CHIEF)] {
        let proposal = office.proposal(vec![designate("doi")]);
        office.file(&proposal).unwrap();
        let id = id_of(&proposal);
        if said == Answer::Refused {
            assert_eq!(office.says(answer(id, said, false), by), Err("reason_missing"));
            // The proposer cannot approve it either.
            assert_eq!(office.says(answer(id, said, true), CHIEF), Err("no_route"));
        } else {
            assert_eq!(office.says(answer(id, said, true), VICE), Err("not_the_proposer"));
        }
        assert!(office.says(answer(id, said, true), by).is_ok());
        assert_eq!(office.says(answer(id, said, true), by), Err("proposal_over"));
        assert_eq!(office.casebook.open_proposals(&office.register, office.now).count(), 0);
        let stage = office.stage(&proposal, HEAD, Log::Casebook);
        assert_eq!(office.file(&stage).unwrap_err().code(), "proposal_over");
        let refusal = office.casebook.may_be_approved(&id, &id).unwrap_err();
        assert_eq!(refusal.code(), "proposal_over", "the ledger takes no approval of it");
    }
}

#[test]
fn what_a_deputy_decided_the_holder_looks_at_and_nobody_else() {
    let mut office = Office::furnished();
    let deputy = HoldPost { post: code("chief"), operator: code("chiba"), from: office.now, to: None, deputy: true };
    office.approved(vec![Change::HoldPost(deputy)]).unwrap();
    let mut act = office.draft(vec![section("koseki", "戸籍課", SectionState::Open)]);
    act.as_deputy = true;
    let entry = sign_card(&act, 10);
    office.take(&entry).unwrap();
    let waiting = |office: &Office| {
        office.casebook.unreviewed(&office.register).map(|(_, decided)| decided.post.clone()).collect::<Vec<Code>>()
    };
    assert_eq!(waiting(&office), [code("chief")]);
    let reviewed = || Change::Answer(AnswerAct { act: id_of(&entry), answer: Answer::Reviewed, reason: None });
    assert_eq!(office.says(reviewed(), VICE), Err("post_not_held"));
    let mut by_himself = office.draft(vec![reviewed()]);
    (by_himself.log, by_himself.as_deputy) = (Log::Casebook, true);
    assert_eq!(office.file(&sign_card(&by_himself, 10)).unwrap_err().code(), "post_not_held");
    assert!(office.says(reviewed(), CHIEF).is_ok());
    assert_eq!(waiting(&office), Vec::<Code>::new());
    assert_eq!(office.says(reviewed(), CHIEF), Err("said_twice"));
}

#[test]
fn who_decided_as_deputy_does_not_look_at_it_once_he_holds_the_post() {
    let mut office = Office::furnished();
    let hold = |office: &Office, operator: &str, deputy| {
        Change::HoldPost(HoldPost { post: code("chief"), operator: code(operator), from: office.now, to: None, deputy })
    };
    let (deputy, holder) = (hold(&office, "chiba", true), hold(&office, "chiba", false));
    office.approved(vec![deputy]).unwrap();
    // What he proposed, and the vice approved, waits once.
    let mut act = office.draft(vec![section("koseki", "戸籍課", SectionState::Open)]);
    (act.log, act.as_deputy) = (Log::Casebook, true);
    let proposal = sign_card(&act, 10);
    office.file(&proposal).unwrap();
    let approval = office.approval(&proposal, "vice", 2);
    office.take(&approval).unwrap();
    // What he wrote into the casebook waits as well.
    let incident = crate::fold::incident("mado-1").with_recipients(&Policy::DEFAULT);
    let mut act = office.draft(vec![Change::Open(Box::new(incident))]);
    (act.log, act.as_deputy) = (Log::Casebook, true);
    let written = sign_card(&act, 10);
    office.file(&written).unwrap();
    office.approved(vec![holder]).unwrap();
    let waiting = |office: &Office| {
        let unreviewed = office.casebook.unreviewed(&office.register);
        let mut acts: Vec<_> = unreviewed.map(|(act, decided)| (*act, decided.operator.to_string())).collect();
        acts.sort();
        acts
    };
    let mut both = [&proposal, &written].map(|entry| (id_of(entry), "chiba".to_owned()));
    both.sort();
    assert_eq!(waiting(&office), both);
    let mine = |office: &Office, operator: &str| {
        let tasks = today::today(&office.register, &office.casebook, office.now).into_iter();
        let reviews = tasks.filter(|task| matches!(task.what, today::Waits::Review { .. }));
        reviews.filter(|task| task.is_for(&code(operator), &office.register, &office.casebook, office.now)).count()
    };
    assert_eq!((mine(&office, "chiba"), mine(&office, "aoki")), (0, 2));
    for entry in [&proposal, &written] {
        let reviewed = || Change::Answer(AnswerAct { act: id_of(entry), answer: Answer::Reviewed, reason: None });
        assert_eq!(office.says(reviewed(), ("chief", 10)), Err("own_decision"));
        assert!(office.says(reviewed(), CHIEF).is_ok());
    }
    assert_eq!(waiting(&office), []);
}

#[test]
fn a_proposal_whose_route_was_shortened_is_withdrawn() {
    let mut office = two_stages();
    let proposal = office.proposal(vec![designate("doi")]);
    office.file(&proposal).unwrap();
    let (id, first) = (id_of(&proposal), office.stage(&proposal, HEAD, Log::Casebook));
    office.file(&first).unwrap();
    for stages in [vec![vec![Role::DataProtectionManager]], vec![]] {
        let mut office = office.clone();
        let route = SetRoute {
            class: Class::Operators,
            proposers: vec![Role::SystemManager],
            stages: stages.clone(),
            distinct: true,
        };
        office.approved(vec![Change::Route(route)]).unwrap();
        let stranded = |office: &Office| {
            let tasks = today::today(&office.register, &office.casebook, office.now);
            let found = tasks.into_iter().find(|task| task.what == today::Waits::Stranded { proposal: id });
            found.map(|task| task.is_for(&code("aoki"), &office.register, &office.casebook, office.now))
        };
        assert_eq!(stranded(&office), Some(true), "its proposer hears of it");
        let proposed = office.casebook.proposal(&id).unwrap();
        let asked = office.register.may_approve_next(proposed, &code("baba"), office.now);
        let refusal = FoldRefusal::RouteShorter { stages: stages.len(), approvals: 2 };
        assert_eq!(asked, Err(refusal.clone()));
        let last = office.stage(&first, VICE, Log::Register);
        assert_eq!(office.take(&last), Err(refusal.clone()));
        let last = office.stage(&first, VICE, Log::Casebook);
        assert_eq!(office.file(&last), Err(refusal));
        // By its bytes the proposal alone could be approved; the ledger knows that a stage has approved it, for two.
        assert_eq!(office.casebook.may_be_approved(&id, &id).map_err(|refusal| refusal.code()), Err("stage_taken"));
        let withdrawn = AnswerAct { act: id, answer: Answer::Withdrawn, reason: None };
        assert!(office.says(Change::Answer(withdrawn), CHIEF).is_ok());
        assert_eq!(stranded(&office), None);
    }
}

/// An office with a spare card, Doi of the residents' section, of which Chiba is the head, and Endo of another.
fn with_a_spare_card() -> Office {
    let mut office = Office::furnished();
    let head = SetPost {
        post: code("jumin-kacho"),
        title: title("住民課長"),
        roles: vec![Role::DataHandlingManager],
        section: Some(code("jumin")),
        keeper: None,
    };
    let hold =
        HoldPost { post: code("jumin-kacho"), operator: code("chiba"), from: office.now, to: None, deputy: false };
    office.approved(vec![Change::Post(head), Change::HoldPost(hold)]).unwrap();
    let zeimu = Designate { section: code("zeimu"), sections: vec![code("zeimu")], ..designation("endo") };
    let spare = IssueCard { kind: CardKind::Spare, operator: None, dormant: true, ..issue(70, None) };
    office.act(vec![Change::Designate(Box::new(zeimu)), designate("doi"), Change::IssueCard(Box::new(spare))]).unwrap();
    office
}

fn lend(operator: &str, from: u64, to: u64) -> Change {
    let (card, operator, reason) = (guid(70), code(operator), code("wasure"));
    Change::ActivateCard(Box::new(ActivateCard { card, operator, profiles: vec![], from, to, reason }))
}

const DAY: u64 = 24 * 60 * 60 * 1000;

#[test]
fn s4_11_5_the_head_of_a_section_takes_no_card_that_another_section_has_on_loan() {
    let mut office = with_a_spare_card();
    let now = office.now;
    let lends = |office: &mut Office, change| {
        let act = Act { post: Some(code(HEAD.0)), ..office.draft(vec![change]) };
        office.take(&sign_card(&act, HEAD.1)).map(drop).map_err(|refusal| refusal.code())
    };
    assert_eq!(lends(&mut office, lend("endo", now, now + DAY)), Err("no_route"), "not one of his own");
    office.act(vec![lend("endo", now + 2 * DAY, now + 4 * DAY)]).unwrap();
    // From when until when he lends it, in days, and whether it would end the loan of the other section.
    for (from, to, free) in [(0, 2, true), (4, 5, true), (0, 3, false), (2, 3, false), (3, 5, false), (1, 6, false)] {
        let said = lends(&mut office.clone(), lend("doi", now + from * DAY, now + to * DAY));
        assert_eq!(said, if free { Ok(()) } else { Err("no_route") }, "{from} to {to}");
    }
    // A loan that was ended before its time is nobody's; and whoever acts for the whole office ends any.
    office.act(vec![lend("doi", now + 2 * DAY, now + 3 * DAY)]).unwrap();
    assert_eq!(lends(&mut office, lend("chiba", now + 2 * DAY, now + 5 * DAY)), Ok(()));
}

#[test]
fn nobody_lends_a_card_for_more_than_a_month_alone() {
    let mut office = with_a_spare_card();
    let (now, month) = (office.now, 31 * DAY);
    let refusal = Err(FoldRefusal::LoanTooLong { card: guid(70), most: 31 });
    let alone = |office: &Office, from, to| office.clone().act(vec![lend("doi", from, to)]).map(drop);
    assert_eq!(alone(&office, now, now + month), Ok(()));
    assert_eq!(alone(&office, now, now + month + 1), refusal);
    assert_eq!(alone(&office, 0, now + month), Ok(()), "no act reaches back");
    assert_eq!(alone(&office, now + DAY, now + DAY + month + 1), refusal);
    let long = vec![lend("doi", now, now + 60 * DAY)];
    let proposal = office.proposal(long);
    office.file(&proposal).unwrap();
    let himself = office.stage(&proposal, CHIEF, Log::Register);
    assert_eq!(office.take(&himself).map(drop), refusal, "whoever approves his own is alone");
    let together = office.stage(&proposal, VICE, Log::Register);
    assert!(office.take(&together).is_ok());
}

#[test]
fn lending_twice_is_no_longer_than_lending_once() {
    let mut office = with_a_spare_card();
    let (now, month) = (office.now, 31 * DAY);
    let alone = |office: &mut Office, who: &str, from, to| {
        office.act(vec![lend(who, from, to)]).map(drop).map_err(|refusal| refusal.code())
    };
    let refused = Err("loan_too_long");
    assert_eq!(alone(&mut office, "doi", now + month, now + month + DAY), refused, "of a time that far ahead");
    alone(&mut office, "doi", now, now + month).unwrap();
    office.now += 20 * DAY;
    for from in [now + 10 * DAY, now + month, now + month + 1, now + month + DAY - 1] {
        assert_eq!(alone(&mut office.clone(), "doi", from, now + month + 10 * DAY), refused, "{from}");
    }
    assert_eq!(alone(&mut office.clone(), "chiba", now + month, now + month + 10 * DAY), Ok(()), "another person");
    // What was ended before its time was given back.
    let mut early = office.clone();
    let then = early.now;
    alone(&mut early, "doi", then, then + 1).unwrap();
    assert_eq!(alone(&mut early, "doi", now + 21 * DAY, now + 51 * DAY), refused, "hardly");
    assert_eq!(alone(&mut early, "doi", now + 21 * DAY + 1, now + 51 * DAY), Ok(()));
    // Given back for a day it is another loan; and what lies between two of them makes them one.
    assert_eq!(alone(&mut office, "doi", now + month + DAY, now + 50 * DAY), Ok(()));
    assert_eq!(alone(&mut office, "doi", now + month, now + month + DAY), refused);
}

#[test]
fn a_loan_is_ended_also_where_none_could_begin() {
    let mut office = with_a_spare_card();
    let now = office.now;
    office.act(vec![lend("doi", now, now + 9 * DAY)]).unwrap();
    let (before, after) = (office.register.size(), office.now + 1);
    let policy = Policy {
        qualified_kinds: vec![CardKind::Spare],
        permitted_classes: vec![Class::Activation],
        ..Policy::default()
    };
    let ended = SetOperatorState {
        operator: code("doi"),
        state: OperatorState::Ended,
        effective: now,
        reason: StateReason::LeftDuty,
    };
    office.act(vec![Change::Policy(SetPolicy { policy }), Change::OperatorState(ended)]).unwrap();
    // The card was spoken of meanwhile, and its loan is to be ended all the same.
    office.act(vec![card_state(70, CardState::Suspended, now)]).unwrap();
    office.now = after;
    let head = |office: &mut Office, change: Change| {
        let seen_root = office.register_at(before).root();
        let post = Some(code(HEAD.0));
        let act = Act { post, seen_size: before, seen_root, ..office.draft(vec![change]) };
        office.take(&sign_card(&act, HEAD.1)).map(drop).map_err(|refusal| refusal.code())
    };
    for (who, from, to) in
        [("doi", after, now + 10 * DAY), ("chiba", after, after + 1), ("doi", now + 9 * DAY, now + 10 * DAY)]
    {
        assert_eq!(head(&mut office, lend(who, from, to)), Err("permit_missing"), "{who}: it gives something");
    }
    let other = |office: &mut Office| {
        let (card, operator, reason) = (guid(70), code("doi"), code("wasure"));
        let lent = ActivateCard { card, operator, profiles: codes(&["p1"]), from: after, to: after + 1, reason };
        head(office, Change::ActivateCard(Box::new(lent)))
    };
    assert_eq!(other(&mut office), Err("permit_missing"), "with other profiles");
    let holder =
        |office: &Office, t| office.register.card(&guid(70)).unwrap().holder(t).map(|had| had.operator.clone());
    assert_eq!(holder(&office, after), Some(code("doi")));
    assert_eq!(head(&mut office, lend("doi", after, after + 1)), Ok(()));
    assert_eq!((holder(&office, after), holder(&office, after + 1)), (Some(code("doi")), None));
    assert_eq!(holder(&office, now + 8 * DAY), None);
}

#[test]
fn what_a_deputy_of_a_post_without_a_card_decided_its_keeper_records_from_paper() {
    use sekisho_register::today::{Task, Waits, today};
    let mut office = crate::cases::town();
    let hold = |operator: &str, deputy| {
        Change::HoldPost(HoldPost { post: code("mayor"), operator: code(operator), from: 0, to: None, deputy })
    };
    office.approved(vec![hold("chiba", true), hold("aoki", true)]).unwrap();
    let decides = |office: &mut Office, card| {
        let incident = crate::fold::incident("mado-1").with_recipients(&Policy::DEFAULT);
        let mut act = office.draft(vec![Change::Open(Box::new(incident))]);
        (act.log, act.post, act.as_deputy) = (Log::Casebook, Some(code("mayor")), true);
        let entry = sign_card(&act, card);
        office.file(&entry).unwrap();
        id_of(&entry)
    };
    let act = decides(&mut office, 10);
    let made = office.now;
    let reviewed = |act| Change::Answer(AnswerAct { act, answer: Answer::Reviewed, reason: None });
    let waiting = |office: &Office| -> Vec<Task> {
        let all = today(&office.register, &office.casebook, office.now);
        all.into_iter().filter(|task| matches!(task.what, Waits::Review { .. })).collect()
    };
    let his = |office: &Office, who: &str| {
        waiting(office).iter().any(|task| task.is_for(&code(who), &office.register, &office.casebook, office.now))
    };
    assert_eq!(waiting(&office).iter().map(|task| task.since).collect::<Vec<_>>(), [made]);
    assert_eq!(["aoki", "baba", "chiba"].map(|who| his(&office, who)), [true, false, false]);
    office.now += 2 * DAY;
    assert_eq!(
        ["aoki", "baba", "chiba"].map(|who| his(&office, who)),
        [true, false, false],
        "no deputy is asked later"
    );
    assert_eq!(office.says(reviewed(act), CHIEF), Err("post_not_held"), "his own post did not decide it");
    let mut early = office.draft(vec![reviewed(act)]);
    let decided = calendar::local_day(made) - 1;
    early.paper = Some(Paper { post: code("mayor"), document: title("白総第12号"), decided });
    early.log = Log::Casebook;
    assert_eq!(office.file(&sign_card(&early, 1)).unwrap_err().code(), "value_wrong", "before it was decided");
    assert_eq!(office.records("mayor", reviewed(act)), Ok(()));
    assert!(waiting(&office).is_empty());
    // What the keeper decided himself as deputy he does not record as looked at.
    let own = decides(&mut office, 1);
    assert!(!his(&office, "aoki"));
    assert_eq!(office.records("mayor", reviewed(own)), Err("own_decision"));
}
