//! What a search finds, written into a file page by page: however much it is, one page lies in memory.

use sekisho_paper::written::BYTE_ORDER_MARK;
use sekisho_register::LogKeys;
use sekisho_register::change::Log;
use sekisho_wire::record::Record;

use super::records::{incomplete, lacking, query};
use super::sweep::{Swept, sweep};
use crate::cli::{ExportArguments, ExportFormat};
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::lacks::Lack;
use crate::record_words::Teller;
use crate::taken_away::{Row, Source, csv_head, csv_lack, csv_line, ocsf_lack, ocsf_line};
use crate::whole_file::WholeFile;

pub(super) fn run(desk: &mut Desk, arguments: &ExportArguments) -> Result<(), AdminError> {
    query(&arguments.question, None, 1)?;
    let mut file = WholeFile::create(&arguments.out)?;
    if arguments.format == ExportFormat::Csv {
        let mark = if arguments.bom { BYTE_ORDER_MARK } else { "" };
        file.write(format!("{mark}{}", csv_head(desk.screen.language)).as_bytes())?;
    }
    let mut written: u64 = 0;
    let found = sweep(desk, &arguments.question, Some(&arguments.permission), |desk, swept| {
        written += 1;
        file.write(line(desk, arguments, swept)?.as_bytes())
    })?;
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

fn line(desk: &Desk, arguments: &ExportArguments, (index, bytes, to): Swept<'_>) -> Result<String, AdminError> {
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
