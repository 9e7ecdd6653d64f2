//! Recovery (§R3.17): announced by k of the recovery keys, objected to by one administrator, completed when its time has come.

use sekisho_register::act::Proposal;
use sekisho_register::change::{
    AnnounceRecovery, CardKind, CardState, Change, Designate, EndRecovery, IssueCard, Log, OperatorState, Recovery,
    RecoveryEnd, RequireVersion, SetOperatorState, SetPolicy, StateReason,
};
use sekisho_register::{Act, FoldRefusal, Folded, NameHash, Policy, RULES_VERSION, Register, render};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Hash, Salt};
use sekisho_wire::words::Language;

use crate::office::*;

const DAY: u64 = 24 * 60 * 60 * 1000;
const WAIT: u64 = 3 * DAY;

fn code_of(result: Result<Folded, FoldRefusal>) -> Result<(), &'static str> {
    result.map(drop).map_err(|refusal| refusal.code())
}

impl Office {
    /// An act of recovery keys with these seeds, each wrapping the one before.
    pub(crate) fn recovery_act(&mut self, changes: Vec<Change>, seeds: &[u8]) -> Vec<u8> {
        let (last, before) = seeds.split_last().unwrap();
        let mut inner = None;
        for seed in before {
            let mut act = self.draft(if inner.is_none() { changes.clone() } else { vec![] });
            (act.post, act.log, act.proposal) = (None, Log::Casebook, inner.map(Proposal));
            inner = Some(sign_edwards(&act, recovery(*seed), *seed));
        }
        let mut act = self.draft(if inner.is_none() { changes } else { vec![] });
        (act.post, act.proposal) = (None, inner.map(Proposal));
        sign_edwards(&act, recovery(*last), *last)
    }

    fn recover(&mut self, changes: Vec<Change>, seeds: &[u8]) -> Result<Folded, FoldRefusal> {
        let entry = self.recovery_act(changes, seeds);
        self.take(&entry)
    }

    fn announced(&mut self) -> Hash {
        self.recover(vec![announcement()], &[30, 31]).unwrap().id
    }
}

fn recovery(seed: u8) -> Signer {
    Signer::Recovery(edwards_public(seed).0)
}

pub(crate) fn new_keys(seeds: [u8; 3]) -> Change {
    Change::RecoveryKeys(Recovery { k: 2, keys: seeds.map(edwards_public).to_vec() })
}

fn card_for(card: u8, operator: &str) -> Change {
    let card = IssueCard { kind: CardKind::CardManagement, ..issue_signing(card, operator) };
    Change::IssueCard(Box::new(card))
}

/// New cards for both administrators, and new recovery keys.
fn announcement() -> Change {
    announce(vec![card_for(3, "aoki"), card_for(4, "baba"), new_keys([33, 34, 35])])
}

pub(crate) fn announce(changes: Vec<Change>) -> Change {
    Change::AnnounceRecovery(AnnounceRecovery { changes })
}

pub(crate) fn end(announced: Hash, how: RecoveryEnd) -> Change {
    Change::EndRecovery(EndRecovery { announced, how })
}

/// What recovery keys do with what was wished for: they announce it, and complete what is announced, every other time too early.
pub(crate) fn recovers(register: &Register, act: &mut Act) {
    if let Some(announced) = register.announced_recovery(act.made) {
        act.changes = complete(announced.id);
        if act.salt.0[15].is_multiple_of(2) {
            act.made = act.made.saturating_add(WAIT);
            act.expires = act.made.saturating_add(DAY);
        }
    } else {
        let changes = std::mem::take(&mut act.changes).into_iter().chain([new_keys([70, 71, 72])]);
        act.changes = vec![announce(changes.collect())];
    }
    (act.post, act.effective) = (None, None);
}

fn complete(announced: Hash) -> Vec<Change> {
    vec![end(announced, RecoveryEnd::Completed)]
}

fn object(announced: Hash) -> Vec<Change> {
    vec![end(announced, RecoveryEnd::Objected)]
}

/// An office whose administrators' cards are lost and revoked.
fn lost() -> Office {
    let mut office = Office::furnished();
    let now = office.now;
    office.approved(vec![card_state(2, CardState::Revoked, now), card_state(1, CardState::Revoked, now)]).unwrap();
    office
}

