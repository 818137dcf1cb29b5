//! Faults on the three planes, seen through the SDK, and the journal that tells of them.

use hookdeck::models::{DestinationInput, EventStatus, Rule, SourceInput};
use hookdeck::{Error, ErrorKind, Sent};
use hookdeck_gateway::{Effect, Fault, FaultId, Plane, RateLimit};
use hookdeck_testkit::{Hook, World, gateway, seconds};
use serde_json::{Value, json};

/// With a quota, so that who is refused is told how long to wait.
async fn start() -> World {
    let builder = gateway().rate_limit(RateLimit::per_minute(240));
    World::of(builder.control(true)).await
}

fn arm(world: &World, fault: Fault) -> FaultId {
    world.gateway.arm(fault).unwrap()
}

async fn control(world: &World, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let reply = world.api.control(method, path, body).await;
    (reply.status, reply.json())
}

async fn refused(world: &World) -> Error {
    world.client.sources().list().await.unwrap_err()
}

/// Filters out what is not positive, and retries what fails.
fn rules() -> Value {
    json!([
        { "type": "filter", "body": { "n": { "$gt": 0 } } },
        { "type": "retry", "strategy": "linear", "interval": 60_000, "count": 3 },
    ])
}

/// Sends a webhook, and answers the status the producer sees if it sees one.
async fn post(world: &World, hook: &impl Hook, n: i64) -> Option<u16> {
    let webhook = world.webhook(hook).json(json!({ "n": n }));
    let reply = webhook.try_send().await;
    world.settle().await;
    reply.ok().map(|reply| reply.status)
}

#[tokio::test]
async fn replies_of_the_api_that_say_no() {
    let world = start().await;
    let fault = arm(&world, Fault::api(Effect::status(503)));
    assert_eq!(refused(&world).await.status().unwrap().as_u16(), 503);
    world.gateway.disarm(fault);

    arm(&world, Fault::api(Effect::RateLimited).times(1));
    let error = refused(&world).await;
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(error.retry_after().is_some(), "{error}");
    assert!(world.client.sources().list().await.is_ok(), "it is used up");
}

#[tokio::test]
async fn connections_of_the_api_that_end() {
    let world = start().await;
    for effect in [Effect::Reset, Effect::Empty, Effect::Truncated] {
        arm(&world, Fault::api(effect.clone()).times(1));
        let error = refused(&world).await;
        assert_eq!(error.kind(), ErrorKind::Transport, "{effect:?}: {error}");
        assert_eq!(error.sent(), Sent::Maybe, "{effect:?}");
    }
    assert!(world.client.sources().list().await.is_ok());
}

