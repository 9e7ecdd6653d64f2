//! `found`: the administrators' cards, the recovery keys, the founding act. Interrupted, it is run again.

mod rehearsal;

use std::path::{Path, PathBuf};

use sekisho_card::{OperatorCard, PcscTransport, ReaderName};
use sekisho_issuer::{CardManagementSecret, Day, Validity};
use sekisho_link::{CodeKind, LedgerCode, Link, LinkConfig};
use sekisho_register::change::{Administrator, CardKind, Change, Found, FoundingKeys, Log, Recovery};
use sekisho_register::policy::Policy;
use sekisho_register::{Act, Ed25519Key, PublicKeyBytes, Register, SignedAct, Title, office_of};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, Code};
use sekisho_wire::secret::Pin;

use super::first_pin::own;
use super::issue::{Making, OneOf, make, pin_rules};
use super::set_up::{self, Setup};
use crate::act_draft::draft;
use crate::card_secret::CardSecrets;
use crate::changes_file::{self, AdministratorTable, ChangesFile, Drafter, OfficeTable, end_of_fiscal_year};
use crate::cli;
use crate::clock;
use crate::desk::{Signing, show};
use crate::error::{AdminError, Said};
use crate::home::Home;
use crate::ledger::Ledger;
use crate::name::Name;
use crate::office_file::Office;
use crate::outbox::Kept;
use crate::pending::{self, Wanted};
use crate::pin_entry::PinSource;
use crate::plan::Plan;
use crate::readers::{Look, Readers};
use crate::recovery::Sheets;
use crate::register_cache::RegisterCache;
use crate::screen::Screen;

/// The signed founding act and the names beside it: from the signature until the ledger has taken it.
const SIGNED: &str = "founding/signed.json";
/// Public halves of the recovery keys whose sheets are written.
const RECOVERY: &str = "founding/recovery.cbor";
/// Public halves of the recovery keys whose sheets are being written.
const RECOVERY_BEGUN: &str = "founding/recovery-begun.cbor";
pub(super) fn run(
    arguments: &cli::Found,
    reader_names: &[String],
    screen: Screen,
    home: Home,
    mut readers: Readers,
    signing: Signing,
) -> Result<(), AdminError> {
    let office = Office::load(&home)?;
    let known = office.is_some();
    if let Some(office) = office.filter(|_| matches!(Plan::load(&home), Ok(None))) {
        return said_again(&screen, &office, arguments);
    }
    let (file, _) = changes_file::read(&arguments.config)?;
    let office = check(&file)?;
    // A mistake in a file is told before readers are looked for.
    let code = if known { None } else { Some(read_code(arguments)?) };
    let secret = CardSecrets::ensure(&home)?.now.open(&home, &screen, &signing.token_pin)?;
    home.ensure_card_ca(office.title.0.as_str(), authority_validity())?;
    let readers_in_use = choose(&mut readers, reader_names)?;
    let mut pins = Vec::new();
    if let Some(code) = code {
        let link = Link::new(LinkConfig::new(code.url.clone(), code.authority.clone()))?;
        let taken = match Kept::read(&home, SIGNED)? {
            Some(kept) => send_again(&home, &link, &code, kept)?,
            None => None,
        };
        let signed = match taken {
            Some(signed) => signed,
            None if code.expires < clock::now() => return Err(AdminError::CodeExpired),
            None => {
                rehearsal::of_all(&code, office, &file, &arguments.config)?;
                let cards = Cards { home: &home, screen: &screen, secret: &secret, arguments };
                let (administrators, names) = cards.of_all(&file, &mut readers, &readers_in_use, &mut pins)?;
                let recovery = recovery_keys(&home, arguments, office, &screen)?;
                let found = founding(&code, office, administrators, recovery, &file)?;
                let (readers, readers_in_use) = (&mut readers, &readers_in_use);
                let signer = SigningNow { screen: &screen, readers, readers_in_use, signing: &signing, arguments };
                let act = signer.sign(found, &names, &mut pins)?;
                let kept = Kept { act, names };
                kept.write(&home, SIGNED)?;
                Ledger::found(&link, &code, &kept.act, &kept.names)?;
                kept.act
            }
        };
        keep_office(&home, &screen, &code, &signed)?;
    }
    let own_pins = arguments.own_pin_dir.clone();
    set_up::run(Setup { screen, home, readers, signing, secret, readers_in_use, file, pins, own_pins })
}

