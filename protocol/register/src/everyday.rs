//! Changes of every day (登録の変更) as forms: what each asks for, and the changes that come of it. Names are those of the file of changes, which
//! `sekisho-admin apply` reads. Data first; what is done with it stands below.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use sekisho_wire::id::{CardGuid, Code, Numbered};
use sekisho_wire::record::Retention;

use crate::calendar::{Date, Month, day_of_date, fiscal_year, local_day, moment};
use crate::casebook::Casebook;
use crate::change::{
    ActivateCard, CardState, Change, Designate, Destroy, Disposal, EndPermit, GivePermit, GiveProfile, OperatorState,
    OrderState, Preserve, SetCardState, SetOperatorState, SetTerminalState, StateReason, Value, WithdrawProfile,
};
use crate::dates::When;
use crate::fold::Register;
use crate::forms::{Kind, Words};
use crate::people::{Operator, Standing};
use crate::refusal::FieldFault;
use crate::typed::{Fault, Takes, WrongField, month, numbered, value_of};
use crate::values::Title;

mod entries;

pub use self::entries::{Entry, Group};

/// A change of every day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Everyday {
    /// A card is suspended, lifted, revoked, taken back.
    CardState,
    /// A card was destroyed.
    Dispose,
    /// A spare card wakes for somebody.
    ActivateCard,
    /// A designation goes on, with all permissions.
    Renew,
    /// A person is suspended, lifted, ended.
    OperatorState,
    /// A permission is given.
    Profile,
    /// A permission is taken.
    WithdrawProfile,
    /// Work outside the hours is permitted.
    Permit,
    /// Such a permit ends.
    EndPermit,
    /// A terminal is suspended, lifted, retired.
    TerminalState,
    /// Records are kept longer.
    Preserve,
    /// They need not be any more.
    Lift,
    /// Records whose time is over are destroyed.
    Destroy,
}

/// What could be read of what was typed, by name.
#[derive(Clone, Debug, Default)]
struct Filled(BTreeMap<&'static str, Vec<Read>>);

/// One thing that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Read {
    Value(Value),
    Moment(u64),
    Month(Month),
    Number(Numbered),
    Title(Title),
}

