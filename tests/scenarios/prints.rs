//! Registers and forms in print: as of a date, the same again byte for byte, by the office's own templates, and nothing where one is wrong.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use sekisho_ipc::{CompleteRequest, Outcome};
use sekisho_tests::clerk::{authorize, insert, login, request, verdict_of};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;
use serde_json::Value;

use crate::exported::{CSV, python};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// A print into a file of the scene's folder.
fn print(scene: &Scene, language: &str, name: &str, arguments: &[&str]) -> (String, String) {
    let file = scene.scratch.path().join(name);
    let kind = if name.ends_with(".csv") { "--csv" } else { "--html" };
    let output =
        scene.desk.command_in(language, &[arguments, &[kind, file.to_str().unwrap()]].concat()).output().unwrap();
    assert!(output.status.success(), "{}", both(&output));
    (read(&file), both(&output))
}

fn refused(scene: &Scene, name: &str, arguments: &[&str]) -> Output {
    let file = scene.scratch.path().join(name);
    let output = scene.desk.try_run(&[arguments, &["--html", file.to_str().unwrap()]].concat());
    assert!(!output.status.success() && !file.exists(), "{}", both(&output));
    output
}

/// That day, so many days from now.
fn day_in(scene: &Scene, days: u64) -> String {
    let minute = scene.clock.minute_in(Duration::from_secs(days * 24 * 60 * 60));
    minute.split('T').next().unwrap().to_owned()
}

/// What follows a word in a text, up to a blank.
fn after<'t>(text: &'t str, word: &str) -> &'t str {
    let rest = text.split_once(word).unwrap_or_else(|| panic!("no {word} in {text}")).1;
    rest.split([' ', ',', '\n']).find(|part| !part.is_empty()).unwrap()
}

#[test]
fn a_register_is_printed_as_of_a_date_and_the_same_print_is_made_again_after_later_acts() {
    let scene = Scene::new("prints");
    let register = ["register", "print", "cards"];
    let (first, said) = print(&scene, "ja", "first.html", &register);
    for part in
        ["白樺町", "様式第2号", "操作者用カード管理簿", "令和", "現在", "1 / 1 頁", "印刷者", "size: A4 landscape"]
    {
        assert!(first.contains(part), "no {part} in {first}");
    }
    for part in ["<script", "<link", "<img", "http:", "https:", "url("] {
        assert!(!first.contains(part), "a print loads nothing: {part}");
    }
    let (size, minute) = (after(&said, "--at-size").to_owned(), after(&said, "--printed-at").to_owned());
    let then = scene.clock.minute_in(Duration::ZERO);

    // Later acts, on another day.
    scene.clock.pass(Duration::from_secs(2 * 24 * 60 * 60));
    let card = scene.desk.guid_of("10031");
    scene.decide(&["card", "suspend", &card, "--reason", "lost"]);
    let (now, _) = print(&scene, "ja", "now.html", &register);
    assert!(now.contains("停止") && now.contains("紛失") && !first.contains("停止"), "{now}");
    let (dated, _) = print(&scene, "ja", "dated.html", &[&register[..], &["--as-of", &then]].concat());
    assert!(!dated.contains("停止"), "as of a moment before the act: {dated}");

    // The same command, of today's log.
    let again = [&register[..], &["--at-size", &size, "--printed-at", &minute]].concat();
    assert_eq!(print(&scene, "ja", "again.html", &again).0, first);
    // Another one has to say whose print it makes again.
    let by = [&again[..], &["--printed-by", "20002"]].concat();
    assert_ne!(print(&scene, "ja", "by.html", &by).0, first);
    let output = refused(&scene, "beyond.html", &[&register[..], &["--at-size", "100000"]].concat());
    assert!(both(&output).contains("--at-size"), "{}", both(&output));
    let output = refused(&scene, "nobody.html", &[&again[..], &["--printed-by", "99999"]].concat());
    assert!(both(&output).contains("99999"), "{}", both(&output));
    // No head is false: who printed it when can be said only of an earlier print, and of no time to come.
    let tomorrow = scene.clock.minute_in(Duration::from_secs(24 * 60 * 60));
    for false_head in
        [&["--printed-by", "20002"][..], &["--printed-at", &minute], &["--at-size", &size, "--printed-at", &tomorrow]]
    {
        let output = refused(&scene, "false.html", &[&register[..], false_head].concat());
        assert!(both(&output).contains("--printed-") || both(&output).contains("--at-size"), "{}", both(&output));
    }
    for (form, option) in [("custody", "--printed-at"), ("custody", "--printed-by")] {
        let output = refused(&scene, "false.html", &["report", form, option, &minute]);
        assert!(both(&output).contains(option), "{}", both(&output));
    }
    // What is planned is not told as what is; today is now.
    let (planned, _) = print(&scene, "ja", "planned.html", &[&register[..], &["--as-of", &tomorrow]].concat());
    assert!(planned.contains("現在(予定。"), "{planned}");
    let (today, _) = print(&scene, "ja", "today.html", &[&register[..], &["--as-of", &day_in(&scene, 0)]].concat());
    assert!(!today.contains("予定。"), "{today}");
    let next = (scene.clock.fiscal_year() + 1).to_string();
    let year = ["register", "print", "designations", "--year", &next];
    let (designations, _) = print(&scene, "en", "designations.html", &year);
    assert!(designations.contains(&format!("as of {next}-04-01 (planned:")), "{designations}");
    // Nothing is written over.
    let file = scene.scratch.path().join("first.html");
    let output = scene.desk.try_run(&[&register[..], &["--html", file.to_str().unwrap()]].concat());
    assert!(!output.status.success() && read(&file) == first, "{}", both(&output));
}

