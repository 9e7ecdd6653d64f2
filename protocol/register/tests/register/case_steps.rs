//! Whose a step is, who may not take two of one case, and what the record of a disconnection has to say (§R11.3, §R11.7).

use sekisho_register::cases::Whose;
use sekisho_register::change::*;
use sekisho_register::forms::{Form, WITHDRAWN, incident, stop};
use sekisho_register::today::{Waits, today};
use sekisho_register::*;
use sekisho_wire::id::{Hash, Numbered};

use crate::cases::*;
use crate::office::*;
use crate::recovery::{announce, end, new_keys};

const TOLD: [Role; 3] = [Role::Executive, Role::SecurityCommittee, Role::SystemManager];

fn connection(state: ConnectionState, functions: &[&str]) -> Vec<Change> {
    vec![Change::Connection(SetConnection { state, functions: codes(functions), incident: None })]
}

pub(crate) fn day(office: &Office, days: u32) -> Value {
    Value::Day(calendar::local_day(office.now) + days)
}

impl Office {
    /// The chief stops all, or these functions; gives the act.
    fn stops(&mut self, functions: &[&str]) -> Hash {
        self.act(connection(ConnectionState::Stopped, functions)).unwrap().id
    }

    /// A record of a disconnection that was stopped at once, about the first incident.
    fn record(&mut self) -> CaseId {
        self.record_by(stop::IMMEDIATE)
    }

    fn record_by(&mut self, door: u8) -> CaseId {
        let fields = vec![
            field(stop::DOOR, Value::Choice(door)),
            field(2, Value::Case(first(Form::Incident))),
            field(3, text()),
        ];
        self.writes(open(Form::Disconnection, fields)).unwrap();
        self.casebook.cases_on(Form::Disconnection).last().unwrap().id
    }

    fn names(&mut self, case: CaseId, key: u8, act: Hash) -> Result<(), &'static str> {
        self.writes(step(case, key, vec![field(stop::ACT, Value::Act(act))]))
    }

    /// These were told of a stop.
    fn told_of(&mut self, case: CaseId, roles: &[Role]) -> Result<(), &'static str> {
        let fields = told(self, vec![field(stop::TOLD, Value::Roles(roles.to_vec()))]);
        self.writes(step(case, stop::NOTIFIED, fields))
    }

    fn keeps_nothing(&mut self, case: CaseId) {
        self.writes(step(case, stop::KEPT, vec![field(stop::NO_ORDER, text())])).unwrap();
    }

    fn resolution(&self, case: CaseId) -> Change {
        step(case, stop::RESOLVED, vec![field(1, text()), field(2, text()), field(3, day(self, 0))])
    }

    fn may_reconnect(&self) -> Result<(), &'static str> {
        let again = connection(ConnectionState::Connected, &[]);
        self.casebook.may_reconnect(&self.register, &again).map_err(|refusal| refusal.code())
    }

    /// What the ledger asks, and then the register.
    fn reconnects(&mut self) -> Result<Hash, &'static str> {
        self.may_reconnect()?;
        Ok(self.approved(connection(ConnectionState::Connected, &[])).map_err(|refusal| refusal.code())?.id)
    }

    /// A section's head, with a post of these roles, who signs with this card.
    pub(crate) fn head(&mut self, post: &str, roles: &[Role], section: Option<&str>, card: u8) {
        let operator = format!("head-{card}");
        let mut person = designation(&operator);
        (person.section, person.sections) = (code(section.unwrap_or("jumin")), codes(&[section.unwrap_or("jumin")]));
        let held = HoldPost { post: code(post), operator: code(&operator), from: self.now, to: None, deputy: false };
        let roles = roles.to_vec();
        let post =
            SetPost { post: code(post), title: title("課長"), roles, section: section.map(code), keeper: None };
        let card = Change::IssueCard(Box::new(issue_signing(card, &operator)));
        let changes = vec![Change::Designate(Box::new(person)), Change::Post(post), Change::HoldPost(held), card];
        self.approved(changes).unwrap();
    }
}

