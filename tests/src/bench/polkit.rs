//! One authorization beside polkit's `CheckAuthorization`: the question that Linux programs ask today. polkit answers from memory and keeps no record.

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};
use std::process::Command;
use std::time::Duration;

use dbus::Message;
use dbus::arg::Variant;
use dbus::channel::{BusType, Channel};
use sekisho_tests::clerk::login;
use sekisho_tests::polkit::Polkit;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;

use crate::Effort;
use crate::at_rest::resident_mib;
use crate::authorize::ask;
use crate::helper::Helper;
use crate::report::Report;
use crate::stopwatch::timed;
use crate::times::Times;

const ACTION: &str = "jp.sekisho.bench";
/// Anybody may do it: nothing is asked of logind.
const POLICY: &str = r#"<?xml version="1.0"?><policyconfig><action id="jp.sekisho.bench"><description>d</description><message>m</message><defaults>
<allow_any>yes</allow_any><allow_inactive>yes</allow_inactive><allow_active>yes</allow_active></defaults></action></policyconfig>"#;
/// Who asks: root's questions are answered before any rule is looked at.
const NOBODY: &str = "65534";
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    if !rustix::process::geteuid().is_root() {
        report
            .number("Authorize ÷ polkit's CheckAuthorization", "only as root: polkit runs as a user of its own".into());
        return;
    }
    let folder = scene.scratch.folder("p");
    let etc = folder.join("machine/etc");
    for name in ["rules", "actions", "machine/etc"] {
        std::fs::create_dir_all(folder.join(name)).expect("a folder");
    }
    for file in ["passwd", "group"] {
        std::fs::copy(format!("/etc/{file}"), etc.join(file)).expect("the machine's users");
    }
    // The rules that Debian's packages bring, as on any desktop.
    for rule in std::fs::read_dir("/usr/share/polkit-1/rules.d").expect("polkit's rules").flatten() {
        std::fs::copy(rule.path(), folder.join("rules").join(rule.file_name())).expect("a rule");
    }
    std::fs::write(folder.join("actions/bench.policy"), POLICY).expect("an action");
    open_the_way(scene);
    let polkit = Polkit::start(&folder, ACTION);
    let mut stranger = stranger(&polkit);
    login(&scene.terminal, &scene.clerk);
    // A terminal's ledger is another machine.
    wait_sealed(&scene.terminal);
    scene.terminal.kill(Part::Forwarder);
    let mut client = scene.terminal.client();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..effort.of(1000, 200) {
        ours.push(timed(|| ask(&mut client)).1);
        theirs.push(stranger.ask());
    }
    let (ours, theirs): (Times, Times) = (ours.into_iter().collect(), theirs.into_iter().collect());
    report.number(
        "Authorize, durable ÷ polkit's CheckAuthorization",
        format!("{:.2} (p99 {:.2})", ours.ratio_to(&theirs), ours.p99().as_secs_f64() / theirs.p99().as_secs_f64()),
    );
    report.from(format!("Authorize, on disk before it is answered: {ours}"));
    report.from(format!("polkit, an action that anybody may do, asked by nobody about itself: {theirs}"));
    let agent = scene.terminal.process_id(Part::Agent).expect("the agent runs");
    let (our_size, their_size) = (resident_mib(agent), resident_mib(polkit.id()));
    report.number("agent ÷ polkitd, resident", format!("{:.2}", our_size / their_size));
    report.from(format!("agent {our_size:.1} MiB, polkitd {their_size:.1} MiB"));
    scene.terminal.start_part(Part::Forwarder);
    wait_sealed(&scene.terminal);
    scene.terminal.client().end().unwrap_or_else(|error| panic!("the session does not end: {error}"));
}

/// polkit's user, and nobody, reach what lies in the scratch folder.
fn open_the_way(scene: &Scene) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(scene.scratch.path(), std::fs::Permissions::from_mode(0o711)).expect("the folder is ours");
}

/// This program again, as somebody who is not root and asks polkit about himself. The first answer is not counted.
fn stranger(polkit: &Polkit) -> Helper {
    let mut command: Command = polkit.client("setpriv");
    command.arg(format!("--reuid={NOBODY}")).args(["--clear-groups", "--"]);
    // A copy: nobody may not be able to go where this program lies.
    let copy = polkit.folder().join("stranger");
    std::fs::copy(std::env::current_exe().expect("a running program has a path"), &copy).expect("cannot copy it");
    let mut stranger = Helper::start(command.arg(copy).arg("ask-polkit"));
    stranger.ask();
    stranger
}

/// The stranger: for each line that comes, asks polkit once over a connection that stays, and writes how long it took.
pub(crate) fn ask_for_each_line() {
    let mut bus = Channel::get_private(BusType::System).expect("the bus");
    bus.set_watch_enabled(false);
    let mut out = std::io::stdout().lock();
    for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
        let (may, took) = timed(|| check(&bus));
        assert!(may, "polkit refuses");
        if writeln!(out, "{}", took.as_nanos()).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn check(bus: &Channel) -> bool {
    let subject = HashMap::from([
        ("pid", Variant(Box::new(std::process::id()) as Box<dyn dbus::arg::RefArg>)),
        ("start-time", Variant(Box::new(0_u64))),
    ]);
    let details: HashMap<&str, &str> = HashMap::new();
    let mut message = Message::new_method_call(
        "org.freedesktop.PolicyKit1",
        "/org/freedesktop/PolicyKit1/Authority",
        "org.freedesktop.PolicyKit1.Authority",
        "CheckAuthorization",
    )
    .expect("a call");
    message.append_all((("unix-process", subject), ACTION, details, 0_u32, ""));
    let answer = bus.send_with_reply_and_block(message, ANSWER).expect("polkit answers");
    let (result,): ((bool, bool, HashMap<String, String>),) = answer.read_all().expect("polkit answers as it should");
    result.0
}
