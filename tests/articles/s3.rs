//! 福山市電子計算機処理データ保護管理規程.

mod hours;
mod inspections;
mod media;
mod people;
mod records;
mod terminals;
