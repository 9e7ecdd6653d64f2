//! The guides in `docs/`: every command, option, form and field that they name is there, what they show of the panel is the panel, and each says it in both languages.

use std::collections::BTreeMap;
use std::process::Command;

use sekisho_register::change::CaseId;
use sekisho_register::forms::{Blank, Form, Kind, Need};
use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::scratch::Scratch;

/// The guides that there are.
const GUIDES: [&str; 4] = ["administrator", "auditor", "clerk", "keeper"];
const LANGUAGES: [&str; 2] = ["ja", "en"];
/// Programs whose commands are asked of themselves; those of `sekisho-admin` stand in a file that a test of its own holds to the program.
const ASKED: [&str; 3] = ["sekisho", "sekisho-agent", "sekisho-ledger"];
/// Stands for what a reader fills in.
const ANYTHING: &str = "…";

/// The commands of a program, each by all its words, with its options and whether they take a value.
#[derive(Default)]
struct Tool {
    commands: BTreeMap<Vec<String>, BTreeMap<String, bool>>,
}

impl Tool {
    fn of_text(text: &str) -> Self {
        let mut tool = Self::default();
        let mut path: Vec<String> = Vec::new();
        for line in text.lines() {
            if line.starts_with(' ') {
                tool.commands.entry(path.clone()).or_default().extend(option(line));
            } else if let Some((words, _)) = line.split_once(": ") {
                path = words.split(' ').map(str::to_owned).collect();
                tool.commands.entry(path.clone()).or_default();
            }
        }
        tool
    }

    fn of_program(name: &str) -> Self {
        let mut tool = Self::default();
        tool.ask(&[name.to_owned()]);
        tool
    }

    /// Adds the command with these words, and all below it.
    fn ask(&mut self, path: &[String]) {
        let mut command = Command::new(program(&path[0]));
        let output = command.args(&path[1..]).arg("--help").env("LC_ALL", "C").output().unwrap();
        assert!(output.status.success(), "{path:?} has no help");
        let help = String::from_utf8(output.stdout).unwrap();
        self.commands.insert(path.to_vec(), help.lines().filter_map(option).collect());
        for word in subcommands(&help) {
            self.ask(&longer(path, &word));
        }
    }

    /// What is wrong with a command, if something is.
    fn check(&self, words: &[String]) -> Result<(), String> {
        let mut path = vec![words[0].clone()];
        let mut rest = words.iter().skip(1);
        while let Some(word) = rest.next() {
            if word == "--" {
                break;
            }
            if word.starts_with("--") {
                let (name, given) = word.split_once('=').map_or((word.as_str(), false), |(name, _)| (name, true));
                let takes = self.option(&path, name).ok_or_else(|| format!("{path:?} has no {name}"))?;
                if takes && !given {
                    rest.next();
                }
            } else if self.commands.contains_key(&longer(&path, word)) {
                path.push(word.clone());
            } else if self.goes_on(&path) {
                return Err(format!("{path:?} has no command {word}"));
            }
        }
        if self.goes_on(&path) { Err(format!("{path:?} wants a command")) } else { Ok(()) }
    }

    /// Whether an option takes a value, if there is such an option here or above.
    fn option(&self, path: &[String], name: &str) -> Option<bool> {
        (1..=path.len()).rev().find_map(|length| self.commands.get(&path[..length])?.get(name).copied())
    }

    fn has_option(&self, name: &str) -> bool {
        self.commands.values().any(|options| options.contains_key(name))
    }

    fn goes_on(&self, path: &[String]) -> bool {
        self.commands.keys().any(|known| known.len() == path.len() + 1 && known.starts_with(path))
    }
}

fn longer(path: &[String], word: &str) -> Vec<String> {
    path.iter().cloned().chain([word.to_owned()]).collect()
}

/// The option that a line of a help describes, and whether it takes a value.
fn option(line: &str) -> Option<(String, bool)> {
    let text = line.trim_start();
    if !text.starts_with('-') {
        return None;
    }
    let mut words = text.split_whitespace().skip_while(|word| !word.starts_with("--"));
    let name = words.next()?.to_owned();
    Some((name, words.next().is_some_and(|word| word.starts_with('<'))))
}

fn subcommands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = list.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let words = named.filter_map(|line| line.split_whitespace().next());
    words.filter(|word| *word != "help").map(str::to_owned).collect()
}

/// All programs that a guide may name.
fn tools() -> BTreeMap<String, Tool> {
    let text = std::fs::read_to_string(checkout().join("agent/admin/help.txt")).unwrap();
    let mut tools = BTreeMap::from([("sekisho-admin".to_owned(), Tool::of_text(&text))]);
    tools.extend(ASKED.map(|name| (name.to_owned(), Tool::of_program(name))));
    tools
}

