//! Registers and forms as tables, and as pages ready for print.
//!
//! Reads nothing and writes nothing: registers, names, records and templates are given to it, text comes out. The README tells the life of a print.
#![forbid(unsafe_code)]

pub mod accesses;
pub mod cases;
pub mod forms;
pub mod media;
mod names;
pub mod packs;
pub mod print;
pub mod registers;
mod said;
pub mod sample;
mod sheet;
pub mod table;
pub mod templates;
pub mod written;

pub use names::Names;
pub use print::{Facts, html};
pub use registers::AsOf;
pub use said::Said;
pub use table::{Cell, Column, Table};
pub use templates::{TemplateError, Templates};
