//! Backups go onto listed media alone, count when they were read again, and can be put back.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use sekisho_ledger::command;
use sekisho_ledger::config::Config;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::media::generation::backup_to_media;
use sekisho_ledger::media::key_copy::copy_keys;
use sekisho_ledger::media::restore::restore;
use sekisho_ledger::media::{self, Media, Verified};
use sekisho_ledger::memory::Memory;
use sekisho_ledger::store::LogName;

use crate::small_disk::SmallDisk;
use crate::town::{NOON, Scratch, Town, scratch};

const DAY: u64 = 86_400_000;

/// A stick that is plugged in. It goes away when it is dropped.
pub(crate) struct Stick {
    _disk: SmallDisk,
    pub(crate) at: Scratch,
}

impl Stick {
    fn of(kib: u32) -> Self {
        let at = scratch();
        std::fs::create_dir_all(&*at).unwrap();
        Self { _disk: SmallDisk::under(&at, kib), at }
    }

    pub(crate) fn new() -> Self {
        Self::of(64 * 1024)
    }

    /// What is on it, but for our mark.
    fn content(&self) -> Vec<String> {
        let names =
            std::fs::read_dir(&*self.at).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "sekisho-medium.json").collect();
        names.sort();
        names
    }
}

fn list(town: &Town) -> Media {
    Media::read(&town.data.media()).unwrap()
}

pub(crate) fn add(town: &Town, stick: &Stick, name: &str) {
    media::add(&town.root, &stick.at, name, NOON).unwrap();
}

/// The backup of a night, which must go well on the one medium that is there.
pub(crate) fn night(town: &Town, day: u64) -> Verified {
    let mut done = backup_to_media(&town.root, NOON + day * DAY).unwrap();
    assert_eq!(done.len(), 1);
    done.remove(0).result.unwrap()
}

/// What a night says that goes wrong.
pub(crate) fn bad_night(town: &Town, day: u64) -> String {
    match backup_to_media(&town.root, NOON + day * DAY) {
        Err(error) => error.to_string(),
        Ok(done) => done.into_iter().find_map(|done| done.result.err()).unwrap().to_string(),
    }
}

pub(crate) fn keep(town: &Town, generations: usize) {
    let config = Config { backup_keep: generations, ..Config::read(&town.data.config()).unwrap() };
    std::fs::write(town.data.config(), config.to_text().unwrap()).unwrap();
}

fn roots(data: &DataDir, town: &Town) -> Vec<String> {
    let office = data.checkpoints().join(town.office.to_string());
    LogName::ALL.map(|log| std::fs::read_to_string(office.join(log.as_str())).unwrap()).into()
}

#[test]
fn a_backup_is_read_again_counted_and_the_oldest_goes_after_the_newest_stands() {
    [Town::new(), Town::on_server()].into_iter().for_each(generations_of);
}

fn generations_of(mut town: Town) {
    let stick = Stick::new();
    assert!(bad_night(&town, 0).contains("no medium is listed"));
    add(&town, &stick, "A");
    keep(&town, 2);
    for day in 1..=4 {
        town.send(5);
        town.publish();
        let verified = night(&town, day);
        assert_eq!(
            (verified.at, &*verified.generation),
            (NOON + day * DAY, &*format!("{day:06}-2026-06-{:02}", day + 1))
        );
        assert_eq!(list(&town).media[0].verified, Some(verified));
    }
    assert_eq!(stick.content(), ["000003-2026-06-04", "000004-2026-06-05"]);
    let newest = stick.at.join("000004-2026-06-05");
    assert!(
        !["ledger.db-wal", "ledger.db-shm", "master.key", "payload.key"].iter().any(|name| newest.join(name).exists())
    );
    // A clock that was set back by days does not make the newest the oldest.
    assert_eq!(night(&town, 0).generation, "000005-2026-06-01");
    assert_eq!(stick.content(), ["000004-2026-06-05", "000005-2026-06-01"]);
    let status = command::status(&town.root, &*town.clock).unwrap();
    assert!(status.contains("A (") && status.contains("000005-2026-06-01 verified"), "{status}");
    assert!(status.contains("keys are not copied"), "{status}");
}

