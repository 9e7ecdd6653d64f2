//! What verification found, said record by record, and at the end in a few sentences: how many hold, and of those that do not which session, which
//! terminal, and why.

use std::collections::BTreeMap;

use sekisho_wire::id::SessionId;
use sekisho_wire::record::{Body, Emitter, Record};
use sekisho_wire::words::Language;

use crate::error::AdminError;
use crate::judge::Held;
use crate::missing::Hole;
use crate::record_words::Teller;
use crate::screen::Screen;
use crate::whole_log::Judged;

/// Which records are said one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// All of them.
    Each,
    /// Those that do not hold, or are unclear.
    Findings,
}

/// A time of the records: from when, until when (not included), in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// From when.
    pub from: u64,
    /// Until when; it is not included.
    pub until: u64,
}

/// Where the records lie that are judged: at the ends of the log, or in its midst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// Others lie before them.
    pub begins_amid: bool,
    /// Others follow.
    pub ends_amid: bool,
}

/// Most records that one sentence names.
const NAMED_MAX: usize = 20;

/// Counts what is found, and says it.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    screen: Screen,
    said: Said,
    span: Option<Span>,
    part: Part,
    reach: Reach,
    /// Who tells what those that do not hold have in common; nobody where few were asked for.
    teller: Option<Teller<'a>>,
    held: usize,
    failed: usize,
    unclear: usize,
    aside: usize,
    findings: Findings,
}

/// How far the records reach, as those say that hold.
#[derive(Debug, Default)]
struct Reach {
    /// One came before all of the time.
    before: bool,
    /// Where the log came to that time: what follows was sent since, whatever time it says of itself.
    at_it: bool,
    /// One is of a later time.
    behind: bool,
}

/// Says of each of a few records what was found, and ends as the worst of them does.
///
/// # Errors
/// As [`Report::finish`].
pub(crate) fn report(screen: Screen, judged: impl IntoIterator<Item = impl Into<Judged>>) -> Result<(), AdminError> {
    let mut report = Report::new(screen, Said::Each, None);
    judged.into_iter().try_for_each(|judged| report.take(judged.into()))?;
    report.finish(&[])
}

impl<'a> Report<'a> {
    /// Of that time, where it is given, is said what holds. What does not, or is unclear, is said whatever time it bears: that is its maker's word.
    #[must_use]
    pub(crate) fn new(screen: Screen, said: Said, span: Option<Span>) -> Self {
        let (part, reach, findings) = (Part::default(), Reach::default(), Findings::default());
        Self { screen, said, span, part, reach, teller: None, held: 0, failed: 0, unclear: 0, aside: 0, findings }
    }

    /// Of records that are not all of the log.
    #[must_use]
    pub(crate) fn of_a_part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// With a few sentences at the end about those that do not hold.
    #[must_use]
    pub(crate) fn told_by(self, teller: Teller<'a>) -> Self {
        Self { teller: Some(teller), ..self }
    }

