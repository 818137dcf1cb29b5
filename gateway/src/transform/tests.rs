use serde_json::json;

use super::*;

fn run_of(code: &str) -> TransformRun {
    TransformRun {
        code: code.to_owned(),
        env: r#"{"SHOP":"berlin"}"#.to_owned(),
        request: json!({
            "headers": { "content-type": "application/json" },
            "body": { "n": 1 },
            "path": "/orders",
            "query": "a=1",
            "parsed_query": { "a": "1" },
        })
        .to_string(),
        context: json!({ "connection": { "name": "orders" } }).to_string(),
        now: Micros::from_i64(1_800_000_000_123_456),
        seed: 7,
    }
}

fn ran(code: &str) -> TransformOutcome {
    sandbox::run(&run_of(code), TransformLimits::default())
}

/// The body a handler with these statements returns.
fn body(statements: &str) -> Value {
    let code = format!("addHandler('transform', (request, context) => {{ {statements} }});");
    let ran = ran(&code);
    match ran.request.map(|request| request.body) {
        Some(Some(body)) => body.value,
        Some(None) => json!({ "n": 1 }),
        None => panic!("{:?}", ran.console),
    }
}

/// The last line of the console of a run that failed.
fn failure(code: &str) -> String {
    let ran = ran(code);
    assert_eq!((ran.log_level, ran.request), (LogLevel::Fatal, None));
    ran.console.last().unwrap().message.clone()
}

#[test]
fn a_handler_rewrites_the_request() {
    let ran = ran("addHandler('transform', (request, context) => {
        request.body.seen = context.connection.name + ' ' + process.env.SHOP;
        request.headers['X-Added'] = 5;
        request.path = '/new';
        return request;
    });");
    let request = ran.request.unwrap();
    let body = request.body.unwrap();
    assert_eq!(body.value, json!({ "n": 1, "seen": "orders berlin" }));
    assert_eq!(body.json, r#"{"n":1,"seen":"orders berlin"}"#);
    assert_eq!(request.headers["x-added"], "5");
    assert_eq!(request.path.as_deref(), Some("/new"));
    assert_eq!(request.query.as_deref(), Some("a=1"));
    assert_eq!((ran.log_level, ran.console), (LogLevel::Info, Vec::new()));
}

#[test]
fn the_console_is_kept_and_its_highest_level_is_the_runs() {
    let ran = ran("addHandler('transform', (request) => {
        console.log('a', 1, { b: [true] });
        console.warn(new TypeError('odd'));
        console.debug(null, undefined);
        return request;
    });");
    let lines: Vec<_> = ran
        .console
        .iter()
        .map(|line| (line.level.as_str(), line.message.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("log", r#"a 1 {"b":[true]}"#),
            ("warn", "TypeError: odd"),
            ("debug", "null undefined")
        ]
    );
    assert_eq!(ran.log_level, LogLevel::Warn);
}

#[test]
fn a_long_console_is_cut() {
    let limits = TransformLimits {
        lines: 2,
        line: 5,
        ..TransformLimits::default()
    };
    let run =
        run_of("for (let i = 0; i < 5; i++) console.log('ééé'); addHandler('transform', r => r)");
    let ran = sandbox::run(&run, limits);
    let lines: Vec<_> = ran
        .console
        .iter()
        .map(|line| line.message.as_str())
        .collect();
    assert_eq!(lines, ["éé...", "éé...", "3 more lines are left out"]);
}

#[test]
fn the_message_of_a_failure_is_cut_too() {
    let message = failure("throw new Error('é'.repeat(1e6))");
    assert_eq!(message.len(), "Error: ".len() + 4 * 1024 - 8 + "...".len());
}

#[test]
fn what_is_no_request_is_refused_by_name() {
    for (returned, received) in [
        ("null", "null"),
        ("undefined", "undefined"),
        ("1", "number"),
        ("[request]", "array"),
    ] {
        let message = failure(&format!("addHandler('transform', (request) => {returned})"));
        let wanted = format!(
            "Error: Transformation must return a request object. Received: {received}. Did you forget"
        );
        assert!(message.starts_with(&wanted), "{message}");
    }
    for (returned, wanted) in [
        (
            "({})",
            "Error: Transformation must return a request with headers",
        ),
        (
            "({ headers: { a: {} } })",
            "Error: The header a must be a string",
        ),
        (
            "({ headers: { 'a b': 'x' } })",
            "Error: The header a b is not a valid header",
        ),
        (
            "({ headers: { a: 'x\\ny' } })",
            "Error: The header a is not a valid header",
        ),
        (
            "Promise.resolve(request)",
            "Error: Transformation must return a request with headers",
        ),
    ] {
        let code = format!("addHandler('transform', (request) => {returned})");
        assert_eq!(failure(&code), wanted);
    }
}

