//! Every write of the ledger is broken twice: it fails, and it fails although it landed. Whoever was refused asks again, and what is there at the end is
//! what would be there had nothing been broken. Destruction, erased names and cold segments have the same in their own files. `SEKISHO_STORE=postgres` tells it with the
//! book on a server.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use sekisho_ledger::authority::{Caller, TlsKey};
use sekisho_ledger::clock::{Clock, DAY};
use sekisho_ledger::code::{Code as LedgerCode, CodeSecret};
use sekisho_ledger::command;
use sekisho_ledger::enrol::Applicant;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::LogName;
use sekisho_register::Act;
use sekisho_register::act::Proposal;
use sekisho_register::change::{Change, Log, RequireVersion};
use sekisho_wire::batch::enrol_digest;

use crate::faulty::{FaultyStore, Next};
use crate::office::faulty_town_at;
use crate::refill::a_day_later;
use crate::town::{TestTerminal, Town, blank_act, code, opened, sign_act};

/// A town, and what somebody would send again who was refused.
struct Story {
    town: Town,
    other: TestTerminal,
    request: Vec<u8>,
    code: Option<String>,
    proposal: Vec<u8>,
    again: Option<Vec<u8>>,
}

fn faulty_town() -> (Town, Arc<FaultyStore>) {
    let on_server = std::env::var_os("SEKISHO_STORE").is_some_and(|store| store == "postgres");
    faulty_town_at(on_server.then(crate::postgres::database))
}

type Deed = fn(&mut Story) -> Result<(), Refusal>;

const DEEDS: [Deed; 9] = [
    |story| {
        let (line, _) = story.town.ledger.invite(&story.town.office, &code("mado-2"), &code("10001"))?;
        story.code = Some(line);
        Ok(())
    },
    |story| story.town.ledger.enrol(story.applicant()).map(drop),
    |story| {
        let registration = Change::Terminal(Box::new(story.other.registration()));
        story.submit(|town| town.act(vec![registration]))
    },
    |story| {
        let caller = Caller { peer: story.other.peer.clone(), tls_key: TlsKey::of_request(&story.request).unwrap() };
        story.town.ledger.renew(&caller, &story.request).map(drop)
    },
    |story| story.send(3),
    |story| {
        let version = Change::RequireVersion(RequireVersion { version: 1 });
        story.submit(|town| sign_act(&draft(town, Log::Casebook, vec![version]), &town.mayor))?;
        story.proposal = story.again.clone().unwrap();
        Ok(())
    },
    |story| {
        let proposal = Proposal(story.proposal.clone());
        story.submit(|town| {
            sign_act(&Act { proposal: Some(proposal), ..draft(town, Log::Register, Vec::new()) }, &town.deputy)
        })
    },
    // Of another month: a payload key is made, and it is said that the terminal's clock is off,
    |story| story.send(2),
    // now if it could not be before.
    |story| story.send(1),
];

/// The deed before which a day, and the one before which a month has passed.
const NEXT_DAY: usize = 3;
const NEXT_MONTH: usize = 7;

fn draft(town: &Town, log: Log, changes: Vec<Change>) -> Act {
    let register = town.ledger.office(&town.office).unwrap().register();
    Act {
        office: town.office,
        log,
        seen_size: register.size(),
        seen_root: register.root(),
        post: Some(code("managers")),
        ..blank_act(town.clock.now(), changes)
    }
}

impl Story {
    fn over(town: Town) -> Self {
        let other = TestTerminal::new(town.office, "mado-2", [7; 32], town.terminal.envelope.clone());
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let request = CertificateParams::default().serialize_request(&key).unwrap().der().to_vec();
        Self { town, other, request, code: None, proposal: Vec::new(), again: None }
    }

    fn applicant(&self) -> Applicant {
        let line = LedgerCode::from_line(self.code.as_ref().unwrap()).unwrap();
        let secret = STANDARD.decode(line.secret.as_bytes()).unwrap();
        let digest = enrol_digest(secret.as_slice().try_into().unwrap(), &self.request);
        Applicant {
            peer: self.other.peer.clone(),
            secret: CodeSecret::from_base64(&line.secret).unwrap(),
            key: self.other.key.verifying_key().to_bytes(),
            request: self.request.clone(),
            proof: self.other.key.sign(&digest).to_bytes(),
        }
    }

    fn submit(&mut self, sign: impl FnOnce(&Town) -> Vec<u8>) -> Result<(), Refusal> {
        let town = &self.town;
        let act = self.again.get_or_insert_with(|| sign(town)).clone();
        town.ledger.submit(&town.office, act, Vec::new()).map(drop)
    }

