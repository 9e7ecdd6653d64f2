//! Operators (no. 1), those designated for a year (no. 18), system staff (no. 19).

use std::collections::{BTreeMap, BTreeSet};

use sekisho_register::change::{OperatorState, PersonClass};
use sekisho_register::duty::Left;
use sekisho_register::people::{Designation, Operator, Standing};
use sekisho_register::timeline::Dated;
use sekisho_register::wareki::fiscal_year_text;
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use super::{AsOf, begins, reason};
use crate::forms::{DESIGNATIONS, OPERATORS, STAFF};
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// Why and from when somebody is in the register no longer.
struct Ended {
    on: Cell,
    why: Cell,
}

impl AsOf<'_> {
    /// 端末機操作者登録簿, with everybody who was ever in it.
    #[must_use]
    pub fn operators(&self) -> Table {
        self.operators_where(|_| true)
    }

    /// Whether a designation is over, and neither a later one nor a dismissal came.
    #[must_use]
    pub fn is_unrenewed(&self, operator: &Operator) -> bool {
        operator.state(self.at) != OperatorState::Ended && matches!(operator.standing(self.at), Standing::Ended)
    }

    /// The same of those that are wanted.
    pub fn operators_where(&self, wanted: impl Fn(&Operator) -> bool) -> Table {
        let columns = vec![
            Column::new("operator", "登録番号", "operator"),
            Column::new("name", "氏名", "name"),
            Column::new("section", "所属", "section"),
            Column::not_on_screen("post", "職", "post"),
            Column::new("state", "状態", "state"),
            Column::new("from", "登録日", "from"),
            Column::new("to", "終了予定日", "until"),
            Column::not_on_screen("released", "解除日", "ended"),
            Column::not_on_screen("reason", "解除理由", "why"),
            Column::new("profiles", "操作者ID", "permissions"),
            Column::not_on_screen("functions", "取扱範囲", "functions"),
            Column::new("where", "使用場所", "may work at"),
            Column::new("qualified", "交付資格", "qualified for"),
            Column::new("rules", "確認した執務基準書等", "rules acknowledged"),
            Column::not_on_screen("approved_by", "承認者", "approved by"),
            Column::not_on_screen("approved", "承認日", "approved on"),
        ];
        let mut table = Table::new(&OPERATORS, columns);
        for operator in self.register.operators().filter(|person| self.shows(person.code()) && wanted(person)) {
            let Some(decided) = self.designation(operator) else { continue };
            let designation = &decided.value;
            let functions: BTreeSet<&Code> =
                operator.profiles_at(self.at).flat_map(|(_, profile)| &profile.functions).collect();
            let ended = self.ended(operator);
            table.row([
                Cell::text(operator.code()),
                self.with_home(operator, self.name(self.name_hash(operator))),
                Cell::or_nothing(designation.section.as_ref().map(|code| self.section(code))),
                self.posts_of(operator.code()),
                Cell::Said(self.operator_state(operator)),
                Cell::day_of(designation.from),
                Cell::last_day_of(designation.to),
                ended.on,
                ended.why,
                Cell::list(operator.profiles_at(self.at).map(|(code, _)| code)),
                Cell::list(functions),
                Cell::list(designation.terminals.iter().chain(&designation.sections)),
                self.qualification_of(operator),
                self.rules_of(operator.code()),
                self.decided_by(decided.index),
                self.made_on(decided.index),
            ]);
        }
        table.without_empty(&["qualified", "rules"])
    }

    /// データ取扱担当者指定報告書: who is designated in a fiscal year, and whether that is new (S4 7).
    #[must_use]
    pub fn designations(&self, fiscal_year: u16) -> Table {
        let columns = vec![
            Column::new("section", "課", "section"),
            Column::new("post", "職", "post"),
            Column::new("operator", "登録番号", "operator"),
            Column::new("name", "氏名", "name"),
            Column::new("change", "区分", "change"),
            Column::new("from", "指定日", "from"),
            Column::new("to", "終了日", "until"),
        ];
        let year = Said::made(fiscal_year_text(fiscal_year), format!("fiscal year {fiscal_year}"));
        let title = Said::made(
            format!("{} {}", year.japanese, DESIGNATIONS.title.japanese),
            format!("{}, {}", DESIGNATIONS.title.english, year.english),
        );
        let mut table = Table::new(&DESIGNATIONS, columns).titled(title);
        let before = begins(fiscal_year).saturating_sub(1);
        let at = self.within(fiscal_year);
        let of = Self { at, ..*self };
        let of_the_year =
            |operator| of.of_the_year(operator, before).filter(|row| self.decided(operator, row.0).is_some());
        let mut rows: Vec<_> = self
            .register
            .operators()
            .filter(|person| self.shows(person.code()))
            .filter_map(|operator| Some((of_the_year(operator)?, operator)))
            .collect();
        rows.sort_by_key(|((designation, _), operator)| (designation.section.clone(), operator.code().clone()));
        for ((designation, left), operator) in rows {
            table.row([
                Cell::or_nothing(designation.section.as_ref().map(|code| of.section(code))),
                of.posts_of(operator.code()),
                Cell::text(operator.code()),
                of.with_home(operator, of.name(&designation.name)),
                Cell::Said(if left.is_some() {
                    Said::new("解除", "ended")
                } else {
                    change_since(operator, before, at)
                }),
                Cell::day_of(designation.from),
                left.unwrap_or_else(|| Cell::last_day_of(designation.to)),
            ]);
        }
        table
    }

    /// As of when a fiscal year is reported: one that is over as it ended, one to come as it will begin by what has been decided.
    #[must_use]
    pub fn within(&self, fiscal_year: u16) -> u64 {
        let last = begins(fiscal_year.saturating_add(1)).saturating_sub(1);
        self.at.clamp(begins(fiscal_year), last)
    }

    /// As what a person is designated now, or was after `before` until the duty ended, and then when it did.
    fn of_the_year<'o>(&self, operator: &'o Operator, before: u64) -> Option<(&'o Designation, Option<Cell>)> {
        if let Some(left) = operator.left(self.at) {
            return (left.at > before.saturating_add(1)).then_some((left.was?, Some(ended_on(&left))));
        }
        self.standing(operator).map(|designation| (designation, None))
    }

    /// 電算要員登録台帳, with those who were struck off (S3 17(1)).
    #[must_use]
    pub fn staff(&self) -> Table {
        let columns = vec![
            Column::new("operator", "登録番号", "operator"),
            Column::new("name", "氏名", "name"),
            Column::new("section", "所属", "section"),
            Column::new("post", "職", "post"),
            Column::new("class", "区分", "class"),
            Column::new("from", "登録日", "from"),
            Column::new("released", "抹消日", "struck off"),
        ];
        let mut table = Table::new(&STAFF, columns);
        for operator in self.register.operators().filter(|person| self.shows(person.code())) {
            let Some(decided) = self.designation(operator) else { continue };
            if decided.value.class != PersonClass::SystemStaff {
                continue;
            }
            let section = decided.value.section.as_ref().map(|code| self.section(code));
            table.row([
                Cell::text(operator.code()),
                self.with_home(operator, self.name(&decided.value.name)),
                Cell::or_nothing(section),
                self.posts_of(operator.code()),
                Cell::said("電算要員", "system staff"),
                Cell::day_of(decided.value.from),
                self.ended(operator).on,
            ]);
        }
        table
    }

    /// How many operators of each section are in which state, for reports that name nobody.
    #[must_use]
    pub fn operators_in_short(&self) -> Table {
        let columns = vec![
            Column::new("section", "所属", "section"),
            Column::new("active", "有効", "active"),
            Column::new("suspended", "停止", "suspended"),
            Column::new("not_begun", "開始前", "not yet"),
            Column::new("ended", "解除", "ended"),
        ];
        let mut counts: BTreeMap<Option<&Code>, [u64; 4]> = BTreeMap::new();
        let mut guests: BTreeMap<String, [u64; 4]> = BTreeMap::new();
        for operator in self.register.operators() {
            let Some(decided) = self.designation(operator) else { continue };
            let place = match (operator.state(self.at), operator.standing(self.at)) {
                (OperatorState::Suspended, _) => 1,
                (OperatorState::Ended, _) | (OperatorState::Active, Standing::Ended) => 3,
                (OperatorState::Active, Standing::NotBegun) => 2,
                (OperatorState::Active, Standing::Designated(_)) => 0,
            };
            let row = match self.home_of(operator) {
                Some(home) => guests.entry(home).or_default(),
                None => counts.entry(decided.value.section.as_ref()).or_default(),
            };
            row[place] += 1;
        }
        let mut table = Table::new(&OPERATORS, columns).titled(Said::new("操作者の状況", "operators"));
        let mut total = [0; 4];
        for (section, counts) in counts {
            total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
            let section = section.map_or(Cell::said("(所属なし)", "(no section)"), |code| self.section(code));
            table.row([section].into_iter().chain(counts.map(Cell::Number)));
        }
        table.row([Cell::said("合計", "total")].into_iter().chain(total.map(Cell::Number)));
        if guests.is_empty() {
            return table;
        }
        for (home, counts) in guests {
            let home = Said::made(format!("外に {home}の職員"), format!("besides, people of {home}"));
            table.row([Cell::Said(home)].into_iter().chain(counts.map(Cell::Number)));
        }
        table.noted(Said::new(
            "合計は当団体の職員の数で、他の団体から受け入れた職員を含まない",
            "the total is of this office's own people: those of other offices stand below it",
        ))
    }

    /// For which cards a person qualifies then, by what, until when (S4 10(1)(1)).
    fn qualification_of(&self, operator: &Operator) -> Cell {
        let Some(held) = operator.qualification(self.at) else { return Cell::Nothing };
        let text = |language: Language| {
            let kinds: Vec<&str> = held.kinds.iter().map(|kind| kind.name(language)).collect();
            let to = Cell::last_day_of(held.to).in_words(language);
            match language {
                Language::Japanese => format!("{} {to}まで({})", kinds.join("・"), held.ground),
                Language::English => format!("{} until {to} ({})", kinds.join(", "), held.ground),
            }
        };
        Cell::Said(Said::by(text))
    }

    /// The versions of the rules of work that a person has acknowledged, each with the day (S4 10(1)(5)(6)).
    fn rules_of(&self, operator: &Code) -> Cell {
        let Some((casebook, until)) = self.cases else { return Cell::Nothing };
        let known = casebook.acknowledged(operator, self.at.min(until)).into_iter().map(|known| {
            let text = |language| format!("{} ({})", known.version, Cell::Day(known.on).in_words(language));
            Cell::Said(Said::by(text))
        });
        let known: Vec<Cell> = known.collect();
        if known.is_empty() { Cell::Nothing } else { Cell::List(known) }
    }

    /// The designation that counts then: the one in force; of one who left that by which he was on duty last; else the last that had been decided.
    pub(super) fn designation<'o>(&self, operator: &'o Operator) -> Option<&'o Dated<Designation>> {
        let held = operator.left(self.at).and_then(|left| left.was).or_else(|| self.standing(operator));
        let in_force = held.and_then(|held| self.decided(operator, held));
        in_force.or_else(|| operator.designations().iter().rfind(|one| self.was_decided(one.index)))
    }

    /// The section to which a person belongs then, or belonged last.
    pub(crate) fn section_of(&self, operator: &Code) -> Cell {
        let decided = self.register.operator(operator).and_then(|operator| self.designation(operator));
        Cell::or_nothing(decided.and_then(|decided| decided.value.section.as_ref()).map(|code| self.section(code)))
    }

    /// That designation with its act, if it had been decided then.
    fn decided<'o>(&self, operator: &'o Operator, of: &Designation) -> Option<&'o Dated<Designation>> {
        operator.designations().iter().find(|one| std::ptr::eq(of, &raw const one.value) && self.was_decided(one.index))
    }

    fn standing<'o>(&self, operator: &'o Operator) -> Option<&'o Designation> {
        match operator.standing(self.at) {
            Standing::Designated(designation) => Some(designation),
            Standing::NotBegun | Standing::Ended => None,
        }
    }

    fn operator_state(&self, operator: &Operator) -> Said {
        match (operator.state(self.at), operator.standing(self.at)) {
            (OperatorState::Suspended, _) => Said::new("停止", "suspended"),
            (OperatorState::Ended, _) | (OperatorState::Active, Standing::Ended) => Said::new("解除", "ended"),
            (OperatorState::Active, Standing::NotBegun) => Said::new("開始前", "not yet"),
            (OperatorState::Active, Standing::Designated(_)) => Said::new("有効", "active"),
        }
    }

    fn ended(&self, operator: &Operator) -> Ended {
        let Some(left) = operator.left(self.at) else { return Ended { on: Cell::Nothing, why: Cell::Nothing } };
        Ended { on: ended_on(&left), why: left.why.map_or(Cell::said("期間満了", "time over"), reason) }
    }
}

/// The day on which an act ended it, or the last day of the time that was over.
const fn ended_on(left: &Left<'_>) -> Cell {
    if left.why.is_some() { Cell::day_of(left.at) } else { Cell::last_day_of(left.at) }
}

/// 新規, 継続 or 変更: what became of a person since the year before.
fn change_since(operator: &Operator, before: u64, at: u64) -> Said {
    let (Standing::Designated(then), Standing::Designated(now)) = (operator.standing(before), operator.standing(at))
    else {
        return Said::new("新規", "new");
    };
    let scope = |t| operator.profiles_at(t).map(|(code, profile)| (code, &profile.functions)).collect::<Vec<_>>();
    let same = (&then.section, then.class, &then.terminals, &then.sections)
        == (&now.section, now.class, &now.terminals, &now.sections);
    if same && scope(before) == scope(at) { Said::new("継続", "continued") } else { Said::new("変更", "changed") }
}
