//! The texts of a case go once it is over and was kept long enough, nothing keeps it longer, and nobody needs it any more (§R3.25).

use sekisho_register::act::Proposal;
use sekisho_register::calendar::{Month, local_day};
use sekisho_register::change::*;
use sekisho_register::forms::{Form, checks, people};
use sekisho_register::policy::RetentionYears;
use sekisho_register::refusal::Stays;
use sekisho_register::today::{Waits, today};
use sekisho_register::*;
use sekisho_wire::id::Salt;
use sekisho_wire::words::Language;

use crate::cases::*;
use crate::office::*;

const HOUR: u64 = 3_600_000;

fn written(text: &str) -> NameHash {
    NameHash::of(&Salt([9; 16]), text)
}

fn said(key: u8, text: &str) -> Field {
    field(key, Value::Text(written(text)))
}

fn visitor(name: &str, at: u64) -> Change {
    let person = |key| field(key, Value::Code(code("chiba")));
    let fields =
        vec![said(1, name), said(2, "保守会社"), said(3, "点検"), field(4, Value::Moment(at)), person(5), person(6)];
    // Each of them has texts of its own.
    let is_text = |one: &Field| matches!(one.value, Value::Text(_));
    let fields =
        fields.into_iter().map(|one| if is_text(&one) { said(one.key, &format!("{name}{}", one.key)) } else { one });
    open(Form::Visitor, fields.collect())
}

fn texts_of(office: &Office, case: CaseId) -> CaseTexts {
    CaseTexts { case, texts: office.casebook.case(&case).unwrap().texts() }
}

fn erasing(cases: Vec<CaseTexts>) -> Vec<Change> {
    vec![Change::EraseTexts(EraseTexts { cases })]
}

impl Office {
    fn erases(&mut self, cases: &[CaseId]) -> Result<u64, FoldRefusal> {
        let changes = erasing(cases.iter().map(|case| texts_of(self, *case)).collect());
        self.erases_so(changes)
    }

    /// What the ledger asks of the proposal and of the act, and then the register.
    fn erases_so(&mut self, changes: Vec<Change>) -> Result<u64, FoldRefusal> {
        let proposal = self.proposal(changes);
        self.file(&proposal)?;
        let entry = self.approval(&proposal, "vice", 2);
        let signed = SignedAct::decode(&entry).unwrap();
        self.casebook.may_take(&self.register, &signed, self.now)?;
        Ok(self.take(&entry)?.index)
    }

    fn stays(&mut self, case: CaseId) -> Stays {
        match self.erases(&[case]) {
            Err(FoldRefusal::TextsStay { case: of, why }) if of == case => why,
            other => panic!("{other:?}"),
        }
    }

    fn due(&self) -> Vec<CaseId> {
        self.casebook.keeping(&self.register, self.now).due().into_iter().map(|one| one.case).collect()
    }

    fn waits_for_erasing(&self) -> Option<usize> {
        let tasks = today(&self.register, &self.casebook, self.now);
        tasks.iter().find_map(|task| if let Waits::TextsDue { cases } = task.what { Some(cases) } else { None })
    }
}

/// Keeps what the administration writes for a year; a visitor came in November 2026 and left.
fn visited() -> (Office, CaseId) {
    let mut office = Office::furnished();
    let retention_years = RetentionYears { access: 1, operation: 1, administration: 1 };
    office.act(vec![Change::Policy(SetPolicy { policy: Policy { retention_years, ..Policy::default() } })]).unwrap();
    let case = first(Form::Visitor);
    office.writes(visitor("来訪者", office.now)).unwrap();
    office.now += HOUR;
    office.writes(step(case, 1, vec![field(1, Value::Moment(office.now)), said(2, "異常なし")])).unwrap();
    (office, case)
}

/// The same, on the first day on which it need not be kept any more.
fn kept() -> (Office, CaseId) {
    let (mut office, case) = visited();
    office.now = at(2027, 12, 1, 0);
    (office, case)
}

