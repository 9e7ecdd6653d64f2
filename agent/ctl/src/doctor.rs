//! `sekisho doctor`: what is wrong on this terminal, and how it is mended.

mod findings;
mod machine;

use std::process::ExitCode;

use sekisho_wire::words::Language;

use self::findings::{Finding, Grade, findings};
use self::machine::Machine;
use crate::failure::Failure;
use crate::{Surroundings, exit, output};

pub(crate) fn run(surroundings: &Surroundings, json: bool) -> Result<ExitCode, Failure> {
    let language = surroundings.language;
    let state = surroundings.connect().and_then(|mut agent| agent.status().map_err(|error| surroundings.asking(error)));
    let found = findings(&state, &Machine::look(), language);
    if json {
        output::json(&found)?;
    } else {
        found.iter().try_for_each(|finding| show(finding, language))?;
    }
    let wrong = found.iter().any(|finding| finding.grade == Grade::Wrong);
    Ok(if wrong { exit::ERROR } else { exit::DONE }.into())
}

fn show(finding: &Finding, language: Language) -> Result<(), Failure> {
    let mark = match finding.grade {
        Grade::Sound => language.pick("正常", "ok   "),
        Grade::Doubtful => language.pick("注意", "look "),
        Grade::Wrong => language.pick("異常", "WRONG"),
    };
    output::line(&format!("{mark}  {}", finding.what))?;
    if finding.next.is_empty() { Ok(()) } else { output::line(&format!("       {}", finding.next)) }
}
