//! What changes of every day are called, and what each asks for.

use sekisho_wire::record::Retention;

use super::Everyday;
use crate::change::{CardState, OperatorState, StateReason, TerminalUse};
use crate::dates::Edge;
use crate::forms::{Choice, Form, Kind, Words};
use crate::role::Class;
use crate::typed::{Fault, Takes, WrongField};

/// Something to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in programs: the key in the file of changes.
    pub name: &'static str,
    /// Its name for people.
    pub title: Words,
    /// What it takes.
    pub takes: Takes,
    /// Whether it has to be filled in.
    pub must: bool,
    /// What becomes of it when it is left empty; nothing to say where it is empty.
    pub empty: Words,
}

impl Entry {
    pub(super) const fn wrong(&self, fault: Fault) -> WrongField {
        WrongField { name: self.name, title: self.title, takes: self.takes, fault }
    }
}

/// What changes are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Cards.
    Cards,
    /// People and what they may do.
    People,
    /// Work outside the hours.
    Permits,
    /// Terminals.
    Terminals,
    /// How long records are kept.
    Retention,
}

impl Group {
    /// For people.
    #[must_use]
    pub const fn title(self) -> Words {
        match self {
            Self::Cards => Words("カード", "cards"),
            Self::People => Words("操作者", "operators"),
            Self::Permits => Words("時間外の操作", "work outside the hours"),
            Self::Terminals => Words("端末機", "terminals"),
            Self::Retention => Words("保存・廃棄・保全", "retention"),
        }
    }
}

impl Everyday {
    /// Its name in programs: the table in the file of changes, or the command.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CardState => "card_state",
            Self::Dispose => "dispose",
            Self::ActivateCard => "activate_card",
            Self::Renew => "renew",
            Self::OperatorState => "operator_state",
            Self::Profile => "profile",
            Self::WithdrawProfile => "withdraw_profile",
            Self::Permit => "permit",
            Self::EndPermit => "end_permit",
            Self::TerminalState => "terminal_state",
            Self::Preserve => "preserve",
            Self::Lift => "lift",
            Self::Destroy => "destroy",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn title(self) -> Words {
        match self {
            Self::CardState => Words("カードの停止・停止解除・失効・返納", "a card: suspend, lift, revoke, take back"),
            Self::Dispose => Words("カードの廃棄", "a card was destroyed"),
            Self::ActivateCard => Words("予備カード等の有効化", "wake a spare card for somebody"),
            Self::Renew => Words("操作者の指定の更新", "renew a designation"),
            Self::OperatorState => Words("操作者の停止・停止解除・指定の解除", "an operator: suspend, lift, end"),
            Self::Profile => Words("操作権限の付与", "give a permission"),
            Self::WithdrawProfile => Words("操作権限の取消し", "withdraw a permission"),
            Self::Permit => Words("時間外操作の許可", "permit work outside the hours"),
            Self::EndPermit => Words("時間外操作の許可の取消し", "end a permit"),
            Self::TerminalState => Words("端末機の停止・停止解除・廃止", "a terminal: suspend, lift, retire"),
            Self::Preserve => Words("記録の保全", "preserve records"),
            Self::Lift => Words("記録の保全の解除", "lift a preservation order"),
            Self::Destroy => Words("記録の廃棄", "destroy records"),
        }
    }

