//! The forms: number, title, how they lie on the sheet, who puts a seal on them. Numbers are those of the list of registers and forms that the offices' rules come to.

use sekisho_register::forms::Form as CaseForm;
use sekisho_wire::words::Language;

use crate::said::Said;

/// One form.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// Its name on the command line, and of its template.
    pub key: &'static str,
    /// Its number; none for a list of ours.
    pub number: Option<u8>,
    /// Its title.
    pub title: Said,
    /// How the sheet lies.
    pub orientation: Orientation,
    /// Who puts a seal on it (印).
    pub stamps: &'static [Said],
}

/// How a sheet lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orientation {
    /// 縦.
    Portrait,
    /// 横.
    Landscape,
}

impl Form {
    /// Its number as it stands on the form; empty for a list of ours.
    #[must_use]
    pub fn number_in_words(&self, language: Language) -> String {
        let number =
            self.number.map(|number| language.pick("様式第{}号", "form no. {}").replace("{}", &number.to_string()));
        number.unwrap_or_default()
    }
}

impl Orientation {
    /// Its name in CSS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portrait => "portrait",
            Self::Landscape => "landscape",
        }
    }

    /// The orientation of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Portrait, Self::Landscape].into_iter().find(|orientation| orientation.name() == name)
    }
}

const fn form(
    key: &'static str,
    number: Option<u8>,
    (japanese, english): (&'static str, &'static str),
    orientation: Orientation,
    stamps: &'static [Said],
) -> Form {
    Form { key, number, title: Said::new(japanese, english), orientation, stamps }
}

use Orientation::{Landscape, Portrait};

const CONFIRMED: &[Said] = &[Said::new("確認", "confirmed"), Said::new("作成", "prepared")];
const PERMITTED: &[Said] = &[Said::new("許可者", "permitted"), Said::new("取扱責任者", "responsible")];
const REPORTED: &[Said] = &[Said::new("受付", "received"), Said::new("報告者", "reported")];
const USED: &[Said] = &[Said::new("承認者", "approved"), Said::new("返却確認", "return confirmed")];
const DISPOSED: &[Said] = &[Said::new("立会者", "witness"), Said::new("廃棄実施者", "destroyed by")];

/// 1: S1 11(1).
pub static OPERATORS: Form =
    form("operators", Some(1), ("端末機操作者登録簿", "register of operators"), Landscape, CONFIRMED);
/// 2.
pub static CARDS: Form = form("cards", Some(2), ("操作者用カード管理簿", "register of cards"), Landscape, CONFIRMED);
/// 6: S4 11(5).
pub static TEMPORARY: Form = form(
    "temporary-cards",
    Some(6),
    ("臨時・緊急カード使用簿", "use of temporary and emergency cards"),
    Landscape,
    USED,
);
/// 7: S1 13, S4 10(1)(4).
pub static HISTORY: Form = form("history", Some(7), ("操作履歴", "access records"), Landscape, CONFIRMED);
/// 8.
pub static WORK: Form = form("work", Some(8), ("端末機操作実績簿", "work at terminals"), Portrait, CONFIRMED);
/// 9: S3 18(1).
pub static RUNNING: Form =
    form("running", Some(9), ("端末機稼働状況記録", "working state of terminals"), Portrait, CONFIRMED);
/// 11: S3 18(4).
pub static PERMITS: Form =
    form("permits", Some(11), ("時間外使用許可簿", "permits out of hours"), Landscape, PERMITTED);
/// 18: S4 7, S3 10.
pub static DESIGNATIONS: Form = form(
    "designations",
    Some(18),
    ("データ取扱担当者(操作者)指定報告書", "report of designated operators"),
    Portrait,
    REPORTED,
);
/// 19: S3 17(1).
pub static STAFF: Form = form("staff", Some(19), ("電算要員登録台帳", "register of system staff"), Portrait, CONFIRMED);
/// 20: how many.
pub static STOCK: Form = form("stock", Some(20), ("カード在庫枚数簿", "stock of cards"), Portrait, CONFIRMED);
/// 20: which were destroyed, S3 23(4).
pub static DISPOSALS: Form = form("disposals", Some(20), ("カード廃棄記録", "cards destroyed"), Portrait, DISPOSED);
/// Terminals.
pub static TERMINALS: Form = form("terminals", None, ("端末機管理簿", "register of terminals"), Landscape, CONFIRMED);
/// Functions.
pub static FUNCTIONS: Form = form("functions", None, ("業務機能一覧", "functions"), Landscape, &[]);
/// Purposes.
pub static PURPOSES: Form = form("purposes", None, ("事由一覧", "purposes"), Portrait, &[]);
/// Sections.
pub static SECTIONS: Form = form("sections", None, ("課一覧", "sections"), Portrait, &[]);
/// Posts and who holds them.
pub static POSTS: Form = form("posts", None, ("職・在職者一覧", "posts and holders"), Portrait, CONFIRMED);
/// Who proposes and who approves.
pub static ROUTES: Form = form("routes", None, ("決裁経路", "routes of decisions"), Portrait, &[]);
/// The policy in force.
pub static POLICY: Form = form("policy", None, ("運用方針", "policy in force"), Portrait, CONFIRMED);
/// Hours of terminals.
pub static HOURS: Form = form("hours", None, ("端末機運用時間", "operating hours"), Portrait, &[]);
/// Labels for cards: S3 23(3).
pub static LABELS: Form = form("labels", None, ("カードラベル", "card labels"), Portrait, &[]);
/// S3 20.
pub static STATISTICS: Form = form("statistics", None, ("利用統計", "statistics of use"), Portrait, &[]);
/// S4 19(4).
pub static CUSTODY: Form =
    form("custody", None, ("データ保管状況報告書", "report on custody of data"), Portrait, REPORTED);
