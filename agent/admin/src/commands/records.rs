//! Access records: search, show, and verify by replay: place in the log, decision, signature of the card.

use std::fmt::Write as _;

use sekisho_register::wareki::numbered;
use sekisho_register::{Mismatch, Register, replay};
use sekisho_tlog::{Checkpoint, VerifyingKey};
use sekisho_wire::record::{Body, Emitter, Record};
use sekisho_wire::verdict::VerdictCode;

use crate::cli::{RecordsCommand, SearchArguments};
use crate::clock;
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::grant::verify_place;
use crate::ledger::Evidence;
use crate::missing::{Hole, Seqs};
use crate::office_file::LogName;
use crate::record_words::Teller;
use crate::seen;
use crate::table::Table;

/// Most rows of one page (LEDGER §L5).
const PAGE: u32 = 500;

pub(super) fn run(desk: &mut Desk, command: RecordsCommand) -> Result<(), AdminError> {
    match command {
        RecordsCommand::Search(arguments) => search(desk, &arguments),
        RecordsCommand::Show { index } => show(desk, index),
        RecordsCommand::Verify { index: Some(index), .. } => verify_one(desk, index),
        RecordsCommand::Verify { index: None, .. } => verify_all(desk),
    }
}

/// The key of the records log: the newest that the register names, else the one of the founding code.
fn records_key(desk: &Desk) -> Result<VerifyingKey, AdminError> {
    let newest = desk.cache.register().log_key(sekisho_register::change::Log::Records, clock::now());
    let office = &desk.office;
    match newest {
        Some(key) => crate::office_file::Office { records: key.0, ..office.clone() }.log_key(LogName::Records),
        None => office.log_key(LogName::Records),
    }
}

/// The question as a query. Every value keeps to an alphabet that needs no escapes in a query, or is checked here.
fn query(arguments: &SearchArguments, before: Option<u64>, limit: u32) -> Result<String, AdminError> {
    let mut query = format!("limit={limit}");
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(query, "&{name}={value}");
        }
    };
    for (name, value) in [("--verdict", &arguments.verdict), ("--kind", &arguments.kind)] {
        let plain = |value: &String| value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some(value) = value.as_ref().filter(|value| !plain(value)) {
            let rule = "letters, digits and _ only".to_owned();
            return Err(AdminError::Argument { name, value: value.clone(), rule });
        }
    }
    add("operator", arguments.operator.as_ref().map(ToString::to_string));
    add("card", arguments.card.as_ref().map(ToString::to_string));
    add("terminal", arguments.terminal.as_ref().map(ToString::to_string));
    add("function", arguments.function.as_ref().map(ToString::to_string));
    add("case", arguments.case.as_ref().map(ToString::to_string));
    add("verdict", arguments.verdict.clone());
    add("kind", arguments.kind.clone());
    add("since", arguments.since.map(|date| date.moment(Edge::From).to_string()));
    add("until", arguments.until.map(|date| date.moment(Edge::Until).to_string()));
    add("before", before.map(|index| index.to_string()));
    Ok(query)
}

