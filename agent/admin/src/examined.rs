//! One record by its own evidence: its place in the log, its terminal's word, its session, the decision made again. It costs a handful of
//! tiles, however long the log is, and is the same whoever shows the evidence.

use sekisho_register::LogKeys;
use sekisho_wire::id::SessionId;
use sekisho_wire::record::{Body, Emitter, Record};
use sekisho_wire::words::Language;

use crate::error::AdminError;
use crate::exhibits::{Content, Exhibit, Exhibits, Told};
use crate::grant::verify_place_of;
use crate::judge::{Held, Judge, needs_opening};

/// Examines what lies at this index of the log with these keys.
///
/// # Errors
/// Those of `exhibits`. What does not hold is no error.
pub(crate) fn examine(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    judge: &mut Judge<'_>,
    index: u64,
) -> Result<Held, AdminError> {
    judge.forget_sessions();
    // Before anything else is asked: each answer shows a longer log than the one before, and this one would look like a step back.
    let exhibit = exhibits.at(index)?;
    let size = match placed(exhibits, keys, judge.language(), index, &exhibit)? {
        Ok(size) => size,
        Err(why) => return Ok(Held::No(why)),
    };
    let (bytes, word) = match &exhibit.content {
        Content::Record { bytes, word } => (bytes, word.as_ref()),
        Content::Destroyed { act, .. } => return Ok(judge.destroyed(*act, size)),
    };
    if let Ok(record) = Record::decode(bytes) {
        for told in session_of(exhibits, keys, judge, &record)? {
            judge.remember(&told);
        }
    }
    Ok(judge.evidence(bytes, word, size))
}

/// The size of the log, signed and continuing what was seen before, in which the evidence has its place; or why it has none.
/// Nothing is said of a record before.
fn placed(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    language: Language,
    index: u64,
    exhibit: &Exhibit,
) -> Result<Result<u64, String>, AdminError> {
    let place = &exhibit.place;
    if place.index != index {
        return Ok(Err(match language {
            Language::English => format!("record {} was shown in its place", place.index),
            Language::Japanese => format!("代わりに記録 {} が示された", place.index),
        }));
    }
    let size = match verify_place_of(&exhibit.leaf(), place, keys) {
        Ok(size) => size,
        Err(error) => return Ok(Err(error.in_words(language))),
    };
    exhibits.expect_continued(&place.checkpoint, size)?;
    Ok(Ok(size))
}

/// What tells of the session of this record, if it needs one: the record that opened it, and those before this one that locked, unlocked
/// or closed it. Asked for by terminal and time, and each held against the log like any other. An opening that is not shown is missing;
/// an end that is not shown only the whole log tells.
fn session_of(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    judge: &mut Judge<'_>,
    record: &Record,
) -> Result<Vec<Record>, AdminError> {
    let Some((input, opened)) = needs_opening(record) else { return Ok(Vec::new()) };
    let Some(session) = input.session else { return Ok(Vec::new()) };
    let language = judge.language();
    let opening = told(exhibits, keys, language, record, ("session_opened", opened, opened.saturating_add(1)))?;
    let is_this = |(found, exhibit, size): &(Record, Exhibit, u64)| {
        let same = found.body.input().is_some_and(|opening| opening.session == Some(session));
        let Content::Record { bytes, word } = &exhibit.content else { return false };
        same && matches!(judge.evidence(bytes, word.as_ref(), *size), Held::Yes(_))
    };
    let Some((opening, ..)) = opening.into_iter().find(is_this) else { return Ok(Vec::new()) };
    let mut story = vec![opening];
    for kind in ["locked", "session_unlocked", "session_closed"] {
        let during = told(exhibits, keys, language, record, (kind, opened, record.trusted.saturating_add(1)))?;
        story.extend(during.into_iter().map(|(found, ..)| found).filter(|found| is_about(found, session)));
    }
    story.sort_by_key(|found| found.seq);
    Ok(story)
}

/// Whether a record tells that this session was locked, unlocked or closed.
fn is_about(record: &Record, session: SessionId) -> bool {
    if let Body::Locked(told) | Body::SessionClosed(told) = &record.body {
        return told.session == session;
    }
    record.body.input().is_some_and(|input| input.session == Some(session))
}

/// Records of that kind of the history of `record`, before it and between two times, that have their place in the log.
fn told(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    language: Language,
    record: &Record,
    (kind, since, until): (&'static str, u64, u64),
) -> Result<Vec<(Record, Exhibit, u64)>, AdminError> {
    let Emitter::Terminal(terminal) = &record.emitter else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (index, bytes) in exhibits.told(&Told { terminal, kind, since, until })? {
        let Ok(told) = Record::decode(&bytes) else { continue };
        if (&told.emitter, told.epoch) != (&record.emitter, record.epoch) || told.seq >= record.seq {
            continue;
        }
        let exhibit = exhibits.at(index)?;
        // The search said what it is; the evidence says that it stands.
        if !matches!(&exhibit.content, Content::Record { bytes: shown, .. } if *shown == bytes) {
            continue;
        }
        if let Ok(size) = placed(exhibits, keys, language, index, &exhibit)? {
            found.push((told, exhibit, size));
        }
    }
    Ok(found)
}
