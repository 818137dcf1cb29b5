//! Which failures are retried, after how long, and what the error tells when it is over.

mod support;

use std::time::Duration;

use hookdeck::models::Source;
use hookdeck::transport::TransportErrorKind;
use hookdeck::{Call, Client, ErrorKind, Exhausted, RateLimit, Result, Retry, Sent, Timeouts};
use support::{Script, Step, builder, reply, source};

const SECOND: Duration = Duration::from_secs(1);

/// No pacing and one short timeout, so that what is seen is the retrying alone.
fn client(script: &Script) -> Client {
    builder(script)
        .rate_limit(RateLimit::off())
        .timeouts(Timeouts::default().attempt(5 * SECOND))
        .build()
        .unwrap()
}

/// A read: repeating it is harmless.
fn read(client: &Client) -> Call<Source> {
    client.sources().get("src_1")
}

/// A trigger: repeating it does it twice.
async fn trigger(client: &Client) -> Result<()> {
    client.events().retry("evt_1").await.map(drop)
}

struct Row {
    name: &'static str,
    failure: Step,
    read: bool,
    trigger: bool,
    kind: ErrorKind,
    sent: Sent,
    retryable: bool,
}

fn status(code: u16, headers: &[(&str, &str)]) -> Step {
    reply(code, headers, "").into()
}

