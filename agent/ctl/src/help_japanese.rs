//! The Japanese texts of `--help`. A test sees to it that none is missing.

use clap::{Arg, ArgAction, Command};

const TEMPLATE: &str = "{about}\n\n使い方: {usage}\n\n{all-args}{after-help}";
const EXIT_CODES: &str = "\
終了コード:
  0  完了、または許可
  1  失敗（原因と対処を標準エラーに表示）
  2  引数の誤り
  3  不許可
  4  run: ロックまたは終了のためプログラムを終了させた
  run はそれ以外の場合、プログラムの終了コード、128+シグナル番号、起動できないときは 127 を返します。";

/// The same command with Japanese texts.
pub(crate) fn of(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = arguments(command.about("操作者用カードで端末を使う").after_help(EXIT_CODES))
        .subcommand_help_heading("コマンド")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(help_flag())
        .arg(Arg::new("version").short('V').long("version").action(ArgAction::Version).help("版を表示する"));
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(&name, |sub| {
            let about = about(sub.get_name());
            arguments(sub.about(about)).disable_help_flag(true).arg(help_flag())
        })
    })
}

fn help_flag() -> Arg {
    Arg::new("help").short('h').long("help").action(ArgAction::Help).help("使い方を表示する").help_heading("オプション")
}

fn arguments(command: Command) -> Command {
    command.help_template(TEMPLATE).mut_args(|argument| {
        let text = argument_text(argument.get_id().as_str());
        let heading = if argument.is_positional() { "引数" } else { "オプション" };
        argument.help(text).help_heading(heading)
    })
}

fn about(name: &str) -> &'static str {
    match name {
        "status" => "利用者、許可されている機能、次にすることを表示する",
        "login" => "挿入されたカードで利用を始める。ロック中なら解除する",
        "lock" => "ロックする",
        "authorize" => "機能を今ここで実行してよいか確認し、記録する",
        "complete" => "許可された機能の結果を記録する",
        "run" => "許可を得てプログラムを実行し、ロックされたら終了させる",
        "watch" => "状態の変化を表示し続ける",
        "doctor" => "この端末の異常を調べ、直し方を示す（root では詳しく調べる）",
        "change-pin" => "挿入されたカードの暗証番号を変更する",
        "report" => "カードの紛失などを届け出て直ちに停止する。事故を報告する",
        "activate-card" => "予備・緊急カードを、自分のカードで署名して有効化する。暗証番号の前に処分の内容を表示する",
        "end-activation" => "カードの有効化を、自分のカードで署名して終了する",
        "stop-connection" => "結合を、自分のカードで署名して直ちに停止する。通知は停止の後に行う",
        "panel" => "操作パネルを表示する",
        _ => "",
    }
}

fn argument_text(id: &str) -> &'static str {
    match id {
        "lang" => "表示言語: ja または en [省略時: LC_ALL, LC_MESSAGES, LANG、なければ ja]",
        "socket" => "エージェントのソケット [省略時: SEKISHO_SOCKET、なければ /run/sekisho/agent.sock]",
        "json" => "JSON で1行ずつ出力する",
        "profile" => "使用する操作権限（操作者ID）",
        "kind" => "利用の種別: ordinary 通常、maintenance 保守、training 研修",
        "pin_stdin" => "暗証番号を端末ではなく標準入力から読む。change-pin では現在と新しいものを1行ずつ",
        "card" => "暗証番号を送るカードのGUID。他のカードには送らない",
        "what" => {
            "届け出ること: lost 紛失、stolen 盗難、damaged き損、pin-known 暗証番号の漏えい、failure 故障、malfunction 誤動作、irrecoverable 回復困難な異常・損傷、leak 漏えい、alteration 改ざん、intrusion 不正アクセス、misuse 目的外利用、loss 帳票・媒体の紛失、theft 帳票・媒体の盗難、other その他"
        }
        "reported" => "カード番号または操作者の照合ID [省略時: 挿入されているカード、事故ならカードなし]",
        "end" => "利用を終了する",
        "function" => "機能コード",
        "purpose" => "事由コード",
        "case" => "受付番号などの案件番号（氏名は入力しない）",
        "request" => "16進32桁の要求番号。同じ番号の要求には同じ回答を返す",
        "recipient" => "許可の証明を署名付きで渡す相手（サーバー上の業務システムの名前）",
        "nonce" => "相手がこの一回のために渡した値",
        "wait" => "暗証番号が必要なとき、ここでは尋ねず、操作パネルかデスクトップで入力されるまで待つ秒数（600まで）",
        "record" => "許可の記録番号",
        "items" => "処理した件数",
        "outcome" => "結果: done 完了、failed 失敗、cancelled 取消",
        "under" => "確認せず、この記録番号の許可のもとで実行する",
        "dormant" => "カード番号（2026-31）またはGUID",
        "operator" => "使う人の照合ID",
        "reason" => "理由コード",
        "profiles" => "使用できる操作権限 [省略時: 本人の操作権限すべて]",
        "hours" => "有効にする時間数 [省略時: 当日の閉庁まで]",
        "post" => "署名に用いる職 [省略時: 決定できる最初の職]",
        "functions" => "停止する機能 [省略時: 業務機能すべて]",
        "incident" => "対応する事故の番号（2026-3）",
        "programs" => "パネルから許可を得て起動するプログラムの一覧",
        "program" => "プログラムとその引数",
        _ => "",
    }
}
