//! Chaining, GET RESPONSE, corrected Le, and where they end.

use sekisho_card::{ANSWER_MAX, ExchangeError, Lengths, Reply, Transport, exchange};
use sekisho_wire::apdu::Command;
use sekisho_wire::status::Status;

use crate::script::{Script, hex};

fn play(script: &str, command: Command<'_>, lengths: Lengths) -> Result<Reply, ExchangeError> {
    let mut script = Script::new(&[script]);
    let mut transaction = script.begin().unwrap();
    exchange(&mut transaction, command, lengths)
}

#[test]
fn an_answer_is_gathered_however_the_card_serves_it() {
    let read = Command::new(0x00, 0xCB, 0x3F, 0xFF).with_data(&[0x5C, 0x01, 0x7E]).with_le(256);
    let table = [
        ("in one piece", "00CB3FFF035C017E00 -> AABB9000"),
        ("all of it by GET RESPONSE", "00CB3FFF035C017E00 -> 6102\n00C0000002 -> AABB9000"),
        ("part of it by GET RESPONSE", "00CB3FFF035C017E00 -> AA6101\n00C0000001 -> BB9000"),
        ("with another Le", "00CB3FFF035C017E00 -> 6C02\n00CB3FFF035C017E02 -> AABB9000"),
        (
            "with another Le, then more",
            "00CB3FFF035C017E00 -> 6C01\n00CB3FFF035C017E01 -> AA6101\n00C0000001 -> BB9000",
        ),
        ("61 of unknown length", "00CB3FFF035C017E00 -> AA6100\n00C0000000 -> 6C01\n00C0000001 -> BB9000"),
    ];
    for (name, script) in table {
        let reply = play(script, read, Lengths::Short).unwrap();
        assert_eq!((hex(&reply.data).as_str(), reply.status), ("AABB", Status::OK), "{name}");
    }
}

#[test]
fn long_data_is_chained_and_the_answer_counts() {
    let data = [0x77; 300];
    let command = Command::new(0x00, 0xDB, 0x3F, 0xFF).with_data(&data);
    let first = format!("10DB3FFFFF{} -> ", hex(&data[..255]));
    let second = format!("00DB3FFF2D{} -> ", hex(&data[..45]));
    let reply = play(&format!("{first}9000\n{second}9000"), command, Lengths::Short).unwrap();
    assert_eq!(reply.status, Status::OK);
    let reply = play(&format!("{first}9000\n{second}6A84"), command, Lengths::Short).unwrap();
    assert_eq!(reply.status, Status::NOT_ENOUGH_MEMORY);
    // A block that is refused ends the chain: the rest is not sent into the void.
    let reply = play(&format!("{first}6883"), command, Lengths::Short).unwrap();
    assert_eq!(reply.status, Status::LAST_COMMAND_EXPECTED);
}

#[test]
fn extended_commands_are_used_only_where_short_ones_do_not_do() {
    let data = [0x77; 300];
    let long = Command::new(0x00, 0xDB, 0x3F, 0xFF).with_data(&data);
    let reply = play(&format!("00DB3FFF00012C{} -> 9000", hex(&data)), long, Lengths::Extended).unwrap();
    assert_eq!(reply.status, Status::OK);
    let short = Command::new(0x00, 0x20, 0x00, 0x80);
    assert_eq!(play("00200080 -> 63C5", short, Lengths::Extended).unwrap().status, Status::wrong_tries_left(5));
    let wide = Command::new(0x00, 0xCB, 0x3F, 0xFF).with_data(&[0x5C, 0x01, 0x7E]).with_le(65536);
    play("00CB3FFF0000035C017E0000 -> 9000", wide, Lengths::Extended).unwrap();
    play("00CB3FFF035C017E00 -> 9000", wide, Lengths::Short).unwrap();
}

#[test]
fn very_long_data_is_chained_even_where_extended_commands_are_allowed() {
    let data = [0x11; 2500];
    let lines: Vec<String> = (0..10).map(|_| "* -> 9000".to_owned()).collect();
    let command = Command::new(0x00, 0xDB, 0x3F, 0xFF).with_data(&data);
    assert!(play(&lines.join("\n"), command, Lengths::Extended).unwrap().status.is_ok());
}

#[test]
fn a_command_without_le_is_never_sent_again() {
    let verify = Command::new(0x00, 0x20, 0x00, 0x80).with_data(b"493716\xFF\xFF");
    let reply = play("0020008008343933373136FFFF -> 6C08", verify, Lengths::Short).unwrap();
    assert_eq!(reply.status, Status::from_bytes(0x6C, 8));
}

#[test]
fn an_answer_without_end_is_given_up() {
    let read = Command::new(0x00, 0xCB, 0x3F, 0xFF).with_le(256);
    let full = "* -> ".to_owned() + &"AA".repeat(256) + "6100";
    let script: Vec<&str> = (0..ANSWER_MAX / 256 + 1).map(|_| full.as_str()).collect();
    let error = play(&script.join("\n"), read, Lengths::Short).unwrap_err();
    assert_eq!(error, ExchangeError::Endless { received: ANSWER_MAX + 256 });

    let empty: Vec<&str> = (0..129).map(|_| "* -> 6101").collect();
    let error = play(&empty.join("\n"), read, Lengths::Short).unwrap_err();
    assert_eq!(error, ExchangeError::Endless { received: 0 });
}

#[test]
fn an_answer_without_status_is_no_answer() {
    for (answer, length) in [("", 0), ("90", 1)] {
        let error = play(&format!("* -> {answer}"), Command::new(0, 0xA4, 4, 0), Lengths::Short).unwrap_err();
        assert_eq!(error, ExchangeError::NoStatus { length });
    }
}
