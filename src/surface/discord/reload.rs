//! Taking in knowledge that has changed, without being asked on Discord: at SIGHUP, and when the files of the folder that
//! the configuration names are others than before. A bad one changes nothing and is told in the log.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::engine::Current;
use crate::knowledge::State;

/// How often the files are looked at: a moment for whoever saves one, and no work for the machine.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Watches until `stop`.
pub(super) async fn watch(current: &Current, stop: CancellationToken) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut known = state(current).await;
    while !stop.is_cancelled() {
        let asked = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = hangup.recv() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        // Looked at before it is read: what changes meanwhile is another change.
        let now = state(current).await;
        if asked || now != known {
            known = now;
            reload(current).await;
        }
    }
    Ok(())
}

async fn state(current: &Current) -> State {
    let source = current.engine().source();
    tokio::task::spawn_blocking(move || source.state()).await.unwrap_or_default()
}

async fn reload(current: &Current) {
    let reloading = current.clone();
    match tokio::task::spawn_blocking(move || reloading.reload()).await {
        Ok(Ok(entries)) => tracing::info!(entries, "the knowledge was taken in anew"),
        Ok(Err(stale)) => tracing::error!("the knowledge stays as it was: {stale}"),
        Err(bug) => tracing::error!(%bug, "the knowledge stays as it was"),
    }
}
