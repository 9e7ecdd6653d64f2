//! A PostgreSQL server of our own: in a temporary folder, on a socket in it and on a port of the loopback, for as long as the process runs.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use postgres::{Config, NoTls};

/// Where Debian keeps its programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// What the server's folder is called, with the number of the process.
const FOLDER: &str = "sekisho-postgres-";
/// It refuses to run as root.
const USER: &str = "postgres";

/// A new database on the server, which is started for the first, as `ledger.toml` names it.
///
/// # Panics
/// When the server cannot be started, or makes none.
#[must_use]
pub fn database() -> String {
    made("")
}

/// A copy of a database that nobody uses now.
///
/// # Panics
/// When there is none of that name.
#[must_use]
pub fn copy_of(place: &str) -> String {
    let config: Config = place.parse().expect("the place of a database");
    made(&format!("TEMPLATE {}", config.get_dbname().expect("its name")))
}

fn made(how: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("book_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let (folder, port) = server();
    let mut client = reach(folder, *port, "postgres").connect(NoTls).expect("the server answers");
    client.batch_execute(&format!("CREATE DATABASE {name} {how}")).expect("the server makes a database");
    format!("host={} port={port} user={USER} dbname={name}", folder.display())
}

fn reach(folder: &Path, port: u16, database: &str) -> Config {
    let mut config = Config::new();
    config.host_path(folder).port(port).user(USER).dbname(database).connect_timeout(Duration::from_secs(10));
    config
}

/// The folder of the server's socket, and its port.
fn server() -> &'static (PathBuf, u16) {
    static SERVER: OnceLock<(PathBuf, u16)> = OnceLock::new();
    SERVER.get_or_init(|| {
        let (told, started) = channel();
        // The server dies with the thread that started it, so that is one that lives as long as the process.
        std::thread::spawn(move || {
            let folder = start();
            let _ = told.send(folder);
            loop {
                std::thread::park();
            }
        });
        started.recv().expect("the server starts")
    })
}

/// What earlier runs left: they cannot clean up behind a server that dies with them.
fn remove_old() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A server of one test alone, which stops it and starts it again. It dies with the thread that started it.
pub struct Own {
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Own {
    /// A fresh one.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("{FOLDER}{}-own-{number}", std::process::id()));
        make(&folder);
        let port = free_port();
        let server = Some(serve(&folder, port));
        Self { folder, port, server }
    }

    /// A database on it.
    ///
    /// # Panics
    /// When it makes none.
    #[must_use]
    pub fn database(&self) -> String {
        let mut client = reach(&self.folder, self.port, "postgres").connect(NoTls).expect("the server answers");
        client.batch_execute("CREATE DATABASE book").expect("the server makes a database");
        format!("host={} port={} user={USER} dbname=book", self.folder.display(), self.port)
    }

    /// It is gone from one moment to the next, as with the machine under it.
    ///
    /// # Panics
    /// When it was not running.
    pub fn stop(&mut self) {
        let mut server = self.server.take().expect("it runs");
        server.kill().expect("a process of ours");
        server.wait().expect("a process of ours");
    }

    /// The same again, with what it had.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        self.server = Some(serve(&self.folder, self.port));
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn start() -> (PathBuf, u16) {
    remove_old();
    let folder = std::env::temp_dir().join(format!("{FOLDER}{}", std::process::id()));
    make(&folder);
    let port = free_port();
    drop(serve(&folder, port));
    (folder, port)
}

/// The files of a server.
fn make(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("a folder of ours");
    if rustix::process::geteuid().is_root() {
        let uid = user();
        chown(folder, Some(uid), Some(uid)).expect("root gives it away");
    }
    let mut initdb = as_user("initdb");
    initdb.arg("-D").arg(folder.join("data")).args(["-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
    let made = initdb.output().expect("initdb starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Runs it, and waits until it answers.
fn serve(folder: &Path, port: u16) -> Child {
    let run = || {
        let mut server = as_user("postgres");
        server.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-c", "listen_addresses=127.0.0.1"]);
        server.args(["-p", &port.to_string()]);
        server.stderr(Stdio::null()).spawn().expect("the server starts")
    };
    let mut server = run();
    for _ in 0..600 {
        if reach(folder, port, "postgres").connect(NoTls).is_ok() {
            return server;
        }
        // What one that was killed had at work lets go of its memory a moment later.
        if !matches!(server.try_wait(), Ok(None)) {
            server = run();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the server does not answer");
}

/// Nobody else uses it yet.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("the loopback");
    listener.local_addr().expect("an address").port()
}

/// One of its programs, which dies with us.
fn as_user(program: &str) -> Command {
    let program = format!("{PROGRAMS}/{program}");
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if rustix::process::geteuid().is_root() {
        let uid = user().to_string();
        command.args(["--reuid", &uid, "--regid", &uid, "--clear-groups"]);
    }
    command.arg("--").arg(program).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn user() -> u32 {
    let passwd = std::fs::read_to_string("/etc/passwd").expect("the users");
    let line = passwd.lines().find(|line| line.starts_with(&format!("{USER}:"))).expect("the package postgresql-15");
    line.split(':').nth(2).and_then(|uid| uid.parse().ok()).expect("a uid")
}
