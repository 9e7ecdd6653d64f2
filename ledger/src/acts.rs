//! The way of an act into the register log or the casebook: judged by the fold first, appended then, under a checkpoint before the answer.

use std::sync::{Arc, MutexGuard};

use sekisho_register::change::{Log, SetLogKey};
use sekisho_register::typed::does_not_show;
use sekisho_register::{Change, FoldRefusal, Folded, NameHash, Register, SignedAct, are_texts, names_of, office_of};
use sekisho_tlog::{Hash, leaf_hash};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Code, Hash as WireHash, OfficeId, Salt};
use sekisho_wire::record::RefusedAct;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::checkpoint::Halt;
use crate::clock::Millis;
use crate::code::{CodeSecret, PublicKeys};
use crate::error::LedgerError;
use crate::office::{Judges, Office, seeds_of};
use crate::refusal::{CodeFault, Refusal};
use crate::secret::{DoesNotOpen, SecretKey};
use crate::stage::Stage;
use crate::store::{CodePurpose, Entry, LogName, Store, StoreError, StoredAct, StoredName, StoredOffice};
use crate::vault::Vault;

/// A person's name beside an act: erasable, unlike the act.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    /// Makes the hash unguessable.
    pub salt: Salt,
    /// The name.
    pub text: Zeroizing<String>,
}

/// Where an act stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// In which log.
    pub log: LogName,
    /// At which index.
    pub index: u64,
    /// Its id.
    pub id: Hash,
}

/// What was found out about an act before it waits for the writer, whose word is the last one.
#[derive(Debug)]
pub struct Judged<'o> {
    /// The register that judges it, if it is for the casebook and not there yet.
    judge: Option<Arc<Register>>,
    /// Nobody else's entry comes into the casebook before this one's answer.
    _turn: Option<MutexGuard<'o, Judges>>,
}

impl Judged<'_> {
    /// What [`plan`] has to be given.
    #[must_use]
    pub fn judge(&self) -> Option<Arc<Register>> {
        self.judge.clone()
    }
}

/// Where this very act stands already, if it does and everybody here knows of it.
///
/// # Errors
/// When the store fails.
pub fn standing(store: &dyn Store, office: &Office, entry: &[u8]) -> Result<Option<Placed>, StoreError> {
    let Ok(signed) = SignedAct::decode(entry) else { return Ok(None) };
    let id = Hash(signed.id().0);
    let Some(act) = store.act(&office.id, &id)? else { return Ok(None) };
    if act.index >= office.log(act.log).committed_size() {
        return Ok(None);
    }
    let there = store.entries(&office.id, act.log, act.index, 1)?;
    let same = there.first().is_some_and(|there| there.payload == entry);
    Ok(same.then_some(Placed { log: act.log, index: act.index, id }))
}

/// Whether an act has a chance by what is in force: it stands there already, or the fold would accept it. Keep what is returned until the
/// act is planned and committed.
///
/// # Errors
/// [`Refusal::Act`], [`Refusal::NameWrong`], or the store's failure.
pub fn judge<'o>(
    store: &dyn Store,
    office: &'o Office,
    entry: &[u8],
    names: &[Name],
    now: Millis,
) -> Result<Judged<'o>, Refusal> {
    let signed = SignedAct::decode(entry).map_err(|malformed| Refusal::Act(FoldRefusal::Malformed(malformed)))?;
    if store.act(&office.id, &Hash(signed.id().0))?.is_some() {
        return Ok(Judged { judge: None, _turn: None });
    }
    let casebook = office.log(LogName::Casebook).halted();
    if let Some(halt) = casebook.filter(|_| !is_decided_without_a_casebook(&signed)) {
        return Err(Refusal::Halted { cause: format!("{}: {halt}", LogName::Casebook) });
    }
    match signed.act().log {
        Log::Casebook => judge_case(store, office, &signed, entry, names, now),
        Log::Register | Log::Records => {
            office.register().would_accept(entry, now).map_err(Refusal::Act)?;
            Ok(Judged { judge: None, _turn: None })
        }
    }
}

/// Whether an act is one of those that are taken while the casebook stands still: what has another go on in its place, and nothing beside it in the
/// same act; what recovery keys announce or carry out, which need no casebook, and without which nobody may be left to decide the former; and that somebody objects to
/// what they announced.
fn is_decided_without_a_casebook(signed: &SignedAct) -> bool {
    let mut source = signed.clone();
    while let Ok(Some(proposal)) = source.proposal() {
        source = proposal;
    }
    let succeeds = |change: &Change| matches!(change, Change::SucceedLog(successor) if successor.log == Log::Casebook);
    match source.act().changes.as_slice() {
        _ if signed.act().log != Log::Register => false,
        [Change::AnnounceRecovery(_) | Change::EndRecovery(_)] => true,
        [change] => succeeds(change),
        [] | [_, _, ..] => false,
    }
}

