//! An act that a person signs at this terminal with her own card: drafted here out of a closed list, shown as text, signed by slot 9C with a PIN that
//! is typed for this very draft, and brought to the ledger. What is signed is byte for byte what was shown: a draft never changes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use sekisho_ipc::{
    ActDraft, ActKind, AgentError, AwaitAnswer, Bar, DraftActRequest, ShownAct, Verdict as ShownVerdict,
};
use sekisho_register::act::ACT_VERSION;
use sekisho_register::calendar::{local_day, moment};
use sekisho_register::change::{ActivateCard, Change, ConnectionState, Log, SetConnection};
use sekisho_register::organisation::Capacity;
use sekisho_register::thing::Thing;
use sekisho_register::{Act, FoldRefusal, Register, render};
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::ClockState;
use sekisho_wire::id::{CardGuid, Code, Numbered};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::agent::{Agent, Core};
use crate::card_desk::hex;
use crate::function::{Caller, field};
use crate::reports::numbered_card;
use crate::session::Insertion;
use crate::spoken;
use crate::worker_link::{CallAnswer, Problem, SignKey, ToWorker};

mod sending;

use sending::{Came, Outgoing, Stage};

/// How long a draft waits for its PIN, ms: who was called away looks at it anew.
const DRAFT_LIVES: u64 = 3 * 60 * 1000;
/// How long such an act is good for, ms: it goes to the ledger at once, or not at all.
const LIFETIME: u64 = 10 * 60 * 1000;
/// How long a person waits to hear whether the ledger has it.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much longer where the ledger was being asked just then.
const ON_ITS_WAY: Duration = Duration::from_secs(40);
/// So many functions one stop names.
const FUNCTIONS_MAX: usize = 200;

/// What was drafted last, and what is on its way.
#[derive(Debug, Default)]
pub(crate) struct PanelActs {
    draft: Option<Draft>,
    outgoing: VecDeque<Outgoing>,
}

/// An act that waits for its signature.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    id: String,
    /// Who drafted it: nobody else asks for its PIN.
    uid: u32,
    /// For which card, in which insertion.
    card: CardGuid,
    insertion: Insertion,
    act: Act,
    text: String,
    text_ja: String,
    /// Boot time.
    until: u64,
}

impl Agent {
    /// Drafts an act and shows it as text. Nothing is signed, and no PIN is asked for.
    ///
    /// # Errors
    /// [`AgentError`]: what the register would say of the act is said now.
    pub fn draft_act(&self, caller: &Caller, request: &DraftActRequest) -> Result<ActDraft, AgentError> {
        if !caller.may_prompt {
            return Err(AgentError::NotPermitted { reason: Bar::NotAPromptPeer });
        }
        let mut core = self.once_read(self.lock());
        let Some(card) = core.machine.card().cloned() else {
            return Err(spoken::refused(VerdictCode::NoCard, None));
        };
        if !caller.trusted && !core.is_owner(caller) {
            return Err(AgentError::NotPermitted { reason: Bar::NotYourSession });
        }
        let now = self.clock.boottime();
        if core.panel_acts.live(now).is_some_and(|draft| draft.uid != caller.uid) {
            return Err(spoken::refused(VerdictCode::AgentBusy, None));
        }
        self.may_sign_here(&mut core, &card.card)?;
        let register = Arc::clone(&core.register);
        let made = self.now(&mut core).trusted.max(register.newest_made());
        let change = change_of(&register, request, made)?;
        let post = field::<Code>("post", request.post.as_deref())?;
        let act = self.acceptable(&register, &card.card, (made, change), post.as_ref())?;
        let (text, text_ja) = (render(&act, &register, Language::English), render(&act, &register, Language::Japanese));
        let (id, until) = (self.salt().to_string(), now.saturating_add(DRAFT_LIVES));
        let draft =
            Draft { id, uid: caller.uid, card: card.card, insertion: card.insertion, act, text, text_ja, until };
        let shown = ActDraft {
            draft: draft.id.clone(),
            text: draft.text.clone(),
            text_ja: draft.text_ja.clone(),
            card: card.card.to_string(),
            seconds: u32::try_from(DRAFT_LIVES / 1000).unwrap_or(u32::MAX),
        };
        core.panel_acts.draft = Some(draft);
        self.tell(&mut core);
        Ok(shown)
    }

