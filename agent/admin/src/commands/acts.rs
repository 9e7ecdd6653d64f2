//! The register log as text: number, date, who, what.

use sekisho_register::wareki::moment_text;
use sekisho_register::{Sight, SignedAct, numbered_changes};

use crate::desk::Desk;
use crate::error::AdminError;
use crate::former_policy;
use crate::grounds::by_whom;
use crate::screen::Lists;
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, last: Option<usize>, full: bool) -> Result<(), AdminError> {
    desk.log_in()?;
    let size = usize::try_from(desk.cache.size()).unwrap_or(usize::MAX);
    let first = last.map_or(0, |last| size.saturating_sub(last));
    if full { print_full(desk, first) } else { print_list(desk, first) }
}

fn print_list(desk: &Desk, first: usize) -> Result<(), AdminError> {
    let language = desk.screen.language;
    let mut table = Table::new(&[("index", ""), ("made", ""), ("by", ""), ("id", ""), ("what", "")]);
    let mut text = String::new();
    let sight = desk.sight();
    for (index, (entry, folded)) in desk.cache.acts().enumerate().skip(first) {
        if !is_seen(desk, &sight, entry) {
            continue;
        }
        let (made, by, id, what) = match SignedAct::decode(entry) {
            Ok(signed) => {
                let changes = |_| numbered_changes(signed.act(), desk.cache.register(), language);
                let mut what = folded.as_ref().map_or_else(|refusal| vec![refusal.text(language)], changes);
                what.extend(former(desk, index, &signed));
                let made = signed.act().made;
                (
                    moment_text(made, language),
                    by_whom(&desk.cache, desk.screen.language, &signed),
                    signed.id().to_string(),
                    what,
                )
            }
            Err(_) => ("-".to_owned(), "-".to_owned(), "-".to_owned(), vec![unreadable(desk)]),
        };
        text.push_str(&format!("{index:>5}  {made}  {by}  {}\n", &id[..id.len().min(16)]));
        what.iter().for_each(|line| text.push_str(&format!("       {line}\n")));
        table.row([index.to_string(), made, by, id, what.join(" / ")]);
    }
    match desk.screen.lists {
        Lists::Text => desk.screen.print(&text),
        Lists::Json => desk.screen.print_table(&table),
    }
}

/// The head of a section is shown the office's acts and those about his own; what is no act is everybody's concern.
fn is_seen(desk: &Desk, sight: &Sight, entry: &[u8]) -> bool {
    SignedAct::decode(entry).map_or(true, |signed| sight.sees_act(desk.cache.register(), &signed))
}

/// What the policy was before an act that changes it.
fn former(desk: &Desk, index: usize, signed: &SignedAct) -> Option<String> {
    let was = former_policy::before(&desk.cache, index, signed, desk.screen.language)?;
    Some(desk.screen.words(format!("before: {was}"), format!("変更前: {was}")))
}

fn unreadable(desk: &Desk) -> String {
    desk.screen.words("an entry that is no act: the ledger is at fault", "処分でない登録(台帳の異常)").to_owned()
}

fn print_full(desk: &Desk, first: usize) -> Result<(), AdminError> {
    let sight = desk.sight();
    for (index, (entry, folded)) in desk.cache.acts().enumerate().skip(first) {
        if !is_seen(desk, &sight, entry) {
            continue;
        }
        let text = match SignedAct::decode(entry) {
            Ok(signed) => {
                let by = by_whom(&desk.cache, desk.screen.language, &signed);
                let mut text = sekisho_register::render(signed.act(), desk.cache.register(), desk.screen.language);
                former(desk, index, &signed).into_iter().for_each(|line| text.push_str(&format!("\n{line}")));
                format!("== {index}  {}\n{by}\n{text}", signed.id())
            }
            Err(_) => format!("== {index}\n{}", unreadable(desk)),
        };
        desk.screen.print(&text)?;
        if let Err(refusal) = folded {
            desk.screen.print(&refusal.text(desk.screen.language))?;
        }
    }
    Ok(())
}
