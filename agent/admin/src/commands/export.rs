//! What a search finds, written into a file page by page: however much it is, one page lies in memory.

use sekisho_register::change::Log;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::records::{PAGE, incomplete, query};
use crate::cli::{ExportArguments, ExportFormat};
use crate::desk::Desk;
use crate::error::AdminError;
use crate::ledger::Found;
use crate::record_words::Teller;
use crate::taken_away::{BYTE_ORDER_MARK, Row, Source, csv_head, csv_line, ocsf_line};

/// How often and how fast the ledger is asked whether its search has caught up.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(300);

/// A file that has its name when it is whole: half an export is never taken for one.
struct Whole<'a> {
    begun: PathBuf,
    name: &'a Path,
    out: BufWriter<std::fs::File>,
}

impl<'a> Whole<'a> {
    fn create(name: &'a Path) -> Result<Self, AdminError> {
        free(name)?;
        let mut begun = name.as_os_str().to_owned();
        begun.push(".part");
        let begun = PathBuf::from(begun);
        // Persons stand in it.
        let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&begun).map_err(failed(&begun))?;
        Ok(Self { begun, name, out: BufWriter::new(out) })
    }

    fn write(&mut self, text: &str) -> Result<(), AdminError> {
        self.out.write_all(text.as_bytes()).map_err(failed(&self.begun))
    }

    fn finish(mut self) -> Result<(), AdminError> {
        let synced = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        synced.map_err(failed(&self.begun))?;
        free(self.name)?;
        std::fs::rename(&self.begun, self.name).map_err(failed(self.name))
    }
}

impl Drop for Whole<'_> {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.begun));
    }
}

/// What has the name already is never written over.
fn free(name: &Path) -> Result<(), AdminError> {
    if name.symlink_metadata().is_ok() {
        return Err(failed(name)(std::io::ErrorKind::AlreadyExists.into()));
    }
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> AdminError + use<> {
    let path = path.to_owned();
    |cause| AdminError::File { path, cause }
}

pub(super) fn run(desk: &mut Desk, arguments: &ExportArguments) -> Result<(), AdminError> {
    query(&arguments.question, None, 1)?;
    let mut file = Whole::create(&arguments.out)?;
    if arguments.format == ExportFormat::Csv {
        let mark = if arguments.bom { BYTE_ORDER_MARK } else { "" };
        file.write(&format!("{mark}{}", csv_head(desk.screen.language)))?;
    }
    desk.log_in()?;
    let found = caught_up(desk, arguments)?;
    let (mut written, mut before): (u64, _) = (0, None);
    loop {
        // Again for each page: a token ends long before ten million rows do.
        desk.log_in()?;
        let page = search(desk, arguments, before, PAGE)?;
        for (index, bytes) in &page.rows {
            file.write(&line(desk, arguments, *index, bytes)?)?;
            written += 1;
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    file.finish()?;
    let (out, permission) = (arguments.out.display(), &arguments.permission);
    desk.screen.print(&desk.screen.words(
        format!("{written} records written to {out}, under {permission}"),
        format!("{written} 件の記録を {out} に書き出しました(許可番号 {permission})"),
    ))?;
    incomplete(desk, &found);
    Ok(())
}

fn search(desk: &Desk, arguments: &ExportArguments, before: Option<u64>, rows: u32) -> Result<Found, AdminError> {
    desk.ledger.search(&(query(&arguments.question, before, rows)? + "&permission=" + arguments.permission.as_str()))
}

/// Waits until the ledger's search has come to what its log held when this began. It follows within a second; where it does not, records are
/// missing from it, and the last answer says so.
fn caught_up(desk: &Desk, arguments: &ExportArguments) -> Result<Found, AdminError> {
    let first = search(desk, arguments, None, 0)?;
    let mut found = first.clone();
    for _ in 0..LOOKS {
        if found.size >= first.of {
            break;
        }
        std::thread::sleep(PAUSE);
        found = search(desk, arguments, None, 0)?;
    }
    Ok(Found { of: first.of, ..found })
}

fn line(desk: &Desk, arguments: &ExportArguments, index: u64, bytes: &[u8]) -> Result<String, AdminError> {
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    let row = Row::new(index, bytes, |record| teller.happened(&record.body));
    Ok(match arguments.format {
        ExportFormat::Csv => csv_line(&row),
        ExportFormat::Ocsf => {
            let (keys, permission) = (desk.log_keys(Log::Records)?, arguments.permission.as_str());
            ocsf_line(&row, &Source { office: desk.office.id, origin: keys.origin(), permission })
        }
    })
}
