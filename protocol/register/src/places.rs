//! Terminals: what they are for, which readers they have, which history of records they write.

use sekisho_wire::id::Code;

use crate::change::{EpochReason, OpenEpoch, SetTerminal, SetTerminalState, TerminalUse};
use crate::refusal::FoldRefusal;
use crate::state::{Draft, Position, Trust};
use crate::thing::Thing;
use crate::timeline::Timeline;
use crate::values::Ed25519Key;

/// A terminal in the register.
#[derive(Clone, Debug)]
pub struct Terminal {
    versions: Timeline<SetTerminal>,
    states: Timeline<TerminalUse>,
    epochs: Timeline<(u32, EpochReason)>,
}

impl Terminal {
    /// What it is at `t`.
    #[must_use]
    pub fn version_at(&self, t: u64) -> Option<&SetTerminal> {
        self.versions.at(t)
    }

    /// What was last decided about it, whatever its date.
    #[must_use]
    pub fn version(&self) -> &SetTerminal {
        self.versions.last().expect("a terminal is registered with a version")
    }

    /// Every version.
    #[must_use]
    pub const fn versions(&self) -> &Timeline<SetTerminal> {
        &self.versions
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.version().terminal
    }

    /// The key that signs its batches and acts: the one last named, at once and whatever else was announced for later. A key that was
    /// replaced must not come back on a date.
    #[must_use]
    pub fn key(&self) -> &Ed25519Key {
        &self.version().key
    }

    /// Its state at `t`.
    #[must_use]
    pub fn state(&self, t: u64) -> TerminalUse {
        let strictness = |state: &TerminalUse| match state {
            TerminalUse::Active => 0,
            TerminalUse::Suspended => 1,
            TerminalUse::Retired => 2,
        };
        self.states.strictest_at(t, strictness).copied().unwrap_or(TerminalUse::Active)
    }

    /// Every state.
    #[must_use]
    pub const fn states(&self) -> &Timeline<TerminalUse> {
        &self.states
    }

    /// The history it may write: 0 until an act opens another (wire §3).
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epochs.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// Every epoch that an act opened.
    #[must_use]
    pub const fn epochs(&self) -> &Timeline<(u32, EpochReason)> {
        &self.epochs
    }
}

impl Draft<'_> {
    pub(crate) fn apply_terminal(&mut self, change: &SetTerminal, at: Position) -> Result<(), FoldRefusal> {
        self.need_section(&change.section)?;
        change.responsible.iter().try_for_each(|post| self.need_post(post))?;
        change.functions.iter().try_for_each(|function| self.need_function(function))?;
        self.use_terminal_key(change, at)?;
        let thing = Thing::Terminal(change.terminal.clone());
        self.touch(thing.clone(), at)?;
        if let Some(terminal) = self.terminal_mut(&change.terminal) {
            if terminal.state(at.now) == TerminalUse::Retired {
                return Err(FoldRefusal::Ended(thing));
            }
            terminal.versions.push(at.index, at.effective, change.clone());
            return Ok(());
        }
        let mut versions = Timeline::default();
        versions.push(at.index, at.effective, change.clone());
        let terminal = Terminal { versions, states: Timeline::default(), epochs: Timeline::default() };
        self.new_entries().terminals.insert(change.terminal.clone(), terminal);
        Ok(())
    }

    /// A key belongs to one terminal for ever: else a batch could be claimed by two.
    fn use_terminal_key(&mut self, change: &SetTerminal, at: Position) -> Result<(), FoldRefusal> {
        if self.terminal_key(&change.key).is_some_and(|owner| *owner != change.terminal) {
            return Err(FoldRefusal::KeyUsed);
        }
        if at.trust == Trust::Verify && !change.key.is_sound() {
            return Err(FoldRefusal::KeyMalformed);
        }
        self.new_entries().terminal_keys.insert(change.key, change.terminal.clone());
        Ok(())
    }

    pub(crate) fn apply_terminal_state(&mut self, change: &SetTerminalState, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Terminal(change.terminal.clone());
        self.touch(thing.clone(), at)?;
        let terminal = self.terminal_mut(&change.terminal).ok_or_else(|| FoldRefusal::Unknown(thing.clone()))?;
        if terminal.state(at.now) == TerminalUse::Retired && change.state == TerminalUse::Active {
            return Err(FoldRefusal::Ended(thing));
        }
        terminal.states.push(at.index, at.from(change.effective), change.state);
        Ok(())
    }

    pub(crate) fn apply_open_epoch(&mut self, change: &OpenEpoch, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Terminal(change.terminal.clone());
        self.touch(thing.clone(), at)?;
        let terminal = self.terminal_mut(&change.terminal).ok_or(FoldRefusal::Unknown(thing))?;
        if Some(change.epoch) != terminal.epoch().checked_add(1) {
            return Err(FoldRefusal::EpochNotNew { terminal: change.terminal.clone(), epoch: change.epoch });
        }
        terminal.epochs.push(at.index, at.now, (change.epoch, change.reason));
        Ok(())
    }

    pub(crate) fn need_terminal(&self, code: &Code) -> Result<(), FoldRefusal> {
        self.terminal(code).map(drop).ok_or_else(|| FoldRefusal::Unknown(Thing::Terminal(code.clone())))
    }
}
