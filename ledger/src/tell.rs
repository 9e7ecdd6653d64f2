//! What waits, told by a program of the office's own, such as one that sends mail (register §R11.6). It is a hook beside the real thing: what waits stands at
//! the console and at the desk whether anybody is told or not, and only a card acknowledges it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sekisho_register::cases::Whose;
use sekisho_register::today::{ANSWER_MS, Task, Telling, Waits, today};
use sekisho_register::wareki::moment_text;
use sekisho_register::{Casebook, Register};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::words::Language;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::data::{DataDir, replace_file};
use crate::error::LedgerError;
use crate::office::{fold_casebook, fold_register};
use crate::store::Store;
use crate::watch;

/// How long the program may take for one message.
const PATIENCE: Duration = Duration::from_secs(60);

/// How urgent it has become: people are told once of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Stage {
    /// It should have been done.
    overdue: bool,
    /// Nobody has done it for an hour.
    unanswered: bool,
}

impl Stage {
    fn of(task: &Task, now: Millis) -> Self {
        let since = Some(task.since).filter(|since| *since > 0);
        let unanswered = since.is_some_and(|since| now >= since.saturating_add(ANSWER_MS));
        // What a deputy decided no deputy looks at.
        let unanswered = unanswered && !matches!(task.what, Waits::Review { .. });
        Self { overdue: task.is_overdue(now), unanswered }
    }

    /// Whether more is to be told than was.
    const fn exceeds(self, told: Self) -> bool {
        (self.overdue && !told.overdue) || (self.unanswered && !told.unanswered)
    }

    const fn name(self) -> &'static str {
        match self {
            Self { overdue: true, .. } => "overdue",
            Self { unanswered: true, .. } => "unanswered",
            Self { .. } => "waits",
        }
    }

    const fn sentence(self, language: Language) -> &'static str {
        match (self.overdue, self.unanswered, language) {
            (false, false, Language::Japanese) => "次の事項が処理を待っています。",
            (false, false, Language::English) => "This waits:",
            (false, true, Language::Japanese) => "次の事項が1時間以上処理されていません。",
            (false, true, Language::English) => "This has waited for more than an hour:",
            (true, _, Language::Japanese) => "次の事項が期限を過ぎています。",
            (true, _, Language::English) => "This is overdue:",
        }
    }
}

/// What was told in an office: each thing that waits still, and how urgent it was then.
type Told = BTreeMap<String, Stage>;

/// Something that waits.
struct Waiting {
    key: String,
    stage: Stage,
    /// Roles by name, with deputies where they are asked, too.
    to: Vec<String>,
    task: Task,
}

/// One message: what has become so urgent for these people.
#[derive(Debug)]
struct Message {
    /// Roles, by name; of a post, its code; who stands in for them after `deputy:`.
    to: Vec<String>,
    stage: Stage,
    subject: String,
    text: String,
    keys: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Messages that the program took; without one, those that there would be, as text.
    pub messages: Vec<String>,
    /// Messages that it did not take, and why. They are tried again the next time.
    pub failures: Vec<String>,
}

/// Runs `program` once for each message about what waits and was not told yet; without a program says what it would be told.
///
/// # Errors
/// When the book or the file of what was told cannot be read or written, or another run is under way. What the program does wrong stands in the outcome.
pub fn tell(
    root: &Path,
    office: Option<&OfficeId>,
    program: &[OsString],
    language: Language,
    clock: &dyn Clock,
) -> Result<Outcome, LedgerError> {
    let data = DataDir::new(root);
    let config = Config::read(&data.config())?;
    let store = config.book(&data)?.open_snapshot()?;
    let path = data.told();
    let _alone = alone(&path.with_extension("lock"))?;
    let mut told: BTreeMap<String, Told> = read(&path)?;
    let mut outcome = Outcome::default();
    for stored in store.offices()?.iter().filter(|stored| office.is_none_or(|office| *office == stored.id)) {
        let of_office = told.entry(stored.id.to_string()).or_default();
        let messages = match waiting(&*store, &data, &stored.id, of_office, language, clock.now()) {
            Ok(messages) => messages,
            // One office's damage silences no other.
            Err(error) => {
                outcome.failures.push(format!("office {}: {error}", stored.id));
                continue;
            }
        };
        for message in messages {
            let head = format!("{} ({})", message.subject, message.to.join(" "));
            if program.is_empty() {
                outcome.messages.push(format!("{head}\n{}", message.text));
                continue;
            }
            match run(program, &stored.id, &message, PATIENCE) {
                Ok(()) => {
                    let of_office = told.entry(stored.id.to_string()).or_default();
                    of_office.extend(message.keys.iter().map(|key| (key.clone(), message.stage)));
                    // After each: a run that is broken off tells twice what it told last, and no more.
                    write(&path, &told)?;
                    outcome.messages.push(head);
                }
                Err(cause) => outcome.failures.push(format!("{head}: {cause}")),
            }
        }
        if !program.is_empty() {
            write(&path, &told)?;
        }
    }
    Ok(outcome)
}

