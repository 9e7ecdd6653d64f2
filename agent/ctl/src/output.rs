//! Lines on standard output. A reader that went away ends the program quietly, as it does for every other tool.

use std::io::{self, Write};

use crate::failure::Failure;

/// Writes one line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|cause| {
        if cause.kind() == io::ErrorKind::BrokenPipe { Failure::ReaderGone } else { Failure::Output { cause } }
    })
}

/// Writes one line for the person, beside what a program may be reading from standard output.
pub(crate) fn remark(text: &str) {
    // Nobody is left to be told when standard error is gone.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes one value as one line of JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::Output { cause: error.into() })?;
    line(&text)
}
