//! Walking lists: pages and items, forwards and backwards, interrupted and resumed.

mod support;

use futures_util::stream::{FusedStream, Stream};
use futures_util::{StreamExt, TryStreamExt};
use hookdeck::models::{Attempt, EventFilter, EventStatus, Source, SourceFilter};
use hookdeck::paging::{Items, Pages};
use hookdeck::query::{Direction, after, at_least};
use hookdeck::transport::TransportErrorKind;
use hookdeck::types::Timestamp;
use hookdeck::{Cursor, Error, ErrorKind, Retry, Sent};
use serde_json::json;
use support::{Script, Step, builder, client, page, reply, source, sources};

fn ids(items: &[Source]) -> Vec<&str> {
    items.iter().map(|source| source.id.as_str()).collect()
}

async fn all(items: Items<SourceFilter>) -> Result<Vec<String>, Error> {
    items
        .map_ok(|source| source.id.to_string())
        .try_collect()
        .await
}

#[test]
fn streams_go_wherever_a_task_goes() {
    fn goes<T: Send + Unpin + 'static>() {}
    fn fused<T: FusedStream>() {}
    goes::<Items<EventFilter>>();
    goes::<Pages<EventFilter>>();
    fused::<Items<SourceFilter>>();
    fused::<Pages<SourceFilter>>();
}

#[tokio::test(start_paused = true)]
async fn all_items_come_in_order_and_empty_pages_are_walked_over() {
    let script = Script::new([
        sources(&["a", "b"], Some("n1"), None),
        sources(&[], Some("n2"), Some("p1")),
        sources(&[], Some("n3"), Some("p2")),
        sources(&["c"], None, Some("p3")),
    ]);
    let items = client(&script).sources().list().items();
    assert_eq!(all(items).await.unwrap(), ["a", "b", "c"]);
    assert_eq!(script.queries(), ["", "next=n1", "next=n2", "next=n3"]);
}