    /// Whether this card signs acts, and its holder may use it for anything: what keeps it from opening a session here keeps it from signing here.
    fn may_sign_here(&self, core: &mut Core, guid: &CardGuid) -> Result<(), AgentError> {
        let at = self.now(core).trusted.max(core.register.newest_made());
        let refused = |code| Err(spoken::refused(code, None));
        let Some(card) = core.register.card(guid) else { return refused(VerdictCode::CardUnknown) };
        if core.reports.against(Some(guid)).is_some() {
            return refused(VerdictCode::CardReported);
        }
        let ends = core.register.pin_ends(card, core.pins_changed.of(Some(guid)), at);
        if ends.is_some_and(|ends| at >= ends) {
            return refused(VerdictCode::PinExpired);
        }
        if core.trusted.clock_state() != ClockState::Sound {
            return refused(VerdictCode::ClockUnknown);
        }
        if card.issued().signature.is_none() {
            return Err(spoken::problem(&signs_nothing(), None));
        }
        Ok(())
    }

    /// The act in the name of the post that lets her do it, the holder's before the deputy's; else why none does.
    fn acceptable(
        &self,
        register: &Register,
        guid: &CardGuid,
        (made, change): (u64, Change),
        wanted: Option<&Code>,
    ) -> Result<Act, AgentError> {
        let holder = register.card(guid).and_then(|card| card.holder(made)).map(|holder| holder.operator.clone());
        let Some(operator) = holder else { return Err(spoken::refused(VerdictCode::OperatorUnknown, None)) };
        let mut nearest = None;
        for capacity in [Capacity::Holder, Capacity::Deputy] {
            let held = register.posts().filter(|post| post.is_held_by(&operator, capacity, made));
            for post in held.filter(|post| wanted.is_none_or(|wanted| post.code() == wanted)) {
                let as_deputy = capacity == Capacity::Deputy;
                let act = self.act_in_post(register, made, change.clone(), (post.code().clone(), as_deputy));
                let entry = act.to_be_signed(&Signer::Card(*guid)).finish([0; 64]);
                match register.would_take(&entry, made) {
                    Ok(_) => return Ok(act),
                    Err(refusal) if nearest.is_none() || !matches!(refusal, FoldRefusal::NoRoute(_)) => {
                        nearest = Some(refusal);
                    }
                    Err(_) => {}
                }
            }
        }
        Err(nearest.map_or_else(|| spoken::problem(&no_post(), None), |refusal| refused_by(&refusal)))
    }

    fn act_in_post(&self, register: &Register, made: u64, change: Change, (post, as_deputy): (Code, bool)) -> Act {
        Act {
            version: ACT_VERSION,
            critical: true,
            office: self.identity.office,
            log: Log::Register,
            salt: self.salt(),
            made,
            expires: made.saturating_add(LIFETIME),
            seen_size: register.size(),
            seen_root: register.root(),
            post: Some(post),
            as_deputy,
            request: None,
            agreement: None,
            permit: None,
            changes: vec![change],
            proposal: None,
            effective: None,
            paper: None,
        }
    }

    /// The draft of this id, if this caller may ask for its PIN now.
    ///
    /// # Errors
    /// [`AgentError::NoSuchDraft`], or why the card may not sign any more.
    pub(crate) fn draft_to_sign(&self, core: &mut Core, caller: &Caller, id: &str) -> Result<Draft, AgentError> {
        let now = self.clock.boottime();
        let draft = core.panel_acts.live(now).filter(|draft| draft.id == id && draft.uid == caller.uid).cloned();
        let draft = draft.ok_or(AgentError::NoSuchDraft)?;
        if core.machine.card().is_none_or(|card| card.insertion != draft.insertion) {
            return Err(AgentError::NoSuchDraft);
        }
        self.may_sign_here(core, &draft.card)?;
        Ok(draft)
    }

    /// The PIN is typed: the card signs the draft as it was shown, and it goes to the ledger. It is used up, whatever comes of it.
    pub(crate) fn sign_draft(
        &self,
        caller: &Caller,
        draft: Draft,
        (insertion, call): (Insertion, u64),
        answers: &Receiver<CallAnswer>,
    ) -> Result<AwaitAnswer, AgentError> {
        let mut core = self.lock();
        core.still_in(insertion)?;
        self.draft_to_sign(&mut core, caller, &draft.id)?;
        core.panel_acts.draft = None;
        self.tell(&mut core);
        let to_be_signed = draft.act.to_be_signed(&Signer::Card(draft.card));
        let key = core.register.card(&draft.card).and_then(|card| card.issued().signature);
        let key = key.ok_or_else(|| spoken::problem(&signs_nothing(), None))?.0;
        let own = core.own(insertion).ok_or(AgentError::PromptCancelled)?;
        let digest = to_be_signed.digest;
        let errand = ToWorker::SignWithPin { call, insertion: own, digest: hex(&digest), key: SignKey::Act };
        core.send_pin(insertion, call, errand)?;
        drop(core);
        let signature = self.signature(insertion, answers)?;
        if !sekisho_card::verify_signature(&key, &digest, &signature.0) {
            log::error!("card {} signs acts with a key that the register does not know", draft.card);
            return Err(spoken::refused(VerdictCode::CardFalse, None));
        }
        self.lock().pins.accepted(&draft.card);
        match self.bring(to_be_signed.finish(signature.0)) {
            Some(Came::Placed) => {
                let verdict = in_force();
                Ok(AwaitAnswer { verdict, tries_left: None, session: None, record: None, decision: None })
            }
            Some(Came::Refused(rule)) => Err(spoken::problem(&ledger_refuses(&rule), None)),
            None => Err(spoken::problem(&not_reached(), None)),
        }
    }

