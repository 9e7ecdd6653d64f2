//! A medium decays: what one backup has lost another on it has still.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sekisho_ledger::media::restore::restore;

use super::{files_in, town_over};
use crate::media::{Stick, add, night};
use crate::town::{Town, empty_ledger, opened, scratch};

/// The one file of cold entries of a backup.
fn segment(town: &Town, backup: &Path) -> PathBuf {
    files_in(&backup.join("cold").join(town.office.to_string())).remove(0)
}

fn decay(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn several_true_copies_lie_on_a_medium_and_a_restore_takes_one_that_is_whole() {
    let mut town = town_over(empty_ledger(), 256, opened);
    town.fill(300);
    assert_eq!(town.cools(), 256);
    let stick = Stick::new();
    add(&town, &stick, "A");
    let backups: Vec<PathBuf> = (1..=4).map(|day| stick.at.join(night(&town, day).generation)).collect();
    let names = || -> Vec<u64> {
        backups.iter().map(|backup| std::fs::metadata(segment(&town, backup)).unwrap().nlink()).collect()
    };
    assert_eq!(names(), [3, 3, 3, 1], "all four would decay at once");
    decay(&segment(&town, &backups[3]));
    let root = scratch();
    let restored = restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap();
    assert_eq!(restored.from_others, 1);
    assert_eq!(super::checked(&root).findings, []);
    // The next night does not name again what has decayed.
    night(&town, 5);
    assert_eq!(restore(&scratch(), &stick.at, &town.root, &mut |_| {}).unwrap().from_others, 0);
    // An older one whose file has decayed takes a newer one's; where none is whole there is nothing to take.
    decay(&segment(&town, &backups[0]));
    assert_eq!(restore(&scratch(), &backups[1], &town.root, &mut |_| {}).unwrap().from_others, 1);
    decay(&segment(&town, &stick.at.join("000005-2026-06-06")));
    let root = scratch();
    let said = restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains(".segment") && !root.join("ledger.toml").exists(), "{said}");
}
