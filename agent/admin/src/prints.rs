//! A print from this desk: what it says of itself, and where it goes.

use std::path::{Path, PathBuf};

use sekisho_paper::forms::Form;
use sekisho_paper::print::html;
use sekisho_paper::written::{BYTE_ORDER_MARK, csv_of_notes};
use sekisho_paper::{AsOf, Facts, Names, Said as Words, Table, Templates};
use sekisho_register::Register;
use sekisho_register::calendar::MINUTE_MS;
use sekisho_register::values::NameHash;
use sekisho_register::wareki::moment_text;

use crate::casebook::Cases;
use crate::cli::{AgainArguments, CasesAgainArguments, LookArguments, OutputArguments};
use crate::clock;
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Said, Thing};
use crate::register_cache::RegisterCache;
use crate::template_folder;
use crate::whole_file::WholeFile;

impl Names for RegisterCache {
    fn name(&self, hash: &NameHash) -> Option<&str> {
        Self::name(self, hash)
    }

    fn is_erased(&self, hash: &NameHash) -> bool {
        self.register().name_erased(hash).is_some()
    }

    fn made(&self, index: u64) -> Option<u64> {
        Self::made(self, index)
    }

    fn entry(&self, index: u64) -> Option<&[u8]> {
        Self::entry(self, index)
    }
}

/// Says so where the office has decided by what it prints, and it is something else.
fn warn_of_other_templates(desk: &Desk, templates: &Templates, at: u64) {
    let decided = desk.cache.register().policy_at(at).templates;
    if decided.is_none_or(|decided| templates.of_the_office() == Some(decided)) {
        return;
    }
    desk.screen.note(
        "these are not the templates by which the office prints: take those over from the desk that has them, into 'templates' of this home ('sekisho-admin form templates list' says whether it is they)",
        "団体の定めた様式と異なる様式で印刷しています。定めた様式のある端末から、このホームの「templates」に複製してください(「sekisho-admin form templates list」で確認できます)",
    );
}

/// A print that is being made.
pub(crate) struct Printing {
    templates: Templates,
    /// The register that it rests on; nothing where that is the one of today.
    earlier: Option<Register>,
    /// The first moment of the minute in which it is printed.
    printed_at: u64,
    printed_by: String,
}

impl Printing {
    /// Looks at templates and arguments first: a mistake in them costs no PIN. Then logs in.
    ///
    /// # Errors
    /// Templates, arguments, card, ledger; a size that the log has not reached.
    pub(crate) fn begin(
        desk: &mut Desk,
        form: &'static Form,
        look: &LookArguments,
        again: &AgainArguments,
    ) -> Result<Self, AdminError> {
        let templates = template_folder::templates(look.templates.as_deref(), &desk.home.path(""))?;
        templates.check_form(form)?;
        desk.log_in()?;
        let earlier = again.at_size.filter(|size| *size != desk.cache.size());
        let earlier = earlier.map(|size| of_size(&desk.cache, size)).transpose()?;
        let time = again.printed_at.map_or_else(clock::now, |time| time.moment(Edge::From));
        if time > clock::now() {
            let rule = Said::new("nothing was printed at a time to come", "印刷日時に未来の日時は指定できません");
            let value = moment_text(time, desk.screen.language);
            return Err(AdminError::Argument { name: "--printed-at", value, rule });
        }
        let printed_at = time - time % MINUTE_MS;
        warn_of_other_templates(desk, &templates, printed_at + MINUTE_MS - 1);
        let mut printing = Self { templates, earlier, printed_at, printed_by: String::new() };
        // The name that the person had then: another one would be another print.
        let of = printing.as_of(desk, printing.now());
        let by = match &again.printed_by {
            Some(operator) if of.register.operator(operator).is_none() => {
                return Err(AdminError::Unknown { what: Thing::Operator, code: operator.to_string() });
            }
            Some(operator) => Some(operator),
            None => {
                let card = desk.signer().and_then(|guid| desk.cache.register().card(&guid));
                card.and_then(|card| card.holder(clock::now())).map(|holder| holder.operator)
            }
        };
        printing.printed_by =
            by.map_or_else(String::new, |operator| of.person(operator).in_words(desk.screen.language));
        Ok(printing)
    }

    /// The same for a print of cases, with the casebook: as it was for an earlier print that is made again.
    ///
    /// # Errors
    /// As [`Self::begin`], and as [`Cases::read`].
    pub(crate) fn begin_with_cases(
        desk: &mut Desk,
        form: &'static Form,
        look: &LookArguments,
        again: &CasesAgainArguments,
    ) -> Result<(Self, Cases), AdminError> {
        if let (Some(size), None) = (again.of_register.at_size, again.cases_size) {
            let rule = Said::new(
                "a print of cases is made again from both logs: add --cases-size, which its head says",
                "事案の印刷物の再作成には処理簿の件数も必要です。印刷物の上部にある件数を --cases-size で指定してください",
            );
            return Err(AdminError::Argument { name: "--at-size", value: size.to_string(), rule });
        }
        let printing = Self::begin(desk, form, look, &again.of_register)?;
        let mut known = Cases::read(desk)?;
        if let Some(size) = again.cases_size {
            let register = printing.as_of(desk, printing.now()).register;
            known.go_back(&desk.cache, register, size)?;
        }
        Ok((printing, known))
    }