#[test]
fn the_texts_of_a_case_go_once_it_was_kept_long_enough() {
    let (mut office, case) = visited();
    office.now = at(2027, 12, 1, 0) - 1;
    assert_eq!(office.stays(case), Stays::Until(at(2027, 12, 1, 0)));
    assert_eq!((office.due(), office.waits_for_erasing()), (vec![], None));
    office.now += 1;
    assert_eq!((office.due(), office.waits_for_erasing()), (vec![case], Some(1)));
    let changes = erasing(vec![texts_of(&office, case)]);
    assert_eq!(office.act(changes).unwrap_err().code(), "approval_needed");
    let index = office.erases(&[case]).unwrap();
    assert_eq!(texts_of(&office, case).texts.len(), 4);
    for text in texts_of(&office, case).texts {
        assert_eq!(office.register.name_erased(&text), Some(index));
    }
    assert_eq!(office.register.texts_erased(&case), Some(index));
    assert!(office.register.texts_erased(&first(Form::Incident)).is_none());
    assert!(matches!(&office.register.all_erased()[0].of, erasure::ErasedOf::Cases(cases) if *cases == [case]));
    assert_eq!((office.due(), office.waits_for_erasing()), (vec![], None));
    assert_eq!(office.stays(case), Stays::Erased(index));
    let mut stored = Register::new();
    for entry in &office.entries {
        let concluded = Concluded::of(&stored.clone().fold(entry));
        let _ = stored.fold_stored(entry, concluded);
    }
    assert!(stored.erased_names().eq(office.register.erased_names()));
}

#[test]
fn what_is_not_over_keeps_its_texts_and_what_lost_them_is() {
    let (mut office, case) = visited();
    office.writes(visitor("もう一人", office.now)).unwrap();
    let other = CaseId { number: sekisho_wire::id::Numbered { number: 2, ..case.number }, ..case };
    office.now = at(2029, 6, 1, 0);
    assert_eq!(office.stays(other), Stays::Open, "he has not left");
    office.erases(&[case]).unwrap();
    let again = vec![field(1, Value::Moment(office.now))];
    assert_eq!(office.writes(step(case, 1, again.clone())), Err("case_over"));
    office.writes(step(other, 1, again)).unwrap();
    assert_eq!(office.stays(other), Stays::Until(at(2030, 7, 1, 0)), "the years are counted from the last word");
}

#[test]
fn what_holds_for_a_while_is_kept_from_when_it_holds_no_more() {
    let (mut office, _) = visited();
    let text = |key| said(key, &key.to_string());
    let contact = vec![field(1, Value::Code(code("chief"))), text(2), text(3), text(4)];
    office.writes(open(Form::Contact, contact)).unwrap();
    let rules = |version: &str, from: u32, replaces: Option<CaseId>| {
        let mut fields = vec![said(1, version), field(2, Value::Code(code(version))), field(3, Value::Day(from))];
        fields.extend(replaces.map(|case| field(people::RULES_REPLACED, Value::Case(case))));
        open(Form::Rules, fields)
    };
    let today = local_day(office.now);
    office.writes(rules("v1", today, None)).unwrap();
    office.now = at(2029, 6, 1, 0);
    let (contact, old) = (first(Form::Contact), first(Form::Rules));
    assert_eq!((office.stays(contact), office.stays(old)), (Stays::Open, Stays::Open));
    office.writes(step(contact, people::CONTACT_ENDED, vec![])).unwrap();
    let from = local_day(at(2029, 8, 1, 0));
    office.writes(rules("v2", from, Some(old))).unwrap();
    assert_eq!(office.stays(contact), Stays::Until(at(2030, 7, 1, 0)));
    assert_eq!(office.stays(old), Stays::Open, "the newer one is only announced");
    office.now = at(2029, 8, 1, 0);
    assert_eq!(office.stays(old), Stays::Until(at(2030, 9, 1, 0)));
}

