//! What the administrator sees and is asked: results on standard output, everything else on standard error.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};

use sekisho_paper::Facts;
use sekisho_paper::written::json_of;
use sekisho_register::typed::does_not_show;
use sekisho_wire::words::Language;

use crate::error::AdminError;
use crate::table::Table;

/// Whether questions are asked or answered by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirm {
    /// A person is asked.
    Ask,
    /// `--yes`.
    Yes,
}

/// How lists are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lists {
    /// Aligned columns.
    Text,
    /// `--json`.
    Json,
}

/// One conversation with the person at the keyboard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// In which language.
    pub language: Language,
    /// Whether to ask.
    pub confirm: Confirm,
    /// How to print lists.
    pub lists: Lists,
}

impl Screen {
    /// The text in the person's language.
    #[must_use]
    pub(crate) fn words<T>(&self, english: T, japanese: T) -> T {
        match self.language {
            Language::English => english,
            Language::Japanese => japanese,
        }
    }

    /// A result.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(crate) fn print(&self, text: &str) -> Result<(), AdminError> {
        let text = visible(text);
        let mut out = io::stdout().lock();
        let written = out
            .write_all(text.as_bytes())
            .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
        written.and_then(|()| out.flush()).map_err(AdminError::Output)
    }

    /// A list, as `--json` says.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(crate) fn print_table(&self, table: &Table) -> Result<(), AdminError> {
        match self.lists {
            Lists::Text => self.print(&table.text()),
            Lists::Json => self.print(&table.json().to_string()),
        }
    }

    /// A form as lines with what stands under it. `--json` is its rows; then that is said beside them.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(crate) fn print_form(&self, table: &sekisho_paper::Table) -> Result<(), AdminError> {
        match self.lists {
            Lists::Text => self.print(&table.text_with_notes(self.language)),
            Lists::Json => {
                self.print(&table.json(self.language).to_string())?;
                table.remarks().iter().for_each(|note| self.note(&note.english, &note.japanese));
                Ok(())
            }
        }
    }

    /// A print that goes into no file: its tables, and what its head says. As JSON one table is its rows, several are one document with all of it. Of
    /// what is `missing` the lines are said elsewhere, and here what stands under them.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(crate) fn print_forms(
        &self,
        tables: &[sekisho_paper::Table],
        missing: Option<&sekisho_paper::Table>,
        facts: &Facts,
    ) -> Result<(), AdminError> {
        if let (Lists::Json, [_, _, ..]) = (self.lists, tables) {
            let all: Vec<_> = tables.iter().chain(missing).cloned().collect();
            return self.print(&json_of(facts, &all).to_string());
        }
        for table in tables {
            if self.lists == Lists::Text && tables.len() > 1 {
                self.print(table.title.in_words(self.language))?;
            }
            self.print_form(table)?;
        }
        let notes = missing.map(sekisho_paper::Table::remarks).unwrap_or_default();
        for said in notes.iter().chain([&facts.as_of]).chain(&facts.remarks) {
            match self.lists {
                Lists::Text => self.print(&format!("* {}", said.in_words(self.language)))?,
                Lists::Json => self.note(&said.english, &said.japanese),
            }
        }
        Ok(())
    }

    /// A remark beside the results.
    pub(crate) fn note(&self, english: &str, japanese: &str) {
        // A closed standard error takes no complaint about itself.
        let _ = writeln!(io::stderr(), "{}", visible(self.words(english, japanese)));
    }

    /// Asks yes or no; without a keyboard the answer is no, so that a script has to say `--yes`.
    ///
    /// # Errors
    /// [`AdminError::Declined`] when the answer is no.
    pub(crate) fn confirm(&self, english: &str, japanese: &str) -> Result<(), AdminError> {
        if self.confirm == Confirm::Yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(AdminError::NobodyToAsk);
        }
        // What was typed before the question is no answer to it.
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
        let _ = write!(io::stderr(), "{} [y/N] ", visible(self.words(english, japanese)));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(AdminError::Input)?;
        let yes = ["y", "yes", "はい", "h"].contains(&answer.trim().to_lowercase().as_str());
        if yes { Ok(()) } else { Err(AdminError::Declined) }
    }
}

/// A text whose every character shows: the others are spelled out, as JSON spells them. What a ledger says would else move the cursor, and draw over what
/// is to be signed.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let hides = |c: char| c != '\n' && does_not_show(c);
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_ledger_says_moves_the_cursor_or_hides() {
        let drawn = "act 1\n\u{1b}[1A\u{1b}[2K\rnothing\u{9b}2J\u{202e}\u{e0041}";
        let shown = visible(drawn);
        assert_eq!(shown, "act 1\n\\u001b[1A\\u001b[2K\\u000dnothing\\u009b2J\\u202e\\udb40\\udc41");
        assert!(!shown.chars().any(|c| c != '\n' && does_not_show(c)));
        let plain = "職員カード\u{3000}葛\u{e0100}城市\n";
        assert!(matches!(visible(plain), Cow::Borrowed(text) if text == plain), "variants of characters are names");
        let json = serde_json::json!({"name": "a\u{200b}\u{7f}"});
        assert_eq!(serde_json::from_str::<serde_json::Value>(&visible(&json.to_string())).unwrap(), json);
    }
}
