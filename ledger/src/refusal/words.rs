//! What each refusal says, in both languages.

use sekisho_register::taking::NotCovered;
use sekisho_register::thing::class_name;
use sekisho_register::wareki::{day_text, month_text};
use sekisho_wire::words::Language;

use super::{CodeFault, Refusal, Text, things};
use crate::hearing::{Awaited, Whom};

impl Refusal {
    pub(super) fn english(&self) -> Text {
        let plain = |what: &str, next| (what.to_owned(), next);
        match self {
            Self::Malformed(part) => (format!("cannot read the request: {part}"), "Update the program that sent it."),
            Self::TooLarge => plain("the request is too large", "Send fewer records at once."),
            Self::NotEnrolled => plain(
                "the register does not have the terminal under this key, or it is retired",
                "An administrator registers the terminal's key; a retired terminal stays so.",
            ),
            Self::EnvelopeKey => plain(
                "the records are sealed for a key that this ledger does not have",
                "The operator of the ledger puts back the `envelope.key` that the office was founded with.",
            ),
            Self::NotYou => plain("the request is not from the terminal it names", "Enrol the terminal again."),
            Self::Gap(place) => {
                (format!("records are missing: {} is expected", place.expected), "Send the records from there on.")
            }
            Self::Fork(place) => (
                format!("another history is stored already; {} would be next", place.expected),
                "The terminal was restored from a copy: an administrator opens a new epoch for it.",
            ),
            Self::WrongChain(place) => (
                format!("the batch does not continue the chain at {}", place.expected),
                "An administrator looks at the terminal's journal and opens a new epoch for it.",
            ),
            Self::EpochNotOpen { epoch, open } => (
                format!("epoch {epoch} was never opened; the newest is {open}"),
                "An administrator opens a new epoch for the terminal by an act.",
            ),
            Self::EpochClosed { epoch, open } => (
                format!("epoch {epoch} takes nothing new: epoch {open} is open"),
                "The terminal goes on in the epoch that an administrator opened for it.",
            ),
            Self::SeenUnproved => plain(
                "the terminal claims to have seen another log and shows no signed checkpoint of it",
                "The system manager looks at the terminal; the log of everybody else goes on.",
            ),
            Self::Halted { cause } => (
                format!("the log has stopped: {cause}"),
                "The operator of the ledger looks at `sekisho-ledger status`: where terminals fill the log again, keep the ledger running; else `man sekisho-ledger` says what to do when a log has stopped.",
            ),
            Self::Busy => plain("too many requests wait", "Come again after the time in Retry-After."),
            Self::Unavailable { .. } => {
                plain("the ledger cannot write now", "Try again; if it goes on, tell the operator of the ledger.")
            }
            Self::Hears(awaited) => (
                format!("the ledger has just started and writes nothing yet: {awaited}"),
                match awaited.whom {
                    Whom::Terminals => {
                        "Try again when terminals have reached the ledger, or ask its operator to let it go on (`sekisho-ledger go-on`)."
                    }
                    Whom::Witnesses => {
                        "The operator of the ledger looks at `sekisho-ledger status`, which names the witness that does not answer and why; `sekisho-ledger go-on` waits for none."
                    }
                },
            ),
            Self::Destroyed { index, class, month, act } => {
                let class = class_name(*class, Language::English);
                let by = act.map_or_else(String::new, |act| format!(" by the act at entry {act} of the register"));
                (
                    format!("the contents of record {index} are gone: class {class} of {month} was destroyed{by}"),
                    "Its hash stays in the log: an evidence file that was exported before still verifies.",
                )
            }
            Self::NotFound(what) => {
                (format!("there is no such {what}"), "Check the number, code or address that was named.")
            }
            Self::Act(refusal) => (refusal.text(Language::English), refusal.next_step(Language::English)),
            Self::NameWrong => plain(
                "a name beside the act is missing or is not the one whose hash was signed",
                "Send the names with their salts.",
            ),
            Self::LogNotLost => plain(
                "the log has not stopped, lacks nothing but its key, is damaged, or what is left of it is something else by now",
                "Look at `sekisho-admin log lost` again.",
            ),
            Self::NotProposed => plain(
                "what is approved does not stand in the casebook",
                "Propose it (`sekisho-admin --propose …`); a casebook that went on in another's place may have lost it.",
            ),
            Self::LogKeyUnknown => plain(
                "the ledger has made no such key for that log",
                "Take the key as `sekisho-ledger log-key` prints it at the ledger.",
            ),
            Self::CodeRefused(fault) => (format!("the code {}", fault.english()), "Ask for a new code."),
            Self::OtherKeys => plain(
                "the founding act names another ledger or other keys than the code",
                "Begin again from the code as it was given out.",
            ),
            Self::MethodWrong => {
                plain("the address does not take this method", "Use a method that the header Allow names.")
            }
            Self::TokenNeeded => plain("a token is needed", "Prove your card again."),
            Self::ProofRefused => {
                plain("the card's proof was not accepted", "Ask for a new challenge and sign it with a current card.")
            }
            Self::RoleMissing => plain("none of your posts permits this", "Ask somebody whose post does."),
            Self::OtherSection => plain(
                "this is about another section, and you head your own alone",
                "Ask the data protection manager, or the head of that section.",
            ),
            Self::NotPermitted(fault) => (
                not_covered(*fault, Language::English),
                "Name days with --since and --until that are permitted, or apply with 'sekisho-admin case open export-request …'; once the owning section, the system manager and the data protection manager have granted it, use its number, as in export-request-2026-1.",
            ),
            Self::RequestRefused => {
                plain("the certificate request is not one for the terminal's P-256 key", "Enrol the terminal again.")
            }
            Self::KeyUnproved => {
                plain("the terminal has not shown that it holds its key", "Update the terminal's program.")
            }
        }
    }

