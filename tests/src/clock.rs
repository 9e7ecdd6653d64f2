//! The clock of a story: real time plus an offset in a file that every process of the story reads.
//!
//! Debug builds of agent and ledger take `--simulated-clock FILE`; release builds refuse it.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A clock that can be set forward (and, to see what happens, back).
pub struct StoryClock {
    file: PathBuf,
}

impl StoryClock {
    /// A clock that shows real time, kept in `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let clock = Self { file: folder.join("clock") };
        clock.write(0);
        clock
    }

    /// The file with the offset in milliseconds.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Lets time pass for everybody in the story.
    pub fn pass(&self, time: Duration) {
        let more = i64::try_from(time.as_millis()).expect("a story lasts less than millennia");
        self.write(self.offset() + more);
    }

    /// Sets the clock back.
    pub fn set_back(&self, time: Duration) {
        let less = i64::try_from(time.as_millis()).expect("a story lasts less than millennia");
        self.write(self.offset() - less);
    }

    /// What the story's processes take for now, ms since 1970 UTC.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        #[expect(clippy::disallowed_methods, reason = "this is the story's clock")]
        let real = std::time::SystemTime::now();
        let real = real.duration_since(std::time::UNIX_EPOCH).expect("now is after 1970").as_millis();
        let real = u64::try_from(real).expect("now fits 64 bits of milliseconds");
        real.saturating_add_signed(self.offset())
    }

    fn offset(&self) -> i64 {
        std::fs::read_to_string(&self.file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Written aside and renamed: no process ever reads half a number.
    fn write(&self, offset: i64) {
        let aside = self.file.with_extension("new");
        std::fs::write(&aside, offset.to_string()).expect("cannot write the story's clock");
        std::fs::rename(aside, &self.file).expect("cannot set the story's clock");
    }
}
