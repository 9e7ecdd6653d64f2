//! Over and over: a card comes, its PIN is typed, something is asked, the card goes; and anything may break at any moment of it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::time::Duration;

use sekisho_ipc::{AgentError, ClientError, PromptRequest};
use sekisho_tests::clerk::{request, type_pin, wait_card};
use sekisho_tests::history::{assert_once_each, stored};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::small_disk::SmallDisk;
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

use crate::killed::{Acknowledged, assert_on_record};

const PARTS: [Part; 3] = [Part::Agent, Part::CardWorker, Part::Forwarder];
/// What a part may hold at the end beyond what it held after the first cycles: KiB, descriptors, threads. Buffers and a prompt that is ending, not a
/// piece for every cycle.
const MAY_GROW: [u64; 3] = [8 * 1024, 8, 4];
/// How many cycles are without a fault for one that has one.
const RARE: u64 = 4;
/// How many terminals, each with an office of its own, go round beside each other: most of a cycle is waiting for pcscd, which looks for cards every
/// 0.4 s.
const STORIES: u32 = 4;
/// How many cycles the ledger is down at most.
const DOWN: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Killed(Part),
    SmartCardServiceKilled,
    LedgerDown,
    DiskFull,
    ClockStepped,
}

const FAULTS: [Fault; 7] = [
    Fault::Killed(Part::Agent),
    Fault::Killed(Part::CardWorker),
    Fault::Killed(Part::Forwarder),
    Fault::SmartCardServiceKilled,
    Fault::LedgerDown,
    Fault::DiskFull,
    Fault::ClockStepped,
];

/// Where in a cycle something breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Before,
    CardIn,
    LoggedIn,
    Asked,
}

const MOMENTS: [Moment; 4] = [Moment::Before, Moment::CardIn, Moment::LoggedIn, Moment::Asked];

/// splitmix64: the same seed tells the same story.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

struct Story {
    scene: Scene,
    disk: SmallDisk,
    dice: Dice,
    acknowledged: Acknowledged,
    granted: u64,
    full: bool,
    /// How many cycles the ledger stays down.
    down: u64,
    /// Whether the clock was stepped forward, and not back yet.
    ahead: bool,
    /// How often pcscd forgot a card.
    forgotten: u32,
}

impl Story {
    fn new(name: &str, seed: u64, kib: u32) -> Self {
        let mut scene = Scene::new(name);
        scene.terminal.stop();
        let disk = SmallDisk::under(&scene.terminal.state(), kib);
        scene.terminal.start();
        wait_fresh(&scene.terminal);
        let (acknowledged, dice) = (Acknowledged::new(), Dice(seed));
        Self { scene, disk, dice, acknowledged, granted: 0, full: false, down: 0, ahead: false, forgotten: 0 }
    }

    fn cycle(&mut self) {
        let fault = (self.dice.below(RARE) == 0).then(|| (self.dice.one_of(&MOMENTS), self.dice.one_of(&FAULTS)));
        let strike = |story: &mut Self, moment| match fault {
            Some((at, fault)) if at == moment => story.strike(fault),
            Some(_) | None => {}
        };
        strike(self, Moment::Before);
        self.insert();
        strike(self, Moment::CardIn);
        self.log_in();
        strike(self, Moment::LoggedIn);
        (0..3).for_each(|_| {
            self.ask();
        });
        strike(self, Moment::Asked);
        // A card that is pulled in the middle of its reset gets no power from the driver of the virtual readers ever after.
        wait_card(&self.scene.terminal, true);
        self.scene.clerk.card.pull();
        // A card that comes back before pcscd has looked is to it the one that was there, gone mute.
        self.scene.terminal.pcscd.wait_slot(0, false);
        wait_card(&self.scene.terminal, false);
        assert!((0..3).all(|_| !self.ask()), "granted without a card");
        self.heal();
    }

    fn insert(&mut self) {
        let Scene { terminal, clerk, .. } = &mut self.scene;
        self.forgotten += clerk.card.insert_seen(&terminal.pcscd, 0);
        wait_card(terminal, true);
    }

    fn strike(&mut self, fault: Fault) {
        match fault {
            Fault::Killed(part) => {
                self.scene.terminal.kill(part);
                self.scene.terminal.start_part(part);
            }
            Fault::SmartCardServiceKilled => {
                let is_in = self.scene.clerk.card.pull().is_some();
                self.scene.terminal.pcscd.kill();
                // A card that is in again before the terminal has heard that its reader was gone would not be waited for.
                wait_card(&self.scene.terminal, false);
                self.scene.terminal.pcscd.restart();
                if is_in {
                    self.insert();
                }
            }
            Fault::LedgerDown if self.down == 0 => {
                self.scene.ledger.kill();
                self.down = 1 + self.dice.below(DOWN);
            }
            Fault::LedgerDown => {}
            Fault::DiskFull => {
                self.disk.fill();
                self.full = true;
            }
            Fault::ClockStepped => {
                let step = Duration::from_secs(40);
                if self.ahead {
                    self.scene.clock.set_back(step)
                } else {
                    self.scene.clock.pass(step)
                }
                self.ahead = !self.ahead;
            }
        }
    }

