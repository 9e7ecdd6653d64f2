//! The token on a real USB bus: a Linux kernel, libccid and pcscd in a guest, and our agent on top.

use std::fmt::Write as _;
use std::process::Command;

use sekisho_tests::binaries::program;
use sekisho_tests::guest::Luggage;
use sekisho_tests::scene::Scene;
use sekisho_tests::usb_token::UsbToken;

/// How long the token takes for a signature: long enough to be unplugged in the middle of one.
const SLOW_MS: &str = "1500";

#[test]
fn the_token_is_seen_on_usb_opens_a_session_and_locks_when_it_is_unplugged_in_a_signature() {
    let mut scene = Scene::new("usb");
    scene.clerk.card.pull();
    scene.terminal.stop();
    let script = script(&scene);
    let luggage = Luggage::new(&scene.scratch.folder("guest"));
    for path in [scene.terminal.state(), scene.terminal.configuration(), scene.clock.file().to_owned()] {
        luggage.add(&path);
    }
    ["sekisho-agent", "sekisho"].iter().for_each(|name| luggage.add_program(&program(name)));
    let log = scene.scratch.path().join("token.log");
    let mut token = UsbToken::of_card(scene.clerk.card.state(), &log, &["--serial", "KEN-0042", "--slow", SLOW_MS]);
    let mut guest = luggage.boot(&script, token.port());

    guest.wait_said("reader");
    guest.wait_said("logged in");
    guest.wait_said("signing");
    token.unplug();
    let said = guest.wait_end();
    assert!(said.contains("ID 1209:5e15 Sekisho Operator card"), "{said}");
    assert!(said.contains("usb:1209:5e15:KEN-0042"), "rusb tells which reader it is: {said}");
    assert!(said.contains("granted juminhyo.issue"), "{said}");
    assert!(said.contains("signature refused"), "{said}");
    assert!(said.contains("after: no_card"), "{said}");
    assert!(said.contains("afterwards refused"), "{said}");
}

/// What the guest runs: the agent's three parts, a login, a request, and a signature that never ends.
fn script(scene: &Scene) -> String {
    let mut script = String::from("lsusb -d 1209:5e15\nexport RUST_LOG=info\n");
    writeln!(script, "mkdir -p {}", scene.terminal.runtime().display()).unwrap();
    for part in ["run", "card-worker", "forwarder"] {
        let mut command = scene.terminal.command(part);
        command.env_clear();
        writeln!(script, "{} >/tmp/{part}.log 2>&1 &", line(&command)).unwrap();
        if part == "run" {
            writeln!(script, "wait_for agent [ -S {} ]", scene.terminal.socket().display()).unwrap();
        }
    }
    let sekisho = |arguments: &[&str]| line(&scene.terminal.sekisho(arguments));
    let status = sekisho(&["status", "--json"]);
    let pin = scene.clerk.pin();
    writeln!(script, "has_card() {{ {status} | grep -q '\"state\":\"await_pin\"'; }}").unwrap();
    writeln!(script, "wait_for 'card' has_card || {{ cat /tmp/*.log; {status}; }}").unwrap();
    writeln!(script, "{status}").unwrap();
    writeln!(script, "card=$({status} | sed 's/.*\"guid\":\"\\([0-9a-f-]*\\)\".*/\\1/')").unwrap();
    let login = sekisho(&["login", "--pin-stdin", "--card"]);
    writeln!(script, "echo '{pin}' | {login} \"$card\" && say 'logged in' || cat /tmp/*.log").unwrap();
    writeln!(script, "{} && echo 'granted juminhyo.issue'", sekisho(&["authorize", "juminhyo.issue"])).unwrap();
    // The function asks the card for a signature (level card): it is under way when the token goes.
    writeln!(script, "{{ sleep 0.5; say 'signing'; }} &").unwrap();
    writeln!(script, "{} || echo 'signature refused'", sekisho(&["authorize", "koseki.issue"])).unwrap();
    writeln!(script, "is_gone() {{ {status} | grep -q '\"state\":\"no_card\"'; }}").unwrap();
    writeln!(script, "wait_for 'gone' is_gone && echo 'after: no_card'").unwrap();
    writeln!(script, "{} || echo 'afterwards refused'", sekisho(&["authorize", "juminhyo.issue"])).unwrap();
    script
}

/// A command as a line of a shell script.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ")
}
