//! Forms filled in, cases taken on.

use std::path::PathBuf;

use sekisho_paper::written::marked;
use sekisho_register::cases::{Case, Duty, Written};
use sekisho_register::change::{Change, Field, OpenCase, TakeStep, Value};
use sekisho_register::forms::{Asked, Blank, Definition, Form, Kind, Need, Step, Times};
use sekisho_register::today::Telling;
use sekisho_register::wareki::{day_text, moment_text, numbered};
use sekisho_register::{Casebook, Register};
use sekisho_wire::words::Language;

use super::today::telling;
use super::{case_prints, templates};
use crate::casebook::Cases;
use crate::cli::{CaseCommand, FormCommand};
use crate::clock;
use crate::desk::Desk;
use crate::error::{AdminError, Said, Thing};
use crate::filled_in::FilledIn;
use crate::screen::Screen;
use crate::table::Table;

pub(crate) fn forms(
    screen: &Screen,
    command: &FormCommand,
    home: &dyn Fn() -> Result<PathBuf, AdminError>,
) -> Result<(), AdminError> {
    match command {
        FormCommand::Templates(command) => templates::run(command, screen, home),
        FormCommand::List => {
            let mut table =
                Table::new(&[("form", screen.words("form", "様式名")), ("title", screen.words("title", "名称"))]);
            for form in Form::ALL {
                table.row([form.name().to_owned(), form.title(screen.language).to_owned()]);
            }
            screen.print_table(&table)
        }
        FormCommand::Show { form } => screen.print(&form_text(form.definition(), screen)),
    }
}

pub(crate) fn run(desk: &mut Desk, command: CaseCommand) -> Result<(), AdminError> {
    match command {
        CaseCommand::Open { form, fields } => {
            let open = |register: &Register, fields: &[Field]| {
                OpenCase { form, fields: fields.to_vec() }.with_recipients(register.policy())
            };
            let judge = |casebook: &Casebook, register: &Register, fields: &[Field], now| {
                casebook.wrong_to_open(register, &open(register, fields), now)
            };
            let filled = FilledIn::read(desk, form.definition().fields, &fields, &judge)?;
            let opened = open(desk.cache.register(), &filled.fields);
            desk.write(vec![Change::Open(Box::new(opened))], &filled.texts)
        }
        CaseCommand::Step { case, step, fields } => {
            let known = case.form.definition().steps.iter();
            let known = known.clone().find(|known| known.name == step || known.title.text(Language::Japanese) == step);
            let known = known.ok_or_else(|| no_such_step(case.form.definition(), &step))?;
            let taken = |fields: &[Field]| TakeStep { case, step: known.key, fields: fields.to_vec() };
            let judge = |casebook: &Casebook, register: &Register, fields: &[Field], now| {
                casebook.wrong_to_step(register, &taken(fields), now)
            };
            let filled = FilledIn::read(desk, known.fields, &fields, &judge)?;
            desk.write(vec![Change::Step(Box::new(taken(&filled.fields)))], &filled.texts)
        }
        CaseCommand::List { form, open } => list(desk, form, open),
        CaseCommand::Print(arguments) => case_prints::book(desk, &arguments),
        CaseCommand::Sheet(arguments) => case_prints::sheet(desk, &arguments),
        CaseCommand::Show { case } => {
            let cases = Cases::read(desk)?;
            let unknown = || AdminError::Unknown { what: Thing::Case, code: case.to_string() };
            let case = cases.casebook.case(&case).ok_or_else(unknown)?;
            expect_in_sight(desk, case)?;
            let compared = super::review::compared(desk, case)?;
            let text = [vec![case_text(case, &cases, desk)], compared].concat().join("\n");
            desk.screen.print(&text)
        }
    }
}

fn list(desk: &mut Desk, form: Option<Form>, open: bool) -> Result<(), AdminError> {
    let cases = Cases::read(desk)?;
    let (now, screen) = (clock::now(), desk.screen);
    let mut table = Table::new(&[
        ("case", screen.words("case", "番号")),
        ("form", screen.words("form", "様式")),
        ("number", screen.words("number", "年度番号")),
        ("made", screen.words("made", "記入日時")),
        ("by", screen.words("by", "記入者")),
        ("what", screen.words("what", "内容")),
        ("state", screen.words("to be done", "未了の手続")),
    ]);
    let asked = |case: &&Case| form.is_none_or(|form| case.id.form == form);
    let sight = desk.sight();
    let seen = cases.casebook.cases().filter(|case| sight.sees_case(desk.cache.register(), case));
    let mut rows: Vec<&Case> = seen.filter(asked).collect();
    rows.sort_by_key(|case| case.opened.index);
    for case in rows {
        let duties = case.duties(desk.cache.register(), now);
        if open && duties.is_empty() {
            continue;
        }
        let steps: Vec<&str> = duties.iter().map(|duty| duty.step.title.text(screen.language)).collect();
        let what: Vec<String> = fields_text(case.id.form.definition().fields, &case.opened.fields, &cases, desk);
        table.row([
            case.id.to_string(),
            case.id.form.title(screen.language).to_owned(),
            numbered(case.id.number, screen.language),
            moment_text(case.opened.made, screen.language),
            by(&case.opened, desk),
            what.join(screen.words("; ", "、")),
            steps.join(screen.words(", ", "、")),
        ]);
    }
    screen.print_table(&table)
}

