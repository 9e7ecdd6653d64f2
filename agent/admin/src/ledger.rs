//! What an administrator asks the ledger (LEDGER §L4), in the words of this program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_link::{EvidenceLacks, LedgerCode, Link, MediaType, Options};
use sekisho_register::change::Log;
use sekisho_register::today::{Watched, WatchedWords};
use sekisho_tlog::bundle::decode_bundle;
use sekisho_tlog::tile::{TileContent, TilePath};
use sekisho_wire::id::{CardGuid, CaseReference, Code, Hash, OfficeId, Salt};
use sekisho_wire::words::Language;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::AdminError;
use crate::name::Name;
use crate::office_file::Office;
use crate::register_cache::{RegisterCache, RegisterOf, claimed_size};
use crate::terminal_word::TerminalWord;

mod answers;
mod companion;
mod taken;

pub(crate) use self::answers::{
    Behind, DestroyedMonths, Evidence, Found, KeptMonth, Lost, Media, Place, Seal, Sealed, Waiting,
};
use self::answers::{RegisterPage, Row, WireName};
pub(crate) use self::companion::{Companion, Hand, Wanted, What, Wish};

/// More than the largest bundle: 256 entries of 64 KiB.
const TILE_MAX: usize = 20 * 1024 * 1024;

/// The ledger, as one office sees it.
#[derive(Debug)]
pub(crate) struct Ledger {
    link: Link,
    office: OfficeId,
    token: Option<Zeroizing<String>>,
}

fn bytes(text: &str) -> Result<Vec<u8>, AdminError> {
    STANDARD.decode(text).map_err(|_| AdminError::Ledger("bytes that are not base64"))
}

fn hashes(texts: &[String]) -> Result<Vec<Hash>, AdminError> {
    let hash =
        |text: &String| Hash::from_slice(&bytes(text)?).ok_or(AdminError::Ledger("a hash that has not 32 bytes"));
    texts.iter().map(hash).collect()
}

fn read_names(names: Vec<WireName>) -> Result<Vec<Name>, AdminError> {
    let read = |name: WireName| {
        let salt = Salt::from_slice(&bytes(&name.salt)?).ok_or(AdminError::Ledger("a salt that has not 16 bytes"))?;
        Ok(Name { salt, text: name.text })
    };
    names.into_iter().map(read).collect()
}

fn names_json(names: &[Name]) -> Value {
    let wire = |name: &Name| json!({"salt": STANDARD.encode(name.salt.as_bytes()), "text": name.text});
    names.iter().map(wire).collect()
}

impl Ledger {
    /// The ledger of this office; not logged in yet.
    ///
    /// # Errors
    /// When address or authority cannot be used.
    pub(crate) fn of(office: &Office) -> Result<Self, AdminError> {
        Ok(Self { link: Link::new(office.link_config())?, office: office.id, token: None })
    }

    /// Founds an office with a founding code (no token).
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn found(link: &Link, code: &LedgerCode, act: &[u8], names: &[Name]) -> Result<(), AdminError> {
        let body = json!({
            "secret": STANDARD.encode(*code.secret), "act": STANDARD.encode(act), "names": names_json(names),
        });
        let _: Value = link.post_json("/v1/offices", &body, &Options::default())?;
        Ok(())
    }

