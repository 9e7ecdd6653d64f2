//! Templates: those built in, and those by which an office replaces them. What is wrong in one is said with its file and line, before anything is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use sekisho_wire::id::Hash;
use sekisho_wire::words::Language;
use sha2::{Digest, Sha256};

use crate::forms::{COMMITTEE, CUSTODY, Form, HISTORY, Orientation, RUNNING, STATISTICS, WORK};
use crate::said::Said;
use crate::sheet::Room;

/// What every form is printed by that has no template of its own.
pub const TABLE: &str = "table.html";

/// The templates built in, to begin from.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("base.html", include_str!("../templates/base.html")),
    ("labels.html", include_str!("../templates/labels.html")),
    ("pack.html", include_str!("../templates/pack.html")),
    ("rows.html", include_str!("../templates/rows.html")),
    (TABLE, include_str!("../templates/table.html")),
];

/// Most bytes of a template.
pub const TEMPLATE_MAX: usize = 256 * 1024;
/// Steps that a template may take, and more for each cell: a loop in it that does not end is ended.
const FUEL: u64 = 2_000_000;
const FUEL_PER_CELL: u64 = 3_000;
/// How deep templates may include and call one another.
const DEPTH: usize = 40;
/// First line of a template that says how its sheet lies: `{# sekisho: orientation=landscape font=8 #}`.
const DIRECTIVE: &str = "{# sekisho:";

/// A set of templates.
#[derive(Clone, Debug)]
pub struct Templates {
    texts: BTreeMap<String, Source>,
}

#[derive(Clone, Debug)]
struct Source {
    text: String,
    /// The office's file; nothing where it is ours.
    place: Option<String>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The office's file, or the name of the built-in template.
    pub place: String,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: Said,
    /// The built-in template that is used where the file is removed.
    pub instead: String,
}

