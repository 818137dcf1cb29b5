//! Lists over HTTP: pages, orders, filters.

use hookdeck_gateway::RateLimit;
use hookdeck_testkit::{World, field, gateway, id, read, seconds};
use serde_json::{Value, json};

use crate::start;

fn mock(name: &str) -> Value {
    json!({ "name": name, "type": "MOCK_API" })
}

async fn tick(world: &World) {
    world.advance(seconds(1)).await;
}

#[tokio::test]
async fn a_row_that_moves_between_two_pages_takes_no_other_row_with_it() {
    let world = start().await;
    let api = &world.api;
    let mut ids = Vec::new();
    for index in 0..6 {
        let source = api.source(&format!("s{index}")).await;
        ids.push(source["id"].as_str().unwrap().to_owned());
        tick(&world).await;
    }
    let walk = "/sources?limit=2&order_by=updated_at&dir=asc";
    let first = api.get(walk).await.json();
    assert_eq!(field(first["models"].as_array().unwrap(), "id"), ids[..2]);
    // The last row of the page goes to the end of the order.
    api.put(&format!("/sources/{}", ids[1]), json!({"description": "x"}))
        .await;
    let mut seen = Vec::new();
    let mut next = first["pagination"]["next"].clone();
    while let Some(cursor) = next.as_str() {
        let page = api.get(&format!("{walk}&next={cursor}")).await.json();
        seen.extend(field(page["models"].as_array().unwrap(), "id"));
        next = page["pagination"]["next"].clone();
    }
    assert_eq!(seen, [&ids[2..], &ids[1..2]].concat());
    let elsewhere = first["pagination"]["next"].as_str().unwrap();
    let refused = api.get(&format!("/sources?next={elsewhere}")).await;
    assert_eq!(
        refused.violations(),
        ["the page cursor belongs to another order"]
    );
}

#[tokio::test]
async fn pages_link_both_ways_and_the_ends_have_no_link() {
    let world = start().await;
    let api = &world.api;
    for index in 0..5 {
        api.source(&format!("s{index}")).await;
        tick(&world).await;
    }
    let first = api.get("/sources?limit=2").await.json();
    assert_eq!(
        field(first["models"].as_array().unwrap(), "name"),
        ["s4", "s3"]
    );
    assert_eq!(first["count"], 2);
    assert_eq!(first["pagination"]["next"], first["models"][1]["id"]);
    assert!(first["pagination"].get("prev").is_none());
    assert_eq!(first["pagination"]["order_by"], "created_at");
    assert_eq!(first["pagination"]["dir"], "desc");

    let next = first["pagination"]["next"].as_str().unwrap();
    let second = api
        .get(&format!("/sources?limit=2&next={next}"))
        .await
        .json();
    assert_eq!(second["pagination"]["prev"], second["models"][0]["id"]);
    let next = second["pagination"]["next"].as_str().unwrap();
    let last = api
        .get(&format!("/sources?limit=2&next={next}"))
        .await
        .json();
    assert_eq!(field(last["models"].as_array().unwrap(), "name"), ["s0"]);
    assert!(last["pagination"].get("next").is_none());

    let prev = last["pagination"]["prev"].as_str().unwrap();
    let back = api
        .get(&format!("/sources?limit=2&prev={prev}"))
        .await
        .json();
    assert_eq!(back["models"], second["models"]);
}

#[tokio::test]
async fn default_limits_differ_by_list() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    let request = world.deliver(&connection, json!({})).await;
    for (path, limit, dir) in [
        ("/sources".to_owned(), 100, "desc"),
        ("/destinations".to_owned(), 100, "desc"),
        ("/connections".to_owned(), 100, "desc"),
        ("/requests".to_owned(), 50, "desc"),
        ("/events".to_owned(), 50, "desc"),
        ("/attempts".to_owned(), 50, "desc"),
        (format!("/requests/{request}/ignored_events"), 250, "asc"),
    ] {
        let reply = api.get(&path).await.json();
        assert_eq!(reply["pagination"]["limit"], limit, "{path}");
        assert_eq!(reply["pagination"]["dir"], dir, "{path}");
    }
    assert_eq!(
        api.get("/sources?limit=256").await.violations(),
        ["limit must be less than or equal to 255"]
    );
    assert_eq!(api.get("/sources?limit=0").await.json()["count"], 0);
}

