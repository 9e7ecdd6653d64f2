//! What an auditor asks of one record: is it the terminal's, is its decision the one that the rules give, was its session opened.

use std::collections::BTreeMap;

use sekisho_register::{Mismatch, Past, Register, Session, gives_in_session, grant_of, register_of};
use sekisho_tlog::leaf_hash;
use sekisho_wire::decision::DecisionInput;
use sekisho_wire::record::{Body, Emitter, Record};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::record_words::Teller;
use crate::register_cache::RegisterCache;
use crate::signed_once::{SecondUse, SignedOnce};
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
    /// It lies in the log by its hash; an act destroyed what it said.
    Destroyed(String),
}

/// The input and the time of opening, for a record that gives something in a session: it counts only beside the record that opened the
/// session. What was refused gave nothing, and names a session also where its card was out.
pub(crate) fn needs_opening(record: &Record) -> Option<(&DecisionInput, u64)> {
    let input = record.body.input().filter(|_| gives_in_session(record))?;
    Some((input, input.opened.unwrap_or(input.time)))
}

/// One history of one terminal: its session, and the seq that comes next.
#[derive(Debug, Default)]
struct History {
    session: Session,
    next: u64,
}

/// Judges records one after the other. Keeps the register it folded last: neighbours were mostly decided by the same one.
pub(crate) struct Judge<'a> {
    cache: &'a RegisterCache,
    language: Language,
    past: Past,
    histories: BTreeMap<(Emitter, u32), History>,
    signed: SignedOnce,
}

impl<'a> Judge<'a> {
    /// By this verified register.
    #[must_use]
    pub(crate) fn new(cache: &'a RegisterCache, language: Language) -> Self {
        Self { cache, language, past: Past::default(), histories: BTreeMap::new(), signed: SignedOnce::default() }
    }

    /// The language of what it says.
    #[must_use]
    pub(crate) const fn language(&self) -> Language {
        self.language
    }

    /// Before another record is judged beside what is taken in for it alone.
    pub(crate) fn forget_sessions(&mut self) {
        self.histories.clear();
    }

    /// A record whose contents this act is said to have destroyed; its leaf lies in the log of this size.
    #[must_use]
    pub(crate) fn destroyed(&self, act: u64, size: u64) -> Held {
        let known = self.cache.register().all_destroyed().iter().any(|destroyed| destroyed.index == act);
        if !known {
            return Held::No(self.words(
                format!("its contents are not there, and act {act} destroyed nothing"),
                format!("内容がなく、処分{act}は廃棄の処分ではない"),
            ));
        }
        let teller = Teller { cache: self.cache, language: self.language };
        let act = teller.act(act);
        Held::Destroyed(self.words(
            format!(
                "its contents are not shown; they are said to be among what was destroyed ({act}); its hash lies in the records log under the checkpoint of {size}"
            ),
            format!("内容は示されていない。廃棄された記録とされる({act})。ハッシュは記録簿({size}件)に含まれる"),
        ))
    }

    /// Takes in a record of the log, after those of its history that were taken in before: what it says of the session.
    pub(crate) fn remember(&mut self, record: &Record) {
        self.history(record).session.follow(record);
    }

    fn history(&mut self, record: &Record) -> &mut History {
        self.histories.entry((record.emitter.clone(), record.epoch)).or_default()
    }

    /// A record that stands in the log already and was carried into a later epoch as well: judged there, taken in again, for what was carried with it
    /// follows it.
    pub(crate) fn again(&mut self, record: &Record, first: u64) -> Held {
        self.goes_on_with(record).session.follow(record);
        let line = Teller { cache: self.cache, language: self.language }.line(record);
        Held::Yes(self.words(
            format!("{line}\n   the same as record {first}, carried into a later epoch as well"),
            format!("{line}\n   記録 {first} と同じもの(後の履歴にも引き継がれた)"),
        ))
    }

    /// The history of a record that comes next in the log. It begins without a session; over a hole, and where two histories part, anything may have happened.
    fn goes_on_with(&mut self, record: &Record) -> &mut History {
        let history = self.history(record);
        if record.seq == 0 {
            history.session = Session::None;
        } else if record.seq != history.next {
            history.session = Session::Unknown;
        }
        history.next = record.seq.saturating_add(1);
        history
    }

