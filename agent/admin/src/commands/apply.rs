//! `apply` and `propose`: everything in a file of changes. What is too large for one act is several, and goes on where it was interrupted.

use sekisho_wire::id::Hash;
use sha2::{Digest, Sha256};

use crate::act_draft::parts;
use crate::changes_file::{self, Drafter, PolicyUse};
use crate::cli::FileArgument;
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::plan::{Plan, is_decided};

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
        let changes = file.into_changes(PolicyUse::Change, &mut drafter)?;
        let names = drafter.names;
        return desk.propose(changes, &names).map(drop);
    }
    let of = Hash(Sha256::digest(text).into());
    let plan = match Plan::<Hash>::load(&desk.home)?.filter(|plan| plan.of == of) {
        Some(plan) => plan,
        None => {
            let mut drafter = Drafter::new(desk.cache.register(), clock::now());
            let changes = file.into_changes(PolicyUse::Change, &mut drafter)?;
            Plan { of, parts: Some(parts(changes)?), names: drafter.names }
        }
    };
    decide(desk, plan)
}

/// One act needs no plan: what became of it, the outbox knows.
fn decide(desk: &mut Desk, mut plan: Plan<Hash>) -> Result<(), AdminError> {
    let mut parts = plan.parts.take().unwrap_or_default();
    while !parts.is_empty() {
        if parts.len() > 1 {
            plan.parts = Some(parts.clone());
            plan.save(&desk.home)?;
        }
        let part = parts.remove(0);
        if is_decided(&desk.cache, &part) {
            continue;
        }
        desk.decide_part(part, &plan.names)?;
    }
    Plan::<Hash>::forget(&desk.home)
}
