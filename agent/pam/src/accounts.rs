//! Whose card opens which account.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::options::Accounts;

/// The file is longer than any office is large: it is read whole into the memory of a login program.
const FILE_MAX: u64 = 1 << 20;

/// Whose card opens an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Any operator's.
    Anybody,
    /// Of these operators, by code; perhaps of nobody.
    Of(Vec<String>),
}

impl Whose {
    pub(crate) fn includes(&self, operator: Option<&str>) -> bool {
        match (self, operator) {
            (Self::Anybody, _) => true,
            (Self::Of(operators), Some(operator)) => operators.iter().any(|of| of == operator),
            (Self::Of(_), None) => false,
        }
    }
}

impl Accounts {
    /// Whose card opens this account; why that cannot be told.
    pub(crate) fn of(&self, user: &str, uid: u32) -> Result<Whose, String> {
        match self {
            // Root's account is nobody's in particular to share.
            Self::Shared(names) if uid != 0 && names.iter().any(|name| name == user) => Ok(Whose::Anybody),
            Self::Shared(_) => Ok(Whose::Of(Vec::new())),
            Self::Personal(path) => read(path)
                .and_then(|text| operators(&text, user))
                .map(Whose::Of)
                .map_err(|why| format!("{}: {why}", path.display())),
        }
    }
}

/// Who writes this file says who is who: it must be root's alone.
fn read(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let about = file.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() || about.uid() != 0 || about.mode() & 0o022 != 0 {
        return Err("not a file that root alone may write".into());
    }
    let mut text = String::new();
    file.take(FILE_MAX).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// The operators whose cards open this account. A line is an operator's code and an account; `#` begins a remark.
fn operators(text: &str, user: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (None, _, _) => {}
            (Some(operator), Some(account), None) => {
                if account == user {
                    found.push(operator.to_owned());
                }
            }
            (Some(_), _, _) => return Err(format!("line {}: not an operator and an account", number + 1)),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_account_is_anybody_s_and_root_s_is_not() {
        let shared = Accounts::Shared(vec!["kiosk".into(), "root".into()]);
        assert_eq!(shared.of("kiosk", 1000), Ok(Whose::Anybody));
        for (user, uid) in [("root", 0), ("toor", 0), ("kiosk", 0), ("tanaka", 1001)] {
            assert_eq!(shared.of(user, uid), Ok(Whose::Of(Vec::new())), "{user}");
        }
        assert!(!Whose::Of(Vec::new()).includes(Some("10023")));
    }

    #[test]
    fn a_personal_account_is_of_those_whom_the_file_names() {
        let text = "# who is who\n10023 tanaka\n\n10031\ttakahashi # since April\n20001 tanaka\n";
        let tanaka = Whose::Of(operators(text, "tanaka").unwrap());
        for (operator, opens) in [(Some("10023"), true), (Some("20001"), true), (Some("10031"), false), (None, false)] {
            assert_eq!(tanaka.includes(operator), opens, "{operator:?}");
        }
        assert_eq!(operators(text, "10023"), Ok(Vec::new()));
        for broken in ["10023", "10023 tanaka too", "10023 tanaka\n10031"] {
            assert!(operators(broken, "tanaka").unwrap_err().contains("line"), "{broken}");
        }
    }

    #[test]
    fn a_file_that_others_may_write_tells_nothing() {
        use std::os::unix::fs::PermissionsExt as _;
        let path = std::env::temp_dir().join(format!("sekisho-accounts-{}", std::process::id()));
        std::fs::write(&path, "10023 tanaka\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).unwrap();
        let refused = Accounts::Personal(path.clone()).of("tanaka", 1000).unwrap_err();
        assert!(refused.contains("root alone"), "{refused}");
        std::fs::remove_file(&path).unwrap();
        assert!(Accounts::Personal(path).of("tanaka", 1000).unwrap_err().contains("No such file"));
    }
}
