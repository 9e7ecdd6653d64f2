//! The companion of the web console: a link for the browser, and a card that signs here what is wished for there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sekisho_link::LinkError;
use sekisho_wire::id::CaseReference;

use super::{evidence, proposals};
use crate::cli::{ConsoleArguments, EvidenceArguments, Question};
use crate::desk::{Desk, Signing};
use crate::error::AdminError;
use crate::home::Home;
use crate::ledger::{Companion, Wanted, Wish};
use crate::readers::Readers;
use crate::screen::Screen;

/// How often a ledger that does not answer is asked again, and how long after.
const LOOKS: u32 = 15;
const PAUSE: Duration = Duration::from_secs(1);
/// How many seconds another run in the same home is waited for.
const LOCK_LOOKS: u32 = 60;

/// What each wish begins with: nothing of the one before is left, neither PIN nor register.
pub(crate) struct Seat<'a> {
    /// The person at the keyboard.
    pub screen: Screen,
    /// The home.
    pub home: &'a Path,
    /// How long a card is waited for.
    pub wait: Duration,
    /// What the command line says about signing.
    pub signing: &'a Signing,
}

impl Seat<'_> {
    /// Does something at the desk while no other run is in the home.
    fn at_desk<T>(&self, work: impl FnOnce(Desk) -> Result<T, AdminError>) -> Result<T, AdminError> {
        let lock = Home::existing(self.home)?;
        let _alone = lock.lock(LOCK_LOOKS)?;
        let home = Home::existing(self.home)?;
        work(Desk::open(self.screen, home, Readers::new(self.wait), self.signing.clone())?)
    }
}

/// Begins a session and accompanies it to its end.
pub(crate) fn run(arguments: &ConsoleArguments, seat: &Seat<'_>) -> Result<(), AdminError> {
    if let Some(file) = &arguments.authority {
        return seat.at_desk(|desk| write_authority(&desk, file));
    }
    let screen = &seat.screen;
    let (link, companion, signer) = seat.at_desk(|mut desk| {
        desk.log_in()?;
        let (path, companion) = desk.ledger.console_link(screen.language)?;
        let url = desk.office.link_config().url;
        Ok((format!("{}{path}", url.trim_end_matches('/')), companion, desk.signer_and_reader()))
    })?;
    let (reader, card) = signer.ok_or(AdminError::NoReader)?;
    screen.note(
        "the console opens in the browser by this link, once, within a minute. Leave this window open: what you decide there is signed here, and the session ends with it (Ctrl-C)",
        "次のリンクをブラウザーで開くと、管理画面を利用できます(1回限り、1分間有効)。署名はこの画面で行います。利用中はこの画面を閉じないでください(Ctrl-C で利用終了)",
    );
    screen.print(&link)?;
    if !arguments.no_open {
        open(screen, &link);
    }
    while let Some(wishes) = asked(&companion)? {
        for wish in wishes {
            let done =
                seat.at_desk(|desk| carry_out(&mut desk.with_signer(reader.clone(), card, None), arguments, &wish));
            settle(screen, &companion, &wish, done)?;
        }
    }
    screen.note("the session has ended", "管理画面の利用が終了しました");
    Ok(())
}

/// Where the browser cannot be opened the link is still there to be copied.
fn open(screen: &Screen, link: &str) {
    let mut command = Command::new("xdg-open");
    command.arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        screen.note(
            &format!("xdg-open does not start ({error}): open the link yourself"),
            &format!("xdg-open を起動できません({error})。リンクを手動で開いてください"),
        );
    }
}

/// Waits for wishes. A ledger that is started again forgets the session; a line that was cut for a moment does not end it.
fn asked(companion: &Companion) -> Result<Option<Vec<Wish>>, AdminError> {
    let mut looks = 0;
    loop {
        match companion.wishes() {
            Err(error) if looks < LOOKS && is_passing(&error) => {
                looks += 1;
                std::thread::sleep(PAUSE);
            }
            wishes => return wishes,
        }
    }
}

