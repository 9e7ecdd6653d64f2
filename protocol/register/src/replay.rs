//! Decide again from the bytes of a record and compare (§R6): what an auditor does with any past decision.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use sekisho_wire::decision::{DecisionInput, Level, Request};
use sekisho_wire::id::{RequestId, Salt, Signature};
use sekisho_wire::record::{
    Body, Decision, Emitter, Opening, Record, RegisterAdvanced, decision_digest, session_digest,
};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::authority::verify_p256;
use crate::decide::{RULES_VERSION, decide};
use crate::fold::Register;
use crate::values::P256Key;

/// What in a record does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The register given has another size than the one that decided.
    RegisterSize {
        /// Size that decided.
        needed: u64,
        /// Size given.
        given: u64,
    },
    /// The terminal had another register of that size.
    RegisterRoot,
    /// The act that it says was on the card is not in the register log at that place.
    GrantNotInLog {
        /// Which place.
        index: u64,
    },
    /// Record and input name two offices, or two terminals.
    OtherPlace,
    /// The kind of record does not fit what was asked.
    OtherRequest,
    /// The record was written at another moment than the decision in it.
    OtherTime,
    /// The record is not of the session that the opening opened, or of one that was closed before it.
    OtherSession,
    /// Its session was locked when it was written.
    SessionLocked,
    /// It was decided by rules that this program does not have: a newer one must replay it.
    RulesUnknown {
        /// Their version.
        rules: u16,
    },
    /// The verdict is not the one that the rules give.
    Verdict {
        /// What stands in the record.
        recorded: VerdictCode,
        /// What the rules say.
        decided: VerdictCode,
    },
    /// The card's signature is missing.
    SignatureMissing,
    /// The signature is not that of the card named.
    SignatureWrong,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RegisterSize { needed, given } => {
                write!(
                    f,
                    "cannot replay the decision: it was made at register size {needed}, this register has {given}"
                )
            }
            Self::RegisterRoot => f.write_str("the terminal had another register of the same size"),
            Self::GrantNotInLog { index } => {
                write!(f, "the act on the card that it rests on is not entry {index} of the register log")
            }
            Self::OtherPlace => f.write_str("record and decision name different offices or terminals"),
            Self::OtherRequest => f.write_str("the kind of record does not fit what was asked"),
            Self::OtherTime => f.write_str("the record was written at another moment than its decision was made"),
            Self::OtherSession => f.write_str("the record does not belong to the session that was opened"),
            Self::SessionLocked => f.write_str("the record gives something in a session that was locked"),
            Self::RulesUnknown { rules } => {
                write!(
                    f,
                    "cannot replay the decision: it was made by rules version {rules}, this program knows {RULES_VERSION}"
                )
            }
            Self::Verdict { recorded, decided } => {
                let [recorded, decided] = [recorded, decided].map(|verdict| said(*verdict, Language::English));
                write!(f, "the record says {recorded}, the rules say {decided}")
            }
            Self::SignatureMissing => f.write_str("the card's signature is missing"),
            Self::SignatureWrong => f.write_str("the signature is not that of the card"),
        }
    }
}

impl core::error::Error for Mismatch {}

/// A verdict as people read it: what was refused with its number and why.
fn said(verdict: VerdictCode, language: Language) -> String {
    match (verdict.is_granted(), language) {
        (true, Language::English) => "granted".to_string(),
        (true, Language::Japanese) => "許可".to_string(),
        (false, Language::English) => format!("refused ({}: {})", verdict.number(), verdict.words(language).what),
        (false, Language::Japanese) => format!("拒否({}: {})", verdict.number(), verdict.words(language).what),
    }
}

impl Mismatch {
    /// The same in this language.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::Japanese => self.japanese(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::RegisterSize { needed, given } => {
                format!("再判定できない: 判定時の登録簿は{needed}件、ここにあるのは{given}件")
            }
            Self::RegisterRoot => "端末機は同じ件数の別の登録簿を持っていた".to_string(),
            Self::GrantNotInLog { index } => format!("カードに記載の処分が登録簿の{index}番にない"),
            Self::OtherPlace => "記録と判定で団体又は端末機が異なる".to_string(),
            Self::OtherRequest => "記録の種別が求められた内容と合わない".to_string(),
            Self::OtherTime => "記録の時刻と判定の時刻が異なる".to_string(),
            Self::OtherSession => "開始されたセッションの記録ではない".to_string(),
            Self::SessionLocked => "ロック中のセッションで許可されている".to_string(),
            Self::RulesUnknown { rules } => {
                format!(
                    "再判定できない: 規則の版{rules}で判定されており、このプログラムが扱えるのは版{RULES_VERSION}まで"
                )
            }
            Self::Verdict { recorded, decided } => {
                let [recorded, decided] = [recorded, decided].map(|verdict| said(*verdict, Language::Japanese));
                format!("記録の判定は{recorded}、規則による判定は{decided}")
            }
            Self::SignatureMissing => "カードの署名がない".to_string(),
            Self::SignatureWrong => "署名がそのカードのものではない".to_string(),
        }
    }
}

/// The size of the register that [`replay`] needs for this record; nothing for one that stands on no register. Where the record rests on a grant,
/// [`Register::as_it_decided`] makes of it the one that decided.
#[must_use]
pub fn register_of(record: &Record) -> Option<u64> {
    if let Body::RegisterAdvanced(advanced) = &record.body {
        return Some(advanced.size);
    }
    record.body.input().map(|input| input.register)
}