#[test]
fn every_register_is_printed_as_lines_as_csv_and_as_pages() {
    let scene = Scene::new("registers");
    let csv = |which: &str, language: &str| {
        let name = format!("{which}-{language}.csv");
        print(&scene, language, &name, &["register", "print", which, "--bom"]);
        python(CSV, &scene.scratch.path().join(name))
    };
    let all = [
        "operators",
        "cards",
        "temporary-cards",
        "permits",
        "designations",
        "staff",
        "stock",
        "disposals",
        "terminals",
        "functions",
        "purposes",
        "sections",
        "posts",
        "routes",
        "policy",
        "hours",
    ];
    for which in all {
        let rows = csv(which, "ja");
        let shown = scene.desk.list(&["register", "print", which]);
        assert_eq!(rows.len(), shown.len() + 1, "{which}: {shown:?}");
        let (page, _) = print(&scene, "en", &format!("{which}.html"), &["register", "print", which]);
        assert!(page.contains("1 / 1 page") && page.contains("as of "), "{which}: {page}");
    }
    let operators = csv("operators", "en");
    let place = |title: &str| operators[0].as_array().unwrap().iter().position(|of| of == title).unwrap();
    let clerk = operators.iter().find(|row| row[place("operator")] == "10023").unwrap();
    assert_eq!((&clerk[place("section")], &clerk[place("state")]), (&"住民課 (jumin)".into(), &"active".into()));
    assert!(clerk[place("functions")].as_str().unwrap().contains("juminhyo.issue"), "{clerk}");
    // Who is not the clerk's superior approved it.
    assert!(clerk[place("approved_by")].as_str().unwrap().contains("2000"), "{clerk}");

    // Counted once each, and the columns add up.
    let stock = scene.desk.list(&["register", "print", "stock"]);
    let number = |row: &Value, key: &str| row[key].as_str().unwrap().parse::<u64>().unwrap();
    for row in &stock {
        let parts = ["lent", "dormant", "outside", "suspended", "revoked", "returned", "disposed"];
        assert_eq!(number(row, "issued"), parts.iter().map(|key| number(row, key)).sum::<u64>(), "{row}");
    }
    assert_eq!(number(stock.last().unwrap(), "issued"), scene.desk.list(&["card", "list"]).len() as u64);

    // S3 23(3): a label has the number alone.
    let (labels, _) = print(&scene, "ja", "labels.html", &["card", "labels"]);
    assert!(labels.contains("年度第1号"), "{labels}");
    for word in ["佐藤", "鈴木", "10023", "業務", "住民課", "白樺町"] {
        assert!(!labels.contains(word), "{word} in {labels}");
    }
    let one = scene.desk.list(&["card", "labels", &scene.desk.guid_of("10023")]);
    assert_eq!(one.len(), 1);
    let output = refused(&scene, "year.html", &["register", "print", "cards", "--year", "2026"]);
    assert!(both(&output).contains("--year"), "{}", both(&output));
    // A date of an era that is over says so.
    let output = refused(&scene, "era.html", &["register", "print", "cards", "--as-of", "平成40年4月1日"]);
    assert!(both(&output).contains("平成31年4月30日") && output.status.code() == Some(2), "{}", both(&output));
}

