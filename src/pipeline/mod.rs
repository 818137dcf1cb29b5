//! The send loop: wait for the quota, make an attempt within its time, judge it, back off.
//!
//! Knows operations by name and by whether they may be repeated, and nothing of what they mean.

mod budget;
mod limiter;
mod observer;
mod retry;
mod timeouts;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{ApiError, Error, ErrorKind, Exhausted, FailedAttempt, Sent};
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind};

use budget::{Budget, Cost};
pub use limiter::RateLimit;
pub(crate) use limiter::{Limiter, Report};
use limiter::{Permit, WaitTooLong};
pub use observer::{CallEvent, Observer};
pub use retry::Retry;
use retry::{Failure, retry_after};
pub use timeouts::Timeouts;

/// A hundred years: longer than anybody waits, and short enough for every clock to add.
const AGES: Duration = Duration::from_secs(100 * 365 * 86_400);

/// One call, ready to be sent any number of times.
pub(crate) struct Outgoing {
    pub(crate) operation: &'static str,
    pub(crate) request: HttpRequest,
    /// Whether doing it twice leaves things as doing it once.
    pub(crate) idempotent: bool,
    /// Whether the call counts against the quota of the key.
    pub(crate) paced: bool,
    /// For a delete, the body of the reply to it: what is answered if the API has nothing left to
    /// delete after an attempt that may have been carried out.
    pub(crate) deleted: Option<Bytes>,
    /// For the whole call, in place of the client's own.
    pub(crate) total: Option<Duration>,
}

/// A success and what it took.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

#[derive(Debug)]
pub(crate) struct Pipeline {
    transport: Arc<dyn Transport>,
    limiter: Option<Arc<Limiter>>,
    retry: Retry,
    timeouts: Timeouts,
    budget: Budget,
    observer: Option<Arc<dyn Observer>>,
}

/// The time a call has.
#[derive(Clone, Copy)]
struct CallDeadline {
    at: Option<Instant>,
}

impl CallDeadline {
    /// Whether the deadline comes no later than that much from now.
    fn ends_within(self, delay: Duration) -> bool {
        self.at
            .is_some_and(|at| Instant::now() + delay.min(AGES) >= at)
    }
}

