//! Verdicts (register §R7): one code per rule, each with what a clerk is told in Japanese and English.

use minicbor::{Decode, Encode};

use crate::words::{Language, Words};

/// What was decided. Codes from 200 are the agent's own, those from 240 say what became of a PIN or a card: never out of `decide`, never
/// in a record.
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
    /// The PIN is right and its time is over: it allows nothing but its change (S2 11(2)(4)).
    #[n(15)]
    PinExpired = 15,
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
    /// The card is known by its grant alone, and the register beside it is too old for that.
    #[n(26)]
    GrantStale = 26,
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
    /// The register does not take the act on the card.
    #[n(58)]
    GrantRefused = 58,
    /// The card was reported at this terminal, and the register does not say so yet.
    #[n(59)]
    CardReported = 59,
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
    /// The terminal's disk is full: what room is kept is for what must be said.
    #[n(206)]
    JournalFull = 206,
    /// Records have waited for the ledger for as long as the terminal's configuration lets them.
    #[n(207)]
    UnsentTooLong = 207,
    /// No card of that number is known here, or no card of that operator's in use.
    #[n(208)]
    ReportUnknown = 208,
    /// As much was reported at this terminal today as its key may sign.
    #[n(209)]
    ReportLimit = 209,
    /// Without this card too few could decide: it can be blocked by people alone.
    #[n(210)]
    ReportSigner = 210,
    /// The register does not let this terminal report.
    #[n(211)]
    ReportTerminal = 211,
    /// Too many numbers were tried that nobody has.
    #[n(212)]
    ReportGuessed = 212,
    /// The card says that the PIN is wrong.
    #[n(240)]
    WrongPin = 240,
    /// The card says that no try is left.
    #[n(241)]
    PinBlocked = 241,
    /// Enough wrong PINs went to the card since it was inserted: this one was not sent.
    #[n(242)]
    PinNotSent = 242,
    /// Card or reader did not do what was asked.
    #[n(243)]
    CardProblem = 243,
    /// The card's signature is not by the key that the register knows.
    #[n(244)]
    CardFalse = 244,
    /// Another card is in the reader than the one that the PIN was asked for: it was not sent.
    #[n(245)]
    CardOther = 245,
    /// Card, reader or card worker was lost while the card had the PIN: it may have cost a try.
    #[n(246)]
    PinUnanswered = 246,
    /// The grant on the card does not hold.
    #[n(247)]
    GrantFalse = 247,
}

impl VerdictCode {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 73] = [
        Self::Granted,
        Self::NoCard,
        Self::PinNeeded,
        Self::Locked,
        Self::SessionTooLong,
        Self::SessionMissing,
        Self::PinExpired,
        Self::RulesUnknown,
        Self::ClockBehind,
        Self::ClockUnknown,
        Self::RegisterStale,
        Self::OtherOffice,
        Self::OtherRegister,
        Self::GrantStale,
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
        Self::GrantRefused,
        Self::CardReported,
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
        Self::JournalFull,
        Self::UnsentTooLong,
        Self::ReportUnknown,
        Self::ReportLimit,
        Self::ReportSigner,
        Self::ReportTerminal,
        Self::ReportGuessed,
        Self::WrongPin,
        Self::PinBlocked,
        Self::PinNotSent,
        Self::CardProblem,
        Self::CardFalse,
        Self::CardOther,
        Self::PinUnanswered,
        Self::GrantFalse,
    ];

    /// Whether the request may go ahead.
    #[must_use]
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::Granted)
    }

    /// Whether this comes out of `decide`, and so may stand in a record: all below 200.
    #[must_use]
    pub const fn is_decided(self) -> bool {
        self.number() < 200
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

    /// The code with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
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
            Self::PinExpired => "pin_expired",
            Self::RulesUnknown => "rules_unknown",
            Self::ClockBehind => "clock_behind",
            Self::ClockUnknown => "clock_unknown",
            Self::RegisterStale => "register_stale",
            Self::OtherOffice => "other_office",
            Self::OtherRegister => "other_register",
            Self::GrantStale => "grant_stale",
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
            Self::GrantRefused => "grant_refused",
            Self::CardReported => "card_reported",
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
            Self::JournalFull => "journal_full",
            Self::UnsentTooLong => "unsent_too_long",
            Self::ReportUnknown => "report_unknown",
            Self::ReportLimit => "report_limit",
            Self::ReportSigner => "report_signer",
            Self::ReportTerminal => "report_terminal",
            Self::ReportGuessed => "report_guessed",
            Self::WrongPin => "wrong_pin",
            Self::PinBlocked => "pin_blocked",
            Self::PinNotSent => "pin_not_sent",
            Self::CardProblem => "card_problem",
            Self::CardFalse => "card_false",
            Self::CardOther => "card_other",
            Self::PinUnanswered => "pin_unanswered",
            Self::GrantFalse => "grant_false",
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

    #[test]
    fn the_list_of_all_codes_leaves_none_out() {
        for number in 0..=u16::MAX {
            let mut bytes = [0; 3];
            let mut cursor = minicbor::encode::write::Cursor::new(&mut bytes[..]);
            minicbor::encode(number, &mut cursor).unwrap();
            let length = cursor.position();
            assert_eq!(minicbor::decode(&bytes[..length]).ok(), VerdictCode::from_number(number), "{number}");
        }
    }
}
