//! 結合停止等記録 (S1 14–16): two doors in, two keys out.

use super::{
    Asked, Choice, Definition, Due, Form, HEADS, Kind, MANAGERS, OFFICERS, REMARK, Words, after, distinct, due,
    many_after, may, must, once, once_after, otherwise, step, withdrawal, word,
};
use crate::role::Role;

/// The field that says by which door.
pub const DOOR: u8 = 1;
/// The field with the incident that it answers.
pub const INCIDENT: u8 = 2;
/// The field with those who are told besides the committee.
pub const RECIPIENTS: u8 = 4;
/// The ordinary door: after the committee was heard.
pub const ORDINARY: u8 = 0;
/// The immediate door (S1 14(5)): told afterwards.
pub const IMMEDIATE: u8 = 1;
/// The step that hears the committee.
pub const HEARD: u8 = 1;
/// The step that names the act that stopped.
pub const STOPPED: u8 = 2;
/// The step that tells others of it, after the stop (S1 14(4)).
pub const NOTIFIED: u8 = 3;
/// The field of that step with those who were told, outside the office above all.
pub const RECIPIENT: u8 = 1;
/// The field of that step with the roles that were told.
pub const TOLD: u8 = 4;
/// The step that reports that the cause is gone (S1 16(1)).
pub const RESOLVED: u8 = 4;
/// The step that confirms it, another one than the report (S1 16(2)).
pub const CONFIRMED: u8 = 5;
/// The step that names the act that restored the connection, and closes the case.
pub const RECONNECTED: u8 = 6;
/// The step that says what is kept (S1 14(3)).
pub const KEPT: u8 = 7;
/// The field of that step with the preservation order.
pub const ORDER: u8 = 1;
/// The field of that step that says why there is none.
pub const NO_ORDER: u8 = 2;
/// Fields of these steps of which one at least has to be filled in.
pub(crate) const EITHER: [(u8, u8, u8); 2] = [(NOTIFIED, RECIPIENT, TOLD), (KEPT, ORDER, NO_ORDER)];
/// Whom every stop is told, whoever else is named (S1 14(4), 15(4)).
pub(crate) const ALWAYS_TOLD: Role = Role::SecurityCommittee;
/// The field of both steps that name an act.
pub const ACT: u8 = 1;

const DOORS: &[Choice] = &[
    word(ORDINARY, "ordinary", Words("通常(委員会の意見を聴いた後)", "ordinary: the committee is heard first")),
    word(IMMEDIATE, "immediate", Words("即時(直ちに停止し、事後に通知)", "immediate: told afterwards")),
];
/// Whoever may stop, and whoever answers for it: not the head of one section.
const WHO_STOPS: &[Role] = &[
    Role::ChiefSecurityOfficer,
    Role::Executive,
    Role::SystemManager,
    Role::DataProtectionManager,
    Role::AccessManager,
    Role::SecurityManager,
];
const COMMITTEE: &[Role] = &[Role::SecurityCommittee];
const EXECUTIVE: &[Role] = &[Role::Executive];

pub(super) const DISCONNECTION: Definition = Definition {
    form: Form::Disconnection,
    name: "disconnection",
    title: Words("結合停止等記録", "disconnection"),
    opened_by: WHO_STOPS,
    fields: &[
        must(DOOR, "door", Words("停止の手続", "door"), Kind::Choice(DOORS)),
        must(INCIDENT, "incident", Words("事案", "incident"), Kind::Case(Form::Incident)),
        must(3, "reason", Words("理由", "reason"), Kind::Text),
        may(RECIPIENTS, "recipients", Words("委員会のほかの通知先", "told besides the committee"), Kind::Roles),
    ],
    steps: &[
        otherwise(
            OFFICERS,
            step(
                HEARD,
                "hear",
                Words("委員会の意見", "committee heard"),
                COMMITTEE,
                Asked::Where(DOOR, ORDINARY),
                &[must(1, "opinion", Words("意見", "opinion"), Kind::Text)],
            ),
        ),
        after(
            &[HEARD],
            step(
                STOPPED,
                "stop",
                Words("停止", "stopped"),
                MANAGERS,
                Asked::WhoMay,
                &[must(ACT, "act", Words("停止の処分", "act"), Kind::Act)],
            ),
        ),
        many_after(
            STOPPED,
            after(
                &[STOPPED],
                due(
                    Due::Minutes(60),
                    step(
                        NOTIFIED,
                        "notify",
                        Words("通知", "notified"),
                        HEADS,
                        Asked::EachTold(STOPPED, TOLD),
                        &[
                            may(RECIPIENT, "recipient", Words("通知先(国、県等)", "recipient outside"), Kind::Text),
                            must(2, "at", Words("通知日時", "at"), Kind::Past),
                            must(3, "content", Words("内容", "content"), Kind::Text),
                            may(TOLD, "roles", Words("通知先(庁内)", "recipients here"), Kind::Roles),
                        ],
                    ),
                ),
            ),
        ),
        once_after(
            STOPPED,
            otherwise(
                OFFICERS,
                after(
                    &[STOPPED],
                    step(
                        RESOLVED,
                        "resolve",
                        Words("委員会の解消報告", "resolution report"),
                        COMMITTEE,
                        Asked::WhoMay,
                        &[
                            must(1, "reporter", Words("報告者", "reporter"), Kind::Text),
                            must(2, "cause", Words("原因及び除去の措置", "cause, and how it was removed"), Kind::Text),
                            must(3, "on", Words("解消日", "on"), Kind::PastDay),
                        ],
                    ),
                ),
            ),
        ),
        once_after(
            STOPPED,
            otherwise(
                OFFICERS,
                distinct(
                    &[RESOLVED],
                    after(
                        &[RESOLVED],
                        step(
                            CONFIRMED,
                            "confirm",
                            Words("首長の確認", "confirmation"),
                            EXECUTIVE,
                            Asked::WhoMay,
                            &[must(1, "safety", Words("安全の確保", "safety"), Kind::Text)],
                        ),
                    ),
                ),
            ),
        ),
        once(after(
            &[CONFIRMED],
            step(
                RECONNECTED,
                "close",
                Words("再結合", "reconnected"),
                MANAGERS,
                Asked::Closing,
                &[must(ACT, "act", Words("再結合の処分", "act"), Kind::Act), may(2, "remark", REMARK, Kind::Text)],
            ),
        )),
        step(
            KEPT,
            "keep",
            Words("記録の保存", "records kept"),
            MANAGERS,
            Asked::WhoMay,
            &[
                may(ORDER, "order", Words("保全命令", "preservation order"), Kind::Order),
                may(NO_ORDER, "none", Words("保全しない理由", "why nothing is kept"), Kind::Text),
            ],
        ),
        withdrawal(&[STOPPED]),
    ],
};
