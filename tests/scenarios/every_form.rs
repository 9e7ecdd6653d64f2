//! Each form that the program has is opened, taken through its steps, and stands in its book as of today and not as of yesterday: on the screen, as CSV and as a
//! page. A form that is added and not walked makes this fail.

use std::time::Duration;

use sekisho_tests::ledger::both;
use sekisho_tests::scene::Scene;

/// Those that ask for stops, keys and several people: `console_cases`, `disconnected` and the five offices walk them.
const ELSEWHERE: [&str; 2] = ["incident", "disconnection"];

/// A form, what it is opened with, and its steps: by the second founder where another person has to.
struct Walk {
    form: &'static str,
    fields: Vec<String>,
    steps: Vec<(&'static str, Vec<String>, By)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    First,
    Second,
}

fn all(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

/// What marks a case of this form: written into one of its fields by hand.
fn mark(form: &str) -> String {
    format!("目印・{form}")
}

fn walk(form: &'static str, fields: &[&str], marked: &str, steps: &[(&'static str, &[&str], By)]) -> Walk {
    let marked = format!("{marked}={}", mark(form));
    let steps = steps.iter().map(|(step, fields, by)| (*step, all(fields), *by)).collect();
    Walk { form, fields: [all(fields), vec![marked]].concat(), steps }
}

fn of_cards(scene: &Scene, now: &str, today: &str) -> Vec<Walk> {
    use By::{First, Second};
    let card = format!("card={}", scene.desk.guid_of("10023"));
    let other = format!("card={}", scene.desk.guid_of("10031"));
    let (act, at, on) = (format!("act={}", scene.newest_act()), format!("at={now}"), format!("on={today}"));
    let (from, to) = (format!("from={today}"), format!("to={today}"));
    vec![
        walk(
            "card-request",
            &["operator=10023", "kind=spare", &from, &to],
            "duty",
            &[("decide", &["answer=granted", &card], First)],
        ),
        walk(
            "card-loss",
            &[&other, "reason=damaged", &at, "place=窓口", "circumstances=折損"],
            "superior",
            &[
                ("acknowledge", &[], First),
                ("acknowledge", &[], Second),
                ("instruct", &["instruction=再交付"], First),
                ("reissue", &[&card], First),
                ("close", &["remark=済"], First),
            ],
        ),
        walk(
            "pin-reset",
            &["operator=10023", &card, "shown=shown", "identified=staff-card"],
            "remark",
            &[("done", &[&at, &act], Second)],
        ),
        walk("notice", &[&act, "post=jumin-kacho", &at], "how", &[("acknowledge", &[], Second)]),
        walk("card-stock", &["movement=received", "number=10", &on], "remark", &[]),
    ]
}

fn of_checks(now: &str, today: &str) -> Vec<Walk> {
    use By::{First, Second};
    let (from, to, due) = (format!("from={today}"), format!("to={today}"), format!("due={today}"));
    let (at, on) = (format!("at={now}"), format!("on={today}"));
    let counts = ["one-id-all-day", "out-of-hours", "out-of-duty", "no-purpose", "two-terminals", "refusals"];
    let counts: Vec<String> = counts.iter().map(|count| format!("{count}=0")).collect();
    let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
    let looked = [&[from.as_str(), &to, "records=12", "unusual-count=1"], &counts[..]].concat();
    vec![
        walk(
            "inspection",
            &[&from, &to, "items=施錠", &due],
            "scope",
            &[
                ("finding", &["finding=施錠なし", &due], First),
                ("corrected", &["finding=1", "result=施錠した", &on], First),
                ("result", &["result=おおむね良好", &on], First),
                ("close", &[], First),
            ],
        ),
        walk(
            "log-review",
            &["doubt=out-of-hours", "record=3", "section=jumin"],
            "question",
            &[("answer", &["answer=残業"], First), ("verdict", &["verdict=sound"], First)],
        ),
        walk("log-check", &looked, "scope", &[("result", &["result=sound"], First)]),
        walk("report-request", &["post=jumin-kacho", &due], "subject", &[("answer", &["report=異状なし"], Second)]),
        walk("confirmation", &["what=backup", &format!("day={today}"), "result=good"], "remark", &[]),
        walk(
            "medium",
            &["label=lto-1", &format!("made={today}"), "place=耐火金庫"],
            "content",
            &[
                ("verified", &[&on], First),
                ("moved", &["place=別館", &on], First),
                ("disposed", &[&on, "method=粉砕", "person=20001", "witness=20002"], First),
            ],
        ),
        walk(
            "leaving-check",
            &["operator=10023", "section=jumin", &at, "result=good"],
            "remark",
            &[("looked-at", &[], First)],
        ),
    ]
}

