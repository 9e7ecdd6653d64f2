use std::cell::Cell;

use sekisho_tlog::witness::NotCosigned;
use sekisho_tlog::{Hash, MemoryTree, SigningKey, consistency_proof, leaf_hash};

use super::*;
use crate::testing::{Scratch, scratch};

fn key() -> SigningKey {
    SigningKey::from_seed("log", &[7; 32]).unwrap()
}

fn own() -> CosigningKey {
    CosigningKey::from_seed("w1", &[9; 32]).unwrap()
}

/// A tree whose first leaves are everybody's; from the third on each history has its own.
fn tree(size: u64, history: u8) -> MemoryTree {
    (0..size).map(|i| leaf_hash(&[i as u8, if i < 2 { 0 } else { history }])).collect()
}

fn request(old: u64, size: u64, history: u8) -> AddCheckpoint {
    let tree = tree(size, history);
    let proof = if old == 0 { Vec::new() } else { consistency_proof(&tree, old, size).unwrap() };
    let checkpoint = Checkpoint { origin: "log".into(), size, root: tree.root(), extensions: Vec::new() }.sign(&key());
    AddCheckpoint { old, proof, checkpoint }
}

struct Desk {
    directory: Scratch,
    log: Watched,
}

impl Desk {
    fn new(name: &str) -> Self {
        let directory = scratch(name);
        Page::add(&directory, &key().verifying_key()).unwrap();
        let log = open(&directory).unwrap();
        Self { directory, log }
    }

    fn ask(&self, request: &AddCheckpoint, now_s: u64) -> Result<String, Declined> {
        self.log.cosign(request, &own(), now_s).map(|answered| answered.line)
    }

    /// What was cosigned, by size; or the size that stands in the way.
    fn size(&self, old: u64, size: u64, history: u8) -> Result<u64, Option<u64>> {
        let request = request(old, size, history);
        match self.ask(&request, 1) {
            Ok(line) => {
                let line = sekisho_tlog::witness::cosignature(&line, &request.checkpoint, &own().verifying_key());
                assert!(line.is_ok());
                Ok(size)
            }
            Err(Declined::NotCosigned(NotCosigned::Conflict { size })) => Err(Some(size)),
            Err(_) => Err(None),
        }
    }

    fn shown(&self) -> Option<u64> {
        self.log.latest().map(|note| note.lines().nth(1).unwrap().parse().unwrap())
    }
}

fn path(directory: &Path) -> PathBuf {
    Page::path(directory, "log")
}

fn open(directory: &Path) -> Result<Watched, LedgerError> {
    Watched::open_with(&path(directory), disk).map(|(_, log)| log)
}

#[derive(Clone, Copy, PartialEq)]
enum Next {
    Works,
    Fails,
    FailsButLands,
}

thread_local! {
    static NEXT: Cell<Next> = const { Cell::new(Next::Works) };
}

/// A disk that does what a test orders, once.
fn disk(path: &Path, content: &dyn Fn(Birth) -> Vec<u8>) -> std::io::Result<()> {
    let next = NEXT.replace(Next::Works);
    if next != Next::Fails {
        birth::write(path, content)?;
    }
    if next == Next::Works { Ok(()) } else { Err(std::io::Error::other("ordered")) }
}

#[test]
fn one_of_two_histories_is_cosigned_also_after_a_restart() {
    let mut desk = Desk::new("histories");
    assert_eq!((desk.shown(), desk.size(0, 2, 1)), (None, Ok(2)));
    assert_eq!(desk.size(2, 5, 1), Ok(5));
    for _ in 0..2 {
        assert_eq!(desk.size(2, 5, 2), Err(Some(5)));
        assert_eq!(desk.size(5, 5, 2), Err(None));
        assert_eq!(desk.size(5, 7, 2), Err(None));
        assert_eq!((desk.size(5, 5, 1), desk.shown()), (Ok(5), Some(5)));
        desk.log = open(&desk.directory).unwrap();
    }
    // Two roots for one size, both signed: that is kept.
    let evidence = std::fs::read_to_string(path(&desk.directory).with_extension("forked")).unwrap();
    assert_eq!(evidence.matches("\nlog\n5\n").count() + usize::from(evidence.starts_with("log\n5\n")), 2, "{evidence}");
}

#[test]
fn a_write_that_failed_cosigns_nothing_and_one_that_landed_all_the_same_is_found() {
    for (next, then) in [(Next::Fails, 2), (Next::FailsButLands, 5)] {
        let desk = Desk::new("faults");
        assert_eq!(desk.size(0, 2, 1), Ok(2));
        NEXT.set(next);
        assert!(matches!(desk.ask(&request(2, 5, 1), 1), Err(Declined::Disk(_))));
        assert_eq!(desk.shown(), Some(2), "what may not be on the disk is shown to nobody");
        // Whatever landed is what the next is judged by.
        assert_eq!(desk.size(9, 9, 1), Err(Some(then)));
        assert_eq!(desk.size(then, 7, 1), Ok(7));
        assert_eq!((desk.shown(), open(&desk.directory).unwrap().latest()), (Some(7), desk.log.latest()));
    }
}

