//! What a newer program writes must not slip past an older one, and what an older one decided must stay true (§R4.11).

use sekisho_register::act::{ACT_MAX, Proposal, ToBeSigned};
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::cose::{Context, Signer, signed_digest};
use sekisho_wire::id::OfficeId;
use sekisho_wire::verdict::VerdictCode as V;

use crate::office::*;

/// The payload with `from` become `to`, signed by this card: what a newer program would have written.
pub(crate) fn rewritten(act: &Act, from: &[u8], to: &[u8], card: u8) -> Vec<u8> {
    let payload = act.encode_payload();
    let at = payload.windows(from.len()).rposition(|bytes| bytes == from).unwrap();
    let payload = [&payload[..at], to, &payload[at + from.len()..]].concat();
    let signer = Signer::Card(guid(card));
    let digest = signed_digest(Context::Act, &signer, &payload);
    ToBeSigned { signer, payload, digest }.finish(sign_with_card(card, Slot::Signature, &digest))
}

fn policy() -> Change {
    Change::Policy(SetPolicy { policy: Policy::default() })
}

/// What became of an entry, and what the register decides from then on.
fn folded(office: &Office, entry: &[u8]) -> (&'static str, Concluded, V) {
    let mut office = office.clone();
    let folded = office.register.fold(entry);
    let concluded = Concluded::of(&folded);
    (
        folded.map_or_else(|refusal| refusal.code(), |_| "taken"),
        concluded,
        decide(&office.register, &office.request()).code(),
    )
}

const HALTS: (&str, Concluded, V) = ("content_unknown", Concluded::NotUnderstood, V::RulesUnknown);

#[test]
fn an_eighteenth_policy_key_halts() {
    let mut office = Office::furnished();
    let policy = Policy { idle_seconds: 299, ..Policy::default() };
    let act = office.draft(vec![Change::Policy(SetPolicy { policy })]);
    let payload = act.encode_payload();
    let map = payload.windows(5).position(|bytes| bytes == [0xb1, 0x00, 0x19, 0x01, 0x2b]).unwrap();
    let (from, to) = (&payload[map..], [&[0xb2], &payload[map + 1..], &[0x11, 0x00]].concat());
    assert_eq!(folded(&office, &rewritten(&act, from, &to, 1)), HALTS);
}

#[test]
fn a_new_reason_halts() {
    let mut office = Office::furnished();
    let act = office.draft(vec![card_state(10, CardState::Suspended, office.now)]);
    let entry = |card| rewritten(&act, &[0x02, 0x08, 0x03], &[0x02, 0x17, 0x03], card);
    assert_eq!(folded(&office, &entry(1)), HALTS);
    // Who holds no post halts nobody, nor does an act for another office.
    assert_eq!(folded(&office, &entry(10)).0, "signer_not_current");
    assert_eq!(folded(&office, &entry(10)).2, V::Granted);
    let elsewhere = Act { office: OfficeId([9; 16]), ..act.clone() };
    let entry = rewritten(&elsewhere, &[0x02, 0x08, 0x03], &[0x02, 0x17, 0x03], 1);
    assert_eq!((folded(&office, &entry).0, folded(&office, &entry).2), ("malformed", V::Granted));
}

#[test]
fn a_new_role_halts() {
    let mut office = Office::furnished();
    let roles = vec![Role::TrusteeAdmin];
    let act = office.draft(vec![Change::Post(SetPost {
        post: code("am"),
        title: title("職"),
        roles,
        section: None,
        keeper: None,
    })]);
    assert_eq!(folded(&office, &rewritten(&act, &[0x02, 0x81, 0x0d], &[0x02, 0x81, 0x17], 1)), HALTS);
}

#[test]
fn another_word_for_what_pulling_the_card_does_halts() {
    let mut office = Office::furnished();
    let act = office.draft(vec![policy()]);
    assert_eq!(folded(&office, &rewritten(&act, &[0x0b, 0x00], &[0x0b, 0x01], 1)), HALTS);
}

#[test]
fn what_says_that_it_may_be_passed_over_is() {
    let mut office = Office::furnished();
    let act = Act { critical: false, ..office.draft(vec![policy()]) };
    let entry = rewritten(&act, &[0x0b, 0x00], &[0x0b, 0x01], 1);
    assert_eq!(folded(&office, &entry), ("skipped", Concluded::NotUnderstood, V::Granted));
}

#[test]
fn a_new_kind_of_signer_halts_under_an_approval_and_alone_nobody() {
    let mut office = Office::furnished();
    let mut proposal = office.proposal(vec![policy()]);
    let letter = proposal.windows(2).position(|bytes| bytes == [0x51, b'c']).unwrap() + 1;
    proposal[letter] = b'x';
    let alone = proposal.clone();
    let mut act = office.draft(vec![]);
    (act.post, act.proposal) = (Some(code("vice")), Some(Proposal(proposal)));
    assert_eq!(folded(&office, &sign_card(&act, 2)), HALTS);
    // Nobody vouches for it that we know; a newer program may.
    assert_eq!(folded(&office, &alone), ("malformed", Concluded::NotUnderstood, V::Granted));
}

#[test]
fn an_act_is_as_long_as_a_bundle_can_hold_and_no_longer() {
    let mut office = Office::furnished();
    let mut act = office.draft(vec![]);
    act.proposal = Some(Proposal(vec![0; 60_000]));
    let around = sign_card(&act, 1).len() - 60_000;
    let mut of_length = |length: usize| {
        act.proposal = Some(Proposal(vec![0; length - around]));
        sign_card(&act, 1)
    };
    let (longest, longer) = (of_length(ACT_MAX), of_length(65_536));
    assert_eq!((longest.len(), longer.len()), (65_535, 65_536));
    assert!(SignedAct::decode(&longest).is_ok() && sekisho_tlog::bundle::encode_bundle([&longest]).is_ok());
    assert!(SignedAct::decode(&longer).is_err() && sekisho_tlog::bundle::encode_bundle([&longer]).is_err());
}