/// With the code that it was founded with, the office is set up to the end: whoever was cut short may ask again.
fn said_again(screen: &Screen, office: &Office, arguments: &cli::Found) -> Result<(), AdminError> {
    if read_code(arguments).is_ok_and(|code| Office::from_code(office.id, &code) == *office) {
        let id = office.id;
        return screen.print(&screen.words(
            format!("office {id} is founded and set up: nothing is left to do"),
            format!("団体 {id} は設置済みです。残る作業はありません"),
        ));
    }
    Err(AdminError::OfficeExists)
}

/// A founding act that was signed before may have arrived: only the ledger knows, so it is asked before anything is made anew, even
/// with a code that has expired since. One that it refuses and that is too old, or for another code, is signed again.
fn send_again(home: &Home, link: &Link, code: &LedgerCode, kept: Kept) -> Result<Option<Vec<u8>>, AdminError> {
    let signed = SignedAct::decode(&kept.act).map_err(|_| AdminError::Damaged(home.path(SIGNED)))?;
    match Ledger::found(link, code, &kept.act, &kept.names) {
        Ok(()) => Ok(Some(kept.act)),
        Err(error) if error.code().is_some() && !fits(&signed, code) => {
            home.remove(SIGNED)?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether a signed founding act can still be taken with this code.
fn fits(signed: &SignedAct, code: &LedgerCode) -> bool {
    let same_keys = |found: &Found| {
        let keys = &found.keys;
        let logs = [keys.records.0, keys.register.0, keys.casebook.0] == [code.records, code.register, code.casebook];
        logs && keys.envelope.as_bytes() == code.envelope && found.ledger.as_str() == code.ledger
    };
    let [Change::Found(found)] = signed.act().changes.as_slice() else { return false };
    same_keys(found) && clock::now() < signed.act().expires
}

/// The office is there. That its setting up is still to be done is written down first.
fn keep_office(home: &Home, screen: &Screen, code: &LedgerCode, signed: &[u8]) -> Result<(), AdminError> {
    let act = SignedAct::decode(signed)?;
    let Signer::Card(signer) = *act.signer() else { return Err(AdminError::NothingToDo) };
    Plan { of: signer, since: 0, parts: None, names: Vec::new() }.save(home)?;
    let id = office_of(&act);
    Office::from_code(id, code).save(home)?;
    home.remove(SIGNED)?;
    home.remove(RECOVERY)?;
    home.remove(RECOVERY_BEGUN)?;
    screen.print(&screen.words(format!("office {id} is founded"), format!("団体 {id} を設置しました")))
}

fn read_code(arguments: &cli::Found) -> Result<LedgerCode, AdminError> {
    let fail = |cause| AdminError::File { path: arguments.code.clone(), cause };
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(&arguments.code).map_err(fail)?);
    let code = LedgerCode::parse(&text)?;
    match &code.kind {
        CodeKind::Founding => Ok(code),
        CodeKind::Terminal { .. } => Err(AdminError::CodeKind),
    }
}

/// Everything that can be wrong with the file, before a card is touched.
fn check(file: &ChangesFile) -> Result<&OfficeTable, AdminError> {
    let wrong = |name, value: String, english: &str, japanese: &str| AdminError::Argument {
        name,
        value,
        rule: Said::new(english, japanese),
    };
    let no_office = || wrong("config", String::new(), "it holds no table 'office'", "表 office がありません");
    let office = file.office.as_ref().ok_or_else(no_office)?;
    let mut operators: Vec<_> = file.administrator.iter().map(|administrator| &administrator.operator.0).collect();
    operators.sort();
    operators.dedup();
    if operators.len() < 2 || operators.len() != file.administrator.len() {
        let count = file.administrator.len().to_string();
        return Err(wrong(
            "administrators",
            count,
            "at least two different persons are needed",
            "異なる2名以上が必要です",
        ));
    }
    let recovery = office.recovery;
    if recovery.needed > recovery.keys || (recovery.needed == 0) != (recovery.keys == 0) || recovery.needed > 8 {
        let value = format!("{} of {}", recovery.needed, recovery.keys);
        return Err(wrong(
            "recovery",
            value,
            "at most 8 are needed, and no more than are made",
            "必要数は8以下で、作成数を超えないこと",
        ));
    }
    if !file.whole_policy().is_sound() {
        return Err(wrong(
            "policy",
            String::new(),
            "figures within their bounds, 1 to 15 PIN tries, PINs of 6 to 8 characters at least, a history of at most 10, no rests, no limit a day, no warning (not in use yet)",
            "値が範囲内で、暗証番号の試行は1〜15回、最短は6〜8文字、履歴は10個まで、休憩・1日の上限・警告はまだ使えません",
        ));
    }
    Ok(office)
}

/// The authority outlives the cards of many years: certificates decide nothing, and renewing it would change every card.
fn authority_validity() -> Validity {
    let year = sekisho_register::calendar::fiscal_year(clock::now());
    let day = |year| Day::new(year, 4, 1).expect("1 April is a day of every year up to 9999");
    Validity { from: day(year), until: day((year + 30).min(9999)) }
}

fn choose(readers: &mut Readers, names: &[String]) -> Result<Vec<ReaderName>, AdminError> {
    if names.is_empty() {
        return Ok(vec![readers.choose(None)?]);
    }
    names.iter().map(|name| readers.choose(Some(name))).collect()
}

/// The administrators as the founding act names them, and their names.
type Named = (Vec<Administrator>, Vec<Name>);
/// The PINs of the cards that were made just now.
pub(super) type Pins = Vec<(CardGuid, Pin)>;

struct Cards<'a> {
    home: &'a Home,
    screen: &'a Screen,
    secret: &'a CardManagementSecret,
    arguments: &'a cli::Found,
}

impl Cards<'_> {
    fn of_all(
        &self,
        file: &ChangesFile,
        readers: &mut Readers,
        in_use: &[ReaderName],
        pins: &mut Pins,
    ) -> Result<Named, AdminError> {
        let (register, policy) = (Register::new(), file.founding_policy());
        let mut drafter = Drafter::new(&register, clock::now());
        let mut administrators = Vec::new();
        for (index, table) in file.administrator.iter().enumerate() {
            let reader = in_use.get(index).or(in_use.last()).ok_or(AdminError::NoReader)?;
            let (card, pin) = self.of_one(table, &policy, readers, reader)?;
            pins.extend(pin.map(|pin| (card.card, pin)));
            administrators.push(named(table, card, &mut drafter)?);
        }
        Ok((administrators, drafter.names))
    }

    /// A card that was made before an interruption is taken as it is.
    fn of_one(
        &self,
        table: &AdministratorTable,
        policy: &Policy,
        readers: &mut Readers,
        reader: &ReaderName,
    ) -> Result<(sekisho_register::change::IssueCard, Option<Pin>), AdminError> {
        let operator = &table.operator.0;
        for guid in pending::list(self.home)? {
            let card = pending::find(self.home, guid)?.filter(|card| card.operator.as_ref() == Some(operator));
            // One whose PIN was never handed over is made anew.
            if let Some(card) = card.filter(|_| pending::is_waiting(self.home, guid).is_ok_and(|waits| waits)) {
                let (english, japanese) = (
                    format!("card {guid} of {operator} was made before"),
                    format!("{operator} のカード {guid} は作成済みです"),
                );
                self.screen.note(&english, &japanese);
                return Ok((card, None));
            }
        }
        let whose = (
            format!("a blank card for {} ({operator})", table.name),
            format!("{}({operator})の白紙のカード", table.name),
        );
        // The administrators are here, for each has to sign: nobody hands them a PIN.
        let rules = pin_rules(policy);
        let directory = self.arguments.own_pin_dir.as_ref();
        let source = directory.map_or(PinSource::Terminal, |directory| PinSource::File(pin_file(directory, operator)));
        let holder = format!("{} ({operator})", table.name);
        let first_pin = own(&source, &rules.policy, self.screen, (&holder, &holder))?;
        let (card, pin) = make(Making {
            home: self.home,
            screen: self.screen,
            readers,
            secret: self.secret,
            reader,
            whose: (&whose.0, &whose.1),
            number: "founding".to_owned(),
            wanted: wanted(table),
            rules,
            first_pin,
            register: &Register::new(),
            proposed: &[],
            one_of: OneOf::Founding,
        })?;
        Ok((card, Some(pin)))
    }
}

