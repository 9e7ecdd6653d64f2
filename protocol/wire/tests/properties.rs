//! Whatever can be written is read back, and whatever is read has one spelling only (wire §1).
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sekisho_wire::apdu::{Answer, Command};
use sekisho_wire::batch::{
    BATCH_VERSION, Batch, BatchHeader, Envelope, EnvelopeBinding, SEEN_NOTE_MAX, SEQ_END, SeenNote, write_batch,
};
use sekisho_wire::canonical::decode_canonical;
use sekisho_wire::cose::{Sign1, Signer};
use sekisho_wire::decision::{ClockState, DecisionInput, Level, NamedGrant, Request, SessionKind, TerminalState};
use sekisho_wire::grant::Grant;
use sekisho_wire::id::{
    AccountName, AgentVersion, BootId, CardGuid, CaseReference, Code, Hash, Numbered, OfficeId, ReaderIdentity,
    RequestId, Salt, SessionId, Signature,
};
use sekisho_wire::piv::{CardHolderId, certificate};
use sekisho_wire::reason::{
    AlarmKind, CardTrouble, EnrolmentEvent, FalseSlot, IncidentClass, Instead, LeaseEnd, LinkState, LoginSeen,
    LostReason, Outcome, PreviousEnd, Query, Reason, ScreenCause, WorkerState,
};
use sekisho_wire::record::{
    About, Alarm, Body, BreakGlass, CardFalse, CardReported, CardSeen, ClockStep, Completed, Decision, Emitter,
    Enrolment, IncidentReported, Lost, Opening, PinChanged, PinFailed, RECORD_VERSION, Read, ReadersLent, Record,
    RefusedAct, RegisterAdvanced, ScreenLocked, ScreenNotLocked, SessionReason, TerminalUp, Withdrawn,
};
use sekisho_wire::tlv;
use sekisho_wire::verdict::VerdictCode;

fn code() -> impl Strategy<Value = Code> {
    "[a-z0-9][a-z0-9._-]{0,31}".prop_map(|text| Code::new(&text).unwrap())
}

fn case() -> impl Strategy<Value = CaseReference> {
    "[A-Za-z./_-]{0,20}[0-9][A-Za-z0-9./_-]{0,19}".prop_map(|text| CaseReference::new(&text).unwrap())
}

fn reader() -> impl Strategy<Value = ReaderIdentity> {
    "[A-Za-z0-9:._-]{1,48}".prop_map(|text| ReaderIdentity::new(&text).unwrap())
}

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn signature() -> impl Strategy<Value = Signature> {
    (any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(r, s)| Signature([r, s].concat().try_into().unwrap()))
}

/// One of the enumeration's values, found by reading every small number.
fn one_of<T>() -> impl Strategy<Value = T>
where
    T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()> + Clone + core::fmt::Debug + 'static,
{
    let bytes = (0_u16..=300).map(|number| minicbor::to_vec(number).unwrap());
    select(bytes.filter_map(|bytes| decode_canonical("number", &bytes).ok()).collect::<Vec<T>>())
}

fn input() -> impl Strategy<Value = DecisionInput> {
    let place = (any::<u16>(), any::<u64>(), any::<[u8; 16]>(), code(), option::of(reader()));
    let asked = (one_of::<TerminalState>(), one_of::<Request>(), one_of::<Level>());
    let who = (option::of(any::<[u8; 16]>()), option::of(code()), option::of(code()), option::of(code()));
    let session = (option::of(any::<[u8; 16]>()), one_of::<SessionKind>(), option::of(any::<u64>()));
    let what = (option::of(code()), option::of(code()), option::of(code()), option::of(case()));
    let permit = option::of((any::<u16>(), any::<u32>()));
    let when = (any::<u64>(), one_of::<ClockState>(), option::of(any::<u64>()), option::of(any::<u64>()));
    let worked = (any::<u32>(), any::<u32>(), option::of(any::<u64>()));
    let grant = option::of((any::<u64>(), hash()));
    let (reported, home) = (option::of(any::<[u8; 16]>()), option::of(any::<[u8; 16]>()));
    (place, asked, who, session, what, permit, when, (worked, grant, reported, home)).prop_map(
        |(place, asked, who, session, what, permit, when, (worked, grant, reported, home))| DecisionInput {
            rules: place.0,
            register: place.1,
            office: OfficeId(place.2),
            terminal: place.3,
            reader: place.4,
            state: asked.0,
            request: asked.1,
            level: asked.2,
            card: who.0.map(CardGuid),
            operator: who.1,
            profile: who.2,
            section: who.3,
            session: session.0.map(SessionId),
            session_kind: session.1,
            opened: session.2,
            application: what.0,
            function: what.1,
            purpose: what.2,
            case: what.3,
            permit: permit.map(|(fiscal_year, number)| Numbered { fiscal_year, number }),
            time: when.0,
            clock: when.1,
            note_time: when.2,
            note_until: when.3,
            worked: worked.0,
            worked_today: worked.1,
            grant: grant.map(|(index, act)| NamedGrant { index, act }),
            reported: reported.map(Salt),
            home: home.map(OfficeId),
            pin_changed: worked.2,
        },
    )
}

