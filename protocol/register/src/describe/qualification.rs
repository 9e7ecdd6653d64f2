//! Who qualifies for a card.

use alloc::format;
use alloc::string::String;

use super::card_kind;
use crate::change::{EndQualification, Qualify};
use crate::render::Titles;

pub(super) fn qualify(change: &Qualify, say: &Titles<'_>) -> String {
    let kinds = say.list(change.kinds.iter().map(|kind| card_kind(*kind, say)));
    let (operator, ground, period) = (&change.operator, &change.ground, say.period(change.from, change.to));
    say.say(
        &format!("操作者 {operator} に {kinds} の交付資格を認定する({ground})、期間 {period}"),
        &format!("operator {operator} qualifies for cards ({kinds}) by {ground}, {period}"),
    )
}

pub(super) fn end(change: &EndQualification, say: &Titles<'_>) -> String {
    let (operator, from) = (&change.operator, say.moment(change.effective));
    say.say(
        &format!("操作者 {operator} の交付資格を {from} から取り消す"),
        &format!("operator {operator} qualifies for no card from {from}"),
    )
}
