//! `card issue`: keys and PIN on the card, then the act, then the grant on the card. Interrupted anywhere, `--resume` goes on.

use sekisho_card::{OperatorCard, PcscTransport, ReaderName};
use sekisho_issuer::{
    CardKeys, CardManagementSecret, Day, GrantOnCard, Issuer, IssuerCause, Order, Personalisation, PinRules, Step,
    Validity,
};
use sekisho_register::calendar::date;
use sekisho_register::change::{Change, IssueCard, Log};
use sekisho_register::policy::Policy;
use sekisho_register::wareki::numbered;
use sekisho_register::{FoldRefusal, Register};
use sekisho_wire::id::{CardGuid, Hash};
use sekisho_wire::piv::Slot;
use sekisho_wire::secret::Pin;

use super::cards_held::CardsHeld;
use super::decisions;
use super::first_pin::{FirstPin, Left, say_unenforced};
use super::proposals;
use crate::act_draft::takes_two;
use crate::cli::{FirstPinArguments, IssueArguments};
use crate::clock;
use crate::desk::{Desk, Submitted};
use crate::error::{AdminError, Thing};
use crate::grant;
use crate::home::Home;
use crate::ledger::Place;
use crate::pending::{self, Wanted};
use crate::random;
use crate::readers::{Look, Readers};
use crate::rekeying;
use crate::screen::Screen;
use crate::table::Table;

/// What lies in a certificate before a P-256 public key: the curve's OID, a bit string, an uncompressed point (RFC 5480, 2).
const P256_POINT: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";

/// Where a card stands between blank and finished.
pub(super) enum Stage {
    /// Nothing, or an interrupted personalisation: begin at the beginning.
    Unmade,
    /// Keys and PIN are there, the grant is not.
    WithoutGrant(CardGuid),
    /// Everything is there.
    Finished(CardGuid),
}

pub(super) fn run(desk: &mut Desk, arguments: IssueArguments, reader: Option<&str>) -> Result<(), AdminError> {
    let secret = desk.card_secret()?;
    let reader = desk.work_reader(reader)?;
    if arguments.resume {
        return resume(desk, &secret, &reader, arguments.first_pin);
    }
    let (from, to) = decisions::period(arguments.period);
    let wanted = Wanted {
        kind: arguments.kind,
        operator: arguments.operator,
        profiles: arguments.profiles,
        from,
        to,
        dormant: arguments.dormant,
        signing: arguments.signing,
    };
    let held = if arguments.also { Held::Stays } else { Held::EndsFirst };
    begin(desk, &secret, &reader, wanted, held, arguments.first_pin)
}

/// What becomes of a card of the same kind that the holder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// It is ended before another one is lent (下松市 4(2)).
    EndsFirst,
    /// He has both.
    Stays,
}

/// Asks the fold first: what it would refuse should not cost a card.
fn begin(
    desk: &mut Desk,
    secret: &CardManagementSecret,
    reader: &ReaderName,
    wanted: Wanted,
    held: Held,
    first_pin: FirstPinArguments,
) -> Result<(), AdminError> {
    desk.log_in()?;
    rehearse(desk, &wanted)?;
    if let Some(which) = CardsHeld::of(desk)?.by(&wanted) {
        if held == Held::EndsFirst {
            return Err(AdminError::HasACard(which.to_owned()));
        }
        desk.screen.note(
            &format!("the holder has card {which} of this kind for that time: this is another one"),
            &format!("この操作者にはその期間の同じ種別のカード({which})があります。追加のカードになります"),
        );
    }
    let proposed = proposals::cards(desk)?;
    let left = Left::of(pending::was_interrupted(&desk.home, wanted.operator.as_ref())?);
    let rules = pin_rules(desk.cache.register().policy());
    let first_pin = FirstPin::settle(first_pin, left, &rules.policy, &desk.screen)?;
    let (card, _) = make(Making {
        home: &desk.home,
        screen: &desk.screen,
        readers: &mut desk.readers,
        secret,
        reader,
        whose: ("a blank card", "白紙のカード"),
        number: number_of(desk.cache.register()),
        wanted,
        rules,
        first_pin,
        register: desk.cache.register(),
        proposed: &proposed,
        one_of: OneOf::One,
    })?;
    act_and_grant(desk, secret, reader, card)
}

