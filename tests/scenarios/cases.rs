//! Stages of approval, decisions on paper, forms and what waits, as people at desks see it.

use std::fs::File;
use std::process::Stdio;

use sekisho_tests::ledger::both;
use sekisho_tests::scene::Scene;

/// Runs a call that must be refused; gives what was said.
fn refused(scene: &Scene, arguments: &[&str]) -> String {
    let output = scene.desk.try_run(arguments);
    let said = both(&output);
    assert!(!output.status.success(), "{arguments:?} went through:\n{said}");
    said
}

/// The first administrator proposes a file of changes, the second approves it.
fn both_decide(scene: &mut Scene, changes: &str) {
    let file = scene.desk.file("both.toml");
    std::fs::write(&file, changes).unwrap();
    scene.desk.run(&["propose", file.to_str().unwrap()]);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap();
    scene.desk.sign_as(1);
    scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    scene.desk.sign_as(1);
}

/// A mayor and a committee whose papers the head of the residents' section keeps.
fn with_a_mayor(story: &str) -> Scene {
    let mut scene = Scene::new(story);
    both_decide(
        &mut scene,
        "[[post]]\npost = \"mayor\"\ntitle = \"町長\"\nroles = [\"executive\"]\nkeeper = \"jumin-kacho\"\n\
         [[post]]\npost = \"board\"\ntitle = \"セキュリティ対策委員会\"\nroles = [\"security_committee\"]\nkeeper = \"jumin-kacho\"\n\
         [[route]]\nclass = \"connection\"\nproposers = [\"system_manager\"]\napprovers = [\"security_committee\", \"executive\"]\ndistinct = false\n",
    );
    scene
}

fn paper(scene: &Scene, of: &str) -> Vec<String> {
    let today = scene.clock.minute_in(std::time::Duration::ZERO);
    let today = today.split('T').next().unwrap().to_owned();
    ["--paper-of", of, "--paper-number", "白総第12号", "--paper-date", &today].map(str::to_owned).to_vec()
}

