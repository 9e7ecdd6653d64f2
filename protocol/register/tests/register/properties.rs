//! Whatever acts come in whatever order (§R4): nothing panics, however the register was come by it is the same one, and what was taken
//! away for good stays away.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::{DecisionInput, Level};
use sekisho_wire::id::*;
use sekisho_wire::words::Language;

use crate::limits::third_administrator_until;
use crate::office::*;
use crate::strategies::{ETO_UNTIL, HOUR, TAKEN_AT, Way, Wish, taking, time, wish};

/// With one more of everything, so that most acts speak of what is there.
static OFFICE: LazyLock<Office> = LazyLock::new(|| {
    let mut office = Office::furnished();
    let post =
        SetPost {
            post: code("am"), title: title("職"), roles: vec![Role::AccessManager], section: None, keeper: None
        };
    let place = SetTerminal { terminal: code("mado-2"), key: edwards_public(41), ..set_terminal() };
    let spare = IssueCard { kind: CardKind::Spare, operator: None, dormant: true, ..issue(12, None) };
    let changes = vec![
        Change::Post(post),
        function("koseki", Level::Session),
        Change::Terminal(Box::new(place)),
        designate("doi"),
        profile("doi", "p1", &["juminhyo"]),
        Change::IssueCard(Box::new(spare)),
        Change::IssueCard(Box::new(issue(11, Some("doi")))),
    ];
    office.approved(changes).unwrap();
    office
});

/// Acts out of wishes, each over the register as it then stands.
struct Writer {
    office: Office,
    signed: Signed,
}

/// Whether signatures are made: most properties need none, and they take the time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signed {
    Truly,
    Not,
}

impl Writer {
    fn entry(&mut self, wish: &Wish) -> Vec<u8> {
        let newest = self.office.register.newest_made();
        let made = wish.made.map(|minutes| newest.saturating_add_signed(minutes * 60_000)).unwrap_or_else(|made| made);
        let size = self.office.register.size().saturating_sub(wish.behind);
        let mut act = self.office.draft(wish.changes.clone());
        (act.made, act.expires) = (made, made.saturating_add(24 * HOUR));
        (act.seen_size, act.seen_root) = (size, self.office.register.root_at(size).unwrap());
        let after = |hours: u64| made.saturating_add(hours * HOUR);
        act.effective = wish.effective.map(|effective| effective.map(after).unwrap_or_else(|moment| moment));
        match wish.way {
            Way::Alone(card) => self.by_card(act, card),
            Way::Approved(proposer, approver) => {
                let mut approval = Act { changes: vec![], effective: None, ..act.clone() };
                act.log = Log::Casebook;
                approval.proposal = Some(act::Proposal(self.by_card(act, proposer)));
                self.by_card(approval, approver)
            }
            Way::Terminal => {
                act.post = None;
                self.by_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)
            }
            Way::Recovery(first, second) => {
                crate::recovery::recovers(&self.office.register, &mut act);
                let mut outer = Act { changes: vec![], effective: None, ..act.clone() };
                act.log = Log::Casebook;
                let inner = self.by_edwards(&act, Signer::Recovery(edwards_public(first).0), first);
                outer.proposal = Some(act::Proposal(inner));
                self.by_edwards(&outer, Signer::Recovery(edwards_public(second).0), second)
            }
        }
    }

    fn by_card(&self, mut act: Act, card: u8) -> Vec<u8> {
        act.post = Some(code(if card == 2 { "vice" } else { "chief" }));
        match self.signed {
            Signed::Truly => sign_card(&act, card),
            Signed::Not => act.to_be_signed(&Signer::Card(guid(card))).finish([0; 64]),
        }
    }

    fn by_edwards(&self, act: &Act, signer: Signer, seed: u8) -> Vec<u8> {
        match self.signed {
            Signed::Truly => sign_edwards(act, signer, seed),
            Signed::Not => act.to_be_signed(&signer).finish([0; 64]),
        }
    }

    fn fold(&mut self, entry: &[u8]) -> Result<Folded, FoldRefusal> {
        match self.signed {
            Signed::Truly => self.office.register.fold(entry),
            Signed::Not => self.office.register.fold_unsigned(entry),
        }
    }
}

