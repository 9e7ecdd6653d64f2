//! The demo tells the main job; it has to come true, and to leave no secret behind.

use std::path::Path;
use std::process::Command;

use sekisho_tests::binaries::program;

#[test]
fn the_demo_s_story_comes_true() {
    let output = Command::new(program("sekisho-demo")).arg("--script").env("SEKISHO_BUILT", "1").output().unwrap();
    let said = sekisho_tests::ledger::both(&output);
    assert!(output.status.success(), "{said}");
    for chapter in 1..=9 {
        assert!(said.contains(&format!("── {chapter}. ")), "chapter {chapter} was not told:\n{said}");
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn no_secret_in_logs() {
    use sekisho_ipc::PromptRequest;
    use sekisho_tests::clerk::{authorize, insert, login, type_pin};
    use sekisho_tests::secrets::Secret;
    use sekisho_tests::terminal::Part;
    let mut scene = sekisho_tests::scene::Scene::new("secrets");
    insert(&scene.terminal, &mut scene.clerk);
    // No number in any memory or log looks like this one by chance.
    let wrong = "7q!Zx#2k";
    let _ = type_pin(&mut scene.terminal.client(), &PromptRequest::login(), wrong);
    login(&scene.terminal, &scene.clerk);
    let mut found = Vec::new();
    for (part, pin) in [
        (Part::CardWorker, wrong.to_owned()),
        (Part::CardWorker, scene.clerk.pin()),
        (Part::Agent, wrong.to_owned()),
        (Part::Forwarder, wrong.to_owned()),
    ] {
        let process = scene.terminal.process_id(part).unwrap();
        if remembers(process, pin.as_bytes()) {
            found.push(format!("{part:?} holds a PIN of {} characters in memory", pin.len()));
        }
    }
    assert!(authorize(&scene.terminal, "juminhyo.issue").verdict.granted);
    sekisho_tests::scene::wait_sealed(&scene.terminal);

    // Keys lie in files of their own; what stands there must stand nowhere else.
    let secrets = scene.secrets();
    assert!(secrets.len() >= 11, "terminal, desk and ledger keep their keys in files: {}", secrets.len());
    let pins = scene.desk.pins().into_iter().chain([wrong.to_owned(), scene.clerk.pin(), scene.other.pin()]);
    let mut needles: Vec<Vec<u8>> = pins.map(String::into_bytes).collect();
    needles.extend(secrets.iter().flat_map(Secret::spellings));
    let mut looked_at = 0;
    for file in files(scene.scratch.path()) {
        let bytes = std::fs::read(&file).unwrap();
        let name = file.display().to_string();
        if secrets.iter().any(|secret| secret.file == file) || is_a_secret_s_own_place(&name) {
            continue;
        }
        looked_at += 1;
        for needle in &needles {
            if bytes.windows(needle.len()).any(|window| window == needle.as_slice()) {
                found.push(format!("a secret of {} bytes stands in {name}", needle.len()));
            }
        }
    }
    assert!(looked_at > 10, "only {looked_at} files were looked at");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether these bytes stand anywhere in what a process can write to.
pub(crate) fn remembers(process: u32, needle: &[u8]) -> bool {
    use std::os::unix::fs::FileExt;
    let memory = std::fs::File::open(format!("/proc/{process}/mem")).unwrap();
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut looked_at = 0;
    let mut found = false;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            looked_at += bytes.len();
            found |= bytes.windows(needle.len()).any(|window| window == needle);
        }
    }
    assert!(looked_at > 100_000, "only {looked_at} bytes were looked at");
    found
}

/// The cards' memories and the files that hand the first PIN to its holder.
fn is_a_secret_s_own_place(name: &str) -> bool {
    [".card", ".pin"].iter().any(|end| name.ends_with(end))
}
