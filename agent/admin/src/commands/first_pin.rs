//! How a card comes to its first PIN: chosen by its holder at the desk, or handed over, on the screen once or in a file of its own. Never
//! through a log or a pipe.

use std::fs::{DirBuilder, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sekisho_issuer::{PinChoice, Unenforced};
use sekisho_wire::id::CardGuid;
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::secret::Pin;

use crate::cli::FirstPinArguments;
use crate::error::AdminError;
use crate::home::write_new_secret;
use crate::pin_entry::PinSource;
use crate::screen::Screen;

/// How a card comes to its first PIN. Settled before a card is touched: no PIN is lost for want of a place, no card made for a poor choice.
#[derive(Debug)]
pub(super) enum FirstPin {
    /// The card gets a random one, which reaches its holder there.
    HandedOver(Delivery),
    /// Its holder chose it.
    Own(Pin),
}

impl FirstPin {
    /// As the arguments say.
    pub(super) fn settle(
        arguments: FirstPinArguments,
        left: Left,
        policy: &PinPolicy,
        screen: &Screen,
    ) -> Result<Self, AdminError> {
        let holder = ("the holder of the card", "カードの所持者");
        match (arguments.own_pin_file, arguments.own_pin) {
            (Some(file), _) => own(&PinSource::File(file), policy, screen, holder),
            (None, true) => own(&PinSource::Terminal, policy, screen, holder),
            (None, false) => Delivery::open(arguments.first_pin_file, left).map(Self::HandedOver),
        }
    }

    /// What the issuer is told, and where the PIN goes afterwards.
    pub(super) fn apart(self) -> (PinChoice, Option<Delivery>) {
        match self {
            Self::HandedOver(delivery) => (PinChoice::Random, Some(delivery)),
            Self::Own(pin) => (PinChoice::Chosen(pin), None),
        }
    }
}

/// The PIN that somebody chooses here and now: at a terminal typed twice, and as often as it takes.
pub(super) fn own(
    source: &PinSource,
    policy: &PinPolicy,
    screen: &Screen,
    (english, japanese): (&str, &str),
) -> Result<FirstPin, AdminError> {
    loop {
        let typed =
            source.read(screen, &format!("new PIN, chosen by {english}"), &format!("新しい暗証番号({japanese})"));
        let checked = typed.and_then(|pin| policy.check(&pin).map(|()| pin).map_err(AdminError::PinShape));
        let pin = match (checked, source) {
            (Ok(pin), PinSource::Terminal) => pin,
            (Ok(pin), PinSource::File(_) | PinSource::Stdin) => return Ok(FirstPin::Own(pin)),
            (Err(error @ AdminError::PinShape(_)), PinSource::Terminal) => {
                let said = error.with_next_step(screen.language);
                screen.note(&said, &said);
                continue;
            }
            (Err(error), _) => return Err(error),
        };
        match source.read(screen, "the same PIN again", "新しい暗証番号(確認)") {
            Ok(again) if again == pin => return Ok(FirstPin::Own(pin)),
            Ok(_) | Err(AdminError::PinShape(_)) => {
                screen
                    .note("the two are not the same: type both again", "入力が一致しません。もう一度入力してください");
            }
            Err(error) => return Err(error),
        }
    }
}

/// Says what this make of card cannot keep of the office's rules, so that people do.
pub(super) fn say_unenforced(screen: &Screen, unenforced: Unenforced) {
    if let Some(tries) = unenforced.tries {
        screen.note(
            &format!("this card allows {tries} PIN tries and cannot be told the office's number"),
            &format!("このカードの暗証番号の試行は{tries}回で、団体の定める回数に変更できません"),
        );
    }
    if unenforced.presence {
        screen.note(
            "this card's key 9E wants a PIN: functions of level 'card' are refused with it",
            "このカードの鍵9Eは暗証番号を必要とします。水準「card」の機能には使えません",
        );
    }
    if unenforced.pin_per_act {
        screen.note(
            "this card's key 9C signs several times after one PIN: sign acts with our tools alone, which log out each time",
            "このカードの鍵9Cは1回の暗証番号入力で複数回署名できます。処分の署名には当システムだけを使ってください(毎回ログアウトします)",
        );
    }
    if unenforced.policy {
        screen.note(
            "this card keeps no rules for PINs: its holder has to change the first PIN, and follow the office's rules, unasked",
            "このカードは暗証番号の規則を守らせる機能がありません。所持者に、初期暗証番号の変更と規則の遵守を指示してください",
        );
    }
}

/// Where first PINs go. Made before a card is touched, so that no PIN is lost for want of a place.
#[derive(Debug)]
pub(super) enum Delivery {
    /// A new file.
    File(PathBuf),
    /// A new file in a folder, called after whose card it is and which: `10023-<GUID>.pin`.
    Folder(PathBuf, String),
    /// The terminal, until Enter is pressed.
    Terminal(File),
}

/// What a file with a PIN may be that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Somebody's PIN.
    ForSomebody,
    /// Of a card whose making did not come to its end.
    ByInterruption,
}

impl Left {
    pub(super) const fn of(interrupted: bool) -> Self {
        if interrupted { Self::ByInterruption } else { Self::ForSomebody }
    }
}

