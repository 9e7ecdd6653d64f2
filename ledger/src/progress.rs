//! How far long work has come, for whoever waits for it: a line that is written over where a person watches, a line now and then where a file does.

use std::time::Duration;

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// So many entries.
    pub done: u64,
    /// Of so many; nothing where nobody knows.
    pub of: Option<u64>,
}

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A person at a terminal.
    Person,
    /// A file, or the machine's log.
    File,
}

/// Says what there is to say, and no more often than it helps.
#[derive(Debug)]
pub struct Meter {
    reader: Reader,
    begun: Duration,
    said: Option<Duration>,
}

impl Meter {
    /// Of work that begins now, by a clock that only goes forward.
    #[must_use]
    pub const fn new(reader: Reader, now: Duration) -> Self {
        Self { reader, begun: now, said: None }
    }

    /// What is to be written, if anything: `words` say what was done to so many entries.
    pub fn say(&mut self, progress: Progress, words: impl Fn(&str) -> String, now: Duration) -> Option<String> {
        let since = now.saturating_sub(self.said.unwrap_or(self.begun));
        let due = match self.reader {
            Reader::Person => self.said.is_none() || since >= PERSON_EVERY,
            Reader::File => since >= FILE_EVERY,
        };
        if !due {
            return None;
        }
        self.said = Some(now);
        let told = words(&progress.told(now.saturating_sub(self.begun)));
        Some(match self.reader {
            Reader::Person => format!("\r\x1b[K{told}"),
            Reader::File => format!("{told}\n"),
        })
    }

    /// What is to be written at the end: what was found stands on a line of its own.
    #[must_use]
    pub const fn end(&self) -> &'static str {
        match self.reader {
            Reader::Person if self.said.is_some() => "\r\x1b[K",
            Reader::Person | Reader::File => "",
        }
    }
}

impl Progress {
    /// How many of how many, as a part of a hundred; how many a second, and for how long that will take.
    fn told(self, took: Duration) -> String {
        let Self { done, of } = self;
        let rate = u128::from(done) * 1000 / took.as_millis().max(1);
        let Some(of) = of.map(|of| of.max(done)) else { return format!("{done}, {rate}/s") };
        let part = u128::from(done) * 100 / u128::from(of.max(1));
        let told = format!("{done} / {of}, {part} %, {rate}/s");
        if rate == 0 || took < SURE {
            return told;
        }
        let left = u128::from(of - done) / rate;
        let (hours, minutes, seconds) = (left / 3600, left / 60 % 60, left % 60);
        format!("{told}, −{hours}:{minutes:02}:{seconds:02}")
    }
}

const PERSON_EVERY: Duration = Duration::from_millis(250);
const FILE_EVERY: Duration = Duration::from_secs(30);
/// Before that a rate is chance.
const SURE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    const fn of(done: u64, of: u64) -> Progress {
        Progress { done, of: Some(of) }
    }

    const fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn words(told: &str) -> String {
        format!("{told} entries")
    }

    #[test]
    fn a_person_sees_part_rate_and_what_is_left_and_not_every_entry() {
        let mut meter = Meter::new(Reader::Person, at(1000));
        assert_eq!(meter.end(), "", "nothing was shown");
        let said = [
            meter.say(of(0, 4000), words, at(1000)),
            meter.say(of(50, 4000), words, at(1100)),
            meter.say(of(1000, 4000), words, at(2000)),
            meter.say(of(2000, 4000), words, at(11_000)),
            meter.say(Progress { done: 9, of: None }, words, at(12_000)),
        ];
        let expected = [
            Some("\r\x1b[K0 / 4000, 0 %, 0/s entries"),
            None,
            Some("\r\x1b[K1000 / 4000, 25 %, 1000/s entries"),
            Some("\r\x1b[K2000 / 4000, 50 %, 200/s, −0:00:10 entries"),
            Some("\r\x1b[K9, 0/s entries"),
        ];
        assert_eq!(said.each_ref().map(Option::as_deref), expected);
        assert_eq!(meter.end(), "\r\x1b[K");
    }

    #[test]
    fn a_file_gets_whole_lines_and_few() {
        let mut meter = Meter::new(Reader::File, at(0));
        assert_eq!(meter.say(of(1, 10), words, at(29_000)), None);
        assert_eq!(meter.say(of(2, 10), words, at(30_000)).as_deref(), Some("2 / 10, 20 %, 0/s entries\n"));
        assert_eq!(meter.say(of(3, 10), words, at(31_000)), None);
        assert_eq!(meter.end(), "");
    }

    #[test]
    fn more_than_there_were_is_all_there_is() {
        assert_eq!(of(11, 10).told(at(1000)), "11 / 11, 100 %, 11/s");
        assert_eq!(of(0, 0).told(at(0)), "0 / 0, 0 %, 0/s");
        assert_eq!(of(10_000_000, 100_000_000).told(at(60_000)), "10000000 / 100000000, 10 %, 166666/s, −0:09:00");
    }
}