#[test]
fn errors_say_what_and_where() {
    let message = failure("\naddHandler('transform', () => require('fs'));");
    assert!(
        message.starts_with("ReferenceError: require is not defined\n"),
        "{message}"
    );
    assert!(message.contains("<VM>:2"), "{message}");
    assert!(failure("this is no code").starts_with("SyntaxError: "));
    assert_eq!(failure("throw 'text'"), "Uncaught text");
    assert!(failure("1").starts_with("Error: The code must call addHandler"));
    assert!(
        failure("addHandler('other', () => 1)")
            .starts_with("TypeError: There is no handler type other")
    );
}

#[test]
fn code_that_never_ends_is_ended() {
    for code in [
        "while (true) {}",
        "addHandler('transform', () => { for (;;) { try { while (true) {} } catch {} } })",
        "const f = () => f(); while (true) { try { f() } catch {} }",
    ] {
        let message = failure(code);
        assert!(
            message.starts_with("Error: Script execution timed out"),
            "{message}"
        );
    }
}

#[test]
fn real_time_bounds_a_run_too() {
    let limits = TransformLimits {
        checks: u32::MAX,
        time: Duration::ZERO,
        ..TransformLimits::default()
    };
    let ran = sandbox::run(&run_of("while (true) {}"), limits);
    let last = &ran.console.last().unwrap().message;
    assert_eq!(last, "Error: Script execution timed out after 0 ms");
}

#[test]
fn memory_and_stack_are_bounded() {
    let hungry = "const all = []; for (;;) all.push(new Uint8Array(1024 * 1024));";
    assert!(ran(hungry).request.is_none());
    assert!(failure("const f = () => 1 + f(); f();").contains("stack"));
    let limits = TransformLimits {
        output: 100,
        ..TransformLimits::default()
    };
    let big = "addHandler('transform', r => { r.body = 'x'.repeat(200); return r })";
    let ran = sandbox::run(&run_of(big), limits);
    assert_eq!(
        ran.console.last().unwrap().message,
        "Error: Transformation must return at most 100 bytes"
    );
}

#[test]
fn time_and_chance_are_the_gateways() {
    let code = "request.body = [Date.now(), +new Date(), typeof Date(), new Date(5).getTime(),
        new Date().constructor.now(), new Date() instanceof Date, Math.random(), Math.random()];
        return request;";
    let first = body(code);
    assert_eq!(first, body(code));
    let now = 1_800_000_000_123_i64;
    assert_eq!(first[0], now);
    assert_eq!(first[1], now);
    assert_eq!(first[2], "string");
    assert_eq!(first[3], 5);
    assert_eq!(first[4], now);
    assert_eq!(first[5], true);
    assert_ne!(first[6], first[7]);
    let mut other = run_of(&format!(
        "addHandler('transform', (request) => {{ {code} }})"
    ));
    other.seed = 8;
    let other = sandbox::run(&other, TransformLimits::default())
        .request
        .unwrap();
    assert_ne!(other.body.unwrap().value[6], first[6]);
}

#[test]
fn there_is_no_way_out() {
    let globals = body(
        "request.body = ['require', 'fetch', 'XMLHttpRequest', 'setTimeout', 'performance', 'std', 'os']
            .filter(name => name in globalThis);
        return request;",
    );
    assert_eq!(globals, json!([]));
    // A dynamic import is a promise nobody waits for; there is nothing it could load.
    assert_eq!(body("import('fs'); return request;"), json!({ "n": 1 }));
}

#[test]
fn one_run_leaves_nothing_to_the_next() {
    ran("globalThis.left = 1; Object.prototype.left = 1; addHandler('transform', r => r)");
    assert_eq!(
        body("request.body = typeof left; return request;"),
        "undefined"
    );
}

#[test]
fn code_that_changes_built_ins_changes_only_its_own_view() {
    let changed = "JSON.parse = JSON.stringify = () => 'x'; String = Array = Object = null;
        return { headers: request.headers, body: 2 };";
    assert_eq!(body(changed), 2);
}

#[tokio::test]
async fn a_runaway_script_does_not_stall_the_runtime() {
    let runner = TransformRunner::default();
    let endless = tokio::spawn({
        let runner = runner.clone();
        async move { runner.run(run_of("while (true) {}")).await }
    });
    // The runtime has one thread: were it held, this run would have to wait for the other's end.
    let quick = runner
        .run(run_of("addHandler('transform', r => r)"))
        .await
        .unwrap();
    assert!(quick.request.is_some());
    let endless = endless.await.unwrap().unwrap();
    assert_eq!(endless.log_level, LogLevel::Fatal);
}

