//! What happened, in one line and in the reader's language. English is what errors print.

use sekisho_wire::words::Language;

use crate::conversation::Asked;
use crate::error::{CardCause, CardError, LoginError, Tries};
use crate::exchange::ExchangeError;
use crate::pin_pad::NotTyped;
use crate::transport::{Cause, Doing, TransportError};

impl CardError {
    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::Japanese => self.japanese(),
        }
    }

    fn japanese(&self) -> String {
        match self.transport_error() {
            // One act, one place, one cause, as in English.
            Some(TransportError { reader: Some(reader), cause, .. }) => {
                format!("「{reader}」で{}ができません: {}", self.asked.japanese(), cause.japanese())
            }
            Some(_) | None => format!("{}ができません: {}", self.asked.japanese(), self.cause.japanese()),
        }
    }
}

impl CardCause {
    fn japanese(&self) -> String {
        let text = match self {
            Self::Exchange(error) => return error.in_words(Language::Japanese),
            Self::Status(status) => return format!("カードの応答は {:04X} です", status.word()),
            Self::NotPiv => "PIVアプリケーションのないカードです",
            Self::Blank => "まだ発行されていないカードです",
            Self::Object(_) => "カードの内容を読めません",
            Self::Certificate(_) => "カードの証明書を読めません",
            Self::NoSignature => "カードの応答が署名ではありません",
            Self::StaysVerified => "カードがログアウトしません",
            Self::OtherCard { expected, found } => {
                return format!("カード {expected} ではなく、カード {found} が挿入されています");
            }
        };
        text.to_owned()
    }
}

impl Asked {
    fn japanese(self) -> String {
        let text = match self {
            Self::Begin => "カードとの通信の開始",
            Self::Select => "PIVアプリケーションの選択",
            Self::Guid => "カードGUIDの読取り",
            Self::TriesLeft => "暗証番号の残り回数の確認",
            Self::Verify => "暗証番号の照合",
            Self::LogOut => "カードからのログアウト",
            Self::Sign(slot) => return format!("カードの鍵({:02X})による署名", slot.byte()),
            Self::Read(object) => return format!("カードのデータ({:02X})の読取り", object.tag().0),
            Self::ChangePin => "暗証番号の変更",
            Self::VerifyOnPad => "カードリーダーのキーパッドでの暗証番号の入力",
            Self::ChangeOnPad => "カードリーダーのキーパッドでの暗証番号の変更",
            Self::PinMetadata => "暗証番号の状態の確認",
            Self::End => "カードとの通信の終了",
        };
        text.to_owned()
    }
}

impl ExchangeError {
    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match (self, language) {
            (_, Language::English) => self.to_string(),
            (Self::Transport(error), Language::Japanese) => error.in_words(language),
            (Self::NoStatus { length }, Language::Japanese) => {
                format!("カードの応答に状態コードがありません({length}バイト)")
            }
            (Self::Endless { received }, Language::Japanese) => {
                format!("カードの応答が終わりません({received}バイト以上)")
            }
            (Self::Command(_), Language::Japanese) => "カードへの命令が正しくありません".to_owned(),
        }
    }
}

impl TransportError {
    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        let act = match self.doing {
            _ if language == Language::English => return self.to_string(),
            Doing::ReachService => "カードサービスへの接続",
            Doing::ListReaders => "カードリーダーの一覧の取得",
            Doing::Connect => "カードへの接続",
            Doing::Begin => "カードとの通信の開始",
            Doing::Transmit => "カードへの命令の送信",
            Doing::AskReader => "カードリーダーのキーパッドでの暗証番号の入力",
            Doing::End => "カードとの通信の終了",
            Doing::Disconnect => "カードの切離し",
        };
        let cause = self.cause.japanese();
        match &self.reader {
            Some(reader) => format!("「{reader}」で{act}ができません: {cause}"),
            None => format!("{act}ができません: {cause}"),
        }
    }
}