#[test]
fn the_names_to_keep_are_those_of_every_designation_and_of_what_is_announced() {
    let named = |name: &str| NameHash::of(&Salt([9; 16]), name);
    let mut office = lost();
    let aoki = *office.register.name_hash(&code("aoki")).unwrap();
    assert!(office.register.names().contains(&aoki));
    let next = Designate { name: named("endo"), ..designation("endo") };
    let cards = [card_for(3, "aoki"), card_for(4, "baba")];
    let changes = cards.into_iter().chain([Change::Designate(Box::new(next)), new_keys([33, 34, 35])]);
    let announcement = announce(changes.collect());
    let id = office.recover(vec![announcement], &[30, 31]).unwrap().id;
    assert!(office.register.names().contains(&named("endo")), "whoever may object must read it");
    assert!(office.register.operator(&code("endo")).is_none());
    office.now += WAIT;
    office.recover(complete(id), &[30, 31]).unwrap();
    assert!(office.register.names().is_superset(&[aoki, named("endo")].into()));
    // She married: both names stand in acts.
    let mut office = Office::furnished();
    let clerk = designation("doi");
    office.act(vec![Change::Designate(Box::new(clerk.clone()))]).unwrap();
    let married = Designate { name: named("fujita"), ..clerk.clone() };
    office.act(vec![Change::Designate(Box::new(married))]).unwrap();
    assert!(office.register.names().is_superset(&[clerk.name, named("fujita")].into()));
}

#[test]
fn what_was_announced_takes_effect_after_the_wait_and_by_a_second_act() {
    let mut office = lost();
    let made = office.now;
    let id = office.announced();
    let announced = office.register.announced_recovery(office.now).unwrap().clone();
    assert_eq!((announced.id, announced.made, announced.due), (id, made, made + WAIT));
    assert!(office.register.card(&guid(3)).is_none(), "nothing of it holds yet");

    office.now = made + WAIT - 1;
    assert_eq!(office.recover(complete(id), &[30, 31]), Err(FoldRefusal::RecoveryTooEarly { due: made + WAIT }));
    office.now = made + WAIT;
    // Any two of the three; not those who announced.
    let folded = office.recover(complete(id), &[32, 30]).unwrap();
    assert_eq!(folded.changes.len(), 4, "who watches for changes sees what took effect");
    assert_eq!(folded.given.len(), 2);
    assert!(office.register.card(&guid(3)).is_some_and(|card| card.is_current(office.now)));
    assert_eq!(office.register.announced_recovery(office.now), None);
    assert_eq!(office.register.recovery_end(&id), Some((RecoveryEnd::Completed, folded.index)));

    // The new administrators decide.
    let mut act = office.draft(vec![designate("doi")]);
    act.post = Some(code("chief"));
    let entry = sign_card(&act, 3);
    assert_eq!(code_of(office.take(&entry)), Ok(()));
}

#[test]
fn sheets_that_were_opened_are_used_up() {
    let mut office = lost();
    let id = office.announced();
    office.now += WAIT;
    office.recover(complete(id), &[30, 31]).unwrap();
    let again = announce(vec![card_for(5, "aoki"), new_keys([36, 37, 38])]);
    for old in [30, 31, 32] {
        assert_eq!(office.recover(vec![again.clone()], &[old, 33]), Err(FoldRefusal::RecoveryKeyReplaced));
    }
    let same_sheets = announce(vec![card_for(5, "aoki"), new_keys([33, 37, 38])]);
    assert_eq!(code_of(office.recover(vec![same_sheets], &[33, 34])), Err("key_used"));
    assert_eq!(code_of(office.recover(vec![again], &[33, 34])), Ok(()));
}

#[test]
fn too_few_keys_and_strange_ones_announce_nothing() {
    let mut office = lost();
    for (seeds, refusal) in [
        (&[30][..], "recovery_incomplete"),
        (&[30, 30][..], "recovery_incomplete"),
        (&[30, 33][..], "signer_unknown"),
        (&[33, 30][..], "signer_unknown"),
    ] {
        assert_eq!(code_of(office.recover(vec![announcement()], seeds)), Err(refusal), "{seeds:?}");
    }
    let id = office.announced();
    office.now += WAIT;
    assert_eq!(code_of(office.recover(complete(id), &[31, 31])), Err("recovery_incomplete"));
    assert_eq!(code_of(office.recover(complete(id), &[31, 32])), Ok(()));
}

