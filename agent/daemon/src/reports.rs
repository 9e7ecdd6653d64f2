//! What people report at this terminal: a card that is lost, stolen, damaged or whose PIN is known, and incidents (register §R3.13). A card is
//! refused here from that moment on, with a line or without one; the act about it is signed and sent when there is a line.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use sekisho_ipc::{
    AgentError, Bar, Numbered as ShownNumber, RecordRef, ReportCardAnswer, ReportCardRequest, ReportIncidentAnswer,
    ReportIncidentRequest,
};
use sekisho_register::calendar::local_day;
use sekisho_register::cards::Card;
use sekisho_register::change::CardState;
use sekisho_register::wareki::numbered;
use sekisho_register::{FoldRefusal, Register, SignedAct};
use sekisho_wire::decision::TerminalState;
use sekisho_wire::id::{CardGuid, Code, Numbered, Salt, SessionId};
use sekisho_wire::reason::{CardTrouble, IncidentClass};
use sekisho_wire::record::{Body, CardReported, IncidentReported};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::agent::{Agent, Core};
use crate::function::Caller;
use crate::spoken;

mod delivery;
mod named;
mod stored;

use named::{Named, named};

/// Most reports of one kind on one legal day: the fold takes no more acts of one terminal (register §R3.9).
const A_DAY: usize = sekisho_register::fold::TERMINAL_ACTS_A_DAY as usize;
/// So many numbers that nobody has may be tried within this time, ms: whoever guesses must not learn which there are.
const GUESSES: usize = 5;
const GUESSES_WITHIN: u64 = 10 * 60 * 1000;
/// How long a person is kept waiting to hear whether the ledger has it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Every report that still counts for something.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    all: Vec<Report>,
    /// Boot time of numbers that were tried and that nobody has.
    guesses: Vec<u64>,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// The salt of the act, and the name of the report in records.
    id: Salt,
    /// Trusted time.
    at: u64,
    what: What,
    stand: Stand,
}

/// What was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Card { card: CardGuid, reason: CardTrouble },
    Incident { class: IncidentClass, kind: Code, card: Option<CardGuid> },
}

/// How far a report has come.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stand {
    /// The ledger is not known to have it. The act that was signed last is sent until it is answered.
    Waiting(Option<Vec<u8>>),
    /// It lies in the log at this index, or what it asks for does by then. An incident has its number.
    Placed { index: u64, number: Option<Numbered> },
    /// The ledger took it for no act of ours, by this rule.
    Refused(String),
}

/// What came of a card that was named.
enum Found {
    /// In use: it is to be blocked.
    InUse,
    /// It opens nothing as it is, or was reported here before.
    Blocked,
}

impl Report {
    fn card_blocked(&self) -> Option<CardGuid> {
        match self.what {
            What::Card { card, .. } => Some(card),
            What::Incident { .. } => None,
        }
    }

    /// Whether the register has the say about it by now.
    fn settle(&mut self, register: &Register) {
        let (What::Card { card, .. }, Stand::Waiting(signed)) = (&self.what, &self.stand) else { return };
        let act = signed.as_ref().and_then(|entry| SignedAct::decode(entry).ok());
        let lies = act.and_then(|act| register.act_index(&act.id()));
        // Somebody else's word came first: a lift of that must not be undone by an act that was still to be sent.
        let blocked = register.card(card).is_some_and(|card| !is_active(register, card));
        if let Some(index) = lies.or_else(|| blocked.then(|| register.size().saturating_sub(1))) {
            self.stand = Stand::Placed { index, number: None };
        }
    }

    /// Whether it keeps its card from opening anything, beside this register.
    const fn stands(&self, register_size: u64) -> bool {
        match self.stand {
            Stand::Waiting(_) => true,
            Stand::Placed { index, .. } => register_size <= index,
            Stand::Refused(_) => false,
        }
    }
}

fn is_active(register: &Register, card: &Card) -> bool {
    card.state(register.newest_made()) == CardState::Active
}

impl Reports {
    /// The report that stands against a card and that this register does not say yet.
    pub(crate) fn against(&self, card: Option<&CardGuid>, register: &Register) -> Option<Salt> {
        let of_card = |report: &&Report| card.is_some() && report.card_blocked().as_ref() == card;
        self.all.iter().filter(of_card).find(|report| report.stands(register.size())).map(|report| report.id)
    }