/// An administrator as the founding act names him.
fn named(
    table: &AdministratorTable,
    card: sekisho_register::change::IssueCard,
    drafter: &mut Drafter<'_>,
) -> Result<Administrator, AdminError> {
    let (operator, post) = (table.operator.0.clone(), table.post.0.clone());
    Ok(Administrator { operator, name: drafter.name(&table.name)?, post, card })
}

/// What an administrator's card is to become.
fn wanted(table: &AdministratorTable) -> Wanted {
    let now = clock::now();
    Wanted {
        kind: table.kind.as_ref().map_or(CardKind::Business, |kind| kind.0),
        operator: Some(table.operator.0.clone()),
        profiles: Vec::new(),
        from: now,
        to: table.to.map_or_else(|| end_of_fiscal_year(now, 1), |date| date.0.moment(crate::dates::Edge::Until)),
        dormant: false,
        signing: true,
    }
}

/// Makes the keys once: their sheets cannot be written a second time.
fn recovery_keys(
    home: &Home,
    arguments: &cli::Found,
    office: &OfficeTable,
    screen: &Screen,
) -> Result<Recovery, AdminError> {
    if let Some(bytes) = home.read(RECOVERY)? {
        return minicbor::decode(&bytes).map_err(|_| AdminError::Damaged(home.path(RECOVERY)));
    }
    let damaged = || AdminError::Damaged(home.path(RECOVERY_BEGUN));
    // Sheets of a run that was interrupted: no act names their keys, so they may be replaced.
    let begun: Option<Recovery> =
        home.read(RECOVERY_BEGUN)?.map(|bytes| minicbor::decode(&bytes).map_err(|_| damaged())).transpose()?;
    let encoded = |recovery: &Recovery| minicbor::to_vec(recovery).expect("a vector takes any number of bytes");
    let sheets = Sheets::make(office.title.0.as_str(), office.recovery, screen.language)?;
    let made = sheets.recovery();
    let mut ours = made.clone();
    ours.keys.extend(begun.iter().flat_map(|recovery| recovery.keys.iter().copied()));
    home.write(RECOVERY_BEGUN, &encoded(&ours))?;
    sheets.write(&arguments.recovery_dir, &ours.keys)?;
    home.write(RECOVERY, &encoded(&made))?;
    let directory = arguments.recovery_dir.display();
    screen.note(
        &format!("print the recovery sheets in {directory}, seal them, and destroy the files"),
        &format!("{directory} の復旧鍵を印刷し、封をして保管し、ファイルを消去してください"),
    );
    Ok(made)
}

