//! The terminal's own word for a record (wire §7.6): the batch header that it signed, and the leaves of that batch.

use ed25519_dalek::{Signature, VerifyingKey};
use sekisho_register::Register;
use sekisho_tlog::leaf_hash;
use sekisho_wire::batch::{BatchHeader, chain_next};
use sekisho_wire::canonical::decode_canonical;
use sekisho_wire::cose::{Context, Sign1, Signer, write_signed_bytes};
use sekisho_wire::id::Hash;
use sekisho_wire::record::{Emitter, Record};
use serde::Deserialize;

/// What a terminal signed.
#[derive(Clone, Debug)]
pub(crate) struct TerminalWord {
    /// The signed header.
    pub batch: Vec<u8>,
    /// The leaf hashes of its records.
    pub leaves: Vec<Hash>,
}

/// Where a record stands that its terminal carried out of an earlier epoch (wire §7.5b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct CarriedTo {
    /// The later epoch,
    pub epoch: u32,
    /// and the seq there.
    pub seq: u64,
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
    /// Whether the terminal signed this very record, in its place or in that where it carried it; says where that is.
    ///
    /// # Errors
    /// [`WordFault`].
    pub(crate) fn verify(
        &self,
        bytes: &[u8],
        record: &Record,
        register: &Register,
    ) -> Result<Option<CarriedTo>, WordFault> {
        let header = self.signed(register)?;
        if !is_of(record, &header) || record.epoch > header.epoch {
            return Err(WordFault::Header);
        }
        let leaf = Hash(leaf_hash(bytes).0);
        if record.epoch < header.epoch {
            return self.carried_to(&header, &leaf).map(Some).ok_or(WordFault::Leaf);
        }
        if self.leaf_at(&header, record.seq) == Some(&leaf) { Ok(None) } else { Err(WordFault::Leaf) }
    }

    /// The header, if the terminal that it names signed it with these leaves.
    ///
    /// # Errors
    /// [`WordFault`].
    pub(crate) fn signed(&self, register: &Register) -> Result<BatchHeader, WordFault> {
        let sign1 = Sign1::decode(&self.batch).map_err(|_| WordFault::Header)?;
        let header: BatchHeader = decode_canonical("batch header", sign1.payload).map_err(|_| WordFault::Header)?;
        if sign1.signer != Signer::Terminal(header.terminal.clone()) {
            return Err(WordFault::Header);
        }
        if !is_signed(&sign1, &header, register) {
            return Err(WordFault::Signature);
        }
        let chain = self.leaves.iter().fold(header.before, |chain, leaf| chain_next(&chain, leaf));
        if u64::from(header.count) != self.leaves.len() as u64 || chain != header.after {
            return Err(WordFault::Chain);
        }
        Ok(header)
    }

    /// Where it says that the record with these bytes was carried to, if it does. Whether it holds says [`Self::verify`].
    pub(crate) fn carries(&self, bytes: &[u8], record: &Record) -> Option<CarriedTo> {
        let header = self.header().filter(|header| record.epoch < header.epoch)?;
        self.carried_to(&header, &Hash(leaf_hash(bytes).0))
    }

    /// Whether it has this leaf at this seq of its epoch; nothing where it says nothing of that.
    pub(crate) fn has(&self, seq: u64, leaf: &Hash) -> Option<bool> {
        self.leaf_at(&self.header()?, seq).map(|there| there == leaf)
    }

    /// Its leaves, each with its seq.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u64, &Hash)> {
        let first = self.header().map(|header| header.first);
        first.into_iter().flat_map(|first| (first..).zip(&self.leaves))
    }

    fn header(&self) -> Option<BatchHeader> {
        let sign1 = Sign1::decode(&self.batch).ok()?;
        decode_canonical("batch header", sign1.payload).ok()
    }

    fn leaf_at(&self, header: &BatchHeader, seq: u64) -> Option<&Hash> {
        let place = seq.checked_sub(header.first).and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.leaves.get(place))
    }

    fn carried_to(&self, header: &BatchHeader, leaf: &Hash) -> Option<CarriedTo> {
        let place = self.leaves.iter().position(|there| there == leaf)?;
        Some(CarriedTo { epoch: header.epoch, seq: header.first.saturating_add(place as u64) })
    }
}

