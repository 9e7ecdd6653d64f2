//! Texts out of a file or standard input (`@FILE`, `-`): an argument shows in the machine's list of processes, and a long one is hard to type.

use std::fs::File;
use std::io::{self, Read};

use sekisho_register::typed::{TEXT_MAX, does_not_show};

use crate::error::{AdminError, Said};
use crate::pin_entry::PinSource;
use crate::screen::Screen;

/// Reads the texts of one command.
#[derive(Debug)]
pub(crate) struct GivenTexts {
    screen: Screen,
    input: Input,
}

/// What standard input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// Nothing yet.
    Free,
    /// A text was read from it.
    Read,
    /// The PIN comes from it.
    Pin,
}

impl GivenTexts {
    /// For a command whose PIN comes from there.
    pub(crate) fn beside(pin: &PinSource, screen: Screen) -> Self {
        let input = match pin {
            PinSource::Stdin => Input::Pin,
            PinSource::Terminal | PinSource::File(_) => Input::Free,
        };
        Self { screen, input }
    }

    /// The text that an argument gives or names.
    ///
    /// # Errors
    /// What is wrong with where it comes from; whether a form takes it the form says.
    pub(crate) fn read(&mut self, given: &str) -> Result<String, Said> {
        if let Some(rest) = given.strip_prefix("@@") {
            return Ok(format!("@{rest}"));
        }
        if given == "-" {
            return self.standard_input();
        }
        match given.strip_prefix('@') {
            None => Ok(given.to_owned()),
            Some("") => Err(Said::new(
                "the name of a file is missing: @FILE, and @@ for a text that begins with @",
                "ファイル名がありません。@ファイル名 と書き、@ で始まる文章は @@ と書いてください",
            )),
            Some(path) => File::open(path).and_then(read).map_err(|cause| unreadable(&cause)).and_then(text),
        }
    }

    /// As [`Self::read`], for an argument that is no field of a form.
    ///
    /// # Errors
    /// [`AdminError::Argument`].
    pub(crate) fn read_argument(&mut self, name: &'static str, given: &str) -> Result<String, AdminError> {
        self.read(given).map_err(|rule| AdminError::Argument { name, value: given.to_owned(), rule })
    }

    fn standard_input(&mut self) -> Result<String, Said> {
        match self.input {
            Input::Read => Err(Said::new(
                "standard input is one text alone: give the others with @FILE",
                "標準入力から読めるのは1件です。ほかは @ファイル名 で指定してください",
            )),
            Input::Pin => Err(Said::new(
                "the PIN comes from standard input (--pin-stdin): give the text with @FILE",
                "標準入力は暗証番号に使われています(--pin-stdin)。文章は @ファイル名 で指定してください",
            )),
            Input::Free => {
                self.input = Input::Read;
                if io::IsTerminal::is_terminal(&io::stdin()) {
                    self.screen.note(
                        "Type the text; a line with nothing but Ctrl-D ends it.",
                        "文章を入力してください(終わりは、行の先頭で Ctrl-D)。",
                    );
                }
                read(io::stdin().lock()).map_err(|cause| unreadable(&cause)).and_then(text)
            }
        }
    }
}

