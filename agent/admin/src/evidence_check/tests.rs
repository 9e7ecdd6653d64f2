//! A file by a writer who may lie: he signs whatever he alters.

use ed25519_dalek::{Signer as _, SigningKey as TerminalKey};
use p256::ecdsa::SigningKey as CardKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use sekisho_link::{
    Base64, EvidenceContents, EvidenceHeader, EvidenceLacks, EvidenceName, MissingRange, RecordsCheckpoint,
    evidence_content_digest, evidence_signature_line,
};
use sekisho_register::change::{
    CardKind, Change, Designate, GiveProfile, IssueCard, PersonClass, SetFunction, SetTerminal, TerminalKind, UseState,
};
use sekisho_register::{Ed25519Key, Title};
use sekisho_tlog::{Checkpoint, MemoryTree, SigningKey, consistency_proof, inclusion_proof, leaf_hash};
use sekisho_wire::batch::{BATCH_VERSION, BatchHeader, chain_next, chain_start};
use sekisho_wire::cose::{Context, Sign1, Signer, write_signed_bytes};
use sekisho_wire::decision::{ClockState, DecisionInput, Level, Request, SessionKind, TerminalState};
use sekisho_wire::id::{RequestId, SessionId, Signature as WireSignature};
use sekisho_wire::reason::Reason;
use sekisho_wire::record::{Body, Decision, Opening, SessionReason, Withdrawn, session_digest};
use sekisho_wire::verdict::VerdictCode;

use super::*;
use crate::broken_log::Broken;
use crate::register_cache::tests::{NOW, Story};
use crate::terminal_word::tests::a_record;

mod second_use;
mod writer;

/// The next morning, when the office is open.
const TIME: u64 = NOW + 14 * 60 * 60 * 1000;
const CLERK: [u8; 16] = [5; 16];

fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

fn key(seed: u8) -> CardKey {
    CardKey::from_slice(&[seed; 32]).unwrap()
}

fn public(seed: u8) -> P256Key {
    P256Key(key(seed).verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap())
}

fn sign(seed: u8, digest: &[u8; 32]) -> [u8; 64] {
    let signature: Signature = key(seed).sign_prehash(digest).unwrap();
    signature.to_bytes().into()
}

/// An office in which a clerk works: what is granted to her, and what is refused.
struct Office {
    story: Story,
    id: OfficeId,
    records: Vec<Vec<u8>>,
    /// Index of the first record of epoch 1.
    second_epoch: usize,
}

impl Office {
    fn new() -> Self {
        let mut story = Story::begin();
        story.section("jumin");
        let clerk = || code("10023");
        let name = NameHash::of(&Salt([6; 16]), "田中 花子");
        let until = TIME * 2;
        let (from, to) = (NOW, until);
        story.change(Change::Function(SetFunction {
            function: code("juminhyo"),
            title: Title::new("住民票の写しの交付").unwrap(),
            level: Level::Session,
            purpose_required: false,
            essential: false,
            terminal_kind: None,
            applications: Vec::new(),
            state: UseState::InUse,
            management: false,
        }));
        story.change(Change::Terminal(Box::new(SetTerminal {
            terminal: code("jumin-1"),
            kind: TerminalKind::Business,
            section: code("jumin"),
            responsible: None,
            functions: vec![code("juminhyo")],
            readers: Vec::new(),
            key: Ed25519Key(TerminalKey::from_bytes(&[3; 32]).verifying_key().to_bytes()),
        })));
        story.change(Change::Designate(Box::new(Designate {
            operator: clerk(),
            name,
            class: PersonClass::Operator,
            section: code("jumin"),
            from,
            to,
            terminals: vec![code("jumin-1")],
            sections: Vec::new(),
        })));
        let functions = vec![code("juminhyo")];
        story.change(Change::Profile(GiveProfile { operator: clerk(), profile: code("a"), functions, from, to }));
        story.change(Change::IssueCard(Box::new(IssueCard {
            card: CardGuid(CLERK),
            kind: CardKind::Business,
            operator: Some(clerk()),
            profiles: Vec::new(),
            authentication: public(51),
            signature: None,
            presence: public(53),
            from,
            to,
            dormant: false,
        })));
        let id = office_of(&SignedAct::decode(&story.entries[0]).unwrap());
        let mut office = Self { story, id, records: Vec::new(), second_epoch: usize::MAX };
        office.work();
        // What was decided later counts as well, and changes nothing of before.
        office.story.section("zei");
        office
    }

