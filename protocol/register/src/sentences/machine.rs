//! What terminals, card workers and the ledger say of themselves, and why something ended.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sekisho_wire::reason::{AlarmKind, EnrolmentEvent, LinkState, LostReason, PreviousEnd, Query, Reason, WorkerState};
use sekisho_wire::record::{About, Body, Lost, RefusedAct};

use super::Sentences;
use crate::wareki::{moment_text, numbered};

impl Sentences<'_> {
    pub(super) fn operation(&self, body: &Body) -> String {
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

    pub(super) fn administration(&self, body: &Body) -> String {
        if let Body::Read(read) = body {
            let who = (self.person)(&read.operator);
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
            let by = enrolment.by.as_ref().map(|by| (self.person)(by));
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
        let mut parts: Vec<String> = about.operator.iter().map(|who| (self.person)(who)).collect();
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
            let known = self.register.card(guid);
            let card = known.map_or_else(|| guid.to_string(), |card| numbered(card.number(), self.language));
            return self.say(format!(" (card {card}; {})", act.rule), format!("(カード {card}、{})", act.rule));
        }
        let by = act.operator.as_ref().map(|who| (self.person)(who));
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

    pub(super) fn reason(&self, reason: Reason) -> String {
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
            Reason::PinExpired => ("the PIN expired", "暗証番号の有効期限が切れた"),
        };
        self.say(english, japanese)
    }
}
