//! Terminals: what they show, who is responsible, who may work there, and what they ask for each process.

use sekisho_ipc::{PromptRequest, SessionState};
use sekisho_tests::clerk::{authorize, insert, login, pull, request, try_login, type_pin, verdict_of, wait_state};
use sekisho_tests::peer::journal;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::small_disk::SmallDisk;
use sekisho_tests::wait;
use sekisho_wire::record::{Body, Record};

use crate::screen::Shown;

#[test]
fn s4_2_1_a_locked_terminal_shows_nothing_of_the_business_screen() {
    let shown = Shown::working("hyouji");
    shown.room.scene.terminal.client().lock().unwrap();
    wait_state(&shown.room.scene.terminal, SessionState::Locked);
    shown.assert_hidden();
    wait_sealed(&shown.room.scene.terminal);
    assert_eq!(shown.room.scene.search(&["--kind", "screen_locked"]).len(), 1, "on record");
}

#[test]
fn s4_9_a_terminal_that_moves_has_the_next_sections_head_responsible() {
    let mut scene = Scene::new("setchi");
    scene.apply_by_two(
        "[[post]]\npost = \"jumin-kakari\"\ntitle = \"住民係長\"\nroles = [\"terminal_manager\"]\nsection = \"jumin\"\n\
         [[hold_post]]\npost = \"jumin-kakari\"\noperator = \"10023\"\n\
         [[post]]\npost = \"zei-kakari\"\ntitle = \"税務係長\"\nroles = [\"terminal_manager\"]\nsection = \"zeimu\"\n\
         [[hold_post]]\npost = \"zei-kakari\"\noperator = \"10031\"\n",
    );
    let responsible = |scene: &Scene| {
        let [row] = scene.desk.list(&["terminal", "list"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
        (row["responsible"].as_str().unwrap().to_owned(), row["held"].as_str().unwrap().to_owned())
    };
    let of = |post: &str, person: &str| (post.to_owned(), person.to_owned());
    assert_eq!(responsible(&scene), of("jumin-kakari", "田中 さくら (10023)"));
    scene.apply("[[terminal]]\nterminal = \"jumin-1\"\nsection = \"zeimu\"\n");
    assert_eq!(responsible(&scene), of("zei-kakari", "高橋 健 (10031)"));
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("jumin-1") && acts.contains("zeimu") && acts.contains("佐藤 一郎"), "{acts}");
    // What was so before it moved can still be printed.
    let yesterday = scene.clock.minute_in(std::time::Duration::ZERO)[..10].to_owned();
    assert_eq!(scene.desk.list(&["register", "print", "terminals", "--as-of", &yesterday]).len(), 1);
}

#[test]
fn s4_10_1_3_an_operator_is_refused_where_he_is_not_permitted() {
    let mut scene = Scene::new("kyoka");
    let (mut card, _) = scene.desk.issue("10032", &["--operator", "10032"]);
    scene.wait_current();
    insert(&scene.terminal, &mut card);
    assert_eq!(try_login(&scene.terminal, &card), "operator_not_for_terminal");
    // Permitted for this terminal alone.
    let who = ["operator", "designate", "10032", "--name", "伊藤 直子", "--section", "zeimu", "--terminal", "jumin-1"];
    scene.decide(&who);
    login(&scene.terminal, &card);
    wait_sealed(&scene.terminal);
    assert_eq!(scene.search(&["--verdict", "65"]).len(), 1, "the refusal is on record");
}

#[test]
fn s4_12_process_each_process_asks_anew_for_scope_and_pin() {
    let mut scene = Scene::new("shori");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    // Another process, which the office has so set: the PIN again, each time.
    for _ in 0..2 {
        assert_eq!(verdict_of(&scene.terminal, "inkan.register"), "pin_proof_needed");
        let process = PromptRequest::authorize(request("inkan.register"));
        let proved = type_pin(&mut scene.terminal.client(), &process, &scene.clerk.pin()).unwrap();
        assert!(proved.verdict.granted, "{}", proved.verdict.code);
    }
    let process = PromptRequest::authorize(request("inkan.register"));
    assert!(type_pin(&mut scene.terminal.client(), &process, "918273").is_err(), "a wrong one opens nothing");
    // The scope is asked for again, too: it has changed in the meantime.
    scene.decide(&["operator", "profile", "10023", "jumin-a", "--function", "juminhyo.issue"]);
    assert_eq!(verdict_of(&scene.terminal, "inkan.register"), "function_not_in_scope");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_sealed(&scene.terminal);
    scene.desk.assert_verified();
}

#[test]
fn s4_12_log_where_no_access_record_can_be_written_there_is_no_session() {
    let mut scene = Scene::new("kiroku");
    scene.terminal.stop();
    let disk = SmallDisk::under(&scene.terminal.state(), 2048);
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    disk.fill();
    wait::until("the answer journal_full", || {
        (authorize(&scene.terminal, "juminhyo.issue").verdict.code == "journal_full").then_some(())
    });
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "journal_full");
    pull(&scene.terminal, &mut scene.clerk);
    disk.free();
    insert(&scene.terminal, &mut scene.clerk);
    wait::until("a login with room", || (try_login(&scene.terminal, &scene.clerk) == "granted").then_some(()));
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    scene.terminal.stop();
    let records = journal(&scene.terminal.state());
    let closed = records.iter().filter(|bytes| matches!(Record::decode(bytes).unwrap().body, Body::SessionClosed(_)));
    assert!(closed.count() >= 1, "that it ended is written down");
}
