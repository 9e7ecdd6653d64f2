//! Cases and forms in the browser: what stands in a case, what becomes a wish, and what is too much for one.

use sekisho_register::change::{Change, Field, OpenCase, SetPost, Value};
use sekisho_register::forms::Form;
use sekisho_register::{NameHash, Role, Title};
use sekisho_wire::reason::{IncidentClass, Query};
use sekisho_wire::record::{About, Body, Record};
use serde_json::{Value as Json, json};

use super::{Browser, entered, field, header, text};
use crate::served::Served;
use crate::town::{code, person};

/// An incident that the mayor reports, with this text in it.
fn reported(served: &Served, said: &str) {
    let circumstances = person(said);
    let mut open = OpenCase::incident(IncidentClass::Misuse, code("leak"), code("jumin-1"), None);
    let recipients = Value::Roles(vec![
        sekisho_register::Role::Executive,
        sekisho_register::Role::SecurityCommittee,
        sekisho_register::Role::SystemManager,
    ]);
    open.fields.push(Field { key: 6, value: recipients });
    open.fields.push(Field { key: 7, value: Value::Text(NameHash::of(&circumstances.salt, &circumstances.text)) });
    let act = served.town.proposes(vec![Change::Open(Box::new(open))]);
    served.town.ledger.submit(&served.town.office, act, vec![circumstances]).unwrap();
}

