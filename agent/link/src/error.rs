//! Every way a request can fail, told apart by what a person has to do about it.

use std::fmt;
use std::io;

use crate::config::ServerAddress;
use crate::language::Language;
use crate::problem::Problem;

/// Why there is no answer.
#[derive(Debug)]
pub enum LinkError {
    /// The URL in the configuration names no ledger.
    BadUrl(String),
    /// The authority certificate in the configuration is none.
    BadAuthority(rustls::Error),
    /// Our own certificate and key do not fit or are damaged.
    BadIdentity(rustls::Error),
    /// Nobody there, or the conversation broke off.
    Unreachable {
        /// Where.
        server: ServerAddress,
        /// Why.
        cause: Unreachable,
    },
    /// Somebody answered who is not our ledger.
    WrongCertificate {
        /// Where.
        server: ServerAddress,
        /// Why.
        fault: CertificateFault,
    },
    /// The ledger does not accept our certificate.
    IdentityRefused {
        /// Where.
        server: ServerAddress,
        /// What its TLS said.
        cause: rustls::Error,
    },
    /// The ledger understood and said no.
    Refused(Box<Problem>),
    /// The answer is larger than it can rightly be.
    TooLarge {
        /// What was asked.
        path: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is not what `LEDGER.md` says.
    Malformed {
        /// What was asked.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// Why a server could not be reached.
#[derive(Debug)]
pub enum Unreachable {
    /// The name resolves to nothing.
    UnknownHost,
    /// Nobody listens there.
    ConnectionRefused,
    /// Connecting took too long.
    ConnectTimeout,
    /// Connected, but the answer did not come in time.
    AnswerTimeout,
    /// The other side hung up.
    Disconnected,
    /// What answers does not speak TLS 1.2 or 1.3.
    NotTls(String),
    /// The operating system says.
    Io(io::Error),
}

/// What is wrong with the certificate shown.
#[derive(Debug)]
pub enum CertificateFault {
    /// It was not issued by the authority of our code.
    OtherAuthority,
    /// It bears another name than the host of our URL.
    OtherName,
    /// It has expired, or this machine's clock is ahead.
    Expired,
    /// It is not valid yet, or this machine's clock is behind.
    NotYetValid,
    /// Something else.
    Other(rustls::Error),
}

impl LinkError {
    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Japanese => self.japanese(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::BadUrl(url) => {
                format!("cannot use the ledger's address '{url}': it must be https://host or https://host:port")
            }
            Self::BadAuthority(cause) => format!("cannot use the ledger's authority certificate: {cause}"),
            Self::BadIdentity(cause) => format!("cannot use this machine's certificate: {cause}"),
            Self::Unreachable { server, cause } => format!("cannot reach the ledger at {server}: {}", cause.english()),
            Self::WrongCertificate { server, fault } => {
                format!("cannot trust the server at {server}: {}", fault.english(&server.host))
            }
            Self::IdentityRefused { server, cause } => {
                format!("the ledger at {server} does not accept this machine's certificate: {cause}")
            }
            Self::Refused(problem) => {
                format!("the ledger refused: {} ({})", problem.in_words(Language::English), problem.code)
            }
            Self::TooLarge { path, limit } => {
                format!("cannot take the answer to {path}: it is larger than {limit} bytes")
            }
            Self::Malformed { path, cause } => format!("cannot read the answer to {path}: {cause}"),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::BadUrl(url) => format!(
                "台帳のアドレス「{url}」は使えません: https://ホスト または https://ホスト:ポート の形にしてください"
            ),
            Self::BadAuthority(cause) => format!("台帳の認証局証明書が使えません: {cause}"),
            Self::BadIdentity(cause) => format!("この端末の証明書が使えません: {cause}"),
            Self::Unreachable { server, cause } => format!("台帳 {server} に接続できません: {}", cause.japanese()),
            Self::WrongCertificate { server, fault } => {
                format!("{server} のサーバーを信頼できません: {}", fault.japanese(&server.host))
            }
            Self::IdentityRefused { server, cause } => {
                format!("台帳 {server} がこの端末の証明書を受け付けません: {cause}")
            }
            Self::Refused(problem) => {
                format!("台帳が拒否しました: {} ({})", problem.in_words(Language::Japanese), problem.code)
            }
            Self::TooLarge { path, limit } => format!("{path} の応答が大きすぎます: {limit} バイトを超えています"),
            Self::Malformed { path, cause } => format!("{path} の応答を読めません: {cause}"),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self, language: Language) -> String {
        match self {
            Self::BadUrl(_) | Self::BadAuthority(_) => language
                .choose("take url and authority from the ledger's code again", "台帳のコードからアドレスと認証局をもう一度取り込んでください")
                .to_owned(),
            Self::BadIdentity(_) | Self::IdentityRefused { .. } => {
                language.choose("enrol this machine again", "この端末を登録し直してください").to_owned()
            }
            Self::Unreachable { cause, .. } => cause.next_step(language).to_owned(),
            Self::WrongCertificate { fault, .. } => fault.next_step(language).to_owned(),
            Self::Refused(problem) => problem.next_step(language).to_owned(),
            Self::TooLarge { .. } | Self::Malformed { .. } => language
                .choose(
                    "check that ledger and this program are of neighbouring releases, and that no proxy answers in between",
                    "台帳とこのプログラムの版が隣り合っているか、間にプロキシがないか確かめてください",
                )
                .to_owned(),
        }
    }

    /// Whether asking again later can help without anybody doing anything here.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(problem) => problem.status == 429 || problem.status >= 500,
            Self::BadUrl(_)
            | Self::BadAuthority(_)
            | Self::BadIdentity(_)
            | Self::WrongCertificate { .. }
            | Self::IdentityRefused { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. } => false,
        }
    }

    /// The problem, if the ledger refused.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        if let Self::Refused(problem) = self { Some(problem) } else { None }
    }
}

