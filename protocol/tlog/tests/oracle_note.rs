//! Notes, keys and checkpoints against the published `signed_note` and `tlog_tiles` crates, both ways; and every parser against noise.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use sekisho_tlog::note::{SigningKey, VerifyingKey};
use sekisho_tlog::tile::{TilePath, decode_bundle, encode_bundle};
use sekisho_tlog::{Checkpoint, CosigningKey, Freshness, Frontier, Hash, Note, TlogProof};
use signed_note::{NoteError, Signer, StandardSigner, StandardVerifier, VerifierList};

fn judge(key: &VerifyingKey) -> VerifierList {
    VerifierList::new(vec![Box::new(StandardVerifier::new(&key.to_string()).expect("a vkey of ours"))])
}

fn their_signer(key: &SigningKey, seed: &[u8; 32]) -> StandardSigner {
    let secret = STANDARD.encode([[1].as_slice(), seed].concat());
    let skey = format!("PRIVATE+KEY+{}+{}+{secret}", key.name(), key.verifying_key().id());
    StandardSigner::new(&skey).expect("a key of ours")
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9./関所-]{1,20}".prop_map(|name| format!("ledger.example/{name}"))
}

/// Lines of a note, some empty, some that look like signatures.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof!["[ -~関所]{0,30}", Just(String::new()), Just("\u{2014} a AAAAAAA=".to_owned())],
        1..6,
    )
    .prop_map(|lines| lines.join("\n") + "\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn our_notes_are_theirs_byte_for_byte(name in name(), seed in any::<[u8; 32]>(), text in text()) {
        let key = SigningKey::from_seed(&name, &seed).unwrap();
        let mut ours = Note::new(text.clone()).unwrap();
        ours.sign(&key).unwrap();
        let mut theirs = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        let signer = their_signer(&key, &seed);
        theirs.add_sigs(&[&signer as &dyn Signer]).unwrap();
        prop_assert_eq!(ours.to_string().into_bytes(), theirs.to_bytes());

        let read = signed_note::Note::from_bytes(ours.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read.text(), text.as_bytes());
        prop_assert_eq!(read.verify(&judge(&key.verifying_key())).unwrap().0.len(), 1);
        let back = Note::parse(std::str::from_utf8(&theirs.to_bytes()).unwrap()).unwrap();
        prop_assert_eq!(back.verify(&[key.verifying_key()]).unwrap().len(), 1);
    }

    #[test]
    fn verifier_keys_agree(name in name(), seed in any::<[u8; 32]>()) {
        let ours = SigningKey::from_seed(&name, &seed).unwrap().verifying_key();
        let secret = ed25519_dalek::SigningKey::from_bytes(&seed);
        let theirs = signed_note::new_ed25519_verifier_key(&name, &secret.verifying_key());
        prop_assert_eq!(ours.to_string(), theirs.clone());
        prop_assert_eq!(theirs.parse(), Ok(ours));
    }

    #[test]
    fn an_altered_note_is_never_believed_and_never_read_more_loosely(
        seed in any::<[u8; 32]>(), text in text(), at in any::<prop::sample::Index>(), with in prop_oneof![Just('\n'), Just(' '), Just('='), any::<char>()], keep in any::<bool>(),
    ) {
        let key = SigningKey::from_seed("log", &seed).unwrap();
        let mut note = Note::new(text).unwrap();
        note.sign(&key).unwrap();
        let good: Vec<char> = note.to_string().chars().collect();
        let mut altered = good.clone();
        let at = at.index(altered.len());
        if keep { altered.insert(at, with) } else { altered[at] = with }
        prop_assume!(altered != good);
        let altered: String = altered.into_iter().collect();
        let theirs = signed_note::Note::from_bytes(altered.as_bytes());
        if let Ok(ours) = Note::parse(&altered) {
            prop_assert_eq!(ours.text().as_bytes().to_vec(), theirs.unwrap().text().to_vec());
            prop_assert_eq!(ours.to_string(), altered);
            // The one harmless change would be none at all: text, key and signature are all covered.
            prop_assert!(ours.verify(&[key.verifying_key()]).is_err());
        }
    }

    #[test]
    fn checkpoints_agree(origin in name(), size in any::<u64>(), root in any::<[u8; 32]>(), more in prop::collection::vec("[!-~]{1,20}", 0..3)) {
        let ours = Checkpoint { origin: origin.clone(), size, root: Hash(root), extensions: more.clone() };
        let lines: String = more.iter().map(|line| format!("{line}\n")).collect();
        let theirs = tlog_tiles::Checkpoint::new(&origin, size, tlog_tiles::tlog::Hash(root), &lines).unwrap();
        prop_assert_eq!(ours.to_text().into_bytes(), theirs.to_bytes());
        let read = tlog_tiles::Checkpoint::from_bytes(ours.to_text().as_bytes()).unwrap();
        prop_assert_eq!((read.origin(), read.size(), read.hash().0, read.extension()), (origin.as_str(), size, root, lines.as_str()));
        prop_assert_eq!(Checkpoint::from_text(std::str::from_utf8(&theirs.to_bytes()).unwrap()), Ok(ours));
    }

    #[test]
    fn a_signed_checkpoint_carries_through_both(seed in any::<[u8; 32]>(), size in any::<u64>(), time_s in 0..=i64::MAX as u64) {
        let key = SigningKey::from_seed("ledger.example/01101", &seed).unwrap();
        let witness = CosigningKey::from_seed("witness.example", &[9; 32]).unwrap();
        let checkpoint = Checkpoint { origin: key.name().to_owned(), size, root: Hash([5; 32]), extensions: Vec::new() };
        let text = Checkpoint::cosign(&checkpoint.sign(&key), &[key.verifying_key()], &witness, time_s).unwrap();
        let theirs = signed_note::Note::from_bytes(text.as_bytes()).unwrap();
        let (known, unknown) = theirs.verify(&judge(&key.verifying_key())).unwrap();
        prop_assert_eq!((known.len(), unknown.len()), (1, 1));
        // tlog-cosignature: the message is two lines and the note text, the time stands before the signature.
        let message = format!("cosignature/v1\ntime {time_s}\n{}", checkpoint.to_text());
        let (time, signature) = unknown[0].signature().split_at(8);
        prop_assert_eq!(time, time_s.to_be_bytes());
        let public = ed25519_dalek::VerifyingKey::from_bytes(&witness.verifying_key().to_bytes()).unwrap();
        let signature = ed25519_dalek::Signature::from_slice(signature).unwrap();
        prop_assert!(public.verify_strict(message.as_bytes(), &signature).is_ok());
        let opened = Checkpoint::open_cosigned(&text, &[key.verifying_key()], &[witness.verifying_key()]).unwrap();
        prop_assert_eq!((opened.checkpoint, opened.witnesses[0].time_s), (checkpoint, Some(time_s)));
    }

    #[test]
    fn bundles_read_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..=256)) {
        let bundle = encode_bundle(&entries).unwrap();
        prop_assert_eq!(decode_bundle(&bundle).unwrap(), entries);
    }

    #[test]
    fn what_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(frontier) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(frontier.to_bytes(), bytes.clone());
        }
        if let Ok(entries) = decode_bundle(&bytes) {
            prop_assert_eq!(encode_bundle(entries).unwrap(), bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsers_end_for_any_text_and_one_value_has_one_text(line in prop_oneof![any::<String>(), noise()]) {
        if let Ok(note) = Note::parse(&line) {
            prop_assert_eq!(note.to_string(), line.clone());
        }
        if let Ok(checkpoint) = Checkpoint::from_text(&line) {
            prop_assert_eq!(checkpoint.to_text(), line.clone());
        }
        if let Ok(freshness) = Freshness::from_text(&line) {
            prop_assert_eq!(freshness.to_text(), line.clone());
        }
        if let Ok(proof) = TlogProof::parse(&line) {
            prop_assert_eq!(proof.to_text(), line.clone());
        }
        if let Ok(path) = line.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), line.clone());
        }
        if let Ok(key) = line.parse::<VerifyingKey>() {
            prop_assert_eq!(key.to_string(), line.clone());
        }
        if let Ok(theirs) = signed_note::Note::from_bytes(line.as_bytes()) {
            let ours = Note::parse(&line).map(|note| note.text().as_bytes().to_vec());
            prop_assert_eq!(ours, Ok(theirs.text().to_vec()));
        }
    }
}

