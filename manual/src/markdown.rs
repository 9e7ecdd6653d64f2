//! Sections of a README as roff: a manual page says what the README says, in its words.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use roff::{Inline, Roff, bold, italic, line_break, roman};

/// The section under a second-level heading, up to the next one.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let mark = format!("\n## {heading}\n");
    let body = &text[text.find(&mark)? + mark.len()..];
    Some(body.find("\n## ").map_or(body, |end| &body[..end]))
}

/// Appends a text to a page.
pub(crate) fn append(page: &mut Roff, text: &str) {
    let mut writer = Writer {
        page,
        line: Vec::new(),
        strong: 0,
        emphasis: 0,
        lists: Vec::new(),
        item: false,
        table: Table::default(),
    };
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        writer.take(event);
    }
}

struct Writer<'a> {
    page: &'a mut Roff,
    /// What stands between two breaks.
    line: Vec<Inline>,
    strong: usize,
    emphasis: usize,
    /// The number of the next item of each list that is open; none for bullets.
    lists: Vec<Option<u64>>,
    /// The paragraph that comes is the first of an item, whose request is written already.
    item: bool,
    table: Table,
}

#[derive(Default)]
struct Table {
    heads: Vec<String>,
    in_head: bool,
    cells: Vec<Vec<Inline>>,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no README has what is left out, but for comments")]
impl Writer<'_> {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.line.push(match (self.strong, self.emphasis) {
                (0, 0) => roman(text.as_ref()),
                (0, _) => italic(text.as_ref()),
                _ => bold(text.as_ref()),
            }),
            Event::Code(text) => self.line.push(bold(text.as_ref())),
            Event::SoftBreak => self.line.push(roman(" ")),
            Event::HardBreak => self.line.push(line_break()),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::List(first) => {
                // A list in an item begins behind the item's own words.
                self.flush();
                if !self.lists.is_empty() {
                    self.page.control("RS", ["4"]);
                }
                self.lists.push(first);
            }
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "•".to_owned(),
                };
                self.page.control("IP", [mark.as_str(), "4"]);
                self.item = true;
            }
            Tag::Paragraph if !std::mem::take(&mut self.item) => {
                let request = if self.lists.is_empty() { "PP" } else { "IP" };
                self.page.control(request, []);
            }
            Tag::CodeBlock(kind) => {
                debug_assert!(matches!(kind, CodeBlockKind::Fenced(_) | CodeBlockKind::Indented));
                self.flush();
                self.page.control("PP", []).control("RS", ["4"]).control("nf", []);
            }
            Tag::TableHead => self.table = Table { in_head: true, ..Table::default() },
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong -= 1,
            TagEnd::Emphasis => self.emphasis -= 1,
            TagEnd::Heading(level) => {
                let title = plain(&std::mem::take(&mut self.line));
                let request = if level <= HeadingLevel::H2 { "SH" } else { "SS" };
                self.page.control(request, [title.as_str()]);
            }
            TagEnd::Paragraph | TagEnd::Item => self.flush(),
            TagEnd::List(_) => {
                self.lists.pop();
                if !self.lists.is_empty() {
                    self.page.control("RE", []);
                }
            }
            TagEnd::CodeBlock => {
                let text = plain(&std::mem::take(&mut self.line));
                for line in text.trim_end().lines() {
                    self.page.text([roman(line)]);
                }
                self.page.control("fi", []).control("RE", []);
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.line);
                if self.table.in_head {
                    self.table.heads.push(plain(&cell));
                } else {
                    self.table.cells.push(cell);
                }
            }
            TagEnd::TableHead => self.table.in_head = false,
            TagEnd::TableRow => self.row(),
            _ => {}
        }
    }

    /// The first cell is what it is about, the second says it, what follows is named by its column.
    fn row(&mut self) {
        let mut cells = std::mem::take(&mut self.table.cells).into_iter();
        self.page.control("TP", []).text(cells.next().unwrap_or_default());
        let mut said = cells.next().unwrap_or_default();
        for (cell, head) in cells.zip(self.table.heads.iter().skip(2)).filter(|(cell, _)| !cell.is_empty()) {
            said.extend([roman(format!(" ({head}: "))]);
            said.extend(cell);
            said.push(roman(")"));
        }
        self.page.text(said);
    }

    fn flush(&mut self) {
        self.item = false;
        if !self.line.is_empty() {
            self.page.text(std::mem::take(&mut self.line));
        }
    }
}

/// The words alone.
fn plain(line: &[Inline]) -> String {
    line.iter()
        .map(|inline| match inline {
            Inline::Roman(text) | Inline::Italic(text) | Inline::Bold(text) => text.as_str(),
            Inline::LineBreak => " ",
        })
        .collect()
}
