//! Registers as of dates: what an office asks of each (S1 11(1), S3 17, S3 23, S4 7, S4 11(5)).

use sekisho_paper::registers::begins;
use sekisho_paper::{Cell, Table};
use sekisho_register::change::{CardState, Change, GiveProfile, StateReason};
use sekisho_register::role::Class;
use sekisho_wire::words::Language;

use crate::office::{Office, code, noon};

fn column(table: &Table, key: &str) -> Vec<String> {
    let place = table.columns.iter().position(|column| column.key == key).unwrap_or_else(|| panic!("no column {key}"));
    table.rows.iter().map(|row| row[place].in_words(Language::English)).collect()
}

#[test]
fn s1_11_1_the_register_of_operators_is_that_of_the_date_asked_for() {
    let mut office = Office::of_2026();
    office.designate(noon(2026, 9, 1), 7, "10031", "高橋 三郎", "zeimu");
    office.leaves(noon(2026, 10, 1), "10023");
    let on = |month| office.as_of(noon(2026, month, 15)).operators();
    assert_eq!(column(&on(8), "operator"), ["0001", "0002", "10023"]);
    assert_eq!(column(&on(9), "operator"), ["0001", "0002", "10023", "10031"]);
    assert_eq!(column(&on(9), "name"), ["佐藤 一郎", "鈴木 花子", "田中 次郎", "高橋 三郎"]);
    assert_eq!(column(&on(9), "state"), ["active", "active", "active", "active"]);
    let october = on(10);
    assert_eq!(column(&october, "state")[2], "ended");
    assert_eq!(
        (column(&october, "released")[2].as_str(), column(&october, "reason")[2].as_str()),
        ("2026-10-01", "left the duty")
    );
    assert_eq!(column(&october, "functions")[2], "juminhyo.issue");
    assert_eq!(column(&october, "approved_by")[2], "佐藤 一郎 (0001)");
    assert_eq!(column(&october, "approved")[2], "2026-04-03");
    assert_eq!(column(&october, "section")[2], "住民課 (jumin)");
    assert_eq!(column(&on(8), "section")[2], "住民課 (jumin)");
}

#[test]
fn an_operator_whose_time_is_over_left_on_the_last_day_of_it() {
    let office = Office::of_2026();
    let table = office.as_of(noon(2027, 4, 2)).operators();
    assert_eq!((column(&table, "state")[2].as_str(), column(&table, "released")[2].as_str()), ("ended", "2027-03-31"));
}

#[test]
fn the_register_of_cards_says_what_became_of_each() {
    let office = Office::of_2026();
    let before = office.as_of(noon(2026, 5, 15)).cards();
    assert_eq!(column(&before, "number"), ["2026-1", "2026-2", "2026-3", "2026-4", "2026-5"]);
    assert_eq!(column(&before, "state"), ["active", "active", "active", "dormant", "dormant"]);
    let after = office.as_of(noon(2026, 6, 15)).cards();
    assert_eq!(column(&after, "state")[2..], ["revoked", "dormant", "disposed of"]);
    assert_eq!((column(&after, "revoked")[2].as_str(), column(&after, "reason")[2].as_str()), ("2026-06-01", "lost"));
    assert_eq!(column(&after, "name")[..3], ["佐藤 一郎", "鈴木 花子", "田中 次郎"]);
    let by_hand = after.columns.iter().map(|column| column.key).collect::<Vec<_>>();
    assert_eq!(by_hand[16..], ["place", "remarks"]);
    assert!(after.rows.iter().all(|row| row[16..] == [Cell::ByHand, Cell::ByHand]));
}

#[test]
fn s4_11_5_each_use_of_a_temporary_card_is_a_row() {
    let office = Office::of_2026();
    assert_eq!(office.as_of(noon(2026, 5, 6)).temporary_cards().rows.len(), 0);
    let table = office.as_of(noon(2026, 5, 9)).temporary_cards();
    let row = |key| column(&table, key)[0].clone();
    assert_eq!(
        (row("number"), row("name"), row("section")),
        ("2026-4".into(), "田中 次郎".into(), "住民課 (jumin)".into())
    );
    assert_eq!(
        (row("reason"), row("approval"), row("from")),
        ("forgot".into(), "R8-5".into(), "2026-05-07 12:00 JST".into())
    );
}

