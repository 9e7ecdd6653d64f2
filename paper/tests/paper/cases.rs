//! Cases in print: the book of a form, and one of them as a sheet (S1 9(3), S3 27 and others).

use sekisho_paper::cases::{book, sheet};
use sekisho_paper::forms::{Orientation, of_cases};
use sekisho_paper::print::{Facts, as_of, html};
use sekisho_paper::{Table, Templates};
use sekisho_register::cases::{Case, Taken, Written};
use sekisho_register::change::{CaseId, Field, Value};
use sekisho_register::forms::Form;
use sekisho_register::{NameHash, Title};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, Hash, Numbered, Salt};
use sekisho_wire::words::Language;

use crate::golden::kept;
use crate::office::{Office, code, noon};

fn written(index: u64, made: u64, fields: Vec<Field>) -> Written {
    Written {
        index,
        act: Hash([7; 32]),
        made,
        signer: Signer::Card(CardGuid([1; 16])),
        operator: Some(code("0001")),
        post: Some(code("kacho")),
        as_deputy: false,
        paper: None,
        roles: Vec::new(),
        fields,
    }
}

fn text(words: &str) -> NameHash {
    NameHash::of(&Salt([9; 16]), words)
}

/// Somebody came into the server room, and left.
fn entry(number: u32) -> Case {
    let field = |key, value| Field { key, value };
    let came = noon(2026, 5, 20);
    let fields = vec![
        field(1, Value::Text(text("保守 太郎"))),
        field(2, Value::Document(Title::new("白総第3号").unwrap())),
        field(3, Value::Moment(came)),
        field(4, Value::Code(code("0002"))),
    ];
    let left = vec![field(1, Value::Moment(came + 3_600_000))];
    Case {
        id: CaseId { form: Form::RoomEntry, number: Numbered { fiscal_year: 2026, number } },
        opened: written(u64::from(number), came + 60_000, fields),
        steps: vec![Taken { step: 1, written: written(u64::from(number) + 10, noon(2026, 5, 21), left) }],
    }
}

fn texts(hash: &NameHash) -> Option<String> {
    (*hash == text("保守 太郎")).then(|| "保守 太郎".to_owned())
}

fn cell(table: &Table, row: usize, key: &str) -> String {
    let place = table.columns.iter().position(|column| column.key == key).unwrap();
    table.rows[row][place].in_words(Language::Japanese)
}

#[test]
fn s1_9_3_the_book_of_entries_is_that_of_the_date_asked_for() {
    let office = Office::of_2026();
    let cases = [entry(2), entry(1)];
    let on = |day| book(office.as_of(noon(2026, 5, day)), Form::RoomEntry, cases.iter(), &texts);
    assert_eq!(on(20).rows.len(), 0);
    let (before, after) = (book(office.as_of(noon(2026, 5, 21) - 1), Form::RoomEntry, cases.iter(), &texts), on(22));
    assert_eq!(
        (cell(&after, 0, "case_number"), cell(&after, 1, "case_number")),
        ("令和8年度第1号".into(), "令和8年度第2号".into())
    );
    assert_eq!(
        (cell(&after, 0, "name"), cell(&after, 0, "attendant")),
        ("保守 太郎".into(), "鈴木 花子 (0002)".into())
    );
    assert_eq!(
        (cell(&after, 0, "in"), cell(&after, 0, "written_by")),
        ("令和8年5月20日 12時00分".into(), "佐藤 一郎 (0001)".into())
    );
    assert!(
        cell(&after, 0, "followed").starts_with("退室 令和8年5月21日 佐藤 一郎 (0001)"),
        "{}",
        cell(&after, 0, "followed")
    );
    assert_eq!(
        (cell(&after, 0, "to_be_done"), cell(&before, 0, "to_be_done"), cell(&before, 0, "followed")),
        (String::new(), "退室".into(), String::new())
    );
    // Nothing erased it: the ledger does not show it to everybody.
    let withheld = book(office.as_of(noon(2026, 5, 22)), Form::RoomEntry, cases.iter(), &|_| None);
    assert_eq!(cell(&withheld, 0, "name"), "(台帳が示さない)");
    assert!(withheld.remarks()[0].english.starts_with("2 names or texts were not shown"), "{:?}", withheld.remarks());
    assert!(after.remarks().is_empty(), "{:?}", after.remarks());
    assert_eq!(book(office.as_of(noon(2026, 5, 22)), Form::Visitor, cases.iter(), &texts).rows.len(), 0);
}

#[test]
fn a_case_is_a_sheet_with_what_followed_and_what_has_still_to_be_done() {
    let office = Office::of_2026();
    let case = Case { steps: Vec::new(), ..entry(1) };
    let at = noon(2026, 5, 22);
    let tables = sheet(office.as_of(at), &case, &texts);
    assert_eq!(tables[0].title.japanese, "サーバ設置室入退室管理簿 令和8年度第1号");
    assert_eq!((tables[1].rows.len(), cell(&tables[2], 0, "step")), (0, "退室".to_owned()));
    let form = of_cases(Form::RoomEntry);
    let facts = Facts::of(&office.register, Language::Japanese, as_of(at), "佐藤 一郎 (0001)".to_owned(), at);
    let facts = Facts { orientation: Some(Orientation::Portrait), ..facts };
    let page = html(&Templates::built_in(), form, &tables, &facts).unwrap();
    kept("room-entry.html", &page);
    assert!(page.contains("様式第26号") && page.contains("保守 太郎") && page.contains("未了の手続"), "{page}");
}

#[test]
fn no_form_of_the_casebook_has_two_columns_of_one_key() {
    let office = Office::of_2026();
    for form in Form::ALL {
        let table = book(office.as_of(noon(2026, 5, 22)), form, std::iter::empty(), &texts);
        let mut keys: Vec<&str> = table.columns.iter().map(|column| column.key).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count, "{form:?}: {keys:?}");
    }
}
