//! Operators: who qualifies for a card, which rules they know.

use std::process::Command;
use std::time::Duration;

use sekisho_tests::binaries::program;
use sekisho_tests::clerk::{insert, try_login};
use sekisho_tests::clock::live_by;
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::said;
use sekisho_tests::scene::Scene;

use crate::cases::{day, open, step, waits};

/// A call of the head's, at a home of his own.
fn his(scene: &Scene, language: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("sekisho-admin"));
    command.env("PCSCLITE_CSOCK_NAME", scene.desk.pcscd.socket()).env("RUST_LOG", "warn");
    command.args(["--lang", language, "--yes", "--wait", "30", "--home"]).arg(scene.desk.file("his"));
    command.args(["--signer-reader", &scene.desk.pcscd.reader(0), "--pin-file"]).arg(scene.desk.file("pins/20003.pin"));
    live_by(scene.clock.file(), &mut command);
    command.args(arguments);
    command
}

#[test]
fn s4_5_6_the_head_of_a_section_sees_and_handles_his_own_section_alone() {
    let mut scene = Scene::new("kacho");
    scene.appoint("20003", "住 長", "jumin-head", &["data_handling_manager", "terminal_manager"]);
    // He heads the residents' section from now on; on the day on which he was named his post reached over the office.
    scene.apply_by_two(
        "[[post]]\npost = \"jumin-head\"\ntitle = \"住民課長\"\nroles = [\"data_handling_manager\", \"terminal_manager\"]\n\
         section = \"jumin\"\n",
    );
    scene.desk.run(&["operator", "designate", "10050", "--name", "税田 務", "--section", "zeimu"]);
    let own = open(
        &scene,
        "card-request",
        &["operator=10023", "duty=窓口", "kind=business", "from=2026-12-01", "to=2027-03-31"],
    );
    let foreign = open(
        &scene,
        "card-request",
        &["operator=10050", "duty=滞納整理", "kind=business", "from=2026-12-01", "to=2027-03-31"],
    );
    let offices = open(&scene, "training", &["content=研修", "on=2027-01-15", "audience=全職員"]);

    // A home of his own: what lies in it the ledger gave to him.
    let file = scene.desk.file("office.export").to_str().unwrap().to_owned();
    let exported = scene.desk.run(&["office", "export", &file]);
    let print = exported.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().to_owned();
    scene.desk.sign_by("20003");
    let run = |scene: &Scene, arguments: &[&str]| his(scene, "en", arguments).output().unwrap();
    let said = |scene: &Scene, arguments: &[&str]| {
        let output = run(scene, arguments);
        succeeded("sekisho-admin", &output);
        both(&output)
    };
    said(&scene, &["join", &file, "--fingerprint", &print]);
    for (print, shown, hidden) in [
        (&["operator", "list"][..], "田中 さくら", "10050"),
        (&["register", "print", "operators"], "10023", "10032"),
        (&["register", "print", "cards"], "10023", "20002"),
        (&["card", "list"], "10023", "20002"),
        (&["case", "list"], &own, &foreign),
        (&["acts"], "10023", "10050"),
    ] {
        let printed = said(&scene, print);
        assert!(printed.contains(shown) && !printed.contains(hidden), "{print:?}: {printed}");
    }
    assert!(said(&scene, &["case", "list"]).contains(&offices), "what is the whole office's is his to know");
    let (status, japanese) = said::run("show", &mut his(&scene, "ja", &["case", "show", &foreign]), "");
    assert!(!status.success() && japanese.contains("他の課"), "{japanese}");
    // Not a rule of the tool alone: neither name nor text of the other section ever came to this home.
    let kept = std::fs::read_to_string(scene.desk.file("his/register/names")).unwrap();
    assert!(kept.contains("田中 さくら") && kept.contains("佐藤 一郎"), "his people, and who decides in the office");
    // Who may work at his terminals is his concern as well: 10031 belongs to the tax section, and works at this counter too.
    assert!(said(&scene, &["operator", "list"]).contains("10031"));
    for name in ["税田 務", "伊藤 直子"] {
        assert!(!kept.contains(name), "{name} is another section's");
    }
    // Records he searches none of: that takes a role of the whole office.
    let searched = run(&scene, &["records", "search"]);
    assert!(!searched.status.success() && both(&searched).contains("none of your posts"), "{}", both(&searched));

    // And he handles his own section alone (register §R3.19).
    scene.desk.sign_by("20001");
    scene.apply_by_two(
        "[[route]]\nclass = \"operators\"\nproposers = [\"data_handling_manager\"]\napprovers = []\ndistinct = false\n",
    );
    scene.desk.sign_by("20003");
    let profile = |operator: &'static str| ["operator", "profile", operator, "x", "--function", "juminhyo.issue"];
    assert!(!run(&scene, &profile("10031")).status.success());
    let own = run(&scene, &profile("10023"));
    assert!(own.status.success(), "{}", both(&own));
    // Who answers for the whole office sees all of it.
    scene.desk.sign_by("20001");
    let all = scene.desk.run(&["operator", "list"]);
    assert!(all.contains("税田 務") && all.contains("高橋 健"), "{all}");
}

