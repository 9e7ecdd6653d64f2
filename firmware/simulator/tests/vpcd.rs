//! What the card says to a vpcd reader, here played by the test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use sekisho_simulator::{ATR, Memory, Presence, SimulatedCard, Vpcd};

/// A reader and a card that wants to be in it. The thread of the card ends with the test.
fn reader() -> (TcpListener, Presence) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let vpcd = Vpcd::at(&listener.local_addr().expect("a bound socket has an address").to_string());
    let presence = Presence::inserted();
    let of_card = presence.clone();
    thread::spawn(move || {
        let mut card = SimulatedCard::blank(Memory::default(), [0; 4]).expect("memory does not fail");
        vpcd.serve(&mut card, &of_card)
    });
    (listener, presence)
}

fn send(stream: &mut TcpStream, content: &[u8]) {
    let length = u16::try_from(content.len()).expect("a short frame");
    // In two writes, as vpcd does.
    stream.write_all(&length.to_be_bytes()).expect("the card listens");
    stream.write_all(content).expect("the card listens");
}

fn receive(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).expect("the card answers");
    let mut content = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut content).expect("the card answers");
    content
}

fn ask(stream: &mut TcpStream, content: &[u8]) -> Vec<u8> {
    send(stream, content);
    receive(stream)
}

const VERIFY: [u8; 13] = [0x00, 0x20, 0x00, 0x80, 0x08, b'1', b'2', b'3', b'4', b'5', b'6', 0xFF, 0xFF];
const ASK: [u8; 4] = [0x00, 0x20, 0x00, 0x80];

#[test]
fn the_card_answers_its_atr_and_commands_and_forgets_at_reset() {
    let (listener, _presence) = reader();
    let (mut stream, _) = listener.accept().unwrap();
    send(&mut stream, &[1]);
    assert_eq!(ask(&mut stream, &[4]), ATR);
    assert_eq!(ask(&mut stream, &VERIFY), [0x90, 0x00]);
    assert_eq!(ask(&mut stream, &ASK), [0x90, 0x00]);
    for control in [2, 0] {
        assert_eq!(ask(&mut stream, &VERIFY), [0x90, 0x00]);
        send(&mut stream, &[control]);
        assert_eq!(ask(&mut stream, &ASK), [0x63, 0xC5]);
    }
}

#[test]
fn pulling_hangs_up_and_inserting_joins_again() {
    let (listener, presence) = reader();
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(ask(&mut stream, &VERIFY), [0x90, 0x00]);
    presence.pull();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    presence.insert();
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(ask(&mut stream, &ASK), [0x63, 0xC5]);
}

#[test]
fn a_reader_that_restarts_finds_the_card_again() {
    let (listener, _presence) = reader();
    drop(listener.accept().unwrap());
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(ask(&mut stream, &ASK), [0x63, 0xC5]);
}
