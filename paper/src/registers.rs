//! Registers as they stood at a moment: folds of the register log (S1 11(1), S4 24). Which rules a person has acknowledged the casebook says beside it.

mod cards;
mod organisation;
mod people;
mod places;
mod policy;
mod which;

use sekisho_register::calendar::{Date, day_of_date, moment};
use sekisho_register::cards::Card;
use sekisho_register::change::{CardState, StateReason};
use sekisho_register::organisation::Capacity;
use sekisho_register::people::{Operator, Standing};
use sekisho_register::{Casebook, Register, Sight, SignedAct, values::NameHash};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use crate::names::Names;
use crate::said::Said;
use crate::table::Cell;

pub use self::cards::state_of;
pub(crate) use self::places::kind as terminal_kind;
pub use self::which::Which;

/// A register as of a moment.
#[derive(Clone, Copy)]
pub struct AsOf<'a> {
    /// The register, folded as far as it is to count.
    pub register: &'a Register,
    /// What it does not hold itself.
    pub names: &'a dyn Names,
    /// The moment, ms since 1970 UTC. "As of a day" is as of its end: what was decided on that day counts.
    pub at: u64,
    /// The casebook, for what it says of people, and until when its entries count: a print that is made again says no more than it did.
    pub cases: Option<(&'a Casebook, u64)>,
    /// Whom whoever prints it sees: the head of a section his own people, cards and terminals alone (S4 5–6); nothing where it is the office.
    pub sight: Option<&'a Sight>,
}

impl std::fmt::Debug for AsOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsOf").field("size", &self.register.size()).field("at", &self.at).finish_non_exhaustive()
    }
}

/// What stands in place of a name that an act erased.
const ERASED: Said = Said::new("(氏名消去)", "(name erased)");

/// What stands in place of a name or a text that is not there though nothing erased it: the ledger gives to each what he may see.
pub(crate) const NOT_SHOWN: Said = Said::new("(台帳が示さない)", "(not shown by the ledger)");

