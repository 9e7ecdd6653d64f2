//! What offices print, label, destroy and take away: registers and reports that the articles ask for by name.

use std::time::Duration;

use sekisho_tests::clerk::{authorize, insert, login, pull, try_login, verdict_of};
use sekisho_tests::scene::{Scene, wait_sealed};

use crate::cases::{REPORT, day, now, open, shown, step};

/// A print for the printer, in Japanese.
fn printed(scene: &Scene, name: &str, arguments: &[&str]) -> String {
    printed_as(scene, name, arguments).0
}

/// The same, with what was said beside it.
fn printed_as(scene: &Scene, name: &str, arguments: &[&str]) -> (String, String) {
    let file = scene.scratch.path().join(name);
    let mut command = scene.desk.command_in("ja", &[arguments, &["--html", file.to_str().unwrap()]].concat());
    let output = command.output().unwrap();
    let said = sekisho_tests::ledger::both(&output);
    assert!(output.status.success(), "{arguments:?}: {said}");
    (std::fs::read_to_string(file).unwrap(), said)
}

fn has(print: &str, parts: &[&str]) {
    for part in parts {
        assert!(print.contains(part), "no {part} in {print}");
    }
}

#[test]
fn s1_8_one_command_gives_the_committee_what_it_looks_at() {
    let mut scene = Scene::new("iinkai");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_ne!(verdict_of(&scene.terminal, "zei.certificate"), "granted");
    wait_sealed(&scene.terminal);
    open(&scene, "incident", &[&["class=misuse", "level=2", "kind=leak"], &REPORT[..]].concat());
    let held = format!("on={}", day(&scene, 0));
    open(&scene, "training", &["content=個人情報の取扱い", &held, "audience=全操作者"]);
    let today = day(&scene, 0);
    let of = ["report", "committee", "--from", &today, "--to", &today];
    let print = printed(&scene, "committee.html", &of);
    has(&print, &["操作者", "カード", "拒否", "事故・障害", "研修の状況", "個人情報の取扱い", "leak"]);
    has(&print, &["結合停止等記録", "検査(監査)報告書", "アクセスログ確認結果", "1年以内の研修を受けていない者"]);
    // Of a time before it has neither; what is not over is looked at again.
    let before = ["report", "committee", "--from", "R7.4.1", "--to", "R7.4.30"];
    let print = printed(&scene, "before.html", &before);
    assert!(!print.contains("個人情報の取扱い") && !print.contains("leak"), "{print}");
    scene.clock.pass(Duration::from_secs(2 * 24 * 3600));
    let later = day(&scene, 0);
    let print = printed(&scene, "later.html", &["report", "committee", "--from", &later, "--to", &later]);
    has(&print, &["個人情報の取扱い", "leak", "未了: "]);
}

/// A card ends and is destroyed by `20002`, beside the first founder.
fn destroyed(scene: &mut Scene) -> String {
    let guid = scene.desk.guid_of("10023");
    let how = ["--method", "ICチップと券面を裁断", "--by", "20002", "--witness", "20001"];
    let dispose = [&["card", "dispose", guid.as_str()], &how[..]].concat();
    scene.decide(&["card", "revoke", &guid, "--reason", "damaged"]);
    scene.desk.run(&dispose);
    scene.wait_current();
    guid
}

#[test]
fn s2_9_a_destroyed_card_is_on_record_and_never_comes_back() {
    let mut scene = Scene::new("haiki");
    let guid = destroyed(&mut scene);
    let print = printed(&scene, "disposals.html", &["register", "print", "disposals"]);
    has(&print, &["ICチップと券面を裁断", "鈴木 花子", "佐藤 一郎", "年度第3号"]);
    // Were it not destroyed after all, it would open nothing and begin no other life.
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "card_returned");
    pull(&scene.terminal, &mut scene.clerk);
    let _ = scene.refused(&["card", "lift", &guid]);
    // Another end is taken and changes nothing.
    scene.desk.run(&["card", "return", &guid]);
    let cards = scene.desk.list(&["card", "list"]);
    let card = cards.iter().find(|card| card["guid"] == guid.as_str()).unwrap();
    assert_eq!(card["state"], "disposed of", "{card}");
}

