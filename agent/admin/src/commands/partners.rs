//! Other offices: who they are, what they are entrusted with, whom of them this one lets in, what it decides together with them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::act::Proposal;
use sekisho_register::change::{
    Admit, Change, Designate, EndTrust, Entrust, GiveProfile, SetPartner, SharePolicy, ShowShared,
};
use sekisho_register::people::Standing;
use sekisho_register::role::Class;
use sekisho_register::wareki::moment_text;
use sekisho_register::{Policy, SignedAct};
use sekisho_wire::id::{CaseReference, Code, Hash, OfficeId};
use sekisho_wire::words::Language;
use serde::{Deserialize, Serialize};

use super::decisions::{from, period, since};
use crate::changes_file::{self, Drafter, PolicyUse};
use crate::cli::{AdmitArguments, Introduction, PartnerCommand};
use crate::clock;
use crate::dates::When;
use crate::desk::Desk;
use crate::error::{AdminError, Said, Thing};
use crate::fingerprint;
use crate::introduction::{Introduced, Person};
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, command: PartnerCommand) -> Result<(), AdminError> {
    match command {
        PartnerCommand::List => list(desk),
        PartnerCommand::Introduce { file, operators } => introduce(desk, &file, &operators),
        PartnerCommand::Set { partner, introduction } => set(desk, partner, &introduction),
        PartnerCommand::Entrust { partner, mut classes, period: dates } => {
            classes.sort();
            classes.dedup();
            let (agreement, (from, to)) = (agreement(desk)?, period(dates));
            submit(desk, Change::Entrust(Entrust { partner, agreement, classes, from, to }))
        }
        PartnerCommand::EndTrust { partner, since: at } => {
            submit(desk, Change::EndTrust(EndTrust { partner, effective: since(at) }))
        }
        PartnerCommand::Admit(arguments) => admit(desk, *arguments),
        PartnerCommand::SharePolicy { partner, policy, end, from } => {
            let policy = if end { None } else { Some(policy_of(desk, policy.as_deref())?) };
            share(desk, &partner, policy, from)
        }
        PartnerCommand::ProvePolicy { partner, file } => prove(desk, &partner, &file),
        PartnerCommand::ShowPolicy { file } => show(desk, &file),
    }
}

fn submit(desk: &mut Desk, change: Change) -> Result<(), AdminError> {
    desk.submit(vec![change], &[]).map(drop)
}

fn list(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let (register, now, language) = (desk.cache.register(), clock::now(), desk.screen.language);
    let mut table = Table::new(&[
        ("partner", desk.screen.words("partner", "関係団体")),
        ("title", desk.screen.words("name", "名称")),
        ("office", desk.screen.words("id", "識別子")),
        ("entrusted", desk.screen.words("entrusted with", "委託")),
        ("until", desk.screen.words("until", "期限")),
        ("agreement", desk.screen.words("agreement", "協議書")),
        ("admitted", desk.screen.words("admitted", "受け入れた操作者")),
        ("policy", desk.screen.words("policy", "運用方針")),
    ]);
    for partner in register.partners() {
        let said = partner.said();
        let trust = partner.trust(now);
        let class = |class: &Class| if language == Language::Japanese { class.title() } else { class.name() };
        let classes = trust.map(|trust| trust.classes.iter().map(class).collect::<Vec<_>>().join(" "));
        let here = register.operators().filter(|person| person.is_current(now));
        let admitted = here.filter(|person| person.home().is_some_and(|home| home.partner == said.partner));
        let shared = register.policy_shared_with(now) == Some(said.office);
        let policy = match (shared, partner.decided().is_some()) {
            (_, true) => desk.screen.words("decided here, not shown there yet", "相手の決定待ち"),
            (true, false) => desk.screen.words("shared", "共通"),
            (false, false) => desk.screen.words("own", "独自"),
        };
        table.row([
            said.partner.to_string(),
            said.title.to_string(),
            said.office.to_string(),
            classes.unwrap_or_default(),
            trust.map(|trust| moment_text(trust.to, language)).unwrap_or_default(),
            trust.map(|trust| trust.agreement.to_string()).unwrap_or_default(),
            admitted.map(|person| desk.cache.person(person.code(), desk.screen.language)).collect::<Vec<_>>().join(" "),
            policy.to_owned(),
        ]);
    }
    desk.screen.print_table(&table)
}

