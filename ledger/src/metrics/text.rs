//! Prometheus' text format, version 0.0.4: for each name what it means and what it is, then its values.

use std::fmt::{Display, Write};

use super::{Histogram, lock};

/// A page in the making.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// What a number may do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// It grows, and begins again at a start.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Names and values that tell numbers of one name apart.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

impl Text {
    /// Begins a name; the values follow.
    pub(super) fn begin(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.head(name, kind, help);
    }

    /// One value of the name that was begun.
    pub(super) fn value(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"{}\"", escaped(text));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    /// A name with one value.
    pub(super) fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.begin(name, kind, help);
        self.value(name, &[], value);
    }

    /// A name whose values are those of a histogram: each bound counts what is below it, too.
    pub(super) fn histogram(&mut self, name: &str, help: &str, of: &Histogram) {
        self.head(name, "histogram", help);
        let seen = lock(&of.seen).clone();
        let bounds = of.bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        let mut all = 0;
        for (bound, count) in bounds.zip(&seen.counts) {
            all += count;
            self.value(&format!("{name}_bucket"), &[("le", &bound)], all);
        }
        self.value(&format!("{name}_sum"), &[], seen.sum);
        self.value(&format!("{name}_count"), &[], all);
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }
}

/// Quotes, backslashes and line ends would end the value.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::GROUPS;

    #[test]
    fn values_stand_under_their_names_and_nothing_ends_a_label() {
        let mut text = Text::default();
        text.begin("a_total", Kind::Counter, "Things.");
        text.value("a_total", &[("of", "x\"y\\\n"), ("at", "z")], 3);
        text.single("b", Kind::Gauge, "Another.", 1.5);
        assert_eq!(
            text.finish(),
            "# HELP a_total Things.\n# TYPE a_total counter\na_total{of=\"x\\\"y\\\\\\n\",at=\"z\"} 3\n\
             # HELP b Another.\n# TYPE b gauge\nb 1.5\n"
        );
    }

    #[test]
    fn a_bound_counts_what_is_below_it_too() {
        let histogram = Histogram::new(GROUPS);
        [1.0, 3.0, 4.0, 40.0].into_iter().for_each(|value| histogram.observe(value));
        let mut text = Text::default();
        text.histogram("h", "Sizes.", &histogram);
        let page = text.finish();
        for line in ["h_bucket{le=\"1\"} 1", "h_bucket{le=\"2\"} 1", "h_bucket{le=\"4\"} 3", "h_bucket{le=\"32\"} 3"] {
            assert!(page.lines().any(|of| of == line), "{line} in {page}");
        }
        assert!(page.ends_with("h_bucket{le=\"+Inf\"} 4\nh_sum 48\nh_count 4\n"), "{page}");
    }
}
