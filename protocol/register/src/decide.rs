//! May this person do this, here, now? A pure function of the register and the input (§R6, §R7).

use sekisho_wire::decision::{ClockState, DecisionInput, Level, Request, TerminalState};
use sekisho_wire::verdict::VerdictCode;

use crate::cards::Card;
use crate::change::{CardState, OperatorState, SectionState, SetFunction, SetTerminal, TerminalUse};
use crate::fold::Register;
use crate::hours::is_open;
use crate::people::{Designation, Operator, Profile, ProfileStanding, Standing};
use crate::policy::Policy;

/// The newest rules. Older versions stay in this crate, so that old records can be replayed.
pub const RULES_VERSION: u16 = 1;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "whoever asked must be told, and the record written"]
pub enum Verdict {
    /// The request may go ahead.
    Granted,
    /// It may not, by this rule.
    Refused(VerdictCode),
}

impl Verdict {
    /// The code as it stands in the record.
    #[must_use]
    pub const fn code(self) -> VerdictCode {
        match self {
            Self::Granted => VerdictCode::Granted,
            Self::Refused(code) => code,
        }
    }
}

/// Decides. `register` must have the size that the input names: [`crate::replay()`] sees to that for old records.
pub fn decide(register: &Register, input: &DecisionInput) -> Verdict {
    let decided = match input.rules {
        1 => rules_1(register, input),
        _ => Err(VerdictCode::RulesUnknown),
    };
    match decided {
        Ok(()) => Verdict::Granted,
        Err(code) => Verdict::Refused(code),
    }
}

type Rule<T = ()> = Result<T, VerdictCode>;

/// What the rules look at, gathered on the way.
struct Case<'a> {
    register: &'a Register,
    input: &'a DecisionInput,
    /// The moment that counts for the register's dates: an act in force at the ledger is in force here, whatever this clock lags.
    at: u64,
}

/// Version 1: the table of §R7, in its order.
fn rules_1(register: &Register, input: &DecisionInput) -> Rule {
    let case = Case { register, input, at: input.time.max(register.newest_made()) };
    case.register_is_ours()?;
    case.state_allows()?;
    case.session_is_named()?;
    case.clock_is_sound()?;
    case.register_is_fresh()?;
    case.session_is_short_enough()?;
    let terminal = case.terminal()?;
    let card = case.card()?;
    if input.request == Request::ChangePin {
        return case.person_may_keep(card);
    }
    let designation = case.operator(card)?;
    case.section_works(designation)?;
    operator_may_work_at(designation, terminal)?;
    let profile = case.profile(card)?;
    case.connection_stands(card)?;
    if input.request == Request::Function {
        case.function_fits(card, profile, terminal)?;
    }
    case.hours_or_permit(card)?;
    // What she can put right by herself comes after what she cannot.
    case.pin_is_in_time(card)?;
    case.is_rested()?;
    case.level_is_proved()
}

/// `Err(code)` unless `holds`.
fn unless(holds: bool, code: VerdictCode) -> Rule {
    if holds { Ok(()) } else { Err(code) }
}

