use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{JoinHandle, spawn};

use sekisho_ipc::{Call, Connection, Descriptors, PinFrame, PinReader};
use serde_json::{Value, json};

use super::*;

/// Somebody at a program that lets people in.
struct Person {
    user: &'static str,
    types: Option<&'static [u8]>,
    told: RefCell<String>,
    asked: Cell<u32>,
    variables: RefCell<BTreeMap<String, String>>,
    starter: u32,
}

impl Person {
    fn who_types(types: Option<&'static [u8]>) -> Self {
        Self {
            user: "kiosk",
            types,
            told: RefCell::default(),
            asked: Cell::new(0),
            variables: RefCell::default(),
            starter: 0,
        }
    }
}

impl Application for Person {
    fn user(&self) -> Option<String> {
        Some(self.user.into())
    }

    fn uid_of(&self, user: &str) -> Option<u32> {
        (user == "kiosk").then_some(1000)
    }

    fn remote_host(&self) -> Option<String> {
        None
    }

    fn starter(&self) -> u32 {
        self.starter
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.borrow().get(name).cloned()
    }

    fn set_variable(&self, name: &str, value: &str) {
        self.variables.borrow_mut().insert(name.into(), value.into());
    }

    fn inherited(&self, name: &str) -> Option<String> {
        (name == "LANG").then(|| "en_US.UTF-8".into())
    }

    fn tell(&self, _: Tone, text: &str) {
        self.told.borrow_mut().push_str(text);
    }

    fn ask_pin(&self, _: &str) -> Result<PinFrame, NoPin> {
        self.asked.set(self.asked.get() + 1);
        PinFrame::new(self.types.ok_or(NoPin::NoAnswer)?).map_err(NoPin::NotOne)
    }

    fn log(&self, _: &str) {}
}

fn verdict(code: &str) -> Value {
    json!({"granted": code == "granted", "code": code, "number": 1, "what": format!("it is {code}"), "next": "Do it.",
        "what_ja": "こうです", "next_ja": "こうしてください。"})
}

fn session(operator: &str) -> Value {
    json!({"id": "c27e", "operator": operator, "name": null, "profile": "p", "section": "s", "section_title": "", "kind": "ordinary", "opened": 1,
        "idle_lock_in": 1, "ends_in": 1, "ends_by": "length"})
}

fn state(name: &str, operator: Option<&str>) -> Value {
    let card = (name != "no_card")
        .then(|| json!({"guid": "9b1d", "profiles": [], "by_grant": false, "pin_entry": "keyboard", "keypad": "none", "signs_acts": false}));
    json!({"parameters": {"state": {"state": name, "card": card, "session": operator.map(session), "functions": [], "recent": [],
        "register_size": 3, "register_stale": false, "screen": "ready", "link": "up", "register_link": "up", "unsent": 0, "unsealed": 0, "reports_waiting": 0, "reports_refused": 0, "time": 1,
        "advice": verdict("no_card")}}})
}

fn prompt(operator: &str) -> Value {
    json!({"parameters": {"prompt": "p1", "tries_left": 5, "card": "9b1d", "operator": operator, "name": null}})
}

fn granted(operator: &str) -> Value {
    json!({"parameters": {"verdict": verdict("granted"), "session": session(operator)}})
}

fn problem(code: &str) -> Value {
    json!({"error": "io.sekisho.CardProblem", "parameters": {"verdict": verdict(code), "tries_left": 4}})
}

/// What an agent was asked, and the PIN.
type Heard = (Vec<Value>, Vec<u8>);

/// An agent that gives these answers, one after another, and then goes away.
fn agent(answers: Vec<Value>) -> (PathBuf, JoinHandle<Heard>) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("sekisho-pam-{}-{number}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let agent = spawn(move || {
        let mut connection = Connection::new(listener.accept().unwrap().0, Descriptors::Refused).unwrap();
        let (mut heard, mut pin) = (Vec::new(), Vec::new());
        for answer in answers {
            let Ok(call) = connection.read_message::<Call>(4096) else { break };
            let opens = call.method.ends_with(".Prompt") && answer.get("error").is_none();
            let method = call.method.replace("io.sekisho.", "");
            heard.push(json!([method, call.parameters["what"], call.parameters["card"], call.parameters["function"]]));
            if !opens {
                connection.write_message(&answer).unwrap();
                continue;
            }
            let (worker, client) = UnixStream::pair().unwrap();
            connection.write_message_with_fd(&answer, client.as_fd()).unwrap();
            drop(client);
            let frames = if call.parameters["what"] == "change_pin" { 2 } else { 1 };
            for _ in 0..frames {
                pin = PinReader::default()
                    .read(&worker)
                    .ok()
                    .flatten()
                    .map_or_else(Vec::new, |frame| frame.expose().to_vec());
            }
        }
        (heard, pin)
    });
    (path, agent)
}

