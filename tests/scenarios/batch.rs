//! Many cards at a time: in two passes, whatever interrupts them.

use std::path::PathBuf;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, try_login, wait_state};
use sekisho_tests::desk::{Desk, Issued};
use sekisho_tests::ledger::both;
use sekisho_tests::process::Process;
use sekisho_tests::scene::Scene;
use sekisho_tests::wait;

const PEOPLE: [(&str, &str); 3] = [("10051", "山本 新"), ("10052", "中村 光"), ("10053", "小林 結")];
/// The clerk has a card; three people have none; one card is nobody's yet.
const FILE: &str = "[[card]]\noperators = [\"10023\", \"10051\", \"10052\", \"10053\"]\n\n\
                    [[card]]\nkind = \"spare\"\ncount = 1\ndormant = true\n";

fn designate(scene: &Scene) {
    let tables = PEOPLE.map(|(operator, name)| {
        format!(
            "[[operator]]\noperator = \"{operator}\"\nname = \"{name}\"\nsection = \"jumin\"\nsections = [\"jumin\"]\n\
             [[profile]]\noperator = \"{operator}\"\nprofile = \"jumin-a\"\nfunctions = [\"juminhyo.issue\"]\n"
        )
    });
    scene.apply(&tables.concat());
}

/// A run of `card batch` that waits for cards, and the desk where they come and go.
struct Sitting<'a> {
    desk: &'a Desk,
    run: Process,
}

impl<'a> Sitting<'a> {
    /// `run` numbers the runs.
    fn begin(desk: &'a Desk, run: u32, more: &[&str]) -> Self {
        Self::of(desk, run, FILE, more)
    }

    fn of(desk: &'a Desk, run: u32, cards: &str, more: &[&str]) -> Self {
        let file = desk.file("cards.toml");
        std::fs::write(&file, cards).unwrap();
        let letters = letters(desk);
        std::fs::create_dir_all(&letters).unwrap();
        let (file, letters) = (file.to_str().unwrap(), letters.to_str().unwrap());
        let mut command = desk.command(&[&["card", "batch", file, "--first-pin-dir", letters], more].concat());
        let run = Process::start("sekisho-admin", &mut command, &desk.file(&format!("batch-{run}.log")));
        Self { desk, run }
    }

    /// Waits until it has said this.
    fn hear(&mut self, said: &str) {
        let run = &mut self.run;
        wait::until(said, || (run.said().contains(said) || run.ended().is_some()).then_some(()));
        assert!(run.said().contains(said), "{said:?} was never said:\n{}", run.said());
    }

    /// Lays a card in until this is said of it, and takes it out.
    fn serve(&mut self, card: &mut Issued, said: &str) {
        self.desk.lay_in(card);
        self.hear(said);
        self.desk.take_out(card);
    }

    /// How it ended, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let status = wait::until("the end", || self.run.ended());
        (status.code(), self.run.said())
    }
}

fn letters(desk: &Desk) -> PathBuf {
    desk.file("letters")
}