fn guide(name: &str, language: &str) -> String {
    let path = checkout().join(format!("docs/{name}.{language}.md"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A line of a guide.
struct Line {
    number: usize,
    /// The kind of the block that it stands in; none outside of blocks.
    block: Option<String>,
    /// The mark above its paragraph, for what others still have to complete.
    mark: String,
    text: String,
}

fn lines(guide: &str) -> Vec<Line> {
    let (mut lines, mut block, mut mark) = (Vec::new(), None, String::new());
    for (number, line) in (1..).zip(guide.lines()) {
        let bare = line.trim();
        if let Some(kind) = bare.strip_prefix("```") {
            block = if block.is_some() { None } else { Some(kind.to_owned()) };
            continue;
        }
        if bare.is_empty() {
            mark.clear();
        }
        if let Some(name) = bare.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            name.clone_into(&mut mark);
        }
        lines.push(Line { number, block: block.clone(), mark: mark.clone(), text: line.to_owned() });
    }
    lines
}

impl Line {
    /// What stands in it as code.
    fn code(&self) -> Vec<&str> {
        match self.block.as_deref() {
            None => self.text.split('`').skip(1).step_by(2).collect(),
            Some("panel") => Vec::new(),
            Some(_) => vec![self.text.trim()],
        }
    }
}

/// The words of a command, as a shell takes them apart.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in command.chars() {
        if quote == Some(letter) {
            quote = None;
        } else if quote.is_none() && (letter == '"' || letter == '\'') {
            quote = Some(letter);
        } else if quote.is_none() && letter == ' ' {
            words.push(std::mem::take(&mut word));
        } else {
            word.push(letter);
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// What is wrong with a piece of code, if it is a command of ours or an option.
fn check(tools: &BTreeMap<String, Tool>, code: &str, mark: &str) -> Result<(), String> {
    let words = words(code);
    let Some(first) = words.first() else { return Ok(()) };
    if first.len() > 2 && first.starts_with("--") {
        let known = tools.values().any(|tool| tool.has_option(first));
        return if known { Ok(()) } else { Err(format!("no program has {first}")) };
    }
    let Some(tool) = tools.get(first).filter(|_| words.len() > 1) else { return Ok(()) };
    // What is named ahead of its time, by the mark that waits for it.
    if mark == words[1] && !tool.commands.contains_key(&words[..2]) {
        return Ok(());
    }
    tool.check(&words)?;
    check_case(&words)
}

/// What is wrong with the form, the step and the fields of a `case` command.
fn check_case(words: &[String]) -> Result<(), String> {
    let Some(at) = words.iter().position(|word| word == "case") else { return Ok(()) };
    let (Some(verb), Some(what)) = (words.get(at + 1), words.get(at + 2)) else { return Ok(()) };
    // FORM, or 様式: the reader's to fill in.
    if !what.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        return Ok(());
    }
    let after = |from: usize| words.get(from..).unwrap_or_default();
    match verb.as_str() {
        "open" => {
            let form = Form::from_name(what).ok_or_else(|| format!("no form {what}"))?;
            check_fields(form.definition().fields, after(at + 3))
        }
        "step" => {
            let case = what.parse::<CaseId>().map_err(|wrong| format!("{what}: {wrong}"))?;
            let taken = words.get(at + 3).ok_or_else(|| "a step is missing".to_owned())?;
            let steps = case.form.definition().steps;
            let step = steps.iter().find(|step| step.name == taken).ok_or_else(|| format!("no step {taken}"))?;
            check_fields(step.fields, after(at + 4))
        }
        _ => Ok(()),
    }
}

fn check_fields(blanks: &[Blank], given: &[String]) -> Result<(), String> {
    let mut filled = Vec::new();
    for word in given.iter().filter(|word| *word != ANYTHING) {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("{word} is no field"))?;
        let blank = blanks.iter().find(|blank| blank.name == name).ok_or_else(|| format!("no field {name}"))?;
        if let Kind::Choice(choices) = blank.kind
            && value != ANYTHING
            && !choices.iter().any(|choice| choice.name == value)
        {
            return Err(format!("{name} is never {value}"));
        }
        filled.push(name);
    }
    let missing = blanks.iter().find(|blank| blank.need == Need::Must && !filled.contains(&blank.name));
    match missing {
        Some(blank) if !given.is_empty() => Err(format!("{} is missing", blank.name)),
        Some(_) | None => Ok(()),
    }
}

#[test]
fn what_the_guides_name_is_there() {
    let tools = tools();
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for name in GUIDES {
        for language in LANGUAGES {
            for line in lines(&guide(name, language)) {
                for code in line.code() {
                    looked_at += 1;
                    if let Err(why) = check(&tools, code, &line.mark) {
                        wrong.push(format!("docs/{name}.{language}.md:{}: {code}: {why}", line.number));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at > 300, "the guides are full of commands, and {looked_at} were found");
}

#[test]
fn a_wrong_command_in_a_guide_would_be_found() {
    let tools = tools();
    for right in [
        "sekisho report lost 0012",
        "sekisho-agent records export FILE",
        "sekisho-ledger witness add-log --data DIR --key LOGKEY",
        "sekisho-admin --propose post set somu-kacho 総務課長 --role system_manager",
        "sekisho-admin refuse ID --reason \"too many roles\"",
        "sekisho-admin case open confirmation what=backup day=2026-10-04 result=good",
        "sekisho-admin case step incident-2026-3 close",
        "--first-pin-file FILE",
        "systemctl start sekisho-ledger",
    ] {
        assert_eq!(check(&tools, right, ""), Ok(()), "{right}");
    }
    for wrong in [
        "sekisho repair lost",
        "sekisho-agent records send FILE",
        "sekisho-ledger witness --data DIR",
        "sekisho-ledger backup --data DIR --onto A",
        "sekisho-admin card destroy 2026-12",
        "sekisho-admin card",
        "sekisho-admin post set somu-kacho 総務課長 --roles system_manager",
        "sekisho-admin case open accident",
        "sekisho-admin case open confirmation what=backup day=2026-10-04 result=fine",
        "sekisho-admin case open confirmation what=backup",
        "sekisho-admin case step incident-2026-3 finish",
        "sekisho-admin case step incident-2026-3 instruct order=x",
        "--no-such-option",
    ] {
        assert!(check(&tools, wrong, "").is_err(), "{wrong}");
    }
}

#[test]
fn each_guide_stands_in_both_languages_with_the_same_headings() {
    for name in GUIDES {
        let [japanese, english] = LANGUAGES.map(|language| {
            let lines = lines(&guide(name, language));
            let headings = lines.iter().filter(|line| line.block.is_none() && line.text.starts_with('#'));
            headings.map(|line| line.text.chars().take_while(|letter| *letter == '#').count()).collect::<Vec<_>>()
        });
        assert!(japanese.len() > 5, "{name} has {} headings", japanese.len());
        assert_eq!(japanese, english, "the levels of the headings of {name}, in Japanese and in English");
    }
    let there = std::fs::read_dir(checkout().join("docs")).unwrap();
    let names = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let guides = names.filter(|name| LANGUAGES.iter().any(|language| name.ends_with(&format!(".{language}.md"))));
    assert_eq!(guides.count(), GUIDES.len() * LANGUAGES.len(), "a guide that no test looks at");
}

#[test]
fn what_the_guides_show_of_the_panel_is_the_panel() {
    for language in LANGUAGES {
        let panel = checkout().join(format!("agent/ctl/tests/panel.{language}.txt"));
        let panel = std::fs::read_to_string(panel).unwrap();
        let lines = lines(&guide("clerk", language));
        let shown: Vec<&Line> = lines.iter().filter(|line| line.block.as_deref() == Some("panel")).collect();
        assert!(shown.len() > 10, "the clerk sees {} lines", shown.len());
        for line in shown {
            let known = panel.lines().any(|known| known.trim_end() == line.text.trim_end());
            assert!(known, "docs/clerk.{language}.md:{}: no panel shows: {}", line.number, line.text);
        }
    }
}

#[test]
fn the_administrators_guide_lists_every_form() {
    for language in LANGUAGES {
        let lines = lines(&guide("administrator", language));
        for form in Form::ALL {
            let row = format!("| `{}` | ", form.name());
            let rows = lines.iter().filter(|line| line.text.starts_with(&row)).count();
            assert_eq!(rows, 1, "{} in the guide in {language}", form.name());
        }
    }
}

#[test]
fn the_clerks_guide_is_one_sheet_with_pictures() {
    let scratch = Scratch::new("guides");
    let written = Command::new(program("sekisho-manual")).arg(scratch.path()).status().unwrap();
    assert!(written.success());
    for (language, last) in [("ja", "所属長"), ("en", "head of section")] {
        let page = scratch.path().join(format!("guides/clerk/clerk.{language}.html"));
        let text = std::fs::read_to_string(&page).unwrap();
        assert_eq!((text.matches("<img ").count(), text.matches("class=\"panel\"").count()), (2, 3), "pictures");
        let pdf = scratch.path().join(format!("clerk.{language}.pdf"));
        let mut browser = Command::new("chromium");
        browser.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
        ]);
        browser.args(["--no-first-run", "--no-pdf-header-footer"]).env("HOME", scratch.path());
        browser.arg(format!("--user-data-dir={}", scratch.path().join("profile").display()));
        browser.arg(format!("--print-to-pdf={}", pdf.display())).arg(format!("file://{}", page.display()));
        let printed = browser.output().unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        let of = |program: &str, arguments: &[&str]| {
            let output = Command::new(program)
                .args(arguments)
                .arg(&pdf)
                .args((program == "pdftotext").then_some("-"))
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let facts = of("pdfinfo", &[]);
        assert!(facts.lines().any(|line| line.starts_with("Pages:") && line.ends_with(" 1")), "{facts}");
        assert!(facts.contains("A4"), "{facts}");
        assert!(of("pdftotext", &[]).contains(last), "the end is not on the sheet");
    }
}