/// Lets a person try with these options at an agent that gives these answers.
fn attempt(person: &Person, options: &[&str], answers: Vec<Value>) -> (Outcome, Vec<Value>, Vec<u8>) {
    let (path, agent) = agent(answers);
    let socket = format!("socket={}", path.display());
    let options = Options::parse([&["wait=0", &socket], options].concat()).unwrap();
    let outcome = authenticate(person, &options);
    std::fs::remove_file(path).unwrap();
    let (heard, pin) = agent.join().unwrap();
    (outcome, heard, pin)
}

const SHARED: &str = "account=shared:kiosk";
const PIN: &[u8] = b"246813";

/// A file that says whose the account is. A test that is not run by root has none that is believed.
fn personal(operator: &str) -> (String, PathBuf) {
    let path = std::env::temp_dir().join(format!("sekisho-pam-accounts-{}-{operator}", std::process::id()));
    std::fs::write(&path, format!("{operator} kiosk\n")).unwrap();
    (format!("accounts={}", path.display()), path)
}

fn login() -> Value {
    json!(["Prompt", "login", "9b1d", null])
}

fn plain(method: &str) -> Value {
    json!([method, null, null, null])
}

#[test]
fn each_state_asks_for_the_pin_in_its_own_way_and_an_open_session_is_locked_first() {
    let status = || plain("Status");
    for (now, operator, before) in
        [("await_pin", None, vec![]), ("locked", Some("10023"), vec![]), ("open", Some("10023"), vec![plain("Lock")])]
    {
        let person = Person::who_types(Some(PIN));
        let mut answers = vec![state(now, operator)];
        answers.extend(before.iter().map(|_| json!({"parameters": {}})));
        answers.extend([prompt("10023"), granted("10023")]);
        let (outcome, heard, pin) = attempt(&person, &[SHARED], answers);
        assert_eq!((outcome, pin.as_slice()), (Outcome::Success, PIN), "{now}: {}", person.told.borrow());
        assert_eq!(heard, [vec![status()], before, vec![login(), plain("Await")]].concat(), "{now}");
        assert_eq!(person.variable(SESSION_VARIABLE).as_deref(), Some("c27e"));
    }
}

#[test]
fn a_function_is_asked_for_without_locking_and_names_no_session_of_this_login() {
    let person = Person::who_types(Some(PIN));
    // As the agent answers: with the session in which the function was granted.
    let answers = vec![state("open", Some("10023")), prompt("10023"), granted("10023")];
    let (outcome, heard, _) = attempt(&person, &[SHARED, "function=repair"], answers);
    assert_eq!(outcome, Outcome::Success);
    let asked = json!(["Prompt", "authorize", "9b1d", "repair"]);
    assert_eq!(heard, [plain("Status"), asked, plain("Await")]);
    assert_eq!(person.variable(SESSION_VARIABLE), None, "its end must not end the clerk's session");
    assert!(person.variable(CARD_VARIABLE).is_some(), "it is no login without a card");
}

#[test]
fn who_is_logged_in_already_becomes_nobody_else_by_the_card_that_is_in() {
    let person = Person { starter: 4711, ..Person::who_types(Some(PIN)) };
    // The agent is not even asked: here is none.
    let options = Options::parse(["socket=/nonexistent/agent.sock", SHARED]).unwrap();
    assert_eq!(authenticate(&person, &options), Outcome::Refused);
    assert!(person.told.borrow().contains("Log in as that account"), "{}", person.told.borrow());
}

