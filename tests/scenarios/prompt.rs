//! A PIN typed at a terminal: what is interrupted leaves the terminal as it was.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use sekisho_tests::scene::Scene;

/// Runs the command and then `stty -a` at a terminal, where these keys are typed when the PIN is asked for. Gives what stood on the screen.
fn typed(command: &Command, keys: &[u8]) -> String {
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
    let words: Vec<String> = [command.get_program()].into_iter().chain(command.get_args()).map(quoted).collect();
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &format!("{}; echo \"ended $?\"; stty -a", words.join(" ")), "/dev/null"]);
    command.get_envs().for_each(|(name, value)| {
        terminal.env(name, value.unwrap());
    });
    let mut child = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut byte) = (Vec::new(), [0]);
    while !shown.ends_with(b"tries left): ") && screen.read(&mut byte).unwrap() == 1 {
        shown.push(byte[0]);
    }
    keyboard.write_all(keys).unwrap();
    screen.read_to_end(&mut shown).unwrap();
    child.wait().unwrap();
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn an_interrupted_pin_leaves_the_terminal_as_it_was() {
    let scene = Scene::new("prompt");
    let mut acts = Command::new(sekisho_tests::binaries::program("sekisho-admin"));
    acts.env("PCSCLITE_CSOCK_NAME", scene.desk.pcscd.socket()).args(["--lang", "en", "--wait", "30", "--home"]);
    acts.arg(scene.desk.file("home")).args(["--signer-reader", &scene.desk.pcscd.reader(0), "acts"]);
    sekisho_tests::clock::live_by(scene.clock.file(), &mut acts);
    let pin = scene.desk.pins().remove(0);
    // Half a PIN and Ctrl-C; Ctrl-\; the PIN with a mistake that is mended.
    let mended = format!("{}0\x7f{}\n", &pin[..3], &pin[3..]);
    for (keys, ended) in [("493\x03", 1), ("\x1c", 1), (mended.as_str(), 0)] {
        let shown = typed(&acts, keys.as_bytes());
        assert!(shown.contains(&format!("ended {ended}")), "{shown}");
        let (said, modes) = shown.split_once("ended").unwrap();
        let is_set = |mode| modes.split_whitespace().any(|word| word == mode);
        assert!(is_set("isig") && is_set("echo"), "{modes}");
        // Where nothing else is said, nothing typed is to be seen.
        assert!(ended == 0 || !said.contains("493"), "it was echoed: {said}");
    }
}