/// What every notice says, and to whom.
fn told(office: &Office, to: Vec<Field>) -> Vec<Field> {
    let mut fields = vec![field(2, Value::Moment(office.now)), field(3, text())];
    fields.extend(to);
    fields.sort_by_key(|field| field.key);
    fields
}

fn confirmation(case: CaseId) -> Change {
    step(case, stop::CONFIRMED, vec![field(1, text())])
}

#[test]
fn s1_16_without_a_record_nobody_reconnects_and_each_stop_has_to_stand_in_one() {
    let mut office = town();
    assert_eq!(office.may_reconnect(), Ok(()), "nothing was stopped");
    office.writes(leak(1, &TOLD)).unwrap();
    let stopped = office.stops(&[]);
    assert_eq!(office.may_reconnect(), Err("stop_unrecorded"), "whoever stopped does not connect again alone");
    let proposed = office.proposal(connection(ConnectionState::Connected, &[]));
    assert_eq!(office.file(&proposed).unwrap_err().code(), "stop_unrecorded", "nor does anybody propose it");
    let case = office.record();
    assert_eq!(office.may_reconnect(), Err("stop_unrecorded"), "a record that names no act is about none");
    office.names(case, stop::STOPPED, stopped).unwrap();
    assert_eq!(office.may_reconnect(), Err("step_missing"));
    let resolution = office.resolution(case);
    office.records("board", resolution).unwrap();
    office.records("mayor", confirmation(case)).unwrap();
    assert_eq!(office.may_reconnect(), Ok(()));
    // Something else is stopped before anybody reconnects: what was reported and confirmed did not speak of that.
    office.now += 60_000;
    let more = office.stops(&["inkan"]);
    assert_eq!(office.may_reconnect(), Err("stop_unrecorded"));
    let unrecorded = today(&office.register, &office.casebook, office.now);
    assert!(unrecorded.iter().any(|task| task.what == Waits::StopUnrecorded));
    office.names(case, stop::STOPPED, more).unwrap();
    assert_eq!(office.may_reconnect(), Err("step_missing"), "both keys are turned again");
    assert!(office.waiting(case).contains(&"resolve") && office.waiting(case).contains(&"confirm"));
    assert_eq!(office.records("mayor", confirmation(case)), Err("step_missing"), "the old report does not count");
    let resolution = office.resolution(case);
    assert_eq!(office.records("board", resolution.clone()), Ok(()));
    assert_eq!(office.records("board", resolution), Err("step_taken"));
    assert_eq!(office.records("mayor", confirmation(case)), Ok(()));
    assert!(office.reconnects().is_ok());
}

#[test]
fn s1_16_a_record_that_stayed_open_does_not_serve_the_next_stop() {
    let mut office = town();
    office.writes(leak(1, &TOLD)).unwrap();
    let stopped = office.stops(&[]);
    let case = office.record();
    office.names(case, stop::STOPPED, stopped).unwrap();
    let resolution = office.resolution(case);
    office.records("board", resolution).unwrap();
    office.records("mayor", confirmation(case)).unwrap();
    office.reconnects().unwrap();
    // Nobody closes it, and it happens again.
    office.now += 60_000;
    let again = office.stops(&[]);
    assert_eq!(office.may_reconnect(), Err("stop_unrecorded"));
    office.names(case, stop::STOPPED, again).unwrap();
    assert_eq!(office.may_reconnect(), Err("step_missing"));
    let resolution = office.resolution(case);
    office.records("board", resolution).unwrap();
    office.records("mayor", confirmation(case)).unwrap();
    assert!(office.reconnects().is_ok());
}