fn opening() -> impl Strategy<Value = Opening> {
    (input(), hash(), signature()).prop_map(|(input, root, signature)| Opening { input, root, signature })
}

fn ended() -> impl Strategy<Value = SessionReason> {
    (any::<[u8; 16]>(), one_of::<Reason>())
        .prop_map(|(session, reason)| SessionReason { session: SessionId(session), reason })
}

fn decision() -> impl Strategy<Value = Decision> {
    let verdict = one_of::<VerdictCode>().prop_filter("the agent's own", |code| code.is_decided());
    (any::<[u8; 16]>(), input(), verdict, option::of(signature())).prop_map(|(request, input, verdict, signature)| {
        Decision { request: RequestId(request), input, verdict, signature }
    })
}

fn alarm(of: fn(AlarmKind) -> bool) -> impl Strategy<Value = Body> {
    let kind = one_of::<AlarmKind>().prop_filter("another's alarm", move |kind| of(*kind));
    let act = (hash(), code(), option::of(any::<[u8; 16]>()), option::of(code()))
        .prop_map(|(id, rule, card, operator)| RefusedAct { id, rule, card: card.map(CardGuid), operator });
    (kind, option::of(code()), option::of(any::<u32>()), option::of(any::<u64>()), option::of(act))
        .prop_map(|(kind, terminal, epoch, seq, act)| Body::Alarm(Alarm { kind, terminal, epoch, seq, act }))
}

/// What a terminal writes.
fn of_a_terminal() -> impl Strategy<Value = Body> {
    let session = || option::of(any::<[u8; 16]>().prop_map(SessionId));
    let card = || any::<[u8; 16]>().prop_map(CardGuid);
    let version = "[0-9][A-Za-z0-9.+-]{0,15}".prop_map(|text| AgentVersion::new(&text).unwrap());
    prop_oneof![
        opening().prop_map(Body::SessionOpened),
        opening().prop_map(Body::SessionUnlocked),
        ended().prop_map(Body::SessionClosed),
        decision().prop_map(Body::Decision),
        (any::<u64>(), any::<u32>(), one_of::<Outcome>()).prop_map(|(of, items, outcome)| Body::Completed(Completed {
            of,
            items,
            outcome
        })),
        (any::<u64>(), one_of::<Reason>()).prop_map(|(of, reason)| Body::Withdrawn(Withdrawn { of, reason })),
        ended().prop_map(Body::Locked),
        (card(), option::of(code()), any::<u8>()).prop_map(|(card, operator, tries_left)| Body::PinFailed(PinFailed {
            card,
            operator,
            tries_left
        })),
        (version, one_of::<PreviousEnd>())
            .prop_map(|(version, previous)| Body::TerminalUp(TerminalUp { version, previous })),
        Just(Body::TerminalDown),
        reader().prop_map(Body::ReaderUp),
        reader().prop_map(Body::ReaderDown),
        one_of::<LinkState>().prop_map(Body::Link),
        (any::<u64>(), any::<u64>()).prop_map(|(from, to)| Body::Clock(ClockStep { from, to })),
        (any::<u32>(), any::<u32>(), one_of::<LostReason>()).prop_map(|(one, other, reason)| Body::Lost(Lost {
            from: one.min(other).into(),
            to: one.max(other).into(),
            reason,
            epoch: None,
        })),
        (any::<u64>(), hash()).prop_map(|(size, root)| Body::RegisterAdvanced(RegisterAdvanced { size, root })),
        one_of::<WorkerState>().prop_map(Body::Worker),
        (card(), option::of(reader())).prop_map(|(card, reader)| Body::CardSeen(CardSeen { card, reader })),
        (card(), option::of(reader()), one_of::<FalseSlot>())
            .prop_map(|(card, reader, slot)| Body::CardFalse(CardFalse { card, reader, slot })),
        (card(), option::of(code())).prop_map(|(card, operator)| Body::PinChanged(PinChanged { card, operator })),
        session().prop_map(|session| Body::ScreenLocked(ScreenLocked { session })),
        (session(), one_of::<ScreenCause>(), one_of::<Instead>()).prop_map(|(session, cause, instead)| {
            Body::ScreenNotLocked(ScreenNotLocked { session, cause, instead })
        }),
        ("[A-Za-z0-9._$@+-]{1,32}", any::<u64>(), one_of::<LoginSeen>()).prop_map(|(account, at, seen)| {
            Body::BreakGlass(BreakGlass { account: AccountName::new(&account).unwrap(), at, seen })
        }),
        (any::<[u8; 16]>(), card(), one_of::<CardTrouble>(), session(), option::of(code())).prop_map(
            |(report, card, reason, session, operator)| {
                Body::CardReported(CardReported { report: Salt(report), card, reason, session, operator })
            }
        ),
        (any::<[u8; 16]>(), one_of::<IncidentClass>(), code(), option::of(card()), session(), option::of(code()))
            .prop_map(|(report, class, kind, card, session, operator)| {
                let report = Salt(report);
                Body::IncidentReported(IncidentReported { report, class, kind, card, session, operator })
            }),
        (any::<u32>(), any::<u64>()).prop_map(|(uid, until)| Body::ReadersLent(ReadersLent { uid, until })),
        one_of::<LeaseEnd>().prop_map(Body::ReadersBack),
        alarm(AlarmKind::is_a_terminals),
    ]
}

