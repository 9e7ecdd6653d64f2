//! Which dates on a form end what others begin (§R11.3): what ended before it began is refused.

use super::Form;

/// A beginning, and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// On which form.
    pub form: Form,
    /// The field of the opening with the beginning.
    pub from: u8,
    /// The step with the end; none: it stands in the opening as well.
    pub step: Option<u8>,
    /// The field with the end.
    pub to: u8,
}

/// Every one of them.
pub const SPANS: [Span; 9] = [
    span(Form::CardRequest, 4, None, 5),
    span(Form::Inspection, 1, None, 2),
    span(Form::LogCheck, 1, None, 2),
    span(Form::ExportRequest, 6, None, 7),
    span(Form::Visitor, 4, Some(1), 1),
    span(Form::RoomEntry, 3, Some(1), 1),
    span(Form::TerminalUse, 3, Some(2), 1),
    span(Form::Medium, 2, Some(2), 2),
    span(Form::Medium, 2, Some(3), 1),
];

const fn span(form: Form, from: u8, step: Option<u8>, to: u8) -> Span {
    Span { form, from, step, to }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::{Blank, Kind};

    #[test]
    fn each_names_two_moments_or_two_days() {
        let when = |blanks: &[Blank], key: u8| {
            let kind = blanks.iter().find(|blank| blank.key == key).unwrap().kind;
            (matches!(kind, Kind::Past | Kind::Moment), matches!(kind, Kind::PastDay | Kind::Day))
        };
        for span in SPANS {
            let definition = span.form.definition();
            let end = span.step.map_or(definition.fields, |step| definition.step(step).unwrap().fields);
            let (from, to) = (when(definition.fields, span.from), when(end, span.to));
            assert!(from == to && (from.0 || from.1), "{span:?}");
        }
    }
}
