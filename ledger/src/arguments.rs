//! The command line; the manual is made of it, too.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand};
use sekisho_wire::id::OfficeId;

use crate::store::LogName;

/// The central ledger of Sekisho: takes every access record, loses none, proves that none changed.
/// （関所の中央台帳: すべての利用記録を受け取り、失わず、改変がないことを証明します）
#[derive(Parser)]
#[command(name = "sekisho-ledger", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What it can do.
#[derive(Subcommand)]
pub enum Command {
    /// Make a ledger: directory, keys, TLS authority, configuration （台帳を新しく作ります）
    Init {
        /// Where it is to live （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// What it is called, for ever: part of every log's name （台帳の名前。変更できません）
        #[arg(long)]
        name: String,
        /// Address and port to listen on （待ち受けるアドレスとポート）
        #[arg(long, value_name = "ADDR:PORT")]
        listen: SocketAddr,
        /// A host name or address that others reach it by; the first stands in codes （他から接続するときのホスト名）
        #[arg(long = "host", required = true, value_name = "HOST")]
        hosts: Vec<String>,
        /// Keep the book on a PostgreSQL server, in an empty database: 'host=/run/postgresql dbname=sekisho user=sekisho-ledger'
        /// （PostgreSQL に保存する場合）
        #[arg(long, value_name = "CONNECTION")]
        postgres: Option<String>,
        /// The certificate (PEM) that the server's own is made by: for a server on another machine
        /// （他の機器の PostgreSQL に TLS で接続する場合の認証局証明書）
        #[arg(long, value_name = "FILE", requires = "postgres")]
        postgres_authority: Option<PathBuf>,
    },
    /// Set a town up on this machine, as root: ledger, office, backups. Says what is done and what needs hands; run again, it goes on where
    /// it stopped （1台の機器に町の台帳一式を設置します）
    Town {
        /// The administrator's folder: town.toml in it describes the office, and is written to be filled in where it is missing
        /// （管理者のフォルダ。town.toml に団体の設定を書きます）
        folder: PathBuf,
        /// Say what would be done, and do nothing （実行せずに内容だけを表示します）
        #[arg(long)]
        dry_run: bool,
        /// The ledger's directory （データディレクトリ）
        #[arg(long, default_value = "/var/lib/sekisho-ledger")]
        data: PathBuf,
        /// What the ledger is called, for ever; the machine's name else （台帳の名前。変更できません）
        #[arg(long)]
        name: Option<String>,
        /// Address and port to listen on （待ち受けるアドレスとポート）
        #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:8443")]
        listen: SocketAddr,
        /// A host name or address that terminals reach it by; the machine's name else （他から接続するときのホスト名）
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        /// A reader with an administrator's card; twice （管理者のカードを入れるリーダー）
        #[arg(long = "reader", value_name = "NAME")]
        readers: Vec<String>,
        /// Where the medium for backups is mounted （バックアップ媒体のマウント先）
        #[arg(long, value_name = "DIR")]
        medium: Option<PathBuf>,
        /// What stands on its label （その媒体のラベル）
        #[arg(long, value_name = "NAME", default_value = "A")]
        medium_name: String,
        /// A folder on the stick for the keys （鍵専用の媒体のフォルダ）
        #[arg(long, value_name = "DIR")]
        keys: Option<PathBuf>,
        /// What `sekisho-admin found` is told besides, after -- （sekisho-admin found に渡す追加の指定）
        #[arg(last = true, value_name = "OPTION")]
        further: Vec<OsString>,
    },
    /// Give out a code that founds an office （団体を設置するコードを発行します）
    FoundingCode {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// How long it may be used: a number with s, m, h or d （有効期間）
        #[arg(long, default_value = "24h", value_parser = duration)]
        valid: Duration,
        /// Write it to this file (0600) instead of the screen （画面ではなくファイルに書き出します）
        #[arg(long)]
        out: Option<PathBuf>,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Make a new key for a log, and show it for the act that names it （ログの新しい署名鍵を生成し、検証鍵を表示します）
    LogKey {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Whose log （団体ID）
        #[arg(long)]
        office: OfficeId,
        /// Which log: records, register or casebook （対象のログ）
        #[arg(long, value_parser = log_name)]
        log: LogName,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Serve until SIGTERM （台帳を動かします）
    Serve {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// A socket where Prometheus's numbers are read by its owner and its group （指標を読み出すソケット）
        #[arg(long, value_name = "SOCKET")]
        metrics_socket: Option<PathBuf>,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Check everything on the disk and name the first wrong entry; 0 sound, 1 findings, 2 cannot run （すべてを検査します）
    Fsck {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Only this office （この団体だけ）
        #[arg(long)]
        office: Option<OfficeId>,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Show the offices, how far their logs have come, and what may be destroyed or was （団体とログの状態を表示します）
    Status {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Tell people what waits, by a program of the office's own, once for each thing （要処理の事項を、メール送信などの任意のプログラムに渡します）
    ///
    /// Its text comes on standard input, and SEKISHO_SUBJECT, SEKISHO_TO (roles, and deputies after an hour), SEKISHO_STAGE and SEKISHO_OFFICE in its environment. Without a program it is
    /// said what would be told. （本文は標準入力、件名などは環境変数で渡します。プログラムを指定しない場合は、内容の表示だけを行います）
    Tell {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Only this office （対象の団体）
        #[arg(long)]
        office: Option<OfficeId>,
        /// The language of the messages （通知の言語）
        #[arg(long, value_parser = ["ja", "en"], default_value = "ja")]
        lang: String,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
        /// The program and its arguments, after -- （プログラムと引数）
        #[arg(last = true, value_name = "PROGRAM")]
        program: Vec<OsString>,
    },
    /// Copy database, checkpoints and configuration onto every listed medium that is there, also while the ledger runs, read them again,
    /// and let the oldest go; keys are kept apart （登録済みの媒体に複製を作り、検証します。鍵は含みません）
    Backup {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Only copy, to a directory that does not exist yet or is empty; nothing is verified （複製だけを作る場合の複製先。空のディレクトリ）
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// With --to, an earlier copy on the same disk: what it has of cold segments is not written again
        /// （同じディスクの以前の複製。コールド保管を共有）
        #[arg(long, value_name = "DIR", requires = "to")]
        earlier: Option<PathBuf>,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Media for backups: which are listed, and what was verified on them （バックアップ媒体を管理します）
    #[command(subcommand)]
    Medium(MediumCommand),
    /// Copy the keys, which no backup holds, to a stick of their own for the safe （鍵を金庫用の媒体に複製します）
    CopyKeys {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// A directory on that stick; older copies in it are written over （複製先。古い複製は上書きします）
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Put a ledger back from a medium and the copy of its keys, where there is none （媒体と鍵の複製から台帳を復元します）
    Restore {
        /// Where it is to live （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// The medium, for its newest backup, or one backup's folder on it （媒体、またはその中のバックアップ）
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Where `copy-keys` has put the keys （鍵の複製があるディレクトリ）
        #[arg(long, value_name = "DIR")]
        keys: PathBuf,
    },
    /// Move the book onto a PostgreSQL server, or back into a file; the ledger must not be running
    /// （保存先を移します。台帳は停止しておきます）
    MoveBook {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// An empty database on a PostgreSQL server, as for init （移す先の PostgreSQL）
        #[arg(long, value_name = "CONNECTION", required_unless_present = "to_file")]
        to_postgres: Option<String>,
        /// As for init: for a server on another machine （認証局証明書）
        #[arg(long, value_name = "FILE", requires = "to_postgres")]
        postgres_authority: Option<PathBuf>,
        /// The data directory's own file （ファイルに移します）
        #[arg(long, conflicts_with = "to_postgres")]
        to_file: bool,
    },
    /// Bring everything that is cold back into the database, and take `cold` out of the configuration; the ledger must not be running
    /// （コールド保管の記録をデータベースに戻します。台帳は停止しておきます）
    Warm {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
    },
    /// Let a stopped log go on, after its reason was found and put right （停止したログを再開します）
    Resume {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Whose log （団体）
        #[arg(long)]
        office: OfficeId,
        /// Which log: records, register, casebook （ログの名前）
        #[arg(long, value_parser = log_name)]
        log: LogName,
        /// That fsck was run, the copies were compared, and nothing newer is known anywhere （確認済みであること）
        #[arg(long, required = true)]
        i_have_checked: bool,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Wait for no more terminals and witnesses, after a start or before a log goes on that was filled again: the disk was not put back to an older
    /// state, or nothing newer is known anywhere （端末機と立会人の確認待ちを終えます）
    GoOn {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Which office waits （団体）
        #[arg(long)]
        office: OfficeId,
        /// That this is so: what was written elsewhere since is lost for good else （確認済みであること）
        #[arg(long, required = true)]
        i_have_checked: bool,
    },
    /// Be a witness of other ledgers: cosign what continues their logs （他の台帳の立会人になります）
    #[command(subcommand)]
    Witness(WitnessCommand),
    /// Print each log's checkpoint with a code to scan: the month's sheet for the safe, as a page of HTML （金庫に保管する台帳確認票を作ります）
    PrintCheckpoint {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Whose logs （団体）
        #[arg(long)]
        office: OfficeId,
        /// Where to write the page （書き出すファイル）
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Hold a printed checkpoint, scanned or typed, against the log; 0 it fits, 1 it does not, 2 cannot run （確認票を台帳と照合します）
    CheckCheckpoint {
        /// The ledger's directory （データディレクトリ）
        #[arg(long, required_unless_present = "url")]
        data: Option<PathBuf>,
        /// The sheet's text: what its code says （確認票の内容）
        #[arg(long, value_name = "FILE")]
        note: PathBuf,
        /// Ask a ledger over HTTPS instead （HTTPS で照合する台帳のアドレス）
        #[arg(long, conflicts_with = "data", requires_all = ["authority", "key"])]
        url: Option<String>,
        /// The certificate of its TLS authority （認証局の証明書）
        #[arg(long, value_name = "FILE")]
        authority: Option<PathBuf>,
        /// The log's verifier key （ログの検証鍵）
        #[arg(long, value_name = "NAME+ID+KEY")]
        key: Option<String>,
        /// The one on the sheet, where the log has another by now （票の鍵。鍵が替わっている場合）
        #[arg(long, value_name = "NAME+ID+KEY", requires = "url")]
        sheet_key: Option<String>,
    },
    /// Make the search index again; the ledger must not be running （検索の索引を作り直します）
    Reindex {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
    },
}

/// What is done with media.
#[derive(Subcommand)]
pub enum MediumCommand {
    /// List a medium: what is mounted there gets a file that says that it is ours （媒体を登録します）
    Add {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Where it is mounted; media that take turns have the same place （マウント先。交互に使う媒体は同じ場所にします）
        #[arg(long, value_name = "DIR")]
        at: PathBuf,
        /// What stands on its label （ラベルに書く名前）
        #[arg(long)]
        name: String,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Show the list, and what was verified on each when （媒体と検証日時を表示します）
    List {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Say where a medium is kept when it is not in its machine （媒体の保管場所を登録します）
    Keep {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// What it is called （媒体の名前）
        #[arg(long)]
        name: String,
        /// The place: a safe, a room, another building （保管場所）
        #[arg(long)]
        place: String,
    },
    /// Take a medium off the list; what is on it stays （媒体を登録から外します）
    Forget {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// What it is called （媒体の名前）
        #[arg(long)]
        name: String,
    },
}

/// What a witness does.
#[derive(Subcommand)]
pub enum WitnessCommand {
    /// Make a witness: directory, key, TLS authority, configuration （立会人を新しく作ります）
    Init {
        /// Where it is to live （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// The name of its key, for ever （立会人の名前。変更できません）
        #[arg(long)]
        name: String,
        /// Address and port to listen on （待ち受けるアドレスとポート）
        #[arg(long, value_name = "ADDR:PORT")]
        listen: SocketAddr,
        /// A host name or address that ledgers reach it by （台帳から接続するときのホスト名）
        #[arg(long = "host", required = true, value_name = "HOST")]
        hosts: Vec<String>,
    },
    /// Watch one more log, by its verifier key; the witness must not be running （見守るログを追加します）
    AddLog {
        /// The witness's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// The log's verifier key, as `sekisho-ledger status` shows it （ログの検証鍵）
        #[arg(long, value_name = "NAME+ID+KEY", required = true)]
        key: Vec<String>,
    },
    /// Believe a log's former key no more, once the log has a new one; the witness must not be running （ログの旧い鍵を除きます）
    DropKey {
        /// The witness's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// The former verifier key （除く検証鍵）
        #[arg(long, value_name = "NAME+ID+KEY")]
        key: String,
    },
    /// Serve until SIGTERM （立会人を動かします）
    Serve {
        /// The witness's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE", hide = true)]
        simulated_clock: Option<PathBuf>,
    },
    /// Show the logs and how far they were cosigned （ログと連署の状態を表示します）
    Status {
        /// The witness's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
    },
    /// Print what a ledger's ledger.toml says of this witness （台帳の設定に書く内容を表示します）
    Key {
        /// The witness's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
    },
    /// Go on in a directory to which the witness was moved; one that was put back from a copy must not （移設した立会人を使えるようにします）
    Moved {
        /// The witness's new directory （移設先のデータディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// That the witness was stopped before it was moved, and will never be started again where it was （確認済みであること）
        #[arg(long, required = true)]
        it_was_stopped_first: bool,
    },
}

fn log_name(text: &str) -> Result<LogName, String> {
    LogName::from_name(text).ok_or_else(|| "records, register or casebook".to_owned())
}

/// `24h` and the like.
fn duration(text: &str) -> Result<Duration, String> {
    let rule = || "a number with s, m, h or d, such as 24h".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(rule)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(rule()),
    };
    let number: u64 = number.parse().map_err(|_| rule())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(rule)
}

impl Command {
    /// The directory that it works on as whoever owns it; nothing where it asks another machine, or sees to that itself.
    #[must_use]
    pub fn works_on(&self) -> Option<&Path> {
        match self {
            Self::Town { .. } => None,
            Self::CheckCheckpoint { data, .. } => data.as_deref(),
            Self::Medium(
                MediumCommand::Add { data, .. }
                | MediumCommand::List { data, .. }
                | MediumCommand::Keep { data, .. }
                | MediumCommand::Forget { data, .. },
            )
            | Self::Witness(
                WitnessCommand::Init { data, .. }
                | WitnessCommand::AddLog { data, .. }
                | WitnessCommand::DropKey { data, .. }
                | WitnessCommand::Serve { data, .. }
                | WitnessCommand::Status { data }
                | WitnessCommand::Key { data }
                | WitnessCommand::Moved { data, .. },
            )
            | Self::Init { data, .. }
            | Self::FoundingCode { data, .. }
            | Self::LogKey { data, .. }
            | Self::Serve { data, .. }
            | Self::Fsck { data, .. }
            | Self::Status { data, .. }
            | Self::Tell { data, .. }
            | Self::Backup { data, .. }
            | Self::CopyKeys { data, .. }
            | Self::Restore { data, .. }
            | Self::MoveBook { data, .. }
            | Self::Warm { data, .. }
            | Self::Resume { data, .. }
            | Self::GoOn { data, .. }
            | Self::PrintCheckpoint { data, .. }
            | Self::Reindex { data, .. } => Some(data),
        }
    }
}
