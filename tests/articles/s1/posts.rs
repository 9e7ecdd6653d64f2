//! Posts: what each may do, and who holds it.

use sekisho_tests::scene::Scene;

use crate::transfer::{FORMER, NEXT, announced, come};

const OF_SYSTEM: [&str; 4] = ["function", "set", "nenkin.inquire", "年金照会"];

#[test]
fn s1_5_7_on_the_day_of_a_transfer_the_rights_go_with_the_post() {
    let mut scene = Scene::new("shoku");
    let more = format!(
        "[[post]]\npost = \"fuku-shicho\"\ntitle = \"副市長\"\nroles = [\"chief_security_officer\"]\n\
         [[post]]\npost = \"jumin-sekinin\"\ntitle = \"市民課長\"\nroles = [\"security_manager\"]\n\
         [[hold_post]]\npost = \"fuku-shicho\"\noperator = {NEXT:?}\n\
         [[hold_post]]\npost = \"jumin-sekinin\"\noperator = {NEXT:?}\n\
         [[route]]\nclass = \"hours\"\nproposers = [\"security_manager\"]\napprovers = []\ndistinct = false\n"
    );
    announced(&mut scene, "joho-tanto", "system_manager", &more);
    let may = |scene: &mut Scene, operator: &str, post: &str, act: &[&str]| {
        scene.desk.sign_by(operator);
        scene.desk.try_run(&[&["--wait", "2", "--post", post], act].concat()).status.success()
    };
    let minute = |minutes: u64| scene.clock.minute_in(std::time::Duration::from_secs(60 * minutes));
    let (from, to) = (minute(1), minute(60));
    let of_security = [
        "permit",
        "grant",
        "--operator",
        "10023",
        "--terminal",
        "jumin-1",
        "--reason",
        "z",
        "--from",
        &from,
        "--to",
        &to,
    ];

    // Three posts, and each its own rights.
    for (operator, post, system, security) in
        [(NEXT, "fuku-shicho", false, false), (NEXT, "jumin-sekinin", false, true), (FORMER, "joho-tanto", true, false)]
    {
        assert_eq!(may(&mut scene, operator, post, &OF_SYSTEM), system, "{post}");
        assert_eq!(may(&mut scene, operator, post, &of_security), security, "{post}");
    }
    assert!(!may(&mut scene, NEXT, "joho-tanto", &OF_SYSTEM), "not before the day");

    let made = |scene: &Scene| scene.desk.run(&["acts"]).matches("職 joho-tanto").count();
    let before = made(&scene);
    come(&scene);
    assert!(!may(&mut scene, FORMER, "joho-tanto", &OF_SYSTEM), "not from the day on");
    assert!(may(&mut scene, NEXT, "joho-tanto", &OF_SYSTEM), "from the day on");
    assert!(before > 0 && made(&scene) == before, "the post was not made anew");
}

#[test]
fn s1_10_1_2_one_post_is_manager_of_operation_and_of_security() {
    let mut scene = Scene::new("kennin");
    scene.appoint("20003", "兼子 任", "shimin-kacho", &["access_manager", "security_manager"]);
    scene.apply_by_two(
        "[[route]]\nclass = \"operators\"\nproposers = [\"access_manager\"]\napprovers = []\ndistinct = false\n\
         [[route]]\nclass = \"hours\"\nproposers = [\"security_manager\"]\napprovers = []\ndistinct = false\n",
    );
    scene.desk.sign_by("20003");
    scene.decide(&["operator", "profile", "10023", "koseki", "--function", "koseki.issue"]);
    let minute = |minutes: u64| scene.clock.minute_in(std::time::Duration::from_secs(60 * minutes));
    let when = ["--from", &minute(1), "--to", &minute(60), "--reason", "zangyo"];
    scene.decide(&[&["permit", "grant", "--operator", "10023", "--terminal", "jumin-1"], &when[..]].concat());
    let acts = scene.desk.run(&["acts", "--full", "--last", "2"]);
    assert_eq!(acts.matches("(shimin-kacho)").count(), 2, "both in the name of the one post:\n{acts}");
}
