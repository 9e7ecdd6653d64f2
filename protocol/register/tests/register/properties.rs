//! Whatever acts come in whatever order (§R4): nothing panics, however the register was come by it is the same one, and what was taken
//! away for good stays away.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::{DecisionInput, Level};
use sekisho_wire::id::*;
use sekisho_wire::words::Language;

use crate::limits::third_administrator_until;
use crate::office::*;

const HOUR: u64 = 60 * 60 * 1000;

/// With one more of everything, so that most acts speak of what is there.
static OFFICE: LazyLock<Office> = LazyLock::new(|| {
    let mut office = Office::furnished();
    let post =
        SetPost {
            post: code("am"), title: title("職"), roles: vec![Role::AccessManager], section: None, keeper: None
        };
    let place = SetTerminal { terminal: code("mado-2"), key: edwards_public(41), ..set_terminal() };
    let spare = IssueCard { kind: CardKind::Spare, operator: None, dormant: true, ..issue(12, None) };
    let changes = vec![
        Change::Post(post),
        function("koseki", Level::Session),
        Change::Terminal(Box::new(place)),
        designate("doi"),
        profile("doi", "p1", &["juminhyo"]),
        Change::IssueCard(Box::new(spare)),
        Change::IssueCard(Box::new(issue(11, Some("doi")))),
    ];
    office.approved(changes).unwrap();
    office
});

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
fn time() -> BoxedStrategy<u64> {
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
        let mut report = OpenCase::incident(IncidentClass::Failure, code("fire"), terminal, card);
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
        1 => version,
        1 => report,
        1 => found,
    ]
    .boxed()
}

/// Who signs, and how.
#[derive(Clone, Copy, Debug)]
enum Way {
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
struct Wish {
    way: Way,
    changes: Vec<Change>,
    /// Minutes after the newest act; or a moment that no clock shows.
    made: Result<i64, u64>,
    /// Hours after that; or a moment that no clock shows.
    effective: Option<Result<u64, u64>>,
    /// How far behind its signer's register was.
    behind: u64,
}

fn wish() -> BoxedStrategy<Wish> {
    let change = prop_oneof![organisation(), people(), people(), cards(), cards(), places(), hours(), office_wide()];
    let made = prop_oneof![40 => (-9_i64..90).prop_map(Ok), 1 => time().prop_map(Err)];
    let effective = prop_oneof![20 => Just(None), 8 => (0_u64..240).prop_map(|hours| Some(Ok(hours))), 1 => time().prop_map(|t| Some(Err(t)))];
    let behind = prop_oneof![3 => Just(0_u64), 1 => 1_u64..4];
    (way(), vec(change, 1..3), made, effective, behind)
        .prop_map(|(way, changes, made, effective, behind)| Wish { way, changes, made, effective, behind })
        .boxed()
}

/// Acts out of wishes, each over the register as it then stands.
struct Writer {
    office: Office,
    signed: Signed,
}

/// Whether signatures are made: most properties need none, and they take the time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signed {
    Truly,
    Not,
}

impl Writer {
    fn entry(&mut self, wish: &Wish) -> Vec<u8> {
        let newest = self.office.register.newest_made();
        let made = wish.made.map(|minutes| newest.saturating_add_signed(minutes * 60_000)).unwrap_or_else(|made| made);
        let size = self.office.register.size().saturating_sub(wish.behind);
        let mut act = self.office.draft(wish.changes.clone());
        (act.made, act.expires) = (made, made.saturating_add(24 * HOUR));
        (act.seen_size, act.seen_root) = (size, self.office.register.root_at(size).unwrap());
        let after = |hours: u64| made.saturating_add(hours * HOUR);
        act.effective = wish.effective.map(|effective| effective.map(after).unwrap_or_else(|moment| moment));
        match wish.way {
            Way::Alone(card) => self.by_card(act, card),
            Way::Approved(proposer, approver) => {
                let mut approval = Act { changes: vec![], effective: None, ..act.clone() };
                act.log = Log::Casebook;
                approval.proposal = Some(act::Proposal(self.by_card(act, proposer)));
                self.by_card(approval, approver)
            }
            Way::Terminal => {
                act.post = None;
                self.by_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)
            }
            Way::Recovery(first, second) => {
                crate::recovery::recovers(&self.office.register, &mut act);
                let mut outer = Act { changes: vec![], effective: None, ..act.clone() };
                act.log = Log::Casebook;
                let inner = self.by_edwards(&act, Signer::Recovery(edwards_public(first).0), first);
                outer.proposal = Some(act::Proposal(inner));
                self.by_edwards(&outer, Signer::Recovery(edwards_public(second).0), second)
            }
        }
    }

    fn by_card(&self, mut act: Act, card: u8) -> Vec<u8> {
        act.post = Some(code(if card == 2 { "vice" } else { "chief" }));
        match self.signed {
            Signed::Truly => sign_card(&act, card),
            Signed::Not => act.to_be_signed(&Signer::Card(guid(card))).finish([0; 64]),
        }
    }

    fn by_edwards(&self, act: &Act, signer: Signer, seed: u8) -> Vec<u8> {
        match self.signed {
            Signed::Truly => sign_edwards(act, signer, seed),
            Signed::Not => act.to_be_signed(&signer).finish([0; 64]),
        }
    }

    fn fold(&mut self, entry: &[u8]) -> Result<Folded, FoldRefusal> {
        match self.signed {
            Signed::Truly => self.office.register.fold(entry),
            Signed::Not => self.office.register.fold_unsigned(entry),
        }
    }
}

