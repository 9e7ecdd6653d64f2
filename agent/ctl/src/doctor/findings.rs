//! What follows from what there is. Pure: the same facts, the same findings.

use std::io;

use sekisho_ipc::{ClientError, Keypad, Lent, LinkState, PinEntry, ScreenState, State};
use sekisho_wire::words::Language;
use serde::Serialize;

use super::machine::{Machine, Unit};
use crate::failure::Failure;
use crate::phrases::holder;
use crate::time_text::{age, of_day};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Grade {
    /// As it should be.
    Sound,
    /// Work goes on; somebody should look.
    Doubtful,
    /// Work is in danger, or stopped.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// For programs.
    pub(super) code: &'static str,
    /// How bad.
    pub(super) grade: Grade,
    /// What is.
    pub(super) what: String,
    /// What to do, or nothing.
    pub(super) next: String,
}

/// Less of the disk under the journal than this, in per cent, is little.
const FREE: u64 = 5;
/// The machine's clock may be so many milliseconds away from the office's.
const CLOCK: u64 = 60_000;
/// A certificate renews itself ten days before its end: nearer than this, in milliseconds, it has failed to.
const CERTIFICATE: u64 = 9 * 24 * 3_600_000;
/// A register older than this, in milliseconds, has not come for a while.
const REGISTER: u64 = 3_600_000;

/// Both languages, one after the other: what is, and what to do.
struct Said<'a> {
    language: Language,
    findings: &'a mut Vec<Finding>,
}

impl Said<'_> {
    fn say(&mut self, code: &'static str, grade: Grade, what: [&str; 2], next: [&str; 2]) {
        let text = |[japanese, english]: [&str; 2]| self.language.pick(japanese, english).to_owned();
        self.findings.push(Finding { code, grade, what: text(what), next: text(next) });
    }
}

const NOTHING: [&str; 2] = ["", ""];

pub(super) fn findings(state: &Result<State, Failure>, machine: &Machine, language: Language) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut said = Said { language, findings: &mut findings };
    units(machine, &mut said);
    card_service(machine, &mut said);
    match state {
        Err(failure) => agent_silent(failure, &mut said),
        Ok(state) => {
            said.say("agent", Grade::Sound, ["エージェントは応答しています", "the agent answers"], NOTHING);
            if state.office.is_some() {
                agent(state, machine, &mut said);
            } else {
                not_enrolled(&mut said);
            }
        }
    }
    disk(machine, &mut said);
    findings
}

fn units(machine: &Machine, said: &mut Said<'_>) {
    machine.units.iter().for_each(|found| unit(found, said));
    if !machine.units.is_empty() && machine.units.iter().all(|unit| unit.state == "active") {
        said.say("unit", Grade::Sound, ["サービスはすべて動いています", "all units run"], NOTHING);
    }
    for (path, user) in &machine.strange {
        let path = path.display();
        let what = [format!("{path} の所有者が {user} ではありません"), format!("{path} does not belong to {user}")];
        let next = [
            format!("chown -R {user}: {path} を実行し、systemctl restart {user} してください。"),
            format!("Run chown -R {user}: {path} and systemctl restart {user}."),
        ];
        said.say("owner", Grade::Wrong, both(&what), both(&next));
    }
}

fn unit(unit: &Unit, said: &mut Said<'_>) {
    let Unit { name, state, restarts, wrong_user, watched } = unit;
    if state != "active" {
        let what = [format!("{name} が動いていません({state})"), format!("{name} does not run ({state})")];
        let next = [
            format!("systemctl enable --now {name} を実行し、原因は journalctl -u {name} で確かめてください。"),
            format!("Run systemctl enable --now {name}; journalctl -u {name} has the cause."),
        ];
        said.say("unit", Grade::Wrong, both(&what), both(&next));
    }
    if *restarts > 0 {
        let what = [
            format!("{name} は自ら終わり、{restarts}回起動し直されました"),
            format!("{name} ended by itself and was started again, times: {restarts}"),
        ];
        let next = [
            format!(
                "原因は journalctl -u {name} で確かめてください。確認後は systemctl reset-failed {name} で数え直します。"
            ),
            format!("journalctl -u {name} has the cause; systemctl reset-failed {name} counts anew."),
        ];
        said.say("restarts", Grade::Doubtful, both(&what), both(&next));
    }
    let mend = [
        format!("systemctl edit や {name}.service.d の設定を見直してください(systemctl cat {name})。"),
        format!("Look at what systemctl edit or {name}.service.d changes (systemctl cat {name})."),
    ];
    if let Some(user) = wrong_user {
        let what = [format!("{name} が利用者 {user} で動いています"), format!("{name} runs as the user {user}")];
        said.say("unit_user", Grade::Wrong, both(&what), both(&mend));
    }
    if !watched {
        let what = [
            format!("{name} が止まっても起動し直されません(WatchdogSec なし)"),
            format!("{name} may hang and nobody starts it again (no WatchdogSec)"),
        ];
        said.say("watchdog", Grade::Doubtful, both(&what), both(&mend));
    }
}

