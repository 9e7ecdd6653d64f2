//! Walks every state that can be reached, shortest way first, until there is no other.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::invariants::INVARIANTS;
use super::*;

/// A search for what a guard keeps ends here: what breaks without it breaks early.
const MUTANT_STATES_MAX: usize = 13_000;

/// What a search found.
struct Found {
    states: usize,
    moves: usize,
    /// Each invariant that broke, and the shortest way there.
    broken: BTreeMap<&'static str, Vec<Move>>,
    /// How many of the states had an open session, a locked one, a grant leaving.
    open: usize,
    locked: usize,
    grants: usize,
}

/// Searches the whole world; what lies behind a broken invariant is not looked at.
fn search(scope: Scope, without: Option<Guard>) -> Found {
    let start = World::new(scope, without);
    let mut ways: Vec<(usize, Option<Move>)> = vec![(0, None)];
    let mut seen = HashSet::from([key(&start)]);
    let mut queue = VecDeque::from([(0, start)]);
    let mut found = Found { states: 0, moves: 0, broken: BTreeMap::new(), open: 0, locked: 0, grants: 0 };
    while let Some((place, world)) = queue.pop_front() {
        if without.is_some() && place > MUTANT_STATES_MAX {
            break;
        }
        found.open += usize::from(matches!(world.machine.state, State::Open(_)));
        found.locked += usize::from(matches!(world.machine.state, State::Locked(_)));
        for this in world.moves() {
            let mut next = world.clone();
            let answer = next.go(this);
            found.moves += 1;
            found.grants += usize::from(answer.is_some_and(|answer| answer.granted));
            next.forget();
            let key = key(&next);
            let news = !seen.contains(&key);
            if !news && answer.is_none() {
                continue;
            }
            let broken = INVARIANTS.iter().find(|invariant| !(invariant.holds)(&next, answer));
            if let Some(broken) = broken {
                found.broken.entry(broken.name).or_insert_with(|| way(&ways, place, this));
            } else if news {
                seen.insert(key);
                queue.push_back((ways.len(), next));
                ways.push((place, Some(this)));
            }
        }
    }
    found.states = ways.len();
    found
}

fn way(ways: &[(usize, Option<Move>)], place: usize, last: Move) -> Vec<Move> {
    let mut moves = vec![last];
    let mut place = place;
    while let (before, Some(this)) = ways[place] {
        moves.push(this);
        place = before;
    }
    moves.reverse();
    moves
}

/// All that tells one world from another. Every field is named, so that none is left out.
fn key(world: &World) -> Box<[u8]> {
    let World {
        scope: _,
        without: _,
        machine: Machine { state, others, last, left, waking },
        cards,
        prompts,
        program,
        pending,
        failing,
        ended,
        known,
        before,
        suspended,
        hours_over,
        after_end,
    } = world;
    let mut key = Vec::with_capacity(64);
    match state {
        State::NoCard => key.push(0),
        State::AwaitPin(awaits) => {
            key.push(1);
            card(awaits, &mut key);
        }
        State::Open(Open { card: of, session: open, active }) => {
            key.push(2);
            card(of, &mut key);
            session(open, &mut key);
            key.push(units(*active));
        }
        State::Locked(Locked { card: of, session: locked, reason }) => {
            key.push(3);
            let _: &Reason = reason;
            card(of, &mut key);
            session(locked, &mut key);
        }
    }
    key.push(u8::try_from(others.len()).expect("two cards"));
    others.iter().for_each(|other| card(other, &mut key));
    // Reasons are said and written; nothing is done by them. Of sleeps it counts only which errands they outdate.
    let (_, _, _) = (last, left, waking);
    let mut cards: Vec<[u8; 2]> = cards.iter().map(|(it, card)| [*it, *card as u8]).collect();
    cards.sort_unstable();
    key.push(u8::try_from(cards.len()).expect("two cards"));
    key.extend(cards.iter().flatten());
    key.push(u8::try_from(prompts.len()).expect("few prompts"));
    prompts.iter().chain(program).for_each(|it| errand(it, &mut key));
    key.push(0xff);
    key.extend(pending.iter().flat_map(|note| match note {
        Note::Opened(id) => [1, *id],
        Note::Unlocked(id) => [2, *id],
        Note::Closed(id) => [3, *id],
    }));
    let flags = [failing, ended, suspended, hours_over, after_end];
    key.extend(flags.map(|flag| u8::from(*flag)));
    key.push(before.unwrap_or(0));
    let mut sessions: Vec<[u8; 7]> = known
        .iter()
        .map(|Known { id, card, insertion, right, opened, closed, slept }| {
            [*id, *card as u8, *insertion, *right as u8, u8::from(*opened), *closed, u8::from(*slept)]
        })
        .collect();
    sessions.sort_unstable();
    key.extend(sessions.iter().flatten());
    key.into()
}

fn units(time: u64) -> u8 {
    u8::try_from(time / UNIT).expect("times are near the start of the clock")
}

fn card(InsertedCard { insertion, card, reader, tries_left, keypad: _ }: &InsertedCard, key: &mut Vec<u8>) {
    // Neither reader nor tries ever differ.
    let (_, _) = (reader, tries_left);
    key.extend([number(*insertion), card.0[0]]);
}

