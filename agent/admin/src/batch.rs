//! Many cards at a time: what a file asks for, and how far it has come. Only what the cards are to become is kept; how far each has come is
//! read from the cards begun in this home and from the register, so that the two cannot disagree.

use std::path::Path;

use sekisho_issuer::CardKeys;
use sekisho_register::Register;
use sekisho_register::cards::Card;
use sekisho_register::change::{CardKind, IssueCard};
use sekisho_wire::id::{CardGuid, Code, Hash};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::changes_file::end_of_fiscal_year;
use crate::config_text::{Dated, MAX_FILE, Text, parse, plain};
use crate::dates::Edge;
use crate::error::{AdminError, Said};
use crate::home::Home;
use crate::pending::{self, Wanted};

/// More are another batch: what is not done in a day is not one sitting.
const MOST: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchFile {
    card: Vec<CardTable>,
}

/// Cards that are alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardTable {
    /// Whose they are, one for each.
    #[serde(default)]
    operators: Vec<Text<Code>>,
    /// How many, where they are nobody's yet.
    #[serde(default)]
    count: usize,
    kind: Option<Text<CardKind>>,
    #[serde(default)]
    profiles: Vec<Text<Code>>,
    from: Option<Dated>,
    to: Option<Dated>,
    #[serde(default)]
    dormant: bool,
}

impl CardTable {
    fn cards(&self, path: &Path, now: u64) -> Result<Vec<Wanted>, AdminError> {
        let from = self.from.map_or(now, |date| date.0.moment(Edge::From));
        let one = |operator: Option<Code>| Wanted {
            kind: self.kind.as_ref().map_or(CardKind::Business, |kind| kind.0),
            operator,
            profiles: plain(&self.profiles),
            from,
            to: self.to.map_or_else(|| end_of_fiscal_year(from, 0), |date| date.0.moment(Edge::Until)),
            dormant: self.dormant,
            signing: false,
        };
        match (self.operators.as_slice(), self.count, self.dormant) {
            ([], 1..=MOST, true) => Ok(vec![one(None); self.count]),
            ([_, ..], 0, _) => Ok(plain(&self.operators).into_iter().map(Some).map(one).collect()),
            _ => Err(AdminError::Argument {
                name: "file",
                value: path.display().to_string(),
                rule: Said::new(
                    format!("each [[card]] has either 'operators', or 'count' (1 to {MOST}) and 'dormant = true'"),
                    format!("[[card]] には operators か、count(1〜{MOST})と dormant = true のどちらかが必要です"),
                ),
            }),
        }
    }
}

/// How far a card of a batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Come {
    /// There is none yet.
    Unmade,
    /// It is made, and no act names it.
    Made(CardGuid),
    /// It is issued, and its grant is not on it.
    WithoutGrant(CardGuid),
    /// All is done.
    Done(CardGuid),
}

/// A batch that was begun here.
#[derive(Debug)]
pub(crate) struct Batch {
    of: Hash,
    /// Size of the register when it was begun: a card that is like one of these and was issued before is another one.
    since: u64,
    /// What the cards are to become.
    pub cards: Vec<Wanted>,
}

fn file(of: &Hash) -> String {
    format!("batch/{of}.cbor")
}

