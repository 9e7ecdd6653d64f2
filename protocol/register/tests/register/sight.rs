//! What the head of a section is shown of acts and cases that are not his section's alone (§R12).

use std::collections::BTreeSet;

use sekisho_register::change::*;
use sekisho_register::forms::{Form, incident};
use sekisho_register::*;
use sekisho_wire::id::{Code, Numbered, Salt};

use crate::cases::{field, first, open, step};
use crate::office::*;

/// Chiba heads the residents' section; endo belongs to the tax section, which has a post of its own and a terminal.
fn with_heads() -> Office {
    let mut office = Office::furnished();
    let post = |post: &str, roles: &[Role], section: Option<&str>| {
        let (post, title) = (code(post), title("課長"));
        Change::Post(SetPost { post, title, roles: roles.to_vec(), section: section.map(code), keeper: None })
    };
    let (operator, from) = (code("chiba"), office.now);
    let hold = HoldPost { post: code("jumin-head"), operator, from, to: None, deputy: false };
    let other =
        SetTerminal { terminal: code("zei-1"), section: code("zeimu"), key: edwards_public(77), ..set_terminal() };
    office
        .approved(vec![
            Change::Designate(Box::new(of_taxes("endo"))),
            Change::Terminal(Box::new(other)),
            post("jumin-head", &[Role::DataHandlingManager], Some("jumin")),
            post("zeimu-head", &[Role::DataHandlingManager], Some("zeimu")),
            post("board", &[Role::SecurityManager], None),
            Change::HoldPost(hold),
        ])
        .unwrap();
    office.now += 1;
    office
}

fn of_taxes(operator: &str) -> Designate {
    Designate { section: code("zeimu"), sections: codes(&["zeimu"]), ..designation(operator) }
}

fn written(n: u8) -> Value {
    Value::Text(NameHash([n; 32]))
}

fn name(operator: &str) -> NameHash {
    NameHash::of(&Salt([9; 16]), operator)
}

impl Office {
    fn sight(&self, operator: &str) -> Sight {
        self.register.sight(&code(operator), self.now)
    }

    /// What of these stands beside the newest entry of the casebook for this person to read.
    fn reads(&self, operator: &str, entry: &[u8], of: &[NameHash]) -> Vec<NameHash> {
        let (signed, index) = (SignedAct::decode(entry).unwrap(), self.casebook.size() - 1);
        let sight = self.sight(operator);
        let may_read = sight.beside(&self.register, &self.casebook, (index, &signed), self.now);
        let shown = |hash: &&NameHash| may_read.as_ref().is_none_or(|may_read| may_read.contains(hash));
        let seen = sight.sees_entry(&self.register, &self.casebook, index, &signed);
        of.iter().filter(shown).copied().filter(|_| seen).collect()
    }

    fn puts_in(&mut self, changes: Vec<Change>) -> Vec<u8> {
        let mut act = self.draft(changes);
        act.log = Log::Casebook;
        let entry = sign_card(&act, 1);
        self.file(&entry).unwrap();
        entry
    }
}

#[test]
fn of_a_proposal_about_several_sections_a_head_reads_the_names_of_his_own_people() {
    let mut office = with_heads();
    let proposal = vec![designate("doi"), Change::Designate(Box::new(of_taxes("fuji")))];
    let entry = office.puts_in(proposal.clone());
    let both = [name("doi"), name("fuji")];
    assert_eq!(
        office.reads("chiba", &entry, &both),
        [name("doi")],
        "who is new in his section, and not who is in another"
    );
    assert_eq!(office.reads("aoki", &entry, &both), both);
    let all = office.sight("chiba").names(&office.register).unwrap();
    assert!(!all.contains(&name("endo")), "{all:?}");
    // Where it is his to approve he reads whom he approves, until it is decided.
    let route = |class, roles: &[Role]| {
        Change::Route(SetRoute {
            class,
            proposers: vec![Role::SystemManager],
            stages: vec![roles.to_vec()],
            distinct: true,
        })
    };
    office
        .approved(vec![
            route(Class::Operators, &[Role::DataHandlingManager]),
            section("koseki", "戸籍課", SectionState::Open),
        ])
        .unwrap();
    let own = office.puts_in(vec![designate("goto")]);
    assert_eq!(office.reads("chiba", &own, &[name("goto")]), [name("goto")]);
    let mixed = office.puts_in(proposal);
    assert_eq!(office.reads("chiba", &mixed, &both), [name("doi")], "he cannot approve for another section");
}

