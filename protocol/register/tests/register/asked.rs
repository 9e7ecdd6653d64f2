//! What an office's rules ask for beforehand: a qualification for a card, a permit for what is set up; and whom the head of a section sees.

use sekisho_register::change::*;
use sekisho_register::forms::{Form, dealings};
use sekisho_register::permission::Asked;
use sekisho_register::*;
use sekisho_wire::id::Numbered;

use crate::office::*;

fn field(key: u8, value: Value) -> Field {
    Field { key, value }
}

fn policy(change: impl FnOnce(&mut Policy)) -> Change {
    let mut policy = Policy::default();
    change(&mut policy);
    Change::Policy(SetPolicy { policy })
}

fn qualify(operator: &str, kinds: &[CardKind], from: u64, to: u64) -> Change {
    let ground = title("研修");
    Change::Qualify(Box::new(Qualify { operator: code(operator), kinds: kinds.to_vec(), ground, from, to }))
}

impl Office {
    fn writes_here(&mut self, change: Change) -> Result<(), &'static str> {
        let mut act = self.draft(vec![change]);
        act.log = Log::Casebook;
        self.file(&sign_card(&act, 1)).map(drop).map_err(|refusal| refusal.code())
    }

    /// The chief decides it under this permit.
    fn under(&mut self, permit: Option<u32>, changes: Vec<Change>) -> Result<(), &'static str> {
        let mut act = self.draft(changes);
        act.permit = permit.map(|number| Numbered { fiscal_year: 2026, number });
        let entry = sign_card(&act, 1);
        self.register.would_accept(&entry, self.now).map_err(|refusal| refusal.code())?;
        self.register.fold(&entry).unwrap();
        self.entries.push(entry);
        Ok(())
    }
}

#[test]
fn a_card_of_a_named_kind_asks_for_a_qualification_when_it_begins() {
    let mut office = Office::furnished();
    let (now, day) = (office.now, 24 * 60 * 60 * 1000);
    let card = |number: u8| Change::IssueCard(Box::new(issue(number, Some("chiba"))));
    office.act(vec![card(60)]).unwrap();
    office.act(vec![policy(|policy| policy.qualified_kinds = vec![CardKind::Business])]).unwrap();
    let refused = |office: &mut Office, changes| office.act(changes).map(drop).map_err(|refusal| refusal.code());
    assert_eq!(refused(&mut office, vec![card(61)]), Err("not_qualified"));
    assert_eq!(refused(&mut office, vec![qualify("chiba", &[], now, now + day)]), Err("value_wrong"));
    let twice = [CardKind::Spare, CardKind::Business];
    assert_eq!(refused(&mut office, vec![qualify("chiba", &twice, now, now + day)]), Err("value_wrong"));
    assert_eq!(refused(&mut office, vec![qualify("chiba", &[CardKind::Spare], now, now)]), Err("dates_wrong"));
    assert_eq!(refused(&mut office, vec![qualify("nobody", &[CardKind::Spare], now, now + day)]), Err("unknown"));
    office.act(vec![qualify("chiba", &[CardKind::Spare], now, now + day)]).unwrap();
    assert_eq!(refused(&mut office, vec![card(61)]), Err("not_qualified"), "for another kind");
    office.act(vec![qualify("chiba", &[CardKind::Business], now + day, now + 9 * day)]).unwrap();
    assert_eq!(refused(&mut office, vec![card(61)]), Err("not_qualified"), "for a time to come");
    // One that stands beside the card counts.
    office.act(vec![qualify("chiba", &[CardKind::Business], now, now + 9 * day), card(61)]).unwrap();
    let end = EndQualification { operator: code("chiba"), effective: office.now };
    office.act(vec![Change::EndQualification(end)]).unwrap();
    assert_eq!(refused(&mut office, vec![card(62)]), Err("not_qualified"), "taken back");
}