impl AsOf<'_> {
    /// Whether the act at this index had been made by then: a register of last month does not list this month's cards.
    pub(crate) fn was_decided(&self, index: u64) -> bool {
        self.names.made(index).is_some_and(|made| made <= self.at)
    }

    /// Whether this person stands in what is printed.
    pub(crate) fn shows(&self, operator: &Code) -> bool {
        self.sight.is_none_or(|sight| sight.sees_operator(self.register, operator))
    }

    /// Whether this terminal does.
    pub(crate) fn shows_terminal(&self, terminal: &Code) -> bool {
        self.sight.is_none_or(|sight| sight.sees_terminal(self.register, terminal))
    }

    /// Whether this card does.
    pub(crate) fn shows_card(&self, card: &Card) -> bool {
        self.sight.is_none_or(|sight| sight.sees_card(self.register, card))
    }

    /// The name behind a hash.
    pub(crate) fn name(&self, hash: &NameHash) -> Cell {
        let erased = self.names.is_erased(hash) || self.register.name_erased(hash).is_some();
        match self.names.name(hash).filter(|_| !erased) {
            Some(name) => Cell::text(name),
            None if erased => Cell::Said(ERASED),
            None => Cell::Said(NOT_SHOWN),
        }
    }

    /// The name of a person, by the designation that held then, else the newest.
    pub(crate) fn name_of(&self, operator: &Code) -> Cell {
        let Some(operator) = self.register.operator(operator) else { return Cell::Nothing };
        self.name(self.name_hash(operator))
    }

    pub(crate) fn name_hash<'o>(&self, operator: &'o Operator) -> &'o NameHash {
        if let Standing::Designated(designation) = operator.standing(self.at) {
            return &designation.name;
        }
        let known = operator.designations().iter().rfind(|designation| self.was_decided(designation.index));
        known.map_or_else(|| operator.name(), |designation| &designation.value.name)
    }

    /// A person with the code, or the code alone where no name is known.
    #[must_use]
    pub fn person(&self, operator: &Code) -> Cell {
        let code = operator.to_string();
        match self.name_of(operator) {
            Cell::Text(title) => Cell::Coded { code, title },
            Cell::Said(instead) => Cell::Said(Said::made(
                format!("{} ({code})", instead.japanese),
                format!("{} ({code})", instead.english),
            )),
            Cell::Nothing
            | Cell::ByHand
            | Cell::Day(_)
            | Cell::Moment(_)
            | Cell::Number(_)
            | Cell::Numbered(_)
            | Cell::Coded { .. }
            | Cell::List(_) => Cell::Text(code),
        }
    }

    /// A section by the title that it had then.
    pub(crate) fn section(&self, code: &Code) -> Cell {
        let title = self.register.section(code).and_then(|section| section.versions().at(self.at));
        match title {
            Some((title, _)) => Cell::Coded { code: code.to_string(), title: title.to_string() },
            None => Cell::text(code),
        }
    }

    /// A function by the title that it had then.
    pub(crate) fn function(&self, code: &Code) -> Cell {
        match self.register.function(code).and_then(|function| function.version_at(self.at)) {
            Some(version) => Cell::Coded { code: code.to_string(), title: version.title.to_string() },
            None => Cell::text(code),
        }
    }

    /// A post by the title that it had then.
    pub(crate) fn post(&self, code: &Code) -> Cell {
        match self.register.post(code).and_then(|post| post.versions().at(self.at)) {
            Some(version) => Cell::Coded { code: code.to_string(), title: version.title.to_string() },
            None => Cell::text(code),
        }
    }

    /// The titles of the posts that a person held then; of a deputy with that word, or he would pass for the holder.
    pub(crate) fn posts_of(&self, operator: &Code) -> Cell {
        let held = self.register.posts().filter_map(|post| {
            let title = &post.versions().at(self.at)?.title;
            let held = |capacity| post.is_held_by(operator, capacity, self.at);
            if held(Capacity::Holder) {
                return Some(Cell::text(title));
            }
            held(Capacity::Deputy).then(|| as_deputy(&Cell::text(title)))
        });
        Cell::several(held.collect())
    }

    /// A cell about a person of another office says of which (register §R10).
    pub(crate) fn with_home(&self, operator: &Operator, cell: Cell) -> Cell {
        let Some(home) = self.home_of(operator) else { return cell };
        let text = |language: Language| {
            let text = cell.in_words(language);
            match language {
                Language::Japanese => format!("{text}({home})"),
                Language::English => format!("{text} (of {home})"),
            }
        };
        Cell::Said(Said::by(text))
    }

    /// The name of the office that a person comes from, where it is another one.
    pub(crate) fn home_of(&self, operator: &Operator) -> Option<String> {
        let partner = &operator.home()?.partner;
        let known = self.register.partner(partner).map(|partner| partner.said().title.to_string());
        Some(known.unwrap_or_else(|| partner.to_string()))
    }

    /// Who signed the act at this index, in the end: of an approval whoever approved (承認者).
    pub(crate) fn decided_by(&self, index: u64) -> Cell {
        let signed = self.names.entry(index).and_then(|entry| SignedAct::decode(entry).ok());
        let Some(signed) = signed else { return Cell::Nothing };
        // Who decided on paper holds no card: the keeper of its papers signed.
        if let Some(paper) = &signed.act().paper {
            let post = self.post(&paper.post);
            return Cell::Said(Said::made(
                format!("{}(書面 {})", post.in_words(Language::Japanese), paper.document),
                format!("{} (paper {})", post.in_words(Language::English), paper.document),
            ));
        }
        match signed.signer() {
            Signer::Card(guid) => {
                let holder = self.register.card(guid).and_then(|card| card.holder(signed.act().made));
                holder.map_or_else(|| Cell::text(guid), |holder| self.person(holder.operator))
            }
            Signer::Terminal(terminal) => {
                Cell::Said(Said::made(format!("端末機 {terminal}"), format!("terminal {terminal}")))
            }
            Signer::Recovery(_) => Cell::said("復旧鍵", "recovery keys"),
        }
    }

    /// At whose request the act at this index was made (依頼番号), else the act's place in the log.
    pub(crate) fn number_of_act(&self, index: u64) -> Cell {
        let signed = self.names.entry(index).and_then(|entry| SignedAct::decode(entry).ok());
        let request = signed.and_then(|signed| signed.act().request.clone());
        request.map_or_else(|| Cell::Said(Said::made(format!("処分{index}"), format!("act {index}"))), Cell::text)
    }

    /// The day on which the act at this index was made.
    pub(crate) fn made_on(&self, index: u64) -> Cell {
        Cell::or_nothing(self.names.made(index).map(Cell::day_of))
    }
}

/// Whoever decides in the holder's place (代決) is said to.
pub(crate) fn as_deputy(cell: &Cell) -> Cell {
    Cell::Said(Said::made(
        format!("{}(代決者)", cell.in_words(Language::Japanese)),
        format!("{} (deputy)", cell.in_words(Language::English)),
    ))
}

/// The first moment of a fiscal year, by the Gregorian year in which it begins.
#[must_use]
pub fn begins(fiscal_year: u16) -> u64 {
    moment(day_of_date(Date { year: fiscal_year, month: 4, day: 1 }), 0)
}

/// Why a card or a person is not what it was.
pub(crate) const fn reason(reason: StateReason) -> Cell {
    match reason {
        StateReason::None => Cell::Nothing,
        StateReason::Lost => Cell::said("紛失", "lost"),
        StateReason::Stolen => Cell::said("盗難", "stolen"),
        StateReason::Damaged => Cell::said("き損", "damaged"),
        StateReason::PinCompromised => Cell::said("暗証番号の漏えい", "PIN known"),
        StateReason::NameChanged => Cell::said("氏名変更", "name changed"),
        StateReason::LeftDuty => Cell::said("担当を外れた", "left the duty"),
        StateReason::Replaced => Cell::said("再交付", "replaced"),
        StateReason::Other => Cell::said("その他", "other"),
    }
}

pub(crate) fn card_state(state: CardState) -> Said {
    Said::by(|language| state.name(language))
}

/// The codes of a list, or that it is all.
pub(crate) fn codes_or_all(codes: &[Code]) -> Cell {
    if codes.is_empty() { Cell::said("全て", "all") } else { Cell::list(codes) }
}