/// Hours from now: soon, and beyond a month. Eto's card runs out between the last two.
const TAKEN_AT: [u64; 12] = [0, 1, 2, 3, 4, 6, 9, 11, 31 * 24, 31 * 24 + 1, 45 * 24, 70 * 24];
const ETO_UNTIL: u64 = 60 * 24;

/// What one person alone may sign about an administrator, at an hour from now on.
fn taking() -> impl Strategy<Value = (u8, Change)> {
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

/// Those who can sign at `t`, or could if `suspended` were lifted, and hold a post that founded the office.
fn can_sign(register: &Register, suspended: bool, t: u64) -> Vec<Code> {
    let can = |holder: &Code, state: CardState| {
        let operator = register.operator(holder).unwrap();
        let of_card = state == CardState::Active || (suspended && state == CardState::Suspended);
        let person = operator.state(t);
        let of_person = person == OperatorState::Active || (suspended && person == OperatorState::Suspended);
        let designated = matches!(operator.standing(t), people::Standing::Designated(_));
        let manages = register.posts().any(|post| {
            post.roles_at(t).contains(&Role::SystemManager) && post.holders(t).any(|held| held.operator == *holder)
        });
        of_card && of_person && designated && manages
    };
    let signing =
        register.cards_by_number().filter(|card| card.issued().signature.is_some() && card.is_within_dates(t));
    let holders = signing.filter_map(|card| Some((card.holder(t)?.operator.clone(), card.state(t))));
    let mut persons: Vec<_> = holders.filter(|(holder, state)| can(holder, *state)).map(|(holder, _)| holder).collect();
    persons.sort();
    persons.dedup();
    persons
}

/// Everything a register holds, to the last field.
fn all(register: &Register) -> String {
    format!("{register:?}")
}

/// Asks and shows whatever can be asked and shown.
fn ask_everything(office: &Office, entry: &[u8], t: u64) {
    let register = &office.register;
    for input in [office.request(), office.login()] {
        let (note_time, note_until) = (Some(t), Some(t.saturating_add(1)));
        let input = DecisionInput { register: register.size(), time: t, note_time, note_until, ..input };
        let first = decide(register, &input);
        assert_eq!(first, decide(register, &input));
    }
    for language in [Language::Japanese, Language::English] {
        if let Ok(signed) = SignedAct::decode(entry) {
            assert!(!render(signed.act(), register, language).is_empty());
        }
    }
    for terminal in register.terminals() {
        let _ = register.next_closing(terminal.code(), t);
    }
    for operator in register.operators() {
        let _ = (register.roles_of(operator.code(), t), operator.profiles_at(t).count());
        let _ = register.permit_covering(operator.code(), &code("mado-1"), None, t);
    }
}

/// What was taken away for good, and from when on.
#[derive(Default)]
struct Gone {
    cards: Vec<(CardGuid, u64)>,
    operators: Vec<(Code, u64)>,
}

impl Gone {
    fn note(&mut self, folded: &Folded, newest_before: u64) {
        let now = folded.made.max(newest_before);
        for change in &folded.changes {
            if let Change::CardState(set) = change
                && set.state.is_final()
            {
                self.cards.push((set.card, set.effective.max(now)));
            }
            if let Change::OperatorState(set) = change
                && set.state == OperatorState::Ended
                && set.effective <= now
            {
                self.operators.push((set.operator.clone(), now));
            }
        }
    }

    /// At any of these moments.
    fn stays_gone(&self, register: &Register, moments: &[u64]) {
        for t in moments {
            for (card, since) in self.cards.iter().filter(|(_, since)| since <= t) {
                assert!(!register.card(card).unwrap().is_current(*t), "card {card} gone since {since} is there at {t}");
            }
            for (operator, since) in self.operators.iter().filter(|(_, since)| since <= t) {
                assert!(!register.operator(operator).unwrap().is_current(*t), "{operator} ended {since}, there at {t}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_a_register_was_come_by_it_is_the_same(
        wishes in vec(wish(), 1..24),
        snapshot in any::<Index>(),
        moments in vec(time(), 8),
    ) {
        let mut writer = Writer { office: OFFICE.clone(), signed: Signed::Not };
        let snapshot = snapshot.index(wishes.len());
        let (mut entries, mut kept, mut gone) = (Vec::new(), None, Gone::default());
        for (number, wish) in wishes.iter().enumerate() {
            if number == snapshot {
                kept = Some(writer.office.register.clone());
            }
            let entry = writer.entry(wish);
            let (before, newest) = (all(&writer.office.register), writer.office.register.newest_made());
            let _ = writer.office.register.would_accept(&entry, writer.office.now);
            prop_assert_eq!(&before, &all(&writer.office.register));
            let folded = writer.fold(&entry);
            if let Ok(folded) = &folded {
                gone.note(folded, newest);
            }
            moments.iter().take(2).for_each(|t| ask_everything(&writer.office, &entry, *t));
            entries.push((entry, folded));
        }
        let register = &writer.office.register;
        gone.stays_gone(register, &moments);

        let mut from_snapshot = kept.unwrap();
        for (entry, folded) in &entries[snapshot..] {
            prop_assert_eq!(&from_snapshot.fold_unsigned(entry), folded);
        }
        prop_assert_eq!(all(&from_snapshot), all(register));

        let mut from_disk = Register::new();
        for entry in &OFFICE.entries {
            from_disk.fold_stored(entry, Concluded::Accepted).unwrap();
        }
        for (entry, folded) in &entries {
            let again = from_disk.fold_stored(entry, Concluded::of(folded));
            prop_assert_eq!(again.is_ok(), folded.is_ok());
        }
        prop_assert_eq!(all(&from_disk), all(register));
    }

    #[test]
    fn whatever_single_persons_sign_somebody_can_decide_on_every_date(takings in vec(taking(), 1..12)) {
        let mut office = Office::furnished();
        third_administrator_until(&mut office, tuesday_ten() + ETO_UNTIL * HOUR);
        for (card, change) in takings {
            let mut act = office.draft(vec![change]);
            act.post = Some(code(if card == 1 { "chief" } else { "vice" }));
            let _ = office.register.fold(&sign_card(&act, card));
        }
        let ends = TAKEN_AT.iter().flat_map(|from| TAKEN_AT.iter().map(move |hours| from + hours));
        for t in ends.chain([ETO_UNTIL]).map(|hour| office.now + hour * HOUR) {
            prop_assert!(can_sign(&office.register, true, t).len() > 1, "nobody decides at {}", t);
            prop_assert!(!can_sign(&office.register, false, t).is_empty(), "nobody lifts at {}", t);
        }
    }

    #[test]
    fn bytes_that_almost_are_an_act_are_refused_or_taken_and_never_more(
        wish in wish(),
        altered in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut writer = Writer { office: OFFICE.clone(), signed: Signed::Not };
        let mut entry = writer.entry(&wish);
        for (at, byte) in altered {
            let at = at.index(entry.len());
            entry[at] = byte;
        }
        let _ = writer.office.register.would_accept(&entry, writer.office.now);
        let _ = writer.office.file(&entry);
        let _ = writer.fold(&entry);
        ask_everything(&writer.office, &entry, tuesday_ten());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_auditor_who_verifies_everything_comes_to_what_a_holder_trusts(wishes in vec(wish(), 1..10)) {
        let mut writer = Writer { office: OFFICE.clone(), signed: Signed::Truly };
        let mut holder = OFFICE.register.clone();
        for wish in &wishes {
            let entry = writer.entry(wish);
            let folded = writer.fold(&entry);
            let again = holder.fold_stored(&entry, Concluded::of(&folded));
            prop_assert_eq!(again.is_ok(), folded.is_ok());
        }
        prop_assert_eq!(all(&holder), all(&writer.office.register));
    }

    #[test]
    fn what_nothing_is_found_against_is_taken_by_the_register_that_judges_it(
        wishes in vec(wish(), 1..8),
        reports in vec((0_u64..9, select(&[None, Some(1_u8), Some(2), Some(10)][..])), 1..6),
    ) {
        let mut writer = Writer { office: OFFICE.clone(), signed: Signed::Truly };
        for wish in &wishes {
            let entry = writer.entry(wish);
            let _ = writer.fold(&entry);
            writer.office.entries.push(entry);
        }
        writer.office.now = writer.office.now.max(writer.office.register.newest_made());
        for (behind, card) in reports {
            let report = Change::Open(Box::new(crate::fold::incident("mado-1")));
            let mut act = writer.office.draft(vec![report]);
            act.log = Log::Casebook;
            act.seen_size -= behind.min(act.seen_size);
            act.seen_root = writer.office.register.root_at(act.seen_size).unwrap();
            let entry = match card {
                Some(card) => writer.by_card(act, card),
                None => {
                    act.post = None;
                    writer.by_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)
                }
            };
            // It holds the two against each other.
            if writer.office.would_file(&entry).is_ok() {
                writer.office.file(&entry).unwrap();
            }
        }
    }
}
