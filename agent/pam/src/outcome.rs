//! What a PAM function returns.

use std::ffi::c_int;

/// What the profile's control values decide by. The numbers are Linux-PAM's (`_pam_types.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Outcome {
    /// Done.
    Success = 0,
    /// The stanza that names us is wrong: nothing was tried.
    BadStanza = 3,
    /// A fault of ours.
    Fault = 4,
    /// No session of this person is open.
    PermissionDenied = 6,
    /// Refused: by the agent, by the card, or because nobody put one in.
    Refused = 7,
    /// The agent is not there, does not answer, or belongs to no office yet.
    AgentUnavailable = 9,
    /// There is no such account.
    UserUnknown = 10,
    /// No more PINs for this card.
    NoMoreTries = 11,
    /// The person gave up, or the program cannot ask.
    ConversationOver = 19,
}

impl Outcome {
    pub(crate) const fn code(self) -> c_int {
        self as c_int
    }
}
