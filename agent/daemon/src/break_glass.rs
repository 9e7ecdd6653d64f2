//! Logins that no card opened. A login program tells of one while the agent lives; what happened while it was away stands in the machine's
//! own list of logins (wtmp), which is read at the next start.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sekisho_ipc::{AgentError, Bar, BreakGlassRequest, RecordRef};
use sekisho_wire::id::AccountName;
use sekisho_wire::reason::LoginSeen;
use sekisho_wire::record::{Body, BreakGlass};

use crate::agent::{Agent, Core};
use crate::function::Caller;

/// `struct utmp` as x86-64 writes it (utmp(5), `bits/utmp.h`): its length, and where in it the fields lie that we read.
const ENTRY: usize = 384;
const KIND: usize = 0;
const USER: usize = 44;
const SECONDS: usize = 340;
const MICROSECONDS: usize = 344;
/// `USER_PROCESS`: somebody logged in.
const LOGGED_IN: u16 = 7;
/// The accounts behind the glass are those of this group, and root.
const GROUP: &str = "sekisho-breakglass";
/// What fits into `ut_user`.
const USER_MAX: usize = 32;

/// A login in the machine's list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Login {
    account: String,
    /// By the machine's clock, ms since 1970 UTC.
    at: u64,
}

impl Agent {
    /// Records a login that no card opened, as root's login program tells of it.
    ///
    /// # Errors
    /// [`AgentError::NotPermitted`]; [`AgentError::NotRecorded`]: then it stands in wtmp, after the last record, and is found at the next start.
    pub(crate) fn break_glass(&self, caller: &Caller, request: &BreakGlassRequest) -> Result<RecordRef, AgentError> {
        if caller.uid != 0 {
            return Err(AgentError::NotPermitted { reason: Bar::OnlyRoot });
        }
        let login = Login { account: request.account.clone(), at: self.moment().wall };
        let record = self.without_card(&mut self.lock(), &login, LoginSeen::Told);
        self.journal.wait(record.seq).map(|()| record).map_err(|_| AgentError::NotRecorded)
    }

    /// Records the logins in the machine's list after this time of its clock, as far as no card opens these accounts. The others' are left out:
    /// one that a card opened may stand there later than its record does, when the agent died just then.
    pub(crate) fn record_logins_since(&self, core: &mut Core, path: &Path, glass: &BTreeSet<String>, since: u64) {
        let counts = |login: &&Login| login.at > since && glass.contains(&login.account);
        match logins(path) {
            Ok(logins) => logins.iter().filter(counts).for_each(|login| {
                log::warn!("{} logged in while no agent ran", login.account);
                self.without_card(core, login, LoginSeen::Listed);
            }),
            Err(why) => log::warn!("who logged in while no agent ran is not known: {}: {why}", path.display()),
        }
    }

    fn without_card(&self, core: &mut Core, login: &Login, seen: LoginSeen) -> RecordRef {
        let body = BreakGlass { account: account_name(&login.account), at: login.at, seen };
        self.write(core, Body::BreakGlass(body))
    }
}

/// The account's name, with what no record can hold replaced: the login is recorded, whatever it is called.
fn account_name(text: &str) -> AccountName {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._-$@+".contains(c) { c } else { '_' };
    let name: String = text.chars().map(allowed).take(USER_MAX).collect();
    AccountName::new(if name.is_empty() { "_" } else { &name })
        .expect("only characters that it may have, 1 to 32 of them")
}

/// The accounts of this machine that a password opens.
pub(crate) fn accounts_behind_glass() -> BTreeSet<String> {
    let read = |path| {
        let text = fs::read_to_string(path);
        text.inspect_err(|error| log::warn!("cannot read {path}: {error}")).unwrap_or_default()
    };
    behind_glass(&read("/etc/passwd"), &read("/etc/group"))
}

fn behind_glass(passwd: &str, group: &str) -> BTreeSet<String> {
    let group =
        group.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|group| group.first() == Some(&GROUP));
    let gid = group.as_ref().and_then(|group| group.get(2).copied());
    let members = group.as_ref().and_then(|group| group.get(3).copied()).unwrap_or_default();
    let mut accounts: BTreeSet<String> =
        members.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    for line in passwd.lines() {
        if let [name, _, uid, primary, ..] = line.split(':').collect::<Vec<_>>()[..]
            && (uid == "0" || Some(primary) == gid)
        {
            accounts.insert(name.to_owned());
        }
    }
    accounts
}

/// The logins in this list and in the one that was set aside when it grew long, oldest first.
fn logins(path: &Path) -> Result<Vec<Login>, String> {
    let mut older = path.as_os_str().to_owned();
    older.push(".1");
    let mut found = match fs::read(PathBuf::from(older)) {
        Ok(bytes) => parse(&bytes)?,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.to_string()),
    };
    found.extend(parse(&fs::read(path).map_err(|error| error.to_string())?)?);
    Ok(found)
}

