//! Cases (§R11): what was opened on a form, the steps that were taken, and what has still to be done, by whom and until when.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Code, Hash};

use crate::act::Paper;
use crate::calendar::{DAY_MS, moment};
use crate::change::{CaseId, Field, OpenCase, Value, value};
use crate::concern::Concern;
use crate::fold::Register;
use crate::forms::{Asked, Due, Form, Step, Times, WITHDRAWN, cards, dealings, incident, stop};
use crate::incidents::{is_serious, required_recipients};
use crate::policy::Policy;
use crate::role::Role;

mod whose;

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its form and number.
    pub id: CaseId,
    /// By whom and when it was opened, and what stood in it.
    pub opened: Written,
    /// What followed, in the order of the casebook.
    pub steps: Vec<Taken>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Which, by its key in the form.
    pub step: u8,
    /// By whom and when, and what stood in it.
    pub written: Written,
}

/// What was written into a case, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its place in the casebook.
    pub index: u64,
    /// The act in which it stands.
    pub act: Hash,
    /// The signer's clock.
    pub made: u64,
    /// Who signed.
    pub signer: Signer,
    /// The person, unless a terminal signed.
    pub operator: Option<Code>,
    /// In the name of which post.
    pub post: Option<Code>,
    /// As deputy of its holder.
    pub as_deputy: bool,
    /// What was decided on paper.
    pub paper: Option<Paper>,
    /// For which roles it stands.
    pub roles: Vec<Role>,
    /// What was filled in.
    pub fields: Vec<Field>,
}

/// What has still to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Of which case.
    pub case: CaseId,
    /// Which step.
    pub step: &'static Step,
    /// Whose it is.
    pub whose: Whose,
    /// For a step about another one: the number of that one among its kind, from 1 on.
    pub about: Option<u64>,
    /// For a step that tells somebody: whom.
    pub to: Option<Role>,
    /// Since when.
    pub since: u64,
    /// Until when, if somebody said.
    pub due: Option<u64>,
}

/// Whose a duty is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Whoever has one of these roles.
    Roles(Vec<Role>),
    /// Of these, whoever has them for this section.
    Section(Vec<Role>, Code),
    /// The holder of this post.
    Post(Code),
    /// Somebody with one of these roles tells this office.
    Partner(Vec<Role>, Code),
    /// This person, who opened the case, or whoever has one of these roles.
    Writer(Code, Vec<Role>),
}

impl Written {
    /// What stands in a field.
    #[must_use]
    pub fn field(&self, key: u8) -> Option<&Value> {
        value(&self.fields, key)
    }

    fn choice(&self, key: u8) -> Option<u8> {
        if let Some(Value::Choice(choice)) = self.field(key) { Some(*choice) } else { None }
    }

    pub(crate) fn day(&self, key: u8) -> Option<u32> {
        if let Some(Value::Day(day)) = self.field(key) { Some(*day) } else { None }
    }
}

impl Case {
    /// The steps of this kind that were taken.
    pub fn taken(&self, step: u8) -> impl DoubleEndedIterator<Item = &Taken> {
        self.steps.iter().filter(move |taken| taken.step == step)
    }

    /// Those of them that count still: what is asked for once after each time that another step was taken counts from the newest of these on.
    pub fn counting(&self, step: u8) -> impl DoubleEndedIterator<Item = &Taken> {
        let since = match self.id.form.definition().step(step).map(|step| step.times) {
            Some(Times::OnceAfter(key) | Times::ManyAfter(key)) => {
                self.steps.iter().rposition(|taken| taken.step == key)
            }
            Some(Times::Once | Times::Many) | None => None,
        };
        let since = since.map_or(0, |at| at + 1);
        self.steps.iter().skip(since).filter(move |taken| taken.step == step)
    }

    /// Whether the step was taken, and counts still.
    #[must_use]
    pub fn stands(&self, step: u8) -> bool {
        self.counting(step).next().is_some()
    }

