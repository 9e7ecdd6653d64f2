//! 年度更新: what was decided for April already is not undone by renewing everybody, and a renewal that was broken off goes on.

use sekisho_tests::ledger::both;
use sekisho_tests::scene::Scene;

/// 1 April of the next fiscal year, and the end of that year, as administrators write them.
fn next_year(scene: &Scene) -> (String, String) {
    let year = scene.clock.fiscal_year() + 1;
    (format!("{year}-04-01"), format!("{}-03-31", year + 1))
}

#[test]
fn renewing_everybody_leaves_alone_what_was_decided_for_april() {
    let scene = Scene::new("april");
    let (april, march) = next_year(&scene);
    scene.decide(&["operator", "withdraw-profile", "10023", "jumin-a", "--from", &april]);
    scene.decide(&["operator", "end", "10031", "--from", &april]);
    scene.decide(&["operator", "suspend", "10032"]);
    // Who will have none on that day, and was not dismissed.
    let without = |more: &[&str]| {
        let rows = scene.desk.list(&[&["operator", "list", "--unrenewed"], more].concat());
        let codes = rows.iter().map(|row| row["operator"].as_str().unwrap().to_owned());
        codes.filter(|code| code.starts_with("100")).collect::<Vec<_>>()
    };
    assert_eq!(without(&[]), [""; 0]);
    assert_eq!(without(&["--as-of", &april]), ["10023", "10032"]);
    let output = scene.desk.try_run(&["operator", "renew"]);
    let said = both(&output);
    assert!(output.status.success(), "{said}");
    for word in [
        "permission jumin-a: decided for later already",
        "duty ends was decided already",
        "is suspended: lift that first",
    ] {
        assert!(said.contains(word), "'{word}' is missing: {said}");
    }
    let acts = scene.desk.list(&["acts", "--last", "1"])[0].to_string();
    assert!(acts.contains("10023") && !acts.contains("jumin-a") && !acts.contains("10031"), "{acts}");
    scene.decide(&["operator", "lift", "10032"]);
    scene.decide(&["operator", "renew"]);
    let acts = scene.desk.list(&["acts", "--last", "1"])[0].to_string();
    assert!(acts.contains("10032") && acts.contains("zei-a") && !acts.contains("10023"), "{acts}");
    let again = both(&scene.desk.try_run(&["operator", "renew"]));
    assert!(again.contains("nothing to do"), "{again}");
    assert_eq!(without(&["--as-of", &april]), [""; 0]);

    // Begun in March without a last day: it ends with the year in which it begins.
    scene.decide(&["operator", "designate", "10041", "--name", "新田 三郎", "--section", "jumin", "--from", &april]);
    let acts = scene.desk.list(&["acts", "--last", "1"])[0].to_string();
    assert!(acts.contains(&format!("until {}-04-01", march[..4].to_owned())), "{acts}");
}

#[test]
fn a_renewal_that_was_broken_off_gives_what_is_missing() {
    let scene = Scene::new("goeson");
    let (april, march) = next_year(&scene);
    let who = ["operator", "designate", "10023", "--name", "田中 さくら", "--section", "jumin"];
    scene.decide(&[&who[..], &["--from", &april, "--to", &march]].concat());
    scene.decide(&["operator", "renew", "--section", "jumin"]);
    let acts = scene.desk.list(&["acts", "--last", "1"])[0].to_string();
    assert!(acts.contains("jumin-a") && !acts.contains("designate"), "{acts}");
}
