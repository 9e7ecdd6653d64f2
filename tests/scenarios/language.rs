//! The clerk's command line speaks Japanese and English.

use sekisho_tests::clerk::{insert, login};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::Scene;
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

#[test]
fn a_refusal_and_the_state_are_told_in_either_language() {
    let mut scene = Scene::new("language");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let languages = [
        ("en", Language::English, ["terminal", "idle lock in", "open"]),
        ("ja", Language::Japanese, ["端末", "自動ロックまで", "利用中"]),
    ];
    let code = VerdictCode::FunctionNotForTerminal;
    for (name, language, labels) in languages {
        let (words, other) = (code.words(language), languages.iter().find(|(other, ..)| *other != name).unwrap().1);
        let say = |arguments: &[&str]| {
            // The environment says it, as at a clerk's terminal.
            let mut command = std::process::Command::new(sekisho_tests::binaries::program("sekisho"));
            command.env("LC_ALL", format!("{name}_JP.UTF-8")).arg("--socket").arg(scene.terminal.socket());
            let output = command.args(arguments).output().unwrap();
            (output.status.code(), both(&output))
        };
        let (exit, said) = say(&["authorize", "zei.certificate"]);
        assert_eq!(exit, Some(3), "{said}");
        assert!(said.contains(words.what) && said.contains(words.next), "{said}");
        assert!(!said.contains(code.words(other).what), "{said}");
        let (exit, said) = say(&["status"]);
        assert_eq!(exit, Some(0), "{said}");
        for label in labels {
            assert!(said.contains(label), "'{label}' is missing: {said}");
        }
        let (exit, said) = say(&["status", "--json"]);
        assert_eq!(exit, Some(0));
        assert!(said.contains(r#""operator":"10023""#), "JSON is the same in every language: {said}");
    }
}
