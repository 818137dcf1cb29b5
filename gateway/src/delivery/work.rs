//! What the dispatcher starts: one attempt, from reading the event to recording the outcome, or one
//! batch of a bulk job.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::auth::{Tokens, authenticate};
use super::client::{Delivered, Deliverer};
use super::outgoing::{Outgoing, outgoing};
use super::retry;
use super::target::Target;
use crate::bulk;
use crate::clock::Clock;
use crate::engine::{FiredAttempt, Shared};
use crate::events::attempt::{self, Claim, Claimed, Next, Outcome};
use crate::ids::Ids;
use crate::ingest::Means;
use crate::issues::{self, FailedAttempt};
use crate::project::Settings;
use crate::sessions;
use crate::sessions::Hub;
use crate::store::{Store, StoreError};
use crate::transform::Runner;

/// What an attempt needs from its project.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) ids: Arc<Ids>,
    pub(crate) runner: Runner,
    pub(crate) settings: Arc<Settings>,
    pub(crate) deliverer: Arc<Deliverer>,
    pub(crate) sessions: Arc<Hub>,
    pub(crate) tokens: Tokens,
    pub(crate) shared: Arc<Shared>,
}

impl Context {
    fn means(&self) -> Means {
        Means {
            store: self.store.clone(),
            clock: self.clock.clone(),
            ids: Arc::clone(&self.ids),
            runner: self.runner.clone(),
        }
    }
}

/// How an attempt, or a batch of a bulk job, ended, for the dispatcher.
pub(super) struct Ended {
    /// The event or the job.
    pub(super) id: String,
    pub(super) result: Result<Made, StoreError>,
}

pub(super) enum Made {
    /// An attempt was recorded; whether its request came from a delivery of this gateway.
    Attempt { looped: bool },
    /// A batch, or nothing, because there was nothing to deliver any more.
    Nothing,
}

/// Works off one batch of a bulk job.
pub(super) async fn work_off(context: Context, job_id: String) -> Ended {
    let result = AssertUnwindSafe(bulk::step(&context.means(), &job_id))
        .catch_unwind()
        .await
        .unwrap_or(Err(StoreError::Panicked));
    Ended {
        id: job_id,
        result: result.map(|()| Made::Nothing),
    }
}

/// Makes one attempt, from reading the event to recording the outcome.
pub(super) async fn make(context: Context, event_id: String) -> Ended {
    // A panic counts as a failure of the store: deliveries stand still until the next wake.
    let result = AssertUnwindSafe(attempt(&context, event_id.clone()))
        .catch_unwind()
        .await
        .unwrap_or(Err(StoreError::Panicked));
    Ended {
        id: event_id,
        result,
    }
}

async fn attempt(context: &Context, event_id: String) -> Result<Made, StoreError> {
    let store = &context.store;
    let id = event_id.clone();
    let claim = match store.read(move |conn| attempt::claim(conn, &id)).await? {
        Claimed::Ready(claim) => *claim,
        Claimed::NotReady => return Ok(Made::Nothing),
        Claimed::Unavailable => {
            let now = context.clock.now();
            store
                .write(move |tx| attempt::cancel_unavailable(tx, now, &event_id))
                .await?;
            return Ok(Made::Nothing);
        }
    };
    let attempt_id = context.ids.attempt();
    let (outcome, next) = deliver(context, &claim, &attempt_id).await?;
    record(context, claim, attempt_id, outcome, next).await
}

async fn deliver(
    context: &Context,
    claim: &Claim,
    attempt_id: &str,
) -> Result<(Outcome, Next), StoreError> {
    let will_retry_after = retry::will_retry_after(claim, context.clock.now());
    let delivered = match outgoing(claim, &context.settings, will_retry_after) {
        Ok(outgoing) => send(context, claim, attempt_id, outgoing).await?,
        Err(code) => Delivered::unsent(code),
    };
    let next = retry::next(claim, &delivered, context.clock.now());
    Ok((delivered.outcome, next))
}

/// Authenticates a delivery and sends it. When the destination answers 401 to a token that was kept from
/// before, it is sent once more with a fresh one: the token may have been taken back early.
async fn send(
    context: &Context,
    claim: &Claim,
    attempt_id: &str,
    mut outgoing: Outgoing,
) -> Result<Delivered, StoreError> {
    let target = Target::of(claim);
    let destination = &claim.destination_id;
    let deadline = Instant::now() + outgoing.timeout;
    let mut again = false;
    loop {
        let token = match authenticate(context, destination, &target, &mut outgoing, deadline).await
        {
            Ok(token) => token,
            Err(code) => return Ok(Delivered::unsent(code)),
        };
        let delivered = if target.is_cli() {
            let (hub, store, clock) = (&context.sessions, &context.store, &context.clock);
            let answer =
                sessions::deliver(hub, store, clock, attempt_id, claim, &outgoing, deadline);
            Delivered {
                outcome: answer.await?,
                // A client's answer has no headers.
                retry_after: None,
            }
        } else {
            context
                .deliverer
                .deliver(&outgoing, deadline, &context.clock)
                .await
        };
        match token {
            Some(token) if delivered.outcome.response_status == Some(401) => {
                context.tokens.discard(&token);
                if again || !token.kept {
                    return Ok(delivered);
                }
                again = true;
            }
            _ => return Ok(delivered),
        }
    }
}

async fn record(
    context: &Context,
    claim: Claim,
    attempt_id: String,
    outcome: Outcome,
    next: Next,
) -> Result<Made, StoreError> {
    let now = context.clock.now();
    let ids = Arc::clone(&context.ids);
    let looped = claim
        .headers
        .contains(&super::outgoing::event_id_header(&claim));
    let fired = FiredAttempt {
        event_id: claim.event_id.clone(),
        connection_id: claim.connection_id.clone(),
        at: now,
        trigger: claim.trigger,
        attempt_number: claim.attempts + 1,
    };
    let stored = context
        .store
        .write(move |tx| {
            let stored = attempt::record(tx, now, &attempt_id, &claim, &outcome, next)?;
            if stored && !outcome.is_success() {
                let failed = FailedAttempt {
                    attempt_id: &attempt_id,
                    event_id: &claim.event_id,
                    connection_id: &claim.connection_id,
                    response_status: outcome.response_status,
                    error_code: outcome.error_code,
                };
                issues::on_failed_attempt(tx, now, &ids, &failed)?;
            }
            Ok::<_, StoreError>(stored)
        })
        .await?;
    if !stored {
        return Ok(Made::Nothing);
    }
    context.shared.fired(fired);
    Ok(Made::Attempt { looped })
}