impl Batch {
    /// What the file asks for. The same file again, byte for byte, is the same batch, and goes on; one that is new has to [`Self::begin`].
    ///
    /// # Errors
    /// When the file cannot be used; when what is kept is damaged.
    pub(crate) fn open(home: &Home, path: &Path, now: u64) -> Result<(Self, Begun), AdminError> {
        let fail = |cause| AdminError::File { path: path.to_owned(), cause };
        if std::fs::metadata(path).map_err(fail)?.len() > MAX_FILE {
            return Err(AdminError::TooLarge);
        }
        let text = std::fs::read_to_string(path).map_err(fail)?;
        let of = Hash(Sha256::digest(&text).into());
        if let Some(bytes) = home.read(&file(&of))? {
            let kept: Result<(u64, Vec<IssueCard>), _> = minicbor::decode(&bytes);
            let (since, cards) = kept.map_err(|_| AdminError::Damaged(home.path(&file(&of))))?;
            return Ok((Self { of, since, cards: cards.into_iter().map(Wanted::of).collect() }, Begun::Before));
        }
        let tables: BatchFile = parse(path, &text)?;
        let cards: Vec<Vec<Wanted>> =
            tables.card.iter().map(|table| table.cards(path, now)).collect::<Result<_, _>>()?;
        let cards = cards.concat();
        if cards.is_empty() {
            return Err(AdminError::NothingToDo);
        }
        let refuse = |rule| Err(AdminError::Argument { name: "file", value: path.display().to_string(), rule });
        if cards.len() > MOST {
            return refuse(Said::new(format!("more than {MOST} cards: cut it"), format!("{MOST}枚を超えています")));
        }
        if let Some(operator) = named_twice(&cards) {
            let english = format!("operator {operator} would get two cards of one kind");
            return refuse(Said::new(english, format!("操作者 {operator} に同じ種別のカードが2枚あります")));
        }
        Ok((Self { of, since: 0, cards }, Begun::Now))
    }

    /// It begins over a register of this size.
    pub(crate) fn begin(&mut self, since: u64) {
        self.since = since;
    }

    /// Keeps it, before the first card is made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn keep(&self, home: &Home) -> Result<(), AdminError> {
        let no_keys = CardKeys { authentication: [0; 33], signature: [0; 33], card_authentication: [0; 33] };
        let card = |wanted: &Wanted| wanted.clone().card(CardGuid([0; 16]), &no_keys);
        let cards: Vec<IssueCard> = self.cards.iter().map(card).collect();
        home.write(&file(&self.of), &minicbor::to_vec((self.since, cards)).expect("a vector takes any number of bytes"))
    }

    /// All of it is done, or it is given up.
    ///
    /// # Errors
    /// When the file stays.
    pub(crate) fn forget(&self, home: &Home) -> Result<(), AdminError> {
        home.remove(&file(&self.of))
    }

    /// How far each card has come at `now`, in their order. Cards that are alike are as good as each other: those that are here come first. One
    /// that the register has ended, as one that was lost between the passes, is none any more.
    ///
    /// # Errors
    /// When what is kept of a card is damaged.
    pub(crate) fn come(&self, home: &Home, register: &Register, now: u64) -> Result<Vec<Come>, AdminError> {
        let begun = pending::begun(home)?;
        let counts = |card: &Card| card.index() >= self.since && !card.state(now).is_final();
        let mut there = Vec::new();
        for guid in &begun {
            if let Some(card) = register.card(guid) {
                if counts(card) {
                    there.push((Wanted::of(card.issued().clone()), Come::WithoutGrant(*guid)));
                }
            } else if pending::is_waiting(home, *guid)?
                && let Some(card) = pending::find(home, *guid)?
            {
                there.push((Wanted::of(card), Come::Made(*guid)));
            }
        }
        let issued = register.cards().filter(|card| counts(card) && !begun.contains(card.guid()));
        there.extend(issued.map(|card| (Wanted::of(card.issued().clone()), Come::Done(*card.guid()))));
        let mut take = |wanted: &Wanted| {
            let at = there.iter().position(|(like, _)| like == wanted)?;
            Some(there.remove(at).1)
        };
        Ok(self.cards.iter().map(|wanted| take(wanted).unwrap_or(Come::Unmade)).collect())
    }
}

/// Who would get two cards of one kind for the same time.
fn named_twice(cards: &[Wanted]) -> Option<&Code> {
    let like = |one: &Wanted, other: &Wanted| {
        one.operator == other.operator && one.kind == other.kind && one.from < other.to && other.from < one.to
    };
    let twice = |(at, one): &(usize, &Wanted)| cards[at + 1..].iter().any(|other| like(one, other));
    let mut people = cards.iter().enumerate().filter(|(_, card)| card.operator.is_some());
    people.find(twice).and_then(|(_, card)| card.operator.as_ref())
}

