//! Functions, purposes, sections, posts, routes.

use sekisho_register::change::{SectionState, UseState};
use sekisho_register::organisation::Capacity;
use sekisho_register::role::{Class, Role};
use sekisho_wire::decision::Level;
use sekisho_wire::words::Language;

use super::places::kind;
use super::{AsOf, codes_or_all};
use crate::forms::{FUNCTIONS, POSTS, PURPOSES, ROUTES, SECTIONS};
use crate::said::Said;
use crate::table::{Cell, Column, Table};

impl AsOf<'_> {
    /// 業務機能一覧.
    #[must_use]
    pub fn functions(&self) -> Table {
        let columns = vec![
            Column::new("function", "機能", "function"),
            Column::new("title", "名称", "title"),
            Column::new("level", "確認", "proved by"),
            Column::new("purpose", "事由", "purpose"),
            Column::new("essential", "停止時使用", "essential"),
            Column::not_on_screen("terminal_kind", "端末種別", "kind of terminal"),
            Column::not_on_screen("card", "カード", "card"),
            Column::new("state", "状態", "state"),
        ];
        let mut table = Table::new(&FUNCTIONS, columns);
        for function in self.register.functions() {
            let Some(version) = function.versions().at(self.at) else { continue };
            let level = match version.level {
                Level::Session => Cell::said("セッション", "session"),
                Level::Card => Cell::said("カード", "card"),
                Level::Pin => Cell::said("カードと暗証番号", "card and PIN"),
            };
            let yes = |is: bool, cell: Cell| if is { cell } else { Cell::Nothing };
            table.row([
                Cell::text(&version.function),
                Cell::text(&version.title),
                level,
                yes(version.purpose_required, Cell::said("必須", "needed")),
                yes(version.essential, Cell::said("可", "yes")),
                version.terminal_kind.map_or(Cell::Nothing, |of| Cell::Said(kind(of))),
                yes(version.management, Cell::said("カード管理用", "card management")),
                used(if function.is_in_use_at(self.at) { UseState::InUse } else { UseState::Ended }),
            ]);
        }
        table
    }

    /// 事由一覧.
    #[must_use]
    pub fn purposes(&self) -> Table {
        let columns = vec![
            Column::new("purpose", "事由", "purpose"),
            Column::new("title", "名称", "title"),
            Column::new("functions", "対象機能", "for"),
            Column::new("state", "状態", "state"),
        ];
        let mut table = Table::new(&PURPOSES, columns);
        for purpose in self.register.purposes() {
            let Some(version) = purpose.versions().at(self.at) else { continue };
            table.row([
                Cell::text(&version.purpose),
                Cell::text(&version.title),
                codes_or_all(&version.functions),
                used(version.state),
            ]);
        }
        table
    }

    /// 課一覧.
    #[must_use]
    pub fn sections(&self) -> Table {
        let columns = vec![
            Column::new("section", "課コード", "section"),
            Column::new("title", "名称", "title"),
            Column::new("state", "状態", "state"),
        ];
        let mut table = Table::new(&SECTIONS, columns);
        for section in self.register.sections() {
            let Some((title, _)) = section.versions().at(self.at) else { continue };
            let state = match section.state(self.at) {
                Some(SectionState::Open) | None => Cell::said("運用中", "open"),
                Some(SectionState::Suspended) => Cell::said("停止", "suspended"),
                Some(SectionState::Ended) => Cell::said("廃止", "ended"),
            };
            table.row([Cell::text(section.code()), Cell::text(title), state]);
        }
        table
    }

    /// 職・在職者一覧: a row for each holder and deputy, one for a post that nobody holds (S0 7, S1 5 to 7).
    #[must_use]
    pub fn posts(&self) -> Table {
        let columns = vec![
            Column::new("post", "職コード", "post"),
            Column::new("title", "職", "title"),
            Column::new("section", "所属", "section"),
            Column::new("roles", "役割", "roles"),
            Column::new("operator", "登録番号", "operator"),
            Column::new("name", "在職者", "held by"),
            Column::new("capacity", "区分", "as"),
        ];
        let mut table = Table::new(&POSTS, columns);
        for post in self.register.posts() {
            let Some(version) = post.versions().at(self.at) else { continue };
            let section = version.section.as_ref().map(|code| self.section(code));
            let head =
                [Cell::text(post.code()), Cell::text(&version.title), Cell::or_nothing(section), roles(&version.roles)];
            let mut held = false;
            for holder in post.holders(self.at) {
                held = true;
                let capacity = match holder.capacity {
                    Capacity::Holder => Cell::said("在職", "holder"),
                    Capacity::Deputy => Cell::said("代決者", "deputy"),
                };
                let person = [Cell::text(&holder.operator), self.name_of(&holder.operator), capacity];
                table.row(head.clone().into_iter().chain(person));
            }
            if !held {
                let nobody = [Cell::Nothing, Cell::Nothing, Cell::said("欠員", "vacant")];
                table.row(head.into_iter().chain(nobody));
            }
        }
        table
    }

    /// 決裁経路.
    #[must_use]
    pub fn routes(&self) -> Table {
        let columns = vec![
            Column::new("class", "処分の種類", "class"),
            Column::new("proposers", "申請・署名", "proposed or signed by"),
            Column::new("approvers", "承認", "approved by"),
            Column::new("distinct", "申請者・承認者", "persons"),
        ];
        let mut table = Table::new(&ROUTES, columns);
        for class in Class::ALL {
            let route = self.register.route_at(class, self.at);
            let name = Said::new(class.title(), class.name());
            // Where nobody has to approve there is one person.
            let distinct = match (route.stages.is_empty(), route.distinct) {
                (true, _) => Cell::Nothing,
                (false, true) => Cell::said("全て別の者", "all different"),
                (false, false) => Cell::said("同じ者でもよい", "may be the same"),
            };
            table.row([Cell::Said(name), roles(&route.proposers), stages(&route.stages), distinct]);
        }
        table
    }
}

fn used(state: UseState) -> Cell {
    match state {
        UseState::InUse => Cell::said("使用中", "in use"),
        UseState::Ended => Cell::said("廃止", "ended"),
    }
}

/// One stage after the other (決裁の段階).
fn stages(stages: &[Vec<Role>]) -> Cell {
    let names = |language: Language| {
        let stage = |of: &Vec<Role>| roles(of).in_words(language);
        stages.iter().map(stage).collect::<Vec<_>>().join(language.pick("、次に ", ", then "))
    };
    if stages.is_empty() { Cell::Nothing } else { Cell::Said(Said::by(names)) }
}

fn roles(roles: &[Role]) -> Cell {
    if roles.is_empty() {
        return Cell::Nothing;
    }
    Cell::List(roles.iter().map(|role| Cell::said(role.title(), role.name())).collect())
}
