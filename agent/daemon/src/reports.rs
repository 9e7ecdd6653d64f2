//! What people report at this terminal: a card that is lost, stolen, damaged or whose PIN is known, and incidents (register §R3.13). A card is
//! refused here from that moment on, with a line or without one; the act about it is signed and sent when there is a line.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use sekisho_ipc::{
    AgentError, Bar, NotBlocked, Numbered as ShownNumber, RecordRef, ReportCardAnswer, ReportCardRequest,
    ReportIncidentAnswer, ReportIncidentRequest,
};
use sekisho_register::calendar::local_day;
use sekisho_register::cards::Card;
use sekisho_register::wareki::numbered;
use sekisho_register::{FoldRefusal, Register};
use sekisho_wire::decision::TerminalState;
use sekisho_wire::id::{CardGuid, Code, Numbered, Salt, SessionId};
use sekisho_wire::reason::{CardTrouble, IncidentClass};
use sekisho_wire::record::{Body, CardReported, IncidentReported};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::agent::{Agent, Core};
use crate::function::Caller;
use crate::spoken;
use crate::worker_link::Problem;

mod delivery;
mod guesses;
mod named;
mod standing;
mod stored;

use guesses::Guesser;
pub(crate) use named::number as numbered_card;
use named::{Known, Named, named};
pub(crate) use standing::Reports;
use standing::{Report, Stand, What, is_active, is_suspended};

/// Most reports of one kind on one legal day: the fold takes no more acts of one terminal (register §R3.9).
const A_DAY: usize = sekisho_register::fold::TERMINAL_ACTS_A_DAY as usize;
/// How long a person is kept waiting to hear whether the ledger has it.
const PATIENCE: Duration = Duration::from_secs(3);

impl Agent {
    fn reports_file(&self) -> PathBuf {
        self.config.state.join("reports.json")
    }

    /// What was reported before this start.
    pub(crate) fn load_reports(&self) -> io::Result<()> {
        let mut core = self.lock();
        let register = Arc::clone(&core.register);
        core.reports.all = stored::load(&self.reports_file(), register.size())?;
        let kept = core.reports.all.clone();
        core.reports.are_kept(kept);
        core.reports.settle(&register);
        Ok(())
    }

    /// Writes down what was reported, as it is now. One at a time: an older list never replaces a newer one.
    fn keep_reports(&self) -> io::Result<()> {
        let _turn = self.keeping_reports.lock().unwrap_or_else(PoisonError::into_inner);
        let list = {
            let mut core = self.lock();
            let today = local_day(self.now(&mut core).trusted);
            core.reports.forget(today);
            core.reports.all.clone()
        };
        stored::save(&self.reports_file(), &list)?;
        self.lock().reports.are_kept(list);
        Ok(())
    }

