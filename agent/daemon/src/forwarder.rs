//! The forwarder: the one process with a network. It carries sealed bytes between agent and ledger, and decides nothing.

use std::fmt;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sekisho_ipc::{Connection, ConnectionError, Descriptors};
use sekisho_link::{Answer, Identity, Language, Link, LinkConfig, LinkError, MediaType, Options};
use zeroize::Zeroizing;

use crate::certificate;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::enrol::Certificate;
use crate::files;
use crate::forwarder_link::{Brought, Errand, FORWARDER_MESSAGE_MAX, Hello, Line};
use crate::identity::StoredLink;
use crate::secrets::StateSecret;
use crate::service_manager::{Heart, ServiceManager};

/// Pause before the agent is called again: the first, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How often it is looked whether the terminal is enrolled.
const ENROLLED: Duration = Duration::from_millis(200);
/// How long a seal or cursor may take.
const SHORT: Duration = Duration::from_secs(15);

/// The forwarder cannot work.
#[derive(Debug)]
pub enum ForwarderError {
    /// What enrolment left cannot be read.
    Unreadable(io::Error),
    /// It cannot be used.
    Link(LinkError),
}

impl ForwarderError {
    /// What a person does next.
    #[must_use]
    pub fn next_step(&self) -> String {
        match self {
            Self::Unreadable(_) => {
                "Check that the forwarder's folder (link in agent.toml) and what lies in it is its own.".into()
            }
            Self::Link(error) => error.next_step(Language::English).to_string(),
        }
    }
}

impl fmt::Display for ForwarderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot read what enrolment left: {error}"),
            Self::Link(error) => write!(f, "{}", error.in_words(Language::English)),
        }
    }
}

impl std::error::Error for ForwarderError {}

/// Carries until the process ends; waits before that until the terminal is enrolled.
///
/// # Errors
/// [`ForwarderError`] when it cannot begin.
pub fn run(config: &Config) -> Result<std::convert::Infallible, ForwarderError> {
    let (manager, heart) = (ServiceManager::of_this_process(), Heart::of_this_process());
    let way = match Way::open(config)? {
        Some(way) => way,
        None => wait_for_enrolment(config, &manager, &heart)?,
    };
    manager.is_ready("carrying between agent and ledger");
    std::thread::scope(|scope| {
        scope.spawn(|| carry_forever(config, &way, Line::Register, &heart));
        carry_forever(config, &way, Line::Records, &heart)
    })
}

fn wait_for_enrolment(config: &Config, manager: &ServiceManager, heart: &Heart<2>) -> Result<Way, ForwarderError> {
    manager.is_ready("not enrolled; waiting for: sekisho-agent enrol CODEFILE");
    log::warn!("this terminal is not enrolled; waiting for: sekisho-agent enrol --config FILE CODEFILE");
    loop {
        if let Some(way) = Way::open(config)? {
            return Ok(way);
        }
        [Line::Register, Line::Records].into_iter().for_each(|line| heart.beat(line as usize));
        std::thread::sleep(ENROLLED);
    }
}

/// The way to the ledger; another one after the certificate was renewed.
struct Way {
    file: PathBuf,
    /// The key of the certificate, PKCS #8.
    key: Zeroizing<Vec<u8>>,
    link: Mutex<Link>,
}

impl Way {
    /// `None` before enrolment.
    fn open(config: &Config) -> Result<Option<Self>, ForwarderError> {
        let file = config.link_folder().join("link.json");
        let stored: Option<StoredLink> = files::read_json(&file).map_err(ForwarderError::Unreadable)?;
        let key = StateSecret::TlsKey.read(&config.link_folder()).map_err(ForwarderError::Unreadable)?;
        let Some((stored, key)) = stored.zip(key) else { return Ok(None) };
        let link = open_link(&stored, &key)?;
        Ok(Some(Self { file, key, link: Mutex::new(link) }))
    }

