//! Lists read in slices of time: each row once, in order, several slices at a time.

mod support;

use std::time::Duration;

use futures_util::StreamExt;
use hookdeck::models::EventFilter;
use hookdeck::paging::Windows;
use hookdeck::query::{Direction, Range, after, any, at_least, at_most, before, between};
use hookdeck::types::Timestamp;
use hookdeck::{Error, ErrorKind, List};
use support::Table;

const SECOND: Duration = Duration::from_secs(1);

fn millis(at: i64) -> Timestamp {
    Timestamp::from_unix_millis(at)
}

async fn all(windows: Windows<EventFilter>) -> Result<Vec<String>, Error> {
    let items: Vec<_> = windows.collect().await;
    items
        .into_iter()
        .map(|item| item.map(|event| event.id.to_string()))
        .collect()
}

/// The same list, one page after the other.
async fn walked(list: List<EventFilter>) -> Vec<String> {
    list.items()
        .map(|item| item.unwrap().id.to_string())
        .collect()
        .await
}

/// Rows that lie in bursts with gaps between them, many of them at the same instant.
fn uneven(count: usize) -> Table {
    let mut at = 1_000_000;
    let rows = (0..count).map(move |number| {
        at += match number % 97 {
            0 => 90_000,
            1..30 => 0,
            30..60 => 1,
            _ => 700,
        };
        (millis(at), format!("evt_{number:05}"))
    });
    Table::of(rows, 10)
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn every_row_comes_once_and_in_order() {
    let table = uneven(400);
    let client = table.client();
    let ranges: Vec<Range<Timestamp>> = vec![
        between(millis(0), millis(10_000_000)),
        at_least(millis(1_090_000)).and(at_most(millis(1_300_000))),
        after(millis(1_090_000)).and(before(millis(1_110_001))),
        after(millis(1_090_000)),
        between(millis(1_110_000), millis(1_110_003)),
        between(millis(5), millis(6)),
        between(millis(6), millis(5)),
    ];
    for range in ranges {
        for direction in [Direction::Asc, Direction::Desc] {
            let list = client
                .events()
                .list()
                .created_at(range.clone())
                .dir(direction);
            let expected = walked(list.clone()).await;
            for at_once in [0, 5] {
                let got = all(list.clone().windows(at_once)).await.unwrap();
                assert_eq!(got, expected, "{at_once} at once, {range:?}, {direction:?}");
            }
            let reversed: Vec<_> = expected.into_iter().rev().collect();
            assert_eq!(all(list.reversed().windows(3)).await.unwrap(), reversed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rows_of_one_instant_that_fill_pages_are_walked() {
    let rows = (0..35).map(|number| (millis(7_000), format!("evt_{number:02}")));
    let client = Table::of(rows, 10).client();
    for direction in [Direction::Asc, Direction::Desc] {
        let list = client.events().list().dir(direction);
        let list = list.created_at(between(millis(0), millis(10_000)));
        let expected = walked(list.clone()).await;
        assert_eq!(expected.len(), 35);
        assert_eq!(all(list.windows(4)).await.unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn slices_are_read_at_once_and_cost_few_calls_more() {
    let rows = (0..4_000).map(|number| (millis(number * 1_000), format!("evt_{number:04}")));
    let table = Table::of(rows, 100).slow(SECOND);
    let builder = table.builder().rate_limit(hookdeck::RateLimit::off());
    let client = builder.build().unwrap();
    let list = client.events().list().created_at(at_least(millis(0)));
    let began = tokio::time::Instant::now();
    assert_eq!(walked(list.clone()).await.len(), 4_000);
    assert_eq!((began.elapsed(), table.calls()), (SECOND * 40, 40));

    let began = tokio::time::Instant::now();
    assert_eq!(all(list.windows(8)).await.unwrap().len(), 4_000);
    let (took, calls) = (began.elapsed(), table.calls() - 40);
    assert!(took <= SECOND * 10, "{took:?}");
    assert!(calls <= 60, "{calls} calls for 40 pages");
    assert_eq!(table.most_busy(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_one_page_takes_one_call() {
    let table = Table::of((0..9).map(|at| (millis(at), format!("evt_{at}"))), 10);
    let list = table.client().events().list();
    let list = list.created_at(at_least(millis(0)));
    assert_eq!(all(list.windows(8)).await.unwrap().len(), 9);
    assert_eq!(table.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_however_much_a_slice_holds() {
    // The first page tells nothing of the 150 pages that follow in a second and a half.
    let sparse = (0..20).map(|number| (millis(number * 1_000), format!("evt_a{number:04}")));
    let dense = (0..1_500).map(|number| (millis(20_000 + number), format!("evt_b{number:04}")));
    let table = Table::of(sparse.chain(dense), 10);
    let list = table.client().events().list().dir(Direction::Asc);
    let list = list.created_at(between(millis(0), millis(40_000)));
    let mut windows = list.clone().windows(3);
    for _ in 0..40 {
        windows.try_next().await.unwrap().expect("there are more");
    }
    tokio::time::sleep(SECOND * 3_600).await;
    // The first page, those of the 30 rows behind it, and two for each slice.
    let calls = table.calls();
    assert!(calls <= 1 + 4 + 2 * 3, "{calls}: {:#?}", table.queries());
    // Nobody asks, nobody fetches.
    tokio::time::sleep(SECOND * 3_600).await;
    assert_eq!(table.calls(), calls);
    let rest = all(windows).await.unwrap();
    assert_eq!(rest.len(), 1_520 - 40);
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_in_its_place_and_ends_the_stream() {
    let whole = {
        let list = uneven(300).client().events().list();
        walked(list.created_at(at_least(millis(0)))).await
    };
    for call in [0, 1, 5, 9] {
        let table = uneven(300).failing(call, 404);
        let list = table.client().events().list();
        let mut windows = list.created_at(at_least(millis(0))).windows(4);
        let mut got = Vec::new();
        let error = loop {
            match windows.next().await.expect("not the end") {
                Ok(event) => got.push(event.id.to_string()),
                Err(error) => break error,
            }
        };
        assert!(error.is_not_found());
        assert_eq!(got, whole[..got.len()]);
        assert!(windows.next().await.is_none());
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(alive_tasks(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_windows_leave_no_task_and_no_call() {
    for items in [0, 1, 15, 60] {
        let table = uneven(300).slow(SECOND);
        let list = table.client().events().list();
        let mut windows = list.created_at(at_least(millis(0))).windows(4);
        for _ in 0..items {
            windows.try_next().await.unwrap();
        }
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = windows.poll_next_unpin(&mut context);
        drop(windows);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(alive_tasks(), 0, "after {items}");
        let calls = table.calls();
        tokio::time::sleep(SECOND * 60).await;
        assert_eq!(table.calls(), calls, "after {items}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sliced_is_refused_before_anything_is_sent() {
    let table = uneven(10);
    let client = table.client();
    let list = || client.events().list();
    let bounded = || list().created_at(at_least(millis(0)));
    for (list, problem) in [
        (list(), "bounds"),
        (list().created_at(before(millis(9))), "lower bound"),
        (list().created_at(any().and(after(millis(9)))), "instants"),
        (list().created_at(millis(9)), "bounds"),
        (
            list().created_at(at_least(millis(0)).and(after(millis(1)))),
            "one lower",
        ),
        (bounded().param("order_by", "updated_at"), "order"),
        (bounded().resume(&"next:evt_1".parse().unwrap()), "cursor"),
    ] {
        let error = list.windows(2).try_next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(problem), "{error}");
    }
    assert_eq!(table.calls(), 0);
}