    /// Whether it was withdrawn.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.taken(WITHDRAWN).next().is_some()
    }

    /// Of a request to take records away: whether it is for logs of the whole office.
    #[must_use]
    pub fn takes_the_whole_office(&self) -> bool {
        self.id.form == Form::ExportRequest && self.opened.choice(dealings::EXTENT) == Some(dealings::WHOLE_OFFICE)
    }

    /// Whether nothing can follow: it was closed, refused or withdrawn.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let definition = self.id.form.definition();
        let closes = |taken: &Taken| {
            definition.step(taken.step).is_some_and(|step| {
                let answers = step.fields.iter().any(|blank| blank.name == "answer" && blank.key == dealings::ANSWERED);
                let refused = answers && taken.written.choice(dealings::ANSWERED) == Some(0);
                step.asked == Asked::Closing || step.key == WITHDRAWN || refused
            })
        };
        self.steps.iter().any(closes)
    }

    /// Of a disconnection: whether it says that the committee was heard first (S1 14(1)).
    #[must_use]
    pub fn is_ordinary_stop(&self) -> bool {
        self.id.form == Form::Disconnection && self.opened.choice(stop::DOOR) == Some(stop::ORDINARY)
    }

    /// Of a disconnection: the acts that it says stopped, by index in the register log.
    pub(crate) fn stops<'c>(&'c self, register: &'c Register) -> impl Iterator<Item = u64> + 'c {
        self.taken(stop::STOPPED).filter_map(|taken| {
            let Some(Value::Act(act)) = taken.written.field(stop::ACT) else { return None };
            register.act_index(act)
        })
    }

    /// When, threat level and kind of an incident, as each has said it: the opening, and every judgement since.
    fn judgements(&self) -> impl Iterator<Item = (u64, u8, &Code)> {
        let of_an_incident = self.id.form == Form::Incident;
        let written = [&self.opened].into_iter().chain(self.taken(incident::JUDGED).map(|taken| &taken.written));
        written.filter(move |_| of_an_incident).filter_map(|written| {
            let Some(Value::Code(kind)) = written.field(incident::KIND) else { return None };
            Some((written.made, written.choice(incident::LEVEL)?, kind))
        })
    }

    /// Class, threat level and kind of an incident, as they were judged last.
    #[must_use]
    pub fn judged(&self) -> Option<(u8, u8, &Code)> {
        if self.id.form != Form::Incident {
            return None;
        }
        let last = self.taken(incident::JUDGED).next_back().map_or(&self.opened, |taken| &taken.written);
        let Some(Value::Code(kind)) = last.field(incident::KIND) else { return None };
        Some((last.choice(incident::CLASS)?, last.choice(incident::LEVEL)?, kind))
    }

    /// Whether it is, or was ever judged, a serious one (§R11.4): what that asks for no later judgement lets vanish.
    #[must_use]
    pub fn is_serious(&self, register: &Register) -> bool {
        self.judgements().any(|(made, level, kind)| is_serious(register.policy_at(made), level, kind))
    }

    /// The roles that have to be told of it: those that were named, and those that kind and level ask for, by the opening and by each judgement since.
    /// Who was told of something worse hears as well that it was not so bad.
    #[must_use]
    pub fn recipients(&self, register: &Register) -> Vec<Role> {
        let asked = self
            .judgements()
            .flat_map(|(made, level, kind)| required_recipients(register.policy_at(made), level, kind));
        let mut told: BTreeSet<Role> = asked.collect();
        if self.id.form == Form::CardLoss {
            told.extend(cards::TOLD_OF_A_CARD);
        }
        if self.id.form == Form::Disconnection {
            told.insert(stop::ALWAYS_TOLD);
        }
        let named = [(Form::Incident, incident::RECIPIENTS), (Form::Disconnection, stop::RECIPIENTS)];
        for (_, key) in named.into_iter().filter(|(form, _)| *form == self.id.form) {
            if let Some(Value::Roles(named)) = self.opened.field(key) {
                told.extend(named);
            }
        }
        told.into_iter().collect()
    }

    /// What has still to be done before it is over, as `register` says who is there at `t`.
    #[must_use]
    pub fn duties(&self, register: &Register, t: u64) -> Vec<Duty> {
        if self.is_closed() {
            return Vec::new();
        }
        let steps = self.id.form.definition().steps;
        let before_closing = steps.iter().filter(|step| step.asked != Asked::Closing);
        let mut duties: Vec<Duty> = before_closing.flat_map(|step| self.duties_of(step, register, t)).collect();
        if duties.is_empty() {
            duties.extend(
                steps
                    .iter()
                    .filter(|step| step.asked == Asked::Closing)
                    .map(|step| self.duty(step, self.whose(step, register, t), None)),
            );
        }
        duties
    }

    /// Whether this step still has to be taken, and by whom.
    fn duties_of(&self, step: &'static Step, register: &Register, t: u64) -> Vec<Duty> {
        let unless_taken = || {
            let missing = !self.stands(step.key);
            missing.then(|| self.duty(step, self.whose(step, register, t), None)).into_iter().collect()
        };
        match step.asked {
            Asked::Nobody | Asked::Closing | Asked::Withdrawal(_) => Vec::new(),
            // Who said at once how grave it is has judged it.
            Asked::WhoMay if self.needs_no_judgement(step.key) => Vec::new(),
            Asked::WhoMay => unless_taken(),
            Asked::WhereSerious if self.is_serious(register) => unless_taken(),
            Asked::Where(key, word) if self.opened.choice(key) == Some(word) => unless_taken(),
            Asked::WhereSerious | Asked::Where(..) => Vec::new(),
            Asked::EachRole => {
                let heard = |role: &Role| self.taken(step.key).any(|taken| taken.written.roles.contains(role));
                let open = self.recipients_held(register, t).filter(|role| !heard(role));
                open.map(|role| self.duty(step, Whose::Roles([role].into()), None)).collect()
            }
            Asked::EachTold(after, _) if !self.stands(after) => Vec::new(),
            Asked::EachTold(_, field) => self.untold(step, field, register, t),
            Asked::EachPartner => {
                let told = |partner: &Code| {
                    self.taken(step.key).any(|taken| taken.written.field(1) == Some(&Value::Code(partner.clone())))
                };
                let related = register.partners().map(|partner| partner.said().partner.clone());
                let related = related.filter(|partner| register.is_related(partner, t) && !told(partner));
                let by = step.takers(&Concern::Nobody, register, t);
                related.map(|partner| self.duty(step, Whose::Partner(by.to_vec(), partner), None)).collect()
            }
            Asked::EachOf(other) => {
                let done = |number: u64| {
                    self.taken(step.key).any(|taken| taken.written.field(1) == Some(&Value::Number(number)))
                };
                let open = (1..).zip(self.taken(other)).filter(|(number, _)| !done(*number));
                open.map(|(number, about)| {
                    self.duty(step, self.whose_about(step, Some(about), register, t), Some((number, about)))
                })
                .collect()
            }
            // A field that may stay empty, and does, names nobody.
            Asked::Field(key) if self.opened.field(key).is_none() => Vec::new(),
            Asked::Field(_) => unless_taken(),
        }
    }

    /// Those whom it has to tell, as far as a post has that role: a rule that knows no committee has nobody to tell in its place. Waited for, it would keep
    /// the case open for ever.
    fn recipients_held<'c>(&'c self, register: &'c Register, t: u64) -> impl Iterator<Item = Role> + 'c {
        let is_held = move |role: &Role| register.posts().any(|post| post.roles_at(t).contains(role));
        self.recipients(register).into_iter().filter(is_held)
    }

    /// Those whom nobody told yet of the newest stop, each on its own; where no post has any of these roles, that nobody was told at all.
    fn untold(&self, step: &'static Step, field: u8, register: &Register, t: u64) -> Vec<Duty> {
        let told = |role: &Role| {
            self.counting(step.key)
                .any(|taken| matches!(taken.written.field(field), Some(Value::Roles(roles)) if roles.contains(role)))
        };
        let stopped = self.stops(register).max().and_then(|stop| register.connection_act(stop));
        let since = stopped.map_or(self.opened.made, |stopped| stopped.at);
        let duty = |to: Option<Role>| {
            let duty = self.duty(step, self.whose(step, register, t), None);
            let due = if let Due::Minutes(minutes) = step.due { Some(after(since, minutes)) } else { duty.due };
            Duty { to, since, due, ..duty }
        };
        if self.recipients_held(register, t).next().is_none() {
            return (!self.stands(step.key)).then(|| duty(None)).into_iter().collect();
        }
        self.recipients_held(register, t).filter(|role| !told(role)).map(|role| duty(Some(role))).collect()
    }

    fn needs_no_judgement(&self, step: u8) -> bool {
        self.id.form == Form::Incident
            && step == incident::JUDGED
            && self.opened.choice(incident::LEVEL).is_some_and(|level| level > 0)
    }

    fn duty(&self, step: &'static Step, whose: Whose, about: Option<(u64, &Taken)>) -> Duty {
        let since = about.map_or(self.opened.made, |(_, taken)| taken.written.made);
        let end_of = |day: u32| moment(day, 0).saturating_add(DAY_MS);
        let due = match step.due {
            Due::Open => None,
            Due::Minutes(minutes) => Some(after(since, minutes)),
            Due::Field(key) => self.opened.day(key).map(end_of),
            Due::StepField(key) => about.and_then(|(_, taken)| taken.written.day(key)).map(end_of),
        };
        Duty { case: self.id, step, whose, about: about.map(|(number, _)| number), to: None, since, due }
    }

    /// The first step before which this one cannot be taken and that is missing.
    #[must_use]
    pub fn missing_before(&self, step: &Step, register: &Register, t: u64) -> Option<&'static Step> {
        if step.asked == Asked::Closing {
            let open = self.duties(register, t);
            return open.iter().find(|duty| duty.step.key != step.key).map(|duty| duty.step);
        }
        let definition = self.id.form.definition();
        let before = step.after.iter().filter_map(|key| definition.step(*key));
        let not_asked = |step: &Step| {
            if let Asked::Where(key, word) = step.asked { self.opened.choice(key) != Some(word) } else { false }
        };
        let mut missing = before.filter(|step| !not_asked(step) && !self.stands(step.key));
        missing.next()
    }

    /// Of a disconnection: the step without which nothing is connected again, the report or the confirmation (S1 16), since the newest stop in it.
    #[must_use]
    pub fn missing_for_reconnection(&self) -> Option<&'static str> {
        let steps = [stop::RESOLVED, stop::CONFIRMED].into_iter();
        let mut missing = steps.filter(|step| self.id.form == Form::Disconnection && !self.stands(*step));
        missing.next().and_then(|step| Some(self.id.form.definition().step(step)?.name))
    }

    /// Whether this step may be taken once more.
    #[must_use]
    pub fn admits(&self, step: &Step) -> bool {
        self.hindered_by(step).is_none()
    }

    /// The step that was taken already, so that this one cannot be any more: itself, or of a withdrawal what decided.
    pub(crate) fn hindered_by(&self, step: &Step) -> Option<&'static Step> {
        let definition = self.id.form.definition();
        let taken = if let Asked::Withdrawal(until) = step.asked {
            until.iter().find(|key| self.taken(**key).next().is_some()).copied()
        } else {
            let is_once = match step.times {
                Times::Once | Times::OnceAfter(_) => true,
                Times::Many | Times::ManyAfter(_) => false,
            };
            (is_once && self.stands(step.key)).then_some(step.key)
        };
        taken.and_then(|key| definition.step(key))
    }
}

