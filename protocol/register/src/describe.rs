//! One change in one or two lines, in Japanese and English.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sekisho_wire::decision::Level;
use sekisho_wire::id::{CardGuid, Code};
use sekisho_wire::words::Language;
use sha2::{Digest, Sha256};

use crate::change::*;
use crate::render::Titles;
use crate::role::Role;
use crate::wareki::{day_text, numbered};

mod cases;
mod partners;
mod policy;
mod qualification;
mod recovery;
mod retention;

pub use cases::field_text;
pub use retention::erased_text;

/// The change as text. Keys of cards and of the envelope stand as fingerprints.
pub(crate) fn describe(change: &Change, say: &Titles<'_>) -> String {
    match change {
        Change::Found(change) => found(change, say),
        Change::RequireVersion(change) => say.say(
            &format!("規則第{}版に対応したプログラムを必須とする", change.version),
            &format!("require programs that know rules version {}", change.version),
        ),
        Change::Section(change) => section(change, say),
        Change::Post(change) => post(change, say),
        Change::HoldPost(change) => hold_post(change, say),
        Change::LeavePost(change) => say.say(
            &format!(
                "操作者 {} は {} に職 {} を離れる",
                change.operator,
                say.moment(change.effective),
                say.post(&change.post)
            ),
            &format!(
                "operator {} leaves post {} on {}",
                change.operator,
                say.post(&change.post),
                say.moment(change.effective)
            ),
        ),
        Change::Function(change) => function(change, say),
        Change::Purpose(change) => purpose(change, say),
        Change::Designate(change) => designate(change, say),
        Change::OperatorState(change) => operator_state(change, say),
        Change::Profile(change) => profile(change, say),
        Change::WithdrawProfile(change) => say.say(
            &format!(
                "操作者 {} の操作権限 {} を {} から取り消す",
                change.operator,
                change.profile,
                say.moment(change.effective)
            ),
            &format!(
                "withdraw profile {} of operator {} from {}",
                change.profile,
                change.operator,
                say.moment(change.effective)
            ),
        ),
        Change::Qualify(change) => qualification::qualify(change, say),
        Change::EndQualification(change) => qualification::end(change, say),
        Change::IssueCard(change) => issue_card(change, say),
        Change::CardState(change) => card(change, say),
        Change::ActivateCard(change) => activate_card(change, say),
        Change::ResetPin(change) => reset_pin(*change, say),
        Change::PinChanged(change) => pin_changed(*change, say),
        Change::Terminal(change) => terminal(change, say),
        Change::TerminalState(change) => terminal_state(change, say),
        Change::OpenEpoch(change) => open_epoch(change, say),
        Change::Hours(change) => hours(change, say),
        Change::Calendar(change) => calendar(change, say),
        Change::Permit(change) => permit(change, say),
        Change::EndPermit(change) => end_permit(change, say),
        Change::Connection(change) => connection(change, say),
        Change::Policy(change) => policy::policy(&change.policy, say),
        Change::Route(change) => route(change, say),
        Change::LogKey(change) => say.say(
            &format!("{}の鍵を {} に替える", change.log.name(say.language), change.key),
            &format!("change the key of log {} to {}", change.log.name(say.language), change.key),
        ),
        Change::RecoveryKeys(change) => recovery::keys(change, say),
        Change::AnnounceRecovery(change) => recovery::announcement(change, say),
        Change::EndRecovery(change) => recovery::end(*change, say),
        Change::SucceedLog(change) => succeed_log(change, say),
        Change::Destroy(change) => retention::destroy(*change, say),
        Change::Preserve(change) => retention::preserve(change, say),
        Change::EraseNames(change) => retention::erase_names(change, say),
        Change::EraseTexts(change) => retention::erase_texts(change, say),
        Change::Witnesses(change) => witnesses(change, say),
        Change::Partner(change) => partners::partner(change, say),
        Change::Entrust(change) => partners::entrust(change, say),
        Change::EndTrust(change) => partners::end_trust(change, say),
        Change::Admit(change) => partners::admit(change, say),
        Change::SharePolicy(change) => partners::share_policy(change, say),
        Change::ShowShared(change) => partners::show_shared(change, say),
        Change::Open(change) => cases::open(change, say),
        Change::Step(change) => cases::step(change, say),
        Change::Answer(change) => cases::answer(change, say),
    }
}

