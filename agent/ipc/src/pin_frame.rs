//! The PIN on its way from the keyboard to the card worker (README §P): 16 bytes on a descriptor, never in a message.

use std::fmt;
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::net::SendFlags;
use zeroize::Zeroize;

/// How long a frame is.
pub const PIN_FRAME_LEN: usize = 16;
/// What a frame begins with.
const MAGIC: [u8; 4] = *b"PIN1";
/// Shortest and longest PIN (SP 800-73-4 part 2, 2.4.3).
const PIN_MIN: usize = 6;
const PIN_MAX: usize = 8;
/// What fills a shorter PIN up.
const PAD: u8 = 0xFF;

/// One PIN, wiped on drop. It stays where it was written: whoever moves a frame moves a pointer, and leaves no copy behind.
pub struct PinFrame {
    /// The whole frame as it travels.
    bytes: Box<[u8; PIN_FRAME_LEN]>,
}

/// Why a frame cannot be made, sent or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinFrameError {
    /// Not 6 to 8 characters.
    Length,
    /// A character that is not visible ASCII.
    NotAscii,
    /// Not a frame: wrong beginning, padding or end.
    Malformed,
    /// The other end closed without a frame.
    Closed,
    /// The descriptor failed.
    Io(Errno),
}

impl PinFrame {
    /// Frames what a person typed. The caller wipes its own copy.
    ///
    /// # Errors
    /// [`PinFrameError::Length`], [`PinFrameError::NotAscii`]. Nothing is trimmed.
    pub fn new(typed: &[u8]) -> Result<Self, PinFrameError> {
        let length = u8::try_from(typed.len()).map_err(|_| PinFrameError::Length)?;
        let mut frame = Self { bytes: Box::default() };
        let (head, field, _) = parts(&mut frame.bytes);
        head.copy_from_slice(&[MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], length]);
        field.fill(PAD);
        if !typed.iter().all(u8::is_ascii_graphic) {
            return Err(PinFrameError::NotAscii);
        }
        field.get_mut(..typed.len()).ok_or(PinFrameError::Length)?.copy_from_slice(typed);
        frame.checked()
    }

    /// Reads the bytes of a frame. The caller wipes its own copy.
    ///
    /// # Errors
    /// [`PinFrameError::Malformed`], [`PinFrameError::Length`], [`PinFrameError::NotAscii`].
    pub fn decode(bytes: &[u8; PIN_FRAME_LEN]) -> Result<Self, PinFrameError> {
        let mut frame = Self { bytes: Box::default() };
        frame.bytes.copy_from_slice(bytes);
        frame.checked()
    }

    /// Whether what is there is a frame.
    fn checked(mut self) -> Result<Self, PinFrameError> {
        let (head, field, end) = parts(&mut self.bytes);
        let [a, b, c, d, length] = *head;
        if [a, b, c, d] != MAGIC || *end != [0; 3] {
            return Err(PinFrameError::Malformed);
        }
        let (pin, padding) = field.split_at_checked(length.into()).ok_or(PinFrameError::Length)?;
        if padding.iter().any(|byte| *byte != PAD) {
            return Err(PinFrameError::Malformed);
        }
        if !pin.iter().all(u8::is_ascii_graphic) {
            return Err(PinFrameError::NotAscii);
        }
        if pin.len() < PIN_MIN { Err(PinFrameError::Length) } else { Ok(self) }
    }

    /// Writes the frame to the descriptor of a prompt, in one piece.
    ///
    /// # Errors
    /// [`PinFrameError::Closed`] when nobody reads any more, [`PinFrameError::Io`].
    pub fn send(&self, descriptor: impl AsFd) -> Result<(), PinFrameError> {
        loop {
            // No SIGPIPE: the PAM module runs in processes that would die of it when a prompt has ended meanwhile.
            match rustix::net::send(&descriptor, self.bytes.as_slice(), SendFlags::NOSIGNAL) {
                Ok(PIN_FRAME_LEN) => return Ok(()),
                // A socket takes 16 bytes whole or not at all; half a PIN must not be followed by another half.
                Ok(_) => return Err(PinFrameError::Malformed),
                Err(Errno::INTR) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(PinFrameError::Closed),
                Err(errno) => return Err(PinFrameError::Io(errno)),
            }
        }
    }

    /// The PIN as it was typed. Only the card worker has a reason to look.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        let [_, _, _, _, length, rest @ ..] = &*self.bytes;
        rest.get(..usize::from(*length)).unwrap_or_default()
    }
}

