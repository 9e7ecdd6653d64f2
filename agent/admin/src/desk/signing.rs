//! What the command line says about signing.

use sekisho_register::Paper;
use sekisho_register::organisation::Capacity;
use sekisho_wire::id::{CaseReference, Code, Numbered};
use sekisho_wire::words::Language;

use crate::dates::{Edge, When};
use crate::error::{AdminError, Said};
use crate::pin_entry::PinSource;

/// What the command line says about signing.
#[derive(Clone, Debug)]
pub(crate) struct Signing {
    /// Where the PIN comes from.
    pub pin: PinSource,
    /// Where the PIN of the token with the card-management secret comes from.
    pub token_pin: PinSource,
    /// The reader with the administrator's card.
    pub reader: Option<String>,
    /// In the name of which post.
    pub post: Option<Code>,
    /// As deputy of the post's holder.
    pub capacity: Capacity,
    /// At whose request.
    pub request: Option<CaseReference>,
    /// Under which agreement.
    pub agreement: Option<CaseReference>,
    /// Under which permit to use the system.
    pub permit: Option<Numbered>,
    /// Into the casebook, for somebody else to approve.
    pub propose: bool,
    /// From when changes without a date of their own take effect (register §R1, key 15).
    pub effective: Option<When>,
    /// What was decided on paper by a post that signs with no card (register §R3.20).
    pub paper: Option<Paper>,
}

impl Signing {
    /// The moment of [`Self::effective`] for an act that is made now; today is at once.
    ///
    /// # Errors
    /// When it lies in the past: no act reaches back.
    pub(crate) fn effective_at(&self, now: u64) -> Result<Option<u64>, AdminError> {
        let Some(date) = self.effective else { return Ok(None) };
        let moment = date.moment(Edge::From);
        if moment > now {
            return Ok(Some(moment));
        }
        if date.moment(Edge::Until) > now {
            return Ok(None);
        }
        Err(AdminError::Argument {
            name: "--effective",
            value: sekisho_register::wareki::moment_text(moment, Language::English),
            rule: Said::new("it lies in the past, and no decision reaches back", "過去の日付です。処分は遡れません"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_takes_effect_from_a_date_to_come_or_at_once_and_never_earlier() {
        let now = When::parse("2026-11-24T10:00").unwrap().moment(Edge::From);
        let effective = |date: Option<&str>| {
            let effective = date.map(|date| When::parse(date).unwrap());
            let (pin, token_pin, capacity) = (PinSource::Stdin, PinSource::Terminal, Capacity::Holder);
            let none = (None, None, None, None);
            let (reader, post, request, agreement) = none;
            let (permit, propose, paper) = (None, false, None);
            Signing { pin, token_pin, reader, post, capacity, request, agreement, permit, propose, effective, paper }
                .effective_at(now)
        };
        assert_eq!(effective(None).unwrap(), None);
        assert_eq!(effective(Some("2026-11-24")).unwrap(), None, "today is at once");
        let april = When::parse("2027-04-01").unwrap().moment(Edge::From);
        assert_eq!(effective(Some("令和9年4月1日")).unwrap(), Some(april));
        assert!(matches!(effective(Some("2026-11-23")), Err(AdminError::Argument { name: "--effective", .. })));
    }
}