    pub(super) fn japanese(&self) -> Text {
        let plain = |what: &str, next| (what.to_owned(), next);
        match self {
            Self::Malformed(part) => {
                (format!("要求を読み取れません（{part}）"), "送信したプログラムを更新してください。")
            }
            Self::TooLarge => plain("要求が大きすぎます", "一度に送る記録を減らしてください。"),
            Self::NotEnrolled => plain(
                "この端末機は、この鍵で登録されていないか、廃止されています",
                "管理者が端末機の鍵を登録してください。廃止された端末機は再び使用できません。",
            ),
            Self::EnvelopeKey => plain(
                "記録が、この台帳にない鍵に宛てて封印されています",
                "台帳の運用者が、団体の設置時の `envelope.key` を復元してください。",
            ),
            Self::NotYou => plain("要求は名乗っている端末機からのものではありません", "端末機を登録し直してください。"),
            Self::Gap(place) => {
                (format!("記録が欠けています（次は {} 番）", place.expected), "その番号から送り直してください。")
            }
            Self::Fork(place) => (
                format!("すでに異なる履歴が保存されています（次は {} 番）", place.expected),
                "端末機が複製から復元されています。管理者が新しい系列を開始してください。",
            ),
            Self::WrongChain(place) => (
                format!("連鎖が {} 番で一致しません", place.expected),
                "管理者が端末機の記録を確認し、新しい系列を開始してください。",
            ),
            Self::EpochNotOpen { epoch, open } => (
                format!("系列 {epoch} は開始されていません（最新は {open}）"),
                "管理者が新しい系列を開始してください。",
            ),
            Self::EpochClosed { epoch, open } => (
                format!("系列 {epoch} には新しい記録を追加できません（現在は系列 {open}）"),
                "端末機は、管理者が開始した系列で続けてください。",
            ),
            Self::SeenUnproved => plain(
                "端末機が、署名された証拠なしに、別のログを見たと主張しています",
                "システム管理者がこの端末機を調べてください。ほかの端末機の記録は継続しています。",
            ),
            Self::Halted { cause } => (
                format!("台帳のログが停止しています（{cause}）"),
                "台帳の運用者が `sekisho-ledger status` を確認してください。端末機から補充中であれば動かし続け、それ以外は `man sekisho-ledger` の手順に従ってください。",
            ),
            Self::Busy => plain("要求が混み合っています", "Retry-After の時間の後に再試行してください。"),
            Self::Unavailable { .. } => {
                plain("台帳は現在書き込めません", "再試行し、続く場合は台帳の運用者に連絡してください。")
            }
            Self::Hears(Awaited { whom: Whom::Terminals, needed, heard }) => (
                format!("台帳は起動直後で、まだ書き込めません（確認済みの端末機 {heard}/{needed} 台）"),
                "端末機が台帳に接続した後に再試行するか、台帳の運用者に `sekisho-ledger go-on` を依頼してください。",
            ),
            Self::Hears(Awaited { whom: Whom::Witnesses, needed, heard }) => (
                format!("台帳は起動直後で、まだ書き込めません（確認済みの立会人 {heard}/{needed}）"),
                "台帳の運用者が `sekisho-ledger status` で、応答しない立会人とその理由を確認してください。待たずに進めるには `sekisho-ledger go-on` を使います。",
            ),
            Self::Destroyed { index, class, month, act } => {
                let class = class_name(*class, Language::Japanese);
                let month = month_text(*month, Language::Japanese);
                let by = act.map_or_else(String::new, |act| format!("、登録簿{act}番の処分"));
                (
                    format!("記録 {index} の内容は廃棄されました（{class}、{month}分{by}）"),
                    "ハッシュはログに残っています。廃棄前に出力した証拠ファイルは引き続き検証できます。",
                )
            }
            Self::NotFound(what) => (
                format!("該当するものがありません（{}）", things::japanese(what)),
                "指定した番号、コード又はアドレスを確認してください。",
            ),
            Self::Act(refusal) => (refusal.text(Language::Japanese), refusal.next_step(Language::Japanese)),
            Self::NameWrong => plain(
                "添えられた氏名が、署名されたハッシュと一致しないか、不足しています",
                "氏名を正しいソルトとともに送ってください。",
            ),
            Self::LogNotLost => plain(
                "ログは停止していないか、欠けているのが鍵だけであるか、破損しているか、残っている内容が変わっています",
                "`sekisho-admin log lost` を確認し直してください。",
            ),
            Self::NotProposed => plain(
                "承認しようとする申請が処理簿にありません",
                "`sekisho-admin --propose …` で申請してください。処理簿の引継ぎの際に失われた可能性があります。",
            ),
            Self::LogKeyUnknown => plain(
                "その鍵は、台帳がそのログのために生成したものではありません",
                "台帳で `sekisho-ledger log-key` が表示した鍵を指定してください。",
            ),
            Self::CodeRefused(fault) => {
                (format!("コードは{}", fault.japanese()), "新しいコードを発行してもらってください。")
            }
            Self::OtherKeys => plain(
                "設置の内容が、コードの台帳名または鍵と一致しません",
                "発行されたコードから、やり直してください。",
            ),
            Self::MethodWrong => {
                plain("この宛先では使えないメソッドです", "Allow ヘッダーにあるメソッドを使用してください。")
            }
            Self::TokenNeeded => plain("認証が必要です", "カードで認証し直してください。"),
            Self::ProofRefused => {
                plain("カードの証明が認められませんでした", "有効なカードで、あらためて署名してください。")
            }
            Self::RoleMissing => plain("この操作を許可する職にありません", "権限のある職の方に依頼してください。"),
            Self::OtherSection => plain(
                "他の課に関するものです。閲覧できるのは自分の課に関するものだけです",
                "データ保護管理者又はその課の長に依頼してください。",
            ),
            Self::NotPermitted(fault) => (
                not_covered(*fault, Language::Japanese),
                "許可された期間を --since と --until で指定するか、「sekisho-admin case open export-request …」で申請し、所管課、システム管理者、データ保護管理者の決定を受けてから、その番号(export-request-2026-1 の形)を指定してください。",
            ),
            Self::RequestRefused => {
                plain("証明書の要求が、この端末機の P-256 の鍵のものではありません", "端末機を登録し直してください。")
            }
            Self::KeyUnproved => {
                plain("端末機が鍵を持つことの証明がありません", "端末機のプログラムを更新してください。")
            }
        }
    }
}

