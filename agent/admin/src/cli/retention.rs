//! Arguments about how long records are kept.

use clap::Subcommand;
use sekisho_register::calendar::Month;
use sekisho_register::change::CaseId;
use sekisho_wire::id::{Code, Numbered};
use sekisho_wire::record::Retention;

use super::word;

/// Keeping and destroying.
#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    /// List the months that have records: kept until when, by which order, due, destroyed (保存状況の一覧)
    List {
        /// Only what may be destroyed by now (廃棄できるもの)
        #[arg(long)]
        due: bool,
    },
    /// Propose to destroy the contents of records that were kept long enough; a security officer approves it, and nothing brings them back (廃棄の申請)
    Propose {
        /// Of which class: access, operation or administration
        #[arg(long, value_parser = word::<Retention>)]
        class: Retention,
        /// The first month (2026-04)
        #[arg(long, value_parser = word::<Month>, value_name = "MONTH")]
        from: Month,
        /// The last month
        #[arg(long, value_parser = word::<Month>, value_name = "MONTH")]
        to: Month,
    },
    /// List who has left: whose name may be erased, or what is in the way (氏名を消去できる者の一覧)
    Names {
        /// Only whose name may be erased by now (消去できるもの)
        #[arg(long)]
        due: bool,
    },
    /// Propose to erase every name of persons who left, once no record may mention them any more; a security officer approves it, and nothing brings them back (氏名の消去の申請)
    EraseNames {
        /// Whose (10023)
        #[arg(required = true, value_parser = word::<Code>)]
        operators: Vec<Code>,
    },
    /// List the cases whose texts are still there: from when they may be erased, or what is in the way (本文を消去できる文書の一覧)
    Texts {
        /// Only what may be erased by now (消去できるもの)
        #[arg(long)]
        due: bool,
    },
    /// Propose to erase every text of cases that were kept long enough; a security officer approves it, and nothing brings them back (本文の消去の申請)
    EraseTexts {
        /// Of which cases (visitor-2026-3)
        #[arg(required_unless_present = "due", conflicts_with = "due", value_parser = word::<CaseId>)]
        cases: Vec<CaseId>,
        /// Of all that may be erased by now, as many as one act holds (消去できるものすべて)
        #[arg(long)]
        due: bool,
    },
    /// Keep records beyond their time, for an incident or somebody's request (--request); one person orders it (保全)
    Preserve {
        /// The order's own code: it is used once
        #[arg(value_parser = word::<Code>)]
        order: Code,
        /// Only this class; give it as often as needed [default: all]
        #[arg(long = "class", value_parser = word::<Retention>)]
        classes: Vec<Retention>,
        /// The first month [default: from the first record on]
        #[arg(long, value_parser = word::<Month>, value_name = "MONTH")]
        from: Option<Month>,
        /// The last month [default: without end]
        #[arg(long, value_parser = word::<Month>, value_name = "MONTH")]
        to: Option<Month>,
        /// The incident that it is for (2026-3)
        #[arg(long, value_parser = word::<Numbered>)]
        incident: Option<Numbered>,
    },
    /// Propose to lift an order; a security officer approves it (保全の解除の申請)
    Lift {
        /// The order
        #[arg(value_parser = word::<Code>)]
        order: Code,
    },
    /// List the preservation orders (保全命令の一覧)
    Orders,
}
