//! Media with copies of the ledger.

use sekisho_tests::clerk::{insert, login};
use sekisho_tests::clock::live_by;
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::small_disk::SmallDisk;

#[test]
fn s3_23_1_2_each_medium_is_listed_with_its_place_and_when_it_was_verified() {
    let mut scene = Scene::new("baitai");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    let mounts = ["one", "two"].map(|name| scene.scratch.folder(name));
    let _disks = mounts.each_ref().map(|mount| SmallDisk::under(mount, 64 * 1024));
    let ledger = |words: &[&str], more: &[&str]| {
        let mut command = scene.ledger.program();
        command.args(words).arg("--data").arg(scene.ledger.data()).args(more);
        if words != ["medium", "keep"] {
            live_by(scene.clock.file(), &mut command);
        }
        let output = command.output().unwrap();
        (output.status.success(), both(&output))
    };
    let must = |words: &[&str], more: &[&str]| {
        let (well, said) = ledger(words, more);
        assert!(well, "{words:?} {more:?}: {said}");
        said
    };
    let [one, two] = mounts.each_ref().map(|mount| mount.to_str().unwrap());
    must(&["medium", "add"], &["--at", one, "--name", "A-1"]);
    must(&["medium", "add"], &["--at", two, "--name", "A-2"]);
    let today = scene.clock.minute_in(std::time::Duration::ZERO)[..10].to_owned();
    let line = |name: &str| {
        let said = must(&["medium", "list"], &[]);
        said.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name}: {said}")).to_owned()
    };
    assert!(line("A-1").contains("kept at a place that nobody named") && line("A-1").contains("nothing verified yet"));

    // The spare copy lies in another building.
    must(&["medium", "keep"], &["--name", "A-1", "--place", "耐火金庫"]);
    must(&["medium", "keep"], &["--name", "A-2", "--place", "支所 2階"]);
    assert!(!ledger(&["medium", "keep"], &["--name", "A-3", "--place", "x"]).0, "there is none of that name");
    assert!(!ledger(&["medium", "keep"], &["--name", "A-1", "--place", ""]).0, "nowhere is no place");
    succeeded("sekisho-ledger backup", &{
        let mut command = scene.ledger.command("backup");
        live_by(scene.clock.file(), &mut command);
        command.output().unwrap()
    });
    for (name, place) in [("A-1", "耐火金庫"), ("A-2", "支所 2階")] {
        let line = line(name);
        for word in [&format!("listed {today}"), place, " verified, of ", " entries"] {
            assert!(line.contains(word), "'{word}' is missing: {line}");
        }
    }
}