fn succeed_log(change: &SucceedLog, say: &Titles<'_>) -> String {
    let (log, root) = (change.log.name(say.language), change.kept_root);
    let (kept, signed) = (change.kept_size, change.signed_size);
    let then = match change.log {
        Log::Casebook => say.say(
            "。失われた申請は改めて行う必要があり、今年度の事故等の番号は新しい一万番台から付ける",
            ": proposals among it have to be made again, and incidents of this fiscal year are numbered on from another ten thousand",
        ),
        Log::Records | Log::Register => String::new(),
    };
    say.say(
        &format!("{log}のログを、残っている {kept} 件（ルート {root}）から新しいログに引き継ぐ。署名済み {signed} 件のうち残っていないものは失われる{then}"),
        &format!("let another log go on in place of log {log}, from the {kept} entries that are left (root {root}); what is not among them of the {signed} that were signed is lost{then}"),
    )
}

/// The act that everything stands on, one fact a line: whoever signs it compares it with cards, sheets and the ledger's code.
fn found(change: &Found, say: &Titles<'_>) -> String {
    let (office, ledger) = (say.titled(change.title.as_str(), &change.jurisdiction), &change.ledger);
    let mut lines =
        Vec::from([say
            .say(&format!("{office}を台帳「{ledger}」に設置する"), &format!("found {office} at ledger \"{ledger}\""))]);
    for person in &change.administrators {
        let (operator, name, post, card) =
            (&person.operator, short(&person.name.0), &person.post, issue_card(&person.card, say));
        lines.push(say.say(
            &format!("管理者 {operator} (氏名のハッシュ {name})、職 {post}: {card}"),
            &format!("administrator {operator} (name hash {name}), post {post}: {card}"),
        ));
    }
    lines.push({
        let roles = roles(&Role::FOUNDING, say);
        say.say(&format!("管理者の職の役割: {roles}"), &format!("roles of the administrators' posts: {roles}"))
    });
    lines.push(recovery::keys(&change.recovery, say));
    let logs = [
        (Log::Records, change.keys.records),
        (Log::Register, change.keys.register),
        (Log::Casebook, change.keys.casebook),
    ];
    for (log, key) in logs {
        let log = log.name(say.language);
        lines.push(say.say(&format!("{log}の鍵: {key}"), &format!("key of the {log} log: {key}")));
    }
    let envelope = fingerprint(change.keys.envelope.as_bytes());
    lines.push(say.say(&format!("封筒の鍵の指紋: {envelope}"), &format!("envelope key fingerprint: {envelope}")));
    lines.push(policy::policy(&change.policy, say));
    lines.join("\n   ")
}

/// Whoever signs compares each key with what the witness itself shows.
fn witnesses(change: &SetWitnesses, say: &Titles<'_>) -> String {
    let (count, needed) = (change.witnesses.len(), change.needed);
    let mut lines = Vec::from([say.say(
        &format!("立会人を {count} 者とし、記録の封は {needed} 者の連署をもって認める"),
        &format!("have {count} witnesses; records are sealed once {needed} of them have cosigned"),
    )]);
    for Witness { name, key } in &change.witnesses {
        lines.push(say.say(&format!("立会人「{name}」の鍵: {key}"), &format!("key of witness \"{name}\": {key}")));
    }
    lines.join("\n   ")
}

fn section(change: &SetSection, say: &Titles<'_>) -> String {
    let (title, from) = (say.titled(change.title.as_str(), &change.section), say.moment(change.effective));
    match change.state {
        SectionState::Open => {
            say.say(&format!("課 {title} を {from} から置く"), &format!("section {title} open from {from}"))
        }
        SectionState::Suspended => say.say(
            &format!("課 {title} の利用を {from} から停止する"),
            &format!("suspend use by section {title} from {from}"),
        ),
        SectionState::Ended => {
            say.say(&format!("課 {title} を {from} に廃止する"), &format!("end section {title} on {from}"))
        }
    }
}

fn roles(roles: &[Role], say: &Titles<'_>) -> String {
    say.list(roles.iter().map(|role| say.say(role.title(), role.name())))
}