#[test]
fn every_card_is_counted_once_and_the_columns_add_up() {
    let mut office = Office::of_2026();
    office.state(noon(2026, 6, 20), 2, CardState::Suspended, StateReason::Other);
    office.state(noon(2026, 6, 21), 4, CardState::Returned, StateReason::LeftDuty);
    for at in [noon(2026, 4, 5), noon(2026, 5, 7) + 1, noon(2026, 6, 30), noon(2027, 5, 1)] {
        let table = office.as_of(at).stock();
        for row in &table.rows {
            let numbers: Vec<u64> =
                row.iter().filter_map(|cell| if let Cell::Number(n) = cell { Some(*n) } else { None }).collect();
            assert_eq!(numbers[0], numbers[1..].iter().sum::<u64>(), "{row:?}");
        }
        assert_eq!(table.rows.last().unwrap()[1], Cell::Number(5));
    }
    let june = office.as_of(noon(2026, 6, 30)).stock();
    let total: Vec<String> =
        june.rows.last().unwrap()[1..9].iter().map(|cell| cell.in_words(Language::English)).collect();
    assert_eq!(total, ["5", "1", "0", "0", "1", "1", "1", "1"]);
    // S3 23(4).
    let destroyed = office.as_of(noon(2026, 6, 30)).disposals();
    let row = |key| column(&destroyed, key)[0].clone();
    assert_eq!((destroyed.rows.len(), row("number"), row("disposed")), (1, "2026-5".into(), "2026-06-02".into()));
    assert_eq!((row("method"), row("witness")), ("券面裁断・ICチップ破壊".into(), "佐藤 一郎 (0001)".into()));
}

#[test]
fn s4_7_the_report_of_a_year_tells_new_from_continued_and_changed() {
    let mut office = Office::of_2026();
    let of_2026 = office.as_of(noon(2026, 6, 1)).designations(2026);
    assert_eq!(column(&of_2026, "change"), ["new", "new", "new"]);
    // For the next year: the same section, another one, somebody new; the administrators, named by the founding act, go on.
    office.designate(noon(2026, 9, 1), 8, "10040", "高橋 三郎", "jumin");
    let next = noon(2027, 4, 1);
    office.designate(next, 3, "10023", "田中 次郎", "jumin");
    let profile = GiveProfile {
        operator: code("10023"),
        profile: code("jumin-a"),
        functions: vec![code("juminhyo.issue")],
        from: next,
        to: begins(2028),
    };
    office.act(next, vec![Change::Profile(profile)]);
    office.designate(next, 8, "10040", "高橋 三郎", "zeimu");
    office.designate(next, 9, "10050", "伊藤 四郎", "zeimu");
    let table = office.as_of(noon(2027, 4, 2)).designations(2027);
    let rows: Vec<_> = column(&table, "operator").into_iter().zip(column(&table, "change")).collect();
    let known =
        [("0001", "continued"), ("0002", "continued"), ("10023", "continued"), ("10040", "changed"), ("10050", "new")];
    assert_eq!(rows, known.map(|(operator, change)| (operator.to_owned(), change.to_owned())));
    assert!(table.title.japanese.starts_with("令和9年度"), "{}", table.title.japanese);
    // Of a year to come nothing is reported that was decided later than the date asked for.
    assert_eq!(column(&office.as_of(noon(2027, 3, 1)).designations(2027), "operator"), ["0001", "0002"]);
    // A year that is over is reported as it ended.
    assert_eq!(
        column(&office.as_of(noon(2027, 4, 2)).designations(2026), "operator"),
        ["0001", "0002", "10023", "10040"]
    );
}

#[test]
fn s3_17_1_system_staff_have_a_register_of_their_own() {
    let office = Office::of_2026();
    let table = office.as_of(noon(2026, 6, 1)).staff();
    assert_eq!(column(&table, "operator"), ["0001", "0002"]);
}

#[test]
fn s3_23_3_a_label_has_the_number_and_nothing_else() {
    let office = Office::of_2026();
    let table = office.as_of(noon(2026, 6, 15)).labels();
    assert_eq!(table.columns.len(), 1);
    assert_eq!(column(&table, "serial"), ["2026-1", "2026-2", "2026-4"]);
    let csv = table.csv(Language::Japanese);
    assert!(["田中", "住民", "業務", "予備", "10023"].iter().all(|word| !csv.contains(word)), "{csv}");
}

#[test]
fn terminals_functions_posts_routes_and_policy_are_those_of_the_date() {
    let office = Office::of_2026();
    let (before, after) = (office.as_of(noon(2026, 4, 1)), office.as_of(noon(2026, 6, 11)));
    assert_eq!((before.terminals().rows.len(), before.functions().rows.len(), before.sections().rows.len()), (0, 0, 0));
    assert_eq!(column(&after.terminals(), "section"), ["住民課 (jumin)"]);
    assert_eq!(column(&after.functions(), "title"), ["住民票の写しの交付", "税情報の照会"]);
    assert_eq!(column(&after.posts(), "name"), ["佐藤 一郎", "鈴木 花子"]);
    assert_eq!(after.routes().rows.len(), Class::ALL.len());
    assert!(column(&after.policy(), "key").contains(&"idle_seconds".to_owned()));
    assert_eq!(column(&after.hours(), "monday"), ["8:30–17:15"]);
    let permits = after.permits();
    assert_eq!(
        (column(&permits, "names"), column(&permits, "state")),
        (vec!["田中 次郎".to_owned()], vec!["not yet".to_owned()])
    );
    assert_eq!(column(&office.as_of(noon(2026, 6, 13)).permits(), "state"), ["in force"]);
}
