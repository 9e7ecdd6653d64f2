//! Access records (操作履歴): the search, one record with what proves it, and the evidence to take away.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use sekisho_register::dates::{Edge, When};
use sekisho_register::taking::Taking;
use sekisho_wire::id::{CardGuid, CaseReference, Numbered};
use sekisho_wire::reason::Query;
use sekisho_wire::record::{About, Emitter, KINDS, Record, kind_number};
use serde::Deserialize;

use super::kinds::kind;
use super::wish::begin;
use super::{from, list};
use crate::carried::CarriedTo;
use crate::console::html::{Blank, Block, Cell, Content, Field, Form, Input, Kind, Method, Section, Table};
use crate::console::lacks;
use crate::console::paging::PAGE_OF_LIST;
use crate::console::visit::{Barred, Entered, Posted, View};
use crate::console::wishes::Wanted;
use crate::http::people::{about, evidence_body};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::index::{AskedVerdict, Question};
use crate::refusal::Refusal;
use crate::search::{Evidence, Found};
use crate::visitors::READERS;

/// What the form asks, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    operator: String,
    card: String,
    terminal: String,
    function: String,
    case: String,
    verdict: String,
    kind: String,
    since: String,
    until: String,
    before: String,
    /// Somebody pressed the button.
    go: Option<String>,
}

/// The form, and what was found.
pub(crate) async fn search(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(typed): Asked<Typed>,
) -> Result<Response, Barred> {
    entered
        .show(hall, READERS, move |view| {
            let mut sections = vec![Section::lead(vec![Block::Form(form(view, &typed))])];
            let mut shown = Vec::new();
            if typed.go.is_some() {
                let before = typed.before()?;
                match typed.question(view, before) {
                    Err(text) => sections.push(Section::lead(vec![Block::Note(Kind::Warning, text)])),
                    Ok(question) => {
                        let found = view.ledger.search(&view.visitor.office, &question)?;
                        shown.push(Shown::rows(Query::Search, found.rows.len(), about(&question)));
                        sections.extend(results(view, &typed, &found));
                    }
                }
            }
            let title = view.say("Search of access records", "操作履歴の検索");
            Ok((Content { title, place: "/console/records", refresh: None, sections }, shown))
        })
        .await
}

impl Typed {
    /// Before which record the page ends.
    fn before(&self) -> Result<Option<u64>, Refusal> {
        let before = (!self.before.is_empty()).then(|| self.before.parse());
        before.transpose().map_err(|_| Refusal::NotFound(PAGE_OF_LIST))
    }

    /// The question, or what of it cannot be read.
    fn question(&self, view: &View<'_>, before: Option<u64>) -> Result<Question, String> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let date = |text: &str, edge| {
            match given(text) {
            None => Ok(None),
            Some(text) => match When::parse(&text) {
                Some(when) => Ok(Some(when.moment(edge))),
                None => Err(view.say(
                    format!("'{text}' is no date: write 2026-04-01, 2026-04-01T08:30, R8.4.1 or 令和8年4月1日"),
                    format!("「{text}」は日付として読み取れません。令和8年4月1日、R8.4.1、2026-04-01、2026-04-01T08:30 のように入力してください"),
                )),
            },
        }
        };
        let verdict = match self.verdict.as_str() {
            "granted" => Some(AskedVerdict::Granted),
            "refused" => Some(AskedVerdict::Refused),
            _ => None,
        };
        let card = match given(&self.card) {
            None => None,
            Some(text) => Some(card(view, &text).ok_or_else(|| {
                view.say(
                    format!("'{text}' is no card: write its number (2026-12) or its GUID"),
                    format!(
                        "「{text}」のカードがありません。番号（令和8年度第12号、2026-12）又はGUIDを入力してください"
                    ),
                )
            })?),
        };
        Ok(Question {
            operator: given(&self.operator),
            card,
            terminal: given(&self.terminal),
            function: given(&self.function),
            case: given(&self.case),
            verdict,
            kind: given(&self.kind).and_then(|kind| kind_number(&kind)),
            since: date(&self.since, Edge::From)?,
            until: date(&self.until, Edge::Until)?,
            before,
            limit: PAGE,
        })
    }

    /// The address of the page behind this one.
    fn next(&self, before: u64) -> String {
        let fields = [
            ("operator", &self.operator),
            ("card", &self.card),
            ("terminal", &self.terminal),
            ("function", &self.function),
            ("case", &self.case),
            ("verdict", &self.verdict),
            ("kind", &self.kind),
            ("since", &self.since),
            ("until", &self.until),
        ];
        let mut asked: Vec<(&str, String)> = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.clone()))
            .collect();
        asked.push(("before", before.to_string()));
        asked.push(("go", "1".to_owned()));
        format!("/console/records?{}", serde_urlencoded::to_string(asked).unwrap_or_default())
    }
}

