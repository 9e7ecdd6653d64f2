//! The office's card-management secret: in a token, and a new one when the old one leaked or is lost.

use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, wait_state};
use sekisho_tests::clock::StoryClock;
use sekisho_tests::desk::{Desk, Issued};
use sekisho_tests::ledger::{Ledger, both};
use sekisho_tests::scene::Scene;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::soft_token::{LABEL, MODULE, SoftToken, TOKEN_PIN};

const IN_TOKEN: [&str; 4] = ["--module", MODULE, "--token", LABEL];

fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "it went through:\n{}", both(output));
    both(output)
}

/// Puts a card into the reader of the cards that are worked on, for one call.
fn with_card<R>(desk: &Desk, issued: &mut Issued, work: impl FnOnce(&Desk) -> R) -> R {
    issued.card.insert(&desk.pcscd, 1);
    desk.pcscd.wait_slot(1, true);
    let result = work(desk);
    issued.card.pull();
    desk.pcscd.wait_slot(1, false);
    result
}

/// Sets a new PIN by the card's PUK: who can do that manages the card.
fn reset_pin(desk: &Desk, issued: &mut Issued) -> Output {
    static RESETS: AtomicU32 = AtomicU32::new(10);
    let file = desk.file("pins/new.pin");
    // Never one of a card's last PINs.
    std::fs::write(&file, format!("8052{}", RESETS.fetch_add(1, Ordering::Relaxed))).unwrap();
    with_card(desk, issued, |desk| {
        desk.try_run(&["card", "reset-pin", "--identified", "staff-card", "--own-pin-file", file.to_str().unwrap()])
    })
}

/// Files below a folder whose bytes hold these.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                return files_with(&path, bytes);
            }
            let holds =
                path.is_file() && std::fs::read(&path).unwrap().windows(bytes.len()).any(|found| found == bytes);
            if holds { vec![path.display().to_string()] } else { Vec::new() }
        })
        .collect()
}

/// A call of `office card-secret`.
fn card_secret<'a>(what: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["office", "card-secret", what], more].concat()
}

#[test]
fn the_secret_moves_into_a_token_and_goes_on_managing_every_card() {
    let mut scene = Scene::new("token");
    let token = SoftToken::new(&scene.scratch.folder("hsm"));
    let secret = scene.desk.file("home/card-management.secret");
    let bytes = std::fs::read(&secret).unwrap();
    scene.desk.connect(&token);

    // What can be wrong is said with what to do, and nothing has happened then.
    let wrong_pin = scene.desk.file("wrong.pin");
    std::fs::write(&wrong_pin, "token-pin-wrong").unwrap();
    let wrong_pin = wrong_pin.to_str().unwrap();
    for (arguments, said, next) in [
        (vec!["--module", "/nowhere/pkcs11.so", "--token", LABEL], "cannot use the PKCS#11 module", "Check that"),
        (vec!["--module", MODULE, "--token", "another"], "among those connected: office hsm", "Connect the token"),
        ([&IN_TOKEN[..], &["--token-pin-file", wrong_pin]].concat(), "wrong PIN", "Make sure of the PIN"),
    ] {
        let told = refused(&scene.desk.try_run(&card_secret("move", &arguments)));
        assert!(told.contains(said) && told.contains(next), "{told}");
        assert!(!told.contains("token-pin"), "{told}");
    }
    let said = refused(&scene.desk.try_run(&card_secret("use", &IN_TOKEN)));
    assert!(said.contains("this office has one"), "{said}");
    assert_eq!(std::fs::read(&secret).unwrap(), bytes);
    assert!(!token.keys().contains("sekisho"), "{}", token.keys());

    let said = scene.desk.run(&card_secret("move", &IN_TOKEN));
    assert!(said.contains("key 'sekisho-card-management' in token 'office hsm'"), "{said}");
    assert_eq!(files_with(&scene.desk.file("home"), &bytes), Vec::<String>::new());
    let keys = token.keys();
    assert!(keys.contains("sekisho-card-management") && keys.contains("sensitive"), "{keys}");
    assert!(!keys.contains(" extractable"), "{keys}");
    let said = scene.desk.run(&card_secret("show", &[]));
    assert!(said.contains("in token 'office hsm'"), "{said}");
    scene.desk.run(&card_secret("move", &IN_TOKEN));

    // The same keys: a card from before, and a new one.
    assert!(reset_pin(&scene.desk, &mut scene.clerk).status.success());
    let (mut fresh, _) = scene.desk.issue("fresh", &["--operator", "10031"]);
    assert!(reset_pin(&scene.desk, &mut fresh).status.success());

    // A desk that finds no key there, or no token.
    let places = scene.desk.file("home/card-management.toml");
    let text = std::fs::read_to_string(&places).unwrap();
    std::fs::write(&places, text.replace("sekisho-card-management", "nothing")).unwrap();
    let said = refused(&reset_pin(&scene.desk, &mut fresh));
    assert!(said.contains("cannot find key 'nothing'") && said.contains("restore the key"), "{said}");
    // A home that was lost goes by the token again.
    std::fs::remove_file(&places).unwrap();
    let said = refused(&reset_pin(&scene.desk, &mut fresh));
    assert!(said.contains("office card-secret use"), "{said}");
    scene.desk.run(&card_secret("use", &IN_TOKEN));
    assert_eq!(std::fs::read_to_string(&places).unwrap(), text);
    assert!(reset_pin(&scene.desk, &mut fresh).status.success());

    // The token's PIN locks nobody out of the home, and stands in no file but its own.
    let pin = token.pin_file().display().to_string();
    assert_eq!(files_with(scene.scratch.path(), TOKEN_PIN.as_bytes()), [pin]);
}

