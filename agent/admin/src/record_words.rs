//! A record in sentences: who did what, when and where, and why it was permitted or refused.

use sekisho_register::wareki::{moment_text, numbered};
use sekisho_wire::decision::{DecisionInput, Request, SessionKind};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::reason::{
    AlarmKind, CardTrouble, EnrolmentEvent, FalseSlot, IncidentClass, Instead, LeaseEnd, LinkState, LoginSeen,
    LostReason, Outcome, PreviousEnd, Query, Reason, ScreenCause, WorkerState,
};
use sekisho_wire::record::{
    About, Body, CardReported, Decision, Emitter, IncidentReported, Lost, Record, RefusedAct, ScreenNotLocked,
};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::register_cache::RegisterCache;
use crate::terminal_word::CarriedTo;

/// Tells records with the names and titles of this register.
#[derive(Debug)]
pub(crate) struct Teller<'a> {
    /// Where names come from.
    pub cache: &'a RegisterCache,
    /// In which language.
    pub language: Language,
}

impl Teller<'_> {
    /// In the language of this teller.
    #[must_use]
    pub(crate) fn say(&self, english: impl Into<String>, japanese: impl Into<String>) -> String {
        match self.language {
            Language::English => english.into(),
            Language::Japanese => japanese.into(),
        }
    }

    /// One line: when, where, who, what.
    #[must_use]
    pub(crate) fn line(&self, record: &Record) -> String {
        let place = match &record.emitter {
            Emitter::Terminal(terminal) => self.say(format!("terminal {terminal}"), format!("端末機 {terminal}")),
            Emitter::Ledger => self.say("the ledger", "台帳"),
        };
        format!("{}  {place}  {}", moment_text(record.trusted, self.language), self.happened(&record.body))
    }

    /// That a record came later than those around it, and out of which epoch.
    #[must_use]
    pub(crate) fn carried(&self, record: &Record, to: CarriedTo) -> String {
        let (epoch, seq, CarriedTo { epoch: later, seq: there }) = (record.epoch, record.seq, to);
        self.say(
            format!("brought later: record {seq} of epoch {epoch}, which the terminal carried into epoch {later} as record {there}"),
            format!("後から届いた記録: 履歴{epoch}の記録{seq}を、端末機が履歴{later}の記録{there}として引き継いだもの"),
        )
    }

    /// What happened.
    #[must_use]
    pub(crate) fn happened(&self, body: &Body) -> String {
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
                let whose = failed
                    .operator
                    .as_ref()
                    .map_or_else(|| failed.card.to_string(), |who| self.cache.person(who, self.language));
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
                let whose = changed
                    .operator
                    .as_ref()
                    .map_or_else(|| changed.card.to_string(), |who| self.cache.person(who, self.language));
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
        let card = self.cache.register().card(&reported.card);
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
        let who = operator.map(|operator| self.cache.person(operator, self.language));
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

    fn operation(&self, body: &Body) -> String {
        match body {
            Body::TerminalUp(up) => {
                let before = match up.previous {
                    PreviousEnd::FirstStart => self.say("for the first time", "初回"),
                    PreviousEnd::InOrder => self.say("after ending in order", "前回は正常終了"),
                    PreviousEnd::WithoutNotice => self.say("after ending without notice", "前回は異常終了"),
                };
                self.say(
                    format!("the agent {} started {before}", up.version),
                    format!("エージェント {} が起動した({before})", up.version),
                )
            }
            Body::TerminalDown => self.say("the agent stopped", "エージェントが停止した"),
            Body::ReaderUp(reader) => {
                self.say(format!("reader {reader} appeared"), format!("カードリーダー {reader} が接続された"))
            }
            Body::ReaderDown(reader) => {
                self.say(format!("reader {reader} went away"), format!("カードリーダー {reader} が外された"))
            }
            Body::Link(LinkState::Up) => self.say("records reach the ledger", "記録が台帳に届くようになった"),
            Body::Link(LinkState::Down) => self.say("records do not reach the ledger", "記録が台帳に届かなくなった"),
            Body::Link(LinkState::RegisterUp) => {
                self.say("the register comes from the ledger", "台帳から登録簿が届くようになった")
            }
            Body::Link(LinkState::RegisterDown) => {
                self.say("the register does not come from the ledger", "台帳から登録簿が届かなくなった")
            }
            Body::Clock(step) => {
                let (from, to) = (moment_text(step.from, self.language), moment_text(step.to, self.language));
                self.say(
                    format!("trusted time stepped from {from} to {to}"),
                    format!("時刻が {from} から {to} に変わった"),
                )
            }
            Body::Lost(lost) => {
                let why = match lost.reason {
                    LostReason::JournalDamaged => self.say("the journal was damaged", "記録の破損"),
                    LostReason::JournalRestored => {
                        self.say("the journal was restored from a copy", "記録の写しからの復元")
                    }
                    LostReason::NotKept => self.say(
                        "the ledger lost them after they were kept no longer here",
                        "端末機での保存期間の後に台帳が失った",
                    ),
                };
                let (from, to) = (lost.from, lost.to);
                match lost.epoch {
                    None => self.say(
                        format!("records {from} to {to} are lost: {why}"),
                        format!("記録 {from} から {to} は失われた: {why}"),
                    ),
                    Some(epoch) if to == Lost::REST => self.say(
                        format!("whatever epoch {epoch} had from record {from} on is lost: {why}"),
                        format!("履歴 {epoch} の記録 {from} 以降は失われた: {why}"),
                    ),
                    Some(epoch) => self.say(
                        format!("records {from} to {to} of epoch {epoch} are lost: {why}"),
                        format!("履歴 {epoch} の記録 {from} から {to} は失われた: {why}"),
                    ),
                }
            }
            Body::RegisterAdvanced(newer) => self.say(
                format!("decides by the register of {} entries", newer.size),
                format!("登録簿({}件)に切り替えた", newer.size),
            ),
            Body::Worker(WorkerState::Lost) => self.say("the card worker was lost", "カード処理が停止した"),
            Body::Worker(WorkerState::Back) => self.say("the card worker is back", "カード処理が復旧した"),
            Body::CardSeen(seen) => {
                self.say(format!("card {} was inserted", seen.card), format!("カード {} が挿入された", seen.card))
            }
            Body::SessionOpened(_)
            | Body::SessionUnlocked(_)
            | Body::SessionClosed(_)
            | Body::Decision(_)
            | Body::Completed(_)
            | Body::Withdrawn(_)
            | Body::Locked(_)
            | Body::PinFailed(_)
            | Body::CardFalse(_)
            | Body::PinChanged(_)
            | Body::ScreenLocked(_)
            | Body::ScreenNotLocked(_)
            | Body::BreakGlass(_)
            | Body::CardReported(_)
            | Body::IncidentReported(_)
            | Body::ReadersLent(_)
            | Body::ReadersBack(_)
            | Body::Read(_)
            | Body::Alarm(_)
            | Body::Enrolment(_) => self.happened(body),
        }
    }

    fn administration(&self, body: &Body) -> String {
        if let Body::Read(read) = body {
            let who = self.cache.person(&read.operator, self.language);
            let what = match read.query {
                Query::Search => self.say("searched", "検索した"),
                Query::Entries => self.say("read entries", "記録を読んだ"),
                Query::Register => self.say("read the register", "登録簿を読んだ"),
                Query::Proof => self.say("fetched evidence", "証拠を取得した"),
            };
            let about = self.about(&read.about);
            return self.say(
                format!("{who} {what}{about} ({} shown)", read.count),
                format!("{who} が{what}{about}、{}件", read.count),
            );
        }
        if let Body::Alarm(alarm) = body {
            let act = alarm.act.as_ref().map_or_else(String::new, |act| self.refused_act(alarm.kind, act));
            let what = self.alarm(alarm.kind) + &act;
            let place = alarm.terminal.as_ref().map_or_else(String::new, |terminal| format!(" ({terminal})"));
            return self.say(format!("ALARM{place}: {what}"), format!("警報{place}: {what}"));
        }
        if let Body::Enrolment(enrolment) = body {
            let terminal = &enrolment.terminal;
            let (english, japanese) = match enrolment.event {
                EnrolmentEvent::Invited => ("was invited", "の登録コードを発行した"),
                EnrolmentEvent::Requested => ("asked to be enrolled", "が登録を申し込んだ"),
                EnrolmentEvent::CertificateGiven => ("was given a certificate", "に証明書を発行した"),
                EnrolmentEvent::CodeRefused => {
                    ("came with an expired or wrong code", "の登録コードが誤り又は期限切れだった")
                }
            };
            let by = enrolment.by.as_ref().map(|by| self.cache.person(by, self.language));
            let by = by.map_or_else(String::new, |by| self.say(format!(" by {by}"), format!("({by})")));
            let key =
                enrolment.key.map_or_else(String::new, |key| self.say(format!(", key {key}"), format!("(鍵 {key})")));
            return self.say(
                format!("terminal {terminal} {english}{by}{key}"),
                format!("端末機 {terminal} {japanese}{by}{key}"),
            );
        }
        body.kind().1.to_owned()
    }

    /// About whom or what somebody asked.
    fn about(&self, about: &About) -> String {
        let mut parts: Vec<String> = about.operator.iter().map(|who| self.cache.person(who, self.language)).collect();
        parts.extend(about.card.map(|card| self.say(format!("card {card}"), format!("カード {card}"))));
        let terminal = about.terminal.as_ref();
        parts.extend(terminal.map(|code| self.say(format!("terminal {code}"), format!("端末機 {code}"))));
        parts.extend(about.first.map(|first| self.say(format!("from entry {first}"), format!("{first}番から"))));
        let mut text = String::new();
        if !parts.is_empty() {
            text += &self.say(format!(": {}", parts.join(", ")), format!("(対象: {})", parts.join("、")));
        }
        if let Some(number) = &about.permission {
            text += &self.say(format!(", to take it away under {number}"), format!("(書き出し、許可番号 {number})"));
        }
        text
    }

    fn refused_act(&self, kind: AlarmKind, act: &RefusedAct) -> String {
        if let (AlarmKind::ReportRefused, Some(guid)) = (kind, &act.card) {
            let known = self.cache.register().card(guid);
            let card = known.map_or_else(|| guid.to_string(), |card| numbered(card.number(), self.language));
            return self.say(format!(" (card {card}; {})", act.rule), format!("(カード {card}、{})", act.rule));
        }
        let by = act.operator.as_ref().map(|who| self.cache.person(who, self.language));
        let by = by.or_else(|| act.card.map(|card| self.say(format!("card {card}"), format!("カード {card}"))));
        let by = by.map_or_else(String::new, |by| self.say(format!(", in the name of {by}"), format!("、名義 {by}")));
        self.say(format!(" ({}{by}; act {})", act.rule, act.id), format!("({}{by}、処分 {})", act.rule, act.id))
    }

    fn alarm(&self, kind: AlarmKind) -> String {
        let (english, japanese) = match kind {
            AlarmKind::Fork => ("two histories of one terminal", "一つの端末機に二つの履歴がある"),
            AlarmKind::WrongChain => ("a terminal's chain does not fit", "端末機の記録の連鎖が合わない"),
            AlarmKind::ClockFarOff => ("a terminal's clock is far off", "端末機の時計が大きくずれている"),
            AlarmKind::UnreadableRecord => ("a record cannot be read", "読めない記録がある"),
            AlarmKind::ActRefused => ("an act was refused", "処分が拒否された"),
            AlarmKind::SeenUnproved => {
                ("a terminal claims another log without proof", "端末機が証明なしに別のログを主張した")
            }
            AlarmKind::LogResumed => ("a stopped log goes on", "停止したログが再開された"),
            AlarmKind::SealRefused => {
                ("the terminal did not believe the ledger's seal", "端末機が台帳の封印を信用しなかった")
            }
            AlarmKind::RegisterRefused => {
                ("the terminal did not believe the register shown to it", "端末機が示された登録簿を信用しなかった")
            }
            AlarmKind::RetiredHeard => ("a retired terminal has sent records", "廃止された端末機が記録を送信した"),
            AlarmKind::JournalFull => ("the terminal's disk was full", "端末機のディスクに空きがなくなった"),
            AlarmKind::RecordsHeldBack => ("the terminal could not send its records", "端末機が記録を送信できなかった"),
            AlarmKind::TwoTerminals => (
                "an operator's session was opened here while another was open at another terminal",
                "別の端末機で利用中の操作者が、この端末機で利用を開始した",
            ),
            AlarmKind::TerminalSilent => ("the ledger hears the terminal no more", "端末機からの通信が途絶えた"),
            AlarmKind::TerminalBack => ("the ledger hears the terminal again", "端末機からの通信が回復した"),
            AlarmKind::RecoveryAnnounced => ("a recovery was announced", "復旧が予告された"),
            AlarmKind::RecoveryCompleted => ("a recovery was completed", "復旧が実施された"),
            AlarmKind::RecoveryObjected => ("somebody objected to a recovery", "復旧に異議が申し立てられた"),
            AlarmKind::BackupOverdue => {
                ("no backup of the ledger was verified in time", "台帳の検証済みバックアップが期限内に作成されていない")
            }
            AlarmKind::ReportRefused => (
                "the ledger refused a report: its card is blocked at this terminal alone until administrators decide about it",
                "台帳が届出を拒否した。管理者が処分するまで、カードはこの端末機でのみ使えない",
            ),
            AlarmKind::LogindOutOfReach => (
                "the terminal can neither lock its screen nor hear of sleep: logind is out of reach",
                "logind に接続できず、端末機は画面のロックも休止の検知もできない",
            ),
        };
        self.say(english, japanese)
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
    pub(crate) fn who(&self, input: &DecisionInput) -> String {
        match (&input.operator, &input.card) {
            (Some(operator), _) => self.cache.person(operator, self.language) + &self.home(input.home),
            (None, Some(card)) => self.say(format!("somebody with card {card}"), format!("カード {card} の持参者")),
            (None, None) => self.say("somebody without a card", "カードのない者"),
        }
    }

    /// From which other office he comes, with the card from there.
    fn home(&self, home: Option<OfficeId>) -> String {
        let Some(home) = home else { return String::new() };
        let known = self.cache.register().partners().find(|partner| partner.said().office == home);
        let office = known.map_or_else(|| home.to_string(), |partner| partner.said().title.to_string());
        self.say(format!(" of {office}"), format!("({office}所属)"))
    }

    fn asked(&self, input: &DecisionInput) -> String {
        match input.request {
            Request::Open => self.say("a login", "ログイン"),
            Request::Unlock => self.say("the lock to be opened", "ロックの解除"),
            Request::ChangePin => self.say("a change of PIN", "暗証番号の変更"),
            Request::Function => {
                let title =
                    input.function.as_ref().and_then(|code| self.cache.register().function(code)).map(|it| it.title());
                let code = input.function.as_ref().map_or("-", |code| code.as_str());
                let mut text = title.map_or_else(|| code.to_owned(), |title| format!("{title} ({code})"));
                if let Some(purpose) = &input.purpose {
                    let title = self
                        .cache
                        .register()
                        .purpose(purpose)
                        .map_or_else(|| purpose.to_string(), |it| it.title().to_owned());
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

    fn reason(&self, reason: Reason) -> String {
        let (english, japanese) = match reason {
            Reason::Idle => ("nobody worked", "一定時間操作がなかった"),
            Reason::CardRemoved => ("the card was pulled", "カードが抜かれた"),
            Reason::Asked => ("the operator asked", "操作者が求めた"),
            Reason::ReaderLost => ("the reader went away", "カードリーダーが外れた"),
            Reason::CardServiceLost => ("the smart card service went away", "カードサービスが停止した"),
            Reason::WorkerLost => ("the card worker went away", "カード処理が停止した"),
            Reason::SessionTooLong => ("it lasted as long as policy allows", "連続使用の上限に達した"),
            Reason::RegisterChanged => ("the register took the right away", "登録簿の変更で権限を失った"),
            Reason::RegisterStale => ("the register is too old", "登録簿が古くなった"),
            Reason::ClockImpossible => ("the clock cannot be believed", "時計が信頼できない"),
            Reason::Suspend => ("the machine went to sleep", "端末機が休止した"),
            Reason::AgentStopping => ("the agent stopped", "エージェントが停止した"),
            Reason::JournalFailed => ("the journal could not be written", "記録を書けなかった"),
            Reason::OtherCard => ("another card came", "別のカードが挿入された"),
            Reason::ConnectionStopped => ("the connection was stopped", "結合が停止された"),
            Reason::AgentDied => ("the agent died", "エージェントが異常終了した"),
            Reason::CardReported => ("the card was reported at this terminal", "この端末機でカードの届出があった"),
            Reason::EndOfHours => ("the hours ended", "運用時間が終わった"),
            Reason::RestDue => ("a rest was due", "休憩の時間になった"),
            Reason::DailyLimit => ("the day's time was used up", "1日の操作時間の上限に達した"),
            Reason::OpenElsewhere => ("another session was open elsewhere", "別の端末機で利用中だった"),
        };
        self.say(english, japanese)
    }
}
