use sekisho_tlog::MemoryTree;

use super::*;
use crate::testing::{Bench, CLERK, Office, REGISTER_SEED, code, log_key, tuesday_ten};
use sekisho_register::change::{CardState, SectionState, SetCardState, SetLogKey, SetSection, StateReason};
use sekisho_register::{Change, Ed25519Key};
use sekisho_tlog::leaf_hash;
use sekisho_wire::id::CardGuid;

/// A folder of its own, gone afterwards.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn scratch(bench: &Bench) -> (Scratch, Config) {
    let folder = std::env::temp_dir().join(format!("sekisho-keeper-{}-{}", std::process::id(), bench.agent.salt()));
    let config = Config { state: folder.clone(), ..bench.agent.config.clone() };
    (Scratch(folder), config)
}

/// What a ledger with these acts answers to "from": all that follow, or as many as `count`.
fn answer(office: &Office, from: u64, count: usize, seed: u8) -> RegisterAnswer {
    let id = office.register.office().unwrap();
    let key = log_key("register", &id, seed);
    let mut tree = MemoryTree::new();
    office.entries.iter().for_each(|entry| tree.append(leaf_hash(entry)));
    let (size, root, origin) = (tree.size(), tree.root(), key.name().to_owned());
    let checkpoint = Checkpoint { origin: origin.clone(), size, root, extensions: vec![] }.sign(&key);
    let (time_ms, valid_until_ms) = (tuesday_ten() + 60_000, tuesday_ten() + 3_600_000);
    let freshness = Freshness { origin, size, root, time_ms, valid_until_ms }.sign(&key);
    let entries = office.entries.iter().skip(usize::try_from(from).unwrap()).take(count);
    let entries = entries.map(|entry| STANDARD.encode(entry)).collect();
    RegisterAnswer {
        checkpoint,
        freshness: Some(freshness),
        entries,
        names: vec![],
        kept: None,
        lacks: false,
        ended: vec![],
    }
}

fn size(bench: &Bench) -> u64 {
    bench.agent.lock().register.size()
}

#[test]
fn a_new_act_is_on_disk_before_it_decides_and_survives_a_restart() {
    let mut bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let before = Arc::new(Register::new());
    bench.agent.lock().register = before;
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 500, REGISTER_SEED)).unwrap();
    bench.office.revoke_clerk();
    keeper.believe(&bench.agent, &answer(&bench.office, 2, 500, REGISTER_SEED)).unwrap();
    assert_eq!(size(&bench), 3);
    assert!(bench.kinds().contains(&"register_advanced"));
    let (_, found) = Keeper::open(&config, &bench.agent.identity).unwrap();
    assert_eq!(found.register.root(), bench.office.register.root());
    assert_eq!(found.time.unwrap().note.time, tuesday_ten() + 60_000);
}

#[test]
fn a_register_torn_at_any_byte_is_fetched_again_or_whole() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 500, REGISTER_SEED)).unwrap();
    let file = config.state.join("register/register.entries");
    let whole = std::fs::read(&file).unwrap();
    let more = [whole.as_slice(), b"\0\0\0\x20half an act"].concat();
    for length in (0..=more.len()).step_by(97).chain([whole.len(), more.len()]) {
        std::fs::write(&file, &more[..length]).unwrap();
        let (_, found) = Keeper::open(&config, &bench.agent.identity).unwrap();
        let expected = if length >= whole.len() { 2 } else { 0 };
        assert_eq!(found.register.size(), expected, "cut at {length}");
    }
}

#[test]
fn a_program_that_takes_what_an_older_one_could_not_judge_fetches_the_register_again() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 500, REGISTER_SEED)).unwrap();
    let file = config.state.join("register/register.entries");
    let mut entries = std::fs::read(&file).unwrap();
    assert_eq!(entries[4], Concluded::Accepted.byte());
    entries[4] = Concluded::NotUnderstood.byte();
    std::fs::write(&file, entries).unwrap();
    // What follows such an entry was judged without it.
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, found) = Keeper::open(&config, &bench.agent.identity).unwrap();
    assert_eq!(found.register.size(), 0);
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 500, REGISTER_SEED)).unwrap();
    assert_eq!(size(&bench), 2);
}

