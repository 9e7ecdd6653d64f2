//! The log of records: two halves that take turns, each a row of frames, the newest whole frame of a record being its content (§S4 to §S9).

use core::fmt;

use crc::{CRC_32_ISO_HDLC, Crc, Table};
use embedded_storage::nor_flash::MultiwriteNorFlash;
use heapless::VecView;
use zeroize::Zeroizing;

use super::flash::{BLANK, Flash, offset, padded};
use super::{Region, StoreError, Turn, dual_rail};
use crate::platform::Record;

/// The newest format that this firmware reads and the only one that it writes.
const FORMAT: u8 = 1;
/// What a half begins with: format, generation, and one byte that only we write, each with its complement.
const HALF_HEADER: usize = 8;
const MARK: u8 = 0x5A;
/// Record, version, length, check of the content; check of these eight.
const FRAME_HEADER: usize = 12;
const CHECKED: usize = 8;
/// Bytes copied in one go: whole words.
const COPY: usize = 64;

static CHECK: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// The halves of the log.
#[derive(Debug)]
pub(crate) struct Log<'a, 'flash, F> {
    flash: &'a mut Flash<'flash, F>,
    halves: [Region; 2],
}

/// What a record is to become.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) record: Record,
    pub(crate) version: u8,
    /// Nothing removes the record.
    pub(crate) bytes: &'a [u8],
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({:?}, {} bytes)", self.record, self.bytes.len())
    }
}

/// A frame whose header is whole.
#[derive(Clone, Copy)]
struct Frame {
    at: u32,
    record: u8,
    version: u8,
    length: u16,
    check: u32,
}

/// Where the frames of a half end.
#[derive(Clone, Copy)]
enum End {
    /// Nothing was ever written from here on.
    Blank(u32),
    /// Something was, and it is no frame, or there is no room for another.
    Unusable,
}

/// What is left of secrets that no longer count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
enum Wiped {
    /// Nothing.
    All,
    /// Pieces, of a frame whose writing or wiping was cut off. Only an erase takes them away.
    CutOff,
}

impl Frame {
    /// The header of a frame for this content.
    fn of(content: Content<'_>, at: u32) -> Result<Self, StoreError> {
        let length = u16::try_from(content.bytes.len()).map_err(|_| StoreError::Full)?;
        let check = CHECK.checksum(content.bytes);
        Ok(Self { at, record: content.record.number(), version: content.version, length, check })
    }

    fn header(&self) -> [u8; FRAME_HEADER] {
        let [l0, l1] = self.length.to_be_bytes();
        let [c0, c1, c2, c3] = self.check.to_be_bytes();
        let checked = [self.record, self.version, l0, l1, c0, c1, c2, c3];
        let [h0, h1, h2, h3] = CHECK.checksum(&checked).to_be_bytes();
        [self.record, self.version, l0, l1, c0, c1, c2, c3, h0, h1, h2, h3]
    }

    fn parse(header: [u8; FRAME_HEADER], at: u32) -> Option<Self> {
        let [record, version, l0, l1, c0, c1, c2, c3, h0, h1, h2, h3] = header;
        let checked = header.first_chunk::<CHECKED>()?;
        let whole = CHECK.checksum(checked) == u32::from_be_bytes([h0, h1, h2, h3]);
        let (length, check) = (u16::from_be_bytes([l0, l1]), u32::from_be_bytes([c0, c1, c2, c3]));
        whole.then_some(Self { at, record, version, length, check })
    }

    fn length(&self) -> usize {
        usize::from(self.length)
    }

    fn content(&self) -> Result<u32, StoreError> {
        offset(self.at, FRAME_HEADER)
    }

    fn size(&self) -> usize {
        FRAME_HEADER.saturating_add(padded(self.length()))
    }

    fn end(&self) -> Result<u32, StoreError> {
        offset(self.at, self.size())
    }
}

impl<'a, 'flash, F: MultiwriteNorFlash> Log<'a, 'flash, F> {
    pub(crate) const fn new(flash: &'a mut Flash<'flash, F>, halves: [Region; 2]) -> Self {
        Self { flash, halves }
    }

    pub(crate) fn format(&mut self) -> Result<(), StoreError> {
        let [first, second] = self.halves;
        self.flash.erase(second)?;
        self.flash.erase(first)?;
        self.flash.write(first.start, &half_header(1))
    }

