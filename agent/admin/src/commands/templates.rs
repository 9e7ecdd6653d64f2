//! Templates of forms (様式): which there are, the built-in ones to begin from, a try of one's own.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sekisho_paper::Templates;
use sekisho_paper::forms::{GAPS, all};
use sekisho_paper::templates::BUILT_IN;

use crate::cli::TemplatesCommand;
use crate::error::AdminError;
use crate::screen::Screen;
use crate::table::Table;
use crate::template_folder::{FOLDER, read};
use crate::whole_file::WholeFile;

pub(super) fn run(
    command: &TemplatesCommand,
    screen: &Screen,
    home: &dyn Fn() -> Result<PathBuf, AdminError>,
) -> Result<(), AdminError> {
    match command {
        TemplatesCommand::List => list(screen, &home()?.join(FOLDER)),
        TemplatesCommand::Export { folder } => export(screen, folder),
        TemplatesCommand::Check { folder: Some(folder) } => check(screen, folder),
        TemplatesCommand::Check { folder: None } => check(screen, &home()?.join(FOLDER)),
    }
}

fn list(screen: &Screen, folder: &Path) -> Result<(), AdminError> {
    let templates = if folder.is_dir() { read(folder)?.0 } else { Templates::built_in() };
    let mut table = Table::new(&[
        ("form", screen.words("form", "様式")),
        ("number", screen.words("no.", "番号")),
        ("title", screen.words("title", "名称")),
        ("template", screen.words("template", "テンプレート")),
        ("place", screen.words("lies in", "所在")),
    ]);
    // That one is the end of others.
    for form in all().filter(|form| *form != &GAPS) {
        let template = templates.template_of(form);
        let place =
            templates.place(&template).map_or_else(|| screen.words("built in", "組込み").to_owned(), ToOwned::to_owned);
        let number = form.number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let title = form.title.in_words(screen.language).to_owned();
        table.row([form.key.to_owned(), number, title, template, place]);
    }
    screen.print_table(&table)?;
    if let Some(own) = templates.of_the_office() {
        screen.note(
            &format!("the templates in this folder together: templates = \"{own}\" under [policy] has the office print by them"),
            &format!("このフォルダーの様式を団体の様式と定めるには、[policy] に templates = \"{own}\" と書きます"),
        );
    }
    Ok(())
}

fn export(screen: &Screen, folder: &Path) -> Result<(), AdminError> {
    if !folder.is_dir() {
        let fail = |cause| AdminError::File { path: folder.to_owned(), cause };
        DirBuilder::new().mode(0o755).create(folder).map_err(fail)?;
    }
    let paths: Vec<PathBuf> = BUILT_IN.iter().map(|(name, _)| folder.join(name)).collect();
    let mut files = Vec::new();
    for (path, (_, text)) in paths.iter().zip(BUILT_IN) {
        let mut file = WholeFile::create(path)?;
        file.write(text.as_bytes())?;
        files.push(file);
    }
    files.into_iter().try_for_each(WholeFile::finish)?;
    let (count, folder) = (BUILT_IN.len(), folder.display());
    screen.print(&screen.words(
        format!("{count} templates written to {folder}; keep those that you change, and copy table.html to FORM.html for one form alone"),
        format!("{folder} にテンプレート {count} 件を書き出しました。変更するものだけを残してください。一つの様式だけを変えるには table.html を 様式名.html に複写します"),
    ))
}

fn check(screen: &Screen, folder: &Path) -> Result<(), AdminError> {
    let (templates, mut wrong) = read(folder)?;
    if wrong.is_empty() {
        wrong = templates.check();
    }
    for error in &wrong {
        screen.print(&error.in_words(screen.language))?;
    }
    if !wrong.is_empty() {
        return Err(AdminError::TemplatesWrong(wrong.len()));
    }
    let count = templates.names().filter(|name| templates.place(name).is_some()).count();
    screen.print(&screen.words(
        format!("{count} templates of {} fill in every form", folder.display()),
        format!("{} のテンプレート {count} 件で全ての様式を作成できます", folder.display()),
    ))
}
