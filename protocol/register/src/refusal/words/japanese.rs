//! What was refused and why, in Japanese.

use alloc::format;
use alloc::string::String;

use sekisho_wire::words::Language;

use super::signer_text;
use crate::change::RecoveryEnd;
use crate::refusal::FoldRefusal;
use crate::thing::{Thing, class_name};
use crate::wareki::{moment_text, month_text, numbered};

impl FoldRefusal {
    pub(super) fn japanese(&self) -> String {
        let moment = |t| moment_text(t, Language::Japanese);
        let thing = |thing: &Thing| thing.text(Language::Japanese);
        match self {
            Self::Malformed(malformed) => format!("処分の内容を読み取れません({}バイト目)", malformed.at),
            Self::VersionUnknown { version } => format!("処分の形式(第{version}版)にこのプログラムは対応していません"),
            Self::KindUnknown { kind } => format!("処分の内容(種別{kind})にこのプログラムは対応していません"),
            Self::ContentUnknown => "処分の内容にこのプログラムが対応していない項目があります".into(),
            Self::Skipped { version } => {
                format!("処分の形式(第{version}版)にこのプログラムは対応していないため、読み飛ばしました")
            }
            Self::RefusedBefore => "最初に読み込んだときに拒否された処分です".into(),
            Self::RulesTooOld { needed } => format!("登録簿は規則第{needed}版を必要としています"),
            Self::OtherOffice => "別の団体あての処分です".into(),
            Self::OtherLog => "別の記録簿あての処分です".into(),
            Self::NotFounded => "団体がまだ設置されていません".into(),
            Self::AlreadyFounded => "団体は既に設置されています".into(),
            Self::Repeated { index } => format!("同じ処分が既に登録されています(登録順{index})"),
            Self::Lifetime { made, expires } => {
                format!("処分の期限が正しくありません(作成 {}、期限 {}、30日以内)", moment(*made), moment(*expires))
            }
            Self::MadeTooEarly { made, newest } => {
                format!(
                    "処分の作成時刻 {} が、最新の処分又は現在の時刻 {} より10分を超えて前です",
                    moment(*made),
                    moment(*newest)
                )
            }
            Self::MadeInFuture { made, now } => {
                format!("処分の作成時刻 {} が現在時刻 {} より後です", moment(*made), moment(*now))
            }
            Self::EffectiveWrong { made, effective } => format!(
                "処分の効力発生日時が正しくありません(作成 {}、効力発生 {}、作成以後400日以内。承認及び復旧鍵による処分には指定できません)",
                moment(*made),
                moment(*effective)
            ),
            Self::TerminalLimit(terminal) => format!("端末 {terminal} が本日署名できる処分の数を超えました"),
            Self::TooFewSigners => "残る者だけでは設置に関する処分を行えなくなります".into(),
            Self::LastSigners { from } => format!(
                "1人の署名によるこの処分を行うと、{} から団体に関する処分を行える者がいなくなります",
                moment(*from)
            ),
            Self::CardNotActive(card) => format!("カード {card} は有効ではないため、停止できません"),
            Self::ChangedTwice(what) => format!("一つの処分で{}を二度変更しています", thing(what)),
            Self::Expired { expires, now } => {
                format!("処分の期限 {} を過ぎています(基準時刻 {})", moment(*expires), moment(*now))
            }
            Self::SeenAhead { seen, size } => format!("署名者が確認した登録簿は{seen}件ですが、実際は{size}件です"),
            Self::OtherHistory { seen } => format!("署名者が確認した登録簿({seen}件)は、この登録簿と内容が異なります"),
            Self::RegisterSize { needed, given } => {
                format!("この処分は登録簿{needed}件により判定するもので、{given}件では判定できません")
            }
            Self::SignerUnknown(signer) => {
                format!("署名者({})が登録されていないか、署名用の鍵がありません", signer_text(signer))
            }
            Self::SignerNotCurrent(signer) => format!("署名者({})は現在有効ではありません", signer_text(signer)),
            Self::SignatureWrong(signer) => format!("署名が署名者({})のものではありません", signer_text(signer)),
            Self::SignerNotAllowed(signer) => format!("署名者({})はこの処分に署名できません", signer_text(signer)),
            Self::RecoveryIncomplete { have, need } => format!("復旧鍵の署名が足りません({have}件、必要数{need}件)"),
            Self::RecoveryKeyReplaced => "この復旧鍵は、新しい復旧鍵に替えられています".into(),
            Self::AnnounceFirst => "復旧鍵による処分は、先に予告しなければなりません".into(),
            Self::RecoveryOpen { index } => format!("復旧が既に予告されています(登録順{index})"),
            Self::RecoveryHeldUp { index } => {
                format!("この処分を行うと、予告されている復旧(登録順{index})を実施できなくなります")
            }
            Self::RecoveryUnknown => "その復旧は予告されていません".into(),
            Self::RecoveryOver { how: RecoveryEnd::Completed, index } => {
                format!("その復旧は既に完了しています(登録順{index})")
            }
            Self::RecoveryOver { how: RecoveryEnd::Objected, index } => {
                format!("その復旧には異議が申し立てられています(登録順{index})")
            }
            Self::RecoveryTooEarly { due } => format!("この復旧を完了できるのは {} からです", moment(*due)),
            Self::RecoveryLapsed { lapsed } => format!("この復旧の予告は {} に失効しました", moment(*lapsed)),
            Self::OperatorNotCurrent(operator) => {
                format!("操作者 {operator} は現在、指定されていないか停止されています")
            }
            Self::PostNotHeld { post, operator } => format!("操作者 {operator} は職 {post} に就いていません"),
            Self::NoRoute(class) => format!("この職では「{}」の処分に署名できません", class.title()),
            Self::NotEntrusted { partner, class } => {
                format!("団体 {partner} には、この処分(「{}」)を委託していません", class.title())
            }
            Self::RequestMissing { agreement } => {
                format!("受託した処分には、依頼番号と協議書番号 {agreement} が必要です")
            }
            Self::Shared(office) => {
                format!("運用方針は団体 {office} と共通のものであり、一方だけでは変更できません")
            }
            Self::NotShown(office) => format!("団体 {office} が同じ決定をしたことが示されていません"),
            Self::ApprovalNeeded(class) => format!("「{}」の処分には承認が必要です", class.title()),
            Self::SamePerson(class) => {
                format!(
                    "「{}」の処分では、申請する者と各段階で承認する者は、すべて別の者でなければなりません",
                    class.title()
                )
            }
            Self::StageBefore(class) => format!("「{}」の処分の前の段階の承認がまだです", class.title()),
            Self::StageTaken { index } => format!("この段階は承認済みです(処理簿の{index})"),
            Self::ProposalOver { answer, index } => {
                format!("この申請は{}されています(処理簿の{index})", answer.name(Language::Japanese))
            }
            Self::RouteShorter { stages, approvals } => {
                format!("決裁区分が短くなりました。これは{approvals}番目の承認ですが、段階は現在{stages}です")
            }
            Self::OwnDecision { post } => format!("職 {post} の代決をした本人は、その後閲を行えません"),
            Self::NotTheProposer => "取り下げることができるのは申請者だけです".into(),
            Self::ReasonMissing => "不承認には理由が必要です".into(),
            Self::NotItsKeeper { post, keeper } => {
                format!("職 {keeper} は、職 {post} の書面の記録者ではありません")
            }
            Self::NotYours { form, step: None } => {
                format!("この職では「{}」を作成できません", form.title(Language::Japanese))
            }
            Self::NotYours { form, step: Some(step) } => {
                let title = form.step_title(step, Language::Japanese);
                format!("この職では「{}」の「{title}」を行えません", form.title(Language::Japanese))
            }
            Self::FieldWrong { form, field, fault } => {
                let title = form.field_title(field, Language::Japanese);
                format!("「{}」: {}", form.title(Language::Japanese), fault.text(title, Language::Japanese))
            }
            Self::RecipientMissing(role) => format!("この種類の事故は{}への報告が必要です", role.title()),
            Self::CaseUnknown(case) => format!("{}はありません", case.text(Language::Japanese)),
            Self::CaseOver(case) => format!("{}は終結しています", case.text(Language::Japanese)),
            Self::StepMissing { case, step } => {
                let title = case.form.step_title(step, Language::Japanese);
                format!("{}では、先に「{title}」が必要です", case.text(Language::Japanese))
            }
            Self::StopUnrecorded { stop } => {
                format!("登録簿の{stop}番の停止を記載した、進行中の結合停止等記録がありません")
            }
            Self::StepOfAnother { case, step } => {
                let title = case.form.step_title(step, Language::Japanese);
                format!(
                    "{}の「{title}」は、申請又は先の手続を記録した者とは別の者が行います",
                    case.text(Language::Japanese)
                )
            }
            Self::StepTaken { case, step } => {
                let title = case.form.step_title(step, Language::Japanese);
                format!("{}の「{title}」は済んでいます", case.text(Language::Japanese))
            }
            Self::SaidTwice => "同じことが2度述べられているか、既に述べられています".into(),
            Self::NotAProposal => "承認の対象が申請ではありません".into(),
            Self::ChangedSince { thing: what, index } => {
                format!("{}は、署名者が確認した後に変更されています(登録順{index})", thing(what))
            }
            Self::Unknown(what) => format!("{}は登録されていません", thing(what)),
            Self::CardUsed(card) => format!("カード {card} は既に貸与されたことがあります"),
            Self::KeyUsed => "既に使用された鍵が含まれています".into(),
            Self::KeyMalformed => "公開鍵として正しくない値が含まれています".into(),
            Self::CardFinal { card, state } => {
                format!("カード {card} は{}となっており、元に戻せません", state.name(Language::Japanese))
            }
            Self::PermitMissing { class } => {
                format!("「{}」の処分には利用許可の番号が必要ですが、記されていません", class.title())
            }
            Self::PermitWrong { permit, fault } => {
                let number = numbered(*permit, Language::Japanese);
                format!("利用許可 {number} は{}", fault.text(Language::Japanese))
            }
            Self::LoanTooLong { card, most } => {
                format!(
                    "カード {card} を1人の判断で貸し出せるのは、今から{most}日以内です(同じ人への続けての貸出しは通算します)"
                )
            }
            Self::NotQualified { operator, kind } => format!(
                "カードを貸与できません。操作者 {operator} は、貸与の開始日に{}の交付資格を認定されていません",
                kind.name(Language::Japanese)
            ),
            Self::Ended(what) => format!("{}は廃止又は解除されており、元に戻せません", thing(what)),
            Self::EpochNotNew { terminal, epoch } => {
                format!("端末 {terminal} の履歴番号 {epoch} は、これまでの番号より大きくありません")
            }
            Self::DatesWrong(what) => format!("{}の終了日時が開始日時より前です", thing(what)),
            Self::StillKept { class, month, until } => format!(
                "{}の{}分は、{} まで保存しなければなりません",
                class_name(*class, Language::Japanese),
                month_text(*month, Language::Japanese),
                moment(*until)
            ),
            Self::Preserved { order, month } => {
                format!("{}分は、保全命令 {order} により廃棄できません", month_text(*month, Language::Japanese))
            }
            Self::Destroyed { class, month, index } => format!(
                "{}の{}分は、既に廃棄されています(登録順{index})",
                class_name(*class, Language::Japanese),
                month_text(*month, Language::Japanese)
            ),
            Self::StillDesignated(operator) => {
                format!("操作者 {operator} は指定されている(又は今後の指定がある)ため、氏名を消去できません")
            }
            Self::CardOut { operator, card } => {
                format!("操作者 {operator} のカード {card} が返納も失効もされていないため、氏名を消去できません")
            }
            Self::StillMentioned { operator, class, month } => format!(
                "操作者 {operator} の氏名は、{}の{}分が廃棄されるまで消去できません",
                class_name(*class, Language::Japanese),
                month_text(*month, Language::Japanese)
            ),
            Self::NameErased { operator, index } => {
                format!("操作者 {operator} の氏名は、既に消去されています(登録順{index})")
            }
            Self::TextsStay { case, why } => {
                format!("{}の本文を消去できません。{}", case.text(Language::Japanese), why.text(Language::Japanese))
            }
            Self::ValueWrong(what) => what.text(Language::Japanese).into(),
        }
    }
}
