//! The first page of a search in a book of many terminals, persons and functions, also of what is not there: the index alone, without a record behind it.

use sekisho_ledger::carried::Attributed;
use sekisho_ledger::index::{AskedVerdict, Followed, Index, Question};
use sekisho_tests::peer::journal;
use sekisho_tests::scene::Scene;
use sekisho_tlog::Hash;
use sekisho_wire::id::{CaseReference, Code};
use sekisho_wire::record::{Body, Emitter, Record};
use sekisho_wire::verdict::VerdictCode;

use crate::Effort;
use crate::report::{Report, progress};
use crate::stopwatch::timed;
use crate::times::Times;

/// Sizes that are looked at.
const SIZES: [u64; 3] = [100_000, 1_000_000, 10_000_000];
const QUICK: [u64; 2] = [10_000, 100_000];
const PAGE: u64 = 1000;
const SEARCHES: usize = 20;
/// Of two sections: each has its own terminals, persons and functions.
const TERMINALS: u64 = 20;
const PERSONS: u64 = 60;
const FUNCTIONS: u64 = 8;
/// Between two records of a town, ms: ten million in two years.
const STEP: u64 = 6_000;

/// Decisions of a town, made from one that was.
struct Mix {
    like: Record,
    made: u64,
}

impl Mix {
    fn page(&mut self) -> Vec<Option<Attributed>> {
        (0..PAGE).map(|_| Some(self.next().into())).collect()
    }

    fn next(&mut self) -> Record {
        let number = self.made;
        self.made += 1;
        // Neighbours have nothing to do with each other.
        let dice = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let section = dice % 2;
        let of = |count: u64, salt: u64| (dice / salt) % (count / 2) * 2 + section;
        let code = |name: String| Code::new(&name).expect("a code");
        let mut record = self.like.clone();
        record.emitter = Emitter::Terminal(code(format!("t-{}", of(TERMINALS, 3))));
        record.seq = number;
        record.trusted += number * STEP;
        let Body::Decision(decision) = &mut record.body else { return record };
        decision.input.operator = Some(code(format!("p-{}", of(PERSONS, 101))));
        decision.input.function = Some(code(format!("f-{}", of(FUNCTIONS, 7919))));
        decision.input.case = CaseReference::new(&format!("R8-{number}")).ok();
        decision.verdict = if dice.is_multiple_of(33) { VerdictCode::Locked } else { VerdictCode::Granted };
        record
    }
}

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    let written = journal(&scene.terminal.state());
    let decision =
        |bytes: &Vec<u8>| Record::decode(bytes).ok().filter(|record| matches!(record.body, Body::Decision(_)));
    let like = written.iter().rev().find_map(decision).expect("a decision");
    let (office, begun) = (like.office, like.trusted);
    let path = scene.scratch.path().join("mixed.db");
    let index = Index::open(&path).unwrap_or_else(|error| panic!("{error}"));
    let mut mix = Mix { like, made: 0 };
    let sizes = if effort.of(10, 1) == 10 { SIZES.as_slice() } else { QUICK.as_slice() };
    for size in sizes {
        progress(&format!("searches: {size} records"));
        while mix.made < *size {
            let from = mix.made;
            let records = mix.page();
            let to = Followed { next: mix.made, root: Hash([0; 32]) };
            index.take(&office, from, &records, to).unwrap_or_else(|error| panic!("{error}"));
        }
        let middle = begun + size / 2 * STEP;
        let ask = |question: &Question| {
            let found = index.find(&office, question).unwrap_or_else(|error| panic!("{error}"));
            assert!(found.len() <= 100);
            found.len()
        };
        let mut said = Vec::new();
        let mut slowest = std::time::Duration::ZERO;
        for (name, question, some) in questions(middle) {
            assert_eq!(ask(&question) > 0, some, "{name}");
            let times: Times = (0..SEARCHES).map(|_| timed(|| ask(&question)).1).collect();
            slowest = slowest.max(times.p50());
            said.push(format!("{name} {:.1} ms", times.p50().as_secs_f64() * 1000.0));
        }
        report.number(
            &format!("slowest first page at {size} records of a town"),
            format!("{:.1} ms", slowest.as_secs_f64() * 1000.0),
        );
        report.from(said.join(", "));
        let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
        report.from(format!("index: {} bytes a record", bytes / size));
        report.print();
    }
}

/// What is asked, and whether there is any.
fn questions(middle: u64) -> Vec<(&'static str, Question, bool)> {
    let text = |text: &str| Some(text.to_owned());
    let page = Question { limit: 100, ..Question::default() };
    let refused = Some(AskedVerdict::Refused);
    vec![
        ("newest", page.clone(), true),
        ("person", Question { operator: text("p-7"), ..page.clone() }, true),
        ("terminal", Question { terminal: text("t-5"), ..page.clone() }, true),
        ("function", Question { function: text("f-3"), ..page.clone() }, true),
        ("function at a terminal", Question { terminal: text("t-5"), function: text("f-3"), ..page.clone() }, true),
        (
            "function at a terminal of the other section",
            Question { terminal: text("t-5"), function: text("f-2"), ..page.clone() },
            false,
        ),
        (
            "person and function of the other section",
            Question { operator: text("p-7"), function: text("f-2"), ..page.clone() },
            false,
        ),
        (
            "person at a terminal of the other section",
            Question { operator: text("p-7"), terminal: text("t-4"), ..page.clone() },
            false,
        ),
        ("refused, of a function", Question { function: text("f-3"), verdict: refused, ..page.clone() }, true),
        (
            "refused, of a function that nobody asks for",
            Question { function: text("f-99"), verdict: refused, ..page.clone() },
            false,
        ),
        (
            "a day of a terminal",
            Question { terminal: text("t-5"), since: Some(middle), until: Some(middle + 86_400_000), ..page.clone() },
            true,
        ),
        ("case", Question { case: text("R8-77"), ..page.clone() }, true),
        ("kind at a terminal", Question { terminal: text("t-5"), kind: Some(15), ..page }, false),
    ]
}
