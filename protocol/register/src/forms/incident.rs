//! 事故報告書 and 緊急時通報受付票.

use super::{
    ANYBODY, Asked, Blank, Choice, Definition, Due, Form, HEADS, Kind, MANAGERS, REMARK, Words, due, may, must, once,
    step, word,
};

/// The field for failure or misuse.
pub const CLASS: u8 = 1;
/// The field for the threat level (脅威度).
pub const LEVEL: u8 = 2;
/// The field for the kind.
pub const KIND: u8 = 3;
/// The field for the terminal.
pub const TERMINAL: u8 = 4;
/// The field for the card.
pub const CARD: u8 = 5;
/// The field for those who are to be told.
pub const RECIPIENTS: u8 = 6;
/// What a panel fills in.
pub const OF_A_PANEL: [u8; 5] = [CLASS, LEVEL, KIND, TERMINAL, CARD];

/// 障害.
pub const FAILURE: u8 = 0;
/// 不正行為.
pub const MISUSE: u8 = 1;

/// The step that acknowledges a notification.
pub const ACKNOWLEDGED: u8 = 1;
/// The step that writes down that another office was told.
pub const TOLD: u8 = 2;
/// The step that judges class and level anew.
pub const JUDGED: u8 = 3;

const CLASSES: &[Choice] =
    &[word(FAILURE, "failure", Words("障害", "failure")), word(MISUSE, "misuse", Words("不正行為", "misuse"))];
const LEVELS: &[Choice] = &[
    word(0, "unjudged", Words("未判定", "not judged yet")),
    word(1, "1", Words("レベル1", "level 1")),
    word(2, "2", Words("レベル2", "level 2")),
    word(3, "3", Words("レベル3", "level 3")),
];
const JUDGED_LEVELS: &[Choice] = LEVELS.split_at(1).1;
/// Acknowledged within the hour, or it goes to the deputy (ours).
const HOUR: Due = Due::Minutes(60);

/// The four fields of S3 27 (kind, circumstances, cause, measures), and what S2 15, S4 22 and S1 15 ask for besides.
pub(super) const INCIDENT: Definition = Definition {
    form: Form::Incident,
    name: "incident",
    title: Words("事故報告書", "incident report"),
    opened_by: ANYBODY,
    fields: &[
        must(CLASS, "class", Words("区分", "class"), Kind::Choice(CLASSES)),
        must(LEVEL, "level", Words("脅威度", "threat level"), Kind::Choice(LEVELS)),
        must(KIND, "kind", Words("種類", "kind"), Kind::IncidentKind),
        may(TERMINAL, "terminal", Words("端末機", "terminal"), Kind::Terminal),
        may(CARD, "card", Words("カード", "card"), Kind::Card),
        may(RECIPIENTS, "recipients", Words("報告先", "told to"), Kind::Roles),
        may(7, "circumstances", Words("状況", "circumstances"), Kind::Text),
        may(8, "cause", Words("原因", "cause"), Kind::Text),
        may(9, "measures", Words("措置", "measures"), Kind::Text),
        may(10, "damage", Words("被害", "damage"), Kind::Text),
        may(11, "finder", Words("発見者", "found by"), Kind::Text),
        may(12, "found", Words("発見日時", "found at"), Kind::Past),
    ],
    steps: &[
        due(HOUR, step(ACKNOWLEDGED, "acknowledge", Words("受領", "acknowledged"), &[], Asked::EachRole, &[])),
        due(
            HOUR,
            step(
                TOLD,
                "told",
                Words("関係団体への連絡", "other office told"),
                HEADS,
                Asked::EachPartner,
                &[
                    must(1, "partner", Words("関係団体", "office"), Kind::Partner),
                    must(2, "at", Words("連絡日時", "told at"), Kind::Past),
                    may(3, "how", Words("方法", "how"), Kind::Text),
                ],
            ),
        ),
        due(
            Due::Minutes(60),
            step(
                JUDGED,
                "judge",
                Words("脅威度の判定", "judged"),
                MANAGERS,
                Asked::WhoMay,
                &[
                    must(CLASS, "class", Words("区分", "class"), Kind::Choice(CLASSES)),
                    must(LEVEL, "level", Words("脅威度", "threat level"), Kind::Choice(JUDGED_LEVELS)),
                    must(KIND, "kind", Words("種類", "kind"), Kind::IncidentKind),
                ],
            ),
        ),
        step(
            4,
            "instruct",
            Words("指示", "instruction"),
            MANAGERS,
            Asked::Nobody,
            &[must(1, "instruction", Words("指示内容", "instruction"), Kind::Text)],
        ),
        step(
            5,
            "report",
            Words("経過の報告", "report"),
            ANYBODY,
            Asked::WhoMay,
            &[
                must(1, "circumstances", Words("状況(経過)", "circumstances and course"), Kind::Text),
                must(2, "cause", Words("原因", "cause"), Kind::Text),
                must(3, "measures", Words("措置(応急措置)", "measures, first aid"), Kind::Text),
                must(4, "damage", Words("被害", "damage"), Kind::Text),
            ],
        ),
        step(
            6,
            "prevent",
            Words("再発防止計画", "prevention plan"),
            HEADS,
            Asked::WhereSerious,
            &[must(1, "plan", Words("計画", "plan"), Kind::Text)],
        ),
        once(step(7, "close", Words("終結", "closed"), MANAGERS, Asked::Closing, REMARKS)),
    ],
};

/// Of an emergency call: its level, and the incident that came of it.
pub(crate) const CALL_LEVEL: u8 = 6;
pub(crate) const CALL_INCIDENT: u8 = 7;
/// Of its step `close`: the same, where the call did not name one.
pub(crate) const CLOSING_INCIDENT: u8 = 1;
/// A level that nobody has to hear of: no threat to what is protected.
pub(crate) const HARMLESS: u8 = 1;

/// 愛荘町's sheet for whoever takes the call.
pub(super) const EMERGENCY_CALL: Definition = Definition {
    form: Form::EmergencyCall,
    name: "emergency-call",
    title: Words("緊急時通報受付票", "emergency call"),
    opened_by: ANYBODY,
    fields: &[
        must(1, "received", Words("受付日時", "received at"), Kind::Past),
        must(2, "caller", Words("通報者", "caller"), Kind::Text),
        must(3, "event", Words("事象の詳細", "what happened"), Kind::Text),
        must(4, "interim", Words("暫定対応", "interim measure"), Kind::Text),
        must(5, "class", Words("区分", "class"), Kind::Choice(CLASSES)),
        must(CALL_LEVEL, "level", Words("脅威度", "threat level"), Kind::Choice(LEVELS)),
        may(CALL_INCIDENT, "incident", Words("事故報告書", "incident"), Kind::Case(Form::Incident)),
    ],
    steps: &[once(due(
        HOUR,
        step(
            1,
            "close",
            Words("処理済", "dealt with"),
            MANAGERS,
            Asked::Closing,
            &[
                may(CLOSING_INCIDENT, "incident", Words("事故報告書", "incident"), Kind::Case(Form::Incident)),
                may(2, "remark", REMARK, Kind::Text),
            ],
        ),
    ))],
};

const REMARKS: &[Blank] = &[may(1, "remark", REMARK, Kind::Text)];
