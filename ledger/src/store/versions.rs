//! From one version of the tables to the next.
//!
//! A change of the tables is a step: what stands in `TABLES` stays version 1, and each step brings a database from one version to the next. A new database
//! goes the same way as an old one, so there is one.

use super::StoreError;

/// The version that all of the steps lead to.
pub(super) fn newest(steps: &[&str]) -> i64 {
    1 + i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

/// The steps that a database of this version has to take, each with the version that it leads to.
///
/// # Errors
/// [`StoreError::Newer`].
pub(super) fn steps_from<'a>(
    found: i64,
    steps: &'a [&'a str],
) -> Result<impl Iterator<Item = (i64, &'a str)>, StoreError> {
    let known = newest(steps);
    let taken = usize::try_from(found).ok().filter(|_| found >= 1 && found <= known);
    let taken = taken.ok_or(StoreError::Newer { found, known })?;
    Ok((found + 1..).zip(steps.iter().skip(taken - 1).copied()))
}

/// That a database is of the newest version, for whoever does not bring it there.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Older`].
pub(super) fn expect_newest(found: i64, steps: &[&str]) -> Result<(), StoreError> {
    match steps_from(found, steps)?.count() {
        0 => Ok(()),
        _ => Err(StoreError::Older { found, known: newest(steps) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_takes_the_steps_that_it_has_not_taken() {
        let steps = ["a", "b"];
        let from = |found| steps_from(found, &steps).map(Iterator::collect::<Vec<_>>);
        assert_eq!(from(1).unwrap(), [(2, "a"), (3, "b")]);
        assert_eq!(from(2).unwrap(), [(3, "b")]);
        assert_eq!(from(3).unwrap(), []);
        for found in [4, 0, -1] {
            assert!(matches!(from(found), Err(StoreError::Newer { known: 3, .. })), "{found}");
        }
        assert!(matches!(expect_newest(2, &steps), Err(StoreError::Older { found: 2, known: 3 })));
        expect_newest(3, &steps).unwrap();
    }
}