impl Unreachable {
    fn english(&self) -> String {
        match self {
            Self::UnknownHost => "no such host".to_owned(),
            Self::ConnectionRefused => "nobody listens there".to_owned(),
            Self::ConnectTimeout => "no connection in time".to_owned(),
            Self::AnswerTimeout => "connected, but no answer in time".to_owned(),
            Self::Disconnected => "the other side hung up".to_owned(),
            Self::NotTls(cause) => format!("what answers there speaks no TLS that we know: {cause}"),
            Self::Io(cause) => cause.to_string(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::UnknownHost => "ホスト名が見つかりません".to_owned(),
            Self::ConnectionRefused => "待ち受けているプログラムがありません".to_owned(),
            Self::ConnectTimeout => "時間内に接続できませんでした".to_owned(),
            Self::AnswerTimeout => "接続しましたが時間内に応答がありません".to_owned(),
            Self::Disconnected => "相手が接続を切りました".to_owned(),
            Self::NotTls(cause) => format!("相手が既知のTLSを話しません: {cause}"),
            Self::Io(cause) => cause.to_string(),
        }
    }

    fn next_step(&self, language: Language) -> &'static str {
        match self {
            Self::UnknownHost => language.choose(
                "check the host name in the address and the name service",
                "アドレスのホスト名と名前解決を確かめてください",
            ),
            Self::ConnectionRefused => language.choose(
                "check that the ledger runs and that the port is right",
                "台帳が動いているか、ポート番号が正しいか確かめてください",
            ),
            Self::ConnectTimeout | Self::AnswerTimeout | Self::Disconnected | Self::Io(_) => language.choose(
                "check the network and the ledger's health, then try again; nothing was lost",
                "ネットワークと台帳の状態を確かめて、もう一度試してください。失われたものはありません",
            ),
            Self::NotTls(_) => language.choose(
                "check that the port belongs to the ledger and that no proxy stands in between",
                "ポートが台帳のものか、間にプロキシがないか確かめてください",
            ),
        }
    }
}

impl CertificateFault {
    fn english(&self, host: &str) -> String {
        match self {
            Self::OtherAuthority => "its certificate was not issued by the authority that our code names".to_owned(),
            Self::OtherName => format!("its certificate was not issued for '{host}', the name we expect"),
            Self::Expired => "its certificate has expired, or this machine's clock is ahead".to_owned(),
            Self::NotYetValid => "its certificate is not valid yet, or this machine's clock is behind".to_owned(),
            Self::Other(cause) => format!("its certificate is not acceptable: {cause}"),
        }
    }

    fn japanese(&self, host: &str) -> String {
        match self {
            Self::OtherAuthority => "証明書が、コードに記された認証局の発行ではありません".to_owned(),
            Self::OtherName => format!("証明書が、期待する名前「{host}」あてではありません"),
            Self::Expired => "証明書の期限が切れているか、この端末の時計が進んでいます".to_owned(),
            Self::NotYetValid => "証明書がまだ有効でないか、この端末の時計が遅れています".to_owned(),
            Self::Other(cause) => format!("証明書を受け付けられません: {cause}"),
        }
    }

    fn next_step(&self, language: Language) -> &'static str {
        match self {
            Self::OtherAuthority | Self::Other(_) => language.choose(
                "do not go on: this may be another server. compare the address with the ledger's operator, or get a new code",
                "このまま使わないでください。別のサーバーかもしれません。アドレスを台帳の運用者に確かめるか、新しいコードを受け取ってください",
            ),
            Self::OtherName => language.choose(
                "use the host name that the ledger's certificate was made for, or have the ledger add this name",
                "台帳の証明書にあるホスト名を使うか、この名前を台帳に加えてもらってください",
            ),
            Self::Expired | Self::NotYetValid => language.choose(
                "check this machine's date and time; if they are right, the ledger needs a new certificate",
                "この端末の日時を確かめてください。正しければ、台帳の証明書の更新が必要です",
            ),
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::BadAuthority(cause)
            | Self::BadIdentity(cause)
            | Self::IdentityRefused { cause, .. }
            | Self::WrongCertificate { fault: CertificateFault::Other(cause), .. } => Some(cause),
            Self::Unreachable { cause: Unreachable::Io(cause), .. } => Some(cause),
            Self::BadUrl(_)
            | Self::Unreachable { .. }
            | Self::WrongCertificate { .. }
            | Self::Refused(_)
            | Self::TooLarge { .. }
            | Self::Malformed { .. } => None,
        }
    }
}
