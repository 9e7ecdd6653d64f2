//! `docs/articles.md`, made of the list: what a reader of the regulations looks up.

use std::fmt::Write as _;
use std::fs::read_to_string;

use sekisho_tests::binaries::checkout;

use crate::list::{not_yet, regulations};

const HEAD: &str = "\
# 規程の条項と機能 / The articles and what meets them

この表は `tests/articles` の一覧から作られる。各条項のシナリオは、実際の端末・カード・台帳で条項の求めることを確かめる試験の名前である。
This table is made of the list in `tests/articles`. The scenario of an article is the name of the test that does what the article asks, on real terminals, cards and ledger.

手で書き換えないこと。`UPDATE_ARTICLES=1 cargo test --workspace --test articles document::` で作り直す。
Not to be edited by hand: `UPDATE_ARTICLES=1 cargo test --workspace --test articles document::` makes it anew.
";

fn document() -> String {
    let lacking = not_yet();
    let mut text = HEAD.to_owned();
    let all = regulations();
    let rows = all.iter().map(|(_, regulation)| regulation.row.len()).sum::<usize>();
    let met = rows - lacking.len();
    let _ = writeln!(
        text,
        "\n{rows} 条項のうち {met} がシナリオで示されている。\n{met} of {rows} articles are shown by a scenario."
    );
    for (short, regulation) in all {
        let _ = writeln!(text, "\n## {} {}\n\n{}\n", short.to_uppercase(), regulation.name, regulation.english);
        text.push_str("| 条 Article | 求めること What it asks | 機能 Feature | 場所 Where | シナリオ Scenario |\n");
        text.push_str("|---|---|---|---|---|\n");
        for row in regulation.row {
            let asks = format!("{}<br>{}", row.ja, row.asks);
            let _ = match row.met {
                Some(met) => writeln!(
                    text,
                    "| {} | {asks} | {}<br>{} | {} | `{}` |",
                    row.article, met.feature, met.feature_en, met.r#where, met.scenario
                ),
                None => writeln!(
                    text,
                    "| {} | {asks} | 未対応 not yet: {} | - | - |",
                    row.article,
                    lacking.get(&row.id).map_or("", String::as_str)
                ),
            };
        }
    }
    text
}

#[test]
fn the_document_is_what_the_list_says() {
    let path = checkout().join("docs/articles.md");
    let made = document();
    if std::env::var_os("UPDATE_ARTICLES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    let there = read_to_string(&path).unwrap_or_default();
    assert!(there == made, "docs/articles.md is not what the list says: run this test with UPDATE_ARTICLES=1");
    assert!(
        made.lines().filter(|line| line.starts_with("| ")).all(|line| line.matches(" | ").count() == 4),
        "a cell with a bar in it"
    );
}