/// S3 23(2), S4 19(4): media of the ledger's backups and of the sections.
pub static MEDIA: Form = form("media", None, ("媒体一覧", "media"), Landscape, CONFIRMED);
/// S1 8.
pub static COMMITTEE: Form = form(
    "committee",
    None,
    ("セキュリティ対策委員会 報告資料", "report to the security committee"),
    Landscape,
    CONFIRMED,
);
/// What a print of records lacks.
pub static GAPS: Form = form("gaps", None, ("欠落一覧", "what is missing"), Portrait, &[]);

const WRITTEN: &[Said] =
    &[Said::new("決裁", "decided"), Said::new("確認", "confirmed"), Said::new("記入者", "written by")];

/// A form that cases are written on: the casebook says what stands in it.
const fn case(of: CaseForm, number: Option<u8>) -> Form {
    let definition = of.definition();
    form(definition.name, number, (definition.title.0, definition.title.1), Landscape, WRITTEN)
}

/// The forms that cases are written on, in the order of [`CaseForm::ALL`].
static CASES: [Form; 23] = [
    case(CaseForm::Incident, Some(13)),
    case(CaseForm::EmergencyCall, Some(14)),
    case(CaseForm::Disconnection, Some(15)),
    case(CaseForm::CardRequest, Some(3)),
    case(CaseForm::CardLoss, Some(4)),
    case(CaseForm::PinReset, Some(5)),
    case(CaseForm::Notice, None),
    case(CaseForm::CardStock, Some(20)),
    case(CaseForm::Inspection, Some(16)),
    case(CaseForm::LogReview, Some(17)),
    case(CaseForm::ReportRequest, None),
    case(CaseForm::Confirmation, None),
    case(CaseForm::Medium, None),
    case(CaseForm::LeavingCheck, Some(21)),
    case(CaseForm::LogCheck, Some(17)),
    case(CaseForm::Visitor, Some(12)),
    case(CaseForm::RoomEntry, Some(26)),
    case(CaseForm::Training, Some(24)),
    case(CaseForm::Rules, None),
    case(CaseForm::Contact, Some(23)),
    case(CaseForm::TerminalUse, Some(10)),
    case(CaseForm::ExportRequest, Some(22)),
    case(CaseForm::SystemUse, Some(25)),
];

/// The form that cases of this kind are printed on.
#[must_use]
pub fn of_cases(of: CaseForm) -> &'static Form {
    let known = CASES.iter().find(|form| form.key == of.name());
    known.expect("every form of the casebook stands in the list")
}

/// Every form that is filled in here.
pub fn all() -> impl Iterator<Item = &'static Form> {
    FORMS.into_iter().chain(&CASES)
}

/// Those that are no cases.
static FORMS: [&Form; 25] = [
    &OPERATORS,
    &CARDS,
    &TEMPORARY,
    &HISTORY,
    &WORK,
    &RUNNING,
    &PERMITS,
    &DESIGNATIONS,
    &STAFF,
    &STOCK,
    &DISPOSALS,
    &TERMINALS,
    &FUNCTIONS,
    &PURPOSES,
    &SECTIONS,
    &POSTS,
    &ROUTES,
    &POLICY,
    &HOURS,
    &LABELS,
    &STATISTICS,
    &CUSTODY,
    &MEDIA,
    &COMMITTEE,
    &GAPS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_forms_have_one_key_and_each_is_a_file_s_name() {
        let mut keys: Vec<&str> = all().map(|form| form.key).collect();
        assert!(keys.iter().all(|key| crate::Templates::is_a_name(&format!("{key}.html"))));
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn every_form_of_the_casebook_can_be_printed() {
        assert!(CaseForm::ALL.into_iter().zip(&CASES).all(|(of, form)| of_cases(of) == form));
    }
}
