//! Small enumerations of record bodies (wire §4.1, §4.4). Numbers never change meaning.

use minicbor::{Decode, Encode};

/// Why a session was locked, closed, or a decision taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[repr(u8)]
pub enum Reason {
    /// Nobody worked for as long as policy allows.
    #[n(0)]
    Idle = 0,
    /// The card was pulled.
    #[n(1)]
    CardRemoved = 1,
    /// The operator asked.
    #[n(2)]
    Asked = 2,
    /// The reader went away.
    #[n(3)]
    ReaderLost = 3,
    /// pcscd went away.
    #[n(4)]
    CardServiceLost = 4,
    /// Our card worker went away.
    #[n(5)]
    WorkerLost = 5,
    /// The session reached its absolute length.
    #[n(6)]
    SessionTooLong = 6,
    /// The register took the right away.
    #[n(7)]
    RegisterChanged = 7,
    /// The register is older than policy allows.
    #[n(8)]
    RegisterStale = 8,
    /// The clock cannot be believed.
    #[n(9)]
    ClockImpossible = 9,
    /// The machine goes to sleep.
    #[n(10)]
    Suspend = 10,
    /// The agent stops in order.
    #[n(11)]
    AgentStopping = 11,
    /// The journal could not be written.
    #[n(12)]
    JournalFailed = 12,
    /// Another card is in the reader.
    #[n(13)]
    OtherCard = 13,
    /// The office's connection was stopped (結合停止).
    #[n(14)]
    ConnectionStopped = 14,
    /// The agent died; written at its next start.
    #[n(15)]
    AgentDied = 15,
    /// The office's hours ended.
    #[n(16)]
    EndOfHours = 16,
    /// The card was reported lost, stolen, damaged or its PIN known, at this terminal.
    #[n(17)]
    CardReported = 17,
    /// A rest is due.
    #[n(18)]
    RestDue = 18,
    /// The day's time at terminals is used up.
    #[n(19)]
    DailyLimit = 19,
    /// The operator had a session open at another terminal.
    #[n(20)]
    OpenElsewhere = 20,
    /// The PIN's time is over.
    #[n(21)]
    PinExpired = 21,
}

/// How what was permitted ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    /// Done.
    #[n(0)]
    Done,
    /// Failed in the application.
    #[n(1)]
    Failed,
    /// Given up by the operator.
    #[n(2)]
    Cancelled,
}

/// How the run of the agent before this one ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PreviousEnd {
    /// There was none.
    #[n(0)]
    FirstStart,
    /// In order.
    #[n(1)]
    InOrder,
    /// Without notice: killed, or the power went.
    #[n(2)]
    WithoutNotice,
}

/// The two ways to the ledger: records go up on one, the register comes down on the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LinkState {
    /// Records do not get through.
    #[n(0)]
    Down,
    /// Records get through.
    #[n(1)]
    Up,
    /// The register does not come.
    #[n(2)]
    RegisterDown,
    /// The register comes.
    #[n(3)]
    RegisterUp,
}

/// Why records are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LostReason {
    /// The journal was damaged.
    #[n(0)]
    JournalDamaged,
    /// The journal came back from an old copy, or is gone.
    #[n(1)]
    JournalRestored,
    /// They were kept no longer, for the ledger had proved that it has them; it has lost them since.
    #[n(2)]
    NotKept,
}

/// What ended a lease of the card readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LeaseEnd {
    /// Its borrower gave them back, or is gone.
    #[n(0)]
    GivenBack,
    /// Its time was over.
    #[n(1)]
    TimeOver,
    /// The agent stopped in order.
    #[n(2)]
    AgentStopping,
    /// The agent died; written at its next start.
    #[n(3)]
    AgentDied,
}

/// The card worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum WorkerState {
    /// Lost.
    #[n(0)]
    Lost,
    /// Back.
    #[n(1)]
    Back,
}

/// What of a card is false: the key that it does not have, or its grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FalseSlot {
    /// 9A, after a PIN.
    #[n(0)]
    Authentication,
    /// 9E, without one.
    #[n(1)]
    Presence,
    /// The grant on it: it names this office's register log, and does not hold (wire §9.3).
    #[n(2)]
    Grant,
}

/// How a login without a card became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LoginSeen {
    /// The login program told of it as it happened.
    #[n(0)]
    Told,
    /// It stood in the machine's list of logins when the agent started: no agent was there.
    #[n(1)]
    Listed,
}