#[test]
fn a_record_of_a_stop_names_an_act_that_stopped_and_ends_with_one_that_restored() {
    let mut office = town();
    office.writes(leak(1, &TOLD)).unwrap();
    let something = office.act(vec![section("koseki", "戸籍課", SectionState::Open)]).unwrap().id;
    let stopped = office.stops(&["inkan"]);
    let case = office.record();
    assert_eq!(office.names(case, stop::STOPPED, something), Err("field_wrong"), "an act about a section");
    office.names(case, stop::STOPPED, stopped).unwrap();
    let resolution = office.resolution(case);
    office.records("board", resolution).unwrap();
    office.records("mayor", confirmation(case)).unwrap();
    assert_eq!(office.told_of(case, &[Role::SecurityCommittee]), Ok(()));
    office.keeps_nothing(case);
    for act in [something, stopped] {
        assert_eq!(office.names(case, stop::RECONNECTED, act), Err("field_wrong"));
    }
    let restored = office.reconnects().unwrap();
    assert_eq!(office.names(case, stop::STOPPED, restored), Err("field_wrong"), "that restored");
    office.now += 60_000;
    let again = office.stops(&["juminhyo"]);
    office.names(case, stop::STOPPED, again).unwrap();
    let resolution = office.resolution(case);
    office.records("board", resolution).unwrap();
    office.records("mayor", confirmation(case)).unwrap();
    assert_eq!(office.names(case, stop::RECONNECTED, restored), Err("step_missing"), "nobody was told of that one");
    assert_eq!(office.told_of(case, &[Role::SecurityCommittee]), Ok(()));
    assert_eq!(office.names(case, stop::RECONNECTED, restored), Err("field_wrong"), "before the newest stop");
    let restored = office.reconnects().unwrap();
    assert_eq!(office.names(case, stop::RECONNECTED, restored), Ok(()));
}

#[test]
fn s1_14_1_what_was_stopped_before_the_committee_was_heard_went_through_the_other_door() {
    let mut office = town();
    office.writes(leak(1, &TOLD)).unwrap();
    let early = office.stops(&["inkan"]);
    office.now += 60_000;
    let case = office.record_by(stop::ORDINARY);
    assert_eq!(office.names(case, stop::STOPPED, early), Err("step_missing"), "nobody was heard");
    office.records("board", step(case, stop::HEARD, vec![field(1, text())])).unwrap();
    assert_eq!(office.names(case, stop::STOPPED, early), Err("field_wrong"), "heard afterwards");
    office.now += 60_000;
    let stopped = office.stops(&["juminhyo"]);
    assert_eq!(office.names(case, stop::STOPPED, stopped), Ok(()));
    // The early one has its record as well, of the door that it came through.
    let immediate = office.record();
    assert_eq!(office.names(immediate, stop::STOPPED, early), Ok(()));
}

#[test]
fn s1_14_4_each_who_is_to_be_told_is_told_after_the_stop_and_within_an_hour_of_it() {
    let mut office = town();
    office.writes(leak(1, &TOLD)).unwrap();
    let fields = vec![
        field(stop::DOOR, Value::Choice(stop::IMMEDIATE)),
        field(stop::INCIDENT, Value::Case(first(Form::Incident))),
        field(3, text()),
        field(stop::RECIPIENTS, Value::Roles(vec![Role::Executive, Role::Auditor])),
    ];
    office.writes(open(Form::Disconnection, fields)).unwrap();
    let case = first(Form::Disconnection);
    assert!(!office.waiting(case).contains(&"notify"), "there is nothing to tell yet");
    assert_eq!(office.told_of(case, &[Role::Executive]), Err("step_missing"), "before the stop");
    office.now += 5 * 60 * 60_000;
    let stopped = office.stops(&[]);
    let since = office.now;
    office.now += 30 * 60_000;
    office.names(case, stop::STOPPED, stopped).unwrap();
    let open = |office: &Office| {
        let duties = office.casebook.case(&case).unwrap().duties(&office.register, office.now);
        duties.into_iter().filter(|duty| duty.step.name == "notify").collect::<Vec<_>>()
    };
    let waits = open(&office);
    let to: Vec<_> = waits.iter().map(|duty| duty.to).collect();
    // No post is an auditor's: nobody is waited for.
    assert_eq!(to, [Some(Role::Executive), Some(Role::SecurityCommittee)]);
    assert!(waits.iter().all(|duty| duty.due == Some(since + 60 * 60_000)), "from the stop on");
    assert_eq!(office.writes(step(case, stop::NOTIFIED, told(&office, vec![]))), Err("field_wrong"), "to nobody");
    let outside = vec![field(stop::RECIPIENT, text())];
    assert_eq!(office.writes(step(case, stop::NOTIFIED, told(&office, outside))), Ok(()));
    assert_eq!(open(&office).len(), 2, "the prefecture is not the committee");
    assert_eq!(office.told_of(case, &[Role::SecurityCommittee]), Ok(()));
    assert_eq!(open(&office).len(), 1);
    assert_eq!(office.told_of(case, &[Role::Executive]), Ok(()));
    assert!(open(&office).is_empty());
    // Another stop is told anew.
    office.now += 60_000;
    let more = office.stops(&["inkan"]);
    office.names(case, stop::STOPPED, more).unwrap();
    assert_eq!(open(&office).len(), 2);
}

