//! An input read as a script: from front to back, as long as there is something.

/// What is left of the input.
pub(crate) struct Script<'a>(pub(crate) &'a [u8]);

impl<'a> Script<'a> {
    /// The next byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next two bytes as a number.
    pub(crate) fn number(&mut self) -> Option<usize> {
        Some(usize::from(u16::from_be_bytes([self.byte()?, self.byte()?])))
    }

    /// The next byte says how many of those behind it belong together. What the input lacks is left out.
    pub(crate) fn piece(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte()?).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(piece)
    }

    /// One of these, by the next byte.
    pub(crate) fn one_of<T: Copy>(&mut self, choice: &[T]) -> Option<T> {
        let at = usize::from(self.byte()?) % choice.len();
        Some(choice[at])
    }
}

/// Some bytes of it are others, or there are fewer.
pub(crate) fn spoilt(right: &[u8], script: &mut Script<'_>) -> Option<Vec<u8>> {
    let mut bytes = right.to_vec();
    for _ in 0..script.byte()? % 4 {
        let (at, byte) = (script.number()? % bytes.len().max(1), script.byte()?);
        match script.byte()? % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), byte),
            _ => bytes.get_mut(at).into_iter().for_each(|place| *place = byte),
        }
    }
    Some(bytes)
}
