//! A call may be dropped anywhere: it leaves no task behind and takes no quota it did not use.

mod support;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hookdeck::transport::TransportErrorKind;
use hookdeck::{Client, RateLimit};
use support::{Script, Step, builder, reply, source, sources};

const LIMIT: u32 = 5;

/// Polls a future until it is done, or so many times; tells whether it is done.
async fn poll_times<F: Future + Unpin>(future: &mut F, polls: usize) -> bool {
    for _ in 0..polls {
        let mut context = Context::from_waker(Waker::noop());
        if Pin::new(&mut *future).poll(&mut context).is_ready() {
            return true;
        }
        // What it waits for happens: a timer fires, a yield passes.
        tokio::time::advance(Duration::from_millis(300)).await;
    }
    false
}

/// How many calls go out before one has to wait.
async fn left(client: &Client, script: &Script) -> usize {
    script.skip_to_the_end();
    // What the script's 429 holds back goes on.
    tokio::time::advance(Duration::from_secs(5)).await;
    let before = script.count();
    let hurried = async || {
        let call = client.sources().get("src_1");
        call.timeout(Duration::from_secs(1)).await
    };
    while hurried().await.is_ok() {}
    script.count() - before
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Drops what `make` makes after every number of polls there is, and checks what it leaves behind.
async fn drop_everywhere<F: Future + Unpin>(
    script: impl Fn() -> Script,
    make: impl Fn(&Client) -> F,
) {
    let mut polls = 0;
    loop {
        let script = script();
        let client = builder(&script)
            .rate_limit(RateLimit::new(LIMIT, Duration::from_secs(3600)))
            .build()
            .unwrap();
        let mut future = make(&client);
        let done = poll_times(&mut future, polls).await;
        drop(future);
        let sent = script.count();
        assert_eq!(alive_tasks(), 0, "a task remains after {polls} polls");
        let left = left(&client, &script).await;
        assert_eq!(left, LIMIT as usize - sent, "after {polls} polls");
        if done {
            assert!(polls > 3, "the script leaves no places to drop at");
            return;
        }
        polls += 1;
        assert!(polls < 100, "never done");
    }
}

fn slow(step: impl Into<Step>) -> Step {
    step.into().yielding(3)
}

#[tokio::test(start_paused = true)]
async fn a_call_between_its_attempts_and_within_them() {
    let script = || {
        Script::new([
            slow(reply(500, &[], "")),
            slow(reply(429, &[("retry-after", "1")], "")),
            slow(source("src_1")),
        ])
        .then_always(source("src_1"))
    };
    drop_everywhere(script, |client| client.sources().get("src_1").into_future()).await;
    drop_everywhere(script, |client| {
        client.sources().get("src_1").with_meta().into_future()
    })
    .await;
    drop_everywhere(script, |client| {
        client.sources().upsert("shop").into_future()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_between_its_pages_and_within_them() {
    let script = || {
        Script::new([
            slow(sources(&["a"], Some("n1"), None)),
            slow(sources(&["b"], None, None)),
        ])
        .then_always(source("src_1"))
    };
    drop_everywhere(script, |client| {
        let mut items = client.sources().list().items();
        Box::pin(async move { while items.try_next().await.unwrap().is_some() {} })
    })
    .await;
    drop_everywhere(script, |client| {
        let mut pages = client.sources().list().pages();
        Box::pin(async move { while pages.try_next().await.unwrap().is_some() {} })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_connects() {
    let script = || Script::new([slow(TransportErrorKind::Connect)]).then_always(source("src_1"));
    let script = script();
    let client = builder(&script)
        .rate_limit(RateLimit::new(LIMIT, Duration::from_secs(3600)))
        .build()
        .unwrap();
    client.sources().get("src_1").await.unwrap();
    assert_eq!(left(&client, &script).await, LIMIT as usize - 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_call_gives_up_its_place() {
    for polls in 0..5 {
        let script = Script::always(source("src_1"));
        let client = builder(&script)
            .rate_limit(RateLimit::per_minute(1))
            .build()
            .unwrap();
        client.sources().get("first").await.unwrap();
        let mut one = client.sources().get("dropped").into_future();
        let mut two = client.sources().get("dropped too").into_future();
        assert!(!poll_times(&mut one, polls).await);
        assert!(!poll_times(&mut two, polls).await);
        drop(one);
        drop(two);
        client.sources().get("last").await.unwrap();
        let paths: Vec<_> = script.seen().into_iter().map(|seen| seen.path).collect();
        assert_eq!(paths.len(), 2, "{paths:?}");
        assert!(paths[1].ends_with("/last"));
        assert_eq!(script.times()[1], Duration::from_secs(60));
        assert_eq!(alive_tasks(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_waited_for_in_vain_is_fetched_again_by_the_same_stream() {
    let script = Script::new([
        sources(&["a"], Some("n1"), None).into(),
        slow(sources(&["b"], None, None)),
    ]);
    let client = support::client(&script);
    let mut items = client.sources().list().items();
    assert_eq!(items.try_next().await.unwrap().unwrap().id, "a");
    {
        let mut next = std::pin::pin!(items.next());
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(next.as_mut().poll(&mut context), Poll::Pending));
    }
    // The wait was dropped, not the page it was for.
    assert_eq!(items.try_next().await.unwrap().unwrap().id, "b");
    assert_eq!(script.count(), 2);
}
