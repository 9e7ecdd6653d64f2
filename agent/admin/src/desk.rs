//! One run of a command: the home, the verified register, the ledger, the administrator's card and its PIN.

use sekisho_card::{OperatorCard, PcscTransport, ReaderName};
use sekisho_register::act::{ACT_MAX, ACT_VERSION, Proposal};
use sekisho_register::change::Log;
use sekisho_register::organisation::Capacity;
use sekisho_register::{Act, Change, Concluded, FoldRefusal};
use sekisho_tlog::VerifyingKey;
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, CaseReference, Code, Hash, Salt};
use sekisho_wire::record::token_digest;
use sekisho_wire::secret::Pin;

use crate::clock;
use crate::error::AdminError;
use crate::home::Home;
use crate::ledger::Ledger;
use crate::office_file::{LogName, Office};
use crate::pending;
use crate::pin_entry::PinSource;
use crate::random;
use crate::readers::{Look, Readers};
use crate::register_cache::{Name, RegisterCache};
use crate::screen::Screen;
use crate::sending::names_for;

/// A direct act is sealed at once or never: what a server can hold back, it can hold back for a day.
const ACT_LIFE_MS: u64 = 24 * 60 * 60 * 1000;
/// A proposal waits for an approver.
const PROPOSAL_LIFE_MS: u64 = 14 * 24 * 60 * 60 * 1000;
/// A token is good for 15 minutes (LEDGER §L4); a long run asks for the next one in time.
const TOKEN_MS: u64 = 10 * 60 * 1000;
/// What surrounds the changes of an act: header, names of fields, signature.
const ACT_OVERHEAD: usize = 1024;

/// What the command line says about signing.
#[derive(Clone, Debug)]
pub(crate) struct Signing {
    /// Where the PIN comes from.
    pub pin: PinSource,
    /// The reader with the administrator's card.
    pub reader: Option<String>,
    /// In the name of which post.
    pub post: Option<Code>,
    /// As deputy of the post's holder.
    pub capacity: Capacity,
    /// At whose request.
    pub request: Option<CaseReference>,
    /// Under which agreement.
    pub agreement: Option<CaseReference>,
    /// Into the casebook, for somebody else to approve.
    pub propose: bool,
}

/// What became of changes that were submitted.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// They are in force.
    Decided,
    /// They wait for approval.
    Proposed,
}

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
    signing: Signing,
    key: VerifyingKey,
    pin: Option<Pin>,
    signer: Option<(ReaderName, CardGuid)>,
    /// Until when the token is good enough to begin something with it.
    token_until: u64,
    /// An act of an earlier run whose answer was lost, and that was found in force in this one.
    pub settled: Option<Hash>,
}

impl Desk {
    /// Opens office and register of this home; nothing is asked of card or ledger yet.
    ///
    /// # Errors
    /// [`AdminError::NoOffice`]; a damaged home.
    pub(crate) fn open(screen: Screen, home: Home, readers: Readers, signing: Signing) -> Result<Self, AdminError> {
        let office = Office::load(&home)?.ok_or(AdminError::NoOffice)?;
        let key = office.log_key(LogName::Register)?;
        let cache = RegisterCache::load(&home, &key)?;
        let ledger = Ledger::of(&office)?;
        Ok(Self {
            screen,
            home,
            office,
            cache,
            ledger,
            readers,
            signing,
            key,
            pin: None,
            signer: None,
            token_until: 0,
            settled: None,
        })
    }

    /// Goes on with a card that is known already, and its PIN if that is, as right after founding.
    #[must_use]
    pub(crate) fn with_signer(mut self, reader: ReaderName, card: CardGuid, pin: Option<Pin>) -> Self {
        self.pin = pin;
        self.signer = Some((reader, card));
        self
    }

    /// Logs in at the ledger with the administrator's card, and brings the register up to date.
    ///
    /// # Errors
    /// Card, PIN, ledger; [`crate::register_cache::CacheError`] when the ledger does not continue what it showed before.
    pub(crate) fn log_in(&mut self) -> Result<(), AdminError> {
        if clock::now() < self.token_until {
            return Ok(());
        }
        let first = self.token_until == 0;
        self.renew_token()?;
        self.refresh()?;
        if first { self.settle() } else { Ok(()) }
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
        self.cache = self.ledger.refresh(&self.cache, &self.key)?;
        self.cache.save(&self.home)
    }