fn post(change: &SetPost, say: &Titles<'_>) -> String {
    let (title, roles) = (say.titled(change.title.as_str(), &change.post), roles(&change.roles, say));
    let place = change.section.as_ref().map(|section| say.section(section));
    let place =
        place.map_or_else(String::new, |place| say.say(&format!("、所属: {place}"), &format!(", section: {place}")));
    let keeper = change.keeper.as_ref().map_or_else(String::new, |keeper| {
        let keeper = say.post(keeper);
        say.say(&format!("、書面の記録者: {keeper}"), &format!(", decides on paper, recorded by: {keeper}"))
    });
    say.say(
        &format!("職 {title}、役割: {roles}{place}{keeper}"),
        &format!("post {title}, roles: {roles}{place}{keeper}"),
    )
}

fn hold_post(change: &HoldPost, say: &Titles<'_>) -> String {
    let (operator, post) = (&change.operator, say.post(&change.post));
    let period = say.period(change.from, change.to.unwrap_or(u64::MAX));
    if change.deputy {
        say.say(
            &format!("操作者 {operator} を職 {post} の代決者とする({period})"),
            &format!("operator {operator} deputises for post {post} {period}"),
        )
    } else {
        say.say(
            &format!("操作者 {operator} を職 {post} に充てる({period})"),
            &format!("operator {operator} holds post {post} {period}"),
        )
    }
}

fn function(change: &SetFunction, say: &Titles<'_>) -> String {
    let title = say.titled(change.title.as_str(), &change.function);
    let level = match change.level {
        Level::Session => say.say("ログインのみ", "an open session"),
        Level::Card => say.say("カードによる確認", "a proof by the card"),
        Level::Pin => say.say("暗証番号による確認", "the PIN each time"),
    };
    // All that is signed is shown, also of a function that ends.
    let mut text = match change.state {
        UseState::InUse => {
            say.say(&format!("機能 {title}、必要な確認: {level}"), &format!("function {title}, needs {level}"))
        }
        UseState::Ended => say.say(
            &format!("機能 {title} を廃止する。必要な確認: {level}"),
            &format!("end function {title}, needs {level}"),
        ),
    };
    let flags = [
        (change.purpose_required, "、事由の入力が必要", ", needs a purpose"),
        (change.essential, "、必須業務(登録簿が古くても利用可)", ", essential: works on with a stale register"),
        (change.management, "、カード管理用カードが必要", ", needs a card-management card"),
    ];
    flags.into_iter().filter(|(set, ..)| *set).for_each(|(_, ja, en)| text.push_str(&say.say(ja, en)));
    if let Some(kind) = change.terminal_kind {
        let kind = terminal_kind(kind, say);
        text.push_str(&say.say(&format!("、{kind}のみ"), &format!(", only on a {kind}")));
    }
    if !change.applications.is_empty() {
        let callers = say.codes(&change.applications);
        text.push_str(&say.say(&format!("、アプリケーション: {callers}"), &format!(", only from {callers}")));
    }
    text
}

fn purpose(change: &SetPurpose, say: &Titles<'_>) -> String {
    let title = say.titled(change.title.as_str(), &change.purpose);
    let functions = say.functions(&change.functions, ("すべての機能", "any function"));
    match change.state {
        UseState::InUse => {
            say.say(&format!("事由 {title}、対象: {functions}"), &format!("purpose {title} for {functions}"))
        }
        UseState::Ended => say.say(
            &format!("事由 {title} を廃止する。対象: {functions}"),
            &format!("end purpose {title} for {functions}"),
        ),
    }
}

fn designate(change: &Designate, say: &Titles<'_>) -> String {
    let class = match change.class {
        PersonClass::Operator => say.say("操作者", "operator"),
        PersonClass::SystemStaff => say.say("電算要員", "system staff"),
    };
    let (operator, section, period) =
        (&change.operator, say.section(&change.section), say.period(change.from, change.to));
    let (terminals, sections) = (say.codes(&change.terminals), say.sections(&change.sections));
    let name = short(&change.name.0);
    say.say(
        &format!("{operator} (氏名のハッシュ {name}) を{class}に指定する。所属: {section}、期間: {period}、操作できる端末: {terminals}、端末を操作できる課: {sections}"),
        &format!("designate {operator} (name hash {name}) as {class} of section {section} {period}; terminals: {terminals}; terminals of sections: {sections}"),
    )
}

