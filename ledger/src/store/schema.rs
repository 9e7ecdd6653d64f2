//! The tables. A change is a step that brings databases of the version before to a new one ([`STEPS`]).

use super::LogName;

/// What was changed since version 1.
pub(super) const STEPS: &[&str] = &[];

/// Version 1. Offices have a small number inside the database, so that every key can begin with the office at the cost of one byte.
pub(super) const TABLES: &str = "
CREATE TABLE offices (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    seeds BLOB NOT NULL,
    founded INTEGER NOT NULL
) STRICT;
CREATE TABLE heads (
    office INTEGER NOT NULL REFERENCES offices,
    log INTEGER NOT NULL CHECK (log BETWEEN 0 AND 2),
    size INTEGER NOT NULL,
    frontier BLOB NOT NULL,
    PRIMARY KEY (office, log)
) STRICT, WITHOUT ROWID;
CREATE TABLE tiles (
    office INTEGER NOT NULL REFERENCES offices,
    log INTEGER NOT NULL,
    level INTEGER NOT NULL CHECK (level >= 1),
    idx INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (office, log, level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE cursors (
    office INTEGER NOT NULL REFERENCES offices,
    emitter TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    next INTEGER NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (office, emitter, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE batches (
    office INTEGER NOT NULL REFERENCES offices,
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count >= 1),
    idx INTEGER NOT NULL,
    received INTEGER NOT NULL,
    header BLOB NOT NULL,
    PRIMARY KEY (office, terminal, epoch, first)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX batches_by_index ON batches (office, idx);
CREATE TABLE acts (
    office INTEGER NOT NULL REFERENCES offices,
    id BLOB NOT NULL,
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (office, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE names (
    office INTEGER NOT NULL REFERENCES offices,
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (office, log, idx, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE codes (
    hash BLOB PRIMARY KEY,
    expires INTEGER NOT NULL,
    office BLOB,
    terminal TEXT,
    seeds BLOB,
    used INTEGER,
    CHECK ((seeds IS NULL) = (terminal IS NOT NULL)),
    CHECK ((office IS NULL) = (terminal IS NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE enrolments (
    office INTEGER NOT NULL REFERENCES offices,
    code BLOB NOT NULL,
    terminal TEXT NOT NULL,
    key BLOB NOT NULL,
    certificate BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (office, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolments_by_terminal ON enrolments (office, terminal);
CREATE TABLE keys (
    office INTEGER NOT NULL REFERENCES offices,
    number INTEGER NOT NULL,
    class INTEGER NOT NULL,
    month INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
    PRIMARY KEY (office, number),
    UNIQUE (office, class, month)
) STRICT, WITHOUT ROWID;
CREATE TABLE segments (
    office INTEGER NOT NULL REFERENCES offices,
    first INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (office, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE probe (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    filler BLOB NOT NULL
) STRICT;
";

/// Those tables.
pub(super) const BESIDE_ENTRIES: [&str; 12] = [
    "offices",
    "heads",
    "tiles",
    "cursors",
    "batches",
    "acts",
    "names",
    "codes",
    "enrolments",
    "keys",
    "segments",
    "probe",
];

/// The tables of an office's entries, made when it is founded.
pub(super) fn entries_tables(office: i64) -> String {
    let table = |log| {
        let name = entries_table(office, log);
        format!(
            "CREATE TABLE {name} (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, key INTEGER NOT NULL, payload BLOB NOT NULL) STRICT;"
        )
    };
    LogName::ALL.map(table).concat()
}

/// One log's entries stand in a table of their own, so that they are always added at the right end of a tree: in one table for all logs
/// every append would split pages in its middle. The index is the row's own number, and a row needs neither office nor log.
pub(super) fn entries_table(office: i64, log: LogName) -> String {
    format!("{log}_{office}")
}
