//! Cards that are difficult in ways in which real ones are: a good card, and something between it and the reader.

use std::io;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use crate::contacts::{Contacts, Power};

/// How a card is difficult.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difficulty {
    /// It speaks T=0: what it has to say is fetched (61xx), and Le has to be exact (6Cxx).
    T0,
    /// It takes short APDUs alone.
    ShortOnly,
    /// It knows PIV and nothing else: no Discovery, no metadata, serial or version, no PIN policy.
    Plain,
    /// A signature takes it two seconds.
    Slow,
    /// Selecting another application ends PIV, also one that is not there.
    Forgetful,
    /// Somebody else keeps its PIN verified, from the first right PIN on.
    Ridden,
    /// It says what it is, and then nothing more.
    Mute,
    /// At the first PIN it has judged, it falls out of the reader.
    FallsOutAtVerify,
    /// Each time it has power, it answers command number `at`, counted from 1, wrongly.
    Wrong {
        /// Which command.
        at: usize,
        /// What it answers.
        how: Wrong,
    },
}

/// A wrong answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing.
    Empty,
    /// Half a status word.
    Half,
    /// All is well, and no data.
    Fine,
    /// All is well, and data that mean nothing.
    Noise,
    /// Something is wrong, without saying what.
    Refused,
}

/// The words of the command line.
const WORDS: [(&str, Difficulty); 8] = [
    ("t0", Difficulty::T0),
    ("short-only", Difficulty::ShortOnly),
    ("plain", Difficulty::Plain),
    ("slow", Difficulty::Slow),
    ("forgetful", Difficulty::Forgetful),
    ("ridden", Difficulty::Ridden),
    ("mute", Difficulty::Mute),
    ("falls-out-at-verify", Difficulty::FallsOutAtVerify),
];
const WRONG_WORDS: [(&str, Wrong); 5] = [
    ("empty", Wrong::Empty),
    ("half", Wrong::Half),
    ("fine", Wrong::Fine),
    ("noise", Wrong::Noise),
    ("refused", Wrong::Refused),
];

/// No such difficulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownDifficulty;

impl std::fmt::Display for UnknownDifficulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = |words: &[&str]| words.join(", ");
        let difficulties = names(&WORDS.map(|(word, _)| word));
        let wrongs = names(&WRONG_WORDS.map(|(word, _)| word));
        write!(f, "one of {difficulties}, or NUMBER:HOW with HOW one of {wrongs}")
    }
}

impl std::error::Error for UnknownDifficulty {}

impl FromStr for Difficulty {
    type Err = UnknownDifficulty;

    fn from_str(text: &str) -> Result<Self, UnknownDifficulty> {
        if let Some((at, how)) = text.split_once(':') {
            let at = at.parse().map_err(|_| UnknownDifficulty)?;
            let how = WRONG_WORDS.iter().find(|(word, _)| *word == how).ok_or(UnknownDifficulty)?.1;
            return Ok(Self::Wrong { at, how });
        }
        WORDS.iter().find(|(word, _)| *word == text).map(|(_, difficulty)| *difficulty).ok_or(UnknownDifficulty)
    }
}

/// T=0 alone, with the historical bytes of our card (ISO/IEC 7816-3, 8.2): no interface bytes, no check byte.
const ATR_T0: [u8; 15] = [0x3B, 0x0D, 0x80, 0x01, 0x80, 0xFB, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00];
const GET_RESPONSE: u8 = 0xC0;
const VERIFY: u8 = 0x20;
const SELECT: u8 = 0xA4;
/// The registered part of PIV's AID.
const PIV: [u8; 5] = [0xA0, 0x00, 0x00, 0x03, 0x08];
const SIGNING_TIME: Duration = Duration::from_secs(2);

/// A difficult card.
pub(crate) struct DifficultCard<'card> {
    card: &'card mut dyn Contacts,
    difficulty: Difficulty,
    /// Commands since it has power.
    commands: usize,
    /// What waits to be fetched.
    held: Vec<u8>,
    /// The last right VERIFY.
    verified: Option<Vec<u8>>,
    has_fallen: bool,
    /// Whether another application was asked for after PIV.
    elsewhere: bool,
}

impl<'card> DifficultCard<'card> {
    pub(crate) fn new(card: &'card mut dyn Contacts, difficulty: Difficulty) -> Self {
        Self { card, difficulty, commands: 0, held: Vec::new(), verified: None, has_fallen: false, elsewhere: false }
    }

