//! Forms, cases and what waits (§R11).

use sekisho_register::cases::Whose;
use sekisho_register::change::*;
use sekisho_register::forms::{Form, incident};
use sekisho_register::incidents::{OwnKind, Severity};
use sekisho_register::today::{Waits, today};
use sekisho_register::*;
use sekisho_wire::id::{Code, Numbered};

use crate::office::*;

pub(crate) fn field(key: u8, value: Value) -> Field {
    Field { key, value }
}

pub(crate) fn text() -> Value {
    Value::Text(NameHash([7; 32]))
}

pub(crate) fn open(form: Form, fields: Vec<Field>) -> Change {
    Change::Open(Box::new(OpenCase { form, fields }))
}

pub(crate) fn step(case: CaseId, step: u8, fields: Vec<Field>) -> Change {
    Change::Step(Box::new(TakeStep { case, step, fields }))
}

pub(crate) fn first(form: Form) -> CaseId {
    CaseId { form, number: Numbered { fiscal_year: 2026, number: 1 } }
}

impl Office {
    /// The chief writes it into the casebook.
    pub(crate) fn writes(&mut self, change: Change) -> Result<(), &'static str> {
        let mut act = self.draft(vec![change]);
        act.log = Log::Casebook;
        self.file(&sign_card(&act, 1)).map(drop).map_err(|refusal| refusal.code())
    }

    /// The vice writes it into the casebook.
    pub(crate) fn vice_writes(&mut self, change: Change) -> Result<(), &'static str> {
        self.holder_writes("vice", 2, change)
    }

    /// Who holds this post, with this card, writes it into the casebook.
    pub(crate) fn holder_writes(&mut self, post: &str, card: u8, change: Change) -> Result<(), &'static str> {
        let mut act = self.draft(vec![change]);
        (act.log, act.post) = (Log::Casebook, Some(code(post)));
        self.file(&sign_card(&act, card)).map(drop).map_err(|refusal| refusal.code())
    }

    /// The keeper records for this post what it decided on paper: the chief for the mayor, the vice for the others.
    pub(crate) fn records(&mut self, post: &str, change: Change) -> Result<(), &'static str> {
        let mut act = self.draft(vec![change]);
        let decided = calendar::local_day(self.now);
        let paper = Paper { post: code(post), document: title("白総第12号"), decided };
        let (keeper, card) = if post == "mayor" { ("chief", 1) } else { ("vice", 2) };
        (act.log, act.post, act.paper) = (Log::Casebook, Some(code(keeper)), Some(paper));
        self.file(&sign_card(&act, card)).map(drop).map_err(|refusal| refusal.code())
    }

    /// The steps that wait, by the name of the step.
    pub(crate) fn waiting(&self, case: CaseId) -> Vec<&'static str> {
        let duties = self.casebook.case(&case).unwrap().duties(&self.register, self.now);
        duties.iter().map(|duty| duty.step.name).collect()
    }
}

/// An office with a mayor, whose papers the chief keeps, and a committee, whose the vice keeps.
pub(crate) fn town() -> Office {
    let mut office = Office::furnished();
    let posts = [("mayor", "町長", Role::Executive, "chief"), ("board", "委員会", Role::SecurityCommittee, "vice")];
    for (post, name, role, keeper) in posts {
        let keeper = Some(code(keeper));
        let post = SetPost { post: code(post), title: title(name), roles: vec![role], section: None, keeper };
        office.approved(vec![Change::Post(post)]).unwrap();
    }
    office
}

pub(crate) fn leak(level: u8, recipients: &[Role]) -> Change {
    open(
        Form::Incident,
        vec![
            field(incident::CLASS, Value::Choice(incident::MISUSE)),
            field(incident::LEVEL, Value::Choice(level)),
            field(incident::KIND, Value::Code(code("leak"))),
            field(incident::RECIPIENTS, Value::Roles(recipients.to_vec())),
            field(7, text()),
        ],
    )
}

