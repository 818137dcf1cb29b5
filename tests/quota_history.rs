//! An error remembers every attempt: what failed, when, and how long was waited after it.

mod support;

use std::time::Duration;

use hookdeck::transport::TransportErrorKind;
use hookdeck::{ErrorKind, Exhausted, RateLimit, Retry, Sent};
use support::{Script, Step, builder, reply};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn each_attempt_is_told_in_order() {
    let slow = Step::from(reply(500, &[], r#"{"message":"oh"}"#)).after(2 * SECOND);
    let script = Script::new([
        slow,
        TransportErrorKind::Connect.into(),
        reply(429, &[("retry-after", "7")], "Too Many Requests").into(),
        reply(422, &[], r#"{"data":["name is required"]}"#).into(),
    ]);
    let client = builder(&script)
        .retry(Retry::standard().backoff(SECOND, SECOND))
        .build()
        .unwrap();
    let error = client.sources().get("src_1").await.unwrap_err();
    let history = error.history();
    let kinds: Vec<_> = history
        .iter()
        .map(|attempt| {
            (
                attempt.kind,
                attempt.status.map(|s| s.as_u16()),
                attempt.sent,
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            (ErrorKind::Api, Some(500), Sent::Yes),
            (ErrorKind::Connect, None, Sent::No),
            (ErrorKind::RateLimited, Some(429), Sent::Yes),
            (ErrorKind::Api, Some(422), Sent::Yes),
        ]
    );
    assert_eq!(history[0].after, 2 * SECOND);
    for pair in history.windows(2) {
        let delay = pair[0].delay.unwrap();
        // The clock of tests moves by milliseconds.
        let waited = pair[1].after - pair[0].after;
        assert!(
            waited >= delay && waited <= delay + Duration::from_millis(2),
            "{pair:?}"
        );
    }
    assert_eq!(history[2].delay, Some(7 * SECOND));
    assert_eq!(history[3].delay, None);
    assert_eq!(history[3].message, "422 name is required");
    assert!(
        history[0]
            .to_string()
            .starts_with("after 2.0s: 500 oh, next in ")
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_given_up_before_its_next_attempt_keeps_the_others() {
    let script = Script::new([
        Step::from(reply(500, &[], "")),
        reply(200, &[], "{}").into(),
    ]);
    let client = builder(&script)
        .rate_limit(RateLimit::per_minute(1))
        .build()
        .unwrap();
    let call = client.sources().get("src_1").timeout(30 * SECOND);
    let error = call.await.unwrap_err();
    assert_eq!(error.exhausted(), Some(Exhausted::Deadline));
    assert_eq!(error.history().len(), 1);
    assert_eq!(error.history()[0].status, error.status());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_attempted_has_none() {
    let script = Script::always(reply(200, &[], "{}"));
    let client = builder(&script).build().unwrap();
    let error = client.sources().get("").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.history().is_empty());
}
