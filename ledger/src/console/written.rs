//! What was written into cases, as people read it: by whom, from which paper, each field with its title, texts as they were written.

use std::collections::{HashMap, HashSet};

use sekisho_register::cases::Written;
use sekisho_register::change::{Field, Value};
use sekisho_register::forms::{Blank, Kind};
use sekisho_register::wareki::{day_text, numbered};
use sekisho_register::{NameHash, field_text};
use sekisho_wire::cose::Signer;
use sekisho_wire::words::Language;

use super::html::Cell;
use super::visit::View;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::READERS;

/// Texts beside entries of the casebook.
#[derive(Default)]
pub(crate) struct Texts {
    known: HashMap<NameHash, String>,
    /// What lies there and does not open.
    damaged: HashSet<NameHash>,
}

impl Texts {
    /// Those that these entries speak of, all asked for at once.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn beside<'w>(view: &View<'_>, entries: impl IntoIterator<Item = &'w Written>) -> Result<Self, Refusal> {
        let is_text = |field: &Field| matches!(field.value, Value::Text(_));
        let speaking = entries.into_iter().filter(|written| written.fields.iter().any(is_text));
        Self::at(view, &speaking.map(|written| written.index).collect::<Vec<_>>())
    }

    /// Those beside these entries.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn at(view: &View<'_>, entries: &[u64]) -> Result<Self, Refusal> {
        if entries.is_empty() {
            return Ok(Self::default());
        }
        let stored = view.ledger.store.names_at(&view.visitor.office, LogName::Casebook, entries)?;
        let mut damaged: HashSet<NameHash> = stored.iter().map(|row| NameHash(row.hash)).collect();
        let opened = view.ledger.open_names(stored).into_iter();
        let known: HashMap<NameHash, String> = opened.map(|it| (it.hash(), it.text.as_str().to_owned())).collect();
        damaged.retain(|hash| !known.contains_key(hash));
        Ok(Self { known, damaged })
    }

    /// The text behind a hash; where there is none, why not.
    pub(crate) fn text(&self, view: &View<'_>, hash: &NameHash) -> String {
        let absent = || self.absent(hash, view.register.name_erased(hash), view.has_key(hash)).words(view.language);
        self.known.get(hash).cloned().unwrap_or_else(absent)
    }

    fn absent(&self, hash: &NameHash, erased_by: Option<u64>, has_key: bool) -> Absent {
        match (erased_by, has_key) {
            (Some(act), _) => Absent::Erased(Some(act)),
            (None, false) => Absent::Erased(None),
            (None, true) if self.damaged.contains(hash) => Absent::Damaged,
            (None, true) => Absent::NotKept,
        }
    }
}

impl View<'_> {
    /// Whether what seals a text is still there: it goes with the text, and before the act that says so where a book was put back.
    fn has_key(&self, hash: &NameHash) -> bool {
        self.ledger.vault.name_key(&self.visitor.office, &hash.0).is_some()
    }
}

/// Why a text that an entry speaks of cannot be read. It was there once: no entry is filed without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absent {
    /// It was erased, by this act where the register has it.
    Erased(Option<u64>),
    /// It lies here and does not open.
    Damaged,
    /// The entry came back to this ledger without it.
    NotKept,
}

impl Absent {
    fn words(self, language: Language) -> String {
        match (self, language) {
            (Self::Erased(Some(act)), Language::English) => format!("(erased by act {act})"),
            (Self::Erased(Some(act)), Language::Japanese) => format!("（処分{act}により消去済み）"),
            (Self::Erased(None), Language::English) => "(erased; the act is not in this register yet)".to_owned(),
            (Self::Erased(None), Language::Japanese) => "（消去済み。その処分はまだこの登録簿にありません）".to_owned(),
            (Self::Damaged, Language::English) => {
                "(it lies here and cannot be read: the operator of the ledger runs 'sekisho-ledger fsck')".to_owned()
            }
            (Self::Damaged, Language::Japanese) => {
                "（保存されていますが読み取れません。台帳の運用者に「sekisho-ledger fsck」の実行を依頼してください）".to_owned()
            }
            (Self::NotKept, Language::English) => {
                "(not kept here: this entry came back to the ledger without its text; ask whoever wrote it)".to_owned()
            }
            (Self::NotKept, Language::Japanese) => {
                "（この台帳には残っていません。記録は復元されましたが、文章は戻りませんでした。記入者に確認してください）".to_owned()
            }
        }
    }
}

/// Who wrote it, and from which paper, one under the other.
pub(crate) fn by(view: &View<'_>, written: &Written) -> Vec<String> {
    let who = match &written.signer {
        Signer::Card(guid) => {
            written.operator.as_ref().map_or_else(|| guid.to_string(), |operator| view.person(operator))
        }
        Signer::Terminal(terminal) => view.say(format!("terminal {terminal}"), format!("端末機 {terminal}")),
        Signer::Recovery(_) => "-".to_owned(),
    };
    let title = |post| view.register.post(post).map_or_else(|| post.to_string(), |it| it.version().title.to_string());
    let mut lines = vec![who];
    if let Some(post) = written.post.as_ref().filter(|_| written.as_deputy) {
        let post = title(post);
        lines.push(view.say(format!("as deputy of {post}"), format!("職 {post} の代決")));
    }
    if let Some(paper) = &written.paper {
        let (post, day, number) = (title(&paper.post), day_text(paper.decided, view.language), &paper.document);
        lines.push(view.say(
            format!("from paper: {post}, {day}, document {number}"),
            format!("書面：{post}、{day}、文書番号 {number}"),
        ));
    }
    lines
}

