//! One row per rule of §R7, asked to open, to unlock, for a function and for a change of PIN: each differs from a granted case by one thing, and the earlier rule
//! wins over every later one.

use sekisho_register::change::*;
use sekisho_register::policy::PinLasts;
use sekisho_register::*;
use sekisho_wire::decision::*;
use sekisho_wire::id::*;
use sekisho_wire::verdict::VerdictCode as V;

use crate::office::*;

pub(crate) struct Row {
    pub(crate) code: V,
    /// The column of §R7: which requests it applies to.
    applies: &'static [Request],
    /// What is different in the register.
    arrange: fn(&mut Office),
    /// What is different in the input.
    change: fn(&mut DecisionInput),
}

fn as_ever(_: &mut Office) {}
fn same(_: &mut DecisionInput) {}

/// A rule without a mark: for every request.
fn row(code: V, arrange: fn(&mut Office), change: fn(&mut DecisionInput)) -> Row {
    Row { code, applies: &REQUESTS, arrange, change }
}

/// A rule marked *f*.
fn function_row(code: V, arrange: fn(&mut Office), change: fn(&mut DecisionInput)) -> Row {
    Row { code, applies: &[Request::Function], arrange, change }
}

/// A rule marked *o*, *f*: for whoever works, not for a change of PIN.
fn work_row(code: V, arrange: fn(&mut Office), change: fn(&mut DecisionInput)) -> Row {
    Row { code, applies: &[Request::Open, Request::Unlock, Request::Function], arrange, change }
}

pub(crate) const REQUESTS: [Request; 4] = [Request::Open, Request::Unlock, Request::Function, Request::ChangePin];

/// A request that is granted.
pub(crate) fn asked(office: &Office, request: Request) -> DecisionInput {
    match request {
        Request::Open => office.login(),
        Request::Unlock => office.unlock(),
        Request::Function => office.request(),
        Request::ChangePin => office.change_of_pin(),
    }
}

impl Row {
    /// What is to come out of it for a request, alone.
    pub(crate) fn expected(&self, request: Request) -> V {
        if self.applies.contains(&request) { self.code } else { V::Granted }
    }
}

fn act(office: &mut Office, change: Change) {
    office.act(vec![change]).unwrap();
}

fn terminal_state(office: &mut Office, state: TerminalUse) {
    let effective = office.now;
    act(office, Change::TerminalState(SetTerminalState { terminal: code("mado-1"), state, effective }));
}

fn operator_state(office: &mut Office, state: OperatorState) {
    let (operator, effective) = (code("chiba"), office.now);
    act(office, Change::OperatorState(SetOperatorState { operator, state, effective, reason: StateReason::None }));
}

fn set_card_state(office: &mut Office, state: CardState) {
    let change = card_state(10, state, office.now);
    act(office, change);
}

fn redesignate(office: &mut Office, change: impl Fn(&mut Designate)) {
    let mut designation = designation("chiba");
    change(&mut designation);
    act(office, Change::Designate(Box::new(designation)));
}

fn refunction(office: &mut Office, change: impl Fn(&mut SetFunction)) {
    let mut function = set_function("juminhyo", Level::Session);
    change(&mut function);
    act(office, Change::Function(function));
}

fn reterminal(office: &mut Office, change: impl Fn(&mut SetTerminal)) {
    let mut terminal = set_terminal();
    change(&mut terminal);
    act(office, Change::Terminal(Box::new(terminal)));
}

/// A card of another kind for the same clerk, as card 11.
fn other_card(office: &mut Office, change: impl Fn(&mut IssueCard)) {
    let mut card = issue(11, Some("chiba"));
    change(&mut card);
    act(office, Change::IssueCard(Box::new(card)));
}

fn permit(office: &mut Office, terminal: &str) {
    let (from, to) = (office.now, office.now + 24 * 60 * 60 * 1000);
    let given = GivePermit {
        operators: codes(&["chiba"]),
        terminals: codes(&[terminal]),
        functions: vec![],
        from,
        to,
        reason: code("nendomatsu"),
    };
    act(office, Change::Permit(Box::new(given)));
}

