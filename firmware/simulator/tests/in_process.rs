//! The card as `sekisho_card` sees it, without pcscd.

use sekisho_card::{Cause, Disposition, Transaction, Transport};
use sekisho_simulator::{InProcess, Memory, SharedCard, SimulatedCard};
use sekisho_wire::apdu::Answer;
use sekisho_wire::status::Status;

const VERIFY: [u8; 13] = [0x00, 0x20, 0x00, 0x80, 0x08, b'1', b'2', b'3', b'4', b'5', b'6', 0xFF, 0xFF];
const ASK: [u8; 4] = [0x00, 0x20, 0x00, 0x80];

fn blank() -> SharedCard<Memory> {
    SharedCard::inserted(SimulatedCard::blank(Memory::default(), [0, 0, 0, 1]).expect("memory does not fail"))
}

fn ask(connection: &mut InProcess<Memory>, command: &[u8]) -> Result<Status, Cause> {
    let mut reply = Vec::new();
    let mut transaction = connection.begin().map_err(|error| error.cause)?;
    transaction.transmit(command, &mut reply).map_err(|error| error.cause)?;
    Ok(Answer::parse(&reply).expect("every answer ends in a status").status)
}

#[test]
fn the_pin_lasts_until_the_connection_resets_the_card() {
    let card = blank();
    let mut connection = card.connect("test").unwrap();
    assert_eq!(ask(&mut connection, &VERIFY), Ok(Status::OK));
    assert_eq!(ask(&mut connection, &ASK), Ok(Status::OK));
    connection.close(Disposition::Leave).unwrap();
    let mut connection = card.connect("test").unwrap();
    assert_eq!(ask(&mut connection, &ASK), Ok(Status::OK));
    connection.begin().unwrap().end(Disposition::Reset).unwrap();
    assert_eq!(ask(&mut connection, &ASK), Ok(Status::wrong_tries_left(5)));
}

#[test]
fn a_pulled_card_is_gone_for_every_connection_and_forgets_its_pin() {
    let card = blank();
    let mut connection = card.connect("test").unwrap();
    assert_eq!(ask(&mut connection, &VERIFY), Ok(Status::OK));
    card.pull();
    assert_eq!(ask(&mut connection, &ASK), Err(Cause::CardRemoved));
    assert_eq!(card.connect("test").unwrap_err().cause, Cause::NoCard);
    card.insert();
    assert_eq!(ask(&mut connection, &ASK), Err(Cause::CardRemoved), "that insertion is over");
    let mut connection = card.connect("test").unwrap();
    assert_eq!(ask(&mut connection, &ASK), Ok(Status::wrong_tries_left(5)));
}

#[test]
fn pulling_in_the_middle_of_a_transaction_ends_it() {
    let card = blank();
    let mut connection = card.connect("test").unwrap();
    let mut transaction = connection.begin().unwrap();
    card.pull();
    let mut reply = Vec::new();
    assert_eq!(transaction.transmit(&ASK, &mut reply).unwrap_err().cause, Cause::CardRemoved);
}