/// Whether the fold would take such a card, with a GUID and keys that no card has.
pub(super) fn rehearse(desk: &mut Desk, wanted: &Wanted) -> Result<(), AdminError> {
    if let Some(code) = &wanted.operator {
        let Some(operator) = desk.cache.register().operator(code) else {
            return Err(AdminError::Unknown { what: Thing::Operator, code: code.to_string() });
        };
        let missing = wanted.profiles.iter().find(|asked| operator.profiles().all(|(has, _)| has != *asked));
        if let Some(profile) = missing {
            return Err(AdminError::Unknown { what: Thing::Profile, code: format!("{profile} ({code})") });
        }
        // Where an approval is asked for, the fold says so only once somebody approves it: the card would be made by then.
        let (now, kind) = (clock::now(), wanted.kind);
        let asked = desk.cache.register().policy_at(now).qualified_kinds.contains(&kind);
        if asked && !operator.qualifies(kind, wanted.from.max(now)) {
            return Err(AdminError::Fold(FoldRefusal::NotQualified { operator: code.clone(), kind }));
        }
    }
    let keys = CardKeys {
        authentication: random::bytes()?,
        signature: random::bytes()?,
        card_authentication: random::bytes()?,
    };
    let guid = CardGuid(random::bytes()?);
    let mut card = wanted.clone().card(guid, &keys);
    match desk.rehearse(Change::IssueCard(Box::new(card.clone()))) {
        Err(AdminError::Fold(FoldRefusal::ApprovalNeeded(_))) => {}
        said => return said,
    }
    // Nobody can say yet who will approve it; without the key that makes it a matter for two, the rest can be tried, by whoever may sign that.
    card.signature = None;
    match desk.rehearse(Change::IssueCard(Box::new(card))) {
        Err(AdminError::Fold(FoldRefusal::ApprovalNeeded(_) | FoldRefusal::NoRoute(_))) => Ok(()),
        said => said,
    }
}

pub(super) fn may_decide_alone(desk: &Desk, change: &Change) -> bool {
    !takes_two(desk.cache.register(), std::slice::from_ref(change))
}

/// Everything that making a card needs.
pub(super) struct Making<'a> {
    pub(super) home: &'a Home,
    pub(super) screen: &'a Screen,
    pub(super) readers: &'a mut Readers,
    pub(super) secret: &'a CardManagementSecret,
    pub(super) reader: &'a ReaderName,
    pub(super) whose: (&'a str, &'a str),
    pub(super) number: String,
    pub(super) wanted: Wanted,
    /// What the office asks of PINs.
    pub(super) rules: PinRules,
    pub(super) first_pin: FirstPin,
    /// Which cards are issued; empty before there is an office.
    pub(super) register: &'a Register,
    /// Cards whose issue is proposed, at whatever desk: their keys stand in a proposal.
    pub(super) proposed: &'a [(CardGuid, Hash)],
    /// What a card that cannot be made here means.
    pub(super) one_of: OneOf,
}

/// How many cards are made in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OneOf {
    /// This one: what is wrong with it ends the run, except that it is issued already, as the administrator's own is.
    One,
    /// Those of the administrators, before there is an office: the one before may still lie there.
    Founding,
    /// A batch, one after the other: a wrong one is taken out, and the next one comes.
    Batch,
}

impl OneOf {
    /// Whether another card is asked for.
    fn asks_for_another(self, error: &AdminError) -> bool {
        match self {
            Self::One => matches!(error, AdminError::CardIssued(_)),
            Self::Founding => matches!(error, AdminError::CardIssued(_) | AdminError::CardUnfinished),
            Self::Batch => error.is_of_the_card(),
        }
    }
}

/// What certificates have where a card's number would be: it comes with the act, and they with the card.
pub(super) fn number_of(register: &Register) -> String {
    register.founding().map_or_else(String::new, |found| found.jurisdiction.to_string())
}

/// What the office's policy asks of the PINs of its cards.
pub(super) const fn pin_rules(policy: &Policy) -> PinRules {
    PinRules { tries: policy.pin_tries, policy: policy.pin }
}

