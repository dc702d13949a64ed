//! The lock of a scope: a lease in S3 with owner, expiry and fencing number.
//!
//! A lock is never stolen silently. It is taken over, with a warning, only when it is certain
//! that its owner is gone: the same host says that the process has ended. Else an expired lock is
//! reported with the command that removes it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::store::{Document, ETag, StateError, Store};
use crate::{
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    wait,
};

/// How long a lease holds without a heartbeat.
pub const LEASE: Duration = Duration::from_secs(60);

/// Who runs a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// User name.
    pub user: String,
    /// Host name.
    pub host: String,
    /// Process id on that host.
    pub pid: u32,
}

/// The lease document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub owner: Owner,
    /// Run id.
    pub run: String,
    /// Command, such as `cloudcore init`.
    pub command: String,
    /// Program whose `unlock` removes it.
    pub program: String,
    /// Since when.
    pub acquired_at: Timestamp,
    /// Until when, unless the owner renews it.
    pub expires_at: Timestamp,
    /// Grows with every acquisition of the scope.
    pub fence: u64,
    /// Whether it is held. A released lease stays, so that its fencing number is not lost.
    pub held: bool,
}

impl Document for Lease {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "a lock";
}

/// Why the lock could not be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error(
        "`{}` is running: {} on {} (process {}) has held the lock `{scope}` since {}{}",
        .lease.command, .lease.owner.user, .lease.owner.host, .lease.owner.pid,
        minute(&.lease.acquired_at), if *.expired { ", and stopped renewing it" } else { "" }
    )]
    Held {
        /// Scope of the lock.
        scope: String,
        /// The lease found.
        lease: Box<Lease>,
        /// Whether its time is over.
        expired: bool,
    },
    /// The lock was lost while working.
    #[error("the lock `{scope}` was lost; the run stopped")]
    Lost {
        /// Scope of the lock.
        scope: String,
    },
    /// The state bucket failed.
    #[error(transparent)]
    State(#[from] StateError),
}

fn minute(time: &Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

impl Diagnose for LockError {
    fn class(&self) -> Class {
        match self {
            Self::Held { .. } | Self::Lost { .. } => Class::Locked,
            Self::State(error) => error.class(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Held { scope, lease, expired: true } => vec![format!(
                "If that run is certainly dead, remove its lock with `{} unlock --scope {scope} --run {}`.",
                lease.program, lease.run
            )],
            Self::Held { .. } => vec!["Wait until it is done, then run this again.".to_owned()],
            Self::Lost { .. } => vec!["Run the same command again; it goes on.".to_owned()],
            Self::State(error) => error.hints(),
        }
    }
}

/// Who asks for the lock, and for what.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is locked: `instance`, or `env-<name>`.
    pub scope: String,
    /// Who asks.
    pub owner: Owner,
    /// The command, such as `cloudcore init`.
    pub command: String,
    /// The program, such as `cloudcore`.
    pub program: String,
}

/// Proof that the lock is held. Every operation that changes AWS takes a reference to it.
#[derive(Debug)]
pub struct Locked {
    scope: String,
    fence: u64,
    lost: CancellationToken,
}

impl Locked {
    /// For the one stack that holds the state bucket, and for reading before there is one: what
    /// cannot be locked yet. CloudFormation itself lets only one operation run on a stack.
    #[must_use]
    pub fn before_there_is_a_bucket() -> Self {
        Self { scope: "bootstrap".to_owned(), fence: 0, lost: CancellationToken::new() }
    }

    /// Scope of the lock.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The fencing number: later holders have larger ones.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.fence
    }
}

fn key(scope: &str) -> String {
    format!("v1/locks/{scope}.json")
}

/// Runs some work while holding a lock, and releases the lock afterwards, whatever the outcome.
/// When the lease is lost, the context's cancellation token is cancelled.
///
/// # Errors
/// [`LockError::Held`] before the work began; [`LockError::Lost`] when the lease was lost during
/// it; else the work's own error.
pub async fn with_lock<T, E, F, Fut>(
    ctx: &Ctx,
    store: &Store,
    request: Request,
    work: F,
) -> Result<T, E>
where
    F: FnOnce(Locked) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<LockError>,
{
    let (lease, etag) = acquire(ctx, store, &request).await?;
    let lost = CancellationToken::new();
    let stop = CancellationToken::new();
    let locked = Locked { scope: request.scope.clone(), fence: lease.fence, lost: lost.clone() };
    let heartbeat = start_heartbeat(ctx, store, lease, etag, &request.scope, &lost, &stop);
    let result = work(locked).await;
    stop.cancel();
    let last = heartbeat.await.ok().flatten();
    if lost.is_cancelled() {
        return Err(LockError::Lost { scope: request.scope }.into());
    }
    if let Some((lease, etag)) = last {
        let released = Lease { held: false, ..lease };
        if let Err(error) = store.put(&key(&request.scope), &released, Some(&etag)).await {
            ctx.events.warn(format!("the lock `{}` could not be released: {error}", request.scope));
        }
    }
    result
}

impl Locked {
    /// Whether the lease is still ours.
    ///
    /// # Errors
    /// [`LockError::Lost`] once it is not.
    pub fn check(&self) -> Result<(), LockError> {
        if self.lost.is_cancelled() {
            return Err(LockError::Lost { scope: self.scope.clone() });
        }
        Ok(())
    }
}

