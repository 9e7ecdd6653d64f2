//! Cosignatures beside what a log has published: which witness has seen which checkpoint.
//!
//! They are none of our words. The checkpoint file, and whatever is held against it, knows our own signature alone; these lines stand in a file of their
//! own, which may be lost: witnesses are asked again.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sekisho_register::LogKeys;
use sekisho_tlog::note::Signature;
use sekisho_tlog::{Checkpoint, Note, VerifyingKey};

use crate::clock::Millis;
use crate::data::{above, replace_unsynced};
use crate::locks::lock;
use crate::log_keys::Signers;
use crate::signed_log::Published;

/// The cosignatures of one log.
#[derive(Debug)]
pub struct Cosignatures {
    path: PathBuf,
    /// The newest last, and one for each size.
    rounds: Mutex<VecDeque<Round>>,
    /// What signs the log itself, where it is known: a note that is read from a file alone stays as it was written.
    signers: Mutex<Option<Arc<Signers>>>,
}

/// One checkpoint that all witnesses are asked about. Were each asked about the newest, a log that grows all the time would have a checkpoint for each
/// witness and none with two lines.
#[derive(Debug)]
struct Round {
    published: Arc<Published>,
    lines: Vec<Signature>,
    /// In milliseconds since the machine started.
    begun: Millis,
}

/// A checkpoint with its cosignatures.
#[derive(Clone, Debug)]
pub struct Witnessed {
    /// What was cosigned.
    pub published: Arc<Published>,
    /// The note: our line, then those of witnesses.
    pub note: String,
}

impl Cosignatures {
    /// What stands in a log's file. What cannot be read, or is none of ours, says nothing.
    #[must_use]
    pub fn open(path: PathBuf, keys: &LogKeys) -> Self {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let notes: Vec<String> = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut rounds: Vec<Round> = notes.iter().filter_map(|note| Round::read(note, keys)).collect();
        rounds.sort_by_key(|round| round.published.size);
        Self { path, rounds: Mutex::new(rounds.into()), signers: Mutex::default() }
    }

    /// The newest checkpoint that any witness has cosigned, as far as it is known.
    #[must_use]
    pub fn newest(&self) -> Option<Witnessed> {
        lock(&self.rounds).iter().rev().find(|round| !round.lines.is_empty()).map(Round::witnessed)
    }

    /// The newest that this witness has cosigned.
    #[must_use]
    pub fn by(&self, witness: &VerifyingKey) -> Option<Witnessed> {
        lock(&self.rounds).iter().rev().find(|round| round.has_line_of(witness)).map(Round::witnessed)
    }

    /// The newest that so many of these witnesses have cosigned.
    #[must_use]
    pub fn by_so_many(&self, needed: usize, witnesses: &[VerifyingKey]) -> Option<Witnessed> {
        let count = |round: &Round| witnesses.iter().filter(|witness| round.has_line_of(witness)).count();
        lock(&self.rounds).iter().rev().find(|round| count(round) >= needed).map(Round::witnessed)
    }

    /// A checkpoint as it was published, with the lines that it has got since.
    #[must_use]
    pub fn beside(&self, published: &Published) -> String {
        let rounds = lock(&self.rounds);
        let round = rounds.iter().find(|round| round.is_of(published));
        round.map_or_else(|| published.text.clone(), |round| round.beside(&published.text))
    }

    /// What a witness is to be asked about, when there is something new: all are asked about the same, until those that answer have, or it has taken too
    /// long.
    #[must_use]
    pub fn to_ask(
        &self,
        published: &Arc<Published>,
        witness: &VerifyingKey,
        answering: usize,
        now: Millis,
    ) -> Option<Arc<Published>> {
        let mut rounds = lock(&self.rounds);
        let goes_on = rounds.back().is_some_and(|round| {
            round.published.size >= published.size
                || (round.lines.len() < answering && now.saturating_sub(round.begun) < ROUND)
        });
        if !goes_on {
            rounds.push_back(Round { published: Arc::clone(published), lines: Vec::new(), begun: now });
            let is_outdone = |at: &usize| rounds.range(at + 1..).any(|newer| newer.has_lines_of(&rounds[*at]));
            // A witness that is dead by now has its line in an old round, and as many as policy asks for may have signed none together since.
            let oldest = (0..rounds.len().saturating_sub(ROUNDS)).find(is_outdone);
            oldest.and_then(|at| rounds.remove(at));
        }
        rounds.back().filter(|round| !round.has_line_of(witness)).map(|round| Arc::clone(&round.published))
    }

