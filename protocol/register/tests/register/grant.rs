//! A card whose act lies beyond the register (§R9): what the act on it gives here, what it never gives, and that anybody comes to the same.

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_tlog::leaf_hash;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::*;
use sekisho_wire::id::*;
use sekisho_wire::record::{Body, Decision, Emitter, Opening, Record, decision_digest, session_digest};
use sekisho_wire::verdict::VerdictCode as V;

use crate::decide::{REQUESTS, asked};
use crate::newer::rewritten;
use crate::office::*;

/// A terminal that was cut off, and the office that went on without it.
struct CutOff {
    /// What the terminal has.
    here: Office,
    /// Where the log is when the act is made.
    there: Office,
}

impl CutOff {
    /// A card manager's change that the terminal never hears of lies between its register and what follows.
    fn new() -> Self {
        let here = Office::furnished();
        let mut there = here.clone();
        there.act(vec![section("kikaku", "企画課", SectionState::Open)]).unwrap();
        Self { here, there }
    }

    fn index(&self) -> u64 {
        self.there.register.size()
    }

    fn take(&self, entry: &[u8]) -> Result<Register, GrantRefusal> {
        self.here.register.with_grant(self.index(), entry)
    }

    /// The chief's act, as it lies in the log.
    fn act(&mut self, changes: Vec<Change>) -> Vec<u8> {
        let act = self.there.draft(changes);
        sign_card(&act, 1)
    }
}

fn issued(card: u8, operator: &str) -> Change {
    Change::IssueCard(Box::new(issue(card, Some(operator))))
}

fn named(index: u64, entry: &[u8]) -> NamedGrant {
    NamedGrant { index, act: Hash(leaf_hash(entry).0) }
}

/// What is asked at the terminal with this card, resting on its grant.
fn with_card(here: &Office, request: Request, card: u8, operator: &str, grant: NamedGrant) -> DecisionInput {
    let input = asked(here, request);
    DecisionInput { card: Some(guid(card)), operator: Some(code(operator)), grant: Some(grant), ..input }
}

fn record(here: &Office, seq: u64, body: Body) -> Record {
    let retention = body.retention();
    let record = Record {
        version: 1,
        critical: true,
        emitter: Emitter::Terminal(code("mado-1")),
        office: here.register.office().unwrap(),
        epoch: 0,
        seq,
        boot: BootId([1; 16]),
        salt: Salt([6; 16]),
        retention,
        wall: here.now,
        trusted: here.now,
        monotonic: 0,
        body,
    };
    // From the bytes alone.
    Record::decode(&record.encode().unwrap()).unwrap()
}

fn opened(here: &Office, card: u8, input: DecisionInput) -> Record {
    let root = here.register.root();
    let digest = session_digest(&Salt([6; 16]), &root, &input);
    let signature = Signature(sign_with_card(card, Slot::Authentication, &digest));
    record(here, 0, Body::SessionOpened(Opening { input, root, signature }))
}

fn decided(here: &Office, card: u8, input: DecisionInput, verdict: V, slot: Option<Slot>) -> Record {
    let request = RequestId([8; 16]);
    let digest = decision_digest(&Salt([6; 16]), &request, &input);
    let signature = slot.map(|slot| Signature(sign_with_card(card, slot, &digest)));
    record(here, 1, Body::Decision(Decision { request, input, verdict, signature }))
}

/// As an auditor does it, who has the register log.
fn replayed(here: &Office, record: &Record, entry: Option<&[u8]>) -> Result<(), Mismatch> {
    replay(&*here.register.as_it_decided(record, entry)?, record)
}

