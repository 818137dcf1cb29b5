//! Pacing: the quota is kept before the API has to refuse anything.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookdeck::{
    CallEvent, Client, ErrorKind, Exhausted, Observer, RateLimit, Retry, Sent, Timeouts,
};
use http::StatusCode;
use support::{Script, builder, fresh_key, reply, source};

const SECOND: Duration = Duration::from_secs(1);

fn quota(limit: &str, remaining: &str, resets_in: &str) -> http::Response<bytes::Bytes> {
    let headers = [
        ("x-ratelimit-limit", limit),
        ("x-ratelimit-remaining", remaining),
        ("retry-after", resets_in),
    ];
    reply(200, &headers, &source("src_1").to_string())
}

fn limited(script: &Script, calls: u32) -> Client {
    builder(script)
        .rate_limit(RateLimit::new(calls, 60 * SECOND))
        .timeouts(Timeouts::default().without_total())
        .build()
        .unwrap()
}

async fn get(client: &Client) {
    client.sources().get("src_1").await.unwrap();
}

/// Starts a call on a task of its own and lets it go as far as it can.
async fn start(client: &Client) -> tokio::task::JoinHandle<()> {
    let client = client.clone();
    let task = tokio::spawn(async move { get(&client).await });
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    task
}

#[tokio::test(start_paused = true)]
async fn a_window_is_spent_at_once_and_then_waited_out() {
    let script = Script::always(source("src_1"));
    let client = limited(&script, 3);
    for _ in 0..7 {
        get(&client).await;
    }
    let times: Vec<_> = script.times().iter().map(Duration::as_secs).collect();
    assert_eq!(times, [0, 0, 0, 60, 60, 60, 120]);
}

