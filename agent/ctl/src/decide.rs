//! `sekisho activate-card`, `end-activation`, `stop-connection`: acts that a person signs at this terminal with her own card. The agent writes the act; what
//! it wrote is shown before the PIN is asked for.

use std::process::ExitCode;

use sekisho_ipc::{ActDraft, ActKind, DraftActRequest, PromptRequest};
use sekisho_wire::words::Language;

use crate::arguments::PinFrom;
use crate::failure::Failure;
use crate::login::{prove, told};
use crate::{Surroundings, exit, output};

/// Milliseconds of an hour.
const HOUR: u64 = 60 * 60 * 1000;

/// What the agent wrote, in the reader's language.
pub(crate) fn text_of(draft: &ActDraft, language: Language) -> &str {
    language.pick(&draft.text_ja, &draft.text)
}

/// What it is, for people.
pub(crate) const fn title(act: ActKind, language: Language) -> &'static str {
    match act {
        ActKind::ActivateCard => language.pick("予備・緊急カードの有効化", "activate a spare or emergency card"),
        ActKind::EndActivation => language.pick("有効化の終了", "end an activation"),
        ActKind::StopConnection => language.pick("結合停止(緊急)", "stop the connection at once"),
    }
}

/// So many hours from `now` on.
pub(crate) const fn until(now: u64, hours: Option<u16>) -> Option<u64> {
    match hours {
        Some(hours) => Some(now.saturating_add(hours as u64 * HOUR)),
        None => None,
    }
}

/// Has it written, shows it, asks for the PIN, and says what came of it.
pub(crate) fn run(
    surroundings: &Surroundings,
    request: DraftActRequest,
    hours: Option<u16>,
    pin: &PinFrom,
) -> Result<ExitCode, Failure> {
    let mut client = surroundings.connect()?;
    let now = client.status().map_err(|error| surroundings.asking(error))?.time;
    let request = DraftActRequest { until: until(now, hours), ..request };
    let draft = client.draft_act(&request).map_err(|error| surroundings.asking(error))?;
    output::line(text_of(&draft, surroundings.language))?;
    let card = pin.card.clone().or_else(|| Some(draft.card.clone()));
    let pin = PinFrom { card, stdin: pin.stdin };
    let answer = prove(surroundings, &mut client, PromptRequest::act(draft.draft), &pin)?;
    if answer.verdict.granted {
        output::line(crate::phrases::what_of(&answer.verdict, surroundings.language))?;
        return Ok(exit::DONE.into());
    }
    told(&answer, surroundings.language)
}
