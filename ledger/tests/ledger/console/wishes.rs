//! Wishes: made in the browser, carried out by the companion, told on the page.

use sekisho_register::change::{Answer, AnswerAct, Change, SetPost};
use sekisho_register::{NameHash, Role, Title};
use serde_json::{Value, json};

use super::{Browser, entered, field, header, text};
use crate::served::Served;
use crate::town::{code, person};

fn audit() -> Vec<Change> {
    let title = Title::new("監査委員").unwrap();
    vec![Change::Post(SetPost { post: code("kansa"), title, roles: vec![Role::Auditor], section: None, keeper: None })]
}

/// The mayor's proposal stands in the casebook: its bytes and id.
fn proposed(served: &Served) -> (Vec<u8>, String) {
    let proposal = served.town.proposes(audit());
    served.town.brings_to_the_casebook(&proposal).unwrap();
    let id = sekisho_wire::id::Hash(sekisho_ledger::people::id_of(&proposal).unwrap().0).to_string();
    (proposal, id)
}

fn wished(served: &Served, token: &str) -> Value {
    served.anybody().get_as(&served.at("console/wishes?wait=5"), token).ok()["wishes"].clone()
}

fn wish(browser: &mut Browser, path: &str) -> String {
    let form = field(&browser.page("/console"), "form");
    let answer = browser.post(&format!("{path}/wish"), &[("form", &form)]);
    assert_eq!(answer.status, 303, "{}", text(&answer));
    header(&answer, "location")
}

/// Somebody wishes for evidence, and it is carried out.
pub(crate) fn settled_once(served: &Served) {
    let (mut browser, token) = entered(served, &served.town.mayor);
    wish(&mut browser, "/console/records/0");
    assert_eq!(wished(served, &token), json!([{"number": 1, "evidence": 0}]));
    served.anybody().post_as(&served.at("console/wishes/1"), &token, &json!({"outcome": "done"})).ok();
}

#[test]
fn an_approval_is_wished_for_handed_to_the_companion_and_told_when_it_stands_in_the_register() {
    let served = Served::new();
    let (proposal, id) = proposed(&served);
    let (mut browser, token) = entered(&served, &served.town.deputy);
    let path = format!("/console/proposals/{id}");
    assert!(browser.page("/console").contains("承認できます"));
    assert!(browser.page(&path).contains("承認する（カードで署名）"));
    let waits = wish(&mut browser, &path);
    assert_eq!(wish(&mut browser, &path), waits, "the same wish again is the same");
    let page = browser.page(&waits);
    assert!(page.contains("http-equiv=\"refresh\"") && page.contains("sekisho-admin の画面で署名"), "{page}");
    assert_eq!(wished(&served, &token), json!([{"number": 1, "approve": id}]));
    assert!(served.town.ledger.office(&served.town.office).unwrap().register().size() == 2, "nothing is approved yet");
    served.town.approves(&proposal, &served.town.deputy).unwrap();
    let page = browser.page(&waits);
    assert!(page.contains("完了しました") && !page.contains("http-equiv=\"refresh\""), "{page}");
    assert!(browser.page(&path).contains("承認されています"));
    let settled = served.anybody().post_as(&served.at("console/wishes/1"), &token, &json!({"outcome": "done"}));
    assert_eq!(settled.problem(), (404, "not_found".into()), "it is told already");
}

#[test]
fn whoever_proposed_it_is_told_why_he_cannot_approve() {
    let served = Served::new();
    let (_, id) = proposed(&served);
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let page = browser.page(&format!("/console/proposals/{id}"));
    assert!(page.contains("あなたは承認できません") && !page.contains("承認する（カードで署名）"), "{page}");
    let page = browser.page("/console");
    assert!(page.contains("承認待ち：") && !page.contains("承認できます："), "{page}");
}

#[test]
fn a_proposal_is_refused_with_a_reason_or_withdrawn_by_a_wish() {
    let served = Served::new();
    let (_, id) = proposed(&served);
    let (mut deputy, token) = entered(&served, &served.town.deputy);
    let path = format!("/console/proposals/{id}");
    let page = deputy.page(&path);
    assert!(page.contains("不承認とする") && !page.contains("取り下げる"), "{page}");
    let form = field(&page, "form");
    let reason = "役割が<広>すぎます。\r\n監査だけに。";
    let said = [("form", form.as_str()), ("reason", reason), ("for", "managers")];
    assert_eq!(deputy.post(&format!("{path}/refuse"), &said).status, 303);
    let hand = json!({"post": "managers", "deputy": false});
    let refusal = json!({"number": 1, "refuse": id, "reason": "役割が<広>すぎます。\n監査だけに。", "hand": hand});
    assert_eq!(wished(&served, &token), json!([refusal]));
    let long = "あ".repeat(1_366);
    let said = [("form", form.as_str()), ("reason", long.as_str())];
    assert_eq!(deputy.post(&format!("{path}/refuse"), &said).status, 413);
    assert_eq!(deputy.post(&format!("/console/proposals/{}/refuse", "ab".repeat(32)), &[("form", &form)]).status, 404);
    assert_eq!(deputy.post(&format!("/console/reviews/{id}"), &[("form", &form)]).status, 404, "no deputy signed it");

    let (mut mayor, token) = entered(&served, &served.town.mayor);
    let page = mayor.page(&path);
    assert!(page.contains("取り下げる") && !page.contains("不承認とする"), "{page}");
    let form = field(&page, "form");
    assert_eq!(mayor.post(&format!("{path}/withdraw"), &[("form", &form)]).status, 303);
    assert_eq!(wished(&served, &token), json!([{"number": 1, "withdraw": id}]));
}

