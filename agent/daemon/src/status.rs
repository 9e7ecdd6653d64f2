//! What the agent shows: the whole state to panels, no more than where it stands to others.

use sekisho_ipc::{Card, Function, LinkState, PinEntry, Purpose, Session, SessionState, State, Verdict};
use sekisho_register::change::CardKind;
use sekisho_register::decide;
use sekisho_wire::decision::{Level, SessionKind, TerminalState};
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core, Records, limits};
use crate::deciding::{Question, Wish};
use crate::forwarder_link::Line;
use crate::function::Caller;
use crate::lease::Lent;
use crate::session::State as MachineState;
use crate::worker_link::Problem;
use crate::{on_reader, spoken};

impl Agent {
    /// The state, as far as this caller may see it, and its generation: a change makes another.
    pub fn state(&self, caller: &Caller) -> (State, u64) {
        let mut core = self.lock();
        let generation = core.generation;
        let state =
            if core.is_shown_to(caller) { self.full_state(&mut core, caller) } else { self.public_state(&mut core) };
        (state, generation)
    }

    /// What anybody may know. It is made of nothing else, so there is nothing in it to forget to take out.
    fn public_state(&self, core: &mut Core) -> State {
        let code = match core.machine.terminal_state() {
            TerminalState::NoCard => VerdictCode::NoCard,
            TerminalState::AwaitPin => VerdictCode::PinNeeded,
            TerminalState::Open | TerminalState::Locked => VerdictCode::NotYourSession,
        };
        self.bare_state(core, spoken::verdict(code))
    }

    /// Waits until the generation is another, at most `patience`.
    pub fn wait_beyond(&self, generation: u64, patience: std::time::Duration) {
        let core = self.lock();
        if core.generation == generation {
            drop(self.wait_for_change(core, patience));
        }
    }

    /// The state without card, session, and what was done.
    fn bare_state(&self, core: &mut Core, advice: Verdict) -> State {
        let time = self.now(core).trusted;
        let note = core.trusted.newest_note();
        let age = note.map(|note| time.saturating_sub(note.time));
        let title = core.register.title().to_owned();
        State {
            office: Some(self.identity.office.to_string()),
            title: Some(title).filter(|title| !title.is_empty()),
            terminal: Some(self.identity.terminal.to_string()),
            state: session_state(core.machine.terminal_state()),
            reader: None,
            card: None,
            card_problem: None,
            session: None,
            last_lock_reason: None,
            functions: Vec::new(),
            recent: Vec::new(),
            prompt: None,
            waiting: None,
            act: None,
            lease: None,
            register_size: core.register.size(),
            register_age: age,
            register_stale: core.is_stale(time),
            screen: core.screen,
            link: match core.records {
                Records::Go => core.links.state(Line::Records),
                Records::HeldBack => LinkState::HeldBack,
            },
            register_link: core.links.state(Line::Register),
            certificate_ends: core.certificate_ends,
            // They count another's decisions.
            unsent: 0,
            unsealed: 0,
            unsent_until: None,
            reports_waiting: 0,
            reports_refused: 0,
            // Whoever sees the panel may know that nobody was to recover anything.
            recovery_due: core.register.announced_recovery(time).map(|announced| announced.due),
            time,
            advice,
        }
    }

    fn full_state(&self, core: &mut Core, caller: &Caller) -> State {
        let advice = self.advice(core);
        let next = self.journal.next().first;
        State {
            reader: core.machine.card().and_then(|card| card.reader.as_ref()).map(ToString::to_string),
            card: self.card_shown(core),
            card_problem: core.newest_problem().map(spoken::problem_verdict),
            session: self.session_shown(core),
            last_lock_reason: core.machine.last_reason().map(|reason| spoken::reason(reason).to_owned()),
            functions: self.functions(core),
            recent: core.recent.iter().cloned().collect(),
            prompt: core.open_prompt(caller),
            waiting: core.waiting_shown(),
            act: core.panel_acts.shown(self.clock.boottime(), caller.uid),
            lease: core.lease.as_ref().map(Lent::shown),
            unsent: next.saturating_sub(core.acknowledged.stored),
            unsealed: next.saturating_sub(core.acknowledged.sealed),
            reports_waiting: core.reports.waiting(),
            reports_refused: core.reports.refused(),
            unsent_until: self.unsent_until(core).filter(|until| {
                // From half of the days on: there is time to mend the line, or to carry the records.
                until.saturating_sub(core.trusted.now(self.moment())) < self.config.journal.unsent() / 2
            }),
            ..self.bare_state(core, advice)
        }
    }

