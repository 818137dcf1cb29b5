//! Transformations: JavaScript that rewrites a request.
//!
//! The code registers a handler, `addHandler("transform", (request, context) => request)`, which is
//! called once. Every run has an engine of its own, so nothing survives from one to the next. There are
//! no modules, no network and no files; what a handler promises for later is never awaited. Time is the
//! moment of the run by the gateway's clock and stands still; chance comes from the gateway's seed.
//!
//! What a run may cost is bounded, see [`TransformLimits`]. Runs take place on threads of their own, a few at
//! once, so that code that never ends holds up other code at most, and only until its limit.

mod sandbox;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{Semaphore, oneshot};

use crate::clock::Micros;
use crate::wire::{ConsoleLevel, LogLevel};

/// Bytes of a thread's stack beside the engine's.
const THREAD_STACK: usize = 2 * 1024 * 1024;

/// What one run may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransformLimits {
    /// How many times the engine asks whether to go on. It asks about every 10,000 jumps and calls, so
    /// this bounds the steps of a run, independently of the machine: about a second of an idle one.
    pub(crate) checks: u32,
    /// Real time, for code that spends it in few steps.
    pub(crate) time: Duration,
    /// Bytes of the engine's heap.
    pub(crate) memory: usize,
    /// Bytes of the engine's stack.
    pub(crate) stack: usize,
    /// Lines of the console that are kept; the rest is counted and left out.
    pub(crate) lines: usize,
    /// Bytes that are kept of one line.
    pub(crate) line: usize,
    /// Bytes of the request a handler returns, as JSON.
    pub(crate) output: usize,
    /// Real time after which a run that cannot be stopped is left to itself.
    pub(crate) abandon: Duration,
}

impl Default for TransformLimits {
    fn default() -> Self {
        Self {
            checks: 1_000,
            time: Duration::from_secs(5),
            memory: 128 * 1024 * 1024,
            stack: 512 * 1024,
            lines: 500,
            line: 4 * 1024,
            output: 16 * 1024 * 1024,
            abandon: Duration::from_secs(10),
        }
    }
}

/// What is run, and on what. It has no `Debug`: code and environment may hold secrets.
#[derive(Clone)]
pub(crate) struct TransformRun {
    /// The code.
    pub(crate) code: String,
    /// `process.env`, a JSON object.
    pub(crate) env: String,
    /// The handler's first argument, a JSON object.
    pub(crate) request: String,
    /// The handler's second argument, a JSON object.
    pub(crate) context: String,
    /// The moment of the run.
    pub(crate) now: Micros,
    /// What `Math.random` goes by.
    pub(crate) seed: u64,
}

/// A line of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsoleLine {
    /// The function it was written with.
    pub(crate) level: ConsoleLevel,
    /// The text.
    pub(crate) message: String,
}

impl ConsoleLine {
    /// The line as the API shows it.
    pub(crate) fn shown(&self) -> Value {
        serde_json::json!({ "type": self.level, "message": self.message })
    }
}

/// A body that a handler returned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransformedBody {
    /// JSON or text; null where there is none.
    pub(crate) value: Value,
    /// The same as JSON, as JavaScript writes it: members in their order, numbers in its spelling.
    pub(crate) json: String,
    /// Whether it is what the handler was given.
    pub(crate) is_unchanged: bool,
}

/// The request a handler returned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransformedRequest {
    /// Lower-case names to values.
    pub(crate) headers: Map<String, Value>,
    /// The body, unless the code left it and the content type as they were.
    pub(crate) body: Option<TransformedBody>,
    /// The path, if one was returned.
    pub(crate) path: Option<String>,
    /// The query string without `?`, if one was returned.
    pub(crate) query: Option<String>,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub(crate) struct TransformOutcome {
    /// What was written to the console, and why the run failed if it did.
    pub(crate) console: Vec<ConsoleLine>,
    /// The highest level among the lines, [`LogLevel::Info`] without any, [`LogLevel::Fatal`] for a run that failed.
    pub(crate) log_level: LogLevel,
    /// The new request; nothing when the run failed.
    pub(crate) request: Option<TransformedRequest>,
}

impl TransformOutcome {
    /// A run that failed for this reason, with what was written to the console before.
    fn failed(mut console: Vec<ConsoleLine>, message: impl Into<String>) -> Self {
        console.push(ConsoleLine {
            level: ConsoleLevel::Error,
            message: message.into(),
        });
        Self {
            console,
            log_level: LogLevel::Fatal,
            request: None,
        }
    }
}

/// Runs transformations, a few at once.
#[derive(Clone, Debug)]
pub(crate) struct TransformRunner {
    places: Arc<Semaphore>,
    limits: TransformLimits,
}

impl Default for TransformRunner {
    fn default() -> Self {
        Self::new(TransformLimits::default())
    }
}

impl TransformRunner {
    /// A runner with a place for every processor, two at least.
    pub(crate) fn new(limits: TransformLimits) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            places: Arc::new(Semaphore::new(processors.max(2))),
            limits,
        }
    }

    /// Runs the code. A failure of the code is a result like any other; there is no result only when
    /// the runtime is shutting down.
    pub(crate) async fn run(&self, run: TransformRun) -> Option<TransformOutcome> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        let limits = self.limits;
        // In a task of its own: a caller that stops waiting does not free the place early.
        let watched = tokio::spawn(async move {
            let _place = place;
            watch(run, limits).await
        });
        watched.await.ok()
    }
}

/// Runs the code on a thread of its own and waits for it, but not for ever: some of the engine's own
/// functions can be kept busy without asking whether to go on, and a thread cannot be ended from
/// outside. One that is left to itself holds up neither other runs nor the end of the process.
async fn watch(run: TransformRun, limits: TransformLimits) -> TransformOutcome {
    let (sender, receiver) = oneshot::channel();
    let started = std::thread::Builder::new()
        .name("transformation".to_owned())
        .stack_size(limits.stack + THREAD_STACK)
        .spawn(move || {
            // Nobody waits any more only when the run was given up.
            let _ = sender.send(sandbox::run(&run, limits));
        });
    if let Err(error) = started {
        return TransformOutcome::failed(Vec::new(), format!("The engine did not start: {error}"));
    }
    match tokio::time::timeout(limits.abandon, receiver).await {
        Ok(Ok(ran)) => ran,
        Ok(Err(_)) => TransformOutcome::failed(Vec::new(), "The engine failed"),
        Err(_) => TransformOutcome::failed(Vec::new(), sandbox::timed_out(limits.abandon)),
    }
}

#[cfg(test)]
mod tests;
