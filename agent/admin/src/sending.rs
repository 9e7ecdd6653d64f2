//! An act's way to the ledger, until it is seen in force. What the ledger answers is its word; what the verified log holds is proof.

use std::thread::sleep;
use std::time::Duration;

use sekisho_link::LinkError;
use sekisho_register::change::Log;
use sekisho_register::{Change, NameHash, SignedAct, names_of};
use sekisho_tlog::{
    Hash as Root, ProveError, consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion,
};
use sekisho_wire::id::Hash;

use crate::broken_log::Broken;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::grant::verify_place;
use crate::log_tiles::LogTiles;
use crate::name::Name;
use crate::outbox::{self, Kept};
use crate::recovery;

use crate::settled::Settled;

/// Waits before an act that got no answer is sent again, and before a log is looked at again.
const PAUSES: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

impl Desk {
    /// Sends a signed act, and believes that it is there when the log under its signed checkpoint shows it: in the register folded
    /// and not refused, in the casebook by its inclusion proof.
    ///
    /// # Errors
    /// [`AdminError::NotInForce`] when the ledger took the act and does not show it; [`AdminError::Unanswered`]; what the ledger refuses.
    pub(crate) fn send(&mut self, log: Log, id: &Hash, act: Vec<u8>, names: &[Name]) -> Result<u64, AdminError> {
        let signed = SignedAct::decode(&act)?;
        let kept = Kept { names: names_for(&signed.act().changes, names), act };
        outbox::keep(&self.home, id, &kept)?;
        self.send_kept(log, id, &kept, &PAUSES)
    }

    fn send_kept(&mut self, log: Log, id: &Hash, kept: &Kept, pauses: &[Duration]) -> Result<u64, AdminError> {
        self.hand_in(kept, id, pauses)?;
        let seen = match log {
            Log::Register => self.expect_folded(id),
            Log::Casebook | Log::Records => self.expect_filed(id, &kept.act),
        };
        let index = seen.map_err(|error| if is_silence(&error) { AdminError::Unanswered(*id) } else { error })?;
        outbox::forget(&self.home, id)?;
        Ok(index)
    }

    /// The same act again gets the same answer, so a lost answer is asked for again. Only a refusal of the act itself ends its waiting.
    fn hand_in(&self, kept: &Kept, id: &Hash, pauses: &[Duration]) -> Result<u64, AdminError> {
        recovery::are_named(&self.home, &kept.act)?;
        for pause in pauses.iter().map(Some).chain([None]) {
            match (self.ledger.post_act(&kept.act, &kept.names), pause) {
                (Ok(index), _) => return Ok(index),
                (Err(error), Some(pause)) if is_silence(&error) => sleep(*pause),
                // It says why not now, and what to do.
                (Err(error @ AdminError::Link(LinkError::Refused(_))), None) if is_silence(&error) => {
                    self.screen.note(
                        &format!("act {id} is kept here, and sent again with the next command"),
                        &format!("処分 {id} は保存されています。次にコマンドを実行すると再送します"),
                    );
                    return Err(error);
                }
                (Err(error), None) if is_silence(&error) => return Err(AdminError::Unanswered(*id)),
                (Err(error @ AdminError::Link(LinkError::Refused(_))), _) => {
                    recovery::are_void(&self.home, &self.screen, &kept.act)?;
                    outbox::forget(&self.home, id)?;
                    return Err(error);
                }
                (Err(error), _) => return Err(error),
            }
        }
        Err(AdminError::Unanswered(*id))
    }