fn both(texts: &[String; 2]) -> [&str; 2] {
    let [japanese, english] = texts;
    [japanese, english]
}

fn card_service(machine: &Machine, said: &mut Said<'_>) {
    if machine.card_service {
        said.say(
            "card_service",
            Grade::Sound,
            ["カードサービス(pcscd)は応答しています", "the card service (pcscd) answers"],
            NOTHING,
        );
    } else {
        said.say(
            "card_service",
            Grade::Wrong,
            ["カードサービス(pcscd)が応答しません", "the card service (pcscd) does not answer"],
            [
                "systemctl enable --now pcscd.socket を実行してください。なければ pcscd パッケージを入れてください。",
                "Run systemctl enable --now pcscd.socket; install the package pcscd if there is none.",
            ],
        );
    }
    if !machine.others.is_empty() {
        let names = machine.others.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let what = [
            format!("ほかのプログラムもカードを使っています: {names}"),
            format!("other programs use cards too: {names}"),
        ];
        said.say(
            "other_programs",
            Grade::Doubtful,
            both(&what),
            [
                "カードを取り合うと操作者が使えません。不要なら止め、必要なら agent.toml の card.sharing を見てください。",
                "Where they hold the card a clerk cannot use it. Stop what is not needed; else see card.sharing in agent.toml.",
            ],
        );
    }
}

fn agent_silent(failure: &Failure, said: &mut Said<'_>) {
    let cause = |kind| matches!(failure, Failure::NoAgent { cause, .. } if cause.kind() == kind);
    let next = if cause(io::ErrorKind::PermissionDenied) {
        ["この利用者には開けません。root で実行してください。", "This user may not open its socket. Run this as root."]
    } else if cause(io::ErrorKind::NotFound) {
        [
            "systemctl enable --now sekisho-agent を実行してください。ソケットが別の場所なら --socket で指定してください。",
            "Run systemctl enable --now sekisho-agent; name the socket by --socket if it is elsewhere.",
        ]
    } else {
        [
            "systemctl restart sekisho-agent を実行し、原因は journalctl -u sekisho-agent で確かめてください。",
            "Run systemctl restart sekisho-agent; journalctl -u sekisho-agent has the cause.",
        ]
    };
    let what = [failure.what(Language::Japanese), failure.what(Language::English)];
    said.say("agent", Grade::Wrong, both(&what), next);
    if matches!(failure, Failure::Asking(ClientError::Agent(sekisho_ipc::AgentError::NotEnrolled))) {
        not_enrolled(said);
    }
}

fn not_enrolled(said: &mut Said<'_>) {
    said.say(
        "enrolled",
        Grade::Wrong,
        ["この端末はまだ登録されていません", "this terminal belongs to no office yet"],
        [
            "システム管理者から登録コードのファイルを受け取り、root で sekisho-agent enrol CODEFILE を実行してください。",
            "Get the file with the enrolment code from the system manager, then, as root: sekisho-agent enrol CODEFILE",
        ],
    );
}

fn agent(state: &State, machine: &Machine, said: &mut Said<'_>) {
    reader(state, machine, said);
    if let Some(problem) = &state.card_problem {
        let what = [problem.what_ja.as_str(), &problem.what];
        said.say("card", Grade::Doubtful, what, [&problem.next_ja, &problem.next]);
    }
    keypad(state, said);
    link(state, said);
    waiting(state, said);
    reports(state, said);
    recovery(state, said);
    screen(state, said);
    register(state, said);
    certificate(state, said);
    if state.time.abs_diff(machine.wall) > CLOCK {
        let far = state.time.abs_diff(machine.wall);
        let what = [
            format!("端末の時計が団体の時刻と{}ずれています", age(far, Language::Japanese)),
            format!("this machine's clock is {} away from the office's time", age(far, Language::English)),
        ];
        said.say(
            "clock",
            Grade::Doubtful,
            both(&what),
            [
                "時刻同期(systemd-timesyncd など)を確かめてください。",
                "See to its synchronisation (systemd-timesyncd or another).",
            ],
        );
    }
}

