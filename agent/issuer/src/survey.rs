//! What a card can do, asked without changing anything on it and without spending a try.

use sekisho_card::{Conversation, LoggedOut, Transaction, Transport};
use sekisho_wire::apdu::{Command, LE_DEFAULT};
use sekisho_wire::piv::{AID, Algorithm, Instruction, Reference, Slot};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{self, Tag};

use crate::authenticate::key_algorithm;
use crate::error::{IssuerCause, IssuerError, Step};
use crate::issuer::Issuer;
use crate::lack::Lack;
use crate::management_key::KeyAlgorithm;

/// What the answer to SELECT is wrapped in, and where it lists the card's algorithms (SP 800-73-4 part 2, table 3).
const TAG_PROPERTIES: Tag = Tag(0x61);
const TAG_ALGORITHMS: Tag = Tag(0xAC);

/// What the card says of something that it can do or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// It can.
    Yes,
    /// It cannot.
    No,
    /// It does not say; the making will show.
    Unsaid,
}

/// What a card can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The version that it says it has (Yubico's GET VERSION).
    pub version: Option<[u8; 3]>,
    /// The algorithm of its management key.
    pub key_algorithm: Option<KeyAlgorithm>,
    /// Keys on curve P-256.
    pub p256: Ability,
    /// Making keys.
    pub makes_keys: Ability,
    /// Taking objects.
    pub writes: Ability,
    /// Another PUK.
    pub own_puk: Ability,
    /// Setting the PIN with the PUK.
    pub unblocks: Ability,
    /// Another management key.
    pub own_key: Ability,
    /// Whether it keeps rules for PINs: ours alone does.
    pub keeps_pin_rules: bool,
    /// How many tries its PIN has left.
    pub tries_left: Option<u8>,
}

impl Survey {
    /// Why the card can be no operator card; nothing when it can.
    #[must_use]
    pub fn lacks(&self) -> Vec<Lack> {
        let key_algorithm = if self.key_algorithm.is_some() { Ability::Yes } else { Ability::No };
        [
            (key_algorithm, Lack::KeyAlgorithm),
            (self.p256, Lack::P256),
            (self.makes_keys, Lack::MakingKeys),
            (self.writes, Lack::Writing),
            (self.own_puk, Lack::OwnPuk),
            (self.unblocks, Lack::Unblocking),
            (self.own_key, Lack::OwnKey),
        ]
        .into_iter()
        .filter_map(|(ability, lack)| (ability == Ability::No).then_some(lack))
        .collect()
    }
}

impl<T: Transport> Issuer<'_, T> {
    /// Asks the card what it can do. Commands are sent without their data, which a card that knows them refuses otherwise than one that does
    /// not; none carries a PIN, a PUK or a key.
    ///
    /// # Errors
    /// When the card does not answer.
    pub fn survey(&mut self) -> Result<Survey, IssuerError> {
        self.converse(Step::Look, |conversation| {
            Ok(Survey {
                version: version(conversation)?,
                key_algorithm: match key_algorithm(conversation) {
                    Ok(algorithm) => Some(algorithm),
                    Err(IssuerCause::Unfit(_)) => None,
                    Err(cause) => return Err(cause),
                },
                p256: p256(conversation)?,
                makes_keys: knows(conversation, (Instruction::GenerateKeyPair, 0x00, Slot::Authentication.byte()))?,
                writes: knows(conversation, (Instruction::PutData, 0x3F, 0xFF))?,
                own_puk: knows(conversation, (Instruction::ChangeReferenceData, 0x00, Reference::Puk.byte()))?,
                unblocks: knows(conversation, (Instruction::ResetRetryCounter, 0x00, Reference::Pin.byte()))?,
                own_key: knows(conversation, (Instruction::SetManagementKey, 0xFF, 0xFF))?,
                keeps_pin_rules: conversation.pin_policy()?.is_some(),
                tries_left: tries_left(conversation)?,
            })
        })
    }

    /// Refuses a card that cannot become an operator card, before anything is written on it.
    pub(crate) fn expect_fit(&mut self) -> Result<(), IssuerError> {
        match self.survey()?.lacks().first() {
            Some(lack) => Err(IssuerError { step: Step::Look, cause: IssuerCause::Unfit(*lack) }),
            None => Ok(()),
        }
    }
}

fn knows<X: Transaction>(
    conversation: &mut Conversation<X>,
    (instruction, p1, p2): (Instruction, u8, u8),
) -> Result<Ability, IssuerCause> {
    let status = conversation.exchange(Command::new(0x00, instruction.byte(), p1, p2))?.status;
    Ok(match status {
        Status::INSTRUCTION_NOT_SUPPORTED
        | Status::CLASS_NOT_SUPPORTED
        | Status::FUNCTION_NOT_SUPPORTED
        | Status::REFERENCE_NOT_FOUND => Ability::No,
        _ => Ability::Yes,
    })
}

fn version<X: Transaction>(conversation: &mut Conversation<X>) -> Result<Option<[u8; 3]>, IssuerCause> {
    let command = Command::new(0x00, Instruction::GetVersion.byte(), 0x00, 0x00).with_le(LE_DEFAULT);
    let reply = conversation.exchange(command)?;
    Ok(if reply.status.is_ok() { reply.data.as_slice().try_into().ok() } else { None })
}

/// A card lists its algorithms or does not; an empty or unreadable list says nothing.
fn p256<X: Transaction>(conversation: &mut Conversation<X>) -> Result<Ability, IssuerCause> {
    let aid = AID.get(..9).unwrap_or(&AID);
    let command = Command::new(0x00, Instruction::Select.byte(), 0x04, 0x00).with_data(aid).with_le(LE_DEFAULT);
    let reply = conversation.exchange(command)?;
    let list = tlv::only(&reply.data, TAG_PROPERTIES).ok().and_then(|all| tlv::find(all, TAG_ALGORITHMS).ok()?);
    let Some(list) = list else { return Ok(Ability::Unsaid) };
    let says = |algorithm: u8| list.windows(3).any(|at| at == [0x80, 0x01, algorithm]);
    Ok(match (says(Algorithm::EccP256.byte()), list.contains(&0x80)) {
        (true, _) => Ability::Yes,
        (false, true) => Ability::No,
        (false, false) => Ability::Unsaid,
    })
}

/// A card tells while its PIN is not verified.
fn tries_left<X: Transaction>(conversation: &mut Conversation<X>) -> Result<Option<u8>, IssuerCause> {
    match (conversation.pin_state(), conversation.log_out()?) {
        (Ok(Some(tries)), _) => Ok(Some(tries)),
        (Ok(None), LoggedOut::Yes) => Ok(conversation.pin_state().ok().flatten()),
        (Ok(None), LoggedOut::Unsupported) | (Err(_), _) => Ok(None),
    }
}
