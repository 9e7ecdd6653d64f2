//! Records that a terminal made in an earlier epoch and carried into a later one (wire §7.5b): both histories stay.

use sekisho_tlog::Hash;
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::record::{Emitter, Record};

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

/// The leaf that stands in this place of a terminal's history, if anything does.
pub(crate) fn leaf_at(
    store: &dyn Store,
    office: &OfficeId,
    (terminal, epoch, seq): (&Code, u32, u64),
) -> Result<Option<Hash>, StoreError> {
    let batch = store.batches(office, terminal, epoch, seq, 1)?.pop();
    let at = batch.as_ref().and_then(|batch| Some((batch, seq.checked_sub(batch.first)?)));
    let Some((batch, at)) = at.filter(|(batch, at)| *at < u64::from(batch.count)) else { return Ok(None) };
    let index = batch.index + at;
    Ok(store.leaves(office, LogName::Records, index, index + 1)?.pop())
}
