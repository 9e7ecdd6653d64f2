//! Media (S3 23(2), S4 19(4)): the ledger's and the sections' in one list, each where it lies now and with its last verification.

use sekisho_paper::cases::book;
use sekisho_paper::media::{Backups, LedgerMedium, media};
use sekisho_register::NameHash;
use sekisho_register::calendar::local_day;
use sekisho_register::cases::Case;
use sekisho_register::change::Value;
use sekisho_register::forms::Form;

use crate::committee::{case, field, said, text};
use crate::office::{Office, code, noon};

fn texts(hash: &NameHash) -> Option<String> {
    ["金庫", "書庫", "裁断"].into_iter().find(|words| text(words) == *hash).map(str::to_owned)
}

/// A medium of a section, made on that day, and what followed.
fn medium(number: u32, label: &str, made: u64, steps: Vec<(u8, u64, Vec<sekisho_register::change::Field>)>) -> Case {
    let fields = vec![
        field(1, Value::Code(code(label))),
        field(2, Value::Day(local_day(made))),
        field(3, Value::Text(text("金庫"))),
    ];
    case(Form::Medium, number, made, fields, steps)
}

#[test]
fn s3_23_2_media_are_one_list_with_place_and_last_verification() {
    let office = Office::of_2026();
    let on = |year, month| noon(year, month, 1);
    let day = |t| Value::Day(local_day(t));
    let moved = medium(
        1,
        "b-2",
        on(2026, 4),
        vec![
            (1, on(2026, 5), vec![field(1, day(on(2026, 5)))]),
            (2, on(2026, 6), vec![field(1, Value::Text(text("書庫"))), field(2, day(on(2026, 6)))]),
        ],
    );
    let old = medium(2, "a-1", on(2025, 1), Vec::new());
    let gone = medium(
        3,
        "c-3",
        on(2026, 4),
        vec![(
            3,
            on(2026, 5),
            vec![field(1, day(on(2026, 5))), field(2, Value::Text(text("裁断"))), field(3, Value::Code(code("0001")))],
        )],
    );
    let cases = [&moved, &old, &gone];
    let ledgers = |name: &str, place: Option<&str>, verified| LedgerMedium {
        name: name.into(),
        place: place.map(str::to_owned),
        listed: on(2026, 4),
        verified,
    };
    let backups = Backups {
        media: vec![ledgers("B-1", Some("耐火金庫"), Some(on(2026, 5))), ledgers("B-9", None, None)],
        ..Backups::default()
    };
    let of = |at| media(office.as_of(at), &backups, &cases, &texts);
    let table = of(noon(2026, 6, 15));
    let rows: Vec<[String; 4]> = (0..table.rows.len())
        .map(|row| ["label", "place", "verified", "state"].map(|key| said(&table, row, key)))
        .collect();
    let expected = [
        ["a-1", "金庫", "", "1年以上検証なし"],
        ["B-1", "耐火金庫", "令和8年5月1日", "検証済み"],
        ["b-2", "書庫", "令和8年5月1日", "検証済み"],
        ["B-9", "登録なし", "", "未検証"],
        ["c-3", "金庫", "", "廃棄 令和8年5月1日"],
    ];
    assert_eq!(rows, expected.map(|row| row.map(str::to_owned)));
    assert!(table.notes.is_empty(), "{:?}", table.notes);
    // As of a day before it was brought elsewhere.
    let may = of(noon(2026, 5, 15));
    assert_eq!(said(&may, 2, "place"), "金庫");
    let late = Backups { overdue_since: Some(on(2026, 6)), ..backups.clone() };
    let table = media(office.as_of(noon(2026, 6, 15)), &late, &cases, &texts);
    assert_eq!((said(&table, 1, "state"), said(&table, 2, "state")), ("検証が遅れている".into(), "検証済み".into()));
    assert!(table.notes[0].japanese.contains("令和8年6月1日 12時00分"), "{:?}", table.notes);
    // The book of the form has both columns, too.
    let book = book(office.as_of(noon(2026, 6, 15)), Form::Medium, cases.into_iter(), &texts);
    assert_eq!((said(&book, 1, "verified"), said(&book, 1, "place_now")), ("令和8年5月1日".into(), "書庫".into()));
}
