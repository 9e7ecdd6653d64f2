//! In whose name something is to be signed: a post that the person holds, and what one that signs with no card decided on paper.

use sekisho_register::cases::Whose;
use sekisho_register::organisation::{Capacity, Post};
use sekisho_register::{Register, Role};
use sekisho_wire::id::Code;

use super::blanks::day_of;
use super::html::{Blank, Field, Input};
use super::visit::{Fields, View};
use crate::refusal::Refusal;

/// As it was chosen and typed. The companion reads it, and the fold judges it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hand {
    /// The post; without one whatever the companion was started with.
    pub(crate) post: Option<Code>,
    /// As its deputy.
    pub(crate) is_deputy: bool,
    /// What was decided on paper.
    pub(crate) paper: Option<Paper>,
}

/// A decision on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paper {
    /// Whose.
    pub(crate) post: Code,
    /// The number of the document.
    pub(crate) number: String,
    /// Its date.
    pub(crate) date: String,
}

impl Hand {
    /// What a form brought.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for what no page of ours offers.
    pub(crate) fn read(fields: &Fields) -> Result<Self, Refusal> {
        let typed = |name: &str| fields.get(name).map_or("", |value| value.trim());
        let code =
            |text: &str| (!text.is_empty()).then(|| text.parse().map_err(|_| Refusal::Malformed("post"))).transpose();
        let (post, is_deputy) = match typed(FOR).split_once('/') {
            Some((post, _)) => (post, true),
            None => (typed(FOR), false),
        };
        let short = |name: &str| {
            let typed = typed(name);
            if typed.len() > SHORT { Err(Refusal::Malformed("paper")) } else { Ok(typed.to_owned()) }
        };
        let paper = code(typed(PAPER_OF))?;
        let paper =
            paper.map(|post| Ok::<_, Refusal>(Paper { post, number: short(PAPER_NUMBER)?, date: short(PAPER_DATE)? }));
        Ok(Self { post: code(post)?, is_deputy, paper: paper.transpose()? })
    }

    /// The fields that ask for it; what stands there first is what was typed before, or suits those whose the matter is.
    pub(crate) fn fields(view: &View<'_>, whose: Option<&Whose>, before: Option<&Self>) -> Vec<Field> {
        let (register, me, now) = (&*view.register, &view.visitor.operator, view.now);
        let suits = |post: &Post| whose.is_some_and(|whose| is_asked(register, post, whose, now));
        let mut held = Vec::new();
        for post in register.posts() {
            for capacity in [Capacity::Holder, Capacity::Deputy] {
                if post.is_held_by(me, capacity, now) {
                    held.push((post, capacity));
                }
            }
        }
        let kept: Vec<&Post> =
            register.posts().filter(|post| held.iter().any(|(held, _)| post.is_kept_by(held.code(), now))).collect();
        let by_card = held.iter().position(|(post, _)| suits(post));
        let on_paper = if by_card.is_none() { kept.iter().position(|post| suits(post)) } else { None };
        let typed = before.and_then(|before| before.paper.as_ref());
        let on_paper = match before {
            Some(_) => typed.and_then(|typed| kept.iter().position(|post| *post.code() == typed.post)),
            None => on_paper,
        };
        let is_before = |(post, capacity): &(&Post, Capacity)| {
            before.is_some_and(|before| {
                before.post.as_ref() == Some(post.code()) && before.is_deputy == (*capacity == Capacity::Deputy)
            })
        };
        let by_card = held.iter().position(is_before).or(by_card);
        let keeper = on_paper.and_then(|at| held.iter().position(|(held, _)| kept[at].is_kept_by(held.code(), now)));
        let chosen = by_card.or(keeper).unwrap_or(0);
        let value = |post: &Post, capacity: Capacity| match capacity {
            Capacity::Holder => post.code().to_string(),
            Capacity::Deputy => format!("{}/deputy", post.code()),
        };
        let mut fields = match held.as_slice() {
            [] => Vec::new(),
            [(post, capacity)] => vec![Field::Hidden { name: FOR, value: value(post, *capacity) }],
            several => {
                let word = |post: &Post, capacity: Capacity| match capacity {
                    Capacity::Holder => post.version().title.to_string(),
                    Capacity::Deputy => {
                        let title = &post.version().title;
                        view.say(format!("{title} (as deputy)"), format!("{title}（代決）"))
                    }
                };
                let option = |(at, (post, capacity)): (usize, &(&Post, Capacity))| {
                    (value(post, *capacity), word(post, *capacity), at == chosen)
                };
                let label = view.say("In the name of", "署名する職");
                vec![Field::Choice { name: FOR, label, options: several.iter().enumerate().map(option).collect() }]
            }
        };
        if !kept.is_empty() {
            let none = (String::new(), view.say("no: by card", "いいえ（カードで決定）"), on_paper.is_none());
            let option = |(at, post): (usize, &&Post)| {
                (post.code().to_string(), post.version().title.to_string(), on_paper == Some(at))
            };
            let options = std::iter::once(none).chain(kept.iter().enumerate().map(option)).collect();
            let label = view.say("From paper of", "書面による決定の記録");
            fields.push(Field::Choice { name: PAPER_OF, label, options });
            let blank = |name: &str, label, value, input| {
                let (name, hint, wrong) = (name.to_owned(), String::new(), String::new());
                Field::Blank(Blank { name, label, value, hint, must: false, wrong, input })
            };
            let number = view.say("Number of the document", "文書番号");
            let typed_number = typed.map_or_else(String::new, |typed| typed.number.clone());
            fields.push(blank(PAPER_NUMBER, number, typed_number, Input::Line(Vec::new())));
            let date = view.say("Date of the decision", "決定日");
            let typed_date = typed.map_or_else(|| day_of(view.now), |typed| typed.date.clone());
            fields.push(blank(PAPER_DATE, date, typed_date, Input::Day));
        }
        fields
    }
}

/// Whether it is this post's.
pub(crate) fn is_asked(register: &Register, post: &Post, whose: &Whose, now: u64) -> bool {
    let has = |asked: &[Role]| post.roles_at(now).iter().any(|role| asked.contains(role));
    match whose {
        Whose::Roles(asked) | Whose::Partner(asked, _) | Whose::Writer(_, asked) => has(asked),
        Whose::Section(asked, section) => {
            let of = register.post(post.code()).and_then(|post| post.versions().at(now)?.section.as_ref());
            let counts = |role: &Role| !role.is_of_a_section() || of.is_none_or(|of| of == section);
            post.roles_at(now).iter().any(|role| asked.contains(role) && counts(role))
        }
        Whose::Post(asked) => post.code() == asked,
    }
}

const FOR: &str = "for";
const PAPER_OF: &str = "paper-of";
/// The name of the field for the number of a document.
pub(crate) const PAPER_NUMBER: &str = "paper-number";
/// The name of the field for its date.
pub(crate) const PAPER_DATE: &str = "paper-date";
/// Bytes of a number or a date.
const SHORT: usize = 400;
