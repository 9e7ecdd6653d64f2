//! 養父市情報連絡システム運用管理要綱.

mod accidents;
mod passwords;
mod people;
mod places;
