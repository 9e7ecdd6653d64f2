//! Two people compare what came with what was sent (LEDGER.md §L3.2).

use crate::error::AdminError;
use crate::screen::{Confirm, Screen};

/// Has somebody compare `found`: with the one that was given, else by a question.
///
/// # Errors
/// [`AdminError::FingerprintWrong`]; [`AdminError::FingerprintNeeded`] where nobody was asked; [`AdminError::Declined`].
pub(crate) fn compare(
    screen: &Screen,
    given: Option<&str>,
    found: &str,
    question: (&str, &str),
) -> Result<(), AdminError> {
    match given {
        Some(given) if same_digits(given, found) => Ok(()),
        Some(given) => Err(AdminError::FingerprintWrong { given: given.to_owned(), found: found.to_owned() }),
        // Whether two numbers are the same, --yes cannot know.
        None if screen.confirm == Confirm::Yes => Err(AdminError::FingerprintNeeded(found.to_owned())),
        None => screen.confirm(question.0, question.1),
    }
}

fn same_digits(a: &str, b: &str) -> bool {
    let digits =
        |text: &str| text.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect::<String>();
    digits(a) == digits(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Lists;
    use sekisho_wire::words::Language;

    #[test]
    fn fingerprints_are_compared_by_their_digits_and_never_by_yes() {
        let shown = sekisho_link::fingerprint(&[7; 32]);
        let screen = Screen { language: Language::English, confirm: Confirm::Yes, lists: Lists::Text };
        let compare = |given: Option<&str>| compare(&screen, given, &shown, ("?", "?"));
        compare(Some(&shown.to_uppercase().replace(' ', ""))).unwrap();
        assert!(matches!(
            compare(Some(&sekisho_link::fingerprint(&[8; 32]))),
            Err(AdminError::FingerprintWrong { .. })
        ));
        assert!(matches!(compare(Some("")), Err(AdminError::FingerprintWrong { .. })));
        assert!(matches!(compare(None), Err(AdminError::FingerprintNeeded(_))));
    }
}
