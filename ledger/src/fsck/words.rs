//! Findings in words, for people: where, and what is wrong there.

use sekisho_register::thing::class_name;
use sekisho_register::wareki::month_text;
use sekisho_wire::words::Language;

use super::{Fault, Finding, Report};
use crate::clock::stamp;

impl Finding {
    /// One line: office, log, entry, history, fault.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let japanese = language == Language::Japanese;
        let mut line = if japanese { format!("団体 {}", self.office) } else { format!("office {}", self.office) };
        if let Some(log) = self.log {
            line += &if japanese { format!("、ログ {log}") } else { format!(", log {log}") };
        }
        if let Some(index) = self.index {
            line += &if japanese { format!("、{index} 番") } else { format!(", entry {index}") };
        }
        if let Some((emitter, epoch, seq)) = &self.place {
            line += &if japanese {
                format!("（{emitter}、履歴番号 {epoch}、記録 {seq}）")
            } else {
                format!(" ({emitter}, epoch {epoch}, seq {seq})")
            };
        }
        line + ": " + &if japanese { self.fault.japanese() } else { self.fault.english() }
    }
}

impl Fault {
    fn english(&self) -> String {
        match self {
            Self::OfficeGone => "it has signed checkpoints, and the database does not know it".into(),
            Self::Halted { halt, at } => format!("the log has stopped ({}): {halt}", stamp(*at)),
            Self::EntryMissing => "the entry is gone".into(),
            Self::EntryBeyondHead => "there is an entry after the end of the log".into(),
            Self::Unreadable { cause } => format!("the database does not give it back: {cause}"),
            Self::PayloadAltered => "the payload does not open: payload, leaf hash or key was altered".into(),
            Self::KeyMissing => "the payload's key is gone".into(),
            Self::LeafAltered => "the leaf hash is not that of the payload".into(),
            Self::TileAltered { level, tile } => {
                format!("hash tile {tile} of level {level} is not what the leaves give")
            }
            Self::TileStray { level, tile } => {
                format!("hash tile {tile} of level {level} is not one that the leaves give")
            }
            Self::KeyRemains { class, month } => format!(
                "an act destroys class {} of {month}, and its key is still there: start the ledger, it destroys what acts say",
                class_name(*class, Language::English)
            ),
            Self::DestroyedWithoutAct { number } => {
                format!("payload key {number} is destroyed, and no act here says so: an older copy may not have it yet")
            }
            Self::PayloadRemains => "the payload is said to be erased, and is there".into(),
            Self::Misfiled { number } => {
                format!("the payload lies under key {number}, which is of another class or month than the record")
            }
            Self::KeyDamaged { number } => {
                format!("payload key {number} does not open: nothing that it sealed can be read")
            }
            Self::NameMissing => "a name that the act hashes is not there".into(),
            Self::NameStray => "there is a name or text that no act hashes".into(),
            Self::NameRemains { act } => format!(
                "the act at entry {act} of the register erased a name or text that is still there: start the ledger, it erases what acts say"
            ),
            Self::NameErasedWithoutAct => {
                "the key of a name or text is gone, and no act here says so: an older copy may not have it yet".into()
            }
            Self::BatchTime { received } => {
                format!("the batch is said to have come {}, which does not fit what stands around it", stamp(*received))
            }
            Self::FoundedAltered { founded } => {
                format!("it is said to be founded {}, which its founding act does not fit", stamp(*founded))
            }
            Self::FoundingCode => "no used founding code holds its log keys".into(),
            Self::CodesMiscounted { terminal, codes, invited } => {
                format!(
                    "{codes} codes for terminal {terminal}, and {invited} records of one given out{}",
                    older(*codes < *invited)
                )
            }
            Self::EnrolmentsMiscounted { terminal, enrolments, requested } => {
                let older = older(*enrolments < *requested);
                format!("{enrolments} enrolments of terminal {terminal}, and {requested} records of one{older}")
            }
            Self::CodeAltered { terminal } => {
                format!("a code for terminal {terminal} is not the one that was given out, or not used as it says")
            }
            Self::CodeUnused { terminal } => {
                format!("a code for terminal {terminal} was used, and stands as one that was not{}", older(true))
            }
            Self::EnrolmentAltered { terminal } => {
                format!("an enrolment of terminal {terminal} is not the one that was written down")
            }
            Self::CertificateAltered { terminal } => {
                format!("the certificate of terminal {terminal} is not one that the authority gave it")
            }
            Self::OtherEnvelopeKey => "envelope.key is not the key that the office was founded with".into(),
            Self::HeadAltered => "the head is not what the leaves give".into(),
            Self::CheckpointMissing => "there is no checkpoint file".into(),
            Self::CheckpointUnreadable => "the checkpoint file is torn, altered or signed by another key".into(),
            Self::CheckpointAhead { signed, stored } => format!("{signed} entries were signed, {stored} are there"),
            Self::CheckpointRoot => "the signed root is not what the leaves give".into(),
            Self::Unaccounted => "neither a batch nor the ledger's own history accounts for the entry".into(),
            Self::BatchAltered => "the batch header is not one, or not that of the rows beside it".into(),
            Self::BatchSignature => "the batch is not signed by a key that the terminal ever had".into(),
            Self::BatchOrder => "the batch does not follow the one before".into(),
            Self::AcknowledgedGone { epoch, acknowledged, stored } => format!(
                "the records of the terminal's epoch {epoch} below {acknowledged} were acknowledged, and there are those below {stored}"
            ),
            Self::ChainBroken => "the chain is not the one that the terminal signed".into(),
            Self::CursorAltered { stored, derived } => {
                format!("the cursor stands at {stored}, the records end at {derived}")
            }
            Self::CursorChain => "the cursor's chain is not that of the records".into(),
            Self::CursorUnpaired => "a cursor without records, or records without a cursor".into(),
            Self::ActRefused(refusal) => refusal.text(Language::English),
            Self::ActRow => "the act does not stand under its id".into(),
            Self::NameAltered => "a name beside the act is not the one that was hashed".into(),
            Self::OtherLogKeys => "the register names other log keys than those that sign".into(),
            Self::Verdict(mismatch) => mismatch.to_string(),
            Self::SaltRepeated => "the card's signature stands in an earlier record of this terminal".into(),
            Self::SessionRepeated => "the session was opened before: this opens nothing".into(),
            Self::RegisterAhead { size } => {
                format!("the record was made by a register of {size} entries, which the log does not have")
            }
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::OfficeGone => "署名済みのチェックポイントがありますが、データベースにこの団体がありません".into(),
            Self::Halted { halt, at } => format!("ログが停止しています（{}、{halt}）", stamp(*at)),
            Self::EntryMissing => "記録がありません".into(),
            Self::EntryBeyondHead => "ログの終端の後に記録があります".into(),
            Self::Unreadable { cause } => format!("データベースから読み出せません（{cause}）"),
            Self::PayloadAltered => "内容を復号できません（内容、葉ハッシュまたは鍵が変更されています）".into(),
            Self::KeyMissing => "内容の鍵がありません".into(),
            Self::LeafAltered => "葉ハッシュが内容と一致しません".into(),
            Self::TileAltered { level, tile } => format!("ハッシュタイル（第 {level} 層 {tile} 番）が葉と一致しません"),
            Self::TileStray { level, tile } => {
                format!("葉から導かれないハッシュタイル（第 {level} 層 {tile} 番）があります")
            }
            Self::KeyRemains { class, month } => format!(
                "{}の{}分は廃棄の処分がありますが、鍵が残っています（台帳を起動すると処分どおり廃棄します）",
                class_name(*class, Language::Japanese),
                month_text(*month, Language::Japanese)
            ),
            Self::DestroyedWithoutAct { number } => format!(
                "内容の鍵 {number} が廃棄されていますが、その処分がここにありません（古い複製にはまだない場合があります）"
            ),
            Self::PayloadRemains => "消去されたはずの内容が残っています".into(),
            Self::Misfiled { number } => format!("記録とは別の分類又は月の鍵 {number} で封印されています"),
            Self::KeyDamaged { number } => format!("内容の鍵 {number} を復号できません（この鍵の記録は読めません）"),
            Self::NameMissing => "処分がハッシュで示す氏名がありません".into(),
            Self::NameStray => "どの処分も示していない氏名又は本文があります".into(),
            Self::NameRemains { act } => {
                format!(
                    "登録簿の {act} 番の処分で消去された氏名又は本文が残っています（台帳を起動すると処分どおり消去します）"
                )
            }
            Self::NameErasedWithoutAct => {
                "氏名又は本文の鍵がなくなっていますが、その処分がここにありません（古い複製にはまだない場合があります）"
                    .into()
            }
            Self::BatchTime { received } => {
                format!("受信時刻（{}）が、前後の記録と合いません", stamp(*received))
            }
            Self::FoundedAltered { founded } => format!("設置時刻（{}）が設置の処分と合いません", stamp(*founded)),
            Self::FoundingCode => "ログの鍵を含む使用済みの設置コードがありません".into(),
            Self::CodesMiscounted { terminal, codes, invited } => {
                let older = older_ja(*codes < *invited);
                format!("端末機 {terminal} のコードは {codes} 件、発行の記録は {invited} 件です{older}")
            }
            Self::EnrolmentsMiscounted { terminal, enrolments, requested } => {
                let older = older_ja(*enrolments < *requested);
                format!("端末機 {terminal} の申請は {enrolments} 件、その記録は {requested} 件です{older}")
            }
            Self::CodeAltered { terminal } => {
                format!("端末機 {terminal} のコードが、発行または使用の記録と一致しません")
            }
            Self::CodeUnused { terminal } => {
                format!("端末機 {terminal} の使用済みのコードが、未使用のままです{}", older_ja(true))
            }
            Self::EnrolmentAltered { terminal } => format!("端末機 {terminal} の申請が、その記録と一致しません"),
            Self::CertificateAltered { terminal } => {
                format!("端末機 {terminal} の証明書が、この台帳の認証局が発行したものではありません")
            }
            Self::OtherEnvelopeKey => "envelope.key が、団体の設置時の鍵と異なります".into(),
            Self::HeadAltered => "ログの先頭情報が葉と一致しません".into(),
            Self::CheckpointMissing => "チェックポイントのファイルがありません".into(),
            Self::CheckpointUnreadable => "チェックポイントのファイルが破損または変更されています".into(),
            Self::CheckpointAhead { signed, stored } => {
                format!("署名済みは {signed} 件ですが、{stored} 件しかありません")
            }
            Self::CheckpointRoot => "署名されたルートが葉と一致しません".into(),
            Self::Unaccounted => "どの送信単位にも台帳自身の履歴にも属さない記録です".into(),
            Self::BatchAltered => "送信単位の署名部が不正か、記録と一致しません".into(),
            Self::BatchSignature => "送信単位が、この端末機の鍵で署名されていません".into(),
            Self::BatchOrder => "送信単位が前のものに続いていません".into(),
            Self::AcknowledgedGone { epoch, acknowledged, stored } => format!(
                "端末機の履歴 {epoch} の記録は {acknowledged} の前まで受領済みのはずですが、{stored} の前までしかありません"
            ),
            Self::ChainBroken => "連鎖が端末機の署名したものと一致しません".into(),
            Self::CursorAltered { stored, derived } => {
                format!("カーソルは {stored} ですが、記録は {derived} で終わっています")
            }
            Self::CursorChain => "カーソルの連鎖が記録と一致しません".into(),
            Self::CursorUnpaired => "記録のないカーソル、またはカーソルのない記録です".into(),
            Self::ActRefused(refusal) => refusal.text(Language::Japanese),
            Self::ActRow => "処分が自身の識別子の下にありません".into(),
            Self::NameAltered => "添えられた氏名がハッシュと一致しません".into(),
            Self::OtherLogKeys => "登録簿のログの鍵が、署名に使われている鍵と異なります".into(),
            Self::Verdict(mismatch) => format!("判定を再現できません（{}）", mismatch.text(Language::Japanese)),
            Self::SaltRepeated => "カードの署名が、この端末機の前の記録と重複しています".into(),
            Self::SessionRepeated => "既に開始されたセッションの開始記録です（効力がありません）".into(),
            Self::RegisterAhead { size } => format!("{size} 件の登録簿による判定ですが、登録簿はそこまでありません"),
        }
    }
}

