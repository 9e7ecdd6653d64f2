//! What stands on a page, before it is HTML: everything is text here, and the template escapes it.

use askama::Template;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sekisho_wire::words::Language;

use super::chart::Chart;
use super::spoken::{LangOf, Spoken};

/// One cell of a table, or one fact.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// Text.
    Text(String),
    /// Text that stands on one line: a date, a name.
    Short(String),
    /// A number, set to the right.
    Number(String),
    /// Text that leads somewhere in the console.
    Link {
        /// Where.
        to: String,
        /// The text.
        text: String,
    },
    /// A word that stands out.
    Mark(Kind, String),
    /// Several lines.
    Lines(Vec<String>),
    /// A hash, an id: set narrow, broken anywhere.
    Code(String),
}

impl Cell {
    /// Text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Text on one line.
    pub(crate) fn short(text: impl Into<String>) -> Self {
        Self::Short(text.into())
    }

    /// A link.
    pub(crate) fn link(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Link { to: to.into(), text: text.into() }
    }

    /// A number.
    pub(crate) fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string())
    }
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// At once.
    Alarm,
    /// Soon.
    Warning,
    /// Good to know.
    Plain,
    /// As it should be.
    Good,
}

impl Kind {
    /// Its class in the stylesheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Warning => "warning",
            Self::Plain => "plain",
            Self::Good => "good",
        }
    }
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What it is about.
    pub(crate) caption: String,
    /// Heads of its columns.
    pub(crate) columns: Vec<String>,
    /// Its rows; the first cell is the row's head.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What stands there when it has none.
    pub(crate) none: String,
}

impl Table {
    /// Whether a column holds numbers: its head stands to the right as they do.
    fn is_number(&self, column: &usize) -> bool {
        self.rows.first().and_then(|row| row.get(*column)).is_some_and(|cell| matches!(cell, Cell::Number(_)))
    }
}

/// A form.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// Where it goes.
    pub(crate) action: String,
    /// What it does there.
    pub(crate) method: Method,
    /// Its fields.
    pub(crate) fields: Vec<Field>,
    /// The word on its button.
    pub(crate) button: String,
}

/// What a form does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Asks.
    Get,
    /// Changes something: it brings the session's own word.
    Post,
}

impl Form {
    /// Its method.
    pub(crate) const fn method(&self) -> &'static str {
        match self.method {
            Method::Get => "get",
            Method::Post => "post",
        }
    }

    /// Whether it has to bring the session's word.
    pub(crate) const fn posts(&self) -> bool {
        matches!(self.method, Method::Post)
    }
}

/// A field.
#[derive(Clone, Debug)]
pub(crate) enum Field {
    /// A line of text.
    Line {
        /// Its name, and its id.
        name: &'static str,
        /// What it is.
        label: String,
        /// What stands in it.
        value: String,
        /// How it is written.
        hint: String,
    },
    /// One of several.
    Choice {
        /// Its name, and its id.
        name: &'static str,
        /// What it is.
        label: String,
        /// Value, word, and whether it is chosen.
        options: Vec<(String, String, bool)>,
    },
    /// A field of a form of the register's.
    Blank(Blank),
    /// Another button, behind the form's own, that takes the same fields elsewhere.
    Button {
        /// Where.
        to: String,
        /// The word on it.
        word: String,
    },
    /// What the form brings without asking.
    Hidden {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

/// A field whose name is not known before.
#[derive(Clone, Debug)]
pub(crate) struct Blank {
    /// Its name, and its id.
    pub(crate) name: String,
    /// What it is.
    pub(crate) label: String,
    /// What stands in it.
    pub(crate) value: String,
    /// How it is written.
    pub(crate) hint: String,
    /// Whether it has to be filled in.
    pub(crate) must: bool,
    /// What is wrong with what stands in it; empty for nothing.
    pub(crate) wrong: String,
    /// How it is filled in.
    pub(crate) input: Input,
}

impl Blank {
    /// The ids of what is said about it, for whoever hears the page.
    fn described_by(&self) -> String {
        let ids = [(&self.wrong, "wrong"), (&self.hint, "hint")];
        let ids = ids.into_iter().filter(|(text, _)| !text.is_empty());
        ids.map(|(_, what)| format!("{}-{what}", self.name)).collect::<Vec<_>>().join(" ")
    }
}

/// How a field is filled in.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A line, with what may be chosen: value, and what it is.
    Line(Vec<(String, String)>),
    /// Several lines.
    Text,
    /// A day.
    Day,
    /// Day and time.
    Moment,
    /// A month.
    Month,
    /// One of these: value and word.
    Choice(Vec<(String, String)>),
    /// Any of these: value, word, and whether it is chosen.
    Several(Vec<(String, String, bool)>),
}

impl Input {
    /// How many there are to choose from.
    pub(crate) const fn choices(&self) -> usize {
        match self {
            Self::Line(known) | Self::Choice(known) => known.len(),
            Self::Several(known) => known.len(),
            Self::Text | Self::Day | Self::Moment | Self::Month => 0,
        }
    }
}

/// A part of a page.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    /// A paragraph.
    Text(String),
    /// Something to be seen.
    Note(Kind, String),
    /// What is wrong in a form below: the id of each field, its name, and what is wrong with it; none: with the whole.
    Wrong(Vec<(String, String, String)>),
    /// Names and values.
    Facts(Vec<(String, Cell)>),
    /// A table.
    Table(Table),
    /// The text of an act, line for line.
    Act(String),
    /// Commands and files to be copied, each by itself.
    Commands(Vec<String>),
    /// One under the other.
    List(Vec<Cell>),
    /// A form.
    Form(Form),
    /// Links that lead to what somebody can do: address and word.
    Buttons(Vec<(String, String)>),
    /// A button that cannot be pressed now, and why.
    Barred(String, String),
    /// A picture of numbers.
    Chart(Chart),
}

