//! Places in a list: saved, resumed exactly, walked back from, while the list changes.

mod support;

use hookdeck::models::{Source, SourceFilter};
use hookdeck::paging::Items;
use hookdeck::query::Direction;
use hookdeck::{Client, Cursor, Error, ErrorKind, List};
use hookdeck_testkit::{World, seconds};
use support::Table;

fn ids(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("src_{number:02}"))
        .collect()
}

fn newest_first(count: usize) -> Vec<String> {
    ids(count).into_iter().rev().collect()
}

async fn take(items: &mut Items<SourceFilter>, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let item: Source = items.try_next().await.unwrap().expect("there are more");
        taken.push(item.id.to_string());
    }
    taken
}

async fn all(mut items: Items<SourceFilter>) -> Result<Vec<String>, Error> {
    let mut taken = Vec::new();
    while let Some(item) = items.try_next().await? {
        taken.push(item.id.to_string());
    }
    Ok(taken)
}

/// As a program does that is started anew.
fn saved(items: &Items<SourceFilter>) -> Option<Cursor> {
    let text = items.cursor()?.to_string();
    Some(text.parse().unwrap())
}

fn from(list: List<SourceFilter>, place: Option<&Cursor>) -> List<SourceFilter> {
    match place {
        Some(place) => list.resume(place),
        None => list,
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_resumed_anywhere_goes_on_with_the_very_next_row() {
    for ahead in [0, 1, 3] {
        for list in [
            |client: &Client| client.sources().list(),
            |client: &Client| client.sources().list().reversed(),
        ] {
            let client = Table::new(ids(11), 3).client();
            let whole = all(list(&client).items()).await.unwrap();
            assert_eq!(whole.len(), 11);
            for stop in 0..=whole.len() {
                let mut items = list(&client).items().prefetch(ahead);
                let taken = take(&mut items, stop).await;
                assert_eq!(taken, whole[..stop]);
                let place = saved(&items);
                let rest = from(list(&client), place.as_ref()).items().prefetch(ahead);
                assert_eq!(all(rest).await.unwrap(), whole[stop..], "after {stop}");
                let Some(place) = place else {
                    assert_eq!(stop, 0, "only at the beginning there is no place to save");
                    continue;
                };
                let back = list(&client).backward_from(&place).items();
                let behind: Vec<_> = whole[..stop].iter().rev().cloned().collect();
                assert_eq!(all(back).await.unwrap(), behind, "back from {place}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_walk_back_can_be_stopped_and_turned_again_anywhere() {
    let client = Table::new(ids(11), 3).client();
    let list = || client.sources().list();
    let whole = newest_first(11);
    for turn in 1..=whole.len() {
        let mut forward = list().items();
        take(&mut forward, turn).await;
        let place = saved(&forward).unwrap();
        for stop in 0..=turn {
            let mut back = list().backward_from(&place).items();
            take(&mut back, stop).await;
            let here = saved(&back).unwrap();
            let behind: Vec<_> = whole[..turn - stop].iter().rev().cloned().collect();
            let rest = all(list().resume(&here).items()).await.unwrap();
            assert_eq!(rest, behind, "{place}, {stop} back, {here}");
            let again = all(list().resume(&here.reversed()).items()).await.unwrap();
            assert_eq!(again, whole[turn - stop..], "{here} turned");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_survives_what_happens_to_other_rows() {
    let whole = newest_first(9);
    for stop in 1..9 {
        let table = Table::new(ids(9), 3);
        let client = table.client();
        let mut items = client.sources().list().items();
        take(&mut items, stop).await;
        let place = saved(&items).unwrap();
        table.insert(1000, "src_new");
        // A row before the place goes, so that counting rows would leave one out.
        if stop > 1 {
            table.remove(&whole[0]);
        }
        let rest = all(client.sources().list().resume(&place).items()).await;
        assert_eq!(rest.unwrap(), whole[stop..], "after {stop}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_deleted_at_the_place_repeats_a_page_at_most_and_hides_nothing() {
    let whole = newest_first(9);
    for stop in 1..=9 {
        let table = Table::new(ids(9), 3);
        let client = table.client();
        let mut items = client.sources().list().items();
        take(&mut items, stop).await;
        let place = saved(&items).unwrap();
        table.remove(&whole[stop - 1]);
        let rest = all(client.sources().list().resume(&place).items());
        let rest = rest.await.unwrap();
        assert!(rest.ends_with(&whole[stop..]), "{rest:?} after {stop}");
        assert!(rest.len() < whole.len() - stop + 3, "{rest:?} after {stop}");
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_end_a_place_yields_what_came_since() {
    let table = Table::new(ids(5), 3);
    let client = table.client();
    let oldest_first = || client.sources().list().dir(Direction::Asc);
    let mut items = oldest_first().items();
    take(&mut items, 5).await;
    assert!(items.try_next().await.unwrap().is_none());
    let place = saved(&items).unwrap();
    assert_eq!(
        all(oldest_first().resume(&place).items()).await.unwrap(),
        [""; 0]
    );
    table.insert(1000, "src_new");
    let more = all(oldest_first().resume(&place).items()).await;
    assert_eq!(more.unwrap(), ["src_new"]);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_cannot_be_turned_at_is_an_error() {
    let table = Table::new(ids(4), 3);
    let client = table.client();
    let list = || client.sources().list();
    let mut items = list().items();
    take(&mut items, 1).await;
    let first = saved(&items).unwrap();
    take(&mut items, 2).await;
    let second = saved(&items).unwrap();
    table.remove("src_00");
    let error = all(list().backward_from(&second).items()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Paging);
    // So many new rows that the first page holds them alone.
    for number in 0..4 {
        table.insert(1000 + number, &format!("src_new{number}"));
    }
    let error = all(list().backward_from(&first).items()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Paging);
    // Going on forward repeats, but loses nothing.
    let on = all(list().resume(&first).items()).await.unwrap();
    assert!(
        on.ends_with(&["src_02".to_owned(), "src_01".to_owned()]),
        "{on:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn reversed_turns_every_direction_round() {
    let table = Table::new(ids(2), 3);
    let client = table.client();
    let list = || client.sources().list();
    all(list().reversed().items()).await.unwrap();
    all(list().reversed().dir(Direction::Asc).items())
        .await
        .unwrap();
    all(list().reversed().reversed().items()).await.unwrap();
    let both = [Direction::Asc, Direction::Desc];
    all(list().dir(both).reversed().items()).await.unwrap();
    let ignored = client.requests().ignored_events("req_1").reversed();
    assert!(
        ignored.to_curl().contains("dir=desc"),
        "{}",
        ignored.to_curl()
    );
    assert_eq!(
        table.queries(),
        ["dir=asc", "dir=desc", "", "dir[]=desc&dir[]=asc"]
    );
}

#[tokio::test]
async fn the_gateway_is_walked_both_ways_while_rows_are_added() {
    let world = World::start().await;
    let client = &world.client;
    let mut whole = Vec::new();
    for number in 0..8 {
        let source = client.sources().create(format!("s{number}")).await.unwrap();
        whole.insert(0, source.id.to_string());
        world.advance(seconds(1)).await;
    }
    let list = || client.sources().list().limit(3);
    let oldest_first: Vec<_> = whole.iter().rev().cloned().collect();
    assert_eq!(all(list().reversed().items()).await.unwrap(), oldest_first);

    for stop in 1..=8 {
        let mut items = list().items().prefetch(1);
        assert_eq!(take(&mut items, stop).await, whole[..stop]);
        let place = saved(&items).unwrap();
        let rest = all(list().resume(&place).items()).await.unwrap();
        assert_eq!(rest, whole[stop..], "{place}");
        let back = all(list().backward_from(&place).items()).await.unwrap();
        assert_eq!(back, oldest_first[8 - stop..], "{place}");
    }

    // A row is added while a walk is under way: a walk onward never meets it, a walk back comes to it
    // last, and the reversed list has it last.
    let mut items = list().items();
    take(&mut items, 5).await;
    let place = saved(&items).unwrap();
    let mut reversed = list().reversed().items();
    take(&mut reversed, 4).await;
    let mut back = list().backward_from(&place).items();
    take(&mut back, 1).await;
    let new = client.sources().create("new").await.unwrap().id.to_string();
    assert_eq!(all(items).await.unwrap(), whole[5..]);
    let mut rest = oldest_first[4..].to_vec();
    rest.push(new);
    assert_eq!(all(reversed).await.unwrap(), rest);
    assert_eq!(all(back).await.unwrap(), rest);
}