#[test]
fn what_the_ledger_cannot_prove_changes_nothing() {
    let mut bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    let mut longer = bench.office.clone();
    longer.revoke_clerk();
    let foreign_key = answer(&longer, 2, 500, 77);
    let missing_entry = RegisterAnswer { entries: vec![], ..answer(&longer, 2, 500, REGISTER_SEED) };
    let garbage = RegisterAnswer { entries: vec!["?".into()], ..answer(&longer, 2, 500, REGISTER_SEED) };
    let other_entry = RegisterAnswer {
        entries: answer(&longer, 0, 1, REGISTER_SEED).entries,
        ..answer(&longer, 2, 500, REGISTER_SEED)
    };
    for (what, wrong) in
        [("key", foreign_key), ("missing", missing_entry), ("garbage", garbage), ("other entry", other_entry)]
    {
        assert!(keeper.believe(&bench.agent, &wrong).is_err(), "{what}");
        assert_eq!(size(&bench), 2, "{what}");
    }
    let shorter = answer(&bench.office, 2, 500, REGISTER_SEED);
    bench.office = longer;
    bench.advance();
    assert!(matches!(keeper.believe(&bench.agent, &shorter), Err(Disbelief::Rollback { seen: 3, shown: 2 })));
}

#[test]
fn acts_ahead_of_their_checkpoint_decide_nothing_until_it_is_reached() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 1, REGISTER_SEED)).unwrap();
    assert_eq!(size(&bench), 0);
    keeper.believe(&bench.agent, &answer(&bench.office, 1, 1, REGISTER_SEED)).unwrap();
    assert_eq!(size(&bench), 2);
}

#[test]
fn a_register_that_was_lost_comes_back_as_it_was_or_not_at_all() {
    let mut bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let shorter = answer(&bench.office, 0, 500, REGISTER_SEED);
    let mut other = bench.office.clone();
    bench.agent.lock().register = Arc::new(Register::new());
    bench.office.revoke_clerk();
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 500, REGISTER_SEED)).unwrap();
    std::fs::write(config.state.join("register/register.entries"), b"decayed").unwrap();
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, found) = Keeper::open(&config, &bench.agent.identity).unwrap();
    assert_eq!(found.register.size(), 0);
    assert!(matches!(keeper.believe(&bench.agent, &shorter), Err(Disbelief::Rollback { seen: 3, shown: 2 })));
    other.act(vec![Change::CardState(SetCardState {
        card: CardGuid([CLERK; 16]),
        state: CardState::Suspended,
        reason: StateReason::Lost,
        effective: tuesday_ten(),
        disposal: None,
    })]);
    let forked = answer(&other, 0, 500, REGISTER_SEED);
    assert!(matches!(keeper.believe(&bench.agent, &forked), Err(Disbelief::Fork { size: 3 })));
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 500, REGISTER_SEED)).unwrap();
    assert_eq!(Keeper::open(&config, &bench.agent.identity).unwrap().1.register.size(), 3);
}

#[test]
fn half_an_append_is_cut_off_before_the_next() {
    let mut bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 500, REGISTER_SEED)).unwrap();
    let file = config.state.join("register/register.entries");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, [whole.as_slice(), b"\0\0\0\x20half an act"].concat()).unwrap();
    bench.office.revoke_clerk();
    keeper.believe(&bench.agent, &answer(&bench.office, 2, 500, REGISTER_SEED)).unwrap();
    let (_, found) = Keeper::open(&config, &bench.agent.identity).unwrap();
    assert_eq!(found.register.root(), bench.office.register.root());
}

#[test]
fn a_register_that_cannot_be_read_is_not_an_empty_one() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let (_, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    std::fs::create_dir(config.state.join("register/register.json")).unwrap();
    assert!(Keeper::open(&config, &bench.agent.identity).is_err());
}

