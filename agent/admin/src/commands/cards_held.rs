//! Which cards people have already, in the register or on their way into it: nobody is lent another one of the same kind unasked.

use sekisho_register::wareki::numbered;

use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::pending::{self, Wanted};

/// The cards that people have, or that were made here and wait for their acts, each with its name for people.
pub(super) struct CardsHeld(Vec<(Wanted, String)>);

impl CardsHeld {
    /// Now.
    pub(super) fn of(desk: &Desk) -> Result<Self, AdminError> {
        let (register, now, screen) = (desk.cache.register(), clock::now(), desk.screen);
        let in_use = register.cards().filter(|card| !card.state(now).is_final());
        let mut held: Vec<_> =
            in_use.map(|card| (Wanted::of(card.issued().clone()), numbered(card.number(), screen.language))).collect();
        for guid in pending::begun(&desk.home)? {
            if register.card(&guid).is_none()
                && pending::is_waiting(&desk.home, guid)?
                && let Some(card) = pending::find(&desk.home, guid)?
            {
                let name = screen.words(format!("{guid}, which waits for its act,"), format!("{guid}、処分待ち"));
                held.push((Wanted::of(card), name));
            }
        }
        Ok(Self(held))
    }

    /// The card that whoever is to get this one has, of the same kind and for a part of the same time.
    pub(super) fn by(&self, wanted: &Wanted) -> Option<&str> {
        let operator = wanted.operator.as_ref()?;
        let like = |card: &Wanted| {
            let same = card.operator.as_ref() == Some(operator) && card.kind == wanted.kind;
            same && card.from < wanted.to && wanted.from < card.to
        };
        self.0.iter().find(|(card, _)| like(card)).map(|(_, name)| name.as_str())
    }
}