    /// How many the ledger is not known to have.
    pub(crate) fn waiting(&self) -> u32 {
        let waiting = self.all.iter().filter(|report| matches!(report.stand, Stand::Waiting(_))).count();
        u32::try_from(waiting).unwrap_or(u32::MAX)
    }

    /// A newer register decides from here on.
    pub(crate) fn settle(&mut self, register: &Register) {
        self.all.iter_mut().for_each(|report| report.settle(register));
    }

    /// What is over stays for its day, to be counted.
    fn forget(&mut self, today: u32, register_size: u64) {
        self.all.retain(|report| {
            let counts = match report.what {
                What::Card { .. } => report.stands(register_size),
                What::Incident { .. } => matches!(report.stand, Stand::Waiting(_)),
            };
            counts || local_day(report.at) >= today
        });
    }

    fn on_day(&self, day: u32, is_one: impl Fn(&What) -> bool) -> usize {
        self.all.iter().filter(|report| is_one(&report.what) && local_day(report.at) == day).count()
    }

    fn find(&mut self, id: &Salt) -> Option<&mut Report> {
        self.all.iter_mut().find(|report| report.id == *id)
    }

    /// Whether somebody tries one number after the other.
    fn is_guessed(&mut self, now: u64) -> bool {
        self.guesses.retain(|at| now.saturating_sub(*at) < GUESSES_WITHIN);
        self.guesses.len() >= GUESSES
    }
}

impl Agent {
    fn reports_file(&self) -> PathBuf {
        self.config.state.join("reports.json")
    }

    /// What was reported before this start.
    pub(crate) fn load_reports(&self) -> io::Result<()> {
        let all = stored::load(&self.reports_file())?;
        let mut core = self.lock();
        core.reports.all = all;
        let register = Arc::clone(&core.register);
        core.reports.settle(&register);
        Ok(())
    }

    /// Writes down what was reported, as it is now. One at a time: an older list never replaces a newer one.
    fn keep_reports(&self) -> io::Result<()> {
        let _turn = self.keeping_reports.lock().unwrap_or_else(PoisonError::into_inner);
        let list = {
            let mut core = self.lock();
            let (today, size) = (local_day(self.now(&mut core).trusted), core.register.size());
            core.reports.forget(today, size);
            core.reports.all.clone()
        };
        stored::save(&self.reports_file(), &list)
    }