/// When a batch was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is new.
    Now,
    /// In an earlier run.
    Before,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;

    const NOW: u64 = 1_780_000_000_000;
    const FILE: &str = "[[card]]\noperators = [\"10023\", \"10024\"]\nprofiles = [\"jumin-a\"]\nto = \"R9.3.31\"\n\
                        [[card]]\nkind = \"spare\"\ncount = 2\ndormant = true\n";

    fn open(home: &TempHome, text: &str, since: u64) -> Result<(Batch, Begun), AdminError> {
        home.0.write("cards.toml", text.as_bytes()).unwrap();
        let (mut batch, begun) = Batch::open(&home.0, &home.0.path("cards.toml"), NOW)?;
        if begun == Begun::Now {
            batch.begin(since);
        }
        Ok((batch, begun))
    }

    fn keys() -> CardKeys {
        CardKeys { authentication: [2; 33], signature: [3; 33], card_authentication: [2; 33] }
    }

    #[test]
    fn a_file_names_cards_for_people_and_cards_that_sleep() {
        let home = TempHome::new();
        let (batch, begun) = open(&home, FILE, 7).unwrap();
        assert_eq!(begun, Begun::Now);
        let who: Vec<_> = batch.cards.iter().map(|card| card.operator.as_ref().map(Code::as_str)).collect();
        assert_eq!(who, [Some("10023"), Some("10024"), None, None]);
        assert_eq!((batch.cards[0].kind, batch.cards[3].kind), (CardKind::Business, CardKind::Spare));
        assert!(batch.cards[3].dormant && !batch.cards[0].signing && batch.cards[0].from == NOW);
        for wrong in [
            "",
            "card = []",
            "[[card]]\n",
            "[[card]]\ncount = 3\n",
            "[[card]]\noperators = [\"10023\"]\ncount = 1\n",
            "[[card]]\ncount = 1001\ndormant = true\n",
            "[[card]]\noperators = [\"10023\"]\nsigning = true\n",
            "[[card]]\noperators = [\"10023\", \"10023\"]\n",
        ] {
            assert!(open(&home, wrong, 7).is_err(), "{wrong:?}");
        }
        let twice = "[[card]]\ncount = 600\ndormant = true\n".repeat(2);
        assert!(open(&home, &twice, 7).is_err());
    }

    #[test]
    fn the_same_file_goes_on_as_it_was_begun() {
        let home = TempHome::new();
        let (batch, _) = open(&home, FILE, 7).unwrap();
        batch.keep(&home.0).unwrap();
        let (again, begun) = Batch::open(&home.0, &home.0.path("cards.toml"), NOW + 5000).unwrap();
        assert_eq!((begun, again.since, again.cards == batch.cards), (Begun::Before, 7, true));
        batch.forget(&home.0).unwrap();
        assert_eq!(open(&home, FILE, 99).unwrap().1, Begun::Now);
    }

    #[test]
    fn how_far_each_card_has_come_is_read_from_what_is_begun() {
        let home = TempHome::new();
        let (batch, _) = open(&home, FILE, 0).unwrap();
        let register = Register::new();
        let come = || batch.come(&home.0, &register, NOW).unwrap();
        assert_eq!(come(), [Come::Unmade; 4]);
        let (second, spare) = (CardGuid([2; 16]), CardGuid([3; 16]));
        pending::keep(&home.0, &batch.cards[1].clone().card(second, &keys())).unwrap();
        pending::keep(&home.0, &batch.cards[2].clone().card(spare, &keys())).unwrap();
        assert_eq!(come(), [Come::Unmade, Come::Made(second), Come::Made(spare), Come::Unmade]);
        // One whose making was interrupted, or whose act was refused, is made anew.
        pending::intend(&home.0, second, &batch.cards[1]).unwrap();
        pending::refuse(&home.0, spare).unwrap();
        assert_eq!(come(), [Come::Unmade; 4]);
        // One that another command made, for somebody else's time, is no card of this batch.
        let other = Wanted { to: NOW + 1, ..batch.cards[0].clone() };
        pending::keep(&home.0, &other.card(CardGuid([4; 16]), &keys())).unwrap();
        assert_eq!(come(), [Come::Unmade; 4]);
    }
}