#[test]
fn a_card_that_was_issued_after_the_register_ended_works_by_its_grant_and_anybody_comes_to_the_same() {
    let mut office = CutOff::new();
    let entry = office.act(vec![issued(11, "chiba")]);
    let (here, grant) = (&office.here, named(office.index(), &entry));
    let register = office.take(&entry).unwrap();
    assert_eq!((register.size(), register.root()), (here.register.size(), here.register.root()));
    assert_eq!(register.grant(), Some(&grant));
    for request in REQUESTS {
        let input = with_card(here, request, 11, "chiba", grant);
        assert_eq!(decide(&register, &input), Verdict::Granted, "{request:?}");
        // Without it, nobody knows the card.
        let plain = DecisionInput { grant: None, ..input };
        assert_eq!(decide(&here.register, &plain), Verdict::Refused(V::CardUnknown), "{request:?}");
        assert_eq!(decide(&register, &plain), Verdict::Refused(V::OtherRegister), "{request:?}");
    }
    let opening = opened(here, 11, with_card(here, Request::Open, 11, "chiba", grant));
    assert_eq!(replayed(here, &opening, Some(&entry)), Ok(()));
    let proved = DecisionInput {
        level: Level::Card,
        opened: Some(here.now),
        ..with_card(here, Request::Function, 11, "chiba", grant)
    };
    let within = decided(here, 11, proved.clone(), V::Granted, Some(Slot::Presence));
    assert_eq!(replayed(here, &within, Some(&entry)), Ok(()));
    let register = here.register.as_it_decided(&within, Some(&entry)).unwrap();
    assert_eq!(replay_in_session(&register, &opening, &within), Ok(()));
    // The key is the one in the grant.
    let other = decided(here, 10, proved, V::Granted, Some(Slot::Presence));
    assert_eq!(replayed(here, &other, Some(&entry)), Err(Mismatch::SignatureWrong));
}

#[test]
fn an_act_that_the_log_does_not_have_there_is_found() {
    let mut office = CutOff::new();
    let (entry, other) = (office.act(vec![issued(11, "chiba")]), office.act(vec![issued(12, "chiba")]));
    let grant = named(office.index(), &entry);
    let opening = opened(&office.here, 11, with_card(&office.here, Request::Open, 11, "chiba", grant));
    let missing = Err(Mismatch::GrantNotInLog { index: office.index() });
    assert_eq!(replayed(&office.here, &opening, None), missing);
    assert_eq!(replayed(&office.here, &opening, Some(&other)), missing);
    // Whoever forgets to ask the log finds it as well: the register alone grants nothing by a grant.
    let decided = Mismatch::Verdict { recorded: V::Granted, decided: V::GrantRefused };
    assert_eq!(replay(&office.here.register, &opening), Err(decided));
    // What names none needs none.
    let plain = DecisionInput { grant: None, ..with_card(&office.here, Request::Open, 11, "chiba", grant) };
    let plain = opened(&office.here, 11, plain);
    assert!(matches!(office.here.register.as_it_decided(&plain, None), Ok(Cow::Borrowed(_))));
    assert_eq!((grant_of(&plain), grant_of(&opening)), (None, Some(&grant)));
}

#[test]
fn a_person_designated_by_the_same_act_works_and_one_designated_in_between_does_not() {
    let mut office = CutOff::new();
    let scope = || vec![designate("doi"), profile("doi", "p1", &["juminhyo"])];
    let entry = office.act([scope(), vec![issued(11, "doi")]].concat());
    let grant = named(office.index(), &entry);
    let register = office.take(&entry).unwrap();
    for request in REQUESTS {
        assert_eq!(decide(&register, &with_card(&office.here, request, 11, "doi", grant)), Verdict::Granted);
    }
    office.there.act(scope()).unwrap();
    let entry = office.act(vec![issued(11, "doi")]);
    let unknown = FoldRefusal::Unknown(thing::Thing::Operator(code("doi")));
    assert_eq!(office.take(&entry).unwrap_err(), GrantRefusal::Refused(unknown));
}