    fn input(&self, request: Request, state: TerminalState, level: Level) -> DecisionInput {
        DecisionInput {
            rules: 1,
            register: 7,
            office: self.id,
            terminal: code("jumin-1"),
            reader: None,
            state,
            request,
            level,
            card: Some(CardGuid(CLERK)),
            operator: Some(code("10023")),
            profile: Some(code("a")),
            section: Some(code("jumin")),
            session: Some(SessionId([7; 16])),
            session_kind: SessionKind::Ordinary,
            opened: (request == Request::Function).then_some(TIME),
            application: None,
            function: None,
            purpose: None,
            case: None,
            permit: None,
            time: TIME,
            clock: ClockState::Sound,
            note_time: Some(TIME - 1000),
            note_until: Some(TIME + 60_000),
            worked: 0,
            worked_today: 0,
            grant: None,
            reported: None,
            home: None,
            pin_changed: None,
        }
    }

    /// She opens a session, is granted one thing and refused another, and goes.
    fn work(&mut self) {
        let root = self.story.cache(7).register().root();
        let record = |seq, time, body| {
            let mut record = a_record(&code("jumin-1"), self.id, seq, body);
            (record.trusted, record.wall) = (time, time);
            record
        };
        let input = self.input(Request::Open, TerminalState::AwaitPin, Level::Pin);
        let salt = record(0, TIME, Body::TerminalDown).salt;
        let signature = WireSignature(sign(51, &session_digest(&salt, &root, &input)));
        let asked = |function: &str, time, verdict| {
            let input = self.input(Request::Function, TerminalState::Open, Level::Session);
            let input = DecisionInput { function: Some(code(function)), time, ..input };
            Body::Decision(Decision { request: RequestId([1; 16]), input, verdict, signature: None })
        };
        let end = SessionReason { session: SessionId([7; 16]), reason: Reason::CardRemoved };
        let records = [
            record(0, TIME, Body::SessionOpened(Opening { input, root, signature })),
            record(1, TIME + 1000, asked("juminhyo", TIME + 1000, VerdictCode::Granted)),
            record(2, TIME + 2000, asked("zei", TIME + 2000, VerdictCode::FunctionUnknown)),
            record(3, TIME + 3000, Body::SessionClosed(end)),
        ];
        self.records = records.iter().map(|record| record.encode().unwrap().to_vec()).collect();
    }

    /// The batch with this record: each epoch came in one.
    fn batch(&self, index: usize) -> (Vec<u8>, Vec<WireHash>) {
        let parted = self.second_epoch.min(self.records.len());
        let (epoch, records) = if index < parted { (0, &self.records[..parted]) } else { (1, &self.records[parted..]) };
        let leaves: Vec<WireHash> = records.iter().map(|bytes| WireHash(leaf_hash(bytes).0)).collect();
        let before = chain_start(&self.id, &code("jumin-1"), epoch);
        let header = BatchHeader {
            version: BATCH_VERSION,
            critical: true,
            office: self.id,
            terminal: code("jumin-1"),
            epoch,
            first: 0,
            count: u32::try_from(leaves.len()).unwrap(),
            before,
            after: leaves.iter().fold(before, |chain, leaf| chain_next(&chain, leaf)),
            seen_size: 0,
            seen_root: WireHash(sekisho_tlog::EMPTY_ROOT.0),
            sent: TIME,
            seen_note: None,
        };
        let (payload, signer) = (minicbor::to_vec(&header).unwrap(), Signer::Terminal(code("jumin-1")));
        let mut message = Vec::new();
        write_signed_bytes(Context::Batch, &signer, &payload, &mut message).unwrap();
        let signature = WireSignature(TerminalKey::from_bytes(&[3; 32]).sign(&message).to_bytes());
        let mut batch = Vec::new();
        Sign1 { signer, payload: &payload, signature }.write(&mut batch).unwrap();
        (batch, leaves)
    }

