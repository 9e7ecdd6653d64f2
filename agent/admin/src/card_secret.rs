//! Where the office's card-management secret lies, and the former one while cards still hold its keys: in files of the home, or in tokens that a
//! file of the home names. Which is which changes by one rename.

use std::path::PathBuf;

use sekisho_issuer::{CardManagementSecret, OpenToken, PinTries, Token, TokenError, TokenPlace};
use sekisho_wire::secret::SecretBytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::AdminError;
use crate::home::Home;
use crate::pin_entry::PinSource;
use crate::random;
use crate::screen::Screen;

/// Says where the secrets are. Without it there is the first one, in [`FIRST`].
const PLACES: &str = "card-management.toml";
/// The file of the secret that founding makes.
const FIRST: &str = "card-management.secret";

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a file of the home.
    File(String),
    /// In a token.
    Token(TokenPlace),
    /// Nowhere any more.
    Lost,
}

/// The office's secrets, as this home knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CardSecrets {
    /// Counted from 1: each renewal makes the next one.
    pub generation: u32,
    /// The secret that cards are made with.
    pub now: Place,
    /// The one before, while cards in use hold its keys.
    pub former: Option<Place>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    generation: u32,
    now: PlaceTable,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    former: Option<PlaceTable>,
}

/// `file`, or all three of the others, or nothing: lost.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PlaceTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl PlaceTable {
    fn of(place: &Place) -> Self {
        match place {
            Place::File(name) => Self { file: Some(name.clone()), ..Self::default() },
            Place::Token(TokenPlace { module, token, key }) => {
                Self { file: None, module: Some(module.clone()), token: Some(token.clone()), key: Some(key.clone()) }
            }
            Place::Lost => Self::default(),
        }
    }

    fn place(self) -> Option<Place> {
        match (self.file, self.module, self.token, self.key) {
            // A name, no way out of the home.
            (Some(name), None, None, None) if !name.contains('/') => Some(Place::File(name)),
            (None, Some(module), Some(token), Some(key)) => Some(Place::Token(TokenPlace { module, token, key })),
            (None, None, None, None) => Some(Place::Lost),
            (Some(_), ..) | (None, ..) => None,
        }
    }
}

impl CardSecrets {
    /// Reads where they are; nothing when this home has none.
    ///
    /// # Errors
    /// When the file that says so is damaged.
    pub(crate) fn load(home: &Home) -> Result<Option<Self>, AdminError> {
        let Some(bytes) = home.read(PLACES)? else {
            let first = Self { generation: 1, now: Place::File(FIRST.to_owned()), former: None };
            return Ok(home.path(FIRST).exists().then_some(first));
        };
        let damaged = || AdminError::Damaged(home.path(PLACES));
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
        let file: File = toml::from_str(text).map_err(|_| damaged())?;
        let former = match file.former {
            Some(former) => Some(former.place().ok_or_else(damaged)?),
            None => None,
        };
        let now = file.now.place().filter(|now| *now != Place::Lost).ok_or_else(damaged)?;
        Ok(Some(Self { generation: file.generation, now, former }))
    }

    /// As [`Self::load`], where there must be one.
    ///
    /// # Errors
    /// [`AdminError::NoCardSecret`].
    pub(crate) fn of(home: &Home) -> Result<Self, AdminError> {
        Self::load(home)?.ok_or_else(|| AdminError::NoCardSecret(home.path(FIRST)))
    }

    /// Makes the secret in a file, unless there is one anywhere.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn ensure(home: &Home) -> Result<Self, AdminError> {
        if Self::load(home)?.is_none() {
            write_new(home, FIRST)?;
        }
        Self::of(home)
    }

    /// From here on the secrets are where this says.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&self, home: &Home) -> Result<(), AdminError> {
        let former = self.former.as_ref().map(PlaceTable::of);
        let file = File { generation: self.generation, now: PlaceTable::of(&self.now), former };
        home.write(PLACES, toml::to_string(&file).expect("tables of strings are TOML").as_bytes())
    }

    /// The file in which the next secret is made: no other one was ever in it.
    #[must_use]
    pub(crate) fn next_file(&self) -> String {
        format!("card-management-{}.secret", self.generation + 1)
    }

    /// The label that keys in tokens have, unless another is asked for.
    #[must_use]
    pub(crate) fn label(generation: u32) -> String {
        match generation {
            1 => "sekisho-card-management".to_owned(),
            later => format!("sekisho-card-management-{later}"),
        }
    }
}

impl Place {
    /// Where it is, for people.
    #[must_use]
    pub(crate) fn in_words(&self, home: &Home, screen: &Screen) -> String {
        match self {
            Self::File(name) => {
                let path = home.path(name);
                screen.words(format!("in the file {}", path.display()), format!("ファイル {}", path.display()))
            }
            Self::Token(TokenPlace { module, token, key }) => screen.words(
                format!("key '{key}' in token '{token}' (PKCS#11 module {})", module.display()),
                format!("トークン「{token}」の鍵「{key}」(PKCS#11モジュール {})", module.display()),
            ),
            Self::Lost => screen.words("lost", "紛失").to_owned(),
        }
    }