#[test]
fn what_the_register_knows_against_a_card_or_its_signer_beats_every_grant() {
    let mut office = CutOff::new();
    let entry = office.act(vec![issued(11, "chiba")]);
    let (index, grant) = (office.index(), named(office.index(), &entry));
    office.there.take(&entry).unwrap();
    let revoked = card_state(11, CardState::Revoked, office.there.now);
    // The terminal's register grows beyond the act, then to the revocation.
    let caught_up = office.there.clone();
    office.there.act(vec![revoked]).unwrap();
    for (later, plain) in [(caught_up, V::Granted), (office.there.clone(), V::CardRevoked)] {
        let size = later.register.size();
        assert_eq!(later.register.with_grant(index, &entry).unwrap_err(), GrantRefusal::NotBeyond { index, size });
        let input = with_card(&later, Request::Open, 11, "chiba", grant);
        assert_eq!(decide(&later.register, &input), Verdict::Refused(V::GrantRefused));
        assert_eq!(decide(&later.register, &DecisionInput { grant: None, ..input }).code(), plain);
    }
    // The signer's card is suspended where the terminal is; the act in the log is older than that by its own clock.
    let mut office = CutOff::new();
    let entry = office.act(vec![issued(11, "chiba")]);
    office.here.now += 60_000;
    office.here.act(vec![card_state(1, CardState::Suspended, office.here.now)]).unwrap();
    let refusal = FoldRefusal::SignerNotCurrent(Signer::Card(guid(1)));
    assert_eq!(office.take(&entry).unwrap_err(), GrantRefusal::Refused(refusal));
}

#[test]
fn a_grant_counts_beside_a_fresh_register_alone() {
    let mut office = CutOff::new();
    let essential = SetFunction { essential: true, ..set_function("juminhyo", Level::Session) };
    office.here.act(vec![Change::Function(essential)]).unwrap();
    office.there = office.here.clone();
    office.there.act(vec![section("kikaku", "企画課", SectionState::Open)]).unwrap();
    let entry = office.act(vec![issued(11, "chiba")]);
    let grant = named(office.index(), &entry);
    let register = office.take(&entry).unwrap();
    for request in REQUESTS {
        let fresh = with_card(&office.here, request, 11, "chiba", grant);
        let old = DecisionInput { note_until: Some(fresh.time), ..fresh.clone() };
        let none = DecisionInput { note_until: None, ..fresh.clone() };
        assert_eq!(decide(&register, &fresh), Verdict::Granted);
        assert_eq!(decide(&register, &old), Verdict::Refused(V::GrantStale));
        assert_eq!(decide(&register, &none), Verdict::Refused(V::GrantStale));
        // The clerk whose card the register knows works on with what is essential.
        let known = DecisionInput { card: Some(guid(10)), grant: None, ..old };
        let known = decide(&office.here.register, &known);
        let expected = if request == Request::ChangePin { V::RegisterStale } else { V::Granted };
        assert_eq!(known.code(), expected, "{request:?}");
    }
}

#[test]
fn a_grant_speaks_for_the_cards_of_its_act_alone() {
    let mut office = CutOff::new();
    let changes = vec![designate("doi"), profile("chiba", "p1", &["juminhyo", "inkan"]), issued(11, "chiba")];
    let entry = office.act(changes);
    let grant = named(office.index(), &entry);
    let register = office.take(&entry).unwrap();
    for (card, request) in [10, 99].into_iter().flat_map(|card| REQUESTS.map(|request| (card, request))) {
        let input = with_card(&office.here, request, card, "chiba", grant);
        assert_eq!(decide(&register, &input), Verdict::Refused(V::CardUnknown), "{card}, {request:?}");
    }
}

#[test]
fn a_dormant_card_is_known_and_stays_dormant() {
    let mut office = CutOff::new();
    let spare = IssueCard { kind: CardKind::Spare, dormant: true, ..issue(12, None) };
    let entry = office.act(vec![Change::IssueCard(Box::new(spare))]);
    let grant = named(office.index(), &entry);
    let register = office.take(&entry).unwrap();
    for request in REQUESTS {
        let input = with_card(&office.here, request, 12, "chiba", grant);
        assert_eq!(decide(&register, &input), Verdict::Refused(V::CardDormant), "{request:?}");
    }
}

