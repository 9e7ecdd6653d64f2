//! Visitors: a card proves who asks, the register says what he may, and what he is shown is written down.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sekisho_register::{P256Key, Register, Role};
use sekisho_wire::id::{CardGuid, Code, Hash as WireHash, OfficeId};
use sekisho_wire::reason::Query;
use sekisho_wire::record::{About, Body, Read, token_digest};
use sha2::{Digest, Sha256};

use crate::clock::Millis;
use crate::ledger::Ledger;
use crate::line::Lane;
use crate::locks::lock;
use crate::refusal::Refusal;

/// Proofs accepted and tokens in use. In memory only: a restart asks everybody for his card again.
#[derive(Default)]
pub struct Visitors {
    proofs: Mutex<Proofs>,
    tokens: Mutex<HashMap<String, Visitor>>,
}

struct Proofs {
    /// Makes challenges that need not be remembered: nobody can use up the room for them by asking.
    key: [u8; 32],
    /// Challenges whose proof was accepted, until they end by themselves.
    spent: HashMap<OfficeId, HashMap<[u8; 32], Millis>>,
    /// The latest time that was seen.
    latest: Millis,
}

impl Default for Proofs {
    fn default() -> Self {
        Self { key: crate::random::bytes(), spent: HashMap::new(), latest: 0 }
    }
}

impl Visitors {
    /// What was proved. A clock that was set back would let what has ended begin again: then everybody proves his card anew.
    fn proofs(&self, now: Millis) -> MutexGuard<'_, Proofs> {
        let mut proofs = lock(&self.proofs);
        if now.saturating_add(CLOCK_SLACK) < proofs.latest {
            log::warn!("the clock was set back: every token and challenge has ended");
            *proofs = Proofs::default();
            lock(&self.tokens).clear();
        }
        proofs.latest = proofs.latest.max(now);
        proofs
    }

    /// The holder of a token that has not ended.
    fn holder(&self, token: &str, now: Millis) -> Option<Visitor> {
        drop(self.proofs(now));
        lock(&self.tokens).get(token).filter(|visitor| visitor.expires > now).cloned()
    }

    fn give(&self, token: String, visitor: Visitor, now: Millis) {
        let mut tokens = lock(&self.tokens);
        tokens.retain(|_, visitor| visitor.expires > now);
        tokens.insert(token, visitor);
    }
}

impl Proofs {
    /// A challenge: when it ends (8 bytes), randomness (8), and our word for both and for the office (16).
    fn challenge(&self, office: &OfficeId, expires: Millis) -> [u8; 32] {
        let random = crate::random::bytes::<8>();
        let mut challenge = [0; 32];
        challenge[..8].copy_from_slice(&expires.to_be_bytes());
        challenge[8..16].copy_from_slice(&random);
        let word = self.word(office, &challenge[..16]);
        challenge[16..].copy_from_slice(&word);
        challenge
    }

    /// When a challenge ends, if it is one of ours for this office.
    fn expiry(&self, office: &OfficeId, challenge: &[u8; 32]) -> Option<Millis> {
        let (said, word) = challenge.split_at(16);
        let differs = self.word(office, said).iter().zip(word).fold(0, |differs, (a, b)| differs | (a ^ b));
        let expires = said.first_chunk::<8>().map(|bytes| Millis::from_be_bytes(*bytes));
        expires.filter(|_| differs == 0)
    }

    /// A keyed hash over a message of one length, cut in half: nothing can be appended to it.
    fn word(&self, office: &OfficeId, said: &[u8]) -> [u8; 16] {
        let whole = Sha256::new_with_prefix(b"sekisho challenge v1\0").chain_update(self.key);
        let whole: [u8; 32] = whole.chain_update(office.as_bytes()).chain_update(said).finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        half
    }

    /// Spends a challenge whose proof is good. Each proof admits once.
    fn spend(&mut self, office: &OfficeId, challenge: &[u8; 32], now: Millis) -> Result<(), Refusal> {
        let expires = self.expiry(office, challenge).filter(|expires| *expires > now).ok_or(Refusal::ProofRefused)?;
        let spent = self.spent.entry(*office).or_default();
        spent.retain(|_, expires| expires.saturating_add(CLOCK_SLACK) > now);
        if spent.contains_key(challenge) {
            return Err(Refusal::ProofRefused);
        }
        if spent.len() >= SPENT_MAX {
            return Err(Refusal::Busy);
        }
        spent.insert(*challenge, expires);
        Ok(())
    }
}

/// Somebody whose card has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// In which office.
    pub office: OfficeId,
    /// The person.
    pub operator: Code,
    /// The card.
    pub card: CardGuid,
    /// Until when.
    pub expires: Millis,
}

/// A token, and what the register says of its holder.
#[derive(Debug)]
pub struct Admitted {
    /// The bearer token.
    pub token: String,
    /// Whose.
    pub visitor: Visitor,
    /// The roles held now.
    pub roles: Vec<Role>,
}

impl Ledger {
    /// A challenge for a card to sign.
    ///
    /// # Errors
    /// When the office is unknown.
    pub fn challenge(&self, office: &OfficeId) -> Result<([u8; 32], Millis), Refusal> {
        self.office(office)?;
        let now = self.clock.now();
        let expires = now.saturating_add(CHALLENGE);
        Ok((self.visitors.proofs(now).challenge(office, expires), expires))
    }