#[test]
fn acts_whose_note_could_not_be_kept_are_not_on_disk_twice() {
    let mut bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 500, REGISTER_SEED)).unwrap();
    bench.office.revoke_clerk();
    let newer = answer(&bench.office, 2, 500, REGISTER_SEED);
    let in_the_way = config.state.join("register/register.new");
    std::fs::create_dir(&in_the_way).unwrap();
    assert!(matches!(keeper.believe(&bench.agent, &newer), Err(Disbelief::Disk(_))));
    assert_eq!(size(&bench), 2, "what is not kept decides nothing");
    std::fs::remove_dir(in_the_way).unwrap();
    keeper.believe(&bench.agent, &newer).unwrap();
    assert_eq!(Keeper::open(&config, &bench.agent.identity).unwrap().1.register.size(), 3);
}

#[test]
fn names_that_stand_in_no_act_are_not_kept_and_others_once() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    let name = |text: &str| NameText { salt: STANDARD.encode([9; 16]), text: text.into() };
    let names = vec![name("chiba"), name("nobody"), name("chiba")];
    let full = RegisterAnswer { names: names.clone(), ..answer(&bench.office, 0, 500, REGISTER_SEED) };
    keeper.believe(&bench.agent, &full).unwrap();
    keeper.believe(&bench.agent, &RegisterAnswer { names, ..answer(&bench.office, 2, 500, REGISTER_SEED) }).unwrap();
    assert_eq!(bench.agent.lock().names.len(), 1);
    assert_eq!(keeper.kept.as_ref().unwrap().names.len(), 1);
}

#[test]
fn a_name_that_an_act_erased_is_dropped_and_written_over_and_comes_back_from_nowhere() {
    let mut bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    let name = NameText { salt: STANDARD.encode([9; 16]), text: "chiba".into() };
    let administrator = NameText { salt: STANDARD.encode([1; 16]), text: "aoki".into() };
    let names = vec![name, administrator];
    let full = RegisterAnswer { names: names.clone(), ..answer(&bench.office, 0, 500, REGISTER_SEED) };
    keeper.believe(&bench.agent, &full).unwrap();
    let file = config.state.join("register/register.json");
    let seen = config.state.join("seen");
    std::fs::hard_link(&file, &seen).unwrap();
    let holds = |path: &std::path::Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains("\"chiba\"");
    assert!(holds(&seen) && bench.agent.lock().names.len() == 2);
    bench.office.clerk_left_and_is_erased();
    let later = || RegisterAnswer { names: names.clone(), ..answer(&bench.office, 2, 500, REGISTER_SEED) };
    keeper.believe(&bench.agent, &later()).unwrap();
    assert_eq!(bench.agent.lock().names.values().collect::<Vec<_>>(), ["aoki"]);
    assert!(!holds(&file) && std::fs::read(&seen).unwrap().iter().all(|byte| *byte == 0));
    let again = RegisterAnswer { names: names.clone(), ..answer(&bench.office, size(&bench), 500, REGISTER_SEED) };
    keeper.believe(&bench.agent, &again).unwrap();
    assert!(!holds(&file) && bench.agent.lock().names.len() == 1);
    let (_, found) = Keeper::open(&config, &bench.agent.identity).unwrap();
    assert_eq!(found.names.values().collect::<Vec<_>>(), ["aoki"]);
}

#[test]
fn a_note_from_far_ahead_moves_no_time_and_is_recorded() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    let id = bench.office.register.office().unwrap();
    let key = log_key("register", &id, REGISTER_SEED);
    let mut ahead = answer(&bench.office, 2, 500, REGISTER_SEED);
    let note = Freshness::open(ahead.freshness.as_deref().unwrap(), &key.verifying_key()).unwrap();
    let year = 365 * 24 * 3_600_000;
    let (time_ms, valid_until_ms) = (note.time_ms + year, note.valid_until_ms + year);
    ahead.freshness = Some(Freshness { time_ms, valid_until_ms, ..note }.sign(&key));
    let before = bench.agent.lock().trusted.newest_note();
    keeper.believe(&bench.agent, &ahead).unwrap();
    assert_eq!(bench.agent.lock().trusted.newest_note(), before);
    assert!(bench.kinds().contains(&"alarm") && !bench.kinds().contains(&"clock"));
}

#[test]
fn what_is_not_believed_of_the_register_is_recorded() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    for _ in 0..3 {
        keeper.take(&bench.agent, answer_json(&answer(&bench.office, 2, 500, 77))).unwrap_err();
    }
    assert_eq!(bench.kinds().iter().filter(|kind| **kind == "alarm").count(), 1);
}

