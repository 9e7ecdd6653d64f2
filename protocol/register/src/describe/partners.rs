//! Other offices, as a signer reads it.

use alloc::format;
use alloc::string::{String, ToString};

use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::words::Language;

use super::{designate, fingerprint, policy};
use crate::change::{Admit, EndTrust, Entrust, SetPartner, SharePolicy, ShowShared};
use crate::render::Titles;
use crate::role::Class;

pub(super) fn partner(change: &SetPartner, say: &Titles<'_>) -> String {
    let office = say.titled(change.title.as_str(), &change.partner);
    let (id, ledger, key) = (change.office, &change.ledger, &change.key);
    say.say(
        &format!("関係団体 {office} を登録する。団体の識別子: {id}、台帳: 「{ledger}」、登録簿のログの鍵: {key}"),
        &format!("register partner office {office}: id {id}, ledger \"{ledger}\", key of its register log {key}"),
    )
}

pub(super) fn entrust(change: &Entrust, say: &Titles<'_>) -> String {
    let class = |class: &Class| {
        let name = if say.language == Language::Japanese { class.title() } else { class.name() };
        name.to_string()
    };
    let (partner, agreement) = (office(&change.partner, say), &change.agreement);
    let (classes, period) = (say.list(change.classes.iter().map(class)), say.period(change.from, change.to));
    say.say(
        &format!("団体 {partner} に、依頼に基づく処分への署名を委託する。対象: {classes}、期間: {period}、協議書番号: {agreement}"),
        &format!("entrust office {partner} with acts on request: {classes}, {period}, under agreement {agreement}"),
    )
}

pub(super) fn end_trust(change: &EndTrust, say: &Titles<'_>) -> String {
    let (partner, from) = (office(&change.partner, say), say.moment(change.effective));
    say.say(
        &format!("団体 {partner} への委託を {from} に終える"),
        &format!("end what office {partner} is entrusted with, from {from}"),
    )
}

pub(super) fn admit(change: &Admit, say: &Titles<'_>) -> String {
    let designation = designate(&change.designation, say);
    let (partner, home, card) = (office(&change.partner, say), &change.home, change.card);
    let keys = [("9A", Some(change.authentication)), ("9C", change.signature), ("9E", Some(change.presence))];
    let keys = keys.into_iter().filter_map(|(slot, key)| Some(format!("{slot} {}", fingerprint(&key?.0))));
    let keys = say.list(keys);
    let signs = if change.signature.is_some() {
        say.say("、受託した処分への署名可", ", can sign entrusted acts")
    } else {
        String::new()
    };
    say.say(
        &format!("団体 {partner} の操作者 {home} を、同団体のカード {card} により受け入れる{signs}。鍵の指紋: {keys}。{designation}"),
        &format!("admit operator {home} of office {partner} with its card {card}{signs}, key fingerprints: {keys}; {designation}"),
    )
}

pub(super) fn share_policy(change: &SharePolicy, say: &Titles<'_>) -> String {
    let (with, agreement, from) = (by_id(change.office, say), &change.agreement, say.moment(change.from));
    match &change.policy {
        Some(shared) => {
            let shared = policy::policy(shared, say);
            say.say(
                &format!("団体 {with} が同じ決定をしたときは、{from} から共通の運用方針とする(協議書番号: {agreement})。{shared}"),
                &format!("share a policy with office {with} from {from}, once it has decided the same (agreement {agreement}): {shared}"),
            )
        }
        None => say.say(
            &format!("団体 {with} が同じ決定をしたときは、{from} から運用方針を共通としない(協議書番号: {agreement})"),
            &format!(
                "share no policy with office {with} from {from}, once it has decided the same (agreement {agreement})"
            ),
        ),
    }
}

pub(super) fn show_shared(change: &ShowShared, say: &Titles<'_>) -> String {
    let (with, index) = (by_id(change.office, say), change.index);
    say.say(
        &format!("団体 {with} が同じ運用方針を決定したことを、同団体の登録簿(登録順{index})により示す。共通の運用方針が効力を生ずる"),
        &format!("show by entry {index} of its register that office {with} has decided the same policy, so that it takes effect"),
    )
}

fn office(partner: &Code, say: &Titles<'_>) -> String {
    say.register
        .partner(partner)
        .map_or_else(|| partner.to_string(), |known| say.titled(known.said().title.as_str(), partner))
}

fn by_id(id: OfficeId, say: &Titles<'_>) -> String {
    let known = say.register.partners().find(|known| known.said().office == id);
    known.map_or_else(|| id.to_string(), |known| format!("{} ({id})", office(&known.said().partner, say)))
}