#[test]
fn s1_14_3_what_is_kept_is_an_order_in_force_or_said_to_be_nothing() {
    let mut office = town();
    office.writes(leak(1, &TOLD)).unwrap();
    let case = office.record();
    let kept = |order: &str| step(case, stop::KEPT, vec![field(stop::ORDER, Value::Code(code(order)))]);
    assert_eq!(office.writes(kept("hozen-1")), Err("field_wrong"), "there is none");
    assert_eq!(office.writes(step(case, stop::KEPT, vec![])), Err("field_wrong"), "neither, nor why not");
    let order = |state: OrderState| {
        let (order, classes) = (code("hozen-1"), vec![]);
        vec![Change::Preserve(Box::new(Preserve { order, state, classes, from: None, to: None, incident: None }))]
    };
    office.act(order(OrderState::Holds)).unwrap();
    assert!(office.waiting(case).contains(&"keep"));
    assert_eq!(office.writes(kept("hozen-1")), Ok(()));
    assert!(!office.waiting(case).contains(&"keep"));
    office.approved(order(OrderState::Lifted)).unwrap();
    assert_eq!(office.writes(kept("hozen-1")), Err("field_wrong"), "it was lifted");
}

#[test]
fn a_stop_for_one_incident_stands_in_the_record_of_no_other() {
    let mut office = town();
    office.writes(leak(1, &TOLD)).unwrap();
    let mut of_another = connection(ConnectionState::Stopped, &[]);
    let Change::Connection(set) = &mut of_another[0] else { unreachable!("it stops") };
    set.incident = Some(Numbered { fiscal_year: 2026, number: 2 });
    let stopped = office.act(of_another.clone()).unwrap().id;
    let case = office.record();
    assert_eq!(office.names(case, stop::STOPPED, stopped), Err("field_wrong"));
    let Change::Connection(set) = &mut of_another[0] else { unreachable!("it stops") };
    set.incident = Some(Numbered { fiscal_year: 2026, number: 1 });
    let stopped = office.act(of_another).unwrap().id;
    assert_eq!(office.names(case, stop::STOPPED, stopped), Ok(()));
}

#[test]
fn an_announced_recovery_is_completed_whatever_record_is_open() {
    let mut office = town();
    office.writes(leak(1, &TOLD)).unwrap();
    let stopped = office.stops(&[]);
    let case = office.record();
    office.names(case, stop::STOPPED, stopped).unwrap();
    let mut changes = connection(ConnectionState::Connected, &[]);
    changes.push(new_keys([33, 34, 35]));
    let announcement = office.recovery_act(vec![announce(changes)], &[30, 31]);
    let announced = office.take(&announcement).unwrap().id;
    office.now += 3 * calendar::DAY_MS;
    let before = office.register.clone();
    let completion = office.recovery_act(vec![end(announced, RecoveryEnd::Completed)], &[30, 31]);
    let changes = office.take(&completion).unwrap().changes;
    assert_eq!(changes.len(), 3, "the end, and what it brings");
    assert_eq!(office.casebook.may_reconnect(&before, &changes), Ok(()));
    assert_eq!(office.casebook.may_reconnect(&before, &changes[1..]).unwrap_err().code(), "step_missing");
}