fn card_11(input: &mut DecisionInput) {
    input.card = Some(guid(11));
}

/// The table of §R7, in its order.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(V::RulesUnknown, as_ever, |input| input.rules = 2),
        row(V::OtherOffice, as_ever, |input| input.office = OfficeId([9; 16])),
        row(V::OtherRegister, as_ever, |input| input.register += 1),
        row(V::NoCard, as_ever, |input| input.state = TerminalState::NoCard),
        row(V::PinNeeded, as_ever, |input| match input.request {
            Request::Function => input.state = TerminalState::AwaitPin,
            Request::Open | Request::Unlock | Request::ChangePin => input.level = Level::Card,
        }),
        function_row(V::Locked, as_ever, |input| {
            if input.request == Request::Function {
                input.state = TerminalState::Locked;
            }
        }),
        work_row(V::SessionMissing, as_ever, |input| input.session = None),
        row(V::ClockBehind, as_ever, |input| input.clock = ClockState::Behind),
        row(V::ClockUnknown, as_ever, |input| input.clock = ClockState::Unknown),
        row(V::GrantStale, as_ever, |input| {
            input.grant = Some(NamedGrant { index: input.register, act: Hash([8; 32]) });
            input.note_until = Some(input.time);
        }),
        row(V::RegisterStale, as_ever, |input| input.note_until = Some(input.time)),
        Row {
            applies: &[Request::Unlock, Request::Function],
            ..row(V::SessionTooLong, as_ever, |input| input.opened = Some(input.time - 10 * 60 * 60 * 1000))
        },
        row(V::TerminalUnknown, as_ever, |input| input.terminal = code("mado-9")),
        row(V::TerminalRetired, |office| terminal_state(office, TerminalUse::Retired), same),
        row(V::TerminalSuspended, |office| terminal_state(office, TerminalUse::Suspended), same),
        row(
            V::ReaderUnknown,
            |office| {
                reterminal(office, |terminal| terminal.readers = vec![ReaderIdentity::new("usb:04e6:5116:2").unwrap()])
            },
            same,
        ),
        // This register holds no grant: it did not take the one that the input names.
        row(V::GrantRefused, as_ever, |input| {
            input.grant = Some(NamedGrant { index: input.register, act: Hash([8; 32]) });
        }),
        row(V::CardUnknown, as_ever, |input| input.card = Some(guid(99))),
        row(V::CardRevoked, |office| set_card_state(office, CardState::Revoked), same),
        row(V::CardReturned, |office| set_card_state(office, CardState::Returned), same),
        row(V::CardSuspended, |office| set_card_state(office, CardState::Suspended), same),
        row(V::CardReported, as_ever, |input| input.reported = Some(Salt([7; 16]))),
        row(V::CardNeverOpens, |office| other_card(office, |card| card.kind = CardKind::RoomEntry), card_11),
        row(V::CardDormant, |office| other_card(office, |card| card.dormant = true), card_11),
        row(V::CardExpired, |office| other_card(office, |card| card.to = card.from + 1), card_11),
        row(V::OperatorUnknown, as_ever, |input| input.operator = Some(code("aoki"))),
        row(V::OperatorEnded, |office| operator_state(office, OperatorState::Ended), same),
        work_row(V::OperatorSuspended, |office| operator_state(office, OperatorState::Suspended), same),
        work_row(V::DesignationNotBegun, as_ever, same),
        row(
            V::DesignationEnded,
            |office| redesignate(office, |designation| designation.to = designation.from + 1),
            same,
        ),
        work_row(V::SectionSuspended, |office| act(office, section("jumin", "住民課", SectionState::Suspended)), same),
        work_row(
            V::OperatorNotForTerminal,
            |office| redesignate(office, |designation| designation.sections = codes(&["zeimu"])),
            same,
        ),
        work_row(V::ProfileUnknown, as_ever, |input| input.profile = Some(code("p9"))),
        work_row(
            V::ProfileEnded,
            |office| {
                let (operator, profile, effective) = (code("chiba"), code("p1"), office.now);
                act(office, Change::WithdrawProfile(WithdrawProfile { operator, profile, effective }));
            },
            same,
        ),
        work_row(
            V::ConnectionStopped,
            |office| {
                let stop = SetConnection { state: ConnectionState::Stopped, functions: vec![], incident: None };
                act(office, Change::Connection(stop));
            },
            same,
        ),
        function_row(V::FunctionUnknown, as_ever, |input| input.function = Some(code("koseki"))),
        function_row(V::CardKindWrong, |office| refunction(office, |function| function.management = true), same),
        function_row(V::FunctionNotInScope, |office| act(office, profile("chiba", "p1", &["inkan"])), same),
        function_row(
            V::FunctionNotForTerminal,
            |office| reterminal(office, |terminal| terminal.functions = codes(&["inkan"])),
            same,
        ),
        function_row(
            V::TerminalKindWrong,
            |office| refunction(office, |function| function.terminal_kind = Some(TerminalKind::Management)),
            same,
        ),
        function_row(
            V::FunctionNotForApplication,
            |office| refunction(office, |function| function.applications = codes(&["jumin-app"])),
            |input| {
                input.application = Some(code("other-app"));
            },
        ),
        function_row(
            V::PurposeMissing,
            |office| refunction(office, |function| function.purpose_required = true),
            |input| input.purpose = None,
        ),
        function_row(V::PurposeUnknown, as_ever, |input| input.purpose = Some(code("kyomi"))),
        work_row(V::PermitUnknown, as_ever, |input| input.permit = Some(Numbered { fiscal_year: 2026, number: 9 })),
        work_row(V::PermitDoesNotCover, other_permit, |input| {
            input.permit = Some(Numbered { fiscal_year: 2026, number: 1 })
        }),
        work_row(V::OutOfHours, |office| act(office, closed_all_week()), same),
        work_row(V::PinExpired, a_pin_for_a_day, same),
        work_row(V::RestNeeded, two_hours_then_rest, |input| input.worked = 7200),
        work_row(V::DailyLimit, four_hours_a_day, |input| input.worked_today = 14_400),
        function_row(V::CardProofNeeded, |office| refunction(office, |function| function.level = Level::Card), same),
        function_row(V::PinProofNeeded, |office| refunction(office, |function| function.level = Level::Pin), same),
    ]
}