    /// The record that comes next in a log that is walked from its first entry: judged, and taken in. What was carried out of an earlier epoch goes on where
    /// that stood: nothing else comes of an epoch once a later one has begun.
    pub(crate) fn next(&mut self, index: u64, bytes: &[u8], size: u64) -> Held {
        let Ok(record) = Record::decode(bytes) else { return self.record(bytes, size) };
        let second = self.signed.saw(index, leaf_hash(bytes), &record);
        self.goes_on_with(&record);
        let held = match second {
            Some(second) => self.used_before(&record, second),
            None => self.record(bytes, size),
        };
        let stands = !matches!(held, Held::No(_));
        let history = self.history(&record);
        // What does not stand opens nothing and unlocks nothing. Whatever ends or locks a session is followed: that gives nobody anything.
        if stands || !matches!(record.body, Body::SessionOpened(_) | Body::SessionUnlocked(_)) {
            history.session.follow(&record);
        } else if matches!(record.body, Body::SessionOpened(_)) {
            history.session = Session::None;
        }
        held
    }

    /// A record for which no card signed: what is in it was signed for another one.
    pub(crate) fn used_before(&self, record: &Record, second: SecondUse) -> Held {
        let line = Teller { cache: self.cache, language: self.language }.line(record);
        Held::No(format!("{line}: {}", second.in_words(self.language)))
    }

    /// Whether a record is its terminal's, in a place where that put it: what it says is another question.
    pub(crate) fn is_its_terminals(&self, bytes: &[u8], record: &Record, word: Option<&TerminalWord>) -> bool {
        let of_here = self.cache.register().office() == Some(record.office);
        of_here && word.is_some_and(|word| word.verify(bytes, record, self.cache.register()).is_ok())
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
        let no = |(english, japanese): (&str, &str)| Held::No(self.words(english.to_owned(), japanese.to_owned()));
        if self.cache.register().office() != Some(record.office) {
            return no(("it says that it is of another office", "別の団体の記録と書かれている"));
        }
        let Emitter::Terminal(_) = &record.emitter else {
            // A terminal can write what it likes into its own records.
            if word.is_some() {
                return no((
                    "a terminal signed it, and it says that the ledger wrote it",
                    "台帳の記録と書かれているが、端末機が署名している",
                ));
            }
            return Held::Yes(self.words(
                format!("{text}\n   of the ledger's own: no terminal signed it"),
                format!("{text}\n   台帳自身の記録(端末機の署名はない)"),
            ));
        };
        let said = word.map(|word| word.verify(bytes, &record, self.cache.register()));
        match said {
            Some(Ok(None)) => Held::Yes(self.words(
                format!("{text}\n   signed by its terminal in this place"),
                format!("{text}\n   端末機がこの位置で署名したことを確認"),
            )),
            Some(Ok(Some(to))) => {
                let teller = Teller { cache: self.cache, language: self.language };
                let carried = teller.carried(&record, to);
                Held::Yes(self.words(
                    format!("{text}\n   {carried}; signed by its terminal there"),
                    format!("{text}\n   {carried}。端末機がその位置で署名したことを確認"),
                ))
            }
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
        let lies = |judge: &Self| {
            Held::Yes(judge.words(
                format!("{line}\n   lies in the records log under the checkpoint of {size}"),
                format!("{line}\n   記録簿({size}件)に含まれることを確認"),
            ))
        };
        let Some(needed) = register_of(&record) else { return lies(self) };
        let history = self.histories.get(&(record.emitter.clone(), record.epoch));
        let session = history.map_or(Session::Unknown, |history| history.session.clone());
        if needs_opening(&record).is_some() && session == Session::Unknown {
            return Held::WithoutOpening(line);
        }
        let on_card = grant_of(&record).and_then(|grant| self.cache.entry(grant.index));
        let Some(register) = self.register_of(needed) else {
            let mismatch = Mismatch::RegisterSize { needed, given: self.cache.size() };
            return Held::No(format!("{line}: {}", mismatch.text(self.language)));
        };
        let register = match register.as_it_decided(&record, on_card) {
            Ok(register) => register,
            Err(mismatch) => return Held::No(format!("{line}: {}", mismatch.text(self.language))),
        };
        if let Err(mismatch) = session.replay(&register, &record) {
            let said = format!("{line}: {}", mismatch.text(self.language));
            // Neither true nor false (register §R6): this program is too old to say.
            let unknown = matches!(mismatch, Mismatch::RulesUnknown { .. });
            return if unknown { Held::Unreadable(said) } else { Held::No(said) };
        }
        let Some(input) = record.body.input() else { return lies(self) };
        // An opening is only ever written when it was granted.
        let refused = matches!(&record.body, Body::Decision(decision) if decision.verdict != VerdictCode::Granted);
        let why = if refused { teller.why_refused(&register, input) } else { teller.why_granted(&register, input) };
        let who = teller.in_person(&register, input).map_or_else(String::new, |who| format!("\n   {who}"));
        Held::Yes(self.words(
            format!(
                "{line}{who}\n   lies in the records log under the checkpoint of {size}; decided again with the same outcome\n   {why}"
            ),
            format!("{line}{who}\n   記録簿({size}件)に含まれ、再判定の結果も同じ\n   {why}"),
        ))
    }

    fn register_of(&mut self, size: u64) -> Option<&Register> {
        let cache = self.cache;
        self.past.at(size, |below, to| cache.register_at(to, Some(below)).ok_or(())).ok()
    }
}

#[cfg(test)]
mod tests {
    use sekisho_register::{SignedAct, office_of};
    use sekisho_wire::decision::{ClockState, Level, Request, SessionKind, TerminalState};
    use sekisho_wire::id::{Code, Hash, OfficeId, RequestId, SessionId};
    use sekisho_wire::reason::{EnrolmentEvent, Reason};
    use sekisho_wire::record::{Decision, Enrolment, RegisterAdvanced, SessionReason};

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
            grant: None,
            reported: None,
            home: None,
            pin_changed: None,
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
    fn a_grant_after_its_session_has_ended_does_not_hold_and_one_behind_a_hole_is_unclear() {
        let story = Story::begin();
        let office = office_of(&SignedAct::decode(&story.entries[0]).unwrap());
        let cache = story.cache(1);
        let mut judge = Judge::new(&cache, Language::English);
        let told = |seq, body: Body| a_record(&terminal(), office, seq, body).encode().unwrap();
        let granted = |seq| told(seq, decision(office, VerdictCode::Granted).body);
        let reason = SessionReason { session: SessionId([7; 16]), reason: Reason::Idle };
        assert!(matches!(judge.next(0, &told(0, Body::SessionClosed(reason.clone())), 10), Held::Yes(_)));
        assert!(matches!(judge.next(1, &granted(1), 10), Held::No(_)));
        assert!(matches!(judge.next(3, &granted(3), 10), Held::WithoutOpening(_)));
        // The same once more, carried into a later epoch: what follows it there goes on from it.
        let again = a_record(&terminal(), office, 0, Body::SessionClosed(reason));
        assert!(matches!(judge.again(&again, 0), Held::Yes(said) if said.contains("record 0")));
        assert!(matches!(judge.next(1, &granted(1), 10), Held::No(_)));
        assert!(matches!(judge.next(3, &granted(3), 10), Held::WithoutOpening(_)));
        let advanced = RegisterAdvanced { size: 1, root: Hash([9; 32]) };
        assert!(matches!(judge.next(4, &told(4, Body::RegisterAdvanced(advanced)), 10), Held::No(_)));
        let advanced = RegisterAdvanced { size: 1, root: cache.register().root() };
        assert!(matches!(judge.next(5, &told(5, Body::RegisterAdvanced(advanced)), 10), Held::Yes(_)));
    }

