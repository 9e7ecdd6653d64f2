//! Permission to take records away (§R11.11): three decisions, the days it is for, its end.

use sekisho_register::change::*;
use sekisho_register::forms::{Form, dealings};
use sekisho_register::taking::{Extent, NotCovered, Taking};
use sekisho_register::*;

use crate::cases::*;
use crate::office::*;

/// A request for records of three days of the section, by the chief.
fn request(office: &Office, until: Option<u32>) -> Change {
    let today = calendar::local_day(office.now);
    let mut fields: Vec<Field> = (1..=4).map(|key| field(key, text())).collect();
    fields.push(field(dealings::OWNING_SECTION, Value::Code(code("jumin"))));
    fields.push(field(dealings::RECORDS_FROM, Value::Day(today - 2)));
    fields.push(field(dealings::RECORDS_TO, Value::Day(today)));
    fields.extend(until.map(|days| field(dealings::TAKEN_UNTIL, Value::Day(today + days))));
    open(Form::ExportRequest, fields)
}

fn granted(key: u8) -> Change {
    step(first(Form::ExportRequest), key, vec![field(dealings::ANSWERED, Value::Choice(dealings::GRANTED))])
}

#[test]
fn s3_33_another_person_permits_than_whoever_consented_or_agreed() {
    let mut office = Office::furnished();
    office.writes(request(&office.clone(), None)).unwrap();
    assert_eq!(office.vice_writes(granted(1)), Ok(()), "the founders head every section that has no head");
    assert_eq!(office.writes(granted(2)), Ok(()));
    for (write, who) in
        [(office.clone().writes(granted(3)), "agreed"), (office.clone().vice_writes(granted(3)), "consented")]
    {
        assert_eq!(write, Err("step_of_another"), "{who}");
    }
    office.head("hogo", &[Role::DataProtectionManager], None, 11);
    assert_eq!(office.holder_writes("hogo", 11, granted(3)), Ok(()));
}

#[test]
fn s3_33_consent_is_the_owning_sections_or_where_it_has_no_head_a_managers() {
    let mut office = Office::furnished();
    for post in ["chief", "vice"] {
        let roles = vec![Role::ChiefSecurityOfficer, Role::SystemManager, Role::DataProtectionManager];
        let post = SetPost { post: code(post), title: title("課長"), roles, section: None, keeper: None };
        office.approved(vec![Change::Post(post)]).unwrap();
    }
    office.head("zeimu-head", &[Role::TerminalManager], Some("zeimu"), 12);
    office.writes(request(&office.clone(), None)).unwrap();
    assert_eq!(office.holder_writes("zeimu-head", 12, granted(1)), Err("not_yours"), "another section's records");
    assert_eq!(office.clone().writes(granted(1)), Ok(()), "the section has no head");
    office.head("jumin-head", &[Role::DataHandlingManager], Some("jumin"), 11);
    assert_eq!(office.writes(granted(1)), Err("not_yours"), "now it has");
    assert_eq!(office.holder_writes("jumin-head", 11, granted(1)), Ok(()));
}

#[test]
fn s3_33_a_permission_is_for_its_days_until_its_end() {
    let mut office = Office::furnished();
    office.head("hogo", &[Role::DataProtectionManager], None, 11);
    office.writes(request(&office.clone(), None)).unwrap();
    let case = first(Form::ExportRequest);
    let taking = |office: &Office, now| Taking::of(office.casebook.case(&case).unwrap(), now);
    let today = calendar::local_day(office.now);
    assert_eq!(taking(&office, office.now), Err(NotCovered::NotGranted));
    office.vice_writes(granted(1)).unwrap();
    office.writes(granted(2)).unwrap();
    office.holder_writes("hogo", 11, granted(3)).unwrap();
    let taken = taking(&office, office.now).unwrap();
    assert_eq!((taken.extent.clone(), taken.from, taken.to), (Extent::Section(code("jumin")), today - 2, today));
    assert_eq!(taken.covers_logs(), Err(NotCovered::NotWhole));
    let (from, to) = taken.period();
    let other = Err(NotCovered::OtherDays { from: today - 2, to: today });
    assert_eq!(
        (taken.covers(from, to), taken.covers(from - 1, to), taken.covers(from, to + 1)),
        (Ok(()), other, other)
    );
    let last = office.now + u64::from(dealings::TAKEN_DAYS) * calendar::DAY_MS;
    assert!(taking(&office, last).is_ok());
    let over = Err(NotCovered::Over { until: today + dealings::TAKEN_DAYS });
    assert_eq!(taking(&office, last + calendar::DAY_MS), over);
    // What was handed over comes back before it ends.
    let at = Value::Moment(office.now);
    office.writes(step(case, 4, vec![field(1, text()), field(2, at.clone())])).unwrap();
    assert_eq!(office.writes(step(case, 6, vec![])), Err("step_missing"));
    office.writes(step(case, 5, vec![field(1, Value::Number(1)), field(2, at)])).unwrap();
    office.writes(step(case, 6, vec![])).unwrap();
    assert_eq!(taking(&office, office.now), Err(NotCovered::Ended));
}

#[test]
fn s3_33_a_permission_ends_on_the_day_it_names() {
    let mut office = Office::furnished();
    office.head("hogo", &[Role::DataProtectionManager], None, 11);
    office.writes(request(&office.clone(), Some(1))).unwrap();
    for key in [1, 2] {
        office.writes(granted(key)).unwrap();
    }
    office.holder_writes("hogo", 11, granted(3)).unwrap();
    let case = office.casebook.case(&first(Form::ExportRequest)).unwrap();
    let today = calendar::local_day(office.now);
    assert!(Taking::of(case, office.now + calendar::DAY_MS).is_ok());
    let over = Err(NotCovered::Over { until: today + 1 });
    assert_eq!(Taking::of(case, office.now + 2 * calendar::DAY_MS), over);
}

#[test]
fn no_head_of_one_section_consents_for_the_logs_of_the_whole_office() {
    let mut office = Office::furnished();
    for (post, roles) in [
        ("chief", vec![Role::ChiefSecurityOfficer, Role::SystemManager]),
        ("vice", vec![Role::SystemManager, Role::DataProtectionManager]),
    ] {
        let post = SetPost { post: code(post), title: title("課長"), roles, section: None, keeper: None };
        office.approved(vec![Change::Post(post)]).unwrap();
    }
    office.head("jumin-head", &[Role::DataHandlingManager], Some("jumin"), 11);
    let mut whole = request(&office, None);
    let Change::Open(open) = &mut whole else { unreachable!("a request opens") };
    open.fields.push(field(dealings::EXTENT, Value::Choice(dealings::WHOLE_OFFICE)));
    office.writes(whole).unwrap();
    assert_eq!(office.holder_writes("jumin-head", 11, granted(1)), Err("not_yours"));
    assert_eq!(office.writes(granted(1)), Ok(()));
    assert_eq!(office.writes(granted(2)), Ok(()));
    assert_eq!(office.vice_writes(granted(3)), Ok(()));
    let taken = Taking::of(office.casebook.case(&first(Form::ExportRequest)).unwrap(), office.now).unwrap();
    assert_eq!((&taken.extent, taken.covers_logs()), (&Extent::Office, Ok(())));
    assert!(taken.covers_terminal(&office.register, "nobody-knows"));
}
