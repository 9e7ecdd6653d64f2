use std::io::{Read, Write};

use serde_json::{Value, json};

use super::*;
use crate::testing::Bench;

fn served(bench: &Bench) -> UnixStream {
    let (client, server) = UnixStream::pair().unwrap();
    let agent = bench.agent.clone();
    std::thread::spawn(move || {
        let place = place(&Places::new(&agent.config.limits), &agent.config, 0).unwrap();
        serve(Some(&agent), &agent.config, server, &place);
    });
    client
}

/// Sends bytes, and reads until the agent closes.
fn last_words(bench: &Bench, bytes: &[u8]) -> String {
    let mut client = served(bench);
    let _ = client.write_all(bytes);
    let mut said = Vec::new();
    let _ = client.read_to_end(&mut said);
    String::from_utf8(said).unwrap()
}

fn reply(client: &mut UnixStream, call: &Value) -> Value {
    client.write_all(call.to_string().as_bytes()).unwrap();
    client.write_all(&[0]).unwrap();
    let mut said = Vec::new();
    let mut byte = [0];
    while client.read_exact(&mut byte).is_ok() && byte != [0] {
        said.push(byte[0]);
    }
    serde_json::from_slice(&said).unwrap()
}

#[test]
fn what_is_no_message_gets_its_own_error_and_is_let_go() {
    let bench = Bench::new();
    let flood = vec![b'x'; MESSAGE_MAX + 2];
    for (bytes, error) in [
        (&b"{\"method\": 7}\0"[..], "io.sekisho.InvalidArgument"),
        (b"not json\0", "io.sekisho.InvalidArgument"),
        (b"\xff\xfe\0", "io.sekisho.InvalidArgument"),
        (&flood, "io.sekisho.TooLarge"),
    ] {
        let said = last_words(&bench, bytes);
        assert!(said.contains(error), "{said}");
    }
}

#[test]
fn what_cannot_be_done_is_said_and_the_connection_stays() {
    let bench = Bench::new();
    let mut client = served(&bench);
    for (call, error) in [
        (json!({"method": "io.sekisho.Unlock"}), "org.varlink.service.MethodNotFound"),
        (json!({"method": "io.systemd.Foo"}), "org.varlink.service.InterfaceNotFound"),
        (json!({"method": "io.sekisho.Authorize"}), "io.sekisho.InvalidArgument"),
        (
            json!({"method": "io.sekisho.Authorize", "parameters": {"function": "No Code"}}),
            "io.sekisho.InvalidArgument",
        ),
        (json!({"method": "io.sekisho.Await", "parameters": {"prompt": "ab"}}), "io.sekisho.NoSuchPrompt"),
        (json!({"method": "io.sekisho.Prompt", "parameters": {"what": "login"}}), "io.sekisho.CardProblem"),
        (
            json!({"method": "io.sekisho.Complete", "parameters": {"record": {"epoch": 0, "seq": 9}, "items": 1, "outcome": "done"}}),
            "io.sekisho.InvalidArgument",
        ),
    ] {
        assert_eq!(reply(&mut client, &call)["error"], error, "{call}");
    }
    let state = reply(&mut client, &json!({"method": "io.sekisho.Status"}));
    assert_eq!(state["parameters"]["state"]["state"], "no_card");
    assert_eq!(state["parameters"]["state"]["title"], "関所町");
}

#[test]
fn the_socket_describes_itself() {
    let bench = Bench::new();
    let mut client = served(&bench);
    let info = reply(&mut client, &json!({"method": "org.varlink.service.GetInfo"}));
    assert_eq!(info["parameters"]["interfaces"], json!(["org.varlink.service", "io.sekisho"]));
    let asked =
        json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": "io.sekisho"}});
    assert_eq!(reply(&mut client, &asked)["parameters"]["description"], sekisho_ipc::INTERFACE);
}

#[test]
fn before_enrolment_everything_says_so() {
    let (client, server) = UnixStream::pair().unwrap();
    let config = Bench::new().agent.config.clone();
    std::thread::spawn(move || {
        let place = place(&Places::new(&config.limits), &config, 0).unwrap();
        serve(None, &config, server, &place);
    });
    let mut client = client;
    assert_eq!(reply(&mut client, &json!({"method": "io.sekisho.Status"}))["error"], "io.sekisho.NotEnrolled");
}

#[test]
fn watching_tells_each_change() {
    let bench = Bench::new();
    let mut client = served(&bench);
    let first = reply(&mut client, &json!({"method": "io.sekisho.Watch", "more": true}));
    assert_eq!((&first["continues"], &first["parameters"]["state"]["state"]), (&json!(true), &json!("no_card")));
    bench.insert(crate::testing::CLERK);
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&bytes).contains("await_pin") {
        client.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
}

#[test]
fn a_session_is_kept_from_its_idle_lock_by_nobody_but_its_own() {
    let bench = Bench::new();
    bench.log_in();
    let left = || bench.agent.state(&crate::testing::panel()).0.session.unwrap().idle_lock_in;
    let policy = left();
    bench.clock.forward(60_000);
    for may_prompt in [true, false] {
        let other = Caller { uid: 1001, application: None, trusted: false, may_prompt };
        let error = bench.agent.lock_asked(&other, Event::Active, None).unwrap_err();
        assert_eq!(error, AgentError::NotPermitted { reason: Bar::NotYourSession });
        assert_eq!(left(), policy - 60_000);
    }
    bench.agent.lock_asked(&crate::testing::panel(), Event::Active, None).unwrap();
    assert_eq!(left(), policy);
}