fn other_permit(office: &mut Office) {
    let mut other = set_terminal();
    other.terminal = code("mado-2");
    other.key = edwards_public(41);
    act(office, Change::Terminal(Box::new(other)));
    permit(office, "mado-2");
}

/// Two days after its card was made.
fn a_pin_for_a_day(office: &mut Office) {
    let policy = Policy { pin_lasts: Some(PinLasts::Days(1)), ..Policy::default() };
    act(office, Change::Policy(SetPolicy { policy }));
    office.now += 2 * calendar::DAY_MS;
}

fn two_hours_then_rest(office: &mut Office) {
    let policy = Policy { rest_after_seconds: 7200, rest_seconds: 900, ..Policy::default() };
    act(office, Change::Policy(SetPolicy { policy }));
}

fn four_hours_a_day(office: &mut Office) {
    let policy = Policy { daily_seconds: 14_400, ..Policy::default() };
    act(office, Change::Policy(SetPolicy { policy }));
}

fn closed_all_week() -> Change {
    Change::Hours(SetHours { terminal: None, week: [OpenSpan { open: 0, close: 0 }; 7] })
}

/// The one row that needs another clerk: a timeline never forgets a designation that has begun.
pub(crate) fn arrange(office: &mut Office, row: &Row) {
    if row.code == V::DesignationNotBegun {
        let mut later = designation("doi");
        later.from = office.now + 24 * 60 * 60 * 1000;
        let changes = vec![
            Change::Designate(Box::new(later)),
            profile("doi", "p1", &["juminhyo"]),
            Change::IssueCard(Box::new(issue(12, Some("doi")))),
        ];
        office.act(changes).unwrap();
    } else {
        (row.arrange)(office);
    }
}