#[test]
fn only_a_medium_of_the_list_is_written_to() {
    let town = Town::new();
    let (a, b) = (Stick::new(), Stick::new());
    // The ledger's own disk is no place for a backup.
    let own = scratch();
    std::fs::create_dir_all(&*own).unwrap();
    let error = media::add(&town.root, &own, "own", NOON).unwrap_err();
    assert!(error.to_string().contains("the disk that the ledger lies on"), "{error}");
    add(&town, &a, "A");
    let error = media::add(&town.root, &a.at, "again", NOON).unwrap_err();
    assert!(error.to_string().contains("'A' is on the list already"), "{error}");
    let error = media::add(&town.root, &b.at, "A", NOON).unwrap_err();
    assert!(error.to_string().contains("'A' is on the list already"), "{error}");

    // Another ledger's medium.
    let other = Town::new();
    let error = media::add(&other.root, &a.at, "mine", NOON).unwrap_err();
    assert!(error.to_string().contains("backups of the ledger"), "{error}");

    // Another of ours lies in its place, and is not on the list.
    let mark = a.at.join("sekisho-medium.json");
    let ours = std::fs::read_to_string(&mark).unwrap();
    let id = list(&town).media[0].id.clone();
    std::fs::write(&mark, ours.replace(&id, &"0".repeat(32))).unwrap();
    assert!(bad_night(&town, 1).contains("it is not on the list"));
    assert_eq!(a.content(), [""; 0]);
    // Nothing is mounted: a bare folder.
    std::fs::remove_file(&mark).unwrap();
    let said = bad_night(&town, 1);
    assert!(said.contains("no listed medium is there: A at "), "{said}");
    assert_eq!(a.content(), [""; 0]);
    assert!(list(&town).failed.is_some_and(|failed| failed.why == said));
    std::fs::write(&mark, ours).unwrap();
    night(&town, 1);
    assert_eq!(list(&town).failed, None);
    media::forget(&town.root, "A").unwrap();
    assert!(media::forget(&town.root, "A").unwrap_err().to_string().contains("'A'"));
    assert!(bad_night(&town, 2).contains("no medium is listed"));
    // Listed again it is the same medium.
    media::add(&town.root, &a.at, "A2", NOON).unwrap();
    assert_eq!(list(&town).media[0].id, id);
}

#[test]
fn each_medium_that_is_there_gets_one_and_one_that_fails_hides_no_other() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    let (good, small) = (Stick::new(), Stick::of(64));
    add(&town, &good, "good");
    add(&town, &small, "small");
    let done = backup_to_media(&town.root, NOON).unwrap();
    assert_eq!(done.len(), 2);
    let of = |name: &str| done.iter().find(|done| done.name == name).unwrap().result.as_ref();
    assert!(of("good").is_ok());
    let error = of("small").unwrap_err().to_string();
    assert!(error.contains("cannot make a backup onto 'small'"), "{error}");
    let list = list(&town);
    assert!(list.failed.is_some() && list.newest(NOON + 30 * DAY).is_some_and(|(medium, _)| medium.name == "good"));
}

#[test]
fn a_full_medium_keeps_its_older_backups_and_holds_no_half_one() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    let stick = Stick::new();
    add(&town, &stick, "A");
    keep(&town, 1);
    let first = night(&town, 1);
    stick._disk.fill();
    let said = bad_night(&town, 2);
    assert!(said.contains("full") || said.contains("No space left"), "{said}");
    assert_eq!(stick.content(), ["000001-2026-06-02", "ballast"]);
    assert_eq!(list(&town).media[0].verified, Some(first));
    restore_from(&town, &stick.at).unwrap();
    // What a power cut left is no backup, and goes the next night.
    stick._disk.free();
    let half = stick.at.join("000002-2026-06-03.unfinished");
    std::fs::create_dir(&half).unwrap();
    std::fs::copy(stick.at.join("000001-2026-06-02/verified.json"), half.join("verified.json")).unwrap();
    let (root, keys) = (scratch(), town.root.to_path_buf());
    assert!(restore(&root, &half, &keys, &mut |_| {}).unwrap_err().to_string().contains("no verified backup"));
    assert_eq!(night(&town, 3).generation, "000002-2026-06-04");
    assert_eq!(stick.content(), ["000002-2026-06-04"]);
}