impl Everyday {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Self; 13] = [
        Self::CardState,
        Self::Dispose,
        Self::ActivateCard,
        Self::Renew,
        Self::OperatorState,
        Self::Profile,
        Self::WithdrawProfile,
        Self::Permit,
        Self::EndPermit,
        Self::TerminalState,
        Self::Preserve,
        Self::Lift,
        Self::Destroy,
    ];

    /// By its name in programs.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|everyday| everyday.name() == name)
    }

    /// The entry of that name.
    #[must_use]
    pub fn entry(self, name: &str) -> Option<&'static Entry> {
        self.entries().iter().find(|entry| entry.name == name)
    }

    /// The changes that come of what was typed (pairs of an entry's name and a text, empty ones aside), made now.
    ///
    /// # Errors
    /// All that is wrong, in the order of the entries.
    pub fn changes<'t>(
        self,
        typed: impl IntoIterator<Item = (&'t str, &'t str)>,
        (register, casebook): (&Register, Option<&Casebook>),
        now: u64,
    ) -> Result<Vec<Change>, Vec<WrongField>> {
        let typed: BTreeMap<&str, &str> = typed.into_iter().collect();
        let (mut filled, mut wrong) = (Filled::default(), Vec::new());
        for entry in self.entries() {
            match typed.get(entry.name).filter(|text| !text.is_empty()) {
                None if entry.must => wrong.push(entry.wrong(Fault::Field(FieldFault::Missing))),
                None => {}
                Some(text) => match read(entry, text, (register, casebook), now) {
                    // Nothing but commas.
                    Ok(read) if entry.must && read.is_empty() => {
                        wrong.push(entry.wrong(Fault::Field(FieldFault::Missing)));
                    }
                    Ok(read) => drop(filled.0.insert(entry.name, read)),
                    Err(fault) => wrong.push(entry.wrong(fault)),
                },
            }
        }
        if wrong.is_empty() {
            self.make(&filled, register, now)
                .map_err(|(name, fault)| self.entry(name).map(|entry| entry.wrong(fault)).into_iter().collect())
        } else {
            Err(wrong)
        }
    }

    /// The changes themselves, of entries that are all there and each by itself as it should be.
    fn make(self, filled: &Filled, register: &Register, now: u64) -> Result<Vec<Change>, (&'static str, Fault)> {
        let from = || filled.moment("from").unwrap_or(now);
        let missing = |name: &'static str| (name, Fault::Field(FieldFault::Missing));
        let code = |name: &'static str| filled.code(name).ok_or(missing(name));
        let choice = |name: &'static str| filled.choice(name).ok_or(missing(name));
        let reason = || filled.choice("reason").map_or(StateReason::None, entries::reason);
        let change = match self {
            Self::CardState => Change::CardState(SetCardState {
                card: filled.card().ok_or(missing("card"))?,
                state: entries::card_state(choice("state")?),
                reason: reason(),
                effective: from(),
                disposal: None,
            }),
            Self::Dispose => {
                let (person, witness) = (code("by")?, filled.code("witness"));
                if witness.as_ref() == Some(&person) {
                    return Err(("witness", Fault::Against(SAME_PERSON)));
                }
                Change::CardState(SetCardState {
                    card: filled.card().ok_or(missing("card"))?,
                    state: CardState::Disposed,
                    reason: StateReason::None,
                    effective: now,
                    disposal: Some(Disposal {
                        on: filled.day("on").unwrap_or_else(|| local_day(now)),
                        method: filled.title("method").ok_or(missing("method"))?,
                        person,
                        witness,
                    }),
                })
            }
            Self::ActivateCard => Change::ActivateCard(Box::new(ActivateCard {
                card: filled.card().ok_or(missing("card"))?,
                operator: code("operator")?,
                profiles: filled.codes("profiles"),
                from: from(),
                to: filled.moment("to").ok_or(missing("to"))?,
                reason: code("reason")?,
            })),
            Self::Renew => {
                let april = |year: u16| moment(day_of_date(Date { year, month: 4, day: 1 }), 0);
                let from = filled.moment("from").unwrap_or_else(|| april(fiscal_year(now).saturating_add(1)));
                let to = filled.moment("to").unwrap_or_else(|| april(fiscal_year(from).saturating_add(1)));
                let operators = filled.codes("operators");
                let known = operators.iter().filter_map(|code| register.operator(code));
                let renewed = known.map(|operator| renewed(operator, (from, to), now));
                let renewed: Result<Vec<Renewed>, NotRenewed> = renewed.collect();
                let changes = |all: Vec<Renewed>| all.into_iter().flat_map(|one| one.changes).collect();
                return renewed.map(changes).map_err(|why| ("operators", Fault::Against(why.words())));
            }
            Self::OperatorState => Change::OperatorState(SetOperatorState {
                operator: code("operator")?,
                state: entries::operator_state(choice("state")?),
                effective: from(),
                reason: reason(),
            }),
            Self::Profile => Change::Profile(GiveProfile {
                operator: code("operator")?,
                profile: code("profile")?,
                functions: filled.codes("functions"),
                from: from(),
                to: filled.moment("to").unwrap_or_else(|| end_of_fiscal_year(from())),
            }),
            Self::WithdrawProfile => Change::WithdrawProfile(WithdrawProfile {
                operator: code("operator")?,
                profile: code("profile")?,
                effective: from(),
            }),
            Self::Permit => Change::Permit(Box::new(GivePermit {
                operators: filled.codes("operators"),
                terminals: filled.codes("terminals"),
                functions: filled.codes("functions"),
                from: from(),
                to: filled.moment("to").ok_or(missing("to"))?,
                reason: code("reason")?,
            })),
            Self::EndPermit => {
                let permit = filled.number("permit").ok_or(missing("permit"))?;
                Change::EndPermit(EndPermit { permit, effective: from() })
            }
            Self::TerminalState => Change::TerminalState(SetTerminalState {
                terminal: code("terminal")?,
                state: entries::terminal_use(choice("state")?),
                effective: from(),
            }),
            Self::Preserve => {
                let (from, to) = (filled.month("from"), filled.month("to"));
                if from.zip(to).is_some_and(|(from, to)| to < from) {
                    return Err(("to", Fault::Against(BACKWARDS)));
                }
                Change::Preserve(Box::new(Preserve {
                    order: code("order")?,
                    state: OrderState::Holds,
                    classes: filled.classes("classes"),
                    from,
                    to: to.map(after),
                    incident: filled.case(),
                }))
            }
            Self::Lift => Change::Preserve(Box::new(Preserve {
                order: code("order")?,
                state: OrderState::Lifted,
                classes: Vec::new(),
                from: None,
                to: None,
                incident: None,
            })),
            Self::Destroy => {
                let from = filled.month("from").ok_or(missing("from"))?;
                let to = filled.month("to").ok_or(missing("to"))?;
                if to < from {
                    return Err(("to", Fault::Against(BACKWARDS)));
                }
                let class = filled.classes("class").first().copied().ok_or(missing("class"))?;
                Change::Destroy(Destroy { class, from, to: after(to) })
            }
        };
        let from = filled.moment("from").unwrap_or(now);
        if filled.moment("to").is_some_and(|to| to <= from) {
            Err(("to", Fault::Against(BACKWARDS)))
        } else {
            Ok(vec![change])
        }
    }
}

