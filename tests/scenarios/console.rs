//! The web console as an officer uses it: a real browser, the companion beside it, a card that signs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sekisho_ipc::AuthorizeRequest;
use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::browser::Browser;
use sekisho_tests::clerk::{insert, login, pull, request};
use sekisho_tests::clock::live_by;
use sekisho_tests::ledger::both;
use sekisho_tests::process::Process;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::wait;

/// The companion of a session, and the link that it showed.
pub(crate) struct Companion {
    process: Process,
    pub(crate) link: String,
}

impl Companion {
    pub(crate) fn start(scene: &Scene, log: &str, more: &[&str]) -> Self {
        let mut command = scene.desk.command_in("ja", &[&["console", "--no-open"], more].concat());
        let mut process = Process::start("sekisho-admin console", &mut command, &scene.desk.file(log));
        let link = process.wait_ready("a link", || {
            let said = process_log(&scene.desk.file(log));
            said.lines().find(|line| line.starts_with("https://")).map(str::to_owned)
        });
        Self { process, link }
    }
}

pub(crate) fn process_log(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// The ledger's address as the link names it.
pub(crate) fn at(link: &str) -> &str {
    link.split("/console/").next().unwrap()
}

/// The certificate that a browser has to trust, as the desk writes it.
pub(crate) fn authority(scene: &Scene) -> PathBuf {
    let file = scene.desk.file("authority.pem");
    scene.desk.run(&["console", "--authority", file.to_str().unwrap()]);
    file
}

/// Keeps a picture where somebody asks for new ones.
pub(crate) fn picture(browser: &mut Browser, name: &str) {
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        let folder = checkout().join("docs/console");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), browser.picture()).unwrap();
    }
}

/// The same of the first sheet of paper that the page fills.
pub(crate) fn printed_picture(browser: &mut Browser, folder: &Path, name: &str) {
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        let (pdf, picture) = (folder.join(format!("{name}.pdf")), checkout().join("docs/console").join(name));
        std::fs::write(&pdf, browser.print()).unwrap();
        let mut command = Command::new("pdftoppm");
        command.args(["-png", "-r", "80", "-f", "1", "-l", "1", "-singlefile"]).arg(&pdf).arg(&picture);
        assert!(command.status().unwrap().success());
    }
}

/// Texts that stand out less than 4.5 to 1 from what is behind them (WCAG 2.1, 1.4.3).
pub(crate) const FAINT: &str = "(() => {
    const parts = text => text.match(/[\\d.]+/g).map(Number);
    const light = text => {
        const [r, g, b] = parts(text).map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = e => {
        for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (parts(colour)[3] !== 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const own = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const texts = [...document.body.querySelectorAll('*')].filter(e => own(e) && e.getClientRects().length && !(e instanceof SVGElement));
    return texts.filter(e => {
        const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05) < 4.5;
    }).map(e => e.outerHTML.slice(0, 80));
})()";
/// One heading of the page, and no step left out below it.
pub(crate) const HEADINGS: &str = "(() => {
    const levels = [...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]));
    return levels[0] === 1 && levels.slice(1).every((l, i) => l > 1 && l - levels[i] <= 1);
})()";

/// Texts that whoever hears the page hears in the wrong language (WCAG 2.1, 3.1.2): Japanese that counts as English, and two English words that count as
/// Japanese.
pub(crate) const MISREAD: &str = "(() => {
    const japanese = text => /[\\u3041-\\u30ff\\u4e00-\\u9fff\\uff01-\\uff5e]/.test(text);
    const words = text => text.split(/[ \\n]/).map(word => /^[A-Za-z]+[,;:.]*$/.test(word));
    const english = text => words(text).some((is, i, all) => is && all[i + 1]);
    // What holds no element and is in both languages is the page's.
    const mixed = (e, text) => e.matches('option, input, textarea') && english(text) && japanese(text);
    const misread = (e, text) => !mixed(e, text) && (e.closest('[lang]').lang === 'ja' ? english(text) : japanese(text));
    const wrong = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const e = node.parentElement;
        if (!e.closest('[aria-hidden=true]') && misread(e, node.data)) wrong.push(node.data.slice(0, 80));
    }
    const fields = [...document.querySelectorAll('input:not([type=hidden]), textarea')];
    return wrong.concat(fields.filter(e => misread(e, e.value)).map(e => e.value));
})()";

/// Of these pages pictures are kept, too.
const PICTURES: [&str; 10] = [
    "terminals",
    "registers/operators",
    "registers/cards",
    "registers/posts",
    "registers/routes",
    "registers/policy",
    "usage",
    "retention",
    "changes",
    "forms",
];