#[test]
fn a_card_that_signs_needs_the_approval_on_it() {
    let mut office = CutOff::new();
    let change = || Change::IssueCard(Box::new(issue_signing(11, "chiba")));
    let alone = office.act(vec![change()]);
    let needed = FoldRefusal::ApprovalNeeded(Class::Founding);
    assert_eq!(office.take(&alone).unwrap_err(), GrantRefusal::Refused(needed));
    let proposal = office.there.proposal(vec![change()]);
    let approval = office.there.approval(&proposal, "vice", 2);
    assert!(office.take(&approval).unwrap().card(&guid(11)).is_some());
    let same = office.there.approval(&proposal, "chief", 1);
    assert_eq!(office.take(&same).unwrap_err(), GrantRefusal::Refused(FoldRefusal::SamePerson(Class::Founding)));
}

type Alter = fn(&mut CutOff, &mut Act);

/// What the register here says of an act that is altered before it is signed.
fn refused(alter: impl FnOnce(&mut CutOff, &mut Act)) -> GrantRefusal {
    let mut office = CutOff::new();
    let mut act = office.there.draft(vec![issued(11, "chiba")]);
    alter(&mut office, &mut act);
    let entry = sign_card(&act, 1);
    let refusal = office.take(&entry).unwrap_err();
    // What is refused is recorded as such, and comes out again.
    let grant = named(office.index(), &entry);
    for request in REQUESTS {
        let input = with_card(&office.here, request, 11, "chiba", grant);
        let told = decide(&office.here.register, &input).code();
        assert_eq!(told, V::GrantRefused, "{refusal}");
        assert_eq!(replayed(&office.here, &decided(&office.here, 11, input, told, None), Some(&entry)), Ok(()));
    }
    refusal
}

#[test]
fn what_the_fold_refuses_is_refused_here() {
    let fold = |alter: Alter| match refused(alter) {
        GrantRefusal::Refused(refusal) => refusal.code(),
        other @ (GrantRefusal::NotBeyond { .. } | GrantRefusal::ChangesMore { .. }) => panic!("{other}"),
    };
    let cases: [(&str, Alter); 15] = [
        ("other_office", |_, act| act.office = OfficeId([9; 16])),
        ("other_log", |_, act| act.log = Log::Casebook),
        ("lifetime", |_, act| act.expires = act.made),
        ("made_too_early", |_, act| act.made -= fold::MADE_BEHIND_MS + 1),
        ("expired", |office, act| {
            act.expires = act.made + 60_000;
            office.here.now = act.expires;
            office.here.act(vec![section("zaisei", "財政課", SectionState::Open)]).unwrap();
        }),
        ("post_not_held", |_, act| act.post = Some(code("vice"))),
        ("seen_ahead", |office, act| act.seen_size = office.index() + 1),
        ("other_history", |_, act| (act.seen_size, act.seen_root) = (1, Hash([7; 32]))),
        ("not_a_proposal", |_, act| act.changes.clear()),
        ("changed_twice", |_, act| act.changes.extend([designate("doi"), designate("doi")])),
        ("card_used", |_, act| act.changes = vec![issued(10, "chiba")]),
        ("key_used", |_, act| {
            let keys = issue(10, None);
            let card = IssueCard { authentication: keys.authentication, ..issue(11, Some("chiba")) };
            act.changes = vec![Change::IssueCard(Box::new(card))];
        }),
        ("dates_wrong", |_, act| {
            let card = IssueCard { to: 0, ..issue(11, Some("chiba")) };
            act.changes = vec![Change::IssueCard(Box::new(card))];
        }),
        ("changed_since", |office, act| {
            // The clerk was designated anew at the last place that this register has.
            office.here.act(vec![designate("chiba")]).unwrap();
            (act.seen_size, act.seen_root) = (2, office.here.register.root_at(2).unwrap());
            act.changes.push(designate("chiba"));
        }),
        ("approval_needed", |office, act| {
            let (proposers, stages) = (vec![Role::SystemManager], vec![vec![Role::SystemManager]]);
            let route = SetRoute { class: Class::Cards, proposers, stages, distinct: true };
            office.here.approved(vec![Change::Route(route)]).unwrap();
            (act.seen_size, act.seen_root) = (2, office.here.register.root_at(2).unwrap());
        }),
    ];
    for (code, alter) in cases {
        assert_eq!(fold(alter), code);
    }
}

