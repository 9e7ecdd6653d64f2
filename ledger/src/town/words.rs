//! What the command says of the steps, and what is left for people to do.

use std::fmt::Write as _;

use crate::data::as_owner;

use super::{DESCRIPTION, Run, SHEETS, State, Step, There, Wanted};

impl Step {
    /// What it is: English, Japanese.
    #[must_use]
    pub const fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Describe => ("the office is described", "団体の設定ファイル"),
            Self::Make => ("directory, keys, certificate, configuration", "ディレクトリ・鍵・証明書・設定"),
            Self::Serve => ("the ledger runs", "台帳の起動"),
            Self::Found => ("the office is founded", "団体の設置"),
            Self::CopyKeys => ("a copy of the keys for the safe", "金庫用の鍵の複製"),
            Self::List => ("a medium for backups is listed", "バックアップ媒体の登録"),
            Self::Backup => ("a backup was made and read again", "バックアップの作成と検証"),
            Self::Timer => ("a backup each night", "毎晩のバックアップ"),
        }
    }

    /// What it asks of hands: English, Japanese.
    const fn hands(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Found => Some((
                "Put the two administrators' blank cards into the readers; each chooses a PIN when asked.",
                "管理者2名の未使用カードをリーダーに挿入し、求められたらそれぞれ暗証番号を設定してください。",
            )),
            Self::CopyKeys => Some((
                "Mount a stick that is for the keys alone, give it to the ledger's user (chown sekisho-ledger: DIR; FAT: mount -o uid=sekisho-ledger,umask=077), and name a folder on it with --keys.",
                "鍵専用の媒体をマウントして台帳の利用者に渡し（chown sekisho-ledger: DIR、FATの場合は mount -o uid=sekisho-ledger,umask=077）、--keys でその中のフォルダを指定してください。",
            )),
            Self::List => Some((
                "Mount a disk or stick of its own, give it to the ledger's user (chown sekisho-ledger: DIR; FAT: mount -o uid=sekisho-ledger,umask=077), and name it with --medium.",
                "専用の媒体をマウントして台帳の利用者に渡し（chown sekisho-ledger: DIR、FATの場合は mount -o uid=sekisho-ledger,umask=077）、--medium で指定してください。",
            )),
            Self::Describe | Self::Make | Self::Serve | Self::Backup | Self::Timer => None,
        }
    }
}

/// How a step stands, as lines for people.
#[must_use]
pub fn line(step: Step, state: &State) -> String {
    let (english, japanese) = step.title();
    let head = format!("{english}（{japanese}）");
    let mut text = match state {
        State::Done => return format!("[done 済]  {head}\n"),
        State::Run(run) => format!("[to do 未] {head}\n    {}\n", command(run)),
        State::Needs(option) => format!("[to do 未] {head}: {option} is missing（{option} が必要です）\n"),
        State::After(before) => {
            let (english, japanese) = before.title();
            format!("[later 後] {head}: after '{english}'（「{japanese}」の後）\n")
        }
    };
    if let (Some((english, japanese)), false) = (step.hands(), matches!(state, State::After(_))) {
        let _ = write!(text, "    {english}\n    {japanese}\n");
    }
    text
}

fn command(run: &Run) -> String {
    let (program, words) = match run {
        Run::Template => return format!("a {DESCRIPTION} to fill in is written"),
        Run::Ledger(words) => ("sekisho-ledger", words),
        Run::Admin(words) => ("sekisho-admin", words),
        Run::Units(words) => ("systemctl", words),
    };
    let word = |word: &std::ffi::OsString| {
        let word = word.to_string_lossy();
        if word.contains(char::is_whitespace) { format!("'{word}'") } else { word.into_owned() }
    };
    words.iter().map(word).fold(program.to_owned(), |line, word| line + " " + &word)
}

/// What is left for people once the office is founded.
#[must_use]
pub fn for_the_safe(wanted: &Wanted, there: &There) -> String {
    if !there.founded {
        return String::new();
    }
    let sheets = wanted.folder.join(SHEETS);
    let (sheets, data, as_owner) = (sheets.display(), wanted.data.display(), as_owner(&wanted.data));
    format!(
        "For the safe（金庫に保管するもの）\n\
         \x20 1. the recovery keys in {sheets}: print them, seal each in an envelope of its own, destroy the files\n\
         \x20    {sheets} の復旧鍵: 印刷して1枚ずつ封緘し、ファイルは破棄してください\n\
         \x20 2. the stick with the ledger's keys, apart from every backup（鍵の媒体。バックアップとは別に）\n\
         \x20 3. each month the sheet with the checkpoints（毎月の台帳確認票）: {as_owner}sekisho-ledger print-checkpoint --data {data} --office OFFICE --out FILE; `sekisho-ledger status` names the office\n\
         By hand（手作業）\n\
         \x20 - a second medium that takes turns with the first, away from this room: {as_owner}sekisho-ledger medium add（2本目の媒体を交互に使い、別の場所に保管）\n\
         \x20 - in the administrator's folder {} nothing else is secret; her home ~/.sekisho-admin holds the card-management secret（カード管理用の秘密は管理者のホームにあります）\n",
        wanted.folder.display()
    )
}

/// A description to fill in. Its first line is in the way until somebody has.
#[must_use]
pub(super) fn template() -> String {
    format!(
        "{UNFILLED}\n\
         # The office, its two administrators, and where they work. Everything else can be decided later: sekisho-admin(1).\n\
         # 団体、管理者2名、課を記入してください。その他は後から変更できます。\n\n\
         [office]\n\
         title = \"\"                 # 白樺町\n\
         jurisdiction = \"\"          # its code of six digits（団体コード6桁）\n\
         # So many of so many recovery keys replace lost administrators' cards.（復旧鍵: 全体の本数と必要な本数）\n\
         recovery = {{ needed = 2, keys = 3 }}\n\n\
         [[administrator]]\n\
         operator = \"20001\"\n\
         name = \"\"\n\
         post = \"joho-kacho\"\n\
         # to = \"2027-03-31\"        # until when the card is good（カードの有効期限）\n\n\
         [[administrator]]\n\
         operator = \"20002\"\n\
         name = \"\"\n\
         post = \"jumin-kacho\"\n\n\
         [[section]]\n\
         section = \"jumin\"\n\
         title = \"住民課\"\n"
    )
}

/// The template's first line.
pub(super) const UNFILLED: &str =
    "# Take this line away when the file is filled in.（記入後、この行を削除してください）";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_what_is_run_and_what_is_missing() {
        let run = State::Run(Run::Admin(["found", "--reader", "ACR39U 00"].map(Into::into).into()));
        let said = line(Step::Found, &run);
        assert!(said.contains("sekisho-admin found --reader 'ACR39U 00'") && said.contains("blank cards"), "{said}");
        let said = line(Step::List, &State::Needs("--medium"));
        assert!(said.contains("--medium is missing") && said.contains("--medium が必要"), "{said}");
        let said = line(Step::List, &State::After(Step::Found));
        assert!(said.contains("after 'the office is founded'") && !said.contains("Mount"), "{said}");
        assert_eq!(line(Step::Make, &State::Done).lines().count(), 1);
    }

    #[test]
    fn the_template_is_toml_that_names_two_administrators() {
        let table: toml::Table = template().parse().unwrap();
        assert_eq!(table["administrator"].as_array().map(Vec::len), Some(2));
        assert!(template().starts_with(UNFILLED));
    }
}
