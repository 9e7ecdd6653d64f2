//! One commit to SQLite: every table in one transaction, each step checked against what the change expects.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use sekisho_tlog::tile::TILE_WIDTH;
use sekisho_wire::id::OfficeId;

use super::schema::{entries_table, entries_tables};
use super::sqlite::{StoreOrSqlite, int, number_of};
use super::{
    Append, Change, CodePurpose, CursorMove, Entry, LogName, NamePlace, NewCertificate, Probe, SegmentStep, StoreError,
    StoredBatch, StoredCode, StoredSegment, TileGrowth,
};

type Written = Result<(), StoreOrSqlite>;

pub(super) fn commit(connection: &mut Connection, change: &Change) -> Result<(), StoreError> {
    write(connection, change).map_err(|error| error.into_store("write to the database"))
}

fn write(connection: &mut Connection, change: &Change) -> Written {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for office in &change.offices {
        let mut insert = transaction.prepare_cached("INSERT INTO offices (id, seeds, founded) VALUES (?1, ?2, ?3)")?;
        let id = office.id.as_bytes().as_slice();
        insert.execute((id, &office.seeds, int(office.founded))).map_err(taken("the office"))?;
        transaction.execute_batch(&entries_tables(transaction.last_insert_rowid()))?;
    }
    for (office, [before, after]) in &change.seeds {
        let number = number_of(&transaction, office)?;
        let sql = "UPDATE offices SET seeds = ?3 WHERE number = ?1 AND seeds = ?2";
        exactly_one(transaction.prepare_cached(sql)?.execute((number, before, after))?, "the log keys")?;
    }
    change.keys.iter().try_for_each(|key| {
        let number = number_of(&transaction, &key.office)?;
        let sql = "INSERT INTO keys (office, number, class, month, wrapped, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut insert = transaction.prepare_cached(sql)?;
        let row = (number, key.number, key.class, key.month, &key.wrapped, key.state.number());
        insert.execute(row).map(drop).map_err(taken("the payload key"))
    })?;
    for (office, key, state) in &change.destroyed {
        let number = number_of(&transaction, office)?;
        let sql = "UPDATE keys SET wrapped = x'', state = ?3 WHERE office = ?1 AND number = ?2 AND state <= ?3";
        exactly_one(transaction.prepare_cached(sql)?.execute((number, key, state.number()))?, "the payload key")?;
    }
    change.appends.iter().try_for_each(|append| write_append(&transaction, append))?;
    change.segments.iter().try_for_each(|(office, step)| turn(&transaction, office, step))?;
    change.cursors.iter().try_for_each(|step| move_cursor(&transaction, step))?;
    change.batches.iter().try_for_each(|batch| write_batch(&transaction, batch))?;
    write_acts(&transaction, change)?;
    change.codes.iter().try_for_each(|code| write_code(&transaction, code))?;
    for (hash, at) in &change.used {
        let mut update = transaction.prepare_cached("UPDATE codes SET used = ?2 WHERE hash = ?1 AND used IS NULL")?;
        exactly_one(update.execute((hash.as_slice(), int(*at)))?, "the code")?;
    }
    for enrolment in &change.enrolments {
        let number = number_of(&transaction, &enrolment.office)?;
        let sql =
            "INSERT INTO enrolments (office, code, terminal, key, certificate, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (code, key) = (enrolment.code.as_slice(), enrolment.key.as_slice());
        let row = (number, code, enrolment.terminal.as_str(), key, &enrolment.certificate, int(enrolment.at));
        transaction.prepare_cached(sql)?.execute(row).map_err(taken("the enrolment"))?;
    }
    for NewCertificate { office, code, certificate } in &change.certificates {
        let number = number_of(&transaction, office)?;
        let sql = "UPDATE enrolments SET certificate = ?3 WHERE office = ?1 AND code = ?2";
        let updated = transaction.prepare_cached(sql)?.execute((number, code.as_slice(), certificate))?;
        exactly_one(updated, "the enrolment")?;
    }
    if let Some(Probe) = change.probe {
        let sql = "INSERT INTO probe (id, filler) VALUES (0, randomblob(?1)) ON CONFLICT (id) DO UPDATE SET filler = excluded.filler";
        transaction.prepare_cached(sql)?.execute([PROBE_BYTES])?;
    }
    Ok(transaction.commit()?)
}

/// As long as the rows of a full batch: a thousand records of 300 bytes.
const PROBE_BYTES: i64 = 300_000;

