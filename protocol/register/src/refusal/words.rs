//! The words of refusals: what was refused, why, and what to do, in Japanese and English.

use alloc::format;
use alloc::string::{String, ToString};

use sekisho_wire::cose::Signer;
use sekisho_wire::words::Language;

use crate::change::{Answer, CardState};
use crate::refusal::{FieldFault, FoldRefusal, PermitFault, Stays};
use crate::wareki::moment_text;

mod english;
mod japanese;
mod steps;
mod wrong_value;

impl FoldRefusal {
    /// What was refused and why: one line, without a full stop.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Japanese => self.japanese(),
        }
    }
}

impl FieldFault {
    pub(crate) fn text(self, field: &str, language: Language) -> String {
        let (ja, en) = match self {
            Self::Missing => ("記入が必要です", "has to be filled in"),
            Self::Unknown => ("様式にない欄があります", "there is a field that the form does not have"),
            Self::Order => ("順序が正しくありません", "fields or values are not in order"),
            Self::Kind => ("記入できる内容ではありません", "holds something else than what is asked for"),
            Self::NotThere => ("登録されていないものです", "names what is not there"),
            Self::InFuture => ("まだ来ていない日時です", "names a time that has not been"),
            Self::BeforeBeginning => ("始期より前の日時です", "names a time before the beginning"),
            Self::OtherAct => ("この手続に当たる処分ではありません", "names an act that did something else"),
            Self::BeforeHearing => (
                "委員会の意見を聴く前の停止です(即時の停止は、door=immediateの記録に記載してください)",
                "names a stop from before the committee was heard; what was stopped at once has a record with door=immediate",
            ),
            Self::OtherIncident => (
                "別の事案に対する処分です(その事案の記録に記載してください)",
                "names an act that answers another incident; it belongs into the record of that one",
            ),
            Self::CallWithoutIncident => (
                "レベル1以外の通報は、事故報告書を作成し、その番号を記入して処理済とします",
                "has to name the incident report that came of a call of any level but 1: open one, so that everybody hears of it who has to",
            ),
            Self::SamePerson => ("別の者を記入してください", "has to name another person"),
        };
        match language {
            _ if field.is_empty() => {
                if language == Language::Japanese {
                    ja.into()
                } else {
                    en.into()
                }
            }
            Language::Japanese => format!("「{field}」: {ja}"),
            Language::English => format!("field '{field}' {en}"),
        }
    }
}

impl PermitFault {
    const fn text(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Unknown => ("存在しません", "is not there"),
            Self::NotGranted => ("まだ許可されていません", "has not been granted yet"),
            Self::Refused => ("不許可となっています", "was refused"),
            Self::Ended => ("終了しています", "has ended"),
            Self::OtherSection => ("別の課に対するものです", "is another section's"),
        };
        match language {
            Language::Japanese => ja,
            Language::English => en,
        }
    }
}

impl Stays {
    /// Why they stay, for people.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let (ja, en) = match self {
            Self::Open => ("終結していません".to_string(), "it is not over".to_string()),
            Self::Until(until) => {
                let until = moment_text(*until, language);
                (format!("{until} まで保存しなければなりません"), format!("they are kept until {until}"))
            }
            Self::Ordered(order) => {
                (format!("保全命令 {order} により保全中です"), format!("preservation order {order} keeps them"))
            }
            Self::Needed(by) => {
                let by = by.text(language);
                (format!("終結していない{by}に関係しています"), format!("it has to do with {by}, which is not over"))
            }
            Self::OtherTexts => (
                "申請の内容が、現在の本文と一致しないか、別の文書の本文を含んでいます".to_string(),
                "the act names other texts than stand in it, or some that stand in another case as well".to_string(),
            ),
            Self::Erased(index) => (
                format!("既に消去されています(登録順{index})"),
                format!("they were erased by the act at entry {index}"),
            ),
        };
        match language {
            Language::Japanese => ja,
            Language::English => en,
        }
    }
}

impl Answer {
    /// What was said, for people: the proposal was …
    #[must_use]
    pub const fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Refused, Language::Japanese) => "不承認と",
            (Self::Withdrawn, Language::Japanese) => "取下げと",
            (Self::Reviewed, Language::Japanese) => "後閲済みと",
            (Self::Refused, Language::English) => "refused",
            (Self::Withdrawn, Language::English) => "withdrawn",
            (Self::Reviewed, Language::English) => "reviewed",
        }
    }
}

impl CardState {
    /// The state of a card, for people.
    #[must_use]
    pub const fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Active, Language::Japanese) => "有効",
            (Self::Suspended, Language::Japanese) => "停止",
            (Self::Revoked, Language::Japanese) => "失効",
            (Self::Returned, Language::Japanese) => "返納",
            (Self::Disposed, Language::Japanese) => "廃棄",
            (Self::Active, Language::English) => "active",
            (Self::Suspended, Language::English) => "suspended",
            (Self::Revoked, Language::English) => "revoked",
            (Self::Returned, Language::English) => "returned",
            (Self::Disposed, Language::English) => "disposed of",
        }
    }
}

fn signer_text(signer: &Signer) -> String {
    match signer {
        Signer::Card(card) => format!("カード {card}"),
        Signer::Terminal(terminal) => format!("端末 {terminal}"),
        Signer::Recovery(_) => "復旧鍵".to_string(),
    }
}