fn table() -> Vec<Row> {
    let row = |name, failure, (read, trigger), kind, sent, retryable| Row {
        name,
        failure,
        read,
        trigger,
        kind,
        sent,
        retryable,
    };
    use ErrorKind::{Api, Connect, Decode, Invalid, RateLimited, Timeout, Transport};
    const ALWAYS: (bool, bool) = (true, true);
    const IF_HARMLESS: (bool, bool) = (true, false);
    const NEVER: (bool, bool) = (false, false);
    let wait = &[("retry-after", "0.5")];
    let fail = |kind: TransportErrorKind| Step::from(kind);
    vec![
        row(
            "connect",
            fail(TransportErrorKind::Connect),
            ALWAYS,
            Connect,
            Sent::No,
            true,
        ),
        row(
            "unwritable",
            fail(TransportErrorKind::Request),
            NEVER,
            Invalid,
            Sent::No,
            false,
        ),
        row(
            "reset",
            fail(TransportErrorKind::Interrupted),
            IF_HARMLESS,
            Transport,
            Sent::Maybe,
            true,
        ),
        row(
            "transport timeout",
            fail(TransportErrorKind::Timeout),
            IF_HARMLESS,
            Timeout,
            Sent::Maybe,
            true,
        ),
        row(
            "attempt timeout",
            Step::Hang,
            IF_HARMLESS,
            Timeout,
            Sent::Maybe,
            true,
        ),
        row(
            "429",
            status(429, &[]),
            ALWAYS,
            RateLimited,
            Sent::Yes,
            true,
        ),
        row(
            "429 with delay",
            status(429, wait),
            ALWAYS,
            RateLimited,
            Sent::Yes,
            true,
        ),
        row("503", status(503, &[]), IF_HARMLESS, Api, Sent::Yes, true),
        row(
            "503 with delay",
            status(503, wait),
            IF_HARMLESS,
            Api,
            Sent::Yes,
            true,
        ),
        row("500", status(500, &[]), IF_HARMLESS, Api, Sent::Yes, true),
        row("502", status(502, &[]), IF_HARMLESS, Api, Sent::Yes, true),
        row("504", status(504, &[]), IF_HARMLESS, Api, Sent::Yes, true),
        row("408", status(408, &[]), IF_HARMLESS, Api, Sent::Yes, true),
        row("400", status(400, wait), NEVER, Api, Sent::Yes, false),
        row("401", status(401, wait), NEVER, Api, Sent::Yes, false),
        row("403", status(403, &[]), NEVER, Api, Sent::Yes, false),
        row("404", status(404, &[]), NEVER, Api, Sent::Yes, false),
        row("409", status(409, wait), NEVER, Api, Sent::Yes, false),
        row("410", status(410, &[]), NEVER, Api, Sent::Yes, false),
        row("422", status(422, wait), NEVER, Api, Sent::Yes, false),
        row("501", status(501, &[]), NEVER, Api, Sent::Yes, false),
        row(
            "redirect",
            status(302, &[("location", "http://elsewhere.test/")]),
            NEVER,
            Api,
            Sent::Yes,
            false,
        ),
        row(
            "undecodable",
            reply(200, &[], "{").into(),
            NEVER,
            Decode,
            Sent::Yes,
            false,
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn harmless_calls_are_retried_after_passing_failures() {
    for row in table() {
        let script = Script::always(row.failure);
        let error = read(&client(&script)).await.unwrap_err();
        let attempts = if row.read { 4 } else { 1 };
        assert_eq!(script.count(), attempts, "{}", row.name);
        assert_eq!(error.attempts() as usize, attempts, "{}", row.name);
        assert_eq!(error.kind(), row.kind, "{}", row.name);
        assert_eq!(error.sent(), row.sent, "{}", row.name);
        assert_eq!(error.is_retryable(), row.retryable, "{}", row.name);
        let exhausted = row.read.then_some(Exhausted::Attempts);
        assert_eq!(error.exhausted(), exhausted, "{}", row.name);
    }
}

#[tokio::test(start_paused = true)]
async fn other_calls_are_retried_only_if_they_were_surely_not_carried_out() {
    for row in table() {
        let script = Script::always(row.failure);
        let error = trigger(&client(&script)).await.unwrap_err();
        let attempts = if row.trigger { 4 } else { 1 };
        assert_eq!(script.count(), attempts, "{}", row.name);
        assert_eq!(error.kind(), row.kind, "{}", row.name);
        assert_eq!(error.sent(), row.sent, "{}", row.name);
        let exhausted = row.trigger.then_some(Exhausted::Attempts);
        assert_eq!(error.exhausted(), exhausted, "{}", row.name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_may_say_itself_whether_it_is_harmless() {
    for row in table() {
        let script = Script::always(row.failure.clone());
        let call = client(&script).events().retry("evt_1").idempotent(true);
        call.await.unwrap_err();
        assert_eq!(script.count() == 4, row.read, "{} made harmless", row.name);

        let script = Script::always(row.failure);
        read(&client(&script)).idempotent(false).await.unwrap_err();
        assert_eq!(
            script.count() == 4,
            row.trigger,
            "{} made harmful",
            row.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn puts_and_deletes_are_harmless_and_creates_are_not() {
    async fn attempts<T>(call: impl AsyncFnOnce(Client) -> Result<T>) -> usize {
        let script = Script::always(status(500, &[]));
        assert!(call(client(&script)).await.is_err());
        script.count()
    }
    assert_eq!(attempts(async |c| c.sources().upsert("a").await).await, 4);
    assert_eq!(attempts(async |c| c.sources().update("a").await).await, 4);
    assert_eq!(attempts(async |c| c.sources().delete("a").await).await, 4);
    assert_eq!(attempts(async |c| c.sources().disable("a").await).await, 4);
    assert_eq!(attempts(async |c| c.sources().list().await).await, 4);
    assert_eq!(attempts(async |c| c.sources().count().await).await, 4);
    assert_eq!(attempts(async |c| c.sources().create("a").await).await, 1);
    assert_eq!(attempts(async |c| c.requests().retry("a").await).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_success_after_failures_tells_what_it_took() {
    let script = Script::new([
        status(502, &[]),
        TransportErrorKind::Connect.into(),
        source("src_1").into(),
    ]);
    let response = read(&client(&script)).with_meta().await.unwrap();
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.elapsed(), script.times()[2]);
    assert_eq!(response.id, "src_1");
}

#[tokio::test(start_paused = true)]
async fn the_number_of_attempts_is_what_was_set() {
    for attempts in [1, 2, 7] {
        let script = Script::always(status(500, &[]));
        let client = builder(&script)
            .retry(Retry::standard().max_attempts(attempts))
            .build()
            .unwrap();
        let error = read(&client).await.unwrap_err();
        assert_eq!(error.attempts(), attempts);
        assert_eq!(script.count(), attempts as usize);
        assert_eq!(error.is_exhausted(), attempts > 1);
    }
    for retry in [Retry::off(), Retry::standard().max_attempts(0)] {
        let script = Script::always(status(500, &[]));
        let client = builder(&script).retry(retry).build().unwrap();
        assert_eq!(read(&client).await.unwrap_err().attempts(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn every_attempt_sends_the_same_request() {
    let script = Script::new([status(500, &[]), source("src_1").into()]);
    client(&script)
        .sources()
        .upsert("shop")
        .description("x")
        .await
        .unwrap();
    let seen = script.seen();
    assert_eq!(seen[0].body, seen[1].body);
    assert_eq!(seen[0].headers, seen[1].headers);
    assert_eq!(
        (&seen[0].method, &seen[0].path),
        (&seen[1].method, &seen[1].path)
    );
}

#[tokio::test(start_paused = true)]
async fn delays_are_jittered_under_a_doubling_ceiling() {
    let retry = Retry::standard()
        .max_attempts(6)
        .backoff(Duration::from_millis(100), Duration::from_millis(350));
    let mut longest = [Duration::ZERO; 5];
    // Enough calls that an unjittered or unbounded delay shows; each with a budget of its own.
    for _ in 0..100 {
        let script = Script::always(status(500, &[]));
        let client = builder(&script).retry(retry.clone()).build().unwrap();
        read(&client).await.unwrap_err();
        for (delay, (longest, ceiling)) in script
            .pauses()
            .iter()
            .zip(longest.iter_mut().zip([100, 200, 350, 350, 350]))
        {
            // The clock of the runtime counts whole milliseconds and rounds a wait up.
            assert!(
                *delay <= Duration::from_millis(ceiling + 1),
                "{delay:?} of {ceiling}"
            );
            *longest = (*longest).max(*delay);
        }
    }
    for (longest, ceiling) in longest.iter().zip([100, 200, 350, 350, 350]) {
        assert!(
            *longest > Duration::from_millis(ceiling / 2),
            "{longest:?} of {ceiling}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_never_shorter_than_the_server_asks() {
    let date = "Sat, 21 Nov 2026 10:00:00 GMT";
    for (code, headers, least) in [
        (429, vec![("retry-after", "7")], 7.0),
        (429, vec![("retry-after", "30.11")], 30.11),
        (503, vec![("retry-after", "2.5")], 2.5),
        (
            429,
            vec![
                ("retry-after", "Sat, 21 Nov 2026 10:00:09 GMT"),
                ("date", date),
            ],
            9.0,
        ),
        (
            503,
            vec![
                ("retry-after", "Sat, 21 Nov 2026 10:00:09 GMT"),
                ("date", date),
            ],
            9.0,
        ),
    ] {
        let script = Script::new([status(code, &headers), source("src_1").into()]);
        read(&client(&script)).await.unwrap();
        let pause = script.pauses()[0];
        let least = Duration::from_secs_f64(least);
        assert!(pause >= least, "{pause:?} for {headers:?}");
        assert!(pause <= least + SECOND, "{pause:?} for {headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_in_the_past_or_nonsense_means_no_wait_of_the_server() {
    for asked in [
        "Sat, 21 Nov 2026 09:00:00 GMT",
        "-5",
        "0",
        "soon",
        "",
        "NaN",
    ] {
        let headers = [
            ("retry-after", asked),
            ("date", "Sat, 21 Nov 2026 10:00:00 GMT"),
        ];
        let script = Script::new([status(503, &headers), source("src_1").into()]);
        let response = read(&client(&script)).with_meta().await.unwrap();
        assert!(response.elapsed() <= Duration::from_millis(251), "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_longer_than_the_cap_ends_the_call() {
    let script = Script::always(status(429, &[("retry-after", "61")]));
    let error = read(&client(&script)).await.unwrap_err();
    assert_eq!(script.count(), 1);
    assert_eq!(error.retry_after(), Some(61 * SECOND));
    assert_eq!(error.elapsed(), Duration::ZERO);

    let script = Script::new([
        status(429, &[("retry-after", "61")]),
        source("src_1").into(),
    ]);
    let client = builder(&script)
        .retry(Retry::standard().retry_after_cap(90 * SECOND))
        .build()
        .unwrap();
    read(&client).await.unwrap();
    assert!(script.pauses()[0] >= 61 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_any_range_ends_the_call_like_one_beyond_the_cap() {
    for asked in ["1e300", "inf", "1e999", "18446744073709551616"] {
        for code in [429, 503] {
            let script = Script::always(status(code, &[("retry-after", asked)]));
            let error = read(&client(&script)).await.unwrap_err();
            assert_eq!(script.count(), 1, "{asked} on {code}");
            assert_eq!(error.elapsed(), Duration::ZERO, "{asked} on {code}");
            assert!(error.retry_after() > Some(60 * SECOND), "{asked} on {code}");
        }
        // Nor does a cap without bound outlast the deadline.
        let script = Script::always(status(429, &[("retry-after", asked)]));
        let patient = builder(&script)
            .retry(Retry::standard().retry_after_cap(Duration::MAX))
            .build()
            .unwrap();
        let error = read(&patient).timeout(90 * SECOND).await.unwrap_err();
        assert_eq!(error.exhausted(), Some(Exhausted::Deadline), "{asked}");
        assert_eq!((script.count(), error.elapsed()), (1, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_aeons_breaks_nothing() {
    for asked in ["1e15", "1e18", "18446744073709551615", "1e19"] {
        for code in [200, 429, 503] {
            let headers = [
                ("retry-after", asked),
                ("x-ratelimit-limit", "240"),
                ("x-ratelimit-remaining", "239"),
            ];
            let body = source("src_1").to_string();
            let script = Script::always(reply(code, &headers, &body));
            let client = builder(&script)
                .retry(Retry::standard().retry_after_cap(Duration::MAX))
                .build()
                .unwrap();
            let outcome = read(&client).await;
            assert_eq!(outcome.is_ok(), code == 200, "{asked} on {code}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_header_on_a_success_delays_nothing() {
    let headers = [("retry-after", "51.061")];
    let script = Script::always(reply(200, &headers, &source("src_1").to_string()));
    let client = support::client(&script);
    for _ in 0..5 {
        read(&client).await.unwrap();
    }
    assert_eq!(script.times(), [Duration::ZERO; 5]);
}

#[tokio::test(start_paused = true)]
async fn the_header_counts_only_where_it_asks_to_come_back() {
    for code in [400, 401, 404, 409, 422, 500, 502] {
        let script = Script::always(status(code, &[("retry-after", "40")]));
        let error = read(&client(&script)).await.unwrap_err();
        assert_eq!(error.retry_after(), None, "{code}");
        assert!(error.elapsed() < 5 * SECOND, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_may_have_done_is_not_forgotten() {
    let last_connects = |first: Step| Script::new([first]).then_always(TransportErrorKind::Connect);
    for (first, sent) in [
        (TransportErrorKind::Connect.into(), Sent::No),
        (TransportErrorKind::Interrupted.into(), Sent::Maybe),
        (Step::Hang, Sent::Maybe),
        (status(500, &[]), Sent::Yes),
    ] {
        let script = last_connects(first);
        let call = client(&script).events().retry("evt_1").idempotent(true);
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_eq!(error.sent(), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn retries_stop_when_the_budget_is_used_up_and_the_failure_is_what_is_told() {
    let script = Script::always(status(500, &[]));
    let client = builder(&script)
        .rate_limit(RateLimit::off())
        .retry(
            Retry::standard()
                .max_attempts(1000)
                .backoff(Duration::ZERO, Duration::ZERO),
        )
        .timeouts(Timeouts::default().without_total())
        .build()
        .unwrap();
    let error = read(&client).await.unwrap_err();
    assert_eq!(error.exhausted(), Some(Exhausted::Budget));
    assert_eq!(error.status().unwrap().as_u16(), 500);
    assert!(error.attempts() > 1);
    assert!(error.to_string().contains("retry budget"), "{error}");
    // Another call is made, but not retried, until time has refilled the budget.
    assert_eq!(read(&client).await.unwrap_err().attempts(), 1);
    tokio::time::advance(60 * SECOND).await;
    assert!(read(&client).await.unwrap_err().attempts() > 1);
}