#[test]
fn recovery_keys_do_nothing_that_was_not_announced() {
    let mut office = lost();
    assert_eq!(office.recover(vec![card_for(3, "aoki")], &[30, 31]), Err(FoldRefusal::AnnounceFirst));
    let both = vec![announcement(), card_for(5, "aoki")];
    assert_eq!(office.recover(both, &[30, 31]), Err(FoldRefusal::AnnounceFirst));
    assert_eq!(code_of(office.recover(vec![new_keys([33, 34, 35])], &[30, 31])), Err("announce_first"));
}

#[test]
fn one_administrator_objects_and_that_is_the_end_of_it() {
    let mut office = Office::furnished();
    let id = office.announced();
    let objection = office.draft(object(id));
    let entry = sign_card(&objection, 1);
    let folded = office.take(&entry).unwrap();
    assert_eq!(office.register.announced_recovery(office.now), None);
    office.now += WAIT;
    let over = FoldRefusal::RecoveryOver { how: RecoveryEnd::Objected, index: folded.index };
    assert_eq!(office.recover(complete(id), &[30, 31]), Err(over.clone()));
    let again = office.draft(object(id));
    let entry = sign_card(&again, 1);
    assert_eq!(office.take(&entry), Err(over));
    // The keys may announce again, and take back what they announced themselves.
    let id = office.announced();
    assert_eq!(code_of(office.recover(object(id), &[30, 32])), Ok(()));
}

#[test]
fn who_founds_nothing_objects_to_nothing() {
    let mut office = Office::furnished();
    let id = office.announced();
    // A clerk's card that signs, but whose holder is in no post.
    let mut act = office.draft(object(id));
    act.post = Some(code("chief"));
    let entry = sign_card(&act, 10);
    assert_eq!(code_of(office.take(&entry)), Err("post_not_held"));
    let mut act = office.draft(object(id));
    act.post = None;
    let entry = sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED);
    assert_eq!(code_of(office.take(&entry)), Err("signer_not_allowed"));
    assert_eq!(code_of(office.recover(object(id), &[30])), Err("recovery_incomplete"));
    assert!(office.register.announced_recovery(office.now).is_some());
}

/// What comes of it as a proposal of the chief.
fn filed(office: &mut Office, changes: Vec<Change>) -> Result<(), &'static str> {
    let proposal = office.proposal(changes);
    office.would_file(&proposal).map(drop).map_err(|refusal| refusal.code())
}

#[test]
fn administrators_announce_and_complete_nothing() {
    let mut office = Office::furnished();
    assert_eq!(code_of(office.act(vec![announcement()])), Err("signer_not_allowed"));
    assert_eq!(code_of(office.approved(vec![announcement()])), Err("signer_not_allowed"));
    assert_eq!(filed(&mut office, vec![announcement()]), Err("signer_not_allowed"), "nobody could approve it");
    let id = office.announced();
    assert_eq!(filed(&mut office, complete(id)), Err("signer_not_allowed"));
    assert_eq!(filed(&mut office, object(id)), Ok(()));
    office.now += WAIT;
    assert_eq!(code_of(office.approved(complete(id))), Err("signer_not_allowed"));
}

#[test]
fn a_recovery_that_nobody_completes_lapses() {
    let mut office = lost();
    let id = office.announced();
    office.now += WAIT + 30 * DAY - 1;
    assert_eq!(code_of(office.clone().recover(complete(id), &[30, 31])), Ok(()));
    office.now += 1;
    let lapsed = FoldRefusal::RecoveryLapsed { lapsed: office.now };
    assert_eq!(office.recover(complete(id), &[30, 31]), Err(lapsed));
    assert_eq!(office.register.announced_recovery(office.now), None);
    assert_ne!(office.announced(), id);
}

#[test]
fn one_recovery_at_a_time_of_this_office_and_no_other() {
    let mut office = lost();
    let id = office.announced();
    let index = office.register.announced_recovery(office.now).unwrap().index;
    let other = announce(vec![card_for(5, "aoki"), new_keys([36, 37, 38])]);
    assert_eq!(office.recover(vec![other], &[30, 32]), Err(FoldRefusal::RecoveryOpen { index }));
    office.now += WAIT;
    assert_eq!(office.recover(complete(Hash([7; 32])), &[30, 31]), Err(FoldRefusal::RecoveryUnknown));
    let mut act = office.draft(complete(id));
    (act.post, act.office) = (None, sekisho_wire::id::OfficeId([9; 16]));
    let entry = sign_edwards(&act, recovery(30), 30);
    assert_eq!(code_of(office.take(&entry)), Err("other_office"));
}