/// What the ledger writes.
fn of_the_ledger() -> impl Strategy<Value = Body> {
    let card = || any::<[u8; 16]>().prop_map(CardGuid);
    let about =
        (option::of(code()), option::of(card()), option::of(code()), option::of(any::<u64>()), option::of(case()))
            .prop_map(|(operator, card, terminal, first, permission)| About {
                operator,
                card,
                terminal,
                first,
                permission,
            });
    prop_oneof![
        (code(), card(), one_of::<Query>(), any::<u32>(), about).prop_map(|(operator, card, query, count, about)| {
            Body::Read(Read { operator, card, query, count, about })
        }),
        alarm(|kind| !kind.is_a_terminals()),
        (code(), one_of::<EnrolmentEvent>(), option::of(code()), option::of(hash()), option::of(hash()))
            .prop_map(|(terminal, event, by, key, code)| Body::Enrolment(Enrolment { terminal, event, by, key, code })),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let said = prop_oneof![
        4 => (code(), of_a_terminal()).prop_map(|(terminal, body)| (Emitter::Terminal(terminal), body)),
        1 => of_the_ledger().prop_map(|body| (Emitter::Ledger, body)),
    ];
    let place = (any::<[u8; 16]>(), any::<u32>(), any::<u64>(), any::<[u8; 16]>(), any::<[u8; 16]>());
    let when = (any::<u64>(), any::<u64>(), any::<u64>());
    (any::<bool>(), said, place, when).prop_map(|(critical, (emitter, body), place, when)| Record {
        version: RECORD_VERSION,
        critical,
        emitter,
        office: OfficeId(place.0),
        epoch: place.1,
        seq: if let Body::Lost(lost) = &body { place.2.max(lost.to + 1) } else { place.2 },
        boot: BootId(place.3),
        salt: Salt(place.4),
        retention: body.retention(),
        wall: when.0,
        trusted: when.1,
        monotonic: when.2,
        body,
    })
}

fn signer() -> impl Strategy<Value = Signer> {
    prop_oneof![
        any::<[u8; 16]>().prop_map(|guid| Signer::Card(CardGuid(guid))),
        code().prop_map(Signer::Terminal),
        any::<[u8; 32]>().prop_map(Signer::Recovery),
    ]
}

fn header(count: u32) -> impl Strategy<Value = BatchHeader> {
    let place = (any::<[u8; 16]>(), code(), any::<u32>(), 0..=SEQ_END - u64::from(count));
    let chain = (hash(), hash());
    let note = option::of("[ -~\n]{0,512}".prop_map(|text| SeenNote::new(&text).unwrap()));
    let seen = (any::<u64>(), hash(), any::<u64>(), note);
    (place, chain, seen).prop_map(move |(place, chain, seen)| BatchHeader {
        version: BATCH_VERSION,
        critical: true,
        office: OfficeId(place.0),
        terminal: place.1,
        epoch: place.2,
        first: place.3,
        count,
        before: chain.0,
        after: chain.1,
        seen_size: seen.0,
        seen_root: seen.1,
        sent: seen.2,
        seen_note: seen.3,
    })
}

/// A batch's bytes, with the header and the records that they were made of.
fn batch() -> impl Strategy<Value = (Vec<u8>, BatchHeader, Vec<Vec<u8>>)> {
    let records = vec(vec(any::<u8>(), 0..300), 1..5);
    let whole = records.prop_flat_map(|records| (header(records.len() as u32), Just(records), signature()));
    whole.prop_map(|(header, records, signature)| {
        let payload = minicbor::to_vec(&header).unwrap();
        let sign1 = Sign1 { signer: Signer::Terminal(header.terminal.clone()), payload: &payload, signature };
        let mut bytes = Vec::new();
        write_batch(&sign1, &records, &mut bytes).unwrap();
        (bytes, header, records)
    })
}

fn written<E: core::fmt::Debug>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    out
}