fn reader(state: &State, machine: &Machine, said: &mut Said<'_>) {
    if let Some(Lent { program, user, uid, until, .. }) = &state.lease {
        let who = user.clone().unwrap_or_else(|| format!("uid {uid}"));
        let until = of_day(*until);
        let what = [
            format!("カードリーダーは {program}({who})に貸出中です(最長 {until} まで)"),
            format!("the card readers are lent to {program} ({who}) until {until} at the latest"),
        ];
        let next =
            ["終了するまで待つか、そのプログラムを終了してください。", "Wait until it has ended, or end that program."];
        return said.say("reader", Grade::Doubtful, both(&what), next);
    }
    match (&state.reader, &state.card, machine.usb_readers) {
        (Some(reader), None, _) => {
            let what = [format!("カードリーダー: {reader}"), format!("card reader: {reader}")];
            said.say("reader", Grade::Sound, both(&what), NOTHING);
        }
        (reader, Some(card), _) => {
            let reader = reader.as_deref().unwrap_or("-");
            let whose = holder(card);
            let what =
                [format!("カードリーダー: {reader}、カード: {whose}"), format!("card reader: {reader}, card: {whose}")];
            said.say("reader", Grade::Sound, both(&what), NOTHING);
        }
        (None, None, Some(0)) => said.say(
            "reader",
            Grade::Doubtful,
            ["カードがなく、カードリーダーも見つかりません", "no card is in, and no card reader was found"],
            [
                "カードリーダーを接続し、カードを入れてもう一度実行してください。",
                "Plug the reader in, insert a card, and run this again.",
            ],
        ),
        (None, None, Some(_)) => said.say(
            "reader",
            Grade::Sound,
            ["カードリーダーは接続されています。カードは入っていません", "a card reader is plugged in; no card is in"],
            NOTHING,
        ),
        (None, None, None) => {
            said.say("reader", Grade::Sound, ["カードは入っていません", "no card is in"], NOTHING);
        }
    }
}

/// What the reader can do is known while a card is in it.
fn keypad(state: &State, said: &mut Said<'_>) {
    let Some(card) = &state.card else { return };
    match (card.pin_entry, card.keypad) {
        (PinEntry::Keyboard, Keypad::None | Keypad::Unknown) => said.say(
            "keypad",
            Grade::Sound,
            [
                "カードリーダーにキーパッドはなく、暗証番号は端末のキーボードで入力します",
                "the reader has no keypad: PINs are typed at the keyboard",
            ],
            NOTHING,
        ),
        (PinEntry::Keyboard, Keypad::Verifies | Keypad::VerifiesAndChanges) => said.say(
            "keypad",
            Grade::Sound,
            [
                "カードリーダーにはキーパッドがありますが、暗証番号は端末のキーボードで入力する設定です",
                "the reader has a keypad, but PINs are typed at the keyboard",
            ],
            [
                "キーパッドを使うには agent.toml に card.pin_pad = \"use\" または \"require\" と書いてください。",
                "To have them typed there, agent.toml says card.pin_pad = \"use\" or \"require\".",
            ],
        ),
        (PinEntry::Reader | PinEntry::ReaderNow, Keypad::VerifiesAndChanges) => said.say(
            "keypad",
            Grade::Sound,
            [
                "暗証番号はカードリーダーのキーパッドで入力し、変更もできます",
                "PINs are typed on the reader's keypad, and can be changed there",
            ],
            NOTHING,
        ),
        (PinEntry::Reader | PinEntry::ReaderNow, Keypad::None | Keypad::Verifies | Keypad::Unknown) => said.say(
            "keypad",
            Grade::Doubtful,
            [
                "暗証番号はカードリーダーのキーパッドで入力しますが、変更はできません",
                "PINs are typed on the reader's keypad, and cannot be changed there",
            ],
            [
                "暗証番号は、キーボードで入力する端末で変更してください。",
                "Change PINs at a terminal where they are typed at the keyboard.",
            ],
        ),
        (PinEntry::Nowhere, Keypad::Unknown) => said.say(
            "keypad",
            Grade::Wrong,
            [
                "カードリーダーがキーパッドの有無を答えません",
                "the reader failed when it was asked whether it has a keypad",
            ],
            [
                "カードを挿入し直してください。繰り返す場合はカードリーダーを接続し直すか、別のカードリーダーを試してください。",
                "Insert the card again; if it is found again, plug the reader in anew, or try another.",
            ],
        ),
        (PinEntry::Nowhere, _) => said.say(
            "keypad",
            Grade::Wrong,
            [
                "暗証番号はカードリーダーで入力する設定ですが、このカードリーダーにはキーパッドがありません",
                "PINs are to be typed on the reader, and this one has no keypad",
            ],
            [
                "キーパッドのあるカードリーダーを接続するか、agent.toml の card.pin_pad を見直してください。",
                "Plug in a reader with a keypad, or see card.pin_pad in agent.toml.",
            ],
        ),
    }
}

