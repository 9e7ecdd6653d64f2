//! Whatever happens, in whatever order: no record is lost, none lies there twice, and no log ever has two histories.
//!
//! A story is a list of deeds out of a seed. Each deed is done as far as the moment allows, so a list stays one when some are taken out of it: that is how a
//! story that goes wrong is made short. `SEKISHO_STORIES` says how many are told, `SEKISHO_SEED` which first; `SEKISHO_STORE=postgres` tells them
//! with the book on a server.

mod desk;
mod disaster;
mod oracle;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use sekisho_ledger::store::LogName;

use self::world::World;
use crate::faulty::Next;

/// What happens, with two numbers to say how.
#[derive(Clone, Copy, Debug)]
struct Deed(What, u64, u64);

#[derive(Clone, Copy, Debug)]
enum What {
    Write,
    Send,
    SendAgain,
    SendTooEarly,
    AllSend,
    TwinSends,
    WrongChain,
    LoseRecords,
    OpenEpoch,
    NewTerminal,
    Act,
    Propose,
    Tick,
    Seal,
    FetchRegister,
    TakeKeepsakes,
    Show,
    BringAgain,
    BringWrongly,
    CommitFails,
    DiskFull,
    FileFails,
    Mend,
    Crash,
    TimePasses,
    BackUp,
    Restore,
    CloneMachine,
    VisitClone,
    Fill,
    Cool,
}

/// How often each happens, among the sum of all.
const OFTEN: [(What, u64); 31] = [
    (What::Write, 30),
    (What::Send, 40),
    (What::SendAgain, 14),
    (What::SendTooEarly, 6),
    (What::AllSend, 8),
    (What::TwinSends, 5),
    (What::WrongChain, 2),
    (What::LoseRecords, 4),
    (What::OpenEpoch, 4),
    (What::NewTerminal, 2),
    (What::Act, 6),
    (What::Propose, 4),
    (What::Tick, 30),
    (What::Seal, 16),
    (What::FetchRegister, 8),
    (What::TakeKeepsakes, 6),
    (What::Show, 6),
    (What::BringAgain, 6),
    (What::BringWrongly, 6),
    (What::CommitFails, 14),
    (What::DiskFull, 2),
    (What::FileFails, 5),
    (What::Mend, 6),
    (What::Crash, 6),
    (What::TimePasses, 5),
    (What::BackUp, 5),
    (What::Restore, 4),
    (What::CloneMachine, 2),
    (What::VisitClone, 4),
    (What::Fill, 5),
    (What::Cool, 10),
];

/// Numbers out of a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn deed(&mut self) -> Deed {
        let sum: u64 = OFTEN.iter().map(|(_, often)| often).sum();
        let mut at = self.roll() % sum;
        let what = OFTEN.iter().find(|(_, often)| {
            let here = at < *often;
            at = at.saturating_sub(*often);
            here
        });
        Deed(what.unwrap().0, self.roll() % 1000, self.roll() % 1000)
    }
}

fn story(seed: u64) -> Vec<Deed> {
    let mut dice = Dice(seed);
    let length = 20 + dice.roll() % 100;
    (0..length).map(|_| dice.deed()).collect()
}

