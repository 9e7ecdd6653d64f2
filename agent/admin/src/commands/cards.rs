//! Cards that exist: their state in the register, what is in the reader, a new PIN.

use sekisho_card::{OperatorCard, PcscTransport, ReaderName};
use sekisho_issuer::{CardManagementSecret, Ended, Issuer, IssuerCause, IssuerError, Personalisation, Wiped};
use sekisho_register::calendar::{local_day, moment};
use sekisho_register::cards::Card;
use sekisho_register::change::{ActivateCard, CardState, Change, Disposal, Identified, ResetPin, SetCardState};
use sekisho_register::wareki::{moment_text, numbered};
use sekisho_register::{FoldRefusal, Register};
use sekisho_wire::id::{CardGuid, Hash, Numbered};

use super::decisions::{from, since};
use super::first_pin::{FirstPin, Left};
use super::rekey::{self, HowMany};
use super::{issue, proposals, registers, survey};
use crate::cli::{CardChange, CardCommand, FirstPinArguments};
use crate::clock;
use crate::config_text::FromText;
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Thing};
use crate::pending;
use crate::readers::{Look, connect};
use crate::rekeying;

pub(super) fn run(desk: &mut Desk, command: CardCommand, reader: Option<&str>) -> Result<(), AdminError> {
    match command {
        CardCommand::Issue(_) | CardCommand::Batch(_) => Ok(()),
        CardCommand::Suspend(change) => state(desk, &change, CardState::Suspended, None),
        CardCommand::Lift(change) => state(desk, &change, CardState::Active, None),
        CardCommand::Revoke(change) => state(desk, &change, CardState::Revoked, None),
        CardCommand::Return(change) => state(desk, &change, CardState::Returned, None),
        CardCommand::Dispose { change, method, by: person, witness, on } => {
            let on = on.map_or_else(|| local_day(clock::now()), |on| on.day);
            state(desk, &change, CardState::Disposed, Some(Disposal { on, method, person, witness }))
        }
        CardCommand::Activate { card, operator, profiles, reason, from: begin, to } => {
            desk.log_in()?;
            let card = find(desk, &card)?;
            let from = from(begin);
            let to = to.map_or_else(|| closing(desk.cache.register(), from), |to| to.moment(Edge::Until));
            let change = ActivateCard { card, operator, profiles, from, to, reason };
            desk.submit(vec![Change::ActivateCard(Box::new(change))], &[]).map(drop)
        }
        CardCommand::Show => {
            let reader = desk.work_reader(reader)?;
            show(desk, &reader)
        }
        CardCommand::ResetPin { identified, first_pin } => {
            let reader = desk.work_reader(reader)?;
            reset_pin(desk, &reader, identified, first_pin)
        }
        CardCommand::Rekey { all } => rekey::run(desk, if all { HowMany::All } else { HowMany::One }, reader),
        CardCommand::Reset => {
            let reader = desk.work_reader(reader)?;
            let english = "make it blank? Its keys and its PIN are gone then";
            let japanese = "白紙に戻しますか?鍵と暗証番号は失われます";
            let secret = desk.card_secret()?;
            let mut issuer = ended_card(desk, &secret, &reader, (english, japanese))?;
            let guid = issuer.guid();
            let wiped = issuer.dangerous_wipe().map_err(|error| named(desk, guid, error))?;
            // What was begun with it will never be finished.
            guid.map_or(Ok(()), |guid| pending::forget(&desk.home, guid))?;
            desk.screen.print(desk.screen.words("the card is blank again", "カードを白紙に戻しました"))?;
            if wiped == Wiped::InSteps {
                desk.screen.note(
                    "this make knows no reset for its issuer: new keys that nobody knows are left on it, its number of PIN tries, and what other programs have written",
                    "このカードには発行者による一括初期化の機能がありません。誰も知らない新しい鍵、暗証番号の試行回数、他のプログラムの書いたデータは残っています",
                );
            }
            Ok(())
        }
        CardCommand::Terminate => {
            let reader = desk.work_reader(reader)?;
            let english = "end it for good? Nobody can use it for anything then";
            let japanese = "使用を終了しますか?以後このカードは何にも使えません";
            let secret = desk.card_secret()?;
            let mut issuer = ended_card(desk, &secret, &reader, (english, japanese))?;
            let guid = issuer.guid();
            let ended = issuer.dangerous_terminate().map_err(|error| named(desk, guid, error))?;
            guid.map_or(Ok(()), |guid| pending::forget(&desk.home, guid))?;
            let (english, japanese) = match ended {
                Ended::ForGood => ("the card has ended", "カードの使用を終了しました"),
                Ended::Blank => (
                    "this card cannot be ended: it is blank now, so destroy it by hand",
                    "このカードは使用終了に対応していないため白紙に戻しました。物理的に破壊してください",
                ),
            };
            desk.screen.print(desk.screen.words(english, japanese))?;
            desk.screen.note(
                "when it is destroyed, record it with 'sekisho-admin card dispose'",
                "破壊したら「sekisho-admin card dispose」で記録してください",
            );
            Ok(())
        }
        CardCommand::Pending { forget: None } => issue::pending_list(desk),
        CardCommand::Pending { forget: Some(card) } => issue::forget(desk, card),
        CardCommand::List { section, unreturned, unused } => {
            registers::list_cards(desk, section.as_ref(), unreturned, unused)
        }
        CardCommand::Labels(arguments) => registers::labels(desk, &arguments),
    }
}