#[tokio::test]
async fn event_cursors_are_packed_and_stay_in_place_under_inserts() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    for index in 0..4 {
        world.deliver(&connection, json!({ "index": index })).await;
        tick(&world).await;
    }
    let all = field(&api.models("/events").await, "id");
    let first = api.get("/events?limit=2").await.json();
    let next = first["pagination"]["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with("hq_"), "{next}");
    world.deliver(&connection, json!({ "index": 4 })).await;
    let second = api
        .get(&format!("/events?limit=2&next={next}"))
        .await
        .json();
    assert_eq!(field(second["models"].as_array().unwrap(), "id"), all[2..]);
    let wrong = api.get("/events?next=evt_1").await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn orders_take_one_key_or_two_where_the_contract_says_so() {
    let world = start().await;
    let api = &world.api;
    for (name, source) in [("b", "s1"), ("a", "s1"), ("c", "s0")] {
        let body = json!({ "name": name, "source": { "name": source }, "destination": mock("d") });
        api.ok("POST", "/connections", body).await;
        tick(&world).await;
    }
    let named = api.models("/connections?order_by=full_name&dir=asc").await;
    assert_eq!(field(&named, "name"), ["c", "a", "b"]);
    let two = api
        .get("/connections?order_by[]=sources.created_at&order_by[]=full_name&dir[]=asc&dir[]=desc")
        .await
        .json();
    assert_eq!(
        field(two["models"].as_array().unwrap(), "name"),
        ["b", "a", "c"]
    );
    assert_eq!(
        two["pagination"]["order_by"],
        json!(["sources.created_at", "full_name"])
    );
    assert_eq!(api.get("/sources?order_by=size").await.status, 422);
}

#[tokio::test]
async fn arrays_come_in_three_spellings() {
    let world = start().await;
    let api = &world.api;
    let a = api.source("a").await["id"].as_str().unwrap().to_owned();
    tick(&world).await;
    let b = api.source("b").await["id"].as_str().unwrap().to_owned();
    api.source("c").await;
    for query in [
        format!("id[]={a}&id[]={b}"),
        format!("id[0]={a}&id[1]={b}"),
        format!("id={a}&id={b}"),
    ] {
        assert_eq!(
            field(&api.models(&format!("/sources?{query}")).await, "name"),
            ["b", "a"],
            "{query}"
        );
    }
}

#[tokio::test]
async fn names_filter_by_value_and_by_part() {
    let world = start().await;
    let api = &world.api;
    for name in ["orders-eu", "orders-us", "users"] {
        api.source(name).await;
        tick(&world).await;
    }
    assert_eq!(
        field(&api.models("/sources?name=users").await, "name"),
        ["users"]
    );
    let part = api
        .models("/sources?name[contains]=ORDERS&order_by=name&dir=asc")
        .await;
    assert_eq!(field(&part, "name"), ["orders-eu", "orders-us"]);
    api.ok(
        "POST",
        "/connections",
        json!({ "name": "to-shop", "source": { "name": "users" }, "destination": mock("d") }),
    )
    .await;
    assert_eq!(
        api.models("/connections?full_name=users%20-%3E%20to")
            .await
            .len(),
        1
    );
    assert!(
        api.models("/connections?full_name=shopping")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn moments_filter_by_range() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    for _ in 0..4 {
        world.deliver(&connection, json!({})).await;
        tick(&world).await;
    }
    let between = "created_at[gte]=2026-09-01T12:00:01Z&created_at[lt]=2026-09-01T12:00:03Z";
    assert_eq!(api.models(&format!("/events?{between}")).await.len(), 2);
    assert_eq!(api.models(&format!("/requests?{between}")).await.len(), 2);
    assert_eq!(
        api.models("/events?created_at[gte]=2026-09-01").await.len(),
        4
    );
    assert_eq!(api.models("/events?successful_at[any]=true").await.len(), 4);
    assert!(api.models("/events?successful_at=").await.is_empty());
    assert_eq!(api.get("/events?created_at[gte]=soon").await.status, 422);
}

#[tokio::test]
async fn payload_filters_match_parts_and_paging_stays_whole() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    for index in 0..6 {
        world.deliver(
            &connection,
            json!({ "index": index, "even": index % 2 == 0, "user": { "name": "Ada", "age": 36 } }),
        )
        .await;
        tick(&world).await;
    }
    // body={"even":true}
    let even = "body=%7B%22even%22%3Atrue%7D&include=data";
    let first = api.get(&format!("/requests?limit=2&{even}")).await.json();
    assert_eq!(first["count"], 2);
    let next = first["pagination"]["next"].as_str().unwrap();
    let last = api
        .get(&format!("/requests?limit=2&next={next}&{even}"))
        .await
        .json();
    assert_eq!(last["count"], 1);
    assert!(last["pagination"].get("next").is_none());
    assert_eq!(last["models"][0]["data"]["body"]["index"], 0);
    assert_eq!(first["models"][0]["data"]["body"]["index"], 4);

    // body={"user":{"name":"Ada"}}
    assert_eq!(
        api.models("/events?body=%7B%22user%22%3A%7B%22name%22%3A%22Ada%22%7D%7D")
            .await
            .len(),
        6
    );
    assert_eq!(api.models("/events?search_term=ada").await.len(), 6);
    assert!(api.models("/events?search_term=grace").await.is_empty());
    assert_eq!(api.get("/events?search_term=ab").await.status, 422);
}

#[tokio::test]
async fn unknown_parameters_are_ignored_as_the_live_api_does() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    world.deliver(&connection, json!({})).await;
    assert_eq!(api.models("/events?request_id=req_nobody").await.len(), 1);
}