impl World {
    fn does(&mut self, Deed(what, a, b): Deed) {
        let among = self.desks.len();
        // A restore can leave nobody.
        if among == 0 {
            return;
        }
        let (desk, log) = (usize::try_from(a).unwrap() % among, LogName::ALL[usize::try_from(b).unwrap() % 3]);
        let told = self.desks[desk].told;
        match what {
            What::Write => self.writes(desk, 1 + b % 9 * (b % 7), b % 16 == 1),
            What::Send => self.sends(desk, told, 1 + b % 40),
            What::SendAgain => self.sends(desk, told.saturating_sub(b % 30), 1 + b % 50),
            What::SendTooEarly => self.sends(desk, told + 1 + b % 4, 1 + b % 5),
            What::AllSend => self.all_send(1 + b % 20),
            What::TwinSends => self.twin_sends(desk, b % 20, 1 + b % 30),
            What::WrongChain => self.chain_is_wrong(desk, 1 + b % 4),
            What::LoseRecords => self.loses(desk),
            What::OpenEpoch => self.opens_epoch(desk),
            What::NewTerminal => self.new_desk(),
            What::Act => self.orders(b % 2 == 0),
            What::Propose => self.proposes(),
            What::Tick => self.ticks(),
            What::Seal => drop(self.seals(desk)),
            What::FetchRegister => drop(self.fetches_register(desk)),
            What::TakeKeepsakes => drop(self.takes_keepsakes(desk)),
            What::Show => self.shows(desk),
            What::BringAgain => self.brings(desk),
            What::BringWrongly => self.brings_wrongly(desk, usize::try_from(b).unwrap()),
            What::CommitFails => {
                let next = if b % 2 == 0 { Next::Fails } else { Next::FailsButLands };
                self.store.order_after(u8::try_from(b % 3).unwrap(), next);
            }
            What::DiskFull => self.store.order(Next::FailsFromNowOn),
            What::FileFails => self.block_file(log, b % 2 == 0),
            What::Mend => self.mend(),
            What::Crash => self.crashes((b % 3 == 0).then_some(2)),
            What::TimePasses => self.time_passes(if b % 8 == 0 { 30_000 } else { b }),
            What::BackUp => self.copies(),
            What::Restore => self.is_restored(usize::try_from(a).unwrap(), b % 2 == 0, b % 4 != 1),
            What::CloneMachine => self.is_cloned(),
            What::Fill => self.fills(desk),
            What::Cool => self.cools(),
            What::VisitClone => self.visits_clone(desk, usize::try_from(b).unwrap()),
        }
    }
}

/// Tells a story; the error says at which deed it went wrong, and how.
fn tell(deeds: &[Deed], on_server: bool, lived_in: bool) -> Result<(), (usize, String)> {
    let mut at = 0;
    let told = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(on_server, lived_in);
        world.check();
        for deed in deeds {
            world.does(*deed);
            world.check();
            at += 1;
        }
        world.ends();
    }));
    told.map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        (at, said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).into())).unwrap_or_default())
    })
}

/// The same with as few deeds as still go wrong.
fn shortened(deeds: &[Deed], on_server: bool, lived_in: bool) -> (Vec<Deed>, String) {
    let (at, mut why) = tell(deeds, on_server, lived_in).expect_err("it goes wrong each time");
    let mut deeds = deeds[..deeds.len().min(at + 1)].to_vec();
    let mut part = deeds.len() / 2;
    while part > 0 {
        let mut from = 0;
        while from < deeds.len() {
            let mut fewer = deeds.clone();
            fewer.drain(from..(from + part).min(deeds.len()));
            match tell(&fewer, on_server, lived_in) {
                Err((_, said)) => (deeds, why) = (fewer, said),
                Ok(()) => from += part,
            }
        }
        part /= 2;
    }
    (deeds, why)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[test]
fn whatever_happens_no_record_is_lost_or_doubled_and_no_log_forks() {
    let on_server = std::env::var_os("SEKISHO_STORE").is_some_and(|store| store == "postgres");
    let (stories, first) = (number("SEKISHO_STORIES").unwrap_or(6), number("SEKISHO_SEED").unwrap_or(1));
    for seed in first..first + stories {
        let (deeds, lived_in) = (story(seed), seed % 3 == 0);
        if tell(&deeds, on_server, lived_in).is_err() {
            let (deeds, why) = shortened(&deeds, on_server, lived_in);
            let deeds: String = deeds.iter().map(|deed| format!("\n  {deed:?}")).collect();
            panic!("SEKISHO_STORIES=1 SEKISHO_SEED={seed} tells this story again; what is left of it:{deeds}\n{why}");
        }
    }
}