/// A part under a heading.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Its heading; none for what stands under the page's own.
    pub(crate) title: String,
    /// What is in it.
    pub(crate) blocks: Vec<Block>,
}

impl Section {
    /// A part under this heading.
    pub(crate) fn new(title: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self { title: title.into(), blocks }
    }

    /// What stands under the page's own heading.
    pub(crate) const fn lead(blocks: Vec<Block>) -> Self {
        Self { title: String::new(), blocks }
    }
}

/// What a page says.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    /// Its heading.
    pub(crate) title: String,
    /// Which page of the navigation it belongs to.
    pub(crate) place: &'static str,
    /// Where it goes by itself, and after how many seconds.
    pub(crate) refresh: Option<(u32, String)>,
    /// Its parts.
    pub(crate) sections: Vec<Section>,
}

impl Content {
    /// Whether a table is too broad for paper that stands upright.
    fn is_broad(&self) -> bool {
        let mut blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.any(|block| matches!(block, Block::Table(table) if table.columns.len() >= BROAD))
    }
}

/// From as many columns on a page is printed across.
const BROAD: usize = 8;

/// Who reads it, for head and foot of the page.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// The office's name.
    pub(crate) office: String,
    /// The person.
    pub(crate) person: String,
    /// The session's own word.
    pub(crate) form: String,
}

/// A whole page.
#[derive(Template)]
#[template(path = "console/page.html")]
struct Page<'a> {
    language: Language,
    content: &'a Content,
    reader: Option<&'a Reader>,
    /// Where the page stands, to come back to it.
    here: &'a str,
    /// When it was made.
    made: String,
    navigation: Vec<(&'static str, &'static str)>,
}

impl Page<'_> {
    /// Whoever hears the title first hears that something is wrong.
    fn is_wrong(&self) -> bool {
        let mut blocks = self.content.sections.iter().flat_map(|section| &section.blocks);
        blocks.any(|block| matches!(block, Block::Wrong(_)))
    }

    fn say<'t>(&self, english: &'t str, japanese: &'t str) -> &'t str {
        say(self.language, english, japanese)
    }

    /// Of whatever language it is.
    const fn spoken<'t>(&self, text: &'t str) -> Spoken<'t> {
        Spoken::new(text, self.language)
    }

    fn lang_of(&self, text: &str) -> LangOf {
        LangOf::new(text, self.language)
    }

    const fn lang(&self) -> &'static str {
        match self.language {
            Language::English => "en",
            Language::Japanese => "ja",
        }
    }
}

/// In the reader's language.
pub(crate) const fn say<T: Copy>(language: Language, english: T, japanese: T) -> T {
    match language {
        Language::English => english,
        Language::Japanese => japanese,
    }
}

/// Address and name of each page, as they stand in the navigation.
const NAVIGATION: [(&str, &str, &str); 15] = [
    ("/console", "Today", "本日の要処理"),
    ("/console/proposals", "Proposals", "承認待ち"),
    ("/console/cases", "Cases", "事案・簿冊"),
    ("/console/forms", "Forms", "様式"),
    ("/console/changes", "Changes", "登録の変更"),
    ("/console/terminals", "Terminals", "端末機の状況"),
    ("/console/records", "Access records", "操作履歴の検索"),
    ("/console/review", "Review of records", "操作履歴の確認"),
    ("/console/usage", "Use over time", "利用状況"),
    ("/console/registers", "Registers", "台帳"),
    ("/console/acts", "Acts", "処分の記録"),
    ("/console/incidents", "Reports and incidents", "届出・事故等"),
    ("/console/connection", "Connection", "結合の状態"),
    ("/console/retention", "Retention", "保存・廃棄・保全"),
    ("/console/help", "Help", "使い方"),
];

/// The page as an answer.
pub(crate) fn page(
    status: StatusCode,
    content: &Content,
    reader: Option<&Reader>,
    language: Language,
    (here, made): (&str, String),
) -> Response {
    let navigation = NAVIGATION.map(|(at, english, japanese)| (at, say(language, english, japanese))).to_vec();
    let page = Page { language, content, reader, here, made, navigation };
    match page.render() {
        Ok(text) => {
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            (status, [(CONTENT_TYPE, html)], text).into_response()
        }
        Err(error) => {
            log::error!("a page of the console cannot be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
