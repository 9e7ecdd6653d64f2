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
    on_paper(code, office, file, path).map(drop)
}

/// The register that comes of it, and its signers: card and post.
fn on_paper(
    code: &LedgerCode,
    office: &OfficeTable,
    file: &ChangesFile,
    path: &Path,
) -> Result<(Register, Vec<(CardGuid, Code)>), AdminError> {
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
        if takes_two(&register, &part) {
            by_two(&mut register, part, now, [first, second])?;
        } else {
            let act = Act { changes: part, post: Some(first.1.clone()), ..draft(&register, Log::Register, now)? };
            fold(&mut register, act, first.0)?;
        }
    }
    Ok((register, signers))
}

/// Proposed by the one, approved by the other.
fn by_two(
    register: &mut Register,
    changes: Vec<Change>,
    now: u64,
    [one, other]: [&(CardGuid, Code); 2],
) -> Result<(), AdminError> {
    let proposal = Act { changes, post: Some(one.1.clone()), ..draft(register, Log::Casebook, now)? };
    let proposal = Some(Proposal(unsigned(&proposal, one.0)));
    let act = Act { proposal, post: Some(other.1.clone()), ..draft(register, Log::Register, now)? };
    fold(register, act, other.0)
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

#[cfg(test)]
mod tests {
    use sekisho_link::CodeKind;
    use sekisho_register::change::{CardKind, SetPost};
    use sekisho_register::role::Class;
    use zeroize::Zeroizing;

    use super::*;
    use crate::pending::Wanted;

    const OFFICES: [&str; 6] = [
        "s0-koseki-itaku/trustee",
        "s0-koseki-itaku/member",
        "s1-juki",
        "s2-joho-renraku",
        "s3-densan",
        "s4-koiki-rengo",
    ];
    /// Who signs beside the founders.
    const THIRD: &str = "20003";

    fn code() -> LedgerCode {
        let key = |seed| ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
        let envelope = no_keys().unwrap().authentication.to_vec();
        LedgerCode {
            kind: CodeKind::Founding,
            url: "https://ledger.example".into(),
            authority: Vec::new(),
            ledger: "ledger.example".into(),
            records: key(1),
            register: key(2),
            casebook: key(3),
            envelope,
            secret: Zeroizing::new([0; 16]),
            expires: u64::MAX,
        }
    }

    /// Decided by the two founders, in whichever order their office has it.
    fn decided(register: &mut Register, changes: &[Change], signers: &[(CardGuid, Code)]) {
        let now = clock::now();
        let [one, other] = signers else { panic!("two found an office") };
        let first = by_two(register, changes.to_vec(), now, [one, other]);
        first.or_else(|_| by_two(register, changes.to_vec(), now, [other, one])).unwrap();
    }

    #[test]
    fn every_office_that_is_ready_to_take_is_founded_and_can_still_decide_by_its_own_rules() {
        for office in OFFICES {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../offices").join(office);
            let path = folder.join("found.toml");
            let (file, _) = changes_file::read(&path).unwrap();
            let table = super::super::check(&file).unwrap();
            let (mut register, signers) = on_paper(&code(), table, &file, &path).unwrap();
            let third = Code::new(THIRD).unwrap();
            if register.operator(&third).is_some() {
                let now = clock::now();
                let wanted = Wanted {
                    kind: CardKind::Business,
                    operator: Some(third),
                    profiles: Vec::new(),
                    from: now,
                    to: now + 1000,
                    dormant: false,
                    signing: true,
                };
                let card = wanted.card(CardGuid(random::bytes().unwrap()), &no_keys().unwrap());
                decided(&mut register, &[Change::IssueCard(Box::new(card))], &signers);
            }
            for name in ["routes.toml", "posts.toml"] {
                let mut drafter = Drafter::new(&register, clock::now());
                let changes = changes_file::read(&folder.join(name)).unwrap().0;
                let changes = changes.changes(PolicyUse::Change, &mut drafter).unwrap();
                decided(&mut register, &changes, &signers);
            }
            // Nothing goes by a default that the office has not looked at; what everybody may report stays so.
            let file = std::fs::read_to_string(folder.join("routes.toml")).unwrap();
            for class in Class::ALL.into_iter().filter(|class| *class != Class::Report) {
                assert!(file.contains(&format!("class = \"{}\"\n", class.name())), "{office}: {}", class.name());
            }
            let (post, title) = (Code::new("new").unwrap(), sekisho_register::Title::new("新設").unwrap());
            let post = SetPost { post, title, roles: Vec::new(), section: None, keeper: None };
            decided(&mut register, &[Change::Post(post)], &signers);
        }
    }
}
