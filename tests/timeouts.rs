//! How long things may take: an attempt, a whole call, a page of a stream.

mod support;

use std::time::Duration;

use hookdeck::models::Source;
use hookdeck::transport::TransportErrorKind;
use hookdeck::{Call, Client, ErrorKind, Exhausted, RateLimit, Retry, Sent, Timeouts};
use support::{Script, Step, builder, reply, source, sources};

const SECOND: Duration = Duration::from_secs(1);

fn client(script: &Script) -> Client {
    builder(script)
        .rate_limit(RateLimit::off())
        .timeouts(Timeouts::default().attempt(5 * SECOND))
        .build()
        .unwrap()
}

fn read(client: &Client) -> Call<Source> {
    client.sources().get("src_1")
}

fn status(code: u16, headers: &[(&str, &str)]) -> Step {
    reply(code, headers, "").into()
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_not_slept_past_and_the_last_failure_is_what_is_told() {
    let script = Script::new([
        status(502, &[]),
        reply(
            503,
            &[("retry-after", "20")],
            r#"{"code":"FATAL_ERROR","message":"over there"}"#,
        )
        .into(),
    ]);
    let error = read(&client(&script))
        .timeout(10 * SECOND)
        .await
        .unwrap_err();
    assert!(error.elapsed() < SECOND, "{:?}", error.elapsed());
    assert_eq!(error.exhausted(), Some(Exhausted::Deadline));
    assert_eq!(
        (error.attempts(), error.status().unwrap().as_u16()),
        (2, 503)
    );
    assert_eq!(error.api().unwrap().message(), "over there");
    assert!(error.to_string().contains("deadline"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_cut_off_at_the_deadline() {
    let script = Script::always(Step::Hang);
    let error = read(&client(&script))
        .timeout(2 * SECOND)
        .await
        .unwrap_err();
    assert_eq!(error.elapsed(), 2 * SECOND);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert_eq!(error.exhausted(), Some(Exhausted::Deadline));
}

#[tokio::test(start_paused = true)]
async fn the_client_sets_the_deadline_of_all_calls_and_each_call_its_own() {
    let script = Script::always(Step::Hang);
    let client = builder(&script)
        .timeouts(
            Timeouts::default()
                .attempt(3 * SECOND)
                .total(Duration::from_millis(4500)),
        )
        .build()
        .unwrap();
    let error = read(&client).await.unwrap_err();
    assert_eq!(error.elapsed(), Duration::from_millis(4500));
    assert_eq!(error.attempts(), 2);
    let error = client
        .sources()
        .list()
        .timeout(SECOND)
        .with_meta()
        .await
        .unwrap_err();
    assert_eq!(error.elapsed(), SECOND);
    let error = client
        .sources()
        .update("src_1")
        .timeout(SECOND)
        .await
        .unwrap_err();
    assert_eq!(error.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_all_attempts_are_made() {
    let script = Script::always(Step::Hang);
    let client = builder(&script)
        .timeouts(Timeouts::default().attempt(90 * SECOND).without_total())
        .build()
        .unwrap();
    let error = read(&client).await.unwrap_err();
    assert_eq!(error.attempts(), 4);
    assert!(error.elapsed() >= 360 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn timeouts_beyond_what_a_clock_counts_mean_none() {
    let script = Script::always(source("src_1"));
    let client = builder(&script)
        .timeouts(
            Timeouts::default()
                .attempt(Duration::MAX)
                .total(Duration::MAX),
        )
        .build()
        .unwrap();
    read(&client).await.unwrap();
    read(&client).timeout(Duration::MAX).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_without_time_is_not_sent() {
    let script = Script::always(source("src_1"));
    let error = read(&client(&script))
        .timeout(Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(script.count(), 0);
    assert_eq!(
        (error.kind(), error.sent(), error.attempts()),
        (ErrorKind::Timeout, Sent::No, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_given_up_and_made_again() {
    let script = Script::new([Step::Hang, source("src_1").into()]);
    let response = read(&client(&script)).with_meta().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert!(script.times()[1] >= 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_just_in_time_is_not_given_up() {
    let step = Step::from(source("src_1")).after(5 * SECOND - Duration::from_millis(1));
    let script = Script::new([step]);
    read(&client(&script)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_default_gives_an_attempt_half_a_minute_and_a_call_two() {
    let script = Script::always(Step::Hang);
    let error = read(&support::client(&script)).await.unwrap_err();
    assert!(script.pauses()[0] >= 30 * SECOND);
    assert_eq!(error.elapsed(), 120 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_list_is_that_of_each_of_its_pages() {
    let slow = |next| Step::from(sources(&["a"], next, None)).after(4 * SECOND);
    let script = Script::new([slow(Some("n1")), slow(Some("n2")), slow(None)]);
    let mut items = client(&script).sources().list().timeout(5 * SECOND).items();
    for _ in 0..3 {
        items.try_next().await.unwrap().unwrap();
    }
    assert!(items.try_next().await.unwrap().is_none());
    assert_eq!(script.times()[2], 8 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_the_transport_is_one_too() {
    let script = Script::always(TransportErrorKind::Timeout);
    let client = builder(&script).retry(Retry::off()).build().unwrap();
    let error = read(&client).await.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable());
    assert_eq!(error.sent(), Sent::Maybe);
}
