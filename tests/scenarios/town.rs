//! A town on one machine, by one command that goes on where it stopped.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::clock::StoryClock;
use sekisho_tests::desk::Desk;
use sekisho_tests::guest::{Luggage, exposure, has_said};
use sekisho_tests::ledger::{Ledger, both};
use sekisho_tests::packages::{file, newer};
use sekisho_tests::ports::free_pair;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::small_disk::SmallDisk;
use sekisho_tests::virtual_card::VirtualCard;

/// `sekisho-ledger town` in this folder. There is no service manager here: `systemctl` says what one would, and the story starts the ledger.
fn town(folder: &Path, ledger: &Ledger, path: &str) -> Command {
    let mut command = Command::new(program("sekisho-ledger"));
    command.env("PATH", path).arg("town").arg(folder).arg("--data").arg(ledger.data());
    command.args([
        "--name",
        "ledger.example",
        "--host",
        "127.0.0.1",
        "--listen",
        &format!("127.0.0.1:{}", ledger.port()),
    ]);
    command
}

#[test]
fn a_town_is_set_up_by_one_command_that_goes_on_where_it_stopped() {
    let scratch = Scratch::new("town");
    let clock = StoryClock::real(scratch.path());
    let folder = scratch.path().join("office");
    let bin = scratch.folder("bin");
    let code = folder.join("founding.code");
    let admin = format!(
        "#!/bin/sh\ncp {} {}\nexec {} \"$@\"\n",
        code.display(),
        bin.join("used.code").display(),
        program("sekisho-admin").display()
    );
    let systemctl = "#!/bin/sh\ncase \"$*\" in *timer* | *is-enabled*) exit 0 ;; esac\nexit 1\n";
    for (name, script) in [("sekisho-admin", admin.as_str()), ("systemctl", systemctl)] {
        std::fs::write(bin.join(name), script).unwrap();
        std::fs::set_permissions(bin.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut ledger = Ledger::to_be(&scratch.folder("l"), &clock);
    let run = |ledger: &Ledger, words: &[&str]| both(&town(&folder, ledger, &path).args(words).output().unwrap());

    // Nothing is there: it would write a description, and makes nothing before that is filled in.
    let said = run(&ledger, &["--dry-run"]);
    assert!(said.contains("a town.toml to fill in") && !folder.exists(), "{said}");
    // A folder that root makes where everything is root's would have the office's secrets made as root.
    let said = run(&ledger, &[]);
    assert!(said.contains("it would belong to root") && !folder.exists(), "{said}");
    std::fs::create_dir(&folder).unwrap();
    let said = run(&ledger, &[]);
    assert!(said.contains("fill it in") && !ledger.data().exists(), "{said}");
    let said = run(&ledger, &[]);
    assert!(said.contains("fill it in") && !ledger.data().exists(), "it was not filled in: {said}");
    std::fs::copy(checkout().join("tests/offices/town.toml"), folder.join("town.toml")).unwrap();

    // The ledger is made; that its unit does not start is said, with what to do.
    let said = run(&ledger, &[]);
    assert!(said.contains("cannot set the town up: systemctl") && said.contains("goes on where it stopped"), "{said}");
    assert!(ledger.data().join("ledger.toml").exists());
    ledger.serve();

    let mut desk = Desk::new(&scratch.folder("d"));
    let said = desk.found_by(&mut town(&folder, &ledger, &path));
    assert!(said.contains("[done 済]  the office is founded") && said.contains("--medium is missing"), "{said}");
    assert!(said.contains("print them, seal each"), "{said}");
    assert!(folder.join("recovery").is_dir() && !code.exists());

    // Cut short before its code was put away, the founding is gone on with: it says that nothing is left to do.
    std::fs::copy(bin.join("used.code"), &code).unwrap();
    let said = run(&ledger, &["--dry-run"]);
    assert!(said.contains("[to do 未] the office is founded"), "{said}");
    let home = scratch.path().join("d/home");
    let said = run(&ledger, &["--", "--lang", "en", "--home", home.to_str().unwrap()]);
    assert!(said.contains("is founded and set up: nothing is left to do") && !code.exists(), "{said}");
    assert!(said.contains("[done 済]  the office is founded"), "{said}");

    let (medium, safe) = (scratch.folder("medium"), scratch.folder("safe"));
    let (_medium, _safe) = (SmallDisk::under(&medium, 64 * 1024), SmallDisk::under(&safe, 1024));
    let keys = safe.join("keys");
    let media = ["--medium", medium.to_str().unwrap(), "--keys", keys.to_str().unwrap()];
    let said = run(&ledger, &[&media[..], &["--dry-run"]].concat());
    assert!(said.contains("[to do 未] a medium for backups is listed") && !keys.exists(), "{said}");
    let said = run(&ledger, &media);
    assert!(said.contains("written, read again, and sound"), "{said}");
    // Everything is done: once more changes nothing.
    let said = run(&ledger, &media);
    assert_eq!(said.matches("[done 済]").count(), 8, "{said}");
    let status = both(&ledger.command("status").output().unwrap());
    assert!(status.contains("白樺町") && status.contains("000001-") && status.contains("keys copied"), "{status}");
    ledger.stop();
    ledger.assert_sound();
}

/// On a Debian that boots: systemd starts the units of the packages, keeps them in, and starts them again. The two administrators' cards are out here.
#[test]
#[ignore = "takes long: tests/long.sh"]
fn a_town_under_a_systemd_that_runs_is_set_up_backed_up_witnessed_killed_upgraded_and_purged() {
    let scratch = Scratch::new("server");
    let luggage = Luggage::new(&scratch.folder("guest"));
    for name in ["sekisho-ledger", "sekisho-admin"] {
        luggage.add_as(&file(name), &format!("/packages/{name}.deb"));
    }
    luggage.add_as(&newer("sekisho-ledger", &scratch.folder("newer")), "/newer/sekisho-ledger.deb");
    luggage.add_as(&checkout().join("tests/offices/town.toml"), "/town.toml");
    luggage.add_as(&checkout().join("tests/guest/server"), "/server");
    let pins = [("20001", "493172"), ("20002", "493865")];
    for (operator, pin) in pins {
        let written = scratch.path().join(operator);
        std::fs::write(&written, pin).unwrap();
        luggage.add_as(&written, &format!("/pins/{operator}.pin"));
    }
    let disks = [luggage.disk("backup", 64), luggage.stick("keys", 16), luggage.stick("stick", 64)];
    let readers = free_pair();
    let mut guest = luggage.boot_debian(". /server", &readers, &disks);

    guest.wait_said("readers");
    let mut cards = pins.map(|(operator, _)| VirtualCard::blank(scratch.path(), operator));
    for (card, port) in cards.iter_mut().zip(readers) {
        card.join(&format!("127.0.0.1:{port}"));
    }
    let said = guest.wait_end();
    for expected in [
        "installed",
        "nothing is served before it is made",
        "a description to fill in",
        "founded, and asked in the language of the machine",
        "everybody owns what is hers",
        "the ledger is there after the next start",
        "ready",
        "a medium where the ledger may not write is refused with what to do",
        "set up",
        "root is told whose it is",
        "no rights, and its calls alone",
        "the ledger knows the boot",
        "numbers at the socket of their group",
        "a backup by its unit",
        "the backup writes onto the medium and nowhere else",
        "the timer is set for the night",
        "the timer starts a backup",
        "a third backup",
        "a backup on a stick",
        "no backup without its medium",
        "the next step is said",
        "a backup on the medium that is back",
        "the witness runs",
        "the witness writes its own",
        "cosigned",
        "sekisho-ledger is started again",
        "sekisho-witness is started again",
        "ready after it was killed",
        "cosigned after both were killed",
        "upgraded",
        "the new ledger runs",
        "ready after the upgrade",
        "timer and witness outlive an upgrade",
        "removed",
        "serves when it is installed again",
        "cosigned again",
        "sound",
        "nothing has failed",
        "nothing but data is left",
    ] {
        assert!(has_said(&said, expected), "{expected}:\n{said}");
    }
    for unit in ["sekisho-ledger", "sekisho-ledger-backup", "sekisho-witness"] {
        let exposure = exposure(&said, unit).unwrap();
        assert!(exposure < 2.0, "{unit}: {exposure}");
    }
}
