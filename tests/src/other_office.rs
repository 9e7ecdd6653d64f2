//! A second office on the ledger of a story, with the same codes for everything: nothing but the office tells them apart.

use std::process::Command;

use crate::binaries::program;
use crate::clock::live_by;
use crate::desk::{Desk, Issued};
use crate::ledger::{both, succeeded};
use crate::scene::Scene;

/// The agreement between the two.
pub const AGREEMENT: [&str; 2] = ["--agreement", "K-2026-1"];

/// The other office: its desk, its clerk, and what it says of itself and of two of its people.
pub struct OtherOffice {
    /// Its desk.
    pub desk: Desk,
    /// Its clerk (10023, as in the first one).
    pub clerk: Issued,
    introduction: String,
    fingerprint: String,
}

impl OtherOffice {
    /// Founded on the same ledger.
    ///
    /// # Panics
    /// When it cannot be founded.
    #[must_use]
    pub fn founded(scene: &Scene) -> Self {
        let _ = std::fs::remove_file(scene.ledger.data().with_file_name("founding.code"));
        let mut desk = Desk::new(&scene.scratch.folder("e"));
        desk.follow(&scene.clock);
        desk.found(&scene.ledger, "town.toml");
        let (clerk, _) = desk.issue("10023", &["--operator", "10023"]);
        let introduction = desk.file("introduction").to_str().expect("a scratch path is text").to_owned();
        let said = desk.run(&["partner", "introduce", &introduction, "--operator", "20001", "--operator", "10023"]);
        let fingerprint = fingerprint(&said);
        Self { desk, clerk, introduction, fingerprint }
    }

    /// What a call needs to believe it.
    #[must_use]
    pub fn introduced(&self) -> [String; 3] {
        [&self.introduction, "--fingerprint", &self.fingerprint].map(ToOwned::to_owned)
    }

    /// A call of its administrator in a home of the first office: his card, his reader, his PIN.
    #[must_use]
    pub fn in_client(&self, scene: &Scene, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("sekisho-admin"));
        command.env("PCSCLITE_CSOCK_NAME", self.desk.pcscd.socket()).env("RUST_LOG", "warn");
        command.args(["--lang", "en", "--yes", "--wait", "30", "--home"]).arg(self.desk.file("client"));
        command
            .args(["--signer-reader", &self.desk.pcscd.reader(0), "--pin-file"])
            .arg(self.desk.file("pins/20001.pin"));
        live_by(scene.clock.file(), &mut command);
        command.args(arguments);
        command
    }

    /// Runs such a call, and waits until the first office's terminal goes by it.
    ///
    /// # Panics
    /// When it fails.
    pub fn acts(&self, scene: &Scene, arguments: &[&str]) -> String {
        let output = self.in_client(scene, arguments).output().expect("cannot start sekisho-admin");
        succeeded("sekisho-admin", &output);
        scene.wait_current();
        both(&output)
    }

    /// Runs such a call that must be refused; gives what was said.
    ///
    /// # Panics
    /// When it goes through.
    pub fn refused(&self, scene: &Scene, arguments: &[&str]) -> String {
        let output = self.in_client(scene, arguments).output().expect("cannot start sekisho-admin");
        assert!(!output.status.success(), "it went through:\n{}", both(&output));
        both(&output)
    }

    /// The first office entrusts this one with acts of these classes, and admits its administrator as `tonari-kanri`, who makes himself a home for it.
    ///
    /// # Panics
    /// When a step fails.
    pub fn become_trustee(&self, scene: &mut Scene, classes: &[&str]) {
        let introduced = self.introduced();
        let introduced: Vec<&str> = introduced.iter().map(String::as_str).collect();
        scene.by_two(&[&["partner", "set", "tonari"], &introduced[..]].concat());
        let classes = classes.iter().flat_map(|class| ["--class", *class]);
        scene.by_two(&AGREEMENT.into_iter().chain(["partner", "entrust", "tonari"]).chain(classes).collect::<Vec<_>>());
        let who = ["partner", "admit", "tonari-kanri", "--home-operator", "20001", "--signs"];
        scene.by_two(&[&who[..], &introduced[..], &["--section", "jumin", "--at-section", "jumin"]].concat());
        scene.by_two(&["post", "set", "jutaku", "受託管理者", "--role", "trustee_admin"]);
        scene.by_two(&["post", "hold", "jutaku", "tonari-kanri"]);
        self.join(scene);
    }

    /// Its administrator makes himself a home for the first office.
    fn join(&self, scene: &Scene) {
        let output = self.try_join(scene);
        succeeded("sekisho-admin join", &output);
    }

    /// He tries to.
    ///
    /// # Panics
    /// When the first office's desk cannot export it.
    #[must_use]
    pub fn try_join(&self, scene: &Scene) -> std::process::Output {
        let export = scene.desk.file("office.export").to_str().expect("a scratch path is text").to_owned();
        let print = fingerprint(&scene.desk.run(&["office", "export", &export]));
        let mut joining = self.in_client(scene, &["join", &export, "--fingerprint", &print]);
        joining.output().expect("cannot start sekisho-admin")
    }
}

/// The fingerprint that a call showed.
///
/// # Panics
/// When it showed none.
#[must_use]
pub fn fingerprint(said: &str) -> String {
    let shown = said.lines().find_map(|line| line.strip_prefix("fingerprint "));
    shown.unwrap_or_else(|| panic!("no fingerprint in: {said}")).to_owned()
}