/// JavaScript writes a text that was cut in the middle of an emoji with half of the pair, which no Rust text
/// can hold.
#[tokio::test]
async fn half_an_emoji_in_a_row_fails_no_page() {
    let cut = source("src_1")
        .to_string()
        .replace("source src_1", r"cut \ud83d off");
    let whole = source("src_2")
        .to_string()
        .replace("source src_2", r"\ud83d\ude00");
    let page = format!(r#"{{"pagination":{{}},"count":2,"models":[{cut},{whole}]}}"#);
    let script = Script::new([reply(200, &[], &page)]);
    let items: Vec<_> = client(&script).sources().list().items().collect().await;
    let names: Vec<_> = items.into_iter().map(|item| item.unwrap().name).collect();
    assert_eq!(names, ["cut \u{fffd} off", "\u{1f600}"]);
}

#[tokio::test(start_paused = true)]
async fn pages_are_passed_on_as_they_are() {
    let script = Script::new([
        sources(&["a", "b"], Some("n1"), None),
        sources(&[], Some("n2"), Some("p1")),
        sources(&["c"], None, Some("p2")),
    ]);
    let pages: Vec<_> = client(&script)
        .sources()
        .list()
        .pages()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(pages.len(), 3);
    assert_eq!(ids(&pages[0].items), ["a", "b"]);
    assert_eq!((pages[0].count, pages[0].limit), (Some(2), Some(100)));
    assert_eq!(pages[0].prev, None);
    assert!(pages[1].items.is_empty());
    assert_eq!(pages[2].next, None);
    assert_eq!(pages[2].prev.as_ref().unwrap().to_string(), "prev:p2");
}

#[tokio::test(start_paused = true)]
async fn the_last_page_may_have_no_null_or_empty_cursors() {
    for pagination in [
        json!({}),
        json!({"next": null, "prev": null}),
        json!({"next": "", "prev": ""}),
        json!({"order_by": ["created_at", "id"], "dir": ["DESC", "asc"], "limit": 250}),
    ] {
        let mut last = sources(&["b"], None, None);
        last["pagination"] = pagination.clone();
        let script = Script::new([sources(&["a"], Some("n1"), None), last]);
        let items = client(&script).sources().list().items();
        assert_eq!(all(items).await.unwrap(), ["a", "b"], "{pagination}");
    }
    let script = Script::new([json!({"models": [support::source("a")]})]);
    let items = client(&script).sources().list().items();
    assert_eq!(all(items).await.unwrap(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn filters_and_options_hold_for_every_page() {
    let empty = |next: Option<&str>| Step::from(page(&[], next, None));
    let script = Script::new([empty(Some("n1")), empty(Some("n2")), empty(None)]);
    let since: Timestamp = "2026-09-01T10:00:00Z".parse().unwrap();
    let list = client(&script)
        .events()
        .list()
        .status([EventStatus::Failed, EventStatus::Hold])
        .created_at(after(since))
        .attempts(at_least(3))
        .limit(255)
        .dir(Direction::Asc)
        .param("new_one", "x y");
    assert_eq!(list.items().count().await, 0);
    let fixed = "status[]=FAILED&status[]=HOLD&created_at[gt]=2026-09-01T10:00:00Z\
                 &attempts[gte]=3&limit=255&dir=asc&new_one=x%20y";
    assert_eq!(
        script.queries(),
        [
            fixed.to_owned(),
            format!("{fixed}&next=n1"),
            format!("{fixed}&next=n2"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn backwards_the_items_come_in_reverse_over_the_pages_before() {
    let script = Script::new([
        sources(&["c", "d"], Some("n2"), Some("p1")),
        sources(&["a", "b"], Some("n1"), None),
    ]);
    let cursor: Cursor = "prev:p2".parse().unwrap();
    assert!(cursor.is_backward());
    let list = client(&script).sources().list().resume(&cursor);
    assert_eq!(all(list.items()).await.unwrap(), ["d", "c", "b", "a"]);
    assert_eq!(script.queries(), ["prev=p2", "prev=p1"]);
}

#[tokio::test(start_paused = true)]
async fn a_later_resume_replaces_an_earlier_one() {
    let script = Script::new([sources(&["a"], None, None)]);
    let list = client(&script)
        .sources()
        .list()
        .resume(&"prev:p2".parse().unwrap())
        .resume(&"next:n1".parse().unwrap());
    assert_eq!(all(list.items()).await.unwrap(), ["a"]);
    assert_eq!(script.queries(), ["next=n1"]);
}

/// Plays a list of rows as the API pages it, whatever cursor it is asked for.
#[derive(Clone, Debug)]
struct Rows(std::sync::Arc<Vec<&'static str>>);

impl hookdeck::transport::Transport for Rows {
    fn send(&self, request: hookdeck::transport::HttpRequest) -> hookdeck::transport::Exchange<'_> {
        const SIZE: usize = 3;
        let query = request.uri().query().unwrap_or_default().to_owned();
        Box::pin(async move {
            let rows = &self.0;
            let place = |name: &str| -> Option<usize> {
                let pair = query.split('&').find_map(|pair| pair.strip_prefix(name))?;
                rows.iter().position(|row| *row == pair)
            };
            let (start, end) = match (place("next="), place("prev=")) {
                (Some(last), _) => (last + 1, (last + 1 + SIZE).min(rows.len())),
                (None, Some(first)) => (first.saturating_sub(SIZE), first),
                (None, None) => (0, SIZE),
            };
            let next = (end < rows.len()).then(|| rows[end - 1]);
            let prev = (start > 0).then(|| rows[start]);
            let body = sources(&rows[start..end], next, prev);
            Ok(reply(200, &[], &body.to_string()))
        })
    }
}

const ROWS: [&str; 11] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];

fn rows_client() -> hookdeck::Client {
    hookdeck::Client::builder(support::fresh_key())
        .base_url("http://api.test")
        .transport(Rows(ROWS.to_vec().into()))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn resuming_after_any_item_skips_nothing() {
    let client = rows_client();
    for stop in 0..=ROWS.len() {
        let mut items = client.sources().list().items();
        let mut taken = Vec::new();
        for _ in 0..stop {
            taken.push(items.try_next().await.unwrap().unwrap().id.to_string());
        }
        // The cursor survives being written down.
        let saved = items.cursor().map(|cursor| cursor.to_string());
        drop(items);
        let mut list = client.sources().list();
        if let Some(saved) = saved {
            list = list.resume(&saved.parse().unwrap());
        }
        let rest = all(list.items()).await.unwrap();
        assert!(ROWS.ends_with(&rest.iter().map(String::as_str).collect::<Vec<_>>()));
        assert_eq!(taken.len() + rest.len(), ROWS.len(), "exact after {stop}");
        taken.extend(rest);
        taken.dedup();
        for row in ROWS {
            assert!(taken.iter().any(|id| id == row), "{row} lost after {stop}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn resuming_backwards_skips_nothing_either() {
    let client = rows_client();
    let begin: Cursor = "prev:k".parse().unwrap();
    let backwards: Vec<_> = ROWS[..10].iter().rev().copied().collect();
    let whole = all(client.sources().list().resume(&begin).items()).await;
    assert_eq!(whole.unwrap(), backwards);
    for stop in 0..=10 {
        let mut items = client.sources().list().resume(&begin).items();
        let mut taken = Vec::new();
        for _ in 0..stop {
            taken.push(items.try_next().await.unwrap().unwrap().id.to_string());
        }
        let saved = items.cursor().unwrap();
        taken.extend(
            all(client.sources().list().resume(&saved).items())
                .await
                .unwrap(),
        );
        for row in &backwards {
            assert!(taken.iter().any(|id| id == row), "{row} lost after {stop}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_cursor_of_pages_lags_until_the_next_page_is_asked_for() {
    let client = rows_client();
    let mut pages = client.sources().list().pages();
    assert_eq!(pages.cursor(), None);
    pages.try_next().await.unwrap().unwrap();
    assert_eq!(pages.cursor(), None);
    let second = pages.try_next().await.unwrap().unwrap();
    let saved = pages.cursor().unwrap().clone();
    let again = client.sources().list().resume(&saved).await.unwrap();
    assert_eq!(ids(&again.items), ids(&second.items));
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_the_stream_and_its_cursor_is_the_page_that_failed() {
    let script = Script::new([
        sources(&["a"], Some("n1"), None).into(),
        Step::from(reply(404, &[], "")),
        sources(&["b"], None, None).into(),
    ]);
    let client = client(&script);
    let mut items = client.sources().list().items();
    assert_eq!(items.try_next().await.unwrap().unwrap().id, "a");
    assert!(items.next().await.unwrap().unwrap_err().is_not_found());
    assert!(items.is_terminated());
    for _ in 0..3 {
        assert!(items.next().await.is_none());
    }
    assert_eq!(script.count(), 2, "an ended stream sends nothing");
    let saved = items.cursor().unwrap();
    let rest = client.sources().list().resume(&saved).items();
    assert_eq!(all(rest).await.unwrap(), ["b"]);
    assert_eq!(script.queries()[1..], ["next=n1", "next=n1"]);
}

#[tokio::test(start_paused = true)]
async fn pages_end_at_an_error_too() {
    let script = Script::new([TransportErrorKind::Interrupted]);
    let client = builder(&script).retry(Retry::off()).build().unwrap();
    let mut pages = client.sources().list().pages();
    let error = pages.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(pages.is_terminated());
    assert!(pages.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_in_passing_is_retried_within_the_stream() {
    let script = Script::new([
        sources(&["a"], Some("n1"), None).into(),
        Step::from(reply(502, &[], "")),
        sources(&["b"], None, None).into(),
    ]);
    let items = client(&script).sources().list().items();
    assert_eq!(all(items).await.unwrap(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_repeats_ends_the_stream_after_its_page() {
    let script = Script::new([
        sources(&["a"], Some("n1"), None),
        sources(&["b"], Some("n1"), None),
    ]);
    let mut items = client(&script).sources().list().items();
    assert_eq!(items.try_next().await.unwrap().unwrap().id, "a");
    assert_eq!(items.try_next().await.unwrap().unwrap().id, "b");
    let error = items.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert_eq!(error.operation(), "getSources");
    assert_eq!(error.sent(), Sent::Yes);
    assert!(!error.is_retryable());
    assert!(error.to_string().contains("n1"), "{error}");
    assert!(items.try_next().await.unwrap().is_none());
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn longer_circles_are_noticed_backwards_and_forwards() {
    for length in [2, 3, 5, 17] {
        for backward in [false, true] {
            let pages = (0..200).map(|step| {
                let token = format!("c{}", step % length);
                let token = Some(token.as_str());
                match backward {
                    false => sources(&["a"], token, None),
                    true => sources(&["a"], Some("n"), token),
                }
            });
            let script = Script::new(pages);
            let mut list = client(&script).sources().list();
            if backward {
                list = list.resume(&"prev:start".parse().unwrap());
            }
            let error = all(list.items()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Paging);
            assert!(
                script.count() <= 4 * length + 4,
                "{} for {length}",
                script.count()
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_page_is_what_awaiting_a_list_returns() {
    let script = Script::new([sources(&["a"], Some("n1"), None)]);
    let list = client(&script).sources().list().limit(1);
    let response = list.with_meta().await.unwrap();
    assert_eq!(ids(&response.items), ["a"]);
    assert_eq!(response.next.as_ref().unwrap().to_string(), "next:n1");
    assert_eq!(script.queries(), ["limit=1"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_taken_from_in_part() {
    let script = Script::new([sources(&["a", "b", "c"], Some("n1"), None)]);
    let items = client(&script).sources().list().items();
    let two: Vec<_> = items.take(2).try_collect().await.unwrap();
    assert_eq!(ids(&two), ["a", "b"]);
    assert_eq!(
        script.count(),
        1,
        "no page is fetched that nobody asked for"
    );
}

#[tokio::test(start_paused = true)]
async fn sizes_are_told_as_far_as_they_are_known() {
    let script = Script::new([sources(&["a", "b", "c"], None, None)]);
    let mut items = client(&script).sources().list().items();
    assert_eq!(items.size_hint(), (0, None));
    items.try_next().await.unwrap();
    assert_eq!(items.size_hint(), (2, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn attempts_of_an_event_are_a_list_like_others() {
    let rows = [support::attempt("atm_1"), support::attempt("atm_2")];
    let script = Script::new([page(&rows, None, None)]);
    let items = client(&script).attempts().list().event_id("evt_1").items();
    let attempts: Vec<Attempt> = items.try_collect().await.unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(script.queries(), ["event_id=evt_1"]);
}
