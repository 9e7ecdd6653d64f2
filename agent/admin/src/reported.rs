//! Cards that terminals blocked because somebody reported them there.

use sekisho_register::cards::Card;
use sekisho_register::change::{Change, SetCardState};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Code, Hash};

use crate::register_cache::RegisterCache;
use crate::screen::Screen;

/// A card that a terminal's key blocked.
#[derive(Debug)]
pub(crate) struct Blocked<'a> {
    /// Index of the act.
    pub index: u64,
    /// Its id.
    pub id: Hash,
    /// When the terminal says that it made it.
    pub made: u64,
    /// Which terminal.
    pub terminal: &'a Code,
    /// What it says.
    pub change: &'a SetCardState,
    /// The card.
    pub card: &'a Card,
}

/// Every one, in the order of the log.
pub(crate) fn blocked(cache: &RegisterCache) -> impl Iterator<Item = Blocked<'_>> {
    cache.acts().filter_map(|(_, folded)| folded.as_ref().ok()).filter_map(|folded| {
        let Signer::Terminal(terminal) = &folded.signer else { return None };
        let [Change::CardState(change)] = folded.changes.as_slice() else { return None };
        let card = cache.register().card(&change.card)?;
        Some(Blocked { index: folded.index, id: folded.id, made: folded.made, terminal, change, card })
    })
}

impl Blocked<'_> {
    /// Whether nobody has decided about the card since.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.card.states().iter().next_back().is_some_and(|said| said.index == self.index)
    }
}

/// A card that a terminal blocked waits for people: whoever sits down at the desk is told.
pub(crate) fn note(cache: &RegisterCache, screen: &Screen) {
    let waiting = blocked(cache).filter(Blocked::is_open).count();
    if waiting > 0 {
        screen.note(
            &format!(
                "cards blocked by a report at a terminal, not decided about yet: {waiting}; see 'sekisho-admin report list --open'"
            ),
            &format!(
                "端末機での届出により停止中で処分待ちのカードが{waiting}枚あります。「sekisho-admin report list --open」で確認してください"
            ),
        );
    }
}
