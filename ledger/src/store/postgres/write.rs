//! One commit to PostgreSQL: every table in one transaction, each step checked against what the change expects.

use std::collections::HashMap;
use std::io::Write as _;

use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, GenericClient, Transaction};
use sekisho_tlog::tile::TILE_WIDTH;
use sekisho_wire::id::OfficeId;

use super::schema::part;
use super::{Connection, Failure, Statements, int, number_of};
use crate::store::{
    Append, Change, CodePurpose, CursorMove, Entry, KeyState, LogName, NamePlace, NewCertificate, Probe, SegmentStep,
    StoreError, StoredBatch, StoredCode, StoredKey, TileGrowth,
};

type Written = Result<(), Failure>;

/// As long as the rows of a full batch: a thousand records of 300 bytes. What cannot be compressed.
const PROBE_BYTES: usize = 300_000;
/// The head of a binary COPY, and its end (PostgreSQL, "COPY", Binary Format).
const COPY_HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const COPY_END: &[u8] = &(-1_i16).to_be_bytes();

pub(super) fn commit(connection: &mut Connection, change: &Change) -> Written {
    let Connection { client, statements, .. } = connection;
    let mut work = Work { transaction: client.transaction()?, statements, numbers: HashMap::new() };
    work.write(change)?;
    Ok(work.transaction.commit()?)
}

/// Row by row only where the month is another office's as well: a partition that is nobody's any more goes as a whole ([`scrub`]).
pub(super) fn erase(connection: &mut Connection, office: &OfficeId, indexes: &[u64]) -> Written {
    let Connection { client, statements, .. } = connection;
    let number = number_of(client, statements, office)?;
    let indexes = indexes.iter().map(|index| int(*index)).collect::<Result<Vec<i64>, _>>()?;
    let sql = "DELETE FROM payloads p USING leaves l, keys k
        WHERE l.office = $1 AND l.log = 0 AND l.idx = ANY($2) AND k.office = l.office AND k.number = l.key AND k.state > 0
            AND p.part = l.part AND p.office = l.office AND p.log = l.log AND p.idx = l.idx
            AND EXISTS (SELECT 1 FROM keys o WHERE o.class = k.class AND o.month = k.month AND o.state = 0)";
    let statement = statements.get(client, sql)?;
    client.execute(&statement, &[&number, &indexes])?;
    Ok(())
}

/// Drops every partition whose keys are destroyed in every office, and deletes rows from those that other offices need. Nobody has the keys of what the
/// server leaves of deleted rows in its files, and of what it wrote into its write-ahead log before; to write a whole month anew for that would keep all
/// offices from their ledger meanwhile.
pub(super) fn scrub(connection: &mut Connection) -> Written {
    let client = &mut connection.client;
    // Whoever waits for a table that somebody reads keeps all who come later waiting as well: better tried again.
    client.batch_execute("SET lock_timeout = '500ms'; SET statement_timeout = 0")?;
    let scrubbed = scrub_tables(client);
    client.batch_execute("SET lock_timeout = 0; SET statement_timeout = '60s'")?;
    scrubbed
}

fn scrub_tables(client: &mut Client) -> Written {
    let sql = "SELECT class::integer, month FROM keys GROUP BY class, month HAVING min(state) > 0";
    let gone: Vec<(i32, i32)> = client
        .query(sql, &[])?
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, Failure>>()?;
    let mut shared = Vec::new();
    for (class, month) in gone {
        let damaged = || Failure::from(StoreError::Damaged { what: "payload key" });
        let part = part(class.try_into().map_err(|_| damaged())?, month.try_into().map_err(|_| damaged())?);
        if is_there(client, part)? {
            // In one transaction: a partition that is detached and not dropped would be in nobody's way, and never looked at again.
            let mut transaction = client.transaction()?;
            transaction.batch_execute(&format!("ALTER TABLE payloads DETACH PARTITION payloads_{part};"))?;
            // Nobody writes there from here on; an office may have got its first key of that month until then.
            let in_use = "SELECT EXISTS (SELECT 1 FROM keys WHERE class = $1::integer AND month = $2 AND state = 0)";
            if transaction.query_one(in_use, &[&class, &month])?.try_get(0)? {
                transaction.rollback()?;
                continue;
            }
            transaction.batch_execute(&format!("DROP TABLE payloads_{part};"))?;
            transaction.commit()?;
        }
    }
    let sql = "SELECT DISTINCT class::integer, month FROM keys k WHERE state = 1
        AND EXISTS (SELECT 1 FROM keys o WHERE o.class = k.class AND o.month = k.month AND o.state = 0)";
    for row in client.query(sql, &[])? {
        shared.push((row.try_get::<_, i32>(0)?, row.try_get::<_, i32>(1)?));
    }
    for (class, month) in &shared {
        let part = class * 1_000_000 + month;
        if is_there(client, part)? {
            // Rows that were left for the partition to go with, before another office had a key of that month.
            let sql = format!(
                "DELETE FROM payloads_{part} p USING keys k
                    WHERE k.office = p.office AND k.class = $1::integer AND k.month = $2 AND k.state > 0"
            );
            client.execute(&sql, &[class, month])?;
        }
    }
    // The keys themselves, wrapped, and names: short tables. Not in a transaction.
    client.batch_execute("VACUUM (FULL) keys")?;
    Ok(client.batch_execute("VACUUM (FULL) names")?)
}