#[test]
fn a_copy_that_is_not_sound_never_gets_a_name_and_nothing_older_goes() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let stick = Stick::new();
    add(&town, &stick, "A");
    keep(&town, 1);
    night(&town, 1);
    // The book itself is damaged, so the copy is.
    let connection = Connection::open(town.data.database()).unwrap();
    connection.execute("UPDATE records_1 SET payload = zeroblob(90) WHERE idx = 2", []).unwrap();
    drop(connection);
    let said = bad_night(&town, 2);
    assert!(said.contains("000002-2026-06-03.unfinished") && said.contains("entry 2"), "{said}");
    assert_eq!(stick.content(), ["000001-2026-06-02", "000002-2026-06-03.unfinished"], "evidence until the next night");
    // A medium that gives back something else than was written to it is found when it is needed, too.
    let older = stick.at.join("000001-2026-06-02");
    let connection = Connection::open(older.join("ledger.db")).unwrap();
    connection.execute("UPDATE records_1 SET leaf = zeroblob(32) WHERE idx = 3", []).unwrap();
    drop(connection);
    let error = restore_from(&town, &stick.at).unwrap_err();
    assert!(error.contains("entry 3"), "{error}");
}

/// Puts the newest backup back with the town's own keys.
fn restore_from(town: &Town, from: &Path) -> Result<u64, String> {
    let root = scratch();
    let restored = restore(&root, from, &town.root, &mut |_| {}).map_err(|error| error.to_string());
    // Nothing that could be served where it did not go well.
    for name in ["ledger.toml", "ledger.db", "master.key", "restore.begun"] {
        assert_eq!(root.join(name).exists(), restored.is_ok() && name != "restore.begun", "{name}");
    }
    restored.map(|restored| restored.verified.entries)
}

#[test]
fn what_is_put_back_goes_on_where_the_backup_stood_and_knows_its_media() {
    [Town::new(), Town::on_server()].into_iter().for_each(put_back);
}

fn put_back(mut town: Town) {
    town.send(20);
    town.publish();
    let (stick, safe) = (Stick::new(), Stick::new());
    add(&town, &stick, "A");
    let keys = safe.at.join("keys");
    let beside = copy_keys(&town.root, &stick.at.join("keys"), NOON).unwrap_err();
    assert!(beside.to_string().contains("backups lie there"), "{beside}");
    copy_keys(&town.root, &keys, NOON).unwrap();
    assert!(command::status(&town.root, &*town.clock).unwrap().contains("keys copied at 2026-06-01"));
    let verified = night(&town, 1);
    let stood = roots(&town.data, &town);
    town.send(5);
    town.publish();

    let root = scratch();
    let wrong = Town::new();
    let error = restore(&root, &stick.at, &wrong.root, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("cannot") && !root.join("ledger.toml").exists(), "{error}");
    let restored = restore(&root, &stick.at, &keys, &mut |_| {}).unwrap();
    assert_eq!((restored.verified.clone(), &*restored.ledger), (verified, "ledger.test"));
    let error = restore(&root, &stick.at, &keys, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("there is one already"), "{error}");
    let data = DataDir::new(&root).remembered_by(Memory::at(&root.join("memory")));
    assert_eq!(roots(&data, &town), stood);
    assert_eq!(command::fsck(&root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings, []);
    let listed = Media::read(&data.media()).unwrap().media.remove(0);
    assert_eq!((&*listed.name, listed.verified), ("A", Some(restored.verified)));
    let ledger = Ledger::open(&data, town.clock.clone()).unwrap();
    assert_eq!(LogName::ALL.map(|log| ledger.office(&town.office).unwrap().log(log).halted()), [None; 3]);
    drop(ledger);
    // The next night goes on on the same medium.
    let done = backup_to_media(&root, NOON + 2 * DAY).unwrap();
    assert_eq!(done[0].result.as_ref().unwrap().generation, "000002-2026-06-03");
}

#[test]
fn keys_that_changed_since_they_were_copied_are_asked_for_again_and_no_older_ones_stay() {
    let town = Town::new();
    let safe = Stick::new();
    let keys = safe.at.join("keys");
    copy_keys(&town.root, &keys, NOON).unwrap();
    // Somebody else's name for the old bytes shows what became of them.
    let seen = safe.at.join("seen");
    std::fs::hard_link(keys.join("payload.key"), &seen).unwrap();
    let old = std::fs::read(&seen).unwrap();
    let mut other = std::fs::read(town.data.payload_key()).unwrap();
    *other.last_mut().unwrap() ^= 1;
    std::fs::write(town.data.payload_key(), &other).unwrap();
    assert!(command::media_status(&town.root, &*town.clock).unwrap().contains("payload.key CHANGED since"));
    copy_keys(&town.root, &keys, NOON).unwrap();
    assert_eq!(std::fs::read(&seen).unwrap(), vec![0; old.len()]);
    assert_eq!(std::fs::read(keys.join("payload.key")).unwrap(), other);
    assert!(!command::media_status(&town.root, &*town.clock).unwrap().contains("CHANGED"));
}

/// What lies in a folder.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const KEYS: [&str; 5] = ["authority.der", "authority.key", "envelope.key", "master.key", "payload.key"];

#[test]
fn links_on_the_stick_for_the_keys_lead_nowhere() {
    let town = Town::new();
    let safe = Stick::new();
    let other = scratch();
    std::fs::create_dir_all(&*other).unwrap();
    let victim = other.join("victim");
    std::fs::write(&victim, "somebody else's").unwrap();
    let refused = |to: &Path| {
        let error = copy_keys(&town.root, to, NOON).unwrap_err().to_string();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "somebody else's");
        assert!(list(&town).keys.is_none());
        error
    };
    for name in ["payload.key", "payload.key.new", "payload.key.old", "authority.der"] {
        let keys = safe.at.join(name);
        std::fs::create_dir(&keys).unwrap();
        std::fs::write(keys.join("payload.key"), "an older one").unwrap();
        drop(std::fs::remove_file(keys.join(name)));
        symlink(&victim, keys.join(name)).unwrap();
        let said = refused(&keys);
        assert!(said.contains(name) && said.contains("no plain file"), "{said}");
    }
    // The folder itself: onto another stick, onto the ledger's disk.
    let another = Stick::new();
    symlink(&*another.at, safe.at.join("elsewhere")).unwrap();
    for end in ["elsewhere", "elsewhere/"] {
        let said = refused(&safe.at.join(end));
        assert!(said.contains("no plain file or folder"), "{said}");
    }
    symlink(&*other, safe.at.join("home")).unwrap();
    refused(&safe.at.join("home"));
    assert_eq!((names_in(&another.at).len(), names_in(&other)), (0, vec!["victim".to_owned()]));
}

