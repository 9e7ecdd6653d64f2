//! A card in the same process, and a transport that counts, records and cuts.

use std::cell::RefCell;
use std::rc::Rc;

use sekisho_card::{
    Cause, Disposition, Doing, Lengths, LoginError, OperatorCard, Transaction, Transport, TransportError,
};
use sekisho_issuer::{CardManagementSecret, Day, Issuer, OfficeCa, Order, Personalised, PinChoice, PinRules, Validity};
use sekisho_simulator::{InProcess, Memory, SharedCard, SimulatedCard};
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::secret::{Pin, SecretBytes};

use crate::other_key::OtherKey;

pub(crate) const READER: &str = "test reader";

pub(crate) type Card = SharedCard<Memory>;

pub(crate) fn blank() -> Card {
    SharedCard::inserted(SimulatedCard::blank(Memory::default(), [0, 0, 0, 1]).unwrap())
}

pub(crate) fn secret() -> CardManagementSecret {
    CardManagementSecret::new(SecretBytes::new([0x5E; 32]))
}

pub(crate) fn validity() -> Validity {
    Validity { from: Day::new(2026, 4, 1).unwrap(), until: Day::new(2031, 3, 31).unwrap() }
}

pub(crate) fn ca() -> OfficeCa {
    OfficeCa::create("関所市", validity()).unwrap()
}

pub(crate) fn pin(typed: &[u8]) -> Pin {
    Pin::parse(typed).unwrap()
}

pub(crate) fn order(pin: PinChoice) -> Order<'static> {
    Order { number: "令和8年度第12号", validity: validity(), rules: RULES, pin }
}

/// What the office asks of PINs.
pub(crate) const RULES: PinRules = PinRules { tries: 5, policy: PinPolicy::DEFAULT };

/// A card personalised with PIN 493716.
pub(crate) fn personalised() -> (Card, Personalised) {
    personalised_as(Maker::Ours)
}

/// The same on another maker's card.
pub(crate) fn personalised_as(maker: Maker) -> (Card, Personalised) {
    let card = blank();
    let secret = secret();
    let (transport, _) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
    let mut issuer = Issuer::open(transport.made_by(maker), &secret).unwrap();
    let made = issuer.personalise(order(PinChoice::Chosen(pin(b"493716"))), &ca()).unwrap();
    issuer.close(Disposition::Reset).unwrap();
    (card, made)
}

/// Logs in with a PIN that was handed over: not before its holder has made it one of hers.
pub(crate) fn log_in_first(card: &mut OperatorCard<InProcess<Memory>>, given: &Pin) {
    assert_eq!(card.login(given, &[1; 32]).unwrap_err(), LoginError::MustChange);
    let own = pin(b"7g3k9x");
    card.change_pin(given, &own).unwrap();
    card.login(&own, &[1; 32]).unwrap();
}

pub(crate) fn in_use(card: &Card) -> OperatorCard<InProcess<Memory>> {
    OperatorCard::open(card.connect(READER).unwrap()).unwrap()
}

/// Where the connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Never,
    /// This command does not reach the card.
    Before(usize),
    /// This command is carried out, its answer lost.
    After(usize),
}

/// What went by.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) commands: Vec<Vec<u8>>,
}

impl Watch {
    pub(crate) fn starting_with(&self, header: &[u8]) -> usize {
        self.commands.iter().filter(|command| command.starts_with(header)).count()
    }
}

/// A connection that is watched, and cut where the test says. Once cut it stays so.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    inner: T,
    watch: Rc<RefCell<Watch>>,
    cut: Cut,
    lengths: Lengths,
    maker: Maker,
    key: Option<OtherKey>,
}

/// Whose card it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// Ours.
    Ours,
    /// Somebody's who knows Yubico's SET TRIES; no policies, no RESET for its issuer, no end.
    WithTries,
    /// Somebody's who does not know that either.
    PlainPiv,
    /// The same, and it says nothing more than this (two bytes) to this instruction.
    Lacking(u8, [u8; 2]),
}

