//! The demo to play with: everything stays up until Ctrl-C, and the screen says what can be done.

use std::io::IsTerminal;
use std::process::Command;

use sekisho_tests::binaries::program;
use sekisho_tests::desk::Issued;
use sekisho_tests::scene::Scene;

use crate::tell::line;

/// Founds the town, leaves everything up, and shows the panel if there is a terminal to show it on.
pub(crate) fn play(lang: &str) {
    line("setting up 白樺町: ledger, two administrators, two clerks, one terminal …");
    let mut scene = Scene::new("play");
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.other.card.lay_beside(&scene.terminal.pcscd, 1);
    explain(&scene, lang);
    if std::io::stdin().is_terminal() {
        panel(&scene, lang)
    } else {
        until_end_of_input()
    }
    line("taking everything down");
    scene.terminal.stop();
    scene.ledger.stop();
}

fn person(name: &str, issued: &Issued) -> String {
    let simulator = program("sekisho-simulator");
    let control = issued.card.control();
    format!(
        "  {name}: PIN {}\n    {} steer --control {} insert   (or: pull)",
        issued.pin(),
        simulator.display(),
        control.display()
    )
}

fn explain(scene: &Scene, lang: &str) {
    let sekisho = program("sekisho");
    let desk = scene.desk.command(&[]);
    let desk: Vec<String> = desk.get_args().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    line(&format!(
        "\nEverything is up. In another terminal:\n\n\
         Cards ({} lies in the reader, {} beside it):\n{}\n{}\n\n\
         Ask as a business application would:\n  {} --socket {} --lang {lang} authorize juminhyo.issue\n\n\
         Let five minutes pass at once, so that the terminal locks:\n  echo 301000 > {}\n\n\
         Search the records as administrator:\n  PCSCLITE_CSOCK_NAME={} {} {} records search\n",
        "田中's",
        "高橋's",
        person("田中 (10023)", &scene.clerk),
        person("高橋 (10031)", &scene.other),
        sekisho.display(),
        scene.terminal.socket().display(),
        scene.clock.file().display(),
        scene.desk.pcscd.socket().display(),
        program("sekisho-admin").display(),
        desk.join(" "),
    ));
}

/// The panel, here; leaving it (q) ends the demo.
fn panel(scene: &Scene, lang: &str) {
    line("Press Enter for the panel; leave it with q, and everything is taken down.");
    let _ = std::io::stdin().read_line(&mut String::new());
    let mut command = Command::new(program("sekisho"));
    let status = command.args(["--lang", lang, "--socket"]).arg(scene.terminal.socket()).arg("panel").status();
    if let Err(cause) = status {
        line(&format!("cannot start the panel: {cause}"));
    }
}

fn until_end_of_input() {
    line("Everything stays up until standard input ends.");
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
}
