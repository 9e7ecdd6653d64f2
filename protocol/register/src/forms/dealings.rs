//! Forms of permission: to take records away (S4 21, S3 33), to use the system (S2 6).

use super::{
    Asked, Choice, Definition, Form, HEADS, Kind, MANAGERS, REMARK, Words, after, may, must, once, step, word,
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
    ],
    steps: &[
        once(step(
            1,
            "consent",
            Words("所管課の同意", "owning section consents"),
            &[Role::DataHandlingManager, Role::TerminalManager],
            Asked::Field(OWNING_SECTION),
            &[must(ANSWERED, "answer", Words("同意の可否", "answer"), Kind::Choice(ANSWER))],
        )),
        once(after(
            &[1],
            step(
                2,
                "agree",
                Words("システム管理者の決定", "system manager agrees"),
                &[Role::SystemManager],
                Asked::WhoMay,
                &[must(ANSWERED, "answer", Words("決定", "answer"), Kind::Choice(ANSWER))],
            ),
        )),
        once(after(
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
        once(after(
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
        once(after(
            &[USE_PERMITTED],
            step(
                USE_ENDED,
                "end",
                Words("許可の終了", "ended"),
                &[Role::SystemManager],
                Asked::Nobody,
                &[must(1, "reason", Words("理由", "reason"), Kind::Text)],
            ),
        )),
    ],
};
