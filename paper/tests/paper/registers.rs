//! Registers as of dates: what an office asks of each (S1 11(1), S3 17, S3 23, S4 7, S4 11(5)).

use sekisho_paper::registers::begins;
use sekisho_paper::{Cell, Table};
use sekisho_register::Policy;
use sekisho_register::calendar::{Date, day_of_date};
use sekisho_register::change::{
    CardState, Change, Designate, EndPermit, GiveProfile, HoldPost, PersonClass, SetCalendar, SetPolicy, SetRoute,
    StateReason,
};
use sekisho_register::role::{Class, Role};
use sekisho_wire::id::Numbered;
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
fn whoever_left_by_date_or_has_not_begun_keeps_dates_section_and_places() {
    let mut office = Office::of_2026();
    let name = office.name_of(10, "伊藤 四郎");
    office.act(
        noon(2027, 2, 1),
        vec![Change::Designate(Box::new(Designate {
            operator: code("10060"),
            name,
            class: PersonClass::Operator,
            section: code("zeimu"),
            from: begins(2027),
            to: begins(2028),
            terminals: vec![code("jumin-1")],
            sections: Vec::new(),
        }))],
    );
    let cells = |at, row: usize| {
        let table = office.as_of(at).operators();
        ["state", "section", "from", "to", "where", "released"].map(|key| column(&table, key)[row].clone())
    };
    let of = |cells: [&str; 6]| cells.map(str::to_owned);
    let (jumin, zeimu) = ("住民課 (jumin)", "税務課 (zeimu)");
    assert_eq!(cells(noon(2027, 3, 15), 2), of(["active", jumin, "2026-04-03", "2027-03-31", "jumin", ""]));
    assert_eq!(cells(noon(2027, 4, 2), 2), of(["ended", jumin, "2026-04-03", "2027-03-31", "jumin", "2027-03-31"]));
    assert_eq!(cells(noon(2027, 3, 15), 3), of(["not yet", zeimu, "2027-04-01", "2028-03-31", "jumin-1", ""]));
}

#[test]
fn an_end_is_that_of_what_really_held() {
    let mut office = Office::of_2026();
    office.designate_until(noon(2026, 9, 1), 3, "10023", "田中 次郎", begins(2026) + 183 * 24 * 60 * 60 * 1000);
    for at in [noon(2026, 12, 1), noon(2027, 5, 1)] {
        let table = office.as_of(at).operators();
        let row = ["released", "reason", "to"].map(|key| column(&table, key)[2].clone());
        assert_eq!(row, ["2026-09-30", "time over", "2026-09-30"]);
    }
}

#[test]
fn people_and_cards_of_another_office_are_not_counted_as_ones_own() {
    let mut office = Office::of_2026();
    let at = noon(2026, 7, 2);
    let (before, stock) = (office.as_of(at).operators_in_short(), office.as_of(at).stock());
    office.admit(noon(2026, 7, 1), 9, "90001", "隣 太郎");
    let of = office.as_of(at);
    assert_eq!(column(&of.operators(), "name")[3], "隣 太郎 (of 隣町)");
    assert_eq!(column(&of.designations(2026), "name")[3], "隣 太郎 (of 隣町)");
    let short = of.operators_in_short();
    assert_eq!(short.rows[..before.rows.len()], before.rows);
    assert_eq!(
        (column(&short, "section").last().unwrap().as_str(), column(&short, "active").last().unwrap().as_str()),
        ("besides, people of 隣町", "1")
    );
    assert_eq!((of.stock().rows, of.stock().notes.len()), (stock.rows, stock.notes.len() + 1));
    assert_eq!(column(&of.labels(), "serial"), ["2026-1", "2026-2", "2026-4"]);
    assert_eq!(of.cards().rows.len(), 6);
}

#[test]
fn what_is_not_shown_is_not_called_erased() {
    let mut office = Office::of_2026();
    office.forget("田中 次郎");
    let table = office.as_of(noon(2026, 6, 1)).operators();
    assert_eq!(column(&table, "name")[2], "(not shown by the ledger)");
    assert!(table.remarks()[0].english.starts_with("1 names or texts were not shown"), "{:?}", table.remarks());
}

#[test]
fn a_dormant_card_is_lent_from_the_day_it_was_woken() {
    let office = Office::of_2026();
    let from = |at| column(&office.as_of(at).cards(), "from")[2..].to_vec();
    assert_eq!(from(noon(2026, 5, 6)), ["2026-04-04", "", ""]);
    assert_eq!(from(noon(2026, 5, 7) + 1), ["2026-04-04", "2026-05-07", ""]);
    assert_eq!(from(noon(2026, 5, 9)), ["2026-04-04", "", ""]);
}

