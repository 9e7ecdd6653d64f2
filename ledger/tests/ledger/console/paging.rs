//! Long lists in the browser: page by page, nothing left out, nothing twice, and as few looks into the book for many rows as for few.

use std::sync::Arc;

use sekisho_ledger::store::SqliteStore;
use sekisho_register::change::{Change, SectionState, SetPost, SetSection};
use sekisho_register::{Role, Title};

use super::{Browser, entered, header, link, text};
use crate::faulty::FaultyStore;
use crate::served::Served;
use crate::town::people::designate;
use crate::town::{Town, code, person};

/// Persons, incidents and proposals of a busy office.
const MANY: usize = 230;

/// An office whose looks into the book are counted.
fn counted() -> (Served, Arc<FaultyStore>) {
    let mut kept = None;
    let town = Town::over(|data| {
        let store = Arc::new(FaultyStore::new(SqliteStore::open_existing(&data.database()).unwrap()));
        kept = Some(Arc::clone(&store));
        store
    });
    (Served::of(town), kept.unwrap())
}

fn designated(number: usize) -> (Change, sekisho_ledger::acts::Name) {
    let name = person(&format!("氏名 {number:03}"));
    let designation = designate(&format!("p{number:03}"), "jumin", &name);
    (Change::Designate(Box::new(designation)), name)
}

/// Each person by an act of its own, so that each name lies elsewhere.
fn designates(served: &Served, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let (change, name) = designated(number);
        served.town.decide_with_names(vec![change], vec![name]).unwrap();
    }
}

fn proposes(served: &Served, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let (post, title) = (code(&format!("post-{number}")), Title::new("監査委員").unwrap());
        let post = SetPost { post, title, roles: vec![Role::Auditor], section: None, keeper: None };
        served.town.brings_to_the_casebook(&served.town.proposes(vec![Change::Post(post)])).unwrap();
    }
}

/// What the heads of a page's rows lead to or say, of the table with this caption.
fn heads(page: &str, caption: &str) -> Vec<String> {
    let (_, table) = page.split_once(caption).unwrap_or_else(|| panic!("no {caption}: {page}"));
    let (_, body) = table.split_once("<tbody>").unwrap();
    let (body, _) = body.split_once("</tbody>").unwrap();
    body.split("<th scope=\"row\">").skip(1).map(|row| row.split("</th>").next().unwrap().to_owned()).collect()
}

/// Goes from page to page by the links themselves.
fn walk(browser: &mut Browser, first: &str, caption: &str) -> Vec<String> {
    let (mut path, mut rows) = (first.to_owned(), Vec::new());
    loop {
        let page = browser.page(&path);
        let here = heads(&page, caption);
        assert!(here.len() <= 100, "{path}: {}", here.len());
        rows.extend(here);
        let (_, after) = page.split_once(caption).unwrap();
        let link = after.split("<a href=\"").skip(1).find(|link| {
            link.contains(">次のページ</a>") && { link.split("</a>").next().unwrap().ends_with("次のページ") }
        });
        let Some(link) = link else { return rows };
        path = link.split('"').next().unwrap().replace("&#38;", "&");
    }
}

/// Looks into the book for one page.
fn looks(browser: &mut Browser, store: &FaultyStore, path: &str) -> usize {
    let before = store.looks();
    browser.page(path);
    store.looks() - before
}

const LISTS: [&str; 8] = [
    "/console/registers/operators",
    "/console/registers/posts",
    "/console/incidents",
    "/console/cases?form=incident&state=all",
    "/console/proposals",
    "/console/acts",
    "/console/terminals",
    "/console/forms/incident",
];

#[test]
fn long_lists_go_on_page_by_page_and_ask_the_book_as_often_as_short_ones() {
    let (served, store) = counted();
    designates(&served, 0..3);
    proposes(&served, 0..3);
    (0..3).for_each(|_| assert!(served.town.reports().is_ok()));
    let (mut browser, _) = entered(&served, &served.town.mayor);
    let few = LISTS.map(|path| looks(&mut browser, &store, path));
    designates(&served, 3..MANY);
    proposes(&served, 3..MANY);
    (3..MANY).for_each(|_| assert!(served.town.reports().is_ok()));
    let many = LISTS.map(|path| looks(&mut browser, &store, path));
    for (path, (few, many)) in LISTS.into_iter().zip(few.into_iter().zip(many)) {
        assert!(many <= few.max(3), "{path}: {few} looks for few rows, {many} for many");
    }

    let page = browser.page("/console/registers/operators");
    let all = MANY + 2;
    assert!(page.contains(&format!("{all}件中 1～100件目を表示")) && page.contains("氏名 050"), "{page}");
    for (path, caption, count) in [
        ("/console/registers/operators", "端末機操作者登録簿</caption>", all),
        ("/console/incidents", "事故等の報告</caption>", MANY),
        ("/console/cases?form=incident&state=all", "事故報告書</caption>", MANY),
        ("/console/proposals", "その他の申請</caption>", MANY),
    ] {
        let rows = walk(&mut browser, path, caption);
        let mut once = rows.clone();
        once.sort();
        once.dedup();
        assert_eq!((rows.len(), once.len()), (count, count), "{path}");
    }
    // The register of a day has its own pages, and the ways between them keep the day.
    let page = browser.page("/console/registers/operators?date=2026-06-01&from=100");
    assert!(page.contains("?date=2026-06-01&#38;from=0\"") && page.contains("前のページ"), "{page}");
}

#[test]
fn a_page_that_a_list_does_not_have_is_refused_in_words() {
    let served = Served::new();
    let section = SetSection {
        section: code("zeimu"),
        title: Title::new("税務課").unwrap(),
        state: SectionState::Open,
        effective: 0,
    };
    served.town.decide_together(vec![Change::Section(section)]).unwrap();
    let (_, english) = link(&served, &served.town.deputy, "en");
    let mut english_browser = Browser::of(&served);
    english_browser.begin(&english);
    let (mut browser, _) = entered(&served, &served.town.mayor);
    for path in [
        "/console/registers/operators?from=",
        "/console/registers/cards?date=2026-06-01&from=",
        "/console/incidents?cards=",
        "/console/incidents?incidents=",
        "/console/cases?from=",
        "/console/proposals?mine=",
        "/console/proposals?others=",
        "/console/terminals?from=",
        "/console/retention?months=",
        "/console/retention?destroyed=",
        "/console/retention?orders=",
        "/console/acts?before=",
    ] {
        assert_eq!(browser.get(path).status, 200, "{path}: the first page");
        for wrong in ["first", "-1", "100000", "18446744073709551616"] {
            let path = format!("{path}{wrong}");
            let answer = browser.get(&path);
            let page = text(&answer);
            assert!(answer.status == 404 && page.contains("一覧のページ"), "{path}: {} {page}", answer.status);
            let page = text(&english_browser.get(&path));
            assert!(page.contains("there is no such page of this list"), "{path}: {page}");
        }
    }
    let answer = browser.get("/console/records?go=1&before=x");
    assert!(answer.status == 404 && header(&answer, "content-type").starts_with("text/html"), "{}", text(&answer));
}