    /// Takes in what verification says of the next record.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(crate) fn take(&mut self, judged: Judged) -> Result<(), AdminError> {
        let Judged { index, held: one, beside, record } = judged;
        if self.is_aside(&one, record.as_ref().map(|record| record.trusted)) {
            self.aside += 1;
            return Ok(());
        }
        let screen = self.screen;
        let text = match one {
            Held::Yes(text) => {
                self.held += 1;
                if self.said == Said::Findings && beside.is_empty() {
                    return Ok(());
                }
                text
            }
            Held::No(why) => {
                self.failed += 1;
                if let (Some(teller), Some(record)) = (&self.teller, &record) {
                    // Behind the record's own line.
                    let line = teller.line(record) + ": ";
                    self.findings.saw(index, record, why.strip_prefix(&line).unwrap_or(&why));
                }
                screen.words(format!("DOES NOT HOLD: {why}"), format!("不合格: {why}"))
            }
            Held::Unreadable(why) => {
                self.unclear += 1;
                screen.words(format!("UNREADABLE: {why}"), format!("読めない記録: {why}"))
            }
            Held::Destroyed(text) => {
                self.unclear += 1;
                text
            }
            Held::WithoutOpening(line) => {
                self.unclear += 1;
                screen.words(
                    format!("UNCLEAR: {line}: the record that opened its session is not there"),
                    format!("確認不能: {line}: セッション開始の記録がない"),
                )
            }
        };
        let lines: Vec<String> = std::iter::once(format!("{index}: {text}")).chain(beside).collect();
        screen.print(&lines.join("\n   "))
    }

    /// Whether it is another time's. Of what does not hold that is never asked: whoever forged it chose its time. That the opening of a session is not there
    /// says nothing where it may lie before the records, and that is so for what came to the log before anything of the time did.
    fn is_aside(&mut self, held: &Held, at: Option<u64>) -> bool {
        let (Some(Span { from, until }), Some(at)) = (self.span, at) else { return false };
        let is_other = !(from..until).contains(&at);
        let holds = matches!(held, Held::Yes(_));
        self.reach.at_it |= at >= from;
        self.reach.before |= holds && !self.reach.at_it;
        self.reach.behind |= holds && at >= until;
        let of_before = matches!(held, Held::WithoutOpening(_)) && self.part.begins_amid && !self.reach.at_it;
        is_other && (holds || of_before)
    }

    /// Where the records do not go as far as the time that was asked for: whoever took them may have left out the rest.
    fn short(&self) -> Vec<String> {
        let Some(_) = self.span else { return Vec::new() };
        let (screen, Part { begins_amid, ends_amid }) = (self.screen, self.part);
        let begins = (begins_amid && !self.reach.before).then(|| {
            screen.words(
                "missing: the records begin in the middle of the log, and none of them came before the time that is asked for: what it has before them is not there",
                "欠落: ログの途中からの記録で、指定の期間より前の記録がないため、期間の初めの分がそろっているか確認できません",
            )
        });
        let ends = (ends_amid && !self.reach.behind).then(|| {
            screen.words(
                "missing: the log goes on behind the records, and none of them is later than the time that is asked for: what it has after them is not there",
                "欠落: ログはこの記録の後にも続いており、指定の期間より後の記録がないため、期間の終わりの分がそろっているか確認できません",
            )
        });
        begins.into_iter().chain(ends).map(str::to_owned).collect()
    }

    /// Says what is missing and how many there are of each, and ends as the worst of them does.
    ///
    /// # Errors
    /// [`AdminError::RecordsDoNotHold`], [`AdminError::RecordsMissing`].
    pub(crate) fn finish(self, holes: &[Hole]) -> Result<(), AdminError> {
        let short = self.short();
        let (screen, Self { held, failed, unclear, aside, findings, .. }) = (self.screen, self);
        short.iter().try_for_each(|line| screen.print(line))?;
        for Hole { terminal, epoch, range: (from, to) } in holes {
            screen.print(&screen.words(
                format!(
                    "missing: terminal {terminal}, epoch {epoch}, records {from} to {to} (or among the unreadable ones)"
                ),
                format!("欠落: 端末機 {terminal}、履歴番号 {epoch}、記録 {from}〜{to}(読めない記録である場合を含む)"),
            ))?;
        }
        findings.in_words(screen.language).iter().try_for_each(|line| screen.print(line))?;
        if aside > 0 {
            screen.note(
                &format!("{aside} records of other times hold or were begun before these, and are not said"),
                &format!(
                    "期間外の{aside}件は、合格又は書出しの範囲より前に始まったセッションの記録であり、表示していません"
                ),
            );
        }
        screen.note(
            &format!("{held} records hold, {failed} do not"),
            &format!("{held}件が検証に合格、{failed}件が不合格"),
        );
        if unclear > 0 {
            screen.note(
                &format!("{unclear} records lie in the log, and cannot be read or judged"),
                &format!("{unclear}件は記録簿にありますが、読み取り又は判定ができません"),
            );
        }
        let ranges = holes.len() + short.len();
        match (failed, unclear + ranges) {
            (0, 0) => Ok(()),
            (0, _) => Err(AdminError::RecordsMissing { ranges, unclear }),
            (failed, _) => Err(AdminError::RecordsDoNotHold(failed)),
        }
    }
}