fn reason(reason: StateReason, say: &Titles<'_>) -> String {
    let (ja, en) = match reason {
        StateReason::None => ("なし", "none"),
        StateReason::Lost => ("紛失", "lost"),
        StateReason::Stolen => ("盗難", "stolen"),
        StateReason::Damaged => ("き損", "damaged"),
        StateReason::PinCompromised => ("暗証番号の漏えい", "PIN compromised"),
        StateReason::NameChanged => ("氏名変更", "name changed"),
        StateReason::LeftDuty => ("担当の解除", "left the duty"),
        StateReason::Replaced => ("再交付", "replaced"),
        StateReason::Other => ("その他", "other"),
    };
    say.say(ja, en)
}

fn operator_state(change: &SetOperatorState, say: &Titles<'_>) -> String {
    let (operator, from, reason) = (&change.operator, say.moment(change.effective), reason(change.reason, say));
    let (ja, en) = match change.state {
        OperatorState::Active => ("の利用を再開する", "restore"),
        OperatorState::Suspended => ("の利用を停止する", "suspend"),
        OperatorState::Ended => ("の指定を解除する", "end the duty of"),
    };
    say.say(
        &format!("操作者 {operator} {ja}({from}から、理由: {reason})"),
        &format!("{en} operator {operator} from {from}, reason: {reason}"),
    )
}

fn profile(change: &GiveProfile, say: &Titles<'_>) -> String {
    let functions = say.functions(&change.functions, ("なし", "none"));
    let (operator, profile, period) = (&change.operator, &change.profile, say.period(change.from, change.to));
    say.say(
        &format!("操作者 {operator} に操作権限 {profile} を付与する。取扱範囲: {functions}、期間: {period}"),
        &format!("give operator {operator} profile {profile} for {functions} {period}"),
    )
}

/// The kind of a card, for people.
fn card_kind(kind: CardKind, say: &Titles<'_>) -> String {
    say.say(kind.name(Language::Japanese), &format!("{} card", kind.name(Language::English)))
}

fn issue_card(change: &IssueCard, say: &Titles<'_>) -> String {
    let kind = card_kind(change.kind, say);
    let holder = change.operator.as_ref().map_or_else(|| say.say("未定", "nobody yet"), ToString::to_string);
    let profiles = on_card(&change.profiles, say);
    let period = say.period(change.from, change.to);
    let mut text = say.say(
        &format!("{kind} {} を {holder} に貸与する。操作権限: {profiles}、期間: {period}", change.card),
        &format!("issue {kind} {} to {holder}, profiles: {profiles}, {period}", change.card),
    );
    if change.dormant {
        text.push_str(&say.say("、有効化するまで使用不可", ", dormant until activated"));
    }
    if change.signature.is_some() {
        text.push_str(&say.say("、処分への署名可", ", can sign acts"));
    }
    let keys = [("9A", Some(change.authentication)), ("9C", change.signature), ("9E", Some(change.presence))];
    let keys = keys.into_iter().filter_map(|(slot, key)| Some(format!("{slot} {}", fingerprint(&key?.0))));
    let keys = say.list(keys);
    text.push_str(&say.say(&format!("、鍵の指紋: {keys}"), &format!(", key fingerprints: {keys}")));
    text
}

