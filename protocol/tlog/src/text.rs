//! Strict lines: one value has one text.

use alloc::string::ToString;
use core::str::FromStr;

use crate::error::{Document, TlogError};
use crate::hash::Hash;

/// The lines of a text, each ended by a newline, counted for the error message.
pub(crate) struct Lines<'t> {
    document: Document,
    rest: &'t str,
    line: usize,
}

impl<'t> Lines<'t> {
    pub(crate) const fn new(document: Document, text: &'t str) -> Self {
        Self { document, rest: text, line: 0 }
    }

    /// The next line without its newline.
    pub(crate) fn next(&mut self, expected: &'static str) -> Result<&'t str, TlogError> {
        self.line += 1;
        let (line, rest) = self.rest.split_once('\n').ok_or_else(|| self.fault(expected))?;
        self.rest = rest;
        Ok(line)
    }

    /// The next line, a number.
    pub(crate) fn decimal(&mut self, expected: &'static str) -> Result<u64, TlogError> {
        let line = self.next(expected)?;
        decimal(line).ok_or_else(|| self.fault(expected))
    }

    /// The next line, a hash.
    pub(crate) fn hash(&mut self, expected: &'static str) -> Result<Hash, TlogError> {
        let line = self.next(expected)?;
        Hash::from_base64(line).ok_or_else(|| self.fault(expected))
    }

    /// What no line has read yet.
    pub(crate) const fn rest(&self) -> &'t str {
        self.rest
    }

    /// Refuses anything after the last line.
    pub(crate) fn end(&mut self) -> Result<(), TlogError> {
        self.line += 1;
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault("the end")) }
    }

    /// The line read last is not what it must be.
    pub(crate) const fn fault(&self, expected: &'static str) -> TlogError {
        TlogError::Line { document: self.document, line: self.line, expected }
    }
}

/// A number without sign and leading zeros.
pub(crate) fn decimal<N: FromStr + ToString>(text: &str) -> Option<N> {
    text.parse::<N>().ok().filter(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_text() {
        assert_eq!(decimal::<u64>("0"), Some(0));
        assert_eq!(decimal::<u64>("18446744073709551615"), Some(u64::MAX));
        for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "18446744073709551616", "１"] {
            assert_eq!(decimal::<u64>(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_line_without_its_newline_is_no_line() {
        let mut lines = Lines::new(Document::Note, "one\ntwo");
        assert_eq!(lines.next("first"), Ok("one"));
        assert_eq!(
            lines.next("second"),
            Err(TlogError::Line { document: Document::Note, line: 2, expected: "second" })
        );
    }
}