    fn checkpoint(&self, seed: u8) -> String {
        let tree: MemoryTree = self.records.iter().map(|bytes| leaf_hash(bytes)).collect();
        let key = SigningKey::from_seed(&format!("ledger/{}/records", self.id), &[seed; 32]).unwrap();
        let (size, root) = (tree.size(), tree.root());
        Checkpoint { origin: key.name().to_owned(), size, root, extensions: Vec::new() }.sign(&key)
    }

    fn record(&self, index: u64) -> EvidenceRecord {
        let tree: MemoryTree = self.records.iter().map(|bytes| leaf_hash(bytes)).collect();
        let proof = inclusion_proof(&tree, index, tree.size()).unwrap();
        let at = usize::try_from(index).unwrap();
        let (batch, leaves) = self.batch(at);
        let content = EvidenceContent::Record {
            bytes: Base64(self.records[at].clone()),
            batch: Some(Base64(batch)),
            leaves: leaves.iter().map(|leaf| Exactly(leaf.0)).collect(),
        };
        EvidenceRecord { index, proof: proof.iter().map(|hash| Exactly(hash.0)).collect(), content }
    }

    fn contents(&self) -> EvidenceContents {
        let writer = ("a1".to_owned(), CardGuid([1; 16]).to_string());
        let mut header = EvidenceHeader::new(self.id.to_string(), TIME + 9000, writer, vec![1, 2]);
        header.permission = Some("R8-0012".to_owned());
        let range = MissingRange { terminal: "jumin-1".to_owned(), epoch: 0, from: 4, to: Some(8), said: None };
        let name = |salt: u8, text: &str| EvidenceName { salt: Exactly([salt; 16]), text: text.to_owned() };
        EvidenceContents {
            header,
            register: self.story.checkpoint(8),
            acts: self.story.entries.iter().cloned().map(Base64).collect(),
            names: vec![name(6, "田中 花子"), name(1, "佐藤 一郎")],
            checkpoint: RecordsCheckpoint { checkpoint: self.checkpoint(9), kept: Vec::new() },
            records: vec![self.record(0), self.record(1), self.record(2)],
            lacks: EvidenceLacks { missing: vec![range], ..EvidenceLacks::default() },
        }
    }

    fn trusted(&self) -> Trusted {
        Trusted::Id(self.id)
    }
}

/// As its writer, the first administrator, hands it out.
fn signed_by(seed: u8, id: &OfficeId, body: &[u8]) -> Result<EvidenceFile, sekisho_link::EvidenceError> {
    let signature = sign(seed, &evidence_digest(id, &WireHash(evidence_content_digest(body))));
    EvidenceFile::parse(&[body, &evidence_signature_line(signature)].concat())
}

fn file(office: &Office, contents: &EvidenceContents) -> EvidenceFile {
    signed_by(11, &office.id, &contents.body()).unwrap()
}

/// The sentences, where everything holds.
fn all_held(checked: &Result<Checked, FileFault>) -> Option<Vec<String>> {
    let Ok(Checked { judged, writer: Ok(_), .. }) = checked else { return None };
    let text = |(_, held): &(u64, Held)| if let Held::Yes(text) = held { Some(text.clone()) } else { None };
    judged.iter().map(text).collect()
}

