//! How far a file of changes has come that is too large for one act: kept in the home until all of it is decided, so that the same command goes
//! on where it was. What is still missing is drafted anew, over the register of that moment.

use sekisho_register::Change;
use sekisho_wire::id::Hash;
use serde::{Deserialize, Serialize};

use crate::error::AdminError;
use crate::home::Home;
use crate::plan::is_decided;
use crate::register_cache::RegisterCache;

/// How far one file has come. Another file has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The digest of the file.
    of: Hash,
    /// How many of its changes are decided: the file alone says how many there are, and in which order.
    decided: usize,
    /// The part that was begun; nobody may know yet what became of it.
    begun: Option<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    changes: Vec<Change>,
    /// Size of the register when it was begun: what was decided before is something else, however much it looks the same.
    since: u64,
}

#[derive(Serialize, Deserialize)]
struct File {
    decided: usize,
    begun: Option<(Vec<u8>, u64)>,
}

fn file(of: &Hash) -> String {
    format!("apply/{of}.json")
}

impl Progress {
    /// Of the file with this digest. A part that was begun counts as decided when an act since then made its changes.
    ///
    /// # Errors
    /// When what is kept is damaged.
    pub(crate) fn load(home: &Home, of: Hash, cache: &RegisterCache) -> Result<Self, AdminError> {
        let Some(json) = home.read(&file(&of))? else { return Ok(Self { of, decided: 0, begun: None }) };
        let kept = serde_json::from_slice(&json).ok().and_then(|file| Self::from_file(of, file));
        let mut progress = kept.ok_or_else(|| AdminError::Damaged(home.path(&file(&of))))?;
        if progress.begun.as_ref().is_some_and(|part| is_decided(cache, &part.changes, part.since)) {
            progress.end();
        }
        Ok(progress)
    }

    fn from_file(of: Hash, File { decided, begun }: File) -> Option<Self> {
        let part = |(bytes, since): (Vec<u8>, u64)| Some(Part { changes: minicbor::decode(&bytes).ok()?, since });
        let begun = match begun {
            Some(begun) => Some(part(begun)?),
            None => None,
        };
        Some(Self { of, decided, begun })
    }

    /// How many changes are decided.
    #[must_use]
    pub(crate) const fn decided(&self) -> usize {
        self.decided
    }

    /// Those of the file's changes that are not decided.
    #[must_use]
    pub(crate) fn missing<'a>(&self, changes: &'a [Change]) -> &'a [Change] {
        changes.get(self.decided..).unwrap_or_default()
    }

    /// The next part is about to be signed, over a register of this size.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn begin(&mut self, home: &Home, changes: Vec<Change>, since: u64) -> Result<(), AdminError> {
        let bytes = minicbor::to_vec(&changes).expect("a vector takes any number of bytes");
        let kept = File { decided: self.decided, begun: Some((bytes, since)) };
        self.begun = Some(Part { changes, since });
        home.write(&file(&self.of), &serde_json::to_vec(&kept).expect("numbers are JSON"))
    }

    /// The part that was begun is decided.
    pub(crate) fn end(&mut self) {
        self.decided += self.begun.take().map_or(0, |part| part.changes.len());
    }

    /// Where it is kept.
    #[must_use]
    pub(crate) fn path(&self, home: &Home) -> std::path::PathBuf {
        home.path(&file(&self.of))
    }

    /// All of the file is decided.
    ///
    /// # Errors
    /// When what is kept stays.
    pub(crate) fn forget(&self, home: &Home) -> Result<(), AdminError> {
        home.remove(&file(&self.of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;
    use crate::register_cache::tests::Story;
    use sekisho_register::SignedAct;

    const A: Hash = Hash([1; 32]);
    const B: Hash = Hash([2; 32]);

    /// The founding act, one that opens the section of residents, one about another.
    fn story() -> (Story, Vec<Change>) {
        let mut story = Story::begin();
        story.section("jumin");
        story.section("zeimu");
        let changes = SignedAct::decode(&story.entries[1]).unwrap().act().changes.clone();
        (story, changes)
    }

    #[test]
    fn what_was_decided_before_a_part_was_begun_is_not_that_part() {
        let (story, part) = story();
        let cache = story.cache(3);
        assert!(is_decided(&cache, &part, 1));
        // The same changes again, after something else: the third act of A, B, A.
        assert!(!is_decided(&cache, &part, 3));
        let home = TempHome::new();
        let mut progress = Progress::load(&home.0, A, &cache).unwrap();
        assert_eq!(progress.missing(&part), part, "a file that is new is decided from its beginning");
        progress.begin(&home.0, part.clone(), 3).unwrap();
        assert_eq!(Progress::load(&home.0, A, &cache).unwrap(), progress);
        assert_eq!(progress.missing(&part), part);
    }

    #[test]
    fn a_part_that_was_decided_and_not_noted_is_counted() {
        let (story, part) = story();
        let home = TempHome::new();
        let file = [part.clone(), part.clone()].concat();
        let mut progress = Progress::load(&home.0, A, &story.cache(1)).unwrap();
        progress.begin(&home.0, part.clone(), 1).unwrap();
        assert_eq!(Progress::load(&home.0, A, &story.cache(1)).unwrap().decided(), 0, "it never arrived");
        let mut again = Progress::load(&home.0, A, &story.cache(3)).unwrap();
        assert_eq!((again.decided(), again.missing(&file)), (1, &file[1..]));
        again.begin(&home.0, part.clone(), 3).unwrap();
        again.end();
        assert_eq!((again.decided(), again.missing(&file)), (2, &[][..]));
    }

    #[test]
    fn a_file_leaves_the_progress_of_another_alone() {
        let (story, part) = story();
        let (home, cache) = (TempHome::new(), story.cache(3));
        let mut first = Progress::load(&home.0, A, &cache).unwrap();
        first.begin(&home.0, part.clone(), 1).unwrap();
        let mut second = Progress::load(&home.0, B, &cache).unwrap();
        assert_eq!(second.decided(), 0);
        second.begin(&home.0, part, 3).unwrap();
        second.forget(&home.0).unwrap();
        assert_eq!(Progress::load(&home.0, A, &cache).unwrap().decided(), 1);
        first.forget(&home.0).unwrap();
        assert_eq!(Progress::load(&home.0, A, &cache).unwrap().decided(), 0);
        home.0.write(&file(&A), b"{").unwrap();
        assert!(matches!(Progress::load(&home.0, A, &cache), Err(AdminError::Damaged(_))));
    }
}
