//! The client against a peer that speaks the wire by hand: what leaves, what arrives.
#![expect(clippy::unwrap_used, reason = "a test whose surroundings fail has failed")]

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use sekisho_ipc::{
    AgentError, AuthorizeRequest, Bar, Client, ClientError, Connection, ConnectionError, Descriptors, LinkState,
    PinFrame, PinFrameError, PinReader, PromptRequest, RecordRef, SessionState,
};
use serde_json::{Value, json};

/// A client, and the socket that it is connected to.
fn connected() -> (Client, UnixStream) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("sekisho-client-{}-{number}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let client = Client::connect(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    (client, listener.accept().unwrap().0)
}

/// A peer that expects these calls, word for word, and answers with these bytes.
fn peer(script: Vec<(Value, String)>) -> (Client, JoinHandle<()>) {
    let (client, server) = connected();
    let peer = thread::spawn(move || {
        let mut lines = BufReader::new(server.try_clone().unwrap()).split(0);
        for (expected, answer) in script {
            let call: Value = serde_json::from_slice(&lines.next().unwrap().unwrap()).unwrap();
            assert_eq!(call, expected);
            (&server).write_all(answer.as_bytes()).unwrap();
        }
    });
    (client, peer)
}

const VERDICT: &str = r#"{"granted":false,"code":"no_card","number":10,"what":"no card in the reader",
    "next":"Insert your operator card and type the PIN.","what_ja":"カードがありません","next_ja":"カードを挿入してください。"}"#;

fn state(name: &str) -> String {
    format!(
        r#"{{"state":{{"office":null,"terminal":"t-01","state":"{name}","functions":[],"recent":[],"register_size":3,
        "register_stale":false,"screen":"ready","link":"down","register_link":"down","unsent":2,"unsealed":5,"reports_waiting":0,"reports_refused":0,"time":1790000000000,"advice":{VERDICT}}}}}"#
    )
}

