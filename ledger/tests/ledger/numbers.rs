//! Who may read the numbers, and where.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use crate::served::{Served, until};
use crate::town::{Town, empty_ledger, scratch};

fn page(socket: &Path) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    // Far longer than a page takes, far shorter than a hundred who say nothing.
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60)))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page).map(|_| page)
}

/// Whether somebody of this machine in this group may connect there.
fn may_ask(group: u32, socket: &Path) -> bool {
    let mut asks = Command::new("setpriv");
    asks.arg("--reuid=65534").arg(format!("--regid={group}")).args(["--clear-groups", "test", "-w"]).arg(socket);
    asks.status().unwrap().success()
}

#[test]
fn numbers_are_for_the_group_of_their_directory_and_for_nobody_else() {
    const GROUP: u32 = 7777;
    let ((root, _), folder) = (empty_ledger(), scratch());
    // As tmpfiles.d makes it: who is in the group may pass, and what is made in it is the group's.
    std::fs::create_dir(&*folder).unwrap();
    std::os::unix::fs::chown(&*folder, None, Some(GROUP)).unwrap();
    std::fs::set_permissions(&*folder, PermissionsExt::from_mode(0o2750)).unwrap();
    let socket = folder.join("metrics.sock");
    // An earlier run was killed.
    drop(UnixListener::bind(&socket).unwrap());
    let mut serve = Command::new(env!("CARGO_BIN_EXE_sekisho-ledger"));
    let mut served = serve.args(["serve", "--data"]).arg(&*root).arg("--metrics-socket").arg(&socket).spawn().unwrap();
    until(|| page(&socket).is_ok_and(|page| page.contains("\nsekisho_ledger_ready 1\n")));
    let there = std::fs::metadata(&socket).unwrap();
    assert_eq!((there.permissions().mode() & 0o777, there.gid()), (0o660, GROUP));
    assert!(may_ask(GROUP, &socket) && !may_ask(65534, &socket));
    // Whoever connects and asks nothing keeps nobody from reading, and nobody from ending.
    let silent: Vec<_> = (0..100).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    assert!(page(&socket).unwrap().contains("\nsekisho_ledger_ready 1\n"));
    assert!(Command::new("kill").args(["-TERM", &served.id().to_string()]).status().unwrap().success());
    served.wait().unwrap();
    assert!(!socket.exists(), "nothing is left of it");
    drop(silent);
}

#[test]
fn a_ledger_whose_numbers_have_no_place_serves_all_the_same_and_removes_nothing() {
    let town = Town::new();
    let there = town.root.join("metrics.sock");
    std::fs::write(&there, "somebody else's").unwrap();
    let served = Served::of(town);
    assert_eq!(served.anybody().get("/readyz").status, 200);
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "somebody else's");
    let refused = UnixStream::connect(&there).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound), "{refused}");
    assert!(!std::fs::metadata(&there).unwrap().file_type().is_socket());
}

#[test]
fn a_socket_at_which_another_ledger_answers_stays_that_ones() {
    let first = Served::of(Town::new());
    let socket = first.town.root.join("metrics.sock");
    let second = Served::with_numbers_at(Town::new(), &socket);
    assert_eq!(second.anybody().get("/readyz").status, 200);
    drop(second);
    assert!(page(&socket).unwrap().contains(&first.town.office.to_string()));
    // One who ends removes what is his alone.
    std::fs::rename(&socket, socket.with_extension("away")).unwrap();
    let other = UnixListener::bind(&socket).unwrap();
    let town = first.into_town();
    assert!(socket.exists());
    drop((other, town));
}