    /// The whole answer of the good card, in one piece.
    fn whole(&mut self, command: &[u8]) -> io::Result<(Vec<u8>, [u8; 2])> {
        let mut data = Vec::new();
        let mut answer = self.card.transmit(command)?;
        loop {
            let status = answer.split_off(answer.len().saturating_sub(2));
            data.append(&mut answer);
            match status.as_slice() {
                [0x61, _] => answer = self.card.transmit(&[0x00, GET_RESPONSE, 0x00, 0x00, 0x00])?,
                [sw1, sw2] => return Ok((data, [*sw1, *sw2])),
                _ => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// ISO/IEC 7816-3, 12.2: P3 is Lc or Le, never both.
    fn over_t0(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        let [_, instruction, _, _, p3, ..] = *command else { return self.card.transmit(command) };
        if instruction == GET_RESPONSE {
            return Ok(self.fetch(p3));
        }
        self.held.clear();
        let sends = command.len() > 5;
        let until = 5 + if sends { usize::from(p3) } else { 0 };
        let Some(command) = command.get(..until) else { return Ok(vec![0x67, 0x00]) };
        let asks_for_all = if sends { [command, &[0x00]].concat() } else { [&command[..4], &[0x00]].concat() };
        let (data, status) = self.whole(&asks_for_all)?;
        self.held = data;
        match (status, sends) {
            ([0x90, 0x00], true) if !self.held.is_empty() => Ok(self.more()),
            ([0x90, 0x00], false) => Ok(self.fetch(p3)),
            (status, _) => Ok(status.to_vec()),
        }
    }

    /// As many bytes as are asked for, exactly.
    fn fetch(&mut self, le: u8) -> Vec<u8> {
        let asked = if le == 0 { 256 } else { usize::from(le) };
        let Ok(there) = u8::try_from(self.held.len()) else {
            let mut piece: Vec<u8> = self.held.drain(..asked).collect();
            piece.extend(self.more());
            return piece;
        };
        if asked > self.held.len() && !self.held.is_empty() {
            return vec![0x6C, there];
        }
        let mut piece: Vec<u8> = self.held.drain(..asked.min(usize::from(there))).collect();
        piece.extend(if self.held.is_empty() { vec![0x90, 0x00] } else { self.more() });
        piece
    }

    fn more(&self) -> Vec<u8> {
        vec![0x61, u8::try_from(self.held.len()).unwrap_or(0)]
    }

    /// Before each command but a VERIFY, the other program shows its PIN again.
    fn ridden(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        if command.get(1) != Some(&VERIFY)
            && let Some(verify) = self.verified.clone()
        {
            let _ = self.card.transmit(&verify)?;
        }
        let answer = self.card.transmit(command)?;
        if carries_a_pin(command) && answer == [0x90, 0x00] {
            self.verified = Some(command.to_vec());
        }
        Ok(answer)
    }
}

impl Contacts for DifficultCard<'_> {
    fn insert(&mut self) -> io::Result<()> {
        self.card.insert()
    }

    fn pull(&mut self) {
        self.card.pull();
    }

    fn power(&mut self, power: Power) -> io::Result<()> {
        self.commands = 0;
        self.held.clear();
        self.elsewhere = false;
        self.card.power(power)
    }

    fn answer_to_reset(&mut self) -> io::Result<Vec<u8>> {
        match self.difficulty {
            Difficulty::T0 => Ok(ATR_T0.to_vec()),
            Difficulty::ShortOnly
            | Difficulty::Plain
            | Difficulty::Slow
            | Difficulty::Forgetful
            | Difficulty::Ridden
            | Difficulty::Mute
            | Difficulty::FallsOutAtVerify
            | Difficulty::Wrong { .. } => self.card.answer_to_reset(),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        self.commands += 1;
        match self.difficulty {
            Difficulty::T0 => self.over_t0(command),
            Difficulty::ShortOnly if command.len() > 5 && command.get(4) == Some(&0) => Ok(vec![0x67, 0x00]),
            Difficulty::Plain => match unknown_to_plain_cards(command) {
                Some(status) => Ok(status.to_vec()),
                None => self.card.transmit(command),
            },
            Difficulty::Slow => {
                if matches!(command.get(1), Some(0x87)) {
                    thread::sleep(SIGNING_TIME);
                }
                self.card.transmit(command)
            }
            Difficulty::Forgetful => {
                if command.starts_with(&[0x00, SELECT, 0x04]) {
                    self.elsewhere = command.get(5..10) != Some(&PIV);
                }
                if self.elsewhere {
                    // What it answers to commands of PIV: another application does not know them.
                    return Ok(if command.get(1) == Some(&SELECT) { vec![0x6A, 0x82] } else { vec![0x6D, 0x00] });
                }
                self.card.transmit(command)
            }
            Difficulty::Ridden => self.ridden(command),
            Difficulty::FallsOutAtVerify if carries_a_pin(command) && !self.has_fallen => {
                self.has_fallen = true;
                let _ = self.card.transmit(command)?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Difficulty::Wrong { at, how } if self.commands == at => {
                let _ = self.card.transmit(command)?;
                Ok(match how {
                    Wrong::Empty => Vec::new(),
                    Wrong::Half => vec![0x90],
                    Wrong::Fine => vec![0x90, 0x00],
                    Wrong::Noise => vec![0x7C, 0x82, 0x01, 0xFF, 0x00, 0x53, 0x90, 0x00],
                    Wrong::Refused => vec![0x6F, 0x00],
                })
            }
            // Until the process ends.
            Difficulty::Mute => loop {
                thread::park();
            },
            Difficulty::ShortOnly | Difficulty::FallsOutAtVerify | Difficulty::Wrong { .. } => {
                self.card.transmit(command)
            }
        }
    }
}

/// VERIFY of the PIN, neither a question nor a logout.
fn carries_a_pin(command: &[u8]) -> bool {
    command.starts_with(&[0x00, VERIFY, 0x00, 0x80, 0x08])
}

/// What a card says that knows SP 800-73-4 and nothing that others have added.
fn unknown_to_plain_cards(command: &[u8]) -> Option<[u8; 2]> {
    const NOT_PIV: [u8; 8] = [0xE6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFD, 0xFE];
    let object = |tags: &[u8]| {
        command.starts_with(&[0x00, 0xCB, 0x3F, 0xFF]) && command.windows(tags.len()).any(|at| at == tags)
    };
    match command.get(1) {
        Some(instruction) if NOT_PIV.contains(instruction) => Some([0x6D, 0x00]),
        _ if object(&[0x5C, 0x01, 0x7E]) || object(&[0x5F, 0xFF, 0x20]) => Some([0x6A, 0x82]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, SimulatedCard};

    fn difficult(card: &mut SimulatedCard<Memory>, difficulty: &str) -> Vec<Vec<u8>> {
        let mut card = DifficultCard::new(card, difficulty.parse().unwrap());
        let select = [&[0x00, 0xA4, 0x04, 0x00, 0x05][..], &[0xA0, 0, 0, 3, 8, 0]].concat();
        let ask = [0x00, 0x20, 0x00, 0x80];
        let discovery = [0x00, 0xCB, 0x3F, 0xFF, 0x03, 0x5C, 0x01, 0x7E, 0x00];
        let fetch = [0x00, 0xC0, 0x00, 0x00, 0x00];
        [&select[..], &fetch, &ask, &discovery].iter().map(|command| card.transmit(command).unwrap()).collect()
    }

    #[test]
    fn each_difficulty_is_what_it_says() {
        let mut card = SimulatedCard::blank(Memory::default(), [0, 0, 0, 1]).unwrap();
        let answers = difficult(&mut card, "t0");
        assert_eq!(answers[0][0], 0x61);
        // Le was not exact.
        assert_eq!((answers[1].as_slice(), answers[2].as_slice()), (&[0x6C, answers[0][1]][..], &[0x63, 0xC5][..]));
        assert_eq!(difficult(&mut card, "plain")[3], [0x6A, 0x82]);
        assert_eq!(difficult(&mut card, "3:half")[2], [0x90]);
        assert_eq!(difficult(&mut card, "3:refused")[2], [0x6F, 0x00]);
        let extended = [&[0x00, 0xA4, 0x04, 0x00, 0x00, 0x00, 0x05][..], &[0xA0, 0, 0, 3, 8]].concat();
        let mut short = DifficultCard::new(&mut card, Difficulty::ShortOnly);
        assert_eq!(short.transmit(&extended).unwrap(), [0x67, 0x00]);
        assert!("nice".parse::<Difficulty>().is_err() && "3:nice".parse::<Difficulty>().is_err());
    }
}