    /// How the same print is made again: from the register and from these other logs.
    pub(crate) fn note_again(&self, desk: &Desk, others: &[(&str, u64)]) {
        let size = self.as_of(desk, self.now()).register.size();
        let time = sekisho_paper::table::iso_moment(self.printed_at);
        let minute = time.get(..16).unwrap_or_default();
        let others: String = others.iter().map(|(option, size)| format!(" {option} {size}")).collect();
        let options = format!("--at-size {size}{others} --printed-at {minute}");
        let shown = moment_text(self.printed_at, desk.screen.language);
        desk.screen.note(
            &format!("printed {shown} from {size} entries; the same again with {options}, the same --printed-by, language and templates"),
            &format!("{shown} 印刷(登録簿 {size} 件)。同じ印刷物は {options} と、同じ --printed-by・言語・テンプレートで再作成できます"),
        );
    }

    /// The last moment of the minute in which it is printed: "now" for whoever makes the same print again.
    pub(crate) const fn now(&self) -> u64 {
        self.printed_at + MINUTE_MS - 1
    }

    /// The register as of a moment.
    pub(crate) fn as_of<'a>(&'a self, desk: &'a Desk, at: u64) -> AsOf<'a> {
        let register = self.earlier.as_ref().unwrap_or_else(|| desk.cache.register());
        AsOf { register, names: &desk.cache, at, cases: None, sight: None }
    }

    /// What each page says.
    pub(crate) fn facts(&self, desk: &Desk, as_of: Words) -> Facts {
        let register = self.as_of(desk, self.now()).register;
        Facts::of(register, desk.screen.language, as_of, self.printed_by.clone(), self.printed_at)
    }

    /// Writes the files that were asked for; which they are. All is filled in before any of them is there.
    ///
    /// # Errors
    /// A template that cannot be filled in; files that exist or cannot be written.
    pub(crate) fn write(
        &self,
        output: &OutputArguments,
        form: &Form,
        tables: &[Table],
        facts: &Facts,
    ) -> Result<Vec<PathBuf>, AdminError> {
        let page = output.html.as_ref().map(|file| Ok((file, html(&self.templates, form, tables, facts)?)));
        let page = page.transpose().map_err(AdminError::Template)?;
        let mut wanted = Vec::new();
        if let Some((file, page)) = page {
            wanted.push((file.clone(), page));
        }
        if let Some(file) = &output.csv {
            let mark = if output.bom { BYTE_ORDER_MARK } else { "" };
            let all = tables;
            let tables = tables.iter().enumerate();
            wanted.extend(
                tables.map(|(index, table)| (numbered(file, index), mark.to_owned() + &table.csv(facts.language))),
            );
            wanted.push((beside(file, "notes"), mark.to_owned() + &csv_of_notes(facts, all)));
        }
        let mut files = Vec::new();
        for (file, text) in &wanted {
            let mut whole = WholeFile::create(file)?;
            whole.write(text.as_bytes())?;
            files.push(whole);
        }
        files.into_iter().try_for_each(WholeFile::finish)?;
        Ok(wanted.into_iter().map(|(file, _)| file).collect())
    }
}

/// A file of CSV is one table, all its lines of one length: the second one goes beside it, `name-2.csv`.
fn numbered(file: &Path, index: usize) -> PathBuf {
    if index == 0 {
        return file.to_owned();
    }
    beside(file, &(index + 1).to_string())
}

/// A file beside that one, with a word more in its name.
fn beside(file: &Path, word: &str) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{word}"));
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

/// The register when the log had so many entries.
fn of_size(cache: &RegisterCache, size: u64) -> Result<Register, AdminError> {
    let register = if size == 0 { None } else { cache.register_at(size, None) };
    register.ok_or_else(|| AdminError::Argument {
        name: "--at-size",
        value: size.to_string(),
        rule: Said::new(
            format!("the register has entries 1 to {}", cache.size()),
            format!("登録簿の件数は 1〜{} です", cache.size()),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_table_has_a_file_beside_the_first() {
        let of = |file: &str, index| numbered(Path::new(file), index).display().to_string();
        assert_eq!([of("a/b.csv", 0), of("a/b.csv", 1), of("b", 2)], ["a/b.csv", "a/b-2.csv", "b-3"]);
        assert_eq!(beside(Path::new("a/b.csv"), "notes"), Path::new("a/b-notes.csv"));
    }
}