#[test]
fn s1_16_one_person_turns_one_key_whosever_paper_it_is() {
    let mut office = town();
    // One keeper for both.
    let keeper = Some(code("vice"));
    let mayor =
        SetPost { post: code("mayor"), title: title("町長"), roles: vec![Role::Executive], section: None, keeper };
    office.approved(vec![Change::Post(mayor)]).unwrap();
    office.writes(leak(1, &TOLD)).unwrap();
    let stopped = office.stops(&[]);
    let case = office.record();
    office.names(case, stop::STOPPED, stopped).unwrap();
    let resolution = office.resolution(case);
    office.records("board", resolution).unwrap();
    let mut act = office.draft(vec![confirmation(case)]);
    let decided = calendar::local_day(office.now);
    let paper = Paper { post: code("mayor"), document: title("白総第12号"), decided };
    (act.log, act.post, act.paper) = (Log::Casebook, Some(code("vice")), Some(paper));
    assert_eq!(office.file(&sign_card(&act, 2)).unwrap_err().code(), "step_of_another");
    assert_eq!(office.may_reconnect(), Err("step_missing"));
}

#[test]
fn an_office_without_committee_and_mayor_has_its_officers_turn_the_keys() {
    let mut office = Office::furnished();
    office.writes(leak(1, &TOLD)).unwrap();
    let stopped = office.stops(&[]);
    let case = office.record();
    office.names(case, stop::STOPPED, stopped).unwrap();
    let whose = |office: &Office, key: u8| {
        let step = Form::Disconnection.definition().step(key).unwrap();
        office.casebook.case(&case).unwrap().whose(step, &office.register, office.now)
    };
    let Whose::Roles(officers) = whose(&office, stop::RESOLVED) else { panic!("not roles") };
    assert!(officers.contains(&Role::ChiefSecurityOfficer) && !officers.contains(&Role::SecurityCommittee));
    let resolution = office.resolution(case);
    office.writes(resolution).unwrap();
    assert_eq!(office.writes(confirmation(case)), Err("step_of_another"), "two keys, two persons");
    office.vice_writes(confirmation(case)).unwrap();
    assert!(office.reconnects().is_ok());
    // Once there is a mayor, it is the mayor's.
    let keeper = Some(code("vice"));
    let mayor =
        SetPost { post: code("mayor"), title: title("町長"), roles: vec![Role::Executive], section: None, keeper };
    office.approved(vec![Change::Post(mayor)]).unwrap();
    assert_eq!(whose(&office, stop::CONFIRMED), Whose::Roles(vec![Role::Executive]));
}

#[test]
fn a_training_is_approved_by_another_than_whoever_plans_it_and_waits_for_no_mayor_that_is_not_there() {
    let mut office = Office::furnished();
    let plan = vec![field(1, text()), field(2, day(&office, 3)), field(3, text())];
    office.writes(open(Form::Training, plan)).unwrap();
    let case = first(Form::Training);
    assert_eq!(office.writes(step(case, 1, vec![])), Err("step_of_another"));
    office.vice_writes(step(case, 1, vec![])).unwrap();
    let attended = vec![field(1, Value::Code(code("chiba"))), field(2, day(&office, 0))];
    assert_eq!(office.writes(step(case, 3, attended)), Ok(()));
}

#[test]
fn a_case_is_withdrawn_with_a_reason_until_something_was_decided() {
    let mut office = town();
    office.writes(leak(1, &TOLD)).unwrap();
    let case = office.record();
    let withdrawal = || step(case, WITHDRAWN, vec![field(1, text())]);
    assert_eq!(office.writes(step(case, WITHDRAWN, vec![])), Err("field_wrong"), "no reason");
    assert_eq!(office.writes(withdrawal()), Ok(()));
    assert!(office.casebook.case(&case).unwrap().is_withdrawn());
    assert_eq!(office.waiting(case), Vec::<&str>::new());
    let stopped = office.stops(&[]);
    assert_eq!(office.names(case, stop::STOPPED, stopped), Err("case_over"));
    let another = office.record();
    office.names(another, stop::STOPPED, stopped).unwrap();
    let late = step(another, WITHDRAWN, vec![field(1, text())]);
    assert_eq!(office.writes(late), Err("step_taken"), "what was stopped has its record");
    // An incident ends with its report.
    let reported = step(first(Form::Incident), WITHDRAWN, vec![field(1, text())]);
    assert_eq!(office.writes(reported), Err("not_yours"));
    // Whoever opened it, or a manager: not the head of a section.
    office.head("head", &[Role::TerminalManager], Some("jumin"), 11);
    let asked = vec![field(1, Value::Code(code("jumin"))), field(2, text())];
    office.writes(open(Form::SystemUse, asked.clone())).unwrap();
    let not_his = step(first(Form::SystemUse), WITHDRAWN, vec![field(1, text())]);
    assert_eq!(office.holder_writes("head", 11, not_his), Err("not_yours"));
    office.holder_writes("head", 11, open(Form::SystemUse, asked)).unwrap();
    let second = CaseId { form: Form::SystemUse, number: Numbered { fiscal_year: 2026, number: 2 } };
    assert_eq!(office.holder_writes("head", 11, step(second, WITHDRAWN, vec![field(1, text())])), Ok(()));
}

