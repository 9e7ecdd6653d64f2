//! Forms about people: visitors, the server room, training, rules acknowledged, whom to call, who used a terminal.

use super::{
    ANYBODY, Asked, Definition, Form, HEADS, Kind, MANAGERS, OPENING, REMARK, Words, distinct, may, must, once,
    otherwise, step, withdrawal,
};
use crate::role::Role;

/// 大宜味村: name, from where, for what, permitted by whom, beside whom.
pub(super) const VISITOR: Definition = Definition {
    form: Form::Visitor,
    name: "visitor",
    title: Words("操作管理簿(来訪者・保守)", "visitors and maintenance"),
    opened_by: ANYBODY,
    fields: &[
        must(1, "name", Words("氏名", "name"), Kind::Text),
        must(2, "from", Words("所属", "from"), Kind::Text),
        must(3, "purpose", Words("目的", "purpose"), Kind::Text),
        must(4, "at", Words("開始日時", "from"), Kind::Past),
        must(5, "permitted", Words("許可者", "permitted by"), Kind::Operator),
        must(6, "attendant", Words("立会者", "attendant"), Kind::Operator),
        may(7, "terminal", Words("端末機", "terminal"), Kind::Terminal),
    ],
    steps: &[once(step(
        1,
        "left",
        Words("終了", "left"),
        ANYBODY,
        Asked::WhoMay,
        &[must(1, "at", Words("終了日時", "at"), Kind::Past), may(2, "remark", REMARK, Kind::Text)],
    ))],
};

/// S1 9(3).
pub(super) const ROOM_ENTRY: Definition = Definition {
    form: Form::RoomEntry,
    name: "room-entry",
    title: Words("サーバ設置室入退室管理簿", "entries into the server room"),
    opened_by: ANYBODY,
    fields: &[
        must(1, "name", Words("氏名", "name"), Kind::Text),
        must(2, "permission", Words("許可番号", "permission"), Kind::Document),
        must(3, "in", Words("入室日時", "in"), Kind::Past),
        may(4, "attendant", Words("立会者", "attendant"), Kind::Operator),
        may(5, "purpose", Words("目的", "purpose"), Kind::Text),
    ],
    steps: &[once(step(
        1,
        "left",
        Words("退室", "out"),
        ANYBODY,
        Asked::WhoMay,
        &[must(1, "out", Words("退室日時", "out"), Kind::Past)],
    ))],
};

/// The step that writes down who took part.
pub const ATTENDED: u8 = 3;
/// The field of that step with the person.
pub const ATTENDED_WHO: u8 = 1;
/// The field of that step with the day.
pub const ATTENDED_DAY: u8 = 2;

/// S1 19: a plan that the mayor approves beforehand, and who took part.
pub(super) const TRAINING: Definition = Definition {
    form: Form::Training,
    name: "training",
    title: Words("研修計画・受講記録", "training"),
    opened_by: MANAGERS,
    fields: &[
        must(1, "content", Words("内容", "content"), Kind::Text),
        must(2, "on", Words("実施予定日", "planned for"), Kind::Day),
        must(3, "audience", Words("対象", "audience"), Kind::Text),
    ],
    steps: &[
        once(distinct(
            &[OPENING],
            otherwise(
                MANAGERS,
                step(1, "approve", Words("首長の承認", "approved"), &[Role::Executive], Asked::WhoMay, &[]),
            ),
        )),
        step(
            2,
            "moved",
            Words("実施日の変更", "moved"),
            MANAGERS,
            Asked::Nobody,
            &[must(1, "on", Words("実施予定日", "planned for"), Kind::Day)],
        ),
        super::after(
            &[1],
            step(
                ATTENDED,
                "attended",
                Words("受講", "took part"),
                HEADS,
                Asked::Nobody,
                &[
                    must(ATTENDED_WHO, "operator", Words("受講者", "who"), Kind::Operator),
                    must(ATTENDED_DAY, "on", Words("受講日", "on"), Kind::PastDay),
                ],
            ),
        ),
        withdrawal(&[ATTENDED]),
    ],
};

