//! What pages wear, who may see them, what they write down, and that nothing of the data becomes HTML.

use sekisho_ledger::console::addresses;
use sekisho_register::change::{Change, HoldPost, SectionState, SetPost, SetSection};
use sekisho_register::{Role, Title};
use sekisho_wire::reason::Query;
use sekisho_wire::record::{About, Body, Read, Record};

use super::{Browser, entered, field, header, link, text};
use crate::served::{Served, until};
use crate::town::people::designate;
use crate::town::{NOON, TestCard, code, person};

/// Every page, with something for each name in its address.
fn pages() -> Vec<String> {
    let get = addresses().into_iter().filter(|(method, _)| *method == "get").map(|(_, address)| address);
    let filled = get.map(|address| {
        let address = address.replace("changes/{name}", "changes/permit");
        let address = address.replace("{case}", "incident-2026-1").replace("{step}", "close");
        let address = address.replace("{name}", "incident").replace("{what}", "stop");
        let address = address.replace("{which}", "operators").replace("{index}", "0").replace("{number}", "1");
        address.replace("{id}", &"ab".repeat(32)).replace("{link}", "none")
    });
    filled.collect()
}

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[test]
fn every_page_and_every_error_wears_the_same_headers() {
    let mut served = Served::new();
    served.town.send(3);
    served.town.publish();
    let (mut inside, _) = entered(&served, &served.town.mayor);
    let mut outside = Browser::of(&served);
    let more = ["/console/nowhere", "/console/records/first", "/console/leave", "/console/records/0%ff", "/console/"];
    for path in pages().into_iter().chain(more.map(str::to_owned)) {
        for (browser, is_in) in [(&mut inside, true), (&mut outside, false)] {
            let answer = browser.get(&path);
            let head = |name| header(&answer, name);
            assert_eq!(head("content-security-policy"), POLICY, "{path}");
            assert_eq!(head("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(head("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(head("cross-origin-opener-policy"), "same-origin", "{path}");
            if path == "/console/style.css" {
                assert_eq!((answer.status, head("content-type").as_str()), (200, "text/css; charset=utf-8"));
                continue;
            }
            assert_eq!(head("cache-control"), "no-store", "{path}");
            if path.ends_with(".json") && is_in {
                assert_eq!((answer.status, head("content-type").as_str()), (200, "application/json"));
                continue;
            }
            assert_eq!(head("content-type"), "text/html; charset=utf-8", "{path}: {}", answer.status);
            let page = text(&answer);
            assert!(
                page.contains("<main id=\"main\"") && page.contains("<h1>") && page.contains("lang=\"ja\""),
                "{path}"
            );
            assert!(!page.contains("<script") && !page.contains("style=\""), "{path}");
            assert!(page.contains("class=\"skip\""), "{path}");
            if !is_in && answer.status == 200 {
                panic!("{path} is shown to a stranger");
            }
        }
    }
}

#[test]
fn every_page_is_in_english_too() {
    let mut served = Served::new();
    served.town.send(3);
    served.town.publish();
    served.town.reports().unwrap();
    let (_, link) = link(&served, &served.town.mayor, "en");
    let mut browser = Browser::of(&served);
    browser.begin(&link);
    for path in pages() {
        let page = text(&browser.get(&path));
        // Names and titles of this town have none.
        let hiragana = page.chars().find(|c| ('\u{3041}'..='\u{3096}').contains(c));
        assert!(hiragana.is_none(), "{path}: {page}");
    }
}

#[test]
fn a_page_that_is_not_there_says_what_to_do_next() {
    let served = Served::new();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    for (path, status, says) in [
        ("/console/nowhere", 404, "指定した番号、コード又はアドレスを確認してください"),
        ("/console/records/77", 404, "指定した番号、コード又はアドレスを確認してください"),
        ("/console/leave", 405, "使えないメソッド"),
        ("/console/acts?before=first", 404, "一覧のページ"),
    ] {
        let answer = browser.get(path);
        let page = text(&answer);
        assert!(answer.status == status && page.contains(says), "{path}: {} {page}", answer.status);
        assert!(page.contains("aria-label=\"ページ一覧\""), "{path}: the way back is there");
    }
}

/// A person whose post may neither read records nor proposals.
pub(super) fn clerk_with_a_post(served: &Served) -> TestCard {
    let (card, name) = (TestCard::new(5, "banri"), person("番 理"));
    let designation = designate("banri", "jumin", &name);
    let (post, title) = (code("madoguchi"), Title::new("窓口係").unwrap());
    let hold = HoldPost { post: post.clone(), operator: code("banri"), from: NOON, to: None, deputy: false };
    let changes = vec![
        Change::Designate(Box::new(designation)),
        Change::Post(SetPost { post, title, roles: vec![Role::Operator], section: None, keeper: None }),
        Change::HoldPost(hold),
        Change::IssueCard(Box::new(card.issue())),
    ];
    served.town.decide_with_names(changes, vec![name]).unwrap();
    card
}

#[test]
fn whoever_may_not_read_records_sees_the_registers_and_nothing_of_records() {
    let mut served = Served::new();
    served.town.send(3);
    served.town.publish();
    let card = clerk_with_a_post(&served);
    let (mut browser, _) = entered(&served, &card);
    for path in
        ["", "/terminals", "/registers", "/registers/cards", "/acts", "/acts/0", "/connection", "/retention", "/help"]
    {
        browser.page(&format!("/console{path}"));
    }
    // Whoever finds something reports it; what became of it others read.
    assert!(browser.page("/console/forms/incident").contains("次へ（カードで署名）"));
    // Only what he may fill in is offered; another form's address says why not, and whom to ask.
    let page = browser.page("/console/forms");
    assert!(page.contains("/console/forms/incident") && !page.contains("/console/forms/training"), "{page}");
    let answer = browser.get("/console/forms/training");
    let page = text(&answer);
    assert!(answer.status == 403 && !page.contains("<form class=\"form post\""), "{}: {page}", answer.status);
    assert!(
        ["この様式に記入できる者", "managers：", "関守 花子 (mayor)"].iter().all(|said| page.contains(said)),
        "{page}"
    );
    let form = field(&page, "form");
    let answer = browser.post("/console/forms/training", &[("form", &form), ("f-content", "研修の<内容>")]);
    let page = text(&answer);
    assert!(answer.status == 403 && page.contains("研修の&#60;内容&#62;"), "what was typed is given back: {page}");
    assert!(!browser.page("/console/connection").contains("結合停止等記録"));
    let case = served.town.reports().map(|number| format!("/console/cases/incident-2026-{number}")).unwrap();
    // Anybody in a post may add what he knows; the rest of the case others read.
    let page = browser.page(&format!("{case}/report"));
    assert!(page.contains("次へ（カードで署名）") && !page.contains(&format!("href=\"{case}\"")), "{page}");
    let barred = ["/records", "/records/0", "/records/0/evidence.json", "/proposals", "/incidents", "/usage", "/cases"];
    for path in barred.into_iter().chain([
        "/cases/incident-2026-1",
        "/cases/incident-2026-1/instruct",
        "/cases/incident-2026-9/report",
    ]) {
        let answer = browser.get(&format!("/console{path}"));
        assert!(answer.status == 403 && text(&answer).contains("権限のある職の方に依頼してください"), "{path}");
    }
}

/// What was written down as read, oldest first.
fn readings(served: &Served) -> Vec<Read> {
    let record = |index| {
        let bytes = served.town.ledger.record_bytes(&served.town.office, index).unwrap();
        Record::decode(&bytes).unwrap().body
    };
    let read = |body| if let Body::Read(read) = body { Some(read) } else { None };
    (0..served.town.records()).map(record).filter_map(read).collect()
}

/// What of a reading is looked at.
type Noted = (Query, u32, About);

#[test]
fn each_page_that_shows_persons_is_a_reading_and_says_of_whom() {
    let mut served = Served::new();
    served.town.send(3);
    served.town.publish();
    served.town.reports().unwrap();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let of_mayor = About { operator: Some(code("mayor")), ..About::default() };
    let first = |first| About { first: Some(first), ..About::default() };
    let cases: [(&str, Option<Noted>); 25] = [
        ("/console/forms", None),
        ("/console/forms/notice", Some((Query::Register, 4, About::default()))),
        // Cards and persons to choose from.
        ("/console/forms/incident", Some((Query::Register, 2, About::default()))),
        ("/console/changes", None),
        ("/console/changes/permit", Some((Query::Register, 2, About::default()))),
        ("/console/changes/card_state", Some((Query::Register, 2, About::default()))),
        ("/console/cases", Some((Query::Entries, 1, first(0)))),
        ("/console/cases/incident-2026-1", Some((Query::Entries, 1, first(0)))),
        ("/console/help", None),
        ("/console/retention", None),
        ("/console/records", None),
        ("/console/registers", None),
        ("/console/records?go=1&operator=mayor&since=nonsense", None),
        ("/console/records?go=1&operator=mayor", Some((Query::Search, 0, of_mayor))),
        ("/console/records/1", Some((Query::Proof, 1, first(1)))),
        ("/console/registers/operators", Some((Query::Register, 2, first(0)))),
        ("/console/acts", Some((Query::Register, 2, first(0)))),
        ("/console/acts/1", Some((Query::Register, 1, first(1)))),
        ("/console/terminals", Some((Query::Search, 1, About::default()))),
        ("/console/incidents", Some((Query::Entries, 1, first(0)))),
        ("/console/usage", Some((Query::Search, 0, About::default()))),
        ("/console/review", None),
        ("/console/review?since=2026-06-02&until=2026-06-01&go=1", None),
        ("/console/review?since=2026-06-01&until=2026-06-01&go=1", Some((Query::Search, 0, About::default()))),
        ("/console/proposals", None),
    ];
    for (path, expected) in cases {
        let before = readings(&served).len();
        browser.page(path);
        let read: Vec<Read> = readings(&served).into_iter().skip(before).collect();
        let said: Vec<_> = read.into_iter().map(|read| (read.query, read.count, read.about)).collect();
        // A reading is a record, too: what searches find grows with each.
        match (&expected, said.as_slice()) {
            (None, []) => {}
            (Some((query, count, about)), [one]) => {
                assert_eq!((&one.0, &one.2), (query, about), "{path}");
                assert!(one.1 == *count || *query == Query::Search, "{path}: {said:?}");
            }
            _ => panic!("{path}: {said:?}"),
        }
    }
    // What programs get, byte for byte; under a number only what that number permits (a granted one is in the scenario).
    let index = "/console/records/1/evidence.json";
    let of_browser = browser.get(index);
    assert!(header(&of_browser, "content-disposition").contains("record-1.json"));
    let before = readings(&served).len();
    let form = field(&browser.page("/console/help"), "form");
    for number in ["R8-0012", "export-request-2026-1"] {
        let taken = browser.get(&format!("{index}?permission={number}"));
        let wished = browser.post("/console/records/1/wish", &[("form", &form), ("permission", number)]);
        assert_eq!((taken.status, wished.status), (403, 403), "nobody has permitted {number}");
    }
    assert_eq!(readings(&served).len(), before);
    until(|| {
        let (page, program) = (browser.get(index), served.anybody().get_as(&served.at("evidence/1"), &served.token()));
        let without = |body: &[u8]| {
            let mut value: serde_json::Value = serde_json::from_slice(body).unwrap();
            value.as_object_mut().unwrap().retain(|key, _| key != "proof" && key != "checkpoint");
            value
        };
        without(&page.body) == without(&program.body)
    });
}

#[test]
fn what_stands_in_the_data_is_never_html() {
    let served = Served::new();
    let hostile = "<script>alert('&')</script><img src=x onerror=\"1\">";
    let title = Title::new("<b>&</b>").unwrap();
    let name = person("<img/src=x onerror=alert(1)>");
    let designation = designate("teki", "jumin", &name);
    let section = SetSection { section: code("teki"), title: title.clone(), state: SectionState::Open, effective: 0 };
    served
        .town
        .decide_with_names(vec![Change::Designate(Box::new(designation)), Change::Section(section)], vec![name])
        .unwrap();
    let post = SetPost { post: code("teki"), title, roles: vec![Role::Auditor], section: None, keeper: None };
    served.town.brings_to_the_casebook(&served.town.proposes(vec![Change::Post(post)])).unwrap();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let spelt: String = hostile.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let asked = format!("/console/records?go=1&operator={spelt}&since={spelt}");
    for path in
        ["/console", "/console/acts", "/console/acts/2", "/console/proposals", "/console/registers/operators", &asked]
    {
        let page = browser.page(path);
        for tag in ["<b>", "<img", "<script"] {
            assert!(!page.contains(tag), "{path}: {tag}");
        }
    }
    assert!(browser.page("/console/registers/operators").contains("&#60;img/src=x onerror=alert(1)&#62;"));
    let error = text(&browser.get("/console/registers/%3Cscript%3E"));
    assert!(!error.contains("<script"), "{error}");
}

#[test]
fn a_long_search_goes_on_page_by_page_and_misses_none() {
    let mut served = Served::new();
    served.town.send(120);
    served.town.publish();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let first = "/console/records?go=1&terminal=jumin-1&kind=link".to_owned();
    until(|| browser.page(&first).contains("このページに50件"));
    let (mut path, mut rows) = (first, Vec::new());
    loop {
        let page = browser.page(&path);
        let (_, table) = page.split_once("<tbody>").unwrap();
        let (table, _) = table.split_once("</tbody>").unwrap();
        let link = |rest: &str| rest.split('"').next().unwrap().parse::<u64>().ok();
        rows.extend(table.split("/console/records/").skip(1).filter_map(link));
        assert!(page.contains("この結果に含まれない可能性のある記録"), "{path}");
        let Some((_, next)) = page.split_once("<ul class=\"list\"><li><a href=\"") else { break };
        path = next.split('"').next().unwrap().replace("&#38;", "&");
    }
    assert_eq!(rows.len(), 120);
    assert!(rows.is_sorted_by(|newer, older| newer > older), "{rows:?}");
}

#[test]
fn a_register_is_shown_as_of_the_end_of_a_day() {
    let served = Served::new();
    let section = |title: &str| {
        let title = Title::new(title).unwrap();
        vec![Change::Post(SetPost {
            post: code("kansa"),
            title,
            roles: vec![Role::Auditor],
            section: None,
            keeper: None,
        })]
    };
    served.town.decide_together(section("監査委員")).unwrap();
    served.town.clock.advance(2 * 24 * 60 * 60_000);
    served.town.decide_together(section("監査事務局長")).unwrap();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let mut posts = |date: &str| browser.page(&format!("/console/registers/posts?date={date}"));
    assert!(posts("").contains("監査事務局長") && !posts("").contains("監査委員"));
    for date in ["2026-06-02", "R8.6.2"] {
        let page = posts(date);
        assert!(page.contains("監査委員") && !page.contains("監査事務局長"), "{page}");
    }
    assert!(!posts("2026-05-31").contains("監査"));
    assert!(posts("tomorrow").contains("日付として読み取れない"));
}
