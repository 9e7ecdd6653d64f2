//! What the pages are, and what to do when something is wrong.

use axum::extract::State;
use axum::response::Response;

use crate::console::html::{Block, Cell, Content, Section};
use crate::console::visit::{Barred, Entered, View};
use crate::http::Hall;
use crate::visitors::ANY_ROLE;

pub(crate) async fn help(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered.show(hall, ANY_ROLE, |view| Ok((content(view), Vec::new()))).await
}

fn content(view: &View<'_>) -> Content {
    let text = |english: &str, japanese: &str| Block::Text(view.say(english, japanese));
    let facts = |facts: &[(&str, &str, &str, &str)]| {
        let fact = |(name, name_ja, what, what_ja): &(&str, &str, &str, &str)| {
            (view.say(*name, *name_ja), Cell::text(view.say(*what, *what_ja)))
        };
        Block::Facts(facts.iter().map(fact).collect())
    };
    let section = |english: &str, japanese: &str, blocks| Section::new(view.say(english, japanese), blocks);
    let sections = vec![
        section("The pages", "各画面", vec![facts(&PAGES)]),
        section(
            "How a session begins and ends",
            "利用の開始と終了",
            vec![
                text(
                    "There are no passwords. 'sekisho-admin console' at your desk asks for your card and PIN and shows a link that works once, for a minute. It has to go on running: what you decide here is signed there.",
                    "パスワードはありません。手元の端末で「sekisho-admin console」を実行し、カードと暗証番号で確認すると、1分間・1回限り有効なリンクが表示されます。署名はこのプログラムで行うため、利用中は終了しないでください。",
                ),
                text(
                    "A session ends with the button at the top, after 15 minutes without use, after ten hours, when sekisho-admin ends or its card is taken out, and when the card or the post behind it loses its right. Typing is no use: write a long text elsewhere first.",
                    "利用は、画面上部の「終了する」、15分間の無操作、10時間の経過、sekisho-admin の終了、カードの抜取り、又はカード若しくは職の権限の喪失により終了します。文字の入力は操作とみなされません。長い文章は、あらかじめ別に作成してから貼り付けてください。",
                ),
            ],
        ),
        section(
            "What is signed, and where",
            "署名について",
            vec![
                text(
                    "Nothing is approved in the browser alone. A button here makes a request; the window of sekisho-admin asks for the PIN, shows the act as text, made from the register that it has verified itself, asks whether to sign it, and the card signs. Read there what you sign.",
                    "この画面だけで承認されることはありません。ボタンを押すと依頼が作成され、sekisho-admin が暗証番号の入力後に、自ら検証した登録簿に基づいて処分の内容を文章で表示し、確認の上でカードで署名します。署名する内容は、必ずその画面で確認してください。",
                ),
                text(
                    "What posts without a card decided on paper (the mayor, a committee) is written down by the post that keeps their papers: choose the post under 'From paper of', with number and date of the document.",
                    "カードを持たない職（首長、委員会など）が書面で決定したことは、その書面を記録する職が「書面による決定の記録」で職を選び、文書番号と決定日を記入して記録します。",
                ),
            ],
        ),
        section(
            "What is recorded",
            "記録されること",
            vec![text(
                "Who looked at records, registers and proposals, when and how many, is itself a record that nobody can take away. Searches name whom they were about.",
                "操作履歴、台帳及び申請を誰がいつ何件閲覧したかは、それ自体が消すことのできない記録となります。検索の対象者も記録されます。",
            )],
        ),
        section(
            "When a log has stopped, a backup is overdue, or the disk is nearly full",
            "ログの停止・バックアップの遅延",
            vec![text(
                "The operator of the ledger looks at 'sekisho-ledger status' on the server; 'man sekisho-ledger' says what to do then.",
                "台帳の運用者が、サーバーで「sekisho-ledger status」を確認してください。対処は「man sekisho-ledger」にあります。",
            )],
        ),
    ];
    let title = view.say("Help", "使い方");
    Content { title, place: "/console/help", refresh: None, sections }
}

