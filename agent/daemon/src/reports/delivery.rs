//! The way of a report to the ledger: signed when there is a line, the same bytes until they are answered, signed anew only after a refusal
//! (register §R3.13).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::calendar::local_day;
use sekisho_register::change::{CardState, CaseId, Change, Log, OpenCase, SetCardState, StateReason};
use sekisho_register::{Register, SignedAct};
use sekisho_wire::decision::ClockState;
use sekisho_wire::id::{CardGuid, Code, Hash, Numbered, Salt};
use sekisho_wire::reason::{AlarmKind, CardTrouble};
use sekisho_wire::record::{Alarm, Body, RefusedAct};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Report, Stand, What};
use crate::agent::{Agent, Core};
use crate::carrier::{Carrier, printable};
use crate::forwarder_link::{Brought, Errand};

/// Pause after a line that did not carry: the first, and the longest. Another terminal is to hear within seconds of a line that is back.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// With nothing to send, look this often: a day may have begun.
const IDLE: Duration = Duration::from_secs(60);

/// The ledger's answer (LEDGER.md §L4).
#[derive(Debug, Deserialize)]
struct Placed {
    index: u64,
    /// Cases that were opened, as `incident-2026-3`.
    #[serde(default)]
    cases: Vec<String>,
}

/// Until when a report is not worth sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// The register has another size than this.
    Register(u64),
    /// It is another day.
    Day(u32),
}

/// What a refusal means for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Signed anew, at another moment or over a newer register.
    Again,
    /// Not before this register has changed.
    OtherRegister,
    /// Not on this day.
    Tomorrow,
    /// Never.
    Never,
}

fn meaning(rule: &str) -> Meaning {
    match rule {
        "made_too_early" | "made_in_future" | "expired" | "changed_since" | "seen_ahead" | "register_size"
        | "other_history" => Meaning::Again,
        // That the card opens nothing, or that there is none, is for the register to say; until it does the report stands.
        "card_not_active" | "unknown" | "signer_unknown" | "signer_not_current" | "signature_wrong" | "not_founded"
        | "rules_too_old" => Meaning::OtherRegister,
        "terminal_limit" => Meaning::Tomorrow,
        _ => Meaning::Never,
    }
}

/// A report with its act.
struct Letter {
    id: Salt,
    entry: Vec<u8>,
    /// Size of the register and day when it was looked at.
    register: u64,
    day: u32,
}

/// What is to be done next.
enum Next {
    Send(Letter),
    /// Nothing, as of this generation.
    Nothing(u64),
    /// The same, in a while: it cannot be kept.
    Later,
}

/// Sends reports, one after the other.
#[derive(Default)]
pub(super) struct Delivery {
    held: HashMap<Salt, Held>,
}

