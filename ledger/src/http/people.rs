//! Routes of people (LEDGER §L4, §L5).

use axum::extract::State;
use axum::response::Response;
use sekisho_paper::media::LedgerMedium;
use sekisho_register::NameHash;
use sekisho_register::retention::Destroyed;
use sekisho_tlog::Hash;
use sekisho_wire::id::{CardGuid, CaseReference, Code, Hash as WireHash, OfficeId, Salt};
use sekisho_wire::reason::Query as ReadQuery;
use sekisho_wire::record::{About, Lost, kind_number};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::problem::Inside;
use super::terminals::{RegisterFrom, names_json, register_json, wait_for_more};
use super::visit::{Knock, Shown};
use super::{Asked, Hall, Json, Named, answer, blocking, decode, decode_array, encode, encode_all};
use crate::acts::Name;
use crate::carried::CarriedTo;
use crate::clock::Millis;
use crate::code::CodeSecret;
use crate::index::{AskedVerdict, Question, Unshown};
use crate::ledger::Ledger;
use crate::missing::{AllMissing, Missing};
use crate::people::Proved;
use crate::refusal::Refusal;
use crate::search::Behind;
use crate::stage::class_number;
use crate::store::{KeyState, LogName, StoredKey};
use crate::visitors::{ANY_ROLE, CASE_READERS, INVITERS, READERS, Visitor};
use crate::watch::Said;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireName {
    salt: String,
    text: String,
}