#[tokio::test]
async fn a_reply_has_a_weak_tag_and_whoever_knows_it_gets_no_body_again() {
    let world = World::of(gateway().rate_limit(RateLimit::per_minute(240))).await;
    let api = &world.api;
    api.source("a").await;
    let first = api.get("/sources").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
    assert_eq!(api.get("/sources").await.header("etag"), tag);

    let url = api.url("/sources");
    let ask = async |known: &str| {
        let request = api.http.get(&url).bearer_auth(world.gateway.api_key());
        read(request.header("if-none-match", known)).await
    };
    let strong = tag.trim_start_matches("W/");
    for known in [&tag, strong, "*", &format!("\"x\", {tag}")] {
        let reply = ask(known).await;
        assert_eq!((reply.status, reply.text.as_str()), (304, ""), "{known}");
        assert_eq!(reply.header("etag"), tag);
        assert!(reply.header("x-ratelimit-remaining").parse::<u32>().is_ok());
    }
    assert_eq!(ask("\"x\"").await.status, 200);
    api.source("b").await;
    let changed = ask(&tag).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn requests_are_found_by_what_became_of_them() {
    let world = start().await;
    let api = &world.api;
    let signed = json!({
        "name": "signed", "type": "WEBHOOK",
        "config": { "auth_type": "API_KEY", "auth": { "header_key": "x-key", "api_key": "s" } },
    });
    let signed = api.connect("signed").source(signed).json().await;
    let never = json!([{ "type": "filter", "body": { "never": true } }]);
    let ignoring = api.connect("ignoring").rules(never).json().await;
    let verified = world
        .webhook(&signed)
        .header("x-key", "s")
        .json(json!({}))
        .taken()
        .await;
    tick(&world).await;
    world
        .webhook(&signed)
        .header("x-key", "wrong")
        .json(json!({}))
        .send()
        .await;
    let refused = id(&api.models("/requests").await[0]);
    tick(&world).await;
    let ignored = world.post(&ignoring, json!({})).await;
    tick(&world).await;
    let text = world.webhook(&ignoring).json("no json").send().await;
    assert_eq!(text.status, 400);
    let unparsable = id(&api.models("/requests").await[0]);
    let (one, other) = (id(&signed["source"]), id(&ignoring["source"]));

    let all = [&unparsable, &ignored, &refused, &verified];
    for (query, found) in [
        (String::new(), &all[..]),
        ("status=accepted".into(), &[&ignored, &verified]),
        ("status=rejected".into(), &[&unparsable, &refused]),
        ("verified=true".into(), &[&verified]),
        ("verified=false".into(), &[&unparsable, &ignored, &refused]),
        ("rejection_cause=VERIFICATION_FAILED".into(), &[&refused]),
        ("events_count[gt]=0".into(), &[&verified]),
        ("events_count=0".into(), &[&unparsable, &ignored, &refused]),
        ("ignored_count[gt]=0".into(), &[&ignored]),
        ("headers=%7B%22x-key%22%3A%22s%22%7D".into(), &[&verified]),
        ("limit=255&include=data".into(), &all),
        (format!("source_id={one}"), &[&refused, &verified]),
        (format!("source_id[]={one}&source_id[]={other}"), &all),
        (format!("source_id={one}&source_id={other}"), &all),
        // A list with commas is one id that nothing has.
        (format!("source_id={one},{other}"), &[]),
        (format!("id={verified},{ignored}"), &[]),
    ] {
        let rows = api.models(&format!("/requests?{query}")).await;
        assert_eq!(json!(field(&rows, "id")), json!(found), "{query}");
        for row in rows {
            assert_eq!(row["verified"], id(&row) == verified, "{query}");
        }
    }
}

#[tokio::test]
async fn statuses_are_lower_case_for_requests_and_upper_case_for_events() {
    let world = start().await;
    for (path, status) in [
        ("/requests?status=accepted", 200),
        ("/requests?status=ACCEPTED", 422),
        ("/requests?status=Rejected", 422),
        ("/events?status=FAILED", 200),
        ("/events?status=failed", 422),
        ("/events?status=Failed", 422),
    ] {
        assert_eq!(world.api.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn every_reply_is_dated() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    let replies = [
        api.get("/requests").await,
        api.get("/requests?limit=256").await,
        api.get("/requests/req_none").await,
        world.webhook(&connection).json(json!({})).send().await,
    ];
    for reply in replies {
        let date = reply.header("date");
        assert!(date.ends_with(" GMT"), "{}: {date:?}", reply.status);
    }
}

#[tokio::test]
async fn nothing_is_ever_purged() {
    let world = start().await;
    let connection = world.api.connect("c").json().await;
    let request = world.deliver(&connection, json!({})).await;
    world.advance(seconds(400 * 24 * 60 * 60)).await;
    let kept = world.api.get(&format!("/requests/{request}")).await;
    assert_eq!(kept.status, 200);
    assert_eq!(world.api.models("/events").await.len(), 1);
}