impl<'a> Case<'a> {
    fn policy(&self) -> &'a Policy {
        self.register.policy_at(self.at)
    }

    fn register_is_ours(&self) -> Rule {
        let understood = self.register.not_understood().is_none();
        // By the register, not by what this program knows: else the next release would find another verdict than this one.
        let in_force = self.register.required_version().max(1) == self.input.rules;
        unless(understood && in_force, VerdictCode::RulesUnknown)?;
        unless(self.register.office() == Some(self.input.office), VerdictCode::OtherOffice)?;
        unless(self.register.size() == self.input.register, VerdictCode::OtherRegister)?;
        // One with an act that the input does not rest on is none that anybody could come to again.
        let grant = self.register.grant();
        unless(grant.is_none() || grant == self.input.grant.as_ref(), VerdictCode::OtherRegister)
    }

    /// A session is opened with the PIN where none is, opened again with the PIN where one is locked, used where it is open.
    fn state_allows(&self) -> Rule {
        unless(self.input.card.is_some(), VerdictCode::NoCard)?;
        match (self.input.request, self.input.state) {
            (_, TerminalState::NoCard) => Err(VerdictCode::NoCard),
            (Request::Function, TerminalState::AwaitPin) => Err(VerdictCode::PinNeeded),
            (Request::Function, TerminalState::Locked) => Err(VerdictCode::Locked),
            (Request::Function, TerminalState::Open) => Ok(()),
            (Request::Open, TerminalState::AwaitPin) | (Request::Unlock, TerminalState::Locked) => {
                unless(self.input.level == Level::Pin, VerdictCode::PinNeeded)
            }
            (Request::ChangePin, TerminalState::AwaitPin | TerminalState::Open | TerminalState::Locked) => {
                unless(self.input.level == Level::Pin, VerdictCode::PinNeeded)
            }
            (Request::Open, TerminalState::Open | TerminalState::Locked) => Err(VerdictCode::PinNeeded),
            (Request::Unlock, TerminalState::AwaitPin | TerminalState::Open) => {
                unless(self.input.level == Level::Pin, VerdictCode::PinNeeded)?;
                Err(VerdictCode::SessionMissing)
            }
        }
    }

    /// What belongs to no session cannot be counted with it.
    fn session_is_named(&self) -> Rule {
        unless(self.input.session.is_some() || self.input.request == Request::ChangePin, VerdictCode::SessionMissing)
    }

    fn clock_is_sound(&self) -> Rule {
        let note = self.input.note_time;
        // A note from the future says that this clock is behind, whatever the terminal says; without one nothing says that it is sound.
        let behind = self.input.clock == ClockState::Behind || note.is_some_and(|note| note > self.input.time);
        unless(!behind, VerdictCode::ClockBehind)?;
        unless(self.input.clock == ClockState::Sound && note.is_some(), VerdictCode::ClockUnknown)
    }

    /// What a card says of itself counts beside a fresh register alone, also for what is essential: nothing else tells of a revocation.
    fn register_is_fresh(&self) -> Rule {
        let now = self.input.time;
        let limit = seconds(self.policy().freshness_seconds);
        let note = self.input.note_time.zip(self.input.note_until);
        let fresh = note.is_some_and(|(time, until)| now < until && now.saturating_sub(time) < limit);
        unless(fresh || self.input.grant.is_none(), VerdictCode::GrantStale)?;
        unless(fresh || self.is_essential(), VerdictCode::RegisterStale)
    }

    /// The function is essential; to open: some function of the profile is. No change of PIN is.
    fn is_essential(&self) -> bool {
        let essential = |code| {
            self.register
                .function(code)
                .and_then(|known| known.in_use_at(self.at))
                .is_some_and(|version| version.essential)
        };
        match self.input.request {
            Request::Function => return self.input.function.as_ref().is_some_and(essential),
            Request::ChangePin => return false,
            Request::Open | Request::Unlock => {}
        }
        let person = self.input.operator.as_ref().and_then(|code| self.register.operator(code));
        let (Some(person), Some(profile)) = (person, &self.input.profile) else { return false };
        match person.profile(profile, self.at) {
            ProfileStanding::Held(profile) => profile.functions.iter().any(essential),
            ProfileStanding::OutsideDates | ProfileStanding::NotHeld => false,
        }
    }

    fn session_is_short_enough(&self) -> Rule {
        if matches!(self.input.request, Request::Open | Request::ChangePin) {
            return Ok(());
        }
        // A session that does not say when it opened, or will open later, has no length that could be short enough.
        let length = self.input.opened.and_then(|opened| self.input.time.checked_sub(opened));
        let limit = seconds(self.policy().session_seconds);
        unless(length.is_some_and(|length| length < limit), VerdictCode::SessionTooLong)
    }

    fn terminal(&self) -> Rule<&'a SetTerminal> {
        let terminal = self.register.terminal(&self.input.terminal).ok_or(VerdictCode::TerminalUnknown)?;
        match terminal.state(self.at) {
            TerminalUse::Retired => return Err(VerdictCode::TerminalRetired),
            TerminalUse::Suspended => return Err(VerdictCode::TerminalSuspended),
            TerminalUse::Active => {}
        }
        let place = terminal.version_at(self.at).ok_or(VerdictCode::TerminalUnknown)?;
        let listed = self.input.reader.as_ref().is_some_and(|reader| place.readers.contains(reader));
        unless(place.readers.is_empty() || listed, VerdictCode::ReaderUnknown)?;
        Ok(place)
    }

    fn card(&self) -> Rule<&'a Card> {
        unless(self.register.grant() == self.input.grant.as_ref(), VerdictCode::GrantRefused)?;
        let known = self.input.card.as_ref().and_then(|guid| self.register.card(guid));
        // A grant speaks for the cards that it issued, and for no card that the register knows.
        let by_grant = |card: &Card| self.input.grant.is_none_or(|grant| grant.index == card.index());
        let card = known.filter(|card| by_grant(card)).ok_or(VerdictCode::CardUnknown)?;
        match card.state(self.at) {
            CardState::Revoked => return Err(VerdictCode::CardRevoked),
            CardState::Returned | CardState::Disposed => return Err(VerdictCode::CardReturned),
            CardState::Suspended => return Err(VerdictCode::CardSuspended),
            CardState::Active => {}
        }
        unless(self.input.reported.is_none(), VerdictCode::CardReported)?;
        unless(card.issued().kind.opens_sessions(), VerdictCode::CardNeverOpens)?;
        unless(!card.issued().dormant || card.holder(self.at).is_some(), VerdictCode::CardDormant)?;
        unless(card.is_within_dates(self.at), VerdictCode::CardExpired)?;
        Ok(card)
    }

    fn person(&self) -> Rule<&'a Operator> {
        let code = self.input.operator.as_ref().ok_or(VerdictCode::OperatorUnknown)?;
        self.register.operator(code).ok_or(VerdictCode::OperatorUnknown)
    }

    /// Whose card it is, if he has not left.
    fn holder(&self, card: &Card) -> Rule<&'a Operator> {
        let person = self.person()?;
        let holds = card.holder(self.at).is_some_and(|holder| holder.operator == person.code());
        unless(holds, VerdictCode::OperatorUnknown)?;
        // The record says where its card comes from, and says it truly.
        unless(self.input.home == person.home().map(|home| home.office), VerdictCode::OperatorUnknown)?;
        unless(person.state(self.at) != OperatorState::Ended, VerdictCode::OperatorEnded)?;
        Ok(person)
    }

    /// Who may have the card may change its PIN, wherever and whenever: that opens nothing. A PIN that was seen must not have to wait for
    /// office hours, nor for the end of a suspension or a stop.
    fn person_may_keep(&self, card: &Card) -> Rule {
        match self.holder(card)?.standing(self.at) {
            Standing::Designated(_) | Standing::NotBegun => Ok(()),
            Standing::Ended => Err(VerdictCode::DesignationEnded),
        }
    }

    fn operator(&self, card: &Card) -> Rule<&'a Designation> {
        let person = self.holder(card)?;
        unless(person.state(self.at) != OperatorState::Suspended, VerdictCode::OperatorSuspended)?;
        let designation = match person.standing(self.at) {
            Standing::Designated(designation) => designation,
            Standing::NotBegun => return Err(VerdictCode::DesignationNotBegun),
            Standing::Ended => return Err(VerdictCode::DesignationEnded),
        };
        unless(self.input.section == designation.section, VerdictCode::OperatorUnknown)?;
        Ok(designation)
    }

    fn section_works(&self, designation: &Designation) -> Rule {
        let Some(code) = &designation.section else { return Ok(()) };
        let state = self.register.section(code).and_then(|section| section.state(self.at));
        unless(state == Some(SectionState::Open), VerdictCode::SectionSuspended)
    }

    fn profile(&self, card: &Card) -> Rule<&'a Profile> {
        let code = self.input.profile.as_ref().ok_or(VerdictCode::ProfileUnknown)?;
        let on_card =
            card.holder(self.at).is_some_and(|holder| holder.profiles.is_empty() || holder.profiles.contains(code));
        unless(on_card, VerdictCode::ProfileUnknown)?;
        match self.person()?.profile(code, self.at) {
            ProfileStanding::Held(profile) => Ok(profile),
            ProfileStanding::OutsideDates => Err(VerdictCode::ProfileEnded),
            ProfileStanding::NotHeld => Err(VerdictCode::ProfileUnknown),
        }
    }

    /// A stop without a list of functions stops all business, not the management of cards.
    fn connection_stands(&self, card: &Card) -> Rule {
        let Some(stops) = self.register.stops() else { return Ok(()) };
        let stopped = if self.input.request == Request::Function {
            let function = self.input.function.as_ref();
            let known = function.and_then(|code| self.register.function(code)?.version_at(self.at));
            let manages = known.is_some_and(|known| known.management);
            function.is_some_and(|function| stops.names(function)) || (stops.all_but_restored(function) && !manages)
        } else {
            stops.all_but_restored(None) && !Register::manages_cards(card.issued().kind)
        };
        unless(!stopped, VerdictCode::ConnectionStopped)
    }

    fn function_fits(&self, card: &Card, profile: &Profile, place: &SetTerminal) -> Rule {
        let function = self.function().ok_or(VerdictCode::FunctionUnknown)?;
        let code = &function.function;
        unless(function.management == Register::manages_cards(card.issued().kind), VerdictCode::CardKindWrong)?;
        unless(profile.functions.contains(code), VerdictCode::FunctionNotInScope)?;
        unless(place.functions.contains(code), VerdictCode::FunctionNotForTerminal)?;
        let right_kind = function.terminal_kind.is_none_or(|kind| kind == place.kind);
        unless(right_kind, VerdictCode::TerminalKindWrong)?;
        let caller = self.input.application.as_ref();
        let right_caller =
            function.applications.is_empty() || caller.is_some_and(|caller| function.applications.contains(caller));
        unless(right_caller, VerdictCode::FunctionNotForApplication)?;
        self.purpose_fits(function)
    }

    fn purpose_fits(&self, function: &SetFunction) -> Rule {
        let Some(code) = &self.input.purpose else {
            return unless(!function.purpose_required, VerdictCode::PurposeMissing);
        };
        let fits = self.register.purpose(code).is_some_and(|purpose| purpose.is_for_at(&function.function, self.at));
        unless(fits, VerdictCode::PurposeUnknown)
    }

    fn function(&self) -> Option<&'a SetFunction> {
        self.register.function(self.input.function.as_ref()?)?.in_use_at(self.at)
    }

    fn hours_or_permit(&self, card: &Card) -> Rule {
        if let Some(number) = self.input.permit {
            let permit = self.register.permit(number).ok_or(VerdictCode::PermitUnknown)?;
            let function = self.input.function.as_ref().filter(|_| self.input.request == Request::Function);
            let operator = self.person()?.code();
            let covers = permit.covers(operator, &self.input.terminal, function, self.at);
            return unless(covers, VerdictCode::PermitDoesNotCover);
        }
        let policy = self.policy();
        let bound = policy.hours_enforced && !policy.out_of_hours_kinds.contains(&card.issued().kind);
        let (week, calendar) = (self.register.hours(&self.input.terminal, self.at), self.register.calendar(self.at));
        unless(!bound || is_open(week, calendar, self.input.time), VerdictCode::OutOfHours)
    }

    /// An expired PIN allows only its change (S2 11(2)(4)). Of a change at this terminal that the register does not say yet its record does.
    fn pin_is_in_time(&self, card: &Card) -> Rule {
        let ends = self.register.pin_ends(card, self.input.pin_changed, self.at);
        unless(ends.is_none_or(|ends| self.at < ends), VerdictCode::PinExpired)
    }

    /// The terminal counts; what it says stands in the record.
    fn is_rested(&self) -> Rule {
        let (policy, input) = (self.policy(), self.input);
        let within = |limit: u32, worked: u32| limit == 0 || worked < limit;
        unless(within(policy.rest_after_seconds, input.worked), VerdictCode::RestNeeded)?;
        unless(within(policy.daily_seconds, input.worked_today), VerdictCode::DailyLimit)
    }

    fn level_is_proved(&self) -> Rule {
        if self.input.request != Request::Function {
            return Ok(());
        }
        let needed = self.function().map_or(Level::Pin, |function| function.level);
        if needed <= self.input.level {
            return Ok(());
        }
        match needed {
            Level::Pin => Err(VerdictCode::PinProofNeeded),
            Level::Card | Level::Session => Err(VerdictCode::CardProofNeeded),
        }
    }
}

/// Neither the terminal nor its section listed for this person: the person is not for the terminal (S4 10(1)(3)).
fn operator_may_work_at(designation: &Designation, place: &SetTerminal) -> Rule {
    let listed = designation.terminals.contains(&place.terminal) || designation.sections.contains(&place.section);
    unless(listed, VerdictCode::OperatorNotForTerminal)
}

const fn seconds(seconds: u32) -> u64 {
    seconds as u64 * 1000
}