#[test]
fn the_newest_checkpoint_that_was_verified_goes_along_with_each_question() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    let written = || (bench.agent.journal.next().epoch, bench.agent.journal.next().first);
    assert_eq!(
        keeper.question(&bench.agent),
        Errand::Register {
            from: 0,
            wait: 0,
            seen: None,
            records: None,
            casebook: None,
            kept: [0, 0],
            written: written()
        }
    );
    let whole = answer(&bench.office, 0, 500, REGISTER_SEED);
    keeper.believe(&bench.agent, &whole).unwrap();
    let seen = Some(whole.checkpoint.clone());
    assert_eq!(
        keeper.question(&bench.agent),
        Errand::Register {
            from: 2,
            wait: WAIT,
            seen: seen.clone(),
            records: None,
            casebook: None,
            kept: [0, 0],
            written: written()
        }
    );
    std::fs::write(config.state.join("register/register.entries"), b"decayed").unwrap();
    bench.agent.lock().register = Arc::new(Register::new());
    let (keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    assert_eq!(
        keeper.question(&bench.agent),
        Errand::Register { from: 0, wait: 0, seen, records: None, casebook: None, kept: [0, 0], written: written() },
        "also when acts are lost"
    );
}

#[test]
fn a_ledger_that_has_lost_acts_is_alarmed_about_and_one_that_made_them_up_is_asked_anew() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let alarms = || bench.kinds().iter().filter(|kind| **kind == "alarm").count();
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    bench.agent.lock().register = Arc::new(Register::new());
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 1, REGISTER_SEED)).unwrap();
    assert!(matches!(keeper.question(&bench.agent), Errand::Register { from: 1, .. }));
    keeper.refused(&bench.agent, SEEN_UNPROVED);
    assert!(matches!(keeper.question(&bench.agent), Errand::Register { from: 0, .. }));
    assert_eq!(alarms(), 0);
    keeper.refused(&bench.agent, "busy");
    assert_eq!(alarms(), 0);
    keeper.refused(&bench.agent, SEEN_UNPROVED);
    assert_eq!(alarms(), 1);
}

#[test]
fn a_ledger_whose_first_note_is_of_no_use_is_not_asked_again_at_once() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    {
        let mut core = bench.agent.lock();
        core.register = Arc::new(Register::new());
        core.trusted = crate::trusted::TrustedTime::new(&sekisho_wire::id::BootId([7; 16]), None, bench.agent.moment());
    }
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    keeper.believe(&bench.agent, &answer(&bench.office, 0, 1, REGISTER_SEED)).unwrap();
    assert!(keeper.goes_on(&bench.agent), "more acts follow");
    let foreign = answer(&bench.office, 1, 500, 77).freshness;
    let useless = RegisterAnswer { freshness: foreign, ..answer(&bench.office, 1, 500, REGISTER_SEED) };
    keeper.believe(&bench.agent, &useless).unwrap();
    assert!(!keeper.goes_on(&bench.agent));
    keeper.believe(&bench.agent, &answer(&bench.office, 2, 500, REGISTER_SEED)).unwrap();
    assert!(keeper.goes_on(&bench.agent));
}

#[test]
fn whoever_may_be_waiting_for_the_register_does_not_wait_for_the_ledger() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let wait = |keeper: &Keeper| {
        let Errand::Register { wait, .. } = keeper.question(&bench.agent) else { panic!("it asks for the register") };
        wait
    };
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    assert_eq!(wait(&keeper), 0, "the first question after a start");
    keeper.believe(&bench.agent, &answer(&bench.office, 2, 500, REGISTER_SEED)).unwrap();
    assert_eq!(wait(&keeper), WAIT);
    bench.clock.forward(73 * 3_600_000);
    assert_eq!(wait(&keeper), 0, "the note is old");
}