    pub(crate) fn load(&mut self, record: Record, into: &mut VecView<u8>) -> Result<Option<u8>, StoreError> {
        let half = self.active()?.current;
        let Some(frame) = self.newest(half, record.number())?.filter(|frame| frame.length > 0) else { return Ok(None) };
        let before = into.len();
        into.resize(before.saturating_add(frame.length()), 0).map_err(|_| StoreError::Damaged)?;
        let place = into.get_mut(before..).unwrap_or_default();
        self.flash.read(frame.content()?, place)?;
        Ok(Some(frame.version))
    }

    pub(crate) fn put(&mut self, content: Content<'_>) -> Result<(), StoreError> {
        self.tidy()?;
        let active = self.active()?;
        match self.free(active.current, content)? {
            Some(at) => {
                self.append(content, at)?;
                // The new content is durable. What could not be wiped now is wiped before the next write.
                let _ = self.wipe_stale(active.current);
                Ok(())
            }
            None => self.rebuild(&active, |record| record != content.record.number(), Some(content)),
        }
    }

    /// Writes this record and forgets every other but those to be kept, all at once.
    pub(crate) fn replace_all(&mut self, keep: &[Record], content: Content<'_>) -> Result<(), StoreError> {
        let active = self.active()?;
        self.rebuild(&active, |record| keep.iter().any(|kept| kept.number() == record), Some(content))
    }

    /// Clears away what a cut has left behind: the half that no longer counts, and secrets that were replaced.
    fn tidy(&mut self) -> Result<(), StoreError> {
        let active = self.active()?;
        if !self.flash.is_filled(active.other.start, active.other.end, BLANK)? {
            self.flash.erase(active.other)?;
        }
        match self.wipe_stale(active.current)? {
            Wiped::All => Ok(()),
            Wiped::CutOff => self.rebuild(&active, |_| true, None),
        }
    }

    /// Room at the end of the half for this content, if there is.
    fn free(&mut self, half: Region, content: Content<'_>) -> Result<Option<u32>, StoreError> {
        let End::Blank(at) = self.walk(half, |_, _| Ok(()))? else { return Ok(None) };
        Ok((Frame::of(content, at)?.end()? <= half.end).then_some(at))
    }

    /// The header before the content: it says how much to skip if the content is never finished.
    fn append(&mut self, content: Content<'_>, at: u32) -> Result<u32, StoreError> {
        let frame = Frame::of(content, at)?;
        self.flash.write(at, &frame.header())?;
        self.flash.write(frame.content()?, content.bytes)?;
        frame.end()
    }

    /// Writes what is to be kept and the new content into the other half, and lets that one count. Until its header stands, the old half does.
    fn rebuild(
        &mut self,
        active: &Turn,
        keep: impl Fn(u8) -> bool,
        content: Option<Content<'_>>,
    ) -> Result<(), StoreError> {
        let generation = active.generation.checked_add(1).ok_or(StoreError::Failed)?;
        let mut at = offset(active.other.start, HALF_HEADER)?;
        // A record without content needs no frame that says so: here nothing older is left of it.
        let content = content.filter(|content| !content.bytes.is_empty());
        let added = content.map_or(Ok(0), |content| Frame::of(content, at).map(|frame| frame.size()))?;
        let present = self.present(active.current)?;
        let kept =
            || (0..=u8::MAX).zip(present).filter(|(record, there)| *there && keep(*record)).map(|(record, _)| record);
        let mut needed = offset(at, added)?;
        for record in kept() {
            needed = offset(needed, self.newest(active.current, record)?.map_or(0, |frame| frame.size()))?;
        }
        if needed > active.other.end {
            return Err(StoreError::Full);
        }
        self.flash.erase(active.other)?;
        for record in kept() {
            if let Some(frame) = self.newest(active.current, record)?.filter(|frame| frame.length > 0) {
                at = self.copy(&frame, at)?;
            }
        }
        if let Some(content) = content {
            self.append(content, at)?;
        }
        self.flash.write(active.other.start, &half_header(generation))?;
        // The new half counts. If the old one cannot be erased now, it is before the next write.
        let _ = self.flash.erase(active.current);
        Ok(())
    }

