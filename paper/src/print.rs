//! A print: tables of a form, and what stands on every page. Its bytes are a function of what goes in, so that anybody can make the same print again.

use minijinja::value::{Serde, Value};
use sekisho_register::Register;
use sekisho_register::calendar::{MINUTE_MS, local_day};
use sekisho_register::dates::{Edge, When};
use sekisho_register::wareki::{day_text, moment_text};
use sekisho_wire::id::Hash;
use sekisho_wire::words::Language;
use serde::Serialize;

use crate::forms::{Form, Orientation};
use crate::said::Said;
use crate::sheet::{Page, pages};
use crate::table::Table;
use crate::templates::{TemplateError, Templates};

/// What every page says besides its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// In which language.
    pub language: Language,
    /// The office.
    pub organisation: String,
    /// As of when, or of which time: [`as_of`], [`between`].
    pub as_of: Said,
    /// Who printed it.
    pub printed_by: String,
    /// When, ms since 1970 UTC. To the minute: seconds stand nowhere.
    pub printed_at: u64,
    /// How many entries of the register log it rests on.
    pub size: u64,
    /// The root of that log.
    pub root: Hash,
    /// How the sheet lies, where that is not as the form says.
    pub orientation: Option<Orientation>,
    /// What else belongs into the head: a permission's number, what was searched for.
    pub remarks: Vec<Said>,
}

/// As of a moment: its day, or its minute where that is neither the beginning nor the end of one.
#[must_use]
pub fn as_of(at: u64) -> Said {
    let whole_day =
        [at.saturating_sub(1), at.saturating_add(1)].iter().any(|beside| local_day(*beside) != local_day(at));
    let text = |language| if whole_day { day_text(local_day(at), language) } else { moment_text(at, language) };
    Said::made(format!("{} 現在", text(Language::Japanese)), format!("as of {}", text(Language::English)))
}

/// As of when a print is of that date. As of today is as of now: what the rest of the day brings is decided by nobody yet. Another day is as of its end, for
/// what was decided on it counts; so is a minute.
#[must_use]
pub fn moment_of(date: When, now: u64) -> u64 {
    let minute = if date.minute.is_some() { MINUTE_MS } else { 0 };
    let end = date.moment(Edge::Until).saturating_add(minute).saturating_sub(1);
    if date.minute.is_none() && date.day == local_day(now) { end.min(now) } else { end }
}

/// The same in a print that was made at `printed`: what lies after it is what was planned by then.
#[must_use]
pub fn as_of_printed(at: u64, printed: u64) -> Said {
    let said = as_of(at);
    if at <= printed {
        return said;
    }
    let by = |language| moment_text(printed, language);
    Said::made(
        format!("{}(予定。{}までの処分による)", said.japanese, by(Language::Japanese)),
        format!("{} (planned: by what was decided until {})", said.english, by(Language::English)),
    )
}

/// From a moment until before another; without a first one from the first record on. Where it ends within a day, the minute is said.
#[must_use]
pub fn between(from: Option<u64>, to: u64) -> Said {
    let moment = |t: u64, day: u64, language| {
        let begins_a_day = local_day(t) != local_day(t.saturating_sub(1));
        if begins_a_day { day_text(local_day(day), language) } else { moment_text(t, language) }
    };
    let first = Said::new("最初の記録", "the first record");
    let from = from.map_or(first, |from| Said::by(|language| moment(from, from, language)));
    let last = Said::by(|language| moment(to, to.saturating_sub(1), language));
    Said::made(
        format!("期間 {}〜{}", from.japanese, last.japanese),
        format!("from {} to {}", from.english, last.english),
    )
}

/// What templates see (README, "What a template may use").
#[derive(Debug, Serialize)]
struct Values<'a> {
    language: &'static str,
    organisation: &'a str,
    form: FormValues<'a>,
    as_of: &'a str,
    printed_by: &'a str,
    printed_at: String,
    remarks: Vec<&'a str>,
    log: LogValues,
    template: String,
    stamps: Vec<&'a str>,
    orientation: &'static str,
    words: Words,
    pages: Vec<Page>,
}

#[derive(Debug, Serialize)]
struct FormValues<'a> {
    key: &'a str,
    number: String,
    title: &'a str,
}

#[derive(Debug, Serialize)]
struct LogValues {
    size: u64,
    root: String,
    short_root: String,
}

/// The words of ours that stand in templates, in the language of the print.
#[derive(Debug, Serialize)]
struct Words {
    page: &'static str,
    sheet: &'static str,
    printed_by: &'static str,
    printed_at: &'static str,
    register: &'static str,
    entries: &'static str,
    root: &'static str,
    template: &'static str,
    none: &'static str,
    continued: &'static str,
    rows: &'static str,
    seal: &'static str,
}

impl Words {
    const fn of(language: Language) -> Self {
        Self {
            page: language.pick("頁", "page"),
            sheet: language.pick("用紙", "sheet"),
            printed_by: language.pick("印刷者", "printed by"),
            printed_at: language.pick("印刷日時", "printed"),
            register: language.pick("登録簿", "register"),
            entries: language.pick("件", "entries"),
            root: language.pick("ハッシュ", "root"),
            template: language.pick("様式", "template"),
            none: language.pick("該当なし", "none"),
            continued: language.pick("(続き)", "(continued)"),
            rows: language.pick("件", "rows"),
            seal: language.pick("印", "seal"),
        }
    }
}

