//! Which value was wrong.

use sekisho_wire::words::Language;

use crate::refusal::WrongValue;

impl WrongValue {
    /// What is wrong, for people.
    #[must_use]
    pub const fn text(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::FoundingAct => ("設置の処分には他の内容を含められません", "a founding act holds nothing else"),
            Self::PostNamed => (
                "職による署名ではないのに、職又はその書面が記されています",
                "a post, or a paper of one, is named, but this is not signed in the name of one",
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
            Self::PaperBefore => (
                "書面による後閲の日は、代決の日以後としてください",
                "what a deputy decided is looked at on the day on which he decided it, or later",
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
            Self::CardKinds => (
                "交付資格のカードの種別は、1種類以上を番号順に重複なく並べます",
                "a qualification names at least one kind of card, ascending",
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
            Self::ErasedTexts => (
                "本文を消去する文書は、順に重複なく、本文が合わせて1,000件以内となるように指定してください(氏名は対象となりません)",
                "cases are at least one and ascending, each with its texts, at most 1,000 in all, and no person's name among them",
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