impl Maker {
    /// What such a card answers where ours would do something.
    fn refuses(self, command: &[u8]) -> Option<[u8; 2]> {
        let policy = command.windows(3).any(|tag| tag == [0x5F, 0xFF, 0x20]);
        let maker = match self {
            Self::Lacking(instruction, answer) if command.get(1) == Some(&instruction) => return Some(answer),
            Self::Lacking(..) => Self::PlainPiv,
            Self::Ours | Self::WithTries | Self::PlainPiv => self,
        };
        match (maker, command.get(1)) {
            (Self::Ours, _) => None,
            (Self::WithTries | Self::PlainPiv, Some(0xFB)) => Some([0x69, 0x85]),
            (Self::WithTries | Self::PlainPiv, Some(0xE6)) | (Self::PlainPiv, Some(0xFA)) => Some([0x6D, 0x00]),
            (Self::WithTries | Self::PlainPiv, Some(0xCB)) if policy => Some([0x6A, 0x82]),
            (Self::WithTries | Self::PlainPiv | Self::Lacking(..), _) => None,
        }
    }
}

impl<T: Transport> Watched<T> {
    pub(crate) fn new(inner: T, cut: Cut, lengths: Lengths) -> (Self, Rc<RefCell<Watch>>) {
        let watch = Rc::<RefCell<Watch>>::default();
        (Self { inner, watch: Rc::clone(&watch), cut, lengths, maker: Maker::Ours, key: None }, watch)
    }

    /// As if another maker had made the card.
    pub(crate) fn made_by(self, maker: Maker) -> Self {
        Self { maker, ..self }
    }

    /// With a management key of its own.
    pub(crate) fn managed_with(self, key: &OtherKey) -> Self {
        Self { key: Some(key.clone()), ..self }
    }
}

pub(crate) struct WatchedTransaction<'card, X> {
    inner: X,
    watch: &'card RefCell<Watch>,
    cut: Cut,
    maker: Maker,
    key: Option<&'card OtherKey>,
}

impl<T: Transport> Transport for Watched<T> {
    type Transaction<'card>
        = WatchedTransaction<'card, T::Transaction<'card>>
    where
        Self: 'card;

    fn reader_name(&self) -> &str {
        self.inner.reader_name()
    }

    fn lengths(&self) -> Lengths {
        self.lengths
    }

    fn begin(&mut self) -> Result<Self::Transaction<'_>, TransportError> {
        Ok(WatchedTransaction {
            inner: self.inner.begin()?,
            watch: &self.watch,
            cut: self.cut,
            maker: self.maker,
            key: self.key.as_ref(),
        })
    }

    fn close(self, disposition: Disposition) -> Result<(), TransportError> {
        self.inner.close(disposition)
    }
}

impl<X: Transaction> Transaction for WatchedTransaction<'_, X> {
    fn transmit(&mut self, command: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        let number = self.watch.borrow().commands.len();
        self.watch.borrow_mut().commands.push(command.to_vec());
        if let Some(refusal) = self.maker.refuses(command) {
            reply.clear();
            reply.extend(refusal);
            return Ok(());
        }
        let broken = Err(TransportError::new(Doing::Transmit, READER, Cause::ReaderFault));
        match self.cut {
            Cut::Before(at) if number >= at => broken,
            Cut::After(at) if number > at => broken,
            Cut::After(at) if number == at => self.carry_out(command, reply).and(broken),
            Cut::Never | Cut::Before(_) | Cut::After(_) => self.carry_out(command, reply),
        }
    }

    fn end(self, disposition: Disposition) -> Result<(), TransportError> {
        self.inner.end(disposition)
    }
}

impl<X: Transaction> WatchedTransaction<'_, X> {
    fn carry_out(&mut self, command: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        if let Some(key) = self.key
            && let Some(answer) = key.answer(command, &mut self.inner)?
        {
            *reply = answer;
            return Ok(());
        }
        // Our card takes the factory's PUK and PIN back only by SET TRIES; cards that do not know that take them as any.
        let plain = matches!(self.maker, Maker::PlainPiv);
        if plain && command.starts_with(&[0x00, 0x24, 0x00, 0x81]) && command.ends_with(b"12345678") {
            return self.inner.transmit(&[0x00, 0xFA, 0x05, 0x05], reply);
        }
        if plain && command.starts_with(&[0x00, 0x2C]) && command.ends_with(b"123456\xFF\xFF") {
            return self.inner.transmit(&[&command[..13], b"805294\xFF\xFF"].concat(), reply);
        }
        self.inner.transmit(command, reply)?;
        // Nor does every card count aloud.
        if plain && command.starts_with(&[0x00, 0x24]) && reply.first() == Some(&0x63) {
            *reply = vec![0x63, 0x00];
        }
        Ok(())
    }
}
