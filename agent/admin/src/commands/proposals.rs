//! Proposals that wait in the casebook, and their approval.

use sekisho_register::casebook::Proposed;
use sekisho_register::change::{Answer, AnswerAct};
use sekisho_register::wareki::moment_text;
use sekisho_register::{Casebook, Change, SignedAct, numbered_changes};
use sekisho_wire::id::{CardGuid, Code, Hash};

use crate::after_some::each;
use crate::casebook;
use crate::cli::is_beginning_of;
use crate::clock;
use crate::desk::Desk;
use crate::error::{AdminError, Thing};
use crate::filled_in::FilledIn;
use crate::given_text::GivenTexts;
use crate::name::Name;
use crate::persons;
use crate::table::Table;

/// An open proposal whose changes are as asked for: its id, and the proposal as an approval carries it.
///
/// # Errors
/// As the link says; [`crate::broken_log::BrokenLog`] when the casebook does not continue what was seen.
pub(super) fn find(desk: &mut Desk, is_it: impl Fn(&SignedAct) -> bool) -> Result<Option<(Hash, Vec<u8>)>, AdminError> {
    let (casebook, mut entries) = casebook::entries(desk)?;
    let mut open = casebook.open_proposals(desk.cache.register(), clock::now());
    let Some((id, proposed)) = open.find(|(_, proposed)| is_it(&proposed.act)) else { return Ok(None) };
    let tip = proposed.approvals.last().map_or(proposed.index, |approved| approved.index);
    let index = usize::try_from(tip).unwrap_or(usize::MAX);
    Ok((index < entries.len()).then(|| (*id, entries.swap_remove(index))))
}

/// The cards whose issue is proposed and not decided yet, each with its proposal.
///
/// # Errors
/// As [`find`].
pub(super) fn cards(desk: &mut Desk) -> Result<Vec<(CardGuid, Hash)>, AdminError> {
    let (casebook, _) = casebook::entries(desk)?;
    let open = casebook.open_proposals(desk.cache.register(), clock::now());
    let card = |change: &Change| if let Change::IssueCard(card) = change { Some(card.card) } else { None };
    let mut cards = Vec::new();
    for (id, proposed) in open {
        cards.extend(proposed.act.act().changes.iter().filter_map(card).map(|card| (card, *id)));
    }
    Ok(cards)
}

pub(super) fn list(desk: &mut Desk) -> Result<(), AdminError> {
    let (casebook, _) = casebook::entries(desk)?;
    let (register, now, language) = (desk.cache.register(), clock::now(), desk.screen.language);
    let mut table = Table::new(&[
        ("id", desk.screen.words("id", "申請ID")),
        ("made", desk.screen.words("made", "申請日時")),
        ("by", desk.screen.words("by", "申請者")),
        ("what", desk.screen.words("what", "内容")),
        ("waits", desk.screen.words("waits for", "承認待ち")),
    ]);
    let sight = desk.sight();
    let seen = casebook.open_proposals(register, now).filter(|(_, proposed)| sight.sees_act(register, &proposed.act));
    for (id, proposed) in seen {
        let act = proposed.act.act();
        let by = crate::grounds::who(&desk.cache, desk.screen.language, proposed.act.signer(), act.made);
        let mut what = numbered_changes(act, register, language);
        what.extend(persons::lines(&act.changes, &names_of(desk, id, &proposed.act)?, language));
        what.extend(persons::erased_lines(&act.changes, &desk.cache, language));
        table.row([
            id.to_string(),
            moment_text(act.made, language),
            by,
            what.join(" / "),
            waits_for(desk, proposed, now),
        ]);
    }
    super::reports::note_incidents(desk, &casebook);
    desk.screen.print_table(&table)
}

/// Which stage is to approve a proposal next, and which have.
fn waits_for(desk: &Desk, proposed: &Proposed, now: u64) -> String {
    let (register, screen) = (desk.cache.register(), desk.screen);
    if register.is_stranded(proposed, now) {
        return screen
            .words(
                "nobody: the route has fewer stages now, its proposer withdraws it",
                "なし(決裁区分の段階が減りました。申請者が取り下げてください)",
            )
            .to_owned();
    }
    let stages = register.stages(&proposed.act.act().changes, now).max(1);
    let roles = register.next_approvers(proposed, now);
    let names: Vec<&str> = roles.iter().map(|role| screen.words(role.name(), role.title())).collect();
    let stage = proposed.approvals.len() + 1;
    let names = names.join(screen.words(" or ", "又は"));
    screen.words(format!("stage {stage} of {stages}: {names}"), format!("第{stage}段階(全{stages}段階): {names}"))
}

/// The names beside a proposal, if it speaks of anybody.
fn names_of(desk: &Desk, id: &Hash, proposed: &SignedAct) -> Result<Vec<Name>, AdminError> {
    if persons::persons_in(&proposed.act().changes).is_empty() { Ok(Vec::new()) } else { desk.ledger.names_of(id) }
}

