//! What the fold takes and what it refuses (§R4).

use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::{DecisionInput, Level};
use sekisho_wire::id::*;

use crate::office::*;

fn refusal(result: Result<Folded, FoldRefusal>) -> &'static str {
    result.expect_err("must be refused").code()
}

#[test]
fn the_founding_act_seats_its_administrators_and_numbers_their_cards() {
    let office = Office::founded();
    let register = &office.register;
    let founding = SignedAct::decode(&office.entries[0]).unwrap();
    assert_eq!(register.office(), Some(office_of(&founding)));
    assert_eq!(&founding.id().0[..16], register.office().unwrap().as_bytes());
    assert_eq!((register.title(), register.ledger()), ("関所町", "ledger.example"));
    let roles: Vec<_> = register.roles_of(&code("aoki"), office.now).into_iter().map(|(_, role)| role).collect();
    assert_eq!(roles, Role::FOUNDING);
    let numbers: Vec<_> = register.cards_by_number().map(|card| (card.number().number, *card.guid())).collect();
    assert_eq!(numbers, [(1, guid(1)), (2, guid(2))]);
    assert_eq!(register.log_key(Log::Register), Some(&edwards_public(21)));
    assert_eq!(register.envelope_key().map(|key| key.as_bytes().len()), Some(65));
}

#[test]
fn an_office_is_founded_once_by_two_persons_whose_card_signs() {
    let found = |change: fn(&mut Found), card| {
        let mut office = Office::empty();
        let mut found = founding();
        change(&mut found);
        let mut act = office.draft(vec![Change::Found(Box::new(found))]);
        act.post = None;
        office.take(&sign_card(&act, card))
    };
    assert_eq!(refusal(found(|_| {}, 3)), "signer_unknown");
    assert_eq!(refusal(found(|found| drop(found.administrators.pop()), 1)), "value_wrong");
    assert_eq!(refusal(found(|found| found.administrators[1].operator = code("aoki"), 1)), "value_wrong");
    assert_eq!(refusal(found(|found| found.administrators[1].card.signature = None, 1)), "value_wrong");
    assert_eq!(refusal(found(|found| found.recovery.k = 4, 1)), "value_wrong");
    assert_eq!(refusal(found(|found| found.policy.pin_tries = 0, 1)), "value_wrong");

    let mut office = Office::founded();
    assert_eq!(refusal(office.act(vec![Change::Found(Box::new(founding()))])), "already_founded");
    let mut empty = Office::empty();
    assert_eq!(refusal(empty.act(vec![section("jumin", "住民課", SectionState::Open)])), "not_founded");
}

#[test]
fn a_refused_entry_changes_nothing_but_size_and_root() {
    let mut office = Office::founded();
    let before = office.register.clone();
    // The second change cannot be, so the first must not be either.
    let changes =
        vec![section("jumin", "住民課", SectionState::Open), card_state(77, CardState::Suspended, office.now)];
    assert_eq!(refusal(office.act(changes)), "unknown");
    assert!(office.register.section(&code("jumin")).is_none());
    assert_eq!(office.register.size(), before.size() + 1);
    assert_ne!(office.register.root(), before.root());
    assert_eq!(office.register.root_at(1), Some(before.root()));
}

