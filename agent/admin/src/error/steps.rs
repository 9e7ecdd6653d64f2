//! What to do next, for each error of this program, in English and Japanese.

use sekisho_wire::words::Language;

use super::{AdminError, Thing};
use crate::lease;

/// What helps whoever was stopped in the middle.
const AGAIN: [&str; 2] = [
    "同じ手続をもう一度行うと、済んだものは飛ばして続きから行います。",
    "Run the same command again: what is done already is passed over.",
];

impl AdminError {
    /// What to do about it; empty when nothing is to be done.
    #[must_use]
    pub(crate) fn next_step(&self, language: Language) -> String {
        let (english, japanese) = match self {
            Self::Code(error) => return error.next_step(link_language(language)).to_owned(),
            Self::Stick(error) => return error.next_step(link_language(language)).to_owned(),
            Self::Evidence(_, error) => return error.next_step(link_language(language)).to_owned(),
            Self::AfterSome { cause, .. } => {
                let (step, again) = (cause.next_step(language), AGAIN[usize::from(language == Language::English)]);
                return format!("{step}{}{again}", if step.is_empty() { "" } else { " " });
            }
            Self::Template(error) => {
                let ours = &error.instead;
                return match language {
                    Language::English => format!(
                        "Nothing was printed. Correct the file, or take it out of the folder: then the built-in template {ours} is used ('sekisho-admin form templates export DIR' writes it out)."
                    ),
                    Language::Japanese => format!(
                        "印刷していません。ファイルを直すか、フォルダーから取り除いてください。取り除くと組込みの {ours} が使われます(「sekisho-admin form templates export DIR」で書き出せます)。"
                    ),
                };
            }
            Self::TemplatesWrong(_) => (
                "Correct them, and check again. Where a file is taken away, the built-in template is used.",
                "直してもう一度確認してください。取り除いたファイルの代わりには組込みのテンプレートが使われます。",
            ),
            Self::RecordsOfOtherOffice(_) => (
                "Carry it with the home directory of the office that the terminal belongs to.",
                "端末機が属する団体のホームディレクトリで実行してください。",
            ),
            Self::RecordsBefore { expected, .. } => {
                let export = format!("sekisho-agent records export --from {expected} FILE");
                return match language {
                    Language::English => format!("Have them exported at the terminal, and carry that file: {export}"),
                    Language::Japanese => format!("端末機で次を実行し、そのファイルを運んでください: {export}"),
                };
            }
            Self::NotSealed => (
                "Look at the ledger's log and at /readyz, then run this command again.",
                "台帳のログと /readyz を確かめ、もう一度実行してください。",
            ),
            Self::Link(error) => return error.next_step(link_language(language)),
            Self::Fold(refusal) => return refusal.next_step(language).to_owned(),
            Self::Card(error) => return error.next_step(language).to_owned(),
            Self::Login(error) => return error.next_step(language).to_owned(),
            Self::Issuer(error) => return error.next_step(language).to_owned(),
            Self::Transport(error) => return error.next_step(language).to_owned(),
            Self::File { cause, .. } if cause.kind() == std::io::ErrorKind::AlreadyExists => (
                "Name another file: none is written over.",
                "別のファイル名を指定してください。既存のファイルは上書きしません。",
            ),
            Self::File { .. } | Self::Output(_) | Self::Input(_) | Self::NoRandom(_) => {
                ("Check the path, its owner and the disk.", "パス、所有者、ディスクを確かめてください。")
            }
            Self::Token(error) => return error.next_step(language).to_owned(),
            Self::NotLent(error) => return lease::next_step(error, language).to_owned(),
            Self::Damaged(_) => (
                "Restore the home directory from the safe's copy.",
                "金庫に保管した写しからホームディレクトリを復元してください。",
            ),
            Self::NoCardSecret(_) => (
                "Restore it from the safe's copy; one that lies in a token: 'sekisho-admin office card-secret use'. If it is lost: 'office card-secret renew --lost'.",
                "金庫の写しから復元してください。トークンにある場合は「sekisho-admin office card-secret use」、失った場合は「office card-secret renew --lost」を実行してください。",
            ),
            Self::SecretExists => (
                "'sekisho-admin office card-secret show' says where it is; 'renew' makes a new one. At a desk that has none, 'use' takes one that lies in a token.",
                "所在は「sekisho-admin office card-secret show」で確かめられます。新しくするには renew、まだない端末でトークンの鍵を使うには use を実行してください。",
            ),
            Self::SecretInToken => (
                "To have one in another token, make a new one: 'sekisho-admin office card-secret renew'.",
                "別のトークンに置くには「sekisho-admin office card-secret renew」で新しい鍵を作成してください。",
            ),
            Self::RenewalUnderWay => (
                "See 'sekisho-admin office card-secret show'; run 'card rekey' on each missing card, then 'office card-secret destroy-former'.",
                "「sekisho-admin office card-secret show」で確かめ、未更新のカードに「card rekey」を実行した後、「office card-secret destroy-former」で終了してください。",
            ),
            Self::NoRenewal => (
                "'sekisho-admin office card-secret renew' begins one.",
                "「sekisho-admin office card-secret renew」で開始できます。",
            ),
            Self::FormerLost => (
                "Issue a new card for each one in use ('sekisho-admin office card-secret show' lists them), and take the old one back.",
                "使用中のカード(「sekisho-admin office card-secret show」に表示)を、新しいカードと交換してください。",
            ),
            Self::CardsBegun(_) => (
                "Finish them or give them up first ('sekisho-admin card pending').",
                "先に発行を完了するか、取りやめてください(sekisho-admin card pending)。",
            ),
            Self::CardsMissing(_) => (
                "'sekisho-admin office card-secret show' lists them: run 'card rekey' on each, or end it ('card return', 'card revoke').",
                "「sekisho-admin office card-secret show」に表示されるカードに「card rekey」を実行するか、返納・失効の処分をしてください。",
            ),
            Self::PostHeld { .. } => (
                "Let the one before leave first ('sekisho-admin post leave'), make the new one a deputy, or say '--beside' if both are to hold it.",
                "先に「sekisho-admin post leave」で前任者を離任させるか、代決者(--deputy)としてください。両名を就かせるときは --beside を指定してください。",
            ),
            Self::HasACard(_) => (
                "End it with 'sekisho-admin card revoke' or 'card return', or say '--also' if he is to have both.",
                "「sekisho-admin card revoke」又は「card return」で終わらせてください。両方を持たせるときは --also を指定してください。",
            ),
            Self::HoldsFormer(_) => (
                "Run 'sekisho-admin card rekey' with this card in the reader, then do this again.",
                "このカードを挿入して「sekisho-admin card rekey」を実行してから、やり直してください。",
            ),
            Self::HoldsLost(_) => (
                "It can still be used, and no longer managed: issue a new card and take this one back. If another desk is renewing the secret, run 'sekisho-admin card rekey' there.",
                "引き続き使用できますが、管理はできません。新しいカードを発行し、これを返納させてください。別の端末で管理鍵を更新中であれば、その端末で「sekisho-admin card rekey」を実行してください。",
            ),
            Self::NotBegunHere(_) => (
                "Whoever made it may be about to hand it out: ask there. If nobody needs it, 'sekisho-admin card reset' makes it blank.",
                "交付される予定のカードかもしれません。作成した端末で確かめてください。不要であれば「sekisho-admin card reset」で白紙に戻せます。",
            ),
            Self::CardBlank => (
                "Insert the card that is meant; a blank one is made into a card by 'sekisho-admin card issue'.",
                "対象のカードを挿入してください。白紙のカードは「sekisho-admin card issue」で発行できます。",
            ),
            Self::NobodyLeft => (
                "What waits ('sekisho-admin card pending') goes on with the file that it was begun with, unchanged, or card by card with 'card issue --resume'.",
                "発行途中のカード(sekisho-admin card pending)は、開始時のファイルを変更せずに再実行するか、カードごとに「card issue --resume」で続けてください。",
            ),
            Self::RekeyedBefore(_) | Self::NotInBatch(_) => ("", ""),
            Self::BatchRefused(_) => (
                "Correct the file or the register, and run the command again. No card was touched.",
                "ファイルか登録簿を修正して、もう一度実行してください。カードには触れていません。",
            ),
            Self::BatchUnfinished(_) => (
                "Run the same command with the same file again: it goes on. 'sekisho-admin proposals' lists what waits for approval; what was refused needs another file.",
                "同じファイルで同じコマンドを実行すると続きから行います。承認待ちは「sekisho-admin proposals」で確認できます。認められなかったものは別のファイルで発行してください。",
            ),
            Self::HomeBusy(_) => (
                "End it, or wait until it has ended; then do this again.",
                "その処理を終えるか、終了を待ってから、やり直してください。",
            ),
            Self::HomeOpenToOthers(_) => ("Run chmod 700 on it.", "chmod 700 を実行してください。"),
            Self::HomeOfSomebodyElse(_) => (
                "Run this as its owner, or name another directory with --home.",
                "所有者として実行するか、--home で別のディレクトリを指定してください。",
            ),
            Self::NoOffice => (
                "Run 'sekisho-admin found', or name the right directory with --home.",
                "「sekisho-admin found」を実行するか、--home で正しいディレクトリを指定してください。",
            ),
            Self::OfficeExists => {
                ("Name another directory with --home.", "--home で別のディレクトリを指定してください。")
            }
            Self::Config(_) | Self::Argument { .. } | Self::FilledIn(_) | Self::NothingToDo | Self::TooLarge => {
                ("Correct it and run the command again.", "修正して、もう一度実行してください。")
            }
            Self::ProposalTooLarge => {
                ("Cut the file into smaller ones and propose each.", "ファイルを分割し、それぞれ申請してください。")
            }
            Self::CodeExpired | Self::CodeKind => {
                ("Have the ledger make a new code.", "台帳で新しいコードを発行してください。")
            }
            Self::ForeignCode(_) => (
                "Enrol nothing with it. If the ledger was given another address or certificate, office.toml must say so; else call the security officer.",
                "このコードで登録しないでください。台帳のアドレスや証明書を変更したときは office.toml に反映し、それ以外はセキュリティ責任者に連絡してください。",
            ),
            Self::Cache(_) | Self::Tlog(_) => (
                "Sign nothing. Keep this home directory as evidence and call the ledger's operator and the security officer.",
                "署名しないでください。このホームディレクトリを証拠として保全し、台帳の運用者とセキュリティ責任者に連絡してください。",
            ),
            Self::NotInForce(_) => (
                "Do not rely on it: cards and rights that it takes away still work. Call the ledger's operator and the security officer; the next run sends it again.",
                "効力を前提にしないでください(失効させたはずのカードや権限はまだ有効です)。台帳の運用者とセキュリティ責任者に連絡してください。次回の実行時に再送します。",
            ),
            Self::Unanswered(_) => (
                "Run 'sekisho-admin acts --last 5' when the ledger answers again: it sends the act again and shows what became of it.",
                "台帳が応答するようになったら「sekisho-admin acts --last 5」を実行してください。処分を再送し、結果を表示します。",
            ),
            Self::AnnouncedBefore(_) => (
                "Complete it with 'sekisho-admin recovery complete' when its time has come, or take it back with 'recovery withdraw'. Where somebody has objected meanwhile, either says so, and then another can be announced.",
                "期限後に「sekisho-admin recovery complete」で実施するか、「recovery withdraw」で取り消してください。異議により終了している場合はその旨が表示され、改めて予告できます。",
            ),
            Self::SettledNow(_) => (
                "Look at 'sekisho-admin acts --last 5'. If the decision is still missing, run the command again.",
                "「sekisho-admin acts --last 5」で確かめ、まだ必要な処分であれば、もう一度実行してください。",
            ),
            Self::FingerprintNeeded(_) => (
                "Read the fingerprint from the other machine's own screen and give it with --fingerprint; --yes does not answer this question.",
                "相手の機械の画面に表示された指紋を --fingerprint で指定してください。--yes ではこの確認を省けません。",
            ),
            Self::Malformed(_) | Self::Ledger(_) => (
                "Bring this program and the ledger to neighbouring releases.",
                "このプログラムと台帳の版をそろえてください。",
            ),
            Self::Ca(_) => ("Call the system manager.", "システム管理者に連絡してください。"),
            Self::PinShape(refused) => (
                sekisho_card::another_pin(*refused, Language::English),
                sekisho_card::another_pin(*refused, Language::Japanese),
            ),
            Self::NoTerminalForPin => {
                ("Use --pin-file or --pin-stdin.", "--pin-file か --pin-stdin を使ってください。")
            }
            Self::NoTerminalForFirstPin => (
                "Use --first-pin-file, or have the holder choose with --own-pin-file.",
                "--first-pin-file を使うか、所持者が決めた番号を --own-pin-file で渡してください。",
            ),
            Self::NoReader => (
                "Connect a reader, and check that pcscd runs.",
                "カードリーダーを接続し、pcscd が動いているか確かめてください。",
            ),
            Self::WhichReader(_) | Self::NoReaderCalled { .. } => {
                ("Name one with --reader or --signer-reader.", "--reader か --signer-reader で指定してください。")
            }
            Self::NoCardInTime(_) => {
                ("Insert the card and run the command again.", "カードを挿入して、もう一度実行してください。")
            }
            Self::CardStays(_) => {
                ("Take it out and run the command again.", "カードを抜いて、もう一度実行してください。")
            }
            Self::NotASigner(_) => {
                ("Sign with the card of a current administrator.", "有効な管理者のカードで署名してください。")
            }
            Self::OtherCard { .. } => ("Insert the right card.", "正しいカードを挿入してください。"),
            Self::WhichPost(posts) if posts.is_empty() => {
                ("Use the card of somebody who holds a post.", "職に就いている者のカードを使ってください。")
            }
            Self::WhichPost(_) => ("Name one with --post.", "--post で指定してください。"),
            Self::ForeignCard => {
                ("Take a card of this office, or a blank one.", "この団体のカードか、白紙のカードを使ってください。")
            }
            Self::CardIssued(_) => ("Take a blank card.", "白紙のカードを使ってください。"),
            Self::CardInUse(_) => (
                "Take it back ('card return') or revoke it ('card revoke') first.",
                "先に返納(card return)または失効(card revoke)を処分してください。",
            ),
            Self::CardUnfinished => (
                "Run 'sekisho-admin card issue --resume' with this card in the reader.",
                "このカードを挿入したまま「sekisho-admin card issue --resume」を実行してください。",
            ),
            Self::CardProposed(_) => (
                "Decide the proposal first ('sekisho-admin proposals'). Once it is approved, 'sekisho-admin card issue --resume' finishes the card here or there.",
                "先に申請を処理してください(sekisho-admin proposals)。承認後は、どちらの端末でも「sekisho-admin card issue --resume」で完了できます。",
            ),
            Self::NotApprovedYet(_) => (
                "Have the other administrator run 'sekisho-admin approve', then 'sekisho-admin card issue --resume' with this card.",
                "もう一人の管理者が「sekisho-admin approve」で承認した後、このカードで「sekisho-admin card issue --resume」を実行してください。",
            ),
            Self::NameNotShown(_) => (
                "Have it proposed again with the name. If the name stays away, ask whoever runs the ledger.",
                "氏名を付けて申請し直してもらってください。それでも示されないときは、台帳の運用者に問い合わせてください。",
            ),
            Self::NotAnOffice(_) => {
                ("Have the other desk export it again.", "もう一方の端末で書き出し直してください。")
            }
            Self::NotASuccession(_) => (
                "Have it written again with 'sekisho-admin --propose log succeed casebook --to FILE'.",
                "「sekisho-admin --propose log succeed casebook --to ファイル」で書き出し直してもらってください。",
            ),
            Self::OtherThanLeft { .. } | Self::MoreWasSigned { .. } => (
                "Look at 'sekisho-admin log lost' together, and have it proposed anew.",
                "「sekisho-admin log lost」を申請者とともに確認し、申請し直してもらってください。",
            ),
            Self::OtherOffice => (
                "Sign nothing. Compare the fingerprint with the desk that made the file, and tell the security officer.",
                "署名しないでください。ファイルを作った端末の指紋と比べ、セキュリティ責任者に連絡してください。",
            ),
            Self::NothingToResume => (
                "Run 'sekisho-admin card issue --operator …' with this card.",
                "このカードで「sekisho-admin card issue --operator …」を実行してください。",
            ),
            Self::FingerprintWrong { .. } => (
                "Stop: this is not what the other machine shows, somebody may have put his own in its place. Compare at its screen.",
                "中止してください。相手の機械の表示と異なり、すり替えのおそれがあります。相手の機械の画面で確かめてください。",
            ),
            Self::Unknown { what: Thing::OpenProposal, .. } => (
                "'sekisho-admin proposals' lists those that are open: it was decided, refused or withdrawn, or ran out.",
                "「sekisho-admin proposals」で申請中のものを確認してください。決定、却下、取下げ又は期限切れの申請は出ません。",
            ),
            Self::Unknown { .. } => {
                ("Check the code, or register it first.", "コードを確かめるか、先に登録してください。")
            }
            Self::GrantTooLarge => (
                "Nothing: terminals learn of the card from the register.",
                "手続きは不要です。端末は登録簿からこのカードを知ります。",
            ),
            Self::ExportDoesNotHold(_) => (
                "Keep the folder as it is, and ask whoever exported it for another copy: if that does not hold either, call the security officer.",
                "フォルダーをそのまま保全し、書き出した人に写しをもう一度求めてください。それも合格しない場合は、セキュリティ責任者に連絡してください。",
            ),
            Self::RecordsDoNotHold(_) => (
                "Keep the output as evidence and call the security officer.",
                "出力を証拠として保全し、セキュリティ責任者に連絡してください。",
            ),
            Self::RecordsMissing { ranges: 0, .. } => (
                "Each that is unclear says why. Nothing is said against it, and nothing for it: do not rest a decision on it before that is found out.",
                "確認できない記録には、それぞれ理由を表示しています。不正とも正当とも判断できないため、理由が分かるまで根拠にしないでください。",
            ),
            Self::RecordsMissing { .. } => (
                "See 'sekisho-admin terminal behind'. What a terminal will never send, its 'lost' record or a new epoch must say.",
                "「sekisho-admin terminal behind」で確かめてください。送られることのない記録は、端末機の欠落記録か新しい履歴番号で示される必要があります。",
            ),
            Self::Declined => ("", ""),
            Self::WishOver => ("Wish for it again in the browser.", "ブラウザーで改めて依頼してください。"),
            Self::NobodyToAsk => {
                ("Add --yes to run without questions.", "質問なしで実行するには --yes を付けてください。")
            }
        };
        match language {
            Language::English => english,
            Language::Japanese => japanese,
        }
        .to_owned()
    }
}

/// The link has no words of its own in common with the wire.
const fn link_language(language: Language) -> sekisho_link::Language {
    match language {
        Language::English => sekisho_link::Language::English,
        Language::Japanese => sekisho_link::Language::Japanese,
    }
}
