//! Verdicts (register §R7): one code per rule, each with what a clerk is told in Japanese and English.

use minicbor::{Decode, Encode};

use crate::words::{Language, Words};

/// What was decided. Codes from 200 are the agent's own: never out of `decide`, never in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[repr(u16)]
pub enum VerdictCode {
    /// Granted.
    #[n(0)]
    Granted = 0,
    /// No card is in the reader.
    #[n(10)]
    NoCard = 10,
    /// A card is in, the PIN is not yet proved.
    #[n(11)]
    PinNeeded = 11,
    /// The session is locked.
    #[n(12)]
    Locked = 12,
    /// The session reached its absolute length.
    #[n(13)]
    SessionTooLong = 13,
    /// The request belongs to no session, or to none that is locked.
    #[n(14)]
    SessionMissing = 14,
    /// The register asks for rules this agent does not know.
    #[n(20)]
    RulesUnknown = 20,
    /// The clock stands behind the newest freshness note.
    #[n(21)]
    ClockBehind = 21,
    /// No freshness note has been verified yet.
    #[n(22)]
    ClockUnknown = 22,
    /// The register is older than policy allows.
    #[n(23)]
    RegisterStale = 23,
    /// The input names another office.
    #[n(24)]
    OtherOffice = 24,
    /// The register is not the one that the input names.
    #[n(25)]
    OtherRegister = 25,
    /// The office stopped its connection (結合停止).
    #[n(30)]
    ConnectionStopped = 30,
    /// The terminal is not in the register.
    #[n(40)]
    TerminalUnknown = 40,
    /// The terminal is suspended.
    #[n(41)]
    TerminalSuspended = 41,
    /// The terminal is retired.
    #[n(42)]
    TerminalRetired = 42,
    /// The function names another kind of terminal.
    #[n(43)]
    TerminalKindWrong = 43,
    /// The reader is not registered for this terminal.
    #[n(44)]
    ReaderUnknown = 44,
    /// The card is not in the register.
    #[n(50)]
    CardUnknown = 50,
    /// The card is dormant.
    #[n(51)]
    CardDormant = 51,
    /// The card is suspended.
    #[n(52)]
    CardSuspended = 52,
    /// The card is revoked.
    #[n(53)]
    CardRevoked = 53,
    /// The card has been returned or disposed of.
    #[n(54)]
    CardReturned = 54,
    /// Outside the card's dates.
    #[n(55)]
    CardExpired = 55,
    /// A room-entry card never opens a session.
    #[n(56)]
    CardNeverOpens = 56,
    /// The function needs another kind of card.
    #[n(57)]
    CardKindWrong = 57,
    /// The operator is not in the register, or not the card's.
    #[n(60)]
    OperatorUnknown = 60,
    /// The operator is suspended.
    #[n(61)]
    OperatorSuspended = 61,
    /// The operator has left the duty.
    #[n(62)]
    OperatorEnded = 62,
    /// The designation begins later.
    #[n(63)]
    DesignationNotBegun = 63,
    /// The designation has ended.
    #[n(64)]
    DesignationEnded = 64,
    /// The operator may not work at this terminal (S4 10(1)(3)).
    #[n(65)]
    OperatorNotForTerminal = 65,
    /// The operator's section is suspended or has ended.
    #[n(66)]
    SectionSuspended = 66,
    /// The profile is not held or not on this card.
    #[n(70)]
    ProfileUnknown = 70,
    /// Outside the profile's dates.
    #[n(71)]
    ProfileEnded = 71,
    /// The function is not in the register.
    #[n(80)]
    FunctionUnknown = 80,
    /// The function is outside the profile's scope (S3 18(2)).
    #[n(81)]
    FunctionNotInScope = 81,
    /// The function is not among the terminal's purposes (S3 18(1)).
    #[n(82)]
    FunctionNotForTerminal = 82,
    /// The function is not for this application.
    #[n(83)]
    FunctionNotForApplication = 83,
    /// The function needs a purpose (事由).
    #[n(84)]
    PurposeMissing = 84,
    /// The purpose is not registered for this function.
    #[n(85)]
    PurposeUnknown = 85,
    /// The function asks for a proof by the card.
    #[n(86)]
    CardProofNeeded = 86,
    /// The function asks for the PIN.
    #[n(87)]
    PinProofNeeded = 87,
    /// Outside the hours, without a permit (S3 18(4)).
    #[n(90)]
    OutOfHours = 90,
    /// The permit does not exist.
    #[n(91)]
    PermitUnknown = 91,
    /// The permit is for something else.
    #[n(92)]
    PermitDoesNotCover = 92,
    /// A rest is due.
    #[n(95)]
    RestNeeded = 95,
    /// The day's working time at terminals is used up.
    #[n(96)]
    DailyLimit = 96,
    /// The agent could not write the record, so it grants nothing.
    #[n(200)]
    NotRecorded = 200,
    /// The session ended while the record was written.
    #[n(201)]
    EndedMeanwhile = 201,
    /// The caller belongs to another session of the machine.
    #[n(202)]
    NotYourSession = 202,
    /// Too many requests wait.
    #[n(203)]
    AgentBusy = 203,
    /// The terminal belongs to no office yet.
    #[n(204)]
    NotEnrolled = 204,
    /// The ledger holds another history of this terminal than its journal, so what it grants would not be recorded.
    #[n(205)]
    HistoryRefused = 205,
}

