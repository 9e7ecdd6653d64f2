//! Dates as people write them, and what is said of those that are none.

pub(crate) use sekisho_register::dates::{Edge, NotADate, When, minute_of_day};

use sekisho_wire::words::Language;

use crate::error::Said;

/// What is wrong with a date, in both languages.
pub(crate) fn said(fault: NotADate) -> Said {
    Said::new(fault.text(Language::English), fault.text(Language::Japanese))
}
