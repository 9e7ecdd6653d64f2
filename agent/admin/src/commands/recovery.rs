//! `recovery`: what the keys out of the safe do when no administrator's card is left (README, "Recovery").

use sekisho_card::ReaderName;
use sekisho_register::act::Proposal;
use sekisho_register::change::{
    AnnounceRecovery, CardKind, CardState, Change, EndRecovery, IssueCard, Log, Recovery, RecoveryEnd, SetCardState,
    StateReason,
};
use sekisho_register::fold::LIFETIME_MS;
use sekisho_register::recovery::Announced;
use sekisho_register::wareki::moment_text;
use sekisho_register::{Act, FoldRefusal, SignedAct};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Code, Hash};

use super::first_pin::own;
use super::found::pin_source;
use super::issue::{Making, OneOf, make, number_of, pin_rules};
use crate::act_draft::draft;
use crate::changes_file::{self, Drafter, PolicyUse, RecoveryTable, end_of_fiscal_year};
use crate::cli::{AnnounceArguments, NewSheetsArguments, RecoveryCommand, SheetArguments};
use crate::clock;
use crate::dates::Edge;
use crate::desk::{Desk, show};
use crate::error::{AdminError, Said};
use crate::name::Name;
use crate::outbox::{self, Kept};
use crate::pending::{self, Wanted};
use crate::pin_entry::PinSource;
use crate::recovery::{BEGUN, Sheets, are_void, signed_by_all};
use crate::recovery_sheet::SheetKey;
use crate::register_cache::RegisterCache;
use crate::screen::Screen;

/// What this desk announced, until it has ended.
const ANNOUNCED: &str = "recovery/announced.json";

pub(super) fn run(desk: &mut Desk, command: RecoveryCommand, reader: Option<&str>) -> Result<(), AdminError> {
    match command {
        RecoveryCommand::Announce(arguments) => announce(desk, &arguments, reader),
        RecoveryCommand::Complete(sheets) => end(desk, RecoveryEnd::Completed, &sheets),
        RecoveryCommand::Withdraw(sheets) => end(desk, RecoveryEnd::Objected, &sheets),
        RecoveryCommand::Object => object(desk),
        RecoveryCommand::Show => show_announced(desk),
        RecoveryCommand::Keys(arguments) => keys(desk, &arguments),
    }
}

/// Whoever sits down at the desk is told: he may be the one who has to object.
pub(crate) fn note(cache: &RegisterCache, screen: &Screen) {
    let Some(announced) = cache.register().announced_recovery(clock::now()) else { return };
    let due = moment_text(announced.due, screen.language);
    screen.note(
        &format!("ALARM: a recovery is announced and can be completed from {due} on; see 'sekisho-admin recovery show', and object if nobody of this office announced it"),
        &format!("警報: 復旧が予告されています({due} 以後に実施可能)。「sekisho-admin recovery show」で確認し、心当たりがなければ異議を申し立ててください"),
    );
}

