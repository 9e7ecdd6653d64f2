//! A ledger's register log, and what a home makes of it.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey as CardKey};
use sekisho_register::act::{ACT_VERSION, Proposal};
use sekisho_register::calendar::Month;
use sekisho_register::change::{
    Administrator, CardKind, Change, Designate, Destroy, EraseNames, Found, FoundingKeys, IssueCard, Log, PersonClass,
    Recovery, SectionState, SetSection,
};
use sekisho_register::retention::CLASSES;
use sekisho_register::{Act, Ed25519Key, NO_OFFICE, P256Key, Policy, PublicKeyBytes, SignedAct, Title, office_of};
use sekisho_tlog::{MemoryTree, SigningKey, leaf_hash};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, OfficeId, Salt};

use super::*;
use crate::home::tests::TempHome;
use crate::name::is_a_name;

/// When every act of a story is made.
pub(crate) const NOW: u64 = 1_795_000_000_000;

/// A ledger's register log, and the card of its first administrator.
pub(crate) struct Story {
    log: SigningKey,
    card: CardKey,
    pub(crate) entries: Vec<Vec<u8>>,
}

fn public(key: &CardKey) -> P256Key {
    P256Key(key.verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap())
}

fn administrator(number: u8, signature: P256Key) -> Administrator {
    let key = |slot: u8| public(&CardKey::from_slice(&[number * 10 + slot; 32]).unwrap());
    let operator = Code::new(&format!("a{number}")).unwrap();
    let card = IssueCard {
        card: CardGuid([number; 16]),
        kind: CardKind::Business,
        operator: Some(operator.clone()),
        profiles: Vec::new(),
        authentication: key(1),
        signature: Some(signature),
        presence: key(3),
        from: NOW,
        to: NOW * 2,
        dormant: false,
    };
    let name = NameHash::of(&Salt([number; 16]), "佐藤 一郎");
    Administrator { operator, name, post: Code::new("kacho").unwrap(), card }
}

impl Story {
    pub(crate) fn begin() -> Self {
        let card = CardKey::from_slice(&[7; 32]).unwrap();
        let log = SigningKey::from_seed("ledger/office/register", &[9; 32]).unwrap();
        let mut story = Self { log, card, entries: Vec::new() };
        story.found("関所町");
        story
    }

    fn found(&mut self, title: &str) {
        let second = CardKey::from_slice(&[8; 32]).unwrap();
        let key = Ed25519Key(self.log.verifying_key().to_bytes());
        let found = Found {
            ledger: Title::new("ledger").unwrap(),
            title: Title::new(title).unwrap(),
            jurisdiction: Code::new("131016").unwrap(),
            keys: FoundingKeys {
                records: key,
                register: key,
                casebook: key,
                envelope: PublicKeyBytes::new(&[4; 65]).unwrap(),
            },
            administrators: vec![administrator(1, public(&self.card)), administrator(2, public(&second))],
            recovery: Recovery { k: 1, keys: vec![key] },
            policy: Policy::default(),
        };
        self.act(NO_OFFICE, None, vec![Change::Found(Box::new(found))]);
        let office = office_of(&SignedAct::decode(&self.entries[0]).unwrap());
        self.log = SigningKey::from_seed(&format!("ledger/{office}/register"), &[9; 32]).unwrap();
    }

    fn act(&mut self, office: OfficeId, post: Option<Code>, changes: Vec<Change>) {
        let act = Act { post, ..self.draft(office, NOW, changes) };
        let entry = Self::sign(&self.card, 1, &act);
        self.entries.push(entry);
    }

    fn draft(&self, office: OfficeId, made: u64, changes: Vec<Change>) -> Act {
        let mut register = Register::new();
        for entry in &self.entries {
            register.fold(entry).unwrap();
        }
        Act {
            version: ACT_VERSION,
            critical: true,
            office,
            log: Log::Register,
            salt: Salt([u8::try_from(self.entries.len()).unwrap(); 16]),
            made,
            expires: made + 1000,
            seen_size: register.size(),
            seen_root: register.root(),
            post: None,
            as_deputy: false,
            request: None,
            agreement: None,
            changes,
            proposal: None,
            effective: None,
            paper: None,
            permit: None,
        }
    }

    fn sign(key: &CardKey, card: u8, act: &Act) -> Vec<u8> {
        let to_be_signed = act.to_be_signed(&Signer::Card(CardGuid([card; 16])));
        let signature: Signature = key.sign_prehash(&to_be_signed.digest).unwrap();
        to_be_signed.finish(signature.to_bytes().into())
    }

