//! What changes posts, routes and policy: nothing of it is filled in here, for each takes much at once and seldom; the page has the command for the desk, with
//! all that stands in the register, to be copied and altered.

use sekisho_paper::registers::Which;
use sekisho_register::change::CardKind;
use sekisho_register::forms::checks::CONFIRMED;
use sekisho_register::organisation::{Capacity, Post, PostVersion};
use sekisho_register::policy::{PinLasts, Policy, TwoTerminals};
use sekisho_register::role::{Class, Role};
use sekisho_wire::pin_policy::{Alphabet, FirstUse};
use sekisho_wire::words::Language;

use crate::console::html::{Block, Section};
use crate::console::pages::changes::way;
use crate::console::visit::View;

/// How what this register shows is changed; nothing for registers whose changes of every day the console has.
pub(super) fn section(view: &View<'_>, which: Which, at: u64) -> Option<Section> {
    let posts = || view.register.posts().filter_map(|post| Some((post, post.versions().at(at)?)));
    let mut blocks = vec![Block::Text(view.say(
        "This is changed at the desk of whoever may: each command below says what stands above, to be copied and altered. Where the route has stages it becomes a proposal, which others approve here.",
        "変更は、権限のある職が手元の端末で次のコマンドにより行います。上に表示した内容がそのまま入っていますので、写して書き換えてください。承認の段階がある場合は申請となり、承認はこの管理画面で行えます。",
    ))];
    match which {
        Which::Posts => {
            let (founding, leaving) = (propose(view, Class::Founding), propose(view, Class::Organisation));
            blocks.push(who(view, Class::Founding, ("a post, who holds it", "職の設置・変更、就任")));
            blocks.push(Block::Commands(posts().map(|(post, said)| set_post(&founding, post, said)).collect()));
            blocks.push(Block::Commands(posts().flat_map(|(post, _)| hold_post(at, &founding, post)).collect()));
            blocks.push(who(view, Class::Organisation, ("who leaves one", "離任")));
            blocks.push(Block::Commands(posts().flat_map(|(post, _)| leave_post(at, &leaving, post)).collect()));
        }
        Which::Routes => {
            let propose = propose(view, Class::Founding);
            blocks.push(who(view, Class::Founding, ("a route", "決裁経路")));
            blocks.push(Block::Commands(
                Class::ALL.into_iter().map(|class| set_route(view, at, &propose, class)).collect(),
            ));
        }
        Which::Policy => {
            blocks.push(who(view, Class::Policy, ("the policy", "運用方針")));
            blocks.push(Block::Text(view.say(
                "A file policy.toml; what is left out of it stays as it is:",
                "ファイル policy.toml（書かない項目は変わりません）：",
            )));
            blocks.push(Block::Commands(vec![policy_file(view.register.policy_at(at))]));
            let verb = if stages(view, Class::Policy) == 0 { "apply" } else { "propose" };
            blocks.push(Block::Commands(vec![format!("sekisho-admin {verb} policy.toml")]));
        }
        Which::Operators
        | Which::Cards
        | Which::TemporaryCards
        | Which::Permits
        | Which::Designations
        | Which::Staff
        | Which::Stock
        | Which::Disposals
        | Which::Terminals
        | Which::Functions
        | Which::Purposes
        | Which::Sections
        | Which::Hours => return None,
    }
    blocks.retain(|block| !matches!(block, Block::Commands(commands) if commands.is_empty()));
    Some(Section::new(view.say("How it is changed", "変更の方法"), blocks))
}

fn who(view: &View<'_>, class: Class, (english, japanese): (&str, &str)) -> Block {
    let way = way(view, class);
    Block::Text(view.say(format!("Who changes {english}: {way}."), format!("{japanese}：{way}")))
}

fn stages(view: &View<'_>, class: Class) -> usize {
    view.register.route_at(class, view.now).stages.len()
}

/// The command as far as every one goes.
fn propose(view: &View<'_>, class: Class) -> String {
    if stages(view, class) == 0 { "sekisho-admin".to_owned() } else { "sekisho-admin --propose".to_owned() }
}

fn set_post(begin: &str, post: &Post, said: &PostVersion) -> String {
    let mut command = format!("{begin} post set {} {}", post.code(), quoted(said.title.as_str()));
    said.roles.iter().for_each(|role| command.push_str(&format!(" --role {}", role.name())));
    if let Some(section) = &said.section {
        command.push_str(&format!(" --section {section}"));
    }
    if let Some(keeper) = &said.keeper {
        command.push_str(&format!(" --keeper {keeper}"));
    }
    command
}