#[test]
fn s1_15_2_a_leak_is_told_to_mayor_and_committee_or_not_written_down() {
    let mut office = town();
    let all = [Role::Executive, Role::SecurityCommittee, Role::SystemManager];
    for lacking in 0..all.len() {
        let mut named = all.to_vec();
        named.remove(lacking);
        assert_eq!(office.writes(leak(1, &named)), Err("recipient_missing"), "{named:?}");
    }
    assert_eq!(office.writes(leak(1, &all)), Ok(()));
    let case = first(Form::Incident);
    assert_eq!(office.waiting(case), ["acknowledge", "acknowledge", "acknowledge", "report"]);
    let due: Vec<_> = office.casebook.case(&case).unwrap().duties(&office.register, office.now);
    assert_eq!(due[0].due, Some(office.now + 60 * 60 * 1000), "within the hour");
    assert_eq!(due[0].whose, Whose::Roles(vec![Role::Executive]));
    // Closing waits for everything that has to be done.
    assert_eq!(office.writes(step(case, 7, vec![])), Err("step_missing"));
    assert_eq!(office.writes(step(case, incident::ACKNOWLEDGED, vec![])), Ok(()), "for the system manager");
    assert_eq!(office.records("mayor", step(case, incident::ACKNOWLEDGED, vec![])), Ok(()));
    assert_eq!(office.records("board", step(case, incident::ACKNOWLEDGED, vec![])), Ok(()));
    assert_eq!(office.waiting(case), ["report"]);
    let report = (1..=4).map(|key| field(key, text())).collect::<Vec<_>>();
    assert_eq!(office.writes(step(case, 5, report[..3].to_vec())), Err("field_wrong"), "no damage");
    assert_eq!(office.writes(step(case, 5, report)), Ok(()));
    assert_eq!(office.waiting(case), ["close"]);
    assert_eq!(office.writes(step(case, 7, vec![])), Ok(()));
    assert_eq!(office.waiting(case), Vec::<&str>::new());
    assert_eq!(office.writes(step(case, 4, vec![field(1, text())])), Err("case_over"));
}

#[test]
fn an_office_whose_rules_know_no_committee_waits_for_none() {
    let mut office = Office::furnished();
    let all = [Role::Executive, Role::SecurityCommittee, Role::SystemManager];
    office.writes(leak(1, &all)).unwrap();
    assert_eq!(office.waiting(first(Form::Incident)), ["acknowledge", "report"], "the system manager's alone");
    // Once there is a committee, it hears of what is open.
    let keeper = Some(code("vice"));
    let roles = vec![Role::SecurityCommittee];
    let post = SetPost { post: code("board"), title: title("委員会"), roles, section: None, keeper };
    office.approved(vec![Change::Post(post)]).unwrap();
    assert_eq!(office.waiting(first(Form::Incident)), ["acknowledge", "acknowledge", "report"]);
}

#[test]
fn s2_15_3_a_serious_incident_is_not_closed_without_a_plan() {
    let mut office = town();
    let told = [
        Role::ChiefSecurityOfficer,
        Role::Executive,
        Role::SecurityCommittee,
        Role::SystemManager,
        Role::DataProtectionManager,
    ];
    assert_eq!(
        office.writes(leak(3, &told[1..])),
        Err("recipient_missing"),
        "who answers for security has to hear of it"
    );
    office.writes(leak(3, &told)).unwrap();
    assert!(office.waiting(first(Form::Incident)).contains(&"prevent"));
}