    /// Whatever broke, the same PIN opens a session soon; on a full disk it must not.
    fn log_in(&self) {
        let Scene { terminal, clerk, .. } = &self.scene;
        wait::until("a login", || {
            let code = match type_pin(&mut terminal.client(), &PromptRequest::login(), &clerk.pin()) {
                Ok(answer) => answer.verdict.code,
                Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) => verdict.code,
                // The card went with its reader, or the agent with its socket.
                Err(_) => return None,
            };
            (code == "granted" || self.full && code == "journal_full").then_some(())
        });
    }

    /// Asks once; whether it was granted.
    fn ask(&mut self) -> bool {
        let Ok(answer) = self.scene.terminal.client().authorize(&request("juminhyo.issue")) else { return false };
        let granted = answer.verdict.granted;
        assert!(!granted || answer.record.is_some(), "granted without a record");
        if let Some(record) = answer.record {
            let before = self.acknowledged.insert((record.epoch, record.seq), granted);
            assert!(before.is_none(), "record {}:{} was acknowledged twice", record.epoch, record.seq);
        }
        self.granted += u64::from(granted);
        granted
    }

    fn heal(&mut self) {
        if std::mem::take(&mut self.full) {
            self.disk.free();
            let mut client = self.scene.terminal.client();
            wait::until("room", || (client.status().ok()?.advice.code != "journal_full").then_some(()));
        }
        self.down = self.down.saturating_sub(1);
        if self.down == 0 && self.scene.ledger.process_id().is_none() {
            self.scene.ledger.serve();
        }
    }

    /// KiB, descriptors and threads of each part, when nothing goes on.
    fn weigh(&mut self) -> Vec<[u64; 3]> {
        while self.down > 0 {
            self.heal();
        }
        wait_sealed(&self.scene.terminal);
        let of = |part: &Part| {
            let process = format!("/proc/{}", self.scene.terminal.process_id(*part).unwrap());
            let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
            let number = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                line.trim().trim_end_matches(" kB").parse().unwrap()
            };
            let descriptors = std::fs::read_dir(format!("{process}/fd")).unwrap().count() as u64;
            [number("VmRSS:"), descriptors, number("Threads:")]
        };
        PARTS.iter().map(of).collect()
    }
}

fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn go_round(story: u32, seed: u64, cycles: u32) {
    let name = format!("cycles-{story}");
    say(&format!("{name}: {cycles} cycles; seed {seed}"));
    let mut story = Story::new(&name, seed, 4096 + 6 * cycles);
    let first = cycles / 10;
    (0..first).for_each(|_| story.cycle());
    let before = story.weigh();
    for cycle in first..cycles {
        if cycle.is_multiple_of(500) {
            say(&format!("{name}: {cycle} cycles, {} grants", story.granted));
        }
        story.cycle();
    }
    let after = story.weigh();
    for ((part, before), after) in PARTS.iter().zip(&before).zip(&after) {
        let grown = before.iter().zip(after).zip(MAY_GROW).any(|((before, after), more)| *after > before + more);
        assert!(!grown, "{part:?} grows: KiB, descriptors, threads {before:?}, and then {after:?}");
    }
    say(&format!("{name}: {} grants; pcscd forgot a card {} times", story.granted, story.forgotten));
    // Three in each cycle, but for those in which something broke.
    assert!(story.granted > u64::from(cycles) * 2, "{} grants in {cycles} cycles", story.granted);

    let Story { mut scene, acknowledged, disk, .. } = story;
    let verified = scene.desk.run(&["records", "verify", "--all"]);
    assert!(verified.contains(" 0 do not"), "{verified}");
    scene.terminal.stop();
    scene.ledger.stop();
    let records = assert_once_each(&scene.ledger);
    assert_eq!(stored(&scene.ledger, "jumin-1"), records);
    assert_on_record(&acknowledged, &scene.terminal.state());
    let last = acknowledged.keys().map(|(_, seq)| *seq).max().unwrap();
    assert!(last < u64::try_from(records).unwrap(), "record {last} was acknowledged, the ledger has {records}");
    scene.ledger.assert_sound();
    drop(disk);
}

#[test]
#[ignore = "takes long: tests/long.sh"]
fn ten_thousand_cards_come_and_go_while_anything_breaks() {
    let cycles: u32 =
        std::env::var("SEKISHO_CYCLES").map_or(10_000, |cycles| cycles.parse().expect("a number of cycles"));
    let seed = match std::env::var("SEKISHO_SEED") {
        Ok(seed) => seed.parse().expect("SEKISHO_SEED is a number"),
        Err(_) => RandomState::new().build_hasher().finish(),
    };
    say(&format!("SEKISHO_SEED={seed} tells these stories again"));
    std::thread::scope(|scope| {
        for story in 0..STORIES {
            scope.spawn(move || go_round(story, seed.wrapping_add(story.into()), cycles.div_ceil(STORIES)));
        }
    });
}
