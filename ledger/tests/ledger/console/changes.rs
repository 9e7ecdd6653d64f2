//! Changes of every day in the browser: who is offered which, what becomes a wish, and what is said instead.

use serde_json::{Value, json};

use super::pages::clerk_with_a_post;
use super::{Browser, entered, field, header};
use crate::served::Served;

fn post(browser: &mut Browser, which: &str, fields: &[(&str, &str)]) -> String {
    let form = field(&browser.page("/console/help"), "form");
    let all: Vec<(&str, &str)> = [("form", form.as_str())].into_iter().chain(fields.iter().copied()).collect();
    let answer = browser.post(&format!("/console/changes/{which}"), &all);
    assert_eq!(answer.status, 303, "{}", super::text(&answer));
    header(&answer, "location")
}

fn wished(served: &Served, token: &str) -> Value {
    served.anybody().get_as(&served.at("console/wishes?wait=0"), token).ok()["wishes"].clone()
}

#[test]
fn a_change_of_every_day_becomes_a_wish_as_it_was_typed() {
    let served = Served::new();
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let page = browser.page("/console/changes");
    assert!(page.contains("href=\"/console/changes/card_state\"") && page.contains("記録の廃棄"), "{page}");
    assert!(browser.page("/console/registers/cards").contains("href=\"/console/changes/card_state\""));
    assert!(browser.page("/console/retention").contains("href=\"/console/changes/preserve\""));
    let page = browser.page("/console/changes/card_state?f-card=2026-2");
    assert!(page.contains("value=\"2026-2\"") && page.contains("山田 太郎 (deputy)"), "whose card it is: {page}");
    let fields =
        [("f-card", "2026-2"), ("f-state", "suspended"), ("f-reason", "lost"), ("f-from", ""), ("for", "managers")];
    assert_eq!(post(&mut browser, "card_state", &fields), "/console/wishes/1");
    let hand = json!({"post": "managers", "deputy": false});
    let typed = json!([["card", "2026-2"], ["state", "suspended"], ["reason", "lost"]]);
    assert_eq!(wished(&served, &token), json!([{"number": 1, "change": "card_state", "fields": typed, "hand": hand}]));
    // Boxes that are ticked travel as a list.
    let classes =
        [("f-order", "keisatsu"), ("f-classes.access", "1"), ("f-classes.operation", "1"), ("f-to", "2026-09")];
    assert_eq!(post(&mut browser, "preserve", &classes), "/console/wishes/2");
    let typed = json!([["order", "keisatsu"], ["classes", "access,operation"], ["to", "2026-09"]]);
    assert_eq!(wished(&served, &token)[1], json!({"number": 2, "change": "preserve", "fields": typed}));
    let page = browser.page("/console/wishes/2");
    assert!(page.contains("記録の保全"), "{page}");
    let said = json!({"outcome": "declined"});
    served.anybody().post_as(&served.at("console/wishes/2"), &token, &said).ok();
    assert!(browser.page("/console/wishes/2").contains("/console/changes/preserve?again=2"));
    let page = browser.page("/console/changes/preserve?again=2");
    assert!(
        page.contains("name=\"f-classes.access\" value=\"1\" checked") && page.contains("value=\"2026-09\""),
        "{page}"
    );
    assert_eq!(browser.get("/console/changes/policy").status, 404, "the list is closed");
}

#[test]
fn a_change_that_the_fold_would_refuse_is_refused_before_anybody_is_asked() {
    let served = Served::new();
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let back = post(
        &mut browser,
        "permit",
        &[
            ("f-operators", "nobody, deputy"),
            ("f-from", "2026-06-02T17:15"),
            ("f-to", "2026-06-02T09:00"),
            ("f-reason", "R8"),
        ],
    );
    assert_eq!(back, "/console/changes/permit?again=1#wrong");
    let page = browser.page("/console/changes/permit?again=1");
    for id in ["f-operators", "f-terminals", "f-reason"] {
        assert!(
            page.contains(&format!("href=\"#{id}\"")) && page.contains(&format!("id=\"{id}-wrong\"")),
            "{id}: {page}"
        );
    }
    assert!(
        page.contains("name=\"f-operators.deputy\" value=\"1\" checked") && page.contains("value=\"2026-06-02T17:15\""),
        "{page}"
    );
    // Nothing is wrong with a field; the whole cannot be: such an order was never given.
    let back = post(&mut browser, "lift", &[("f-order", "keisatsu")]);
    let page = browser.page(back.trim_end_matches("#wrong"));
    assert!(
        back.contains("again=2") && page.contains("記入内容を確認してください") && page.contains("keisatsu"),
        "{page}"
    );
    // Records that have to be kept still.
    let fields = [("f-class", "access"), ("f-from", "2026-05"), ("f-to", "2026-05")];
    let back = post(&mut browser, "destroy", &fields);
    assert!(back.contains("again=3"), "{back}");
    assert!(browser.page(back.trim_end_matches("#wrong")).contains("記入内容を確認してください"));
    assert_eq!(wished(&served, &token), json!([]));
}

#[test]
fn whoever_may_make_no_change_is_told_who_may_and_his_wish_is_none() {
    let served = Served::new();
    let card = clerk_with_a_post(&served);
    let (mut browser, token) = entered(&served, &card);
    let page = browser.page("/console/changes");
    assert!(!page.contains("href=\"/console/changes/") && page.contains("カードの停止"), "{page}");
    assert!(!browser.page("/console/registers/cards").contains("/console/changes/card_state"));
    let page = browser.page("/console/changes/card_state");
    assert!(page.contains("あなたの職では行えません") && !page.contains("<form class=\"form post\""), "{page}");
    let back = post(&mut browser, "card_state", &[("f-card", "2026-1"), ("f-state", "revoked"), ("for", "madoguchi")]);
    assert!(back.starts_with("/console/changes/card_state?again="), "{back}");
    assert_eq!(wished(&served, &token), json!([]), "the mayor's card is revoked by nobody");
}
