//! A ledger that was restored from an older copy is filled again: acts of the register, our own records at their places, and what it gave us
//! to keep (LEDGER.md §L6).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::{NameHash, SignedAct};
use serde::Deserialize;
use serde_json::json;

use super::trouble::Trouble;
use crate::agent::Agent;
use crate::carrier::Carrier;
use crate::forwarder_link::{Brought, Errand};
use crate::keeper::{self, NameText};
use crate::keepsakes::Entry;
use crate::whereabouts::Stretch;

/// What a log lacks, as the ledger says it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Wanted {
    missing: Vec<(u64, u64)>,
}

/// About so many bytes of acts and names in one message: it stays below what a ledger takes, 2 MiB.
const ACTS_BYTES: usize = 1 << 20;
/// What a name takes besides its text, as JSON.
const NAME: usize = 64;
/// Entries that were kept, in one message, and about so many bytes of them.
const KEPT_PAGE: usize = 200;
const KEPT_BYTES: usize = 1 << 20;
/// The ledger tells a few missing ranges at a time; so often it is asked in a row.
const TURNS: u32 = 1000;

/// Brings what the ledger lacks and we have. What is asked for and not here others may bring.
pub(super) fn refill(agent: &Agent, carrier: &dyn Carrier) -> Result<(), Trouble> {
    let mut before = HashMap::new();
    for _ in 0..TURNS {
        let Some(Brought::Answer { body }) = agent.send_out(carrier, &Errand::Refill) else { return Ok(()) };
        let wanted: HashMap<String, Wanted> = serde_json::from_value(body).map_err(|_| Trouble::Malformed)?;
        if wanted == before {
            return Ok(());
        }
        let mut brought = false;
        if let Some(register) = wanted.get("register") {
            brought |= bring_register(agent, carrier, register)?;
        }
        if let Some(records) = wanted.get("records") {
            brought |= bring_records(agent, carrier, records)?;
        }
        for log in ["records", "casebook"] {
            if let Some(wanted) = wanted.get(log) {
                brought |= bring_kept(agent, carrier, log, wanted)?;
            }
        }
        if !brought {
            return Ok(());
        }
        before = wanted;
    }
    Ok(())
}

fn is_taken(brought: Option<Brought>) -> bool {
    matches!(brought, Some(Brought::Answer { .. }))
}

/// All of it comes from one terminal that has it: an act says by itself that it is genuine, and the root that nothing is missing.
fn bring_register(agent: &Agent, carrier: &dyn Carrier, wanted: &Wanted) -> Result<bool, Trouble> {
    let Some((acts, names)) = keeper::kept_acts(&agent.config).map_err(Trouble::Disk)? else { return Ok(false) };
    let mut brought = false;
    for (from, to) in &wanted.missing {
        let (Ok(from), Ok(to)) = (usize::try_from(*from), usize::try_from(*to)) else { break };
        let to = to.min(acts.len());
        let Some(acts) = acts.get(from..to).filter(|acts| !acts.is_empty()) else { break };
        log::warn!("the ledger lacks acts {from} to {to} of the register: it gets them from here");
        for (first, count) in pages_of_acts(from, acts, &names) {
            let page = &acts[first - from..][..count];
            let entries: Vec<String> = page.iter().map(|act| STANDARD.encode(act)).collect();
            let beside: Vec<&NameText> = page.iter().flat_map(|act| names_beside(act, &names)).collect();
            let body = json!({"from": first, "entries": entries, "names": beside});
            if !is_taken(agent.send_out(carrier, &Errand::RefillRegister { body })) {
                return Ok(brought);
            }
            brought = true;
        }
    }
    Ok(brought)
}

/// The names that an act speaks of, as far as they are known here.
fn names_beside<'a>(act: &[u8], names: &'a HashMap<NameHash, NameText>) -> Vec<&'a NameText> {
    let spoken = SignedAct::decode(act).map_or_else(|_| Vec::new(), |act| act.names());
    spoken.iter().filter_map(|hash| names.get(hash)).collect()
}

/// Acts that go together with their names: the first of each page, and how many. At least one, whatever its length.
fn pages_of_acts(from: usize, acts: &[Vec<u8>], names: &HashMap<NameHash, NameText>) -> Vec<(usize, usize)> {
    let (mut pages, mut bytes) = (vec![(from, 0)], 0);
    for (index, act) in (from..).zip(acts) {
        let names: usize = names_beside(act, names).iter().map(|name| NAME + name.text.len()).sum();
        let more = act.len().div_ceil(3) * 4 + names;
        if bytes > 0 && bytes + more > ACTS_BYTES {
            pages.push((index, 0));
            bytes = 0;
        }
        bytes += more;
        pages.last_mut().into_iter().for_each(|(_, count)| *count += 1);
    }
    pages
}

