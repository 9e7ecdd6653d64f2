//! An act that a person signs at the terminal: what is asked for, and how the agent shows it.

use serde::{Deserialize, Serialize};

/// What can be decided at a terminal. Nothing else is signed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// Wakes a dormant card for a named person and a limited time (S4 11(5)).
    ActivateCard,
    /// Ends that before its time.
    EndActivation,
    /// Stops the connection at once (結合停止).
    StopConnection,
}

/// Parameters of `DraftAct`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftActRequest {
    /// What.
    pub act: ActKind,
    /// The dormant card, by number (`2026-12`) or GUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Who gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Which of that person's profiles work with it; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Vec<String>>,
    /// Why, as the office codes its reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when, milliseconds since 1970 UTC; else when the office closes today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Which functions are stopped; none: all business functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Vec<String>>,
    /// The incident that a stop answers, `2026-3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// In the name of which post; else of the first of the person's that lets her.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
}

impl DraftActRequest {
    /// Nothing but what.
    #[must_use]
    pub const fn new(act: ActKind) -> Self {
        let (card, operator, reason, incident, post) = (None, None, None, None, None);
        Self { act, card, operator, profiles: None, reason, until: None, functions: None, incident, post }
    }
}

/// Answer of `DraftAct`: the act as the agent wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActDraft {
    /// Names it in `Prompt`.
    pub draft: String,
    /// What is to be signed, in English, one fact a line.
    pub text: String,
    /// The same in Japanese.
    pub text_ja: String,
    /// The card that is to sign it, by GUID.
    pub card: String,
    /// For how long it waits.
    pub seconds: u32,
}

/// A draft that waits for its PIN, as the state shows it to whoever may ask for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownAct {
    /// Names it in `Prompt`.
    pub draft: String,
    /// What is to be signed, in English.
    pub text: String,
    /// The same in Japanese.
    pub text_ja: String,
    /// Whether the user who reads this drafted it. Nobody should type a PIN for another's.
    pub yours: bool,
}
