//! Arguments about the card-management secret.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The card-management secret.
#[derive(Debug, Subcommand)]
pub(crate) enum CardSecretCommand {
    /// Say where it is, and which cards still hold keys of the former one (所在・更新状況の表示)
    Show,
    /// Have a token make it, before the office is founded: it never leaves the token (トークン内での生成)
    Create(TokenArguments),
    /// Move it from its file in this home into a token, then destroy the file (ファイルからトークンへの移行)
    Move(TokenArguments),
    /// At a desk that has none: go by the one that lies in a token (トークン内の鍵の使用)
    Use(TokenArguments),
    /// Make a new one: it leaked, or its keeper left. The former one is kept until 'card rekey' was run on each card (更新)
    Renew(RenewArguments),
    /// End a renewal: destroy the former one, once no card in use holds its keys (旧管理鍵の消去)
    DestroyFormer {
        /// It cannot be reached any more, so it is only forgotten: its token is gone, or its file
        #[arg(long)]
        lost: bool,
    },
}

/// A place in a token (HSM).
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// PKCS#11 module of the token: a shared library from its maker, /usr/lib/….so
    #[arg(long, value_name = "FILE")]
    pub module: PathBuf,
    /// Label of the token
    #[arg(long, value_name = "LABEL")]
    pub token: String,
    /// Label of the key in it [default: sekisho-card-management]
    #[arg(long, value_name = "LABEL")]
    pub key: Option<String>,
}

/// How the new secret is made.
#[derive(Debug, Args)]
pub(crate) struct RenewArguments {
    /// PKCS#11 module of the token that makes the new one [default: it is made in a file of this home]
    #[arg(long, value_name = "FILE", requires = "token")]
    pub module: Option<PathBuf>,
    /// Label of that token
    #[arg(long, value_name = "LABEL", requires = "module")]
    pub token: Option<String>,
    /// Label of the new key in it [default: sekisho-card-management-2, and so on]
    #[arg(long, value_name = "LABEL", requires = "token")]
    pub key: Option<String>,
    /// The present one is lost: cards in use go on working, and can no longer be managed
    #[arg(long)]
    pub lost: bool,
}