    fn send(&mut self, count: u64) -> Result<(), Refusal> {
        let (batch, after) = self.town.terminal.batch(count);
        self.town.deliver(&batch)?;
        self.town.terminal = after;
        Ok(())
    }

    /// Tells all of it; whoever is refused asks again, perhaps a ledger that was started anew meanwhile.
    fn tell(&mut self, restarts: bool) {
        for (number, deed) in DEEDS.into_iter().enumerate() {
            self.town.clock.advance(match number {
                NEXT_DAY => DAY,
                NEXT_MONTH => 40 * DAY,
                _ => 1,
            });
            self.again = None;
            let mut tries = 0;
            while let Err(refused) = deed(self) {
                assert!(matches!(refused, Refusal::Unavailable { .. }), "deed {number}: {refused}");
                tries += 1;
                assert!(tries < 3, "deed {number} does not go on: {refused}");
                if restarts {
                    self.town.ledger =
                        Ledger::open_with(&self.town.data, self.town.clock.clone(), opened(&self.town.data), None)
                            .unwrap();
                }
            }
        }
        self.town.publish();
    }
}

/// What is there: entries of register and casebook, the terminal's records, enrolments, certificates, payload keys.
fn there(town: &Town) -> (u64, u64, u64, usize, usize) {
    let store = opened(&town.data);
    let [_, register, casebook] = town.sizes();
    let sent = town.ledger.cursor(&town.terminal.peer, 0).unwrap().expected;
    let enrolments = store.enrolments_of(&town.office, &code("mado-2")).unwrap();
    assert!(enrolments.iter().all(|enrolment| !enrolment.certificate.is_empty()));
    (register, casebook, sent, enrolments.len(), store.keys(&town.office).unwrap().len())
}

#[test]
fn every_write_may_fail_or_fail_and_land_and_what_is_there_at_the_end_is_the_same() {
    let (town, store) = faulty_town();
    let before = store.changes();
    let mut story = Story::over(town);
    story.tell(false);
    let (writes, whole) = (store.changes() - before, there(&story.town));
    assert!(writes >= DEEDS.len());
    for number in 0..u8::try_from(writes).unwrap() {
        for (next, restarts) in [(Next::Fails, number % 2 == 0), (Next::FailsButLands, number % 2 == 1)] {
            let (town, store) = faulty_town();
            store.order_after(number, next);
            let mut story = Story::over(town);
            story.tell(restarts);
            assert!(!store.is_spoiled(), "write {number} was met by {next:?}");
            assert_eq!(there(&story.town), whole, "write {number}, {next:?}, {restarts}");
            assert_eq!(
                command::fsck(&story.town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {})
                    .unwrap()
                    .findings,
                []
            );
        }
    }
}

#[test]
fn every_write_of_a_refill_may_fail_or_fail_and_land() {
    let mut number = 0;
    loop {
        let mut met = false;
        for next in [Next::Fails, Next::FailsButLands] {
            let (mut town, copy, held) = a_day_later();
            let sizes = town.sizes();
            town.put_back(&copy);
            let store = Arc::new(FaultyStore::over(opened(&town.data)));
            town.ledger = Ledger::open_with(&town.data, town.clock.clone(), Arc::clone(&store) as _, None).unwrap();
            town.shows(&held.shown);
            let from = town.sizes()[LogName::Register.number()];
            store.order_after(number, next);
            let mut tries = 0;
            while !town.ledger.wanted(&town.office).unwrap().is_empty() {
                let peer = &town.terminal.peer;
                let acts = held.acts[usize::try_from(from).unwrap()..].to_vec();
                let _ = town.ledger.refill_register(peer, from, acts, &held.names);
                let _ = town.ledger.refill_kept(&town.office, &held.kept);
                for (index, batch) in &held.batches {
                    let _ = town.ledger.refill_records(peer, *index, &batch.envelope(&town.terminal));
                }
                tries += 1;
                assert!(tries < 6, "write {number}, {next:?}: it does not go on");
            }
            met |= !store.is_spoiled();
            store.order(Next::Works);
            let filled = town.sizes();
            // Of the ledger's own: that a log goes on.
            assert!(filled[0] >= sizes[0] && filled[1..] == sizes[1..], "write {number}, {next:?}");
            town.shows(&held.shown);
            assert!(town.ledger.wanted(&town.office).unwrap().is_empty(), "it is the same tree");
            town.send(1);
            town.publish();
            assert_eq!(
                command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
                []
            );
        }
        if !met {
            assert!(number >= 3, "a refill writes");
            return;
        }
        number += 1;
    }
}