    /// Has the forwarder bring an act, and waits a moment for what comes of it. One that was not taken by then is not sent any more.
    #[expect(clippy::disallowed_methods, reason = "a person waits in real time, whatever the agent's clock says")]
    fn bring(&self, entry: Vec<u8>) -> Option<Came> {
        let id = self.salt();
        let until = Instant::now() + PATIENCE;
        let mut core = self.lock();
        core.panel_acts.outgoing.push_back(Outgoing { id, entry, stage: Stage::Waits });
        self.tell(&mut core);
        loop {
            let place = core.panel_acts.outgoing.iter().position(|outgoing| outgoing.id == id)?;
            let now = Instant::now();
            // What is on the line is heard to its end: it would be said to have gone nowhere, and take effect a moment later.
            let left = match core.panel_acts.outgoing[place].stage {
                Stage::Waits => until.saturating_duration_since(now),
                Stage::OnItsWay => (until + ON_ITS_WAY).saturating_duration_since(now),
                Stage::Came(_) => Duration::ZERO,
            };
            if left.is_zero() {
                let outgoing = core.panel_acts.outgoing.remove(place)?;
                return if let Stage::Came(came) = outgoing.stage { Some(came) } else { None };
            }
            core = self.wait_for_change(core, left);
        }
    }
}

impl PanelActs {
    /// The draft that waits, while its time lasts.
    fn live(&self, now: u64) -> Option<&Draft> {
        self.draft.as_ref().filter(|draft| now < draft.until)
    }

    /// As panel and desktop show it; `uid` is who looks.
    pub(crate) fn shown(&self, now: u64, uid: u32) -> Option<ShownAct> {
        self.live(now).map(|draft| ShownAct {
            draft: draft.id.clone(),
            text: draft.text.clone(),
            text_ja: draft.text_ja.clone(),
            yours: draft.uid == uid,
        })
    }

    /// A card went: what was drafted for it is not signed by another insertion.
    pub(crate) fn forget(&mut self, insertion: Insertion) {
        self.draft.take_if(|draft| draft.insertion == insertion);
    }
}

/// The change that is asked for, of the three that a panel can bring.
fn change_of(register: &Register, request: &DraftActRequest, made: u64) -> Result<Change, AgentError> {
    let needed = |name: &str, text: Option<&str>| {
        field::<Code>(name, text)?.ok_or_else(|| wrong(name, "a code of the office's"))
    };
    let card = || {
        let text = request.card.as_deref().unwrap_or_default().trim();
        let known = text.parse::<CardGuid>().ok().or_else(|| {
            numbered_card(text).and_then(|number| register.card_by_number(number)).map(|card| *card.guid())
        });
        known.and_then(|guid| register.card(&guid)).ok_or_else(|| spoken::refused(VerdictCode::ReportUnknown, None))
    };
    // Of whom nobody knows the section no head may decide: that he is not known is nearer to the mistake.
    let person = |operator: Code| match register.operator(&operator) {
        Some(_) => Ok(operator),
        None => Err(refused_by(&FoldRefusal::Unknown(Thing::Operator(operator)))),
    };
    match request.act {
        ActKind::ActivateCard => {
            let profiles = request.profiles.iter().flatten().map(|code| needed("profiles", Some(code)));
            let to = match request.until {
                Some(to) if to > made => to,
                Some(_) => return Err(wrong("until", "a time to come, in ms since 1970 UTC")),
                None => closing(register, made),
            };
            Ok(Change::ActivateCard(Box::new(ActivateCard {
                card: *card()?.guid(),
                operator: person(needed("operator", request.operator.as_deref())?)?,
                profiles: profiles.collect::<Result<_, _>>()?,
                from: made,
                to,
                reason: needed("reason", request.reason.as_deref())?,
            })))
        }
        ActKind::EndActivation => {
            let card = card()?;
            let Some(awake) = card.holder(made).filter(|_| card.issued().dormant) else {
                return Err(spoken::problem(&not_awake(), None));
            };
            // The later word holds within its own period, and of the one before it nothing is left (register §R4.7).
            Ok(Change::ActivateCard(Box::new(ActivateCard {
                card: *card.guid(),
                operator: awake.operator.clone(),
                profiles: awake.profiles.to_vec(),
                from: made,
                to: made.saturating_add(1),
                reason: needed("reason", request.reason.as_deref())?,
            })))
        }
        ActKind::StopConnection => {
            if request.functions.as_ref().is_some_and(|functions| functions.len() > FUNCTIONS_MAX) {
                return Err(wrong("functions", "at most 200"));
            }
            let functions = request.functions.iter().flatten().map(|code| needed("functions", Some(code)));
            let mut functions: Vec<Code> = functions.collect::<Result<_, _>>()?;
            functions.sort();
            functions.dedup();
            let incident = match request.incident.as_deref() {
                None => None,
                Some(text) => Some(number_of(text).ok_or_else(|| wrong("incident", "as in 2026-3"))?),
            };
            Ok(Change::Connection(SetConnection { state: ConnectionState::Stopped, functions, incident }))
        }
    }
}