fn link(state: &State, said: &mut Said<'_>) {
    let unsent = state.unsent;
    let waiting = [format!("未送信の記録: {unsent}件"), format!("records that wait: {unsent}")];
    let [japanese, english] = both(&waiting);
    match (state.link, state.register_link) {
        (LinkState::HeldBack, _) => said.say(
            "ledger",
            Grade::Wrong,
            both(&[
                format!("この端末のディスクまたは記録簿の異常で、記録を送れません({japanese})"),
                format!("this terminal's disk or journal keeps its records back ({english})"),
            ]),
            ["sekisho-agent journal show で確かめてください。", "See what sekisho-agent journal show says."],
        ),
        (LinkState::Refused, _) | (_, LinkState::Refused) => said.say(
            "ledger",
            Grade::Wrong,
            both(&[format!("台帳がこの端末を拒んでいます({japanese})"), format!("the ledger refuses this terminal ({english})")]),
            [
                "システム管理者が sekisho-admin terminal list でこの端末の状態を確かめてください。",
                "The system manager sees with sekisho-admin terminal list what became of it.",
            ],
        ),
        (LinkState::Up, LinkState::Up) => {
            let what = [format!("台帳とつながっています({japanese})"), format!("the ledger answers ({english})")];
            said.say("ledger", Grade::Sound, both(&what), NOTHING);
        }
        (LinkState::Down, _) | (_, LinkState::Down | LinkState::HeldBack) => said.say(
            "ledger",
            Grade::Doubtful,
            both(&[format!("台帳に接続できません({japanese})"), format!("the ledger cannot be reached ({english})")]),
            [
                "ネットワークと sekisho-forwarder を確かめてください。業務は続けられ、記録は復旧後に送られます。",
                "See to the network and to sekisho-forwarder. Work goes on; the records follow when the way is there again.",
            ],
        ),
    }
}

/// A card that is lost, and that other terminals take.
fn reports(state: &State, said: &mut Said<'_>) {
    if state.reports_refused > 0 {
        let what = [
            format!("台帳が届出{}件を受け付けず、カードはこの端末でのみ停止しています", state.reports_refused),
            format!(
                "the ledger refused reports ({}): the cards are blocked at this terminal alone",
                state.reports_refused
            ),
        ];
        let next = [
            "記録(警報 report_refused)でカードと理由を確かめ、sekisho-admin card で停止・失効・解除してください。",
            "The alarm in this terminal's records names card and rule; suspend, revoke or lift it with sekisho-admin card.",
        ];
        said.say("reports", Grade::Wrong, both(&what), next);
    }
    if state.reports_waiting > 0 {
        let what = [
            format!("台帳に届いたことを確認できていない届出: {}件", state.reports_waiting),
            format!("reports not known to have reached the ledger: {}", state.reports_waiting),
        ];
        let next = [
            "台帳との接続を回復してください。それまではアクセス管理責任者に電話で知らせてください。",
            "See to the way to the ledger, and telephone the access manager meanwhile.",
        ];
        said.say("reports", Grade::Doubtful, both(&what), next);
    }
}

/// Keys out of the safe at work.
fn recovery(state: &State, said: &mut Said<'_>) {
    if state.recovery_due.is_some() {
        let what = ["復旧鍵による復旧が予告されています", "a recovery by the recovery keys is announced"];
        let next = [
            "管理者は「sekisho-admin recovery show」で内容を確かめ、心当たりがなければ「recovery object」で異議を申し立ててください。",
            "An administrator looks at it with sekisho-admin recovery show, and objects with recovery object if it is not the office's.",
        ];
        said.say("recovery", Grade::Doubtful, what, next);
    }
}

