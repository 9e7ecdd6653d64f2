//! Sections and posts. Posts, not persons, hold authority; persons hold posts from a date to a date.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::act::Act;
use crate::change::{HoldPost, LeavePost, SectionState, SetPost, SetSection};
use crate::concern::Mandate;
use crate::refusal::{FoldRefusal, WrongValue};
use crate::role::Role;
use crate::state::{Draft, Position};
use crate::thing::Thing;
use crate::timeline::Timeline;
use crate::values::Title;

/// A section (課).
#[derive(Clone, Debug)]
pub struct Section {
    code: Code,
    versions: Timeline<(Title, SectionState)>,
}

impl Section {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &Code {
        &self.code
    }

    /// Its newest name.
    #[must_use]
    pub fn title(&self) -> &str {
        self.versions.last().map_or("", |(title, _)| title.as_str())
    }

    /// Its state at `t`; nothing before it opened.
    #[must_use]
    pub fn state(&self, t: u64) -> Option<SectionState> {
        let strictness = |version: &(Title, SectionState)| match version.1 {
            SectionState::Open => 0,
            SectionState::Suspended => 1,
            SectionState::Ended => 2,
        };
        self.versions.strictest_at(t, strictness).map(|(_, state)| *state)
    }

    /// Every version: name and state.
    #[must_use]
    pub const fn versions(&self) -> &Timeline<(Title, SectionState)> {
        &self.versions
    }
}

/// A post (職).
#[derive(Clone, Debug)]
pub struct Post {
    code: Code,
    versions: Timeline<PostVersion>,
    holders: BTreeMap<Holder, Timeline<Holding>>,
}

/// What a post is from one act to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostVersion {
    /// Its name.
    pub title: Title,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Its section.
    pub section: Option<Code>,
    /// The post that records its decisions from paper.
    pub keeper: Option<Code>,
}

/// Who holds a post, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The person.
    pub operator: Code,
    /// As holder or as deputy.
    pub capacity: Capacity,
}

/// As holder or as deputy of the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capacity {
    /// The holder.
    Holder,
    /// The deputy (代決).
    Deputy,
}

/// Which seats on posts are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seats {
    /// Holders' and deputies'.
    All,
    /// Holders' alone.
    Holders,
}

impl Seats {
    pub(crate) fn count(self, who: &Holder) -> bool {
        self == Self::All || who.capacity == Capacity::Holder
    }
}

impl Capacity {
    /// From the `deputy` field of an act.
    #[must_use]
    pub const fn of(deputy: bool) -> Self {
        if deputy { Self::Deputy } else { Self::Holder }
    }
}

/// What a deputy signed: for which post, and who he is. The post's holder looks at it later (後閲), and is somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByDeputy {
    /// The post.
    pub post: Code,
    /// The deputy.
    pub operator: Code,
    /// When, by the signer's clock.
    pub made: u64,
}

impl ByDeputy {
    /// What this act is, signed by `operator`; nothing where he did not sign it as a deputy.
    pub(crate) fn of(act: &Act, operator: Option<&Code>) -> Option<Self> {
        let post = act.post.clone().filter(|_| act.as_deputy)?;
        Some(Self { post, operator: operator?.clone(), made: act.made })
    }
}

/// How long a person holds a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// From then, and until then (exclusive) if a date was set.
    Held {
        /// From when.
        from: u64,
        /// Until when.
        to: Option<u64>,
    },
    /// No longer.
    Left,
}

impl Post {
    /// A post that the founding act names; nobody holds it yet.
    pub(crate) fn founding(code: Code, version: PostVersion, at: Position) -> Self {
        let mut versions = Timeline::default();
        versions.push(at.index, at.effective, version);
        Self { code, versions, holders: BTreeMap::new() }
    }

    pub(crate) fn seat(&mut self, holder: Holder, index: u64, effective: u64, holding: Holding) {
        self.holders.entry(holder).or_default().push(index, effective, holding);
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &Code {
        &self.code
    }

    /// What was last decided about it, whatever its date.
    #[must_use]
    pub fn version(&self) -> &PostVersion {
        self.versions.last().expect("a post is made with a version")
    }

    /// What it may do at `t`.
    #[must_use]
    pub fn roles_at(&self, t: u64) -> &[Role] {
        self.versions.at(t).map_or(&[], |version| &version.roles)
    }

    /// What it may do at `t`, and for which section.
    pub(crate) fn mandate_at(&self, t: u64) -> Mandate {
        let version = self.versions.at(t);
        version.map_or_else(Mandate::default, |version| Mandate::new(version.roles.clone(), version.section.clone()))
    }

    /// Whether its decisions are on paper, and recorded by the holder of this post.
    #[must_use]
    pub fn is_kept_by(&self, keeper: &Code, t: u64) -> bool {
        self.versions.at(t).is_some_and(|version| version.keeper.as_ref() == Some(keeper))
    }

    /// What it may do, by what was last decided.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.version().roles
    }

    /// Every version.
    #[must_use]
    pub const fn versions(&self) -> &Timeline<PostVersion> {
        &self.versions
    }

    /// Whether `operator` holds it in that capacity at `t`.
    #[must_use]
    pub fn is_held_by(&self, operator: &Code, capacity: Capacity, t: u64) -> bool {
        let holder = Holder { operator: operator.clone(), capacity };
        self.holders.get(&holder).is_some_and(|holding| holds(holding, t))
    }

    /// Whether `operator` was ever named to hold it, in any capacity, for any time.
    pub(crate) fn was_ever_held_by(&self, operator: &Code) -> bool {
        self.holders.keys().any(|holder| holder.operator == *operator)
    }

    /// Everybody who was ever named to hold it, in any capacity, for any time.
    pub(crate) fn ever_held_by(&self) -> impl Iterator<Item = &Code> {
        self.holders.keys().map(|holder| &holder.operator)
    }

