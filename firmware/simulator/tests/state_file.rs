//! A card's memory outlives its process, and belongs to one process at a time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sekisho_simulator::{ApduLog, SimulatedCard, StateError, StateFile};

const WRONG: [u8; 13] = [0x00, 0x20, 0x00, 0x80, 0x08, b'4', b'9', b'3', b'7', b'1', b'7', 0xFF, 0xFF];
const ASK: [u8; 4] = [0x00, 0x20, 0x00, 0x80];

/// A folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

#[test]
fn tries_and_serial_number_survive_the_process() {
    let path = folder("survive").join("card");
    let mut card = SimulatedCard::blank(StateFile::create(&path).unwrap(), [9, 8, 7, 6]).unwrap();
    assert_eq!(card.transmit(&WRONG), [0x63, 0xC4]);
    drop(card);
    let mut card = SimulatedCard::new(StateFile::open(&path).unwrap());
    assert_eq!(card.transmit(&ASK), [0x63, 0xC4]);
    assert_eq!(card.transmit(&[0x00, 0xF8, 0x00, 0x00, 0x00]), [9, 8, 7, 6, 0x90, 0x00]);
}

#[test]
fn the_try_is_in_the_file_before_the_answer_leaves() {
    let path = folder("before").join("card");
    let mut card = SimulatedCard::blank(StateFile::create(&path).unwrap(), [0; 4]).unwrap();
    let copy = path.with_file_name("copy");
    assert_eq!(card.transmit(&WRONG), [0x63, 0xC4]);
    // What a process killed now would leave behind.
    fs::copy(&path, &copy).unwrap();
    assert_eq!(SimulatedCard::new(StateFile::open(&copy).unwrap()).transmit(&ASK), [0x63, 0xC4]);
}

#[test]
fn a_disk_that_fails_is_a_memory_failure_and_no_wrong_pin() {
    let folder = folder("fails");
    let path = folder.join("card");
    let mut card = SimulatedCard::blank(StateFile::create(&path).unwrap(), [0; 4]).unwrap();
    fs::create_dir(folder.join("card.new")).unwrap(); // where the next version of the file would be written
    assert_eq!(card.transmit(&WRONG), [0x65, 0x81]);
}

#[test]
fn one_card_has_one_reader_and_a_new_card_no_predecessor() {
    let path = folder("one").join("card");
    let first = StateFile::create(&path).unwrap();
    assert!(matches!(StateFile::open(&path), Err(StateError::InUse(_))));
    drop(first);
    assert!(matches!(StateFile::create(&path), Err(StateError::Exists(_))));
    assert!(StateFile::open(&path).is_ok());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_not_a_state_file_is_not_a_card() {
    let path = folder("malformed").join("card");
    let whole = {
        drop(SimulatedCard::blank(StateFile::create(&path).unwrap(), [0; 4]).unwrap());
        fs::read(&path).unwrap()
    };
    for (bytes, what) in [(&b""[..], "empty"), (b"hello", "foreign"), (&whole[..whole.len() - 1], "torn")] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(StateFile::open(&path), Err(StateError::Malformed(_))), "{what}");
    }
    assert!(matches!(StateFile::open(&path.with_file_name("none")), Err(StateError::Io { .. })));
}

#[test]
fn a_torn_state_file_gives_no_try_back() {
    let path = folder("torn").join("card");
    let mut card = SimulatedCard::blank(StateFile::create(&path).unwrap(), [0; 4]).unwrap();
    for left in [0xC4, 0xC3] {
        assert_eq!(card.transmit(&WRONG), [0x63, left]);
    }
    drop(card);
    let whole = fs::read(&path).unwrap();
    let mut opened = 0;
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let Ok(state) = StateFile::open(&path) else { continue };
        // Cut between two records: a card that lacks something, and knows no more tries than before.
        opened += 1;
        let mut card = SimulatedCard::new(state);
        let answer = card.transmit(&ASK);
        assert!(answer == [0x63, 0xC3] || answer == [0x6F, 0x00], "{end}: {answer:02X?}");
        let judged = (0..6).filter(|_| matches!(card.transmit(&WRONG)[..], [0x63, _])).count();
        assert!(judged <= 3, "{end}: {judged} guesses");
    }
    assert!(opened > 3, "only {opened} cuts fall between two records");
}

#[test]
fn what_was_left_of_a_write_that_was_cut_is_not_the_card() {
    let path = folder("cut").join("card");
    let mut card = SimulatedCard::blank(StateFile::create(&path).unwrap(), [0; 4]).unwrap();
    let fresh = fs::read(&path).unwrap();
    assert_eq!(card.transmit(&WRONG), [0x63, 0xC4]);
    drop(card);
    // The power went while the next version was written beside the card: half of it, or all of an older one.
    for beside in [&fresh[..fresh.len() / 2], &fresh] {
        fs::write(path.with_extension("new"), beside).unwrap();
        assert_eq!(SimulatedCard::new(StateFile::open(&path).unwrap()).transmit(&ASK), [0x63, 0xC4]);
    }
    let mut card = SimulatedCard::new(StateFile::open(&path).unwrap());
    assert_eq!(card.transmit(&WRONG), [0x63, 0xC3]);
    assert!(!path.with_extension("new").exists());
}

#[test]
fn the_log_counts_apdus_and_shows_no_data() {
    let folder = folder("log");
    let log = folder.join("apdus");
    let state = StateFile::create(&folder.join("card")).unwrap();
    let mut card = SimulatedCard::blank(state, [0; 4]).unwrap().with_log(ApduLog::append_to(&log).unwrap());
    card.power_on();
    card.transmit(&WRONG);
    card.transmit(&[1, 2]);
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "# power on",
            "00 20 00 80 lc=8 le=- lr=0 sw=63C4",
            "malformed (cannot read the command: 2 bytes are too few) lr=0 sw=6700",
        ]
    );
}
