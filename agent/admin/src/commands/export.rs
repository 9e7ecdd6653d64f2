//! What a search finds, written into a file page by page: however much it is, one page lies in memory.

use sekisho_register::LogKeys;
use sekisho_register::change::Log;
use sekisho_wire::record::Record;
use std::time::Duration;

use super::records::{PAGE, incomplete, lacking, query};
use crate::cli::{ExportArguments, ExportFormat};
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::lacks::Lack;
use crate::ledger::Found;
use crate::record_words::Teller;
use crate::taken_away::{BYTE_ORDER_MARK, Row, Source, csv_head, csv_lack, csv_line, ocsf_lack, ocsf_line};
use crate::terminal_word::CarriedTo;
use crate::whole_file::WholeFile;

/// How often and how fast the ledger is asked whether its search has caught up.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(300);

pub(super) fn run(desk: &mut Desk, arguments: &ExportArguments) -> Result<(), AdminError> {
    query(&arguments.question, None, 1)?;
    let mut file = WholeFile::create(&arguments.out)?;
    if arguments.format == ExportFormat::Csv {
        let mark = if arguments.bom { BYTE_ORDER_MARK } else { "" };
        file.write(format!("{mark}{}", csv_head(desk.screen.language)).as_bytes())?;
    }
    desk.log_in()?;
    let found = caught_up(desk, arguments)?;
    let (mut written, mut before): (u64, _) = (0, None);
    loop {
        // Again for each page: a token ends long before ten million rows do.
        desk.log_in()?;
        let page = search(desk, arguments, before, PAGE)?;
        for (index, bytes) in &page.rows {
            let to = page.carried.get(index).copied();
            file.write(line(desk, arguments, (*index, bytes, to))?.as_bytes())?;
            written += 1;
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    // Whoever reads the file must not take what is missing for what never was.
    for lack in lacking(desk, &found) {
        file.write(line_of_lack(desk, arguments, &lack)?.as_bytes())?;
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

fn line(
    desk: &Desk,
    arguments: &ExportArguments,
    (index, bytes, to): (u64, &[u8], Option<CarriedTo>),
) -> Result<String, AdminError> {
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    let tell = |record: &Record| {
        let carried = to.map(|to| format!(" ({})", teller.carried(record, to)));
        teller.happened(&record.body) + &carried.unwrap_or_default()
    };
    let row = Row::new(index, bytes, tell).carried_to(to);
    Ok(match arguments.format {
        ExportFormat::Csv => csv_line(&row),
        ExportFormat::Ocsf => ocsf_line(&row, &source(desk, &desk.log_keys(Log::Records)?, arguments)),
    })
}

/// What is missing, as a row or an event of its own at the end.
fn line_of_lack(desk: &Desk, arguments: &ExportArguments, lack: &Lack) -> Result<String, AdminError> {
    Ok(match arguments.format {
        ExportFormat::Csv => csv_lack(lack),
        ExportFormat::Ocsf => ocsf_lack(lack, &source(desk, &desk.log_keys(Log::Records)?, arguments), clock::now()),
    })
}

fn source<'a>(desk: &Desk, keys: &'a LogKeys, arguments: &'a ExportArguments) -> Source<'a> {
    Source { office: desk.office.id, origin: keys.origin(), permission: arguments.permission.as_str() }
}
