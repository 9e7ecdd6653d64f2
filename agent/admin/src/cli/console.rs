//! The command line of the web console's companion.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `console`.
#[derive(Debug, Args)]
pub(crate) struct ConsoleArguments {
    /// Print the link alone, and open no browser (ブラウザーを開かない)
    #[arg(long)]
    pub no_open: bool,
    /// Where evidence files go that are wished for in the browser [default: where the command runs] (証拠ファイルの保存先)
    #[arg(long, value_name = "DIR")]
    pub evidence_dir: Option<PathBuf>,
    /// Write the certificate that the browser has to trust into this new file (PEM), and do nothing else (認証局の証明書の書出し)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_open", "evidence_dir"])]
    pub authority: Option<PathBuf>,
}