/// A frame that comes in pieces. What came is wiped on drop.
#[derive(Default)]
pub struct PinReader {
    bytes: Box<[u8; PIN_FRAME_LEN]>,
    filled: usize,
}

impl PinReader {
    /// Takes what is there: nothing when that is no whole frame yet and the descriptor does not block.
    ///
    /// # Errors
    /// As [`PinFrame::decode`]; [`PinFrameError::Closed`] when the other end closed first.
    pub fn read(&mut self, descriptor: impl AsFd) -> Result<Option<PinFrame>, PinFrameError> {
        while let rest = self.bytes.get_mut(self.filled..).unwrap_or_default()
            && !rest.is_empty()
        {
            match rustix::io::read(&descriptor, rest) {
                Ok(0) if self.filled == 0 => return Err(PinFrameError::Closed),
                Ok(0) => return Err(PinFrameError::Malformed),
                Ok(read) => self.filled += read,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::CONNRESET) => return Err(PinFrameError::Closed),
                Err(errno) => return Err(PinFrameError::Io(errno)),
            }
        }
        self.filled = 0;
        PinFrame { bytes: std::mem::take(&mut self.bytes) }.checked().map(Some)
    }
}

impl Drop for PinReader {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for PinReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinReader(..)")
    }
}

/// Magic and length, PIN field, end.
fn parts(bytes: &mut [u8; PIN_FRAME_LEN]) -> (&mut [u8; 5], &mut [u8; PIN_MAX], &mut [u8; 3]) {
    let (head, rest) = bytes.split_first_chunk_mut().expect("a frame is longer than its head");
    let (field, end) = rest.split_first_chunk_mut().expect("a frame is longer than head and PIN");
    (head, field, end.try_into().expect("three bytes are left of sixteen"))
}

impl Drop for PinFrame {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for PinFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinFrame(..)")
    }
}

impl fmt::Display for PinFrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("cannot accept the PIN: not 6 to 8 characters"),
            Self::NotAscii => f.write_str("cannot accept the PIN: a character is not plain ASCII"),
            Self::Malformed => f.write_str("cannot pass the PIN on: not a PIN frame"),
            Self::Closed => f.write_str("cannot pass the PIN on: the prompt has ended"),
            Self::Io(errno) => write!(f, "cannot pass the PIN on: {errno}"),
        }
    }
}

impl std::error::Error for PinFrameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_bytes_of_the_readme() {
        let frame = PinFrame::new(b"246813").unwrap();
        assert_eq!(&*frame.bytes, b"PIN1\x06246813\xff\xff\0\0\0");
        assert_eq!(PinFrame::decode(&frame.bytes).unwrap().expose(), b"246813");
        assert_eq!(format!("{frame:?}"), "PinFrame(..)");
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let table: [(&[u8; 16], PinFrameError); 8] = [
            (b"PIN2\x06246813\xff\xff\0\0\0", PinFrameError::Malformed),
            (b"PIN1\x06246813\xff\xff\0\0\x01", PinFrameError::Malformed),
            (b"PIN1\x062468135\xff\0\0\0", PinFrameError::Malformed),
            (b"PIN1\x06246813\0\0\0\0\0", PinFrameError::Malformed),
            (b"PIN1\x0524681\xff\xff\xff\0\0\0", PinFrameError::Length),
            (b"PIN1\x0924681357\0\0\0", PinFrameError::Length),
            (b"PIN1\xff24681357\0\0\0", PinFrameError::Length),
            (b"PIN1\x0624 813\xff\xff\0\0\0", PinFrameError::NotAscii),
        ];
        for (bytes, expected) in table {
            assert_eq!(PinFrame::decode(bytes).unwrap_err(), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_typed_pin_has_six_to_eight_characters() {
        for (typed, fits) in [("12345", false), ("123456", true), ("12345678", true), ("123456789", false), ("", false)]
        {
            assert_eq!(PinFrame::new(typed.as_bytes()).is_ok(), fits, "{} characters", typed.len());
        }
        assert_eq!(PinFrame::new("１２３４５６".as_bytes()).unwrap_err(), PinFrameError::NotAscii);
    }
}
