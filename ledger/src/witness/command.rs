//! What `sekisho-ledger witness` does, once its command line is read.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_tlog::{Checkpoint, CosigningKey, KeyKind, Note, VerifyingKey};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::watched::Page;
use super::{Witness, WitnessConfig, adopt, config_path, key_path, pages, read_seed, write_key};
use crate::authority::Authority;
use crate::clock::{Clock, MachineClock, stamp};
use crate::command::{told_to_stop, wrong_address};
use crate::config::{NAME_RULE, name_is_sound};
use crate::data::{DataDir, replace_file};
use crate::error::LedgerError;

/// Makes a witness: directory, key, TLS authority, configuration.
///
/// # Errors
/// When there is one already, or something cannot be written.
pub fn init(root: &Path, name: &str, listen: SocketAddr, hosts: Vec<String>) -> Result<VerifyingKey, LedgerError> {
    if !name_is_sound(name) {
        return Err(LedgerError::Argument { name: "--name", cause: NAME_RULE.into() });
    }
    wrong_address(listen, &hosts)?;
    let data = DataDir::new(root);
    if config_path(&data).exists() || key_path(&data).exists() {
        return Err(LedgerError::AlreadyThere { path: root.into() });
    }
    let data = DataDir::create(root)?;
    Authority::create(&data, name, MachineClock.machine())?;
    Authority::read(&data)?.server(&hosts, MachineClock.machine())?;
    let seed = Zeroizing::new(crate::random::bytes::<32>());
    let key = CosigningKey::from_seed(name, &seed)?;
    write_key(&data, &seed)?;
    let config = WitnessConfig { name: name.into(), listen, hosts };
    let text = toml::to_string(&config)
        .map_err(|error| LedgerError::Crypto { act: "write the configuration", cause: error.to_string() })?;
    // Last: without it the directory is no witness.
    replace_file(&config_path(&data), text.as_bytes()).map_err(LedgerError::file("write", config_path(&data)))?;
    Ok(key.verifying_key())
}

/// Watches one more log from now on. The witness must not be running.
///
/// # Errors
/// When it is no log's key, or something cannot be read or written.
pub fn add_log(root: &Path, key: &str) -> Result<VerifyingKey, LedgerError> {
    with_key_of_log(root, key, Page::add)
}

/// Believes a key of a log no more, once it has cosigned by a newer one. The witness must not be running.
///
/// # Errors
/// As [`add_log`]; when the log would be left without what it has cosigned.
pub fn drop_key(root: &Path, key: &str) -> Result<VerifyingKey, LedgerError> {
    with_key_of_log(root, key, Page::drop_key)
}

fn with_key_of_log(
    root: &Path,
    key: &str,
    work: impl FnOnce(&Path, &VerifyingKey) -> Result<(), LedgerError>,
) -> Result<VerifyingKey, LedgerError> {
    let wrong = |cause: String| LedgerError::Argument { name: "--key", cause };
    let key: VerifyingKey = key.parse().map_err(|error: sekisho_tlog::TlogError| wrong(error.to_string()))?;
    if key.kind() != KeyKind::Ed25519 {
        return Err(wrong(format!("'{}' is a witness's key, not a log's", key.name())));
    }
    let data = DataDir::new(root);
    let _alone = data.lock()?;
    // A witness that was put back takes nothing on.
    super::read_key(&data, &WitnessConfig::read(&config_path(&data))?.name)?;
    work(&data.checkpoints(), &key)?;
    Ok(key)
}

/// What a ledger is told of this witness: the block for its `ledger.toml`.
///
/// # Errors
/// When the directory cannot be read.
pub fn key(root: &Path) -> Result<String, LedgerError> {
    let data = DataDir::new(root);
    let config = WitnessConfig::read(&config_path(&data))?;
    let (seed, _) = read_seed(&data)?;
    let key = CosigningKey::from_seed(&config.name, &seed)?.verifying_key();
    let authority = STANDARD.encode(Authority::read(&data)?.certificate());
    Ok(format!("[[witnesses]]\nurl = \"{}\"\nkey = \"{key}\"\nauthority = \"{authority}\"\n", config.url()))
}

/// What it watches, and how far it has cosigned, for people. It may be running.
///
/// # Errors
/// When the directory cannot be read.
pub fn status(root: &Path) -> Result<String, LedgerError> {
    let data = DataDir::new(root);
    let config = WitnessConfig::read(&config_path(&data))?;
    let (seed, mut itself) = read_seed(&data)?;
    let own = CosigningKey::from_seed(&config.name, &seed)?.verifying_key();
    let mut text = format!("{own} {}\n", config.url());
    for path in pages(&data)? {
        let page = match Page::read(&path) {
            Ok(page) => page,
            Err(LedgerError::PutBack { .. }) => {
                itself = false;
                continue;
            }
            Err(error) => return Err(error),
        };
        let size = page.size().map_or_else(|| "-".into(), |size| size.to_string());
        let at = page.cosigned.as_deref().and_then(|note| cosigned_at(note, &own)).unwrap_or_else(|| "-".into());
        text += &format!("  {}: {size} entries cosigned, {at}（{size} 件に連署、{at}）\n", page.origin);
        if page.forgotten.is_some() {
            text += "    FORGOTTEN: it showed what this witness cosigned and does not know; make a new witness\n    \
                     （連署した内容を失っています。新しい立会人を作成してください）\n";
        }
        let forked = path.with_extension("forked");
        if forked.exists() {
            let forked = forked.display();
            text += &format!("    FORKED: it signed two histories: {forked}（二つの履歴に署名しています: {forked}）\n");
        }
    }
    if !itself {
        text += "  PUT BACK: these files are copies, and nothing is cosigned（複製された状態のため、連署しません）\n";
    }
    Ok(text)
}

fn cosigned_at(note: &str, own: &VerifyingKey) -> Option<String> {
    let verified = Note::parse(note).ok()?.verify(std::slice::from_ref(own)).ok()?;
    let _ = Checkpoint::from_text(Note::parse(note).ok()?.text()).ok()?;
    Some(stamp(verified.first()?.time_s?.saturating_mul(1000)))
}

/// Takes a witness that was moved for itself. It must not be running, here or where it was.
///
/// # Errors
/// When something cannot be read or written.
pub fn moved(root: &Path) -> Result<usize, LedgerError> {
    let data = DataDir::new(root);
    data.check_private()?;
    let _alone = data.lock()?;
    adopt(&data)?;
    Ok(pages(&data)?.len())
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the witness cannot be opened or the address not be listened on.
pub fn serve(root: &Path, clock: Arc<dyn Clock>) -> Result<(), LedgerError> {
    let witness = Arc::new(Witness::open(&DataDir::new(root), clock)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(LedgerError::file("start the runtime for", root))?;
    let served = runtime.block_on(async {
        let (stop, stopping) = watch::channel(false);
        let told = told_to_stop(root, stop)?;
        let server = witness.bind().await?;
        let address = server.address().map_or_else(|_| witness.config.listen.to_string(), |at| at.to_string());
        log::info!("witness {} listens on {address} for {} logs", witness.config.name, witness.watches());
        tokio::join!(server.serve(stopping), told);
        Ok(())
    });
    // What is being written is written to its end.
    runtime.shutdown_timeout(Duration::from_secs(5));
    log::info!("stopped in order");
    served
}
