//! One run in one engine.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::context::EvalOptions;
use rquickjs::function::Func;
use rquickjs::{Array, CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime};
use serde_json::{Map, Value};

use super::{
    ConsoleLine, TransformLimits, TransformOutcome, TransformRun, TransformedBody,
    TransformedRequest,
};
use crate::wire::{ConsoleLevel, LogLevel};
use crate::{json, query};

const PRELUDE: &str = include_str!("prelude.js");
const PRELUDE_NAME: &str = "<prelude>";

/// Why the engine was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InterruptReason {
    Steps,
    Time,
}

/// What the handlers of the engine share.
struct SandboxState {
    limits: TransformLimits,
    console: RefCell<Vec<ConsoleLine>>,
    left_out: RefCell<usize>,
    stopped: Cell<Option<InterruptReason>>,
}

/// Runs the code on this thread.
pub(super) fn run(run: &TransformRun, limits: TransformLimits) -> TransformOutcome {
    let shared = Rc::new(SandboxState {
        limits,
        console: RefCell::default(),
        left_out: RefCell::default(),
        stopped: Cell::default(),
    });
    let result = evaluate(run, &shared).and_then(|output| read(output, limits));
    let mut console = shared.console.take();
    let left_out = *shared.left_out.borrow();
    if left_out > 0 {
        console.push(ConsoleLine {
            level: ConsoleLevel::Warn,
            message: format!("{left_out} more lines are left out"),
        });
    }
    match result {
        Ok(request) => TransformOutcome {
            log_level: highest(&console),
            console,
            request: Some(request),
        },
        Err(message) => TransformOutcome::failed(console, message),
    }
}

/// What is said of a run that took too long.
pub(super) fn timed_out(after: Duration) -> String {
    format!(
        "Error: Script execution timed out after {} ms",
        after.as_millis()
    )
}

/// What the prelude gives back: the request without its body, and the body if it is another one.
struct HandlerOutput {
    rest: String,
    body: Option<String>,
    is_body_unchanged: bool,
}

/// The highest level among the lines; a run that says nothing is at `info`, as live.
fn highest(console: &[ConsoleLine]) -> LogLevel {
    let levels = console.iter().map(|line| LogLevel::from(line.level));
    levels.max().unwrap_or(LogLevel::Info)
}

/// The handler's result, or what went wrong.
fn evaluate(run: &TransformRun, shared: &Rc<SandboxState>) -> Result<HandlerOutput, String> {
    let no_engine = |error: rquickjs::Error| format!("The engine did not start: {error}");
    let runtime = Runtime::new().map_err(no_engine)?;
    runtime.set_memory_limit(shared.limits.memory);
    runtime.set_max_stack_size(shared.limits.stack);
    runtime.set_interrupt_handler(Some(interrupts(Rc::clone(shared))));
    let context = Context::full(&runtime).map_err(no_engine)?;
    context.with(|ctx| {
        let result = call(&ctx, run, shared).catch(&ctx);
        result.map_err(|error| {
            // Looking at an error may run code of the user's, which may be stopped in turn.
            let described = match shared.stopped.get() {
                None => describe(&error),
                Some(_) => String::new(),
            };
            match shared.stopped.get() {
                Some(InterruptReason::Steps) => {
                    "Error: Script execution timed out: it took too many steps".to_owned()
                }
                Some(InterruptReason::Time) => timed_out(shared.limits.time),
                None => cut(described, shared.limits.line),
            }
        })
    })
}

/// Says when the engine has to stop.
fn interrupts(shared: Rc<SandboxState>) -> Box<dyn FnMut() -> bool> {
    let deadline = Instant::now() + shared.limits.time;
    let mut left = shared.limits.checks;
    Box::new(move || {
        let stopped = match left.checked_sub(1) {
            None => Some(InterruptReason::Steps),
            Some(_) if Instant::now() >= deadline => Some(InterruptReason::Time),
            Some(rest) => {
                left = rest;
                None
            }
        };
        if stopped.is_some() {
            shared.stopped.set(stopped);
        }
        stopped.is_some()
    })
}

fn call<'js>(
    ctx: &Ctx<'js>,
    run: &TransformRun,
    shared: &Rc<SandboxState>,
) -> rquickjs::Result<HandlerOutput> {
    let prelude: Function<'js> = ctx.eval_with_options(PRELUDE, named(PRELUDE_NAME))?;
    let print = {
        let shared = Rc::clone(shared);
        Func::from(move |level: String, message: String| shared.print(&level, message))
    };
    let random = {
        let rng = RefCell::new(fastrand::Rng::with_seed(run.seed));
        Func::from(move || rng.borrow_mut().f64())
    };
    #[expect(clippy::cast_precision_loss, reason = "JavaScript's time is a double")]
    let now = run.now.unix_millis() as f64;
    let handler: Function<'js> = prelude.call((print, random, now, run.env.as_str()))?;

    ctx.eval_with_options::<(), _>(run.code.as_str(), named("<VM>"))?;
    let output: Array<'js> = handler.call((run.request.as_str(), run.context.as_str()))?;
    Ok(HandlerOutput {
        rest: output.get(0)?,
        body: output.get(1)?,
        is_body_unchanged: output.get(2)?,
    })
}

