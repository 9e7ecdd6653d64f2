//! People at the ledger: a card proves who asks, the register says what he may.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sekisho_register::{P256Key, Register, Role, SignedAct};
use sekisho_tlog::{Hash, inclusion_proof};
use sekisho_wire::id::{CardGuid, Code, Hash as WireHash, OfficeId};
use sekisho_wire::reason::Query;
use sekisho_wire::record::{Body, Read, token_digest};
use sha2::{Digest, Sha256};

use crate::acts::{self, Founder, Name, Placed};
use crate::clock::Millis;
use crate::code::CodeSecret;
use crate::ledger::Ledger;
use crate::office::{Office, Published, Surroundings};
use crate::refusal::{CodeFault, Refusal};
use crate::store::{LogName, StoredOffice, StoredTree};
use crate::terminals::unproved;

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

/// An act's place with its proof.
#[derive(Debug)]
pub struct Proved {
    /// In which log.
    pub log: LogName,
    /// At which index.
    pub index: u64,
    /// The inclusion proof.
    pub proof: Vec<Hash>,
    /// Under this checkpoint.
    pub checkpoint: Arc<Published>,
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
        let found = register.card(card).filter(|card| card.is_current(now));
        let found = found.ok_or(Refusal::ProofRefused)?;
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
        let visitor = visitor.ok_or(Refusal::TokenNeeded)?;
        let register = self.office(office)?.register();
        let card = register.card(&visitor.card).filter(|card| card.is_current(now));
        let holder = card.and_then(|card| card.holder(now)).map(|holder| holder.operator);
        if holder != Some(&visitor.operator) {
            return Err(Refusal::TokenNeeded);
        }
        let held = roles(&register, &visitor.operator, now);
        let permitted = held.iter().any(|role| any_of.is_empty() || any_of.contains(role));
        if permitted { Ok(visitor) } else { Err(Refusal::RoleMissing) }
    }

    /// Writes down that somebody read. The record is durable before the answer leaves.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be answered.
    pub fn note_read(&self, visitor: &Visitor, query: Query, count: usize) -> Result<(), Refusal> {
        let now = self.clock.now();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let body = Body::Read(Read { operator: visitor.operator.clone(), card: visitor.card, query, count });
        let office = visitor.office;
        Ok(self.writer.run(None, move |stage| stage.emit(&office, body.clone(), now))??)
    }

    /// Takes an act; answers when it lies under a checkpoint. Blocks.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn submit(&self, office: &OfficeId, entry: Vec<u8>, names: Vec<Name>) -> Result<(Placed, u64), Refusal> {
        let now = self.clock.now();
        let office = self.office(office)?;
        for log in [LogName::Register, LogName::Casebook] {
            if let Some(halt) = office.log(log).halted() {
                return Err(Refusal::Halted { cause: format!("{log}: {halt}") });
            }
        }
        let (id, vault) = (office.id, Arc::clone(&self.vault));
        // Whatever the register in force refuses never waits for the writer: strangers cost the others no commit.
        if let Err(refused) = acts::judge(&*self.store, &office, &entry, now) {
            self.note_refused_act(&id, &refused, now);
            return Err(refused);
        }
        let placed = self
            .writer
            .run(Some(act_exclusive(&id)), move |stage| acts::plan(stage, &id, &entry, &names, vault.master(), now))?;
        let placed = placed.inspect_err(|refused| self.note_refused_act(&office.id, refused, now))?;
        let published = office.log(placed.log).publish()?;
        Ok((placed, published.size))
    }

    /// Writes down that the fold refused an act, if not too many were lately: attempts are seen, and fill no log.
    fn note_refused_act(&self, office: &OfficeId, refused: &Refusal, now: Millis) {
        if !matches!(refused, Refusal::Act(_)) || !self.strangers.may_note(*office, now) {
            return;
        }
        let id = *office;
        let noted = self.writer.run(None, move |stage| acts::record_refusal(stage, &id, now));
        if !matches!(noted, Ok(Ok(()))) {
            log::error!("a refused act could not be written down");
        }
    }

    /// Founds an office. Blocks.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn found(&self, secret: CodeSecret, entry: Vec<u8>, names: Vec<Name>) -> Result<(OfficeId, u64), Refusal> {
        let now = self.clock.now();
        if self.store.code(&secret.hash())?.is_none() {
            return Err(Refusal::CodeRefused(CodeFault::Unknown));
        }
        let (name, envelope) = (self.config.name.clone(), self.envelope.public().to_vec());
        let vault = Arc::clone(&self.vault);
        let id = self.writer.run(Some(FOUNDING), move |stage| {
            let founder = Founder { name: &name, envelope: &envelope, master: vault.master() };
            acts::plan_founding(stage, &secret, &entry, &names, founder, now)
        })??;
        let office = self.bring_up(&id)?;
        for log in LogName::ALL {
            office.log(log).publish()?;
        }
        Ok((id, office.log(LogName::Register).published()?.size))
    }

    /// The office at run time; the first who asks brings it up. Twice would be two memories of one signature.
    fn bring_up(&self, id: &OfficeId) -> Result<Arc<Office>, Refusal> {
        let _alone = lock(&self.founding);
        if let Some(office) = self.offices.find(id) {
            return Ok(office);
        }
        let stored: Option<StoredOffice> = self.store.offices()?.into_iter().find(|office| office.id == *id);
        let stored = stored.ok_or(Refusal::NotFound("office"))?;
        let (name, checkpoints) = (self.config.name.as_str(), self.places.checkpoints.as_path());
        let around = Surroundings { name, checkpoints, master: self.vault.master() };
        let office = Office::open(&*self.store, &stored, around);
        let office = Arc::new(office.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?);
        self.offices.add(Arc::clone(&office));
        Ok(office)
    }

    /// Where an act stands, proved.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn act_proof(&self, office: &OfficeId, id: &Hash) -> Result<Proved, Refusal> {
        let office = self.office(office)?;
        let act = self.store.act(&office.id, id)?.ok_or(Refusal::NotFound("act"))?;
        self.prove(&office, act.log, act.index)
    }

    /// An entry's inclusion under the newest checkpoint.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it does not lie under it.
    pub fn prove(&self, office: &Office, log: LogName, index: u64) -> Result<Proved, Refusal> {
        let checkpoint = office.log(log).published()?;
        if index >= checkpoint.size {
            return Err(Refusal::NotFound("entry"));
        }
        let tree = StoredTree { store: &*self.store, office: office.id, log };
        let proof = inclusion_proof(&tree, index, checkpoint.size).map_err(unproved)?;
        Ok(Proved { log, index, proof, checkpoint })
    }

    /// The bytes of a record.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Unavailable`] when its key is gone or its payload does not open.
    pub fn record_bytes(&self, office: &OfficeId, index: u64) -> Result<Vec<u8>, Refusal> {
        let entries = self.store.entries(office, LogName::Records, index, 1)?;
        let entry = entries.first().ok_or(Refusal::NotFound("record"))?;
        let key = self.vault.numbered(office, entry.key);
        let opened = key.and_then(|key| key.open_payload(&entry.leaf.0, &entry.payload).ok());
        let opened = opened
            .ok_or_else(|| Refusal::Unavailable { cause: format!("the payload of record {index} does not open") })?;
        Ok(opened.to_vec())
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

/// Acts of one office are judged one after the other, each on what the one before left durable.
fn act_exclusive(office: &OfficeId) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    ("act", office).hash(&mut hasher);
    hasher.finish()
}

/// The id of an act, for answers; nothing when it is none.
#[must_use]
pub fn id_of(entry: &[u8]) -> Option<Hash> {
    SignedAct::decode(entry).ok().map(|signed| Hash(signed.id().0))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Visitors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visitors(..)")
    }
}

/// Who may search and read records (LEDGER §L5).
pub const READERS: &[Role] = &[
    Role::SystemManager,
    Role::AccessManager,
    Role::SecurityManager,
    Role::DataProtectionManager,
    Role::Auditor,
    Role::ChiefSecurityOfficer,
];
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
const FOUNDING: u64 = 0;
