//! What is wrong with a wish, before anybody is asked for a card: by the fold's own code, all of it at once, each beside its field (register §R11.3).

use sekisho_register::act::ACT_VERSION;
use sekisho_register::change::{Answer, AnswerAct, CaseId, Change, Field, Log, OpenCase, SetConnection, TakeStep};
use sekisho_register::dates::When;
use sekisho_register::forms::{self, Form, Kind};
use sekisho_register::organisation::{Capacity, Post};
use sekisho_register::people::Operator;
use sekisho_register::typed::{self, WrongField};
use sekisho_register::{Act, Casebook, NO_OFFICE, NameHash, Title};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Numbered, Salt};

use super::blanks::PREFIX;
use super::hand::{Hand, PAPER_DATE, PAPER_NUMBER};
use super::html::{Block, Field as PageField};
use super::visit::View;
use super::wishes::{Filled, What};

/// What is wrong with a wish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged(Vec<Wrong>);

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    /// The id of the field on the page; none for what no single field is to blame for.
    id: String,
    /// Its name for people.
    name: String,
    /// What is wrong, and what is expected.
    text: String,
}

impl Judged {
    /// Whether the card may be asked for.
    pub(crate) const fn is_fine(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands above the form, if anything is wrong.
    pub(crate) fn summary(&self) -> Option<Block> {
        let all = self.0.iter().map(|wrong| (wrong.id.clone(), wrong.name.clone(), wrong.text.clone()));
        (!self.is_fine()).then(|| Block::Wrong(all.collect()))
    }

    /// Says beside each field what is wrong with it.
    pub(crate) fn mark(&self, fields: &mut [PageField]) {
        for field in fields {
            if let PageField::Blank(blank) = field
                && let Some(wrong) = self.0.iter().find(|wrong| wrong.id == blank.name)
            {
                blank.wrong.clone_from(&wrong.text);
            }
        }
    }
}

/// All that is wrong with this wish now; nothing of whatever a card has to be there for.
pub(crate) fn judge(view: &View<'_>, what: &What, hand: &Hand) -> Judged {
    let casebook = view.office.casebook();
    let (mut wrong, changes) = read(view, &casebook, what);
    wrong.extend(of_paper(view, hand));
    if wrong.is_empty()
        && let (Some(changes), false) = (changes, is_a_trustee(view))
    {
        wrong.extend(rehearsed(view, &casebook, changes, hand));
    }
    Judged(wrong)
}

/// At whose request and under which agreement a trustee acts, his companion knows and nobody here.
fn is_a_trustee(view: &View<'_>) -> bool {
    view.register.operator(&view.visitor.operator).and_then(Operator::home).is_some()
}

/// What cannot be read, and the changes that come of what can.
fn read(view: &View<'_>, casebook: &Casebook, what: &What) -> (Vec<Wrong>, Option<Vec<Change>>) {
    match what {
        // What is approved lies in the casebook and was judged there; by whom it may be approved the page has said.
        What::Approve(_) => (Vec::new(), None),
        What::Answer { act, answer, reason } => {
            let hash = NameHash::of(&SALT, reason);
            let said = AnswerAct { act: *act, answer: *answer, reason: (!reason.is_empty()).then_some(hash) };
            let wrong = match answer {
                Answer::Refused if reason.is_empty() || !typed::is_a_text(reason) => {
                    let text = Kind::Text.expected(view.language);
                    let text = view.say(
                        format!("a refusal has to say why: {text}"),
                        format!("不承認とするときは理由の記入が必要です（{text}）"),
                    );
                    vec![Wrong { id: REASON.to_owned(), name: view.say("Why", "理由"), text }]
                }
                Answer::Refused | Answer::Withdrawn | Answer::Reviewed => Vec::new(),
            };
            (wrong, Some(vec![Change::Answer(said)]))
        }
        What::Open { form, filled } => {
            let (fields, unread) = fields(view, form.definition().fields, filled);
            let open = OpenCase { form: *form, fields }.with_recipients(view.register.policy());
            let judged = casebook.wrong_to_open(&view.register, &open, view.now);
            (of_fields(view, unread, judged), Some(vec![Change::Open(Box::new(open))]))
        }
        What::Step { case, step, filled } => {
            let (fields, unread) = fields(view, step.fields, filled);
            let taken = TakeStep { case: *case, step: step.key, fields };
            let judged = casebook.wrong_to_step(&view.register, &taken, view.now);
            (of_fields(view, unread, judged), Some(vec![Change::Step(Box::new(taken))]))
        }
        What::Change { which, filled } => {
            let typed = filled.iter().map(|(name, value)| (*name, value.as_str()));
            match which.changes(typed, (&view.register, Some(casebook)), view.now) {
                Ok(changes) => (Vec::new(), Some(changes)),
                Err(wrong) => (of_fields(view, wrong, Vec::new()), None),
            }
        }
        What::Connection { state, functions, is_all, incident } => {
            let number = incident_of(incident)
                .filter(|number| casebook.case(&CaseId { form: Form::Incident, number: *number }).is_some());
            let wrong = (!incident.is_empty() && number.is_none()).then(|| {
                let text = Kind::Case(Form::Incident).expected(view.language);
                let text = view.say(format!("there is no such one: {text}"), format!("登録されていません（{text}）"));
                Wrong { id: INCIDENT.to_owned(), name: view.say("Incident", "事案"), text }
            });
            let what = (*is_all != functions.is_empty()).then(|| {
                let text = view.say(
                    "choose all business, or the functions that it is about, and not both",
                    "全ての業務か、対象の業務機能か、いずれか一方を選択してください",
                );
                Wrong { id: FUNCTION.to_owned(), name: view.say("Functions", "業務機能"), text }
            });
            let change = SetConnection { state: *state, functions: functions.clone(), incident: number };
            (what.into_iter().chain(wrong).collect(), Some(vec![Change::Connection(change)]))
        }
    }
}

fn incident_of(text: &str) -> Option<Numbered> {
    let case = text.parse::<CaseId>().ok().filter(|case| case.form == Form::Incident).map(|case| case.number);
    let (year, number) = text.split_once('-').unwrap_or_default();
    case.or_else(|| Some(Numbered { fiscal_year: year.parse().ok()?, number: number.parse().ok()? }))
}

fn fields(view: &View<'_>, blanks: &'static [forms::Blank], filled: &Filled) -> (Vec<Field>, Vec<WrongField>) {
    let given = filled.iter().map(|(name, value)| (*name, value.as_str()));
    let typed = typed::read(blanks, given, &view.register, &mut std::iter::repeat(SALT));
    (typed.fields, typed.wrong)
}

/// What cannot be read is not missing, too.
fn of_fields(view: &View<'_>, unread: Vec<WrongField>, judged: Vec<WrongField>) -> Vec<Wrong> {
    let mut all: Vec<Wrong> = Vec::new();
    for wrong in unread.into_iter().chain(judged) {
        let id = format!("{PREFIX}{}", wrong.name);
        if all.iter().all(|known| known.id != id) {
            let name = wrong.title.text(view.language).to_owned();
            all.push(Wrong { id, name, text: wrong.text(view.language) });
        }
    }
    all
}

/// A decision on paper has a number and a date that has been.
fn of_paper(view: &View<'_>, hand: &Hand) -> Vec<Wrong> {
    let Some(paper) = &hand.paper else { return Vec::new() };
    let expected = |kind: Kind| kind.expected(view.language);
    let mut wrong = Vec::new();
    if Title::new(&paper.number).is_none() {
        let text = expected(Kind::Document);
        let text = view.say(format!("it has to be filled in: {text}"), format!("記入が必要です（{text}）"));
        wrong.push(Wrong {
            id: PAPER_NUMBER.to_owned(), name: view.say("Number of the document", "文書番号"), text
        });
    }
    if When::parse(&paper.date).is_none() {
        let text = expected(Kind::PastDay);
        let text = view.say(format!("not a date: {text}"), format!("日付ではありません（{text}）"));
        wrong.push(Wrong { id: PAPER_DATE.to_owned(), name: view.say("Date of the decision", "決定日"), text });
    }
    wrong
}

/// What the fold would say if this person's card signed it now.
fn rehearsed(view: &View<'_>, casebook: &Casebook, changes: Vec<Change>, hand: &Hand) -> Option<Wrong> {
    let register = &view.register;
    let post = match &hand.post {
        Some(post) => Some(post.clone()),
        // In the name of which of several the companion was told and nobody here.
        None => match register.posts().filter(|post| is_held(view, post)).collect::<Vec<_>>().as_slice() {
            [] => None,
            [only] => Some(only.code().clone()),
            [_, _, ..] => return None,
        },
    };
    let is_direct = !changes.iter().any(Change::is_of_the_casebook) && register.stages(&changes, view.now) == 0;
    let paper = hand.paper.as_ref().and_then(|paper| {
        let decided = When::parse(&paper.date)?.day;
        Some(sekisho_register::Paper { post: paper.post.clone(), document: Title::new(&paper.number)?, decided })
    });
    let act = Act {
        version: ACT_VERSION,
        critical: true,
        office: register.office().unwrap_or(NO_OFFICE),
        log: if is_direct { Log::Register } else { Log::Casebook },
        salt: SALT,
        made: view.now,
        expires: view.now.saturating_add(LIFE),
        seen_size: register.size(),
        seen_root: register.root(),
        post,
        as_deputy: hand.is_deputy,
        request: None,
        agreement: None,
        permit: None,
        changes,
        proposal: None,
        effective: None,
        paper,
    };
    let signer = Signer::Card(view.visitor.card);
    let said = if is_direct {
        casebook.may_reconnect(register, &act.changes).and_then(|()| register.rehearse(&act, &signer))
    } else {
        casebook.rehearse(register, &act, &signer)
    };
    let refusal = said.err()?;
    let (text, next) = (refusal.text(view.language), refusal.next_step(view.language));
    let text = view.say(format!("{text}. {next}"), format!("{text}。{next}"));
    Some(Wrong { id: String::new(), name: String::new(), text })
}

fn is_held(view: &View<'_>, post: &Post) -> bool {
    post.is_held_by(&view.visitor.operator, Capacity::Holder, view.now)
}

/// The name of the field for a reason.
pub(crate) const REASON: &str = "reason";
/// The name of the field for functions.
pub(crate) const FUNCTION: &str = "function";
/// The name of the field for an incident.
pub(crate) const INCIDENT: &str = "incident";
/// Of an act that nobody signs.
const SALT: Salt = Salt([0; 16]);
/// As long as a direct act lives.
const LIFE: u64 = 24 * 60 * 60 * 1000;
