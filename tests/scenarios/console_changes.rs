//! Changes of every day, made in the browser: what is wrong is said there, the act is read at the desk and signed by card, and the terminal goes by it.

use sekisho_ipc::SessionState;
use sekisho_tests::browser::Browser;
use sekisho_tests::clerk::{insert, login, try_login, verdict_of, wait_state};
use sekisho_tests::scene::Scene;

use crate::console::{Companion, at, authority, begins, ends, picture, process_log};
use crate::console_cases::Visit;

/// The number of a person's card, as it is written into a field.
fn card_of(scene: &Scene, operator: &str) -> String {
    let cards = scene.desk.list(&["card", "list"]);
    let card = cards.iter().find(|card| card["operator"].as_str().is_some_and(|of| of.contains(operator)));
    let card = card.unwrap_or_else(|| panic!("no card of {operator}: {cards:?}"));
    card["card"].as_str().or(card["guid"].as_str()).unwrap_or_else(|| panic!("{card}")).to_owned()
}

#[test]
fn changes_of_every_day_are_made_in_the_browser_and_signed_at_the_desk() {
    let mut scene = Scene::new("console-changes");
    // Permits take a second person here.
    scene.apply_by_two(
        "[[route]]\nclass = \"hours\"\nproposers = [\"system_manager\"]\napprovers = [\"system_manager\"]\n",
    );
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    let card = card_of(&scene, "10023");
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));
    let companion = Companion::start(&scene, "first.log", &[]);
    let mut visit = Visit { ledger: at(&companion.link).to_owned(), browser: &mut browser };
    begins(visit.browser, &companion.link);
    suspends_and_lifts(&scene, &mut visit, &card);
    keeps_and_destroys(&mut visit);
    renews_and_ends(&scene, &mut visit);
    proposes_a_permit(&scene, &mut visit);
    ends(visit.browser, companion);

    scene.desk.sign_as(1);
    let companion = Companion::start(&scene, "second.log", &[]);
    begins(visit.browser, &companion.link);
    visit.open("/proposals", "時間外");
    visit.browser.follow("tbody a", "", "承認する（カードで署名）");
    visit.sign("承認する");
    let said = visit.open("/registers/permits", "時間外使用許可簿");
    assert!(["田中 さくら", "10023", "jumin-1"].iter().all(|part| said.contains(part)), "{said}");
    visit.browser.follow("main a", "時間外操作の許可の取消し", "次へ（カードで署名）");
    picture(visit.browser, "change");
    copies_commands(&scene, &mut visit);
    disposes(&scene, &mut visit, &card);
    ends(visit.browser, companion);
    scene.desk.assert_verified();
}

/// What the registers of posts, routes and policy show as commands is what the desk takes: copied, altered, run.
fn copies_commands(scene: &Scene, visit: &mut Visit<'_>) {
    let mut copied = |page: &str, with: &str| {
        visit.open(&format!("/registers/{page}"), "変更の方法");
        let all = "[...document.querySelectorAll('.command')].map(e => e.textContent)";
        let all = visit.browser.look(all);
        let all = all.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        let all: Vec<String> = all.collect();
        let found = all.iter().find(|text| text.contains(with)).cloned();
        found.unwrap_or_else(|| panic!("no {with}: {all:?}"))
    };
    let run = |command: &str| {
        let words = command.split(' ').map(|word| word.trim_matches('\''));
        scene.desk.run(&words.skip(1).collect::<Vec<_>>())
    };
    let (post, route) = (copied("posts", " post set "), copied("routes", " route set hours"));
    let policy = (copied("policy", "idle_seconds"), copied("policy", "policy.toml"));
    let title = post.split('\'').nth(1).unwrap();
    run(&post.replace(&format!("'{title}'"), "'写した職'"));
    run(&route.replace(" --approver system_manager", ""));
    let idle = policy.0.lines().find(|line| line.starts_with("idle_seconds")).unwrap();
    let file = scene.desk.file("policy.toml");
    std::fs::write(&file, policy.0.replace(idle, "idle_seconds = 241")).unwrap();
    run(&policy.1.replace("policy.toml", file.to_str().unwrap()));
    let waits = scene.desk.run(&["proposals"]);
    assert!(waits.contains("写した職"), "{waits}");
    let acts = scene.desk.run(&["acts", "--last", "3"]);
    assert!(format!("{waits}{acts}").contains("241"), "{waits}{acts}");
}