impl VerdictCode {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 54] = [
        Self::Granted,
        Self::NoCard,
        Self::PinNeeded,
        Self::Locked,
        Self::SessionTooLong,
        Self::SessionMissing,
        Self::RulesUnknown,
        Self::ClockBehind,
        Self::ClockUnknown,
        Self::RegisterStale,
        Self::OtherOffice,
        Self::OtherRegister,
        Self::ConnectionStopped,
        Self::TerminalUnknown,
        Self::TerminalSuspended,
        Self::TerminalRetired,
        Self::TerminalKindWrong,
        Self::ReaderUnknown,
        Self::CardUnknown,
        Self::CardDormant,
        Self::CardSuspended,
        Self::CardRevoked,
        Self::CardReturned,
        Self::CardExpired,
        Self::CardNeverOpens,
        Self::CardKindWrong,
        Self::OperatorUnknown,
        Self::OperatorSuspended,
        Self::OperatorEnded,
        Self::DesignationNotBegun,
        Self::DesignationEnded,
        Self::OperatorNotForTerminal,
        Self::SectionSuspended,
        Self::ProfileUnknown,
        Self::ProfileEnded,
        Self::FunctionUnknown,
        Self::FunctionNotInScope,
        Self::FunctionNotForTerminal,
        Self::FunctionNotForApplication,
        Self::PurposeMissing,
        Self::PurposeUnknown,
        Self::CardProofNeeded,
        Self::PinProofNeeded,
        Self::OutOfHours,
        Self::PermitUnknown,
        Self::PermitDoesNotCover,
        Self::RestNeeded,
        Self::DailyLimit,
        Self::NotRecorded,
        Self::EndedMeanwhile,
        Self::NotYourSession,
        Self::AgentBusy,
        Self::NotEnrolled,
        Self::HistoryRefused,
    ];

    /// Whether the request may go ahead.
    #[must_use]
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::Granted)
    }

    /// The number that stands in records.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The name that stands in interfaces: `function_not_in_scope`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::NoCard => "no_card",
            Self::PinNeeded => "pin_needed",
            Self::Locked => "locked",
            Self::SessionTooLong => "session_too_long",
            Self::SessionMissing => "session_missing",
            Self::RulesUnknown => "rules_unknown",
            Self::ClockBehind => "clock_behind",
            Self::ClockUnknown => "clock_unknown",
            Self::RegisterStale => "register_stale",
            Self::OtherOffice => "other_office",
            Self::OtherRegister => "other_register",
            Self::ConnectionStopped => "connection_stopped",
            Self::TerminalUnknown => "terminal_unknown",
            Self::TerminalSuspended => "terminal_suspended",
            Self::TerminalRetired => "terminal_retired",
            Self::TerminalKindWrong => "terminal_kind_wrong",
            Self::ReaderUnknown => "reader_unknown",
            Self::CardUnknown => "card_unknown",
            Self::CardDormant => "card_dormant",
            Self::CardSuspended => "card_suspended",
            Self::CardRevoked => "card_revoked",
            Self::CardReturned => "card_returned",
            Self::CardExpired => "card_expired",
            Self::CardNeverOpens => "card_never_opens",
            Self::CardKindWrong => "card_kind_wrong",
            Self::OperatorUnknown => "operator_unknown",
            Self::OperatorSuspended => "operator_suspended",
            Self::OperatorEnded => "operator_ended",
            Self::DesignationNotBegun => "designation_not_begun",
            Self::DesignationEnded => "designation_ended",
            Self::OperatorNotForTerminal => "operator_not_for_terminal",
            Self::SectionSuspended => "section_suspended",
            Self::ProfileUnknown => "profile_unknown",
            Self::ProfileEnded => "profile_ended",
            Self::FunctionUnknown => "function_unknown",
            Self::FunctionNotInScope => "function_not_in_scope",
            Self::FunctionNotForTerminal => "function_not_for_terminal",
            Self::FunctionNotForApplication => "function_not_for_application",
            Self::PurposeMissing => "purpose_missing",
            Self::PurposeUnknown => "purpose_unknown",
            Self::CardProofNeeded => "card_proof_needed",
            Self::PinProofNeeded => "pin_proof_needed",
            Self::OutOfHours => "out_of_hours",
            Self::PermitUnknown => "permit_unknown",
            Self::PermitDoesNotCover => "permit_does_not_cover",
            Self::RestNeeded => "rest_needed",
            Self::DailyLimit => "daily_limit",
            Self::NotRecorded => "not_recorded",
            Self::EndedMeanwhile => "ended_meanwhile",
            Self::NotYourSession => "not_your_session",
            Self::AgentBusy => "agent_busy",
            Self::NotEnrolled => "not_enrolled",
            Self::HistoryRefused => "history_refused",
        }
    }

    /// What happened and what to do next, for the person in front of the screen.
    #[must_use]
    pub const fn words(self, language: Language) -> Words {
        match language {
            Language::Japanese => self.japanese(),
            Language::English => self.english(),
        }
    }

    const fn english(self) -> Words {
        match self {
            Self::Granted => Words { what: "granted", next: "" },
            Self::NoCard => {
                Words { what: "no card in the reader", next: "Insert your operator card and type the PIN." }
            }
            Self::PinNeeded => Words {
                what: "the PIN has not been entered",
                next: "Type your PIN in the panel (sekisho panel) or with: sekisho login",
            },
            Self::Locked => Words { what: "the session is locked", next: "Type your PIN to go on." },
            Self::SessionTooLong => {
                Words { what: "the session has lasted as long as the office allows", next: "Log in again." }
            }
            Self::SessionMissing => Words { what: "there is no session for this request", next: "Log in again." },
            Self::RulesUnknown => Words {
                what: "this agent is too old for the office's rules",
                next: "Ask the system manager to update the agent.",
            },
            Self::ClockBehind => Words {
                what: "the clock of this terminal stands behind the ledger's",
                next: "Ask the system manager to set the clock.",
            },
            Self::ClockUnknown => Words {
                what: "this terminal has not yet heard from the ledger",
                next: "Wait until the terminal reaches the ledger; if it does not, call the system manager.",
            },
            Self::RegisterStale => Words {
                what: "the register on this terminal is too old",
                next: "Only essential functions work until the terminal reaches the ledger. Call the system manager.",
            },
            Self::OtherOffice => {
                Words { what: "this terminal belongs to another office", next: "Call the system manager." }
            }
            Self::OtherRegister => Words { what: "the register changed while this was decided", next: "Try again." },
            Self::ConnectionStopped => Words {
                what: "the connection has been stopped",
                next: "Wait for the announcement that it is open again.",
            },
            Self::TerminalUnknown => {
                Words { what: "this terminal is not registered", next: "Call the terminal manager." }
            }
            Self::TerminalSuspended => Words {
                what: "this terminal is suspended",
                next: "Use another terminal, or call the terminal manager.",
            },
            Self::TerminalRetired => Words { what: "this terminal has been retired", next: "Use another terminal." },
            Self::TerminalKindWrong => Words {
                what: "this function runs only on another kind of terminal",
                next: "Use a terminal of the right kind.",
            },
            Self::ReaderUnknown => Words {
                what: "this reader is not registered for this terminal",
                next: "Use the reader that belongs to this terminal.",
            },
            Self::CardUnknown => Words {
                what: "this card is not registered",
                next: "Use your own operator card, or call the access manager.",
            },
            Self::CardDormant => Words {
                what: "this card has not been activated",
                next: "Ask the section head to activate it for a person and a time.",
            },
            Self::CardSuspended => Words { what: "this card is suspended", next: "Call the access manager." },
            Self::CardRevoked => Words {
                what: "this card has been revoked",
                next: "Hand the card in; ask for a new one if you need it.",
            },
            Self::CardReturned => {
                Words { what: "this card has been returned", next: "Hand the card in to the access manager." }
            }
            Self::CardExpired => {
                Words { what: "this card is not valid today", next: "Ask the access manager to renew it." }
            }
            Self::CardNeverOpens => {
                Words { what: "a room-entry card opens no terminal", next: "Use your operator card." }
            }
            Self::CardKindWrong => Words {
                what: "this function needs another kind of card",
                next: "Use the card that was issued for this work.",
            },
            Self::OperatorUnknown => Words { what: "the operator is not registered", next: "Call the access manager." },
            Self::OperatorSuspended => Words { what: "the operator is suspended", next: "Call the access manager." },
            Self::OperatorEnded => Words { what: "the operator has left the duty", next: "Hand the card in." },
            Self::DesignationNotBegun => Words {
                what: "the designation has not begun",
                next: "Wait for its first day, or call the access manager.",
            },
            Self::DesignationEnded => Words {
                what: "the designation has ended",
                next: "Ask your section head to renew it for this fiscal year.",
            },
            Self::OperatorNotForTerminal => Words {
                what: "you may not work at this terminal",
                next: "Use a terminal of your section, or ask the terminal manager.",
            },
            Self::SectionSuspended => {
                Words { what: "the use by your section is suspended", next: "Ask your section head." }
            }
            Self::ProfileUnknown => Words {
                what: "you do not hold this permission",
                next: "Choose another permission, or call the access manager.",
            },
            Self::ProfileEnded => {
                Words { what: "this permission is not valid today", next: "Call the access manager." }
            }
            Self::FunctionUnknown => Words {
                what: "this function is not registered",
                next: "Check the function's code, or call the system manager.",
            },
            Self::FunctionNotInScope => Words {
                what: "this function is outside your scope",
                next: "If your duties need it, ask your section head.",
            },
            Self::FunctionNotForTerminal => {
                Words { what: "this terminal is not for this function", next: "Use a terminal that is set up for it." }
            }
            Self::FunctionNotForApplication => Words {
                what: "this application may not use this function",
                next: "Start the function from the application it belongs to.",
            },
            Self::PurposeMissing => {
                Words { what: "this function needs a purpose", next: "Choose the purpose and ask again." }
            }
            Self::PurposeUnknown => Words {
                what: "this purpose is not registered for this function",
                next: "Choose a purpose from the list.",
            },
            Self::CardProofNeeded => Words {
                what: "this function needs a proof by the card",
                next: "Ask again with the card in the reader.",
            },
            Self::PinProofNeeded => {
                Words { what: "this function needs your PIN", next: "Type your PIN for this request." }
            }
            Self::OutOfHours => Words {
                what: "outside the operating hours",
                next: "Your section head can apply for a permit beforehand.",
            },
            Self::PermitUnknown => Words { what: "there is no such permit", next: "Check the permit's number." },
            Self::PermitDoesNotCover => {
                Words { what: "the permit does not cover this", next: "Check for whom, where and when it was given." }
            }
            Self::RestNeeded => Words { what: "you need a rest first", next: "Come back after the rest." },
            Self::DailyLimit => Words { what: "today's time at terminals is used up", next: "Go on tomorrow." },
            Self::NotRecorded => Words {
                what: "the access could not be recorded",
                next: "Nothing was granted. Call the system manager: the journal of this terminal cannot be written.",
            },
            Self::EndedMeanwhile => Words { what: "the session ended meanwhile", next: "Log in again." },
            Self::NotYourSession => Words {
                what: "this program may not ask for this session",
                next: "Start it from the session in which you logged in.",
            },
            Self::AgentBusy => Words { what: "the agent is busy", next: "Try again in a moment." },
            Self::NotEnrolled => Words {
                what: "this terminal is not enrolled",
                next: "Ask the system manager for an enrolment code, then: sekisho-agent enrol",
            },
            Self::HistoryRefused => Words {
                what: "the ledger refuses this terminal's records",
                next: "Work at another terminal and call the system manager. Leave this one as it is: it is evidence.",
            },
        }
    }

    const fn japanese(self) -> Words {
        match self {
            Self::Granted => Words { what: "許可されました", next: "" },
            Self::NoCard => Words {
                what: "カードが挿入されていません",
                next: "操作者用カードを挿入し、暗証番号を入力してください。",
            },
            Self::PinNeeded => Words {
                what: "暗証番号が入力されていません",
                next: "パネル(sekisho panel)または sekisho login で暗証番号を入力してください。",
            },
            Self::Locked => Words {
                what: "ロックされています", next: "暗証番号を入力すると再開できます。"
            },
            Self::SessionTooLong => Words {
                what: "利用時間の上限に達しました",
                next: "もう一度ログインしてください。",
            },
            Self::SessionMissing => Words {
                what: "この要求に対応するログインがありません",
                next: "もう一度ログインしてください。",
            },
            Self::RulesUnknown => Words {
                what: "この端末のプログラムが古く、現在の規則に対応していません",
                next: "システム管理者に更新を依頼してください。",
            },
            Self::ClockBehind => Words {
                what: "端末の時計が台帳の時刻より遅れています",
                next: "システム管理者に時計の修正を依頼してください。",
            },
            Self::ClockUnknown => Words {
                what: "この端末はまだ台帳と通信していません",
                next: "通信が回復するまで待ち、回復しない場合はシステム管理者に連絡してください。",
            },
            Self::RegisterStale => Words {
                what: "端末の登録情報が古くなっています",
                next: "台帳と通信できるまで必須業務以外は利用できません。システム管理者に連絡してください。",
            },
            Self::OtherOffice => Words {
                what: "この端末は別の団体のものです",
                next: "システム管理者に連絡してください。",
            },
            Self::OtherRegister => Words {
                what: "判定中に登録情報が更新されました",
                next: "もう一度実行してください。",
            },
            Self::ConnectionStopped => Words {
                what: "結合が停止されています",
                next: "再結合の連絡があるまでお待ちください。",
            },
            Self::TerminalUnknown => Words {
                what: "この端末は登録されていません",
                next: "端末装置管理責任者に連絡してください。",
            },
            Self::TerminalSuspended => Words {
                what: "この端末は使用停止中です",
                next: "別の端末を使うか、端末装置管理責任者に連絡してください。",
            },
            Self::TerminalRetired => Words {
                what: "この端末は廃止されています", next: "別の端末を使ってください。"
            },
            Self::TerminalKindWrong => Words {
                what: "この機能は別の種類の端末でのみ利用できます",
                next: "該当する種類の端末を使ってください。",
            },
            Self::ReaderUnknown => Words {
                what: "このカードリーダーはこの端末に登録されていません",
                next: "この端末用のカードリーダーを使ってください。",
            },
            Self::CardUnknown => Words {
                what: "このカードは登録されていません",
                next: "自分の操作者用カードを使うか、アクセス管理責任者に連絡してください。",
            },
            Self::CardDormant => Words {
                what: "このカードは有効化されていません",
                next: "所属長に、使用者と期間を定めた有効化を依頼してください。",
            },
            Self::CardSuspended => Words {
                what: "このカードは停止されています",
                next: "アクセス管理責任者に連絡してください。",
            },
            Self::CardRevoked => Words {
                what: "このカードは失効しています",
                next: "カードを返却し、必要であれば再交付を申請してください。",
            },
            Self::CardReturned => Words {
                what: "このカードは返却済みです",
                next: "カードをアクセス管理責任者に渡してください。",
            },
            Self::CardExpired => Words {
                what: "このカードは有効期間外です",
                next: "アクセス管理責任者に更新を依頼してください。",
            },
            Self::CardNeverOpens => Words {
                what: "入室用カードでは端末を利用できません",
                next: "操作者用カードを使ってください。",
            },
            Self::CardKindWrong => Words {
                what: "この機能には別の種類のカードが必要です",
                next: "この業務用に貸与されたカードを使ってください。",
            },
            Self::OperatorUnknown => Words {
                what: "操作者が登録されていません",
                next: "アクセス管理責任者に連絡してください。",
            },
            Self::OperatorSuspended => Words {
                what: "操作者の利用が停止されています",
                next: "アクセス管理責任者に連絡してください。",
            },
            Self::OperatorEnded => Words {
                what: "操作者の登録は解除されています", next: "カードを返却してください。"
            },
            Self::DesignationNotBegun => Words {
                what: "操作者の指定期間がまだ始まっていません",
                next: "開始日を待つか、アクセス管理責任者に連絡してください。",
            },
            Self::DesignationEnded => Words {
                what: "操作者の指定期間が終了しています",
                next: "所属長に今年度の指定を依頼してください。",
            },
            Self::OperatorNotForTerminal => Words {
                what: "この端末での操作は許可されていません",
                next: "所属の端末を使うか、端末装置管理責任者に申し出てください。",
            },
            Self::SectionSuspended => Words {
                what: "所属の利用が停止されています",
                next: "所属長に確認してください。",
            },
            Self::ProfileUnknown => Words {
                what: "この操作権限は付与されていません",
                next: "別の操作権限を選ぶか、アクセス管理責任者に連絡してください。",
            },
            Self::ProfileEnded => Words {
                what: "この操作権限は有効期間外です",
                next: "アクセス管理責任者に連絡してください。",
            },
            Self::FunctionUnknown => Words {
                what: "この機能は登録されていません",
                next: "機能コードを確認するか、システム管理者に連絡してください。",
            },
            Self::FunctionNotInScope => Words {
                what: "この機能は取扱範囲外です",
                next: "業務に必要な場合は所属長に申し出てください。",
            },
            Self::FunctionNotForTerminal => Words {
                what: "この端末ではこの機能を利用できません",
                next: "この機能用に設定された端末を使ってください。",
            },
            Self::FunctionNotForApplication => Words {
                what: "このアプリケーションからはこの機能を利用できません",
                next: "所定のアプリケーションから実行してください。",
            },
            Self::PurposeMissing => Words {
                what: "事由の入力が必要です",
                next: "事由を選んでもう一度実行してください。",
            },
            Self::PurposeUnknown => Words {
                what: "この事由は登録されていません",
                next: "一覧から事由を選んでください。",
            },
            Self::CardProofNeeded => Words {
                what: "カードによる確認が必要です",
                next: "カードを挿入したままもう一度実行してください。",
            },
            Self::PinProofNeeded => Words {
                what: "暗証番号による確認が必要です",
                next: "この操作のために暗証番号を入力してください。",
            },
            Self::OutOfHours => Words {
                what: "運用時間外です",
                next: "所属長から事前に時間外使用の許可を申請してください。",
            },
            Self::PermitUnknown => Words {
                what: "この許可番号はありません", next: "許可番号を確認してください。"
            },
            Self::PermitDoesNotCover => Words {
                what: "許可の範囲外です",
                next: "許可の対象者、端末、時間を確認してください。",
            },
            Self::RestNeeded => {
                Words { what: "休憩が必要です", next: "休憩の後に再開してください。" }
            }
            Self::DailyLimit => Words {
                what: "本日の操作時間の上限に達しました",
                next: "明日以降に操作してください。",
            },
            Self::NotRecorded => Words {
                what: "記録できないため許可できません",
                next: "システム管理者に連絡してください。この端末の記録を書き込めません。",
            },
            Self::EndedMeanwhile => Words {
                what: "処理中に利用が終了しました",
                next: "もう一度ログインしてください。",
            },
            Self::NotYourSession => Words {
                what: "このプログラムからは要求できません",
                next: "ログインした画面から実行してください。",
            },
            Self::AgentBusy => Words {
                what: "混み合っています", next: "しばらくしてからもう一度実行してください。"
            },
            Self::NotEnrolled => Words {
                what: "この端末はまだ登録手続きが済んでいません",
                next: "システム管理者から登録コードを受け取り、sekisho-agent enrol を実行してください。",
            },
            Self::HistoryRefused => Words {
                what: "この端末の記録が台帳に受け入れられません",
                next: "別の端末を使い、システム管理者に連絡してください。この端末は証拠となるため、そのままにしてください。",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_to_do_next_in_both_languages() {
        for code in VerdictCode::ALL {
            for language in [Language::Japanese, Language::English] {
                let words = code.words(language);
                assert!(!words.what.is_empty(), "{code:?}");
                assert_eq!(words.next.is_empty(), code.is_granted(), "{code:?}");
            }
            assert_eq!(VerdictCode::from_number(code.number()), Some(code));
        }
    }
}