/// A day at the counter: things are granted and refused.
pub(crate) fn work(scene: &mut Scene) {
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    for (function, case) in [("juminhyo.issue", "R8-77"), ("juminhyo.issue", "R8-78"), ("zei.certificate", "R8-79")] {
        let asked = AuthorizeRequest { case: Some(case.into()), ..request(function) };
        client.authorize(&asked).unwrap();
    }
    pull(&scene.terminal, &mut scene.clerk);
    wait_sealed(&scene.terminal);
}

/// The other administrator proposes a post.
fn proposed(scene: &mut Scene) {
    scene.desk.sign_as(1);
    scene.desk.run(&["--propose", "post", "set", "kansa", "監査委員", "--role", "auditor"]);
    scene.desk.sign_as(1);
}

#[test]
fn an_officer_signs_in_looks_searches_approves_by_card_and_leaves() {
    let mut scene = Scene::new("console");
    work(&mut scene);
    proposed(&mut scene);
    let authority = authority(&scene);
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority);
    let evidence = scene.scratch.folder("evidence");
    let permission = scene.desk.permit_export("jumin");
    let companion = Companion::start(&scene, "console.log", &["--evidence-dir", evidence.to_str().unwrap()]);
    let ledger = at(&companion.link).to_owned();

    enters(&mut browser, &companion.link);
    looks_around(&mut browser, &ledger);
    searches(&mut browser, &ledger);
    takes_evidence(&scene, &mut browser, &evidence, &permission);
    approves(&scene, &mut browser, &ledger);
    prints(&mut browser, &ledger, &scene.scratch.folder("printed"));
    prints_as_the_tool_does(&scene, &mut browser, &ledger, &authority);
    leaves(&mut browser, companion, &ledger);
    scene.desk.assert_verified();
}

/// Begins a session, and gives the first page.
pub(crate) fn begins(browser: &mut Browser, link: &str) -> String {
    browser.open(link);
    browser.follow("button", "本人です", "本日の要処理")
}

/// The button ends it, and the companion with it.
pub(crate) fn ends(browser: &mut Browser, mut companion: Companion) {
    browser.follow("button", "終了する", "利用を終了しました");
    let status = wait::until("the companion's end", || companion.process.ended());
    assert!(status.success(), "{}", companion.process.said());
}

/// The link shows who it is, and the button begins.
fn enters(browser: &mut Browser, link: &str) {
    browser.open(link);
    let said = browser.wait_for("管理画面の利用開始");
    assert!(said.contains("佐藤 一郎 (20001)") && said.contains("白樺町"), "{said}");
    picture(browser, "enter");
    // By keyboard: the first stop skips to the content, the button is reached by more of them.
    browser.press("Tab");
    assert_eq!(browser.focused(), "本文へ移動");
    let found = (0..10).any(|_| {
        browser.press("Tab");
        browser.focused().contains("本人です")
    });
    assert!(found, "the button is not reached by keyboard");
    browser.press("Enter");
    browser.wait_for("本日の要処理");
}

fn looks_around(browser: &mut Browser, ledger: &str) {
    let said = browser.text();
    assert!(said.contains("承認できます") && said.contains("監査委員") && said.contains("鈴木 花子 (20002)"), "{said}");
    picture(browser, "today");
    // Nothing of it is script, style or picture from elsewhere.
    assert_eq!(browser.look("document.querySelectorAll('script, [style], iframe').length"), 0);
    assert_eq!(browser.look("document.querySelectorAll('main, nav, header, footer').length"), 4);
    assert_eq!(browser.look("getComputedStyle(document.querySelector('h1')).borderBottomStyle"), "solid");
    let pages = [
        ("terminals", "jumin-1"),
        ("registers/operators", "田中 さくら"),
        ("registers/cards", "操作者用カード管理簿"),
        ("registers/terminals", "住民課"),
        ("registers/posts", "sekisho-admin --propose post set"),
        ("registers/routes", "route set founding"),
        ("registers/policy", "離席時のロックまで"),
        ("acts", "処分（新しい順）"),
        ("incidents", "届出はありません"),
        ("connection", "結合中です"),
        ("retention", "保存中"),
        ("cases", "使用の終了"),
        ("forms", "事故報告書"),
        ("forms/incident", "署名"),
        ("connection/stop", "結合の即時停止"),
        ("changes", "カードの停止"),
        ("changes/permit", "開庁時間外"),
        ("usage", "住民票の交付 (juminhyo.issue)"),
        ("help", "各画面"),
    ];
    for (page, words) in pages {
        browser.open(&format!("{ledger}/console/{page}"));
        browser.wait_for(words);
        let unlabelled = "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter(e => !e.labels.length).length";
        assert_eq!(browser.look(unlabelled), 0, "{page}");
        let bare = "[...document.querySelectorAll('table')].filter(t => !t.caption || !t.querySelector('th[scope=col]')).length";
        assert_eq!(browser.look(bare), 0, "{page}");
        assert_eq!(browser.look(FAINT), serde_json::json!([]), "{page}: too little contrast");
        assert_eq!(browser.look(HEADINGS), true, "{page}: headings do not go down step by step");
        assert_eq!(browser.look(MISREAD), serde_json::json!([]), "{page}: heard in the wrong language");
        if PICTURES.contains(&page) {
            picture(browser, &page.replace('/', "-"));
        }
    }
    browser.open(&format!("{ledger}/console/records/99999"));
    browser.wait_for("見つかりません");
    picture(browser, "not-there");
    browser.open(&format!("{ledger}/console/help"));
    browser.wait_for("各画面");
    picture(browser, "help");
    browser.follow("button", "English", "The pages");
    for (page, _) in pages {
        browser.open(&format!("{ledger}/console/{page}"));
        browser.wait_for("Sign out");
        assert_eq!(browser.look(MISREAD), serde_json::json!([]), "{page}: heard in the wrong language");
    }
    browser.open(&format!("{ledger}/console"));
    browser.wait_for("You may approve");
    picture(browser, "today-en");
    browser.follow("button", "日本語", "本日の要処理");
}

