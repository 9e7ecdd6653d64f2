//! What is wrong with a medium, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use crate::error::LedgerError;

/// Why there is no backup, or none can be taken from a medium.
#[derive(Debug)]
pub enum MediumFault {
    /// The list is empty.
    NoneListed,
    /// None of the list is mounted.
    NoneThere {
        /// Name and place of each.
        listed: Vec<(String, PathBuf)>,
    },
    /// What is mounted there is not on the list.
    NotListed {
        /// Where.
        at: PathBuf,
        /// What it is called.
        name: String,
    },
    /// It holds backups of another ledger.
    OtherLedgers {
        /// Where.
        at: PathBuf,
        /// Which.
        ledger: String,
    },
    /// It is the ledger's own disk, or that of its cold segments.
    SameDisk {
        /// Where.
        at: PathBuf,
    },
    /// One like it is on the list.
    Listed {
        /// What that is called.
        name: String,
    },
    /// There is none of that name on the list.
    Unknown {
        /// Which.
        name: String,
    },
    /// Another command works with the media.
    Busy,
    /// It was taken away, or another was put into its place, while it was written to.
    Swapped {
        /// Where.
        at: PathBuf,
    },
    /// It could not be written to, or not be read again.
    Failed {
        /// What it is called.
        name: String,
        /// Where.
        at: PathBuf,
        /// Why.
        cause: Box<LedgerError>,
    },
    /// What was read again is not sound.
    NotSound {
        /// Where it lies.
        at: PathBuf,
        /// The first thing that is wrong.
        finding: String,
        /// How many there are.
        findings: usize,
    },
    /// A log of the copy is not a beginning of the ledger's own.
    Differs {
        /// Where it lies.
        at: PathBuf,
        /// Which log.
        log: String,
    },
    /// There is no verified backup in that place.
    NoBackup {
        /// Where.
        at: PathBuf,
    },
    /// Something else lies where a plain file or folder of ours should: a link could lead anywhere.
    NotPlain {
        /// Where.
        at: PathBuf,
    },
    /// Files of a ledger lie where one is to be restored, and no restore that was cut short left them.
    Remains {
        /// Where.
        at: PathBuf,
    },
    /// Keys were to be copied to where the book is copied.
    KeysBeside {
        /// Where.
        at: PathBuf,
    },
}

impl MediumFault {
    /// What to do next: English, Japanese.
    #[must_use]
    pub const fn next_step(&self) -> (&'static str, &'static str) {
        match self {
            Self::NoneListed | Self::NotListed { .. } => (
                "Put in and mount a medium of the list (`sekisho-ledger medium list`), or list this one: `sekisho-ledger medium add`.",
                "登録済みの媒体（`sekisho-ledger medium list`）を装着するか、`sekisho-ledger medium add` で登録してください。",
            ),
            Self::NoneThere { .. } => (
                "Put one of them in, mount it there, and run `sekisho-ledger backup` again.",
                "いずれかの媒体を装着してマウントし、`sekisho-ledger backup` を再度実行してください。",
            ),
            Self::OtherLedgers { .. } => (
                "Use another medium; the backups on this one are not ours to touch.",
                "別の媒体を使用してください。この媒体には他の台帳のバックアップがあります。",
            ),
            Self::SameDisk { .. } => (
                "Mount a disk of its own there: what lies on the ledger's disk is lost with it.",
                "別のディスクをマウントしてください。台帳と同じディスクにあるものは、台帳と同時に失われます。",
            ),
            Self::Listed { .. } => (
                "`sekisho-ledger medium list` shows the list; take it off with `medium forget` before you list it anew.",
                "`sekisho-ledger medium list` で確認し、登録し直す場合は先に `medium forget` で外してください。",
            ),
            Self::Unknown { .. } => {
                ("`sekisho-ledger medium list` shows the list.", "`sekisho-ledger medium list` で確認してください。")
            }
            Self::Busy => (
                "Wait until it has ended: `systemctl status sekisho-ledger-backup`.",
                "終了を待ってください（`systemctl status sekisho-ledger-backup`）。",
            ),
            Self::Swapped { .. } => (
                "Leave a medium in until its backup has ended, and run `sekisho-ledger backup` again. Older backups were not touched.",
                "終了まで媒体を外さず、`sekisho-ledger backup` を再度実行してください。以前のバックアップはそのままです。",
            ),
            Self::Failed { .. } => (
                "The older backups there were not touched. Look whether the medium is full, still there, and writable, or use another.",
                "以前のバックアップはそのままです。空き容量、装着、書き込み権限を確認するか、別の媒体を使用してください。",
            ),
            Self::NotSound { .. } | Self::Differs { .. } => (
                "Keep the older backups. Run `sekisho-ledger fsck` on the ledger itself: if that is sound, the medium is failing, so use another.",
                "以前のバックアップを保管し、台帳に `sekisho-ledger fsck` を実行してください。台帳が正常なら媒体の故障です。別の媒体を使用してください。",
            ),
            Self::NoBackup { .. } => (
                "Name a medium, or one of the folders on it that hold a file verified.json.",
                "媒体、または verified.json のある媒体内のフォルダを指定してください。",
            ),
            Self::NotPlain { .. } => (
                "Nothing was written there. This program makes no links: find out who did, and use another medium or backup.",
                "何も書き込んでいません。本プログラムはリンクを作成しません。作成者を調べ、別の媒体またはバックアップを使用してください。",
            ),
            Self::Remains { .. } => (
                "Nothing was changed. Move what lies there to another place, or name another directory: it may be newer than any backup.",
                "何も変更していません。そこにあるファイルを別の場所に移すか、別のディレクトリを指定してください。バックアップより新しい可能性があります。",
            ),
            Self::KeysBeside { .. } => (
                "Copy the keys to a stick of their own and put it into the safe: who has both reads everything.",
                "鍵は専用の媒体に複製して金庫に保管してください。両方を持つ者はすべてを読めます。",
            ),
        }
    }
}