/// Those that do not hold, by what they have in common.
#[derive(Debug, Default)]
struct Findings {
    /// Sessions whose opening does not hold, by terminal and id.
    sessions: BTreeMap<(String, SessionId), Opened>,
    /// Others, in the order of the log.
    single: Vec<Single>,
}

/// A session whose opening does not hold.
#[derive(Debug)]
struct Opened {
    index: u64,
    why: String,
    within: Vec<u64>,
}

/// A record that does not hold, in whatever session.
#[derive(Debug)]
struct Single {
    index: u64,
    terminal: String,
    session: Option<SessionId>,
    why: String,
}

impl Findings {
    fn saw(&mut self, index: u64, record: &Record, why: &str) {
        let Emitter::Terminal(terminal) = &record.emitter else { return };
        let (terminal, session) = (terminal.to_string(), record.body.input().and_then(|input| input.session));
        let why = why.to_owned();
        if let (Some(session), Body::SessionOpened(_)) = (session, &record.body) {
            self.sessions.entry((terminal, session)).or_insert(Opened { index, why, within: Vec::new() });
            return;
        }
        let of = session.and_then(|session| self.sessions.get_mut(&(terminal.clone(), session)));
        match of {
            Some(opened) => opened.within.push(index),
            None => self.single.push(Single { index, terminal, session, why }),
        }
    }

    fn in_words(&self, language: Language) -> Vec<String> {
        let sessions = self.sessions.iter().map(|((terminal, session), opened)| {
            let Opened { index, why, within } = opened;
            let (count, named) = (within.len(), named(within));
            match language {
                Language::English => format!(
                    "FOUND: session {session} at terminal {terminal}, opened by record {index}: {why}. {count} records of what was done in it do not hold either{named}"
                ),
                Language::Japanese => format!(
                    "発見: 端末機 {terminal} のセッション {session}(記録 {index} で開始): {why}。その中で行われた{count}件の記録も不合格{named}"
                ),
            }
        });
        let single = self.single.iter().map(|Single { index, terminal, session, why }| {
            let session = session.map_or_else(|| "-".to_owned(), |session| session.to_string());
            match language {
                Language::English => format!("FOUND: record {index} at terminal {terminal}, session {session}: {why}"),
                Language::Japanese => format!("発見: 端末機 {terminal} の記録 {index}(セッション {session}): {why}"),
            }
        });
        sessions.chain(single).collect()
    }
}