    /// From when until when it was to be held, and from when it was left.
    pub(crate) fn dates_of_holding(&self) -> impl Iterator<Item = u64> {
        let words = self.holders.values().flat_map(Timeline::iter);
        words.flat_map(|word| {
            let to = match word.value {
                Holding::Held { to, .. } => to,
                Holding::Left => None,
            };
            [Some(word.effective), to].into_iter().flatten()
        })
    }

    /// Somebody else who holds it, not as a deputy, at some moment from `from` until `to`: several may share a post, but whoever seats them should know.
    #[must_use]
    pub fn held_beside(&self, operator: &Code, from: u64, to: u64) -> Option<&Code> {
        let others = self.holders.iter();
        let mut others = others.filter(|(who, _)| who.capacity == Capacity::Holder && who.operator != *operator);
        let at_some = |holding: &Timeline<Holding>| {
            let begins = holding.iter().filter_map(|word| {
                if let Holding::Held { from, .. } = word.value { Some(from.max(word.effective)) } else { None }
            });
            [from].into_iter().chain(begins).any(|t| (from..to).contains(&t) && holds(holding, t))
        };
        others.find(|(_, holding)| at_some(holding)).map(|(who, _)| &who.operator)
    }

    /// Who holds it at `t`.
    pub fn holders(&self, t: u64) -> impl Iterator<Item = &Holder> {
        self.holders.iter().filter(move |(_, holding)| holds(holding, t)).map(|(holder, _)| holder)
    }
}

fn holds(holding: &Timeline<Holding>, t: u64) -> bool {
    let span = |holding: &Holding| match holding {
        Holding::Held { from, to } => Some((*from, to.unwrap_or(u64::MAX))),
        Holding::Left => None,
    };
    holding.period_at(t, span).is_some()
}

impl Draft<'_> {
    pub(crate) fn apply_section(&mut self, change: &SetSection, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Section(change.section.clone());
        self.touch(thing.clone(), at)?;
        let value = (change.title.clone(), change.state);
        if let Some(section) = self.section_mut(&change.section) {
            if section.state(at.now) == Some(SectionState::Ended) && change.state == SectionState::Open {
                return Err(FoldRefusal::Ended(thing));
            }
            section.versions.push(at.index, at.from(change.effective), value);
            return Ok(());
        }
        let mut versions = Timeline::default();
        versions.push(at.index, at.from(change.effective), value);
        self.new_entries().sections.insert(change.section.clone(), Section { code: change.section.clone(), versions });
        Ok(())
    }

    pub(crate) fn apply_post(&mut self, change: &SetPost, at: Position) -> Result<(), FoldRefusal> {
        if let Some(section) = &change.section {
            self.need_section(section)?;
        }
        if !change.roles.is_sorted_by(|a, b| a < b) {
            return Err(FoldRefusal::ValueWrong(WrongValue::Roles));
        }
        if let Some(keeper) = &change.keeper {
            self.need_post(keeper)?;
            // Who keeps his own papers signs himself.
            if *keeper == change.post {
                return Err(FoldRefusal::ValueWrong(WrongValue::Keeper));
            }
        }
        self.touch(Thing::Post(change.post.clone()), at)?;
        let SetPost { title, roles, section, keeper, .. } = change.clone();
        let version = PostVersion { title, roles, section, keeper };
        if let Some(post) = self.post_mut(&change.post) {
            post.versions.push(at.index, at.effective, version);
            return Ok(());
        }
        let post = Post::founding(change.post.clone(), version, at);
        self.new_entries().posts.insert(change.post.clone(), post);
        Ok(())
    }

    pub(crate) fn apply_hold_post(&mut self, change: &HoldPost, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Post(change.post.clone());
        if change.to.is_some_and(|to| to <= change.from) {
            return Err(FoldRefusal::DatesWrong(thing));
        }
        self.need_operator(&change.operator, at)?;
        self.say_once(&Thing::Seat(change.post.clone(), change.operator.clone()), at)?;
        self.mark(thing.clone(), at)?;
        let post = self.post_mut(&change.post).ok_or(FoldRefusal::Unknown(thing))?;
        let holder = Holder { operator: change.operator.clone(), capacity: Capacity::of(change.deputy) };
        let holding = Holding::Held { from: change.from, to: change.to };
        post.seat(holder, at.index, at.from(change.from), holding);
        Ok(())
    }

    pub(crate) fn apply_leave_post(&mut self, change: &LeavePost, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Post(change.post.clone());
        self.say_once(&Thing::Seat(change.post.clone(), change.operator.clone()), at)?;
        self.mark(thing.clone(), at)?;
        let post = self.post_mut(&change.post).ok_or_else(|| FoldRefusal::Unknown(thing.clone()))?;
        let mut left = false;
        for capacity in [Capacity::Holder, Capacity::Deputy] {
            let holder = Holder { operator: change.operator.clone(), capacity };
            if let Entry::Occupied(mut holding) = post.holders.entry(holder) {
                holding.get_mut().push(at.index, at.from(change.effective), Holding::Left);
                left = true;
            }
        }
        if left {
            Ok(())
        } else {
            Err(FoldRefusal::PostNotHeld { post: change.post.clone(), operator: change.operator.clone() })
        }
    }

    pub(crate) fn need_section(&self, code: &Code) -> Result<(), FoldRefusal> {
        self.section(code).map(drop).ok_or_else(|| FoldRefusal::Unknown(Thing::Section(code.clone())))
    }

    pub(crate) fn need_post(&self, code: &Code) -> Result<(), FoldRefusal> {
        self.post(code).map(drop).ok_or_else(|| FoldRefusal::Unknown(Thing::Post(code.clone())))
    }
}
