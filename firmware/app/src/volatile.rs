//! What the card knows only while it has power (§C8).

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use sekisho_wire::status::Status;

use crate::command::KeySlot;

/// A number used for one attempt at 9B.
pub(crate) const CHALLENGE_LENGTH: usize = 16;

/// Who has shown what since power came. Dropped and made anew at reset.
#[derive(Debug, Default)]
pub(crate) struct Volatile {
    pin: PinStatus,
    management: Management,
}

/// The PIN, as far as this session is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PinStatus {
    /// Not shown, or logged out.
    #[default]
    Absent,
    /// Shown. Enough for 9A and 9D.
    Verified,
    /// Shown, and nothing was authenticated since. Enough for 9C, once.
    JustVerified,
    /// Shown, and given to the holder by somebody else: good for nothing but its change (§C23).
    Transport,
}

/// The management key, as far as this session is concerned.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
enum Management {
    /// Not shown.
    #[default]
    Absent,
    /// The host has to decrypt this witness.
    AwaitsWitness([u8; CHALLENGE_LENGTH]),
    /// The host has to encrypt this challenge; kept encrypted, as the answer must be.
    AwaitsResponse([u8; CHALLENGE_LENGTH]),
    /// Shown.
    Authenticated,
}

impl core::fmt::Debug for Management {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::AwaitsWitness(_) => "AwaitsWitness(..)",
            Self::AwaitsResponse(_) => "AwaitsResponse(..)",
            Self::Authenticated => "Authenticated",
        })
    }
}

/// Shown where the PIN must have been verified.
#[must_use]
pub(crate) struct PinVerified(());

/// Shown where the management key must have been shown.
#[must_use]
pub(crate) struct Managed(());

/// The right to use one private key, once.
#[must_use]
pub(crate) struct KeyUse(KeySlot);

impl KeyUse {
    pub(crate) const fn slot(&self) -> KeySlot {
        self.0
    }
}

/// What the PIN allowed when a GENERAL AUTHENTICATE began.
pub(crate) struct PinAtHand(PinStatus);

impl PinAtHand {
    /// The access rules of SP 800-73-4 part 1, table 4b (§C17).
    pub(crate) fn authorize(self, slot: KeySlot) -> Result<KeyUse, Status> {
        match (slot, self.0) {
            (KeySlot::CardAuthentication, _)
            | (KeySlot::Authentication | KeySlot::KeyManagement, PinStatus::Verified | PinStatus::JustVerified)
            | (KeySlot::Signature, PinStatus::JustVerified) => Ok(KeyUse(slot)),
            (_, PinStatus::Transport) => Err(Status::CONDITIONS_NOT_SATISFIED),
            (_, PinStatus::Absent) | (KeySlot::Signature, PinStatus::Verified) => {
                Err(Status::SECURITY_STATUS_NOT_SATISFIED)
            }
        }
    }
}

impl Volatile {
    pub(crate) const fn pin_matched(&mut self) {
        self.pin = PinStatus::JustVerified;
    }

    pub(crate) const fn transport_pin_matched(&mut self) {
        self.pin = PinStatus::Transport;
    }

    pub(crate) const fn forget_pin(&mut self) {
        self.pin = PinStatus::Absent;
    }

    pub(crate) fn pin_verified(&self) -> Result<PinVerified, Status> {
        match self.pin {
            PinStatus::Verified | PinStatus::JustVerified => Ok(PinVerified(())),
            PinStatus::Transport => Err(Status::CONDITIONS_NOT_SATISFIED),
            PinStatus::Absent => Err(Status::SECURITY_STATUS_NOT_SATISFIED),
        }
    }

    /// Whether the PIN was shown, whatever it is good for.
    pub(crate) fn pin_shown(&self) -> bool {
        self.pin != PinStatus::Absent
    }

    /// Takes what the PIN allows for one GENERAL AUTHENTICATE. Afterwards 9C wants the PIN again, whatever comes of it.
    pub(crate) fn use_pin(&mut self) -> PinAtHand {
        let at_hand = PinAtHand(self.pin);
        if self.pin == PinStatus::JustVerified {
            self.pin = PinStatus::Verified;
        }
        at_hand
    }

    pub(crate) fn managed(&self) -> Result<Managed, Status> {
        match self.management {
            Management::Authenticated => Ok(Managed(())),
            Management::Absent | Management::AwaitsWitness(_) | Management::AwaitsResponse(_) => {
                Err(Status::SECURITY_STATUS_NOT_SATISFIED)
            }
        }
    }

    pub(crate) fn await_witness(&mut self, witness: [u8; CHALLENGE_LENGTH]) {
        self.management = Management::AwaitsWitness(witness);
    }

    pub(crate) fn await_response(&mut self, response: [u8; CHALLENGE_LENGTH]) {
        self.management = Management::AwaitsResponse(response);
    }

    /// Judges a decrypted witness. The one that was asked for is gone afterwards, right or wrong.
    pub(crate) fn judge_witness(&mut self, answer: &[u8]) -> Result<(), Status> {
        let right = match &self.management {
            Management::AwaitsWitness(witness) => bool::from(witness.as_slice().ct_eq(answer)),
            Management::Absent | Management::AwaitsResponse(_) | Management::Authenticated => false,
        };
        self.judge(right)
    }

    /// Judges an encrypted challenge. The one that was asked for is gone afterwards, right or wrong.
    pub(crate) fn judge_response(&mut self, answer: &[u8]) -> Result<(), Status> {
        let right = match &self.management {
            Management::AwaitsResponse(response) => bool::from(response.as_slice().ct_eq(answer)),
            Management::Absent | Management::AwaitsWitness(_) | Management::Authenticated => false,
        };
        self.judge(right)
    }

    fn judge(&mut self, right: bool) -> Result<(), Status> {
        self.management = if right { Management::Authenticated } else { Management::Absent };
        if right { Ok(()) } else { Err(Status::SECURITY_STATUS_NOT_SATISFIED) }
    }

    pub(crate) fn forget_management(&mut self) {
        self.management = Management::Absent;
    }
}
