//! What has been brought of logs that lack something, before it is written: in memory, within limits, and believed by nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sekisho_register::{NameHash, SignedAct};
use sekisho_tlog::Hash;
use sekisho_wire::id::{Code, OfficeId};
use zeroize::Zeroizing;

use crate::acts::Name;
use crate::clock::Millis;
use crate::ingest::Verified;
use crate::refusal::Refusal;
use crate::store::LogName;

/// What is brought takes so much memory at most, in all: an office that lacks more is missing a whole backup.
const ROOM: usize = 1 << 30;
/// What a name takes besides its text.
const NAME: usize = 128;

#[derive(Debug)]
pub(super) struct Brought {
    pub(super) logs: BTreeMap<(OfficeId, LogName), Gathered>,
    /// Names that terminals still know.
    pub(super) names: BTreeMap<OfficeId, BTreeMap<NameHash, Name>>,
    pub(super) bytes: usize,
    /// So many bytes at most.
    pub(super) room: usize,
    /// How many entries each of these offices lacks.
    pub(super) lacking: BTreeMap<OfficeId, u64>,
    /// Somebody writes what is complete.
    pub(super) writing: bool,
}

impl Default for Brought {
    fn default() -> Self {
        let (logs, names, lacking) = Default::default();
        Self { logs, names, bytes: 0, room: ROOM, lacking, writing: false }
    }
}

/// What has been brought for one log, and by whom.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) runs: Runs,
    pub(super) bringers: BTreeSet<Code>,
    /// Who is passed over, and until when: what was brought came to another root, so somebody's word is wrong, and each in turn is left out.
    pub(super) left_out: Option<(Code, Millis)>,
}

/// How long somebody is left out: the others have come again by then.
pub(super) const LEFT_OUT: Millis = 10 * 60_000;

impl Gathered {
    /// What was brought is not what was signed: all of it is asked for again, without the next of those who brought it.
    pub(super) fn doubt(&mut self, now: Millis) {
        self.runs.clear();
        let before = self.left_out.take().map(|(code, _)| code);
        let next = self.bringers.iter().find(|code| before.as_ref().is_none_or(|before| *code > before));
        let next = next.or(self.bringers.first()).filter(|_| self.bringers.len() > 1).cloned();
        if let Some(next) = &next {
            log::warn!("what terminal {next} brings is left out for a while: it may be what is wrong");
        }
        self.left_out = next.map(|code| (code, now.saturating_add(LEFT_OUT)));
    }

    pub(super) fn leaves_out(&self, bringer: &Code, now: Millis) -> bool {
        self.left_out.as_ref().is_some_and(|(code, until)| code == bringer && now < *until)
    }

    pub(super) fn bytes(&self) -> usize {
        self.runs.values().map(|run| run.bytes()).sum()
    }
}

/// Whether what was brought stands at its place now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Yes,
    /// It is not lacking.
    No,
}

/// What has been brought for one log: by the index of its first entry, and none overlaps another.
pub(super) type Runs = BTreeMap<u64, Arc<Run>>;

/// Entries that lie one behind the other, and are written together.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) leaves: Vec<Hash>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// Records of a terminal.
    Batch(Box<Verified>),
    /// A record of our own.
    Own(Zeroizing<Vec<u8>>),
    /// An act.
    Act(Vec<u8>),
}

impl Run {
    pub(super) fn end(&self, index: u64) -> u64 {
        index.saturating_add(self.leaves.len() as u64)
    }

    pub(super) fn bytes(&self) -> usize {
        match &self.what {
            What::Batch(verified) => verified.records.iter().map(|record| record.bytes.len()).sum(),
            What::Own(bytes) => bytes.len(),
            What::Act(bytes) => bytes.len(),
        }
    }

    /// The names that it speaks of.
    pub(super) fn names(&self) -> Vec<NameHash> {
        match &self.what {
            What::Act(bytes) => SignedAct::decode(bytes).map_or_else(|_| Vec::new(), |act| act.names()),
            What::Batch(_) | What::Own(_) => Vec::new(),
        }
    }

    pub(super) fn leaf(&self, index: u64, at: u64) -> Option<&Hash> {
        self.leaves.get(usize::try_from(at.checked_sub(index)?).ok()?)
    }
}

/// What is missing between these, at most so many ranges.
pub(super) fn missing(runs: &Runs, from: u64, to: u64, most: usize) -> Vec<(u64, u64)> {
    let (mut missing, mut next) = (Vec::new(), from);
    for (index, run) in runs.range(..to).filter(|(index, run)| run.end(**index) > from) {
        if *index > next {
            missing.push((next, *index));
        }
        next = run.end(*index);
    }
    if next < to {
        missing.push((next, to));
    }
    missing.truncate(most);
    missing
}

