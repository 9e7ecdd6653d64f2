//! Forms over access records (S1 13, S3 18(1), S3 20, S4 10).

use sekisho_paper::Table;
use sekisho_paper::accesses::{Access, Gap, Span, Statistics, Work, gaps, history, running};
use sekisho_paper::media::{Backups, media};
use sekisho_paper::packs::{KeptMonth, PeriodCases, Refusals, committee, custody};
use sekisho_register::calendar::Month;
use sekisho_wire::decision::{ClockState, DecisionInput, Level, Request, SessionKind, TerminalState};
use sekisho_wire::id::{BootId, CardGuid, Hash, RequestId, Salt, SessionId, Signature};
use sekisho_wire::reason::{Outcome, PreviousEnd, Reason};
use sekisho_wire::record::{
    Body, Completed, Decision, Emitter, Opening, RECORD_VERSION, Record, Retention, SessionReason, TerminalUp,
    Withdrawn,
};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::office::{Office, code, noon};

const MINUTE: u64 = 60 * 1000;

fn input(office: &Office, session: u8, time: u64, function: Option<&str>) -> DecisionInput {
    DecisionInput {
        rules: 1,
        register: office.register.size(),
        office: office.id.unwrap(),
        terminal: code("jumin-1"),
        reader: None,
        state: TerminalState::Open,
        request: Request::Function,
        level: Level::Session,
        card: Some(CardGuid([3; 16])),
        operator: Some(code("10023")),
        profile: None,
        section: None,
        session: Some(SessionId([session; 16])),
        session_kind: SessionKind::Ordinary,
        opened: None,
        application: None,
        function: function.map(code),
        purpose: None,
        case: None,
        permit: None,
        time,
        clock: ClockState::Sound,
        note_time: None,
        note_until: None,
        worked: 0,
        worked_today: 0,
        grant: None,
        reported: None,
        home: None,
        pin_changed: None,
    }
}

fn record(office: &Office, seq: u64, trusted: u64, body: Body) -> Record {
    Record {
        version: RECORD_VERSION,
        critical: true,
        emitter: Emitter::Terminal(code("jumin-1")),
        office: office.id.unwrap(),
        epoch: 0,
        seq,
        boot: BootId([0; 16]),
        salt: Salt([0; 16]),
        retention: body.retention(),
        wall: trusted,
        trusted,
        monotonic: 0,
        body,
    }
}

/// A morning: a session, a grant that was carried out, a refusal, the end; then a session whose end is not there.
fn morning(office: &Office) -> Vec<Record> {
    let t = noon(2026, 5, 11);
    let opening = |session, t| {
        Body::SessionOpened(Opening {
            input: input(office, session, t, None),
            root: Hash([0; 32]),
            signature: Signature([0; 64]),
        })
    };
    let decision = |t, verdict, function| {
        let input = input(office, 1, t, Some(function));
        Body::Decision(Decision { request: RequestId([0; 16]), input, verdict, signature: None })
    };
    let up = Body::TerminalUp(TerminalUp {
        version: sekisho_wire::id::AgentVersion::new("0.1.0").unwrap(),
        previous: PreviousEnd::InOrder,
    });
    let completed = Body::Completed(Completed { of: 2, items: 3, outcome: Outcome::Done });
    let closed = SessionReason { session: SessionId([1; 16]), reason: Reason::CardRemoved };
    vec![
        record(office, 0, t, up),
        record(office, 1, t + MINUTE, opening(1, t + MINUTE)),
        record(office, 2, t + 2 * MINUTE, decision(t, VerdictCode::Granted, "juminhyo.issue")),
        record(office, 3, t + 3 * MINUTE, completed),
        record(office, 4, t + 4 * MINUTE, decision(t, VerdictCode::FunctionNotInScope, "zei.query")),
        record(office, 5, t + 31 * MINUTE, Body::SessionClosed(closed)),
        record(office, 6, t + 40 * MINUTE, opening(2, t + 40 * MINUTE)),
    ]
}

fn accesses(records: &[Record]) -> Vec<Access> {
    // Newest first, as the ledger answers.
    let rows = records.iter().enumerate().rev();
    rows.map(|(index, record)| Access {
        index: index as u64 + 100,
        record: Some(record.clone()),
        what: format!("what {index}"),
        carried: None,
    })
    .collect()
}

fn cell(table: &Table, row: usize, key: &str) -> String {
    let place = table.columns.iter().position(|column| column.key == key).unwrap();
    table.rows[row][place].in_words(Language::English)
}

