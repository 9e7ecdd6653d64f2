//! Trusted time: the newest verified freshness note plus the boot time that has passed since. Pure.
//!
//! What each witness is worth, and what follows from it, stands in `agent/README.md` ("Which clock is believed").

use sekisho_wire::decision::ClockState;
use sekisho_wire::id::BootId;
use serde::{Deserialize, Serialize};

/// What the two clocks say at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The machine's clock, ms since 1970 UTC.
    pub wall: u64,
    /// Since the machine started, ms.
    pub boottime: u64,
}

/// A freshness note that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenNote {
    /// When the ledger wrote it, ms since 1970 UTC.
    pub time: u64,
    /// Until when it may be relied on.
    pub until: u64,
}

/// A time, and how it goes on by the machine's own counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The time at `boottime`.
    pub time: u64,
    /// Boot time, ms.
    pub boottime: u64,
}

impl Line {
    const fn at(self, now: Moment) -> u64 {
        self.time.saturating_add(now.boottime.saturating_sub(self.boottime))
    }
}

/// What has to be on disk, so that time does not go back over a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBase {
    /// The newest note.
    pub note: SeenNote,
    /// Trusted time at the moment of `boottime` in that boot.
    pub trusted: u64,
    /// Boot time at which `trusted` was so.
    pub boottime: u64,
    /// In which boot, as hex.
    pub boot: String,
    /// How much of `trusted` is sure: two witnesses said so.
    pub vouched: u64,
    /// Whether the clock was impossible, and no newer note has come since.
    pub behind: bool,
    /// The first note of that boot.
    pub first: Option<Line>,
    /// What the machine says by itself.
    pub own: Line,
}

/// How far the wall clock may stand behind the newest note after a restart of the machine before it is called impossible.
/// A note that comes in while the machine runs carries its own time, so this is only about the machine's battery clock.
const TOLERANCE: u64 = 2 * 60 * 1000;

/// A step of trusted time that is worth a record (wire §4.1, kind 14); provisional time that is ahead by less stays.
const STEP: u64 = 2 * 60 * 1000;

/// Two clocks that tell one time are so near each other, ms: half of what the ledger calls far off (wire §7.5a).
const NEAR: u64 = 5 * 60 * 1000;

/// One ms in so many a machine's own counting may be off: crystals are better than 100 ppm.
const DRIFT: u64 = 10_000;

/// How far ahead of this machine the first note of a boot may be, ms: nobody else knows how long it was off.
const AHEAD: u64 = 24 * 60 * 60 * 1000;

/// So many notes over so much boot time, one after the other, take back what an earlier one said.
const RUN_NOTES: u32 = 3;
const RUN_SPAN: u64 = 10 * 60 * 1000;

/// The terminal's idea of what time it is.
#[derive(Clone, Debug)]
pub struct TrustedTime {
    boot: String,
    base: Option<Base>,
    /// The largest value given out: nothing smaller leaves before a note says so.
    given: u64,
}

#[derive(Clone, Copy, Debug)]
struct Base {
    note: SeenNote,
    /// Trusted time at `boottime`.
    trusted: u64,
    /// How much of `trusted` is sure. Nothing takes that back.
    vouched: u64,
    boottime: u64,
    /// Whether the wall clock at our start was before the note.
    behind: bool,
    /// The first note of this boot. Later ones are measured by it and not by each other: many small steps must not become a large one.
    first: Option<Line>,
    /// What the machine says by itself: its clock when it started, or what it bore out since, and what it has counted. No note moves it
    /// that it does not bear out: two wrong ones must not be each other's witness.
    own: Line,
    /// Notes that say otherwise, and agree among themselves.
    against: Option<Against>,
}

#[derive(Clone, Copy, Debug)]
struct Against {
    newest: SeenNote,
    /// By how much they differ from trusted time.
    by: i128,
    /// Boot time of the first.
    since: u64,
    notes: u32,
}

/// Trusted time went forward, or provisional time back, by more than two minutes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Before.
    pub from: u64,
    /// After.
    pub to: u64,
}

/// What becomes of a verified note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Taken {
    /// It is what trusted time stands on now.
    Counts(Option<Step>),
    /// It says nothing new, or is not enough to take back what was said before.
    ChangesNothing,
    /// It is too far ahead to be true.
    NotCredited,
}

