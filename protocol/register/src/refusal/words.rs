//! The words of refusals: what was refused, why, and what to do, in Japanese and English.

use alloc::format;
use alloc::string::{String, ToString};

use sekisho_wire::cose::Signer;
use sekisho_wire::words::Language;

use crate::change::{Answer, CardState, RecoveryEnd};
use crate::refusal::{FieldFault, FoldRefusal, WrongValue};
use crate::thing::{Thing, class_name};
use crate::wareki::{moment_text, month_text};

impl FoldRefusal {
    /// What was refused and why: one line, without a full stop.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Japanese => self.japanese(),
        }
    }

    fn english(&self) -> String {
        let moment = |t| moment_text(t, Language::English);
        let thing = |thing: &Thing| thing.text(Language::English);
        match self {
            Self::Malformed(malformed) => format!("cannot read the act: {malformed}"),
            Self::VersionUnknown { version } => {
                format!("cannot read the act: version {version} is newer than this program")
            }
            Self::KindUnknown { kind } => {
                format!("cannot read the act: changes of kind {kind} are newer than this program")
            }
            Self::ContentUnknown => "cannot read the act: it holds what is newer than this program".into(),
            Self::Skipped { version } => {
                format!(
                    "the act is passed over: what it holds (version {version}) is newer than this program, and it says that this does no harm"
                )
            }
            Self::RefusedBefore => "cannot take the act: it was refused when it was folded first".into(),
            Self::RulesTooOld { needed } => format!("cannot take the act: the register needs rules version {needed}"),
            Self::OtherOffice => "cannot take the act: it is for another office".into(),
            Self::OtherLog => "cannot take the act: it is for another log".into(),
            Self::NotFounded => "cannot take the act: the office is not founded yet".into(),
            Self::AlreadyFounded => "cannot take the act: the office is founded already".into(),
            Self::Repeated { index } => format!("cannot take the act: it took effect before, at entry {index}"),
            Self::Lifetime { made, expires } => {
                format!(
                    "cannot take the act: made {}, expires {}: at most 30 days later",
                    moment(*made),
                    moment(*expires)
                )
            }
            Self::MadeTooEarly { made, newest } => {
                format!(
                    "cannot take the act: made {}, more than 10 minutes before {} (the newest act, or now)",
                    moment(*made),
                    moment(*newest)
                )
            }
            Self::MadeInFuture { made, now } => {
                format!("cannot take the act: made {}, but it is {}", moment(*made), moment(*now))
            }
            Self::EffectiveWrong { made, effective } => format!(
                "cannot take the act: made {}, takes effect {}: not before, and at most 400 days later; an approval and recovery keys name no such date",
                moment(*made),
                moment(*effective)
            ),
            Self::TerminalLimit(terminal) => {
                format!("cannot take the act: terminal {terminal} signed as many acts today as it may")
            }
            Self::TooFewSigners => {
                "cannot take the act: those who would be left could not decide about the office".into()
            }
            Self::LastSigners { from } => format!(
                "cannot take the act: signed by one person alone, it would leave nobody who could decide about the office from {}",
                moment(*from)
            ),
            Self::CardNotActive(card) => format!("cannot suspend card {card}: it is not active"),
            Self::ChangedTwice(what) => format!("cannot take the act: it changes {} twice", thing(what)),
            Self::Expired { expires, now } => {
                format!("cannot take the act: it expired {}, and it is {}", moment(*expires), moment(*now))
            }
            Self::SeenAhead { seen, size } => {
                format!("cannot take the act: its signer saw {seen} entries of the register, there are {size}")
            }
            Self::OtherHistory { seen } => {
                format!("cannot take the act: its signer saw another register of {seen} entries than this one")
            }
            Self::RegisterSize { needed, given } => {
                format!("cannot judge the act: it needs the register of {needed} entries, not the one of {given}")
            }
            Self::SignerUnknown(signer) => {
                format!("cannot take the act: {signer} is not in the register, or has no signature key")
            }
            Self::SignerNotCurrent(signer) => format!("cannot take the act: {signer} may not act now"),
            Self::SignatureWrong(signer) => format!("cannot take the act: the signature is not that of {signer}"),
            Self::SignerNotAllowed(signer) => format!("cannot take the act: {signer} may not sign this"),
            Self::RecoveryIncomplete { have, need } => {
                format!("cannot take the act: {have} recovery keys signed, {need} are needed")
            }
            Self::RecoveryKeyReplaced => "cannot take the act: this recovery key was replaced".into(),
            Self::AnnounceFirst => "cannot take the act: recovery keys have to announce it first".into(),
            Self::RecoveryOpen { index } => {
                format!("cannot take the act: a recovery is announced already (entry {index})")
            }
            Self::RecoveryHeldUp { index } => {
                format!(
                    "cannot take the act: what the recovery of entry {index} announces could not take effect after it"
                )
            }
            Self::RecoveryUnknown => "cannot take the act: no such recovery is announced".into(),
            Self::RecoveryOver { how: RecoveryEnd::Completed, index } => {
                format!("cannot take the act: the recovery was completed by entry {index}")
            }
            Self::RecoveryOver { how: RecoveryEnd::Objected, index } => {
                format!("cannot take the act: entry {index} objects to the recovery")
            }
            Self::RecoveryTooEarly { due } => {
                format!("cannot take the act: the recovery can be completed from {} on", moment(*due))
            }
            Self::RecoveryLapsed { lapsed } => {
                format!("cannot take the act: the recovery lapsed at {}", moment(*lapsed))
            }
            Self::OperatorNotCurrent(operator) => format!("cannot take the act: operator {operator} may not act now"),
            Self::PostNotHeld { post, operator } => {
                format!("cannot take the act: operator {operator} does not hold post {post}")
            }
            Self::NoRoute(class) => {
                format!("cannot take the act: the post may not sign changes of class {}", class.name())
            }
            Self::NotEntrusted { partner, class } => {
                format!("cannot take the act: office {partner} is not entrusted with this (class {})", class.name())
            }
            Self::RequestMissing { agreement } => {
                format!(
                    "cannot take the act: a trustee's act names the request that it answers, and agreement {agreement}"
                )
            }
            Self::Shared(office) => {
                format!("cannot take the act: the policy is shared with office {office}, and neither changes it alone")
            }
            Self::NotShown(office) => {
                format!("cannot take the act: it does not show that office {office} has decided the same")
            }
            Self::ApprovalNeeded(class) => {
                format!("cannot take the act: changes of class {} need an approval", class.name())
            }
            Self::SamePerson(class) => {
                format!("cannot take the act: for class {} proposer and approver must be two persons", class.name())
            }
            Self::StageBefore(class) => {
                format!(
                    "cannot take the act: for class {} the stage before this one has not approved yet",
                    class.name()
                )
            }
            Self::StageTaken { index } => {
                format!("cannot take the act: this stage was approved already, at entry {index} of the casebook")
            }
            Self::ProposalOver { answer, index } => {
                format!(
                    "cannot take the act: the proposal was {}, at entry {index} of the casebook",
                    answer.name(Language::English)
                )
            }
            Self::NotTheProposer => "cannot take the act: only whoever proposed it withdraws it".into(),
            Self::ReasonMissing => "cannot take the act: who refuses says why".into(),
            Self::NotItsKeeper { post, keeper } => {
                format!("cannot take the act: post {keeper} does not keep the papers of post {post}")
            }
            Self::NotYours { form, step: None } => {
                format!("cannot take the act: the post may not fill in the form '{}'", form.title(Language::English))
            }
            Self::NotYours { form, step: Some(step) } => {
                format!(
                    "cannot take the act: step '{step}' of '{}' is not for this post",
                    form.title(Language::English)
                )
            }
            Self::FieldWrong { form, field, fault } => {
                format!(
                    "cannot take the act: form '{}', {}",
                    form.title(Language::English),
                    fault.text(field, Language::English)
                )
            }
            Self::RecipientMissing(role) => {
                format!("cannot take the act: such an incident has to be told to {}", role.name())
            }
            Self::CaseUnknown(case) => format!("cannot take the act: there is no {}", case.text(Language::English)),
            Self::CaseOver(case) => format!("cannot take the act: {} is closed", case.text(Language::English)),
            Self::StepMissing { case, step } => {
                format!("cannot take the act: in {} step '{step}' comes first", case.text(Language::English))
            }
            Self::StepTaken { case, step } => {
                format!("cannot take the act: in {} step '{step}' was taken already", case.text(Language::English))
            }
            Self::SaidTwice => "cannot take the act: it says one thing twice, or what was said before".into(),
            Self::NotAProposal => "cannot take the act: what it approves is not a proposal".into(),
            Self::ChangedSince { thing: what, index } => {
                format!("cannot take the act: {} changed at entry {index}, after the signer looked", thing(what))
            }
            Self::Unknown(what) => format!("cannot take the act: there is no {}", thing(what)),
            Self::CardUsed(card) => format!("cannot issue card {card}: it was issued before"),
            Self::KeyUsed => "cannot take the act: a key in it was used before".into(),
            Self::KeyMalformed => "cannot take the act: a key in it is not a public key".into(),
            Self::CardFinal { card, state } => {
                format!("cannot change card {card}: it is {} for good", state.name(Language::English))
            }
            Self::Ended(what) => format!("cannot take the act: {} has ended for good", thing(what)),
            Self::EpochNotNew { terminal, epoch } => {
                format!("cannot open epoch {epoch} of terminal {terminal}: it is not larger than the one before")
            }
            Self::DatesWrong(what) => {
                format!("cannot take the act: the dates of {} end before they begin", thing(what))
            }
            Self::StillKept { class, month, until } => format!(
                "cannot destroy: records of class {} of {month} are kept until {}",
                class_name(*class, Language::English),
                moment(*until)
            ),
            Self::Preserved { order, month } => {
                format!("cannot destroy: order {order} keeps the records of {month}")
            }
            Self::Destroyed { class, month, index } => format!(
                "cannot destroy: class {} of {month} was destroyed by the act at entry {index}",
                class_name(*class, Language::English)
            ),
            Self::StillDesignated(operator) => {
                format!("cannot erase the name of operator {operator}: he is designated, now or later")
            }
            Self::CardOut { operator, card } => {
                format!("cannot erase the name of operator {operator}: card {card} was neither returned nor revoked")
            }
            Self::StillMentioned { operator, class, month } => format!(
                "cannot erase the name of operator {operator}: records of class {} of {month} may mention him, and have not been destroyed",
                class_name(*class, Language::English)
            ),
            Self::NameErased { operator, index } => {
                format!("cannot take the act: the name of operator {operator} was erased by the act at entry {index}")
            }
            Self::ValueWrong(what) => format!("cannot take the act: {}", what.text(Language::English)),
        }
    }

    fn japanese(&self) -> String {
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
                format!("「{}」の処分では、申請者と承認者は別の者でなければなりません", class.title())
            }
            Self::StageBefore(class) => format!("「{}」の処分の前の段階の承認がまだです", class.title()),
            Self::StageTaken { index } => format!("この段階は承認済みです(処理簿の{index})"),
            Self::ProposalOver { answer, index } => {
                format!("この申請は{}されています(処理簿の{index})", answer.name(Language::Japanese))
            }
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
            Self::ValueWrong(what) => what.text(Language::Japanese).into(),
        }
    }

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
            Self::SignerUnknown(_) | Self::SignerNotCurrent(_) | Self::OperatorNotCurrent(_) => {
                ("有効な管理者のカードで署名してください。", "Sign with the card of a current administrator.")
            }
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
            Self::StepMissing { .. } => ("先にその手続を済ませてください。", "Have that step taken first."),
            Self::SamePerson(_) => ("別の者が承認してください。", "Let another person approve."),
            Self::ChangedSince { .. } => (
                "最新の登録簿を確認し、必要であればもう一度署名してください。",
                "Look at the new register and sign again if it is still right.",
            ),
            Self::Unknown(_) => ("先に登録するか、コードを確認してください。", "Register it first, or check the code."),
            Self::CardUsed(_) | Self::KeyUsed | Self::CardFinal { .. } => {
                ("新しいカード又は鍵を使ってください。", "Use a new card or a new key.")
            }
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

