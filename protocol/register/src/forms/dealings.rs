//! Forms of permission: to take records away (S4 21, S3 33), to use the system (S2 6).

use super::{
    Asked, Choice, Definition, Form, HEADS, Kind, MANAGERS, REMARK, Words, after, distinct, may, must, once, otherwise,
    step, withdrawal, word,
};
use crate::role::Role;

const ANSWER: &[Choice] =
    &[word(0, "refused", Words("不許可", "refused")), word(1, "granted", Words("許可", "granted"))];

/// The step that permits it; its key and its field with the answer.
pub const PERMITTED: u8 = 3;
/// The field of each decision with the answer.
pub const ANSWERED: u8 = 1;
/// 許可.
pub const GRANTED: u8 = 1;
/// The section whose records they are.
pub const OWNING_SECTION: u8 = 5;

/// The first day of the records that may be taken away.
pub const RECORDS_FROM: u8 = 6;
/// The last one.
pub const RECORDS_TO: u8 = 7;
/// The last day on which they may be; without it [`TAKEN_DAYS`] after it was permitted.
pub const TAKEN_UNTIL: u8 = 8;
/// Whether the section's records alone are taken, or logs of the whole office.
pub const EXTENT: u8 = 9;
/// The word for the whole office: without it nothing but the section's records is meant.
pub const WHOLE_OFFICE: u8 = 1;
const EXTENTS: &[Choice] = &[
    word(0, "section", Words("所管課の記録", "the section's records")),
    word(WHOLE_OFFICE, "office", Words("団体のログ全体", "logs of the whole office")),
];
/// For so many days a permission that names no last day may be used (ours).
pub const TAKEN_DAYS: u32 = 30;

/// S3 33: the owning section consents, then the IT section chief, then データ保護管理者 decides. S4 21: what it is for, how it is kept, 受払.
pub(super) const EXPORT_REQUEST: Definition = Definition {
    form: Form::ExportRequest,
    name: "export-request",
    title: Words("データ使用許可申請書", "request to use records"),
    opened_by: HEADS,
    fields: &[
        must(1, "purpose", Words("使用目的", "purpose"), Kind::Text),
        must(2, "content", Words("内容", "content"), Kind::Text),
        must(3, "provided", Words("提供方法", "provided how"), Kind::Text),
        must(4, "managed", Words("管理方法", "managed how"), Kind::Text),
        must(OWNING_SECTION, "section", Words("所管課", "owning section"), Kind::Section),
        must(RECORDS_FROM, "from", Words("記録の期間の始期", "records from"), Kind::Day),
        must(RECORDS_TO, "to", Words("記録の期間の終期", "records until"), Kind::Day),
        may(TAKEN_UNTIL, "until", Words("使用期限", "may be used until"), Kind::Day),
        may(EXTENT, "extent", Words("対象の範囲", "extent"), Kind::Choice(EXTENTS)),
    ],
    steps: &[
        once(otherwise(
            MANAGERS,
            step(
                1,
                "consent",
                Words("所管課の同意", "owning section consents"),
                &[Role::TerminalManager, Role::DataHandlingManager],
                Asked::Field(OWNING_SECTION),
                &[must(ANSWERED, "answer", Words("同意の可否", "answer"), Kind::Choice(ANSWER))],
            ),
        )),
        once(otherwise(
            MANAGERS,
            after(
                &[1],
                step(
                    2,
                    "agree",
                    Words("システム管理者の決定", "system manager agrees"),
                    &[Role::SystemManager],
                    Asked::WhoMay,
                    &[must(ANSWERED, "answer", Words("決定", "answer"), Kind::Choice(ANSWER))],
                ),
            ),
        )),
        once(otherwise(
            MANAGERS,
            distinct(
                &[1, 2],
                after(
                    &[1, 2],
                    step(
                        PERMITTED,
                        "permit",
                        Words("データ保護管理者の決定", "data protection manager permits"),
                        &[Role::DataProtectionManager],
                        Asked::WhoMay,
                        &[
                            must(ANSWERED, "answer", Words("許可の可否", "answer"), Kind::Choice(ANSWER)),
                            may(2, "conditions", Words("条件", "conditions"), Kind::Text),
                        ],
                    ),
                ),
            ),
        )),
        after(
            &[PERMITTED],
            step(
                4,
                "handed-over",
                Words("払出し", "handed over"),
                HEADS,
                Asked::Nobody,
                &[
                    must(1, "to", Words("受領者", "to"), Kind::Text),
                    must(2, "at", Words("払出日時", "at"), Kind::Past),
                    may(3, "medium", Words("媒体", "medium"), Kind::Text),
                ],
            ),
        ),
        step(
            5,
            "came-back",
            Words("返却・廃棄", "came back or was destroyed"),
            HEADS,
            Asked::EachOf(4),
            &[
                must(1, "handed-over", Words("払出しの番号", "number of the handing over"), Kind::Number),
                must(2, "at", Words("日時", "at"), Kind::Past),
                may(3, "how", Words("方法", "how"), Kind::Text),
            ],
        ),
        once(after(
            &[PERMITTED],
            step(
                6,
                "close",
                Words("使用の終了", "use ended"),
                HEADS,
                Asked::Closing,
                &[may(1, "remark", REMARK, Kind::Text)],
            ),
        )),
        withdrawal(&[PERMITTED]),
    ],
};