/// Personalises the card in the reader, and keeps what its act will say. The PIN is handed over and comes back for this run.
///
/// What the card is to become is kept under its GUID before its keys are made: whatever interrupts this, the card can be made anew.
pub(super) fn make(making: Making<'_>) -> Result<(IssueCard, Pin), AdminError> {
    let Making { home, screen, readers, secret, reader, whose, number, wanted, rules, first_pin, .. } = making;
    let Making { register, proposed, one_of, .. } = making;
    let (pin, delivery) = first_pin.apart();
    let ca = home.card_ca()?;
    let mut issuer = readers.wait_for(reader, screen, whose, |transport| {
        let may = Issuer::open(transport, secret).map_err(AdminError::from).and_then(|mut issuer| {
            let stage = stage(&mut issuer, home, register)?;
            may_make(home, screen, (register, proposed), &stage, issuer.guid(), one_of)?;
            Ok(issuer)
        });
        match may {
            Ok(issuer) => Ok(Look::Right(issuer)),
            Err(error) if one_of.asks_for_another(&error) => Ok(Look::Wrong(error)),
            Err(error) => Err(error),
        }
    })?;
    screen.note("making the card: do not take it out", "カードを作成しています。抜かないでください");
    let validity = Validity { from: day(wanted.from), until: day(wanted.to) };
    pending::intend(home, issuer.write_identity(validity.until)?, &wanted)?;
    let made = issuer.personalise_anew(Order { number: &number, validity, rules, pin }, &ca)?;
    say_unenforced(screen, made.unenforced);
    let card = wanted.card(made.guid, &made.keys);
    pending::keep(home, &card)?;
    delivery.map_or(Ok(()), |delivery| delivery.deliver(screen, made.guid, &made.pin))?;
    pending::made(home, made.guid)?;
    rekeying::note(home, made.guid)?;
    screen.note(&format!("card {} is made", made.guid), &format!("カード {} を作成しました", made.guid));
    Ok((card, made.pin))
}

/// A card that no register names may be made, and made anew; one that waits for its act keeps its keys.
fn may_make(
    home: &Home,
    screen: &Screen,
    (register, proposed): (&Register, &[(CardGuid, Hash)]),
    stage: &Stage,
    guid: Option<CardGuid>,
    one_of: OneOf,
) -> Result<(), AdminError> {
    let Some(guid) = guid else { return Ok(()) };
    if register.card(&guid).is_some() {
        return Err(AdminError::CardIssued(guid));
    }
    if pending::is_waiting(home, guid)? {
        return Err(AdminError::CardUnfinished);
    }
    if let Some((_, proposal)) = proposed.iter().find(|(card, _)| *card == guid) {
        return Err(AdminError::CardProposed(*proposal));
    }
    match (stage, one_of) {
        (Stage::Unmade, _) => Ok(()),
        // Nobody looks at each card of a batch. What was interrupted here may be made anew; what somebody else made may not.
        (Stage::WithoutGrant(_) | Stage::Finished(_), OneOf::Batch) => {
            if pending::begun(home)?.contains(&guid) {
                Ok(())
            } else {
                Err(AdminError::NotBegunHere(guid))
            }
        }
        (Stage::WithoutGrant(_) | Stage::Finished(_), OneOf::One | OneOf::Founding) => screen.confirm(
            &format!("card {guid} was made before, and no register names it: make it anew?"),
            &format!("カード {guid} は作成済みですが、登録簿にありません。作り直しますか?"),
        ),
    }
}

/// The legal day of a moment, as certificates carry it. Past the year 9999 nothing can be said.
fn day(t: u64) -> Day {
    let date = date(t.min(253_000_000_000_000));
    Day::new(date.year, date.month, date.day).unwrap_or_else(|| Day::new(9999, 12, 31).expect("a day of the calendar"))
}

/// How far the card in the reader has come.
fn stage(issuer: &mut Issuer<'_, PcscTransport>, home: &Home, register: &Register) -> Result<Stage, AdminError> {
    let state = issuer.inspect()?;
    let guid = issuer.guid();
    match (state, guid) {
        (Personalisation::Foreign, guid) => Err(rekeying::foreign(home, register, guid)),
        (Personalisation::Complete, Some(guid)) => Ok(Stage::Finished(guid)),
        (Personalisation::Partial { missing }, Some(guid)) if missing == [Step::Grant] => Ok(Stage::WithoutGrant(guid)),
        (Personalisation::Blank | Personalisation::Partial { .. } | Personalisation::Complete, _) => Ok(Stage::Unmade),
    }
}

