//! Records: every kind comes back from its bytes, the bytes are those of the release, and nothing else passes for one.
#![allow(clippy::unwrap_used, reason = "tests")]

use sekisho_wire::decision::{ClockState, DecisionInput, Level, NamedGrant, Request, SessionKind, TerminalState};
use sekisho_wire::id::{
    AccountName, AgentVersion, BootId, CardGuid, CaseReference, Code, Hash, Numbered, OfficeId, ReaderIdentity,
    RequestId, Salt, SessionId, Signature,
};
use sekisho_wire::reason::{
    AlarmKind, CardTrouble, EnrolmentEvent, FalseSlot, IncidentClass, Instead, LeaseEnd, LinkState, LoginSeen,
    LostReason, Outcome, PreviousEnd, Query, Reason, ScreenCause, WorkerState,
};
use sekisho_wire::record::{
    About, Alarm, Body, BreakGlass, CardFalse, CardReported, CardSeen, ClockStep, Completed, Decision, Emitter,
    Enrolment, IncidentReported, KINDS, Lost, Opening, PinChanged, PinFailed, RECORD_VERSION, Read, ReadersLent,
    Record, RefusedAct, RegisterAdvanced, Retention, ScreenLocked, ScreenNotLocked, SessionReason, TerminalUp, Unread,
    Withdrawn, decision_digest, session_digest,
};
use sekisho_wire::verdict::VerdictCode;

/// Bytes of every kind as release 1 writes them: `kind hex`. A line never changes; new kinds add lines.
const GOLDEN: &str = include_str!("../vectors/records-1.txt");

fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

fn input(request: Request) -> DecisionInput {
    DecisionInput {
        rules: 1,
        register: 42,
        office: OfficeId([1; 16]),
        terminal: code("jumin-1"),
        reader: Some(ReaderIdentity::new("usb:076b:3031:0001").unwrap()),
        state: TerminalState::Open,
        request,
        level: Level::Session,
        card: Some(CardGuid([2; 16])),
        operator: Some(code("10023")),
        profile: Some(code("jumin-a")),
        section: Some(code("jumin")),
        session: Some(SessionId([3; 16])),
        session_kind: SessionKind::Ordinary,
        opened: Some(1_795_000_000_000),
        application: Some(code("juki")),
        function: Some(code("juminhyo.issue")),
        purpose: Some(code("counter")),
        case: Some(CaseReference::new("R8-0012").unwrap()),
        permit: Some(Numbered { fiscal_year: 2026, number: 12 }),
        time: 1_795_000_060_000,
        clock: ClockState::Sound,
        note_time: Some(1_795_000_000_000),
        note_until: Some(1_795_259_200_000),
        worked: 0,
        worked_today: 0,
        grant: None,
        reported: None,
        home: None,
        pin_changed: None,
    }
}

