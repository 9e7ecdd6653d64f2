//! A PIN that is typed on the card reader: the real pcscd, with libccid's driver of a reader that has a keypad. The PIN never comes to the host,
//! and nothing that goes wrong on the reader is asked for at the keyboard instead.

use std::process::Command;
use std::time::Duration;

use sekisho_ipc::{
    AgentError, AwaitAnswer, Client, ClientError, Keypad, PinEntry, PinFrame, PromptRequest, PromptWhat, SessionState,
};
use sekisho_tests::clerk::{request, type_pin, wait_card, wait_state, wait_tries};
use sekisho_tests::login::{Attempt, Stanzas};
use sekisho_tests::pin_pad::{Move, PinPadReader};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

const PIN: &str = "493716";

/// The town, with a keypad reader at the counter, used as `pin_pad` in its configuration says, and the clerk's card in it.
fn town(story: &str, pin_pad: &str) -> (Scene, PinPadReader) {
    let pad = PinPadReader::new();
    let mut scene = Scene::with(story, |terminal| {
        terminal.pcscd.restart_with_keypad(pad.device());
        let configuration = std::fs::read_to_string(terminal.configuration()).unwrap();
        terminal.configure(&format!("{configuration}[card]\npin_pad = {pin_pad:?}\npad_seconds = 40\n"));
    });
    scene.desk.choose_pin(&scene.clerk, PIN);
    insert(&mut scene, &pad);
    (scene, pad)
}

fn insert(scene: &mut Scene, pad: &PinPadReader) {
    pad.insert(&mut scene.clerk.card);
    wait_card(&scene.terminal, true);
}

fn entry(scene: &Scene) -> (PinEntry, Keypad) {
    let card = scene.terminal.client().status().unwrap().card.unwrap();
    (card.pin_entry, card.keypad)
}

/// Lets the reader ask, has the person do something, and gives what comes of it.
fn on_reader(
    scene: &Scene,
    pad: &PinPadReader,
    request: &PromptRequest,
    does: Move,
) -> Result<AwaitAnswer, ClientError> {
    let mut client = scene.terminal.client();
    let prompt = client.prompt(request)?;
    // For a change three are typed, and the reader waits so long for each.
    let entries = if request.what == PromptWhat::ChangePin { 3 } else { 1 };
    assert_eq!(prompt.on_reader, Some(Duration::from_secs(40) * entries));
    let asked = pad.wait_asked();
    assert_eq!((asked.seconds, asked.digits), (40, (6, 8)));
    assert_eq!(entry(scene).0, PinEntry::ReaderNow);
    pad.person(does);
    client.wait_for(&prompt)
}

fn types(pin: &str) -> Move {
    Move::Types(vec![pin.to_owned()])
}

/// Verdict and words of what did not open anything.
fn refused(outcome: Result<AwaitAnswer, ClientError>) -> (String, String) {
    match outcome {
        Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) => {
            (verdict.code, format!("{}\n{}\n{}\n{}", verdict.what, verdict.next, verdict.what_ja, verdict.next_ja))
        }
        other => panic!("nothing should have come of it: {other:?}"),
    }
}

