//! The terminal's keys in credentials that its TPM seals, and back: nothing of them is on the disk in the clear, and the terminal goes on.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sekisho_tests::clerk::{insert, login, pull, verdict_of};
use sekisho_tests::history::assert_once_each;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::secrets::{Secret, secrets_below};

/// A machine with a TPM in software: what stands before `systemd-creds` there starts it for each call, as it was made. A real one has a
/// resource manager in the kernel, which frees what a caller leaves in it, and is switched off in order; this one is full after a few calls, and
/// takes its end for an attack.
struct Machine {
    path: String,
    device: String,
}

fn machine_with_tpm(scene: &Scene) -> Machine {
    let (tpm, bin) = (scene.scratch.folder("tpm"), scene.scratch.folder("bin"));
    let script = format!(
        "#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\ncd {}\nrm -f socket socket.ctrl\n\
         [ -f new ] && cp new tpm2-00.permall\n\
         timeout 60 swtpm socket --tpm2 --flags not-need-init,startup-clear --tpmstate dir=. \
         --server type=unixio,path=socket --ctrl type=unixio,path=socket.ctrl >>log 2>&1 &\ntpm=$!\n\
         until [ -S socket ] && [ -S socket.ctrl ] && [ -s tpm2-00.permall ]; do sleep 0.02; done\nsleep 0.2\n\
         [ -f new ] || cp tpm2-00.permall new\nsystemd-creds \"$@\"\ncode=$?\nkill $tpm\nwait\nexit $code\n",
        tpm.display()
    );
    let file = bin.join("systemd-creds");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    Machine { path, device: format!("swtpm:path={}/socket", tpm.display()) }
}

fn move_keys(scene: &Scene, machine: &Machine, arguments: &[&str]) -> String {
    let mut command = scene.terminal.agent("key");
    let output = command.arg("move").args(arguments).env("PATH", &machine.path).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// What the service manager does before it starts a unit.
fn hand_over(scene: &Scene, sealed: &Path, machine: &Machine) {
    std::fs::create_dir(scene.terminal.credentials()).unwrap();
    for path in walk(sealed) {
        let mut command = Command::new("systemd-creds");
        command.env("PATH", &machine.path).arg(format!("--tpm2-device={}", machine.device)).arg("decrypt").arg(&path);
        command.arg(scene.terminal.credentials().join(path.file_name().unwrap()));
        assert!(command.status().unwrap().success());
    }
}

/// The files below a folder in which one of the keys stands, in any spelling.
fn stand_in(secrets: &[Secret], folder: &Path) -> Vec<PathBuf> {
    let stands = |bytes: &[u8]| {
        secrets.iter().flat_map(Secret::spellings).any(|key| bytes.windows(key.len()).any(|part| part == key))
    };
    walk(folder).into_iter().filter(|file| stands(&std::fs::read(file).unwrap())).collect()
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn keys_move_into_credentials_of_the_tpm_and_back_and_the_terminal_goes_on() {
    let mut scene = Scene::new("keymove");
    wait_sealed(&scene.terminal);
    let machine = machine_with_tpm(&scene);
    let state = scene.terminal.state();
    let keys = secrets_below(&state);
    assert_eq!(keys.len(), 3, "what signs, what opens the journal, what lets the forwarder in");
    let sealed = scene.scratch.folder("sealed");
    let (folder, to) =
        (sealed.to_str().unwrap(), ["--to", "credential", "--with-key", "tpm2", "--tpm2-device", &machine.device]);
    let busy = scene.terminal.agent("key").args(["move", "--folder", folder]).args(to).output().unwrap();
    assert!(String::from_utf8_lossy(&busy.stderr).contains("an agent uses them"));

    scene.terminal.stop();
    let wrong = ["--to", "credential", "--with-key", "tpm2", "--tpm2-device", "swtpm:path=/nowhere"];
    let refused = scene.terminal.agent("key").args(["move", "--folder", folder]).args(wrong).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Nothing was removed"));
    assert_eq!(secrets_below(&state).len(), 3);
    let said = move_keys(&scene, &machine, &[&["--folder", folder][..], &to].concat());
    assert!(said.contains("sekisho-journal-key") && said.contains("LoadCredentialEncrypted=NAME:FILE"), "{said}");
    assert_eq!(stand_in(&keys, &state), Vec::<PathBuf>::new());
    assert_eq!(stand_in(&keys, &sealed), Vec::<PathBuf>::new());

    let lost = scene.terminal.agent("run").output().unwrap();
    let said = String::from_utf8_lossy(&lost.stderr).into_owned();
    assert!(!lost.status.success() && said.contains("LoadCredentialEncrypted=sekisho-identity"), "{said}");

    hand_over(&scene, &sealed, &machine);
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    pull(&scene.terminal, &mut scene.clerk);
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    let code = scene.terminal.agent("enrol").arg(scene.desk.file("jumin-1.code")).output().unwrap();
    assert!(String::from_utf8_lossy(&code.stderr).contains("key move --to file"));
    assert_eq!(stand_in(&keys, &state), Vec::<PathBuf>::new());

    std::fs::remove_dir_all(scene.terminal.credentials()).unwrap();
    move_keys(&scene, &machine, &["--to", "file", "--tpm2-device", &machine.device]);
    assert!(walk(&sealed).is_empty());
    assert!(move_keys(&scene, &machine, &["--to", "file"]).contains("already"));
    assert_eq!(secrets_below(&state).len(), 3);
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    scene.ledger.stop();
    let _ = assert_once_each(&scene.ledger);
}
