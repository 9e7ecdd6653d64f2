//! The bare loop beside the journal: append the same number of bytes to a file on the same disk and make them durable.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// A file that only grows.
pub(crate) struct Append {
    file: File,
    frame: Vec<u8>,
}

impl Append {
    /// An empty file; each append will write `bytes` bytes.
    pub(crate) fn new(path: &Path, bytes: usize) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(path).expect("cannot make the bare file");
        Self { file, frame: vec![0xA5; bytes] }
    }

    /// One append, durable.
    pub(crate) fn once(&mut self) {
        self.file.write_all(&self.frame).expect("cannot append to the bare file");
        self.file.sync_data().expect("cannot sync the bare file");
    }
}
