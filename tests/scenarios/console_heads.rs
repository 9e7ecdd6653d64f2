//! Who takes which step in the browser: the committee is heard before an ordinary stop (S1 14(2)), and what a section has to say its own head says.

use sekisho_tests::browser::Browser;
use sekisho_tests::clerk::{insert, login, verdict_of};
use sekisho_tests::scene::Scene;

use crate::console::{Companion, at, authority, begins, ends, picture, process_log};
use crate::console_cases::{Visit, with_a_mayor};

#[test]
fn the_committee_is_heard_before_the_ordinary_stop() {
    let mut scene = with_a_mayor("console-heard");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let leak = ["class=failure", "level=1", "kind=malfunction", "recipients=system_manager"];
    scene.desk.run(&[&["case", "open", "incident"], &leak[..]].concat());
    let incident = format!("incident-{}-1", scene.clock.fiscal_year());
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));

    let companion = Companion::start(&scene, "record.log", &[]);
    let mut visit = Visit { ledger: at(&companion.link).to_owned(), browser: &mut browser };
    begins(visit.browser, &companion.link);
    visit.open("/connection", "結合中です");
    visit.browser.follow("main a", "委員会の意見を聴いた後に停止", "次へ（カードで署名）");
    assert_eq!(visit.browser.look("document.querySelector('#f-door').value"), "ordinary");
    visit.browser.type_into("#f-incident", &incident);
    visit.browser.type_into("#f-reason", "点検のため、住民票の検索を停止する。");
    visit.sign("次へ");
    // The stop does not come first: neither as a step of the record, which the page does not offer …
    let said = visit.open("/connection", "委員会の意見");
    assert!(!said.contains("停止を記録する") && said.contains("通常（委員会の意見を聴いた後）"), "{said}");
    let case = format!("disconnection-{}-1", scene.clock.fiscal_year());
    let said = visit.open(&format!("/cases/{case}/stop"), "先に行う手続があります");
    assert!(said.contains("委員会の意見"), "{said}");
    // … nor unnoticed as an act: whoever wants to stop all the same is told what is missing.
    let said = visit.open("/connection/stop", "意見はまだ記録されていません");
    assert!(said.contains("停止する（カードで署名）"), "an emergency asks nobody: {said}");
    ends(visit.browser, companion);

    let companion = Companion::start(&scene, "opinion.log", &[]);
    let today = begins(visit.browser, &companion.link);
    assert!(today.contains("委員会の意見"), "{today}");
    visit.browser.follow("main a", "委員会の意見", "次へ（カードで署名）");
    visit.browser.type_into("#f-opinion", "住民票の検索に限り、停止することに異議はない。");
    // A decision on paper has a number: without it nobody is asked to sign.
    visit.browser.click("button.main", "次へ");
    let said = visit.browser.wait_for("記入内容を確認してください");
    assert!(said.contains("文書番号"), "{said}");
    assert_eq!(visit.browser.look("document.querySelector('#paper-of').value"), "board");
    visit.browser.type_into("#paper-number", "白総第21号");
    visit.sign("次へ");
    ends(visit.browser, companion);

    let companion = Companion::start(&scene, "stop.log", &[]);
    begins(visit.browser, &companion.link);
    let said = visit.open("/connection", "停止を記録する");
    assert!(said.contains("書面：セキュリティ対策委員会"), "{said}");
    let said = visit.open("/connection/stop", "停止する（カードで署名）");
    assert!(!said.contains("意見はまだ記録されていません"), "it was heard: {said}");
    visit.browser.choose("[name='function.juminhyo.search']", "1");
    visit.browser.type_into("#incident", &incident);
    visit.sign("停止する");
    scene.wait_current();
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted", "the rest goes on");
    visit.open("/connection", "停止を記録する");
    visit.browser.follow("main a", "停止を記録する", "次へ（カードで署名）");
    visit.sign("次へ");
    let said = visit.open(&format!("/cases/{case}"), "経過");
    let place = |words: &str| said.find(words).unwrap_or_else(|| panic!("no {words}: {said}"));
    assert!(place("異議はない") < place("停止の処分"), "heard first, stopped then: {said}");
    picture(visit.browser, "case-heard");
    ends(visit.browser, companion);
    scene.desk.assert_verified();
}