    /// What signs the log from now on: what was cosigned gets its lines. A witness's own is over size and root alone, and stays good.
    ///
    /// What is not known to be ours stays as it is.
    pub(crate) fn sign_by(&self, signers: Arc<Signers>, is_ours: impl Fn(&Published) -> bool) {
        let mut rounds = lock(&self.rounds);
        for round in rounds.iter_mut().filter(|round| signers.can_sign() && is_ours(&round.published)) {
            round.published = signed_again(&signers, &round.published);
        }
        *lock(&self.signers) = Some(signers);
    }

    /// Nothing of it is to be held against the log any more.
    pub(crate) fn forget(&self) {
        let mut rounds = lock(&self.rounds);
        rounds.clear();
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            log::warn!("cosignatures cannot be removed from {}: {error}", self.path.display());
        }
    }

    /// A witness has cosigned this: its line was verified.
    pub fn put(&self, published: &Arc<Published>, line: Signature, now: Millis) {
        let mut rounds = lock(&self.rounds);
        let known = rounds.iter().position(|round| round.is_of(published));
        let at = known.unwrap_or_else(|| {
            let at = rounds.partition_point(|round| round.published.size < published.size);
            // It may have been asked about before the log's key changed.
            let signers = lock(&self.signers).clone().filter(|signers| signers.can_sign());
            let published = signers.map_or_else(|| Arc::clone(published), |signers| signed_again(&signers, published));
            rounds.insert(at, Round { published, lines: Vec::new(), begun: now });
            at
        });
        let Some(round) = rounds.get_mut(at) else { return };
        round.lines.retain(|known| (known.id(), known.name()) != (line.id(), line.name()));
        round.lines.push(line);
        // All of them: the newest may have fewer lines than policy asks for.
        let notes: Vec<String> =
            rounds.iter().filter(|round| !round.lines.is_empty()).map(|round| round.witnessed().note).collect();
        let text = serde_json::to_vec_pretty(&notes).expect("texts are JSON");
        if let Err(error) = replace_unsynced(&self.path, &text) {
            log::warn!("cosignatures cannot be kept in {}: {error}", above(&self.path).display());
        }
    }
}

impl Round {
    /// A note of ours with lines of others beside.
    fn read(text: &str, keys: &LogKeys) -> Option<Self> {
        let Checkpoint { size, root, .. } = keys.open_earlier(text).ok()?;
        let note = Note::parse(text).ok()?;
        let by = |line: &Signature, key: &VerifyingKey| line.id() == key.id() && line.name() == key.name();
        let (ours, lines): (Vec<_>, Vec<_>) =
            note.signatures().iter().cloned().partition(|line| keys.ever().iter().any(|key| by(line, key)));
        let mut own = Note::new(note.text()).ok()?;
        ours.into_iter().try_for_each(|line| own.add(line)).ok()?;
        Some(Self { published: Arc::new(Published { text: own.to_string(), size, root }), lines, begun: 0 })
    }

    fn has_line_of(&self, witness: &VerifyingKey) -> bool {
        self.lines.iter().any(|line| line.id() == witness.id() && line.name() == witness.name())
    }

    /// Whether everybody whose line is there has a line here.
    fn has_lines_of(&self, other: &Self) -> bool {
        let is_here =
            |line: &Signature| self.lines.iter().any(|own| (own.id(), own.name()) == (line.id(), line.name()));
        other.lines.iter().all(is_here)
    }

    fn is_of(&self, published: &Published) -> bool {
        (self.published.size, self.published.root) == (published.size, published.root)
    }

    /// A text over the same size and root, with the lines.
    fn beside(&self, text: &str) -> String {
        let lines = self.lines.iter().map(|line| format!("{line}\n"));
        lines.fold(text.to_owned(), |note, line| note + &line)
    }

    fn witnessed(&self) -> Witnessed {
        let published = Arc::clone(&self.published);
        let note = self.beside(&published.text);
        Witnessed { published, note }
    }
}

fn signed_again(signers: &Signers, published: &Published) -> Arc<Published> {
    let Published { size, root, .. } = *published;
    Arc::new(Published { text: signers.checkpoint(size, root), size, root })
}

