//! An agent that answers from a script, over a real socket.

use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sekisho_ipc::{Connection, Descriptors, MESSAGE_MAX, PinReader};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;
use serde_json::{Value, json};

/// What the agent answers to a call.
pub(crate) enum Answer {
    /// One reply.
    Reply(Value),
    /// An error by name.
    Error(&'static str, Value),
    /// A reply with a descriptor; what is written to it is kept as a PIN.
    Prompt(Value),
    /// One reply after each wait; then the agent goes away.
    States(Vec<(Duration, Value)>),
}

type Script = Arc<dyn Fn(&Value) -> Answer + Send + Sync>;

/// A running agent; its socket goes when it is dropped.
pub(crate) struct FakeAgent {
    folder: PathBuf,
    calls: Arc<Mutex<Vec<Value>>>,
    pins: Arc<Mutex<Vec<String>>>,
}

impl FakeAgent {
    pub(crate) fn start(script: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("sekisho-ctl-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let agent = Self { folder, calls: Arc::default(), pins: Arc::default() };
        let listener = UnixListener::bind(agent.path()).unwrap();
        let (script, calls, pins): (Script, _, _) =
            (Arc::new(script), Arc::clone(&agent.calls), Arc::clone(&agent.pins));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, calls, pins) = (Arc::clone(&script), Arc::clone(&calls), Arc::clone(&pins));
                thread::spawn(move || serve(stream.unwrap(), &script, &calls, &pins));
            }
        });
        agent
    }

    pub(crate) fn path(&self) -> PathBuf {
        Path::new(&self.folder).join("agent.sock")
    }

    /// What was asked, in order.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap().clone()
    }

    /// The PINs that came over descriptors.
    pub(crate) fn pins(&self) -> Vec<String> {
        self.pins.lock().unwrap().clone()
    }
}

impl Drop for FakeAgent {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn serve(stream: UnixStream, script: &Script, calls: &Mutex<Vec<Value>>, pins: &Mutex<Vec<String>>) {
    let mut connection = Connection::new(stream, Descriptors::Refused).unwrap();
    let mut worker: Option<UnixStream> = None;
    while let Ok(call) = connection.read_message::<Value>(MESSAGE_MAX) {
        // All frames were written before Await was: what is in the descriptor now is all there is.
        if call["method"] == "io.sekisho.Await"
            && let Some(worker) = worker.take()
        {
            worker.set_nonblocking(true).unwrap();
            while let Ok(Some(frame)) = PinReader::default().read(&worker) {
                pins.lock().unwrap().push(String::from_utf8(frame.expose().to_vec()).unwrap());
            }
        }
        calls.lock().unwrap().push(call.clone());
        let sent = match script(&call) {
            Answer::Reply(parameters) => connection.write_message(&json!({ "parameters": parameters })),
            Answer::Error(error, parameters) => {
                connection.write_message(&json!({ "error": error, "parameters": parameters }))
            }
            Answer::Prompt(parameters) => {
                let (kept, passed) = UnixStream::pair().unwrap();
                worker = Some(kept);
                connection.write_message_with_fd(&json!({ "parameters": parameters }), passed.as_fd())
            }
            Answer::States(states) => {
                for (wait, state) in states {
                    thread::sleep(wait);
                    let reply = json!({ "parameters": { "state": state }, "continues": true });
                    if connection.write_message(&reply).is_err() {
                        return;
                    }
                }
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// A verdict as the agent sends it.
pub(crate) fn verdict(code: VerdictCode) -> Value {
    let (english, japanese) = (code.words(Language::English), code.words(Language::Japanese));
    json!({
        "granted": code.is_granted(), "code": code.name(), "number": code.number(),
        "what": english.what, "next": english.next, "what_ja": japanese.what, "next_ja": japanese.next,
    })
}

/// The answer of a grant with this record.
pub(crate) fn granted(seq: u64) -> Value {
    json!({ "verdict": verdict(VerdictCode::Granted), "record": { "epoch": 1, "seq": seq } })
}

/// The answer of a refusal.
pub(crate) fn refused(code: VerdictCode) -> Value {
    json!({ "verdict": verdict(code), "record": { "epoch": 1, "seq": 59 } })
}

/// A state: `no_card`, `open` or `locked`.
pub(crate) fn state(name: &str) -> Value {
    let session = json!({
        "id": "c27e", "operator": "0012", "name": "田中 一郎", "profile": "jumin-1", "section": "jumin", "section_title": "住民課", "kind": "ordinary",
        "opened": 1_795_310_100_000_u64, "idle_lock_in": 300_000, "ends_in": 36_000_000, "ends_by": "length",
    });
    let function = |code: &str, title: &str, verdict: Value| json!({ "function": code, "title": title, "level": "session", "purpose_required": false, "purposes": [], "verdict": verdict });
    let advice = match name {
        "open" => VerdictCode::Granted,
        "locked" => VerdictCode::Locked,
        _ => VerdictCode::NoCard,
    };
    json!({
        "office": "5f0c", "title": "あおば市", "terminal": "madoguchi-01", "state": name, "reader": "usb:04e6:5116:21120",
        "card": null, "session": if name == "no_card" { Value::Null } else { session }, "last_lock_reason": null,
        "functions": [
            function("juminhyo.issue", "住民票の写しの交付", verdict(VerdictCode::Granted)),
            function("zei.query", "税情報の照会", verdict(VerdictCode::FunctionNotInScope)),
        ],
        "recent": [], "register_size": 48, "register_age": 60_000, "register_stale": false, "screen": "ready", "link": "up", "register_link": "up", "unsent": 0, "reports_waiting": 0, "reports_refused": 0,
        "unsealed": 0, "time": 1_795_310_100_000_u64, "advice": verdict(advice),
    })
}
