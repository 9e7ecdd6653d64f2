//! `sekisho watch`: a line at each change, until the agent ends or the person interrupts.

use std::process::ExitCode;

use sekisho_ipc::State;
use sekisho_wire::words::Language;

use crate::failure::Failure;
use crate::phrases::{holder, lock_reason, sentence, state_name, warnings};
use crate::time_text::of_day;
use crate::{Surroundings, exit, output};

pub(crate) fn run(surroundings: &Surroundings, json: bool) -> Result<ExitCode, Failure> {
    let mut before = String::new();
    for state in surroundings.connect()?.watch().map_err(|error| surroundings.asking(error))? {
        let state = state.map_err(|error| surroundings.asking(error))?;
        if json {
            output::json(&state)?;
            continue;
        }
        // The agent reports more than this line shows; saying the same again would only be noise.
        let what = summary(&state, surroundings.language);
        if what != before {
            output::line(&format!("{} {what}", of_day(state.time)))?;
            before = what;
        }
    }
    Ok(exit::DONE.into())
}

fn summary(state: &State, language: Language) -> String {
    let mut parts = vec![state_name(state.state, language).to_owned()];
    match (&state.session, &state.card) {
        (Some(session), _) => parts.push(session.name.clone().unwrap_or_else(|| session.operator.clone())),
        (None, Some(card)) => parts.push(holder(card).to_owned()),
        (None, None) => {}
    }
    parts.extend(state.last_lock_reason.as_deref().map(|reason| lock_reason(reason, language).to_owned()));
    if !state.advice.granted {
        parts.push(sentence(&state.advice, language));
    }
    parts.extend(warnings(state, language));
    parts.join(" | ")
}
