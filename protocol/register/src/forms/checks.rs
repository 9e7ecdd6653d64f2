//! Forms of inspection: plans and findings, questions about entries, reports that were asked for, what is confirmed each day, media.

use super::{
    ANYBODY, Asked, Choice, Definition, Due, Form, HEADS, Kind, MANAGERS, REMARK, Words, after, due, may, must, once,
    step, withdrawal, word,
};
use crate::role::Role;

const INSPECTORS: &[Role] = &[
    Role::ChiefSecurityOfficer,
    Role::SystemManager,
    Role::DataProtectionManager,
    Role::AccessManager,
    Role::SecurityManager,
    Role::Auditor,
];

/// The step that makes a finding.
pub const FINDING: u8 = 1;

/// The field with the first day that it looks at.
pub const INSPECTED_FROM: u8 = 1;
/// The field with the last one.
pub const INSPECTED_TO: u8 = 2;

/// S3 34, S4 4(4): plan, findings with a date, result.
pub(super) const INSPECTION: Definition = Definition {
    form: Form::Inspection,
    name: "inspection",
    title: Words("検査(監査)報告書", "inspection"),
    opened_by: INSPECTORS,
    fields: &[
        must(INSPECTED_FROM, "from", Words("対象期間の始期", "period from"), Kind::Day),
        must(INSPECTED_TO, "to", Words("対象期間の終期", "period until"), Kind::Day),
        must(3, "scope", Words("対象", "scope"), Kind::Text),
        must(4, "items", Words("確認項目", "items"), Kind::Text),
        may(5, "section", Words("対象課", "section"), Kind::Section),
        may(6, "inspector", Words("検査者", "inspector"), Kind::Operator),
        must(7, "due", Words("実施期限", "due"), Kind::Day),
    ],
    steps: &[
        step(
            FINDING,
            "finding",
            Words("指摘事項", "finding"),
            INSPECTORS,
            Asked::Nobody,
            &[
                must(1, "finding", Words("所見", "finding"), Kind::Text),
                must(2, "due", Words("是正期限", "due"), Kind::Day),
                may(3, "section", Words("対象課", "section"), Kind::Section),
            ],
        ),
        due(
            Due::StepField(2),
            step(
                2,
                "corrected",
                Words("是正結果", "put right"),
                HEADS,
                Asked::EachOf(FINDING),
                &[
                    must(1, "finding", Words("指摘事項の番号", "number of the finding"), Kind::Number),
                    must(2, "result", Words("是正の内容", "what was done"), Kind::Text),
                    must(3, "on", Words("是正日", "on"), Kind::PastDay),
                ],
            ),
        ),
        due(
            Due::Field(7),
            once(step(
                3,
                "result",
                Words("検査結果", "result"),
                INSPECTORS,
                Asked::WhoMay,
                &[
                    must(1, "result", Words("結果", "result"), Kind::Text),
                    must(2, "on", Words("実施日", "on"), Kind::PastDay),
                ],
            )),
        ),
        once(after(
            &[3],
            step(
                4,
                "close",
                Words("終結", "closed"),
                INSPECTORS,
                Asked::Closing,
                &[may(1, "remark", REMARK, Kind::Text)],
            ),
        )),
        withdrawal(&[FINDING, 3]),
    ],
};

/// One id all day, without a break.
pub const ONE_ID_ALL_DAY: u8 = 1;
/// Out of hours without a permit.
pub const OUT_OF_HOURS: u8 = 2;
/// Outside duties.
pub const OUT_OF_DUTY: u8 = 3;
/// Looked up without a purpose.
pub const NO_PURPOSE: u8 = 4;
/// At two terminals.
pub const TWO_TERMINALS: u8 = 5;
/// Many refusals.
pub const REFUSALS: u8 = 6;
/// An unusual count.
pub const UNUSUAL_COUNT: u8 = 7;
/// Something else.
pub const OTHER_DOUBT: u8 = 8;
/// The field of a question that says what is doubtful.
pub const ASKED_DOUBT: u8 = 1;
/// The field of a question that names the entry.
pub const ASKED_RECORD: u8 = 2;
/// The step that answers a question about an entry.
pub const ANSWER: u8 = 1;
/// Its field with the document that it refers to.
pub const ANSWER_DOCUMENT: u8 = 2;
/// What makes an entry doubtful.
pub const DOUBTS: &[Choice] = &[
    word(ONE_ID_ALL_DAY, "one-id-all-day", Words("ID使い回し(終日の使用)", "one id all day")),
    word(OUT_OF_HOURS, "out-of-hours", Words("許可のない時間外", "out of hours without a permit")),
    word(OUT_OF_DUTY, "out-of-duty", Words("権限外・担当外", "outside duties")),
    word(NO_PURPOSE, "no-purpose", Words("事由のない照会", "looked up without a purpose")),
    word(TWO_TERMINALS, "two-terminals", Words("複数端末での同時使用", "at two terminals")),
    word(REFUSALS, "refusals", Words("拒否の多発", "many refusals")),
    word(UNUSUAL_COUNT, "unusual-count", Words("件数の異常", "unusual count")),
    word(OTHER_DOUBT, "other", Words("その他", "other")),
];

