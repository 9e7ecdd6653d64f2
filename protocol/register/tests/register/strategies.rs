//! Acts of any kind, over few names, so that they meet: what the properties are tried on.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::decision::Level;
use sekisho_wire::id::*;

use crate::office::*;

pub(crate) const HOUR: u64 = 60 * 60 * 1000;

/// Few names, so that acts meet; one of them nobody knows.
fn one(names: &'static [&'static str]) -> impl Strategy<Value = Code> {
    prop_oneof![24 => select(names).prop_map(code), 1 => Just(code("nobody"))]
}

fn some(names: &'static [&'static str]) -> impl Strategy<Value = Vec<Code>> {
    vec(one(names), 0..3)
}

const OPERATORS: &[&str] = &["aoki", "baba", "chiba", "doi", "chiba", "doi"];
const POSTS: &[&str] = &["chief", "vice", "am"];
const SECTIONS: &[&str] = &["jumin", "zeimu"];
const FUNCTIONS: &[&str] = &["juminhyo", "inkan", "koseki"];
const PURPOSES: &[&str] = &["mado"];
const TERMINALS: &[&str] = &["mado-1", "mado-2"];
const PROFILES: &[&str] = &["p1", "p2"];

fn card() -> impl Strategy<Value = CardGuid> {
    select(&[1, 2, 10, 10, 11, 11, 11, 12, 12, 12, 99][..]).prop_map(guid)
}

/// At once, some hours from now, and moments that no clock shows.
pub(crate) fn time() -> BoxedStrategy<u64> {
    prop_oneof![
        8 => Just(tuesday_ten()),
        8 => (-48_i64..480).prop_map(|hours| tuesday_ten().saturating_add_signed(hours * HOUR as i64)),
        1 => select(&[0, 1, u64::MAX - 1, u64::MAX][..]),
    ]
    .boxed()
}

/// Most periods end after they begin.
fn period() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![
        20 => (time(), 1_u64..600).prop_map(|(from, hours)| (from, from.saturating_add(hours * HOUR))),
        1 => (time(), time()),
    ]
}

fn number() -> impl Strategy<Value = Numbered> {
    let years = select(&[0, 2025, 2026, u16::MAX][..]);
    (years, prop_oneof![1_u32..4, Just(0), Just(u32::MAX)])
        .prop_map(|(fiscal_year, number)| Numbered { fiscal_year, number })
}

fn roles() -> impl Strategy<Value = Vec<Role>> {
    vec(select(&Role::ALL[..]), 0..4).prop_map(|mut roles| {
        roles.sort();
        roles.dedup();
        roles
    })
}

fn reason() -> impl Strategy<Value = StateReason> {
    select(&[StateReason::None, StateReason::Lost, StateReason::Damaged, StateReason::LeftDuty][..])
}

// Boxed: put together by value they are larger than the stack of a test.
fn organisation() -> BoxedStrategy<Change> {
    let states = select(&[SectionState::Open, SectionState::Suspended, SectionState::Ended][..]);
    let set_section = (one(SECTIONS), states, time()).prop_map(|(section, state, effective)| {
        Change::Section(SetSection { section, title: title("課"), state, effective })
    });
    let post = (one(POSTS), roles(), option::of(one(SECTIONS))).prop_map(|(post, roles, section)| {
        Change::Post(SetPost { post, title: title("職"), roles, section, keeper: None })
    });
    let hold = (one(POSTS), one(OPERATORS), time(), option::of(time()), any::<bool>())
        .prop_map(|(post, operator, from, to, deputy)| Change::HoldPost(HoldPost { post, operator, from, to, deputy }));
    let leave = (one(POSTS), one(OPERATORS), time())
        .prop_map(|(post, operator, effective)| Change::LeavePost(LeavePost { post, operator, effective }));
    prop_oneof![set_section, post, hold, leave].boxed()
}

