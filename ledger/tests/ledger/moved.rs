//! The book moves between stores, and the ledger goes on where it stood.

use sekisho_ledger::command;
use sekisho_ledger::config::Config;
use sekisho_ledger::move_book::move_book;
use sekisho_ledger::store::LogName;

use crate::town::Town;

pub(crate) fn moved(town: &Town, postgres: Option<String>) -> Result<(u64, u64), String> {
    let mut copied = 0;
    let moved =
        move_book(&town.root, postgres, None, &mut |entries| copied = entries).map_err(|error| error.to_string())?;
    Ok((moved.entries, copied))
}

/// Lets go of the ledger as if it had ended: `other` stands for nothing.
pub(crate) fn ends(town: &mut Town, other: &Town) {
    let writes = town.data.database().with_extension("db-wal");
    town.ledger = std::sync::Arc::clone(&other.ledger);
    // Its writer ends a moment later.
    for _ in 0..1000 {
        if !writes.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the ledger does not let go of its database");
}

fn sizes(town: &Town) -> [u64; 3] {
    let office = town.ledger.office(&town.office).unwrap();
    LogName::ALL.map(|log| office.log(log).committed_size())
}

#[test]
fn the_book_moves_onto_a_server_and_back_and_nothing_is_lost_on_the_way() {
    let (mut town, other) = (Town::new(), Town::new());
    town.send(300);
    town.publish();
    assert!(moved(&town, Some(crate::postgres::database())).unwrap_err().contains("another process"), "it runs");
    let place = crate::postgres::database();
    let file = town.data.database();
    for to in [Some(place.clone()), None] {
        let before = sizes(&town);
        let all = before.iter().sum();
        ends(&mut town, &other);
        assert_eq!(moved(&town, to.clone()).unwrap(), (all, all));
        assert_eq!(Config::read(&town.data.config()).unwrap().postgres, to);
        assert_eq!(
            command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
            []
        );
        town.reopen();
        assert_eq!(sizes(&town), before);
        assert!(moved(&town, to).unwrap_err().contains("lies there already"));
        town.send(5);
        town.publish();
    }
    ends(&mut town, &other);
    // The old ones stay where they were, and are in the way of a second move.
    assert!(file.with_extension("db.moved").exists());
    let error = moved(&town, Some(place)).unwrap_err();
    assert!(error.contains("db.moved") || error.contains("there is a book in it"), "{error}");
    assert_eq!(Config::read(&town.data.config()).unwrap().postgres, None);
    std::fs::remove_file(file.with_extension("db.moved")).unwrap();
    let lock = town.data.lock().unwrap();
    assert!(moved(&town, Some(crate::postgres::database())).unwrap_err().contains("another process"));
    drop(lock);
    // What a move that was cut short has left is in nobody's way.
    moved(&town, Some(crate::postgres::database())).unwrap();
    std::fs::write(file.with_extension("db.new"), "half a book").unwrap();
    moved(&town, None).unwrap();
    town.reopen();
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}
