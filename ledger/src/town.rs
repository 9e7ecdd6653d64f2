//! A town on one machine, by one command: what is to be done in which order, and what of it is done. It decides here; `hands.rs` looks and runs.
//!
//! A step is done when the machine shows that it is, not when a note says so: whatever ended the command in the middle, the same command
//! goes on where it stopped.

mod folder;
pub mod hands;
mod words;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the town is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The administrator's folder: `town.toml` describes the office, and what goes into the safe comes to lie there.
    pub folder: PathBuf,
    /// The ledger's directory.
    pub data: PathBuf,
    /// What the ledger is called, for ever.
    pub name: String,
    /// Where it listens.
    pub listen: SocketAddr,
    /// By which names others reach it.
    pub hosts: Vec<String>,
    /// Readers with the administrators' cards.
    pub readers: Vec<String>,
    /// Where the medium for backups is mounted.
    pub medium: Option<PathBuf>,
    /// What stands on its label.
    pub medium_name: String,
    /// A folder on the stick for the keys.
    pub keys: Option<PathBuf>,
    /// What `sekisho-admin found` is told besides.
    pub further: Vec<OsString>,
}

/// What the machine shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct There {
    /// `town.toml` was filled in.
    pub described: bool,
    /// The ledger's directory holds one.
    pub made: bool,
    /// It answers, and will after the next start of the machine.
    pub serves: bool,
    /// It holds an office.
    pub founded: bool,
    /// A founding code lies in the folder: the founding, and what the description says besides, is not done to its end.
    pub founding: bool,
    /// A medium is listed.
    pub listed: bool,
    /// The keys that it has now were copied.
    pub copied: bool,
    /// A backup was verified.
    pub verified: bool,
    /// The timer runs, and will after the next start of the machine.
    pub timed: bool,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The office is described in `town.toml`.
    Describe,
    /// Directory, keys, TLS authority, configuration.
    Make,
    /// The ledger runs, also after the next start of the machine.
    Serve,
    /// Cards of the administrators, recovery keys, founding act.
    Found,
    /// The keys lie on a stick of their own.
    CopyKeys,
    /// A medium for backups is listed.
    List,
    /// A backup was made and read again.
    Backup,
    /// One is made each night.
    Timer,
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is to be done.
    Done,
    /// This is to be run.
    Run(Run),
    /// An option says where; it is missing.
    Needs(&'static str),
    /// Another step comes first.
    After(Step),
}

/// What is run, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// A description to fill in is written.
    Template,
    /// The ledger's program, as whoever owns the ledger's directory.
    Ledger(Vec<OsString>),
    /// `sekisho-admin found`, as whoever owns the folder, with a founding code.
    Admin(Vec<OsString>),
    /// `systemctl`.
    Units(Vec<OsString>),
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 8] =
        [Self::Describe, Self::Make, Self::Serve, Self::Found, Self::CopyKeys, Self::List, Self::Backup, Self::Timer];

    /// Whether the machine shows that nothing is to be done.
    #[must_use]
    pub const fn is_done(self, there: &There) -> bool {
        match self {
            // What it said stands in the founding act, and in those that come after it.
            Self::Describe => there.described || (there.founded && !there.founding),
            Self::Make => there.made,
            Self::Serve => there.serves,
            Self::Found => there.founded && !there.founding,
            Self::CopyKeys => there.copied,
            Self::List => there.listed,
            Self::Backup => there.verified,
            Self::Timer => there.timed,
        }
    }

    /// What must be done before. A backup of a ledger without an office would be one of nothing.
    const fn before(self) -> &'static [Self] {
        match self {
            Self::Describe => &[],
            // A mistake in the description costs least before anything is made.
            Self::Make => &[Self::Describe],
            Self::Serve => &[Self::Make],
            Self::Found => &[Self::Describe, Self::Serve],
            Self::CopyKeys | Self::List => &[Self::Found],
            Self::Backup => &[Self::List],
            Self::Timer => &[Self::List],
        }
    }

    /// How it stands.
    #[must_use]
    pub fn state(self, wanted: &Wanted, there: &There) -> State {
        if self.is_done(there) {
            return State::Done;
        }
        if let Some(before) = self.before().iter().find(|before| !before.is_done(there)) {
            return State::After(*before);
        }
        self.run(wanted).map_or_else(State::Needs, State::Run)
    }

    /// What is run for it; else the option that is missing.
    fn run(self, wanted: &Wanted) -> Result<Run, &'static str> {
        let data = || words(&["--data"]).into_iter().chain([wanted.data.clone().into()]);
        Ok(match self {
            Self::Describe => Run::Template,
            Self::Make => {
                let hosts = wanted.hosts.iter().flat_map(|host| words(&["--host", host]));
                let listen = wanted.listen.to_string();
                let named = words(&["--name", &wanted.name, "--listen", &listen]);
                Run::Ledger(words(&["init"]).into_iter().chain(data()).chain(named).chain(hosts).collect())
            }
            Self::Serve => Run::Units(words(&["enable", "--now", LEDGER])),
            Self::Found => {
                let readers = wanted.readers.iter().flat_map(|reader| words(&["--reader", reader]));
                let at = |name: &str| OsString::from(wanted.folder.join(name));
                let files = [
                    "--code".into(),
                    at(CODE),
                    "--config".into(),
                    at(DESCRIPTION),
                    "--recovery-dir".into(),
                    at(SHEETS),
                ];
                let further = wanted.further.iter().cloned();
                Run::Admin(words(&["found"]).into_iter().chain(files).chain(readers).chain(further).collect())
            }
            Self::CopyKeys => {
                let keys = wanted.keys.clone().ok_or("--keys")?;
                Run::Ledger(
                    words(&["copy-keys"]).into_iter().chain(data()).chain(["--to".into(), keys.into()]).collect(),
                )
            }
            Self::List => {
                let medium = wanted.medium.clone().ok_or("--medium")?;
                let named = words(&["--name", &wanted.medium_name, "--at"]).into_iter().chain([medium.into()]);
                Run::Ledger(words(&["medium", "add"]).into_iter().chain(data()).chain(named).collect())
            }
            Self::Backup => Run::Ledger(words(&["backup"]).into_iter().chain(data()).collect()),
            Self::Timer => Run::Units(words(&["enable", "--now", TIMER])),
        })
    }
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// The units that are started.
const LEDGER: &str = "sekisho-ledger.service";
/// As [`LEDGER`].
const TIMER: &str = "sekisho-ledger-backup.timer";

