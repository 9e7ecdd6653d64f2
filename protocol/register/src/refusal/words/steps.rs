//! What a person can do about a refusal.

use sekisho_wire::words::Language;

use crate::refusal::{FoldRefusal, Stays};

impl FoldRefusal {
    /// What a person can do about it.
    #[must_use]
    pub const fn next_step(&self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Malformed(_) | Self::NotAProposal => ("処分を作り直してください。", "Make the act again."),
            Self::VersionUnknown { .. }
            | Self::KindUnknown { .. }
            | Self::ContentUnknown
            | Self::Skipped { .. }
            | Self::RulesTooOld { .. } => ("プログラムを更新してください。", "Update this program."),
            Self::OtherOffice | Self::OtherLog => ("宛先を確認してください。", "Check where the act is meant to go."),
            Self::RefusedBefore | Self::RegisterSize { .. } => (
                "台帳に異常があります。システム管理者に連絡してください。",
                "The ledger keeps what it should have refused: call the system manager.",
            ),
            Self::NotFounded => ("先に設置の処分を行ってください。", "Found the office first."),
            Self::AlreadyFounded | Self::Repeated { .. } => {
                ("手続きは不要です。登録簿を確認してください。", "Nothing to do: look at the register.")
            }
            Self::Lifetime { .. } | Self::MadeTooEarly { .. } | Self::MadeInFuture { .. } | Self::Expired { .. } => {
                ("時計を確認し、もう一度署名してください。", "Check the clock and sign again.")
            }
            Self::SeenAhead { .. } | Self::OtherHistory { .. } => (
                "台帳に異常がある可能性があります。署名せず、システム管理者に連絡してください。",
                "The ledger may show two histories: sign nothing and call the system manager.",
            ),
            Self::SignerUnknown(_) | Self::SignerNotCurrent(_) | Self::OperatorNotCurrent(_) => (
                "有効な管理者のカードで署名してください。先に申請又は承認した者のカードである場合は、申請を取り下げ、改めて申請してください。",
                "Sign with the card of a current administrator. If it is the card of somebody who proposed or approved before you, have the proposal withdrawn and made again.",
            ),
            Self::SignatureWrong(_) => ("もう一度署名してください。", "Sign again."),
            Self::SignerNotAllowed(_) | Self::NoRoute(_) => {
                ("権限のある職の者が署名してください。", "Let a post with that role sign.")
            }
            Self::RecoveryIncomplete { .. } => {
                ("別の復旧鍵でも署名してください。", "Sign with another recovery key as well.")
            }
            Self::RecoveryKeyReplaced => {
                ("最新の復旧鍵の用紙を使ってください。", "Take the sheets that were printed last.")
            }
            Self::AnnounceFirst => (
                "「sekisho-admin recovery announce」で予告してください。",
                "Announce it with 'sekisho-admin recovery announce'.",
            ),
            Self::RecoveryOpen { .. } | Self::RecoveryHeldUp { .. } => (
                "「sekisho-admin recovery show」で内容を確認し、誤りであれば異議を申し立ててください。",
                "Look at it with 'sekisho-admin recovery show', and object to it if it is wrong.",
            ),
            Self::RecoveryUnknown | Self::RecoveryOver { .. } | Self::RecoveryLapsed { .. } => (
                "登録簿を確認し、必要であれば改めて予告してください。",
                "Look at the register, and announce it anew if it is still needed.",
            ),
            Self::RecoveryTooEarly { .. } => (
                "その日時まで待ってください。それまで管理者は異議を申し立てられます。",
                "Wait until then: so long an administrator can object.",
            ),
            Self::PostNotHeld { .. } => ("就いている職を指定してください。", "Name a post that the signer holds."),
            Self::NotEntrusted { .. } => (
                "委託した団体の管理者が自ら行うか、委託の範囲を改めてください。",
                "Let the office itself do it, or have it entrusted.",
            ),
            Self::RequestMissing { .. } => (
                "依頼番号と協議書番号を付けて、もう一度署名してください。",
                "Sign again with the numbers of the request and of the agreement.",
            ),
            Self::Shared(_) => (
                "新しい協議書により、双方の団体で決定してください。",
                "Let both offices decide it, under a new agreement.",
            ),
            Self::NotShown(_) => (
                "相手の団体の決定を取り寄せ、もう一度示してください。",
                "Fetch the other office's decision again and show that.",
            ),
            Self::ApprovalNeeded(_) => ("申請として提出し、承認を受けてください。", "Propose it and have it approved."),
            Self::LastSigners { .. } => (
                "申請として提出し、承認を受けてください。承認できる者がいないときは、復旧鍵で署名してください。",
                "Propose it and have it approved. If nobody is left who could approve it, sign it with the recovery keys.",
            ),
            Self::StageBefore(_) => (
                "前の段階の承認を待ってください。「sekisho-admin proposals」で状況を確認できます。",
                "Wait for the stage before; 'sekisho-admin proposals' shows how far it is.",
            ),
            Self::StageTaken { .. } => (
                "最新の状況を確認し、次の段階の承認として署名してください。",
                "Look at it again, and approve what the next stage is to approve.",
            ),
            Self::ProposalOver { .. } => {
                ("必要であれば、改めて申請してください。", "Propose it anew if it is still needed.")
            }
            Self::RouteShorter { .. } => {
                ("申請者が取り下げ、改めて申請してください。", "Let its proposer withdraw it and propose it anew.")
            }
            Self::OwnDecision { .. } => {
                ("その職に就く別の者が後閲してください。", "Let somebody else who holds that post look at it.")
            }
            Self::NotTheProposer => {
                ("不承認とするか、申請者に取下げを求めてください。", "Refuse it, or ask its proposer to withdraw it.")
            }
            Self::ReasonMissing => ("理由を付けて署名してください。", "Sign it with a reason."),
            Self::NotItsKeeper { .. } => (
                "その職の書面の記録者に記録を求めるか、記録者を定めてください。",
                "Let the keeper of that post's papers record it, or have a keeper named.",
            ),
            Self::NotYours { .. } | Self::RecipientMissing(_) => (
                "権限のある職の者に依頼するか、報告先を加えてください。",
                "Let somebody do it whose post may, or add who has to be told.",
            ),
            Self::FieldWrong { .. } => ("記入内容を直して署名してください。", "Put the field right and sign again."),
            Self::CaseUnknown(_) | Self::CaseOver(_) | Self::StepTaken { .. } | Self::SaidTwice => {
                ("「sekisho-admin case show」で状況を確認してください。", "Look at it with 'sekisho-admin case show'.")
            }
            Self::StepMissing { .. } => (
                "先にその手続を済ませてください（sekisho-admin case step 番号 手続 …）。",
                "Have that step taken first: 'sekisho-admin case step CASE STEP …'.",
            ),
            Self::StepOfAnother { .. } => (
                "別の者に依頼してください。書面の決定は、別の記録者が記録します。",
                "Let another person take it; what was decided on paper another keeper records.",
            ),
            Self::StopUnrecorded { .. } => (
                "「sekisho-admin case open disconnection …」で結合停止等記録を作成し、停止の処分を「sekisho-admin case step 番号 stop act=…」で記入してから、解消報告(resolve)と確認(confirm)を記録してください。",
                "Open the record with 'sekisho-admin case open disconnection …', name the stop with 'sekisho-admin case step CASE stop act=…', then have 'resolve' and 'confirm' written.",
            ),
            Self::SamePerson(_) => ("別の者が承認してください。", "Let another person approve."),
            Self::ChangedSince { .. } => (
                "最新の登録簿を確認し、必要であればもう一度署名してください。",
                "Look at the new register and sign again if it is still right.",
            ),
            Self::Unknown(_) => ("先に登録するか、コードを確認してください。", "Register it first, or check the code."),
            Self::CardUsed(_) | Self::KeyUsed | Self::CardFinal { .. } => {
                ("新しいカード又は鍵を使ってください。", "Use a new card or a new key.")
            }
            Self::PermitMissing { .. } => (
                "利用申請(様式 system-use)の許可を受け、「--system-use 番号」を付けてください。",
                "Have the use permitted (form system-use), and name its number with --system-use.",
            ),
            Self::PermitWrong { .. } => (
                "「sekisho-admin case list --form system-use」で、その課の有効な許可の番号を確認してください。",
                "Look for a permit of that section that is in force: 'sekisho-admin case list --form system-use'.",
            ),
            Self::LoanTooLong { .. } => (
                "期間を短くするか、1日以上返却してから貸し出すか、申請(「--propose」)として提出し、別の者の承認を受けてください。",
                "Lend it for less, have it given back for a day, or propose it (--propose) and have another person approve it.",
            ),
            Self::NotQualified { .. } => (
                "「sekisho-admin operator qualify」で交付資格を認定してから貸与してください。",
                "Say first that the person qualifies: 'sekisho-admin operator qualify'.",
            ),
            Self::KeyMalformed => {
                ("カード又は端末の鍵を作り直してください。", "Make the key of the card or terminal again.")
            }
            Self::StillKept { .. } => {
                ("保存期間が終わってから、廃棄を申請してください。", "Propose it once they have been kept long enough.")
            }
            Self::Preserved { .. } => (
                "保全命令の対象でない月だけを廃棄するか、先に命令を解除してください。",
                "Leave those months out, or have the order lifted first.",
            ),
            Self::Destroyed { .. } => ("その月を除いて申請してください。", "Leave that month out."),
            Self::StillDesignated(_) => (
                "指定の期間が終わるか、解除してから申請してください。",
                "Propose it once the designation is over or ended.",
            ),
            Self::CardOut { .. } => {
                ("カードの返納又は失効を登録してから申請してください。", "Have the card returned or revoked first.")
            }
            Self::StillMentioned { .. } => {
                ("その月の記録を廃棄してから申請してください。", "Have the records of that month destroyed first.")
            }
            Self::NameErased { .. } => {
                ("その氏名を除くか、氏名を入力し直してください。", "Leave that name out, or give the name anew.")
            }
            Self::TextsStay { why, .. } => match why {
                Stays::Open => ("残っている手続を終えてください。", "Take the steps first that are left in it."),
                Stays::Until(_) => {
                    ("保存期間が終わってから申請してください。", "Propose it once they have been kept long enough.")
                }
                Stays::Ordered(_) => (
                    "その文書を除いて申請するか、先に命令を解除してください。",
                    "Leave that case out, or have the order lifted first.",
                ),
                Stays::Needed(_) => (
                    "その文書を除いて申請するか、関係する文書の終結を待ってください。",
                    "Leave that case out, or wait until the other one is over.",
                ),
                Stays::OtherTexts => ("改めて申請してください。", "Propose it anew."),
                Stays::Erased(_) => ("その文書を除いて申請してください。", "Leave that case out."),
            },
            Self::Ended(_) => ("新しいコードで登録してください。", "Register it anew under another code."),
            Self::EpochNotNew { .. } => ("より大きい番号を指定してください。", "Name a larger one."),
            Self::TooFewSigners => (
                "署名できるカードを持つ者を2人残してください。復旧では、待機期間の後も指定が続くよう、予告に指定を加えてください(--config)。",
                "Leave two persons with cards that sign. In a recovery, announce designations with it (--config) that last longer than its wait.",
            ),
            Self::TerminalLimit(_) | Self::CardNotActive(_) => {
                ("管理者に連絡してください。", "Call an administrator: his card can do it.")
            }
            Self::DatesWrong(_) | Self::ValueWrong(_) | Self::EffectiveWrong { .. } | Self::ChangedTwice(_) => {
                ("内容を修正してください。", "Correct the value.")
            }
        };
        match language {
            Language::Japanese => ja,
            Language::English => en,
        }
    }
}
