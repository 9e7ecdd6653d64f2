//! What is wrong: of a value, a field, a permit, and why texts stay.

use sekisho_wire::id::Code;

use crate::change::CaseId;

/// Why the texts of a case stay where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stays {
    /// Something may or has to follow in it still.
    Open,
    /// They have to be kept until then.
    Until(u64),
    /// A preservation order keeps them.
    Ordered(Code),
    /// Another case that is not over has to do with it.
    Needed(CaseId),
    /// The act names other texts than stand in it, or one that stands in another case as well.
    OtherTexts,
    /// An act erased them already.
    Erased(u64),
}

/// What is wrong with a field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldFault {
    /// It has to be filled in.
    Missing,
    /// There is no such field.
    Unknown,
    /// Fields, or what stands in one, are not ascending.
    Order,
    /// It holds something else than what is asked for.
    Kind,
    /// What it names is not there.
    NotThere,
    /// It names a time that has not been.
    InFuture,
    /// It ends before it began.
    BeforeBeginning,
    /// It names an act that did something else than what is written down.
    OtherAct,
    /// It names a stop from before the committee was heard, in a record that says that it was heard first (S1 14(1)).
    BeforeHearing,
    /// It names an act that answers another incident than the record.
    OtherIncident,
    /// A call that others have to hear of ends without an incident report, of which they do.
    CallWithoutIncident,
    /// It names the person beside whom somebody else has to stand.
    SamePerson,
}

/// Why a permit to use the system does not cover an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitFault {
    /// There is none of that number.
    Unknown,
    /// Nobody has decided about it yet.
    NotGranted,
    /// It was refused.
    Refused,
    /// It has ended.
    Ended,
    /// It is another section's.
    OtherSection,
}

/// Which value cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongValue {
    /// A founding act holds one change and nothing else.
    FoundingAct,
    /// A post, or a paper of one, is named where nobody signs in the name of one.
    PostNamed,
    /// At least two administrators, each a person of his own.
    Administrators,
    /// An administrator's card is his, awake, and has a signature key.
    AdministratorCard,
    /// Recovery: 1 ≤ k ≤ number of keys, k at most 8, the keys different and good.
    RecoveryKeys,
    /// What is announced names new recovery keys, and neither founds, announces, ends nor reports anything.
    Announcement,
    /// A ledger's name that cannot be a key name.
    LedgerName,
    /// Rules that the ledger itself does not know.
    Version,
    /// A route that nobody could take.
    DeadRoute,
    /// A policy that nobody can live with.
    Policy,
    /// A post's code that cannot be its title.
    Post,
    /// A post's roles, not ascending.
    Roles,
    /// A route without proposers, not ascending, or an approval stage for what only takes rights away.
    RouteRoles,
    /// The register log has no successor.
    SucceededLog,
    /// A route with more stages of approval than a chain of acts carries.
    RouteStages,
    /// A card that is disposed of without saying how and by whom, or one that is not with it.
    Disposal,
    /// A post that keeps its own papers.
    Keeper,
    /// A paper of tomorrow, or one that is too old to be recorded.
    PaperDate,
    /// A paper by which something was looked at that was decided on a later day.
    PaperBefore,
    /// Witnesses: at most 8, by name, ascending, and no more needed than there are.
    Witnesses,
    /// A card that is not dormant belongs to somebody.
    CardHolder,
    /// A dormant card, or one for rooms, signs nothing.
    CardSigns,
    /// The kinds of card of a qualification.
    CardKinds,
    /// Only a dormant card is activated.
    NotDormant,
    /// Hours run from an earlier minute to a later one of the same day.
    Hours,
    /// Days of a calendar, not ascending.
    CalendarDays,
    /// A permit without persons, terminals or time.
    Permit,
    /// A threat level above 3.
    ThreatLevel,
    /// A route by which one person alone could destroy.
    LonelyDestruction,
    /// No month, or more than ten years of them.
    Months,
    /// An order whose code was used, whose classes are not ascending, or that is lifted with more than its name.
    Order,
    /// Another office: this one itself, under two codes, or two under one.
    Partner,
    /// What is entrusted: no class, not ascending, or one that never is.
    EntrustedClasses,
    /// Operators whose names are erased: none, too many, not ascending, or without another code of one of them.
    Erased,
    /// Cases whose texts are erased: none, not ascending, without texts or with too many, or a person's name among them.
    ErasedTexts,
    /// A person who has his card from another office: he gets none here, and no person of this office gets one there.
    Home,
}