#[test]
fn what_could_not_take_effect_is_not_announced() {
    let mut office = lost();
    let refused = |office: &mut Office, changes| code_of(office.recover(vec![announce(changes)], &[30, 31]));
    assert_eq!(refused(&mut office, vec![card_for(3, "aoki"), card_for(4, "baba")]), Err("value_wrong"));
    assert_eq!(refused(&mut office, vec![card_for(3, "nobody"), new_keys([33, 34, 35])]), Err("unknown"));
    // One administrator alone cannot found anything.
    assert_eq!(refused(&mut office, vec![card_for(3, "aoki"), new_keys([33, 34, 35])]), Err("too_few_signers"));
    let ended = vec![end(Hash([1; 32]), RecoveryEnd::Completed), new_keys([33, 34, 35])];
    assert_eq!(refused(&mut office, ended), Err("value_wrong"));
    let twice = vec![card_for(3, "aoki"), card_for(4, "baba"), new_keys([33, 34, 35]), new_keys([36, 37, 38])];
    assert_eq!(refused(&mut office, twice), Err("changed_twice"));
}

#[test]
fn what_would_leave_nobody_when_the_wait_is_over_is_not_announced() {
    let mut office = Office::furnished();
    let from = office.now;
    // The last days of a fiscal year: the designations end before anything can be completed.
    let until =
        |to| ["aoki", "baba"].map(|person| Change::Designate(Box::new(Designate { from, to, ..designation(person) })));
    let revoked = [1, 2].map(|card| card_state(card, CardState::Revoked, from));
    office.approved([until(from + DAY).to_vec(), revoked.to_vec()].concat()).unwrap();
    assert_eq!(code_of(office.recover(vec![announcement()], &[30, 31])), Err("too_few_signers"));
    let Change::AnnounceRecovery(AnnounceRecovery { changes }) = announcement() else { panic!("an announcement") };
    let anew = announce([until(from + 400 * DAY).to_vec(), changes].concat());
    let id = office.recover(vec![anew], &[30, 31]).unwrap().id;
    office.now += WAIT;
    assert_eq!(code_of(office.recover(complete(id), &[30, 31])), Ok(()));
}

#[test]
fn a_version_that_the_ledger_does_not_know_is_not_announced_either() {
    let mut office = lost();
    let mut asked = |version| {
        let version = Change::RequireVersion(RequireVersion { version });
        let changes = vec![version, card_for(3, "aoki"), card_for(4, "baba"), new_keys([33, 34, 35])];
        let entry = office.recovery_act(vec![announce(changes)], &[30, 31]);
        code_of(office.register.would_accept(&entry, office.now))
    };
    assert_eq!((asked(RULES_VERSION + 1), asked(RULES_VERSION)), (Err("value_wrong"), Ok(())));
}

#[test]
fn recovery_keys_name_neither_a_date_nor_a_paper() {
    let mut office = lost();
    let with = |office: &mut Office, changes, add: &dyn Fn(&mut Act)| {
        let mut act = office.draft(changes);
        (act.post, act.log) = (None, Log::Casebook);
        add(&mut act);
        let inner = sign_edwards(&act, recovery(30), 30);
        let mut act = office.draft(vec![]);
        (act.post, act.proposal) = (None, Some(Proposal(inner)));
        code_of(office.take(&sign_edwards(&act, recovery(31), 31)))
    };
    let dated = |act: &mut Act| act.effective = Some(act.made + DAY);
    let on_paper = |act: &mut Act| {
        let decided = sekisho_register::calendar::local_day(act.made);
        act.paper = Some(sekisho_register::Paper { post: code("vice"), document: title("白総第12号"), decided });
    };
    assert_eq!(with(&mut office, vec![announcement()], &dated), Err("effective_wrong"));
    assert_eq!(with(&mut office, vec![announcement()], &on_paper), Err("value_wrong"));
    let id = office.announced();
    office.now += WAIT;
    assert_eq!(with(&mut office, complete(id), &dated), Err("effective_wrong"));
    assert_eq!(with(&mut office, complete(id), &on_paper), Err("value_wrong"));
    assert_eq!(code_of(office.recover(complete(id), &[30, 31])), Ok(()));
}

