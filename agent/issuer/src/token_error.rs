//! What can go wrong with the token that keeps the office's secret, and what an administrator does next.

use std::fmt;
use std::path::PathBuf;

use cryptoki::error::{Error, RvError};
use sekisho_wire::words::Language;

use crate::token::PinTries;

/// What a token was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAct {
    /// Saying what is there.
    Find,
    /// Taking its PIN.
    LogIn,
    /// Making a secret.
    Create,
    /// Taking a secret in.
    Import,
    /// Computing with the secret.
    Compute,
    /// Destroying a secret.
    Destroy,
}

/// The token did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The module cannot be loaded.
    Module {
        /// Which.
        path: PathBuf,
        /// As the system or the module says.
        why: String,
    },
    /// No token has this label.
    NoToken {
        /// The label.
        token: String,
        /// The labels of those that are there.
        present: Vec<String>,
    },
    /// Several tokens have this label.
    SeveralTokens {
        /// The label.
        token: String,
    },
    /// The token was there, and is gone.
    Gone {
        /// Its label.
        token: String,
    },
    /// The PIN is another one.
    WrongPin {
        /// Which token.
        token: String,
        /// What it says about the tries that are left.
        tries: PinTries,
    },
    /// The PIN is locked.
    PinLocked {
        /// Which token.
        token: String,
    },
    /// No secret has this label.
    NoKey {
        /// Which token.
        token: String,
        /// The label.
        key: String,
    },
    /// Several secrets have this label.
    SeveralKeys {
        /// Which token.
        token: String,
        /// The label.
        key: String,
    },
    /// A secret has this label already.
    KeyExists {
        /// Which token.
        token: String,
        /// The label.
        key: String,
    },
    /// It computes no HMAC-SHA256 with this secret.
    CannotCompute {
        /// Which token.
        token: String,
    },
    /// It refused, for a reason that PKCS#11 has a name for.
    Refused {
        /// What.
        act: TokenAct,
        /// Which token.
        token: String,
        /// The name.
        why: String,
    },
}