#[test]
fn an_act_that_opens_cases_of_two_sections_shows_each_head_the_texts_of_his_own() {
    let mut office = with_heads();
    let call = |terminal: &str, text: u8| {
        let fields = vec![
            field(incident::CLASS, Value::Choice(incident::FAILURE)),
            field(incident::LEVEL, Value::Choice(1)),
            field(incident::KIND, Value::Code(code("failure"))),
            field(incident::TERMINAL, Value::Code(code(terminal))),
            field(incident::RECIPIENTS, Value::Roles(vec![Role::SystemManager])),
            field(7, written(text)),
        ];
        open(Form::Incident, fields)
    };
    let entry = office.puts_in(vec![call("mado-1", 61), call("zei-1", 62)]);
    let texts = [NameHash([61; 32]), NameHash([62; 32])];
    assert_eq!(office.reads("chiba", &entry, &texts), texts[..1]);
    assert_eq!(office.reads("aoki", &entry, &texts), texts);

    // What he reports about another section's incident shows him what he reported.
    let theirs = CaseId { number: Numbered { number: 2, ..first(Form::Incident).number }, ..first(Form::Incident) };
    let sees =
        |office: &Office| office.sight("chiba").sees_case(&office.register, office.casebook.case(&theirs).unwrap());
    assert!(!sees(&office));
    let report = step(theirs, 5, (1..=4).map(|key| field(key, written(70 + key))).collect());
    let mut act = office.draft(vec![report]);
    (act.log, act.post) = (Log::Casebook, Some(code("jumin-head")));
    let entry = sign_card(&act, 10);
    office.file(&entry).unwrap();
    assert!(!sees(&office), "nobody gives himself what others wrote");
    let own: Vec<NameHash> = (71..=74).map(|n| NameHash([n; 32])).collect();
    assert_eq!(office.reads("chiba", &entry, &own), own);
    // Whoever opened a case follows it.
    let mut act = office.draft(vec![call("zei-1", 63)]);
    (act.log, act.post) = (Log::Casebook, Some(code("jumin-head")));
    office.file(&sign_card(&act, 10)).unwrap();
    let third = office.casebook.cases_on(Form::Incident).last().unwrap();
    assert!(office.sight("chiba").sees_case(&office.register, third));
}

#[test]
fn what_is_asked_of_a_post_is_its_sections_own() {
    let mut office = with_heads();
    let request = |post: &str| {
        let due = Value::Day(calendar::local_day(tuesday_ten()) + 7);
        open(Form::ReportRequest, vec![field(1, written(1)), field(2, Value::Code(code(post))), field(3, due)])
    };
    office.puts_in(vec![request("jumin-head"), request("zeimu-head"), request("board")]);
    let (sight, cases) = (office.sight("chiba"), office.casebook.cases_on(Form::ReportRequest));
    let seen: Vec<bool> = cases.map(|case| sight.sees_case(&office.register, case)).collect();
    assert_eq!(seen, [true, false, true]);
}

#[test]
fn whoever_holds_an_operators_post_alone_sees_no_more_than_his_section() {
    let mut office = with_heads();
    let clerks = SetPost {
        post: code("clerks"),
        title: title("操作者"),
        roles: vec![Role::Operator],
        section: None,
        keeper: None,
    };
    let hold = HoldPost { post: code("clerks"), operator: code("endo"), from: office.now, to: None, deputy: false };
    office.approved(vec![Change::Post(clerks), Change::HoldPost(hold)]).unwrap();
    let of = |operator: &str, sections: &[&str]| Sight::Sections {
        sections: codes(sections).into_iter().collect::<BTreeSet<Code>>(),
        operator: code(operator),
    };
    assert_eq!(office.sight("endo"), of("endo", &["zeimu"]));
    assert_eq!(office.sight("chiba"), of("chiba", &["jumin"]), "a head's sections are his posts'");
    assert!(office.sight("aoki").is_whole());
    let nobody = office.sight("nobody");
    assert!(!nobody.is_whole() && !nobody.sees_operator(&office.register, &code("chiba")));
}
