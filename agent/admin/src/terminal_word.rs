//! The terminal's own word for a record (wire §7.6): the batch header that it signed, and the leaves of that batch.

use ed25519_dalek::{Signature, VerifyingKey};
use sekisho_register::Register;
use sekisho_tlog::leaf_hash;
use sekisho_wire::batch::{BatchHeader, chain_next};
use sekisho_wire::canonical::decode_canonical;
use sekisho_wire::cose::{Context, Sign1, Signer, write_signed_bytes};
use sekisho_wire::id::Hash;
use sekisho_wire::record::{Emitter, Record};

/// What a terminal signed.
#[derive(Clone, Debug)]
pub(crate) struct TerminalWord {
    /// The signed header.
    pub batch: Vec<u8>,
    /// The leaf hashes of its records.
    pub leaves: Vec<Hash>,
}

/// Why it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordFault {
    /// The header cannot be read, or is not this terminal's.
    Header,
    /// No key that the register names for the terminal made the signature.
    Signature,
    /// The chain over the leaves is not the one that was signed.
    Chain,
    /// The record is not where the header says.
    Leaf,
}

impl WordFault {
    /// For people: in English and Japanese.
    #[must_use]
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Header => {
                ("the batch header beside it is not this terminal's", "添付のバッチヘッダーがこの端末機のものではない")
            }
            Self::Signature => {
                ("no key of the terminal signed the batch beside it", "添付のバッチに端末機の署名がない")
            }
            Self::Chain => {
                ("the leaves beside it are not those that the terminal signed", "添付の内容が端末機の署名と合わない")
            }
            Self::Leaf => ("the terminal signed another record in its place", "端末機が署名したのは別の記録"),
        }
    }
}

impl TerminalWord {
    /// Whether the terminal signed this very record in its place.
    ///
    /// # Errors
    /// [`WordFault`].
    pub(crate) fn verify(&self, bytes: &[u8], record: &Record, register: &Register) -> Result<(), WordFault> {
        let sign1 = Sign1::decode(&self.batch).map_err(|_| WordFault::Header)?;
        let header: BatchHeader = decode_canonical("batch header", sign1.payload).map_err(|_| WordFault::Header)?;
        let its_own = sign1.signer == Signer::Terminal(header.terminal.clone())
            && record.emitter == Emitter::Terminal(header.terminal.clone())
            && (record.office, record.epoch) == (header.office, header.epoch);
        if !its_own {
            return Err(WordFault::Header);
        }
        if !is_signed(&sign1, &header, register) {
            return Err(WordFault::Signature);
        }
        let chain = self.leaves.iter().fold(header.before, |chain, leaf| chain_next(&chain, leaf));
        if u64::from(header.count) != self.leaves.len() as u64 || chain != header.after {
            return Err(WordFault::Chain);
        }
        let place = record.seq.checked_sub(header.first).and_then(|place| usize::try_from(place).ok());
        let leaf = place.and_then(|place| self.leaves.get(place));
        if leaf.is_some_and(|leaf| leaf.0 == leaf_hash(bytes).0) { Ok(()) } else { Err(WordFault::Leaf) }
    }
}

