//! What a signer reads, in both languages, word for word.

use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::id::CaseReference;
use sekisho_wire::words::Language;

use crate::office::*;

#[test]
fn an_act_reads_as_japanese() {
    let mut office = Office::furnished();
    let mut act = office
        .draft(vec![profile("chiba", "p1", &["juminhyo", "inkan"]), card_state(10, CardState::Revoked, office.now)]);
    act.request = Some(CaseReference::new("R8-123").unwrap());
    let expected = "\
処分
団体: 関所町
職: chief
作成: 令和8年11月24日 10時00分(期限: 令和8年11月25日 10時00分)
依頼番号: R8-123
1. 操作者 chiba に操作権限 p1 を付与する。取扱範囲: 「住民票の写しの交付」(juminhyo)、「印鑑登録証明」(inkan)、期間: 令和8年4月1日 0時00分から令和9年4月1日 0時00分まで
2. カード 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a (令和8年度第3号) を 令和8年11月24日 10時00分 から失効とする(理由: その他)。元に戻せません";
    assert_eq!(render(&act, &office.register, Language::Japanese), expected);
}

#[test]
fn an_act_reads_as_english() {
    let mut office = Office::furnished();
    let mut act = office.draft(vec![designate("doi"), terminal()]);
    act.as_deputy = true;
    let expected = "\
act
office: 関所町
post: chief, as deputy
made: 2026-11-24 10:00 JST (expires 2026-11-25 10:00 JST)
1. designate doi (name hash {name}) as operator of section \"住民課\" (jumin) from 2026-04-01 00:00 JST until 2027-04-01 00:00 JST; terminals: none; terminals of sections: \"住民課\" (jumin)
2. register business terminal mado-1 in section \"住民課\" (jumin), responsible: nobody, for \"住民票の写しの交付\" (juminhyo), readers: any, key ";
    let text = render(&act, &office.register, Language::English);
    let name = NameHash::of(&sekisho_wire::id::Salt([9; 16]), "doi").to_string();
    let expected = expected.replace("{name}", &name[..16]);
    assert_eq!(text, format!("{expected}{}", edwards_public(TERMINAL_SEED)));
}

#[test]
fn a_restoration_says_exactly_what_it_restores_and_a_card_shows_its_keys() {
    let mut office = Office::furnished();
    let connected =
        |functions| Change::Connection(SetConnection { state: ConnectionState::Connected, functions, incident: None });
    let mut act = office.draft(vec![
        connected(codes(&["inkan"])),
        connected(vec![]),
        Change::IssueCard(Box::new(issue(12, Some("chiba")))),
    ]);
    act.effective = Some(act.made + 60_000);
    let text = render(&act, &office.register, Language::English);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.contains(&"takes effect: 2026-11-24 10:01 JST"), "{text}");
    assert!(lines.contains(&"1. restore the connection for exactly \"印鑑登録証明\" (inkan)"), "{text}");
    assert!(lines.contains(&"2. lift every stop: restore the connection for everything"), "{text}");
    let (_, keys) = text.rsplit_once("key fingerprints: ").unwrap();
    let slots: Vec<_> = keys.split(", ").map(|key| (&key[..2], key.len())).collect();
    assert_eq!(slots, [("9A", 19), ("9E", 19)]);
}

#[test]
fn proposals_in_proposals_are_shown_as_deep_as_the_fold_takes_them() {
    let mut office = Office::furnished();
    let mut entry = office.proposal(vec![designate("doi")]);
    for _ in 0..40 {
        let mut act = office.draft(vec![]);
        act.proposal = Some(act::Proposal(entry));
        entry = sign_card(&act, 1);
    }
    let text = render(SignedAct::decode(&entry).unwrap().act(), &office.register, Language::English);
    assert!(text.ends_with("(too deep to show)"), "{text}");
    assert_eq!(text.matches("--- the proposal").count(), 8);
}

#[test]
fn an_approval_shows_the_whole_proposal() {
    let mut office = Office::furnished();
    let proposal = office.proposal(vec![Change::RequireVersion(RequireVersion { version: 1 })]);
    let approval = SignedAct::decode(&office.approval(&proposal, "vice", 2)).unwrap();
    let text = render(approval.act(), &office.register, Language::Japanese);
    assert!(text.starts_with("承認\n"), "{text}");
    assert!(text.contains("申請(承認を受けて効力を生じます)"), "{text}");
    assert!(text.ends_with("1. 規則第1版に対応したプログラムを必須とする"), "{text}");
}

#[test]
fn the_founding_act_names_everything_that_is_founded() {
    let mut office = Office::empty();
    let mut act = office.draft(vec![Change::Found(Box::new(founding()))]);
    act.post = None;
    let text = render(&act, &office.register, Language::English);
    for part in [
        "founding of an office",
        "関所町",
        "011011",
        "aoki (post chief",
        "baba (post vice",
        "recovery: 2 of 3 keys",
        "5 PIN tries",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
