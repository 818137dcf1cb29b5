//! Pages fetched ahead: when, how many, in which order, and never for nothing.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use hookdeck::{CallEvent, ErrorKind, Observer};
use support::Table;

const SECOND: Duration = Duration::from_secs(1);

fn table() -> Table {
    let ids = (0..12).map(|number| format!("src_{number:02}"));
    Table::new(ids, 3).slow(SECOND)
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Lets every task do what it can without time passing.
async fn quiet() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_following_page_comes_while_items_are_worked_on() {
    for (ahead, seconds) in [(0, 16), (1, 13), (2, 13)] {
        let table = table();
        let mut items = table.client().sources().list().items().prefetch(ahead);
        let began = tokio::time::Instant::now();
        while items.try_next().await.unwrap().is_some() {
            tokio::time::sleep(SECOND).await;
        }
        assert_eq!(began.elapsed(), SECOND * seconds, "{ahead} ahead");
        assert_eq!(table.calls(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_pages_are_held_than_asked_for() {
    for (ahead, calls) in [(0, 1), (1, 2), (2, 3), (3, 4), (100, 4)] {
        let table = table();
        let mut items = table.client().sources().list().items().prefetch(ahead);
        items.try_next().await.unwrap();
        tokio::time::sleep(SECOND * 60).await;
        assert_eq!(table.calls(), calls, "{ahead} ahead");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_before_it_is_polled_nor_past_what_is_taken() {
    let table = table();
    let client = table.client();
    let untouched = client.sources().list().items().prefetch(2);
    tokio::time::sleep(SECOND * 60).await;
    assert_eq!((table.calls(), alive_tasks()), (0, 0));
    drop(untouched);
    for (take, calls) in [
        (0, 0),
        (1, 1),
        (3, 1),
        (4, 2),
        (6, 2),
        (7, 3),
        (12, 4),
        (99, 4),
    ] {
        for ahead in [0, 1, 2] {
            let before = table.calls();
            let items = client.sources().list().items().prefetch(ahead).take(take);
            let got = items.map(Result::unwrap).count().await;
            assert_eq!(got, take.min(12));
            tokio::time::sleep(SECOND * 60).await;
            assert_eq!(table.calls() - before, calls, "{take} with {ahead} ahead");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_where_the_list_is_resumed() {
    let client = table().client();
    for take in [2, 3, 12] {
        let mut items = client.sources().list().items().prefetch(1).take(take);
        while items.try_next().await.unwrap().is_some() {}
        let place = items.cursor().unwrap();
        let rest = client.sources().list().resume(&place).items();
        assert_eq!(rest.map(Result::unwrap).count().await, 12 - take);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_after_the_items_before_it_and_ends_the_stream() {
    for ahead in [0, 1, 4] {
        let table = table().failing(2, 404);
        let client = table.client();
        let mut items = client.sources().list().items().prefetch(ahead);
        for _ in 0..6 {
            items.try_next().await.unwrap().expect("two pages come");
            tokio::time::sleep(SECOND * 5).await;
        }
        assert!(items.try_next().await.unwrap_err().is_not_found());
        assert!(items.next().await.is_none());
        assert_eq!(table.calls(), 3);
        let place = items.cursor().unwrap();
        let rest = client.sources().list().resume(&place).items();
        assert_eq!(rest.map(Result::unwrap).count().await, 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_leaves_no_task_and_no_call_wherever_it_is_dropped() {
    for items_taken in 0..=12 {
        for wait in [Duration::ZERO, SECOND / 2] {
            let table = table();
            let mut items = table.client().sources().list().items().prefetch(2);
            for _ in 0..items_taken {
                items.try_next().await.unwrap();
            }
            tokio::time::sleep(wait).await;
            let asked = tokio::time::timeout(Duration::from_millis(1), items.next()).await;
            let calls = table.calls();
            drop(asked);
            drop(items);
            quiet().await;
            assert_eq!(alive_tasks(), 0, "after {items_taken}");
            tokio::time::sleep(SECOND * 60).await;
            assert_eq!(table.calls(), calls, "after {items_taken}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_fetched_ahead_and_their_cursor_still_lags() {
    let table = table();
    let mut pages = table.client().sources().list().pages().prefetch(1);
    pages.try_next().await.unwrap().unwrap();
    tokio::time::sleep(SECOND * 5).await;
    assert_eq!(table.calls(), 2);
    assert_eq!(pages.cursor(), None);
    let second = pages.try_next().await.unwrap().unwrap();
    let again = table
        .client()
        .sources()
        .list()
        .resume(pages.cursor().unwrap());
    assert_eq!(again.await.unwrap().items, second.items);
}

/// Breaks down in the middle of a list.
#[derive(Debug)]
struct Broken(Table);

impl hookdeck::transport::Transport for Broken {
    fn send(&self, request: hookdeck::transport::HttpRequest) -> hookdeck::transport::Exchange<'_> {
        assert_eq!(self.0.calls(), 0, "broken on purpose");
        self.0.send(request)
    }
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "broken on purpose")]
async fn a_panic_while_fetching_ahead_is_not_the_end_of_the_list() {
    let client = hookdeck::Client::builder(support::fresh_key())
        .transport(Broken(table()))
        .build()
        .unwrap();
    let mut items = client.sources().list().items().prefetch(1);
    while items.try_next().await.unwrap().is_some() {}
}

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn observe(&self, event: &CallEvent<'_>) {
        if let CallEvent::Page {
            operation,
            page,
            items,
            ..
        } = event
        {
            let line = format!("{operation} {page} {items}");
            self.0.lock().unwrap().push(line);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_every_page() {
    for ahead in [0, 1] {
        let log = Log::default();
        let table = Table::new(["src_1", "src_2", "src_3"], 2);
        let client = table.builder().observer(log.clone()).build().unwrap();
        let items = client.sources().list().items().prefetch(ahead);
        assert_eq!(items.count().await, 3);
        assert_eq!(*log.0.lock().unwrap(), ["getSources 1 2", "getSources 2 1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_repeats_is_noticed_when_resumed_within_its_page() {
    let page = support::sources(&["src_1", "src_2"], Some("n1"), None);
    let script = support::Script::always(page);
    let place = "next@src_1:n1".parse().unwrap();
    let list = support::client(&script).sources().list().resume(&place);
    let mut items = list.items().prefetch(1);
    assert_eq!(items.try_next().await.unwrap().unwrap().id, "src_2");
    let error = items.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert_eq!(script.count(), 1);
}