#[test]
fn s4_10_1_1_nobody_is_lent_a_card_before_it_is_entered_that_he_qualifies() {
    let mut scene = Scene::new("shikaku");
    let lacking = |scene: &Scene, who: &str| {
        let rows = waits(scene, "qualification");
        rows.into_iter().filter(|row| row.to_string().contains(who)).collect::<Vec<_>>()
    };
    assert!(waits(&scene, "qualification").is_empty(), "where no rule asks for one, nobody lacks it");
    scene.decide(&[
        "operator",
        "designate",
        "10040",
        "--name",
        "山本 新",
        "--section",
        "jumin",
        "--at-section",
        "jumin",
    ]);
    scene.decide(&["operator", "profile", "10040", "jumin-a", "--function", "juminhyo.issue"]);
    scene.apply("[policy]\nqualified_kinds = [\"business\", \"spare\"]\n");
    assert_eq!(lacking(&scene, "10023").len(), 1, "the rule is new, and she has her card already");

    // No card is spoilt by the refusal, and the next step is said in both languages.
    let card = ["card", "issue", "--operator", "10040"];
    let (language, words) = ("ja", ["交付資格を認定されていません", "operator qualify"]);
    let (status, japanese) = said::run("issue", &mut scene.desk.command_in(language, &card), "");
    assert!(!status.success() && words.iter().all(|word| japanese.contains(word)), "{japanese}");
    let refused = scene.refused(&card);
    assert!(
        refused.contains("does not qualify for a business card") && refused.contains("operator qualify"),
        "{refused}"
    );

    // Another kind is no help, nor is a time to come.
    let by = ["--by", "端末操作研修 令和8年度"];
    let qualify = |scene: &Scene, more: &[&str]| {
        scene.desk.run(&[&["operator", "qualify", "10040"], &by[..], more].concat());
    };
    qualify(&scene, &["--kind", "spare"]);
    assert!(scene.refused(&card).contains("does not qualify"));
    qualify(&scene, &["--from", &day(&scene, 3)]);
    assert!(scene.refused(&card).contains("does not qualify"));
    let until = day(&scene, 90);
    qualify(&scene, &["--kind", "business", "--kind", "spare", "--to", &until]);
    let (mut card, _) = scene.desk.issue("new", &["--operator", "10040"]);
    scene.wait_current();
    insert(&scene.terminal, &mut card);
    assert_eq!(try_login(&scene.terminal, &card), "granted");

    // Who is it for what, by what and until when: the register says it, as of any day.
    let entry = |scene: &Scene, arguments: &[&str]| {
        let rows = scene.desk.list(&[&["register", "print", "operators"], arguments].concat());
        rows.iter().find(|row| row["operator"] == "10040").unwrap()["qualified"].as_str().unwrap_or("-").to_owned()
    };
    assert_eq!(entry(&scene, &[]), format!("business, spare until {until} (端末操作研修 令和8年度)"));
    assert_eq!(entry(&scene, &["--as-of", &day(&scene, 91)]), "-");

    // It waits for somebody before it is over.
    assert!(lacking(&scene, "10040").is_empty());
    scene.clock.pass(Duration::from_secs(50 * 24 * 3600));
    let [row] = lacking(&scene, "10040").try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(row["what"].as_str().unwrap().contains("ends") && row["due"].as_str().unwrap() != "-", "{row}");
    scene.desk.run(&["operator", "end-qualification", "10040"]);
    assert!(lacking(&scene, "10040")[0]["due"].as_str().unwrap().starts_with("overdue"));
    let again = scene.desk.try_run(&["card", "issue", "--operator", "10040", "--also"]);
    assert!(!again.status.success() && both(&again).contains("does not qualify"), "{}", both(&again));
    qualify(&scene, &["--to", &day(&scene, 90)]);
    assert!(lacking(&scene, "10040").is_empty(), "{:?}", lacking(&scene, "10040"));

    // A card that sleeps is nobody's, and is woken for nobody who does not qualify.
    let envelope = scene.desk.file("spare.pin");
    let kind = ["--kind", "spare", "--dormant", "--first-pin-file", envelope.to_str().unwrap()];
    scene.desk.issue_with("spare", &kind);
    let guid = scene.desk.list(&["card", "list"]).last().unwrap()["guid"].as_str().unwrap().to_owned();
    let to = scene.clock.minute_in(Duration::from_secs(3600));
    let wake = ["card", "activate", &guid, "--operator", "10040", "--to", &to, "--reason", "wasure"];
    assert!(scene.refused(&wake).contains("does not qualify for a spare card"));
    qualify(&scene, &["--kind", "spare"]);
    scene.desk.run(&wake);
}

