//! BER-TLV over slices (ISO/IEC 7816-4, 5.2.2): tags of one to three bytes, lengths of up to two length bytes.
//!
//! Reading is lenient where cards are (a length may be longer than it had to be), writing is minimal.

use core::fmt;

use heapless::VecView;

/// A tag, its bytes read as one number: `0x53`, `0x7F49`, `0x5FC102`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag(pub u32);

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

/// One object: a tag and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The tag.
    pub tag: Tag,
    /// The value, which may itself be a sequence of objects.
    pub value: &'a [u8],
}

impl fmt::Debug for Tlv<'_> {
    /// Tag and length, never the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}[{}]", self.tag, self.value.len())
    }
}

/// Why bytes are not a sequence of objects, or cannot become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlvError {
    /// The bytes end inside an object.
    Truncated,
    /// A tag of more than three bytes.
    TagTooLong,
    /// A length in a form that we do not read: indefinite, or more than two length bytes.
    LengthForm,
    /// An object that has to be there is not.
    Missing {
        /// Its tag.
        tag: Tag,
    },
    /// Bytes follow where none may.
    TrailingBytes,
    /// The buffer of the caller is too small, or the value longer than 65535 bytes.
    BufferFull,
}

impl fmt::Display for TlvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "cannot read the card object: bytes end too early"),
            Self::TagTooLong => write!(f, "cannot read the card object: tag longer than three bytes"),
            Self::LengthForm => write!(f, "cannot read the card object: unknown form of length"),
            Self::Missing { tag } => write!(f, "cannot read the card object: part {tag:?} is missing"),
            Self::TrailingBytes => write!(f, "cannot read the card object: bytes follow its end"),
            Self::BufferFull => write!(f, "cannot write the card object: buffer full"),
        }
    }
}

impl core::error::Error for TlvError {}

/// Reads a sequence of objects, first to last. After an error it yields nothing more.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn object(&mut self) -> Result<Tlv<'a>, TlvError> {
        let tag = self.tag()?;
        let length = self.length()?;
        let (value, rest) = self.rest.split_at_checked(length).ok_or(TlvError::Truncated)?;
        self.rest = rest;
        Ok(Tlv { tag, value })
    }

    fn tag(&mut self) -> Result<Tag, TlvError> {
        let first = self.byte()?;
        let mut tag = u32::from(first);
        // ISO/IEC 7816-4, 5.2.2.1: five ones say that more bytes follow, bit 8 that yet another does.
        if first & 0x1F != 0x1F {
            return Ok(Tag(tag));
        }
        for _ in 0..2 {
            let next = self.byte()?;
            tag = tag << 8 | u32::from(next);
            if next & 0x80 == 0 {
                return Ok(Tag(tag));
            }
        }
        // PIV object ids (5FC102) set bit 8 in their second byte and end with their third, whose own bit 8 is clear;
        // what reaches this line has it set.
        Err(TlvError::TagTooLong)
    }

    fn length(&mut self) -> Result<usize, TlvError> {
        match self.byte()? {
            short @ 0x00..=0x7F => Ok(usize::from(short)),
            0x81 => Ok(usize::from(self.byte()?)),
            0x82 => Ok(usize::from(u16::from_be_bytes([self.byte()?, self.byte()?]))),
            _ => Err(TlvError::LengthForm),
        }
    }

    fn byte(&mut self) -> Result<u8, TlvError> {
        let (&first, rest) = self.rest.split_first().ok_or(TlvError::Truncated)?;
        self.rest = rest;
        Ok(first)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Tlv<'a>, TlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let object = self.object();
        if object.is_err() {
            self.rest = &[];
        }
        Some(object)
    }
}

/// The value of the first object with this tag in a sequence; `None` when it is well formed but has none.
///
/// # Errors
/// When what stands before the object, or the object itself, cannot be read.
pub fn find(bytes: &[u8], tag: Tag) -> Result<Option<&[u8]>, TlvError> {
    for object in Reader::new(bytes) {
        let object = object?;
        if object.tag == tag {
            return Ok(Some(object.value));
        }
    }
    Ok(None)
}

/// Like [`find`], where the object has to be there.
///
/// # Errors
/// [`TlvError::Missing`] when it is not, else as [`find`].
pub fn require(bytes: &[u8], tag: Tag) -> Result<&[u8], TlvError> {
    find(bytes, tag)?.ok_or(TlvError::Missing { tag })
}

/// The value of these bytes read as exactly one object with this tag.
///
/// # Errors
/// When they are anything else.
pub fn only(bytes: &[u8], tag: Tag) -> Result<&[u8], TlvError> {
    let mut reader = Reader::new(bytes);
    let object = reader.next().ok_or(TlvError::Missing { tag })??;
    if object.tag != tag {
        return Err(TlvError::Missing { tag });
    }
    if !reader.rest.is_empty() {
        return Err(TlvError::TrailingBytes);
    }
    Ok(object.value)
}

/// Appends objects to a buffer of the caller.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut VecView<u8>,
}