#[test]
fn an_office_begins_with_a_secret_that_never_left_its_token() {
    let scratch = Scratch::new("begin");
    let clock = StoryClock::new(scratch.path());
    let mut ledger = Ledger::init(&scratch.folder("l"), &clock);
    ledger.serve();
    let mut desk = Desk::new(&scratch.folder("d"));
    desk.follow(&clock);
    desk.connect(&SoftToken::new(&scratch.folder("hsm")));
    let create = [&["office", "card-secret", "create"], &IN_TOKEN[..]].concat();
    desk.begin(&create);
    desk.found(&ledger, "town.toml");
    assert!(!desk.file("home/card-management.secret").exists());
    let (mut clerk, _) = desk.issue("clerk", &["--operator", "10023"]);
    assert!(reset_pin(&desk, &mut clerk).status.success());
    let said = refused(&desk.try_run(&create));
    assert!(said.contains("this office has one"), "{said}");
}

#[test]
fn a_secret_that_leaked_is_renewed_card_by_card() {
    let mut scene = Scene::new("renew");
    let token = SoftToken::new(&scene.scratch.folder("hsm"));
    scene.desk.connect(&token);
    let missing = |desk: &Desk| desk.list(&["office", "card-secret", "show"]);
    let numbers = |rows: Vec<serde_json::Value>| {
        rows.iter().map(|row| row["guid"].as_str().unwrap().to_owned()).collect::<Vec<String>>()
    };
    let guids: Vec<String> = ["20001", "20002", "10023", "10031"].map(|who| scene.desk.guid_of(who)).into();
    let said = refused(&with_card(&scene.desk, &mut scene.clerk, |desk| desk.try_run(&["card", "rekey"])));
    assert!(said.contains("no renewal") && said.contains("card-secret renew"), "{said}");

    let renew = [&["office", "card-secret", "renew"], &IN_TOKEN[..]].concat();
    let said = scene.desk.run(&renew);
    assert!(said.contains("key 'sekisho-card-management-2' in token 'office hsm'"), "{said}");
    let said = refused(&scene.desk.try_run(&renew));
    assert!(said.contains("a renewal is under way"), "{said}");
    assert_eq!(numbers(missing(&scene.desk)), guids);
    let said = scene.desk.run(&["office", "card-secret", "show"]);
    assert!(said.contains("0 of 4") && said.contains("former secret: in the file") && said.contains("田中"), "{said}");

    // A card from before is named, with its next step; its holder goes on working meanwhile.
    let said = refused(&reset_pin(&scene.desk, &mut scene.clerk));
    assert!(said.contains("office's former secret") && said.contains("card rekey"), "{said}");
    let said = with_card(&scene.desk, &mut scene.clerk, |desk| desk.run(&["card", "show"]));
    assert!(said.contains("office's former secret") && said.contains("card rekey"), "{said}");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);

    let said = with_card(&scene.desk, &mut scene.clerk, |desk| desk.run(&["card", "rekey"]));
    assert!(said.contains("1 of 4 cards in use are done"), "{said}");
    let said = with_card(&scene.desk, &mut scene.clerk, |desk| desk.run(&["card", "rekey"]));
    assert!(said.contains("already") && said.contains("1 of 4"), "{said}");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_state(&scene.terminal, SessionState::Open);
    pull(&scene.terminal, &mut scene.clerk);
    assert!(reset_pin(&scene.desk, &mut scene.clerk).status.success());

    // A card that is made now holds the new keys from the beginning; one that has ended needs none.
    scene.desk.issue("fresh", &["--operator", "10032"]);
    let said = refused(&scene.desk.try_run(&["office", "card-secret", "destroy-former"]));
    assert!(said.contains("3 cards in use hold its keys"), "{said}");
    scene.desk.run(&["card", "return", &guids[3]]);
    let said = refused(&with_card(&scene.desk, &mut scene.other, |desk| desk.try_run(&["card", "reset"])));
    assert!(said.contains("office's former secret"), "{said}");

    // The administrators' own cards, one after the other in one run.
    let said = scene.desk.run_on_all(&["card", "rekey", "--all"]);
    assert!(said.contains("destroy-former"), "{said}");
    assert_eq!(missing(&scene.desk), Vec::<serde_json::Value>::new());
    let former = scene.desk.file("home/card-management.secret");
    let bytes = std::fs::read(former).unwrap();
    scene.desk.run(&["office", "card-secret", "destroy-former"]);
    assert_eq!(files_with(scene.scratch.path(), &bytes), Vec::<String>::new());

    // Who comes by later is named too.
    let said = refused(&with_card(&scene.desk, &mut scene.other, |desk| desk.try_run(&["card", "reset"])));
    assert!(said.contains("a former secret that is not here any more") && said.contains("issue a new card"), "{said}");
    assert_eq!(files_with(scene.scratch.path(), TOKEN_PIN.as_bytes()), [token.pin_file().display().to_string()]);
}

