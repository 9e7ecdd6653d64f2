//! What follows a founding: the rest of its file becomes further acts, of one administrator or of two; the grants go onto the cards.

use std::path::PathBuf;

use sekisho_card::ReaderName;
use sekisho_issuer::CardManagementSecret;
use sekisho_register::Change;
use sekisho_wire::id::{CardGuid, Code, Hash};
use sekisho_wire::secret::Pin;

use super::found::{Pins, pin_source, reader_of};
use super::issue::{act_of, write_grant};
use super::proposals;
use crate::act_draft::{parts_by_route, takes_two};
use crate::changes_file::{ChangesFile, Drafter, PolicyUse};
use crate::clock;
use crate::desk::{Desk, Signing};
use crate::error::AdminError;
use crate::home::Home;
use crate::pending;
use crate::pin_entry::PinSource;
use crate::plan::{Plan, is_decided};
use crate::readers::Readers;
use crate::screen::Screen;

/// Everything that the founding leaves at hand.
pub(super) struct Setup {
    pub(super) screen: Screen,
    pub(super) home: Home,
    pub(super) readers: Readers,
    pub(super) signing: Signing,
    pub(super) secret: CardManagementSecret,
    pub(super) readers_in_use: Vec<ReaderName>,
    pub(super) file: ChangesFile,
    pub(super) pins: Pins,
    /// Where the administrators' own PINs lie, if in files.
    pub(super) own_pins: Option<PathBuf>,
}

/// The other administrator, at the same desk.
struct Second {
    reader: ReaderName,
    card: CardGuid,
    pin: Option<Pin>,
    source: PinSource,
}

/// Decides the rest of the file. The plan is kept until all of it is done, so that this can be run again at any point.
pub(super) fn run(setup: Setup) -> Result<(), AdminError> {
    let Setup { screen, home, mut readers, signing, secret, readers_in_use, file, mut pins, own_pins } = setup;
    let mut plan = Plan::load(&home)?.ok_or(AdminError::OfficeExists)?;
    let reader = reader_of(&mut readers, &readers_in_use, signing.reader.as_deref(), plan.of)?;
    let operators: Vec<Code> = file.administrator.iter().map(|table| table.operator.0.clone()).collect();
    let source = operators.first().map(|first| pin_source(own_pins.as_deref(), first, &signing.pin));
    let pin = source.unwrap_or_else(|| signing.pin.clone());
    let desk = Desk::open(screen, home, readers, Signing { pin, propose: false, ..signing })?;
    let mut desk = desk.with_signer(reader, plan.of, taken(&mut pins, plan.of));
    desk.log_in()?;
    let mut parts = match plan.parts.take() {
        Some(parts) => parts,
        None => {
            let mut drafter = Drafter::new(desk.cache.register(), clock::now());
            let changes = file.changes(PolicyUse::Founded, &mut drafter)?;
            plan.names = drafter.names;
            plan.since = desk.cache.size();
            let mut parts = parts_by_route(desk.cache.register(), changes)?;
            parts.extend(file.permits_from_here().map(|change| vec![change]));
            parts
        }
    };
    let mut second = None;
    while !parts.is_empty() {
        plan.parts = Some(parts.clone());
        plan.save(&desk.home)?;
        let part = parts.remove(0);
        if is_decided(&desk.cache, &part, plan.since) {
            desk.screen.note(
                "an act of the setting up was decided in an earlier run",
                "設置に伴う処分の一つは、以前の実行で処分済みです",
            );
        } else if takes_two(desk.cache.register(), &part) {
            let second = match &mut second {
                Some(second) => second,
                None => second.insert(find_second(&mut desk, &readers_in_use, &mut pins, own_pins.as_deref())?),
            };
            by_two(&mut desk, part, &plan, second)?;
        } else {
            desk.decide_part(part, &plan.names)?;
        }
        plan.since = desk.cache.size();
    }
    finish_cards(&mut desk, &secret)?;
    Plan::forget(&desk.home)
}

fn taken(pins: &mut Pins, card: CardGuid) -> Option<Pin> {
    let at = pins.iter().position(|(of, _)| *of == card)?;
    Some(pins.swap_remove(at).1)
}

/// Another person than the one who signs, with the card that the founding act names for her.
fn find_second(
    desk: &mut Desk,
    in_use: &[ReaderName],
    pins: &mut Pins,
    own_pins: Option<&std::path::Path>,
) -> Result<Second, AdminError> {
    let found = desk.cache.register().founding().ok_or(AdminError::NoOffice)?;
    let signer = desk.signer();
    let me = found.administrators.iter().find(|one| Some(one.card.card) == signer).map(|one| &one.operator);
    let her = found.administrators.iter().find(|one| Some(&one.operator) != me).ok_or(AdminError::NothingToDo)?;
    let (card, operator) = (her.card.card, her.operator.clone());
    let in_use = in_use.get(1).or(in_use.first()).cloned();
    let reader = reader_of(&mut desk.readers, in_use.as_slice(), None, card)?;
    let source = pin_source(own_pins, &operator, &PinSource::Terminal);
    Ok(Second { reader, card, pin: taken(pins, card), source })
}

/// Proposed by the one and approved by the other, each with a card and a PIN of her own. A proposal of an interrupted run is approved, not
/// made again.
fn by_two(desk: &mut Desk, part: Vec<Change>, plan: &Plan, second: &mut Second) -> Result<(), AdminError> {
    let open = proposals::find(desk, |proposed| proposed.act().changes == part)?;
    let (_, proposal) = match open {
        Some(open) => open,
        None => desk.file(part, &plan.names)?,
    };
    let (card, source) = ((second.reader.clone(), second.card), second.source.clone());
    desk.in_the_hand_of(card, (&mut second.pin, source), |desk| desk.approve(proposal, &plan.names))
}

/// A card that has left its reader works without its grant: it stays among the cards that are begun, until `card issue --resume` has written it.
fn finish_cards(desk: &mut Desk, secret: &CardManagementSecret) -> Result<(), AdminError> {
    let there: Vec<(ReaderName, CardGuid)> =
        desk.readers.operator_cards().iter().map(|(reader, card)| (reader.clone(), card.guid())).collect();
    for guid in pending::list(&desk.home)? {
        let Ok(id): Result<Hash, AdminError> = act_of(desk, guid) else { continue };
        let Some((reader, _)) = there.iter().find(|(_, found)| *found == guid) else {
            desk.screen.note(
                &format!("card {guid} lacks its grant: put it into a reader and run 'sekisho-admin card issue --resume'"),
                &format!("カード {guid} への書込みが残っています。挿入して「sekisho-admin card issue --resume」を実行してください"),
            );
            continue;
        };
        write_grant(desk, secret, reader, guid, &id)?;
        pending::forget(&desk.home, guid)?;
    }
    Ok(())
}
