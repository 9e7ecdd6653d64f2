//! Messages over socket pairs: cut, joined, too long, malformed, with descriptors.
#![expect(clippy::unwrap_used, reason = "a test whose surroundings fail has failed")]

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use sekisho_ipc::{
    Call, Connection, ConnectionError, Descriptors, MESSAGE_MAX, PIN_FRAME_LEN, PinFrame, PinFrameError, PinReader,
    peer_uid,
};
use serde_json::{Value, json};

/// A raw end and a reading end that gives up soon.
fn pair() -> (UnixStream, Connection) {
    let (raw, other) = UnixStream::pair().unwrap();
    let mut connection = Connection::new(other, Descriptors::Accepted).unwrap();
    connection.set_read_waits(Some(Duration::from_secs(5)), Some(Duration::from_secs(5)));
    (raw, connection)
}

fn read(connection: &mut Connection) -> Result<Value, ConnectionError> {
    connection.read_message(MESSAGE_MAX)
}

#[test]
fn a_call_sent_is_the_call_received() {
    let (raw, mut server) = pair();
    let mut client = Connection::new(raw, Descriptors::Accepted).unwrap();
    let call = Call::new("io.sekisho.Lock", &json!({ "end": true }));
    client.write_message(&call).unwrap();
    assert_eq!(server.read_message::<Call>(MESSAGE_MAX).unwrap(), call);
}

#[test]
fn messages_that_arrive_together_are_read_one_by_one() {
    let (mut raw, mut connection) = pair();
    raw.write_all(b"{\"n\":1}\0{\"n\":2}\0{\"n\":3}\0").unwrap();
    for n in 1..=3 {
        assert_eq!(read(&mut connection).unwrap(), json!({ "n": n }));
    }
}

#[test]
fn a_message_that_arrives_byte_by_byte_is_read_whole() {
    let (mut raw, mut connection) = pair();
    let sender = thread::spawn(move || {
        for byte in b"{\"n\":1}\0" {
            raw.write_all(&[*byte]).unwrap();
            thread::yield_now();
        }
    });
    assert_eq!(read(&mut connection).unwrap(), json!({ "n": 1 }));
    sender.join().unwrap();
}

#[test]
fn a_message_without_end_is_refused_at_the_limit() {
    let (mut raw, mut connection) = pair();
    let sender = thread::spawn(move || {
        // The reader hangs up before it has read all of this.
        let _ = raw.write_all(&vec![b' '; 10 * MESSAGE_MAX]);
    });
    let error = read(&mut connection).unwrap_err();
    assert!(matches!(error, ConnectionError::TooLarge { limit: MESSAGE_MAX }), "{error}");
    drop(connection);
    sender.join().unwrap();
}

#[test]
fn what_is_no_json_is_refused_and_the_next_message_is_still_read() {
    for bad in ["", "{", "nonsense", "{\"a\":}", "\u{1}"] {
        let (mut raw, mut connection) = pair();
        raw.write_all(bad.as_bytes()).unwrap();
        raw.write_all(b"\0{}\0").unwrap();
        let error = read(&mut connection).unwrap_err();
        assert!(matches!(error, ConnectionError::NotJson { .. }), "{bad:?}: {error}");
        assert_eq!(read(&mut connection).unwrap(), json!({}));
    }
}

#[test]
fn json_of_another_shape_is_refused() {
    let (mut raw, mut connection) = pair();
    raw.write_all(b"{\"no\":\"method\"}\0[1,2]\0").unwrap();
    for _ in 0..2 {
        let error = connection.read_message::<Call>(MESSAGE_MAX).unwrap_err();
        assert!(matches!(error, ConnectionError::NotJson { .. }), "{error}");
    }
}

#[test]
fn closing_between_messages_is_told_from_closing_amid_one() {
    let (mut raw, mut connection) = pair();
    raw.write_all(b"{}\0").unwrap();
    drop(raw);
    read(&mut connection).unwrap();
    assert!(matches!(read(&mut connection), Err(ConnectionError::Closed)));

    let (mut raw, mut connection) = pair();
    raw.write_all(b"{\"half\":").unwrap();
    drop(raw);
    assert!(matches!(read(&mut connection), Err(ConnectionError::ClosedAmidMessage)));
}

