//! What was refused and why, in English.

use alloc::format;
use alloc::string::String;

use sekisho_wire::words::Language;

use crate::change::RecoveryEnd;
use crate::refusal::FoldRefusal;
use crate::thing::{Thing, class_name};
use crate::wareki::{moment_text, numbered};

impl FoldRefusal {
    pub(super) fn english(&self) -> String {
        let moment = |t| moment_text(t, Language::English);
        let thing = |thing: &Thing| thing.text(Language::English);
        match self {
            Self::Malformed(malformed) => format!("cannot read the act: {malformed}"),
            Self::VersionUnknown { version } => {
                format!("cannot read the act: version {version} is newer than this program")
            }
            Self::KindUnknown { kind } => {
                format!("cannot read the act: changes of kind {kind} are newer than this program")
            }
            Self::ContentUnknown => "cannot read the act: it holds what is newer than this program".into(),
            Self::Skipped { version } => {
                format!(
                    "the act is passed over: what it holds (version {version}) is newer than this program, and it says that this does no harm"
                )
            }
            Self::RefusedBefore => "cannot take the act: it was refused when it was folded first".into(),
            Self::RulesTooOld { needed } => format!("cannot take the act: the register needs rules version {needed}"),
            Self::OtherOffice => "cannot take the act: it is for another office".into(),
            Self::OtherLog => "cannot take the act: it is for another log".into(),
            Self::NotFounded => "cannot take the act: the office is not founded yet".into(),
            Self::AlreadyFounded => "cannot take the act: the office is founded already".into(),
            Self::Repeated { index } => format!("cannot take the act: it took effect before, at entry {index}"),
            Self::Lifetime { made, expires } => {
                format!(
                    "cannot take the act: made {}, expires {}: at most 30 days later",
                    moment(*made),
                    moment(*expires)
                )
            }
            Self::MadeTooEarly { made, newest } => {
                format!(
                    "cannot take the act: made {}, more than 10 minutes before {} (the newest act, or now)",
                    moment(*made),
                    moment(*newest)
                )
            }
            Self::MadeInFuture { made, now } => {
                format!("cannot take the act: made {}, but it is {}", moment(*made), moment(*now))
            }
            Self::EffectiveWrong { made, effective } => format!(
                "cannot take the act: made {}, takes effect {}: not before, and at most 400 days later; an approval and recovery keys name no such date",
                moment(*made),
                moment(*effective)
            ),
            Self::TerminalLimit(terminal) => {
                format!("cannot take the act: terminal {terminal} signed as many acts today as it may")
            }
            Self::TooFewSigners => {
                "cannot take the act: those who would be left could not decide about the office".into()
            }
            Self::LastSigners { from } => format!(
                "cannot take the act: signed by one person alone, it would leave nobody who could decide about the office from {}",
                moment(*from)
            ),
            Self::CardNotActive(card) => format!("cannot suspend card {card}: it is not active"),
            Self::ChangedTwice(what) => format!("cannot take the act: it changes {} twice", thing(what)),
            Self::Expired { expires, now } => {
                format!("cannot take the act: it expired {}, and it is {}", moment(*expires), moment(*now))
            }
            Self::SeenAhead { seen, size } => {
                format!("cannot take the act: its signer saw {seen} entries of the register, there are {size}")
            }
            Self::OtherHistory { seen } => {
                format!("cannot take the act: its signer saw another register of {seen} entries than this one")
            }
            Self::RegisterSize { needed, given } => {
                format!("cannot judge the act: it needs the register of {needed} entries, not the one of {given}")
            }
            Self::SignerUnknown(signer) => {
                format!("cannot take the act: {signer} is not in the register, or has no signature key")
            }
            Self::SignerNotCurrent(signer) => format!("cannot take the act: {signer} may not act now"),
            Self::SignatureWrong(signer) => format!("cannot take the act: the signature is not that of {signer}"),
            Self::SignerNotAllowed(signer) => format!("cannot take the act: {signer} may not sign this"),
            Self::RecoveryIncomplete { have, need } => {
                format!("cannot take the act: {have} recovery keys signed, {need} are needed")
            }
            Self::RecoveryKeyReplaced => "cannot take the act: this recovery key was replaced".into(),
            Self::AnnounceFirst => "cannot take the act: recovery keys have to announce it first".into(),
            Self::RecoveryOpen { index } => {
                format!("cannot take the act: a recovery is announced already (entry {index})")
            }
            Self::RecoveryHeldUp { index } => {
                format!(
                    "cannot take the act: what the recovery of entry {index} announces could not take effect after it"
                )
            }
            Self::RecoveryUnknown => "cannot take the act: no such recovery is announced".into(),
            Self::RecoveryOver { how: RecoveryEnd::Completed, index } => {
                format!("cannot take the act: the recovery was completed by entry {index}")
            }
            Self::RecoveryOver { how: RecoveryEnd::Objected, index } => {
                format!("cannot take the act: entry {index} objects to the recovery")
            }
            Self::RecoveryTooEarly { due } => {
                format!("cannot take the act: the recovery can be completed from {} on", moment(*due))
            }
            Self::RecoveryLapsed { lapsed } => {
                format!("cannot take the act: the recovery lapsed at {}", moment(*lapsed))
            }
            Self::OperatorNotCurrent(operator) => format!("cannot take the act: operator {operator} may not act now"),
            Self::PostNotHeld { post, operator } => {
                format!("cannot take the act: operator {operator} does not hold post {post}")
            }
            Self::NoRoute(class) => {
                format!("cannot take the act: the post may not sign changes of class {}", class.name())
            }
            Self::NotEntrusted { partner, class } => {
                format!("cannot take the act: office {partner} is not entrusted with this (class {})", class.name())
            }
            Self::RequestMissing { agreement } => {
                format!(
                    "cannot take the act: a trustee's act names the request that it answers, and agreement {agreement}"
                )
            }
            Self::Shared(office) => {
                format!("cannot take the act: the policy is shared with office {office}, and neither changes it alone")
            }
            Self::NotShown(office) => {
                format!("cannot take the act: it does not show that office {office} has decided the same")
            }
            Self::ApprovalNeeded(class) => {
                format!("cannot take the act: changes of class {} need an approval", class.name())
            }
            Self::SamePerson(class) => {
                format!(
                    "cannot take the act: for class {} whoever proposes and whoever approves each stage must be different persons",
                    class.name()
                )
            }
            Self::StageBefore(class) => {
                format!(
                    "cannot take the act: for class {} the stage before this one has not approved yet",
                    class.name()
                )
            }
            Self::StageTaken { index } => {
                format!("cannot take the act: this stage was approved already, at entry {index} of the casebook")
            }
            Self::ProposalOver { answer, index } => {
                format!(
                    "cannot take the act: the proposal was {}, at entry {index} of the casebook",
                    answer.name(Language::English)
                )
            }
            Self::RouteShorter { stages, approvals } => {
                format!(
                    "cannot take the act: it would be approval {approvals} of a proposal whose route has {stages} stages now"
                )
            }
            Self::OwnDecision { post } => {
                format!("cannot take the act: whoever decided as deputy of post {post} does not look at it himself")
            }
            Self::NotTheProposer => "cannot take the act: only whoever proposed it withdraws it".into(),
            Self::ReasonMissing => "cannot take the act: who refuses says why".into(),
            Self::NotItsKeeper { post, keeper } => {
                format!("cannot take the act: post {keeper} does not keep the papers of post {post}")
            }
            Self::NotYours { form, step: None } => {
                format!("cannot take the act: the post may not fill in the form '{}'", form.title(Language::English))
            }
            Self::NotYours { form, step: Some(step) } => {
                format!(
                    "cannot take the act: step '{step}' of '{}' is not for this post",
                    form.title(Language::English)
                )
            }
            Self::FieldWrong { form, field, fault } => {
                format!(
                    "cannot take the act: form '{}', {}",
                    form.title(Language::English),
                    fault.text(field, Language::English)
                )
            }
            Self::RecipientMissing(role) => {
                format!("cannot take the act: such an incident has to be told to {}", role.name())
            }
            Self::CaseUnknown(case) => format!("cannot take the act: there is no {}", case.text(Language::English)),
            Self::CaseOver(case) => format!("cannot take the act: {} is closed", case.text(Language::English)),
            Self::StepMissing { case, step } => {
                format!("cannot take the act: in {} step '{step}' comes first", case.text(Language::English))
            }
            Self::StopUnrecorded { stop } => {
                format!("cannot reconnect: no open record of a disconnection names the stop at entry {stop}")
            }
            Self::StepOfAnother { case, step } => format!(
                "cannot take the act: in {} step '{step}' is another person's than whoever opened it or took the steps before",
                case.text(Language::English)
            ),
            Self::StepTaken { case, step } => {
                format!("cannot take the act: in {} step '{step}' was taken already", case.text(Language::English))
            }
            Self::SaidTwice => "cannot take the act: it says one thing twice, or what was said before".into(),
            Self::NotAProposal => "cannot take the act: what it approves is not a proposal".into(),
            Self::ChangedSince { thing: what, index } => {
                format!("cannot take the act: {} changed at entry {index}, after the signer looked", thing(what))
            }
            Self::Unknown(what) => format!("cannot take the act: there is no {}", thing(what)),
            Self::CardUsed(card) => format!("cannot issue card {card}: it was issued before"),
            Self::KeyUsed => "cannot take the act: a key in it was used before".into(),
            Self::KeyMalformed => "cannot take the act: a key in it is not a public key".into(),
            Self::CardFinal { card, state } => {
                format!("cannot change card {card}: it is {} for good", state.name(Language::English))
            }
            Self::PermitMissing { class } => {
                format!(
                    "cannot take the act: what is about {} names the permit to use the system, and none is named",
                    class.name()
                )
            }
            Self::PermitWrong { permit, fault } => {
                let number = numbered(*permit, Language::English);
                format!("cannot take the act: permit {number} to use the system {}", fault.text(Language::English))
            }
            Self::LoanTooLong { card, most } => {
                format!(
                    "cannot lend card {card}: one person alone lends it for the next {most} days at most, what the same holder was lent of it before counted in"
                )
            }
            Self::NotQualified { operator, kind } => format!(
                "cannot lend the card: operator {operator} does not qualify for a {} card on the day on which it begins",
                kind.name(Language::English)
            ),
            Self::Ended(what) => format!("cannot take the act: {} has ended for good", thing(what)),
            Self::EpochNotNew { terminal, epoch } => {
                format!("cannot open epoch {epoch} of terminal {terminal}: it is not larger than the one before")
            }
            Self::DatesWrong(what) => {
                format!("cannot take the act: the dates of {} end before they begin", thing(what))
            }
            Self::StillKept { class, month, until } => format!(
                "cannot destroy: records of class {} of {month} are kept until {}",
                class_name(*class, Language::English),
                moment(*until)
            ),
            Self::Preserved { order, month } => {
                format!("cannot destroy: order {order} keeps the records of {month}")
            }
            Self::Destroyed { class, month, index } => format!(
                "cannot destroy: class {} of {month} was destroyed by the act at entry {index}",
                class_name(*class, Language::English)
            ),
            Self::StillDesignated(operator) => {
                format!("cannot erase the name of operator {operator}: he is designated, now or later")
            }
            Self::CardOut { operator, card } => {
                format!("cannot erase the name of operator {operator}: card {card} was neither returned nor revoked")
            }
            Self::StillMentioned { operator, class, month } => format!(
                "cannot erase the name of operator {operator}: records of class {} of {month} may mention him, and have not been destroyed",
                class_name(*class, Language::English)
            ),
            Self::NameErased { operator, index } => {
                format!("cannot take the act: the name of operator {operator} was erased by the act at entry {index}")
            }
            Self::TextsStay { case, why } => {
                format!("cannot erase the texts of {}: {}", case.text(Language::English), why.text(Language::English))
            }
            Self::ValueWrong(what) => format!("cannot take the act: {}", what.text(Language::English)),
        }
    }
}
