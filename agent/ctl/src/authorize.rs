//! `sekisho authorize`: may this clerk run this function, here, now?

use std::process::ExitCode;

use sekisho_ipc::{AuthorizeAnswer, AuthorizeRequest, Client, PromptRequest};
use sekisho_wire::verdict::VerdictCode;

use crate::arguments::{Asked, PinFrom};
use crate::failure::Failure;
use crate::phrases::sentence;
use crate::{Surroundings, exit, login, output};

pub(crate) fn run(surroundings: &Surroundings, asked: Asked, json: bool, pin: &PinFrom) -> Result<ExitCode, Failure> {
    let answer = ask(surroundings, &mut surroundings.connect()?, asked.into_request(), pin)?;
    if json {
        output::json(&answer)?;
    } else {
        output::line(&sentence(&answer.verdict, surroundings.language))?;
        if let Some(record) = answer.record {
            let label = surroundings.language.pick("記録", "record");
            output::line(&format!("{label} {}:{}", record.epoch, record.seq))?;
        }
        answer.decision.as_ref().map_or(Ok(()), |decision| output::line(decision))?;
    }
    Ok(if answer.verdict.granted { exit::DONE } else { exit::REFUSED }.into())
}

/// Asks, and asks again with the PIN where the function wants it; not where it is to be typed elsewhere.
pub(crate) fn ask(
    surroundings: &Surroundings,
    client: &mut Client,
    request: AuthorizeRequest,
    pin: &PinFrom,
) -> Result<AuthorizeAnswer, Failure> {
    let answer = client.authorize(&request).map_err(|error| surroundings.asking(error))?;
    if request.wait.is_some() || answer.verdict.code != VerdictCode::PinProofNeeded.name() {
        return Ok(answer);
    }
    output::remark(&sentence(&answer.verdict, surroundings.language));
    let proved = login::prove(surroundings, client, PromptRequest::authorize(request), pin)?;
    Ok(AuthorizeAnswer { verdict: proved.verdict, record: proved.record, decision: proved.decision })
}
