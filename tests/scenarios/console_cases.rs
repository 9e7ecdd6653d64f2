//! An incident, a stop and the way back (S1 14–16), all of it from the browser: what a clerk notices of it, and what the pages let pass.

use sekisho_ipc::SessionState;
use sekisho_tests::browser::Browser;
use sekisho_tests::clerk::{insert, login, try_login, verdict_of, wait_state};
use sekisho_tests::scene::Scene;

use crate::console::{Companion, FAINT, at, authority, begins, ends, picture, process_log};

/// A mayor, whose papers the head of the residents' section keeps, a committee, whose the head of the IT section keeps, and a mayor's word on every reconnection.
pub(crate) fn with_a_mayor(story: &str) -> Scene {
    let mut scene = Scene::new(story);
    let file = scene.desk.file("both.toml");
    let changes = "[[post]]\npost = \"mayor\"\ntitle = \"町長\"\nroles = [\"executive\"]\nkeeper = \"jumin-kacho\"\n\
         [[post]]\npost = \"board\"\ntitle = \"セキュリティ対策委員会\"\nroles = [\"security_committee\"]\nkeeper = \"joho-kacho\"\n\
         [[route]]\nclass = \"connection\"\nproposers = [\"system_manager\"]\napprovers = [\"executive\"]\ndistinct = false\n";
    std::fs::write(&file, changes).unwrap();
    both_decide(&mut scene, &["propose", file.to_str().unwrap()]);
    scene
}

/// The first administrator proposes, the second approves.
fn both_decide(scene: &mut Scene, proposal: &[&str]) {
    scene.desk.run(proposal);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap();
    scene.desk.sign_as(1);
    scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    scene.desk.sign_as(1);
}

/// One person's session in the browser.
pub(crate) struct Visit<'a> {
    pub(crate) browser: &'a mut Browser,
    pub(crate) ledger: String,
}

impl Visit<'_> {
    pub(crate) fn open(&mut self, page: &str, words: &str) -> String {
        self.browser.open(&format!("{}/console{page}", self.ledger));
        self.browser.wait_for(words)
    }

    /// Presses the button of a form, and waits until the card has signed at the desk.
    pub(crate) fn sign(&mut self, button: &str) -> String {
        self.browser.click("button.main", button);
        self.browser.wait_for("完了しました")
    }

    /// A decision on paper is written down from its document.
    pub(crate) fn records_from(&mut self, post: &str, number: &str) {
        self.browser.choose("#paper-of", post);
        self.browser.type_into("#paper-number", number);
    }
}

#[test]
fn an_incident_a_stop_and_the_way_back_are_signed_from_the_browser() {
    let mut scene = with_a_mayor("console-cases");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    scene.desk.run(&["--propose", "post", "set", "kaikei", "会計課長", "--role", "auditor"]);
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));

    let companion = Companion::start(&scene, "first.log", &[]);
    let mut visit = Visit { ledger: at(&companion.link).to_owned(), browser: &mut browser };
    begins(visit.browser, &companion.link);
    let incident = reports_an_incident(&scene, &mut visit);
    stops_at_once(&scene, &mut visit, &incident);
    records_the_stop(&mut visit, &incident);
    records_the_report(&mut visit);
    ends(visit.browser, companion);

    scene.desk.sign_as(1);
    let companion = Companion::start(&scene, "second.log", &[]);
    let today = begins(visit.browser, &companion.link);
    assert!(today.contains("首長の確認") && today.contains("会計課長"), "{today}");
    refuses_a_proposal(&mut visit);
    records_the_confirmation(&mut visit);
    reconnects(&scene, &mut visit);
    let today = visit.open("", "本日の要処理");
    assert!(!today.contains("委員会の解消報告") && !today.contains("首長の確認"), "{today}");
    assert!(!today.contains("会計課長") && !today.contains("結合停止"), "{today}");
    ends(visit.browser, companion);
    scene.desk.assert_verified();
}