/// A request to use records of a section, opened at the desk; its number.
fn request(scene: &Scene, section: &str) -> String {
    let section = format!("section={section}");
    let why = ["purpose=監査", "content=操作履歴", "provided=電子データ", "managed=施錠保管"];
    let why = [&why[..], &["from=2026-04-01", "to=2026-09-30"]].concat();
    scene.desk.run(&[&["case", "open", "export-request", &section], &why[..]].concat());
    let cases = scene.desk.list(&["case", "list", "--form", "export-request"]);
    cases.last().unwrap()["case"].as_str().unwrap().to_owned()
}

#[test]
fn a_step_is_offered_to_the_head_of_its_section_and_refused_to_another() {
    let mut scene = Scene::new("console-heads");
    scene.appoint("20003", "税田 務", "zei-head", &["data_handling_manager"]);
    let post = "[[post]]\npost = \"zei-head\"\ntitle = \"税務課長\"\nroles = [\"data_handling_manager\"]\nsection = \"zeimu\"\n";
    scene.apply_by_two(post);
    let (others, own) = (request(&scene, "jumin"), request(&scene, "zeimu"));
    scene.desk.sign_by("20003");
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));
    let companion = Companion::start(&scene, "head.log", &[]);
    let mut visit = Visit { ledger: at(&companion.link).to_owned(), browser: &mut browser };
    let today = begins(visit.browser, &companion.link);
    assert!(today.contains("所管課の同意"), "{today}");
    let offered = "[...document.querySelectorAll('main a')].map(a => a.getAttribute('href')).filter(a => a.endsWith('/consent')).join()";
    assert_eq!(visit.browser.look(offered), format!("/console/cases/{own}/consent"), "hers alone");

    // Forms that she may not fill in are not offered, and their address says why not and whom to ask; nor is one about another section's person.
    let said = visit.open("/forms", "事故報告書");
    assert!(said.contains("貸与申出書") && !said.contains("研修"), "{said}");
    let said = visit.open("/forms/training", "この様式に記入できる者");
    assert!(said.contains("次の者に記入を依頼してください") && said.contains("佐藤 一郎 (20001)"), "{said}");
    let said = visit.open("/forms/card-request?f-operator=10023", "他の課に関するものです");
    assert!(said.contains("住民課") && !said.contains("次へ（カードで署名）"), "{said}");
    picture(visit.browser, "form-refused");
    visit.open("/forms/card-request", "次へ（カードで署名）");

    // Another section's case is not hers to see: the page says so, and a form that comes all the same is not handed on.
    let said = visit.open(&format!("/cases/{others}/consent"), "他の課に関するものです");
    assert!(!said.contains("次へ（カードで署名）"), "{said}");
    let sends = format!(
        "(() => {{ const form = document.querySelector('form[action=\"/console/language\"]');
            form.action = '/console/cases/{others}/consent';
            for (const [name, value] of [['f-answer', 'granted'], ['for', 'zei-head']]) {{
                const field = document.createElement('input'); field.name = name; field.value = value; form.append(field);
            }}
            form.submit(); }})()"
    );
    visit.browser.look(&sends);
    let said = visit.browser.wait_for("他の課に関するものです");
    assert!(!said.contains("完了しました"), "{said}");
    assert!(!process_log(&scene.desk.file("head.log")).contains("ブラウザーからの依頼"));

    visit.open("", "所管課の同意");
    visit.browser.follow("main a", "所管課の同意", "次へ（カードで署名）");
    visit.browser.choose("#f-answer", "granted");
    visit.sign("次へ");
    visit.open("", "本日の要処理");
    assert_eq!(visit.browser.look(offered), "", "it is done");
    ends(visit.browser, companion);
    // At the desk she is refused as well, whatever the browser lets through.
    let said = scene.refused(&["case", "step", &others, "consent", "answer=granted"]);
    assert!(said.contains("consent") || said.contains("所管課の同意"), "{said}");
    scene.desk.sign_by("20001");
    let shown = scene.desk.run(&["case", "show", &own]);
    assert!(shown.contains("20003"), "{shown}");
    scene.desk.assert_verified();
}
