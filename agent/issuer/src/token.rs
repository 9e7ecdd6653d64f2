//! The office's secret in an HSM or another token with a PKCS#11 module: HMAC-SHA256 is computed in there, the secret never comes out
//! (README §K3).

use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::{RawAuthPin, Ulong};
use sekisho_wire::secret::SecretBytes;

use crate::token_error::{TokenAct, TokenError};

/// Length of the secret in bytes (README §K1).
const SECRET_LENGTH: Ulong = Ulong::new(32);

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPlace {
    /// The shared library that speaks to the token.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The key's label (CKA_LABEL).
    pub key: String,
}

/// What a token says about the tries that its PIN has left; none gives their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinTries {
    /// Nothing.
    Unsaid,
    /// A wrong PIN was given, and not the right one since.
    Fewer,
    /// The next wrong one locks it.
    Last,
    /// It is locked.
    None,
}

impl PinTries {
    fn of(info: &TokenInfo) -> Self {
        if info.user_pin_locked() {
            Self::None
        } else if info.user_pin_final_try() {
            Self::Last
        } else if info.user_pin_count_low() {
            Self::Fewer
        } else {
            Self::Unsaid
        }
    }
}

/// A token that is there. Its PIN was not given yet.
pub struct Token {
    label: String,
    context: Pkcs11,
    slot: Slot,
    session: Session,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("label", &self.label).finish_non_exhaustive()
    }
}

impl Token {
    /// Loads the module, code of whoever made the token, into this process, and looks for the token.
    ///
    /// # Errors
    /// [`TokenError::Module`], [`TokenError::NoToken`], [`TokenError::SeveralTokens`].
    pub fn find(place: &TokenPlace) -> Result<Self, TokenError> {
        let label = place.token.clone();
        let fail = |error| TokenError::of(TokenAct::Find, &label, &error);
        let unusable = |error: Error| TokenError::Module { path: place.module.clone(), why: error.to_string() };
        let context = Pkcs11::new(&place.module).map_err(unusable)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another secret of this run lies behind the same module.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(unusable(error)),
        }
        let mut present = Vec::new();
        let mut found = Vec::new();
        for slot in context.get_slots_with_initialized_token().map_err(fail)? {
            let info = context.get_token_info(slot).map_err(fail)?;
            present.push(info.label().to_owned());
            if info.label() == label {
                found.push((slot, info));
            }
        }
        let (slot, info) = match found.as_slice() {
            [] => return Err(TokenError::NoToken { token: label, present }),
            [only] => only,
            [_, _, ..] => return Err(TokenError::SeveralTokens { token: label }),
        };
        // One that cannot be written on can still compute.
        let session =
            if info.write_protected() { context.open_ro_session(*slot) } else { context.open_rw_session(*slot) };
        let session = session.map_err(fail)?;
        Ok(Self { slot: *slot, label, context, session })
    }

    /// What is known about the tries that are left.
    ///
    /// # Errors
    /// When the token does not say.
    pub fn tries(&self) -> Result<PinTries, TokenError> {
        let info = self.context.get_token_info(self.slot);
        info.map(|info| PinTries::of(&info)).map_err(|error| TokenError::of(TokenAct::LogIn, &self.label, &error))
    }

    /// The token when it needs no PIN: it knows none, or this run has given it already, for another secret.
    ///
    /// # Errors
    /// When the token does not say; the token itself, when it wants its PIN.
    pub fn opened(self) -> Result<Result<OpenToken, Self>, TokenError> {
        let fail = |error| TokenError::of(TokenAct::LogIn, &self.label, &error);
        let state = self.session.get_session_info().map_err(fail)?.session_state();
        let asks = self.context.get_token_info(self.slot).map_err(fail)?.login_required();
        Ok(match state {
            SessionState::RoUser | SessionState::RwUser => Ok(self.open()),
            SessionState::RoPublic | SessionState::RwPublic | SessionState::RwSecurityOfficer if asks => Err(self),
            SessionState::RoPublic | SessionState::RwPublic | SessionState::RwSecurityOfficer => Ok(self.open()),
        })
    }

    /// Gives the token its PIN.
    ///
    /// # Errors
    /// [`TokenError::WrongPin`], [`TokenError::PinLocked`].
    pub fn log_in(self, pin: &[u8]) -> Result<OpenToken, TokenError> {
        let pin = RawAuthPin::new(Box::new(pin.to_vec()));
        match self.session.login_with_raw(UserType::User, &pin) {
            Ok(()) => Ok(self.open()),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                let tries = self.tries()?;
                Err(TokenError::WrongPin { token: self.label, tries })
            }
            Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(TokenError::PinLocked { token: self.label }),
            Err(error) => Err(TokenError::of(TokenAct::LogIn, &self.label, &error)),
        }
    }

    fn open(self) -> OpenToken {
        OpenToken { label: self.label, session: Rc::new(self.session) }
    }
}