fn judge_case<'o>(
    store: &dyn Store,
    office: &'o Office,
    signed: &SignedAct,
    entry: &[u8],
    names: &[Name],
    now: Millis,
) -> Result<Judged<'o>, Refusal> {
    let look = || {
        // In this order: no entry of the casebook has seen more than the register has that is read after it.
        let casebook = office.casebook();
        let register = office.register();
        let unopposed = casebook.look(&register, entry, now).map_err(Refusal::Act)?;
        check_names(&signed.act().changes, names)?;
        Ok::<_, Refusal>((casebook, register, unopposed))
    };
    // Strangers take no turn.
    look().map(drop)?;
    let mut turn = office.filing();
    let (casebook, register, unopposed) = look()?;
    let judge = turn.of_size(store, &office.id, &register, unopposed.judged_by())?;
    casebook.would_accept(&judge, &unopposed).map_err(Refusal::Act)?;
    Ok(Judged { judge: Some(judge), _turn: Some(turn) })
}

/// Judges and stages an act for an office that exists; `judge` is what [`judge`] found.
///
/// # Errors
/// [`Refusal::Act`] when the fold refuses it, [`Refusal::NameWrong`], [`Refusal::Busy`] when another register would have to judge it by now, or
/// the store's failure.
pub fn plan(
    stage: &mut Stage<'_>,
    office: &OfficeId,
    judge: Option<&Register>,
    entry: &[u8],
    names: &[Name],
    vault: &Vault,
    now: Millis,
) -> Result<Placed, Refusal> {
    let signed = SignedAct::decode(entry).map_err(|malformed| Refusal::Act(FoldRefusal::Malformed(malformed)))?;
    if let Some(stored) = stage.store().act(office, &Hash(signed.id().0))? {
        // The answer was lost: the same bytes get the same answer.
        let there = stage.store().entries(office, stored.log, stored.index, 1)?;
        if there.first().is_some_and(|there| there.payload == entry) {
            return Ok(Placed { log: stored.log, index: stored.index, id: stored.id });
        }
    }
    let register = stage.register(office).ok_or(Refusal::NotFound("office"))?;
    match signed.act().log {
        Log::Casebook => plan_case(stage, office, &register, judge, entry, names, vault, now),
        Log::Register | Log::Records => plan_change(stage, office, &register, entry, names, vault, now),
    }
}

fn plan_change(
    stage: &mut Stage<'_>,
    office: &OfficeId,
    register: &Register,
    entry: &[u8],
    names: &[Name],
    vault: &Vault,
    now: Millis,
) -> Result<Placed, Refusal> {
    let folded = register.would_accept(entry, now).map_err(Refusal::Act)?;
    let brought = || folded.changes.iter().flat_map(Change::brings);
    expect_keys_of_ours(stage.store(), office, register, folded.changes.iter(), vault.master())?;
    for change in brought() {
        let Change::SucceedLog(successor) = change else { continue };
        // A log that goes on has no successor, and what is there is what is kept.
        let lost = LogName::ALL.into_iter().find(|log| log.of_acts() == successor.log);
        let left = lost.and_then(|log| stage.left(office, log)).map(|(size, root, _)| (size, root.0));
        let ends = lost.map(|log| stage.size(office, log)).transpose()?;
        // One that stopped for a key alone has lost nothing, and its successor would lack the key as well; nor is what is damaged what is kept.
        let halted = lost.and_then(|log| stage.halted(office, log));
        let helps_not = matches!(halted, Some(Halt::KeyMissing | Halt::NotAsWritten { .. } | Halt::TreeDamaged));
        let is_left = left == Some((successor.kept_size, successor.kept_root.0));
        if helps_not || !is_left || ends != Some(successor.kept_size) {
            return Err(Refusal::LogNotLost);
        }
    }
    expect_filed(stage, office, entry, &folded)?;
    if let Some(casebook) = stage.casebook(office) {
        let signed = SignedAct::decode(entry).map_err(|malformed| Refusal::Act(FoldRefusal::Malformed(malformed)))?;
        let at = signed.act().made.max(register.newest_made());
        casebook.may_take(register, &signed, at).map_err(Refusal::Act)?;
    }
    let mut next = register.clone();
    next.fold(entry).map_err(Refusal::Act)?;
    let placed = Placed { log: LogName::Register, index: folded.index, id: Hash(folded.id.0) };
    let needed = names_of(&folded.changes);
    // An approval need not bring the names that its proposal brought: they were stored beside the proposal.
    let names = match folded.approved {
        Some(approved) if names.is_empty() => {
            proposal_names(stage, office, placed, &Hash(approved.proposal.0), &needed)?
        }
        Some(_) | None => seal_names(office, placed, &folded.changes, names, vault)?,
    };
    store_act(stage, office, placed, entry, names)?;
    stage.set_register(*office, Arc::new(next));
    Ok(placed)
}