/// What is wrong is said and may be put right; what is right is signed, and stands with its texts.
fn reports_an_incident(scene: &Scene, visit: &mut Visit<'_>) -> String {
    let said = visit.open("/forms", "事故報告書");
    assert!(said.contains("職に就いている者"), "{said}");
    visit.browser.follow("tbody a", "事故報告書", "次へ（カードで署名）");
    picture(visit.browser, "form");
    visit.browser.choose("#f-class", "misuse");
    visit.browser.choose("#f-level", "3");
    visit.browser.type_into("#f-kind", "不正な侵入");
    visit.browser.type_into("#f-terminal", "doko-ka");
    visit.browser.choose("[name='f-recipients.system_manager']", "1");
    visit.browser.type_into("#f-circumstances", "庁外から<管理画面>への接続を検知した。\n端末の電源を切った。");
    visit.browser.click("button.main", "次へ");
    // All of it at once, each beside its field, with what was typed; the window at the desk has heard nothing of it.
    let said = visit.browser.wait_for("記入内容を確認してください");
    assert!(said.contains("登録された端末機のコード") && said.contains("又は運用方針で定めた種類"), "{said}");
    let invalid = "[...document.querySelectorAll('[aria-invalid=true]')].map(e => e.id).join()";
    assert_eq!(visit.browser.look(invalid), "f-kind,f-terminal");
    assert_eq!(visit.browser.look("document.querySelector('#f-kind').value"), "不正な侵入");
    assert_eq!(visit.browser.look(FAINT), serde_json::json!([]), "too little contrast");
    picture(visit.browser, "form-wrong");
    // A link leads to the field, where it can be typed at once.
    visit.browser.click("#wrong a", "種類");
    assert_eq!(visit.browser.look("document.activeElement.id"), "f-kind");
    visit.browser.choose("#f-kind", "intrusion");
    visit.browser.choose("#f-terminal", "jumin-1");
    visit.browser.click("button.main", "次へ");
    // Whom such an incident has to tell depends on level and kind.
    let said = visit.browser.wait_for("次の者への報告も必要です");
    assert!(!said.contains("登録されていません"), "{said}");
    let log = process_log(&scene.desk.file("first.log"));
    assert!(!log.contains("ブラウザーからの依頼"), "nobody was asked to sign: {log}");
    for role in ["chief_security_officer", "data_protection_manager"] {
        visit.browser.choose(&format!("[name='f-recipients.{role}']"), "1");
    }
    let said = visit.sign("次へ");
    assert!(said.contains("事故報告書 令和"), "{said}");
    let log = process_log(&scene.desk.file("first.log"));
    assert!(log.contains("庁外から<管理画面>への接続を検知した。"), "the text is read before it is signed: {log}");
    let said = visit.browser.follow("main a", "事故報告書 令和", "未了の手続");
    assert!(said.contains("庁外から<管理画面>への接続を検知した。") && said.contains("不正侵入 (intrusion)"), "{said}");
    picture(visit.browser, "case");
    let said = visit.open("/cases", "事故報告書");
    assert!(said.contains("受領") && said.contains("佐藤 一郎 (20001)"), "{said}");
    picture(visit.browser, "cases");
    format!("incident-{}-1", scene.clock.fiscal_year())
}

/// One action: the terminal goes by it within seconds.
fn stops_at_once(scene: &Scene, visit: &mut Visit<'_>, incident: &str) {
    visit.open("/connection", "結合中です");
    visit.browser.follow("main a", "直ちに結合を停止する", "事後に委員会及び首長への通知");
    visit.browser.type_into("#incident", incident);
    visit.browser.choose("[name='function.*']", "1");
    picture(visit.browser, "stop");
    visit.sign("停止する");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    let reason = scene.terminal.client().status().unwrap().last_lock_reason;
    assert_eq!(reason.as_deref(), Some("connection_stopped"));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "connection_stopped");
}

/// The record is begun and the stop named in it; without the two keys nothing is connected again.
fn records_the_stop(visit: &mut Visit<'_>, incident: &str) {
    let said = visit.open("/connection", "結合停止中です");
    assert!(said.contains("先に結合停止等記録を作成してください"), "{said}");
    let today = visit.open("", "結合停止の記録と通知がまだです");
    assert!(today.contains("超過"), "{today}");
    visit.browser.follow("main a", "結合停止の記録と通知がまだです", "結合停止等記録");
    visit.browser.follow("main a", "即時に停止し、事後に通知", "次へ（カードで署名）");
    assert_eq!(visit.browser.look("document.querySelector('#f-door').value"), "immediate");
    visit.browser.type_into("#f-incident", incident);
    visit.browser.type_into("#f-reason", "不正侵入の拡大を防ぐため");
    visit.sign("次へ");
    visit.open("/connection", "停止を記録する");
    visit.browser.follow("main a", "停止を記録する", "次へ（カードで署名）");
    let act = visit.browser.look("document.querySelector('#f-act').value");
    assert_eq!(act.as_str().map(str::len), Some(64), "the act is filled in");
    visit.sign("次へ");
    let said = visit.open("/connection", "委員会の解消報告");
    assert!(said.contains("未了") && said.contains("解消報告"), "{said}");
    assert_eq!(visit.browser.look("document.querySelector('button.main[disabled]').textContent"), "再結合する");
    picture(visit.browser, "connection");
    // Nor by an address that somebody remembers.
    visit.open("/connection/open", "再結合");
    assert_eq!(visit.browser.look("document.querySelectorAll('button.main:not([disabled])').length"), 0);
}

fn refuses_a_proposal(visit: &mut Visit<'_>) {
    visit.open("", "会計課長");
    visit.browser.follow("main a", "会計課長", "承認する（カードで署名）");
    visit.browser.type_into("#reason", "役割が広すぎます。");
    visit.sign("不承認とする");
    let said = visit.browser.follow("main a", "申請の内容", "役割が広すぎます。");
    assert!(said.contains("鈴木 花子 (20002)"), "{said}");
}

