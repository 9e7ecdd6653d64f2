//! 本日の要処理: what waits, for the person at the desk first.

use sekisho_register::SignedAct;
use sekisho_register::forms::checks;
use sekisho_register::role::Role;
use sekisho_register::today::{Task, Waits, today};
use sekisho_register::wareki::{day_text, moment_text, numbered};
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use super::cases::whose_text;
use crate::casebook;
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::table::Table;

/// Lists what waits; `mine`: only what the person at the desk can do.
pub(super) fn run(desk: &mut Desk, mine: bool) -> Result<(), AdminError> {
    let (casebook, _) = casebook::entries(desk)?;
    let (now, screen) = (clock::now(), desk.screen);
    let me = desk.signer().and_then(|card| {
        let card = desk.cache.register().card(&card)?;
        Some(card.holder(now)?.operator.clone())
    });
    let is_mine =
        |task: &Task, me: &Option<Code>| me.as_ref().is_some_and(|me| task.is_for(me, desk.cache.register(), now));
    let mut tasks: Vec<(bool, Task)> =
        today(desk.cache.register(), &casebook, now).into_iter().map(|task| (is_mine(&task, &me), task)).collect();
    // Of his own section all that waits is asked of its head.
    let mine = mine || !desk.sight().is_whole();
    tasks.retain(|(of_mine, _)| *of_mine || !mine);
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
        let (what, how) = words(&task.what, desk);
        let of_mine = if *of_mine { screen.words("yes", "○") } else { "" };
        table.row([due, what, whose_text(&task.whose, screen), of_mine.to_owned(), how]);
    }
    if tasks.is_empty() {
        screen.note("nothing waits", "要処理の事項はありません");
    }
    screen.print_table(&table)
}

/// What it is, and how it is done.
fn words(what: &Waits, desk: &Desk) -> (String, String) {
    let (screen, language) = (desk.screen, desk.screen.language);
    let person = |operator: &Code| desk.cache.person(operator, language);
    match what {
        Waits::Approval { proposal } => (
            screen.words("a proposal waits for approval", "承認待ちの申請").to_owned(),
            format!("sekisho-admin approve {}", &proposal.to_string()[..16]),
        ),
        Waits::Stranded { proposal } => (
            screen
                .words(
                    "nobody can approve a proposal any more: its route has fewer stages now",
                    "決裁区分の段階が減り、承認できなくなった申請",
                )
                .to_owned(),
            format!("sekisho-admin withdraw {}", &proposal.to_string()[..16]),
        ),
        Waits::Step(duty) => {
            let about = duty.about.map_or_else(String::new, |number| format!(" ({number})"));
            let step = duty.step.title.text(language);
            let case = duty.case.text(language);
            (format!("{case}: {step}{about}"), format!("sekisho-admin case step {} {}", duty.case, duty.step.name))
        }
        Waits::Review { act, post, .. } => (
            screen.words(format!("what a deputy of {post} decided"), format!("職 {post} の代決の後閲")),
            format!("sekisho-admin review {}", &act.to_string()[..16]),
        ),
        Waits::StopUnrecorded => (
            screen
                .words(
                    "the connection was stopped, and nobody has recorded it or told anybody",
                    "結合停止の記録と通知がまだです",
                )
                .to_owned(),
            "sekisho-admin case open disconnection …".to_owned(),
        ),
        Waits::Unconfirmed { what, day } => {
            let word = checks::CONFIRMED.iter().find(|word| word.number == *what);
            let title = word.map_or("?", |word| word.title.text(language));
            let (iso, day) = (day_text(*day, Language::English), day_text(*day, language));
            let name = word.map_or("?", |word| word.name);
            (
                screen.words(format!("no confirmation of {day}: {title}"), format!("{day}の確認がありません: {title}")),
                format!("sekisho-admin case open confirmation what={name} day={iso} result=good"),
            )
        }
        Waits::NobodyResponsible(terminal) => (
            screen.words(
                format!("terminal {terminal}: nobody is responsible"),
                format!("端末機 {terminal}: 管理責任者がいません"),
            ),
            "sekisho-admin terminal …".to_owned(),
        ),
        Waits::Unreturned { card, operator } => {
            let number = desk
                .cache
                .register()
                .card(card)
                .map_or_else(|| card.to_string(), |card| numbered(card.number(), language));
            let who = person(operator);
            (
                screen.words(
                    format!("card {number} is still with {who}"),
                    format!("カード {number} が {who} から返却されていません"),
                ),
                format!("sekisho-admin card return {number}"),
            )
        }
        Waits::Unrenewed { operator, ends } => {
            let (who, ends) = (person(operator), moment_text(*ends, language));
            (
                screen
                    .words(format!("designation of {who} ends {ends}"), format!("{who} の指定は {ends} に終了します")),
                format!("sekisho-admin operator designate {operator} …"),
            )
        }
        Waits::Untrained(operator) => {
            let who = person(operator);
            (
                screen.words(
                    format!("{who} took part in no training for a year"),
                    format!("{who} は1年間研修を受けていません"),
                ),
                format!("sekisho-admin case step training-… attended operator={operator} …"),
            )
        }
        Waits::NotTold { operator, index } => {
            let who = person(operator);
            (
                screen.words(
                    format!("{who} was not told of a change (entry {index})"),
                    format!("{who} への変更通知がありません(登録順{index})"),
                ),
                format!("sekisho-admin case open notice operator={operator} act={} at=…", act_of(desk, *index)),
            )
        }
        Waits::Unacknowledged { operator, rules } => {
            let (who, version) = (person(operator), rules.text(language));
            (
                screen.words(
                    format!("{who} has not acknowledged the rules: {version}"),
                    format!("{who} は基準書を確認していません: {version}"),
                ),
                format!("sekisho-admin case step {rules} acknowledged operator={operator} on=…"),
            )
        }
        Waits::Unreported { operator, index } => {
            let who = person(operator);
            (
                screen.words(
                    format!(
                        "designation of system staff {who} was not reported to the data protection manager (entry {index})"
                    ),
                    format!("電算要員 {who} の指定・変更がデータ保護管理者に報告されていません(登録順{index})"),
                ),
                format!(
                    "sekisho-admin case open notice post={} act={} at=…",
                    hearing_post(desk),
                    act_of(desk, *index)
                ),
            )
        }
        Waits::Unqualified { operator, ends } => {
            let who = person(operator);
            let text = match ends {
                Some(ends) => {
                    let ends = moment_text(*ends, language);
                    screen.words(
                        format!("the qualification of {who} for the card ends {ends}"),
                        format!("{who} のカードの交付資格は {ends} に終了します"),
                    )
                }
                None => screen.words(
                    format!("{who} has a card and no qualification for it"),
                    format!("{who} は交付資格の認定がないカードを使用しています"),
                ),
            };
            (text, format!("sekisho-admin operator qualify {operator} --by …"))
        }
        Waits::LossUnwritten { card, index } => {
            let card = desk.cache.register().card(card);
            let number = card.map_or_else(|| "?".to_owned(), |card| numbered(card.number(), language));
            (
                screen.words(
                    format!("card {number} was reported, and its form is not filled in (entry {index})"),
                    format!("届出のあったカード {number} の紛失等届が作成されていません(登録順{index})"),
                ),
                format!("sekisho-admin report form {} place=… circumstances=…", act_of(desk, *index)),
            )
        }
    }
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
