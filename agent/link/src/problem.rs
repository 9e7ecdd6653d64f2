//! The ledger's refusals: `application/problem+json` with a stable code.

use serde_json::{Map, Value};

use crate::language::Language;

/// A refusal in the ledger's own words.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code, such as `gap`; `http_<status>` when the answer was no problem document (a proxy answered, not the ledger).
    pub code: String,
    /// What happened, in English.
    pub detail: String,
    /// What happened, in Japanese; empty when the answer does not say.
    pub detail_ja: String,
    /// What to do, in English; may be empty.
    pub next_step: String,
    /// What to do, in Japanese; may be empty.
    pub next_step_ja: String,
    /// Seconds after which to ask again, from `Retry-After`.
    pub retry_after: Option<u64>,
    /// Every other member, such as `expected` and `chain` of a gap.
    pub facts: Map<String, Value>,
}

impl Problem {
    /// Reads the body of an answer with status 400 and above. Never fails: a body that is no problem document is one itself.
    #[must_use]
    pub fn parse(status: u16, retry_after: Option<u64>, body: &[u8]) -> Self {
        let mut facts = match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members,
            Ok(_) | Err(_) => Map::new(),
        };
        let mut take = |name: &str| match facts.remove(name) {
            Some(Value::String(text)) => text,
            Some(_) | None => String::new(),
        };
        let mut problem = Self {
            status,
            code: take("code"),
            detail: take("detail"),
            detail_ja: take("detail_ja"),
            next_step: take("next_step"),
            next_step_ja: take("next_step_ja"),
            retry_after,
            facts: Map::new(),
        };
        if problem.code.is_empty() {
            problem.code = format!("http_{status}");
        }
        problem.facts = facts;
        problem
    }

    /// What happened.
    #[must_use]
    pub fn in_words(&self, language: Language) -> &str {
        first_not_empty(language.choose([&self.detail, &self.code], [&self.detail_ja, &self.detail]), &self.code)
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self, language: Language) -> &str {
        let fallback = language.choose(
            "read the ledger's log at this time; the code above is also there",
            "同じ時刻の台帳のログを見てください。上のコードがそこにもあります",
        );
        first_not_empty(language.choose([&self.next_step, ""], [&self.next_step_ja, &self.next_step]), fallback)
    }

    /// A number among the facts.
    #[must_use]
    pub fn number(&self, fact: &str) -> Option<u64> {
        self.facts.get(fact)?.as_u64()
    }

    /// A text among the facts.
    #[must_use]
    pub fn text(&self, fact: &str) -> Option<&str> {
        self.facts.get(fact)?.as_str()
    }
}

fn first_not_empty<'a>(texts: [&'a str; 2], fallback: &'a str) -> &'a str {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or(fallback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_keeps_its_facts() {
        let body = br#"{"type":"about:blank","code":"gap","detail":"records are missing","detail_ja":"\u6b20\u756a",
            "next_step":"send from 7","expected":7,"chain":"AAA="}"#;
        let problem = Problem::parse(409, None, body);
        assert_eq!(problem.code, "gap");
        assert_eq!(problem.number("expected"), Some(7));
        assert_eq!(problem.text("chain"), Some("AAA="));
        assert_eq!(problem.in_words(Language::Japanese), "欠番");
        assert_eq!(problem.next_step(Language::Japanese), "send from 7");
    }

    #[test]
    fn a_page_from_a_proxy_is_a_problem_too() {
        let problem = Problem::parse(502, Some(5), b"<html>Bad Gateway</html>");
        assert_eq!((problem.code.as_str(), problem.retry_after), ("http_502", Some(5)));
        assert!(!problem.in_words(Language::Japanese).is_empty() && !problem.next_step(Language::English).is_empty());
    }
}
