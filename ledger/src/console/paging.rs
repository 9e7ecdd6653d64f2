//! Long lists, a page at a time: from which row on stands in the address, and an address that names none is refused.

use super::html::{Block, Cell};
use super::visit::View;
use crate::refusal::Refusal;

/// A page of a list: these of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    from: usize,
    all: usize,
}

impl Paging {
    /// The page that an address asks for, of a list of so many; without a word of it the first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for what is no number, and behind the end of the list.
    pub(crate) fn of(asked: &str, all: usize) -> Result<Self, Refusal> {
        let from = if asked.is_empty() { Some(0) } else { asked.parse().ok() };
        let from = from.filter(|from| *from == 0 || *from < all).ok_or(Refusal::NotFound(PAGE_OF_LIST))?;
        Ok(Self { from, all })
    }

    /// What stands on it.
    pub(crate) fn take<T>(self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        items.into_iter().skip(self.from).take(PAGE).collect()
    }

    /// Which rows these are, and the ways to the pages around it; nothing where all stands on one. `to` makes the address of the page from a row on.
    pub(crate) fn ways(self, view: &View<'_>, to: impl Fn(usize) -> String) -> Vec<Block> {
        let Self { from, all } = self;
        if from == 0 && all <= PAGE {
            return Vec::new();
        }
        let (first, last) = (from + 1, from.saturating_add(PAGE).min(all));
        let text =
            view.say(format!("Rows {first} to {last} of {all}."), format!("{all}件中 {first}～{last}件目を表示"));
        let before =
            (from > 0).then(|| Cell::link(to(from.saturating_sub(PAGE)), view.say("The page before", "前のページ")));
        let next = (last < all).then(|| Cell::link(to(last), view.say("The next page", "次のページ")));
        vec![Block::Text(text), Block::List(before.into_iter().chain(next).collect())]
    }
}

/// Rows of a page.
pub(crate) const PAGE: usize = 100;
/// What an address names that names no page of a list.
pub(crate) const PAGE_OF_LIST: &str = "page of this list";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_within_its_list_or_is_none() {
        for (asked, all, from) in [("", 0, 0), ("0", 0, 0), ("100", 101, 100), ("7", 300, 7)] {
            let page = Paging::of(asked, all).unwrap();
            assert_eq!(page.from, from);
            assert_eq!(page.take(0..all).len(), all.saturating_sub(from).min(PAGE));
        }
        for (asked, all) in [("100", 100), ("1", 0), ("-1", 9), ("x", 9), ("9999999999999999999999", 9), (" 1", 9)] {
            assert!(Paging::of(asked, all).is_err(), "{asked} of {all}");
        }
    }
}