#[test]
fn how_a_refused_proposal_ended_is_told_with_its_reason() {
    let served = Served::new();
    let (_, id) = proposed(&served);
    let reason = person("役割が<b>広</b>すぎます。");
    let hash = NameHash::of(&reason.salt, &reason.text);
    let answer = AnswerAct { act: id.parse().unwrap(), answer: Answer::Refused, reason: Some(hash) };
    let act = served.town.writes(vec![Change::Answer(answer)], &served.town.deputy);
    served.town.ledger.submit(&served.town.office, act, vec![reason]).unwrap();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let page = browser.page(&format!("/console/proposals/{id}"));
    assert!(
        page.contains("役割が&#60;b&#62;広&#60;/b&#62;すぎます。") && page.contains("山田 太郎 (deputy)"),
        "{page}"
    );
    assert!(!page.contains("取り下げる") && !browser.page("/console").contains("監査委員"));
}

#[test]
fn wishes_are_few_are_declined_and_end_after_five_minutes() {
    let mut served = Served::new();
    served.town.send(5);
    served.town.publish();
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let first = wish(&mut browser, "/console/records/0");
    wish(&mut browser, "/console/records/1");
    wish(&mut browser, "/console/records/2");
    let form = field(&browser.page("/console"), "form");
    let full = browser.post("/console/records/3/wish", &[("form", &form)]);
    assert!(full.status == 429 && text(&full).contains("署名待ちが多すぎます"));
    assert_eq!(browser.post("/console/records/99/wish", &[("form", &form)]).status, 404);
    let asked = wished(&served, &token);
    assert_eq!(asked.as_array().unwrap().len(), 3);
    let settle = |number: u32, body: &Value| {
        served.anybody().post_as(&served.at(&format!("console/wishes/{number}")), &token, body)
    };
    settle(1, &json!({"outcome": "declined"})).ok();
    settle(2, &json!({"outcome": "failed", "said": "<b>カードがありません</b>"})).ok();
    assert_eq!(settle(2, &json!({"outcome": "done"})).problem(), (404, "not_found".into()));
    assert_eq!(settle(3, &json!({"outcome": "perhaps"})).problem(), (400, "malformed".into()));
    assert_eq!(settle(3, &json!({"outcome": "failed", "said": "x".repeat(2001)})).problem(), (400, "malformed".into()));
    assert!(browser.page(&first).contains("取りやめました"));
    let failed = browser.page("/console/wishes/2");
    assert!(failed.contains("実行できませんでした") && failed.contains("&#60;b&#62;カードがありません"), "{failed}");
    // The companion has it in hand: somebody may be typing his PIN.
    served.town.clock.advance(5 * 60_000 - 1_000);
    assert_eq!(wished(&served, &token).as_array().unwrap().len(), 1);
    served.town.clock.advance(1_000);
    assert_eq!(wished(&served, &token), json!([]));
    let late = browser.page("/console/wishes/3");
    assert!(late.contains("署名されたかどうかは不明です") && !late.contains("何も実行していません"), "{late}");
    settle(3, &json!({"outcome": "done"})).ok();
    assert!(browser.page("/console/wishes/3").contains("完了しました"), "a late word is better than none");
    wish(&mut browser, "/console/records/3");
    let looked = served.anybody().get_as(&served.at("console/wishes?wait=0"), &token).ok();
    assert_eq!(looked["wishes"].as_array().unwrap().len(), 1);
    (0..20).for_each(|_| {
        served.town.clock.advance(15_000);
        served.anybody().get_as(&served.at("console/wishes?wait=0"), &token).ok();
    });
    let late = browser.page("/console/wishes/4");
    assert!(late.contains("処理が始まらなかった") && late.contains("何も実行していません"), "{late}");
    assert_eq!(browser.get("/console/wishes/7").status, 404);
}

#[test]
fn a_page_that_waits_is_answered_when_it_has_something_new_to_say() {
    let mut served = Served::new();
    served.town.send(5);
    served.town.publish();
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let page = wish(&mut browser, "/console/records/0");
    assert!(browser.page(&page).contains("署名してください"), "who presses something waits for nothing");
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| browser.page(&format!("{page}?auto=1")));
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        assert!(!waits.is_finished(), "nothing new is no answer");
        let declined = json!({"outcome": "declined"});
        served.anybody().post_as(&served.at("console/wishes/1"), &token, &declined).ok();
        assert!(waits.join().unwrap().contains("取りやめました"));
    });
}

#[test]
fn a_wish_needs_the_word_of_the_session() {
    let served = Served::new();
    let (_, id) = proposed(&served);
    let (mut browser, token) = entered(&served, &served.town.deputy);
    let path = format!("/console/proposals/{id}/wish");
    assert_eq!(browser.post(&path, &[]).status, 403);
    assert_eq!(browser.post(&path, &[("form", "x")]).status, 403);
    let form = field(&browser.page("/console"), "form");
    let elsewhere = [("Origin", "https://elsewhere.example".to_owned())];
    assert_eq!(browser.post_saying(&path, &[("form", &form)], &elsewhere).status, 403);
    assert_eq!(browser.get(&path).status, 405, "looking changes nothing");
    let none = served.anybody().get_as(&served.at("console/wishes?wait=0"), &token).ok();
    assert_eq!(none, json!({"wishes": []}));
}
