//! The gate's own socket, from bind to the end.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use axum::Router;
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};

/// How long requests may take to be answered once this is to end.
const STOP: std::time::Duration = std::time::Duration::from_secs(3);
/// Owner and group: the proxy is in one of them.
const MODE: u32 = 0o660;

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn serve(path: &Path, routes: Router) -> io::Result<()> {
    clear(path).await?;
    // Nobody gets in between the two.
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o777));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = listener?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    log::info!("listening on {}", path.display());
    let (ends, mut ended) = tokio::sync::watch::channel(());
    let asked = async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        let _ = ends.send(());
    };
    let patience = async move {
        let _ = ended.changed().await;
        tokio::time::sleep(STOP).await;
    };
    tokio::select! {
        served = axum::serve(listener, routes).with_graceful_shutdown(asked) => served?,
        // Who waits for a PIN would wait on.
        () = patience => {}
    }
    std::fs::remove_file(path)
}

/// Takes away what a gate that died has left; not what another one listens on.
async fn clear(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(there) if !there.file_type().is_socket() => Err(io::ErrorKind::AlreadyExists.into()),
        Ok(_) if UnixStream::connect(path).await.is_ok() => Err(io::ErrorKind::AddrInUse.into()),
        Ok(_) => std::fs::remove_file(path),
    }
}