    /// As [`Self::send`], for an act of recovery keys: nobody has a card to log in with, so the register cannot be fetched. Hash tiles are open, and show that
    /// the act is in the log that this home knows. The act stays in the outbox until whoever sends it has done what follows from it: nobody can ask what
    /// became of it but by sending it again.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) fn send_without_card(&mut self, id: &Hash, kept: &Kept) -> Result<u64, AdminError> {
        outbox::keep(&self.home, id, kept)?;
        let index = self.hand_in(kept, id, &PAUSES)?;
        let note = self.ledger.checkpoint(Log::Register)?;
        let signed = self.log_keys(Log::Register)?.open(&note);
        let signed = signed.map_err(|error| Broken::Checkpoint(error).of(Log::Register))?;
        let tiles = LogTiles::new(&self.ledger, Log::Register, signed.size);
        let proved = |error| match error {
            ProveError::Reader(error) => error,
            ProveError::Request(error) => AdminError::Tlog(error),
        };
        let place = inclusion_proof(&tiles, index, signed.size).map_err(proved)?;
        let there = verify_inclusion(&leaf_hash(&kept.act), index, signed.size, &place, &signed.root);
        there.map_err(|_| AdminError::NotInForce(*id))?;
        let (known, root) = (self.cache.size(), Root(self.cache.register().root().0));
        if known > 0 {
            let fork = |_| Broken::Fork { size: known }.of(Log::Register);
            let proof = consistency_proof(&tiles, known, signed.size).map_err(proved)?;
            verify_consistency(known, &root, signed.size, &signed.root, &proof).map_err(fork)?;
        }
        Ok(index)
    }

    fn expect_folded(&mut self, id: &Hash) -> Result<u64, AdminError> {
        for pause in PAUSES {
            self.refresh()?;
            match self.cache.outcome(id) {
                Some((index, Ok(_))) => return Ok(index),
                Some((_, Err(refusal))) => {
                    outbox::forget(&self.home, id)?;
                    return Err(AdminError::Fold(refusal));
                }
                // The checkpoint over it may be a moment late.
                None => sleep(pause),
            }
        }
        Err(AdminError::NotInForce(*id))
    }

    fn expect_filed(&mut self, id: &Hash, act: &[u8]) -> Result<u64, AdminError> {
        self.log_in()?;
        let place = self.ledger.place_of(id);
        if place.as_ref().is_err_and(|error| error.code() == Some("not_found")) {
            return Err(AdminError::NotInForce(*id));
        }
        let place = place?;
        verify_place(act, &place, &self.log_keys(Log::Casebook)?)?;
        Ok(place.index)
    }

    /// Finds out what became of acts of earlier runs whose answer was lost. They are sent again, which changes nothing where they arrived.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) fn settle(&mut self) -> Result<(), AdminError> {
        for id in outbox::list(&self.home)? {
            let Some(kept) = outbox::find(&self.home, &id)? else { continue };
            let signed = SignedAct::decode(&kept.act).map_err(|_| AdminError::Damaged(self.home.path("outbox")))?;
            let log = signed.act().log;
            // Once each: a log may stand still for days, and everything that is signed meanwhile waits here.
            match self.send_kept(log, &id, &kept, &[]) {
                Ok(_) => {
                    self.screen.note(
                        &format!("act {id} of an earlier run got no answer then; it is in force"),
                        &format!("以前に応答のなかった処分 {id} は効力を生じています"),
                    );
                    self.settled.push(Settled::new(id, signed.act(), &kept));
                }
                // It stays in the outbox, whatever the clock here says: whether it has expired, the ledger answers when it is sent again. What a ledger swallows,
                // or does not take now, must not keep anybody from looking, or from stopping something else.
                Err(error)
                    if is_silence(&error) || matches!(error, AdminError::NotInForce(_) | AdminError::Unanswered(_)) =>
                {
                    self.screen.note(&error.to_string(), &error.in_words(self.screen.language));
                    let next = error.next_step(self.screen.language);
                    self.screen.note(&next, &next);
                }
                Err(AdminError::Fold(_) | AdminError::Link(LinkError::Refused(_))) => {
                    outbox::forget(&self.home, &id)?;
                    self.say_refused(&id);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn say_refused(&self, id: &Hash) {
        self.screen.note(
            &format!("act {id} of an earlier run got no answer then; it is not in force"),
            &format!("以前に応答のなかった処分 {id} は効力を生じていません"),
        );
    }
}

/// Asks again, after a moment, where no answer came, or one that says "not now": a long run must not end because of one of its questions.
///
/// # Errors
/// What is answered at last.
pub(crate) fn patiently<T>(mut ask: impl FnMut() -> Result<T, AdminError>) -> Result<T, AdminError> {
    for pause in PAUSES {
        match ask() {
            Err(error) if is_silence(&error) => sleep(pause),
            answered => return answered,
        }
    }
    ask()
}

/// Whether the act may have arrived all the same: no answer came, or none that makes sense, or one that says "not now".
fn is_silence(error: &AdminError) -> bool {
    let AdminError::Link(error) = error else { return false };
    match error {
        LinkError::Unreachable { .. } | LinkError::Malformed { .. } | LinkError::TooLarge { .. } => true,
        LinkError::Refused(problem) => problem.status >= 500 || problem.status == 429,
        LinkError::BadUrl(_)
        | LinkError::BadAuthority(_)
        | LinkError::BadIdentity(_)
        | LinkError::WrongCertificate { .. }
        | LinkError::IdentityRefused { .. } => false,
    }
}

/// The names and texts that the changes of this act ask for: the ledger takes those and no others.
fn names_for(changes: &[Change], names: &[Name]) -> Vec<Name> {
    let asked = names_of(changes);
    let is_asked = |name: &&Name| asked.contains(&NameHash::of(&name.salt, &name.text));
    names.iter().filter(is_asked).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_register::change::{Designate, PersonClass};
    use sekisho_wire::id::{Code, Salt};

    #[test]
    fn each_act_travels_with_its_own_names() {
        let names: Vec<Name> =
            (0..3).map(|number| Name { salt: Salt([number; 16]), text: format!("職員{number}") }).collect();
        let change = |name: &Name| {
            Change::Designate(Box::new(Designate {
                operator: Code::new("10023").unwrap(),
                name: NameHash::of(&name.salt, &name.text),
                class: PersonClass::Operator,
                section: Code::new("jumin").unwrap(),
                from: 0,
                to: 1,
                terminals: Vec::new(),
                sections: Vec::new(),
            }))
        };
        assert_eq!(names_for(&[change(&names[1])], &names), &names[1..2]);
        assert_eq!(names_for(&[change(&names[0]), change(&names[2])], &names), [names[0].clone(), names[2].clone()]);
        assert_eq!(names_for(&[], &names), []);
    }
}