/// What there is to tell in one office.
fn waiting(
    store: &dyn Store,
    data: &DataDir,
    office: &OfficeId,
    told: &mut Told,
    language: Language,
    now: Millis,
) -> Result<Vec<Message>, LedgerError> {
    let register = fold_register(store, office)?;
    let mut casebook = Casebook::of(&register);
    fold_casebook(store, office, &register, &mut casebook)?;
    let watched = watch::written(&data.watched(), office, now)?.into_iter();
    let watched = watched.map(|(watched, since)| watched.task(since, &register));
    let waiting = today(&register, &casebook, now).into_iter().chain(watched).collect();
    Ok(messages(&register, &casebook, waiting, told, language, now))
}

/// What there is to tell; what waits no more is forgotten.
fn messages(
    register: &Register,
    casebook: &Casebook,
    tasks: Vec<Task>,
    told: &mut Told,
    language: Language,
    now: Millis,
) -> Vec<Message> {
    // A mail goes through many hands: it calls people by their codes.
    let person = |operator: &Code| operator.to_string();
    let telling = Telling { register, casebook, language, person: &person };
    let waits = |task: Task| {
        let (key, stage) = (key(&task, register, casebook), Stage::of(&task, now));
        Waiting { key, stage, to: recipients(&task, register, now), task }
    };
    let all: Vec<Waiting> = tasks.into_iter().map(waits).collect();
    let waiting: BTreeSet<&String> = all.iter().map(|waiting| &waiting.key).collect();
    told.retain(|key, _| waiting.contains(key));
    let mut groups: BTreeMap<_, Vec<&Waiting>> = BTreeMap::new();
    for waiting in all.iter().filter(|waiting| told.get(&waiting.key).is_none_or(|told| waiting.stage.exceeds(*told))) {
        groups.entry((waiting.stage, &waiting.to, telling.whose(&waiting.task.whose))).or_default().push(waiting);
    }
    let message = |(stage, to, whose): (Stage, &Vec<String>, String), group: &[&Waiting]| {
        let lines: Vec<String> = group.iter().map(|waiting| line(&telling, &waiting.task)).collect();
        let (office, count) = (register.title(), lines.len());
        let subject = match language {
            Language::Japanese => format!("[関所] {office} 要処理 {count}件: {whose}"),
            Language::English => format!("[Sekisho] {office}: {count} waiting for {whose}"),
        };
        let how = match language {
            Language::Japanese => {
                "台帳の画面又は「sekisho-admin today」で確認してください。カードで処理するまで、要処理として残ります。"
            }
            Language::English => {
                "See the ledger's console, or 'sekisho-admin today'. It waits until somebody does it by card."
            }
        };
        let deputies = match (to.iter().any(|to| to.starts_with(DEPUTY)), language) {
            (false, Language::Japanese | Language::English) => "",
            (true, Language::Japanese) => "代決者も処理できます。\n",
            (true, Language::English) => "Deputies can do it, too.\n",
        };
        let text = format!("{}\n\n{}\n\n{deputies}{how}\n", stage.sentence(language), lines.join("\n"));
        Message {
            to: to.clone(),
            stage,
            subject,
            text,
            keys: group.iter().map(|waiting| waiting.key.clone()).collect(),
        }
    };
    groups.into_iter().map(|(of, group)| message(of, &group)).collect()
}

fn line(telling: &Telling<'_>, task: &Task) -> String {
    let what = telling.what(&task.what);
    match (task.due, telling.language) {
        (None, Language::Japanese | Language::English) => format!("- {what}"),
        (Some(due), Language::Japanese) => format!("- {what}（期限 {}）", moment_text(due, telling.language)),
        (Some(due), Language::English) => format!("- {what} (due {})", moment_text(due, telling.language)),
    }
}

/// By what one thing that waits is known again: in words, for a newer program has them too, with the act where words are not enough.
fn key(task: &Task, register: &Register, casebook: &Casebook) -> String {
    let person = |operator: &Code| operator.to_string();
    let telling = Telling { register, casebook, language: Language::English, person: &person };
    let act = match &task.what {
        Waits::Approval { proposal } | Waits::Stranded { proposal } => proposal.to_string(),
        Waits::Review { act, .. } => act.to_string(),
        // Its numbers change while it stays the same.
        Waits::Watched(watched) => return watched.key(),
        Waits::Step(_)
        | Waits::StopUnrecorded
        | Waits::Unconfirmed { .. }
        | Waits::NobodyResponsible(_)
        | Waits::Unreturned { .. }
        | Waits::CardEnds { .. }
        | Waits::Unrenewed { .. }
        | Waits::Untrained(_)
        | Waits::NotTold { .. }
        | Waits::Unacknowledged { .. }
        | Waits::Unreported { .. }
        | Waits::Unqualified { .. }
        | Waits::TextsDue { .. }
        | Waits::LossUnwritten { .. }
        | Waits::StockDiffers(_) => String::new(),
    };
    format!("{} {}: {act}", names(&task.whose).join(","), telling.what(&task.what))
}