/// A card that was destroyed: when, how, by whom, beside whom. No card but the signer's is in a reader.
fn disposes(scene: &Scene, visit: &mut Visit<'_>, card: &str) {
    visit.open("/registers/cards", "操作者用カード管理簿");
    let said = visit.browser.follow("main a", "カードの廃棄", "次へ（カードで署名）");
    assert!(said.contains("sekisho-admin card terminate"), "what comes before it: {said}");
    visit.browser.type_into("#f-card", card);
    visit.browser.type_into("#f-method", "券面裁断・チップ破壊");
    visit.browser.type_into("#f-by", "20001");
    visit.browser.type_into("#f-witness", "20001");
    visit.browser.click("button.main", "次へ");
    let said = visit.browser.wait_for("記入内容を確認してください");
    assert!(said.contains("立会者は廃棄した者とは別の者です"), "{said}");
    visit.browser.choose("#f-witness", "20002");
    picture(visit.browser, "change-dispose");
    visit.sign("次へ");
    let said = visit.open("/registers/cards", "操作者用カード管理簿");
    assert!(said.contains("廃棄"), "{said}");
    let printed = scene.desk.run(&["register", "print", "disposals"]);
    assert!(printed.contains("券面裁断・チップ破壊"), "{printed}");
}

/// The terminal goes by it within seconds, and opens again when it is lifted.
fn suspends_and_lifts(scene: &Scene, visit: &mut Visit<'_>, card: &str) {
    visit.open("/registers/cards", "操作者用カード管理簿");
    visit.browser.follow("main a", "カードの停止", "全ての端末機で数秒以内に有効になります");
    visit.browser.type_into("#f-card", "2020-1");
    visit.browser.choose("#f-reason", "lost");
    visit.browser.click("button.main", "次へ");
    let said = visit.browser.wait_for("記入内容を確認してください");
    assert!(said.contains("カード：") && said.contains("登録されていません"), "{said}");
    assert_eq!(visit.browser.look("document.querySelector('#f-reason').value"), "lost", "nothing is lost");
    visit.browser.choose("#f-card", card);
    visit.sign("次へ");
    let log = process_log(&scene.desk.file("first.log"));
    assert!(log.contains("ブラウザーからの依頼: カードの停止") && log.contains("停止"), "{log}");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "card_suspended");
    visit.open("/changes/card_state", "次へ（カードで署名）");
    visit.browser.type_into("#f-card", card);
    visit.browser.choose("#f-state", "active");
    visit.sign("次へ");
    scene.wait_current();
    login(&scene.terminal, &scene.clerk);
}

/// What is preserved or not old enough is not destroyed: that is said before anybody types a PIN.
fn keeps_and_destroys(visit: &mut Visit<'_>) {
    visit.open("/retention", "保存");
    visit.browser.follow("main a", "記録の保全", "保存期間が過ぎても廃棄できません");
    visit.browser.type_into("#f-order", "keisatsu-1");
    visit.browser.choose("[name='f-classes.access']", "1");
    visit.sign("次へ");
    let said = visit.open("/retention", "keisatsu-1");
    assert!(said.contains("保全中"), "{said}");
    visit.browser.follow("main a", "記録の廃棄", "取り消せません");
    visit.browser.choose("#f-class", "access");
    visit.browser.choose("#f-from", "2026-05");
    visit.browser.choose("#f-to", "2026-05");
    visit.browser.click("button.main", "次へ");
    let said = visit.browser.wait_for("記入内容を確認してください");
    assert!(said.contains("保全") || said.contains("保存"), "why not: {said}");
    picture(visit.browser, "change-refused");
}

fn renews_and_ends(scene: &Scene, visit: &mut Visit<'_>) {
    visit.open("/registers/operators", "端末機操作者登録簿");
    visit.browser.follow("main a", "操作者の指定の更新", "次の期間に引き継ぎます");
    visit.browser.choose("[name='f-operators.10023']", "1");
    visit.sign("次へ");
    let log = process_log(&scene.desk.file("first.log"));
    assert!(log.contains("田中 さくら"), "whom is named at the desk: {log}");
    visit.open("/changes/operator_state", "次へ（カードで署名）");
    visit.browser.type_into("#f-operator", "10031");
    visit.browser.choose("#f-state", "ended");
    visit.browser.choose("#f-reason", "left_duty");
    visit.sign("次へ");
    let said = visit.open("/registers/operators", "端末機操作者登録簿");
    assert!(said.contains("解除"), "{said}");
}

fn proposes_a_permit(scene: &Scene, visit: &mut Visit<'_>) {
    let year = scene.clock.fiscal_year();
    let said = visit.open("/changes/permit", "次へ（カードで署名）");
    assert!(said.contains("申請として提出され、1段階の承認"), "{said}");
    visit.browser.choose("[name='f-operators.10023']", "1");
    visit.browser.choose("[name='f-terminals.jumin-1']", "1");
    visit.browser.choose("#f-from", &format!("{}-02-01T17:15", year + 1));
    visit.browser.choose("#f-to", &format!("{}-02-01T21:00", year + 1));
    visit.browser.type_into("#f-reason", "kakutei-shinkoku");
    picture(visit.browser, "change-permit");
    visit.sign("次へ");
    let said = visit.open("/proposals", "時間外");
    assert!(said.contains("佐藤 一郎 (20001)"), "{said}");
}