/// Title and value of each field of a form, those too that were left empty.
pub(crate) fn form_facts(
    view: &View<'_>,
    blanks: &'static [Blank],
    fields: &[Field],
    texts: &Texts,
) -> Vec<(String, Cell)> {
    let fact = |blank: &'static Blank| {
        let filled: Vec<Field> = fields.iter().filter(|field| field.key == blank.key).cloned().collect();
        facts(view, std::slice::from_ref(blank), &filled, texts).pop().unwrap_or_else(|| {
            let empty = view.say("(left empty)", "（記入なし）");
            (blank.title.text(view.language).to_owned(), Cell::Text(empty))
        })
    };
    blanks.iter().map(fact).collect()
}

/// Title and value of each field that is filled in.
pub(crate) fn facts(view: &View<'_>, blanks: &'static [Blank], fields: &[Field], texts: &Texts) -> Vec<(String, Cell)> {
    let fact = |field: &Field| {
        let blank = blanks.iter().find(|blank| blank.key == field.key);
        let title = blank.map_or("?", |blank| blank.title.text(view.language));
        (title.to_owned(), value(view, blank.map(|blank| blank.kind), &field.value, texts))
    };
    fields.iter().map(fact).collect()
}

/// The same in a line each, cut short.
pub(crate) fn lines(view: &View<'_>, blanks: &'static [Blank], fields: &[Field], texts: &Texts) -> Vec<String> {
    let line = |(title, cell): (String, Cell)| {
        let text = match cell {
            Cell::Text(text) | Cell::Short(text) | Cell::Number(text) | Cell::Code(text) | Cell::Mark(_, text) => text,
            Cell::Link { text, .. } => text,
            Cell::Lines(lines) => lines.join(" "),
        };
        let short: String = text.chars().take(SHORT).collect();
        let more = if short.len() < text.len() { "…" } else { "" };
        view.say(format!("{title}: {short}{more}"), format!("{title}：{short}{more}"))
    };
    facts(view, blanks, fields, texts).into_iter().map(line).collect()
}

fn value(view: &View<'_>, kind: Option<Kind>, value: &Value, texts: &Texts) -> Cell {
    let plain = || Cell::text(field_text(kind, value, view.language));
    match value {
        Value::Text(hash) => Cell::Lines(texts.text(view, hash).lines().map(str::to_owned).collect()),
        Value::Code(code) if kind == Some(Kind::Operator) => Cell::text(view.person(code)),
        Value::Code(code) if kind == Some(Kind::IncidentKind) => {
            let title = view.register.policy_at(view.now).kind_title(code, view.language);
            title.map_or_else(plain, |title| Cell::text(format!("{title} ({code})")))
        }
        Value::Card(card) => {
            let known = view.register.card(card);
            known.map_or_else(plain, |card| Cell::text(numbered(card.number(), view.language)))
        }
        Value::Case(case) => Cell::link(format!("/console/cases/{case}"), case.text(view.language)),
        Value::Act(act) => {
            let known = view.register.act_index(act);
            let text = |index| view.say(format!("Act {index}"), format!("処分 {index}"));
            known.map_or_else(plain, |index| Cell::link(format!("/console/acts/{index}"), text(index)))
        }
        Value::Record(index) if view.holds(READERS) => {
            let text = view.say(format!("Record {index}"), format!("記録 {index}"));
            Cell::link(format!("/console/records/{index}"), text)
        }
        Value::Code(_)
        | Value::Moment(_)
        | Value::Day(_)
        | Value::Number(_)
        | Value::Choice(_)
        | Value::Document(_)
        | Value::Record(_)
        | Value::Roles(_) => plain(),
    }
}

/// Characters of a text in a list.
const SHORT: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_not_there_is_called_erased_only_where_it_was_erased() {
        let (lost, torn) = (NameHash([1; 32]), NameHash([2; 32]));
        let texts = Texts { known: HashMap::new(), damaged: HashSet::from([torn]) };
        let cases = [
            (
                texts.absent(&lost, Some(12), false),
                Absent::Erased(Some(12)),
                "erased by act 12",
                "処分12により消去済み",
            ),
            (texts.absent(&torn, Some(12), true), Absent::Erased(Some(12)), "erased by act 12", "処分12により消去済み"),
            (
                texts.absent(&lost, None, false),
                Absent::Erased(None),
                "erased; the act is not",
                "消去済み。その処分はまだ",
            ),
            (texts.absent(&torn, None, true), Absent::Damaged, "cannot be read", "読み取れません"),
            (texts.absent(&lost, None, true), Absent::NotKept, "not kept here", "残っていません"),
        ];
        for (absent, expected, english, japanese) in cases {
            assert_eq!(absent, expected);
            let (en, ja) = (absent.words(Language::English), absent.words(Language::Japanese));
            assert!(en.contains(english) && ja.contains(japanese), "{en} {ja}");
            let says_erased = matches!(expected, Absent::Erased(_));
            assert_eq!((en.contains("erased"), ja.contains("消去")), (says_erased, says_erased), "{en} {ja}");
        }
    }
}