#[test]
fn s2_6_an_act_names_a_permit_that_is_there_granted_in_force_and_the_sections_own() {
    let mut office = Office::furnished();
    let section = office.register.operator(&code("chiba")).unwrap().designations().last().unwrap().section.clone();
    office.act(vec![policy(|policy| policy.permitted_classes = vec![Class::Operators])]).unwrap();
    let profile = || {
        let (from, to) = (office_now(), office_now() + 1_000_000_000);
        let functions = vec![];
        vec![Change::Profile(GiveProfile { operator: code("chiba"), profile: code("px"), functions, from, to })]
    };
    assert_eq!(office.under(None, profile()), Err("permit_missing"));
    // The register alone sees that there is a number; the casebook whether it was granted.
    let permits = |office: &mut Office, number: u32, asked: Asked| {
        let mut act = office.draft(profile());
        act.permit = Some(Numbered { fiscal_year: 2026, number });
        let signed = SignedAct::decode(&sign_card(&act, 1)).unwrap();
        let set_up = office.register.set_up(&signed).unwrap();
        office.casebook.permits(&set_up, asked).map_err(|refusal| refusal.text(sekisho_wire::words::Language::English))
    };
    let says = |office: &mut Office, words: &str| {
        let said = permits(office, 1, Asked::Before).unwrap_err();
        assert!(said.contains(words), "{said}");
    };
    says(&mut office, "is not there");
    let own = section.expect("chiba has a section");
    let text = || Value::Text(NameHash([7; 32]));
    let fields = vec![field(1, Value::Code(own)), field(2, text())];
    office.writes_here(Change::Open(Box::new(OpenCase { form: Form::SystemUse, fields }))).unwrap();
    let case = CaseId { form: Form::SystemUse, number: Numbered { fiscal_year: 2026, number: 1 } };
    let step = |step, fields| Change::Step(Box::new(TakeStep { case, step, fields }));
    says(&mut office, "has not been granted");
    office.writes_here(step(1, vec![field(1, text())])).unwrap();
    let granted = vec![field(dealings::ANSWERED, Value::Choice(dealings::GRANTED))];
    office.writes_here(step(dealings::USE_PERMITTED, granted)).unwrap();
    assert_eq!(permits(&mut office, 1, Asked::Before), Ok(()));
    assert_eq!(permits(&mut office, 1, Asked::Afterwards), Ok(()));
    assert!(permits(&mut office, 2, Asked::Before).is_err());
    assert_eq!(office.under(Some(1), profile()), Ok(()));
    // What only takes rights away asks for none.
    let withdraw = WithdrawProfile { operator: code("chiba"), profile: code("px"), effective: office.now };
    assert_eq!(office.under(None, vec![Change::WithdrawProfile(withdraw)]), Ok(()));
    office.writes_here(step(dealings::USE_ENDED, vec![field(1, text())])).unwrap();
    says(&mut office, "has ended");
    // Looked through afterwards, what was set up a while before the end stands, and a while after it does not.
    office.now += 60 * 60 * 1000;
    assert!(permits(&mut office, 1, Asked::Afterwards).is_err());
}

fn office_now() -> u64 {
    tuesday_ten()
}

#[test]
fn s4_5_6_a_head_of_a_section_sees_it_and_whoever_holds_more_sees_the_office() {
    let mut office = Office::furnished();
    let home =
        office.register.operator(&code("chiba")).unwrap().designations().last().unwrap().section.clone().unwrap();
    let other = code("sonota");
    let opened =
        SetSection { section: other.clone(), title: title("その他課"), state: SectionState::Open, effective: 0 };
    let (from, to) = (office.now, office.now + 1_000_000_000);
    let person = |name: &str, section: &sekisho_wire::id::Code| {
        Change::Designate(Box::new(Designate {
            operator: code(name),
            name: NameHash([9; 32]),
            class: PersonClass::Operator,
            section: section.clone(),
            from,
            to,
            terminals: vec![],
            sections: vec![],
        }))
    };
    office.act(vec![Change::Section(opened), person("doi", &home), person("endo", &other)]).unwrap();
    let post = |roles: &[Role], section: Option<&sekisho_wire::id::Code>| {
        let (post, title) = (code("kacho"), title("課長"));
        Change::Post(SetPost { post, title, roles: roles.to_vec(), section: section.cloned(), keeper: None })
    };
    let hold = HoldPost { post: code("kacho"), operator: code("doi"), from, to: None, deputy: false };
    office.approved(vec![post(&[Role::DataHandlingManager], Some(&home)), Change::HoldPost(hold)]).unwrap();
    let sight = |office: &Office| office.register.sight(&code("doi"), office.now + 1);
    let head = sight(&office);
    assert!(!head.is_whole());
    let sees = |name: &str| head.sees_operator(&office.register, &code(name));
    assert!(sees("doi") && sees("chiba") && !sees("endo") && !sees("aoki"));
    assert!(head.may_name(&office.register, &code("aoki")), "who decides in the office is known by name");
    assert!(!head.may_name(&office.register, &code("endo")));
    let names = head.names(&office.register).unwrap();
    let name_of = |name: &str| *office.register.operator(&code(name)).unwrap().name();
    assert!(names.contains(&name_of("aoki")) && names.contains(&name_of("chiba")));
    let cards = |head: &Sight| office.register.cards().filter(|card| head.sees_card(&office.register, card)).count();
    assert!(cards(&head) < office.register.cards().count());
    for roles in [&[Role::DataHandlingManager][..], &[Role::DataProtectionManager, Role::DataHandlingManager]] {
        let mut office = office.clone();
        let section = (roles.len() == 2).then_some(&home);
        office.approved(vec![post(roles, section)]).unwrap();
        assert!(sight(&office).is_whole(), "{roles:?}");
    }
}
