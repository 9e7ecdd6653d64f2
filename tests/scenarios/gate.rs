//! Applications that are not ours: a web application behind nginx, examples in Python and C, a server that reads signed decisions.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho_ipc::PromptRequest;
use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::clerk::{insert, login, pull, type_pin, wait_waiting};
use sekisho_tests::ledger::both;
use sekisho_tests::ports::free_port;
use sekisho_tests::process::Process;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

const AUDIENCE: &str = "https://kiroku.example";

/// nginx and the gate, and an application that repeats what the proxy told it.
struct Proxy {
    port: u16,
    _nginx: Process,
    _gate: Process,
}

impl Proxy {
    fn start(scene: &Scene) -> Self {
        let folder = scene.scratch.path().join("proxy");
        std::fs::create_dir(&folder).unwrap();
        let socket = folder.join("gate.sock");
        let (port, application) = (free_port(), free_port());
        let file = |name: &str| {
            let text = std::fs::read_to_string(checkout().join("agent/gate/nginx").join(name)).unwrap();
            let text = text.replace("/run/sekisho-gate/gate.sock", socket.to_str().unwrap());
            std::fs::write(folder.join(name), text).unwrap();
        };
        file("sekisho.conf");
        file("sekisho-guard.conf");
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {}/{what};\n", folder.display()))
            .concat();
        let guarded = |address: &str, function: &str, wait: &str| {
            format!(
                "location = {address} {{ set $sekisho_function {function}; set $sekisho_case $arg_case; set $sekisho_recipient {AUDIENCE}; {wait}\n\
                 include sekisho-guard.conf; proxy_pass http://127.0.0.1:{application}; }}\n"
            )
        };
        let (juminhyo, zei, inkan) = (
            guarded("/juminhyo", "juminhyo.issue", ""),
            guarded("/zei", "zei.certificate", ""),
            guarded("/inkan", "inkan.register", "set $sekisho_wait 45;"),
        );
        let text = format!(
            "daemon off; master_process off; user root; pid nginx.pid; error_log stderr; events {{}}\n\
             http {{ access_log off; {temporary}\n\
             server {{ listen 127.0.0.1:{port}; include sekisho.conf; {juminhyo} {zei} {inkan}\n\
             location / {{ return 403; }} location /static/ {{ proxy_pass http://127.0.0.1:{application}; }} }}\n\
             server {{ listen 127.0.0.1:{application}; location / {{ return 200 \"$http_sekisho_record $http_sekisho_decision\"; }} }} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), text).unwrap();
        let mut gate = Command::new(program("sekisho-gate"));
        gate.arg("--listen").arg(&socket).arg("--socket").arg(scene.terminal.socket());
        let gate = Process::start("gate", &mut gate, &folder.join("gate.log"));
        let mut nginx = Command::new(checkout().join("target/nginx/usr/sbin/nginx"));
        nginx.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-e", "stderr"]);
        let mut nginx = Process::start("nginx", &mut nginx, &folder.join("nginx.log"));
        nginx.wait_ready("nginx and the gate to listen", || {
            let listens = std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
            (listens && socket.exists()).then_some(())
        });
        Self { port, _nginx: nginx, _gate: gate }
    }

    /// Status and body.
    fn get(&self, address: &str, more: &[&str]) -> (u16, String) {
        let output = Command::new("curl")
            .args(["--silent", "--max-time", "30", "--write-out", "\n%{http_code}"])
            .args(more)
            .arg(format!("http://127.0.0.1:{}{address}", self.port))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (body, status) = said.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }
}

/// The ledger's answer under `/v1/<office>/keys`, in a file.
fn keys(scene: &Scene) -> PathBuf {
    let office = scene.terminal.client().status().unwrap().office.unwrap();
    let file = scene.scratch.path().join("keys.json");
    let address = format!("https://localhost:{}/v1/{office}/keys", scene.ledger.port());
    let output = Command::new("curl")
        .args(["--silent", "--fail", "--cacert"])
        .arg(authority(scene))
        .args(["--output"])
        .arg(&file)
        .arg(address)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", both(&output));
    file
}

/// The certificate of the ledger's authority, as its codes carry it, in PEM.
fn authority(scene: &Scene) -> PathBuf {
    let link: serde_json::Value =
        serde_json::from_slice(&std::fs::read(scene.terminal.state().join("link/link.json")).unwrap()).unwrap();
    let pem =
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", link["authority"].as_str().unwrap());
    let file = scene.scratch.path().join("authority.pem");
    std::fs::write(&file, pem).unwrap();
    file
}

fn verify(keys: &Path, decision: &str, more: &[&str]) -> Output {
    let script = checkout().join("agent/ipc/examples/verify_decision.py");
    let input = keys.with_file_name("decision");
    std::fs::write(&input, decision).unwrap();
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script).arg(keys).args(more).stdin(std::fs::File::open(input).unwrap());
    command.output().unwrap()
}