#[test]
fn an_act_that_the_register_has_taken_is_not_taken_at_another_place() {
    let office = CutOff::new();
    let taken = office.here.entries.last().unwrap();
    assert_eq!(office.take(taken).unwrap_err(), GrantRefusal::Refused(FoldRefusal::Repeated { index: 1 }));
    let founding = office.here.entries.first().unwrap();
    assert_eq!(office.take(founding).unwrap_err(), GrantRefusal::Refused(FoldRefusal::AlreadyFounded));
    // Nor does it found an office where none is: that is for the enrolment.
    let refusal = Register::new().with_grant(0, founding).unwrap_err();
    assert!(matches!(refusal, GrantRefusal::ChangesMore { kind: 1 }), "{refusal}");
}

#[test]
fn what_nobody_signed_who_may_is_refused() {
    let mut office = CutOff::new();
    let act = office.there.draft(vec![issued(11, "chiba")]);
    let refusal = |entry: &[u8]| office.take(entry).unwrap_err();
    let signer = |card| Signer::Card(guid(card));
    let mut forged = sign_card(&act, 1);
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(refusal(&forged), GrantRefusal::Refused(FoldRefusal::SignatureWrong(signer(1))));
    assert_eq!(refusal(&sign_card(&act, 99)), GrantRefusal::Refused(FoldRefusal::SignerUnknown(signer(99))));
    let terminal = Signer::Terminal(code("mado-1"));
    let by_terminal = sign_edwards(&Act { post: None, ..act }, terminal.clone(), TERMINAL_SEED);
    assert_eq!(refusal(&by_terminal), GrantRefusal::Refused(FoldRefusal::SignerNotAllowed(terminal)));
    assert!(matches!(refusal(b"x"), GrantRefusal::Refused(FoldRefusal::Malformed(_))));
    // A signer who came to his card after the register ended is nobody here.
    office.there.approved(vec![designate("doi"), Change::IssueCard(Box::new(issue_signing(13, "doi")))]).unwrap();
    let act = office.there.draft(vec![issued(11, "chiba")]);
    let unknown = FoldRefusal::SignerUnknown(signer(13));
    assert_eq!(office.take(&sign_card(&act, 13)).unwrap_err(), GrantRefusal::Refused(unknown));
}

#[test]
fn a_card_brings_nothing_of_the_office_along() {
    let mut office = CutOff::new();
    let everything = [
        (51, Change::Policy(SetPolicy { policy: Policy { freshness_seconds: 30 * 86_400, ..Policy::default() } })),
        (10, section("zaisei", "財政課", SectionState::Open)),
        (15, function("inkan", Level::Session)),
        (40, terminal()),
        (
            50,
            Change::Connection(SetConnection { state: ConnectionState::Connected, functions: vec![], incident: None }),
        ),
        (
            21,
            Change::OperatorState(SetOperatorState {
                operator: code("chiba"),
                state: OperatorState::Active,
                effective: office.here.now,
                reason: StateReason::None,
            }),
        ),
        (31, card_state(10, CardState::Active, office.here.now)),
    ];
    for (kind, change) in everything {
        let entry = office.act(vec![issued(11, "chiba"), change]);
        assert_eq!(office.take(&entry).unwrap_err(), GrantRefusal::ChangesMore { kind });
    }
    // The old card goes with the act that issues the new one.
    let entry = office.act(vec![card_state(10, CardState::Revoked, office.here.now), issued(11, "chiba")]);
    let register = office.take(&entry).unwrap();
    assert_eq!(register.card(&guid(10)).unwrap().state(office.here.now), CardState::Revoked);
}