pub(crate) fn change(input: &mut DecisionInput, row: &Row) {
    if row.code == V::DesignationNotBegun {
        input.operator = Some(code("doi"));
        input.card = Some(guid(12));
    } else {
        (row.change)(input);
    }
}

#[test]
fn each_rule_refuses_with_its_own_code_and_nothing_else_is_needed() {
    let base = Office::furnished();
    for request in REQUESTS {
        assert_eq!(decide(&base.register, &asked(&base, request)), Verdict::Granted);
    }
    for row in rows() {
        let mut office = base.clone();
        arrange(&mut office, &row);
        for request in REQUESTS {
            let mut input = asked(&office, request);
            change(&mut input, &row);
            assert_eq!(decide(&office.register, &input).code(), row.expected(request), "{:?}, {request:?}", row.code);
        }
    }
}

#[test]
fn the_table_reaches_every_code_that_decide_can_give() {
    let reached: Vec<V> = rows().iter().map(|row| row.code).collect();
    for code in V::ALL {
        let of_decide = code != V::Granted && code.number() < 200;
        assert_eq!(reached.contains(&code), of_decide, "{code:?}");
    }
}

#[test]
fn where_two_rules_fail_the_earlier_one_speaks() {
    let base = Office::furnished();
    let rows = rows();
    // What only the register can make wrong about the card or person stands in the way of another card or person.
    let replaces =
        |row: &Row| matches!(row.code, V::CardNeverOpens | V::CardDormant | V::CardExpired | V::DesignationNotBegun);
    let of_the_card = |row: &Row| matches!(row.code, V::CardRevoked | V::CardReturned | V::CardSuspended);
    let of_the_person = |row: &Row| matches!(row.code, V::OperatorEnded | V::OperatorSuspended);
    // A management function is no business that a stop could reach; with a grant the register is stale by another rule.
    let exempt = |earlier: &Row, later: &Row| {
        let pair = (earlier.code, later.code);
        pair == (V::ConnectionStopped, V::CardKindWrong) || pair == (V::RegisterStale, V::GrantRefused)
    };
    // The first is no rule of a change of PIN, and brings another clerk than the second is about.
    let another_clerk =
        |earlier: &Row, later: &Row| (earlier.code, later.code) == (V::DesignationNotBegun, V::DesignationEnded);
    let mut pairs = 0;
    for (index, earlier) in rows.iter().enumerate() {
        for later in &rows[index + 1..] {
            if replaces(earlier) && replaces(later)
                || of_the_card(earlier) && (replaces(later) || of_the_card(later))
                || of_the_person(earlier) && replaces(later)
                || replaces(earlier) && later.code == V::OperatorEnded
                || exempt(earlier, later)
            {
                continue;
            }
            let mut office = base.clone();
            arrange(&mut office, later);
            arrange(&mut office, earlier);
            for request in REQUESTS {
                if request == Request::ChangePin && another_clerk(earlier, later) {
                    continue;
                }
                let mut input = asked(&office, request);
                change(&mut input, later);
                change(&mut input, earlier);
                let first = earlier.expected(request);
                let first = if first == V::Granted { later.expected(request) } else { first };
                let decided = decide(&office.register, &input).code();
                assert_eq!(decided, first, "{:?} with {:?}, {request:?}", earlier.code, later.code);
            }
            pairs += 1;
        }
    }
    assert!(pairs > 900, "{pairs} pairs");
}