    /// A card is lost, stolen, damaged, or its PIN known: it opens nothing here from now on, nor anywhere as soon as the ledger has heard.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn report_card(&self, caller: &Caller, request: &ReportCardRequest) -> Result<ReportCardAnswer, AgentError> {
        let taken = self.take_card_report(caller, request)?;
        self.make_durable(taken.last)?;
        let reached = self.reached(&taken.reports)?;
        Ok(ReportCardAnswer { cards: taken.cards, already: taken.already, reached })
    }

    /// Something happened at this terminal that somebody has to look at.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn report_incident(
        &self,
        caller: &Caller,
        request: &ReportIncidentRequest,
    ) -> Result<ReportIncidentAnswer, AgentError> {
        let (id, last) = self.take_incident_report(caller, request)?;
        self.make_durable(last)?;
        let reached = self.reached(&[id])?;
        let mut core = self.lock();
        let number = match core.reports.find(&id).map(|report| &report.stand) {
            Some(Stand::Placed { number, .. }) => number.map(shown),
            Some(Stand::Waiting(_) | Stand::Refused(_)) | None => None,
        };
        Ok(ReportIncidentAnswer { number, reached })
    }

    /// From here on the card is refused; what is left is to keep it and to tell others.
    fn take_card_report(&self, caller: &Caller, request: &ReportCardRequest) -> Result<Taken, AgentError> {
        may_report(caller)?;
        let mut core = self.lock();
        let register = Arc::clone(&core.register);
        let at = self.now(&mut core).trusted;
        let by_now = at.max(register.newest_made());
        let cards = match self.named_cards(&mut core, request.card.as_deref(), by_now) {
            Ok(cards) => cards,
            Err(code) => return Err(spoken::refused(code, None)),
        };
        let reason = trouble(request.reason);
        let mut taken = Taken::default();
        let mut new = Vec::new();
        for guid in cards {
            let Some(card) = register.card(&guid) else { continue };
            let number = shown(card.number());
            match self.found(&core, card) {
                Found::Blocked => taken.already.push(number),
                Found::InUse => {
                    let what = What::Card { card: guid, reason };
                    let report = Report { id: self.salt(), at, what, stand: Stand::Waiting(None) };
                    self.rehearse(&register, &report, at)?;
                    taken.cards.push(number);
                    new.push(report);
                }
            }
        }
        let is_card = |what: &What| matches!(what, What::Card { .. });
        if !new.is_empty() && core.reports.on_day(local_day(at), is_card) + new.len() > A_DAY {
            return Err(spoken::refused(VerdictCode::ReportLimit, None));
        }
        taken.reports = new.iter().map(|report| report.id).collect();
        taken.last = self.put_in_force(&mut core, caller, new);
        Ok(taken)
    }

    fn take_incident_report(
        &self,
        caller: &Caller,
        request: &ReportIncidentRequest,
    ) -> Result<(Salt, Option<RecordRef>), AgentError> {
        may_report(caller)?;
        let kind = Code::new(&request.kind)
            .map_err(|error| AgentError::InvalidArgument { field: "kind".into(), rule: error.rule.into() })?;
        let mut core = self.lock();
        let at = self.now(&mut core).trusted;
        let by_now = at.max(core.register.newest_made());
        let card = match request.card.as_deref() {
            None => None,
            Some(text) => match self.named_cards(&mut core, Some(text), by_now) {
                Ok(cards) => cards.first().copied().filter(|_| cards.len() == 1),
                Err(code) => return Err(spoken::refused(code, None)),
            },
        };
        let is_incident = |what: &What| matches!(what, What::Incident { .. });
        if core.reports.on_day(local_day(at), is_incident) >= A_DAY {
            return Err(spoken::refused(VerdictCode::ReportLimit, None));
        }
        let class = match request.class {
            sekisho_ipc::IncidentClass::Failure => IncidentClass::Failure,
            sekisho_ipc::IncidentClass::Misuse => IncidentClass::Misuse,
        };
        let what = What::Incident { class, kind, card };
        let report = Report { id: self.salt(), at, what, stand: Stand::Waiting(None) };
        let id = report.id;
        Ok((id, self.put_in_force(&mut core, caller, vec![report])))
    }

    /// The cards that are meant, by number, GUID or operator; without a text the one that is in.
    fn named_cards(&self, core: &mut Core, text: Option<&str>, at: u64) -> Result<Vec<CardGuid>, VerdictCode> {
        let now = self.clock.boottime();
        if core.reports.is_guessed(now) {
            return Err(VerdictCode::ReportGuessed);
        }
        let inserted = core.machine.card().map(|card| card.card);
        match named(&core.register, text, inserted, at) {
            Named::Cards(cards) => Ok(cards),
            Named::Nobody => {
                log::warn!("a card was to be reported that is not known here");
                core.reports.guesses.push(now);
                Err(VerdictCode::ReportUnknown)
            }
            Named::NoCard => Err(VerdictCode::NoCard),
        }
    }

    fn found(&self, core: &Core, card: &Card) -> Found {
        let reported = core.reports.against(Some(card.guid()), &core.register).is_some();
        if reported || !is_active(&core.register, card) { Found::Blocked } else { Found::InUse }
    }

    /// What the fold would say of its act, where people can be told so at once.
    fn rehearse(&self, register: &Register, report: &Report, at: u64) -> Result<(), AgentError> {
        let entry = self.signed_act(register, report, at);
        let code = match register.would_accept(&entry, at) {
            Err(FoldRefusal::TerminalLimit(_)) => VerdictCode::ReportLimit,
            Err(FoldRefusal::TooFewSigners) => VerdictCode::ReportSigner,
            Err(FoldRefusal::SignerUnknown(_) | FoldRefusal::SignerNotCurrent(_) | FoldRefusal::SignatureWrong(_)) => {
                VerdictCode::ReportTerminal
            }
            // A clock that is off, a register that is old: a loss does not wait for either.
            Ok(_) | Err(_) => return Ok(()),
        };
        Err(spoken::refused(code, None))
    }

    /// The last record that says so.
    fn put_in_force(&self, core: &mut Core, caller: &Caller, reports: Vec<Report>) -> Option<RecordRef> {
        let mut last = None;
        let (session, operator) = core.reporter(caller);
        for report in reports {
            let (session, operator) = (session, operator.clone());
            let body = match report.what.clone() {
                What::Card { card, reason } => {
                    log::warn!("card {card} was reported here: it opens nothing");
                    Body::CardReported(CardReported { report: report.id, card, reason, session, operator })
                }
                What::Incident { class, kind, card } => {
                    log::warn!("an incident was reported here: {kind}");
                    let report = report.id;
                    Body::IncidentReported(IncidentReported { report, class, kind, card, session, operator })
                }
            };
            core.reports.all.push(report);
            last = Some(self.write(core, body));
        }
        self.recheck(core);
        self.tell(core);
        last
    }

    /// Kept, before anybody is told that it is.
    fn make_durable(&self, last: Option<RecordRef>) -> Result<(), AgentError> {
        let Some(last) = last else { return Ok(()) };
        if let Err(error) = self.journal.wait(last.seq) {
            log::error!("{error}");
        }
        self.keep_reports().map_err(|error| {
            log::error!("cannot keep what was reported: {error}");
            // It is in force as long as this process lives, and on its way.
            AgentError::NotRecorded
        })
    }

    /// Whether the ledger has them, as far as is known after a moment.
    #[expect(clippy::disallowed_methods, reason = "a person waits in real time, whatever the agent's clock says")]
    fn reached(&self, reports: &[Salt]) -> Result<bool, AgentError> {
        let until = Instant::now() + PATIENCE;
        let mut core = self.lock();
        loop {
            let mut waits = false;
            for id in reports {
                match core.reports.find(id).map(|report| &report.stand) {
                    Some(Stand::Waiting(_)) => waits = true,
                    Some(Stand::Refused(rule)) => {
                        let signer = rule == FoldRefusal::TooFewSigners.code();
                        let code = if signer { VerdictCode::ReportSigner } else { VerdictCode::ReportTerminal };
                        return Err(spoken::refused(code, None));
                    }
                    Some(Stand::Placed { .. }) | None => {}
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if !waits || left.is_zero() {
                return Ok(!waits);
            }
            core = self.wait_for_change(core, left);
        }
    }
}

/// What became of a report of cards.
#[derive(Debug, Default)]
struct Taken {
    reports: Vec<Salt>,
    last: Option<RecordRef>,
    cards: Vec<ShownNumber>,
    already: Vec<ShownNumber>,
}

impl Core {
    /// In whose session it is reported: nobody is named who is not seen to be there.
    fn reporter(&self, caller: &Caller) -> (Option<SessionId>, Option<Code>) {
        let open = self.machine.terminal_state() == TerminalState::Open && self.is_owner(caller);
        let session = self.machine.session().filter(|_| open);
        (session.map(|session| session.id), session.map(|session| session.operator.clone()))
    }
}

fn may_report(caller: &Caller) -> Result<(), AgentError> {
    if caller.may_prompt { Ok(()) } else { Err(AgentError::NotPermitted { reason: Bar::NotAReporter }) }
}

const fn trouble(reason: sekisho_ipc::CardTrouble) -> CardTrouble {
    match reason {
        sekisho_ipc::CardTrouble::Lost => CardTrouble::Lost,
        sekisho_ipc::CardTrouble::Stolen => CardTrouble::Stolen,
        sekisho_ipc::CardTrouble::Damaged => CardTrouble::Damaged,
        sekisho_ipc::CardTrouble::PinCompromised => CardTrouble::PinCompromised,
    }
}

fn shown(number: Numbered) -> ShownNumber {
    ShownNumber { number: numbered(number, Language::English), number_ja: numbered(number, Language::Japanese) }
}

#[cfg(test)]
mod tests;
