//! A token of a story: SoftHSM, the PKCS#11 module of the OpenDNSSEC project, with its own folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ledger::{both, succeeded};

/// Where Debian puts the module.
pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// The token's label.
pub const LABEL: &str = "office hsm";
/// Its PIN: no card takes one like it.
pub const TOKEN_PIN: &str = "token-pin-7Hq2";

/// A token with its PIN set, and nothing in it.
pub struct SoftToken {
    configuration: PathBuf,
    pin_file: PathBuf,
}

impl SoftToken {
    /// A new one in this folder.
    ///
    /// # Panics
    /// When SoftHSM is not installed.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let tokens = folder.join("tokens");
        std::fs::create_dir_all(&tokens).expect("cannot make a folder");
        let (configuration, pin_file) = (folder.join("softhsm.conf"), folder.join("token.pin"));
        let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        std::fs::write(&configuration, text).expect("cannot write SoftHSM's configuration");
        std::fs::write(&pin_file, format!("{TOKEN_PIN}\n")).expect("cannot write a PIN file");
        let mut command = Command::new("softhsm2-util");
        command.env("SOFTHSM2_CONF", &configuration).args(["--init-token", "--free", "--label", LABEL]);
        command.args(["--so-pin", "so-pin-of-a-story", "--pin", TOKEN_PIN]);
        succeeded("softhsm2-util", &command.output().expect("cannot start softhsm2-util"));
        Self { configuration, pin_file }
    }

    /// What SoftHSM finds this token by: for the environment of a command.
    #[must_use]
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// The file with its PIN.
    #[must_use]
    pub fn pin_file(&self) -> &Path {
        &self.pin_file
    }

    /// The secret keys in it, as OpenSC describes them.
    ///
    /// # Panics
    /// When they cannot be listed.
    #[must_use]
    pub fn keys(&self) -> String {
        let mut command = Command::new("pkcs11-tool");
        command.env("SOFTHSM2_CONF", &self.configuration).env("TOKEN_PIN", TOKEN_PIN);
        command.args(["--module", MODULE, "--token-label", LABEL, "--login", "--pin", "env:TOKEN_PIN"]);
        let output = command.args(["--list-objects", "--type", "secrkey"]).output().expect("cannot start pkcs11-tool");
        succeeded("pkcs11-tool", &output);
        both(&output)
    }
}
