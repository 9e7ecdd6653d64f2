//! The demo to play with: everything stays up, small commands lie in one folder, and the screen says what they do.

use std::io::IsTerminal;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sekisho_tests::binaries::program;
use sekisho_tests::desk::Issued;
use sekisho_tests::scene::Scene;
use sekisho_tests::virtual_card::Body;

use crate::tell::line;

/// Founds the town, leaves everything up, and shows the panel if there is a terminal to show it on.
pub(crate) fn play(lang: &str, body: Body) {
    line("setting up 白樺町: ledger, two administrators, two clerks, one terminal …");
    let mut scene = Scene::new("play");
    scene.clerk.card.embody(body);
    scene.other.card.embody(body);
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.other.card.lay_beside(&scene.terminal.pcscd, 1);
    let folder = scene.scratch.folder("play");
    write_commands(&folder, &scene, lang);
    explain(&folder, &scene);
    if std::io::stdin().is_terminal() {
        panel(&scene, lang)
    } else {
        until_end_of_input()
    }
    line("taking everything down");
    scene.terminal.stop();
    scene.ledger.stop();
}

/// One small command for each thing that a person at the counter, at the desk or at the clock would do.
fn write_commands(folder: &Path, scene: &Scene, lang: &str) {
    let steer = |issued: &Issued| {
        let control = issued.card.control().display();
        format!("exec '{}' steer --control '{control}' \"$@\"", program("sekisho-simulator").display())
    };
    let sekisho = program("sekisho");
    let socket = scene.terminal.socket();
    let clerk = format!(
        "export PCSCLITE_CSOCK_NAME='{}'\nexec '{}' --socket '{}' --lang {lang} \"$@\"",
        scene.terminal.pcscd.socket().display(),
        sekisho.display(),
        socket.display()
    );
    let desk = scene.desk.command(&[]);
    let arguments: Vec<String> = desk.get_args().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let admin = format!(
        "export PCSCLITE_CSOCK_NAME='{}'\nexec '{}' {} --lang {lang} \"$@\"",
        scene.desk.pcscd.socket().display(),
        program("sekisho-admin").display(),
        arguments.join(" ").replace("'--lang' 'en' ", ""),
    );
    let ledger = format!(
        "command=${{1:-help}}; [ $# = 0 ] || shift\ncase $command in help|-*) exec '{0}' \"$command\" \"$@\" ;; esac\n\
         exec '{0}' \"$command\" --data '{1}' \"$@\"",
        program("sekisho-ledger").display(),
        scene.ledger.data().display(),
    );
    let clock = scene.clock.file().display();
    let later = format!(
        "case ${{1:-x}} in *[!0-9]*) echo 'later SECONDS' >&2; exit 2 ;; esac\n\
         echo $(($(cat '{clock}') + $1 * 1000)) > '{clock}.new' && mv '{clock}.new' '{clock}'"
    );
    let commands = [
        ("tanaka", steer(&scene.clerk)),
        ("takahashi", steer(&scene.other)),
        ("sekisho", clerk),
        ("admin", admin),
        ("ledger", ledger),
        ("later", later),
    ];
    for (name, body) in commands {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("cannot write a command");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("cannot make a command run");
    }
}

fn explain(folder: &Path, scene: &Scene) {
    let help = format!(
        "\nEverything is up. First log in, here: press Enter, which opens the panel, type\n\
         田中's PIN there, {}, and press Enter. Then, in another terminal:  cd {}\n\n\
         ./sekisho authorize juminhyo.issue   ask as a business application would\n\
         ./tanaka pull                        take 田中's card (10023) out;\n\
         ./tanaka insert                      put it back\n\
         ./takahashi insert                   高橋's card (10031), PIN {};\n\
         ./takahashi pull                     first take 田中's out\n\
         ./sekisho status                     what the terminal says\n\
         ./later 301                          five minutes pass at once: it locks\n\
         ./admin records search               search the ledger as administrator\n\
         ./admin records verify --all         prove it all\n\
         ./ledger status                      how the ledger stands\n\
         ./ledger fsck                        derive all of it again from its disk\n\n\
         ./sekisho --help and ./admin --help have more. ./admin does at once what it is\n\
         told: it has the administrator's PIN and answers yes to every question.\n\
         This text is in help.txt there, too.\n",
        scene.clerk.pin(),
        folder.display(),
        scene.other.pin(),
    );
    std::fs::write(folder.join("help.txt"), &help).expect("cannot write a file");
    line(&help);
}

/// The panel, here; leaving it (F10) ends the demo.
fn panel(scene: &Scene, lang: &str) {
    line("Press Enter for the panel; leave it with F10, and everything is taken down.");
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