#[test]
fn deputies_are_said_to_be_and_each_who_is_responsible_has_a_name() {
    let mut office = Office::of_2026();
    office.by_two(
        noon(2026, 6, 20),
        vec![Change::HoldPost(HoldPost {
            post: code("kacho"),
            operator: code("10023"),
            deputy: true,
            from: noon(2026, 6, 20),
            to: None,
        })],
    );
    let of = office.as_of(noon(2026, 6, 21));
    assert_eq!(column(&of.operators(), "post")[2], "kacho (deputy)");
    assert_eq!(column(&of.terminals(), "held"), ["佐藤 一郎 (0001), 鈴木 花子 (0002), 田中 次郎 (10023) (deputy)"]);
    let capacities: Vec<_> = of.posts().rows.iter().map(|row| row[6].in_words(Language::Japanese)).collect();
    assert_eq!(capacities, ["在職", "在職", "代決者"]);
}

#[test]
fn a_permit_says_that_it_was_cancelled_or_ended_early_and_that_it_is_for_everything() {
    let mut office = Office::of_2026();
    let (given, at) = (office.clone(), noon(2026, 6, 20));
    let of = |office: &Office, key, at| column(&office.as_of(at).permits(), key)[0].clone();
    let permit = Numbered { fiscal_year: 2026, number: 1 };
    let end =
        |office: &mut Office, made| office.act(made, vec![Change::EndPermit(EndPermit { permit, effective: made })]);
    assert_eq!((of(&office, "functions", at), of(&office, "state", at)), ("all".into(), "over".into()));
    end(&mut office, noon(2026, 6, 11));
    assert_eq!(of(&office, "state", noon(2026, 6, 12)), "cancelled (2026-06-11)");
    assert_eq!(of(&office, "state", noon(2026, 6, 11) - 1), "not yet");
    let mut office = given;
    end(&mut office, noon(2026, 6, 13) + 60 * 60 * 1000);
    assert_eq!(
        (of(&office, "state", at), of(&office, "to", at)),
        ("ended early".into(), "2026-06-13 13:00 JST".into())
    );
    assert_eq!(of(&office, "to", noon(2026, 6, 13)), "2026-06-14 12:00 JST");
}

#[test]
fn routes_and_hours_say_what_decides() {
    let mut office = Office::of_2026();
    let route = |distinct| {
        let (class, role) = (Class::Terminals, Role::SystemManager);
        Change::Route(SetRoute { class, proposers: vec![role], stages: vec![vec![role]], distinct })
    };
    let day = |month, day| day_of_date(Date { year: 2026, month, day });
    let calendar = SetCalendar { closed: vec![day(3, 20), day(11, 3)], open: Vec::new() };
    office.by_two(noon(2026, 6, 20), vec![route(false), Change::Calendar(calendar)]);
    let of = office.as_of(noon(2026, 6, 21));
    let routes = of.routes();
    let place = Class::ALL.iter().position(|class| *class == Class::Terminals).unwrap();
    assert_eq!(
        (
            column(&routes, "distinct")[place].as_str(),
            column(&routes, "distinct").contains(&"all different".to_owned())
        ),
        ("may be the same", true)
    );
    let notes: Vec<_> = of.hours().notes.iter().map(|note| note.english.to_string()).collect();
    assert!(notes[0].contains("hours"), "{notes:?}");
    assert_eq!(notes[1], "days closed in fiscal year 2026: 2026-11-03 (and 1 of other years)");
    assert_eq!(notes[2], "days open besides in fiscal year 2026: none");
    let free = Policy { hours_enforced: false, ..Policy::default() };
    office.act(noon(2026, 6, 22), vec![Change::Policy(SetPolicy { policy: free })]);
    let notes = office.as_of(noon(2026, 6, 23)).hours().notes;
    assert!(notes[0].english.contains("refused nowhere"), "{notes:?}");
}

#[test]
fn s4_7_who_left_within_the_year_stands_in_its_report_and_its_day_is_that_of_its_contents() {
    let mut office = Office::of_2026();
    office.leaves(noon(2026, 10, 1), "10023");
    let table = office.as_of(noon(2026, 11, 1)).designations(2026);
    let row = |key| column(&table, key)[2].clone();
    assert_eq!((row("operator"), row("change"), row("to")), ("10023".into(), "ended".into(), "2026-10-01".into()));
    assert_eq!(column(&office.as_of(noon(2027, 6, 1)).designations(2027), "operator"), ["0001", "0002"]);
    let of = office.as_of(noon(2027, 6, 15));
    assert_eq!([2026, 2027, 2028].map(|year| of.within(year)), [begins(2027) - 1, of.at, begins(2028)]);
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
fn what_an_office_has_not_set_is_marked_as_the_product_s_default() {
    let mut office = Office::of_2026();
    let not_ours = |office: &Office, at: u64| {
        let table = office.as_of(at).policy();
        let rows = column(&table, "key").into_iter().zip(column(&table, "ours"));
        rows.filter(|(_, ours)| ours != "default").map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(not_ours(&office, noon(2026, 6, 11)), [""; 0]);
    let own = Policy { idle_seconds: 123, ..Policy::default() };
    office.act(noon(2026, 7, 1), vec![Change::Policy(SetPolicy { policy: own })]);
    assert_eq!(not_ours(&office, noon(2026, 7, 2)), ["idle_seconds"]);
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
