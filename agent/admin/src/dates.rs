//! Dates as people write them.

pub(crate) use sekisho_register::dates::{Edge, When, minute_of_day};
