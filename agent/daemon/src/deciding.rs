//! From what is to what `decide` looks at.

use sekisho_ipc::{SessionEnd, Verdict};
use sekisho_register::decide;
use sekisho_register::people::Standing;
use sekisho_wire::decision::{DecisionInput, Level, Request, SessionKind, TerminalState};
use sekisho_wire::id::{CaseReference, Code, SessionId};
use sekisho_wire::reason::Reason;
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core};
use crate::session::{Event, Limits, Now, Session};
use crate::spoken;
use crate::work_time::WorkLeft;

/// What is asked, besides what the terminal knows itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) application: Option<Code>,
    pub(crate) function: Option<Code>,
    pub(crate) purpose: Option<Code>,
    pub(crate) case: Option<CaseReference>,
}

/// A session that is to open, or to open again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) session: SessionId,
    pub(crate) profile: Option<Code>,
    pub(crate) kind: SessionKind,
}

impl Wish {
    /// That this session opens again.
    pub(crate) fn again(session: &Session) -> Self {
        Self { session: session.id, profile: Some(session.profile.clone()), kind: session.kind }
    }
}

impl Agent {
    /// The input for a function, here and now.
    pub(crate) fn function_input(&self, core: &mut Core, question: &Question, level: Level) -> DecisionInput {
        let mut input = self.input(core, Request::Function, level);
        if let Some(session) = core.machine.session() {
            input.session = Some(session.id);
            input.profile = Some(session.profile.clone());
            input.session_kind = session.kind;
            input.opened = Some(session.opened);
        }
        input.application.clone_from(&question.application);
        input.function.clone_from(&question.function);
        input.purpose.clone_from(&question.purpose);
        input.case.clone_from(&question.case);
        self.complete(core, input)
    }

    /// The input for opening a session, or opening it again.
    pub(crate) fn opening_input(&self, core: &mut Core, wish: &Wish) -> DecisionInput {
        let request = match core.machine.terminal_state() {
            TerminalState::Locked => Request::Unlock,
            TerminalState::NoCard | TerminalState::AwaitPin | TerminalState::Open => Request::Open,
        };
        let mut input = self.input(core, request, Level::Pin);
        input.session = Some(wish.session);
        input.profile.clone_from(&wish.profile);
        input.session_kind = wish.kind;
        if request == Request::Unlock {
            input.opened = core.machine.session().map(|session| session.opened);
        }
        self.complete(core, input)
    }

    /// The input for a change of PIN: it belongs to no session.
    pub(crate) fn change_of_pin_input(&self, core: &mut Core) -> DecisionInput {
        let input = self.input(core, Request::ChangePin, Level::Pin);
        self.complete(core, input)
    }

    fn input(&self, core: &mut Core, request: Request, level: Level) -> DecisionInput {
        let time = self.now(core).trusted;
        let note = core.trusted.newest_note();
        let card = core.machine.card();
        DecisionInput {
            rules: core.register.rules(),
            register: core.register.size(),
            office: self.identity.office,
            terminal: self.identity.terminal.clone(),
            reader: card.and_then(|card| card.reader.clone()),
            state: core.machine.terminal_state(),
            request,
            level,
            card: card.map(|card| card.card),
            operator: None,
            profile: None,
            section: None,
            session: None,
            session_kind: SessionKind::Ordinary,
            opened: None,
            application: None,
            function: None,
            purpose: None,
            case: None,
            permit: None,
            time,
            clock: core.trusted.clock_state(),
            note_time: note.map(|note| note.time),
            note_until: note.map(|note| note.until),
            worked: 0,
            worked_today: 0,
            grant: core.named_grant(),
            reported: core.reports.against(card.map(|card| &card.card)),
            home: None,
            pin_changed: core.pins_changed.of(card.map(|card| &card.card)),
        }
    }