/// Whether asking again may help: nobody answered, or the ledger says to come again.
fn is_passing(error: &AdminError) -> bool {
    let AdminError::Link(error) = error else { return false };
    match error {
        LinkError::Unreachable { .. } => true,
        LinkError::Refused(problem) => ["busy", "unavailable", "hears"].contains(&problem.code.as_str()),
        LinkError::BadUrl(_)
        | LinkError::BadAuthority(_)
        | LinkError::BadIdentity(_)
        | LinkError::WrongCertificate { .. }
        | LinkError::IdentityRefused { .. }
        | LinkError::TooLarge { .. }
        | LinkError::Malformed { .. } => false,
    }
}

/// Gives what is to be said on the page.
fn carry_out(desk: &mut Desk, arguments: &ConsoleArguments, wish: &Wish) -> Result<String, AdminError> {
    match &wish.wanted {
        Wanted::Approve(id) => {
            desk.screen.note("wished for in the browser: an approval", "ブラウザーからの依頼: 申請の承認");
            proposals::approve_all(desk, &[id.to_string()]).map(|()| String::new())
        }
        Wanted::Evidence(index, permission) => write_evidence(desk, arguments, *index, permission.as_ref()),
        Wanted::Newer => Err(AdminError::Ledger("a wish that this version does not know")),
    }
}

/// Writes the file beside the others; what it lacks is said, and does not make it none.
fn write_evidence(
    desk: &mut Desk,
    arguments: &ConsoleArguments,
    index: u64,
    permission: Option<&CaseReference>,
) -> Result<String, AdminError> {
    let folder = arguments.evidence_dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let name = |again: u32| {
        if again == 0 { format!("record-{index}.evidence") } else { format!("record-{index}-{again}.evidence") }
    };
    let mut free = (0..).map(|again| folder.join(name(again))).filter(|path| !path.exists());
    let out = free.next().unwrap_or_else(|| folder.join(name(0)));
    let path = out.display().to_string();
    desk.screen.note(
        &format!("wished for in the browser: an evidence file about record {index}, to {path}"),
        &format!("ブラウザーからの依頼: 記録 {index} の証拠ファイルの作成({path})"),
    );
    desk.screen.confirm("sign and write it?", "署名して書き出しますか?")?;
    let permission = permission.cloned();
    let asked = EvidenceArguments { indexes: vec![index], question: Question::default(), out: out.clone(), permission };
    match evidence::write(desk, &asked) {
        Ok(()) => Ok(path),
        Err(error) if out.exists() => Ok(format!("{path}\n{}", error.in_words(desk.screen.language))),
        Err(error) => Err(error),
    }
}

/// Tells the page, and whoever sits here what went wrong.
fn settle(
    screen: &Screen,
    companion: &Companion,
    wish: &Wish,
    done: Result<String, AdminError>,
) -> Result<(), AdminError> {
    match done {
        Ok(said) => companion.settle(wish.number, "done", &said),
        Err(AdminError::Declined) => {
            screen.note("declined: nothing was signed", "取りやめました。署名はしていません");
            companion.settle(wish.number, "declined", "")
        }
        Err(error) => {
            let words = error.with_next_step(screen.language);
            screen.note(&words, &words);
            companion.settle(wish.number, "failed", &words)
        }
    }
}

/// The certificate that a browser has to trust, as browsers import it.
fn write_authority(desk: &Desk, file: &Path) -> Result<(), AdminError> {
    let pem = desk.office.authority_pem();
    let failed = |cause| AdminError::File { path: file.to_owned(), cause };
    let mut options = std::fs::OpenOptions::new();
    let mut out = options.write(true).create_new(true).open(file).map_err(failed)?;
    std::io::Write::write_all(&mut out, pem.as_bytes()).map_err(failed)?;
    desk.screen.print(&desk.screen.words(
        format!("the ledger's authority is in {}: browsers import it as one that websites may be trusted by", file.display()),
        format!("台帳の認証局の証明書を {} に書き出しました。ブラウザーに、Webサイトを信頼する認証局としてインポートしてください", file.display()),
    ))
}