impl TemplateError {
    /// In one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        let what = self.what.in_words(language);
        let place = &self.place;
        match (self.line, language) {
            (Some(line), Language::Japanese) => format!("様式テンプレート {place} の {line}行目を使えません: {what}"),
            (None, Language::Japanese) => format!("様式テンプレート {place} を使えません: {what}"),
            (Some(line), Language::English) => format!("cannot use template {place}, line {line}: {what}"),
            (None, Language::English) => format!("cannot use template {place}: {what}"),
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

impl std::error::Error for TemplateError {}

impl Default for Templates {
    fn default() -> Self {
        Self::built_in()
    }
}

impl Templates {
    /// Ours.
    #[must_use]
    pub fn built_in() -> Self {
        let source = |text: &str| Source { text: text.to_owned(), place: None };
        Self { texts: BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), source(text))).collect() }
    }

    /// Whether a file of that name can be a template: others in the folder are left alone.
    #[must_use]
    pub fn is_a_name(name: &str) -> bool {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        name.strip_suffix(".html").is_some_and(|stem| !stem.is_empty() && stem.chars().all(plain))
    }

    /// Takes an office's own template in place of the one of that name, or beside ours; `place` is where it lies, for messages.
    ///
    /// # Errors
    /// [`TemplateError`]: a name that none has, bytes that are no text, a text that is too long or no template.
    pub fn replace(&mut self, name: &str, bytes: &[u8], place: &str) -> Result<(), TemplateError> {
        let wrong = |line, what| TemplateError { place: place.to_owned(), line, what, instead: instead(name) };
        if !Self::is_a_name(name) {
            let rule = Said::new(
                "ファイル名は英小文字・数字・- _ と .html だけにしてください",
                "its name must be of a-z 0-9 - _ and end with .html",
            );
            return Err(wrong(None, rule));
        }
        if bytes.len() > TEMPLATE_MAX {
            return Err(wrong(None, Said::new("256 KiB を超えています", "it is larger than 256 KiB")));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
            wrong(Some(line), Said::new("UTF-8 ではありません", "it is not UTF-8"))
        })?;
        // With a mark at its beginning the file is the same text.
        let text = text.trim_start_matches('\u{feff}').to_owned();
        self.texts.insert(name.to_owned(), Source { text, place: Some(place.to_owned()) });
        self.environment(&BTreeSet::from([name.to_owned()]), 0).map(drop)?;
        self.room(name, Orientation::Portrait).map(drop)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Where a template lies, if it is the office's.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<&str> {
        self.texts.get(name)?.place.as_deref()
    }

    /// The template that a form is printed by, for people: prints of records have a second table, of what is missing.
    #[must_use]
    pub fn template_of(&self, form: &Form) -> String {
        let pack = [CUSTODY.key, COMMITTEE.key, STATISTICS.key, HISTORY.key, WORK.key, RUNNING.key].contains(&form.key);
        self.of_form(form, if pack { 2 } else { 1 })
    }

    /// The template that a form is printed by: one of its own name, else that of its kind.
    pub(crate) fn of_form(&self, form: &Form, tables: usize) -> String {
        let own = format!("{}.html", form.key);
        if self.texts.contains_key(&own) {
            return own;
        }
        if tables > 1 { "pack.html".to_owned() } else { TABLE.to_owned() }
    }

    /// Which templates can come into a print by this one: those whose names stand in it, and in these. No other is there for it.
    fn reached(&self, name: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            let Some(source) = self.texts.get(&name) else { continue };
            if reached.insert(name) {
                let named = |other: &&String| {
                    source.text.contains(&format!("\"{other}\"")) || source.text.contains(&format!("'{other}'"))
                };
                open.extend(self.texts.keys().filter(named).cloned());
            }
        }
        reached
    }

    /// The first twelve digits of a SHA-256 over every template that a print by this one can use.
    pub(crate) fn digest(&self, name: &str) -> String {
        let mut hash = Sha256::new();
        for name in self.reached(name) {
            let text = self.texts.get(&name).map_or("", |source| source.text.as_str());
            update(&mut hash, &name, text);
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// SHA-256 over the office's own templates, by name, each name and text behind its length (eight bytes, big-endian); nothing where all are ours. A newer
    /// version of this program changes it not.
    #[must_use]
    pub fn of_the_office(&self) -> Option<Hash> {
        let own = || self.texts.iter().filter(|(_, source)| source.place.is_some());
        own().next()?;
        let mut hash = Sha256::new();
        for (name, source) in own() {
            update(&mut hash, name, &source.text);
        }
        Some(Hash(hash.finalize().into()))
    }

    /// How the sheet lies, as the template's first line says, else as the form does.
    pub(crate) fn room(&self, name: &str, orientation: Orientation) -> Result<Room, TemplateError> {
        let text = self.texts.get(name).map_or("", |source| source.text.as_str());
        let Some(said) = text.strip_prefix(DIRECTIVE) else { return Ok(Room::of(orientation)) };
        let wrong = |what| self.error(name, Some(1), what);
        let Some((said, _)) = said.split_once("#}") else {
            return Err(wrong(Said::new("1行目の指定が #} で終わっていません", "its first line does not end with #}")));
        };
        let pairs: Option<Vec<(&str, &str)>> = said.split_whitespace().map(|word| word.split_once('=')).collect();
        let unknown = || {
            wrong(Said::new(
                "1行目の指定は orientation=portrait または landscape、font=5〜14(ポイント)、width・height・stamps(ミリメートル、400 まで)です",
                "its first line says orientation=portrait or landscape, font=5 to 14 (points), width, height or stamps (millimetres, at most 400)",
            ))
        };
        let pairs = pairs.ok_or_else(unknown)?;
        let lies = pairs.iter().rfind(|(key, _)| *key == "orientation").map(|(_, value)| *value);
        let lies = lies.map_or(Some(orientation), Orientation::from_name).ok_or_else(unknown)?;
        let mut room = Room::of(lies);
        for (key, value) in pairs.into_iter().filter(|(key, _)| *key != "orientation") {
            let of = tenths(value).filter(|of| *of <= 4000).ok_or_else(unknown)?;
            match key {
                "font" if (50..=140).contains(&of) => room.font = Some(of),
                "width" if of >= 300 => room.width = of,
                "height" if of >= 300 => room.height = of,
                "stamps" => room.stamps = of,
                _ => return Err(unknown()),
            }
        }
        Ok(room)
    }

    /// Fills in a template.
    pub(crate) fn render(&self, name: &str, values: Value, cells: u64) -> Result<String, TemplateError> {
        let environment = self.environment(&self.reached(name), cells)?;
        let rendered = environment.get_template(name).and_then(|template| template.render(values));
        rendered.map_err(|error| self.judged(name, &error))
    }

    /// These templates and no others; nothing else can be reached from them.
    fn environment(&self, names: &BTreeSet<String>, cells: u64) -> Result<Environment<'_>, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_fuel(Some(FUEL.saturating_add(cells.saturating_mul(FUEL_PER_CELL))));
        environment.set_recursion_limit(DEPTH);
        for (name, source) in self.texts.iter().filter(|(name, _)| names.contains(*name)) {
            environment.add_template(name, &source.text).map_err(|error| self.judged(name, &error))?;
        }
        Ok(environment)
    }

    /// What went wrong, in words of ours. The innermost error knows the line.
    fn judged(&self, name: &str, error: &Error) -> TemplateError {
        let mut inner = error;
        while let Some(next) = std::error::Error::source(inner).and_then(|next| next.downcast_ref::<Error>()) {
            if next.line().is_none() {
                break;
            }
            inner = next;
        }
        let name = inner.name().filter(|of| self.texts.contains_key(*of)).unwrap_or(name);
        self.error(name, inner.line(), what_of(inner))
    }

    fn error(&self, name: &str, line: Option<usize>, what: Said) -> TemplateError {
        let place = self.place(name).unwrap_or(name).to_owned();
        TemplateError { place, line, what, instead: instead(name) }
    }
}

