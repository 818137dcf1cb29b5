//! A crash at every commit there is, one after the other: before it, and after it but before anybody is told.
//!
//! A script goes through all that writes: webhooks to three connections, deliveries that fail and are
//! retried, a delay, a transformation, pause, manual and bulk retry, bookmark, replay, disable, delete. At
//! the n-th commit the store dies, with everything that waits for it. A new gateway on the same directory
//! then works off what is owed, and the file is looked at by SQL that knows nothing of the gateway's own
//! code. With n raised until the script runs unharmed, no commit is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use hookdeck::Client;
use hookdeck::models::{DestinationInput, EventFilter, Rule, SourceInput};
use hookdeck_testkit::{Answer, Delivery, Receiver, Webhook};
use rusqlite::Connection;
use serde_json::json;

use super::harness::{manual, project};
use crate::Gateway;
use crate::store::trap::{CommitFault, CommitSide};

/// Bounds the sweep; the script has fewer commits.
const MOST: u64 = 200;

/// The destination `/flaky` refuses the first attempt of every event.
async fn destinations() -> Receiver {
    let first = |seen: &Delivery| seen.header("x-hookdeck-attempt-count") == "1";
    Receiver::scripted(
        move |seen, _| match seen.uri.path() == "/flaky" && first(seen) {
            true => Answer::status(500),
            false => Answer::status(200),
        },
    )
    .await
}

struct World {
    gateway: Gateway,
    client: Client,
    source: String,
    good: String,
    flaky: String,
    slow: String,
    /// Requests that were answered with 200.
    acknowledged: BTreeSet<String>,
}

const CODE: &str = r#"addHandler("transform", (request) => { request.headers["x-seen"] = "1"; return request; });"#;

impl World {
    async fn set_up(directory: &Path, receiver: &str) -> Self {
        let gateway = manual().data_dir(directory).start().await.unwrap();
        let client = hookdeck_testkit::client(gateway.api_url(), gateway.api_key());
        let source = client
            .sources()
            .create(SourceInput::webhook("shop"))
            .await
            .unwrap();
        let retry = || Rule::retry().linear(Duration::from_secs(60)).count(2);
        let connect = |name: &'static str, rules: Vec<Rule>| {
            let url = format!("{receiver}/{name}");
            let call = client
                .connections()
                .create()
                .name(name)
                .source_id(source.id.clone());
            let call = call.destination(DestinationInput::http(name, &url));
            let call = rules.into_iter().fold(call, |call, rule| call.rule(rule));
            async move { call.await.unwrap().id.to_string() }
        };
        let good = connect(
            "good",
            vec![Rule::transform_code("stamp", CODE), retry().into()],
        )
        .await;
        let flaky = connect("flaky", vec![retry().into()]).await;
        let slow = connect("slow", vec![Rule::delay(Duration::from_secs(30))]).await;
        Self {
            source: source.url,
            gateway,
            client,
            good,
            flaky,
            slow,
            acknowledged: BTreeSet::new(),
        }
    }

    async fn post(&mut self, number: u64) {
        let webhook = Webhook::to(self.source.as_str());
        let reply = webhook.json(json!({"number": number})).send().await;
        if reply.status == 200 {
            self.acknowledged.insert(reply.request_id());
        } else {
            assert!(reply.status >= 500, "{reply:?}");
        }
    }

    /// Everything once. Whatever fails from the crash on is left as it is.
    async fn script(&mut self) {
        let client = self.client.clone();
        let settle = async |gateway: &Gateway| {
            let _ = gateway.settle().await;
        };
        self.post(1).await;
        settle(&self.gateway).await;
        let _ = client.connections().pause(&self.good).await;
        self.post(2).await;
        settle(&self.gateway).await;
        let _ = client.connections().unpause(&self.good).await;
        settle(&self.gateway).await;
        let _ = self.gateway.advance(Duration::from_secs(61)).await;
        let event = client.events().list().limit(1).await;
        if let Some(event) = event.ok().and_then(|page| page.items.into_iter().next()) {
            let _ = client.events().retry(&event.id).await;
            settle(&self.gateway).await;
            let bookmark =
                client
                    .bookmarks()
                    .create("one", &event.webhook_id, event.event_data_id.clone());
            if let Ok(bookmark) = bookmark.await {
                let _ = client.bookmarks().trigger(&bookmark.id).await;
            }
            settle(&self.gateway).await;
            let _ = client.requests().replay(&event.request_id).await;
            settle(&self.gateway).await;
        }
        let of_flaky = EventFilter::new().webhook_id(self.flaky.as_str());
        let _ = client.bulk().event_retries().create(&of_flaky).await;
        settle(&self.gateway).await;
        self.post(3).await;
        let _ = client.connections().disable(&self.slow).await;
        settle(&self.gateway).await;
        let _ = client.connections().delete(&self.slow).await;
        let _ = self.gateway.advance(Duration::from_secs(200)).await;
    }
}

/// One number, by SQL.
fn number(file: &Connection, sql: &str) -> i64 {
    file.query_row(sql, [], |row| row.get(0))
        .unwrap_or_else(|error| panic!("{error} in {sql}"))
}