    fn card_shown(&self, core: &mut Core) -> Option<Card> {
        let at = self.now(core).trusted.max(core.deciding().newest_made());
        let (inserted, register) = (core.machine.card()?, core.deciding());
        let known = register.card(&inserted.card);
        let operator = known.and_then(|card| card.holder(at)).map(|holder| holder.operator.clone());
        let profiles = register.profiles_on_card(&inserted.card, at);
        Some(Card {
            guid: inserted.card.to_string(),
            kind: known.map(|card| card_kind(card.issued().kind).to_owned()),
            name: operator.as_ref().and_then(|operator| core.name_of(operator)),
            operator: operator.map(|operator| operator.to_string()),
            tries_left: inserted.tries_left.map(u32::from),
            profiles: profiles.iter().map(ToString::to_string).collect(),
            by_grant: core.is_by_grant(),
            pin_entry: self.pin_entry(core, core.machine.card()?),
            keypad: core.machine.card()?.keypad,
            signs_acts: known.is_some_and(|card| card.issued().signature.is_some()),
            pin_ends: known.and_then(|card| register.pin_ends(card, core.pins_changed.of(Some(&inserted.card)), at)),
        })
    }

    /// The session as the socket shows it.
    pub(crate) fn session_shown(&self, core: &mut Core) -> Option<Session> {
        let now = self.now(core);
        let limits = limits(&core.register, now.trusted);
        let session = core.machine.session()?;
        let (ends_in, ends_by) = core.ends_in(session, &self.identity.terminal, now, &limits);
        let idle_lock_in = match core.machine.state() {
            MachineState::Open(open) => limits.idle.saturating_sub(now.boottime.saturating_sub(open.active)),
            MachineState::NoCard | MachineState::AwaitPin(_) | MachineState::Locked(_) => 0,
        };
        let section = session.section.as_ref().and_then(|section| core.register.section(section));
        Some(Session {
            id: session.id.to_string(),
            operator: session.operator.to_string(),
            name: core.name_of(&session.operator),
            profile: session.profile.to_string(),
            section: session.section.as_ref().map(ToString::to_string).unwrap_or_default(),
            section_title: section.map(|section| section.title().to_owned()).unwrap_or_default(),
            kind: kind_name(session.kind).into(),
            opened: session.opened,
            idle_lock_in,
            ends_in,
            ends_by,
        })
    }

    /// The functions of the profile in use, each with what would be said if it were asked for with its proof and a purpose.
    fn functions(&self, core: &mut Core) -> Vec<Function> {
        let register = std::sync::Arc::clone(core.deciding());
        let at = self.now(core).trusted.max(register.newest_made());
        let Some(session) = core.machine.session() else { return Vec::new() };
        let listed = register.functions_for(&session.operator, &session.profile, &self.identity.terminal, at);
        let show = |function: &sekisho_register::functions::Function| {
            let version = function.version();
            let purposes: Vec<_> = register.purposes_for(function.code()).collect();
            let purpose = purposes.first().map(|purpose| purpose.code().clone()).filter(|_| version.purpose_required);
            let application = version.applications.first().cloned();
            let question = Question { application, function: Some(function.code().clone()), purpose, case: None };
            let input = self.function_input(core, &question, version.level);
            let shown = |purpose: &&sekisho_register::functions::Purpose| Purpose {
                purpose: purpose.code().to_string(),
                title: purpose.title().to_owned(),
            };
            Function {
                function: function.code().to_string(),
                title: function.title().to_owned(),
                level: level_name(version.level).into(),
                purpose_required: version.purpose_required,
                purposes: purposes.iter().map(shown).collect(),
                verdict: spoken::verdict(decide(&register, &input).code()),
            }
        };
        listed.into_iter().map(show).collect()
    }