/// Eight bytes of the SHA-256 of a public key or a name's hash: enough to compare by eye.
fn short(bytes: &[u8]) -> String {
    bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn fingerprint(key: &[u8]) -> String {
    short(&Sha256::digest(key))
}

fn on_card(profiles: &[Code], say: &Titles<'_>) -> String {
    if profiles.is_empty() {
        say.say("本人の操作権限すべて", "all the holder has")
    } else {
        say.codes(profiles)
    }
}

fn card(change: &SetCardState, say: &Titles<'_>) -> String {
    let (card, state, reason) = (change.card, change.state.name(say.language), reason(change.reason, say));
    let number = say.register.card(&card).map(|known| format!(" ({})", numbered(known.number(), say.language)));
    let (number, from) = (number.unwrap_or_default(), say.moment(change.effective));
    let forever =
        if change.state.is_final() { say.say("。元に戻せません", "; this is final") } else { String::new() };
    let disposal = change.disposal.as_ref().map_or_else(String::new, |disposal| {
        let (on, method, person) = (day_text(disposal.on, say.language), &disposal.method, &disposal.person);
        let witness = disposal.witness.as_ref().map_or_else(String::new, |witness| {
            say.say(&format!("、立会者 {witness}"), &format!(", beside {witness}"))
        });
        say.say(
            &format!("。{on}、{method}、廃棄した者 {person}{witness}"),
            &format!("; on {on}, \"{method}\", by {person}{witness}"),
        )
    });
    say.say(
        &format!("カード {card}{number} を {from} から{state}とする(理由: {reason}){disposal}{forever}"),
        &format!("card {card}{number} becomes {state} from {from}, reason: {reason}{disposal}{forever}"),
    )
}

fn activate_card(change: &ActivateCard, say: &Titles<'_>) -> String {
    let (card, operator, period) = (change.card, &change.operator, say.period(change.from, change.to));
    let (profiles, why) = (on_card(&change.profiles, say), &change.reason);
    say.say(
        &format!(
            "カード {card} を操作者 {operator} に限り有効化する。操作権限: {profiles}、期間: {period}、理由: {why}"
        ),
        &format!("activate card {card} for operator {operator}, profiles: {profiles}, {period}, reason: {why}"),
    )
}

fn reset_pin(ResetPin { card, identified }: ResetPin, say: &Titles<'_>) -> String {
    let identified = identified.title(say.language);
    let number = numbered_card(&card, say);
    say.say(
        &format!("カード {card}{number} の暗証番号を再設定する(本人確認: {identified})"),
        &format!("card {card}{number} is given a new PIN; holder identified by: {identified}"),
    )
}

fn pin_changed(PinChanged { card, at }: PinChanged, say: &Titles<'_>) -> String {
    let (number, at) = (numbered_card(&card, say), say.moment(at));
    say.say(
        &format!("カード {card}{number} の暗証番号は {at} に変更された"),
        &format!("the PIN of card {card}{number} was changed {at}"),
    )
}

/// The card's number in brackets, where the register knows it.
fn numbered_card(card: &CardGuid, say: &Titles<'_>) -> String {
    let number = say.register.card(card).map(|known| format!(" ({})", numbered(known.number(), say.language)));
    number.unwrap_or_default()
}

/// The kind of a terminal, for people.
fn terminal_kind(kind: TerminalKind, say: &Titles<'_>) -> String {
    let (ja, en) = match kind {
        TerminalKind::Business => ("業務端末", "business terminal"),
        TerminalKind::Management => ("管理用端末機", "management terminal"),
        TerminalKind::Integrated => ("統合端末", "integrated terminal"),
        TerminalKind::CardIssuing => ("カード発行用端末", "card-issuing terminal"),
    };
    say.say(ja, en)
}

fn terminal(change: &SetTerminal, say: &Titles<'_>) -> String {
    let (code, kind, section) = (&change.terminal, terminal_kind(change.kind, say), say.section(&change.section));
    let functions = say.functions(&change.functions, ("なし", "none"));
    let readers = change.readers.iter().map(ToString::to_string);
    let readers = if change.readers.is_empty() { say.say("限定なし", "any") } else { say.list(readers) };
    let responsible = change.responsible.as_ref().map_or_else(|| say.say("なし", "nobody"), |post| say.post(post));
    let key = change.key;
    say.say(
        &format!("{kind} {code} を登録する。設置課: {section}、責任者: {responsible}、機能: {functions}、カードリーダー: {readers}、鍵: {key}"),
        &format!("register {kind} {code} in section {section}, responsible: {responsible}, for {functions}, readers: {readers}, key {key}"),
    )
}

fn terminal_state(change: &SetTerminalState, say: &Titles<'_>) -> String {
    let (terminal, from) = (&change.terminal, say.moment(change.effective));
    let (ja, en) = match change.state {
        TerminalUse::Active => ("の使用を再開する", "restore"),
        TerminalUse::Suspended => ("の使用を停止する", "suspend"),
        TerminalUse::Retired => ("を廃止する", "retire"),
    };
    say.say(&format!("端末 {terminal} {ja}({from}から)"), &format!("{en} terminal {terminal} from {from}"))
}

fn open_epoch(change: &OpenEpoch, say: &Titles<'_>) -> String {
    let (terminal, epoch) = (&change.terminal, change.epoch);
    let (ja, en) = match change.reason {
        EpochReason::Replaced => ("ディスク交換", "disk replaced"),
        EpochReason::Restored => ("複製からの復元", "restored from a copy"),
        EpochReason::Fork => ("重複の発生", "two machines claimed to be it"),
        EpochReason::Other => ("その他", "other"),
    };
    say.say(
        &format!("端末 {terminal} に新しい記録の系列 {epoch} を開く(理由: {ja})"),
        &format!("open epoch {epoch} of terminal {terminal}, reason: {en}"),
    )
}

fn hours(change: &SetHours, say: &Titles<'_>) -> String {
    const DAYS: [(&str, &str); 7] =
        [("月", "Mon"), ("火", "Tue"), ("水", "Wed"), ("木", "Thu"), ("金", "Fri"), ("土", "Sat"), ("日", "Sun")];
    let day = |(name, span): (&(&str, &str), &OpenSpan)| {
        let hours = format!("{}:{:02}-{}:{:02}", span.open / 60, span.open % 60, span.close / 60, span.close % 60);
        let hours = if span.is_closed() { say.say("なし", "closed") } else { hours };
        format!("{} {hours}", say.say(name.0, name.1))
    };
    let week = say.list(DAYS.iter().zip(&change.week).map(day));
    match &change.terminal {
        Some(terminal) => {
            say.say(&format!("端末 {terminal} の運用時間: {week}"), &format!("hours of terminal {terminal}: {week}"))
        }
        None => say.say(&format!("運用時間: {week}"), &format!("hours: {week}")),
    }
}

fn calendar(change: &SetCalendar, say: &Titles<'_>) -> String {
    let closed = say.list(change.closed.iter().map(|day| day_text(*day, say.language)));
    let open = say.list(change.open.iter().map(|day| day_text(*day, say.language)));
    say.say(
        &format!("休日表を置き換える。休日: {closed}。臨時の開庁日: {open}"),
        &format!("replace the calendar; closed: {closed}; open: {open}"),
    )
}

fn permit(change: &GivePermit, say: &Titles<'_>) -> String {
    let (who, places) = (say.codes(&change.operators), say.codes(&change.terminals));
    let functions = say.functions(&change.functions, ("すべての機能", "every function"));
    let (period, why) = (say.period(change.from, change.to), &change.reason);
    say.say(
        &format!("時間外使用を許可する。操作者: {who}、端末: {places}、機能: {functions}、期間: {period}、理由: {why}"),
        &format!("permit use out of hours to {who} at {places}, for {functions}, {period}, reason: {why}"),
    )
}

fn end_permit(change: &EndPermit, say: &Titles<'_>) -> String {
    let (number, from) = (numbered(change.permit, say.language), say.moment(change.effective));
    say.say(&format!("時間外使用許可 {number} を {from} に終了する"), &format!("end permit {number} on {from}"))
}

fn connection(change: &SetConnection, say: &Titles<'_>) -> String {
    let functions = say.functions(&change.functions, ("すべての業務機能", "all business functions"));
    let incident = change.incident.map(|number| numbered(number, say.language));
    let incident = incident
        .map_or_else(String::new, |number| say.say(&format!("(事案 {number})"), &format!(" (incident {number})")));
    match change.state {
        ConnectionState::Stopped => say.say(
            &format!("結合を直ちに停止する。対象: {functions}{incident}"),
            &format!("stop the connection at once for {functions}{incident}"),
        ),
        ConnectionState::Connected => {
            if change.functions.is_empty() {
                say.say(
                    &format!("すべての結合停止を解除し、再結合する{incident}"),
                    &format!("lift every stop: restore the connection for everything{incident}"),
                )
            } else {
                say.say(
                    &format!("次の機能に限り再結合する: {functions}{incident}"),
                    &format!("restore the connection for exactly {functions}{incident}"),
                )
            }
        }
    }
}

fn route(change: &SetRoute, say: &Titles<'_>) -> String {
    let then = say.say("、次に ", ", then ");
    let stages = change.stages.iter().map(|stage| roles(stage, say)).collect::<Vec<_>>().join(&then);
    let approvers = if stages.is_empty() { roles(&[], say) } else { stages };
    let proposers = roles(&change.proposers, say);
    let mut text = say.say(
        &format!("「{}」の決裁区分。申請: {proposers}、承認: {approvers}", change.class.title()),
        &format!("route of class {}; proposers: {proposers}; approvers: {approvers}", change.class.name()),
    );
    if !change.stages.is_empty() {
        text.push_str(&if change.distinct {
            say.say("、申請者と承認者はそれぞれ別の者", "; all of them different persons")
        } else {
            say.say("、1人で申請と承認の両方を行える", "; one person may do all of it")
        });
    }
    text
}