impl Pipeline {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        limiter: Option<Arc<Limiter>>,
        retry: Retry,
        timeouts: Timeouts,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        Self {
            transport,
            limiter,
            retry,
            timeouts,
            budget: Budget::new(),
            observer,
        }
    }

    /// Makes the call, as often as it takes and is allowed.
    pub(crate) async fn execute(&self, call: &Outgoing) -> Result<Reply, Error> {
        let started = Instant::now();
        let total = call.total.or(self.timeouts.total);
        let deadline = CallDeadline {
            at: total.map(|total| started + total.min(AGES)),
        };
        let mut made = 0;
        let mut sent = Sent::No;
        let mut maybe_done = false;
        let mut history: Vec<FailedAttempt> = Vec::new();
        let mut last: Option<Error> = None;
        let give_up = |mut error: Error, made, exhausted, history| {
            let inner = error.inner_mut();
            inner.attempts = made;
            inner.elapsed = started.elapsed();
            inner.exhausted = exhausted;
            inner.history = history;
            #[cfg(feature = "tracing")]
            tracing::debug!(operation = error.operation(), %error, "call failed");
            Err(error)
        };
        loop {
            let permit = match self.pace(call, deadline).await {
                Ok(permit) => permit,
                Err(error) => {
                    // What went wrong before tells more than that there was no time to repeat it.
                    let error = last.unwrap_or(error);
                    return give_up(error, made, Some(Exhausted::Deadline), history);
                }
            };
            made += 1;
            let outcome = self.attempt(call, made, deadline, permit).await;
            let outcome = match outcome {
                Err(failed) if maybe_done => self.already_done(call, made, failed),
                outcome => outcome,
            };
            let (failure, mut error) = match outcome {
                Ok(reply) => {
                    self.budget.succeeded();
                    return Ok(Reply {
                        attempts: made,
                        elapsed: started.elapsed(),
                        ..reply
                    });
                }
                Err(failed) => failed,
            };
            let judgement = failure.judge();
            error.inner_mut().retryable = judgement.passing;
            maybe_done |= !judgement.undone;
            let mut attempt = error.as_attempt(started.elapsed());
            // That this attempt was never sent does not undo what an earlier one may have done.
            sent = sent.max(error.sent());
            error.inner_mut().sent = sent;
            let next = self.next_delay(call, failure, &error, made, deadline);
            attempt.delay = next.ok();
            history.push(attempt);
            match next {
                Ok(delay) => {
                    self.tell(&CallEvent::Retrying {
                        operation: call.operation,
                        attempt: made,
                        delay,
                        error: &error,
                    });
                    last = Some(error);
                    sleep(delay).await;
                }
                Err(exhausted) => return give_up(error, made, exhausted, history),
            }
        }
    }

    /// A repeated delete that finds nothing to delete has been carried out before.
    fn already_done(
        &self,
        call: &Outgoing,
        made: u32,
        failed: (Failure, Error),
    ) -> Result<Reply, (Failure, Error)> {
        let (failure, mut error) = failed;
        let (Some(body), true, Some(status)) =
            (&call.deleted, error.is_not_found(), error.status())
        else {
            return Err((failure, error));
        };
        self.tell(&CallEvent::AlreadyDone {
            operation: call.operation,
            attempt: made,
            status,
        });
        Ok(Reply {
            status,
            headers: error.inner_mut().headers.take().unwrap_or_default(),
            body: body.clone(),
            attempts: 0,
            elapsed: Duration::ZERO,
        })
    }

    fn limiter_of(&self, call: &Outgoing) -> Option<&Arc<Limiter>> {
        self.limiter.as_ref().filter(|_| call.paced)
    }

    /// Holds the call back until the quota allows it.
    async fn pace(&self, call: &Outgoing, deadline: CallDeadline) -> Result<Option<Permit>, Error> {
        let refused = |kind, message: String| {
            let mut error = Error::new(kind, call.operation, message);
            let inner = error.inner_mut();
            inner.sent = Sent::No;
            inner.retryable = true;
            error
        };
        let permit = match self.limiter_of(call) {
            Some(limiter) => Some(self.permit(limiter, call, deadline).await.map_err(|late| {
                let message = if late.wait.is_zero() {
                    "the quota reached other calls first, until this call's deadline".to_owned()
                } else {
                    let wait = late.wait;
                    format!("the quota allows no call for {wait:.1?}, past the call's deadline")
                };
                refused(ErrorKind::RateLimited, message)
            })?),
            None => None,
        };
        if deadline.ends_within(Duration::ZERO) {
            let message = "no time was left to send the call".to_owned();
            return Err(refused(ErrorKind::Timeout, message));
        }
        Ok(permit)
    }

    async fn permit(
        &self,
        limiter: &Arc<Limiter>,
        call: &Outgoing,
        deadline: CallDeadline,
    ) -> Result<Permit, WaitTooLong> {
        let waiting = |wait| {
            self.tell(&CallEvent::Waiting {
                operation: call.operation,
                wait,
            })
        };
        limiter.acquire(deadline.at, waiting).await
    }

    async fn attempt(
        &self,
        call: &Outgoing,
        number: u32,
        deadline: CallDeadline,
        mut permit: Option<Permit>,
    ) -> Result<Reply, (Failure, Error)> {
        let began = Instant::now();
        let ends = began + self.timeouts.attempt.min(AGES);
        let ends = deadline.at.map_or(ends, |at| at.min(ends));
        if let Some(permit) = &mut permit {
            permit.spend();
        }
        let exchange = self.transport.send(call.request.clone());
        let outcome = timeout_at(ends, exchange).await;
        let elapsed = began.elapsed();
        let status = outcome
            .as_ref()
            .ok()
            .and_then(|exchange| exchange.as_ref().ok())
            .map(http::Response::status);
        self.tell(&CallEvent::Attempt {
            operation: call.operation,
            attempt: number,
            status,
            elapsed,
        });
        match outcome {
            Err(_) => {
                let message = format!("no complete reply within {elapsed:.1?}");
                let error = Error::new(ErrorKind::Timeout, call.operation, message);
                Err((Failure::AttemptTimeout, error))
            }
            Ok(Err(error)) => {
                let (failure, error) = from_transport(call.operation, error);
                if let Some(permit) = permit.filter(|_| error.sent() == Sent::No) {
                    permit.refund();
                }
                Err((failure, error))
            }
            Ok(Ok(response)) => self.read(call.operation, response, permit),
        }
    }

    fn read(
        &self,
        operation: &'static str,
        response: HttpResponse,
        permit: Option<Permit>,
    ) -> Result<Reply, (Failure, Error)> {
        let (parts, body) = response.into_parts();
        let refused = parts.status == StatusCode::TOO_MANY_REQUESTS;
        if let Some(permit) = permit {
            // What a rejected key is told of is the quota of rejected keys.
            let report =
                Report::read(&parts.headers).filter(|_| parts.status != StatusCode::UNAUTHORIZED);
            if refused {
                let wait = retry_after(&parts.headers).unwrap_or(Duration::from_secs(1));
                permit.refused(report.as_ref(), wait.min(self.retry.retry_after_cap));
            } else {
                permit.answered(report.as_ref());
            }
        }
        if parts.status.is_success() {
            return Ok(Reply {
                status: parts.status,
                headers: parts.headers,
                body,
                attempts: 0,
                elapsed: Duration::ZERO,
            });
        }
        let kind = if refused {
            ErrorKind::RateLimited
        } else {
            ErrorKind::Api
        };
        let asks = refused || parts.status == StatusCode::SERVICE_UNAVAILABLE;
        let delay = retry_after(&parts.headers).filter(|_| asks);
        let mut error = Error::new(kind, operation, String::new());
        let inner = error.inner_mut();
        inner.api = Some(ApiError::read(parts.status, &body));
        inner.status = Some(parts.status);
        inner.headers = Some(parts.headers);
        inner.body = Some(body);
        inner.retry_after = delay;
        Err((Failure::Status(parts.status), error))
    }

    /// How long to wait before the next attempt, or why there is none (`None`: because the failure
    /// is final).
    fn next_delay(
        &self,
        call: &Outgoing,
        failure: Failure,
        error: &Error,
        made: u32,
        deadline: CallDeadline,
    ) -> Result<Duration, Option<Exhausted>> {
        let judgement = failure.judge();
        if !judgement.passing || !(judgement.undone || call.idempotent) {
            return Err(None);
        }
        if made >= self.retry.max_attempts {
            return Err((self.retry.max_attempts > 1).then_some(Exhausted::Attempts));
        }
        let asked = error.retry_after().unwrap_or_default();
        if asked > self.retry.retry_after_cap {
            return Err(None);
        }
        let jitter = self.retry.ceiling(made).mul_f64(fastrand::f64());
        let delay = asked.max(jitter);
        if deadline.ends_within(delay) {
            return Err(Some(Exhausted::Deadline));
        }
        let cost = if error.is_rate_limited() {
            Cost::Throttled
        } else {
            Cost::Failed
        };
        if !self.budget.draw(cost) {
            return Err(Some(Exhausted::Budget));
        }
        Ok(delay)
    }

    pub(crate) fn tell(&self, event: &CallEvent<'_>) {
        observer::tell(self.observer.as_deref(), event);
    }
}

fn from_transport(operation: &'static str, error: TransportError) -> (Failure, Error) {
    let kind = error.kind();
    let of = match kind {
        TransportErrorKind::Connect => ErrorKind::Connect,
        TransportErrorKind::Request => ErrorKind::Invalid,
        TransportErrorKind::Interrupted => ErrorKind::Transport,
        TransportErrorKind::Timeout => ErrorKind::Timeout,
    };
    let message = error.to_string();
    (
        Failure::Transport(kind),
        // The message is the transport error's own: the cause goes on from what lies below it.
        Error::new(of, operation, message).with_source(error.into_source()),
    )
}
