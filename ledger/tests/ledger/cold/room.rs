//! What a record takes in a file: a whole segment of decisions as clerks make them in a week.

use sekisho_wire::decision::{ClockState, DecisionInput, Level, Request, SessionKind, TerminalState};
use sekisho_wire::id::{CardGuid, CaseReference, RequestId, Salt, SessionId, Signature};
use sekisho_wire::record::{Body, Decision, Record};
use sekisho_wire::verdict::VerdictCode;

use super::{checked, configure, empty_ledger, opened, rewritten};
use crate::town::{NOON, Town, code};

/// A decision of one of forty clerks: new in each are the time, the request and, one time in twenty, the card's signature.
fn decision(town: &Town, seq: u64, sessions: &[[u8; 16]]) -> Body {
    let clerk = seq * 7 % 40;
    let (day, time) = (seq / 20_000, NOON + seq * 1_371);
    let function =
        ["juminhyo.issue", "juminhyo.search", "koseki.view", "zei.notice", "insho.issue"][(seq * 3 % 5) as usize];
    let level = if seq.is_multiple_of(20) { Level::Pin } else { Level::Session };
    let input = DecisionInput {
        rules: sekisho_register::RULES_VERSION,
        register: 40 + day,
        office: town.office,
        terminal: code("jumin-1"),
        reader: None,
        state: TerminalState::Open,
        request: Request::Function,
        level,
        card: Some(CardGuid([clerk as u8 + 10; 16])),
        operator: Some(code(&format!("{}", 10_000 + clerk))),
        home: None,
        pin_changed: None,
        profile: Some(code("clerk")),
        section: Some(code("jumin")),
        session: Some(SessionId(sessions[(day * 40 + clerk) as usize])),
        session_kind: SessionKind::Ordinary,
        opened: Some(NOON + day * 86_400_000 + clerk * 1_000),
        application: Some(code("juki")),
        function: Some(code(function)),
        purpose: None,
        case: Some(CaseReference::new(&format!("R8-{:05}", seq * 13 % 90_000)).unwrap()),
        permit: None,
        time,
        clock: ClockState::Sound,
        note_time: Some(time - time % 300_000),
        note_until: Some(time - time % 300_000 + 259_200_000),
        worked: (seq % 3_000) as u32,
        worked_today: (seq % 20_000) as u32,
        grant: None,
        reported: None,
    };
    let random = sekisho_ledger::random::bytes::<64>;
    let signature = matches!(level, Level::Pin).then(|| Signature(random()));
    Body::Decision(Decision {
        request: RequestId(sekisho_ledger::random::bytes()),
        input,
        verdict: VerdictCode::Granted,
        signature,
    })
}

#[test]
fn a_record_takes_a_hundred_bytes_at_most_once_it_is_cold() {
    let (root, data) = empty_ledger();
    configure(&data, sekisho_ledger::cold::ENTRIES);
    let mut town = Town::founded((root, data), opened);
    let sessions: Vec<[u8; 16]> = (0..400).map(|_| sekisho_ledger::random::bytes()).collect();
    while town.end() < sekisho_ledger::cold::ENTRIES {
        let made = (town.terminal.next..town.terminal.next + 1000).map(|seq| {
            let record = town.terminal.record(seq, decision(&town, seq, &sessions));
            let salt = Salt(sekisho_ledger::random::bytes());
            rewritten(&record, |record| Record { salt, wall: NOON + seq * 1_371, monotonic: seq * 1_371_913, ..record })
        });
        let (batch, after) = town.terminal.batch_of(made.collect());
        town.deliver(&batch).unwrap();
        town.terminal = after;
    }
    town.send(1);
    town.publish();
    let rows = town.rows(0);
    let payload: usize = rows.iter().map(|entry| entry.payload.len()).sum();
    let record = town.ledger.record_bytes(&town.office, 5000).unwrap().len();
    assert_eq!(town.cools(), 65_536);
    let file = std::fs::metadata(town.files().remove(0)).unwrap().len();
    let each = file as f64 / 65_536.0;
    let of_payload = payload as f64 / rows.len() as f64;
    eprintln!("a record of {record} bytes: {of_payload:.1} sealed in the database, {each:.1} in the file");
    assert!(each <= 100.0, "{each}");
    // What these decisions say nobody granted; but every one of them is there.
    let report = checked(&town.root);
    let gone = |finding: &&sekisho_ledger::fsck::Finding| {
        !matches!(
            finding.fault,
            sekisho_ledger::fsck::Fault::Verdict(_) | sekisho_ledger::fsck::Fault::RegisterAhead { .. }
        )
    };
    assert_eq!(report.findings.iter().find(gone), None);
    assert!(report.entries > 65_536);
}
