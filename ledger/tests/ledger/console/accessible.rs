//! Each page can be used by keyboard and by whoever hears it (WCAG 2.1, JIS X 8341-3): read as HTML, in both languages. What only a browser knows
//! (contrast, the order of focus) stands in the scenario `console`.

mod markup;

use sekisho_ledger::console::addresses;
use sekisho_paper::registers::Which;
use sekisho_register::change::Change;
use sekisho_register::everyday::Everyday;
use sekisho_register::forms::Form;

use self::markup::{Element, parse};
use super::{Browser, field, link, text};
use crate::served::Served;
use crate::town::people::designate;

/// Everything that is wrong with a page.
fn barriers(page: &str, language: &str) -> Vec<String> {
    let all = parse(page);
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let named = |name: &str| all.iter().filter(|element| element.name == name).collect::<Vec<_>>();
    let ids: Vec<&str> = all.iter().filter_map(|element| element.get("id")).collect();
    let has = |id: &str| ids.contains(&id);

    check(named("html")[0].get("lang") == Some(language), "the page's language".into());
    check(!named("title")[0].text.trim().is_empty(), "a title".into());
    for (landmark, count) in [("main", 1), ("header", 1), ("footer", 1), ("h1", 1)] {
        check(named(landmark).len() == count, format!("{count} <{landmark}>"));
    }
    for nav in named("nav") {
        check(nav.get("aria-label").is_some(), "a navigation with a name".into());
        check(
            all.iter().filter(|element| element.get("aria-current") == Some("page")).count() <= 1,
            "one page is the current one".into(),
        );
    }
    let first = all.iter().find(|element| element.name == "a");
    check(
        first.is_some_and(|skip| skip.get("class") == Some("skip") && skip.get("href") == Some("#main")) && has("main"),
        "the first stop skips to the content".into(),
    );
    for (place, id) in ids.iter().enumerate() {
        check(!ids[..place].contains(id), format!("id '{id}' stands twice"));
    }
    let levels: Vec<u32> = all.iter().filter_map(Element::heading).collect();
    check(levels.first() == Some(&1), "the first heading is the page's".into());
    check(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), format!("headings leave a step out: {levels:?}"));
    for element in &all {
        for points in ["for", "list", "aria-labelledby", "aria-describedby"] {
            for id in element.get(points).into_iter().flat_map(str::split_whitespace) {
                check(has(id), format!("{points}=\"{id}\" leads nowhere"));
            }
        }
        let inner = element.get("href").and_then(|href| href.strip_prefix('#'));
        check(inner.is_none_or(has), format!("a link to {inner:?}, which is not there"));
        check(
            element.get("tabindex").is_none_or(|at| at == "0" || at == "-1"),
            format!("an order of its own: {element:?}"),
        );
        let scripted = element.attributes.iter().any(|(name, _)| name.starts_with("on") || name == "style");
        check(!scripted, format!("script or style in {element:?}"));
        check(
            element.get("aria-invalid").is_none() || element.get("aria-describedby").is_some(),
            format!("{element:?} is wrong, and nobody says why"),
        );
    }
    let labelled: Vec<&str> = named("label").iter().filter_map(|label| label.get("for")).collect();
    for input in all.iter().filter(|element| ["input", "select", "textarea"].contains(&element.name.as_str())) {
        let hidden = input.get("type") == Some("hidden");
        let own = input.get("id").is_some_and(|id| labelled.contains(&id));
        check(hidden || own || input.within("label"), format!("{input:?} has no label"));
    }
    for said in ["label", "button", "a", "legend", "caption", "th", "option", "dt"] {
        for element in named(said) {
            check(!element.text.trim().is_empty(), format!("a <{said}> that says nothing: {element:?}"));
        }
    }
    check(named("fieldset").len() == named("legend").len(), "each fieldset has its legend".into());
    check(named("table").len() == named("caption").len(), "each table has its caption".into());
    for head in named("th") {
        let scope = if head.within("thead") { "col" } else { "row" };
        check(head.get("scope") == Some(scope), format!("{head:?} heads a {scope}"));
    }
    for svg in named("svg") {
        check(
            svg.get("role") == Some("img") && svg.get("aria-label").is_some(),
            "a picture that says what it shows".into(),
        );
    }
    for scrolls in all.iter().filter(|element| element.get("class") == Some("wide")) {
        let reached = scrolls.get("tabindex") == Some("0") && scrolls.get("aria-label").is_some();
        check(reached, "what scrolls is reached by keyboard, and has a name".into());
    }
    // A title holds no element that could say so.
    for element in all.iter().filter(|element| !element.is_hidden && element.name != "title") {
        for said in [Some(element.own.as_str()), element.get("value").filter(|_| element.name == "input")] {
            let said = said.unwrap_or_default();
            let (english, japanese) = (is_english(said), is_japanese(said));
            // An option and a field hold no element: in both languages, they are the page's.
            let is_mixed = english && japanese && ["option", "input"].contains(&element.name.as_str());
            let is_misread = if element.language == "ja" { english } else { japanese } && !is_mixed;
            check(!is_misread, format!("'{said}' is read as {:?} in {element:?}", element.language));
        }
    }
    wrong
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff5e}'))
}