impl Brought {
    /// One more, for a log that lacks what lies between these. What stands at its place already must be the same: the root will say which of two is
    /// right, and nobody can know before.
    pub(super) fn put(
        &mut self,
        key: (OfficeId, LogName),
        (from, to): (u64, u64),
        index: u64,
        run: Run,
    ) -> Result<Kept, Refusal> {
        let end = run.end(index);
        if end <= from || index >= to {
            return Ok(Kept::No);
        }
        if index < from || end > to {
            return Err(Refusal::Malformed("a run over the edge of what is lacking"));
        }
        let runs = &self.logs.entry(key).or_default().runs;
        let overlapped = || runs.range(..end).filter(|(at, there)| there.end(**at) > index);
        for (at, there) in overlapped() {
            if (index.max(*at)..end.min(there.end(*at))).any(|place| run.leaf(index, place) != there.leaf(*at, place)) {
                log::error!(
                    "two entries were brought for one place of {} {}, from {index} on: one of them is wrong",
                    key.0,
                    key.1
                );
                return Err(Refusal::Malformed("another entry for that place"));
            }
        }
        if overlapped().next().is_some() {
            // The same stands there: another terminal may know the names beside it.
            return Ok(Kept::Yes);
        }
        self.make_room(&key.0, run.bytes())?;
        self.bytes += run.bytes();
        self.logs.entry(key).or_default().runs.insert(index, Arc::new(run));
        Ok(Kept::Yes)
    }

    pub(super) fn put_name(&mut self, office: &OfficeId, name: &Name) -> Result<(), Refusal> {
        let (hash, bytes) = (name.hash(), NAME + name.text.len());
        if self.names.get(office).is_some_and(|known| known.contains_key(&hash)) {
            return Ok(());
        }
        self.make_room(office, bytes)?;
        self.bytes += bytes;
        self.names.entry(*office).or_default().insert(hash, name.clone());
        Ok(())
    }

    /// Room for so much more of this office. Whoever lacks most gives way, and is filled when the others are: no two keep each other from it.
    fn make_room(&mut self, office: &OfficeId, more: usize) -> Result<(), Refusal> {
        while self.bytes.saturating_add(more) > self.room {
            let holding: BTreeSet<OfficeId> = self.holding().chain([*office]).collect();
            let lacks = |office: &OfficeId| self.lacking.get(office).copied().unwrap_or(0);
            let most = holding.iter().max_by_key(|office| (lacks(office), **office)).copied();
            let Some(gives_way) = most.filter(|most| most != office) else {
                // Alone it never comes to an end.
                return Err(if holding.len() > 1 { Refusal::Busy } else { Refusal::TooLarge });
            };
            log::warn!("what was brought for office {gives_way} gives way to an office that lacks less");
            self.give_way(&gives_way);
        }
        Ok(())
    }

    /// Offices that have something here.
    fn holding(&self) -> impl Iterator<Item = OfficeId> {
        let logs = self.logs.iter().filter(|(_, gathered)| !gathered.runs.is_empty()).map(|((office, _), _)| *office);
        logs.chain(self.names.keys().copied())
    }

    /// It is all asked for again.
    pub(super) fn give_way(&mut self, office: &OfficeId) {
        for (_, gathered) in self.logs.iter_mut().filter(|((of, _), _)| of == office) {
            self.bytes = self.bytes.saturating_sub(gathered.bytes());
            gathered.runs.clear();
        }
        self.forget_names(office);
    }

    fn forget_names(&mut self, office: &OfficeId) {
        let names = self.names.remove(office).unwrap_or_default();
        let bytes: usize = names.values().map(|name| NAME + name.text.len()).sum();
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Nothing of what was brought for this log is believed.
    pub(super) fn doubt(&mut self, key: &(OfficeId, LogName), now: Millis) {
        if let Some(gathered) = self.logs.get_mut(key) {
            self.bytes = self.bytes.saturating_sub(gathered.bytes());
            gathered.doubt(now);
            // The acts that spoke of them are not believed either.
            self.forget_names(&key.0);
        }
    }

    /// Nothing of this log is needed any more.
    pub(super) fn forget(&mut self, key: &(OfficeId, LogName)) {
        let gone = self.logs.remove(key).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(gone.bytes());
        if !self.logs.keys().any(|(office, _)| *office == key.0) {
            self.forget_names(&key.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: (OfficeId, LogName) = (OfficeId([1; 16]), LogName::Register);
    const LARGE: (OfficeId, LogName) = (OfficeId([2; 16]), LogName::Register);

    fn run(byte: u8) -> Run {
        Run { leaves: vec![Hash([byte; 32])], what: What::Act(vec![byte; 100]) }
    }

    #[test]
    fn the_office_that_lacks_most_gives_way_and_keeps_no_other_from_being_filled() {
        let mut brought = Brought { room: 450, ..Brought::default() };
        brought.lacking.extend([(SMALL.0, 3), (LARGE.0, 9)]);
        let put = |brought: &mut Brought, key, to, index| brought.put(key, (0, to), index, run(index as u8)).map(drop);
        (0..4).for_each(|index| put(&mut brought, LARGE, 9, index).unwrap());
        assert!(matches!(put(&mut brought, LARGE, 9, 4), Err(Refusal::TooLarge)), "alone it never comes to an end");
        put(&mut brought, SMALL, 3, 0).unwrap();
        assert_eq!(brought.bytes, 100, "all of the other's is asked for again");
        (1..3).for_each(|index| put(&mut brought, SMALL, 3, index).unwrap());
        put(&mut brought, LARGE, 9, 0).unwrap();
        assert!(matches!(put(&mut brought, LARGE, 9, 1), Err(Refusal::Busy)), "it comes again");
        brought.forget(&SMALL);
        (1..4).for_each(|index| put(&mut brought, LARGE, 9, index).unwrap());
        brought.give_way(&LARGE.0);
        assert_eq!(brought.bytes, 0);
    }
}
