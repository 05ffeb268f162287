//! Who holds the gateway where several replicas share a store: one of them, by a lease. It lets go before others may
//! take over, also where it cannot reach the store any more.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::moment::Moment;
use crate::store::{Held, Lease, Store, StoreError};

/// The lease's name.
const NAME: &str = "gateway";
/// How often one that waits asks for the lease, and one that could not renew it tries again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long before its end an unrenewed lease is given up: the connection takes its leave in that time.
const MARGIN: Duration = Duration::from_secs(3);
/// How long giving the lease back may take; past it, others wait for its end.
const RETURN: Duration = Duration::from_secs(2);

/// Holds the gateway whenever the lease is ours, until `stop`. `hold` ends soon after its token is cancelled; `standby`
/// is called while another replica has the lease.
pub(super) async fn alone<F: Future<Output = Result<(), E>>, E>(
    store: &Store,
    stop: &CancellationToken,
    standby: impl Fn(),
    hold: impl Fn(CancellationToken) -> F,
) -> Result<(), E> {
    let holder = holder();
    loop {
        let taken = tokio::select! {
            taken = take(store, &holder, &standby) => taken,
            () = stop.cancelled() => return Ok(()),
        };
        let (lease, good_until) = taken;
        tracing::info!(token = lease.token, "this replica holds the gateway");
        let ours = stop.child_token();
        let mut holding = pin!(hold(ours.clone()));
        let ended = tokio::select! {
            ended = &mut holding => ended,
            () = keep(store, &lease, good_until) => {
                tracing::warn!("the lease of the gateway was not renewed: leaving the gateway to another replica");
                ours.cancel();
                holding.await
            }
        };
        if !matches!(timeout(RETURN, store.release_lease(&lease)).await, Ok(Ok(_))) {
            tracing::warn!("the lease of the gateway could not be given back; it ends by itself");
        }
        if ended.is_err() || stop.is_cancelled() {
            return ended;
        }
    }
}

/// Waits until the lease is ours; gives it, and until when it is good.
async fn take(store: &Store, holder: &str, standby: impl Fn()) -> (Lease, Instant) {
    let mut failed = false;
    loop {
        let asked = Instant::now();
        match store.take_lease(NAME, holder, now()).await {
            Ok(Some(lease)) => return (lease, asked + Lease::LASTS),
            Ok(None) => {
                failed = false;
                standby();
            }
            Err(error) => told(&error, &mut failed),
        }
        sleep(AGAIN).await;
    }
}

/// Renews the lease for as long as that works.
async fn keep(store: &Store, lease: &Lease, mut good_until: Instant) {
    let (mut pause, mut failed) = (Lease::RENEWED_EVERY, false);
    loop {
        let last = good_until - MARGIN;
        tokio::time::sleep_until(last.min(Instant::now() + pause)).await;
        let asked = Instant::now();
        match timeout_at(last, store.renew_lease(lease, now())).await {
            Ok(Ok(Held::Ours)) => (pause, failed, good_until) = (Lease::RENEWED_EVERY, false, asked + Lease::LASTS),
            Ok(Ok(Held::Lost)) | Err(_) => return,
            Ok(Err(error)) => {
                told(&error, &mut failed);
                pause = AGAIN;
            }
        }
        if Instant::now() >= good_until - MARGIN {
            return;
        }
    }
}

/// Tells the first of a row of errors.
fn told(error: &StoreError, failed: &mut bool) {
    if !std::mem::replace(failed, true) {
        tracing::warn!(%error, "the lease of the gateway cannot be asked for");
    }
}

/// What people know this replica by.
fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}

fn now() -> Moment {
    SystemTime::now().into()
}