fn hold_post(at: u64, begin: &str, post: &Post) -> Vec<String> {
    let one = |holder: &sekisho_register::organisation::Holder| {
        let deputy = if holder.capacity == Capacity::Deputy { " --deputy" } else { "" };
        format!("{begin} post hold {} {}{deputy}", post.code(), holder.operator)
    };
    post.holders(at).map(one).collect()
}

fn leave_post(at: u64, begin: &str, post: &Post) -> Vec<String> {
    post.holders(at).map(|holder| format!("{begin} post leave {} {}", post.code(), holder.operator)).collect()
}

fn set_route(view: &View<'_>, at: u64, begin: &str, class: Class) -> String {
    let route = view.register.route_at(class, at);
    let names = |roles: &[Role]| roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(",");
    let mut command = format!("{begin} route set {}", class.name());
    route.proposers.iter().for_each(|role| command.push_str(&format!(" --proposer {}", role.name())));
    route.stages.iter().for_each(|stage| command.push_str(&format!(" --approver {}", names(stage))));
    if !route.distinct {
        command.push_str(" --same-person");
    }
    command
}

/// As a shell takes a text for one word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The policy as the file of changes says it.
fn policy_file(policy: &Policy) -> String {
    let list = |words: Vec<&str>| format!("[{}]", words.iter().map(|word| text(word)).collect::<Vec<_>>().join(", "));
    let kinds = |kinds: &[CardKind]| list(kinds.iter().map(|kind| kind.name(Language::English)).collect());
    let (pin, kept) = (&policy.pin, policy.retention_years);
    let lasts = match policy.pin_lasts {
        None => "never".to_owned(),
        Some(PinLasts::FiscalYear) => "fiscal-year".to_owned(),
        Some(PinLasts::Days(days)) => days.to_string(),
    };
    let alphabet = match pin.alphabet {
        Alphabet::Digits => "digits",
        Alphabet::Any => "any",
        Alphabet::Mixed => "mixed",
    };
    let first = match pin.first_use {
        FirstUse::Keep => "keep",
        FirstUse::Change => "change",
    };
    let two = match policy.two_terminals {
        TwoTerminals::Tell => "tell",
        TwoTerminals::CloseLater => "close_later",
    };
    let own = policy.incident_kinds.iter().map(|own| {
        let (kind, title, severity) = (own.code.as_str(), own.title.as_str(), own.severity.name());
        format!("{{ kind = {}, title = {}, severity = {} }}", text(kind), text(title), text(severity))
    });
    let confirmed = CONFIRMED.iter().filter(|word| policy.confirmations.contains(&word.number)).map(|word| word.name);
    let templates = policy.templates.map_or_else(|| "any".to_owned(), |templates| templates.to_string());
    let lines: [(&str, String); 26] = [
        ("idle_seconds", policy.idle_seconds.to_string()),
        ("session_seconds", policy.session_seconds.to_string()),
        ("freshness_seconds", policy.freshness_seconds.to_string()),
        ("pin_tries", policy.pin_tries.to_string()),
        ("pin_alphabet", text(alphabet)),
        ("pin_minimum", pin.minimum.to_string()),
        ("pin_history", pin.history.to_string()),
        ("pin_first_use", text(first)),
        ("pin_lasts", text(&lasts)),
        ("hours_enforced", policy.hours_enforced.to_string()),
        ("out_of_hours_kinds", kinds(&policy.out_of_hours_kinds)),
        ("rest_after_seconds", policy.rest_after_seconds.to_string()),
        ("rest_seconds", policy.rest_seconds.to_string()),
        ("daily_seconds", policy.daily_seconds.to_string()),
        ("keep_sealed_days", policy.keep_sealed_days.to_string()),
        ("recovery_wait_seconds", policy.recovery_wait_seconds.to_string()),
        ("hear_percent", policy.hear_percent.to_string()),
        ("qualified_kinds", kinds(&policy.qualified_kinds)),
        ("permitted_classes", list(policy.permitted_classes.iter().map(|class| class.name()).collect())),
        ("incident_kinds", format!("[{}]", own.collect::<Vec<_>>().join(", "))),
        ("confirmations", list(confirmed.collect())),
        ("templates", text(&templates)),
        ("two_terminals", text(two)),
        ("retention_access_years", kept.access.to_string()),
        ("retention_operation_years", kept.operation.to_string()),
        ("retention_administration_years", kept.administration.to_string()),
    ];
    let lines = lines.into_iter().map(|(key, value)| format!("{key} = {value}"));
    std::iter::once("[policy]".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

fn text(word: &str) -> String {
    format!("\"{word}\"")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_title_is_one_word_for_the_shell() {
        for (title, word) in [("監査委員", "'監査委員'"), ("it's; $(x)", "'it'\\''s; $(x)'")] {
            assert_eq!(super::quoted(title), word);
        }
    }
}