fn search(desk: &mut Desk, arguments: &SearchArguments) -> Result<(), AdminError> {
    query(arguments, None, 1)?;
    desk.log_in()?;
    let mut rows = Vec::new();
    let mut behind = Vec::new();
    let mut before = None;
    while rows.len() < arguments.limit as usize {
        let left = arguments.limit - u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let page = desk.ledger.search(&query(arguments, before, left.min(PAGE))?)?;
        rows.extend(page.rows);
        behind = page.behind;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    print(desk, &rows)?;
    if !behind.is_empty() {
        let list: Vec<String> = behind.iter().map(ToString::to_string).collect();
        let list = list.join(", ");
        desk.screen.note(
            &format!("not complete: these terminals have records that have not arrived: {list}"),
            &format!("次の端末機の記録が一部届いていないため、結果は完全ではありません: {list}"),
        );
    }
    Ok(())
}

fn print(desk: &Desk, rows: &[(u64, Vec<u8>)]) -> Result<(), AdminError> {
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    let mut table = Table::new(&[
        ("index", desk.screen.words("no.", "番号")),
        ("kind", desk.screen.words("kind", "種別")),
        ("what", desk.screen.words("what happened", "内容")),
    ]);
    for (index, bytes) in rows {
        // A record that cannot be read is evidence all the same, and keeps its line.
        let (kind, what) = match Record::decode(bytes) {
            Ok(record) => (record.body.kind().1.to_owned(), teller.line(&record)),
            Err(error) => ("-".to_owned(), error.to_string()),
        };
        table.row([index.to_string(), kind, what]);
    }
    desk.screen.print_table(&table)
}

fn show(desk: &mut Desk, index: u64) -> Result<(), AdminError> {
    desk.log_in()?;
    let evidence = desk.ledger.evidence(index)?;
    let record = Record::decode(&evidence.record)?;
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    let mut text = teller.line(&record);
    let _ = write!(text, "\nindex {index}, epoch {}, seq {}, kind {}", record.epoch, record.seq, record.body.kind().1);
    if let Some(input) = record.body.input() {
        let code = |code: &Option<_>| code.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let _ = write!(
            text,
            "\noperator {}, card {}, profile {}, session {}, register {}, rules {}",
            code(&input.operator),
            input.card.map_or_else(|| "-".to_owned(), |card| card.to_string()),
            code(&input.profile),
            input.session.map_or_else(|| "-".to_owned(), |session| session.to_string()),
            input.register,
            input.rules
        );
        if let Some(permit) = input.permit {
            let number = numbered(permit, desk.screen.language);
            text += &desk.screen.words(format!(", permit {number}"), format!("、許可 {number}"));
        }
    }
    desk.screen.print(&text)
}

/// What verification says about one record.
enum Held {
    /// It holds; why it was permitted, where it was.
    Yes(String),
    /// It does not.
    No(String),
    /// Its bytes lie in the log and say nothing (wire §7.5): evidence all the same, of whoever wrote them.
    Unreadable(String),
}

/// One record, by its own evidence: inclusion proof, the terminal's word, replay, signature.
fn verify_one(desk: &mut Desk, index: u64) -> Result<(), AdminError> {
    desk.log_in()?;
    let evidence = desk.ledger.evidence(index)?;
    let key = records_key(desk)?;
    // The log that the proof leads into must be the one that was seen before.
    let size = Checkpoint::open(&evidence.place.checkpoint, &key)?.size;
    let entries = desk.ledger.entries(LogName::Records, size)?;
    seen::expect_continued(&desk.home, LogName::Records, &key, &evidence.place.checkpoint, &entries)?;
    let mut judge = Judge::new(desk);
    let held = if evidence.place.index == index {
        match verify_place(&evidence.record, &evidence.place, &key) {
            Ok(size) => judge.evidence(&evidence, size),
            Err(error) => Held::No(error.to_string()),
        }
    } else {
        Held::No(desk.screen.words(
            format!("the ledger answered with record {}", evidence.place.index),
            format!("台帳は記録 {} を返した", evidence.place.index),
        ))
    };
    report(desk, [(index, held)])
}

/// Every record: together they must have the root that the ledger signed, and each must stand for itself.
fn verify_all(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let note = desk.ledger.checkpoint(LogName::Records)?;
    let key = records_key(desk)?;
    let entries = desk.ledger.entries(LogName::Records, Checkpoint::open(&note, &key)?.size)?;
    let size = seen::expect_continued(&desk.home, LogName::Records, &key, &note, &entries)?;
    let mut judge = Judge::new(desk);
    let judged = entries.iter().zip(0..).map(|(entry, index)| (index, judge.record(entry, size)));
    let reported = report(desk, judged);
    let mut seqs = Seqs::default();
    entries.iter().filter_map(|entry| Record::decode(entry).ok()).for_each(|record| seqs.saw(&record));
    for Hole { terminal, epoch, range: (from, to) } in seqs.holes() {
        desk.screen.print(&desk.screen.words(
            format!(
                "missing: terminal {terminal}, epoch {epoch}, records {from} to {to} (or among the unreadable ones)"
            ),
            format!("欠落: 端末機 {terminal}、履歴番号 {epoch}、記録 {from}〜{to}(読めない記録である場合を含む)"),
        ))?;
    }
    reported
}

fn report(desk: &Desk, judged: impl IntoIterator<Item = (u64, Held)>) -> Result<(), AdminError> {
    let (mut held, mut failed, mut unreadable) = (0_usize, 0_usize, 0_usize);
    for (index, one) in judged {
        match one {
            Held::Yes(text) => {
                held += 1;
                desk.screen.print(&format!("{index}: {text}"))?;
            }
            Held::No(why) => {
                failed += 1;
                let why = desk.screen.words(format!("DOES NOT HOLD: {why}"), format!("不合格: {why}"));
                desk.screen.print(&format!("{index}: {why}"))?;
            }
            Held::Unreadable(why) => {
                unreadable += 1;
                let why = desk.screen.words(format!("UNREADABLE: {why}"), format!("読めない記録: {why}"));
                desk.screen.print(&format!("{index}: {why}"))?;
            }
        }
    }
    desk.screen
        .note(&format!("{held} records hold, {failed} do not"), &format!("{held}件が検証に合格、{failed}件が不合格"));
    if unreadable > 0 {
        desk.screen.note(
            &format!("{unreadable} records lie in the log as they came, and cannot be read"),
            &format!("{unreadable}件は届いたまま記録簿にありますが、読めません"),
        );
    }
    if failed == 0 { Ok(()) } else { Err(AdminError::RecordsDoNotHold(failed)) }
}

/// Judges records one after the other. Keeps the register it folded last: neighbours were mostly decided by the same one.
struct Judge<'a> {
    desk: &'a Desk,
    register: Option<Register>,
}