#[test]
fn what_only_a_newer_program_understands_is_refused_and_halts_nobody() {
    let mut office = CutOff::new();
    for (critical, expected) in [(true, FoldRefusal::ContentUnknown), (false, FoldRefusal::Skipped { version: 1 })] {
        let act = office.there.draft(vec![issued(11, "chiba"), card_state(10, CardState::Suspended, office.there.now)]);
        let entry = rewritten(&Act { critical, ..act }, &[0x02, 0x08, 0x03], &[0x02, 0x17, 0x03], 1);
        assert_eq!(office.take(&entry).unwrap_err(), GrantRefusal::Refused(expected));
        let known = office.here.login();
        assert_eq!(decide(&office.here.register, &known), Verdict::Granted);
    }
}

/// Changes of which some give, some take, and some are no business of a card.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let person = || prop_oneof![3 => Just("chiba"), 2 => Just("doi"), 1 => Just("aoki")];
    let card = || prop_oneof![4 => Just(11_u8), 2 => Just(12), 1 => Just(10)];
    let change = prop_oneof![
        6 => (card(), person()).prop_map(|(card, person)| issued(card, person)),
        2 => person().prop_map(designate),
        2 => person().prop_map(|person| profile(person, "p1", &["juminhyo", "inkan"])),
        1 => card().prop_map(|card| card_state(card, CardState::Revoked, tuesday_ten())),
        1 => card().prop_map(|card| card_state(card, CardState::Suspended, tuesday_ten())),
        1 => Just(function("inkan", Level::Session)),
        1 => Just(section("kikaku", "企画課", SectionState::Open)),
    ];
    vec(change, 1..4)
}

/// The log that has what this register has, then nothing that anybody takes, then the act.
fn register_that_contains(here: &Register, index: u64, entry: &[u8]) -> (Register, Result<Folded, FoldRefusal>) {
    let mut whole = here.clone();
    while whole.size() < index {
        whole.fold(b"refused").unwrap_err();
    }
    let folded = whole.fold(entry);
    (whole, folded)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_more_is_given_than_by_the_register_that_contains_the_act(
        before in vec(changes(), 0..3),
        gap in 0_u64..4,
        act in changes(),
        saw in 0_u64..3,
        altered in proptest::option::weighted(0.2, (any::<Index>(), any::<u8>())),
    ) {
        let mut here = Office::furnished();
        for changes in before {
            let act = here.draft(changes);
            let _ = here.register.fold(&sign_card(&act, 1));
        }
        let index = here.register.size() + gap;
        let mut there = here.clone();
        while there.register.size() < index {
            there.register.fold(b"refused").unwrap_err();
        }
        let mut act = there.draft(act);
        act.seen_size -= saw;
        act.seen_root = there.register.root_at(act.seen_size).unwrap();
        let mut entry = sign_card(&act, 1);
        if let Some((at, byte)) = altered {
            let at = at.index(entry.len());
            entry[at] = byte;
        }
        let (whole, folded) = register_that_contains(&here.register, index, &entry);
        let grant = named(index, &entry);
        match (here.register.with_grant(index, &entry), folded) {
            (Ok(register), Ok(_)) => {
                prop_assert_eq!((register.size(), register.root()), (here.register.size(), here.register.root()));
                for (card, person) in [(10, "chiba"), (11, "chiba"), (11, "doi"), (12, "doi"), (12, "aoki")] {
                    for request in REQUESTS {
                        let input = with_card(&here, request, card, person, grant);
                        let by_whole = DecisionInput { register: whole.size(), grant: None, ..input.clone() };
                        let (here, there) = (decide(&register, &input), decide(&whole, &by_whole));
                        let of_the_act = whole.card(&guid(card)).is_some_and(|card| card.index() == index);
                        if of_the_act {
                            prop_assert_eq!(here, there);
                        } else {
                            prop_assert_eq!(here.code(), V::CardUnknown);
                        }
                    }
                }
            }
            (Err(GrantRefusal::Refused(here)), Err(there)) => prop_assert_eq!(here, there),
            (Err(GrantRefusal::ChangesMore { .. }), Ok(_)) => {}
            (here, there) => prop_assert!(false, "{:?}, {:?}", here.map(drop), there),
        }
    }
}