#[test]
fn each_way_to_sign_wrongly_has_its_own_refusal() {
    let base = Office::furnished();
    let with = |change: fn(&mut Act, &Office), card: u8| {
        let mut office = base.clone();
        let mut act = office.draft(vec![section("fukushi", "福祉課", SectionState::Open)]);
        change(&mut act, &office);
        refusal(office.take(&sign_card(&act, card)))
    };
    assert_eq!(with(|act, _| act.office = OfficeId([1; 16]), 1), "other_office");
    assert_eq!(with(|act, _| act.log = Log::Casebook, 1), "other_log");
    assert_eq!(with(|act, _| act.expires = act.made, 1), "lifetime");
    assert_eq!(with(|act, _| act.expires = act.made + 31 * 24 * 60 * 60 * 1000, 1), "lifetime");
    assert_eq!(with(|act, _| act.seen_size += 1, 1), "seen_ahead");
    assert_eq!(with(|act, _| act.seen_root = Hash([1; 32]), 1), "other_history");
    assert_eq!(with(|_, _| {}, 99), "signer_unknown");
    assert_eq!(with(|_, _| {}, 2), "post_not_held");
    assert_eq!(with(|act, _| act.post = None, 1), "post_not_held");
    assert_eq!(with(|act, _| act.as_deputy = true, 1), "post_not_held");
    assert_eq!(with(|act, _| act.post = Some(code("nobody")), 1), "post_not_held");
    assert_eq!(with(|act, _| act.made -= 11 * 60 * 1000, 1), "made_too_early");
    assert_eq!(with(|act, _| act.changes.clear(), 1), "not_a_proposal");
}

#[test]
fn a_signature_of_another_key_or_over_other_bytes_is_refused() {
    let mut office = Office::founded();
    let act = office.draft(vec![section("jumin", "住民課", SectionState::Open)]);
    let to_be_signed = act.to_be_signed(&Signer::Card(guid(1)));
    let by_slot_9a = sign_with_card(1, Slot::Authentication, &to_be_signed.digest);
    assert_eq!(refusal(office.take(&to_be_signed.finish(by_slot_9a))), "signature_wrong");
    let mut entry = sign_card(&office.draft(vec![section("jumin", "住民課", SectionState::Open)]), 1);
    *entry.last_mut().unwrap() ^= 1;
    assert_eq!(refusal(office.take(&entry)), "signature_wrong");
}

#[test]
fn the_ledger_asks_its_clock() {
    let mut office = Office::founded();
    let entry = sign_card(&office.draft(vec![section("jumin", "住民課", SectionState::Open)]), 1);
    let asked = |now| office.register.would_accept(&entry, now).map(|_| ()).map_err(|refusal| refusal.code());
    assert_eq!(asked(office.now), Ok(()));
    assert_eq!(asked(office.now - 3 * 60 * 1000), Err("made_in_future"));
    assert_eq!(asked(office.now + 25 * 60 * 60 * 1000), Err("expired"));
}

#[test]
fn the_same_act_never_counts_twice() {
    let mut office = Office::founded();
    let entry = sign_card(&office.draft(vec![section("jumin", "住民課", SectionState::Open)]), 1);
    office.take(&entry).unwrap();
    assert_eq!(refusal(office.take(&entry)), "repeated");
}

#[test]
fn a_second_spelling_of_an_act_is_refused() {
    let mut office = Office::founded();
    let act = office.draft(vec![section("jumin", "住民課", SectionState::Open)]);
    let payload = act.encode_payload();
    // The act's map has 12 keys here (no request, agreement, proposal): version 1 written as two bytes means the same.
    assert_eq!(&payload[..3], &[0xac, 0x00, 0x01]);
    let longer = [&[0xac, 0x00, 0x18, 0x01][..], &payload[3..]].concat();
    let trailing = [&payload[..], &[0x00]].concat();
    let unknown_key = [&[0xad][..], &payload[1..], &[0x18, 0x63, 0x00]].concat();
    for bytes in [longer, trailing, unknown_key] {
        let signer = Signer::Card(guid(1));
        let digest = sekisho_wire::cose::signed_digest(sekisho_wire::cose::Context::Act, &signer, &bytes);
        let signature = sign_with_card(1, Slot::Signature, &digest);
        let entry = act::ToBeSigned { signer, payload: bytes, digest }.finish(signature);
        // By whom it is signed makes it a newer program's, which nobody may pass over.
        assert_eq!(refusal(office.take(&entry)), "content_unknown");
    }
}

