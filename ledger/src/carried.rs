//! Records that a terminal made in an earlier epoch and carried into a later one (wire §7.5b): both histories stay.

use sekisho_tlog::Hash;
use sekisho_wire::batch::BatchHeader;
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Alarm, Emitter, Record};

use crate::ingest::stored_leaves;
use crate::ledger::Ledger;
use crate::store::{LogName, Store, StoreError, StoredBatch};

/// Where a carried record stands: in the history into which its terminal carried it. What it says itself is the place that it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarriedTo {
    /// The later epoch,
    pub epoch: u32,
    /// and the place there.
    pub seq: u64,
}

/// A record as it is believed: it stands where it says, or was carried from there.
#[derive(Clone, Debug)]
pub struct Attributed {
    /// What it says.
    pub record: Record,
    /// Where it stands, with its leaf, if that is another place.
    pub carried: Option<(CarriedTo, Hash)>,
}

impl From<Record> for Attributed {
    fn from(record: Record) -> Self {
        Self { record, carried: None }
    }
}

/// Whether what names this emitter, office and epoch was carried into this history: it is the same terminal's, out of an earlier epoch.
pub(crate) fn is_carried(
    named: (&Emitter, &OfficeId, u32),
    (office, terminal, epoch): (&OfficeId, &Code, u32),
) -> bool {
    let (emitter, of, from) = named;
    matches!(emitter, Emitter::Terminal(code) if code == terminal) && of == office && from < epoch
}

/// The same for a record in a stored batch.
pub(crate) fn is_carried_in(batch: &StoredBatch, record: &Record) -> bool {
    let named = (&record.emitter, &record.office, record.epoch);
    is_carried(named, (&batch.office, &batch.terminal, batch.epoch))
}

/// What stands in this place of a terminal's history, if anything does: its index and its leaf.
pub(crate) fn leaf_at(
    store: &dyn Store,
    office: &OfficeId,
    (terminal, epoch, seq): (&Code, u32, u64),
) -> Result<Option<(u64, Hash)>, StoreError> {
    let batch = store.batches(office, terminal, epoch, seq, 1)?.pop();
    let at = batch.as_ref().and_then(|batch| Some((batch, seq.checked_sub(batch.first)?)));
    let Some((batch, at)) = at.filter(|(batch, at)| *at < u64::from(batch.count)) else { return Ok(None) };
    let index = batch.index + at;
    Ok(store.leaves(office, LogName::Records, index, index + 1)?.pop().map(|leaf| (index, leaf)))
}

/// A carried record, and the place that it was made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CarriedFrom {
    /// Its epoch,
    pub(crate) epoch: u32,
    /// its place there,
    pub(crate) seq: u64,
    /// and its leaf.
    pub(crate) leaf: Hash,
}

/// Where a terminal's histories part: the first place, by epoch and seq, in which another record stands than one that was carried out of it.
fn parted(
    store: &dyn Store,
    office: &OfficeId,
    terminal: &Code,
    mut carried: Vec<CarriedFrom>,
) -> Result<Option<(u32, u64)>, StoreError> {
    carried.sort_unstable_by_key(|it| (it.epoch, it.seq));
    let follows = |one: &CarriedFrom, next: &CarriedFrom| one.epoch == next.epoch && next.seq - one.seq <= 1;
    // A terminal that carries what it has does so in order: one run.
    for run in carried.chunk_by(follows) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let count = usize::try_from(last.seq - first.seq).unwrap_or(usize::MAX).saturating_add(1);
        let stored = stored_leaves(store, office, (terminal, first.epoch, first.seq), count)?;
        let there = |it: &&CarriedFrom| {
            let at = usize::try_from(it.seq - first.seq).ok().and_then(|at| stored.get(at));
            at.is_some_and(|leaf| leaf.is_some_and(|leaf| leaf != it.leaf))
        };
        if let Some(other) = run.iter().find(there) {
            return Ok(Some((other.epoch, other.seq)));
        }
    }
    Ok(None)
}

impl Ledger {
    /// What a terminal carries may contradict what it had sent in its own epoch: its disk was put back, or two machines have its key. A batch that said so in
    /// that epoch would have been a fork; this one is stored, and is as much of an alarm (wire §7.5b). A repeat is looked at as well: its alarm may be what
    /// was missing.
    pub(crate) fn look_at_histories(&self, header: &BatchHeader, carried: Vec<CarriedFrom>) {
        let (office, terminal) = (&header.office, &header.terminal);
        match parted(&*self.store, office, terminal, carried) {
            Ok(None) => {}
            Ok(Some((epoch, seq))) => {
                let alarm = Alarm {
                    kind: AlarmKind::Fork,
                    terminal: Some(terminal.clone()),
                    epoch: Some(epoch),
                    seq: Some(seq),
                    act: None,
                };
                let why = format!(
                    "terminal {terminal} carries another record {seq} of epoch {epoch} than it has sent: it has two histories"
                );
                self.alarm_once(office, format!("histories of {terminal} in epoch {epoch}"), alarm, &why);
            }
            Err(error) => log::warn!("whether terminal {terminal} has two histories cannot be told: {error}"),
        }
    }
}