#[test]
fn s1_13_the_book_of_accesses_has_what_was_done_in_the_row_of_its_decision() {
    let office = Office::of_2026();
    let mut rows = accesses(&morning(&office));
    rows.push(Access { index: 99, record: None, what: "cannot be read".into(), carried: None });
    let table = history(office.as_of(noon(2026, 6, 1)), &rows);
    // An unread one, two openings, two decisions, the end; neither the start of the terminal nor what was completed stands alone.
    assert_eq!(
        (0..6).map(|row| cell(&table, row, "index")).collect::<Vec<_>>(),
        ["99", "101", "102", "104", "105", "106"]
    );
    assert_eq!((cell(&table, 0, "what"), cell(&table, 0, "terminal")), ("cannot be read".into(), String::new()));
    let granted = |key| cell(&table, 2, key);
    assert_eq!((granted("operator"), granted("card")), ("田中 次郎 (10023)".into(), "2026-3".into()));
    assert_eq!(
        (granted("function"), granted("section")),
        ("住民票の写しの交付 (juminhyo.issue)".into(), "住民課 (jumin)".into())
    );
    assert_eq!((granted("items"), granted("ended")), ("3".into(), "2026-05-11 12:03 JST".into()));
    assert_eq!((granted("result"), cell(&table, 3, "result").is_empty()), ("granted".into(), false));
    // Where the decision is not at hand, what was completed has its own row.
    let alone: Vec<Record> = morning(&office).into_iter().filter(|record| record.seq == 3).collect();
    let table = history(office.as_of(noon(2026, 6, 1)), &accesses(&alone));
    assert_eq!((table.rows.len(), cell(&table, 0, "items")), (1, "3".into()));
}

/// A casebook in which nothing was ever written.
fn no_cases() -> PeriodCases<'static> {
    PeriodCases { all: &[], from: 0, to: u64::MAX, untrained: &[], texts: &|_| None }
}

/// The same morning; what was granted was taken back.
fn withdrawn(office: &Office) -> Vec<Record> {
    let mut records = morning(office);
    let taken_back = Body::Withdrawn(Withdrawn { of: 2, reason: Reason::CardRemoved });
    records[3] = record(office, 3, noon(2026, 5, 11) + 3 * MINUTE, taken_back);
    records
}

#[test]
fn a_grant_that_was_taken_back_counts_as_one_nowhere() {
    let office = Office::of_2026();
    let of = office.as_of(noon(2026, 6, 1));
    let records = withdrawn(&office);
    let mut rows = accesses(&records);
    rows.iter_mut().filter(|row| row.index == 102).for_each(|row| row.carried = Some("came later".into()));
    let table = history(of, &rows);
    assert_eq!((0..5).map(|row| cell(&table, row, "index")).collect::<Vec<_>>(), ["101", "102", "104", "105", "106"]);
    assert_eq!(cell(&table, 1, "result"), "granted (taken back 2026-05-11 12:03 JST)");
    // Why, and that the record was carried, stand beside it.
    assert_eq!(cell(&table, 1, "what"), "came later, what 3");
    // Where the decision is not at hand it has its own row.
    let alone = history(of, &accesses(&records[3..4]));
    assert_eq!((alone.rows.len(), cell(&alone, 0, "what")), (1, "what 0".into()));

    let (mut statistics, mut refusals) = (Statistics::default(), Refusals::default());
    for record in records.iter().rev() {
        statistics.add(&office.register, record);
        refusals.add(record);
    }
    let functions = statistics.functions(of);
    let total = functions.rows.len() - 1;
    assert_eq!((cell(&functions, total, "granted"), cell(&functions, total, "refused")), ("0".into(), "2".into()));
    assert!(functions.notes.is_empty(), "{:?}", functions.notes);
    let report = &committee(of, &refusals, &no_cases())[2];
    let count = |what: &str| {
        let row = (0..report.rows.len()).find(|row| cell(report, *row, "what") == what).unwrap();
        cell(report, row, "count")
    };
    assert_eq!([count("granted"), count("refused: granted, then taken back")], ["0", "1"]);
    // What it took back may lie before the period.
    let mut statistics = Statistics::default();
    statistics.add(&office.register, &records[3]);
    assert!(statistics.functions(of).notes[0].english.starts_with("1 grants were taken back"));
}

