//! `card rekey`: each card gets the keys of the office's new secret.

use sekisho_card::{Disposition, ReaderName};
use sekisho_issuer::{CardManagementSecret, Issuer, Rekeyed};
use sekisho_register::wareki::numbered;
use sekisho_wire::id::CardGuid;

use crate::card_secret::{CardSecrets, Place};
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::readers::Look;
use crate::rekeying::{self, Rekeying};

/// How many cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HowMany {
    /// The one in the reader.
    One,
    /// One after the other, until none is missing.
    All,
}

/// Everything that re-keying a card needs.
struct Secrets {
    now: CardManagementSecret,
    former: CardManagementSecret,
}

pub(super) fn run(desk: &mut Desk, how_many: HowMany, reader: Option<&str>) -> Result<(), AdminError> {
    let CardSecrets { generation, now, former } = CardSecrets::of(&desk.home)?;
    let former = match former {
        Some(Place::Lost) => return Err(AdminError::FormerLost),
        Some(former @ (Place::File(_) | Place::Token(_))) => former,
        None => return Err(AdminError::NoRenewal),
    };
    let secrets = Secrets { now: desk.open_secret(&now)?, former: desk.open_secret(&former)? };
    let reader = desk.work_reader(reader)?;
    if how_many == HowMany::All && say_progress(desk, generation)? == 0 {
        return Ok(());
    }
    loop {
        let (guid, rekeyed) = next(desk, &secrets, &reader, how_many)?;
        say_rekeyed(desk, guid, rekeyed)?;
        if say_progress(desk, generation)? == 0 || how_many == HowMany::One {
            return Ok(());
        }
        desk.readers.wait_for_removal(&reader, &desk.screen)?;
    }
}

/// Re-keys the card in the reader. Going on from card to card, one that cannot be re-keyed stops nothing: the next one is asked for.
fn next(
    desk: &mut Desk,
    secrets: &Secrets,
    reader: &ReaderName,
    how_many: HowMany,
) -> Result<(CardGuid, Rekeyed), AdminError> {
    let (register, home) = (desk.cache.register(), &desk.home);
    let stop = |error: AdminError| match how_many {
        HowMany::One => Err(error),
        HowMany::All => Ok(Look::Wrong(error)),
    };
    desk.readers.wait_for(
        reader,
        &desk.screen,
        ("the card to be re-keyed", "管理鍵を更新するカード"),
        |transport| {
            let mut issuer = match Issuer::open(transport, &secrets.now) {
                Ok(issuer) => issuer,
                Err(error) => return stop(error.into()),
            };
            let guid = issuer.guid();
            let known = guid.and_then(|guid| register.card(&guid));
            let rekeyed = match issuer.rekey(&secrets.former, known.map(|card| &card.issued().presence.0)) {
                Ok(rekeyed) => rekeyed,
                Err(error) => return stop(error.into()),
            };
            issuer.close(Disposition::Reset)?;
            let Some(guid) = guid else { return stop(AdminError::ForeignCard) };
            rekeying::note(home, guid)?;
            Ok(match (how_many, rekeyed) {
                (HowMany::All, Rekeyed::Before) => Look::Wrong(AdminError::RekeyedBefore(guid)),
                (HowMany::One, Rekeyed::Before) | (HowMany::One | HowMany::All, Rekeyed::Now) => {
                    Look::Right((guid, rekeyed))
                }
            })
        },
    )
}

fn say_rekeyed(desk: &Desk, guid: CardGuid, rekeyed: Rekeyed) -> Result<(), AdminError> {
    let (register, language) = (desk.cache.register(), desk.screen.language);
    let (english, japanese) = match register.card(&guid) {
        Some(card) => (format!("card {}", numbered(card.number(), language)), numbered(card.number(), language)),
        None => (format!("card {guid}, which the register does not know,"), format!("登録のないカード {guid} ")),
    };
    desk.screen.print(&match rekeyed {
        Rekeyed::Now => desk
            .screen
            .words(format!("{english} now holds keys of the new secret"), format!("{japanese}の管理鍵を更新しました")),
        Rekeyed::Before => desk.screen.words(
            format!("{english} holds keys of the new secret already"),
            format!("{japanese}の管理鍵は更新済みです"),
        ),
    })
}

/// Says how far the renewal has come; gives the number of cards that are missing.
fn say_progress(desk: &Desk, generation: u32) -> Result<usize, AdminError> {
    let rekeying = Rekeying::of(&desk.home, generation, desk.cache.register(), clock::now())?;
    let (done, in_use, missing) = (rekeying.done(), rekeying.in_use, rekeying.missing.len());
    desk.screen.note(
        &format!("{done} of {in_use} cards in use are done"),
        &format!("使用中のカード{in_use}枚のうち{done}枚が更新済みです"),
    );
    if missing == 0 {
        desk.screen.note(
            "none is missing: 'sekisho-admin office card-secret destroy-former' ends the renewal",
            "すべて更新しました。「sekisho-admin office card-secret destroy-former」で旧管理鍵を消去してください",
        );
    }
    Ok(missing)
}