#[tokio::test]
async fn replies_of_the_api_that_cannot_be_read() {
    let world = start().await;
    world.client.sources().create("shop").await.unwrap();
    arm(&world, Fault::api(Effect::Malformed).times(1));
    assert_eq!(refused(&world).await.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn values_of_tomorrow_are_kept_by_the_client() {
    let world = start().await;
    world.client.sources().create("shop").await.unwrap();
    arm(&world, Fault::api(Effect::UnknownValues));
    let source = world.client.sources().list().await.unwrap().items.remove(0);
    assert!(!source.kind.is_known());
    assert_eq!(source.kind, "VALUE_OF_TOMORROW");
}

#[tokio::test]
async fn a_cursor_that_comes_back_ends_the_walk_with_an_error() {
    let world = start().await;
    for name in ["a", "b", "c", "d"] {
        world.client.sources().create(name).await.unwrap();
    }
    arm(
        &world,
        Fault::api(Effect::RepeatedCursor).operation("getSources"),
    );
    let mut items = world.client.sources().list().limit(1).items();
    let mut seen = 0;
    let error = loop {
        match items.try_next().await {
            Ok(Some(_)) => seen += 1,
            Ok(None) => panic!("the walk ended as if all were well after {seen}"),
            Err(error) => break error,
        }
    };
    assert!(seen < 10, "{seen} rows of four");
    assert!(error.to_string().contains("cursor"), "{error}");
}

#[tokio::test]
async fn the_work_is_done_and_the_reply_is_lost() {
    let world = start().await;
    arm(
        &world,
        Fault::api(Effect::LostReply)
            .operation("createSource")
            .times(1),
    );
    let error = world.client.sources().create("shop").await.unwrap_err();
    assert_eq!(error.sent(), Sent::Maybe);
    assert_eq!(world.client.sources().count().await.unwrap(), 1);
    // Whoever creates it again learns that it is there.
    assert!(
        world
            .client
            .sources()
            .create("shop")
            .await
            .unwrap_err()
            .is_conflict()
    );
}

#[tokio::test]
async fn a_stalled_call_goes_on_when_the_fault_is_disarmed() {
    let world = start().await;
    let fault = arm(&world, Fault::api(Effect::Stall));
    let client = world.client.clone();
    let call = tokio::spawn(async move { client.sources().list().await });
    while world.gateway.faults()[0].struck == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!call.is_finished());
    world.gateway.disarm(fault);
    assert!(call.await.unwrap().is_ok());
}

/// What was stalled belongs to what is gone.
#[tokio::test]
async fn a_reset_ends_the_calls_that_are_stalled() {
    let world = start().await;
    arm(&world, Fault::api(Effect::Stall).operation("createSource"));
    let client = world.client.clone();
    let call = tokio::spawn(async move { client.sources().create("shop").await });
    while world.gateway.faults()[0].struck == 0 {
        tokio::task::yield_now().await;
    }
    let (status, _) = control(&world, "POST", "reset", None).await;
    assert_eq!(status, 200);
    assert_eq!(
        call.await.unwrap().unwrap_err().kind(),
        ErrorKind::Transport
    );
    assert_eq!(world.client.sources().count().await.unwrap(), 0);
}

#[tokio::test]
async fn webhooks_that_are_refused_or_whose_answer_is_lost() {
    let world = start().await;
    let connection = world.connect("c").mock().rules(rules()).await;
    let requests = || async { world.client.requests().list().await.unwrap().items.len() };

    arm(&world, Fault::ingest(Effect::status(502)).times(1));
    assert_eq!(post(&world, &connection, 1).await, Some(502));
    arm(&world, Fault::ingest(Effect::Reset).times(1));
    assert_eq!(post(&world, &connection, 1).await, None);
    assert_eq!(requests().await, 0, "nothing is stored of what was refused");

    arm(&world, Fault::ingest(Effect::LostReply).times(1));
    assert_eq!(post(&world, &connection, 1).await, None);
    world.settle().await;
    assert_eq!(
        requests().await,
        1,
        "a producer that repeats it sends it twice"
    );
    let journal = world.gateway.journal();
    let webhooks = journal
        .iter()
        .filter(|entry| entry.plane == Plane::Ingest && entry.what == "POST");
    let statuses: Vec<_> = webhooks.map(|entry| entry.status).collect();
    assert_eq!(
        statuses,
        [Some(502), None, None],
        "nothing was answered that did not arrive"
    );

    let other = world.client.sources().create("other").await.unwrap();
    arm(
        &world,
        Fault::ingest(Effect::status(500)).source(other.id.as_str()),
    );
    assert_eq!(post(&world, &connection, 1).await, Some(200));
    assert_eq!(post(&world, &other, 1).await, Some(500));
}

#[tokio::test]
async fn deliveries_that_never_reach_their_destination() {
    let world = start().await;
    let connection = world.connect("c").rules(rules()).await;
    let code = |name: &str| Effect::Error(name.into());
    for (effect, status, error) in [
        (Effect::status(500), Some(500), None),
        (Effect::Timeout, None, Some("TIMEOUT")),
        (Effect::Reset, None, Some("CONNECTION_RESET")),
        (code("CONNECTION_REFUSED"), None, Some("CONNECTION_REFUSED")),
    ] {
        let fault = arm(
            &world,
            Fault::delivery(effect)
                .connection(connection.id.as_str())
                .times(1),
        );
        post(&world, &connection, 1).await;
        let event = world
            .client
            .events()
            .list()
            .limit(1)
            .await
            .unwrap()
            .items
            .remove(0);
        assert_eq!(event.response_status, status);
        assert_eq!(event.error_code.as_ref().map(|code| code.as_str()), error);
        assert_eq!(event.status, EventStatus::Failed);
        assert!(
            event.next_attempt_at.is_some(),
            "the retry rule holds for faults too"
        );
        world.gateway.disarm(fault);
        world.advance(seconds(60)).await;
        let event = world.client.events().get(&event.id).await.unwrap();
        assert_eq!(event.status, EventStatus::Successful);
    }
    assert_eq!(
        world.receiver.deliveries().len(),
        4,
        "only the retries arrived"
    );
}

#[tokio::test]
async fn a_delivery_arrives_but_its_answer_does_not() {
    let world = start().await;
    let connection = world.connect("c").rules(rules()).await;
    arm(&world, Fault::delivery(Effect::LostReply).times(1));
    post(&world, &connection, 1).await;
    world.advance(seconds(60)).await;
    let ids: Vec<_> = world
        .receiver
        .deliveries()
        .iter()
        .map(|got| got.headers["x-hookdeck-eventid"].clone())
        .collect();
    assert_eq!(ids.len(), 2, "at least once means twice here");
    assert_eq!(ids[0], ids[1]);
    let attempts = world.client.attempts().list().await.unwrap().items;
    assert_eq!(attempts.len(), 2);
}

#[tokio::test]
async fn faults_and_journal_over_the_control_api() {
    let world = start().await;
    let connection = world.connect("c").mock().rules(rules()).await;
    let fault = json!({"plane": "delivery", "webhook_id": connection.id, "times": 1, "effect": {"status": {"status": 429, "headers": {"retry-after": "7"}}}});
    let (status, reply) = control(&world, "POST", "faults", Some(fault)).await;
    assert_eq!(status, 200, "{reply}");
    let id = reply["id"].as_u64().unwrap();
    post(&world, &connection, 1).await;
    post(&world, &connection, -1).await;
    let event = world.client.events().list().await.unwrap().items.remove(0);
    let waits = event.next_attempt_at.unwrap().unix_seconds() - world.gateway.now().unix_seconds();
    assert_eq!(waits, 7, "the destination's wish is honoured");

    let (_, faults) = control(&world, "GET", "faults", None).await;
    assert_eq!(faults["faults"][0]["struck"], 1, "{faults}");
    let (_, journal) = control(
        &world,
        "GET",
        &format!("journal?plane=delivery&fault={id}"),
        None,
    )
    .await;
    let entry = &journal["entries"][0];
    assert_eq!(
        (&entry["status"], &entry["what"]),
        (&json!(429), &json!("INITIAL"))
    );
    assert_eq!(entry["event_id"], event.id.as_str());

    // Why the second one made no event.
    let (_, journal) = control(
        &world,
        "GET",
        &format!("journal?webhook_id={}&cause=FILTERED", connection.id),
        None,
    )
    .await;
    let entries = journal["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{journal}");
    assert_eq!(entries[0]["detail"], "[\"body\"]");
    let since = entries[0]["sequence"].as_u64().unwrap();
    let (_, later) = control(
        &world,
        "GET",
        &format!("journal?since={since}&plane=ingest"),
        None,
    )
    .await;
    assert_eq!(later["entries"], json!([]));

    assert_eq!(
        control(&world, "DELETE", &format!("faults/{id}"), None)
            .await
            .0,
        200
    );
    assert_eq!(
        control(&world, "DELETE", &format!("faults/{id}"), None)
            .await
            .0,
        404
    );
    for (method, path, body) in [
        (
            "POST",
            "faults",
            Some(json!({"plane": "moon", "effect": "reset"})),
        ),
        (
            "POST",
            "faults",
            Some(json!({"plane": "api", "effect": "reset", "colour": 1})),
        ),
        (
            "POST",
            "faults",
            Some(json!({"plane": "api", "effect": "timeout"})),
        ),
        ("DELETE", "faults/seven", None),
        ("GET", "journal?colour=red", None),
        ("POST", "clock/set", Some(json!({"now": "2020-01-01"}))),
        ("POST", "clock/set", Some(json!({}))),
    ] {
        let (status, reply) = control(&world, method, path, body).await;
        assert_eq!(status, 400, "{method} {path}: {reply}");
    }
    let (status, clock) = control(
        &world,
        "POST",
        "clock/set",
        Some(json!({"now": "2027-01-15T09:00:00Z"})),
    )
    .await;
    assert_eq!(status, 200, "{clock}");
    assert_eq!(
        world.gateway.now().to_string(),
        "2027-01-15T09:00:00.000000Z"
    );
}

#[tokio::test]
async fn the_journal_holds_no_secret() {
    let world = start().await;
    let source = SourceInput::stripe("s", "whsec-to-hide");
    let destination =
        DestinationInput::http("d", "http://127.0.0.1:9/x").bearer_token("token-to-hide");
    let made = world
        .client
        .connections()
        .create()
        .name("c")
        .source(source)
        .destination(destination);
    let made = made.await.unwrap();
    world
        .webhook(&made)
        .header("authorization", "Bearer bearer-to-hide")
        .body("body-to-hide")
        .send()
        .await;
    world.settle().await;
    let journal = format!("{:?}", world.gateway.journal());
    assert!(world.gateway.journal().len() > 1);
    assert!(!journal.contains("to-hide"), "{journal}");
    assert!(!journal.contains(world.gateway.api_key()), "{journal}");
}

/// The same script under the same seed leaves the same journal, byte for byte: ids, faults by chance, jitter.
#[tokio::test]
async fn a_seed_decides_everything() {
    async fn script(seed: u64) -> String {
        let world = World::of(gateway().seed(seed)).await;
        let code = r#"addHandler("transform", (request) => {
            request.headers["x-drawn"] = String(Math.random()) + Date.now();
            return request;
        });"#;
        let made = world
            .client
            .connections()
            .create()
            .name("c")
            .source(SourceInput::webhook("s"))
            .destination(DestinationInput::mock_api("d"))
            .rule(Rule::transform_code("t", code))
            // No two attempts fall on one moment: which of those comes first is nobody's choice.
            .rule(Rule::retry().linear(seconds(37)).count(3))
            .await
            .unwrap();
        arm(
            &world,
            Fault::delivery(Effect::status(500)).probability(0.5),
        );
        arm(&world, Fault::ingest(Effect::status(503)).probability(0.3));
        for n in 0..12 {
            post(&world, &made, n).await;
            world.advance(seconds(20)).await;
        }
        let mut drawn = Vec::new();
        let mut events = world.client.events().list().items();
        while let Some(event) = events.try_next().await.unwrap() {
            let event = world.client.events().get(&event.id).await.unwrap();
            let headers = event.data.unwrap().headers.unwrap();
            drawn.push(headers.get("x-drawn").unwrap());
        }
        let journal = world.gateway.journal();
        assert!(
            journal
                .iter()
                .any(|entry| entry.plane == Plane::Delivery && entry.fault.is_some())
        );
        serde_json::to_string(&(drawn, journal)).unwrap()
    }
    let first = script(7).await;
    assert_eq!(first, script(7).await);
    assert_ne!(first, script(8).await);
}