impl Agent {
    /// Brings reports to the ledger, as long as the agent lives.
    pub(crate) fn report_loop(&self, carrier: &dyn Carrier) -> ! {
        let (mut delivery, mut pause) = (Delivery::default(), RETRY_FIRST);
        loop {
            let step = if self.keep_what_is_new() { delivery.step(self, carrier) } else { Step::Again };
            match step {
                Step::Went => pause = RETRY_FIRST,
                Step::Rest(generation) => self.wait_beyond(generation, IDLE),
                Step::Again => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }

    /// Writes down what came of reports meanwhile, or could not be written before. Whether the file says what is so.
    pub(super) fn keep_what_is_new(&self) -> bool {
        if self.lock().reports.is_kept() {
            return true;
        }
        let kept = self.keep_reports();
        kept.map_err(|error| log::error!("cannot keep what was reported: {error}")).is_ok()
    }

    /// The act about a report, signed by this terminal's key as of `made`.
    pub(super) fn signed_act(&self, register: &Register, report: &Report, made: u64) -> Vec<u8> {
        let (log, change) = match &report.what {
            What::Card { card, reason } => {
                let change = SetCardState {
                    card: *card,
                    state: CardState::Suspended,
                    reason: stated(*reason),
                    effective: made,
                    disposal: None,
                };
                (Log::Register, Change::CardState(change))
            }
            What::Incident { class, kind, card } => {
                let open = OpenCase::incident(*class, kind.clone(), self.identity.terminal.clone(), *card);
                (Log::Casebook, Change::Open(Box::new(open)))
            }
        };
        self.own_act(register, log, report.id, made, change)
    }
}

const fn stated(reason: CardTrouble) -> StateReason {
    match reason {
        CardTrouble::Lost => StateReason::Lost,
        CardTrouble::Stolen => StateReason::Stolen,
        CardTrouble::Damaged => StateReason::Damaged,
        CardTrouble::PinCompromised => StateReason::PinCompromised,
    }
}

/// What came of one look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// One was answered: the next.
    Went,
    /// Nothing to send, as of this generation.
    Rest(u64),
    /// The line, or the ledger, was not in the mood.
    Again,
}

impl Delivery {
    /// How many are not worth sending now.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Sends the oldest report that can be sent now.
    pub(super) fn step(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Step {
        let letter = match self.next(agent) {
            Next::Nothing(generation) => return Step::Rest(generation),
            Next::Later => return Step::Again,
            Next::Send(letter) => letter,
        };
        let errand = Errand::Act { office: agent.identity.office.to_string(), act: STANDARD.encode(&letter.entry) };
        match agent.send_out(carrier, &errand) {
            Some(Brought::Answer { body }) => match serde_json::from_value(body) {
                Ok(Placed { index, cases }) => {
                    let case = cases.first().and_then(|case| case.parse::<CaseId>().ok());
                    self.told(agent, &letter, index, case.map(|case| case.number))
                }
                Err(error) => {
                    log::error!("the ledger's answer to a report cannot be read: {error}");
                    Step::Again
                }
            },
            Some(Brought::Refused { code, detail, facts, .. }) if code == "refused" => {
                let rule = facts.get("reason").and_then(serde_json::Value::as_str).unwrap_or_default();
                log::warn!("the ledger refuses a report ({}): {}", printable(rule), printable(&detail));
                self.refused(agent, &letter, rule)
            }
            Some(Brought::Refused { code, detail, .. }) => {
                log::warn!("the ledger does not take a report now: {}: {}", printable(&code), printable(&detail));
                Step::Again
            }
            Some(Brought::Unreachable { .. } | Brought::Certified { .. }) | None => Step::Again,
        }
    }

    fn next(&mut self, agent: &Agent) -> Next {
        let mut core = agent.lock();
        let generation = core.generation;
        let made = agent.now(&mut core).trusted;
        let (register, day) = (Arc::clone(&core.register), local_day(made));
        self.held.retain(|_, held| *held == Held::Register(register.size()) || *held == Held::Day(day));
        // A clock that nothing vouches for signs nothing that could count: the note comes with the line.
        let signs = core.trusted.clock_state() == ClockState::Sound;
        let mut waiting =
            core.reports.all.iter_mut().filter(|report| !self.held.contains_key(&report.id)).filter_map(|report| {
                match &report.stand {
                    Stand::Waiting(Some(act)) => Some((Some(act.clone()), report)),
                    Stand::Waiting(None) if signs => Some((None, report)),
                    Stand::Waiting(None) | Stand::Told { .. } | Stand::Refused(_) | Stand::Settled => None,
                }
            });
        let letter = |id, entry| Letter { id, entry, register: register.size(), day };
        let (report, entry) = match waiting.next() {
            None => return Next::Nothing(generation),
            Some((Some(entry), report)) => return Next::Send(letter(report.id, entry)),
            Some((None, report)) => {
                let entry = agent.signed_act(&register, report, made);
                report.stand = Stand::Waiting(Some(entry.clone()));
                (report.id, entry)
            }
        };
        drop(core);
        // The bytes are kept before they are sent: after a crash these are sent again, and no others.
        let Err(error) = agent.keep_reports() else { return Next::Send(letter(report, entry)) };
        log::error!("cannot keep what was reported, so it is not sent yet: {error}");
        if let Some(report) = agent.lock().reports.find(&report).filter(|report| report.stand != Stand::Settled) {
            report.stand = Stand::Waiting(None);
        }
        Next::Later
    }

    fn refused(&mut self, agent: &Agent, letter: &Letter, rule: &str) -> Step {
        let (stand, held) = match meaning(rule) {
            Meaning::Again => (Stand::Waiting(None), None),
            Meaning::OtherRegister => (Stand::Waiting(None), Some(Held::Register(letter.register))),
            Meaning::Tomorrow => (Stand::Waiting(None), Some(Held::Day(letter.day))),
            Meaning::Never => (Stand::Refused(printable(rule)), None),
        };
        self.held.extend(held.map(|held| (letter.id, held)));
        stands(agent, letter, stand);
        if meaning(rule) == Meaning::Again { Step::Again } else { Step::Went }
    }

    /// The ledger says that it has it, at this index. Of a card only the register can show that.
    fn told(&mut self, agent: &Agent, letter: &Letter, index: u64, number: Option<Numbered>) -> Step {
        let mut core = agent.lock();
        let size = core.register.size();
        let report = core.reports.find(&letter.id);
        let belied = report
            .is_some_and(|report| report.card_blocked().is_some() && report.stand != Stand::Settled && index < size);
        drop(core);
        if belied {
            log::error!("the ledger says that it has a report at {index}, and its register does not; it is sent again");
            // Others do not wait for this one.
            self.held.insert(letter.id, Held::Register(size));
            return Step::Went;
        }
        stands(agent, letter, Stand::Told { index, number, act: Some(letter.entry.clone()) });
        Step::Went
    }
}

/// Where a report stands from here on, in memory and on disk.
fn stands(agent: &Agent, letter: &Letter, stand: Stand) {
    {
        let mut core = agent.lock();
        let refused = if let Stand::Refused(rule) = &stand { Some(rule.clone()) } else { None };
        // What the register has said meanwhile is the last word.
        let report = core.reports.find(&letter.id).filter(|report| report.stand != Stand::Settled);
        let news = report.map(|report| {
            report.stand = stand;
            report.card_blocked()
        });
        if let Some((card, rule)) = news.zip(refused) {
            agent.refused_for_good(&mut core, card, letter, &rule);
        }
        agent.tell(&mut core);
    }
    if let Err(error) = agent.keep_reports() {
        log::error!("cannot keep what came of a report: {error}");
    }
}

impl Agent {
    /// The ledger will not have a report: it stands here alone, and people have to see to it.
    fn refused_for_good(&self, core: &mut Core, card: Option<CardGuid>, letter: &Letter, rule: &str) {
        log::error!("the ledger will not take a report ({rule}): its card is blocked at this terminal alone");
        let id = Hash(Sha256::digest(&letter.entry).into());
        let id = SignedAct::decode(&letter.entry).map_or(id, |act| act.id());
        let rule = Code::new(rule).or_else(|_| Code::new("refused")).expect("a word is a code");
        let act = Some(RefusedAct { id, rule, card, operator: None });
        let (terminal, epoch) = (Some(self.identity.terminal.clone()), Some(self.journal.next().epoch));
        self.observe(core, Body::Alarm(Alarm { kind: AlarmKind::ReportRefused, terminal, epoch, seq: None, act }));
    }
}