fn bodies() -> Vec<Body> {
    let session = SessionId([3; 16]);
    let reader = ReaderIdentity::new("name:Virtual-PCD-00-00").unwrap();
    let opening = |request| Opening { input: input(request), root: Hash([4; 32]), signature: Signature([5; 64]) };
    vec![
        Body::SessionOpened(opening(Request::Open)),
        Body::SessionUnlocked(opening(Request::Unlock)),
        Body::SessionClosed(SessionReason { session, reason: Reason::CardRemoved }),
        Body::Decision(Decision {
            request: RequestId([6; 16]),
            input: input(Request::Function),
            verdict: VerdictCode::FunctionNotInScope,
            signature: Some(Signature([7; 64])),
        }),
        Body::Completed(Completed { of: 7, items: 3, outcome: Outcome::Done }),
        Body::Withdrawn(Withdrawn { of: 7, reason: Reason::CardRemoved }),
        Body::Locked(SessionReason { session, reason: Reason::Idle }),
        Body::PinFailed(PinFailed { card: CardGuid([2; 16]), operator: Some(code("10023")), tries_left: 4 }),
        Body::TerminalUp(TerminalUp {
            version: AgentVersion::new("0.1.0").unwrap(),
            previous: PreviousEnd::WithoutNotice,
        }),
        Body::TerminalDown,
        Body::ReaderUp(reader.clone()),
        Body::ReaderDown(reader.clone()),
        Body::Link(LinkState::Up),
        Body::Clock(ClockStep { from: 1, to: 2 }),
        Body::Lost(Lost { from: 3, to: 9, reason: LostReason::JournalDamaged, epoch: None }),
        Body::RegisterAdvanced(RegisterAdvanced { size: 43, root: Hash([8; 32]) }),
        Body::Worker(WorkerState::Lost),
        Body::CardSeen(CardSeen { card: CardGuid([2; 16]), reader: Some(reader.clone()) }),
        Body::CardFalse(CardFalse { card: CardGuid([2; 16]), reader: Some(reader), slot: FalseSlot::Presence }),
        Body::PinChanged(PinChanged { card: CardGuid([2; 16]), operator: Some(code("10023")) }),
        Body::ScreenLocked(ScreenLocked { session: Some(session) }),
        Body::ScreenNotLocked(ScreenNotLocked {
            session: Some(session),
            cause: ScreenCause::NotConfirmed,
            instead: Instead::SessionEnded,
        }),
        Body::BreakGlass(BreakGlass {
            account: AccountName::new("glass").unwrap(),
            at: 1_795_000_000_000,
            seen: LoginSeen::Listed,
        }),
        Body::CardReported(CardReported {
            report: Salt([13; 16]),
            card: CardGuid([2; 16]),
            reason: CardTrouble::PinCompromised,
            session: Some(session),
            operator: Some(code("10023")),
        }),
        Body::IncidentReported(IncidentReported {
            report: Salt([14; 16]),
            class: IncidentClass::Misuse,
            kind: code("leak"),
            card: Some(CardGuid([2; 16])),
            session: Some(session),
            operator: Some(code("10023")),
        }),
        Body::ReadersLent(ReadersLent { uid: 1001, until: 1_795_000_000_000 }),
        Body::ReadersBack(LeaseEnd::TimeOver),
        Body::Read(Read {
            operator: code("20001"),
            card: CardGuid([9; 16]),
            query: Query::Search,
            count: 17,
            about: About {
                operator: Some(code("10023")),
                card: Some(CardGuid([2; 16])),
                terminal: Some(code("jumin-1")),
                first: Some(7),
                permission: None,
            },
        }),
        Body::Read(Read {
            operator: code("20001"),
            card: CardGuid([9; 16]),
            query: Query::Search,
            count: 500,
            about: About { permission: Some(CaseReference::new("R8-0012").unwrap()), ..About::default() },
        }),
        Body::Alarm(Alarm {
            kind: AlarmKind::Fork,
            terminal: Some(code("jumin-1")),
            epoch: Some(0),
            seq: Some(5),
            act: None,
        }),
        Body::Alarm(Alarm {
            kind: AlarmKind::ActRefused,
            terminal: None,
            epoch: None,
            seq: None,
            act: Some(RefusedAct {
                id: Hash([12; 32]),
                rule: code("signature_wrong"),
                card: Some(CardGuid([2; 16])),
                operator: Some(code("10023")),
            }),
        }),
        Body::Enrolment(Enrolment {
            terminal: code("jumin-2"),
            event: EnrolmentEvent::Invited,
            by: Some(code("20001")),
            key: None,
            code: Some(Hash([14; 32])),
        }),
        Body::Enrolment(Enrolment {
            terminal: code("jumin-2"),
            event: EnrolmentEvent::Requested,
            by: None,
            key: Some(Hash([13; 32])),
            code: Some(Hash([14; 32])),
        }),
    ]
}

