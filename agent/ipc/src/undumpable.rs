//! A process that may hold a PIN leaves no image of itself: no core file, and no other process of the same user reads its memory.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Forbids images of this process. Call it before anything else.
///
/// # Errors
/// What the kernel says; it has never had a reason to refuse either.
pub fn forbid_dumps() -> std::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // The upper limit stays: a program that we start may raise its own again.
    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_forbids_dumps_has_no_core_and_is_not_dumpable() {
        forbid_dumps().unwrap();
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
