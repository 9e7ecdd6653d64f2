//! The folder with an office's own templates: a file in it replaces the built-in one of its name.

use std::io;
use std::path::Path;

use sekisho_paper::{TemplateError, Templates};

use crate::error::{AdminError, Said};

/// The folder in the home directory.
pub(crate) const FOLDER: &str = "templates";

/// The built-in templates with those of a folder over them; what is wrong with a file, each by itself.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn read(folder: &Path) -> Result<(Templates, Vec<TemplateError>), AdminError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        |cause: io::Error| AdminError::File { path, cause }
    };
    let mut templates = Templates::built_in();
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail(folder))? {
        files.push(entry.map_err(fail(folder))?.path());
    }
    // One order everywhere: messages are the same, whatever the disk says first.
    files.sort();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.ends_with(".html") {
            continue;
        }
        let bytes = std::fs::read(&file).map_err(fail(&file))?;
        if let Err(error) = templates.replace(name, &bytes, &file.display().to_string()) {
            wrong.push(error);
        }
    }
    Ok((templates, wrong))
}

/// The templates to print by: of the folder named, else of the home directory if there is one, else the built-in ones.
///
/// # Errors
/// A folder that cannot be read; the first thing that is wrong in it.
pub(crate) fn templates(named: Option<&Path>, home: &Path) -> Result<Templates, AdminError> {
    let folder = match named {
        Some(folder) if !folder.is_dir() => {
            return Err(AdminError::Argument {
                name: "--templates",
                value: folder.display().to_string(),
                rule: Said::new("it is no folder", "フォルダーではありません"),
            });
        }
        Some(folder) => folder.to_owned(),
        None => home.join(FOLDER),
    };
    if !folder.is_dir() {
        return Ok(Templates::built_in());
    }
    let (templates, wrong) = read(&folder)?;
    wrong.into_iter().next().map_or(Ok(templates), |error| Err(error.into()))
}
