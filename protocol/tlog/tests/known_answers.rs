//! What others published, and what we released: the tree of RFC 6962's reference implementation, and signed texts as bytes.
//!
//! The files in `golden/` were written by another program (Python's `hashlib` and `cryptography`), not by this crate.

use sekisho_tlog::witness::{Cosigned, cosignature};
use sekisho_tlog::{
    AddCheckpoint, Checkpoint, CosigningKey, EMPTY_ROOT, Freshness, Frontier, Hash, HashReader, MemoryTree, SigningKey,
    TlogProof, VerifyingKey, consistency_proof, inclusion_proof, leaf_hash, root_at, verify_consistency,
    verify_inclusion,
};

#[test]
fn roots_are_those_of_the_certificate_transparency_test_tree() {
    let mut frontier = Frontier::new();
    for (size, root) in (1..).zip(ROOTS) {
        frontier.append(leaf_hash(ENTRIES[size - 1]));
        assert_eq!(frontier.root().to_string(), root, "size {size}");
        assert_eq!(root_at(&tree(), size as u64).map(|root| root.to_string()), Ok(root.to_owned()));
    }
    assert_eq!(Frontier::new().root(), EMPTY_ROOT);
}

#[test]
fn inclusion_proofs_are_those_of_the_certificate_transparency_test_tree() {
    for (index, size, expected) in INCLUSION {
        let proof = inclusion_proof(&tree(), *index, *size).expect("an index of the tree");
        assert_eq!(hex(&proof), *expected, "{index} in {size}");
        let root = root_at(&tree(), *size).expect("a size of the tree");
        let leaf = tree().node(0, *index).expect("an index of the tree");
        assert_eq!(verify_inclusion(&leaf, *index, *size, &proof, &root), Ok(()));
    }
}

#[test]
fn consistency_proofs_are_those_of_the_certificate_transparency_test_tree() {
    for (old, new, expected) in CONSISTENCY {
        let proof = consistency_proof(&tree(), *old, *new).expect("sizes of the tree");
        assert_eq!(hex(&proof), *expected, "{old} to {new}");
        let root = |size| root_at(&tree(), size).expect("a size of the tree");
        assert_eq!(verify_consistency(*old, &root(*old), *new, &root(*new), &proof), Ok(()));
    }
}

#[test]
fn verifier_keys_are_the_released_ones() {
    let keys = [log().verifying_key(), register().verifying_key(), witness().verifying_key()];
    let lines: String = keys.iter().map(|key| format!("{key}\n")).collect();
    assert_eq!(lines, include_str!("golden/verifier-keys.txt"));
    for (line, key) in lines.lines().zip(&keys) {
        assert_eq!(line.parse::<VerifyingKey>().as_ref(), Ok(key));
    }
}

#[test]
fn a_signed_checkpoint_has_the_released_bytes() {
    let golden = include_str!("golden/checkpoint.txt");
    assert_eq!(checkpoint().sign(&log()), golden);
    assert_eq!(Checkpoint::open(golden, &log().verifying_key()), Ok(checkpoint()));
}

#[test]
fn a_cosigned_checkpoint_has_the_released_bytes() {
    let golden = include_str!("golden/checkpoint-cosigned.txt");
    let keys = ([log().verifying_key()], [witness().verifying_key()]);
    let cosigned = Checkpoint::cosign(&checkpoint().sign(&log()), &keys.0, &witness(), 1_795_132_800);
    assert_eq!(cosigned.as_deref(), Ok(golden));
    let opened = Checkpoint::open_cosigned(golden, &keys.0, &keys.1).expect("the released bytes");
    assert_eq!(opened.witnesses[0].time_s, Some(1_795_132_800));
}

#[test]
fn a_freshness_note_has_the_released_bytes() {
    let golden = include_str!("golden/freshness.txt");
    let freshness = Freshness {
        origin: register().name().to_owned(),
        size: 8,
        root: tree().root(),
        time_ms: 1_795_132_800_000,
        valid_until_ms: 1_795_392_000_000,
    };
    assert_eq!(freshness.sign(&register()), golden);
    assert_eq!(Freshness::open(golden, &register().verifying_key()), Ok(freshness));
}

#[test]
fn a_proof_file_has_the_released_bytes() {
    let golden = include_str!("golden/entry-5.tlog-proof");
    let proof = TlogProof::prove(&tree(), 5, checkpoint().sign(&log())).expect("an index of the tree");
    assert_eq!(proof.to_text(), golden);
    let read = TlogProof::parse(golden).expect("the released bytes");
    assert_eq!(read.verify(&leaf_hash(ENTRIES[5]), &log().verifying_key()), Ok(checkpoint()));
}

/// Request and line are those of an implementation of `tlog-witness` that is not ours (Python's `aics-witness` 0.1.0), made with the keys of these seeds.
#[test]
fn a_request_that_another_program_wrote_is_answered_as_it_would() {
    let request = AddCheckpoint::parse(include_str!("golden/add-checkpoint.txt")).expect("a request");
    let log = SigningKey::from_seed("log.example/aics-1", &[7; 32]).expect("a key name");
    let witness = CosigningKey::from_seed("w1.example", &[9; 32]).expect("a key name");
    let leaves = |size: u8| (0..size).map(|leaf| leaf_hash(format!("leaf {leaf}").as_bytes())).collect::<MemoryTree>();
    let last = Cosigned { size: 3, root: leaves(3).root() };
    let looked = request.look(&[log.verifying_key()], last).expect("it continues what was cosigned");
    assert_eq!((looked.size, looked.root), (11, leaves(11).root()));
    let line = include_str!("golden/cosignature.txt");
    let cosigned = Checkpoint::cosign(&request.checkpoint, &[log.verifying_key()], &witness, 1_700_000_000);
    assert_eq!(cosigned, Ok(request.checkpoint.clone() + line));
    assert!(cosignature(line, &request.checkpoint, &witness.verifying_key()).is_ok());
}

fn tree() -> MemoryTree {
    ENTRIES.iter().map(|entry| leaf_hash(entry)).collect()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: log().name().to_owned(), size: 8, root: tree().root(), extensions: Vec::new() }
}

fn log() -> SigningKey {
    SigningKey::from_seed("ledger.example/01101/records", &seed(0)).expect("a key name")
}

fn register() -> SigningKey {
    SigningKey::from_seed("ledger.example/01101/register", &seed(32)).expect("a key name")
}

fn witness() -> CosigningKey {
    CosigningKey::from_seed("witness.example/w1", &seed(64)).expect("a key name")
}

/// 32 bytes that count up from `first`.
fn seed(first: u8) -> [u8; 32] {
    core::array::from_fn(|i| first + i as u8)
}

fn hex(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_string).collect()
}

// google/certificate-transparency, merkletree tests: eight entries of zero to sixteen bytes, and the roots of their first 1 to 8.
const ENTRIES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const INCLUSION: &[(u64, u64, &[&str])] = &[
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
];

const CONSISTENCY: &[(u64, u64, &[&str])] = &[
    (1, 1, &[]),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];