    /// The secret, ready to be used. A token is asked for its PIN.
    ///
    /// # Errors
    /// [`AdminError::NoCardSecret`], [`AdminError::Damaged`], [`AdminError::Token`].
    pub(crate) fn open(
        &self,
        home: &Home,
        screen: &Screen,
        pin: &PinSource,
    ) -> Result<CardManagementSecret, AdminError> {
        match self {
            Self::File(name) => read(home, name).map(CardManagementSecret::new),
            Self::Token(place) => {
                let secret = open_token(place, screen, pin)?.secret(&place.key)?;
                Ok(CardManagementSecret::in_token(secret))
            }
            Self::Lost => Err(AdminError::NoCardSecret(home.path(PLACES))),
        }
    }

    /// Destroys it for good.
    ///
    /// # Errors
    /// When it stays.
    pub(crate) fn dangerous_destroy(&self, home: &Home, screen: &Screen, pin: &PinSource) -> Result<(), AdminError> {
        match self {
            Self::File(name) => home.dangerous_destroy(name),
            Self::Token(place) => Ok(open_token(place, screen, pin)?.dangerous_destroy(&place.key)?),
            Self::Lost => Ok(()),
        }
    }
}

/// The secret in a file of the home.
///
/// # Errors
/// [`AdminError::NoCardSecret`]; damage is told from absence.
pub(crate) fn read(home: &Home, name: &str) -> Result<SecretBytes<32>, AdminError> {
    let bytes = home.read(name)?.ok_or_else(|| AdminError::NoCardSecret(home.path(name)))?;
    SecretBytes::from_slice(&bytes).ok_or_else(|| AdminError::Damaged(home.path(name)))
}

/// Makes a secret in a file of the home.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_new(home: &Home, name: &str) -> Result<(), AdminError> {
    let secret = Zeroizing::new(random::bytes::<32>()?);
    home.write(name, &*secret)
}

/// Finds a token and gives it its PIN. What is known of its tries is said before the PIN is typed.
///
/// # Errors
/// [`AdminError::Token`]; no terminal, no such file.
pub(crate) fn open_token(place: &TokenPlace, screen: &Screen, pin: &PinSource) -> Result<OpenToken, AdminError> {
    let token = match Token::find(place)?.opened()? {
        Ok(open) => return Ok(open),
        Err(token) => token,
    };
    let (english, japanese) = match token.tries()? {
        PinTries::Unsaid => ("", ""),
        PinTries::Fewer => (" (a wrong one was given before)", "(前回誤入力あり)"),
        PinTries::Last => (" (last try)", "(最後の1回)"),
        PinTries::None => return Err(TokenError::PinLocked { token: place.token.clone() }.into()),
    };
    let english = format!("PIN of token '{}'{english}", place.token);
    let japanese = format!("トークン「{}」のPIN{japanese}", place.token);
    Ok(token.log_in(&pin.read_line(screen, &english, &japanese)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;

    #[test]
    fn a_secret_is_made_once() {
        let home = TempHome::new();
        assert!(matches!(CardSecrets::of(&home.0), Err(AdminError::NoCardSecret(_))));
        let secrets = CardSecrets::ensure(&home.0).unwrap();
        assert_eq!((secrets.generation, &secrets.now, &secrets.former), (1, &Place::File(FIRST.to_owned()), &None));
        let first = home.0.read(FIRST).unwrap().unwrap();
        assert_eq!(CardSecrets::ensure(&home.0).unwrap(), secrets);
        assert_eq!(home.0.read(FIRST).unwrap().unwrap(), first);
        home.0.write(FIRST, &first[1..]).unwrap();
        assert!(matches!(read(&home.0, FIRST), Err(AdminError::Damaged(_))));
    }

    #[test]
    fn places_come_back_as_they_were_kept() {
        let home = TempHome::new();
        let token = TokenPlace { module: "/usr/lib/m.so".into(), token: "office".to_owned(), key: "k".to_owned() };
        for former in [None, Some(Place::File(FIRST.to_owned())), Some(Place::Lost)] {
            let secrets = CardSecrets { generation: 2, now: Place::Token(token.clone()), former };
            secrets.save(&home.0).unwrap();
            assert_eq!(CardSecrets::load(&home.0).unwrap(), Some(secrets));
        }
        for damaged in [
            "",
            "generation = 1",
            "generation = 1\n[now]",
            "generation = 1\n[now]\nfile = \"../x\"",
            "generation = 1\n[now]\nfile = \"x\"\ntoken = \"t\"",
            "generation = 1\n[now]\ntoken = \"t\"",
        ] {
            home.0.write(PLACES, damaged.as_bytes()).unwrap();
            assert!(matches!(CardSecrets::load(&home.0), Err(AdminError::Damaged(_))), "{damaged}");
        }
    }
}