#[test]
fn a_forged_entry_that_was_refused_is_not_accepted_when_it_is_folded_again_from_the_disk() {
    let mut office = Office::furnished();
    let act = office.draft(vec![profile("chiba", "p9", &["inkan"])]);
    // Whoever runs the ledger has no card.
    let forged = act.to_be_signed(&Signer::Card(guid(1))).finish([0x11; 64]);
    let folded = office.register.fold(&forged);
    let concluded = Concluded::of(&folded);
    assert_eq!((refusal(folded), concluded), ("signature_wrong", Concluded::Refused));
    let mut again = Register::new();
    for entry in &office.entries {
        again.fold_stored(entry, Concluded::Accepted).unwrap();
    }
    assert_eq!(refusal(again.fold_stored(&forged, concluded)), "refused_before");
    assert_eq!((again.size(), again.root()), (office.register.size(), office.register.root()));
    let held: Vec<_> = again.operator(&code("chiba")).unwrap().profiles_at(office.now).map(|(code, _)| code).collect();
    assert_eq!(held, [&code("p1")]);
}

#[test]
fn what_was_refused_for_old_rules_or_passed_over_is_asked_again_by_a_newer_program() {
    let mut office = Office::furnished();
    let mut skipped = office.draft(vec![designate("doi")]);
    (skipped.version, skipped.critical) = (2, false);
    let skipped = office.register.fold(&sign_card(&skipped, 1));
    assert_eq!((Concluded::of(&skipped), refusal(skipped)), (Concluded::NotUnderstood, "skipped"));
    let newer = office.proposal(vec![Change::RequireVersion(RequireVersion { version: 2 })]);
    let newer = office.approval(&newer, "vice", 2);
    office.register.fold(&newer).unwrap();
    // A revocation that this program may not judge. The one that may must not find it refused for ever.
    let revoked = office.draft(vec![card_state(10, CardState::Revoked, office.now)]);
    let revoked = office.register.fold(&sign_card(&revoked, 1));
    assert_eq!((Concluded::of(&revoked), refusal(revoked)), (Concluded::NotUnderstood, "rules_too_old"));
}

#[test]
fn after_a_critical_act_of_the_future_nothing_is_decided() {
    let base = Office::furnished();
    let folded = |change: fn(&mut Act), card| {
        let mut office = base.clone();
        let mut act = office.draft(vec![card_state(10, CardState::Revoked, office.now)]);
        change(&mut act);
        let entry = sign_card(&act, card);
        let folded = office.register.fold(&entry);
        let concluded = Concluded::of(&folded);
        // The same, started again from the disk.
        let mut again = base.register.clone();
        again.fold_stored(&entry, concluded).unwrap_err();
        assert_eq!(again.not_understood(), office.register.not_understood());
        let input = DecisionInput { register: again.size(), ..office.request() };
        (refusal(folded), decide(&again, &input).code())
    };
    use sekisho_wire::verdict::VerdictCode as V;
    assert_eq!(folded(|act| act.version = 2, 1), ("version_unknown", V::RulesUnknown));
    let unknown = |act: &mut Act| (act.version, act.critical) = (2, false);
    assert_eq!(folded(unknown, 1), ("skipped", V::Granted));
    // Who holds no post, or none of our cards, halts nobody.
    assert_eq!(folded(|act| act.version = 2, 10), ("signer_not_current", V::Granted));
    assert_eq!(folded(|act| act.version = 2, 99), ("signer_unknown", V::Granted));
}

#[test]
fn a_critical_change_of_an_unknown_kind_halts_decisions_also_inside_an_approval() {
    let mut office = Office::furnished();
    let act = office.draft(vec![card_state(10, CardState::Revoked, office.now)]);
    let mut payload = act.encode_payload();
    // [31, [{…}]] becomes [69, [{…}]].
    let kind = payload.windows(3).position(|bytes| bytes == [0x82, 0x18, 31]).unwrap() + 2;
    payload[kind] = 69;
    let signer = Signer::Card(guid(1));
    let digest = sekisho_wire::cose::signed_digest(sekisho_wire::cose::Context::Act, &signer, &payload);
    let signature = sign_with_card(1, Slot::Signature, &digest);
    let entry = act::ToBeSigned { signer, payload, digest }.finish(signature);
    let mut direct = office.clone();
    assert_eq!(refusal(direct.register.fold(&entry)), "kind_unknown");
    assert_eq!(direct.register.not_understood(), Some(2));
    let approval = office.approval(&entry, "vice", 2);
    assert_eq!(refusal(office.register.fold(&approval)), "kind_unknown");
    assert_eq!(office.register.not_understood(), Some(2));
    let mut by_terminal = office.draft(vec![]);
    (by_terminal.post, by_terminal.proposal) = (None, Some(act::Proposal(entry)));
    let entry = sign_edwards(&by_terminal, Signer::Terminal(code("mado-1")), TERMINAL_SEED);
    assert_eq!(refusal(Office::furnished().register.fold(&entry)), "signer_not_allowed");
}