/// The first PINs that were written, by file.
fn first_pins(desk: &Desk) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(letters(desk))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn cards_are_made_in_two_passes_whatever_interrupts_them() {
    let mut scene = Scene::new("batch");
    designate(&scene);
    let Scene { desk, clerk, .. } = &mut scene;
    let mut cards: Vec<Issued> = (0..4).map(|number| desk.blank(&format!("card-{number}"))).collect();
    let [first, second, third, fourth] = cards.as_mut_slice() else { panic!("four cards") };

    // The first pass: a card that is somebody's, one that fails in the middle, a kill in the middle.
    let mut sitting = Sitting::begin(desk, 1, &[]);
    sitting.hear("left out: 田中 さくら (10023) has card");
    sitting.hear("a blank card for 山本 新 (10051) (1 of 4)");
    sitting.serve(clerk, "is issued already");
    sitting.serve(first, "made 1 of 4: card");
    second.card.be_difficult(Some("30:refused"));
    sitting.serve(second, "lay it aside and take another one");
    second.card.be_difficult(None);
    sitting.serve(second, "made 2 of 4: card");
    let before = first_pins(desk);
    assert_eq!(before.len(), 2, "{before:?}");
    // Its signatures, after the keys are made, take it long enough that no kill comes after the last of them.
    third.card.be_difficult(Some("slow"));
    desk.lay_in(third);
    wait::until("a key to be made", || {
        third.card.apdus_from(0).iter().any(|line| line.starts_with("00 47 00 ")).then_some(())
    });
    sitting.run.kill();
    desk.take_out(third);
    third.card.be_difficult(None);

    // The acts, and a kill in the second pass.
    let mut sitting = Sitting::begin(desk, 2, &[]);
    sitting.hear("of 4 cards 2 are made, 0 issued, 0 ready");
    sitting.serve(third, "made 3 of 4: card");
    sitting.hear("a blank card for spare (4 of 4)");
    // The last one may stay for the second pass.
    desk.lay_in(fourth);
    sitting.hear("made 4 of 4: card");
    sitting.hear("signing 4 of 4");
    sitting.hear("ready 1 of 4: card");
    desk.take_out(fourth);
    sitting.hear("a card that was made (in any order)");
    sitting.serve(clerk, "is none of this batch");
    sitting.serve(second, "ready 2 of 4: card");
    sitting.run.kill();

    let mut sitting = Sitting::begin(desk, 3, &[]);
    sitting.hear("of 4 cards 4 are made, 4 issued, 2 ready");
    sitting.serve(third, "for 小林 結 (10053)");
    sitting.serve(first, "for 山本 新 (10051)");
    let (code, said) = sitting.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("of 4 cards 4 are made, 4 issued, 4 ready"), "{said}");

    // Each is whole, issued once, and its first PIN is in a file of its own.
    let issued = desk.list(&["card", "list"]);
    let ours = |card: &&serde_json::Value| {
        let operator = card["operator"].as_str().unwrap_or_default();
        PEOPLE.iter().any(|(person, _)| operator == *person) || card["kind"] == "spare"
    };
    let ours: Vec<&serde_json::Value> = issued.iter().filter(ours).collect();
    assert_eq!(ours.len(), 4, "{issued:?}");
    assert_eq!(desk.list(&["card", "pending"]), Vec::<serde_json::Value>::new());
    let pins = first_pins(desk);
    for card in &ours {
        let (guid, operator) = (card["guid"].as_str().unwrap(), card["operator"].as_str().unwrap_or_default());
        let whose = if card["kind"] == "spare" { "spare" } else { operator };
        assert!(pins.contains(&format!("{whose}-{guid}.pin")), "{whose}, {guid}: {pins:?}");
    }
    assert_eq!(pins.len(), 4, "{pins:?}");
    for card in &mut cards {
        desk.lay_in(card);
        let said = desk.run(&["card", "show"]);
        desk.take_out(card);
        assert!(said.contains("state: complete") && said.contains("register: number"), "{said}");
    }

    // The same file again is another batch, and everybody has a card.
    let sitting = Sitting::begin(desk, 4, &[]);
    sitting_for_spare(sitting);

    // A first PIN opens nothing but the way to another one.
    scene.wait_current();
    let pin = pins.iter().find(|name| name.starts_with("10051-")).unwrap();
    let pin = std::fs::read_to_string(letters(&scene.desk).join(pin)).unwrap();
    std::fs::write(scene.desk.file("pins/card-0.pin"), pin).unwrap();
    insert(&scene.terminal, &mut cards[0]);
    assert_eq!(try_login(&scene.terminal, &cards[0]), "card_problem", "the card says what the problem is");
    wait_state(&scene.terminal, SessionState::AwaitPin);
}

/// Spare cards can be made again and again; nobody else is left.
fn sitting_for_spare(mut sitting: Sitting<'_>) {
    sitting.hear("of 1 cards 0 are made");
    for (_, name) in PEOPLE {
        sitting.hear(&format!("left out: {name}"));
    }
    sitting.run.kill();
}

