//! The whole card, on its flash, through a life of commands and cut power. Beside it runs what has to be true of any card: a model that knows
//! PIN, PUK and management key, and nothing of how the card works.

use std::sync::OnceLock;

use aes::Aes256;
use aes::cipher::{BlockDecrypt, KeyInit};
use heapless::Vec as Fixed;
use sekisho_card_app::platform::{Platform, RandomFailed};
use sekisho_card_app::{ANSWER_MAX, COMMAND_MAX, Card, FACTORY_MANAGEMENT_KEY};
use sekisho_wire::apdu::{Answer, Command};
use sekisho_wire::piv::{Instruction, Object};
use sekisho_wire::status::Status;

use crate::powered::{Cut, CutFlash, Powered, Reached};
use crate::script::Script;

type Field = [u8; 8];

const FACTORY_PIN: Field = *b"123456\xFF\xFF";
const FACTORY_PUK: Field = *b"12345678";
/// What makes a header look as if it meant something.
const PARAMETERS: [u8; 12] = [0x00, 0x04, 0x0C, 0x11, 0x3F, 0x80, 0x81, 0x9A, 0x9B, 0x9C, 0x9E, 0xFF];
/// How many steps one life has.
const STEPS: usize = 48;
/// The private keys of this card are of this length, and nothing else that is drawn is.
const SCALAR: usize = 32;

/// The platform, with an eye on what is drawn for private keys.
struct Watched {
    powered: Powered,
    scalars: Vec<[u8; SCALAR]>,
}

impl Platform for Watched {
    type Flash = CutFlash;

    fn flash(&mut self) -> &mut CutFlash {
        &mut self.powered.flash
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        self.powered.random(out)?;
        self.scalars.extend(<[u8; SCALAR]>::try_from(&*out));
        Ok(())
    }
}

/// What may be right: after a cut there may be two.
struct Known<T>(Vec<T>);

impl<T: PartialEq + Copy> Known<T> {
    fn has(&self, one: &T) -> bool {
        self.0.contains(one)
    }

    /// It is this one, or, when the power went, this one or what it was.
    fn becomes(&mut self, one: T, sure: bool) {
        if sure {
            self.0.clear();
        }
        self.0.push(one);
    }
}

struct Life {
    card: Option<Card<Watched>>,
    pin: Known<Field>,
    puk: Known<Field>,
    management: Known<[u8; 32]>,
    /// The right PIN was shown and nothing has ended that.
    shown: bool,
    /// Nothing but that was said since.
    fresh: bool,
    managed: bool,
    /// Blocks of a chain that is under way, with their header.
    chain: Option<([u8; 3], Vec<u8>)>,
    tries: (u8, u8),
    terminated: bool,
}

/// A card with a key in each slot, as an image of its flash, and those keys.
fn personalised() -> &'static (Vec<u8>, Vec<[u8; SCALAR]>) {
    static CARD: OnceLock<(Vec<u8>, Vec<[u8; SCALAR]>)> = OnceLock::new();
    CARD.get_or_init(|| {
        let watched = Watched { powered: Powered::erased(), scalars: vec![] };
        let card = Card::manufacture(watched, [1, 2, 3, 4]).expect("a blank card");
        let mut life = Life::of(card);
        life.manage();
        assert!(life.managed, "the factory's key opens a blank card");
        for slot in [0x9A, 0x9C, 0x9D, 0x9E] {
            life.say(&[0x00, 0x47, 0x00, slot, 0x05, 0xAC, 0x03, 0x80, 0x01, 0x11, 0x00]);
        }
        let watched = life.card.take().expect("it is there").into_platform();
        assert_eq!(watched.scalars.len(), 4, "a key for each slot");
        (watched.powered.image(), watched.scalars)
    })
}

/// Whatever a card hears, and whenever its power goes: it neither panics nor answers more than was asked for; tries come back only to who knows the
/// PIN; keys that want the PIN sign only after it; only who holds the management key writes; no private key leaves.
pub fn card(bytes: &[u8]) {
    let (image, scalars) = personalised();
    let watched = Watched { powered: Powered::with(image), scalars: scalars.clone() };
    let mut life = Life::of(Card::new(watched));
    let mut script = Script(bytes);
    for _ in 0..STEPS {
        if life.step(&mut script).is_none() {
            break;
        }
    }
    life.restart();
    let (serial, status) = life.transmit(&[0x00, 0xF8, 0x00, 0x00, 0x00]);
    assert!(status.is_ok() && serial == [1, 2, 3, 4], "the card has lost its number");
}