impl WrongValue {
    /// What is wrong, for people.
    #[must_use]
    pub const fn text(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::FoundingAct => ("設置の処分には他の内容を含められません", "a founding act holds nothing else"),
            Self::PostNamed => (
                "職による署名ではないのに、職が記されています",
                "a post is named, but this is not signed in the name of one",
            ),
            Self::Administrators => {
                ("管理者は2名以上必要です", "there must be at least two administrators, each a person of his own")
            }
            Self::AdministratorCard => (
                "管理者のカードは本人のもので署名用の鍵が必要です",
                "an administrator's card must be his and have a signature key",
            ),
            Self::RecoveryKeys => (
                "復旧鍵の数、必要数又は値が正しくありません",
                "recovery needs different, good keys, and at least one of them",
            ),
            Self::Announcement => (
                "予告には新しい復旧鍵が必要です。設置、予告、その終了及び届出は含められません",
                "an announcement names new recovery keys, and neither founds, announces, ends nor reports anything",
            ),
            Self::LedgerName => ("台帳の名前に空白と「+」は使えません", "a ledger's name has no blanks and no '+'"),
            Self::Version => ("台帳が対応していない規則の版です", "the ledger itself does not know these rules"),
            Self::DeadRoute => ("この決裁区分で処分を行える者がいません", "nobody could take this route"),
            Self::Policy => ("運用方針の値が範囲外です", "a figure of the policy is out of range"),
            Self::Post => ("職のコードが正しくありません", "the post's code cannot be its title"),
            Self::Roles => ("役割は番号順に重複なく並べます", "roles must be ascending"),
            Self::RouteRoles => (
                "決裁区分の役割が正しくありません",
                "the route needs proposers, ascending, and nobody approves what only takes rights away",
            ),
            Self::SucceededLog => ("登録簿のログは引き継げません", "the register log has no successor"),
            Self::RouteStages => {
                ("承認の段階が多すぎます(7段階まで)", "there are too many stages of approval (at most 7)")
            }
            Self::Disposal => (
                "廃棄には日付、方法、廃棄した者(本人以外の立会者)の記録が必要です",
                "a card is disposed of with the day, how, by whom, and beside whom, another person; nothing else is",
            ),
            Self::Keeper => ("職がその職自身の書面の記録者にはなれません", "a post does not keep its own papers"),
            Self::PaperDate => (
                "書面の決定日は、今日までの30日以内の日としてください",
                "what was decided on paper was decided today or within the last 30 days",
            ),
            Self::Witnesses => (
                "立会人は名前順に重複なく8者以内とし、必要な連署の数は立会人の数以下とします",
                "at most 8 witnesses, by name, ascending, each with a key name, and no more needed than there are",
            ),
            Self::CardHolder => ("カードの使用者が指定されていません", "the card has no holder and is not dormant"),
            Self::CardSigns => (
                "予備・緊急・入室用のカードに署名用の鍵は登録できません",
                "a dormant card or one for rooms has no signature key",
            ),
            Self::NotDormant => ("このカードは有効化の対象ではありません", "the card is not a dormant one"),
            Self::Hours => {
                ("運用時間が正しくありません", "hours must run from an earlier minute to a later one of the same day")
            }
            Self::CalendarDays => ("休日表の日付は順に重複なく並べます", "days of the calendar must be ascending"),
            Self::Permit => {
                ("許可の対象者、端末又は期間がありません", "the permit names no person, no terminal or no time")
            }
            Self::ThreatLevel => {
                ("脅威度は1から3です(未判定は0)", "the threat level is 1 to 3, or 0 where it is not judged yet")
            }
            Self::LonelyDestruction => (
                "記録の廃棄には、申請者と別の者による承認が必要です",
                "destruction always needs an approval, by another person",
            ),
            Self::Months => (
                "月の範囲が正しくありません(1か月から10年分まで)",
                "the months must be at least one and at most ten years of them",
            ),
            Self::Partner => (
                "関係団体のコード又は識別子が正しくありません",
                "a partner office is another one than this, under one code, and keeps its id",
            ),
            Self::EntrustedClasses => (
                "委託できるのは業務機能、操作者、カード、利用の停止、運用時間、結合停止、報告の処分だけです(番号順)",
                "classes are ascending, and only functions, operators, cards, block, hours, stop and report can be entrusted",
            ),
            Self::Home => (
                "他団体の操作者のカードは、その団体が貸与したものに限ります",
                "who comes from another office has the card from there, and none from here",
            ),
            Self::Erased => (
                "消去の対象の操作者は、順に重複なく500人以内で指定し、同じ氏名の登録を持つ別のコードも含めてください",
                "operators are at least one and at most 500, ascending, and with every code under which one of their names was designated",
            ),
            Self::Order => (
                "保全命令のコードが使用済みか、内容が正しくありません",
                "the order's code was used before, its classes are not ascending, or it is lifted with more than its name",
            ),
        };
        match language {
            Language::Japanese => ja,
            Language::English => en,
        }
    }
}

