//! Several things one after the other, of which each stands by itself: whoever is stopped in the middle is told what was done.

use crate::error::AdminError;

/// Does each; stops at the first that fails, and says how many were done before it.
///
/// # Errors
/// What fails; [`AdminError::AfterSome`] around it once something was done.
pub(crate) fn each<T>(all: Vec<T>, mut run: impl FnMut(T) -> Result<(), AdminError>) -> Result<(), AdminError> {
    let of = all.len();
    all.into_iter().enumerate().try_for_each(|(done, one)| {
        run(one)
            .map_err(|cause| if done == 0 { cause } else { AdminError::AfterSome { done, of, cause: Box::new(cause) } })
    })
}