#[test]
fn keys_are_not_copied_to_the_ledgers_own_disk() {
    let town = Town::new();
    let master = std::fs::read(town.data.master_key()).unwrap();
    // The stick is not mounted: its folder lies on the ledger's disk.
    let bare = scratch();
    for to in [bare.join("keys"), town.root.to_path_buf(), town.root.join("keys")] {
        let error = copy_keys(&town.root, &to, NOON).unwrap_err().to_string();
        assert!(error.contains("the disk that the ledger lies on"), "{error}");
    }
    assert!(!bare.join("keys").exists() && !town.root.join("keys").exists());
    assert_eq!(std::fs::read(town.data.master_key()).unwrap(), master);
    assert!(list(&town).keys.is_none());
}

#[test]
fn a_copy_of_the_keys_that_was_cut_short_is_whole_the_next_time_and_nothing_older_is_left() {
    let town = Town::new();
    let safe = Stick::new();
    let keys = safe.at.join("keys");
    copy_keys(&town.root, &keys, NOON).unwrap();
    assert_eq!(names_in(&keys), KEYS);
    // Each of the names that it may have left; somebody else's name for the bytes shows what became of them.
    for (number, (from, to)) in
        [("payload.key", "payload.key.old"), ("payload.key", "payload.key.new")].into_iter().enumerate()
    {
        std::fs::rename(keys.join(from), keys.join(to)).unwrap();
        let seen = safe.at.join(format!("seen{number}"));
        std::fs::hard_link(keys.join(to), &seen).unwrap();
        let long = std::fs::read(&seen).unwrap().len();
        copy_keys(&town.root, &keys, NOON).unwrap();
        assert_eq!(std::fs::read(&seen).unwrap(), vec![0; long]);
        assert_eq!(names_in(&keys), KEYS);
        assert_eq!(std::fs::read(keys.join(from)).unwrap(), std::fs::read(town.data.payload_key()).unwrap());
    }
}

#[test]
fn a_disk_of_the_cold_segments_is_no_place_for_backups_or_keys() {
    let town = Town::new();
    let cold = Stick::new();
    let config = Config { cold: Some(cold.at.to_path_buf()), ..Config::read(&town.data.config()).unwrap() };
    std::fs::write(town.data.config(), config.to_text().unwrap()).unwrap();
    let error = media::add(&town.root, &cold.at, "A", NOON).unwrap_err().to_string();
    assert!(error.contains("or its cold segments"), "{error}");
    let error = copy_keys(&town.root, &cold.at.join("keys"), NOON).unwrap_err().to_string();
    assert!(error.contains("or its cold segments") && !cold.at.join("keys").exists(), "{error}");
}

