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
    /// Files of earlier versions do not have it.
    #[serde(default)]
    size: Option<u64>,
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
    #[serde(alias = "placed")]
    Told {
        index: u64,
        number: Option<(u16, u32)>,
        #[serde(default)]
        act: Option<String>,
    },
    Refused(String),
    Settled,
}

/// Reads them; none where there is no file. `size` is that of the register as it is, for those that do not say.
pub(super) fn load(file: &Path, size: u64) -> io::Result<Vec<Report>> {
    let stored: Vec<Stored> = files::read_json(file)?.unwrap_or_default();
    let read: Option<Vec<Report>> = stored.into_iter().map(|stored| stored.read(size)).collect();
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
            Stand::Told { index, number, act } => {
                let number = number.map(|number| (number.fiscal_year, number.number));
                StoredStand::Told { index: *index, number, act: act.as_ref().map(|act| STANDARD.encode(act)) }
            }
            Stand::Refused(rule) => StoredStand::Refused(rule.clone()),
            Stand::Settled => StoredStand::Settled,
        };
        Self { report: report.id.to_string(), at: report.at, size: Some(report.size), what, stand }
    }

    fn read(self, size: u64) -> Option<Report> {
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
            StoredStand::Waiting(act) => Stand::Waiting(read_act(act)?),
            StoredStand::Told { index, number, act } => {
                let number = number.map(|(fiscal_year, number)| Numbered { fiscal_year, number });
                Stand::Told { index, number, act: read_act(act)? }
            }
            StoredStand::Refused(rule) => Stand::Refused(rule),
            StoredStand::Settled => Stand::Settled,
        };
        let (id, size) = (self.report.parse::<Salt>().ok()?, self.size.unwrap_or(size));
        Some(Report { id, at: self.at, size, what, stand })
    }
}

/// Nothing where it cannot be read; there need be none.
fn read_act(text: Option<String>) -> Option<Option<Vec<u8>>> {
    text.map_or(Some(None), |text| STANDARD.decode(text).ok().map(Some))
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
            (lost(CardTrouble::Damaged), Stand::Told { index: 9, number: None, act: Some(vec![4]) }),
            (lost(CardTrouble::Lost), Stand::Settled),
            (lost(CardTrouble::PinCompromised), Stand::Refused("too_few_signers".into())),
            (incident(IncidentClass::Failure, None), Stand::Waiting(None)),
            (incident(IncidentClass::Misuse, Some(CardGuid([8; 16]))), Stand::Told { index: 2, number, act: None }),
        ]
        .into_iter()
        .map(|(what, stand)| Report { id: Salt([1; 16]), at: 5, size: 7, what, stand })
        .collect();
        save(&file, &reports).unwrap();
        assert_eq!(load(&file, 3).unwrap(), reports);
        let text = std::fs::read_to_string(&file).unwrap();
        // As an earlier version wrote it.
        let id = "01".repeat(16);
        let card = format!(r#"{{"card":{{"card":"{}","reason":{}}}}}"#, "07".repeat(16), CardTrouble::Lost as u8);
        let placed = r#"{"placed":{"index":9,"number":null}}"#;
        std::fs::write(&file, format!(r#"[{{"report":"{id}","at":5,"what":{card},"stand":{placed}}}]"#)).unwrap();
        let [earlier] = load(&file, 3).unwrap().try_into().unwrap();
        assert_eq!((earlier.size, earlier.stand), (3, Stand::Told { index: 9, number: None, act: None }));
        std::fs::write(&file, text.replace("\"reason\":1", "\"reason\":9").replace("\"reason\": 1", "\"reason\": 9"))
            .unwrap();
        assert_eq!(load(&file, 3).unwrap_err().kind(), io::ErrorKind::InvalidData);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(load(&file, 3).unwrap(), []);
    }
}
