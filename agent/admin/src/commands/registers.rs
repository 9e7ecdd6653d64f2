//! Registers in print (台帳), and lists of what is in them now.

use std::collections::BTreeMap;

use sekisho_paper::AsOf;
use sekisho_paper::forms::LABELS;
use sekisho_paper::print::{as_of, as_of_printed, moment_of};
use sekisho_paper::registers::{Which, state_of};
use sekisho_register::Casebook;
use sekisho_register::cards::Card;
use sekisho_register::change::SetTerminal;
use sekisho_register::today::Watched;
use sekisho_wire::id::{Code, Numbered};
use sekisho_wire::words::Language;

use crate::casebook;
use crate::cli::{AgainArguments, LabelArguments, RegisterArguments, RegisterCommand};
use crate::clock;
use crate::dates::When;
use crate::desk::Desk;
use crate::error::{AdminError, Said};
use crate::prints::Printing;
use crate::screen::Lists;

pub(super) fn run(desk: &mut Desk, command: RegisterCommand) -> Result<(), AdminError> {
    let RegisterCommand::Print(arguments) = command;
    print(desk, &arguments)
}

fn print(desk: &mut Desk, arguments: &RegisterArguments) -> Result<(), AdminError> {
    if arguments.year.is_some() && arguments.which != Which::Designations {
        let rule = Said::new("only 'designations' is of a year", "年度は designations だけに指定できます");
        let value = arguments.year.map(|year| year.to_string()).unwrap_or_default();
        return Err(AdminError::Argument { name: "--year", value, rule });
    }
    let printing = Printing::begin(desk, arguments.which.form(), &arguments.look, &arguments.again)?;
    let at = arguments.as_of.map_or_else(|| printing.now(), |date| moment_of(date, printing.now()));
    let casebook = casebook_beside(desk, arguments.which);
    let cases = casebook.as_ref().map(|casebook| (casebook, printing.now()));
    let sight = desk.sight();
    let of = AsOf { cases, sight: Some(&sight), ..printing.as_of(desk, at) };
    let table = of.table_to_print(arguments.which, arguments.year);
    // The day of what stands in it, whenever it is printed.
    let at = arguments.year.map_or(at, |year| of.within(year));
    let facts = printing.facts(desk, as_of_printed(at, printing.now()));
    let tables = [table];
    if !printing.write(&arguments.output, tables[0].form, &tables, &facts)?.is_empty() {
        printing.note_again(desk, &[]);
        return Ok(());
    }
    if desk.screen.lists == Lists::Text {
        let (title, size, language) = (of.register.title(), of.register.size(), desk.screen.language);
        let (name, at) = (tables[0].title.in_words(language), facts.as_of.in_words(language));
        desk.screen.print(&match language {
            Language::Japanese => format!("{title} {name}  {at}(登録簿 {size} 件)"),
            Language::English => format!("{title}: {name}  {at} ({size} entries)"),
        })?;
    }
    desk.screen.print_form(&tables[0])
}

/// The casebook, for the register that says what of it people have acknowledged. Where it cannot be read, and by whoever may not, the register is shown
/// without: that it is so is said.
fn casebook_beside(desk: &mut Desk, which: Which) -> Option<Casebook> {
    if !which.reads_casebook() {
        return None;
    }
    let (english, japanese) = if which == Which::Stock {
        ("the book of blank cards", "白カードの受払")
    } else {
        ("the rules that people acknowledged", "基準書の確認")
    };
    match casebook::entries(desk) {
        Ok((casebook, _)) => Some(casebook),
        Err(error) => {
            let why = error.in_words(desk.screen.language);
            desk.screen.note(
                &format!("without {english}: the casebook was not read ({why})"),
                &format!("処理簿を読めなかったため、{japanese}は表示していません({why})"),
            );
            None
        }
    }
}

/// The register as it is now.
pub(super) fn print_now(desk: &mut Desk, which: Which) -> Result<(), AdminError> {
    desk.log_in()?;
    // Of routes what was last decided: whoever changes one goes by that.
    let at = if which == Which::Routes { u64::MAX } else { clock::now() };
    let casebook = casebook_beside(desk, which);
    let cases = casebook.as_ref().map(|casebook| (casebook, at));
    let sight = desk.sight();
    let of = AsOf { register: desk.cache.register(), names: &desk.cache, at, cases, sight: Some(&sight) };
    desk.screen.print_form(&of.table(which, None))
}

/// Who has no designation any more at the end of that day, as far as is decided now, and was not dismissed.
pub(super) fn list_unrenewed(desk: &mut Desk, as_of: Option<When>) -> Result<(), AdminError> {
    desk.log_in()?;
    let at = as_of.map_or_else(clock::now, |date| moment_of(date, clock::now()));
    let sight = desk.sight();
    let of = AsOf { register: desk.cache.register(), names: &desk.cache, at, cases: None, sight: Some(&sight) };
    desk.screen.print_form(&of.operators_where(|operator| of.is_unrenewed(operator)))
}