#[test]
fn nobody_takes_first_what_a_recovery_is_announced_for() {
    let mut office = Office::furnished();
    let changes = vec![card_for(3, "aoki"), card_for(4, "baba"), card_for(5, "chiba"), new_keys([33, 34, 35])];
    let id = office.recover(vec![announce(changes)], &[30, 31]).unwrap().id;
    let index = office.register.announced_recovery(office.now).unwrap().index;
    let card = |card: IssueCard| Change::IssueCard(Box::new(card));
    let key_of_3 = card(IssueCard { authentication: public(3, Slot::Presence), ..issue(50, Some("chiba")) });
    let state = |state, effective| {
        let (operator, reason) = (code("chiba"), StateReason::LeftDuty);
        Change::OperatorState(SetOperatorState { operator, state, effective, reason })
    };
    let held_up = Err(FoldRefusal::RecoveryHeldUp { index });
    for (what, change) in [
        ("its key", key_of_3.clone()),
        ("its card", card(issue(4, Some("chiba")))),
        ("its person", state(OperatorState::Ended, office.now)),
        ("its person, before its time", state(OperatorState::Ended, office.now + WAIT)),
    ] {
        assert_eq!(office.act(vec![change.clone()]), held_up, "{what}");
        assert_eq!(office.approved(vec![change]), held_up, "{what}, by two");
    }
    assert_eq!(code_of(office.act(vec![card(issue(51, Some("chiba")))])), Ok(()), "what is in nobody's way");
    assert_eq!(code_of(office.act(vec![state(OperatorState::Suspended, office.now)])), Ok(()), "a block does not wait");

    // Whoever may object does so, and has his way.
    let mut objected = office.clone();
    assert_eq!(code_of(objected.act(vec![end(id, RecoveryEnd::Objected), key_of_3.clone()])), Ok(()));
    // One that nobody completed holds nothing any more.
    let mut lapsed = office.clone();
    lapsed.now += WAIT + 30 * DAY;
    assert_eq!(code_of(lapsed.act(vec![key_of_3])), Ok(()));
    office.now += WAIT;
    assert_eq!(code_of(office.recover(complete(id), &[30, 31])), Ok(()));
}

#[test]
fn what_is_decided_while_sheets_are_fetched_is_no_objection() {
    let mut office = Office::furnished();
    let effective = office.now;
    let state = |state| {
        let (operator, reason) = (code("chiba"), StateReason::LeftDuty);
        Change::OperatorState(SetOperatorState { operator, state, effective, reason })
    };
    let cards = [card_for(3, "aoki"), card_for(4, "baba"), card_for(5, "chiba")];
    let changes = [state(OperatorState::Active)].into_iter().chain(cards).chain([new_keys([33, 34, 35])]).collect();
    let id = office.recover(vec![announce(changes)], &[30, 31]).unwrap().id;
    office.now += WAIT;
    let completion = office.recovery_act(complete(id), &[30, 31]);
    assert_eq!(code_of(office.act(vec![state(OperatorState::Suspended)])), Ok(()));
    assert_eq!(code_of(office.act(vec![designate("chiba")])), Ok(()));
    assert_eq!(code_of(office.take(&completion)), Ok(()));
    assert!(office.register.card(&guid(5)).is_some_and(|card| card.is_current(office.now)));
}

#[test]
fn an_old_date_shortens_no_wait() {
    let mut office = lost();
    let mut act = office.draft(vec![]);
    let mut inner = office.draft(vec![announcement()]);
    for act in [&mut act, &mut inner] {
        (act.post, act.made) = (None, office.now - WAIT);
    }
    inner.log = Log::Casebook;
    act.expires = act.made + 5 * DAY;
    inner.expires = act.expires;
    act.proposal = Some(Proposal(sign_edwards(&inner, recovery(30), 30)));
    let entry = sign_edwards(&act, recovery(31), 31);
    // The fold cannot know: the log may have been ahead of the time. The ledger has a clock.
    assert_eq!(code_of(office.register.would_accept(&entry, office.now)), Err("made_too_early"));
    // Whoever saw an older log had no reason to name an older time.
    let mut act = office.draft(vec![announcement()]);
    (act.post, act.made, act.seen_size) = (None, office.now - WAIT, 0);
    (act.seen_root, act.expires) = (office.register.root_at(0).unwrap(), act.made + 5 * DAY);
    let entry = sign_edwards(&act, recovery(31), 31);
    assert_eq!(code_of(office.register.clone().fold(&entry)), Err("made_too_early"));
    let mut quiet = lost();
    let old = quiet.recovery_act(vec![announcement()], &[30, 31]);
    assert_eq!(code_of(quiet.register.would_accept(&old, quiet.now + 11 * 60 * 1000)), Err("made_too_early"));
    assert_eq!(code_of(quiet.register.would_accept(&old, quiet.now - 3 * 60 * 1000)), Err("made_in_future"));
}

