//! Reports as they lie in `reports.json`: a card that was reported stays refused over restarts.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_wire::id::{CardGuid, Code, Numbered, Salt};
use sekisho_wire::reason::{CardTrouble, IncidentClass};
use serde::{Deserialize, Serialize};

use super::{Report, Stand, What};
use crate::files;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    report: String,
    at: u64,
    what: StoredWhat,
    stand: StoredStand,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredWhat {
    Card { card: String, reason: u8 },
    Incident { class: u8, kind: String, card: Option<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredStand {
    /// The signed act, base64.
    Waiting(Option<String>),
    Placed {
        index: u64,
        number: Option<(u16, u32)>,
    },
    Refused(String),
}

/// Reads them; none where there is no file.
pub(super) fn load(file: &Path) -> io::Result<Vec<Report>> {
    let stored: Vec<Stored> = files::read_json(file)?.unwrap_or_default();
    let read: Option<Vec<Report>> = stored.into_iter().map(Stored::read).collect();
    read.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a report in it cannot be read"))
}

/// Replaces them; durable when this returns.
pub(super) fn save(file: &Path, reports: &[Report]) -> io::Result<()> {
    let stored: Vec<Stored> = reports.iter().map(Stored::of).collect();
    files::replace_json(file, &stored)
}

impl Stored {
    fn of(report: &Report) -> Self {
        let what = match &report.what {
            What::Card { card, reason } => StoredWhat::Card { card: card.to_string(), reason: *reason as u8 },
            What::Incident { class, kind, card } => StoredWhat::Incident {
                class: match class {
                    IncidentClass::Failure => 0,
                    IncidentClass::Misuse => 1,
                },
                kind: kind.to_string(),
                card: card.map(|card| card.to_string()),
            },
        };
        let stand = match &report.stand {
            Stand::Waiting(signed) => StoredStand::Waiting(signed.as_ref().map(|entry| STANDARD.encode(entry))),
            Stand::Placed { index, number } => {
                let number = number.map(|number| (number.fiscal_year, number.number));
                StoredStand::Placed { index: *index, number }
            }
            Stand::Refused(rule) => StoredStand::Refused(rule.clone()),
        };
        Self { report: report.id.to_string(), at: report.at, what, stand }
    }

    fn read(self) -> Option<Report> {
        let card = |text: &str| text.parse::<CardGuid>().ok();
        let what = match self.what {
            StoredWhat::Card { card: text, reason } => What::Card { card: card(&text)?, reason: trouble(reason)? },
            StoredWhat::Incident { class, kind, card: text } => What::Incident {
                class: match class {
                    0 => IncidentClass::Failure,
                    1 => IncidentClass::Misuse,
                    _ => return None,
                },
                kind: Code::new(&kind).ok()?,
                card: match text {
                    Some(text) => Some(card(&text)?),
                    None => None,
                },
            },
        };
        let stand = match self.stand {
            StoredStand::Waiting(None) => Stand::Waiting(None),
            StoredStand::Waiting(Some(entry)) => Stand::Waiting(Some(STANDARD.decode(entry).ok()?)),
            StoredStand::Placed { index, number } => {
                let number = number.map(|(fiscal_year, number)| Numbered { fiscal_year, number });
                Stand::Placed { index, number }
            }
            StoredStand::Refused(rule) => Stand::Refused(rule),
        };
        Some(Report { id: self.report.parse::<Salt>().ok()?, at: self.at, what, stand })
    }
}

fn trouble(number: u8) -> Option<CardTrouble> {
    let all = [CardTrouble::Lost, CardTrouble::Stolen, CardTrouble::Damaged, CardTrouble::PinCompromised];
    all.into_iter().find(|reason| *reason as u8 == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_comes_back_from_its_file_and_a_damaged_one_is_none() {
        let file = std::env::temp_dir().join(format!("sekisho-reports-{}", std::process::id()));
        let incident = |class, card| What::Incident { class, kind: Code::new("leak").unwrap(), card };
        let lost = |reason| What::Card { card: CardGuid([7; 16]), reason };
        let number = Some(Numbered { fiscal_year: 2026, number: 3 });
        let reports: Vec<Report> = [
            (lost(CardTrouble::Lost), Stand::Waiting(None)),
            (lost(CardTrouble::Stolen), Stand::Waiting(Some(vec![1, 2, 3]))),
            (lost(CardTrouble::Damaged), Stand::Placed { index: 9, number: None }),
            (lost(CardTrouble::PinCompromised), Stand::Refused("too_few_signers".into())),
            (incident(IncidentClass::Failure, None), Stand::Waiting(None)),
            (incident(IncidentClass::Misuse, Some(CardGuid([8; 16]))), Stand::Placed { index: 2, number }),
        ]
        .into_iter()
        .map(|(what, stand)| Report { id: Salt([1; 16]), at: 5, what, stand })
        .collect();
        save(&file, &reports).unwrap();
        assert_eq!(load(&file).unwrap(), reports);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("\"reason\":1", "\"reason\":9").replace("\"reason\": 1", "\"reason\": 9"))
            .unwrap();
        assert_eq!(load(&file).unwrap_err().kind(), io::ErrorKind::InvalidData);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(load(&file).unwrap(), []);
    }
}
