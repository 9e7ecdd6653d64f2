//! Other offices (§R10): trustees, and people with another office's card.

use sekisho_register::act::Proposal;
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::id::*;
use sekisho_wire::verdict::VerdictCode;

use crate::office::*;

/// Key of the other office's register log.
pub(crate) const THEIR_LOG: u8 = 21;
/// The trustee's administrator: his card.
const TRUSTEE: u8 = 60;
/// A clerk of the other office.
pub(crate) const GUEST: u8 = 61;

pub(crate) fn other() -> OfficeId {
    OfficeId([0x77; 16])
}

pub(crate) fn case(text: &str) -> CaseReference {
    CaseReference::new(text).unwrap()
}

pub(crate) fn partner() -> SetPartner {
    SetPartner {
        partner: code("shiranuka"),
        office: other(),
        title: title("白糠町"),
        ledger: title("ledger.example"),
        key: edwards_public(THEIR_LOG),
    }
}

fn entrust(classes: &[Class]) -> Entrust {
    Entrust {
        partner: code("shiranuka"),
        agreement: case("K-2026-1"),
        classes: classes.to_vec(),
        from: at(2026, 4, 1, 0),
        to: at(2027, 4, 1, 0),
    }
}

fn admit(card: u8, operator: &str, signature: Option<P256Key>) -> Admit {
    Admit {
        designation: designation(operator),
        partner: code("shiranuka"),
        home: code(&format!("{operator}-home")),
        card: guid(card),
        authentication: public(card, Slot::Authentication),
        signature,
        presence: public(card, Slot::Presence),
    }
}

pub(crate) fn admitted(card: u8, operator: &str) -> Change {
    Change::Admit(Box::new(admit(card, operator, None)))
}

fn trustee_post() -> Change {
    Change::Post(SetPost {
        post: code("jutaku"),
        title: title("受託管理者"),
        roles: vec![Role::TrusteeAdmin],
        section: None,
        keeper: None,
    })
}

fn holds(post: &str, operator: &str) -> Change {
    let (post, operator) = (code(post), code(operator));
    Change::HoldPost(HoldPost { post, operator, from: at(2026, 4, 1, 0), to: None, deputy: false })
}

/// An office that has entrusted another with operators, cards, blocks and reports.
pub(crate) fn entrusted() -> Office {
    let mut office = Office::furnished();
    let signature = Some(public(TRUSTEE, Slot::Signature));
    office
        .approved(vec![
            Change::Partner(Box::new(partner())),
            Change::Entrust(entrust(&[Class::Operators, Class::Cards, Class::Block, Class::Report])),
            Change::Admit(Box::new(admit(TRUSTEE, "trustee", signature))),
            trustee_post(),
            holds("jutaku", "trustee"),
        ])
        .unwrap();
    office
}

impl Office {
    /// What the trustee's administrator signs, on request and under the agreement.
    fn entrusted_act(&mut self, changes: Vec<Change>) -> Act {
        Act {
            post: Some(code("jutaku")),
            request: Some(case("IRAI-8")),
            agreement: Some(case("K-2026-1")),
            ..self.draft(changes)
        }
    }

    pub(crate) fn by_trustee(&mut self, changes: Vec<Change>) -> Result<Folded, FoldRefusal> {
        let act = self.entrusted_act(changes);
        self.take(&sign_card(&act, TRUSTEE))
    }
}

pub(crate) fn refused<T>(result: Result<T, FoldRefusal>) -> &'static str {
    result.err().map_or("taken", |refusal| refusal.code())
}

fn verdict(office: &Office, input: &sekisho_wire::decision::DecisionInput) -> VerdictCode {
    decide(&office.register, input).code()
}