#[test]
fn s2_15_no_later_judgement_lets_notices_and_the_plan_vanish() {
    let mut office = town();
    let told = [
        Role::ChiefSecurityOfficer,
        Role::Executive,
        Role::SecurityCommittee,
        Role::SystemManager,
        Role::DataProtectionManager,
    ];
    office.writes(leak(3, &told)).unwrap();
    let case = first(Form::Incident);
    let before = office.waiting(case);
    let judged = vec![
        field(incident::CLASS, Value::Choice(incident::FAILURE)),
        field(incident::LEVEL, Value::Choice(1)),
        field(incident::KIND, Value::Code(code("failure"))),
    ];
    office.writes(step(case, incident::JUDGED, judged)).unwrap();
    assert_eq!(office.waiting(case), before);
    assert!(before.contains(&"prevent"));
    let known = office.casebook.case(&case).unwrap();
    assert_eq!(known.judged().map(|(_, level, _)| level), Some(1), "the newest judgement is what is shown");
    assert!(known.is_serious(&office.register) && known.recipients(&office.register).contains(&Role::Executive));
}

#[test]
fn s1_15_2_who_names_nobody_leaves_somebody_out() {
    let mut office = town();
    let Change::Open(mut unnamed) = leak(1, &TOLD) else { unreachable!("it opens a case") };
    unnamed.fields.retain(|field| field.key != incident::RECIPIENTS);
    assert_eq!(unnamed.recipients_asked_for(&Policy::DEFAULT), TOLD);
    assert_eq!(office.writes(Change::Open(unnamed.clone())), Err("recipient_missing"));
    // Programs put them in where nobody named any, so that they are signed.
    assert_eq!(office.writes(Change::Open(Box::new(unnamed.with_recipients(&Policy::DEFAULT)))), Ok(()));
}

