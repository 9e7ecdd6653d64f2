//! What a person is told for each verdict: two long plain tables, English and Japanese.

use crate::verdict::VerdictCode;
use crate::words::Words;

impl VerdictCode {
    pub(crate) const fn english(self) -> Words {
        match self {
            Self::Granted => Words { what: "granted", next: "" },
            Self::NoCard => {
                Words { what: "no card in the reader", next: "Insert your operator card and type the PIN." }
            }
            Self::PinNeeded => Words {
                what: "the PIN has not been entered",
                next: "Type your PIN in the panel (sekisho panel) or with: sekisho login",
            },
            Self::Locked => Words { what: "the session is locked", next: "Type your PIN to go on." },
            Self::SessionTooLong => {
                Words { what: "the session has lasted as long as the office allows", next: "Log in again." }
            }
            Self::SessionMissing => Words { what: "there is no session for this request", next: "Log in again." },
            Self::PinExpired => Words {
                what: "your PIN has expired",
                next: "Change it: with the present one and a new one (panel: F4; sekisho change-pin). Then log in.",
            },
            Self::RulesUnknown => Words {
                what: "this agent is too old for the office's rules",
                next: "Ask the system manager to update the agent.",
            },
            Self::ClockBehind => Words {
                what: "the clock of this terminal stands behind the ledger's",
                next: "Ask the system manager to set the clock.",
            },
            Self::ClockUnknown => Words {
                what: "this terminal has not yet heard from the ledger",
                next: "Wait until the terminal reaches the ledger; if it does not, call the system manager.",
            },
            Self::RegisterStale => Words {
                what: "the register here is too old",
                next: "Only essential functions work until the terminal reaches the ledger. Call the system manager.",
            },
            Self::OtherOffice => {
                Words { what: "this terminal belongs to another office", next: "Call the system manager." }
            }
            Self::OtherRegister => Words { what: "the register changed while this was decided", next: "Try again." },
            Self::GrantStale => Words {
                what: "this card is newer than the register on this terminal, which is too old to go by the card alone",
                next: "Wait until the terminal reaches the ledger, or work at another one. Call the system manager.",
            },
            Self::ConnectionStopped => Words {
                what: "the connection has been stopped",
                next: "Wait for the announcement that it is open again.",
            },
            Self::TerminalUnknown => {
                Words { what: "this terminal is not registered", next: "Call the terminal manager." }
            }
            Self::TerminalSuspended => Words {
                what: "this terminal is suspended",
                next: "Use another terminal, or call the terminal manager.",
            },
            Self::TerminalRetired => Words { what: "this terminal has been retired", next: "Use another terminal." },
            Self::TerminalKindWrong => {
                Words { what: "needs another kind of terminal", next: "Use a terminal of the right kind." }
            }
            Self::ReaderUnknown => Words {
                what: "this reader is not registered for this terminal",
                next: "Use the reader that belongs to this terminal.",
            },
            Self::CardUnknown => Words {
                what: "this card is not registered",
                next: "Use your own operator card, or call the access manager.",
            },
            Self::CardDormant => Words {
                what: "this card has not been activated",
                next: "Ask the section head to activate it for a person and a time.",
            },
            Self::CardSuspended => Words { what: "this card is suspended", next: "Call the access manager." },
            Self::CardRevoked => Words {
                what: "this card has been revoked",
                next: "Hand the card in; ask for a new one if you need it.",
            },
            Self::CardReturned => {
                Words { what: "this card has been returned", next: "Hand the card in to the access manager." }
            }
            Self::CardExpired => {
                Words { what: "this card is not valid today", next: "Ask the access manager to renew it." }
            }
            Self::CardNeverOpens => {
                Words { what: "a room-entry card opens no terminal", next: "Use your operator card." }
            }
            Self::CardKindWrong => {
                Words { what: "needs another kind of card", next: "Use the card that was issued for this work." }
            }
            Self::GrantRefused => Words {
                what: "this card is newer than the register on this terminal, which does not know enough to take it",
                next: "Wait until the terminal reaches the ledger, or work at another one. Call the system manager.",
            },
            Self::CardReported => Words {
                what: "this card was reported at this terminal",
                next: "Call the access manager. Only the office's administrators lift the block.",
            },
            Self::OperatorUnknown => Words { what: "the operator is not registered", next: "Call the access manager." },
            Self::OperatorSuspended => Words { what: "the operator is suspended", next: "Call the access manager." },
            Self::OperatorEnded => Words { what: "the operator has left the duty", next: "Hand the card in." },
            Self::DesignationNotBegun => Words {
                what: "the designation has not begun",
                next: "Wait for its first day, or call the access manager.",
            },
            Self::DesignationEnded => Words {
                what: "the designation has ended",
                next: "Ask your section head to renew it for this fiscal year.",
            },
            Self::OperatorNotForTerminal => Words {
                what: "you may not work at this terminal",
                next: "Use a terminal of your section, or ask the terminal manager.",
            },
            Self::SectionSuspended => {
                Words { what: "the use by your section is suspended", next: "Ask your section head." }
            }
            Self::ProfileUnknown => Words {
                what: "you do not hold this permission",
                next: "Choose another permission, or call the access manager.",
            },
            Self::ProfileEnded => {
                Words { what: "this permission is not valid today", next: "Call the access manager." }
            }
            Self::FunctionUnknown => Words {
                what: "this function is not registered",
                next: "Check the function's code, or call the system manager.",
            },
            Self::FunctionNotInScope => {
                Words { what: "outside your scope", next: "If your duties need it, ask your section head." }
            }
            Self::FunctionNotForTerminal => {
                Words { what: "not used at this terminal", next: "Use a terminal that is set up for it." }
            }
            Self::FunctionNotForApplication => Words {
                what: "not for this application",
                next: "Start the function from the application it belongs to.",
            },
            Self::PurposeMissing => {
                Words { what: "this function needs a purpose", next: "Choose the purpose and ask again." }
            }
            Self::PurposeUnknown => Words {
                what: "this purpose is not registered for this function",
                next: "Choose a purpose from the list.",
            },
            Self::CardProofNeeded => Words {
                what: "this function needs a proof by the card",
                next: "Ask again with the card in the reader.",
            },
            Self::PinProofNeeded => {
                Words { what: "this function needs your PIN", next: "Type your PIN for this request." }
            }
            Self::OutOfHours => Words {
                what: "outside the operating hours",
                next: "Your section head can apply for a permit beforehand.",
            },
            Self::PermitUnknown => Words { what: "there is no such permit", next: "Check the permit's number." },
            Self::PermitDoesNotCover => {
                Words { what: "the permit does not cover this", next: "Check for whom, where and when it was given." }
            }
            Self::RestNeeded => Words { what: "you need a rest first", next: "Come back after the rest." },
            Self::DailyLimit => Words { what: "today's time is used up", next: "Go on tomorrow." },
            Self::NotRecorded => Words {
                what: "the access could not be recorded",
                next: "Nothing was granted. Call the system manager: the journal of this terminal cannot be written.",
            },
            Self::EndedMeanwhile => Words { what: "the session ended meanwhile", next: "Log in again." },
            Self::NotYourSession => Words {
                what: "this program may not ask for this session",
                next: "Start it from the session in which you logged in.",
            },
            Self::AgentBusy => Words { what: "the agent is busy", next: "Try again in a moment." },
            Self::NotEnrolled => Words {
                what: "this terminal is not enrolled",
                next: "Get the file with the enrolment code from the system manager, then, as root: sekisho-agent enrol CODEFILE",
            },
            Self::HistoryRefused => Words {
                what: "the ledger refuses this terminal's records",
                next: "Work at another terminal and call the system manager. Leave this one as it is: it is evidence.",
            },
            Self::JournalFull => Words {
                what: "this terminal's disk is full, so accesses cannot be recorded",
                next: "Work at another terminal and call the system manager. It goes on by itself when there is room.",
            },
            Self::UnsentTooLong => Words {
                what: "records of this terminal have not reached the ledger for too long",
                next: "Work at another terminal and call the system manager. It goes on by itself when they have reached it.",
            },
            Self::ReportUnknown => Words {
                what: "no card in use has this number, and no operator with this ID has one",
                next: "Check the number on the card's receipt or the operator's ID, or telephone the access manager.",
            },
            Self::ReportLimit => Words {
                what: "as much was reported at this terminal today as it may report",
                next: "Report at another terminal, or telephone the access manager.",
            },
            Self::ReportSigner => Words {
                what: "without this administrator's card too few could decide for the office, so a terminal may not block it",
                next: "Telephone the system manager at once.",
            },
            Self::ReportTerminal => Words {
                what: "this terminal is not in use, so it cannot report",
                next: "Report at another terminal, or telephone the access manager.",
            },
            Self::ReportGuessed => Words {
                what: "too many numbers were tried that no card has",
                next: "Wait ten minutes, or telephone the access manager.",
            },
            Self::WrongPin => Words {
                what: "the PIN is wrong",
                next: "Check the PIN and type it again; unless sure, call the access manager.",
            },
            Self::PinBlocked => {
                Words { what: "the PIN of this card is blocked", next: "Call the access manager to unblock the card." }
            }
            Self::PinNotSent => Words {
                what: "too many wrong PINs since the card was inserted; none was sent",
                next: "Take the card out and insert it again, when you are sure of the PIN.",
            },
            Self::CardProblem => Words {
                what: "the card could not be used",
                next: "Take the card out and insert it again; if that does not help, call the system manager.",
            },
            Self::CardFalse => Words {
                what: "this is not the card that it says it is",
                next: "Keep the card and call the system manager.",
            },
            Self::CardOther => Words {
                what: "another card is in the reader than the one that was shown; the PIN was not sent",
                next: "Look whose card is shown, and type the PIN of that card.",
            },
            Self::PinUnanswered => Words {
                what: "the card was lost while it checked the PIN, which may have cost a try",
                next: "Insert the card again, and look at the tries left before typing the PIN.",
            },
            Self::GrantFalse => Words {
                what: "the grant on this card is not one of this office's register",
                next: "Keep the card and call the system manager.",
            },
        }
    }