/// Words of our formats in any order: most of it nonsense, some of it nearly right.
fn noise() -> impl Strategy<Value = String> {
    let hash = Hash([7; 32]).to_base64();
    let words = [
        "\n",
        "\n\n",
        "\u{2014} ",
        "log",
        " ",
        "+",
        "0",
        "17",
        "007",
        "AAAAAAA=",
        "c2sp.org/tlog-proof@v1\n",
        "index ",
        "extra ",
        "sekisho/freshness/v1\n",
        "tile/",
        "entries/",
        "x001/",
        "067",
        ".p/",
        "\u{3000}",
        "log\n",
        "0\n",
        &hash,
        "\r",
    ];
    let words: Vec<String> = words.map(str::to_owned).into();
    prop::collection::vec(prop::sample::select(words), 0..12).prop_map(|words| words.concat())
}

#[test]
fn a_note_that_nobody_known_signed_is_unsigned_for_both() {
    let (key, other) = (
        SigningKey::from_seed("log", &[1; 32]).expect("a name"),
        SigningKey::from_seed("log", &[2; 32]).expect("a name"),
    );
    let mut note = Note::new("text\n").expect("a text");
    note.sign(&key).expect("room for a line");
    let theirs = signed_note::Note::from_bytes(note.to_string().as_bytes()).expect("a note");
    assert!(matches!(theirs.verify(&judge(&other.verifying_key())), Err(NoteError::UnverifiedNote)));
    assert_eq!(note.verify(&[other.verifying_key()]), Err(sekisho_tlog::TlogError::NotSigned));
}
