//! A disk for tests.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use super::lock;
use super::medium::{Medium, SegmentFile};

/// A disk in memory that can be told to fail, and to lie about it.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    files: BTreeMap<String, Vec<u8>>,
    fault: Option<Fault>,
    syncs: u64,
    /// Whether room is kept.
    reserve: bool,
    /// What was made of it.
    of_reserve: Vec<String>,
    /// Happens in the middle of the next sync.
    amid: Option<Box<dyn FnOnce() + Send>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// A write fails and leaves this many bytes behind.
    Write(usize),
    /// There is no room but that which was kept.
    Full,
    /// A sync fails; the bytes are there all the same.
    SyncLanded,
    /// A new segment cannot be made.
    Create,
    /// A mark cannot be made; it is there all the same.
    MarkLanded,
    /// This segment cannot be removed.
    Remove(u64),
}

struct DiskFile(Disk, String);

impl SegmentFile for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut content = lock(&self.0.0);
        let fault = content.fault;
        let file = content.files.get_mut(&self.1).unwrap();
        if let Some(Fault::Write(landed)) = fault {
            file.extend_from_slice(&bytes[..landed.min(bytes.len())]);
            return Err(io::ErrorKind::Other.into());
        }
        if fault == Some(Fault::Full) {
            let room = (super::SEGMENT_BYTES as usize).saturating_sub(file.len());
            if !content.of_reserve.contains(&self.1) || bytes.len() > room {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        let file = content.files.get_mut(&self.1).unwrap();
        file.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let amid = lock(&self.0.0).amid.take();
        if let Some(amid) = amid {
            amid();
        }
        let mut content = lock(&self.0.0);
        content.syncs += 1;
        if content.fault == Some(Fault::SyncLanded) { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
    }

    fn give_back(&mut self) -> io::Result<()> {
        lock(&self.0.0).of_reserve.retain(|name| *name != self.1);
        Ok(())
    }
}

impl Medium for Disk {
    fn create(&self, name: &str) -> io::Result<Box<dyn SegmentFile>> {
        let mut content = lock(&self.0);
        match content.fault {
            Some(Fault::Create) => return Err(io::ErrorKind::Other.into()),
            Some(Fault::Full) => return Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Write(_) | Fault::SyncLanded | Fault::MarkLanded | Fault::Remove(_)) | None => {}
        }
        assert!(content.files.insert(name.into(), Vec::new()).is_none(), "a segment's name is used once");
        if content.fault == Some(Fault::MarkLanded) && name.ends_with(".mark") {
            return Err(io::ErrorKind::Other.into());
        }
        Ok(Box::new(DiskFile(self.clone(), name.into())))
    }

    fn reserve(&self, _: u64) -> io::Result<()> {
        let mut content = lock(&self.0);
        if content.fault == Some(Fault::Full) && !content.reserve {
            return Err(io::ErrorKind::StorageFull.into());
        }
        content.reserve = true;
        Ok(())
    }

    fn create_of_reserve(&self, name: &str) -> io::Result<Box<dyn SegmentFile>> {
        let mut content = lock(&self.0);
        if !std::mem::take(&mut content.reserve) {
            return Err(io::ErrorKind::NotFound.into());
        }
        content.of_reserve.push(name.into());
        assert!(content.files.insert(name.into(), Vec::new()).is_none(), "a segment's name is used once");
        Ok(Box::new(DiskFile(self.clone(), name.into())))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(lock(&self.0).files.keys().cloned().collect())
    }

    fn make_durable(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        lock(&self.0).files.get(name).cloned().ok_or(io::ErrorKind::NotFound.into())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        if let Some(Fault::Remove(number)) = lock(&self.0).fault
            && name == super::name_of(number)
        {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        lock(&self.0).files.remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }
}

impl Disk {
    pub(crate) fn fail(&self, fault: impl Into<Option<Fault>>) {
        lock(&self.0).fault = fault.into();
    }

    pub(crate) fn newest(&self) -> (String, Vec<u8>) {
        let content = lock(&self.0);
        let (name, bytes) = content.files.last_key_value().unwrap();
        (name.clone(), bytes.clone())
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        lock(&self.0).files.insert(name.into(), bytes.into());
    }

    /// Lets something happen in the middle of the next sync.
    pub(crate) fn amid_next_sync(&self, happen: impl FnOnce() + Send + 'static) {
        lock(&self.0).amid = Some(Box::new(happen));
    }

    pub(crate) fn syncs(&self) -> u64 {
        lock(&self.0).syncs
    }

    /// What a power cut now would leave.
    pub(crate) fn copy(&self) -> Self {
        let files = lock(&self.0).files.clone();
        Self(Arc::new(Mutex::new(Content { files, ..Content::default() })))
    }
}