#[test]
fn s0_3_a_trustee_acts_on_request_and_under_the_agreement_alone() {
    let mut office = entrusted();
    let folded = office.by_trustee(vec![designate("doi"), profile("doi", "p1", &["juminhyo"])]).unwrap();
    assert_eq!(folded.operator, Some(code("trustee")));
    assert!(office.register.operator(&code("doi")).is_some());
    // Password management (S0 3(3)).
    office
        .by_trustee(vec![Change::ResetPin(ResetPin { card: guid(GUEST), identified: Identified::StaffCard })])
        .unwrap_err();
    let act = office.draft(vec![Change::IssueCard(Box::new(issue(12, Some("doi"))))]);
    office.take(&sign_card(&act, 1)).unwrap();
    office.by_trustee(vec![Change::ResetPin(ResetPin { card: guid(12), identified: Identified::StaffCard })]).unwrap();
    for spoil in [
        |act: &mut Act| act.request = None,
        |act: &mut Act| act.agreement = None,
        |act: &mut Act| act.agreement = Some(case("K-2025-1")),
    ] {
        let mut act = office.entrusted_act(vec![designate("eto")]);
        spoil(&mut act);
        assert_eq!(refused(office.take(&sign_card(&act, TRUSTEE))), "request_missing");
    }
    assert!(office.register.operator(&code("eto")).is_none());
}

#[test]
fn s0_9_a_trustee_neither_enrols_nor_retires_a_terminal_and_decides_nothing_that_makes_an_office() {
    let mut office = entrusted();
    let own = office.register.route(Class::Operators);
    let terminal_state = |state| SetTerminalState { terminal: code("mado-1"), state, effective: office.now };
    let (suspended, retired) = (terminal_state(TerminalUse::Suspended), terminal_state(TerminalUse::Retired));
    let second = SetTerminal { terminal: code("mado-2"), key: edwards_public(41), ..set_terminal() };
    let route = SetRoute { class: Class::Operators, proposers: own.proposers, stages: vec![], distinct: true };
    let end = EndTrust { partner: code("shiranuka"), effective: office.now };
    let stop = SetConnection { state: ConnectionState::Stopped, functions: vec![], incident: None };
    for (what, change) in [
        ("enrols", Change::Terminal(Box::new(second))),
        ("retires", Change::TerminalState(retired)),
        ("suspends, which is a block", Change::TerminalState(suspended)),
        ("an epoch", Change::OpenEpoch(OpenEpoch { terminal: code("mado-1"), epoch: 1, reason: EpochReason::Fork })),
        ("a policy", Change::Policy(SetPolicy { policy: Policy::default() })),
        ("a route", Change::Route(route)),
        ("a post", trustee_post()),
        ("a seat", holds("chief", "trustee")),
        ("a card that signs", Change::IssueCard(Box::new(issue_signing(13, "chiba")))),
        ("more of its people", admitted(GUEST, "guest")),
        ("more trust", Change::Entrust(entrust(&[Class::Hours]))),
        ("the end of its own trust", Change::EndTrust(end)),
        ("a section", section("koseki", "戸籍課", SectionState::Open)),
        ("what it was not entrusted with", Change::Connection(stop)),
        ("who decides", card_state(1, CardState::Suspended, office.now)),
        ("who decides, as a person", designate("aoki")),
        ("a card for who decides", Change::IssueCard(Box::new(issue(13, Some("aoki"))))),
        ("a permission for who decides", profile("aoki", "p1", &["juminhyo"])),
        ("itself", designate("trustee")),
        ("a permission for itself", profile("trustee", "p1", &["juminhyo"])),
        ("its own card", card_state(TRUSTEE, CardState::Active, office.now)),
    ] {
        assert_eq!(refused(office.by_trustee(vec![change])), "not_entrusted", "{what}");
    }
    // Hours may be entrusted: those of the office, not those of a terminal.
    let mut office = entrusted();
    let trust = Change::Entrust(entrust(&[Class::Hours]));
    office.approved(vec![trust]).unwrap();
    let hours = |terminal| Change::Hours(SetHours { terminal, week: [OpenSpan { open: 510, close: 1035 }; 7] });
    assert_eq!(refused(office.by_trustee(vec![hours(Some(code("mado-1")))])), "not_entrusted");
    office.by_trustee(vec![hours(None)]).unwrap();
}