/// A card by GUID or by its number.
pub(super) fn find(desk: &Desk, text: &str) -> Result<CardGuid, AdminError> {
    let register = desk.cache.register();
    let unknown = || AdminError::Unknown { what: Thing::Card, code: text.to_owned() };
    if let Ok(number) = Numbered::from_text(text) {
        return register.card_by_number(number).map(|card| *card.guid()).ok_or_else(unknown);
    }
    let guid = CardGuid::from_text(text).map_err(|rule| AdminError::Argument {
        name: "card",
        value: text.to_owned(),
        rule,
    })?;
    register.card(&guid).map(|card| *card.guid()).ok_or_else(unknown)
}

/// When the office closes on the day of `t`, or where it is closed, or has closed, the end of that day.
fn closing(register: &Register, t: u64) -> u64 {
    let midnight = moment(local_day(t) + 1, 0);
    register.office_closes(t).filter(|closes| *closes > t && *closes <= midnight).unwrap_or(midnight)
}

fn state(desk: &mut Desk, change: &CardChange, state: CardState, disposal: Option<Disposal>) -> Result<(), AdminError> {
    desk.log_in()?;
    let card = find(desk, &change.card)?;
    let change = SetCardState { card, state, reason: change.reason, effective: since(change.since), disposal };
    desk.submit(vec![Change::CardState(change)], &[]).map(drop)
}

/// What the card is, by itself and by the register at hand. Needs no PIN and no ledger.
fn show(desk: &mut Desk, reader: &ReaderName) -> Result<(), AdminError> {
    let transport = connect(reader)?;
    let mut lines = vec![desk.screen.words(format!("reader: {reader}"), format!("カードリーダー: {reader}"))];
    let mut found = None;
    let guid = match desk.card_secret() {
        Ok(secret) => {
            let mut issuer = Issuer::open(transport, &secret)?;
            let guid = issuer.guid();
            found = Some(issuer.survey()?);
            lines.push(match issuer.inspect() {
                Ok(state) => personalisation(desk, guid, &state),
                Err(error) if matches!(error.cause, IssuerCause::Unfit(_)) => {
                    desk.screen.words("state: cannot be managed here", "状態: 管理できないカードです").to_owned()
                }
                Err(error) => return Err(error.into()),
            });
            guid
        }
        // Another administrator's home holds it; the card can still be read.
        Err(AdminError::NoCardSecret(_)) => Some(OperatorCard::open(transport)?.guid()),
        Err(error) => return Err(error),
    };
    if let Some(guid) = guid {
        lines.push(desk.screen.words(format!("GUID: {guid}"), format!("カードGUID: {guid}")));
        let tries = OperatorCard::open(connect(reader)?)?.tries_left()?;
        lines.push(desk.screen.words(format!("PIN tries left: {tries}"), format!("暗証番号の残り回数: {tries}")));
        lines.push(match desk.cache.register().card(&guid) {
            Some(card) => in_register(desk, card),
            None if pending::find(&desk.home, guid)?.is_some() => desk
                .screen
                .words(
                    "register: its act is missing; 'card issue --resume' goes on",
                    "登録簿: 貸与の処分がまだです(card issue --resume で続行)",
                )
                .to_owned(),
            None => desk.screen.words("register: unknown card", "登録簿: 登録のないカードです").to_owned(),
        });
    }
    desk.screen.print(&lines.join("\n"))?;
    match found.filter(|found| !found.keeps_pin_rules) {
        Some(found) => survey::print(&desk.screen, &found),
        None => Ok(()),
    }
}