    /// One sentence about everything: what is, and what to do next.
    fn advice(&self, core: &mut Core) -> Verdict {
        if let Some(code) = self.grants_nothing(core) {
            return spoken::verdict(code);
        }
        let waits = matches!(core.machine.terminal_state(), TerminalState::AwaitPin | TerminalState::Locked);
        let card = core.machine.card().filter(|card| waits && self.pin_entry(core, card) == PinEntry::Nowhere);
        if let Some(card) = card {
            return spoken::problem_verdict(&on_reader::nowhere(card.keypad));
        }
        match core.machine.terminal_state() {
            TerminalState::NoCard => match core.why_no_card() {
                Some(problem) => spoken::problem_verdict(&problem),
                None => spoken::verdict(VerdictCode::NoCard),
            },
            TerminalState::AwaitPin => {
                if core.reads_grant() {
                    return spoken::verdict(VerdictCode::PinNeeded);
                }
                let at = self.now(core).trusted.max(core.deciding().newest_made());
                let profiles = core.machine.card().map(|card| core.deciding().profiles_on_card(&card.card, at));
                let profile = profiles.unwrap_or_default().into_iter().next();
                let session = sekisho_wire::id::SessionId([0; 16]);
                self.advice_to_type(
                    core,
                    &Wish { session, profile, kind: SessionKind::Ordinary },
                    VerdictCode::PinNeeded,
                )
            }
            TerminalState::Locked => match core.machine.session() {
                Some(session) => {
                    let wish = Wish::again(session);
                    self.advice_to_type(core, &wish, VerdictCode::Locked)
                }
                None => spoken::verdict(VerdictCode::Locked),
            },
            TerminalState::Open => spoken::verdict(VerdictCode::Granted),
        }
    }
}

impl Agent {
    /// Whether the PIN would do: else what stands in its way.
    fn advice_to_type(&self, core: &mut Core, wish: &Wish, granted: VerdictCode) -> Verdict {
        let input = self.opening_input(core, wish);
        let verdict = decide(core.deciding(), &input).code();
        self.said(core, if verdict.is_granted() { granted } else { verdict })
    }
}

/// Whether a watcher has something new to hear. That time went by is nothing new: told at each change, it would tell of another's work.
pub(crate) fn is_news(before: &State, now: &State) -> bool {
    let timeless = |state: &State| State { time: 0, register_age: None, ..state.clone() };
    timeless(before) != timeless(now)
}

impl Core {
    /// What is the matter with the card that cannot be used, the last that was put in if there are several.
    pub(crate) fn newest_problem(&self) -> Option<&Problem> {
        self.unreadable.last_key_value().map(|(_, problem)| problem)
    }

    /// Whether this caller sees more than anybody may: its own session, or before there is one whose card is in.
    fn is_shown_to(&self, caller: &Caller) -> bool {
        let session = self.machine.session().is_some();
        caller.trusted || (if session { self.is_owner(caller) } else { caller.may_prompt })
    }
}

const fn session_state(state: TerminalState) -> SessionState {
    match state {
        TerminalState::NoCard => SessionState::NoCard,
        TerminalState::AwaitPin => SessionState::AwaitPin,
        TerminalState::Open => SessionState::Open,
        TerminalState::Locked => SessionState::Locked,
    }
}

const fn card_kind(kind: CardKind) -> &'static str {
    match kind {
        CardKind::Business => "business",
        CardKind::Special => "special",
        CardKind::CardManagement => "card_management",
        CardKind::Spare => "spare",
        CardKind::Emergency => "emergency",
        CardKind::RoomEntry => "room_entry",
    }
}

const fn kind_name(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Ordinary => "ordinary",
        SessionKind::Maintenance => "maintenance",
        SessionKind::Training => "training",
    }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Session => "session",
        Level::Card => "card",
        Level::Pin => "pin",
    }
}