#[test]
fn a_trustee_gives_nobody_who_decides_a_card_back_that_only_opens() {
    let mut office = entrusted();
    let activate = |card: u8, operator: &str| {
        let (from, to, reason) = (office.now, office.now + 10 * 24 * 60 * 60 * 1000, code("stand-in"));
        let (card, operator) = (guid(card), code(operator));
        Change::ActivateCard(Box::new(ActivateCard { card, operator, profiles: vec![], from, to, reason }))
    };
    let (for_baba, for_chiba) = (activate(13, "baba"), activate(13, "chiba"));
    let spare = IssueCard { dormant: true, kind: CardKind::Spare, ..issue(13, None) };
    let cards = [issue(12, Some("aoki")), spare, issue(14, Some("chiba"))];
    office.act(cards.into_iter().map(|card| Change::IssueCard(Box::new(card))).collect()).unwrap();
    office.act(vec![for_baba]).unwrap();
    office.act([12, 13, 14].map(|card| card_state(card, CardState::Suspended, office.now)).to_vec()).unwrap();
    for card in [12, 13] {
        let give_back = card_state(card, CardState::Active, office.now);
        assert_eq!(refused(office.by_trustee(vec![give_back])), "not_entrusted", "{card}");
        let reset = Change::ResetPin(ResetPin { card: guid(card), identified: Identified::StaffCard });
        assert_eq!(refused(office.by_trustee(vec![reset])), "not_entrusted", "{card}");
    }
    assert_eq!(refused(office.by_trustee(vec![for_chiba])), "not_entrusted", "it would be taken from baba");
    office.by_trustee(vec![card_state(14, CardState::Active, office.now)]).unwrap();
}

#[test]
fn what_the_client_ends_or_blocks_is_over_with_the_next_entry() {
    let end = |office: &Office| vec![Change::EndTrust(EndTrust { partner: code("shiranuka"), effective: office.now })];
    let mut office = entrusted();
    // One person alone, and no race is lost: also by who saw an older register.
    let changes = end(&office);
    let late = office.draft(changes);
    office.by_trustee(vec![designate("doi")]).unwrap();
    office.take(&sign_card(&late, 2).clone()).unwrap_err();
    let changes = end(&office);
    office.act(changes).unwrap();
    assert_eq!(refused(office.by_trustee(vec![designate("eto")])), "not_entrusted");

    let mut office = entrusted();
    office.act(vec![card_state(TRUSTEE, CardState::Suspended, office.now)]).unwrap();
    assert_eq!(refused(office.by_trustee(vec![designate("eto")])), "signer_not_current");
    let mut office = entrusted();
    office.now = at(2027, 4, 1, 0);
    assert_eq!(refused(office.by_trustee(vec![designate("eto")])), "signer_not_current", "its admission has ended");
}

#[test]
fn whose_office_is_entrusted_with_nothing_has_no_role_and_reads_nothing() {
    let mut office = entrusted();
    let roles = |office: &Office, t| office.register.roles_of(&code("trustee"), t).len();
    let began = office.now;
    assert_eq!(roles(&office, began), 1);
    office.now += 60_000;
    let end = EndTrust { partner: code("shiranuka"), effective: office.now + 60_000 };
    office.act(vec![Change::EndTrust(end)]).unwrap();
    assert_eq!([office.now, office.now + 60_000].map(|t| roles(&office, t)), [1, 0]);
    office.now += 120_000;
    office.approved(vec![Change::Entrust(entrust(&[Class::Cards]))]).unwrap();
    assert_eq!(roles(&office, office.now), 1);
    assert_eq!(roles(&office, at(2027, 3, 31, 23)), 1);
    // His designation and the trust end together here: nobody has to say so.
    assert_eq!(roles(&office, at(2027, 4, 1, 0)), 0);
}

