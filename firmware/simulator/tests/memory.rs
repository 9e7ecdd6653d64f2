//! A card's memory outlives its process, and belongs to one process at a time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sekisho_simulator::{ApduLog, Memory, MemoryError, SimulatedCard};

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
    let mut card = SimulatedCard::blank(Memory::create(&path).unwrap(), [9, 8, 7, 6]).unwrap();
    assert_eq!(card.transmit(&WRONG), [0x63, 0xC4]);
    drop(card);
    let mut card = SimulatedCard::new(Memory::open(&path).unwrap());
    assert_eq!(card.transmit(&ASK), [0x63, 0xC4]);
    assert_eq!(card.transmit(&[0x00, 0xF8, 0x00, 0x00, 0x00]), [9, 8, 7, 6, 0x90, 0x00]);
}

#[test]
fn the_try_is_in_the_file_before_the_answer_leaves() {
    let path = folder("before").join("card");
    let mut card = SimulatedCard::blank(Memory::create(&path).unwrap(), [0; 4]).unwrap();
    let copy = path.with_file_name("copy");
    assert_eq!(card.transmit(&WRONG), [0x63, 0xC4]);
    // What a process killed now would leave behind.
    fs::copy(&path, &copy).unwrap();
    assert_eq!(SimulatedCard::new(Memory::open(&copy).unwrap()).transmit(&ASK), [0x63, 0xC4]);
}

#[test]
fn one_card_has_one_reader_and_a_new_card_no_predecessor() {
    let path = folder("one").join("card");
    let first = Memory::create(&path).unwrap();
    assert!(matches!(Memory::open(&path), Err(MemoryError::InUse(_))));
    drop(first);
    assert!(matches!(Memory::create(&path), Err(MemoryError::Exists(_))));
    assert!(Memory::open(&path).is_ok());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_of_another_size_is_not_a_card() {
    let path = folder("malformed").join("card");
    let whole = {
        drop(SimulatedCard::blank(Memory::create(&path).unwrap(), [0; 4]).unwrap());
        fs::read(&path).unwrap()
    };
    for (bytes, what) in [(&b""[..], "empty"), (b"hello", "foreign"), (&whole[..whole.len() - 1], "torn")] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(Memory::open(&path), Err(MemoryError::Malformed(_))), "{what}");
    }
    assert!(matches!(Memory::open(&path.with_file_name("none")), Err(MemoryError::Io { .. })));
}

#[test]
fn an_erased_flash_is_no_card() {
    let path = folder("erased").join("card");
    let mut card = SimulatedCard::new(Memory::create(&path).unwrap());
    assert_eq!(card.transmit(&ASK), [0x6F, 0x00]);
}

#[test]
fn the_log_counts_apdus_and_shows_no_data() {
    let folder = folder("log");
    let log = folder.join("apdus");
    let state = Memory::create(&folder.join("card")).unwrap();
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