fn personalisation(desk: &Desk, guid: Option<CardGuid>, state: &Personalisation) -> String {
    let say = |english: &str, japanese: &str| desk.screen.words(english, japanese).to_owned();
    match state {
        Personalisation::Blank => say("state: blank", "状態: 白紙"),
        Personalisation::Complete => say("state: complete", "状態: 作成済み"),
        Personalisation::Foreign if guid.is_some_and(|guid| desk.cache.register().card(&guid).is_some()) => {
            let former = rekeying::foreign(&desk.home, desk.cache.register(), guid);
            let (what, next) = (former.in_words(desk.screen.language), former.next_step(desk.screen.language));
            desk.screen.words(format!("state: {what}\n{next}"), format!("状態: {what}\n{next}"))
        }
        Personalisation::Foreign => say("state: managed by another office", "状態: 別の団体の管理"),
        Personalisation::Partial { missing } => {
            let steps: Vec<String> = missing.iter().map(ToString::to_string).collect();
            let steps = steps.join(", ");
            desk.screen
                .words(format!("state: unfinished; still to do: {steps}"), format!("状態: 作成の途中(残り: {steps})"))
        }
    }
}

fn in_register(desk: &Desk, card: &Card) -> String {
    let (now, language) = (clock::now(), desk.screen.language);
    let holder = card
        .holder(now)
        .map_or_else(|| "-".to_owned(), |holder| desk.cache.person(holder.operator, desk.screen.language));
    let state = registers::state_name(card, now, language);
    let number = numbered(card.number(), language);
    let (from, to) = (moment_text(card.issued().from, language), moment_text(card.issued().to, language));
    desk.screen.words(
        format!("register: number {number}, {holder}, {state}, {from} to {to}"),
        format!("登録簿: {number}、{holder}、{state}、{from} から {to} まで"),
    )
}

/// A new PIN by way of the PUK: nobody has to know the old one. Also what unblocks a card. Whose card it is stands in the question: two
/// people's cards look alike. The act comes first, so that no PIN is set that nobody else hears of; while a day has not passed, the act of a
/// run that did not come to its end, or of a proposal that was approved, serves.
fn reset_pin(
    desk: &mut Desk,
    reader: &ReaderName,
    identified: Identified,
    first_pin: FirstPinArguments,
) -> Result<(), AdminError> {
    desk.log_in()?;
    let secret = desk.card_secret()?;
    let (guid, policy, made) = desk.readers.wait_for(reader, &desk.screen, ("the card", "カード"), |transport| {
        let mut issuer = Issuer::open(transport, &secret)?;
        let guid = issuer.guid().ok_or(AdminError::CardBlank)?;
        Ok(Look::Right((guid, issuer.pin_policy()?, issuer.inspect()?)))
    })?;
    let unknown = || AdminError::Unknown { what: Thing::Card, code: guid.to_string() };
    let card = desk.cache.register().card(&guid).ok_or_else(unknown)?;
    let state = card.state(clock::now());
    if state.is_final() {
        return Err(AdminError::Fold(FoldRefusal::CardFinal { card: guid, state }));
    }
    // Before an act says that the card gets a new PIN.
    if made == Personalisation::Foreign {
        return Err(rekeying::foreign(&desk.home, desk.cache.register(), Some(guid)));
    }
    let whose = in_register(desk, card);
    desk.screen.note(&whose, &whose);
    desk.screen.confirm("give the card in the reader a new PIN?", "挿入されたカードの暗証番号を再設定しますか?")?;
    let act = act_to_reset_by(desk, guid)?;
    let change = Change::ResetPin(ResetPin { card: guid, identified });
    if act.is_none() && (desk.proposes() || !issue::may_decide_alone(desk, &change)) {
        // Nobody is asked for a PIN that is not set yet.
        desk.propose(vec![change], &[])?;
        desk.screen.note(
            "when it is approved, run this again: the card keeps its PIN until then",
            "承認後にもう一度実行してください。それまで暗証番号は変わりません",
        );
        return Ok(());
    }
    let office = desk.cache.register().policy().pin;
    let policy = policy.unwrap_or(office);
    let (choice, delivery) = FirstPin::settle(first_pin, Left::ForSomebody, &policy, &desk.screen)?.apart();
    let act = match act {
        Some(act) => act,
        None => {
            desk.decide(vec![change], &[])?;
            act_to_reset_by(desk, guid)?.ok_or_else(unknown)?
        }
    };
    let mut issuer = desk.readers.wait_for(reader, &desk.screen, ("the card", "カード"), |transport| {
        let issuer = Issuer::open(transport, &secret)?;
        Ok(match issuer.guid() {
            Some(found) if found != guid => Look::Wrong(AdminError::OtherCard { expected: guid, found }),
            Some(_) | None => Look::Right(issuer),
        })
    })?;
    let pin = issuer.reset_pin(choice, &office).map_err(|error| named(desk, Some(guid), error))?;
    delivery.map_or(Ok(()), |delivery| delivery.deliver(&desk.screen, guid, &pin))?;
    desk.home.write(&reset_by(&act), b"")?;
    desk.screen.note("the card has a new PIN", "暗証番号を再設定しました");
    Ok(())
}