fn record(body: Body) -> Record {
    let emitter = if body.kind().0 >= 30 { Emitter::Ledger } else { Emitter::Terminal(code("jumin-1")) };
    Record {
        version: RECORD_VERSION,
        critical: true,
        emitter,
        office: OfficeId([1; 16]),
        epoch: 0,
        seq: 1000,
        boot: BootId([10; 16]),
        salt: Salt([11; 16]),
        retention: body.retention(),
        wall: 1_795_000_060_123,
        trusted: 1_795_000_060_000,
        monotonic: 86_400_000,
        body,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_kind_comes_back_and_has_the_bytes_of_its_release() {
    let now: String = bodies()
        .into_iter()
        .map(record)
        .map(|record| {
            let bytes = record.encode().unwrap();
            assert_eq!(Record::decode(&bytes).unwrap(), record);
            format!("{} {}\n", record.body.kind().1, hex(&bytes))
        })
        .collect();
    assert_eq!(now, GOLDEN, "bytes of a released record changed:\n{now}");
}

#[test]
fn every_kind_is_listed() {
    let mut kinds: Vec<_> = bodies().iter().map(Body::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, KINDS);
}

#[test]
fn a_full_decision_stays_well_below_the_limit() {
    for body in bodies() {
        let kind = body.kind().1;
        let length = record(body).encode().unwrap().len();
        assert!(length <= 460, "{kind}: {length} bytes");
    }
}

#[test]
fn any_flipped_bit_is_malformed_or_another_record() {
    let original = record(bodies().remove(3));
    let bytes = original.encode().unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert_ne!(Record::decode(&flipped).ok().as_ref(), Some(&original), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn a_record_cut_short_or_continued_is_malformed() {
    let bytes = record(Body::TerminalDown).encode().unwrap();
    for end in 0..bytes.len() {
        assert!(Record::decode(&bytes[..end]).is_err(), "{end} of {} bytes", bytes.len());
    }
    let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    assert!(Record::decode(&longer).is_err());
}

#[test]
fn a_class_that_is_not_the_kinds_is_malformed() {
    let mut wrong = record(Body::TerminalDown);
    wrong.retention = sekisho_wire::record::Retention::Access;
    assert!(Record::decode(&wrong.encode().unwrap()).is_err());
}

#[test]
fn a_lost_range_that_is_none_or_not_before_its_record_is_malformed() {
    let lost = |from, to, epoch| {
        let body = Body::Lost(Lost { from, to, reason: LostReason::JournalDamaged, epoch });
        Record { epoch: 3, ..record(body) }.encode().unwrap()
    };
    for (from, to, sound) in [(3, 9, true), (3, 3, true), (9, 3, false), (3, 999, true), (3, 1000, false)] {
        assert_eq!(Record::decode(&lost(from, to, None)).is_ok(), sound, "{from} to {to} in the record with seq 1000");
    }
    for (from, to, epoch, sound) in
        [(3, Lost::REST, 2, true), (2000, 2000, 0, true), (9, 3, 2, false), (3, Lost::REST, 3, false)]
    {
        assert_eq!(Record::decode(&lost(from, to, Some(epoch))).is_ok(), sound, "{from} to {to} of epoch {epoch}");
    }
}

/// A record as a newer release may write it: this version, a kind and a key that nobody here knows.
fn newer(version: u64, critical: bool, class: u64) -> Vec<u8> {
    let mut e = minicbor::Encoder::new(Vec::new());
    e.map(9).unwrap().u8(0).unwrap().u64(version).unwrap().u8(1).unwrap().bool(critical).unwrap();
    let emitter = Emitter::Terminal(code("jumin-1"));
    e.u8(2).unwrap().encode(emitter).unwrap().u8(3).unwrap().encode(OfficeId([1; 16])).unwrap();
    e.u8(4).unwrap().u8(2).unwrap().u8(5).unwrap().u16(1000).unwrap();
    e.u8(8).unwrap().u64(class).unwrap().u8(12).unwrap().array(2).unwrap().u8(99).unwrap();
    e.array(1).unwrap().map(1).unwrap().u8(0).unwrap().str("new").unwrap().u8(20).unwrap().u8(1).unwrap();
    e.into_writer()
}

#[test]
fn only_a_newer_record_that_is_not_critical_is_kept_unread() {
    for (class, retention) in [(1, Retention::Access), (2, Retention::Operation), (3, Retention::Administration)] {
        let (emitter, office) = (Emitter::Terminal(code("jumin-1")), OfficeId([1; 16]));
        let read = Unread { version: 2, emitter, office, epoch: 2, seq: 1000, retention };
        assert_eq!(Record::kept_unread(&newer(2, false, class)), Some(read));
    }
    // A map that does not say whose it is has no place in a history.
    assert_eq!(Record::kept_unread(&[0xa3, 0, 2, 1, 0xf4, 8, 2]), None);
    let whole = newer(2, false, 2);
    let longer: Vec<u8> = whole.iter().copied().chain([0]).collect();
    let ours = record(Body::TerminalDown).encode().unwrap();
    for other in [newer(2, true, 2), newer(1, false, 2), newer(2, false, 4), longer, ours.to_vec()] {
        assert_eq!(Record::kept_unread(&other), None);
    }
    for end in 0..whole.len() {
        assert_eq!(Record::kept_unread(&whole[..end]), None, "{end} of {} bytes", whole.len());
    }
}

#[test]
fn an_emitter_that_is_not_the_kinds_is_malformed() {
    for body in bodies() {
        let mut wrong = record(body);
        wrong.emitter = match wrong.emitter {
            Emitter::Ledger => Emitter::Terminal(code("jumin-1")),
            Emitter::Terminal(_) => Emitter::Ledger,
        };
        assert!(Record::decode(&wrong.encode().unwrap()).is_err(), "{}", wrong.body.kind().1);
    }
}

#[test]
fn a_verdict_of_the_agent_alone_is_never_a_record() {
    for verdict in VerdictCode::ALL {
        let Body::Decision(decision) = bodies().remove(3) else { panic!("the fourth is a decision") };
        let whole = record(Body::Decision(Decision { verdict, ..decision }));
        let read = Record::decode(&whole.encode().unwrap());
        assert_eq!(read.is_ok(), verdict.number() < 200, "{}", verdict.name());
    }
}

#[test]
fn the_longest_record_of_every_kind_fits() {
    let longest = code(&"a".repeat(32));
    let reader = ReaderIdentity::new(&"r".repeat(48)).unwrap();
    let widest = DecisionInput {
        rules: u16::MAX,
        register: u64::MAX,
        terminal: longest.clone(),
        reader: Some(reader.clone()),
        operator: Some(longest.clone()),
        profile: Some(longest.clone()),
        section: Some(longest.clone()),
        opened: Some(u64::MAX),
        application: Some(longest.clone()),
        function: Some(longest.clone()),
        purpose: Some(longest.clone()),
        case: Some(CaseReference::new(&"1".repeat(40)).unwrap()),
        permit: Some(Numbered { fiscal_year: u16::MAX, number: u32::MAX }),
        time: u64::MAX,
        note_time: Some(u64::MAX),
        note_until: Some(u64::MAX),
        worked: u32::MAX,
        worked_today: u32::MAX,
        grant: Some(NamedGrant { index: u64::MAX, act: Hash([255; 32]) }),
        reported: Some(Salt([255; 16])),
        home: Some(OfficeId([255; 16])),
        ..input(Request::Function)
    };
    let Body::Decision(decision) = bodies().remove(3) else { panic!("the fourth is a decision") };
    let opening = Opening { input: widest.clone(), root: Hash([255; 32]), signature: Signature([255; 64]) };
    for body in [Body::SessionOpened(opening), Body::Decision(Decision { input: widest, ..decision })] {
        let whole = Record {
            emitter: Emitter::Terminal(longest.clone()),
            epoch: u32::MAX,
            seq: u64::MAX,
            wall: u64::MAX,
            trusted: u64::MAX,
            monotonic: u64::MAX,
            ..record(body)
        };
        assert_eq!(Record::decode(&whole.encode().unwrap()), Ok(whole));
    }
}

#[test]
fn what_the_card_signs_changes_with_everything_it_vouches_for() {
    let base = input(Request::Open);
    let digest =
        |salt: u8, root: u8, input: &DecisionInput| session_digest(&Salt([salt; 16]), &Hash([root; 32]), input);
    let mut later = base.clone();
    later.time += 1;
    let mut elsewhere = base.clone();
    elsewhere.terminal = code("jumin-2");
    let digests = [
        digest(1, 1, &base),
        digest(2, 1, &base),
        digest(1, 2, &base),
        digest(1, 1, &later),
        digest(1, 1, &elsewhere),
        decision_digest(&Salt([1; 16]), &RequestId([1; 16]), &base),
    ];
    for (i, a) in digests.iter().enumerate() {
        assert!(digests.iter().skip(i + 1).all(|b| a != b), "digest {i} stands twice");
    }
}