fn people() -> BoxedStrategy<Change> {
    let designation = (one(OPERATORS), one(SECTIONS), period(), some(TERMINALS), some(SECTIONS)).prop_map(
        |(operator, section, (from, to), terminals, sections)| {
            let (name, class) = (NameHash::of(&Salt([9; 16]), "名"), PersonClass::Operator);
            Change::Designate(Box::new(Designate { operator, name, class, section, from, to, terminals, sections }))
        },
    );
    let states = select(&[OperatorState::Active, OperatorState::Suspended, OperatorState::Ended][..]);
    let state = (one(OPERATORS), states, time(), reason()).prop_map(|(operator, state, effective, reason)| {
        Change::OperatorState(SetOperatorState { operator, state, effective, reason })
    });
    let give = (one(OPERATORS), one(PROFILES), some(FUNCTIONS), period()).prop_map(
        |(operator, profile, functions, (from, to))| {
            Change::Profile(GiveProfile { operator, profile, functions, from, to })
        },
    );
    let withdraw = (one(OPERATORS), one(PROFILES), time()).prop_map(|(operator, profile, effective)| {
        Change::WithdrawProfile(WithdrawProfile { operator, profile, effective })
    });
    prop_oneof![designation, state, give, withdraw].boxed()
}

fn cards() -> BoxedStrategy<Change> {
    let kinds = select(&[CardKind::Business, CardKind::CardManagement, CardKind::Spare, CardKind::RoomEntry][..]);
    let key = select(&[1_u8, 11, 12, 13][..]);
    let given = (card(), kinds, option::of(one(OPERATORS)), key, any::<bool>(), any::<bool>(), period()).prop_map(
        |(card, kind, operator, key, signs, dormant, (from, to))| {
            let signature = signs.then(|| public(key, Slot::Signature));
            let card = IssueCard { card, kind, operator, signature, dormant, from, to, ..issue(key, None) };
            Change::IssueCard(Box::new(card))
        },
    );
    let states = select(&[CardState::Active, CardState::Suspended, CardState::Revoked, CardState::Disposed][..]);
    let state = (card(), states, reason(), time()).prop_map(|(card, state, reason, effective)| {
        let (on, method, person) = (20_000, title("裁断"), code("aoki"));
        let disposal = (state == CardState::Disposed).then(|| Disposal { on, method, person, witness: None });
        Change::CardState(SetCardState { card, state, reason, effective, disposal })
    });
    let wake = (card(), one(OPERATORS), some(PROFILES), period()).prop_map(|(card, operator, profiles, (from, to))| {
        let reason = code("lost");
        Change::ActivateCard(Box::new(ActivateCard { card, operator, profiles, from, to, reason }))
    });
    prop_oneof![given, state, wake].boxed()
}

fn places() -> BoxedStrategy<Change> {
    let place = (one(TERMINALS), one(SECTIONS), some(FUNCTIONS), option::of(one(POSTS)), 40_u8..43).prop_map(
        |(terminal, section, functions, responsible, key)| {
            let key = edwards_public(key);
            Change::Terminal(Box::new(SetTerminal { terminal, section, functions, responsible, key, ..set_terminal() }))
        },
    );
    let states = select(&[TerminalUse::Active, TerminalUse::Suspended, TerminalUse::Retired][..]);
    let state = (one(TERMINALS), states, time()).prop_map(|(terminal, state, effective)| {
        Change::TerminalState(SetTerminalState { terminal, state, effective })
    });
    let epoch = (one(TERMINALS), prop_oneof![4 => 1_u32..3, 1 => Just(u32::MAX)])
        .prop_map(|(terminal, epoch)| Change::OpenEpoch(OpenEpoch { terminal, epoch, reason: EpochReason::Other }));
    prop_oneof![place, state, epoch].boxed()
}