#[test]
fn an_order_keeps_texts_of_its_months_and_of_its_incident() {
    let (mut office, case) = kept();
    let order = |name: &str, from: Option<Month>, incident| {
        let (state, classes) = (OrderState::Holds, vec![sekisho_wire::record::Retention::Administration]);
        let to = from.map(|from: Month| from.after(0, 1));
        vec![Change::Preserve(Box::new(Preserve { order: code(name), state, classes, from, to, incident }))]
    };
    office.act(order("sonota", Some("2026-10".parse().unwrap()), None)).unwrap();
    assert_eq!(office.due(), [case], "another month");
    office.act(order("hozen-1", Some("2026-11".parse().unwrap()), None)).unwrap();
    assert_eq!(office.stays(case), Stays::Ordered(code("hozen-1")));
    assert_eq!(office.waits_for_erasing(), None);
    let (state, classes) = (OrderState::Lifted, vec![]);
    let lift = Preserve { order: code("hozen-1"), state, classes, from: None, to: None, incident: None };
    office.approved(vec![Change::Preserve(Box::new(lift))]).unwrap();
    office.erases(&[case]).unwrap();
}

/// A call in November 2026 that led to an incident, dealt with at once.
fn call(office: &mut Office, incident: CaseId) -> CaseId {
    let text = |key: u8| said(key, &format!("電話{key}"));
    let fields = vec![
        field(1, Value::Moment(office.now)),
        text(2),
        text(3),
        text(4),
        field(5, Value::Choice(0)),
        field(6, Value::Choice(1)),
        field(7, Value::Case(incident)),
    ];
    office.writes(open(Form::EmergencyCall, fields)).unwrap();
    let call = first(Form::EmergencyCall);
    office.writes(step(call, 1, vec![])).unwrap();
    call
}

#[test]
fn what_has_to_do_with_a_case_that_is_not_over_stays() {
    let mut office = town();
    let retention_years = RetentionYears { access: 1, operation: 1, administration: 1 };
    office.act(vec![Change::Policy(SetPolicy { policy: Policy { retention_years, ..Policy::default() } })]).unwrap();
    office.writes(leak(1, &[Role::Executive, Role::SecurityCommittee, Role::SystemManager])).unwrap();
    let incident = first(Form::Incident);
    let call = call(&mut office, incident);
    office.now = at(2028, 6, 1, 0);
    assert_eq!(office.stays(call), Stays::Needed(incident), "the incident is still open");
    // An order for an incident keeps what names it.
    let (state, order) = (OrderState::Holds, code("hozen-1"));
    let months = Some("2020-01".parse::<Month>().unwrap());
    let to = months.map(|month| month.after(0, 1));
    let incident = Some(incident.number);
    let order = Preserve { order, state, classes: vec![], from: months, to, incident };
    office.act(vec![Change::Preserve(Box::new(order))]).unwrap();
    assert_eq!(office.stays(call), Stays::Ordered(code("hozen-1")));
}

#[test]
fn an_inspection_that_is_not_over_keeps_what_it_looks_at() {
    let (mut office, case) = kept();
    let inspects = |from: u32, to: u32, office: &Office| {
        let fields = vec![
            field(checks::INSPECTED_FROM, Value::Day(from)),
            field(checks::INSPECTED_TO, Value::Day(to)),
            said(3, "全課"),
            said(4, "処理簿"),
            field(7, Value::Day(local_day(office.now) + 30)),
        ];
        open(Form::Inspection, fields)
    };
    let on = local_day(at(2026, 11, 24, 10));
    office.writes(inspects(on + 1, on + 9, &office.clone())).unwrap();
    assert_eq!(office.due(), [case], "it looks at other days");
    office.writes(inspects(on - 9, on, &office.clone())).unwrap();
    let second = office.casebook.cases_on(Form::Inspection).last().unwrap().id;
    assert_eq!(office.stays(case), Stays::Needed(second));
    office.writes(step(second, forms::WITHDRAWN, vec![said(1, "誤り")])).unwrap();
    assert_eq!(office.due(), [case]);
}

