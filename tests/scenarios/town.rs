//! A town on one machine, by one command that goes on where it stopped.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::clock::StoryClock;
use sekisho_tests::desk::Desk;
use sekisho_tests::ledger::{Ledger, both};
use sekisho_tests::scratch::Scratch;
use sekisho_tests::small_disk::SmallDisk;

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
    let clock = StoryClock::new(scratch.path());
    let folder = scratch.path().join("office");
    let bin = scratch.folder("bin");
    std::os::unix::fs::symlink(program("sekisho-admin"), bin.join("sekisho-admin")).unwrap();
    std::fs::write(bin.join("systemctl"), "#!/bin/sh\ncase \"$*\" in *timer*) exit 0 ;; esac\nexit 1\n").unwrap();
    std::fs::set_permissions(bin.join("systemctl"), PermissionsExt::from_mode(0o755)).unwrap();
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
    assert!(folder.join("recovery").is_dir() && !folder.join("founding.code").exists());

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