#[test]
fn a_silent_peer_and_a_dawdling_peer_both_time_out() {
    let (raw, mut connection) = pair();
    connection.set_read_waits(Some(Duration::from_millis(20)), None);
    assert!(matches!(read(&mut connection), Err(ConnectionError::TimedOut)));
    drop(raw);

    let (mut raw, mut connection) = pair();
    connection.set_read_waits(None, Some(Duration::from_millis(50)));
    // A byte every few milliseconds would outlive a limit that starts again at each byte.
    let sender = thread::spawn(move || {
        while raw.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    assert!(matches!(read(&mut connection), Err(ConnectionError::TimedOut)));
    drop(connection);
    sender.join().unwrap();
}

#[test]
fn a_peer_that_reads_nothing_does_not_hold_the_sender() {
    let (_raw, mut connection) = pair();
    connection.set_write_wait(Some(Duration::from_millis(20)));
    let long = json!({ "text": "x".repeat(8 * 1024 * 1024) });
    assert!(matches!(connection.write_message(&long), Err(ConnectionError::TimedOut)));
}

#[test]
fn sending_to_a_peer_that_left_says_closed() {
    let (raw, mut connection) = pair();
    drop(raw);
    assert!(matches!(connection.write_message(&json!({})), Err(ConnectionError::Closed)));
}

#[test]
fn a_descriptor_arrives_with_its_message_and_carries_a_pin() {
    let (raw, mut client) = pair();
    let mut server = Connection::new(raw, Descriptors::Refused).unwrap();
    let (worker, prompt) = UnixStream::pair().unwrap();
    server.write_message(&json!({ "before": true })).unwrap();
    server.write_message_with_fd(&json!({ "prompt": "1" }), prompt.as_fd()).unwrap();
    drop(prompt);

    assert_eq!(read(&mut client).unwrap(), json!({ "before": true }));
    let (message, descriptor) = client.read_message_with_fd::<Value>(MESSAGE_MAX).unwrap();
    assert_eq!(message, json!({ "prompt": "1" }));
    let descriptor = descriptor.unwrap();
    PinFrame::new(b"246813").unwrap().send(&descriptor).unwrap();
    assert_eq!(PinReader::default().read(&worker).unwrap().unwrap().expose(), b"246813");

    drop(descriptor);
    let mut rest = [0; PIN_FRAME_LEN];
    assert_eq!((&worker).read(&mut rest).unwrap(), 0, "ours was the last copy");
    assert!(PinReader::default().read(&worker).is_err());
}

#[test]
fn descriptors_nobody_asked_for_do_not_arrive() {
    let (client, server) = UnixStream::pair().unwrap();
    let mut client = Connection::new(client, Descriptors::Accepted).unwrap();
    let mut server = Connection::new(server, Descriptors::Refused).unwrap();
    let (kept, passed) = UnixStream::pair().unwrap();
    client.write_message_with_fd(&json!({}), passed.as_fd()).unwrap();
    drop(passed);
    let (_, descriptor) = server.read_message_with_fd::<Value>(MESSAGE_MAX).unwrap();
    assert!(descriptor.is_none());
    assert_eq!((&kept).read(&mut [0]).unwrap(), 0, "the kernel closed the copy in flight");
}

#[test]
fn a_half_frame_is_not_a_pin() {
    let (worker, mut prompt) = UnixStream::pair().unwrap();
    prompt.write_all(b"PIN1\x06246").unwrap();
    drop(prompt);
    assert!(PinReader::default().read(&worker).is_err());
}

#[test]
fn the_peer_of_a_pair_is_this_user() {
    let (one, _two) = UnixStream::pair().unwrap();
    assert_eq!(peer_uid(&one).unwrap(), rustix::process::getuid().as_raw());
}

#[test]
fn nobody_stands_for_ever_before_a_server_that_takes_nobody_in() {
    let path = std::env::temp_dir().join(format!("sekisho-queue-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    // The queue that was asked for is long; one as short as this is full with its second connection.
    rustix::net::listen(&listener, 0).unwrap();
    let wait = Some(Duration::from_millis(50));
    let mut inside = Vec::new();
    let refused = loop {
        match Connection::connect(&path, wait) {
            Ok(connection) => inside.push(connection),
            Err(error) => break error,
        }
        assert!(inside.len() < 100, "it takes everybody");
    };
    assert!(matches!(refused, ConnectionError::TimedOut), "{refused}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_pin_goes_into_a_socket_alone_where_it_raises_no_signal() {
    let (worker, client) = UnixStream::pair().unwrap();
    drop(worker);
    // A write into a pipe cannot be told to raise none.
    let (_read, write) = std::io::pipe().unwrap();
    let pin = PinFrame::new(b"246813").unwrap();
    assert_eq!(pin.send(&client).unwrap_err(), PinFrameError::Closed);
    assert_eq!(pin.send(&write).unwrap_err(), PinFrameError::Io(rustix::io::Errno::NOTSOCK));
}