fn hours() -> BoxedStrategy<Change> {
    let open = select(&[0_u16, 0, 1, 510, u16::MAX][..]);
    let close = select(&[1_u16, 600, 1439, 1440, 1440, 1441][..]);
    let week = (option::of(one(TERMINALS)), open, close)
        .prop_map(|(terminal, open, close)| Change::Hours(SetHours { terminal, week: [OpenSpan { open, close }; 7] }));
    let days = || vec(prop_oneof![20_000_u32..20_800, Just(u32::MAX)], 0..2);
    let calendar = (days(), days()).prop_map(|(closed, open)| Change::Calendar(SetCalendar { closed, open }));
    let permit = (vec(one(OPERATORS), 1..3), vec(one(TERMINALS), 1..3), some(FUNCTIONS), period()).prop_map(
        |(operators, terminals, functions, (from, to))| {
            Change::Permit(Box::new(GivePermit { operators, terminals, functions, from, to, reason: code("tax") }))
        },
    );
    let end = (number(), time()).prop_map(|(permit, effective)| Change::EndPermit(EndPermit { permit, effective }));
    prop_oneof![week, calendar, permit, end].boxed()
}

fn office_wide() -> BoxedStrategy<Change> {
    let set_function = (one(FUNCTIONS), any::<bool>(), any::<bool>()).prop_map(|(function, ends, essential)| {
        let state = if ends { UseState::Ended } else { UseState::InUse };
        Change::Function(SetFunction { function, essential, state, ..set_function("inkan", Level::Session) })
    });
    let purpose = (one(PURPOSES), some(FUNCTIONS), any::<bool>()).prop_map(|(purpose, functions, ends)| {
        let state = if ends { UseState::Ended } else { UseState::InUse };
        Change::Purpose(SetPurpose { purpose, title: title("事由"), functions, state })
    });
    let connection = (any::<bool>(), some(FUNCTIONS), option::of(number())).prop_map(|(stop, functions, incident)| {
        let state = if stop { ConnectionState::Stopped } else { ConnectionState::Connected };
        Change::Connection(SetConnection { state, functions, incident })
    });
    let policy = (any::<u32>(), 600_u32..86_500).prop_map(|(freshness_seconds, session_seconds)| {
        Change::Policy(SetPolicy { policy: Policy { freshness_seconds, session_seconds, ..Policy::default() } })
    });
    let route = (select(&Class::ALL[..]), roles(), vec(roles(), 0..3), any::<bool>()).prop_map(
        |(class, proposers, stages, distinct)| Change::Route(SetRoute { class, proposers, stages, distinct }),
    );
    let log_key = (50_u8..52).prop_map(|key| Change::LogKey(SetLogKey { log: Log::Records, key: edwards_public(key) }));
    let successor = (select(&[Log::Records, Log::Casebook][..]), any::<u64>()).prop_map(|(log, kept_size)| {
        let kept_root = sekisho_wire::id::Hash([1; 32]);
        Change::SucceedLog(SucceedLog { log, kept_size, kept_root, signed_size: 0 })
    });
    let version =
        select(&[0, 1, 2, u16::MAX][..]).prop_map(|version| Change::RequireVersion(RequireVersion { version }));
    let report = (any::<u8>(), one(TERMINALS), option::of(card())).prop_map(|(level, terminal, card)| {
        let mut report = OpenCase::incident(IncidentClass::Failure, code("failure"), terminal, card);
        report.fields[1].value = Value::Choice(level);
        Change::Open(Box::new(report))
    });
    let month = || (24_280_u32..24_330).prop_map(calendar::Month);
    let class = || select(&retention::CLASSES[..]);
    let destroy =
        (class(), month(), month()).prop_map(|(class, from, to)| Change::Destroy(Destroy { class, from, to }));
    let preserve = (any::<bool>(), vec(class(), 0..2), option::of(month()), option::of(month())).prop_map(
        |(lifts, classes, from, to)| {
            let (state, order) = (if lifts { OrderState::Lifted } else { OrderState::Holds }, code("hozen"));
            Change::Preserve(Box::new(Preserve { order, state, classes, from, to, incident: None }))
        },
    );
    let texts = (1_u32..3, any::<u8>()).prop_map(|(number, text)| {
        let case = CaseId { form: forms::Form::Visitor, number: Numbered { fiscal_year: 2026, number } };
        let texts = vec![NameHash([text; 32])];
        Change::EraseTexts(EraseTexts { cases: vec![CaseTexts { case, texts }] })
    });
    let erase = some(OPERATORS).prop_map(|operators| Change::EraseNames(EraseNames { operators }));
    let found = Just(()).prop_map(|()| Change::Found(Box::new(founding())));
    prop_oneof![
        12 => set_function,
        12 => purpose,
        12 => connection,
        12 => policy,
        6 => route,
        6 => log_key,
        2 => successor,
        6 => destroy,
        6 => preserve,
        3 => erase,
        3 => texts,
        1 => version,
        1 => report,
        1 => found,
    ]
    .boxed()
}