async fn acquire(ctx: &Ctx, store: &Store, request: &Request) -> Result<(Lease, ETag), LockError> {
    let found = store.get::<Lease>(&key(&request.scope)).await?;
    let (before, seen) = match found {
        None => (None, None),
        Some(found) => (Some(found.value), Some(found.etag)),
    };
    if let Some(lease) = before.as_ref().filter(|lease| lease.held) {
        may_take_over(ctx, request, lease)?;
    }
    let now = Timestamp::now();
    let lease = Lease {
        owner: request.owner.clone(),
        run: ctx.run.to_string(),
        command: request.command.clone(),
        program: request.program.clone(),
        acquired_at: now,
        expires_at: after(now, LEASE),
        fence: before.map_or(1, |lease| lease.fence + 1),
        held: true,
    };
    match store.put(&key(&request.scope), &lease, seen.as_ref()).await {
        Ok(etag) => Ok((lease, etag)),
        Err(StateError::Conflict { .. }) => Err(lost_race(store, request).await?),
        Err(error) => Err(error.into()),
    }
}

/// Another run was faster: say who.
async fn lost_race(store: &Store, request: &Request) -> Result<LockError, LockError> {
    let found = store.get::<Lease>(&key(&request.scope)).await?;
    Ok(match found {
        Some(found) => LockError::Held {
            scope: request.scope.clone(),
            expired: found.value.expires_at < Timestamp::now(),
            lease: Box::new(found.value),
        },
        None => LockError::Lost { scope: request.scope.clone() },
    })
}

fn may_take_over(ctx: &Ctx, request: &Request, lease: &Lease) -> Result<(), LockError> {
    if is_dead(lease, &request.owner, process_lives) {
        ctx.events.warn(format!(
            "`{}` (process {} on this host) ended without releasing the lock `{}`; taking it over",
            lease.command, lease.owner.pid, request.scope
        ));
        return Ok(());
    }
    Err(LockError::Held {
        scope: request.scope.clone(),
        expired: lease.expires_at < Timestamp::now(),
        lease: Box::new(lease.clone()),
    })
}

/// Whether the owner of a lease is certainly gone, seen from another process.
fn is_dead(lease: &Lease, us: &Owner, lives: impl Fn(u32) -> bool) -> bool {
    lease.owner.host == us.host && lease.owner.pid != us.pid && !lives(lease.owner.pid)
}

#[cfg(unix)]
fn process_lives(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    // EPERM means that it lives and belongs to somebody else.
    pid.is_some_and(|pid| {
        !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
    })
}

#[cfg(not(unix))]
fn process_lives(_pid: u32) -> bool {
    true
}

fn after(now: Timestamp, lease: Duration) -> Timestamp {
    let lease = SignedDuration::try_from(lease).unwrap_or(SignedDuration::ZERO);
    now.checked_add(lease).unwrap_or(now)
}

type Heartbeat = JoinHandle<Option<(Lease, ETag)>>;

fn start_heartbeat(
    ctx: &Ctx,
    store: &Store,
    lease: Lease,
    etag: ETag,
    scope: &str,
    lost: &CancellationToken,
    stop: &CancellationToken,
) -> Heartbeat {
    let (store, key) = (store.clone(), key(scope));
    let (run, lost, stop) = (ctx.cancel.clone(), lost.clone(), stop.clone());
    tokio::spawn(async move {
        let renewed = renew(&store, &key, lease, etag, &stop).await;
        if renewed.is_none() {
            lost.cancel();
            run.cancel();
        }
        renewed
    })
}

/// Renews the lease until told to stop. Gives back the last lease, or nothing once it is lost.
async fn renew(
    store: &Store,
    key: &str,
    mut lease: Lease,
    mut etag: ETag,
    stop: &CancellationToken,
) -> Option<(Lease, ETag)> {
    while wait::sleep(LEASE / 3, stop).await.is_ok() {
        let now = Timestamp::now();
        let next = Lease { expires_at: after(now, LEASE), ..lease.clone() };
        match store.put(key, &next, Some(&etag)).await {
            Ok(renewed) => (lease, etag) = (next, renewed),
            Err(StateError::Conflict { .. }) => return None,
            // A network that is away for a moment does not lose the lease; its expiry does.
            Err(_) if now < lease.expires_at => {}
            Err(_) => return None,
        }
    }
    Some((lease, etag))
}

/// Whether a run holds the lock of a scope at this moment (`GetObject`).
///
/// # Errors
/// [`StateError`].
pub async fn holds(store: &Store, scope: &str, run: &str) -> Result<bool, StateError> {
    let found = store.get::<Lease>(&key(scope)).await?.map(|found| found.value);
    let now = Timestamp::now();
    Ok(found.is_some_and(|lease| lease.held && lease.run == run && lease.expires_at > now))
}

/// The lease of a scope that is held, whether its time is over or not (`GetObject`).
///
/// # Errors
/// [`StateError`].
pub async fn held(store: &Store, scope: &str) -> Result<Option<Lease>, StateError> {
    let found = store.get::<Lease>(&key(scope)).await?.map(|found| found.value);
    Ok(found.filter(|lease| lease.held))
}

/// Removes the lock of a run that is certainly dead. Says false when that run holds no lock.
///
/// # Errors
/// [`LockError::Held`] when the lease is not expired yet.
pub async fn unlock(store: &Store, scope: &str, run: &str) -> Result<bool, LockError> {
    let Some(found) = store.get::<Lease>(&key(scope)).await? else {
        return Ok(false);
    };
    if !found.value.held || found.value.run != run {
        return Ok(false);
    }
    if found.value.expires_at > Timestamp::now() {
        let lease = Box::new(found.value);
        return Err(LockError::Held { scope: scope.to_owned(), lease, expired: false });
    }
    store.put(&key(scope), &Lease { held: false, ..found.value }, Some(&found.etag)).await?;
    Ok(true)
}

#[cfg(test)]
mod tests;
