//! A browser in front of the web console: Chromium without a screen, driven over a pair of pipes, with the ledger's authority imported as people import it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::process::Process;
use crate::wait;

/// One window.
pub struct Browser {
    to: File,
    from: BufReader<File>,
    asked: u64,
    session: Option<String>,
    folder: PathBuf,
    process: Process,
}

impl Browser {
    /// Starts one with a profile of its own in this folder, that trusts the authority in a PEM file besides those that the browser brings.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(folder: &Path, authority: &Path) -> Self {
        let nss = folder.join(".pki/nssdb");
        std::fs::create_dir_all(&nss).expect("cannot make a folder");
        let database = format!("sql:{}", nss.display());
        certutil(&["-d", &database, "-N", "--empty-password"]);
        let pem = authority.to_str().expect("a scratch path is text");
        certutil(&["-d", &database, "-A", "-t", "C,,", "-n", "sekisho", "-i", pem]);
        let pipes = ["commands", "answers"].map(|name| folder.join(name));
        for pipe in &pipes {
            rustix::fs::mkfifoat(rustix::fs::CWD, pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
                .expect("cannot make a pipe");
        }
        let mut command = Command::new("sh");
        // The browser reads commands from descriptor 3 and answers on 4.
        command.args(["-c", "exec chromium \"$@\" 3<\"$COMMANDS\" 4>\"$ANSWERS\"", "chromium"]);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]);
        command.args([
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--remote-debugging-pipe",
            "--lang=ja",
            "--accept-lang=ja",
        ]);
        command.args(["--window-size=1280,900", "--force-device-scale-factor=1", "--no-proxy-server"]);
        command.arg(format!("--user-data-dir={}", folder.join("profile").display())).arg("about:blank");
        command.env("HOME", folder).env("COMMANDS", &pipes[0]).env("ANSWERS", &pipes[1]);
        command.env("LANGUAGE", "ja").env_remove("http_proxy").env_remove("https_proxy");
        let process = Process::start("chromium", &mut command, &folder.join("chromium.log"));
        let to = File::options().write(true).open(&pipes[0]).expect("the browser reads");
        let from = BufReader::new(File::open(&pipes[1]).expect("the browser answers"));
        let mut browser = Self { to, from, asked: 0, session: None, folder: folder.to_owned(), process };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let target = self.ask("Target.createTarget", &json!({"url": "about:blank"}));
        let target = target["targetId"].as_str().expect("a target").to_owned();
        let session = self.ask("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        self.session = session["sessionId"].as_str().map(str::to_owned);
        self.ask("Page.enable", &json!({}));
        // The page as large as the picture that is taken of it.
        let screen = json!({"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", &screen);
        let into = self.downloads();
        std::fs::create_dir_all(&into).expect("cannot make a folder");
        self.ask("Browser.setDownloadBehavior", &json!({"behavior": "allow", "downloadPath": into}));
    }

    /// Where downloads go.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    /// Asks the browser for something of its DevTools protocol.
    ///
    /// # Panics
    /// When it refuses, or is gone.
    pub fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        let answer = self.try_ask(method, parameters);
        answer.unwrap_or_else(|error| panic!("{method} {parameters}: {error}"))
    }

    fn try_ask(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        self.asked += 1;
        let mut message = json!({"id": self.asked, "method": method, "params": parameters});
        if let Some(session) = self.session.as_ref().filter(|_| !method.starts_with("Browser.")) {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser is there");
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).expect("the browser answers");
            bytes.pop();
            let said = self.process.said();
            let answer: Value =
                serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("the browser is gone:\n{said}"));
            // Events are passed over.
            if answer["id"] == json!(self.asked) {
                return if answer["error"].is_null() {
                    Ok(answer["result"].clone())
                } else {
                    Err(answer["error"].clone())
                };
            }
        }
    }

    /// What a piece of script gives in the page; nothing while the page is on its way.
    fn evaluate(&mut self, script: &str) -> Option<Value> {
        let asked = json!({"expression": script, "returnByValue": true});
        let answer = self.try_ask("Runtime.evaluate", &asked).ok()?;
        if !answer["exceptionDetails"].is_null() {
            return None;
        }
        Some(answer["result"]["value"].clone())
    }

    /// Opens an address, and waits until the page is there.
    ///
    /// # Panics
    /// When it cannot be reached.
    pub fn open(&mut self, address: &str) {
        let answer = self.ask("Page.navigate", &json!({"url": address}));
        assert!(answer["errorText"].is_null(), "{address}: {}", answer["errorText"]);
        self.wait_loaded();
    }

    fn wait_loaded(&mut self) {
        wait::until("a page", || {
            let state = self.evaluate("document.readyState + ' ' + location.href")?;
            state.as_str()?.starts_with("complete ").then_some(())
        });
    }

    /// Opens an address where the browser is to refuse the connection; gives its reason.
    ///
    /// # Panics
    /// When it does not refuse.
    pub fn refuses(&mut self, address: &str) -> String {
        let answer = self.ask("Page.navigate", &json!({"url": address}));
        answer["errorText"].as_str().unwrap_or_else(|| panic!("{address} was opened")).to_owned()
    }

    /// Where the page stands.
    pub fn address(&mut self) -> String {
        let address = self.evaluate("location.href");
        address.and_then(|address| address.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The text of the page as people see it; nothing while part of it is on its way.
    pub fn text(&mut self) -> String {
        let text = self.evaluate("document.readyState === 'complete' ? document.body.innerText : ''");
        text.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Waits until the page says something; gives all that it says.
    ///
    /// # Panics
    /// When it never does.
    pub fn wait_for(&mut self, words: &str) -> String {
        let found = wait::try_until(|| Some(self.text()).filter(|text| text.contains(words)));
        found.unwrap_or_else(|| panic!("the page never says '{words}':\n{}", self.text()))
    }

    /// Clicks the first thing that fits: a selector, and a part of the thing's text or nothing.
    ///
    /// # Panics
    /// When nothing fits.
    pub fn click(&mut self, selector: &str, words: &str) {
        // Of a link that runs over two lines the middle of the whole may be beside both.
        let script = format!(
            "(() => {{ const all = [...document.querySelectorAll({selector:?})];
            const it = all.find(e => e.textContent.includes({words:?}));
            if (!it) return null; it.scrollIntoView({{block: 'center', behavior: 'instant'}});
            const box = it.getClientRects()[0] ?? it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let place = wait::try_until(|| self.evaluate(&script).filter(Value::is_array));
        let place = place.unwrap_or_else(|| panic!("there is no {selector} '{words}' on:\n{}", self.text()));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.ask("Input.dispatchMouseEvent", &event);
        }
    }

    /// Clicks something that leads to another page, and waits for a word of that.
    ///
    /// # Panics
    /// As [`Self::click`] and [`Self::wait_for`].
    pub fn follow(&mut self, selector: &str, words: &str, then: &str) -> String {
        self.click(selector, words);
        self.wait_for(then)
    }

    /// Types into a field.
    ///
    /// # Panics
    /// As [`Self::click`].
    pub fn type_into(&mut self, selector: &str, text: &str) {
        self.click(selector, "");
        self.ask("Input.insertText", &json!({"text": text}));
    }

    /// Chooses from a list, ticks a box or fills in a date, as the browser's own pickers do.
    ///
    /// # Panics
    /// When there is no such field, or it does not take this.
    pub fn choose(&mut self, selector: &str, value: &str) {
        let script = format!(
            "(e => {{ if (!e) return false; if (e.type === 'checkbox') return e.checked = true;
            e.value = {value:?}; return e.value === {value:?}; }})(document.querySelector({selector:?}))"
        );
        assert_eq!(self.look(&script), true, "{selector} does not take '{value}' on:\n{}", self.text());
    }

    /// Presses a key: `Tab`, `Enter`.
    ///
    /// # Panics
    /// When the browser is gone.
    pub fn press(&mut self, key: &str) {
        let code = if key == "Enter" { 13 } else { 9 };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            if key == "Enter" && kind == "keyDown" {
                event["text"] = json!("\r");
            }
            self.ask("Input.dispatchKeyEvent", &event);
        }
    }

    /// The text, or the name, of what has the focus.
    pub fn focused(&mut self) -> String {
        let script = "(e => e.id || e.textContent.trim())(document.activeElement)";
        self.evaluate(script).and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// What a script finds: for looking at a page as a program does.
    ///
    /// # Panics
    /// When it finds nothing.
    pub fn look(&mut self, script: &str) -> Value {
        self.evaluate(script).unwrap_or_else(|| panic!("{script} finds nothing"))
    }

    /// The cookies for this address.
    ///
    /// # Panics
    /// When the browser is gone.
    pub fn cookies(&mut self, address: &str) -> Vec<Value> {
        let answer = self.ask("Network.getCookies", &json!({"urls": [address]}));
        answer["cookies"].as_array().cloned().unwrap_or_default()
    }

    /// Puts a cookie back.
    ///
    /// # Panics
    /// When the browser is gone.
    pub fn put_cookie(&mut self, cookie: &Value, address: &str) {
        let cookie = json!({"name": cookie["name"], "value": cookie["value"], "url": address, "path": "/", "secure": true,
            "httpOnly": true, "sameSite": "Strict"});
        self.ask("Network.setCookie", &cookie);
    }

    /// The top of the page as a picture (PNG), somewhat smaller.
    ///
    /// # Panics
    /// When it cannot be taken.
    pub fn picture(&mut self) -> Vec<u8> {
        self.look("scrollTo(0, 0) ?? true");
        let clip = json!({"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 0.9});
        let taken = self.ask("Page.captureScreenshot", &json!({"format": "png", "clip": clip}));
        STANDARD.decode(taken["data"].as_str().expect("a picture")).expect("base64")
    }

    /// The page as it is printed (PDF).
    ///
    /// # Panics
    /// When it cannot be printed.
    pub fn print(&mut self) -> Vec<u8> {
        let printed = self.ask("Page.printToPDF", &json!({"preferCSSPageSize": true, "printBackground": false}));
        STANDARD.decode(printed["data"].as_str().expect("a document")).expect("base64")
    }
}

/// Of the page, in its own pixels.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 860;

fn certutil(arguments: &[&str]) {
    let output = Command::new("certutil").args(arguments).output().expect("cannot start certutil");
    assert!(output.status.success(), "certutil: {}", String::from_utf8_lossy(&output.stderr));
}