#[test]
fn s3_17_1_the_register_of_system_staff_prints_by_itself_as_of_any_date() {
    let mut scene = Scene::new("denzan");
    let before = now(&scene);
    scene.clock.pass(Duration::from_secs(120));
    scene.by_two(&[
        "operator",
        "designate",
        "30001",
        "--name",
        "電田 算",
        "--section",
        "jumin",
        "--class",
        "system_staff",
    ]);
    let register = ["register", "print", "staff"];
    let print = printed(&scene, "staff.html", &register);
    has(&print, &["電算要員登録台帳", "30001", "電田 算"]);
    assert!(!print.contains("10023"), "clerks stand in another register: {print}");
    let then = printed(&scene, "then.html", &[&register[..], &["--as-of", &before]].concat());
    assert!(!then.contains("30001"), "{then}");
    let operators = printed(&scene, "operators.html", &["register", "print", "operators"]);
    has(&operators, &["10023"]);
}

#[test]
fn s3_20_statistics_of_a_year_name_nobody() {
    let mut scene = Scene::new("toukei");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    for _ in 0..3 {
        authorize(&scene.terminal, "juminhyo.issue");
    }
    wait_sealed(&scene.terminal);
    let year = scene.clock.fiscal_year().to_string();
    let file = scene.scratch.path().join("statistics.csv");
    scene.desk.run(&["records", "statistics", "--year", &year, "--csv", file.to_str().unwrap()]);
    let rows = std::fs::read_to_string(file).unwrap();
    let row = rows.lines().find(|row| row.contains("juminhyo.issue")).unwrap_or_else(|| panic!("no row: {rows}"));
    assert!(row.split(',').any(|field| field == "3"), "{row}");
    for identity in ["10023", "10024", "田中", &scene.desk.guid_of("10023")] {
        assert!(!rows.contains(identity), "'{identity}' is in {rows}");
    }
}

#[test]
fn s3_23_3_a_label_tells_neither_whose_a_card_is_nor_what_for() {
    let scene = Scene::new("label");
    let print = printed(&scene, "labels.html", &["card", "labels"]);
    let cards = scene.desk.list(&["card", "list"]);
    assert!(cards.len() > 2, "{cards:?}");
    for card in &cards {
        let number = card["number"].as_str().unwrap().split_once('-').unwrap().1;
        has(&print, &[&format!("年度第{number}号")]);
        let guid = card["guid"].as_str().unwrap();
        assert!(!print.contains(guid), "{print}");
    }
    for secret in ["佐藤", "鈴木", "10023", "20001", "住民課", "jumin", "操作者", "管理者", "白樺町"] {
        assert!(!print.contains(secret), "'{secret}' is on a label: {print}");
    }
}

#[test]
fn s3_23_4_a_destroyed_card_has_date_method_and_person() {
    let mut scene = Scene::new("haiki2");
    let guid = destroyed(&mut scene);
    let today = day(&scene, 0);
    let file = scene.scratch.path().join("disposals.csv");
    scene.desk.run(&["register", "print", "disposals", "--csv", file.to_str().unwrap()]);
    let rows = std::fs::read_to_string(file).unwrap();
    let row = rows.lines().find(|row| row.contains("20002")).unwrap_or_else(|| panic!("{guid} is not there: {rows}"));
    has(row, &[&today, "ICチップと券面を裁断", "鈴木 花子"]);
    // Without method and person it is no disposal.
    for half in [&["card", "dispose", guid.as_str()][..], &["card", "dispose", &guid, "--method", "裁断"]] {
        let output = scene.desk.try_run(half);
        assert_eq!(output.status.code(), Some(2), "{half:?}");
    }
}