fn announce(desk: &mut Desk, arguments: &AnnounceArguments, reader: Option<&str>) -> Result<(), AdminError> {
    let now = clock::now();
    // An act that was signed here may have arrived, and nobody could end it by another: it is sent again before anything else is made.
    if let Some((id, kept)) = announced_before(desk, now)? {
        if outbox::find(&desk.home, &id)?.is_none() {
            // The ledger has answered; or a run was cut off before it asked.
            hand_in_announcement(desk, &kept)?;
            return Err(AdminError::AnnouncedBefore(id));
        }
        desk.screen.note(
            "an announcement of an earlier run got no answer: that act is sent again, and no other is made",
            "以前の予告に応答がなかったため、同じ処分を再送します(新しい処分は作成しません)",
        );
        return send_announcement(desk, &kept);
    }
    if let Some(open) = desk.cache.register().announced_recovery(now) {
        return Err(AdminError::Fold(FoldRefusal::RecoveryOpen { index: open.index }));
    }
    // Sheets first: without them nobody should make cards.
    let sheets = sheets(desk, &arguments.sheets)?;
    let mut drafter = Drafter::new(desk.cache.register(), now);
    let mut changes = Vec::new();
    if let Some(path) = &arguments.config {
        let (file, _) = changes_file::read(path)?;
        file.expect_no_founding(path)?;
        changes = file.changes(PolicyUse::Change, &mut drafter)?;
    }
    let names = drafter.names;
    if !arguments.administrators.is_empty() {
        let reader = desk.work_reader(reader)?;
        for (number, operator) in (1..).zip(&arguments.administrators) {
            let card = card_for(desk, arguments, operator, &reader)?;
            if number < arguments.administrators.len() {
                desk.readers.wait_for_removal(&reader, &desk.screen)?;
            }
            changes.push(Change::IssueCard(Box::new(card)));
            changes.extend(lost_cards(desk, operator, now));
        }
    }
    changes.push(new_sheets(desk, &arguments.new)?);
    let change = Change::AnnounceRecovery(AnnounceRecovery { changes });
    let (_, act) = sign(desk, vec![change], &names, &sheets)?;
    let kept = Kept { act, names };
    kept.write(&desk.home, ANNOUNCED)?;
    send_announcement(desk, &kept)
}

/// What this desk announced and has not seen the end of. After its time nothing comes of it any more.
fn announced_before(desk: &Desk, now: u64) -> Result<Option<(Hash, Kept)>, AdminError> {
    let Some(kept) = Kept::read(&desk.home, ANNOUNCED)? else { return Ok(None) };
    let act = SignedAct::decode(&kept.act).map_err(|_| AdminError::Damaged(desk.home.path(ANNOUNCED)))?;
    let (id, made, register) = (act.id(), act.act().made, desk.cache.register());
    let wait = u64::from(register.policy_at(made).recovery_wait_seconds) * 1000;
    let lapsed = made.saturating_add(wait).saturating_add(LIFETIME_MS) < now;
    Ok((!lapsed && register.recovery_end(&id).is_none()).then_some((id, kept)))
}

/// Sends what is announced. As long as nobody has answered, it is this act that is sent, however often.
fn send_announcement(desk: &mut Desk, kept: &Kept) -> Result<(), AdminError> {
    let (id, made, index) = hand_in_announcement(desk, kept)?;
    let wait = u64::from(desk.cache.register().policy_at(made).recovery_wait_seconds) * 1000;
    let due = moment_text(made + wait, desk.screen.language);
    desk.screen.print(&desk.screen.words(
        format!("announced by act {id} (entry {index}); everybody is alarmed. Complete it from {due} on with 'sekisho-admin recovery complete'"),
        format!("処分 {id}(登録順{index})で予告し、全端末に警報が出ます。{due} 以後に「sekisho-admin recovery complete」で実施してください"),
    ))
}

/// Its id, when it was made, and where it lies.
fn hand_in_announcement(desk: &mut Desk, kept: &Kept) -> Result<(Hash, u64, u64), AdminError> {
    let act = SignedAct::decode(&kept.act).map_err(|_| AdminError::Damaged(desk.home.path(ANNOUNCED)))?;
    let (id, made) = (act.id(), act.act().made);
    let sent = desk.send_without_card(&id, kept);
    if sent.is_err() && is_refused(desk, &id)? {
        desk.home.remove(ANNOUNCED)?;
    }
    let index = sent.inspect_err(|_| again(desk, &id))?;
    outbox::forget(&desk.home, &id)?;
    Ok((id, made, index))
}

/// Whether the ledger has refused this act: else it waits, and may have arrived.
fn is_refused(desk: &Desk, id: &Hash) -> Result<bool, AdminError> {
    Ok(outbox::find(&desk.home, id)?.is_none())
}