#[test]
fn backdating_brings_no_trust_back() {
    let mut office = entrusted();
    let mut early = office.entrusted_act(vec![designate("doi")]);
    office.now += 60_000;
    let end = EndTrust { partner: code("shiranuka"), effective: office.now };
    office.act(vec![Change::EndTrust(end)]).unwrap();
    early.seen_size = office.register.size();
    early.seen_root = office.register.root();
    assert_eq!(refused(office.take(&sign_card(&early, TRUSTEE))), "not_entrusted");
}

#[test]
fn whoever_comes_from_another_office_is_a_trustee_and_nothing_else() {
    let mut office = entrusted();
    // Even if he is put where others decide.
    office.approved(vec![holds("vice", "trustee")]).unwrap();
    let mut act = office.entrusted_act(vec![designate("doi")]);
    act.post = Some(code("vice"));
    assert_eq!(refused(office.take(&sign_card(&act, TRUSTEE))), "signer_not_allowed");
    let proposal = office.proposal(vec![trustee_post()]);
    let approval = office.approval(&proposal, "vice", TRUSTEE);
    assert_eq!(refused(office.take(&approval)), "signer_not_allowed");
    let roles: Vec<Role> =
        office.register.roles_of(&code("trustee"), office.now).into_iter().map(|(_, role)| role).collect();
    assert_eq!(roles, [Role::TrusteeAdmin]);
    // And the office must be able to decide without him: he is no second person who would be left.
    assert_eq!(refused(office.act(vec![card_state(2, CardState::Revoked, office.now)])), "last_signers");
}

#[test]
fn where_the_route_asks_for_an_approval_the_client_approves_what_the_trustee_proposes() {
    let mut office = entrusted();
    let stages = vec![vec![Role::DataProtectionManager]];
    let route = SetRoute { class: Class::Operators, proposers: vec![Role::SystemManager], stages, distinct: true };
    office.approved(vec![Change::Route(route)]).unwrap();
    assert_eq!(refused(office.by_trustee(vec![designate("doi")])), "approval_needed");
    let mut proposal = office.entrusted_act(vec![designate("doi")]);
    proposal.log = Log::Casebook;
    let signed = sign_card(&proposal, TRUSTEE);
    office.would_file(&signed).unwrap();
    office.file(&signed).unwrap();
    let approval = office.approval(&signed, "vice", 2);
    office.take(&approval).unwrap();
    assert!(office.register.operator(&code("doi")).is_some());
    // What could never be approved is not filed.
    for change in [designate("aoki"), card_state(1, CardState::Suspended, office.now), designate("trustee")] {
        let mut about_who_decides = office.entrusted_act(vec![change]);
        about_who_decides.log = Log::Casebook;
        assert_eq!(refused(office.would_file(&sign_card(&about_who_decides, TRUSTEE))), "not_entrusted");
    }
    // Without a request it is not even filed.
    let mut nameless = office.entrusted_act(vec![designate("eto")]);
    (nameless.log, nameless.request) = (Log::Casebook, None);
    let nameless = sign_card(&nameless, TRUSTEE);
    assert_eq!(refused(office.casebook.look(&office.register, &nameless, office.now)), "request_missing");
    let act = Act {
        log: Log::Register,
        post: Some(code("vice")),
        changes: vec![],
        proposal: Some(Proposal(nameless)),
        ..office.draft(vec![])
    };
    assert_eq!(refused(office.take(&sign_card(&act, 2))), "request_missing");
}

