//! Where the built programs are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The checkout's top folder.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests folder lies in the checkout")
}

/// The folder this build's programs are in: beside the running test or program.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let running = std::env::current_exe().expect("a running program has a path");
        let folder = running.parent().expect("a program lies in a folder");
        let folder = if folder.ends_with("deps") { folder.parent().expect("deps lies in a folder") } else { folder };
        build(folder);
        folder.to_owned()
    })
}

/// Takes out what cargo tells a test of its package: build scripts that look at it (ring's does) would compile everything anew.
pub fn as_by_hand(command: &mut Command) -> &mut Command {
    let told = |name: &str| name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_");
    for (name, _) in std::env::vars().filter(|(name, _)| told(name)) {
        command.env_remove(name);
    }
    command
}

/// Builds all programs, and the PAM module, so that no story runs against yesterday's. Quick when nothing changed.
fn build(folder: &Path) {
    if std::env::var_os("SEKISHO_BUILT").is_some() {
        return;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    as_by_hand(cargo.current_dir(checkout()).args(["build", "--quiet", "--workspace"]));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cannot start cargo");
    assert!(status.success(), "the programs do not build");
}

/// The program, or library, of this name, as built now.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = folder().join(name);
    assert!(path.is_file(), "no program {name} in {}", folder().display());
    path
}

/// The program that is another maker's card (`tests/nitrokey`), built now.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn nitrokey() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let output = Command::new(checkout().join("tests/nitrokey/build.sh")).output().expect("cannot start build.sh");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "the other maker's card does not build: {said}");
        checkout().join("target/nitrokey/release/sekisho-nitrokey")
    })
}

/// The folder with the images for chips, built now.
///
/// # Panics
/// When they cannot be built.
#[must_use]
pub fn chip_images() -> &'static Path {
    static IMAGES: OnceLock<PathBuf> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let output = Command::new(checkout().join("firmware/boards/build.sh")).output().expect("cannot start build.sh");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "the card's images do not build: {said}");
        checkout().join("target/boards/images")
    })
}