#[test]
fn what_somebody_laid_beside_a_backup_is_not_put_back_and_links_are_refused() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let stick = Stick::new();
    add(&town, &stick, "A");
    let backup = stick.at.join(night(&town, 1).generation);
    let office = Path::new("checkpoints").join(town.office.to_string());
    let laid = [
        Path::new("master.key").to_path_buf(),
        "payload.key".into(),
        "index.db".into(),
        "lock".into(),
        "extra/file".into(),
        "checkpoints/ledger.toml".into(),
        office.join("strange"),
        office.join("records.new"),
        Path::new("cold").join(town.office.to_string()).join("000000000000-0123456789abcdef.segment"),
    ];
    for path in &laid {
        std::fs::create_dir_all(backup.join(path).parent().unwrap()).unwrap();
        std::fs::write(backup.join(path), "laid there").unwrap();
    }
    let root = scratch();
    restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap();
    assert_eq!(std::fs::read(root.join("master.key")).unwrap(), std::fs::read(town.data.master_key()).unwrap());
    assert_eq!(std::fs::read(root.join("payload.key")).unwrap(), std::fs::read(town.data.payload_key()).unwrap());
    assert_eq!(laid[2..].iter().find(|path| root.join(path).exists()), None);
    // What a backup has, but as a link to a file that says the same.
    for path in ["ledger.db".into(), "ledger.toml".into(), "media.json".into(), office.join("records"), office] {
        let (there, aside) = (backup.join(&path), stick.at.join("aside"));
        std::fs::rename(&there, &aside).unwrap();
        symlink(&aside, &there).unwrap();
        let said = restore_from(&town, &stick.at).unwrap_err();
        assert!(said.contains("no plain file"), "{}: {said}", path.display());
        std::fs::remove_file(&there).unwrap();
        std::fs::rename(&aside, &there).unwrap();
    }
    restore_from(&town, &stick.at).unwrap();
}

#[test]
fn what_the_restored_configuration_decides_is_said_and_another_book_is_refused() {
    let mut town = Town::new();
    town.send(1);
    town.publish();
    let stick = Stick::new();
    add(&town, &stick, "A");
    let file = stick.at.join(night(&town, 1).generation).join("ledger.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let config = Config { hear: Some(0), hear_witnesses: None, ..Config::read(&file).unwrap() };
    std::fs::write(&file, config.to_text().unwrap()).unwrap();
    let restored = restore(&scratch(), &stick.at, &town.root, &mut |_| {}).unwrap();
    let said = restored.to_look_at();
    assert!(said.contains("  hear 0, hear_witnesses not set") && said.contains("no witnesses"), "{said}");
    for (postgres, cold) in
        [(Some("host=/run/postgresql user=other dbname=other".into()), None), (None, Some("/elsewhere".into()))]
    {
        std::fs::write(&file, Config { postgres, cold, ..config.clone() }.to_text().unwrap()).unwrap();
        let said = restore_from(&town, &stick.at).unwrap_err();
        assert!(said.contains("the configuration of a backup"), "{said}");
    }
    std::fs::write(&file, text).unwrap();
    restore_from(&town, &stick.at).unwrap();
}

#[test]
fn a_restore_that_was_cut_short_goes_on_and_files_of_another_ledger_stay() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let stick = Stick::new();
    add(&town, &stick, "A");
    night(&town, 1);
    let root = scratch();
    restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap();
    // A ledger whose configuration is lost may be newer than any backup.
    std::fs::remove_file(root.join("ledger.toml")).unwrap();
    std::fs::write(root.join("ledger.db"), "newer").unwrap();
    let said = restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("files of a ledger without ledger.toml"), "{said}");
    assert_eq!(std::fs::read(root.join("ledger.db")).unwrap(), b"newer");
    // The power went in the middle: keys, half a book, and an office that another backup had.
    std::fs::write(root.join("restore.begun"), "").unwrap();
    let strange = root.join("checkpoints").join("0".repeat(32));
    std::fs::create_dir(&strange).unwrap();
    std::fs::write(strange.join("records.halted"), "{}").unwrap();
    restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap();
    assert!(!strange.exists() && !root.join("restore.begun").exists());
    assert_eq!(command::fsck(&root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings, []);
    let said = restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("there is one already"), "{said}");
}