#[test]
fn a_file_says_who_did_what_and_why_it_was_permitted_in_both_languages() {
    let office = Office::new();
    let file = file(&office, &office.contents());
    let said = |language| {
        let checked = check(&file, &office.trusted(), language);
        all_held(&checked).unwrap_or_else(|| panic!("{checked:?}"))
    };
    let [granted, refused] = said(Language::English).try_into().unwrap();
    for words in [
        "terminal jumin-1  田中 花子 (10023) asked for 住民票の写しの交付 (juminhyo): granted",
        "who: 田中 花子 (10023), card number",
        "section 課",
        "permitted by the register of 7 entries",
        "designated (act 4 of",
        "is valid (act 6 of",
        "permission a covers juminhyo (act 5 of",
        "function juminhyo is in use (act 2 of",
        "terminal jumin-1 is for it (act 3 of",
        "by 佐藤 一郎 (a1))",
        "within operating hours",
        "signed by its terminal in this place",
    ] {
        assert!(granted.contains(words), "'{words}' is not said:\n{granted}");
    }
    assert!(refused.contains("refused (80:") && refused.contains("same rule when decided again"), "{refused}");
    let [granted, refused] = said(Language::Japanese).try_into().unwrap();
    for words in ["許可された", "誰が: 田中 花子 (10023)", "登録簿(7件)により許可", "操作者に指定(処分4、"]
    {
        assert!(granted.contains(words), "「{words}」がない:\n{granted}");
    }
    assert!(refused.contains("拒否された(80:"), "{refused}");
    let checked = check(&file, &office.trusted(), Language::English).unwrap();
    assert_eq!(checked.writer.unwrap(), code("a1"));
}

#[test]
fn what_is_altered_by_whoever_can_sign_it_anew_is_found_or_is_his_own_word() {
    let office = Office::new();
    let body = office.contents().body();
    let checked = |body: &[u8]| {
        let file = signed_by(11, &office.id, body).ok()?;
        let said = all_held(&check(&file, &office.trusted(), Language::English))?;
        Some((file.contents.header.asked, said))
    };
    let whole = checked(&body).unwrap();
    let mut from = 0;
    let lines: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
    for (number, line) in lines.iter().enumerate() {
        // His own word: the header, but for what is asked, and what is missing. Everything else proves itself.
        let his_own = number == 0 || number == lines.len() - 1;
        for at in (0..line.len()).step_by((line.len() / 40).max(1)) {
            let mut altered = body.clone();
            altered[from + at] ^= 1;
            if let Some((asked, said)) = checked(&altered) {
                let told = String::from_utf8_lossy(line).into_owned();
                assert!(his_own, "byte {at} of line {number} is not missed: {told}");
                // He may ask about other records of the file. What is said of these is true.
                assert!(asked != whole.0 || said == whole.1, "byte {at} of {told}");
            }
        }
        from += line.len();
    }
}

#[test]
fn not_a_byte_is_altered_behind_the_writers_back() {
    let office = Office::new();
    let (contents, id) = (office.contents(), office.id);
    let body = contents.body();
    let signature = sign(11, &evidence_digest(&id, &WireHash(evidence_content_digest(&body))));
    let bytes = [&body[..], &evidence_signature_line(signature)].concat();
    let opened = open(&EvidenceFile::parse(&bytes).unwrap(), &office.trusted()).unwrap();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let Ok(file) = EvidenceFile::parse(&altered) else { continue };
        let (by, _) = written_by(&file, &opened.cache);
        assert!(writer(&file, &opened.cache, by).is_err(), "byte {at}");
    }
}

/// What becomes of a file that was altered so, and signed by its writer.
fn altered(office: &Office, alter: impl FnOnce(&mut EvidenceContents)) -> Result<Checked, FileFault> {
    let mut contents = office.contents();
    alter(&mut contents);
    check(&file(office, &contents), &office.trusted(), Language::English)
}

