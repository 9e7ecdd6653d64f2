//! 本日の要処理: what waits, for the person at the desk first.

use sekisho_register::change::CardKind;
use sekisho_register::forms::checks;
use sekisho_register::role::Role;
use sekisho_register::today::{Task, Telling, Waits, Watched, today};
use sekisho_register::wareki::{day_text, moment_text, numbered};
use sekisho_register::{Casebook, SignedAct};
use sekisho_wire::id::{CardGuid, Code, Hash};
use sekisho_wire::words::Language;

use crate::casebook;
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::table::Table;

/// Lists what waits; `mine`: only what the person at the desk can do.
pub(super) fn run(desk: &mut Desk, mine: bool) -> Result<(), AdminError> {
    let (casebook, _) = casebook::entries(desk)?;
    let watched = desk.ledger.watched()?;
    let (now, screen) = (clock::now(), desk.screen);
    let me = desk.signer().and_then(|card| {
        let card = desk.cache.register().card(&card)?;
        Some(card.holder(now)?.operator.clone())
    });
    let is_mine = |task: &Task, me: &Option<Code>| {
        me.as_ref().is_some_and(|me| task.is_for(me, desk.cache.register(), &casebook, now))
    };
    let watched = watched.into_iter().map(|(watched, since)| watched.task(since, desk.cache.register()));
    let all = today(desk.cache.register(), &casebook, now).into_iter().chain(watched);
    let mut tasks: Vec<(bool, Task)> = all.map(|task| (is_mine(&task, &me), task)).collect();
    // The head of a section is shown what waits of his own, and of the whole office.
    let sight = desk.sight();
    let seen = |task: &Task| sight.sees_task(desk.cache.register(), &casebook, task);
    tasks.retain(|(of_mine, task)| *of_mine || (!mine && seen(task)));
    // What is overdue comes first, and of that what one can do oneself.
    tasks.sort_by_key(|(of_mine, task)| (!task.is_overdue(now), !of_mine));
    let mut table = Table::new(&[
        ("due", screen.words("due", "期限")),
        ("what", screen.words("what", "内容")),
        ("whose", screen.words("whose", "担当")),
        ("mine", screen.words("yours", "自分")),
        ("do", screen.words("how", "手続")),
    ]);
    for (of_mine, task) in &tasks {
        let due = task.due.map_or_else(|| "-".to_owned(), |due| moment_text(due, screen.language));
        let due =
            if task.is_overdue(now) { screen.words(format!("overdue: {due}"), format!("超過: {due}")) } else { due };
        let (what, whose) = telling(desk, &casebook, |telling| (telling.what(&task.what), telling.whose(&task.whose)));
        let of_mine = if *of_mine { screen.words("yes", "○") } else { "" };
        table.row([due, what, whose, of_mine.to_owned(), how(&task.what, desk)]);
    }
    if tasks.is_empty() {
        screen.note("nothing waits", "要処理の事項はありません");
    }
    screen.print_table(&table)
}

