//! A virtual card whose memory lies in RAM: a real card's flash shares no disk with the terminal, a file does.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use sekisho_tests::clerk::insert;
use sekisho_tests::scene::Scene;

use crate::login::pull_in_peace;

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";

/// Lets `work` find the clerk's card in the reader with its memory in RAM; afterwards the card on disk is in again, as it was.
pub(crate) fn with(scene: &mut Scene, work: impl FnOnce(&mut Scene)) {
    if !Path::new(MEMORY).is_dir() {
        return;
    }
    let folder = scene.desk.file("");
    let folder = PathBuf::from(folder.to_str().expect("a scratch path is text").trim_end_matches('/'));
    let (on_disk, in_memory) =
        (folder.with_extension("disk"), Path::new(MEMORY).join(format!("sekisho-bench-{}", std::process::id())));
    pull_in_peace(scene);
    let copied = Command::new("cp").arg("-a").arg(&folder).arg(&in_memory).status().expect("cannot start cp");
    assert!(copied.success(), "the card's memory cannot be copied");
    std::fs::rename(&folder, &on_disk).expect("cannot lay the desk's folder aside");
    symlink(&in_memory, &folder).expect("cannot put the copy in its place");
    insert(&scene.terminal, &mut scene.clerk);
    work(scene);
    pull_in_peace(scene);
    std::fs::remove_file(&folder).expect("cannot take the copy away");
    std::fs::rename(&on_disk, &folder).expect("cannot put the desk's folder back");
    std::fs::remove_dir_all(&in_memory).expect("cannot remove the copy");
    insert(&scene.terminal, &mut scene.clerk);
}