/// A change to some bytes: what a broken disk, a clumsy implementation or a hostile one would make of them.
#[derive(Clone, Debug)]
enum Change {
    Flip(u8),
    Replace(u8),
    Insert(u8),
    Remove,
    Cut,
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, Change)>> {
    // The heads of all CBOR items, and all others: most bytes have no meaning in most places.
    let byte = || prop_oneof![any::<u8>(), select(vec![0x18, 0x19, 0x1a, 0x1b, 0x58, 0x59, 0x9f, 0xbf, 0x5f, 0xf6])];
    let change = prop_oneof![
        (0_u8..8).prop_map(Change::Flip),
        byte().prop_map(Change::Replace),
        byte().prop_map(Change::Insert),
        Just(Change::Remove),
        Just(Change::Cut),
    ];
    vec((any::<prop::sample::Index>(), change), 1..4)
}

fn changed(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, Change)]) -> Vec<u8> {
    for (place, change) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = place.index(bytes.len());
        match change {
            Change::Flip(bit) => bytes[at] ^= 1 << bit,
            Change::Replace(byte) => bytes[at] = *byte,
            Change::Insert(byte) => bytes.insert(at, *byte),
            Change::Remove => drop(bytes.remove(at)),
            Change::Cut => bytes.truncate(at),
        }
    }
    bytes
}

/// The same item with its head one form longer than it had to be: the second spelling that every decoder must refuse.
fn lengthened(bytes: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = bytes.split_first()?;
    let (major, info) = (head & 0xe0, head & 0x1f);
    let longer = match (info, rest) {
        (0..=23, rest) => [&[major | 24, info], rest].concat(),
        (24, [one, rest @ ..]) => [&[major | 25, 0, *one], rest].concat(),
        (25, [high, low, rest @ ..]) => [&[major | 26, 0, 0, *high, *low], rest].concat(),
        _ => return None,
    };
    Some(longer)
}

/// Every place where an item's head stands, outside byte strings and inside them: a place too many does no harm.
fn second_spellings(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).filter_map(|at| Some([&bytes[..at], &lengthened(&bytes[at..])?].concat()))
}

