//! `card batch`: many cards in two passes. In the first each is made; then the acts that issue them are signed, one for each; in the second each
//! gets its grant, and can be handed out. Interrupted anywhere, the same command goes on.

use std::collections::BTreeMap;

use sekisho_card::ReaderName;
use sekisho_issuer::{CardManagementSecret, Issuer};
use sekisho_register::FoldRefusal;
use sekisho_register::change::Change;
use sekisho_register::wareki::numbered;
use sekisho_wire::id::{CardGuid, Code, Hash};
use sekisho_wire::words::Language;

use super::cards_held::CardsHeld;
use super::first_pin::{Delivery, FirstPin, make_folder};
use super::issue::{
    Making, OneOf, act_of, grants_of, make, may_decide_alone, number_of, pin_rules, rehearse, say_no_place,
};
use super::proposals;
use crate::batch::{Batch, Begun, Come};
use crate::cli::BatchArguments;
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::pending::{self, Wanted};
use crate::readers::Look;
use crate::rekeying;

pub(super) fn run(desk: &mut Desk, arguments: &BatchArguments, reader: Option<&str>) -> Result<(), AdminError> {
    // A mistake in the file costs no PIN.
    let (mut batch, begun) = Batch::open(&desk.home, &arguments.file, clock::now())?;
    make_folder(&arguments.first_pin_dir)?;
    let secret = desk.card_secret()?;
    let reader = desk.work_reader(reader)?;
    desk.log_in()?;
    if begun == Begun::Now {
        batch.begin(desk.cache.size());
        if !arguments.also_holders {
            leave_out_holders(desk, &mut batch)?;
        }
    }
    if batch.cards.is_empty() {
        return Err(AdminError::NobodyLeft);
    }
    forget_ended(desk)?;
    say_come(desk, &batch)?;
    let refused = say_refused(desk, &batch)?;
    if begun == Begun::Now && !refused.is_empty() {
        return Err(AdminError::BatchRefused(refused.len()));
    }
    batch.keep(&desk.home)?;
    make_all(desk, &secret, &reader, &batch, &refused, arguments)?;
    issue_all(desk, &batch)?;
    write_grants(desk, &secret, &reader, &batch)?;
    match say_come(desk, &batch)? {
        0 => {
            forget_laid_aside(desk, &batch)?;
            batch.forget(&desk.home)
        }
        left => Err(AdminError::BatchUnfinished(left)),
    }
}

fn come(desk: &Desk, batch: &Batch) -> Result<Vec<Come>, AdminError> {
    batch.come(&desk.home, desk.cache.register(), clock::now())
}

/// Who has a card of that kind for that time needs no other one, unless that is asked for. Nor does whoever's card was made here and waits for its act.
fn leave_out_holders(desk: &Desk, batch: &mut Batch) -> Result<(), AdminError> {
    let held = CardsHeld::of(desk)?;
    batch.cards.retain(|wanted| {
        let Some(which) = held.by(wanted) else { return true };
        let who = whose(desk, wanted);
        desk.screen.note(
            &format!("left out: {who} has card {which} for that time (--also-holders makes another one)"),
            &format!("対象外: {who} にはその期間のカード({which})があります(--also-holders で追加できます)"),
        );
        false
    });
    Ok(())
}

/// A card that the register has ended gets no grant any more.
fn forget_ended(desk: &Desk) -> Result<(), AdminError> {
    let (register, now) = (desk.cache.register(), clock::now());
    for guid in pending::begun(&desk.home)? {
        if register.card(&guid).is_some_and(|card| card.state(now).is_final()) {
            pending::forget(&desk.home, guid)?;
        }
    }
    Ok(())
}

/// Cards whose making failed, and in whose place others were made: the batch needs them no more.
fn forget_laid_aside(desk: &Desk, batch: &Batch) -> Result<(), AdminError> {
    for guid in pending::begun(&desk.home)? {
        let wanted = pending::intended(&desk.home, guid)?;
        if !wanted.is_some_and(|wanted| batch.cards.contains(&wanted)) {
            continue;
        }
        pending::forget(&desk.home, guid)?;
        desk.screen.note(
            &format!("card {guid} was laid aside unfinished; it may be used like a blank one"),
            &format!("カード {guid} は未完了のまま取り除かれました。白紙のカードとして使えます"),
        );
    }
    Ok(())
}