/// A case of another section is not shown to the head of one: the ledger gives him none of its texts either.
pub(super) fn expect_in_sight(desk: &Desk, case: &Case) -> Result<(), AdminError> {
    if desk.sight().sees_case(desk.cache.register(), case) {
        return Ok(());
    }
    let rule = Said::new(
        "it is about another section, and you head your own alone; ask the data protection manager",
        "他の課に関するものです。閲覧できるのは自分の課に関するものだけです。データ保護管理者に依頼してください",
    );
    Err(AdminError::Argument { name: "CASE", value: case.id.to_string(), rule })
}

/// Who wrote it, in the name of which post, from which paper.
fn by(written: &Written, desk: &Desk) -> String {
    let language = desk.screen.language;
    let who = crate::grounds::who(&desk.cache, language, &written.signer, written.made);
    match (&written.paper, language) {
        (None, _) => who,
        (Some(paper), Language::Japanese) => {
            format!("{who}(書面: {}、{}、文書番号 {})", paper.post, day_text(paper.decided, language), paper.document)
        }
        (Some(paper), Language::English) => {
            format!(
                "{who} (from paper: {}, {}, document {})",
                paper.post,
                day_text(paper.decided, language),
                paper.document
            )
        }
    }
}

fn fields_text(blanks: &'static [Blank], fields: &[Field], cases: &Cases, desk: &Desk) -> Vec<String> {
    let language = desk.screen.language;
    let line = |field: &Field| {
        let blank = blanks.iter().find(|blank| blank.key == field.key);
        let title = blank.map_or("?", |blank| blank.title.text(language));
        format!("{title}: {}", cases.value(blank, field, &desk.cache, language))
    };
    fields.iter().map(line).collect()
}

fn case_text(case: &Case, cases: &Cases, desk: &Desk) -> String {
    let (screen, definition) = (desk.screen, case.id.form.definition());
    let language = screen.language;
    let heading = |title: &str, written: &Written| {
        let entry = screen.words("entry", "処理簿");
        format!("{title}  {}  {}  ({entry} {})", moment_text(written.made, language), by(written, desk), written.index)
    };
    let mut lines = vec![heading(&format!("{} [{}]", case.id.text(language), case.id), &case.opened)];
    let add = |blanks, fields: &[Field]| {
        fields_text(blanks, fields, cases, desk)
            .into_iter()
            .map(|line| format!("  {}", marked(&line, "    ")))
            .collect::<Vec<_>>()
    };
    lines.extend(add(definition.fields, &case.opened.fields));
    for taken in &case.steps {
        let step = definition.step(taken.step);
        lines.push(heading(step.map_or("?", |step| step.title.text(language)), &taken.written));
        lines.extend(add(step.map_or(&[], |step| step.fields), &taken.written.fields));
    }
    let duties = case.duties(desk.cache.register(), clock::now());
    match duties.as_slice() {
        [] => lines.push(screen.words("nothing has to be done any more", "未了の手続はありません").to_owned()),
        duties => {
            lines.push(screen.words("to be done:", "未了の手続:").to_owned());
            telling(desk, &cases.casebook, |telling| {
                lines.extend(duties.iter().map(|duty| format!("  {}", duty_text(duty, telling))));
            });
        }
    }
    let sight = desk.sight();
    let contacts = cases.casebook.contacts_beside(case);
    let contacts: Vec<&Case> = contacts.filter(|contact| sight.sees_case(desk.cache.register(), contact)).collect();
    if !contacts.is_empty() {
        lines.push(screen.words("whom to call:", "緊急時連絡網:").to_owned());
        let fields = |contact: &Case| {
            fields_text(contact.id.form.definition().fields, &contact.opened.fields, cases, desk).join(", ")
        };
        lines.extend(contacts.iter().map(|contact| format!("  {}", marked(&fields(contact), "    "))));
    }
    let untold = |field: &&Field| matches!(&field.value, Value::Text(hash) if cases.text(hash).is_none());
    let written = case.steps.iter().map(|taken| &taken.written).chain([&case.opened]);
    let untold = written.flat_map(|written| &written.fields).filter(untold).count();
    if untold > 0 {
        lines.push(screen.words(
            format!("{untold} texts were not shown by the ledger, or are erased, as it stands in their place"),
            format!("文章{untold}件は、それぞれの箇所にあるとおり、台帳が示さないか消去されています"),
        ));
    }
    lines.join("\n")
}

