//! A policy that two offices share (§R10.6): each shows the other's entry.

use sekisho_register::act::Proposal;
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_tlog::{Checkpoint, MemoryTree, SigningKey, inclusion_proof, leaf_hash};
use sekisho_wire::id::*;

use crate::office::*;
use crate::partners::{GUEST, THEIR_LOG, admitted, case, entrusted, other, partner, refused};
use crate::recovery::{announce, end, new_keys};

/// The other office's decision, in a register log of its own.
struct Elsewhere {
    office: OfficeId,
    entries: Vec<Vec<u8>>,
}

impl Elsewhere {
    fn decides(change: SharePolicy) -> Self {
        Self::of(other(), change)
    }

    fn of(office: OfficeId, change: SharePolicy) -> Self {
        let mut act = Office::furnished().draft(vec![Change::SharePolicy(Box::new(change))]);
        act.office = office;
        Self { office, entries: vec![vec![1], vec![2], sign_card(&act, 70), vec![3]] }
    }

    fn shown(&self, seed: u8) -> ShowShared {
        let mut tree = MemoryTree::new();
        self.entries.iter().for_each(|entry| tree.append(leaf_hash(entry)));
        let origin = format!("ledger.example/{}/register", self.office);
        let checkpoint =
            Checkpoint { origin: origin.clone(), size: tree.size(), root: tree.root(), extensions: Vec::new() };
        let key = SigningKey::from_seed(&origin, edwards(seed).as_bytes()).unwrap();
        let proof = inclusion_proof(&tree, 2, tree.size()).unwrap();
        ShowShared {
            office: self.office,
            entry: Proposal(self.entries[2].clone()),
            index: 2,
            proof: proof.iter().map(|hash| Hash(hash.0)).collect(),
            checkpoint: checkpoint.sign(&key),
        }
    }
}

fn shared(office: OfficeId, idle: Option<u32>) -> SharePolicy {
    let policy = idle.map(|idle_seconds| Policy { idle_seconds, ..Policy::default() });
    SharePolicy { office, agreement: case("K-2026-2"), policy, from: at(2026, 12, 1, 0) }
}

#[test]
fn s0_kyogi_3_a_shared_policy_holds_when_both_have_decided_the_same_and_neither_changes_it_alone() {
    let mut office = entrusted();
    let own = office.register.office().unwrap();
    let december = at(2026, 12, 1, 0);
    let announced = Policy { idle_seconds: 900, ..Policy::default() };
    let act = Act {
        effective: Some(at(2027, 1, 1, 0)),
        ..office.draft(vec![Change::Policy(SetPolicy { policy: announced })])
    };
    office.take(&sign_card(&act, 1)).unwrap();
    let show = |shown: ShowShared| vec![Change::ShowShared(Box::new(shown))];
    let theirs = Elsewhere::decides(shared(own, Some(120)));
    assert_eq!(refused(office.approved(show(theirs.shown(THEIR_LOG)))), "not_shown", "nothing was decided here");
    office.act(vec![Change::SharePolicy(Box::new(shared(other(), Some(120))))]).unwrap();
    assert_eq!(office.register.policy_at(december).idle_seconds, 300, "one office alone decides nothing");

    let mut other_entry = theirs.shown(THEIR_LOG);
    other_entry.index = 1;
    for (what, shown) in [
        ("another figure", Elsewhere::decides(shared(own, Some(121))).shown(THEIR_LOG)),
        ("for a third office", Elsewhere::decides(shared(OfficeId([9; 16]), Some(120))).shown(THEIR_LOG)),
        (
            "another day",
            Elsewhere::decides(SharePolicy { from: december + 1, ..shared(own, Some(120)) }).shown(THEIR_LOG),
        ),
        ("signed by another log", theirs.shown(22)),
        ("at another place", other_entry),
    ] {
        assert_eq!(refused(office.approved(show(shown))), "not_shown", "{what}");
    }
    office.approved(show(theirs.shown(THEIR_LOG))).unwrap();
    assert_eq!(office.register.policy_at(december - 1).idle_seconds, 300);
    assert_eq!(office.register.policy_at(december).idle_seconds, 120);
    assert_eq!(
        office.register.policy_at(at(2027, 2, 1, 0)).idle_seconds,
        120,
        "what was announced before does not come back"
    );
    assert_eq!(office.register.policy_shared_with(december), Some(other()));

    office.now = december;
    let alone = vec![Change::Policy(SetPolicy { policy: Policy::default() })];
    assert_eq!(refused(office.act(alone.clone())), "shared");
    assert_eq!(refused(office.approved(show(theirs.shown(THEIR_LOG)))), "not_shown", "a decision is shown once");
    let ends = |of| SharePolicy { from: office.now, ..shared(of, None) };
    let (here, there) = (ends(other()), Elsewhere::decides(ends(own)));
    office.act(vec![Change::SharePolicy(Box::new(here))]).unwrap();
    assert_eq!(refused(office.act(alone.clone())), "shared");
    office.approved(show(there.shown(THEIR_LOG))).unwrap();
    office.act(alone).unwrap();
}