#[test]
fn a_newer_version_is_told_from_damage() {
    let mut office = Office::founded();
    let mut act = office.draft(vec![section("jumin", "住民課", SectionState::Open)]);
    act.version = 2;
    assert_eq!(refusal(office.take(&sign_card(&act, 1))), "version_unknown");
    assert_eq!(refusal(office.take(b"no act at all")), "malformed");
}

#[test]
fn an_act_about_what_changed_since_is_refused_but_a_block_never_is() {
    let mut office = Office::furnished();
    let stale = office.draft(vec![section("jumin", "市民課", SectionState::Open)]);
    let elsewhere = office.draft(vec![section("zeimu", "課税課", SectionState::Open)]);
    let mut block = office.draft(vec![card_state(10, CardState::Revoked, office.now)]);
    office
        .act(vec![section("jumin", "総合窓口課", SectionState::Open), card_state(10, CardState::Suspended, office.now)])
        .unwrap();

    let refused = office.take(&sign_card(&stale, 1)).unwrap_err();
    assert_eq!(refused, FoldRefusal::ChangedSince { thing: thing::Thing::Section(code("jumin")), index: 2 });
    office.take(&sign_card(&elsewhere, 1)).unwrap();
    block.salt = Salt([77; 16]);
    office.take(&sign_card(&block, 1)).unwrap();
    assert_eq!(office.register.card(&guid(10)).unwrap().state(office.now), CardState::Revoked);
}

#[test]
fn a_revoked_card_never_comes_back_whatever_the_dates() {
    let mut office = Office::furnished();
    let now = office.now;
    office.act(vec![card_state(10, CardState::Revoked, now)]).unwrap();
    assert_eq!(refusal(office.act(vec![card_state(10, CardState::Active, now + 1)])), "card_final");
    office.act(vec![card_state(10, CardState::Returned, now + 1)]).unwrap();
    office.act(vec![card_state(10, CardState::Disposed, now + 2)]).unwrap();
    assert_eq!(refusal(office.act(vec![card_state(10, CardState::Active, now + 3)])), "card_final");
    // What only takes away is taken, and changes nothing.
    for state in [CardState::Suspended, CardState::Revoked, CardState::Returned] {
        office.act(vec![card_state(10, state, now + 3)]).unwrap();
        assert_eq!(office.register.card(&guid(10)).unwrap().state(now + 4), CardState::Disposed);
    }
}

#[test]
fn a_block_reaches_its_other_cards_when_one_of_them_is_gone_already() {
    let mut office = Office::furnished();
    office.act(vec![Change::IssueCard(Box::new(issue(11, Some("chiba"))))]).unwrap();
    let now = office.now;
    let block =
        office.draft(vec![card_state(10, CardState::Suspended, now), card_state(11, CardState::Suspended, now)]);
    office.act(vec![card_state(10, CardState::Revoked, now)]).unwrap();
    office.take(&sign_card(&block, 1)).unwrap();
    let state = |card| office.register.card(&guid(card)).unwrap().state(now);
    assert_eq!((state(10), state(11)), (CardState::Revoked, CardState::Suspended));
}