    /// What comes of it.
    #[must_use]
    pub const fn about(self) -> Words {
        match self {
            Self::CardState => Words(
                "停止したカードは解除できます。失効・返納は取り消せません。停止と失効は、全ての端末機で数秒以内に有効になります。",
                "A suspension can be lifted; a card that is revoked or taken back never works again. Every terminal goes by it within seconds.",
            ),
            Self::Dispose => Words(
                "廃棄の日、方法、廃棄した者、立会者を記録します。取り消せません。チップの消去（「sekisho-admin card terminate」。カードをリーダーに挿入して行います）と券面・チップの破壊は、記録の前に済ませてください。",
                "The record of a card that was destroyed: when, how, by whom, beside whom; for good. Before it the chip is emptied ('sekisho-admin card terminate', with the card in a reader), and face and chip are destroyed.",
            ),
            Self::ActivateCard => Words(
                "未使用の予備カード又は緊急カードを、指定した期間に限り、その操作者のカードとして使えるようにします。",
                "A sleeping spare or emergency card becomes this person's, for the time that is named.",
            ),
            Self::Renew => Words(
                "現在の指定(所属、使用できる端末機)と操作権限を、そのまま次の期間に引き継ぎます。",
                "Designation, section, terminals and permissions go on as they are now, for another time.",
            ),
            Self::OperatorState => Words(
                "停止・解除した者は、どのカードでも操作できません。停止は解除できます。",
                "Whoever is suspended or ended works with no card. A suspension can be lifted.",
            ),
            Self::Profile => Words(
                "指定した機能を、指定した期間に限り利用できるようにします。同じコードの権限がある場合は、これに置き換わります。",
                "The functions named may be used for the time named; a permission of the same code is replaced.",
            ),
            Self::WithdrawProfile => Words("操作者の権限を取り消します。", "The person may not use it any more."),
            Self::Permit => Words(
                "開庁時間外に、指定した者が、指定した端末機で操作できるようにします。",
                "These persons may work at these terminals outside the hours.",
            ),
            Self::EndPermit => Words("時間外操作の許可を終了します。", "The permit ends."),
            Self::TerminalState => Words(
                "停止した端末機は解除できます。廃止は取り消せません。",
                "A suspension can be lifted; a terminal that is retired never works again.",
            ),
            Self::Preserve => Words(
                "保全中の記録は、保存期間が過ぎても廃棄できません。",
                "What is preserved is not destroyed, whatever its time.",
            ),
            Self::Lift => Words(
                "保全を解除します。保存期間を過ぎた記録は、その後廃棄できます。",
                "What was kept longer by the order may be destroyed again.",
            ),
            Self::Destroy => Words(
                "保存期間を過ぎた記録の内容を廃棄します。取り消せません。記録があったことの証明は残ります。",
                "The contents of records whose time is over are destroyed for good; the proofs that they were there stay.",
            ),
        }
    }