impl CodeFault {
    pub(crate) const fn english(self) -> &'static str {
        match self {
            Self::Unknown => "is not one of ours",
            Self::Used => "was used already",
            Self::Expired => "has expired",
            Self::Other => "is for something else",
        }
    }

    const fn japanese(self) -> &'static str {
        match self {
            Self::Unknown => "この台帳が発行したものではありません",
            Self::Used => "使用済みです",
            Self::Expired => "有効期限が切れています",
            Self::Other => "別の用途のものです",
        }
    }
}

/// Why a permission does not cover what is asked for.
fn not_covered(fault: NotCovered, language: Language) -> String {
    let day = |day: u32| day_text(day, language);
    match (language, fault) {
        (Language::English, NotCovered::NotGranted) => "no permission to take records away has this number".into(),
        (Language::English, NotCovered::Refused) => "taking records away under this number was refused".into(),
        (Language::English, NotCovered::Ended) => "the use under this permission was ended".into(),
        (Language::English, NotCovered::Over { until }) => format!("this permission was for use until {}", day(until)),
        (Language::English, NotCovered::OtherDays { from, to }) => {
            format!("this permission is for records from {} to {}, and others are asked for", day(from), day(to))
        }
        (Language::English, NotCovered::OtherSection) => {
            "this permission is for records of another section than that terminal's".into()
        }
        (Language::English, NotCovered::NotWhole) => {
            "this permission is for records of one section, and logs of the whole office are asked for: a request with extent=office is for those".into()
        }
        (Language::Japanese, NotCovered::NotGranted) => "この番号の使用許可はありません".into(),
        (Language::Japanese, NotCovered::Refused) => "この番号の申請は不許可又は取下げとなっています".into(),
        (Language::Japanese, NotCovered::Ended) => "この許可による使用は終了しています".into(),
        (Language::Japanese, NotCovered::Over { until }) => format!("この許可の使用期限は{}でした", day(until)),
        (Language::Japanese, NotCovered::OtherDays { from, to }) => {
            format!("この許可の対象は{}から{}までの記録です", day(from), day(to))
        }
        (Language::Japanese, NotCovered::OtherSection) => "この許可は、その端末機の課のものではありません".into(),
        (Language::Japanese, NotCovered::NotWhole) => {
            "この許可の対象は一つの課の記録です。団体のログ全体には、範囲を全体(extent=office)とした申請が要ります".into()
        }
    }
}