    pub(crate) const fn japanese(self) -> Words {
        match self {
            Self::Granted => Words { what: "許可されました", next: "" },
            Self::NoCard => Words {
                what: "カードが挿入されていません",
                next: "操作者用カードを挿入し、暗証番号を入力してください。",
            },
            Self::PinNeeded => Words {
                what: "暗証番号が入力されていません",
                next: "パネル(sekisho panel)または sekisho login で暗証番号を入力してください。",
            },
            Self::Locked => Words {
                what: "ロックされています", next: "暗証番号を入力すると再開できます。"
            },
            Self::SessionTooLong => Words {
                what: "利用時間の上限に達しました",
                next: "もう一度ログインしてください。",
            },
            Self::SessionMissing => Words {
                what: "この要求に対応するログインがありません",
                next: "もう一度ログインしてください。",
            },
            Self::PinExpired => Words {
                what: "暗証番号の有効期限が切れています",
                next: "今の暗証番号と新しい暗証番号を入力して変更し(パネル: F4、または sekisho change-pin)、ログインしてください。",
            },
            Self::RulesUnknown => Words {
                what: "この端末のプログラムが古く、現在の規則に対応していません",
                next: "システム管理者に更新を依頼してください。",
            },
            Self::ClockBehind => Words {
                what: "端末の時計が台帳の時刻より遅れています",
                next: "システム管理者に時計の修正を依頼してください。",
            },
            Self::ClockUnknown => Words {
                what: "この端末はまだ台帳と通信していません",
                next: "通信が回復するまで待ち、回復しない場合はシステム管理者に連絡してください。",
            },
            Self::RegisterStale => Words {
                what: "登録簿が古くなっています",
                next: "台帳と通信できるまで必須業務以外は利用できません。システム管理者に連絡してください。",
            },
            Self::OtherOffice => Words {
                what: "この端末は別の団体のものです",
                next: "システム管理者に連絡してください。",
            },
            Self::OtherRegister => Words {
                what: "判定中に登録簿が更新されました", next: "もう一度実行してください。"
            },
            Self::GrantStale => Words {
                what: "このカードは端末の登録簿より新しく、登録簿が古いためカードの記載だけでは利用できません",
                next: "台帳と通信できるまで待つか、別の端末を使い、システム管理者に連絡してください。",
            },
            Self::ConnectionStopped => Words {
                what: "結合が停止されています",
                next: "再結合の連絡があるまでお待ちください。",
            },
            Self::TerminalUnknown => Words {
                what: "この端末は登録されていません",
                next: "端末装置管理責任者に連絡してください。",
            },
            Self::TerminalSuspended => Words {
                what: "この端末は使用停止中です",
                next: "別の端末を使うか、端末装置管理責任者に連絡してください。",
            },
            Self::TerminalRetired => Words {
                what: "この端末は廃止されています", next: "別の端末を使ってください。"
            },
            Self::TerminalKindWrong => Words {
                what: "別の種類の端末が必要です",
                next: "該当する種類の端末を使ってください。",
            },
            Self::ReaderUnknown => Words {
                what: "このカードリーダーはこの端末に登録されていません",
                next: "この端末用のカードリーダーを使ってください。",
            },
            Self::CardUnknown => Words {
                what: "このカードは登録されていません",
                next: "自分の操作者用カードを使うか、アクセス管理責任者に連絡してください。",
            },
            Self::CardDormant => Words {
                what: "このカードは有効化されていません",
                next: "所属長に、使用者と期間を定めた有効化を依頼してください。",
            },
            Self::CardSuspended => Words {
                what: "このカードは停止されています",
                next: "アクセス管理責任者に連絡してください。",
            },
            Self::CardRevoked => Words {
                what: "このカードは失効しています",
                next: "カードを返却し、必要であれば再交付を申請してください。",
            },
            Self::CardReturned => Words {
                what: "このカードは返却済みです",
                next: "カードをアクセス管理責任者に渡してください。",
            },
            Self::CardExpired => Words {
                what: "このカードは有効期間外です",
                next: "アクセス管理責任者に更新を依頼してください。",
            },
            Self::CardNeverOpens => Words {
                what: "入室用カードでは端末を利用できません",
                next: "操作者用カードを使ってください。",
            },
            Self::CardKindWrong => Words {
                what: "別の種類のカードが必要です",
                next: "この業務用に貸与されたカードを使ってください。",
            },
            Self::GrantRefused => Words {
                what: "このカードは端末の登録簿より新しく、登録簿が不足しているため確認できません",
                next: "台帳と通信できるまで待つか、別の端末を使い、システム管理者に連絡してください。",
            },
            Self::CardReported => Words {
                what: "このカードはこの端末で届出があったため使えません",
                next: "アクセス管理責任者に連絡してください。停止を解けるのは管理者だけです。",
            },
            Self::OperatorUnknown => Words {
                what: "操作者が登録されていません",
                next: "アクセス管理責任者に連絡してください。",
            },
            Self::OperatorSuspended => Words {
                what: "操作者の利用が停止されています",
                next: "アクセス管理責任者に連絡してください。",
            },
            Self::OperatorEnded => Words {
                what: "操作者の登録は解除されています", next: "カードを返却してください。"
            },
            Self::DesignationNotBegun => Words {
                what: "操作者の指定期間がまだ始まっていません",
                next: "開始日を待つか、アクセス管理責任者に連絡してください。",
            },
            Self::DesignationEnded => Words {
                what: "操作者の指定期間が終了しています",
                next: "所属長に今年度の指定を依頼してください。",
            },
            Self::OperatorNotForTerminal => Words {
                what: "この端末での操作は許可されていません",
                next: "所属の端末を使うか、端末装置管理責任者に申し出てください。",
            },
            Self::SectionSuspended => Words {
                what: "所属の利用が停止されています",
                next: "所属長に確認してください。",
            },
            Self::ProfileUnknown => Words {
                what: "操作権限が付与されていません",
                next: "別の操作権限を選ぶか、アクセス管理責任者に連絡してください。",
            },
            Self::ProfileEnded => Words {
                what: "この操作権限は有効期間外です",
                next: "アクセス管理責任者に連絡してください。",
            },
            Self::FunctionUnknown => Words {
                what: "この機能は登録されていません",
                next: "機能コードを確認するか、システム管理者に連絡してください。",
            },
            Self::FunctionNotInScope => Words {
                what: "この機能は取扱範囲外です",
                next: "業務に必要な場合は所属長に申し出てください。",
            },
            Self::FunctionNotForTerminal => Words {
                what: "この端末では使えない機能です",
                next: "この機能用に設定された端末を使ってください。",
            },
            Self::FunctionNotForApplication => Words {
                what: "このアプリでは使えない機能です",
                next: "所定のアプリケーションから実行してください。",
            },
            Self::PurposeMissing => Words {
                what: "事由の入力が必要です",
                next: "事由を選んでもう一度実行してください。",
            },
            Self::PurposeUnknown => Words {
                what: "この事由は登録されていません",
                next: "一覧から事由を選んでください。",
            },
            Self::CardProofNeeded => Words {
                what: "カードによる確認が必要です",
                next: "カードを挿入したままもう一度実行してください。",
            },
            Self::PinProofNeeded => Words {
                what: "暗証番号による確認が必要です",
                next: "この操作のために暗証番号を入力してください。",
            },
            Self::OutOfHours => Words {
                what: "運用時間外です",
                next: "所属長から事前に時間外使用の許可を申請してください。",
            },
            Self::PermitUnknown => Words {
                what: "この許可番号はありません", next: "許可番号を確認してください。"
            },
            Self::PermitDoesNotCover => Words {
                what: "許可の範囲外です",
                next: "許可の対象者、端末、時間を確認してください。",
            },
            Self::RestNeeded => {
                Words { what: "休憩が必要です", next: "休憩の後に再開してください。" }
            }
            Self::DailyLimit => Words {
                what: "本日の操作時間の上限です", next: "明日以降に操作してください。"
            },
            Self::NotRecorded => Words {
                what: "記録できないため許可できません",
                next: "システム管理者に連絡してください。この端末の記録を書き込めません。",
            },
            Self::EndedMeanwhile => Words {
                what: "処理中に利用が終了しました",
                next: "もう一度ログインしてください。",
            },
            Self::NotYourSession => Words {
                what: "このプログラムからは要求できません",
                next: "ログインした画面から実行してください。",
            },
            Self::AgentBusy => Words {
                what: "混み合っています", next: "しばらくしてからもう一度実行してください。"
            },
            Self::NotEnrolled => Words {
                what: "この端末はまだ登録手続きが済んでいません",
                next: "システム管理者から登録コードのファイルを受け取り、root で sekisho-agent enrol CODEFILE を実行してください。",
            },
            Self::HistoryRefused => Words {
                what: "この端末の記録が台帳に受け入れられません",
                next: "別の端末を使い、システム管理者に連絡してください。この端末は証拠となるため、そのままにしてください。",
            },
            Self::JournalFull => Words {
                what: "端末のディスクに空きがないため、利用を記録できません",
                next: "別の端末を使い、システム管理者に連絡してください。空きができると自動的に再開します。",
            },
            Self::UnsentTooLong => Words {
                what: "この端末の記録が長期間台帳に届いていません",
                next: "別の端末を使い、システム管理者に連絡してください。記録が台帳に届くと自動的に再開します。",
            },
            Self::ReportUnknown => Words {
                what: "この番号のカード、またはこの照合IDの操作者が使用中のカードはありません",
                next: "カード番号か照合IDを確かめてください。分からなければアクセス管理責任者に電話してください。",
            },
            Self::ReportLimit => Words {
                what: "この端末から1日に届け出られる件数に達しました",
                next: "別の端末から届け出るか、アクセス管理責任者に電話してください。",
            },
            Self::ReportSigner => Words {
                what: "この管理者のカードを止めると団体の処分ができなくなるため、端末からは停止できません",
                next: "直ちにシステム管理者に電話してください。",
            },
            Self::ReportTerminal => Words {
                what: "この端末は使用中として登録されていないため、届け出られません",
                next: "別の端末から届け出るか、アクセス管理責任者に電話してください。",
            },
            Self::ReportGuessed => Words {
                what: "存在しない番号が続けて入力されました",
                next: "10分待つか、アクセス管理責任者に電話してください。",
            },
            Self::WrongPin => Words {
                what: "暗証番号が違います",
                next: "確かめてもう一度入力してください。確かでなければアクセス管理責任者に連絡してください。",
            },
            Self::PinBlocked => Words {
                what: "カードの暗証番号が閉塞しています",
                next: "アクセス管理責任者に閉塞解除を依頼してください。",
            },
            Self::PinNotSent => Words {
                what: "カード挿入後の誤入力が多いため、送信しませんでした",
                next: "暗証番号を確かめてから、カードを挿し直してください。",
            },
            Self::CardProblem => Words {
                what: "カードを使用できませんでした",
                next: "カードを挿し直してください。直らなければシステム管理者に連絡してください。",
            },
            Self::CardFalse => Words {
                what: "カードの署名が登録と一致しません",
                next: "カードを保管し、システム管理者に連絡してください。",
            },
            Self::CardOther => Words {
                what: "表示されたカードと別のカードが挿入されているため、暗証番号を送信しませんでした",
                next: "表示されたカードの持ち主を確かめて、そのカードの暗証番号を入力してください。",
            },
            Self::PinUnanswered => Words {
                what: "暗証番号の照合中にカードとの接続が失われました。残り回数が減った可能性があります",
                next: "カードを挿し直し、残り回数を確かめてから入力してください。",
            },
            Self::GrantFalse => Words {
                what: "このカードの貸与記録は、この団体の登録簿のものではありません",
                next: "カードを預かり、システム管理者に連絡してください。",
            },
        }
    }
}
