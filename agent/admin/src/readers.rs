//! Readers and the cards in them: which reader is meant, and waiting until the right card lies in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use sekisho_card::{
    Cause, Lengths, OperatorCard, PcscReader, PcscReaders, PcscTransport, ReaderEvent, ReaderName, SharePolicy,
    TransportError,
};

use crate::error::AdminError;
use crate::lease;
use crate::screen::Screen;

/// After so long without an event the list of readers is taken as whole.
const QUIET: Duration = Duration::from_millis(300);
/// The first look may have to wait for pcscd to start.
const FIRST_LOOKS: u32 = 10;

/// What one look at a card said.
#[derive(Debug)]
pub(crate) enum Look<T> {
    /// It is the right one.
    Right(T),
    /// It is another one; why, for the person.
    Wrong(AdminError),
}

/// Where something happened.
enum Happened {
    /// In every reader.
    ToAll,
    /// In this one.
    To(ReaderName),
}

impl Happened {
    fn concerns(&self, reader: &ReaderName) -> bool {
        match self {
            Self::ToAll => true,
            Self::To(other) => other == reader,
        }
    }
}

/// The readers of this machine.
pub(crate) struct Readers {
    watch: PcscReaders,
    /// Whether a card that answers is in it.
    readers: BTreeMap<ReaderName, bool>,
    /// How long to wait for a card that is asked for.
    patience: Duration,
    /// Where this machine's agent is, if one runs.
    agent: PathBuf,
    lease: lease::Readers,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("readers", &self.readers).finish_non_exhaustive()
    }
}

impl Readers {
    /// Watches the readers; `patience` is how long a card that is asked for may take.
    #[must_use]
    pub(crate) fn new(patience: Duration) -> Self {
        let (watch, lease) = (PcscReaders::new(), lease::Readers::default());
        Self { watch, readers: BTreeMap::new(), patience, agent: sekisho_ipc::socket_path(), lease }
    }

    /// Takes in one thing that has happened: whose card came, went or changed; `None` when nothing happened.
    fn look(&mut self, timeout: Duration) -> Option<Happened> {
        Some(match self.watch.wait(timeout)? {
            ReaderEvent::ServiceLost | ReaderEvent::ServiceBack => {
                self.readers.clear();
                Happened::ToAll
            }
            ReaderEvent::ReaderAdded { reader }
            | ReaderEvent::CardRemoved { reader }
            | ReaderEvent::CardMute { reader } => {
                self.readers.insert(reader.clone(), false);
                Happened::To(reader)
            }
            ReaderEvent::ReaderRemoved { reader } => {
                self.readers.remove(&reader);
                Happened::To(reader)
            }
            ReaderEvent::CardInserted { reader, .. } => {
                self.readers.insert(reader.clone(), true);
                Happened::To(reader)
            }
        })
    }

    fn settle(&mut self) {
        for _ in 0..FIRST_LOOKS {
            while self.look(QUIET).is_some() {}
            if !self.readers.is_empty() {
                return;
            }
        }
    }

    /// Whether a card is in this reader now. It waits for nothing but the first look.
    pub(crate) fn holds_a_card(&mut self, reader: &ReaderName) -> bool {
        if self.readers.is_empty() {
            self.settle();
        }
        while self.look(Duration::ZERO).is_some() {}
        self.readers.get(reader).copied().unwrap_or(false)
    }

    /// The names of all readers, sorted.
    pub(crate) fn names(&mut self) -> Vec<ReaderName> {
        self.settle();
        self.readers.keys().cloned().collect()
    }

    /// The reader that is meant: by its name or a part of it that only one has; the only one when none is named.
    ///
    /// # Errors
    /// [`AdminError::NotLent`], [`AdminError::NoReader`], [`AdminError::NoReaderCalled`], [`AdminError::WhichReader`].
    pub(crate) fn choose(&mut self, wanted: Option<&str>) -> Result<ReaderName, AdminError> {
        self.lease.borrow(&self.agent)?;
        let names = self.names();
        if names.is_empty() {
            return Err(AdminError::NoReader);
        }
        choose_among(&names, wanted)
    }