/// Two words beside each other that no code is made of.
fn is_english(text: &str) -> bool {
    let is_word = |word: &str| {
        let word = word.trim_end_matches([',', ';', ':', '.']);
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic())
    };
    let words: Vec<bool> = text.split(' ').map(is_word).collect();
    words.windows(2).any(|pair| pair == [true, true])
}

/// Each page that somebody can come to, with something in it where the town has it.
fn pages(case: &str) -> Vec<String> {
    let get = addresses().into_iter().filter(|(method, _)| *method == "get").map(|(_, address)| address);
    let plain = get.clone().filter(|address| !address.contains('{') && !address.ends_with(".css"));
    let mut pages: Vec<String> = plain.map(str::to_owned).collect();
    pages.extend(Form::ALL.map(|form| format!("/console/forms/{}", form.name())));
    pages.extend(Everyday::ALL.map(|which| format!("/console/changes/{}", which.name())));
    pages.extend(Which::ALL.map(|which| format!("/console/registers/{}", which.form().key)));
    pages.extend(["incident", "visitor"].map(|form| format!("/console/registers/{form}")));
    pages.extend(["stop", "open"].map(|what| format!("/console/connection/{what}")));
    pages.extend(
        ["/console/records/0", "/console/acts/0", "/console/records?go=1", "/console/usage?days=1"].map(str::to_owned),
    );
    pages.extend([format!("/console/cases/{case}"), format!("/console/cases/{case}/instruct")]);
    pages.extend(["/console/registers/cards?date=x", "/console/nowhere", "/console/records/77"].map(str::to_owned));
    pages
}

#[test]
fn every_page_can_be_used_by_keyboard_and_heard_in_both_languages() {
    let mut served = Served::new();
    served.town.send(3);
    served.town.publish();
    let name = crate::town::person("John Smith");
    let designation = designate("smith", "jumin", &name);
    served.town.decide_with_names(vec![Change::Designate(Box::new(designation))], vec![name]).unwrap();
    let case = served.town.reports().map(|number| format!("incident-2026-{number}")).unwrap();
    let mut outside = Browser::of(&served);
    assert_eq!(barriers(&text(&outside.get("/console")), "ja"), Vec::<String>::new());
    for language in ["ja", "en"] {
        let (_, link) = link(&served, &served.town.mayor, language);
        let mut browser = Browser::of(&served);
        let door = browser.page(&link);
        assert_eq!(barriers(&door, language), Vec::<String>::new(), "the door");
        browser.begin(&link);
        for path in pages(&case) {
            let page = text(&browser.get(&path));
            assert_eq!(barriers(&page, language), Vec::<String>::new(), "{path}");
        }
        // Forms that came back.
        let form = field(&browser.page("/console"), "form");
        for path in [
            "/console/forms/incident",
            "/console/forms/visitor",
            "/console/changes/permit",
            "/console/changes/preserve",
        ] {
            let answer =
                browser.post(path, &[("form", &form), ("f-kind", "K"), ("f-from", "x"), ("f-operators", "nobody")]);
            let back = super::header(&answer, "location");
            assert!(back.starts_with(path) && back.ends_with("#wrong"), "{path}: {} {back}", answer.status);
            let page = browser.page(back.trim_end_matches("#wrong"));
            assert_eq!(barriers(&page, language), Vec::<String>::new(), "{path}: {page}");
            let (all, title) = (parse(&page), if language == "ja" { "誤りがあります：" } else { "Wrong: " });
            let summary: Vec<&Element> = all
                .iter()
                .filter(|element| {
                    element.name == "a"
                        && element.within("ul")
                        && element.get("href").is_some_and(|href| href.starts_with("#f-"))
                })
                .collect();
            assert!(summary.len() >= 2, "{path}: all of it at once: {summary:?}");
            assert!(all.iter().any(|element| element.name == "title" && element.text.starts_with(title)), "{path}");
        }
    }
}

#[test]
fn what_would_be_a_barrier_is_found() {
    let sound = "<!DOCTYPE html><html lang=\"ja\"><head><title>t</title></head><body><a class=\"skip\" href=\"#main\">s</a><header></header><main id=\"main\"><h1>h</h1>REST</main><footer></footer></body></html>";
    assert_eq!(barriers(&sound.replace("REST", ""), "ja"), Vec::<String>::new());
    let barred = [
        "<input id=\"a\">",
        "<table><thead><tr><th>x</th></tr></thead></table>",
        "<h3>x</h3>",
        "<button></button>",
        "<p id=\"main\">x</p>",
        "<label for=\"gone\">x</label>",
        "<a href=\"#gone\">x</a>",
        "<p onclick=\"x\">x</p>",
        "<fieldset><label><input type=\"checkbox\">x</label></fieldset>",
        "<svg></svg>",
        "<div class=\"wide\"></div>",
        "<p tabindex=\"3\">x</p>",
        "<p>John Smith</p>",
        "<p lang=\"en\">住民課</p>",
        "<label for=\"c\">x</label><input id=\"c\" value=\"John Smith\">",
        "<label for=\"b\">x</label><input id=\"b\" aria-invalid=\"true\">",
    ];
    for barred in barred {
        assert!(!barriers(&sound.replace("REST", barred), "ja").is_empty(), "{barred}");
    }
    assert!(!barriers(&sound.replace("REST", ""), "en").is_empty());
}
