//! Forms about cards: 貸与申出書, 紛失等届, 暗証番号再設定申請書, 変更通知, 在庫の受払.

use super::{
    ANYBODY, Asked, Choice, Definition, Due, Form, HEADS, Kind, MANAGERS, OPENING, REMARK, Words, distinct, due, may,
    must, once, step, withdrawal, word,
};
use crate::change::StateReason;
use crate::role::Role;

const YES_OR_NO: &[Choice] =
    &[word(0, "refused", Words("不承認", "refused")), word(1, "granted", Words("承認", "granted"))];

/// 網走市 第1号様式.
pub(super) const CARD_REQUEST: Definition = Definition {
    form: Form::CardRequest,
    name: "card-request",
    title: Words("ICカード貸与申出書", "request for a card"),
    opened_by: HEADS,
    fields: &[
        must(1, "operator", Words("使用者", "user"), Kind::Operator),
        must(2, "duty", Words("業務", "duty"), Kind::Text),
        must(
            3,
            "kind",
            Words("カードの種別", "kind of card"),
            Kind::Choice(&[
                word(0, "business", Words("業務カード", "business")),
                word(1, "special", Words("特別業務カード", "special")),
                word(2, "management", Words("カード管理用カード", "card management")),
                word(3, "spare", Words("予備カード", "spare")),
                word(4, "emergency", Words("緊急カード", "emergency")),
            ]),
        ),
        must(4, "from", Words("開始日", "from"), Kind::Day),
        must(5, "to", Words("終了日", "until"), Kind::Day),
    ],
    steps: &[
        once(step(
            1,
            "decide",
            Words("決定", "decision"),
            MANAGERS,
            Asked::Closing,
            &[
                must(1, "answer", Words("承認の可否", "answer"), Kind::Choice(YES_OR_NO)),
                may(2, "card", Words("貸与したカード", "card lent"), Kind::Card),
                may(3, "remark", REMARK, Kind::Text),
            ],
        )),
        withdrawal(&[]),
    ],
};

/// The field with the card.
pub const LOST_CARD: u8 = 1;
/// The field with what became of it.
pub const LOSS_REASON: u8 = 2;
/// The field with the moment.
pub const LOSS_AT: u8 = 3;
/// The field with the act that blocked it: what was reported at a panel or a desk.
pub const LOSS_ACT: u8 = 7;
/// The field with the terminal at which it was reported.
pub const LOSS_TERMINAL: u8 = 8;

/// The word of [`LOSS_REASON`] for the reason of a block, where it is one that people report.
#[must_use]
pub const fn loss_word(reason: StateReason) -> Option<u8> {
    match reason {
        StateReason::Lost => Some(1),
        StateReason::Stolen => Some(2),
        StateReason::Damaged => Some(3),
        StateReason::PinCompromised => Some(4),
        StateReason::None
        | StateReason::NameChanged
        | StateReason::LeftDuty
        | StateReason::Replaced
        | StateReason::Other => None,
    }
}

/// 阿賀町 様式第1号, told to two officers (S1 12(2)), with what they instruct.
pub(super) const CARD_LOSS: Definition = Definition {
    form: Form::CardLoss,
    name: "card-loss",
    title: Words("紛失等届兼再交付申請書", "report of a lost card, request for another"),
    opened_by: ANYBODY,
    fields: &[
        must(LOST_CARD, "card", Words("カード", "card"), Kind::Card),
        must(
            LOSS_REASON,
            "reason",
            Words("事由", "reason"),
            Kind::Choice(&[
                word(1, "lost", Words("紛失", "lost")),
                word(2, "stolen", Words("盗難", "stolen")),
                word(3, "damaged", Words("き損", "damaged")),
                word(4, "pin", Words("暗証番号の漏えい", "PIN compromised")),
                word(5, "name", Words("氏名変更", "name changed")),
                word(8, "other", Words("その他", "other")),
            ]),
        ),
        must(LOSS_AT, "at", Words("日時", "when"), Kind::Past),
        must(4, "place", Words("場所", "where"), Kind::Text),
        must(5, "circumstances", Words("状況", "circumstances"), Kind::Text),
        may(6, "superior", Words("所属長", "head"), Kind::Text),
        may(LOSS_ACT, "act", Words("届出による停止の処分", "act that blocked it"), Kind::Act),
        may(LOSS_TERMINAL, "terminal", Words("届出のあった端末機", "reported at terminal"), Kind::Terminal),
    ],
    steps: &[
        due(Due::Minutes(60), step(1, "acknowledge", Words("受領", "acknowledged"), &[], Asked::EachRole, &[])),
        step(
            2,
            "instruct",
            Words("指示", "instruction"),
            MANAGERS,
            Asked::WhoMay,
            &[must(1, "instruction", Words("指示内容", "instruction"), Kind::Text)],
        ),
        step(
            3,
            "reissue",
            Words("再交付", "another card"),
            MANAGERS,
            Asked::Nobody,
            &[must(1, "card", Words("再交付したカード", "card"), Kind::Card)],
        ),
        once(step(
            4,
            "close",
            Words("終結", "closed"),
            MANAGERS,
            Asked::Closing,
            &[may(1, "remark", REMARK, Kind::Text)],
        )),
    ],
};

