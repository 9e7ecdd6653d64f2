//! The operator card as a USB token: a CCID reader (USB CCID specification, revision 1.10) of one slot, with the card inside.
//!
//! [`CcidClass`] is the reader on any `usb-device` bus. The card does not run in it: what the host asks comes out as an [`Order`], the board
//! carries it out when it likes and hands the answer back, and meanwhile the bus goes on being served.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod ccid;
mod class;
mod device;
mod message;

pub use ccid::{Order, PACKET_MAX, Ticket};
pub use class::CcidClass;
pub use device::device;

/// Vendor of the token: the block of pid.codes for open hardware.
pub const VENDOR: u16 = 0x1209;
/// Product, within that block.
pub const PRODUCT: u16 = 0x5E15;