/// Goes on with a card: its making, if that was interrupted; its act, if that is missing; its grant.
fn resume(
    desk: &mut Desk,
    secret: &CardManagementSecret,
    reader: &ReaderName,
    first_pin: FirstPinArguments,
) -> Result<(), AdminError> {
    let whose = ("the card to go on with", "続きを行うカード");
    let (home, register) = (&desk.home, desk.cache.register());
    let guid = desk.readers.wait_for(reader, &desk.screen, whose, |transport| {
        let mut issuer = Issuer::open(transport, secret)?;
        Ok(match (stage(&mut issuer, home, register)?, issuer.guid()) {
            (Stage::WithoutGrant(guid) | Stage::Finished(guid), _) | (Stage::Unmade, Some(guid)) => Look::Right(guid),
            (Stage::Unmade, None) => return Err(AdminError::NothingToResume),
        })
    })?;
    if let Some(wanted) = pending::intended(&desk.home, guid)? {
        // That somebody may have two was settled when it was begun.
        return begin(desk, secret, reader, wanted, Held::Stays, first_pin);
    }
    let card = match pending::find(&desk.home, guid)? {
        Some(card) => card,
        None => {
            desk.log_in()?;
            match desk.cache.register().card(&guid).map(|card| card.issued().clone()) {
                Some(known) => known,
                // Made at another desk, which waits for an approval.
                None => {
                    let proposal = proposed(desk, guid)?.map(|(id, _)| AdminError::CardProposed(id));
                    return Err(proposal.unwrap_or(AdminError::NothingToResume));
                }
            }
        }
    };
    expect_keys(&mut desk.readers, reader, &desk.screen, &card)?;
    act_and_grant(desk, secret, reader, card)
}

/// What the act will say must be what is on the card: a card made anew since has other keys.
fn expect_keys(
    readers: &mut Readers,
    reader: &ReaderName,
    screen: &Screen,
    card: &IssueCard,
) -> Result<(), AdminError> {
    let keys = readers.wait_for(reader, screen, ("the same card", "同じカード"), |transport| {
        Ok(Look::Right(keys_on(&mut OperatorCard::open(transport)?)?))
    })?;
    let same = keys.is_some_and(|keys| {
        keys.authentication == card.authentication.0
            && card.signature.is_none_or(|key| key.0 == keys.signature)
            && keys.card_authentication == card.presence.0
    });
    if same { Ok(()) } else { Err(AdminError::NothingToResume) }
}

/// The public keys out of the certificates that the issuer wrote.
fn keys_on(card: &mut OperatorCard<PcscTransport>) -> Result<Option<CardKeys>, AdminError> {
    let mut key = |slot| Ok::<_, AdminError>(card.read_certificate(slot)?.as_deref().and_then(public_key));
    let keys = (key(Slot::Authentication)?, key(Slot::Signature)?, key(Slot::CardAuthentication)?);
    let (Some(authentication), Some(signature), Some(card_authentication)) = keys else { return Ok(None) };
    Ok(Some(CardKeys { authentication, signature, card_authentication }))
}

fn public_key(certificate: &[u8]) -> Option<[u8; 33]> {
    let at = certificate.windows(P256_POINT.len()).position(|window| window == P256_POINT)? + P256_POINT.len();
    let point = certificate.get(at - 1..at + 64)?;
    let key = p256::PublicKey::from_sec1_bytes(point).ok()?;
    let bytes = p256::elliptic_curve::sec1::ToEncodedPoint::to_encoded_point(&key, true);
    bytes.as_bytes().try_into().ok()
}

/// Posts the act that issues the card, unless the register holds it, and writes the grant.
fn act_and_grant(
    desk: &mut Desk,
    secret: &CardManagementSecret,
    reader: &ReaderName,
    card: IssueCard,
) -> Result<(), AdminError> {
    let guid = card.card;
    desk.log_in().inspect_err(|_| say_how_to_go_on(&desk.screen))?;
    if desk.cache.register().card(&guid).is_none() {
        if let Some((id, _)) = proposed(desk, guid)? {
            return Err(AdminError::NotApprovedYet(id));
        }
        let change = Change::IssueCard(Box::new(card));
        // What one person may not decide is proposed, asked for or not.
        let alone = may_decide_alone(desk, &change);
        let submitted = if alone { desk.submit(vec![change], &[]) } else { desk.propose(vec![change], &[]) };
        if submitted.as_ref().is_err_and(is_refusal) {
            pending::refuse(&desk.home, guid)?;
        }
        let submitted = submitted.inspect_err(|_| say_how_to_go_on(&desk.screen))?;
        if let Submitted::Proposed = submitted {
            say_when_approved(&desk.screen);
            return Ok(());
        }
    }
    let id = act_of(desk, guid)?;
    write_grant(desk, secret, reader, guid, &id).inspect_err(|_| say_how_to_go_on(&desk.screen))?;
    pending::forget(&desk.home, guid)?;
    let number = desk.cache.register().card(&guid).map(sekisho_register::cards::Card::number);
    let number = number.map_or_else(String::new, |number| numbered(number, desk.screen.language));
    desk.screen.print(
        &desk.screen.words(
            format!("card {guid}, number {number}, is issued"),
            format!("カード {guid}({number})を貸与しました"),
        ),
    )
}

