//! What all offices use together: whoever asks for much waits for himself, and takes nothing from others.

use std::collections::{HashMap, VecDeque};

use sekisho_wire::id::OfficeId;

/// Where in a line somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Before others, and never sent away: what has to be said whoever else speaks. An alarm of ours, an act that the register in force takes, records
    /// that tell of a refusal, of a login without a card or of an alarm.
    Pressing(OfficeId),
    /// In turn with other offices.
    Of(OfficeId),
    /// In turn, as if it were an office: what is no office's.
    Nobodys,
}

impl Lane {
    pub(crate) const fn office(self) -> Option<OfficeId> {
        match self {
            Self::Pressing(office) | Self::Of(office) => Some(office),
            Self::Nobodys => None,
        }
    }
}

/// Who waits. Those of one office come one after the other, offices in turn; what presses comes first.
#[derive(Debug)]
pub(crate) struct Line<T> {
    pressing: Round<T>,
    ordinary: Round<T>,
    places: Shares,
}

impl<T> Line<T> {
    /// With so many places. What presses takes none.
    pub(crate) fn new(places: usize) -> Self {
        Self { pressing: Round::default(), ordinary: Round::default(), places: Shares::of(places) }
    }

    /// Lets one more wait, if his office has a place left for him.
    pub(crate) fn enter(&mut self, lane: Lane, one: T) -> Result<(), Full> {
        let office = lane.office();
        match lane {
            Lane::Pressing(_) => self.pressing.add(office, one),
            Lane::Of(_) | Lane::Nobodys => {
                if !self.places.take(office, 1) {
                    return Err(Full);
                }
                self.ordinary.add(office, one);
            }
        }
        Ok(())
    }

    /// The next, of those who may come now: what presses before all others.
    pub(crate) fn next(&mut self, may: impl Fn(&T) -> bool) -> Option<T> {
        self.next_pressing(&may).or_else(|| self.next_ordinary(&may))
    }

    /// The same the other way about: what presses, too, is written in turn with others, so that nobody waits for ever.
    pub(crate) fn next_in_turn(&mut self, may: impl Fn(&T) -> bool) -> Option<T> {
        self.next_ordinary(&may).or_else(|| self.next_pressing(&may))
    }

    fn next_pressing(&mut self, may: &impl Fn(&T) -> bool) -> Option<T> {
        self.pressing.next(may).map(|(_, one)| one)
    }

    fn next_ordinary(&mut self, may: &impl Fn(&T) -> bool) -> Option<T> {
        let (office, one) = self.ordinary.next(may)?;
        self.places.give_back(office, 1);
        Some(one)
    }

    /// Lets only those wait on who still want to.
    pub(crate) fn retain(&mut self, wants: impl Fn(&T) -> bool) {
        self.pressing.retain(&wants);
        for (office, gone) in self.ordinary.retain(&wants) {
            self.places.give_back(office, gone);
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.pressing.len + self.ordinary.len
    }

    /// How many would come before one more of this office, if nobody else came.
    pub(crate) fn ahead(&self, office: Option<OfficeId>) -> usize {
        self.pressing.len + ahead(self.ordinary.lines.iter().map(|(of, line)| (*of, line.len())), office)
    }
}

/// How many come before one more of an office, of those that others and it have, when offices are served in turn.
pub(crate) fn ahead(
    waiting: impl Iterator<Item = (Option<OfficeId>, usize)> + Clone,
    office: Option<OfficeId>,
) -> usize {
    let own = waiting.clone().find(|(of, _)| *of == office).map_or(0, |(_, count)| count);
    waiting.map(|(of, count)| if of == office { own } else { count.min(own + 1) }).sum()
}

/// There is no place for one more of this office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Lines of offices, and whose turn it is.
#[derive(Debug)]
struct Round<T> {
    lines: HashMap<Option<OfficeId>, VecDeque<T>>,
    /// Each that has somebody waiting, once.
    order: VecDeque<Option<OfficeId>>,
    len: usize,
}

impl<T> Default for Round<T> {
    fn default() -> Self {
        Self { lines: HashMap::new(), order: VecDeque::new(), len: 0 }
    }
}

impl<T> Round<T> {
    fn add(&mut self, office: Option<OfficeId>, one: T) {
        let line = self.lines.entry(office).or_default();
        if line.is_empty() {
            self.order.push_back(office);
        }
        line.push_back(one);
        self.len += 1;
    }

    /// An office of which nobody may come now keeps its turn, and so does whoever may not come: those behind him pass.
    fn next(&mut self, may: &impl Fn(&T) -> bool) -> Option<(Option<OfficeId>, T)> {
        let first = |office| self.lines.get(office).and_then(|line| line.iter().position(may));
        let (turn, at) = self.order.iter().enumerate().find_map(|(turn, office)| Some((turn, first(office)?)))?;
        let office = self.order.remove(turn)?;
        let line = self.lines.get_mut(&office)?;
        let one = line.remove(at)?;
        if line.is_empty() {
            self.lines.remove(&office);
        } else {
            self.order.push_back(office);
        }
        self.len -= 1;
        Some((office, one))
    }