/// Whose card it is, or of what kind if it is nobody's yet.
fn whose(desk: &Desk, wanted: &Wanted) -> String {
    let kind = || wanted.kind.name(desk.screen.language).to_owned();
    wanted.operator.as_ref().map_or_else(kind, |operator| desk.cache.person(operator, desk.screen.language))
}

/// Says how far the batch has come; gives the number of cards that are missing.
fn say_come(desk: &Desk, batch: &Batch) -> Result<usize, AdminError> {
    let come = come(desk, batch)?;
    let count = |is: fn(&Come) -> bool| come.iter().filter(|come| is(come)).count();
    let done = count(|come| matches!(come, Come::Done(_)));
    let issued = done + count(|come| matches!(come, Come::WithoutGrant(_)));
    let made = issued + count(|come| matches!(come, Come::Made(_)));
    let all = come.len();
    desk.screen.note(
        &format!("of {all} cards {made} are made, {issued} issued, {done} ready to be handed out"),
        &format!("{all}枚のうち、作成済み{made}枚、貸与の処分済み{issued}枚、交付できるもの{done}枚です"),
    );
    Ok(all - done)
}

/// What the fold would refuse should cost no card: which these are, all said at once.
fn say_refused(desk: &mut Desk, batch: &Batch) -> Result<Vec<usize>, AdminError> {
    let mut refused = Vec::new();
    for (at, come) in come(desk, batch)?.into_iter().enumerate() {
        if come != Come::Unmade {
            continue;
        }
        let wanted = &batch.cards[at];
        match rehearse(desk, wanted) {
            Ok(()) => {}
            Err(error @ (AdminError::Fold(_) | AdminError::Unknown { .. })) => {
                refused.push(at);
                let (who, why) = (whose(desk, wanted), error.in_words(desk.screen.language));
                desk.screen.note(&format!("{who}: {why}"), &format!("{who}: {why}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

/// The first pass. A card that cannot be made is laid aside: the next one takes its place.
fn make_all(
    desk: &mut Desk,
    secret: &CardManagementSecret,
    reader: &ReaderName,
    batch: &Batch,
    refused: &[usize],
    arguments: &BatchArguments,
) -> Result<(), AdminError> {
    let unmade = |desk: &Desk| {
        let come = come(desk, batch)?;
        let left = come.iter().filter(|come| **come == Come::Unmade).count();
        let next = (0..come.len()).find(|at| come[*at] == Come::Unmade && !refused.contains(at));
        Ok::<_, AdminError>(next.map(|at| (at, left)))
    };
    let Some(mut next) = unmade(desk)? else { return Ok(()) };
    let proposed = proposals::cards(desk)?;
    loop {
        let (at, left) = next;
        let wanted = &batch.cards[at];
        let (who, done) = (whose(desk, wanted), batch.cards.len() - left + 1);
        let all = batch.cards.len();
        let stem =
            wanted.operator.as_ref().map_or_else(|| wanted.kind.name(Language::English).to_owned(), Code::to_string);
        let made = make(Making {
            home: &desk.home,
            screen: &desk.screen,
            readers: &mut desk.readers,
            secret,
            reader,
            whose: (
                &format!("a blank card for {who} ({done} of {all})"),
                &format!("白紙のカード({who}、{all}枚中{done}枚目)"),
            ),
            number: number_of(desk.cache.register()),
            wanted: wanted.clone(),
            rules: pin_rules(desk.cache.register().policy()),
            first_pin: FirstPin::HandedOver(Delivery::Folder(arguments.first_pin_dir.clone(), stem)),
            register: desk.cache.register(),
            proposed: &proposed,
            one_of: OneOf::Batch,
        });
        match made {
            Ok((card, _)) => desk.screen.print(&desk.screen.words(
                format!("made {done} of {all}: card {} for {who}", card.card),
                format!("作成済み {done}/{all}枚: カード {}、{who}", card.card),
            ))?,
            Err(error) if error.is_of_the_card() => say_laid_aside(desk, &error),
            Err(error) => return Err(error),
        }
        match unmade(desk)? {
            Some(another) => next = another,
            None => return Ok(()),
        }
        desk.readers.wait_for_removal(reader, &desk.screen)?;
    }
}

fn say_laid_aside(desk: &Desk, error: &AdminError) {
    let said = error.with_next_step(desk.screen.language);
    desk.screen.note(
        &format!("{said}\nThis card is not done: insert it again, or lay it aside and take another one."),
        &format!("{said}\nこのカードは完了していません。入れ直すか、取り除いて別のカードを挿入してください。"),
    );
}

/// The acts between the passes: shown together and asked about once, then signed one by one, so that each fits on its card. One that is refused
/// stops no other.
fn issue_all(desk: &mut Desk, batch: &Batch) -> Result<(), AdminError> {
    let come = come(desk, batch)?;
    let mut made: Vec<CardGuid> =
        come.iter().filter_map(|come| if let Come::Made(guid) = come { Some(*guid) } else { None }).collect();
    if made.is_empty() {
        return Ok(());
    }
    desk.log_in()?;
    let waiting = waiting(desk, &made)?;
    made.retain(|guid| waiting.iter().all(|(card, _)| card != guid));
    if made.is_empty() {
        say_waiting(desk, &waiting);
        return Ok(());
    }
    let mut changes = Vec::new();
    for guid in &made {
        let card = pending::find(&desk.home, *guid)?.ok_or_else(|| AdminError::Damaged(desk.home.path("pending")))?;
        // The acts name people by their codes.
        let line = format!("{guid}: {}", whose(desk, &Wanted::of(card.clone())));
        desk.screen.note(&line, &line);
        changes.push(Change::IssueCard(Box::new(card)));
    }
    let alone = changes.iter().all(|change| may_decide_alone(desk, change));
    let mut each = desk.ask_for_each(changes, alone)?;
    for (done, guid) in made.iter().enumerate() {
        desk.screen.note(
            &format!("signing {} of {}", done + 1, made.len()),
            &format!("署名中: {}件中{}件目", made.len(), done + 1),
        );
        match each.sign_next(desk) {
            Ok(()) => {}
            Err(error) if is_about_the_card(&error) => {
                pending::refuse(&desk.home, *guid)?;
                let said = error.with_next_step(desk.screen.language);
                desk.screen.note(
                    &format!("card {guid} is not issued: {said}"),
                    &format!("カード {guid} は貸与できません: {said}"),
                );
            }
            Err(error) => return Err(error),
        }
    }
    if waiting.is_empty() && alone && !desk.proposes() {
        return Ok(());
    }
    made.extend(waiting.into_iter().map(|(card, _)| card));
    let waiting = self::waiting(desk, &made)?;
    say_waiting(desk, &waiting);
    Ok(())
}

/// Whether this card's act is refused for what it says of the card and its holder. Anything else would be said of the next one too.
fn is_about_the_card(error: &AdminError) -> bool {
    let AdminError::Fold(refusal) = error else { return false };
    matches!(
        refusal,
        FoldRefusal::Unknown(_)
            | FoldRefusal::CardUsed(_)
            | FoldRefusal::KeyUsed
            | FoldRefusal::KeyMalformed
            | FoldRefusal::CardFinal { .. }
            | FoldRefusal::NotQualified { .. }
            | FoldRefusal::Ended(_)
            | FoldRefusal::OperatorNotCurrent(_)
            | FoldRefusal::DatesWrong(_)
            | FoldRefusal::ValueWrong(_)
    )
}

/// Of these cards, those whose issue is proposed and not decided, each with its proposal.
fn waiting(desk: &mut Desk, made: &[CardGuid]) -> Result<Vec<(CardGuid, Hash)>, AdminError> {
    let mut proposed = proposals::cards(desk)?;
    proposed.retain(|(card, _)| made.contains(card));
    Ok(proposed)
}

fn say_waiting(desk: &Desk, waiting: &[(CardGuid, Hash)]) {
    if waiting.is_empty() {
        return;
    }
    // As much of each as nobody else's begins with, for all that one casebook can hold.
    let ids: Vec<String> = waiting.iter().map(|(_, id)| id.to_string().chars().take(16).collect()).collect();
    let (count, ids) = (ids.len(), ids.join(" "));
    desk.screen.note(
        &format!("{count} cards wait for approval by somebody else: 'sekisho-admin approve {ids}'"),
        &format!("{count}枚は別の人の承認待ちです: 「sekisho-admin approve {ids}」"),
    );
}

/// The second pass, in whatever order the cards come.
fn write_grants(
    desk: &mut Desk,
    secret: &CardManagementSecret,
    reader: &ReaderName,
    batch: &Batch,
) -> Result<(), AdminError> {
    let mut acts = Vec::new();
    for come in come(desk, batch)? {
        if let Come::WithoutGrant(guid) = come {
            acts.push((guid, act_of(desk, guid)?));
        }
    }
    if acts.is_empty() {
        return Ok(());
    }
    desk.screen.note("fetching the proofs of the acts", "処分の証明を取得しています");
    let ids: Vec<Hash> = acts.iter().map(|(_, id)| *id).collect();
    let grants = grants_of(desk, &ids)?;
    let mut missing: BTreeMap<CardGuid, Option<Vec<u8>>> = acts.into_iter().map(|(guid, _)| guid).zip(grants).collect();
    let all = missing.len();
    let whose_next = ("a card that was made (in any order)", "作成済みのカード(順不同)");
    while !missing.is_empty() {
        let (home, screen, register) = (&desk.home, desk.screen, desk.cache.register());
        let guid = desk.readers.wait_for(reader, &desk.screen, whose_next, |transport| {
            let mut issuer = match Issuer::open(transport, secret) {
                Ok(issuer) => issuer,
                Err(error) => {
                    let error = AdminError::from(error);
                    return if error.is_of_the_card() { Ok(Look::Wrong(error)) } else { Err(error) };
                }
            };
            let Some(guid) = issuer.guid() else { return Ok(Look::Wrong(AdminError::CardBlank)) };
            let Some(grant) = missing.get(&guid) else { return Ok(Look::Wrong(AdminError::NotInBatch(guid))) };
            let Some(grant) = grant else { return Ok(Look::Right(guid)) };
            Ok(match issuer.update_grant(grant) {
                Ok(written) => {
                    say_no_place(&screen, written);
                    Look::Right(guid)
                }
                Err(error) => {
                    let error = rekeying::named(home, register, Some(guid), error);
                    if !error.is_of_the_card() {
                        return Err(error);
                    }
                    Look::Wrong(error)
                }
            })
        });
        let guid = guid.inspect_err(|_| say_missing(desk, missing.keys()))?;
        pending::forget(&desk.home, guid)?;
        missing.remove(&guid);
        say_ready(desk, guid, all - missing.len(), all)?;
        if !missing.is_empty() {
            desk.readers.wait_for_removal(reader, &desk.screen)?;
        }
    }
    Ok(())
}

/// Which cards did not come, and what to do about one that never will.
fn say_missing<'a>(desk: &Desk, missing: impl Iterator<Item = &'a CardGuid>) {
    for guid in missing {
        let Some(card) = desk.cache.register().card(guid) else { continue };
        let who = whose(desk, &Wanted::of(card.issued().clone()));
        let number = numbered(card.number(), desk.screen.language);
        desk.screen.note(
            &format!("still without its grant: card {guid}, number {number}, for {who}"),
            &format!("未書込み: カード {guid}({number})、{who}"),
        );
    }
    desk.screen.note(
        "one that is lost: 'sekisho-admin card revoke NUMBER --reason lost', then this command again makes another one",
        "紛失したカードは「sekisho-admin card revoke 番号 --reason lost」で失効させてから再実行すると、別のカードを作成します",
    );
}

fn say_ready(desk: &Desk, guid: CardGuid, done: usize, all: usize) -> Result<(), AdminError> {
    let Some(card) = desk.cache.register().card(&guid) else { return Ok(()) };
    let number = numbered(card.number(), desk.screen.language);
    let who = whose(desk, &Wanted::of(card.issued().clone()));
    desk.screen.print(&desk.screen.words(
        format!("ready {done} of {all}: card {guid}, number {number}, for {who}"),
        format!("交付可能 {done}/{all}枚: カード {guid}({number})、{who}"),
    ))
}
