//! What another maker's card can do and cannot, as a table: before anybody makes it an operator card.

use sekisho_issuer::{Ability, Survey};

use crate::error::AdminError;
use crate::screen::Screen;
use crate::table::Table;

/// Prints what was found, and whether the card can become an operator card.
pub(super) fn print(screen: &Screen, survey: &Survey) -> Result<(), AdminError> {
    screen.print_table(&table(screen, survey))
}

fn table(screen: &Screen, survey: &Survey) -> Table {
    let mut table = Table::new(&[
        ("ability", screen.words("another maker's card", "他社製カード")),
        ("answer", screen.words("", "")),
    ]);
    let mut row = |english: &str, japanese: &str, answer: String| {
        table.row([screen.words(english, japanese).to_owned(), answer]);
    };
    let can = |ability| match ability {
        Ability::Yes => screen.words("yes", "可").to_owned(),
        Ability::No => screen.words("no", "不可").to_owned(),
        Ability::Unsaid => screen.words("does not say; the making will show", "申告なし(作成時に判明)").to_owned(),
    };
    let unknown = || screen.words("does not say", "申告なし").to_owned();
    let version = survey.version.map_or_else(unknown, |[major, minor, patch]| format!("{major}.{minor}.{patch}"));
    row("version", "バージョン", version);
    let algorithm = survey.key_algorithm.map_or_else(|| can(Ability::No), |algorithm| algorithm.to_string());
    row("algorithm of its management key", "管理鍵の方式", algorithm);
    row("takes the office's management key", "団体の管理鍵の設定", can(survey.own_key));
    row("keys on curve P-256", "P-256の鍵", can(survey.p256));
    row("makes keys on the card", "カード内での鍵生成", can(survey.makes_keys));
    row("takes certificates and objects", "証明書・データの書込み", can(survey.writes));
    row("takes the office's PUK", "団体のPUKの設定", can(survey.own_puk));
    row("PIN set with the PUK", "PUKによる暗証番号の再設定", can(survey.unblocks));
    let tries = survey.tries_left.map_or_else(unknown, |tries| tries.to_string());
    row("PIN tries left", "暗証番号の残り回数", tries);
    let rules = if survey.keeps_pin_rules { Ability::Yes } else { Ability::No };
    row("keeps the office's rules for PINs", "暗証番号の規則の強制", can(rules));
    row(
        "another number of tries, a PIN for each act, presence without a PIN, a place for the grant",
        "試行回数の変更・処分ごとの暗証番号・暗証番号なしの在席確認・貸与の処分の書込み",
        can(Ability::Unsaid),
    );
    let lacks = survey.lacks();
    let verdict = if lacks.is_empty() {
        screen.words("can be made an operator card", "操作者カードにできます").to_owned()
    } else {
        let why: Vec<String> = lacks.iter().map(|lack| lack.in_words(screen.language)).collect();
        let joined = why.join(screen.words("; ", "、"));
        screen.words(format!("can be none: {joined}"), format!("操作者カードにできません: {joined}"))
    };
    row("operator card", "操作者カード", verdict);
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{Confirm, Lists};
    use sekisho_issuer::KeyAlgorithm;
    use sekisho_wire::words::Language;

    #[test]
    fn a_card_that_lacks_something_is_called_none_in_both_languages() {
        let survey = Survey {
            version: Some([6, 6, 6]),
            key_algorithm: Some(KeyAlgorithm::TripleDes),
            p256: Ability::Unsaid,
            makes_keys: Ability::Yes,
            writes: Ability::Yes,
            own_puk: Ability::Yes,
            unblocks: Ability::No,
            own_key: Ability::Yes,
            keeps_pin_rules: false,
            tries_left: Some(3),
        };
        for (language, verdict) in [
            (Language::English, "can be none: its PIN cannot be set with the PUK"),
            (Language::Japanese, "操作者カードにできません: PUKによる暗証番号の再設定ができません"),
        ] {
            let screen = Screen { language, confirm: Confirm::Yes, lists: Lists::Text };
            let text = table(&screen, &survey).text();
            assert!(text.contains("3DES") && text.contains("6.6.6") && text.contains(verdict), "{text}");
            let fit = Survey { unblocks: Ability::Yes, ..survey.clone() };
            assert!(!table(&screen, &fit).text().contains(verdict));
        }
    }
}