/// Who signs, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Alone(u8),
    Approved(u8, u8),
    Terminal,
    Recovery(u8, u8),
}

fn way() -> impl Strategy<Value = Way> {
    let card = || select(&[1_u8, 2, 10, 99][..]);
    prop_oneof![
        24 => Just(Way::Approved(1, 2)),
        6 => Just(Way::Alone(1)),
        2 => card().prop_map(Way::Alone),
        2 => (card(), card()).prop_map(|(proposer, approver)| Way::Approved(proposer, approver)),
        1 => Just(Way::Terminal),
        1 => (30_u8..33, 30_u8..34).prop_map(|(first, second)| Way::Recovery(first, second)),
    ]
}

/// An act before it is written over a register.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) way: Way,
    pub(crate) changes: Vec<Change>,
    /// Minutes after the newest act; or a moment that no clock shows.
    pub(crate) made: Result<i64, u64>,
    /// Hours after that; or a moment that no clock shows.
    pub(crate) effective: Option<Result<u64, u64>>,
    /// How far behind its signer's register was.
    pub(crate) behind: u64,
}

pub(crate) fn wish() -> BoxedStrategy<Wish> {
    let change = prop_oneof![organisation(), people(), people(), cards(), cards(), places(), hours(), office_wide()];
    let made = prop_oneof![40 => (-9_i64..90).prop_map(Ok), 1 => time().prop_map(Err)];
    let effective = prop_oneof![20 => Just(None), 8 => (0_u64..240).prop_map(|hours| Some(Ok(hours))), 1 => time().prop_map(|t| Some(Err(t)))];
    let behind = prop_oneof![3 => Just(0_u64), 1 => 1_u64..4];
    (way(), vec(change, 1..3), made, effective, behind)
        .prop_map(|(way, changes, made, effective, behind)| Wish { way, changes, made, effective, behind })
        .boxed()
}

/// Hours from now: soon, and beyond a month. Eto's card runs out between the last two.
pub(crate) const TAKEN_AT: [u64; 12] = [0, 1, 2, 3, 4, 6, 9, 11, 31 * 24, 31 * 24 + 1, 45 * 24, 70 * 24];
pub(crate) const ETO_UNTIL: u64 = 60 * 24;

/// What one person alone may sign about an administrator, at an hour from now on.
pub(crate) fn taking() -> impl Strategy<Value = (u8, Change)> {
    let date = || select(&TAKEN_AT[..]).prop_map(|hour| tuesday_ten() + hour * HOUR);
    let operator = || select(&["aoki", "baba", "eto"][..]).prop_map(code);
    let (cards, posts) = (|| select(&[1_u8, 2, 4][..]), select(&["chief", "vice", "vice"][..]).prop_map(code));
    let states = select(&[CardState::Active, CardState::Suspended, CardState::Revoked, CardState::Returned][..]);
    let card = (cards(), states, date()).prop_map(|(card, state, effective)| card_state(card, state, effective));
    let states = select(&[OperatorState::Active, OperatorState::Suspended, OperatorState::Ended][..]);
    let person = (operator(), states, date()).prop_map(|(operator, state, effective)| {
        let reason = StateReason::LeftDuty;
        Change::OperatorState(SetOperatorState { operator, state, effective, reason })
    });
    let leave = (posts, operator(), date())
        .prop_map(|(post, operator, effective)| Change::LeavePost(LeavePost { post, operator, effective }));
    let designated = (operator(), date(), select(&TAKEN_AT[1..])).prop_map(|(operator, from, hours)| {
        Change::Designate(Box::new(Designate { from, to: from + hours * HOUR, ..designation(operator.as_str()) }))
    });
    (cards(), prop_oneof![3 => card, 2 => person, 1 => leave, 2 => designated])
}