/// A token that has got its PIN.
#[derive(Debug)]
pub struct OpenToken {
    label: String,
    session: Rc<Session>,
}

impl OpenToken {
    /// The secret under this label.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::SeveralKeys`]; [`TokenError::CannotCompute`] when the token does not make keys with it.
    pub fn secret(&self, key: &str) -> Result<SecretInToken, TokenError> {
        let (token, name) = (self.label.clone(), key.to_owned());
        match self.find(TokenAct::Find, key)?.as_slice() {
            [] => Err(TokenError::NoKey { token, key: name }),
            [only] => {
                let secret = SecretInToken { label: token, session: Rc::clone(&self.session), key: *only };
                // Said here, and not when a card lies in the reader.
                secret.hmac(b"").map(|_| secret)
            }
            [_, _, ..] => Err(TokenError::SeveralKeys { token, key: name }),
        }
    }

    /// Has the token make a secret that never leaves it.
    ///
    /// # Errors
    /// [`TokenError::KeyExists`]; when the token makes none.
    pub fn create(&self, key: &str) -> Result<SecretInToken, TokenError> {
        self.expect_free(TokenAct::Create, key)?;
        let template = [template(key).as_slice(), &[Attribute::ValueLen(SECRET_LENGTH)]].concat();
        let made = self.session.generate_key(&Mechanism::GenericSecretKeyGen, &template);
        made.map_err(|error| TokenError::of(TokenAct::Create, &self.label, &error))?;
        self.secret(key)
    }

    /// Puts a secret into the token that was kept outside so far.
    ///
    /// # Errors
    /// [`TokenError::KeyExists`]; when the token takes none from outside.
    pub fn import(&self, key: &str, secret: &SecretBytes<32>) -> Result<SecretInToken, TokenError> {
        self.expect_free(TokenAct::Import, key)?;
        let mut template = template(key).to_vec();
        template.extend([
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Value(secret.expose().to_vec()),
        ]);
        let made = self.session.create_object(&template);
        wipe(template);
        made.map_err(|error| TokenError::of(TokenAct::Import, &self.label, &error))?;
        self.secret(key)
    }

    /// Destroys a secret in the token for good; that it is gone already is as good.
    ///
    /// # Errors
    /// When it stays.
    pub fn dangerous_destroy(&self, key: &str) -> Result<(), TokenError> {
        let destroy = |handle| self.session.destroy_object(handle);
        let found = self.find(TokenAct::Destroy, key)?;
        found.into_iter().try_for_each(destroy).map_err(|error| TokenError::of(TokenAct::Destroy, &self.label, &error))
    }

    fn expect_free(&self, act: TokenAct, key: &str) -> Result<(), TokenError> {
        if self.find(act, key)?.is_empty() {
            return Ok(());
        }
        Err(TokenError::KeyExists { token: self.label.clone(), key: key.to_owned() })
    }

    fn find(&self, act: TokenAct, key: &str) -> Result<Vec<ObjectHandle>, TokenError> {
        let wanted = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(key.as_bytes().to_vec())];
        self.session.find_objects(&wanted).map_err(|error| TokenError::of(act, &self.label, &error))
    }
}

/// What every secret of ours is in a token: it stays there, wants the PIN, does HMAC and nothing else, and cannot be taken out.
fn template(key: &str) -> [Attribute; 6] {
    [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Label(key.as_bytes().to_vec()),
    ]
}

/// The template that carried the secret.
fn wipe(template: Vec<Attribute>) {
    for attribute in template {
        if let Attribute::Value(value) = attribute {
            drop(zeroize::Zeroizing::new(value));
        }
    }
}

/// The office's secret in a token, ready to compute.
pub struct SecretInToken {
    label: String,
    session: Rc<Session>,
    key: ObjectHandle,
}

impl fmt::Debug for SecretInToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretInToken").field("label", &self.label).finish_non_exhaustive()
    }
}

impl SecretInToken {
    /// HMAC-SHA256 of the message under the secret.
    pub(crate) fn hmac(&self, message: &[u8]) -> Result<SecretBytes<32>, TokenError> {
        let mac = self.session.sign(&Mechanism::Sha256Hmac, self.key, message);
        let mac = mac.map(zeroize::Zeroizing::new);
        let mac = mac.map_err(|error| {
            if says_cannot(&error) {
                TokenError::CannotCompute { token: self.label.clone() }
            } else {
                TokenError::of(TokenAct::Compute, &self.label, &error)
            }
        })?;
        SecretBytes::from_slice(&mac).ok_or_else(|| TokenError::CannotCompute { token: self.label.clone() })
    }
}

/// Whether the token says that this key and HMAC-SHA256 do not go together.
const fn says_cannot(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::MechanismInvalid
                | RvError::KeyTypeInconsistent
                | RvError::KeyFunctionNotPermitted
                | RvError::KeySizeRange,
            _,
        )
    )
}