fn searches(browser: &mut Browser, ledger: &str) {
    browser.open(&format!("{ledger}/console/records"));
    browser.type_into("#operator", "10023");
    browser.type_into("#function", "juminhyo.issue");
    browser.type_into("#since", "R8.1.1");
    let said = browser.follow("button", "検索する", "検索結果：このページに2件");
    assert!(said.contains("田中 さくら (10023)") && said.contains("許可された"), "{said}");
    assert!(said.contains("この結果に含まれない可能性のある記録"), "{said}");
    picture(browser, "records");
}

/// The JSON by download, and the file that the companion signs.
fn takes_evidence(scene: &Scene, browser: &mut Browser, folder: &Path, permission: &str) {
    browser.follow("tbody a", "", "証明");
    let said = browser.wait_for("端末機の署名あり");
    picture(browser, "record");
    let index: u64 = browser.address().rsplit('/').next().unwrap().parse().unwrap();
    assert!(said.contains("住民票の交付 (juminhyo.issue)"), "{said}");
    browser.click("button", "JSON");
    let downloaded = browser.downloads().join(format!("record-{index}.json"));
    let text =
        wait::until("the download", || std::fs::read_to_string(&downloaded).ok().filter(|text| text.ends_with('}')));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["index"], index);
    assert!(value["record"].is_string() && value["batch"].is_string());

    browser.type_into("#permission", permission);
    browser.click("button", "証拠ファイルを作成する");
    let said = browser.wait_for("完了しました");
    let file = folder.join(format!("record-{index}.evidence"));
    assert!(said.contains(file.to_str().unwrap()), "{said}");
    let mut command = Command::new(program("sekisho-admin"));
    command.env_clear().args(["--lang", "en", "verify-evidence"]).arg(&file);
    let output = command.args(["--office-id", &scene.desk.office().to_string()]).output().unwrap();
    let said = both(&output);
    assert!(output.status.success() && said.contains(permission), "{said}");
}

/// The wish, the act as text at the desk, the card's signature, the word on the page.
fn approves(scene: &Scene, browser: &mut Browser, ledger: &str) {
    browser.open(&format!("{ledger}/console/proposals"));
    browser.follow("tbody a", "", "承認する（カードで署名）");
    picture(browser, "proposal");
    browser.follow("button", "承認する", "申請の承認");
    let said = browser.wait_for("完了しました");
    assert!(said.contains("処分 "), "{said}");
    picture(browser, "approved");
    let said = process_log(&scene.desk.file("console.log"));
    assert!(said.contains("ブラウザーからの依頼: 申請の承認") && said.contains("職 「監査委員」(kansa)"), "{said}");
    browser.follow("main a", "処分 ", "署名者");
    let said = browser.text();
    assert!(said.contains("鈴木 花子 (20002)（承認：佐藤 一郎 (20001)）"), "{said}");
    picture(browser, "act");
    let acts = scene.desk.run(&["acts", "--last", "1"]);
    assert!(acts.contains("kansa"), "{acts}");
}