#[test]
fn s4_10_1_5_6_the_version_of_the_rules_that_an_operator_acknowledged_stands_with_his_entry() {
    let scene = Scene::new("kijun");
    let asked = |scene: &Scene| waits(scene, "has not acknowledged the rules");
    assert!(asked(&scene).is_empty(), "an office that writes no rules down is asked nothing");
    let (today, later) = (day(&scene, 0), day(&scene, 30));
    let rules = |scene: &Scene, version: &str, from: &str, more: &[&str]| {
        let (version, from) = (format!("version={version}"), format!("from={from}"));
        open(scene, "rules", &[&["title=端末機執務基準書", &version, &from], more].concat())
    };
    let first = rules(&scene, "2026-1", &today, &["document=広第7号"]);
    assert_eq!(asked(&scene).len(), 3, "three are at work: {:?}", asked(&scene));
    let knows = |scene: &Scene, case: &str, operator: &str, on: &str| {
        step(scene, case, "acknowledged", &[&format!("operator={operator}"), &format!("on={on}")]);
    };
    knows(&scene, &first, "10032", &today);
    knows(&scene, &first, "10023", &today);
    let [row] = asked(&scene).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(row.to_string().contains("10031") && row.to_string().contains(&first), "{row}");
    let known = |scene: &Scene, arguments: &[&str]| {
        let rows = scene.desk.list(arguments);
        let of = |operator: &str| rows.iter().find(|row| row["operator"] == operator).unwrap()["rules"].clone();
        (of("10023").as_str().unwrap().to_owned(), of("10031").as_str().unwrap().to_owned())
    };
    let of_first = (format!("2026-1 ({today})"), "-".to_owned());
    assert_eq!(known(&scene, &["operator", "list"]), of_first);
    assert_eq!(known(&scene, &["register", "print", "operators"]), of_first);

    // A new version is asked of everybody before it is in force; until then the one before has to be known as well.
    let second = rules(&scene, "2026-2", &later, &[&format!("replaces={first}")]);
    let open_for = |scene: &Scene, case: &str| asked(scene).iter().filter(|row| row.to_string().contains(case)).count();
    assert_eq!((open_for(&scene, &first), open_for(&scene, &second)), (1, 3));
    scene.clock.pass(std::time::Duration::from_secs(31 * 24 * 3600));
    assert_eq!((open_for(&scene, &first), open_for(&scene, &second)), (0, 3), "nobody has to learn what is replaced");
    let today = day(&scene, 0);
    for operator in ["10023", "10031", "10032"] {
        knows(&scene, &second, operator, &today);
    }
    assert!(asked(&scene).is_empty(), "{:?}", asked(&scene));
    let (both, second) = (format!("{}, 2026-2 ({today})", of_first.0), format!("2026-2 ({today})"));
    assert_eq!(known(&scene, &["operator", "list"]), (both, second));
    // What stood there then is printed as it was.
    assert_eq!(known(&scene, &["register", "print", "operators", "--as-of", &later]), of_first);
    let page = said::run("print", &mut scene.desk.command_in("ja", &["register", "print", "operators"]), "").1;
    assert!(page.contains("確認した執務基準書等") && page.contains("2026-2"), "{page}");
}
