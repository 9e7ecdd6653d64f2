//! The Debian packages, built of the programs that the tests have.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::binaries::{as_by_hand, checkout, program};
use crate::ledger::succeeded;

/// The names of all packages.
pub const NAMES: [&str; 7] = [
    "sekisho-agent",
    "libpam-sekisho",
    "sekisho-seat",
    "sekisho-gate",
    "sekisho-admin",
    "sekisho-ledger",
    "sekisho-token-driver",
];

/// The folder with the packages, built now.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // Whatever is built has to be built before.
        let _ = program("sekisho-agent");
        let folder = checkout().join("target/packages");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("cannot make a folder");
        let mut build = Command::new("debian/rules");
        as_by_hand(build.current_dir(checkout()).arg("binary"));
        // Cargo's, for programs that it starts; dpkg-shlibdeps would look there.
        build.env_remove("LD_LIBRARY_PATH");
        build.env("DEB_BUILD_OPTIONS", "noopt noautodbgsym").env("DEBS", &folder);
        let output = build.output().expect("cannot start debian/rules");
        std::fs::write(folder.join("build.log"), &output.stderr).expect("cannot write a log");
        succeeded("debian/rules", &output);
        folder
    })
}

/// The file of a package.
///
/// # Panics
/// When it does not build, or there is not just one.
#[must_use]
pub fn file(name: &str) -> PathBuf {
    let entries = std::fs::read_dir(folder()).expect("the packages' folder can be read");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("its entries too").path()).collect();
    let mark = format!("{name}_");
    files.retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&mark)));
    assert_eq!(files.len(), 1, "{name}: {files:?}");
    files.remove(0)
}

/// The same package as its next version, in `folder`: the same files under a higher number.
///
/// # Panics
/// When it cannot be packed.
#[must_use]
pub fn newer(name: &str, folder: &Path) -> PathBuf {
    let packed = folder.join(format!("{name}.deb"));
    let script = r#"dpkg-deb -R "$1" "$2" && sed -i 's/\b0\.1\.0\b/0.1.1/' "$2/DEBIAN/control" && dpkg-deb --root-owner-group -Zgzip -z1 -b "$2" "$3""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "repack"]).arg(file(name)).arg(folder.join(name)).arg(&packed);
    succeeded("dpkg-deb", &command.output().expect("cannot start sh"));
    packed
}

/// What `dpkg-deb` says of a package.
///
/// # Panics
/// When it cannot read it.
#[must_use]
pub fn dpkg_deb(option: &str, name: &str) -> String {
    let output = Command::new("dpkg-deb").arg(option).arg(file(name)).output().expect("cannot start dpkg-deb");
    succeeded("dpkg-deb", &output);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