#[test]
fn cards_of_a_lost_secret_go_on_working_and_are_replaced() {
    let mut scene = Scene::new("lostsecret");
    std::fs::remove_file(scene.desk.file("home/card-management.secret")).unwrap();
    let said = refused(&scene.desk.try_run(&["office", "card-secret", "renew"]));
    assert!(said.contains("renew --lost"), "{said}");
    scene.desk.run(&["office", "card-secret", "renew", "--lost"]);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);
    let said = refused(&reset_pin(&scene.desk, &mut scene.clerk));
    assert!(said.contains("can still be used, and no longer managed"), "{said}");
    let said = refused(&with_card(&scene.desk, &mut scene.clerk, |desk| desk.try_run(&["card", "rekey"])));
    assert!(said.contains("is lost") && said.contains("Issue a new card"), "{said}");
    let old = scene.desk.guid_of("10023");
    let (mut fresh, _) = scene.desk.issue("fresh", &["--operator", "10023"]);
    scene.desk.run(&["card", "return", &old, "--reason", "replaced"]);
    assert!(reset_pin(&scene.desk, &mut fresh).status.success());
    let left = scene.desk.list(&["office", "card-secret", "show"]);
    assert_eq!(left.len(), 3, "two administrators and a clerk: {left:?}");
}
