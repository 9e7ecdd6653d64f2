//! 取手市住民基本台帳ネットワークシステムデータ保護管理規則.

mod cards;
mod posts;
mod records;
mod stops;
