//! How long records are kept: what may go, what must stay, and the acts about both (保存・廃棄・保全).

use sekisho_register::calendar::{Month, local_day};
use sekisho_register::change::{
    CaseId, CaseTexts, Change, Destroy, EraseNames, EraseTexts, OperatorState, OrderState, Preserve,
};
use sekisho_register::erasure::TEXTS_MAX;
use sekisho_register::people::{self, Operator};
use sekisho_register::thing::class_name;
use sekisho_register::wareki::{day_text, month_text, numbered};
use sekisho_register::{Casebook, FoldRefusal, Register};
use sekisho_wire::record::Retention;

use crate::casebook;
use crate::cli::RetentionCommand;
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::ledger::KeptMonth;
use crate::screen::Screen;
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, command: RetentionCommand) -> Result<(), AdminError> {
    match command {
        RetentionCommand::List { due } => list(desk, if due { Which::Due } else { Which::All }),
        RetentionCommand::Orders => orders(desk),
        RetentionCommand::Propose { class, from, to } => {
            desk.propose(vec![Change::Destroy(Destroy { class, from, to: after(to) })], &[]).map(drop)
        }
        RetentionCommand::Names { due } => names(desk, if due { Which::Due } else { Which::All }),
        RetentionCommand::EraseNames { mut operators } => {
            operators.sort();
            operators.dedup();
            desk.log_in()?;
            // Else the second person hears what could be said to the first.
            desk.cache.register().may_erase(&operators, clock::now()).map_err(AdminError::Fold)?;
            desk.propose(vec![Change::EraseNames(EraseNames { operators })], &[]).map(drop)
        }
        RetentionCommand::Texts { due } => texts(desk, if due { Which::Due } else { Which::All }),
        RetentionCommand::EraseTexts { cases, due: false } => erase_texts(desk, Some(cases)),
        RetentionCommand::EraseTexts { due: true, .. } => erase_texts(desk, None),
        RetentionCommand::Preserve { order, mut classes, from, to, incident } => {
            classes.sort();
            classes.dedup();
            let state = OrderState::Holds;
            let order = Preserve { order, state, classes, from, to: to.map(after), incident };
            desk.submit(vec![Change::Preserve(Box::new(order))], &[]).map(drop)
        }
        RetentionCommand::Lift { order } => {
            let (state, classes) = (OrderState::Lifted, Vec::new());
            let lift = Preserve { order, state, classes, from: None, to: None, incident: None };
            desk.propose(vec![Change::Preserve(Box::new(lift))], &[]).map(drop)
        }
    }
}

/// People name the last month that they mean.
const fn after(last: Month) -> Month {
    last.after(0, 1)
}

/// Which months are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Due,
}

/// What becomes of a month.
enum Standing {
    Kept,
    Preserved(String),
    Due,
    Destroyed,
    /// An act destroys it, and the ledger has not done it yet.
    BeingDestroyed,
}

fn list(desk: &mut Desk, which: Which) -> Result<(), AdminError> {
    desk.log_in()?;
    let (screen, now) = (desk.screen, clock::now());
    let mut table = Table::new(&[
        ("class", screen.words("class", "区分")),
        ("month", screen.words("month", "月")),
        ("kept_until", screen.words("may go from", "廃棄できる日")),
        ("standing", screen.words("standing", "状況")),
    ]);
    let register = desk.cache.register();
    for row in desk.ledger.kept_months()? {
        let Some((class, month)) = Retention::numbered(row.class).map(|class| (class, Month(row.month))) else {
            continue;
        };
        let standing = standing(register, &row, class, month, now);
        if which == Which::Due && !matches!(standing, Standing::Due) {
            continue;
        }
        let until = register.kept_until(class, month, now);
        table.row([
            class_name(class, screen.language).to_owned(),
            month_text(month, screen.language),
            day_text(local_day(until), screen.language),
            standing.text(&screen),
        ]);
    }
    screen.print_table(&table)
}

fn standing(register: &Register, row: &KeptMonth, class: Retention, month: Month, now: u64) -> Standing {
    if register.destroyed(class, month).is_some() {
        return if row.erased { Standing::Destroyed } else { Standing::BeingDestroyed };
    }
    match register.preserved(class, month) {
        Some(order) => Standing::Preserved(order.given.order.to_string()),
        None if register.kept_until(class, month, now) <= now => Standing::Due,
        None => Standing::Kept,
    }
}

impl Standing {
    fn text(&self, screen: &Screen) -> String {
        match self {
            Self::Kept => screen.words("kept", "保存期間中").to_owned(),
            Self::Due => screen.words("due", "保存期間満了").to_owned(),
            Self::Destroyed => screen.words("destroyed", "廃棄済み").to_owned(),
            Self::BeingDestroyed => screen.words("being destroyed", "廃棄処理中").to_owned(),
            Self::Preserved(order) => screen.words(format!("preserved by {order}"), format!("保全中({order})")),
        }
    }
}