impl FieldFault {
    fn text(self, field: &str, language: Language) -> String {
        let (ja, en) = match self {
            Self::Missing => ("記入が必要です", "has to be filled in"),
            Self::Unknown => ("様式にない欄があります", "there is a field that the form does not have"),
            Self::Order => ("順序が正しくありません", "fields or values are not in order"),
            Self::Kind => ("記入できる内容ではありません", "holds something else than what is asked for"),
            Self::NotThere => ("登録されていないものです", "names what is not there"),
            Self::InFuture => ("まだ来ていない日時です", "names a time that has not been"),
        };
        match language {
            _ if field.is_empty() => {
                if language == Language::Japanese {
                    ja.into()
                } else {
                    en.into()
                }
            }
            Language::Japanese => format!("「{field}」: {ja}"),
            Language::English => format!("field '{field}' {en}"),
        }
    }
}

impl Answer {
    /// What was said, for people: the proposal was …
    #[must_use]
    pub const fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Refused, Language::Japanese) => "不承認と",
            (Self::Withdrawn, Language::Japanese) => "取下げと",
            (Self::Reviewed, Language::Japanese) => "後閲済みと",
            (Self::Refused, Language::English) => "refused",
            (Self::Withdrawn, Language::English) => "withdrawn",
            (Self::Reviewed, Language::English) => "reviewed",
        }
    }
}

impl CardState {
    /// The state of a card, for people.
    #[must_use]
    pub const fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Active, Language::Japanese) => "有効",
            (Self::Suspended, Language::Japanese) => "停止",
            (Self::Revoked, Language::Japanese) => "失効",
            (Self::Returned, Language::Japanese) => "返納",
            (Self::Disposed, Language::Japanese) => "廃棄",
            (Self::Active, Language::English) => "active",
            (Self::Suspended, Language::English) => "suspended",
            (Self::Revoked, Language::English) => "revoked",
            (Self::Returned, Language::English) => "returned",
            (Self::Disposed, Language::English) => "disposed of",
        }
    }
}

fn signer_text(signer: &Signer) -> String {
    match signer {
        Signer::Card(card) => format!("カード {card}"),
        Signer::Terminal(terminal) => format!("端末 {terminal}"),
        Signer::Recovery(_) => "復旧鍵".to_string(),
    }
}