impl Form {
    /// Whom an incident of this kind and level has to tell (§R11.4), and whoever the opening forgot of them.
    pub(crate) fn recipients_missing<'o>(
        opened: &'o OpenCase,
        policy: &Policy,
    ) -> impl Iterator<Item = Role> + use<'o> {
        let named = match opened.field(incident::RECIPIENTS) {
            Some(Value::Roles(named)) => named.as_slice(),
            Some(_) | None => &[],
        };
        opened.recipients_asked_for(policy).into_iter().filter(|role| !named.contains(role))
    }
}

impl OpenCase {
    /// Whom an incident has to tell by the kind and the level that stand in it, where this is the policy (§R11.4); of other forms nobody.
    #[must_use]
    pub fn recipients_asked_for(&self, policy: &Policy) -> Vec<Role> {
        match (self.form, self.field(incident::LEVEL), self.field(incident::KIND)) {
            (Form::Incident, Some(Value::Choice(level)), Some(Value::Code(kind))) => {
                let asked: BTreeSet<Role> = required_recipients(policy, *level, kind).collect();
                asked.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// With those whom it has to tell, where nobody was named: what people sign says who is told.
    #[must_use]
    pub fn with_recipients(mut self, policy: &Policy) -> Self {
        let asked = self.recipients_asked_for(policy);
        if !asked.is_empty() && self.field(incident::RECIPIENTS).is_none() {
            self.fields.push(Field { key: incident::RECIPIENTS, value: Value::Roles(asked) });
            self.fields.sort_by_key(|field| field.key);
        }
        self
    }
}

fn after(since: u64, minutes: u32) -> u64 {
    since.saturating_add(u64::from(minutes) * 60_000)
}