/// Where an act of recovery keys got no answer: nobody has a card to ask what became of it.
fn again(desk: &Desk, id: &Hash) {
    if outbox::find(&desk.home, id).is_ok_and(|kept| kept.is_some()) {
        desk.screen.note(
            "run the same command again: it sends this very act, and needs no sheets and no cards for that",
            "同じコマンドをもう一度実行してください。この処分を再送します(復旧鍵やカードは不要です)",
        );
    }
}

/// A card for an administrator. One that was made before an interruption is taken as it is.
fn card_for(
    desk: &mut Desk,
    arguments: &AnnounceArguments,
    operator: &Code,
    reader: &ReaderName,
) -> Result<IssueCard, AdminError> {
    for guid in pending::list(&desk.home)? {
        let card = pending::find(&desk.home, guid)?;
        let waits = pending::is_waiting(&desk.home, guid)? && desk.cache.register().card(&guid).is_none();
        if let Some(card) =
            card.filter(|card| waits && card.operator.as_ref() == Some(operator) && card.signature.is_some())
        {
            desk.screen.note(
                &format!("card {guid} of {operator} was made before"),
                &format!("{operator} のカード {guid} は作成済みです"),
            );
            return Ok(card);
        }
    }
    let secret = desk.card_secret()?;
    let now = clock::now();
    let rules = pin_rules(desk.cache.register().policy());
    let source = pin_source(arguments.own_pin_dir.as_deref(), operator, &PinSource::Terminal);
    let person = desk.cache.person(operator, desk.screen.language);
    let first_pin = own(&source, &rules.policy, &desk.screen, (&person, &person))?;
    let kind = signing_cards(desk, operator, now).next().map_or(CardKind::Business, |(_, kind)| kind);
    let to = arguments.to.map_or_else(|| end_of_fiscal_year(now, 1), |date| date.moment(Edge::Until));
    let (english, japanese) = (format!("a blank card for {person}"), format!("{person} の白紙のカード"));
    let (card, _) = make(Making {
        home: &desk.home,
        screen: &desk.screen,
        readers: &mut desk.readers,
        secret: &secret,
        reader,
        whose: (&english, &japanese),
        number: number_of(desk.cache.register()),
        wanted: Wanted {
            kind,
            operator: Some(operator.clone()),
            profiles: Vec::new(),
            from: now,
            to,
            dormant: false,
            signing: true,
        },
        rules,
        first_pin,
        register: desk.cache.register(),
        proposed: &[],
        one_of: OneOf::Founding,
    })?;
    Ok(card)
}

/// The cards that this person signs with, and could again if they were found.
fn signing_cards<'d>(
    desk: &'d Desk,
    operator: &'d Code,
    now: u64,
) -> impl Iterator<Item = (sekisho_wire::id::CardGuid, CardKind)> + 'd {
    let of_his = desk.cache.register().cards().map(move |card| (card.issued(), card.state(now)));
    let of_his = of_his.filter(move |(card, state)| {
        card.operator.as_ref() == Some(operator) && card.signature.is_some() && !state.is_final()
    });
    of_his.map(|(card, _)| (card.card, card.kind))
}

fn lost_cards(desk: &Desk, operator: &Code, now: u64) -> Vec<Change> {
    let revoked = |(card, _)| {
        Change::CardState(SetCardState {
            card,
            state: CardState::Revoked,
            reason: StateReason::Lost,
            effective: now,
            disposal: None,
        })
    };
    signing_cards(desk, operator, now).map(revoked).collect()
}

