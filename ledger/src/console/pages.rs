//! Each page, one file for what belongs together.

pub(crate) mod acts;
pub(crate) mod cases;
pub(crate) mod changes;
pub(crate) mod connection;
pub(crate) mod help;
pub(crate) mod incidents;
mod kinds;
pub(crate) mod proposals;
pub(crate) mod records;
pub(crate) mod registers;
pub(crate) mod retention;
pub(crate) mod review;
pub(crate) mod reviews;
pub(crate) mod start;
pub(crate) mod steps;
pub(crate) mod terminals;
pub(crate) mod usage;
pub(crate) mod wish;

use sekisho_wire::record::About;

/// About entries by their number.
fn from(first: u64) -> About {
    About { first: Some(first), ..About::default() }
}

/// Texts side by side; a dash for none.
fn list<T: ToString>(items: impl IntoIterator<Item = T>, between: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "-".to_owned() } else { items.join(between) }
}