    /// A card is lost, stolen, damaged, or its PIN known: it opens nothing here from now on, nor anywhere as soon as the ledger has heard.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn report_card(&self, caller: &Caller, request: &ReportCardRequest) -> Result<ReportCardAnswer, AgentError> {
        let taken = self.take_card_report(caller, request)?;
        self.make_durable(taken.last)?;
        let heard = self.known_of(&taken.reports, taken.news);
        let (reached, refused) = (heard == Heard::Has, heard == Heard::WillNotHave);
        Ok(ReportCardAnswer {
            cards: taken.cards,
            already: taken.already,
            not_blocked: taken.not_blocked,
            reached,
            refused,
        })
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
        let taken = self.take_incident_report(caller, request)?;
        self.make_durable(taken.last)?;
        let heard = self.known_of(&[taken.report], None);
        let mut core = self.lock();
        let number = match core.reports.find(&taken.report).map(|report| &report.stand) {
            Some(Stand::Told { number, .. }) => number.map(shown),
            Some(Stand::Waiting(_) | Stand::Refused(_) | Stand::Settled) | None => None,
        };
        let (reached, refused) = (heard == Heard::Has, heard == Heard::WillNotHave);
        Ok(ReportIncidentAnswer { number, unclear: taken.unclear, reached, refused })
    }

    /// From here on the card is refused; what is left is to keep it and to tell others. Of several cards those are blocked that can be.
    fn take_card_report(&self, caller: &Caller, request: &ReportCardRequest) -> Result<Taken, AgentError> {
        may_report(caller)?;
        let mut core = self.lock();
        let (register, deciding) = (Arc::clone(&core.register), Arc::clone(core.deciding()));
        let at = self.now(&mut core).trusted;
        let cards = self.named_cards(&mut core, caller, request.card.as_deref(), at)?;
        let reason = trouble(request.reason);
        let is_card = |what: &What| matches!(what, What::Card { .. });
        let mut left_today = A_DAY.saturating_sub(core.reports.on_day(local_day(at), is_card));
        let (mut taken, mut new, mut first) = (Taken::default(), Vec::new(), None);
        for card in cards.iter().filter_map(|guid| deciding.card(guid)) {
            let number = core.shown_card(card);
            let before = core.reports.against(Some(card.guid()));
            if before.is_some() || !is_active(&deciding, card) {
                // Somebody may give it back who knows of the first reason alone.
                let may_come_back = before.is_some() || is_suspended(&deciding, card);
                if may_come_back && !core.reports.is_reported(*card.guid(), reason) {
                    let said = core.reports.said_in(*card.guid(), reason).unwrap_or_else(|| {
                        let body = self.card_reported(&mut core, caller, self.salt(), *card.guid(), reason);
                        self.write(&mut core, body)
                    });
                    core.reports.say(*card.guid(), reason, said);
                    (taken.news, taken.last) = (Some(said), Some(said));
                }
                taken.already.push(number);
                taken.reports.extend(before);
                continue;
            }
            let what = What::Card { card: *card.guid(), reason };
            let report = Report { id: self.salt(), at, size: register.size(), what, stand: Stand::Waiting(None) };
            let limit = (left_today == 0).then_some(VerdictCode::ReportLimit);
            if let Some(code) = self.rehearsed(&register, &report, at).or(limit) {
                first.get_or_insert(code);
                taken.not_blocked.push(NotBlocked { card: number, verdict: spoken::verdict(code) });
                continue;
            }
            left_today -= 1;
            taken.cards.push(number);
            taken.reports.push(report.id);
            new.push(report);
        }
        if let Some(code) = first.filter(|_| taken.cards.is_empty() && taken.already.is_empty()) {
            return Err(spoken::refused(code, None));
        }
        taken.last = self.put_in_force(&mut core, caller, new).or(taken.last);
        Ok(taken)
    }

    fn take_incident_report(
        &self,
        caller: &Caller,
        request: &ReportIncidentRequest,
    ) -> Result<TakenIncident, AgentError> {
        may_report(caller)?;
        let kind = Code::new(&request.kind)
            .map_err(|error| AgentError::InvalidArgument { field: "kind".into(), rule: error.rule.into() })?;
        let mut core = self.lock();
        let at = self.now(&mut core).trusted;
        // The ledger would refuse it, and nobody would be told.
        let policy = core.register.policy_at(at.max(core.register.newest_made()));
        if policy.severity(&kind).is_none() {
            let known: Vec<String> = policy.kinds(Language::English).into_iter().map(|(code, _)| code).collect();
            let rule = format!("one of the kinds that the register knows: {}", known.join(", "));
            return Err(AgentError::InvalidArgument { field: "kind".into(), rule });
        }
        let cards = match request.card.as_deref() {
            None => Vec::new(),
            Some(text) => self.named_cards(&mut core, caller, Some(text), at)?,
        };
        // Which of several cards it was with, nobody here can say for him.
        let card = cards.first().copied().filter(|_| cards.len() == 1);
        let several = cards.iter().filter(|_| cards.len() > 1);
        let unclear = several.filter_map(|card| Some(core.shown_card(core.deciding().card(card)?))).collect();
        let is_incident = |what: &What| matches!(what, What::Incident { .. });
        if core.reports.on_day(local_day(at), is_incident) >= A_DAY {
            return Err(spoken::refused(VerdictCode::ReportLimit, None));
        }
        let class = match request.class {
            sekisho_ipc::IncidentClass::Failure => IncidentClass::Failure,
            sekisho_ipc::IncidentClass::Misuse => IncidentClass::Misuse,
        };
        let what = What::Incident { class, kind, card };
        let (id, size) = (self.salt(), core.register.size());
        let report = Report { id, at, size, what, stand: Stand::Waiting(None) };
        let last = self.put_in_force(&mut core, caller, vec![report]);
        Ok(TakenIncident { report: id, last, unclear })
    }

    /// The cards that are meant, by number, GUID or operator; without a text the one that is in.
    fn named_cards(
        &self,
        core: &mut Core,
        caller: &Caller,
        text: Option<&str>,
        at: u64,
    ) -> Result<Vec<CardGuid>, AgentError> {
        let now = self.clock.boottime();
        let inserted = core.machine.card().map(|card| card.card);
        let found = named(&core.known(), text, inserted, at.max(core.deciding().newest_made()));
        // Who holds the card, or has seen it here, guesses nothing.
        let no_guess = match &found {
            Named::Cards(cards) => cards.iter().any(|card| inserted == Some(*card)),
            Named::ByGuid(card) => inserted == Some(*card) || core.reports.has_seen(card),
            Named::NoCard => true,
            Named::Nobody => false,
        };
        let guesser = core.reporter(caller).0.map_or(Guesser::User(caller.uid), Guesser::Session);
        if !no_guess && core.reports.guesses.are_over(guesser, now) {
            return Err(spoken::refused(VerdictCode::ReportGuessed, None));
        }
        match found {
            Named::Cards(cards) => Ok(cards),
            Named::ByGuid(card) => Ok(vec![card]),
            Named::Nobody => {
                log::warn!("a card was to be reported that is not known here");
                core.reports.guesses.note(guesser, now);
                Err(spoken::refused(VerdictCode::ReportUnknown, None))
            }
            Named::NoCard => Err(spoken::refused(VerdictCode::NoCard, None)),
        }
    }

    /// What the fold would say of its act, where people can be told so at once.
    fn rehearsed(&self, register: &Register, report: &Report, at: u64) -> Option<VerdictCode> {
        let entry = self.signed_act(register, report, at);
        match register.would_accept(&entry, at) {
            Err(FoldRefusal::TerminalLimit(_)) => Some(VerdictCode::ReportLimit),
            Err(FoldRefusal::TooFewSigners) => Some(VerdictCode::ReportSigner),
            Err(FoldRefusal::SignerUnknown(_) | FoldRefusal::SignerNotCurrent(_) | FoldRefusal::SignatureWrong(_)) => {
                Some(VerdictCode::ReportTerminal)
            }
            // A clock that is off, a register that is old: a loss does not wait for either.
            Ok(_) | Err(_) => None,
        }
    }

    /// The last record that says so.
    fn put_in_force(&self, core: &mut Core, caller: &Caller, reports: Vec<Report>) -> Option<RecordRef> {
        let mut last = None;
        for report in reports {
            let body = match report.what.clone() {
                What::Card { card, reason } => self.card_reported(core, caller, report.id, card, reason),
                What::Incident { class, kind, card } => {
                    log::warn!("an incident was reported here: {kind}");
                    let (report, (session, operator)) = (report.id, core.reporter(caller));
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

    fn card_reported(
        &self,
        core: &mut Core,
        caller: &Caller,
        report: Salt,
        card: CardGuid,
        reason: CardTrouble,
    ) -> Body {
        log::warn!("card {card} was reported here: it opens nothing");
        let (session, operator) = core.reporter(caller);
        Body::CardReported(CardReported { report, card, reason, session, operator })
    }

    /// Kept, before anybody is told that it is; also what could not be kept when it was reported first.
    fn make_durable(&self, last: Option<RecordRef>) -> Result<(), AgentError> {
        if let Some(last) = last
            && let Err(error) = self.journal.wait(last.seq)
        {
            log::error!("{error}");
        }
        if self.keep_what_is_new() { Ok(()) } else { Err(spoken::problem(&not_kept(), None)) }
    }

    /// What is known after a moment of whether the ledger has them, and the record of what only that says.
    #[expect(clippy::disallowed_methods, reason = "a person waits in real time, whatever the agent's clock says")]
    fn known_of(&self, reports: &[Salt], news: Option<RecordRef>) -> Heard {
        let until = Instant::now() + PATIENCE;
        let mut core = self.lock();
        loop {
            let mut waits = news.is_some_and(|news| core.acknowledged.stored <= news.seq);
            let mut refused = false;
            for report in reports.iter().filter_map(|id| core.reports.find(id).cloned()) {
                waits |= report.waits();
                refused |= matches!(report.stand, Stand::Refused(_));
            }
            let left = until.saturating_duration_since(Instant::now());
            match (waits, refused) {
                (false, true) => return Heard::WillNotHave,
                (false, false) => return Heard::Has,
                (true, _) if left.is_zero() => return Heard::NotYet,
                (true, _) => core = self.wait_for_change(core, left),
            }
        }
    }
}

/// It is in force as long as this process lives, and on its way; more cannot be promised.
fn not_kept() -> Problem {
    Problem {
        what: "it is in force at this terminal, but could not be written down: the disk is full or fails".into(),
        what_ja: "この端末では受け付けましたが、保存できませんでした(ディスクの空きがないか、故障しています)".into(),
        next: "Telephone the access manager now. It is written down as soon as there is room.".into(),
        next_ja: "すぐにアクセス管理責任者に電話してください。空きができしだい保存します。".into(),
    }
}

/// Whether the ledger has what was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Has,
    NotYet,
    WillNotHave,
}

/// What became of a report of cards.
#[derive(Debug, Default)]
struct Taken {
    /// Those that stand, those of before among them.
    reports: Vec<Salt>,
    /// The record of what is known of a card that opens nothing already: no act says it.
    news: Option<RecordRef>,
    last: Option<RecordRef>,
    cards: Vec<ShownNumber>,
    already: Vec<ShownNumber>,
    not_blocked: Vec<NotBlocked>,
}

/// What became of a report of an incident.
#[derive(Debug)]
struct TakenIncident {
    report: Salt,
    last: Option<RecordRef>,
    /// Cards of which none is named, for nobody knows which was meant.
    unclear: Vec<ShownNumber>,
}

impl Core {
    /// In whose session it is reported: nobody is named who is not seen to be there.
    fn reporter(&self, caller: &Caller) -> (Option<SessionId>, Option<Code>) {
        let open = self.machine.terminal_state() == TerminalState::Open && self.is_owner(caller);
        let session = self.machine.session().filter(|_| open);
        (session.map(|session| session.id), session.map(|session| session.operator.clone()))
    }

    /// Where cards are looked for: a card that is in and newer than the register is known by its grant.
    fn known(&self) -> Known<'_> {
        let deciding = self.deciding();
        let numbers = if self.numbers_count() { deciding } else { &self.register };
        Known { cards: deciding, numbers }
    }

    /// Whether the register that decides gives a card the number that it has: between it and the act on a card others may have been issued.
    fn numbers_count(&self) -> bool {
        self.named_grant().is_none_or(|grant| grant.index == self.register.size())
    }

    /// A card as people call it.
    fn shown_card(&self, card: &Card) -> ShownNumber {
        if self.register.card(card.guid()).is_some() || self.numbers_count() {
            return shown(card.number());
        }
        ShownNumber { number: card.guid().to_string(), number_ja: card.guid().to_string() }
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