#[tokio::test]
async fn one_of_several_parallel_upserts_fails_and_leaves_nothing_behind() {
    let upsert = |n: usize| {
        json!({
            "name": format!("c{n}"), "source": { "name": "new" },
            "destination": { "name": format!("d{n}"), "type": "MOCK_API" },
        })
    };
    for over_control in [false, true] {
        let world = start().await;
        match over_control {
            true => {
                let preset = json!({ "preset": "upsert_race" });
                assert_eq!(control(&world, "POST", "faults", Some(preset)).await.0, 200);
            }
            false => drop(arm(&world, Fault::upsert_race())),
        }
        // Other operations do not count.
        world.client.sources().create("other").await.unwrap();
        let bodies = [upsert(0), upsert(1), upsert(2), upsert(3)];
        let (a, b, c, d) = tokio::join!(
            world.api.put("/connections", bodies[0].clone()),
            world.api.put("/connections", bodies[1].clone()),
            world.api.put("/connections", bodies[2].clone()),
            world.api.put("/connections", bodies[3].clone()),
        );
        let failed: Vec<_> = [&a, &b, &c, &d]
            .into_iter()
            .filter(|reply| reply.status != 200)
            .collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(
            failed[0].json(),
            json!({ "code": "FATAL_ERROR", "status": 500, "message": "Fatal Error" })
        );
        assert_eq!(world.api.models("/connections").await.len(), 3);
        for n in 0..4 {
            assert_eq!(world.api.put("/connections", upsert(n)).await.status, 200);
        }
        assert_eq!(world.api.models("/connections").await.len(), 4);
    }
    let world = start().await;
    for wrong in [
        json!({ "preset": "nonsense" }),
        json!({ "preset": 1 }),
        json!({ "preset": "upsert_race", "times": 2 }),
    ] {
        let (status, _) = control(&world, "POST", "faults", Some(wrong)).await;
        assert_eq!(status, 400);
    }
    assert!(world.gateway.faults().is_empty());
}