/// Whether these characters stand anywhere: in what went over the line in either direction, or in a file of the story's, as they are or in
/// hexadecimal.
fn is_found(scene: &Scene, pad: &PinPadReader, pin: &str) -> Vec<String> {
    let hex = |between: &str| pin.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between);
    let spellings = [pin.to_owned(), hex(""), hex(" "), hex("").to_uppercase(), hex(" ").to_uppercase()];
    let holds = |bytes: &[u8]| {
        spellings.iter().any(|spelling| bytes.windows(spelling.len()).any(|window| window == spelling.as_bytes()))
    };
    let [heard, told] = pad.traffic();
    let line = [("to the reader", heard), ("from the reader", told)];
    let mut found: Vec<String> =
        line.iter().filter(|(_, bytes)| holds(bytes)).map(|(what, _)| (*what).into()).collect();
    // What the terminal and its pcscd have written; the PIN's own file lies at the desk.
    let mut folders = vec![scene.scratch.path().join("t")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && std::fs::read(&path).is_ok_and(|bytes| holds(&bytes)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn kinds(scene: &Scene) -> Vec<String> {
    wait_sealed(&scene.terminal);
    let mut rows = scene.search(&["--terminal", "jumin-1"]);
    rows.reverse();
    rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_pin_typed_on_the_reader_opens_the_same_session_and_never_comes_to_the_host() {
    let (mut scene, pad) = town("padlogin", "use");
    assert_eq!(entry(&scene), (PinEntry::Reader, Keypad::VerifiesAndChanges));
    let before = scene.clerk.card.apdus_at_insertion();
    let opened = on_reader(&scene, &pad, &PromptRequest::login(), types(PIN)).unwrap();
    assert!(opened.verdict.granted && opened.session.is_some(), "{opened:?}");
    let spent = scene.clerk.card.apdus_from(before);
    assert!(spent.len() <= 8, "{} APDUs:\n{}", spent.len(), spent.join("\n"));
    assert_eq!(scene.clerk.card.verifications_from(before), 1, "the card has seen a PIN");

    // A function of level PIN, and the lock after nobody worked.
    let function = PromptRequest::authorize(request("inkan.register"));
    let proved = on_reader(&scene, &pad, &function, types(PIN)).unwrap();
    assert!(proved.verdict.granted && proved.record.is_some(), "{proved:?}");
    scene.clock.pass(Duration::from_secs(301));
    wait_state(&scene.terminal, SessionState::Locked);
    let again = on_reader(&scene, &pad, &PromptRequest::login(), types(PIN)).unwrap();
    assert_eq!(again.session.map(|session| session.id), opened.session.map(|session| session.id));

    // The card's own question for tries is all that was sent of VERIFY.
    assert_eq!(is_found(&scene, &pad, PIN), Vec::<String>::new());
    pad.pull(&mut scene.clerk.card);
    wait_card(&scene.terminal, false);
    let kinds = kinds(&scene);
    let session = ["card_seen", "session_opened", "decision", "locked", "session_unlocked", "session_closed"];
    let told: Vec<&str> = kinds.iter().map(String::as_str).filter(|kind| session.contains(kind)).collect();
    assert_eq!(told, session, "as by any PIN");
}

#[test]
fn at_the_keyboard_the_pin_is_found_where_the_search_looks() {
    let (scene, pad) = town("padoff", "off");
    assert_eq!(entry(&scene), (PinEntry::Keyboard, Keypad::VerifiesAndChanges));
    let opened = type_pin(&mut scene.terminal.client(), &PromptRequest::login(), PIN).unwrap();
    assert!(opened.verdict.granted);
    assert!(!pad.asks());
    assert!(is_found(&scene, &pad, PIN).contains(&"to the reader".to_owned()), "the search is blind");
}

#[test]
fn what_goes_wrong_on_the_reader_is_told_and_asked_for_nowhere_else() {
    let (mut scene, pad) = town("padwrong", "use");
    let login = PromptRequest::login();
    let before = scene.clerk.card.apdus();
    let (code, said) = refused(on_reader(&scene, &pad, &login, types("918273")));
    assert!(code == "wrong_pin" && said.contains("tries left: 4"), "{said}");
    assert_eq!(scene.clerk.card.verifications_from(before), 1);

    let before = scene.clerk.card.apdus();
    let nothing = [
        (Move::Waits, "nobody typed the PIN on the reader in time", "時間内に暗証番号が入力されませんでした"),
        (Move::Cancels, "cancelled on the reader", "カードリーダーで入力が取り消されました"),
        (types("4937"), "no PIN has so many digits", "桁数の暗証番号はありません"),
    ];
    for (does, english, japanese) in nothing {
        let (code, said) = refused(on_reader(&scene, &pad, &login, does));
        assert!(code == "card_problem" && said.contains(english) && said.contains(japanese), "{said}");
        assert!(said.contains("keypad") || said.contains("6 to 8 digits"), "it says what to do: {said}");
    }
    pad.be_defective(true);
    let mut client = scene.terminal.client();
    let prompt = client.prompt(&login).unwrap();
    let (code, said) = refused(client.wait_for(&prompt));
    assert!(code == "card_problem" && said.contains("card.pin_pad"), "{said}");
    pad.be_defective(false);
    assert_eq!(scene.clerk.card.verifications_from(before), 0, "none of it has cost a try");
    wait_tries(&scene.terminal, 4);

    // Whoever answers such a prompt with a PIN is not heard, and neither is a client that does not know of keypads.
    let prompt = client.prompt(&login).unwrap();
    let _ = pad.wait_asked();
    assert!(prompt.send_pin(&PinFrame::new(PIN.as_bytes()).unwrap()).is_err());
    PinFrame::new(PIN.as_bytes()).unwrap().send(&prompt).unwrap();
    // The card worker hangs up.
    let _ = rustix::io::read(&prompt, &mut [0]);
    pad.types(PIN);
    assert!(matches!(client.wait_for(&prompt), Err(ClientError::Agent(AgentError::PromptCancelled))));
    wait_state(&scene.terminal, SessionState::AwaitPin);

    // Pulled while it is typed: nobody can say what it cost, until the card is back and says so itself.
    let mut client = scene.terminal.client();
    // The reader ends its turn with the PIN that nobody wants, and is busy until then.
    let prompt = wait::until("the reader to be free", || client.prompt(&login).ok());
    let _ = pad.wait_asked();
    pad.pull(&mut scene.clerk.card);
    let (code, said) = refused(client.wait_for(&prompt));
    assert!(code == "pin_unanswered", "{code}: {said}");
    wait_card(&scene.terminal, false);
    insert(&mut scene, &pad);
    // The right PIN that opened nothing was right.
    wait_tries(&scene.terminal, 5);
    assert!(on_reader(&scene, &pad, &login, types(PIN)).unwrap().verdict.granted);
    assert_eq!(kinds(&scene).iter().filter(|kind| *kind == "pin_failed").count(), 1);
}

#[test]
fn a_card_pulled_while_its_pin_is_typed_for_a_function_ends_the_session() {
    let (mut scene, pad) = town("padpull", "use");
    assert!(on_reader(&scene, &pad, &PromptRequest::login(), types(PIN)).unwrap().verdict.granted);
    let mut client = scene.terminal.client();
    let prompt = client.prompt(&PromptRequest::authorize(request("inkan.register"))).unwrap();
    let _ = pad.wait_asked();
    let second = scene.terminal.client().prompt(&PromptRequest::authorize(request("inkan.register")));
    let (_, said) = refused(second.map(|prompt| panic!("two at once: {prompt:?}")));
    assert!(said.contains("the reader waits for a PIN"), "{said}");
    pad.pull(&mut scene.clerk.card);
    assert_eq!(refused(client.wait_for(&prompt)).0, "pin_unanswered");
    wait_state(&scene.terminal, SessionState::NoCard);
}

#[test]
fn a_person_may_take_longer_than_any_card() {
    let pad = PinPadReader::new();
    let mut scene = Scene::with("padslow", |terminal| {
        terminal.pcscd.restart_with_keypad(pad.device());
        let configuration = std::fs::read_to_string(terminal.configuration()).unwrap();
        let card = "[card]\npin_pad = \"use\"\npad_seconds = 60\n";
        terminal.configure(&format!("{configuration}{card}"));
    });
    scene.desk.choose_pin(&scene.clerk, PIN);
    insert(&mut scene, &pad);
    let mut client = scene.terminal.client();
    let prompt = client.prompt(&PromptRequest::login()).unwrap();
    let _ = pad.wait_asked();
    // Longer than what ends the card worker over a card: ten seconds, unless configured.
    std::thread::sleep(Duration::from_secs(12));
    pad.types(PIN);
    assert!(client.wait_for(&prompt).unwrap().verdict.granted);
}

#[test]
fn a_reader_without_a_keypad_takes_no_pin_where_one_is_required() {
    let mut scene = Scene::with("padnone", |terminal| {
        let configuration = std::fs::read_to_string(terminal.configuration()).unwrap();
        terminal.configure(&format!("{configuration}[card]\npin_pad = \"require\"\n"));
    });
    sekisho_tests::clerk::insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(entry(&scene), (PinEntry::Nowhere, Keypad::None));
    let before = scene.clerk.card.apdus();
    let pin = scene.clerk.pin();
    let (code, said) = refused(type_pin(&mut scene.terminal.client(), &PromptRequest::login(), &pin));
    assert!(code == "card_problem" && said.contains("no keypad") && said.contains("キーパッド"), "{said}");
    assert_eq!(scene.clerk.card.verifications_from(before), 0);
    let doctor = doctor(&scene);
    assert!(doctor.iter().any(|(code, grade)| code == "keypad" && grade == "wrong"), "{doctor:?}");
}

/// What `sekisho doctor` finds, by code and grade.
fn doctor(scene: &Scene) -> Vec<(String, String)> {
    let mut command = scene.terminal.sekisho(&["doctor", "--json"]);
    let output = command.env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket()).output().unwrap();
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |finding: &serde_json::Value, name: &str| finding[name].as_str().unwrap().to_owned();
    found.iter().map(|finding| (text(finding, "code"), text(finding, "grade"))).collect()
}

fn said(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn command_line_and_pam_say_where_to_type_and_ask_nothing() {
    let (scene, pad) = town("padclients", "require");
    let found = doctor(&scene);
    assert!(found.contains(&("keypad".into(), "sound".into())), "{found:?}");
    pad.types(PIN);
    let (well, text) = said(&mut scene.terminal.sekisho(&["login"]));
    assert!(well && text.contains("Type your PIN on the reader's keypad") && text.contains("10023"), "{text}");
    Client::connect(&scene.terminal.socket()).unwrap().end().unwrap();

    // A PIN on standard input is not read, and refused before anybody is asked for another.
    let mut piped = scene.terminal.sekisho(&["login", "--pin-stdin"]);
    let (ended, text) = sekisho_tests::said::run("sekisho", &mut piped, &format!("{PIN}\n"));
    assert!(!ended.success() && text.contains("typed on the reader's keypad"), "{text}");
    assert_eq!(entry(&scene).0, PinEntry::Reader, "the reader was not asked for it");
    assert!(!pad.asks());

    let stanzas = Stanzas::new(&scene.scratch.folder("pam.d"), &scene.terminal);
    let accounts = scene.scratch.path().join("accounts");
    std::fs::write(&accounts, "10023 games\n").unwrap();
    let personal = format!("account=personal accounts={}", accounts.display());
    stanzas.example("login", "login", &[("account=personal", personal.as_str())]);
    let mut attempt = Attempt::begin(stanzas.steps("login", "games", &["authenticate", "acct_mgmt"]));
    attempt.wait_said("Type your PIN on the reader's keypad");
    pad.types(PIN);
    let (code, text) = attempt.finish("");
    assert!(code == Some(0) && !text.contains("PIN: "), "{text}");
    wait_state(&scene.terminal, SessionState::Open);
}

#[test]
fn a_pin_is_changed_on_the_reader_and_the_card_keeps_its_rules() {
    let (scene, pad) = town("padchange", "use");
    let change = PromptRequest::change_pin();
    let change_to = |old: &str, new: &str, again: &str| Move::Types([old, new, again].map(str::to_owned).to_vec());
    let (code, said) = refused(on_reader(&scene, &pad, &change, change_to(PIN, "805294", "805295")));
    assert!(code == "card_problem" && said.contains("twice the same"), "{said}");
    let (code, said) = refused(on_reader(&scene, &pad, &change, change_to(PIN, "444444", "444444")));
    assert!(code == "card_problem" && said.contains("not one character repeated"), "{said}");
    let changed = on_reader(&scene, &pad, &change, change_to(PIN, "805294", "805294")).unwrap();
    assert!(changed.verdict.granted, "{changed:?}");
    assert_eq!(refused(on_reader(&scene, &pad, &PromptRequest::login(), types(PIN))).0, "wrong_pin");
    assert!(on_reader(&scene, &pad, &PromptRequest::login(), types("805294")).unwrap().verdict.granted);
    assert_eq!(is_found(&scene, &pad, "805294"), Vec::<String>::new());
    assert!(kinds(&scene).contains(&"pin_changed".to_owned()));
}

#[test]
fn an_agent_that_restarts_while_a_reader_waits_has_a_card_worker_that_says_so() {
    let (mut scene, pad) = town("padrestart", "use");
    let mut client = scene.terminal.client();
    let _prompt = client.prompt(&PromptRequest::login()).unwrap();
    let _ = pad.wait_asked();
    scene.terminal.kill(Part::Agent);
    sekisho_tests::wait::until("the worker to begin anew", || scene.terminal.has_ended(Part::CardWorker).then_some(()));
    scene.terminal.start_part(Part::Agent);
    scene.terminal.start_part(Part::CardWorker);
    let advice = |scene: &Scene| scene.terminal.client().status().unwrap().advice;
    sekisho_tests::wait::until("the reader to be spoken of", || {
        advice(&scene).what.contains("another program").then_some(())
    });
    pad.person(Move::Cancels);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    let opened = on_reader(&scene, &pad, &PromptRequest::login(), types(PIN)).unwrap();
    assert!(opened.verdict.granted, "{opened:?}");
}
