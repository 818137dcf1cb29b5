//! One run in one engine.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use rquickjs::context::EvalOptions;
use rquickjs::function::Func;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime};
use serde_json::{Map, Value};

use super::{Limits, Line, Ran, Rewritten, Run};

const PRELUDE: &str = include_str!("prelude.js");

/// Why the engine was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopped {
    Steps,
    Time,
}

/// What the handlers of the engine share.
struct Shared {
    limits: Limits,
    console: RefCell<Vec<Line>>,
    left_out: RefCell<usize>,
    stopped: RefCell<Option<Stopped>>,
}

/// Runs the code on this thread.
pub(super) fn run(run: &Run, limits: Limits) -> Ran {
    let shared = Rc::new(Shared {
        limits,
        console: RefCell::default(),
        left_out: RefCell::default(),
        stopped: RefCell::default(),
    });
    let result = evaluate(run, &shared).and_then(|output| read(&output, limits));
    let mut console = shared.console.take();
    let left_out = *shared.left_out.borrow();
    if left_out > 0 {
        console.push(Line {
            kind: "warn",
            message: format!("{left_out} more lines are left out"),
        });
    }
    let (log_level, request) = match result {
        Ok(request) => (highest(&console), Some(request)),
        Err(message) => {
            console.push(Line {
                kind: "error",
                message,
            });
            ("fatal", None)
        }
    };
    Ran {
        console,
        log_level,
        request,
    }
}

/// The highest level among the lines; a run that says nothing is at the lowest.
fn highest(console: &[Line]) -> &'static str {
    const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];
    let level = |line: &Line| {
        let kind = if line.kind == "log" {
            "info"
        } else {
            line.kind
        };
        LEVELS.iter().position(|level| *level == kind)
    };
    let highest = console.iter().filter_map(level).max().unwrap_or(0);
    LEVELS[highest]
}

/// The handler's result as JSON, or what went wrong.
fn evaluate(run: &Run, shared: &Rc<Shared>) -> Result<String, String> {
    let no_engine = |error: rquickjs::Error| format!("The engine did not start: {error}");
    let runtime = Runtime::new().map_err(no_engine)?;
    runtime.set_memory_limit(shared.limits.memory);
    runtime.set_max_stack_size(shared.limits.stack);
    runtime.set_interrupt_handler(Some(interrupts(Rc::clone(shared))));
    let context = Context::full(&runtime).map_err(no_engine)?;
    context.with(|ctx| {
        let result = call(&ctx, run, shared).catch(&ctx);
        result.map_err(|error| match *shared.stopped.borrow() {
            Some(Stopped::Steps) => {
                "Error: Script execution timed out: it took too many steps".to_owned()
            }
            Some(Stopped::Time) => format!(
                "Error: Script execution timed out after {} ms",
                shared.limits.time.as_millis()
            ),
            None => describe(&error),
        })
    })
}

/// Says when the engine has to stop.
fn interrupts(shared: Rc<Shared>) -> Box<dyn FnMut() -> bool> {
    let deadline = Instant::now() + shared.limits.time;
    let mut left = shared.limits.checks;
    Box::new(move || {
        let stopped = match left.checked_sub(1) {
            None => Some(Stopped::Steps),
            Some(_) if Instant::now() >= deadline => Some(Stopped::Time),
            Some(rest) => {
                left = rest;
                None
            }
        };
        if stopped.is_some() {
            *shared.stopped.borrow_mut() = stopped;
        }
        stopped.is_some()
    })
}

fn call<'js>(ctx: &Ctx<'js>, run: &Run, shared: &Rc<Shared>) -> rquickjs::Result<String> {
    let prelude: Function<'js> = ctx.eval(PRELUDE)?;
    let print = {
        let shared = Rc::clone(shared);
        Func::from(move |kind: String, message: String| shared.print(&kind, message))
    };
    let random = {
        let rng = RefCell::new(fastrand::Rng::with_seed(run.seed));
        Func::from(move || rng.borrow_mut().f64())
    };
    #[expect(clippy::cast_precision_loss, reason = "JavaScript's time is a double")]
    let now = run.now.as_i64().div_euclid(1_000) as f64;
    let handler: Function<'js> = prelude.call((print, random, now, run.env.as_str()))?;

    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some("<VM>".to_owned());
    ctx.eval_with_options::<(), _>(run.code.as_str(), options)?;
    handler.call((run.request.as_str(), run.context.as_str()))
}

impl Shared {
    fn print(&self, kind: &str, mut message: String) {
        let kinds = ["debug", "error", "info", "log", "warn"];
        let Some(kind) = kinds.into_iter().find(|known| *known == kind) else {
            return;
        };
        let mut console = self.console.borrow_mut();
        if console.len() == self.limits.lines {
            *self.left_out.borrow_mut() += 1;
            return;
        }
        if message.len() > self.limits.line {
            let end = (0..=self.limits.line)
                .rev()
                .find(|at| message.is_char_boundary(*at))
                .unwrap_or(0);
            message.truncate(end);
            message.push_str("...");
        }
        console.push(Line { kind, message });
    }
}

/// An uncaught error as a console line: its name, its message, and where it came from.
fn describe(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => {
            let object: &Object<'_> = exception.as_object();
            let name: String = object.get("name").unwrap_or_else(|_| "Error".to_owned());
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            format!("{name}: {message}\n{stack}").trim_end().to_owned()
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
fn read(output: &str, limits: Limits) -> Result<Rewritten, String> {
    if output.len() > limits.output {
        return Err(format!(
            "Error: Transformation must return at most {} bytes",
            limits.output
        ));
    }
    let Ok(Value::Object(mut request)) = serde_json::from_str(output) else {
        return Err("Error: Transformation must return a request object".to_owned());
    };
    let headers = match request.remove("headers") {
        Some(Value::Object(headers)) => text_headers(headers)?,
        _ => return Err("Error: Transformation must return a request with headers".to_owned()),
    };
    let mut text = |name: &str| match request.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (path, query) = (text("path"), text("query"));
    Ok(Rewritten {
        headers,
        path,
        query,
        body: request.remove("body").unwrap_or(Value::Null),
    })
}

/// Header values as text under lower-case names; null leaves a header out.
fn text_headers(headers: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut read = Map::new();
    for (name, value) in headers {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("Error: The header {name} must be a string"));
            }
        };
        let name = name.to_ascii_lowercase();
        let valid = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
            && http::HeaderValue::from_str(&value).is_ok();
        if !valid {
            return Err(format!("Error: The header {name} is not a valid header"));
        }
        read.insert(name, Value::String(value));
    }
    Ok(read)
}
