//! What the index knows of records that terminals carried out of earlier epochs (wire §7.5b).

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use sekisho_wire::id::{Code, OfficeId};

use super::{Index, failed, signed};
use crate::carried::CarriedTo;
use crate::store::StoreError;

impl Index {
    /// Which of these were carried out of an earlier epoch, and where they stand.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn carried_among(&self, office: &OfficeId, indexes: &[u64]) -> Result<BTreeMap<u64, CarriedTo>, StoreError> {
        let sql = "SELECT carried_epoch, carried_seq FROM records WHERE office = ?1 AND idx = ?2 AND carried_epoch IS NOT NULL";
        let find = |connection: &Connection| -> rusqlite::Result<BTreeMap<u64, CarriedTo>> {
            let mut statement = connection.prepare_cached(sql)?;
            let mut found = BTreeMap::new();
            for index in indexes {
                let row = |row: &rusqlite::Row<'_>| {
                    Ok(CarriedTo { epoch: row.get(0)?, seq: row.get::<_, i64>(1)?.unsigned_abs() })
                };
                let carried = statement.query_row((office.as_bytes().as_slice(), signed(*index)), row).optional()?;
                found.extend(carried.map(|carried| (*index, carried)));
            }
            Ok(found)
        };
        self.read(find).map_err(failed("look what was carried"))
    }

    /// Which seqs of an epoch were carried into later ones: first and last of each range, ascending. Of more than [`LOOKED_AT_MAX`] records the first are looked
    /// at; says whether these were all.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn carried_of(
        &self,
        office: &OfficeId,
        terminal: &str,
        epoch: u32,
    ) -> Result<(Vec<(u64, u64)>, bool), StoreError> {
        let sql = "SELECT seq FROM carried WHERE office = ?1 AND terminal = ?2 AND epoch = ?3 ORDER BY seq LIMIT ?4";
        let find = |connection: &Connection| -> rusqlite::Result<(Vec<(u64, u64)>, bool)> {
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query((office.as_bytes().as_slice(), terminal, epoch, signed(LOOKED_AT_MAX)))?;
            let (mut ranges, mut looked): (Vec<(u64, u64)>, u64) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                looked += 1;
                let seq = row.get::<_, i64>(0)?.unsigned_abs();
                match ranges.last_mut() {
                    Some((_, last)) if seq <= last.saturating_add(1) => *last = seq,
                    Some(_) | None => ranges.push((seq, seq)),
                }
            }
            Ok((ranges, looked < LOOKED_AT_MAX))
        };
        self.read(find).map_err(failed("look what was carried"))
    }

    /// Index of the newest record in which a terminal declares something lost.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn newest_lost(&self, office: &OfficeId, terminal: &Code) -> Result<Option<u64>, StoreError> {
        // The kind stands in the statement, or the index of those alone would not be used.
        let sql =
            "SELECT idx FROM records INDEXED BY by_lost WHERE office = ?1 AND terminal = ?2 AND kind = 15 AND own = 1
            ORDER BY idx DESC LIMIT 1";
        let key = (office.as_bytes().as_slice(), terminal.as_str());
        let read = |connection: &Connection| connection.query_row(sql, key, |row| row.get::<_, i64>(0)).optional();
        Ok(self.read(read).map_err(failed("look what was lost"))?.map(i64::unsigned_abs))
    }
}

/// Ten days at a busy counter are some ten thousand; whoever carries more must not make each search slow.
const LOOKED_AT_MAX: u64 = 100_000;

#[cfg(test)]
mod tests {
    use sekisho_tlog::Hash;
    use sekisho_wire::id::{BootId, Code, Salt};
    use sekisho_wire::reason::Outcome;
    use sekisho_wire::record::{Body, Completed, Emitter, RECORD_VERSION, Record};

    use super::*;
    use crate::carried::Attributed;
    use crate::index::{Followed, Question};

    const OFFICE: OfficeId = OfficeId([1; 16]);

    fn record(epoch: u32, seq: u64, body: Body) -> Record {
        Record {
            version: RECORD_VERSION,
            critical: true,
            emitter: Emitter::Terminal(Code::new("jumin-1").unwrap()),
            office: OFFICE,
            epoch,
            seq,
            boot: BootId([1; 16]),
            salt: Salt([1; 16]),
            retention: body.retention(),
            wall: 1,
            trusted: 1,
            monotonic: 1,
            body,
        }
    }

    fn carried(record: Record, epoch: u32, seq: u64, leaf: u8) -> Option<Attributed> {
        Some(Attributed { record, carried: Some((CarriedTo { epoch, seq }, Hash([leaf; 32]))) })
    }

