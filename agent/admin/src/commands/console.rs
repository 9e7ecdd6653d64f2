//! The companion of the web console: a link for the browser, and a card that signs here what is wished for there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use sekisho_card::ReaderName;
use sekisho_link::LinkError;
use sekisho_register::change::{Answer, CaseId, Change, ConnectionState, SetConnection};
use sekisho_register::everyday::Everyday;
use sekisho_register::forms::Form;
use sekisho_register::organisation::Capacity;
use sekisho_register::{Paper, Title};
use sekisho_wire::id::{CaseReference, Code, Hash, Numbered};
use sekisho_wire::words::Language;

use super::{cases, evidence, proposals};
use crate::cli::{CaseCommand, ConsoleArguments, EvidenceArguments, Question};
use crate::clock;
use crate::config_text::FromText;
use crate::dates::When;
use crate::desk::{Desk, Signing};
use crate::error::{AdminError, Said, WrongArgument};
use crate::home::Home;
use crate::ledger::{Companion, Hand, Wanted, What, Wish};
use crate::name::Name;
use crate::persons;
use crate::readers::Readers;
use crate::screen::Screen;

/// How often a ledger that does not answer is asked again, and how long after.
const LOOKS: u32 = 15;
const PAUSE: Duration = Duration::from_secs(1);
/// How many seconds another run in the same home is waited for.
const LOCK_LOOKS: u32 = 60;
/// How often the ledger hears of this program while somebody reads and signs: it misses it after 20 seconds (LEDGER §L8.3).
const BREATH: Duration = Duration::from_secs(8);
/// How long a card may be out of its reader before the session ends.
const CARD_GONE: Duration = Duration::from_secs(3);

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
    let mut card_watch = Readers::new(seat.wait);
    card_watch.holds_a_card(&reader);
    // What was done and could not be told yet: it is not done again.
    let mut untold: BTreeMap<u64, End> = BTreeMap::new();
    while let Some(wishes) = again(|| companion.wishes())? {
        for wish in wishes {
            let end = untold.remove(&wish.number).unwrap_or_else(|| {
                let done = accompanied(&companion, || {
                    seat.at_desk(|desk| {
                        let desk = &mut desk.with_signer(reader.clone(), card, None);
                        desk.wished = Some((companion.clone(), wish.number));
                        carry_out(desk, arguments, &wish)
                    })
                });
                End::of(screen, done)
            });
            if let Err(error) = again(|| companion.settle(wish.number, end.outcome, &end.said)) {
                let words = error.with_next_step(screen.language);
                screen.note(&words, &words);
                untold.insert(wish.number, end);
            }
        }
        if is_gone(&mut card_watch, &reader) {
            screen.note("the card was taken out: the session ends", "カードが抜かれたため、管理画面の利用を終了します");
            return Ok(());
        }
    }
    screen.note("the session has ended", "管理画面の利用が終了しました");
    Ok(())
}

/// Whether the card left its reader, and not for a moment.
fn is_gone(readers: &mut Readers, reader: &ReaderName) -> bool {
    let mut looks = [Duration::ZERO, CARD_GONE].into_iter();
    looks.all(|pause| {
        std::thread::sleep(pause);
        !readers.holds_a_card(reader)
    })
}

/// Works on a wish while the ledger goes on hearing of this program: reading takes the time that it takes.
fn accompanied<T>(companion: &Companion, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        scope.spawn(move || {
            while ended.recv_timeout(BREATH) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = companion.is_open(0) {
                    log::debug!("the ledger does not hear that somebody signs here: {error}");
                }
            }
        });
        let done = work();
        drop(end);
        done
    })
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

