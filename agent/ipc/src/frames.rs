//! Cuts a stream of bytes into messages at each NUL. No I/O: bytes in, messages out.

/// A message grew past the limit without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oversized;

/// Bytes that came and are not yet a whole message.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// No NUL stands before this.
    searched: usize,
}

impl Frames {
    /// Takes what came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, without its NUL.
    ///
    /// # Errors
    /// [`Oversized`] when more than `limit` bytes stand before the next NUL. The stream is then of no more use.
    pub fn next(&mut self, limit: usize) -> Result<Option<Vec<u8>>, Oversized> {
        let Some(end) = self.end() else {
            self.searched = self.bytes.len();
            return if self.bytes.len() > limit { Err(Oversized) } else { Ok(None) };
        };
        if end > limit {
            return Err(Oversized);
        }
        let rest = self.bytes.split_off(end + 1);
        let mut message = std::mem::replace(&mut self.bytes, rest);
        message.pop();
        self.searched = 0;
        Ok(Some(message))
    }

    /// Whether part of a message came.
    #[must_use]
    pub fn is_amid_message(&self) -> bool {
        !self.bytes.is_empty()
    }

    fn end(&self) -> Option<usize> {
        let unsearched = self.bytes.get(self.searched..)?;
        unsearched.iter().position(|byte| *byte == 0).map(|offset| self.searched + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_whole_however_the_bytes_are_cut() {
        let stream = b"{\"a\":1}\0{}\0{\"b\":2}\0";
        for cut in 1..stream.len() {
            let mut frames = Frames::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(cut) {
                frames.push(piece);
                while let Some(message) = frames.next(100).unwrap() {
                    seen.push(message);
                }
            }
            assert_eq!(seen, [&b"{\"a\":1}"[..], b"{}", b"{\"b\":2}"], "pieces of {cut}");
            assert!(!frames.is_amid_message());
        }
    }

    #[test]
    fn a_message_of_the_limit_passes_and_one_byte_more_does_not() {
        for (length, expected) in [(9, Ok(Some(vec![b'x'; 9]))), (10, Ok(Some(vec![b'x'; 10]))), (11, Err(Oversized))] {
            let mut frames = Frames::default();
            frames.push(&vec![b'x'; length]);
            frames.push(&[0]);
            assert_eq!(frames.next(10), expected);
        }
    }

    #[test]
    fn an_endless_message_is_refused_before_its_end() {
        let mut frames = Frames::default();
        frames.push(&[b'x'; 11]);
        assert_eq!(frames.next(10), Err(Oversized));
    }
}
