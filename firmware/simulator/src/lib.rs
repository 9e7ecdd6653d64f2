//! The operator card on a PC: the firmware's own card application, its memory in a file, its contacts on a socket.
//!
//! It is a card for tests and demonstrations. Its keys lie in a file in plain sight; never issue one to a person.
#![forbid(unsafe_code)]

mod apdu_log;
mod card;
mod chip;
mod contacts;
mod control;
mod difficult;
mod frame;
mod image_flash;
mod memory;
mod presence;
mod transport;
mod usbip;
mod vpcd;

pub use apdu_log::ApduLog;
pub use card::SimulatedCard;
pub use chip::Chip;
pub use contacts::{Contacts, Power};
pub use control::{Control, ControlError};
pub use difficult::{Difficulty, UnknownDifficulty, Wrong};
pub use image_flash::{CARD_FLASH, ImageFlash, ImageFlashError, PAGE};
pub use memory::{Memory, MemoryError};
pub use presence::Presence;
pub use sekisho_card_app::ATR;
pub use transport::{InProcess, InProcessTransaction, SharedCard};
pub use usbip::UsbToken;
pub use vpcd::Vpcd;
