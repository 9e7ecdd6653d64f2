//! Permission to take records away (データ使用許可, S3 33, S4 21): of which days, of whose terminals, and until when.

use sekisho_wire::id::Code;
use sekisho_wire::record::{Body, Emitter, Record};

use crate::calendar::{DAY_MS, local_day, moment};
use crate::cases::Case;
use crate::change::Value;
use crate::fold::Register;
use crate::forms::{Form, dealings};

/// What a granted request lets be taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taking {
    /// Whose records they are.
    pub extent: Extent,
    /// The first day of the records.
    pub from: u32,
    /// The last one.
    pub to: u32,
    /// The last day on which they may be taken.
    pub until: u32,
}

/// Whose records may be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that terminals wrote while they stood in this section, and that the ledger wrote about such a terminal.
    Section(Code),
    /// The logs of the whole office, with what the ledger wrote itself.
    Office,
}

/// Why a permission does not cover what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCovered {
    /// There is no request of that number, or nobody has granted it yet.
    NotGranted,
    /// It was refused or withdrawn.
    Refused,
    /// It was granted, and its use was ended.
    Ended,
    /// Its last day is over.
    Over {
        /// That day.
        until: u32,
    },
    /// Records of other days are asked for.
    OtherDays {
        /// The first day that is permitted.
        from: u32,
        /// The last one.
        to: u32,
    },
    /// Records of a terminal of another section, or of no terminal, are asked for.
    OtherSection,
    /// Logs of the whole office are asked for.
    NotWhole,
}

/// The terminal that wrote a record, or about which the ledger did.
fn written_about(record: &Record) -> Option<&Code> {
    if let Emitter::Terminal(terminal) = &record.emitter {
        return Some(terminal);
    }
    if let Body::Enrolment(enrolment) = &record.body {
        return Some(&enrolment.terminal);
    }
    if let Body::Alarm(alarm) = &record.body { alarm.terminal.as_ref() } else { None }
}

impl Taking {
    /// What this request lets be taken away at `now`.
    ///
    /// # Errors
    /// [`NotCovered`].
    pub fn of(case: &Case, now: u64) -> Result<Self, NotCovered> {
        let granted = |key: u8| {
            let answer = case.taken(key).next_back()?;
            let said = answer.written.field(dealings::ANSWERED) == Some(&Value::Choice(dealings::GRANTED));
            Some((said, answer.written.made))
        };
        let day = |key: u8| if let Some(Value::Day(day)) = case.opened.field(key) { Some(*day) } else { None };
        if case.id.form != Form::ExportRequest {
            return Err(NotCovered::NotGranted);
        }
        let (permitted, made) = match granted(dealings::PERMITTED) {
            None if case.is_closed() => return Err(NotCovered::Refused),
            None => return Err(NotCovered::NotGranted),
            Some(answer) => answer,
        };
        if !permitted {
            return Err(NotCovered::Refused);
        }
        if case.is_closed() {
            return Err(NotCovered::Ended);
        }
        let (Some(Value::Code(section)), Some(from), Some(to)) =
            (case.opened.field(dealings::OWNING_SECTION), day(dealings::RECORDS_FROM), day(dealings::RECORDS_TO))
        else {
            return Err(NotCovered::NotGranted);
        };
        let until = day(dealings::TAKEN_UNTIL).unwrap_or_else(|| local_day(made).saturating_add(dealings::TAKEN_DAYS));
        if until < local_day(now) {
            return Err(NotCovered::Over { until });
        }
        let whole = case.takes_the_whole_office();
        let extent = if whole { Extent::Office } else { Extent::Section(section.clone()) };
        Ok(Self { extent, from, to, until })
    }

    /// The moments of these days: from the first of them to the first after them.
    #[must_use]
    pub fn period(&self) -> (u64, u64) {
        (moment(self.from, 0), moment(self.to, 0).saturating_add(DAY_MS))
    }

    /// Whether a record is one of those, by whom it was written and when.
    ///
    /// # Errors
    /// [`NotCovered::OtherDays`], [`NotCovered::OtherSection`].
    pub fn covers_record(&self, register: &Register, record: &Record) -> Result<(), NotCovered> {
        self.covers(record.trusted, record.trusted.saturating_add(1))?;
        let Extent::Section(section) = &self.extent else { return Ok(()) };
        let terminal = written_about(record).ok_or(NotCovered::OtherSection)?;
        let stood = register.terminal(terminal).map(|known| {
            let then = known.version_at(record.trusted).unwrap_or_else(|| known.version());
            &then.section
        });
        if stood == Some(section) { Ok(()) } else { Err(NotCovered::OtherSection) }
    }

    /// Whether a terminal stands in that section, or ever did.
    #[must_use]
    pub fn covers_terminal(&self, register: &Register, terminal: &str) -> bool {
        let Extent::Section(section) = &self.extent else { return true };
        let known = Code::new(terminal).ok().and_then(|code| register.terminal(&code));
        known.is_some_and(|known| known.versions().iter().any(|said| said.value.section == *section))
    }

    /// Whether logs may be taken as a whole.
    ///
    /// # Errors
    /// [`NotCovered::NotWhole`].
    pub fn covers_logs(&self) -> Result<(), NotCovered> {
        if self.extent == Extent::Office { Ok(()) } else { Err(NotCovered::NotWhole) }
    }

    /// Whether all that lies between these moments, the second not included, is of these days.
    ///
    /// # Errors
    /// [`NotCovered::OtherDays`].
    pub fn covers(&self, since: u64, until: u64) -> Result<(), NotCovered> {
        let (first, end) = self.period();
        let inside = since >= first && until <= end;
        if inside { Ok(()) } else { Err(NotCovered::OtherDays { from: self.from, to: self.to }) }
    }
}