/// Decides again, and compares the register that a terminal says it took. Other records have nothing to compare.
///
/// # Errors
/// [`Mismatch`]: the first thing that does not stand.
pub fn replay(register: &Register, record: &Record) -> Result<(), Mismatch> {
    if let Body::RegisterAdvanced(advanced) = &record.body {
        return check_advanced(register, advanced);
    }
    let Some(input) = record.body.input() else { return Ok(()) };
    check_place(register, record, input)?;
    if !(1..=RULES_VERSION).contains(&input.rules) {
        return Err(Mismatch::RulesUnknown { rules: input.rules });
    }
    if let Body::SessionOpened(opening) = &record.body {
        check_opening(register, record, opening, Request::Open)?;
    }
    if let Body::SessionUnlocked(opening) = &record.body {
        check_opening(register, record, opening, Request::Unlock)?;
    }
    if let Body::Decision(decision) = &record.body {
        check_decision(register, record, decision)?;
    }
    Ok(())
}

fn check_advanced(register: &Register, advanced: &RegisterAdvanced) -> Result<(), Mismatch> {
    let (needed, given) = (advanced.size, register.size());
    let root = register.root_at(needed).ok_or(Mismatch::RegisterSize { needed, given })?;
    if root == advanced.root { Ok(()) } else { Err(Mismatch::RegisterRoot) }
}

fn check_place(register: &Register, record: &Record, input: &DecisionInput) -> Result<(), Mismatch> {
    if register.size() != input.register {
        return Err(Mismatch::RegisterSize { needed: input.register, given: register.size() });
    }
    let here = matches!(&record.emitter, Emitter::Terminal(terminal) if *terminal == input.terminal);
    if !here || record.office != input.office {
        return Err(Mismatch::OtherPlace);
    }
    if record.trusted == input.time { Ok(()) } else { Err(Mismatch::OtherTime) }
}

/// As [`replay`], for a record that must also be of the session that `opening` opened. Whether `opening` itself stands, [`replay`] says, at
/// the register of its own size.
///
/// # Errors
/// [`Mismatch`]: [`Mismatch::OtherSession`] for another session, card, person, permission or kind of session, another history of another
/// terminal, or a record that stands before the opening.
pub fn replay_in_session(register: &Register, opening: &Record, record: &Record) -> Result<(), Mismatch> {
    let Some(input) = record.body.input() else { return Ok(()) };
    let Body::SessionOpened(Opening { input: opened, .. }) = &opening.body else { return Err(Mismatch::OtherSession) };
    let same_history = (&opening.emitter, opening.epoch) == (&record.emitter, record.epoch);
    let same_session = (opened.session, opened.session_kind) == (input.session, input.session_kind);
    let same_person = (opened.card, &opened.operator, &opened.profile) == (input.card, &input.operator, &input.profile);
    let since = input.opened == Some(opened.time) && input.time >= opened.time && record.seq > opening.seq;
    if same_history && same_session && same_person && since && opening.trusted == opened.time {
        replay(register, record)
    } else {
        Err(Mismatch::OtherSession)
    }
}

fn check_opening(register: &Register, record: &Record, opening: &Opening, request: Request) -> Result<(), Mismatch> {
    if opening.input.request != request {
        return Err(Mismatch::OtherRequest);
    }
    if opening.root != register.root() {
        return Err(Mismatch::RegisterRoot);
    }
    check_verdict(register, &opening.input, VerdictCode::Granted)?;
    let digest = session_digest(&record.salt, &opening.root, &opening.input);
    check_signature(register, &opening.input, &digest, &opening.signature, Level::Pin)
}

fn check_decision(register: &Register, record: &Record, decision: &Decision) -> Result<(), Mismatch> {
    let input = &decision.input;
    check_verdict(register, input, decision.verdict)?;
    let function = input.request == Request::Function;
    if !function && decision.verdict.is_granted() {
        // A login that was granted stands as session_opened, with the card's word for it.
        return Err(Mismatch::OtherRequest);
    }
    match &decision.signature {
        Some(signature) => check_request_signature(register, &record.salt, &decision.request, input, signature),
        None if function && input.level > Level::Session => Err(Mismatch::SignatureMissing),
        None => Ok(()),
    }
}

fn check_verdict(register: &Register, input: &DecisionInput, recorded: VerdictCode) -> Result<(), Mismatch> {
    let decided = decide(register, input).code();
    if decided == recorded { Ok(()) } else { Err(Mismatch::Verdict { recorded, decided }) }
}

fn check_request_signature(
    register: &Register,
    salt: &Salt,
    request: &RequestId,
    input: &DecisionInput,
    signature: &Signature,
) -> Result<(), Mismatch> {
    check_signature(register, input, &decision_digest(salt, request, input), signature, input.level)
}

/// Slot 9E for a proof by the card alone, 9A when the PIN was typed (wire §6).
fn check_signature(
    register: &Register,
    input: &DecisionInput,
    digest: &[u8; 32],
    signature: &Signature,
    level: Level,
) -> Result<(), Mismatch> {
    let card = input.card.as_ref().and_then(|guid| register.card(guid)).ok_or(Mismatch::SignatureWrong)?;
    let key: &P256Key = match level {
        Level::Pin => &card.issued().authentication,
        Level::Card | Level::Session => &card.issued().presence,
    };
    if verify_p256(key, digest, signature) { Ok(()) } else { Err(Mismatch::SignatureWrong) }
}