impl fmt::Display for MediumFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoneListed => f.write_str("cannot make a backup: no medium is listed"),
            Self::NoneThere { listed } => {
                f.write_str("cannot make a backup: no listed medium is there:")?;
                listed.iter().enumerate().try_for_each(|(number, (name, at))| {
                    write!(f, "{} {name} at {}", if number == 0 { "" } else { "," }, at.display())
                })
            }
            Self::NotListed { at, name } => {
                write!(f, "cannot make a backup onto '{name}' at {}: it is not on the list", at.display())
            }
            Self::OtherLedgers { at, ledger } => {
                write!(f, "cannot use the medium at {}: it holds backups of the ledger {ledger}", at.display())
            }
            Self::SameDisk { at } => {
                write!(f, "cannot use {}: it is the disk that the ledger lies on, or its cold segments", at.display())
            }
            Self::Listed { name } => write!(f, "cannot list the medium: '{name}' is on the list already"),
            Self::Unknown { name } => write!(f, "cannot find '{name}' on the list of media"),
            Self::Busy => f.write_str("cannot work with the media: another command does"),
            Self::Swapped { at } => {
                write!(f, "cannot finish the backup at {}: it is not the medium that it was", at.display())
            }
            Self::Failed { name, at, cause } => {
                write!(f, "cannot make a backup onto '{name}' at {}: {cause}", at.display())
            }
            Self::NotSound { at, finding, findings } => {
                write!(f, "cannot use the backup {}: {finding}", at.display())?;
                if *findings > 1 { write!(f, " (and {} more findings)", findings - 1) } else { Ok(()) }
            }
            Self::Differs { at, log } => {
                write!(f, "cannot use the backup {}: its log {log} is not the ledger's", at.display())
            }
            Self::NoBackup { at } => write!(f, "cannot restore from {}: there is no verified backup", at.display()),
            Self::NotPlain { at } => write!(f, "cannot use {}: it is no plain file or folder", at.display()),
            Self::Remains { at } => {
                write!(f, "cannot restore into {}: files of a ledger without ledger.toml lie there", at.display())
            }
            Self::KeysBeside { at } => write!(f, "cannot copy keys to {}: backups lie there", at.display()),
        }
    }
}

impl From<MediumFault> for LedgerError {
    fn from(fault: MediumFault) -> Self {
        Self::Medium(fault)
    }
}
