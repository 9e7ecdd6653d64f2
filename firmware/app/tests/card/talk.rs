//! A conversation with a card in a text file: `> hex` is said, `< hex` must come back, `#` begins a remark.
//!
//! In an answer `..` is any byte, `*` any number of them, `[name:16]` sixteen bytes to be remembered. In both `[name]` is what was remembered,
//! `[E name]` and `[D name]` that, encrypted and decrypted with the factory's management key; `[peer]` the public key of somebody, and `[shared name]`
//! what he and the holder of that public key agree on. `! reset`, `! manage` (with the factory's key) and `! signed name digest` (the last answer is a
//! signature of that digest under that public key) do what they say.

use std::collections::HashMap;

use aes::Aes256;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{PublicKey, SecretKey, ecdh};

/// Whoever a conversation is held with.
pub(crate) trait Listener {
    /// One command APDU; the answer ends in its status word.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;

    /// Warm reset.
    fn reset(&mut self);
}

/// The factory's management key (CARD.md §C21).
const MANAGEMENT_KEY: [u8; 32] = {
    let mut key = [0; 32];
    let mut at = 0;
    while at < 32 {
        key[at] = at as u8 % 8 + 1;
        at += 1;
    }
    key
};
/// The private key of `[peer]`.
const PEER: [u8; 32] = [0x51; 32];

/// Holds a whole conversation; returns how many answers were compared.
pub(crate) fn replay(card: &mut impl Listener, text: &str, name: &str) -> usize {
    let mut talk = Talk::default();
    let mut compared = 0;
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let place = format!("{name}:{}", number + 1);
        match line.split_once(' ') {
            None => assert_eq!(line, "", "{place}"),
            Some((">", spelled)) => talk.answer = card.transmit(&talk.bytes(spelled)),
            Some(("<", pattern)) => {
                compared += 1;
                let known = talk.heard(pattern);
                assert!(known, "{place}: expected {pattern}, got {:02X?}", talk.answer);
            }
            Some(("!", "reset")) => card.reset(),
            Some(("!", "manage")) => manage(card),
            Some(("!", order)) => talk.check_signature(order, &place),
            Some(_) => panic!("{place}: cannot read '{line}'"),
        }
    }
    compared
}

fn manage(card: &mut impl Listener) {
    let asked = card.transmit(&hex("00 87 0C 9B 04 7C028000 00"));
    let witness = block(&asked[4..20], |cipher, block| cipher.decrypt_block(block));
    let answer = [hex("00 87 0C 9B 26 7C24 8010"), witness, hex("8110"), vec![7; 16], vec![0]].concat();
    assert_eq!(card.transmit(&answer)[20..], [0x90, 0x00], "the factory's key opens a blank card");
}

#[derive(Default)]
struct Talk {
    answer: Vec<u8>,
    remembered: HashMap<String, Vec<u8>>,
}

/// A part of a pattern.
enum Part {
    Byte(u8),
    AnyByte,
    AnyNumber,
    Remember(String, usize),
}

impl Talk {
    fn bytes(&self, spelled: &str) -> Vec<u8> {
        let byte = |part| if let Part::Byte(byte) = part { byte } else { panic!("'{spelled}' is no command") };
        self.parts(spelled).into_iter().map(byte).collect()
    }

    /// Whether the last answer is such; remembers what the pattern wants remembered.
    fn heard(&mut self, pattern: &str) -> bool {
        let mut parts = self.parts(pattern);
        let answer = self.answer.clone();
        match parts.iter().position(|part| matches!(part, Part::AnyNumber)) {
            None => self.same(&parts, &answer),
            Some(gap) => {
                let tail = parts.split_off(gap + 1);
                parts.truncate(gap);
                let (before, behind) = (width(&parts), width(&tail));
                answer.len() >= before + behind
                    && self.same(&parts, &answer[..before])
                    && self.same(&tail, &answer[answer.len() - behind..])
            }
        }
    }

    fn same(&mut self, parts: &[Part], mut bytes: &[u8]) -> bool {
        if width(parts) != bytes.len() {
            return false;
        }
        for part in parts {
            let (these, rest) = bytes.split_at(width(std::slice::from_ref(part)));
            bytes = rest;
            match part {
                Part::Byte(byte) if these != [*byte] => return false,
                Part::Byte(_) | Part::AnyByte | Part::AnyNumber => {}
                Part::Remember(name, _) => drop(self.remembered.insert(name.clone(), these.to_vec())),
            }
        }
        true
    }

    fn parts(&self, text: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            if first == '[' {
                let (inside, after) = rest[1..].split_once(']').expect("a bracket is closed");
                rest = after;
                match inside.split_once(':') {
                    Some((name, length)) => parts.push(Part::Remember(name.to_owned(), length.parse().unwrap())),
                    None => parts.extend(self.meant(inside).into_iter().map(Part::Byte)),
                }
            } else if first == '*' {
                rest = &rest[1..];
                parts.push(Part::AnyNumber);
            } else {
                let (pair, after) = rest.split_at(2);
                rest = after;
                parts.push(if pair == ".." { Part::AnyByte } else { Part::Byte(hex(pair)[0]) });
            }
            rest = rest.trim_start();
        }
        parts
    }

    /// What stands for a word in brackets.
    fn meant(&self, word: &str) -> Vec<u8> {
        let remembered = |name: &str| self.remembered.get(name).unwrap_or_else(|| panic!("nothing is called {name}"));
        let peer = SecretKey::from_slice(&PEER).unwrap();
        match word.split_once(' ') {
            Some(("E", name)) => block(remembered(name), |cipher, block| cipher.encrypt_block(block)),
            Some(("D", name)) => block(remembered(name), |cipher, block| cipher.decrypt_block(block)),
            Some(("shared", name)) => {
                let other = PublicKey::from_sec1_bytes(remembered(name)).unwrap();
                ecdh::diffie_hellman(peer.to_nonzero_scalar(), other.as_affine()).raw_secret_bytes().to_vec()
            }
            None if word == "peer" => peer.public_key().to_encoded_point(false).as_bytes().to_vec(),
            None => remembered(word).clone(),
            Some(_) => panic!("nobody knows what '{word}' is"),
        }
    }

    fn check_signature(&self, order: &str, place: &str) {
        let Some(("signed", (name, digest))) =
            order.split_once(' ').map(|(act, on)| (act, on.split_once(' ').unwrap()))
        else {
            panic!("{place}: cannot do '{order}'")
        };
        let key = VerifyingKey::from_sec1_bytes(&self.remembered[name]).unwrap();
        let signature = DerSignature::from_bytes(&self.answer[4..self.answer.len() - 2]).unwrap();
        assert!(key.verify_prehash(&self.bytes(digest), &signature).is_ok(), "{place}: no signature of this by {name}");
    }
}

/// How many bytes these stand for, `*` aside.
fn width(parts: &[Part]) -> usize {
    let one = |part: &Part| match part {
        Part::Byte(_) | Part::AnyByte => 1,
        Part::AnyNumber => 0,
        Part::Remember(_, length) => *length,
    };
    parts.iter().map(one).sum()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let text = |pair: &[char]| pair.iter().collect::<String>();
    digits.chunks(2).map(|pair| u8::from_str_radix(&text(pair), 16).unwrap()).collect()
}

fn block(bytes: &[u8], with: impl FnOnce(&Aes256, &mut aes::Block)) -> Vec<u8> {
    let mut block = aes::Block::clone_from_slice(bytes);
    with(&Aes256::new(&MANAGEMENT_KEY.into()), &mut block);
    block.to_vec()
}
