//! 結合停止等記録 (S1 14–16): two doors in, two keys out.

use super::{
    Asked, Choice, Definition, Due, Form, HEADS, Kind, MANAGERS, OFFICERS, REMARK, Words, after, distinct, due, may,
    must, once, once_after, otherwise, step, withdrawal, word,
};
use crate::role::Role;

/// The field that says by which door.
pub const DOOR: u8 = 1;
/// The ordinary door: after the committee was heard.
pub const ORDINARY: u8 = 0;
/// The immediate door (S1 14(5)): told afterwards.
pub const IMMEDIATE: u8 = 1;
/// The field that says from when on records are kept for it.
pub const KEPT_FROM: u8 = 4;
/// The field that says until when.
pub const KEPT_TO: u8 = 5;
/// The step that hears the committee.
pub const HEARD: u8 = 1;
/// The step that names the act that stopped.
pub const STOPPED: u8 = 2;
/// The step that reports that the cause is gone (S1 16(1)).
pub const RESOLVED: u8 = 4;
/// The step that confirms it, another one than the report (S1 16(2)).
pub const CONFIRMED: u8 = 5;
/// The step that names the act that restored the connection, and closes the case.
pub const RECONNECTED: u8 = 6;
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
        must(2, "incident", Words("事案", "incident"), Kind::Case(Form::Incident)),
        must(3, "reason", Words("理由", "reason"), Kind::Text),
        may(KEPT_FROM, "kept-from", Words("保存する記録の始期", "records kept from"), Kind::Moment),
        may(KEPT_TO, "kept-to", Words("保存する記録の終期", "records kept until"), Kind::Moment),
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
        due(
            Due::Minutes(60),
            step(
                3,
                "notify",
                Words("通知", "notified"),
                HEADS,
                Asked::WhoMay,
                &[
                    must(1, "recipient", Words("通知先", "recipient"), Kind::Text),
                    must(2, "at", Words("通知日時", "at"), Kind::Past),
                    must(3, "content", Words("内容", "content"), Kind::Text),
                ],
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
        withdrawal(&[STOPPED]),
    ],
};