/// Which of ours is used where there is no file of that name.
fn instead(name: &str) -> String {
    let ours = BUILT_IN.iter().any(|(of, _)| *of == name);
    let pack = ["custody.html", "committee.html"].contains(&name);
    match (ours, pack) {
        (true, _) => name.to_owned(),
        (false, true) => "pack.html".to_owned(),
        (false, false) => TABLE.to_owned(),
    }
}

/// `7.5` as 75.
fn tenths(text: &str) -> Option<u32> {
    let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
    let tenth: u32 = (tenth.len() == 1).then(|| tenth.parse().ok()).flatten()?;
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1000)?;
    Some(whole * 10 + tenth)
}

fn what_of(error: &Error) -> Said {
    let kind = error.kind();
    let known = WORDS.iter().find(|(kinds, _, _)| kinds.contains(&kind));
    let (japanese, english) = known.map_or(("処理できません", "it cannot be filled in"), |(_, ja, en)| (ja, en));
    let detail = error.detail().unwrap_or_default();
    let detail = if detail.is_empty() { kind.to_string() } else { detail.to_owned() };
    Said::made(format!("{japanese} ({detail})"), format!("{english} ({detail})"))
}

/// What people are told; the engine's own words stand in brackets behind it.
const WORDS: [(&[ErrorKind], &str, &str); 5] = [
    (
        &[ErrorKind::SyntaxError, ErrorKind::InvalidDelimiter, ErrorKind::UnknownBlock],
        "書き方が正しくありません",
        "it is not written as templates are",
    ),
    (&[ErrorKind::UndefinedError], "ない変数を使っています", "it uses a variable that there is not"),
    (
        &[ErrorKind::TemplateNotFound],
        "フォルダーにないテンプレートを読み込もうとしています",
        "it asks for a template that is not in the folder",
    ),
    (
        &[ErrorKind::UnknownFilter, ErrorKind::UnknownTest, ErrorKind::UnknownFunction, ErrorKind::UnknownMethod],
        "ない関数を使っています",
        "it uses a function that there is not",
    ),
    (
        &[ErrorKind::OutOfFuel],
        "処理が終わりません。繰返しが多すぎます",
        "it does not come to an end: there are too many repetitions",
    ),
];

fn update(hash: &mut Sha256, name: &str, text: &str) {
    for part in [name.as_bytes(), text.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
}

#[cfg(test)]
mod tests;
