//! The texts of a case are erased, and neither a copy nor what terminals keep brings them back; texts of others stay, and one that was erased too early is found.

use sekisho_ledger::acts::Name;
use sekisho_ledger::backup::backup;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::command;
use sekisho_ledger::fsck::Fault;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::LogName;
use sekisho_register::FoldRefusal;
use sekisho_register::NameHash;
use sekisho_register::act::Proposal;
use sekisho_register::change::{CaseId, CaseTexts, Change, EraseTexts, Field, Log, OpenCase, TakeStep, Value};
use sekisho_register::forms::Form;
use sekisho_register::refusal::Stays;
use sekisho_wire::id::{Numbered, Salt};
use zeroize::Zeroizing;

use crate::fsck::written_in;
use crate::town::{Town, code, scratch, sign_act};

const DAY: u64 = 86_400_000;
const EIGHT_YEARS_LATER: u64 = 2_960 * DAY;

fn text(of: &str, salt: u8) -> Name {
    Name { salt: Salt([salt; 16]), text: Zeroizing::new(of.to_owned()) }
}

fn field(key: u8, value: Value) -> Field {
    Field { key, value }
}

impl Town {
    fn writes_case(&self, change: Change, texts: Vec<Name>) {
        let act = self.drafted(Log::Casebook, vec![change], None);
        self.ledger.submit(&self.office, sign_act(&act, &self.mayor), texts).unwrap();
    }

    /// Somebody comes and leaves; his name and two other texts.
    fn is_visited(&self, name: &str, salt: u8) -> CaseId {
        let texts = [text(name, salt), text("保守会社", salt), text("点検", salt)];
        let said = |at: usize| Value::Text(NameHash::of(&texts[at].salt, &texts[at].text));
        let person = || Value::Code(code("mayor"));
        let fields = vec![
            field(1, said(0)),
            field(2, said(1)),
            field(3, said(2)),
            field(4, Value::Moment(self.clock.now())),
            field(5, person()),
            field(6, person()),
        ];
        self.writes_case(Change::Open(Box::new(OpenCase { form: Form::Visitor, fields })), texts.to_vec());
        let case = self.ledger.office(&self.office).unwrap().casebook().cases_on(Form::Visitor).last().unwrap().id;
        let fields = vec![field(1, Value::Moment(self.clock.now()))];
        self.writes_case(Change::Step(Box::new(TakeStep { case, step: 1, fields })), vec![]);
        case
    }

    fn erasing(&self, case: CaseId) -> Vec<Change> {
        let casebook = self.ledger.office(&self.office).unwrap().casebook();
        let texts = casebook.case(&case).unwrap().texts();
        vec![Change::EraseTexts(EraseTexts { cases: vec![CaseTexts { case, texts }] })]
    }

    fn texts_told(&self) -> Vec<String> {
        let beside = self.ledger.names_beside(&self.office, LogName::Casebook, 0..1_000).unwrap();
        beside.into_iter().map(|text| text.text.to_string()).collect()
    }

    fn sound(&self) -> Vec<Fault> {
        let report = command::fsck(&self.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
        report.findings.into_iter().map(|finding| finding.fault).collect()
    }
}

fn first() -> CaseId {
    CaseId { form: Form::Visitor, number: Numbered { fiscal_year: 2026, number: 1 } }
}

#[test]
fn the_texts_of_a_case_are_erased_and_those_of_others_stay() {
    for mut town in [Town::new(), Town::on_server()] {
        assert_eq!(town.is_visited("来訪者", 1), first());
        let early = town.decide_together(town.erasing(first()));
        let stays = |why: &Stays| matches!(why, Stays::Until(_));
        assert!(matches!(&early, Err(Refusal::Act(FoldRefusal::TextsStay { why, .. })) if stays(why)), "{early:?}");
        let keys = std::fs::read(town.data.payload_key()).unwrap();
        town.clock.advance(EIGHT_YEARS_LATER);
        town.is_visited("今の来訪者", 4);
        assert_eq!(town.texts_told().len(), 6);
        town.decide_together(town.erasing(first())).unwrap();
        town.publish();
        town.carries_out();
        assert_ne!(std::fs::read(town.data.payload_key()).unwrap(), keys);
        let told = town.texts_told();
        assert!(told.len() == 3 && told.contains(&"今の来訪者".to_owned()), "{told:?}");
        assert_eq!(town.sound(), []);
        town.reopen();
        town.carries_out();
        assert_eq!(town.texts_told().len(), 3);
    }
}

#[test]
fn neither_a_copy_nor_what_terminals_keep_brings_erased_texts_back() {
    let mut town = Town::new();
    town.is_visited("来訪者", 1);
    town.publish();
    let copy = scratch();
    backup(&town.root, &copy).unwrap();
    let kept = town.all_keepsakes();
    town.clock.advance(EIGHT_YEARS_LATER);
    town.is_visited("今の来訪者", 4);
    town.decide_together(town.erasing(first())).unwrap();
    town.publish();
    town.carries_out();
    let shown = town.shown();
    let acts = {
        let office = town.ledger.office(&town.office).unwrap();
        town.ledger.register_part(&office, 0, None, None).unwrap().entries
    };
    let later = town.all_keepsakes();
    town.waits_for_nobody();
    town.put_back(&copy);
    town.reopen();
    assert_eq!(town.texts_told(), Vec::<String>::new());
    town.shows(&shown);
    let from = town.sizes()[1];
    town.ledger.refill_register(&town.terminal.peer, from, acts[from as usize..].to_vec(), &[]).unwrap();
    town.ledger.refill_kept(&town.office, &kept).unwrap();
    town.ledger.refill_kept(&town.office, &later).unwrap();
    assert_eq!(town.texts_told().len(), 3, "{:?}", town.texts_told());
    assert!(!town.texts_told().contains(&"来訪者".to_owned()));
}

#[test]
fn texts_that_were_erased_too_early_are_found_afterwards() {
    let town = Town::new();
    town.is_visited("来訪者", 1);
    let proposal = town.drafted(Log::Casebook, town.erasing(first()), None);
    let proposal = sign_act(&proposal, &town.mayor);
    let filed = town.ledger.submit(&town.office, proposal.clone(), vec![]);
    assert!(matches!(filed, Err(Refusal::Act(FoldRefusal::TextsStay { .. }))), "{filed:?}");
    let approval = town.drafted(Log::Register, vec![], Some(Proposal(proposal)));
    let at = written_in(&town, LogName::Register, sign_act(&approval, &town.deputy));
    let report = command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
    let found = report.findings.iter().any(|finding| {
        finding.index == Some(at) && matches!(finding.fault, Fault::ActRefused(FoldRefusal::TextsStay { .. }))
    });
    assert!(found, "{:?}", report.findings);
}