/// What is written over is zeros then: `secure_delete` is on.
pub(super) fn erase(connection: &mut Connection, office: &OfficeId, indexes: &[u64]) -> Result<(), StoreError> {
    let mut work = || -> Written {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number = number_of(&transaction, office)?;
        let table = entries_table(number, LogName::Records);
        let sql = format!(
            "UPDATE {table} SET payload = x'' WHERE idx = ?1 AND payload <> x''
                AND key IN (SELECT number FROM keys WHERE office = ?2 AND state > 0)"
        );
        let mut update = transaction.prepare_cached(&sql)?;
        for index in indexes {
            update.execute((int(*index), number))?;
        }
        drop(update);
        Ok(transaction.commit()?)
    };
    work().map_err(|error| error.into_store("erase payloads"))
}

fn write_append(transaction: &Transaction<'_>, append: &Append) -> Written {
    let number = number_of(transaction, &append.office)?;
    let log = append.log.number() as i64;
    let sql = "SELECT size FROM heads WHERE office = ?1 AND log = ?2";
    let size: Option<i64> = transaction.prepare_cached(sql)?.query_row((number, log), |row| row.get(0)).optional()?;
    if u64::try_from(size.unwrap_or(0)) != Ok(append.from) {
        return Err(StoreError::Conflict { what: "the end of the log" }.into());
    }
    write_entries(transaction, &entries_table(number, append.log), append.from, &append.entries)?;
    append.tiles.iter().try_for_each(|growth| grow_tile(transaction, number, log, growth))?;
    let sql = "INSERT INTO heads (office, log, size, frontier) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET size = excluded.size, frontier = excluded.frontier";
    let row = (number, log, int(append.frontier.size()), append.frontier.to_bytes());
    transaction.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// Brings a segment out of its table into a file, or back.
fn turn(transaction: &Transaction<'_>, office: &OfficeId, step: &SegmentStep) -> Written {
    let number = number_of(transaction, office)?;
    let table = entries_table(number, LogName::Records);
    match step {
        SegmentStep::Cool(segment) => {
            let StoredSegment { first, entries, digest } = segment;
            let sql = format!("DELETE FROM {table} WHERE idx >= ?1 AND idx < ?2");
            let gone = transaction.prepare_cached(&sql)?.execute((int(*first), int(segment.end())))?;
            if u64::try_from(gone) != Ok(*entries) {
                return Err(StoreError::Conflict { what: "an entry that goes cold" }.into());
            }
            let sql = "INSERT INTO segments (office, first, entries, digest) VALUES (?1, ?2, ?3, ?4)";
            let row = (number, int(*first), int(*entries), digest.as_slice());
            transaction.prepare_cached(sql)?.execute(row).map(drop).map_err(taken("the cold segment"))
        }
        SegmentStep::Replace { before, after } => {
            let sql = "UPDATE segments SET digest = ?4
                WHERE office = ?1 AND first = ?2 AND entries = ?3 AND digest = ?5";
            let row = (number, int(after.first), int(after.entries), after.digest.as_slice(), before.as_slice());
            exactly_one(transaction.prepare_cached(sql)?.execute(row)?, "the cold segment")
        }
        SegmentStep::Warm { segment, entries } => {
            let sql = "DELETE FROM segments WHERE office = ?1 AND first = ?2 AND entries = ?3 AND digest = ?4";
            let row = (number, int(segment.first), int(entries.len() as u64), segment.digest.as_slice());
            exactly_one(transaction.prepare_cached(sql)?.execute(row)?, "the cold segment")?;
            write_entries(transaction, &table, segment.first, entries)
        }
    }
}

fn write_entries(transaction: &Transaction<'_>, table: &str, from: u64, entries: &[Entry]) -> Written {
    let sql = format!("INSERT INTO {table} (idx, leaf, key, payload) VALUES (?1, ?2, ?3, ?4)");
    let mut insert = transaction.prepare_cached(&sql)?;
    for (index, Entry { leaf, key, payload }) in (from..).zip(entries) {
        insert.execute((int(index), leaf.0.as_slice(), key, payload)).map_err(taken("an entry"))?;
    }
    Ok(())
}

fn grow_tile(transaction: &Transaction<'_>, office: i64, log: i64, growth: &TileGrowth) -> Written {
    debug_assert!(growth.at < TILE_WIDTH, "a tile has 256 hashes");
    let hash = growth.hash.0.as_slice();
    if growth.at == 0 {
        let sql = "INSERT INTO tiles (office, log, level, idx, hashes) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = (office, log, growth.level, int(growth.index), hash);
        return transaction.prepare_cached(sql)?.execute(row).map(drop).map_err(taken("a tile"));
    }
    // `||` makes text of blobs; the cast makes a blob again, byte for byte.
    let sql = "UPDATE tiles SET hashes = CAST(hashes || ?5 AS BLOB)
        WHERE office = ?1 AND log = ?2 AND level = ?3 AND idx = ?4 AND length(hashes) = ?6";
    let row = (office, log, growth.level, int(growth.index), hash, i64::from(growth.at) * 32);
    exactly_one(transaction.prepare_cached(sql)?.execute(row)?, "a tile")
}

fn move_cursor(transaction: &Transaction<'_>, step: &CursorMove) -> Written {
    let number = number_of(transaction, &step.office)?;
    let (emitter, after) = (step.emitter.as_str(), step.after);
    let Some(before) = step.before else {
        let sql = "INSERT INTO cursors (office, emitter, epoch, next, chain) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = (number, emitter, step.epoch, int(after.next), after.chain.0.as_slice());
        return transaction.prepare_cached(sql)?.execute(row).map(drop).map_err(taken("the cursor"));
    };
    let sql = "UPDATE cursors SET next = ?4, chain = ?5
        WHERE office = ?1 AND emitter = ?2 AND epoch = ?3 AND next = ?6 AND chain = ?7";
    let (to, from) = (after.chain.0.as_slice(), before.chain.0.as_slice());
    let row = (number, emitter, step.epoch, int(after.next), to, int(before.next), from);
    exactly_one(transaction.prepare_cached(sql)?.execute(row)?, "the cursor")
}

fn write_batch(transaction: &Transaction<'_>, batch: &StoredBatch) -> Written {
    let number = number_of(transaction, &batch.office)?;
    let sql = "INSERT INTO batches (office, terminal, epoch, first, count, idx, received, header)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (first, index, received) = (int(batch.first), int(batch.index), int(batch.received));
    let row = (number, batch.terminal.as_str(), batch.epoch, first, batch.count, index, received, &batch.header);
    transaction.prepare_cached(sql)?.execute(row).map(drop).map_err(taken("the batch"))
}

fn write_acts(transaction: &Transaction<'_>, change: &Change) -> Written {
    for act in &change.acts {
        let number = number_of(transaction, &act.office)?;
        let sql = "INSERT INTO acts (office, id, log, idx) VALUES (?1, ?2, ?3, ?4)";
        let row = (number, act.id.0.as_slice(), act.log.number() as i64, int(act.index));
        transaction.prepare_cached(sql)?.execute(row).map_err(taken("the act"))?;
    }
    for name in &change.names {
        let number = number_of(transaction, &name.office)?;
        let sql = "INSERT INTO names (office, log, idx, hash, sealed) VALUES (?1, ?2, ?3, ?4, ?5)";
        let (log, index) = (name.log.number() as i64, int(name.index));
        let row = (number, log, index, name.hash.as_slice(), &name.sealed);
        transaction.prepare_cached(sql)?.execute(row).map_err(taken("the name"))?;
    }
    for NamePlace { office, log, index, hash } in &change.erased_names {
        let number = number_of(transaction, office)?;
        let sql = "DELETE FROM names WHERE office = ?1 AND log = ?2 AND idx = ?3 AND hash = ?4";
        transaction.prepare_cached(sql)?.execute((number, log.number() as i64, int(*index), hash.as_slice()))?;
    }
    Ok(())
}

fn write_code(transaction: &Transaction<'_>, code: &StoredCode) -> Written {
    let (office, terminal, seeds) = match &code.purpose {
        CodePurpose::Founding { seeds } => (None, None, Some(seeds)),
        CodePurpose::Terminal { office, terminal } => {
            (Some(office.as_bytes().as_slice()), Some(terminal.as_str()), None)
        }
    };
    let sql = "INSERT INTO codes (hash, expires, office, terminal, seeds, used) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let row = (code.hash.as_slice(), int(code.expires), office, terminal, seeds, code.used.map(int));
    transaction.prepare_cached(sql)?.execute(row).map(drop).map_err(taken("the code"))
}

fn exactly_one(rows: usize, what: &'static str) -> Written {
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict { what }.into()) }
}

/// A row that is there already is a conflict; everything else is the database's failure.
fn taken(what: &'static str) -> impl Fn(rusqlite::Error) -> StoreOrSqlite {
    move |error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => StoreError::Conflict { what }.into(),
        Some(_) | None => error.into(),
    }
}