#[test]
fn s1_15_2_a_kind_that_nobody_declared_is_none_and_a_declared_one_is_as_grave_as_declared() {
    let mut office = town();
    let reported = |kind: &str, told: &[Role]| {
        let Change::Open(mut open) = leak(1, told) else { unreachable!("it opens a case") };
        open.fields[2].value = Value::Code(code(kind));
        Change::Open(open)
    };
    let manager = [Role::SystemManager];
    let all = [Role::Executive, Role::SecurityCommittee, Role::SystemManager];
    assert_eq!(office.writes(reported("rouei", &manager)), Err("field_wrong"), "mistyped");
    let own = |severity| OwnKind { code: code("gosoufu"), title: title("誤送付"), severity };
    let declares = |severity| {
        let policy = Policy { incident_kinds: vec![own(severity)], ..Policy::default() };
        vec![Change::Policy(SetPolicy { policy })]
    };
    office.act(declares(Severity::Grave)).unwrap();
    office.now += 60_000;
    assert_eq!(office.writes(reported("gosoufu", &manager)), Err("recipient_missing"));
    assert_eq!(office.writes(reported("gosoufu", &all)), Ok(()));
    let case = first(Form::Incident);
    assert_eq!(office.waiting(case), ["acknowledge", "acknowledge", "acknowledge", "report"]);
    // Another policy lets no duty vanish, and does not make the old case a serious one.
    for policy in [declares(Severity::Ordinary), declares(Severity::Gravest)] {
        office.now += 60_000;
        office.act(policy).unwrap();
        assert_eq!(office.waiting(case), ["acknowledge", "acknowledge", "acknowledge", "report"]);
    }
    let told = [Role::ChiefSecurityOfficer, all[0], all[1], all[2], Role::DataProtectionManager];
    office.now += 60_000;
    assert_eq!(office.writes(reported("gosoufu", &all)), Err("recipient_missing"));
    assert_eq!(office.writes(reported("gosoufu", &told)), Ok(()));
    let second = office.casebook.cases_on(Form::Incident).last().unwrap().id;
    assert!(office.waiting(second).contains(&"prevent"));
    // What every office calls a leak no office makes harmless.
    let leak = OwnKind { code: code("leak"), ..own(Severity::Ordinary) };
    let policy = Policy { incident_kinds: vec![leak], ..Policy::default() };
    assert!(office.act(vec![Change::Policy(SetPolicy { policy })]).is_err());
}

#[test]
fn what_a_panel_reports_is_told_to_those_whom_the_kind_asks_for_and_judged_by_people() {
    let mut office = town();
    let report = OpenCase::incident(IncidentClass::Misuse, code("leak"), code("mado-1"), None);
    let mut act = office.draft(vec![Change::Open(Box::new(report))]);
    (act.post, act.log) = (None, Log::Casebook);
    office.file(&sign_edwards(&act, sekisho_wire::cose::Signer::Terminal(code("mado-1")), TERMINAL_SEED)).unwrap();
    let case = first(Form::Incident);
    assert_eq!(office.waiting(case), ["acknowledge", "acknowledge", "acknowledge", "judge", "report"]);
    let judged = |level| {
        let fields = vec![
            field(incident::CLASS, Value::Choice(incident::FAILURE)),
            field(incident::LEVEL, Value::Choice(level)),
            field(incident::KIND, Value::Code(code("failure"))),
        ];
        step(case, incident::JUDGED, fields)
    };
    assert_eq!(office.writes(judged(0)), Err("field_wrong"), "whoever judges says how grave it is");
    office.writes(judged(1)).unwrap();
    let waiting = ["acknowledge", "acknowledge", "acknowledge", "report"];
    assert_eq!(office.waiting(case), waiting, "who was told of a leak hears that it was none");
}

#[test]
fn a_form_takes_what_it_asks_for_and_nothing_else() {
    let mut office = town();
    let (now, day) = (office.now, calendar::local_day(office.now));
    let entry = |fields: Vec<Field>| open(Form::RoomEntry, fields);
    let name = || field(1, text());
    let permission = || field(2, Value::Document(title("白総第3号")));
    let at = |moment| field(3, Value::Moment(moment));
    for (fields, what) in [
        (vec![name(), permission()], "nobody went in"),
        (vec![name(), at(now), permission()], "fields out of order"),
        (vec![name(), permission(), at(now), field(9, text())], "a field that the form does not have"),
        (vec![field(1, Value::Number(3)), permission(), at(now)], "a number for a name"),
        (vec![name(), permission(), at(now + 60 * 60 * 1000)], "an entry of tomorrow"),
        (vec![name(), permission(), at(now), field(4, Value::Code(code("nobody")))], "an attendant who is not known"),
    ] {
        assert_eq!(office.writes(entry(fields)), Err("field_wrong"), "{what}");
    }
    assert_eq!(office.writes(entry(vec![name(), permission(), at(now)])), Ok(()));
    let case = first(Form::RoomEntry);
    assert_eq!(office.waiting(case), ["left"]);
    let tomorrow = vec![field(1, Value::Choice(1)), field(2, Value::Day(day + 1)), field(3, Value::Choice(1))];
    assert_eq!(office.writes(open(Form::Confirmation, tomorrow)), Err("field_wrong"));
    assert_eq!(office.writes(step(first(Form::Visitor), 1, vec![])), Err("case_unknown"));
    assert_eq!(office.writes(step(case, 9, vec![])), Err("not_yours"));
    assert_eq!(office.writes(step(case, 1, vec![field(1, Value::Moment(now))])), Ok(()));
    assert_eq!(office.writes(step(case, 1, vec![field(1, Value::Moment(now))])), Err("step_taken"));
}