impl TrustedTime {
    /// Continues from what was kept. In another boot than that of `kept` only the wall clock tells how long the machine was off; it is
    /// believed as far as it does not contradict the note.
    #[must_use]
    pub fn new(boot: &BootId, kept: Option<TimeBase>, now: Moment) -> Self {
        // A boot without a name may be any other.
        let named = *boot != BootId([0; 16]);
        let boot = boot.to_string();
        let base = kept.map(|kept| {
            let TimeBase { note, trusted, vouched, boottime, behind, first, own, .. } = kept;
            if named && kept.boot == boot && now.boottime >= boottime {
                Base { note, trusted, vouched, boottime, behind, first, own, against: None }
            } else {
                let behind = now.wall.saturating_add(TOLERANCE) < note.time;
                let trusted = vouched.max(now.wall);
                let own = Line { time: trusted, boottime: now.boottime };
                Base { note, trusted, vouched, boottime: now.boottime, behind, first: None, own, against: None }
            }
        });
        Self { boot, base, given: base.map_or(0, |base| base.trusted) }
    }

    /// Never less than this, which is what records say that were written before; provisional like the wall clock.
    #[must_use]
    pub fn not_before(mut self, recorded: u64, now: Moment) -> Self {
        if self.now(now) < recorded
            && let Some(base) = self.base.as_mut()
        {
            let passed = now.boottime.saturating_sub(base.boottime);
            (base.trusted, base.vouched, base.boottime) = (recorded, base.vouched.saturating_add(passed), now.boottime);
            self.given = recorded;
        }
        self
    }

    /// Trusted time now. Without any note it is the wall clock, and [`Self::clock_state`] says so.
    pub fn now(&mut self, now: Moment) -> u64 {
        let computed =
            self.base.map_or(now.wall, |base| base.trusted.saturating_add(now.boottime.saturating_sub(base.boottime)));
        self.given = self.given.max(computed);
        self.given
    }

    /// Takes a verified note.
    pub fn note(&mut self, note: SeenNote, now: Moment) -> Taken {
        let Some(base) = self.base else { return self.take(note, now, now.wall) };
        let line = self.now(now);
        let slack = base.slack(now);
        if base.is_too_far_ahead(note.time, line, now) {
            return Taken::NotCredited;
        }
        let newer = note.time > base.note.time;
        let behind = note.time.saturating_add(slack) < line;
        // A note that was ahead of its time makes all that follow look old.
        let misled = base.note.time > line.saturating_add(slack);
        if (behind && (base.first.is_some() || !newer)) || (misled && !newer) {
            return self.say_against(note, now, line);
        }
        if newer { self.take(note, now, line) } else { Taken::ChangesNothing }
    }

    /// From here on trusted time stands on this note. `line` is what was trusted before.
    fn take(&mut self, note: SeenNote, now: Moment, line: u64) -> Taken {
        let sure = self.base.map_or(0, |base| base.vouched_at(now));
        let borne_out = is_near(note.time, now.wall) || self.base.is_some() && note.time <= sure.saturating_add(NEAR);
        let own = self.base.map_or(Line { time: now.wall, boottime: now.boottime }, |base| base.own);
        // What the note and the machine both say is sure; what only the note says can be taken back by those that follow. A machine that
        // is further ahead than the note contradicts it: of two that are fast the slower must not be borne out by the faster.
        let both = if borne_out { note.time } else { Some(own.at(now)).filter(|own| *own <= note.time).unwrap_or(0) };
        let vouched = sure.max(both);
        let told = note.time.max(sure);
        let first = self.base.and_then(|base| base.first);
        let to = match self.base {
            // The first note replaces the wall clock, which nobody vouched for.
            None => note.time,
            // So it does with what is provisional since the restart.
            Some(_) if first.is_none() && note.time <= line && line > told.saturating_add(STEP) => told,
            Some(_) => line.max(note.time),
        };
        let here = Line { time: note.time, boottime: now.boottime };
        let slack = self.base.map_or(NEAR, |base| base.slack(now));
        // One beyond the bound was vouched for by the machine's own clock, which somebody has put right.
        let first = first.filter(|first| note.time <= first.at(now).saturating_add(slack)).unwrap_or(here);
        let own = if borne_out { here } else { own };
        let first = Some(first);
        let boottime = now.boottime;
        self.stand_on(line, Base { note, trusted: to, vouched, boottime, behind: false, first, own, against: None })
    }

