//! The public face of the crate, spoken to by cards that are scripts: what is sent, how often, and what is made of answers.

mod exchanges;
mod garbage;
mod pins;
mod script;