/// Under any key that the register ever named for the terminal: which one was in force, the ledger had to ask when the batch came.
fn is_signed(sign1: &Sign1<'_>, header: &BatchHeader, register: &Register) -> bool {
    let mut message = Vec::new();
    if write_signed_bytes(Context::Batch, &sign1.signer, sign1.payload, &mut message).is_err() {
        return false;
    }
    let signature = Signature::from_bytes(&sign1.signature.0);
    let Some(terminal) = register.terminal(&header.terminal) else { return false };
    terminal.versions().iter().any(|version| {
        let key = VerifyingKey::from_bytes(&version.value.key.0);
        key.is_ok_and(|key| key.verify_strict(&message, &signature).is_ok())
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use sekisho_register::change::{Change, SetTerminal, TerminalKind};
    use sekisho_register::{Ed25519Key, SignedAct, office_of};
    use sekisho_wire::batch::{BATCH_VERSION, chain_start};
    use sekisho_wire::id::{BootId, Code, OfficeId, Salt};
    use sekisho_wire::record::{Body, RECORD_VERSION};

    use super::*;
    use crate::register_cache::tests::Story;

    const FIRST: u64 = 7;

    /// What a terminal could have written.
    pub(crate) fn a_record(terminal: &Code, office: OfficeId, seq: u64, body: Body) -> Record {
        Record {
            version: RECORD_VERSION,
            critical: true,
            emitter: Emitter::Terminal(terminal.clone()),
            office,
            epoch: 0,
            seq,
            boot: BootId([1; 16]),
            salt: Salt([u8::try_from(seq).unwrap(); 16]),
            retention: body.retention(),
            wall: 5,
            trusted: 5,
            monotonic: 5,
            body,
        }
    }

    /// An office with one terminal, and a batch of two records of it.
    struct Terminal {
        register: Register,
        office: OfficeId,
        code: Code,
        key: SigningKey,
        records: Vec<Record>,
    }

    impl Terminal {
        fn new() -> Self {
            let mut story = Story::begin();
            story.section("jumin");
            let key = SigningKey::from_bytes(&[3; 32]);
            let code = Code::new("jumin-1").unwrap();
            let office = office_of(&SignedAct::decode(&story.entries[0]).unwrap());
            let terminal = SetTerminal {
                terminal: code.clone(),
                kind: TerminalKind::Business,
                section: Code::new("jumin").unwrap(),
                responsible: None,
                functions: Vec::new(),
                readers: Vec::new(),
                key: Ed25519Key(key.verifying_key().to_bytes()),
            };
            story.change(Change::Terminal(Box::new(terminal)));
            let register = story.cache(3).register().clone();
            assert!(register.terminal(&code).is_some());
            let record = |seq| a_record(&code, office, seq, Body::TerminalDown);
            Self { register, office, records: vec![record(FIRST), record(FIRST + 1)], code, key }
        }

        fn bytes(&self) -> Vec<Vec<u8>> {
            self.records.iter().map(|record| record.encode().unwrap().to_vec()).collect()
        }

        fn header(&self) -> BatchHeader {
            let before = chain_start(&self.office, &self.code, 0);
            let after = self.bytes().iter().fold(before, |chain, bytes| chain_next(&chain, &Hash(leaf_hash(bytes).0)));
            BatchHeader {
                version: BATCH_VERSION,
                critical: true,
                office: self.office,
                terminal: self.code.clone(),
                epoch: 0,
                first: FIRST,
                count: 2,
                before,
                after,
                seen_size: 0,
                seen_root: Hash(sekisho_tlog::EMPTY_ROOT.0),
                sent: 3,
                seen_note: None,
            }
        }

        fn word(&self, header: &BatchHeader, key: &SigningKey) -> TerminalWord {
            let (payload, signer) = (minicbor::to_vec(header).unwrap(), Signer::Terminal(self.code.clone()));
            let mut message = Vec::new();
            write_signed_bytes(Context::Batch, &signer, &payload, &mut message).unwrap();
            let signature = sekisho_wire::id::Signature(key.sign(&message).to_bytes());
            let mut batch = Vec::new();
            Sign1 { signer, payload: &payload, signature }.write(&mut batch).unwrap();
            let leaves = self.bytes().iter().map(|bytes| Hash(leaf_hash(bytes).0)).collect();
            TerminalWord { batch, leaves }
        }

        fn verify(&self, word: &TerminalWord, at: usize) -> Result<(), WordFault> {
            word.verify(&self.bytes()[at], &self.records[at], &self.register)
        }
    }

    #[test]
    fn a_terminal_vouches_for_each_record_of_its_batch_in_its_place() {
        let terminal = Terminal::new();
        let word = terminal.word(&terminal.header(), &terminal.key);
        assert_eq!((terminal.verify(&word, 0), terminal.verify(&word, 1)), (Ok(()), Ok(())));
        // The same bytes in another place, and other bytes in this one.
        let mut moved = terminal.records[0].clone();
        moved.seq = FIRST + 1;
        assert_eq!(word.verify(&terminal.bytes()[0], &moved, &terminal.register), Err(WordFault::Leaf));
        moved.seq = FIRST - 1;
        assert_eq!(word.verify(&terminal.bytes()[0], &moved, &terminal.register), Err(WordFault::Leaf));
    }

    #[test]
    fn nobody_else_speaks_for_a_terminal() {
        let terminal = Terminal::new();
        let header = terminal.header();
        let stranger = terminal.word(&header, &SigningKey::from_bytes(&[4; 32]));
        assert_eq!(terminal.verify(&stranger, 0), Err(WordFault::Signature));
        let nobody = Register::new();
        let word = terminal.word(&header, &terminal.key);
        assert_eq!(word.verify(&terminal.bytes()[0], &terminal.records[0], &nobody), Err(WordFault::Signature));
        let other = BatchHeader { terminal: Code::new("jumin-2").unwrap(), ..header.clone() };
        assert_eq!(terminal.verify(&terminal.word(&other, &terminal.key), 0), Err(WordFault::Header));
        let other = BatchHeader { epoch: 1, ..header };
        assert_eq!(terminal.verify(&terminal.word(&other, &terminal.key), 0), Err(WordFault::Header));
        let torn = TerminalWord { batch: word.batch[1..].to_vec(), leaves: word.leaves };
        assert_eq!(terminal.verify(&torn, 0), Err(WordFault::Header));
    }

    #[test]
    fn leaves_that_were_exchanged_or_left_out_break_the_chain() {
        let terminal = Terminal::new();
        let word = terminal.word(&terminal.header(), &terminal.key);
        for leaves in [vec![word.leaves[1], word.leaves[0]], vec![word.leaves[0]], Vec::new()] {
            assert_eq!(terminal.verify(&TerminalWord { leaves, ..word.clone() }, 0), Err(WordFault::Chain));
        }
    }
}