    /// What the first administrator proposes and the second approves.
    pub(crate) fn together(&mut self, made: u64, changes: Vec<Change>) {
        let office = office_of(&SignedAct::decode(&self.entries[0]).unwrap());
        let post = Some(Code::new("kacho").unwrap());
        let proposal = Act { post: post.clone(), log: Log::Casebook, ..self.draft(office, made, changes) };
        let proposal = Some(Proposal(Self::sign(&self.card, 1, &proposal)));
        let mut approval = Act { post, proposal, ..self.draft(office, made, Vec::new()) };
        approval.salt.0[15] ^= 0x80;
        let entry = Self::sign(&CardKey::from_slice(&[8; 32]).unwrap(), 2, &approval);
        self.entries.push(entry);
    }

    /// What the first administrator decides alone.
    pub(crate) fn change(&mut self, change: Change) {
        let office = office_of(&SignedAct::decode(&self.entries[0]).unwrap());
        self.act(office, Some(Code::new("kacho").unwrap()), vec![change]);
    }

    pub(crate) fn section(&mut self, section: &str) {
        self.change(Change::Section(SetSection {
            section: Code::new(section).unwrap(),
            title: Title::new("課").unwrap(),
            state: SectionState::Open,
            effective: NOW,
        }));
    }

    pub(crate) fn checkpoint(&self, size: usize) -> String {
        let tree: MemoryTree = self.entries[..size].iter().map(|entry| leaf_hash(entry)).collect();
        let (size, root) = (tree.size(), tree.root());
        Checkpoint { origin: self.log.name().to_owned(), size, root, extensions: Vec::new() }.sign(&self.log)
    }

    pub(crate) fn of(&self) -> RegisterOf {
        let office = office_of(&SignedAct::decode(&self.entries[0]).unwrap());
        RegisterOf { office, keys: self.log.verifying_key().into() }
    }

    pub(crate) fn cache(&self, size: usize) -> RegisterCache {
        RegisterCache::default().extend(&self.of(), &self.checkpoint(size), &self.entries[..size]).unwrap()
    }
}

#[test]
fn a_register_grows_and_comes_back_from_its_home() {
    let mut story = Story::begin();
    story.section("jumin");
    let of = story.of();
    let mut cache = story.cache(1).extend(&of, &story.checkpoint(2), &story.entries[1..]).unwrap();
    cache.learn(&[Name { salt: Salt([1; 16]), text: "佐藤 一郎".to_owned() }]);
    assert!(cache.acts().all(|(_, folded)| folded.is_ok()));
    assert_eq!(cache.person(&Code::new("a1").unwrap(), Language::English), "佐藤 一郎 (a1)");
    assert_eq!(cache.person(&Code::new("a2").unwrap(), Language::English), "a2");
    let home = TempHome::new();
    cache.save(&home.0).unwrap();
    let back = RegisterCache::load(&home.0, &of, SoFar::Verified).unwrap();
    assert_eq!((back.size(), back.register().root()), (2, cache.register().root()));
    assert_eq!(back.person(&Code::new("a1").unwrap(), Language::English), "佐藤 一郎 (a1)");
    let first = back.register_at(1, None).unwrap();
    assert!(first.section(&Code::new("jumin").unwrap()).is_none());
    let second = back.register_at(2, Some(first)).unwrap();
    assert_eq!((second.size(), second.root()), (2, back.register().root()));
    assert!(second.section(&Code::new("jumin").unwrap()).is_some());
    assert_eq!(back.register_at(1, Some(second)).unwrap().size(), 1, "back is from the beginning");
    assert!(back.register_at(3, None).is_none());
    home.0.remove(NAMES).unwrap();
    assert!(!back.wants_names() && RegisterCache::load(&home.0, &of, SoFar::Verified).unwrap().wants_names());
}