/// The field of a question with the check that it came of.
pub const QUESTION_OF: u8 = 8;
/// The field of a check with its first day.
pub const CHECKED_FROM: u8 = 1;
/// The field with its last day.
pub const CHECKED_TO: u8 = 2;
/// The field with what it was restricted to.
pub const CHECKED_SCOPE: u8 = 3;
/// The field with how many records were looked through.
pub const CHECKED_RECORDS: u8 = 4;
/// The field with how many entries were doubtful in this way; nothing for what no program looks for.
#[must_use]
pub const fn checked_doubts(doubt: u8) -> Option<u8> {
    if doubt >= ONE_ID_ALL_DAY && doubt <= UNUSUAL_COUNT { Some(CHECKED_RECORDS + doubt) } else { None }
}

/// 確認表 (no. 17): also a period in which nothing was found leaves who looked, when, through what, and the result. Questions hang on it.
pub(super) const LOG_CHECK: Definition = Definition {
    form: Form::LogCheck,
    name: "log-check",
    title: Words("アクセスログ確認表", "check of access logs"),
    opened_by: INSPECTORS,
    fields: &[
        must(CHECKED_FROM, "from", Words("確認期間の始期", "period from"), Kind::PastDay),
        must(CHECKED_TO, "to", Words("確認期間の終期", "period until"), Kind::PastDay),
        may(CHECKED_SCOPE, "scope", Words("範囲", "scope"), Kind::Text),
        must(CHECKED_RECORDS, "records", Words("確認した記録の件数", "records looked through"), Kind::Number),
        must(5, "one-id-all-day", Words("ID使い回し(終日の使用)", "one id all day"), Kind::Number),
        must(6, "out-of-hours", Words("許可のない時間外", "out of hours without a permit"), Kind::Number),
        must(7, "out-of-duty", Words("権限外・担当外", "outside duties"), Kind::Number),
        must(8, "no-purpose", Words("事由のない照会", "looked up without a purpose"), Kind::Number),
        must(9, "two-terminals", Words("複数端末での同時使用", "at two terminals"), Kind::Number),
        must(10, "refusals", Words("拒否の多発", "many refusals"), Kind::Number),
        must(11, "unusual-count", Words("件数の異常", "unusual count"), Kind::Number),
    ],
    steps: &[
        once(step(
            1,
            "result",
            Words("確認結果", "result"),
            INSPECTORS,
            Asked::Closing,
            &[
                must(
                    1,
                    "result",
                    Words("結果", "result"),
                    Kind::Choice(&[
                        word(1, "sound", Words("問題なし", "sound")),
                        word(2, "asked", Words("照会により確認済み", "settled by questions")),
                        word(3, "incident", Words("事故等として報告", "reported as an incident")),
                    ]),
                ),
                may(2, "remark", REMARK, Kind::Text),
            ],
        )),
        withdrawal(&[]),
    ],
};

/// The slide's checklist: the entry, the section asked, its answer, the verdict.
pub(super) const LOG_REVIEW: Definition = Definition {
    form: Form::LogReview,
    name: "log-review",
    title: Words("アクセスログ確認結果", "review of an entry"),
    opened_by: INSPECTORS,
    fields: &[
        must(1, "doubt", Words("確認事項", "doubt"), Kind::Choice(DOUBTS)),
        must(2, "record", Words("記録の番号", "record"), Kind::Record),
        may(3, "operator", Words("操作者", "operator"), Kind::Operator),
        may(4, "terminal", Words("端末機", "terminal"), Kind::Terminal),
        must(5, "section", Words("照会した課", "section asked"), Kind::Section),
        must(6, "question", Words("照会内容", "question"), Kind::Text),
        may(7, "due", Words("回答期限", "answer due"), Kind::Day),
        may(QUESTION_OF, "check", Words("アクセスログ確認表", "check that it came of"), Kind::Case(Form::LogCheck)),
    ],
    steps: &[
        due(
            Due::Field(7),
            step(
                1,
                "answer",
                Words("回答", "answer"),
                HEADS,
                Asked::Field(5),
                &[
                    must(1, "answer", Words("回答", "answer"), Kind::Text),
                    may(2, "document", Words("根拠となる申請書等の番号", "document"), Kind::Document),
                ],
            ),
        ),
        once(after(
            &[1],
            step(
                2,
                "verdict",
                Words("判定", "verdict"),
                INSPECTORS,
                Asked::Closing,
                &[
                    must(
                        1,
                        "verdict",
                        Words("判定", "verdict"),
                        Kind::Choice(&[
                            word(1, "sound", Words("問題なし", "sound")),
                            word(2, "doubtful", Words("要注意", "doubtful")),
                            word(3, "misuse", Words("不適正", "misuse")),
                        ]),
                    ),
                    may(2, "incident", Words("事故報告書", "incident"), Kind::Case(Form::Incident)),
                    may(3, "remark", REMARK, Kind::Text),
                ],
            ),
        )),
        withdrawal(&[1]),
    ],
};