/// How long all wait for the slowest before they are asked about what is newer.
const ROUND: Millis = 1000;
/// Checkpoints that are kept in any case: a witness that takes longer than a round still finds what it was asked about.
const ROUNDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_tlog::witness::cosignature;
    use sekisho_tlog::{CosigningKey, Hash, SigningKey};

    fn key() -> SigningKey {
        SigningKey::from_seed("log", &[7; 32]).unwrap()
    }

    fn witness(number: u8) -> CosigningKey {
        CosigningKey::from_seed(&format!("w{number}"), &[number; 32]).unwrap()
    }

    fn published(size: u64) -> Arc<Published> {
        let root = Hash([size as u8; 32]);
        let text = Checkpoint { origin: "log".into(), size, root, extensions: Vec::new() }.sign(&key());
        Arc::new(Published { text, size, root })
    }

    fn line(published: &Published, number: u8) -> Signature {
        let note = Checkpoint::cosign(&published.text, &[key().verifying_key()], &witness(number), 5).unwrap();
        let answer = format!("{}\n", note.lines().last().unwrap());
        cosignature(&answer, &published.text, &witness(number).verifying_key()).unwrap()
    }

    #[test]
    fn all_witnesses_are_asked_about_one_checkpoint_until_they_have_answered_or_it_takes_too_long() {
        let directory = crate::testing::scratch("rounds");
        let kept = Cosignatures::open(directory.join("records.cosigned"), &key().verifying_key().into());
        let (first, second, third) = (published(1), published(2), published(3));
        let ask = |newest, number, answering, now| {
            let key = witness(number).verifying_key();
            kept.to_ask(newest, &key, answering, now).map(|asked| asked.size)
        };
        assert_eq!(ask(&first, 1, 2, 1000), Some(1));
        assert_eq!(ask(&second, 2, 2, 1100), Some(1), "the log has grown, the question stays");
        kept.put(&first, line(&first, 1), 1200);
        assert_eq!((ask(&second, 1, 2, 1200), ask(&second, 2, 2, 1300)), (None, Some(1)));
        kept.put(&first, line(&first, 2), 1300);
        assert_eq!((ask(&second, 2, 2, 1300), ask(&second, 1, 2, 1300)), (Some(2), Some(2)));
        // One has died: nobody waits for it longer than a round, nor at all once that is known.
        kept.put(&second, line(&second, 1), 1400);
        assert_eq!((ask(&third, 1, 2, 1500), ask(&third, 1, 1, 1500)), (None, Some(3)));
        // It was only slow.
        kept.put(&second, line(&second, 2), 1600);
        let keys = [1, 2, 3].map(|number| witness(number).verifying_key());
        assert_eq!(kept.by_so_many(2, &keys).map(|found| found.published.size), Some(2));
        assert_eq!(kept.by_so_many(2, &keys[1..]).map(|found| found.published.size), None);
        assert_eq!(ask(&published(4), 1, 2, 2501), Some(4));
    }

    #[test]
    fn the_last_line_of_each_witness_and_the_last_that_enough_have_signed_are_kept() {
        let directory = crate::testing::scratch("last-lines");
        let kept = Cosignatures::open(directory.join("records.cosigned"), &key().verifying_key().into());
        let keys = [1, 2, 3].map(|number| witness(number).verifying_key());
        let signed = |size: u64, by: &[u8]| {
            let asked = kept.to_ask(&published(size), &keys[0], 0, size * 10_000);
            let lines = by.iter().map(|number| line(&published(size), *number));
            lines.for_each(|line| kept.put(&published(size), line, size * 10_000));
            assert_eq!(asked.map(|asked| asked.size), Some(size));
        };
        signed(1, &[3]);
        signed(2, &[1, 2]);
        (3..60).for_each(|size| signed(size, if size % 2 == 0 { &[1] } else { &[2] }));
        let size = |found: Option<Witnessed>| found.map(|found| found.published.size);
        assert_eq!(keys.each_ref().map(|key| size(kept.by(key))), [Some(58), Some(59), Some(1)]);
        assert_eq!((size(kept.by_so_many(2, &keys)), size(kept.by_so_many(3, &keys))), (Some(2), None));
        assert!(lock(&kept.rounds).len() <= ROUNDS + 2, "and no more than is of use");
    }

    #[test]
    fn lines_stand_beside_what_was_published_also_after_a_restart() {
        let directory = crate::testing::scratch("cosigned");
        let path = directory.join("records.cosigned");
        let open = || Cosignatures::open(path.clone(), &key().verifying_key().into());
        let (first, kept) = (published(1), open());
        assert_eq!(kept.beside(&first), first.text);
        kept.put(&first, line(&first, 1), 0);
        kept.put(&first, line(&first, 2), 0);
        kept.put(&first, line(&first, 2), 0);
        let note = kept.beside(&first);
        let keys = [1, 2].map(|number| witness(number).verifying_key());
        let opened = Checkpoint::open_cosigned(&note, &[key().verifying_key()], &keys).unwrap();
        assert_eq!((opened.witnesses.len(), note.lines().count()), (2, 7));
        let again = open();
        assert_eq!((again.beside(&first), again.beside(&published(2))), (note, published(2).text.clone()));
        assert_eq!(again.by(&keys[1]).map(|found| found.published.text.clone()), Some(first.text.clone()));
        assert!(again.to_ask(&first, &keys[0], 2, 0).is_none());
        for torn in ["", "torn", &published(9).text[..40]] {
            std::fs::write(&path, torn).unwrap();
            assert!(open().newest().is_none());
        }
    }
}
