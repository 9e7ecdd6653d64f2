//! A management key of another algorithm than our card's, held before our card: what other makers' cards come with.

use std::cell::RefCell;
use std::rc::Rc;

use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use sekisho_card::{Transaction, TransportError};
use sekisho_issuer::KeyAlgorithm;

/// 01 02 … 08, over and over: what nearly all makers give their cards.
fn well_known(algorithm: KeyAlgorithm) -> Vec<u8> {
    (1..=8).cycle().take(length(algorithm)).collect()
}

fn length(algorithm: KeyAlgorithm) -> usize {
    match algorithm {
        KeyAlgorithm::Aes128 => 16,
        KeyAlgorithm::TripleDes | KeyAlgorithm::Aes192 => 24,
        KeyAlgorithm::Aes256 => 32,
    }
}

/// What the card does with its key. The card behind it keeps the one that it came with.
#[derive(Clone, Debug)]
pub(crate) struct OtherKey(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    algorithm: KeyAlgorithm,
    key: Vec<u8>,
    /// Which algorithms a new key may have.
    takes: Vec<KeyAlgorithm>,
    /// Whether GET METADATA tells the algorithm.
    tells: bool,
    /// What the card says to a wrong witness.
    to_wrong: [u8; 2],
    witness: Option<Vec<u8>>,
    /// How many wrong answers it has heard.
    wrong: usize,
}

impl OtherKey {
    /// As it comes from the factory.
    pub(crate) fn new(algorithm: KeyAlgorithm, takes: &[KeyAlgorithm]) -> Self {
        let key = well_known(algorithm);
        let (takes, to_wrong) = (takes.to_vec(), [0x69, 0x82]);
        Self(Rc::new(RefCell::new(State { algorithm, key, takes, tells: false, to_wrong, witness: None, wrong: 0 })))
    }

    pub(crate) fn tells(self) -> Self {
        self.0.borrow_mut().tells = true;
        self
    }

    pub(crate) fn says_to_wrong(self, status: [u8; 2]) -> Self {
        self.0.borrow_mut().to_wrong = status;
        self
    }

    pub(crate) fn algorithm(&self) -> KeyAlgorithm {
        self.0.borrow().algorithm
    }

    pub(crate) fn is_well_known(&self) -> bool {
        let state = self.0.borrow();
        state.key == well_known(state.algorithm)
    }

    pub(crate) fn wrong(&self) -> usize {
        self.0.borrow().wrong
    }

    /// The answer to a command that is about the management key; `None` for any other.
    pub(crate) fn answer(
        &self,
        command: &[u8],
        card: &mut impl Transaction,
    ) -> Result<Option<Vec<u8>>, TransportError> {
        let data = command.get(5..).unwrap_or_default();
        Ok(Some(match *command {
            [_, 0xF7, _, 0x9B, ..] if self.0.borrow().tells => {
                vec![0x01, 0x01, self.algorithm().byte(), 0x90, 0x00]
            }
            [_, 0xF7, _, 0x9B, ..] => vec![0x90, 0x00],
            [_, 0x87, p1, 0x9B, ..] if p1 != self.algorithm().byte() => vec![0x6A, 0x86],
            [_, 0x87, _, 0x9B, ..] if data.starts_with(&[0x7C, 0x02, 0x80, 0x00]) => self.witness(),
            [_, 0x87, _, 0x9B, ..] => self.judge(data, card)?,
            [_, 0xFF, ..] if command.len() > 5 => self.replace(data, card)?,
            _ => return Ok(None),
        }))
    }

    fn witness(&self) -> Vec<u8> {
        let mut state = self.0.borrow_mut();
        let block = if state.algorithm == KeyAlgorithm::TripleDes { 8 } else { 16 };
        let mut witness = vec![0; block];
        getrandom::fill(&mut witness).unwrap();
        let sealed = compute(&state, &witness, Direction::Encipher);
        state.witness = Some(witness);
        wrapped(0x80, &sealed)
    }