impl WireName {
    fn read(self) -> Result<Name, Refusal> {
        let salt = Salt(decode_array(&self.salt, "salt")?);
        Ok(Name { salt, text: Zeroizing::new(self.text) })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Founding {
    secret: String,
    act: String,
    #[serde(default)]
    names: Vec<WireName>,
}

pub(super) async fn found(State(hall): State<Hall>, Json(founding): Json<Founding>) -> Result<Response, Refusal> {
    let secret = CodeSecret::from_base64(&founding.secret).ok_or(Refusal::Malformed("secret"))?;
    let act = decode(&founding.act, "act")?;
    let names = founding.names.into_iter().map(WireName::read).collect::<Result<_, _>>()?;
    let (office, size) = blocking(move || hall.ledger.found(secret, act, names)).await?;
    Ok(answer(&json!({"office": office.to_string(), "size": size})))
}

pub(super) async fn challenge(State(hall): State<Hall>, knock: Knock) -> Result<Response, Refusal> {
    let (challenge, expires) = hall.ledger.challenge(&knock.office)?;
    Ok(answer(&json!({"challenge": encode(challenge), "expires": expires})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    card: String,
    challenge: String,
    signature: String,
}

pub(super) async fn token(
    State(hall): State<Hall>,
    Knock { office, .. }: Knock,
    Json(proof): Json<Proof>,
) -> Result<Response, Refusal> {
    let card: CardGuid = proof.card.parse().map_err(|_| Refusal::Malformed("card"))?;
    let challenge = decode_array(&proof.challenge, "challenge")?;
    let signature = decode_array(&proof.signature, "signature")?;
    let admitted = blocking(move || hall.ledger.admit(&office, &card, &challenge, &signature)).await?;
    let roles: Vec<&str> = admitted.roles.iter().map(|role| role.name()).collect();
    Ok(answer(&json!({
        "token": admitted.token,
        "expires": admitted.visitor.expires,
        "operator": admitted.visitor.operator.as_str(),
        "roles": roles,
    })))
}

pub(super) async fn register(
    State(hall): State<Hall>,
    knock: Knock,
    Asked(asked): Asked<RegisterFrom>,
) -> Result<Response, Inside> {
    let seen = asked.seen()?;
    knock.admitted(&hall.ledger, ANY_ROLE)?;
    wait_for_more(&hall, &knock.office, &asked, None).await?;
    // The visit looks at card and posts again: they may have ended by the very act that was waited for.
    let part = knock.visit(hall, ANY_ROLE, move |ledger, visitor| {
        let office = ledger.office(&visitor.office)?;
        let mut part = ledger.register_part(&office, asked.from, seen.as_deref(), None)?;
        // The entries everybody folds; whose names he reads is another matter (register §R12).
        let register = office.register();
        if let Some(may_read) = ledger.sight(&register, visitor).names(&register) {
            part.names.retain(|name| may_read.contains(&NameHash::of(&name.salt, &name.text)));
        }
        let shown = match part.entries.len() {
            0 => Shown::NoPersons,
            count => Shown::rows(ReadQuery::Register, count, from(asked.from)),
        };
        Ok((part, shown))
    });
    Ok(answer(&register_json(&part.await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submission {
    act: String,
    #[serde(default)]
    names: Vec<WireName>,
}

pub(super) async fn submit(
    State(hall): State<Hall>,
    Knock { office, .. }: Knock,
    Json(submission): Json<Submission>,
) -> Result<Response, Refusal> {
    let act = decode(&submission.act, "act")?;
    let names = submission.names.into_iter().map(WireName::read).collect::<Result<_, _>>()?;
    let (placed, size, cases) = blocking(move || {
        let (placed, size) = hall.ledger.submit(&office, act, names)?;
        let filed = placed.log == LogName::Casebook;
        let cases = if filed { hall.ledger.cases_at(&office, placed.index)? } else { Vec::new() };
        Ok((placed, size, cases))
    })
    .await?;
    let cases: Vec<String> = cases.iter().map(ToString::to_string).collect();
    Ok(answer(&json!({
        "log": placed.log.as_str(),
        "index": placed.index,
        "id": WireHash(placed.id.0).to_string(),
        "size": size,
        "cases": cases,
    })))
}

/// Index and hashes: neither speaks of a person.
pub(super) async fn act(
    State(hall): State<Hall>,
    knock: Knock,
    Named(OfId { id }): Named<OfId>,
) -> Result<Response, Inside> {
    let id: WireHash = id.parse().map_err(|_| Refusal::NotFound("act"))?;
    let proved = knock.visit(hall, ANY_ROLE, move |ledger, Visitor { office, .. }| {
        Ok((ledger.act_proof(office, &Hash(id.0))?, Shown::NoPersons))
    });
    Ok(answer(&proved_json(&proved.await?)))
}

/// Under the right, and with the record, of the casebook's entries: an approver reads whom she approves.
pub(super) async fn act_names(
    State(hall): State<Hall>,
    knock: Knock,
    Named(OfId { id }): Named<OfId>,
) -> Result<Response, Inside> {
    let id: WireHash = id.parse().map_err(|_| Refusal::NotFound("act"))?;
    let names = knock.visit(hall, CASE_READERS, move |ledger, visitor| {
        let (index, names) = ledger.act_names_in_sight(visitor, &Hash(id.0))?;
        let shown = match names.len() {
            0 => Shown::NoPersons,
            count => Shown::rows(ReadQuery::Entries, count, from(index)),
        };
        Ok((names, shown))
    });
    Ok(answer(&json!({"names": names_json(&names.await?)})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextsFrom {
    from: u64,
    /// Under which number it was permitted to take them away.
    permission: Option<String>,
}

/// The names and texts beside entries of the casebook, page by page.
pub(super) async fn texts(
    State(hall): State<Hall>,
    knock: Knock,
    Asked(TextsFrom { from: first, permission }): Asked<TextsFrom>,
) -> Result<Response, Inside> {
    let permission = number(permission.as_deref())?;
    let page = knock.visit(hall, CASE_READERS, move |ledger, visitor| {
        ledger.permit_logs(&visitor.office, permission.as_ref())?;
        let size = ledger.office(&visitor.office)?.casebook().size();
        let next = first.saturating_add(TEXTS_PAGE).min(size);
        let texts = ledger.texts_in_sight(visitor, first.min(next)..next)?;
        let shown = match texts.len() {
            0 => Shown::NoPersons,
            count => Shown::rows(ReadQuery::Entries, count, About { permission, ..from(first) }),
        };
        Ok(((texts, next), shown))
    });
    let (texts, next) = page.await?;
    Ok(answer(&json!({"texts": names_json(&texts), "next": next})))
}

#[derive(Deserialize)]
pub(super) struct OfId {
    id: String,
}

fn proved_json(proved: &Proved) -> Value {
    json!({
        "log": proved.log.as_str(),
        "index": proved.index,
        "proof": encode_all(&proved.proof),
        "checkpoint": proved.checkpoint.text,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invitation {
    terminal: String,
}

/// The code is written down as an enrolment.
pub(super) async fn invite(
    State(hall): State<Hall>,
    knock: Knock,
    Json(invitation): Json<Invitation>,
) -> Result<Response, Inside> {
    let terminal = Code::new(&invitation.terminal).map_err(|_| Refusal::Malformed("terminal"))?;
    let invited = knock.visit(hall, INVITERS, move |ledger, Visitor { office, operator, .. }| {
        Ok((ledger.invite(office, &terminal, operator)?, Shown::NoPersons))
    });
    let (code, expires) = invited.await?;
    Ok(answer(&json!({"code": code, "expires": expires})))
}

/// Terminals and keys: no person stands in it.
pub(super) async fn enrolments(State(hall): State<Hall>, knock: Knock) -> Result<Response, Inside> {
    let waiting = knock
        .visit(hall, ANY_ROLE, |ledger, Visitor { office, .. }| {
            Ok((ledger.waiting_enrolments(office)?, Shown::NoPersons))
        })
        .await?;
    let rows = waiting.iter().map(|row| {
        json!({
            "terminal": row.terminal.as_str(),
            "key": encode(row.key),
            "at": row.at,
        })
    });
    Ok(answer(&rows.collect()))
}

/// §L5. All of it is text first: an unknown name or a wrong number is the client's mistake, and said so.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchQuery {
    operator: Option<String>,
    card: Option<String>,
    terminal: Option<String>,
    function: Option<String>,
    case: Option<String>,
    verdict: Option<String>,
    kind: Option<String>,
    since: Option<Millis>,
    until: Option<Millis>,
    before: Option<u64>,
    limit: Option<u32>,
    /// Under which number it was permitted to take away what is found.
    permission: Option<String>,
}

impl SearchQuery {
    fn question(self) -> Result<Question, Refusal> {
        let verdict = match self.verdict.as_deref() {
            None => None,
            Some("granted") => Some(AskedVerdict::Granted),
            Some("refused") => Some(AskedVerdict::Refused),
            Some(number) => Some(AskedVerdict::Code(number.parse().map_err(|_| Refusal::Malformed("verdict"))?)),
        };
        let kind = self.kind.map(|kind| kind_number(&kind).ok_or(Refusal::Malformed("kind"))).transpose()?;
        let limit = self.limit.unwrap_or(SEARCH_DEFAULT).min(SEARCH_MAX);
        Ok(Question {
            operator: self.operator,
            card: self.card,
            terminal: self.terminal,
            function: self.function,
            case: self.case,
            verdict,
            kind,
            since: self.since,
            until: self.until,
            before: self.before,
            limit,
        })
    }
}

/// About whom a search asks. What names nobody finds nobody, and is not kept: it may be any text.
pub(crate) fn about(question: &Question) -> About {
    fn named<T: std::str::FromStr>(text: Option<&String>) -> Option<T> {
        text.and_then(|text| text.parse().ok())
    }
    let Question { operator, card, terminal, .. } = question;
    let (operator, card) = (named(operator.as_ref()), named(card.as_ref()));
    About { operator, card, terminal: named(terminal.as_ref()), ..About::default() }
}

/// The number under which something is taken away, where there is one.
pub(super) fn number(permission: Option<&str>) -> Result<Option<CaseReference>, Refusal> {
    permission.map(CaseReference::new).transpose().map_err(|_| Refusal::Malformed("permission"))
}

/// About entries by their number.
fn from(first: u64) -> About {
    About { first: Some(first), ..About::default() }
}

/// What is left of the logs that have stopped, for whoever is to decide what becomes of them. Nothing in it speaks of a person.
pub(super) async fn lost(State(hall): State<Hall>, knock: Knock) -> Result<Response, Inside> {
    let lost = knock.visit(hall, ANY_ROLE, |ledger, Visitor { office, .. }| {
        let office = ledger.office(office)?;
        let lost = LogName::ALL.into_iter().filter_map(|name| {
            let log = office.log(name);
            let ((size, root, signed), halt) = (log.left()?, log.halted()?);
            Some(json!({"log": name.as_str(), "size": size, "root": root.to_base64(), "signed": signed,
                "cause": halt.to_string(), "refillable": log.lacks().is_some()}))
        });
        Ok((lost.collect::<Vec<_>>(), Shown::NoPersons))
    });
    Ok(answer(&json!(lost.await?)))
}

pub(super) async fn search(
    State(hall): State<Hall>,
    knock: Knock,
    Asked(query): Asked<SearchQuery>,
) -> Result<Response, Inside> {
    let permission = number(query.permission.as_deref())?;
    let question = query.question()?;
    let found = knock.visit(hall, READERS, move |ledger, Visitor { office, .. }| {
        let (question, taking) = ledger.permit_search(office, permission.as_ref(), question.clone())?;
        let about = About { permission: permission.clone(), ..about(&question) };
        let mut found = ledger.search(office, &question)?;
        taking.map_or(Ok(()), |taking| ledger.narrow(office, &taking, &mut found))?;
        let shown = Shown::rows(ReadQuery::Search, found.rows.len(), about);
        Ok((found, shown))
    });
    let found = found.await?;
    let row = |(index, record): &(u64, Option<Vec<u8>>)| {
        let mut row = match record {
            Some(record) => json!({"index": index, "record": encode(record)}),
            None => json!({"index": index, "record": "", "damaged": true}),
        };
        if let (Some(CarriedTo { epoch, seq }), Value::Object(row)) = (found.carried.get(index), &mut row) {
            row.insert("carried".into(), json!({"epoch": epoch, "seq": seq}));
        }
        row
    };
    let mut body = json!({
        "rows": found.rows.iter().map(row).collect::<Vec<_>>(),
        "behind": found.behind.iter().map(behind_json).collect::<Vec<_>>(),
        "destroyed": found.destroyed.iter().map(destroyed_json).collect::<Vec<_>>(),
        "size": found.size,
        "of": found.of,
    });
    name_missing(&mut body, &found.missing);
    if let (Some(next), Value::Object(body)) = (found.next, &mut body) {
        body.insert("next".into(), json!(next));
    }
    Ok(answer(&body))
}

/// Every answer names which records are missing, and which entries no search finds.
fn name_missing(body: &mut Value, missing: &AllMissing) {
    let Value::Object(body) = body else { return };
    body.insert("missing".into(), missing.ranges.iter().map(missing_json).collect());
    if missing.is_cut {
        body.insert("missing_cut".into(), json!(true));
    }
    let Unshown { count, first } = &missing.unshown;
    if *count > 0 {
        body.insert("unshown".into(), json!({"count": count, "first": first}));
    }
}

fn missing_json(missing: &Missing) -> Value {
    let mut body =
        json!({"terminal": missing.terminal, "epoch": missing.epoch, "from": missing.from, "to": missing.to});
    if let (Some(said), Value::Object(body)) = (missing.said, &mut body) {
        body.insert("said".into(), json!(said));
    }
    body
}

fn destroyed_json(destroyed: &Destroyed) -> Value {
    let months = &destroyed.months;
    json!({
        "class": class_number(months.class),
        "from": months.from.0,
        "to": months.to.0,
        "act": destroyed.index,
    })
}

/// Months: no person stands in them.
pub(super) async fn retention(State(hall): State<Hall>, knock: Knock) -> Result<Response, Inside> {
    let keys = knock
        .visit(hall, ANY_ROLE, |ledger, Visitor { office, .. }| Ok((ledger.kept_months(office)?, Shown::NoPersons)));
    let row =
        |key: &StoredKey| json!({"class": key.class, "month": key.month, "erased": key.state == KeyState::Erased});
    Ok(answer(&keys.await?.iter().map(row).collect()))
}

/// Media: no person stands in them.
pub(super) async fn media(State(hall): State<Hall>, knock: Knock) -> Result<Response, Inside> {
    let stand = knock.visit(hall, ANY_ROLE, |ledger, _| Ok((ledger.backups()?, Shown::NoPersons))).await?;
    let filled = |members: &[(&str, Option<Value>)]| -> Map<String, Value> {
        members.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?))).collect()
    };
    let time = |at: Option<Millis>| at.map(|at| json!(at));
    let medium = |medium: &LedgerMedium| {
        let LedgerMedium { name, place, listed, verified } = medium;
        let place = place.as_ref().map(|place| json!(place));
        let members = [
            ("name", Some(json!(name))),
            ("place", place),
            ("listed", Some(json!(listed))),
            ("verified", time(*verified)),
        ];
        Value::Object(filled(&members))
    };
    let media: Vec<Value> = stand.media.iter().map(medium).collect();
    let body = filled(&[
        ("media", Some(json!(media))),
        ("overdue_since", time(stand.overdue_since)),
        ("failed", time(stand.failed)),
        ("keys_copied", time(stand.keys_copied)),
    ]);
    Ok(answer(&Value::Object(body)))
}

fn behind_json(row: &Behind) -> Value {
    let mut body = json!({"terminal": row.terminal, "last_heard": row.last_heard, "epoch": row.epoch, "next": row.next, "holds": row.holds});
    if let (Some(first), Value::Object(body)) = (row.gap, &mut body) {
        body.insert("gap".into(), json!({"from": row.next, "to": first - 1}));
    }
    if let (Some(lost), Value::Object(body)) = (&row.lost, &mut body) {
        let to = (lost.to != Lost::REST).then_some(lost.to);
        body.insert("lost".into(), json!({"epoch": lost.epoch, "from": lost.from, "to": to}));
    }
    body
}

pub(super) async fn evidence(
    State(hall): State<Hall>,
    knock: Knock,
    Named(AtIndex { index }): Named<AtIndex>,
    Asked(query): Asked<EvidenceQuery>,
) -> Result<Response, Inside> {
    let permission = number(query.permission.as_deref())?;
    let body = knock.visit(hall, READERS, move |ledger, Visitor { office, .. }| {
        ledger.permit_record(office, permission.as_ref(), index)?;
        let about = About { permission: permission.clone(), ..from(index) };
        Ok((evidence_body(ledger, office, index)?, Shown::rows(ReadQuery::Proof, 1, about)))
    });
    Ok(answer(&body.await?))
}

/// What the ledger shows of a record, and what it lacks around it.
///
/// # Errors
/// As [`Ledger::evidence`].
pub(crate) fn evidence_body(ledger: &Ledger, office: &OfficeId, index: u64) -> Result<Value, Refusal> {
    let evidence = ledger.evidence(office, index)?;
    let (behind, missing) = (ledger.late(office)?, ledger.missing(office)?);
    let mut body = proved_json(&evidence.proved);
    if let Value::Object(body) = &mut body {
        body.insert("record".into(), json!(encode(evidence.record)));
        body.insert("behind".into(), behind.iter().map(behind_json).collect());
        if let Some(signed) = evidence.signed {
            body.insert("batch".into(), json!(encode(signed.header)));
            body.insert("leaves".into(), json!(encode_all(&signed.leaves)));
        }
    }
    name_missing(&mut body, &missing);
    Ok(body)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EvidenceQuery {
    /// Under which number it was permitted to take it away.
    permission: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct AtIndex {
    index: u64,
}

/// When a terminal was last used tells of whoever sits there.
pub(super) async fn behind(State(hall): State<Hall>, knock: Knock) -> Result<Response, Inside> {
    let rows = knock.visit(hall, ANY_ROLE, |ledger, visitor| {
        let office = &visitor.office;
        let (mut rows, missing) = (ledger.behind(office)?, ledger.missing(office)?);
        let register = ledger.office(office)?.register();
        let sight = ledger.sight(&register, visitor);
        rows.retain(|row| sight.sees_terminal_named(&register, &row.terminal));
        let shown = Shown::rows(ReadQuery::Search, rows.len(), About::default());
        Ok(((rows, missing), shown))
    });
    let (rows, missing) = rows.await?;
    let row = |row: &Behind| {
        let mut body = behind_json(row);
        let own = missing.ranges.iter().filter(|missing| missing.terminal == row.terminal).cloned().collect();
        name_missing(&mut body, &AllMissing { ranges: own, is_cut: missing.is_cut, unshown: Unshown::default() });
        body
    };
    Ok(answer(&rows.iter().map(row).collect()))
}

/// As for `behind`, but it is read to decide what is to be done: also while the records log stands still.
pub(super) async fn watched(State(hall): State<Hall>, knock: Knock) -> Result<Response, Inside> {
    let rows = knock.visit(hall, ANY_ROLE, |ledger, visitor| {
        let (office, register) = (&visitor.office, ledger.office(&visitor.office)?.register());
        let sight = ledger.sight(&register, visitor);
        let mut rows = ledger.watched(office)?;
        rows.retain(|(row, _)| sight.sees_watched(&register, row));
        let of_persons = rows.iter().filter(|(row, _)| !row.endangers_the_office()).count();
        let shown = if of_persons == 0 {
            Shown::NoPersons
        } else {
            Shown::rows(ReadQuery::Register, of_persons, About::default())
        };
        Ok((rows, shown))
    });
    Ok(answer(&rows.await?.iter().map(|(row, since)| json!(Said::new(row, *since))).collect()))
}

const SEARCH_DEFAULT: u32 = 100;
const SEARCH_MAX: u32 = 500;
/// Entries of the casebook whose texts one answer has: at most half a megabyte of them where each has several.
const TEXTS_PAGE: u64 = 64;
