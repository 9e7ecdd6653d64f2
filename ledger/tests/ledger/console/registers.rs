//! Registers and books of cases in the browser: page, CSV and print are one table, as of any day, and nobody is named to whom he may not be.

use sekisho_paper::registers::Which;
use sekisho_register::change::{Change, HoldPost, SectionState, SetPost, SetSection};
use sekisho_register::forms::Form;
use sekisho_register::{Role, Title};
use sekisho_wire::reason::Query;
use sekisho_wire::record::{Body, Record};
use serde_json::json;

use super::pages::clerk_with_a_post;
use super::{Browser, entered, header, link, text};
use crate::client::Answer;
use crate::served::Served;
use crate::town::people::designate;
use crate::town::{NOON, TestCard, code, person};

const PRINT_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

fn at(key: &str) -> String {
    format!("/console/registers/{key}")
}

/// A file that must be there.
fn file(browser: &mut Browser, path: &str) -> Answer {
    let answer = browser.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", text(&answer));
    answer
}

/// The newest reading: of what, and how many rows.
fn last_reading(served: &Served) -> Option<(Query, u32)> {
    let record = |index| served.town.ledger.record_bytes(&served.town.office, index).unwrap();
    let mut newest = (0..served.town.records()).rev().map(|index| Record::decode(&record(index)).unwrap().body);
    newest.find_map(|body| if let Body::Read(read) = body { Some((read.query, read.count)) } else { None })
}

#[test]
fn every_register_and_every_book_is_a_page_a_csv_file_and_a_print() {
    let served = Served::new();
    served.town.reports().unwrap();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let contents = browser.page("/console/registers");
    let keys = Which::ALL.map(|which| which.form().key).into_iter().chain(Form::ALL.map(Form::name)).chain(["media"]);
    for key in keys {
        assert!(contents.contains(&format!("href=\"{}\"", at(key))), "{key}: {contents}");
        let page = browser.page(&at(key));
        for ending in [".csv", "-notes.csv", ".html"] {
            assert!(page.contains(&format!("href=\"{}{ending}?", at(key))), "{key}: {page}");
        }
        let csv = file(&mut browser, &at(&format!("{key}.csv")));
        assert_eq!(header(&csv, "content-type"), "text/csv; charset=utf-8");
        assert_eq!(header(&csv, "content-disposition"), format!("attachment; filename=\"{key}.csv\""));
        assert!(text(&csv).starts_with('\u{feff}') && text(&csv).ends_with("\r\n"), "{key}: {}", text(&csv));
        let notes = text(&file(&mut browser, &at(&format!("{key}-notes.csv"))));
        assert!(notes.contains("印刷者,関守 花子 (mayor)"), "{key}: {notes}");
        let print = file(&mut browser, &at(&format!("{key}.html")));
        assert_eq!(header(&print, "content-security-policy"), PRINT_POLICY);
        assert_eq!(
            (header(&print, "cache-control").as_str(), header(&print, "x-content-type-options").as_str()),
            ("no-store", "nosniff")
        );
        let print = text(&print);
        assert!(
            print.contains("1 / 1 頁") && print.contains("関守 花子 (mayor)") && !print.contains("<script"),
            "{key}"
        );
    }
    // As the form has it, head to foot.
    let page = browser.page(&at("operators"));
    for column in ["職", "解除日", "解除理由", "承認者", "承認日"] {
        assert!(page.contains(&format!(">{column}</th>")), "{column}: {page}");
    }
    let page = browser.page(&at("cards"));
    for column in ["返納日", "失効日", "失効理由"] {
        assert!(page.contains(&format!(">{column}</th>")), "{column}: {page}");
    }
    assert!(!page.contains("備考"), "what is filled in by hand stands on paper alone: {page}");
    assert!(text(&file(&mut browser, &at("cards.html"))).contains("備考"));
    // Each way of looking at persons is a reading.
    for (key, read) in [("operators", (Query::Register, 2)), ("incident", (Query::Entries, 1))] {
        for ending in ["", ".csv", "-notes.csv", ".html"] {
            browser.get("/console/help");
            let before = served.town.records();
            browser.page(&at(&format!("{key}{ending}")));
            assert_eq!(last_reading(&served), Some(read), "{key}{ending}");
            assert_eq!(served.town.records(), before + 1, "{key}{ending}");
        }
    }
    // A row of a book leads to its case.
    assert!(browser.page(&at("incident")).contains("href=\"/console/cases/incident-2026-1\""));
    assert!(browser.page("/console/cases?form=incident").contains(&format!("href=\"{}\"", at("incident"))));
}

