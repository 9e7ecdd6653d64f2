//! What stands behind the module's name in a stanza.

use std::path::PathBuf;
use std::time::Duration;

use crate::words::Language;

/// How long to wait for a card unless told otherwise.
const WAIT: u64 = 30;
/// The longest wait: a locker must not stand still for ever.
const WAIT_MAX: u64 = 600;

/// The options of a stanza.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) socket: PathBuf,
    pub(crate) wait: Duration,
    pub(crate) accounts: Option<Accounts>,
    pub(crate) function: Option<Function>,
    pub(crate) language: Option<Language>,
    pub(crate) record: Option<Recorded>,
}

/// Whose card opens which account.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Accounts {
    /// Any operator's opens each of these.
    Shared(Vec<String>),
    /// Everybody's own, as this file says.
    Personal(PathBuf),
}

/// The function that a PIN is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) code: String,
    pub(crate) purpose: Option<String>,
}

/// What a session stanza records.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// A login that no card opened.
    BreakGlass,
}

impl Options {
    /// Reads them. What is not known is refused: a mistyped option must not make a stanza mean something else.
    pub(crate) fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut options = Self {
            socket: sekisho_ipc::SOCKET.into(),
            wait: Duration::from_secs(WAIT),
            accounts: None,
            function: None,
            language: None,
            record: None,
        };
        let (mut file, mut purpose) = (None, None);
        for word in words {
            let broken = |rule: &str| format!("option '{word}': {rule}");
            match word.split_once('=') {
                Some(("socket", path)) if path.starts_with('/') => options.socket = path.into(),
                Some(("socket", _)) => return Err(broken("an absolute path")),
                Some(("wait", seconds)) => {
                    let seconds = seconds.parse().ok().filter(|seconds| *seconds <= WAIT_MAX);
                    options.wait = Duration::from_secs(seconds.ok_or_else(|| broken("seconds, 0 to 600"))?);
                }
                Some(("account", "personal")) => options.accounts = Some(Accounts::Personal(ACCOUNTS.into())),
                Some(("account", shared)) => {
                    let names =
                        shared.strip_prefix("shared:").map(|names| names.split(',').map(str::to_owned).collect());
                    let names: Vec<String> = names
                        .filter(|names: &Vec<String>| !names.contains(&String::new()))
                        .ok_or_else(|| broken("personal, or shared:NAME[,NAME]"))?;
                    options.accounts = Some(Accounts::Shared(names));
                }
                Some(("accounts", path)) if path.starts_with('/') => file = Some(PathBuf::from(path)),
                Some(("accounts", _)) => return Err(broken("an absolute path")),
                Some(("function", code)) => options.function = Some(Function { code: code.into(), purpose: None }),
                Some(("purpose", code)) => purpose = Some(code.to_owned()),
                Some(("lang", "ja")) => options.language = Some(Language::Japanese),
                Some(("lang", "en")) => options.language = Some(Language::English),
                Some(("lang", _)) => return Err(broken("ja or en")),
                Some(("record", "break_glass")) => options.record = Some(Recorded::BreakGlass),
                Some(("record", _)) => return Err(broken("break_glass")),
                Some(_) | None => return Err(broken("unknown")),
            }
        }
        match (file, &mut options.accounts) {
            (None, _) => {}
            (Some(file), Some(Accounts::Personal(path))) => *path = file,
            (Some(_), Some(Accounts::Shared(_)) | None) => {
                return Err("option 'accounts': only with account=personal".into());
            }
        }
        match (purpose, &mut options.function) {
            (None, _) => {}
            (Some(purpose), Some(function)) => function.purpose = Some(purpose),
            (Some(_), None) => return Err("option 'purpose': only with function=CODE".into()),
        }
        Ok(options)
    }
}

/// Where it is written whose card opens which account.
const ACCOUNTS: &str = "/etc/sekisho/accounts";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_say_what_they_said() {
        let options = Options::parse([
            "socket=/run/other.sock",
            "wait=5",
            "account=personal",
            "accounts=/etc/a",
            "function=sudo",
            "purpose=repair",
            "lang=en",
        ]);
        let function = Some(Function { code: "sudo".into(), purpose: Some("repair".into()) });
        let expected = Options {
            socket: "/run/other.sock".into(),
            wait: Duration::from_secs(5),
            accounts: Some(Accounts::Personal("/etc/a".into())),
            function,
            language: Some(Language::English),
            record: None,
        };
        assert_eq!(options, Ok(expected));
        let shared = Options::parse(["account=shared:kiosk,counter"]).unwrap().accounts;
        assert_eq!(shared, Some(Accounts::Shared(vec!["kiosk".into(), "counter".into()])));
        assert_eq!(Options::parse(["record=break_glass"]).unwrap().record, Some(Recorded::BreakGlass));
    }

    #[test]
    fn what_is_unknown_or_means_nothing_is_refused_by_name() {
        for word in [
            "try_first_pass",
            "use_first_pass",
            "nullok",
            "acount=personal",
            "account=shared",
            "account=shared:",
            "account=shared:a,,b",
            "account=anyone",
            "socket=agent.sock",
            "wait=ever",
            "wait=601",
            "lang=fr",
            "record=all",
            "accounts=/etc/a",
            "purpose=repair",
        ] {
            let refused = Options::parse([word]).unwrap_err();
            assert!(refused.contains(word.split('=').next().unwrap()), "{word}: {refused}");
        }
    }
}