#[test]
fn an_answer_that_brings_nothing_is_neither_written_nor_asked_for_again_at_once() {
    let bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    let same = || answer(&bench.office, 2, 500, REGISTER_SEED);
    assert_eq!(keeper.believe(&bench.agent, &same()).unwrap(), News::Some);
    let file = config.state.join("register/register.json");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(keeper.believe(&bench.agent, &same()).unwrap(), News::None);
    assert!(!file.exists());
    let names = vec![NameText { salt: STANDARD.encode([9; 16]), text: "chiba".into() }];
    assert_eq!(keeper.believe(&bench.agent, &RegisterAnswer { names, ..same() }).unwrap(), News::Some);
    assert!(file.exists());
}

fn answer_json(answer: &RegisterAnswer) -> serde_json::Value {
    serde_json::json!({"checkpoint": answer.checkpoint, "freshness": answer.freshness, "entries": answer.entries})
}

/// Seed of the key that replaces the register log's.
const NEXT_SEED: u8 = 23;

fn open_section(office: &mut Office, number: u16) {
    let (section, title) = (code(&format!("s{number}")), sekisho_register::Title::new("課").unwrap());
    let (state, effective) = (SectionState::Open, tuesday_ten());
    office.act(vec![Change::Section(SetSection { section, title, state, effective })]);
}

#[test]
fn more_acts_than_one_answer_holds_come_in_several_with_a_new_log_key_among_them() {
    let mut bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    bench.agent.lock().register = Arc::new(Register::new());
    (0..520).for_each(|number| open_section(&mut bench.office, number));
    let key = Ed25519Key(ed25519_dalek::SigningKey::from_bytes(&[NEXT_SEED; 32]).verifying_key().to_bytes());
    bench.office.act_of_two(vec![Change::LogKey(SetLogKey { log: Log::Register, key })]);
    (520..540).for_each(|number| open_section(&mut bench.office, number));
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    let all = bench.office.entries.len() as u64;
    assert!(all > 500);
    for from in (0..all).step_by(500) {
        assert_eq!(size(&bench), 0, "nothing decides before the checkpoint is reached");
        keeper.believe(&bench.agent, &answer(&bench.office, from, 500, NEXT_SEED)).unwrap();
    }
    assert_eq!(size(&bench), all);
    assert_eq!(Keeper::open(&config, &bench.agent.identity).unwrap().1.register.root(), bench.office.register.root());
    open_section(&mut bench.office, 540);
    let old_key = answer(&bench.office, all, 500, REGISTER_SEED);
    assert!(matches!(keeper.believe(&bench.agent, &old_key), Err(Disbelief::Note(_))), "the old key signs nothing new");
}

#[test]
fn a_ledger_that_hears_gives_the_register_and_no_note_and_nobody_is_alarmed() {
    let mut bench = Bench::new();
    let (_scratch, config) = scratch(&bench);
    let (mut keeper, _) = Keeper::open(&config, &bench.agent.identity).unwrap();
    let size = bench.agent.lock().register.size();
    let first = answer(&bench.office, size, 500, REGISTER_SEED);
    keeper.believe(&bench.agent, &first).unwrap();
    let records = bench.agent.journal.durable();
    open_section(&mut bench.office, 1);
    let hearing = RegisterAnswer { freshness: None, ..answer(&bench.office, size, 900, REGISTER_SEED) };
    assert_eq!(keeper.believe(&bench.agent, &hearing).unwrap(), News::Some);
    assert_eq!(bench.agent.lock().register.size(), size + 1, "what was taken away meanwhile is taken away here");
    assert_eq!(keeper.kept.as_ref().unwrap().freshness, first.freshness, "what was fresh before is not forgotten");
    let next = bench.agent.journal.next().first;
    assert_eq!(next, records + 1, "the register's advance alone is recorded");
}

#[test]
fn the_longest_note_under_two_keys_goes_along() {
    let origin = format!("{}/{}/records-12", "a".repeat(64), "0".repeat(32));
    let keys = [1, 2].map(|seed| sekisho_tlog::SigningKey::from_seed(&origin, &[seed; 32]).unwrap());
    let (size, root) = (u64::MAX, sekisho_tlog::Hash([7; 32]));
    let note = Checkpoint { origin, size, root, extensions: Vec::new() }.sign_by(&keys);
    assert!(note.len() <= SEEN_MAX, "{}", note.len());
}
