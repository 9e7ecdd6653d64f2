//! A card's signature belongs to one record of its terminal, and no session opens twice (wire §6): who copies what a card signed into another record has
//! the log show both. The first in the log has it; what comes later does not hold, and opens nothing.

use std::collections::HashMap;

use sekisho_tlog::Hash;
use sekisho_wire::id::{Code, Salt, SessionId};
use sekisho_wire::record::{Body, Emitter, Record};
use sekisho_wire::words::Language;

/// What a card signed for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// The salt in it.
    pub salt: Salt,
    /// The session that it opens, if it opens one.
    pub opens: Option<SessionId>,
}

/// What a card signed for this record; nothing where no card did.
#[must_use]
pub(crate) fn signed_for(record: &Record) -> Option<Signed> {
    let proved = matches!(&record.body, Body::Decision(decision) if decision.signature.is_some());
    let opens = if let Body::SessionOpened(opening) = &record.body { opening.input.session } else { None };
    let signed = proved || matches!(&record.body, Body::SessionOpened(_) | Body::SessionUnlocked(_));
    signed.then_some(Signed { salt: record.salt, opens })
}

/// That something is used a second time, and which record had it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecondUse {
    /// What the card signed.
    Signature(u64),
    /// The session.
    Session(u64),
}

impl SecondUse {
    /// For people.
    #[must_use]
    pub(crate) fn in_words(self, language: Language) -> String {
        match (self, language) {
            (Self::Signature(first), Language::English) => {
                format!("what a card signed belongs to one record, and record {first} has it already")
            }
            (Self::Signature(first), Language::Japanese) => {
                format!("カードの署名は一つの記録だけのもので、記録 {first} が既に使っている")
            }
            (Self::Session(first), Language::English) => {
                format!("no session opens twice, and record {first} has opened this one already")
            }
            (Self::Session(first), Language::Japanese) => {
                format!("同じセッションは一度しか開始されないが、記録 {first} が既に開始している")
            }
        }
    }
}

/// What the records of a log have used up so far, of each terminal in all its epochs.
#[derive(Debug, Default)]
pub(crate) struct SignedOnce {
    salts: HashMap<(Code, Salt), (Hash, u64)>,
    sessions: HashMap<(Code, SessionId), (Hash, u64)>,
}

impl SignedOnce {
    /// Takes in the next record. The same one again, carried or repeated, is no second use.
    pub(crate) fn saw(&mut self, index: u64, leaf: Hash, record: &Record) -> Option<SecondUse> {
        let Emitter::Terminal(terminal) = &record.emitter else { return None };
        let signed = signed_for(record)?;
        let this = (leaf, index);
        let other = |first: (Hash, u64)| (first.0 != leaf).then_some(first.1);
        let salt = other(*self.salts.entry((terminal.clone(), signed.salt)).or_insert(this));
        let session =
            signed.opens.and_then(|opens| other(*self.sessions.entry((terminal.clone(), opens)).or_insert(this)));
        salt.map(SecondUse::Signature).or(session.map(SecondUse::Session))
    }
}
