//! Golden bytes of what is signed, chained and wrapped (wire §5–§9): each label and each place of a field is somewhere in one of these lines.
#![allow(clippy::unwrap_used, reason = "tests")]

use sekisho_wire::batch::{
    BATCH_VERSION, Batch, BatchHeader, ENVELOPE_INFO, Envelope, EnvelopeBinding, SeenNote, chain_next, chain_start,
    enrol_digest, write_batch,
};
use sekisho_wire::cose::{Context, Sign1, Signer, signed_digest, write_signed_bytes};
use sekisho_wire::decision::{ClockState, DecisionInput, Level, NamedGrant, Request, SessionKind, TerminalState};
use sekisho_wire::grant::Grant;
use sekisho_wire::id::{CardGuid, Code, Hash, OfficeId, RequestId, Salt, SessionId, Signature};
use sekisho_wire::record::{decision_digest, session_digest, token_digest};

/// `what hex`, as release 1 writes them. A line never changes; what is added adds lines.
const GOLDEN: &str = include_str!("../vectors/signed-1.txt");

const OFFICE: OfficeId = OfficeId([1; 16]);

fn terminal() -> Code {
    Code::new("jumin-1").unwrap()
}

fn input() -> DecisionInput {
    DecisionInput {
        rules: 1,
        register: 42,
        office: OFFICE,
        terminal: terminal(),
        reader: None,
        state: TerminalState::Open,
        request: Request::Function,
        level: Level::Card,
        card: Some(CardGuid([2; 16])),
        operator: Some(Code::new("10023").unwrap()),
        profile: None,
        section: None,
        session: Some(SessionId([3; 16])),
        session_kind: SessionKind::Ordinary,
        opened: Some(1_795_000_000_000),
        application: None,
        function: Some(Code::new("juminhyo.issue").unwrap()),
        purpose: None,
        case: None,
        permit: None,
        time: 1_795_000_060_000,
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

fn header() -> BatchHeader {
    BatchHeader {
        version: BATCH_VERSION,
        critical: true,
        office: OFFICE,
        terminal: terminal(),
        epoch: 2,
        first: 1000,
        count: 2,
        before: Hash([4; 32]),
        after: Hash([5; 32]),
        seen_size: 7,
        seen_root: Hash([6; 32]),
        sent: 1_795_000_061_000,
        seen_note: Some(SeenNote::new("origin\n7\nroot\n\n— origin signature\n").unwrap()),
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}

/// Everything, by name.
fn lines() -> Vec<(String, Vec<u8>)> {
    let mut lines: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| lines.push((name.to_owned(), bytes));
    let signers = [
        ("card", Signer::Card(CardGuid([2; 16]))),
        ("terminal", Signer::Terminal(terminal())),
        ("recovery", Signer::Recovery([9; 32])),
    ];
    for (name, signer) in &signers {
        for (of, context) in [("act", Context::Act), ("batch", Context::Batch)] {
            let signed = written(|out| write_signed_bytes(context, signer, b"payload", out).unwrap());
            add(&format!("signed_bytes_{of}_{name}"), signed);
            add(&format!("id_{of}_{name}"), signed_digest(context, signer, b"payload").to_vec());
        }
    }
    let payload = minicbor::to_vec(header()).unwrap();
    let sign1 = Sign1 { signer: Signer::Terminal(terminal()), payload: &payload, signature: Signature([8; 64]) };
    add("batch_header", payload.clone());
    let batch = written(|out| write_batch(&sign1, &[b"one".as_slice(), b"two"], out).unwrap());
    assert_eq!(Batch::decode(&batch).unwrap().header, header());
    add("batch", batch);
    let start = chain_start(&OFFICE, &terminal(), 2);
    add("chain_start", start.0.to_vec());
    add("chain_next", chain_next(&start, &Hash([10; 32])).0.to_vec());
    add("envelope_info", ENVELOPE_INFO.to_vec());
    add("envelope_binding", minicbor::to_vec(EnvelopeBinding { office: OFFICE, terminal: terminal() }).unwrap());
    let envelope = Envelope { key_id: [11; 8], enc: &[12; 65], ciphertext: b"sealed" };
    let bytes = written(|out| envelope.write(out).unwrap());
    assert_eq!(Envelope::decode(&bytes).unwrap(), envelope);
    add("envelope", bytes);
    let proof = heapless::Vec::from_slice(&[Hash([13; 32])]).unwrap();
    let grant = Grant { act: b"act", index: 41, proof, checkpoint: "checkpoint\n" };
    let bytes = written(|out| grant.write(out).unwrap());
    assert_eq!(Grant::decode(&bytes).unwrap(), grant);
    add("grant", bytes);
    add("session_digest", session_digest(&Salt([14; 16]), &Hash([15; 32]), &input()).to_vec());
    add("decision_digest", decision_digest(&Salt([14; 16]), &RequestId([16; 16]), &input()).to_vec());
    add("token_digest", token_digest(&OFFICE, &Hash([17; 32])).to_vec());
    add("enrol_digest", enrol_digest(&[18; 16], b"certificate request").to_vec());
    let grant = Some(NamedGrant { index: 43, act: Hash([19; 32]) });
    add("input_by_grant", minicbor::to_vec(DecisionInput { grant, ..input() }).unwrap());
    lines
}

#[test]
fn what_is_signed_chained_and_wrapped_has_the_bytes_of_its_release() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let now: String = lines().iter().map(|(name, bytes)| format!("{name} {}\n", hex(bytes))).collect();
    assert_eq!(now, GOLDEN, "bytes of a release changed:\n{now}");
}
