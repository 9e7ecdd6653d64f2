//! Which registered application a caller is: by its user, and by its unit where the configuration names one.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use dbus::channel::{BusType, Channel};
use dbus::{Message, Path};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{PidfdFlags, pidfd_open};
use sekisho_wire::id::Code;

use crate::config::Config;

/// How long an answer may take. systemd answers from memory.
const ANSWER: Duration = Duration::from_secs(2);
const UNITS: &str = "/org/freedesktop/systemd1/unit/";

/// The application that this client, of this uid, is. Where it cannot be known it is none.
pub(crate) fn of(config: &Config, stream: &UnixStream, uid: u32) -> Option<Code> {
    let by_unit = || {
        let unit = unit_of(stream);
        unit.map_err(|why| log::warn!("cannot tell which application of uid {uid} asks: {why}")).ok()
    };
    among(config, uid, by_unit)
}

/// `unit` tells the caller's, as the path that systemd gives it, and is asked only where it matters.
fn among(config: &Config, uid: u32, unit: impl FnOnce() -> Option<String>) -> Option<Code> {
    let mine: Vec<(Code, Option<&String>)> = config.applications_of(uid).collect();
    let whole_user = mine.iter().find(|(_, unit)| unit.is_none()).map(|(code, _)| code.clone());
    if mine.iter().all(|(_, unit)| unit.is_none()) {
        return whole_user;
    }
    let unit = unit()?;
    let named = mine.iter().find(|(_, name)| name.is_some_and(|name| path_of(name) == unit));
    named.map(|(code, _)| code.clone()).or(whole_user)
}

/// The unit's object at systemd: what is no letter or digit is written as its number.
fn path_of(unit: &str) -> String {
    let plain = |(place, byte): (usize, u8)| match byte {
        b'0'..=b'9' if place == 0 => format!("_{byte:02x}"),
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("_{byte:02x}"),
    };
    let name: String = unit.bytes().enumerate().map(plain).collect();
    format!("{UNITS}{name}")
}

/// Asks systemd for the unit of whoever connected. `/proc` shows the agent nobody else's processes.
fn unit_of(stream: &UnixStream) -> Result<String, String> {
    let text = |error: rustix::io::Errno| error.to_string();
    let peer = socket_peercred(stream).map_err(text)?.pid;
    let process = pidfd_open(peer, PidfdFlags::empty()).map_err(text)?;
    let bus = Channel::get_private(BusType::System).map_err(|error| error.to_string())?;
    let manager = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");
    let number = u32::try_from(peer.as_raw_nonzero().get()).map_err(|error| error.to_string())?;
    let call = Message::new_method_call(manager.0, manager.1, manager.2, "GetUnitByPID")?.append1(number);
    let answer = bus.send_with_reply_and_block(call, ANSWER).map_err(|error| error.to_string())?;
    let unit: Path<'_> = answer.read1().map_err(|error| error.to_string())?;
    // Its number has been its own until now, and systemd spoke of no other.
    let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    if ended.map_err(text)? == 0 { Ok(unit.to_string()) } else { Err("it has ended".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[applications]\nwhole = 1001\nweb = 1002\nbatch = 1002\nrest = 1003\nnight = 1003\n\
                          [units]\nweb = \"jumin-web.service\"\nbatch = \"jumin-batch.service\"\nnight = \"9yoru.service\"\n";

    fn found(uid: u32, unit: Option<&str>) -> Option<String> {
        let config = Config::parse(std::path::Path::new("agent.toml"), CONFIG).unwrap();
        among(&config, uid, || unit.map(|unit| format!("{UNITS}{unit}"))).map(|code| code.to_string())
    }

    #[test]
    fn one_user_s_applications_are_told_apart_by_their_units() {
        assert_eq!(found(1002, Some("jumin_2dweb_2eservice")).as_deref(), Some("web"));
        assert_eq!(found(1002, Some("jumin_2dbatch_2eservice")).as_deref(), Some("batch"));
        assert_eq!(found(1002, Some("session_2d3_2escope")), None, "the same user's, elsewhere");
        assert_eq!(found(1002, None), None, "nobody says which");
        assert_eq!(found(1001, None).as_deref(), Some("whole"), "nobody is asked");
        assert_eq!(found(1003, Some("_39yoru_2eservice")).as_deref(), Some("night"));
        assert_eq!(found(1003, Some("other_2eservice")).as_deref(), Some("rest"), "what is no unit's is the user's");
        assert_eq!(found(1004, Some("jumin_2dweb_2eservice")), None, "another user's unit of that name");
    }

    #[test]
    fn where_systemd_does_not_know_the_process_it_is_no_application() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let config = Config::parse(std::path::Path::new("agent.toml"), CONFIG).unwrap();
        assert_eq!(of(&config, &ours, 1002), None);
        assert_eq!(of(&config, &ours, 1001), Code::new("whole").ok());
    }
}