    /// Waits until the right card is in the reader. Looks at each card once, and asks the person for another one.
    ///
    /// # Errors
    /// [`AdminError::NoCardInTime`]; what `look` says when the card itself fails.
    pub(crate) fn wait_for<T>(
        &mut self,
        reader: &ReaderName,
        screen: &Screen,
        request: (&str, &str),
        mut look: impl FnMut(PcscTransport) -> Result<Look<T>, AdminError>,
    ) -> Result<T, AdminError> {
        self.lease.borrow(&self.agent)?;
        let mut asked = false;
        let mut seen = false;
        // Waits are counted, not timed: each lasts at most a second.
        for _ in 0..=self.patience.as_secs() {
            // A card that went and another that came between two looks is another card.
            while let Some(happened) = self.look(Duration::ZERO) {
                seen = seen && !happened.concerns(reader);
            }
            let present = self.readers.get(reader).copied().unwrap_or(false);
            if present && !seen {
                seen = true;
                // A lease that ended while nobody inserted anything is asked for again.
                self.lease.borrow(&self.agent)?;
                match connect(reader) {
                    Ok(transport) => match look(transport)? {
                        Look::Right(card) => return Ok(card),
                        Look::Wrong(why) => {
                            screen.note(&format!("({why})"), &format!("({})", why.in_words(screen.language)))
                        }
                    },
                    // It left in between; the watcher will say so.
                    Err(error) if matches!(error.cause, Cause::NoCard | Cause::CardRemoved) => seen = false,
                    Err(error) => return Err(error.into()),
                }
            }
            if !asked {
                asked = true;
                lease::tell(&self.lease, screen);
                screen.note(
                    &format!("insert {} into '{reader}'", request.0),
                    &format!("「{reader}」に{}を挿入してください", request.1),
                );
            }
            if let Some(happened) = self.look(Duration::from_secs(1)) {
                seen = seen && !happened.concerns(reader);
            }
        }
        Err(AdminError::NoCardInTime(reader.to_string()))
    }

    /// Waits until the card that was worked on is taken out, so that the next one can come.
    ///
    /// # Errors
    /// [`AdminError::CardStays`].
    pub(crate) fn wait_for_removal(&mut self, reader: &ReaderName, screen: &Screen) -> Result<(), AdminError> {
        screen.note(&format!("take the card out of '{reader}'"), &format!("「{reader}」からカードを抜いてください"));
        for _ in 0..=self.patience.as_secs() {
            if self.look(Duration::from_secs(1)).is_some_and(|happened| happened.concerns(reader)) {
                return Ok(());
            }
        }
        Err(AdminError::CardStays(reader.to_string()))
    }

    /// The cards that are in the readers now and open as operator cards.
    pub(crate) fn operator_cards(&mut self) -> Vec<(ReaderName, OperatorCard<PcscTransport>)> {
        if let Err(error) = self.lease.borrow(&self.agent) {
            // Who asks for a card next hears why.
            log::debug!("{error}");
            return Vec::new();
        }
        self.settle();
        let with_card = self.readers.iter().filter(|(_, present)| **present).map(|(reader, _)| reader);
        with_card
            .filter_map(|reader| {
                let card = connect(reader).ok().and_then(|transport| OperatorCard::open(transport).ok())?;
                Some((reader.clone(), card))
            })
            .collect()
    }
}

/// Connects to the card in a reader.
///
/// # Errors
/// As the transport says.
pub(crate) fn connect(reader: &ReaderName) -> Result<PcscTransport, TransportError> {
    PcscReader::open(reader)?.connect(SharePolicy::Exclusive, Lengths::Short)
}

fn choose_among(names: &[ReaderName], wanted: Option<&str>) -> Result<ReaderName, AdminError> {
    let several = || AdminError::WhichReader(names.iter().map(ToString::to_string).collect());
    let Some(wanted) = wanted else {
        return if let [only] = names { Ok(only.clone()) } else { Err(several()) };
    };
    if let Some(exact) = names.iter().find(|name| name.to_string() == wanted) {
        return Ok(exact.clone());
    }
    let mut similar = names.iter().filter(|name| name.to_string().contains(wanted));
    match (similar.next(), similar.next()) {
        (Some(only), None) => Ok(only.clone()),
        (Some(_), Some(_)) => Err(several()),
        (None, _) => {
            let readers = names.iter().map(ToString::to_string).collect();
            Err(AdminError::NoReaderCalled { wanted: wanted.to_owned(), readers })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_meant_by_name_by_part_or_by_being_alone() {
        let name = |text: &str| ReaderName::new(text).unwrap();
        let two = [name("ACS ACR39U 00 00"), name("Virtual PCD 00 00"), name("Virtual PCD 00 01")];
        assert_eq!(choose_among(&two, Some("ACR39")).unwrap(), two[0]);
        assert_eq!(choose_among(&two, Some("Virtual PCD 00 01")).unwrap(), two[2]);
        for unclear in [None, Some("Virtual")] {
            assert!(matches!(choose_among(&two, unclear), Err(AdminError::WhichReader(_))), "{unclear:?}");
        }
        assert!(matches!(choose_among(&two, Some("Gemalto")), Err(AdminError::NoReaderCalled { .. })));
        assert_eq!(choose_among(&two[..1], None).unwrap(), two[0]);
    }
}