    /// Asks for a challenge (§L4).
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn challenge(&self) -> Result<Hash, AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            challenge: String,
        }
        let answer: Answer = self.link.post_json(&self.path("challenge"), &json!({}), &Options::default())?;
        Hash::from_slice(&bytes(&answer.challenge)?).ok_or(AdminError::Ledger("a challenge that has not 32 bytes"))
    }

    /// Hands in the signed challenge, and keeps the token for this run.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn log_in(&mut self, card: CardGuid, challenge: &Hash, signature: &[u8; 64]) -> Result<(), AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            token: Zeroizing<String>,
        }
        let body = json!({
            "card": card.to_string(),
            "challenge": STANDARD.encode(challenge.as_bytes()),
            "signature": STANDARD.encode(signature),
        });
        let answer: Answer = self.link.post_json(&self.path("token"), &body, &Options::default())?;
        self.token = Some(answer.token);
        Ok(())
    }

    /// Fetches what is new in the register, verifies it, and returns the register as it is now.
    ///
    /// # Errors
    /// As the link says; [`crate::broken_log::BrokenLog`] when the ledger does not continue what it showed before.
    pub(crate) fn refresh(&self, cache: &RegisterCache, of: &RegisterOf) -> Result<RegisterCache, AdminError> {
        let mut entries = Vec::new();
        let mut names = if cache.wants_names() { self.names(cache.size())? } else { Vec::new() };
        loop {
            let have = cache.size() + entries.len() as u64;
            let path = format!("{}?from={have}", self.path("register"));
            let page: RegisterPage = self.link.get_json(&path, &self.options())?;
            let size = claimed_size(&page.checkpoint)?;
            let came = page.entries.len();
            for entry in &page.entries {
                entries.push(bytes(entry)?);
            }
            names.extend(read_names(page.names)?);
            // Acts that came in after this checkpoint was signed are left for the next time.
            let settled = usize::try_from(size.saturating_sub(cache.size())).unwrap_or(usize::MAX);
            if came == 0 || entries.len() >= settled {
                entries.truncate(settled);
                let mut newer = cache.extend(of, &page.checkpoint, &entries)?;
                newer.learn(&names);
                return Ok(newer);
            }
        }
    }

    /// The names beside the first `size` entries, as far as the ledger still has them.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn names(&self, size: u64) -> Result<Vec<Name>, AdminError> {
        let (mut names, mut have) = (Vec::new(), 0);
        while have < size {
            let path = format!("{}?from={have}", self.path("register"));
            let page: RegisterPage = self.link.get_json(&path, &self.options())?;
            if page.entries.is_empty() {
                break;
            }
            have += page.entries.len() as u64;
            names.extend(read_names(page.names)?);
        }
        Ok(names)
    }

    /// Sends a signed act. It is its own proof, so no token is needed. Where the answer says that it lies is not believed.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn post_act(&self, act: &[u8], names: &[Name]) -> Result<u64, AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            index: u64,
        }
        let body = json!({"act": STANDARD.encode(act), "names": names_json(names)});
        let answer: Answer = self.link.post_json(&self.path("acts"), &body, &Options::default())?;
        Ok(answer.index)
    }

    /// Where an act lies, with its proof.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn place_of(&self, id: &Hash) -> Result<Place, AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            index: u64,
            proof: Vec<String>,
            checkpoint: String,
        }
        let answer: Answer = self.link.get_json(&self.path(&format!("acts/{id}")), &self.options())?;
        Ok(Place { index: answer.index, proof: hashes(&answer.proof)?, checkpoint: answer.checkpoint.into() })
    }

    /// The names that the ledger has beside an act; whether they are those of the act, its hashes say.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn names_of(&self, id: &Hash) -> Result<Vec<Name>, AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            names: Vec<WireName>,
        }
        let answer: Answer = self.link.get_json(&self.path(&format!("acts/{id}/names")), &self.options())?;
        read_names(answer.names)
    }

    /// The texts beside entries of the casebook from this one on, and where the next page begins.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn texts(&self, from: u64) -> Result<(Vec<Name>, u64), AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            texts: Vec<WireName>,
            next: u64,
        }
        let answer: Answer = self.link.get_json(&self.path(&format!("texts?from={from}")), &self.options())?;
        Ok((read_names(answer.texts)?, answer.next))
    }

    /// Has the ledger make a one-time code for a terminal.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn invite(&self, terminal: &str) -> Result<(Zeroizing<String>, u64), AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            code: Zeroizing<String>,
            expires: u64,
        }
        let body = json!({"terminal": terminal});
        let answer: Answer = self.link.post_json(&self.path("invitations"), &body, &self.options())?;
        Ok((answer.code, answer.expires))
    }

    /// Terminals waiting for an act.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn waiting(&self) -> Result<Vec<Waiting>, AdminError> {
        Ok(self.link.get_json(&self.path("enrolments"), &self.options())?)
    }

    /// How far each terminal's records have come.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn behind(&self) -> Result<Vec<Behind>, AdminError> {
        Ok(self.link.get_json(&self.path("behind"), &self.options())?)
    }

    /// What the ledger sees (§L4), each with since when. What a newer one sees is passed over.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn watched(&self) -> Result<Vec<(Watched, u64)>, AdminError> {
        #[derive(Deserialize)]
        struct Row {
            what: String,
            since: u64,
            terminal: Option<String>,
            log: Option<String>,
            card: Option<String>,
            operator: Option<String>,
            at: Option<u64>,
            free: Option<u64>,
        }
        let rows: Vec<Row> = self.link.get_json(&self.path("watched"), &self.options())?;
        let read = |Row { what, since, terminal, log, card, operator, at, free }: Row| {
            // They are shown as moments.
            let sound = [Some(since), at].into_iter().flatten().all(|at| at < 1 << 53);
            Some((Watched::of_words(&WatchedWords { what, terminal, log, card, operator, at, free })?, since))
                .filter(|_| sound)
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// What is left of the logs that have stopped (§L4).
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn lost(&self) -> Result<Vec<Lost>, AdminError> {
        Ok(self.link.get_json(&self.path("lost"), &self.options())?)
    }

    /// The months that have records, by class.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn kept_months(&self) -> Result<Vec<KeptMonth>, AdminError> {
        Ok(self.link.get_json(&self.path("retention"), &self.options())?)
    }

    /// How the ledger's backups stand (§L4).
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn media(&self) -> Result<Media, AdminError> {
        Ok(self.link.get_json(&self.path("media"), &self.options())?)
    }

    /// Brings a batch of a terminal's records (§L4).
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn bring(&self, terminal: &Code, envelope: &str) -> Result<(), AdminError> {
        let path = self.path(&format!("terminals/{terminal}/batches"));
        self.link.post(&path, MediaType::OctetStream, &bytes(envelope)?, &self.options())?;
        Ok(())
    }

    /// What proves that a terminal's records are sealed (§L4).
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn seal(&self, terminal: &Code, sealed: &Sealed) -> Result<Seal, AdminError> {
        let Sealed { epoch, from, seen } = sealed;
        let path = self.path(&format!("terminals/{terminal}/seal?epoch={epoch}&from={from}&seen={seen}"));
        Ok(Seal { answer: self.link.get_json(&path, &self.options())? })
    }

    /// One page of a search (§L5); `query` is encoded already.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn search(&self, query: &str) -> Result<Found, AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            rows: Vec<Row>,
            #[serde(default)]
            next: Option<u64>,
            #[serde(flatten)]
            lacks: EvidenceLacks,
            size: u64,
            of: u64,
            #[serde(default)]
            destroyed: Vec<DestroyedMonths>,
        }
        let answer: Answer = self.link.get_json(&format!("{}?{query}", self.path("search")), &self.options())?;
        let carried = answer.rows.iter().filter_map(|row| Some((row.index, row.carried?))).collect();
        let rows = answer.rows.iter().map(|row| Ok((row.index, bytes(&row.record)?)));
        let rows = rows.collect::<Result<_, AdminError>>()?;
        let Answer { next, lacks, destroyed, size, of, .. } = answer;
        Ok(Found { rows, carried, next, lacks, destroyed, size, of })
    }

    /// A record and what proves it; with the number under which it is permitted to take it away, if it is.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn evidence(&self, index: u64, permission: Option<&CaseReference>) -> Result<Evidence, AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            record: String,
            index: u64,
            proof: Vec<String>,
            checkpoint: String,
            #[serde(default)]
            batch: Option<String>,
            #[serde(default)]
            leaves: Vec<String>,
            #[serde(flatten)]
            lacks: EvidenceLacks,
        }
        let permission = permission.map_or_else(String::new, |number| format!("?permission={}", number.as_str()));
        let path = self.path(&format!("evidence/{index}{permission}"));
        let answer: Answer = self.link.get_json(&path, &self.options())?;
        let place = Place { index: answer.index, proof: hashes(&answer.proof)?, checkpoint: answer.checkpoint.into() };
        let word = match &answer.batch {
            Some(batch) => Some(TerminalWord { batch: bytes(batch)?, leaves: hashes(&answer.leaves)? }),
            None => None,
        };
        Ok(Evidence { record: bytes(&answer.record)?, place, word, lacks: answer.lacks })
    }

    /// The newest checkpoint of a log, as a note.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn checkpoint(&self, log: Log) -> Result<String, AdminError> {
        let answer =
            self.link.get(&format!("/{}/{}/checkpoint", self.office, log.name(Language::English)), &self.options())?;
        Ok(answer.text()?.to_owned())
    }

    /// All entries of a log up to `size`, from its bundles (tlog §6).
    ///
    /// # Errors
    /// As the link says; a bundle that is none.
    pub(crate) fn entries(&self, log: Log, size: u64) -> Result<Vec<Vec<u8>>, AdminError> {
        let mut entries = Vec::new();
        for path in (0..).map_while(|bundle| TilePath::in_tree(TileContent::Entries, bundle, size)) {
            entries.extend(self.bundle(log, &path)?);
        }
        Ok(entries)
    }

    /// The entries of one bundle.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn bundle(&self, log: Log, path: &TilePath) -> Result<Vec<Vec<u8>>, AdminError> {
        let bundle = self.tile(log, path)?;
        let came = decode_bundle(&bundle)?;
        if came.len() != usize::from(path.width()) {
            return Err(AdminError::Ledger("a bundle of another width than was asked for"));
        }
        Ok(came.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// One tile of a log: hashes or entries.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn tile(&self, log: Log, path: &TilePath) -> Result<Vec<u8>, AdminError> {
        let path = format!("/{}/{}/{path}", self.office, log.name(Language::English));
        Ok(self.link.get(&path, &Options { limit: TILE_MAX, ..self.options() })?.body)
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/{}/{what}", self.office)
    }

    fn options(&self) -> Options<'_> {
        Options { bearer: self.token.as_deref().map(String::as_str), ..Options::default() }
    }
}
