//! What is another language's on a page says so (WCAG 2.1, 3.1.2): names, titles and texts of an office are Japanese on an English page too, and whoever
//! hears the page hears them read as such.

use std::fmt;

use askama::filters::HtmlSafe;
use sekisho_wire::words::Language;

use super::language_tag;

/// A text as HTML, with what is another language's in it marked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spoken<'t> {
    text: &'t str,
    /// The page's.
    language: Language,
}

/// The attribute of an element that can hold no other, as far as it needs one: what is in both languages stays in the page's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LangOf(Option<Language>);

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'t> {
    Own(&'t str),
    Other(&'t str),
}

impl<'t> Spoken<'t> {
    pub(crate) const fn new(text: &'t str, language: Language) -> Self {
        Self { text, language }
    }

    fn parts(&self) -> Vec<Part<'t>> {
        let runs = match self.language {
            Language::English => japanese_runs(self.text),
            Language::Japanese => english_runs(self.text),
        };
        let (mut parts, mut at) = (Vec::new(), 0);
        for (start, end) in runs {
            parts.push(Part::Own(&self.text[at..start]));
            parts.push(Part::Other(&self.text[start..end]));
            at = end;
        }
        parts.push(Part::Own(&self.text[at..]));
        parts.retain(|part| !matches!(part, Part::Own("")));
        parts
    }
}

impl LangOf {
    pub(crate) fn new(text: &str, language: Language) -> Self {
        let parts = Spoken::new(text, language).parts();
        let speaks_other = parts.iter().any(|part| matches!(part, Part::Other(_)));
        let speaks_own = parts.iter().any(|part| match (part, language) {
            (Part::Own(text), Language::English) => !english_runs(text).is_empty(),
            (Part::Own(text), Language::Japanese) => text.contains(is_japanese),
            (Part::Other(_), _) => false,
        });
        Self((speaks_other && !speaks_own).then_some(other(language)))
    }
}

impl HtmlSafe for Spoken<'_> {}
impl HtmlSafe for LangOf {}

impl fmt::Display for Spoken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts() {
            match part {
                Part::Own(text) => escape(text, f)?,
                Part::Other(text) => {
                    write!(f, "<span lang=\"{}\">", language_tag(other(self.language)))?;
                    escape(text, f)?;
                    f.write_str("</span>")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for LangOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |language| write!(f, " lang=\"{}\"", language_tag(language)))
    }
}

const fn other(language: Language) -> Language {
    match language {
        Language::English => Language::Japanese,
        Language::Japanese => Language::English,
    }
}

/// As the templates do.
fn escape(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write;
    text.chars().try_for_each(|c| match c {
        '&' | '<' | '>' | '"' | '\'' => write!(f, "&#{};", u32::from(c)),
        c => f.write_char(c),
    })
}

/// Where Japanese stands: from its first character to its last, with figures and signs between them.
fn japanese_runs(text: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, c) in text.char_indices().filter(|(_, c)| is_japanese(*c)) {
        let end = at + c.len_utf8();
        match runs.last_mut() {
            Some((_, last)) if !text[*last..at].contains(|c: char| c.is_ascii_alphabetic() || c == '\n') => *last = end,
            Some(_) | None => runs.push((at, end)),
        }
    }
    runs
}