impl Life {
    fn of(card: Card<Watched>) -> Self {
        Self {
            card: Some(card),
            pin: Known(vec![FACTORY_PIN]),
            puk: Known(vec![FACTORY_PUK]),
            management: Known(vec![FACTORY_MANAGEMENT_KEY]),
            shown: false,
            fresh: false,
            managed: false,
            chain: None,
            tries: (5, 5),
            terminated: false,
        }
    }

    fn step(&mut self, script: &mut Script<'_>) -> Option<()> {
        match script.byte()? % 10 {
            0 => self.say(script.piece()?),
            1 => {
                // The right one, or one of which a digit may be another.
                let (mut pin, twist) = (*self.pin.0.first()?, script.byte()?);
                if twist > 0x7F {
                    pin[usize::from(twist % 6)] = b'0' + twist / 6 % 10;
                }
                self.say(&[&[0x00, 0x20, 0x00, 0x80, 0x08][..], &pin].concat());
            }
            2 => self.manage(),
            3 => self.restart(),
            4 => {
                self.card.as_mut()?.reset();
                self.forget();
            }
            5 => {
                let reached = match script.byte()? {
                    0 => Reached::End,
                    cells => Reached::Bytes(usize::from(cells) % 4, script.byte()?),
                };
                let cut = Cut { change: usize::from(script.byte()? % 12), reached };
                self.card.as_mut()?.platform().powered.cut(cut);
            }
            6 => self.write(script.one_of(&Object::ALL)?, script.number()? % (COMMAND_MAX + 8), script.byte()?),
            7 => {
                let slot = script.one_of(&[0x9A, 0x9C, 0x9D, 0x9E])?;
                let template = [&[0x7C, 0x24, 0x82, 0x00, 0x81, 0x20][..], &[script.byte()?; 32]].concat();
                self.say(&[&[0x00, 0x87, 0x11, slot, 0x26][..], &template, &[script.byte()?]].concat());
            }
            8 => self.change(script)?,
            _ => {
                let chained = script.one_of(&[0x00, 0x00, 0x00, 0x10])?;
                let instruction = script.one_of(&Instruction::ALL)?.byte();
                let (p1, p2) = (script.one_of(&PARAMETERS)?, script.one_of(&PARAMETERS)?);
                let data = script.piece()?;
                let length = u8::try_from(data.len()).ok()?;
                let body = if data.is_empty() { vec![] } else { [&[length][..], data].concat() };
                self.say(&[&[chained, instruction, p1, p2][..], &body, &[script.byte()?]].concat());
            }
        }
        Some(())
    }

    /// CHANGE REFERENCE DATA or RESET RETRY COUNTER by who knows what it takes, or nearly.
    fn change(&mut self, script: &mut Script<'_>) -> Option<()> {
        let (instruction, p2) = script.one_of(&[(0x24, 0x80), (0x24, 0x81), (0x2C, 0x80)])?;
        let known = if (instruction, p2) == (0x24, 0x80) { &self.pin } else { &self.puk };
        let mut old = *known.0.first()?;
        old[5] ^= script.byte()? & 0x01;
        let mut new = *b"49371680";
        new[script.one_of(&[0, 3, 5])?] = b'0' + script.byte()? % 10;
        self.say(&[&[0x00, instruction, 0x00, p2, 0x10][..], &old, &new].concat());
        Some(())
    }

    fn write(&mut self, object: Object, length: usize, filling: u8) {
        let mut data = Fixed::<u8, 4000>::new();
        object.write_tag_list(&mut data).expect("there is room");
        let content = vec![filling; length];
        sekisho_wire::tlv::Writer::new(&mut data).object(sekisho_wire::piv::TAG_DATA, &content).expect("there is room");
        let mut bytes = Fixed::<u8, 4016>::new();
        Command::new(0, 0xDB, 0x3F, 0xFF).with_data(&data).encode_extended(&mut bytes).expect("there is room");
        self.say(&bytes);
    }

    /// The dialogue of who holds the management key, through to its end.
    fn manage(&mut self) {
        self.chain = None;
        self.fresh = false;
        let key = self.management.0.clone().into_iter().find(|key| self.authenticate(key));
        self.managed = key.is_some();
        if let Some(key) = key {
            self.management.becomes(key, true);
        }
        self.after();
    }