/// The section for which the system is to be used.
pub const USING_SECTION: u8 = 1;
/// The step that permits its use.
pub const USE_PERMITTED: u8 = 2;
/// The field of that step with the last day.
pub const USE_UNTIL: u8 = 3;
/// The step that ends a permit.
pub const USE_ENDED: u8 = 4;

/// S2 6: applied for, examined, permitted, set up; ended where use is no longer permitted (S2 6(3)).
pub(super) const SYSTEM_USE: Definition = Definition {
    form: Form::SystemUse,
    name: "system-use",
    title: Words("情報連絡システム利用申請書", "request to use the system"),
    opened_by: HEADS,
    fields: &[
        must(USING_SECTION, "section", Words("申請課", "section"), Kind::Section),
        must(2, "purpose", Words("利用目的", "purpose"), Kind::Text),
        may(3, "users", Words("利用者数", "users"), Kind::Number),
    ],
    steps: &[
        once(step(
            1,
            "examine",
            Words("審査", "examined"),
            MANAGERS,
            Asked::WhoMay,
            &[must(1, "result", Words("審査結果", "result"), Kind::Text)],
        )),
        once(otherwise(
            MANAGERS,
            after(
                &[1],
                step(
                    USE_PERMITTED,
                    "permit",
                    Words("許可", "permitted"),
                    &[Role::SystemManager],
                    Asked::WhoMay,
                    &[
                        must(ANSWERED, "answer", Words("許可の可否", "answer"), Kind::Choice(ANSWER)),
                        may(2, "remark", REMARK, Kind::Text),
                        may(USE_UNTIL, "until", Words("許可の期限", "until"), Kind::Day),
                    ],
                ),
            ),
        )),
        once(after(
            &[USE_PERMITTED],
            step(
                3,
                "set-up",
                Words("設定", "set up"),
                MANAGERS,
                Asked::Nobody,
                &[must(1, "act", Words("処分", "act"), Kind::Act)],
            ),
        )),
        once(otherwise(
            MANAGERS,
            after(
                &[USE_PERMITTED],
                step(
                    USE_ENDED,
                    "end",
                    Words("許可の終了", "ended"),
                    &[Role::SystemManager],
                    Asked::Nobody,
                    &[must(1, "reason", Words("理由", "reason"), Kind::Text)],
                ),
            ),
        )),
        withdrawal(&[USE_PERMITTED]),
    ],
};