/// Kana, Chinese characters, and the signs and wide letters that stand among them.
fn is_japanese(c: char) -> bool {
    const RANGES: [(char, char); 7] = [
        ('\u{3000}', '\u{30ff}'),
        ('\u{31f0}', '\u{31ff}'),
        ('\u{3400}', '\u{4dbf}'),
        ('\u{4e00}', '\u{9fff}'),
        ('\u{f900}', '\u{faff}'),
        ('\u{ff00}', '\u{ffef}'),
        ('\u{20000}', '\u{323af}'),
    ];
    RANGES.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Where English stands: two words or more. One word may be a name or a code in either language.
fn english_runs(text: &str) -> Vec<(usize, usize)> {
    let (mut runs, mut at) = (Vec::new(), 0);
    while let Some(found) = text[at..].find(|c: char| c.is_ascii_alphabetic()) {
        let start = at + found;
        let (mut end, words) = words_from(text, start);
        if joins(text[..start].chars().next_back()) {
            // The rest of a code: what stands behind it may be English.
            end = start;
        } else if words >= 2 {
            runs.push((start, end));
        }
        // Past what is left of a word.
        let rest = text[end..].find(|c: char| !c.is_ascii_alphanumeric()).map_or(text.len(), |rest| end + rest);
        at = rest;
    }
    runs
}

/// The end of the words that begin here, and how many they are.
fn words_from(text: &str, start: usize) -> (usize, usize) {
    let (mut end, mut words, mut at) = (start, 0, start);
    loop {
        let rest = &text[at..];
        // A quotation mark is of a word only within it.
        let is_letter = |c: char| c.is_ascii_alphabetic();
        let within = |at: usize, c: char| c == '\'' && at > 0 && rest[at + 1..].starts_with(is_letter);
        let end_of_word = rest.char_indices().find(|(at, c)| !is_letter(*c) && !within(*at, *c));
        let length = end_of_word.map_or(rest.len(), |(at, _)| at);
        let after = rest[length..].chars().next();
        if length == 0 || joins(after) && !ends_a_sentence(&rest[length..]) {
            return (end.max(start + usize::from(words == 0)), words);
        }
        words += 1;
        end = at + length;
        let punctuation = usize::from(rest[length..].starts_with([',', ';', ':', '.']));
        if !rest[length + punctuation..].starts_with(' ') {
            return (end, words);
        }
        at = end + punctuation + 1;
    }
}

fn ends_a_sentence(rest: &str) -> bool {
    rest.starts_with('.') && !rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric())
        || rest.starts_with(':') && !rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
}

/// What makes a code or an address of a word.
fn joins(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_digit() || "-_./=@:".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str, language: Language) -> String {
        Spoken::new(text, language).to_string()
    }

    #[test]
    fn japanese_on_an_english_page_is_marked_and_nothing_else() {
        let cases = [
            ("Operators", "Operators"),
            ("関守 花子 (mayor)", "<span lang=\"ja\">関守 花子</span> (mayor)"),
            ("terminal jumin-1, 住民課", "terminal jumin-1, <span lang=\"ja\">住民課</span>"),
            ("令和8年度第12号", "<span lang=\"ja\">令和8年度第12号</span>"),
            ("窓口 and 課長", "<span lang=\"ja\">窓口</span> and <span lang=\"ja\">課長</span>"),
            ("<b>&課</b>", "&#60;b&#62;&#38;<span lang=\"ja\">課</span>&#60;/b&#62;"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(html(text, Language::English), expected);
        }
    }

    #[test]
    fn english_on_a_japanese_page_is_marked_where_it_is_more_than_a_word() {
        let cases = [
            ("操作者名簿", "操作者名簿"),
            ("「sekisho-admin console」を実行", "「sekisho-admin console」を実行"),
            ("Sekisho 関所", "Sekisho 関所"),
            ("担当：John Smith (10023)", "担当：<span lang=\"en\">John Smith</span> (10023)"),
            (
                "停止（the log is not as it was written: records）",
                "停止（<span lang=\"en\">the log is not as it was written: records</span>）",
            ),
            ("https://ledger.example.lg.jp/a b-c d.e", "https://ledger.example.lg.jp/a b-c d.e"),
            ("A Bc.", "<span lang=\"en\">A Bc</span>."),
            ("a<b c>", "a&#60;<span lang=\"en\">b c</span>&#62;"),
            ("x", "x"),
            (
                "sekisho-admin --propose post set kansa '監査'",
                "sekisho-admin --propose <span lang=\"en\">post set kansa</span> &#39;監査&#39;",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(html(text, Language::Japanese), expected);
        }
    }

    #[test]
    fn what_can_hold_no_element_says_its_language_as_a_whole() {
        let lang = |text, language| LangOf::new(text, language).to_string();
        assert_eq!(lang("住民課 (jumin)", Language::English), " lang=\"ja\"");
        assert_eq!(lang("jumin", Language::English), "");
        assert_eq!(lang("2: section 住民課 is open from 2026-06-01", Language::English), "");
        assert_eq!(lang("Residents Section", Language::Japanese), " lang=\"en\"");
        assert_eq!(lang("住民課", Language::Japanese), "");
    }
}