    fn authenticate(&mut self, key: &[u8; 32]) -> bool {
        let (answer, status) = self.transmit(&[0x00, 0x87, 0x0C, 0x9B, 0x04, 0x7C, 0x02, 0x80, 0x00, 0x00]);
        let Some(witness) = answer.get(4..20).filter(|_| status.is_ok()) else { return false };
        let mut block = <[u8; 16]>::try_from(witness).expect("sixteen").into();
        Aes256::new(key.into()).decrypt_block(&mut block);
        let parts = [&[0x7C, 0x24, 0x80, 0x10][..], &block, &[0x81, 0x10], &[7; 16]].concat();
        let (_, status) = self.transmit(&[&[0x00, 0x87, 0x0C, 0x9B, 0x26][..], &parts, &[0x00]].concat());
        status.is_ok()
    }

    /// One command, and what has to be true of its answer.
    fn say(&mut self, bytes: &[u8]) {
        let (_, status) = self.transmit(bytes);
        match self.gathered(bytes) {
            Some((header, data)) => self.judge(header, &data, status),
            // A block of a chain, or nothing that is a command: nobody learns anything by it, no try comes back.
            None => self.after(),
        }
    }

    /// The command as the card should understand it: blocks of a chain put together (§C4).
    fn gathered(&mut self, bytes: &[u8]) -> Option<([u8; 3], Vec<u8>)> {
        let before = self.chain.take();
        let command = Command::parse(bytes).ok().filter(|command| command.class & !0x10 == 0)?;
        let header = [command.instruction, command.p1, command.p2];
        let mut data = before.filter(|(of, _)| *of == header).map_or(vec![], |(_, data)| data);
        data.extend_from_slice(command.data);
        if !command.is_chained() || command.instruction == Instruction::GetResponse.byte() {
            return Some((header, data));
        }
        if data.len() <= COMMAND_MAX {
            self.chain = Some((header, data));
        }
        None
    }

    fn judge(&mut self, header: [u8; 3], data: &[u8], status: Status) {
        let whole = !self.cut();
        let done = (status.is_ok() || status.bytes_waiting().is_some()) && !self.terminated;
        let fields = data.split_first_chunk::<8>();
        let (mut pin_known, mut puk_known) = (false, false);
        match (Instruction::from_byte(header[0]), header[2]) {
            (Some(Instruction::Verify), 0x80) if header[1] == 0 && !data.is_empty() => {
                pin_known = fields.is_some_and(|(pin, rest)| rest.is_empty() && self.pin.has(pin));
                assert!(pin_known || !done, "a wrong PIN was taken");
                // What is no PIN changes nothing (SP 800-73-4 part 2, 3.2.1).
                if status != Status::WRONG_DATA || pin_known {
                    self.shown = done;
                    self.fresh = done;
                }
            }
            (Some(Instruction::Verify), 0x80) if header[1] == 0 => assert!(self.shown || !done, "verified by nobody"),
            (Some(Instruction::Verify), _) if done => self.shown = false,
            (Some(Instruction::ChangeReferenceData), of @ (0x80 | 0x81)) => {
                let known = if of == 0x80 { &mut self.pin } else { &mut self.puk };
                let right = fields.is_some_and(|(old, _)| known.has(old));
                assert!(right || !done, "a wrong PIN or PUK was taken");
                if let Some((_, new)) = fields.filter(|_| right && (done || !whole))
                    && let Ok(new) = new.try_into()
                {
                    known.becomes(new, whole);
                }
                if of == 0x80 {
                    pin_known = right
                } else {
                    puk_known = right
                }
                self.shown &= !done;
            }
            (Some(Instruction::ResetRetryCounter), 0x80) => {
                puk_known = fields.is_some_and(|(puk, _)| self.puk.has(puk));
                assert!(puk_known || !done, "a wrong PUK was taken");
                // Who knows the PUK may have the PIN's tries.
                pin_known = puk_known;
                if let Some((_, new)) = fields.filter(|_| puk_known && (done || !whole))
                    && let Ok(new) = new.try_into()
                {
                    self.pin.becomes(new, whole);
                }
                self.shown &= !done;
            }
            (Some(Instruction::GeneralAuthenticate), slot) => {
                let wants_pin = matches!(slot, 0x9A | 0x9C | 0x9D);
                assert!(!done || !wants_pin || self.shown, "a key was used without the PIN");
                assert!(!done || slot != 0x9C || self.fresh, "9C was used twice for one PIN");
                self.fresh = false;
                if slot == 0x9B {
                    self.managed = false;
                }
            }
            (Some(Instruction::PutData | Instruction::GenerateKeyPair | Instruction::SetManagementKey), _) => {
                assert!(!done || self.managed, "written by who does not hold the management key");
                let key = data.split_last_chunk::<32>().map(|(_, key)| *key);
                if let Some(key) = key.filter(|_| header[0] == 0xFF && self.managed && (done || !whole)) {
                    self.management.becomes(key, whole);
                }
            }
            (Some(Instruction::SetTries), _) => {
                assert!(!done || (self.managed && self.shown), "tries set by who may not");
                if self.managed && self.shown && (done || !whole) {
                    self.factory(whole, false);
                    (pin_known, puk_known) = (true, true);
                }
            }
            (Some(Instruction::Reset), _) => {
                let may = self.managed || self.tries == (0, 0);
                assert!(!done || may, "reset by who may not");
                if may && (done || !whole) {
                    self.factory(whole, true);
                    (pin_known, puk_known) = (true, true);
                }
            }
            (Some(Instruction::Terminate), _) => {
                assert!(!done || self.managed, "terminated by who may not");
                self.terminated |= self.managed && (done || !whole);
            }
            (Some(_) | None, _) => {}
        }
        let before = self.tries;
        self.look(pin_known, puk_known);
        if !whole {
            return self.restart();
        }
        if let Some(left) = status.pin_tries_left().filter(|_| !data.is_empty()) {
            let of_puk = (header[0], header[2]) != (0x20, 0x80) && (header[0], header[2]) != (0x24, 0x80);
            let (had, has) = if of_puk { (before.1, self.tries.1) } else { (before.0, self.tries.0) };
            assert!(has == left && (left < had || left == 0), "a wrong one cost nothing: {had}, {has}, said {left}");
        }
    }

