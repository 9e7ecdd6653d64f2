//! What went wrong and what to do about it, in English and Japanese.

use sekisho_wire::secret::PinRefused;
use sekisho_wire::words::Language;

use super::{AdminError, WrongArgument};
use crate::lease;

impl AdminError {
    /// What happened, in one line.
    #[must_use]
    pub(crate) fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Japanese => self.japanese(),
        }
    }

    /// What happened, and what to do about it in a line of its own.
    #[must_use]
    pub(crate) fn with_next_step(&self, language: Language) -> String {
        format!("{}\n{}", self.in_words(language), self.next_step(language))
    }

    fn english(&self) -> String {
        match self {
            Self::File { path, cause } => format!("cannot use {}: {cause}", path.display()),
            Self::Damaged(path) => format!("cannot use {}: it is gone, or not what this program wrote", path.display()),
            Self::HomeBusy(path) => format!("cannot use {}: another sekisho-admin works in it", path.display()),
            Self::HomeOpenToOthers(path) => format!("cannot use {}: other users may read it", path.display()),
            Self::HomeOfSomebodyElse(path) => format!("cannot use {}: it belongs to another user", path.display()),
            Self::NoOffice => "cannot go on: this home directory belongs to no office".to_owned(),
            Self::OfficeExists => "cannot found an office: this home directory belongs to one already".to_owned(),
            Self::NoCardSecret(path) => format!("cannot change cards: {} is missing", path.display()),
            Self::Token(error) => error.to_string(),
            Self::SecretExists => "cannot take another card-management secret: this office has one".to_owned(),
            Self::SecretInToken => {
                "cannot move the card-management secret: it lies in another token already".to_owned()
            }
            Self::RenewalUnderWay => "cannot renew the card-management secret: a renewal is under way".to_owned(),
            Self::NoRenewal => "cannot go on: no renewal of the card-management secret is under way".to_owned(),
            Self::FormerLost => "cannot re-key cards: the former card-management secret is lost".to_owned(),
            Self::CardsBegun(count) => {
                format!(
                    "cannot renew the card-management secret: {count} cards whose issue was begun here are unfinished"
                )
            }
            Self::CardsMissing(count) => {
                format!("cannot destroy the former card-management secret: {count} cards in use hold its keys")
            }
            Self::PostHeld { post, by } => format!("post {post} is held by {by} at that time"),
            Self::HasACard(number) => {
                format!(
                    "the holder has card {number} of this kind, and a card is lent again only once the one before has ended"
                )
            }
            Self::HoldsFormer(guid) => format!("card {guid} still holds keys of the office's former secret"),
            Self::HoldsLost(guid) => format!("card {guid} holds keys of a former secret that is not here any more"),
            Self::RekeyedBefore(guid) => format!("card {guid} holds keys of the new secret already"),
            Self::Config(error) => error.to_string(),
            Self::Argument { name, value, rule } => {
                format!("cannot use {name} '{value}': {}", rule.in_words(Language::English))
            }
            Self::FilledIn(wrong) => all("cannot use what was filled in:", wrong, Language::English),
            Self::Code(error) => error.in_words(sekisho_link::Language::English),
            Self::Stick(error) => error.in_words(sekisho_link::Language::English),
            Self::Evidence(path, error) => format!("cannot use {}: {error}", path.display()),
            Self::Template(error) => error.in_words(Language::English),
            Self::TemplatesWrong(count) => format!("cannot use these templates: {count} things are wrong with them"),
            Self::RecordsOfOtherOffice(path) => {
                format!("cannot carry {}: it holds records of another office", path.display())
            }
            Self::RecordsBefore { terminal, expected } => {
                format!(
                    "cannot give the ledger these records: it lacks those of terminal {terminal} from {expected} on"
                )
            }
            Self::NotSealed => "the ledger has the records, and has not sealed them within a minute".to_owned(),
            Self::CodeExpired => "cannot use the code: it has expired".to_owned(),
            Self::CodeKind => "cannot use the code: it is not a founding code".to_owned(),
            Self::ForeignCode(field) => {
                format!("cannot pass on the ledger's code: '{field}' in it is not this office's")
            }
            Self::Link(error) => error.in_words(sekisho_link::Language::English),
            Self::Cache(error) => error.to_string(),
            Self::Fold(refusal) => refusal.text(Language::English),
            Self::NotInForce(id) => {
                format!("act {id} is not in force: the ledger took it, its signed log does not show it")
            }
            Self::Unanswered(id) => {
                format!("act {id} was sent, and the ledger did not answer: it may be in force or not")
            }
            Self::AnnouncedBefore(id) => {
                format!("nothing was signed: this desk has announced a recovery before, by act {id}")
            }
            Self::SettledNow(id) => {
                format!(
                    "nothing was signed: act {id} of an earlier run decided the same, got no answer then, and is in force"
                )
            }
            Self::FingerprintNeeded(found) => {
                format!("cannot go on: nobody has compared the fingerprint {found}")
            }
            Self::Tlog(error) => format!("cannot trust what the ledger shows: {error}"),
            Self::Malformed(error) => format!("cannot read what the ledger sent: {error}"),
            Self::Ledger(what) => format!("cannot use the ledger's answer: {what}"),
            Self::Card(error) => error.to_string(),
            Self::Login(error) => error.to_string(),
            Self::Issuer(error) => error.to_string(),
            Self::Transport(error) => error.to_string(),
            Self::Ca(error) => error.to_string(),
            Self::PinShape(error) => error.to_string(),
            Self::NoTerminalForPin => "cannot ask for the PIN: there is no terminal".to_owned(),
            Self::NoTerminalForFirstPin => "cannot show the first PIN: there is no terminal".to_owned(),
            Self::NotLent(error) => {
                format!(
                    "cannot borrow the card readers of this terminal: {}",
                    lease::why_not_lent(error, Language::English)
                )
            }
            Self::NoReader => "cannot find a card reader".to_owned(),
            Self::WhichReader(names) => format!("cannot choose among {} readers: {}", names.len(), names.join("; ")),
            Self::NoReaderCalled { wanted, readers } => {
                format!("cannot find a reader called '{wanted}'; there are: {}", readers.join("; "))
            }
            Self::NoCardInTime(reader) => format!("cannot go on: no card came into '{reader}'"),
            Self::CardStays(reader) => format!("cannot go on: the card is still in '{reader}'"),
            Self::NotASigner(guid) => format!("cannot sign with card {guid}: it signs no acts of this office now"),
            Self::OtherCard { expected, found } => format!("cannot use card {found}: card {expected} is needed"),
            Self::WhichPost(posts) if posts.is_empty() => "cannot sign: the card's holder holds no post".to_owned(),
            Self::WhichPost(posts) => format!("cannot choose the post to sign for among: {}", posts.join(", ")),
            Self::ForeignCard => "cannot work on the card: another office's secret manages it".to_owned(),
            Self::CardBlank => "cannot work on the card: it is blank".to_owned(),
            Self::CardIssued(guid) => format!("cannot issue card {guid}: it is issued already"),
            Self::CardInUse(guid) => format!("cannot end card {guid}: by the register it is in use"),
            Self::CardUnfinished => {
                "cannot issue the card: its personalisation was done before, its act was not".to_owned()
            }
            Self::CardProposed(id) => {
                format!("cannot go on with the card: its issue is proposed at another desk, proposal {id}")
            }
            Self::NotApprovedYet(id) => format!("cannot hand out the card: nobody has approved proposal {id} yet"),
            Self::NameNotShown(operator) => {
                format!("cannot approve: the ledger does not show the name of operator {operator}, only its hash")
            }
            Self::NotAnOffice(path) => {
                format!("cannot join: '{}' is not what 'sekisho-admin office export' writes", path.display())
            }
            Self::NotASuccession(path) => format!(
                "cannot use '{}': it is no proposal that another casebook goes on, or was altered",
                path.display()
            ),
            Self::OtherThanLeft { kept, left } => {
                format!("cannot approve: it keeps {kept} entries, and what is left are {left}, or others")
            }
            Self::MoreWasSigned { said, known } => {
                format!("cannot approve: it says that {said} entries were signed, and {known} were")
            }
            Self::OtherOffice => "cannot join: the ledger shows another office than the one in the file".to_owned(),
            Self::NothingToResume => {
                "cannot go on with the card: its issue was not begun here, or was begun anew".to_owned()
            }
            Self::NotInBatch(guid) => format!("card {guid} is none of this batch that lacks its grant"),
            Self::NotBegunHere(guid) => format!("card {guid} was made before, and not at this desk"),
            Self::NobodyLeft => {
                "nothing to do: everybody in the file has such a card, or one that waits here for its act".to_owned()
            }
            Self::BatchRefused(count) => format!("cannot begin: {count} of the cards in the file would be refused"),
            Self::BatchUnfinished(count) => format!("{count} cards of this batch are not done"),
            Self::FingerprintWrong { given, found } => {
                format!("cannot go on: the fingerprint is {found}, not {given}")
            }
            Self::Unknown { what, code } => format!("cannot find {} '{code}'", what.name(Language::English)),
            Self::NothingToDo => "nothing to do: the file holds no changes".to_owned(),
            Self::TooLarge => "cannot make the act: one change alone is larger than an act may be".to_owned(),
            Self::ProposalTooLarge => "cannot propose: the changes are more than one proposal holds".to_owned(),
            Self::GrantTooLarge => {
                "cannot write the grant: the act that issued the card is too large for it".to_owned()
            }
            Self::RecordsDoNotHold(count) => format!("{count} records do not hold"),
            Self::ExportDoesNotHold(count) => {
                format!("the exported logs do not hold: {count} things are wrong with them")
            }
            Self::RecordsMissing { ranges, unclear } => {
                format!("the records are not complete: {ranges} ranges are missing, {unclear} cannot be read or judged")
            }
            Self::Declined => "nothing was signed".to_owned(),
            Self::WishOver => "cannot sign: it took more than five minutes, or the session has ended; the request is over and this was not signed".to_owned(),
            Self::AfterSome { done, of, cause } => {
                format!("{done} of {of} were done and stand; of the next: {}", cause.in_words(Language::English))
            }
            Self::NobodyToAsk => "cannot ask: nobody is at the keyboard".to_owned(),
            Self::Input(cause) => format!("cannot read the input: {cause}"),
            Self::Output(cause) => format!("cannot write the output: {cause}"),
            Self::NoRandom(cause) => format!("cannot get random bytes: {cause}"),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::File { path, cause } => format!("{} を使えません: {cause}", path.display()),
            Self::Damaged(path) => format!("{} がないか、壊れています", path.display()),
            Self::HomeBusy(path) => format!("{} では別の sekisho-admin が動作中です", path.display()),
            Self::HomeOpenToOthers(path) => format!("{} が他の利用者から読める状態です", path.display()),
            Self::HomeOfSomebodyElse(path) => format!("{} は別の利用者のものです", path.display()),
            Self::NoOffice => "このホームディレクトリには団体が登録されていません".to_owned(),
            Self::OfficeExists => "このホームディレクトリには既に団体が登録されています".to_owned(),
            Self::NoCardSecret(path) => format!("カードを扱えません: {} がありません", path.display()),
            Self::Token(error) => error.in_words(Language::Japanese),
            Self::SecretExists => "この団体には既にカード管理鍵があります".to_owned(),
            Self::SecretInToken => "カード管理鍵は既に別のトークンにあります".to_owned(),
            Self::RenewalUnderWay => "カード管理鍵の更新の途中です".to_owned(),
            Self::NoRenewal => "カード管理鍵の更新は行われていません".to_owned(),
            Self::FormerLost => "旧カード管理鍵を失っているため、カードの管理鍵を更新できません".to_owned(),
            Self::CardsBegun(count) => {
                format!("カード管理鍵を更新できません: ここで発行中のカードが{count}枚あります")
            }
            Self::CardsMissing(count) => {
                format!("旧カード管理鍵を消去できません: 使用中のカード{count}枚が未更新です")
            }
            Self::PostHeld { post, by } => format!("職 {post} には、その期間、{by} が就いています"),
            Self::HasACard(number) => {
                format!(
                    "この操作者は同じ種別のカード {number} を持っています。再貸与は、前のカードの失効又は返納の後に行います"
                )
            }
            Self::HoldsFormer(guid) => format!("カード {guid} は旧カード管理鍵のままです"),
            Self::HoldsLost(guid) => format!("カード {guid} は、ここにない旧カード管理鍵のままです"),
            Self::RekeyedBefore(guid) => format!("カード {guid} の管理鍵は更新済みです"),
            Self::Config(error) => {
                let key = if error.key.is_empty() { String::new() } else { format!("、項目「{}」", error.key) };
                format!(
                    "{} の {}行目{key}: {}",
                    error.file.display(),
                    error.line,
                    error.what.in_words(Language::Japanese)
                )
            }
            Self::Argument { name, value, rule } => {
                format!("{name} の「{value}」は使えません: {}", rule.in_words(Language::Japanese))
            }
            Self::FilledIn(wrong) => all("記入した内容に誤りがあります:", wrong, Language::Japanese),
            Self::Code(error) => error.in_words(sekisho_link::Language::Japanese),
            Self::Stick(error) => error.in_words(sekisho_link::Language::Japanese),
            Self::Template(error) => error.in_words(Language::Japanese),
            Self::TemplatesWrong(count) => format!("これらの様式テンプレートは使えません(誤り{count}件)"),
            Self::Evidence(path, error) => {
                format!("{} を扱えません: {}", path.display(), error.in_words(sekisho_link::Language::Japanese))
            }
            Self::RecordsOfOtherOffice(path) => format!("{} は運べません: 別の団体の記録です", path.display()),
            Self::RecordsBefore { terminal, expected } => {
                format!("台帳に渡せません: 端末機 {terminal} の {expected} 番からの記録が台帳にありません")
            }
            Self::NotSealed => "記録は台帳に届きましたが、1分以内に封印されませんでした".to_owned(),
            Self::CodeExpired => "コードの期限が切れています".to_owned(),
            Self::CodeKind => "団体設置用のコードではありません".to_owned(),
            Self::ForeignCode(field) => {
                format!("台帳の発行したコードを渡せません: 「{field}」がこの団体のものではありません")
            }
            Self::Link(error) => error.in_words(sekisho_link::Language::Japanese),
            Self::Cache(error) => error.japanese(),
            Self::Fold(refusal) => refusal.text(Language::Japanese),
            Self::NotInForce(id) => {
                format!("処分 {id} は効力を生じていません(台帳は受け付けたと答えましたが、署名された履歴にありません)")
            }
            Self::AnnouncedBefore(id) => {
                format!("署名は行われていません。この端末から既に処分 {id} で復旧を予告しています")
            }
            Self::Unanswered(id) => format!("処分 {id} を送信しましたが、台帳の応答がありません(効力の有無は不明です)"),
            Self::SettledNow(id) => {
                format!("署名しませんでした: 以前に応答のなかった同じ内容の処分 {id} が効力を生じています")
            }
            Self::FingerprintNeeded(found) => {
                format!("続行できません: 指紋 {found} を誰も確かめていません")
            }
            Self::Tlog(error) => format!("台帳の示すものを信頼できません: {error}"),
            Self::Malformed(error) => format!("台帳から届いたものを読めません: {error}"),
            Self::Ledger(what) => format!("台帳の応答が使えません: {what}"),
            Self::Card(error) => error.in_words(Language::Japanese),
            Self::Login(error) => error.in_words(Language::Japanese),
            Self::Issuer(error) => error.in_words(Language::Japanese),
            Self::Transport(error) => error.in_words(Language::Japanese),
            Self::Ca(error) => format!("カード用認証局を使えません: {error}"),
            Self::PinShape(error) => pin_refused(*error).to_owned(),
            Self::NoTerminalForPin => "暗証番号を入力する端末がありません".to_owned(),
            Self::NoTerminalForFirstPin => "初期暗証番号を表示する端末がありません".to_owned(),
            Self::NotLent(error) => {
                format!("この端末のカードリーダーを借りられません: {}", lease::why_not_lent(error, Language::Japanese))
            }
            Self::NoReader => "カードリーダーが見つかりません".to_owned(),
            Self::WhichReader(names) => format!("カードリーダーが{}台あります: {}", names.len(), names.join("、")),
            Self::NoReaderCalled { wanted, readers } => {
                format!("「{wanted}」というカードリーダーはありません。接続中: {}", readers.join("、"))
            }
            Self::NoCardInTime(reader) => format!("「{reader}」にカードが挿入されませんでした"),
            Self::CardStays(reader) => format!("「{reader}」にカードが入ったままです"),
            Self::NotASigner(guid) => format!("カード {guid} は現在この団体の処分に署名できません"),
            Self::OtherCard { expected, found } => format!("カード {found} ではなく、カード {expected} が必要です"),
            Self::WhichPost(posts) if posts.is_empty() => "カードの所持者はどの職にも就いていません".to_owned(),
            Self::WhichPost(posts) => format!("署名する職を選べません: {}", posts.join("、")),
            Self::ForeignCard => "このカードは別の団体のカード管理鍵で管理されています".to_owned(),
            Self::CardBlank => "このカードは白紙です".to_owned(),
            Self::CardIssued(guid) => format!("カード {guid} は発行済みです"),
            Self::CardInUse(guid) => format!("カード {guid} は登録簿では使用中です"),
            Self::CardUnfinished => "カードへの書込みは済んでいますが、貸与の処分がまだです".to_owned(),
            Self::CardProposed(id) => format!("このカードの発行は別の端末で申請中です(申請 {id})"),
            Self::NotApprovedYet(id) => format!("カードを貸与できません: 申請 {id} はまだ承認されていません"),
            Self::NameNotShown(operator) => {
                format!("承認できません: 台帳は操作者 {operator} の氏名を示さず、ハッシュのみを示しています")
            }
            Self::NotAnOffice(path) => {
                format!("{} は「sekisho-admin office export」で書き出したものではありません", path.display())
            }
            Self::NotASuccession(path) => {
                format!("{} は処理簿の引継ぎの申請ではないか、改変されています", path.display())
            }
            Self::OtherThanLeft { kept, left } => {
                format!(
                    "承認できません: 申請は {kept} 件を引き継ぐものですが、残っているのは {left} 件であるか、内容が異なります"
                )
            }
            Self::MoreWasSigned { said, known } => {
                format!("承認できません: 申請では署名済み {said} 件とされていますが、{known} 件が署名されています")
            }
            Self::OtherOffice => "台帳の示す団体は、ファイルの団体と異なります".to_owned(),
            Self::NothingToResume => "このカードの発行はここで中断されたものではありません".to_owned(),
            Self::NotInBatch(guid) => format!("カード {guid} は、この一括発行で書込みを待つカードではありません"),
            Self::NotBegunHere(guid) => format!("カード {guid} は別の端末で作成されたものです"),
            Self::NobodyLeft => "ファイルの全員に、貸与済み又はここで発行途中のカードがあります".to_owned(),
            Self::BatchRefused(count) => format!("開始できません: ファイルのうち{count}枚は貸与が認められません"),
            Self::BatchUnfinished(count) => format!("この一括発行のうち{count}枚が完了していません"),
            Self::FingerprintWrong { given, found } => {
                format!("指紋は {found} で、{given} ではありません")
            }
            Self::Unknown { what, code } => format!("{}「{code}」がありません", what.name(Language::Japanese)),
            Self::NothingToDo => "ファイルに変更がありません".to_owned(),
            Self::TooLarge => "一つの変更だけで処分の大きさの上限を超えます".to_owned(),
            Self::ProposalTooLarge => "変更が一つの申請に収まりません".to_owned(),
            Self::GrantTooLarge => "カードを貸与した処分が大きすぎて、カードに書き込めません".to_owned(),
            Self::RecordsDoNotHold(count) => format!("{count}件の記録が検証に合格しませんでした"),
            Self::ExportDoesNotHold(count) => format!("書き出されたログは検証に合格しませんでした({count}か所)"),
            Self::RecordsMissing { ranges, unclear } => {
                format!("記録がそろっていません(欠落{ranges}か所、読み取り・判定不能{unclear}件)")
            }
            Self::Declined => "署名しませんでした".to_owned(),
            Self::WishOver => {
                "署名できません。5分を過ぎたか、管理画面の利用が終了したため、依頼は無効です。署名はしていません"
                    .to_owned()
            }
            Self::AfterSome { done, of, cause } => {
                format!("{of}件のうち{done}件は済み、効力があります。次の1件: {}", cause.in_words(Language::Japanese))
            }
            Self::NobodyToAsk => "確認できる人が端末の前にいません".to_owned(),
            Self::Input(cause) => format!("入力を読めません: {cause}"),
            Self::Output(cause) => format!("出力できません: {cause}"),
            Self::NoRandom(cause) => format!("乱数を得られません: {cause}"),
        }
    }
}

const fn pin_refused(refused: PinRefused) -> &'static str {
    match refused {
        PinRefused::TooShort => "暗証番号として使えません: 短すぎます",
        PinRefused::TooLong => "暗証番号として使えません: 8文字を超えています",
        PinRefused::NotAscii => "暗証番号として使えません: 半角の英数字・記号でない文字があります",
        PinRefused::Repeat => "暗証番号として使えません: 同じ文字の繰り返しです",
        PinRefused::Run => "暗証番号として使えません: 連続した文字です",
        PinRefused::NotDigits => "暗証番号として使えません: 数字だけを使ってください",
        PinRefused::NotMixed => "暗証番号として使えません: 英小文字・英大文字・数字・記号のうち3種類以上が必要です",
    }
}

/// One under the other.
fn all(heading: &str, wrong: &[WrongArgument], language: Language) -> String {
    let lines = wrong.iter().map(|one| one.in_words(language));
    std::iter::once(heading.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}