#[test]
fn an_act_names_all_texts_of_its_cases_and_no_others() {
    let (mut office, case) = kept();
    let all = texts_of(&office, case);
    let fewer = CaseTexts { texts: all.texts[1..].to_vec(), ..all.clone() };
    let mut more = all.clone();
    more.texts.push(NameHash([0xFF; 32]));
    for other in [fewer, more] {
        let refusal = office.erases_so(erasing(vec![other])).unwrap_err();
        assert_eq!(refusal, FoldRefusal::TextsStay { case, why: Stays::OtherTexts });
    }
    let nobody = CaseId { number: sekisho_wire::id::Numbered { number: 9, ..case.number }, ..case };
    let unknown = CaseTexts { case: nobody, ..all.clone() };
    assert_eq!(office.erases_so(erasing(vec![unknown])).unwrap_err(), FoldRefusal::CaseUnknown(nobody));
    // A text that stands in another case as well, under the same salt.
    office.writes(visitor("来訪者", office.now)).unwrap();
    assert_eq!(office.stays(case), Stays::OtherTexts);
}

#[test]
fn the_register_alone_refuses_what_is_no_list_of_texts_and_a_person_s_name() {
    let (mut office, case) = kept();
    let all = texts_of(&office, case);
    let name = *office.register.name_hash(&code("chiba")).unwrap();
    let turned = CaseTexts { texts: all.texts.iter().rev().copied().collect(), ..all.clone() };
    let empty = CaseTexts { texts: vec![], ..all.clone() };
    let named = CaseTexts { texts: vec![name], ..all.clone() };
    let too_many = (0..=erasure::TEXTS_MAX as u32).map(|number| {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        NameHash(hash)
    });
    let too_many = CaseTexts { texts: too_many.collect(), ..all.clone() };
    for wrong in [vec![], vec![turned], vec![empty], vec![named], vec![too_many], vec![all.clone(), all.clone()]] {
        assert_eq!(office.approved(erasing(wrong)).unwrap_err().code(), "value_wrong");
    }
    // The most that one act may name fits into it, approved and all.
    let most = CaseTexts {
        texts: (0..erasure::TEXTS_MAX as u32)
            .map(|at| {
                let mut hash = [1; 32];
                hash[..4].copy_from_slice(&at.to_be_bytes());
                NameHash(hash)
            })
            .collect(),
        ..all
    };
    office.approved(erasing(vec![most])).unwrap();
}

#[test]
fn two_who_propose_it_do_it_once_and_one_person_does_not() {
    let (mut office, case) = kept();
    let changes = erasing(vec![texts_of(&office, case)]);
    let proposal = office.proposal(changes.clone());
    let mut act = office.draft(vec![]);
    act.proposal = Some(Proposal(office.proposal(changes)));
    assert_eq!(office.take(&sign_card(&act, 1)).unwrap_err().code(), "same_person");
    office.erases(&[case]).unwrap();
    let approval = office.approval(&proposal, "vice", 2);
    assert_eq!(office.take(&approval).unwrap_err().code(), "texts_stay");
}

#[test]
fn a_signer_reads_of_which_cases_and_that_it_is_final() {
    let (mut office, case) = kept();
    let act = office.draft(erasing(vec![texts_of(&office, case)]));
    let said = |language| render(&act, &office.register, language);
    let japanese = said(Language::Japanese);
    assert!(japanese.contains("本文をすべて消去する") && japanese.contains("令和8年度第1号(4件)"), "{japanese}");
    assert!(japanese.contains("元に戻せません"));
    let english = said(Language::English);
    assert!(english.contains("erase every text of these cases") && english.contains("2026-1 (4)"), "{english}");
    for why in [
        Stays::Open,
        Stays::Until(office.now),
        Stays::Ordered(code("hozen-1")),
        Stays::Needed(case),
        Stays::OtherTexts,
        Stays::Erased(7),
    ] {
        for language in [Language::Japanese, Language::English] {
            let refusal = FoldRefusal::TextsStay { case, why: why.clone() };
            assert!(refusal.text(language).contains("2026") || refusal.text(language).contains("令和8年度"));
            assert!(!refusal.next_step(language).is_empty());
        }
    }
}