#[test]
fn only_a_card_signs_in_the_name_of_a_post() {
    let mut office = Office::furnished();
    let named =
        |office: &mut Office, act: &Act, signer: Signer, seed| refusal(office.take(&sign_edwards(act, signer, seed)));
    let lost = SetCardState {
        card: guid(10),
        state: CardState::Suspended,
        reason: StateReason::Lost,
        effective: office.now,
        disposal: None,
    };
    let panel = || Signer::Terminal(code("mado-1"));
    let mut act = office.draft(vec![Change::CardState(lost)]);
    assert_eq!(named(&mut office, &act, panel(), TERMINAL_SEED), "value_wrong");
    (act.post, act.as_deputy) = (None, true);
    assert_eq!(named(&mut office, &act, panel(), TERMINAL_SEED), "value_wrong");
    let act = office.draft(vec![designate("doi")]);
    assert_eq!(named(&mut office, &act, Signer::Recovery(edwards_public(30).0), 30), "value_wrong");
    let mut empty = Office::empty();
    let act = empty.draft(vec![Change::Found(Box::new(founding()))]);
    assert_eq!(refusal(empty.take(&sign_card(&act, 1))), "value_wrong");
}

#[test]
fn a_cards_key_has_one_spelling() {
    let mut office = Office::furnished();
    let mut card = issue(11, Some("chiba"));
    // SEC 1's compact form: the same point again, for whoever takes it.
    card.presence.0[0] = 5;
    assert!(p256::ecdsa::VerifyingKey::from_sec1_bytes(&card.presence.0).is_ok());
    assert_eq!(refusal(office.act(vec![Change::IssueCard(Box::new(card))])), "key_malformed");
}

#[test]
fn a_revocation_announced_for_later_beats_a_grant_logged_after_it() {
    let mut office = Office::furnished();
    let (now, later) = (office.now, office.now + 1_000_000);
    office.act(vec![card_state(10, CardState::Suspended, now)]).unwrap();
    office.act(vec![card_state(10, CardState::Revoked, later)]).unwrap();
    office.act(vec![card_state(10, CardState::Active, now)]).unwrap();
    let card = office.register.card(&guid(10)).unwrap();
    assert_eq!((card.state(now), card.state(later)), (CardState::Active, CardState::Revoked));
}

#[test]
fn a_cards_guid_and_keys_are_never_used_again() {
    let mut office = Office::furnished();
    let again = |office: &mut Office, change: fn(&mut IssueCard)| {
        let mut card = issue(11, Some("chiba"));
        change(&mut card);
        refusal(office.act(vec![Change::IssueCard(Box::new(card))]))
    };
    assert_eq!(again(&mut office, |card| card.card = guid(10)), "card_used");
    assert_eq!(again(&mut office, |card| card.presence = public(10, Slot::Presence)), "key_used");
    assert_eq!(again(&mut office, |card| card.presence = card.authentication), "key_used");
    assert_eq!(again(&mut office, |card| card.presence = P256Key([0xff; 33])), "key_malformed");
    assert_eq!(again(&mut office, |card| card.operator = Some(code("nobody"))), "unknown");
    assert_eq!(again(&mut office, |card| card.operator = None), "value_wrong");
    assert_eq!(again(&mut office, |card| card.to = card.from), "dates_wrong");
}

#[test]
fn things_must_exist_before_they_are_spoken_of() {
    let mut office = Office::furnished();
    let mut nowhere = set_terminal();
    nowhere.section = code("nowhere");
    let mut stolen_key = set_terminal();
    stolen_key.terminal = code("mado-2");
    let deputy = HoldPost { post: code("nopost"), operator: code("chiba"), from: 0, to: None, deputy: true };
    for (change, code) in [
        (Change::Terminal(Box::new(nowhere)), "unknown"),
        (Change::Terminal(Box::new(stolen_key)), "key_used"),
        (profile("nobody", "p1", &[]), "unknown"),
        (profile("chiba", "p1", &["nofunction"]), "unknown"),
        (
            Change::OpenEpoch(OpenEpoch { terminal: code("mado-1"), epoch: 0, reason: EpochReason::Fork }),
            "epoch_not_new",
        ),
        (Change::EndPermit(EndPermit { permit: Numbered { fiscal_year: 2026, number: 1 }, effective: 0 }), "unknown"),
        (Change::Open(Box::new(incident("mado-1"))), "other_log"),
    ] {
        assert_eq!(refusal(office.act(vec![change.clone()])), code, "{change:?}");
    }
    assert_eq!(refusal(office.approved(vec![Change::HoldPost(deputy)])), "unknown");
}