/// Those who can sign at `t`, or could if `suspended` were lifted, and hold a post that founded the office.
fn can_sign(register: &Register, suspended: bool, t: u64) -> Vec<Code> {
    let can = |holder: &Code, state: CardState| {
        let operator = register.operator(holder).unwrap();
        let of_card = state == CardState::Active || (suspended && state == CardState::Suspended);
        let person = operator.state(t);
        let of_person = person == OperatorState::Active || (suspended && person == OperatorState::Suspended);
        let designated = matches!(operator.standing(t), people::Standing::Designated(_));
        let manages = register.posts().any(|post| {
            post.roles_at(t).contains(&Role::SystemManager) && post.holders(t).any(|held| held.operator == *holder)
        });
        of_card && of_person && designated && manages
    };
    let signing =
        register.cards_by_number().filter(|card| card.issued().signature.is_some() && card.is_within_dates(t));
    let holders = signing.filter_map(|card| Some((card.holder(t)?.operator.clone(), card.state(t))));
    let mut persons: Vec<_> = holders.filter(|(holder, state)| can(holder, *state)).map(|(holder, _)| holder).collect();
    persons.sort();
    persons.dedup();
    persons
}

/// Everything a register holds, to the last field.
fn all(register: &Register) -> String {
    format!("{register:?}")
}

/// Asks and shows whatever can be asked and shown.
fn ask_everything(office: &Office, entry: &[u8], t: u64) {
    let register = &office.register;
    for input in [office.request(), office.login()] {
        let (note_time, note_until) = (Some(t), Some(t.saturating_add(1)));
        let input = DecisionInput { register: register.size(), time: t, note_time, note_until, ..input };
        let first = decide(register, &input);
        assert_eq!(first, decide(register, &input));
    }
    for language in [Language::Japanese, Language::English] {
        if let Ok(signed) = SignedAct::decode(entry) {
            assert!(!render(signed.act(), register, language).is_empty());
        }
    }
    for terminal in register.terminals() {
        let _ = register.next_closing(terminal.code(), t);
    }
    for operator in register.operators() {
        let _ = (register.roles_of(operator.code(), t), operator.profiles_at(t).count());
        let _ = register.permit_covering(operator.code(), &code("mado-1"), None, t);
    }
}

/// What was taken away for good, and from when on.
#[derive(Default)]
struct Gone {
    cards: Vec<(CardGuid, u64)>,
    operators: Vec<(Code, u64)>,
}

impl Gone {
    fn note(&mut self, folded: &Folded, newest_before: u64) {
        let now = folded.made.max(newest_before);
        for change in &folded.changes {
            if let Change::CardState(set) = change
                && set.state.is_final()
            {
                self.cards.push((set.card, set.effective.max(now)));
            }
            if let Change::OperatorState(set) = change
                && set.state == OperatorState::Ended
                && set.effective <= now
            {
                self.operators.push((set.operator.clone(), now));
            }
        }
    }