#[test]
fn a_file_whose_logs_are_not_the_offices_is_named_for_what_it_is() {
    let office = Office::new();
    let other = check(&file(&office, &office.contents()), &Trusted::Id(OfficeId([9; 16])), Language::English);
    assert!(matches!(other, Err(FileFault::OtherOffice)));
    let left_out = altered(&office, |contents| drop(contents.acts.remove(7)));
    assert!(matches!(&left_out, Err(FileFault::Register(BrokenLog { broken: Broken::Incomplete { .. }, .. }))));
    let exchanged = altered(&office, |contents| contents.acts.swap(6, 7));
    assert!(matches!(&exchanged, Err(FileFault::Register(BrokenLog { broken: Broken::Fork { .. }, .. }))));
    let nothing = altered(&office, |contents| contents.acts.clear());
    assert!(matches!(nothing, Err(FileFault::OtherOffice)));
    let forged = altered(&office, |contents| contents.checkpoint.checkpoint = office.checkpoint(8));
    assert!(matches!(forged, Err(FileFault::Checkpoint(_))));
    let renamed = altered(&office, |contents| contents.names[0].text = "田中 良子".to_owned());
    assert!(matches!(renamed, Err(FileFault::NameOfNobody)));
    let coded = altered(&office, |contents| contents.lacks.missing[0].terminal = "\u{1b}[2J".to_owned());
    assert!(matches!(coded, Err(FileFault::NoCode)));
}

#[test]
fn a_log_that_does_not_begin_with_what_was_kept_proves_nothing() {
    let tree: MemoryTree = (0..9_u8).map(|byte| leaf_hash(&[byte])).collect();
    let other: MemoryTree = [7, 1, 2, 3].iter().map(|byte| leaf_hash(&[*byte])).collect();
    let begun: MemoryTree = (0..4_u8).map(|byte| leaf_hash(&[byte])).collect();
    let proof = consistency_proof(&tree, 4, 9).unwrap().iter().map(|hash| Exactly(hash.0)).collect::<Vec<_>>();
    let fits = |kept, proof: &[Exactly<32>]| begins_with(kept, proof, (9, tree.root())).is_ok();
    assert!(fits((4, begun.root()), &proof) && fits((0, begun.root()), &[]));
    assert!(!fits((4, other.root()), &proof) && !fits((3, begun.root()), &proof) && !fits((4, begun.root()), &[]));
    assert!(matches!(begins_with((10, begun.root()), &[], (9, tree.root())), Err(FileFault::NotKept)));
}

#[test]
fn a_register_that_was_cut_short_is_noticed_by_who_knows_of_more() {
    let office = Office::new();
    let mut contents = office.contents();
    contents.acts.truncate(7);
    contents.register = office.story.checkpoint(7);
    let file = file(&office, &contents);
    // What was decided by then stands: nobody says that there was more.
    assert!(all_held(&check(&file, &office.trusted(), Language::English)).is_some());
    let key = SigningKey::from_seed("x/y/records", &[9; 32]).unwrap().verifying_key().to_bytes();
    let described = |register| crate::office_file::Office {
        id: office.id,
        url: "https://ledger".to_owned(),
        authority: vec![1],
        ledger: "ledger".to_owned(),
        records: key,
        register,
        casebook: key,
    };
    let by = |register, size| {
        let trusted = Trusted::Office(Box::new(described(register)), Some(office.story.checkpoint(size)));
        check(&file, &trusted, Language::English)
    };
    assert!(all_held(&by(key, 7)).is_some());
    let cut = by(key, 8);
    assert!(matches!(cut, Err(FileFault::Shorter { known: 8, shown: 7 })), "{cut:?}");
    assert!(matches!(by([4; 32], 7), Err(FileFault::OtherOffice)));
}