/// Whose it is, and from the hour on, or where nobody holds the post, the deputies, where there are any.
fn recipients(task: &Task, register: &Register, now: Millis) -> Vec<String> {
    let holders = names(&task.whose);
    let asked = task.asks_deputies(register, now) && task.whose.has_deputies(register, now);
    let deputies = holders.iter().filter(|_| asked).map(|name| format!("{DEPUTY}{name}")).collect();
    [holders, deputies].concat()
}

fn names(whose: &Whose) -> Vec<String> {
    match whose {
        Whose::Roles(roles) | Whose::Partner(roles, _) | Whose::Writer(_, roles) => {
            roles.iter().map(|role| role.name().to_owned()).collect()
        }
        Whose::Section(roles, section) => roles.iter().map(|role| format!("{}@{section}", role.name())).collect(),
        Whose::Post(post) => vec![format!("post:{post}")],
    }
}

/// Runs the program for one message: the text on its standard input, the rest in its environment.
fn run(program: &[OsString], office: &OfficeId, message: &Message, patience: Duration) -> Result<(), String> {
    let (name, arguments) = program.split_first().ok_or("no program")?;
    let mut child = Command::new(name)
        .args(arguments)
        .env("SEKISHO_OFFICE", office.to_string())
        .env("SEKISHO_SUBJECT", &message.subject)
        .env("SEKISHO_TO", message.to.join(" "))
        .env("SEKISHO_STAGE", message.stage.name())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|source| format!("cannot run {}: {source}", name.to_string_lossy()))?;
    // Whoever reads nothing has his reasons; what counts is how he ends. He, and what he left running, may keep a full pipe open: nobody waits for the writer.
    if let Some(mut input) = child.stdin.take() {
        let text = message.text.clone();
        std::thread::spawn(move || drop(input.write_all(text.as_bytes())));
    }
    wait(&mut child, patience)
}

fn wait(child: &mut Child, patience: Duration) -> Result<(), String> {
    const STEP: Duration = Duration::from_millis(20);
    for _ in 0..patience.as_millis() / STEP.as_millis() {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(status.to_string()),
            Ok(None) => std::thread::sleep(STEP),
            Err(source) => return Err(source.to_string()),
        }
    }
    let killed = child.kill().and_then(|()| child.wait());
    killed.map_err(|source| source.to_string())?;
    Err(format!("it took longer than {} seconds and was ended", patience.as_secs()))
}

/// One run at a time: two would tell everything twice.
fn alone(path: &PathBuf) -> Result<File, LedgerError> {
    let file = File::options().create(true).append(true).open(path).map_err(LedgerError::file("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse { path: path.clone() }),
        Err(TryLockError::Error(source)) => Err(LedgerError::file("lock", path)(source)),
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Told>, LedgerError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        bytes => bytes.map_err(LedgerError::file("read", path))?,
    };
    let expected = "what people were told already; without the file they are told once more";
    serde_json::from_slice(&bytes).map_err(|_| LedgerError::Damaged { path: path.to_owned(), expected })
}

fn write(path: &Path, told: &BTreeMap<String, Told>) -> Result<(), LedgerError> {
    let json = serde_json::to_vec(told).expect("words are JSON");
    replace_file(path, &json).map_err(LedgerError::file("write", path))
}

/// Before the name of a role, or of a post, whose deputies are asked.
const DEPUTY: &str = "deputy:";

#[cfg(test)]
mod tests {
    use sekisho_wire::id::Hash;

    use super::*;

    #[test]
    fn a_program_that_reads_nothing_is_ended_in_time_however_much_there_is_to_read() {
        let message = Message {
            to: vec!["system_manager".to_owned()],
            stage: Stage { overdue: false, unanswered: false },
            subject: "s".to_owned(),
            // No pipe holds so much.
            text: "x".repeat(4 << 20),
            keys: Vec::new(),
        };
        let office = OfficeId([1; 16]);
        let program = |script: &str| ["sh", "-c", script].map(OsString::from);
        let patience = Duration::from_secs(1);
        let said = run(&program("exec sleep 600"), &office, &message, patience).unwrap_err();
        assert!(said.contains("longer than 1 seconds"), "{said}");
        assert_eq!(run(&program("exit 0"), &office, &message, PATIENCE), Ok(()), "he need not read it");
        assert_eq!(run(&program("[ $(wc -c) = 4194304 ]"), &office, &message, PATIENCE), Ok(()), "all of it comes");
    }

    #[test]
    fn no_deputy_is_asked_to_look_at_what_a_deputy_decided() {
        let code = |text: &str| Code::new(text).unwrap();
        let of = |what: Waits| Task { what, whose: Whose::Post(code("mayor")), since: 1_000, due: None };
        let review = of(Waits::Review { act: Hash([1; 32]), post: code("mayor"), deputy: code("banri") });
        let other = of(Waits::NobodyResponsible(code("jumin-1")));
        for (waited, unanswered) in [(0, false), (ANSWER_MS, true)] {
            assert_eq!(Stage::of(&other, 1_000 + waited).unanswered, unanswered);
            assert!(!Stage::of(&review, 1_000 + waited).unanswered);
        }
    }
}
