//! One temporary folder per story, removed at its end unless the story failed.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A folder of its own. Kept, and named, when the story panics.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// A new folder whose name says the story.
    #[must_use]
    pub fn new(story: &str) -> Self {
        let mut random = [0; 6];
        getrandom::fill(&mut random).expect("the system gives randomness");
        let suffix: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        // Socket paths have at most 107 bytes, so the name stays short.
        let path = std::env::temp_dir().join(format!("sekisho-{story}-{suffix}"));
        // PINs and keys of the story lie in it, and may stay.
        DirBuilder::new().mode(0o700).create(&path).expect("cannot make a temporary folder");
        Self { path }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder inside, made if it is not there.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).expect("cannot make a folder");
        path
    }
}

/// Nobody is there to look at what is left: folders go, however the story ends.
pub fn leave_nothing() {
    NOBODY_LOOKS.store(true, Ordering::Relaxed);
}

static NOBODY_LOOKS: AtomicBool = AtomicBool::new(false);

impl Drop for Scratch {
    fn drop(&mut self) {
        let failed = std::thread::panicking() && !NOBODY_LOOKS.load(Ordering::Relaxed);
        if failed || std::env::var_os("SEKISHO_KEEP").is_some() {
            eprintln!("kept for looking at: {}", self.path.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