impl Cause {
    fn japanese(self) -> String {
        let text = match self {
            Self::CardRemoved => "カードが抜かれました",
            Self::NoCard => "カードが挿入されていません",
            Self::CardReset => "他のプログラムがカードをリセットしました",
            Self::CardMute => "カードが応答しません",
            Self::CardUnsupported => "対応していないカードです",
            Self::ReaderGone => "カードリーダーがありません",
            Self::ReaderBusy => "他のプログラムがカードを使用しています",
            Self::ReaderFault => "カードリーダーとカードの通信に失敗しました",
            Self::ServiceLost => "カードサービスが動いていません",
            Self::AccessDenied => "カードサービスの利用が許可されていません",
            Self::TimedOut => "カードサービスの応答がありません",
            Self::Cancelled => "取り消されました",
            Self::Unexpected { code } => return format!("カードサービスのエラー {code:#010x}"),
        };
        text.to_owned()
    }
}

impl LoginError {
    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match self {
            _ if language == Language::English => self.to_string(),
            Self::WrongPin { tries_left } => format!("暗証番号が違います(残り{tries_left}回)"),
            Self::Blocked => "カードが閉塞しています".to_owned(),
            Self::PinPolicy(_) | Self::RefusedByCard => "その暗証番号は使えません".to_owned(),
            Self::MustChange => "初期暗証番号のままでは使えません".to_owned(),
            Self::NotTyped(why) => why.japanese().to_owned(),
            Self::NoPad => "このカードリーダーのキーパッドではできません".to_owned(),
            Self::CardRemoved { tries } => format!("カードが抜かれました{}", tries.japanese()),
            Self::Transport { error, tries } => format!("{}{}", error.in_words(language), tries.japanese()),
            Self::SecurityStatus { asked } => {
                format!("{}ができません: 暗証番号は正しいのに、カードが拒否しました", asked.japanese())
            }
            Self::Card { error, tries } => format!("{}{}", error.in_words(language), tries.japanese()),
        }
    }
}

impl NotTyped {
    const fn japanese(self) -> &'static str {
        match self {
            Self::TimedOut => "時間内に暗証番号が入力されませんでした",
            Self::Cancelled => "カードリーダーで入力が取り消されました",
            Self::Differs => "新しい暗証番号が2回とも同じではありません",
            Self::Length => "入力された桁数の暗証番号はありません",
        }
    }
}

impl Tries {
    const fn japanese(self) -> &'static str {
        match self {
            Self::Untouched => "(暗証番号は送っていません)",
            Self::Unknown => "(暗証番号の残り回数が減った可能性があります)",
            Self::Full => "(暗証番号は正しく照合されました)",
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_wire::status::Status;

    use super::*;

    #[test]
    fn every_first_line_is_in_the_readers_language() {
        let transport = TransportError::new(Doing::Transmit, "ACR39U", Cause::CardRemoved);
        let asked = CardError::transport(Asked::Guid, transport.clone());
        let status = CardError { asked: Asked::Verify, cause: CardCause::Status(Status::from_bytes(0x6A, 0x80)) };
        let cases = [
            (
                transport.in_words(Language::Japanese),
                "「ACR39U」でカードへの命令の送信ができません: カードが抜かれました",
            ),
            (asked.in_words(Language::Japanese), "「ACR39U」でカードGUIDの読取りができません: カードが抜かれました"),
            (status.in_words(Language::Japanese), "暗証番号の照合ができません: カードの応答は 6A80 です"),
            (
                LoginError::Transport { error: transport.clone(), tries: Tries::Unknown }.in_words(Language::Japanese),
                "「ACR39U」でカードへの命令の送信ができません: カードが抜かれました(暗証番号の残り回数が減った可能性があります)",
            ),
        ];
        for (said, expected) in cases {
            assert_eq!(said, expected);
        }
        assert_eq!(transport.in_words(Language::English), transport.to_string());
    }
}
