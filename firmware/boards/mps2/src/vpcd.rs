//! The card in a vpcd reader: frames of two bytes of length (big-endian) and content. One byte is a control code, more an APDU.

use heapless::Vec;
use sekisho_card_app::{ANSWER_MAX, ATR, COMMAND_MAX, Card, Platform};

use crate::uart::Uart;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// An extended command of the longest data, with its header.
const FRAME_MAX: usize = COMMAND_MAX + 16;

/// Answers the reader until the power goes.
pub fn serve<P: Platform>(uart: &mut Uart, card: &mut Card<P>) -> ! {
    let mut frame = Vec::<u8, FRAME_MAX>::new();
    let mut reply = Vec::<u8, ANSWER_MAX>::new();
    loop {
        match receive(uart, &mut frame) {
            Received::Frame => {}
            Received::TooLong => frame.clear(),
        }
        match frame.as_slice() {
            [POWER_OFF | POWER_ON | RESET] => card.reset(),
            [GET_ATR] => send(uart, &ATR),
            [_] => {}
            command => {
                card.handle(command, &mut reply);
                send(uart, &reply);
            }
        }
    }
}

/// What became of a frame.
enum Received {
    Frame,
    /// More than the card takes: it was read to its end, and its beginning means nothing.
    TooLong,
}

fn receive(uart: &mut Uart, frame: &mut Vec<u8, FRAME_MAX>) -> Received {
    frame.clear();
    let length = u16::from_be_bytes([uart.read(), uart.read()]);
    let mut received = Received::Frame;
    for _ in 0..length {
        if frame.push(uart.read()).is_err() {
            received = Received::TooLong;
        }
    }
    received
}

fn send(uart: &mut Uart, content: &[u8]) {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    length.to_be_bytes().iter().chain(content).for_each(|byte| uart.write(*byte));
}