fn session(session: &Session, key: &mut Vec<u8>) {
    // What it is for never differs, and the profile goes with the operator.
    let Session { id, operator, profile: _, section: _, kind: _, opened } = session;
    key.extend([id.0[0], operator.as_str().as_bytes()[0], units(*opened)]);
}

fn errand(Errand { what, insertion, stage, slept }: &Errand, key: &mut Vec<u8>) {
    key.extend([*what as u8, *insertion, u8::from(*slept)]);
    match stage {
        Stage::Prompted => key.push(0),
        Stage::Typed => key.push(1),
        Stage::AtCard(wish) => {
            key.push(2);
            self::wish(wish, key);
        }
        Stage::Signed(wish) => {
            key.push(3);
            self::wish(wish, key);
        }
        Stage::Recording { wish, wait, withdrawn } => {
            key.extend([4, *wait as u8, u8::from(*withdrawn)]);
            self::wish(wish, key);
        }
    }
}

fn wish(wish: &Wish, key: &mut Vec<u8>) {
    key.extend(match wish {
        Wish::Open { session, opened } => [0, *session, units(*opened)],
        Wish::Unlock { session } => [1, *session, 0],
        Wish::Function { session, same } => [2, *session, u8::from(*same)],
    });
}

/// Which invariant each guard keeps.
const KEPT: &[(Guard, &str)] = &[
    (Guard::SecondLook, "a_grant_goes_to_an_open_session"),
    (Guard::GrantWaitsForTheDisk, "a_grant_is_on_the_disk"),
    (Guard::GrantIsTakenBack, "a_refusal_after_the_record_is_on_record"),
    (Guard::StopTakesBackWhatWaits, "a_refusal_after_the_record_is_on_record"),
    (Guard::OtherCardEnds, "a_session_keeps_its_operator"),
    (Guard::ReaderLossEnds, "a_session_has_its_card_in"),
    (Guard::SignatureIsVerified, "an_open_session_was_proved_by_its_pin"),
    (Guard::OnlyItsOwnInsertionOpens, "an_open_session_was_proved_by_its_pin"),
    (Guard::OpeningWaitsForTheDisk, "an_open_session_is_on_the_disk"),
    (Guard::SleepEnds, "nothing_is_open_over_a_sleep"),
    (Guard::SleepOutdatesThePrompt, "nothing_is_open_over_a_sleep"),
    (Guard::RegisterIsLookedAt, "an_act_in_force_is_kept_to"),
    (Guard::LookOnceOpen, "an_act_in_force_is_kept_to"),
    (Guard::OnePromptAtATime, "there_is_one_session_at_a_time"),
    (Guard::OnlyWhatIsLockedUnlocks, "every_end_is_recorded_once"),
    (Guard::LateOpeningIsClosed, "every_end_is_recorded_once"),
    (Guard::LookAfterTheSignature, "every_end_is_recorded_once"),
    (Guard::StopClosesWhatOpens, "every_end_is_recorded_once"),
    (Guard::EndIsWrittenOnce, "every_end_is_recorded_once"),
    (Guard::DeathIsRecorded, "every_end_is_recorded_once"),
    (Guard::TimeLocks, "every_lock_is_reachable"),
    (Guard::RemovalEnds, "nothing_gets_stuck"),
    (Guard::AllCardsLeaveWithTheService, "nothing_gets_stuck"),
    (Guard::PromptEndsWithItsCall, "nothing_gets_stuck"),
];

/// Every invariant holds in every state, and there are at least so many: the search must not become trivial unnoticed.
fn all_hold(scope: Scope, states_min: usize) {
    let found = search(scope, None);
    let Found { states, moves, broken, open, locked, grants } = found;
    let invariants = INVARIANTS.len();
    say(&format!(
        "{scope:?}: {states} states ({open} with an open session, {locked} with a locked one), {moves} moves, {grants} grants; \
         {invariants} invariants hold"
    ));
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(states >= states_min, "{states} states");
    assert!(open >= 300 && locked >= 1000);
    assert_eq!(grants >= 100, scope != Scope::Rights);
}

#[test]
fn no_request_leads_to_what_may_never_be() {
    all_hold(Scope::Requests, 100_000);
}

#[test]
fn neither_time_nor_act_leads_to_what_may_never_be() {
    all_hold(Scope::Rights, 100_000);
}

#[test]
fn without_a_guard_the_invariant_that_it_keeps_breaks_and_no_other() {
    for (guard, kept) in KEPT {
        let of_rights = matches!(guard, Guard::TimeLocks | Guard::RegisterIsLookedAt | Guard::LookOnceOpen);
        let scope = if of_rights { Scope::Rights } else { Scope::Requests };
        let found = search(scope, Some(*guard));
        for (name, way) in &found.broken {
            say(&format!("without {guard:?} ({} states): {name} after {way:?}", found.states));
        }
        let broken: Vec<&str> = found.broken.keys().copied().collect();
        assert_eq!(broken, [*kept], "without {guard:?}");
    }
    for invariant in INVARIANTS {
        assert!(
            KEPT.iter().any(|(_, kept)| *kept == invariant.name),
            "nothing shows that {} can break",
            invariant.name
        );
    }
}

#[expect(clippy::print_stdout, reason = "the figures and the ways are what the search is run for, with --nocapture")]
fn say(text: &str) {
    println!("{text}");
}