/// Approves these, one after the other: each whole proposal, with the names of whom it speaks of, is shown again and asked about by itself. One that is not open (any
/// more) is said and passed over, so that the same line can be given again.
pub(super) fn approve_all(desk: &mut Desk, ids: &[String]) -> Result<(), AdminError> {
    let (casebook, entries) = casebook::entries(desk)?;
    let now = clock::now();
    let (mut wanted, mut missing) = (Vec::new(), None);
    for asked in ids {
        let found = open_one(desk, &casebook, asked, now);
        match found.and_then(|(id, proposed)| desk.try_approval(proposed).map(|()| (id, proposed))) {
            Ok((id, proposed)) => {
                let tip = proposed.approvals.last().map_or(proposed.index, |approved| approved.index);
                let entry = usize::try_from(tip).ok().and_then(|index| entries.get(index));
                let entry = entry.ok_or(AdminError::Ledger("a casebook without the proposal that is in it"))?;
                wanted.push((entry.clone(), names_of(desk, &id, &proposed.act)?));
            }
            Err(error) => {
                if ids.len() > 1 {
                    desk.screen.note(&error.to_string(), &error.in_words(desk.screen.language));
                }
                missing = missing.or(Some(error));
            }
        }
    }
    each(wanted, |(entry, names)| desk.approve(entry, &names))?;
    missing.map_or(Ok(()), Err)
}

/// The one open proposal that begins like this.
fn open_one<'c>(
    desk: &Desk,
    casebook: &'c Casebook,
    asked: &str,
    now: u64,
) -> Result<(Hash, &'c Proposed), AdminError> {
    let open = casebook.open_proposals(desk.cache.register(), now);
    let open: Vec<_> = open.filter(|(found, _)| is_beginning_of(asked, found)).collect();
    match open.as_slice() {
        [(id, proposed)] => Ok((**id, proposed)),
        _ => Err(AdminError::Unknown { what: Thing::OpenProposal, code: asked.to_owned() }),
    }
}

/// Refuses a proposal, or withdraws it.
pub(super) fn end(desk: &mut Desk, answer: Answer, asked: &str, reason: Option<&str>) -> Result<(), AdminError> {
    let mut texts = GivenTexts::beside(&desk.signing.pin, desk.screen);
    let reason = reason.map(|reason| texts.read_argument("--reason", reason)).transpose()?;
    let (casebook, _) = casebook::entries(desk)?;
    let (act, proposed) = open_one(desk, &casebook, asked, clock::now())?;
    let text = sekisho_register::render(proposed.act.act(), desk.cache.register(), desk.screen.language);
    desk.screen.note(&text, &text);
    let (changes, language) = (&proposed.act.act().changes, desk.screen.language);
    let mut whom = persons::lines(changes, &names_of(desk, &act, &proposed.act)?, language);
    whom.extend(persons::erased_lines(changes, &desk.cache, language));
    whom.iter().for_each(|line| desk.screen.note(line, line));
    let mut filled = FilledIn::default();
    let reason = reason.map(|reason| filled.text("--reason", &reason)).transpose()?;
    desk.write(vec![Change::Answer(AnswerAct { act, answer, reason })], &filled.texts)
}

/// Looks at what deputies decided (後閲): lists it, or says of some that it was looked at.
pub(super) fn review(desk: &mut Desk, ids: &[String]) -> Result<(), AdminError> {
    let (casebook, entries) = casebook::entries(desk)?;
    let waiting: Vec<(Hash, Code)> =
        casebook.unreviewed(desk.cache.register()).map(|(act, decided)| (*act, decided.post.clone())).collect();
    let entry_of = |desk: &Desk, act: &Hash| {
        let here = casebook.act_index(act).and_then(|index| entries.get(usize::try_from(index).ok()?).cloned());
        here.or_else(|| desk.cache.entry(desk.cache.register().act_index(act)?).map(<[u8]>::to_vec))
    };
    let signed_of = |desk: &Desk, act: &Hash| entry_of(desk, act).and_then(|entry| SignedAct::decode(&entry).ok());
    if ids.is_empty() {
        let screen = desk.screen;
        let mut table = Table::new(&[
            ("id", screen.words("id", "処分ID")),
            ("post", screen.words("post", "職")),
            ("what", screen.words("what", "内容")),
        ]);
        for (act, post) in &waiting {
            let (register, language) = (desk.cache.register(), desk.screen.language);
            let what = signed_of(desk, act).map(|it| numbered_changes(it.act(), register, language).join(" / "));
            table.row([act.to_string(), post.to_string(), what.unwrap_or_default()]);
        }
        return desk.screen.print_table(&table);
    }
    let mut wanted = Vec::new();
    for asked in ids {
        let found: Vec<_> = waiting.iter().filter(|(act, _)| is_beginning_of(asked, act)).collect();
        let [(act, _)] = found.as_slice() else {
            return Err(AdminError::Unknown { what: Thing::Unreviewed, code: asked.clone() });
        };
        wanted.push(*act);
    }
    each(wanted, |act| {
        if let Some(signed) = signed_of(desk, &act) {
            let text = sekisho_register::render(signed.act(), desk.cache.register(), desk.screen.language);
            desk.screen.note(&text, &text);
        }
        let reviewed = AnswerAct { act, answer: Answer::Reviewed, reason: None };
        desk.write(vec![Change::Answer(reviewed)], &[])
    })
}