/// Names are read by the other office: whom this one introduces it says by name.
fn introduce(desk: &mut Desk, file: &Path, operators: &[Code]) -> Result<(), AdminError> {
    desk.log_in()?;
    let register = desk.cache.register();
    let found = register.founding().ok_or(AdminError::NoOffice)?;
    let persons = operators.iter().map(|operator| person(desk, operator)).collect::<Result<_, _>>()?;
    let key = *register.log_key(sekisho_register::change::Log::Register).ok_or(AdminError::NoOffice)?;
    let introduced =
        Introduced { office: desk.office.id, title: found.title.clone(), ledger: found.ledger.clone(), key, persons };
    write_new(file, &introduced.text())?;
    let (id, print) = (desk.office.id, introduced.fingerprint());
    desk.screen.print(&desk.screen.words(
        format!("office {id}\nfingerprint {print}\nread the fingerprint to the other office, not from this file"),
        format!("団体 {id}\n指紋 {print}\n相手の団体に、ファイルとは別に指紋を伝えてください"),
    ))
}

/// Who works now, with the newest card that is his.
fn person(desk: &Desk, operator: &Code) -> Result<Person, AdminError> {
    let (register, now) = (desk.cache.register(), clock::now());
    let unknown = |what| AdminError::Unknown { what, code: operator.to_string() };
    let known = register.operator(operator).filter(|person| person.home().is_none());
    let known = known.ok_or_else(|| unknown(Thing::Operator))?;
    let Standing::Designated(designation) = known.standing(now) else { return Err(unknown(Thing::Operator)) };
    let card = register.cards_of(operator, now).max_by_key(|card| card.number()).ok_or_else(|| unknown(Thing::Card))?;
    let name = desk.cache.name(&designation.name).ok_or_else(|| AdminError::NameNotShown(operator.clone()))?;
    let issued = card.issued();
    Ok(Person {
        operator: operator.clone(),
        name: name.to_owned(),
        class: designation.class,
        card: issued.card,
        authentication: issued.authentication,
        signature: issued.signature,
        presence: issued.presence,
    })
}

fn set(desk: &mut Desk, partner: Code, introduction: &Introduction) -> Result<(), AdminError> {
    let introduced = read(desk, introduction)?;
    let Introduced { office, title, ledger, key, .. } = introduced;
    submit(desk, Change::Partner(Box::new(SetPartner { partner, office, title, ledger, key })))
}

fn admit(desk: &mut Desk, arguments: AdmitArguments) -> Result<(), AdminError> {
    let introduced = read(desk, &arguments.introduction)?;
    desk.log_in()?;
    let unknown = |what, code: String| AdminError::Unknown { what, code };
    let register = desk.cache.register();
    let partner = register.partners().find(|partner| partner.said().office == introduced.office);
    // Its log is believed by this key: whoever shows another one is somebody else.
    let partner = partner.filter(|partner| partner.said().key == introduced.key);
    let partner = partner.ok_or_else(|| unknown(Thing::Partner, introduced.office.to_string()))?.said().partner.clone();
    let person = introduced.persons.iter().find(|person| person.operator == arguments.home_operator);
    let person = person.ok_or_else(|| unknown(Thing::Operator, arguments.home_operator.to_string()))?;
    let signature =
        if arguments.signs { Some(person.signature.ok_or_else(|| AdminError::NotASigner(person.card))?) } else { None };
    let (from, to) = period(arguments.period);
    let mut drafter = Drafter::new(register, clock::now());
    let designation = Designate {
        operator: arguments.operator.clone(),
        name: drafter.name(&person.name)?,
        class: person.class,
        section: arguments.section,
        from,
        to,
        terminals: arguments.terminals,
        sections: arguments.sections,
    };
    let names = drafter.names;
    let mut changes = vec![Change::Admit(Box::new(Admit {
        designation,
        partner,
        home: person.operator.clone(),
        card: person.card,
        authentication: person.authentication,
        signature,
        presence: person.presence,
    }))];
    if let Some(profile) = arguments.profile {
        let functions = arguments.functions;
        changes.push(Change::Profile(GiveProfile { operator: arguments.operator, profile, functions, from, to }));
    }
    desk.submit(changes, &names).map(drop)
}

fn policy_of(desk: &mut Desk, file: Option<&Path>) -> Result<Policy, AdminError> {
    desk.log_in()?;
    let Some(path) = file else { return Ok(desk.cache.register().policy().clone()) };
    let (file, _) = changes_file::read(path)?;
    let mut drafter = Drafter::new(desk.cache.register(), clock::now());
    match file.changes(PolicyUse::Change, &mut drafter)?.as_slice() {
        // Over the defaults, not over what is in force here: the other office must come to the same.
        [Change::Policy(_)] => Ok(file.founding_policy()),
        _ => Err(AdminError::Argument {
            name: "--policy",
            value: path.display().to_string(),
            rule: Said::new("a file with a [policy] and nothing else", "[policy] だけを含むファイル"),
        }),
    }
}

