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

#[test]
fn a_demo_that_nobody_hears_ends_with_a_failure_and_leaves_nothing() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let scratch = sekisho_tests::scratch::Scratch::new("closed");
    let mut demo = Command::new(program("sekisho-demo"));
    demo.arg("--script").env("SEKISHO_BUILT", "1").env("TMPDIR", scratch.path()).stdout(Stdio::piped());
    // A server that dies with its process leaves a folder, and may not look into this one.
    demo.env_remove("SEKISHO_STORE");
    let mut demo = demo.spawn().unwrap();
    let told =
        BufReader::new(demo.stdout.take().unwrap()).lines().find(|line| line.as_ref().unwrap().contains("── 1."));
    assert!(told.is_some(), "the first chapter was told");
    // The reader is gone: what is told from here on, nobody hears.
    let status = demo.wait().unwrap();
    assert!(!status.success(), "{status}");
    let left = files(scratch.path());
    assert!(left.is_empty(), "{left:?}");
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
            if stands_in(&bytes, needle) {
                found.push(format!("a secret of {} bytes stands in {name}", needle.len()));
            }
        }
    }
    assert!(looked_at > 10, "only {looked_at} files were looked at");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a secret stands there. A PIN of digits alone has to stand by itself: inside of a longer number, a hash or a fraction of a second it is
/// nobody's PIN.
fn stands_in(bytes: &[u8], needle: &[u8]) -> bool {
    let digits = needle.iter().all(u8::is_ascii_digit);
    let joins = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
    bytes.windows(needle.len()).enumerate().any(|(at, window)| {
        let alone =
            !joins(at.checked_sub(1).and_then(|before| bytes.get(before))) && !joins(bytes.get(at + needle.len()));
        window == needle && (!digits || alone)
    })
}

#[test]
fn a_pin_of_digits_is_found_by_itself_and_in_no_longer_number() {
    for text in ["493716", "pin=493716\n", "\"493716\"", "PIN 493716, card"] {
        assert!(stands_in(text.as_bytes(), b"493716"), "{text}");
    }
    for text in ["1795493716000", "a493716f", "12:00:01.493716Z", "493717"] {
        assert!(!stands_in(text.as_bytes(), b"493716"), "{text}");
    }
    assert!(stands_in(b"x7q!Zx#2ky", b"7q!Zx#2k"));
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
