//! `sekisho-manual`: man pages and completions for shells, from the definitions that parse the arguments and the READMEs that explain them; and the guides as
//! pages to print.

mod guides;
mod markdown;
mod pages;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap_complete::Shell;

/// Write the man pages, the completions for shells and the guides
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The folder that gets `man`, `completions` and `guides`; made where it is not there
    folder: PathBuf,
}

fn main() -> ExitCode {
    let Arguments { folder } = Arguments::parse();
    match write_all(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sekisho-manual: cannot write into {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path) -> io::Result<()> {
    for page in pages::all()? {
        let place = folder.join("man").join(page.folder());
        fs::create_dir_all(&place)?;
        fs::write(place.join(&page.file), page.roff)?;
    }
    guides::write_all(&folder.join("guides"))?;
    let completions = folder.join("completions");
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let place = completions.join(shell.to_string());
        fs::create_dir_all(&place)?;
        for mut command in pages::commands() {
            let name = command.get_name().to_owned();
            clap_complete::generate_to(shell, &mut command, name, &place)?;
        }
    }
    Ok(())
}