#[test]
fn status_reads_a_state_whose_optional_fields_are_left_out() {
    let (mut client, peer) = peer(vec![(
        json!({ "method": "io.sekisho.Status" }),
        format!(r#"{{"parameters":{}}}{}"#, state("no_card"), '\0'),
    )]);
    let state = client.status().unwrap();
    assert_eq!((state.state, state.link), (SessionState::NoCard, LinkState::Down));
    assert_eq!((state.unsent, state.session, state.office), (2, None, None));
    peer.join().unwrap();
}

#[test]
fn authorize_sends_every_field_and_reads_verdict_and_record() {
    let (mut client, peer) = peer(vec![(
        json!({ "method": "io.sekisho.Authorize", "parameters":
            { "function": "jumin.query", "purpose": "window", "case": "R8-12", "request": null, "recipient": null } }),
        format!(r#"{{"parameters":{{"verdict":{VERDICT},"record":{{"epoch":1,"seq":7}}}}}}{}"#, '\0'),
    )]);
    let request = AuthorizeRequest {
        function: "jumin.query".into(),
        purpose: Some("window".into()),
        case: Some("R8-12".into()),
        ..AuthorizeRequest::default()
    };
    let answer = client.authorize(&request).unwrap();
    assert_eq!(answer.verdict.code, "no_card");
    assert_eq!(answer.record, Some(RecordRef { epoch: 1, seq: 7 }));
    peer.join().unwrap();
}

#[test]
fn errors_of_the_agent_and_foreign_errors_are_told_apart() {
    let lock = json!({ "method": "io.sekisho.Lock", "parameters": { "end": false } });
    let (mut client, peer) = peer(vec![
        (lock.clone(), "{\"error\":\"io.sekisho.NotPermitted\",\"parameters\":{\"reason\":\"session_open\"}}\0".into()),
        (lock.clone(), "{\"error\":\"org.varlink.service.MethodNotFound\"}\0".into()),
        (lock, "{}\0".into()),
    ]);
    let refused = client.lock().unwrap_err();
    assert!(matches!(&refused, ClientError::Agent(AgentError::NotPermitted { reason: Bar::SessionOpen })), "{refused}");
    let foreign = client.lock().unwrap_err();
    assert!(matches!(&foreign, ClientError::Foreign { name } if name.ends_with("MethodNotFound")), "{foreign}");
    client.lock().unwrap();
    peer.join().unwrap();
}

#[test]
fn watch_yields_each_state_and_ends_with_the_connection() {
    let replies: String = ["no_card", "await_pin"]
        .iter()
        .map(|name| format!(r#"{{"parameters":{},"continues":true}}{}"#, state(name), '\0'))
        .collect();
    let (client, peer) = peer(vec![(json!({ "method": "io.sekisho.Watch", "more": true }), replies)]);
    let mut watch = client.watch().unwrap();
    assert_eq!(watch.next().unwrap().unwrap().state, SessionState::NoCard);
    assert_eq!(watch.next().unwrap().unwrap().state, SessionState::AwaitPin);
    peer.join().unwrap();
    let closed = watch.next().unwrap().unwrap_err();
    assert!(matches!(closed, ClientError::Connection(ConnectionError::Closed)), "{closed}");
    assert!(watch.next().is_none());
}

#[test]
fn a_prompt_passes_the_pin_beside_the_messages() {
    let (mut client, server) = connected();
    let agent = thread::spawn(move || {
        let mut server = Connection::new(server, Descriptors::Refused).unwrap();
        let call: Value = server.read_message(4096).unwrap();
        let (worker, prompt) = UnixStream::pair().unwrap();
        let answer = json!({ "parameters": { "prompt": "p1", "tries_left": 5, "operator": "0012", "name": null } });
        server.write_message_with_fd(&answer, prompt.as_fd()).unwrap();
        drop(prompt);
        let pin = PinReader::default().read(&worker).unwrap().unwrap().expose().to_vec();
        let waiting: Value = server.read_message(4096).unwrap();
        server.write_message(&json!({ "error": "io.sekisho.PromptCancelled" })).unwrap();
        (call, pin, waiting)
    });
    let prompt = client.prompt(&PromptRequest::login()).unwrap();
    assert_eq!((prompt.id.as_str(), prompt.tries_left, prompt.operator.as_deref()), ("p1", Some(5), Some("0012")));
    prompt.send_pin(&PinFrame::new(b"24681357").unwrap()).unwrap();
    let cancelled = client.wait_for(&prompt).unwrap_err();
    assert!(matches!(cancelled, ClientError::Agent(AgentError::PromptCancelled)), "{cancelled}");
    let (call, pin, waiting) = agent.join().unwrap();
    assert_eq!(call["parameters"]["what"], "login");
    assert_eq!(pin, b"24681357");
    assert_eq!(waiting, json!({ "method": "io.sekisho.Await", "parameters": { "prompt": "p1" } }));
}

#[test]
fn a_prompt_on_the_reader_takes_no_pin() {
    let (mut client, server) = connected();
    let agent = thread::spawn(move || {
        let mut server = Connection::new(server, Descriptors::Refused).unwrap();
        let _: Value = server.read_message(4096).unwrap();
        let (worker, prompt) = UnixStream::pair().unwrap();
        let answer = json!({ "parameters": { "prompt": "p1", "reader_seconds": 30 } });
        server.write_message_with_fd(&answer, prompt.as_fd()).unwrap();
        drop(prompt);
        // Nothing comes before the client closes its end.
        PinReader::default().read(&worker).unwrap_err()
    });
    let prompt = client.prompt(&PromptRequest::login()).unwrap();
    assert_eq!(prompt.on_reader, Some(std::time::Duration::from_secs(30)));
    let refused = prompt.send_pin(&PinFrame::new(b"24681357").unwrap()).unwrap_err();
    assert!(matches!(refused, ClientError::Pin(PinFrameError::Closed)), "{refused}");
    prompt.give_up();
    assert_eq!(agent.join().unwrap(), PinFrameError::Closed);
    drop(prompt);
}

#[test]
fn a_prompt_without_its_descriptor_is_an_error() {
    let request = PromptRequest::change_pin();
    let parameters = serde_json::to_value(&request).unwrap();
    let (mut client, peer) = peer(vec![(
        json!({ "method": "io.sekisho.Prompt", "parameters": parameters }),
        "{\"parameters\":{\"prompt\":\"p1\"}}\0".into(),
    )]);
    let error = client.prompt(&request).unwrap_err();
    assert!(matches!(error, ClientError::Connection(ConnectionError::NoDescriptor)), "{error}");
    peer.join().unwrap();
}