#[test]
fn a_batch_that_two_persons_decide_waits_for_the_second() {
    let mut scene = Scene::new("batchtwo");
    designate(&scene);
    let mut cards: Vec<Issued> = (0..4).map(|number| scene.desk.blank(&format!("card-{number}"))).collect();
    let mut sitting = Sitting::begin(&scene.desk, 1, &["--propose"]);
    for (number, card) in (1..).zip(&mut cards) {
        sitting.serve(card, &format!("made {number} of 4: card"));
    }
    let (code, said) = sitting.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("4 cards of this batch are not done"), "{said}");
    let approve = said.split("'sekisho-admin approve ").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let ids: Vec<&str> = approve.split(' ').collect();
    assert_eq!(ids.len(), 4, "{said}");
    // Nothing is proposed twice.
    let (code, said) = Sitting::begin(&scene.desk, 2, &["--propose"]).end();
    assert!(code == Some(1) && said.contains(approve), "{said}");
    assert_eq!(scene.desk.list(&["proposals"]).len(), 4);

    scene.desk.sign_as(1);
    // The same line again finds what is left.
    scene.desk.run(&["approve", ids[1]]);
    let said = both(&scene.desk.try_run(&[&["approve"], &ids[..]].concat()));
    assert_eq!(said.matches("cannot find open proposal").count(), 2, "a remark, and how it ended: {said}");
    assert_eq!(scene.desk.list(&["proposals"]), Vec::<serde_json::Value>::new());
    scene.desk.sign_as(1);
    let mut sitting = Sitting::begin(&scene.desk, 3, &[]);
    sitting.hear("4 issued, 0 ready");
    for (number, card) in (1..).zip(&mut cards) {
        sitting.serve(card, &format!("ready {number} of 4: card"));
    }
    let (code, said) = sitting.end();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn who_is_refused_and_what_is_lost_in_between_stop_nobody_else() {
    let scene = Scene::new("batchlost");
    designate(&scene);
    let three = "[[card]]\noperators = [\"10051\", \"10052\", \"10053\"]\n";
    let mut cards: Vec<Issued> = (0..4).map(|number| scene.desk.blank(&format!("card-{number}"))).collect();
    let [first, second, third, another] = cards.as_mut_slice() else { panic!("four cards") };
    let mut sitting = Sitting::of(&scene.desk, 1, three, &[]);
    sitting.serve(first, "made 1 of 3: card");
    sitting.serve(second, "made 2 of 3: card");
    sitting.run.kill();
    scene.decide(&["operator", "end", "10051"]);

    let mut sitting = Sitting::of(&scene.desk, 2, three, &[]);
    sitting.hear("of 3 cards 2 are made");
    scene.desk.lay_in(third);
    sitting.hear("made 3 of 3: card");
    sitting.hear("is not issued");
    sitting.hear("ready 1 of 2: card");
    scene.desk.take_out(third);
    sitting.run.kill();
    // The second one is lost before it has its grant.
    let lost = scene.desk.guid_of("10052");
    scene.desk.run(&["card", "revoke", &lost, "--reason", "lost"]);

    let mut sitting = Sitting::of(&scene.desk, 3, three, &[]);
    sitting.hear("山本 新 (10051): ");
    scene.desk.lay_in(another);
    sitting.hear("for 中村 光 (10052)");
    sitting.hear("ready 1 of 1: card");
    scene.desk.take_out(another);
    let (code, said) = sitting.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("1 cards of this batch are not done"), "{said}");
    assert_ne!(scene.desk.guid_of("10052"), lost);
    assert_eq!(scene.desk.list(&["card", "pending"]).len(), 1, "that of the one who is no operator any more");
}

#[test]
#[ignore = "takes long: tests/long.sh"]
fn a_hundred_cards_become_ready_in_one_sitting() {
    const MANY: usize = 100;
    let scene = Scene::new("hundred");
    let text = format!("[[card]]\nkind = \"emergency\"\ncount = {MANY}\ndormant = true\n");
    let mut sitting = Sitting::of(&scene.desk, 1, &text, &[]);
    let mut cards: Vec<Issued> = (0..MANY).map(|number| scene.desk.blank(&format!("card-{number}"))).collect();
    let (last, before) = cards.split_last_mut().unwrap();
    for (number, card) in (1..).zip(&mut *before) {
        sitting.serve(card, &format!("made {number} of {MANY}: card"));
    }
    scene.desk.lay_in(last);
    sitting.hear(&format!("made {MANY} of {MANY}: card"));
    sitting.hear(&format!("ready 1 of {MANY}: card"));
    scene.desk.take_out(last);
    for (number, card) in (2..).zip(before) {
        sitting.serve(card, &format!("ready {number} of {MANY}: card"));
    }
    let (code, said) = sitting.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(first_pins(&scene.desk).len(), MANY);
}

#[test]
fn a_batch_that_would_be_refused_touches_no_card() {
    let scene = Scene::new("batchno");
    let sitting = Sitting::begin(&scene.desk, 1, &["--also-holders"]);
    let (code, said) = sitting.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("3 of the cards in the file would be refused"), "{said}");
    for (operator, _) in PEOPLE {
        assert!(said.contains(operator), "{said}");
    }
    assert!(!said.contains("a blank card for"), "{said}");
}