/// Whether a record names the terminal and the office of this header.
fn is_of(record: &Record, header: &BatchHeader) -> bool {
    matches!(&record.emitter, Emitter::Terminal(code) if *code == header.terminal) && record.office == header.office
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
    use crate::register_cache::RegisterCache;
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
    pub(crate) struct Terminal {
        pub(crate) cache: RegisterCache,
        pub(crate) office: OfficeId,
        pub(crate) code: Code,
        key: SigningKey,
        pub(crate) records: Vec<Record>,
    }

    impl Terminal {
        pub(crate) fn new() -> Self {
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
            let cache = story.cache(3);
            assert!(cache.register().terminal(&code).is_some());
            let record = |seq| a_record(&code, office, seq, Body::TerminalDown);
            Self { cache, office, records: vec![record(FIRST), record(FIRST + 1)], code, key }
        }

        pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
            self.records.iter().map(|record| record.encode().unwrap().to_vec()).collect()
        }

        fn header(&self) -> BatchHeader {
            self.header_for(&leaves_of(&self.bytes()))
        }

        fn header_for(&self, leaves: &[Hash]) -> BatchHeader {
            let before = chain_start(&self.office, &self.code, 0);
            BatchHeader {
                version: BATCH_VERSION,
                critical: true,
                office: self.office,
                terminal: self.code.clone(),
                epoch: 0,
                first: FIRST,
                count: u32::try_from(leaves.len()).unwrap(),
                before,
                after: leaves.iter().fold(before, |chain, leaf| chain_next(&chain, leaf)),
                seen_size: 0,
                seen_root: Hash(sekisho_tlog::EMPTY_ROOT.0),
                sent: 3,
                seen_note: None,
            }
        }

        /// Its word for a batch of its records in another place.
        pub(crate) fn word_in(&self, epoch: u32, first: u64) -> TerminalWord {
            self.word_for(epoch, first, &self.bytes())
        }

        /// Its word for a batch of others.
        pub(crate) fn word_for(&self, epoch: u32, first: u64, records: &[Vec<u8>]) -> TerminalWord {
            let leaves = leaves_of(records);
            let header = BatchHeader { epoch, first, ..self.header_for(&leaves) };
            TerminalWord { leaves, ..self.word(&header, &self.key) }
        }

        fn word(&self, header: &BatchHeader, key: &SigningKey) -> TerminalWord {
            let (payload, signer) = (minicbor::to_vec(header).unwrap(), Signer::Terminal(self.code.clone()));
            let mut message = Vec::new();
            write_signed_bytes(Context::Batch, &signer, &payload, &mut message).unwrap();
            let signature = sekisho_wire::id::Signature(key.sign(&message).to_bytes());
            let mut batch = Vec::new();
            Sign1 { signer, payload: &payload, signature }.write(&mut batch).unwrap();
            TerminalWord { batch, leaves: leaves_of(&self.bytes()) }
        }

        fn verify(&self, word: &TerminalWord, at: usize) -> Result<Option<CarriedTo>, WordFault> {
            word.verify(&self.bytes()[at], &self.records[at], self.cache.register())
        }
    }

    fn leaves_of(records: &[Vec<u8>]) -> Vec<Hash> {
        records.iter().map(|bytes| Hash(leaf_hash(bytes).0)).collect()
    }

    #[test]
    fn a_terminal_vouches_for_each_record_of_its_batch_in_its_place() {
        let terminal = Terminal::new();
        let word = terminal.word(&terminal.header(), &terminal.key);
        assert_eq!((terminal.verify(&word, 0), terminal.verify(&word, 1)), (Ok(None), Ok(None)));
        // The same bytes in another place, and other bytes in this one.
        let mut moved = terminal.records[0].clone();
        moved.seq = FIRST + 1;
        assert_eq!(word.verify(&terminal.bytes()[0], &moved, terminal.cache.register()), Err(WordFault::Leaf));
        moved.seq = FIRST - 1;
        assert_eq!(word.verify(&terminal.bytes()[0], &moved, terminal.cache.register()), Err(WordFault::Leaf));
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
        let mut later = terminal.records[0].clone();
        later.epoch = 1;
        assert_eq!(word.verify(&terminal.bytes()[0], &later, terminal.cache.register()), Err(WordFault::Header));
        let torn = TerminalWord { batch: word.batch[1..].to_vec(), leaves: word.leaves };
        assert_eq!(terminal.verify(&torn, 0), Err(WordFault::Header));
    }

    #[test]
    fn it_vouches_for_what_it_carried_into_a_later_epoch_and_says_where() {
        let terminal = Terminal::new();
        let word = terminal.word(&BatchHeader { epoch: 1, ..terminal.header() }, &terminal.key);
        let to = |seq| CarriedTo { epoch: 1, seq };
        assert_eq!(
            (terminal.verify(&word, 0), terminal.verify(&word, 1)),
            (Ok(Some(to(FIRST))), Ok(Some(to(FIRST + 1))))
        );
        assert_eq!(word.carries(&terminal.bytes()[1], &terminal.records[1]), Some(to(FIRST + 1)));
        assert_eq!(word.carries(b"another", &terminal.records[1]), None);
        assert_eq!(word.verify(b"another", &terminal.records[1], terminal.cache.register()), Err(WordFault::Leaf));
        assert_eq!(
            [FIRST, FIRST + 1, FIRST + 2].map(|seq| word.has(seq, &word.leaves[0])),
            [Some(true), Some(false), None]
        );
        let own = terminal.word(&terminal.header(), &terminal.key);
        assert_eq!(own.carries(&terminal.bytes()[0], &terminal.records[0]), None);
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