/// Whoever names a log's key names one that was made here.
fn expect_keys_of_ours<'c>(
    store: &dyn Store,
    office: &OfficeId,
    register: &Register,
    changes: impl Iterator<Item = &'c Change>,
    master: &SecretKey,
) -> Result<(), Refusal> {
    for change in changes.flat_map(Change::brings) {
        let Change::LogKey(change) = change else { continue };
        if !is_made_here(store, office, register, change, master)? {
            return Err(Refusal::LogKeyUnknown);
        }
    }
    Ok(())
}

/// What somebody approves, everybody could read before: it stands in the casebook. Where that stands still, what has another go on in its place came
/// by hand, and nothing else comes this far ([`is_decided_without_a_casebook`]).
fn expect_filed(stage: &Stage<'_>, office: &OfficeId, entry: &[u8], folded: &Folded) -> Result<(), Refusal> {
    // Recovery keys wrap each other's acts, and file none (register §R4.8).
    let Some(approved) = folded.approved.filter(|_| matches!(folded.signer, Signer::Card(_))) else { return Ok(()) };
    let casebook = stage.casebook(office).ok_or(Refusal::NotFound("office"))?;
    // It may have stopped since the act was judged.
    let decided = SignedAct::decode(entry).is_ok_and(|signed| is_decided_without_a_casebook(&signed));
    if decided && stage.left(office, LogName::Casebook).is_some() {
        return Ok(());
    }
    if casebook.proposal(&approved.proposal).is_none() {
        return Err(Refusal::NotProposed);
    }
    casebook.may_be_approved(&approved.proposal, &approved.tip).map_err(Refusal::Act)
}

/// Whether a log could be signed by this key once the act holds: who else has it is not asked, for it was made here.
fn is_made_here(
    store: &dyn Store,
    office: &OfficeId,
    register: &Register,
    change: &SetLogKey,
    master: &SecretKey,
) -> Result<bool, Refusal> {
    let unavailable = |error: LedgerError| Refusal::Unavailable { cause: error.to_string() };
    let log = LogName::ALL.into_iter().find(|log| log.of_acts() == change.log).ok_or(Refusal::Malformed("log"))?;
    let Some(keys) = register.keys_in_force(change.log) else { return Ok(false) };
    let made = seeds_of(store, master, office).and_then(|seeds| seeds.keys(log, keys.origin())).map_err(unavailable)?;
    Ok(made.iter().any(|(made, _)| made.verifying_key().to_bytes() == change.key.0))
}

#[expect(clippy::too_many_arguments, reason = "one straight road; a struct for these would only be unpacked at once")]
fn plan_case(
    stage: &mut Stage<'_>,
    office: &OfficeId,
    register: &Register,
    judge: Option<&Register>,
    entry: &[u8],
    names: &[Name],
    vault: &Vault,
    now: Millis,
) -> Result<Placed, Refusal> {
    let casebook = stage.casebook(office).ok_or(Refusal::NotFound("office"))?;
    let unopposed = casebook.look(register, entry, now).map_err(Refusal::Act)?;
    // None is folded here, where everybody waits. Only a commit that failed and landed all the same moves the casebook during somebody's turn.
    let judge = judge.filter(|judge| judge.size() == unopposed.judged_by()).ok_or(Refusal::Busy)?;
    let mut next = (*casebook).clone();
    next.fold(judge, entry).map_err(Refusal::Act)?;
    expect_keys_of_ours(stage.store(), office, register, unopposed.act().act().changes.iter(), vault.master())?;
    let placed = Placed { log: LogName::Casebook, index: casebook.size(), id: Hash(unopposed.act().id().0) };
    let names = seal_names(office, placed, &unopposed.act().act().changes, names, vault)?;
    store_act(stage, office, placed, entry, names)?;
    stage.set_casebook(*office, Arc::new(next));
    Ok(placed)
}

