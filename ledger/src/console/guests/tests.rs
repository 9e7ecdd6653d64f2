//! What links, sessions and wishes do in time.

use sekisho_wire::id::{CardGuid, Code, Hash, OfficeId};

use super::super::hand::Hand;
use super::super::wishes::What;
use super::*;

const NOW: Millis = 1_700_000_000_000;
const COMPANION: Hashed = [1; 32];
const LINKED: Hashed = [2; 32];
const COOKIE: Hashed = [3; 32];

fn visitor(card: u8) -> Visitor {
    let operator = Code::new("20001").unwrap();
    Visitor { office: OfficeId([7; 16]), operator, card: CardGuid([card; 16]), expires: NOW + 1 }
}

fn keys(cookie: Hashed) -> Keys {
    Keys { cookie, form: "form".into() }
}

fn invited() -> Guests {
    let mut guests = Guests::default();
    guests.invite(visitor(1), (COMPANION, LINKED), Language::Japanese, NOW).unwrap();
    guests
}

fn entered() -> Guests {
    let mut guests = invited();
    guests.poll_begins(&COMPANION, NOW).unwrap();
    guests.enter(&LINKED, keys(COOKIE), Language::Japanese, NOW).unwrap();
    guests
}

#[test]
fn a_link_is_good_once_and_for_a_minute() {
    let mut guests = invited();
    assert!(guests.invited(&LINKED, NOW).is_some() && guests.invited(&LINKED, NOW).is_some(), "looking uses nothing");
    assert!(guests.invited(&COOKIE, NOW).is_none());
    assert!(guests.enter(&LINKED, keys(COOKIE), Language::Japanese, NOW + LINK - 1).is_some());
    assert!(guests.enter(&LINKED, keys(COOKIE), Language::Japanese, NOW + LINK - 1).is_none());
    assert!(invited().enter(&LINKED, keys(COOKIE), Language::Japanese, NOW + LINK).is_none());
}

#[test]
fn a_newer_link_of_the_same_card_ends_the_older_one_and_its_use_the_older_session() {
    let mut guests = entered();
    guests.invite(visitor(1), ([11; 32], [12; 32]), Language::Japanese, NOW).unwrap();
    guests.invite(visitor(1), ([21; 32], [22; 32]), Language::Japanese, NOW).unwrap();
    guests.invite(visitor(2), ([31; 32], [32; 32]), Language::Japanese, NOW).unwrap();
    assert!(guests.invited(&[12; 32], NOW).is_none());
    assert!(guests.guest(&COOKIE, Use::Person, NOW).is_some(), "a link alone ends nothing");
    guests.enter(&[22; 32], keys([23; 32]), Language::Japanese, NOW).unwrap();
    assert!(guests.guest(&COOKIE, Use::Person, NOW).is_none());
    assert!(guests.invited(&[32; 32], NOW).is_some(), "another card's");
}

#[test]
fn a_session_ends_without_use_and_a_page_that_refreshes_is_none() {
    let mut guests = entered();
    assert!(guests.guest(&COOKIE, Use::ByItself, NOW + IDLE - 1).is_some());
    assert!(guests.guest(&COOKIE, Use::ByItself, NOW + IDLE).is_none());
    let mut guests = entered();
    assert!(guests.guest(&COOKIE, Use::Person, NOW + IDLE - 1).is_some());
    assert!(guests.guest(&COOKIE, Use::Person, NOW + 2 * IDLE - 2).is_some());
}

#[test]
fn a_session_lasts_no_longer_than_ten_hours_however_busy() {
    let mut guests = entered();
    let busy = (0..LONGEST / 60_000).all(|minute| guests.guest(&COOKIE, Use::Person, NOW + minute * 60_000).is_some());
    assert!(busy && guests.guest(&COOKIE, Use::Person, NOW + LONGEST).is_none());
}

