//! An act before it is signed: what every act says, over the register as it is verified now; and how changes become acts.

use sekisho_register::act::{ACT_MAX, ACT_VERSION};
use sekisho_register::change::Log;
use sekisho_register::{Act, Change, NO_OFFICE, Register};
use sekisho_wire::id::Salt;

use crate::error::AdminError;
use crate::random;

/// A direct act is sealed at once or never: what a server can hold back, it can hold back for a day.
const ACT_LIFE_MS: u64 = 24 * 60 * 60 * 1000;
/// A proposal waits for an approver.
const PROPOSAL_LIFE_MS: u64 = 14 * 24 * 60 * 60 * 1000;
/// What surrounds the changes of an act: header, names of fields, signature.
const ACT_OVERHEAD: usize = 1024;

/// An act without changes, for no post, made at `made` over this register.
///
/// # Errors
/// When there are no random bytes.
pub(crate) fn draft(register: &Register, log: Log, made: u64) -> Result<Act, AdminError> {
    let life = if log == Log::Casebook { PROPOSAL_LIFE_MS } else { ACT_LIFE_MS };
    Ok(Act {
        version: ACT_VERSION,
        critical: true,
        office: register.office().unwrap_or(NO_OFFICE),
        log,
        salt: Salt(random::bytes()?),
        made,
        expires: made + life,
        seen_size: register.size(),
        seen_root: register.root(),
        post: None,
        as_deputy: false,
        request: None,
        agreement: None,
        changes: Vec::new(),
        proposal: None,
        effective: None,
        paper: None,
        permit: None,
    })
}

/// Whether one of these changes asks for an approval by the routes of this register.
#[must_use]
pub(crate) fn takes_two(register: &Register, changes: &[Change]) -> bool {
    changes.iter().any(|change| !register.route(change.class()).stages.is_empty())
}

/// Cuts changes into parts that each fit an act.
///
/// # Errors
/// [`AdminError::NothingToDo`], [`AdminError::TooLarge`].
pub(crate) fn parts(changes: Vec<Change>) -> Result<Vec<Vec<Change>>, AdminError> {
    whole_parts(changes.into_iter().map(|change| vec![change]))
}

/// As [`parts`], of changes that stand or fall together: none of these groups is cut.
///
/// # Errors
/// As [`parts`].
pub(crate) fn whole_parts(groups: impl IntoIterator<Item = Vec<Change>>) -> Result<Vec<Vec<Change>>, AdminError> {
    let mut parts: Vec<Vec<Change>> = Vec::new();
    let mut used = 0;
    for group in groups {
        let size: usize =
            group.iter().map(|change| minicbor::to_vec(change).map_or(ACT_MAX, |bytes| bytes.len())).sum();
        if size > ACT_MAX - ACT_OVERHEAD {
            return Err(AdminError::TooLarge);
        }
        if parts.is_empty() || used + size > ACT_MAX - ACT_OVERHEAD {
            parts.push(Vec::new());
            used = 0;
        }
        used += size;
        parts.last_mut().expect("there is one").extend(group);
    }
    if parts.is_empty() { Err(AdminError::NothingToDo) } else { Ok(parts) }
}

/// As [`parts`], where what one person may decide and what takes two are kept apart, in the order in which they came.
///
/// # Errors
/// As [`parts`]; no changes are no parts.
pub(crate) fn parts_by_route(register: &Register, changes: Vec<Change>) -> Result<Vec<Vec<Change>>, AdminError> {
    let runs = changes.chunk_by(|one, next| {
        takes_two(register, std::slice::from_ref(one)) == takes_two(register, std::slice::from_ref(next))
    });
    let runs: Vec<Vec<Change>> = runs.map(<[Change]>::to_vec).collect();
    Ok(runs.into_iter().map(parts).collect::<Result<Vec<_>, _>>()?.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_register::Title;
    use sekisho_register::change::{SectionState, SetPost, SetSection};
    use sekisho_register::role::Role;
    use sekisho_wire::id::Code;

    fn section(number: usize) -> Change {
        Change::Section(SetSection {
            section: Code::new(&format!("section-{number}")).unwrap(),
            title: Title::new(&"課".repeat(60)).unwrap(),
            state: SectionState::Open,
            effective: 0,
        })
    }

    #[test]
    fn many_changes_become_as_many_acts_as_sizes_ask_for() {
        let changes: Vec<Change> = (0..1000).map(section).collect();
        let parts = parts(changes.clone()).unwrap();
        assert!(parts.len() > 1);
        assert!(parts.iter().all(|part| minicbor::to_vec(part).unwrap().len() <= ACT_MAX - ACT_OVERHEAD + 8));
        assert_eq!(parts.concat(), changes);
    }

    #[test]
    fn no_changes_are_nothing_to_sign() {
        assert!(matches!(parts(Vec::new()), Err(AdminError::NothingToDo)));
        assert_eq!(parts_by_route(&Register::new(), Vec::new()).unwrap(), Vec::<Vec<Change>>::new());
    }

    #[test]
    fn what_takes_two_persons_is_kept_apart_and_in_its_order() {
        let (post, title) = (Code::new("juki-kacho").unwrap(), Title::new("住基課長").unwrap());
        let post = Change::Post(SetPost { post, title, roles: vec![Role::AccessManager], section: None, keeper: None });
        let changes = vec![section(1), section(2), post.clone(), section(3)];
        let parts = parts_by_route(&Register::new(), changes).unwrap();
        assert_eq!(parts, [vec![section(1), section(2)], vec![post], vec![section(3)]]);
    }
}
