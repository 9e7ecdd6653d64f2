//! What the console offers as changes of every day is what the file of changes says by the same names.

use std::path::Path;

use sekisho_register::Register;
use sekisho_register::change::{CardState, Change, OperatorState, StateReason, TerminalUse};
use sekisho_register::everyday::{Entry, Everyday};
use sekisho_register::forms::Kind;
use sekisho_register::typed::Takes;
use sekisho_wire::record::Retention;

use super::{ChangesFile, Drafter, PolicyUse};
use crate::config_text::{FromText, parse};
use crate::register_cache::tests::{NOW, Story};

fn register() -> Register {
    let mut register = Register::new();
    for entry in Story::begin().entries {
        register.fold(&entry).unwrap();
    }
    register
}

/// The same by both ways: made of what is typed in the browser, and read from a file.
fn same(which: Everyday, typed: &[(&str, &str)]) -> Change {
    let register = register();
    let [by_form] = which.changes(typed.iter().copied(), (&register, None), NOW).unwrap().try_into().unwrap();
    let lines: Vec<String> = typed.iter().map(|(name, value)| format!("{name} = '{value}'")).collect();
    let text = format!("[[{}]]\n{}\n", which.name(), lines.join("\n"));
    let file: ChangesFile = parse(Path::new("changes.toml"), &text).unwrap();
    let [by_file] = file.changes(PolicyUse::Change, &mut Drafter::new(&register, NOW)).unwrap().try_into().unwrap();
    assert_eq!(by_form, by_file, "{text}");
    by_form
}

#[test]
fn a_change_of_every_day_is_what_the_file_of_changes_says_by_the_same_names() {
    let register = register();
    let (card, operator) =
        (register.cards().next().unwrap().guid().to_string(), register.operators().next().unwrap().code().to_string());
    let suspended = same(Everyday::CardState, &[("card", &card), ("state", "suspended"), ("reason", "lost")]);
    assert!(matches!(suspended, Change::CardState(set) if set.effective == NOW));
    same(Everyday::CardState, &[("card", &card), ("state", "returned"), ("from", "令和9年4月1日")]);
    same(Everyday::OperatorState, &[("operator", &operator), ("state", "ended"), ("reason", "left_duty")]);
    same(Everyday::WithdrawProfile, &[("operator", &operator), ("profile", "juki"), ("from", "2027-04-01T08:30")]);
    same(Everyday::EndPermit, &[("permit", "2026-12")]);
}

#[test]
fn a_card_that_was_destroyed_is_what_the_file_says_of_it() {
    let register = register();
    let card = register.cards().next().unwrap().guid().to_string();
    let [by, witness] =
        [0, 1].map(|at| register.operators().nth(at).map_or_else(|| "a1".to_owned(), |it| it.code().to_string()));
    let typed =
        [("card", card.as_str()), ("method", "券面裁断"), ("by", &by), ("witness", &witness), ("on", "2026-04-01")];
    let [by_form] = Everyday::Dispose.changes(typed, (&register, None), NOW).unwrap().try_into().unwrap();
    let text = format!(
        "[[card_state]]\ncard = '{card}'\nstate = 'disposed'\ndisposal = {{ on = 2026-04-01, method = '券面裁断', by = '{by}', witness = '{witness}' }}\n"
    );
    let file: ChangesFile = parse(Path::new("changes.toml"), &text).unwrap();
    let [by_file] = file.changes(PolicyUse::Change, &mut Drafter::new(&register, NOW)).unwrap().try_into().unwrap();
    assert_eq!(by_form, by_file, "{text}");
    let alone = [("card", card.as_str()), ("method", "裁断"), ("by", &by), ("witness", &by)];
    let wrong = Everyday::Dispose.changes(alone, (&register, None), NOW).unwrap_err();
    assert_eq!(wrong.iter().map(|wrong| wrong.name).collect::<Vec<_>>(), ["witness"], "another person");
    let wrong = Everyday::Dispose.changes([("on", "2999-01-01")], (&register, None), NOW).unwrap_err();
    assert_eq!(wrong.iter().map(|wrong| wrong.name).collect::<Vec<_>>(), ["card", "on", "method", "by"]);
}

/// The words of an entry.
fn words(entry: &Entry) -> Vec<&'static str> {
    let (Takes::One(Kind::Choice(words)) | Takes::Several(Kind::Choice(words))) = entry.takes else {
        return Vec::new();
    };
    words.iter().map(|word| word.name).collect()
}

#[test]
fn the_words_of_changes_of_every_day_are_those_of_files() {
    let read = |which: Everyday, name: &str, reads: &dyn Fn(&str) -> bool| {
        let words = words(which.entry(name).unwrap());
        assert!(words.len() >= 3, "{name}");
        words.into_iter().for_each(|word| assert!(reads(word), "{word}"));
    };
    read(Everyday::CardState, "state", &|word| CardState::from_text(word).is_ok());
    read(Everyday::CardState, "reason", &|word| StateReason::from_text(word).is_ok());
    read(Everyday::OperatorState, "state", &|word| OperatorState::from_text(word).is_ok());
    read(Everyday::TerminalState, "state", &|word| TerminalUse::from_text(word).is_ok());
    read(Everyday::Preserve, "classes", &|word| Retention::from_text(word).is_ok());
    read(Everyday::Destroy, "class", &|word| Retention::from_text(word).is_ok());
}

#[test]
fn a_card_becomes_what_its_word_says_and_nothing_else() {
    let register = register();
    let card = register.cards().next().unwrap().guid().to_string();
    for word in words(Everyday::CardState.entry("state").unwrap()) {
        let typed = [("card", card.as_str()), ("state", word)];
        let [change] = Everyday::CardState.changes(typed, (&register, None), NOW).unwrap().try_into().unwrap();
        let Change::CardState(set) = change else { panic!("{change:?}") };
        assert_eq!(set.state, CardState::from_text(word).unwrap(), "{word}");
    }
}

#[test]
fn all_that_is_wrong_with_a_change_of_every_day_is_said_at_once() {
    let register = register();
    let typed = [("operators", "a1, nobody"), ("from", "2026-13-01"), ("to", "R9"), ("reason", "時間外")];
    let wrong = Everyday::Permit.changes(typed, (&register, None), NOW).unwrap_err();
    let names: Vec<&str> = wrong.iter().map(|wrong| wrong.name).collect();
    assert_eq!(names, ["operators", "terminals", "from", "to", "reason"]);
    let wrong = Everyday::Renew.changes([("operators", " 、,")], (&register, None), NOW).unwrap_err();
    assert_eq!(wrong.iter().map(|wrong| wrong.name).collect::<Vec<_>>(), ["operators"], "nothing but commas");
    let typed = [("order", "keisatsu"), ("from", "2026-05"), ("to", "2026-04")];
    let wrong = Everyday::Preserve.changes(typed, (&register, None), NOW).unwrap_err();
    assert_eq!(wrong.iter().map(|wrong| wrong.name).collect::<Vec<_>>(), ["to"], "it ends before it begins");
}
