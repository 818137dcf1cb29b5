//! Walks of the client through lists that change under it.
//!
//! Whatever is added, changed and removed meanwhile, a walk sees every row that was there all the time exactly
//! once and in order: forward, back from where it stopped, and from the other end.

use std::collections::BTreeSet;
use std::time::Duration;

use hookdeck::models::{EventFilter, ResourceOrder, Source, SourceFilter};
use hookdeck::paging::Items;
use hookdeck::query::Direction;
use hookdeck::{Cursor, List};
use hookdeck_testkit::{World, gateway, seconds};
use serde_json::json;

/// What happens to sources between two rows of a walk.
struct Changes {
    random: fastrand::Rng,
    /// Sources that were there before, and may go.
    passing: Vec<Source>,
    made: usize,
}

impl Changes {
    async fn one(&mut self, world: &World) {
        let sources = world.client.sources();
        match self.random.u8(0..4) {
            0 => {
                // Some of them at the same moment as others.
                let step = Duration::from_millis(self.random.u64(0..2));
                world.advance(step).await;
                self.made += 1;
                let name = format!("{}-new-{}", self.random.alphabetic(), self.made);
                self.passing.push(sources.create(name).await.unwrap());
            }
            1 if !self.passing.is_empty() => {
                let index = self.random.usize(0..self.passing.len());
                let gone = self.passing.swap_remove(index);
                sources.delete(&gone.id).await.unwrap();
            }
            2 if !self.passing.is_empty() => {
                self.made += 1;
                let name = format!("{}-moved-{}", self.random.alphabetic(), self.made);
                let moved = &self.passing[self.random.usize(0..self.passing.len())];
                sources.update(&moved.id).name(name).await.unwrap();
            }
            _ => {}
        }
    }
}

/// Takes up to `count` of the rows, with a change before each; gives the lasting ones.
async fn taken(
    items: &mut Items<SourceFilter>,
    count: usize,
    lasting: &BTreeSet<String>,
    changes: &mut Changes,
    world: &World,
) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..count {
        changes.one(world).await;
        match items.try_next().await.unwrap() {
            Some(source) if lasting.contains(source.id.as_str()) => {
                seen.push(source.id.to_string());
            }
            Some(_) => {}
            None => break,
        }
    }
    seen
}

fn backwards(rows: &[String]) -> Vec<String> {
    rows.iter().rev().cloned().collect()
}

#[tokio::test]
async fn sources_are_walked_while_others_come_move_and_go() {
    let orders = [
        (ResourceOrder::CreatedAt, Direction::Desc),
        (ResourceOrder::CreatedAt, Direction::Asc),
        (ResourceOrder::Name, Direction::Asc),
        (ResourceOrder::UpdatedAt, Direction::Desc),
    ];
    for (seed, order) in orders.into_iter().enumerate() {
        for round in 0..4 {
            let world = World::of(gateway().seed(2026)).await;
            let client = &world.client;
            let mut random = fastrand::Rng::with_seed((seed * 10 + round) as u64);
            let mut lasting = BTreeSet::new();
            let mut passing = Vec::new();
            for number in 0..24 {
                let step = Duration::from_millis(random.u64(0..2));
                world.advance(step).await;
                let name = format!("{}-{number}", random.alphabetic());
                let source = client.sources().create(name).await.unwrap();
                if random.bool() {
                    lasting.insert(source.id.to_string());
                } else {
                    passing.push(source);
                }
            }
            let list = || -> List<SourceFilter> {
                client
                    .sources()
                    .list()
                    .limit(3)
                    .order_by(order.0.clone())
                    .dir(order.1)
            };
            let mut whole = Vec::new();
            let mut items = list().items();
            while let Some(source) = items.try_next().await.unwrap() {
                if lasting.contains(source.id.as_str()) {
                    whole.push(source.id.to_string());
                }
            }
            assert_eq!(whole.len(), lasting.len());
            let mut changes = Changes {
                random,
                passing,
                made: 0,
            };
            let what = format!("{order:?} {round}");

            // A part of the way, and back to the start from there.
            let stop = changes.random.usize(1..20);
            let mut there = list().items();
            let mut before = taken(&mut there, stop, &lasting, &mut changes, &world).await;
            // A place is told by the row it is behind, so it has to be one that stays where it is.
            while before.len() < whole.len() {
                let one = taken(&mut there, 1, &lasting, &mut changes, &world).await;
                before.extend_from_slice(&one);
                if !one.is_empty() {
                    break;
                }
            }
            assert_eq!(before, whole[..before.len()], "{what}");
            let place: Cursor = there
                .cursor()
                .expect("a place")
                .to_string()
                .parse()
                .unwrap();
            let mut back = list().backward_from(&place).items();
            let back = taken(&mut back, 1_000, &lasting, &mut changes, &world).await;
            assert_eq!(back, backwards(&before), "{what}: back");
            // On from the place to the end.
            let mut rest = list().resume(&place).items();
            let rest = taken(&mut rest, 1_000, &lasting, &mut changes, &world).await;
            assert_eq!(rest, whole[before.len()..], "{what}: on");
            // And all of it from the other end.
            let mut other = list().reversed().items();
            let other = taken(&mut other, 1_000, &lasting, &mut changes, &world).await;
            assert_eq!(other, backwards(&whole), "{what}: reversed");
        }
    }
}

/// Events come in bursts of the same moment while they are walked, and change their status.
#[tokio::test]
async fn events_are_walked_while_more_arrive() {
    let world = World::of(gateway().seed(2026)).await;
    let client = &world.client;
    let connection = world.connect("c").mock().await;
    let mut random = fastrand::Rng::with_seed(5);
    for number in 0..40 {
        if random.u8(0..4) == 0 {
            world.advance(seconds(1)).await;
        }
        world.deliver(&connection, json!({ "n": number })).await;
    }
    let filter = EventFilter::new().webhook_id(connection.id.clone());
    let list = || client.events().list().filter(&filter).limit(7);
    let mut whole = Vec::new();
    let mut items = list().items();
    while let Some(event) = items.try_next().await.unwrap() {
        whole.push(event.id.to_string());
    }
    assert_eq!(whole.len(), 40);
    let known: BTreeSet<String> = whole.iter().cloned().collect();

    for (list, expected) in [
        (list(), whole.clone()),
        (list().reversed(), backwards(&whole)),
    ] {
        let mut items = list.items();
        let mut seen = Vec::new();
        let mut arrived = 0;
        while let Some(event) = items.try_next().await.unwrap() {
            if known.contains(event.id.as_str()) {
                seen.push(event.id.to_string());
            }
            if arrived < 30 && random.bool() {
                arrived += 1;
                world.deliver(&connection, json!({ "late": true })).await;
            }
            if random.u8(0..5) == 0 {
                client
                    .events()
                    .retry(&whole[random.usize(0..40)])
                    .await
                    .unwrap();
                world.settle().await;
            }
        }
        assert_eq!(seen, expected);
        assert!(arrived > 0);
    }
}