/// The end of the fiscal year of `now`: 1 April, 0:00.
fn end_of_fiscal_year(now: u64) -> u64 {
    moment(day_of_date(Date { year: fiscal_year(now).saturating_add(1), month: 4, day: 1 }), 0)
}

/// People name the last month that they mean.
const fn after(last: Month) -> Month {
    last.after(0, 1)
}

const SAME_PERSON: Words =
    Words("立会者は廃棄した者とは別の者です", "the witness is another person than who destroyed it");
const BACKWARDS: Words = Words("開始より前に終わっています", "it ends before it begins");

fn read(
    entry: &Entry,
    text: &str,
    (register, casebook): (&Register, Option<&Casebook>),
    now: u64,
) -> Result<Vec<Read>, Fault> {
    let date = || When::read(text).map_err(Fault::Date);
    let value = |kind: Kind, text: &str| {
        let value = value_of(kind, text, register)?;
        let nothing = Casebook::new();
        let fits = casebook.unwrap_or(&nothing).fits(register, kind, &value, now);
        // Without the casebook nobody here knows which cases there are.
        match fits {
            Err(_) if casebook.is_none() && matches!(kind, Kind::Case(_)) => Ok(Read::Value(value)),
            fits => fits.map(|()| Read::Value(value)).map_err(Fault::Field),
        }
    };
    match entry.takes {
        Takes::One(kind) => value(kind, text).map(|one| vec![one]),
        Takes::Several(kind) => {
            let parts = text.split([',', '、', '，']).map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| value(kind, part)).collect()
        }
        Takes::Moment(edge) | Takes::Day(edge) => date().map(|date| vec![Read::Moment(date.moment(edge))]),
        Takes::Month => month(text).map(|month| vec![Read::Month(month)]).ok_or(Fault::Spelling),
        Takes::Title => Title::new(text).map(|title| vec![Read::Title(title)]).ok_or(Fault::Spelling),
        Takes::Number => numbered(text).map(|number| vec![Read::Number(number)]).ok_or(Fault::Spelling),
    }
}

impl Filled {
    fn all(&self, name: &str) -> impl Iterator<Item = &Read> {
        self.0.get(name).into_iter().flatten()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.all(name).filter_map(|read| if let Read::Value(value) = read { Some(value) } else { None })
    }

    /// Ascending, each once.
    fn codes(&self, name: &str) -> Vec<Code> {
        let codes = self.values(name);
        let codes = codes.filter_map(|value| if let Value::Code(code) = value { Some(code.clone()) } else { None });
        let mut codes: Vec<Code> = codes.collect();
        codes.sort();
        codes.dedup();
        codes
    }

    fn code(&self, name: &str) -> Option<Code> {
        self.codes(name).into_iter().next()
    }

    fn choice(&self, name: &str) -> Option<u8> {
        self.values(name).find_map(|value| if let Value::Choice(word) = value { Some(*word) } else { None })
    }

    fn classes(&self, name: &str) -> Vec<Retention> {
        let words = self.values(name);
        let words = words.filter_map(|value| if let Value::Choice(word) = value { Some(*word) } else { None });
        let mut classes: Vec<Retention> = words.map(entries::class).collect();
        classes.sort();
        classes.dedup();
        classes
    }

    fn card(&self) -> Option<CardGuid> {
        self.values("card").find_map(|value| if let Value::Card(card) = value { Some(*card) } else { None })
    }