fn number_of(text: &str) -> Option<Numbered> {
    numbered_card(text.trim())
}

/// When the office closes on the day of `t`, or where it is closed, or has closed, the end of that day.
fn closing(register: &Register, t: u64) -> u64 {
    let midnight = moment(local_day(t).saturating_add(1), 0);
    register.office_closes(t).filter(|closes| *closes > t && *closes <= midnight).unwrap_or(midnight)
}

fn wrong(name: &str, rule: &str) -> AgentError {
    AgentError::InvalidArgument { field: name.into(), rule: rule.into() }
}

/// What the register says of such an act, in its own words.
fn refused_by(refusal: &FoldRefusal) -> AgentError {
    let problem = Problem {
        what: refusal.text(Language::English),
        what_ja: refusal.text(Language::Japanese),
        next: refusal.next_step(Language::English).into(),
        next_ja: refusal.next_step(Language::Japanese).into(),
    };
    let verdict = ShownVerdict { code: refusal.code().into(), ..spoken::problem_verdict(&problem) };
    spoken::refused_with(verdict, None)
}

fn in_force() -> ShownVerdict {
    ShownVerdict {
        what: "signed; the ledger has the act, and every terminal hears of it within seconds".into(),
        what_ja: "署名しました。台帳に登録され、数秒以内に全ての端末機に届きます".into(),
        ..spoken::verdict(VerdictCode::Granted)
    }
}

fn said([what, what_ja]: [&str; 2], [next, next_ja]: [&str; 2]) -> Problem {
    Problem { what: what.into(), what_ja: what_ja.into(), next: next.into(), next_ja: next_ja.into() }
}

fn signs_nothing() -> Problem {
    said(
        ["this card signs no acts", "このカードでは処分に署名できません"],
        [
            "Insert the card of somebody who may decide it: the head of the section, or an administrator.",
            "決定できる人(所属長または管理者)のカードを挿入してください。",
        ],
    )
}

fn no_post() -> Problem {
    said(
        ["the holder of this card holds no such post", "カードの所持者は該当する職に就いていません"],
        [
            "Insert the card of somebody who may decide it: the head of the section, or an administrator.",
            "決定できる人(所属長または管理者)のカードを挿入してください。",
        ],
    )
}

fn not_awake() -> Problem {
    said(
        ["this card is not activated for anybody", "このカードは有効化されていません"],
        ["There is nothing to end.", "終了の手続きは不要です。"],
    )
}

fn ledger_refuses(rule: &str) -> Problem {
    Problem {
        what: format!("the ledger does not take the act ({rule}): nothing has changed"),
        what_ja: format!("台帳が処分を受け付けません({rule})。何も変わっていません"),
        next: "Look at it anew; somebody may have decided otherwise meanwhile.".into(),
        next_ja: "内容を確認してやり直してください。その間に別の決定があった可能性があります。".into(),
    }
}

fn not_reached() -> Problem {
    said(
        [
            "the ledger was not reached: whether it has the act is not known, and it is not sent again",
            "台帳に届いたか確認できません。この処分を後から送ることはありません",
        ],
        [
            "See in a moment whether it is in force; if not, do it again, or telephone the system manager: he can do it from his desk.",
            "しばらくして反映されているか確認し、されていなければやり直すか、システム管理者に電話してください(管理者の机からも行えます)。",
        ],
    )
}

#[cfg(test)]
#[path = "panel_act/tests.rs"]
mod tests;