#[test]
fn the_office_s_own_template_is_used_at_the_next_print_and_a_broken_one_prints_nothing() {
    let scene = Scene::new("templates");
    let register = ["register", "print", "operators"];
    let (ours, said) = print(&scene, "ja", "ours.html", &register);
    let (size, minute) = (after(&said, "--at-size").to_owned(), after(&said, "--printed-at").to_owned());
    let fixed = [&register[..], &["--at-size", &size, "--printed-at", &minute]].concat();

    // Begun from ours, in the home directory.
    let folder = scene.desk.file("home/templates");
    let said = scene.desk.run(&["form", "templates", "export", folder.to_str().unwrap()]);
    assert!(said.contains("templates written"), "{said}");
    let output = scene.desk.try_run(&["form", "templates", "export", folder.to_str().unwrap()]);
    assert!(!output.status.success(), "no file is written over: {}", both(&output));
    assert_eq!(print(&scene, "ja", "same.html", &fixed).0, ours, "the same templates make the same print");
    let (table, mine) = (folder.join("table.html"), folder.join("operators.html"));
    std::fs::write(&mine, read(&table).replace("{% block content %}", "{% block content %}<p>白樺町情報課様式</p>"))
        .unwrap();
    let (theirs, _) = print(&scene, "ja", "theirs.html", &fixed);
    assert!(theirs.contains("白樺町情報課様式") && !ours.contains("白樺町情報課様式"), "{theirs}");
    assert!(!print(&scene, "ja", "cards.html", &["register", "print", "cards"]).0.contains("白樺町情報課様式"));
    let said = scene.desk.run(&["form", "templates", "check"]);
    assert!(said.contains("fill in every form"), "{said}");

    // Once they are decided to be the office's, a desk that has others says so, and prints.
    let listed = both(&scene.desk.try_run(&["form", "templates", "list"]));
    let digest = after(&listed, "templates = \"").trim_end_matches('"');
    assert_eq!(digest.len(), 64, "{listed}");
    let others =
        ["--templates", "kept"].map(|word| word.replace("kept", scene.scratch.folder("kept").to_str().unwrap()));
    let others = [&register[..], &[&others[0], &others[1]]].concat();
    let warns = |said: &str| said.contains("団体の定めた様式と異なる様式");
    assert!(!warns(&print(&scene, "ja", "undecided.html", &others).1));
    scene.apply(&format!("[policy]\ntemplates = \"{digest}\"\n"));
    assert!(warns(&print(&scene, "ja", "others.html", &others).1));
    assert!(!warns(&print(&scene, "ja", "own.html", &register).1));
    assert!(print(&scene, "ja", "policy.csv", &["register", "print", "policy"]).0.contains(digest));

    // Wrong on its fourth line: said before anything is printed, and before a PIN is asked for.
    std::fs::write(&mine, "{% extends 'base.html' %}\n{% block content %}\n\n{{ organization }}\n{% endblock %}")
        .unwrap();
    let output = refused(&scene, "broken.html", &register);
    let said = both(&output);
    assert!(said.contains("operators.html, line 4") && said.contains("table.html"), "{said}");
    let output = scene.desk.try_run(&["form", "templates", "check"]);
    assert!(!output.status.success() && both(&output).contains("line 4"), "{}", both(&output));
    let japanese =
        scene.desk.command_in("ja", &["form", "templates", "check", folder.to_str().unwrap()]).output().unwrap();
    assert!(both(&japanese).contains("4行目"), "{}", both(&japanese));
    // Nor does one reach out of its folder, or go on for ever.
    for text in [
        "{% include '../office.toml' %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    ] {
        std::fs::write(&mine, text).unwrap();
        refused(&scene, "broken.html", &register);
    }
    // Another form does not mind.
    print(&scene, "ja", "stock.html", &["register", "print", "stock"]);

    // With the old templates kept elsewhere the old print is made again, whatever lies in the home directory.
    let kept = scene.scratch.folder("kept");
    let again = [&fixed[..], &["--templates", kept.to_str().unwrap()]].concat();
    assert_eq!(print(&scene, "ja", "again.html", &again).0, ours);
    let listed = scene.desk.list(&["form", "templates", "list"]);
    let operators = listed.iter().find(|row| row["form"] == "operators").unwrap();
    assert_eq!((&operators["number"], &operators["template"]), (&"1".into(), &"operators.html".into()));
    let output = refused(&scene, "none.html", &[&register[..], &["--templates", "/nowhere"]].concat());
    assert!(both(&output).contains("--templates"), "{}", both(&output));
}

