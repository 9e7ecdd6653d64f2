//! Which registers there are: the name of each, its form, and who fills it in.

use sekisho_register::calendar::fiscal_year;

use super::AsOf;
use crate::forms::{
    CARDS, DESIGNATIONS, DISPOSALS, FUNCTIONS, Form, HOURS, OPERATORS, PERMITS, POLICY, POSTS, PURPOSES, ROUTES,
    SECTIONS, STAFF, STOCK, TEMPORARY, TERMINALS,
};
use crate::said::Said;
use crate::table::Table;

/// A register that is a fold of the register log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// No. 1.
    Operators,
    /// No. 2.
    Cards,
    /// No. 6.
    TemporaryCards,
    /// No. 11.
    Permits,
    /// No. 18, of a fiscal year.
    Designations,
    /// No. 19.
    Staff,
    /// No. 20.
    Stock,
    /// No. 20.
    Disposals,
    /// 端末機管理簿.
    Terminals,
    /// 業務機能一覧.
    Functions,
    /// 事由一覧.
    Purposes,
    /// 課一覧.
    Sections,
    /// 職・在職者一覧.
    Posts,
    /// 決裁経路.
    Routes,
    /// 運用方針.
    Policy,
    /// 端末機運用時間.
    Hours,
}

impl Which {
    /// All, in the order of lists.
    pub const ALL: [Self; 16] = [
        Self::Operators,
        Self::Cards,
        Self::TemporaryCards,
        Self::Permits,
        Self::Designations,
        Self::Staff,
        Self::Stock,
        Self::Disposals,
        Self::Terminals,
        Self::Functions,
        Self::Purposes,
        Self::Sections,
        Self::Posts,
        Self::Routes,
        Self::Policy,
        Self::Hours,
    ];

    /// The one whose form has this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.form().key == key)
    }

    /// Its form. Which that is, no entry of a log decides.
    #[must_use]
    pub fn form(self) -> &'static Form {
        match self {
            Self::Operators => &OPERATORS,
            Self::Cards => &CARDS,
            Self::TemporaryCards => &TEMPORARY,
            Self::Permits => &PERMITS,
            Self::Designations => &DESIGNATIONS,
            Self::Staff => &STAFF,
            Self::Stock => &STOCK,
            Self::Disposals => &DISPOSALS,
            Self::Terminals => &TERMINALS,
            Self::Functions => &FUNCTIONS,
            Self::Purposes => &PURPOSES,
            Self::Sections => &SECTIONS,
            Self::Posts => &POSTS,
            Self::Routes => &ROUTES,
            Self::Policy => &POLICY,
            Self::Hours => &HOURS,
        }
    }

    /// Whether something of the casebook stands in it: who acknowledged which rules, how many blank cards there should be.
    #[must_use]
    pub fn reads_casebook(self) -> bool {
        matches!(self, Self::Operators | Self::Stock)
    }
}

impl AsOf<'_> {
    /// That register. Only of designations there is one of each fiscal year; without a year it is that of the moment.
    #[must_use]
    pub fn table(&self, which: Which, year: Option<u16>) -> Table {
        match which {
            Which::Operators => self.operators(),
            Which::Cards => self.cards(),
            Which::TemporaryCards => self.temporary_cards(),
            Which::Permits => self.permits(),
            Which::Designations => self.designations(year.unwrap_or_else(|| fiscal_year(self.at))),
            Which::Staff => self.staff(),
            Which::Stock => self.stock(),
            Which::Disposals => self.disposals(),
            Which::Terminals => self.terminals(),
            Which::Functions => self.functions(),
            Which::Purposes => self.purposes(),
            Which::Sections => self.sections(),
            Which::Posts => self.posts(),
            Which::Routes => self.routes(),
            Which::Policy => self.policy(),
            Which::Hours => self.hours(),
        }
    }

    /// The same for a print: where whoever makes it sees a section alone, that is said under it.
    #[must_use]
    pub fn table_to_print(&self, which: Which, year: Option<u16>) -> Table {
        let table = self.table(which, year);
        if self.sight.is_none_or(sekisho_register::Sight::is_whole) { table } else { table.noted(OWN_SECTION) }
    }
}

/// What a head of a section prints says so.
const OWN_SECTION: Said = Said::new(
    "操作者・カード・端末機・許可は、印刷した者の課に関するものに限る。",
    "People, cards, terminals and permits are those of the section of whoever printed it.",
);

#[cfg(test)]
mod tests {
    use sekisho_register::Register;
    use sekisho_register::values::NameHash;

    use super::*;
    use crate::names::Names;

    struct Nobody;

    impl Names for Nobody {
        fn name(&self, _: &NameHash) -> Option<&str> {
            None
        }

        fn is_erased(&self, _: &NameHash) -> bool {
            false
        }

        fn made(&self, _: u64) -> Option<u64> {
            None
        }

        fn entry(&self, _: u64) -> Option<&[u8]> {
            None
        }
    }

    #[test]
    fn every_register_is_named_after_its_form_and_filled_in_on_it() {
        let of = AsOf { register: &Register::new(), names: &Nobody, at: 0, cases: None, sight: None };
        for which in Which::ALL {
            assert_eq!(Which::from_key(which.form().key), Some(which));
            assert_eq!(of.table(which, None).form, which.form());
        }
        assert_eq!(Which::from_key("history"), None);
        assert_eq!(of.table(Which::Designations, Some(2026)).form, &DESIGNATIONS);
    }
}
