//! 千葉県後期高齢者医療広域連合電子計算機処理の管理運営に関する規程.

mod approval;
mod cards;
mod people;
mod records;
mod stages;
mod terminals;
