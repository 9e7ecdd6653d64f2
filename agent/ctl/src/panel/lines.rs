//! Text in columns: cut, filled up, broken into lines. A Japanese character takes two columns and is never cut in half.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::status::padded;

/// Stands where the rest did not fit.
const CUT: &str = "..";

/// Exactly this many columns: filled up, or cut, and then that is to be seen.
pub(super) fn fitted(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return padded(text, columns);
    }
    let (beginning, _) = split(text, columns.saturating_sub(CUT.len()));
    let (cut, _) = split(CUT, columns.saturating_sub(beginning.width()));
    padded(&format!("{beginning}{cut}"), columns)
}

/// As much as fits, and the rest.
fn split(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > columns
    });
    text.split_at(end.map_or(text.len(), |(at, _)| at))
}

/// In lines of at most so many columns, broken between phrases; inside one only where it fits into no line.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut phrase in phrases(text) {
        if line.width() + phrase.trim_end().width() > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        while phrase.trim_end().width() > columns {
            let (beginning, rest) = split(phrase, columns.max(1));
            if beginning.is_empty() {
                break;
            }
            lines.push(beginning.to_owned());
            phrase = rest;
        }
        line.push_str(phrase);
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// What a reader takes in at one glance. Put together they are the text.
fn phrases(text: &str) -> Vec<&str> {
    let mut phrases = Vec::new();
    let mut start = 0;
    for ((_, before), (at, after)) in text.char_indices().zip(text.char_indices().skip(1)) {
        if breaks(before, after) {
            phrases.push(&text[start..at]);
            start = at;
        }
    }
    phrases.push(&text[start..]);
    phrases
}

/// Whether a line may end between the two: no line begins with a particle or a closing mark.
fn breaks(before: char, after: char) -> bool {
    const PARTICLES: &str = "はがをにでともへのやかてば";
    const CLOSING: &str = "、。」』)）ー";
    let hiragana = |character: char| ('ぁ'..='ゖ').contains(&character);
    if CLOSING.contains(after) || after == ' ' {
        return false;
    }
    if "、。".contains(before) {
        return true;
    }
    let opens = after == '「' || (after == '(' && !before.is_ascii());
    !hiragana(after) && (opens || " 」)".contains(before) || PARTICLES.contains(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_shows_it() {
        for (text, columns, cut) in [
            ("取扱範囲外です", 14, "取扱範囲外です"),
            ("取扱範囲外です", 13, "取扱範囲外.. "[..].trim_end()),
            ("outside", 5, "out.."),
            ("outside", 2, ".."),
            ("outside", 1, "."),
            ("outside", 0, ""),
        ] {
            assert_eq!(fitted(text, columns).trim_end(), cut, "{text} {columns}");
            assert_eq!(fitted(text, columns).width(), columns);
        }
    }

    #[test]
    fn lines_begin_with_words() {
        for (text, columns, lines) in [
            (
                "このカードリーダーにはキーパッドがありません",
                30,
                &["このカードリーダーには", "キーパッドがありません"][..],
            ),
            ("ほかの利用者 guest が暗証番号を", 20, &["ほかの利用者", "guest が暗証番号を"]),
            ("心当たりがなければ入力せず、取消キーを", 24, &["心当たりがなければ", "入力せず、取消キーを"]),
            ("終わるまでお待ちください。", 16, &["終わるまでお待ち", "ください。"]),
            ("the reader's keypad", 12, &["the reader's", "keypad"]),
            ("", 10, &[]),
        ] {
            assert_eq!(wrapped(text, columns), lines, "{text}");
        }
    }

    #[test]
    fn nothing_is_lost_in_any_width() {
        let text = "端末では暗証番号を sekisho-agent enrol CODEFILE で(R8-0415)「削除」します。";
        for columns in 2..60 {
            let lines = wrapped(text, columns);
            assert!(lines.iter().all(|line| line.width() <= columns), "{columns}: {lines:?}");
            let whole = |text: &str| text.replace(' ', "");
            assert_eq!(whole(&lines.concat()), whole(text));
        }
    }
}