/// Files of the administrator's folder: the office's description, the founding code while it is needed, the recovery keys to print.
pub const DESCRIPTION: &str = "town.toml";
/// As [`DESCRIPTION`].
pub const CODE: &str = "founding.code";
/// As [`DESCRIPTION`].
pub const SHEETS: &str = "recovery";

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            folder: "/home/sato/town".into(),
            data: "/var/lib/sekisho-ledger".into(),
            name: "ledger.town".into(),
            listen: "0.0.0.0:8443".parse().unwrap(),
            hosts: vec!["ledger.town".into(), "10.0.0.5".into()],
            readers: vec!["ACR39U 00".into()],
            medium: None,
            medium_name: "A".into(),
            keys: None,
            further: words(&["--lang", "ja"]),
        }
    }

    fn text(state: &State) -> String {
        let State::Run(Run::Ledger(words) | Run::Admin(words) | Run::Units(words)) = state else {
            return format!("{state:?}");
        };
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_step_waits_for_those_it_needs_and_asks_for_what_nobody_said() {
        let (wanted, mut there) = (wanted(), There::default());
        let state = |step: Step, there: &There| step.state(&wanted, there);
        assert_eq!(state(Step::Describe, &there), State::Run(Run::Template));
        assert_eq!(state(Step::Make, &there), State::After(Step::Describe));
        there.described = true;
        let init = "init --data /var/lib/sekisho-ledger --name ledger.town --listen 0.0.0.0:8443 --host ledger.town --host 10.0.0.5";
        assert_eq!(text(&state(Step::Make, &there)), init);
        assert_eq!(state(Step::Found, &there), State::After(Step::Serve));
        (there.made, there.serves) = (true, true);
        let found = "found --code /home/sato/town/founding.code --config /home/sato/town/town.toml \
                     --recovery-dir /home/sato/town/recovery --reader ACR39U 00 --lang ja";
        assert_eq!(text(&state(Step::Found, &there)), found);
        assert_eq!(state(Step::List, &there), State::After(Step::Found));
        // An office whose setting up was cut short after its first act is gone on with.
        (there.founded, there.founding) = (true, true);
        assert_eq!(text(&state(Step::Found, &there)), found);
        assert_eq!(state(Step::CopyKeys, &there), State::After(Step::Found));
        there.founding = false;
        assert_eq!(state(Step::CopyKeys, &there), State::Needs("--keys"));
        assert_eq!(state(Step::List, &there), State::Needs("--medium"));
        assert_eq!(state(Step::Backup, &there), State::After(Step::List));
        let mounted = Wanted { medium: Some("/mnt/a".into()), keys: Some("/mnt/k/keys".into()), ..wanted.clone() };
        let add = "medium add --data /var/lib/sekisho-ledger --name A --at /mnt/a";
        assert_eq!(text(&Step::List.state(&mounted, &there)), add);
        let copy = "copy-keys --data /var/lib/sekisho-ledger --to /mnt/k/keys";
        assert_eq!(text(&Step::CopyKeys.state(&mounted, &there)), copy);
        there.listed = true;
        assert_eq!(text(&state(Step::Timer, &there)), "enable --now sekisho-ledger-backup.timer");
        // A description that was put away after the founding is asked for by nobody.
        there.described = false;
        assert_eq!(state(Step::Describe, &there), State::Done);
    }
}
