//! After a start nothing is written or signed before a terminal has shown what it verified last: a book that was put back together with its
//! checkpoint files would sign a second history else.

use sekisho_ledger::backup::backup;
use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::config::Config;
use sekisho_ledger::ledger::CannotWrite;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::LogName;

use crate::town::{TestTerminal, Town, code, scratch};
use sekisho_ledger::authority::Peer;
use sekisho_ledger::terminals::Shown;
use sekisho_register::Change;

impl Town {
    /// The same directory, opened by a ledger that hears so many terminals first.
    fn reopen_hearing(&mut self, hear: usize) {
        let config = Config { hear: Some(hear), ..Config::read(&self.data.config()).unwrap() };
        std::fs::write(self.data.config(), config.to_text().unwrap()).unwrap();
        self.reopen();
    }

    /// An act that nobody has made yet.
    fn another(&self) -> Change {
        let other = TestTerminal::new(self.office, "mado-9", [9; 32], self.terminal.envelope.clone());
        Change::Terminal(Box::new(other.registration()))
    }

    fn note_of(&self, log: LogName) -> String {
        self.ledger.office(&self.office).unwrap().log(log).published().unwrap().text.clone()
    }

    fn halts(&self) -> [Option<Halt>; 3] {
        let office = self.ledger.office(&self.office).unwrap();
        LogName::ALL.map(|log| office.log(log).halted())
    }

    fn awaited(&self) -> Option<(usize, usize)> {
        let awaited = self.ledger.office(&self.office).unwrap().hearing().awaited();
        awaited.map(|awaited| (awaited.needed, awaited.heard))
    }
}

#[test]
fn nothing_is_written_until_a_terminal_has_shown_what_it_verified() {
    let mut town = Town::new();
    town.reopen_hearing(3);
    assert_eq!(town.awaited(), None, "no terminal has brought anything yet");
    town.send(5);
    town.reopen_hearing(3);
    assert_eq!(town.awaited(), Some((1, 0)), "there is no other");
    assert!(matches!(town.ledger.can_write(), Err(CannotWrite::Hears(_))));
    let (batch, _) = town.terminal.batch(1);
    assert!(matches!(town.deliver(&batch), Err(Refusal::Hears(_))));
    assert!(matches!(town.submit(vec![town.another()]), Err(Refusal::Hears(_))));
    // What is there is signed: whatever was signed over so many entries was over these.
    town.publish();
    let [records, register, casebook] = LogName::ALL.map(|log| town.note_of(log));
    assert_eq!(records.lines().nth(1), Some("5"));
    // The register alone says little, and a stranger nothing.
    let shown = Shown { register: Some(register), records: None, casebook: None };
    assert!(matches!(town.ledger.hear(&town.terminal.peer, &shown), Err(Refusal::Hears(_))));
    let shown = Shown { records: Some(records), casebook: Some(casebook), ..shown };
    let stranger = Peer { terminal: code("nobody"), ..town.terminal.peer.clone() };
    assert!(matches!(town.ledger.hear(&stranger, &shown), Err(Refusal::Hears(_))));
    assert_eq!(town.awaited(), Some((1, 0)));
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.awaited(), None);
    town.ledger.can_write().unwrap();
    town.send(5);
    town.submit(vec![town.another()]).unwrap();
}

#[test]
fn a_book_that_was_put_back_with_its_checkpoint_files_signs_no_second_history() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let copy = scratch();
    backup(&town.root, &copy).unwrap();
    town.send(5);
    town.publish();
    let shown = town.shown();
    town.put_back(&copy);
    town.reopen_hearing(1);
    assert_eq!((town.awaited(), town.halts()), (Some((1, 0)), [None; 3]), "it knows of nothing newer by itself");
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.halts(), [Some(Halt::Outrun { seen: 10, stored: 5 }), None, None]);
    LogName::ALL.into_iter().for_each(|log| drop(town.ledger.office(&town.office).unwrap().log(log).publish()));
    let office = town.office.to_string();
    let signed =
        |root: &std::path::Path| std::fs::read_to_string(root.join("checkpoints").join(&office).join("records"));
    assert_eq!(signed(&town.root).unwrap(), signed(&copy).unwrap(), "nothing was signed since");
    // The register is none the worse for it.
    town.submit(vec![town.another()]).unwrap();
    // What is worse than being behind is not forgotten for it, over a restart either.
    let log = town.ledger.office(&town.office).unwrap();
    log.log(LogName::Records).halt(Halt::Contradicted { size: 3 }, "another history");
    log.log(LogName::Records).halt(Halt::Outrun { seen: 11, stored: 5 }, "more");
    assert_eq!(
        (town.halts()[0], log.log(LogName::Records).lacks().is_none()),
        (Some(Halt::Contradicted { size: 3 }), true)
    );
    town.reopen_hearing(0);
    assert_eq!(town.halts()[0], Some(Halt::Contradicted { size: 3 }));
}