#[test]
fn s1_16_nothing_is_connected_again_before_the_report_and_the_confirmation() {
    let mut office = town();
    office.writes(leak(1, &[Role::Executive, Role::SecurityCommittee, Role::SystemManager])).unwrap();
    let stop = SetConnection { state: ConnectionState::Stopped, functions: Vec::new(), incident: None };
    office.act(vec![Change::Connection(stop)]).unwrap();
    let stopped = SignedAct::decode(office.entries.last().unwrap()).unwrap().id();
    let waits = |office: &Office| {
        today(&office.register, &office.casebook, office.now).iter().any(|task| task.what == Waits::StopUnrecorded)
    };
    assert!(waits(&office), "somebody has to write it down and tell");
    let fields = vec![field(1, Value::Choice(1)), field(2, Value::Case(first(Form::Incident))), field(3, text())];
    office.writes(open(Form::Disconnection, fields)).unwrap();
    let case = first(Form::Disconnection);
    office.writes(step(case, 2, vec![field(1, Value::Act(stopped))])).unwrap();
    assert!(!waits(&office));
    assert!(office.waiting(case).contains(&"notify"), "who was told, when, and what");
    let again = || {
        vec![Change::Connection(SetConnection {
            state: ConnectionState::Connected,
            functions: Vec::new(),
            incident: None,
        })]
    };
    let may =
        |office: &Office| office.casebook.may_reconnect(&office.register, &again()).map_err(|refusal| refusal.code());
    assert_eq!(may(&office), Err("step_missing"));
    let confirms = |office: &mut Office| office.records("mayor", step(case, 5, vec![field(1, text())]));
    assert_eq!(confirms(&mut office), Err("step_missing"), "the committee reports first");
    let on = Value::Day(calendar::local_day(office.now));
    let resolved = || step(case, 4, vec![field(1, text()), field(2, text()), field(3, on.clone())]);
    assert_eq!(office.writes(resolved()), Err("not_yours"), "the system manager is no committee");
    assert_eq!(office.records("board", resolved()), Ok(()));
    assert_eq!(may(&office), Err("step_missing"), "the mayor has not confirmed it");
    assert_eq!(confirms(&mut office), Ok(()));
    assert_eq!(may(&office), Ok(()));
    office.act(again()).unwrap();
}

#[test]
fn what_waits_names_cards_people_terminals_and_days() {
    let mut office = town();
    let kinds = |office: &Office| {
        let tasks = today(&office.register, &office.casebook, office.now);
        tasks.into_iter().map(|task| task.what).collect::<Vec<_>>()
    };
    let operator = || code("chiba");
    assert!(!kinds(&office).iter().any(|what| matches!(what, Waits::Unreturned { .. })));
    // Chiba's designation ends with the fiscal year.
    office.now = at(2027, 3, 10, 10);
    assert!(
        kinds(&office).iter().any(|what| matches!(what, Waits::Unrenewed { operator: who, .. } if *who == operator()))
    );
    office.now = at(2027, 4, 2, 10);
    assert!(
        kinds(&office).iter().any(|what| matches!(what, Waits::Unreturned { operator: who, .. } if *who == operator()))
    );
    let policy = Policy { confirmations: vec![1], ..Policy::default() };
    office.act(vec![Change::Policy(SetPolicy { policy })]).unwrap();
    office.now += 3 * calendar::DAY_MS;
    let day = calendar::local_day(office.now);
    let confirmed = |day| vec![field(1, Value::Choice(1)), field(2, Value::Day(day)), field(3, Value::Choice(1))];
    office.writes(open(Form::Confirmation, confirmed(day - 3))).unwrap();
    office.writes(open(Form::Confirmation, confirmed(day - 1))).unwrap();
    let days: Vec<u32> = kinds(&office)
        .iter()
        .filter_map(|what| if let Waits::Unconfirmed { day, .. } = what { Some(*day) } else { None })
        .collect();
    assert_eq!(days, [day - 2]);
    let me: Code = code("aoki");
    let mine = |task: &sekisho_register::today::Task| task.is_for(&me, &office.register, &office.casebook, office.now);
    assert!(today(&office.register, &office.casebook, office.now).iter().any(mine));
}