fn post(served: &Served, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> crate::client::Answer {
    let form = field(&browser.page("/console/help"), "form");
    let all: Vec<(&str, &str)> = [("form", form.as_str())].into_iter().chain(fields.iter().copied()).collect();
    let answer = browser.post(path, &all);
    assert!(!served.town.office.to_string().is_empty());
    answer
}

fn wished(served: &Served, token: &str) -> Json {
    served.anybody().get_as(&served.at("console/wishes?wait=0"), token).ok()["wishes"].clone()
}

#[test]
fn a_case_is_shown_with_its_texts_which_are_never_html_and_looking_at_it_is_a_reading() {
    let served = Served::new();
    reported(&served, "<script>alert('&')</script><img src=x onerror=\"1\">");
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let number = served.town.ledger.cases_at(&served.town.office, 0).unwrap()[0];
    let path = format!("/console/cases/{number}");
    let before = served.town.records();
    for path in ["/console/cases", "/console/cases?form=incident&state=all", &path, "/console/incidents"] {
        let page = browser.page(path);
        assert!(!page.contains("<script") && !page.contains("<img"), "{path}: {page}");
    }
    let page = browser.page(&path);
    assert!(page.contains("&#60;script&#62;") && page.contains("未了の手続") && page.contains("受領"), "{page}");
    assert!(browser.page("/console/incidents").contains(&format!("href=\"{path}\"")));
    assert!(browser.page("/console/cases?form=visitor").contains("該当する事案はありません"));
    assert!(browser.page("/console/cases?state=done").contains("該当する事案はありません"));
    let read = |index| {
        let bytes = served.town.ledger.record_bytes(&served.town.office, index).unwrap();
        if let Body::Read(read) = Record::decode(&bytes).unwrap().body { Some(read) } else { None }
    };
    let read: Vec<_> = (before..served.town.records()).filter_map(read).collect();
    let of_entries = |count| {
        let about = About { first: Some(0), ..About::default() };
        read.iter().any(|read| read.query == Query::Entries && read.count == count && read.about == about)
    };
    assert!(of_entries(1), "{read:?}");
}

#[test]
fn whom_to_call_stands_beside_an_incident_that_is_not_over() {
    let served = Served::new();
    reported(&served, "停電");
    let number = served.town.ledger.cases_at(&served.town.office, 0).unwrap()[0];
    let path = format!("/console/cases/{number}");
    let (mut browser, _) = entered(&served, &served.town.mayor);
    assert!(!browser.page(&path).contains("緊急時連絡網"));
    let texts = ["当直 <一郎>", "内線100", "090-0000-0000"].map(person);
    let written =
        (2..).zip(&texts).map(|(key, text)| Field { key, value: Value::Text(NameHash::of(&text.salt, &text.text)) });
    let fields = std::iter::once(Field { key: 1, value: Value::Code(code("managers")) }).chain(written).collect();
    let act = served.town.proposes(vec![Change::Open(Box::new(OpenCase { form: Form::Contact, fields }))]);
    served.town.ledger.submit(&served.town.office, act, texts.to_vec()).unwrap();
    let page = browser.page(&path);
    assert!(page.contains("緊急時連絡網") && page.contains("内線100") && page.contains("090-0000-0000"), "{page}");
    assert!(page.contains("当直 &#60;一郎&#62;"), "{page}");
}

#[test]
fn what_is_typed_becomes_a_wish_as_it_was_typed() {
    let served = Served::new();
    let (title, keeper) = (Title::new("セキュリティ対策委員会").unwrap(), Some(code("managers")));
    let roles = vec![Role::SecurityCommittee];
    served.town.approve(vec![Change::Post(SetPost { post: code("board"), title, roles, section: None, keeper })]);
    let before = served.town.ledger.office(&served.town.office).unwrap().casebook().size();
    reported(&served, "窓口で住民票が他人に渡った");
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let fields = [
        ("f-class", "misuse"),
        ("f-level", "1"),
        ("f-kind", " leak "),
        ("f-recipients.system_manager", "1"),
        ("f-recipients.executive", "1"),
        ("f-recipients.security_committee", "1"),
        ("f-circumstances", "一行目\r\n<二行目>=\"x\""),
        ("f-cause", ""),
        ("f-colour", "red"),
        ("for", "managers"),
        ("paper-of", "board"),
        ("paper-number", "白総第12号"),
        ("paper-date", "R8.6.1"),
    ];
    let answer = post(&served, &mut browser, "/console/forms/incident", &fields);
    assert_eq!((answer.status, header(&answer, "location").as_str()), (303, "/console/wishes/1"), "{}", text(&answer));
    let typed = json!([
        ["class", "misuse"],
        ["level", "1"],
        ["kind", "leak"],
        ["recipients", "executive,security_committee,system_manager"],
        ["circumstances", "一行目\n<二行目>=\"x\""],
    ]);
    let paper = json!({"post": "board", "number": "白総第12号", "date": "R8.6.1"});
    let hand = json!({"post": "managers", "deputy": false, "paper": paper});
    assert_eq!(wished(&served, &token), json!([{"number": 1, "open": "incident", "fields": typed, "hand": hand}]));
    // It came to nothing: what was typed stands there again.
    served
        .anybody()
        .post_as(&served.at("console/wishes/1"), &token, &json!({"outcome": "failed", "said": "種類"}))
        .ok();
    let page = browser.page("/console/wishes/1");
    assert!(page.contains("/console/forms/incident?again=1"), "{page}");
    let page = browser.page("/console/forms/incident?again=1");
    assert!(page.contains("一行目\n&#60;二行目&#62;") && page.contains("value=\"leak\""), "{page}");
    assert!(page.contains("value=\"白総第12号\"") && page.contains("<option value=\"board\" selected>"), "{page}");

    let number = served.town.ledger.cases_at(&served.town.office, before).unwrap()[0];
    let path = format!("/console/cases/{number}/instruct");
    let answer = post(&served, &mut browser, &path, &[("f-instruction", "回収すること")]);
    assert_eq!(answer.status, 303, "{}", text(&answer));
    let step = json!({"number": 2, "step": "instruct", "case": number.to_string(), "fields": [["instruction", "回収すること"]]});
    assert_eq!(wished(&served, &token), json!([step]));
    let mut stop = |ticked: &[(&str, &str)]| {
        let fields = [ticked, &[("incident", "2026-1")]].concat();
        post(&served, &mut browser, "/console/connection/stop", &fields)
    };
    let answer = stop(&[("function.nothing", "1")]);
    assert!(answer.status == 400 && text(&answer).contains("2026-1"), "no such function is not all: {}", text(&answer));
    assert_eq!(header(&stop(&[]), "location"), "/console/connection/stop?again=3#wrong", "nor is none");
    let answer = stop(&[("function.*", "1")]);
    assert_eq!(answer.status, 303, "{}", text(&answer));
    let page = browser.page("/console/connection/stop?again=3");
    assert!(page.contains("id=\"function-wrong\"") && page.contains("いずれか一方"), "{page}");
    let stop = json!({"number": 4, "connection": "stop", "functions": [], "incident": "2026-1"});
    assert_eq!(wished(&served, &token)[1], stop);
}

#[test]
fn everything_that_is_wrong_is_said_beside_its_field_and_nobody_is_asked_to_sign() {
    let served = Served::new();
    reported(&served, "窓口で住民票が他人に渡った");
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let fields = [
        ("f-class", "misuse"),
        ("f-level", "3"),
        ("f-kind", "LEAK!"),
        ("f-terminal", "doko-ka"),
        ("f-circumstances", "長い<文章>\r\nを書いた"),
        ("f-recipients.system_manager", "1"),
    ];
    let answer = post(&served, &mut browser, "/console/forms/incident", &fields);
    let back = header(&answer, "location");
    assert_eq!((answer.status, back.as_str()), (303, "/console/forms/incident?again=1#wrong"));
    assert_eq!(wished(&served, &token), json!([]));
    let page = browser.page("/console/forms/incident?again=1");
    for wrong in ["href=\"#f-kind\"", "href=\"#f-terminal\"", "id=\"f-kind-wrong\"", "id=\"f-terminal-wrong\""] {
        assert!(page.contains(wrong), "{wrong}: {page}");
    }
    for kept in
        ["value=\"LEAK!\"", "value=\"doko-ka\"", "長い&#60;文章&#62;\nを書いた", "<option value=\"3\" selected>"]
    {
        assert!(page.contains(kept), "{kept}: {page}");
    }
    assert!(page.contains("登録された端末機のコード") && page.contains("記入内容を確認してください"), "{page}");
    assert!(page.contains("name=\"f-recipients.system_manager\" value=\"1\" checked"), "{page}");
    // Put right, the next thing is said: whom such an incident has to tell, all of them.
    let mut put_right = fields;
    (put_right[2].1, put_right[3].1) = ("leak", "jumin-1");
    post(&served, &mut browser, "/console/forms/incident", &put_right);
    let page = browser.page("/console/forms/incident?again=2");
    assert!(page.contains("id=\"f-recipients-wrong\"") && !page.contains("f-kind-wrong"), "{page}");
    assert!(page.contains("首長") && page.contains("次の者への報告も必要です"), "{page}");
    // In the other language the same stands there, and what was typed.
    let form = field(&page, "form");
    let said = [("form", form.as_str()), ("to", "en"), ("back", "/console/forms/incident?again=2")];
    assert_eq!(browser.post("/console/language", &said).status, 303);
    let page = browser.page("/console/forms/incident?again=2");
    assert!(page.contains("it has to be told to") && page.contains("長い&#60;文章&#62;"), "{page}");
    assert_eq!(wished(&served, &token), json!([]), "nobody is asked to sign any of it");

    // A step, a refusal, a stop: the same.
    let number = served.town.ledger.cases_at(&served.town.office, 0).unwrap()[0];
    let path = format!("/console/cases/{number}/instruct");
    let answer = post(&served, &mut browser, &path, &[("f-instruction", "")]);
    assert_eq!(header(&answer, "location"), format!("{path}?again=3#wrong"));
    assert!(browser.page(&format!("{path}?again=3")).contains("id=\"f-instruction-wrong\""));
    let answer = post(&served, &mut browser, "/console/connection/stop", &[("incident", "incident-2026-9")]);
    assert_eq!(header(&answer, "location"), "/console/connection/stop?again=4#wrong");
    let page = browser.page("/console/connection/stop?again=4");
    assert!(page.contains("id=\"incident-wrong\"") && page.contains("value=\"incident-2026-9\""), "{page}");
    // What was typed into one form stands in no other.
    assert!(!browser.page("/console/forms/visitor?again=2").contains("長い"));
    assert_eq!(wished(&served, &token), json!([]));
}

#[test]
fn a_wish_has_bounds_and_is_for_what_is_there() {
    let served = Served::new();
    reported(&served, "窓口で住民票が他人に渡った");
    let number = served.town.ledger.cases_at(&served.town.office, 0).unwrap()[0];
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let long = "あ".repeat(1_366);
    let answer = post(&served, &mut browser, "/console/forms/incident", &[("f-circumstances", &long)]);
    assert!(answer.status == 413 && text(&answer).contains("長すぎます"), "{}", text(&answer));
    assert!(text(&answer).contains(&long) && text(&answer).contains("記入した内容"), "what was typed is given back");
    let full = "a".repeat(4_096);
    let names: Vec<String> =
        Form::Incident.definition().fields.iter().map(|blank| format!("f-{}", blank.name)).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), full.as_str())).collect();
    assert_eq!(post(&served, &mut browser, "/console/forms/incident", &all).status, 413, "all of them are too much");
    let paper = [("paper-of", "board"), ("paper-number", full.as_str())];
    assert_eq!(post(&served, &mut browser, "/console/forms/incident", &paper).status, 400);
    for path in ["/console/forms/nothing", "/console/cases/incident-2026-9/close", "/console/connection/sideways"] {
        assert_eq!(post(&served, &mut browser, path, &[]).status, 404, "{path}");
    }
    for path in [format!("/console/cases/{number}/nothing"), "/console/cases/nothing".to_owned()] {
        assert_eq!(browser.get(&path).status, 404, "{path}");
    }
    let typed = [("f-circumstances", "窓口で\r\n<渡った>"), ("f-cause", " "), ("back", "/x")];
    let answer = browser.post("/console/forms/incident", &typed);
    let given_back = |page: &str| page.contains("窓口で") && page.contains("&#60;渡った&#62;") && !page.contains("/x");
    assert!(answer.status == 403 && given_back(&text(&answer)), "without the word of the session: {}", text(&answer));
    let elsewhere = [("Origin", "https://elsewhere.example".to_owned())];
    let answer = browser.post_saying("/console/forms/incident", &typed, &elsewhere);
    assert!(answer.status == 403 && !text(&answer).contains("渡った"), "nobody else's page has it shown here");
    assert_eq!(wished(&served, &token), json!([]), "nothing of it is wished for");
    served.town.clock.advance(16 * 60_000);
    let answer = browser.post("/console/forms/incident", &typed);
    assert!(answer.status == 401 && given_back(&text(&answer)), "the session has ended meanwhile: {}", text(&answer));
}

#[test]
fn what_is_typed_while_too_much_waits_is_kept() {
    let served = Served::new();
    reported(&served, "窓口で住民票が他人に渡った");
    let number = served.town.ledger.cases_at(&served.town.office, 0).unwrap()[0];
    let (mut browser, token) = entered(&served, &served.town.mayor);
    let path = format!("/console/cases/{number}/instruct");
    let mut instruct = |text: &str| header(&post(&served, &mut browser, &path, &[("f-instruction", text)]), "location");
    for (said, wish) in [("回収", 1), ("謝罪", 2), ("再発防止", 3), ("四つ目", 4)] {
        assert_eq!(instruct(said), format!("/console/wishes/{wish}"));
    }
    assert_eq!(wished(&served, &token).as_array().unwrap().len(), 3);
    let page = browser.page("/console/wishes/4");
    assert!(page.contains("既に3件あります") && page.contains(&format!("{path}?again=4")), "{page}");
    assert!(browser.page(&format!("{path}?again=4")).contains("四つ目"));
}