#[test]
fn nobody_alone_ties_the_office_and_no_old_entry_ties_it_again() {
    let mut office = entrusted();
    let own = office.register.office().unwrap();
    let mut pair = |idle, agreement: &str| {
        let said = |office| SharePolicy { agreement: case(agreement), from: tuesday_ten(), ..shared(office, idle) };
        office.act(vec![Change::SharePolicy(Box::new(said(other())))]).unwrap();
        let show = vec![Change::ShowShared(Box::new(Elsewhere::decides(said(own)).shown(THEIR_LOG)))];
        assert_eq!(refused(office.act(show.clone())), "approval_needed");
        office.approved(show).map(drop).map_err(|refusal| refusal.code())
    };
    assert_eq!(pair(Some(120), "K-2026-2"), Ok(()));
    assert_eq!(pair(None, "K-2026-3"), Ok(()), "it ends");
    assert_eq!(pair(Some(120), "K-2026-2"), Err("not_shown"), "the entry of a pair that has ended");
    assert_eq!(pair(Some(120), "K-2026-4"), Ok(()));
    assert_eq!(office.register.policy_shared_with(office.now), Some(other()));
}

#[test]
fn recovery_keys_end_what_is_shared_with_an_office_that_is_no_more() {
    let mut office = entrusted();
    let own = office.register.office().unwrap();
    office.act(vec![Change::SharePolicy(Box::new(shared(other(), Some(120))))]).unwrap();
    let theirs = Elsewhere::decides(shared(own, Some(120))).shown(THEIR_LOG);
    office.approved(vec![Change::ShowShared(Box::new(theirs))]).unwrap();
    office.now = at(2026, 12, 1, 0);
    let policy = || Change::Policy(SetPolicy { policy: Policy { idle_seconds: 240, ..Policy::default() } });
    assert_eq!(refused(office.approved(vec![policy()])), "shared", "two persons do not");
    let announcement = office.recovery_act(vec![announce(vec![policy(), new_keys([33, 34, 35])])], &[30, 31]);
    let id = office.take(&announcement).unwrap().id;
    assert_eq!(office.register.policy_shared_with(office.now), Some(other()), "nothing of it holds yet");
    office.now += 3 * 24 * 60 * 60 * 1000;
    let completion = office.recovery_act(vec![end(id, RecoveryEnd::Completed)], &[30, 31]);
    office.take(&completion).unwrap();
    assert_eq!(office.register.policy_shared_with(office.now), None);
    assert_eq!(office.register.policy_at(office.now).idle_seconds, 240);
}

#[test]
fn a_policy_is_shared_with_one_office_on_every_date() {
    let mut office = entrusted();
    let (own, third) = (office.register.office().unwrap(), OfficeId([0x78; 16]));
    let kushiro = SetPartner { partner: code("kushiro"), office: third, ..partner() };
    office.approved(vec![Change::Partner(Box::new(kushiro))]).unwrap();
    let [december, january] = [at(2026, 12, 1, 0), at(2027, 1, 1, 0)];
    let decides = |with, idle, from| vec![Change::SharePolicy(Box::new(SharePolicy { from, ..shared(with, idle) }))];
    let shows = |by, idle, from| {
        let theirs = Elsewhere::of(by, SharePolicy { from, ..shared(own, idle) });
        vec![Change::ShowShared(Box::new(theirs.shown(THEIR_LOG)))]
    };
    // Both are decided before either is shown.
    office.approved(decides(third, Some(180), december)).unwrap();
    office.approved(decides(other(), Some(120), december)).unwrap();
    office.approved(shows(other(), Some(120), december)).unwrap();
    assert_eq!(refused(office.approved(shows(third, Some(180), december))), "shared");
    // An end that is announced is none yet, and lets in only from its own date on.
    office.approved(decides(other(), None, january)).unwrap();
    office.approved(shows(other(), None, january)).unwrap();
    for from in [office.now, december, january - 1] {
        assert_eq!(refused(office.approved(decides(third, Some(180), from))), "shared", "{from}");
    }
    office.approved(decides(third, Some(180), january)).unwrap();
    office.approved(shows(third, Some(180), january)).unwrap();
    let with = [december, january - 1, january].map(|t| office.register.policy_shared_with(t));
    assert_eq!(with, [Some(other()), Some(other()), Some(third)]);
}

#[test]
fn a_newer_pair_replaces_what_was_shared_for_later() {
    let mut office = entrusted();
    let own = office.register.office().unwrap();
    let [december, january] = [at(2026, 12, 1, 0), at(2027, 1, 1, 0)];
    for (idle, from) in [(Some(120), december), (None, january), (Some(180), december + 1)] {
        let (here, theirs) = (SharePolicy { from, ..shared(other(), idle) }, SharePolicy { from, ..shared(own, idle) });
        office.approved(vec![Change::SharePolicy(Box::new(here))]).unwrap();
        let shown = Elsewhere::decides(theirs).shown(THEIR_LOG);
        office.approved(vec![Change::ShowShared(Box::new(shown))]).unwrap();
    }
    // The end that was announced for January was part of what the newest pair replaced.
    assert_eq!(office.register.policy_shared_with(january), Some(other()));
    assert_eq!(office.register.policy_at(january).idle_seconds, 180);
}

#[test]
fn a_holder_that_starts_again_from_its_own_disk_comes_to_the_same() {
    let mut office = entrusted();
    let own = office.register.office().unwrap();
    office.by_trustee(vec![designate("doi")]).unwrap();
    office.approved(vec![admitted(GUEST, "guest")]).unwrap();
    office.act(vec![Change::SharePolicy(Box::new(shared(other(), Some(120))))]).unwrap();
    let theirs = Elsewhere::decides(shared(own, Some(120))).shown(THEIR_LOG);
    office.approved(vec![Change::ShowShared(Box::new(theirs))]).unwrap();
    let mut again = Register::new();
    for entry in &office.entries {
        again.fold_stored(entry, Concluded::Accepted).unwrap();
    }
    assert_eq!((again.root(), again.policy_shared_with(at(2026, 12, 2, 0))), (office.register.root(), Some(other())));
    assert!(again.operator(&code("guest")).unwrap().home().is_some());
}