    fn copy(&mut self, frame: &Frame, at: u32) -> Result<u32, StoreError> {
        let moved = Frame { at, ..*frame };
        self.flash.write(at, &moved.header())?;
        let mut buffer = Zeroizing::new([0; COPY]);
        let mut done = 0;
        while done < frame.length() {
            let here = frame.length().saturating_sub(done).min(COPY);
            let piece = buffer.get_mut(..here).ok_or(StoreError::Damaged)?;
            self.flash.read(offset(frame.content()?, done)?, piece)?;
            self.flash.write(offset(moved.content()?, done)?, piece)?;
            done = done.saturating_add(here);
        }
        moved.end()
    }

    /// Which records have frames in a half, known to this firmware or not.
    fn present(&mut self, half: Region) -> Result<[bool; 256], StoreError> {
        let mut present = [false; 256];
        self.walk(half, |_, frame| {
            present.get_mut(usize::from(frame.record)).into_iter().for_each(|there| *there = true);
            Ok(())
        })?;
        Ok(present)
    }

    /// The newest whole frame of a record. It may be one that removes it.
    fn newest(&mut self, half: Region, record: u8) -> Result<Option<Frame>, StoreError> {
        let mut newest = None;
        self.walk(half, |flash, frame| {
            if frame.record == record && is_whole(flash, &frame)? {
                newest = Some(frame);
            }
            Ok(())
        })?;
        Ok(newest)
    }

    /// Wipes the content of secret records that no longer counts: what was written once and whole. Words that a cut write or wipe has
    /// touched may have been written twice already, which is all that a flash need bear before it is erased.
    fn wipe_stale(&mut self, half: Region) -> Result<Wiped, StoreError> {
        let mut wiped = Wiped::All;
        for record in Record::all().filter(|record| record.is_secret()) {
            let newest = self.newest(half, record.number())?.map(|frame| frame.at);
            self.walk(half, |flash, frame| {
                if frame.record != record.number() || Some(frame.at) == newest {
                    return Ok(());
                }
                let start = frame.content()?;
                if flash.is_filled(start, offset(start, frame.length())?, 0)? {
                    return Ok(());
                }
                if is_whole(flash, &frame)? {
                    return flash.wipe(start, frame.length());
                }
                wiped = Wiped::CutOff;
                Ok(())
            })?;
        }
        Ok(wiped)
    }

    /// Visits every frame of a half in the order of writing.
    fn walk(
        &mut self,
        half: Region,
        mut visit: impl FnMut(&mut Flash<'flash, F>, Frame) -> Result<(), StoreError>,
    ) -> Result<End, StoreError> {
        let mut at = offset(half.start, HALF_HEADER)?;
        loop {
            if offset(at, FRAME_HEADER)? > half.end {
                return Ok(End::Unusable);
            }
            let header = self.flash.array(at)?;
            if header == [BLANK; FRAME_HEADER] {
                return Ok(End::Blank(at));
            }
            let Some(frame) = Frame::parse(header, at) else { return Ok(End::Unusable) };
            let next = frame.end()?;
            if next > half.end {
                return Ok(End::Unusable);
            }
            visit(self.flash, frame)?;
            at = next;
        }
    }

    fn active(&mut self) -> Result<Turn, StoreError> {
        let [first, second] = self.halves;
        Turn::of([(first, self.generation(first)?), (second, self.generation(second)?)])
    }

    fn generation(&mut self, half: Region) -> Result<Option<u16>, StoreError> {
        match dual_rail::decode::<4, HALF_HEADER>(self.flash.array(half.start)?) {
            Some([MARK, FORMAT, high, low]) => Ok(Some(u16::from_be_bytes([high, low]))),
            // Whole and not ours, or of a firmware to come: nobody guesses at it.
            Some(_) => Err(StoreError::Damaged),
            None => Ok(None),
        }
    }
}

fn is_whole<F: MultiwriteNorFlash>(flash: &mut Flash<'_, F>, frame: &Frame) -> Result<bool, StoreError> {
    let start = frame.content()?;
    let mut digest = CHECK.digest();
    flash.all(start, offset(start, frame.length())?, |piece| {
        digest.update(piece);
        true
    })?;
    Ok(digest.finalize() == frame.check)
}

fn half_header(generation: u16) -> [u8; HALF_HEADER] {
    let [high, low] = generation.to_be_bytes();
    dual_rail::encode([MARK, FORMAT, high, low])
}