#[test]
fn a_login_is_granted_and_goes_by_the_same_card_person_and_place() {
    let base = Office::furnished();
    assert_eq!(decide(&base.register, &base.login()), Verdict::Granted);
    assert_eq!(decide(&base.register, &DecisionInput { card: None, ..base.login() }), Verdict::Refused(V::NoCard));
    for (arrange, code) in [
        ((|office| set_card_state(office, CardState::Revoked)) as fn(&mut Office), V::CardRevoked),
        (|office| terminal_state(office, TerminalUse::Suspended), V::TerminalSuspended),
        (
            |office| redesignate(office, |designation| designation.sections = codes(&["zeimu"])),
            V::OperatorNotForTerminal,
        ),
        (|office| act(office, closed_all_week()), V::OutOfHours),
    ] {
        let mut office = base.clone();
        arrange(&mut office);
        assert_eq!(decide(&office.register, &office.login()), Verdict::Refused(code));
    }
}

#[test]
fn a_session_is_opened_or_unlocked_from_its_own_state_with_the_pin_and_a_name() {
    let office = Office::furnished();
    let (login, unlock) = (office.login(), office.unlock());
    let asked = |input: &DecisionInput, state, level, session: bool| {
        let session = input.session.filter(|_| session);
        decide(&office.register, &DecisionInput { state, level, session, ..input.clone() }).code()
    };
    use TerminalState::{AwaitPin, Locked, NoCard, Open};
    assert_eq!(asked(&login, AwaitPin, Level::Pin, true), V::Granted);
    assert_eq!(asked(&unlock, Locked, Level::Pin, true), V::Granted);
    for (input, own) in [(&login, AwaitPin), (&unlock, Locked)] {
        assert_eq!(asked(input, own, Level::Session, true), V::PinNeeded);
        assert_eq!(asked(input, own, Level::Card, true), V::PinNeeded);
        assert_eq!(asked(input, own, Level::Pin, false), V::SessionMissing);
        assert_eq!(asked(input, NoCard, Level::Pin, true), V::NoCard);
    }
    assert_eq!(asked(&login, Locked, Level::Pin, true), V::PinNeeded);
    assert_eq!(asked(&login, Open, Level::Pin, true), V::PinNeeded);
    assert_eq!(asked(&unlock, Open, Level::Pin, true), V::SessionMissing);
    assert_eq!(asked(&unlock, AwaitPin, Level::Pin, true), V::SessionMissing);
    // The table's order: the PIN is asked for before the session.
    assert_eq!(asked(&unlock, Open, Level::Card, true), V::PinNeeded);
    assert_eq!(asked(&unlock, AwaitPin, Level::Session, false), V::PinNeeded);
}

#[test]
fn what_the_input_claims_about_time_and_section_must_fit() {
    let office = Office::furnished();
    let asked = |change: fn(&mut DecisionInput)| {
        let mut input = office.request();
        change(&mut input);
        decide(&office.register, &input).code()
    };
    assert_eq!(asked(|input| input.opened = Some(input.time + 1)), V::SessionTooLong);
    assert_eq!(asked(|input| input.note_time = Some(input.time + 1)), V::ClockBehind);
    assert_eq!(asked(|input| input.section = None), V::OperatorUnknown);
    assert_eq!(asked(|input| input.section = Some(code("zeimu"))), V::OperatorUnknown);
    let limit = u64::from(office.register.policy().freshness_seconds) * 1000;
    let aged = |age| DecisionInput { note_time: Some(office.now - age), ..office.request() };
    assert_eq!(decide(&office.register, &aged(limit - 1)), Verdict::Granted);
    assert_eq!(decide(&office.register, &aged(limit)), Verdict::Refused(V::RegisterStale));
}

#[test]
fn s3_18_1_function_not_for_this_terminal_is_kept_apart_from_operator_not_for_this_terminal() {
    let base = Office::furnished();
    let (mut function, mut person) = (base.clone(), base);
    reterminal(&mut function, |terminal| terminal.functions = vec![]);
    redesignate(&mut person, |designation| designation.sections = vec![]);
    assert_eq!(decide(&function.register, &function.request()).code(), V::FunctionNotForTerminal);
    assert_eq!(decide(&person.register, &person.request()).code(), V::OperatorNotForTerminal);
    // The terminal itself may be listed instead of its section.
    redesignate(&mut person, |designation| {
        designation.sections = vec![];
        designation.terminals = codes(&["mado-1"]);
    });
    assert_eq!(decide(&person.register, &person.request()), Verdict::Granted);
}