/// From the papers of those who have no card: the committee's report by the one keeper, the mayor's confirmation by the other.
fn records_the_report(visit: &mut Visit<'_>) {
    visit.open("/connection", "委員会の解消報告を記録する");
    visit.browser.follow("main a", "委員会の解消報告を記録する", "次へ（カードで署名）");
    assert_eq!(
        visit.browser.look("document.querySelector('#paper-of').value"),
        "board",
        "only on paper can it be taken"
    );
    visit.browser.type_into("#f-reporter", "委員長");
    visit.browser.type_into("#f-cause", "不正な接続元を遮断した。");
    visit.records_from("board", "白総第12号");
    visit.sign("次へ");
}

fn records_the_confirmation(visit: &mut Visit<'_>) {
    let said = visit.open("/connection", "首長の確認");
    assert!(said.contains("書面：セキュリティ対策委員会") && said.contains("白総第12号"), "{said}");
    assert_eq!(visit.browser.look("document.querySelector('button.main[disabled]').textContent"), "再結合する");
    visit.browser.follow("main a", "首長の確認を記録する", "次へ（カードで署名）");
    visit.browser.type_into("#f-safety", "全端末の点検を終えた。");
    visit.records_from("mayor", "白総第13号");
    visit.sign("次へ");
}

/// Proposed, because the route says so; approved from the mayor's paper; and the clerk works again.
fn reconnects(scene: &Scene, visit: &mut Visit<'_>) {
    visit.open("/connection", "再結合する");
    visit.browser.follow("main a.button", "再結合する", "申請として提出され、1段階の承認");
    visit.browser.choose("[name='function.*']", "1");
    visit.sign("再結合する");
    visit.open("/proposals", "再結合");
    visit.browser.follow("tbody a", "", "承認する（カードで署名）");
    visit.records_from("mayor", "白総第14号");
    visit.sign("承認する");
    scene.wait_current();
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    // Whoever has to be told was told, too, before the record is closed.
    visit.open("/connection", "通知を記録する");
    visit.browser.follow("main a", "通知を記録する", "次へ（カードで署名）");
    let told = visit.browser.look("document.querySelector('[name=\"f-roles.security_committee\"]').checked");
    assert_eq!(told, true, "the committee is ticked already");
    visit.browser.type_into("#f-recipient", "県市町村課");
    visit.browser.type_into("#f-content", "即時の停止とその理由を電話で通知した。");
    visit.sign("次へ");
    visit.open("/connection", "記録の保存を記録する");
    visit.browser.follow("main a", "記録の保存を記録する", "次へ（カードで署名）");
    visit.browser.type_into("#f-none", "機器の故障であり、保全すべき操作履歴はない。");
    visit.sign("次へ");
    visit.open("/connection", "再結合を記録する");
    visit.browser.follow("main a", "再結合を記録する", "次へ（カードで署名）");
    let act = visit.browser.look("document.querySelector('#f-act').value");
    assert_eq!(act.as_str().map(str::len), Some(64), "the act is filled in");
    visit.sign("次へ");
    let said = visit.open("/connection", "結合中です");
    assert!(said.contains("進行中の結合停止等記録はありません"), "{said}");
}

#[test]
fn what_a_deputy_decided_is_looked_at_and_a_proposal_of_ones_own_withdrawn() {
    let mut scene = Scene::new("console-deputy");
    both_decide(&mut scene, &["--propose", "post", "hold", "joho-kacho", "20002", "--deputy"]);
    scene.desk.sign_as(1);
    scene.desk.run(&["--post", "joho-kacho", "--as-deputy", "section", "set", "fukushi", "福祉課"]);
    scene.desk.sign_as(1);
    scene.desk.run(&["--propose", "post", "set", "kaikei", "会計課長", "--role", "auditor"]);
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));

    let companion = Companion::start(&scene, "holder.log", &[]);
    let mut visit = Visit { ledger: at(&companion.link).to_owned(), browser: &mut browser };
    let today = begins(visit.browser, &companion.link);
    assert!(today.contains("代決の後閲") && today.contains("あなた"), "{today}");
    visit.browser.follow("main a", "代決の後閲", "福祉課");
    visit.sign("後閲する");
    assert!(!visit.open("", "本日の要処理").contains("代決の後閲"));
    visit.open("/proposals", "会計課長");
    visit.browser.follow("tbody a", "", "あなたは承認できません");
    visit.sign("取り下げる");
    assert!(visit.browser.follow("main a", "申請の内容", "取下げ").contains("佐藤 一郎 (20001)"));
    assert!(!visit.open("", "本日の要処理").contains("会計課長"));
    ends(visit.browser, companion);

    // Whoever has two posts says in the name of which.
    scene.desk.run(&["--propose", "post", "set", "kaikei", "会計課長", "--role", "auditor"]);
    scene.desk.sign_as(1);
    let companion = Companion::start(&scene, "deputy.log", &[]);
    begins(visit.browser, &companion.link);
    visit.open("/proposals", "会計課長");
    visit.browser.follow("tbody a", "", "承認する（カードで署名）");
    visit.browser.choose("#for", "jumin-kacho");
    visit.sign("承認する");
    let log = process_log(&scene.desk.file("deputy.log"));
    assert!(log.contains("職: jumin-kacho"), "{log}");
    ends(visit.browser, companion);
}