    /// What it is about.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::CardState | Self::Dispose | Self::ActivateCard => Group::Cards,
            Self::Renew | Self::OperatorState | Self::Profile | Self::WithdrawProfile => Group::People,
            Self::Permit | Self::EndPermit => Group::Permits,
            Self::TerminalState => Group::Terminals,
            Self::Preserve | Self::Lift | Self::Destroy => Group::Retention,
        }
    }

    /// The classes that its changes are of: by their routes it goes (§R3.2).
    #[must_use]
    pub const fn classes(self) -> &'static [Class] {
        match self {
            Self::CardState => &[Class::Block, Class::Cards],
            Self::Dispose => &[Class::Cards],
            Self::ActivateCard => &[Class::Activation],
            Self::Renew | Self::Profile | Self::WithdrawProfile => &[Class::Operators],
            Self::OperatorState => &[Class::Block, Class::Operators],
            Self::Permit | Self::EndPermit => &[Class::Hours],
            Self::TerminalState => &[Class::Block, Class::Terminals],
            Self::Preserve => &[Class::Preservation],
            Self::Lift | Self::Destroy => &[Class::Destruction],
        }
    }

    /// What it asks for.
    #[must_use]
    pub const fn entries(self) -> &'static [Entry] {
        match self {
            Self::CardState => {
                const {
                    &[
                        must("card", Words("カード", "card"), Takes::One(Kind::Card)),
                        must("state", STATE, Takes::One(Kind::Choice(CARD_STATES))),
                        REASON,
                        FROM,
                    ]
                }
            }
            Self::Dispose => {
                const {
                    &[
                        must("card", Words("カード", "card"), Takes::One(Kind::Card)),
                        may(
                            "on",
                            Words("廃棄日", "destroyed on"),
                            Takes::One(Kind::PastDay),
                            Words("空欄：本日", "empty: today"),
                        ),
                        must("method", Words("方法（例：券面裁断・ICチップ破壊）", "how"), Takes::Title),
                        must("by", Words("廃棄した者", "destroyed by"), Takes::One(Kind::Operator)),
                        may("witness", Words("立会者", "witness"), Takes::One(Kind::Operator), Words("", "")),
                    ]
                }
            }
            Self::ActivateCard => {
                const {
                    &[
                        must("card", Words("カード", "card"), Takes::One(Kind::Card)),
                        must("operator", OPERATOR, Takes::One(Kind::Operator)),
                        may(
                            "profiles",
                            Words("操作権限", "permissions"),
                            Takes::Several(Kind::Code),
                            Words("空欄：その者の全ての権限", "empty: all of this person's"),
                        ),
                        FROM,
                        must("to", TO, Takes::Moment(Edge::Until)),
                        must("reason", Words("理由コード", "reason, as the office codes it"), Takes::One(Kind::Code)),
                    ]
                }
            }
            Self::Renew => {
                const {
                    &[
                        must("operators", OPERATORS, Takes::Several(Kind::Operator)),
                        may(
                            "from",
                            FROM.title,
                            Takes::Day(Edge::From),
                            Words("空欄：次の4月1日", "empty: next 1 April"),
                        ),
                        may(
                            "to",
                            TO,
                            Takes::Day(Edge::Until),
                            Words("空欄：その年度の末日", "empty: the end of that fiscal year"),
                        ),
                    ]
                }
            }
            Self::OperatorState => {
                const {
                    &[
                        must("operator", OPERATOR, Takes::One(Kind::Operator)),
                        must("state", STATE, Takes::One(Kind::Choice(OPERATOR_STATES))),
                        REASON,
                        FROM,
                    ]
                }
            }
            Self::Profile => {
                const {
                    &[
                        must("operator", OPERATOR, Takes::One(Kind::Operator)),
                        must("profile", PROFILE, Takes::One(Kind::Code)),
                        must("functions", FUNCTIONS, Takes::Several(Kind::Function)),
                        FROM,
                        may(
                            "to",
                            TO,
                            Takes::Day(Edge::Until),
                            Words("空欄：年度の末日", "empty: the end of the fiscal year"),
                        ),
                    ]
                }
            }
            Self::WithdrawProfile => {
                const {
                    &[
                        must("operator", OPERATOR, Takes::One(Kind::Operator)),
                        must("profile", PROFILE, Takes::One(Kind::Code)),
                        FROM,
                    ]
                }
            }
            Self::Permit => {
                const {
                    &[
                        must("operators", OPERATORS, Takes::Several(Kind::Operator)),
                        must("terminals", Words("端末機", "terminals"), Takes::Several(Kind::Terminal)),
                        may(
                            "functions",
                            FUNCTIONS,
                            Takes::Several(Kind::Function),
                            Words("空欄：全ての機能", "empty: every one"),
                        ),
                        must("from", FROM.title, Takes::Moment(Edge::From)),
                        must("to", TO, Takes::Moment(Edge::Until)),
                        must("reason", Words("理由コード", "reason, as the office codes it"), Takes::One(Kind::Code)),
                    ]
                }
            }
            Self::EndPermit => const { &[must("permit", Words("許可番号", "permit"), Takes::Number), FROM] },
            Self::TerminalState => {
                const {
                    &[
                        must("terminal", Words("端末機", "terminal"), Takes::One(Kind::Terminal)),
                        must("state", STATE, Takes::One(Kind::Choice(TERMINAL_STATES))),
                        FROM,
                    ]
                }
            }
            Self::Preserve => {
                const {
                    &[
                        must("order", Words("保全の名称(コード)", "code of the order"), Takes::One(Kind::Code)),
                        may("classes", CLASS, Takes::Several(Kind::Choice(CLASSES)), Words("空欄：全て", "empty: all")),
                        may(
                            "from",
                            FIRST,
                            Takes::Month,
                            Words("空欄：最初の記録から", "empty: from the first record on"),
                        ),
                        may("to", LAST, Takes::Month, Words("空欄：期限なし", "empty: without end")),
                        may(
                            "incident",
                            Words("事案", "incident"),
                            Takes::One(Kind::Case(Form::Incident)),
                            Words("", ""),
                        ),
                    ]
                }
            }
            Self::Lift => {
                const { &[must("order", Words("保全の名称(コード)", "code of the order"), Takes::One(Kind::Code))] }
            }
            Self::Destroy => {
                const {
                    &[
                        must("class", CLASS, Takes::One(Kind::Choice(CLASSES))),
                        must("from", FIRST, Takes::Month),
                        must("to", LAST, Takes::Month),
                    ]
                }
            }
        }
    }
}

