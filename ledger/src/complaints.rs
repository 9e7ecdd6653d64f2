//! What goes wrong at every tick again is said once: a log full of one line hides the others.

use std::collections::HashMap;
use std::fmt::Display;

/// What a loop complained of last, by what it is about.
#[derive(Debug, Default)]
pub(crate) struct Complaints(HashMap<String, String>);

impl Complaints {
    /// Hears how one more try went; logs a fault that is new or another than the last one, and that a fault is over. Whether anything was.
    pub(crate) fn hear<E: Display>(&mut self, about: String, outcome: Result<(), E>) -> bool {
        let Err(fault) = outcome.map_err(|fault| fault.to_string()) else {
            let over = self.0.remove(&about).is_some();
            if over {
                log::warn!("{about}: it goes on again");
            }
            return over;
        };
        let new = self.0.get(&about) != Some(&fault);
        if new {
            log::error!("{about}: {fault}");
            self.0.insert(about, fault);
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_said_once_until_it_is_another_or_over() {
        let mut complaints = Complaints::default();
        let mut hear = |about: &str, fault: Option<&str>| complaints.hear(about.into(), fault.map_or(Ok(()), Err));
        assert!(!hear("index", None));
        assert!(hear("index", Some("a hole")));
        assert!(!hear("index", Some("a hole")));
        assert!(hear("checkpoint", Some("a hole")), "of something else");
        assert!(hear("index", Some("no space")));
        assert!(hear("index", None));
        assert!(!hear("index", None));
        assert!(hear("index", Some("no space")));
    }
}