    /// A token for whoever's card signed a challenge (wire §6.3).
    ///
    /// # Errors
    /// [`Refusal::ProofRefused`].
    pub fn admit(
        &self,
        office: &OfficeId,
        card: &CardGuid,
        challenge: &[u8; 32],
        signature: &[u8; 64],
    ) -> Result<Admitted, Refusal> {
        let now = self.clock.now();
        let register = self.office(office)?.register();
        let ours = self.visitors.proofs(now).expiry(office, challenge);
        ours.filter(|expires| *expires > now).ok_or(Refusal::ProofRefused)?;
        let found = register.card(card).filter(|card| card.lets_in(now)).ok_or(Refusal::ProofRefused)?;
        let digest = token_digest(office, &WireHash(*challenge));
        if !card_signed(&found.issued().authentication, &digest, signature) {
            return Err(Refusal::ProofRefused);
        }
        let operator = found.holder(now).map(|holder| holder.operator.clone()).ok_or(Refusal::ProofRefused)?;
        if !register.operator(&operator).is_some_and(|person| person.is_current(now)) {
            return Err(Refusal::ProofRefused);
        }
        self.visitors.proofs(now).spend(office, challenge, now)?;
        let visitor = Visitor { office: *office, operator, card: *card, expires: now.saturating_add(TOKEN) };
        let token = URL_SAFE_NO_PAD.encode(crate::random::bytes::<32>());
        self.visitors.give(token.clone(), visitor.clone(), now);
        let roles = roles(&register, &visitor.operator, now);
        Ok(Admitted { token, visitor, roles })
    }

    /// Who holds this token, if he still may act in this office: card and person are looked up again each time.
    ///
    /// # Errors
    /// [`Refusal::TokenNeeded`], [`Refusal::RoleMissing`] when none of `any_of` is his now. An empty list asks for any role.
    pub fn visitor(&self, office: &OfficeId, token: Option<&str>, any_of: &[Role]) -> Result<Visitor, Refusal> {
        let now = self.clock.now();
        let visitor = token.and_then(|token| self.visitors.holder(token, now));
        let visitor = visitor.filter(|visitor| visitor.office == *office);
        self.still(visitor.ok_or(Refusal::TokenNeeded)?, any_of)
    }

    /// Somebody who was let in before, if he still may act: card and person are looked up again each time.
    ///
    /// # Errors
    /// As [`Ledger::visitor`].
    pub(crate) fn still(&self, visitor: Visitor, any_of: &[Role]) -> Result<Visitor, Refusal> {
        let now = self.clock.now();
        let register = self.office(&visitor.office)?.register();
        let card = register.card(&visitor.card).filter(|card| card.lets_in(now));
        let holder = card.and_then(|card| card.holder(now)).map(|holder| holder.operator);
        if holder != Some(&visitor.operator) {
            return Err(Refusal::TokenNeeded);
        }
        let held = roles(&register, &visitor.operator, now);
        let permitted = held.iter().any(|role| any_of.is_empty() || any_of.contains(role));
        if permitted { Ok(visitor) } else { Err(Refusal::RoleMissing) }
    }

    /// The office in which this token lets somebody in, if it does.
    pub(crate) fn office_of_token(&self, token: &str) -> Option<OfficeId> {
        self.visitors.holder(token, self.clock.now()).map(|visitor| visitor.office)
    }

    /// Writes down that somebody read. The record is durable before the answer leaves.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be answered.
    pub fn note_read(&self, visitor: &Visitor, query: Query, count: usize, about: About) -> Result<(), Refusal> {
        let now = self.clock.now();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let body = Body::Read(Read { operator: visitor.operator.clone(), card: visitor.card, query, count, about });
        let office = visitor.office;
        let (read, again) = (body.clone(), query);
        match self.writer.run(Lane::Of(office), None, move |stage| stage.emit(&office, body.clone(), now))? {
            Ok(()) => Ok(()),
            Err(refused) => self.owe_reading(&office, again, read, now, refused),
        }
    }
}

/// Every role that a person's posts give him now, each once.
fn roles(register: &Register, operator: &Code, now: Millis) -> Vec<Role> {
    let mut roles: Vec<Role> = register.roles_of(operator, now).into_iter().map(|(_, role)| role).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// Whether the card with this key signed this digest.
fn card_signed(key: &P256Key, digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    let key = VerifyingKey::from_sec1_bytes(&key.0);
    let signature = Signature::from_slice(signature);
    matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(digest, &signature).is_ok())
}

impl std::fmt::Debug for Visitors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visitors(..)")
    }
}

/// Who may search and read records (LEDGER §L5).
pub const READERS: &[Role] = &sekisho_register::role::READERS;
/// Who may read the casebook, and the texts beside it (LEDGER §L4).
pub const CASE_READERS: &[Role] = &sekisho_register::role::CASE_READERS;
/// Who may invite terminals (LEDGER §L4).
pub const INVITERS: &[Role] = &[Role::SystemManager, Role::AccessManager, Role::TerminalManager];
/// Whoever holds any post.
pub const ANY_ROLE: &[Role] = &[];
/// Two minutes: the time to type a PIN.
const CHALLENGE: Millis = 2 * 60_000;
/// Cards need seconds to sign: more proofs of one office within two minutes are not people.
const SPENT_MAX: usize = 10_000;
/// Steps back that keeping time makes by itself.
const CLOCK_SLACK: Millis = 5_000;
/// Fifteen minutes (LEDGER §L4).
const TOKEN: Millis = 15 * 60_000;