fn is_there(client: &mut impl GenericClient, part: i32) -> Result<bool, Failure> {
    Ok(client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&format!("payloads_{part}")])?.try_get(0)?)
}

struct Work<'a> {
    transaction: Transaction<'a>,
    statements: &'a mut Statements,
    numbers: HashMap<OfficeId, i32>,
}

impl Work<'_> {
    fn write(&mut self, change: &Change) -> Written {
        for office in &change.offices {
            let sql = "INSERT INTO offices (id, seeds, founded) VALUES ($1, $2, $3) RETURNING number";
            let row = [&office.id.as_bytes().as_slice() as &(dyn ToSql + Sync), &office.seeds, &int(office.founded)?];
            let statement = self.statements.get(&mut self.transaction, sql)?;
            let number: i32 = self.transaction.query_one(&statement, &row).map_err(taken("the office"))?.try_get(0)?;
            // The row is there to be locked by whoever appends first.
            let sql = "INSERT INTO heads (office, log, size, frontier) SELECT $1, log, 0, $2 FROM generate_series(0, 2) AS log";
            self.execute(sql, &[&number, &sekisho_tlog::Frontier::new().to_bytes()])?;
        }
        for (office, [before, after]) in &change.seeds {
            let number = self.number(office)?;
            let sql = "UPDATE offices SET seeds = $3 WHERE number = $1 AND seeds = $2";
            self.exactly_one(sql, &[&number, before, after], "the log keys")?;
        }
        change.keys.iter().try_for_each(|key| self.key(key))?;
        for (office, key, state) in &change.destroyed {
            let (number, key, state) = (self.number(office)?, i64::from(*key), state.number());
            let sql = "UPDATE keys SET wrapped = '', state = $3 WHERE office = $1 AND number = $2 AND state <= $3";
            self.exactly_one(sql, &[&number, &key, &state], "the payload key")?;
        }
        change.appends.iter().try_for_each(|append| self.append(append))?;
        change.segments.iter().try_for_each(|(office, step)| self.turn(office, step))?;
        change.cursors.iter().try_for_each(|step| self.cursor(step))?;
        change.batches.iter().try_for_each(|batch| self.batch(batch))?;
        self.acts(change)?;
        change.codes.iter().try_for_each(|code| self.code(code))?;
        for (hash, at) in &change.used {
            let sql = "UPDATE codes SET used = $2 WHERE hash = $1 AND used IS NULL";
            self.exactly_one(sql, &[&hash.as_slice(), &int(*at)?], "the code")?;
        }
        for enrolment in &change.enrolments {
            let number = self.number(&enrolment.office)?;
            let sql =
                "INSERT INTO enrolments (office, code, terminal, key, certificate, at) VALUES ($1, $2, $3, $4, $5, $6)";
            let (code, key) = (enrolment.code.as_slice(), enrolment.key.as_slice());
            let row: [&(dyn ToSql + Sync); 6] =
                [&number, &code, &enrolment.terminal.as_str(), &key, &enrolment.certificate, &int(enrolment.at)?];
            self.insert(sql, &row, "the enrolment")?;
        }
        for NewCertificate { office, code, certificate } in &change.certificates {
            let number = self.number(office)?;
            let sql = "UPDATE enrolments SET certificate = $3 WHERE office = $1 AND code = $2";
            self.exactly_one(sql, &[&number, &code.as_slice(), certificate], "the enrolment")?;
        }
        if let Some(Probe) = change.probe {
            let filler = crate::random::some(PROBE_BYTES);
            let sql =
                "INSERT INTO probe (id, filler) VALUES (0, $1) ON CONFLICT (id) DO UPDATE SET filler = excluded.filler";
            self.execute(sql, &[&filler])?;
        }
        Ok(())
    }

    fn number(&mut self, office: &OfficeId) -> Result<i32, Failure> {
        if let Some(number) = self.numbers.get(office) {
            return Ok(*number);
        }
        let number = number_of(&mut self.transaction, self.statements, office)?;
        self.numbers.insert(*office, number);
        Ok(number)
    }

    fn execute(&mut self, sql: &str, row: &[&(dyn ToSql + Sync)]) -> Result<u64, Failure> {
        let statement = self.statements.get(&mut self.transaction, sql)?;
        Ok(self.transaction.execute(&statement, row)?)
    }

    /// A row that is there already is a conflict; everything else is the database's failure.
    fn insert(&mut self, sql: &str, row: &[&(dyn ToSql + Sync)], what: &'static str) -> Written {
        let statement = self.statements.get(&mut self.transaction, sql)?;
        self.transaction.execute(&statement, row).map(drop).map_err(taken(what))
    }

    fn exactly_one(&mut self, sql: &str, row: &[&(dyn ToSql + Sync)], what: &'static str) -> Written {
        if self.execute(sql, row)? == 1 { Ok(()) } else { Err(StoreError::Conflict { what }.into()) }
    }

    /// The first key of a class and month, in whichever office, brings the partition for what it seals.
    fn key(&mut self, key: &StoredKey) -> Written {
        let number = self.number(&key.office)?;
        let (class, month) = (i16::from(key.class), i32::try_from(key.month).map_err(|_| too_large())?);
        let sql = "INSERT INTO keys (office, number, class, month, wrapped, state) VALUES ($1, $2, $3, $4, $5, $6)";
        let row: [&(dyn ToSql + Sync); 6] =
            [&number, &i64::from(key.number), &class, &month, &key.wrapped, &key.state.number()];
        self.insert(sql, &row, "the payload key")?;
        if key.state != KeyState::InUse {
            return Ok(());
        }
        let part = part(key.class, key.month);
        if !is_there(&mut self.transaction, part)? {
            // Made apart and attached: readers of other partitions wait for neither.
            self.transaction.batch_execute(&format!(
                "CREATE TABLE payloads_{part} (LIKE payloads INCLUDING ALL, CHECK (part = {part}));
                 ALTER TABLE payloads ATTACH PARTITION payloads_{part} FOR VALUES IN ({part});"
            ))?;
        }
        Ok(())
    }

    fn append(&mut self, append: &Append) -> Written {
        let number = self.number(&append.office)?;
        let log = append.log.number() as i16;
        // The row stays locked until the end: two writers come one after the other, and the second finds another size.
        let statement = self
            .statements
            .get(&mut self.transaction, "SELECT size FROM heads WHERE office = $1 AND log = $2 FOR UPDATE")?;
        let size: i64 = match self.transaction.query_opt(&statement, &[&number, &log])? {
            Some(row) => row.try_get(0)?,
            None => return Err(StoreError::Conflict { what: "the office" }.into()),
        };
        if u64::try_from(size) != Ok(append.from) {
            return Err(StoreError::Conflict { what: "the end of the log" }.into());
        }
        self.entries(number, log, append.from, &append.entries)?;
        append.tiles.iter().try_for_each(|growth| self.tile(number, log, growth))?;
        let sql = "UPDATE heads SET size = $3, frontier = $4 WHERE office = $1 AND log = $2";
        let frontier = append.frontier.to_bytes();
        self.exactly_one(sql, &[&number, &log, &int(append.frontier.size())?, &frontier], "the end of the log")
    }

    fn entries(&mut self, number: i32, log: i16, from: u64, entries: &[Entry]) -> Written {
        let parts = self.parts(number, entries)?;
        let rows = || (from..).zip(entries).zip(&parts);
        let mut leaves = Copied::new();
        for ((index, Entry { leaf, key, .. }), part) in rows() {
            leaves.row(6);
            leaves.field(&number.to_be_bytes());
            leaves.field(&log.to_be_bytes());
            leaves.field(&int(index)?.to_be_bytes());
            leaves.field(&part.to_be_bytes());
            leaves.field(&i64::from(*key).to_be_bytes());
            leaves.field(&leaf.0);
        }
        self.copy("COPY leaves (office, log, idx, part, key, leaf) FROM STDIN (FORMAT binary)", leaves)?;
        let mut payloads = Copied::new();
        // Nothing is kept of what came for a month that is destroyed.
        for ((index, Entry { payload, .. }), part) in
            rows().filter(|((_, entry), _)| entry.key == 0 || !entry.payload.is_empty())
        {
            payloads.row(5);
            payloads.field(&number.to_be_bytes());
            payloads.field(&log.to_be_bytes());
            payloads.field(&int(index)?.to_be_bytes());
            payloads.field(&part.to_be_bytes());
            payloads.field(payload);
        }
        self.copy("COPY payloads (office, log, idx, part, payload) FROM STDIN (FORMAT binary)", payloads)
    }

    /// Brings a segment out of its tables into a file, or back.
    fn turn(&mut self, office: &OfficeId, step: &SegmentStep) -> Written {
        let number = self.number(office)?;
        match step {
            SegmentStep::Cool(segment) => {
                let (first, end, entries) = (int(segment.first)?, int(segment.end())?, int(segment.entries)?);
                let sql = "DELETE FROM payloads p USING leaves l
                    WHERE l.office = $1 AND l.log = 0 AND l.idx >= $2 AND l.idx < $3
                        AND p.part = l.part AND p.office = l.office AND p.log = l.log AND p.idx = l.idx";
                self.execute(sql, &[&number, &first, &end])?;
                let sql = "DELETE FROM leaves WHERE office = $1 AND log = 0 AND idx >= $2 AND idx < $3";
                if self.execute(sql, &[&number, &first, &end])? != segment.entries {
                    return Err(StoreError::Conflict { what: "an entry that goes cold" }.into());
                }
                let sql = "INSERT INTO segments (office, first, entries, digest) VALUES ($1, $2, $3, $4)";
                self.insert(sql, &[&number, &first, &entries, &segment.digest.as_slice()], "the cold segment")
            }
            SegmentStep::Replace { before, after } => {
                let sql = "UPDATE segments SET digest = $4
                    WHERE office = $1 AND first = $2 AND entries = $3 AND digest = $5";
                let (first, entries) = (int(after.first)?, int(after.entries)?);
                let row: [&(dyn ToSql + Sync); 5] =
                    [&number, &first, &entries, &after.digest.as_slice(), &before.as_slice()];
                self.exactly_one(sql, &row, "the cold segment")
            }
            SegmentStep::Warm { segment, entries } => {
                let sql = "DELETE FROM segments WHERE office = $1 AND first = $2 AND entries = $3 AND digest = $4";
                let count = int(entries.len() as u64)?;
                let row: [&(dyn ToSql + Sync); 4] = [&number, &int(segment.first)?, &count, &segment.digest.as_slice()];
                self.exactly_one(sql, &row, "the cold segment")?;
                self.entries(number, LogName::Records.number() as i16, segment.first, entries)
            }
        }
    }

    /// The partition of each entry, by the key that seals it.
    fn parts(&mut self, office: i32, entries: &[Entry]) -> Result<Vec<i32>, Failure> {
        let mut known = HashMap::from([(0, 0)]);
        let mut parts = Vec::with_capacity(entries.len());
        for Entry { key, .. } in entries {
            if !known.contains_key(key) {
                let sql = "SELECT class, month FROM keys WHERE office = $1 AND number = $2";
                let statement = self.statements.get(&mut self.transaction, sql)?;
                let row = self.transaction.query_opt(&statement, &[&office, &i64::from(*key)])?;
                let Some(row) = row else { return Err(StoreError::Conflict { what: "the payload key" }.into()) };
                let (class, month): (i16, i32) = (row.try_get(0)?, row.try_get(1)?);
                let damaged = |_| Failure::from(StoreError::Damaged { what: "payload key" });
                let of = part(class.try_into().map_err(damaged)?, month.try_into().map_err(damaged)?);
                known.insert(*key, of);
            }
            parts.extend(known.get(key));
        }
        Ok(parts)
    }

    fn copy(&mut self, sql: &str, rows: Copied) -> Written {
        let mut writer = self.transaction.copy_in(sql)?;
        let written = writer.write_all(&rows.finish());
        written.map_err(|error| StoreError::Database { act: "write entries", cause: error.to_string() })?;
        writer.finish().map(drop).map_err(taken("an entry"))
    }

    fn tile(&mut self, office: i32, log: i16, growth: &TileGrowth) -> Written {
        debug_assert!(growth.at < TILE_WIDTH, "a tile has 256 hashes");
        let (level, index) = (i16::from(growth.level), int(growth.index)?);
        let hash = growth.hash.0.as_slice();
        if growth.at == 0 {
            let sql = "INSERT INTO tiles (office, log, level, idx, hashes) VALUES ($1, $2, $3, $4, $5)";
            return self.insert(sql, &[&office, &log, &level, &index, &hash], "a tile");
        }
        let sql = "UPDATE tiles SET hashes = hashes || $5
            WHERE office = $1 AND log = $2 AND level = $3 AND idx = $4 AND length(hashes) = $6";
        self.exactly_one(sql, &[&office, &log, &level, &index, &hash, &(i32::from(growth.at) * 32)], "a tile")
    }

    fn cursor(&mut self, step: &CursorMove) -> Written {
        let number = self.number(&step.office)?;
        let (emitter, epoch, after) = (step.emitter.as_str(), i64::from(step.epoch), step.after);
        let (next, chain) = (int(after.next)?, after.chain.0.as_slice());
        let Some(before) = step.before else {
            let sql = "INSERT INTO cursors (office, emitter, epoch, next, chain) VALUES ($1, $2, $3, $4, $5)";
            return self.insert(sql, &[&number, &emitter, &epoch, &next, &chain], "the cursor");
        };
        let sql = "UPDATE cursors SET next = $4, chain = $5
            WHERE office = $1 AND emitter = $2 AND epoch = $3 AND next = $6 AND chain = $7";
        let from = (int(before.next)?, before.chain.0.as_slice());
        self.exactly_one(sql, &[&number, &emitter, &epoch, &next, &chain, &from.0, &from.1], "the cursor")
    }

    fn batch(&mut self, batch: &StoredBatch) -> Written {
        let number = self.number(&batch.office)?;
        let sql = "INSERT INTO batches (office, terminal, epoch, first, count, idx, received, header)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let (epoch, count) = (i64::from(batch.epoch), i64::from(batch.count));
        let (first, index, received) = (int(batch.first)?, int(batch.index)?, int(batch.received)?);
        let row: [&(dyn ToSql + Sync); 8] =
            [&number, &batch.terminal.as_str(), &epoch, &first, &count, &index, &received, &batch.header];
        self.insert(sql, &row, "the batch")
    }

    fn acts(&mut self, change: &Change) -> Written {
        for act in &change.acts {
            let number = self.number(&act.office)?;
            let sql = "INSERT INTO acts (office, id, log, idx) VALUES ($1, $2, $3, $4)";
            let (id, log) = (act.id.0.as_slice(), act.log.number() as i16);
            self.insert(sql, &[&number, &id, &log, &int(act.index)?], "the act")?;
        }
        for name in &change.names {
            let number = self.number(&name.office)?;
            let sql = "INSERT INTO names (office, log, idx, hash, sealed) VALUES ($1, $2, $3, $4, $5)";
            let (log, hash) = (name.log.number() as i16, name.hash.as_slice());
            self.insert(sql, &[&number, &log, &int(name.index)?, &hash, &name.sealed], "the name")?;
        }
        for NamePlace { office, log, index, hash } in &change.erased_names {
            let (number, log) = (self.number(office)?, log.number() as i16);
            let sql = "DELETE FROM names WHERE office = $1 AND log = $2 AND idx = $3 AND hash = $4";
            self.execute(sql, &[&number, &log, &int(*index)?, &hash.as_slice()])?;
        }
        Ok(())
    }

    fn code(&mut self, code: &StoredCode) -> Written {
        let (office, terminal, seeds) = match &code.purpose {
            CodePurpose::Founding { seeds } => (None, None, Some(seeds)),
            CodePurpose::Terminal { office, terminal } => {
                (Some(office.as_bytes().as_slice()), Some(terminal.as_str()), None)
            }
        };
        let used = code.used.map(int).transpose()?;
        let sql = "INSERT INTO codes (hash, expires, office, terminal, seeds, used) VALUES ($1, $2, $3, $4, $5, $6)";
        let row: [&(dyn ToSql + Sync); 6] =
            [&code.hash.as_slice(), &int(code.expires)?, &office, &terminal, &seeds, &used];
        self.insert(sql, &row, "the code")
    }
}

/// Rows on their way into a table.
struct Copied(Vec<u8>);

impl Copied {
    fn new() -> Self {
        Self(COPY_HEAD.to_vec())
    }

    fn row(&mut self, fields: i16) {
        self.0.extend(fields.to_be_bytes());
    }

    fn field(&mut self, bytes: &[u8]) {
        // A payload has less than a gigabyte: a record is bounded long before.
        self.0.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend(bytes);
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.extend(COPY_END);
        self.0
    }
}

fn too_large() -> Failure {
    StoreError::TooLarge { act: "write to the database" }.into()
}

/// A row that is there already is a conflict; everything else is the database's failure.
fn taken(what: &'static str) -> impl Fn(postgres::Error) -> Failure {
    move |error| match error.code() {
        Some(code) if [SqlState::UNIQUE_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION].contains(code) => {
            StoreError::Conflict { what }.into()
        }
        Some(_) | None => error.into(),
    }
}