impl<'a> Writer<'a> {
    /// Appends to what is already there.
    pub const fn new(out: &'a mut VecView<u8>) -> Self {
        Self { out }
    }

    /// Appends one object.
    ///
    /// # Errors
    /// [`TlvError::BufferFull`].
    pub fn object(&mut self, tag: Tag, value: &[u8]) -> Result<&mut Self, TlvError> {
        self.header(tag, value.len())?;
        self.raw(value)
    }

    /// Appends one object whose value is what `inner` appends.
    ///
    /// # Errors
    /// [`TlvError::BufferFull`], or the error of `inner`.
    pub fn nest<E: From<TlvError>>(
        &mut self,
        tag: Tag,
        inner: impl FnOnce(&mut Writer<'_>) -> Result<(), E>,
    ) -> Result<&mut Self, E> {
        let start = self.out.len();
        inner(&mut Writer { out: self.out })?;
        let end = self.out.len();
        // The length is known only now: write the header behind the value, then turn the two around.
        self.header(tag, end.saturating_sub(start))?;
        let header = self.out.len().saturating_sub(end);
        if let Some(object) = self.out.get_mut(start..) {
            object.rotate_right(header);
        }
        Ok(self)
    }

    /// The buffer itself, for what writes there on its own.
    pub const fn buffer(&mut self) -> &mut VecView<u8> {
        self.out
    }

    /// Appends bytes as they are.
    ///
    /// # Errors
    /// [`TlvError::BufferFull`].
    pub fn raw(&mut self, bytes: &[u8]) -> Result<&mut Self, TlvError> {
        self.out.extend_from_slice(bytes).map_err(|_| TlvError::BufferFull)?;
        Ok(self)
    }

    fn header(&mut self, tag: Tag, length: usize) -> Result<(), TlvError> {
        let length = u16::try_from(length).map_err(|_| TlvError::BufferFull)?;
        let [_, tag @ ..] = tag.0.to_be_bytes();
        let leading = tag.iter().take_while(|byte| **byte == 0).count().min(2);
        self.raw(tag.get(leading..).unwrap_or_default())?;
        match length.to_be_bytes() {
            [0, short @ 0..=0x7F] => self.raw(&[short])?,
            [0, long] => self.raw(&[0x81, long])?,
            [high, low] => self.raw(&[0x82, high, low])?,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Tag, TlvError, Writer, find, only, require};
    use heapless::Vec;

    #[test]
    fn tags_and_lengths_of_every_size_come_back() {
        let value = [9; 700];
        for tag in [0x53, 0x7F49, 0x5FC102, 0x5FC121] {
            for length in [0, 1, 127, 128, 255, 256, 700] {
                let mut out = Vec::<u8, 720>::new();
                Writer::new(&mut out).object(Tag(tag), &value[..length]).unwrap();
                assert_eq!(only(&out, Tag(tag)), Ok(&value[..length]));
            }
        }
    }

    #[test]
    fn nesting_puts_the_header_before_the_value() {
        let mut out = Vec::<u8, 400>::new();
        Writer::new(&mut out)
            .nest(Tag(0x7C), |inner| inner.object(Tag(0x82), &[1; 200]).map(|_| ()))
            .unwrap()
            .object(Tag(0xFE), &[])
            .unwrap();
        let inner = require(&out, Tag(0x7C)).unwrap();
        assert_eq!(only(inner, Tag(0x82)), Ok(&[1; 200][..]));
        assert_eq!(find(&out, Tag(0xFE)), Ok(Some(&[][..])));
        assert_eq!(out[..3], [0x7C, 0x81, 203]);
    }

    #[test]
    fn lengths_longer_than_needed_are_read() {
        assert_eq!(only(&[0x53, 0x82, 0x00, 0x01, 7], Tag(0x53)), Ok(&[7][..]));
        assert_eq!(only(&[0x53, 0x81, 0x01, 7], Tag(0x53)), Ok(&[7][..]));
    }

    #[test]
    fn broken_sequences_are_refused_and_end() {
        let table: [(&[u8], TlvError); 6] = [
            (&[0x53], TlvError::Truncated),
            (&[0x53, 2, 1], TlvError::Truncated),
            (&[0x5F], TlvError::Truncated),
            (&[0x5F, 0xC1, 0x82, 0x00], TlvError::TagTooLong),
            (&[0x53, 0x80], TlvError::LengthForm),
            (&[0x53, 0x83, 0, 0, 0], TlvError::LengthForm),
        ];
        for (bytes, error) in table {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.next(), Some(Err(error)), "{bytes:02X?}");
            assert_eq!(reader.next(), None);
        }
        assert_eq!(only(&[0x53, 0, 0x53, 0], Tag(0x53)), Err(TlvError::TrailingBytes));
        assert_eq!(require(&[], Tag(0x53)), Err(TlvError::Missing { tag: Tag(0x53) }));
    }

    #[test]
    fn a_full_buffer_is_an_error() {
        let mut out = Vec::<u8, 4>::new();
        assert_eq!(Writer::new(&mut out).object(Tag(0x53), &[0; 3]).err(), Some(TlvError::BufferFull));
    }
}
