//! What people report at the terminal: a card, an incident.

use serde::{Deserialize, Serialize};

use crate::state::Verdict;

/// What is reported of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardTrouble {
    /// Lost (紛失).
    Lost,
    /// Stolen (盗難).
    Stolen,
    /// Damaged (き損).
    Damaged,
    /// Somebody else may know the PIN.
    PinCompromised,
}

/// Class of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentClass {
    /// 障害.
    Failure,
    /// 不正行為.
    Misuse,
}

/// A number that the office gives, of a card or an incident.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Numbered {
    /// `2026-12`: fiscal year and number.
    pub number: String,
    /// `令和8年度第12号`.
    pub number_ja: String,
}

/// Parameters of `ReportCard`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportCardRequest {
    /// The card's number (`2026-12`, `R8-12`, `令和8年度第12号`) or GUID, or its operator's ID: then all cards that he has. Without it the
    /// card that is in the reader.
    #[serde(default)]
    pub card: Option<String>,
    /// What of it.
    pub reason: CardTrouble,
}

/// Answer of `ReportCard`. What is said of the cards is durable before this leaves the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportCardAnswer {
    /// Those that open nothing here from now on.
    pub cards: Vec<Numbered>,
    /// Those that opened nothing before.
    pub already: Vec<Numbered>,
    /// Those that could not be blocked from here, each with the cause and what to do.
    pub not_blocked: Vec<NotBlocked>,
    /// Whether the register that this terminal has verified says it by now, and with it every terminal's within seconds. If not, the ledger
    /// hears as soon as there is a line.
    pub reached: bool,
    /// The ledger will not have it, or not of all: those cards are blocked at this terminal alone.
    pub refused: bool,
}

/// A card that stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotBlocked {
    /// Which.
    pub card: Numbered,
    /// Why, and what to do.
    pub verdict: Verdict,
}

/// Parameters of `ReportIncident`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportIncidentRequest {
    /// Failure or misuse.
    pub class: IncidentClass,
    /// What kind: one of those of every office (`leak`, `irrecoverable`, `intrusion`, `failure`, …, `other`), or one that the office's policy declares.
    pub kind: String,
    /// With which card, as in [`ReportCardRequest`].
    #[serde(default)]
    pub card: Option<String>,
}

/// Answer of `ReportIncident`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportIncidentAnswer {
    /// Its number, when the ledger has given it already.
    #[serde(default)]
    pub number: Option<Numbered>,
    /// The person has these cards, so that none is named in the report: somebody has to be told which it was.
    pub unclear: Vec<Numbered>,
    /// Whether the ledger has it.
    pub reached: bool,
    /// The ledger will not have it.
    pub refused: bool,
}
