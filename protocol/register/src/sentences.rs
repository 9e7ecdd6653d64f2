//! A record in sentences: who did what, when and where, and why it was permitted or refused.

mod machine;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};

use sekisho_wire::decision::{DecisionInput, Request, SessionKind};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::reason::{CardTrouble, FalseSlot, IncidentClass, Instead, LeaseEnd, LoginSeen, Outcome, ScreenCause};
use sekisho_wire::record::{Body, CardReported, Decision, Emitter, IncidentReported, Record, ScreenNotLocked};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::fold::Register;
use crate::wareki::{moment_text, numbered};

/// Tells records with the titles of a register, and with the names that somebody knows beside it.
pub struct Sentences<'a> {
    /// Where titles and numbers come from.
    pub register: &'a Register,
    /// A person as people read him: name and code, or the code alone.
    pub person: &'a dyn Fn(&Code) -> String,
    /// In which language.
    pub language: Language,
}

impl Sentences<'_> {
    /// In the language of this teller.
    #[must_use]
    pub fn say(&self, english: impl Into<String>, japanese: impl Into<String>) -> String {
        match self.language {
            Language::English => english.into(),
            Language::Japanese => japanese.into(),
        }
    }

    /// One line: when, where, who, what.
    #[must_use]
    pub fn line(&self, record: &Record) -> String {
        let place = match &record.emitter {
            Emitter::Terminal(terminal) => self.say(format!("terminal {terminal}"), format!("端末機 {terminal}")),
            Emitter::Ledger => self.say("the ledger", "台帳"),
        };
        format!("{}  {place}  {}", moment_text(record.trusted, self.language), self.happened(&record.body))
    }

    /// That a record came later than those around it, out of which epoch, and in which epoch and place it stands.
    #[must_use]
    pub fn carried(&self, record: &Record, (later, there): (u32, u64)) -> String {
        let (epoch, seq) = (record.epoch, record.seq);
        self.say(
            format!("brought later: record {seq} of epoch {epoch}, which the terminal carried into epoch {later} as record {there}"),
            format!("後から届いた記録: 履歴{epoch}の記録{seq}を、端末機が履歴{later}の記録{there}として引き継いだもの"),
        )
    }

    /// What happened.
    #[must_use]
    pub fn happened(&self, body: &Body) -> String {
        match body {
            Body::SessionOpened(opening) => {
                let who = self.who(&opening.input);
                let kind = self.session_kind(opening.input.session_kind);
                self.say(
                    format!("{who} logged in with card and PIN{kind}"),
                    format!("{who} がカードと暗証番号でログインした{kind}"),
                )
            }
            Body::SessionUnlocked(opening) => {
                let who = self.who(&opening.input);
                self.say(
                    format!("{who} unlocked the terminal with the PIN"),
                    format!("{who} が暗証番号でロックを解除した"),
                )
            }
            Body::SessionClosed(end) => {
                let why = self.reason(end.reason);
                self.say(
                    format!("session {} ended: {why}", end.session),
                    format!("セッション {} が終了した: {why}", end.session),
                )
            }
            Body::Locked(end) => {
                let why = self.reason(end.reason);
                self.say(
                    format!("session {} was locked: {why}", end.session),
                    format!("セッション {} がロックされた: {why}", end.session),
                )
            }
            Body::Decision(decision) => self.decision(decision),
            Body::Completed(done) => {
                let outcome = self.outcome(done.outcome);
                self.say(
                    format!("what record {} permitted was {outcome}: {} items", done.of, done.items),
                    format!("記録 {} で許可された処理は{outcome}({}件)", done.of, done.items),
                )
            }
            Body::Withdrawn(withdrawn) => {
                let why = self.reason(withdrawn.reason);
                self.say(
                    format!("what record {} permitted was taken back before it was answered: {why}", withdrawn.of),
                    format!("記録 {} の許可は回答前に取り消された: {why}", withdrawn.of),
                )
            }
            Body::PinFailed(failed) => {
                let whose = failed.operator.as_ref().map_or_else(|| failed.card.to_string(), |who| (self.person)(who));
                let left = failed.tries_left;
                self.say(
                    format!("a wrong PIN was typed for {whose}: {left} tries left"),
                    format!("{whose} の暗証番号が誤って入力された(残り{left}回)"),
                )
            }
            Body::CardFalse(seen) => {
                let card = seen.card;
                let slot = match seen.slot {
                    FalseSlot::Authentication => "9A",
                    FalseSlot::Presence => "9E",
                    FalseSlot::Grant => {
                        return self.say(
                            format!(
                                "a FALSE card says that it is {card}: the grant on it is not one of the register log"
                            ),
                            format!("カード {card} を名乗る偽のカード: 貸与記録が登録簿のものではない"),
                        );
                    }
                };
                self.say(
                    format!("a FALSE card says that it is {card}: its signature (slot {slot}) is by another key"),
                    format!("カード {card} を名乗る偽のカード: 署名(スロット {slot})が登録された鍵のものではない"),
                )
            }
            Body::PinChanged(changed) => {
                let whose =
                    changed.operator.as_ref().map_or_else(|| changed.card.to_string(), |who| (self.person)(who));
                self.say(format!("the PIN of {whose} was changed"), format!("{whose} の暗証番号が変更された"))
            }
            Body::ScreenLocked(_) => self.say("the screen was locked", "画面がロックされた"),
            Body::ScreenNotLocked(screen) => self.not_locked(screen),
            Body::BreakGlass(login) => {
                let at = moment_text(login.at, self.language);
                let (late, late_ja) = match login.seen {
                    LoginSeen::Told => ("", ""),
                    LoginSeen::Listed => (" while no agent ran", "(エージェント停止中)"),
                };
                self.say(
                    format!("{} logged in WITHOUT a card at {at}{late}", login.account),
                    format!("アカウント {} がカードなしで {at} にログインした{late_ja}", login.account),
                )
            }
            Body::CardReported(reported) => self.card_reported(reported),
            Body::IncidentReported(reported) => self.incident_reported(reported),
            Body::ReadersLent(lent) => {
                let (uid, until) = (lent.uid, moment_text(lent.until, self.language));
                self.say(
                    format!("the card readers were lent to a program of uid {uid} until {until} at the latest"),
                    format!("カードリーダーが uid {uid} のプログラムに貸し出された(期限 {until})"),
                )
            }
            Body::ReadersBack(end) => self.readers_back(*end),
            Body::TerminalUp(_)
            | Body::TerminalDown
            | Body::ReaderUp(_)
            | Body::ReaderDown(_)
            | Body::Link(_)
            | Body::Clock(_)
            | Body::Lost(_)
            | Body::RegisterAdvanced(_)
            | Body::Worker(_)
            | Body::CardSeen(_) => self.operation(body),
            Body::Read(_) | Body::Alarm(_) | Body::Enrolment(_) => self.administration(body),
        }
    }

    fn card_reported(&self, reported: &CardReported) -> String {
        let (what, what_ja) = match reported.reason {
            CardTrouble::Lost => ("lost", "紛失"),
            CardTrouble::Stolen => ("stolen", "盗難"),
            CardTrouble::Damaged => ("damaged", "き損"),
            CardTrouble::PinCompromised => ("known by its PIN to somebody else", "暗証番号の漏えい"),
        };
        let card = self.register.card(&reported.card);
        let number = card.map_or_else(|| reported.card.to_string(), |card| numbered(card.number(), self.language));
        let by = self.by(reported.operator.as_ref());
        self.say(
            format!("card {number} was reported {what} here{by}: it opens nothing"),
            format!("カード {number} の{what_ja}がこの端末機で届け出られ、使えなくなった{by}"),
        )
    }

    fn incident_reported(&self, reported: &IncidentReported) -> String {
        let (class, class_ja) = match reported.class {
            IncidentClass::Failure => ("failure", "障害"),
            IncidentClass::Misuse => ("misuse", "不正行為"),
        };
        let (kind, by) = (&reported.kind, self.by(reported.operator.as_ref()));
        self.say(
            format!("an incident was reported here{by}: {class}, {kind}"),
            format!("この端末機で事故が報告された({class_ja}: {kind}){by}"),
        )
    }

    fn readers_back(&self, end: LeaseEnd) -> String {
        let (why, why_ja) = match end {
            LeaseEnd::GivenBack => ("they were given back", "返却"),
            LeaseEnd::TimeOver => ("the time was over", "期限到来"),
            LeaseEnd::AgentStopping => ("the agent stopped", "エージェントの停止"),
            LeaseEnd::AgentDied => ("the agent died meanwhile", "エージェントの異常終了"),
        };
        self.say(
            format!("the lease of the card readers ended: {why}"),
            format!("カードリーダーの貸出しが終わった({why_ja})"),
        )
    }

    /// In whose session; without one nobody knows.
    fn by(&self, operator: Option<&Code>) -> String {
        let who = operator.map(|operator| (self.person)(operator));
        match who {
            Some(who) => self.say(format!(" by {who}"), format!("(届出者: {who})")),
            None => self.say(" without a session", "(届出者: 利用者なし)"),
        }
    }

    fn not_locked(&self, screen: &ScreenNotLocked) -> String {
        let why = match screen.cause {
            ScreenCause::OutOfReach => self.say("logind was not reached", "logind に接続できない"),
            ScreenCause::Refused => self.say("logind refused", "logind が拒否した"),
            ScreenCause::NotConfirmed => self.say("the desktop did not confirm it", "デスクトップが確認しない"),
        };
        match screen.instead {
            Instead::Nothing => {
                self.say(format!("the screen was NOT locked: {why}"), format!("画面がロックされなかった: {why}"))
            }
            Instead::SessionEnded => self.say(
                format!("the screen could not be locked ({why}), and the desktop session was ended"),
                format!("画面をロックできず({why})、デスクトップのセッションを終了した"),
            ),
        }
    }

    fn decision(&self, decision: &Decision) -> String {
        let input = &decision.input;
        let who = self.who(input);
        let what = self.asked(input);
        let verdict = decision.verdict.words(self.language).what;
        let number = decision.verdict.number();
        if decision.verdict == VerdictCode::Granted {
            return self.say(format!("{who} asked for {what}: granted"), format!("{who} が{what}を求め、許可された"));
        }
        self.say(
            format!("{who} asked for {what}: refused ({number}: {verdict})"),
            format!("{who} が{what}を求め、拒否された({number}: {verdict})"),
        )
    }

    /// Who asked, as the register knows him.
    #[must_use]
    pub fn who(&self, input: &DecisionInput) -> String {
        match (&input.operator, &input.card) {
            (Some(operator), _) => (self.person)(operator) + &self.home(input.home),
            (None, Some(card)) => self.say(format!("somebody with card {card}"), format!("カード {card} の持参者")),
            (None, None) => self.say("somebody without a card", "カードのない者"),
        }
    }

    /// From which other office he comes, with the card from there.
    fn home(&self, home: Option<OfficeId>) -> String {
        let Some(home) = home else { return String::new() };
        let known = self.register.partners().find(|partner| partner.said().office == home);
        let office = known.map_or_else(|| home.to_string(), |partner| partner.said().title.to_string());
        self.say(format!(" of {office}"), format!("({office}所属)"))
    }

    fn asked(&self, input: &DecisionInput) -> String {
        match input.request {
            Request::Open => self.say("a login", "ログイン"),
            Request::Unlock => self.say("the lock to be opened", "ロックの解除"),
            Request::ChangePin => self.say("a change of PIN", "暗証番号の変更"),
            Request::Function => {
                let title = input.function.as_ref().and_then(|code| self.register.function(code)).map(|it| it.title());
                let code = input.function.as_ref().map_or("-", |code| code.as_str());
                let mut text = title.map_or_else(|| code.to_owned(), |title| format!("{title} ({code})"));
                if let Some(purpose) = &input.purpose {
                    let title =
                        self.register.purpose(purpose).map_or_else(|| purpose.to_string(), |it| it.title().to_owned());
                    text.push_str(&self.say(format!(" for {title}"), format!("(事由: {title})")));
                }
                if let Some(case) = &input.case {
                    text.push_str(&self.say(format!(", case {case}"), format!("(案件 {case})")));
                }
                text
            }
        }
    }

    fn session_kind(&self, kind: SessionKind) -> String {
        match kind {
            SessionKind::Ordinary => String::new(),
            SessionKind::Maintenance => self.say(" (maintenance)", "(保守)"),
            SessionKind::Training => self.say(" (training)", "(研修)"),
        }
    }

    fn outcome(&self, outcome: Outcome) -> String {
        match outcome {
            Outcome::Done => self.say("done", "完了した"),
            Outcome::Failed => self.say("not done: it failed", "失敗した"),
            Outcome::Cancelled => self.say("given up", "取りやめられた"),
        }
    }
}
