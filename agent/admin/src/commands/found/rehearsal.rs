//! The whole founding on paper, before a card is touched: a mistake in the file must not be found when the office is there.

use std::path::Path;

use sekisho_issuer::CardKeys;
use sekisho_link::LedgerCode;
use sekisho_register::act::Proposal;
use sekisho_register::change::{Change, Log, Recovery};
use sekisho_register::{Act, Ed25519Key, Register};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, Code};

use super::{founding, made_at, named, wanted};
use crate::act_draft::{draft, parts_by_route, takes_two};
use crate::changes_file::{self, ChangesFile, Drafter, OfficeTable, PolicyUse};
use crate::clock;
use crate::error::AdminError;
use crate::random;

/// Founds the office with cards that do not exist, and decides everything in the file as the set-up will.
///
/// # Errors
/// What the fold would refuse.
pub(super) fn of_all(
    code: &LedgerCode,
    office: &OfficeTable,
    file: &ChangesFile,
    path: &Path,
) -> Result<(), AdminError> {
    let mut register = Register::new();
    let mut administrators = Vec::new();
    {
        let mut drafter = Drafter::new(&register, clock::now());
        for table in &file.administrator {
            let card = wanted(table).card(CardGuid(random::bytes()?), &no_keys()?);
            administrators.push(named(table, card, &mut drafter)?);
        }
    }
    let signers: Vec<(CardGuid, Code)> = administrators.iter().map(|one| (one.card.card, one.post.clone())).collect();
    let keys = (0..office.recovery.keys).map(|_| recovery_key()).collect::<Result<_, _>>()?;
    let found = founding(code, office, administrators, Recovery { k: office.recovery.needed, keys }, file)?;
    let now = made_at(&found, clock::now());
    let changes = vec![Change::Found(Box::new(found))];
    let (first, second) =
        (signers.first().ok_or(AdminError::NothingToDo)?, signers.get(1).ok_or(AdminError::NothingToDo)?);
    fold(&mut register, Act { changes, ..draft(&Register::new(), Log::Register, now)? }, first.0)?;

    let mut drafter = Drafter::new(&register, now);
    let changes = changes_file::read(path)?.0.changes(PolicyUse::Founded, &mut drafter)?;
    for part in parts_by_route(&register, changes)? {
        let post = |(_, post): &(CardGuid, Code)| Some(post.clone());
        if !takes_two(&register, &part) {
            let act = Act { changes: part, post: post(first), ..draft(&register, Log::Register, now)? };
            fold(&mut register, act, first.0)?;
            continue;
        }
        let proposal = Act { changes: part, post: post(first), ..draft(&register, Log::Casebook, now)? };
        let proposal = Some(Proposal(unsigned(&proposal, first.0)));
        let act = Act { proposal, post: post(second), ..draft(&register, Log::Register, now)? };
        fold(&mut register, act, second.0)?;
    }
    Ok(())
}

fn fold(register: &mut Register, act: Act, signer: CardGuid) -> Result<(), AdminError> {
    register.fold_unsigned(&unsigned(&act, signer)).map(drop).map_err(AdminError::Fold)
}

fn unsigned(act: &Act, signer: CardGuid) -> Vec<u8> {
    act.to_be_signed(&Signer::Card(signer)).finish([0; 64])
}

fn no_keys() -> Result<CardKeys, AdminError> {
    let (authentication, signature) = (random::bytes()?, random::bytes()?);
    Ok(CardKeys { authentication, signature, card_authentication: random::bytes()? })
}

fn recovery_key() -> Result<Ed25519Key, AdminError> {
    Ok(Ed25519Key(ed25519_dalek::SigningKey::from_bytes(&random::bytes()?).verifying_key().to_bytes()))
}