/// On paper the act is there, and nothing to press.
fn prints(browser: &mut Browser, ledger: &str, folder: &Path) {
    let file = folder.join("act.pdf");
    let pdf = browser.print();
    assert!(pdf.starts_with(b"%PDF-"));
    std::fs::write(&file, pdf).unwrap();
    let output = Command::new("pdftotext").args(["-layout"]).arg(&file).arg("-").output().unwrap();
    let text = both(&output);
    assert!(text.contains("監査委員") && text.contains("署名者") && text.contains("白樺町"), "{text}");
    assert!(!text.contains("終了する") && !text.contains("本文へ移動"), "{text}");
    let output = Command::new("pdfinfo").arg(&file).output().unwrap();
    assert!(both(&output).contains("(A4)"), "{}", both(&output));
    printed_picture(browser, folder, "print-act");
    // The widest register keeps to the paper, last column included.
    browser.open(&format!("{ledger}/console/registers/cards"));
    browser.wait_for("カードGUID");
    let guid = browser.look("document.querySelector('tbody tr:last-child td:last-child').textContent");
    printed_picture(browser, folder, "print-cards");
    let wide = folder.join("cards.pdf");
    std::fs::write(&wide, browser.print()).unwrap();
    let output = Command::new("pdftotext").args(["-raw"]).arg(&wide).arg("-").output().unwrap();
    let text: String = both(&output).split_whitespace().collect();
    let end: String = guid.as_str().unwrap().chars().skip(26).collect();
    assert!(text.contains(&end), "{guid} is cut off: {text}");
}

/// What the console prints is, byte for byte, what the tool prints from the same logs.
fn prints_as_the_tool_does(scene: &Scene, browser: &mut Browser, ledger: &str, authority: &Path) {
    let cookies = browser.cookies(ledger);
    let cookie = format!("{}={}", cookies[0]["name"].as_str().unwrap(), cookies[0]["value"].as_str().unwrap());
    let fetched = |path: &str| {
        let address = format!("{ledger}/console/registers/{path}");
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--cookie", &cookie, "--cacert"]).arg(authority).arg(address);
        let output = curl.output().unwrap();
        assert!(output.status.success(), "{path}: {}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let number = |text: &str, before: &str| -> String {
        let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before}: {text}")).1;
        rest.chars().take_while(char::is_ascii_digit).collect()
    };
    for (path, arguments) in [
        ("operators.html", &["register", "print", "operators"][..]),
        ("cards.html", &["register", "print", "cards"]),
        ("designations.html", &["register", "print", "designations"]),
        ("export-request.html", &["case", "print", "export-request"]),
    ] {
        let page = fetched(path);
        let printed = page.split_once("印刷日時 令和").unwrap().1.split('　').next().unwrap();
        let parts: Vec<u32> =
            printed.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
        let [year, month, day, hour, minute] = parts[..] else { panic!("{printed}") };
        let minute = format!("{}-{month:02}-{day:02}T{hour:02}:{minute:02}", 2018 + year);
        let (size, file) = (number(&page, "<span>登録簿 "), scene.scratch.path().join(path));
        let again =
            ["--at-size", &size, "--printed-at", &minute, "--printed-by", "20001", "--html", file.to_str().unwrap()];
        let cases =
            if arguments[0] == "case" { vec!["--cases-size".to_owned(), number(&page, "処理簿 ")] } else { vec![] };
        let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
        let output = scene.desk.command_in("ja", &[arguments, &again, &cases].concat()).output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), page, "{path}");
    }
}

/// The button ends it: cookie, link and companion.
fn leaves(browser: &mut Browser, mut companion: Companion, ledger: &str) {
    let cookies = browser.cookies(ledger);
    let [cookie] = cookies.as_slice() else { panic!("{cookies:?}") };
    assert_eq!(cookie["name"], "__Host-sekisho");
    assert!(cookie["secure"] == true && cookie["httpOnly"] == true && cookie["sameSite"] == "Strict", "{cookie}");
    browser.follow("button", "終了する", "利用を終了しました");
    let status = wait::until("the companion's end", || companion.process.ended());
    assert!(status.success(), "{}", companion.process.said());
    assert_eq!(browser.cookies(ledger).len(), 0);
    browser.put_cookie(cookie, ledger);
    browser.open(&format!("{ledger}/console/acts"));
    browser.wait_for("利用を開始してください");
    browser.open(&companion.link);
    browser.wait_for("リンクは無効です");
}

/// A companion at a keyboard: nothing is answered by itself.
struct AtKeyboard {
    shell: Child,
    shown: PathBuf,
}