#[test]
fn a_web_application_behind_nginx_gets_what_the_agent_grants_and_nothing_else() {
    let mut scene = Scene::new("gate");
    let proxy = Proxy::start(&scene);
    assert_eq!(proxy.get("/static/a.css?for=100%25;..", &[]).0, 200, "what is open is open");
    for walk in [
        "/static/..;/juminhyo",
        "/static/%2e%2e/juminhyo",
        "/static/%252e%252e/juminhyo",
        "/static/..%2fjuminhyo",
        "/static/../juminhyo",
        "/static/\\juminhyo",
        "/juminhyo;x",
    ] {
        assert_eq!(proxy.get(walk, &["--path-as-is"]).0, 400, "{walk}");
    }
    assert_eq!(proxy.get("/juminhyo/", &[]).0, 403, "what is not listed is refused");
    let (status, page) = proxy.get("/juminhyo", &["--header", "Accept: text/html"]);
    assert!(status == 403 && page.contains("lang=\"ja\"") && page.contains("no_card"), "{status}: {page}");

    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let (status, told) = proxy.get("/juminhyo?case=R8-77", &[]);
    assert_eq!(status, 200, "{told}");
    let (record, decision) = told.split_once(' ').unwrap();
    let recorded = |kind: &str| scene.search(&["--kind", kind, "--case", "R8-77"]);
    wait::until("the record of the request", || (recorded("decision").len() == 1).then_some(()));

    // The server, elsewhere: it believes this decision, for itself, this function and this moment alone.
    let keys = keys(&scene);
    let now = (scene.terminal.client().status().unwrap().time / 1000).to_string();
    let at_once = ["--now", &now];
    let right = [&[AUDIENCE, "juminhyo.issue"], &at_once[..]].concat();
    let believed = verify(&keys, decision, &right);
    assert!(
        believed.status.success() && both(&believed).contains("10023 may run juminhyo.issue"),
        "{}",
        both(&believed)
    );
    let forged = decision.replacen('.', ".e30", 1);
    let late = (now.parse::<u64>().unwrap() + 3600).to_string();
    for (what, decision, asked) in [
        ("another audience", decision, ["https://zei.example", "juminhyo.issue", "--now", &now]),
        ("another function", decision, [AUDIENCE, "zei.certificate", "--now", &now]),
        ("an hour later", decision, [AUDIENCE, "juminhyo.issue", "--now", &late]),
        ("forged", &forged, [AUDIENCE, "juminhyo.issue", "--now", &now]),
    ] {
        assert_eq!(verify(&keys, decision, &asked).status.code(), Some(3), "{what}");
    }

    // What came of it, as the page reports it.
    let record = format!("Sekisho-Record: {record}");
    let report =
        ["--request", "POST", "--header", &record, "--header", "Sekisho-Items: 2", "--header", "Sekisho-Outcome: done"];
    assert_eq!(proxy.get("/sekisho/complete", &report).0, 204);
    assert_eq!(proxy.get("/sekisho/complete", &report).0, 403, "once");
    wait::until("the record of the outcome", || (scene.search(&["--kind", "completed"]).len() == 1).then_some(()));

    // Refused in words, and to a program in the page as JSON; the browser's own headers count for nothing.
    let sneaking = ["--header", "Sekisho-Function: juminhyo.issue", "--header", "Accept-Language: en"];
    let (status, told) = proxy.get("/zei", &sneaking);
    assert!(status == 403 && told.contains(r#""verdict":"function_not_for_terminal""#), "{status}: {told}");
    // The PIN is typed beside the page, for the request that waits; or it is not.
    let page = ["--header", "Accept: text/html", "--header", "Accept-Language: en"];
    std::thread::scope(|scope| {
        let loading = scope.spawn(|| proxy.get("/inkan", &page));
        let waiting = wait_waiting(&scene.terminal);
        let who = (waiting.application.as_deref(), waiting.function.as_str(), waiting.title.as_str());
        assert_eq!(who, (None, "inkan.register", "印鑑登録"), "root is no application");
        let asked = PromptRequest::waiting(waiting.id);
        assert!(type_pin(&mut scene.terminal.client(), &asked, &scene.clerk.pin()).unwrap().verdict.granted);
        assert_eq!(loading.join().unwrap().0, 200);
        let loading = scope.spawn(|| proxy.get("/inkan", &page));
        scene.terminal.client().decline(&wait_waiting(&scene.terminal).id).unwrap();
        let (status, page) = loading.join().unwrap();
        assert!(status == 403 && page.contains("it was not typed"), "{status}: {page}");
    });
    assert_eq!(proxy.get("/sekisho/ask", &[]).0, 404, "for the proxy alone");

    pull(&scene.terminal, &mut scene.clerk);
    assert_eq!(proxy.get("/juminhyo", &[]).0, 403);
    scene.terminal.kill(Part::Agent);
    let (status, page) = proxy.get("/juminhyo", &["--header", "Accept: text/html"]);
    assert!(status == 403 && page.contains("agent_silent"), "{status}: {page}");
}

#[test]
fn the_examples_in_python_and_c_do_nothing_without_a_grant() {
    let mut scene = Scene::new("examples");
    let examples = checkout().join("agent/ipc/examples");
    let built = scene.scratch.path().join("issue");
    let mut compiler = Command::new("cc");
    compiler.args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(&built).arg(examples.join("issue.c")).arg("-ljson-c");
    let said = compiler.output().unwrap();
    assert!(said.status.success(), "{}", both(&said));
    let python = || {
        let mut command = Command::new("/usr/bin/python3");
        command.arg(examples.join("issue.py"));
        command
    };
    let run = |scene: &Scene, mut command: Command, function: &str| {
        let output = command.arg(function).env("SEKISHO_SOCKET", scene.terminal.socket()).output().unwrap();
        (output.status.code(), both(&output))
    };
    for wrong in [run(&scene, python(), "juminhyo.issue"), run(&scene, Command::new(&built), "juminhyo.issue")] {
        assert!(wrong.0 == Some(3) && wrong.1.contains("カード") && !wrong.1.contains("issued"), "{wrong:?}");
    }
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    for right in [run(&scene, python(), "juminhyo.issue"), run(&scene, Command::new(&built), "juminhyo.issue")] {
        assert_eq!(right, (Some(0), "issued\n".to_owned()));
    }
    wait::until("both outcomes to be recorded", || (scene.search(&["--kind", "completed"]).len() == 2).then_some(()));
    scene.terminal.kill(Part::Agent);
    for gone in [run(&scene, python(), "juminhyo.issue"), run(&scene, Command::new(&built), "juminhyo.issue")] {
        assert!(gone.0 == Some(1) && !gone.1.contains("issued"), "{gone:?}");
    }
}