impl<'a> Judge<'a> {
    const fn new(desk: &'a Desk) -> Self {
        Self { desk, register: None }
    }

    /// A record with its evidence: also what its terminal signed, where that came with it.
    fn evidence(&mut self, evidence: &Evidence, size: u64) -> Held {
        let held = self.record(&evidence.record, size);
        let (Held::Yes(text), Ok(record)) = (&held, Record::decode(&evidence.record)) else { return held };
        let desk = self.desk;
        let Some(word) = &evidence.word else {
            let silent = matches!(record.emitter, Emitter::Terminal(_));
            let note = desk
                .screen
                .words("the terminal's own signature did not come with it", "端末機の署名は添付されていない");
            return Held::Yes(if silent { format!("{text}\n   {note}") } else { text.clone() });
        };
        match word.verify(&evidence.record, &record, desk.cache.register()) {
            Ok(()) => {
                let note =
                    desk.screen.words("signed by its terminal in this place", "端末機がこの位置で署名したことを確認");
                Held::Yes(format!("{text}\n   {note}"))
            }
            Err(fault) => {
                let (english, japanese) = fault.words();
                Held::No(desk.screen.words(english, japanese).to_owned())
            }
        }
    }

    /// A record that lies in the log of this size: its decision again, and the card's signature.
    fn record(&mut self, bytes: &[u8], size: u64) -> Held {
        let desk = self.desk;
        let say = |english: String, japanese: String| desk.screen.words(english, japanese);
        let record = match Record::decode(bytes) {
            Ok(record) => record,
            Err(error) => return Held::Unreadable(error.to_string()),
        };
        let teller = Teller { cache: &desk.cache, language: desk.screen.language };
        let line = teller.line(&record);
        let Some(input) = record.body.input() else {
            return Held::Yes(say(
                format!("{line}\n   lies in the records log under the checkpoint of {size}"),
                format!("{line}\n   記録簿({size}件)に含まれることを確認"),
            ));
        };
        let Some(register) = self.register_of(input.register) else {
            let mismatch = Mismatch::RegisterSize { needed: input.register, given: desk.cache.size() };
            return Held::No(format!("{line}: {mismatch}"));
        };
        if let Err(mismatch) = replay(register, &record) {
            return Held::No(format!("{line}: {mismatch}"));
        }
        // An opening is only ever written when it was granted.
        let refused = matches!(&record.body, Body::Decision(decision) if decision.verdict != VerdictCode::Granted);
        let why = if refused {
            say("refused by the same rule when decided again".to_owned(), "再判定でも同じ規則により拒否".to_owned())
        } else {
            teller.why_granted(register, input)
        };
        Held::Yes(say(
            format!(
                "{line}\n   lies in the records log under the checkpoint of {size}; decided again with the same outcome\n   {why}"
            ),
            format!("{line}\n   記録簿({size}件)に含まれ、再判定の結果も同じ\n   {why}"),
        ))
    }

    fn register_of(&mut self, size: u64) -> Option<&Register> {
        if self.register.as_ref().is_none_or(|register| register.size() != size) {
            self.register = self.desk.cache.register_at(size);
        }
        self.register.as_ref().filter(|register| register.size() == size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_wire::id::Code;

    #[test]
    fn a_question_becomes_a_query_and_nothing_slips_in() {
        let arguments = SearchArguments {
            operator: Some(Code::new("0012").unwrap()),
            verdict: Some("refused".to_owned()),
            ..SearchArguments::default()
        };
        assert_eq!(query(&arguments, Some(7), 100).unwrap(), "limit=100&operator=0012&verdict=refused&before=7");
        let sly = SearchArguments { kind: Some("decision&operator=9".to_owned()), ..SearchArguments::default() };
        assert!(matches!(query(&sly, None, 1), Err(AdminError::Argument { name: "--kind", .. })));
    }
}