impl Delivery {
    /// A place for a PIN. A file that is there is in the way, unless it is what an interrupted run left: that card is made anew.
    pub(super) fn open(file: Option<PathBuf>, left: Left) -> Result<Self, AdminError> {
        if let Some(path) = file {
            if left == Left::ByInterruption && holds_a_pin(&path) {
                std::fs::remove_file(&path).map_err(|cause| AdminError::File { path: path.clone(), cause })?;
            }
            if path.exists() {
                let cause = std::io::ErrorKind::AlreadyExists.into();
                return Err(AdminError::File { path, cause });
            }
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                return Err(AdminError::File { path: folder.to_owned(), cause: std::io::ErrorKind::NotFound.into() });
            }
            return Ok(Self::File(path));
        }
        File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map(Self::Terminal)
            .map_err(|_| AdminError::NoTerminalForFirstPin)
    }

    /// Hands the PIN of this card over.
    pub(super) fn deliver(self, screen: &Screen, card: CardGuid, pin: &Pin) -> Result<(), AdminError> {
        match self {
            Self::File(path) => write_new_secret(&path, pin.expose()),
            Self::Folder(folder, whose) => {
                // Of the same card, whose making was interrupted after this; it may have been for somebody else.
                let fail = |path: &Path| {
                    let path = path.to_owned();
                    move |cause| AdminError::File { path, cause }
                };
                let end = format!("-{card}.pin");
                for entry in std::fs::read_dir(&folder).map_err(fail(&folder))? {
                    let path = entry.map_err(fail(&folder))?.path();
                    let of_this_card = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&end));
                    if of_this_card && holds_a_pin(&path) {
                        std::fs::remove_file(&path).map_err(fail(&path))?;
                    }
                }
                write_new_secret(&folder.join(whose + &end), pin.expose())
            }
            Self::Terminal(mut terminal) => show_once(&mut terminal, screen, pin).map_err(AdminError::Output),
        }
    }
}

/// A place for the PINs of many cards; a folder that is not there is made, for its owner alone.
pub(super) fn make_folder(folder: &Path) -> Result<(), AdminError> {
    if folder.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new().mode(0o700).create(folder);
    made.map_err(|cause| AdminError::File { path: folder.to_owned(), cause })
}

/// Whether a file is what an interrupted run can have left, whole or in part: a mistyped name must cost nobody a file.
fn holds_a_pin(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.is_empty() || Pin::parse(&bytes).is_ok())
}

/// Shows it to the holder, and takes it off the screen again.
fn show_once(terminal: &mut File, screen: &Screen, pin: &Pin) -> std::io::Result<()> {
    let before = screen.words(
        "Let the holder of the card look, and nobody else. First PIN: ",
        "カードの所持者だけに見せてください。初期暗証番号: ",
    );
    write!(terminal, "{before}")?;
    terminal.write_all(pin.expose())?;
    writeln!(
        terminal,
        "\n{}",
        screen.words("Press Enter when it has been read.", "読み終えたら Enter を押してください。")
    )?;
    BufReader::new(terminal.try_clone()?).read_until(b'\n', &mut Vec::new())?;
    // Up over the prompt and the PIN, erasing each line (ECMA-48 CUU, EL).
    write!(terminal, "\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K\r")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;
    use crate::screen::{Confirm, Lists};
    use sekisho_wire::pin_policy::Alphabet;
    use sekisho_wire::words::Language;

    #[test]
    fn a_chosen_pin_follows_the_offices_rules_before_a_card_is_touched() {
        let home = TempHome::new();
        home.0.write("own", b"49371a\n").unwrap();
        let screen = Screen { language: Language::English, confirm: Confirm::Yes, lists: Lists::Text };
        let settle = |policy| {
            let own_pin_file = Some(home.0.path("own"));
            let arguments = FirstPinArguments { own_pin_file, ..FirstPinArguments::default() };
            FirstPin::settle(arguments, Left::ForSomebody, &policy, &screen)
        };
        let Ok(FirstPin::Own(pin)) = settle(PinPolicy::DEFAULT) else { panic!("a PIN as any") };
        assert_eq!(pin.expose(), b"49371a");
        let digits = PinPolicy { alphabet: Alphabet::Digits, ..PinPolicy::DEFAULT };
        let error = settle(digits).unwrap_err();
        assert_eq!(error.next_step(Language::English), "Type digits alone.");
    }

    #[test]
    fn only_what_an_interrupted_run_left_is_replaced() {
        let home = TempHome::new();
        let file = |name: &str, bytes: &[u8]| {
            home.0.write(name, bytes).unwrap();
            home.0.path(name)
        };
        let pin = file("pin", b"493716");
        assert!(Delivery::open(Some(pin.clone()), Left::ForSomebody).is_err());
        assert!(Delivery::open(Some(pin.clone()), Left::ByInterruption).is_ok());
        assert!(!pin.exists());
        let other = file("office.toml", b"[office]\ntitle = \"x\"\n");
        assert!(Delivery::open(Some(other.clone()), Left::ByInterruption).is_err());
        assert!(other.exists(), "somebody's file");
        assert!(Delivery::open(Some(home.0.path("no/where")), Left::ForSomebody).is_err(), "before a card is touched");
    }
}
