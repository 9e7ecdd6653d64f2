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

/// A spare card that nobody has.
fn spare(card: u8, to: u64) -> Change {
    let card = IssueCard { kind: CardKind::Spare, dormant: true, to, ..issue(card, None) };
    Change::IssueCard(Box::new(card))
}

fn lend(card: u8, operator: &str, from: u64, to: u64) -> Change {
    let (card, operator, reason) = (guid(card), code(operator), code("wasure"));
    Change::ActivateCard(Box::new(ActivateCard { card, operator, profiles: vec![], from, to, reason }))
}

impl Office {
    /// With whom a card still is, and since when.
    fn out(&self, card: u8) -> Option<(String, u64)> {
        self.waits().into_iter().find_map(|task| {
            let Waits::Unreturned { card: of, operator } = task.what else { return None };
            (of == guid(card)).then(|| (operator.to_string(), task.since))
        })
    }

    /// Whose card ends, since when that waits, and until when.
    fn ends(&self, card: u8) -> Option<(Option<String>, u64, u64)> {
        self.waits().into_iter().find_map(|task| {
            let Waits::CardEnds { card: of, operator, ends } = task.what else { return None };
            assert_eq!(task.due, Some(ends));
            (of == guid(card)).then(|| (operator.map(|operator| operator.to_string()), task.since, ends))
        })
    }
}

#[test]
fn s1_12_3_a_spare_card_waits_to_come_back_until_the_office_has_it_in_its_hands() {
    const HOUR: u64 = 60 * 60 * 1000;
    let mut office = two_clerks();
    office.act(vec![spare(12, at(2030, 4, 1, 0))]).unwrap();
    assert_eq!(office.out(12), None, "it was nobody's yet");
    let reset = |office: &mut Office| {
        office.act(vec![Change::ResetPin(ResetPin { card: guid(12), identified: Identified::StaffCard })])
    };
    let to = office.now + 5 * HOUR;
    office.act(vec![lend(12, "chiba", office.now, to)]).unwrap();
    // Whoever forgot the PIN meanwhile still has the card, and so has who chose another one.
    office.now += HOUR;
    reset(&mut office).unwrap();
    office.now = to;
    assert_eq!(office.out(12), Some(("chiba".to_owned(), to)));
    office.now += DAY;
    let changed =
        Act { post: None, ..office.draft(vec![Change::PinChanged(PinChanged { card: guid(12), at: to + 1 })]) };
    let terminal = sekisho_wire::cose::Signer::Terminal(code("mado-1"));
    office.take(&sign_edwards(&changed, terminal, TERMINAL_SEED)).unwrap();
    assert_eq!(office.out(12), Some(("chiba".to_owned(), to)));
    reset(&mut office).unwrap();
    assert_eq!(office.out(12), None, "it is back in its envelope");
    office.now += DAY;
    assert_eq!(office.out(12), None);
    // The next one has it, and gives it back before its time.
    office.act(vec![lend(12, "doi", office.now, office.now + 9 * HOUR)]).unwrap();
    office.now += HOUR;
    assert_eq!(office.out(12), None);
    let early = office.now;
    office.act(vec![lend(12, "doi", early, early + 1)]).unwrap();
    office.now += HOUR;
    assert_eq!(office.out(12), Some(("doi".to_owned(), early + 1)));
    reset(&mut office).unwrap();
    assert_eq!(office.out(12), None);
    // Or it never comes back.
    office.act(vec![lend(12, "doi", office.now, office.now + HOUR)]).unwrap();
    office.now += DAY;
    assert!(office.out(12).is_some());
    office.act(vec![card_state(12, CardState::Revoked, office.now)]).unwrap();
    assert_eq!(office.out(12), None);
}