fn of_people(now: &str, today: &str) -> Vec<Walk> {
    use By::{First, Second};
    let (at, on, from, to) =
        (format!("at={now}"), format!("on={today}"), format!("from={today}"), format!("to={today}"));
    vec![
        walk(
            "emergency-call",
            &[&format!("received={now}"), "event=停電", "interim=手書き対応", "class=failure", "level=1"],
            "caller",
            &[("close", &["remark=復旧"], First)],
        ),
        walk(
            "visitor",
            &["from=保守会社", "purpose=保守", &at, "permitted=20001", "attendant=20002"],
            "name",
            &[("left", &[&at], First)],
        ),
        walk(
            "room-entry",
            &["name=保守 太郎", "permission=白総第3号", &format!("in={now}")],
            "purpose",
            &[("left", &[&format!("out={now}")], First)],
        ),
        walk(
            "training",
            &[&on, "audience=全員"],
            "content",
            &[("approve", &[], Second), ("moved", &[&on], First), ("attended", &["operator=10023", &on], First)],
        ),
        walk(
            "rules",
            &["version=v1", &from],
            "title",
            &[
                ("acknowledged", &["operator=10023", &on], First),
                ("acknowledged", &["operator=10031", &on], First),
                ("acknowledged", &["operator=10032", &on], First),
            ],
        ),
        walk("contact", &["post=jumin-kacho", "day=内線100", "night=090-0000-0000"], "name", &[("ended", &[], First)]),
        walk(
            "terminal-use",
            &["operator=10023", "terminal=jumin-1", &format!("from={now}")],
            "purpose",
            &[("approve", &[], First), ("ended", &[&at], First)],
        ),
        walk(
            "export-request",
            &["content=操作履歴", "provided=電子データ", "managed=施錠保管", "section=jumin", &from, &to],
            "purpose",
            &[
                ("consent", &["answer=granted"], First),
                ("agree", &["answer=granted"], First),
                ("permit", &["answer=granted"], Second),
                ("handed-over", &["to=監査委員", &at], First),
                ("came-back", &["handed-over=1", &at], First),
                ("close", &[], First),
            ],
        ),
        walk(
            "system-use",
            &["section=jumin", "users=3"],
            "purpose",
            &[
                ("examine", &["result=適"], First),
                ("permit", &["answer=granted"], First),
                ("end", &["reason=終了"], First),
            ],
        ),
    ]
}

#[test]
fn every_form_is_opened_taken_through_its_steps_and_printed_as_of_a_date() {
    let mut scene = Scene::new("every-form");
    let (yesterday, before) = (scene.clock.minute_in(Duration::ZERO)[..10].to_owned(), scene.clock.today());
    // In the morning no midnight comes in between.
    scene.clock.pass_to(10, |_, date| date != before);
    let today = scene.clock.minute_in(Duration::ZERO)[..10].to_owned();
    let now = scene.clock.minute_in(Duration::ZERO);
    let walks = [of_cards(&scene, &now, &today), of_checks(&now, &today), of_people(&now, &today)];
    let walks: Vec<Walk> = walks.into_iter().flatten().collect();
    let mut walked: Vec<&str> = walks.iter().map(|walk| walk.form).chain(ELSEWHERE).collect();
    let mut known: Vec<String> =
        scene.desk.list(&["form", "list"]).iter().map(|row| row["form"].as_str().unwrap().to_owned()).collect();
    walked.sort_unstable();
    known.sort_unstable();
    assert_eq!(walked, known, "a form that nobody walks");

    for Walk { form, fields, steps } in &walks {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        scene.desk.run(&[&["case", "open", form], &fields[..]].concat());
        let [row] = scene.desk.list(&["case", "list", "--form", form]).try_into().unwrap();
        let case = row["case"].as_str().unwrap().to_owned();
        for (step, fields, by) in steps {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            scene.desk.sign_by(if *by == By::First { "20001" } else { "20002" });
            scene.desk.run(&[&["case", "step", &case, step], &fields[..]].concat());
        }
        scene.desk.sign_by("20001");
        assert!(scene.desk.run(&["case", "show", &case]).contains(&mark(form)), "{form}");
    }
    // What has to be done was done: nothing of them waits.
    let waits = scene.desk.list(&["today"]);
    let of_walked =
        |row: &serde_json::Value| walks.iter().any(|walk| row.to_string().contains(&format!("{}-", walk.form)));
    assert!(!waits.iter().any(of_walked), "{waits:?}");

    // Whom to call stands beside an incident while it is not over; who was taken out of the list does not.
    scene.desk.run(&["case", "open", "contact", "post=joho-kacho", "name=当直", "day=内線200", "night=090-1111-1111"]);
    scene.desk.run(&["case", "open", "incident", "class=failure", "level=3", "kind=failure", "circumstances=停電"]);
    let incident = scene.desk.run(&["case", "show", &format!("incident-{}-1", scene.clock.fiscal_year())]);
    assert!(incident.contains("whom to call") && incident.contains("内線200"), "{incident}");
    assert!(!incident.contains("内線100"), "{incident}");

    // A call of which others have to hear does not end in silence.
    let call = ["event=侵入の疑い", "interim=切断", "class=misuse", "level=3", "caller=職員"];
    scene.desk.run(&[&["case", "open", "emergency-call", &format!("received={now}")], &call[..]].concat());
    let silent = scene.refused(&["case", "step", &format!("emergency-call-{}-2", scene.clock.fiscal_year()), "close"]);
    assert!(silent.contains("has to name the incident report"), "{silent}");

    for Walk { form, .. } in &walks {
        for (day, kind) in [(&today, "--csv"), (&today, "--html"), (&yesterday, "--csv")] {
            let file = scene.scratch.path().join(format!("{form}-{day}.{}", kind.trim_start_matches('-')));
            let arguments = ["case", "print", form, "--as-of", day, kind, file.to_str().unwrap()];
            let output = scene.desk.command_in("ja", &arguments).output().unwrap();
            assert!(output.status.success(), "{}", both(&output));
            let text = std::fs::read_to_string(&file).unwrap();
            assert_eq!(text.contains(&mark(form)), day == &today, "{form} {kind} {day}: {text}");
        }
    }
}