/// S0 6(1), S2 12(2).
pub(super) const REPORT_REQUEST: Definition = Definition {
    form: Form::ReportRequest,
    name: "report-request",
    title: Words("報告の求め", "request for a report"),
    opened_by: MANAGERS,
    fields: &[
        must(1, "subject", Words("件名", "subject"), Kind::Text),
        must(2, "post", Words("報告を求める職", "asked"), Kind::Post),
        must(3, "due", Words("期限", "due"), Kind::Day),
        may(4, "incident", Words("事案", "incident"), Kind::Case(Form::Incident)),
    ],
    steps: &[
        once(due(
            Due::Field(3),
            step(
                1,
                "answer",
                Words("報告", "report"),
                ANYBODY,
                Asked::Field(2),
                &[must(1, "report", Words("報告内容", "report"), Kind::Text)],
            ),
        )),
        withdrawal(&[1]),
    ],
};

/// The field that says what was confirmed.
pub const CONFIRMED_WHAT: u8 = 1;
/// The field that says of which day.
pub const CONFIRMED_DAY: u8 = 2;
/// What is confirmed each day (S0 3(1)(2)).
pub const CONFIRMED: &[Choice] = &[
    word(1, "backup", Words("バックアップの処理結果", "backup")),
    word(2, "duplicate", Words("法務省への副本送信の処理結果", "副本 sent to the ministry")),
];

pub(super) const CONFIRMATION: Definition = Definition {
    form: Form::Confirmation,
    name: "confirmation",
    title: Words("処理結果確認簿", "confirmation of a result"),
    opened_by: ANYBODY,
    fields: &[
        must(CONFIRMED_WHAT, "what", Words("確認事項", "what"), Kind::Choice(CONFIRMED)),
        must(CONFIRMED_DAY, "day", Words("対象日", "day"), Kind::PastDay),
        must(
            3,
            "result",
            Words("結果", "result"),
            Kind::Choice(&[word(1, "good", Words("正常", "good")), word(2, "failed", Words("異常", "failed"))]),
        ),
        may(4, "remark", REMARK, Kind::Text),
    ],
    steps: &[],
};

/// The step that disposes of a medium.
pub const MEDIUM_DISPOSED: u8 = 3;

/// S3 23: number, place, verified; S2 9: how it was erased.
pub(super) const MEDIUM: Definition = Definition {
    form: Form::Medium,
    name: "medium",
    title: Words("媒体管理簿", "medium"),
    opened_by: HEADS,
    fields: &[
        must(1, "label", Words("媒体番号", "number of the medium"), Kind::Code),
        must(2, "made", Words("作成日", "made on"), Kind::PastDay),
        must(3, "place", Words("保管場所", "place"), Kind::Text),
        may(4, "content", Words("内容", "content"), Kind::Text),
    ],
    steps: &[
        step(
            1,
            "verified",
            Words("検証", "verified"),
            HEADS,
            Asked::Nobody,
            &[must(1, "on", Words("検証日", "on"), Kind::PastDay), may(2, "remark", REMARK, Kind::Text)],
        ),
        step(
            2,
            "moved",
            Words("保管場所の変更", "moved"),
            HEADS,
            Asked::Nobody,
            &[
                must(1, "place", Words("保管場所", "place"), Kind::Text),
                must(2, "on", Words("年月日", "on"), Kind::PastDay),
            ],
        ),
        once(step(
            MEDIUM_DISPOSED,
            "disposed",
            Words("廃棄", "disposed of"),
            HEADS,
            Asked::Nobody,
            &[
                must(1, "on", Words("廃棄日", "on"), Kind::PastDay),
                must(2, "method", Words("方法", "method"), Kind::Text),
                must(3, "person", Words("廃棄した者", "by"), Kind::Operator),
                may(4, "witness", Words("立会者", "witness"), Kind::Operator),
            ],
        )),
    ],
};

/// いなべ市, 日南町.
pub(super) const LEAVING_CHECK: Definition = Definition {
    form: Form::LeavingCheck,
    name: "leaving-check",
    title: Words("退庁時点検表", "check on leaving"),
    opened_by: ANYBODY,
    fields: &[
        must(1, "operator", Words("退庁者", "who left last"), Kind::Operator),
        must(2, "section", Words("所属", "section"), Kind::Section),
        must(3, "at", Words("退庁日時", "left at"), Kind::Past),
        must(
            4,
            "result",
            Words("確認結果", "result"),
            Kind::Choice(&[
                word(1, "good", Words("異常なし", "nothing wrong")),
                word(2, "wrong", Words("異常あり", "something wrong")),
            ]),
        ),
        may(5, "remark", Words("特記事項", "remark"), Kind::Text),
    ],
    steps: &[once(step(1, "looked-at", Words("月次の確認", "looked at, monthly"), HEADS, Asked::WhoMay, &[]))],
};