/// So many of them by their number.
fn named(indexes: &[u64]) -> String {
    if indexes.is_empty() {
        return String::new();
    }
    let named: Vec<String> = indexes.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let more = if indexes.len() > NAMED_MAX { " …" } else { "" };
    format!(": {}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use sekisho_wire::id::{Code, OfficeId};

    use super::*;
    use crate::screen::{Confirm, Lists};
    use crate::terminal_word::tests::a_record;

    fn report(judged: Vec<Judged>, holes: &[Hole]) -> u8 {
        let screen = Screen { language: Language::English, confirm: Confirm::Ask, lists: Lists::Text };
        let mut report = Report::new(screen, Said::Each, None);
        judged.into_iter().for_each(|judged| report.take(judged).unwrap());
        report.finish(holes).map_or_else(|error| error.exit_code(), |()| 0)
    }

    #[test]
    fn what_does_not_hold_and_what_is_missing_end_the_program_each_in_its_way() {
        // That a record contradicts another one is said, and is no fault of what it says.
        let parted =
            Judged { beside: vec!["two histories".to_owned()], ..(1, Held::Yes("a record".to_owned())).into() };
        assert_eq!(report(vec![parted], &[]), 0);
        let code = |judged: Vec<Held>, holes: &[Hole]| {
            let judged = judged.into_iter().enumerate().map(|(index, held)| (index as u64, held).into());
            report(judged.collect(), holes)
        };
        let text = || "a record".to_owned();
        let hole = Hole { terminal: "jumin-1".to_owned(), epoch: 0, range: (3, 4) };
        assert_eq!(code(vec![Held::Yes(text())], &[]), 0);
        assert_eq!(code(vec![Held::Yes(text()), Held::No(text())], &[]), 3);
        assert_eq!(code(vec![Held::Yes(text())], std::slice::from_ref(&hole)), 4);
        assert_eq!(code(vec![Held::Unreadable(text())], &[]), 4);
        assert_eq!(code(vec![Held::WithoutOpening(text())], &[]), 4);
        assert_eq!(code(vec![Held::No(text())], &[hole]), 3, "the worse of the two");
    }

    /// Whose time is that, and what it comes to.
    fn of_time(trusted: u64, held: Held) -> Judged {
        let (terminal, office) = (Code::new("jumin-1").unwrap(), OfficeId([1; 16]));
        let record = Record { trusted, ..a_record(&terminal, office, 0, Body::TerminalDown) };
        Judged { record: Some(record), ..(0, held).into() }
    }

    #[test]
    fn what_does_not_hold_is_counted_whatever_time_its_maker_gave_it() {
        let text = || "a record".to_owned();
        let code = |part: Part, judged: Vec<Judged>| {
            let screen = Screen { language: Language::English, confirm: Confirm::Ask, lists: Lists::Text };
            let span = Some(Span { from: 100, until: 200 });
            let mut report = Report::new(screen, Said::Findings, span).of_a_part(part);
            judged.into_iter().for_each(|judged| report.take(judged).unwrap());
            let aside = report.aside;
            (report.finish(&[]).map_or_else(|error| error.exit_code(), |()| 0), aside)
        };
        let (whole, amid) = (Part::default(), Part { begins_amid: true, ends_amid: false });
        for other in [0, 99, 200, u64::MAX] {
            assert_eq!(code(whole, vec![of_time(other, Held::Yes(text()))]), (0, 1));
            assert_eq!(code(whole, vec![of_time(other, Held::No(text()))]), (3, 0), "{other}");
            assert_eq!(code(whole, vec![of_time(other, Held::Unreadable(text()))]), (4, 0), "{other}");
            assert_eq!(code(whole, vec![of_time(other, Held::WithoutOpening(text()))]), (4, 0), "{other}");
        }
        // A session that was opened before the records, and used before the time: that says nothing.
        let (held, orphan) = (|t| of_time(t, Held::Yes(text())), |t| of_time(t, Held::WithoutOpening(text())));
        assert_eq!(code(amid, vec![held(50), orphan(60), held(150)]), (0, 2));
        assert_eq!(code(amid, vec![held(50), orphan(60), held(150), orphan(60)]), (4, 2), "it came later than it says");
        assert_eq!(code(amid, vec![held(50), orphan(150)]), (4, 1));
        // Where they are a part of the log, it is seen that they are all of the time.
        assert_eq!(code(amid, vec![held(150)]), (4, 0));
        assert_eq!(code(amid, vec![held(150), held(50)]), (4, 1));
        let both = Part { begins_amid: true, ends_amid: true };
        assert_eq!(code(both, vec![held(50), held(150)]), (4, 1));
        assert_eq!(code(both, vec![held(50), held(150), held(200)]), (0, 2));
    }

    #[test]
    fn a_sentence_names_no_more_records_than_somebody_reads() {
        assert_eq!(named(&[]), "");
        assert_eq!(named(&[3, 4]), ": 3, 4");
        let many: Vec<u64> = (0..100).collect();
        assert!(named(&many).ends_with("18, 19 …"));
    }
}
