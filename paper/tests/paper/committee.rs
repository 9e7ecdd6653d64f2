//! What the committee looks at (S1 8): of a period, as it stood at its end.

use sekisho_paper::Table;
use sekisho_paper::packs::{PeriodCases, Refusals, committee};
use sekisho_register::NameHash;
use sekisho_register::cases::{Case, Taken, Written};
use sekisho_register::change::{CaseId, Field, Value};
use sekisho_register::forms::{Form, incident};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, Hash, Numbered, Salt};
use sekisho_wire::words::Language;

use crate::office::{Office, code, noon};

fn written(made: u64, fields: Vec<Field>) -> Written {
    Written {
        index: made / 1000,
        act: Hash([7; 32]),
        made,
        signer: Signer::Card(CardGuid([1; 16])),
        operator: Some(code("0001")),
        post: None,
        as_deputy: false,
        paper: None,
        roles: Vec::new(),
        fields,
    }
}

pub(crate) const fn field(key: u8, value: Value) -> Field {
    Field { key, value }
}

pub(crate) fn text(words: &str) -> NameHash {
    NameHash::of(&Salt([9; 16]), words)
}

fn texts(hash: &NameHash) -> Option<String> {
    let known = ["配線を直した", "点検を毎週行う", "研修"];
    known.into_iter().find(|words| text(words) == *hash).map(str::to_owned)
}

fn judged(level: u8) -> Vec<Field> {
    let class = field(incident::CLASS, Value::Choice(incident::FAILURE));
    vec![class, field(incident::LEVEL, Value::Choice(level)), field(incident::KIND, Value::Code(code("failure")))]
}

pub(crate) fn case(form: Form, number: u32, made: u64, fields: Vec<Field>, steps: Vec<(u8, u64, Vec<Field>)>) -> Case {
    let taken = |(step, made, fields)| Taken { step, written: written(made, fields) };
    Case {
        id: CaseId { form, number: Numbered { fiscal_year: 2026, number } },
        opened: written(made, fields),
        steps: steps.into_iter().map(taken).collect(),
    }
}

pub(crate) fn said(table: &Table, row: usize, key: &str) -> String {
    let place = table.columns.iter().position(|column| column.key == key).unwrap();
    table.rows[row][place].in_words(Language::Japanese)
}

#[test]
fn s1_8_the_committee_sees_of_a_period_what_went_on_in_it_as_it_stood_at_its_end() {
    let office = Office::of_2026();
    let on = |month, day| noon(2026, month, day);
    let measures = |text: NameHash| field(9, Value::Text(text));
    // Reported before the period, judged in it and again after it.
    let went_on = case(
        Form::Incident,
        1,
        on(4, 20),
        [judged(0), vec![measures(text("配線を直した"))]].concat(),
        vec![
            (incident::JUDGED, on(5, 10), judged(2)),
            (6, on(5, 11), vec![field(1, Value::Text(text("点検を毎週行う")))]),
            (incident::JUDGED, on(6, 5), judged(3)),
        ],
    );
    let over = case(Form::Incident, 2, on(4, 21), judged(1), vec![(7, on(4, 30), Vec::new())]);
    // Nothing was written in it in May, and it is open still.
    let open = case(Form::Incident, 3, on(4, 22), judged(1), Vec::new());
    let closed = case(Form::Incident, 4, on(5, 2), judged(1), vec![(7, on(5, 3), Vec::new())]);
    let later = case(Form::Incident, 5, on(6, 2), judged(1), Vec::new());
    let plan =
        vec![field(1, Value::Text(text("研修"))), field(2, Value::Day(20_590)), field(3, Value::Text(text("研修")))];
    let attended = vec![field(1, Value::Code(code("0002"))), field(2, Value::Day(20_590))];
    let training = case(Form::Training, 1, on(4, 1), plan, vec![(1, on(4, 2), Vec::new()), (3, on(5, 20), attended)]);
    let inspection = case(Form::Inspection, 1, on(5, 7), Vec::new(), Vec::new());
    let all = [&went_on, &over, &open, &closed, &later, &training, &inspection];
    let untrained = [(code("0001"), 0), (code("0002"), on(1, 9))];
    let (from, to) = (on(5, 1) - 12 * 3_600_000, on(6, 1) - 12 * 3_600_000);
    let cases = PeriodCases { all: &all, from, to, untrained: &untrained, texts: &texts };
    let tables = committee(office.as_of(to - 1), &Refusals::default(), &cases);
    let titles: Vec<&str> = tables.iter().map(|table| table.title.japanese.as_ref()).collect();
    assert_eq!(
        titles,
        [
            "操作者の状況",
            "カード在庫枚数簿",
            "許可・拒否の状況",
            "事故・障害",
            "結合停止等記録",
            "検査(監査)報告書",
            "アクセスログ確認結果",
            "研修の状況",
            "1年以内の研修を受けていない者"
        ]
    );
    assert_eq!(said(&tables[0], 0, "active"), "2");
    let incidents = &tables[3];
    assert_eq!(
        (0..3).map(|row| said(incidents, row, "number")).collect::<Vec<_>>(),
        ["令和8年度第1号", "令和8年度第3号", "令和8年度第4号"]
    );
    assert_eq!(incidents.rows.len(), 3);
    // As it stood at the end of May, though it was judged anew since.
    assert_eq!(said(incidents, 0, "level"), "2");
    assert!(said(incidents, 0, "kind").contains("failure"), "{}", said(incidents, 0, "kind"));
    assert_eq!(said(incidents, 0, "handled"), "措置: 配線を直した、計画: 点検を毎週行う");
    assert!(said(incidents, 1, "state").starts_with("未了: "), "{}", said(incidents, 1, "state"));
    assert_eq!(said(incidents, 2, "state"), "終結 令和8年5月3日");
    assert_eq!([4, 5, 6, 7].map(|table| tables[table].rows.len()), [0, 1, 0, 1]);
    assert_eq!((said(&tables[8], 0, "last"), said(&tables[8], 1, "last")), ("なし".into(), "令和8年1月9日".into()));
    assert_eq!(said(&tables[8], 1, "person"), "鈴木 花子 (0002)");
}