/// Name and purpose of each page, in both languages.
const PAGES: [(&str, &str, &str, &str); 14] = [
    (
        "Today",
        "本日の要処理",
        "What waits, yours first and of that what is overdue: proposals, steps of cases, reviews, alarms; and what the ledger sees: silent terminals, certificates, backups, disk.",
        "対応が必要な事項（自分の担当、期限超過の順）。承認待ちの申請、事案の手続、後閲、警報のほか、通信のない端末機、証明書の期限、バックアップの遅延、ディスクの空きなど。",
    ),
    (
        "Proposals",
        "承認待ち",
        "Proposals that you may approve or refuse, and others; each in full. Your own can be withdrawn.",
        "あなたが承認・不承認できる申請と、その他の申請。それぞれの全文を確認できます。自分の申請は取り下げることができます。",
    ),
    (
        "Cases",
        "事案・簿冊",
        "What was written on forms, what followed, and what has still to be done, with a button for each step that is yours.",
        "様式に記入された事案とその経過、未了の手続。あなたが行える手続にはボタンが表示されます。",
    ),
    ("Forms", "様式", "The forms that you may fill in.", "あなたが記入できる様式。"),
    (
        "Changes",
        "登録の変更",
        "Changes of every day: cards, designations, permissions, permits, terminals, retention. Decided or proposed, as the routes say.",
        "カード、操作者の指定、操作権限、時間外操作の許可、端末機、記録の保全・廃棄など、日常の変更。決裁経路に従い、決定又は申請となります。",
    ),
    (
        "Terminals",
        "端末機の状況",
        "Who was heard when, and whose records are missing.",
        "各端末機の最終通信と、記録の未着・欠落。",
    ),
    (
        "Access records",
        "操作履歴の検索",
        "Search by person, card, terminal, function, case, decision, kind and time; each record with its proof.",
        "操作者、カード、端末機、業務機能、案件番号、可否、種別、日時による検索。記録ごとに証明を確認できます。",
    ),
    (
        "Review of records",
        "操作履歴の確認",
        "Records of a period that a section should be asked about, with the form that asks; in the case, the answer beside the record's case.",
        "期間内の操作履歴のうち、所属に照会すべきものと照会の様式。事案では、回答と記録の案件番号を照合できます。",
    ),
    (
        "Use over time",
        "利用状況",
        "How many requests were granted and refused, by hour, day, function and terminal; without names.",
        "許可・拒否の件数（時間帯、日、業務機能、端末機別）。個人の情報は含みません。",
    ),
    (
        "Registers",
        "台帳",
        "Every register, the books of cases and the media of backups: as of any day on the screen, as CSV, and as pages for a printer.",
        "全ての台帳、簿冊及びバックアップ媒体の一覧。任意の日の時点で表示し、CSVや印刷用の頁にできます。",
    ),
    (
        "Acts",
        "処分の記録",
        "Every act of the register, in the words that were signed; what deputies decided for your post, to be looked at.",
        "登録簿の全ての処分と、署名時の文面。あなたの職の代決の後閲もここで行います。",
    ),
    (
        "Reports and incidents",
        "届出・事故等",
        "Cards reported at terminals, and the incidents of the casebook.",
        "端末機で届け出られたカードと、処理簿の事故等の報告。",
    ),
    (
        "Connection",
        "結合の状態",
        "Whether business is stopped, and who stopped it; the stop at once, the record of the disconnection, and the way back once the cause is reported gone and that is confirmed.",
        "結合停止の有無と、停止・再結合の処分。即時の停止、結合停止等記録、解消報告と確認の後の再結合もここで行います。",
    ),
    (
        "Retention",
        "保存・廃棄・保全",
        "Which months are kept until when, what was destroyed, what is preserved.",
        "月ごとの保存期限、廃棄の記録、保全の指定。",
    ),
];