fn founding(
    code: &LedgerCode,
    office: &OfficeTable,
    administrators: Vec<Administrator>,
    recovery: Recovery,
    file: &ChangesFile,
) -> Result<Found, AdminError> {
    let argument = |name, value: &str| AdminError::Argument {
        name,
        value: value.to_owned(),
        rule: Said::new("the ledger's code holds no such value", "台帳のコードに使える値がありません"),
    };
    Ok(Found {
        ledger: Title::new(&code.ledger).ok_or_else(|| argument("ledger", &code.ledger))?,
        title: office.title.0.clone(),
        jurisdiction: office.jurisdiction.0.clone(),
        keys: FoundingKeys {
            records: Ed25519Key(code.records),
            register: Ed25519Key(code.register),
            casebook: Ed25519Key(code.casebook),
            envelope: PublicKeyBytes::new(&code.envelope).ok_or_else(|| argument("envelope", ""))?,
        },
        administrators,
        recovery,
        policy: file.founding_policy(),
    })
}

struct SigningNow<'a> {
    screen: &'a Screen,
    readers: &'a mut Readers,
    readers_in_use: &'a [ReaderName],
    signing: &'a Signing,
    arguments: &'a cli::Found,
}

impl SigningNow<'_> {
    /// Shows the founding act and has the first administrator sign it.
    fn sign(self, found: Found, names: &[Name], pins: &mut Pins) -> Result<Vec<u8>, AdminError> {
        let first = found.administrators.first().ok_or(AdminError::NothingToDo)?;
        let (guid, operator) = (first.card.card, first.operator.clone());
        let empty = Register::new();
        let made = made_at(&found, clock::now());
        let act = Act {
            request: self.signing.request.clone(),
            agreement: self.signing.agreement.clone(),
            changes: vec![Change::Found(Box::new(found))],
            ..draft(&empty, Log::Register, made)?
        };
        show(self.screen, &act, &RegisterCache::default(), names);
        self.screen.confirm("sign the founding act?", "設置の処分に署名しますか?")?;
        let reader = reader_of(self.readers, self.readers_in_use, self.signing.reader.as_deref(), guid)?;
        let mut card = wait_for(self.readers, &reader, self.screen, guid)?;
        if !pins.iter().any(|(card, _)| *card == guid) {
            let source = pin_source(self.arguments.own_pin_dir.as_deref(), &operator, &self.signing.pin);
            let (english, japanese) = ("PIN of the first administrator's card", "最初の管理者のカードの暗証番号");
            pins.push((guid, source.read(self.screen, english, japanese)?));
        }
        let pin =
            pins.iter().find(|(card, _)| *card == guid).map(|(_, pin)| pin).ok_or(AdminError::NoTerminalForPin)?;
        let to_be_signed = act.to_be_signed(&Signer::Card(guid));
        let signature = card.sign_act(pin, &to_be_signed.digest)?;
        let entry = to_be_signed.finish(signature);
        // What the ledger would say, it says here first: its code works once.
        let _ = empty.would_accept(&entry, made).map_err(AdminError::Fold)?;
        Ok(entry)
    }
}

