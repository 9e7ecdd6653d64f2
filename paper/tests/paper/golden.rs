//! Prints whose bytes are kept. When they are meant to change, run with `UPDATE_GOLDEN=1` and look at the difference.

use std::path::PathBuf;

use sekisho_paper::print::{Facts, as_of, html};
use sekisho_paper::{Table, Templates, forms};
use sekisho_wire::words::Language;

use crate::office::{Office, noon};

pub(crate) fn kept(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == text, "{name} changed: look at it with UPDATE_GOLDEN=1 and git diff");
}

fn facts(office: &Office, language: Language, at: u64) -> Facts {
    Facts::of(&office.register, language, as_of(at), "佐藤 一郎 (0001)".to_owned(), noon(2026, 6, 30))
}

fn page(office: &Office, table: Table, language: Language, at: u64) -> String {
    let form = table.form;
    html(&Templates::built_in(), form, &[table], &facts(office, language, at)).unwrap()
}

#[test]
fn the_register_of_cards_of_a_small_office() {
    let office = Office::of_2026();
    let at = noon(2026, 6, 15);
    let table = office.as_of(at).cards();
    kept("cards.csv", &table.csv(Language::Japanese));
    kept("cards.html", &page(&office, table, Language::Japanese, at));
}

#[test]
fn the_register_of_operators_in_english() {
    let office = Office::of_2026();
    let at = noon(2026, 6, 15);
    kept("operators.html", &page(&office, office.as_of(at).operators(), Language::English, at));
}

#[test]
fn a_print_is_made_again_byte_for_byte_from_a_log_that_has_grown() {
    let mut office = Office::of_2026();
    let (at, size) = (noon(2026, 6, 15), usize::try_from(office.register.size()).unwrap());
    let first = page(&office, office.as_of(at).cards(), Language::Japanese, at);
    office.designate(noon(2026, 9, 1), 7, "10031", "高橋 三郎", "zeimu");
    office.leaves(noon(2026, 10, 1), "10023");
    let today = page(&office, office.as_of(at).cards(), Language::Japanese, at);
    assert_ne!(today, first, "it says on how many entries it rests");
    let then = office.register_at(size);
    let of_then = sekisho_paper::AsOf { register: &then, names: &office, at, cases: None, sight: None };
    let facts = Facts { size: then.size(), root: then.root(), ..facts(&office, Language::Japanese, at) };
    let again = html(&Templates::built_in(), &forms::CARDS, &[of_then.cards()], &facts).unwrap();
    assert_eq!(again, first);
    assert!(office.register.root_at(then.size()) == Some(then.root()) && office.root() != then.root());
    // Whatever goes in is seen in what comes out.
    for other in [
        Facts { printed_at: facts.printed_at + 60_000, ..facts.clone() },
        Facts { printed_by: "鈴木 花子 (0002)".to_owned(), ..facts.clone() },
        Facts { language: Language::English, ..facts.clone() },
        Facts { as_of: as_of(at + 60_000), ..facts.clone() },
    ] {
        assert_ne!(html(&Templates::built_in(), &forms::CARDS, &[of_then.cards()], &other).unwrap(), first);
    }
    let mut templates = Templates::built_in();
    templates.replace("cards.html", b"{% extends 'table.html' %}", "cards.html").unwrap();
    assert_ne!(html(&templates, &forms::CARDS, &[of_then.cards()], &facts).unwrap(), first);
}
