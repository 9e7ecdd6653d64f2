use std::collections::BTreeSet;
use std::fs;
use std::process::{Command as Process, Stdio};

use super::*;

fn text(page: &Page) -> String {
    String::from_utf8(page.roff.clone()).unwrap()
}

#[test]
fn every_page_that_is_named_is_there() {
    let pages = all().unwrap();
    let names: BTreeSet<String> = pages
        .iter()
        .map(|page| page.file.rsplit_once('.').map(|(name, section)| format!("{name}({section})")).unwrap())
        .collect();
    for page in &pages {
        let text = text(page).replace("\\-", "-");
        for at in text.match_indices("sekisho").map(|(at, _)| at) {
            let word: String =
                text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.()".contains(*c)).collect();
            let Some(end) = word.find(')').filter(|_| word.contains('(')) else { continue };
            assert!(names.contains(&word[..=end]), "{} names {}", page.file, &word[..=end]);
        }
    }
    assert!(names.contains("sekisho-admin-card-issue(1)") && names.contains("pam_sekisho(8)"), "{names:?}");
}

#[test]
fn a_page_sends_nobody_to_a_source_tree() {
    for page in all().unwrap() {
        let text = text(&page);
        assert!(!text.contains(".md") && !text.contains('§'), "{}", page.file);
        assert!(!text.contains("simulated"), "{} tells of what is for tests", page.file);
    }
}

/// What the terminal shows, by the formatter that `man` uses.
fn shown(page: &Page) -> String {
    let mut groff = Process::new("groff");
    groff.args(["-Kutf8", "-Tutf8", "-P-c", "-man", "-ww"]);
    if page.language == Language::Japanese {
        groff.arg("-mja");
    }
    groff.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let file = std::env::temp_dir().join(format!("sekisho-manual-{}-{}", std::process::id(), page.file));
    fs::write(&file, &page.roff).unwrap();
    let output = groff.stdin(fs::File::open(&file).unwrap()).output().unwrap();
    fs::remove_file(&file).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && complaints.is_empty(), "{}: {complaints}", page.file);
    // Bold is a character struck twice.
    let mut shown = String::new();
    for character in String::from_utf8(output.stdout).unwrap().chars() {
        if character == '\u{8}' {
            let _ = shown.pop();
        } else {
            shown.push(character);
        }
    }
    shown
}

#[test]
fn groff_finds_nothing_to_complain_of() {
    let pages = all().unwrap();
    let shown: Vec<String> = pages.iter().map(shown).collect();
    let of = |file: &str, language| {
        let at = pages.iter().position(|page| page.file == file && page.language == language).unwrap();
        shown[at].as_str()
    };
    let configuration = of("sekisho-agent.toml.5", Language::English);
    assert!(configuration.contains("\n       card.deadline_seconds\n"), "{configuration}");
    assert!(of("sekisho-agent.8", Language::English).contains("WHERE THE KEYS LIE"));
    assert!(of("sekisho-run.1", Language::Japanese).contains("許可"));
}

#[test]
fn bash_completes_commands_and_options() {
    let folder = std::env::temp_dir().join(format!("sekisho-completions-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for mut command in commands() {
        let name = command.get_name().to_owned();
        clap_complete::generate_to(clap_complete::Shell::Bash, &mut command, name, &folder).unwrap();
    }
    for (words, expected) in [
        ("sekisho lo", "lock login"),
        ("sekisho-admin card re", "reset-pin reset revoke return rekey"),
        ("sekisho-agent key move --t", "--to --tpm2-device"),
        ("sekisho-ledger fs", "fsck"),
        ("sekisho-gate --l", "--listen"),
    ] {
        let program = words.split(' ').next().unwrap();
        // As bash calls what the script has registered.
        let script = format!(
            "source '{}/{program}.bash'; registered=$(complete -p {program}); function=${{registered#*-F }}; \
             COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             ${{function%% *}} {program} \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[*]}}\"",
            folder.display()
        );
        let output = Process::new("bash").args(["--norc", "-c", &script]).output().unwrap();
        let offered = String::from_utf8(output.stdout).unwrap();
        let offered: BTreeSet<&str> = offered.split_whitespace().collect();
        let expected: BTreeSet<&str> = expected.split(' ').collect();
        assert_eq!(offered, expected, "{words}: {}", String::from_utf8_lossy(&output.stderr));
    }
    fs::remove_dir_all(&folder).unwrap();
}