/// Everything, or what is too much for a text already: some file never ends.
fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(READ_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A text as editors leave it: with their mark at the beginning, their line ends, and empty lines behind it.
fn text(bytes: Vec<u8>) -> Result<String, Said> {
    if bytes.len() as u64 == READ_MAX {
        return Err(too_long());
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        Said::new("it is not UTF-8: save it as UTF-8", "UTF-8ではありません。文字コードをUTF-8にして保存してください")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
    let text = text.trim_end();
    if text.trim().is_empty() {
        return Err(Said::new("there is no text in it", "文章がありません"));
    }
    if text.len() > TEXT_MAX {
        return Err(too_long());
    }
    for (line, words) in (1..).zip(text.split('\n')) {
        if let Some(hidden) = words.chars().find(|c| does_not_show(*c)) {
            let code = u32::from(hidden);
            return Err(Said::new(
                format!("line {line} holds a character that does not show (U+{code:04X}): take it out"),
                format!("{line}行目に見えない文字(U+{code:04X})があります。取り除いてください"),
            ));
        }
    }
    Ok(text.to_owned())
}

fn too_long() -> Said {
    Said::new(
        format!("it is too long: a text has at most {TEXT_MAX} bytes, some 1300 characters of Japanese"),
        format!("長すぎます。文章は{TEXT_MAX}バイト(日本語で約1300文字)までです"),
    )
}

fn unreadable(cause: &io::Error) -> Said {
    if cause.kind() == io::ErrorKind::NotFound {
        return Said::new("there is no such file", "そのファイルはありません");
    }
    Said::new(format!("it cannot be read: {cause}"), format!("読み取れません: {cause}"))
}

/// More than any text with its line ends.
const READ_MAX: u64 = 4 * TEXT_MAX as u64;

/// What the help says of them.
pub(crate) const HELP: &str = "\
A text may be @FILE, what stands in that file (UTF-8), or -, what comes from standard input, for one text of a command: neither shows in the machine's list of processes. Where standard \
input is no keyboard, --yes answers the questions. A text that begins with @ is written with @@. （文章は @ファイル名 又は - (標準入力) でも指定できる。@ で始まる文章は @@ と書く）";

#[cfg(test)]
mod tests {
    use sekisho_wire::words::Language;

    use super::*;
    use crate::screen::{Confirm, Lists};

    fn texts(pin: &PinSource) -> GivenTexts {
        let screen = Screen { language: Language::English, confirm: Confirm::Yes, lists: Lists::Text };
        GivenTexts::beside(pin, screen)
    }

    #[test]
    fn an_argument_is_the_text_itself_or_names_a_file_of_it() {
        let mut texts = texts(&PinSource::Terminal);
        for (given, text) in [("原因不明", "原因不明"), ("", ""), ("a@b", "a@b"), ("@@home", "@home"), ("@@@", "@@")]
        {
            assert_eq!(texts.read(given).unwrap(), text, "{given}");
        }
        let missing = texts.read("@/nowhere/text").unwrap_err();
        assert_eq!(missing.in_words(Language::English), "there is no such file");
        assert!(texts.read("@").unwrap_err().in_words(Language::Japanese).contains("ファイル名"));
        let folder = texts.read("@/").unwrap_err();
        assert!(folder.in_words(Language::English).starts_with("it cannot be read: "), "{folder:?}");
        let endless = texts.read("@/dev/zero").unwrap_err();
        assert!(endless.in_words(Language::English).starts_with("it is too long"), "{endless:?}");
    }

    #[test]
    fn what_an_editor_adds_is_no_part_of_a_text() {
        let text = |bytes: &[u8]| text(bytes.to_vec());
        assert_eq!(text("\u{feff}一行目\r\n\r\n 三行目\r\n\n".as_bytes()).unwrap(), "一行目\n\n 三行目");
        let full = "あ".repeat(TEXT_MAX / 3);
        assert_eq!(text(format!("{full}\n").as_bytes()).unwrap(), full);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let said = |bytes: &[u8]| text(bytes.to_vec()).unwrap_err().in_words(Language::English).to_owned();
        // 関所 in Shift JIS.
        assert!(said(&[0x8a, 0xd6, 0x8f, 0x8a]).contains("not UTF-8"));
        assert_eq!(said(b"\r\n \n"), "there is no text in it");
        assert_eq!(said(b""), "there is no text in it");
        assert!(said("あ".repeat(TEXT_MAX / 3 + 1).as_bytes()).contains("too long"));
        assert!(said("一\n二\t二".as_bytes()).starts_with("line 2 holds a character that does not show (U+0009)"));
    }

    #[test]
    fn standard_input_is_for_one_thing() {
        let pin = texts(&PinSource::Stdin).read("-").unwrap_err();
        assert!(pin.in_words(Language::English).contains("--pin-stdin"));
        let mut second = texts(&PinSource::Terminal);
        second.input = Input::Read;
        assert!(second.read("-").unwrap_err().in_words(Language::English).contains("one text alone"));
    }
}