#[test]
fn a_room_entry_card_never_opens_a_session() {
    let mut office = Office::furnished();
    other_card(&mut office, |card| card.kind = CardKind::RoomEntry);
    let input = DecisionInput { card: Some(guid(11)), ..office.login() };
    assert_eq!(decide(&office.register, &input), Verdict::Refused(V::CardNeverOpens));
}

#[test]
fn s3_18_4_out_of_hours_needs_a_permit() {
    let mut office = Office::furnished();
    permit(&mut office, "mado-1");
    let evening = office.now + 9 * 60 * 60 * 1000;
    let late = |office: &Office| {
        let (time, note) = (evening, Some(evening));
        DecisionInput { time, note_time: note, note_until: Some(evening + 1000), opened: note, ..office.request() }
    };
    assert_eq!(decide(&office.register, &late(&office)), Verdict::Refused(V::OutOfHours));
    let number = office.register.permit_covering(&code("chiba"), &code("mado-1"), Some(&code("juminhyo")), evening);
    assert_eq!(number, Some(Numbered { fiscal_year: 2026, number: 1 }));
    let with_permit = |office: &Office| DecisionInput { permit: number, ..late(office) };
    assert_eq!(decide(&office.register, &with_permit(&office)), Verdict::Granted);
    let effective = office.now;
    act(&mut office, Change::EndPermit(EndPermit { permit: number.unwrap(), effective }));
    assert_eq!(decide(&office.register, &with_permit(&office)), Verdict::Refused(V::PermitDoesNotCover));
}

#[test]
fn an_essential_function_works_on_with_a_stale_register() {
    let mut office = Office::furnished();
    refunction(&mut office, |function| function.essential = true);
    let stale = DecisionInput { note_until: Some(office.now - 1), ..office.request() };
    assert_eq!(decide(&office.register, &stale), Verdict::Granted);
    let login = DecisionInput { note_until: Some(office.now - 1), ..office.login() };
    assert_eq!(decide(&office.register, &login), Verdict::Granted);
    let without_end = DecisionInput { note_until: None, ..office.login() };
    assert_eq!(decide(&office.register, &without_end), Verdict::Granted);
    // Who never heard a note knows no time: nothing says that the clock is sound.
    for request in REQUESTS {
        let never_heard = DecisionInput { note_time: None, ..asked(&office, request) };
        assert_eq!(decide(&office.register, &never_heard), Verdict::Refused(V::ClockUnknown));
    }
    // An old register still tells of a card that was revoked while it was new.
    set_card_state(&mut office, CardState::Revoked);
    for request in [office.request(), office.login()] {
        let stale = DecisionInput { note_until: Some(office.now - 1), ..request };
        assert_eq!(decide(&office.register, &stale), Verdict::Refused(V::CardRevoked));
    }
    // A function that has ended makes nothing essential.
    refunction(&mut office, |function| (function.essential, function.state) = (true, UseState::Ended));
    assert_eq!(decide(&office.register, &login), Verdict::Refused(V::OtherRegister));
    let login = DecisionInput { note_until: Some(office.now - 1), ..office.login() };
    assert_eq!(decide(&office.register, &login), Verdict::Refused(V::RegisterStale));
    let stale = DecisionInput { note_until: Some(office.now - 1), ..office.request() };
    assert_eq!(decide(&office.register, &stale), Verdict::Refused(V::RegisterStale));
}

#[test]
fn a_login_out_of_hours_goes_by_the_terminals_own_permit() {
    let mut office = Office::furnished();
    permit(&mut office, "mado-1");
    act(&mut office, closed_all_week());
    let permit = Some(Numbered { fiscal_year: 2026, number: 1 });
    for request in [Request::Open, Request::Unlock, Request::Function] {
        let input = asked(&office, request);
        assert_eq!(decide(&office.register, &input), Verdict::Refused(V::OutOfHours));
        assert_eq!(decide(&office.register, &DecisionInput { permit, ..input }), Verdict::Granted);
    }
}