#[test]
fn a_second_command_waits_for_nobody_and_says_so() {
    let town = Town::new();
    let stick = Stick::new();
    add(&town, &stick, "A");
    let held = std::fs::File::open(town.root.join("media.lock")).unwrap();
    held.lock().unwrap();
    assert!(bad_night(&town, 1).contains("another command does"));
    held.unlock().unwrap();
    night(&town, 1);
}

#[test]
fn a_medium_pulled_out_in_the_middle_leaves_nothing_that_looks_whole() {
    assert!((0..20).any(|_| pulled_out_in_the_middle()), "each backup was done before anybody could pull");
}

/// No when the backup was done sooner.
fn pulled_out_in_the_middle() -> bool {
    let mut town = Town::new();
    for _ in 0..10 {
        town.send(300);
    }
    town.publish();
    let stick = Stick::new();
    add(&town, &stick, "A");
    let first = night(&town, 1);
    let at: PathBuf = stick.at.to_path_buf();
    let said = std::thread::scope(|scope| {
        let backing = scope.spawn(|| backup_to_media(&town.root, NOON + 2 * DAY));
        let begun = |path: PathBuf| path.extension().is_some_and(|extension| extension == "unfinished");
        while !std::fs::read_dir(&at).unwrap().any(|entry| begun(entry.unwrap().path())) {
            if backing.is_finished() {
                return None;
            }
            std::thread::yield_now();
        }
        assert!(Command::new("umount").arg("--lazy").arg(&at).status().unwrap().success());
        match backing.join().unwrap() {
            Err(error) => Some(error.to_string()),
            Ok(done) => done.into_iter().find_map(|done| done.result.err()).map(|error| error.to_string()),
        }
    });
    let Some(said) = said else { return false };
    assert!(said.contains("cannot make a backup onto 'A'") || said.contains("cannot finish the backup"), "{said}");
    assert!(stick.content().iter().all(|name| name.ends_with(".unfinished")), "{:?}", stick.content());
    assert_eq!(list(&town).media[0].verified, Some(first));
    true
}

#[test]
fn a_backup_that_does_not_come_is_an_alarm_a_number_and_a_word_to_terminals() {
    let served = crate::served::Served::new();
    let town = &served.town;
    let ready = |client: crate::client::Client| String::from_utf8(client.get("/readyz").body).unwrap();
    assert_eq!(town.ledger.backup_overdue_since().unwrap(), None, "nothing is expected before a medium is listed");
    let stick = Stick::new();
    add(town, &stick, "A");
    town.clock.advance(36 * 3_600_000);
    assert_eq!(town.ledger.backup_overdue_since().unwrap(), None);
    town.clock.advance(1);
    assert_eq!(town.ledger.backup_overdue_since().unwrap(), Some(NOON + 36 * 3_600_000));
    assert_eq!(ready(served.anybody()), "ready\n", "a stranger hears nothing of it");
    assert_eq!(ready(served.terminal()), "ready\nno backup was verified in time\n");
    let status = command::status(&town.root, &*town.clock).unwrap();
    assert!(status.contains("OVERDUE since 2026-06-03"), "{status}");
    assert!(command::status(&town.root, &*town.clock).unwrap().contains("nothing verified yet"));
    backup_to_media(&town.root, NOON + 36 * 3_600_000).unwrap().remove(0).result.unwrap();
    assert_eq!(town.ledger.backup_overdue_since().unwrap(), None);
    // One that was made while the clock was far ahead says nothing of now.
    backup_to_media(&town.root, NOON + 400 * DAY).unwrap().remove(0).result.unwrap();
    assert_eq!(town.ledger.backup_overdue_since().unwrap(), Some(NOON + 36 * 3_600_000));
}

#[test]
fn a_medium_that_was_listed_while_the_clock_was_ahead_is_overdue() {
    let (town, stick) = (Town::new(), Stick::new());
    media::add(&town.root, &stick.at, "A", NOON + 400 * DAY).unwrap();
    assert!(town.ledger.backup_overdue_since().unwrap().is_some());
    night(&town, 400);
    assert!(town.ledger.backup_overdue_since().unwrap().is_some());
    night(&town, 0);
    assert_eq!(town.ledger.backup_overdue_since().unwrap(), None);
}