/// Makes new keys and writes their sheets.
fn new_sheets(desk: &Desk, arguments: &NewSheetsArguments) -> Result<Change, AdminError> {
    let now = desk.cache.register().recovery().ok_or(AdminError::NoOffice)?;
    let count = u8::try_from(now.keys.len()).unwrap_or(u8::MAX);
    let table = RecoveryTable { needed: arguments.needed.unwrap_or(now.k), keys: arguments.keys.unwrap_or(count) };
    if table.needed == 0 || table.needed > table.keys || table.needed > 8 {
        return Err(AdminError::Argument {
            name: "--needed",
            value: format!("{} of {}", table.needed, table.keys),
            rule: Said::new("1 to 8, and no more than are made", "1〜8で、作成数を超えないこと"),
        });
    }
    let damaged = || AdminError::Damaged(desk.home.path(BEGUN));
    // Sheets of a run that was interrupted: no act names their keys, so they may be replaced.
    let begun: Option<Recovery> =
        desk.home.read(BEGUN)?.map(|bytes| minicbor::decode(&bytes).map_err(|_| damaged())).transpose()?;
    let sheets = Sheets::make(desk.cache.register().title(), table, desk.screen.language)?;
    let made = sheets.recovery();
    let mut ours = made.clone();
    ours.keys.extend(begun.iter().flat_map(|recovery| recovery.keys.iter().copied()));
    desk.home.write(BEGUN, &minicbor::to_vec(&ours).expect("a vector takes any number of bytes"))?;
    sheets.write(&arguments.directory, &ours.keys)?;
    let directory = arguments.directory.display();
    desk.screen.note(
        &format!("print the recovery sheets in {directory}, seal them, and destroy the files; the sheets from before go when these count. Then renew the copy of this home that lies with them: an older one takes none of the new sheets"),
        &format!("{directory} の復旧鍵を印刷し、封をして保管し、ファイルを消去してください。従前の用紙は、これらが有効になった時に無効となります。その後、用紙と共に保管するホームの写しを更新してください(古い写しでは新しい用紙を使えません)"),
    );
    Ok(Change::RecoveryKeys(made))
}

/// As many recovery keys as it takes, each another one, and each one that counts.
fn sheets(desk: &Desk, arguments: &SheetArguments) -> Result<Vec<SheetKey>, AdminError> {
    let recovery = desk.cache.register().recovery().ok_or(AdminError::NoOffice)?;
    let need = usize::from(recovery.k);
    let mut keys: Vec<SheetKey> = Vec::new();
    let take = |keys: &mut Vec<SheetKey>, key: SheetKey| {
        let public = key.public();
        if !recovery.keys.contains(&public) {
            let unknown = FoldRefusal::SignerUnknown(Signer::Recovery(public.0));
            let replaced = desk.cache.register().was_recovery_key(&public);
            return Err(AdminError::Fold(if replaced { FoldRefusal::RecoveryKeyReplaced } else { unknown }));
        }
        if keys.iter().all(|known| known.public() != public) {
            keys.push(key);
        }
        Ok(())
    };
    for path in &arguments.sheets {
        take(&mut keys, SheetKey::from_file(path)?)?;
    }
    while arguments.sheets.is_empty() && keys.len() < need {
        let before = keys.len();
        take(&mut keys, SheetKey::typed(&desk.screen, before + 1, need)?)?;
        if keys.len() == before {
            desk.screen
                .note("that sheet was typed before: take another one", "入力済みの用紙です。別の用紙を使ってください");
        }
    }
    if keys.len() < need {
        return Err(AdminError::Fold(FoldRefusal::RecoveryIncomplete { have: keys.len(), need: recovery.k }));
    }
    keys.truncate(need);
    Ok(keys)
}