/// What has to be done, by whom, until when.
fn duty_text(duty: &Duty, telling: &Telling<'_>) -> String {
    let language = telling.language;
    let due = duty.due.map_or_else(String::new, |due| {
        let due = moment_text(due, language);
        match language {
            Language::Japanese => format!("、期限 {due}"),
            Language::English => format!(", until {due}"),
        }
    });
    format!("{}: {}{due} [{}]", telling.step(duty), telling.whose(&duty.whose), duty.step.name)
}

fn no_such_step(definition: &Definition, given: &str) -> AdminError {
    let names: Vec<&str> = definition.steps.iter().map(|step| step.name).collect();
    let both: Vec<String> =
        definition.steps.iter().map(|step| format!("{}({})", step.name, step.title.text(Language::Japanese))).collect();
    let rule = Said::new(format!("one of {}", names.join(", ")), format!("次のいずれかです: {}", both.join("、")));
    AdminError::Argument { name: "STEP", value: given.to_owned(), rule }
}

fn form_text(definition: &'static Definition, screen: &Screen) -> String {
    let mut lines = vec![format!("{} [{}]", definition.title.text(screen.language), definition.name)];
    lines.extend(definition.fields.iter().map(|blank| format!("  {}", blank_text(blank, screen))));
    for step in definition.steps {
        lines.push(format!("{} [{}]{}", step.title.text(screen.language), step.name, step_text(step, screen)));
        lines.extend(step.fields.iter().map(|blank| format!("  {}", blank_text(blank, screen))));
    }
    lines.join("\n")
}

fn step_text(step: &Step, screen: &Screen) -> String {
    let asked = match step.asked {
        Asked::Nobody => screen.words("as needed", "必要に応じて"),
        Asked::Closing => screen.words("closes the case", "事案を終結する"),
        Asked::Withdrawal(_) => {
            screen.words("ends the case, until something was decided", "決定等の前に事案を取り下げる")
        }
        Asked::WhoMay | Asked::Field(_) => screen.words("has to be done", "必須"),
        Asked::EachRole | Asked::EachTold(..) | Asked::EachPartner | Asked::EachOf(_) => {
            screen.words("has to be done for each", "それぞれについて必須")
        }
        Asked::WhereSerious => screen.words("has to be done where it is serious", "重大なときは必須"),
        Asked::Where(..) => screen.words("has to be done, depending on what was filled in", "記入内容により必須"),
    };
    let once = match step.times {
        Times::Once => screen.words(", once", "、1回限り"),
        Times::OnceAfter(_) => screen.words(", once after each stop", "、停止ごとに1回限り"),
        Times::Many => "",
        Times::ManyAfter(_) => screen.words(", anew after each stop", "、停止ごとに改めて"),
    };
    let other =
        if step.distinct.is_empty() { "" } else { screen.words(", by another person", "、別の者が行う") };
    format!(" ({asked}{once}{other})")
}

fn blank_text(blank: &Blank, screen: &Screen) -> String {
    let must = if blank.need == Need::Must { screen.words(" (must)", "(必須)") } else { "" };
    let kind = match blank.kind {
        Kind::Text => screen.words("text", "文章").to_owned(),
        Kind::Code => screen.words("code", "コード").to_owned(),
        Kind::Operator => screen.words("operator", "操作者").to_owned(),
        Kind::Section => screen.words("section", "課").to_owned(),
        Kind::Post => screen.words("post", "職").to_owned(),
        Kind::Terminal => screen.words("terminal", "端末機").to_owned(),
        Kind::Function => screen.words("function", "機能").to_owned(),
        Kind::Partner => screen.words("partner office", "関係団体").to_owned(),
        Kind::Card => screen.words("card: number or GUID", "カードの番号又はGUID").to_owned(),
        Kind::Past => screen.words("date and time, not to come", "日時(過去)").to_owned(),
        Kind::Moment => screen.words("date and time", "日時").to_owned(),
        Kind::PastDay => screen.words("date, not to come", "日付(過去)").to_owned(),
        Kind::Day => screen.words("date", "日付").to_owned(),
        Kind::Number => screen.words("number", "数").to_owned(),
        Kind::Choice(words) => words
            .iter()
            .map(|word| format!("{}={}", word.name, word.title.text(screen.language)))
            .collect::<Vec<_>>()
            .join(" | "),
        Kind::Document => screen.words("number of a document", "文書番号").to_owned(),
        Kind::Case(form) => form.title(screen.language).to_owned(),
        Kind::Act => screen.words("id of an act", "処分のID").to_owned(),
        Kind::Record => screen.words("number of a record", "記録の番号").to_owned(),
        Kind::Roles => screen.words("roles", "役割").to_owned(),
        Kind::IncidentKind => Kind::IncidentKind.expected(screen.language),
        Kind::Order => screen.words("preservation order in force", "解除されていない保全命令").to_owned(),
    };
    format!("{}{must}: {}  {kind}", blank.name, blank.title.text(screen.language))
}
