//! PostgreSQL as a [`Store`]: rows into what they stand for. How a change is written stands next door.

use postgres::Row;
use postgres::types::{FromSql, ToSql};
use sekisho_tlog::{Frontier, Hash};
use sekisho_wire::id::{Code, OfficeId};

use super::{Connection, Failure, PostgresStore, int, number_of};
use crate::clock::Millis;
use crate::store::{
    Change, CodePurpose, Cursor, EmitterName, Entry, KeyState, LogName, Store, StoreError, StoredAct, StoredBatch,
    StoredCode, StoredEnrolment, StoredKey, StoredName, StoredOffice, StoredSegment,
};

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Store for PostgresStore {
    fn commit(&self, change: &Change) -> Result<(), StoreError> {
        self.write(|connection| super::write::commit(connection, change))
    }

    fn hold(&self) -> Result<(), StoreError> {
        self.still_leads()
    }

    fn offices(&self) -> Result<Vec<StoredOffice>, StoreError> {
        self.read("read the offices", |connection| {
            all(connection, "SELECT id, seeds, founded FROM offices ORDER BY number", &[], |row| {
                let id = OfficeId(bytes_in(row, 0, "office id")?);
                Ok(StoredOffice { id, seeds: get(row, 1)?, founded: uint(row, 2)? })
            })
        })
    }

    fn frontier(&self, office: &OfficeId, log: LogName) -> Result<Frontier, StoreError> {
        self.read("read the head of a log", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT frontier, size FROM heads WHERE office = $1 AND log = $2";
            let found =
                all(connection, sql, &[&number, &log_number(log)], |row| Ok((get::<Vec<u8>>(row, 0)?, uint(row, 1)?)))?;
            let Some((bytes, size)) = found.into_iter().next() else { return Ok(Frontier::new()) };
            let frontier = Frontier::from_bytes(&bytes).ok().filter(|frontier| frontier.size() == size);
            frontier.ok_or(Failure::Store(StoreError::Damaged { what: "head" }))
        })
    }

    fn entries(&self, office: &OfficeId, log: LogName, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.read("read entries", |connection| {
            let number = number(connection, office)?;
            // One statement sees one state. The limit stands on the leaves: what has lost its payload ends the page and is not jumped over.
            // Under a key that is destroyed there may be none.
            let sql = "SELECT l.idx, l.leaf, l.key, coalesce(p.payload, CASE WHEN k.state > 0 THEN ''::bytea END) FROM
                    (SELECT * FROM leaves WHERE office = $1 AND log = $2 AND idx >= $3 ORDER BY idx LIMIT $4) l
                    LEFT JOIN payloads p ON p.part = l.part AND p.office = l.office AND p.log = l.log AND p.idx = l.idx
                    LEFT JOIN keys k ON k.office = l.office AND k.number = l.key
                ORDER BY l.idx";
            let rows = all(connection, sql, &[&number, &log_number(log), &int(from)?, &i64::from(limit)], |row| {
                let payload: Option<Vec<u8>> = get(row, 3)?;
                Ok((uint(row, 0)?, hash_in(row, 1)?, small(row, 2)?, payload))
            })?;
            let mut found = Vec::with_capacity(rows.len());
            for (index, leaf, key, payload) in rows {
                // Whoever counts from `from` on must not take what stands behind a hole for what was in it.
                let (true, Some(payload)) = (index == from + found.len() as u64, payload) else { break };
                found.push(Entry { leaf, key, payload });
            }
            Ok(found)
        })
    }

    fn end(&self, office: &OfficeId, log: LogName) -> Result<u64, StoreError> {
        self.read("find the end of a log", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT max(idx) FROM leaves WHERE office = $1 AND log = $2";
            let found = all(connection, sql, &[&number, &log_number(log)], |row| get::<Option<i64>>(row, 0))?;
            let last = found.into_iter().next().flatten().map(u64::try_from).transpose();
            let last = last.map_err(|_| Failure::Store(StoreError::Damaged { what: "number" }))?;
            Ok(last.map_or(0, |last| last.saturating_add(1)))
        })
    }

    fn leaves(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
        self.read("read leaf hashes", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT leaf FROM leaves WHERE office = $1 AND log = $2 AND idx >= $3 AND idx < $4 ORDER BY idx";
            all(connection, sql, &[&number, &log_number(log), &int(from)?, &int(to)?], |row| hash_in(row, 0))
        })
    }

    fn tile(&self, office: &OfficeId, log: LogName, level: u8, index: u64) -> Result<Vec<u8>, StoreError> {
        self.read("read a tile", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT hashes FROM tiles WHERE office = $1 AND log = $2 AND level = $3 AND idx = $4";
            let parameters: Parameters<'_> = &[&number, &log_number(log), &i16::from(level), &int(index)?];
            Ok(all(connection, sql, parameters, |row| get(row, 0))?.into_iter().next().unwrap_or_default())
        })
    }

    fn tiles(&self, office: &OfficeId, log: LogName) -> Result<Vec<(u8, u64)>, StoreError> {
        self.read("read the tiles", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT level::bigint, idx FROM tiles WHERE office = $1 AND log = $2 ORDER BY level, idx";
            all(connection, sql, &[&number, &log_number(log)], |row| Ok((small(row, 0)?, uint(row, 1)?)))
        })
    }

    fn cursor(&self, office: &OfficeId, emitter: &EmitterName, epoch: u32) -> Result<Option<Cursor>, StoreError> {
        self.read("read a cursor", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT next, chain FROM cursors WHERE office = $1 AND emitter = $2 AND epoch = $3";
            let found = all(connection, sql, &[&number, &emitter.as_str(), &i64::from(epoch)], |row| {
                Ok(Cursor { next: uint(row, 0)?, chain: hash_in(row, 1)? })
            })?;
            Ok(found.first().copied())
        })
    }

    fn cursors(&self, office: &OfficeId) -> Result<Vec<(EmitterName, u32, Cursor)>, StoreError> {
        self.read("read the cursors", |connection| {
            let number = number(connection, office)?;
            let sql =
                "SELECT emitter COLLATE \"C\", epoch, next, chain FROM cursors WHERE office = $1 ORDER BY 1, epoch";
            all(connection, sql, &[&number], |row| {
                let cursor = Cursor { next: uint(row, 2)?, chain: hash_in(row, 3)? };
                Ok((EmitterName::parse(get(row, 0)?)?, small(row, 1)?, cursor))
            })
        })
    }

    fn batches(
        &self,
        office: &OfficeId,
        terminal: &Code,
        epoch: u32,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredBatch>, StoreError> {
        self.read("read batches", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT terminal, epoch, first, count, idx, received, header FROM batches
                WHERE office = $1 AND terminal = $2 AND epoch = $3 AND first >= coalesce(
                    (SELECT max(first) FROM batches WHERE office = $1 AND terminal = $2 AND epoch = $3 AND first <= $4), 0)
                AND first + count > $4 ORDER BY first LIMIT $5";
            let parameters: Parameters<'_> =
                &[&number, &terminal.as_str(), &i64::from(epoch), &int(seq)?, &i64::from(limit)];
            all(connection, sql, parameters, |row| batch_in(office, row))
        })
    }

    fn batches_by_index(&self, office: &OfficeId, index: u64, limit: u32) -> Result<Vec<StoredBatch>, StoreError> {
        self.read("read batches", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT terminal, epoch, first, count, idx, received, header FROM batches
                WHERE office = $1 AND idx >= $2 ORDER BY idx LIMIT $3";
            all(connection, sql, &[&number, &int(index)?, &i64::from(limit)], |row| batch_in(office, row))
        })
    }

    fn last_heard(&self, office: &OfficeId) -> Result<Vec<(Code, u32, Millis)>, StoreError> {
        self.read("read the last batches", |connection| {
            let number = number(connection, office)?;
            // The batch before the cursor is the newest one, so this reads one row per history instead of all batches.
            let sql = "SELECT c.emitter COLLATE \"C\", c.epoch, coalesce((SELECT received FROM batches b WHERE b.office = c.office
                    AND b.terminal = c.emitter AND b.epoch = c.epoch ORDER BY first DESC LIMIT 1), 0)
                FROM cursors c WHERE c.office = $1 AND c.emitter <> '' ORDER BY 1, c.epoch";
            all(connection, sql, &[&number], |row| Ok((code_in(row, 0)?, small(row, 1)?, uint(row, 2)?)))
        })
    }

    fn act(&self, office: &OfficeId, id: &Hash) -> Result<Option<StoredAct>, StoreError> {
        self.read("find an act", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT log, idx FROM acts WHERE office = $1 AND id = $2";
            let found = all(connection, sql, &[&number, &id.0.as_slice()], |row| {
                Ok(StoredAct { office: *office, id: *id, log: log_in(row, 0)?, index: uint(row, 1)? })
            })?;
            Ok(found.into_iter().next())
        })
    }

    fn acts(&self, office: &OfficeId, log: LogName) -> Result<Vec<StoredAct>, StoreError> {
        self.read("read the acts", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT id, idx FROM acts WHERE office = $1 AND log = $2 ORDER BY idx";
            all(connection, sql, &[&number, &log_number(log)], |row| {
                Ok(StoredAct { office: *office, id: hash_in(row, 0)?, log, index: uint(row, 1)? })
            })
        })
    }

    fn names(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<StoredName>, StoreError> {
        self.read("read names", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT idx, hash, sealed FROM names WHERE office = $1 AND log = $2 AND idx >= $3 AND idx < $4 ORDER BY idx, hash";
            all(connection, sql, &[&number, &log_number(log), &int(from)?, &int(to)?], |row| {
                let (index, hash) = (uint(row, 0)?, bytes_in(row, 1, "name hash")?);
                Ok(StoredName { office: *office, log, index, hash, sealed: get(row, 2)? })
            })
        })
    }

    fn names_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<StoredName>, StoreError> {
        self.read("read names", |connection| {
            let number = number(connection, office)?;
            let indexes = ints(indexes)?;
            let sql = "SELECT idx, hash, sealed FROM names WHERE office = $1 AND log = $2 AND idx = ANY($3) ORDER BY idx, hash";
            all(connection, sql, &[&number, &log_number(log), &indexes], |row| {
                let (index, hash) = (uint(row, 0)?, bytes_in(row, 1, "name hash")?);
                Ok(StoredName { office: *office, log, index, hash, sealed: get(row, 2)? })
            })
        })
    }

    fn acts_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.read("read acts", |connection| {
            let number = number(connection, office)?;
            let indexes = ints(indexes)?;
            let sql = "SELECT idx, payload FROM payloads WHERE part = 0 AND office = $1 AND log = $2 AND idx = ANY($3) ORDER BY idx";
            all(connection, sql, &[&number, &log_number(log), &indexes], |row| Ok((uint(row, 0)?, get(row, 1)?)))
        })
    }

    fn code(&self, hash: &[u8; 32]) -> Result<Option<StoredCode>, StoreError> {
        self.read("find a code", |connection| {
            let sql = "SELECT hash, expires, office, terminal, seeds, used FROM codes WHERE hash = $1";
            Ok(all(connection, sql, &[&hash.as_slice()], code_row)?.into_iter().next())
        })
    }

    fn codes(&self) -> Result<Vec<StoredCode>, StoreError> {
        self.read("read the codes", |connection| {
            let sql = "SELECT hash, expires, office, terminal, seeds, used FROM codes ORDER BY hash";
            all(connection, sql, &[], code_row)
        })
    }

    fn enrolments(&self, office: &OfficeId) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.read("read enrolments", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT code, terminal, key, certificate, at FROM enrolments WHERE office = $1 ORDER BY at, code";
            all(connection, sql, &[&number], |row| enrolment_in(office, row))
        })
    }

    fn enrolments_of(&self, office: &OfficeId, terminal: &Code) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.read("read the enrolments of a terminal", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT code, terminal, key, certificate, at FROM enrolments WHERE office = $1 AND terminal = $2 ORDER BY at, code";
            all(connection, sql, &[&number, &terminal.as_str()], |row| enrolment_in(office, row))
        })
    }

    fn keys(&self, office: &OfficeId) -> Result<Vec<StoredKey>, StoreError> {
        self.read("read payload keys", |connection| {
            let number = number(connection, office)?;
            let sql =
                "SELECT number, class::bigint, month::bigint, wrapped, state FROM keys WHERE office = $1 ORDER BY number";
            all(connection, sql, &[&number], |row| {
                Ok(StoredKey {
                    office: *office,
                    number: small(row, 0)?,
                    class: small(row, 1)?,
                    month: small(row, 2)?,
                    wrapped: get(row, 3)?,
                    state: KeyState::numbered(get(row, 4)?)?,
                })
            })
        })
    }

    fn segments(&self, office: &OfficeId) -> Result<Vec<StoredSegment>, StoreError> {
        self.read("read which entries are cold", |connection| {
            let number = number(connection, office)?;
            let sql = "SELECT first, entries, digest FROM segments WHERE office = $1 ORDER BY first";
            all(connection, sql, &[&number], |row| {
                let digest = bytes_in(row, 2, "digest of a cold segment")?;
                Ok(StoredSegment { first: uint(row, 0)?, entries: uint(row, 1)?, digest })
            })
        })
    }

    fn erase(&self, office: &OfficeId, indexes: &[u64]) -> Result<(), StoreError> {
        self.write(|connection| super::write::erase(connection, office, indexes))
    }

    fn scrub(&self) -> Result<(), StoreError> {
        self.write(super::write::scrub)
    }

    fn misfits(&self) -> Result<Vec<String>, StoreError> {
        self.read("check the tables", |connection| {
            // What the server itself can say of its own files, where it lets us: the extension amcheck. What no row may be is asked for in any case.
            let orphans = "SELECT 'an entry without an office' FROM leaves l WHERE NOT EXISTS (SELECT 1 FROM offices o WHERE o.number = l.office)
                UNION ALL SELECT 'a tile without an office' FROM tiles t WHERE NOT EXISTS (SELECT 1 FROM offices o WHERE o.number = t.office)
                UNION ALL SELECT 'a batch without an office' FROM batches b WHERE NOT EXISTS (SELECT 1 FROM offices o WHERE o.number = b.office)
                UNION ALL SELECT 'a payload without an entry' FROM payloads p WHERE NOT EXISTS
                    (SELECT 1 FROM leaves l WHERE l.office = p.office AND l.log = p.log AND l.idx = p.idx AND l.part = p.part)
                LIMIT 100";
            all(connection, orphans, &[], |row| get(row, 0))
        })
    }
}