#[test]
fn a_record_without_what_it_needs_does_not_hold() {
    let office = Office::new();
    let held = |checked: Result<Checked, FileFault>| checked.unwrap().judged.remove(0).1;
    let swapped = altered(&office, |contents| {
        let proof = contents.records[2].proof.clone();
        contents.records[1].proof = proof;
    });
    assert!(matches!(held(swapped), Held::No(_)));
    let moved = altered(&office, |contents| contents.records[1].content = contents.records[2].content.clone());
    assert!(matches!(held(moved), Held::No(_)));
    let wordless = altered(&office, |contents| {
        let EvidenceContent::Record { batch, .. } = &mut contents.records[1].content else { panic!() };
        *batch = None;
    });
    assert!(matches!(held(wordless), Held::No(why) if why.contains("signature")));
    let unopened = altered(&office, |contents| drop(contents.records.remove(0)));
    assert!(matches!(held(unopened), Held::WithoutOpening(_)));
    let destroyed = altered(&office, |contents| {
        let leaf = Exactly(leaf_hash(&office.records[1]).0);
        contents.records[1].content = EvidenceContent::Destroyed { leaf, act: 3 };
    });
    assert!(matches!(held(destroyed), Held::No(why) if why.contains("destroyed nothing")));
}

#[test]
fn what_is_asked_for_stands_once_and_in_order() {
    let office = Office::new();
    for asked in [vec![2, 1], vec![1, 1], vec![1, 7]] {
        let mut contents = office.contents();
        contents.header.asked = asked;
        assert!(signed_by(11, &office.id, &contents.body()).is_err());
    }
}

#[test]
fn nobody_but_a_card_in_use_of_the_office_writes_evidence() {
    let office = Office::new();
    let writer_of = |checked: Result<Checked, FileFault>| checked.unwrap().writer;
    let body = office.contents().body();
    let stranger = signed_by(12, &office.id, &body).unwrap();
    let checked = check(&stranger, &office.trusted(), Language::English);
    assert!(matches!(writer_of(checked), Err(FileFault::Signature)));
    for (operator, card, written) in
        [("a2", [1; 16], TIME), ("a1", [9; 16], TIME), ("a1", [1; 16], NOW - 1), ("10023", CLERK, TIME)]
    {
        let checked = altered(&office, |contents| {
            let header = &mut contents.header;
            (header.operator, header.card, header.written) = (operator.into(), CardGuid(card).to_string(), written);
        });
        let fault = writer_of(checked).unwrap_err();
        // A clerk's card is in use, and she reads nobody's records.
        let is_hers = operator == "10023";
        assert!(matches!(fault, FileFault::NotReader) == is_hers && matches!(fault, FileFault::Writer) != is_hers);
    }
}

#[test]
fn what_was_granted_and_taken_back_before_it_was_answered_is_told_so() {
    let mut office = Office::new();
    let withdrawn = Body::Withdrawn(Withdrawn { of: 1, reason: Reason::CardRemoved });
    let mut record = a_record(&code("jumin-1"), office.id, 3, withdrawn);
    (record.trusted, record.wall) = (TIME + 1001, TIME + 1001);
    office.records[3] = record.encode().unwrap().to_vec();
    let mut contents = office.contents();
    contents.records.push(office.record(3));
    let said = |contents: &EvidenceContents| {
        let checked = check(&file(&office, contents), &office.trusted(), Language::English);
        all_held(&checked).unwrap_or_else(|| panic!("{checked:?}"))
    };
    let [granted, refused] = said(&contents).try_into().unwrap();
    assert!(
        granted.contains("TAKEN BACK, as its terminal says, by record 3: ")
            && granted.contains("was taken back before it was answered")
    );
    assert!(!refused.contains("TAKEN BACK"));
    // Without its terminal's word it takes nothing back.
    let EvidenceContent::Record { batch, .. } = &mut contents.records[3].content else { panic!() };
    *batch = None;
    assert!(!said(&contents)[0].contains("TAKEN BACK"));
}
