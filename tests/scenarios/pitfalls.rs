//! What the README says is shown of pitfalls, complaints and bad input is shown: every test that it names is there.

use std::fs::read_to_string;

use sekisho_tests::binaries::checkout;

/// The sections' headings in `tests/README.md`, and how many rows each has at least.
const SECTIONS: [(&str, usize); 3] = [
    ("## PC/SC, and who shows that we are ready for it\n", 28),
    ("## What people complain about elsewhere, and who shows that it is not so here\n", 39),
    ("## Bad input at the ledger, and what is answered\n", 28),
];
/// What stands where a test would.
const NONE: &str = "not shown";

/// The rows of a section's table, a list of cells each.
fn rows(readme: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, section) = readme.split_once(heading).expect("the section is there");
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").map(str::to_owned).collect()).skip(1).collect()
}

/// What stands between backticks and names a test: `file::test`, a scenario, or `path.rs::test`.
fn tests(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::")).collect()
}

fn exists(file: &str, test: &str) -> bool {
    let path =
        if file.contains('/') { checkout().join(file) } else { checkout().join(format!("tests/scenarios/{file}.rs")) };
    let Ok(text) = read_to_string(path) else { return false };
    text.lines().zip(text.lines().skip(1)).any(|(above, line)| {
        line.trim_start().starts_with(&format!("fn {test}("))
            && (above.contains("#[test]") || above.contains("#[ignore"))
    })
}

#[test]
fn every_test_that_the_readme_names_for_a_pitfall_is_there() {
    let readme = read_to_string(checkout().join("tests/README.md")).unwrap();
    for (heading, least) in SECTIONS {
        let rows = rows(&readme, heading);
        assert!(rows.len() >= least, "{heading}{rows:?}");
        for row in &rows {
            let [pitfall, .., shown] = &row[..] else { panic!("two cells or three: {row:?}") };
            let named = tests(shown);
            assert!(!named.is_empty() || shown.contains(NONE), "{pitfall}: names a test, or says {NONE}");
            for (file, test) in named {
                assert!(exists(file, test), "{pitfall}: no test {file}::{test}");
            }
        }
    }
    assert!(!exists("pitfalls", "no_test_of_this_name") && !exists("no_file", "every_test"));
}
