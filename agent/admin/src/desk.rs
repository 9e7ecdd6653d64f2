//! One run of a command: the home, the verified register, the ledger, the administrator's card and its PIN.

use sekisho_card::{OperatorCard, PcscTransport, ReaderName};
use sekisho_issuer::CardManagementSecret;
use sekisho_register::change::Log;
use sekisho_register::organisation::Capacity;
use sekisho_register::{LogKeys, Sight};
use sekisho_wire::id::CardGuid;
use sekisho_wire::record::token_digest;
use sekisho_wire::secret::Pin;

use crate::card_secret::{CardSecrets, Place};
use crate::clock;
use crate::error::AdminError;
use crate::home::Home;
use crate::ledger::{Companion, Ledger};
use crate::office_file::Office;
use crate::pending;
use crate::pin_entry::PinSource;
use crate::plan::Plan;
use crate::readers::{Look, Readers};
use crate::register_cache::{RegisterCache, RegisterOf, SoFar};
use crate::reported;
use crate::screen::Screen;
use crate::settled::Settled;

mod acts;
mod each;
mod evidence;
mod signing;

pub(crate) use self::acts::{Submitted, show};
pub(crate) use self::signing::Signing;

/// A token is good for 15 minutes (LEDGER §L4); a long run asks for the next one in time.
const TOKEN_MS: u64 = 10 * 60 * 1000;

/// Everything one run needs.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The person at the keyboard.
    pub screen: Screen,
    /// The home directory.
    pub home: Home,
    /// The office.
    pub office: Office,
    /// The verified register.
    pub cache: RegisterCache,
    /// The ledger.
    pub ledger: Ledger,
    /// The readers.
    pub readers: Readers,
    pub signing: Signing,
    register_of: RegisterOf,
    pin: Option<Pin>,
    signer: Option<(ReaderName, CardGuid)>,
    /// Until when the token is good enough to begin something with it.
    token_until: u64,
    /// Acts of earlier runs whose answer was lost, and that were found in force in this one.
    pub settled: Vec<Settled>,
    /// What was wished for in a browser, and is looked at once more before it is signed.
    pub wished: Option<(Companion, u64)>,
}

impl Desk {
    /// Opens office and register of this home; nothing is asked of card or ledger yet.
    ///
    /// # Errors
    /// [`AdminError::NoOffice`]; a damaged home.
    pub(crate) fn open(screen: Screen, home: Home, readers: Readers, signing: Signing) -> Result<Self, AdminError> {
        let office = Office::load(&home)?.ok_or(AdminError::NoOffice)?;
        // `found` keeps its plan before the office, and drafts it by the register that it has verified; `join` keeps the office last.
        let drafted = Plan::load(&home)?.is_none_or(|plan| plan.parts.is_some());
        let so_far = if drafted { SoFar::Verified } else { SoFar::Nothing };
        let cache = RegisterCache::load(&home, &office.register_of()?, so_far)?;
        Self::of(office, cache, screen, home, readers, signing)
    }

    /// A desk for this office, that goes by this register.
    ///
    /// # Errors
    /// When the office's keys or the ledger's address cannot be used.
    pub(crate) fn of(
        office: Office,
        cache: RegisterCache,
        screen: Screen,
        home: Home,
        readers: Readers,
        signing: Signing,
    ) -> Result<Self, AdminError> {
        let register_of = office.register_of()?;
        let ledger = Ledger::of(&office)?;
        Ok(Self {
            screen,
            home,
            office,
            cache,
            ledger,
            readers,
            signing,
            register_of,
            pin: None,
            signer: None,
            token_until: 0,
            settled: Vec::new(),
            wished: None,
        })
    }

    /// Goes on with a card that is known already, and its PIN if that is, as right after founding.
    #[must_use]
    pub(crate) fn with_signer(mut self, reader: ReaderName, card: CardGuid, pin: Option<Pin>) -> Self {
        self.pin = pin;
        self.signer = Some((reader, card));
        self
    }