#[test]
fn a_name_that_an_act_erased_is_dropped_and_said_to_be_erased() {
    let mut story = Story::begin();
    story.section("jumin");
    let (doi, name) = (Code::new("doi").unwrap(), Name { salt: Salt([5; 16]), text: "土井 三郎".to_owned() });
    story.change(Change::Designate(Box::new(Designate {
        operator: doi.clone(),
        name: NameHash::of(&name.salt, &name.text),
        class: PersonClass::Operator,
        section: Code::new("jumin").unwrap(),
        from: NOW,
        to: NOW + 86_400_000,
        terminals: Vec::new(),
        sections: Vec::new(),
    })));
    let (of, home) = (story.of(), TempHome::new());
    let mut cache = story.cache(3);
    let stays = Name { salt: Salt([1; 16]), text: "佐藤 一郎".to_owned() };
    cache.learn(&[stays, name.clone()]);
    cache.save(&home.0).unwrap();
    let seen = home.0.path("seen");
    std::fs::hard_link(home.0.path(NAMES), &seen).unwrap();
    // Past 2033: what was made in November and December of 2026 need not be kept any more.
    let later = NOW + 2_700 * 86_400_000;
    let (from, to) = (Month::of(NOW), Month::of(NOW).after(0, 2));
    story.together(later, CLASSES.map(|class| Change::Destroy(Destroy { class, from, to })).to_vec());
    story.together(later, vec![Change::EraseNames(EraseNames { operators: vec![doi.clone()] })]);
    assert_eq!(cache.person(&doi, Language::English), "土井 三郎 (doi)");
    let mut cache = cache.extend(&of, &story.checkpoint(5), &story.entries[3..]).unwrap();
    let is_erased = |cache: &RegisterCache| {
        cache.names().look_up_anew();
        assert_eq!(cache.person(&doi, Language::English), "(name erased) (doi)");
        assert_eq!(cache.person(&doi, Language::Japanese), "(氏名消去) (doi)");
        assert_eq!(cache.person(&Code::new("a1").unwrap(), Language::English), "佐藤 一郎 (a1)");
        assert_eq!(cache.erased_and_looked_up(), [(&doi, 4)]);
    };
    is_erased(&cache);
    cache.save(&home.0).unwrap();
    let kept = String::from_utf8(home.0.read(NAMES).unwrap().unwrap().to_vec()).unwrap();
    assert!(!kept.contains("土井") && kept.contains("佐藤"));
    assert!(std::fs::read(&seen).unwrap().iter().all(|byte| *byte == 0), "what was there is written over");
    assert!(home.0.read(NAMES_BEFORE).unwrap().is_none());
    let mut back = RegisterCache::load(&home.0, &of, SoFar::Verified).unwrap();
    is_erased(&back);
    // Whoever brings it.
    back.learn(&[name]);
    is_erased(&back);
}

#[test]
fn a_register_is_held_against_what_another_desk_saw() {
    let (mut story, mut other) = (Story::begin(), Story::begin());
    story.section("jumin");
    other.section("zeimu");
    let (of, cache) = (story.of(), story.cache(2));
    cache.expect_continues(&story.checkpoint(1), &of).unwrap();
    cache.expect_continues(&story.checkpoint(2), &of).unwrap();
    other.log = SigningKey::from_seed(story.log.name(), &[9; 32]).unwrap();
    let refused = cache.expect_continues(&other.checkpoint(2), &of);
    assert_eq!(refused.unwrap_err().broken, Broken::Fork { size: 2 });
    let refused = story.cache(1).expect_continues(&story.checkpoint(2), &of);
    assert_eq!(refused.unwrap_err().broken, Broken::Rollback { known: 2, shown: 1 });
}

#[test]
fn a_name_shows_as_it_is_written_or_not_at_all() {
    for good in ["佐藤 一郎", "ﾌﾞﾗｳﾝ 花子", "渡邉\u{e0100} 健", "Anna-Maria O'Brien"] {
        assert!(is_a_name(good), "{good}");
    }
    let long = "長".repeat(65);
    for bad in ["", " 佐藤", "佐藤\u{1b}[2J", "佐藤\n一郎", "\u{202e}郎一 藤佐", "佐\u{200b}藤", &long] {
        assert!(!is_a_name(bad), "{bad:?}");
    }
    for hidden in ['\u{ad}', '\u{3164}', '\u{115f}', '\u{ffa0}', '\u{2800}', '\u{e0041}', '\u{fffa}'] {
        assert!(!is_a_name(&format!("佐{hidden}藤")), "{hidden:?}");
    }
    let mut cache = Story::begin().cache(1);
    cache.learn(&[Name { salt: Salt([1; 16]), text: "佐藤\u{1b}[2J".to_owned() }]);
    assert_eq!(cache.person(&Code::new("a1").unwrap(), Language::English), "a1");
}

#[test]
fn a_ledger_that_went_back_is_refused() {
    let mut story = Story::begin();
    story.section("jumin");
    let refused = story.cache(2).extend(&story.of(), &story.checkpoint(1), &[]);
    assert_eq!(refused.unwrap_err(), Broken::Rollback { known: 2, shown: 1 }.of(Log::Register));
}