/// The names of an approved proposal lie beside the proposal; terminals are told names beside register entries, so they get a second place.
fn proposal_names(
    stage: &Stage<'_>,
    office: &OfficeId,
    placed: Placed,
    proposal: &Hash,
    needed: &[NameHash],
) -> Result<Vec<StoredName>, Refusal> {
    let filed = stage.store().act(office, proposal)?;
    let beside = match &filed {
        Some(at) => stage.store().names(office, at.log, at.index, at.index + 1)?,
        None => Vec::new(),
    };
    let of = |hash: &NameHash| {
        let name = beside.iter().find(|name| name.hash == hash.0).cloned();
        name.map(|name| StoredName { log: placed.log, index: placed.index, ..name }).ok_or(Refusal::NameWrong)
    };
    needed.iter().map(of).collect()
}

pub(crate) fn store_act(
    stage: &mut Stage<'_>,
    office: &OfficeId,
    placed: Placed,
    entry: &[u8],
    names: Vec<StoredName>,
) -> Result<(), StoreError> {
    let entry = Entry { leaf: leaf_hash(entry), key: 0, payload: entry.to_vec() };
    stage.append(office, placed.log, vec![entry])?;
    let change = stage.change();
    change.acts.push(StoredAct { office: *office, id: placed.id, log: placed.log, index: placed.index });
    change.names.extend(names);
    Ok(())
}

/// Exactly the names, or in the casebook the texts, that the act speaks of.
fn check_names(changes: &[Change], names: &[Name]) -> Result<(), Refusal> {
    let (needed, is_sound) = (names_of(changes), if are_texts(changes) { is_a_text } else { is_a_name });
    let given: Vec<NameHash> = names.iter().map(Name::hash).collect();
    let fits = needed.iter().all(|hash| given.contains(hash)) && given.iter().all(|hash| needed.contains(hash));
    if fits && names.iter().all(|name| is_sound(&name.text)) { Ok(()) } else { Err(Refusal::NameWrong) }
}

/// Exactly the names that the act speaks of, each sealed under its own key.
fn seal_names(
    office: &OfficeId,
    placed: Placed,
    changes: &[Change],
    names: &[Name],
    vault: &Vault,
) -> Result<Vec<StoredName>, Refusal> {
    check_names(changes, names)?;
    let needed = names_of(changes);
    let sealed = needed.iter().map(|hash| {
        let name = names.iter().find(|name| name.hash() == *hash).ok_or(Refusal::NameWrong)?;
        // One that was erased is sealed for nobody any more.
        let sealed = name.seal(office, hash, vault).ok_or(Refusal::NameWrong)?;
        Ok(StoredName { office: *office, log: placed.log, index: placed.index, hash: hash.0, sealed })
    });
    sealed.collect()
}

/// Those of the names that an act speaks of which somebody still knows and no act has erased, sealed as [`seal_names`] does.
pub(crate) fn seal_found(
    office: &OfficeId,
    placed: Placed,
    needed: &[NameHash],
    names: &[Name],
    vault: &Vault,
) -> Vec<StoredName> {
    let Placed { log, index, .. } = placed;
    let sealed = |hash: &NameHash| {
        let name = names.iter().find(|name| name.hash() == *hash)?;
        Some(StoredName { office: *office, log, index, hash: hash.0, sealed: name.seal(office, hash, vault)? })
    };
    needed.iter().filter_map(sealed).collect()
}

/// Whether a text can be a person's name (LEDGER §L4). Names travel beside acts: long ones would crowd out the pages of the register. What
/// is not seen misleads whoever reads it; but names may hold characters that no title has, such as variants of Chinese characters.
fn is_a_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len()) && !name.chars().any(does_not_show)
}

/// Whether a text can stand in a form: it may have lines.
fn is_a_text(text: &str) -> bool {
    (1..=TEXT_MAX).contains(&text.len()) && !text.chars().any(|c| c != '\n' && does_not_show(c))
}

/// Bytes of UTF-8: more than sixty Chinese characters.
const NAME_MAX: usize = 200;
/// Bytes of UTF-8: a page and a half of Japanese.
const TEXT_MAX: usize = 4_000;

impl Name {
    pub(crate) fn hash(&self) -> NameHash {
        NameHash::of(&self.salt, &self.text)
    }

    fn seal(&self, office: &OfficeId, hash: &NameHash, vault: &Vault) -> Option<Vec<u8>> {
        let plain = Zeroizing::new([self.salt.0.as_slice(), self.text.as_bytes()].concat());
        Some(vault.name_key(office, &hash.0)?.seal(&name_aad(office, &hash.0), &plain))
    }

