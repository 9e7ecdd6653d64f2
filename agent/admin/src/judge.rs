//! What an auditor asks of one record: is it the terminal's, is its decision the one that the rules give, was its session opened.

use std::collections::BTreeMap;

use sekisho_register::{Mismatch, Register, replay, replay_in_session};
use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::SessionId;
use sekisho_wire::record::{Body, Emitter, Record};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::record_words::Teller;
use crate::register_cache::RegisterCache;
use crate::terminal_word::TerminalWord;

/// What verification says about one record.
#[derive(Debug)]
pub(crate) enum Held {
    /// It holds; why it was permitted, where it was.
    Yes(String),
    /// It does not.
    No(String),
    /// Its bytes lie in the log and say nothing (wire §7.5): evidence all the same, of whoever wrote them.
    Unreadable(String),
    /// It grants something in a session whose opening is nowhere to be seen.
    WithoutOpening(String),
}

/// The input and the time of opening, for a record that gives something in a session: it counts only beside the record that opened the
/// session. What was refused gave nothing, and names a session also where its card was out.
pub(crate) fn needs_opening(record: &Record) -> Option<(&DecisionInput, u64)> {
    let gives = match &record.body {
        Body::SessionUnlocked(_) => true,
        Body::Decision(decision) => decision.verdict == VerdictCode::Granted,
        Body::SessionOpened(_)
        | Body::SessionClosed(_)
        | Body::Completed(_)
        | Body::Withdrawn(_)
        | Body::Locked(_)
        | Body::PinFailed(_)
        | Body::TerminalUp(_)
        | Body::TerminalDown
        | Body::ReaderUp(_)
        | Body::ReaderDown(_)
        | Body::Link(_)
        | Body::Clock(_)
        | Body::Lost(_)
        | Body::RegisterAdvanced(_)
        | Body::Worker(_)
        | Body::CardSeen(_)
        | Body::CardFalse(_)
        | Body::PinChanged(_)
        | Body::Read(_)
        | Body::Alarm(_)
        | Body::Enrolment(_) => false,
    };
    let input = record.body.input().filter(|_| gives)?;
    Some((input, input.opened.unwrap_or(input.time)))
}

/// A session of one history of one terminal.
type Session = (Emitter, u32, Option<SessionId>);

/// Judges records one after the other. Keeps the register it folded last: neighbours were mostly decided by the same one.
pub(crate) struct Judge<'a> {
    cache: &'a RegisterCache,
    language: Language,
    register: Option<Register>,
    openings: BTreeMap<Session, Record>,
}

impl<'a> Judge<'a> {
    /// By this verified register.
    #[must_use]
    pub(crate) const fn new(cache: &'a RegisterCache, language: Language) -> Self {
        Self { cache, language, register: None, openings: BTreeMap::new() }
    }

    /// Takes in a record of the log, if it opens a session. The first one counts: a session is opened once.
    pub(crate) fn remember(&mut self, record: &Record) {
        if let Body::SessionOpened(opening) = &record.body {
            let session = (record.emitter.clone(), record.epoch, opening.input.session);
            self.openings.entry(session).or_insert_with(|| record.clone());
        }
    }

    fn words(&self, english: String, japanese: String) -> String {
        match self.language {
            Language::English => english,
            Language::Japanese => japanese,
        }
    }

    /// A record with its evidence: also what its terminal signed, without which nobody but the ledger vouches for it.
    pub(crate) fn evidence(&mut self, bytes: &[u8], word: Option<&TerminalWord>, size: u64) -> Held {
        let held = self.record(bytes, size);
        let (Held::Yes(text), Ok(record)) = (&held, Record::decode(bytes)) else { return held };
        let Emitter::Terminal(_) = &record.emitter else { return held };
        let said = word.map(|word| word.verify(bytes, &record, self.cache.register()));
        let no = |(english, japanese): (&str, &str)| Held::No(self.words(english.to_owned(), japanese.to_owned()));
        match said {
            Some(Ok(())) => Held::Yes(self.words(
                format!("{text}\n   signed by its terminal in this place"),
                format!("{text}\n   端末機がこの位置で署名したことを確認"),
            )),
            Some(Err(fault)) => no(fault.words()),
            None => no(("the terminal's own signature did not come with it", "端末機の署名が添付されていない")),
        }
    }

