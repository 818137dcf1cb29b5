//! What the dispatcher starts: one attempt, from reading the event to recording the outcome, or one
//! batch of a bulk job.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::context::EngineContext;
use super::retry;
use super::{EngineState, FiredAttempt};
use crate::bulk;
use crate::delivery::auth::authenticate;
use crate::delivery::client::DeliveryOutcome;
use crate::delivery::faulty;
use crate::delivery::outgoing::{OutgoingRequest, event_id_header, outgoing};
use crate::delivery::target::DeliveryTarget;
use crate::events::attempt::{self, AttemptOutcome, ClaimOutcome, ClaimedEvent, RetryDecision};
use crate::faults::{FaultId, FaultTarget, Plane};
use crate::issues::{self, FailedAttempt};
use crate::journal::JournalEntry;
use crate::sessions;
use crate::store::StoreError;

/// How an attempt, or a batch of a bulk job, ended, for the dispatcher.
pub(super) struct FinishedTask {
    /// The event or the job.
    pub(super) id: String,
    pub(super) result: Result<TaskOutcome, StoreError>,
}

pub(super) enum TaskOutcome {
    /// An attempt was recorded; whether its request came from a delivery of this gateway.
    Attempt { looped: bool },
    /// A batch, or nothing, because there was nothing to deliver any more.
    Nothing,
}

/// Works off one batch of a bulk job.
pub(super) async fn work_off(context: Arc<EngineContext>, job_id: String) -> FinishedTask {
    let result = AssertUnwindSafe(bulk::step(&context.services, &job_id))
        .catch_unwind()
        .await
        .unwrap_or(Err(StoreError::Panicked));
    FinishedTask {
        id: job_id,
        result: result.map(|()| TaskOutcome::Nothing),
    }
}

/// Makes one attempt, from reading the event to recording the outcome.
pub(super) async fn make(
    context: Arc<EngineContext>,
    shared: Arc<EngineState>,
    event_id: String,
) -> FinishedTask {
    // A panic counts as a failure of the store: deliveries stand still until the next wake.
    let result = AssertUnwindSafe(attempt(&context, &shared, event_id.clone()))
        .catch_unwind()
        .await
        .unwrap_or(Err(StoreError::Panicked));
    FinishedTask {
        id: event_id,
        result,
    }
}

async fn attempt(
    context: &EngineContext,
    shared: &EngineState,
    event_id: String,
) -> Result<TaskOutcome, StoreError> {
    let store = &context.store;
    let id = event_id.clone();
    let claim = match store.read(move |conn| attempt::claim(conn, &id)).await? {
        ClaimOutcome::Ready(claim) => *claim,
        ClaimOutcome::NotReady => return Ok(TaskOutcome::Nothing),
        ClaimOutcome::Unavailable => {
            let now = context.services.clock.now();
            store
                .write(move |tx| attempt::cancel_unavailable(tx, now, &event_id))
                .await?;
            return Ok(TaskOutcome::Nothing);
        }
    };
    if DeliveryTarget::of(&claim).is_cli() {
        let (now, reader, writer) = (context.services.clock.now(), claim.clone(), claim.clone());
        // Looked at again in the transaction: a terminal may have come in between.
        if store
            .read(move |conn| sessions::must_wait(conn, now, &reader))
            .await?
            && store
                .write(move |tx| sessions::wait(tx, now, &writer))
                .await?
        {
            return Ok(TaskOutcome::Nothing);
        }
    }
    let attempt_id = context.services.ids.attempt();
    let (outcome, next, fault) = deliver(context, &claim, &attempt_id).await?;
    record(context, shared, claim, attempt_id, outcome, next, fault).await
}

/// What came of sending a delivery, and the fault that made it so, if one did.
struct SentDelivery {
    delivered: DeliveryOutcome,
    fault: Option<FaultId>,
}

async fn deliver(
    context: &EngineContext,
    claim: &ClaimedEvent,
    attempt_id: &str,
) -> Result<(AttemptOutcome, RetryDecision, Option<FaultId>), StoreError> {
    let will_retry_after = retry::will_retry_after(claim, context.services.clock.now());
    let SentDelivery { delivered, fault } =
        match outgoing(claim, &context.settings, will_retry_after) {
            Ok(outgoing) => send(context, claim, attempt_id, outgoing).await?,
            Err(code) => SentDelivery {
                delivered: DeliveryOutcome::unsent(code),
                fault: None,
            },
        };
    let next = retry::next(claim, &delivered, context.services.clock.now());
    Ok((delivered.outcome, next, fault))
}

