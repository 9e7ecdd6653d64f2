//! What the card costs on a chip: instructions of a command and the deepest stack, one line each on the host's console.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use heapless::Vec;
use sekisho_card_app::{ANSWER_MAX, Card};
use sekisho_mps2::{Board, Meter, finish, stop};

const VERIFY: &[u8] = &[0x00, 0x20, 0x00, 0x80, 0x08, b'1', b'2', b'3', b'4', b'5', b'6', 0xFF, 0xFF];
const LOGOUT: &[u8] = &[0x00, 0x20, 0xFF, 0x80];
const SELECT: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00];
const GENERATE: &[u8] = &[0x00, 0x47, 0x00, 0x9A, 0x05, 0xAC, 0x03, 0x80, 0x01, 0x11, 0x00];
const CHALLENGE: &[u8] = &[0x00, 0x87, 0x0C, 0x9B, 0x04, 0x7C, 0x02, 0x81, 0x00, 0x00];

#[entry]
fn main() -> ! {
    let mut meter = Meter::start();
    let Ok(mut card) = Card::manufacture(Board::take(), [0, 0, 0, 1]) else { stop("the card cannot be made") };
    let mut reply = Vec::<u8, ANSWER_MAX>::new();
    authenticate(&mut card, &mut reply);
    let mut measure = |name: &str, command: &[u8]| {
        meter.measure(name, || card.handle(command, &mut reply));
        if !reply.ends_with(&[0x90, 0x00]) {
            stop(name);
        }
    };
    measure("select", SELECT);
    measure("generate", GENERATE);
    measure("verify", VERIFY);
    measure("sign", &sign());
    measure("logout", LOGOUT);
    finish()
}

/// A signature of 9A over a digest.
fn sign() -> [u8; 44] {
    let mut command = [0x11; 44];
    command[..11].copy_from_slice(&[0x00, 0x87, 0x11, 0x9A, 38, 0x7C, 36, 0x82, 0x00, 0x81, 32]);
    command[43] = 0x00;
    command
}

/// Shows the factory's management key, so that a key can be made.
fn authenticate(card: &mut Card<Board>, reply: &mut Vec<u8, ANSWER_MAX>) {
    use aes::cipher::{BlockEncrypt, KeyInit};
    card.handle(CHALLENGE, reply);
    let challenge = reply.get(4..20).and_then(|challenge| <[u8; 16]>::try_from(challenge).ok());
    let Some(challenge) = challenge else { stop("no challenge") };
    let mut block = challenge.into();
    aes::Aes256::new(&sekisho_card_app::FACTORY_MANAGEMENT_KEY.into()).encrypt_block(&mut block);
    let mut command = [0; 25];
    command[..9].copy_from_slice(&[0x00, 0x87, 0x0C, 0x9B, 20, 0x7C, 18, 0x82, 16]);
    command[9..].copy_from_slice(&block);
    card.handle(&command, reply);
    if !reply.ends_with(&[0x90, 0x00]) {
        stop("the factory's key is refused");
    }
}