/// What came after the copy that a ledger was restored from has records, which terminals bring, and no rows.
const fn older(is: bool) -> &'static str {
    if is { ": a ledger restored from an older copy has no row for what came after it" } else { "" }
}

const fn older_ja(is: bool) -> &'static str {
    if is { "（古い複製から復元した台帳には、その後のものがありません）" } else { "" }
}

impl Report {
    /// What was looked at, in one line.
    #[must_use]
    pub fn summary(&self, language: Language) -> String {
        let Self {
            offices,
            entries,
            batches,
            replayed,
            unreadable,
            destroyed,
            newer,
            carried,
            contradicting,
            findings,
        } = self;
        let found = findings.len();
        if language == Language::Japanese {
            return format!(
                "団体 {offices}、記録 {entries}、送信単位 {batches}、再現した判定 {replayed}、読み取れない記録 {unreadable}、廃棄済みの記録 {destroyed}、新しい版の記録 {newer}、前の履歴から引き継いだ記録 {carried}（うち元の位置の記録と異なるもの {contradicting}）、異常 {found}"
            );
        }
        format!(
            "{offices} offices, {entries} entries, {batches} batches, {replayed} decisions replayed, {unreadable} unreadable records, {destroyed} destroyed, {newer} of a newer version, {carried} carried from earlier epochs ({contradicting} of them contradict what stands in their place), {found} findings"
        )
    }
}