/// Authenticates a delivery and sends it. When the destination answers 401 to a token that was kept from
/// before, it is sent once more with a fresh one: the token may have been taken back early.
async fn send(
    context: &EngineContext,
    claim: &ClaimedEvent,
    attempt_id: &str,
    mut outgoing: OutgoingRequest,
) -> Result<SentDelivery, StoreError> {
    let target = DeliveryTarget::of(claim);
    let destination = &claim.destination_id;
    let injected = context.faults.inject(FaultTarget::Delivery {
        destination_id: destination,
        connection_id: &claim.connection_id,
    });
    if let Some(injected) = &injected
        && let Some(delivered) = faulty::in_place(injected, &outgoing, context.services.clock.now())
    {
        return Ok(SentDelivery {
            delivered,
            fault: Some(injected.id),
        });
    }
    let fault = injected.as_ref().map(|injected| injected.id);
    let deadline = Instant::now() + outgoing.timeout;
    let mut again = false;
    loop {
        let token = match authenticate(
            &context.tokens,
            destination,
            &target,
            &mut outgoing,
            deadline,
        )
        .await
        {
            Ok(token) => token,
            Err(code) => {
                let delivered = DeliveryOutcome::unsent(code);
                return Ok(SentDelivery { delivered, fault });
            }
        };
        let delivered = if target.is_cli() {
            let (hub, services) = (&context.hub, &context.services);
            let answer = sessions::deliver(hub, services, attempt_id, claim, &outgoing, deadline);
            DeliveryOutcome {
                outcome: answer.await?,
                // A client's answer has no headers.
                retry_after: None,
            }
        } else {
            context
                .deliverer
                .deliver(&outgoing, deadline, &context.services.clock)
                .await
        };
        match token {
            Some(token) if delivered.outcome.response_status == Some(401) => {
                context.tokens.discard(&token);
                if again || !token.kept {
                    return Ok(SentDelivery { delivered, fault });
                }
                again = true;
            }
            _ => {
                let delivered = match &injected {
                    Some(_) => faulty::lost(delivered),
                    None => delivered,
                };
                return Ok(SentDelivery { delivered, fault });
            }
        }
    }
}

async fn record(
    context: &EngineContext,
    shared: &EngineState,
    claim: ClaimedEvent,
    attempt_id: String,
    outcome: AttemptOutcome,
    next: RetryDecision,
    fault: Option<FaultId>,
) -> Result<TaskOutcome, StoreError> {
    let now = context.services.clock.now();
    let mut entry = JournalEntry::new(Plane::Delivery, claim.trigger.as_str(), None);
    entry.status = outcome.response_status;
    entry.cause = outcome.error_code.map(|code| code.to_string());
    entry.event_id = Some(claim.event_id.clone());
    entry.request_id = Some(claim.request_id.clone());
    entry.webhook_id = Some(claim.connection_id.clone());
    entry.destination_id = Some(claim.destination_id.clone());
    entry.attempt_number = u32::try_from(claim.attempts + 1).ok();
    entry.fault = fault;
    let ids = Arc::clone(&context.services.ids);
    let looped = claim.headers.contains(&event_id_header(&claim));
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
            if stored {
                let waited = outcome.delivered_at.unwrap_or(now).since(claim.due_at);
                issues::on_wait(
                    tx,
                    now,
                    &ids,
                    &claim.event_id,
                    &claim.destination_id,
                    waited,
                )?;
            }
            if stored && !outcome.is_success() {
                let failed = FailedAttempt {
                    attempt_id: &attempt_id,
                    event_id: &claim.event_id,
                    connection_id: &claim.connection_id,
                    response_status: outcome.response_status,
                    error_code: outcome.error_code,
                    body: outcome.body.as_deref(),
                };
                issues::on_failed_attempt(tx, now, &ids, &failed)?;
            }
            Ok::<_, StoreError>(stored)
        })
        .await?;
    if !stored {
        return Ok(TaskOutcome::Nothing);
    }
    context.journal.add(now, entry);
    shared.fired(fired);
    Ok(TaskOutcome::Attempt { looped })
}