/// A card by GUID, or by its number in either spelling.
fn card(view: &View<'_>, text: &str) -> Option<String> {
    if let Ok(guid) = text.parse::<CardGuid>() {
        return Some(guid.to_string());
    }
    let digits = text.strip_prefix("令和").and_then(|rest| {
        let (year, number) = rest.strip_suffix('号')?.split_once("年度第")?;
        let year: u16 = if year == "元" { 1 } else { year.parse().ok()? };
        Some((year.checked_add(2018)?, number.parse().ok()?))
    });
    let iso = || text.split_once('-').and_then(|(year, number)| Some((year.parse().ok()?, number.parse().ok()?)));
    let (fiscal_year, number) = digits.or_else(iso)?;
    let card = view.register.card_by_number(Numbered { fiscal_year, number })?;
    Some(card.guid().to_string())
}

fn form(view: &View<'_>, typed: &Typed) -> Form {
    let line = |name, (english, japanese): (&str, &str), value: &String, hint: String| Field::Line {
        name,
        label: view.say(english, japanese),
        value: value.clone(),
        hint,
    };
    let none = String::new;
    let date = || {
        view.say(
            "2026-04-01 or R8.4.1; with a time 2026-04-01T08:30",
            "令和8年4月1日、R8.4.1、2026-04-01（時刻は 2026-04-01T08:30）",
        )
    };
    let verdicts = [("", "all", "全て"), ("granted", "granted", "許可"), ("refused", "refused", "拒否")];
    let verdicts = verdicts
        .map(|(value, english, japanese)| (value.to_owned(), view.say(english, japanese), typed.verdict == value));
    let mut kinds = vec![(String::new(), view.say("all", "全て"), typed.kind.is_empty())];
    kinds.extend(
        KINDS.map(|(number, name)| (name.to_owned(), kind(number, view.language).to_owned(), typed.kind == name)),
    );
    Form {
        action: "/console/records".to_owned(),
        method: Method::Get,
        fields: vec![
            line("operator", ("Person (code)", "操作者（照合ID）"), &typed.operator, none()),
            line("card", ("Card (number or GUID)", "カード（番号又はGUID）"), &typed.card, none()),
            line("terminal", ("Terminal", "端末機"), &typed.terminal, none()),
            line("function", ("Function", "業務機能"), &typed.function, none()),
            line("case", ("Case", "案件番号"), &typed.case, none()),
            Field::Choice { name: "verdict", label: view.say("Decision", "可否"), options: verdicts.to_vec() },
            Field::Choice { name: "kind", label: view.say("Kind", "種別"), options: kinds },
            line("since", ("From", "開始日"), &typed.since, date()),
            line("until", ("Until (included)", "終了日（当日を含む）"), &typed.until, none()),
            Field::Hidden { name: "go", value: "1".to_owned() },
        ],
        button: view.say("Search", "検索する"),
    }
}

fn results(view: &View<'_>, typed: &Typed, found: &Found) -> Vec<Section> {
    let row = |(index, bytes): &(u64, Option<Vec<u8>>)| row(view, *index, bytes.as_deref(), &found.carried);
    let columns =
        [("Number", "番号"), ("Time", "日時"), ("Place", "場所"), ("Kind", "種別"), ("What happened", "内容")];
    let count = found.rows.len();
    let table = Table {
        caption: view.say(
            format!("Records found: {count} on this page, newest first"),
            format!("検索結果：このページに{count}件（新しい順）"),
        ),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: view.together(|| found.rows.iter().map(row).collect()),
        none: view.say("No record was found.", "該当する記録はありません。"),
    };
    let mut blocks = vec![Block::Table(table)];
    if let Some(next) = found.next {
        blocks.push(Block::List(vec![Cell::link(typed.next(next), view.say("Older records", "これより前の記録"))]));
    }
    if found.size < found.of {
        let (size, of) = (found.size, found.of);
        blocks.push(Block::Note(
            Kind::Warning,
            view.say(
                format!("Made from the first {size} of {of} entries: the search index has not come further."),
                format!("検索できるのは{of}件中{size}件までです（索引の作成が追いついていません）。"),
            ),
        ));
    }
    vec![
        Section::new(view.say("Found", "検索結果"), blocks),
        lacks::section(view, &found.behind, &found.missing, &found.destroyed),
    ]
}