pub(crate) fn incident(terminal: &str) -> OpenCase {
    OpenCase::incident(IncidentClass::Misuse, code("leak"), code(terminal), None)
}

/// The same, as a person opens it: with those who have to be told.
pub(crate) fn incident_by_a_person(terminal: &str) -> OpenCase {
    incident(terminal).with_recipients(&Policy::DEFAULT)
}

#[test]
fn cards_are_numbered_per_fiscal_year_in_log_order() {
    let mut office = Office::founded();
    office.act(vec![section("jumin", "住民課", SectionState::Open), designate("chiba")]).unwrap();
    let mut issue_at = |card: u8, now: u64| {
        office.now = now;
        let folded = office.act(vec![Change::IssueCard(Box::new(issue(card, Some("chiba"))))]).unwrap();
        folded.given
    };
    let new_year = at(2027, 4, 1, 0);
    let number = |fiscal_year, number| Numbered { fiscal_year, number };
    // Cards 1 and 2 of 令和8年度 are the administrators'.
    assert_eq!(issue_at(10, new_year - 1), [Given::Card(guid(10), number(2026, 3))]);
    assert_eq!(issue_at(11, new_year), [Given::Card(guid(11), number(2027, 1))]);
    // A signer whose clock lags by a minute still counts in his own year.
    assert_eq!(issue_at(12, new_year - 60_000), [Given::Card(guid(12), number(2026, 4))]);
    assert_eq!(*office.register.card_by_number(number(2027, 1)).unwrap().guid(), guid(11));
}

#[test]
fn s2_11_1_a_transfer_on_the_first_of_april_takes_effect_on_its_date() {
    let mut office = Office::furnished();
    let april = at(2027, 4, 1, 0);
    let mut next = designation("chiba");
    (next.section, next.sections) = (code("zeimu"), codes(&["zeimu"]));
    (next.from, next.to) = (april, at(2028, 4, 1, 0));
    office.act(vec![Change::Designate(Box::new(next))]).unwrap();
    let section = |t| match office.register.operator(&code("chiba")).unwrap().standing(t) {
        people::Standing::Designated(designation) => designation.section.clone(),
        people::Standing::NotBegun | people::Standing::Ended => None,
    };
    assert_eq!(section(april - 1), Some(code("jumin")));
    assert_eq!(section(april), Some(code("zeimu")));
    assert_eq!(section(at(2028, 4, 1, 0)), None);
}

#[test]
fn posts_pass_from_person_to_person_and_deputies_sign_as_deputies() {
    let mut office = Office::furnished();
    let now = office.now;
    let hold = HoldPost { post: code("chief"), operator: code("baba"), from: now, to: Some(now + 1000), deputy: true };
    office.approved(vec![Change::HoldPost(hold)]).unwrap();
    let mut act = office.draft(vec![section("fukushi", "福祉課", SectionState::Open)]);
    act.as_deputy = true;
    let folded = office.take(&sign_card(&act, 2)).unwrap();
    assert_eq!(folded.operator, Some(code("baba")));
    // After his time as deputy he signs for his own post only.
    office.now += 1000;
    let mut act = office.draft(vec![section("fukushi", "福祉課", SectionState::Ended)]);
    act.as_deputy = true;
    assert_eq!(refusal(office.take(&sign_card(&act, 2))), "post_not_held");

    let leave = LeavePost { post: code("vice"), operator: code("baba"), effective: office.now };
    office.approved(vec![Change::LeavePost(leave)]).unwrap();
    assert_eq!(office.register.roles_of(&code("baba"), office.now), []);
    assert_ne!(office.register.roles_of(&code("baba"), office.now - 1), []);
}