/// The step by which a person is said to know the rules.
pub const ACKNOWLEDGED_RULES: u8 = 1;

/// The field of that step with the person.
pub const ACKNOWLEDGED_WHO: u8 = 1;
/// The field of that step with the day.
pub const ACKNOWLEDGED_DAY: u8 = 2;
/// The field of the opening with the version.
pub const RULES_VERSION: u8 = 2;
/// The field of the opening with the day from which it is in force.
pub const RULES_FROM: u8 = 3;
/// The field of the opening with the version that it replaces.
pub const RULES_REPLACED: u8 = 5;

/// S4 10(1)(5)(6): which version of 執務基準書 and 管理基準書, and who has acknowledged it.
pub(super) const RULES: Definition = Definition {
    form: Form::Rules,
    name: "rules",
    title: Words("執務基準書等", "rules of work"),
    opened_by: HEADS,
    fields: &[
        must(1, "title", Words("名称", "title"), Kind::Text),
        must(RULES_VERSION, "version", Words("版", "version"), Kind::Code),
        must(RULES_FROM, "from", Words("施行日", "from"), Kind::Day),
        may(4, "document", Words("文書番号", "document"), Kind::Document),
        may(RULES_REPLACED, "replaces", Words("改正前の版", "replaces"), Kind::Case(Form::Rules)),
    ],
    steps: &[
        step(
            ACKNOWLEDGED_RULES,
            "acknowledged",
            Words("確認", "acknowledged"),
            HEADS,
            Asked::Nobody,
            &[
                must(ACKNOWLEDGED_WHO, "operator", Words("確認した操作者", "operator"), Kind::Operator),
                must(ACKNOWLEDGED_DAY, "on", Words("確認日", "on"), Kind::PastDay),
            ],
        ),
        withdrawal(&[ACKNOWLEDGED_RULES]),
    ],
};

/// The step that takes somebody out of the list.
pub const CONTACT_ENDED: u8 = 1;

/// 伊勢市, 大崎市: by day, by night, and who stands in.
pub(super) const CONTACT: Definition = Definition {
    form: Form::Contact,
    name: "contact",
    title: Words("緊急時連絡網", "whom to call"),
    opened_by: MANAGERS,
    fields: &[
        must(1, "post", Words("職", "post"), Kind::Post),
        must(2, "name", Words("氏名", "name"), Kind::Text),
        must(3, "day", Words("平日の連絡先", "by day"), Kind::Text),
        must(4, "night", Words("夜間・休日の連絡先", "by night and on holidays"), Kind::Text),
        may(5, "deputy", Words("代理", "stands in"), Kind::Text),
    ],
    steps: &[once(step(CONTACT_ENDED, "ended", Words("抹消", "taken out"), MANAGERS, Asked::Nobody, &[]))],
};

/// 雲南広域連合 様式第1号.
pub(super) const TERMINAL_USE: Definition = Definition {
    form: Form::TerminalUse,
    name: "terminal-use",
    title: Words("端末機使用簿", "use of a terminal"),
    opened_by: ANYBODY,
    fields: &[
        must(1, "operator", Words("使用者", "user"), Kind::Operator),
        must(2, "terminal", Words("端末機", "terminal"), Kind::Terminal),
        must(3, "from", Words("使用開始", "from"), Kind::Moment),
        must(4, "purpose", Words("目的", "purpose"), Kind::Text),
    ],
    steps: &[
        once(step(1, "approve", Words("承認", "approved"), HEADS, Asked::WhoMay, &[])),
        once(super::after(
            &[1],
            step(
                2,
                "ended",
                Words("終了報告", "ended"),
                ANYBODY,
                Asked::WhoMay,
                &[must(1, "at", Words("終了日時", "at"), Kind::Past), may(2, "remark", REMARK, Kind::Text)],
            ),
        )),
        withdrawal(&[1]),
    ],
};
