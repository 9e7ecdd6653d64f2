//! The harness of the whole-system stories: real pcscd, real processes, real TLS, one temporary folder per story.
//!
//! A story owns a [`scene::Scene`]: a ledger, an administrator's desk and a terminal, each with processes that can be killed, and one
//! clock for all of them.

pub mod bare_reader;
pub mod binaries;
pub mod browser;
pub mod clerk;
pub mod clock;
pub mod decided;
pub mod desk;
pub mod desktop;
pub mod foreign_card;
pub mod graphical;
pub mod guest;
pub mod history;
pub mod issued;
pub mod kwin;
pub mod ledger;
pub mod login;
pub mod neighbour;
pub mod other_office;
pub mod own_pin;
pub mod packages;
pub mod patched_agent;
pub mod pcscd;
pub mod peer;
pub mod pin_pad;
pub mod polkit;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod reader;
pub mod room;
pub mod said;
pub mod scene;
pub mod scratch;
pub mod secrets;
pub mod service_manager;
pub mod small_disk;
pub mod soft_token;
pub mod terminal;
pub mod town;
pub mod two_keys;
pub mod units;
pub mod usb_token;
pub mod virtual_card;
pub mod wait;
pub mod witness;