#[test]
fn whose_duty_has_ended_is_given_nothing_more() {
    let mut office = Office::furnished();
    let spare = IssueCard { kind: CardKind::Spare, dormant: true, operator: None, ..issue(11, None) };
    office.act(vec![Change::IssueCard(Box::new(spare))]).unwrap();
    let (operator, effective) = (code("chiba"), office.now);
    let ends = SetOperatorState { operator, state: OperatorState::Ended, effective, reason: StateReason::LeftDuty };
    office.act(vec![Change::OperatorState(ends)]).unwrap();
    let (from, to) = (office.now, office.now + 24 * 60 * 60 * 1000);
    let given = [
        Change::IssueCard(Box::new(issue(12, Some("chiba")))),
        Change::ActivateCard(Box::new(ActivateCard {
            card: guid(11),
            operator: code("chiba"),
            profiles: vec![],
            from,
            to,
            reason: code("wasure"),
        })),
        profile("chiba", "another", &["juminhyo"]),
        Change::Permit(Box::new(GivePermit {
            operators: vec![code("chiba")],
            terminals: vec![code("mado-1")],
            functions: vec![],
            from,
            to,
            reason: code("nendomatsu"),
        })),
    ];
    for change in given {
        assert_eq!(refusal(office.act(vec![change.clone()])), "ended", "{change:?}");
    }
    let hold = HoldPost { post: code("vice"), operator: code("chiba"), from, to: None, deputy: true };
    assert_eq!(refusal(office.approved(vec![Change::HoldPost(hold)])), "ended");
}

#[test]
fn who_is_suspended_or_holds_no_role_signs_nothing() {
    let mut office = Office::furnished();
    // The clerk's card can sign, but the clerk holds no post.
    let mut act = office.draft(vec![section("fukushi", "福祉課", SectionState::Open)]);
    act.post = Some(code("chief"));
    assert_eq!(refusal(office.take(&sign_card(&act, 10))), "post_not_held");
    let (operator, effective) = (code("baba"), office.now);
    let suspend = SetOperatorState { operator, state: OperatorState::Suspended, effective, reason: StateReason::None };
    office.act(vec![Change::OperatorState(suspend)]).unwrap();
    let mut act = office.draft(vec![section("fukushi", "福祉課", SectionState::Open)]);
    act.post = Some(code("vice"));
    assert_eq!(refusal(office.take(&sign_card(&act, 2))), "operator_not_current");
    office.act(vec![card_state(2, CardState::Suspended, office.now)]).unwrap();
    let mut act = office.draft(vec![section("fukushi", "福祉課", SectionState::Open)]);
    act.post = Some(code("vice"));
    assert_eq!(refusal(office.take(&sign_card(&act, 2))), "signer_not_current");
}

#[test]
fn backdating_an_act_does_not_bring_a_revoked_card_back() {
    let mut office = Office::furnished();
    office.approved(vec![card_state(2, CardState::Revoked, office.now)]).unwrap();
    let mut act = office.draft(vec![section("fukushi", "福祉課", SectionState::Open)]);
    act.post = Some(code("vice"));
    act.made -= 9 * 60 * 1000;
    assert_eq!(refusal(office.take(&sign_card(&act, 2))), "signer_not_current");
    let mut over = office.draft(vec![section("fukushi", "福祉課", SectionState::Open)]);
    (over.made, over.expires) = (office.now - 60_000, office.now);
    assert_eq!(refusal(office.register.would_accept(&sign_card(&over, 1), office.now - 30_000)), "expired");
}

