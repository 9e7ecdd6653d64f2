//! Permission to take records away (データ使用許可, S3 33, S4 21): of which days, of whose terminals, and until when.

use sekisho_wire::id::Code;

use crate::calendar::{DAY_MS, local_day, moment};
use crate::cases::Case;
use crate::change::Value;
use crate::forms::{Form, dealings};

/// What a granted request lets be taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taking {
    /// The section whose records they are.
    pub section: Code,
    /// The first day of the records.
    pub from: u32,
    /// The last one.
    pub to: u32,
    /// The last day on which they may be taken.
    pub until: u32,
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
    /// Records of a terminal of another section are asked for.
    OtherSection,
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
        Ok(Self { section: section.clone(), from, to, until })
    }

    /// The moments of these days: from the first of them to the first after them.
    #[must_use]
    pub fn period(&self) -> (u64, u64) {
        (moment(self.from, 0), moment(self.to, 0).saturating_add(DAY_MS))
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