    /// Does something in the hand of another person, who is at this desk too: with that person's card, for the post that its holder
    /// holds. `pin` is that person's PIN, where it is known; it comes back for the next time.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn in_the_hand_of<T>(
        &mut self,
        (reader, card): (ReaderName, CardGuid),
        (pin, source): (&mut Option<Pin>, PinSource),
        work: impl FnOnce(&mut Self) -> Result<T, AdminError>,
    ) -> Result<T, AdminError> {
        let hers = Signing {
            pin: source,
            reader: None,
            post: None,
            capacity: Capacity::Holder,
            propose: false,
            paper: None,
            ..self.signing.clone()
        };
        let mine = std::mem::replace(&mut self.signing, hers);
        let my_card = self.signer.replace((reader, card));
        std::mem::swap(&mut self.pin, pin);
        let done = work(self);
        std::mem::swap(&mut self.pin, pin);
        self.signer = my_card;
        self.signing = mine;
        done
    }

    /// The card that signs in this run, once it was found.
    #[must_use]
    pub(crate) fn signer(&self) -> Option<CardGuid> {
        self.signer.as_ref().map(|(_, guid)| *guid)
    }

    /// The same, and in which reader it was.
    #[must_use]
    pub(crate) fn signer_and_reader(&self) -> Option<(ReaderName, CardGuid)> {
        self.signer.clone()
    }

    /// Whom the person at this desk sees: the head of a section his own (register §R12).
    #[must_use]
    pub(crate) fn sight(&self) -> Sight {
        let (register, now) = (self.cache.register(), clock::now());
        let holder = self.signer().and_then(|card| register.card(&card)?.holder(now));
        holder.map_or(Sight::Office, |holder| register.sight(holder.operator, now))
    }

    /// Whose card this is, as far as the register says: for questions to people.
    fn whose(&self, guid: Option<CardGuid>) -> (String, String) {
        let holder = guid.and_then(|guid| self.cache.register().card(&guid)?.holder(clock::now()));
        match holder.map(|holder| self.cache.person(holder.operator, self.screen.language)) {
            Some(person) => (format!("the card of {person}"), format!("{person} のカード")),
            None => ("the administrator's card".to_owned(), "管理者カード".to_owned()),
        }
    }

    /// Logs in at the ledger with the administrator's card, and brings the register up to date.
    ///
    /// # Errors
    /// Card, PIN, ledger; [`crate::broken_log::BrokenLog`] when the ledger does not continue what it showed before.
    pub(crate) fn log_in(&mut self) -> Result<(), AdminError> {
        if clock::now() < self.token_until {
            return Ok(());
        }
        let first = self.token_until == 0;
        self.renew_token()?;
        self.refresh()?;
        if first {
            reported::note(&self.cache, &self.screen);
            crate::commands::recovery::note(&self.cache, &self.screen);
            return self.settle();
        }
        Ok(())
    }

    fn renew_token(&mut self) -> Result<(), AdminError> {
        let (mut card, guid) = self.signer_card()?;
        self.need_pin(&mut card)?;
        let challenge = self.ledger.challenge()?;
        let pin = self.pin.as_ref().expect("need_pin left one");
        let signature = card.login(pin, &token_digest(&self.office.id, &challenge))?;
        self.ledger.log_in(guid, &challenge, &signature)?;
        self.token_until = clock::now() + TOKEN_MS;
        Ok(())
    }

    /// Brings the register up to date; needs a token.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub(crate) fn refresh(&mut self) -> Result<(), AdminError> {
        if clock::now() >= self.token_until {
            self.renew_token()?;
        }
        self.cache = self.ledger.refresh(&self.cache, &self.register_of)?;
        // Who sat here before may have been given fewer names.
        if self.cache.lacks_a_name(&self.sight()) {
            let names = self.ledger.names(self.cache.size())?;
            self.cache.learn(&names);
        }
        self.cache.save(&self.home)
    }

    /// The secret that every card's keys are made of. A token that keeps it is asked for its PIN.
    ///
    /// # Errors
    /// [`AdminError::NoCardSecret`], [`AdminError::Damaged`], [`AdminError::Token`].
    pub(crate) fn card_secret(&self) -> Result<CardManagementSecret, AdminError> {
        self.open_secret(&CardSecrets::of(&self.home)?.now)
    }

    /// A secret that lies there.
    ///
    /// # Errors
    /// As [`Self::card_secret`].
    pub(crate) fn open_secret(&self, place: &Place) -> Result<CardManagementSecret, AdminError> {
        place.open(&self.home, &self.screen, &self.signing.token_pin)
    }

    /// Where the PIN of a token comes from.
    #[must_use]
    pub(crate) const fn token_pin(&self) -> &PinSource {
        &self.signing.token_pin
    }

    /// Which register this desk goes by.
    #[must_use]
    pub(crate) const fn register_of(&self) -> &RegisterOf {
        &self.register_of
    }

    /// What opens checkpoints of a log, as the register that was verified here says.
    ///
    /// # Errors
    /// [`AdminError::NoOffice`] while not even the founding act is here.
    pub(crate) fn log_keys(&self, log: Log) -> Result<LogKeys, AdminError> {
        let register = self.cache.register();
        register.keys_in_force(log).ok_or(AdminError::NoOffice)
    }

    /// Reads the PIN once for the whole run. The count of tries is shown before it is typed.
    fn need_pin(&mut self, card: &mut OperatorCard<PcscTransport>) -> Result<(), AdminError> {
        if self.pin.is_some() {
            return Ok(());
        }
        let tries = card.tries_left()?;
        let whose = self.whose(Some(card.guid()));
        let english = format!("PIN of {} ({tries} tries left)", whose.0);
        let japanese = format!("{}の暗証番号(残り{tries}回)", whose.1);
        self.pin = Some(self.signing.pin.read(&self.screen, &english, &japanese)?);
        Ok(())
    }

    /// The administrator's card, in whichever reader it is; asks for it when it is in none.
    fn signer_card(&mut self) -> Result<(OperatorCard<PcscTransport>, CardGuid), AdminError> {
        let reader = match (&self.signer, &self.signing.reader) {
            (Some((reader, _)), _) => reader.clone(),
            (None, Some(wanted)) => self.readers.choose(Some(wanted))?,
            (None, None) => self.find_signer()?,
        };
        let known = self.signer();
        let whose = self.whose(known);
        let (cache, home) = (&self.cache, &self.home);
        let card = self.readers.wait_for(&reader, &self.screen, (&whose.0, &whose.1), |transport| {
            let card = match OperatorCard::open(transport) {
                Ok(card) => card,
                Err(error) if error.transport_error().is_some() => return Err(error.into()),
                Err(error) => return Ok(Look::Wrong(error.into())),
            };
            let found = card.guid();
            Ok(match known {
                Some(expected) if expected != found => Look::Wrong(AdminError::OtherCard { expected, found }),
                None if !may_sign(cache, home, found) => Look::Wrong(AdminError::NotASigner(found)),
                Some(_) | None => Look::Right(card),
            })
        })?;
        let guid = card.guid();
        self.signer = Some((reader, guid));
        Ok((card, guid))
    }

    /// The reader for the card that is worked on: the one named, the only one, or the one that is left beside the signer's.
    ///
    /// # Errors
    /// As [`Readers::choose`].
    pub(crate) fn work_reader(&mut self, wanted: Option<&str>) -> Result<ReaderName, AdminError> {
        if wanted.is_some() {
            return self.readers.choose(wanted);
        }
        let signers = match (&self.signer, &self.signing.reader) {
            (Some((reader, _)), _) => Some(reader.clone()),
            (None, Some(named)) => Some(self.readers.choose(Some(named))?),
            (None, None) => self.reader_of_signer(),
        };
        let mut others = self.readers.names();
        others.retain(|name| Some(name) != signers.as_ref());
        match (signers, others.as_slice()) {
            (Some(_), [other]) => Ok(other.clone()),
            (Some(_) | None, _) => self.readers.choose(None),
        }
    }

    /// Where nobody named a reader: the one with a card that may sign, else the only reader.
    fn find_signer(&mut self) -> Result<ReaderName, AdminError> {
        match self.reader_of_signer() {
            Some(reader) => Ok(reader),
            None => self.readers.choose(None),
        }
    }

    fn reader_of_signer(&mut self) -> Option<ReaderName> {
        let (cache, home) = (&self.cache, &self.home);
        let cards = self.readers.operator_cards();
        cards.iter().find(|(_, card)| may_sign(cache, home, card.guid())).map(|(reader, _)| reader.clone())
    }
}

/// Whether the card is one that signs acts now, as far as the register at hand can say. A card that it does not know may have been
/// issued since: the ledger will say. A card that is being made here is known to sign nothing yet.
pub(crate) fn may_sign(cache: &RegisterCache, home: &Home, guid: CardGuid) -> bool {
    if cache.size() == 0 {
        return true;
    }
    let now = clock::now();
    let register = cache.register();
    let Some(card) = register.card(&guid) else {
        let unknown = pending::find(home, guid).is_ok_and(|pending| pending.is_none());
        return unknown && pending::intended(home, guid).is_ok_and(|intended| intended.is_none());
    };
    let signs = card.is_current(now) && card.issued().signature.is_some();
    signs && card.holder(now).is_some_and(|holder| !register.roles_of(holder.operator, now).is_empty())
}
