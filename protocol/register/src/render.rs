//! What a signer reads before signing (§R8): derived from the payload, with titles from the register.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use crate::act::{Act, NO_OFFICE, SignedAct};
use crate::change::{Change, Log};
use crate::describe::describe;
use crate::fold::Register;
use crate::forms::Form;
use crate::recovery::RECOVERY_MAX;
use crate::wareki::{day_text, moment_text, numbered};

/// The act as text, one fact a line.
#[must_use]
pub fn render(act: &Act, register: &Register, language: Language) -> String {
    rendered(act, register, language, 0)
}

/// Proposals in proposals, as deep as recovery keys go: the fold takes none that are deeper.
fn rendered(act: &Act, register: &Register, language: Language, depth: usize) -> String {
    let titles = Titles { register, language, own: act };
    let mut lines = heading(act, &titles);
    match &act.proposal {
        Some(_) if depth >= RECOVERY_MAX => lines.push(titles.say("(以下省略)", "(too deep to show)")),
        Some(proposal) => lines.extend(proposal_lines(&proposal.0, register, language, depth + 1)),
        None => lines.extend(numbered_changes(act, register, language)),
    }
    lines.join("\n")
}

fn heading(act: &Act, titles: &Titles<'_>) -> Vec<String> {
    let language = titles.language;
    let mut lines = Vec::from([kind_line(act, language)]);
    lines.extend(office_lines(act, titles));
    lines.push(signer_line(act, titles));
    let period = (moment_text(act.made, language), moment_text(act.expires, language));
    lines.push(match language {
        Language::Japanese => format!("作成: {}(期限: {})", period.0, period.1),
        Language::English => format!("made: {} (expires {})", period.0, period.1),
    });
    if let Some(paper) = &act.paper {
        let (post, on, document) = (titles.post(&paper.post), day_text(paper.decided, language), &paper.document);
        lines.push(titles.say(
            &format!("書面による決定の記録: {post}、{on}、文書番号 {document}"),
            &format!("recorded from paper: {post} decided on {on}, document {document}"),
        ));
    }
    if let Some(effective) = act.effective {
        let from = moment_text(effective, language);
        lines.push(titles.say(&format!("効力発生: {from}"), &format!("takes effect: {from}")));
    }
    if let Some(request) = &act.request {
        lines.push(titles.say(&format!("依頼番号: {request}"), &format!("at the request of: {request}")));
    }
    if let Some(permit) = act.permit {
        let number = numbered(permit, language);
        lines.push(titles.say(&format!("利用許可: {number}"), &format!("permit to use the system: {number}")));
    }
    if let Some(agreement) = &act.agreement {
        lines.push(titles.say(&format!("協議書番号: {agreement}"), &format!("under agreement: {agreement}")));
    }
    lines
}

fn kind_line(act: &Act, language: Language) -> String {
    let founds = act.changes.iter().any(|change| matches!(change, Change::Found(_)));
    let reports = act.changes.iter().any(|change| matches!(change, Change::Open(open) if open.form == Form::Incident));
    let here = act.changes.iter().any(Change::is_of_the_casebook);
    let (ja, en) = match (act.log, &act.proposal) {
        (Log::Casebook, Some(_)) => (
            "承認(次の段階の承認を受けて効力を生じます)",
            "approval of a stage (takes effect when the last one approves)",
        ),
        (Log::Register | Log::Records, Some(_)) => ("承認", "approval"),
        (Log::Casebook, None) if reports => ("事故等の報告", "report"),
        (Log::Casebook, None) if here => ("処理簿への記入", "entry into the casebook"),
        (Log::Casebook, None) => ("申請(承認を受けて効力を生じます)", "proposal (takes effect when it is approved)"),
        (Log::Register | Log::Records, None) if founds => ("団体の設置", "founding of an office"),
        (Log::Register | Log::Records, None) => ("処分", "act"),
    };
    if language == Language::Japanese { ja } else { en }.to_string()
}

/// What is signed is the office's id: the title is what this register calls it, so it stands only beside this register's id.
fn office_lines(act: &Act, titles: &Titles<'_>) -> Vec<String> {
    let founded =
        act.changes.iter().find_map(|change| if let Change::Found(found) = change { Some(found) } else { None });
    let here = if founded.is_some() { NO_OFFICE } else { titles.register.office().unwrap_or(NO_OFFICE) };
    let id = act.office;
    if id != here {
        return Vec::from([
            titles.say(&format!("団体: {id}"), &format!("office: {id}")),
            titles.say(
                "警告: 手元の登録簿の団体ではありません。署名しないでください",
                "WARNING: this is not the office of the register at hand; do not sign",
            ),
        ]);
    }
    let line = match founded {
        Some(found) => titles.say(
            &format!("団体: 「{}」(識別子はこの処分から定まる)", found.title),
            &format!("office: \"{}\" (its id is made from this act)", found.title),
        ),
        None => {
            let title = titles.register.title();
            titles.say(&format!("団体: 「{title}」({id})"), &format!("office: \"{title}\" ({id})"))
        }
    };
    Vec::from([line])
}

fn signer_line(act: &Act, titles: &Titles<'_>) -> String {
    let Some(post) = &act.post else {
        return titles.say("署名: 職によらない署名", "signed: not in the name of a post");
    };
    let title = titles.post(post);
    if act.as_deputy {
        titles.say(&format!("職: {title}(代決)"), &format!("post: {title}, as deputy"))
    } else {
        titles.say(&format!("職: {title}"), &format!("post: {title}"))
    }
}