    /// What follows from the card by the register: person, section, permit.
    fn complete(&self, core: &Core, mut input: DecisionInput) -> DecisionInput {
        let register = core.deciding();
        let at = input.time.max(register.newest_made());
        let holder = input.card.and_then(|card| register.card(&card)?.holder(at));
        input.operator = holder.map(|holder| holder.operator.clone());
        let person = input.operator.as_ref().and_then(|operator| register.operator(operator));
        if let Some(Standing::Designated(designation)) = person.map(|person| person.standing(at)) {
            input.section.clone_from(&designation.section);
        }
        input.home = person.and_then(|person| person.home()).map(|home| home.office);
        if let Some(operator) = input.operator.as_ref().filter(|_| input.request != Request::ChangePin) {
            let hours = WorkLeft::new(&core.work, operator, register.policy_at(at), input.time);
            (input.worked, input.worked_today) = (WorkLeft::seconds(hours.worked), WorkLeft::seconds(hours.today));
        }
        if register.policy_at(at).hours_enforced && !register.is_open(&input.terminal, input.time) {
            let function = input.function.as_ref();
            let covering = |operator| register.permit_covering(operator, &input.terminal, function, at);
            input.permit = input.operator.as_ref().and_then(covering);
        }
        input
    }

    /// Looks again whether the session may be: the register may have taken the right away, or time.
    pub(crate) fn recheck(&self, core: &mut Core) {
        let Some(session) = core.machine.session() else { return };
        let wish = Wish::again(session);
        let mut input = self.opening_input(core, &wish);
        // Asked as if the session were locked now: what would not let it open again ends it.
        (input.request, input.state) = (Request::Unlock, TerminalState::Locked);
        input.opened = core.machine.session().map(|session| session.opened);
        let code = decide(core.deciding(), &input).code();
        if code == VerdictCode::RestNeeded {
            // What is on her screen stays for after the rest.
            self.step(core, Event::RestDue);
        } else if let Some(reason) = reason_of(code) {
            log::info!("the session may not go on: {}", spoken::reason(reason));
            self.step(core, Event::RightGone(reason));
        }
    }
}

impl Agent {
    /// What a person is told of this verdict, here and now.
    pub(crate) fn said(&self, core: &mut Core, code: VerdictCode) -> Verdict {
        let code = core.told(code);
        let over = if code == VerdictCode::RestNeeded { self.hours_of_holder(core).rested_at } else { None };
        over.map_or_else(|| spoken::verdict(code), spoken::rest_needed)
    }

    fn hours_of_holder(&self, core: &mut Core) -> WorkLeft {
        let time = self.now(core).trusted;
        let at = time.max(core.deciding().newest_made());
        let holder = core.machine.card().and_then(|card| core.deciding().card(&card.card)?.holder(at));
        holder.map_or_else(WorkLeft::default, |holder| core.hours_of(holder.operator, time))
    }
}

/// Hours and permits that follow upon each other are looked through so far: longer than any session lasts.
const SPANS_MAX: usize = 16;

impl Core {
    /// How far this operator's work is by policy.
    fn hours_of(&self, operator: &Code, time: u64) -> WorkLeft {
        let register = self.deciding();
        WorkLeft::new(&self.work, operator, register.policy_at(time.max(register.newest_made())), time)
    }

    /// In how many ms this session ends or is locked by itself, and by what.
    pub(crate) fn ends_in(&self, session: &Session, terminal: &Code, now: Now, limits: &Limits) -> (u64, SessionEnd) {
        let length = limits.session.saturating_sub(now.trusted.saturating_sub(session.opened));
        // Who has locked it does not work.
        let works = self.machine.terminal_state() == TerminalState::Open;
        let hours = if works { self.hours_of(&session.operator, now.trusted) } else { WorkLeft::default() };
        let ends = [
            (Some(length), SessionEnd::Length),
            (self.hours_left(session, terminal, now.trusted), SessionEnd::Hours),
            (hours.day_in, SessionEnd::Day),
            (hours.rest_in, SessionEnd::Rest),
        ];
        let first = ends.into_iter().filter_map(|(left, by)| Some((left?, by))).min_by_key(|(left, _)| *left);
        first.unwrap_or((length, SessionEnd::Length))
    }