    /// Opens a stored name with its key ([`Vault::name_key`]).
    ///
    /// # Errors
    /// When it was altered or sealed under another key.
    pub fn open(stored: &StoredName, key: &SecretKey) -> Result<Self, DoesNotOpen> {
        let plain = key.open(&name_aad(&stored.office, &stored.hash), &stored.sealed)?;
        let (salt, text) = plain.split_at_checked(16).ok_or(DoesNotOpen)?;
        let text = String::from_utf8(text.to_vec()).map_err(|_| DoesNotOpen)?;
        Ok(Self { salt: Salt::from_slice(salt).ok_or(DoesNotOpen)?, text: Zeroizing::new(text) })
    }
}

fn name_aad(office: &OfficeId, hash: &[u8; 32]) -> Vec<u8> {
    [b"sekisho name v1".as_slice(), office.as_bytes(), hash].concat()
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name(..)")
    }
}

/// What is written down of an act that was refused, so that attempts are seen: which act, why, and in whose name it came.
#[must_use]
pub fn refused_act(register: &Register, entry: &[u8], refusal: &FoldRefusal, now: Millis) -> Option<RefusedAct> {
    let signed = SignedAct::decode(entry).ok();
    let id = signed.as_ref().map_or_else(|| WireHash(Sha256::digest(entry).into()), SignedAct::id);
    let card = signed.and_then(|signed| if let Signer::Card(card) = signed.signer() { Some(*card) } else { None });
    let operator = card.and_then(|card| register.card(&card)?.holder(now).map(|holder| holder.operator.clone()));
    Some(RefusedAct { id, rule: Code::new(refusal.code()).ok()?, card, operator })
}

/// The terminal that an act names as its signer.
#[must_use]
pub fn signing_terminal(entry: &[u8]) -> Option<Code> {
    let signed = SignedAct::decode(entry).ok()?;
    if let Signer::Terminal(terminal) = signed.signer() { Some(terminal.clone()) } else { None }
}

/// What founding needs to know of this ledger.
#[derive(Clone, Copy, Debug)]
pub struct Founder<'a> {
    /// The ledger's name.
    pub name: &'a str,
    /// The HPKE key.
    pub envelope: &'a [u8],
    /// Seals names, and wraps the seeds of the logs.
    pub vault: &'a Vault,
}

/// Judges and stages a founding act under its code.
///
/// # Errors
/// [`Refusal::CodeRefused`], [`Refusal::OtherKeys`], [`Refusal::Act`], [`Refusal::NameWrong`].
pub fn plan_founding(
    stage: &mut Stage<'_>,
    secret: &CodeSecret,
    entry: &[u8],
    names: &[Name],
    founder: Founder<'_>,
    now: Millis,
) -> Result<OfficeId, Refusal> {
    let code = stage.store().code(&secret.hash())?.ok_or(Refusal::CodeRefused(CodeFault::Unknown))?;
    let CodePurpose::Founding { seeds } = code.purpose else { return Err(Refusal::CodeRefused(CodeFault::Other)) };
    let signed = SignedAct::decode(entry).map_err(|malformed| Refusal::Act(FoldRefusal::Malformed(malformed)))?;
    let office = office_of(&signed);
    if code.used.is_some() {
        // The same act again gets the same answer; another one is refused.
        // Asked of the store, for the office may have landed without being brought up.
        let founded = stage.store().offices()?.iter().any(|stored| stored.id == office);
        let there = founded && stage.store().act(&office, &Hash(signed.id().0))?.is_some();
        return if there { Ok(office) } else { Err(Refusal::CodeRefused(CodeFault::Used)) };
    }
    if code.expires <= now {
        return Err(Refusal::CodeRefused(CodeFault::Expired));
    }
    let mut register = Register::new();
    let folded = register.would_accept(entry, now).map_err(Refusal::Act)?;
    register.fold(entry).map_err(Refusal::Act)?;
    let keys = crate::log_keys::wrapped_public_keys(founder.vault.master(), &seeds);
    let keys = keys.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?;
    if !is_for(&register, &keys, founder) {
        return Err(Refusal::OtherKeys);
    }
    let placed = Placed { log: LogName::Register, index: 0, id: Hash(signed.id().0) };
    let names = seal_names(&office, placed, &folded.changes, names, founder.vault)?;
    let change = stage.change();
    change.offices.push(StoredOffice { id: office, seeds, founded: now });
    change.used.push((secret.hash(), now));
    store_act(stage, &office, placed, entry, names)?;
    Ok(office)
}

fn is_for(register: &Register, keys: &PublicKeys, founder: Founder<'_>) -> bool {
    register.founding().is_some_and(|found| {
        found.ledger.as_str() == founder.name
            && found.keys.records.0 == keys.records
            && found.keys.register.0 == keys.register
            && found.keys.casebook.0 == keys.casebook
            && found.keys.envelope.as_bytes() == founder.envelope
    })
}