const STATE: Words = Words("変更後の状態", "new state");
const OPERATOR: Words = Words("操作者", "operator");
const OPERATORS: Words = Words("操作者", "operators");
const PROFILE: Words = Words("操作権限(操作者ID)", "permission");
const FUNCTIONS: Words = Words("機能", "functions");
const CLASS: Words = Words("区分", "class");
const FIRST: Words = Words("最初の月", "first month");
const LAST: Words = Words("最後の月", "last month");
const TO: Words = Words("終了", "until");
const FROM: Entry =
    may("from", Words("開始", "from"), Takes::Moment(Edge::From), Words("空欄：直ちに", "empty: at once"));
const REASON: Entry = may("reason", Words("理由", "reason"), Takes::One(Kind::Choice(REASONS)), Words("", ""));

const CARD_STATES: &[Choice] = &[
    word(1, "suspended", Words("停止", "suspended")),
    word(0, "active", Words("有効(停止の解除)", "active (lifted)")),
    word(2, "revoked", Words("失効(取消不可)", "revoked (for good)")),
    word(3, "returned", Words("返納(取消不可)", "returned (for good)")),
];
const OPERATOR_STATES: &[Choice] = &[
    word(1, "suspended", Words("停止", "suspended")),
    word(0, "active", Words("有効(停止の解除)", "active (lifted)")),
    word(2, "ended", Words("指定の解除", "ended")),
];
const TERMINAL_STATES: &[Choice] = &[
    word(1, "suspended", Words("停止", "suspended")),
    word(0, "active", Words("稼働(停止の解除)", "active (lifted)")),
    word(2, "retired", Words("廃止(取消不可)", "retired (for good)")),
];
const REASONS: &[Choice] = &[
    word(1, "lost", Words("紛失", "lost")),
    word(2, "stolen", Words("盗難", "stolen")),
    word(3, "damaged", Words("き損", "damaged")),
    word(4, "pin_compromised", Words("暗証番号の漏えい", "PIN compromised")),
    word(5, "name_changed", Words("氏名変更", "name changed")),
    word(6, "left_duty", Words("担当の解除", "left the duty")),
    word(7, "replaced", Words("再交付", "replaced")),
    word(8, "other", Words("その他", "other")),
];
const CLASSES: &[Choice] = &[
    word(0, "access", Words("操作履歴", "access")),
    word(1, "operation", Words("稼働状況", "operation")),
    word(2, "administration", Words("管理", "administration")),
];

/// By their numbers above; no other is read.
pub(super) const fn card_state(word: u8) -> CardState {
    match word {
        0 => CardState::Active,
        2 => CardState::Revoked,
        3 => CardState::Returned,
        _ => CardState::Suspended,
    }
}

pub(super) const fn operator_state(word: u8) -> OperatorState {
    match word {
        0 => OperatorState::Active,
        2 => OperatorState::Ended,
        _ => OperatorState::Suspended,
    }
}

pub(super) const fn terminal_use(word: u8) -> TerminalUse {
    match word {
        0 => TerminalUse::Active,
        2 => TerminalUse::Retired,
        _ => TerminalUse::Suspended,
    }
}

pub(super) const fn reason(word: u8) -> StateReason {
    match word {
        1 => StateReason::Lost,
        2 => StateReason::Stolen,
        3 => StateReason::Damaged,
        4 => StateReason::PinCompromised,
        5 => StateReason::NameChanged,
        6 => StateReason::LeftDuty,
        7 => StateReason::Replaced,
        8 => StateReason::Other,
        _ => StateReason::None,
    }
}

pub(super) const fn class(word: u8) -> Retention {
    match word {
        1 => Retention::Operation,
        2 => Retention::Administration,
        _ => Retention::Access,
    }
}

const fn must(name: &'static str, title: Words, takes: Takes) -> Entry {
    Entry { name, title, takes, must: true, empty: Words("", "") }
}

const fn may(name: &'static str, title: Words, takes: Takes, empty: Words) -> Entry {
    Entry { name, title, takes, must: false, empty }
}

const fn word(number: u8, name: &'static str, title: Words) -> Choice {
    Choice { number, name, title }
}