#[test]
fn page_csv_and_print_are_as_of_the_same_day() {
    let served = Served::new();
    let post = |title: &str| {
        let (post, title) = (code("kansa"), Title::new(title).unwrap());
        vec![Change::Post(SetPost { post, title, roles: vec![Role::Auditor], section: None, keeper: None })]
    };
    served.town.decide_together(post("監査委員")).unwrap();
    served.town.reports().unwrap();
    served.town.clock.advance(2 * 24 * 60 * 60_000);
    served.town.decide_together(post("監査事務局長")).unwrap();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    for ending in ["", ".csv", ".html"] {
        let mut posts = |date: &str| browser.page(&at(&format!("posts{ending}?date={date}")));
        assert!(posts("").contains("監査事務局長") && !posts("").contains("監査委員"), "{ending}");
        for date in ["2026-06-02", "R8.6.2"] {
            let page = posts(date);
            assert!(page.contains("監査委員") && !page.contains("監査事務局長"), "{ending}: {page}");
        }
        assert!(!posts("2026-05-31").contains("監査"), "{ending}");
        // What is planned is not told as what is.
        let planned = browser.page(&at(&format!("posts{ending}?date=2027-01-01")));
        assert!(ending == ".csv" || planned.contains("予定"), "{ending}: {planned}");
        let mut incidents = |date: &str| browser.page(&at(&format!("incident{ending}?date={date}")));
        assert!(incidents("2026-06-02").contains("令和8年度第1号"), "{ending}");
        assert!(!incidents("2026-05-31").contains("令和8年度第1号"), "{ending}");
    }
    let year = browser.page(&at("designations?year=2026"));
    assert!(year.contains("令和8年度") && year.contains(".html?date=&#38;year=2026"), "{year}");
    // A page says what it shows instead; a file that is taken away is never another one.
    for (path, says) in
        [("posts?date=tomorrow", "日付として読み取れない"), ("designations?year=20", "年度として読み取れない")]
    {
        assert!(browser.page(&at(path)).contains(says), "{path}");
        let answer = browser.get(&at(&path.replace('?', ".csv?")));
        assert!(answer.status == 400 && !text(&answer).contains("監査"), "{path}: {}", text(&answer));
    }
    for path in ["cards.pdf", "history", "incident.json", "%3Cscript%3E.csv"] {
        assert_eq!(browser.get(&at(path)).status, 404, "{path}");
    }
}

#[test]
fn the_media_of_the_backups_are_served_to_the_register_and_to_programs_without_this_machine_s_paths() {
    let served = Served::new();
    let list = json!({
        "media": [
            {"id": "00".repeat(16), "name": "B-1", "at": "/mnt/secret-place", "added": NOON - 40 * HOUR, "kept": "耐火金庫",
             "verified": {"generation": "g", "at": NOON - 30 * HOUR, "entries": 3, "bytes": 9}},
            {"id": "11".repeat(16), "name": "B-2", "at": "/mnt/secret-place", "added": NOON - HOUR},
        ],
        "failed": {"at": NOON - HOUR, "why": "no space on /mnt/secret-place"},
    });
    std::fs::write(served.town.root.join("media.json"), list.to_string()).unwrap();
    let (mut browser, _) = entered(&served, &served.town.mayor);
    for ending in ["", ".csv", ".html"] {
        let page = browser.page(&at(&format!("media{ending}")));
        assert!(["B-1", "B-2", "耐火金庫"].iter().all(|part| page.contains(part)), "{ending}: {page}");
        assert!(!page.contains("/mnt"), "{ending}: {page}");
    }
    let said = served.anybody().get_as(&served.at("media"), &served.token()).ok();
    assert_eq!(
        said["media"],
        json!([
            {"name": "B-1", "place": "耐火金庫", "listed": NOON - 40 * HOUR, "verified": NOON - 30 * HOUR},
            {"name": "B-2", "listed": NOON - HOUR},
        ])
    );
    assert_eq!(said["failed"], NOON - HOUR);
    assert!(!said.to_string().contains("/mnt"), "{said}");
}