#[test]
fn a_terminal_may_block_a_lost_card_and_nothing_else() {
    let mut office = Office::furnished();
    let mut from_panel = |change: Change, seed| {
        let mut act = office.draft(vec![change]);
        act.post = None;
        office.take(&sign_edwards(&act, Signer::Terminal(code("mado-1")), seed)).map(drop)
    };
    let state = |state, reason| {
        Change::CardState(SetCardState { card: guid(10), state, reason, effective: tuesday_ten(), disposal: None })
    };
    let code = |result: Result<(), FoldRefusal>| result.map_err(|refusal| refusal.code());
    assert_eq!(code(from_panel(state(CardState::Suspended, StateReason::Lost), 99)), Err("signature_wrong"));
    assert_eq!(
        code(from_panel(state(CardState::Revoked, StateReason::Lost), TERMINAL_SEED)),
        Err("signer_not_allowed")
    );
    assert_eq!(
        code(from_panel(state(CardState::Suspended, StateReason::Other), TERMINAL_SEED)),
        Err("signer_not_allowed")
    );
    assert_eq!(code(from_panel(state(CardState::Active, StateReason::Lost), TERMINAL_SEED)), Err("signer_not_allowed"));
    assert_eq!(code(from_panel(state(CardState::Suspended, StateReason::Lost), TERMINAL_SEED)), Ok(()));
    // Only a card-signed act lifts it.
    let now = office.now;
    assert_eq!(office.register.card(&guid(10)).unwrap().state(now), CardState::Suspended);
    office.act(vec![card_state(10, CardState::Active, now)]).unwrap();
    assert_eq!(office.register.card(&guid(10)).unwrap().state(now), CardState::Active);
}

#[test]
fn a_register_folded_again_from_stored_entries_is_the_same() {
    let mut office = Office::furnished();
    office.act(vec![function("juminhyo", Level::Pin)]).unwrap();
    let (mut verified, mut trusted) = (Register::new(), Register::new());
    for entry in &office.entries {
        assert_eq!(verified.fold(entry), trusted.fold_stored(entry, Concluded::Accepted));
    }
    for register in [&verified, &trusted] {
        assert_eq!((register.size(), register.root()), (office.register.size(), office.register.root()));
        assert_eq!(decide(register, &office.request()), decide(&office.register, &office.request()));
    }
}

#[test]
fn a_register_that_needs_newer_rules_decides_nothing() {
    let mut office = Office::furnished();
    let proposal = office.proposal(vec![Change::RequireVersion(RequireVersion { version: 2 })]);
    let approval = office.approval(&proposal, "vice", 2);
    // A ledger takes no act by which it could not go itself; a terminal that is older than its ledger must.
    assert_eq!(refusal(office.register.would_accept(&approval, office.now)), "value_wrong");
    office.register.fold(&approval).unwrap();
    let refused = decide(&office.register, &office.request());
    assert_eq!(refused.code(), sekisho_wire::verdict::VerdictCode::RulesUnknown);
    assert_eq!(refusal(office.act(vec![section("jumin", "住民課", SectionState::Open)])), "rules_too_old");
}

#[test]
fn every_refusal_speaks_both_languages() {
    let mut office = Office::furnished();
    let refused = office.act(vec![card_state(77, CardState::Suspended, tuesday_ten())]).unwrap_err();
    use sekisho_wire::words::Language;
    assert_eq!(refused.to_string(), "cannot take the act: there is no card 4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d");
    assert_eq!(refused.text(Language::Japanese), "カード 4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4dは登録されていません");
    assert_eq!(refused.next_step(Language::Japanese), "先に登録するか、コードを確認してください。");
}

#[test]
fn no_flipped_bit_of_an_entry_is_ever_accepted() {
    let mut office = Office::furnished();
    let entry = sign_card(&office.draft(vec![section("fukushi", "福祉課", SectionState::Open)]), 1);
    for byte in 0..entry.len() {
        for bit in 0..8 {
            let mut flipped = entry.clone();
            flipped[byte] ^= 1 << bit;
            assert!(office.register.would_accept(&flipped, office.now).is_err(), "bit {bit} of byte {byte}");
        }
    }
    for length in 0..entry.len() {
        assert_eq!(refusal(office.register.would_accept(&entry[..length], office.now)), "malformed");
    }
}
