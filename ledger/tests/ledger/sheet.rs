//! The month's sheet: printed, scanned by a program that is not ours, and held against the log, offline and over HTTPS.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho_ledger::sheet::check::{Fit, Sheet};
use sekisho_ledger::store::LogName;
use sekisho_ledger::{backup, sheet};
use sekisho_wire::reason::LinkState;
use sekisho_wire::record::Body;

use crate::served::Served;
use crate::town::{NOON, Town, scratch};

impl Town {
    fn origin_of(&self, log: LogName) -> String {
        self.ledger.office(&self.office).unwrap().log(log).origin().to_owned()
    }
}

/// What zbar reads from the codes of a page: each is drawn again as an image, ten points for a module.
fn scan(page: &str, folder: &Path) -> Vec<String> {
    std::fs::create_dir_all(folder).unwrap();
    let codes = page.split("<svg ").skip(1);
    codes
        .enumerate()
        .map(|(number, svg)| {
            let side: usize = svg.split('"').nth(1).unwrap().split(' ').nth(2).unwrap().parse().unwrap();
            let mut image = vec![255_u8; side * side * 100];
            for module in svg.split("d=\"").nth(1).unwrap().split('"').next().unwrap().split('M').skip(1) {
                let at = module.split('h').next().unwrap();
                let (x, y) = at.split_once(' ').unwrap();
                let (x, y) = (x.parse::<usize>().unwrap() + 4, y.parse::<usize>().unwrap() + 4);
                for line in y * 10..y * 10 + 10 {
                    image[line * side * 10 + x * 10..][..10].fill(0);
                }
            }
            let file = folder.join(format!("{number}.pgm"));
            let head = format!("P5\n{0} {0}\n255\n", side * 10);
            std::fs::write(&file, [head.as_bytes(), &image].concat()).unwrap();
            let read =
                Command::new("zbarimg").args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]).arg(&file).output();
            let read = read.expect("zbarimg is installed (tests/setup.sh)");
            assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
            String::from_utf8(read.stdout).unwrap()
        })
        .collect()
}

fn ledger(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho-ledger")).args(arguments).output().unwrap()
}

fn check(arguments: &[&str]) -> (Option<i32>, String) {
    let output = ledger(&[&["check-checkpoint"], arguments].concat());
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn a_sheet_is_scanned_and_fits_the_log_that_it_is_of_and_one_that_was_put_back_is_found() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let (copy, early) = (scratch(), town.terminal.clone());
    backup::backup(&town.root, &copy).unwrap();
    town.send(300);
    town.publish();
    let page = sheet::sheet(&town.root, &town.office, NOON).unwrap();
    let (title, office) =
        (town.ledger.office(&town.office).unwrap().register().title().to_string(), town.office.to_string());
    for text in [title.as_str(), office.as_str(), "令和8年6月1日", "<b>305</b>", &town.origin_of(LogName::Casebook)]
    {
        assert!(page.contains(text), "{text} in {page}");
    }
    let folder = scratch();
    let notes = scan(&page, &folder);
    assert_eq!(notes.len(), 3);
    let read: Vec<Sheet> = notes.iter().map(|note| Sheet::read(note).unwrap()).collect();
    assert_eq!(read[0].origin(), town.origin_of(LogName::Records));
    assert!(read.iter().all(|sheet| sheet.check(&town.root).unwrap().is_good()));
    // The log goes on; the sheet still fits, there and over HTTPS.
    town.send(77);
    town.publish();
    let fits = Fit::Fits { sheet: 305, log: 382 };
    assert_eq!(read[0].check(&town.root).unwrap(), fits);
    let key = town.ledger.office(&town.office).unwrap().log(LogName::Records).keys().newest().clone();
    let served = Served::of(town);
    let url = format!("https://localhost:{}", served.address.port());
    assert_eq!(read[0].check_over(&url, &served.town.authority, &key, None).unwrap(), fits);
    let town = served.into_town();

    // Somebody puts the disk back: the paper in the safe knows.
    town.put_back(&copy);
    assert_eq!(read[0].check(&town.root).unwrap(), Fit::Larger { sheet: 305, log: 5 });
    let file = folder.join("sheet.txt");
    std::fs::write(&file, &notes[0]).unwrap();
    let (file, root) = (file.to_str().unwrap(), town.root.to_str().unwrap());
    let (code, said) = check(&["--data", root, "--note", file]);
    assert!(code == Some(1) && said.contains("LARGER") && said.contains("台帳より大きい"), "{said}");
    // It writes on, past what the sheet says: another history.
    let mut town = town;
    town.waits_for_nobody();
    town.reopen();
    town.terminal = early;
    let down = |seq| town.terminal.record(seq, Body::Link(LinkState::Down));
    let (batch, _) = town.terminal.batch_of((5..405).map(down).collect());
    town.deliver(&batch).unwrap();
    town.publish();
    let (code, said) = check(&["--data", town.root.to_str().unwrap(), "--note", file]);
    assert!(code == Some(1) && said.contains("another history") && said.contains("一致しない"), "{said}");
}

#[test]
fn a_sheet_may_be_typed_and_what_is_no_sheet_of_this_ledger_is_refused() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    let note = town.ledger.office(&town.office).unwrap().log(LogName::Records).published().unwrap().text.clone();
    let typed = format!("\n{}   \r\n\n", note.replace('\n', " \r\n").replace('\u{2014}', "-"));
    assert!(Sheet::read(&typed).unwrap().check(&town.root).unwrap().is_good());
    assert!(Sheet::read("").is_err() && Sheet::read("hello\n").is_err());
    // One digit is typed wrongly; it is another ledger's.
    let wrong = note.replacen("\n3\n", "\n2\n", 1);
    assert!(Sheet::read(&wrong).unwrap().check(&town.root).is_err());
    let other = Town::new();
    assert!(Sheet::read(&note).unwrap().check(&other.root).is_err());
    let file: PathBuf = town.root.join("sheet.txt");
    std::fs::write(&file, &typed).unwrap();
    let (root, file) = (town.root.to_str().unwrap(), file.to_str().unwrap());
    let (code, said) = check(&["--data", root, "--note", file]);
    assert!(code == Some(0) && said.contains("fits") && said.contains("一致"), "{said}");
    let (code, said) = check(&["--data", other.root.to_str().unwrap(), "--note", file]);
    assert!(code == Some(2) && said.contains("no log of this ledger"), "{said}");
    let out = town.root.join("page.html");
    let office = town.office.to_string();
    let printed = ledger(&["print-checkpoint", "--data", root, "--office", &office, "--out", out.to_str().unwrap()]);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    assert!(std::fs::read_to_string(out).unwrap().contains("<svg "));
    let nobody = ledger(&["print-checkpoint", "--data", root, "--office", &"00".repeat(16), "--out", "/dev/null"]);
    assert_eq!(nobody.status.code(), Some(2));
}
