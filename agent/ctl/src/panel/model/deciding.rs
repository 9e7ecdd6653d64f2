//! An act from the panel: what, the values it needs, and the PIN under what the agent wrote. It needs the card of somebody who may sign.

use sekisho_ipc::{ActDraft, ActKind, DraftActRequest, PromptRequest, TypedPin};

use super::edit::{edit, write_into};
use super::pins::type_into;
use super::{Action, Dialog, Key, Panel, moved};
use crate::decide::until;
use crate::failure::Failure;

/// The longest value that is typed.
const VALUE_MAX: usize = 40;
/// Most hours of an activation: a month.
const HOURS_MAX: u16 = 744;

/// What a person can decide here, as the panel lists it.
pub(in crate::panel) const ALL: [ActKind; 3] = [ActKind::ActivateCard, ActKind::EndActivation, ActKind::StopConnection];

/// A value that is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::panel) enum Asked {
    /// The dormant card.
    Card,
    /// Who gets it.
    Operator,
    /// The code of the reason.
    Reason,
    /// For how many hours.
    Hours,
    /// The incident.
    Incident,
}

/// How far a person has come with an act.
#[derive(Debug)]
pub(in crate::panel) enum Deciding {
    /// Chooses what.
    What { choice: usize },
    /// Types a value; the request holds those before.
    Value { request: DraftActRequest, asked: Asked, text: String },
    /// Reads what the agent wrote, and types the PIN.
    Sign { draft: ActDraft, typed: TypedPin },
}

/// The values of an act, one after the other.
const fn values(act: ActKind) -> &'static [Asked] {
    match act {
        ActKind::ActivateCard => &[Asked::Card, Asked::Operator, Asked::Reason, Asked::Hours],
        ActKind::EndActivation => &[Asked::Card, Asked::Reason],
        ActKind::StopConnection => &[Asked::Incident],
    }
}

impl Asked {
    /// Whether it may be left empty.
    pub(in crate::panel) const fn is_optional(self) -> bool {
        matches!(self, Self::Hours | Self::Incident)
    }
}

impl Panel {
    /// Whether the card that is shown signs acts.
    pub(in crate::panel) fn may_decide(&self) -> bool {
        self.state().and_then(|state| state.card.as_ref()).is_some_and(|card| card.signs_acts)
    }

    /// A PIN that was begun is forgotten; amid something else the key does nothing.
    pub(super) fn begin_act(&mut self) {
        if self.may_decide() && matches!(self.dialog, Dialog::None) {
            self.forget_input();
            self.notice = None;
            self.dialog = Dialog::Decide(Deciding::What { choice: 0 });
        }
    }

    pub(super) fn key_in_act(&mut self, key: Key, deciding: Deciding) -> Option<Action> {
        let next = match (deciding, key) {
            (Deciding::What { choice }, Key::Enter) => {
                let act = *ALL.get(choice)?;
                let asked = *values(act).first()?;
                Deciding::Value { request: DraftActRequest::new(act), asked, text: String::new() }
            }
            (Deciding::What { choice }, key) => Deciding::What { choice: moved(key, choice, ALL.len()) },
            (Deciding::Value { request, asked, text }, Key::Enter) => return self.value_given(request, asked, text),
            (Deciding::Value { request, asked, mut text }, key) => {
                write_into(&mut text, edit(key, |c| !c.is_control() && !c.is_whitespace()), VALUE_MAX);
                Deciding::Value { request, asked, text }
            }
            (Deciding::Sign { draft, typed }, key) => return self.key_in_signing(key, draft, typed),
        };
        self.dialog = Dialog::Decide(next);
        None
    }

    fn value_given(&mut self, mut request: DraftActRequest, asked: Asked, text: String) -> Option<Action> {
        let given = Some(text.clone()).filter(|text| !text.is_empty());
        let hours =
            given.as_deref().map(|text| text.parse::<u16>().ok().filter(|hours| (1..=HOURS_MAX).contains(hours)));
        if given.is_none() && !asked.is_optional() || asked == Asked::Hours && hours == Some(None) {
            self.dialog = Dialog::Decide(Deciding::Value { request, asked, text });
            return None;
        }
        match asked {
            Asked::Card => request.card = given,
            Asked::Operator => request.operator = given,
            Asked::Reason => request.reason = given,
            Asked::Incident => request.incident = given,
            Asked::Hours => {
                let now = self.state().map_or(0, |state| state.time);
                request.until = until(now, hours.flatten());
            }
        }
        let mut after = values(request.act).iter().skip_while(|value| **value != asked).skip(1);
        match after.next() {
            Some(asked) => {
                self.dialog = Dialog::Decide(Deciding::Value { request, asked: *asked, text: String::new() });
                None
            }
            None => {
                self.dialog = Dialog::Waiting;
                Some(Action::Draft(request))
            }
        }
    }

    /// What the agent wrote is shown, and nothing else.
    pub(super) fn drafted(&mut self, answer: Result<ActDraft, Failure>) {
        self.forget_input();
        match answer {
            Ok(draft) => self.dialog = Dialog::Decide(Deciding::Sign { draft, typed: TypedPin::default() }),
            Err(failure) => self.failed(&failure),
        }
    }

    fn key_in_signing(&mut self, key: Key, draft: ActDraft, mut typed: TypedPin) -> Option<Action> {
        if key == Key::Enter && !self.asks_for_pin() {
            return self.on_reader(PromptRequest::act(draft.draft));
        }
        if key == Key::Enter && !typed.is_empty() {
            let request = PromptRequest { card: Some(draft.card), ..PromptRequest::act(draft.draft) };
            return self.sent(typed.frame(), |pin| Action::Prove { request, pin });
        }
        if self.asks_for_pin() {
            type_into(&mut typed, key);
        }
        self.dialog = Dialog::Decide(Deciding::Sign { draft, typed });
        None
    }
}
