//! Conversations in text files: `> hex` is said, `< hex` must come back. `..` is any byte, `*` at the end of data any
//! number of them. `! reset` and `! manage` (with the factory key) do what they say; `#` begins a remark.

use std::fs;
use std::path::Path;

use crate::session::Session;

#[test]
fn every_conversation_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations");
    let mut lines = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        lines += replay(&fs::read_to_string(&path).unwrap(), &path.display().to_string());
    }
    assert!(lines > 40, "only {lines} answers were compared");
}

fn replay(text: &str, name: &str) -> usize {
    let mut card = Session::blank();
    let mut answer = Vec::new();
    let mut compared = 0;
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let place = format!("{name}:{}", number + 1);
        match line.split_once(' ') {
            None => assert_eq!(line, "", "{place}"),
            Some((">", hex)) => answer = say(&mut card, &bytes(hex)),
            Some(("<", pattern)) => {
                compared += 1;
                assert!(matches(pattern, &answer), "{place}: expected {pattern}, got {answer:02X?}");
            }
            Some(("!", "reset")) => card.0.reset(),
            Some(("!", "manage")) => card.manage_factory(),
            Some(_) => panic!("{place}: cannot read '{line}'"),
        }
    }
    compared
}

fn say(card: &mut Session, command: &[u8]) -> Vec<u8> {
    let (mut answer, status) = card.raw(command);
    answer.extend(status.to_bytes());
    answer
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let text = |pair: &[char]| pair.iter().collect::<String>();
    digits.chunks(2).map(|pair| u8::from_str_radix(&text(pair), 16).unwrap()).collect()
}

/// `<head>*<tail>`, or one pattern for all bytes.
fn matches(pattern: &str, answer: &[u8]) -> bool {
    match pattern.split_once('*') {
        None => same(pattern, answer),
        Some((head, tail)) => {
            let (head_length, tail_length) = (width(head), width(tail));
            answer.len() >= head_length + tail_length
                && same(head, &answer[..head_length])
                && same(tail, &answer[answer.len() - tail_length..])
        }
    }
}

fn width(pattern: &str) -> usize {
    pattern.chars().filter(|c| !c.is_whitespace()).count() / 2
}

fn same(pattern: &str, answer: &[u8]) -> bool {
    let digits: Vec<char> = pattern.chars().filter(|c| !c.is_whitespace()).collect();
    digits.len() == answer.len() * 2
        && digits.chunks(2).zip(answer).all(|(pair, byte)| {
            let pair = pair.iter().collect::<String>();
            pair == ".." || pair.eq_ignore_ascii_case(&format!("{byte:02x}"))
        })
}