const HOUR: u64 = 3_600_000;

/// A person of a section.
fn designated(operator: &str, name: &sekisho_ledger::acts::Name, section: &str) -> Change {
    Change::Designate(Box::new(designate(operator, section, name)))
}

/// The head of the tax section; somebody of hers, and somebody of another section.
fn head_of_taxes(served: &Served) -> TestCard {
    let section = |section: &str, title: &str| {
        let (section, title) = (code(section), Title::new(title).unwrap());
        Change::Section(SetSection { section, title, state: SectionState::Open, effective: 0 })
    };
    served.town.submit(vec![section("zeimu", "税務課"), section("fukushi", "福祉課")]).unwrap();
    let (card, names) = (TestCard::new(6, "kacho"), ["税 理子", "税 務", "福 祉"].map(person));
    let (post, title) = (code("zeimu-kacho"), Title::new("税務課長").unwrap());
    let hold = HoldPost { post: post.clone(), operator: code("kacho"), from: NOON, to: None, deputy: false };
    let (roles, own) = (vec![Role::DataHandlingManager], Some(code("zeimu")));
    let changes = vec![
        designated("kacho", &names[0], "zeimu"),
        designated("z1", &names[1], "zeimu"),
        designated("f1", &names[2], "fukushi"),
        Change::Post(SetPost { post, title, roles, section: own, keeper: None }),
        Change::HoldPost(hold),
        Change::IssueCard(Box::new(card.issue())),
    ];
    served.town.decide_with_names(changes, names.to_vec()).unwrap();
    card
}

#[test]
fn a_head_takes_away_what_he_is_shown_and_whoever_reads_no_cases_no_book() {
    let served = Served::new();
    let card = head_of_taxes(&served);
    let clerk = clerk_with_a_post(&served);
    let (mut office, _) = entered(&served, &served.town.mayor);
    let (mut head, _) = entered(&served, &card);
    for ending in ["", ".csv", ".html"] {
        let all = office.page(&at(&format!("operators{ending}")));
        assert!(["税 理子", "税 務", "福 祉", "関守 花子"].iter().all(|name| all.contains(name)), "{ending}: {all}");
        let own = head.page(&at(&format!("operators{ending}")));
        assert!(own.contains("税 務") && own.contains("税 理子"), "{ending}: {own}");
        assert!(!own.contains("福 祉") && !own.contains(">f1<") && !own.contains("f1,"), "{ending}: {own}");
        assert_eq!(own.contains("課に関するものに限る"), ending != ".csv", "{ending}: {own}");
        // Whoever decides for the office is known to all of it.
        let posts = head.page(&at(&format!("posts{ending}")));
        assert!(posts.contains("関守 花子") && posts.contains("税 理子"), "{ending}: {posts}");
    }
    let notes = head.page(&at("operators-notes.csv"));
    assert!(notes.contains("課に関するものに限る"), "{notes}");
    let (mut browser, _) = entered(&served, &clerk);
    assert!(!browser.page("/console/registers").contains(&format!("href=\"{}\"", at("incident"))));
    for ending in ["", ".csv", "-notes.csv", ".html"] {
        let answer = browser.get(&at(&format!("incident{ending}")));
        assert_eq!(answer.status, 403, "{ending}: {}", text(&answer));
        browser.page(&at(&format!("cards{ending}")));
    }
    let (_, english) = link(&served, &card, "en");
    let mut browser = Browser::of(&served);
    browser.begin(&english);
    let page = browser.page(&at("permits"));
    assert!(page.contains("those of the section of whoever printed it") && page.contains("form no. 11"), "{page}");
}
