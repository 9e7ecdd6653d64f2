//! Review of access records in the browser (S4 4(4)): what is doubtful is listed, its section is asked with a button, and the answer is held against the case that
//! the record names.

use sekisho_tests::browser::Browser;
use sekisho_tests::scene::Scene;

use crate::console::{Companion, at, authority, begins, ends, work};
use crate::console_cases::Visit;

#[test]
fn what_is_doubtful_is_asked_with_a_button_and_the_answer_is_held_against_the_record() {
    let mut scene = Scene::new("console-review");
    work(&mut scene);
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));
    let companion = Companion::start(&scene, "review.log", &[]);
    let mut visit = Visit { ledger: at(&companion.link).to_owned(), browser: &mut browser };
    begins(visit.browser, &companion.link);

    let today = scene.clock.minute_in(std::time::Duration::ZERO)[..10].to_owned();
    let said = visit.open("/review?since=soon&until=later&go=1", "期間を読み取れません");
    assert!(said.contains("R8.4.1 又は"), "{said}");
    let page = format!("/review?since={today}&until={today}&go=1");
    let said = visit.open(&page, "権限外・担当外");
    assert!(said.contains("田中 さくら (10023)") || said.contains("10023"), "{said}");
    let row = "[...document.querySelectorAll('tbody tr')].find(row => row.innerText.includes('権限外'))";
    let record = visit.browser.look(&format!("{row}.querySelector('a').innerText"));
    let record = record.as_str().unwrap().to_owned();
    visit.browser.look(&format!("({row}.id = 'doubt', true)"));
    visit.browser.follow("#doubt a", "所属に照会する", "次へ（カードで署名）");
    assert_eq!(visit.browser.look("document.querySelector('#f-record').value"), record.as_str());
    assert_eq!(visit.browser.look("document.querySelector('#f-operator').value"), "10023");
    visit.browser.type_into("#f-question", "課税証明の交付を試みた理由");
    visit.sign("次へ");
    let case = format!("log-review-{}-1", scene.clock.fiscal_year());
    let said = visit.open(&format!("/cases/{case}"), "記録と回答の照合");
    assert!(said.contains("R8-79"), "the case that the record names: {said}");
    // What was asked is not asked again.
    let said = visit.open(&page, "権限外・担当外");
    assert!(said.contains("第1号"), "{said}");
    ends(visit.browser, companion);

    for (document, expected) in [("R8-80", "記録の案件番号と相違"), ("Ｒ８－７９", "記録の案件番号と一致")]
    {
        let document = format!("document={document}");
        scene.desk.run(&["case", "step", &case, "answer", "answer=申請による", &document]);
        let shown = scene.desk.command_in("ja", &["case", "show", &case]).output().unwrap();
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.contains("の案件番号: R8-79") && shown.contains(expected), "{shown}");
    }
    let companion = Companion::start(&scene, "compared.log", &[]);
    begins(visit.browser, &companion.link);
    let said = visit.open(&format!("/cases/{case}"), "記録と回答の照合");
    assert!(said.contains("記録の案件番号と相違") && said.contains("記録の案件番号と一致"), "{said}");
    ends(visit.browser, companion);
    scene.desk.assert_verified();
}