#[test]
fn s3_27_the_printed_report_of_an_accident_has_kind_circumstances_cause_and_measures() {
    let scene = Scene::new("jikohoukoku");
    let case =
        open(&scene, "incident", &["class=misuse", "level=2", "kind=leak", "circumstances=誤って他人の票を交付"]);
    step(&scene, &case, "report", &REPORT);
    let print = printed(&scene, "incident.html", &["case", "sheet", &case]);
    has(&print, &["事故", "leak", "誤って他人の票を交付", "確認不足", "照合の省略", "回収", "佐藤 一郎"]);
    let book = printed(&scene, "book.html", &["case", "print", "incident"]);
    has(&book, &["照合の省略", "回収"]);
}

#[test]
fn s3_33_nothing_is_taken_away_without_each_of_three_decisions_in_their_order() {
    let mut scene = Scene::new("mokutekigai");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    let days = [format!("from={}", day(&scene, 0)), format!("to={}", day(&scene, 0))];
    let why = ["section=jumin", "purpose=統計調査", "content=操作履歴", "provided=電子データ", "managed=施錠保管"];
    let why = [&why[..], &[&days[0], &days[1]]].concat();
    let case = open(&scene, "export-request", &why);
    let file = scene.scratch.path().join("out.csv");
    let export =
        ["records", "export", "--permission", &case, "--format", "csv", "--out", file.to_str().unwrap()].to_vec();
    let granted = "answer=granted";
    // The second waits for the first, the third for the second.
    let _ = scene.refused(&["case", "step", &case, "agree", granted]);
    for decision in ["consent", "agree", "permit"] {
        let said = scene.refused(&export);
        assert!(said.contains(&case) && !file.exists(), "before {decision}: {said}");
        if decision == "permit" {
            let _ = scene.refused(&["case", "step", &case, decision, granted]);
            scene.desk.sign_by("20002");
        }
        step(&scene, &case, decision, &[granted]);
    }
    scene.desk.sign_by("20001");
    scene.desk.run(&export);
    assert!(file.exists());
    let said = shown(&scene, &case);
    let places: Vec<_> = ["consents", "agrees", "permits"].iter().map(|word| said.find(word)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{said}");
    // One refusal is enough.
    let other = open(&scene, "export-request", &why);
    step(&scene, &other, "consent", &[granted]);
    step(&scene, &other, "agree", &["answer=refused"]);
    let _ = scene.refused(&["case", "step", &other, "permit", granted]);
    let none = scene.scratch.path().join("none.csv");
    let _ = scene.refused(&["records", "export", "--permission", &other, "--out", none.to_str().unwrap()]);
    assert!(!none.exists());
}

#[test]
fn s4_24_a_changed_form_is_used_at_the_next_print_and_an_old_print_is_made_again() {
    let scene = Scene::new("youshiki");
    let kept = scene.scratch.folder("kept");
    scene.desk.run(&["form", "templates", "export", kept.to_str().unwrap()]);
    let register = ["register", "print", "operators"];
    let (first, said) = printed_as(&scene, "first.html", &register);
    let after = |word: &str| said.split_once(word).unwrap().1.split([' ', ',']).find(|part| !part.is_empty()).unwrap();
    let fixed = [&register[..], &["--at-size", after("--at-size"), "--printed-at", after("--printed-at")]].concat();
    let own = scene.desk.file("home/templates");
    std::fs::create_dir(&own).unwrap();
    for entry in std::fs::read_dir(&kept).unwrap() {
        let entry = entry.unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        std::fs::write(own.join(entry.file_name()), text.replace("<body>", "<body><p>白樺町の様式</p>")).unwrap();
    }
    let changed = printed(&scene, "changed.html", &fixed);
    assert!(changed.contains("白樺町の様式") && !first.contains("白樺町の様式"), "{changed}");
    let again = printed(&scene, "again.html", &[&fixed[..], &["--templates", kept.to_str().unwrap()]].concat());
    assert_eq!(again, first);
}