fn row(view: &View<'_>, index: u64, bytes: Option<&[u8]>, carried: &BTreeMap<u64, CarriedTo>) -> Vec<Cell> {
    let number = Cell::link(format!("/console/records/{index}"), index.to_string());
    let Some(record) = bytes.and_then(|bytes| Record::decode(bytes).ok()) else {
        let text = view.say(
            "its payload does not open; its hash stands in the log",
            "内容を読み取れません（ハッシュはログに残っています）",
        );
        return vec![number, Cell::text("-"), Cell::text("-"), Cell::text("-"), Cell::Mark(Kind::Alarm, text)];
    };
    let mut lines = vec![view.tell(|tell| tell.happened(&record.body))];
    if let Some(to) = carried.get(&index) {
        lines.push(view.tell(|tell| tell.carried(&record, (to.epoch, to.seq))));
    }
    vec![
        number,
        Cell::short(view.moment(record.trusted)),
        Cell::text(place(view, &record)),
        Cell::short(kind(record.body.kind().0, view.language)),
        Cell::Lines(lines),
    ]
}

fn place(view: &View<'_>, record: &Record) -> String {
    match &record.emitter {
        Emitter::Terminal(terminal) => terminal.to_string(),
        Emitter::Ledger => view.say("ledger", "台帳"),
    }
}

#[derive(Deserialize)]
pub(crate) struct AtIndex {
    index: u64,
}

/// One record, with what proves it.
pub(crate) async fn record(
    State(hall): State<Hall>,
    entered: Entered,
    Named(AtIndex { index }): Named<AtIndex>,
) -> Result<Response, Barred> {
    entered
        .show(hall, READERS, move |view| {
            let office = &view.visitor.office;
            let evidence = view.ledger.evidence(office, index)?;
            let (late, missing) = (view.ledger.late(office)?, view.ledger.missing(office)?);
            let sections = vec![
                said(view, index, &evidence),
                proof(view, &evidence),
                take_away(view, index),
                lacks::section(view, &late, &missing, view.register.all_destroyed()),
            ];
            let title = view.say(format!("Record {index}"), format!("記録 {index}"));
            let content = Content { title, place: "/console/records", refresh: None, sections };
            Ok((content, vec![Shown::rows(Query::Proof, 1, from(index))]))
        })
        .await
}

fn said(view: &View<'_>, index: u64, evidence: &Evidence) -> Section {
    let mut facts = vec![(view.say("Number in the log", "ログ上の番号"), Cell::number(index))];
    if let Ok(record) = Record::decode(&evidence.record) {
        facts.extend([
            (view.say("What happened", "内容"), Cell::text(view.tell(|tell| tell.happened(&record.body)))),
            (view.say("Time", "日時"), Cell::short(view.moment(record.trusted))),
            (view.say("Place", "場所"), Cell::text(place(view, &record))),
            (view.say("Kind", "種別"), Cell::text(kind(record.body.kind().0, view.language))),
            (
                view.say("Epoch and number there", "履歴・番号"),
                Cell::text(format!("{} / {}", record.epoch, record.seq)),
            ),
        ]);
        if let Some(input) = record.body.input() {
            let titled = |code: &sekisho_wire::id::Code| {
                view.register.function(code).map_or_else(|| code.to_string(), |it| format!("{} ({code})", it.title()))
            };
            facts.extend([
                (view.say("Function", "業務機能"), Cell::text(list(input.function.as_ref().map(titled), ""))),
                (view.say("Case", "案件番号"), Cell::text(list(input.case.as_ref().map(|case| case.as_str()), ""))),
                (
                    view.say("Decided by a register of", "判定時の登録簿"),
                    Cell::text(view.say(format!("{} acts", input.register), format!("{}件", input.register))),
                ),
            ]);
        }
    } else {
        facts.push((
            view.say("What happened", "内容"),
            Cell::Mark(Kind::Alarm, view.say("cannot be read", "読み取れません")),
        ));
    }
    Section::new(view.say("The record", "記録の内容"), vec![Block::Facts(facts)])
}

fn proof(view: &View<'_>, evidence: &Evidence) -> Section {
    let proved = &evidence.proved;
    let signed = match &evidence.signed {
        Some(signed) => {
            let count = signed.leaves.len();
            view.say(
                format!("by its terminal, with {count} records of one batch"),
                format!("端末機の署名あり（同時に送信された{count}件の記録とともに）"),
            )
        }
        None => view.say(
            "by the ledger's checkpoint alone: it is a record of the ledger's own",
            "台帳自身の記録のため、チェックポイントの署名のみ",
        ),
    };
    let facts = vec![
        (view.say("Signed", "署名"), Cell::text(signed)),
        (
            view.say("Hashes of its inclusion proof", "包含証明のハッシュ"),
            Cell::Lines(proved.proof.iter().map(sekisho_tlog::Hash::to_base64).collect()),
        ),
    ];
    let blocks = vec![Block::Facts(facts), Block::Act(proved.checkpoint.text.clone())];
    Section::new(view.say("What proves it", "証明"), blocks)
}

