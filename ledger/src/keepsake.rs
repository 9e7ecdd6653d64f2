//! What terminals keep for the ledger (LEDGER.md §L6): entries that no terminal could bring again, sealed so that only this ledger reads
//! them. A few terminals hold each; after a restore they give them back.

use std::time::Duration;

use sekisho_register::SignedAct;
use sekisho_register::change::TerminalUse;
use sekisho_tlog::Hash;
use sekisho_wire::id::Code;
use sekisho_wire::record::Record;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::acts::Name;
use crate::authority::Peer;
use crate::clock::{DAY, Millis};
use crate::ledger::Ledger;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::store::{Entry, LogName, StoreError, StoredName};
use crate::to_keep::Recent;

/// One entry, as a terminal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keepsake {
    /// Records log or casebook.
    pub log: LogName,
    /// Its index there.
    pub index: u64,
    /// What only this ledger opens.
    pub sealed: Vec<u8>,
}

/// What a terminal is given to keep.
#[derive(Clone, Debug, Default)]
pub struct Handed {
    /// The entries.
    pub keepsakes: Vec<Keepsake>,
    /// Up to which index of records log and casebook it has been given what it is to keep.
    pub to: [u64; 2],
    /// The checkpoints of both, for it to show: they say that so many entries were signed.
    pub checkpoints: [String; 2],
}

/// A name, sealed under its own key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedName {
    hash: [u8; 32],
    sealed: Vec<u8>,
}

/// An entry that came back.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Returned {
    /// Its bytes, as the log has them.
    pub(crate) entry: Zeroizing<Vec<u8>>,
    /// The names beside it, as they were stored: what erases one reaches what terminals keep of it.
    pub(crate) names: Vec<SealedName>,
}

/// So long a terminal waits at least before it comes for what it is to keep.
const AGAIN: Duration = Duration::from_secs(1);
/// So many entries are looked through and handed out at a time, beside the register.
const LOOKED: u64 = 20_000;
const HANDED: usize = 256;
/// And about so many bytes.
const HANDED_BYTES: usize = 256 * 1024;
/// About so many terminals keep each entry: that none does is one chance in ten thousand million.
const KEEPERS: usize = 24;
/// Which logs are kept so; a terminal has the register anyway.
const KEPT: [LogName; 2] = [LogName::Records, LogName::Casebook];

impl Ledger {
    /// What this terminal is to keep of what was signed since it was given something last.
    ///
    /// # Errors
    /// When the store fails, or a log has no checkpoint.
    pub fn hand_out(&self, peer: &Peer, from: [u64; 2]) -> Result<Handed, Refusal> {
        let office = self.office(&peer.office)?;
        let (register, now) = (office.register(), self.clock.now());
        let terminals = self.keepers(&office);
        // What is older a ledger that was restored has from elsewhere; and a terminal that is new does not get what is to be destroyed soon.
        let days = Millis::from(register.policy_at(now.max(register.newest_made())).keep_sealed_days);
        let since = now.saturating_sub(days * DAY);
        let mut handed = Handed { to: from, ..Handed::default() };
        let mut bytes = 0;
        for ((log, to), note) in KEPT.into_iter().zip(&mut handed.to).zip(&mut handed.checkpoints) {
            let signed = office.log(log).published()?;
            note.clone_from(&signed.text);
            // A log that began anew at an operator's word.
            *to = signed.size.min(*to);
            if *to == 0 && log == LogName::Records {
                *to = self.first_since(&office, signed.size, since)?;
            }
            let end = signed.size.min(to.saturating_add(LOOKED));
            let (entries, reached) = self.not_brought(&office, log, *to, end)?;
            for (index, entry) in entries {
                if is_full(&handed.keepsakes, bytes) {
                    break;
                }
                if keeps(&peer.terminal, log, index, terminals) {
                    match self.keepsake(&office, log, index, &entry, since) {
                        Ok(Some(keepsake)) => {
                            bytes += keepsake.sealed.len();
                            handed.keepsakes.push(keepsake);
                        }
                        Ok(None) => {}
                        // Nobody keeps what was destroyed.
                        Err(Refusal::Destroyed { .. }) => {}
                        // What is damaged here nobody can keep; `fsck` names it. What follows it is kept.
                        Err(refusal) => log::warn!("entry {index} of log {log} is given to nobody to keep: {refusal}"),
                    }
                }
                *to = index + 1;
            }
            if !is_full(&handed.keepsakes, bytes) {
                *to = reached.max(*to);
            }
        }
        Ok(handed)
    }