#[test]
fn a_ledger_that_forked_is_refused() {
    let (mut story, mut other) = (Story::begin(), Story::begin());
    story.section("jumin");
    other.section("zeimu");
    let of = story.of();
    // The same size with another content, signed by the right key.
    let refused = story.cache(2).extend(&of, &other.checkpoint(2), &[]);
    assert_eq!(refused.unwrap_err(), Broken::Fork { size: 2 }.of(Log::Register));
    // A longer log that does not begin with ours.
    other.section("kikaku");
    let refused = story.cache(2).extend(&of, &other.checkpoint(3), &other.entries[2..]);
    assert_eq!(refused.unwrap_err(), Broken::Fork { size: 3 }.of(Log::Register));
}

#[test]
fn entries_that_are_kept_back_or_altered_are_noticed() {
    let mut story = Story::begin();
    story.section("jumin");
    let of = story.of();
    let refused = story.cache(1).extend(&of, &story.checkpoint(2), &[]);
    assert_eq!(refused.unwrap_err(), Broken::Incomplete { have: 1, size: 2 }.of(Log::Register));
    let mut altered = story.entries[1].clone();
    altered[100] ^= 1;
    let refused = story.cache(1).extend(&of, &story.checkpoint(2), &[altered]);
    assert_eq!(refused.unwrap_err(), Broken::Fork { size: 2 }.of(Log::Register));
    let stranger = SigningKey::from_seed(story.log.name(), &[1; 32]).unwrap();
    let by_a_stranger = Checkpoint::claimed(&story.checkpoint(2)).unwrap().sign(&stranger);
    let refused = story.cache(1).extend(&of, &by_a_stranger, &story.entries[1..]);
    assert!(matches!(refused.unwrap_err().broken, Broken::Checkpoint(_)));
}

#[test]
fn a_home_whose_entries_were_altered_does_not_open() {
    let mut story = Story::begin();
    story.section("jumin");
    let (home, of) = (TempHome::new(), story.of());
    story.cache(2).save(&home.0).unwrap();
    let mut bytes = home.0.read(ENTRIES).unwrap().unwrap().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    home.0.write(ENTRIES, &bytes).unwrap();
    let refused = RegisterCache::load(&home.0, &of, SoFar::Verified).unwrap_err();
    let AdminError::Cache(refused) = refused else { panic!("{refused}") };
    assert_eq!(refused, Broken::Fork { size: 2 }.of(Log::Register));
    home.0.write(ENTRIES, &bytes[..last]).unwrap();
    assert!(matches!(RegisterCache::load(&home.0, &of, SoFar::Verified), Err(AdminError::Damaged(_))));
}

#[test]
fn the_register_of_another_office_is_none_of_ours() {
    let (mut ours, mut other) = (Story::begin(), Story::begin());
    // The ledger holds the key of the log, and begins it with another act.
    other.entries.clear();
    let of = ours.of();
    other.found("隣町");
    assert_ne!(other.of().office, of.office);
    let refused = RegisterCache::default().extend(&of, &other.checkpoint(1), &other.entries);
    assert_eq!(refused.unwrap_err(), Broken::OtherOffice.of(Log::Register));
    ours.section("jumin");
    ours.cache(2);
    // A home whose files were exchanged.
    let home = TempHome::new();
    other.cache(1).save(&home.0).unwrap();
    let refused = RegisterCache::load(&home.0, &of, SoFar::Verified).unwrap_err();
    assert!(matches!(refused, AdminError::Cache(BrokenLog { broken: Broken::OtherOffice, .. })), "{refused}");
}

#[test]
fn a_register_that_was_taken_away_is_not_begun_anew() {
    let (story, home) = (Story::begin(), TempHome::new());
    let of = story.of();
    let load = |so_far| RegisterCache::load(&home.0, &of, so_far).map(|cache| cache.size());
    assert_eq!(load(SoFar::Nothing).unwrap(), 0);
    assert!(matches!(load(SoFar::Verified), Err(AdminError::Damaged(_))));
    story.cache(1).save(&home.0).unwrap();
    home.0.remove(ENTRIES).unwrap();
    assert!(matches!(load(SoFar::Nothing), Err(AdminError::Damaged(_))), "its checkpoint is there");
    story.cache(1).save(&home.0).unwrap();
    home.0.remove(CHECKPOINT).unwrap();
    assert!(matches!(load(SoFar::Verified), Err(AdminError::Damaged(_))));
    assert_eq!(load(SoFar::Nothing).unwrap(), 0, "the first save was cut short");
}

#[test]
fn a_crash_between_entries_and_checkpoint_leaves_the_register_before() {
    let mut story = Story::begin();
    story.section("jumin");
    let (home, of) = (TempHome::new(), story.of());
    story.cache(1).save(&home.0).unwrap();
    home.0.write(ENTRIES, &join(&story.entries)).unwrap();
    assert_eq!(RegisterCache::load(&home.0, &of, SoFar::Verified).unwrap().size(), 1);
}