#[test]
fn requests_that_come_together_are_judged_one_after_the_other() {
    let desk = Desk::new("together");
    assert_eq!(desk.size(0, 2, 1), Ok(2));
    // Thirty histories that part after the second entry: one of them is cosigned.
    let cosigned = std::thread::scope(|scope| {
        let asked: Vec<_> = (1..31)
            .map(|history| {
                scope.spawn({
                    let desk = &desk;
                    move || desk.ask(&request(2, 5, history), 1).is_ok()
                })
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).filter(|cosigned| *cosigned).count()
    });
    assert_eq!((cosigned, desk.shown()), (1, Some(5)));
}

#[test]
fn a_page_that_was_put_back_is_refused_until_somebody_says_that_it_was_moved() {
    let desk = Desk::new("put-back");
    assert_eq!(desk.size(0, 2, 1), Ok(2));
    let (path, copy) = (path(&desk.directory), desk.directory.join("copy"));
    std::fs::copy(&path, &copy).unwrap();
    assert_eq!(desk.size(2, 5, 1), Ok(5));
    // Over the file, or in its place: both are other files than were written.
    let bytes = std::fs::read(&copy).unwrap();
    for put_back in [&|| std::fs::write(&path, &bytes), &|| std::fs::rename(&copy, &path)] as [&dyn Fn() -> _; 2] {
        put_back().unwrap();
        assert!(matches!(open(&desk.directory), Err(LedgerError::PutBack { .. })));
        assert!(matches!(Page::add(&desk.directory, &key().verifying_key()), Err(LedgerError::PutBack { .. })));
    }
    Page::adopt(&path).unwrap();
    assert_eq!(open(&desk.directory).unwrap().latest().unwrap().lines().nth(1), Some("2"));
}

#[test]
fn a_witness_that_is_shown_what_it_forgot_cosigns_that_log_no_more() {
    let desk = Desk::new("forgotten");
    assert_eq!(desk.size(0, 2, 1), Ok(2));
    let asked = request(2, 5, 1);
    let elsewhere = AddCheckpoint {
        checkpoint: Checkpoint::cosign(&asked.checkpoint, &[key().verifying_key()], &own(), 9).unwrap(),
        ..asked.clone()
    };
    // A stranger's line that claims to be ours says nothing.
    let forged = AddCheckpoint { checkpoint: asked.checkpoint.clone() + "\u{2014} w1 AAAAAAAA\n", ..asked };
    assert!(desk.ask(&forged, 1).is_ok());
    let desk = Desk::new("forgotten-2");
    assert_eq!(desk.size(0, 2, 1), Ok(2));
    assert!(matches!(desk.ask(&elsewhere, 1), Err(Declined::Forgotten)));
    assert_eq!(desk.size(2, 5, 2), Err(None));
    let again = open(&desk.directory).unwrap();
    assert!(matches!(again.cosign(&request(2, 5, 1), &own(), 1), Err(Declined::Forgotten)));
}

#[test]
fn the_same_is_cosigned_anew_once_a_second() {
    let desk = Desk::new("again");
    let asked = request(0, 2, 1);
    let first = desk.ask(&asked, 1).unwrap();
    let written = birth::read(&path(&desk.directory)).unwrap();
    let again = request(2, 2, 1);
    assert_eq!(desk.ask(&again, 1).unwrap(), first);
    assert_eq!(birth::read(&path(&desk.directory)).unwrap().1, written.1, "nothing was written");
    assert_ne!(desk.ask(&again, 2).unwrap(), first);
}

#[test]
fn the_empty_tree_and_a_second_key() {
    let desk = Desk::new("keys");
    let empty = Checkpoint { origin: "log".into(), size: 0, root: sekisho_tlog::EMPTY_ROOT, extensions: Vec::new() };
    let asked = |key: &SigningKey| AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: empty.sign(key) };
    assert!(desk.ask(&asked(&key()), 1).is_ok());
    assert_eq!(desk.shown(), Some(0));
    let other = SigningKey::from_seed("log", &[8; 32]).unwrap();
    assert!(matches!(desk.ask(&asked(&other), 1), Err(Declined::NotCosigned(NotCosigned::NotSigned(_)))));
    Page::add(&desk.directory, &other.verifying_key()).unwrap();
    Page::add(&desk.directory, &other.verifying_key()).unwrap();
    let log = open(&desk.directory).unwrap();
    assert!(log.cosign(&asked(&other), &own(), 1).is_ok() && log.cosign(&request(0, 2, 1), &own(), 1).is_ok());
    assert_ne!(log.latest(), None::<String>);
    let _: Hash = tree(1, 0).root();
}