    /// PIN and PUK are the factory's; the management key too, where all is.
    fn factory(&mut self, sure: bool, all: bool) {
        self.pin.becomes(FACTORY_PIN, sure);
        self.puk.becomes(FACTORY_PUK, sure);
        if all {
            self.management.becomes(FACTORY_MANAGEMENT_KEY, sure);
            self.managed = false;
        }
        self.shown = false;
        self.fresh = false;
    }

    /// Nothing was said that could change anything.
    fn after(&mut self) {
        self.look(false, false);
        if self.cut() {
            self.restart();
        }
    }

    /// How many tries a card with this flash has: they come back only to who knows.
    fn look(&mut self, pin_known: bool, puk_known: bool) {
        let Some(card) = self.card.as_mut() else { return };
        let watched = Watched { powered: Powered::with(&card.platform().powered.image()), scalars: vec![] };
        let mut probe = Card::new(watched);
        let Some(tries) = tries_left(&mut probe) else { return };
        assert!(tries.0 <= self.tries.0 || pin_known, "{:?} tries came back: {tries:?}", self.tries);
        assert!(tries.1 <= self.tries.1 || puk_known, "{:?} tries of the PUK came back: {tries:?}", self.tries);
        self.tries = tries;
    }

    fn cut(&mut self) -> bool {
        self.card.as_mut().is_some_and(|card| card.platform().powered.is_cut())
    }

    /// Power gone, power back.
    fn restart(&mut self) {
        let watched = self.card.take().expect("there is a card").into_platform();
        let powered = watched.powered.restored();
        self.card = Some(Card::new(Watched { powered, ..watched }));
        self.forget();
    }

    fn forget(&mut self) {
        self.shown = false;
        self.fresh = false;
        self.managed = false;
        self.chain = None;
    }

    fn transmit(&mut self, bytes: &[u8]) -> (Vec<u8>, Status) {
        let card = self.card.as_mut().expect("there is a card");
        let (answer, status) = transmit(card, bytes);
        if let Ok(command) = Command::parse(bytes) {
            assert!(answer.len() <= command.accepted_length(), "more than was asked for");
        }
        let scalars = &card.platform().scalars;
        let leaks = answer.windows(SCALAR).any(|window| scalars.iter().any(|scalar| scalar == window));
        assert!(!leaks, "a private key left the card");
        (answer, status)
    }
}

fn transmit(card: &mut Card<Watched>, bytes: &[u8]) -> (Vec<u8>, Status) {
    let mut reply = Fixed::<u8, ANSWER_MAX>::new();
    card.handle(bytes, &mut reply);
    let answer = Answer::parse(&reply).expect("every answer ends in a status word");
    (answer.data.to_vec(), answer.status)
}

/// Of PIN and PUK; `None` from a card that has ended.
fn tries_left(card: &mut Card<Watched>) -> Option<(u8, u8)> {
    let (_, status) = transmit(card, &[0x00, 0x20, 0x00, 0x80]);
    let pin = status.pin_tries_left()?;
    let (metadata, status) = transmit(card, &[0x00, 0xF7, 0x00, 0x81, 0x00]);
    assert!(status.is_ok(), "a card that counts PIN tries counts those of the PUK");
    Some((pin, *metadata.last().expect("metadata end in a count")))
}