#[test]
fn s4_5_6_the_head_of_a_section_writes_of_his_own_section_alone() {
    let mut office = Office::furnished();
    let mut other = designation("doi");
    (other.section, other.sections) = (code("zeimu"), codes(&["zeimu"]));
    office.approved(vec![Change::Designate(Box::new(other))]).unwrap();
    office.head("jumin-head", &[Role::TerminalManager], Some("jumin"), 11);
    office.head("zeimu-head", &[Role::TerminalManager, Role::DataHandlingManager], Some("zeimu"), 12);
    let (from, to) = (day(&office, 1), day(&office, 30));
    let asked = |operator: &str| {
        let fields = vec![
            field(1, Value::Code(code(operator))),
            field(2, text()),
            field(3, Value::Choice(0)),
            field(4, from.clone()),
            field(5, to.clone()),
        ];
        open(Form::CardRequest, fields)
    };
    assert_eq!(office.holder_writes("jumin-head", 11, asked("doi")), Err("not_yours"), "his colleague's");
    assert_eq!(office.holder_writes("jumin-head", 11, asked("chiba")), Ok(()));
    assert_eq!(office.writes(asked("doi")), Ok(()), "for the office");
    let use_of = |section: &str| open(Form::SystemUse, vec![field(1, Value::Code(code(section))), field(2, text())]);
    assert_eq!(office.holder_writes("jumin-head", 11, use_of("zeimu")), Err("not_yours"));
    assert_eq!(office.holder_writes("zeimu-head", 12, use_of("zeimu")), Ok(()));
    // Who took part is written down by the head of his section.
    let plan = vec![field(1, text()), field(2, day(&office, 3)), field(3, text())];
    office.writes(open(Form::Training, plan)).unwrap();
    let training = first(Form::Training);
    office.vice_writes(step(training, 1, vec![])).unwrap();
    let attended = |office: &Office, who: &str| {
        step(training, 3, vec![field(1, Value::Code(code(who))), field(2, day(office, 0))])
    };
    let doi = attended(&office, "doi");
    assert_eq!(office.holder_writes("jumin-head", 11, doi.clone()), Err("not_yours"));
    assert_eq!(office.holder_writes("zeimu-head", 12, doi), Ok(()));
    // A finding about one section is put right by its head, and waits for that one.
    let (past, later) = (day(&office, 0), day(&office, 9));
    let inspection = vec![
        field(1, past.clone()),
        field(2, past.clone()),
        field(3, text()),
        field(4, text()),
        field(7, later.clone()),
    ];
    office.writes(open(Form::Inspection, inspection)).unwrap();
    let inspection = first(Form::Inspection);
    let finding = vec![field(1, text()), field(2, later), field(3, Value::Code(code("zeimu")))];
    office.writes(step(inspection, 1, finding)).unwrap();
    let waits = office.casebook.case(&inspection).unwrap().duties(&office.register, office.now);
    assert!(waits.iter().any(|duty| matches!(&duty.whose, Whose::Section(_, section) if *section == code("zeimu"))));
    let corrected = || step(inspection, 2, vec![field(1, Value::Number(1)), field(2, text()), field(3, past.clone())]);
    assert_eq!(office.holder_writes("jumin-head", 11, corrected()), Err("not_yours"));
    assert_eq!(office.holder_writes("zeimu-head", 12, corrected()), Ok(()));
    // What happens at a terminal of another section anybody reports.
    let report = OpenCase::incident(IncidentClass::Failure, code("failure"), code("mado-1"), None)
        .with_recipients(&Policy::DEFAULT);
    assert_eq!(office.holder_writes("zeimu-head", 12, Change::Open(Box::new(report))), Ok(()));
    // Nothing of a disconnection is one section's.
    let record = vec![
        field(stop::DOOR, Value::Choice(stop::IMMEDIATE)),
        field(2, Value::Case(first(Form::Incident))),
        field(3, text()),
    ];
    assert_eq!(office.holder_writes("zeimu-head", 12, open(Form::Disconnection, record)), Err("not_yours"));
}

#[test]
fn nothing_ends_before_it_began_and_a_witness_is_another() {
    let mut office = Office::furnished();
    let (now, today) = (office.now, day(&office, 0));
    let entry = vec![field(1, text()), field(2, Value::Document(title("白総第3号"))), field(3, Value::Moment(now))];
    office.writes(open(Form::RoomEntry, entry)).unwrap();
    let left = |at| step(first(Form::RoomEntry), 1, vec![field(1, Value::Moment(at))]);
    assert_eq!(office.writes(left(now - 60_000)), Err("field_wrong"));
    assert_eq!(office.writes(left(now)), Ok(()));
    let inspection = |to| {
        let fields = vec![
            field(1, Value::Day(20_000)),
            field(2, Value::Day(to)),
            field(3, text()),
            field(4, text()),
            field(7, today.clone()),
        ];
        open(Form::Inspection, fields)
    };
    assert_eq!(office.writes(inspection(19_999)), Err("field_wrong"));
    assert_eq!(office.writes(inspection(20_000)), Ok(()));
    let medium = vec![field(1, Value::Code(code("m-1"))), field(2, today.clone()), field(3, text())];
    office.writes(open(Form::Medium, medium)).unwrap();
    let disposed = |by: &str, witness: &str| {
        let (by, witness) = (Value::Code(code(by)), Value::Code(code(witness)));
        step(first(Form::Medium), 3, vec![field(1, today.clone()), field(2, text()), field(3, by), field(4, witness)])
    };
    for (by, witness) in [("chiba", "chiba"), ("chiba", "aoki")] {
        assert_eq!(office.writes(disposed(by, witness)), Err("field_wrong"), "{witness} beside {by}, written by aoki");
    }
    assert_eq!(office.writes(disposed("aoki", "chiba")), Ok(()));
}
