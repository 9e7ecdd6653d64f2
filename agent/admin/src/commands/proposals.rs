//! Proposals that wait in the casebook, and their approval.

use sekisho_register::change::Log;
use sekisho_register::wareki::moment_text;
use sekisho_register::{Casebook, Change, SignedAct};
use sekisho_wire::id::{CardGuid, Hash};

use crate::cli::is_beginning_of;
use crate::clock;
use crate::desk::Desk;
use crate::error::{AdminError, Thing};
use crate::name::Name;
use crate::persons;

use crate::seen;
use crate::table::Table;

/// An open proposal whose changes are as asked for: its id, and the proposal as an approval carries it.
///
/// # Errors
/// As the link says; [`crate::broken_log::BrokenLog`] when the casebook does not continue what was seen.
pub(super) fn find(desk: &mut Desk, is_it: impl Fn(&SignedAct) -> bool) -> Result<Option<(Hash, Vec<u8>)>, AdminError> {
    let (casebook, mut entries) = casebook(desk)?;
    let mut open = casebook.open_proposals(desk.cache.register(), clock::now());
    let Some((id, proposed)) = open.find(|(_, proposed)| is_it(&proposed.act)) else { return Ok(None) };
    let index = usize::try_from(proposed.index).unwrap_or(usize::MAX);
    Ok((index < entries.len()).then(|| (*id, entries.swap_remove(index))))
}

/// The cards whose issue is proposed and not decided yet, each with its proposal.
///
/// # Errors
/// As [`find`].
pub(super) fn cards(desk: &mut Desk) -> Result<Vec<(CardGuid, Hash)>, AdminError> {
    let (casebook, _) = casebook(desk)?;
    let open = casebook.open_proposals(desk.cache.register(), clock::now());
    let card = |change: &Change| if let Change::IssueCard(card) = change { Some(card.card) } else { None };
    let mut cards = Vec::new();
    for (id, proposed) in open {
        cards.extend(proposed.act.act().changes.iter().filter_map(card).map(|card| (card, *id)));
    }
    Ok(cards)
}

/// The casebook, verified under its checkpoint, with the entries as they are.
pub(super) fn casebook(desk: &mut Desk) -> Result<(Casebook, Vec<Vec<u8>>), AdminError> {
    desk.log_in()?;
    let note = desk.ledger.checkpoint(Log::Casebook)?;
    let keys = desk.log_keys(Log::Casebook)?;
    let entries = desk.ledger.entries(Log::Casebook, keys.open(&note)?.size)?;
    let tree = seen::whole(Log::Casebook, &keys, &note, &entries)?;
    seen::expect_continued(&desk.home, Log::Casebook, &keys, &note, &tree, desk.base(Log::Casebook))?;
    let (mut casebook, mut judge) = (Casebook::of(desk.cache.register()), None);
    for entry in &entries {
        // The register of its own size (register §R4.9). Whether its signer may still act is asked again when it is approved.
        let size = casebook.judged_by(entry).min(desk.cache.size());
        let by = desk.cache.register_at(size, judge.take()).unwrap_or_default();
        if let Err(refusal) = casebook.fold(&by, entry) {
            log::warn!("an entry of the casebook is passed over: {refusal}");
        }
        judge = Some(by);
    }
    Ok((casebook, entries))
}

pub(super) fn list(desk: &mut Desk) -> Result<(), AdminError> {
    let (casebook, _) = casebook(desk)?;
    let (register, now, language) = (desk.cache.register(), clock::now(), desk.screen.language);
    let mut table = Table::new(&[
        ("id", desk.screen.words("id", "申請ID")),
        ("made", desk.screen.words("made", "申請日時")),
        ("by", desk.screen.words("by", "申請者")),
        ("what", desk.screen.words("what", "内容")),
    ]);
    for (id, proposed) in casebook.open_proposals(register, now) {
        let act = proposed.act.act();
        let by = crate::grounds::who(&desk.cache, desk.screen.language, proposed.act.signer(), act.made);
        let mut what = super::acts::changes_of(&sekisho_register::render(act, register, language));
        what.extend(persons::lines(&act.changes, &names_of(desk, id, &proposed.act)?, language));
        what.extend(persons::erased_lines(&act.changes, &desk.cache, language));
        table.row([id.to_string(), moment_text(act.made, language), by, what.join(" / ")]);
    }
    super::reports::note_incidents(desk, &casebook);
    desk.screen.print_table(&table)
}

/// The names beside a proposal, if it speaks of anybody.
fn names_of(desk: &Desk, id: &Hash, proposed: &SignedAct) -> Result<Vec<Name>, AdminError> {
    if persons::persons_in(&proposed.act().changes).is_empty() { Ok(Vec::new()) } else { desk.ledger.names_of(id) }
}

/// Approves these, one after the other: each whole proposal, with the names of whom it speaks of, is shown again and asked about by itself. One that is not open (any
/// more) is said and passed over, so that the same line can be given again.
pub(super) fn approve_all(desk: &mut Desk, ids: &[String]) -> Result<(), AdminError> {
    let (casebook, entries) = casebook(desk)?;
    let now = clock::now();
    let (mut wanted, mut missing) = (Vec::new(), None);
    for asked in ids {
        let open = casebook.open_proposals(desk.cache.register(), now);
        let open: Vec<_> = open.filter(|(found, _)| is_beginning_of(asked, found)).collect();
        let entry = |index: u64| usize::try_from(index).ok().and_then(|index| entries.get(index));
        match open.as_slice() {
            [(id, proposed)] if entry(proposed.index).is_some() => {
                let names = names_of(desk, id, &proposed.act)?;
                wanted.push((entry(proposed.index).cloned().unwrap_or_default(), names));
            }
            _ => {
                let error = AdminError::Unknown { what: Thing::OpenProposal, code: asked.clone() };
                if ids.len() > 1 {
                    desk.screen.note(&error.to_string(), &error.in_words(desk.screen.language));
                }
                missing = missing.or(Some(error));
            }
        }
    }
    for (entry, names) in wanted {
        desk.approve(entry, &names)?;
    }
    missing.map_or(Ok(()), Err)
}
