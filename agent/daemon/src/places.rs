//! Who may have how many of the socket's connections, and how fast each may ask. Nobody without a right can take the places of those
//! that have one, and nobody can take root's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::Limits;
use crate::function::{Caller, Standing};
use crate::rate::Rate;

/// An eighth of all places is kept for root and the agent's own user.
const KEPT_FOR_TRUSTED: usize = 8;
/// Those whom the configuration does not name have half of all places, together.
const FOR_STRANGERS: usize = 2;
/// One uid has a quarter of all places at most; one that is not named a sixteenth.
const FOR_NAMED_UID: usize = 4;
const FOR_STRANGE_UID: usize = 16;
/// All strangers together may ask a tenth as fast as one uid that is named.
const SLOWER: u32 = 10;

/// The places of one socket.
#[derive(Debug)]
pub(crate) struct Places {
    all: usize,
    per_second: u32,
    taken: Mutex<Taken>,
}

#[derive(Debug)]
struct Taken {
    trusted: usize,
    named: HashMap<u32, usize>,
    strange: HashMap<u32, usize>,
    /// One for each uid that is named: the configuration bounds how many those are. They stay, or a new connection would be a new start.
    rates: HashMap<u32, Arc<Mutex<Rate>>>,
    strangers: Arc<Mutex<Rate>>,
}

/// A connection's place. Free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    uid: u32,
    standing: Standing,
    rate: Option<Arc<Mutex<Rate>>>,
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let per_second = limits.requests_per_second;
        let taken = Taken {
            trusted: 0,
            named: HashMap::new(),
            strange: HashMap::new(),
            rates: HashMap::new(),
            strangers: Rate::shared((per_second / SLOWER).max(1)),
        };
        Arc::new(Self { all: limits.connections, per_second, taken: Mutex::new(taken) })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for this caller, if it may have one more.
    pub(crate) fn take(self: &Arc<Self>, caller: &Caller) -> Option<Place> {
        let (uid, standing) = (caller.uid, caller.standing());
        let mut taken = self.lock();
        let (named, strange): (usize, usize) = (taken.named.values().sum(), taken.strange.values().sum());
        let untrusted = named + strange;
        let room = self.all.saturating_sub((self.all / KEPT_FOR_TRUSTED).max(1));
        let of = |uids: &HashMap<u32, usize>| uids.get(&uid).copied().unwrap_or(0);
        let share = |part: usize| (self.all / part).max(1);
        let free = taken.trusted + untrusted < self.all
            && match standing {
                Standing::Trusted => true,
                Standing::Named => untrusted < room.max(1) && of(&taken.named) < share(FOR_NAMED_UID),
                Standing::Stranger => {
                    untrusted < room.max(1)
                        && strange < share(FOR_STRANGERS)
                        && of(&taken.strange) < share(FOR_STRANGE_UID)
                }
            };
        if !free {
            return None;
        }
        let rate = match standing {
            Standing::Trusted => {
                taken.trusted += 1;
                None
            }
            Standing::Named => {
                *taken.named.entry(uid).or_default() += 1;
                let per_second = self.per_second;
                Some(Arc::clone(taken.rates.entry(uid).or_insert_with(|| Rate::shared(per_second))))
            }
            Standing::Stranger => {
                *taken.strange.entry(uid).or_default() += 1;
                Some(Arc::clone(&taken.strangers))
            }
        };
        drop(taken);
        Some(Place { places: Arc::clone(self), uid, standing, rate })
    }
}

impl Place {
    /// Waits until one more request is due. Who asks faster waits; nobody is refused for being quick.
    pub(crate) fn wait(&self) {
        if let Some(rate) = &self.rate {
            // Waited for outside the lock: others of this uid have their own turn.
            let pause = rate.lock().unwrap_or_else(PoisonError::into_inner).pause();
            std::thread::sleep(pause);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        let uids = match self.standing {
            Standing::Trusted => {
                taken.trusted = taken.trusted.saturating_sub(1);
                return;
            }
            Standing::Named => &mut taken.named,
            Standing::Stranger => &mut taken.strange,
        };
        if let Some(count) = uids.get_mut(&self.uid) {
            *count = count.saturating_sub(1);
        }
        uids.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panel;

    const LIMITS: Limits = Limits { connections: 128, requests_per_second: 2000 };

    fn stranger(uid: u32) -> Caller {
        Caller { uid, application: None, trusted: false, may_prompt: false }
    }

    fn named(uid: u32) -> Caller {
        Caller { may_prompt: true, ..stranger(uid) }
    }

    fn fill(places: &Arc<Places>, caller: &Caller) -> Vec<Place> {
        std::iter::from_fn(|| places.take(caller)).collect()
    }

    #[test]
    fn no_stranger_takes_the_places_of_the_panel_or_of_root() {
        let places = Places::new(&LIMITS);
        let one = fill(&places, &stranger(1000));
        assert_eq!(one.len(), 8);
        let others: Vec<Vec<Place>> = (1001..1100).map(|uid| fill(&places, &stranger(uid))).collect();
        assert_eq!(one.len() + others.iter().map(Vec::len).sum::<usize>(), 64);
        let panel_of_clerk = fill(&places, &named(500));
        assert_eq!(panel_of_clerk.len(), 32, "a clerk's own malware fills that clerk's places only");
        assert!(places.take(&named(501)).is_some());
        let more: usize = (502..600).map(|uid| std::mem::ManuallyDrop::new(fill(&places, &named(uid))).len()).sum();
        assert_eq!(more, 16);
        assert_eq!(fill(&places, &panel()).len(), 16, "root's own");
    }

    #[test]
    fn a_socket_of_few_places_keeps_one_for_root() {
        for connections in 2..20 {
            let places = Places::new(&Limits { connections, ..LIMITS });
            let held: Vec<Vec<Place>> = (500..600).map(|uid| fill(&places, &named(uid))).collect();
            assert!(held.iter().any(|places| !places.is_empty()), "{connections}");
            assert!(places.take(&panel()).is_some(), "{connections}");
        }
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let places = Places::new(&LIMITS);
        let taken = fill(&places, &stranger(1000));
        assert!(places.take(&stranger(1000)).is_none());
        drop(taken);
        assert_eq!(fill(&places, &stranger(1000)).len(), 8);
    }

    #[test]
    fn a_new_connection_is_no_new_start_for_who_asks_too_fast() {
        let places = Places::new(&LIMITS);
        let rate = |caller: &Caller| places.take(caller).unwrap().rate.clone();
        assert!(Arc::ptr_eq(&rate(&named(500)).unwrap(), &rate(&named(500)).unwrap()));
        assert!(!Arc::ptr_eq(&rate(&named(500)).unwrap(), &rate(&named(501)).unwrap()));
        assert!(Arc::ptr_eq(&rate(&stranger(1000)).unwrap(), &rate(&stranger(1001)).unwrap()));
        assert!(rate(&panel()).is_none());
    }
}