/// Shows the act, asks once, and has each key sign the act of the one before (register §R4.8).
fn sign(desk: &Desk, changes: Vec<Change>, names: &[Name], keys: &[SheetKey]) -> Result<(Hash, Vec<u8>), AdminError> {
    let (register, made) = (desk.cache.register(), clock::now());
    let act = |log, changes, inner: Option<Vec<u8>>| {
        Ok::<_, AdminError>(Act { changes, proposal: inner.map(Proposal), ..draft(register, log, made)? })
    };
    let shown = act(Log::Register, changes.clone(), None)?;
    show(&desk.screen, &shown, &desk.cache, names);
    desk.screen.confirm("sign this act with the recovery keys?", "復旧鍵でこの処分に署名しますか?")?;
    let mut inner: Option<Vec<u8>> = None;
    let mut id = Hash([0; 32]);
    for (number, key) in (1..).zip(keys) {
        let log = if number == keys.len() { Log::Register } else { Log::Casebook };
        let changes = if inner.is_none() { changes.clone() } else { Vec::new() };
        let act = act(log, changes, inner.take())?;
        let to_be_signed = act.to_be_signed(&Signer::Recovery(key.public().0));
        id = to_be_signed.id();
        let signature = key.sign(&to_be_signed.signed_bytes());
        inner = Some(to_be_signed.finish(signature));
    }
    Ok((id, inner.ok_or(AdminError::NothingToDo)?))
}

/// What is announced, as this desk knows it: by the register, or because it was announced here, and no card could fetch the register since.
fn announced(desk: &Desk) -> Result<(Hash, Vec<Change>, Vec<Name>), AdminError> {
    if let Some(open) = desk.cache.register().announced_recovery(clock::now()) {
        return Ok((open.id, open.changes.clone(), Vec::new()));
    }
    let kept = Kept::read(&desk.home, ANNOUNCED)?.ok_or(AdminError::Fold(FoldRefusal::RecoveryUnknown))?;
    let damaged = || AdminError::Damaged(desk.home.path(ANNOUNCED));
    let (id, changes) = signed_by_all(&kept.act).ok_or_else(damaged)?;
    match changes.as_slice() {
        [Change::AnnounceRecovery(announced)] => Ok((id, announced.changes.clone(), kept.names)),
        _ => Err(damaged()),
    }
}

/// Acts that end this announcement, were signed here, and got no answer.
fn end_that_waits(desk: &Desk, announced: &Hash) -> Result<Vec<(Hash, RecoveryEnd, Kept)>, AdminError> {
    let mut waits = Vec::new();
    for id in outbox::list(&desk.home)? {
        let Some(kept) = outbox::find(&desk.home, &id)? else { continue };
        let changes = signed_by_all(&kept.act).map(|(_, changes)| changes).unwrap_or_default();
        if let [Change::EndRecovery(end)] = changes.as_slice()
            && end.announced == *announced
        {
            waits.push((id, end.how, kept));
        }
    }
    Ok(waits)
}

/// Nothing comes of it any more, and it must not be sent once more by whatever is done next.
fn forget_announcement(desk: &Desk) -> Result<(), AdminError> {
    if let Some(kept) = Kept::read(&desk.home, ANNOUNCED)?
        && let Some((id, _)) = signed_by_all(&kept.act)
        && outbox::find(&desk.home, &id)?.is_some()
    {
        are_void(&desk.home, &desk.screen, &kept.act)?;
        outbox::forget(&desk.home, &id)?;
    }
    desk.home.remove(ANNOUNCED)
}

/// Whether the ledger says that nothing comes of that announcement any more: another may be made.
fn is_over(error: &AdminError) -> bool {
    let over = ["recovery_unknown", "recovery_over", "recovery_lapsed"];
    error.refusal().is_some_and(|reason| over.contains(&reason))
}

fn end(desk: &mut Desk, how: RecoveryEnd, arguments: &SheetArguments) -> Result<(), AdminError> {
    let (id, changes, names) = announced(desk)?;
    let waits = end_that_waits(desk, &id)?;
    if let Some((end, _, kept)) = waits.iter().find(|(_, of, _)| *of == how) {
        desk.screen.note(
            &format!("act {end} of an earlier run ends this recovery and got no answer: it is sent again"),
            &format!("以前に応答のなかった処分 {end}(この復旧の終了)を再送します"),
        );
        return send_end(desk, end, how, kept, &changes);
    }
    let sheets = sheets(desk, arguments)?;
    // What is signed names the announcement by its id; what that says is shown first.
    let shown = Act {
        changes: vec![Change::AnnounceRecovery(AnnounceRecovery { changes: changes.clone() })],
        ..draft(desk.cache.register(), Log::Register, clock::now())?
    };
    show(&desk.screen, &shown, &desk.cache, &names);
    let (end, act) = sign(desk, vec![Change::EndRecovery(EndRecovery { announced: id, how })], &[], &sheets)?;
    send_end(desk, &end, how, &Kept { act, names: Vec::new() }, &changes)?;
    // What was signed for another end of it must not be sent after this.
    waits.iter().try_for_each(|(other, ..)| outbox::forget(&desk.home, other))
}

