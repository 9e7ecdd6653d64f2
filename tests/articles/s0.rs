//! 白糠町・釧路町 戸籍事務の事務委託に関する協議書・要領.

mod accidents;
mod operators;
mod secrets;
mod towns;