/// Records that wait too long stop the grants.
fn waiting(state: &State, said: &mut Said<'_>) {
    let Some(until) = state.unsent_until else { return };
    let next = ["台帳との接続を至急回復してください。", "See to the way to the ledger at once."];
    match until.checked_sub(state.time).filter(|left| *left > 0) {
        None => said.say(
            "waiting",
            Grade::Wrong,
            [
                "記録が長く台帳に届いていないため、業務は止まっています",
                "records wait too long for the ledger: nothing is granted",
            ],
            next,
        ),
        Some(left) => {
            let what = [
                format!("あと{}以内に記録が台帳に届かないと業務が止まります", age(left, Language::Japanese)),
                format!("nothing is granted in {} unless the records reach the ledger", age(left, Language::English)),
            ];
            said.say("waiting", Grade::Doubtful, both(&what), next);
        }
    }
}

fn screen(state: &State, said: &mut Said<'_>) {
    match state.screen {
        ScreenState::Off | ScreenState::Ready | ScreenState::Locking | ScreenState::Locked | ScreenState::Ended => {}
        ScreenState::Failed => said.say(
            "screen",
            Grade::Wrong,
            ["画面をロックできませんでした", "the screen could not be locked"],
            [
                "デスクトップに画面ロックがあるか確かめてください(agent.toml の lock)。",
                "See that the desktop has a screen locker (lock in agent.toml).",
            ],
        ),
        ScreenState::Unreachable => said.say(
            "screen",
            Grade::Wrong,
            ["logind に接続できず、画面をロックできません", "logind is out of reach: the screen cannot be locked"],
            [
                "systemd-logind と dbus が動いているか確かめてください。画面がなければ agent.toml に lock.screen = \"none\" と書きます。",
                "See that systemd-logind and dbus run; where there is no screen, agent.toml says lock.screen = \"none\".",
            ],
        ),
    }
}

fn register(state: &State, said: &mut Said<'_>) {
    let Some(old) = state.register_age else {
        return said.say(
            "register",
            Grade::Wrong,
            ["登録簿がまだ届いていません", "no register was ever confirmed here"],
            [
                "台帳との接続を確かめ、管理者が sekisho-admin terminal enrol を済ませたか確かめてください。",
                "See to the way to the ledger, and that the administrator has run sekisho-admin terminal enrol.",
            ],
        );
    };
    let what = [
        format!("登録簿は{}前に確認されました", age(old, Language::Japanese)),
        format!("the register was confirmed {} ago", age(old, Language::English)),
    ];
    let grade = match (state.register_stale, old > REGISTER) {
        (true, _) => Grade::Wrong,
        (false, true) => Grade::Doubtful,
        (false, false) => Grade::Sound,
    };
    let next = [
        "台帳との接続を確かめてください。古くなると必須の機能だけになります。",
        "See to the way to the ledger: with an old register only essential functions work.",
    ];
    said.say("register", grade, both(&what), if grade == Grade::Sound { NOTHING } else { next });
}

fn certificate(state: &State, said: &mut Said<'_>) {
    let Some(left) = state.certificate_ends.map(|ends| ends.saturating_sub(state.time)) else { return };
    if left >= CERTIFICATE {
        return;
    }
    let what = [
        format!("端末証明書の残りは{}で、更新されていません", age(left, Language::Japanese)),
        format!("the terminal's certificate ends in {} and has not renewed itself", age(left, Language::English)),
    ];
    said.say(
        "certificate",
        if left == 0 { Grade::Wrong } else { Grade::Doubtful },
        both(&what),
        [
            "台帳との接続を確かめてください。切れたときは新しい登録コードが必要です(鍵と記録は残ります)。",
            "See to the way to the ledger. Once it has ended a new code is needed (key and records stay).",
        ],
    );
}

fn disk(machine: &Machine, said: &mut Said<'_>) {
    let Some(free) = machine.free.filter(|free| *free < FREE) else { return };
    let what = [format!("ディスクの空きは{free}%です"), format!("{free} % of the disk is free")];
    said.say(
        "disk",
        Grade::Doubtful,
        both(&what),
        [
            "空きを増やしてください。記録を書けないと何も許可されません。",
            "Make room: what cannot be recorded is not granted.",
        ],
    );
}

#[cfg(test)]
#[path = "findings/tests.rs"]
mod tests;