/// Our own records that lie in the log where it has holes.
fn bring_records(agent: &Agent, carrier: &dyn Carrier, wanted: &Wanted) -> Result<bool, Trouble> {
    let position = agent.position();
    let stretches = position.within(&wanted.missing).map_err(Trouble::Disk)?;
    drop(position);
    let mut brought = false;
    for Stretch { mut first, mut count, mut index, .. } in stretches {
        log::info!("the ledger lacks records {first} to {} of this terminal: it gets them from here", first + count);
        while count > 0 {
            let most = u32::try_from(count).unwrap_or(u32::MAX);
            let (run, envelope) = match agent.position().batch(agent, first, most) {
                Ok(batch) => batch,
                // What is not here any more cannot be brought.
                Err(trouble) => {
                    log::warn!("{trouble}");
                    break;
                }
            };
            let sent = (run.records.len() as u64).min(count);
            let errand = Errand::RefillRecords { index, envelope: STANDARD.encode(envelope) };
            if sent == 0 || !is_taken(agent.send_out(carrier, &errand)) {
                // The next stretch is another matter.
                break;
            }
            brought = true;
            (first, count, index) = (first + sent, count - sent, index + sent);
        }
    }
    Ok(brought)
}

/// At most so many, and at least one, whatever its length.
fn pages(kept: &[Entry]) -> Vec<&[Entry]> {
    let (mut pages, mut first, mut bytes) = (Vec::new(), 0, 0);
    for (at, entry) in kept.iter().enumerate() {
        if at > first && (at - first >= KEPT_PAGE || bytes + entry.sealed.len() > KEPT_BYTES) {
            pages.push(&kept[first..at]);
            (first, bytes) = (at, 0);
        }
        bytes += entry.sealed.len();
    }
    pages.push(&kept[first..]);
    pages.into_iter().filter(|page| !page.is_empty()).collect()
}

fn bring_kept(agent: &Agent, carrier: &dyn Carrier, log: &str, wanted: &Wanted) -> Result<bool, Trouble> {
    let kept = agent.keepsakes.within(log, &wanted.missing).map_err(Trouble::Disk)?;
    let mut brought = false;
    for page in pages(&kept) {
        let errand = Errand::RefillKept { body: json!({"kept": page}) };
        if !is_taken(agent.send_out(carrier, &errand)) {
            return Ok(brought);
        }
        brought = true;
    }
    Ok(brought)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Office;

    #[test]
    fn a_page_of_acts_stays_below_what_a_ledger_takes() {
        let none = HashMap::new();
        let acts: Vec<Vec<u8>> = (0..3000).map(|_| vec![7; 400]).collect();
        let pages = pages_of_acts(10, &acts, &none);
        assert!(pages.len() > 1 && pages[0].0 == 10);
        let mut next = 10;
        for (first, count) in &pages {
            assert_eq!((*first, *count > 0), (next, true));
            let bytes: usize = acts[first - 10..][..*count].iter().map(|act| act.len().div_ceil(3) * 4).sum();
            assert!(bytes <= ACTS_BYTES);
            next += count;
        }
        assert_eq!(next, 3010);
        // What an act is followed by counts as well.
        let act = Office::new(&[4; 65]).entries[1].clone();
        let [hash] = SignedAct::decode(&act).unwrap().names()[..] else { panic!("one person") };
        // As long as a name may be.
        let name = NameText { salt: STANDARD.encode([9; 16]), text: "あ".repeat(66) };
        let names = HashMap::from([(hash, name)]);
        let beside: Vec<Vec<u8>> = vec![act; 2500];
        for (first, count) in pages_of_acts(0, &beside, &names) {
            let page = &beside[first..][..count];
            let entries: Vec<String> = page.iter().map(|act| STANDARD.encode(act)).collect();
            let names: Vec<&NameText> = page.iter().flat_map(|act| names_beside(act, &names)).collect();
            assert_eq!(names.len(), count);
            let body = json!({"from": first, "entries": entries, "names": names});
            assert!(body.to_string().len() < 2 << 20, "{}", body.to_string().len());
        }
        let long = [vec![7; 3 * ACTS_BYTES], vec![7; 3]];
        assert_eq!(pages_of_acts(0, &long, &none), [(0, 1), (1, 1)]);
    }
}