/// The open proposal that issues this card.
fn proposed(desk: &mut Desk, guid: CardGuid) -> Result<Option<(Hash, Vec<u8>)>, AdminError> {
    let issues = |change: &Change| if let Change::IssueCard(card) = change { card.card == guid } else { false };
    proposals::find(desk, |act| act.act().changes.iter().any(issues))
}

/// The cards whose issue was begun at this desk and is not done: what is still missing of each.
pub(super) fn pending_list(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let screen = desk.screen;
    let mut table = Table::new(&[
        ("guid", screen.words("GUID", "カードGUID")),
        ("operator", screen.words("operator", "照合ID")),
        ("missing", screen.words("still to do", "残り")),
    ]);
    for guid in pending::begun(&desk.home)? {
        let operator = match (pending::intended(&desk.home, guid)?, pending::find(&desk.home, guid)?) {
            (Some(wanted), _) => wanted.operator,
            (None, card) => card.and_then(|card| card.operator),
        };
        let missing = if desk.cache.register().card(&guid).is_some() {
            screen.words("its grant: 'card issue --resume'", "カードへの書込み(card issue --resume)").to_owned()
        } else if !pending::is_waiting(&desk.home, guid)? {
            screen.words("to be made anew: 'card issue --resume'", "作り直し(card issue --resume)").to_owned()
        } else if let Some((id, _)) = proposed(desk, guid)? {
            screen.words(format!("approval of {id}"), format!("{id} の承認"))
        } else {
            screen.words("its act: 'card issue --resume'", "貸与の処分(card issue --resume)").to_owned()
        };
        table.row([guid.to_string(), operator.map_or_else(|| "-".to_owned(), |code| code.to_string()), missing]);
    }
    screen.print_table(&table)
}

/// Gives up a card whose issue was begun here: one that is lost or broken can never be finished. Where the card is still there, it can be
/// made anew; what an act names of it, the register knows.
pub(super) fn forget(desk: &Desk, guid: CardGuid) -> Result<(), AdminError> {
    if !pending::begun(&desk.home)?.contains(&guid) {
        return Err(AdminError::Unknown { what: Thing::BegunCard, code: guid.to_string() });
    }
    desk.screen.confirm(
        &format!("give up card {guid}, whose issue was begun here?"),
        &format!("ここで発行を始めたカード {guid} の発行をやめますか?"),
    )?;
    pending::forget(&desk.home, guid)?;
    desk.screen.note(&format!("card {guid} is given up"), &format!("カード {guid} の発行をやめました"));
    Ok(())
}

/// The act, as it stands, will not be taken: the card may become something else.
fn is_refusal(error: &AdminError) -> bool {
    matches!(error, AdminError::Fold(_)) || error.code() == Some("refused")
}

fn say_how_to_go_on(screen: &Screen) {
    screen.note(
        "the card itself is made. when this is settled: 'sekisho-admin card issue --resume' with the card in the reader",
        "カード自体は作成済みです。解決後、カードを挿入して「sekisho-admin card issue --resume」を実行してください",
    );
}

fn say_when_approved(screen: &Screen) {
    screen.note(
        "keep the card until it is approved ('sekisho-admin card pending' shows it); then 'sekisho-admin card issue --resume' with the card in the reader, and hand it out",
        "承認されるまでカードを保管してください(sekisho-admin card pending で確認)。承認後、カードを挿入して「sekisho-admin card issue --resume」を実行してから貸与してください",
    );
}