fn number(connection: &mut Connection, office: &OfficeId) -> Result<i32, Failure> {
    number_of(&mut connection.client, &mut connection.statements, office)
}

const fn log_number(log: LogName) -> i16 {
    log.number() as i16
}

fn all<T>(
    connection: &mut Connection,
    sql: &str,
    parameters: Parameters<'_>,
    read: impl FnMut(&Row) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let Connection { client, statements, .. } = connection;
    let statement = statements.get(client, sql)?;
    client.query(&statement, parameters)?.iter().map(read).collect()
}

fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Failure> {
    Ok(row.try_get(column)?)
}

/// We write no negative ones.
fn uint(row: &Row, column: usize) -> Result<u64, Failure> {
    u64::try_from(get::<i64>(row, column)?).map_err(|_| Failure::Store(StoreError::Damaged { what: "number" }))
}

/// A number that has fewer bits than its column.
fn small<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, Failure> {
    T::try_from(get::<i64>(row, column)?).map_err(|_| Failure::Store(StoreError::Damaged { what: "number" }))
}

fn hash_in(row: &Row, column: usize) -> Result<Hash, Failure> {
    Hash::from_slice(get(row, column)?).ok_or(Failure::Store(StoreError::Damaged { what: "hash" }))
}

fn bytes_in<const N: usize>(row: &Row, column: usize, what: &'static str) -> Result<[u8; N], Failure> {
    get::<&[u8]>(row, column)?.try_into().map_err(|_| Failure::Store(StoreError::Damaged { what }))
}

