//! Operators: which rules they know.

use sekisho_tests::said;
use sekisho_tests::scene::Scene;

use crate::cases::{day, open, step, waits};

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
