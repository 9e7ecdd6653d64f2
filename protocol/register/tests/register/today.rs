//! 本日の要処理 (§R11.6): who still has to be told, and since when something waits.

use sekisho_register::cases::Whose;
use sekisho_register::change::*;
use sekisho_register::forms::{Form, cards};
use sekisho_register::today::{Task, Waits, today};
use sekisho_register::*;
use sekisho_wire::id::Hash;

use crate::office::*;

const DAY: u64 = 24 * 60 * 60 * 1000;

impl Office {
    fn waits(&self) -> Vec<Task> {
        today(&self.register, &self.casebook, self.now)
    }

    /// Who has not been told of a change of his card or permissions.
    fn untold(&self) -> Vec<String> {
        let waits = self.waits().into_iter();
        let mut persons: Vec<String> = waits
            .filter_map(
                |task| if let Waits::NotTold { operator, .. } = task.what { Some(operator.to_string()) } else { None },
            )
            .collect();
        persons.sort();
        persons
    }

    /// The chief writes down that somebody was told of an act.
    fn tells(&mut self, act: Hash, operator: Option<&str>, post: Option<&str>) {
        let to = |key, to: Option<&str>| to.map(|to| Field { key, value: Value::Code(code(to)) });
        let fields = [
            Some(Field { key: cards::TOLD_ACT, value: Value::Act(act) }),
            to(cards::TO_OPERATOR, operator),
            to(cards::TO_POST, post),
            Some(Field { key: 4, value: Value::Moment(self.now) }),
        ];
        let fields = fields.into_iter().flatten().collect();
        let mut act = self.draft(vec![Change::Open(Box::new(OpenCase { form: Form::Notice, fields }))]);
        act.log = Log::Casebook;
        self.file(&sign_card(&act, 1)).unwrap();
    }
}

/// Chiba and Doi work here, each with a card.
fn two_clerks() -> Office {
    let mut office = Office::furnished();
    office.act(vec![designate("doi"), Change::IssueCard(Box::new(issue(11, Some("doi"))))]).unwrap();
    office.now += DAY;
    office
}

#[test]
fn s4_11_4_a_notice_tells_the_person_whom_it_names_and_nobody_else() {
    let mut office = two_clerks();
    let both = [10, 11].map(|card| card_state(card, CardState::Suspended, office.now)).to_vec();
    let act = office.act(both).unwrap().id;
    assert_eq!(office.untold(), ["chiba", "doi"]);
    office.tells(act, None, None);
    assert_eq!(office.untold(), ["chiba", "doi"], "of two it does not say whom");
    office.tells(act, Some("chiba"), None);
    assert_eq!(office.untold(), ["doi"]);
    office.tells(act, None, Some("vice"));
    assert_eq!(office.untold(), ["doi"], "a post was told");
    office.tells(act, Some("doi"), Some("vice"));
    assert_eq!(office.untold(), [""; 0]);
    // About one person a notice may leave him out.
    let act = office.act(vec![profile("doi", "p1", &["juminhyo"])]).unwrap().id;
    assert_eq!(office.untold(), ["doi"]);
    office.tells(act, None, None);
    assert_eq!(office.untold(), [""; 0]);
}

#[test]
fn a_notice_about_two_tells_neither_although_the_change_of_one_is_still_to_come() {
    let mut office = two_clerks();
    let changes = vec![
        card_state(10, CardState::Suspended, office.now),
        card_state(11, CardState::Suspended, office.now + 7 * DAY),
    ];
    let act = office.act(changes).unwrap().id;
    office.tells(act, None, None);
    assert_eq!(office.untold(), ["chiba"]);
    office.now += 8 * DAY;
    assert_eq!(office.untold(), ["chiba", "doi"]);
}

#[test]
fn s3_18_3_a_terminal_waits_for_somebody_responsible_since_the_last_one_left() {
    let mut office = Office::furnished();
    let waits = |office: &Office| {
        let tasks = office.waits().into_iter();
        let mut since = tasks
            .filter(|task| task.what == Waits::NobodyResponsible(code("mado-1")))
            .map(|task| (task.since, task.whose));
        since.next().map(|(since, whose)| {
            assert!(matches!(whose, Whose::Section(_, section) if section == code("jumin")));
            since
        })
    };
    let registered = office.now;
    office.now += DAY;
    assert_eq!(waits(&office), Some(registered), "nobody ever was");
    let head = SetPost {
        post: code("jumin-kacho"),
        title: title("住民課長"),
        roles: vec![Role::TerminalManager],
        section: Some(code("jumin")),
        keeper: None,
    };
    let until = office.now + 10 * DAY;
    let hold = HoldPost {
        post: code("jumin-kacho"),
        operator: code("chiba"),
        from: office.now,
        to: Some(until),
        deputy: false,
    };
    office.approved(vec![Change::Post(head), Change::HoldPost(hold)]).unwrap();
    assert_eq!(waits(&office), None);
    office.now = until - 1;
    assert_eq!(waits(&office), None);
    // It waits since the same moment whenever it is asked, and whatever else was decided.
    for later in [0, 1, 3 * DAY] {
        office.now = until + later;
        assert_eq!(waits(&office), Some(until));
        office.act(vec![section(&format!("ka-{later}"), "課", SectionState::Open)]).unwrap();
    }
    // Nor does it begin anew when it moves to a post that nobody holds either.
    let moved = SetTerminal { responsible: Some(code("jumin-kacho")), ..set_terminal() };
    office.act(vec![Change::Terminal(Box::new(moved))]).unwrap();
    assert_eq!(waits(&office), Some(until));
}