    /// Waits until an entry was signed that this terminal is to keep, after those that it was given.
    pub(crate) async fn wait_for_something_to_keep(&self, peer: &Peer, given: [u64; 2]) -> Result<(), Refusal> {
        let office = self.office(&peer.office)?;
        let terminals = self.keepers(&office);
        // Whoever comes back with nothing, because it cannot be read here, does not come again at once.
        tokio::time::sleep(AGAIN).await;
        let is_new = |log: LogName, index: u64| KEPT.iter().zip(given).any(|(of, to)| *of == log && index >= to);
        let is_for_it = |recent: &Recent| {
            recent.iter().any(|(log, index)| is_new(*log, *index) && keeps(&peer.terminal, *log, *index, terminals))
        };
        // The sender lives as long as the office.
        drop(office.to_keep().watch().wait_for(is_for_it).await);
        Ok(())
    }

    /// Before this index of the records log no batch came that late: a terminal that was given nothing yet need not be led through years.
    fn first_since(&self, office: &Office, size: u64, since: Millis) -> Result<u64, StoreError> {
        let (mut low, mut high) = (0, size);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.store.batches_by_index(&office.id, middle, 1)?.first() {
                Some(batch) if batch.received < since => low = batch.index.max(middle) + 1,
                Some(_) | None => high = middle,
            }
        }
        Ok(low)
    }

    /// Among how many terminals the entries are shared out.
    fn keepers(&self, office: &Office) -> usize {
        let (register, now) = (office.register(), self.clock.now());
        register.terminals().filter(|terminal| terminal.state(now) != TerminalUse::Retired).count()
    }

    /// The entries between these that no terminal has brought, and up to where they were looked through: never into the middle of a batch.
    fn not_brought(
        &self,
        office: &Office,
        log: LogName,
        from: u64,
        to: u64,
    ) -> Result<(Vec<(u64, Entry)>, u64), StoreError> {
        let mut found = Vec::new();
        let mut add = |from: u64, to: u64| -> Result<(), StoreError> {
            let count = u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX);
            if count > 0 {
                found.extend((from..to).zip(self.store.entries(&office.id, log, from, count)?));
            }
            Ok(())
        };
        let mut next = from;
        // The other logs have none.
        loop {
            let batches = match log {
                LogName::Records => self.store.batches_by_index(&office.id, next, BATCHES)?,
                LogName::Register | LogName::Casebook => Vec::new(),
            };
            for batch in batches.iter().take_while(|batch| batch.index < to) {
                add(next, batch.index)?;
                next = batch.index + u64::from(batch.count);
            }
            if batches.len() < BATCHES as usize || batches.last().is_none_or(|last| last.index >= to) {
                break;
            }
        }
        add(next, to)?;
        Ok((found, next.max(to)))
    }

    /// An entry to keep; nothing when it is from before `since`.
    fn keepsake(
        &self,
        office: &Office,
        log: LogName,
        index: u64,
        entry: &Entry,
        since: Millis,
    ) -> Result<Option<Keepsake>, Refusal> {
        let (bytes, made) = if log == LogName::Records {
            let bytes = self.record_bytes(&office.id, index)?;
            let made = Record::decode(&bytes).map_err(|_| Refusal::Malformed("record"))?.trusted;
            (bytes, made)
        } else {
            let act = SignedAct::decode(&entry.payload).map_err(|_| Refusal::Malformed("act"))?;
            (entry.payload.clone(), act.act().made)
        };
        if made < since {
            return Ok(None);
        }
        let names = match log {
            LogName::Records => Vec::new(),
            LogName::Register | LogName::Casebook => self.store.names(&office.id, log, index, index + 1)?,
        };
        let plain = Zeroizing::new(plain(&bytes, &names));
        let sealed = self.vault.master().seal(&aad(office, log, office.log(log).generation(), index), &plain);
        Ok(Some(Keepsake { log, index, sealed }))
    }

    /// What came back, if it is one of ours for this very place.
    pub(crate) fn open_keepsake(&self, office: &Office, keepsake: &Keepsake) -> Option<Returned> {
        let Keepsake { log, index, sealed } = keepsake;
        let (register, now) = (office.register(), office.log(*log).generation());
        // What was given of a log before this one, and stands in this one, too.
        let stands = |generation: &u32| {
            let left = register.given_up(log.of_acts(), *generation).filter(|_| *generation < now);
            left.is_none_or(|left| *index < left.kept_size)
        };
        let open = |generation| self.vault.master().open(&aad(office, *log, generation, *index), sealed).ok();
        read(&(1..=now).rev().filter(stands).find_map(open)?)
    }

    /// Those of the names that came back beside entries of a log which were not erased since.
    pub(crate) fn open_returned_names(&self, office: &Office, log: LogName, names: Vec<SealedName>) -> Vec<Name> {
        let stored = |SealedName { hash, sealed }| StoredName { office: office.id, log, index: 0, hash, sealed };
        self.open_names(names.into_iter().map(stored))
    }
}

