//! What a store could not do, and what to do next.

use std::fmt;
use std::path::PathBuf;

use super::LogName;
use crate::checkpoint::Halt;
use crate::hearing::{Awaited, Whom};

/// What is wrong with a file of cold entries.
#[derive(Debug)]
pub enum SegmentFault {
    /// It is not there.
    Missing,
    /// The disk does not give it.
    Unreadable(std::io::Error),
    /// It is shorter than it was.
    Truncated,
    /// Its head is not the one that the book names: another file, or altered bytes.
    OtherHead,
    /// Bytes in it are others than its head says.
    Altered,
}

impl fmt::Display for SegmentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the file is not there"),
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::Truncated => f.write_str("the file is cut short"),
            Self::OtherHead => f.write_str("its head is not the one that the book names"),
            Self::Altered => f.write_str("bytes in it were altered"),
        }
    }
}

/// What a store could not do.
#[derive(Debug)]
pub enum StoreError {
    /// Something is not where the change says it is; nothing was changed.
    Conflict {
        /// What.
        what: &'static str,
    },
    /// A number is larger than the database holds; nothing was changed.
    TooLarge {
        /// What was done.
        act: &'static str,
    },
    /// A record of the ledger's own is longer than one may be (wire §1.4); nothing was changed.
    RecordTooLong {
        /// Its kind.
        kind: &'static str,
    },
    /// The database has no tables: it was truncated, or is none of ours.
    Empty {
        /// Which.
        path: std::path::PathBuf,
    },
    /// The database failed.
    Database {
        /// What was done.
        act: &'static str,
        /// What the database says.
        cause: String,
    },
    /// The database gives back other bytes than were written, or none: a torn page, a bad sector, a table that is gone.
    Unreadable {
        /// What was done.
        act: &'static str,
        /// What the database says.
        cause: String,
    },
    /// The database was made by a newer version of the ledger.
    Newer {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The database was made by an older version, and whoever opened it may not bring it to ours.
    Older {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another ledger writes to this database.
    OtherWriter {
        /// Which.
        database: String,
    },
    /// The log has stopped: nothing may be added to it, or it could never be refilled to what was signed.
    Halted {
        /// Which log.
        log: LogName,
        /// Why.
        halt: Halt,
    },
    /// The month that it is by the clock was destroyed: nothing was changed.
    MonthDestroyed,
    /// Nothing may be added to an office's logs yet.
    Hears(Awaited),
    /// A file of cold entries does not give back what was written into it.
    Segment {
        /// Which file.
        path: PathBuf,
        /// The first entry that it does not give.
        index: u64,
        /// What is wrong with it.
        fault: SegmentFault,
    },
    /// What stands in the database cannot have been written by us.
    Damaged {
        /// What.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether a cold file is there, and a block of it is not as it was written: others are.
    #[must_use]
    pub const fn is_of_one_block(&self) -> bool {
        matches!(self, Self::Segment { fault: SegmentFault::Altered | SegmentFault::Truncated, .. })
    }

    /// Whether it is a cold file that is not there, or not as it was written.
    #[must_use]
    pub const fn is_of_cold_file(&self) -> bool {
        matches!(self, Self::Segment { .. })
    }

    /// Whether it is certain that the change is not there.
    #[must_use]
    pub const fn changed_nothing(&self) -> bool {
        matches!(
            self,
            Self::Conflict { .. }
                | Self::TooLarge { .. }
                | Self::RecordTooLong { .. }
                | Self::MonthDestroyed
                | Self::Halted { .. }
                | Self::Hears(_)
                | Self::OtherWriter { .. }
        )
    }

    /// Whether what stands on the disk is not what was written there; everything else may go well the next time.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Damaged { .. } | Self::Segment { .. })
    }

    /// What to do next: English, Japanese.
    #[must_use]
    pub const fn next_step(&self) -> (&'static str, &'static str) {
        match self {
            Self::Conflict { .. } => (
                "Make sure that only one sekisho-ledger writes to this database, then start it again.",
                "このデータベースに書き込む sekisho-ledger が一つだけであることを確認し、再起動してください。",
            ),
            Self::Database { .. } => (
                "Check the disk (space, errors) and the permissions of the data directory.",
                "ディスク（空き容量、エラー）とデータディレクトリの権限を確認してください。",
            ),
            Self::TooLarge { .. } => (
                "Update the program that sent it: no honest one counts that far.",
                "送信したプログラムを更新してください。正しいものはこのような数を送りません。",
            ),
            Self::RecordTooLong { .. } => (
                "Ask for less at once, and report it: this is a defect of the ledger.",
                "一度に求める範囲を減らし、この不具合を報告してください。",
            ),
            Self::Empty { .. } => (
                "Keep this disk as evidence and restore the newest sound copy: a ledger that has begun is never begun again.",
                "このディスクを証拠として保管し、正常な最新の複製を復元してください。使用中の台帳を空から始めることはありません。",
            ),
            Self::Newer { .. } => (
                "Install the newer sekisho-ledger again; an older one cannot read its database.",
                "新しい版の sekisho-ledger を再度インストールしてください。古い版では読めません。",
            ),
            Self::Older { .. } => (
                "Start the ledger once: it brings its database to the version of this program.",
                "台帳を一度起動してください。データベースが現在の版に更新されます。",
            ),
            Self::OtherWriter { .. } => (
                "Stop one of the two ledgers, for good: a database has one. A copied data directory needs a database of its own.",
                "二つの台帳のうち一方を停止してください。データベースを使う台帳は一つだけです。複製したデータディレクトリには別のデータベースが必要です。",
            ),
            Self::MonthDestroyed => (
                "Put the machine's clock right: by it the ledger is in a month whose records were destroyed.",
                "機械の時計を合わせてください。時計の示す月の記録は既に廃棄されています。",
            ),
            Self::Hears(Awaited { whom: Whom::Terminals, .. }) => {
                ("Wait until a terminal has reached the ledger.", "端末機が台帳に接続するまでお待ちください。")
            }
            Self::Hears(Awaited { whom: Whom::Witnesses, .. }) => (
                "Wait until the witnesses have answered; `sekisho-ledger status` says what is wrong with them.",
                "立会人が応答するまでお待ちください。状態は `sekisho-ledger status` に表示されます。",
            ),
            Self::Segment { fault: SegmentFault::Missing, .. } => (
                "Mount the disk of the cold segments, or put the file back out of any copy that has one of this name; `cold` in ledger.toml says where.",
                "コールド保管のディスクを接続するか、同名のファイルを複製から戻してください。場所は ledger.toml の cold で指定します。",
            ),
            Self::Segment { .. } => (
                "Put the file aside as evidence, put the one of the same name out of a copy in its place, and run `sekisho-ledger fsck`.",
                "そのファイルを証拠として保管し、同名のファイルを複製から戻して `sekisho-ledger fsck` を実行してください。",
            ),
            Self::Halted { .. } | Self::Unreadable { .. } | Self::Damaged { .. } => (
                "`sekisho-ledger fsck` names what is damaged. Where it cannot read the database either, restore that from the backup.",
                "`sekisho-ledger fsck` で破損箇所を確認してください。fsck でも読めない場合は、データベースをバックアップから復元してください。",
            ),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { what } => write!(f, "cannot write to the database: {what} is not where it was"),
            Self::TooLarge { act } => write!(f, "cannot {act}: a number in it is larger than the database holds"),
            Self::RecordTooLong { kind } => write!(f, "cannot write a record {kind}: it is longer than one may be"),
            Self::Empty { path } => write!(f, "cannot open the database {}: it has no tables", path.display()),
            Self::Database { act, cause } | Self::Unreadable { act, cause } => write!(f, "cannot {act}: {cause}"),
            Self::Newer { found, known } => {
                write!(f, "cannot open the database: its schema is version {found}, this program knows {known}")
            }
            Self::Older { found, known } => {
                write!(f, "cannot read the database: its schema is version {found}, this program's is {known}")
            }
            Self::OtherWriter { database } => {
                write!(f, "cannot write to the database {database}: another ledger writes to it")
            }
            Self::Halted { log, halt } => write!(f, "cannot write to the log {log}: it has stopped: {halt}"),
            Self::MonthDestroyed => f.write_str("cannot write a record: this month was destroyed, by the clock"),
            Self::Hears(awaited) => write!(f, "cannot write to the logs yet: {awaited}"),
            Self::Segment { path, index, fault } => {
                write!(f, "cannot read entry {index} out of the cold segment {}: {fault}", path.display())
            }
            Self::Damaged { what } => write!(f, "cannot read the database: the {what} in it is not one of ours"),
        }
    }
}

impl std::error::Error for StoreError {}