    /// An index, in which a decision of this function stands under epoch 0, seq 1: carried into that epoch, or in its place.
    fn with_decision(index: &Index, at: u64, function: &str, into: Option<u32>) {
        let sql = "INSERT INTO records (office, idx, terminal, epoch, seq, kind, time, function, own, carried_epoch)
            VALUES (?1, ?2, 'jumin-1', 0, 1, 4, 1, ?3, 1, ?4)";
        let values = (OFFICE.as_bytes().as_slice(), signed(at), function, into);
        crate::locks::lock(&index.connection).execute(sql, values).unwrap();
    }

    #[test]
    fn what_was_carried_is_of_the_past_and_is_found_once() {
        let path = crate::testing::scratch("index-carried");
        let index = Index::open(&path.join("index.db")).unwrap();
        let to = |next| Followed { next, root: Hash([0; 32]) };
        let terminal = Code::new("jumin-1").unwrap();
        let up = Body::ReaderUp(sekisho_wire::id::ReaderIdentity::new("name:a").unwrap());
        let records = [Some(record(0, 0, up).into()), carried(record(0, 5, Body::TerminalDown), 1, 0, 1)];
        index.take(&OFFICE, 0, &records, to(2)).unwrap();
        assert!(!index.was_switched_off(&OFFICE, &terminal).unwrap(), "it said so before it was cut off");
        let again = [
            carried(record(0, 5, Body::TerminalDown), 1, 1, 1),
            carried(record(0, 7, Body::TerminalDown), 1, 2, 2),
            carried(record(0, 6, Body::TerminalDown), 2, 0, 3),
        ];
        index.take(&OFFICE, 2, &again, to(5)).unwrap();
        assert_eq!(index.carried_of(&OFFICE, "jumin-1", 0).unwrap(), (vec![(5, 7)], true));
        assert_eq!(index.carried_of(&OFFICE, "jumin-1", 1).unwrap(), (vec![], true));
        let found = index.carried_among(&OFFICE, &[0, 1, 2, 3, 4]).unwrap();
        let at = |epoch, seq| CarriedTo { epoch, seq };
        assert_eq!(found, BTreeMap::from([(1, at(1, 0)), (3, at(1, 2)), (4, at(2, 0))]));
        // Their month is destroyed: they have come all the same.
        index.drop_rows(&OFFICE, &[1, 3, 4]).unwrap();
        assert_eq!(index.carried_of(&OFFICE, "jumin-1", 0).unwrap(), (vec![(5, 7)], true));
        index.forget(&OFFICE).unwrap();
        assert_eq!(index.carried_of(&OFFICE, "jumin-1", 0).unwrap(), (vec![], true));
    }

    #[test]
    fn the_newest_that_a_terminal_declares_lost_is_its_own() {
        let path = crate::testing::scratch("index-carried-lost");
        let index = Index::open(&path.join("index.db")).unwrap();
        let to = |next| Followed { next, root: Hash([0; 32]) };
        let terminal = Code::new("jumin-1").unwrap();
        let lost = || {
            let reason = sekisho_wire::reason::LostReason::JournalDamaged;
            Body::Lost(sekisho_wire::record::Lost { from: 1, to: 2, reason, epoch: None })
        };
        assert_eq!(index.newest_lost(&OFFICE, &terminal).unwrap(), None);
        let other = Record { emitter: Emitter::Terminal(Code::new("jumin-2").unwrap()), ..record(0, 3, lost()) };
        let records = [record(0, 3, lost()), record(0, 9, lost()), record(0, 10, Body::TerminalDown), other];
        index.take(&OFFICE, 0, &records.map(|it| Some(it.into())), to(4)).unwrap();
        assert_eq!(index.newest_lost(&OFFICE, &terminal).unwrap(), Some(1));
    }

    #[test]
    fn a_completion_belongs_to_the_decision_of_its_own_history() {
        let path = crate::testing::scratch("index-carried-of");
        let index = Index::open(&path.join("index.db")).unwrap();
        let to = |next| Followed { next, root: Hash([0; 32]) };
        index.take(&OFFICE, 0, &[], to(0)).unwrap();
        with_decision(&index, 0, "in-place", None);
        with_decision(&index, 1, "carried", Some(1));
        let done = || Body::Completed(Completed { of: 1, items: 1, outcome: Outcome::Done });
        let records = [
            Some(record(0, 2, done()).into()),
            carried(record(0, 2, done()), 1, 9, 1),
            // The rest of what was being carried came in the epoch behind that.
            carried(record(0, 3, done()), 2, 9, 2),
            carried(record(0, 4, done()), 1, 12, 3),
        ];
        index.take(&OFFICE, 2, &records, to(6)).unwrap();
        let of = |function: &str| {
            let question = Question { function: Some(function.into()), limit: 9, ..Question::default() };
            index.find(&OFFICE, &question).unwrap()
        };
        assert_eq!((of("in-place"), of("carried")), (vec![2, 0], vec![5, 4, 3, 1]));
    }
}