/// Requests to take records away that were granted, the newest first.
fn granted(view: &View<'_>) -> Vec<(String, String)> {
    let casebook = view.office.casebook();
    let requests = casebook.cases_on(sekisho_register::forms::Form::ExportRequest);
    let granted = requests.filter(|case| Taking::of(case, view.now).is_ok());
    let mut granted: Vec<_> = granted.map(|case| (case.opened.index, case.id)).collect();
    granted.sort_unstable_by_key(|(index, _)| std::cmp::Reverse(*index));
    granted.into_iter().take(30).map(|(_, id)| (id.to_string(), id.text(view.language))).collect()
}

fn take_away(view: &View<'_>, index: u64) -> Section {
    let permission = || {
        Field::Blank(Blank {
            name: "permission".to_owned(),
            label: view.say("Number of the permission", "許可番号"),
            value: String::new(),
            hint: view.say(
                "a granted export request, as in export-request-2026-1; it stands in the record of this reading",
                "許可されたデータ使用許可申請（例：export-request-2026-1）。閲覧の記録に残ります",
            ),
            must: true,
            wrong: String::new(),
            input: Input::Line(granted(view)),
        })
    };
    let sign = Form {
        action: format!("/console/records/{index}/wish"),
        method: Method::Post,
        fields: vec![permission()],
        button: view.say("Make an evidence file: sign with the card", "証拠ファイルを作成する（カードで署名）"),
    };
    let json = Form {
        action: format!("/console/records/{index}/evidence.json"),
        method: Method::Get,
        fields: vec![Field::Hidden { name: "permission", value: String::new() }],
        button: view.say("Download what the ledger shows (JSON)", "台帳の証拠データを取得する（JSON）"),
    };
    Section::new(
        view.say("To take away", "書き出し"),
        vec![
            Block::Text(view.say(
                "An evidence file holds the record, its proof and the register, signed by whoever takes it; 'sekisho-admin verify-evidence' checks it without the ledger. sekisho-admin at your desk writes it.",
                "証拠ファイルには記録、証明及び登録簿が含まれ、作成者が署名します。「sekisho-admin verify-evidence」で台帳なしに検証できます。手元の sekisho-admin が書き出します。",
            )),
            Block::Form(sign),
            Block::Form(json),
        ],
    )
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Permission {
    permission: String,
}

impl Permission {
    fn number(&self) -> Result<Option<CaseReference>, Refusal> {
        let text = self.permission.trim();
        let number = (!text.is_empty()).then(|| CaseReference::new(text)).transpose();
        number.map_err(|_| Refusal::Malformed("permission"))
    }
}

/// The same bytes as programs get (LEDGER §L4, `evidence`).
pub(crate) async fn evidence(
    State(hall): State<Hall>,
    entered: Entered,
    Named(AtIndex { index }): Named<AtIndex>,
    Asked(permission): Asked<Permission>,
) -> Result<Response, Barred> {
    let number = permission.number()?;
    let body = entered.answer(hall, READERS, move |view| {
        view.ledger.permit_record(&view.visitor.office, number.as_ref(), index)?;
        let about = About { permission: number.clone(), ..from(index) };
        let body = evidence_body(view.ledger, &view.visitor.office, index)?;
        Ok((body, vec![Shown::rows(Query::Proof, 1, about)]))
    });
    let body = body.await?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let name = HeaderValue::from_str(&format!("attachment; filename=\"record-{index}.json\""));
    headers.extend(name.ok().map(|name| (CONTENT_DISPOSITION, name)));
    Ok((headers, body.to_string()).into_response())
}

/// The wish for an evidence file, which the companion writes.
pub(crate) async fn wish(
    State(hall): State<Hall>,
    Named(AtIndex { index }): Named<AtIndex>,
    posted: Posted,
) -> Result<Response, Barred> {
    let permission = posted.fields.get("permission").cloned().unwrap_or_default();
    let permission = Permission { permission }.number()?;
    let number = permission.clone();
    let is_there = move |view: &View<'_>| {
        let size = view.office.log(crate::store::LogName::Records).committed_size();
        if index >= size {
            return Err(Refusal::NotFound("record"));
        }
        view.ledger.permit_record(&view.visitor.office, number.as_ref(), index)?;
        Ok(((), Vec::new()))
    };
    posted.entered.clone().answer(hall.clone(), READERS, is_there).await?;
    begin(&hall, &posted.entered, Wanted::Evidence { index, permission })
}

const PAGE: u32 = 50;
