//! An auditor who distrusts everybody: with the exported logs alone, on a machine with no network, he makes every decision again, and finds the session
//! that no card ever signed and the one verdict that a patched agent forged.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use p256::ecdsa::signature::hazmat::PrehashSigner;
use sekisho_register::change::Log;
use sekisho_tests::binaries::program;
use sekisho_tests::clerk::{insert, login, pull, request};
use sekisho_tests::ledger::both;
use sekisho_tests::patched_agent::PatchedAgent;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_tlog::bundle::decode_bundle;
use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::{Code, Signature};
use sekisho_wire::record::{Body, Record, session_digest};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

/// Between the work at the one terminal and at the other.
const DAYS: Duration = Duration::from_secs(5 * 24 * 3600);

/// As an auditor runs it: no network, no home, no card service, nothing of the desk.
pub(crate) fn verify_offline(language: &str, folder: &Path, trusted: &[&str]) -> Output {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "--"]).arg(program("sekisho-admin"));
    command.env_clear().current_dir("/").args(["--lang", language, "verify-logs"]).arg(folder).args(trusted);
    command.output().unwrap()
}

/// Takes the logs away under a permission; gives what was said.
pub(crate) fn export(scene: &Scene, folder: &Path, permission: &str, more: &[&str]) -> String {
    let fixed = ["log", "export", text(folder), "--permission", permission];
    scene.desk.run(&[&fixed[..], more].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The entries of the records log in a folder.
fn records_in(folder: &Path) -> Vec<Vec<u8>> {
    let of_it = folder.join(Log::Records.name(Language::English)).join("tile/entries");
    let mut bundles: Vec<PathBuf> = files_below(&of_it);
    bundles.sort();
    let entries = bundles.iter().flat_map(|file| {
        let bytes = std::fs::read(file).unwrap();
        decode_bundle(&bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
    });
    entries.collect()
}

/// Makes the list of files fit whatever lies there.
pub(crate) fn list_anew(folder: &Path) {
    let script = "find . -type f ! -name SHA256SUMS ! -name signature | sed 's,^\\./,,' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS";
    assert!(Command::new("sh").args(["-c", script]).current_dir(folder).status().unwrap().success());
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// Ends with 3, says all of that, and says of nothing that it holds.
fn refused(output: &Output, words: &[&str]) {
    let said = both(output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("DOES NOT HOLD") && !said.contains("records hold"), "{said}");
    for words in words {
        assert!(said.contains(words), "'{words}' is not said:\n{said}");
    }
}

/// What a patched agent wrote, by its place in the log.
struct Forged {
    session: String,
    opening: usize,
    within: Vec<usize>,
    verdict: usize,
    honest_session: String,
}

/// Somebody with the terminal's keys adds one verdict to the session that is open, and a session of his own; the ledger takes it.
fn forge(scene: &Scene, so_far: &[Vec<u8>]) -> (String, String) {
    let mut patched = PatchedAgent::of(&scene.terminal, so_far);
    let (granted, opening) = (patched.newest(VerdictCode::Granted), patched.opening());
    // What the register refuses here, granted in the midst of what it grants.
    let refused = DecisionInput { function: Some(Code::new("zei.certificate").unwrap()), ..granted.clone() };
    patched.decides(granted.clone(), VerdictCode::Granted);
    patched.decides(refused, VerdictCode::Granted);
    patched.decides(granted.clone(), VerdictCode::Granted);
    let honest = opening.input.session.unwrap();
    patched.closes(honest);
    // He has no card, and signs with a key of his own.
    let own = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let digest = session_digest(&sekisho_wire::id::Salt([9; 16]), &opening.root, &opening.input);
    let signature: p256::ecdsa::Signature = own.sign_prehash(&digest).unwrap();
    let session = patched.opens(&opening, Signature(signature.to_bytes().into()));
    for _ in 0..3 {
        let input = DecisionInput { session: Some(session), opened: Some(opening.input.time), ..granted.clone() };
        patched.decides(input, VerdictCode::Granted);
    }
    patched.closes(session);
    patched.sends();
    (session.to_string(), honest.to_string())
}

/// Where in the log that came to lie.
fn forged_in(entries: &[Vec<u8>], (session, honest_session): (String, String)) -> Forged {
    let records: Vec<Option<Record>> = entries.iter().map(|entry| Record::decode(entry).ok()).collect();
    let (mut opening, mut within, mut verdict) = (None, Vec::new(), None);
    for (index, record) in records.iter().enumerate() {
        let Some(record) = record else { continue };
        let is_forged = record.body.input().and_then(|input| input.session).is_some_and(|of| of.to_string() == session);
        if matches!(record.body, Body::SessionOpened(_)) && is_forged {
            opening = Some(index);
        }
        let Body::Decision(decision) = &record.body else { continue };
        let unheard = decision.input.function == Some(Code::new("zei.certificate").unwrap());
        if is_forged {
            within.push(index);
        } else if unheard && decision.verdict == VerdictCode::Granted {
            verdict = Some(index);
        }
    }
    Forged { session, opening: opening.unwrap(), within, verdict: verdict.unwrap(), honest_session }
}

/// The clerk works at two terminals; at the second she is still logged in when its agent is killed.
fn works(scene: &mut Scene) {
    let mut second = scene.another_terminal("t2", "jumin-2");
    insert(&second, &mut scene.clerk);
    login(&second, &scene.clerk);
    let mut client = second.client();
    // More than 256, so that there is a whole tile.
    for _ in 0..260 {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    pull(&second, &mut scene.clerk);
    wait_sealed(&second);
    drop(client);
    second.stop();
    scene.clock.pass(DAYS);
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    for _ in 0..10 {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    assert!(!client.authorize(&request("zei.certificate")).unwrap().verdict.granted);
    assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    wait_sealed(&scene.terminal);
    scene.terminal.kill(Part::Agent);
    scene.terminal.stop();
}

#[test]
fn from_the_exported_logs_alone_the_forged_session_and_the_forged_verdict_are_found() {
    let mut scene = Scene::new("offline-audit");
    works(&mut scene);
    let root = scene.scratch.path().to_owned();
    let path = |name: &str| root.join(name);
    let (before, after, office) = (path("before"), path("after"), path("office.toml"));
    let id = scene.desk.office().to_string();
    let permission = scene.desk.permit_whole_export("jumin");

    // Nothing is taken away without a number that was granted, nor into a folder that something lies in.
    for number in ["R8-0012", "export-request-2026-99"] {
        let output = scene.desk.try_run(&["log", "export", text(&path("none")), "--permission", number]);
        assert!(!output.status.success() && both(&output).contains("not_permitted"), "{}", both(&output));
    }
    let output = scene.desk.try_run(&["log", "export", text(scene.scratch.path()), "--permission", &permission]);
    assert!(!output.status.success() && both(&output).contains("not empty"), "{}", both(&output));

    let said = export(&scene, &before, &permission, &[]);
    assert!(said.contains("logs of office") && said.contains(&format!("under {permission}")), "{said}");
    let read = scene.search(&["--kind", "read", "--limit", "100"]);
    let under = |row: &&serde_json::Value| row.to_string().contains(&format!("to take it away under {permission}"));
    assert!(read.iter().filter(under).count() >= 5, "{read:?}");
    // Honest work is all in order.
    let said = verify_offline("en", &before, &["--office-id", &id]);
    assert_eq!(said.status.code(), Some(0), "{}", both(&said));
    assert!(both(&said).contains("records hold, 0 do not"), "{}", both(&said));

    let who = forge(&scene, &records_in(&before));
    export(&scene, &after, &permission, &[]);
    scene.desk.run(&["office", "export", text(&office)]);
    let online = both(&scene.desk.try_run(&["records", "verify", "--all"]));
    let forged = forged_in(&records_in(&after), who);
    let (today, part) = (scene.clock.minute_in(Duration::ZERO)[..10].to_owned(), path("part"));
    export(&scene, &part, &permission, &["--from", &today]);
    copy(&after, &path("kept"));
    goes_on_where_it_was_interrupted(&mut scene, &after, &permission);

    // The ledger is gone, and so is the desk.
    scene.ledger.stop();
    std::fs::remove_dir_all(scene.ledger.data()).unwrap();
    std::fs::rename(scene.desk.file("home"), path("moved")).unwrap();
    let moved = path("elsewhere");
    std::fs::rename(&after, &moved).unwrap();
    let by_office = ["--office", text(&office)];
    names_what_was_forged(&moved, &by_office, &forged, &online);
    finds_the_same_in_a_part((&part, &today), &moved, &by_office, &forged);
    names_what_was_altered((&scene, &id), &before, &moved, &by_office);
}

fn names_what_was_forged(folder: &Path, by_office: &[&str], forged: &Forged, online: &str) {
    let Forged { session, opening, within, verdict, honest_session } = forged;
    let list = within.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let found = [
        format!(
            "FOUND: session {session} at terminal jumin-1, opened by record {opening}: the signature is not that of the card. 3 records of what was done in it do not hold either: {list}"
        ),
        format!(
            "FOUND: record {verdict} at terminal jumin-1, session {honest_session}: the record says granted, the rules say refused (82: "
        ),
    ];
    let output = verify_offline("en", folder, by_office);
    let said = both(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    for words in found.iter().chain(&["records hold, 5 do not".to_owned(), "cosignatures of witnesses: 0".to_owned()]) {
        assert!(said.contains(words), "'{words}' is not said:\n{said}");
    }
    assert_eq!(said.matches("FOUND: ").count(), 2, "exactly these:\n{said}");
    assert_eq!(said.matches("DOES NOT HOLD: ").count(), 5, "{said}");
    assert!(said.contains("fingerprint") && !said.contains("missing:") && !said.contains("UNREADABLE"), "{said}");
    let verdict_line = said.lines().find(|line| line.starts_with(&format!("{verdict}: DOES NOT HOLD"))).unwrap();
    assert!(verdict_line.contains("jumin-1") && verdict_line.contains("zei.certificate"), "{verdict_line}");
    // The ledger's own auditor finds the same.
    for words in &found {
        assert!(online.contains(words), "'{words}' is not said online:\n{online}");
    }
    let said = both(&verify_offline("ja", folder, by_office));
    for words in [
        format!("発見: 端末機 jumin-1 のセッション {session}(記録 {opening} で開始): 署名がそのカードのものではない"),
        format!("発見: 端末機 jumin-1 の記録 {verdict}(セッション {honest_session}): "),
        "5件が不合格".to_owned(),
    ] {
        assert!(said.contains(&words), "「{words}」がない:\n{said}");
    }
    // Each record, with why it was permitted; and a time in which nothing was done: what was forged is found all the same, for it says its time itself.
    let each = both(&verify_offline("en", folder, &[by_office, &["--each"]].concat()));
    assert!(each.matches("permitted by the register of").count() > 260, "{each}");
    let later = verify_offline("en", folder, &[by_office, &["--from", "2099-01-01"]].concat());
    let said = both(&later);
    assert_eq!(later.status.code(), Some(3), "{said}");
    assert!(said.contains("0 records hold, 5 do not") && said.matches("FOUND: ").count() == 2, "{said}");
    assert!(said.contains("records of other times"), "{said}");
}

/// Today's records alone: the first bundle is not there, and its sessions are nobody's business.
fn finds_the_same_in_a_part((part, today): (&Path, &str), whole: &Path, by_office: &[&str], forged: &Forged) {
    assert!(!part.join("records/tile/entries/000").exists() && part.join("records/tile/0/000").exists());
    assert!(records_in(part).len() < records_in(whole).len());
    // Whatever time its writer says it is of, all of it is judged; by the auditor's own it is seen that nothing was left out.
    let all = both(&verify_offline("en", part, by_office));
    assert!(all.contains("its writer says that these are the records from") && all.contains("UNCLEAR: "), "{all}");
    let output = verify_offline("en", part, &[by_office, &["--from", today]].concat());
    let said = both(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    let earlier = both(&verify_offline("en", part, &[by_office, &["--from", "2000-01-01"]].concat()));
    assert!(earlier.contains("missing: the records begin in the middle of the log, and none of them"), "{earlier}");
    for words in [
        format!("FOUND: session {} at terminal jumin-1", forged.session),
        format!("FOUND: record {} at terminal jumin-1", forged.verdict),
        "entries 256 to ".to_owned(),
        "records of other times".to_owned(),
        "these records begin in the middle of the log".to_owned(),
        ", 5 do not".to_owned(),
    ] {
        assert!(said.contains(&words), "'{words}' is not said:\n{said}");
    }
    assert!(!said.contains("missing:") && !said.contains("UNCLEAR"), "{said}");
}

fn names_what_was_altered((scene, id): (&Scene, &str), before: &Path, whole: &Path, by_office: &[&str]) {
    let altered = scene.scratch.path().join("altered");
    let anew = |change: &dyn Fn(&Path)| {
        copy(whole, &altered);
        change(&altered);
        verify_offline("en", &altered, by_office)
    };
    let flip = |file: &Path| {
        let mut bytes = std::fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(file, bytes).unwrap();
    };
    // Any file, by its name.
    for file in files_below(whole) {
        let name = text(file.strip_prefix(whole).unwrap()).to_owned();
        let said = anew(&|folder| flip(&folder.join(&name)));
        let said_of_list = name == "SHA256SUMS" || name == "signature";
        let (code, words) = (said.status.code(), both(&said));
        assert!(matches!(code, Some(3)) || said_of_list && code == Some(1), "{name}: {words}");
        assert!(!words.contains("records hold"), "{words}");
        assert!(said_of_list || words.contains(&format!("{name} is not as it was written")), "{name}: {words}");
        let gone = anew(&|folder| std::fs::remove_file(folder.join(&name)).unwrap());
        let missing = if said_of_list { format!("there is no {name}") } else { format!("{name} is missing") };
        refused(&gone, &[&missing]);
    }
    refused(&anew(&|folder| std::fs::write(folder.join("more"), "x").unwrap()), &["more does not belong"]);
    // The list is one that a program reads which is not ours.
    let sums = Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(whole).status();
    assert!(sums.unwrap().success());

    // Whoever makes the list fit is found out by the tree, and by the signature.
    let with_list = |change: &dyn Fn(&Path)| {
        anew(&|folder| {
            change(folder);
            list_anew(folder);
        })
    };
    refused(&with_list(&|folder| flip(&folder.join("export.json"))), &[]);
    let bundle = "records/tile/entries/000";
    let said = with_list(&|folder| flip(&folder.join(bundle)));
    refused(&said, &[bundle]);
    assert!(both(&said).contains("entry ") || both(&said).contains("cannot be read"), "{}", both(&said));
    refused(
        &with_list(&|folder| flip(&folder.join("records/tile/0/000"))),
        &["records/tile/0/000 is not what the signed checkpoint stands for"],
    );
    refused(
        &with_list(&|folder| flip(&folder.join("records/tile/1/000.p/1"))),
        &["do not come to the root in records/checkpoint"],
    );
    // The log is cut short: its last tiles are gone from the list as well.
    let last = files_below(&whole.join("records/tile/entries"));
    let last = last.iter().find(|file| text(file).contains(".p/")).unwrap().strip_prefix(whole).unwrap().to_owned();
    refused(
        &with_list(&|folder| std::fs::remove_file(folder.join(&last)).unwrap()),
        &[text(&last), "the log was cut short"],
    );
    // Or it is the log of an earlier day, whole and signed: who has seen more knows.
    let kept = whole.join("records/checkpoint");
    refused(
        &verify_offline("en", before, &["--office-id", id, "--checkpoint", text(&kept)]),
        &["/records ends after ", "it was cut short, or put back"],
    );
    let earlier = with_list(&|folder| {
        for part in ["checkpoint", "tile"] {
            let _ = std::fs::remove_dir_all(folder.join("records").join(part));
            copy(&before.join("records").join(part), &folder.join("records").join(part));
        }
    });
    refused(&earlier, &[]);
    // Words of terminals that are gone, or another's.
    let wordless = with_list(&|folder| {
        std::fs::write(folder.join("records/batches/000000000000.json"), "{\"batches\":[]}").unwrap()
    });
    refused(&wordless, &["not what its writer's card signed"]);
    refused(&verify_offline("en", whole, &["--office-id", &"9".repeat(32)]), &["another office"]);
    let seen =
        verify_offline("en", whole, &[by_office, &["--checkpoint", text(&before.join("records/checkpoint"))]].concat());
    assert!(both(&seen).contains("FOUND: session"), "it continues what was kept: {}", both(&seen));
}

/// An export that was interrupted is none, and the same command makes it whole.
fn goes_on_where_it_was_interrupted(scene: &mut Scene, folder: &Path, permission: &str) {
    let header: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("export.json")).unwrap()).unwrap();
    let whole = records_in(folder);
    for name in ["export.json", "SHA256SUMS", "signature", "records/tile/0/000", "records/tile/entries/000"] {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    let torn = files_below(&folder.join("register/tile/entries")).pop().unwrap();
    std::fs::write(&torn, "").unwrap();
    let begun = ["office", "permission", "period", "records"].map(|name| (name, header[name].clone()));
    let begun: serde_json::Map<String, serde_json::Value> =
        begun.into_iter().map(|(name, of)| (name.to_owned(), of)).collect();
    std::fs::write(folder.join("unfinished.json"), serde_json::Value::Object(begun.clone()).to_string()).unwrap();
    refused(
        &verify_offline("en", folder, &["--office-id", &scene.desk.office().to_string()]),
        &["was interrupted and is not whole"],
    );
    let other = scene.desk.permit_whole_export("jumin");
    let output = scene.desk.try_run(&["log", "export", text(folder), "--permission", &other]);
    assert!(!output.status.success() && both(&output).contains("another export was begun"), "{}", both(&output));
    let said = export(scene, folder, permission, &[]);
    assert!(said.contains("going on with what was begun"), "{said}");
    assert_eq!(records_in(folder), whole);
    // One that has no more than its first files.
    let first = scene.scratch.path().join("first");
    std::fs::create_dir_all(first.join("records")).unwrap();
    std::fs::copy(folder.join("records/checkpoint"), first.join("records/checkpoint")).unwrap();
    std::fs::write(first.join("unfinished.json"), serde_json::Value::Object(begun.clone()).to_string()).unwrap();
    assert!(export(scene, &first, permission, &[]).contains("going on with what was begun"));
    assert!(records_in(&first).len() >= whole.len());
    // Or not even its first whole.
    let torn = scene.scratch.path().join("torn");
    std::fs::create_dir(&torn).unwrap();
    std::fs::write(torn.join("unfinished.json.part"), "{").unwrap();
    export(scene, &torn, permission, &[]);
    // One that is killed in its midst, wherever that is.
    let killed = scene.scratch.path().join("killed");
    let mut command = scene.desk.command(&["log", "export", text(&killed), "--permission", permission]);
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !killed.join("unfinished.json").exists() {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::sleep(Duration::from_millis(1));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(!killed.join("signature").exists(), "it was faster than this test");
    let id = scene.desk.office().to_string();
    refused(&verify_offline("en", &killed, &["--office-id", &id]), &["was interrupted and is not whole"]);
    assert!(export(scene, &killed, permission, &[]).contains("going on with what was begun"));
    let said = both(&verify_offline("en", &killed, &["--office-id", &id]));
    assert!(said.contains("records hold, 5 do not") && said.matches("FOUND: ").count() == 2, "{said}");
}