#[test]
fn s4_11_5_a_spare_card_works_for_the_named_person_and_the_named_time() {
    let mut office = Office::furnished();
    let spare = IssueCard { kind: CardKind::Spare, dormant: true, operator: None, ..issue(11, None) };
    act(&mut office, Change::IssueCard(Box::new(spare)));
    let login = |office: &Office| DecisionInput { card: Some(guid(11)), ..office.login() };
    assert_eq!(decide(&office.register, &login(&office)), Verdict::Refused(V::CardDormant));
    let (from, to) = (office.now, office.now + 60 * 60 * 1000);
    let activation =
        ActivateCard { card: guid(11), operator: code("chiba"), profiles: vec![], from, to, reason: code("wasure") };
    act(&mut office, Change::ActivateCard(Box::new(activation)));
    assert_eq!(decide(&office.register, &login(&office)), Verdict::Granted);
    let somebody_else = DecisionInput { operator: Some(code("aoki")), ..login(&office) };
    assert_eq!(decide(&office.register, &somebody_else), Verdict::Refused(V::OperatorUnknown));
    let later = DecisionInput { time: to, note_time: Some(to), note_until: Some(to + 1), ..login(&office) };
    assert_eq!(decide(&office.register, &later), Verdict::Refused(V::CardDormant));
}

#[test]
fn s1_14_3_a_stop_leaves_the_management_of_cards_alone() {
    let mut office = Office::furnished();
    refunction(&mut office, |function| function.management = true);
    other_card(&mut office, |card| card.kind = CardKind::CardManagement);
    let stop = SetConnection { state: ConnectionState::Stopped, functions: vec![], incident: None };
    act(&mut office, Change::Connection(stop));
    assert_eq!(decide(&office.register, &office.login()), Verdict::Refused(V::ConnectionStopped));
    let manager = DecisionInput { card: Some(guid(11)), ..office.login() };
    assert_eq!(decide(&office.register, &manager), Verdict::Granted);
    let manages = DecisionInput { card: Some(guid(11)), ..office.request() };
    assert_eq!(decide(&office.register, &manages), Verdict::Granted);
}

#[test]
fn a_stop_for_one_function_lets_the_others_work() {
    let mut office = Office::furnished();
    act(&mut office, profile("chiba", "p1", &["juminhyo", "inkan"]));
    reterminal(&mut office, |terminal| terminal.functions = codes(&["juminhyo", "inkan"]));
    let stop = SetConnection { state: ConnectionState::Stopped, functions: codes(&["juminhyo"]), incident: None };
    act(&mut office, Change::Connection(stop));
    assert_eq!(decide(&office.register, &office.request()), Verdict::Refused(V::ConnectionStopped));
    let other = DecisionInput { function: Some(code("inkan")), purpose: None, ..office.request() };
    assert_eq!(decide(&office.register, &other), Verdict::Granted);
    assert_eq!(decide(&office.register, &office.login()), Verdict::Granted);
}

#[test]
fn a_suspension_works_at_once_on_a_terminal_whose_clock_lags() {
    let mut office = Office::furnished();
    set_card_state(&mut office, CardState::Suspended);
    let (time, note_time) = (office.now - 90_000, Some(office.now - 95_000));
    let lagging = DecisionInput { time, note_time, opened: Some(office.now - 100_000), ..office.request() };
    assert_eq!(decide(&office.register, &lagging), Verdict::Refused(V::CardSuspended));
}

#[test]
fn the_panel_lists_what_would_be_granted() {
    let mut office = Office::furnished();
    act(&mut office, profile("chiba", "p1", &["juminhyo", "inkan"]));
    let listed = office.register.functions_for(&code("chiba"), &code("p1"), &code("mado-1"), office.now);
    assert_eq!(listed.iter().map(|function| function.code().as_str()).collect::<Vec<_>>(), ["juminhyo"]);
    assert_eq!(office.register.profiles_on_card(&guid(10), office.now), codes(&["p1"]));
}