#[test]
fn a_body_the_code_leaves_alone_is_no_new_body() {
    let mut run = run_of("addHandler('transform', (r) => { r.headers.seen = 'yes'; return r })");
    // None of these numbers survives JavaScript.
    run.request =
        r#"{"headers":{},"body":{"z":12345678901234567890123,"a":1e400,"t":"\ud83d"}}"#.into();
    let request = sandbox::run(&run, TransformLimits::default())
        .request
        .unwrap();
    assert_eq!(
        (request.headers["seen"].as_str(), request.body),
        (Some("yes"), None)
    );
    run.code = "addHandler('transform', (r) => { r.body.b = 1; return r })".into();
    let body = sandbox::run(&run, TransformLimits::default())
        .request
        .unwrap()
        .body
        .unwrap();
    assert_eq!(
        body.json,
        r#"{"z":1.2345678901234568e+22,"a":null,"t":"\ud83d","b":1}"#
    );
    assert_eq!(body.value["t"], "\u{fffd}");
}

#[test]
fn a_content_type_is_kept_or_replaced_and_never_lost() {
    let message = "Error: Transformation must return a request with a valid content-type header";
    for spoiled in [
        "delete request.headers['content-type']",
        "request.headers = {}",
        "request.headers['content-type'] = null",
        "request.headers['Content-Type'] = ''",
        "request.headers['Content-Type'] = 'json'",
        "request.headers['Content-Type'] = 'a b/c'",
    ] {
        let code = format!("addHandler('transform', (request) => {{ {spoiled}; return request }})");
        assert_eq!(failure(&code), message, "{spoiled}");
    }
    let kept = |code: &str| ran(code).request.unwrap().headers["content-type"].clone();
    assert_eq!(kept("addHandler('transform', r => r)"), "application/json");
    // The later name counts, whatever its case.
    assert_eq!(
        kept(
            "addHandler('transform', r => { r.headers['Content-Type'] = 'text/x; a=b'; return r })"
        ),
        "text/x; a=b"
    );
    let mut bare = run_of("addHandler('transform', r => r)");
    bare.request = r#"{"headers":{},"body":null}"#.into();
    assert!(
        sandbox::run(&bare, TransformLimits::default())
            .request
            .is_some()
    );
}

#[test]
fn half_characters_and_nul_bytes_are_survived() {
    let ran = ran(
        "addHandler('transform', (r) => { console.log('\\ud83d', 'a\\0b');
        r.body = 'x\\ud83d\\0'; r.path = '/\\udc00'; return r })",
    );
    let request = ran.request.unwrap_or_else(|| panic!("{:?}", ran.console));
    assert_eq!(request.body.unwrap().value, "x\u{fffd}\0");
    assert_eq!(request.path.as_deref(), Some("/\u{fffd}"));
    assert_eq!(ran.console[0].message, "\u{fffd} a\0b");
    assert!(failure("throw new Error('\\ud83d')").starts_with("Error: "));
    assert!(failure("1\0").starts_with("SyntaxError") || failure("1\0").starts_with("Error"));
}

#[test]
fn the_engines_own_loops_end_too() {
    for code in [
        "[].indexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "new Array(4294967295).includes(1)",
        "new Array(4294967295).reverse()",
        "[].sort.call({ length: 2 ** 53 - 1 })",
        "[].fill.call({ length: 2 ** 53 - 1 }, 0)",
        "new Array(4294967295).join('')",
        "[].concat({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true })",
        "String(new Array(4294967295))",
        "const e = new Error(); Object.defineProperty(e, 'name', { get() { for (;;); } }); throw e",
        "addHandler('transform', r => ({ headers: r.headers, body: { toJSON() { for (;;); } } }))",
        "addHandler('transform', r => ({ get headers() { for (;;); } }))",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "let b = 3n; for (;;) b = b * b",
        "let s = 'a'; for (;;) s += s",
        "JSON.parse('['.repeat(1000000))",
        "const all = new Map(); for (;;) all.set({}, 1)",
        "for (;;) eval('1')",
        "'x'.repeat(2 ** 30)",
    ] {
        assert_eq!(ran(code).log_level, LogLevel::Fatal, "{code}");
    }
}

#[tokio::test]
async fn a_run_that_cannot_be_stopped_is_left_to_itself() {
    let limits = TransformLimits {
        abandon: Duration::ZERO,
        ..TransformLimits::default()
    };
    let runner = TransformRunner::new(limits);
    // More of them than there are places.
    for _ in 0..2 * std::thread::available_parallelism().map_or(2, NonZeroUsize::get) {
        let ran = runner.run(run_of("while (true) {}")).await.unwrap();
        let last = &ran.console.last().unwrap().message;
        assert_eq!(last, "Error: Script execution timed out after 0 ms");
    }
}
