//! What this machine sees and no log says stands in the answer to a card, on the first page and in a mail; what is in order stands nowhere.

use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::config::Config;
use sekisho_ledger::store::LogName;
use sekisho_ledger::tell::tell;
use sekisho_wire::words::Language;
use serde_json::Value;

use crate::console::entered;
use crate::media::{Stick, add};
use crate::served::{Served, until};
use crate::town::{TestCard, Town};

const MINUTE: u64 = 60_000;
const DAY: u64 = 86_400_000;

/// A town whose terminal has sent something and been heard.
fn at_work() -> Served {
    let mut served = Served::new();
    served.enrol();
    served.town.send(3);
    served.town.publish();
    // The ledger knows what was before its start, and misses nobody sooner.
    std::thread::sleep(std::time::Duration::from_secs(1));
    served
}

fn rows(served: &Served) -> Vec<Value> {
    let rows = served.anybody().get_as(&served.at("watched"), &served.token()).ok();
    rows.as_array().unwrap().clone()
}

fn mail(town: &Town) -> String {
    let told = tell(&town.root, None, &[], Language::Japanese, &*town.clock).unwrap();
    assert!(told.failures.is_empty(), "{:?}", told.failures);
    told.messages.join("\n")
}

/// It is seen, and everybody whom it concerns is told.
fn expect(served: &Served, what: &str, words: &str, to: &str) -> Value {
    until(|| rows(served).iter().any(|row| row["what"] == what));
    let row = rows(served).into_iter().find(|row| row["what"] == what).unwrap();
    let (mut browser, _) = entered(served, &served.town.mayor);
    let page = browser.page("/console");
    assert!(page.contains(words), "{what}: {page}");
    // It is written down every ten seconds.
    let told = || {
        (0..3).any(|_| {
            std::thread::sleep(std::time::Duration::from_secs(6));
            let mail = mail(&served.town);
            mail.contains(words) && mail.contains(to)
        })
    };
    assert!(told(), "{what}: {}", mail(&served.town));
    row
}

#[test]
fn a_terminal_that_is_silent_and_one_whose_records_are_missing() {
    let served = at_work();
    assert!(rows(&served).is_empty(), "{:?}", rows(&served));
    let (_, after) = served.town.terminal.batch(2);
    served.town.deliver(&after.batch(1).0).unwrap_err();
    expect(&served, "records_missing", "端末機 jumin-1 の記録に未着・欠落があります", "terminal_manager@jumin");
    served.town.clock.advance(11 * MINUTE);
    let row = expect(&served, "terminal_silent", "端末機 jumin-1 からの最後の通信は", "terminal_manager@jumin");
    assert!(row["at"].is_number(), "{row}");
}

#[test]
fn a_certificate_that_was_not_renewed() {
    let served = at_work();
    served.town.clock.advance_machine(22 * DAY);
    assert!(rows(&served).is_empty(), "there is time to renew it: {:?}", rows(&served));
    served.town.clock.advance_machine(3 * DAY);
    expect(&served, "certificate_ends", "端末機 jumin-1 の証明書が更新されていません", "terminal_manager@jumin");
}

#[test]
fn a_backup_that_did_not_come() {
    let (served, stick) = (at_work(), Stick::new());
    add(&served.town, &stick, "A");
    served.town.clock.advance(37 * 60 * MINUTE);
    expect(
        &served,
        "backup_overdue",
        "検証済みバックアップが期限までに作成されていません",
        "system_manager system_staff",
    );
}

#[test]
fn a_disk_that_is_nearly_full() {
    let mut town = Town::new();
    let config = Config { disk_free_mib: 1 << 40, ..Config::read(&town.data.config()).unwrap() };
    std::fs::write(town.data.config(), config.to_text().unwrap()).unwrap();
    town.reopen();
    let row = expect(
        &Served::of(town),
        "disk_low",
        "台帳のディスクの空きが少なくなっています",
        "system_manager system_staff",
    );
    assert!(row["free"].is_number(), "{row}");
}

#[test]
fn a_log_that_has_stopped_also_that_of_the_records() {
    for (name, words) in [
        (LogName::Casebook, "「処理簿」のログが停止しています"),
        (LogName::Records, "「操作記録」のログが停止しています"),
    ] {
        let served = at_work();
        let office = served.town.ledger.office(&served.town.office).unwrap();
        office.log(name).halt(Halt::Outrun { seen: 9, stored: 1 }, "");
        let row = expect(&served, "log_stopped", words, "system_manager system_staff");
        assert_eq!(row["log"], name.as_str());
    }
}

#[test]
fn a_card_that_was_not_used_for_two_weeks_and_none_that_was() {
    let served = at_work();
    served.town.clock.advance(13 * DAY);
    let unused = |card: &TestCard| {
        let card = card.guid.to_string();
        rows(&served).into_iter().find(|row| row["what"] == "card_unused" && row["card"] == card.as_str())
    };
    assert!(unused(&served.town.deputy).is_none() && unused(&served.town.mayor).is_none());
    served.town.clock.advance(2 * DAY);
    let to = "system_manager data_protection_manager access_manager";
    let row = expect(&served, "card_unused", "は2週間以上使用されていません", to);
    assert!(row["since"].is_number() && row.get("at").is_none(), "{row}");
    // Whoever has read something here has used his card; that stands in the index a moment later.
    until(|| unused(&served.town.mayor).is_none());
    assert!(unused(&served.town.deputy).is_some());
}

#[test]
fn a_ledger_that_does_not_run_is_told_once() {
    let town = Town::new();
    let told = mail(&town);
    assert!(told.contains("台帳が動作していません") && told.contains("system_manager system_staff"), "{told}");
    let program = ["true".into()];
    let run = || tell(&town.root, None, &program, Language::Japanese, &*town.clock).unwrap().messages;
    assert!(run().iter().any(|said| said.contains("システム管理者")));
    assert_eq!(run(), [""; 0]);
}