    /// A note that says that it is earlier than we think. One may be old, and be shown again; a run of them, each newer than the one before
    /// and as far off as that, takes back what an earlier note alone had said, and nothing that is sure.
    fn say_against(&mut self, note: SeenNote, now: Moment, line: u64) -> Taken {
        let Some(base) = self.base.as_mut() else { return Taken::ChangesNothing };
        let by = i128::from(note.time) - i128::from(line);
        let goes_on =
            |run: &Against| note.time > run.newest.time && by.abs_diff(run.by) <= u128::from(NEAR) && run.notes > 0;
        let run = match base.against.filter(goes_on) {
            Some(run) => Against { newest: note, notes: run.notes.saturating_add(1), ..run },
            None => Against { newest: note, by, since: now.boottime, notes: 1 },
        };
        base.against = Some(run);
        let long = run.notes >= RUN_NOTES && now.boottime.saturating_sub(run.since) >= RUN_SPAN;
        let sure = base.vouched_at(now);
        // Where the machine's own clock bears out what we think, it is the ledger's that is slow.
        let alone = is_near(now.wall, line) && !is_near(note.time, line);
        if !long || alone || note.time.saturating_add(NEAR) < sure {
            return Taken::ChangesNothing;
        }
        let (first, own) = (Line { time: note.time, boottime: now.boottime }, base.own);
        let (trusted, first, boottime) = (note.time.max(sure), Some(first), now.boottime);
        self.stand_on(line, Base { note, trusted, vouched: sure, boottime, behind: false, first, own, against: None })
    }

    fn stand_on(&mut self, from: u64, base: Base) -> Taken {
        let to = base.trusted;
        self.base = Some(base);
        self.given = to;
        Taken::Counts((from.abs_diff(to) > STEP).then_some(Step { from, to }))
    }

    /// How much of trusted time is sure, whatever becomes of the rest: 0 while nothing is.
    #[must_use]
    pub fn vouched(&self, now: Moment) -> u64 {
        self.base.map_or(0, |base| base.vouched_at(now))
    }

    /// How far trusted time can be believed (wire §4.2, 21).
    #[must_use]
    pub const fn clock_state(&self) -> ClockState {
        match self.base {
            None => ClockState::Unknown,
            Some(Base { behind: true, .. }) => ClockState::Behind,
            Some(Base { behind: false, .. }) => ClockState::Sound,
        }
    }

    /// The newest note.
    #[must_use]
    pub fn newest_note(&self) -> Option<SeenNote> {
        self.base.map(|base| base.note)
    }

    /// What to keep on disk.
    #[must_use]
    pub fn to_keep(&self, now: Moment) -> Option<TimeBase> {
        let base = self.base?;
        let passed = now.boottime.saturating_sub(base.boottime);
        Some(TimeBase {
            note: base.note,
            trusted: self.given.max(base.trusted.saturating_add(passed)),
            boottime: now.boottime,
            boot: self.boot.clone(),
            vouched: base.vouched_at(now),
            behind: base.behind,
            first: base.first,
            own: base.own,
        })
    }
}

impl Base {
    const fn vouched_at(&self, now: Moment) -> u64 {
        self.vouched.saturating_add(now.boottime.saturating_sub(self.boottime))
    }

    /// How far a true note may be from what we think.
    fn slack(&self, now: Moment) -> u64 {
        self.first.map_or(NEAR, |first| NEAR + now.boottime.saturating_sub(first.boottime) / DRIFT)
    }

    /// Whether a note of this time cannot be true: by the first note of this boot and what was counted since, or before there is one by what
    /// the machine's clock and the records say. The machine's clock may bear a note out; one that is impossible says nothing.
    fn is_too_far_ahead(&self, note: u64, line: u64, now: Moment) -> bool {
        match self.first {
            Some(first) => note > first.at(now).saturating_add(self.slack(now)) && !is_near(note, now.wall),
            None => !self.behind && note > line.max(now.wall).saturating_add(AHEAD),
        }
    }
}

const fn is_near(one: u64, other: u64) -> bool {
    one.abs_diff(other) <= NEAR
}

#[cfg(test)]
#[path = "trusted/tests.rs"]
mod tests;