/// The changes of an act, or of the proposal that it approves, alone: each as [`render`] has it, without its number.
#[must_use]
pub fn changes(act: &Act, register: &Register, language: Language) -> Vec<String> {
    changes_within(act, register, language, 0)
}

/// As [`changes`], each with its number before it.
#[must_use]
pub fn numbered_changes(act: &Act, register: &Register, language: Language) -> Vec<String> {
    let lines = changes(act, register, language);
    lines.iter().enumerate().map(|(index, line)| format!("{}. {line}", index + 1)).collect()
}

fn changes_within(act: &Act, register: &Register, language: Language, depth: usize) -> Vec<String> {
    let Some(proposal) = &act.proposal else {
        let titles = Titles { register, language, own: act };
        return act.changes.iter().map(|change| describe(change, &titles)).collect();
    };
    let proposal = SignedAct::decode(&proposal.0).ok().filter(|_| depth < RECOVERY_MAX);
    proposal.map_or_else(Vec::new, |signed| changes_within(signed.act(), register, language, depth + 1))
}

fn proposal_lines(bytes: &[u8], register: &Register, language: Language, depth: usize) -> Vec<String> {
    let Ok(proposal) = SignedAct::decode(bytes) else {
        let unreadable = if language == Language::Japanese {
            "申請の内容を読み取れません"
        } else {
            "the proposal cannot be read"
        };
        return Vec::from([unreadable.to_string()]);
    };
    let signer = match language {
        Language::Japanese if proposal.act().proposal.is_some() => {
            format!("--- 前の段階の承認(署名: {})", proposal.signer())
        }
        Language::English if proposal.act().proposal.is_some() => {
            format!("--- the approval of the stage before (signed by {})", proposal.signer())
        }
        Language::Japanese => format!("--- 承認する申請(署名: {})", proposal.signer()),
        Language::English => format!("--- the proposal (signed by {})", proposal.signer()),
    };
    Vec::from([signer, rendered(proposal.act(), register, language, depth)])
}

/// Titles next to codes, from the register and from the act itself, which may name what it uses.
pub(crate) struct Titles<'a> {
    pub(crate) register: &'a Register,
    pub(crate) language: Language,
    own: &'a Act,
}

impl Titles<'_> {
    /// A title next to its code, framed: no title holds its frame, so none can go on as something else (§R3.4).
    pub(crate) fn titled(&self, title: &str, code: &Code) -> String {
        self.say(&format!("「{title}」({code})"), &format!("\"{title}\" ({code})"))
    }

    fn with_code(&self, title: Option<String>, code: &Code) -> String {
        match title {
            Some(title) if title != code.as_str() => self.titled(&title, code),
            Some(_) | None => code.to_string(),
        }
    }

    /// One of two texts.
    pub(crate) fn say(&self, japanese: &str, english: &str) -> String {
        if self.language == Language::Japanese { japanese } else { english }.to_string()
    }

    pub(crate) fn section(&self, code: &Code) -> String {
        let here = |change: &Change| {
            if let Change::Section(set) = change { (set.section == *code).then(|| set.title.to_string()) } else { None }
        };
        let known = self.register.section(code).map(|section| section.title().to_string());
        self.with_code(known.or_else(|| self.own.changes.iter().find_map(here)), code)
    }

    pub(crate) fn post(&self, code: &Code) -> String {
        let here = |change: &Change| {
            if let Change::Post(set) = change { (set.post == *code).then(|| set.title.to_string()) } else { None }
        };
        let known = self.register.post(code).map(|post| post.version().title.to_string());
        self.with_code(known.or_else(|| self.own.changes.iter().find_map(here)), code)
    }

    pub(crate) fn function(&self, code: &Code) -> String {
        let here = |change: &Change| {
            if let Change::Function(set) = change {
                (set.function == *code).then(|| set.title.to_string())
            } else {
                None
            }
        };
        let known = self.register.function(code).map(|function| function.title().to_string());
        self.with_code(known.or_else(|| self.own.changes.iter().find_map(here)), code)
    }

    /// Functions as a list; the empty list in the words given.
    pub(crate) fn functions(&self, codes: &[Code], empty: (&str, &str)) -> String {
        if codes.is_empty() {
            return self.say(empty.0, empty.1);
        }
        self.list(codes.iter().map(|code| self.function(code)))
    }

    pub(crate) fn sections(&self, codes: &[Code]) -> String {
        self.list(codes.iter().map(|code| self.section(code)))
    }

    /// A list in the language's own punctuation; "none" when empty.
    pub(crate) fn list(&self, items: impl Iterator<Item = String>) -> String {
        let items: Vec<_> = items.collect();
        if items.is_empty() {
            return self.say("なし", "none");
        }
        items.join(&self.say("、", ", "))
    }

    pub(crate) fn codes(&self, codes: &[Code]) -> String {
        self.list(codes.iter().map(ToString::to_string))
    }

    pub(crate) fn moment(&self, t: u64) -> String {
        moment_text(t, self.language)
    }

    /// From … until …
    pub(crate) fn period(&self, from: u64, to: u64) -> String {
        let (from, to) = (self.moment(from), self.moment(to));
        self.say(&format!("{from}から{to}まで"), &format!("from {from} until {to}"))
    }
}