/// A script under this name, which stands in the places of its errors.
fn named(name: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    options
}

impl SandboxState {
    fn print(&self, level: &str, message: String) {
        let Some(level) = ConsoleLevel::parse(level) else {
            return;
        };
        let mut console = self.console.borrow_mut();
        if console.len() == self.limits.lines {
            *self.left_out.borrow_mut() += 1;
            return;
        }
        console.push(ConsoleLine {
            level,
            message: cut(message, self.limits.line),
        });
    }
}

/// At most `most` bytes of a text, and a mark where something is left out.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push_str("...");
    }
    text
}

/// An uncaught error as a console line: its name, its message, and where it came from.
fn describe(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => {
            let object: &Object<'_> = exception.as_object();
            let name: String = object.get("name").unwrap_or_else(|_| "Error".to_owned());
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            // Only places in the user's code; the prelude's own mean nothing to anybody else.
            let places = stack.lines().filter(|line| !line.contains(PRELUDE_NAME));
            places.fold(format!("{name}: {message}"), |text, line| {
                format!("{text}\n{line}")
            })
        }
        CaughtError::Value(value) => {
            let text: Option<String> = value.as_string().and_then(|text| text.to_string().ok());
            match text {
                Some(text) => format!("Uncaught {text}"),
                None => format!("Uncaught {}", value.type_name()),
            }
        }
        CaughtError::Error(error) => format!("Error: {error}"),
    }
}

/// Reads the request a handler returned.
fn read(output: HandlerOutput, limits: TransformLimits) -> Result<TransformedRequest, String> {
    let HandlerOutput {
        rest,
        body,
        is_body_unchanged,
    } = output;
    if rest.len() + body.as_ref().map_or(0, String::len) > limits.output {
        return Err(format!(
            "Error: Transformation must return at most {} bytes",
            limits.output
        ));
    }
    let unreadable = || "Error: Transformation must return a request object".to_owned();
    let mut rest = json::parse(rest.as_bytes()).ok_or_else(unreadable)?;
    let headers = match rest["headers"].take() {
        Value::Array(headers) => text_headers(headers)?,
        _ => return Err(unreadable()),
    };
    // A request that came without a content type, as one without a body does, may go without one.
    let typed = rest["typed"] == true || headers.contains_key("content-type");
    if typed && !headers.get("content-type").is_some_and(is_media_type) {
        return Err(
            "Error: Transformation must return a request with a valid content-type header"
                .to_owned(),
        );
    }
    let body = match body {
        Some(json) => Some(TransformedBody {
            value: json::parse(json.as_bytes()).ok_or_else(unreadable)?,
            json,
            is_unchanged: is_body_unchanged,
        }),
        None => None,
    };
    Ok(TransformedRequest {
        headers,
        path: path(rest["path"].take())?,
        query: query_string(rest["query"].take())?,
        body,
    })
}

/// The path that was returned, if one was. One without the slash at its front gets it.
fn path(returned: Value) -> Result<Option<String>, String> {
    let path = match returned {
        Value::Null => return Ok(None),
        Value::String(path) => path,
        Value::Number(number) => number.to_string(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err("Error: Transformation must return a path that is a string".to_owned());
        }
    };
    Ok(Some(if path.is_empty() || path.starts_with('/') {
        path
    } else {
        format!("/{path}")
    }))
}

/// The query that was returned, if one was. An object is written as a query string.
fn query_string(returned: Value) -> Result<Option<String>, String> {
    match returned {
        Value::Null => Ok(None),
        Value::String(query) => Ok(Some(query)),
        Value::Object(_) => Ok(Some(query::write(&returned))),
        Value::Number(_) | Value::Bool(_) | Value::Array(_) => {
            Err("Error: Transformation must return a query that is a string".to_owned())
        }
    }
}

/// Whether a header names a media type: two words with a slash between them, and what may follow.
fn is_media_type(header: &Value) -> bool {
    let word = |text: &str| http::HeaderName::from_bytes(text.as_bytes()).is_ok();
    let essence = header.as_str().and_then(|text| text.split(';').next());
    essence
        .and_then(|essence| essence.trim().split_once('/'))
        .is_some_and(|(kind, name)| word(kind) && word(name))
}

/// Header values as text under lower-case names; null leaves a header out. Of two names that differ
/// in case only, the later one counts: it is the one the code added.
fn text_headers(headers: Vec<Value>) -> Result<Map<String, Value>, String> {
    let mut read = Map::new();
    for mut header in headers {
        let (name, value) = (header[0].take(), header[1].take());
        let name = name.as_str().unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        let value = match value {
            Value::Null => {
                read.remove(&lower);
                continue;
            }
            Value::String(text) => text,
            value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("Error: The header {name} must be a string"));
            }
        };
        let valid = http::HeaderName::from_bytes(lower.as_bytes()).is_ok()
            && http::HeaderValue::from_str(&value).is_ok();
        if !valid {
            return Err(format!("Error: The header {name} is not a valid header"));
        }
        read.insert(lower, Value::String(value));
    }
    Ok(read)
}