/// The command by which it is done.
fn how(what: &Waits, desk: &Desk) -> String {
    // As commands take it, whatever the language.
    let number = |card: &CardGuid| {
        let known = desk.cache.register().card(card).map(|card| numbered(card.number(), Language::English));
        known.unwrap_or_else(|| card.to_string())
    };
    let begin = |id: &Hash| id.to_string()[..16].to_owned();
    let done = match what {
        Waits::Watched(watched) => match watched {
            Watched::CertificateEnds { terminal, .. } => format!("terminal invite {terminal} --out …"),
            Watched::TerminalSilent { .. } | Watched::RecordsMissing(_) => "terminal behind".to_owned(),
            Watched::CardUnused { .. } => "card list --unused".to_owned(),
            // At the ledger's own machine.
            Watched::LedgerSilent | Watched::LogStopped(_) | Watched::BackupOverdue | Watched::DiskLow { .. } => {
                return "sekisho-ledger status".to_owned();
            }
        },
        Waits::Approval { proposal } => format!("approve {}", begin(proposal)),
        Waits::Stranded { proposal } => format!("withdraw {}", begin(proposal)),
        Waits::Step(duty) => format!("case step {} {}", duty.case, duty.step.name),
        Waits::Review { act, .. } => format!("review {}", begin(act)),
        Waits::StopUnrecorded => "case open disconnection …".to_owned(),
        Waits::Unconfirmed { what, day } => {
            let name = checks::CONFIRMED.iter().find(|word| word.number == *what).map_or("?", |word| word.name);
            format!("case open confirmation what={name} day={} result=good", day_text(*day, Language::English))
        }
        Waits::NobodyResponsible(_) => "terminal …".to_owned(),
        // A spare card comes back to sleep with a new PIN; taking it back would end it.
        Waits::Unreturned { card, .. } if is_spare(desk, card) => format!("card reset-pin {}", number(card)),
        Waits::Unreturned { card, .. } => format!("card return {}", number(card)),
        Waits::CardEnds { card, operator: None, ends } => {
            // What has ended is of no use any more; before that it is replaced.
            if *ends <= clock::now() {
                format!("card return {}", number(card))
            } else {
                let kind = desk.cache.register().card(card).map(|card| card.issued().kind);
                let kind = if kind == Some(CardKind::Emergency) { "emergency" } else { "spare" };
                format!("card issue --kind {kind} --dormant …")
            }
        }
        Waits::CardEnds { operator: Some(operator), .. } => format!("card issue --operator {operator} …"),
        // Who has his card from another office is admitted anew.
        Waits::Unrenewed { operator, .. } if is_admitted(desk, operator) => format!("partner admit {operator} …"),
        Waits::Unrenewed { operator, .. } => format!("operator designate {operator} …"),
        Waits::Untrained(operator) => format!("case step training-… attended operator={operator} …"),
        Waits::NotTold { operator, index } => {
            format!("case open notice operator={operator} act={} at=…", act_of(desk, *index))
        }
        Waits::Unacknowledged { operator, rules } => format!("case step {rules} acknowledged operator={operator} on=…"),
        Waits::Unreported { index, .. } => {
            format!("case open notice post={} act={} at=…", hearing_post(desk), act_of(desk, *index))
        }
        Waits::Unqualified { operator, .. } => format!("operator qualify {operator} --by …"),
        Waits::StockDiffers(_) => "case open card-stock movement=counted number=… on=…".to_owned(),
        Waits::TextsDue { .. } => "retention texts --due".to_owned(),
        Waits::LossUnwritten { index, .. } => {
            format!("report form {} place=… circumstances=…", act_of(desk, *index))
        }
    };
    format!("sekisho-admin {done}")
}

fn is_admitted(desk: &Desk, operator: &Code) -> bool {
    desk.cache.register().operator(operator).is_some_and(|person| person.home().is_some())
}

fn is_spare(desk: &Desk, card: &CardGuid) -> bool {
    desk.cache.register().card(card).is_some_and(|card| card.issued().dormant)
}

/// The words for what waits.
pub(crate) fn telling<T>(desk: &Desk, casebook: &Casebook, tell: impl FnOnce(&Telling<'_>) -> T) -> T {
    let language = desk.screen.language;
    let person = |operator: &Code| desk.cache.person(operator, language);
    tell(&Telling { register: desk.cache.register(), casebook, language, person: &person })
}

/// The id of the act at this index, as a command takes it.
fn act_of(desk: &Desk, index: u64) -> String {
    let signed = desk.cache.entry(index).and_then(|entry| SignedAct::decode(entry).ok());
    signed.map_or_else(|| "…".to_owned(), |signed| signed.id().to_string())
}

/// The post that hears of designations of system staff.
fn hearing_post(desk: &Desk) -> String {
    let now = clock::now();
    let mut posts = desk.cache.register().posts();
    let hears = posts.find(|post| post.roles_at(now).contains(&Role::DataProtectionManager));
    hears.map_or_else(|| "…".to_owned(), |post| post.code().to_string())
}
