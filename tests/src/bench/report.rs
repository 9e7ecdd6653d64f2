//! What was measured, beside what we want to stand behind.

use std::io::Write;

/// The rows of a run.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    goal: &'static str,
    measured: String,
    met: Option<bool>,
    raw: Vec<String>,
}

/// Whether a number should be small or large.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

impl Goal {
    fn is_met_by(self, number: f64) -> bool {
        match self {
            Self::AtMost(most) => number <= most,
            Self::AtLeast(least) => number >= least,
        }
    }
}

impl Report {
    /// A number that there is a goal for. `shown` is the number as people read it.
    pub(crate) fn goal(
        &mut self,
        name: &str,
        words: &'static str,
        goal: Goal,
        number: f64,
        shown: String,
    ) -> &mut Self {
        self.row(name, words, shown, Some(goal.is_met_by(number)))
    }

    /// A number without a goal of its own.
    pub(crate) fn number(&mut self, name: &str, shown: String) -> &mut Self {
        self.row(name, "", shown, None)
    }

    fn row(&mut self, name: &str, goal: &'static str, measured: String, met: Option<bool>) -> &mut Self {
        self.rows.push(Row { name: name.into(), goal, measured, met, raw: Vec::new() });
        self
    }

    /// The numbers that the last row comes from.
    pub(crate) fn from(&mut self, raw: impl Into<String>) -> &mut Self {
        if let Some(row) = self.rows.last_mut() {
            row.raw.push(raw.into());
        }
        self
    }

    /// Prints the rows that were not printed yet.
    pub(crate) fn print(&mut self) {
        let mut out = std::io::stdout().lock();
        for row in self.rows.drain(..) {
            let met = row.met.map_or("", |met| if met { "met" } else { "not met" });
            let _ = writeln!(out, "{:<52} {:>22}   {:<22} {met}", row.name, row.measured, row.goal);
            row.raw.iter().for_each(|line| drop(writeln!(out, "      {line}")));
        }
    }
}

/// Says on standard error what is being done.
pub(crate) fn progress(what: &str) {
    let _ = writeln!(std::io::stderr(), "bench: {what}");
}