    /// A record that lies in the log of this size: its decision again, in its session, and the card's signature.
    pub(crate) fn record(&mut self, bytes: &[u8], size: u64) -> Held {
        let record = match Record::decode(bytes) {
            Ok(record) => record,
            Err(error) => return Held::Unreadable(error.to_string()),
        };
        let teller = Teller { cache: self.cache, language: self.language };
        let line = teller.line(&record);
        let Some(input) = record.body.input() else {
            return Held::Yes(self.words(
                format!("{line}\n   lies in the records log under the checkpoint of {size}"),
                format!("{line}\n   記録簿({size}件)に含まれることを確認"),
            ));
        };
        let opening = match needs_opening(&record) {
            None => None,
            Some(_) => {
                let session = (record.emitter.clone(), record.epoch, input.session);
                let Some(opening) = self.openings.get(&session).cloned() else { return Held::WithoutOpening(line) };
                Some(opening)
            }
        };
        let Some(register) = self.register_of(input.register) else {
            let mismatch = Mismatch::RegisterSize { needed: input.register, given: self.cache.size() };
            return Held::No(format!("{line}: {mismatch}"));
        };
        let replayed = match &opening {
            Some(opening) => replay_in_session(register, opening, &record),
            None => replay(register, &record),
        };
        if let Err(mismatch) = replayed {
            // What does not stand opens nothing.
            self.openings.retain(|_, opening| *opening != record);
            return Held::No(format!("{line}: {mismatch}"));
        }
        // An opening is only ever written when it was granted.
        let refused = matches!(&record.body, Body::Decision(decision) if decision.verdict != VerdictCode::Granted);
        let why = if refused { None } else { Some(teller.why_granted(register, input)) };
        let why = why.unwrap_or_else(|| {
            self.words(
                "refused by the same rule when decided again".to_owned(),
                "再判定でも同じ規則により拒否".to_owned(),
            )
        });
        Held::Yes(self.words(
            format!(
                "{line}\n   lies in the records log under the checkpoint of {size}; decided again with the same outcome\n   {why}"
            ),
            format!("{line}\n   記録簿({size}件)に含まれ、再判定の結果も同じ\n   {why}"),
        ))
    }

    fn register_of(&mut self, size: u64) -> Option<&Register> {
        if self.register.as_ref().is_none_or(|register| register.size() != size) {
            self.register = self.cache.register_at(size, self.register.take());
        }
        self.register.as_ref().filter(|register| register.size() == size)
    }
}

#[cfg(test)]
mod tests {
    use sekisho_register::{SignedAct, office_of};
    use sekisho_wire::decision::{ClockState, Level, Request, SessionKind, TerminalState};
    use sekisho_wire::id::{Code, OfficeId, RequestId};
    use sekisho_wire::reason::EnrolmentEvent;
    use sekisho_wire::record::{Decision, Enrolment};

    use super::*;
    use crate::register_cache::tests::Story;
    use crate::terminal_word::tests::a_record;

    fn terminal() -> Code {
        Code::new("jumin-1").unwrap()
    }

    /// A decision that says it was made in session 7, opened at 3.
    fn decision(office: OfficeId, verdict: VerdictCode) -> Record {
        let input = DecisionInput {
            rules: 1,
            register: 1,
            office,
            terminal: terminal(),
            reader: None,
            state: TerminalState::Open,
            request: Request::Function,
            level: Level::Session,
            card: None,
            operator: None,
            profile: None,
            section: None,
            session: Some(SessionId([7; 16])),
            session_kind: SessionKind::Ordinary,
            opened: Some(3),
            application: None,
            function: None,
            purpose: None,
            case: None,
            permit: None,
            time: 5,
            clock: ClockState::Sound,
            note_time: None,
            note_until: None,
            worked: 0,
            worked_today: 0,
        };
        let decision = Decision { request: RequestId([1; 16]), input, verdict, signature: None };
        a_record(&terminal(), office, 9, Body::Decision(decision))
    }

    #[test]
    fn a_grant_in_a_session_that_nobody_opened_does_not_hold() {
        let story = Story::begin();
        let office = office_of(&SignedAct::decode(&story.entries[0]).unwrap());
        let cache = story.cache(1);
        let mut judge = Judge::new(&cache, Language::English);
        let granted = decision(office, VerdictCode::Granted);
        assert!(matches!(judge.record(&granted.encode().unwrap(), 10), Held::WithoutOpening(_)));
        assert_eq!(needs_opening(&granted).map(|(_, opened)| opened), Some(3));
        // A refusal is decided again without its session: it gave nothing.
        let refused = decision(office, VerdictCode::NoCard);
        assert!(needs_opening(&refused).is_none());
        let held = judge.record(&refused.encode().unwrap(), 10);
        assert!(matches!(held, Held::Yes(_)), "{held:?}");
    }

    #[test]
    fn a_terminals_record_without_the_terminals_word_does_not_hold() {
        let story = Story::begin();
        let cache = story.cache(1);
        let mut judge = Judge::new(&cache, Language::English);
        let record = a_record(&terminal(), OfficeId([1; 16]), 3, Body::TerminalDown);
        assert!(matches!(judge.evidence(&record.encode().unwrap(), None, 10), Held::No(_)));
        let event = EnrolmentEvent::Invited;
        let mut record = a_record(
            &terminal(),
            OfficeId([1; 16]),
            3,
            Body::Enrolment(Enrolment { terminal: terminal(), event, by: None, key: None, code: None }),
        );
        record.emitter = Emitter::Ledger;
        assert!(matches!(judge.evidence(&record.encode().unwrap(), None, 10), Held::Yes(_)));
        assert!(matches!(judge.evidence(b"x", None, 10), Held::Unreadable(_)));
    }
}