fn parse(bytes: &[u8]) -> Result<Vec<Login>, String> {
    let (entries, rest) = bytes.as_chunks::<ENTRY>();
    if rest.is_empty() { Ok(entries.iter().filter_map(login).collect()) } else { Err("not a list of logins".into()) }
}

fn login(entry: &[u8; ENTRY]) -> Option<Login> {
    if u16::from_le_bytes(field(entry, KIND)) != LOGGED_IN {
        return None;
    }
    let user: [u8; USER_MAX] = field(entry, USER);
    let user = user.split(|byte| *byte == 0).next().unwrap_or_default();
    let (seconds, micros) = (u32::from_le_bytes(field(entry, SECONDS)), u32::from_le_bytes(field(entry, MICROSECONDS)));
    let at = u64::from(seconds) * 1000 + u64::from(micros / 1000);
    Some(Login { account: String::from_utf8_lossy(user).into_owned(), at })
}

fn field<const N: usize>(entry: &[u8; ENTRY], at: usize) -> [u8; N] {
    entry.get(at..).and_then(|rest| rest.first_chunk()).copied().expect("every field lies within an entry")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, panel};

    fn entry(kind: u16, user: &str, at: u64) -> Vec<u8> {
        let mut entry = vec![0; ENTRY];
        entry[..2].copy_from_slice(&kind.to_le_bytes());
        entry[USER..USER + user.len()].copy_from_slice(user.as_bytes());
        entry[SECONDS..SECONDS + 4].copy_from_slice(&u32::try_from(at / 1000).unwrap().to_le_bytes());
        entry[MICROSECONDS..MICROSECONDS + 4].copy_from_slice(&u32::try_from(at % 1000 * 1000).unwrap().to_le_bytes());
        entry
    }

    fn recorded(bench: &Bench) -> Vec<(String, u64, LoginSeen)> {
        let of =
            |body| if let Body::BreakGlass(it) = body { Some((it.account.to_string(), it.at, it.seen)) } else { None };
        bench.records().into_iter().filter_map(|record| of(record.body)).collect()
    }

    #[test]
    fn logins_after_the_last_record_are_recorded_from_both_lists_and_what_is_no_login_is_not() {
        let wtmp = std::env::temp_dir().join(format!("sekisho-wtmp-{}", std::process::id()));
        let older = wtmp.with_extension("1");
        let bench = Bench::new();
        let full = "n".repeat(USER_MAX);
        std::fs::write(&older, [entry(LOGGED_IN, "before", 5_000), entry(LOGGED_IN, "root", 5_001)].concat()).unwrap();
        let newer = [
            entry(2, "reboot", 6_000),
            entry(LOGGED_IN, &full, 7_001),
            entry(8, "root", 8_000),
            entry(LOGGED_IN, "clerk", 8_500),
            entry(LOGGED_IN, "田", 9_000),
        ];
        std::fs::write(&wtmp, newer.concat()).unwrap();
        let glass = ["before", "root", full.as_str(), "田"].map(str::to_owned).into();
        bench.agent.record_logins_since(&mut bench.agent.lock(), &wtmp, &glass, 5_000);
        let listed = |name: &str, at| (name.to_owned(), at, LoginSeen::Listed);
        assert_eq!(recorded(&bench), [listed("root", 5_001), listed(&full, 7_001), listed("_", 9_000)]);
        std::fs::write(&wtmp, &newer.concat()[1..]).unwrap();
        assert!(parse(&newer.concat()[1..]).is_err(), "cut, or of another machine");
        std::fs::remove_file(older).unwrap();
        std::fs::remove_file(&wtmp).unwrap();
        assert!(logins(&wtmp).is_err());
    }

    #[test]
    fn behind_the_glass_are_root_and_whoever_belongs_to_the_group() {
        let passwd = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nglass:x:1001:990::/:/bin/sh\ntanaka:x:1002:1002::/:/bin/sh\n";
        let group = format!("users:x:100:tanaka\n{GROUP}:x:990:sato,kato\n");
        assert_eq!(Vec::from_iter(behind_glass(passwd, &group)), ["glass", "kato", "root", "sato", "toor"]);
        assert_eq!(Vec::from_iter(behind_glass(passwd, "users:x:100:tanaka\n")), ["root", "toor"]);
    }

    #[test]
    fn root_tells_of_a_login_and_nobody_else() {
        let bench = Bench::new();
        let request = BreakGlassRequest { account: "glass".into() };
        let other = Caller { uid: 1000, ..panel() };
        let refused = bench.agent.break_glass(&other, &request);
        assert_eq!(refused, Err(AgentError::NotPermitted { reason: Bar::OnlyRoot }));
        let record = bench.agent.break_glass(&panel(), &request).unwrap();
        let on_disk = bench.on_disk();
        assert!(
            matches!(&on_disk[usize::try_from(record.seq).unwrap()].body, Body::BreakGlass(it) if it.seen == LoginSeen::Told)
        );
        assert_eq!(recorded(&bench).len(), 1);
    }
}