    fn judge(&self, data: &[u8], card: &mut impl Transaction) -> Result<Vec<u8>, TransportError> {
        let mut state = self.0.borrow_mut();
        let expected = state.witness.take().unwrap_or_default();
        let (shown, challenge) = data.get(4..).unwrap_or_default().split_at(expected.len());
        if shown != expected || expected.is_empty() {
            state.wrong += 1;
            return Ok(state.to_wrong.to_vec());
        }
        let challenge = &challenge[2..2 + expected.len()];
        let answer = wrapped(0x82, &compute(&state, challenge, Direction::Encipher));
        drop(state);
        authenticate_behind(card)?;
        Ok(answer)
    }

    fn replace(&self, data: &[u8], card: &mut impl Transaction) -> Result<Vec<u8>, TransportError> {
        // Whether the card takes orders it says itself, of a key that it refuses in any case.
        let mut reply = Vec::new();
        card.transmit(&[0x00, 0xFF, 0xFF, 0xFF, 0x03, 0x0C, 0x9B, 0x00], &mut reply)?;
        if reply == [0x69, 0x82] {
            return Ok(reply);
        }
        let mut state = self.0.borrow_mut();
        let Some(algorithm) = KeyAlgorithm::from_byte(data[0]).filter(|algorithm| state.takes.contains(algorithm))
        else {
            return Ok(vec![0x6A, 0x80]);
        };
        assert_eq!((data[1], data.len()), (0x9B, 3 + length(algorithm)));
        (state.algorithm, state.key) = (algorithm, data[3..].to_vec());
        Ok(vec![0x90, 0x00])
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Encipher,
    Decipher,
}

/// The card behind takes orders from whoever has convinced the one in front.
fn authenticate_behind(card: &mut impl Transaction) -> Result<(), TransportError> {
    let state = State {
        algorithm: KeyAlgorithm::Aes256,
        key: well_known(KeyAlgorithm::Aes256),
        takes: Vec::new(),
        tells: false,
        to_wrong: [0; 2],
        witness: None,
        wrong: 0,
    };
    let mut reply = Vec::new();
    card.transmit(&[0x00, 0x87, 0x0C, 0x9B, 0x04, 0x7C, 0x02, 0x80, 0x00, 0x00], &mut reply)?;
    let witness = compute(&state, &reply[4..20], Direction::Decipher);
    let head = [0x00, 0x87, 0x0C, 0x9B, 0x26, 0x7C, 0x24, 0x80, 0x10];
    card.transmit(&[&head[..], &witness, &[0x81, 0x10], &[7; 16], &[0x00]].concat(), &mut reply)?;
    assert!(reply.ends_with(&[0x90, 0x00]), "the card behind");
    Ok(())
}

fn wrapped(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    [&[0x7C, length + 2, tag, length][..], bytes, &[0x90, 0x00]].concat()
}

fn compute(state: &State, block: &[u8], direction: Direction) -> Vec<u8> {
    fn with<C: KeyInit + BlockEncrypt + BlockDecrypt>(key: &[u8], block: &mut [u8], direction: Direction) {
        let cipher = C::new_from_slice(key).unwrap();
        match direction {
            Direction::Encipher => cipher.encrypt_block(GenericArray::from_mut_slice(block)),
            Direction::Decipher => cipher.decrypt_block(GenericArray::from_mut_slice(block)),
        }
    }
    let mut block = block.to_vec();
    match state.algorithm {
        KeyAlgorithm::TripleDes => with::<TdesEde3>(&state.key, &mut block, direction),
        KeyAlgorithm::Aes128 => with::<Aes128>(&state.key, &mut block, direction),
        KeyAlgorithm::Aes192 => with::<Aes192>(&state.key, &mut block, direction),
        KeyAlgorithm::Aes256 => with::<Aes256>(&state.key, &mut block, direction),
    }
    block
}