#[test]
fn another_person_s_card_neither_locks_nor_hears_a_pin() {
    let (file, path) = personal("10031");
    let mut shown = state("await_pin", None);
    shown["parameters"]["state"]["card"]["operator"] = json!("10023");
    let hidden = state("await_pin", None);
    for answers in [vec![state("open", Some("10023"))], vec![shown], vec![hidden, prompt("10023")]] {
        let person = Person::who_types(Some(PIN));
        let asked = answers.len();
        let (outcome, heard, pin) = attempt(&person, &["account=personal", &file], answers);
        if rustix::process::geteuid().is_root() {
            assert_eq!((outcome, heard.len(), pin.len(), person.asked.get()), (Outcome::Refused, asked, 0, 0));
            assert!(person.told.borrow().contains("does not open this account"));
        } else {
            assert_eq!(outcome, Outcome::BadStanza);
        }
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_the_agent_says_is_told_and_decides_what_is_returned() {
    let not_permitted = json!({"error": "io.sekisho.NotPermitted", "parameters": {"reason": "not_a_prompt_peer"}});
    for (answers, outcome, part) in [
        (vec![state("no_card", None)], Outcome::Refused, "no card was put in"),
        (vec![state("await_pin", None), problem("card_revoked")], Outcome::Refused, "it is card_revoked\nDo it."),
        (vec![state("await_pin", None), problem("pin_blocked")], Outcome::NoMoreTries, "it is pin_blocked"),
        (vec![state("await_pin", None), prompt("1"), problem("wrong_pin")], Outcome::Refused, "it is wrong_pin"),
        (
            vec![state("await_pin", None), prompt("1"), problem("pin_not_sent")],
            Outcome::NoMoreTries,
            "it is pin_not_sent",
        ),
        (vec![state("await_pin", None), not_permitted], Outcome::BadStanza, "[peers]"),
        (vec![json!({"error": "io.sekisho.NotEnrolled"})], Outcome::AgentUnavailable, "not enrolled"),
        (vec![], Outcome::AgentUnavailable, "the agent does not answer"),
        (vec![state("await_pin", None), prompt("1")], Outcome::AgentUnavailable, "the agent does not answer"),
    ] {
        let person = Person::who_types(Some(PIN));
        let (returned, _, _) = attempt(&person, &[SHARED], answers);
        assert_eq!(returned, outcome, "{part}");
        assert!(person.told.borrow().contains(part), "'{part}' is not in: {}", person.told.borrow());
    }
}

#[test]
fn who_gives_up_or_types_no_pin_sends_nothing() {
    for (types, outcome) in
        [(None, Outcome::ConversationOver), (Some(&b""[..]), Outcome::Refused), (Some(b"12345"), Outcome::Refused)]
    {
        let person = Person::who_types(types);
        let answers = vec![state("await_pin", None), prompt("10023"), granted("10023")];
        let (returned, heard, pin) = attempt(&person, &[SHARED], answers);
        assert_eq!((returned, heard.len(), pin.len()), (outcome, 2, 0));
    }
}

#[test]
fn an_account_that_no_stanza_names_and_one_that_is_not_there_never_come_to_the_agent() {
    let stanza = |words: &[&str]| Options::parse([&["socket=/nowhere"], words].concat()).unwrap();
    let person = Person::who_types(Some(PIN));
    assert_eq!(authenticate(&person, &stanza(&[])), Outcome::BadStanza);
    assert_eq!(authenticate(&person, &stanza(&["account=shared:counter"])), Outcome::Refused);
    let nobody = Person { user: "nobody-here", ..Person::who_types(Some(PIN)) };
    assert_eq!(authenticate(&nobody, &stanza(&[SHARED])), Outcome::UserUnknown);
    assert_eq!(authenticate(&person, &stanza(&[SHARED])), Outcome::AgentUnavailable);
}

#[test]
fn a_pin_that_has_expired_is_changed_and_the_new_one_logs_in() {
    let person = Person::who_types(Some(PIN));
    let changed = json!({"parameters": {"verdict": verdict("granted")}});
    let answers = vec![
        state("await_pin", None),
        problem("pin_expired"),
        prompt("10023"),
        changed,
        prompt("10023"),
        granted("10023"),
    ];
    let (outcome, heard, pin) = attempt(&person, &[SHARED], answers);
    assert_eq!((outcome, pin.as_slice()), (Outcome::Success, PIN), "{}", person.told.borrow());
    let change = json!(["Prompt", "change_pin", "9b1d", null]);
    assert_eq!(heard, [plain("Status"), login(), change, plain("Await"), login(), plain("Await")]);
    assert_eq!(person.asked.get(), 3, "the present one, the new one twice, and no fourth time");
    assert!(person.told.borrow().contains("it is pin_expired\nChoose another one now."), "{}", person.told.borrow());

    // The card does not take the new one: nobody is let in, and she hears why.
    let person = Person::who_types(Some(PIN));
    let answers = vec![state("await_pin", None), problem("pin_expired"), prompt("10023"), problem("card_problem")];
    let (outcome, heard, _) = attempt(&person, &[SHARED], answers);
    assert_eq!((outcome, heard.len()), (Outcome::Refused, 4));
    assert!(person.told.borrow().contains("it is card_problem"), "{}", person.told.borrow());
}