impl TokenError {
    pub(crate) fn of(act: TokenAct, token: &str, error: &Error) -> Self {
        let token = token.to_owned();
        let Error::Pkcs11(refused, _) = error else { return Self::Refused { act, token, why: error.to_string() } };
        let gone = matches!(
            refused,
            RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::UserNotLoggedIn
        );
        if gone { Self::Gone { token } } else { Self::Refused { act, token, why: format!("{refused:?}") } }
    }

    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::Japanese => self.japanese(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::Module { path, why } => format!("PKCS#11モジュール {} を使えません: {why}", path.display()),
            Self::NoToken { token, present } if present.is_empty() => {
                format!("トークン「{token}」がありません(接続されているトークンはありません)")
            }
            Self::NoToken { token, present } => {
                format!("トークン「{token}」がありません(接続中: {})", present.join("、"))
            }
            Self::SeveralTokens { token } => format!("ラベルが「{token}」のトークンが複数あります"),
            Self::Gone { token } => format!("トークン「{token}」との接続が切れました"),
            Self::WrongPin { token, tries } => {
                let tries = match tries {
                    PinTries::Unsaid => "",
                    PinTries::Fewer => "(残り回数が減っています)",
                    PinTries::Last => "(次に誤ると使えなくなります)",
                    PinTries::None => "(以後使えません)",
                };
                format!("トークン「{token}」のPINが違います{tries}")
            }
            Self::PinLocked { token } => format!("トークン「{token}」のPINがロックされています"),
            Self::NoKey { token, key } => format!("トークン「{token}」に鍵「{key}」がありません"),
            Self::SeveralKeys { token, key } => format!("トークン「{token}」に鍵「{key}」が複数あります"),
            Self::KeyExists { token, key } => format!("トークン「{token}」には既に鍵「{key}」があります"),
            Self::CannotCompute { token } => {
                format!("トークン「{token}」はこの鍵でHMAC-SHA256を計算できません")
            }
            Self::Refused { act, token, why } => {
                let act = match act {
                    TokenAct::Find => "確認",
                    TokenAct::LogIn => "ログイン",
                    TokenAct::Create => "鍵の生成",
                    TokenAct::Import => "鍵の取込み",
                    TokenAct::Compute => "計算",
                    TokenAct::Destroy => "鍵の消去",
                };
                format!("トークン「{token}」で{act}ができません: {why}")
            }
        }
    }

    /// What the administrator does next.
    #[must_use]
    pub const fn next_step(&self, language: Language) -> &'static str {
        let [japanese, english] = match self {
            Self::Module { .. } => [
                "トークンの製造元のPKCS#11モジュール(.so)がインストールされているか、パスが正しいか確かめてください。",
                "Check that the PKCS#11 module (.so) of the token's maker is installed, and its path.",
            ],
            Self::NoToken { .. } | Self::Gone { .. } => [
                "トークンを接続して、もう一度実行してください。場所は「sekisho-admin office card-secret show」で確かめられます。",
                "Connect the token and run the command again; 'sekisho-admin office card-secret show' says which one.",
            ],
            Self::SeveralTokens { .. } => {
                ["必要なトークンだけを接続してください。", "Leave only the one that is meant connected."]
            }
            Self::WrongPin { tries: PinTries::None, .. } | Self::PinLocked { .. } => [
                "トークンの管理者(SO)にPINの再設定を依頼してください。",
                "Have the token's security officer (SO) set a new PIN.",
            ],
            Self::WrongPin { .. } => {
                ["PINを確かめてから、もう一度実行してください。", "Make sure of the PIN, then run the command again."]
            }
            Self::NoKey { .. } => [
                "鍵のラベルを確かめるか、トークンのバックアップから鍵を復元してください。",
                "Check the key's label, or restore the key from the token's backup.",
            ],
            Self::SeveralKeys { .. } => [
                "トークンの管理ツールで、不要な鍵のラベルを変えてください。",
                "Give the key that is not meant another label, with the token's own tool.",
            ],
            Self::KeyExists { .. } => ["--key で別のラベルを指定してください。", "Name another label with --key."],
            Self::CannotCompute { .. } => [
                "HMAC-SHA256に対応したトークンと、署名を許可した32バイトの鍵を使ってください。",
                "Take a token that knows HMAC-SHA256, and a key of 32 bytes that may sign.",
            ],
            Self::Refused { .. } => [
                "トークンの製造元の説明書で、この名前のエラーを調べてください。",
                "Look this error up by its name in the manual of the token's maker.",
            ],
        };
        match language {
            Language::Japanese => japanese,
            Language::English => english,
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module { path, why } => write!(f, "cannot use the PKCS#11 module {}: {why}", path.display()),
            Self::NoToken { token, present } if present.is_empty() => {
                write!(f, "cannot find token '{token}': no token is connected")
            }
            Self::NoToken { token, present } => {
                write!(f, "cannot find token '{token}' among those connected: {}", present.join(", "))
            }
            Self::SeveralTokens { token } => write!(f, "cannot choose among several tokens with the label '{token}'"),
            Self::Gone { token } => write!(f, "cannot reach token '{token}' any more"),
            Self::WrongPin { token, tries } => {
                write!(f, "cannot log in to token '{token}': wrong PIN")?;
                f.write_str(match tries {
                    PinTries::Unsaid => "",
                    PinTries::Fewer => ", fewer tries are left",
                    PinTries::Last => ", one try is left",
                    PinTries::None => ", no try is left",
                })
            }
            Self::PinLocked { token } => write!(f, "cannot log in to token '{token}': its PIN is locked"),
            Self::NoKey { token, key } => write!(f, "cannot find key '{key}' in token '{token}'"),
            Self::SeveralKeys { token, key } => {
                write!(f, "cannot choose among several keys with the label '{key}' in token '{token}'")
            }
            Self::KeyExists { token, key } => write!(f, "token '{token}' has a key '{key}' already"),
            Self::CannotCompute { token } => {
                write!(f, "cannot use the key in token '{token}': it computes no HMAC-SHA256 with it")
            }
            Self::Refused { act, token, why } => {
                let act = match act {
                    TokenAct::Find => "look into",
                    TokenAct::LogIn => "log in to",
                    TokenAct::Create => "make a key in",
                    TokenAct::Import => "put the secret into",
                    TokenAct::Compute => "compute with the secret in",
                    TokenAct::Destroy => "destroy the secret in",
                };
                write!(f, "cannot {act} token '{token}': {why}")
            }
        }
    }
}

impl std::error::Error for TokenError {}