#[test]
fn a_home_office_blocks_its_own_card_where_it_is_entrusted_with_blocks() {
    let mut office = entrusted();
    office.approved(vec![admitted(GUEST, "guest")]).unwrap();
    office.by_trustee(vec![card_state(GUEST, CardState::Suspended, office.now)]).unwrap();
    // It does not give it back: who lets people in is this office.
    assert_eq!(refused(office.by_trustee(vec![card_state(GUEST, CardState::Active, office.now)])), "not_entrusted");
    office.act(vec![card_state(GUEST, CardState::Active, office.now)]).unwrap();
}

#[test]
fn who_was_admitted_works_with_the_card_from_home_and_the_record_names_the_home() {
    let mut office = entrusted();
    let mut input = office.login();
    (input.card, input.operator) = (Some(guid(GUEST)), Some(code("guest")));
    let asked = |office: &Office, home| {
        let mut input = input.clone();
        (input.register, input.home) = (office.register.size(), home);
        verdict(office, &input)
    };
    assert_eq!(asked(&office, Some(other())), VerdictCode::CardUnknown);
    office.approved(vec![admitted(GUEST, "guest"), profile("guest", "p1", &["juminhyo"])]).unwrap();
    assert_eq!(asked(&office, Some(other())), VerdictCode::Granted);
    assert_eq!(asked(&office, None), VerdictCode::OperatorUnknown, "a record that hides where he comes from");
    assert_eq!(asked(&office, Some(OfficeId([1; 16]))), VerdictCode::OperatorUnknown);
    // Any panel blocks it, and any officer withdraws it, at once.
    office.act(vec![card_state(GUEST, CardState::Suspended, office.now)]).unwrap();
    assert_eq!(asked(&office, Some(other())), VerdictCode::CardSuspended);
    // Nobody of this office has a home elsewhere.
    let mut clerk = office.login();
    clerk.home = Some(other());
    assert_eq!(verdict(&office, &clerk), VerdictCode::OperatorUnknown);
}

#[test]
fn an_admission_is_renewed_with_the_same_card_and_person_and_with_no_other() {
    let mut office = entrusted();
    office.approved(vec![admitted(GUEST, "guest")]).unwrap();
    let number = office.register.card(&guid(GUEST)).unwrap().number();
    let next = |mut admit: Admit| {
        (admit.designation.from, admit.designation.to) = (at(2027, 4, 1, 0), at(2028, 4, 1, 0));
        vec![Change::Admit(Box::new(admit))]
    };
    office.approved(next(admit(GUEST, "guest", None))).unwrap();
    let card = office.register.card(&guid(GUEST)).unwrap();
    assert_eq!((card.number(), card.issued().to), (number, at(2028, 4, 1, 0)));
    assert!(card.is_current(at(2027, 5, 1, 0)) && card.is_current(office.now));

    for (what, changes, code) in [
        (
            "another key",
            next(Admit { presence: public(99, Slot::Presence), ..admit(GUEST, "guest", None) }),
            "card_used",
        ),
        ("another person's card", next(admit(GUEST, "second", None)), "card_used"),
        ("from somewhere else", next(Admit { home: code("x"), ..admit(GUEST, "guest", None) }), "value_wrong"),
        ("a person of this office", next(admit(62, "chiba", None)), "value_wrong"),
        ("a card of this office", next(admit(10, "third", None)), "card_used"),
        (
            "an office that nobody knows",
            next(Admit { partner: code("kushiro"), ..admit(63, "third", None) }),
            "unknown",
        ),
    ] {
        assert_eq!(refused(office.approved(changes)), code, "{what}");
    }
    let own = vec![Change::IssueCard(Box::new(issue(14, Some("guest"))))];
    assert_eq!(refused(office.act(own)), "value_wrong", "a card of this office for somebody else's person");
    assert_eq!(refused(office.act(vec![admitted(64, "fourth")])), "approval_needed");
    office.act(vec![card_state(GUEST, CardState::Revoked, office.now)]).unwrap();
    assert_eq!(refused(office.approved(next(admit(GUEST, "guest", None)))), "card_final");
}

