//! The tables. A change is a step that brings databases of the version before to a new one ([`STEPS`]).
//!
//! Leaves stand apart from payloads: the hashes stay for ever, and what was kept as long as it had to be goes with its partition, which is dropped
//! as a whole. A partition (`part`) holds the payloads of one retention class and one month, of all offices; acts, which are open, have the number 0.

/// Ours, whatever else the database holds.
pub(super) const SCHEMA: &str = "sekisho";

/// What was changed since version 1.
pub(super) const STEPS: &[&str] = &[];

/// Version 1.
const TABLES: &str = "
CREATE TABLE version (
    version bigint NOT NULL,
    -- How often the database was opened by a ledger that was to have it alone.
    writer bigint NOT NULL DEFAULT 0
);
CREATE TABLE offices (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id bytea NOT NULL UNIQUE CHECK (length(id) = 16),
    seeds bytea NOT NULL,
    founded bigint NOT NULL
);
CREATE TABLE heads (
    office integer NOT NULL REFERENCES offices,
    log smallint NOT NULL CHECK (log BETWEEN 0 AND 2),
    size bigint NOT NULL,
    frontier bytea NOT NULL,
    PRIMARY KEY (office, log)
);
CREATE TABLE leaves (
    office integer NOT NULL,
    log smallint NOT NULL,
    idx bigint NOT NULL CHECK (idx >= 0),
    part integer NOT NULL,
    key bigint NOT NULL,
    leaf bytea NOT NULL,
    PRIMARY KEY (office, log, idx)
);
CREATE TABLE payloads (
    office integer NOT NULL,
    log smallint NOT NULL,
    idx bigint NOT NULL,
    part integer NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (part, office, log, idx)
) PARTITION BY LIST (part);
ALTER TABLE payloads ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE payloads_0 PARTITION OF payloads FOR VALUES IN (0);
CREATE TABLE tiles (
    office integer NOT NULL,
    log smallint NOT NULL,
    level smallint NOT NULL CHECK (level >= 1),
    idx bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (office, log, level, idx)
);
CREATE TABLE cursors (
    office integer NOT NULL REFERENCES offices,
    emitter text NOT NULL,
    epoch bigint NOT NULL,
    next bigint NOT NULL,
    chain bytea NOT NULL,
    PRIMARY KEY (office, emitter, epoch)
);
CREATE TABLE batches (
    office integer NOT NULL,
    terminal text NOT NULL,
    epoch bigint NOT NULL,
    first bigint NOT NULL,
    count bigint NOT NULL CHECK (count >= 1),
    idx bigint NOT NULL,
    received bigint NOT NULL,
    header bytea NOT NULL,
    PRIMARY KEY (office, terminal, epoch, first),
    UNIQUE (office, idx)
);
CREATE TABLE acts (
    office integer NOT NULL REFERENCES offices,
    id bytea NOT NULL,
    log smallint NOT NULL,
    idx bigint NOT NULL,
    PRIMARY KEY (office, id)
);
CREATE TABLE names (
    office integer NOT NULL REFERENCES offices,
    log smallint NOT NULL,
    idx bigint NOT NULL,
    hash bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (office, log, idx, hash)
);
CREATE TABLE codes (
    hash bytea PRIMARY KEY,
    expires bigint NOT NULL,
    office bytea,
    terminal text,
    seeds bytea,
    used bigint,
    CHECK ((seeds IS NULL) = (terminal IS NOT NULL)),
    CHECK ((office IS NULL) = (terminal IS NULL))
);
CREATE TABLE enrolments (
    office integer NOT NULL REFERENCES offices,
    code bytea NOT NULL,
    terminal text NOT NULL,
    key bytea NOT NULL,
    certificate bytea NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (office, code)
);
CREATE INDEX enrolments_by_terminal ON enrolments (office, terminal);
CREATE TABLE keys (
    office integer NOT NULL REFERENCES offices,
    number bigint NOT NULL,
    class smallint NOT NULL,
    month integer NOT NULL,
    wrapped bytea NOT NULL,
    state bigint NOT NULL CHECK (state BETWEEN 0 AND 2),
    PRIMARY KEY (office, number),
    UNIQUE (office, class, month)
);
CREATE TABLE segments (
    office integer NOT NULL REFERENCES offices,
    first bigint NOT NULL,
    entries bigint NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (office, first)
);
CREATE TABLE probe (
    id integer PRIMARY KEY CHECK (id = 0),
    filler bytea NOT NULL
);
";

/// What makes them, for one transaction.
pub(super) fn tables() -> String {
    format!("CREATE SCHEMA {SCHEMA}; SET LOCAL search_path = {SCHEMA}; {TABLES} INSERT INTO version VALUES (1);")
}

/// The partition of a class and a month (year × 12 + month − 1).
pub(super) const fn part(class: u8, month: u32) -> i32 {
    // A month has six digits at most: years up to 83,333.
    class as i32 * 1_000_000 + (month % 1_000_000) as i32
}
