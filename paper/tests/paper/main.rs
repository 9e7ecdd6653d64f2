//! Prints of a small office, as an office would see them.

mod golden;
mod office;
mod records;
mod registers;