    /// The key of the register log.
    #[must_use]
    pub(crate) const fn register_key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Reads the PIN once for the whole run. The count of tries is shown before it is typed.
    fn need_pin(&mut self, card: &mut OperatorCard<PcscTransport>) -> Result<(), AdminError> {
        if self.pin.is_some() {
            return Ok(());
        }
        let tries = card.tries_left()?;
        let english = format!("PIN of the administrator's card ({tries} tries left)");
        let japanese = format!("管理者カードの暗証番号(残り{tries}回)");
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
        let known = self.signer.as_ref().map(|(_, guid)| *guid);
        let (cache, home) = (&self.cache, &self.home);
        let card = self.readers.wait_for(
            &reader,
            &self.screen,
            ("the administrator's card", "管理者カード"),
            |transport| {
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
            },
        )?;
        let guid = card.guid();
        self.signer = Some((reader, guid));
        Ok((card, guid))
    }

    /// Where nobody named a reader: the one with a card that may sign, else the only reader.
    fn find_signer(&mut self) -> Result<ReaderName, AdminError> {
        let (cache, home) = (&self.cache, &self.home);
        let cards = self.readers.operator_cards();
        let found = cards.iter().find(|(_, card)| may_sign(cache, home, card.guid())).map(|(reader, _)| reader.clone());
        match found {
            Some(reader) => Ok(reader),
            None => self.readers.choose(None),
        }
    }

    /// Decides changes, or proposes them when the command line says so.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn submit(&mut self, changes: Vec<Change>, names: &[Name]) -> Result<Submitted, AdminError> {
        if self.signing.propose {
            return self.propose(changes, names);
        }
        self.decide(changes, names)?;
        Ok(Submitted::Decided)
    }

    /// Shows changes as text, has them signed once, and sends them: one act, or as many as the size of acts asks for.
    ///
    /// # Errors
    /// [`AdminError::Declined`]; card, PIN; what the fold refuses.
    pub(crate) fn decide(&mut self, changes: Vec<Change>, names: &[Name]) -> Result<(), AdminError> {
        self.log_in()?;
        for part in parts(changes)? {
            self.decide_part(part, names)?;
        }
        Ok(())
    }

    /// One act of changes that fit one.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn decide_part(&mut self, part: Vec<Change>, names: &[Name]) -> Result<(), AdminError> {
        self.log_in()?;
        let act = self.act(Log::Register, part, None)?;
        self.sign_and_send(act, names).map(drop)
    }

    /// Puts changes into the casebook for somebody else to approve.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn propose(&mut self, changes: Vec<Change>, names: &[Name]) -> Result<Submitted, AdminError> {
        self.log_in()?;
        if changes.is_empty() {
            return Err(AdminError::NothingToDo);
        }
        let act = self.act(Log::Casebook, changes, None)?;
        let id = self.sign_and_send(act, names)?;
        self.screen.note(
            &format!("proposed: somebody else approves it with 'sekisho-admin approve {id}'"),
            &format!("申請しました。承認は「sekisho-admin approve {id}」で行います"),
        );
        Ok(Submitted::Proposed)
    }

    /// Approves a proposal.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn approve(&mut self, proposal: Vec<u8>) -> Result<(), AdminError> {
        self.log_in()?;
        let act = self.act(Log::Register, Vec::new(), Some(Proposal(proposal)))?;
        self.sign_and_send(act, &[]).map(drop)
    }

    /// Asks the fold what it would say to this change, signed by the card at hand, without signing anything.
    ///
    /// # Errors
    /// [`AdminError::Fold`].
    pub(crate) fn rehearse(&mut self, change: Change) -> Result<(), AdminError> {
        self.log_in()?;
        let act = self.act(Log::Register, vec![change], None)?;
        let (_, guid) = self.signer.as_ref().ok_or(AdminError::NoReader)?;
        let entry = act.to_be_signed(&Signer::Card(*guid)).finish([0; 64]);
        // As for an act whose signature was looked at before: everything else is asked.
        let mut register = self.cache.register().clone();
        register.fold_stored(&entry, Concluded::Accepted).map(drop).map_err(AdminError::Fold)
    }

    fn act(&mut self, log: Log, changes: Vec<Change>, proposal: Option<Proposal>) -> Result<Act, AdminError> {
        let made = clock::now();
        let register = self.cache.register();
        let life = if log == Log::Casebook { PROPOSAL_LIFE_MS } else { ACT_LIFE_MS };
        Ok(Act {
            version: ACT_VERSION,
            critical: true,
            office: self.office.id,
            log,
            salt: Salt(random::bytes()?),
            made,
            expires: made + life,
            seen_size: register.size(),
            seen_root: register.root(),
            post: Some(self.post(made)?),
            as_deputy: self.signing.capacity == Capacity::Deputy,
            request: self.signing.request.clone(),
            agreement: self.signing.agreement.clone(),
            changes,
            proposal,
            effective: None,
        })
    }

    /// The post to sign for: the one named, or the only one that the card's holder holds.
    fn post(&mut self, now: u64) -> Result<Code, AdminError> {
        if let Some(post) = &self.signing.post {
            return Ok(post.clone());
        }
        let (_, guid) = self.signer.as_ref().ok_or(AdminError::NoReader)?;
        let register = self.cache.register();
        let holder = register.card(guid).and_then(|card| card.holder(now)).ok_or(AdminError::NotASigner(*guid))?;
        let capacity = self.signing.capacity;
        let held: Vec<&Code> = register
            .posts()
            .filter(|post| post.is_held_by(holder.operator, capacity, now))
            .map(|post| post.code())
            .collect();
        match held.as_slice() {
            [only] => Ok((*only).clone()),
            several => Err(AdminError::WhichPost(several.iter().map(ToString::to_string).collect())),
        }
    }

    /// Shows, asks, signs with 9C, checks what the fold would say, sends.
    fn sign_and_send(&mut self, act: Act, names: &[Name]) -> Result<Hash, AdminError> {
        // Perhaps the very decision that is asked for again.
        if let Some(id) = self.settled.take() {
            return Err(AdminError::SettledNow(id));
        }
        let names = names_for(&act.changes, names);
        show(&self.screen, &act, &self.cache, &names);
        self.screen.confirm("sign this act?", "この処分に署名しますか?")?;
        let log = act.log;
        let (mut card, guid) = self.signer_card()?;
        self.need_pin(&mut card)?;
        let to_be_signed = act.to_be_signed(&Signer::Card(guid));
        let id = to_be_signed.id();
        let signature = card.sign_act(self.pin.as_ref().expect("need_pin left one"), &to_be_signed.digest)?;
        let entry = to_be_signed.finish(signature);
        if log == Log::Register {
            match self.cache.register().would_accept(&entry, clock::now()) {
                // Whose clock is right, the ledger says.
                Ok(_) | Err(FoldRefusal::MadeInFuture { .. } | FoldRefusal::Expired { .. }) => {}
                Err(refusal) => return Err(AdminError::Fold(refusal)),
            }
        }
        let index = self.send(log, &id, entry, names)?;
        self.screen.note(&format!("act {id}: entry {index}"), &format!("処分 {id}: 登録順{index}"));
        Ok(id)
    }
}

