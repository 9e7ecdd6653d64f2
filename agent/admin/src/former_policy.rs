//! What a policy was before an act changed it: who reads the act sees old and new.

use sekisho_register::change::SetPolicy;
use sekisho_register::{Act, Change, SignedAct, changes};
use sekisho_wire::words::Language;

use crate::register_cache::RegisterCache;

/// The policy before the act at this index, as the act would have said it; nothing where the act changes none.
#[must_use]
pub(crate) fn before(cache: &RegisterCache, index: usize, act: &SignedAct, language: Language) -> Option<String> {
    let proposal = act.proposal().ok().flatten();
    let decided = proposal.as_ref().map_or(act.act(), SignedAct::act);
    decided.changes.iter().find(|change| matches!(change, Change::Policy(_)))?;
    let former = cache.register_at(index as u64, None)?.policy().clone();
    let said = Act { changes: vec![Change::Policy(SetPolicy { policy: former })], proposal: None, ..decided.clone() };
    changes(&said, cache.register(), language).into_iter().next()
}
