//! `apply` and `propose`: everything in a file of changes. What is too large for one act is several, and goes on where it was interrupted.

use sekisho_wire::id::Hash;
use sha2::{Digest, Sha256};

use crate::act_draft::parts;
use crate::changes_file::{self, ChangesFile, Drafter, PolicyUse};
use crate::cli::FileArgument;
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::progress::Progress;

/// Whether the changes are proposed whatever else was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    AsAsked,
    Propose,
}

/// The file is read before anything is asked: a mistake in it should cost no PIN.
pub(super) fn run(desk: &mut Desk, argument: &FileArgument, manner: Manner) -> Result<(), AdminError> {
    let (file, text) = changes_file::read(&argument.file)?;
    file.expect_no_founding(&argument.file)?;
    desk.log_in()?;
    if manner == Manner::Propose || desk.proposes() {
        let mut drafter = Drafter::new(desk.cache.register(), clock::now());
        let changes = file.changes(PolicyUse::Change, &mut drafter)?;
        let names = drafter.names;
        return desk.propose(changes, &names).map(drop);
    }
    let mut progress = Progress::load(&desk.home, Hash(Sha256::digest(text).into()), &desk.cache)?;
    if progress.decided() > 0 {
        say_skipped(desk, &progress);
    }
    while decide_next(desk, &file, &mut progress)? == Rest::Missing {}
    progress.forget(&desk.home)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Missing,
    Nothing,
}

/// Each part is drafted over the register that its act says it was made over: what others changed meanwhile is neither put back nor missed by
/// the fold. One act needs no progress: what became of it, the outbox knows.
fn decide_next(desk: &mut Desk, file: &ChangesFile, progress: &mut Progress) -> Result<Rest, AdminError> {
    desk.log_in()?;
    let mut drafter = Drafter::new(desk.cache.register(), clock::now());
    let changes = file.changes(PolicyUse::Change, &mut drafter)?;
    let names = drafter.names;
    let missing = progress.missing(&changes);
    if missing.is_empty() && progress.decided() > 0 {
        return Ok(Rest::Nothing);
    }
    let part = parts(missing.to_vec())?.swap_remove(0);
    if part.len() == changes.len() {
        desk.decide_part(part, &names)?;
        return Ok(Rest::Nothing);
    }
    progress.begin(&desk.home, part.clone(), desk.cache.size())?;
    desk.decide_part(part, &names)?;
    progress.end();
    Ok(Rest::Missing)
}

fn say_skipped(desk: &Desk, progress: &Progress) {
    let (decided, path) = (progress.decided(), progress.path(&desk.home));
    let path = path.display();
    desk.screen.note(
        &format!("an earlier run decided the first {decided} changes of this file ('sekisho-admin acts'): it goes on with the rest. To decide all of it again, remove {path} first."),
        &format!("以前の実行でこのファイルの最初の{decided}件の変更は処分済みです(sekisho-admin acts)。残りを処分します。すべてを改めて処分するには、先に {path} を削除してください。"),
    );
}