/// Asks the ledger, and again where that may help. One that is started again forgets the session; a line that was cut for a moment does not end it.
fn again<T>(ask: impl Fn() -> Result<T, AdminError>) -> Result<T, AdminError> {
    let mut looks = 0;
    loop {
        match ask() {
            Err(error) if looks < LOOKS && is_passing(&error) => {
                looks += 1;
                std::thread::sleep(PAUSE);
            }
            answer => return answer,
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

/// Gives what is to be said on the page. One that waited too long behind others is not even shown.
fn carry_out(desk: &mut Desk, arguments: &ConsoleArguments, wish: &Wish) -> Result<String, AdminError> {
    desk.is_still_wished()?;
    match &wish.wanted {
        Wanted::Signed(what, hand) => {
            let (english, japanese) = said(what);
            desk.screen
                .note(&format!("wished for in the browser: {english}"), &format!("ブラウザーからの依頼: {japanese}"));
            take_hand(&mut desk.signing, hand)?;
            sign(desk, what).map(|()| String::new())
        }
        Wanted::Evidence(index, permission) => write_evidence(desk, arguments, *index, permission),
        Wanted::Newer => Err(AdminError::Ledger("a wish that this version does not know")),
        Wanted::Unreadable(why) => Err(AdminError::Ledger(why)),
    }
}

/// What is wished for, in English and Japanese.
fn said(what: &What) -> (String, String) {
    let both = |english: &str, japanese: &str| (english.to_owned(), japanese.to_owned());
    // As much of the id as the pages show.
    let of = |english: &str, japanese: &str, id: &Hash| {
        let short: String = id.to_string().chars().take(16).collect();
        (format!("{english} {short}"), format!("{japanese}({short})"))
    };
    match what {
        What::Approve(id) => of("the approval of proposal", "申請の承認", id),
        What::Refuse(id, _) => of("the refusal of proposal", "申請の不承認", id),
        What::Withdraw(id) => of("the withdrawal of proposal", "申請の取下げ", id),
        What::Review(_) => both("what a deputy decided is looked at", "代決の後閲"),
        What::Open(form, _) => both(form.title(Language::English), form.title(Language::Japanese)),
        What::Step(case, step, _) => {
            let title = |language| format!("{}: {}", case.text(language), case.form.step_title(step, language));
            (title(Language::English), title(Language::Japanese))
        }
        What::Change(which, _) => both(which.title().text(Language::English), which.title().text(Language::Japanese)),
        What::Connection(ConnectionState::Stopped, ..) => both("a stop of the connection", "結合停止"),
        What::Connection(ConnectionState::Connected, ..) => both("the restoration of the connection", "再結合"),
    }
}

/// In whose name: what was chosen in the browser goes before the command line, which was given hours ago.
fn take_hand(signing: &mut Signing, hand: &Hand) -> Result<(), AdminError> {
    let wrong = |name, value: &str, rule| AdminError::Argument { name, value: value.to_owned(), rule };
    let code = |post: &str| Code::from_text(post).map_err(|rule| wrong("--post", post, rule));
    if let Some(post) = &hand.post {
        signing.post = Some(code(post)?);
        signing.capacity = Capacity::of(hand.deputy);
    }
    let Some(paper) = &hand.paper else {
        signing.paper = None;
        return Ok(());
    };
    let document = Title::from_text(&paper.number).map_err(|rule| wrong("--paper-number", &paper.number, rule))?;
    let rule = || Said::new("not a date: 2026-04-01", "日付は 2026-04-01 の形で指定してください");
    let decided = When::parse(&paper.date).ok_or_else(|| wrong("--paper-date", &paper.date, rule()))?.day;
    signing.paper = Some(Paper { post: code(&paper.post)?, document, decided });
    Ok(())
}

/// As the commands for it do, with the same words on the screen.
fn sign(desk: &mut Desk, what: &What) -> Result<(), AdminError> {
    match what {
        What::Approve(id) => proposals::approve_all(desk, &[id.to_string()]),
        What::Refuse(id, reason) => {
            let reason = Some(reason.as_str()).filter(|reason| !reason.is_empty());
            proposals::end(desk, Answer::Refused, &id.to_string(), reason)
        }
        What::Withdraw(id) => proposals::end(desk, Answer::Withdrawn, &id.to_string(), None),
        What::Review(id) => proposals::review(desk, &[id.to_string()]),
        What::Open(form, fields) => cases::run(desk, CaseCommand::Open { form: *form, fields: fields.clone() }),
        What::Step(case, step, fields) => {
            cases::run(desk, CaseCommand::Step { case: *case, step: step.clone(), fields: fields.clone() })
        }
        What::Change(which, typed) => change(desk, *which, typed),
        What::Connection(state, functions, incident) => connection(desk, *state, functions, incident),
    }
}

/// A change of every day, made of what was typed by the code that the ledger judged it by, over the register that is verified here.
fn change(desk: &mut Desk, which: Everyday, typed: &[(String, String)]) -> Result<(), AdminError> {
    desk.log_in()?;
    let given = typed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let changes = which.changes(given, (desk.cache.register(), None), clock::now());
    let changes = changes.map_err(|wrong| {
        let value = |name: &str| typed.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
        AdminError::FilledIn(wrong.iter().map(|wrong| WrongArgument::of(wrong, value(wrong.name))).collect())
    })?;
    let names = persons::persons_in(&changes).into_iter().map(|(operator, name)| {
        let known = desk.cache.salted_name(&name);
        known.ok_or_else(|| AdminError::NameNotShown(operator.clone()))
    });
    let names = names.collect::<Result<Vec<_>, _>>()?;
    decide_or_propose(desk, changes, &names)
}

/// As the routes say.
fn decide_or_propose(desk: &mut Desk, changes: Vec<Change>, names: &[Name]) -> Result<(), AdminError> {
    let stages = desk.cache.register().stages(&changes, clock::now());
    let submitted = if stages == 0 { desk.submit(changes, names) } else { desk.propose(changes, names) };
    submitted.map(drop)
}

/// Decided, or proposed where others approve it.
fn connection(desk: &mut Desk, state: ConnectionState, functions: &[Code], incident: &str) -> Result<(), AdminError> {
    let number = |text: &str| {
        let case = text.parse::<CaseId>().ok().filter(|case| case.form == Form::Incident).map(|case| case.number);
        case.or_else(|| Numbered::from_text(text).ok()).ok_or_else(|| AdminError::Argument {
            name: "--incident",
            value: text.to_owned(),
            rule: Said::new("not an incident, as in incident-2026-3", "事案の番号(incident-2026-3)を指定してください"),
        })
    };
    let incident = Some(incident).filter(|text| !text.is_empty()).map(number).transpose()?;
    let changes = vec![Change::Connection(SetConnection { state, functions: functions.to_vec(), incident })];
    desk.log_in()?;
    decide_or_propose(desk, changes, &[])
}

/// Writes the file beside the others; what it lacks is said, and does not make it none.
fn write_evidence(
    desk: &mut Desk,
    arguments: &ConsoleArguments,
    index: u64,
    permission: &CaseReference,
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
    let permission = permission.clone();
    let asked = EvidenceArguments { indexes: vec![index], question: Question::default(), out: out.clone(), permission };
    match evidence::write(desk, &asked) {
        Ok(()) => Ok(path),
        Err(error) if out.exists() => Ok(format!("{path}\n{}", error.in_words(desk.screen.language))),
        Err(error) => Err(error),
    }
}

/// What became of a wish, as its page is told.
struct End {
    outcome: &'static str,
    said: String,
}

impl End {
    /// Tells whoever sits here what went wrong.
    fn of(screen: &Screen, done: Result<String, AdminError>) -> Self {
        let (outcome, said) = match done {
            Ok(said) => ("done", said),
            Err(AdminError::Declined) => {
                screen.note("declined: nothing was signed", "取りやめました。署名はしていません");
                ("declined", String::new())
            }
            Err(error) => {
                let words = error.with_next_step(screen.language);
                screen.note(&words, &words);
                ("failed", words)
            }
        };
        Self { outcome, said }
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