#[test]
fn nobody_alone_extends_what_two_admitted() {
    let mut office = entrusted();
    office.approved(vec![admitted(GUEST, "guest")]).unwrap();
    let longer = Designate { to: at(2030, 4, 1, 0), ..designation("guest") };
    assert_eq!(refused(office.act(vec![Change::Designate(Box::new(longer.clone()))])), "value_wrong");
    // Nor together: who is let in, and until when, stands in admissions.
    assert_eq!(refused(office.approved(vec![Change::Designate(Box::new(longer))])), "value_wrong");
    assert!(!office.register.operator(&code("guest")).unwrap().is_current(at(2027, 4, 1, 0)));
}

#[test]
fn admissions_hold_in_whatever_order_they_were_decided() {
    let mut office = entrusted();
    let mut admit_for = |from: u64, to: u64| {
        let mut admit = admit(GUEST, "guest", None);
        (admit.designation.from, admit.designation.to) = (from, to);
        office.approved(vec![Change::Admit(Box::new(admit))]).unwrap();
    };
    admit_for(at(2027, 4, 1, 0), at(2028, 4, 1, 0));
    admit_for(at(2026, 12, 1, 0), at(2027, 1, 1, 0));
    let (card, guest) =
        (office.register.card(&guid(GUEST)).unwrap(), office.register.operator(&code("guest")).unwrap());
    let works = |t| card.is_current(t) && guest.is_current(t);
    assert_eq!([at(2026, 11, 30, 23), at(2026, 12, 1, 0), at(2026, 12, 31, 23)].map(works), [false, true, true]);
    assert_eq!([at(2027, 1, 1, 0), at(2027, 4, 1, 0), at(2028, 4, 1, 0)].map(works), [false, true, false]);
}

#[test]
fn partners_and_what_they_are_entrusted_with_are_looked_at() {
    let mut office = Office::furnished();
    let own = office.register.office().unwrap();
    let set = |change: SetPartner| vec![Change::Partner(Box::new(change))];
    let mut weak = [0; 32];
    weak[0] = 1;
    for (what, change, code) in [
        ("itself", SetPartner { office: own, ..partner() }, "value_wrong"),
        ("no key name", SetPartner { ledger: title("a+b"), ..partner() }, "value_wrong"),
        ("a key that verifies anything", SetPartner { key: Ed25519Key(weak), ..partner() }, "key_malformed"),
    ] {
        assert_eq!(refused(office.approved(set(change))), code, "{what}");
    }
    assert_eq!(refused(office.act(set(partner()))), "approval_needed");
    assert_eq!(refused(office.approved(vec![Change::Entrust(entrust(&[Class::Cards]))])), "unknown");
    office.approved(set(partner())).unwrap();
    office.approved(set(SetPartner { title: title("新白糠町"), ..partner() })).unwrap();
    assert_eq!(refused(office.approved(set(SetPartner { office: OfficeId([8; 16]), ..partner() }))), "value_wrong");
    assert_eq!(refused(office.approved(set(SetPartner { partner: code("second"), ..partner() }))), "value_wrong");
    for classes in [
        &[][..],
        &[Class::Cards, Class::Operators],
        &[Class::Terminals],
        &[Class::Founding],
        &[Class::Policy],
        &[Class::Organisation],
        &[Class::Connection],
        &[Class::Destruction],
        &[Class::Preservation],
    ] {
        assert_eq!(refused(office.approved(vec![Change::Entrust(entrust(classes))])), "value_wrong", "{classes:?}");
    }
    let dates = Entrust { to: at(2026, 4, 1, 0), ..entrust(&[Class::Cards]) };
    assert_eq!(refused(office.approved(vec![Change::Entrust(dates)])), "dates_wrong");
    let end = EndTrust { partner: code("shiranuka"), effective: office.now };
    assert_eq!(refused(office.act(vec![Change::EndTrust(end)])), "unknown", "nothing was entrusted");
}