proptest! {
    // Each case is a thousand batches: one for every place at which a head could be longer.
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_has_no_second_spelling((bytes, ..) in batch()) {
        for second in second_spellings(&bytes) {
            if let Ok(batch) = Batch::decode(&second) {
                let records: Vec<&[u8]> = batch.records().collect();
                prop_assert_eq!(written(|out| write_batch(&batch.sign1, &records, out)), second);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_comes_back_and_fits(record in record()) {
        let bytes = record.encode().unwrap();
        prop_assert_eq!(Record::decode(&bytes), Ok(record));
    }

    #[test]
    fn what_is_read_as_a_record_is_written_as_it_stood(record in record(), changes in changes()) {
        let bytes = changed(record.encode().unwrap().to_vec(), &changes);
        if let Ok(read) = Record::decode(&bytes) {
            prop_assert_eq!(read.encode().unwrap().to_vec(), bytes);
        }
    }

    #[test]
    fn a_batch_comes_back((bytes, header, records) in batch()) {
        let batch = Batch::decode(&bytes).unwrap();
        prop_assert_eq!(&batch.header, &header);
        prop_assert_eq!(batch.records().collect::<Vec<_>>(), records);
    }

    #[test]
    fn what_is_read_as_a_batch_is_written_as_it_stood((bytes, ..) in batch(), changes in changes()) {
        let bytes = changed(bytes, &changes);
        if let Ok(batch) = Batch::decode(&bytes) {
            let records: Vec<&[u8]> = batch.records().collect();
            prop_assert_eq!(written(|out| write_batch(&batch.sign1, &records, out)), bytes);
        }
    }

    #[test]
    fn a_signed_thing_comes_back_and_has_no_second_spelling(
        signer in signer(), payload in vec(any::<u8>(), 0..300), signature in signature(), changes in changes(),
    ) {
        let sign1 = Sign1 { signer, payload: &payload, signature };
        let bytes = written(|out| sign1.write(out));
        prop_assert_eq!(Sign1::decode(&bytes), Ok(sign1));
        for other in second_spellings(&bytes).chain([changed(bytes.clone(), &changes)]) {
            if let Ok(read) = Sign1::decode(&other) {
                prop_assert_eq!(written(|out| read.write(out)), other);
            }
        }
    }

    #[test]
    fn an_envelope_comes_back_and_has_no_second_spelling(
        key_id in any::<[u8; 8]>(), enc in vec(any::<u8>(), 0..80), ciphertext in vec(any::<u8>(), 0..300),
        changes in changes(),
    ) {
        let envelope = Envelope { key_id, enc: &enc, ciphertext: &ciphertext };
        let bytes = written(|out| envelope.write(out));
        prop_assert_eq!(Envelope::decode(&bytes), Ok(envelope));
        for other in second_spellings(&bytes).chain([changed(bytes.clone(), &changes)]) {
            if let Ok(read) = Envelope::decode(&other) {
                prop_assert_eq!(written(|out| read.write(out)), other);
            }
        }
    }

    #[test]
    fn a_grant_comes_back_and_has_no_second_spelling(
        act in vec(any::<u8>(), 0..300), index in any::<u64>(), proof in vec(hash(), 0..20),
        checkpoint in "[ -~\n]{0,200}", changes in changes(),
    ) {
        let grant = Grant { act: &act, index, proof: proof.into_iter().collect(), checkpoint: &checkpoint };
        let bytes = written(|out| grant.write(out));
        prop_assert_eq!(Grant::decode(&bytes), Ok(grant));
        for other in second_spellings(&bytes).chain([changed(bytes.clone(), &changes)]) {
            if let Ok(read) = Grant::decode(&other) {
                prop_assert_eq!(written(|out| read.write(out)), other);
            }
        }
    }

    #[test]
    fn what_binds_an_envelope_comes_back(office in any::<[u8; 16]>(), terminal in code(), changes in changes()) {
        let binding = EnvelopeBinding { office: OfficeId(office), terminal };
        let bytes = minicbor::to_vec(&binding).unwrap();
        prop_assert_eq!(decode_canonical("binding", &bytes), Ok(binding));
        let other = changed(bytes, &changes);
        if let Ok(read) = decode_canonical::<EnvelopeBinding>("binding", &other) {
            prop_assert_eq!(minicbor::to_vec(&read).unwrap(), other);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = (Record::decode(&bytes), Sign1::decode(&bytes), Envelope::decode(&bytes), Grant::decode(&bytes));
        let _ = (Batch::decode(&bytes).is_ok(), Command::parse(&bytes), Answer::parse(&bytes));
        let _ = (CardHolderId::parse(&bytes), certificate(&bytes), tlv::Reader::new(&bytes).count());
    }
}

#[test]
fn deep_nesting_is_refused_on_a_small_stack() {
    // An unknown key holds a million arrays, each inside the one before.
    let deep = |head: u8| [&[0xae_u8, 0x18, 0x63][..], &vec![head; 1 << 20]].concat();
    let small = std::thread::Builder::new().stack_size(64 * 1024);
    let read = small.spawn(move || {
        for head in [0x81, 0x9f, 0xa1, 0xbf, 0xc1, 0xd8] {
            let bytes = deep(head);
            assert!(Record::decode(&bytes).is_err() && Sign1::decode(&bytes).is_err());
            assert!(Batch::decode(&[&[0x82], &bytes[3..]].concat()).is_err());
            assert!(Grant::decode(&bytes).is_err() && Envelope::decode(&bytes).is_err());
        }
    });
    read.unwrap().join().unwrap();
}

#[test]
fn a_seen_note_has_its_limit() {
    assert!(SeenNote::new(&"a".repeat(SEEN_NOTE_MAX)).is_ok());
    assert!(SeenNote::new(&"a".repeat(SEEN_NOTE_MAX + 1)).is_err());
}
