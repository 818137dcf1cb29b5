//! Several projects in one gateway: each with its own key, its own rows and its own time.

use hookdeck::models::{DestinationInput, EventStatus, SourceInput};
use hookdeck_testkit::{Api, World, gateway, id};
use serde_json::{Value, json};

async fn two_projects() -> World {
    World::of(gateway().api_key("one").api_key("two").control(true)).await
}

#[tokio::test]
async fn the_key_says_which_project_is_meant() {
    let world = two_projects().await;
    let url = format!("{}/_gateway/clock", world.gateway.api_url());
    let nobody = hookdeck_testkit::read(world.api.http.get(&url)).await;
    assert_eq!(nobody.status, 401);
    let two = world.api.with_key("two");
    assert_eq!(two.control("GET", "clock", None).await.status, 200);
}

#[tokio::test]
async fn projects_do_not_see_each_other() {
    let world = two_projects().await;
    let (one, two) = (&world.api, &world.api.with_key("two"));
    let project = async |api: &Api| id(&api.get("/projects").await.json()[0]);
    assert_ne!(project(one).await, project(two).await);

    // The second project's source is found by its URL, and its webhook stays in its project.
    let connection = two.connect("shop").to(&world.receiver).json().await;
    assert_ne!(
        one.source("shop-source").await["id"],
        connection["source"]["id"]
    );
    world.deliver(&connection, "{}").await;
    world.deliver(&connection, "{}").await;
    assert_eq!(world.receiver.deliveries().len(), 2);
    assert!(one.models("/requests").await.is_empty());
    assert_eq!(two.models("/requests").await.len(), 2);

    let minute = json!({ "seconds": 60 });
    let advanced = two.control("POST", "clock/advance", minute).await;
    assert_eq!(advanced.json()["now"], "2027-01-15T08:01:00.000000Z");
    let clock = one.control("GET", "clock", None).await;
    assert_eq!(clock.json()["now"], "2027-01-15T08:00:00.000000Z");

    assert_eq!(two.control("POST", "reset", None).await.status, 200);
    assert!(two.models("/sources").await.is_empty());
    assert_eq!(one.models("/sources").await.len(), 1);
}

/// What one project delivers may be a webhook to another, which then has something to do again.
#[tokio::test]
async fn a_settle_waits_for_projects_that_set_each_other_to_work() {
    let world = two_projects().await;
    let (one, two) = (&world.client, &world.client_with("two"));
    // From the second project to the first and back, four hops in all.
    let mut url = None;
    for hop in 0..4 {
        let at = if hop % 2 == 0 { one } else { two };
        let name = format!("hop-{hop}");
        let destination = match &url {
            None => DestinationInput::mock_api(name.as_str()),
            Some(url) => DestinationInput::http(name.as_str(), url),
        };
        let made = at.connections().create().name(name.as_str());
        let source = SourceInput::webhook(name.as_str());
        let made = made.source(source).destination(destination).await.unwrap();
        url = Some(made.source.url);
    }
    world.deliver(&url.unwrap(), Value::Null).await;
    for at in [one, two] {
        let events = at.events().list().await.unwrap().items;
        assert_eq!(events.len(), 2);
        let delivered = |event: &hookdeck::models::Event| event.status == EventStatus::Successful;
        assert!(events.iter().all(delivered));
    }
}
