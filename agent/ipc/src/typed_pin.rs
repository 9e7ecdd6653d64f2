//! A PIN while it is being typed: bounded, wiped, never shown.

use std::fmt;

use zeroize::Zeroize;

use crate::pin_frame::{PinFrame, PinFrameError};

/// One more than the longest PIN, so that a ninth character is noticed and not swallowed.
const ROOM: usize = 9;

/// What was typed so far, wiped on drop.
#[derive(Default)]
pub struct TypedPin {
    /// Boxed: what is moved is a pointer, and no copy stays behind.
    bytes: Box<[u8; ROOM]>,
    length: usize,
}

impl TypedPin {
    /// Adds a character; what no PIN can hold is kept as a mark that makes the whole no PIN.
    pub fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    /// Takes the last character back.
    pub fn pop(&mut self) {
        self.length = self.length.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.length) {
            place.zeroize();
        }
    }

    /// Takes everything back.
    pub fn clear(&mut self) {
        self.bytes.zeroize();
        self.length = 0;
    }

    /// Whether nothing is typed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many characters: the panel shows as many dots.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// As the frame that the card worker reads.
    ///
    /// # Errors
    /// As [`PinFrame::new`].
    pub fn frame(&self) -> Result<PinFrame, PinFrameError> {
        PinFrame::new(self.bytes.get(..self.length).unwrap_or_default())
    }

    /// Whether both hold the same. Only for two that the same person typed a moment ago, so time does not matter.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.bytes == other.bytes && self.length == other.length
    }
}

impl Drop for TypedPin {
    fn drop(&mut self) {
        self.clear();
    }
}

impl fmt::Debug for TypedPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedPin(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &[u8]) -> TypedPin {
        let mut pin = TypedPin::default();
        text.iter().for_each(|byte| pin.push(*byte));
        pin
    }

    #[test]
    fn what_is_typed_is_what_is_framed() {
        let mut pin = typed(b"24681x");
        pin.pop();
        pin.push(b'3');
        assert_eq!(pin.frame().unwrap().expose(), b"246813");
        pin.clear();
        assert!(pin.is_empty() && *pin.bytes == [0; ROOM]);
    }

    #[test]
    fn nine_characters_are_no_pin_however_many_follow() {
        assert_eq!(typed(b"1234567890123").frame().unwrap_err(), PinFrameError::Length);
    }
}
