//! Entries of a log that are not whose they say they are. A terminal can put bytes into its own batch that read as another terminal's record, or the
//! ledger's: they lie in the log for good (wire §7.5), and count for nobody.
//!
//! Each proof of a batch is a reading that the ledger writes down, so not every batch is asked for: the ledger's search shows the records that stand in
//! their places, and the terminals' own word is asked for the others.

use std::collections::{BTreeMap, HashMap};

use sekisho_tlog::Hash;
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::record::{Emitter, Record};

use crate::desk::Desk;
use crate::error::AdminError;
use crate::places::{Batch, Place, Places};
use crate::record_words::Teller;
use crate::sending::patiently;
use crate::terminal_word::CarriedTo;

/// Which records the ledger's search shows, and where those stand that were carried out of an earlier epoch.
pub(crate) type Shown = BTreeMap<u64, Option<CarriedTo>>;

/// Rows that are asked for at once: the most that there are (LEDGER.md §L5).
const PAGE: usize = 500;
/// So many pages between two words of how far it is.
const STEP: usize = 20;

/// What the ledger's search shows of the first `size` entries. Behind what its index has followed it shows nothing.
///
/// # Errors
/// As the link says.
pub(crate) fn shown_of(desk: &mut Desk, size: u64) -> Result<Shown, AdminError> {
    let (mut shown, mut before) = (Shown::new(), Some(size).filter(|size| *size > 0));
    for pages in 1_usize.. {
        let Some(end) = before else { break };
        let page = patiently(|| desk.ledger.search(&format!("limit={PAGE}&before={end}")))?;
        shown.extend(page.rows.iter().map(|(index, _)| (*index, page.carried.get(index).copied())));
        // One that does not come nearer to the first would never end.
        before = page.next.filter(|next| *next < end);
        if pages % STEP == 0 {
            // It can take longer than a token lasts.
            desk.log_in()?;
            let done = shown.len();
            desk.screen.note(
                &format!("places of {done} of {size} records"),
                &format!("記録の位置を確認中: {size}件中{done}件"),
            );
        }
    }
    Ok(shown)
}

/// What an entry is that says it is a record of somebody, or of some place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// It names another office.
    OtherOffice,
    /// It lies in a batch of this terminal, and names somebody else.
    In(Code),
    /// Its terminal put it into another place than the one that it names.
    OutOfPlace,
    /// No terminal's word holds for it, and it says that it is a terminal's; or there is a word, and it says that it is the ledger's.
    Unsigned,
    /// The ledger shows no proof: nobody can tell whose it is. It stays what it says it is, and is unclear.
    Unproved,
}

impl Stranger {
    /// For people, behind the record's line.
    #[must_use]
    pub(crate) fn in_words(&self, teller: &Teller<'_>, record: &Record) -> String {
        let line = teller.line(record);
        match self {
            Self::OtherOffice => teller.say(
                format!("{line}: it says that it is of another office"),
                format!("{line}: 別の団体の記録と書かれている"),
            ),
            Self::In(terminal) => {
                let (says, says_ja) = match &record.emitter {
                    Emitter::Terminal(code) => (format!("terminal {code}'s"), format!("端末機 {code} ")),
                    Emitter::Ledger => ("the ledger's".to_owned(), "台帳".to_owned()),
                };
                teller.say(
                    format!("{line}: in a batch of terminal {terminal}, and says that it is {says}"),
                    format!("{line}: 端末機 {terminal} が送った中にあるが、{says_ja}の記録と書かれている"),
                )
            }
            Self::OutOfPlace => teller.say(
                format!("{line}: it says another place than the one where its terminal put it"),
                format!("{line}: 端末機が置いた位置と異なる位置が書かれている"),
            ),
            Self::Unproved => teller.say(
                format!("{line}: whose it is cannot be told, for the ledger shows no proof of it now"),
                format!("{line}: 台帳が証明を示さないため、発行元を確認できない"),
            ),
            Self::Unsigned => teller.say(
                format!("{line}: no signature shows that it is of whom it says"),
                format!("{line}: 書かれている発行元のものであることを示す署名がない"),
            ),
        }
    }
}

/// Whose entries are that nobody is believed about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Whose {
    /// Those that are not whose they say they are.
    pub strangers: BTreeMap<usize, Stranger>,
    /// Of the others those that their terminals carried out of an earlier epoch.
    pub carried: BTreeMap<u64, CarriedTo>,
}

/// Looks at those among the entries that the search does not show; all of them where nobody searched. The same bytes once more, behind those that the search
/// shows, are not looked at here: they say nothing that is not known. Before them they are: what a terminal copies out of another's record it has before the
/// ledger has that.
///
/// # Errors
/// As [`Places::of`].
pub(crate) fn strangers(
    places: &mut Places<'_>,
    shown: &Shown,
    office: OfficeId,
    mut done: impl FnMut(usize),
) -> Result<Whose, AdminError> {
    let entries = places.entries();
    let is_shown = |index: usize| shown.contains_key(&(index as u64));
    let mut first: HashMap<Hash, usize> = HashMap::new();
    for index in shown.keys().filter_map(|index| usize::try_from(*index).ok()).filter(|index| *index < entries.count())
    {
        first.entry(entries.leaf(index)?).or_insert(index);
    }
    let mut whose = Whose::default();
    for index in entries.shown() {
        done(index);
        let Some(record) = entries.record(index)? else { continue };
        let stranger = if record.office != office {
            Some(Stranger::OtherOffice)
        } else if is_shown(index) || first.get(&entries.leaf(index)?).is_some_and(|first| *first < index) {
            None
        } else {
            stranger(places, index, &record, &mut whose.carried)?
        };
        whose.strangers.extend(stranger.map(|stranger| (index, stranger)));
    }
    Ok(whose)
}

fn stranger(
    places: &mut Places<'_>,
    index: usize,
    record: &Record,
    carried: &mut BTreeMap<u64, CarriedTo>,
) -> Result<Option<Stranger>, AdminError> {
    Ok(match (places.batch_of(index)?, &record.emitter) {
        (Batch::None, Emitter::Ledger) => None,
        (Batch::None | Batch::Unproved, _) => Some(Stranger::Unsigned),
        (Batch::Unknown, _) => Some(Stranger::Unproved),
        (Batch::Of(terminal), Emitter::Terminal(code)) if terminal == *code => match places.of(index)? {
            Place::Own => None,
            Place::Carried(to) => {
                carried.insert(index as u64, to);
                None
            }
            Place::Nowhere => Some(Stranger::OutOfPlace),
            Place::Unknown => Some(Stranger::Unproved),
        },
        (Batch::Of(terminal), Emitter::Terminal(_) | Emitter::Ledger) => Some(Stranger::In(terminal)),
    })
}

#[cfg(test)]
mod tests;
