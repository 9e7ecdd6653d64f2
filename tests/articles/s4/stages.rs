//! Decisions in two stages, changes that are told, accidents that are serious.

use sekisho_tests::scene::Scene;

use crate::cases::{REPORT, now, open, shown, step, waits};

#[test]
fn s4_11_4_a_change_whose_holder_was_not_told_is_listed() {
    let scene = Scene::new("henko");
    scene.decide(&["operator", "profile", "10023", "jumin-a", "--function", "juminhyo.issue"]);
    let [row] = waits(&scene, "was not told of a change").try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(row.to_string().contains("田中 さくら (10023)"), "{row}");
    let acts = scene.desk.list(&["acts", "--last", "1"]);
    let act = format!("act={}", acts[0]["id"].as_str().unwrap());
    let at = now(&scene);
    let case = open(&scene, "notice", &["operator=10023", &act, &format!("at={at}"), "how=口頭"]);
    assert!(waits(&scene, "was not told of a change").is_empty());
    assert!(shown(&scene, &case).contains(&at.replace('T', " ")), "{}", shown(&scene, &case));
}

#[test]
fn s4_22_a_serious_accident_is_closed_with_course_damage_measure_and_whom_it_was_told() {
    let scene = Scene::new("jiko");
    let case = open(&scene, "incident", &["class=failure", "level=3", "kind=failure", "circumstances=全停止"]);
    let close = |scene: &Scene| scene.desk.try_run(&["case", "step", &case, "close"]).status.success();
    assert!(!close(&scene));
    step(&scene, &case, "report", &REPORT);
    step(&scene, &case, "prevent", &["plan=電源の二重化"]);
    assert!(!close(&scene), "the data protection manager has not heard of it");
    assert!(
        waits(&scene, "acknowledged").iter().any(|row| row.to_string().contains("data protection manager")),
        "{:?}",
        scene.desk.list(&["today"])
    );
    let at = now(&scene);
    step(&scene, &case, "acknowledge", &[]);
    assert!(close(&scene), "{:?}", scene.desk.list(&["today"]));
    let said = shown(&scene, &case);
    for word in ["確認不足", "1名", "回収", "acknowledged", &at[..10]] {
        assert!(said.contains(word), "'{word}' is missing: {said}");
    }
}

#[test]
fn s4_23_1_the_second_stage_does_not_come_before_the_first() {
    let mut scene = Scene::new("kessai");
    scene.appoint("20003", "課 長", "jumin-head", &["data_handling_manager"]);
    scene.apply_by_two(
        "[[post]]\npost = \"jumin-head\"\ntitle = \"住民課長\"\nroles = [\"data_handling_manager\"]\nsection = \"jumin\"\n\
         [[route]]\nclass = \"operators\"\nproposers = [\"terminal_manager\"]\n\
         approvers = [\"data_handling_manager\", \"data_protection_manager\"]\n",
    );
    let designate = ["operator", "designate", "10040", "--name", "山本 新", "--section", "jumin"];
    scene.desk.run(&[&["--propose"], &designate[..]].concat());
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let approve = ["approve", proposal["id"].as_str().unwrap()];
    let known = |scene: &Scene| scene.desk.list(&["operator", "list"]).iter().any(|row| row["operator"] == "10040");
    scene.desk.sign_by("20002");
    let early = scene.refused(&approve);
    assert!(early.contains("the stage before this one has not approved yet"), "{early}");
    scene.desk.sign_by("20003");
    scene.desk.run(&approve);
    assert!(!known(&scene), "one stage is not both");
    scene.desk.sign_by("20002");
    scene.desk.run(&approve);
    assert!(known(&scene));
}