const fn is_full(keepsakes: &[Keepsake], bytes: usize) -> bool {
    keepsakes.len() >= HANDED || bytes >= HANDED_BYTES
}

/// Whether this terminal is one of those that keep this entry.
fn keeps(terminal: &Code, log: LogName, index: u64, terminals: usize) -> bool {
    let one_in = (terminals / KEEPERS).max(1) as u64;
    let digest = Sha256::new()
        .chain_update(terminal.as_str())
        .chain_update([log.number() as u8])
        .chain_update(index.to_be_bytes())
        .finalize();
    let number = digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    number % one_in == 0
}

/// What a log lost for good is not given back to its successor.
fn aad(office: &Office, log: LogName, generation: u32, index: u64) -> Vec<u8> {
    let place = [&[log.number() as u8], generation.to_be_bytes().as_slice(), &index.to_be_bytes()].concat();
    [b"sekisho keepsake v1".as_slice(), office.id.as_bytes(), &place].concat()
}

/// CBOR: [entry, [[hash, sealed] …]].
fn plain(entry: &[u8], names: &[StoredName]) -> Vec<u8> {
    let mut e = minicbor::Encoder::new(Vec::new());
    let written = (|| -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        e.array(2)?.bytes(entry)?.array(names.len() as u64)?;
        for name in names {
            e.array(2)?.bytes(&name.hash)?.bytes(&name.sealed)?;
        }
        Ok(())
    })();
    written.expect("memory takes what is written to it");
    e.into_writer()
}

fn read(plain: &[u8]) -> Option<Returned> {
    let mut d = minicbor::Decoder::new(plain);
    let two = Some(2);
    (d.array().ok()? == two).then_some(())?;
    let entry = Zeroizing::new(d.bytes().ok()?.to_vec());
    let mut names = Vec::new();
    for _ in 0..d.array().ok()?? {
        (d.array().ok()? == two).then_some(())?;
        let hash = d.bytes().ok()?.try_into().ok()?;
        names.push(SealedName { hash, sealed: d.bytes().ok()?.to_vec() });
    }
    Some(Returned { entry, names })
}

const BATCHES: u32 = 64;

impl Returned {
    /// Its leaf.
    pub(crate) fn leaf(&self) -> Hash {
        sekisho_tlog::leaf_hash(&self.entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let office = sekisho_wire::id::OfficeId([1; 16]);
        let name = StoredName { office, log: LogName::Casebook, index: 7, hash: [3; 32], sealed: vec![4; 40] };
        let returned = read(&plain(b"an act", std::slice::from_ref(&name))).unwrap();
        let sealed = SealedName { hash: name.hash, sealed: name.sealed };
        assert_eq!((returned.entry.as_slice(), returned.names), (b"an act".as_slice(), vec![sealed]));
        assert!(read(b"\x81\x40").is_none() && read(b"").is_none());
    }

    #[test]
    fn a_few_terminals_keep_each_entry_and_all_of_a_small_office_do() {
        let code = |number: usize| Code::new(&format!("mado-{number}")).unwrap();
        for (terminals, least, most) in [(1, 1, 1), (20, 20, 20), (47, 47, 47), (400, 8, 50)] {
            for index in 0..50 {
                let keepers = (0..terminals).filter(|at| keeps(&code(*at), LogName::Records, index, terminals)).count();
                assert!((least..=most).contains(&keepers), "{keepers} of {terminals} keep {index}");
            }
        }
    }
}
