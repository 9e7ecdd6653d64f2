//! Another desk for the same office: what it may know, and how it begins.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::cli::JoinArguments;
use crate::desk::{Desk, Signing, may_sign};
use crate::error::AdminError;
use crate::fingerprint;
use crate::home::Home;
use crate::office_file::Office;
use crate::readers::Readers;
use crate::register_cache::RegisterCache;
use crate::screen::Screen;

/// Of everything that a desk which joins will trust, in its one spelling. The checkpoint is of it: without it, or with an older one, the
/// joining desk would believe a ledger that shows yesterday's register.
pub(super) fn fingerprint_of(office: &Office, seen: Option<&str>) -> String {
    sekisho_link::fingerprint(office.text(seen.map(str::to_owned)).as_bytes())
}

pub(super) fn export(desk: &Desk, file: &Path) -> Result<(), AdminError> {
    let office = desk.office.with_keys_of(desk.cache.register());
    let text = office.text(desk.cache.checkpoint().map(str::to_owned));
    let fail = |cause| AdminError::File { path: file.to_owned(), cause };
    let mut out = OpenOptions::new().write(true).create_new(true).open(file).map_err(fail)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(fail)?;
    let (id, print) = (office.id, fingerprint_of(&office, desk.cache.checkpoint()));
    desk.screen.print(&desk.screen.words(
        format!("office {id}\nfingerprint {print}\nread the fingerprint to the person who joins, not from this file"),
        format!("団体 {id}\n指紋 {print}\n参加する人に、ファイルとは別に指紋を伝えてください"),
    ))
}

/// Nothing in the file is believed before its fingerprint was compared, nothing from the ledger before it is verified under the keys in
/// the file, and the home is an office's only when all of that is done.
pub(super) fn join(
    arguments: &JoinArguments,
    screen: Screen,
    home: Home,
    readers: Readers,
    signing: Signing,
) -> Result<(), AdminError> {
    if Office::load(&home)?.is_some() || !home.list("founding")?.is_empty() {
        return Err(AdminError::OfficeExists);
    }
    let (office, seen) = read(&arguments.file)?;
    let print = fingerprint_of(&office, seen.as_deref());
    screen.note(
        &format!("office {}, ledger {} at {}", office.id, office.ledger, office.url),
        &format!("団体 {}、台帳 {}({})", office.id, office.ledger, office.url),
    );
    let question = (
        format!("does the desk that exported it show {print}?"),
        format!("書き出した端末に {print} と表示されていますか?"),
    );
    fingerprint::compare(&screen, arguments.fingerprint.as_deref(), &print, (&question.0, &question.1))?;
    // What an interrupted run left behind was verified for nobody.
    RegisterCache::forget(&home)?;
    let mut desk = Desk::of(office, RegisterCache::default(), screen, home, readers, signing)?;
    let joined = verified(&mut desk, seen.as_deref());
    if joined.is_err() {
        RegisterCache::forget(&desk.home)?;
    }
    let person = joined?;
    desk.office.save(&desk.home)?;
    let title = desk.cache.register().title().to_owned();
    desk.screen.print(&desk.screen.words(
        format!("this home belongs to office {} ({title}), desk of {person}", desk.office.id),
        format!("このホームディレクトリを団体 {}({title})に登録しました。担当: {person}", desk.office.id),
    ))?;
    desk.screen.note(
        "it decides and verifies; to make cards it needs card-ca.key.pem, card-ca.pem and card-management.secret from the safe's copy; a secret that lies in a token it takes with 'office card-secret use'",
        "処分と検証ができます。カードの作成には、金庫の写しから card-ca.key.pem、card-ca.pem、card-management.secret を加えてください。カード管理鍵がトークンにある場合は「office card-secret use」を実行してください",
    );
    Ok(())
}

/// The office that a file describes, with the checkpoint in it.
///
/// # Errors
/// When it cannot be read, or is none.
pub(super) fn read(path: &Path) -> Result<(Office, Option<String>), AdminError> {
    let fail = |cause| AdminError::File { path: path.to_owned(), cause };
    let size = std::fs::metadata(path).map_err(fail)?.len();
    let text = if size > crate::config_text::MAX_FILE { None } else { Some(std::fs::read(path).map_err(fail)?) };
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref().and_then(Office::from_text).ok_or_else(|| AdminError::NotAnOffice(path.to_owned()))
}

/// Logs in with the card that is there, fetches everything, and asks whether it is the office of the file and the card one that signs
/// for it. Gives the person.
fn verified(desk: &mut Desk, seen: Option<&str>) -> Result<String, AdminError> {
    desk.log_in()?;
    let register = desk.cache.register();
    if !desk.office.is_of(register) {
        return Err(AdminError::OtherOffice);
    }
    if let Some(seen) = seen {
        desk.cache.expect_continues(seen, desk.register_of())?;
    }
    let card = desk.signer().ok_or(AdminError::NoReader)?;
    if !may_sign(&desk.cache, &desk.home, card) {
        return Err(AdminError::NotASigner(card));
    }
    let holder = register.card(&card).and_then(|card| card.holder(crate::clock::now()));
    holder.map(|holder| desk.cache.person(holder.operator, desk.screen.language)).ok_or(AdminError::NotASigner(card))
}