/// When the founding act is made: not before its cards begin to hold, though the clock was set back since they were made.
fn made_at(found: &Found, now: u64) -> u64 {
    found.administrators.iter().map(|administrator| administrator.card.from).fold(now, u64::max)
}

/// The file in which an administrator's own PIN is expected.
fn pin_file(directory: &Path, operator: &Code) -> PathBuf {
    directory.join(format!("{operator}.pin"))
}

/// Where the PIN of an administrator's card comes from: `asked`, where a file or pipe was named, else from where the administrators' own PINs
/// lie.
pub(super) fn pin_source(own_pins: Option<&Path>, operator: &Code, asked: &PinSource) -> PinSource {
    let written = own_pins.map(|directory| pin_file(directory, operator)).filter(|file| file.exists());
    match (asked, written) {
        (PinSource::Terminal, Some(file)) => PinSource::File(file),
        (PinSource::Terminal, None) | (PinSource::File(_) | PinSource::Stdin, _) => asked.clone(),
    }
}

/// Where an administrator's card is now, else where the first one was made.
pub(super) fn reader_of(
    readers: &mut Readers,
    in_use: &[ReaderName],
    wanted: Option<&str>,
    guid: CardGuid,
) -> Result<ReaderName, AdminError> {
    if wanted.is_some() {
        return readers.choose(wanted);
    }
    let cards = readers.operator_cards();
    let there = cards.iter().find(|(_, card)| card.guid() == guid).map(|(reader, _)| reader.clone());
    there.or_else(|| in_use.first().cloned()).ok_or(AdminError::NoReader)
}

fn wait_for(
    readers: &mut Readers,
    reader: &ReaderName,
    screen: &Screen,
    expected: CardGuid,
) -> Result<OperatorCard<PcscTransport>, AdminError> {
    readers.wait_for(reader, screen, ("the first administrator's card", "最初の管理者のカード"), |transport| {
        Ok(match OperatorCard::open(transport) {
            Ok(card) if card.guid() == expected => Look::Right(card),
            Ok(card) => Look::Wrong(AdminError::OtherCard { expected, found: card.guid() }),
            Err(error) => Look::Wrong(error.into()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register_cache::tests::Story;

    #[test]
    fn a_founding_act_is_never_older_than_its_cards() {
        let act = SignedAct::decode(&Story::begin().entries[0]).unwrap();
        let [Change::Found(found)] = act.act().changes.as_slice() else { panic!("it founds") };
        let made = found.administrators[0].card.from;
        let mut found = (**found).clone();
        found.administrators[1].card.from += 5;
        // The clock was set back after the second card was made: made then, the act would name a card that is not hers yet.
        assert_eq!(made_at(&found, made - 1000), made + 5);
        assert_eq!(made_at(&found, made + 1000), made + 1000);
        let mut register = Register::new();
        let fold = |register: &mut Register, made| {
            let changes = vec![Change::Found(Box::new(found.clone()))];
            let draft = Act { changes, ..draft(&Register::new(), Log::Register, made).unwrap() };
            let entry = draft.to_be_signed(&Signer::Card(found.administrators[0].card.card)).finish([0; 64]);
            register.fold_unsigned(&entry).map(drop)
        };
        fold(&mut register, made - 1000).unwrap_err();
        fold(&mut register, made_at(&found, made - 1000)).unwrap();
    }
}