    fn case(&self) -> Option<Numbered> {
        self.values("incident").find_map(|value| if let Value::Case(case) = value { Some(case.number) } else { None })
    }

    fn moment(&self, name: &str) -> Option<u64> {
        self.all(name).find_map(|read| if let Read::Moment(at) = read { Some(*at) } else { None })
    }

    fn day(&self, name: &str) -> Option<u32> {
        self.values(name).find_map(|value| if let Value::Day(day) = value { Some(*day) } else { None })
    }

    fn title(&self, name: &str) -> Option<Title> {
        self.all(name).find_map(|read| if let Read::Title(title) = read { Some(title.clone()) } else { None })
    }

    fn month(&self, name: &str) -> Option<Month> {
        self.all(name).find_map(|read| if let Read::Month(month) = read { Some(*month) } else { None })
    }

    fn number(&self, name: &str) -> Option<Numbered> {
        self.all(name).find_map(|read| if let Read::Number(number) = read { Some(*number) } else { None })
    }
}

/// Why somebody is not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRenewed {
    /// Duty over, or not begun, or without a section.
    NotAtWork,
    /// Suspended now.
    Suspended,
    /// That his duty ends was decided already.
    Ends,
    /// From another office: that admits anew.
    FromElsewhere,
    /// Designated for that time already, with every permission.
    Renewed,
}

impl NotRenewed {
    /// Why, in a few words.
    #[must_use]
    pub const fn words(self) -> Words {
        match self {
            Self::NotAtWork => {
                Words("現在指定されていない者、又は所属のない者です", "somebody has no duty now, or no section")
            }
            Self::Suspended => {
                Words("停止中の者は、先に停止を解除してください", "somebody is suspended: lift that first")
            }
            Self::Ends => Words("解除が既に決定されています", "that somebody's duty ends was decided already"),
            Self::FromElsewhere => Words(
                "他団体の者は改めて受入れが必要です",
                "somebody is from another office, and has to be admitted anew",
            ),
            Self::Renewed => Words("その期間は既に指定されています", "somebody is designated for that time already"),
        }
    }
}

/// What a renewal says of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// The designation for that time where there is none yet, and the permissions that are missing in it.
    pub changes: Vec<Change>,
    /// Permissions of which something was decided for later already, given, changed or withdrawn: that stands.
    pub decided: Vec<Code>,
}

/// A designation and all permissions as they are now, for another time.
///
/// # Errors
/// [`NotRenewed`].
pub fn renewed(operator: &Operator, (from, to): (u64, u64), now: u64) -> Result<Renewed, NotRenewed> {
    if operator.state(now) == OperatorState::Suspended {
        return Err(NotRenewed::Suspended);
    }
    let said = match operator.standing(now) {
        Standing::Designated(said) if operator.is_current(now) => said,
        Standing::Designated(_) | Standing::NotBegun | Standing::Ended => return Err(NotRenewed::NotAtWork),
    };
    let section = said.section.clone().ok_or(NotRenewed::NotAtWork)?;
    if operator.home().is_some() {
        return Err(NotRenewed::FromElsewhere);
    }
    if operator.state(from) == OperatorState::Ended {
        return Err(NotRenewed::Ends);
    }
    let code = operator.code();
    let mut renewed = Renewed { changes: Vec::new(), decided: Vec::new() };
    if !matches!(operator.standing(from), Standing::Designated(_)) {
        renewed.changes.push(Change::Designate(Box::new(Designate {
            operator: code.clone(),
            name: said.name,
            class: said.class,
            section,
            from,
            to,
            terminals: said.terminals.clone(),
            sections: said.sections.clone(),
        })));
    }
    for (profile, held) in operator.profiles_at(now) {
        let words = operator.profiles().find(|(code, _)| *code == profile).map(|(_, words)| words);
        if words.is_some_and(|words| words.iter().any(|word| word.effective > now)) {
            renewed.decided.push(profile.clone());
            continue;
        }
        let (operator, profile, functions) = (code.clone(), profile.clone(), held.functions.clone());
        renewed.changes.push(Change::Profile(GiveProfile { operator, profile, functions, from, to }));
    }
    if renewed.changes.is_empty() { Err(NotRenewed::Renewed) } else { Ok(renewed) }
}