#[test]
fn what_waits_for_the_holder_of_a_post_is_his_deputy_s_after_an_hour() {
    let mut office = Office::furnished();
    let mayor = vec![Role::Executive];
    let mayor = SetPost { post: code("mayor"), title: title("町長"), roles: mayor, section: None, keeper: None };
    let board = vec![Role::SecurityCommittee];
    let board = SetPost { post: code("board"), title: title("委員"), roles: board, section: None, keeper: None };
    office.approved(vec![Change::Post(mayor), Change::Post(board)]).unwrap();
    let hold = |operator: &str, deputy: bool, from: u64| {
        Change::HoldPost(HoldPost { post: code("mayor"), operator: code(operator), from, to: None, deputy })
    };
    office.approved(vec![hold("aoki", false, office.now), hold("baba", true, office.now)]).unwrap();
    office.writes(leak(1, &[Role::Executive, Role::SecurityCommittee, Role::SystemManager])).unwrap();
    let told = Whose::Roles(vec![Role::Executive]);
    let sees = |office: &Office, who: &str| {
        let all = today(&office.register, &office.casebook, office.now);
        let mut its = all.iter().filter(|task| task.whose == told);
        its.any(|task| task.is_for(&code(who), &office.register, &office.casebook, office.now))
    };
    let hour = 60 * 60 * 1000;
    let opened = office.now;
    assert!(sees(&office, "aoki") && !sees(&office, "baba"), "he is asked first");
    office.now = opened + hour - 1;
    assert!(!sees(&office, "baba"));
    office.now = opened + hour;
    assert!(sees(&office, "aoki") && sees(&office, "baba"));
    // Nobody waits an hour for a chair that is empty.
    office.now = opened + 1;
    let leave = LeavePost { post: code("mayor"), operator: code("aoki"), effective: office.now };
    office.approved(vec![Change::LeavePost(leave)]).unwrap();
    assert!(!sees(&office, "aoki") && sees(&office, "baba"));
}

#[test]
fn a_call_of_which_others_have_to_hear_ends_with_the_incident_that_came_of_it() {
    let mut office = town();
    let fields = |office: &Office, level: u8| {
        let texts = [2, 3, 4].map(|key| field(key, text()));
        let levels = [field(5, Value::Choice(incident::MISUSE)), field(6, Value::Choice(level))];
        [&[field(1, Value::Moment(office.now))][..], &texts, &levels].concat()
    };
    let close = |case: CaseId, fields: Vec<Field>| TakeStep { case, step: 1, fields };
    let mut calls = Vec::new();
    for (number, (level, ends)) in
        (1..).zip([(0, Err("field_wrong")), (1, Ok(())), (2, Err("field_wrong")), (3, Err("field_wrong"))])
    {
        let fields = fields(&office, level);
        office.writes(open(Form::EmergencyCall, fields)).unwrap();
        let case = CaseId { form: Form::EmergencyCall, number: Numbered { fiscal_year: 2026, number } };
        // It is said before anybody is asked for a PIN, too.
        let wrong = office.casebook.wrong_to_step(&office.register, &close(case, vec![]), office.now);
        let named: Vec<&str> = wrong.iter().map(|wrong| wrong.name).collect();
        assert_eq!(named, if ends.is_ok() { vec![] } else { vec!["incident"] }, "level {level}");
        assert_eq!(office.writes(step(case, 1, vec![])), ends, "level {level}");
        calls.push(case);
    }
    office.writes(leak(1, &[Role::Executive, Role::SecurityCommittee, Role::SystemManager])).unwrap();
    let came = Value::Case(first(Form::Incident));
    office.writes(step(calls[0], 1, vec![field(1, came.clone())])).unwrap();
    // Or the call named it at once.
    let fields = [fields(&office, 3), vec![field(7, came)]].concat();
    office.writes(open(Form::EmergencyCall, fields)).unwrap();
    let last = CaseId { form: Form::EmergencyCall, number: Numbered { fiscal_year: 2026, number: 5 } };
    office.writes(step(last, 1, vec![])).unwrap();
}