    #[test]
    fn a_terminals_record_without_the_terminals_word_does_not_hold() {
        let story = Story::begin();
        let cache = story.cache(1);
        let mut judge = Judge::new(&cache, Language::English);
        let office = cache.register().office().unwrap();
        let record = a_record(&terminal(), office, 3, Body::TerminalDown);
        assert!(matches!(judge.evidence(&record.encode().unwrap(), None, 10), Held::No(_)));
        let event = EnrolmentEvent::Invited;
        let mut record = a_record(
            &terminal(),
            office,
            3,
            Body::Enrolment(Enrolment { terminal: terminal(), event, by: None, key: None, code: None }),
        );
        record.emitter = Emitter::Ledger;
        assert!(matches!(judge.evidence(&record.encode().unwrap(), None, 10), Held::Yes(_)));
        // What a terminal signed is not the ledger's, whatever it says of itself.
        let word = TerminalWord { batch: Vec::new(), leaves: Vec::new() };
        assert!(matches!(judge.evidence(&record.encode().unwrap(), Some(&word), 10), Held::No(_)));
        record.office = OfficeId([1; 16]);
        assert!(matches!(judge.evidence(&record.encode().unwrap(), None, 10), Held::No(_)));
        assert!(matches!(judge.evidence(b"x", None, 10), Held::Unreadable(_)));
    }
}