/// Sends it, and does what follows. Interrupted anywhere, the same command goes on.
fn send_end(desk: &mut Desk, end: &Hash, how: RecoveryEnd, kept: &Kept, changes: &[Change]) -> Result<(), AdminError> {
    let sent = desk.send_without_card(end, kept);
    // Somebody has objected, or its time is over: another may be announced.
    if sent.as_ref().is_err_and(is_over) {
        forget_announcement(desk)?;
    }
    let index = sent.inspect_err(|_| again(desk, end))?;
    for change in changes {
        let Change::IssueCard(card) = change else { continue };
        match how {
            // The register names it from now on, and terminals go by the register.
            RecoveryEnd::Completed => pending::forget(&desk.home, card.card)?,
            RecoveryEnd::Objected => pending::refuse(&desk.home, card.card)?,
        }
    }
    // Cut off between the two: it is over here, and the act is sent once more at the next log-in, which changes nothing.
    desk.home.remove(ANNOUNCED)?;
    outbox::forget(&desk.home, end)?;
    desk.screen.print(&match how {
        RecoveryEnd::Completed => desk.screen.words(
            format!(
                "completed by act {end} (entry {index}): the new cards and the new sheets count, the old ones do not"
            ),
            format!("処分 {end}(登録順{index})で実施しました。新しいカードと復旧鍵が有効となり、従前のものは無効です"),
        ),
        RecoveryEnd::Objected => desk.screen.words(
            format!("taken back by act {end} (entry {index}): nothing comes of what was announced"),
            format!("処分 {end}(登録順{index})で予告を取り消しました"),
        ),
    })
}

fn open(desk: &Desk) -> Result<Announced, AdminError> {
    let open = desk.cache.register().announced_recovery(clock::now()).cloned();
    open.ok_or(AdminError::Fold(FoldRefusal::RecoveryUnknown))
}

fn object(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let announced = open(desk)?.id;
    desk.decide(vec![Change::EndRecovery(EndRecovery { announced, how: RecoveryEnd::Objected })], &[])
}

fn show_announced(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let Ok(open) = open(desk) else {
        desk.screen.note("no recovery is announced", "予告されている復旧はありません");
        return Ok(());
    };
    let language = desk.screen.language;
    let [made, due, lapses] = [open.made, open.due, open.lapses].map(|moment| moment_text(moment, language));
    let shown = Act {
        changes: vec![Change::AnnounceRecovery(AnnounceRecovery { changes: open.changes })],
        ..draft(desk.cache.register(), Log::Register, open.made)?
    };
    // Without the heading: this is no act to be signed.
    let text = sekisho_register::render(&shown, desk.cache.register(), language);
    let text = text.find("\n1. ").map_or(text.as_str(), |at| text[at..].trim_start());
    desk.screen.print(&desk.screen.words(
        format!(
            "entry {}, act {}\nannounced {made}, can be completed from {due} on, lapses at {lapses}\n{text}",
            open.index, open.id
        ),
        format!("登録順{}、処分 {}\n予告 {made}、実施可能 {due} 以後、失効 {lapses}\n{text}", open.index, open.id),
    ))
}

fn keys(desk: &mut Desk, arguments: &NewSheetsArguments) -> Result<(), AdminError> {
    desk.log_in()?;
    let change = new_sheets(desk, arguments)?;
    desk.propose(vec![change], &[]).map(drop)
}
