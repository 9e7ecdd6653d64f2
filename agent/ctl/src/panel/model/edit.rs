//! What a key does to a text that is being typed: the same in every field of the panel.

use super::Key;

/// A change of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Add(char),
    /// The last character goes.
    Remove,
    /// All of it goes.
    Clear,
}

/// What a key does to a text in which these characters may be.
pub(super) fn edit(key: Key, allowed: impl Fn(char) -> bool) -> Option<Edit> {
    match key {
        Key::Character(c) => allowed(c).then_some(Edit::Add(c)),
        Key::Backspace => Some(Edit::Remove),
        Key::Escape => Some(Edit::Clear),
        Key::Enter
        | Key::Tab
        | Key::Up
        | Key::Down
        | Key::Language
        | Key::ChangePin
        | Key::Decide
        | Key::Report
        | Key::Lock
        | Key::End
        | Key::Quit => None,
    }
}

/// Changes a text of at most so many bytes.
pub(super) fn write_into(text: &mut String, edit: Option<Edit>, most: usize) {
    match edit {
        Some(Edit::Add(c)) if text.len() < most => text.push(c),
        Some(Edit::Remove) => drop(text.pop()),
        Some(Edit::Clear) => text.clear(),
        Some(Edit::Add(_)) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_what_is_allowed_and_no_more_than_it_may_hold() {
        let mut text = String::new();
        for key in [Key::Character('a'), Key::Character(' '), Key::Tab, Key::Character('b'), Key::Character('c')] {
            write_into(&mut text, edit(key, char::is_alphanumeric), 2);
        }
        assert_eq!(text, "ab");
        write_into(&mut text, edit(Key::Backspace, char::is_alphanumeric), 2);
        assert_eq!(text, "a");
        write_into(&mut text, edit(Key::Escape, char::is_alphanumeric), 2);
        assert!(text.is_empty());
    }
}