/// The act that issued a card.
pub(super) fn act_of(desk: &Desk, guid: CardGuid) -> Result<Hash, AdminError> {
    let unknown = || AdminError::Unknown { what: Thing::Card, code: guid.to_string() };
    let index = desk.cache.register().card(&guid).ok_or_else(unknown)?.index();
    let folded = desk
        .cache
        .acts()
        .nth(usize::try_from(index).unwrap_or(usize::MAX))
        .and_then(|(_, folded)| folded.as_ref().ok());
    folded.map(|folded| folded.id).ok_or_else(unknown)
}

/// The grants by these acts: fetches the proofs, and checks them. Nothing for one that is too large for a card, which is said.
pub(super) fn grants_of(desk: &mut Desk, ids: &[Hash]) -> Result<Vec<Option<Vec<u8>>>, AdminError> {
    let mut places = Vec::new();
    for id in ids {
        desk.log_in()?;
        places.push((id, desk.ledger.place_of(id)?));
    }
    // The proofs' checkpoints may be newer than what was verified here; a card carries them to terminals for years.
    desk.refresh()?;
    let grant = |(id, place): (&Hash, Place)| {
        let unknown = || AdminError::Unknown { what: Thing::Act, code: id.to_string() };
        let (_, entry) = desk.cache.act(id).ok_or_else(unknown)?;
        desk.cache.expect_continues(&place.checkpoint, desk.register_of())?;
        match grant::encode(entry, &place, &desk.log_keys(Log::Register)?) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error @ AdminError::GrantTooLarge) => {
                desk.screen.note(&error.to_string(), &error.in_words(desk.screen.language));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    };
    places.into_iter().map(grant).collect()
}

/// Writes the grant on the card in the reader.
pub(super) fn write_grant(
    desk: &mut Desk,
    secret: &CardManagementSecret,
    reader: &ReaderName,
    guid: CardGuid,
    id: &Hash,
) -> Result<(), AdminError> {
    let Some(bytes) = grants_of(desk, std::slice::from_ref(id))?.pop().flatten() else { return Ok(()) };
    let whose = (format!("card {guid}"), format!("カード {guid}"));
    let mut issuer = desk.readers.wait_for(reader, &desk.screen, (&whose.0, &whose.1), |transport| {
        // The administrator's card may still lie there: it is not ours to write on now.
        Ok(match Issuer::open(transport, secret) {
            Ok(issuer) if issuer.guid() == Some(guid) => Look::Right(issuer),
            Ok(issuer) => Look::Wrong(
                issuer.guid().map_or(AdminError::ForeignCard, |found| AdminError::OtherCard { expected: guid, found }),
            ),
            Err(error) if matches!(error.cause, IssuerCause::Card(_)) => Look::Wrong(error.into()),
            Err(error) => return Err(error.into()),
        })
    })?;
    let register = desk.cache.register();
    let written = issuer.update_grant(&bytes);
    let written = written.map_err(|error| rekeying::named(&desk.home, register, Some(guid), error))?;
    say_no_place(&desk.screen, written);
    Ok(())
}

/// Says what it means that a card has no place for its grant.
pub(super) fn say_no_place(screen: &Screen, written: GrantOnCard) {
    if let GrantOnCard::NoPlace(status) = written {
        screen.note(
            &format!(
                "this card has no place for its grant ({status}): it works at terminals that know it from the register"
            ),
            &format!("このカードには貸与の処分を書き込めません({status})。登録簿を受信済みの端末では使えます"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::elliptic_curve::sec1::ToEncodedPoint;
    use sekisho_issuer::OfficeCa;

    #[test]
    fn the_key_is_found_in_a_certificate_of_ours() {
        let key = p256::SecretKey::from_slice(&[9; 32]).unwrap().public_key();
        let compressed: [u8; 33] = key.to_encoded_point(true).as_bytes().try_into().unwrap();
        let validity = Validity { from: Day::new(2026, 4, 1).unwrap(), until: Day::new(2027, 3, 31).unwrap() };
        let ca = OfficeCa::create("関所町", validity).unwrap();
        let certificate = ca.issue(Slot::Signature, &compressed, "131016", CardGuid([1; 16]), validity).unwrap();
        assert_eq!(public_key(&certificate), Some(compressed));
        assert_eq!(public_key(&certificate[..40]), None);
    }

    #[test]
    fn certificates_end_when_calendars_do() {
        assert_eq!(day(u64::MAX), day(253_000_000_000_000));
        assert_eq!(day(1_806_418_800_000), Day::new(2027, 3, 31).unwrap());
    }
}
