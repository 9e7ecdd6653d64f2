//! A disk so small that a story can fill it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tmpfs in the place of a folder. Unmounted when it is dropped.
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Puts one of this many KiB under a folder, which keeps its content. Nobody may use the folder meanwhile.
    ///
    /// # Panics
    /// When it cannot be mounted: that takes root.
    #[must_use]
    pub fn under(folder: &Path, kib: u32) -> Self {
        let aside = folder.with_extension("aside");
        std::fs::rename(folder, &aside).expect("cannot move a folder");
        std::fs::create_dir(folder).expect("cannot make a folder");
        let options = format!("size={kib}k,mode=0700");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "story"]).arg(folder));
        let disk = Self { folder: folder.to_owned() };
        run(Command::new("cp").arg("-a").arg(aside.join(".")).arg(folder));
        disk
    }

    /// Takes all the room that is left.
    ///
    /// # Panics
    /// When there is no end to it.
    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).expect("cannot make a file");
        let filled = (0..1 << 16).find_map(|_| ballast.write_all(&[1; 1024]).err());
        assert_eq!(filled.expect("a small disk").kind(), std::io::ErrorKind::StorageFull);
    }

    /// Gives it back.
    ///
    /// # Panics
    /// When it was not taken.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).expect("a disk that was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

fn run(command: &mut Command) {
    let status = command.status().expect("cannot start a program");
    assert!(status.success(), "{command:?} failed");
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}