#[test]
fn a_book_of_cases_a_sheet_and_a_committee_s_pack_are_made_again_after_later_entries() {
    let scene = Scene::new("again");
    let entry = |name: &str| {
        let fields = [name, "permission=白総第3号", "in=2026-01-05T09:30", "attendant=20002"];
        scene.desk.run(&[&["case", "open", "room-entry"][..], &fields].concat());
    };
    entry("name=保守 太郎");
    let [row] = scene.desk.list(&["case", "list", "--form", "room-entry"]).try_into().unwrap();
    let (case, today) = (row["case"].as_str().unwrap().to_owned(), day_in(&scene, 0));
    let kinds: [(&str, &[&str]); 3] = [
        ("book", &["case", "print", "room-entry"]),
        ("sheet", &["case", "sheet", &case]),
        ("pack", &["report", "committee", "--from", &today, "--to", &today]),
    ];
    let first = kinds.map(|(name, arguments)| {
        let (page, said) = print(&scene, "ja", &format!("{name}.html"), arguments);
        let sizes = ["--at-size", "--cases-size", "--printed-at"].map(|option| [option, after(&said, option)]);
        let mut options: Vec<String> = sizes.concat().iter().map(|part| (*part).to_owned()).collect();
        if name == "pack" {
            options.extend(["--records-size".to_owned(), after(&said, "--records-size").to_owned()]);
        }
        (page, options)
    });
    assert!(first[0].0.contains("処理簿 1 件 ハッシュ "), "{}", first[0].0);

    // Both logs grow.
    let moment = scene.clock.minute_in(Duration::ZERO);
    scene.desk.run(&["case", "step", &case, "left", "out=2026-01-05T10:30"]);
    entry("name=点検 次郎");
    scene.decide(&["card", "suspend", &scene.desk.guid_of("10031"), "--reason", "lost"]);
    for ((name, arguments), (page, options)) in kinds.into_iter().zip(&first) {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let (again, _) = print(&scene, "ja", &format!("{name}-again.html"), &[arguments, &options].concat());
        assert_eq!(again, *page, "{name}");
        let (now, _) = print(&scene, "ja", &format!("{name}-now.html"), arguments);
        assert_ne!(now, *page, "{name}");
        // From both logs, or from neither.
        let output = refused(&scene, "half.html", &[arguments, &options[..2]].concat());
        assert!(both(&output).contains("--cases-size"), "{}", both(&output));
        let beyond = [options[0], options[1], "--cases-size", "1000"];
        let output = refused(&scene, "beyond.html", &[arguments, &beyond].concat());
        assert!(both(&output).contains("the casebook has "), "{}", both(&output));
        let output = refused(&scene, "alone.html", &[arguments, &["--cases-size", "1"]].concat());
        assert!(both(&output).contains("--at-size"), "{}", both(&output));
    }
    // A sheet is as of a date, too; before it was opened there is none.
    scene.clock.pass(Duration::from_secs(24 * 60 * 60));
    let (dated, _) = print(&scene, "ja", "dated.html", &["case", "sheet", &case, "--as-of", &moment]);
    assert!(dated.contains("保守 太郎"), "{dated}");
    let output = refused(&scene, "early.html", &["case", "sheet", &case, "--as-of", "R7.4.1"]);
    assert!(both(&output).contains("--as-of"), "{}", both(&output));
}