/// The text that is signed, and the names that travel beside it.
pub(crate) fn show(screen: &Screen, act: &Act, cache: &RegisterCache, names: &[Name]) {
    let text = sekisho_register::render(act, cache.register(), screen.language);
    screen.note(&text, &text);
    for name in names {
        let hash = sekisho_register::NameHash::of(&name.salt, &name.text);
        screen.note(&format!("name {}: {hash}", name.text), &format!("氏名 {}: {hash}", name.text));
    }
}

/// Whether the card is one that signs acts now, as far as the register at hand can say. A card that it does not know may have been
/// issued since: the ledger will say. A card that is being made here is known to sign nothing yet.
fn may_sign(cache: &RegisterCache, home: &Home, guid: CardGuid) -> bool {
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

/// Cuts changes into parts that each fit an act.
///
/// # Errors
/// [`AdminError::NothingToDo`], [`AdminError::TooLarge`].
pub(crate) fn parts(changes: Vec<Change>) -> Result<Vec<Vec<Change>>, AdminError> {
    if changes.is_empty() {
        return Err(AdminError::NothingToDo);
    }
    let mut parts = vec![Vec::new()];
    let mut used = 0;
    for change in changes {
        let size = minicbor::to_vec(&change).expect("a vector takes any number of bytes").len();
        if size > ACT_MAX - ACT_OVERHEAD {
            return Err(AdminError::TooLarge);
        }
        if used + size > ACT_MAX - ACT_OVERHEAD {
            parts.push(Vec::new());
            used = 0;
        }
        used += size;
        parts.last_mut().expect("there is always one").push(change);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_register::Title;
    use sekisho_register::change::{SectionState, SetSection};

    fn section(number: usize) -> Change {
        Change::Section(SetSection {
            section: Code::new(&format!("section-{number}")).unwrap(),
            title: Title::new(&"課".repeat(60)).unwrap(),
            state: SectionState::Open,
            effective: 0,
        })
    }

    #[test]
    fn many_changes_become_as_many_acts_as_sizes_ask_for() {
        let changes: Vec<Change> = (0..1000).map(section).collect();
        let parts = parts(changes.clone()).unwrap();
        assert!(parts.len() > 1);
        assert!(parts.iter().all(|part| minicbor::to_vec(part).unwrap().len() <= ACT_MAX - ACT_OVERHEAD + 8));
        assert_eq!(parts.concat(), changes);
    }

    #[test]
    fn no_changes_are_nothing_to_sign() {
        assert!(matches!(parts(Vec::new()), Err(AdminError::NothingToDo)));
    }
}