/// The pages of one form, as a file of HTML: no scripts, nothing loaded from elsewhere, A4.
///
/// # Errors
/// [`TemplateError`]; then there is no print.
pub fn html(templates: &Templates, form: &Form, tables: &[Table], facts: &Facts) -> Result<String, TemplateError> {
    let name = templates.of_form(form, tables.len());
    let room = templates.room(&name, facts.orientation.unwrap_or(form.orientation))?;
    let language = facts.language;
    let root = facts.root.to_string();
    let values = Values {
        language: language.pick("ja", "en"),
        organisation: &facts.organisation,
        form: FormValues {
            key: form.key,
            number: form.number_in_words(language),
            title: match tables {
                [only] => only.title.in_words(language),
                _ => form.title.in_words(language),
            },
        },
        as_of: facts.as_of.in_words(language),
        printed_by: &facts.printed_by,
        printed_at: moment_text(facts.printed_at, language),
        remarks: facts.remarks.iter().map(|remark| remark.in_words(language)).collect(),
        log: LogValues { size: facts.size, short_root: root.chars().take(16).collect(), root },
        template: templates.digest(&name),
        stamps: form.stamps.iter().map(|stamp| stamp.in_words(language)).collect(),
        orientation: room.orientation.name(),
        words: Words::of(language),
        pages: pages(tables, room.beside(facts.remarks.len(), form.stamps.len()), language),
    };
    let cells = tables.iter().map(|table| table.rows.len().saturating_mul(table.columns.len()) as u64).sum();
    templates.render(&name, Value::from(Serde(&values)), cells)
}

impl Facts {
    /// The facts of a print of this register.
    #[must_use]
    pub fn of(register: &Register, language: Language, as_of: Said, printed_by: String, printed_at: u64) -> Self {
        Self {
            language,
            organisation: register.title().to_owned(),
            as_of,
            printed_by,
            printed_at,
            size: register.size(),
            root: register.root(),
            orientation: None,
            remarks: Vec::new(),
        }
    }

    /// What head, foot and notes say, a line each: for whoever has no page.
    #[must_use]
    pub fn lines(&self, tables: &[Table]) -> Vec<(String, String)> {
        let language = self.language;
        let words = Words::of(language);
        let said = |japanese, english| language.pick(japanese, english).to_owned();
        let root: String = self.root.to_string();
        let mut lines = vec![
            (said("団体", "office"), self.organisation.clone()),
            (
                said("様式", "form"),
                tables.first().map_or_else(String::new, |table| table.title.in_words(language).to_owned()),
            ),
            (said("時点", "as of"), self.as_of.in_words(language).to_owned()),
            (words.printed_at.to_owned(), moment_text(self.printed_at, language)),
            (words.printed_by.to_owned(), self.printed_by.clone()),
            (words.register.to_owned(), format!("{} {} {} {root}", self.size, words.entries, words.root)),
        ];
        lines
            .extend(self.remarks.iter().map(|remark| (said("条件等", "remark"), remark.in_words(language).to_owned())));
        for table in tables {
            let title = table.title.in_words(language);
            let notes = table.remarks().into_iter().map(|note| note.in_words(language).to_owned());
            lines.extend(notes.map(|note| (format!("{}: {title}", language.pick("注", "note")), note)));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_register::calendar::{Date, day_of_date, moment};

    #[test]
    fn as_of_today_is_as_of_now_and_another_day_is_as_of_its_end() {
        let now = moment(day_of_date(Date { year: 2026, month: 6, day: 15 }), 600) + MINUTE_MS - 1;
        let (today, day) = (local_day(now), |day, minute| When { day, minute });
        let end = |day| moment(day + 1, 0) - 1;
        assert_eq!(moment_of(day(today, None), now), now);
        assert_eq!(moment_of(day(today - 1, None), now), end(today - 1));
        assert_eq!(moment_of(day(today + 1, None), now), end(today + 1));
        assert_eq!(moment_of(day(today, Some(1439)), now), end(today));
    }

    #[test]
    fn a_head_says_what_was_planned_and_until_which_minute_something_was_counted() {
        let at = |day, minute| moment(day_of_date(Date { year: 2026, month: 6, day }), minute);
        assert_eq!(as_of(at(16, 0) - 1).english, "as of 2026-06-15");
        assert_eq!(as_of(at(15, 0)).english, "as of 2026-06-15");
        assert_eq!(as_of(at(15, 605)).english, "as of 2026-06-15 10:05 JST");
        assert_eq!(as_of_printed(at(15, 0), at(15, 0)), as_of(at(15, 0)));
        let planned = as_of_printed(at(16, 0), at(15, 600));
        assert!(planned.japanese.starts_with("令和8年6月16日 現在(予定"), "{}", planned.japanese);
        assert_eq!(between(Some(at(1, 0)), at(16, 0)).english, "from 2026-06-01 to 2026-06-15");
        assert_eq!(between(None, at(15, 605)).english, "from the first record to 2026-06-15 10:05 JST");
        assert_eq!(between(Some(at(1, 540)), at(16, 0)).english, "from 2026-06-01 09:00 JST to 2026-06-15");
    }
}
