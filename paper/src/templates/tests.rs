use super::*;
use crate::forms::{CARDS, CUSTODY, OPERATORS};
use crate::print::html;
use crate::sample::{sample_facts, sample_table};

fn set(files: &[(&str, &str)]) -> Result<Templates, TemplateError> {
    let mut templates = Templates::built_in();
    for (name, text) in files {
        templates.replace(name, text.as_bytes(), &format!("/office/{name}"))?;
    }
    Ok(templates)
}

fn print(templates: &Templates, form: &'static Form) -> Result<String, TemplateError> {
    html(templates, form, &[sample_table(form, 3)], &sample_facts(Language::English))
}

#[test]
fn the_built_in_templates_take_every_form() {
    assert_eq!(Templates::built_in().check(), []);
}

#[test]
fn what_stands_in_a_cell_is_text_and_never_markup() {
    let page = print(&Templates::built_in(), &OPERATORS).unwrap();
    assert!(page.contains("&lt;&amp;&quot;&#x27;&gt;") && !page.contains("<&"), "{page}");
    assert!(!page.contains("<script"));
}

#[test]
fn an_office_replaces_one_form_and_the_others_stay() {
    let ours = print(&Templates::built_in(), &CARDS).unwrap();
    let templates = set(&[("operators.html", "{% extends 'base.html' %}{% block content %}当町の様式{% endblock %}")]);
    let templates = templates.unwrap();
    assert!(print(&templates, &OPERATORS).unwrap().contains("当町の様式"));
    assert_eq!(print(&templates, &CARDS).unwrap(), ours, "and neither does their digest change");
    assert_eq!(templates.check(), []);
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let of = |text: &str| {
        let error = set(&[("operators.html", text)]).and_then(|templates| print(&templates, &OPERATORS)).unwrap_err();
        (error.line, error.in_words(Language::English))
    };
    for (text, line, said) in [
        ("a\n{% for %}", 2, "not written as templates are"),
        ("a\n\n{{ organization }}", 3, "a variable that there is not"),
        ("{{ form.nothing }}", 1, "a variable that there is not"),
        ("a\n{% include '../secret.html' %}", 2, "not in the folder"),
        ("{% include 'other' ~ '.html' %}", 1, "not in the folder"),
        ("{{ organisation|shout }}", 1, "a function that there is not"),
        (
            "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}",
            1,
            "does not come to an end",
        ),
        ("{# sekisho: orientation=upright #}", 1, "orientation=portrait or landscape"),
        ("{# sekisho: font=50 #}", 1, "font=5 to 14"),
        ("{# sekisho: margin=3 #}", 1, "millimetres"),
        ("{# sekisho: font=9", 1, "not written as templates are"),
    ] {
        let (at, words) = of(text);
        assert!(words.contains("/office/operators.html") && words.contains(said), "{text}: {words}");
        assert_eq!(at, Some(line), "{text}: {words}");
    }
    // In a template that another one asks for, the line is that one's.
    let files = [("operators.html", "{% include 'mine.html' %}"), ("mine.html", "a\n{{ missing }}")];
    let error = print(&set(&files).unwrap(), &OPERATORS).unwrap_err();
    assert_eq!((error.place.as_str(), error.line), ("/office/mine.html", Some(2)));
}

#[test]
fn no_template_calls_itself_for_ever_or_grows_without_end() {
    for text in [
        "{% include 'operators.html' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set x = 'x' %}{% set ns = namespace(x='xxxxxxxx') %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ] {
        assert!(set(&[("operators.html", text)]).and_then(|set| print(&set, &OPERATORS)).is_err(), "{text}");
    }
}

#[test]
fn a_file_that_is_none_is_refused_where_it_is_taken() {
    let mut templates = Templates::built_in();
    let mut of = |name: &str, bytes: &[u8]| templates.replace(name, bytes, name).unwrap_err();
    assert_eq!(of("cards.html", b"a\n\xff").line, Some(2));
    assert!(of("cards.html", &vec![b'a'; TEMPLATE_MAX + 1]).in_words(Language::Japanese).contains("256 KiB"));
    for name in ["../cards.html", "cards.txt", "Cards.html", ".html", "a/b.html"] {
        assert!(of(name, b"").in_words(Language::English).contains("a-z 0-9"), "{name}");
    }
    // It names the way out.
    assert_eq!(of("cards.html", b"{{").instead, "table.html");
    assert_eq!(of("custody.html", b"{{").instead, "pack.html");
    assert_eq!(of("base.html", b"{{").instead, "base.html");
}

#[test]
fn the_digest_is_of_all_that_a_print_can_use_and_of_nothing_else() {
    let ours = Templates::built_in();
    let other = set(&[("extra.html", "x")]).unwrap();
    assert_eq!(ours.digest(TABLE), other.digest(TABLE));
    let rows = format!("{} ", BUILT_IN[3].1);
    assert_ne!(ours.digest(TABLE), set(&[("rows.html", &rows)]).unwrap().digest(TABLE));
    assert_ne!(ours.digest(TABLE), ours.digest("pack.html"));
}

#[test]
fn a_template_says_how_its_sheet_lies() {
    let text = "{# sekisho: orientation=portrait font=12 height=120 #}\n{% extends 'base.html' %}";
    let page = print(&set(&[("operators.html", text)]).unwrap(), &OPERATORS).unwrap();
    assert!(page.contains("size: A4 portrait"), "{page}");
    assert!(print(&Templates::built_in(), &OPERATORS).unwrap().contains("size: A4 landscape"));
}

#[test]
fn several_tables_stand_in_a_pack() {
    let tables = [sample_table(&CUSTODY, 3), sample_table(&CUSTODY, 0)];
    let page = html(&Templates::built_in(), &CUSTODY, &tables, &sample_facts(Language::Japanese)).unwrap();
    assert_eq!(page.matches("<h2>").count(), 2);
    assert!(page.contains("該当なし") && page.contains("データ保管状況報告書"));
}
