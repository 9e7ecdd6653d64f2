//! Terminals, their hours, and permits to work outside them (no. 11).

use std::collections::BTreeMap;

use sekisho_register::calendar::{fiscal_year, moment};
use sekisho_register::change::{OpenSpan, SetTerminal, TerminalKind, TerminalUse};
use sekisho_register::hours::Permit;
use sekisho_register::organisation::Capacity;
use sekisho_register::wareki::{day_text, fiscal_year_text};
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use super::{AsOf, as_deputy, codes_or_all};
use crate::forms::{HOURS, PERMITS, TERMINALS};
use crate::said::Said;
use crate::table::{Cell, Column, Table};

impl AsOf<'_> {
    /// 端末機管理簿.
    #[must_use]
    pub fn terminals(&self) -> Table {
        self.terminals_where(|_| true)
    }

    /// As [`Self::terminals`], only those of which this says so.
    #[must_use]
    pub fn terminals_where(&self, wanted: impl Fn(&SetTerminal) -> bool) -> Table {
        let columns = vec![
            Column::new("terminal", "端末機", "terminal"),
            Column::new("kind", "種別", "kind"),
            Column::new("section", "設置課", "section"),
            Column::new("responsible", "管理責任者", "responsible"),
            Column::new("held", "責任者氏名", "held by"),
            Column::new("state", "状態", "state"),
            Column::not_on_screen("registered", "登録日", "registered"),
            Column::new("functions", "用途", "for"),
            Column::new("readers", "カードリーダー", "readers"),
            Column::by_hand("place", "設置場所", "place"),
            Column::by_hand("remarks", "備考", "remarks"),
        ];
        let mut table = Table::new(&TERMINALS, columns);
        for terminal in self.register.terminals().filter(|terminal| self.shows_terminal(terminal.code())) {
            let Some(version) = terminal.versions().at(self.at).filter(|version| wanted(version)) else { continue };
            let state = match terminal.state(self.at) {
                TerminalUse::Active => Cell::said("使用中", "active"),
                TerminalUse::Suspended => Cell::said("停止", "suspended"),
                TerminalUse::Retired => Cell::said("廃止", "retired"),
            };
            let registered = terminal.versions().iter().map(|version| version.effective).min();
            table.row([
                Cell::text(&version.terminal),
                Cell::Said(kind(version.kind)),
                self.section(&version.section),
                Cell::list(self.register.responsible_posts(version, self.at)),
                self.held_by(version),
                state,
                Cell::or_nothing(registered.map(Cell::day_of)),
                Cell::list(&version.functions),
                Cell::list(&version.readers),
            ]);
        }
        table
    }

    /// Who is responsible now and on duty, each by name, and who only in the holder's place.
    fn held_by(&self, version: &SetTerminal) -> Cell {
        let posts = self.register.responsible_posts(version, self.at);
        let posts = posts.iter().filter_map(|post| self.register.post(post));
        let mut held: BTreeMap<&Code, Capacity> = BTreeMap::new();
        for holder in posts.flat_map(|post| post.holders(self.at)) {
            if self.register.operator(&holder.operator).is_some_and(|person| person.is_current(self.at)) {
                // Who holds one post and is the deputy of another is a holder.
                let known = held.entry(&holder.operator).or_insert(holder.capacity);
                *known = holder.capacity.min(*known);
            }
        }
        let persons = held.into_iter().map(|(operator, capacity)| match capacity {
            Capacity::Holder => self.person(operator),
            Capacity::Deputy => as_deputy(&self.person(operator)),
        });
        let persons: Vec<Cell> = persons.collect();
        if persons.is_empty() { Cell::said("不在", "nobody") } else { Cell::List(persons) }
    }

    /// 端末機運用時間: the week of each terminal.
    #[must_use]
    pub fn hours(&self) -> Table {
        let columns = vec![
            Column::new("terminal", "端末機", "terminal"),
            Column::new("monday", "月", "Mon"),
            Column::new("tuesday", "火", "Tue"),
            Column::new("wednesday", "水", "Wed"),
            Column::new("thursday", "木", "Thu"),
            Column::new("friday", "金", "Fri"),
            Column::new("saturday", "土", "Sat"),
            Column::new("sunday", "日", "Sun"),
        ];
        let mut table = Table::new(&HOURS, columns);
        for terminal in self.register.terminals().filter(|terminal| self.shows_terminal(terminal.code())) {
            let Some(version) = terminal.versions().at(self.at) else { continue };
            let week = self.register.hours(&version.terminal, self.at);
            table.row([Cell::text(&version.terminal)].into_iter().chain(week.iter().copied().map(span)));
        }
        let calendar = self.register.calendar(self.at);
        let closed = self.days_of("閉庁日", "days closed", &calendar.closed);
        let open = self.days_of("臨時開庁日", "days open besides", &calendar.open);
        table.noted(self.binds()).noted(closed).noted(open)
    }

    /// Whether work outside these hours is refused: without it they are only written down.
    fn binds(&self) -> Said {
        let policy = self.register.policy_at(self.at);
        if !policy.hours_enforced {
            return Said::new(
                "運用方針で運用時間は適用されておらず、時間外の使用も拒否されない",
                "the policy does not enforce hours: work outside them is refused nowhere",
            );
        }
        let free = Cell::several(
            policy.out_of_hours_kinds.iter().map(|kind| Cell::Said(Said::by(|of| kind.name(of)))).collect(),
        );
        if free == Cell::Nothing {
            return Said::new(
                "時間外の使用は、許可がなければ拒否される",
                "work outside these hours is refused, unless a permit covers it",
            );
        }
        let of = |language| free.in_words(language);
        Said::made(
            format!("時間外の使用は、許可がなければ拒否される(対象外のカード: {})", of(Language::Japanese)),
            format!(
                "work outside these hours is refused, unless a permit covers it (not with these cards: {})",
                of(Language::English)
            ),
        )
    }

    /// The days of the fiscal year, each; of other years how many.
    fn days_of(&self, japanese: &str, english: &str, days: &[u32]) -> Said {
        let year = fiscal_year(self.at);
        let (now, others): (Vec<u32>, Vec<u32>) = days.iter().partition(|day| fiscal_year(moment(**day, 0)) == year);
        let text = |language: Language| {
            let each = |day: &u32| day_text(*day, language);
            let days = now.iter().map(each).collect::<Vec<_>>().join(language.pick("、", ", "));
            let days = if days.is_empty() { language.pick("なし", "none").to_owned() } else { days };
            match (others.len(), language) {
                (0, Language::Japanese) => format!("{japanese}({}): {days}", fiscal_year_text(year)),
                (0, Language::English) => format!("{english} in fiscal year {year}: {days}"),
                (more, Language::Japanese) => {
                    format!("{japanese}({}): {days}(他の年度に{more}日)", fiscal_year_text(year))
                }
                (more, Language::English) => {
                    format!("{english} in fiscal year {year}: {days} (and {more} of other years)")
                }
            }
        };
        Said::by(text)
    }

    /// How a permit stands, and until when it lets anybody work. An end counts from the act that put it there, also where it lies ahead.
    fn permit_state(&self, permit: &Permit) -> (Cell, Cell) {
        let given = permit.given();
        let ends = permit.ends().iter().filter(|end| self.was_decided(end.index)).map(|end| end.effective);
        let Some(ended) = ends.min().filter(|ended| *ended < given.to) else {
            let state = if permit.is_in_force(self.at) {
                Cell::said("有効", "in force")
            } else if self.at < given.from {
                Cell::said("開始前", "not yet")
            } else {
                Cell::said("終了", "over")
            };
            return (Cell::Moment(given.to), state);
        };
        if ended <= given.from {
            let day = |language| Cell::day_of(ended).in_words(language);
            let state = Said::made(
                format!("取消({})", day(Language::Japanese)),
                format!("cancelled ({})", day(Language::English)),
            );
            return (Cell::Moment(given.to), Cell::Said(state));
        }
        let state = if ended <= self.at {
            Cell::said("途中終了", "ended early")
        } else if self.at < given.from {
            Cell::said("開始前(短縮)", "not yet, shortened")
        } else {
            Cell::said("有効(短縮)", "in force, shortened")
        };
        (Cell::Moment(ended), state)
    }

    /// 時間外使用許可簿 (S3 18(4)).
    #[must_use]
    pub fn permits(&self) -> Table {
        let columns = vec![
            Column::new("number", "許可番号", "number"),
            Column::not_on_screen("section", "申請課", "section"),
            Column::not_on_screen("responsible", "取扱責任者", "responsible"),
            Column::new("operators", "操作者", "who"),
            Column::not_on_screen("names", "氏名", "names"),
            Column::new("terminals", "端末機", "where"),
            Column::new("functions", "業務", "what"),
            Column::new("from", "開始", "from"),
            Column::new("to", "終了", "until"),
            Column::new("reason", "理由", "reason"),
            Column::new("state", "状態", "state"),
            Column::not_on_screen("permitted_by", "許可者", "permitted by"),
            Column::not_on_screen("permitted", "許可日", "permitted on"),
        ];
        let mut table = Table::new(&PERMITS, columns);
        let seen = |permit: &Permit| self.sight.is_none_or(|sight| sight.sees_permit(self.register, permit));
        for permit in self.register.permits().filter(|permit| self.was_decided(permit.index()) && seen(permit)) {
            let given = permit.given();
            let versions = given.terminals.iter().filter_map(|code| self.register.terminal(code)?.version_at(self.at));
            let (mut sections, mut posts) = (Vec::new(), Vec::new());
            for version in versions {
                let (section, post) =
                    (self.section(&version.section), version.responsible.as_ref().map(|post| self.post(post)));
                if !sections.contains(&section) {
                    sections.push(section);
                }
                posts.extend(post.filter(|post| !posts.contains(post)));
            }
            let names: Vec<Cell> = given.operators.iter().map(|operator| self.name_of(operator)).collect();
            let (to, state) = self.permit_state(permit);
            table.row([
                Cell::Numbered(permit.number()),
                Cell::List(sections),
                Cell::List(posts),
                Cell::list(&given.operators),
                Cell::List(names),
                Cell::list(&given.terminals),
                codes_or_all(&given.functions),
                Cell::Moment(given.from),
                to,
                Cell::text(&given.reason),
                state,
                self.decided_by(permit.index()),
                self.made_on(permit.index()),
            ]);
        }
        table
    }
}

/// A kind of terminal, for people.
pub(crate) const fn kind(kind: TerminalKind) -> Said {
    match kind {
        TerminalKind::Business => Said::new("業務端末", "business"),
        TerminalKind::Management => Said::new("管理用端末機", "management"),
        TerminalKind::Integrated => Said::new("統合端末", "integrated"),
        TerminalKind::CardIssuing => Said::new("カード発行用端末", "card issuing"),
    }
}

fn span(span: OpenSpan) -> Cell {
    if span.is_closed() {
        return Cell::said("閉", "closed");
    }
    let clock = |minute: u16| format!("{}:{:02}", minute / 60, minute % 60);
    Cell::Text(format!("{}–{}", clock(span.open), clock(span.close)))
}
