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
団体: 「関所町」({office})
職: chief
作成: 令和8年11月24日 10時00分(期限: 令和8年11月25日 10時00分)
依頼番号: R8-123
1. 操作者 chiba に操作権限 p1 を付与する。取扱範囲: 「住民票の写しの交付」(juminhyo)、「印鑑登録証明」(inkan)、期間: 令和8年4月1日 0時00分から令和9年4月1日 0時00分まで
2. カード 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a (令和8年度第3号) を 令和8年11月24日 10時00分 から失効とする(理由: その他)。元に戻せません";
    let expected = expected.replace("{office}", &office.register.office().unwrap().to_string());
    assert_eq!(render(&act, &office.register, Language::Japanese), expected);
}

#[test]
fn an_act_for_another_office_says_so_and_borrows_no_title() {
    let mut office = Office::furnished();
    let mut act = office.draft(vec![designate("doi")]);
    act.office = sekisho_wire::id::OfficeId([0xab; 16]);
    let lines = |act: &Act, language| {
        let text = render(act, &office.register, language);
        text.lines().skip(1).take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let id = "ab".repeat(16);
    let english =
        [format!("office: {id}"), "WARNING: this is not the office of the register at hand; do not sign".into()];
    assert_eq!(lines(&act, Language::English), english);
    let japanese = [format!("団体: {id}"), "警告: 手元の登録簿の団体ではありません。署名しないでください".into()];
    assert_eq!(lines(&act, Language::Japanese), japanese);
}

#[test]
fn what_ends_and_what_one_person_may_do_is_read_as_well() {
    let mut office = Office::furnished();
    let ended = SetFunction {
        essential: true,
        state: UseState::Ended,
        ..set_function("juminhyo", sekisho_wire::decision::Level::Card)
    };
    let route = |distinct| {
        let manager = vec![Role::SystemManager];
        Change::Route(SetRoute { class: Class::Cards, proposers: manager.clone(), stages: vec![manager], distinct })
    };
    let act = office.draft(vec![Change::Function(ended), route(false), route(true)]);
    let text = render(&act, &office.register, Language::English);
    for line in [
        "1. end function \"住民票の写しの交付\" (juminhyo), needs a proof by the card, essential: works on with a stale register",
        "2. route of class cards; proposers: system_manager; approvers: system_manager; one person may do all of it",
        "3. route of class cards; proposers: system_manager; approvers: system_manager; all of them different persons",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

#[test]
fn an_act_reads_as_english() {
    let mut office = Office::furnished();
    let mut act = office.draft(vec![designate("doi"), terminal()]);
    act.as_deputy = true;
    let expected = "\
act
office: \"関所町\" ({office})
post: chief, as deputy
made: 2026-11-24 10:00 JST (expires 2026-11-25 10:00 JST)
1. designate doi (name hash {name}) as operator of section \"住民課\" (jumin) from 2026-04-01 00:00 JST until 2027-04-01 00:00 JST; terminals: none; terminals of sections: \"住民課\" (jumin)
2. register business terminal mado-1 in section \"住民課\" (jumin), responsible: nobody, for \"住民票の写しの交付\" (juminhyo), readers: any, key ";
    let text = render(&act, &office.register, Language::English);
    let name = NameHash::of(&sekisho_wire::id::Salt([9; 16]), "doi").to_string();
    let id = office.register.office().unwrap().to_string();
    let expected = expected.replace("{name}", &name[..16]).replace("{office}", &id);
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
    assert_eq!(text.matches("--- the approval of the stage before").count(), 8);
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

/// Eight bytes of SHA-256, as they stand in texts.
fn fingerprint(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A text with the keys of the founding act in the places of their names.
fn with_keys(text: &str) -> String {
    let found = founding();
    let mut text = text.to_owned();
    for card in [1, 2] {
        for (slot, name) in [(Slot::Authentication, "9A"), (Slot::Signature, "9C"), (Slot::Presence, "9E")] {
            text = text.replace(&format!("{{{card}.{name}}}"), &fingerprint(&public(card, slot).0));
        }
        let name = found.administrators[usize::from(card) - 1].name.to_string();
        text = text.replace(&format!("{{{card}.name}}"), &name[..16]);
    }
    let keys = &found.keys;
    let recovery = found.recovery.keys.iter().zip(1..).map(|(key, number)| (format!("r{number}"), key.to_string()));
    let logs = [("records", keys.records), ("register", keys.register), ("casebook", keys.casebook)];
    let logs = logs.map(|(name, key)| (name.to_owned(), key.to_string()));
    let envelope = ("envelope".to_owned(), fingerprint(keys.envelope.as_bytes()));
    recovery.chain(logs).chain([envelope]).fold(text, |text, (name, key)| text.replace(&format!("{{{name}}}"), &key))
}

#[test]
fn the_founding_act_names_everything_that_the_office_stands_on() {
    let mut office = Office::empty();
    let mut act = office.draft(vec![Change::Found(Box::new(founding()))]);
    act.post = None;
    let english = "\
founding of an office
office: \"関所町\" (its id is made from this act)
signed: not in the name of a post
made: 2026-11-24 10:00 JST (expires 2026-11-25 10:00 JST)
1. found \"関所町\" (011011) at ledger \"ledger.example\"
   administrator aoki (name hash {1.name}), post chief: issue card-management card 01010101010101010101010101010101 to aoki, profiles: all the holder has, from 2026-04-01 00:00 JST until 2030-04-01 00:00 JST, can sign acts, key fingerprints: 9A {1.9A}, 9C {1.9C}, 9E {1.9E}
   administrator baba (name hash {2.name}), post vice: issue card-management card 02020202020202020202020202020202 to baba, profiles: all the holder has, from 2026-04-01 00:00 JST until 2030-04-01 00:00 JST, can sign acts, key fingerprints: 9A {2.9A}, 9C {2.9C}, 9E {2.9E}
   roles of the administrators' posts: chief_security_officer, system_manager, data_protection_manager, access_manager, security_manager, terminal_manager
   recovery: any 2 of these 3 keys together can announce any act, and carry it out after the wait
   recovery key 1: {r1}
   recovery key 2: {r2}
   recovery key 3: {r3}
   key of the records log: {records}
   key of the register log: {register}
   key of the casebook log: {casebook}
   envelope key fingerprint: {envelope}
   policy: idle lock after 300 s, session at most 36000 s, register at most 259200 s old, 5 PIN tries, PINs of 6 or more characters, none of the last 5, a first PIN must be changed, a PIN lasts until the end of the fiscal year, hours enforced (cards exempt: none), no rests, no limit a day, 35 days kept on terminals, years kept: access 7, operation 1, administration 7; pulling the card closes the session, an operator at two terminals raises an alarm; a recovery waits 259200 s; a ledger that starts hears 50 % of the terminals";
    assert_eq!(render(&act, &office.register, Language::English), with_keys(english));
    let japanese = "\
団体の設置
団体: 「関所町」(識別子はこの処分から定まる)
署名: 職によらない署名
作成: 令和8年11月24日 10時00分(期限: 令和8年11月25日 10時00分)
1. 「関所町」(011011)を台帳「ledger.example」に設置する
   管理者 aoki (氏名のハッシュ {1.name})、職 chief: カード管理用カード 01010101010101010101010101010101 を aoki に貸与する。操作権限: 本人の操作権限すべて、期間: 令和8年4月1日 0時00分から令和12年4月1日 0時00分まで、処分への署名可、鍵の指紋: 9A {1.9A}、9C {1.9C}、9E {1.9E}
   管理者 baba (氏名のハッシュ {2.name})、職 vice: カード管理用カード 02020202020202020202020202020202 を baba に貸与する。操作権限: 本人の操作権限すべて、期間: 令和8年4月1日 0時00分から令和12年4月1日 0時00分まで、処分への署名可、鍵の指紋: 9A {2.9A}、9C {2.9C}、9E {2.9E}
   管理者の職の役割: セキュリティ統括責任者、システム管理者、データ保護管理者、アクセス管理責任者、セキュリティ責任者、端末装置管理責任者
   復旧鍵: 3件のうち2件がそろうと、すべての処分を予告し、期間経過後に実施できる
   復旧鍵 1: {r1}
   復旧鍵 2: {r2}
   復旧鍵 3: {r3}
   操作記録の鍵: {records}
   登録簿の鍵: {register}
   処理簿の鍵: {casebook}
   封筒の鍵の指紋: {envelope}
   運用方針: 離席時のロックまで 300秒、連続利用の上限 36000秒、登録簿の有効時間 259200秒、暗証番号の試行 5回・英数字・記号6文字以上、直近5個は再使用不可、初期暗証番号は要変更、年度末まで有効、運用時間 適用する(対象外のカード: なし)、休憩の定めなし、1日の上限なし、端末での保存 35日、保存年数 操作履歴7年・稼働状況1年・管理7年、カードを抜くと終了、2台で同時に利用した場合は警報のみ、復旧の予告から実施まで 259200秒以上、台帳の起動後に確認する端末機 50%";
    assert_eq!(render(&act, &office.register, Language::Japanese), with_keys(japanese));
}

#[test]
fn the_changes_of_an_approval_are_those_of_its_proposal() {
    let mut office = Office::furnished();
    let opened = vec![section("ka-1", "甲課", SectionState::Open), section("ka-2", "乙課", SectionState::Open)];
    let proposal = office.proposal(opened);
    let approval = office.approval(&proposal, "vice", 2);
    let [proposal, approval] = [proposal, approval].map(|entry| SignedAct::decode(&entry).unwrap());
    for language in [Language::Japanese, Language::English] {
        let of = |act: &Act| numbered_changes(act, &office.register, language);
        let lines = of(approval.act());
        assert_eq!((lines.len(), &lines), (2, &of(proposal.act())));
        let text = render(approval.act(), &office.register, language);
        assert!(lines.iter().all(|line| text.lines().any(|other| other == line)), "{lines:?}\n{text}");
        let alone = changes(approval.act(), &office.register, language);
        assert_eq!([format!("1. {}", alone[0]), format!("2. {}", alone[1])], *lines);
    }
    let unreadable = Act { proposal: Some(act::Proposal(vec![1])), ..office.draft(vec![]) };
    assert!(changes(&unreadable, &office.register, Language::English).is_empty());
}