#[test]
fn records_are_printed_as_forms_with_what_is_missing_and_counted_without_names() {
    let mut scene = Scene::new("record_prints");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    for _ in 0..3 {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    let record = authorize(&scene.terminal, "juminhyo.issue").record.unwrap();
    client.complete(&CompleteRequest { record, items: 7, outcome: Outcome::Done }).unwrap();
    assert_ne!(verdict_of(&scene.terminal, "zei.certificate"), "granted");
    wait_sealed(&scene.terminal);

    let permission = scene.desk.permit_export("jumin");
    let of = |form: &'static str| ["records", "print", form, "--permission", permission.as_str()];
    let (history, _) = print(&scene, "ja", "history.html", &of("history"));
    for part in [
        "様式第7号",
        "操作履歴",
        &format!("許可番号 {permission}"),
        "住民票の交付 (juminhyo.issue)",
        "(10023)",
        "欠落一覧",
        "知られている欠落はない",
    ] {
        assert!(history.contains(part), "no {part} in {history}");
    }
    // As CSV what is missing has a file of its own, so that all lines of one are of one length.
    let (_, said) = print(&scene, "ja", "history.csv", &of("history"));
    assert!(said.contains("history-2.csv"), "{said}");
    let rows = python(CSV, &scene.scratch.path().join("history.csv"));
    let missing = python(CSV, &scene.scratch.path().join("history-2.csv"));
    assert!(rows.len() > 5 && missing.len() == 1, "{rows:?} {missing:?}");
    // Head, foot and notes stand beside it: permission, period, and the log that it was made from.
    let notes = python(CSV, &scene.scratch.path().join("history-notes.csv"));
    let notes: Vec<String> = notes.iter().map(|row| row[1].as_str().unwrap().to_owned()).collect();
    for part in
        [&format!("許可番号 {permission}"), "白樺町", "期間 最初の記録〜", "操作記録 ", "知られている欠落はない"]
    {
        assert!(notes.iter().any(|note| note.contains(part)), "no {part} in {notes:?}");
    }
    assert!(history.contains("操作記録 ") && history.contains("分<br>"), "until the minute of the print: {history}");
    // On a screen the same stands under the list.
    let screen = scene.desk.run(&[&of("work-by-day")[..], &["--operator", "10023"]].concat());
    for part in
        ["stretches of work", "nothing is known to be missing", &format!("permission {permission}"), "records log "]
    {
        assert!(screen.contains(part), "no {part} in {screen}");
    }
    let (work, _) = print(&scene, "en", "work.html", &of("work-by-day"));
    assert!(work.contains("work at terminals") && work.contains(">10023<"), "{work}");
    let work = scene.desk.list(&[&of("work-by-month")[..], &["--operator", "10023"]].concat());
    assert_eq!((work.len(), &work[0]["granted"], &work[0]["refused"]), (1, &"4".into(), &"1".into()));
    assert_eq!(work[0]["items"], "7");
    let (running, _) = print(&scene, "ja", "running.html", &[&of("running")[..], &["--terminal", "jumin-1"]].concat());
    assert!(running.contains("起動") && running.contains("端末機 jumin-1"), "{running}");
    let output = refused(&scene, "none.html", &["records", "print", "history"]);
    assert_eq!(output.status.code(), Some(2), "no print without a permission: {}", both(&output));
    // Each reading stands in the records, under the number.
    let read = scene.search(&["--kind", "read", "--limit", "100"]);
    let under =
        read.iter().filter(|row| row["what"].as_str().unwrap().contains(&format!("under {permission}"))).count();
    assert!(under >= 4, "{read:?}");

    // S3 20.
    let year = scene.clock.fiscal_year().to_string();
    let (statistics, _) = print(&scene, "ja", "statistics.html", &["records", "statistics", "--year", &year]);
    assert!(statistics.contains("利用統計") && statistics.contains("住民票の交付"), "{statistics}");
    // The year is not over: it is counted until now. Several tables are one document, and a year to come is none.
    assert!(statistics.contains("分<br>操作記録 "), "{statistics}");
    let output = scene.desk.command_in("en", &["--json", "records", "statistics", "--year", &year]).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["tables"].as_array().map(Vec::len), Some(3), "{document}");
    let next = (scene.clock.fiscal_year() + 1).to_string();
    refused(&scene, "next.html", &["records", "statistics", "--year", &next]);
    let body = statistics.split_once("<tbody>").unwrap().1.replace("佐藤 一郎 (20001)", "");
    assert!(!body.contains("10023") && !body.contains("2000"), "{body}");

    // A terminal that is behind is named at the end of a print.
    scene.terminal.kill(Part::Forwarder);
    scene.clock.pass(Duration::from_secs(3 * 24 * 60 * 60));
    let (late, _) = print(&scene, "ja", "late.html", &of("history"));
    let missing = late.split_once("欠落一覧").unwrap().1;
    assert!(missing.contains("端末機 jumin-1(最終受信") && !missing.contains("知られている欠落はない"), "{missing}");

    // S4 19(4), S1 8: one command each.
    let (custody, _) = print(&scene, "ja", "custody.html", &["report", "custody"]);
    for part in ["データ保管状況報告書", "保管中のデータ", "保全命令", "廃棄したデータ", "保管場所・控え", "操作履歴"]
    {
        assert!(custody.contains(part), "no {part} in {custody}");
    }
    let (from, to) = (format!("{year}-04-01"), format!("{}-03-31", year.parse::<u64>().unwrap() + 1));
    let pack = ["report", "committee", "--from", &from, "--to", &to];
    let (committee, _) = print(&scene, "ja", "committee.html", &pack);
    for part in [
        "セキュリティ対策委員会",
        "操作者の状況",
        "カード在庫枚数簿",
        "許可・拒否の状況",
        "事故・障害",
        "研修の状況",
        "拒否: ",
    ] {
        assert!(committee.contains(part), "no {part} in {committee}");
    }
    // Cases are printed as a book and each as a sheet.
    let fields = ["name=保守 太郎", "permission=白総第3号", "in=2026-01-05T09:30", "attendant=20002"];
    scene.desk.run(&[&["case", "open", "room-entry"][..], &fields].concat());
    let (book, _) = print(&scene, "ja", "book.html", &["case", "print", "room-entry"]);
    for part in
        ["様式第26号", "サーバ設置室入退室管理簿", "保守 太郎", "令和8年1月5日 9時30分", "鈴木 花子 (20002)", "退室"]
    {
        assert!(book.contains(part), "no {part} in {book}");
    }
    print(&scene, "ja", "book.csv", &["case", "print", "room-entry"]);
    assert_eq!(python(CSV, &scene.scratch.path().join("book.csv")).len(), 2);
    let [row] = scene.desk.list(&["case", "list", "--form", "room-entry"]).try_into().unwrap();
    let (sheet, _) = print(&scene, "ja", "sheet.html", &["case", "sheet", row["case"].as_str().unwrap()]);
    assert!(sheet.contains("手続の経過") && sheet.contains("未了の手続") && sheet.contains("白総第3号"), "{sheet}");
    // A text with lines forges neither a step nor a row.
    let forged = "name=保守\n退室  令和8年1月5日  20002\nnothing has to be done any more";
    scene.desk.run(&[
        "case",
        "open",
        "room-entry",
        forged,
        "permission=白総第4号",
        "in=2026-01-05T10:30",
        "attendant=20002",
    ]);
    let rows = scene.desk.list(&["case", "list", "--form", "room-entry"]);
    let forged = rows.iter().map(|row| row["case"].as_str().unwrap()).find(|case| case.ends_with('2')).unwrap();
    for said in [
        scene.desk.run(&["case", "show", forged]),
        scene.desk.run(&["case", "list", "--form", "room-entry"]),
        scene.desk.run(&["case", "sheet", forged]),
    ] {
        let lines: Vec<&str> = said.lines().filter(|line| line.contains("nothing has to be done any more")).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line.trim_start().starts_with("| ")), "{said}");
    }
    refused(&scene, "backwards.html", &["report", "committee", "--from", &to, "--to", &from]);
    scene.ledger.stop();
    scene.ledger.assert_sound();
}