fn on_paper<'a>(paper: &'a [String], arguments: &[&'a str]) -> Vec<&'a str> {
    paper.iter().map(String::as_str).chain(arguments.iter().copied()).collect()
}

#[test]
fn a_route_of_two_stages_is_taken_from_paper_and_nobody_skips_one() {
    let mut scene = with_a_mayor("stages");
    assert!(refused(&scene, &["connection", "open"]).contains("approv"));
    scene.desk.run(&["--propose", "connection", "open"]);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap();
    let id = proposal["id"].as_str().unwrap().to_owned();
    assert!(proposal["waits"].as_str().unwrap().contains("stage 1 of 2: security_committee"), "{proposal}");
    scene.desk.sign_as(1);
    let (board, mayor) = (paper(&scene, "board"), paper(&scene, "mayor"));
    let early = refused(&scene, &on_paper(&mayor, &["approve", &id]));
    assert!(early.contains("the stage before this one has not approved yet"), "{early}");
    let said = scene.desk.run(&on_paper(&board, &["approve", &id]));
    assert!(said.contains("recorded from paper") && said.contains("白総第12号"), "{said}");
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap();
    assert!(proposal["waits"].as_str().unwrap().contains("stage 2 of 2: executive"), "{proposal}");
    let again = refused(&scene, &on_paper(&board, &["approve", &id]));
    assert!(!again.is_empty());
    scene.desk.run(&on_paper(&mayor, &["approve", &id]));
    assert!(scene.desk.list(&["proposals"]).is_empty());
    let full = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(full.contains("the approval of the stage before") && full.contains("白総第12号"), "{full}");
}

#[test]
fn a_proposal_is_refused_with_a_reason_or_withdrawn_and_then_over() {
    let mut scene = Scene::new("refused");
    let changes = "[[post]]\npost = \"kaikei\"\ntitle = \"会計課長\"\nroles = [\"auditor\"]\n";
    let file = scene.desk.file("post.toml");
    std::fs::write(&file, changes).unwrap();
    let propose = |scene: &Scene| {
        scene.desk.run(&["propose", file.to_str().unwrap()]);
        let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap();
        proposal["id"].as_str().unwrap().to_owned()
    };
    let id = propose(&scene);
    let said = scene.desk.run(&["withdraw", &id]);
    assert!(said.contains("withdraw proposal"), "{said}");
    let id = propose(&scene);
    scene.desk.sign_as(1);
    let said = refused(&scene, &["withdraw", &id]);
    assert!(said.contains("only whoever proposed it"), "{said}");
    let said = scene.desk.run(&["refuse", &id, "--reason", "役割が広すぎます。\n監査だけにしてください。"]);
    assert!(said.contains("監査だけにしてください"), "the reason is shown before it is signed: {said}");
    assert!(scene.desk.list(&["proposals"]).is_empty());
    assert!(
        refused(&scene, &["approve", &id]).contains("no such open proposal")
            || !scene.desk.run(&["acts"]).contains("kaikei")
    );
}

#[test]
fn all_wrong_fields_are_named_at_once_and_cost_no_pin() {
    let scene = Scene::new("wrong-fields");
    // Whoever asks for the PIN fails by this.
    let without_pin = |language: &str, arguments: &[&str]| {
        let output =
            scene.desk.bare_in(language).args(["--pin-file", "/nowhere/pin"]).args(arguments).output().unwrap();
        assert!(!output.status.success());
        both(&output)
    };
    let wrong = [
        "case",
        "open",
        "incident",
        "class=mishap",
        "level=1",
        "kind=Leak",
        "terminal=nowhere",
        "colour=red",
        "class=failure",
    ];
    let said = without_pin("en", &wrong);
    for (field, expected) in [
        ("class 'mishap'", "one of failure, misuse"),
        ("kind 'Leak'", "a kind that the office's policy declares: leak=leak"),
        ("terminal 'nowhere'", "the code of a terminal in the register"),
        ("FIELD=VALUE 'colour'", "FIELD is one of class, level"),
        ("class 'failure'", "it is given twice"),
    ] {
        let line = said.lines().find(|line| line.contains(field)).unwrap_or_else(|| panic!("no {field}: {said}"));
        assert!(line.contains(expected), "{line}");
    }
    assert!(!said.contains("/nowhere/pin"), "it cost no PIN: {said}");
    let said = without_pin("ja", &["case", "open", "visitor", "at=2026-02-30"]);
    assert!(said.contains("その月にその日はありません") && said.contains("記入が必要です"), "{said}");
    // What is right so far asks for it.
    let right = ["case", "open", "incident", "class=failure", "level=1", "kind=malfunction"];
    assert!(without_pin("en", &right).contains("/nowhere/pin"));
    // Which cases there are is known once somebody is logged in: before anything is signed.
    let said =
        refused(&scene, &["case", "open", "disconnection", "door=ordinary", "incident=incident-2020-9", "reason=点検"]);
    assert!(said.contains("incident 'incident-2020-9': there is no such one"), "{said}");
}

#[test]
fn an_incident_waits_for_everybody_who_has_to_hear_of_it() {
    let mut scene = with_a_mayor("incident");
    scene.desk.sign_as(1);
    let said = refused(
        &scene,
        &["case", "open", "incident", "class=misuse", "level=1", "kind=leak", "recipients=system_manager"],
    );
    assert!(said.contains("has to be told to executive, security_committee, too"), "{said}");
    let said = refused(&scene, &["case", "open", "incident", "class=misuse", "kind=leak", "colour=red"]);
    assert!(said.contains("circumstances"), "the fields that there are: {said}");
    let report = [
        "case",
        "open",
        "incident",
        "class=misuse",
        "level=1",
        "kind=leak",
        "circumstances=窓口で住民票が他人に渡った",
    ];
    scene.desk.run(&report);
    let case = format!("incident-{}-1", scene.clock.fiscal_year());
    let shown = scene.desk.run(&["case", "show", &case]);
    assert!(shown.contains("窓口で住民票が他人に渡った") && shown.contains("executive"), "{shown}");
    let waits = scene.desk.list(&["today"]);
    assert_eq!(
        waits.iter().filter(|row| row["what"].as_str().unwrap().contains("acknowledged")).count(),
        3,
        "{waits:?}"
    );

    let closing = refused(&scene, &["case", "step", &case, "close"]);
    assert!(closing.contains("comes first"), "{closing}");
    scene.desk.run(&["case", "step", &case, "acknowledge"]);
    for of in ["board", "mayor"] {
        let paper = paper(&scene, of);
        scene.desk.run(&on_paper(&paper, &["case", "step", &case, "acknowledge"]));
    }
    let report = ["circumstances=確認不足", "cause=照合の省略", "measures=回収", "damage=1名"];
    scene.desk.run(&[&["case", "step", &case, "report"], &report[..]].concat());
    scene.desk.run(&["case", "step", &case, "close"]);
    assert!(scene.desk.list(&["case", "list", "--open"]).is_empty());
    let shown = scene.desk.run(&["case", "show", &case]);
    assert!(shown.contains("照合の省略") && shown.contains("nothing has to be done any more"), "{shown}");
    assert!(!scene.search(&["--kind", "read"]).is_empty(), "that the casebook was read is written down");
}

#[test]
fn a_text_comes_from_a_file_or_from_standard_input() {
    let mut scene = Scene::new("given-texts");
    let file = |name: &str, bytes: &[u8]| {
        let path = scene.desk.file(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // As an editor of another system leaves it.
    let told = file("told.txt", "\u{feff}プリンターから異音。\r\n\r\n印刷できない。\r\n".as_bytes());
    let [told, sjis, none] = [told, file("sjis.txt", &[0x8a, 0xd6, 0x8f, 0x8a]), file("none.txt", b"\n")]
        .map(|path| format!("circumstances=@{path}"));
    // All that is wrong is said at once, with the field, and costs no PIN.
    let incident = ["case", "open", "incident", "class=failure", "level=1", "kind=malfunction"];
    let wrong = |language: &str, more: &[&str]| {
        let mut command = scene.desk.bare_in(language);
        command.args(["--pin-file", "/nowhere/pin"]).args(incident).args(more).stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = both(&output);
        assert!(!output.status.success() && !said.contains("/nowhere/pin"), "{more:?}: {said}");
        said
    };
    let said = wrong("en", &[&sjis, "cause=@/nowhere/cause"]);
    assert!(said.contains("sjis.txt': it is not UTF-8") && said.contains("cause '@/nowhere/cause': there is no such"));
    assert!(wrong("ja", &[&none]).contains("none.txt」: 文章がありません"));
    assert!(wrong("en", &["circumstances=-"]).contains("circumstances '-': there is no text in it"));
    // Not a word of it is an argument.
    let case = |number: u32| format!("incident-{}-{number}", scene.clock.fiscal_year());
    scene.desk.run(&[&incident[..], &[&told]].concat());
    let shown = scene.desk.run(&["case", "show", &case(1)]);
    assert!(shown.contains("プリンターから異音。") && shown.contains("印刷できない。"), "{shown}");
    scene.desk.run(&[
        "case",
        "open",
        "incident",
        "class=failure",
        "level=1",
        "kind=malfunction",
        "circumstances=@@庁内",
    ]);
    assert!(scene.desk.run(&["case", "show", &case(2)]).contains(": @庁内\n"));
    let post =
        file("post.toml", "[[post]]\npost = \"kaikei\"\ntitle = \"会計課長\"\nroles = [\"auditor\"]\n".as_bytes());
    scene.desk.run(&["propose", &post]);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap();
    let why = file("why.txt", "役割が広すぎます。\n監査だけにしてください。\n".as_bytes());
    scene.desk.sign_as(1);
    let mut refuse = scene.desk.command(&["refuse", proposal["id"].as_str().unwrap(), "--reason", "-"]);
    let output = refuse.stdin(File::open(why).unwrap()).output().unwrap();
    let said = both(&output);
    assert!(output.status.success() && said.contains("監査だけにしてください"), "{said}");
    assert!(scene.desk.list(&["proposals"]).is_empty());
}

#[test]
fn a_period_in_which_nothing_was_found_leaves_a_check_and_questions_hang_on_it() {
    let scene = Scene::new("log-check");
    let since = scene.clock.minute_in(std::time::Duration::ZERO)[..10].to_owned();
    scene.desk.run(&["records", "review", "--since", &since]);
    assert!(scene.desk.list(&["case", "list", "--form", "log-check"]).is_empty(), "nobody asked for one");
    let said = scene.desk.run(&["records", "review", "--since", &since, "--operator", "10023", "--check"]);
    let case = format!("log-check-{}-1", scene.clock.fiscal_year());
    assert!(said.contains(&format!("written down as {case}")), "{said}");
    let shown = scene.desk.run(&["case", "show", &case]);
    for words in ["佐藤 一郎", &format!("period from: {since}"), "operator 10023", "out of hours without a permit: 0"]
    {
        assert!(shown.contains(words), "'{words}' is missing: {shown}");
    }
    let waits =
        |scene: &Scene| scene.desk.list(&["today"]).iter().filter(|row| row.to_string().contains(&case)).count();
    assert_eq!(waits(&scene), 1, "its result waits");
    let check = format!("check={case}");
    let question = ["doubt=other", "record=0", "section=jumin", "question=理由を回答願います", &check];
    scene.desk.run(&[&["case", "open", "log-review"], &question[..]].concat());
    scene.desk.run(&["case", "step", &case, "result", "result=asked"]);
    assert_eq!(waits(&scene), 0);
    let printed = scene.desk.run(&["case", "print", "log-review"]);
    assert!(printed.contains(&case) || printed.contains("check of access logs"), "{printed}");
}