impl AtKeyboard {
    fn start(scene: &Scene) -> Self {
        let mut console = Command::new(program("sekisho-admin"));
        console.args(["--lang", "ja", "--wait", "30", "--home"]).arg(scene.desk.file("home"));
        console.args(["--signer-reader", &scene.desk.pcscd.reader(0), "console", "--no-open"]);
        live_by(scene.clock.file(), &mut console);
        let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
        let words: Vec<String> = [console.get_program()].into_iter().chain(console.get_args()).map(quoted).collect();
        let mut command = Command::new("script");
        command.args(["--quiet", "--echo", "never", "--flush", "--command"]);
        command.arg(format!("exec {}", words.join(" "))).arg("/dev/null");
        command.env("PCSCLITE_CSOCK_NAME", scene.desk.pcscd.socket());
        console.get_envs().for_each(|(name, value)| {
            command.env(name, value.unwrap());
        });
        let shown = scene.desk.file("keyboard.log");
        let out = std::fs::File::create(&shown).unwrap();
        Self { shell: command.stdin(Stdio::piped()).stdout(out).spawn().unwrap(), shown }
    }

    /// Waits until these words were shown so often.
    fn wait_shown(&self, words: &str, times: usize) -> String {
        wait::until(&format!("'{words}' at the desk"), || {
            Some(process_log(&self.shown)).filter(|shown| shown.matches(words).count() >= times)
        })
    }

    fn type_in(&mut self, line: &str) {
        self.shell.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

impl Drop for AtKeyboard {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

#[test]
fn what_is_wished_for_is_read_at_the_desk_and_declined_or_signed_there() {
    let mut scene = Scene::new("console-desk");
    proposed(&mut scene);
    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));
    let mut desk = AtKeyboard::start(&scene);
    let (pin, ask, text, sign) =
        (scene.desk.pins().remove(0), "暗証番号(残り", "職 「監査委員」(kansa)", "署名しますか?");
    desk.wait_shown(ask, 1);
    desk.type_in(&pin);
    let shown = desk.wait_shown("?lang=ja", 1);
    let link = shown.split_whitespace().find(|word| word.starts_with("https://")).unwrap().to_owned();
    enters(&mut browser, &link);
    let ledger = at(&link).to_owned();
    // Other commands run beside it while nothing is signed.
    assert!(!scene.search(&["--kind", "read"]).is_empty());
    // A y behind the PIN was typed before anything was shown: it answers nothing.
    for (times, (ahead, answer, outcome)) in (1..).zip([("\ny", "n", "取りやめました"), ("", "y", "完了しました")])
    {
        browser.open(&format!("{ledger}/console/proposals"));
        browser.follow("tbody a", "", "承認する（カードで署名）");
        browser.follow("button", "承認する", "sekisho-admin の画面で署名");
        // The PIN of the time before is forgotten.
        desk.wait_shown(ask, times + 1);
        desk.type_in(&format!("{pin}{ahead}"));
        desk.wait_shown(text, times);
        desk.wait_shown(sign, times);
        desk.type_in(answer);
        browser.wait_for(outcome);
    }
    assert!(!process_log(&desk.shown).contains(&pin), "the PIN was echoed");
    browser.open(&format!("{ledger}/console/registers/posts"));
    browser.wait_for("監査委員");
    // As at a terminal: without the card nobody goes on.
    scene.desk.pull_signer();
    desk.wait_shown("カードが抜かれたため", 1);
    wait::until("the companion's end", || desk.shell.try_wait().unwrap());
}

#[test]
fn a_browser_that_does_not_know_the_authority_goes_no_further_and_a_companion_that_ends_takes_the_session_along() {
    let scene = Scene::new("console-trust");
    let mut companion = Companion::start(&scene, "console.log", &[]);
    let ledger = at(&companion.link).to_owned();
    // Somebody else's authority.
    let other = scene.desk.file("other.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-days", "2", "-keyout"])
        .arg(scene.desk.file("other.key"))
        .arg("-out")
        .arg(&other)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", both(&made));
    let mut stranger = Browser::start(&scene.scratch.folder("stranger"), &other);
    assert_eq!(stranger.refuses(&companion.link), "net::ERR_CERT_AUTHORITY_INVALID");

    let mut browser = Browser::start(&scene.scratch.folder("browser"), &authority(&scene));
    enters(&mut browser, &companion.link);
    companion.process.interrupt();
    // Time goes on in the story: nobody comes again. What the companion asked last ends only when the ledger sees its connection end,
    // and its time counts from there; the browser alone would be let in for fifteen minutes.
    let left = (0..10).any(|_| {
        scene.clock.pass(std::time::Duration::from_secs(21));
        browser.open(&format!("{ledger}/console/help"));
        browser.text().contains("利用を開始してください")
    });
    assert!(left, "{}", browser.text());
}