/// 睦沢町: the card is shown, the person is identified, then the PIN is set anew.
pub(super) const PIN_RESET: Definition = Definition {
    form: Form::PinReset,
    name: "pin-reset",
    title: Words("暗証番号再設定申請書", "request for a new PIN"),
    opened_by: HEADS,
    fields: &[
        must(1, "operator", Words("申請者", "applicant"), Kind::Operator),
        must(2, "card", Words("カード", "card"), Kind::Card),
        must(
            3,
            "shown",
            Words("カードの提示", "card shown"),
            Kind::Choice(&[word(1, "shown", Words("提示あり", "shown"))]),
        ),
        must(
            4,
            "identified",
            Words("本人確認の方法", "identified by"),
            Kind::Choice(&[
                word(1, "staff-card", Words("職員証", "staff card")),
                word(2, "licence", Words("運転免許証等", "driving licence or the like")),
                word(3, "known", Words("面識(所属長の確認)", "known to the head of the section")),
            ]),
        ),
        may(5, "remark", REMARK, Kind::Text),
    ],
    steps: &[
        once(distinct(
            &[OPENING],
            step(
                1,
                "done",
                Words("再設定", "PIN set anew"),
                MANAGERS,
                Asked::Closing,
                &[must(1, "at", Words("日時", "at"), Kind::Past), may(2, "act", Words("処分", "act"), Kind::Act)],
            ),
        )),
        withdrawal(&[]),
    ],
};

/// The field of a notice with the act.
pub const TOLD_ACT: u8 = 1;
/// The field of a notice with the person who was told.
pub const TO_OPERATOR: u8 = 2;
/// The field of a notice with the post that was told.
pub const TO_POST: u8 = 3;

/// The field of a notice that says that everybody whom the act is about was told.
pub const TO_ALL: u8 = 6;
const ALL_CONCERNED: &[Choice] = &[word(1, "all", Words("処分の対象者全員", "all concerned"))];

/// S4 11(4), S3 10: what changed, and when the person or the post concerned was told. A post says by card, or from paper, that it has taken note.
pub(super) const NOTICE: Definition = Definition {
    form: Form::Notice,
    name: "notice",
    title: Words("変更通知", "notice of a change"),
    opened_by: HEADS,
    fields: &[
        must(TOLD_ACT, "act", Words("処分", "act"), Kind::Act),
        may(TO_OPERATOR, "operator", Words("通知先の操作者", "to operator"), Kind::Operator),
        may(TO_POST, "post", Words("通知先の職", "to post"), Kind::Post),
        must(4, "at", Words("通知日時", "told at"), Kind::Past),
        may(5, "how", Words("方法", "how"), Kind::Text),
        may(TO_ALL, "to", Words("通知先の範囲", "to whom"), Kind::Choice(ALL_CONCERNED)),
    ],
    steps: &[
        once(step(1, "acknowledge", Words("受領", "acknowledged"), &[], Asked::Field(TO_POST), &[])),
        withdrawal(&[1]),
    ],
};

/// The field of an entry of the stock with what it is.
pub const MOVEMENT: u8 = 1;
/// The field with the number of cards.
pub const MOVED: u8 = 2;
/// The field with the day.
pub const MOVED_ON: u8 = 3;
/// Blank cards came in.
pub const RECEIVED: u8 = 1;
/// Cards were spoilt in the making.
pub const SPOILT: u8 = 2;
/// Blank cards were counted.
pub const COUNTED: u8 = 3;
/// Cards that had come back were made blank again.
pub const BLANK_AGAIN: u8 = 4;

/// 睦沢町: blank cards are counted; what is destroyed has a method and a witness.
pub(super) const CARD_STOCK: Definition = Definition {
    form: Form::CardStock,
    name: "card-stock",
    title: Words("カード在庫受払簿", "stock of blank cards"),
    opened_by: MANAGERS,
    fields: &[
        must(
            MOVEMENT,
            "movement",
            Words("受払の別", "movement"),
            Kind::Choice(&[
                word(RECEIVED, "received", Words("受入", "received")),
                word(SPOILT, "spoilt", Words("発行の失敗による廃棄", "spoilt in the making, destroyed")),
                word(COUNTED, "counted", Words("棚卸(実在庫)", "counted")),
                word(BLANK_AGAIN, "blank-again", Words("返納カードの初期化", "made blank again")),
            ]),
        ),
        must(MOVED, "number", Words("枚数", "number"), Kind::Number),
        must(MOVED_ON, "on", Words("年月日", "on"), Kind::PastDay),
        may(4, "method", Words("廃棄の方法(券面・ICチップ破壊)", "how it was destroyed"), Kind::Text),
        may(5, "witness", Words("立会者", "witness"), Kind::Operator),
        may(6, "remark", REMARK, Kind::Text),
    ],
    steps: &[],
};

/// Who is told of a lost card (S1 12(2)).
pub const TOLD_OF_A_CARD: [Role; 2] = [Role::SystemManager, Role::AccessManager];