/// What is reported of a card; the numbers are those of the register's reasons (register §R3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[repr(u8)]
pub enum CardTrouble {
    /// Lost.
    #[n(1)]
    Lost = 1,
    /// Stolen.
    #[n(2)]
    Stolen = 2,
    /// Damaged.
    #[n(3)]
    Damaged = 3,
    /// Somebody else may know the PIN.
    #[n(4)]
    PinCompromised = 4,
}

/// Class of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum IncidentClass {
    /// 障害.
    #[n(0)]
    Failure,
    /// 不正行為.
    #[n(1)]
    Misuse,
}

/// Why a screen was not locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ScreenCause {
    /// logind was not reached.
    #[n(0)]
    OutOfReach,
    /// logind refused, or there is nothing that it could lock.
    #[n(1)]
    Refused,
    /// Asked for, and nobody confirmed it in time.
    #[n(2)]
    NotConfirmed,
}

/// What was done in place of a lock of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Instead {
    /// Nothing: the screen shows what it showed.
    #[n(0)]
    Nothing,
    /// The desktop session was ended.
    #[n(1)]
    SessionEnded,
}

/// What kind of question was put to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Query {
    /// A search.
    #[n(0)]
    Search,
    /// Entry bundles.
    #[n(1)]
    Entries,
    /// The register.
    #[n(2)]
    Register,
    /// A record with its proof.
    #[n(3)]
    Proof,
}

/// What the ledger alarms about, and terminals ([`AlarmKind::is_a_terminals`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AlarmKind {
    /// Two histories under one epoch.
    #[n(0)]
    Fork,
    /// A batch that does not continue the chain.
    #[n(1)]
    WrongChain,
    /// A clock far off the ledger's.
    #[n(2)]
    ClockFarOff,
    /// A record that does not decode.
    #[n(3)]
    UnreadableRecord,
    /// An act that the fold refused.
    #[n(5)]
    ActRefused,
    /// A terminal says that it has seen a log that the ledger does not have, and shows no signed checkpoint of it.
    #[n(6)]
    SeenUnproved,
    /// An operator of the ledger let a log go on that had stopped.
    #[n(7)]
    LogResumed,
    /// A terminal did not believe the ledger's seal of its records: the checkpoint or a proof in it is wrong.
    #[n(8)]
    SealRefused,
    /// A terminal did not believe the register that it was shown, or the time beside it.
    #[n(9)]
    RegisterRefused,
    /// A terminal that was retired has sent records that were not there yet.
    #[n(10)]
    RetiredHeard,
    /// A terminal cannot send its records: its own journal or disk fails it.
    #[n(11)]
    RecordsHeldBack,
    /// A terminal's disk is full: it grants nothing until there is room.
    #[n(12)]
    JournalFull,
    /// A terminal can neither lock its screen nor hear of sleep: logind is out of reach.
    #[n(13)]
    LogindOutOfReach,
    /// The ledger will not have what was reported at a terminal: the card is blocked there alone.
    #[n(14)]
    ReportRefused,
    /// An operator's session was opened at this terminal while another was open elsewhere.
    #[n(15)]
    TwoTerminals,
    /// The ledger has not heard of a terminal for some time, and it did not say that it was switched off.
    #[n(16)]
    TerminalSilent,
    /// It is heard again.
    #[n(17)]
    TerminalBack,
    /// Recovery keys have announced what they will do: whoever knows nothing of it objects.
    #[n(18)]
    RecoveryAnnounced,
    /// What they announced has taken effect.
    #[n(19)]
    RecoveryCompleted,
    /// An administrator objected to it, or they took it back.
    #[n(20)]
    RecoveryObjected,
    /// No backup of the ledger was verified for longer than its configuration allows.
    #[n(21)]
    BackupOverdue,
}

impl AlarmKind {
    /// Whether terminals alarm about this, and not the ledger.
    #[must_use]
    pub const fn is_a_terminals(self) -> bool {
        matches!(
            self,
            Self::SealRefused
                | Self::RegisterRefused
                | Self::RecordsHeldBack
                | Self::JournalFull
                | Self::LogindOutOfReach
                | Self::ReportRefused
        )
    }
}

/// A step of a terminal's enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EnrolmentEvent {
    /// A code was given out.
    #[n(0)]
    Invited,
    /// The terminal showed its key.
    #[n(1)]
    Requested,
    /// Its certificate was given.
    #[n(2)]
    CertificateGiven,
    /// The code was wrong, used or expired.
    #[n(3)]
    CodeRefused,
}