    fn link(&self) -> Link {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens a connection with a new certificate: one that is not let in must not take the place of one that is. Whatever the ledger
    /// answers, it has heard us.
    fn try_out(&self, certificate: &str) -> Result<(), LinkError> {
        let Ok(Some(stored)) = files::read_json::<StoredLink>(&self.file) else { return Ok(()) };
        let link = match open_link(&StoredLink { certificate: certificate.to_owned(), ..stored }, &self.key) {
            Ok(link) => link,
            Err(ForwarderError::Link(error)) => return Err(error),
            // What is no certificate at all is noticed when its end is looked for.
            Err(ForwarderError::Unreadable(_)) => return Ok(()),
        };
        let options = Options { within: SHORT, ..Options::default() };
        match link.get("/v1/terminal/cursor?epoch=0", &options) {
            Ok(_) | Err(LinkError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn look_after_certificate(&self) -> Brought {
        let ask = |request: &[u8]| {
            let body = serde_json::json!({ "csr": STANDARD.encode(request) });
            let options = Options { within: SHORT, ..Options::default() };
            let answer: Result<Certificate, LinkError> =
                self.link().post_json("/v1/terminal/certificate", &body, &options);
            let tried = answer.and_then(|Certificate { certificate }| self.try_out(&certificate).map(|()| certificate));
            tried.map_err(|error| error.in_words(Language::English).to_string())
        };
        let looked = match certificate::look_after(&self.file, &self.key, SystemClock.wall(), ask) {
            Ok(looked) => looked,
            Err(error) => return unreachable(error.to_string(), String::new()),
        };
        match looked.renewed.as_ref().map(|renewed| open_link(renewed, &self.key)) {
            Some(Ok(link)) => {
                *self.link.lock().unwrap_or_else(PoisonError::into_inner) = link;
                log::info!("the certificate was renewed");
            }
            Some(Err(error)) => log::error!("{error}"),
            None => {}
        }
        Brought::Certified { ends: looked.ends, trouble: looked.trouble.map(|trouble| trouble.to_string()) }
    }
}

fn open_link(stored: &StoredLink, key: &Zeroizing<Vec<u8>>) -> Result<Link, ForwarderError> {
    let bytes = |text: &str| {
        STANDARD
            .decode(text)
            .map_err(|error| ForwarderError::Unreadable(io::Error::new(io::ErrorKind::InvalidData, error.to_string())))
    };
    let identity = Identity { certificate: bytes(&stored.certificate)?, key: key.clone() };
    let config = LinkConfig::new(stored.url.clone(), bytes(&stored.authority)?).with_identity(identity);
    Link::new(config).map_err(ForwarderError::Link)
}

fn carry_forever(config: &Config, way: &Way, line: Line, heart: &Heart<2>) -> ! {
    let mut pause = RETRY_FIRST;
    loop {
        match UnixStream::connect(config.forwarder_socket()) {
            Ok(stream) => {
                pause = RETRY_FIRST;
                match serve(stream, way, line, heart) {
                    Ok(()) | Err(ConnectionError::Closed) => log::warn!("the agent went away"),
                    Err(error) => log::warn!("the agent was lost: {error}"),
                }
            }
            Err(error) => log::debug!("cannot reach the agent: {error}"),
        }
        heart.beat(line as usize);
        std::thread::sleep(pause);
        pause = (pause * 2).min(RETRY_MAX);
    }
}

fn serve(stream: UnixStream, way: &Way, line: Line, heart: &Heart<2>) -> Result<(), ConnectionError> {
    let mut connection = Connection::new(stream, Descriptors::Refused)?;
    // Between two errands it comes round all the same. One that has begun to come is waited for.
    connection.set_read_waits(heart.every(), None);
    connection.write_message(&Hello { line })?;
    loop {
        heart.beat(line as usize);
        let errand: Errand = match connection.read_message(FORWARDER_MESSAGE_MAX) {
            Err(ConnectionError::TimedOut) => continue,
            read => read?,
        };
        let brought = carry(way, &errand);
        connection.write_message(&brought)?;
    }
}

fn carry(way: &Way, errand: &Errand) -> Brought {
    let link = way.link();
    let short = Options { within: SHORT, ..Options::default() };
    let outcome = match errand {
        Errand::Register { from, wait, seen, records, casebook, kept, written } => {
            let options = Options { limit: FORWARDER_MESSAGE_MAX / 2, ..Options::long_poll(*wait) };
            let notes = [("seen", seen), ("records", records), ("casebook", casebook)];
            link.get(&register_path((*from, *wait), notes, *kept, *written), &options)
        }
        Errand::Batch { envelope } => return post_envelope(&link, "/v1/terminal/batches", envelope),
        Errand::RefillRecords { index, envelope } => {
            return post_envelope(&link, &format!("/v1/terminal/refill/records?index={index}"), envelope);
        }
        Errand::Refill => link.get("/v1/terminal/refill", &short),
        Errand::RefillRegister { body } => post_json(&link, "/v1/terminal/refill/register", body),
        Errand::RefillKept { body } => post_json(&link, "/v1/terminal/refill/kept", body),
        Errand::Seal { epoch, from, seen, before } => {
            let before = before.map_or_else(String::new, |size| format!("&before={size}"));
            link.get(&format!("/v1/terminal/seal?epoch={epoch}&from={from}&seen={seen}{before}"), &short)
        }
        Errand::Cursor { epoch } => link.get(&format!("/v1/terminal/cursor?epoch={epoch}"), &short),
        Errand::Act { office, act } => {
            let body = serde_json::json!({ "act": act, "names": [] }).to_string();
            link.post(&format!("/v1/{office}/acts"), MediaType::Json, body.as_bytes(), &short)
        }
        Errand::Certificate => return way.look_after_certificate(),
    };
    brought(outcome)
}

fn post_envelope(link: &Link, path: &str, envelope: &str) -> Brought {
    match STANDARD.decode(envelope) {
        Ok(bytes) => brought(link.post(path, MediaType::OctetStream, &bytes, &Options::default())),
        Err(error) => unreachable(error.to_string(), String::new()),
    }
}

fn post_json(link: &Link, path: &str, body: &serde_json::Value) -> Result<Answer, LinkError> {
    link.post(path, MediaType::Json, body.to_string().as_bytes(), &Options::default())
}

/// What is asked of the register (LEDGER.md §L3). The notes are ours to show and not to read: they go as they are.
fn register_path(
    (from, wait): (u64, u64),
    notes: [(&str, &Option<String>); 3],
    [kept, kept_cases]: [u64; 2],
    (epoch, next): (u32, u64),
) -> String {
    let shown = |(name, note): (&str, &Option<String>)| {
        note.as_ref().map(|note| format!("&{name}={}", URL_SAFE_NO_PAD.encode(note))).unwrap_or_default()
    };
    let notes = notes.map(shown).concat();
    format!("/v1/terminal/register?from={from}&wait={wait}{notes}&kept={kept}.{kept_cases}&written={epoch}.{next}")
}

fn brought(outcome: Result<Answer, LinkError>) -> Brought {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(LinkError::Refused(problem)) => {
            return Brought::Refused {
                status: problem.status,
                detail: problem.in_words(sekisho_link::Language::English).to_owned(),
                code: problem.code,
                retry_after: problem.retry_after,
                facts: problem.facts,
            };
        }
        Err(error) => {
            let next = error.next_step(Language::English).to_string();
            return unreachable(error.in_words(Language::English).to_string(), next);
        }
    };
    match answer.json() {
        Ok(body) => Brought::Answer { body },
        Err(error) => unreachable(error.in_words(Language::English).to_string(), String::new()),
    }
}

fn unreachable(what: String, next: String) -> Brought {
    Brought::Unreachable { what, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkpoints_that_were_seen_go_along_as_an_address_can_hold_it() {
        let path = |seen: Option<&str>, records: Option<&str>, kept| {
            let [seen, records] = [seen, records].map(|note| note.map(str::to_owned));
            register_path((3, 50), [("seen", &seen), ("records", &records), ("casebook", &None)], kept, (1, 17))
        };
        assert_eq!(path(None, None, [0, 0]), "/v1/terminal/register?from=3&wait=50&kept=0.0&written=1.17");
        let shown = path(Some("a\n?>\n"), Some("b\n"), [7, 2]);
        assert_eq!(shown, "/v1/terminal/register?from=3&wait=50&seen=YQo_Pgo&records=Ygo&kept=7.2&written=1.17");
    }
}