    /// How many of whom are gone.
    fn retain(&mut self, wants: &impl Fn(&T) -> bool) -> Vec<(Option<OfficeId>, usize)> {
        let mut gone = Vec::new();
        for (office, line) in &mut self.lines {
            let before = line.len();
            line.retain(wants);
            gone.push((*office, before - line.len()));
        }
        self.lines.retain(|_, line| !line.is_empty());
        self.order.retain(|office| self.lines.contains_key(office));
        self.len = self.lines.values().map(VecDeque::len).sum();
        gone
    }
}

/// Something that there is so much of: an office has at most as much of it as it leaves to all others. One alone comes to half, the next to half of what is
/// left, and whoever has nothing gets one place even where none is left. What is no office's may take all.
#[derive(Debug)]
pub(crate) struct Shares {
    /// Below nothing by as many as have come to none.
    free: isize,
    held: HashMap<OfficeId, usize>,
}

impl Shares {
    pub(crate) fn of(all: usize) -> Self {
        Self { free: isize::try_from(all).unwrap_or(isize::MAX), held: HashMap::new() }
    }

    /// Takes so much more, if that is still a fair share.
    #[must_use]
    pub(crate) fn take(&mut self, office: Option<OfficeId>, more: usize) -> bool {
        let held = office.and_then(|office| self.held.get(&office)).copied().unwrap_or(0);
        let free = usize::try_from(self.free).unwrap_or(0);
        let is_first = office.is_some() && held == 0 && more == 1;
        if !is_first && (more > free || office.is_some() && held + more > free) {
            return false;
        }
        self.free = self.free.saturating_sub_unsigned(more);
        if let Some(office) = office {
            self.held.insert(office, held + more);
        }
        true
    }

    pub(crate) fn give_back(&mut self, office: Option<OfficeId>, less: usize) {
        self.free = self.free.saturating_add_unsigned(less);
        if let Some(office) = office
            && let Some(held) = self.held.get_mut(&office)
        {
            *held = held.saturating_sub(less);
            if *held == 0 {
                self.held.remove(&office);
            }
        }
    }

    /// What nobody has.
    #[cfg(test)]
    pub(crate) const fn free(&self) -> isize {
        self.free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn office(number: u8) -> OfficeId {
        OfficeId([number; 16])
    }

    #[test]
    fn offices_come_in_turn_and_what_presses_before_them() {
        let mut line = Line::new(100);
        (0..5).for_each(|at| line.enter(Lane::Of(office(1)), (1, at)).unwrap());
        line.enter(Lane::Nobodys, (0, 0)).unwrap();
        (0..2).for_each(|at| line.enter(Lane::Of(office(2)), (2, at)).unwrap());
        line.enter(Lane::Pressing(office(1)), (1, 9)).unwrap();
        line.enter(Lane::Pressing(office(3)), (3, 9)).unwrap();
        assert_eq!(line.len(), 10);
        let any = |_: &(u8, u8)| true;
        assert_eq!(
            [line.next(any), line.next_in_turn(any), line.next(any)],
            [Some((1, 9)), Some((1, 0)), Some((3, 9))]
        );
        let rest: Vec<_> = std::iter::from_fn(|| line.next(any)).collect();
        assert_eq!(rest, [(0, 0), (2, 0), (1, 1), (2, 1), (1, 2), (1, 3), (1, 4)]);
        assert_eq!((line.len(), line.places.free()), (0, 100));
    }

    #[test]
    fn whose_first_may_not_come_yet_keeps_his_turn_and_holds_up_nobody() {
        let mut line = Line::new(100);
        for (whose, what) in [(1, 'a'), (1, 'b'), (2, 'c'), (2, 'd')] {
            line.enter(Lane::Of(office(whose)), what).unwrap();
        }
        let not = |held: char| move |one: &char| *one != held;
        assert_eq!([line.next(not('a')), line.next(not('a')), line.next(not('a'))], [Some('b'), Some('c'), Some('d')]);
        assert_eq!([line.next(not('a')), line.next(not('x')), line.next(not('x'))], [None, Some('a'), None]);
    }

    #[test]
    fn who_goes_gives_his_place_back() {
        let mut line = Line::new(8);
        let enter = |line: &mut Line<u8>, at| line.enter(Lane::Of(office(1)), at);
        assert_eq!((0..5).map(|at| enter(&mut line, at).is_ok()).collect::<Vec<_>>(), [true, true, true, true, false]);
        line.enter(Lane::Of(office(2)), 7).unwrap();
        line.retain(|at| *at > 1);
        assert_eq!((line.len(), line.places.free()), (3, 5));
        enter(&mut line, 5).unwrap();
        line.retain(|_| false);
        assert_eq!((line.len(), line.places.free(), line.ordinary.order.len()), (0, 8, 0));
    }

    #[test]
    fn an_office_has_no_more_than_it_leaves_to_others() {
        let all_of = |shares: &mut Shares, whose| (0..).take_while(|_| shares.take(whose, 1)).count();
        let mut shares = Shares::of(256);
        assert_eq!([1, 2, 3].map(|number| all_of(&mut shares, Some(office(number)))), [128, 64, 32]);
        assert!(!shares.take(Some(office(1)), 1));
        assert_eq!(all_of(&mut shares, None), 32, "what is no office's takes what is left");
        assert_eq!(all_of(&mut shares, Some(office(9))), 1, "who has nothing gets one");
        shares.give_back(Some(office(9)), 1);
        shares.give_back(Some(office(1)), 128);
        assert_eq!(all_of(&mut shares, Some(office(3))), 48);
        let mut one = Shares::of(1);
        assert!(one.take(Some(office(1)), 1) && !one.take(Some(office(1)), 1));
        let mut few = Shares::of(40);
        assert!(few.take(Some(office(1)), 32), "a large one at once, where there is room");
        assert!(!few.take(Some(office(1)), 1) && few.take(Some(office(2)), 8));
    }
}