#[test]
fn a_card_that_is_needed_longer_than_its_own_time_waits_from_six_weeks_before() {
    let mut office = two_clerks();
    let (april, spares) = (at(2027, 4, 1, 0), at(2027, 2, 1, 0));
    office.act(vec![spare(12, spares)]).unwrap();
    // One for two weeks of help waits since it was made.
    let (now, short) = (office.now, office.now + 14 * DAY);
    office.act(vec![spare(13, short)]).unwrap();
    assert_eq!(office.ends(13), Some((None, now, short)));
    assert_eq!(office.ends(12), None);
    office.now = spares - 45 * DAY;
    assert_eq!(office.ends(12), Some((None, office.now, spares)));
    office.now = spares + 100 * DAY;
    assert_eq!(office.ends(12), Some((None, spares - 45 * DAY, spares)), "until somebody takes it out of the drawer");
    office.act(vec![card_state(12, CardState::Returned, office.now)]).unwrap();
    assert_eq!(office.ends(12), None);

    // With the fiscal year the designations end, and that is said; once they go on it is the cards.
    let mut office = two_clerks();
    office.now = at(2027, 3, 1, 0);
    assert_eq!(office.ends(10), None);
    let renewed = |operator: &str| {
        let next = Designate { from: april, to: at(2028, 4, 1, 0), ..designation(operator) };
        Change::Designate(Box::new(next))
    };
    office.act(vec![renewed("chiba"), renewed("doi")]).unwrap();
    assert_eq!(office.ends(10), Some((Some("chiba".to_owned()), april - 45 * DAY, april)));
    let next = |kind: CardKind, card: u8, operator: &str| {
        let next = IssueCard { kind, from: april, to: at(2028, 4, 1, 0), ..issue(card, Some(operator)) };
        Change::IssueCard(Box::new(next))
    };
    office.act(vec![next(CardKind::Special, 14, "chiba")]).unwrap();
    assert!(office.ends(10).is_some(), "a card of another kind is for something else");
    office.act(vec![next(CardKind::Business, 15, "chiba")]).unwrap();
    assert_eq!(office.ends(10), None);
    assert!(office.ends(11).is_some());
    // What has ended should be back, also of somebody whose duty goes on.
    office.now = april;
    assert_eq!(office.ends(11), None);
    assert_eq!([office.out(10), office.out(11)], ["chiba", "doi"].map(|who| Some((who.to_owned(), april))));
}

#[test]
fn s4_10_1_1_a_qualification_waits_since_the_rule_asks_the_card_is_his_or_it_was_about_to_end() {
    let mut office = two_clerks();
    let lacks = |office: &Office, who: &str| {
        let found = office.waits().into_iter().find_map(|task| {
            let Waits::Unqualified { operator, ends } = task.what else { return None };
            (operator == code(who)).then_some((task.since, task.due, ends))
        });
        found.map(|(since, due, ends)| (since, due.unwrap(), ends))
    };
    let asks = |kinds: Vec<CardKind>| {
        let policy = Policy { qualified_kinds: kinds, ..Policy::default() };
        vec![Change::Policy(SetPolicy { policy })]
    };
    let qualify = |kinds: &[CardKind], from: u64, to: u64| {
        let (operator, ground) = (code("chiba"), title("研修"));
        vec![Change::Qualify(Box::new(Qualify { operator, kinds: kinds.to_vec(), ground, from, to }))]
    };
    // The rule came and went, and came again.
    office.act(asks(vec![CardKind::Business])).unwrap();
    office.now += DAY;
    office.act(asks(vec![])).unwrap();
    office.now += DAY;
    assert_eq!(lacks(&office, "chiba"), None);
    let asked = office.now;
    office.act(asks(vec![CardKind::Business])).unwrap();
    office.now += DAY;
    office.act(asks(vec![CardKind::Business, CardKind::Spare])).unwrap();
    for _ in 0..3 {
        office.now += DAY;
        assert_eq!(lacks(&office, "chiba"), Some((asked, asked, None)), "the same whenever it is asked");
    }
    // For another kind is no help, nor does it say when that one ends.
    office.act(qualify(&[CardKind::Spare], office.now, office.now + 400 * DAY)).unwrap();
    assert_eq!(lacks(&office, "chiba"), Some((asked, asked, None)));
    // One that ends in sixty days waits in two weeks.
    let (from, to) = (office.now, office.now + 60 * DAY);
    office.act(qualify(&[CardKind::Business, CardKind::Spare], from, to)).unwrap();
    assert_eq!(lacks(&office, "chiba"), None);
    office.now = to - 45 * DAY;
    assert_eq!(lacks(&office, "chiba"), Some((office.now, to, Some(to))));
    office.now = to + DAY;
    assert_eq!(lacks(&office, "chiba"), Some((to - 45 * DAY, to, Some(to))));
    // A spare card that somebody was lent while no rule asked: since he has it, whoever no longer qualifies for such ones.
    office.act(qualify(&[CardKind::Business], office.now, office.now + 400 * DAY)).unwrap();
    office.act(asks(vec![CardKind::Business])).unwrap();
    office.act(vec![spare(12, at(2030, 4, 1, 0))]).unwrap();
    let lent = office.now + DAY;
    office.act(vec![lend(12, "chiba", lent, lent + 20 * DAY)]).unwrap();
    office.act(asks(vec![CardKind::Business, CardKind::Spare])).unwrap();
    assert_eq!(lacks(&office, "chiba"), None);
    office.now = lent + DAY;
    assert_eq!(lacks(&office, "chiba"), Some((lent, lent, Some(to))));
}
