//! The program on a terminal of its own: nothing typed is shown, and the terminal is put back.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use sekisho_wire::verdict::VerdictCode;
use serde_json::json;

use crate::fake_agent::{Answer, FakeAgent, state, verdict};

const PIN: &str = "Qx7-41Kz";
/// Leaves the screen of the panel (xterm, DECRST 1049).
const RESTORED: &str = "\u{1b}[?1049l";

/// A program on a new terminal.
struct OnTerminal {
    child: Child,
    keys: Option<ChildStdin>,
    screen: ChildStdout,
    shown: String,
}

impl OnTerminal {
    /// Runs a line of shell on the terminal that `script` makes.
    fn run(agent: &FakeAgent, line: &str) -> Self {
        // A test that waits for what never comes shall fail, not hang.
        let mut command = Command::new("timeout");
        command.args(["30", "script", "-qec", &format!("stty rows 24 cols 80; {line}"), "/dev/null"]);
        command.env("SEKISHO_SOCKET", agent.path()).env("TERM", "xterm").env("SHELL", "/bin/sh");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keys, screen) = (child.stdin.take(), child.stdout.take().unwrap());
        Self { child, keys, screen, shown: String::new() }
    }

    /// Reads until the screen has shown this.
    fn wait_for(&mut self, text: &str) -> &mut Self {
        let mut piece = [0; 4096];
        while !self.shown.contains(text) {
            let read = self.screen.read(&mut piece).unwrap();
            assert!(read > 0, "ended before {text:?}: {:?}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
        self
    }

    fn press(&mut self, keys: &str) -> &mut Self {
        self.keys.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Everything that was shown, and the exit code.
    fn end(mut self) -> (String, Option<i32>) {
        let mut rest = Vec::new();
        self.screen.read_to_end(&mut rest).unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        (self.shown, self.child.wait().unwrap().code())
    }
}

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_sekisho")
}

fn agent() -> FakeAgent {
    FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Prompt") => Answer::Prompt(json!({ "prompt": "p1", "tries_left": 5, "operator": "0012" })),
        Some("io.sekisho.Watch") => {
            Answer::States(vec![(Duration::ZERO, state("open")), (Duration::from_secs(30), state("open"))])
        }
        _ => Answer::Reply(json!({ "verdict": verdict(VerdictCode::Granted) })),
    })
}

#[test]
fn a_pin_typed_on_a_terminal_is_sent_and_not_shown() {
    let agent = agent();
    let mut terminal = OnTerminal::run(&agent, &format!("{} --lang en login; echo ended $?; stty -a", program()));
    terminal.wait_for("5 tries left.").wait_for("PIN: ");
    // A typing error and its correction.
    terminal.press(&format!("{}?\u{7f}{}\r", &PIN[..3], &PIN[3..]));
    terminal.wait_for("ended 0");
    let (shown, _) = terminal.end();
    assert_eq!(agent.pins(), [PIN]);
    assert!(!shown.contains(&PIN[..3]) && !shown.contains('*'), "{shown}");
    assert!(shown.contains(" echo ") && shown.contains(" icanon "), "the terminal shows what is typed again: {shown}");
}

#[test]
fn an_interrupt_at_the_pin_sends_nothing_and_puts_the_terminal_back() {
    let agent = agent();
    let mut terminal = OnTerminal::run(&agent, &format!("{} --lang en login; echo ended $?; stty -a", program()));
    terminal.wait_for("PIN: ").press("246\u{3}").wait_for("ended 1");
    let (shown, _) = terminal.end();
    assert!(shown.contains("given up, no PIN was sent") && shown.contains(" echo "), "{shown}");
    assert!(agent.pins().is_empty());
}

#[test]
fn the_panel_puts_the_screen_back_at_q_and_at_sigterm() {
    for quit in ["q", "SIGTERM"] {
        let agent = agent();
        let line = format!("echo pid $$ .; exec {} --lang en panel", program());
        let mut terminal = OnTerminal::run(&agent, &format!("sh -c '{line}'; echo ended $?; stty -a"));
        terminal.wait_for("\u{1b}[?1049h").wait_for("yes");
        if quit == "q" {
            terminal.press(quit);
        } else {
            let pid = terminal.shown.split("pid ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
            assert!(Command::new("kill").arg(pid).status().unwrap().success());
        }
        terminal.wait_for("ended 0");
        let (shown, _) = terminal.end();
        assert!(shown.contains(RESTORED) && shown.contains(" icanon "), "{quit}: {shown:?}");
    }
}

#[test]
fn keys_in_the_panel_put_off_the_lock_and_ask_how_long_it_is_off() {
    let agent = FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Watch") => {
            Answer::States(vec![(Duration::ZERO, state("open")), (Duration::from_secs(30), state("open"))])
        }
        Some("io.sekisho.Status") => {
            let mut later = state("open");
            later["session"]["idle_lock_in"] = json!(1_517_000);
            Answer::Reply(json!({ "state": later }))
        }
        _ => Answer::Reply(json!({})),
    });
    let mut terminal = OnTerminal::run(&agent, &format!("{} --lang en panel", program()));
    // Two presses within a second, one report.
    terminal.wait_for("yes").press("\u{1b}[B\u{1b}[B").wait_for("25:1").press("q");
    terminal.end();
    let asked: Vec<_> = agent.calls().iter().map(|call| call["method"].as_str().unwrap().to_owned()).collect();
    assert_eq!(asked, ["io.sekisho.Watch", "io.sekisho.Activity", "io.sekisho.Status"]);
}

#[test]
fn a_program_that_is_run_has_the_terminal_and_gives_it_back() {
    let agent = FakeAgent::start(|call| match call["method"].as_str() {
        Some("io.sekisho.Authorize") => Answer::Reply(crate::fake_agent::granted(57)),
        Some("io.sekisho.Watch") => {
            Answer::States(vec![(Duration::ZERO, state("open")), (Duration::from_secs(30), state("open"))])
        }
        _ => Answer::Reply(json!({ "record": { "epoch": 1, "seq": 58 } })),
    });
    let inner = r#"sh -c "echo ready; read x; echo got \$x""#;
    let line = format!("{} run --function f -- {inner}; echo ended $?; read y; echo after $y", program());
    let mut terminal = OnTerminal::run(&agent, &line);
    terminal.wait_for("ready").press("one\n").wait_for("got one").wait_for("ended 0");
    // The script that started us reads next: it must own the terminal again.
    thread::sleep(Duration::from_millis(10));
    terminal.press("two\n").wait_for("after two");
    terminal.end();
}
