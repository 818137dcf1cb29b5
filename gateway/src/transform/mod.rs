//! Transformations: JavaScript that rewrites a request.
//!
//! The code registers a handler, `addHandler("transform", (request, context) => request)`, which is
//! called once. Every run has an engine of its own, so nothing survives from one to the next. There are
//! no modules, no network and no files; what a handler promises for later is never awaited. Time is the
//! moment of the run by the gateway's clock and stands still; chance comes from the gateway's seed.
//!
//! What a run may cost is bounded, see [`Limits`]. Runs take place on blocking threads, a few at once,
//! so that code that never ends holds up other code at most, and only until its limit.

mod sandbox;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::clock::Micros;

/// What one run may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            checks: 1_000,
            time: Duration::from_secs(5),
            memory: 128 * 1024 * 1024,
            stack: 512 * 1024,
            lines: 500,
            line: 4 * 1024,
            output: 16 * 1024 * 1024,
        }
    }
}

/// What is run, and on what. It has no `Debug`: code and environment may hold secrets.
#[derive(Clone)]
pub(crate) struct Run {
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
pub(crate) struct Line {
    /// `debug`, `log`, `info`, `warn` or `error`.
    pub(crate) kind: &'static str,
    /// The text.
    pub(crate) message: String,
}

impl Line {
    /// The line as the API shows it.
    pub(crate) fn shown(&self) -> Value {
        serde_json::json!({ "type": self.kind, "message": self.message })
    }
}

/// The request a handler returned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rewritten {
    /// Lower-case names to values.
    pub(crate) headers: Map<String, Value>,
    /// JSON or text; null where there is none.
    pub(crate) body: Value,
    /// The path, when it is text.
    pub(crate) path: Option<String>,
    /// The query string without `?`, when it is text.
    pub(crate) query: Option<String>,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    /// What was written to the console, and why the run failed if it did.
    pub(crate) console: Vec<Line>,
    /// The highest level among the lines, `fatal` for a run that failed.
    pub(crate) log_level: &'static str,
    /// The new request; nothing when the run failed.
    pub(crate) request: Option<Rewritten>,
}

/// Runs transformations, a few at once.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    places: Arc<Semaphore>,
    limits: Limits,
}

impl Default for Runner {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Runner {
    /// A runner with a place for every processor, two at least.
    pub(crate) fn new(limits: Limits) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            places: Arc::new(Semaphore::new(processors.max(2))),
            limits,
        }
    }

    /// Runs the code. A failure of the code is a result like any other; there is no result only when
    /// the runtime is shutting down.
    pub(crate) async fn run(&self, run: Run) -> Option<Ran> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        let limits = self.limits;
        // The place goes with the thread: a caller that stops waiting does not free it early.
        tokio::task::spawn_blocking(move || {
            let _place = place;
            sandbox::run(&run, limits)
        })
        .await
        .ok()
    }
}

#[cfg(test)]
mod tests;