#[test]
fn the_wait_is_the_policys_when_it_was_announced() {
    let mut office = Office::furnished();
    let policy =
        |days: u64| Policy { recovery_wait_seconds: u32::try_from(days * 86_400).unwrap(), ..Policy::default() };
    office.act(vec![Change::Policy(SetPolicy { policy: policy(5) })]).unwrap();
    let made = office.now;
    let id = office.announced();
    office.act(vec![Change::Policy(SetPolicy { policy: policy(1) })]).unwrap();
    office.now = made + 5 * DAY - 1;
    assert_eq!(code_of(office.recover(complete(id), &[30, 31])), Err("recovery_too_early"));
    office.now += 1;
    assert_eq!(code_of(office.recover(complete(id), &[30, 31])), Ok(()));
}

#[test]
fn two_administrators_replace_the_sheets_without_a_wait() {
    let mut office = Office::furnished();
    assert_eq!(code_of(office.act(vec![new_keys([33, 34, 35])])), Err("approval_needed"));
    assert_eq!(code_of(office.approved(vec![new_keys([33, 34, 35])])), Ok(()));
    assert_eq!(office.register.recovery().unwrap().keys, [33, 34, 35].map(edwards_public));
    assert_eq!(office.recover(vec![announcement()], &[30, 31]), Err(FoldRefusal::RecoveryKeyReplaced));
    assert_eq!(code_of(office.approved(vec![new_keys([30, 36, 37])])), Err("key_used"));
    let none = Change::RecoveryKeys(Recovery { k: 2, keys: vec![edwards_public(40)] });
    assert_eq!(code_of(office.approved(vec![none])), Err("value_wrong"));
}

#[test]
fn a_holder_that_starts_again_comes_to_the_same() {
    let mut office = lost();
    let id = office.announced();
    office.now += WAIT;
    office.recover(complete(id), &[30, 31]).unwrap();
    let mut again = Register::new();
    for entry in &office.entries {
        again.fold_stored(entry, sekisho_register::Concluded::Accepted).unwrap();
    }
    assert_eq!(again.root(), office.register.root());
    assert_eq!(again.recovery(), office.register.recovery());
    assert!(again.card(&guid(4)).is_some());
}

#[test]
fn an_announcement_in_an_announcement_is_malformed_however_deep() {
    let mut office = lost();
    let keys = new_keys([33, 34, 35]);
    let act = office.draft(vec![keys.clone()]);
    let flat = minicbor::to_vec(&keys).unwrap();
    let nested = |depth: usize| [[0x82, 0x18, 54, 0x81, 0xa1, 0x00, 0x81].repeat(depth), flat.clone()].concat();
    for depth in [2, 3, 5_000] {
        let entry = crate::newer::rewritten(&act, &flat, &nested(depth), 2);
        assert!(matches!(code_of(office.register.clone().fold(&entry)), Err("content_unknown" | "signer_not_current")));
    }
    let entry = crate::newer::rewritten(&act, &flat, &nested(1), 2);
    assert!(matches!(code_of(office.register.clone().fold(&entry)), Err("signer_not_current")));
}

#[test]
fn one_sheet_out_of_its_safe_fills_no_casebook() {
    let mut office = lost();
    let id = office.announced();
    for changes in [vec![announcement()], object(id), vec![designate("doi")]] {
        let mut act = office.draft(changes);
        (act.post, act.log) = (None, Log::Casebook);
        let entry = sign_edwards(&act, recovery(30), 30);
        let refused = FoldRefusal::SignerNotAllowed(recovery(30));
        assert_eq!(office.would_file(&entry), Err(refused.clone()));
        assert_eq!(office.file(&entry), Err(refused));
    }
}

#[test]
fn whoever_objects_reads_what_he_objects_to() {
    let mut office = lost();
    let id = office.announced();
    let act = office.draft(object(id));
    let english = render(&act, &office.register, Language::English);
    assert!(english.contains("object to the recovery") && english.contains("to aoki"), "{english}");
    let japanese = render(&act, &office.register, Language::Japanese);
    assert!(japanese.contains("異議を申し立てる") && japanese.contains("復旧鍵 3"), "{japanese}");
}
