//! The command line; the manual is made of it, too.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The agent of a clerk terminal.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What this binary can be.
#[derive(Subcommand)]
pub enum Command {
    /// Decide, record, answer the socket; neither card nor network.
    Run {
        /// Where its configuration is.
        #[command(flatten)]
        unit: Unit,
    },
    /// Speak to the cards; neither journal nor network.
    CardWorker {
        /// Where its configuration is.
        #[command(flatten)]
        unit: Unit,
    },
    /// Carry sealed records to the ledger; neither journal nor card.
    Forwarder {
        /// Where its configuration is.
        #[command(flatten)]
        unit: Unit,
    },
    /// Enrol this terminal with a code from an administrator. Run again with the same code, it finishes what was interrupted; with a new code
    /// for the same terminal, it gets a new certificate and keeps key and journal.
    Enrol {
        /// Where the configuration is.
        #[command(flatten)]
        config: ConfigFile,
        /// File that holds the code.
        code: PathBuf,
    },
    /// Check the configuration.
    Check {
        /// Where the configuration is.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Look at a journal that the agent refuses, or go on without it. Run as root, with the agent stopped.
    Journal {
        /// Where the configuration is.
        #[command(flatten)]
        config: ConfigFile,
        /// What to do.
        #[command(subcommand)]
        act: JournalAct,
    },
    /// Carry records to the ledger by hand, where the line has been dead for days. Run as root, while the agent runs.
    Records {
        /// Where the configuration is.
        #[command(flatten)]
        config: ConfigFile,
        /// What to do.
        #[command(subcommand)]
        act: RecordsAct,
    },
    /// Move this terminal's keys into credentials that systemd opens for its units alone, or back. Run as root, with agent and forwarder stopped.
    Key {
        /// Where the configuration is.
        #[command(flatten)]
        config: ConfigFile,
        /// What to do.
        #[command(subcommand)]
        act: KeyAct,
    },
    /// Lock the screen for an agent that has ended, as the configuration says: the desktop confirms it, or its session is ended. The agent's unit
    /// calls it; where no agent had come up it does nothing.
    LockScreen {
        /// Where the configuration is.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show what the agent says of itself.
    Status {
        /// Where the configuration is.
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// What is done with a journal.
#[derive(Subcommand)]
pub enum JournalAct {
    /// Show which records can be read; changes nothing.
    Show,
    /// Set the whole journal aside, where it stays as evidence. Records that the ledger has not got are in no book then, and nothing is
    /// granted until an administrator has opened a new epoch with a card.
    SetAside,
}

/// What is carried by hand.
#[derive(Subcommand)]
pub enum RecordsAct {
    /// Write the records that the ledger has not proved to have, sealed for it, into a file on a stick. An administrator gives it to the ledger with
    /// 'sekisho-admin records carry', which writes another file, with the ledger's proof. The records stay here until that is imported.
    Export {
        /// From which record on, where the ledger says that it lacks earlier ones.
        #[arg(long, value_name = "SEQ")]
        from: Option<u64>,
        /// The file to write.
        file: PathBuf,
    },
    /// Read the ledger's proof: what it holds counts as arrived then.
    Import {
        /// The file that 'sekisho-admin records carry' wrote.
        file: PathBuf,
    },
}

/// What is done with the keys.
#[derive(Subcommand)]
pub enum KeyAct {
    /// Move all of them: what signs, what opens the journal, what lets the forwarder in at the ledger.
    Move {
        /// Where to.
        #[arg(long)]
        to: KeyPlace,
        /// The folder of credentials; that of systemd unless given.
        #[arg(long, value_name = "DIR", default_value = "/etc/credstore.encrypted")]
        folder: PathBuf,
        /// What seals them: auto, host, tpm2 or host+tpm2, as systemd-creds calls them.
        #[arg(long, value_name = "KEY", default_value = "auto")]
        with_key: String,
        /// Another TPM than the machine's own, as systemd-creds calls it.
        #[arg(long, value_name = "DEVICE")]
        tpm2_device: Option<String>,
    },
}

/// Where keys lie.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum KeyPlace {
    /// Sealed, in a folder of credentials.
    Credential,
    /// In the state folder.
    File,
}

/// What the three units take.
#[derive(clap::Args)]
pub struct Unit {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Milliseconds in this file are added to all clocks. For tests: a release build refuses it.
    #[arg(long, value_name = "FILE", hide = true)]
    pub simulated_clock: Option<PathBuf>,
}

/// Where the configuration is.
#[derive(clap::Args)]
pub struct ConfigFile {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "/etc/sekisho/agent.toml")]
    pub config: PathBuf,
}
