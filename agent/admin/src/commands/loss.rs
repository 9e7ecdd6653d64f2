//! The form of a lost card (紛失等届, S1 12(2)), begun from what was reported at a panel or blocked at a desk.

use sekisho_register::cases::Case;
use sekisho_register::change::{CardState, Change, Field, OpenCase, Value};
use sekisho_register::forms::{Form, cards};
use sekisho_register::{Casebook, Register, SignedAct};
use sekisho_wire::cose::Signer;

use crate::casebook;
use crate::cli::is_beginning_of;
use crate::desk::Desk;
use crate::error::{AdminError, Said, Thing};
use crate::filled_in::FilledIn;
use crate::reported::Blocked;

/// Opens the form, with what the report says filled in; `given` says the rest, and nothing twice.
pub(super) fn open(desk: &mut Desk, id: &str, given: &[String]) -> Result<(), AdminError> {
    desk.log_in()?;
    let (casebook, _) = casebook::entries(desk)?;
    let signed = find(desk, id)?;
    let known = fields_of(&signed).ok_or_else(|| AdminError::Unknown { what: Thing::Report, code: id.to_owned() })?;
    let named = Value::Act(signed.id());
    if let Some(case) =
        casebook.cases_on(Form::CardLoss).find(|case| case.opened.field(cards::LOSS_ACT) == Some(&named))
    {
        let rule = Said::new(
            format!("its form is there: 'sekisho-admin case show {}'", case.id),
            format!("紛失等届は作成済みです。「sekisho-admin case show {}」で確認してください", case.id),
        );
        return Err(AdminError::Argument { name: "ID", value: id.to_owned(), rule });
    }
    let whole = |said: &[Field]| {
        let mut fields = said.to_vec();
        fields.extend(known.iter().filter(|field| said.iter().all(|said| said.key != field.key)).cloned());
        fields.sort_by_key(|field| field.key);
        OpenCase { form: Form::CardLoss, fields }
    };
    let judge = |casebook: &Casebook, register: &Register, fields: &[Field], now| {
        casebook.wrong_to_open(register, &whole(fields), now)
    };
    let filled = FilledIn::read(desk, Form::CardLoss.definition().fields, given, &judge)?;
    desk.write(vec![Change::Open(Box::new(whole(&filled.fields)))], &filled.texts)
}

/// The form that names the report, else one about its card that was opened since.
pub(super) fn form_about<'c>(casebook: &'c Casebook, report: &Blocked<'_>) -> Option<&'c Case> {
    let about = || {
        let card = Value::Card(*report.card.guid());
        casebook.cases_on(Form::CardLoss).filter(move |case| case.opened.field(cards::LOST_CARD) == Some(&card))
    };
    let named = Value::Act(report.id);
    let mut by_name = about().filter(|case| case.opened.field(cards::LOSS_ACT) == Some(&named));
    let mut since =
        about().filter(|case| case.opened.field(cards::LOSS_ACT).is_none() && case.opened.made >= report.made);
    by_name.next().or_else(|| since.next())
}

/// The act of that id among those that block a card.
fn find(desk: &Desk, id: &str) -> Result<SignedAct, AdminError> {
    let taken =
        desk.cache.acts().filter(|(_, folded)| folded.as_ref().is_ok_and(|folded| is_beginning_of(id, &folded.id)));
    let mut found: Vec<SignedAct> = taken.filter_map(|(entry, _)| SignedAct::decode(entry).ok()).collect();
    match found.as_slice() {
        [_] => Ok(found.swap_remove(0)),
        _ => Err(AdminError::Unknown { what: Thing::Report, code: id.to_owned() }),
    }
}

/// What the report says of the first card that it blocks for what people report.
fn fields_of(signed: &SignedAct) -> Option<Vec<Field>> {
    let (source, _) = signed.source().ok()?;
    let blocked = source.act().changes.iter().find_map(|change| {
        let Change::CardState(said) = change else { return None };
        let blocks = matches!(said.state, CardState::Suspended | CardState::Revoked);
        (blocks && said.reason.is_reported()).then_some(said)
    })?;
    let terminal = if let Signer::Terminal(terminal) = source.signer() { Some(terminal.clone()) } else { None };
    let fields = [
        Some(Field { key: cards::LOST_CARD, value: Value::Card(blocked.card) }),
        cards::loss_word(blocked.reason).map(|word| Field { key: cards::LOSS_REASON, value: Value::Choice(word) }),
        Some(Field { key: cards::LOSS_AT, value: Value::Moment(source.act().made) }),
        Some(Field { key: cards::LOSS_ACT, value: Value::Act(signed.id()) }),
        terminal.map(|terminal| Field { key: cards::LOSS_TERMINAL, value: Value::Code(terminal) }),
    ];
    Some(fields.into_iter().flatten().collect())
}