#[test]
fn work_is_counted_by_day_and_by_month_and_what_has_no_end_is_said() {
    let office = Office::of_2026();
    let of = |span| {
        let mut work = Work::by(span);
        morning(&office).iter().rev().for_each(|record| work.add(record));
        work.table(office.as_of(noon(2026, 6, 1)))
    };
    let day = of(Span::Day);
    assert_eq!(day.rows.len(), 1);
    let row = |key| cell(&day, 0, key);
    assert_eq!((row("day"), row("name"), row("sessions")), ("2026-05-11".into(), "田中 次郎".into(), "2".into()));
    assert_eq!((row("minutes"), row("granted")), ("30".into(), "1".into()));
    assert_eq!((row("items"), row("refused")), ("3".into(), "1".into()));
    assert!(day.notes[0].english.starts_with("of 1 stretches"), "{:?}", day.notes);
    assert_eq!(cell(&of(Span::Month), 0, "month"), "2026-05");
}

#[test]
fn s3_18_1_the_working_state_tells_starts_and_stops() {
    let office = Office::of_2026();
    let table = running(&accesses(&morning(&office)));
    assert_eq!(
        (table.rows.len(), cell(&table, 0, "event"), cell(&table, 0, "what")),
        (1, "start".into(), "what 0".into())
    );
}

#[test]
fn s3_20_statistics_name_nobody() {
    let office = Office::of_2026();
    let mut statistics = Statistics::default();
    morning(&office).iter().rev().for_each(|record| statistics.add(&office.register, record));
    let of = office.as_of(noon(2026, 6, 1));
    let (functions, sessions) = (statistics.functions(of), statistics.sessions());
    assert_eq!(
        (functions.rows.len(), cell(&functions, 0, "granted"), cell(&functions, 2, "refused")),
        (3, "1".into(), "1".into())
    );
    assert_eq!(cell(&functions, 0, "terminal_kind"), "business");
    assert_eq!((cell(&sessions, 0, "sessions"), cell(&sessions, 0, "wrong_pins")), ("2".into(), "0".into()));
    for text in [functions.csv(Language::English), sessions.csv(Language::Japanese)] {
        assert!(!text.contains("10023") && !text.contains("田中") && !text.contains("operator"), "{text}");
    }
}

#[test]
fn what_is_missing_stands_at_the_end_and_so_does_that_nothing_is() {
    let gap = Gap { terminal: Some("jumin-1".into()), epoch: Some(0), seq: Some(4), what: "records 4 to 8".into() };
    let table = gaps(&[gap], 2);
    assert_eq!((table.rows.len(), cell(&table, 0, "seq")), (1, "4".into()));
    assert!(table.notes[0].english.starts_with("2 records cannot be read"));
    assert_eq!(gaps(&[], 0).notes[0].english, "nothing is known to be missing");
    // What cannot be read is missing.
    let unread = gaps(&[], 2);
    assert!(unread.notes.len() == 1 && unread.notes[0].english.starts_with("2 records"), "{:?}", unread.notes);
}

#[test]
fn s4_19_4_custody_says_what_is_kept_since_when_and_until_when() {
    let office = Office::of_2026();
    let month = |text: &str| text.parse::<Month>().unwrap();
    let of = |class, text, erased| KeptMonth { class, month: month(text), erased };
    let months = [
        of(Retention::Access, "2026-05", false),
        of(Retention::Access, "2026-04", false),
        of(Retention::Operation, "2024-04", true),
        of(Retention::Operation, "2025-04", false),
    ];
    let (of, backups) = (office.as_of(noon(2026, 6, 15)), Backups::default());
    let tables = custody(of, &months, &backups, media(of, &backups, &[], &|_| None));
    let kept = &tables[0];
    assert_eq!(
        (cell(kept, 0, "from"), cell(kept, 0, "to"), cell(kept, 0, "until")),
        ("2026-04".into(), "2026-05".into(), "2033-05-01".into())
    );
    assert_eq!(
        (cell(kept, 1, "gone"), cell(kept, 1, "due"), cell(kept, 1, "months")),
        ("1".into(), "1".into(), "1".into())
    );
    assert_eq!(tables.len(), 5);
    assert_eq!(
        (cell(&tables[3], 2, "what"), cell(&tables[3], 2, "value")),
        ("newest verified backup".into(), "none".into())
    );
    assert!(tables[4].notes[0].english.starts_with("no medium for backups"), "{:?}", tables[4].notes);
}