/// An act of the last day that says this card gets a new PIN, and by which none was set at this desk.
fn act_to_reset_by(desk: &Desk, guid: CardGuid) -> Result<Option<Hash>, AdminError> {
    let since = clock::now().saturating_sub(DAY_MS);
    let resets = |change: &Change| matches!(change, Change::ResetPin(reset) if reset.card == guid);
    let acts = desk.cache.acts().rev().filter_map(|(_, folded)| folded.as_ref().ok());
    let recent = acts.filter(|folded| folded.made >= since && folded.changes.iter().any(resets));
    for folded in recent {
        if desk.home.read(&reset_by(&folded.id))?.is_none() {
            return Ok(Some(folded.id));
        }
    }
    Ok(None)
}

/// Where the home keeps that a PIN was set by this act.
fn reset_by(act: &Hash) -> String {
    format!("pin-resets/{act}")
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Why a card of ours takes no orders.
fn named(desk: &Desk, guid: Option<CardGuid>, error: IssuerError) -> AdminError {
    rekeying::named(&desk.home, desk.cache.register(), guid, error)
}

/// The card in the reader, which nobody may use any more: the register has ended it, or has never heard of it. Whoever takes a card in use for
/// another one would destroy somebody's keys.
fn ended_card<'secret>(
    desk: &mut Desk,
    secret: &'secret CardManagementSecret,
    reader: &ReaderName,
    (english, japanese): (&str, &str),
) -> Result<Issuer<'secret, PcscTransport>, AdminError> {
    desk.log_in()?;
    let proposed = proposals::cards(desk)?;
    let signer = desk.signer();
    let issuer = desk.readers.wait_for(
        reader,
        &desk.screen,
        ("the card to be ended", "終わらせるカード"),
        |transport| {
            let issuer = Issuer::open(transport, secret)?;
            Ok(match issuer.guid() {
                // In the only reader the administrator's own card still lies.
                Some(guid) if Some(guid) == signer => Look::Wrong(AdminError::CardInUse(guid)),
                Some(_) | None => Look::Right(issuer),
            })
        },
    )?;
    if let Some(guid) = issuer.guid() {
        if let Some((_, proposal)) = proposed.iter().find(|(card, _)| *card == guid) {
            return Err(AdminError::CardProposed(*proposal));
        }
        match desk.cache.register().card(&guid) {
            Some(card) => {
                let whose = in_register(desk, card);
                desk.screen.note(&whose, &whose);
                match card.state(clock::now()) {
                    CardState::Revoked | CardState::Returned | CardState::Disposed => {}
                    CardState::Active | CardState::Suspended => return Err(AdminError::CardInUse(guid)),
                }
            }
            None if pending::is_waiting(&desk.home, guid)? => return Err(AdminError::CardUnfinished),
            None => desk.screen.note("register: unknown card", "登録簿: 登録のないカードです"),
        }
    }
    desk.screen.confirm(english, japanese)?;
    Ok(issuer)
}