/// Cards of one section or of all, those that should have come back, those that nobody has used for two weeks or all, and how many of each state there are among them.
pub(super) fn list_cards(
    desk: &mut Desk,
    section: Option<&Code>,
    unreturned: bool,
    unused: bool,
) -> Result<(), AdminError> {
    desk.log_in()?;
    // The register does not know when a card was used.
    let unused = if unused { Some(desk.ledger.watched()?) } else { None };
    let is_unused = |card: &Card| {
        let is = |watched: &Watched| watched.card().is_some_and(|(unused, _)| unused == card.guid());
        unused.as_ref().is_none_or(|all| all.iter().any(|(watched, _)| is(watched)))
    };
    let sight = desk.sight();
    let (at, sight) = (clock::now(), Some(&sight));
    let of = AsOf { register: desk.cache.register(), names: &desk.cache, at, cases: None, sight };
    let wanted = |card: &Card| {
        sight.is_none_or(|sight| sight.sees_card(of.register, card))
            && section.is_none_or(|section| of.section_of_card(card) == Some(section))
            && (!unreturned || of.is_unreturned(card))
            && is_unused(card)
    };
    desk.screen.print_form(&of.cards_where(wanted))?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for card in of.register.cards_by_number().filter(|card| wanted(card)) {
        *counts.entry(state_name(card, of.at, desk.screen.language)).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let each = |mark: &str| counts.iter().map(|(state, count)| format!("{state}{mark}{count}")).collect::<Vec<_>>();
    desk.screen
        .note(&format!("{all} cards: {}", each(" ").join(", ")), &format!("カード{all}枚: {}", each(" ").join("、")));
    Ok(())
}

/// All terminals, or those for which nobody is responsible.
pub(super) fn list_terminals(desk: &mut Desk, unattended: bool) -> Result<(), AdminError> {
    desk.log_in()?;
    let sight = desk.sight();
    let (at, sight) = (clock::now(), Some(&sight));
    let of = AsOf { register: desk.cache.register(), names: &desk.cache, at, cases: None, sight };
    let wanted = |version: &SetTerminal| !unattended || of.register.responsible_persons(version, of.at).is_empty();
    desk.screen.print_form(&of.terminals_where(wanted))
}

/// Labels for cards.
pub(super) fn labels(desk: &mut Desk, arguments: &LabelArguments) -> Result<(), AdminError> {
    let printing = Printing::begin(desk, &LABELS, &arguments.look, &AgainArguments::default())?;
    let wanted = arguments.cards.iter().map(|text| super::cards::find(desk, text)).collect::<Result<Vec<_>, _>>()?;
    let register = desk.cache.register();
    let wanted: Vec<Numbered> = wanted.iter().filter_map(|guid| register.card(guid).map(Card::number)).collect();
    let mut table = printing.as_of(desk, printing.now()).labels();
    if !arguments.cards.is_empty() {
        let numbers = wanted.into_iter().map(sekisho_paper::Cell::Numbered);
        table.rows = numbers.map(|number| vec![number]).collect();
    }
    let facts = printing.facts(desk, as_of(printing.now()));
    let tables = [table];
    let written = printing.write(&arguments.output, &LABELS, &tables, &facts)?;
    if written.is_empty() { desk.screen.print_form(&tables[0]) } else { Ok(()) }
}

/// The state of a card, for people; one that sleeps says so.
pub(super) fn state_name(card: &Card, at: u64, language: Language) -> String {
    state_of(card, at).in_words(language).to_owned()
}

#[cfg(test)]
mod tests {
    use sekisho_register::change::{CardState, Change, SetCardState, StateReason};
    use sekisho_wire::id::CardGuid;

    use super::*;
    use crate::register_cache::tests::{NOW, Story};

    #[test]
    fn a_state_is_printed_with_its_date_and_with_the_moment_it_was_decided() {
        let mut story = Story::begin();
        let effective = NOW + 3 * 24 * 60 * 60 * 1000;
        let (card, state, reason) = (CardGuid([2; 16]), CardState::Suspended, StateReason::Lost);
        story.change(Change::CardState(SetCardState { card, state, reason, effective, disposal: None }));
        let cache = story.cache(2);
        let printed = |at| {
            let of = AsOf { register: cache.register(), names: &cache, at, cases: None, sight: None };
            let cards = of.cards().json(Language::English);
            let dates = ["state", "since", "decided"].map(|key| cards[1][key].as_str().unwrap().to_owned());
            (dates, cards[0]["decided"].as_str().unwrap().to_owned())
        };
        let active = ["active", "-", "-"].map(str::to_owned);
        assert_eq!(printed(effective - 1), (active, "-".to_owned()));
        let suspended = ["suspended", "2026-11-21", "2026-11-18 20:06 JST"].map(str::to_owned);
        assert_eq!(printed(effective), (suspended, "-".to_owned()));
    }
}