fn code_in(row: &Row, column: usize) -> Result<Code, Failure> {
    Code::new(get(row, column)?).map_err(|_| Failure::Store(StoreError::Damaged { what: "terminal" }))
}

fn log_in(row: &Row, column: usize) -> Result<LogName, Failure> {
    let number: i16 = get(row, column)?;
    let found = LogName::ALL.into_iter().find(|log| log_number(*log) == number);
    found.ok_or(Failure::Store(StoreError::Damaged { what: "log" }))
}

fn batch_in(office: &OfficeId, row: &Row) -> Result<StoredBatch, Failure> {
    Ok(StoredBatch {
        office: *office,
        terminal: code_in(row, 0)?,
        epoch: small(row, 1)?,
        first: uint(row, 2)?,
        count: small(row, 3)?,
        index: uint(row, 4)?,
        received: uint(row, 5)?,
        header: get(row, 6)?,
    })
}

fn enrolment_in(office: &OfficeId, row: &Row) -> Result<StoredEnrolment, Failure> {
    Ok(StoredEnrolment {
        office: *office,
        code: bytes_in(row, 0, "code hash")?,
        terminal: code_in(row, 1)?,
        key: bytes_in(row, 2, "terminal key")?,
        certificate: get(row, 3)?,
        at: uint(row, 4)?,
    })
}

fn code_row(row: &Row) -> Result<StoredCode, Failure> {
    let purpose = match get::<Option<Vec<u8>>>(row, 4)? {
        Some(seeds) => CodePurpose::Founding { seeds },
        None => CodePurpose::Terminal { office: OfficeId(bytes_in(row, 2, "office id")?), terminal: code_in(row, 3)? },
    };
    let used = get::<Option<i64>>(row, 5)?.map(u64::try_from).transpose();
    let used = used.map_err(|_| Failure::Store(StoreError::Damaged { what: "number" }))?;
    Ok(StoredCode { hash: bytes_in(row, 0, "code hash")?, expires: uint(row, 1)?, purpose, used })
}

fn ints(indexes: &[u64]) -> Result<Vec<i64>, Failure> {
    indexes.iter().map(|index| int(*index)).collect()
}
