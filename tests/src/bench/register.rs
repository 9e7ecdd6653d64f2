//! The register of a large office: folding 100,000 acts, and deciding by it.

use std::hint::black_box;
use std::time::Duration;

use sekisho_ledger::clock::{Clock, MachineClock};
use sekisho_ledger::data::DataDir;
use sekisho_register::act::ACT_VERSION;
use sekisho_register::change::{CardKind, Change, Designate, GiveProfile, IssueCard, Log, PersonClass};
use sekisho_register::organisation::Capacity;
use sekisho_register::{Act, Concluded, NameHash, P256Key, Register, Verdict, decide};
use sekisho_tests::scene::Scene;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::{CardGuid, Code, Salt};
use sekisho_wire::record::Body;

use crate::Effort;
use crate::batches::Sender;
use crate::report::{Goal, Report};
use crate::stopwatch::timed;
use crate::times::Times;

const DAY: u64 = 24 * 60 * 60 * 1000;
const ROUNDS: usize = 5;

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    scene.terminal.stop();
    scene.ledger.stop();
    let small = founded(scene);
    let (acts, large) = grow(&small, effort.of(100_000, 10_000));
    let folds: Times = (0..ROUNDS).map(|_| timed(|| black_box(fold(&small, &acts))).1).collect();
    let seconds = folds.p50().as_secs_f64() * 100_000.0 / acts.len() as f64;
    report.goal("fold of 100,000 acts", "≤ 1 s", Goal::AtMost(1.0), seconds, format!("{seconds:.2} s"));
    let bytes = acts.iter().map(Vec::len).sum::<usize>() / acts.len();
    report.from(format!(
        "{} acts (operators, profiles, cards) of {bytes} bytes, signatures trusted: {folds}",
        acts.len()
    ));

    let input = decided(scene);
    let count = effort.of(1_000_000, 100_000);
    let in_small = decide_often(&small, &input, count);
    let in_large = decide_often(&large, &input, count);
    report.number("decide, per call", format!("{:.2} µs", in_large.as_secs_f64() * 1e6));
    report.from(format!(
        "mean of {count} calls, all granted: {:.2} µs over {} acts, {:.2} µs over {}",
        in_large.as_secs_f64() * 1e6,
        large.size(),
        in_small.as_secs_f64() * 1e6,
        small.size()
    ));
}

/// What the terminal decided upon, as if it had been asked when the acts were made.
fn decided(scene: &Scene) -> DecisionInput {
    let Body::Decision(decision) = Sender::of(&scene.terminal.state()).decisions()[0].body.clone() else {
        unreachable!("decisions() gives decisions")
    };
    let (now, second) = (MachineClock.now(), 1000);
    DecisionInput {
        opened: Some(now - 60 * second),
        time: now,
        note_time: Some(now - second),
        note_until: Some(now + 60 * second),
        ..decision.input
    }
}

/// The register of the office as founded.
fn founded(scene: &Scene) -> Register {
    let data = DataDir::new(scene.ledger.data());
    let ledger = crate::growth::opened(&data);
    let office = ledger.offices().pop().expect("a founded office");
    (*office.register()).clone()
}

fn fold(small: &Register, acts: &[Vec<u8>]) -> Register {
    let mut register = small.clone();
    for act in acts {
        register.fold_stored(act, Concluded::Accepted).unwrap_or_else(|refusal| panic!("an act is refused: {refusal}"));
    }
    register
}

/// So many acts more: each operator is designated, gets a profile, gets a card.
fn grow(small: &Register, count: usize) -> (Vec<Vec<u8>>, Register) {
    let desk = Desk::of(small);
    let mut register = small.clone();
    let acts = (0..count).map(|number| {
        let act = desk.act(&register, u32::try_from(number).expect("a number of acts"));
        register
            .fold_stored(&act, Concluded::Accepted)
            .unwrap_or_else(|refusal| panic!("act {number} is refused: {refusal}"));
        act
    });
    let acts = acts.collect();
    (acts, register)
}

/// Whoever may change the register. Nobody looks at the signature.
struct Desk {
    signer: Signer,
    post: Code,
    made: u64,
}

impl Desk {
    fn of(register: &Register) -> Self {
        let now = MachineClock.now();
        let signers = register.cards().filter(|card| card.is_current(now) && card.issued().signature.is_some());
        let (card, post) = signers
            .filter_map(|card| {
                let holder = card.holder(now)?;
                let post = register.posts().find(|post| post.is_held_by(holder.operator, Capacity::Holder, now))?;
                Some((card.issued().card, post.code().clone()))
            })
            .next()
            .expect("a post whose holder has a card that signs");
        Self { signer: Signer::Card(card), post, made: now }
    }

    fn act(&self, register: &Register, number: u32) -> Vec<u8> {
        let act = Act {
            version: ACT_VERSION,
            critical: true,
            office: register.office().expect("a founded office"),
            log: Log::Register,
            salt: Salt(sixteen(number)),
            made: self.made,
            expires: self.made + DAY,
            seen_size: register.size(),
            seen_root: register.root(),
            post: Some(self.post.clone()),
            as_deputy: false,
            request: None,
            agreement: None,
            changes: vec![self.change(number)],
            proposal: None,
            effective: None,
            paper: None,
            permit: None,
        };
        act.to_be_signed(&self.signer).finish([0; 64])
    }

    fn change(&self, number: u32) -> Change {
        let person = number / 3;
        let operator = code(&format!("b{person}"));
        let (from, to) = (self.made, self.made + 365 * DAY);
        match number % 3 {
            0 => Change::Designate(Box::new(Designate {
                operator,
                name: NameHash::of(&Salt(sixteen(person)), "職員"),
                class: PersonClass::Operator,
                section: code("jumin"),
                from,
                to,
                terminals: Vec::new(),
                sections: vec![code("jumin")],
            })),
            1 => {
                let functions = vec![code("juminhyo.issue"), code("juminhyo.search")];
                Change::Profile(GiveProfile { operator, profile: code("p1"), functions, from, to })
            }
            _ => Change::IssueCard(Box::new(IssueCard {
                card: CardGuid(sixteen(person)),
                kind: CardKind::Business,
                operator: Some(operator),
                profiles: Vec::new(),
                authentication: key(person, 1),
                signature: None,
                presence: key(person, 3),
                from,
                to,
                dormant: false,
            })),
        }
    }
}

fn decide_often(register: &Register, input: &DecisionInput, count: usize) -> Duration {
    let input = &DecisionInput { register: register.size(), ..input.clone() };
    let (_, took) = timed(|| {
        for _ in 0..count {
            let verdict = decide(black_box(register), black_box(input));
            assert_eq!(verdict, Verdict::Granted, "a decision that was granted before");
        }
    });
    took / u32::try_from(count).expect("a number of calls")
}

fn code(text: &str) -> Code {
    Code::new(text).expect("a code")
}

fn sixteen(number: u32) -> [u8; 16] {
    let mut bytes = [0xB0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// Bytes shaped like a compressed point.
fn key(person: u32, slot: u8) -> P256Key {
    let mut bytes = [slot; 33];
    bytes[0] = 2;
    bytes[1..5].copy_from_slice(&person.to_be_bytes());
    P256Key(bytes)
}