/// Whoever is designated no more, now or later, and still has a name.
fn names(desk: &mut Desk, which: Which) -> Result<(), AdminError> {
    desk.log_in()?;
    let (screen, now) = (desk.screen, clock::now());
    let register = desk.cache.register();
    let mut table = Table::new(&[
        ("operator", screen.words("operator", "照合ID")),
        ("name", screen.words("name", "氏名")),
        ("standing", screen.words("standing", "状況")),
    ]);
    for person in register.operators().filter(|person| has_left(person, now)) {
        let (code, hash) = (person.code(), person.name());
        let may_go = register.may_erase(std::slice::from_ref(code), now);
        if which == Which::Due && may_go.is_err() {
            continue;
        }
        let standing = if register.name_erased(hash).is_some() {
            screen.words("erased", "消去済み").to_owned()
        } else {
            match &may_go {
                Ok(()) => screen.words("may be erased", "消去可").to_owned(),
                Err(refusal) => refusal.text(screen.language),
            }
        };
        let name = desk.cache.name_or_erased(hash, screen.language).unwrap_or("-").to_owned();
        table.row([code.to_string(), name, standing]);
    }
    screen.print_table(&table)
}

/// Every case whose texts are still there.
fn texts(desk: &mut Desk, which: Which) -> Result<(), AdminError> {
    let (casebook, _) = casebook::entries(desk)?;
    let (screen, now) = (desk.screen, clock::now());
    let mut table = Table::new(&[
        ("case", screen.words("case", "番号")),
        ("form", screen.words("form", "様式")),
        ("opened", screen.words("opened", "作成日")),
        ("texts", screen.words("texts", "本文")),
        ("kept_until", screen.words("may go from", "消去できる日")),
        ("standing", screen.words("standing", "状況")),
    ]);
    let keeping = casebook.keeping(desk.cache.register(), now);
    let day = |at: u64| day_text(local_day(at), screen.language);
    for case in keeping.cases() {
        let may_go = keeping.may_go(case);
        if which == Which::Due && may_go.is_err() {
            continue;
        }
        table.row([
            case.id.to_string(),
            case.id.form.title(screen.language).to_owned(),
            day(case.opened.made),
            case.texts().len().to_string(),
            keeping.until(case).map_or_else(|| "-".to_owned(), day),
            may_go
                .map_or_else(|why| why.text(screen.language), |()| screen.words("may be erased", "消去可").to_owned()),
        ]);
    }
    screen.print_table(&table)
}

/// Proposes to erase the texts of these cases, or of all that may lose them.
fn erase_texts(desk: &mut Desk, cases: Option<Vec<CaseId>>) -> Result<(), AdminError> {
    let (casebook, _) = casebook::entries(desk)?;
    let (register, now) = (desk.cache.register(), clock::now());
    let cases = match cases {
        Some(cases) => named(&casebook, cases)?,
        None => {
            let due = casebook.keeping(register, now).due();
            let all = due.len();
            let some = as_many_as_one_act_holds(due);
            if some.is_empty() {
                desk.screen.note("no texts may be erased by now", "消去できる本文はありません");
                return Ok(());
            }
            if some.len() < all {
                let left = all - some.len();
                desk.screen.note(
                    &format!("{left} more cases have to wait for another act: do this again once it is approved"),
                    &format!("残りの{left}件は次の申請で消去します。承認の後、もう一度実行してください"),
                );
            }
            some
        }
    };
    let changes = vec![Change::EraseTexts(EraseTexts { cases })];
    // Else the second person hears what could be said to the first.
    casebook.may_erase(register, &changes, now).map_err(AdminError::Fold)?;
    desk.propose(changes, &[]).map(drop)
}

fn named(casebook: &Casebook, mut cases: Vec<CaseId>) -> Result<Vec<CaseTexts>, AdminError> {
    cases.sort();
    cases.dedup();
    let texts = |id: CaseId| {
        let case = casebook.case(&id).ok_or(AdminError::Fold(FoldRefusal::CaseUnknown(id)))?;
        Ok(CaseTexts { case: id, texts: case.texts() })
    };
    cases.into_iter().map(texts).collect()
}

fn as_many_as_one_act_holds(due: Vec<CaseTexts>) -> Vec<CaseTexts> {
    let mut texts = 0;
    let fits = |case: &CaseTexts| {
        texts += case.texts.len();
        texts <= TEXTS_MAX
    };
    due.into_iter().take_while(fits).collect()
}

fn has_left(person: &Operator, now: u64) -> bool {
    person.state(now) == OperatorState::Ended || matches!(person.standing(now), people::Standing::Ended)
}

fn orders(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let screen = desk.screen;
    let mut table = Table::new(&[
        ("order", screen.words("order", "命令")),
        ("classes", screen.words("classes", "区分")),
        ("from", screen.words("from", "開始月")),
        ("to", screen.words("to", "終了月")),
        ("incident", screen.words("incident", "事案")),
        ("standing", screen.words("standing", "状況")),
    ]);
    for order in desk.cache.register().orders() {
        let given = &order.given;
        let classes: Vec<&str> = given.classes.iter().map(|class| class_name(*class, screen.language)).collect();
        let month = |month: Option<Month>| month.map_or_else(|| "-".to_owned(), |at| month_text(at, screen.language));
        let last = given.to.map(|to| Month(to.0.saturating_sub(1)));
        let incident = given.incident.map_or_else(|| "-".to_owned(), |at| numbered(at, screen.language));
        table.row([
            given.order.to_string(),
            if classes.is_empty() { screen.words("all", "すべて").to_owned() } else { classes.join(", ") },
            month(given.from),
            month(last),
            incident,
            if order.lifted.is_none() { screen.words("holds", "有効") } else { screen.words("lifted", "解除") }
                .to_owned(),
        ]);
    }
    screen.print_table(&table)
}