#[test]
fn a_session_ends_with_its_companion_but_not_while_a_pin_is_typed() {
    let mut guests = entered();
    guests.poll_ends(&COMPANION, NOW);
    assert!(guests.guest(&COOKIE, Use::Person, NOW + COMPANION_GONE - 1).is_some());
    assert!(guests.guest(&COOKIE, Use::Person, NOW + COMPANION_GONE).is_none());
    let mut guests = entered();
    let number =
        guests.wish(&COOKIE, Wanted::Signed(What::Approve(Hash([9; 32])), Hand::default()), NOW).unwrap().unwrap();
    guests.handed(&COMPANION, &[number], NOW);
    guests.poll_ends(&COMPANION, NOW);
    assert!(guests.guest(&COOKIE, Use::Person, NOW + COMPANION_GONE).is_some());
}

#[test]
fn leaving_ends_it_and_a_clock_that_was_set_back_ends_all() {
    let mut guests = entered();
    guests.leave(&COOKIE);
    assert!(guests.guest(&COOKIE, Use::Person, NOW).is_none());
    assert!(guests.poll_begins(&COMPANION, NOW).is_none());
    let mut guests = entered();
    assert!(guests.guest(&COOKIE, Use::Person, NOW - CLOCK_SLACK).is_some());
    assert!(guests.guest(&COOKIE, Use::Person, NOW - CLOCK_SLACK - 1).is_none());
}

#[test]
fn wishes_are_few_and_end_with_the_word_of_the_companion_or_in_time() {
    let mut guests = entered();
    let wanted = |number: u8| Wanted::Signed(What::Approve(Hash([number; 32])), Hand::default());
    assert_eq!(guests.wish(&COOKIE, wanted(1), NOW), Some(Ok(1)));
    assert_eq!(guests.wish(&COOKIE, wanted(1), NOW), Some(Ok(1)), "it is wished for already");
    assert_eq!(guests.wish(&COOKIE, wanted(2), NOW), Some(Ok(2)));
    assert_eq!(guests.wish(&COOKIE, wanted(3), NOW), Some(Ok(3)));
    assert_eq!(guests.wish(&COOKIE, wanted(4), NOW), Some(Err(Full)));
    assert_eq!(guests.wish(&LINKED, wanted(4), NOW), None, "nobody is in with that cookie");
    let declined = || Ended { outcome: Outcome::Declined, said: String::new() };
    assert!(guests.settle(&COMPANION, 2, declined(), NOW) && !guests.settle(&COMPANION, 2, declined(), NOW));
    assert_eq!(guests.wish(&COOKIE, wanted(4), NOW), Some(Ok(4)));
    guests.fulfil(&COOKIE, |wish| *wish == wanted(3), NOW);
    let open = |guests: &mut Guests, now| {
        let (_, open) = guests.open_wishes(&COMPANION, now).unwrap();
        open.iter().map(|wish| wish.number).collect::<Vec<_>>()
    };
    assert_eq!(open(&mut guests, NOW), [1, 4]);
    assert_eq!(open(&mut guests, NOW + super::super::wishes::WISH), Vec::<u64>::new());
    let outcomes = guests.guest(&COOKIE, Use::Person, NOW + super::super::wishes::WISH).unwrap();
    let outcomes: Vec<_> = outcomes.wishes().iter().map(|wish| wish.outcome(NOW).unwrap()).collect();
    assert_eq!(outcomes, [Outcome::Late, Outcome::Declined, Outcome::Done, Outcome::Late]);
    assert!(guests.settle(&COMPANION, 1, declined(), NOW + 14 * 60_000), "a late word is better than none");
    assert!(!guests.settle(&COMPANION, 1, declined(), NOW + 14 * 60_000));
    guests.fulfil(&COOKIE, |wish| *wish == wanted(4), NOW + 14 * 60_000);
    let outcomes = guests.guest(&COOKIE, Use::Person, NOW + 14 * 60_000).unwrap();
    let outcomes: Vec<_> = outcomes.wishes().iter().map(|wish| wish.outcome(NOW).unwrap()).collect();
    assert_eq!(outcomes, [Outcome::Declined, Outcome::Done]);
    assert!(guests.guest(&COOKIE, Use::Person, NOW + 16 * 60_000).unwrap().wishes().is_empty());
}