fn share(desk: &mut Desk, partner: &Code, policy: Option<Policy>, date: When) -> Result<(), AdminError> {
    desk.log_in()?;
    let (office, agreement) = (office_of(desk, partner)?, agreement(desk)?);
    submit(desk, Change::SharePolicy(Box::new(SharePolicy { office, agreement, policy, from: from(Some(date)) })))?;
    desk.screen.note(
        "once it is decided, write it for the other office with 'partner prove-policy', and show what that one wrote with 'partner show-policy'",
        "決定後、「partner prove-policy」で相手の団体に渡す証明を作成し、相手から受け取った証明を「partner show-policy」で提示してください",
    );
    Ok(())
}

/// What one office decided, for the other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proved {
    office: String,
    entry: String,
    index: u64,
    proof: Vec<String>,
    checkpoint: String,
}

fn prove(desk: &mut Desk, partner: &Code, file: &Path) -> Result<(), AdminError> {
    desk.log_in()?;
    let office = office_of(desk, partner)?;
    let decides = |entry: &[u8]| shares_with(entry, office).unwrap_or(false);
    let newest = desk.cache.acts().rev().find(|(entry, folded)| folded.is_ok() && decides(entry));
    let unknown = || AdminError::Unknown { what: Thing::Act, code: partner.to_string() };
    let (entry, folded) = newest.ok_or_else(unknown)?;
    let (entry, id) = (entry.to_vec(), folded.as_ref().map(|folded| folded.id).map_err(|_| unknown())?);
    let place = desk.ledger.place_of(&id)?;
    let proved = Proved {
        office: desk.office.id.to_string(),
        entry: STANDARD.encode(entry),
        index: place.index,
        proof: place.proof.iter().map(|hash| STANDARD.encode(hash.0)).collect(),
        checkpoint: place.checkpoint.to_string(),
    };
    write_new(file, &toml::to_string(&proved).expect("a table of strings is TOML"))
}

/// Whether an entry decides a policy together with this office.
fn shares_with(entry: &[u8], office: OfficeId) -> Option<bool> {
    let signed = SignedAct::decode(entry).ok()?;
    let proposal = signed.proposal().ok()?;
    let changes = &proposal.as_ref().unwrap_or(&signed).act().changes;
    Some(
        changes
            .iter()
            .any(|change| if let Change::SharePolicy(shared) = change { shared.office == office } else { false }),
    )
}

/// The fold looks at the proof, before anything is signed and at each terminal.
fn show(desk: &mut Desk, file: &Path) -> Result<(), AdminError> {
    let damaged = || AdminError::Damaged(file.to_owned());
    let proved: Proved = toml::from_str(&read_text(file)?).map_err(|_| damaged())?;
    let decode = |text: &String| STANDARD.decode(text).map_err(|_| damaged());
    let hash = |text: &String| decode(text)?.try_into().map(Hash).map_err(|_| damaged());
    let shown = ShowShared {
        office: proved.office.parse().map_err(|_| damaged())?,
        entry: Proposal(decode(&proved.entry)?),
        index: proved.index,
        proof: proved.proof.iter().map(hash).collect::<Result<_, _>>()?,
        checkpoint: proved.checkpoint,
    };
    submit(desk, Change::ShowShared(Box::new(shown)))
}

fn office_of(desk: &Desk, partner: &Code) -> Result<OfficeId, AdminError> {
    let known = desk.cache.register().partner(partner).map(|known| known.said().office);
    known.ok_or_else(|| AdminError::Unknown { what: Thing::Partner, code: partner.to_string() })
}

fn agreement(desk: &Desk) -> Result<CaseReference, AdminError> {
    desk.signing.agreement.clone().ok_or_else(|| AdminError::Argument {
        name: "--agreement",
        value: String::new(),
        rule: Said::new("the number of the agreement must be given", "協議書番号の指定が必要です"),
    })
}

/// Nothing in it is believed before its fingerprint was compared.
fn read(desk: &Desk, introduction: &Introduction) -> Result<Introduced, AdminError> {
    let path = &introduction.file;
    let introduced = Introduced::from_text(&read_text(path)?).ok_or_else(|| AdminError::Damaged(path.clone()))?;
    let print = introduced.fingerprint();
    let title = &introduced.title;
    let question = (
        format!("does the desk of {title} that wrote it show {print}?"),
        format!("{title}で作成した際、{print} と表示されましたか?"),
    );
    fingerprint::compare(&desk.screen, introduction.fingerprint.as_deref(), &print, (&question.0, &question.1))?;
    Ok(introduced)
}

fn read_text(path: &Path) -> Result<String, AdminError> {
    let fail = |cause| AdminError::File { path: path.to_owned(), cause };
    if std::fs::metadata(path).map_err(fail)?.len() > crate::config_text::MAX_FILE {
        return Err(AdminError::TooLarge);
    }
    std::fs::read_to_string(path).map_err(fail)
}

fn write_new(path: &Path, text: &str) -> Result<(), AdminError> {
    let fail = |cause| AdminError::File { path: path.to_owned(), cause };
    let mut out = OpenOptions::new().write(true).create_new(true).open(path).map_err(fail)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(fail)
}