#[tokio::test(start_paused = true)]
async fn the_default_is_240_a_minute() {
    let script = Script::always(source("src_1"));
    let client = support::client(&script);
    for _ in 0..241 {
        get(&client).await;
    }
    let times = script.times();
    assert_eq!(times[239], Duration::ZERO);
    assert_eq!(times[240], 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_limit_and_the_window_are_read_off_the_replies() {
    let script = Script::new([quota("2", "1", "7.5")]).then_always(source("src_1"));
    let client = support::client(&script);
    for _ in 0..3 {
        get(&client).await;
    }
    assert_eq!(
        script.times(),
        [Duration::ZERO, Duration::ZERO, Duration::from_millis(7500)]
    );
}

#[tokio::test(start_paused = true)]
async fn what_other_processes_spent_is_not_spent_again() {
    let script = Script::new([quota("240", "1", "30")]).then_always(source("src_1"));
    let client = support::client(&script);
    for _ in 0..3 {
        get(&client).await;
    }
    assert_eq!(
        script.times(),
        [Duration::ZERO, Duration::ZERO, 30 * SECOND]
    );
}

#[tokio::test(start_paused = true)]
async fn failures_tell_of_the_quota_too_but_not_a_rejected_key() {
    let headers = [
        ("x-ratelimit-limit", "240"),
        ("x-ratelimit-remaining", "0"),
        ("retry-after", "20"),
    ];
    for (status, waited) in [(422, 20), (401, 0)] {
        let script = Script::new([reply(status, &headers, "")]).then_always(source("src_1"));
        let client = support::client(&script);
        client.sources().get("src_1").await.unwrap_err();
        get(&client).await;
        assert_eq!(script.times()[1].as_secs(), waited, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_make_no_sense_are_not_believed() {
    for headers in [
        ("many", "1", "7"),
        ("240", "-1", "7"),
        ("240", "0", "soon"),
        ("240", "0", "1e9"),
        ("240", "0", ""),
    ] {
        let script =
            Script::new([quota(headers.0, headers.1, headers.2)]).then_always(source("src_1"));
        let client = support::client(&script);
        get(&client).await;
        get(&client).await;
        assert_eq!(script.times()[1], Duration::ZERO, "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_nothing_still_lets_one_call_through_a_window() {
    let script = Script::new([quota("0", "0", "5")]).then_always(source("src_1"));
    let client = support::client(&script);
    get(&client).await;
    get(&client).await;
    assert_eq!(script.times()[1], 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_holds_back_every_call_of_the_key() {
    let script = Script::new([reply(429, &[("retry-after", "12")], "Too Many Requests")])
        .then_always(source("src_1"));
    let key = fresh_key();
    let client = |retry| {
        Client::builder(key.as_str())
            .base_url("http://api.test")
            .transport(script.clone())
            .retry(retry)
            .build()
            .unwrap()
    };
    let (refused, other) = (client(Retry::off()), client(Retry::standard()));
    let error = refused.sources().get("src_1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    get(&other).await;
    assert_eq!(script.times(), [Duration::ZERO, 12 * SECOND]);
}

#[tokio::test(start_paused = true)]
async fn other_keys_and_hosts_are_not_held_back() {
    let script = Script::always(source("src_1"));
    let key = fresh_key();
    let client = |key: &str, host: &str| {
        Client::builder(key)
            .base_url(host)
            .transport(script.clone())
            .rate_limit(RateLimit::per_minute(1))
            .build()
            .unwrap()
    };
    let used_up = client(&key, "http://api.test");
    get(&used_up).await;
    get(&client(&key, "http://api.test:81")).await;
    get(&client(&fresh_key(), "http://api.test")).await;
    assert_eq!(script.times(), [Duration::ZERO; 3]);
    get(&client(&key, "http://api.test/with/a/path")).await;
    assert_eq!(script.times()[3], 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn clones_and_clients_of_one_key_share_the_quota() {
    let script = Script::always(source("src_1"));
    let key = fresh_key();
    let client = || {
        Client::builder(key.as_str())
            .base_url("http://api.test")
            .transport(script.clone())
            .rate_limit(RateLimit::per_minute(2))
            .build()
            .unwrap()
    };
    let (one, two) = (client(), client());
    get(&one).await;
    get(&two).await;
    get(&one.clone()).await;
    assert_eq!(
        script.times(),
        [Duration::ZERO, Duration::ZERO, 60 * SECOND]
    );
}

#[tokio::test(start_paused = true)]
async fn switched_off_nothing_is_held_back() {
    let script = Script::new([quota("1", "0", "30")]).then_always(source("src_1"));
    let client = builder(&script)
        .rate_limit(RateLimit::off())
        .build()
        .unwrap();
    for _ in 0..500 {
        get(&client).await;
    }
    assert_eq!(script.times().last(), Some(&Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_fails_at_once_and_sends_nothing() {
    let script = Script::always(source("src_1"));
    let client = limited(&script, 1);
    get(&client).await;
    // At the deadline itself there would be no time left for the call.
    for seconds in [5, 60] {
        let call = client.sources().get("src_1").timeout(seconds * SECOND);
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert_eq!((error.sent(), error.attempts()), (Sent::No, 0));
        assert_eq!(error.exhausted(), Some(Exhausted::Deadline));
        assert_eq!(error.elapsed(), Duration::ZERO);
        assert!(error.is_retryable());
    }
    assert_eq!(script.count(), 1);
    client
        .sources()
        .get("src_1")
        .timeout(61 * SECOND)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_too_far_back_in_the_queue_fails_at_once() {
    let script = Script::always(source("src_1"));
    let client = limited(&script, 1);
    get(&client).await;
    let ahead = start(&client).await;
    // The one ahead takes the window that begins after 60 seconds.
    for seconds in [90, 120] {
        let call = client.sources().get("src_1").timeout(seconds * SECOND);
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert_eq!((error.sent(), error.attempts()), (Sent::No, 0));
        assert_eq!(error.elapsed(), Duration::ZERO);
    }
    let in_time = client.sources().get("src_1").timeout(121 * SECOND);
    in_time.await.unwrap();
    ahead.await.unwrap();
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_rather_than_the_wait_it_led_to() {
    let script = Script::always(reply(500, &[], ""));
    let client = limited(&script, 1);
    let error = client
        .sources()
        .get("src_1")
        .timeout(10 * SECOND)
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(
        (error.attempts(), error.exhausted()),
        (1, Some(Exhausted::Deadline))
    );
}

#[tokio::test(start_paused = true)]
async fn calls_that_never_reached_the_api_spend_nothing() {
    use hookdeck::transport::TransportErrorKind::{Connect, Interrupted};
    for (kind, waited) in [(Connect, 0), (Interrupted, 60)] {
        let script = Script::new([kind]).then_always(source("src_1"));
        let client = builder(&script)
            .rate_limit(RateLimit::per_minute(1))
            .retry(Retry::off())
            .build()
            .unwrap();
        client.sources().get("src_1").await.unwrap_err();
        get(&client).await;
        assert_eq!(script.times()[1].as_secs(), waited, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_calls_are_served_in_the_order_they_came() {
    let script = Script::always(source("src_1"));
    let client = limited(&script, 2);
    get(&client).await;
    get(&client).await;
    let mut tasks = Vec::new();
    for id in ["a", "b", "c", "d", "e"] {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            client.sources().get(id).timeout(600 * SECOND).await
        }));
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let order: Vec<_> = script.seen()[2..]
        .iter()
        .map(|seen| {
            (
                seen.path.rsplit('/').next().unwrap().to_owned(),
                seen.at.as_secs(),
            )
        })
        .collect();
    let expected = [("a", 60), ("b", 60), ("c", 120), ("d", 120), ("e", 180)];
    assert_eq!(order, expected.map(|(id, at)| (id.to_owned(), at)));
}

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn observe(&self, event: &CallEvent<'_>) {
        let line = match event {
            CallEvent::Waiting { operation, wait } => {
                format!("{operation} waits {}s", wait.as_secs())
            }
            CallEvent::Attempt {
                operation,
                attempt,
                status,
                elapsed,
            } => {
                let status = status.map_or(0, |status| status.as_u16());
                format!(
                    "{operation} {attempt} -> {status} in {}s",
                    elapsed.as_secs()
                )
            }
            CallEvent::Retrying {
                operation,
                attempt,
                delay,
                error,
            } => {
                assert!(*delay <= 3 * SECOND);
                format!("{operation} {attempt} again after {:?}", error.kind())
            }
            _ => "something new".to_owned(),
        };
        self.0.lock().unwrap().push(line);
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_attempts_retries_and_waits_in_order() {
    let log = Log::default();
    let slow = support::Step::from(source("src_1")).after(2 * SECOND);
    let script = Script::new([
        reply(500, &[], "").into(),
        reply(429, &[("retry-after", "3")], "").into(),
        slow,
    ])
    .then_always(source("src_1"));
    let client = builder(&script)
        .rate_limit(RateLimit::new(3, 60 * SECOND))
        .observer(log.clone())
        .build()
        .unwrap();
    get(&client).await;
    assert_eq!(
        log.lines(),
        [
            "getSource 1 -> 500 in 0s",
            "getSource 1 again after Api",
            "getSource 2 -> 429 in 0s",
            "getSource 2 again after RateLimited",
            "getSource 3 -> 200 in 2s",
        ]
    );
    get(&client).await;
    let lines = log.lines();
    assert!(lines[0].starts_with("getSource waits 5"), "{lines:?}");
    assert_eq!(lines[1..], ["getSource 1 -> 200 in 0s"]);
}

#[tokio::test(start_paused = true)]
async fn every_call_held_back_is_told_of_when_it_is() {
    let log = Log::default();
    let script = Script::always(source("src_1"));
    let client = builder(&script)
        .rate_limit(RateLimit::per_minute(1))
        .timeouts(Timeouts::default().without_total())
        .observer(log.clone())
        .build()
        .unwrap();
    get(&client).await;
    log.lines();
    let waiting = [start(&client).await, start(&client).await];
    // The second knows that the first is before it.
    assert_eq!(log.lines(), ["getSource waits 60s", "getSource waits 120s"]);
    for task in waiting {
        task.await.unwrap();
    }
}