    /// At any of these moments.
    fn stays_gone(&self, register: &Register, moments: &[u64]) {
        for t in moments {
            for (card, since) in self.cards.iter().filter(|(_, since)| since <= t) {
                assert!(!register.card(card).unwrap().is_current(*t), "card {card} gone since {since} is there at {t}");
            }
            for (operator, since) in self.operators.iter().filter(|(_, since)| since <= t) {
                assert!(!register.operator(operator).unwrap().is_current(*t), "{operator} ended {since}, there at {t}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_a_register_was_come_by_it_is_the_same(
        wishes in vec(wish(), 1..24),
        snapshot in any::<Index>(),
        moments in vec(time(), 8),
    ) {
        let mut writer = Writer { office: OFFICE.clone(), signed: Signed::Not };
        let snapshot = snapshot.index(wishes.len());
        let (mut entries, mut kept, mut gone) = (Vec::new(), None, Gone::default());
        for (number, wish) in wishes.iter().enumerate() {
            if number == snapshot {
                kept = Some(writer.office.register.clone());
            }
            let entry = writer.entry(wish);
            let (before, newest) = (all(&writer.office.register), writer.office.register.newest_made());
            let _ = writer.office.register.would_accept(&entry, writer.office.now);
            prop_assert_eq!(&before, &all(&writer.office.register));
            let folded = writer.fold(&entry);
            if let Ok(folded) = &folded {
                gone.note(folded, newest);
            }
            moments.iter().take(2).for_each(|t| ask_everything(&writer.office, &entry, *t));
            entries.push((entry, folded));
        }
        let register = &writer.office.register;
        gone.stays_gone(register, &moments);

        let mut from_snapshot = kept.unwrap();
        for (entry, folded) in &entries[snapshot..] {
            prop_assert_eq!(&from_snapshot.fold_unsigned(entry), folded);
        }
        prop_assert_eq!(all(&from_snapshot), all(register));

        let mut from_disk = Register::new();
        for entry in &OFFICE.entries {
            from_disk.fold_stored(entry, Concluded::Accepted).unwrap();
        }
        for (entry, folded) in &entries {
            let again = from_disk.fold_stored(entry, Concluded::of(folded));
            prop_assert_eq!(again.is_ok(), folded.is_ok());
        }
        prop_assert_eq!(all(&from_disk), all(register));
    }

    #[test]
    fn whatever_single_persons_sign_somebody_can_decide_on_every_date(takings in vec(taking(), 1..12)) {
        let mut office = Office::furnished();
        third_administrator_until(&mut office, tuesday_ten() + ETO_UNTIL * HOUR);
        for (card, change) in takings {
            let mut act = office.draft(vec![change]);
            act.post = Some(code(if card == 1 { "chief" } else { "vice" }));
            let _ = office.register.fold(&sign_card(&act, card));
        }
        let ends = TAKEN_AT.iter().flat_map(|from| TAKEN_AT.iter().map(move |hours| from + hours));
        for t in ends.chain([ETO_UNTIL]).map(|hour| office.now + hour * HOUR) {
            prop_assert!(can_sign(&office.register, true, t).len() > 1, "nobody decides at {}", t);
            prop_assert!(!can_sign(&office.register, false, t).is_empty(), "nobody lifts at {}", t);
        }
    }

    #[test]
    fn bytes_that_almost_are_an_act_are_refused_or_taken_and_never_more(
        wish in wish(),
        altered in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut writer = Writer { office: OFFICE.clone(), signed: Signed::Not };
        let mut entry = writer.entry(&wish);
        for (at, byte) in altered {
            let at = at.index(entry.len());
            entry[at] = byte;
        }
        let _ = writer.office.register.would_accept(&entry, writer.office.now);
        let _ = writer.office.file(&entry);
        let _ = writer.fold(&entry);
        ask_everything(&writer.office, &entry, tuesday_ten());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_auditor_who_verifies_everything_comes_to_what_a_holder_trusts(wishes in vec(wish(), 1..10)) {
        let mut writer = Writer { office: OFFICE.clone(), signed: Signed::Truly };
        let mut holder = OFFICE.register.clone();
        for wish in &wishes {
            let entry = writer.entry(wish);
            let folded = writer.fold(&entry);
            let again = holder.fold_stored(&entry, Concluded::of(&folded));
            prop_assert_eq!(again.is_ok(), folded.is_ok());
        }
        prop_assert_eq!(all(&holder), all(&writer.office.register));
    }

    #[test]
    fn what_nothing_is_found_against_is_taken_by_the_register_that_judges_it(
        wishes in vec(wish(), 1..8),
        reports in vec((0_u64..9, select(&[None, Some(1_u8), Some(2), Some(10)][..])), 1..6),
    ) {
        let mut writer = Writer { office: OFFICE.clone(), signed: Signed::Truly };
        for wish in &wishes {
            let entry = writer.entry(wish);
            let _ = writer.fold(&entry);
            writer.office.entries.push(entry);
        }
        writer.office.now = writer.office.now.max(writer.office.register.newest_made());
        for (behind, card) in reports {
            let report = Change::Open(Box::new(crate::fold::incident("mado-1")));
            let mut act = writer.office.draft(vec![report]);
            act.log = Log::Casebook;
            act.seen_size -= behind.min(act.seen_size);
            act.seen_root = writer.office.register.root_at(act.seen_size).unwrap();
            let entry = match card {
                Some(card) => writer.by_card(act, card),
                None => {
                    act.post = None;
                    writer.by_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)
                }
            };
            // It holds the two against each other.
            if writer.office.would_file(&entry).is_ok() {
                writer.office.file(&entry).unwrap();
            }
        }
    }
}