    /// How many ms the operating hours, and permits beyond them, still let this session be; `None` where they do not bind it, or run on
    /// without end.
    fn hours_left(&self, session: &Session, terminal: &Code, time: u64) -> Option<u64> {
        let register = self.deciding();
        let policy = register.policy_at(time.max(register.newest_made()));
        let kind = register.card(&self.machine.card()?.card)?.issued().kind;
        if !policy.hours_enforced || policy.out_of_hours_kinds.contains(&kind) {
            return None;
        }
        let mut end = time;
        for _ in 0..SPANS_MAX {
            let next = if register.is_open(terminal, end) {
                register.next_closing(terminal, end)?
            } else {
                match register.permit_covering(&session.operator, terminal, None, end) {
                    Some(number) => register.permit(number)?.given().to,
                    None => return Some(end.saturating_sub(time)),
                }
            };
            end = next;
        }
        None
    }
}

/// Why a session cannot go on under this verdict; `None` when it can.
const fn reason_of(code: VerdictCode) -> Option<Reason> {
    match code {
        VerdictCode::Granted | VerdictCode::RestNeeded | VerdictCode::CardProofNeeded | VerdictCode::PinProofNeeded => {
            None
        }
        VerdictCode::SessionTooLong => Some(Reason::SessionTooLong),
        VerdictCode::ClockBehind | VerdictCode::ClockUnknown => Some(Reason::ClockImpossible),
        VerdictCode::RegisterStale | VerdictCode::GrantStale => Some(Reason::RegisterStale),
        VerdictCode::ConnectionStopped => Some(Reason::ConnectionStopped),
        VerdictCode::CardReported => Some(Reason::CardReported),
        VerdictCode::DailyLimit => Some(Reason::DailyLimit),
        VerdictCode::PinExpired => Some(Reason::PinExpired),
        VerdictCode::OutOfHours | VerdictCode::PermitUnknown | VerdictCode::PermitDoesNotCover => {
            Some(Reason::EndOfHours)
        }
        VerdictCode::NoCard
        | VerdictCode::PinNeeded
        | VerdictCode::Locked
        | VerdictCode::SessionMissing
        | VerdictCode::RulesUnknown
        | VerdictCode::OtherOffice
        | VerdictCode::OtherRegister
        | VerdictCode::TerminalUnknown
        | VerdictCode::TerminalSuspended
        | VerdictCode::TerminalRetired
        | VerdictCode::TerminalKindWrong
        | VerdictCode::ReaderUnknown
        | VerdictCode::CardUnknown
        | VerdictCode::CardDormant
        | VerdictCode::CardSuspended
        | VerdictCode::CardRevoked
        | VerdictCode::CardReturned
        | VerdictCode::CardExpired
        | VerdictCode::CardNeverOpens
        | VerdictCode::CardKindWrong
        | VerdictCode::GrantRefused
        | VerdictCode::OperatorUnknown
        | VerdictCode::OperatorSuspended
        | VerdictCode::OperatorEnded
        | VerdictCode::DesignationNotBegun
        | VerdictCode::DesignationEnded
        | VerdictCode::OperatorNotForTerminal
        | VerdictCode::SectionSuspended
        | VerdictCode::ProfileUnknown
        | VerdictCode::ProfileEnded
        | VerdictCode::FunctionUnknown
        | VerdictCode::FunctionNotInScope
        | VerdictCode::FunctionNotForTerminal
        | VerdictCode::FunctionNotForApplication
        | VerdictCode::PurposeMissing
        | VerdictCode::PurposeUnknown
        | VerdictCode::NotRecorded
        | VerdictCode::EndedMeanwhile
        | VerdictCode::NotYourSession
        | VerdictCode::AgentBusy
        | VerdictCode::NotEnrolled
        | VerdictCode::HistoryRefused
        | VerdictCode::JournalFull
        | VerdictCode::UnsentTooLong
        | VerdictCode::ReportUnknown
        | VerdictCode::ReportLimit
        | VerdictCode::ReportSigner
        | VerdictCode::ReportTerminal
        | VerdictCode::ReportGuessed
        | VerdictCode::WrongPin
        | VerdictCode::PinBlocked
        | VerdictCode::PinNotSent
        | VerdictCode::CardProblem
        | VerdictCode::CardFalse
        | VerdictCode::CardOther
        | VerdictCode::PinUnanswered
        | VerdictCode::GrantFalse => Some(Reason::RegisterChanged),
    }
}
