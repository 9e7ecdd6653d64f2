//! Proposals wait in the casebook; incidents are numbered there.

use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::cose::Signer;
use sekisho_wire::id::Numbered;

use crate::fold::incident;
use crate::office::*;

fn route() -> Change {
    Change::Route(SetRoute {
        class: Class::Cards,
        proposers: vec![Role::SystemManager],
        stages: vec![],
        distinct: false,
    })
}

#[test]
fn a_proposal_is_open_until_it_is_approved_or_expires() {
    let mut office = Office::furnished();
    let entry = office.proposal(vec![route()]);
    let id = SignedAct::decode(&entry).unwrap().id();
    let asked = office.casebook.would_accept(&office.register, &entry, office.now);
    let filed = office.casebook.fold(&office.register, &entry);
    assert_eq!((asked, filed), (Ok(Filed::Proposal { id, index: 0 }), Ok(Filed::Proposal { id, index: 0 })));
    let open = |office: &Office, now| office.casebook.open_proposals(&office.register, now).count();
    assert_eq!(open(&office, office.now), 1);
    assert_eq!(open(&office, office.now + 24 * 60 * 60 * 1000), 0);
    let approval = office.approval(&entry, "vice", 2);
    office.take(&approval).unwrap();
    assert_eq!(open(&office, office.now), 0);
    assert_eq!(office.casebook.fold(&office.register, &entry).unwrap_err().code(), "repeated");

    // A holder that starts again folds the casebook beside the register of today.
    let mut again = Casebook::new();
    assert_eq!(again.fold_trusted(&office.register, &entry), Ok(Filed::Proposal { id, index: 0 }));
    let mut forged = entry.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(Casebook::new().fold_trusted(&office.register, &forged).unwrap_err().code(), "signature_wrong");
    assert_eq!(again.proposal(&id).unwrap().operator, Some(code("aoki")));
    assert_eq!(office.casebook.proposal(&id).unwrap().operator, Some(code("aoki")));
}

#[test]
fn a_proposal_that_could_not_take_effect_is_refused_when_it_is_made() {
    let mut office = Office::furnished();
    let entry = office.proposal(vec![card_state(77, CardState::Suspended, tuesday_ten())]);
    assert_eq!(office.casebook.would_accept(&office.register, &entry, office.now).unwrap_err().code(), "unknown");
    // Nor is an approval a proposal.
    let inner = office.proposal(vec![route()]);
    let mut wrapped = office.draft(vec![]);
    (wrapped.log, wrapped.proposal) = (Log::Casebook, Some(act::Proposal(inner)));
    let entry = sign_card(&wrapped, 1);
    assert_eq!(office.casebook.fold(&office.register, &entry).unwrap_err().code(), "not_a_proposal");
}

#[test]
fn s3_27_any_panel_reports_what_happened_at_it_and_numbers_follow() {
    let mut office = Office::furnished();
    let mut report = |changes: Vec<Change>| {
        let mut act = office.draft(changes);
        (act.post, act.log) = (None, Log::Casebook);
        let entry = sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED);
        office.casebook.fold(&office.register, &entry).map_err(|refusal| refusal.code())
    };
    let number = |number| Numbered { fiscal_year: 2026, number };
    let here = || Change::Incident(incident("mado-1"));
    assert_eq!(report(vec![here(), here()]), Err("signer_not_allowed"));
    assert_eq!(report(vec![here()]), Ok(Filed::Incidents { first: number(1), count: 1, index: 1 }));
    assert_eq!(report(vec![Change::Incident(incident("mado-2"))]), Err("signer_not_allowed"));
    assert_eq!(report(vec![designate("doi")]), Err("signer_not_allowed"));
    assert_eq!(report(vec![here(), designate("doi")]), Err("not_a_proposal"));
    let mut too_bad = incident("mado-1");
    too_bad.level = 4;
    assert_eq!(report(vec![Change::Incident(too_bad)]), Err("value_wrong"));
    assert_eq!(report(vec![here()]), Ok(Filed::Incidents { first: number(2), count: 1, index: 6 }));
    // A person reports several at once.
    let mut act = office.draft(vec![here(), here()]);
    act.log = Log::Casebook;
    let filed = office.casebook.fold(&office.register, &sign_card(&act, 1));
    assert_eq!(filed, Ok(Filed::Incidents { first: number(3), count: 2, index: 7 }));
    assert_eq!(
        office.casebook.incidents().map(|incident| incident.number).collect::<Vec<_>>(),
        [1, 2, 3, 4].map(number)
    );
}
