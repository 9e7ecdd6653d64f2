//! Every way in which a command of the ledger fails, for the person at the machine.

use std::fmt;
use std::path::PathBuf;

use sekisho_tlog::TlogError;
use sekisho_wire::id::OfficeId;

use crate::media::MediumFault;
use crate::store::StoreError;

/// What a command could not do.
#[derive(Debug)]
pub enum LedgerError {
    /// A file or directory.
    File {
        /// What was done to it: "read", "write", ….
        act: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Root was to work on a directory of another user's.
    Whose {
        /// Which.
        path: PathBuf,
        /// The user that owns it.
        owner: String,
        /// What stands before a command that is to be run as that user.
        by: String,
    },
    /// The configuration.
    Config {
        /// Which file.
        path: PathBuf,
        /// Line, counted from 1; 0 when it concerns the whole file.
        line: usize,
        /// The key, or empty.
        key: String,
        /// What is wrong.
        cause: String,
    },
    /// A file of ours does not hold what it must.
    Damaged {
        /// Which.
        path: PathBuf,
        /// What was expected in it.
        expected: &'static str,
    },
    /// The data directory holds a ledger already.
    AlreadyThere {
        /// Which.
        path: PathBuf,
    },
    /// Another process serves this data directory.
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// The data directory may be entered by others.
    Open {
        /// Which directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// An office has signed checkpoints, and the database does not know it.
    OfficeGone {
        /// Which.
        office: OfficeId,
        /// Its checkpoints.
        path: PathBuf,
    },
    /// A witness's files are copies: it may have cosigned more since they were made.
    PutBack {
        /// Which file.
        path: PathBuf,
    },
    /// The envelope key is not the one that an office was founded with.
    OtherEnvelopeKey {
        /// Which office.
        office: OfficeId,
        /// The key's file.
        path: PathBuf,
    },
    /// A stopped log may not go on.
    NotResumed {
        /// Why.
        cause: String,
    },
    /// A log key that was made is in no backup yet.
    KeyInNoBackup,
    /// There is no wait to end.
    WaitsForNobody {
        /// Why.
        cause: &'static str,
    },
    /// An argument of the command.
    Argument {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// Keys or certificates.
    Crypto {
        /// What was done.
        act: &'static str,
        /// Why not.
        cause: String,
    },
    /// The database.
    Store(StoreError),
    /// A tree, a checkpoint, a key.
    Tlog(TlogError),
    /// What was typed or scanned from a month's sheet is no note that the log signed.
    NoSheet(TlogError),
    /// The logs give no register, or not the one they were folded to before.
    Register {
        /// Index of the act.
        index: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// The address to listen on.
    Listen {
        /// Which.
        address: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Another server.
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why there is none.
        cause: String,
    },
    /// A medium for backups.
    Medium(MediumFault),
    /// A step of a town's setting up.
    Town {
        /// Which program, or which step.
        what: String,
        /// What is wrong.
        cause: String,
    },
    /// Entries are cold, and the configuration does not say where.
    ColdNowhere {
        /// Whose.
        office: OfficeId,
        /// How many.
        entries: u64,
    },
    /// A release build was asked for a simulated clock.
    NoSimulatedClock,
}

impl LedgerError {
    /// For `map_err` on file operations.
    pub fn file(act: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { act, path, source }
    }

    /// What to do next: English, Japanese.
    #[must_use]
    pub const fn next_step(&self) -> (&'static str, &'static str) {
        match self {
            Self::File { .. } => (
                "Check that the path exists, belongs to the user that runs the ledger, and that the disk is not full.",
                "パス、所有者、ディスクの空き容量を確認してください。",
            ),
            Self::Whose { .. } => (
                "Run the same command as that user, in this way. What root made there the ledger could not read.",
                "上記のとおり、その利用者で同じコマンドを実行してください。root が作成したファイルを台帳は読めません。",
            ),
            Self::Config { .. } => (
                "Correct that line of the file; `man sekisho-ledger` lists every key.",
                "該当の行を修正してください。設定項目は `man sekisho-ledger` にあります。",
            ),
            Self::Damaged { .. } | Self::OtherEnvelopeKey { .. } => (
                "Restore the file from the backup, then run `sekisho-ledger fsck`.",
                "バックアップからファイルを復元し、`sekisho-ledger fsck` を実行してください。",
            ),
            Self::PutBack { .. } => (
                "Make a new witness, with a new key, and have it take this one's place. Only one that was moved, stopped before, with everything that it cosigned: `sekisho-ledger witness moved`.",
                "新しい鍵で立会人を作り直し、置き換えてください。停止後にすべてを移設した場合に限り `sekisho-ledger witness moved` を使えます。",
            ),
            Self::AlreadyThere { .. } => (
                "Use it with `serve`, or name another directory.",
                "`serve` で使用するか、別のディレクトリを指定してください。",
            ),
            Self::InUse { .. } => {
                ("Stop the other sekisho-ledger first.", "先に動作中の sekisho-ledger を停止してください。")
            }
            Self::Open { .. } => (
                "Run `chmod 700` on that directory, and find out who has read it: keys lie in it.",
                "そのディレクトリに `chmod 700` を実行し、誰かに読まれていないか調べてください。鍵が置かれています。",
            ),
            Self::OfficeGone { .. } => (
                "The database was emptied or is an older one: keep this disk as evidence and restore the newest sound copy.",
                "データベースが空にされたか古いものです。このディスクを証拠として保管し、正常な最新の複製を復元してください。",
            ),
            Self::NotResumed { .. } => (
                "Run `sekisho-ledger fsck`, put right what it names, and resume then (`man sekisho-ledger`, \"When a log has stopped\").",
                "`sekisho-ledger fsck` が示す異常を解消してから再開してください（`man sekisho-ledger` 参照）。",
            ),
            Self::KeyInNoBackup => (
                "Run `sekisho-ledger backup`, or wait for tonight's, and then this again: it is the same key.",
                "`sekisho-ledger backup` を実行するか今夜のバックアップを待ち、もう一度実行してください。鍵は変わりません。",
            ),
            Self::ColdNowhere { .. } => (
                "Put `cold = \"/path\"` back into ledger.toml. To be rid of it run `sekisho-ledger warm` then, which takes it out when nothing is cold any more.",
                "ledger.toml に cold の設定を戻してください。使用をやめる場合は、その後 `sekisho-ledger warm` を実行します。",
            ),
            Self::WaitsForNobody { .. } => (
                "`sekisho-ledger status` says which office waits, and for whom; a ledger that is not running says it once it is.",
                "`sekisho-ledger status` で確認してください。起動していない台帳は、起動後に確認待ちを表示します。",
            ),
            Self::Argument { .. } => ("See `sekisho-ledger help`.", "`sekisho-ledger help` を参照してください。"),
            Self::Crypto { .. } => (
                "If a key file was altered, restore it from the backup.",
                "鍵ファイルが変更されている場合は、バックアップから復元してください。",
            ),
            Self::Store(error) => error.next_step(),
            Self::Medium(fault) => fault.next_step(),
            Self::NoSheet(_) => (
                "Compare what was typed or scanned with the printed sheet, character by character. If they are the same, this ledger's key did not sign the sheet: keep it as evidence.",
                "入力又は読み取った内容を用紙と一字ずつ照合してください。一致している場合、その用紙はこの台帳の鍵で署名されたものではありません。証拠として保管してください。",
            ),
            Self::Tlog(_) | Self::Register { .. } => (
                "Stop serving and run `sekisho-ledger fsck`: it names the first wrong entry.",
                "停止して `sekisho-ledger fsck` を実行してください。最初の異常箇所が表示されます。",
            ),
            Self::Listen { .. } => (
                "Change `listen` in ledger.toml, or stop what uses the address.",
                "ledger.toml の `listen` を変更するか、そのアドレスを使用中のプログラムを停止してください。",
            ),
            Self::Unreachable { .. } => (
                "Check the address, the authority's certificate and the line.",
                "アドレス、認証局の証明書、回線を確認してください。",
            ),
            Self::Town { .. } => (
                "Put that right, and run the same command again: it goes on where it stopped.",
                "解消してから同じコマンドを再度実行してください。続きから再開します。",
            ),
            Self::NoSimulatedClock => (
                "Leave the option out; only test builds have a simulated clock.",
                "このオプションを外してください。模擬時計は試験用ビルドにのみあります。",
            ),
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { act, path, source } => write!(f, "cannot {act} {}: {source}", path.display()),
            Self::Whose { path, owner, by } => {
                let path = path.display();
                write!(f, "cannot work on {path} as root: it belongs to {owner}; `{by} sekisho-ledger ...`")
            }
            Self::Config { path, line: 0, key, cause } => {
                write!(f, "cannot use the configuration {}: {key}: {cause}", path.display())
            }
            Self::Config { path, line, key, cause } if key.is_empty() => {
                write!(f, "cannot use the configuration {}, line {line}: {cause}", path.display())
            }
            Self::Config { path, line, key, cause } => {
                write!(f, "cannot use the configuration {}, line {line}, key '{key}': {cause}", path.display())
            }
            Self::Damaged { path, expected } => {
                write!(f, "cannot read {}: it does not hold {expected}", path.display())
            }
            Self::AlreadyThere { path } => {
                write!(f, "cannot make it in {}: there is one already", path.display())
            }
            Self::InUse { path } => write!(f, "cannot serve {}: another process does", path.display()),
            Self::Open { path, mode } => {
                write!(f, "cannot use {}: others may enter it (mode {mode:03o})", path.display())
            }
            Self::OfficeGone { office, path } => {
                write!(
                    f,
                    "cannot serve: office {office} has signed checkpoints in {} and is not in the database",
                    path.display()
                )
            }
            Self::OtherEnvelopeKey { office, path } => {
                write!(f, "cannot use {}: it is not the key that office {office} was founded with", path.display())
            }
            Self::PutBack { path } => {
                write!(
                    f,
                    "cannot cosign with {}: it is a copy, and what was cosigned since is not in it",
                    path.display()
                )
            }
            Self::NotResumed { cause } => write!(f, "cannot resume the log: {cause}"),
            Self::KeyInNoBackup => f.write_str(
                "the key was made, and is shown once a verified backup has it: a database without it could not sign any more",
            ),
            Self::ColdNowhere { office, entries } => {
                write!(
                    f,
                    "cannot use the book: {entries} entries of office {office} are cold, and ledger.toml names no directory"
                )
            }
            Self::WaitsForNobody { cause } => write!(f, "cannot end a wait: {cause}"),
            Self::Argument { name, cause } => write!(f, "cannot use {name}: {cause}"),
            Self::Crypto { act, cause } => write!(f, "cannot {act}: {cause}"),
            Self::Store(error) => error.fmt(f),
            Self::Medium(fault) => fault.fmt(f),
            Self::Tlog(error) | Self::NoSheet(error) => error.fmt(f),
            Self::Register { index, cause } => {
                write!(f, "cannot fold the register at the act with index {index}: {cause}")
            }
            Self::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::Unreachable { url, cause } => write!(f, "cannot ask {url}: {cause}"),
            Self::Town { what, cause } => write!(f, "cannot set the town up: {what}: {cause}"),
            Self::NoSimulatedClock => {
                f.write_str("cannot simulate the clock: this is a release build and has no simulated clock")
            }
        }
    }
}

impl std::error::Error for LedgerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Listen { source, .. } => Some(source),
            Self::Store(error) => Some(error),
            Self::Tlog(error) | Self::NoSheet(error) => Some(error),
            Self::Medium(MediumFault::Failed { cause, .. }) => Some(&**cause),
            Self::Config { .. }
            | Self::Whose { .. }
            | Self::Damaged { .. }
            | Self::AlreadyThere { .. }
            | Self::InUse { .. }
            | Self::Argument { .. }
            | Self::Open { .. }
            | Self::OfficeGone { .. }
            | Self::PutBack { .. }
            | Self::OtherEnvelopeKey { .. }
            | Self::NotResumed { .. }
            | Self::KeyInNoBackup
            | Self::WaitsForNobody { .. }
            | Self::ColdNowhere { .. }
            | Self::Crypto { .. }
            | Self::Register { .. }
            | Self::Unreachable { .. }
            | Self::Medium(_)
            | Self::Town { .. }
            | Self::NoSimulatedClock => None,
        }
    }
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TlogError> for LedgerError {
    fn from(error: TlogError) -> Self {
        Self::Tlog(error)
    }
}