/// Looks at what is left, without the gateway.
fn check(directory: &Path, world: &BTreeSet<String>, seen: &BTreeMap<String, u64>, cut: i64) {
    let file = directory
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("project-") && name.ends_with(".db")
        })
        .expect("a database");
    let file = Connection::open(file).unwrap();
    let integrity: String = file
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(integrity, "ok");
    let orphans = file
        .prepare("PRAGMA foreign_key_check")
        .unwrap()
        .exists([])
        .unwrap();
    assert!(!orphans, "a row refers to one that is not there");

    for (what, sql) in [
        (
            "requests whose counts are not those of their rows",
            "SELECT count(*) FROM requests r WHERE events_count + cli_events_count <> \
             (SELECT count(*) FROM events e WHERE e.request_id = r.id) OR ignored_count <> \
             (SELECT count(*) FROM ignored_events i WHERE i.request_id = r.id)",
        ),
        (
            "requests with neither events nor a reason",
            "SELECT count(*) FROM requests WHERE events_count + cli_events_count + ignored_count = 0 \
             AND rejection_cause IS NULL",
        ),
        (
            "events that are owed an attempt though nothing is left to do",
            "SELECT count(*) FROM events WHERE due_at IS NOT NULL OR status IN ('QUEUED', 'SCHEDULED')",
        ),
        (
            "events on hold though their connection is not paused",
            "SELECT count(*) FROM events e JOIN connections c ON c.id = e.connection_id \
             WHERE e.status = 'HOLD' AND c.paused_at IS NULL",
        ),
        (
            "events whose attempts are not numbered from one on",
            "SELECT count(*) FROM events e WHERE attempts <> (SELECT count(*) FROM attempts a WHERE a.event_id = e.id) \
             OR attempts <> (SELECT coalesce(max(attempt_number), 0) FROM attempts a WHERE a.event_id = e.id)",
        ),
        (
            "successful events without a successful attempt",
            "SELECT count(*) FROM events e WHERE status = 'SUCCESSFUL' AND NOT EXISTS \
             (SELECT 1 FROM attempts a WHERE a.event_id = e.id AND a.status = 'SUCCESSFUL')",
        ),
        (
            "bulk jobs that are neither due nor done",
            "SELECT count(*) FROM bulk_jobs WHERE due_at IS NULL AND completed_at IS NULL AND cancelled_at IS NULL",
        ),
        (
            "bulk jobs still due though nothing is left to do",
            "SELECT count(*) FROM bulk_jobs WHERE due_at IS NOT NULL",
        ),
        (
            "two events of one request on one connection",
            "SELECT count(*) FROM (SELECT 1 FROM events WHERE cli_id IS NULL GROUP BY request_id, connection_id HAVING count(*) > 1)",
        ),
    ] {
        assert_eq!(number(&file, sql), 0, "{what}");
    }
    let mut known = file
        .prepare("SELECT 1 FROM requests WHERE id = ?1")
        .unwrap();
    for request in world {
        assert!(
            known.exists([request]).unwrap(),
            "{request} was acknowledged and is lost"
        );
    }
    let mut attempts = file
        .prepare("SELECT attempts FROM events WHERE id = ?1")
        .unwrap();
    let mut extra = 0;
    for (event, times) in seen {
        let recorded: i64 = attempts
            .query_row([event], |row| row.get(0))
            .unwrap_or_else(|_| panic!("{event} was delivered and is lost"));
        let times = i64::try_from(*times).unwrap();
        assert!(times >= recorded, "{event} has attempts that nobody saw");
        extra += times - recorded;
    }
    // What was in flight at the crash, and nothing else, may have been delivered without a record.
    assert!(
        extra <= cut,
        "{extra} deliveries without a record, {cut} were in flight"
    );
}

async fn crash_at(nth: u64, side: CommitSide) -> bool {
    let receiver = destinations().await;
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::set_up(directory.path(), &receiver.url).await;
    let store = project(&world.gateway).engine.store().clone();
    store.trap().arm(nth, CommitFault::Crash(side));
    world.script().await;
    let crashed = store.trap().is_dead();
    let now = world.gateway.now();
    let acknowledged = std::mem::take(&mut world.acknowledged);
    drop(store);
    drop(world);

    let gateway = manual()
        .manual_clock(now)
        .data_dir(directory.path())
        .start()
        .await
        .unwrap();
    gateway.settle().await.unwrap();
    gateway.advance(Duration::from_secs(3600)).await.unwrap();
    gateway.shutdown().await;
    // Two connections deliver at a time; a bulk job or an unpause may have set off three more.
    let cut = if crashed { 5 } else { 0 };
    let mut seen = BTreeMap::new();
    for delivery in receiver.deliveries() {
        let event = delivery.header("x-hookdeck-eventid").to_owned();
        *seen.entry(event).or_default() += 1;
    }
    check(directory.path(), &acknowledged, &seen, cut);
    crashed
}

async fn sweep(side: CommitSide) {
    for nth in 1..MOST {
        if !crash_at(nth, side).await {
            assert!(nth > 20, "the script has only {nth} commits");
            return;
        }
    }
    panic!("the script did not end within {MOST} commits");
}

#[tokio::test]
async fn a_crash_before_any_commit_loses_nothing_acknowledged() {
    sweep(CommitSide::Before).await;
}

#[tokio::test]
async fn a_crash_after_any_commit_loses_and_doubles_nothing() {
    sweep(CommitSide::After).await;
}

/// A disk that is full refuses a webhook, and the gateway goes on when it has room again.
#[tokio::test]
async fn a_commit_that_fails_refuses_the_webhook_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::set_up(directory.path(), "http://127.0.0.1:9").await;
    let store = project(&world.gateway).engine.store().clone();
    // The first only finds out which transformation is needed, and is taken back.
    store.trap().arm(2, CommitFault::Fail);
    world.post(1).await;
    assert!(
        world.acknowledged.is_empty(),
        "a webhook that is not stored was acknowledged"
    );
    let commits = store.trap().commits();
    world.post(2).await;
    assert_eq!(world.acknowledged.len(), 1);
    assert!(store.trap().commits() > commits);
    let requests = world.client.requests().list().await.unwrap().items;
    assert_eq!(requests.len(), 1);
}
